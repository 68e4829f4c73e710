# SPDX-License-Identifier: GPL-2.0
"""Packets that GRO has chained only ("rx-gro-list"): each has its own headers.
"""

import socket
import struct

import pytest

import wire
import wire6
from balancer import Balancer
from host import wait_for
from network import CLIENT6, VIP, VIP6, W101, W1016, mac_of

# no machine has these addresses
ROUTER, ROUTER6 = '10.10.31.77', '2001:db8:31::77'
TOS = (0x20, 0xfc)
NUMBER = 8
PORT = 9
IP_PKTINFO, IP_RECVTOS = 8, 13


def chain(site):
    """lv1 chains packets from eth0, and separates them on output."""
    def undo():
        site.lv1.run('ethtool', '-K', 'eth0', 'rx-gro-list', 'off')
        site.lv1.run('ethtool', '-K', 'eth1', 'tx-gso-list', 'on')
        for host, dev in ((site.client, 'eth0'), (site.lv1, 'eth1')):
            host.offload(dev, True)
            host.set_gro(dev, False)
        site.lv1.set_gro('eth0', False)
    site.undo.append(undo)
    site.client.offload('eth0', False)          # checksums as on a wire
    site.lv1.offload('eth1', False)
    site.lv1.run('ethtool', '-K', 'eth1', 'tx-gso-list', 'off')
    site.lv1.set_gro('eth0', True)
    site.lv1.run('ethtool', '-K', 'eth0', 'rx-gro-list', 'on')


def answer4(mac, client):
    """An ARP reply that makes lv1 the router."""
    return client + mac + struct.pack('>HHHBBH', 0x806, 1, 0x800, 6, 4, 2) + \
        mac + socket.inet_aton(ROUTER) + client + socket.inet_aton('10.10.31.200')


def answer6(mac, client):
    """The same as a neighbour advertisement."""
    packet = wire6.icmp(136, 0, struct.pack('>I', 0x60000000) +
                        wire6.raw(ROUTER6) + b'\2\1' + mac, src=ROUTER6,
                        dst=CLIENT6, hop=255)
    return client + mac + b'\x86\xdd' + packet


FAMILIES = {
    4: (VIP, ROUTER, W101, wire, wire.Tap, answer4),
    6: (VIP6, ROUTER6, W1016, wire6, wire6.Tap, answer6),
}


def burst(site, number, tap):
    """Datagrams that come to lv1 in one burst, after waiting for their router.
    """
    vip, router, _, _, _, answer = FAMILIES[number]
    site.client.ip(f'route replace {vip} via {router}')
    site.undo.append(lambda: site.client.ip(
        f'route replace {vip} via '
        f'{"10.10.31.10" if number == 4 else "2001:db8:31::11"}'))
    key = f'ipv{number}/neigh/eth0/mcast_solicit'
    old = site.client.sysctl(key)
    site.client.sysctl(key, 60)
    site.undo.append(lambda: site.client.sysctl(key, old))
    sock = site.client.socket(
        socket.AF_INET if number == 4 else socket.AF_INET6, socket.SOCK_DGRAM)
    site.sockets.append(sock)
    sock.connect((vip, PORT))
    for n in range(NUMBER):
        sock.send(bytes([n]) * 100)
    with wire.Tap(site.lv1) as lv1:
        lv1.sock.send(answer(site.lv1.mac('eth0'), site.client.mac('eth0')))
    site.undo.append(lambda: site.client.run(
        'ip', 'neigh', 'del', router, 'dev', 'eth0', check=False))
    return wait_for('all were sent', lambda: (found := [
        p for p in tap.drain() if p.dst == vip and p.dport == PORT])[
            NUMBER - 1:] and found)


