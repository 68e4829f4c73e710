# SPDX-License-Identifier: GPL-2.0
"""IPv6: frames in and out, byte by byte, and connections end to end."""

import collections
import itertools
import socket
import struct

import pytest

import genl
import wire
import wire6
from balancer import Balancer
from network import (CLIENT6, LV16, VIP6, W1016, W1026, Failure, Host, mac_of,
                     run, wait_for)
from traffic import BIG_MIB, same_files
from wire import ACK, PSH, RST

LV1 = '10.10.31.11'             # replaced by its Ethernet address
AF_INET6 = 10
ADDRESS6 = {'w101': W1016, 'w102': W1026}
# Incomplete datagrams wait for their rest longer than a test takes.
IDENTS = itertools.count(1000)
MARK = {'fwmark': 1, 'family': AF_INET6}
ANY = {'vip': VIP6}
MARK6 = '''
    table ip6 mangle { chain prerouting {
        type filter hook prerouting priority mangle;
        ip6 daddr 2001:db8:31::100 meta mark set 1
    }
    }'''
OTHER_MAC = '02:00:00:00:01:01'


def balance(site, key, backends=('w101', 'w102'), rules=MARK6, **fields):
    """The scenario's service on lv1, for IPv6."""
    lv1 = Balancer(site)
    lv1.service('add', **key, **fields)
    for name in backends:
        lv1.backend('add', ADDRESS6[name], **key)
    if 'fwmark' in key and rules:
        site.lv1.nft(rules)
    return lv1


def ours(since):
    """The counters of packets other than neighbour discovery."""
    return {name: n for name, n in since.all().items()
            if name not in ('pass_no_service', 'pass_not_to_this_host')}


@pytest.fixture(params=['mark stack', 'mark direct', 'vip stack', 'vip direct'])
def way(request):
    """Options of balance(): the key of a service and its path."""
    how, path = request.param.split()
    return {'key': MARK if how == 'mark' else ANY, 'path': path}


@pytest.fixture(params=['stack', 'direct'])
def path(request):
    return {'key': ANY, 'path': request.param}


def ports(tap):
    return [p.sport for p in tap.drain() if p.dst == VIP6]


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


@pytest.fixture
def small_mtu(site6):
    site6.lv1.ip('link set eth1 mtu 1300')
    site6.undo.append(lambda: site6.lv1.ip('link set eth1 mtu 1500'))


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


def flows(site, client, taps, first=4000):
    """A TCP connection at each of two servers: their clients' ports."""
    found = {}
    for port in (first, first + 1):
        for flags in (wire.SYN, ACK):
            client.send(wire6.tcp(port, flags=flags), LV1)
        wait_for('both packets', lambda p=port: [
            name for name, tap in taps.items() if ports(tap).count(p) == 2])
        for name, tap in taps.items():
            if port in ports(tap):
                found[name] = port
    assert len(found) == 2
    return found


QUOTED_EXTS = ([], [(wire6.OPTIONS, wire6.PADDING)])


@pytest.mark.parametrize('how', ['vip', 'marked', 'unmarked'])
@pytest.mark.parametrize('sends', ['stack', 'direct'])
def test_error_reaches_its_server(site6, how, sends, reasons):
    """All four kinds reach their server, with any mark of the error itself."""
    rules = MARK6 if how == 'marked' else MARK6.replace(
        '100 meta', '100 tcp dport 80 meta')
    balance(site6, ANY if how == 'vip' else MARK, rules=rules, path=sends)
    since = reasons('lv1')
    with wire6.Tap(site6.client) as client, wire6.Tap(site6.w101) as w101, \
            wire6.Tap(site6.w102) as w102:
        taps = {'w101': w101, 'w102': w102}
        number = 0
        for name, port in flows(site6, client, taps).items():
            for type_, exts in itertools.product(range(1, 5), QUOTED_EXTS):
                number += 1
                quoted = wire6.tcp(80, port, src=VIP6, dst=CLIENT6, exts=exts)
                packet = wire6.error(type_, 0, quoted[:40 + 8 + 8], 1280,
                                     src=f'2001:db8:99::{number}')
                client.send(packet, LV1)
                got = taps[name].wait(lambda p, t=type_: p.type is not None
                                      and p.dst == VIP6, f'type {type_}')
                wire.same(got, wire6.forwarded(packet, site6, {
                    'w101': '10.10.30.101', 'w102': '10.10.30.102'}[name]))
                taps[name].seen.clear()
        for tap in taps.values():
            tap.none(lambda p: p.type is not None and p.dst == VIP6,
                     'it was for the other')
    assert since['forwarded_icmp_error'] == 16


