# SPDX-License-Identifier: GPL-2.0
"""dsr_ipvs: requests that the tools do not send, or not in this order."""

import errno
import os
import socket
import time

import pytest

import genl
from balancer import unprivileged
from failslab import FAILSLAB, FAIL_NTH
from host import wait_for
from ipvs_requests import (DEL_DEST, DEL_SERVICE, FLUSH, GET_DEST, GET_INFO,
                           GET_SERVICE, NEW_DEST, NEW_SERVICE, PERSISTENT,
                           SET_DEST, SET_SERVICE, ZERO, dest, service)
from ipvsadm import ipvsadm
from network import W101, W102
from traffic import GET, ask, read_reply


@pytest.mark.smoke
@pytest.mark.parametrize('what', ['server', 'service', 'all'])
def test_deleted_one_by_one(ipvs, reasons, what):
    """Deleting and adding objects one by one breaks no connection.

    keepalived does this when it stops, and so does the restoration of a saved
    configuration. The client also gets its server back with another
    connection.
    """
    ipvs.balance('persist 10m')
    for _ in range(10):
        if is_added_again(ipvs, reasons('lv1'), what):
            return
        ipvs.lv1.dsrctl('connection flush')
    pytest.fail('this machine stands still all the time')


def is_added_again(ipvs, since, what):
    """A connection waits for its server, which is deleted and added again.

    False if the machine stood still for the second that the balancer waits.
    """
    sock = ipvs.connect()
    name = ask(sock).split()[0]
    mine, other = (W101, W102) if name == 'w101' else (W102, W101)
    with ipvs.lv1.at(), genl.Genl('IPVS') as tool:
        began = time.monotonic()
        if what == 'server':
            tool.ask(DEL_DEST, service(1) + dest(mine))
        else:
            if what == 'service':
                tool.ask(DEL_SERVICE, service(1))
            else:
                tool.ask(FLUSH, b'')
            assert ipvs.services() == []
            assert {one['backend'] for one in ipvs.connections()} == {mine}
            began = time.monotonic()
            tool.ask(NEW_SERVICE, service(1, flags=PERSISTENT, timeout=600))
            tool.ask(NEW_DEST, service(1) + dest(other))
        sock.sendall(GET)
        wait_for('it is not sent to the other one', lambda: since[
            'drop_backend_just_deleted'] >= 1 or time.monotonic() - began > 1)
        tool.ask(NEW_DEST, service(1) + dest(mine))
    if time.monotonic() - began > 0.9:
        sock.close()
        return False
    assert read_reply(sock).startswith(name)
    assert [reply.split()[0] for reply in ipvs.replies(3)] == [name]
    return True


@pytest.mark.smoke
def test_deleted_for_good(ipvs, reasons):
    """UDP moves to another server at once; TCP clients get a reset."""
    for name in ('w101', 'w102'):
        ipvs.echo(name).prefix = name.encode()
    ipvs.balance()
    sock = ipvs.connect_to('w101')
    clients = [ipvs.udp() for _ in range(2)]
    assert {echoed(client) for client in clients} == {b'w101', b'w102'}
    since = reasons('lv1')
    began = time.monotonic()
    ipvsadm(ipvs, f'-d -f 1 -r {W101}')
    sock.sendall(GET)
    held = time.monotonic() - began < 0.9       # the balancer waits for a second
    assert [echoed(client) for client in clients] == [b'w102'] * 2
    assert ipvs.replies(2) == {'w102 desu': 2}
    with pytest.raises(ConnectionResetError):
        sock.recv(1)
    assert since['drop_backend_just_deleted'] >= held


def echoed(client):
    client.send(b'')
    return client.recv(100)


def addresses(replies):
    return [socket.inet_ntoa(dict(genl.parse(attrs[0][1]))[1][:4])
            for _, attrs in replies]


