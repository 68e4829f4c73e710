# SPDX-License-Identifier: GPL-2.0
"""Marks that change during connections, and marks of replies."""

import pytest

import wire
from host import wait_for
from network import VIP, W101, W102
from traffic import ask, exchange

LV1 = '10.10.31.11'


def mark(site, number):
    """Packets for the VIP get this mark from now on."""
    site.lv1.nft(f'''
        flush ruleset
        table ip mangle {{ chain prerouting {{
            type filter hook prerouting priority mangle;
            ip daddr {VIP} meta mark set {number}
        }}
        }}''')


@pytest.fixture
def two(site):
    """A service of mark 1 at w101, one of mark 2 at w102."""
    site.balance(backends=('w101',))
    site.lv1.configure(f'''
        service add fwmark 2
        backend add fwmark 2 via {W102}''')
    return site


@pytest.mark.smoke
@pytest.mark.parametrize('path', ['stack', 'direct'])
def test_connection_goes_on(two, path):
    """Open connections stay with their server; new ones belong to the new
    mark."""
    two.lv1.configure(f'''
        service set fwmark 1 path {path}
        service set fwmark 2 path {path}''')
    sock = two.connect()
    assert ask(sock) == 'w101 nano'
    mark(two, 2)
    assert [ask(sock) for _ in range(3)] == ['w101 nano'] * 3
    assert two.replies(2) == {'w102 desu': 2}
    assert ask(sock) == 'w101 nano'
    assert [one['fwmark'] for one in two.connections()
            if one['sport'] == sock.getsockname()[1]] == [1]


def test_datagrams_go_on(two, reasons):
    """So does a UDP flow, as long as it is in the table."""
    since = reasons('lv1')
    with wire.Tap(two.client) as client, wire.Tap(two.w101) as w101, \
            wire.Tap(two.w102) as w102:
        client.send(wire.udp(4000, 9), LV1)
        w101.wait(lambda p: p.sport == 4000, 'a datagram of mark 1')
        mark(two, 2)
        client.send(wire.udp(4000, 9, b'again'), LV1)
        client.send(wire.udp(4001, 9), LV1)
        w102.wait(lambda p: p.sport == 4001, 'a new flow of mark 2')
        w101.wait(lambda p: p.payload == b'again', 'the old flow')
        w102.none(lambda p: p.sport == 4000, 'its flow is at w101')
    assert since['forwarded'] == 3


def test_syn_takes_the_new_mark(two):
    """A SYN with the ports of an open connection begins a new one."""
    with wire.Tap(two.client) as client, wire.Tap(two.w101) as w101, \
            wire.Tap(two.w102) as w102:
        client.send(wire.tcp(4000), LV1)
        w101.wait(lambda p: p.sport == 4000, 'a SYN of mark 1')
        client.send(wire.tcp(4000, flags=wire.ACK), LV1)
        mark(two, 2)
        client.send(wire.tcp(4000, seq=5000), LV1)
        w102.wait(lambda p: p.sport == 4000, 'a SYN of mark 2')
        client.send(wire.tcp(4000, flags=wire.ACK, payload=b'x'), LV1)
        w102.wait(lambda p: p.payload == b'x', 'what follows')


def test_down_with_the_new_mark(two, reasons):
    """The old service's on-down applies to a connection whose server fails."""
    two.lv1.dsrctl('service set fwmark 1 on-down reset')
    sock = two.connect()
    assert ask(sock) == 'w101 nano'
    mark(two, 2)
    assert ask(sock) == 'w101 nano'
    two.lv1.dsrctl(f'backend set fwmark 1 via {W101} down force')
    since = reasons('lv1')
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        ask(sock)
    assert since['answered_reset'] == 1


CONNMARK = f'''
    flush ruleset
    table ip mangle {{ chain prerouting {{
        type filter hook prerouting priority mangle;
        meta mark set ct mark
        ip daddr {VIP} meta mark 0 meta mark set 1
        ct mark set meta mark
    }}
    }}
'''


@pytest.mark.smoke
@pytest.mark.parametrize('scheduler', ['rr', 'maglev'])
def test_mark_of_replies(site, scheduler, reasons):
    """Replies with their request's mark go to the client."""
    site.balance(f'scheduler {scheduler}')
    site.lv1.nft(CONNMARK)
    since = reasons('lv1')
    assert site.replies(6).total() == 6
    # a SYN-ACK, an ACK, the reply and the end of each
    assert since['pass_reply'] >= 18
    for name in ('w101', 'w102'):
        site.echo(name)
    for _ in range(3):
        exchange(site.udp(), [b'x' * 10] * 5)
    # no entry is that of a reply
    assert {one['dst'] for one in site.connections()} == {VIP}
    assert site.lv1.show('explain ' + ' '.join([
        f'{VIP}:7', '10.10.31.200:' + str(site.sockets[-1].getsockname()[1]),
        'proto udp mark 1']))['reason'] == 'pass_reply'


@pytest.mark.parametrize('path', ['stack', 'direct'])
def test_one_packet_switched_on(site, path):
    """From then on each datagram is scheduled, also of known clients."""
    site.balance(f'path {path}', rule='')
    with wire.Tap(site.client) as client, wire.Tap(site.w101) as w101, \
            wire.Tap(site.w102) as w102:
        def send(number):
            client.send(wire.udp(5140, 514, b'%d' % number), LV1)

        def came(tap, first):
            return sum(1 for p in tap.drain() if p.sport == 5140 and
                       int(p.payload) >= first)
        for number in range(4):
            send(number)
        wait_for('four of them', lambda: came(w101, 0) + came(w102, 0) == 4)
        assert 4 in (came(w101, 0), came(w102, 0))
        client.send(wire.tcp(4000), LV1)
        client.send(wire.tcp(4000, flags=wire.ACK), LV1)
        site.lv1.dsrctl('service set fwmark 1 one-packet on')
        for number in range(4, 8):
            send(number)
        wait_for('four more', lambda: came(w101, 4) + came(w102, 4) == 4)
        assert came(w101, 4) == came(w102, 4) == 2
    # protocols other than UDP are still remembered
    assert [one['proto'] for one in site.connections()] == ['tcp']