def test_error_quotes_udp_and_sctp(site6, reasons):
    balance(site6, ANY, backends=('w101',))
    since = reasons('lv1')
    with wire6.Tap(site6.client) as client, wire6.Tap(site6.w101) as w101:
        client.send(wire6.udp(4000), LV1)
        client.send(wire6.sctp(4001), LV1)
        wait_for('both', lambda: len(ports(w101)) == 2)
        for quoted in (wire6.udp(7, 4000, src=VIP6, dst=CLIENT6),
                       wire6.sctp(5000, 4001, src=VIP6, dst=CLIENT6),
                       # the first fragment has the ports
                       wire6.fragment(wire6.udp_data(7, 4000), 0, True, 1,
                                      src=VIP6, dst=CLIENT6)):
            packet = wire6.error(1, 4, quoted)
            client.send(packet, LV1)
            got = w101.wait(lambda p: p.type == 1, 'the error')
            wire.same(got, wire6.forwarded(packet, site6))
            w101.seen.clear()
    assert since['forwarded_icmp_error'] == 3


def test_unrelated_errors(site6, reasons):
    """Errors about unknown connections are dropped, and not answered."""
    balance(site6, ANY)
    since = reasons('lv1')
    with wire6.Tap(site6.client) as client, wire6.Tap(site6.w101) as w101, \
            wire6.Tap(site6.w102) as w102:
        client.send(wire6.tcp(4000), LV1)
        wait_for('the SYN', lambda: ports(w101) + ports(w102))
        w101.seen.clear()
        w102.seen.clear()
        for quoted in (wire6.tcp(80, 9, src=VIP6, dst=CLIENT6),
                       wire6.tcp(4000),
                       # this looks like ports, but is not
                       wire6.fragment(wire6.tcp(80, 4000)[40:], 800, True, 1,
                                      6, src=VIP6, dst=CLIENT6),
                       wire6.ip(b'\0' * 8, 47, src=VIP6, dst=CLIENT6)):
            client.send(wire6.error(1, 0, quoted), LV1)
        wait_for('counted', lambda: since['drop_not_served'] == 4)
        # neighbour discovery, and other ICMPv6
        client.send(wire6.icmp(wire6.ECHO_REPLY, 0, b'\0' * 4), LV1)
        wait_for('counted', lambda: since['drop_not_served'] == 5)
        for tap in (w101, w102):
            tap.none(lambda p: p.src == CLIENT6 and p.dst == VIP6, 'unrelated')


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
                     lambda n=number: since['drop_malformed'] == n, 10)
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


def whole(tap, ident_of, length):
    """The parts of a datagram, once all have come."""
    parts = [p for p in tap.drain() if p.dst == VIP6 and
             p.ident is not None and ident_of(p)]
    if sum(len(p.data) for p in parts) < length:
        return None
    return parts


def join(parts):
    """The datagram of some fragments; each fragment must be valid."""
    parts = sorted(parts, key=lambda p: p.offset)
    assert len({(p.ident, p.proto) for p in parts}) == 1
    data = b''
    for part in parts:
        assert part.offset == len(data)
        assert part.more == (part is not parts[-1])
        assert not part.more or len(part.data) % 8 == 0
        data += part.data
    return data


