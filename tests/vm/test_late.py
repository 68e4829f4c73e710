# SPDX-License-Identifier: GPL-2.0
"""A mark may be set by a chain of any priority in PRE_ROUTING."""

import pytest

import wire
import wire6
from balancer import Balancer
from host import wait_for
from network import CLIENT, VIP, VIP6, W101, W1016, mac_of

LV1 = '10.10.31.11'
HERE = '10.10.30.11'
# Between dstnat and filter, so after all translation; the last of all.
PRIORITIES = ['dstnat', 'filter', '2147483647']


def mark_at(site, priority, rule=f'ip daddr {VIP}'):
    """The only rule on lv1."""
    site.lv1.nft(f'''
        flush ruleset
        table inet late {{ chain prerouting {{
            type filter hook prerouting priority {priority};
            {rule} meta mark set 1
        }}
        }}''')


def packets_of(site):
    """The number of packets of each backend, from the balancer's counters."""
    return [one['packets'] for one in site.backends().values()]


@pytest.mark.smoke
@pytest.mark.parametrize('priority', PRIORITIES)
def test_priority(site, reasons, priority):
    """Each packet is balanced, forwarded unchanged, and counted once."""
    site.balance(rule='', backends=('w101',))
    mark_at(site, priority)
    since = reasons('lv1')
    mac = site.lv1.mac('eth1').hex(':')
    with wire.Tap(site.client) as client, wire.Tap(site.w101) as w101:
        for port in range(4000, 4003):
            for flags in (wire.SYN, wire.ACK):
                packet = wire.tcp(port, flags=flags, payload=b'x')
                client.send(packet, LV1)
                got = w101.wait(lambda p, port=port: p.sport == port,
                                f'port {port}')
                wire.same(got, wire.forwarded(packet, mac_of(W101), mac))
                w101.seen.clear()
    assert since.all() == {'forwarded': 6}
    assert packets_of(site) == [6]


@pytest.fixture
def local(site):
    """The VIP is a local address of lv1, as IPVS requires."""
    site.lv1.ip(f'route add local {VIP} dev lo table local')
    site.undo.append(lambda: site.lv1.ip(
        f'route del local {VIP} dev lo table local'))
    return site


def mark_in_input(site):
    """Mark in INPUT, as keepalived's nftables_ipvs does."""
    site.lv1.nft(f'''
        flush ruleset
        table ip late {{ chain input {{
            type filter hook input priority filter - 1;
            ip daddr {VIP} meta mark set 1
        }}
        }}''')


@pytest.mark.parametrize('path', ['stack', 'direct'])
def test_input(local, reasons, path):
    """A chain in INPUT may set the mark of packets to an address of lv1."""
    local.balance(f'path {path}', rule='', backends=('w101',))
    mark_in_input(local)
    since = reasons('lv1')
    mac = local.lv1.mac('eth1').hex(':')
    with wire.Tap(local.client) as client, wire.Tap(local.w101) as w101:
        for packet in (wire.tcp(4000), wire.tcp(4000, flags=wire.ACK),
                       wire.udp(4001, 9, b'x')):
            client.send(packet, LV1)
            got = w101.wait(lambda p: p.dst == VIP, 'the packet')
            wire.same(got, wire.forwarded(packet, mac_of(W101), mac))
            w101.seen.clear()
    assert since.all() == {'forwarded': 3}


def test_input_answers(local, reasons):
    """ICMP errors and resets are sent from there as well."""
    local.balance('on-down reset', rule='', backends=('w101',))
    mark_in_input(local)
    since = reasons('lv1')
    with wire.Tap(local.client) as client, wire.Tap(local.w101) as w101:
        client.send(wire.tcp(4000, ttl=1), LV1)
        client.wait(lambda p: p.proto == 1 and p.type == 11, 'TTL exceeded')
        client.send(wire.tcp(4001), LV1)
        w101.wait(lambda p: p.sport == 4001, 'the SYN')
        local.lv1.dsrctl(f'backend set fwmark 1 via {W101} down force')
        client.send(wire.tcp(4001, flags=wire.ACK), LV1)
        client.wait(lambda p: p.proto == 6 and p.flags & wire.RST, 'a reset')
        client.send(wire.tcp(4002), LV1)
        client.wait(lambda p: p.proto == 1 and p.type == 3, 'unreachable')
    assert since.all() == {'drop_ttl_exceeded': 1, 'forwarded': 1,
                           'answered_reset': 1, 'drop_no_backend': 1}


