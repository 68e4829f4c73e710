# SPDX-License-Identifier: GPL-2.0
"""Single packets of clients, and the real server that gets each."""

import contextlib

import wire
from host import Failure, wait_for

LV1 = '10.10.31.11'


class Probe:
    """Send packets to a balancer; the servers must not answer.

    Each packet has a unique number in its IP header.
    """

    def __init__(self, site, to=LV1):
        self.site = site
        self.to = to
        self.ident = 0
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        self.client = self.stack.enter_context(wire.Tap(self.site.client))
        self.taps = {name: self.stack.enter_context(
            wire.Tap(self.site.net[name])) for name in ('w101', 'w102')}
        return self

    def __exit__(self, *_):
        self.stack.close()

    def send(self, packet):
        self.client.send(packet, self.to)

    def number(self):
        self.ident += 1
        return self.ident

    def find(self, ident):
        """The servers that have got the packet with this number.

        Other servers may see frames that a bridge floods.
        """
        return [name for name, tap in self.taps.items()
                if any(p.ident == ident and p.for_us and
                       p.dst.endswith('.31.100') for p in tap.drain())]

    def home(self, ident):
        return wait_for(f'packet {ident} at a server',
                        lambda: self.find(ident))[0]

    def syn(self, sport, **fields):
        """Send a SYN, and return the server that gets it."""
        return self.tcp(sport, flags=wire.SYN, **fields)

    def tcp(self, sport, flags=wire.ACK, **fields):
        ident = self.number()
        self.send(wire.tcp(sport, flags=flags, ident=ident, **fields))
        return self.home(ident)

    def udp(self, sport, dport=9, **fields):
        ident = self.number()
        self.send(wire.udp(sport, dport, ident=ident, **fields))
        return self.home(ident)

    def lost(self, packet, since, reason):
        """Send a packet that must be dropped for that reason."""
        before = since[reason]
        self.send(packet)
        wait_for(f'{reason} counted', lambda: since[reason] == before + 1)

    def answer(self, match, what):
        return self.client.wait(match, what)

    def clear(self):
        for tap in (self.client, *self.taps.values()):
            tap.drain()
            tap.seen.clear()

    def nothing(self, what):
        """Check that no server has got a packet since clear()."""
        for name, tap in self.taps.items():
            found = [p for p in tap.drain() if p.dst.endswith('.31.100')]
            if found:
                raise Failure(f'seen on {name}, although {what}: {found[0]}')
