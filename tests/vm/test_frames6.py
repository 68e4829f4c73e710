# SPDX-License-Identifier: GPL-2.0
"""IPv6: frames in and out, byte by byte, and those that are dropped."""

import pytest

import wire
import wire6
from host import wait_for
from network import CLIENT6, LV16, VIP6
from service6 import (  # noqa: F401  pylint: disable=unused-import
    ANY, LV1, balance, ours, path, ports, small_mtu, way)
from wire import ACK, PSH, RST

PACKETS = {
    'syn': wire6.tcp(4000),
    'data odd': wire6.tcp(4001, flags=PSH | ACK, ack=1, payload=b'odd'),
    'data full': wire6.tcp(4003, flags=ACK, payload=bytes(range(240)) * 6),
    'rst': wire6.tcp(4004, flags=RST),
    'wrong checksum': wire6.tcp(4006)[:-4] + b'\0\0\0\0',
    'udp': wire6.udp(4010, payload=b'hello'),
    'udp empty': wire6.udp(4012),
    'udp full': wire6.udp(4013, payload=b'\xff' * 1452),
    # allowed for tunnels (RFC 6936): the receiver decides
    'udp without checksum': wire6.udp(4014, payload=b'hello', csum=False),
    # the rest is the jumbo payload of RFC 2675, or malformed
    'udp length 0': wire6.udp(4015, payload=b'x', data_length=0),
    'udp length beyond': wire6.udp(4016, payload=b'x', data_length=99),
    'sctp init': wire6.sctp(4017, payload=bytes(16)),
    'hop by hop': wire6.tcp(4020, exts=[(wire6.HOP_BY_HOP, wire6.PADDING)]),
    'options': wire6.tcp(4021, exts=[(wire6.OPTIONS, wire6.LONG)]),
    'both': wire6.udp(4022, payload=b'x', exts=[
        (wire6.HOP_BY_HOP, wire6.LONG),
        (wire6.OPTIONS, wire6.PADDING)]),
    'routing': wire6.tcp(4023, exts=[wire6.segments(VIP6)]),
    'routing sctp': wire6.sctp(4024, payload=bytes(16), exts=[
        (wire6.OPTIONS, wire6.PADDING), wire6.segments(VIP6)]),
    'class and label': wire6.tcp(4025, tclass=0x5d, label=0xfedcb),
    'hop 2': wire6.tcp(4026, hop=2),
    'hop 255': wire6.tcp(4027, hop=255),
    'padded': wire6.udp(4028, payload=b'x') + b'\0' * 6,
    # a fragment that is the whole packet (RFC 6946) is reassembled
}


def check(site, packets, tos=None):
    with wire6.Tap(site.client) as client, wire6.Tap(site.w101) as w101:
        for name, packet in packets.items():
            client.send(packet, LV1)
            sport = wire6.Packet(b'\0' * 14 + packet).sport
            got = w101.wait(lambda p, s=sport: p.sport == s and p.dst == VIP6,
                            name)
            wire.same(got, wire6.forwarded(packet, site, tos=tos))
        assert len(ports(w101)) == len(packets), 'something came twice'


@pytest.mark.smoke
def test_only_mac_and_hop_limit(site6, way, reasons):
    balance(site6, backends=('w101',), **way)
    since = reasons('lv1')
    check(site6, PACKETS)
    # one of them ends an unknown connection
    assert ours(since) == {'forwarded': len(PACKETS) - 1,
                           'forwarded_stray_unremembered': 1}


def test_tos_is_set(site6, path):
    """Six bits of the traffic class are set, the two of ECN stay."""
    balance(site6, backends=('w101',), tos=0x20, tos_mask=0xfc, **path)
    classes = {f'{value:#x}': wire6.tcp(5000 + value, tclass=value)
               for value in (0, 1, 2, 3, 0x20, 0x22, 0xb8, 0xfc, 0xff)}
    check(site6, {**PACKETS, **classes}, tos=(0x20, 0xfc))


def test_hop_limit_exceeded(site6, path, reasons):
    balance(site6, backends=('w101',), **path)
    since = reasons('lv1')
    with wire6.Tap(site6.client) as client, wire6.Tap(site6.w101) as w101:
        packet = wire6.udp(4000, payload=b'12345678', hop=1)
        client.send(packet, LV1)
        got = client.wait(lambda p: p.type is not None and p.dst == CLIENT6,
                          'time exceeded')
        assert (got.type, got.code) == (wire6.TIME_EXCEEDED, 0)
        assert got.src == LV16 and got.checksums_right()
        assert got.quoted == packet
        assert ports(w101) == []
    assert ours(since) == {'drop_ttl_exceeded': 1}


