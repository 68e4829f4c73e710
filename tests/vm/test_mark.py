# SPDX-License-Identifier: GPL-2.0
"""The mark selects the packets; no interface has the VIP.

Complaint 16 about other balancers, that the counters of services by mark
cannot be told apart: test_two_marks.
"""

import pytest

import wire
from network import MACHINES, VIP, W101, W102


@pytest.mark.smoke
@pytest.mark.parametrize('how', ['iptables', 'nft'])
def test_mark_rule(lb, how):
    lb.lv1.nft('flush ruleset')
    if how == 'iptables':           # as in the article
        lb.lv1.iptables(*('-t mangle -A PREROUTING -d 10.10.31.100 '
                          '-j MARK --set-mark 1').split())
    else:
        lb.lv1.nft('''
            add table ip balance
            add chain ip balance pre { type filter hook prerouting priority mangle; }
            add rule ip balance pre ip daddr 10.10.31.100 meta mark set 1
        ''')
    assert lb.replies(4) == {'w101 nano': 2, 'w102 desu': 2}


@pytest.mark.smoke
def test_vip_is_nowhere(lb):
    assert lb.replies(2).total() == 2
    assert lb.net.owners(VIP) == []
    for name in MACHINES:
        rules = lb.net[name].run('ip', 'rule').stdout.splitlines()
        assert sorted(rule.split(':')[0] for rule in rules) == [
            '0', '32766', '32767'], f'{name}: {rules}'
        routes = lb.net[name].run('ip', 'route', 'show', 'table',
                                  'all').stdout
        found = [line for line in routes.splitlines() if VIP in line]
        # only the client's upstream router has a route to the VIP
        assert found == ([f'{VIP} via 10.10.31.10 dev eth0 ']
                         if name == 'client' else []), name


def test_without_mark_untouched(silent, reasons):
    """A packet without the mark is routed as usual."""
    silent.lv1.nft('flush ruleset')
    # A route through another router, to see the result of routing.
    silent.lv1.ip(f'route add {VIP} via 10.10.30.102')
    silent.undo.append(lambda: silent.lv1.ip(f'route del {VIP}'))
    since = reasons('lv1')
    with wire.Tap(silent.w101) as w101, wire.Tap(silent.w102) as w102, \
            wire.Tap(silent.client) as client:
        for port in range(4000, 4004):
            client.send(wire.tcp(port), '10.10.31.11')
            w102.wait(lambda p, port=port: p.sport == port, 'the SYN')
        w101.none(lambda p: p.dst == VIP, 'it was not marked')
    assert since['pass_no_service'] == 4
    assert since['forwarded'] == 0
    assert not silent.connections()


def test_other_mark_untouched(silent, reasons):
    """A mark without a service is ignored."""
    silent.lv1.nft('''
        flush ruleset
        table ip mangle {
        chain prerouting {
            type filter hook prerouting priority mangle;
            ip daddr 10.10.31.100 meta mark set 2
        }
        }''')
    since = reasons('lv1')
    with wire.Tap(silent.client) as client:
        client.send(wire.tcp(4000), '10.10.31.11')
        # no route to it: the kernel reports this, not the module
        client.wait(lambda p: p.proto == 1 and p.type == 3, 'unreachable')
    # with packets of an earlier test
    assert set(since.all()) == {'pass_no_service'}


def test_two_marks(silent):
    """Two services of one VIP, on the same servers: each has its own counters.
    """
    silent.lv1.nft('''
        add rule ip mangle prerouting ip daddr 10.10.31.100 \\
            udp dport 9 meta mark set 2
    ''')
    silent.lv1.configure('''
        service add fwmark 2
        backend add fwmark 2 via 10.10.30.101
    ''')
    with wire.Tap(silent.w101) as w101, wire.Tap(silent.client) as client:
        for port in range(4000, 4005):
            client.send(wire.udp(port, 9), '10.10.31.11')
        for port in range(4005, 4007):
            client.send(wire.udp(port, 10), '10.10.31.11')
        w101.wait(lambda p: p.dport == 10, 'one of two by mark 1')
        for port in range(4000, 4005):
            w101.wait(lambda p, port=port: p.sport == port, 'by mark 2')
    assert {(mark, backend): one['connections']
            for mark in (1, 2)
            for backend, one in silent.backends(mark=mark).items()} == {
        (1, W101): 1, (1, W102): 1, (2, W101): 5}


def test_forwarding_switched_off(silent):
    """Requests need no ip_forward on the balancer."""
    silent.lv1.sysctl('ipv4/ip_forward', 0)
    silent.undo.append(lambda: silent.net._make_router(silent.lv1))
    with wire.Tap(silent.w101) as w101, wire.Tap(silent.client) as client:
        for port in range(4000, 4002):
            client.send(wire.tcp(port), '10.10.31.11')
        w101.wait(lambda p: p.dst == VIP, 'a request')


@pytest.mark.parametrize('path', ['stack', 'direct'])
def test_no_other_host(silent, reasons, path):
    """A broadcast frame is not forwarded."""
    silent.lv1.dsrctl(f'service set fwmark 1 path {path}')
    since = reasons('lv1')
    with wire.Tap(silent.w101) as w101, wire.Tap(silent.w102) as w102, \
            wire.Tap(silent.client) as client:
        client.send(wire.udp(4000), 'ff:ff:ff:ff:ff:ff')
        client.send(wire.tcp(4001), '10.10.31.11')
        client.send(wire.tcp(4002), '10.10.31.11')
        w101.wait(lambda p: p.dst == VIP, 'a SYN')
        w102.wait(lambda p: p.dst == VIP, 'a SYN')
        for tap in (w101, w102):
            tap.none(lambda p: p.sport == 4000, 'it was a broadcast')
    assert since['pass_not_to_this_host'] == 1


def test_other_protocol(silent, reasons):
    """GRE is dropped; an echo request is answered."""
    since = reasons('lv1')
    with wire.Tap(silent.client) as client, wire.Tap(silent.w101) as w101:
        client.send(wire.icmp_echo(), '10.10.31.11')
        client.send(wire.ip(b'\0' * 24, 47), '10.10.31.11')
        client.send(wire.tcp(4001), '10.10.31.11')
        client.send(wire.tcp(4002), '10.10.31.11')
        w101.wait(lambda p: p.proto == 6, 'a SYN')
        w101.none(lambda p: p.proto in (1, 47) and p.dst == VIP,
                  'it is not balanced')
        client.wait(lambda p: p.proto == 1 and p.type == 0, 'the echo reply')
    assert since['drop_not_served'] == 1
    assert since['answered_ping'] == 1
    assert since['forwarded'] == 2


def test_two_balancers(lb):
    """Each namespace has its own services, connections and counters."""
    assert lb.replies(2).total() == 2
    assert lb.services('lv2') == []
    assert lb.lv2.show('connection show') == []
    lb.lv2.configure('''
        service add fwmark 1
        backend add fwmark 1 via 10.10.30.102
    ''')
    before = lb.connections()
    with wire.Tap(lb.client) as client, wire.Tap(lb.w102) as w102:
        for port in range(4000, 4003):
            client.send(wire.udp(port, 9), '10.10.31.12')
            got = w102.wait(lambda p, port=port: p.sport == port, 'the SYN')
            assert got.mac_src == lb.lv2.mac('eth1')
    assert len(lb.lv2.show('connection show')) == 3
    assert len(lb.connections()) == len(before)
    lb.lv2.dsrctl('service flush')
    assert lb.services('lv2') == []
    assert len(lb.services()) == 1
    assert lb.replies(2).total() == 2
