# SPDX-License-Identifier: GPL-2.0
"""Real clients and servers over the real server's module, and floods."""

import contextlib
import os
import select
import socket
import struct

import pytest

import genl
import wire
from host import run, wait_for
from network import CLIENT, VIP, VIP6, W101, W1016
from nftables import STRICT
from test_bulk import set_offload
from traffic import BIG_MIB, DEBUG, Echo, ask, exchange, flooding

SO_REUSEPORT, TCP_FASTOPEN, MSG_FASTOPEN = 15, 23, 0x20000000
IPPROTO_SCTP = 132
COOKIES = os.path.exists('/proc/sys/net/ipv4/tcp_syncookies')


@pytest.fixture
def one(site):
    site.balance(backends=('w101',))
    return site


def listen(site, family, address, port, proto=0, options=()):
    sock = site.w101.socket(family, socket.SOCK_STREAM, proto)
    site.sockets.append(sock)
    for level, option, value in options:
        sock.setsockopt(level, option, value)
    sock.settimeout(60)
    sock.bind((address, port))
    sock.listen(64)
    return sock


def syns(number):
    """SYNs of as many clients, all with valid checksums: the amount added to
    the port is subtracted from the sequence number."""
    packet = bytearray(wire.tcp(0, 80, seq=0x1ffff, src='10.20.1.1'))
    made = []
    for count in range(number):
        struct.pack_into('>H', packet, 20, count)
        struct.pack_into('>H', packet, 26, 0xffff - count)
        made.append(bytes(packet))
    return made


@pytest.mark.smp
def test_syn_flood(one):
    """A flood only fills the pending flows: flows continue, and new ones
    begin.

    With SYN cookies also at the flooded server itself.
    """
    # more than its limit; the debug kernel would take too long for that
    number = 3000 if DEBUG else 20000
    ports = (80, 8080) if COOKIES else (8080,)
    old = one.connect()
    assert ask(old) == 'w101 nano'
    before = genl.reasons(one.w101, 'dsr_rs')
    limit = genl.table(one.w101, 'dsr_rs')[0] + 40
    with flooding(one, syns(number), W101, host='lv2', dev='eth1'):
        wait_for('all of the flood is there', lambda: genl.reasons(
            one.w101, 'dsr_rs')['delivered'] - before['delivered'] > number,
            seconds=300)
        for _ in range(5):
            for port in ports:
                assert ask(one.connect(port=port)).startswith('w101 ')
            assert ask(old) == 'w101 nano'
        assert genl.table(one.w101, 'dsr_rs')[0] <= limit
    after = genl.reasons(one.w101, 'dsr_rs')
    assert after['drop_flow_table_full'] == before['drop_flow_table_full']


def listed(site, port):
    """Tell if a flow from this port of the client is listed."""
    return port in {flow['sport'] for flow in site.w101.show('flow show')}


@pytest.mark.smp
def test_udp_flood(one):
    """Unanswered datagrams, and those without a sequel, have a limited share.
    """
    number = 3000 if DEBUG else 20000
    one.net.reload('dsr_rs')        # flows of other tests have their share
    one.w101.dsrctl(f'real add vip {VIP}')
    one.echo('w101')
    one.w101.dsrctl('flow set max 1000')
    sink = one.w101.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.sockets.append(sink)
    sink.bind(('', 9))
    old = one.udp()
    exchange(old, [b'x'] * 3, window=1)
    before = genl.reasons(one.w101, 'dsr_rs')
    limit = genl.table(one.w101, 'dsr_rs')[0] + 250
    with wire.Tap(one.lv2, 'eth1') as tap:
        for port in range(5000, 5500):
            tap.send(wire.udp(port, 7, b'x', src='10.20.1.1'), W101)
            if not port % 50:
                wait_for('all so far are answered', lambda n=port - 5000: (
                    genl.reasons(one.w101, 'dsr_rs')['replied'] -
                    before['replied'] > n))
    assert genl.table(one.w101, 'dsr_rs')[0] <= limit
    packets = [wire.udp(port, 9, b'x', src='10.20.1.2')
               for port in range(1024, 1024 + number)]
    with flooding(one, packets, W101, host='lv2', dev='eth1'):
        wait_for('all of the flood is there', lambda: genl.reasons(
            one.w101, 'dsr_rs')['delivered'] - before['delivered'] > number,
            seconds=300)
        for _ in range(3):
            assert ask(one.connect()).startswith('w101 ')
            exchange(old, [b'x'] * 3, window=1)
            new = one.udp()
            wait_for('a client that goes on has a flow', lambda s=new: (
                exchange(s, [b'x'] * 3, window=1),
                listed(one, s.getsockname()[1]))[1])
        # connections have a second or third entry while they close
        assert genl.table(one.w101, 'dsr_rs')[0] <= limit + 20
    after = genl.reasons(one.w101, 'dsr_rs')
    assert after['drop_flow_table_full'] == before['drop_flow_table_full']


