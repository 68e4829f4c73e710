# SPDX-License-Identifier: GPL-2.0
"""Unusual packets and devices, IPv4."""

import collections
import itertools
import socket
import struct

import pytest

import wire
import wire6
from balancer import Balancer
from host import run, wait_for
from network import CLIENT, VIP, VIP6, W101, W1016, mac_of
from test_teardown import Queue
from traffic import exchange
from wire import ACK, DF, MF, PSH

LV1 = '10.10.31.11'
# Incomplete datagrams wait for their rest longer than a test takes.
IDENTS = itertools.count(2000)


@pytest.fixture(params=['stack', 'direct'])
def one(site, request):
    """The balancer with one silent server, w101."""
    site.balance(f'path {request.param}', backends=('w101',), rule='')
    return site


@pytest.fixture(params=['stack', 'direct'])
def two(site, request):
    site.balance(f'path {request.param}', rule='')
    return site


def forwarded(packet, site, tos=None):
    return wire.forwarded(packet, W101, site.lv1.mac('eth1').hex(':'), tos)


def with_options(sport, options):
    return wire.ip(wire.tcp(sport)[20:], 6, options=options)


PASSED = {
    'record route': with_options(4000, b'\7\x0f\4' + bytes(12)),
    'timestamp': with_options(4001, b'\x44\x0c\5\1' + bytes(8)),
    # the server decides, as with the kernel's accept_source_route
    'loose source route': with_options(4002, b'\x83\7\4' + bytes(
        (10, 10, 31, 200))),
    'strict source route': with_options(4003, b'\x89\7\4' + bytes(
        (10, 10, 31, 200))),
    'router alert': with_options(4004, b'\x94\4\0\0'),
    'unknown option': with_options(4005, b'\x1e\4\0\0'),
    'option cut': with_options(4006, b'\1\1\1\x83'),
    'option of length 0': with_options(4007, b'\x83\0\0\0'),
    'forty bytes': with_options(4008, b'\1' * 40),
    'tcp offset beyond': wire.tcp(4010, doff=15),
    'udp length beyond': wire.udp(4011, payload=b'12345', length=500),
    'udp length less': wire.udp(4012, payload=b'12345', length=8),
    'no flags': wire.tcp(4013, flags=0),
    # with SYN and ACK, and a mark, it would be a server's answer
    'all flags but SYN and RST': wire.tcp(4014, flags=0xf9),
    'syn with data': wire.tcp(4015, payload=b'GET /'),
    'reserved bit': wire.tcp(4016, frag=0x8000),
    'port 0': wire.tcp(4017, dport=0),
    'class e': wire.udp(4018, src='240.0.0.1'),
    'longer frame': wire.tcp(4019) + b'\0' * 40,
    'ident 0': wire.tcp(4020, ident=0),
    'no df': wire.udp(4021, payload=b'x' * 1472, frag=0),
}


@pytest.mark.parametrize('tos', [None, (0x20, 0xfc)])
def test_passed_as_they_are(site, tos, one):
    """Only MAC, TTL and header checksum change, for any packet."""
    if tos:
        one.lv1.dsrctl('service set fwmark 1 tos 0x20')
    with wire.Tap(one.client) as client, wire.Tap(one.w101) as w101:
        for name, packet in PASSED.items():
            client.send(packet, LV1)
            sport, = struct.unpack_from('>H', packet, (packet[0] & 15) * 4)
            got = w101.wait(lambda p, s=sport: p.sport == s and p.dst == VIP,
                            name)
            wire.same(got, forwarded(packet, one, tos))
        assert len([p for p in w101.drain() if p.dst == VIP]) == len(PASSED)


def test_tap_sees_what_came(one):
    """A tap at the front, such as tcpdump, sees the packet unchanged."""
    one.lv1.dsrctl('service set fwmark 1 tos 0x20')
    with wire.Tap(one.client) as client, wire.Tap(one.w101) as w101, \
            wire.Tap(one.lv1) as tap, wire.Tap(one.lv1, outgoing=True) as all_:
        for packet in PASSED.values():
            client.send(packet, LV1)
        wait_for('all', lambda: len([p for p in w101.drain()
                                     if p.dst == VIP]) == len(PASSED))
        for looker in (tap, all_):
            came = [p for p in looker.drain() if p.dst == VIP]
            assert len(came) == len(PASSED)
            for packet, got in zip(PASSED.values(), came):
                wire.same(got, wire.frame(packet, LV1, client.mac))
        # and at the back, on output
        for packet, got in zip(PASSED.values(), [
                p for p in w101.seen if p.dst == VIP]):
            wire.same(got, forwarded(packet, one, (0x20, 0xfc)))


