# SPDX-License-Identifier: GPL-2.0
"""The same packets with REDIRECT, with the VIP on lo, and with dsr_rs.

The table in dsr_rs(4) has the results; this test checks each of them.
"""

import errno
import os
import re
import socket
import struct

import pytest

import arp
import wire
from arp import LV2, NOWHERE, REQUEST
from host import wait_for
from network import CLIENT, VIP, W101, mac_of
from traffic import Echo

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                    '../../tool/dsr_rs.4')
WAYS = ('REDIRECT', 'lo', 'redirect', 'local')
SO_ORIGINAL_DST, TCP_MD5SIG = 80, 14
GRE = bytes((0, 0, 8, 0)) + bytes(20)
UDP_LITE = struct.pack('>HHHH', 4000, 5000, 0, 0) + bytes(16)
DCCP = struct.pack('>HHBBHBBHII', 4000, 5000, 5, 0, 0, 1, 0, 0, 1000, 1)
TRACK = '''
    table ip track { chain input {
        type filter hook input priority filter;
        ct state new counter
    }
    }
'''


def table():
    """The table of the page: {row: [result for each way]}."""
    with open(PAGE, encoding='utf-8') as file:
        text = file.read()
    block = re.search(r'\n\.EX\n( +REDIRECT .*?)\n\.EE', text, re.S).group(1)
    head, *lines = block.replace('\\-', '-').splitlines()
    assert head.split() == list(WAYS)
    return {' '.join(line.split()[:-4]): line.split()[-4:] for line in lines}


class Ways:
    """w101 set up in one of the ways, and a client."""

    def __init__(self, site, way):
        self.site, self.w101 = site, site.w101
        # conntrack entries of one way must not affect another
        self.client = f'10.20.{WAYS.index(way) + 1}.1'
        site.balance(backends=('w101',), rule='')
        self.w101.nft(TRACK)
        # with these, conntrack handles UDP-Lite as UDP
        key = 'netfilter/nf_conntrack_checksum'
        self.w101.sysctl(key, 0)
        site.undo.append(lambda: self.w101.sysctl(key, 1))
        if way == 'REDIRECT':
            self.w101.iptables('-t', 'nat', '-A', 'PREROUTING', '-d', VIP,
                               '-j', 'REDIRECT')
        elif way == 'lo':
            self.w101.ip(f'addr add {VIP}/32 dev lo')
            site.undo.append(lambda: self.w101.ip(f'addr del {VIP}/32 dev lo'))
        else:
            self.w101.dsrctl(f'real add vip {VIP} mode {way}')
            site.undo.append(lambda: self.w101.dsrctl('real flush'))
        self.sender = wire.Tap(site.lv2, 'eth1')

    def arrives(self, proto, *packets):
        """The destination that raw sockets see, or none if it is not
        delivered.

        A packet for the machine itself comes after it, as an end mark.
        """
        sock = self.w101.socket(socket.AF_INET, socket.SOCK_RAW, proto)
        try:
            sock.settimeout(60)
            for packet in packets:
                self.sender.send(packet, W101)
            self.sender.send(wire.ip(b'behind' * 4, proto, src='10.20.9.1',
                                     dst=W101), W101)
            while True:
                data = sock.recv(65536)
                if data[12:16] == socket.inet_aton('10.20.9.1'):
                    return 'none'
                if data[12:16] == socket.inet_aton(self.client):
                    return named(socket.inet_ntoa(data[16:20]))
        finally:
            sock.close()

    def raw(self, proto, data=bytes(range(24))):
        return self.arrives(proto, wire.ip(data, proto, src=self.client))

    def summed(self, proto, data, at):
        """The same, with an Internet checksum at an offset."""
        value = wire.l4_checksum(self.client, VIP, proto, data) or 0xffff
        return self.raw(proto, data[:at] + value.to_bytes(2, 'big') +
                        data[at + 2:])

    def segment(self):
        return self.arrives(6, wire.tcp(4000, 81, src=self.client))

    def chunk(self):
        return self.arrives(132, wire.sctp(4000, 5000, 1, bytes(16), vtag=0,
                                           src=self.client))

    def fragments(self):
        data = wire.udp(4001, 9, b'x' * 40, src=self.client)[20:]
        return self.arrives(17, *(
            wire.ip(data[at:at + 24], 17, src=self.client, frag=at // 8 | (
                wire.MF if at < 24 else 0)) for at in (0, 24)))

    def ping(self):
        with wire.Tap(self.site.lv1, 'eth1') as tap:
            self.sender.send(wire.icmp_echo(src=self.client), W101)
            return named(tap.wait(lambda p: p.proto == 1 and
                                  p.dst == self.client, 'an answer').src)

    def error(self):
        """The source of an ICMP error that quotes an answer to the client."""
        with wire.Tap(self.site.lv1, 'eth1') as tap:
            self.sender.send(wire.tcp(4002, src=self.client), W101)
            reply = tap.wait(lambda p: p.dport == 4002, 'a SYN and ACK')
        assert reply.src == VIP
        sock = self.w101.socket(socket.AF_INET, socket.SOCK_RAW, 1)
        try:
            sock.settimeout(60)
            self.sender.send(wire.icmp_error(
                3, 4, reply.packet[:28], 1400, src=self.client), W101)
            while True:
                data = sock.recv(65536)
                if data[12:16] == socket.inet_aton(self.client) and \
                        data[20] == 3:
                    return named(socket.inet_ntoa(data[40:44]))
        finally:
            sock.close()
            self.sender.send(wire.tcp(4002, flags=wire.RST, seq=1001,
                                      src=self.client), W101)

    def datagram(self):
        """The source of a server's answers if the kernel chooses."""
        echo = self.site.echo('w101', 10)
        sock = self.site.client.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.site.sockets.append(sock)
        sock.settimeout(60)
        sock.bind((CLIENT, next(self.site.ports)))
        sock.sendto(b'whose?', (VIP, 10))
        _, (address, _) = sock.recvfrom(100)
        stop(echo)
        return named(address)

    def listen(self, address=''):
        sock = self.w101.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.site.sockets.append(sock)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.settimeout(60)
        sock.bind((address, 82))
        sock.listen(8)
        return sock

    def own(self):
        """Tell if a socket bound to the machine's address serves."""
        server = self.listen(W101)
        try:
            self.site.connect(port=82, sport=next(self.site.ports))
            return 'yes'
        except ConnectionRefusedError:
            return 'no'
        finally:
            server.close()

    def accepted(self, ask):
        """The result of ask() for an accepted socket."""
        server = self.listen()
        self.site.connect(port=82, sport=next(self.site.ports))
        peer, _ = server.accept()
        self.site.sockets.append(peer)
        server.close()
        return named(ask(peer))

    def signed(self):
        """TCP with signatures, as used by BGP."""
        server = self.listen()
        sign(server, CLIENT)
        client = self.site.client.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.site.sockets.append(client)
        sign(client, VIP)
        client.settimeout(60)
        client.setblocking(False)
        failures = self.failures()
        try:
            assert client.connect_ex((VIP, 82)) == errno.EINPROGRESS
            return wait_for('accepted, or refused', lambda: (
                'no' if self.failures() > failures else
                'yes' if accepts(server) else ''))
        finally:
            client.close()
            server.close()

    def failures(self):
        names, values = (line.split() for line in self.w101.read(
            '/proc/net/netstat').splitlines()[:2])
        return sum(int(value) for name, value in zip(names, values)
                   if name in ('TCPMD5Failure', 'TCPMD5Unexpected'))

    def begins(self):
        """Tell if a server can open a connection from the VIP."""
        sock = self.w101.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.bind((VIP, 0))
            return 'yes'
        except OSError as error:
            assert error.errno == errno.EADDRNOTAVAIL
            return 'no'
        finally:
            sock.close()

    def told(self):
        """Tell if ARP reveals the VIP."""
        with arp.Tap(self.site.lv2, 'eth1') as tap:
            for asked in (VIP, W101):
                tap.put(REQUEST, mac_of(LV2), LV2, NOWHERE, asked)
            tap.wait(lambda p: p.sender == W101 and p.op == arp.REPLY,
                     'an answer for its own address')
            return 'yes' if any(p.sender == VIP and p.op == arp.REPLY
                                for p in tap.seen) else 'no'


