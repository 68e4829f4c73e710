# SPDX-License-Identifier: GPL-2.0
"""Validation of source addresses.

The kernel checks sources when it routes a packet, but it never routes balanced
packets: so the balancer checks each packet without a connection itself.
"""

import socket

import pytest

import wire
import wire6
from balancer import Balancer
from host import wait_for
from network import (BACK_VRRP, CLIENT, CLIENT6, FRONT_VRRP, LV16, VIP, VIP2,
                     VIP6, W101, W1016, W102, W1026)
from probe import Probe
from traffic import Echo

LV1 = '10.10.31.11'
VIP26 = '2001:db8:31::110'
HERE = 'drop_source_is_this_host'
ROUTE = 'drop_reverse_path'
# A source without a route on the balancer.
NOWHERE = '192.0.2.1'

SERVICES = {
    'rr': {'scheduler': 'rr'},
    'direct': {'scheduler': 'rr', 'path': 'direct'},
    'maglev': {'scheduler': 'maglev'},
    'persist': {'scheduler': 'rr', 'persist': 60000},
    'one_packet': {'scheduler': 'rr', 'one_packet': 1},
}


@pytest.fixture
def lv1(site):
    return Balancer(site)


def set_all(site, dev, **values):
    """Set IPv4 settings of a device on lv1, for this test."""
    for key, value in values.items():
        path = f'ipv4/conf/{dev}/{key}'
        old = site.lv1.sysctl(path)
        site.lv1.sysctl(path, value)
        site.undo.append(lambda p=path, o=old: site.lv1.sysctl(p, o))


def check(site, lv1, packets, make=wire.udp, kind=wire.Tap, vip=VIP,
          client=CLIENT, dev='eth0'):
    """Check the reasons of packets from some sources.

    And check that "explain" predicts the same.
    """
    with kind(site.client) as front, kind(site.w101) as w101:
        for port, (source, reason) in enumerate(packets, 4000):
            what = f'{source} by {dev}: {reason}'
            told = lv1.explain(src=source, sport=port, dst=vip, dport=7,
                               proto='udp', ifindex=site.lv1.ifindex(dev))
            assert told['explain']['reason'].startswith(reason), what
            assert ('backend' in told) == (reason == 'forwarded'), what
            before = lv1.reasons()
            front.send(make(port, src=source, dst=vip), LV1)
            wait_for(what, lambda r=reason, b=before: sum(
                n - b[name] for name, n in lv1.reasons().items()
                if name.startswith(r)) == 1)
        front.send(make(3999, src=client, dst=vip), LV1)
        w101.wait(lambda p: p.sport == 3999, 'a client')
        assert [p.sport for p in w101.drain() if p.dst == vip] == [
            *(port for port, (_, reason) in enumerate(packets, 4000)
              if reason == 'forwarded'), 3999]


@pytest.mark.parametrize('rp_filter', [0, 1, 2])
@pytest.mark.parametrize('service', SERVICES)
def test_reverse_path(site, lv1, service, rp_filter):
    """rp_filter applies to balanced packets: off, strict and loose."""
    lv1.service('add', vip=VIP, **SERVICES[service])
    lv1.backend('add', W101, vip=VIP)
    set_all(site, 'eth0', rp_filter=rp_filter)
    check(site, lv1, [
        (CLIENT, 'forwarded'), ('10.20.1.1', 'forwarded'),
        (W101, ROUTE if rp_filter == 1 else 'forwarded'),
        (NOWHERE, ROUTE if rp_filter else 'forwarded'),
        (FRONT_VRRP, HERE), (LV1, HERE), (BACK_VRRP, HERE),
        ('127.0.0.1', 'drop_bad_source'),
        ('10.10.31.255', 'drop_bad_source'),
        ('10.10.30.255', 'drop_bad_source'),
        (VIP, 'drop_source_is_vip')])


def test_accept_local(site, lv1):
    """accept_local admits packets with addresses of the machine."""
    lv1.service('add', vip=VIP)
    lv1.backend('add', W101, vip=VIP)
    set_all(site, 'eth0', rp_filter=1, accept_local=1)
    check(site, lv1, [(LV1, 'forwarded'), (FRONT_VRRP, 'forwarded'),
                      (BACK_VRRP, ROUTE), (VIP, 'drop_source_is_vip')])
    set_all(site, 'eth0', rp_filter=2)
    check(site, lv1, [(BACK_VRRP, 'forwarded')])


