# SPDX-License-Identifier: GPL-2.0
"""Packets forged in a client's name, on the balancer."""

import time

import pytest

import wire
from balancer import Balancer
from host import wait_for
from network import VIP, W101, W102
from probe import Probe
from test_sctp import ABORT, COOKIE_ECHO, INIT, SHUTDOWN, Client

FIN = wire.FIN | wire.ACK
# the client's next sequence number, and 64 KiB after it
NUMBER = 0x7fff0000
MIB = 1 << 20


@pytest.fixture(params=['stack', 'direct'])
def lv1(silent, request):
    silent.lv1.dsrctl(f'service set fwmark 1 path {request.param}')
    return Balancer(silent)


@pytest.mark.parametrize('flags', [wire.RST, FIN], ids=['rst', 'fin'])
def test_connection(silent, lv1, flags):
    """Addresses and ports alone do not end a connection; its own numbers do.
    """
    with Probe(silent) as client:
        home = client.syn(4000, seq=NUMBER)
        for seq in (NUMBER + 1, NUMBER + 70000):
            assert client.tcp(4000, seq=seq) == home
        assert lv1.states() == {4000: 'established'}
        for seq in (0, 1, NUMBER - MIB, NUMBER + 32 * MIB, 0xffffffff):
            # the segment is forwarded: the server can judge it
            assert client.tcp(4000, flags=flags, seq=seq) == home
            assert lv1.states() == {4000: 'established'}, hex(seq)
        assert client.tcp(4000, flags=flags, seq=NUMBER + 90000) == home
        assert lv1.states() == {
            4000: 'closed' if flags == wire.RST else 'fin'}


@pytest.mark.parametrize('flags', [wire.RST, FIN], ids=['rst', 'fin'])
def test_syn_behind_an_end(silent, lv1, flags):
    """A forged segment within the window does not move a connection, also
    later."""
    with Probe(silent) as client:
        def begin(port):
            home = client.syn(port, seq=NUMBER)
            assert client.tcp(port, seq=NUMBER + 1) == home
            return home

        home = begin(4000)
        assert client.tcp(4000, flags=flags, seq=NUMBER + 90000) == home
        assert client.syn(4000, seq=NUMBER ^ 0x80000000) == home
        assert client.tcp(4000, seq=NUMBER + 2) == home
        assert lv1.states()[4000] == 'established'
        # the balancer has missed the beginning: then it knows no number
        home = begin(4001)
        for seq in (NUMBER - MIB, NUMBER + 90000):
            assert client.tcp(4001, flags=flags, seq=seq) == home
        assert client.syn(4001, seq=NUMBER + 90001) == home
        assert client.tcp(4001, seq=NUMBER + 2) == home
        assert lv1.states()[4001] == 'established'
        # a client that uses its port again would get the other server
        home = begin(4002)
        assert client.tcp(4002, flags=flags, seq=NUMBER + 90000) == home
        assert client.syn(4002, seq=NUMBER + 90001) != home


def test_goes_on_behind_a_reset(silent, lv1):
    """The client's next segments show that a RST was forged."""
    with Probe(silent) as client:
        home = client.syn(4000, seq=NUMBER)
        assert client.tcp(4000, seq=NUMBER + 1) == home
        assert client.tcp(4000, flags=wire.RST, seq=NUMBER + 90000) == home
        assert lv1.states() == {4000: 'closed'}
        # a segment a second later was not reordered
        wait_for('it goes on', lambda: client.tcp(
            4000, seq=NUMBER + 2) == home and lv1.states() == {
                4000: 'established'}, every=0.2)
        assert client.tcp(4000, flags=wire.RST, seq=NUMBER + 90000) == home
        assert client.syn(4000, seq=NUMBER + 90001) == home


def test_segment_does_not_move_the_window(silent, lv1):
    """A forged segment that is noted once a second does not change the window.
    """
    with Probe(silent) as client:
        home = client.syn(4000, seq=NUMBER)
        assert client.tcp(4000, seq=NUMBER + 1) == home
        left = lv1.connections()[0]['expires']
        astray = NUMBER ^ 0x80000000
        # the time is noted once a second, so with one of these segments
        wait_for('time has passed', lambda: lv1.connections()[0][
            'expires'] < left - 2000)
        began = time.monotonic()
        assert client.tcp(4000, seq=astray) == home
        noted = lv1.connections()[0]['expires']
        assert noted > left - 1000 - 1000 * (time.monotonic() - began)
        assert client.tcp(4000, flags=wire.RST, seq=astray) == home
        assert lv1.states() == {4000: 'established'}


def test_icmp_error_ends_nothing(silent, lv1):
    """An ICMP error about a port or a host ends nothing."""
    with Probe(silent) as client:
        client.syn(4000, seq=NUMBER)
        client.tcp(4000, seq=NUMBER + 1)
        reply = wire.tcp(80, 4000, wire.ACK, src=VIP, dst='10.10.31.200')
        for code in (1, 2, 3, 10, 13):
            client.send(wire.icmp_error(3, code, reply))
        ident = client.number()
        client.send(wire.tcp(4000, flags=wire.ACK, ident=ident,
                             seq=NUMBER + 1))
        client.home(ident)
        assert lv1.states() == {4000: 'established'}


@pytest.mark.parametrize('kind', [ABORT, SHUTDOWN], ids=['abort', 'shutdown'])
def test_association(site, kind):
    """An SCTP chunk with a wrong tag."""
    lv1 = Balancer(site)
    key = {'vip': VIP, 'proto': 'sctp'}
    lv1.service('add', **key)
    for address in (W101, W102):
        lv1.backend('add', address, **key)
    with Client(site) as client:
        home = client.chunk(4000, INIT, vtag=0)
        assert client.chunk(4000, COOKIE_ECHO, vtag=77) == home
        for vtag in (0, 1, 76, 77 + 1):
            assert client.chunk(4000, kind, vtag=vtag) == home
            assert lv1.states() == {4000: 'established'}, vtag
        assert client.chunk(4000, kind, vtag=77) == home
        assert lv1.states() == {4000: 'closed' if kind == ABORT else 'fin'}