def named(address):
    return {VIP: 'VIP', W101: 'own'}[address]


def stop(echo):
    echo.sock.close()
    echo.join(60)
    Echo.running.remove(echo)


def accepts(server):
    server.setblocking(False)
    try:
        server.accept()[0].close()
        return True
    except BlockingIOError:
        return False


def sign(sock, address):
    key = b'secret'
    sock.setsockopt(socket.IPPROTO_TCP, TCP_MD5SIG, struct.pack(
        '=H2s4s120sBBHi80s', socket.AF_INET, bytes(2),
        socket.inet_aton(address), b'', 0, 0, len(key), 0, key))


def original(sock):
    return socket.inet_ntoa(sock.getsockopt(socket.SOL_IP, SO_ORIGINAL_DST,
                                            16)[4:8])


ROWS = {
    'TCP comes to': Ways.segment,
    'SCTP comes to': Ways.chunk,
    'UDP in fragments comes to': Ways.fragments,
    'ESP comes to': lambda way: way.raw(50),
    'GRE comes to': lambda way: way.raw(47, GRE),
    'UDP-Lite comes to': lambda way: way.summed(136, UDP_LITE, 6),
    'DCCP comes to': lambda way: way.summed(33, DCCP, 6),
    'an ICMP error quotes': Ways.error,
    'a ping is answered from': Ways.ping,
    'a UDP server answers from': Ways.datagram,
    'bound to its own address it serves': Ways.own,
    'getsockname() says': lambda way: way.accepted(
        lambda sock: sock.getsockname()[0]),
    'SO_ORIGINAL_DST says': lambda way: way.accepted(original),
    'TCP-MD5 and TCP-AO are possible': Ways.signed,
    'it can connect from the VIP': Ways.begins,
    'ARP tells where the VIP is': Ways.told,
}


@pytest.mark.stock
@pytest.mark.parametrize('way', WAYS)
def test_as_documented(site, way):
    wanted = {row: cells[WAYS.index(way)] for row, cells in table().items()}
    one = Ways(site, way)
    try:
        assert {row: ask(one) for row, ask in ROWS.items()} == wanted
    finally:
        one.sender.sock.close()
