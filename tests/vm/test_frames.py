# SPDX-License-Identifier: GPL-2.0
"""Frames in and out, byte by byte."""

import struct

import pytest

import wire
from host import wait_for
from network import CLIENT, VIP, mac_of
from wire import ACK, DF, FRAGMENTATION_NEEDED, PSH, RST, SYN

MSS = bytes.fromhex('020405b4')
NOPS = b'\1' * 8
LV1 = '10.10.31.11'


PACKETS = {
    'syn': wire.tcp(4000, options=MSS),
    'data odd': wire.tcp(4001, flags=PSH | ACK, ack=1, payload=b'odd'),
    'data even': wire.tcp(4002, flags=PSH | ACK, ack=1, payload=b'even'),
    'data full': wire.tcp(4003, flags=ACK, ack=1, payload=bytes(range(256)) * 5
                          + bytes(180)),
    'rst': wire.tcp(4004, flags=RST),
    'tcp without df': wire.tcp(4005, frag=0, ident=7777),
    'tcp wrong checksum': wire.tcp(4006)[:-4] + b'\0\0\0\0',
    'udp': wire.udp(4010, payload=b'hello'),
    'udp odd': wire.udp(4011, payload=b'x'),
    'udp empty': wire.udp(4012),
    'udp full': wire.udp(4013, payload=b'\xff' * 1472),
    'udp without checksum': wire.udp(4014, payload=b'hello', csum=False),
    'ip options': wire.tcp(4020, options=MSS, ttl=2),
    'ip options nops': wire.ip(wire.tcp(4021)[20:], 6, options=NOPS),
    'tos': wire.tcp(4022, tos=0x5d),
    'ttl 2': wire.tcp(4023, ttl=2),
    'ttl 255': wire.tcp(4024, ttl=255),
    # padding after the end of the packet, as in small Ethernet frames
    'padded': wire.tcp(4025) + b'\0' * 6,
}


def check(site, packets, tos=None):
    with wire.Tap(site.client) as client, wire.Tap(site.w101) as w101:
        # Resolve the addresses first, so that no ARP comes between.
        client.send(wire.udp(3999, 9), LV1)
        w101.wait(lambda p: p.sport == 3999, 'the first')
        for name, packet in packets.items():
            client.send(packet, LV1)
            sport = struct.unpack_from('>H', packet, (packet[0] & 15) * 4)[0]
            got = w101.wait(lambda p, s=sport: p.sport == s and p.dst == VIP,
                            name)
            wire.same(got, wire.forwarded(
                packet, '10.10.30.101', site.lv1.mac('eth1').hex(':'), tos))
        assert len([p for p in w101.drain() if p.dst == VIP]) == \
            len(packets) + 1, 'something came twice'


@pytest.mark.smoke
@pytest.mark.parametrize('path', ['stack', 'direct'])
def test_only_mac_ttl_and_checksum(site, path):
    site.balance(f'path {path}', backends=('w101',), rule='')
    check(site, PACKETS)


@pytest.mark.parametrize('path', ['stack', 'direct'])
def test_tos_is_set(site, path):
    """The six bits of the DSCP are set, the two of ECN stay."""
    site.balance(f'path {path} tos 0x20', backends=('w101',), rule='')
    packets = {f'tos {tos:#x}': wire.tcp(5000 + tos, tos=tos)
               for tos in (0, 1, 2, 3, 0x20, 0x22, 0xb8, 0xfc, 0xff)}
    check(site, {**PACKETS, **packets}, tos=(0x20, 0xfc))


def test_backend_of_another_mac(site):
    """The source MAC is that of the balancer's device, the destination the
    backend's."""
    site.balance(backends=('w102',), rule='')
    with wire.Tap(site.client) as client, wire.Tap(site.w102) as w102:
        client.send(wire.tcp(4000), LV1)
        got = w102.wait(lambda p: p.dst == VIP, 'the SYN')
    assert got.mac_dst.hex(':') == mac_of('10.10.30.102')
    assert got.mac_src == site.lv1.mac('eth1')


@pytest.mark.parametrize('path', ['stack', 'direct'])
def test_ttl_exceeded(site, path, reasons):
    site.balance(f'path {path}', backends=('w101',), rule='')
    since = reasons('lv1')
    with wire.Tap(site.client) as client, wire.Tap(site.w101) as w101:
        packet = wire.udp(4000, payload=b'12345678', ttl=1)
        client.send(packet, LV1)
        got = client.error('time exceeded')
        assert (got.type, got.code) == (wire.ICMP_TIME_EXCEEDED, 0)
        assert got.src == LV1 and got.dst == CLIENT
        assert got.quoted[:28] == packet[:28]
        assert got.checksums_right()
        w101.none(lambda p: p.dst == VIP, 'its time was over')
    assert since.all() == {'drop_ttl_exceeded': 1}


@pytest.fixture
def small_mtu(site):
    site.lv1.ip('link set eth1 mtu 1300')
    site.undo.append(lambda: site.lv1.ip('link set eth1 mtu 1500'))


@pytest.mark.parametrize('path', ['stack', 'direct'])
def test_too_big(site, small_mtu, path, reasons):
    site.balance(f'path {path}', backends=('w101',), rule='')
    since = reasons('lv1')
    with wire.Tap(site.client) as client, wire.Tap(site.w101) as w101:
        fits = wire.udp(4000, payload=b'x' * 1272)
        client.send(fits, LV1)
        w101.wait(lambda p: p.sport == 4000, 'what just fits')
        packet = wire.udp(4001, payload=b'x' * 1273)
        client.send(packet, LV1)
        got = client.error('fragmentation needed')
        assert (got.type, got.code, got.mtu) == (
            wire.ICMP_UNREACHABLE, FRAGMENTATION_NEEDED, 1300)
        assert got.quoted[:28] == packet[:28]
        w101.none(lambda p: p.sport == 4001, 'it was too big')
    assert since['drop_too_big'] == 1 and since['forwarded'] == 1


