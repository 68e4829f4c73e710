# SPDX-License-Identifier: GPL-2.0
"""The choice of the local address that a real server delivers to."""

import socket

import pytest

import genl
import wire
import wire6
from host import wait_for
from network import BACK_VRRP, CLIENT, VIP, VIP6, W103
from traffic import Echo

SECOND = '10.10.30.203'
LOOPBACK = '10.99.0.103'
LASTING6 = '2001:db8:30::103'
LOOPBACK6 = '2001:db8:99::103'
ROUTER6 = '2001:db8:30::11'
# of IFA_FLAGS, for flags that ip(8) cannot set
TEMPORARY = 1


class Server:
    """A server that leaves the source of its answers to the kernel."""

    def __init__(self, site, host, mac, family=4, address=''):
        self.site, self.mac, self.family = site, mac, family
        self.wire = wire if family == 4 else wire6
        self.vip = VIP if family == 4 else VIP6
        host.dsrctl(f'real add vip {self.vip}')
        sock = host.socket(socket.AF_INET if family == 4 else
                           socket.AF_INET6, socket.SOCK_DGRAM)
        site.sockets.append(sock)
        sock.bind((address, 7))
        Echo(sock, host.name)
        self.number = 0

    def answers(self, port):
        """The answer to the next datagram from PORT comes from the VIP."""
        self.number += 1
        data = b'number %d.' % self.number
        with self.wire.Tap(self.site.lv1, 'eth1') as router, \
                self.wire.Tap(self.site.lv2, 'eth1') as tap:
            tap.send(self.wire.udp(port, 7, data), self.mac)
            answer = router.wait(lambda p: p.sport == 7 and
                                 p.packet.endswith(data), 'an answer')
        assert (answer.src, answer.dport) == (self.vip, port)


@pytest.fixture
def third6(site6, third):
    """w103 with the IPv6 of the network, without temporary addresses."""
    third.sysctl('ipv6/conf/eth0/use_tempaddr', 0)
    return third


def test_source_of_route(site, third):
    """With "route … src" answers come from that address, and so from the VIP.
    """
    third.ip(f'addr add {SECOND}/24 dev eth0\n'
             f'route replace default via {BACK_VRRP} src {SECOND}')
    server = Server(site, third, W103)
    for port in (4000, 4000, 4001):
        server.answers(port)


def test_second_device(site, third):
    """Answers that leave by another device come from its address."""
    third.ip(f'''
        link add out type veth peer name back
        link set back up
        addr add 10.98.0.1/24 dev out
        link set out up
        neigh add 10.98.0.2 lladdr 02:00:00:00:00:98 dev out
        route replace default via 10.98.0.2''')
    Server(site, third, W103)
    with wire.Tap(third, 'back') as back, wire.Tap(site.lv2, 'eth1') as tap:
        tap.send(wire.udp(4000, 7, b'x'), W103)
        answer = back.wait(lambda p: p.sport == 7, 'an answer')
    assert (answer.src, answer.dst, answer.dport) == (VIP, CLIENT, 4000)


def test_unnumbered(site, third):
    """Without an address on the device the machine's address, on lo, is used.
    """
    third.ip(f'''
        addr del {W103}/24 dev eth0
        addr add {LOOPBACK}/32 dev lo
        route add {BACK_VRRP} dev eth0
        route add default via {BACK_VRRP} src {LOOPBACK}
        neigh replace {BACK_VRRP} lladdr {site.lv1.mac('eth1').hex(':')} dev eth0''')
    server = Server(site, third, W103)
    for port in (4000, 4000, 4001):
        server.answers(port)
    # and a client without a route is still accepted
    third.ip('route del default')
    before = genl.reasons(third, 'dsr_rs')
    with wire.Tap(site.lv2, 'eth1') as tap:
        tap.send(wire.udp(4002, 7), W103)
        wait_for('delivered', lambda: genl.reasons(third, 'dsr_rs')[
            'delivered'] > before['delivered'])


def test_unnumbered_ipv6(site6, third6):
    third6.ip(f'''
        addr del {LASTING6}/64 dev eth0
        addr add {LOOPBACK6}/128 dev lo
        route add {ROUTER6} dev eth0
        route replace default via {ROUTER6} src {LOOPBACK6}
        neigh replace {ROUTER6} lladdr {site6.lv1.mac('eth1').hex(':')} dev eth0''')
    server = Server(site6, third6, W103, 6)
    for port in (4000, 4000, 4001):
        server.answers(port)


def test_no_temporary_address(site6, third6):
    """A temporary address is not used, since servers do not listen there."""
    server = Server(site6, third6, W103, 6, LASTING6)
    server.answers(4000)
    third6.sysctl('ipv6/conf/eth0/use_tempaddr', 2)
    third6.ip(f'addr change {LASTING6}/64 dev eth0 mngtmpaddr nodad')

    def temporary():
        return [line for line in third6.read('/proc/net/if_inet6').splitlines()
                if int(line.split()[4], 16) & TEMPORARY]
    wait_for('a temporary address', temporary)
    server.answers(4001)
    server.answers(4000)


@pytest.mark.parametrize('family', [4, 6], ids=['ipv4', 'ipv6'])
def test_change_of_addresses(site6, third6, family):
    """A flow and its answers continue when another address becomes the source.
    """
    server = Server(site6, third6, W103, family,
                    W103 if family == 4 else LASTING6)
    for _ in range(3):
        server.answers(4000)
    if family == 4:
        third6.ip(f'addr add {SECOND}/24 dev eth0\n'
                  f'route replace default via {BACK_VRRP} src {SECOND}')
    else:
        third6.ip(f'addr add 2001:db8:30::203/64 dev eth0 nodad\n'
                  f'route replace default via {ROUTER6} '
                  'src 2001:db8:30::203')
    for _ in range(3):
        server.answers(4000)


def test_change_within_a_handshake(site, third):
    """A repeated SYN gets the same answer from a new source address."""
    third.dsrctl(f'real add vip {VIP}')
    sock = third.socket(socket.AF_INET, socket.SOCK_STREAM)
    site.sockets.append(sock)
    sock.bind(('', 80))
    sock.listen(1)
    with wire.Tap(site.lv1, 'eth1') as router, \
            wire.Tap(site.lv2, 'eth1') as tap:
        def answer():
            router.drain().clear()
            tap.send(wire.tcp(4000, seq=1), W103)
            return router.wait(lambda p: p.sport == 80 and
                               p.flags == wire.SYN | wire.ACK, 'a SYN-ACK')
        first = answer()
        third.ip(f'addr add {SECOND}/24 dev eth0\n'
                 f'route replace default via {BACK_VRRP} src {SECOND}')
        again = answer()
    assert (first.src, again.src) == (VIP, VIP)
    assert again.seq == first.seq
