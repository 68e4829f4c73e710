# SPDX-License-Identifier: GPL-2.0
"""Connections outlive the tables of their balancers: a second chance."""

import collections
import contextlib
import socket

import pytest

import wire
from chance import Denials, Pair
from host import Failure
from network import CROWD, VIP, wait_for
from talk import Talk
from test_bulk import set_offload
from traffic import BIG_MIB, ask

NUMBER = 40
SERVERS = ('w101', 'w102', 'w103', 'w104', 'w105')
EXTRA = ['10.10.30.103', '10.10.30.104', '10.10.30.105']


@pytest.fixture
def pair(site, reasons):
    """Two balancers and two servers; the options are those of Pair."""
    def make(**options):
        return Pair(site, reasons, **options)
    return make


def talk(some, number):
    """Open NUMBER connections: their sockets, and the answer of each server."""
    socks = []
    for _ in range(number):
        sock = some.site.client.socket(
            socket.AF_INET if some.number == 4 else socket.AF_INET6,
            socket.SOCK_STREAM)
        some.site.sockets.append(sock)
        sock.settimeout(60)
        sock.connect((some.vip, 80))
        socks.append(sock)
    return socks, [ask(sock) for sock in socks]


def until_learnt(some, socks, homes):
    """Talk until nothing more is denied; each connection has the same server."""
    def learnt():
        before = some.sent()
        for _ in range(3):
            assert [ask(sock) for sock in socks] == homes
        return some.sent() == before
    wait_for('nothing more is denied', learnt, 180)
    got = some.check()
    assert got['forwarded_denied'] and not got['answered_denied']


def lead_to_lv2(site):
    """Lead the packets of the client through the other balancer."""
    site.client.ip(f'route replace {VIP} via 10.10.31.12')
    site.undo.append(lambda: site.client.ip(
        f'route replace {VIP} via 10.10.31.10'))


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
    # One connection in two is denied: one of so many is, for sure.
    socks, homes = talk(two, NUMBER if way == 'ipv4' else 24)
    assert set(homes) == {'w101 nano', 'w102 desu'}
    until_learnt(two, socks, homes)


@pytest.fixture
def crowd(pair, site, third):
    """Three balancers and five real servers."""
    def make(**options):
        site.net.plug(*CROWD)
        site.undo.append(lambda: site.net.unplug(*CROWD))
        for name in SERVERS[2:]:
            site.net.serve(name)
        return pair(lvs=('lv1', 'lv2', 'lv3'), reals=SERVERS, **options)
    return make


@pytest.mark.parametrize('number,scheduler,choices', [
    pytest.param(4, 'rr', None, id='ipv4'),
    pytest.param(6, 'maglev', 2, id='ipv6')])
def test_sprayed_by_three(crowd, site, number, scheduler, choices):
    """The same with three balancers and five servers."""
    three = crowd(number=number, scheduler=scheduler,
                  **({'choices': choices} if choices else {}))
    three.spray()
    socks, homes = talk(three, 30)
    assert len(set(homes)) > 2
    until_learnt(three, socks, homes)

    # Three servers of five are dead, perhaps both candidates of a connection.
    alive = [sock for sock, home in zip(socks, homes) if home[:4] in SERVERS[:2]]
    for lv in three.balancers:
        for server in three.servers[2:]:
            lv.backend('set', server, vip=three.vip, admin='down')
    three.flush()
    assert [ask(sock) for sock in alive] == [
        home for home in homes if home[:4] in SERVERS[:2]]
    assert {home[:4] for home in talk(three, 10)[1]} <= set(SERVERS[:2])


def test_choices(pair, site, third):
    """With two candidates the less loaded server gets a connection.

    Another balancer finds it at one of the two: it asks no third server.
    """
    site.net.serve('w103')
    two = pair(scheduler='maglev', choices=2, reals=SERVERS[:3])
    lv1, lv2 = two.balancers
    for server in two.servers[1:]:
        lv1.backend('set', server, vip=VIP, weight=0)
    first = talk(two, 13)
    assert set(first[1]) == {'w101 nano'}
    for server in two.servers[1:]:
        lv1.backend('set', server, vip=VIP, weight=1)
    socks, homes = talk(two, 11)
    assert set(homes) <= {'w102 desu', 'w103 sorry'}
    lead_to_lv2(site)
    with Denials(site.lv2, 'eth1') as back:
        assert [ask(sock) for sock in socks] == homes
        deniers = collections.defaultdict(set)
        for one in back.drain():
            if one.for_us:
                deniers[one.sport].add(one.mac_src.hex(':'))
    assert deniers.keys() <= {sock.getsockname()[1] for sock in socks}
    assert all(len(macs) == 1 for macs in deniers.values())
    # the others may be at none of their candidates: that costs more denials
    assert [ask(sock) for sock in first[0]] == first[1]
    assert not two.check()['answered_denied']


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
        lead_to_lv2(site)
        state = talk.settle_after()
        assert not state['lost'], state
        with capsys.disabled():
            print(f'\n  {NUMBER} connections, 4 tables lost, '
                  f'{two.sent()} denials, none lost', end='', flush=True)
    assert two.check()['forwarded_denied'] > NUMBER
    assert not two.got()['answered_denied']


@pytest.mark.parametrize('how', ['rebooted', 'replaced'])
def test_all_change_at_once(pair, site, reasons, third, how):
    """A balancer is rebooted, or another one takes over, and the backends change.

    Both within a moment. The client hears from the VIP alone.
    """
    site.net.serve('w103')
    two = pair(reals=SERVERS[:3])
    for lv in two.balancers:
        lv.backend('set', two.servers[2], vip=VIP, weight=0)
    socks, homes = talk(two, 12)
    assert set(homes) == {'w101 nano', 'w102 desu'}
    with wire.Tap(site.client) as client:
        if how == 'rebooted':
            site.net.reload('dsr_lb')
            two.balance()
            two.since.update((name, reasons(name)) for name in two.lvs)
        else:
            lead_to_lv2(site)
        for lv in two.balancers:
            lv.backend('set', two.servers[2], vip=VIP, weight=1)
            lv.backend('set', two.servers[0], vip=VIP, weight=0)
        before = two.sent()
        assert [ask(sock) for sock in socks] == homes
        client.none(lambda p: p.proto == 6 and p.sport == 80 and p.src != VIP,
                    'only the VIP answers')
        client.none(lambda p: p.flags and p.flags & wire.RST, 'none is lost')
    # with no entry, and w101 in no pool, each of its connections is denied
    assert two.sent() - before >= homes.count('w101 nano')
    two.check()


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
