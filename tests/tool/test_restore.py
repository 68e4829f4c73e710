# SPDX-License-Identifier: GPL-2.0
"""Connections that dsrctl adds, and what becomes of them."""

import errno
import json
import socket
import struct

import pytest

import sample
import uapi as u
from fakekernel import Ack, Reply, nest, packed, parse_attrs, u32

LINE = ('connection add proto tcp src 10.10.31.200:40000 '
        'dst 10.10.31.100:80 via 10.10.30.101')
SHAPE = "not as 'dsrctl -j connection show' prints it"


def added(kernel, *counts):
    """The kernel adds what comes, or gives these answers."""
    def answer(request):
        numbers = counts or (len(request.attrs),)
        return Reply(nest(u.DSR_A_ADDED, *(
            u32(u.DSR_ADDED_A_ADDED + i, n) for i, n in enumerate(
                (*numbers, *[0] * (6 - len(numbers)))))))
    kernel.answers['dsr', u.DSR_CMD_CONNECTION_ADD] = answer


def sent(kernel):
    """The entries of each request."""
    return [[{k: v for k, _, v in parse_attrs(payload)}
             for kind, _, payload in one.attrs if kind == u.DSR_A_CONNECTION]
            for one in kernel.requests if one.cmd == u.DSR_CMD_CONNECTION_ADD]


def test_add(kernel, fake):
    added(kernel)
    fake(LINE).check(0)
    fake(LINE, 'fwmark 7 state fin expires 1m30s').check(0)
    ends = {u.DSR_CONNECTION_A_PROTO: b'\6',
            u.DSR_CONNECTION_A_SRC: packed('10.10.31.200'),
            u.DSR_CONNECTION_A_SPORT: struct.pack('!H', 40000),
            u.DSR_CONNECTION_A_DST: packed('10.10.31.100'),
            u.DSR_CONNECTION_A_DPORT: struct.pack('!H', 80),
            u.DSR_CONNECTION_A_BACKEND: packed('10.10.30.101')}
    assert sent(kernel) == [[ends], [{
        **ends, u.DSR_CONNECTION_A_FWMARK: struct.pack('=I', 7),
        u.DSR_CONNECTION_A_STATE: bytes([u.DSR_CONN_FIN]),
        u.DSR_CONNECTION_A_EXPIRES: struct.pack('=I', 90000)}]]


@pytest.mark.parametrize('counts, why', [
    ((0, 1), 'the table already has this connection'),
    ((0, 0, 1), 'no service keeps such a connection'),
    ((0, 0, 0, 1), 'the service has no such backend'),
    ((0, 0, 0, 0, 1), "the client's address cannot be answered"),
    ((0, 0, 0, 0, 0, 1), 'the table has no room: raise its limit with '
     "'dsrctl connection set max'")])
def test_add_refused(kernel, fake, counts, why):
    added(kernel, *counts)
    fake(LINE).check(2, f'dsrctl: {why}\n')


@pytest.mark.parametrize('words, why', [
    ('connection add', 'proto is missing'),
    ('connection add proto tcp src 10.0.0.1 dst 10.0.0.2:80 via 10.0.0.3',
     'src needs a port: ADDR:PORT'),
    (f'{LINE} state lost', "unknown state 'lost'"),
    ('connection restore', 'file is missing')])
def test_words(fake, words, why):
    done = fake(words)
    assert done.status == 1 and why in done.err, done


def listed(number):
    return [{'proto': 'tcp', 'src': '2001:db8::1', 'sport': n,
             'dst': '2001:db8::100', 'dport': 80, 'state': 'established',
             'expires': 1000 + n, 'fwmark': None, 'backend': '2001:db8::101'}
            for n in range(number)]


def test_restore(kernel, fake):
    """What is shown is taken, persistence too."""
    kernel.answers['dsr', u.DSR_CMD_CONNECTION_GET] = Reply(
        sample.connection(17, '10.0.0.1', 53, '10.0.0.2', 53, u.DSR_CONN_UDP,
                          5000, 3, '10.0.0.3'),
        sample.connection(0, '10.0.0.0', 256, '0.0.0.3', 0,
                          u.DSR_CONN_PERSISTENT, 5000, 3, '10.0.0.3'))
    shown = fake('-j connection show').out
    added(kernel)
    done = fake('connection restore -', stdin=shown)
    assert done.out == '2 connections added, 0 were there, 0 refused\n', done
    done.check(0)
    (one, two), = sent(kernel)
    assert one[u.DSR_CONNECTION_A_PROTO] == b'\x11'
    assert two[u.DSR_CONNECTION_A_PROTO] == b'\0'
    assert two[u.DSR_CONNECTION_A_FWMARK] == struct.pack('=I', 3)


