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
from network import wait_for
from test_table import generator, sink                  # noqa: F401

SLOTS = 1048573         # what takes longest to fill
RTM_DELLINK, REQUEST_AND_ACK = 17, 5


def during(sock, messages, short, wanted, before=lambda: None, seconds=180):
    """Send requests until short() comes to pass so often in the middle of one.

    A request is carried out while it is sent. In its first and in its last
    quarter the scheduler may let either go on alone for a while. short() says
    whether it can be called again, and before() is called ahead of each request.
    """
    def timed(message, flags):
        begin = time.monotonic()
        sock.sock.send(message)
        end = time.monotonic()
        assert not sock.answer(flags)
        return begin, end

    found, deadline = 0, time.monotonic() + seconds
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        while found < wanted:
            assert time.monotonic() < deadline, 'it waits for the request'
            before()
            future, spans = pool.submit(timed, *next(messages)), []
            goes_on = True
            while goes_on and not future.done():
                begin = time.monotonic()
                goes_on = short()
                spans.append((begin, time.monotonic()))
            first, last = future.result()
            quarter = (last - first) / 4
            found = sum(first + quarter < begin and end < last - quarter
                        for begin, end in spans)


@pytest.fixture
def lv1(site):
    """With a large table to be filled, for many backends."""
    lv1 = Balancer(site)
    lv1.genl.sock.settimeout(180)
    lv1.service()
    for number in range(110, 210):
        lv1.backend('add', f'10.10.30.{number}')
    lv1.service('set', scheduler='maglev', table_size=SLOTS)
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
    during(lv1.genl, fill(lv1), other.table, 5)


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
    during(lv1.genl, fill(lv1), bridges.delete, 1, before)


def test_dump_of_nothing(site, sink):                   # noqa: F811
    """A filter that leaves nothing of a large table keeps nothing waiting."""
    flows = 60000
    sink.set_table(max=2 * flows)
    sink.timeouts(udp=3600000)
    with generator(site, flows):
        wait_for('all are remembered',
                 lambda: sink.table()['entries'] >= flows, 180)
    other = Balancer(site)
    other.genl.sock.settimeout(180)
    sink.genl.sock.settimeout(180)
    during(sink.genl, dump_nothing(sink), other.table, 5)
