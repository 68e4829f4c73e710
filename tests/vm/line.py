# SPDX-License-Identifier: GPL-2.0
"""A line of frames from the client to w101, over a device with a path."""

import os
import struct

import pytest

import wire
from balancer import Balancer
from host import wait_for
from network import CLIENT, VIP, W101
from traffic import SCALE, same_files
from wire import ACK, FIN, PSH, RST

LV1 = '10.10.31.11'
DATA = {'flags': PSH | ACK, 'seq': 1001, 'ack': 1}
KNOWN = wire.tcp(4000, ident=77, payload=b'data', **DATA)

# Packets of a known connection from port 4000, which take the fast path.
TAKEN = {
    'tcp': [wire.tcp(4000, ident=100, payload=b'data', **DATA),
            wire.tcp(4000, ident=101, flags=ACK, ack=9),
            wire.tcp(4000, ident=102, payload=bytes(1460), **DATA),
            wire.tcp(4000, ident=103, ttl=2, **DATA),
            wire.tcp(4000, ident=104, tos=0x5d, **DATA),
            wire.tcp(4000, ident=105, frag=0, **DATA),
            wire.tcp(4000, ident=106, ttl=255, **DATA) + b'\x55' * 6,
            wire.tcp(4000, ident=107, **DATA) + b'\x55' * 700],
    'udp': [wire.udp(4000, ident=110), wire.udp(4000, ident=111, payload=b'x'),
            wire.udp(4000, ident=112, payload=bytes(1472), csum=False)],
    'sctp': [wire.sctp(4000, chunk=0, ident=120, payload=bytes(16)),
             wire.sctp(4000, chunk=3, ident=121)],
}


def bad_sum(packet):
    return packet[:10] + bytes((packet[10] ^ 1,)) + packet[11:]


# Packets that are forwarded, but on the slow path, with the reason.
LONG = {
    'a new connection': (wire.tcp(4001, ident=100), 'no_connection'),
    'from the middle': (wire.tcp(4002, ident=101, **DATA), 'no_connection'),
    'syn': (wire.tcp(4000, ident=102), 'state_changes'),
    'ip options': (wire.ip(wire.tcp(4000, **DATA)[20:], 6, ident=103,
                           options=b'\1\1\1\1'), 'options'),
    'fin': (wire.tcp(4000, flags=FIN | ACK, ident=104), 'state_changes'),
    'fin again': (wire.tcp(4000, flags=FIN | ACK, ident=105), 'state_changes'),
    'rst': (wire.tcp(4000, flags=RST, ident=106), 'state_changes'),
    'after a rst': (wire.tcp(4000, ident=107, **DATA), 'state_changes'),
}

# Packets that are not forwarded: the slow path has the reason.
REFUSED = {
    'ip checksum': (bad_sum(KNOWN), 'malformed', None),
    'longer than it is': (wire.ip(KNOWN[20:], 6, length=len(KNOWN) + 4),
                          'malformed', None),
    'shorter than its header': (wire.ip(KNOWN[20:], 6, length=19),
                                'malformed', None),
    # bytes that look like the rest of a header are padding
    'tcp header in the padding': (wire.ip(KNOWN[20:], 6, length=39),
                                  'malformed', 'drop_malformed'),
    'tcp header cut': (KNOWN[:20 + 19], 'malformed', None),
    'tcp offset': (wire.tcp(4000, doff=4, **DATA), 'malformed',
                   'drop_malformed'),
    'ip version': (b'\x55' + KNOWN[1:], 'malformed', None),
    'ip header length': (b'\x44' + KNOWN[1:], 'options', None),
    'ttl': (wire.tcp(4000, ttl=1, **DATA), 'ttl_exceeded',
            'drop_ttl_exceeded'),
    'icmp error': (wire.icmp_error(3, 1, wire.tcp(
        80, 4999, src=VIP, dst=CLIENT)), 'protocol_not_balanced',
        'drop_not_served'),
    'echo': (wire.icmp_echo(), 'protocol_not_balanced', 'answered_ping'),
    'igmp': (wire.ip(bytes(8), 2), 'protocol_not_balanced',
             'drop_not_served'),
    'first fragment': (wire.ip(KNOWN[20:44], 6, frag=wire.MF, ident=5),
                       'fragment', None),
    'last fragment': (wire.ip(bytes(8), 6, frag=100, ident=6), 'fragment',
                      None),
}