def test_restore_in_batches(kernel, fake, tmp_path):
    """Some hundred in a message, which libnl's socket sends at once."""
    added(kernel)
    path = tmp_path / 'connections'
    path.write_text(json.dumps(listed(1001), indent=1), encoding='ascii')
    done = fake('-j connection restore', str(path))
    done.check(0)
    assert json.loads(done.out) == {'added': 1001, 'known': 0, 'refused': 0}
    assert [len(one) for one in sent(kernel)] == [400, 400, 201]
    assert max(one.length for one in kernel.requests) < 65536
    first = sent(kernel)[0][0]
    assert first[u.DSR_CONNECTION_A_SRC] == socket.inet_pton(
        socket.AF_INET6, '2001:db8::1')
    assert u.DSR_CONNECTION_A_FWMARK not in first


def test_restore_refused(kernel, fake):
    added(kernel, 5, 4, 3, 0, 0, 1)
    done = fake('connection restore -', stdin=json.dumps(listed(13)))
    assert done.out == '5 connections added, 4 were there, 4 refused\n'
    done.check(0, 'dsrctl: warning: 3 connections: no service keeps such a '
               'connection\ndsrctl: warning: 1 connections: the table has no '
               "room: raise its limit with 'dsrctl connection set max'\n")


@pytest.mark.parametrize('words', ['', '-j'])
def test_restore_in_part(kernel, fake, words):
    """The kernel refuses the second message: what the first has done is told."""
    added(kernel)
    take = kernel.answers['dsr', u.DSR_CMD_CONNECTION_ADD]
    kernel.answers['dsr', u.DSR_CMD_CONNECTION_ADD] = [
        take, Ack(errno.ENOMEM, 'no memory')]
    done = fake(words, 'connection restore -', stdin=json.dumps(listed(1001)))
    done.check(2, 'dsrctl: no memory\ndsrctl: 601 connections of the file were '
               'not tried: repeat the command for them\n')
    if words:
        assert json.loads(done.out) == {'added': 400, 'known': 0, 'refused': 0}
    else:
        assert done.out == ('400 connections added, 0 were there, 0 refused\n')
    # nothing was done: nothing is counted
    kernel.answers['dsr', u.DSR_CMD_CONNECTION_ADD] = Ack(errno.ENOMEM, 'no memory')
    done = fake(words, 'connection restore -', stdin=json.dumps(listed(1)))
    done.check(2, 'dsrctl: no memory\n')
    assert done.out == ''


@pytest.mark.parametrize('text, why', [
    ('', SHAPE), ('{}', SHAPE), ('[1]', f'connection 1: {SHAPE}'),
    ('[{}]', "connection 1: 'proto' is missing or wrong"),
    (json.dumps(listed(2))[:-1], 'connection 2: the list is cut short'),
    (json.dumps(listed(2))[:-9], f'connection 2: {SHAPE}'),
    (json.dumps([*listed(1), {**listed(1)[0], 'sport': 65536}]),
     "connection 2: 'sport' is missing or wrong"),
    (json.dumps([{**listed(1)[0], 'state': 'gone'}]),
     "connection 1: 'state' is missing or wrong")])
def test_restore_nothing(kernel, fake, text, why):
    """A mistake in the file: nothing is sent."""
    added(kernel)
    fake('connection restore -', stdin=text).check(1, f'dsrctl: -: {why}\n')
    assert sent(kernel) == []


def test_restore_without_file(fake):
    fake('connection restore /none').check(
        1, 'dsrctl: /none: No such file or directory\n')


def test_import_nothing(kernel, fake):
    """Without ip_vs nothing is asked and nothing is changed."""
    fake('import ipvs').check(
        2, 'dsrctl: there is nothing to import: ip_vs is not loaded\n')
    fake('import --check').check(
        1, "dsrctl: import: unknown command '--check': expected ipvs or "
        'help\n')
    assert kernel.requests == []