def broken(packet, at, value):
    """The same packet with one byte of its header changed, and a valid
    checksum."""
    data = bytearray(packet)
    data[at] = value
    data[10:12] = bytes(2)
    head = bytes(data[:(data[0] & 15) * 4])
    data[10:12] = wire.checksum(head).to_bytes(2, 'big')
    return bytes(data)


NEVER_THERE = {
    'length beyond the frame': wire.ip(wire.tcp(5000)[20:], 6, length=1000),
    'length within the header': wire.ip(wire.tcp(5001)[20:], 6, length=19),
    'length 0': wire.ip(wire.tcp(5002)[20:], 6, length=0),
    'ihl 4': broken(wire.tcp(5003), 0, 0x44),
    'ihl beyond the packet': broken(wire.tcp(5004), 0, 0x4f),
    'version 5': b'\x55' + wire.tcp(5005)[1:],
    'header checksum': wire.tcp(5006)[:10] + b'\0\0' + wire.tcp(5006)[12:],
    'header cut': wire.tcp(5007)[:19],
}
MALFORMED = {
    'length within tcp': wire.ip(wire.tcp(5100)[20:], 6, length=39),
    'length within udp': wire.ip(wire.udp(5101)[20:], 17, length=27),
    'nothing behind ip': wire.ip(b'', 6),
    'nothing behind options': wire.ip(b'', 17, options=b'\1' * 40),
    'sctp cut': wire.ip(wire.sctp_data(5102, 5000, 0)[:-1], 132),
    'sctp without chunk': wire.sctp(5103, chunk=None),
    'options eat tcp': broken(wire.tcp(5104), 0, 0x4a),
}


def test_malformed(one, reasons):
    """Packets that the kernel refuses never reach the module; it drops the
    others."""
    since = reasons('lv1')
    with wire.Tap(one.client) as client, wire.Tap(one.w101) as w101:
        for name, packet in NEVER_THERE.items():
            # a frame has at least 60 bytes
            client.send(packet, LV1)
        for number, (name, packet) in enumerate(MALFORMED.items(), 1):
            client.send(packet, LV1)
            wait_for(f'{name}: counted',
                     lambda n=number: since['drop_malformed'] == n)
        client.send(wire.tcp(6000), LV1)
        w101.wait(lambda p: p.sport == 6000, 'what is right')
        assert [p.sport for p in w101.drain() if p.dst == VIP] == [6000]
    assert since.all() == {'drop_malformed': len(MALFORMED), 'forwarded': 1}


@pytest.mark.parametrize('make', [wire.tcp, wire.udp, wire.sctp])
def test_bad_sources(one, make, reasons):
    since = reasons('lv1')
    sources = ('224.0.0.1', '239.255.255.255', '255.255.255.255', '0.0.0.0',
               '0.1.2.3', '127.0.0.1', '127.255.255.255')
    with wire.Tap(one.client) as client, wire.Tap(one.w101) as w101:
        for source in sources:
            client.send(make(4000, src=source), LV1)
        wait_for('dropped', lambda: since['drop_bad_source'] == len(sources))
        client.send(make(4000), LV1)
        w101.wait(lambda p: p.sport == 4000, 'what is right')
        assert len([p for p in w101.drain() if p.dst == VIP]) == 1
    assert since.all() == {'drop_bad_source': len(sources), 'forwarded': 1}


@pytest.mark.parametrize('source', ['224.0.0.1', '255.255.255.255',
                                    '10.10.31.255', '0.0.0.0'])
def test_no_error_to_nobody(one, source, reasons):
    """No time exceeded and no port unreachable to an invalid sender."""
    since = reasons('lv1')
    with wire.Tap(one.client) as client:
        client.send(wire.udp(4000, src=source, ttl=1), LV1)
        wait_for('dropped', lambda: since['drop_ttl_exceeded'] +
                 since['drop_bad_source'] == 1)
        one.lv1.dsrctl(f'backend delete fwmark 1 via {W101} force')
        client.send(wire.udp(4001, src=source), LV1)
        wait_for('dropped', lambda: since['drop_no_backend'] +
                 since['drop_bad_source'] >= 1 + (source != '10.10.31.255'))
        client.send(wire.udp(4002), LV1)
        client.wait(lambda p: p.proto == 1 and p.dst == CLIENT,
                    'the error to the client')
        client.none(lambda p: p.proto == 1 and p.dst != CLIENT,
                    'no other address must get an error')


