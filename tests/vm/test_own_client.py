# SPDX-License-Identifier: GPL-2.0
"""The balancer is a client of its own VIP."""

import pytest

import wire
from balancer import Balancer
from host import wait_for
from network import VIP, VIP6, W101, W1016, mac_of
from test_layout import Web
from test_real_balancer import wait_behind
from traffic import ask

OWN = '10.10.31.11'
HERE = '10.10.30.11'


def mark_output(site, kind='route', priority='mangle'):
    """Packets of lv1 itself to the VIP get mark 1."""
    site.lv1.nft(f'''
        table inet own {{ chain output {{
            type {kind} hook output priority {priority};
            ip daddr {VIP} meta mark set 1
        }}
        }}''')


@pytest.mark.smoke
@pytest.mark.parametrize('path', ['stack', 'direct'])
def test_by_mark(lb, path):
    """Its requests are balanced, and its sockets get the answers."""
    lb.lv1.dsrctl(f'service set fwmark 1 path {path}')
    mark_output(lb)
    assert lb.replies(4, host='lv1') == {'w101 nano': 2, 'w102 desu': 2}
    sock = lb.connect(host='lv1')
    first = ask(sock)
    assert [ask(sock) for _ in range(3)] == [first] * 3
    assert [one['src'] for one in lb.connections()
            if one['sport'] == sock.getsockname()[1]] == [OWN]


@pytest.mark.parametrize('priority', ['filter', '2147483646'])
def test_by_late_mark(lb, priority):
    """A chain of any priority in OUTPUT may set the mark."""
    mark_output(lb, 'filter', priority)
    assert lb.replies(4, host='lv1') == {'w101 nano': 2, 'w102 desu': 2}


def test_by_vip(site, reasons):
    """A service by address needs no rule."""
    for name in ('w101', 'w102'):
        site.net[name].dsrctl(f'real add vip {VIP}')
    lv1 = Balancer(site)
    lv1.service('add', vip=VIP, proto='tcp', port=80)
    lv1.backend('add', W101, vip=VIP, proto='tcp', port=80)
    since = reasons('lv1')
    assert site.replies(2, host='lv1') == {'w101 nano': 2}
    assert since['forwarded'] >= 8
    # packets to another port do not belong to the service
    with pytest.raises(OSError):
        site.connect(port=81, host='lv1', seconds=0.5)


def test_ipv6(site6):
    lv1 = Balancer(site6)
    lv1.service('add', vip=VIP6)
    lv1.backend('add', W1016, vip=VIP6)
    site6.w101.dsrctl(f'real add vip {VIP6}')
    got = site6.curl('-6', f'http://[{VIP6}]/', host='lv1')
    assert got == 'w101 nano\n'


def test_frame(site, reasons):
    """A datagram leaves unchanged, towards its server."""
    site.balance('tos 0x20', backends=('w101',), rule='')
    mark_output(site)
    since = reasons('lv1')
    sock = site.udp(host='lv1', sport=0)
    with wire.Tap(site.w101) as tap:
        sock.send(b'hello')
        got = tap.wait(lambda p: p.payload == b'hello', 'the datagram')
    assert (got.src, got.dst, got.ttl, got.tos) == (OWN, VIP, 64, 0x20)
    assert got.mac_dst.hex(':') == mac_of(W101)
    assert since.all() == {'forwarded': 1}
    backend, = site.backends().values()
    assert backend['packets'] == backend['connections'] == 1


def test_no_backend(site, reasons):
    """Without a server the client gets an error at once."""
    site.balance(backends=())
    mark_output(site)
    since = reasons('lv1')
    with pytest.raises(ConnectionRefusedError):
        site.connect(host='lv1')
    assert since['drop_no_backend'] == 1


def test_reset(lb, reasons):
    """With on-down reset the client gets a reset when its server is down."""
    lb.lv1.dsrctl('service set fwmark 1 on-down reset')
    mark_output(lb)
    sock = lb.connect(host='lv1')
    ask(sock)
    lb.lv1.configure('''
        backend set fwmark 1 via 10.10.30.101 down
        backend set fwmark 1 via 10.10.30.102 down force''')
    since = reasons('lv1')
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        ask(sock)
    assert since['answered_reset'] >= 1


def test_here(site, reasons):
    """A client on the backend itself gets an error at once."""
    lv1 = Balancer(site)
    lv1.service('add', vip=VIP)
    lv1.backend('add', HERE, vip=VIP)
    since = reasons('lv1')
    with pytest.raises(ConnectionRefusedError):
        site.connect(host='lv1')
    assert since.all() == {'drop_probe_to_itself': 1}


def test_server_with_the_mark(site, reasons):
    """Answers of a server on this machine are not balanced in spite of their
    mark."""
    site.lv1.nft(f'''
        table inet mangle {{ chain prerouting {{
            type filter hook prerouting priority mangle;
            ip daddr {VIP} meta mark set 1
        }}
        }}''')
    site.lv1.sysctl('ipv4/tcp_fwmark_accept', 1)
    site.lv1.sysctl('ipv4/fwmark_reflect', 1)
    site.undo.append(lambda: site.lv1.sysctl('ipv4/tcp_fwmark_accept', 0))
    site.undo.append(lambda: site.lv1.sysctl('ipv4/fwmark_reflect', 0))
    Web(site, 'lv1', 'lv1 80')
    site.lv1.dsrctl(f'real add vip {VIP}')
    site.balance('scheduler maglev', backends=(), rule='')
    site.lv1.dsrctl(f'backend add fwmark 1 via {HERE}')
    wait_behind(site)
    since = reasons('lv1')
    sock = site.connect()
    assert ask(sock) == ask(sock) == 'lv1 80'
    # the reset of a closed port has the mark as well
    with pytest.raises(ConnectionRefusedError):
        site.connect(port=82)
    assert since['delivered_here'] >= 4
    wait_for('no connection but its own', lambda: all(
        one['src'] == '10.10.31.200' for one in site.connections()))


@pytest.mark.parametrize('path', ['stack', 'direct'])
def test_real_server(lb, path, reasons):
    """A real server as a client accepts packets that come back from the
    balancer.

    These have its own address as their source, so Linux drops them as martian
    unless accept_local is set; a reason says so.
    """
    lb.lv1.dsrctl(f'service set fwmark 1 path {path}')
    with pytest.raises(OSError):
        lb.connect(host='w101', seconds=0.5, sport=next(lb.ports))
        lb.connect(host='w101', seconds=0.5, sport=next(lb.ports))
    since = reasons('w101', 'dsr_rs')
    with wire.Tap(lb.lv2, 'eth1') as tap:
        tap.send(wire.udp(4000, src=W101), W101)
    wait_for('said', lambda: since['drop_needs_accept_local'] >= 1)
    lb.w101.sysctl('ipv4/conf/eth0/accept_local', 1)
    lb.undo.append(lambda: lb.w101.sysctl('ipv4/conf/eth0/accept_local', 0))
    assert lb.replies(6, host='w101') == {'w101 nano': 3, 'w102 desu': 3}
    for name in ('w101', 'w102'):
        lb.echo(name).prefix = name.encode()
    seen = set()
    for _ in range(2):
        sock = lb.udp(host='w101')
        sock.send(b'?')
        seen.add(sock.recv(100))
    assert seen == {b'w101?', b'w102?'}