def test_fragments_any_order(site6, way):
    """They reach one server with their original sizes, in any order."""
    balance(site6, **way)
    with wire6.Tap(site6.client) as client, wire6.Tap(site6.w101) as w101, \
            wire6.Tap(site6.w102) as w102:
        homes = collections.Counter()
        for number, order in enumerate(itertools.permutations(range(3))):
            # makes this datagram different from the last one
            data = wire6.udp_data(4000 + number, payload=bytes(
                (number,)) * 2000 + bytes(range(100)))
            sent = wire6.cut(data, 1000, next(IDENTS))
            for at in order:
                client.send(sent[at], LV1)
            parts = wait_for('every byte of the datagram', lambda d=data: next(
                (got for got in (whole(tap, lambda p: True, len(d))
                                 for tap in (w101, w102)) if got), None))
            assert join(parts) == data
            for part in parts:
                assert part.hop == 63 and part.src == CLIENT6
                assert len(part.packet) <= max(map(len, sent))
                assert part.mac_src == site6.lv1.mac('eth1')
            homes['w101' if any(p.dst == VIP6 for p in w101.seen)
                  else 'w102'] += 1
            w101.seen.clear()
            w102.seen.clear()
    assert homes == {'w101': 3, 'w102': 3}


def test_fragments_of_tcp(site6, path):
    """A fragmented segment belongs to its connection."""
    balance(site6, **path)
    with wire6.Tap(site6.client) as client, wire6.Tap(site6.w101) as w101, \
            wire6.Tap(site6.w102) as w102:
        taps = {'w101': w101, 'w102': w102}
        for name, port in flows(site6, client, taps).items():
            data = wire6.tcp(port, flags=ACK, payload=b'x' * 2000)[40:]
            for part in wire6.cut(data, 1200, next(IDENTS), 6):
                client.send(part, LV1)
            assert join(wait_for('the segment', lambda n=name, d=data: whole(
                taps[n], lambda p: True, len(d)))) == data


def test_fragment_that_is_whole(site6, path):
    """An atomic fragment (RFC 6946) leaves as an unfragmented packet."""
    balance(site6, backends=('w101',), **path)
    with wire6.Tap(site6.client) as client, wire6.Tap(site6.w101) as w101:
        client.send(wire6.fragment(wire6.udp_data(4000, payload=b'one'), 0,
                                   False, 5), LV1)
        got = w101.wait(lambda p: p.sport == 4000, 'the datagram')
        wire.same(got, wire6.forwarded(wire6.udp(4000, payload=b'one'), site6))


def test_fragments_overlap_or_repeat(site6, path, reasons):
    """Overlapping fragments are dropped (RFC 8200, 4.5); repeated ones pass
    once."""
    balance(site6, backends=('w101',), **path)
    since = reasons('lv1')
    data = wire6.udp_data(4000, payload=b'y' * 1600)
    with wire6.Tap(site6.client) as client, wire6.Tap(site6.w101) as w101:
        one, two = next(IDENTS), next(IDENTS)
        for part in (wire6.fragment(data[:800], 0, True, one),
                     wire6.fragment(data[792:1000], 792, True, one),
                     wire6.fragment(data[800:], 800, False, one)):
            client.send(part, LV1)
        for part in (wire6.fragment(data[:800], 0, True, two),
                     wire6.fragment(data[:800], 0, True, two),
                     wire6.fragment(data[800:], 800, False, two)):
            client.send(part, LV1)
        parts = wait_for('the second datagram', lambda: whole(
            w101, lambda p: True, len(data)))
        assert join(parts) == data
    assert ours(since) == {'forwarded': 1}


def test_fragment_too_big(site6, path, reasons):
    """A reassembled packet is forwarded if its fragments fit; else an error is
    sent."""
    site6.lv1.ip('link set eth1 mtu 1300')
    site6.undo.append(lambda: site6.lv1.ip('link set eth1 mtu 1500'))
    balance(site6, backends=('w101',), **path)
    data = wire6.udp_data(4000, payload=b'z' * 2000)
    since = reasons('lv1')
    with wire6.Tap(site6.client) as client, wire6.Tap(site6.w101) as w101:
        for part in wire6.cut(data, 1400, next(IDENTS)):
            client.send(part, LV1)
        got = client.wait(lambda p: p.type == wire6.TOO_BIG, 'too big')
        assert got.mtu == 1300
        assert ours(since) == {'drop_too_big': 1}
        for part in wire6.cut(data, 1248, next(IDENTS)):
            client.send(part, LV1)
        parts = wait_for('the second datagram', lambda: whole(
            w101, lambda p: True, len(data)))
        assert join(parts) == data