@pytest.mark.parametrize('options', [b'', b'\7\x0f\4' + bytes(12)])
def test_ttl_1(one, options, reasons):
    since = reasons('lv1')
    with wire.Tap(one.client) as client, wire.Tap(one.w101) as w101:
        packet = wire.ip(wire.udp(4000)[20:], 17, ttl=1, options=options)
        client.send(packet, LV1)
        got = client.error('time exceeded')
        assert (got.type, got.code) == (wire.ICMP_TIME_EXCEEDED, 0)
        assert got.src == LV1 and got.quoted == packet
        w101.none(lambda p: p.dst == VIP, 'its time was over')
    assert since.all() == {'drop_ttl_exceeded': 1}


# Fragments

def cut(data, sizes, ident, proto=17, flags=0, **fields):
    """Fragments of DATA, of these sizes and the rest."""
    parts, at = [], 0
    for size in (*sizes, len(data)):
        piece = data[at:at + size]
        more = MF if at + len(piece) < len(data) else 0
        parts.append(wire.ip(piece, proto, frag=at // 8 | more | flags,
                             ident=ident, **fields))
        at += len(piece)
    return parts


def parts_of(tap, ident, length):
    parts = [p for p in tap.drain() if p.dst == VIP and p.ident == ident]
    return parts if sum(len(p.data) for p in parts) >= length else None


def join(parts):
    """The datagram of some fragments; each fragment must be valid."""
    data = b''
    parts = sorted(parts, key=lambda p: p.frag & 0x1fff)
    for part in parts:
        assert (part.frag & 0x1fff) * 8 == len(data)
        assert bool(part.frag & MF) == (part is not parts[-1])
        assert part.ttl == 63 and part.checksums_right()
        data += part.data
    return data


def test_fragments_any_order(two):
    """They reach one server, and no fragment is larger than before."""
    homes = collections.Counter()
    with wire.Tap(two.client) as client, wire.Tap(two.w101) as w101, \
            wire.Tap(two.w102) as w102:
        for order in itertools.permutations(range(3)):
            ident = next(IDENTS)
            data = wire.udp(4000 + ident, payload=struct.pack('>H', ident) *
                            1100)[20:]
            sent = cut(data, (800, 800), ident)
            for at in order:
                client.send(sent[at], LV1)
            name, parts = wait_for('every byte', lambda i=ident, d=data: next(
                ((name, got) for name, got in (
                    (name, parts_of(tap, i, len(d)))
                    for name, tap in (('w101', w101), ('w102', w102)))
                 if got), None))
            assert join(parts) == data
            assert max(len(p.packet) for p in parts) <= 820
            homes[name] += 1
    assert homes == {'w101': 3, 'w102': 3}


def test_fragments_with_df(one):
    """Fragments with DF are not fragmented further: no part becomes smaller.
    """
    ident = next(IDENTS)
    data = wire.udp(4000, payload=b'd' * 2000)[20:]
    with wire.Tap(one.client) as client, wire.Tap(one.w101) as w101:
        for part in cut(data, (800, 800), ident, flags=DF):
            client.send(part, LV1)
        parts = wait_for('every byte', lambda: parts_of(w101, ident,
                                                        len(data)))
    assert join(parts) == data
    assert sorted(len(p.data) for p in parts) == [408, 800, 800]


def test_first_fragment_too_short_for_ports(one, reasons):
    """The ports of TCP are in the first fragment, its flags in the second:
    reassembled."""
    since = reasons('lv1')
    ident = next(IDENTS)
    data = wire.tcp(4000, flags=PSH | ACK, payload=b't' * 100)[20:]
    with wire.Tap(one.client) as client, wire.Tap(one.w101) as w101:
        for part in cut(data, (8, 8), ident, 6):
            client.send(part, LV1)
        parts = wait_for('every byte', lambda: parts_of(w101, ident,
                                                        len(data)))
        assert join(parts) == data
        # an incomplete datagram
        client.send(cut(data, (8,), next(IDENTS), 6)[0], LV1)
        client.send(wire.tcp(4001), LV1)
        w101.wait(lambda p: p.sport == 4001, 'what came behind')
    assert since.all() == {'forwarded': 2}