@pytest.fixture
def lv1(site):
    """One server, one device with a path."""
    lv1 = Balancer(site)
    lv1.service(path='direct')
    lv1.backend('add', W101)
    lv1.path('add', 'eth0')
    return lv1


class Wire:
    """From the client to w101, frame by frame."""

    def __init__(self, site, lv1):
        self.site, self.lv1 = site, lv1
        self.client, self.w101 = wire.Tap(site.client), wire.Tap(site.w101)
        self.out = site.lv1.mac('eth1').hex(':')
        self.ident = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.sock.close()
        self.w101.sock.close()

    def send(self, packet, to=LV1):
        self.client.send(packet, to)

    def frame(self, packet, to=LV1):
        return wire.frame(packet, to, self.client.mac)

    def tagged(self, packet, vlan):
        frame = self.frame(packet)
        return frame[:12] + struct.pack('>HH', 0x8100, vlan) + frame[12:]

    def get(self, packet, tos=None):
        """Wait for the packet, and compare the frame."""
        got = self.w101.wait(lambda p: p.packet[20:] == packet[20:len(
            p.packet)] and p.ident == packet[4] << 8 | packet[5], 'the packet')
        wire.same(got, wire.forwarded(packet, '10.10.30.101', self.out, tos))
        self.w101.seen.clear()

    def number(self):
        self.ident += 1
        return self.ident

    def begin(self, sport, proto='tcp'):
        """Open a connection, on the slow path."""
        firsts = {
            'tcp': (wire.tcp(sport, ident=self.number()),
                    wire.tcp(sport, ident=self.number(), **DATA)),
            'udp': (wire.udp(sport, ident=self.number()),
                    wire.udp(sport, ident=self.number())),
            'sctp': (wire.sctp(sport, chunk=1, ident=self.number()),
                     wire.sctp(sport, chunk=10, ident=self.number())),
        }
        for packet in firsts[proto]:
            self.send(packet)
            self.get(packet)

    def counted(self, way, what=''):
        """Check that one more packet has taken that way."""
        before = self.lv1.ways().get(way, 0)

        def wait():
            wait_for(f'{way} counted: {what}',
                     lambda: self.lv1.ways().get(way, 0) > before)
            assert self.lv1.has_one_more(way, before)
        return wait

    def take_slow_path(self):
        """Send the packets of LONG, each of which is forwarded."""
        for packet, way in LONG.values():
            done = self.counted(way)
            self.send(packet)
            self.get(packet)
            done()

    def refuse(self, reasons):
        """Send the packets of REFUSED, none of which is forwarded.

        Fragments are dropped before they are put together.
        """
        self.site.lv1.nft('''table ip early {
            chain prerouting {
                type filter hook prerouting priority -450;
                ip frag-off & 0x3fff != 0 drop
            }
        }''')
        for name, (packet, way, reason) in REFUSED.items():
            since, done = reasons('lv1'), self.counted(way, name)
            self.send(packet)
            done()
            if reason:
                wait_for(name, lambda s=since, r=reason: s.all() == {r: 1})
            else:
                assert not since.all(), name

    def refuse_frames(self):
        """Send frames to another MAC address, to all, in a VLAN, without IP."""
        frame = self.frame(KNOWN)
        for way, data in (
                ('not_to_this_host', self.frame(KNOWN, '02:00:00:00:00:99')),
                ('not_to_this_host', b'\xff' * 6 + frame[6:]),
                ('vlan_tag', self.tagged(KNOWN, 5)),
                ('not_ip', frame[:12] + b'\x88\xb5' + frame[14:])):
            done = self.counted(way)
            self.client.sock.send(data)
            done()


@pytest.fixture
def line(site, lv1):
    with Wire(site, lv1) as line:
        yield line


def bulk(site):
    """Send a large file to the VIP over a device with a path: it takes the fast path.

    Return the ways that the packets of the path have gone.
    """
    site.balance('path direct', backends=('w102',))
    lv1 = Balancer(site)
    lv1.path('add', 'eth0')
    big = site.net.big_file(20 // min(SCALE, 5))
    came = f'{site.net.directory}/w102/www/up/bulk'
    site.curl('-T', big, f'http://{VIP}/up/bulk', vhost='x', timeout=100)
    assert same_files(big, came)
    os.unlink(came)
    ways = lv1.ways()
    assert ways['forwarded'] > 5 * sum(
        number for way, number in ways.items() if way != 'forwarded')
    return ways