def test_unprivileged(ipvs):
    """An unprivileged user learns that the family exists, and no more."""
    for command in (NEW_SERVICE, GET_SERVICE, GET_INFO):
        assert unprivileged(ipvs.lv1, lambda number=command: genl.Genl(
            'IPVS').ask(number, service(1))) == errno.EPERM
    for name, expected in (('ip_vs', 0), ('ip_vs_stats', 0),
                           ('ip_vs_conn', errno.EPERM)):
        assert unprivileged(ipvs.lv1, lambda file=name: open(
            f'/proc/thread-self/net/{file}', encoding='ascii').read()
            ) == expected, name
    assert ipvs.services() == []


def test_dump_under_change(ipvs):
    """A dump has each object that stays exactly once, while others change."""
    names = [f'10.0.{n // 100}.{n % 100 + 1}' for n in range(1200)]
    keep, gone, new = names[1::3], names[::3], names[2::3]
    with ipvs.lv1.at(), genl.Genl('IPVS') as sock, genl.Genl('IPVS') as other:
        ipvs.lv1.changed = True
        sock.ask(NEW_SERVICE, service(1))
        for name in keep + gone:
            sock.ask(NEW_DEST, service(1) + dest(name))
        sock.sock.send(sock.message(GET_DEST, service(1), genl.NLM_F_DUMP))
        # the kernel fills one message ahead
        for name in gone:
            other.ask(DEL_DEST, service(1) + dest(name))
        for name in new:
            other.ask(NEW_DEST, service(1) + dest(name))
        shown = addresses(sock.answer(genl.NLM_F_DUMP))
        assert len(set(shown)) == len(shown)
        assert set(keep) <= set(shown)
        assert set(gone) & set(shown) and set(new) & set(shown)
        assert not set(gone) <= set(shown)
        assert sorted(addresses(sock.dump(GET_DEST, service(1)))) == \
            sorted(keep + new)


@pytest.mark.debug
def test_no_memory(ipvs):
    """Each allocation of each command fails once: then nothing changes."""
    commands = [(NEW_SERVICE, service(2, 'mh')), (SET_SERVICE, service(1, 'mh')),
                (NEW_DEST, service(1) + dest('10.10.30.9')),
                (SET_DEST, service(1) + dest(W101, 3)),
                (DEL_DEST, service(1) + dest(W102)),
                (GET_SERVICE, service(1)), (ZERO, b''),
                (DEL_SERVICE, service(1))]
    for name, value in (('ignore-gfp-wait', 'N'), ('verbose', '0')):
        with open(f'{FAILSLAB}/{name}', 'w', encoding='ascii') as file:
            file.write(value)
    try:
        for command, payload in commands:
            ipvs.lv1.configure('service flush')
            ipvs.balance(rule='')
            with ipvs.lv1.at(), genl.Genl('IPVS') as sock:
                failed = fail_each(ipvs, sock, command, payload)
            assert failed > (command != DEL_SERVICE), command
    finally:
        with open(f'{FAILSLAB}/ignore-gfp-wait', 'w',
                  encoding='ascii') as file:
            file.write('Y')


def fail_each(site, sock, command, payload):
    """The number of allocations that could fail before the command succeeded.
    """
    before = site.state('lv1')
    with open(FAIL_NTH, 'r+b', buffering=0) as nth:
        for number in range(1, 200):
            error = None
            os.pwrite(nth.fileno(), str(number).encode(), 0)
            try:
                sock.ask(command, payload)
            except (genl.Refused, OSError) as caught:
                error = caught
            left = int(os.pread(nth.fileno(), 32, 0))
            os.pwrite(nth.fileno(), b'0', 0)
            if left:
                assert error is None
                return number - 1
            if isinstance(error, genl.Refused):
                assert site.state('lv1') == before, (command, number)
            elif site.state('lv1') != before:
                return number       # the failed allocation was optional
    raise AssertionError(f'command {command} allocates without end')