def test_fragments_overlap_or_repeat(one, reasons):
    """Overlapping fragments are dropped; a repeated one passes once."""
    since = reasons('lv1')
    data = wire.udp(4000, payload=b'o' * 1600)[20:]
    with wire.Tap(one.client) as client, wire.Tap(one.w101) as w101:
        ident = next(IDENTS)
        first, last = cut(data, (800,), ident)
        overlap = wire.ip(data[400:1200], 17, frag=50 | MF, ident=ident)
        for part in (first, overlap, last):
            client.send(part, LV1)
        ident = next(IDENTS)
        first, last = cut(data, (800,), ident)
        for part in (first, first, last):
            client.send(part, LV1)
        parts = wait_for('the second', lambda: parts_of(w101, ident,
                                                        len(data)))
        assert join(parts) == data
        assert len([p for p in w101.seen if p.dst == VIP]) == len(parts)
    assert since.all() == {'forwarded': 1}


def test_fragments_of_a_connection(two):
    """A fragmented segment belongs to its connection."""
    with wire.Tap(two.client) as client, wire.Tap(two.w101) as w101, \
            wire.Tap(two.w102) as w102:
        for port in range(4000, 4004):
            client.send(wire.tcp(port), LV1)
            client.send(wire.tcp(port, flags=ACK), LV1)

        def at(tap):
            return {p.sport for p in tap.drain() if p.dst == VIP and p.sport}
        wait_for('all connections', lambda: len(at(w101) | at(w102)) == 4)
        homes = {port: w101 if port in at(w101) else w102
                 for port in range(4000, 4004)}
        for port, tap in homes.items():
            data = wire.tcp(port, flags=ACK, payload=b'f' * 2000)[20:]
            ident = next(IDENTS)
            for part in reversed(cut(data, (1000,), ident, 6)):
                client.send(part, LV1)
            assert join(wait_for('the segment', lambda t=tap, i=ident, d=data:
                                 parts_of(t, i, len(d)))) == data


@pytest.mark.parametrize('path', ['stack', 'direct'])
@pytest.mark.parametrize('number', [4, 6])
def test_after_a_verdict(site6, number, path):
    """A packet after a verdict of user space is balanced in that program's
    thread."""
    lv1 = Balancer(site6)
    vip = VIP if number == 4 else VIP6
    lv1.service('add', vip=vip, path=path)
    lv1.backend('add', W101 if number == 4 else W1016, vip=vip)
    site6.lv1.nft('''
        table inet look { chain prerouting {
            type filter hook prerouting priority -200;
            ip daddr 10.10.31.100 queue num 0
            ip6 daddr 2001:db8:31::100 queue num 0
        }
        }''')
    queue = Queue(site6.lv1)
    site6.sockets.append(queue.sock)
    make, kind = (wire.udp, wire.Tap) if number == 4 else (wire6.udp, wire6.Tap)
    with kind(site6.client) as client, kind(site6.w101) as w101:
        for port in range(4000, 4003):
            packet = make(port, payload=b'x' * 100)
            client.send(packet, LV1)
            queue.accept(queue.packet())
            got = w101.wait(lambda p, s=port: p.sport == s, 'the datagram')
            wire.same(got, forwarded(packet, site6))


# Devices

def vlan(site, name, dev, address):
    site.net[name].ip(f'''
        link add link {dev} name {dev}.5 type vlan id 5
        link set {dev}.5 up
        addr add {address}/24 dev {dev}.5''')
    site.undo.append(lambda: site.net[name].ip(f'link del {dev}.5'))


def second_wire(site):
    """eth2 of lv1, plugged into the back segment as well."""
    run('ip', '-batch', '-', stdin='link add name eth2 netns lv1 type veth '
        'peer name lv1second netns back\n')
    site.undo.append(lambda: site.lv1.ip('link del eth2'))
    site.net['back'].ip('link set lv1second master br0 up')
    site.w101.ip('addr add 10.10.36.101/24 dev eth0')
    site.undo.append(lambda: site.w101.ip('addr del 10.10.36.101/24 dev eth0'))


def under(site, kind, *options):
    """A device of this kind on lv1, on top of eth2."""
    second_wire(site)
    site.lv1.ip(f'''
        link add top0 type {kind} {' '.join(options)}
        link set eth2 down
        link set eth2 master top0
        link set eth2 up
        link set top0 up
        addr add 10.10.36.11/24 dev top0''')
    site.undo.append(lambda: site.lv1.ip('link del top0'))
    return 'top0', 'eth0'


def back_by(site, kind):
    """A route to 10.10.36.101: (lv1's device, w101's)."""
    if kind == 'bond':
        return under(site, 'bond', 'mode', 'active-backup')
    if kind == 'bridge':
        return under(site, 'bridge', 'forward_delay', '0')
    vlan(site, 'lv1', 'eth1', '10.10.36.11')
    vlan(site, 'w101', 'eth0', '10.10.36.101')
    return 'eth1.5', 'eth0.5'


