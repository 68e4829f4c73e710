# SPDX-License-Identifier: GPL-2.0
"""Flows that a real server forgets on request, and their connections."""

import socket

import pytest

import wire
from balancer import Events, uapi
from host import wait_for
from network import W101
from test_dump import Flush
from traffic import ask, exchange


@pytest.fixture
def one(site):
    site.balance(backends=('w101',))
    return site


def flows(site):
    return site.w101.show('flow show')


def flush(site):
    """Forget all flows, with no packet of any on its way: an acknowledgement
    would begin its flow again, and a segment that is sent again would end it.
    """
    def queues():
        return [line.split()[1] for line in site.w101.run(
            'ss', '-Htn', 'state', 'established').stdout.splitlines()]
    wait_for('the clients have acknowledged all',
             lambda: not set(queues()) - {'0'})
    site.w101.dsrctl('flow flush')
    assert flows(site) == []


def test_connections_go_on(one):
    """TCP and UDP go on with the next packet of their client."""
    one.echo('w101')
    tcp, udp = one.connect(), one.udp()
    for _ in range(3):
        assert ask(tcp) == 'w101 nano'
        exchange(udp, [b'x'] * 3, window=1)
        assert {(flow['proto'], flow['to']) for flow in flows(one)} == {
            ('tcp', W101), ('udp', W101)}
        flush(one)
    assert ask(tcp) == 'w101 nano'


def test_the_server_sends_first(one):
    """Its segment has the server's own address, and the client resets the
    connection."""
    listener = one.w101.socket(socket.AF_INET, socket.SOCK_STREAM)
    one.sockets.append(listener)
    listener.settimeout(60)
    listener.bind((W101, 4791))
    listener.listen()
    client = one.connect(port=4791)
    server, _ = listener.accept()
    one.sockets.append(server)
    server.settimeout(60)
    server.send(b'x')
    assert client.recv(9) == b'x'
    flush(one)
    server.send(b'y')
    with pytest.raises(ConnectionResetError):
        server.recv(9)


def test_without_rules(one):
    """The end of the last flow is the end of the table, too."""
    sock = one.connect()
    assert ask(sock) == 'w101 nano'
    one.w101.dsrctl('real flush')
    assert ask(sock) == 'w101 nano'
    assert len(flows(one)) == 1
    flush(one)
    assert one.w101.show('stats')['dsr_rs']['table']['buckets'] == 0


@pytest.mark.parametrize('end', ['finish', 'close'])
def test_in_parts(one, end):
    """Each call removes a bounded part. All goes, and is told of once, also if
    the reader goes away."""
    sink = one.w101.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.sockets.append(sink)
    sink.bind((W101, 4792))
    with wire.Tap(one.client) as tap:
        for port in range(4000, 4064):
            tap.send(wire.udp(port, 4792, b'x'), '10.10.31.11')
    wait_for('all flows have begun', lambda: len(flows(one)) == 64)
    events = Events(one.w101, 'dsr_rs')
    one.undo.append(events.sock.close)
    first = Flush(one.w101, uapi.DSR_RS_CMD_FLOW_FLUSH, 'dsr_rs')
    assert 0 < len(flows(one)) < 64
    assert getattr(first, end)() != 0
    events.wait(lambda heard, _: heard == 'flow_flush')
    assert flows(one) == []
    assert events.all() == []
