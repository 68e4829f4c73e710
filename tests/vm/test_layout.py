# SPDX-License-Identifier: GPL-2.0
"""Other machines that have the VIP, serve it, or carry the replies.

Complaints about other balancers that these tests answer:

  8  reverse path filter, ARP and VIPs on lo: test_replies_through_balancer,
     test_alias_on_real_servers
  9  a director that is a real server, and one behind the other, loop:
     test_balancer_is_real_server, test_balancer_was_real_server, test_peers
"""

import collections
import contextlib
import select
import socket
import struct
import threading

import pytest

import wire
import wire6
from balancer import Balancer
from host import wait_for
from network import BACK_VRRP, CLIENT, FRONT_VRRP, VIP, VIP6, W101, W1016, W102
from traffic import ask

BACK = {'lv1': '10.10.30.11', 'lv2': '10.10.30.12'}
FRONT = {'lv1': '10.10.31.11', 'lv2': '10.10.31.12'}


class Web(threading.Thread):
    """Answer HTTP with one word, on a machine without a web server."""

    def __init__(self, site, name, word, port=80):
        super().__init__(daemon=True)
        self.word = word.encode() + b'\n'
        self.sock = site.net[name].socket(socket.AF_INET, socket.SOCK_STREAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind(('0.0.0.0', port))
        self.sock.listen(100)
        site.sockets.append(self.sock)
        self.start()

    def run(self):
        clients = []
        with contextlib.suppress(OSError, ValueError):
            while True:
                for sock in select.select([self.sock, *clients], [], [],
                                          0.2)[0]:
                    if sock is self.sock:
                        clients.append(sock.accept()[0])
                    elif not self.serve(sock):
                        clients.remove(sock)
        for sock in clients:
            sock.close()

    def serve(self, sock):
        with contextlib.suppress(ConnectionError):
            request = sock.recv(65536)
            if request:
                sock.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n'
                             % len(self.word) + self.word)
                if b'Connection: close' not in request:
                    return True
        sock.close()
        return False


def change(site, name, there, back):
    """Run lines of ip on a machine, and other lines after the test."""
    site.net[name].ip(there)
    site.undo.append(lambda: site.net[name].ip(back))


def sysctl(site, name, key, value):
    old = site.net[name].sysctl(key)
    site.net[name].sysctl(key, value)
    site.undo.append(lambda: site.net[name].sysctl(key, old))


def alias(site, name):
    """The VIP on lo, hidden from the neighbours."""
    sysctl(site, name, 'ipv4/conf/all/arp_ignore', 1)
    sysctl(site, name, 'ipv4/conf/all/arp_announce', 2)
    change(site, name, f'addr add {VIP}/32 dev lo',
           f'addr del {VIP}/32 dev lo')


@pytest.mark.parametrize('path', ['stack', 'direct'])
def test_balancer_is_real_server(site, reasons, path):
    """The balancer's own stack delivers the packets for the balancer itself.
    """
    alias(site, 'lv1')
    sysctl(site, 'lv1', 'ipv4/conf/eth1/accept_local', 1)
    Web(site, 'lv1', 'lv1 self')
    site.balance(f'path {path}', backends=('w102',))
    lv1 = Balancer(site)
    lv1.backend('add', BACK['lv1'])
    assert lv1.backends()[BACK['lv1']]['state'] == 'local'
    since = reasons('lv1')
    assert site.replies(6) == {'lv1 self': 3, 'w102 desu': 3}
    assert since['delivered_here'] >= 9
    assert not [name for name in since.all() if name.startswith('drop')]
    sock = next(sock for sock in (site.connect(), site.connect())
                if ask(sock) == 'lv1 self')
    one = lv1.backends()[BACK['lv1']]
    assert (one['active'], one['stats']['connections']) == (1, 4)
    lv1.backend('set', BACK['lv1'], admin='draining')
    assert site.replies(2) == {'w102 desu': 2}
    assert ask(sock) == 'lv1 self'


@pytest.fixture
def peers(site):
    """lv1 and lv2, backends of each other and of themselves."""
    for name in ('lv1', 'lv2'):
        alias(site, name)
        Web(site, name, name)
    lbs = {name: Balancer(site, name) for name in ('lv1', 'lv2')}

    def begin(scheduler):
        for lb in lbs.values():
            lb.service('add', scheduler=scheduler)
            for address in BACK.values():
                lb.backend('add', address)
    site.begin_peers = begin
    yield site
    del site.begin_peers


def master(site, name):
    """The client's router sends to this balancer from now on."""
    site.client.ip(f'route replace {VIP} via {FRONT[name]}')


def packet_key(packet):
    return (packet.sport, packet.seq, packet.ack, packet.flags,
            packet.payload)


