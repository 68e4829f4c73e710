# SPDX-License-Identifier: GPL-2.0
"""A backend that does not answer address resolution: on-unreachable skip."""

import itertools
import socket

import pytest

import wire
import wire6
from balancer import Balancer
from host import wait_for
from network import CLIENT, CLIENT6, VIP, VIP6, W101, W1016, W102, W1026

LV1 = '10.10.31.11'             # stands for its Ethernet address
FAMILIES = {4: (CLIENT, VIP, W101, W102, wire, wire.Tap),
            6: (CLIENT6, VIP6, W1016, W1026, wire6, wire6.Tap)}


class Wires:
    """SYNs from the client, and the machines that they reach."""

    def __init__(self, site, number):
        self.source, self.vip, *self.addresses, self.make, self.kind = FAMILIES[number]
        self.site, self.lv1 = site, Balancer(site)
        self.client = self.kind(site.client)
        self.taps = {name: self.kind(site.net[name]) for name in ('w101', 'w102')}
        self.ports = itertools.count(4000)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for tap in (self.client, *self.taps.values()):
            tap.sock.close()

    def send(self, port):
        self.client.send(self.make.tcp(port, dst=self.vip), LV1)

    def homes(self, ports):
        """{port: machine} of the ports whose SYNs have come."""
        return {packet.sport: name for name, tap in self.taps.items()
                for packet in tap.drain()
                if packet.dst == self.vip and packet.sport in ports}

    def spread(self, number=16):
        """The machines that so many new connections reach, each in time."""
        ports = list(itertools.islice(self.ports, number))
        for port in ports:
            self.send(port)
        wait_for(lambda: f'{number} SYNs: {self.homes(ports)}',
                 lambda: len(self.homes(ports)) == number)
        return set(self.homes(ports).values())

    def states(self):
        return [self.lv1.backends(vip=self.vip)[address]['state']
                for address in self.addresses]

    def answers(self, name, answers):
        """Let a machine answer address resolution, or not."""
        if self.kind is wire.Tap:
            self.site.net[name].ip(
                f'link set eth0 arp {"on" if answers else "off"}')
        elif answers:
            self.site.net[name].nft('delete table ip6 mute')
        else:
            self.site.net[name].nft('''table ip6 mute { chain in {
                type filter hook input priority 0;
                icmpv6 type nd-neighbor-solicit drop
            }
            }''')
        if not answers:
            self.site.lv1.ip('neigh flush dev eth1')

    def lose(self, *names):
        """Let machines answer no more; the port of a SYN that one has missed."""
        events = self.lv1.events()
        for name in names:
            self.answers(name, False)
            self.site.undo.append(lambda name=name: self.answers(name, True))
        missed = list(itertools.islice(self.ports, 16))
        for port in missed:
            self.send(port)
        for name in names:
            address = self.addresses[int(name[-1]) - 1]
            events.wait(lambda what, objects, address=address: (
                what == 'backend_state' and
                objects['backend']['addr'] == address and
                objects['backend']['unresolved']))
        return next(port for port in missed if port not in self.homes(missed))


@pytest.fixture
def wires(site6, number, scheduler):
    with Wires(site6, number) as wires:
        wires.lv1.service('add', vip=wires.vip, scheduler=scheduler,
                          on_unreachable='skip')
        for address in wires.addresses:
            wires.lv1.backend('add', address, vip=wires.vip)
        yield wires


@pytest.mark.parametrize('scheduler', ['rr', 'maglev'])
@pytest.mark.parametrize('number', FAMILIES)
def test_skipped(wires):
    """It gets no connections while it is lost, and gets them when it is back."""
    assert wires.spread() == {'w101', 'w102'}
    missed = wires.lose('w102')
    assert wires.spread() == {'w101'}
    # a client that has had no answer goes on where there is one
    wires.send(missed)
    wires.taps['w101'].wait(lambda p: p.sport == missed, 'the second SYN')
    # nothing is sent to it meanwhile: the balancer asks for it
    wires.site.undo.pop()
    wires.answers('w102', True)
    wait_for(lambda: f'both are there: {wires.states()}',
             lambda: wires.spread() == {'w101', 'w102'})
    assert wires.states() == ['reachable', 'reachable']


@pytest.mark.parametrize('scheduler', ['rr'])
@pytest.mark.parametrize('number', FAMILIES)
def test_all_are_lost(wires):
    """None is skipped: packets are what a backend is found again by."""
    assert wires.spread() == {'w101', 'w102'}
    wires.lose('w101', 'w102')
    told = wires.lv1.explain(src=wires.source, sport=5000, dst=wires.vip,
                             dport=80, proto='tcp')
    assert told['explain']['reason'] == 'forwarded'
    for name in ('w101', 'w102'):
        wires.site.undo.pop()
        wires.answers(name, True)
    wait_for('both are there again', lambda: wires.spread() == {'w101', 'w102'})


@pytest.mark.parametrize('scheduler', ['rr'])
@pytest.mark.parametrize('number', [4])
def test_other_device(wires):
    """A resolution of the same address that fails at another device is no loss.

    Any user can cause one.
    """
    assert wires.spread() == {'w101', 'w102'}
    events = wires.lv1.events()
    lv1 = wires.site.lv1
    wires.site.undo.append(lambda: lv1.ip('neigh flush dev eth0'))
    with lv1.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b'eth0')
        sock.sendto(b'', (W102, 9))
    told = events.wait(lambda what, objects: (
        what == 'backend_state' and objects['backend']['addr'] == W102 and
        objects['backend']['unresolved']))
    assert told['backend']['state'] == 'reachable'
    assert wires.spread() == {'w101', 'w102'}


@pytest.mark.parametrize('scheduler', ['rr'])
@pytest.mark.parametrize('number', [4])
def test_keep(wires):
    """The default: half of the connections wait for it."""
    wires.lose('w102')
    assert wires.spread() == {'w101'}
    wires.lv1.service('set', vip=wires.vip, on_unreachable='keep')
    ports = list(itertools.islice(wires.ports, 16))
    for port in ports:
        wires.send(port)
    wait_for('half of them', lambda: len(wires.homes(ports)) == 8)
    assert wires.lv1.get(vip=wires.vip)['on_unreachable'] == 'keep'
    wires.lv1.service('set', vip=wires.vip, on_unreachable='skip')
    assert wires.spread() == {'w101'}
