# SPDX-License-Identifier: GPL-2.0
"""The fast path at ingress: its frames, and those that must not take it."""

import pytest

import wire
import wire6
from balancer import Balancer
from host import wait_for
from line import (  # noqa: F401  pylint: disable=unused-import
    DATA, KNOWN, LONG, LV1, TAKEN, line, lv1)
from network import CLIENT, VIP, VIP6, W101, W1016
from pktgen import Pktgen
from wire import ACK, FIN


@pytest.mark.parametrize('proto', TAKEN)
def test_taken(lv1, line, reasons, proto):
    """Whole packets of known connections; a TOS is set on them.

    Padding after the packet is removed.
    """
    line.begin(4000, proto)
    since, ways = reasons('lv1'), lv1.other_ways()
    assert 'forwarded' not in ways and ways['no_connection'] == 1
    for packet in TAKEN[proto]:
        line.send(packet)
        line.get(packet)
    assert lv1.other_ways() == {**ways, 'forwarded': len(TAKEN[proto])}
    assert since.all() == {'forwarded_ingress': len(TAKEN[proto])}
    lv1.service('set', tos=0x20, tos_mask=0xfc)
    line.send(TAKEN[proto][0])
    line.get(TAKEN[proto][0], (0x20, 0xfc))
    assert lv1.ways()['forwarded'] == len(TAKEN[proto]) + 1
    backend = lv1.backends()[W101]['stats']
    assert backend['packets'] == len(TAKEN[proto]) + 1 + sum(
        ways.get(way, 0) for way in ('no_connection', 'state_changes'))


def test_what_was_received_stays(site, lv1, line):
    """A tap on the device sees the unchanged packet, although it shares the
    data."""
    line.begin(4000)
    packet = wire.tcp(4000, ident=9, payload=b'x', **DATA) + b'\0' * 5
    done = line.counted('forwarded')
    with wire.Tap(site.lv1, outgoing=True) as tap:
        line.send(packet)
        line.get(packet)
        got = tap.wait(lambda p: p.ident == 9, 'what came in')
        assert got.frame == line.frame(packet)
    done()


def test_long_way(line, reasons):
    """All other packets take the slow path."""
    line.begin(4000)
    since = reasons('lv1')
    line.take_slow_path()
    assert since.all() == {'forwarded': len(LONG)}


def test_half_closed(line, reasons):
    """The client's ACKs after its FIN belong to the download."""
    line.begin(4000)
    line.send(wire.tcp(4000, flags=FIN | ACK, ident=99))
    packet = wire.tcp(4000, flags=ACK, ident=100)
    line.w101.wait(lambda p: p.ident == 99, 'the FIN')
    since = reasons('lv1')
    line.send(packet)
    line.get(packet)
    assert since.all() == {'forwarded_ingress': 1}


def test_refused(line, reasons):
    line.begin(4000)
    line.refuse(reasons)
    line.send(KNOWN)
    line.get(KNOWN)             # and no frame before it
    assert not [p for p in line.w101.drain() if p.dst == VIP]


def test_frames_of_others(line, reasons):
    """Frames to another MAC address, to all, in a VLAN, without IP."""
    line.begin(4000)
    since, before = reasons('lv1'), line.lv1.ways()
    line.refuse_frames()
    assert 'forwarded' not in line.lv1.ways() and 'forwarded' not in before
    assert set(since.all()) <= {'pass_not_to_this_host'}
    assert not [p for p in line.w101.drain() if p.ident == 77]


def test_vlan_device(site, line, reasons):
    """In by a VLAN device, and out by another one."""
    site.lv1.ip('''
        link add link eth0 name eth0.5 type vlan id 5
        link add link eth1 name eth1.7 type vlan id 7
        link set eth0.5 up
        link set eth1.7 up
        addr add 10.10.77.11/24 dev eth1.7''')
    site.undo.append(lambda: site.lv1.ip('link del eth0.5\nlink del eth1.7'))
    site.w101.ip('''
        link add link eth0 name eth0.7 type vlan id 7
        link set eth0.7 up
        addr add 10.10.77.101/24 dev eth0.7''')
    site.undo.append(lambda: site.w101.ip('link del eth0.7'))
    lv1 = line.lv1
    lv1.path('add', 'eth0.5')
    lv1.backend('delete', W101)
    lv1.backend('add', '10.10.77.101')
    mac = site.w101.mac('eth0').hex(':')
    with wire.Tap(site.w101, 'eth0.7') as tap:
        for packet in [wire.udp(4000, ident=ident) for ident in (7, 8, 9)]:
            line.client.sock.send(line.tagged(packet, 5))
            got = tap.wait(lambda p, n=packet[5]: p.ident == n, 'the packet')
            wire.same(got, wire.forwarded(packet, mac, line.out))
    assert lv1.ways('eth0.5') == {'no_connection': 1, 'state_changes': 1,
                                  'forwarded': 1}
    assert lv1.ways('eth0')['vlan_tag'] == 3