@pytest.mark.parametrize('path', ['stack', 'direct'])
def test_requests(lb, path):
    """Whole conversations, also with connection tracking."""
    lb.lv1.dsrctl(f'service set fwmark 1 path {path}')
    mark_at(lb, 'filter')
    assert lb.replies(4) == {'w101 nano': 2, 'w102 desu': 2}


def test_ipv6(site6, reasons):
    lv1 = Balancer(site6)
    lv1.service('add', fwmark=1, family=10)
    lv1.backend('add', W1016, fwmark=1, family=10)
    mark_at(site6, 'filter', f'ip6 daddr {VIP6}')
    since = reasons('lv1')
    packet = wire6.tcp(4000)
    with wire6.Tap(site6.client) as client, wire6.Tap(site6.w101) as w101:
        client.send(packet, LV1)
        got = w101.wait(lambda p: p.dst == VIP6, 'the SYN')
        wire.same(got, wire6.forwarded(packet, site6))
    assert since['forwarded'] == 1


def test_other_late_mark(silent, reasons):
    """A mark without a service is ignored there, too."""
    silent.lv1.ip(f'route add {VIP} via 10.10.30.102')
    silent.undo.append(lambda: silent.lv1.ip(f'route del {VIP}'))
    mark_at(silent, 'filter')
    silent.lv1.dsrctl('service delete fwmark 1')
    silent.lv1.dsrctl('service add fwmark 2')
    since = reasons('lv1')
    with wire.Tap(silent.client) as client, wire.Tap(silent.w102) as w102:
        client.send(wire.tcp(4000), LV1)
        w102.wait(lambda p: p.dst == VIP, 'what was routed')
    assert since.all() == {'pass_no_service': 1}


def test_stays_here_once(site, reasons):
    """A packet that an early mark left on this machine is not balanced again.
    """
    site.balance('one-packet on', backends=('w101',), rule='')
    site.lv1.dsrctl(f'backend add fwmark 1 via {HERE}')
    since = reasons('lv1')
    with wire.Tap(site.client) as client, wire.Tap(site.w101) as w101:
        for port in range(4000, 4004):
            client.send(wire.udp(port, 9), LV1)
        wait_for('two each', lambda: since['delivered_here'] >= 2 and
                 since['forwarded_one_packet'] >= 2)
        w101.wait(lambda p: p.dst == VIP, 'a datagram')
    assert since['delivered_here'] == since['forwarded_one_packet'] == 2
    assert since['pass_no_service'] == 0
    assert packets_of(site) == [2, 2]


def test_icmp_error(silent, reasons):
    """An ICMP error without an entry finds its server by a late mark."""
    silent.lv1.dsrctl('service set fwmark 1 scheduler maglev')
    mark_at(silent, 'filter')
    since = reasons('lv1')
    quoted = wire.tcp(80, 4000, src=VIP, dst=CLIENT)
    error = wire.icmp_error(3, 4, quoted[:28], rest=1400)
    with wire.Tap(silent.client) as client, wire.Tap(silent.w101) as w101, \
            wire.Tap(silent.w102) as w102:
        client.send(error, LV1)
        wait_for('the error', lambda: [
            p for p in w101.drain() + w102.drain() if p.proto == 1])
    assert since.all() == {'forwarded_icmp_error': 1}


def test_no_backend(site, reasons):
    """A packet without a backend is refused, and has this reason only."""
    site.balance(rule='', backends=())
    mark_at(site, 'filter')
    since = reasons('lv1')
    with wire.Tap(site.client) as client:
        client.send(wire.tcp(4000), LV1)
        client.wait(lambda p: p.proto == 1 and p.type == 3, 'unreachable')
    assert since.all() == {'drop_no_backend': 1}
