# SPDX-License-Identifier: GPL-2.0
"""Flows of the real server under attack, or in large numbers."""

import time

import pytest

import wire
from host import wait_for
from network import VIP, W101
from traffic import ask, exchange

FULL = 'dsr_rs: the table of flows is full'


@pytest.fixture
def one(site):
    """w101 alone, with a table of its own."""
    site.net.reload('dsr_rs')
    site.balance(backends=('w101',))
    yield site
    site.w101.dsrctl('flow set max 1048576 timeout-established default '
                     'timeout-fin default timeout-closed default')


def flow_of(site, port, proto='tcp'):
    """The flow of the client with this port, or None."""
    return next((flow for flow in site.w101.show('flow show')
                 if (flow['proto'], flow['sport']) == (proto, port)), None)


def table(site):
    return site.w101.show('stats')['dsr_rs']['table']


def test_one_client_port_for_many_ports(one, reasons):
    """They overflow no bucket: all are flows, and so are those of other
    clients."""
    one.echo('w101')
    since = reasons('w101', 'dsr_rs')
    with wire.Tap(one.lv2, 'eth1') as tap, \
            wire.Tap(one.lv1, 'eth1') as answers:
        for port in range(1000, 1200):
            tap.send(wire.udp(5000, port, b'x', src='10.20.1.1'), W101)
        # one of them is answered, from the VIP
        tap.send(wire.udp(5000, 7, b'whose?', src='10.20.1.1'), W101)
        answers.wait(lambda p: p.src == VIP and p.sport == 7 and
                     p.dport == 5000, 'the answer of the VIP')
    assert since['delivered'] == 201
    assert not since['drop_flow_table_full']
    flows = [flow for flow in one.w101.show('flow show')
             if flow['src'] == '10.20.1.1']
    assert len(flows) == 201
    assert all(flow['socket_sport'] == 5000 and flow['to_port'] ==
               flow['dport'] for flow in flows)
    assert table(one)['evicted'] == 0


def test_ended_flows_give_way(one, kernel_log):
    """At the limit a new connection replaces a flow that has ended.

    The log says once a minute that the table is full, and so does "show".
    """
    kernel_log.lines()
    began = time.monotonic()
    one.w101.dsrctl('flow set max 16')
    alive = [one.connect() for _ in range(4)]
    assert [ask(sock) for sock in alive] == ['w101 nano'] * 4
    for _ in range(30):
        # each becomes a flow, once an ended one is a second old
        wait_for('the next connection is a flow', lambda: is_listed(one))
    state = table(one)
    assert state['evicted'] > 0
    assert state['entries'] <= 16
    assert [ask(sock) for sock in alive] == ['w101 nano'] * 4
    for sock in alive:
        assert flow_of(one, sock.getsockname()[1])['state'] == 'established'
    for state in (table(one), one.w101.show('show')['dsr_rs']['table']):
        assert state['full'] == (state['entries'] == 16)
    assert 1 <= sum(FULL in line for line in kernel_log.lines()) <= 1 + (
        time.monotonic() - began) // 60


def is_listed(one):
    """Tell if a new connection is listed as a flow."""
    sock = one.connect()
    assert ask(sock) == 'w101 nano'
    found = flow_of(one, sock.getsockname()[1]) is not None
    sock.close()
    return found


def test_answered_queries_give_way(one):
    """A resolver with more queries than the limit of the table."""
    one.echo('w101')
    one.w101.dsrctl('flow set max 64')

    def query():
        client = one.udp()
        exchange(client, [b'x'], window=1)
        return client.getsockname()[1]

    for _ in range(16):         # the share of unproven flows
        assert flow_of(one, query(), 'udp')
    before = table(one)['evicted']
    # a second after the answer of one of them
    wait_for('another one has its place', lambda: flow_of(one, query(), 'udp'))
    assert table(one)['evicted'] > before
    assert table(one)['entries'] <= 16


def test_forged_reset_of_live_connection(one):
    """Neither a forged reset nor a SYN after it disturbs a live connection."""
    sock = one.connect()
    assert ask(sock) == 'w101 nano'
    port = sock.getsockname()[1]
    one.w101.dsrctl('flow set timeout-closed 1 timeout-fin 1')
    one.w101.dsrctl(f'real replace vip {VIP} to :8080')
    with wire.Tap(one.lv2, 'eth1') as tap:
        for flags in (wire.RST, wire.FIN | wire.ACK):
            tap.send(wire.tcp(port, 80, flags, seq=1, ack=1), W101)
        wait_for('it seems to be over', lambda: flow_of(one, port)[
            'state'] in ('closed', 'fin'))
        # the rule has another target by now
        tap.send(wire.tcp(port, 80, wire.SYN, seq=1), W101)
        wait_for('it is delivered', lambda: flow_of(one, port)[
            'state'] == 'syn')
    assert flow_of(one, port)['to_port'] == 80
    assert ask(sock) == 'w101 nano'
