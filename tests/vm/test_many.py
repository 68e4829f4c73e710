# SPDX-License-Identifier: GPL-2.0
"""The number of backends does not slow down packets or events."""

import socket
import struct
import time

import pytest

from balancer import Balancer
from host import wait_for
from network import W101

RTM_NEWNEIGH = 28
REQUEST, ACK, REPLACE, CREATE = 1, 4, 0x100, 0x400
NUD_PERMANENT = 0x80
NEIGHBOUR = '10.10.30.250'


class Neighbours:
    """Set the MAC address of one neighbour."""

    def __init__(self, host, dev, addr):
        with host.at():
            self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        self.sock.settimeout(60)
        self.index = host.ifindex(dev)
        self.addr = socket.inet_aton(addr)
        self.turn = 0

    def _message(self, flags):
        self.turn += 1
        mac = struct.pack('>HI', 0x0200, self.turn)
        return struct.pack(
            'IHHIIBxxxiHBBHH4sHH6sxx', 48, RTM_NEWNEIGH,
            flags | REQUEST | REPLACE | CREATE, self.turn, 0, socket.AF_INET,
            self.index, NUD_PERMANENT, 0, 1, 8, 1, self.addr, 10, 2, mac)

    def cost(self):
        """The shortest time of 200 changes, in seconds."""
        def once():
            messages = b''.join(self._message(0) for _ in range(199))
            messages += self._message(ACK)
            begin = time.monotonic()
            self.sock.send(messages)
            took = time.monotonic() - begin
            error, = struct.unpack_from('i', self.sock.recv(4096), 16)
            assert not error
            return took
        return min(once() for _ in range(20))


@pytest.fixture
def lv1(site):
    lv1 = Balancer(site)
    lv1.service()
    lv1.backend('add', W101)
    return lv1


def test_neighbours_of_many_backends(site, lv1):
    """A neighbour's change costs the same beside 3000 backends.

    Every host on the segment can cause such changes, which concern no backend.
    """
    neighbours = Neighbours(site.lv1, 'eth1', NEIGHBOUR)
    site.undo.append(neighbours.sock.close)
    site.undo.append(lambda: site.lv1.ip(
        f'neigh del {NEIGHBOUR} dev eth1\naddr del 10.77.0.1/16 dev eth1'))
    site.lv1.ip('addr add 10.77.0.1/16 dev eth1')
    few = neighbours.cost()
    for number in range(3000):
        lv1.backend('add', f'10.77.{1 + number // 200}.{1 + number % 200}')
    many = neighbours.cost()
    assert many < 2.5 * few, f'{many / few:.1f} times as much'


def test_all_services_of_a_server_are_told(site, lv1):
    """Each service is notified once of the state of the shared address."""
    others = [dict(fwmark=mark) for mark in (2, 3)]
    silent = '10.10.30.251'
    for key in others:
        lv1.service(**key)
        lv1.backend('add', W101, **key)
    for key in [{}, *others]:
        lv1.backend('add', silent, **key)
    for key in ('ucast_solicit', 'mcast_solicit'):
        old = site.lv1.sysctl(f'ipv4/neigh/eth1/{key}')
        site.lv1.sysctl(f'ipv4/neigh/eth1/{key}', 1)
        site.undo.append(lambda key=key, old=old: site.lv1.sysctl(
            f'ipv4/neigh/eth1/{key}', old))
    events = lv1.events()
    with site.lv1.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b'x', (silent, 9))
    told = []

    def all_told():
        told.extend(what for name, what in events.all()
                    if name == 'backend_state')
        return len(told) >= 3
    wait_for('all are told', all_told)
    assert sorted(what['service']['fwmark'] for what in told) == [1, 2, 3]
    for what in told:
        assert what['backend']['addr'] == silent
        assert what['backend']['state'] == 'unreachable'
        assert what['backend']['unresolved'] == 1
    for key in [{}, *others]:
        assert lv1.backends(**key)[silent]['unresolved'] == 1
        assert lv1.backends(**key)[W101]['unresolved'] == 0