def test_tap_sees_what_came(site6, path):
    """A tap at the front, such as tcpdump, sees the packet unchanged."""
    balance(site6, backends=('w101',), tos=0x20, tos_mask=0xfc, **path)
    with wire6.Tap(site6.client) as client, wire6.Tap(site6.w101) as w101, \
            wire6.Tap(site6.lv1) as tap:
        for packet in PACKETS.values():
            client.send(packet, LV1)
        wait_for('all', lambda: len(ports(w101)) == len(PACKETS))
        came = [p for p in tap.drain() if p.dst == VIP6]
        assert len(came) == len(PACKETS)
        for packet, got in zip(PACKETS.values(), came):
            wire.same(got, wire.frame(packet, LV1, client.mac))


def test_too_big(site6, small_mtu, path, reasons):
    balance(site6, backends=('w101',), **path)
    since = reasons('lv1')
    with wire6.Tap(site6.client) as client, wire6.Tap(site6.w101) as w101:
        fits = wire6.udp(4000, payload=b'x' * 1252)
        client.send(fits, LV1)
        got = w101.wait(lambda p: p.sport == 4000, 'what just fits')
        wire.same(got, wire6.forwarded(fits, site6))
        packet = wire6.udp(4001, payload=b'x' * 1253)
        client.send(packet, LV1)
        got = client.wait(lambda p: p.type == wire6.TOO_BIG, 'too big')
        assert (got.code, got.mtu) == (0, 1300)
        assert got.src == LV16 and got.checksums_right()
        assert packet.startswith(got.quoted) and len(got.packet) == 1280
        assert ports(w101) == [4000]
    assert since['drop_too_big'] == 1 and since['forwarded'] == 1


MALFORMED = {
    'tcp without header': wire6.ip(b'\0' * 8, 6),
    'tcp header cut': wire6.ip(wire6.tcp(4000)[40:59], 6),
    'tcp offset too small': wire6.tcp(4001, doff=4),
    'udp without header': wire6.ip(b'\0' * 7, 17),
    'udp length too small': wire6.udp(4002, data_length=7),
    'sctp without chunk': wire6.sctp(4003, chunk=None),
    'sctp chunk cut': wire6.ip(wire.sctp_data(4004, 5000, 0)[:-1], 132),
    'nothing': wire6.ip(b'', wire6.NONE),
    'options without end': wire6.ip(
        bytes((6, 9)) + bytes(14), wire6.OPTIONS),
    'icmp without header': wire6.ip(b'\1\0\0\0\0', 58),
    'error without quote': wire6.error(1, 0, b''),
    'error, quote cut': wire6.error(1, 0, wire6.tcp(
        80, 4000, src=VIP6, dst=CLIENT6)[:42]),
    'error, quoted version': wire6.error(1, 0, b'\x45' + wire6.tcp(
        80, 4000, src=VIP6, dst=CLIENT6)[1:]),
    'error, quoted options without end': wire6.error(1, 0, wire6.tcp(
        80, 4000, src=VIP6, dst=CLIENT6,
        exts=[(wire6.OPTIONS, b'\x09' + bytes(6))])),
}


def test_malformed(site6, reasons):
    balance(site6, ANY)
    since = reasons('lv1')
    with wire6.Tap(site6.client) as client, wire6.Tap(site6.w101) as w101, \
            wire6.Tap(site6.w102) as w102:
        for number, (name, packet) in enumerate(MALFORMED.items(), 1):
            client.send(packet, LV1)
            wait_for(f'{name}: drop counted',
                     lambda n=number: since['drop_malformed'] == n)
        for tap in (w101, w102):
            tap.none(lambda p: p.dst == VIP6, 'it was malformed')


def test_other_protocols(site6, reasons):
    """Packets that are not balanced are dropped."""
    balance(site6, ANY)
    since = reasons('lv1')
    with wire6.Tap(site6.client) as client:
        client.send(wire6.ip(b'\0' * 24, 47), LV1)
        wait_for('dropped', lambda: since['drop_not_served'] == 1)


@pytest.mark.parametrize('source', ['::', 'fe80::1', '::ffff:10.1.1.1',
                                    '2001:db8::1'])
def test_bad_source(site6, reasons, source):
    """A source that cannot be answered begins no connection."""
    lv1 = balance(site6, ANY)
    since = reasons('lv1')
    good = source == '2001:db8::1'
    with wire6.Tap(site6.client) as client:
        client.send(wire6.udp(4000, src=source), LV1)
        wait_for('counted', lambda:
                 since['forwarded' if good else 'drop_bad_source'] == 1)
    assert len(lv1.connections()) == good