def test_explain_without_device(site, lv1):
    """Without a device the packet comes by the device of the route back."""
    lv1.service('add', vip=VIP)
    lv1.backend('add', W101, vip=VIP)

    def said(source):
        return lv1.explain(src=source, sport=4000, dst=VIP,
                           dport=80)['explain']['reason']
    assert said(CLIENT) == said(W102) == said(NOWHERE) == 'forwarded'
    assert said(LV1) == HERE
    assert said(VIP) == 'drop_source_is_vip'
    assert said('10.10.31.255') == 'drop_bad_source'
    set_all(site, 'all', rp_filter=2)
    assert said(NOWHERE) == ROUTE and said(W102) == 'forwarded'
    told = site.lv1.dsrctl(f'explain {NOWHERE}:1 {VIP}:80 dev eth0').stdout
    assert 'by eth0' in told and ROUTE in told and 'rp_filter=2' in told


def test_ipv6_sources(site6, lv1):
    """IPv6 has no rp_filter; the machine's own addresses are rejected."""
    lv1.service('add', vip=VIP6)
    lv1.backend('add', W1016, vip=VIP6)
    check(site6, lv1, [
        (CLIENT6, 'forwarded'), (W1026, 'forwarded'),
        ('2001:db8:99::1', 'forwarded'), (LV16, HERE),
        ('2001:db8:30::11', HERE), ('2001:db8:31::', HERE),
        ('fe80::1', 'drop_bad_source'), (VIP6, 'drop_source_is_vip')],
        make=wire6.udp, kind=wire6.Tap, vip=VIP6, client=CLIENT6)


def test_stateless_sources(site, lv1):
    """With a full table, too, each packet is checked."""
    lv1.service('add', vip=VIP)
    lv1.backend('add', W101, vip=VIP)
    lv1.set_table(max=16)
    with Probe(site) as probe:
        for port in range(5000, 5016):
            probe.udp(port)
    check(site, lv1, [(LV1, HERE), (W102, ROUTE),
                      (VIP, 'drop_source_is_vip')])
    assert lv1.reasons()['forwarded_stateless'] >= 1


PACKETS = {
    'echo': lambda src: wire.icmp_echo(src=src),
    # about a reply of a known connection
    'icmp error': lambda src: wire.icmp_error(3, 1, wire.udp(
        7, 4000, src=VIP, dst=CLIENT)[:28], src=src),
    'ack': lambda src: wire.tcp(4001, flags=wire.ACK, src=src),
    'sctp': lambda src: wire.sctp(4002, src=src),
}


@pytest.mark.parametrize('ping', ['reply', 'forward'])
@pytest.mark.parametrize('packet', PACKETS)
def test_all_kinds_of_packets(site, lv1, packet, ping):
    """Packets other than the first one of a connection are checked, too."""
    lv1.service('add', vip=VIP, ping=ping)
    lv1.backend('add', W101, vip=VIP)
    with Probe(site) as probe:
        assert probe.udp(4000, dport=7) == 'w101'
        probe.clear()
        before = lv1.reasons()
        wrong = {LV1: HERE, W102: ROUTE, VIP: 'drop_source_is_vip'}
        for source, reason in wrong.items():
            probe.send(PACKETS[packet](source))
            wait_for(f'{source}: {reason}',
                     lambda r=reason: lv1.reasons()[r] == before[r] + 1)
        probe.nothing('no client has such an address')
        probe.client.none(lambda p: p.dst in wrong, 'it was dropped')
        probe.send(PACKETS[packet]('10.20.1.1'))
        wait_for('that of a client', lambda: sum(
            n - before[name] for name, n in lv1.reasons().items()
            if name.startswith(('forwarded', 'answered_ping'))) == 1)


def test_known_connection_is_not_asked_again(site, lv1):
    """Only the beginning of a connection is checked."""
    lv1.service('add', vip=VIP)
    lv1.backend('add', W101, vip=VIP)
    set_all(site, 'eth0', rp_filter=0)
    with Probe(site) as probe:
        assert probe.udp(4000, src=W102) == 'w101'
        set_all(site, 'eth0', rp_filter=1)
        assert probe.udp(4000, src=W102) == 'w101'
        probe.lost(wire.udp(4001, src=W102), Since(lv1), ROUTE)