@pytest.mark.parametrize('path', ['stack', 'direct'])
@pytest.mark.parametrize('kind', ['vlan', 'bond', 'bridge'])
def test_back_device(site, kind, path):
    """The device towards a backend may be a stacked one."""
    ours, theirs = back_by(site, kind)
    site.lv1.configure(f'''
        service add fwmark 1 path {path}
        backend add fwmark 1 via 10.10.36.101''')
    mac = site.lv1.mac(ours).hex(':')
    with wire.Tap(site.client) as client, \
            wire.Tap(site.w101, theirs) as w101:
        for name, packet in PASSED.items():
            client.send(packet, LV1)
            sport, = struct.unpack_from('>H', packet, (packet[0] & 15) * 4)
            got = w101.wait(lambda p, s=sport: p.sport == s and p.dst == VIP,
                            name)
            wire.same(got, wire.forwarded(packet, mac_of(W101), mac))
            assert got.for_us, 'it had the tag of another VLAN'
        ident = next(IDENTS)
        data = wire.udp(5000, payload=b'v' * 2000)[20:]
        for part in cut(data, (1000,), ident):
            client.send(part, LV1)
        assert join(wait_for('the fragments', lambda: parts_of(
            w101, ident, len(data)))) == data
    backend = site.backends()['10.10.36.101']
    assert backend['state'] == 'reachable' and backend['dev'] == ours


@pytest.mark.parametrize('path', ['stack', 'direct'])
def test_front_vlan(site, path):
    """A packet with a tag leaves without."""
    vlan(site, 'lv1', 'eth0', '10.10.37.11')
    vlan(site, 'client', 'eth0', '10.10.37.200')
    site.balance(f'path {path}', backends=('w101',), rule='')
    with wire.Tap(site.client, 'eth0.5') as client, \
            wire.Tap(site.w101) as w101:
        for name, packet in PASSED.items():
            client.send(packet, LV1)
            sport, = struct.unpack_from('>H', packet, (packet[0] & 15) * 4)
            got = w101.wait(lambda p, s=sport: p.sport == s and p.dst == VIP,
                            name)
            wire.same(got, forwarded(packet, site))
            assert got.for_us, 'it still had the tag'
        client.send(wire.udp(5000, src='10.10.37.200', ttl=1), LV1)
        got = client.error('time exceeded')
        assert got.src == '10.10.37.11'


# GSO packets

UDP_SEGMENT = 103
IP_MTU_DISCOVER, IP_PMTUDISC_DO = 10, 2


@pytest.mark.parametrize('path', ['stack', 'direct'])
@pytest.mark.parametrize('size', [100, 1000, 1472])
def test_udp_segments(site, path, size):
    """A GSO packet of datagrams passes as one, and is segmented afterwards."""
    site.balance(f'path {path}', backends=('w101',))
    site.echo('w101')
    sock = site.udp()
    exchange(sock, [b'ARP is done'])
    packets = site.backends()[W101]['packets']
    sock.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, size)
    number = 60000 // size if size > 1000 else 40
    with wire.Tap(site.lv1) as tap:
        data = b''.join(struct.pack('>H', n) + bytes((n,)) * (size - 2)
                        for n in range(number))
        sock.send(data)
        got = [sock.recv(65536) for _ in range(number)]
        assert sorted(got) == [data[at:at + size]
                               for at in range(0, len(data), size)]
        came = [p for p in tap.drain() if p.dst == VIP]
        assert len(came) == 1 and len(came[0].payload) == len(data)
    assert site.backends()[W101]['packets'] == packets + number


def test_udp_segments_too_big(site):
    """The size of each datagram decides, not that of the GSO packet."""
    site.lv1.ip('link set eth1 mtu 1300')
    site.undo.append(lambda: site.client.run('ip', 'route', 'flush', 'cache'))
    site.undo.append(lambda: site.lv1.ip('link set eth1 mtu 1500'))
    site.balance(backends=('w101',))
    site.echo('w101')
    sock = site.udp()
    sock.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 1272)
    sock.send(b's' * 12720)
    assert [len(sock.recv(65536)) for _ in range(10)] == [1272] * 10
    # otherwise the GSO packet is sent without DF, and its datagrams are
    # fragmented
    sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)
    sock.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 1273)
    with wire.Tap(site.client) as client:
        sock.send(b's' * 12730)
        port = sock.getsockname()[1].to_bytes(2, 'big')
        got = client.wait(lambda p: p.proto == 1 and p.src != VIP and
                          p.quoted[20:22] == port, 'fragmentation needed')
    assert (got.type, got.code, got.mtu) == (3, 4, 1300)
