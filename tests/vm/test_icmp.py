# SPDX-License-Identifier: GPL-2.0
"""ICMP errors reach the right server, and its socket."""

import socket

import pytest

import wire
from host import Host, run, wait_for
from network import CLIENT, CLIENT6, VIP, VIP6, W101, W1016, W102
from traffic import BIG_MIB, ask, exchange, same_files

LV1 = '10.10.31.11'


def peer_port(site, name):
    """A connection to the server NAME, and the client's port."""
    sock = site.connect_to(name)
    return sock, sock.getsockname()[1]


def error_for(port, proto=wire.tcp, code=wire.FRAGMENTATION_NEEDED, mtu=1200,
              src=CLIENT, dst=VIP, type_=wire.ICMP_UNREACHABLE):
    """An ICMP error about a reply from the VIP."""
    quoted = proto(80 if proto is wire.tcp else 7, port, src=dst, dst=CLIENT)
    return wire.icmp_error(type_, code, quoted[:28], mtu, src=src, dst=dst)


@pytest.mark.parametrize('marked', [True, False])
def test_error_reaches_its_server(lb, reasons, marked):
    """The error reaches its server, with any mark of its own."""
    if not marked:
        lb.lv1.nft('''
            flush ruleset
            table ip mangle { chain prerouting {
                type filter hook prerouting priority mangle;
                ip daddr 10.10.31.100 tcp dport 80 meta mark set 1
            }
            }''')
    _, port101 = peer_port(lb, 'w101')
    _, port102 = peer_port(lb, 'w102')
    since = reasons('lv1')
    with wire.Tap(lb.client) as client, wire.Tap(lb.w101) as w101, \
            wire.Tap(lb.w102) as w102:
        for number in range(3):
            client.send(error_for(port101, mtu=1200 + number), LV1)
            client.send(error_for(port102, mtu=1300 + number,
                                  src='10.10.31.99'), LV1)
        w101.wait(lambda p: p.proto == 1 and p.mtu == 1202, 'the error')
        w102.wait(lambda p: p.proto == 1 and p.mtu == 1302, 'the error')
        w101.none(lambda p: p.proto == 1 and p.mtu >= 1300, 'not its own')
        w102.none(lambda p: p.proto == 1 and p.mtu < 1300, 'not its own')
        for tap in (w101, w102):
            assert all(p.checksums_right() for p in tap.seen
                       if p.proto == 1)
    assert since['forwarded_icmp_error'] == 6


def test_socket_learns_the_mtu(lb):
    """The error passes dsr_rs, and the TCP socket learns the MTU."""
    sock, port = peer_port(lb, 'w101')
    with wire.Tap(lb.client) as client:
        # The error quotes the next segment of w101: TCP accepts errors about
        # data in flight, whether or not the client has acked the last segment.
        with wire.Tap(lb.w101, outgoing=True) as w101:
            ask(sock)
            last = [p for p in w101.drain() if p.src == VIP and p.payload][-1]
            seq = last.seq + len(last.payload)
        quoted = wire.tcp(80, port, flags=wire.ACK, seq=seq, src=VIP,
                          dst=CLIENT)
        client.send(wire.icmp_error(3, 4, quoted[:28], 1100), LV1)
    delivered = wait_for('delivered', lambda: lb.w101.show('stats'))
    assert delivered
    # A path MTU is kept per destination, and only w101 has learnt this one.
    wait_for('the path MTU at w101', lambda: 'mtu 1100' in lb.w101.run(
        'ip', 'route', 'get', CLIENT).stdout)
    assert 'mtu 1100' not in lb.w102.run('ip', 'route', 'get', CLIENT).stdout
    lb.undo.append(lambda: lb.w101.run('ip', 'route', 'flush', 'cache'))
    assert ask(sock) == 'w101 nano'