def test_ack_flood(one):
    """Segments that no socket expects do not get into the table.

    Nor do segments that are expected but easily forged.
    """
    before = genl.reasons(one.w101, 'dsr_rs')
    with wire.Tap(one.lv2, 'eth1') as tap:
        for port in range(5000, 5100):
            tap.send(wire.tcp(port, 80, wire.ACK, src='10.20.1.1'), W101)
        for port in range(5100, 5200):
            tap.send(wire.tcp(port, 80, seq=1000, src='10.20.1.1'), W101)
            tap.send(wire.tcp(port, 80, wire.RST, seq=1001, src='10.20.1.1'),
                     W101)
    wait_for('each is answered', lambda: genl.reasons(
        one.w101, 'dsr_rs')['replied'] - before['replied'] >= 200)
    # flows of other tests may end meanwhile
    assert [flow for flow in one.w101.show('flow show')
            if (flow['src'], flow['proto']) == ('10.20.1.1', 'tcp')] == []


@pytest.mark.skipif(not COOKIES, reason='this kernel makes no SYN cookies')
def test_cookies(one):
    """A SYN leaves no state at all, and the connection still works."""
    one.w101.sysctl('ipv4/tcp_syncookies', 2)
    one.undo.append(lambda: one.w101.sysctl('ipv4/tcp_syncookies', 1))
    server = listen(one, socket.AF_INET, '', 98)
    client = one.connect(port=98)
    peer, _ = server.accept()
    one.sockets.append(peer)
    peer.send(b'first')                 # a server that speaks first
    assert client.recv(10) == b'first'
    client.send(b'second')
    assert peer.recv(10) == b'second'


@pytest.mark.stock
@pytest.mark.skipif(not COOKIES, reason='this kernel makes no SYN cookies')
@pytest.mark.parametrize('vip', [VIP, VIP6], ids=['ipv4', 'ipv6'])
def test_cookies_server_first(site6, vip):
    """The banner of a server that speaks first, in the middle of a flood.

    The server accepts late: by then more SYNs have come than there is room for
    pending flows.
    """
    site6.balance(backends=('w101',))
    site6.w101.dsrctl(f'real add vip {VIP6}')
    site6.lv1.configure(f'''
        service add vip {VIP6}
        backend add vip {VIP6} via {W1016}''')
    site6.w101.sysctl('ipv4/tcp_syncookies', 2)
    site6.undo.append(lambda: site6.w101.sysctl('ipv4/tcp_syncookies', 1))
    family = socket.AF_INET6 if ':' in vip else socket.AF_INET
    server = listen(site6, socket.AF_INET6, '::', 87)
    clients, peers = [], {}
    for _ in range(8):
        client = site6.client.socket(family, socket.SOCK_STREAM)
        site6.sockets.append(client)
        client.settimeout(60)
        client.connect((vip, 87))
        clients.append(client)
        peer, (_, port, *_) = server.accept()
        site6.sockets.append(peer)
        peers[port] = peer
    before = genl.reasons(site6.w101, 'dsr_rs')['delivered']
    # Ten for each bucket of four: hardly any of the clients' entries is left.
    # Each read of the counters takes time from the flood.
    with flooding(site6, syns(40000), W101, host='lv2', dev='eth1'):
        wait_for('all of the flood is there', lambda: genl.reasons(
            site6.w101, 'dsr_rs')['delivered'] - before > 40000,
            seconds=300, every=0.5)
    for client in clients:
        peers[client.getsockname()[1]].send(b'220 ready')
        assert client.recv(10) == b'220 ready'
    for client in clients:
        client.send(b'HELO')
        assert peers[client.getsockname()[1]].recv(10) == b'HELO'