# complaint 9
@pytest.mark.parametrize('scheduler', ['rr', 'maglev'])
def test_peers(peers, reasons, scheduler):
    """Two balancers that are each other's real servers do not loop."""
    peers.undo.append(lambda: peers.client.ip(
        f'route replace {VIP} via {FRONT_VRRP}'))
    with contextlib.ExitStack() as stack:
        since = {name: reasons(name) for name in BACK}
        client = stack.enter_context(wire.Tap(peers.client, outgoing=True))
        wires = [stack.enter_context(wire.Tap(peers.net[name], 'eth1',
                                              outgoing=True))
                 for name in BACK]
        peers.begin_peers(scheduler)
        socks = []
        everything = collections.Counter()
        for name in ('lv1', 'lv2', 'lv1'):
            master(peers, name)
            got = collections.Counter()
            for _ in range(8):
                socks.append(peers.connect())
                got[ask(socks[-1])] += 1
            if scheduler == 'rr':
                assert got == {'lv1': 4, 'lv2': 4}
            everything += got
        # a hash may send eight to the same one by chance, but not 24
        assert set(everything) == {'lv1', 'lv2'}
        if scheduler == 'maglev':
            homes = [ask(sock) for sock in socks]
            for name in ('lv2', 'lv1'):
                master(peers, name)
                assert [ask(sock) for sock in socks] == homes

        def sent_to_vip():
            return collections.Counter(packet_key(p) for p in client.drain()
                                       if p.src == CLIENT and p.dst == VIP)

        def delivered():
            return sum(counts[reason] for counts in since.values() for reason in
                       ('delivered_here', 'delivered_from_peer'))
        # delayed acknowledgements are still to come
        wait_for('all are delivered, and each once',
                 lambda: delivered() == sum(sent_to_vip().values()))
        # For each packet of the client at most one frame is on the back wire.
        crossed = collections.Counter()
        for tap in wires:
            for p in tap.drain():
                # packets of this machine
                if p.dst == VIP and p.mac_src == tap.host.mac('eth1'):
                    crossed[packet_key(p)] += 1
        assert crossed and crossed <= sent_to_vip()
    for counts in since.values():
        seen = counts.all()
        assert seen['delivered_here'] and seen['delivered_from_peer']
        assert not [reason for reason in seen if reason.startswith('drop')]


def test_peers_first_packet(peers, reasons):
    """Even the first packet does not come back."""
    peers.begin_peers('rr')
    lv1, lv2 = (Balancer(peers, name) for name in BACK)
    lv1.backend('set', BACK['lv1'], weight=0)
    lv2.backend('set', BACK['lv2'], weight=0)
    since = reasons('lv2')
    with wire.Tap(peers.client) as client:
        client.send(wire.tcp(4000, src='10.20.1.1'), FRONT['lv1'])
        wait_for('it is there', lambda: sum(since.all().values()))
    assert since.all() == {'delivered_from_peer': 1}


def test_replies_through_balancer(site):
    """A balancer that has the VIP takes replies for spoofed packets.

    Linux drops packets with an address of this machine as their source, unless
    accept_local is set; rp_filter is 0 for the other checks.
    """
    site.balance()
    alias(site, 'lv1')
    assert site.lv1.sysctl('ipv4/conf/eth1/rp_filter') == '0'
    sysctl(site, 'lv1', 'ipv4/conf/eth1/accept_local', 0)
    with wire.Tap(site.lv1, 'eth1') as back, wire.Tap(site.client) as client:
        sock = site.client.socket(socket.AF_INET, socket.SOCK_STREAM)
        site.sockets.append(sock)
        sock.setblocking(False)
        sock.connect_ex((VIP, 80))
        wait_for('two replies at lv1', lambda: len(
            [p for p in back.drain() if p.src == VIP]) >= 2)
        client.none(lambda p: p.src == VIP, 'plain Linux does not forward it')
        site.lv1.sysctl('ipv4/conf/eth1/accept_local', 1)
        sock.setblocking(True)
        sock.settimeout(60)
        assert ask(sock) in ('w101 nano', 'w102 desu')
    assert site.replies(6) == {'w101 nano': 3, 'w102 desu': 3}


def test_own_address(site):
    """A service may have an address of the balancer itself."""
    address = FRONT['lv1']
    sysctl(site, 'lv1', 'ipv4/conf/eth1/accept_local', 1)
    key = {'vip': address, 'proto': 'tcp', 'port': 80}
    lv1 = Balancer(site)
    lv1.service('add', **key)
    for name, backend in (('w101', W101), ('w102', W102)):
        lv1.backend('add', backend, **key)
        site.net[name].dsrctl(f'real add vip {address}')
    Web(site, 'lv1', 'lv1 80')
    Web(site, 'lv1', 'lv1 81', 81)
    socks = [site.connect(address) for _ in range(4)]
    assert [ask(sock) for sock in socks] == ['w101 nano', 'w102 desu'] * 2
    # other ports, and the same port of another address, are local
    assert ask(site.connect(address, 81)) == 'lv1 81'
    assert ask(site.connect(FRONT_VRRP, 80)) == 'lv1 80'
    lv1.service('delete', **key)
    assert ask(site.connect(address)) == 'lv1 80'