class Since:
    """As the fixture reasons, for one balancer."""

    def __init__(self, lv1):
        self.lv1 = lv1
        self.before = lv1.reasons()

    def __getitem__(self, name):
        return self.lv1.reasons()[name] - self.before[name]


def test_vrf(site, lv1):
    """A source is looked up in the VRF of the input device."""
    site.lv1.ip('''
        link add blue type vrf table 100
        link set blue up
        link set eth0 master blue
        route add 10.20.0.0/16 via 10.10.31.200 vrf blue''')
    site.undo.append(lambda: site.rebuild('lv1'))
    lv1.service('add', vip=VIP)
    lv1.backend('add', W101, vip=VIP)
    set_all(site, 'blue', rp_filter=1)
    check(site, lv1, [
        (CLIENT, 'forwarded'), ('10.20.1.1', 'forwarded'), (W102, ROUTE),
        (LV1, HERE), (NOWHERE, ROUTE), ('10.10.31.255', 'drop_bad_source')])
    set_all(site, 'blue', rp_filter=2)
    # the VRF has no address: the kernel is strict then, as without a VRF
    check(site, lv1, [(W102, ROUTE), (NOWHERE, ROUTE), (LV1, HERE)])


FAMILIES = {4: (VIP, VIP2, W101, W102, wire, wire.Tap),
            6: (VIP6, VIP26, W1016, W1026, wire6, wire6.Tap)}


@pytest.mark.parametrize('number', FAMILIES)
@pytest.mark.parametrize('by', ['vip', 'fwmark'])
def test_two_vips_do_not_talk_for_ever(site6, lv1, number, by, reasons):
    """A datagram between two VIPs would loop between two servers."""
    vip, vip2, first, second, make, kind = FAMILIES[number]
    if by == 'vip':
        keys = [{'vip': vip, 'proto': 'udp'}, {'vip': vip2, 'proto': 'udp'}]
    else:
        family = {'family': 2 if number == 4 else 10}
        keys = [{'fwmark': 1, **family}, {'fwmark': 2, **family}]
        ip = 'ip' if number == 4 else 'ip6'
        site6.lv1.nft(f'''
            flush ruleset
            table inet mangle {{ chain prerouting {{
                type filter hook prerouting priority mangle;
                {ip} daddr {vip} meta mark set 1
                {ip} daddr {vip2} meta mark set 2
            }}
            }}''')
    for key, backend in zip(keys, (first, second)):
        lv1.service('add', **key)
        lv1.backend('add', backend, **key)
    for name, address in (('w101', vip), ('w102', vip2)):
        site6.net[name].dsrctl(f'real add vip {address}')
        echo_all(site6, name)
    since = reasons('lv1')
    rs = [reasons(name, 'dsr_rs') for name in ('w101', 'w102')]

    def peers():
        return [one.all() for one in rs] + [
            (echo.name_, echo.is_alive(), dict(echo.peers)) for echo in Echo.running]
    with kind(site6.client) as client:
        client.send(make.udp(7, 7, b'x', src=vip2, dst=vip), LV1)
        if by == 'vip':
            wait_for(lambda: f'dropped: {since.all()}',
                     lambda: since['drop_source_is_vip'] == 1)
        else:
            wait_for(lambda: f'passed: {since.all()}, {peers()}',
                     lambda: since['pass_reply'] == 1)
        # packets after it, back and forth, three times
        for port in range(4000, 4003):
            client.send(make.udp(port, 7, b'y', dst=vip), LV1)
            client.wait(lambda p, port=port: p.dport == port, 'its echo')
    assert since['forwarded'] == 3 + (by == 'fwmark')
    assert since['drop_source_is_vip'] + since['pass_reply'] == 1


def echo_all(site, name):
    """An echo server on UDP port 7, in either family."""
    sock = site.net[name].socket(socket.AF_INET6, socket.SOCK_DGRAM)
    site.sockets.append(sock)
    sock.bind(('::', 7))
    return Echo(sock, name)