def test_port_used_with_another_machine(one, reasons):
    """A client's connection through this machine does not occupy its port at
    sockets."""
    one.echo('w101')
    since = reasons('w101', 'dsr_rs')
    with wire.Tap(one.lv2, 'eth1') as tap, \
            wire.Tap(one.lv1, 'eth1') as answers:
        for packet in (wire.udp(5000, 7, b'elsewhere', src='10.20.1.1',
                                dst='10.30.1.1'),
                       wire.udp(5000, 7, b'here', src='10.20.1.1')):
            tap.send(packet, W101)
        answers.wait(lambda p: p.src == VIP and p.payload == b'here',
                     'the answer')
    flow, = (flow for flow in one.w101.show('flow show')
             if flow['src'] == '10.20.1.1')
    assert flow['socket_sport'] == 5000
    assert since['delivered'] == 1


def test_fast_open(one):
    """Data in the SYN, answered before the client sends anything else."""
    for host in (one.client, one.w101):
        host.sysctl('ipv4/tcp_fastopen', 3)
        one.undo.append(lambda h=host: h.sysctl('ipv4/tcp_fastopen', 1))
    server = listen(one, socket.AF_INET, '', 97,
                    options=[(socket.IPPROTO_TCP, TCP_FASTOPEN, 5)])
    with wire.Tap(one.w101) as tap:
        for _ in range(2):      # the client gets its cookie the first time
            client = one.client.socket(socket.AF_INET, socket.SOCK_STREAM)
            one.sockets.append(client)
            # with a timeout Python would not wait for the cookie
            client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO,
                              struct.pack('ll', 60, 0))
            client.sendto(b'early', MSG_FASTOPEN, (VIP, 97))
            client.settimeout(60)
            peer, _ = server.accept()
            one.sockets.append(peer)
            peer.send(b'reply')
            assert client.recv(10) == b'reply'
            assert peer.recv(10) == b'early'
        tap.wait(lambda p: p.dst == VIP and p.flags == wire.SYN and
                 p.payload == b'early', 'a SYN with data')


def test_sockets_of_all_kinds(site6):
    """Bound to the address, to any, and to any of both families; in groups."""
    site6.balance(backends=('w101',))
    site6.w101.dsrctl(f'real add vip {VIP6}')
    site6.lv1.configure(f'''
        service add vip {VIP6}
        backend add vip {VIP6} via {W1016}
    ''')
    group = [(socket.SOL_SOCKET, SO_REUSEPORT, 1)]
    servers = {91: [listen(site6, socket.AF_INET, W101, 91)],
               92: [listen(site6, socket.AF_INET, '', 92)],
               93: [listen(site6, socket.AF_INET6, '::', 93)],
               94: [listen(site6, socket.AF_INET6, '::', 94, 0, group)
                    for _ in range(3)],
               95: [listen(site6, socket.AF_INET6, W1016, 95)]}
    for port, vip in ((91, VIP), (92, VIP), (93, VIP), (93, VIP6), (94, VIP),
                      (94, VIP6), (95, VIP6)):
        family = socket.AF_INET6 if ':' in vip else socket.AF_INET
        client = site6.client.socket(family, socket.SOCK_STREAM)
        site6.sockets.append(client)
        client.settimeout(60)
        client.connect((vip, port))
        ready = wait_for('a connection to accept', lambda p=port: select.select(
            servers[p], [], [], 0)[0])
        assert len(ready) == 1
        peer, _ = ready[0].accept()
        site6.sockets.append(peer)
        peer.send(b'hello')
        assert client.recv(10) == b'hello', (port, vip)


@pytest.mark.parametrize('offload', [False, True], ids=['plain', 'offload'])
def test_bulk_ipv6(site6, offload):
    """A few MiB each way, past a strict firewall, in merged packets or not."""
    site6.w101.nft(STRICT)
    site6.w101.dsrctl(f'real add vip {VIP6}')
    site6.lv1.configure(f'''
        service add vip {VIP6}
        backend add vip {VIP6} via {W1016}
    ''')
    set_offload(site6, offload)
    size, home = 4 << 20, site6.net.directory
    with open(site6.net.big_file(BIG_MIB), 'rb') as file:
        data = file.read(size)
    with open(f'{home}/part', 'wb') as file:
        file.write(data)
    site6.curl('-g', '-r', f'0-{size - 1}', '-o', f'{home}/got',
               f'http://[{VIP6}]/big', vhost='x')
    site6.curl('-g', '-T', f'{home}/part', f'http://[{VIP6}]/up/part6',
               vhost='x')
    for path in (f'{home}/got', f'{home}/w101/www/up/part6'):
        with open(path, 'rb') as file:
            assert file.read() == data
        os.unlink(path)
    os.unlink(f'{home}/part')