def test_too_big(site, line, reasons):
    line.begin(4000)
    site.lv1.ip('link set eth1 mtu 1300')
    site.undo.append(lambda: site.lv1.ip('link set eth1 mtu 1500'))
    since = reasons('lv1')
    for size, way in ((1260, 'forwarded'), (1261, 'too_big')):
        packet = wire.tcp(4000, payload=bytes(size), ident=size, **DATA)
        # the slow path looks up the route with the new MTU
        line.send(wire.tcp(4000, ident=1, **DATA))
        line.get(wire.tcp(4000, ident=1, **DATA))
        done = line.counted(way)
        line.send(packet)
        done()
    got = line.client.error('fragmentation needed')
    assert (got.type, got.mtu) == (3, 1300)
    assert since['drop_too_big'] == 1


def test_ipv6(site6, reasons):
    """IPv6 as IPv4; packets with extension headers take the slow path."""
    lv1 = Balancer(site6)
    lv1.service(vip=VIP6, path='direct')
    lv1.backend('add', W1016, vip=VIP6)
    lv1.path('add', 'eth0')

    def data(sport=4000, **fields):
        return wire6.tcp(sport, **DATA, **fields)
    with wire6.Tap(site6.client) as client, wire6.Tap(site6.w101) as w101:
        def come(packet, way):
            before = lv1.ways().get(way, 0)
            client.send(packet, LV1)
            got = w101.wait(lambda p: p.packet[40:] == packet[40:len(
                p.packet)] and p.dst == VIP6, way)
            wire.same(got, wire6.forwarded(packet, site6))
            w101.seen.clear()
            assert lv1.ways()[way] == before + 1

        def refused(packet, way, reason):
            since, before = reasons('lv1'), lv1.ways().get(way, 0)
            client.send(packet, LV1)
            wait_for(way, lambda: lv1.has_one_more(way, before))
            if reason:
                wait_for(reason, lambda: since[reason] == 1)
            else:
                assert not any(since[name] for name in (
                    'forwarded', 'forwarded_ingress', 'drop_malformed'))
        come(wire6.tcp(4000), 'no_connection')
        come(data(), 'state_changes')
        come(wire6.udp(4001), 'no_connection')
        come(wire6.udp(4001), 'state_changes')
        come(wire6.sctp(4002, chunk=1), 'no_connection')
        come(wire6.sctp(4002, chunk=10), 'state_changes')
        since = reasons('lv1')
        for packet in (data(payload=b'data', tclass=0x5d, label=0xabcde),
                       data(payload=bytes(1440)), data(hop=2), data(hop=255),
                       data(payload=b'p') + b'\x55' * 9,
                       wire6.udp(4001, payload=b'x'),
                       wire6.sctp(4002, chunk=3)):
            come(packet, 'forwarded')
        assert since['forwarded_ingress'] == 7 and not since['forwarded']
        come(data(exts=[(wire6.OPTIONS, wire6.PADDING)]), 'options')
        frame, before = wire.frame(data(), LV1, client.mac), lv1.other_ways()
        client.sock.send(frame[:14] + b'\x70' + frame[15:])
        wait_for('version 7 counted', lambda: lv1.other_ways() == {
            **before, 'malformed': before.get('malformed', 0) + 1})
        refused(data(hop=1), 'ttl_exceeded', 'drop_ttl_exceeded')
        refused(data(length=21), 'malformed', None)
        refused(data(length=19), 'malformed', 'drop_malformed')
        refused(data(length=0), 'malformed', 'drop_malformed')
        refused(wire6.echo(), 'protocol_not_balanced', 'answered_ping')
        refused(wire6.fragment(bytes(16), 64, 0, 0x70617468), 'options', None)
        site6.lv1.ip('link set eth1 mtu 1300')
        site6.undo.append(lambda: site6.lv1.ip('link set eth1 mtu 1500'))
        client.send(data(), LV1)
        refused(data(payload=bytes(1300)), 'too_big', 'drop_too_big')
        site6.lv1.sysctl('ipv6/conf/eth0/disable_ipv6', 1)
        site6.undo.append(lambda: site6.lv1.sysctl(
            'ipv6/conf/eth0/disable_ipv6', 0))
        refused(data(), 'not_ip', None)


def test_shared(site, line):
    """The data of a shared packet, as from pktgen, must not be written to."""
    line.begin(4000, 'udp')
    with Pktgen(site.net['front'], 'lv1', count=200, clone_skb=0, pkt_size=60,
                delay=0, dst=VIP, src_min=CLIENT, src_max=CLIENT,
                dst_mac=site.lv1.mac('eth0').hex(':'), udp_src_min=4000,
                udp_src_max=4000, udp_dst_min=7, udp_dst_max=7) as generator:
        generator.wait()
    wait_for('all have come', lambda: len(
        [p for p in line.w101.drain() if p.sport == 4000]) >= 200)
    ways = line.lv1.ways()
    assert ways['shared'] + ways.get('forwarded', 0) == 200
    assert all(p.checksums_right() for p in line.w101.seen)