def test_fragment_kept_from_reassembly(site6, reasons):
    """If rules prevent reassembly, a fragment belongs to no connection."""
    balance(site6, ANY)
    site6.lv1.nft('''
        table ip6 early { chain prerouting {
            type filter hook prerouting priority -450;
            exthdr frag exists notrack
        }
        }''')
    since = reasons('lv1')
    with wire6.Tap(site6.client) as client:
        data = wire6.udp_data(4000, payload=b'x' * 100)
        client.send(wire6.fragment(data[:48], 0, True, 1), LV1)
        client.send(wire6.fragment(data[48:], 48, False, 1), LV1)
        wait_for('drops counted', lambda: since['drop_fragment'] == 2)


@pytest.mark.parametrize('how', ['announced', 'flushed'])
def test_mac_change(site6, path, how):
    """A backend gets another MAC address: its flows follow."""
    lv1 = balance(site6, backends=('w101',), **path)
    site6.w101.sysctl('ipv6/conf/eth0/ndisc_notify', int(how == 'announced'))

    def back():
        site6.w101.ip(f'link set eth0 address {mac_of("10.10.30.101")}')
        site6.lv1.ip('neigh flush dev eth1')
        site6.lv2.ip('neigh flush dev eth1')
    with wire6.Tap(site6.client) as client, wire6.Tap(site6.w101) as w101:
        client.send(wire6.udp(4000), LV1)
        got = w101.wait(lambda p: p.sport == 4000, 'the first')
        assert got.mac_dst.hex(':') == mac_of('10.10.30.101')
        assert lv1.backends(**ANY)[W1016]['mac'] == mac_of('10.10.30.101')
        site6.undo.append(back)
        site6.w101.ip(f'link set eth0 address {OTHER_MAC}')
        if how == 'flushed':
            site6.lv1.ip('neigh flush dev eth1')
        else:
            wait_for('heard', lambda: lv1.backends(**ANY)[W1016]['mac'] ==
                     OTHER_MAC)
        client.send(wire6.udp(4000), LV1)
        got = w101.wait(lambda p: p.sport == 4000 and
                        p.mac_dst.hex(':') == OTHER_MAC, 'at its new address')
    assert lv1.backends(**ANY)[W1016]['state'] == 'reachable'


def test_routes_change(site6, path, reasons):
    """The route to a backend disappears, returns, and changes for a while."""
    lv1 = balance(site6, backends=('w101',), **path)
    since = reasons('lv1')

    def back():
        for route in (f'{W1016} via 2001:db8:31::12', '2001:db8:30::/64 dev '
                      'eth1 proto kernel metric 256'):
            verb = 'del' if 'via' in route else 'replace'
            site6.lv1.run('ip', '-6', 'route', verb, *route.split(),
                          check=False)
    site6.undo.append(back)
    with wire6.Tap(site6.client) as client, wire6.Tap(site6.w101) as w101:
        port = 4000

        def comes():
            nonlocal port
            port += 1
            before = since['forwarded'], since['drop_no_route_to_backend']
            client.send(wire6.udp(port), LV1)
            wait_for('counted', lambda: before != (
                since['forwarded'], since['drop_no_route_to_backend']))
            if since['forwarded'] == before[0]:
                return False
            w101.wait(lambda p: p.sport == port, 'the datagram')
            return True
        assert comes()
        site6.lv1.ip('route del 2001:db8:30::/64 dev eth1')
        assert not comes()
        assert lv1.backends(**ANY)[W1016]['state'] == 'no_route'
        site6.lv1.ip('route add 2001:db8:30::/64 dev eth1 proto kernel')
        assert comes()
        # a gateway, so the backend is not on-link
        site6.lv1.ip(f'route add {W1016} via 2001:db8:31::12')
        assert not comes()
        site6.lv1.ip(f'route del {W1016} via 2001:db8:31::12')
        assert comes()
        # on another link, and back
        site6.lv1.ip('route add 2001:db8:30::100/120 dev eth0')
        assert lv1.backends(**ANY)[W1016]['ifindex'] == \
            site6.lv1.ifindex('eth0')
        site6.lv1.ip('route del 2001:db8:30::100/120 dev eth0')
        assert comes()
        site6.lv1.ip('link set eth1 down')
        assert not comes()
        site6.lv1.ip('''
            link set eth1 up
            addr replace 2001:db8:30::11/64 dev eth1 nodad''')
        assert comes()


