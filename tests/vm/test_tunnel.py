# SPDX-License-Identifier: GPL-2.0
"""A real server behind a router, at the other end of a tunnel device.

lv2 is the router between lv1 and w101. The tunnel carries the requests only: the
replies do not come back through it.
"""

import os

import pytest

import wireguard
from host import Failure, wait_for
from network import VIP, W101, W1016
from traffic import exchange, read_reply

LV1, LV2 = '10.10.30.11', '10.10.30.12'
LV16_BACK, LV26_BACK = '2001:db8:30::11', '2001:db8:30::12'
NEAR, FAR = '10.99.0.1', '10.99.0.2'
MIB = 1 << 20
SIZE = 16 * MIB
NARROW = 1340

# how to add the device, the header that it adds, and whether it takes packets that
# GRO or TCP has merged as they are
KINDS = {
    'ipip': ('type ipip local {} remote {}', 20, True),
    'gre': ('type gre local {} remote {}', 24, True),
    'ip6tnl': ('type ip6tnl mode any local {} remote {} encaplimit none', 40,
               True),
    'vxlan': ('type vxlan id 42 local {} remote {} dstport 4789', 50, True),
    'wireguard': ('type wireguard', 80, False),
}


def add_device(site, name, kind, own, other, address):
    host = site.net[name]
    try:
        host.ip(f'link add tun0 {KINDS[kind][0].format(own, other)}')
    except Failure as failure:
        pytest.skip(f'this kernel has no {kind}: {failure}')
    site.undo.append(lambda: host.ip('link del tun0'))
    if kind == 'wireguard':
        number = int(name == 'w101')
        wireguard.connect(host, 'tun0', number, 1 - number, other)
    host.sysctl('ipv4/conf/tun0/rp_filter', 0)
    host.ip(f'''
        addr add {address}/30 dev tun0
        link set tun0 up''')


def lead(site, name, there, back):
    """Add a route now, and delete it after the test."""
    site.net[name].ip(f'route replace {there}')
    site.undo.append(lambda: site.net[name].ip(f'route del {back}'))


@pytest.fixture(params=list(KINDS))
def tunnel(site, request):
    """lv1 with one backend, at the other end of a tunnel through lv2."""
    kind = request.param
    ends = (LV1, W101)
    for dev in ('all', 'eth1'):
        old = site.lv2.sysctl(f'ipv4/conf/{dev}/send_redirects')
        site.lv2.sysctl(f'ipv4/conf/{dev}/send_redirects', 0)
        site.undo.append(lambda dev=dev, old=old: site.lv2.sysctl(
            f'ipv4/conf/{dev}/send_redirects', old))
    # the client and lv1 have learnt the size of packets to the VIP
    for host in (site.client, site.lv1):
        site.undo.append(lambda host=host: host.ip('route flush cache'))
    lead(site, 'lv1', f'{W101} via {LV2}', W101)
    if kind == 'ip6tnl':
        site.net.enable_ipv6()
        ends = (LV16_BACK, W1016)
        lead(site, 'lv1', f'{W1016} via {LV26_BACK}', W1016)
    add_device(site, 'lv1', kind, *ends, NEAR)
    add_device(site, 'w101', kind, *ends[::-1], FAR)
    site.lv1.configure(f'''
        service add fwmark 1
        backend add fwmark 1 via {FAR}''')
    site.w101.dsrctl(f'real add vip {VIP}')
    site.tunnel = kind
    yield site
    del site.tunnel


def narrow(site):
    """From now on the router's link to the real server takes small packets."""
    lead(site, 'lv2', f'{W101} dev eth1 mtu lock {NARROW}', W101)
    if site.tunnel == 'ip6tnl':
        lead(site, 'lv2', f'{W1016} dev eth1 mtu lock {NARROW}',
             f'{W1016} dev eth1')


def sent(host):
    """(bytes, packets) that have left by the tunnel."""
    line = next(line for line in host.read('/proc/net/dev').splitlines()
                if line.strip().startswith('tun0:'))
    words = line.split(':')[1].split()
    return int(words[8]), int(words[9])


def is_behind(site, address, gateway):
    said = site.lv1.dsrctl(f'backend add fwmark 1 via {address}', check=False)
    return said.returncode == 2 and said.stderr == (
        f'dsrctl: backend is behind the gateway {gateway}: use a tunnel '
        '(docs/layouts.md)\n')


def test_tunnel(tunnel):
    """Up and down, in fragments, and on while the path gets narrower."""
    site = tunnel
    assert is_behind(site, W101, LV2)
    backend = site.backends()[FAR]
    assert backend['dev'] == 'tun0'
    data = os.urandom(MIB) * (SIZE // MIB)
    half = SIZE // 2
    # down: the replies go the other way
    got = site.curl(f'http://{VIP}/')
    assert got == 'w101 nano\n'
    assert site.backends()[FAR]['state'] == 'reachable'

    # up, and a narrower path in the middle of it. TCP merges as many segments as
    # it sends in a millisecond: on a slow host few, if this did not ask for more.
    least = site.client.sysctl('ipv4/tcp_min_tso_segs')
    site.client.sysctl('ipv4/tcp_min_tso_segs', 16)
    site.undo.append(lambda: site.client.sysctl('ipv4/tcp_min_tso_segs', least))
    sock = site.connect()
    sock.settimeout(100)
    sock.sendall(b'PUT /up/big HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n'
                 % SIZE)
    before = sent(site.lv1)
    sock.sendall(data[:half])
    octets, packets = wait_for('half of it has left', lambda: [
        b - a for a, b in zip(before, sent(site.lv1))
        if sent(site.lv1)[0] - before[0] > half / 2])
    narrow(site)
    sock.sendall(data[half:])
    read_reply(sock)
    path = f'{site.net.directory}/w101/www/up/big'
    with open(path, 'rb') as file:
        assert file.read() == data
    os.unlink(path)
    if KINDS[site.tunnel][2]:
        assert octets / packets > 5000, 'the packets were cut before the tunnel'

    # datagrams of all sizes, by both paths
    server = site.echo('w101')
    for way in ('stack', 'direct'):
        site.lv1.dsrctl(f'service set fwmark 1 path {way}')
        exchange(site.udp(), [b'x' * size for size in (
            10, 1200, 1400, 1472, 1473, 4000, 20000, 60000)], window=2)
        assert site.curl(f'http://{VIP}/') == 'w101 nano\n'
    assert len(server.peers) == 2
