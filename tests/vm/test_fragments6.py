# SPDX-License-Identifier: GPL-2.0
"""IPv6: fragments are balanced as the datagrams that they make."""

import collections
import itertools

import wire
import wire6
from host import wait_for
from network import CLIENT6, VIP6
from service6 import (  # noqa: F401  pylint: disable=unused-import
    ANY, LV1, balance, flows, ours, path, way)
from wire import ACK

# Incomplete datagrams wait for their rest longer than a test takes.
IDENTS = itertools.count(1000)


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