@pytest.mark.parametrize('address, sentence', [
    ('fe80::1', 'link-local'), ('ff02::1', 'unicast'), ('::', 'unicast'),
    ('2001:db8:99::1', 'no route'),
    ('2001:db8:98::1', 'the gateway 2001:db8:30::77'),
    ('10.10.30.101', 'family')])
def test_backend_refused(site6, address, sentence):
    lv1 = balance(site6, ANY, backends=())
    site6.lv1.ip('route add 2001:db8:98::/64 via 2001:db8:30::77')
    site6.undo.append(lambda: site6.lv1.ip('route del 2001:db8:98::/64'))
    with pytest.raises(genl.Refused) as refused:
        lv1.backend('add', address, **ANY)
    assert sentence in refused.value.sentence
    assert lv1.backends(**ANY) == {}


def test_both_families(site6):
    """One mark in both families is two services; tables do not mix."""
    site6.balance(rule='')
    lv1 = balance(site6, MARK)
    with wire6.Tap(site6.client) as client6, wire.Tap(site6.client) as client, \
            wire6.Tap(site6.w101) as w101, wire.Tap(site6.w101) as old:
        for port in (4000, 4001):
            client6.send(wire6.udp(port), LV1)
            client.send(wire.udp(port), LV1)
        wait_for('one of each', lambda: len(ports(w101)) == 1 and
                 [p for p in old.drain() if p.dst == wire.VIP])
    found = {(one['src'], one['sport']): one['backend']
             for one in lv1.connections()}
    assert len(found) == 4
    assert {backend for (src, _), backend in found.items()
            if src == CLIENT6} == {W1016, W1026}
    lv1.service('delete', **MARK)
    assert len(lv1.dump('SERVICE_GET')) == 1
    lv1.service('delete')
    assert lv1.dump('SERVICE_GET') == []


def test_connection_shown(site6):
    lv1 = balance(site6, MARK, backends=('w102',))
    with wire6.Tap(site6.client) as client, wire6.Tap(site6.w102) as w102:
        client.send(wire6.tcp(4000), LV1)
        client.send(wire6.tcp(4000, flags=ACK), LV1)
        wait_for('both', lambda: ports(w102) == [4000, 4000])
    found, = lv1.connections()
    found.pop('expires')
    assert found == {'proto': 'tcp', 'src': CLIENT6, 'sport': 4000,
                     'dst': VIP6, 'dport': 80, 'state': 'established',
                     'fwmark': 1, 'backend': W1026}


# End to end

@pytest.fixture
def aliased(site6):
    """The real servers have the VIP, hidden from the neighbours."""
    for name in ADDRESS6:
        host = site6.net[name]
        host.ip(f'addr add {VIP6}/128 dev lo nodad')
        site6.undo.append(lambda h=host: h.ip(f'addr del {VIP6}/128 dev lo'))
    return site6


def replies(site, number, host='client'):
    text = site.curl('-6', f'http://[{VIP6}]/?[1-{number}]', host=host)
    return collections.Counter(text.splitlines())


@pytest.mark.smoke
def test_web(aliased, way):
    """Real clients and servers; the servers answer the clients directly."""
    balance(aliased, **way)
    with wire6.Tap(aliased.w101) as w101:
        assert replies(aliased, 10) == {'w101 nano': 5, 'w102 desu': 5}
        asked = [p for p in w101.drain() if p.dst == VIP6]
        assert {p.mac_src for p in asked} == {aliased.lv1.mac('eth1')}


def test_vip_is_not_claimed(aliased):
    """Neighbour solicitations for the VIP at the back get no answer."""
    lv1 = balance(aliased, ANY)
    assert replies(aliased, 2).total() == 2
    for host, dev in ((aliased.lv1, 'eth1'), (aliased.client, 'eth0')):
        with wire6.Tap(host, dev) as tap:
            for target, kind in ((VIP6, 'vip'), (
                    W1016 if dev == 'eth1' else LV16, 'other')):
                body = bytes(4) + wire6.raw(target) + b'\1\1' + tap_mac(tap)
                source = CLIENT6 if dev == 'eth0' else '2001:db8:30::11'
                packet = wire6.icmp(135, 0, body, src=source, dst=target,
                                    hop=255)
                tap.send(packet, 'ff:ff:ff:ff:ff:ff')
                if kind == 'other':
                    tap.wait(lambda p: p.type == 136, 'the other advertised')
            assert [p.packet[48:64] for p in tap.drain() if p.type == 136] == [
                wire6.raw(target)]
    assert lv1.get(**ANY)['stats']['packets'] > 0