@pytest.mark.stock
@pytest.mark.parametrize('number', FAMILIES)
@pytest.mark.parametrize('path', ['stack', 'direct'])
@pytest.mark.parametrize('watched', ['alone', 'watched'])
def test_each_header_is_rewritten(site6, number, path, watched):
    """TOS, TTL and checksum of all of them, also of packets that a tap holds.
    """
    vip, _, backend, make, kind, _ = FAMILIES[number]
    lv1 = Balancer(site6)
    lv1.service('add', vip=vip, path=path, tos=TOS[0], tos_mask=TOS[1])
    lv1.backend('add', backend, vip=vip)
    chain(site6)
    with kind(site6.client, outgoing=True) as client, \
            kind(site6.w101) as w101, kind(
                site6.lv1, 'eth0' if watched == 'watched' else 'lo') as tap:
        sent = burst(site6, number, client)
        got = wait_for('all have come', lambda: (found := [
            p for p in w101.drain() if p.dst == vip])[NUMBER - 1:] and found)
        for before, after in zip(sent, got):
            wire.same(after, wire.forwarded(
                before.packet, mac_of(W101),
                site6.lv1.mac('eth1').hex(':'), TOS))
        if watched == 'watched':
            seen, = [p for p in tap.drain() if p.dst == vip]
            assert len(seen.frame) > NUMBER * 100, 'GRO has chained them'
            ttl = 8 if number == 4 else 7
            assert seen.packet[ttl] == sent[0].packet[ttl], \
                'what a tap has is left alone'


class Server:
    """Receive datagrams at w101, with their destination address and TOS."""

    def __init__(self, site, number):
        family = socket.AF_INET if number == 4 else socket.AF_INET6
        self.number = number
        self.sock = site.w101.socket(family, socket.SOCK_DGRAM)
        site.sockets.append(self.sock)
        level, info, tos = (socket.IPPROTO_IP, IP_PKTINFO, IP_RECVTOS) \
            if number == 4 else (socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO,
                                 socket.IPV6_RECVTCLASS)
        self.sock.setsockopt(level, info, 1)
        self.sock.setsockopt(level, tos, 1)
        self.sock.bind(('', LOCAL_PORT))
        self.sock.settimeout(60)

    def take(self):
        """(data, destination address, TOS) of the next one."""
        data, found, _, _ = self.sock.recvmsg(1000, 1000)
        found = {kind: value for _, kind, value in found}
        if self.number == 4:
            return (data, socket.inet_ntoa(found[IP_PKTINFO][8:12]),
                    found[socket.IP_TOS][0])
        return (data, socket.inet_ntop(
            socket.AF_INET6, found[socket.IPV6_PKTINFO][:16]),
            int.from_bytes(found[socket.IPV6_TCLASS], 'little'))


LOCAL_PORT = 8009


@pytest.mark.stock
@pytest.mark.parametrize('number', FAMILIES)
def test_each_is_delivered_the_same(site6, number):
    """The same at a real server: address, port, and a cleared TOS."""
    vip, _, backend, _, kind, _ = FAMILIES[number]
    lv1 = Balancer(site6)
    lv1.service('add', vip=vip, tos=TOS[0], tos_mask=TOS[1])
    lv1.backend('add', backend, vip=vip)
    site6.w101.dsrctl(f'real add tos {TOS[0]:#x} to :{LOCAL_PORT} clear')
    server = Server(site6, number)
    chain(site6)
    # A burst leaves lv1 together, and is chained once more where the other end
    # of the wire does not merge.
    back = site6.net['back']
    site6.undo.append(lambda: back.set_gro('w101', False))
    site6.undo.append(lambda: back.offload('w101', True))
    back.offload('w101', False)
    site6.undo.append(lambda: site6.w101.set_gro('eth0', False))
    site6.undo.append(lambda: site6.w101.run(
        'ethtool', '-K', 'eth0', 'rx-gro-list', 'off'))
    site6.w101.set_gro('eth0', True)
    site6.w101.run('ethtool', '-K', 'eth0', 'rx-gro-list', 'on')
    with kind(site6.client, outgoing=True) as client, \
            kind(site6.w101) as w101:
        burst(site6, number, client)
        w101.wait(lambda p: p.dst == vip and len(p.frame) > NUMBER * 100,
                  'what GRO has chained')
        assert [server.take() for _ in range(NUMBER)] == [
            (bytes([n]) * 100, backend, 0) for n in range(NUMBER)]
