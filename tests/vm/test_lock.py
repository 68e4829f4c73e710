# SPDX-License-Identifier: GPL-2.0
"""A request that takes long keeps nothing else waiting."""

import concurrent.futures
import itertools
import os
import socket
import struct
import time

import pytest

import genl
from balancer import Balancer, encode, uapi
from network import W101, W102, wait_for
from test_table import generator, sink                  # noqa: F401
from traffic import SCALE

SLOTS = 1048573         # what takes longest to fill
RTM_DELLINK, REQUEST_AND_ACK = 17, 5


def during(sock, messages, short, before=lambda: None, seconds=180):
    """Send requests until short() begins and ends in the first half of one.

    A request is carried out while it is sent. short() says whether it can be
    called again, and before() is called ahead of each request.
    """
    def timed(message, flags):
        begin = time.monotonic()
        sock.sock.send(message)
        end = time.monotonic()
        assert not sock.answer(flags)
        return begin, end

    found, deadline = False, time.monotonic() + seconds
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        while not found:
            assert time.monotonic() < deadline, 'it waits for the request'
            before()
            future, spans = pool.submit(timed, *next(messages)), []
            goes_on = True
            while goes_on and not future.done():
                begin = time.monotonic()
                goes_on = short()
                spans.append((begin, time.monotonic()))
            first, last = future.result()
            found = any(first < begin and end < (first + last) / 2
                        for begin, end in spans)


@pytest.fixture
def lv1(site):
    """With a large table to be filled."""
    lv1 = Balancer(site)
    lv1.service(scheduler='maglev', table_size=SLOTS)
    lv1.backend('add', W101)
    lv1.backend('add', W102)
    lv1.genl.sock.settimeout(180)
    return lv1


def fill(lv1):
    """Requests each of which fills it anew."""
    for value in itertools.cycle(['source', 'source-port']):
        yield lv1.genl.message(
            uapi.DSR_CMD_SERVICE_SET, genl.nest(genl.A_SERVICE, encode(
                'SERVICE', {'fwmark': 1, 'hash': value})),
            genl.NLM_F_ACK), genl.NLM_F_ACK


def dump_nothing(lv1):
    """Requests each of which looks at all connections and finds none."""
    while True:
        yield lv1.genl.message(
            uapi.DSR_CMD_CONNECTION_GET, genl.nest(genl.A_CONNECTION, encode(
                'CONNECTION', {'dport': 1})),
            genl.NLM_F_DUMP), genl.NLM_F_DUMP


def test_table_is_filled_outside_of_the_lock(site, lv1):
    """A question has its answer at once."""
    other = Balancer(site)
    other.genl.sock.settimeout(180)
    during(lv1.genl, fill(lv1), other.table)


class Bridges:
    """Devices to be taken away."""

    def __init__(self, host):
        self.host, self.left = host, []
        with host.at():
            self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        self.sock.settimeout(180)

    def add(self, count):
        names = [f'bridge{number}' for number in range(count)]
        self.host.ip('\n'.join(f'link add name {name} type bridge'
                               for name in names))
        self.left = [self.host.ifindex(name) for name in names]

    def delete(self):
        """Delete one; whether there is another."""
        self.sock.send(struct.pack('IHHIIBxHiII', 32, RTM_DELLINK,
                                   REQUEST_AND_ACK, 0, 0, 0, 0,
                                   self.left.pop(), 0, 0))
        error, = struct.unpack_from('i', self.sock.recv(4096), 16)
        assert not error, os.strerror(-error)
        return bool(self.left)

    def clear(self):
        while self.left:
            self.delete()


def test_devices_go_while_a_table_is_filled(site, lv1):
    """All of the machine waits for the lock that a device goes under."""
    bridges = Bridges(site.lv1)
    site.undo.append(bridges.sock.close)
    site.undo.append(bridges.clear)
    Balancer(site).path('add', 'eth0')

    def before():
        bridges.clear()
        bridges.add(4)
    during(lv1.genl, fill(lv1), bridges.delete, before)


def test_dump_of_nothing(site, sink):                   # noqa: F811
    """A filter that leaves nothing of a large table keeps nothing waiting."""
    flows = 100000 // SCALE
    sink.set_table(max=2 * flows)
    sink.timeouts(udp=3600000)
    with generator(site, flows):
        wait_for('all are remembered',
                 lambda: sink.table()['entries'] >= flows, 180)
    other = Balancer(site)
    other.genl.sock.settimeout(180)
    sink.genl.sock.settimeout(180)
    during(sink.genl, dump_nothing(sink), other.table)