@pytest.mark.parametrize('path', ['stack', 'direct'])
def test_fragmented_on_the_way(site, small_mtu, path):
    """Without DF the packet is fragmented, as by routers."""
    site.balance(f'path {path}', backends=('w101',), rule='')
    with wire.Tap(site.client) as client, wire.Tap(site.w101) as w101:
        packet = wire.udp(4000, payload=bytes(range(250)) * 5 + b'x' * 100,
                          frag=0, ident=4711)
        client.send(packet, LV1)
        parts = []

        def whole():
            parts[:] = [p for p in w101.drain() if p.ident == 4711]
            return sum(len(p.data) for p in parts) == len(packet) - 20
        wait_for('all fragments', whole)
    parts.sort(key=lambda p: p.frag & 0x1fff)
    assert len(parts) == 2
    assert all(len(p.packet) <= 1300 for p in parts)
    assert b''.join(p.data for p in parts) == packet[20:]


@pytest.mark.parametrize('path', ['stack', 'direct'])
def test_fragments_stay_together(silent, path):
    """All fragments of a datagram reach one server, in any order."""
    silent.lv1.dsrctl(f'service set fwmark 1 path {path}')
    with wire.Tap(silent.client) as client, wire.Tap(silent.w101) as w101, \
            wire.Tap(silent.w102) as w102:
        for ident in range(100, 106):
            data = wire.udp(4000 + ident, 9, payload=b'ab' * 1000)[20:]
            parts = [(0, data[:800], True), (100, data[800:1600], True),
                     (200, data[1600:], False)]
            if ident % 2:
                parts.reverse()
            for offset, piece, more in parts:
                client.send(wire.ip(piece, 17, frag=offset | (
                    wire.MF if more else 0), ident=ident), LV1)
        count = {}

        def all_there():
            for tap in (w101, w102):
                count[tap] = {}
                for p in tap.drain():
                    if 100 <= p.ident < 106 and p.dst == VIP:
                        count[tap].setdefault(p.ident, []).append(len(p.data))
            return sum(sum(map(sum, idents.values()))
                       for idents in count.values()) == 6 * 2008
        wait_for('every byte of every datagram', all_there)
        assert len(count[w101]) == len(count[w102]) == 3
        assert not set(count[w101]) & set(count[w102])


def test_fragment_kept_from_reassembly(silent, reasons):
    """If rules prevent reassembly, a fragment belongs to no connection."""
    silent.lv1.nft('''
        table ip early { chain prerouting {
            type filter hook prerouting priority -450;
            ip frag-off & 0x3fff != 0 notrack
        }
        }''')
    since = reasons('lv1')
    with wire.Tap(silent.client) as client:
        client.send(wire.ip(wire.udp(4000, 9, b'x' * 100)[20:68], 17,
                            frag=wire.MF), LV1)
    wait_for('drop counted', lambda: since['drop_fragment'] == 1)


MALFORMED = {
    'tcp without header': wire.ip(b'\0' * 8, 6),
    'tcp header cut': wire.ip(wire.tcp(4000)[20:39], 6),
    'tcp offset too small': wire.tcp(4001, doff=4),
    'udp without header': wire.ip(b'\0' * 7, 17),
    'udp length too small': wire.udp(4002, length=7),
    'icmp without header': wire.ip(b'\3\4\0\0\0', 1),
    'icmp error without quote': wire.icmp_error(3, 4, b''),
    'icmp error, quote cut': wire.icmp_error(3, 4, wire.tcp(80, 4000, src=VIP,
                                                            dst=CLIENT)[:22]),
    'icmp error, quoted ihl': wire.icmp_error(
        3, 4, b'\x42' + wire.tcp(80, 4000, src=VIP, dst=CLIENT)[1:28]),
    'icmp error, quoted version': wire.icmp_error(
        3, 4, b'\x65' + wire.tcp(80, 4000, src=VIP, dst=CLIENT)[1:28]),
}


def test_malformed(lb, reasons):
    since = reasons('lv1')
    with wire.Tap(lb.client) as client, wire.Tap(lb.w101) as w101, \
            wire.Tap(lb.w102) as w102:
        for number, (name, packet) in enumerate(MALFORMED.items(), 1):
            client.send(packet, LV1)
            wait_for(f'{name}: drop counted',
                     lambda n=number: since['drop_malformed'] == n)
        for tap in (w101, w102):
            tap.none(lambda p: p.dst == VIP, 'it was malformed')
    assert lb.replies(2).total() == 2


@pytest.mark.stock     # the debug kernel has no XFRM
def test_ipsec_policy(lb, reasons):
    """An IPsec policy that forbids the traffic applies."""
    lb.lv1.run('ip', 'xfrm', 'policy', 'add', 'src', '0.0.0.0/0', 'dst',
               f'{VIP}/32', 'dir', 'fwd', 'action', 'block')
    lb.undo.append(lambda: lb.lv1.run('ip', 'xfrm', 'policy', 'flush'))
    since = reasons('lv1')
    with wire.Tap(lb.client) as client:
        client.send(wire.tcp(4000), LV1)
    wait_for('drop counted', lambda: since['drop_ipsec_policy'] == 1)
