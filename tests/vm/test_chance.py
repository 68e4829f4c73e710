# SPDX-License-Identifier: GPL-2.0
"""Connections outlive the tables of their balancers: a second chance."""

import contextlib
import socket

import pytest

from chance import Pair
from host import Failure
from network import VIP, wait_for
from talk import Talk
from test_bulk import set_offload
from traffic import BIG_MIB, ask

NUMBER = 40
EXTRA = ['10.10.30.103', '10.10.30.104', '10.10.30.105']


@pytest.fixture
def pair(site, reasons):
    """Two balancers and two servers; the options are those of Pair."""
    def make(**options):
        return Pair(site, reasons, **options)
    return make


WAYS = {'ipv4': (4, '', 1), 'ipv6': (6, '', 1), 'local': (4, 'mode local', 1),
        'cookies': (4, '', 2)}


@pytest.mark.smoke
@pytest.mark.parametrize('way', ['ipv4', 'ipv6', 'local', pytest.param(
    'cookies', marks=pytest.mark.stock)])   # the debug kernel has no SYN cookies
def test_sprayed(pair, site, way):
    """Each packet of a connection goes to a balancer by lot, from its SYN on.

    With SYN cookies, too: a server has nothing else of a connection then.
    """
    number, mode, cookies = WAYS[way]
    two = pair(number=number)
    for name in ('w101', 'w102'):
        two.deliver(name, mode)
        site.undo.append(lambda host=site.net[name]: host.dsrctl('real flush'))
        if cookies != 1:
            site.net[name].sysctl('ipv4/tcp_syncookies', cookies)
            site.undo.append(lambda host=site.net[name]: host.sysctl(
                'ipv4/tcp_syncookies', 1))
    two.spray()
    socks = []
    # One connection in two is denied: one of so many is, for sure.
    for _ in range(NUMBER if way == 'ipv4' else 24):
        sock = site.client.socket(socket.AF_INET if number == 4 else
                                  socket.AF_INET6, socket.SOCK_STREAM)
        site.sockets.append(sock)
        sock.settimeout(60)
        sock.connect((two.vip, 80))
        socks.append(sock)
    homes = [ask(sock) for sock in socks]
    assert set(homes) == {'w101 nano', 'w102 desu'}

    def learnt():
        before = two.sent()
        for _ in range(3):
            assert [ask(sock) for sock in socks] == homes
        return two.sent() == before
    wait_for('nothing more is denied', learnt)
    got = two.check()
    assert got['forwarded_denied'] and not got['answered_denied']


def test_tables_lost(pair, site, third, capsys):
    """Busy connections outlive their entries and three changes of the backends.
    """
    two = pair()
    third.ip('\n'.join(f'addr add {address}/24 dev eth0'
                       for address in EXTRA[1:]))
    two.deliver('w103')
    two.since['w103'] = third.reasons()
    with Talk(site.client, VIP, NUMBER, site.net.big_file(BIG_MIB)) as talk:
        talk.settle(1)
        for address in EXTRA:
            talk.mark()
            for one in two.balancers:
                one.backend('add', address, vip=VIP)
            two.flush()
            assert not talk.settle_after()['lost']
        # the other balancer takes over, and has never seen them
        talk.mark()
        site.client.ip(f'route replace {VIP} via 10.10.31.12')
        site.undo.append(lambda: site.client.ip(
            f'route replace {VIP} via 10.10.31.10'))
        state = talk.settle_after()
        assert not state['lost'], state
        with capsys.disabled():
            print(f'\n  {NUMBER} connections, 4 tables lost, '
                  f'{two.sent()} denials, none lost', end='', flush=True)
    assert two.check()['forwarded_denied'] > NUMBER
    assert not two.got()['answered_denied']


def misled(two, site):
    """A connection whose segments go to the wrong server without an entry.

    The hash of the ports decides: for one connection in two it is the right one.
    """
    for _ in range(30):
        sock = site.connect(sport=next(site.ports))
        ask(sock)
        two.flush()
        before = two.sent()
        ask(sock)
        if two.sent() > before:
            return sock
    raise Failure('30 connections, and each came to its server at once')


def test_upload(pair, site):
    """Merged segments come back one by one, and the file is whole."""
    set_offload(site, True)
    two = pair()
    size = 1 << 20
    with open(site.net.big_file(1), 'rb') as file:
        data = file.read(size)
    sock = misled(two, site)
    sock.sendall(b'PUT /up/file HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n'
                 b'Connection: close\r\n\r\n' % size)
    before = two.sent()
    for at in range(0, size, size // 8):
        two.flush()
        sock.sendall(data[at:at + size // 8])
    assert sock.recv(4096).startswith(b'HTTP/1.1 201 ')
    for name in ('w101', 'w102'):
        with contextlib.suppress(FileNotFoundError):
            with open(f'{site.net.directory}/{name}/www/up/file', 'rb') as file:
                assert file.read() == data
                break
    else:
        pytest.fail('no server has the file')
    assert two.sent() > before
    assert two.check()['forwarded_denied']
    # none was too hard to split: the client would only send it again
    assert [two.since[name]['drop_no_memory'] for name in ('w101', 'w102')] == [
        0, 0]


def test_known_to_socket(pair, site, reasons):
    """A segment that a socket takes is never denied, with or without a flow."""
    two = pair()
    socks = [site.connect(sport=next(site.ports)) for _ in range(10)]
    homes = [ask(sock) for sock in socks]
    site.net.reload('dsr_rs')
    for name in ('w101', 'w102'):
        two.deliver(name)
        two.since[name] = reasons(name, 'dsr_rs')   # they begin again at 0
    assert [ask(sock) for sock in socks] == homes
    assert not two.sent()