def test_unrelated(lb, reasons):
    """Errors about unknown connections are dropped, and not answered."""
    since = reasons('lv1')
    lb.connect_to('w101')
    with wire.Tap(lb.client) as client, wire.Tap(lb.w101) as w101, \
            wire.Tap(lb.w102) as w102:
        client.send(error_for(9), LV1)
        # quotes a packet to the VIP, not from it
        client.send(wire.icmp_error(3, 1, wire.tcp(4000)[:28]), LV1)
        # quotes a later fragment, and another protocol
        client.send(wire.icmp_error(3, 1, wire.ip(
            b'\0' * 8, 6, src=VIP, dst=CLIENT, frag=100)), LV1)
        client.send(wire.icmp_error(3, 1, wire.ip(
            b'\0' * 8, 47, src=VIP, dst=CLIENT)), LV1)
        wait_for('counted', lambda: since['drop_not_served'] == 4)
        for tap in (w101, w102):
            tap.none(lambda p: p.proto == 1 and p.dst == VIP, 'unrelated')


@pytest.fixture
def far(site):
    """A client behind a link of MTU 1300: the client becomes its router."""
    run('ip', 'netns', 'add', 'far')
    host = site.net.hosts['far'] = Host('far')

    def undo():
        site.net.hosts.pop('far').stop()
        run('ip', 'netns', 'del', 'far')
        site.client.sysctl('ipv4/ip_forward', 0)
        site.lv1.ip('route del 10.10.32.0/24')
        for name in ('w101', 'w102'):
            site.net[name].run('ip', 'route', 'flush', 'cache')
    site.undo.append(undo)
    site.client.ip('''
        link add name eth1 mtu 1300 type veth peer name eth0 netns far
        addr add 10.10.32.1/24 dev eth1
        link set eth1 up
    ''')
    host.ip('''
        link set lo up
        link set eth0 mtu 1500 up
        addr add 10.10.32.2/24 dev eth0
        route add default via 10.10.32.1
    ''')
    site.client.sysctl('ipv4/ip_forward', 1)
    site.lv1.ip(f'route add 10.10.32.0/24 via {CLIENT}')
    return host


def test_path_mtu_discovery(lb, far, reasons):
    """A download through a narrow link on the path of the replies."""
    since = reasons('lv1')
    got = f'{lb.net.directory}/got'
    lb.lv1.dsrctl(f'backend set fwmark 1 via {W102} weight 0')
    lb.curl('-o', got, f'http://{VIP}/big', host='far', vhost='x',
            timeout=100)
    assert same_files(got, lb.net.big_file(BIG_MIB))
    assert since['forwarded_icmp_error'] >= 1
    assert 'mtu 1300' in lb.w101.run('ip', 'route', 'get',
                                     '10.10.32.2').stdout
    assert 'mtu 1300' not in lb.w102.run('ip', 'route', 'get',
                                         '10.10.32.2').stdout


@pytest.mark.parametrize('vip,via,client', [
    (VIP, W101, CLIENT), (VIP6, W1016, CLIENT6)], ids=['v4', 'v6'])
def test_reply_through_small_mtu(site6, reasons, vip, via, client):
    """A download where the balancer, as a router, sends the ICMP error."""
    site6.lv1.ip('link set eth0 mtu 1300')
    site6.undo += [
        lambda: site6.w101.run('ip', '-6', 'route', 'flush', 'cache'),
        lambda: site6.w101.run('ip', 'route', 'flush', 'cache'),
        lambda: site6.lv1.ip('link set eth0 mtu 1500')]
    site6.lv1.configure(f'''
        service add vip {vip}
        backend add vip {vip} via {via}
    ''')
    site6.w101.dsrctl(f'real add vip {vip}')
    since = reasons('lv1')
    got = f'{site6.net.directory}/got'
    where = f'[{vip}]' if ':' in vip else vip
    site6.curl('-g', '-o', got, f'http://{where}/big', vhost='x', timeout=100)
    assert same_files(got, site6.net.big_file(BIG_MIB))
    assert since['forwarded_icmp_error'] >= 1
    assert 'mtu 1300' in site6.w101.run('ip', 'route', 'get', client).stdout