def test_replies_through_another_router(lb):
    """The balancer need not see the replies."""
    for name in ('w101', 'w102'):
        change(lb, name, f'route replace default via {BACK["lv2"]}',
               f'route replace default via {BACK_VRRP}')
    with wire.Tap(lb.lv1, 'eth1') as lv1, wire.Tap(lb.lv2, 'eth1') as lv2:
        assert lb.replies(6) == {'w101 nano': 3, 'w102 desu': 3}
        assert [p for p in lv2.drain() if p.src == VIP]
        lv1.none(lambda p: p.src == VIP, 'lv2 is the router')


class Arp:
    """ARP on a wire."""

    def __init__(self, host, dev):
        with host.at():
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            self.sock.bind((dev, 0x0806))
        self.mac = host.mac(dev)

    def ask(self, address, source):
        self.sock.send(b'\xff' * 6 + self.mac + b'\x08\x06' + struct.pack(
            '>HHBBH6s4s6s4s', 1, 0x800, 6, 4, 1, self.mac,
            socket.inet_aton(source), b'', socket.inet_aton(address)))

    def answers(self, address, source, last):
        """The machines that answer for ADDRESS, before LAST answers for
        itself."""
        self.ask(address, source)
        self.ask(last, source)
        found = []
        while True:
            frame = self.sock.recv(100)
            if frame[20:22] != b'\0\2':
                continue
            if frame[28:32] == socket.inet_aton(last):
                return found
            if frame[28:32] == socket.inet_aton(address):
                found.append(frame[22:28])


# complaint 8
def test_alias_on_real_servers(site, reasons):
    """Without dsr_rs: the VIP on lo, and ARP for it suppressed."""
    site.balance(rule='')
    arp = Arp(site.lv1, 'eth1')
    site.sockets.append(arp.sock)
    for name, address in (('w101', W101), ('w102', W102)):
        change(site, name, f'addr add {VIP}/32 dev lo',
               f'addr del {VIP}/32 dev lo')
        assert site.net[name].mac('eth0') in arp.answers(VIP, BACK['lv1'],
                                                         address)
    for name, address in (('w101', W101), ('w102', W102)):
        sysctl(site, name, 'ipv4/conf/all/arp_ignore', 1)
        sysctl(site, name, 'ipv4/conf/all/arp_announce', 2)
        assert site.net[name].mac('eth0') not in arp.answers(
            VIP, BACK['lv1'], address)
    assert site.replies(6) == {'w101 nano': 3, 'w102 desu': 3}
    # nor does the VIP appear as the sender of a request
    site.w101.ip('neigh flush dev eth0')
    ask(site.connect())
    for name in ('lv1', 'lv2'):
        known = [line for line in
                 site.net[name].read('/proc/net/arp').splitlines()
                 if line.split()[0] == VIP and line.split()[2] != '0x0']
        assert not known


# complaint 10
@pytest.mark.parametrize('path', ['stack', 'direct'])
def test_full_size(lb, path, reasons):
    """Packets of 1500 bytes pass, since nothing is added to them."""
    lb.lv1.dsrctl(f'service set fwmark 1 path {path}')
    since = reasons('lv1')
    with wire.Tap(lb.client) as client, wire.Tap(lb.w101) as w101, \
            wire.Tap(lb.w102) as w102:
        for port in range(4000, 4004):
            packet = wire.udp(port, 9, payload=b'x' * 1472)
            assert len(packet) == 1500 and packet[6] & 0x40     # DF
            client.send(packet, FRONT['lv1'])
        wait_for('all four', lambda: len(
            [p for p in w101.drain() + w102.drain()
             if len(p.packet) == 1500 and p.dst == VIP]) == 4)
    assert since['forwarded'] == 4
    assert not [name for name in since.all() if name.startswith('drop')]


HERE = {
    4: ({'fwmark': 1}, W101, '10.10.30.77', wire.udp(4000, 7, b'x')),
    6: ({'vip': VIP6}, W1016, '2001:db8:30::77', wire6.udp(4000, 7, b'x')),
}


@pytest.mark.parametrize('family', HERE)
@pytest.mark.parametrize('end', ['deleted', 'moved'])
def test_balancer_was_real_server(site, family, end):
    """The fast path returns when the last local backend has gone.

    The backend is deleted, as a sorry server is, or its address moves to
    another machine.
    """
    key, server, own, packet = HERE[family]
    if family == 6:
        site.net.enable_ipv6()
    site.lv1.ip(f'addr add {own} dev lo')
    site.undo.append(lambda: site.lv1.run(
        'ip', 'addr', 'del', own, 'dev', 'lo', check=False))
    lv1 = Balancer(site)
    lv1.service('add', **key, path='direct')
    lv1.backend('add', server, **key)
    lv1.backend('add', own, **key, weight=0)
    lv1.path('add', 'eth0')
    assert lv1.backends(**key)[own]['state'] == 'local'
    with wire.Tap(site.client) as client:
        def takes(way):
            client.send(packet, FRONT['lv1'])
            return lv1.ways().get(way)
        wait_for('a packet that the sender decides about',
                 lambda: takes('backend_is_here'))
        assert 'forwarded' not in lv1.ways()
        if end == 'deleted':
            lv1.backend('delete', own, **key)
        else:
            site.lv1.ip(f'addr del {own} dev lo')
        wait_for('the fast path', lambda: takes('forwarded'))
