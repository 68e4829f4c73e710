# SPDX-License-Identifier: GPL-2.0
"""Netfilter shows a packet twice: in a VRF, and with SYNPROXY."""

import socket

import pytest

import wire
import wire6
from host import wait_for
from network import BACK_VRRP, CLIENT, CLIENT6, VIP, VIP6, W103
from test_layout import Web
from traffic import Echo, ask

W1036 = '2001:db8:30::103'
ROUTER6 = '2001:db8:30::11'
INET = {4: socket.AF_INET, 6: socket.AF_INET6}
SYNPROXY = '''
    table ip t {
        chain raw {
            type filter hook prerouting priority raw;
            tcp dport 80 tcp flags syn notrack
        }
        chain input {
            type filter hook input priority filter;
            tcp dport 80 ct state invalid,untracked synproxy mss 1460 wscale 7 timestamp sack-perm
            ct state invalid drop
        }
    }
'''


@pytest.fixture
def red(site6, third):
    """w103, whose only device is in a VRF; lv1 sends it packets for the VIP.
    """
    for key, value in (('conf/lo/disable_ipv6', 0),
                       ('conf/eth0/accept_dad', 0),
                       ('conf/eth0/disable_ipv6', 0),
                       ('conf/default/disable_ipv6', 0)):
        third.sysctl(f'ipv6/{key}', value)
    third.ip(f'''
        link add red type vrf table 10
        link set red up
        link set eth0 master red
        addr replace {W1036}/64 dev eth0 nodad
        route add default via {BACK_VRRP} table 10
        route add default via {ROUTER6} table 10''')
    site6.lv1.configure(f'''
        service add vip {VIP} proto tcp port 80
        backend add vip {VIP} proto tcp port 80 via {W103}
        service add vip {VIP6} proto tcp port 80
        backend add vip {VIP6} proto tcp port 80 via {W1036}''')
    return third


def listen(site, host, family, kind, port, dev='red'):
    """A socket in the VRF, as from "ip vrf exec"."""
    sock = host.socket(INET[family], kind)
    site.sockets.append(sock)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, dev.encode())
    sock.bind(('', port))
    if kind == socket.SOCK_STREAM:
        sock.listen(10)
        sock.settimeout(60)
    return sock


@pytest.mark.parametrize('to', ['', ' to own'], ids=['device', 'named'])
@pytest.mark.parametrize('family', [4, 6], ids=['ipv4', 'ipv6'])
def test_tcp_in_vrf(site6, red, family, to):
    """A connection to the VIP ends at a socket in the VRF, with its own port.
    """
    vip, own, client = ((VIP, W103, CLIENT) if family == 4 else
                        (VIP6, W1036, CLIENT6))
    red.dsrctl(f'real add vip {vip}' + to.replace('own', own))
    server = listen(site6, red, family, socket.SOCK_STREAM, 80)
    since = red.reasons()
    sock = site6.client.socket(INET[family], socket.SOCK_STREAM)
    site6.sockets.append(sock)
    sock.settimeout(60)
    sock.connect((vip, 80))
    there, peer = server.accept()
    site6.sockets.append(there)
    there.settimeout(60)
    assert peer[:2] == (client, sock.getsockname()[1])
    assert there.getsockname()[:2] == (own, 80)
    for number in range(5):
        sock.sendall(b'question %d' % number)
        assert there.recv(100) == b'question %d' % number
        there.sendall(b'answer %d' % number)
        assert sock.recv(100) == b'answer %d' % number
    assert since['delivered'] >= 6 and since['replied'] >= 6
    assert since['pass_shown_twice'] >= 12
    assert not since['delivered_other_port']
    assert not [name for name in since.all() if name.startswith('drop')]
    # the counters of a machine that is deleted afterwards
    site6.provoked['dsr_rs'].add('pass_shown_twice')


@pytest.mark.parametrize('family', [4, 6], ids=['ipv4', 'ipv6'])
def test_udp_and_ping_in_vrf(site6, red, family):
    """Datagrams and pings are answered by the routes of the VRF."""
    kind, vip = (wire, VIP) if family == 4 else (wire6, VIP6)
    red.dsrctl(f'real add vip {vip}')
    Echo(listen(site6, red, family, socket.SOCK_DGRAM, 7), 'w103')
    since = red.reasons()
    with kind.Tap(site6.lv1, 'eth1') as router, \
            kind.Tap(site6.lv2, 'eth1') as tap:
        for payload in (b'a', b'b', b'c'):
            tap.send(kind.udp(4000, 7, payload), W103)
            answer = router.wait(lambda p, data=payload: p.src == vip and
                                 p.sport == 7 and p.packet.endswith(data),
                                 'an answer')
            assert answer.dport == 4000
        tap.send(wire.icmp_echo() if family == 4 else wire6.echo(), W103)
        router.wait(lambda p: p.src == vip and
                    p.proto == (1 if family == 4 else 58), 'a pong')
    assert since['answered_ping'] == 1
    assert since['delivered'] == since['replied'] == 3


def test_address_of_another_vrf(red):
    """A packet from a VRF does not go to an address outside of it."""
    red.ip('link add blue type dummy\nlink set blue up\n'
           'addr add 10.99.0.1/32 dev blue')
    red.dsrctl(f'real add vip {VIP} to 10.99.0.1')
    since = red.reasons()
    with wire.Tap(red.site.lv2, 'eth1') as tap:
        tap.send(wire.udp(4000, 7), W103)
        wait_for('dropped', lambda: since['drop_no_local_address'] == 1)


@pytest.mark.stock     # the debug kernel has no SYNPROXY
def test_synproxy(site, third):
    """SYNPROXY on the real server works for the VIP as for the own address."""
    site.lv1.configure(f'''
        service add vip {VIP} proto tcp port 80
        backend add vip {VIP} proto tcp port 80 via {W103}''')
    third.dsrctl(f'real add vip {VIP}')
    Web(site, 'w103', 'behind')
    third.nft(SYNPROXY)
    third.sysctl('netfilter/nf_conntrack_tcp_loose', 0)
    since = third.reasons()
    for address in (W103, VIP, VIP):
        sock = site.connect(address)
        for _ in range(3):
            assert ask(sock) == 'behind'
    assert not since['delivered_other_port']
    assert since['pass_own_address']
