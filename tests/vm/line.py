# SPDX-License-Identifier: GPL-2.0
"""A line of frames from the client to w101, over a device with a path."""

import pytest

import wire
from balancer import Balancer
from host import wait_for
from network import W101
from wire import ACK, PSH

LV1 = '10.10.31.11'
DATA = {'flags': PSH | ACK, 'seq': 1001, 'ack': 1}
KNOWN = wire.tcp(4000, ident=77, payload=b'data', **DATA)


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
            assert self.lv1.ways()[way] == before + 1
        return wait


@pytest.fixture
def line(site, lv1):
    with Wire(site, lv1) as line:
        yield line