def test_upload_through_small_mtu(lb, reasons):
    """An upload where the balancer asks for smaller packets."""
    lb.lv1.ip('link set eth1 mtu 1300')
    lb.undo.append(lambda: lb.client.run('ip', 'route', 'flush', 'cache'))
    lb.undo.append(lambda: lb.lv1.ip('link set eth1 mtu 1500'))
    since = reasons('lv1')
    lb.lv1.dsrctl(f'backend set fwmark 1 via {W102} weight 0')
    path = lb.net.big_file(2)
    lb.curl('-T', path, f'http://{VIP}/up/small', vhost='x')
    assert same_files(f'{lb.net.directory}/w101/www/up/small', path)
    assert since['drop_too_big'] >= 1


def test_port_unreachable(lb):
    """A closed UDP port: the client gets the error from the VIP, at its
    socket."""
    with wire.Tap(lb.client) as client:
        sock = lb.udp(port=9999)
        sock.send(b'anybody?')
        with pytest.raises(ConnectionRefusedError):
            sock.recv(100)
        got = client.wait(lambda p: p.proto == 1, 'port unreachable')
    assert (got.type, got.code) == (wire.ICMP_UNREACHABLE,
                                    wire.PORT_UNREACHABLE)
    assert got.src == VIP and got.checksums_right()
    # the error quotes the packet as the client has sent it
    assert socket.inet_ntoa(got.quoted[16:20]) == VIP
    assert got.quoted[20:24] == sock.getsockname()[1].to_bytes(2, 'big') + \
        (9999).to_bytes(2, 'big')


def test_closed_tcp_port(lb):
    """A closed TCP port: a reset from the VIP."""
    with pytest.raises(ConnectionRefusedError):
        lb.connect(port=9999)


def test_udp_error_to_server(lb):
    """A client's port-unreachable reaches the server's UDP socket."""
    server = lb.net['w101'].socket(socket.AF_INET, socket.SOCK_DGRAM)
    lb.sockets.append(server)
    server.bind(('0.0.0.0', 7))
    server.setsockopt(socket.SOL_IP, 11, 1)             # IP_RECVERR
    server.settimeout(60)
    lb.lv1.dsrctl(f'backend set fwmark 1 via {W102} weight 0')
    client = lb.udp()
    client.send(b'hello')
    _, peer = server.recvfrom(100)
    client.close()
    server.sendto(b'late', peer)
    with pytest.raises(ConnectionRefusedError):
        server.recvfrom(100)


@pytest.mark.parametrize('source', ['224.0.0.1', '255.255.255.255', '0.0.0.0',
                                    '127.0.0.1'])
def test_bad_source(lb, reasons, source):
    """A source that cannot be answered begins no connection."""
    since = reasons('lv1')
    with wire.Tap(lb.client) as client:
        client.send(wire.udp(4000, src=source), LV1)
        wait_for('the packet was dropped',
                 lambda: since['drop_bad_source'] == 1)
    assert not lb.lv1.show('connection show')


@pytest.mark.parametrize('path', ['stack', 'direct'])
@pytest.mark.parametrize('scheduler', ['rr', 'maglev', 'sh', 'dh'])
def test_own_error_with_reflected_mark(site, scheduler, path, reasons):
    """The balancer's ICMP error about a client's packet has the packet's mark.

    It goes to the client all the same: the mark of a reply is ignored.
    """
    site.balance(f'scheduler {scheduler} path {path}', rule='')
    site.lv1.sysctl('ipv4/fwmark_reflect', 1)
    site.undo.append(lambda: site.lv1.sysctl('ipv4/fwmark_reflect', 0))
    since = reasons('lv1')
    with wire.Tap(site.client) as client:
        for port in range(4000, 4004):
            packet = wire.udp(port, 9, b'12345678', ttl=1)
            client.send(packet, LV1)
            got = client.wait(lambda p, d=packet: p.proto == 1 and
                              p.quoted[:28] == d[:28], 'time exceeded')
            assert got.type == wire.ICMP_TIME_EXCEEDED and got.dst == CLIENT
    assert since.all() == {'drop_ttl_exceeded': 4}
