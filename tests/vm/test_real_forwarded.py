# SPDX-License-Identifier: GPL-2.0
"""Servers behind a real server that forwards to them, as with docker."""

import socket

import pytest

import wire
from host import Host, run, wait_for
from network import VIP, W101

BOX = '172.17.0.2'
DNAT = (f'-t nat -A PREROUTING -d {W101} -p tcp --dport 80 -j DNAT --to '
        f'{BOX}:80')
FLOWTABLE = '''
    table ip fast {
        flowtable f { hook ingress priority 0; devices = { eth0, box }; }
        chain forward {
            type filter hook forward priority 0;
            ip protocol tcp flow add @f
        }
    }
'''
HOUR = 3600000


@pytest.fixture
def box(site):
    """A container on w101, which gets port 80 of w101; a socket listens there.
    """
    run('ip', 'netns', 'add', 'box')
    site.undo.append(lambda: run('ip', 'netns', 'del', 'box'))
    site.w101.ip('''
        link add box type veth peer name eth0 netns box
        addr add 172.17.0.1/24 dev box
        link set box up''')
    box = Host('box')
    box.ip(f'''
        link set lo up
        addr add {BOX}/24 dev eth0
        link set eth0 up
        route add default via 172.17.0.1''')
    site.w101.sysctl('ipv4/ip_forward', 1)
    site.undo.append(lambda: site.w101.sysctl('ipv4/ip_forward', 0))
    site.w101.iptables(*DNAT.split())
    site.balance(backends=('w101',))
    box.server = box.socket(socket.AF_INET, socket.SOCK_STREAM)
    site.sockets.append(box.server)
    box.server.settimeout(60)
    box.server.bind(('', 80))
    box.server.listen(8)
    return box


def connect(site, box):
    """Both ends of a connection through the VIP that works."""
    client = site.connect(sport=next(site.ports))
    server, _ = box.server.accept()
    site.sockets.append(server)
    server.settimeout(60)
    talk(client, server)
    return client, server


def talk(client, server):
    for one, other in ((client, server), (server, client)):
        one.send(b'hello')
        assert other.recv(10) == b'hello'


def expires(site, client):
    """The remaining milliseconds of a client's flow; None without a flow.

    A datagram of an earlier test may have had the same port.
    """
    port = client.getsockname()[1]
    return next((flow['expires'] for flow in site.w101.show('flow show')
                 if (flow['proto'], flow['sport']) == ('tcp', port)), None)


def test_flow_of_container_lives(site, box):
    """Without a local socket the flow lives for hours, or for the set timeout.

    A reset that the server does not accept ends nothing.
    """
    site.undo.append(lambda: site.w101.dsrctl(
        'flow set timeout-established default'))
    client, server = connect(site, box)
    assert expires(site, client) > 2 * HOUR
    with wire.Tap(site.lv2, 'eth1') as tap:
        port = client.getsockname()[1]
        tap.send(wire.tcp(port, 80, wire.RST, seq=1), W101)
        # a later packet shows that the reset has come
        server.send(b'still there')
        assert client.recv(100) == b'still there'
    assert expires(site, client) > 2 * HOUR
    talk(client, server)
    site.w101.dsrctl('flow set timeout-established 1s')
    wait_for('it is forgotten', lambda: expires(site, client) is None)
    # the client continues, and so does the flow, by the rule
    site.w101.dsrctl('flow set timeout-established 3h')
    client.send(b'again')
    assert server.recv(10) == b'again'
    server.send(b'and again')
    assert client.recv(10) == b'and again'
    assert 3 * HOUR >= expires(site, client) > 2.9 * HOUR


def offloaded(host, client):
    """Whether a flowtable has the connection of a client's socket."""
    port = f' sport={client.getsockname()[1]} '
    return any(port in line and '[OFFLOAD]' in line for line in
               host.read('/proc/net/nf_conntrack').splitlines())


@pytest.mark.stock
def test_flowtable_leaves_vip_alone(site, box):
    """A flowtable would bypass the module: it gets other connections only."""
    site.w101.nft(FLOWTABLE)
    site.undo.append(lambda: site.w101.run('nft', 'delete table ip fast'))
    direct = site.client.socket(socket.AF_INET, socket.SOCK_STREAM)
    site.sockets.append(direct)
    direct.settimeout(60)
    direct.connect((W101, 80))
    other, _ = box.server.accept()
    site.sockets.append(other)
    other.settimeout(60)
    client, server = connect(site, box)
    for _ in range(5):
        talk(direct, other)
        talk(client, server)
    assert offloaded(site.w101, direct)
    assert not offloaded(site.w101, client)