def test_udp_ipv6(site6):
    """Datagrams, whole and fragmented, and a closed port."""
    site6.w101.nft(STRICT)
    site6.w101.dsrctl(f'real add vip {VIP6}')
    site6.lv1.configure(f'''
        service add vip {VIP6}
        backend add vip {VIP6} via {W1016}
    ''')
    server = site6.w101.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    site6.sockets.append(server)
    server.bind(('::', 7))
    Echo(server, 'w101')
    for port in (7, 9999):
        client = site6.client.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        site6.sockets.append(client)
        client.settimeout(60)
        client.connect((VIP6, port))
        if port == 7:
            exchange(client, [b'x' * 100] * 10 + [b'x' * 5000] * 3)
            continue
        client.send(b'anybody?')
        with pytest.raises(ConnectionRefusedError):
            client.recv(10)


@pytest.mark.parametrize('value', [0, 1, 2])
def test_reverse_path_filter(one, value):
    old = one.w101.sysctl('ipv4/conf/all/rp_filter')
    one.w101.sysctl('ipv4/conf/all/rp_filter', value)
    one.undo.append(lambda: one.w101.sysctl('ipv4/conf/all/rp_filter', old))
    assert one.replies(2) == {'w101 nano': 2}


def merged(tap):
    """The number of frames that held several SCTP packets (GSO).

    Only their beginnings are read: the receiver segments them, and so also the
    tap's copy.
    """
    head = bytearray(64)
    found = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            length, *_ = tap.sock.recvmsg_into(
                [head], 0, socket.MSG_DONTWAIT | socket.MSG_TRUNC)
            found += length > 1514 and head[23] == IPPROTO_SCTP
    return found


@pytest.mark.stock
def test_sctp(one):
    """Associations to one public port of the VIP and to the machine itself."""
    run('modprobe', 'sctp')
    one.lv1.configure(f'''
        service add vip {VIP} proto sctp
        backend add vip {VIP} proto sctp via {W101}
    ''')
    one.w101.dsrctl(f'real add vip {VIP} proto sctp port 5000 to :6000')
    server = listen(one, socket.AF_INET, W101, 6000, IPPROTO_SCTP)
    client = one.client.socket(socket.AF_INET, socket.SOCK_STREAM,
                               IPPROTO_SCTP)
    one.sockets.append(client)
    client.settimeout(60)
    client.bind((CLIENT, 0))
    client.connect((VIP, 5000))
    peer, _ = server.accept()
    one.sockets.append(peer)
    with wire.Tap(one.w101) as asked, wire.Tap(one.client) as answered:
        for size in (3, 1000, 30000):
            data = bytes(range(256)) * (size // 256 + 1)
            client.sendall(data[:size])
            got = b''
            while len(got) < size:
                got += peer.recv(65536)
            assert got == data[:size]
            peer.sendall(got)
            while got:
                assert got.startswith(part := client.recv(65536))
                got = got[len(part):]
        assert merged(asked) and merged(answered)
    # a flow of an earlier test may be left
    port = client.getsockname()[1]
    flow, = [flow for flow in one.w101.show('flow show')
             if (flow['proto'], flow['sport']) == ('sctp', port)]
    assert (flow['dst'], flow['dport'], flow['to_port'], flow['state']) == (
        VIP, 5000, 6000, 'established')


@pytest.mark.last
def test_stop(one):
    """Refused while a client would notice; with force, nothing crashes."""
    sock = one.connect()
    assert ask(sock) == 'w101 nano'
    one.w101.dsrctl(f'real replace vip {VIP} to :8080')
    done = one.w101.dsrctl('real stop', check=False)
    assert done.returncode == 2
    assert 'would break: wait until they end' in done.stderr
    assert one.w101.show('real show')
    one.w101.dsrctl('real stop force')
    one.net.loaded.discard('dsr_rs')
    sock.settimeout(1)
    with pytest.raises(OSError):
        ask(sock)
    one.net.load('dsr_rs')
    assert one.w101.show('real show') == []
    # dsr_rs has forgotten it, but the server still has it
    one.w101.dsrctl(f'real add vip {VIP}')
    sock.settimeout(60)
    assert ask(one.connect()) == 'w101 nano'
