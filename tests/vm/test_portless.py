# SPDX-License-Identifier: GPL-2.0
"""Protocols without ports follow their client's other traffic."""

import struct

import pytest

import ipvs
import wire
import wire6
from conftest import KernelLog
from host import wait_for
from network import VIP2, VIP6, W1016, W1026
from test_ipvs_traffic import (  # noqa: F401  pylint: disable=unused-import
    FWM1, Traffic, balancing, local)

pytestmark = pytest.mark.smoke

LV1 = '10.10.31.11'
ESP, AH, GRE = 50, 51, 47
IKE, NAT_T = 500, 4500
CLIENTS = [f'10.10.31.{n}' for n in (201, 202, 203, 204)]
CLIENTS6 = [f'2001:db8:31::{n}' for n in (201, 202, 203)]


def body(number, length=32):
    return struct.pack('>II', 0x1000, number) + bytes(length)


def test_esp_follows_ike(local):                        # noqa: F811
    """As with ip_vs, ESP and AH follow UDP between the ports 500."""
    for kind in ipvs.peers():
        kernel_log = KernelLog()
        with balancing(kind, local) as lv1, Traffic(local) as traffic:
            if kind is ipvs.Real and not any(
                    'Registered protocols' in line and 'ESP' in line
                    for line in kernel_log.lines()):
                continue        # this kernel's ip_vs has no ESP
            lv1.run('ipvsadm', '-e', '-f', '1', '-r', '10.10.30.102', '-g')
            servers = []
            for client in CLIENTS:
                server, = traffic.udp(FWM1, IKE, IKE, 1, src=client)
                servers.append(server)
            for number in range(3):
                for client, server in zip(CLIENTS, servers):
                    for proto in (ESP, AH):
                        assert traffic.send(wire.ip(
                            body(number) + client.encode(), proto,
                            src=client)) == server
            assert set(servers) == {'w101', 'w102'}


@pytest.fixture
def persistent(silent):
    """Services with persistence, by mark and by address."""
    silent.lv1.configure(f'''
        service set fwmark 1 persist 60s
        service add vip {VIP2} persist 60s
        backend add vip {VIP2} via 10.10.30.101
        backend add vip {VIP2} via 10.10.30.102
    ''')
    return silent


@pytest.mark.parametrize('vip', [wire.VIP, VIP2])
@pytest.mark.parametrize('first', ['tcp', 'udp'])
def test_follows_persistence(persistent, reasons, vip, first):
    """IKE through NAT, ESP, GRE: one client, one server, no further entry."""
    def begin(client):
        if first == 'tcp':
            return [traffic.send(wire.tcp(1723, 1723, flags, src=client,
                                          dst=vip))
                    for flags in (wire.SYN, wire.ACK)][-1]
        return [traffic.send(wire.udp(NAT_T, NAT_T, bytes([n]), src=client,
                                      dst=vip)) for n in range(2)][-1]
    with Traffic(persistent) as traffic:
        servers = [begin(client) for client in CLIENTS]
        assert set(servers) == {'w101', 'w102'}
        entries = len(persistent.connections())
        since = reasons('lv1')
        for number in range(2):
            for client, server in zip(CLIENTS, servers):
                for proto in (ESP, GRE):
                    assert traffic.send(wire.ip(
                        body(number) + client.encode(), proto, src=client,
                        dst=vip)) == server
        assert since['forwarded'] == 4 * len(CLIENTS)
        assert len(persistent.connections()) == entries


def test_of_a_stranger(persistent, reasons):
    """A packet of an unknown client is dropped, and makes no client known."""
    since = reasons('lv1')
    with Traffic(persistent) as traffic:
        for proto in (ESP, AH, GRE):
            traffic.client.send(wire.ip(body(1), proto, src=CLIENTS[0]), LV1)
        traffic.client.send(wire.icmp_error(3, 4, wire.ip(
            body(2), ESP, src=wire.VIP, dst=CLIENTS[0])[:28]), LV1)
        wait_for('all were seen', lambda: since['drop_not_served'] == 4)
    assert persistent.connections() == []


def test_not_persistent(silent, reasons):
    """Without persistence GRE follows nothing, and ESP only its IKE."""
    with Traffic(silent) as traffic:
        server = traffic.send(wire.udp(IKE, IKE, b'ike'))
        traffic.send(wire.udp(IKE, IKE, b'ike', src=CLIENTS[0]))
        since = reasons('lv1')
        traffic.client.send(wire.ip(body(1), GRE), LV1)
        for number in range(4):
            assert traffic.send(wire.ip(body(number), ESP)) == server
        assert since['drop_not_served'] == 1


@pytest.mark.parametrize('kind', ['persistent', 'silent'])
def test_error_about_esp(request, kind, reasons):
    """A router's ICMP error about a tunnel's packet reaches the tunnel's
    server."""
    with Traffic(request.getfixturevalue(kind)) as traffic:
        servers = [traffic.send(wire.udp(IKE, IKE, b'ike', src=client))
                   for client in CLIENTS]
        assert set(servers) == {'w101', 'w102'}
        since = reasons('lv1')
        for client, server in zip(CLIENTS, servers):
            quoted = wire.ip(body(1), ESP, src=wire.VIP, dst=client)[:28]
            assert traffic.send(wire.icmp_error(
                3, wire.FRAGMENTATION_NEEDED, quoted, 1400,
                src='10.10.31.1')) == server
        assert since['forwarded_icmp_error'] == len(CLIENTS)


def test_ipv6(site6, reasons):
    """The same with IPv6, also after an extension header."""
    site6.lv1.configure(f'''
        service add vip {VIP6} persist 60s
        backend add vip {VIP6} via {W1016}
        backend add vip {VIP6} via {W1026}
    ''')
    padding = [(60, bytes((0, 1, 4, 0, 0, 0, 0)))]
    with Traffic(site6) as traffic:
        servers = [[traffic.send(wire6.tcp(1723, 1723, flags, src=client))
                    for flags in (wire.SYN, wire.ACK)][-1]
                   for client in CLIENTS6]
        assert set(servers) == {'w101', 'w102'}
        since = reasons('lv1')
        for client, server in zip(CLIENTS6, servers):
            for exts in ((), padding):
                assert traffic.send(wire6.ip(
                    body(len(exts)) + client.encode(), ESP, src=client,
                    exts=exts)) == server
            quoted = wire6.ip(body(1), ESP, src=VIP6, dst=client)
            assert traffic.send(wire6.icmp(
                2, 0, struct.pack('>I', 1400) + quoted,
                src='2001:db8:31::1')) == server
        assert since['forwarded'] == 2 * len(CLIENTS6)
        assert since['forwarded_icmp_error'] == len(CLIENTS6)