def tap_mac(tap):
    return bytes.fromhex(tap.mac.replace(':', ''))


@pytest.mark.parametrize('gro', [False, True])
def test_bulk(aliased, path, gro):
    """Merged segments pass in both directions."""
    balance(aliased, backends=('w101',), **path)
    if gro:
        devices = ((aliased.lv1, 'eth0'), (aliased.lv1, 'eth1'),
                   (aliased.w101, 'eth0'), (aliased.client, 'eth0'))
        for host, dev in devices:
            host.set_gro(dev, True)
            aliased.undo.append(lambda h=host, d=dev: h.set_gro(d, False))
    big = aliased.net.big_file(10 if BIG_MIB > 10 else BIG_MIB)
    came = f'{aliased.net.directory}/w101/www/up/six'
    aliased.curl('-6', '-T', big, f'http://[{VIP6}]/up/six', vhost='x')
    assert same_files(came, big)


def test_upload_through_small_mtu(aliased, small_mtu, path, reasons):
    """An upload where the balancer asks for smaller packets."""
    balance(aliased, backends=('w101',), **path)
    aliased.undo.append(lambda: aliased.client.run(
        'ip', '-6', 'route', 'flush', 'cache'))
    since = reasons('lv1')
    big = aliased.net.big_file(2)
    aliased.curl('-6', '-T', big, f'http://[{VIP6}]/up/small', vhost='x')
    assert same_files(f'{aliased.net.directory}/w101/www/up/small', big)
    assert since['drop_too_big'] >= 1


@pytest.fixture
def far(aliased):
    """A client behind a link of MTU 1300: the client becomes its router."""
    site = aliased
    run('ip', 'netns', 'add', 'far')
    host = site.net.hosts['far'] = Host('far')

    def undo():
        site.net.hosts.pop('far').stop()
        run('ip', 'netns', 'del', 'far')
        site.client.sysctl('ipv6/conf/all/forwarding', 0)
        site.lv1.ip('route del 2001:db8:32::/64')
        for name in ADDRESS6:
            site.net[name].run('ip', '-6', 'route', 'flush', 'cache')
    site.undo.append(undo)
    site.client.ip('''
        link add name far type veth peer name eth0 netns far
        link set far mtu 1300 up''')
    site.client.sysctl('ipv6/conf/far/disable_ipv6', 0)
    site.client.sysctl('ipv6/conf/far/accept_dad', 0)
    host.sysctl('ipv6/conf/eth0/accept_dad', 0)
    host.sysctl('ipv6/conf/eth0/disable_ipv6', 0)
    host.ip('''
        link set eth0 up
        addr add 2001:db8:32::2/64 dev eth0 nodad
        route add default via 2001:db8:32::1''')
    site.client.ip('addr add 2001:db8:32::1/64 dev far nodad')
    site.client.sysctl('ipv6/conf/all/forwarding', 1)
    site.lv1.ip(f'route add 2001:db8:32::/64 via {CLIENT6}')
    return site


def test_path_mtu_discovery(far, path, reasons):
    """A download through a narrow link on the path of the replies."""
    since = reasons('lv1')
    balance(far, backends=('w101',), **path)
    got = f'{far.net.directory}/got'
    far.curl('-6', '-o', got, f'http://[{VIP6}]/big', host='far', vhost='x',
             timeout=100)
    assert same_files(got, far.net.big_file(BIG_MIB))
    assert since['forwarded_icmp_error'] >= 1
    assert 'mtu 1300' in far.w101.run('ip', '-6', 'route', 'get',
                                      '2001:db8:32::2').stdout
    assert 'mtu 1300' not in far.w102.run('ip', '-6', 'route', 'get',
                                          '2001:db8:32::2').stdout
