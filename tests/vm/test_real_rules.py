# SPDX-License-Identifier: GPL-2.0
"""Whole packets of each kind at both ends of the real server's module.

lv2 sends the requests, without the balancer. A raw socket reads the packets
for a socket, and sends replies, so that every byte is known.
"""

import contextlib
import json
import socket
import struct

import pytest

import genl
import wire
import wire6
from balancer import uapi
from host import Failure, wait_for
from network import CLIENT, CLIENT6, VIP, VIP6, W101, W1016, mac_of
from traffic import ask

SO_MARK = 36
SECOND, SECOND6 = '10.10.30.201', '2001:db8:30::201'
TCP, UDP, SCTP, ICMP6 = 6, 17, 132, 58


class Kind:
    """A family, and functions to make its packets."""

    # the client's ports: flows of other tests still exist
    port = 20000

    def __init__(self, wire_, family, client, vip, local, second, tap):
        self.wire, self.family = wire_, family
        self.client, self.vip, self.local = client, vip, local
        self.second, self.tap = second, tap

    def packet(self, proto, sport, dport, payload=b'', **fields):
        if self.wire is wire:
            fields['ident'] = 77
        if proto == TCP:
            return self.wire.tcp(sport, dport, wire.ACK, payload=payload,
                                 **fields)
        if proto == UDP:
            return self.wire.udp(sport, dport, payload, **fields)
        return self.wire.sctp(sport, dport, 0, payload, **fields)

    def request(self, proto, dport, payload=b'', dst=None, **fields):
        return self.packet(proto, self.port, dport, payload, src=self.client,
                           dst=dst or self.vip, **fields)

    def reply(self, proto, sport, payload=b'', src=None, **fields):
        return self.packet(proto, sport, self.port, payload, dst=self.client,
                           src=src or self.vip, **fields)


IPV4 = Kind(wire, socket.AF_INET, CLIENT, VIP, W101, SECOND, wire.Tap)
IPV6 = Kind(wire6, socket.AF_INET6, CLIENT6, VIP6, W1016, SECOND6, wire6.Tap)


class Ends:
    """Both ends of w101: the wire, and a raw socket for one protocol."""

    def __init__(self, site, kind, proto):
        self.site, self.kind, self.proto = site, kind, proto
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        w101 = self.site.w101
        self.sender = self.stack.enter_context(
            self.kind.tap(self.site.lv2, 'eth1'))
        self.wire = self.stack.enter_context(
            self.kind.tap(w101, outgoing=True))
        self.got = w101.socket(self.kind.family, socket.SOCK_RAW, self.proto)
        self.raw = w101.socket(self.kind.family, socket.SOCK_RAW,
                               socket.IPPROTO_RAW)
        self.got.settimeout(60)
        if self.kind is IPV6:
            self.got.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        self.stack.callback(self.got.close)
        self.stack.callback(self.raw.close)
        return self

    def __exit__(self, *_):
        self.stack.close()

    def send(self, packet):
        self.sender.send(packet, mac_of(W101))

    def next(self):
        """The next packet at the socket, but for those between neighbours."""
        while True:
            data, more, _, _ = self.got.recvmsg(65536, 256)
            if self.proto != ICMP6 or not 130 <= data[0] <= 143:
                return data, more

    def arrives(self, packet):
        """Check that the next packet at the socket is PACKET."""
        data, more = self.next()
        if self.kind is IPV4:
            if data != packet:
                raise Failure(f'wanted {packet.hex()}\ngot    {data.hex()}')
            return
        # without a header, except its destination
        dst = next(value for _, kind, value in more
                   if kind == socket.IPV6_PKTINFO)[:16]
        assert dst == packet[24:40]
        if data != packet[40:]:
            raise Failure(f'wanted {packet[40:].hex()}\ngot    {data.hex()}')

    def answer(self, packet):
        self.raw.sendto(packet, (self.kind.client, 0))

    def leaves(self, packet):
        """Check that PACKET leaves, byte by byte."""
        self.wire.wait(lambda p: p.packet == packet,
                       f'as an outgoing packet: {packet.hex()}')


@pytest.fixture(autouse=True)
def next_port():
    Kind.port += 1


@pytest.fixture(params=[IPV4, IPV6], ids=['ipv4', 'ipv6'])
def kind(site, request):
    site.net.enable_ipv6()
    return request.param


@pytest.fixture
def second(site):
    """A second address of w101."""
    site.w101.ip(f'''addr add {SECOND}/24 dev eth0
                     addr add {SECOND6}/64 dev eth0 nodad''')
    site.undo.append(lambda: site.w101.ip(f'''
        addr del {SECOND}/24 dev eth0
        addr del {SECOND6}/64 dev eth0'''))


PROTOS = pytest.mark.parametrize('proto', [TCP, UDP, SCTP],
                                 ids=['tcp', 'udp', 'sctp'])


@pytest.mark.smoke
@PROTOS
def test_same_port(site, kind, proto):
    """Address alone."""
    site.w101.dsrctl(f'real add vip {kind.vip}')
    payload = bytes(range(200))
    with Ends(site, kind, proto) as ends:
        ends.send(kind.request(proto, 99, payload))
        ends.arrives(kind.request(proto, 99, payload, dst=kind.local))
        ends.answer(kind.reply(proto, 99, payload, src=kind.local))
        ends.leaves(kind.reply(proto, 99, payload))


@PROTOS
def test_to_address_and_port(site, kind, proto, second):
    """Also to another address, and with an odd length."""
    end = kind.second if kind is IPV4 else f'[{kind.second}]'
    site.w101.dsrctl(f'real add vip {kind.vip} to {end}:8080')
    with Ends(site, kind, proto) as ends:
        for payload in (b'odd', b'', bytes(1001)):
            ends.send(kind.request(proto, 99, payload))
            ends.arrives(kind.request(proto, 8080, payload, dst=kind.second))
            ends.answer(kind.reply(proto, 8080, payload, src=kind.second))
            ends.leaves(kind.reply(proto, 99, payload))


def test_sctp_damaged(site, kind):
    """A wrong CRC stays wrong by the same difference."""
    site.w101.dsrctl(f'real add vip {kind.vip} proto sctp to :8080')
    with Ends(site, kind, SCTP) as ends:
        good = kind.request(SCTP, 99, b'data')
        moved = kind.request(SCTP, 8080, b'data', dst=kind.local)
        ends.send(good[:-1] + bytes([good[-1] ^ 1]))
        ends.arrives(moved[:-1] + bytes([moved[-1] ^ 1]))


def test_udp_without_checksum(site, kind):
    """0 stays 0: the socket decides."""
    site.w101.dsrctl(f'real add vip {kind.vip} to :8080')
    with Ends(site, kind, UDP) as ends:
        ends.send(kind.request(UDP, 99, b'none', csum=False))
        ends.arrives(kind.request(UDP, 8080, b'none', dst=kind.local,
                                  csum=False))
        ends.answer(kind.reply(UDP, 8080, b'none', src=kind.local,
                               csum=False))
        ends.leaves(kind.reply(UDP, 99, b'none', csum=False))


def test_fragments(site, kind):
    """Reassembled, translated, and the reply fragmented again if necessary."""
    site.w101.dsrctl(f'real add vip {kind.vip} to :8080')
    payload = bytes(range(256)) * 10
    whole = kind.request(UDP, 99, payload)
    if kind is IPV4:
        parts = [wire.ip(whole[20 + at:20 + at + 1000], 17, ident=77,
                         frag=at // 8 | (wire.MF if at + 1000 < len(whole) - 20
                                         else 0))
                 for at in range(0, len(whole) - 20, 1000)]
    else:
        parts = wire6.cut(whole[40:], 1000, 77)
    with Ends(site, kind, UDP) as ends:
        for part in reversed(parts):
            ends.send(part)
        data = ends.got.recv(65536)
        wanted = kind.request(UDP, 8080, payload, dst=kind.local)
        head = 20 if kind is IPV4 else 40
        assert data[20 if kind is IPV4 else 0:] == wanted[head:]


@pytest.mark.parametrize('header', [wire6.HOP_BY_HOP, wire6.OPTIONS],
                         ids=['hop-by-hop', 'options'])
def test_extensions(site6, header):
    site6.w101.dsrctl(f'real add vip {VIP6} to :8080')
    exts = [(header, wire6.PADDING)]
    with Ends(site6, IPV6, UDP) as ends:
        ends.send(IPV6.request(UDP, 99, b'x', exts=exts))
        data = ends.got.recv(65536)
        assert data == IPV6.request(UDP, 8080, b'x', dst=W1016)[40:]


def test_not_through_routing_header(site6):
    """Packets with another final destination are not for local sockets."""
    site6.w101.dsrctl(f'real add vip {VIP6}')
    before = genl.reasons(site6.w101, 'dsr_rs')
    with Ends(site6, IPV6, UDP) as ends:
        ends.send(IPV6.request(UDP, 99, b'x',
                               exts=[wire6.segments(W1016, left=1)]))
        wait_for('it is passed', lambda: genl.reasons(
            site6.w101, 'dsr_rs')['pass_protocol'] > before['pass_protocol'])


@PROTOS
def test_icmp_errors(site, kind, proto):
    """Errors about a reply and about a request: the quoted packets are
    translated."""
    site.w101.dsrctl(f'real add vip {kind.vip} to :8080')
    icmp = 1 if kind is IPV4 else ICMP6
    router = '10.10.30.12' if kind is IPV4 else '2001:db8:30::12'
    type_, code = (3, 4) if kind is IPV4 else (2, 0)

    def error(quoted, src, dst):
        make = wire.icmp_error if kind is IPV4 else wire6.error
        fields = {'ident': 78} if kind is IPV4 else {}
        return make(type_, code, quoted, 1400, src=src, dst=dst, **fields)
    with Ends(site, kind, proto) as flow, Ends(site, kind, icmp) as ends:
        flow.send(kind.request(proto, 99, b'begin'))
        flow.arrives(kind.request(proto, 8080, b'begin', dst=kind.local))
        # an SCTP checksum is not quoted: it could not be kept valid
        long = 28 if kind is IPV4 else 48
        size = long if proto == SCTP else None
        ends.send(error(kind.reply(proto, 99, b'too big')[:size], router,
                        kind.vip))
        ends.arrives(error(kind.reply(proto, 8080, b'too big',
                                      src=kind.local)[:size], router,
                           kind.local))
        ends.answer(error(kind.request(proto, 8080, b'begin',
                                       dst=kind.local)[:size], kind.local,
                          kind.client))
        ends.leaves(error(kind.request(proto, 99, b'begin')[:size], kind.vip,
                          kind.client))


def test_echo(site, kind):
    """A VIP answers pings, also with a rule for one port."""
    site.w101.dsrctl(f'real add vip {kind.vip} proto tcp port 80')
    before = genl.reasons(site.w101, 'dsr_rs')
    with Ends(site, kind, 1 if kind is IPV4 else ICMP6) as ends:
        if kind is IPV4:
            ends.send(wire.icmp_echo(9))
            got = ends.wire.wait(lambda p: p.proto == 1 and p.src == VIP,
                                 'a reply to the ping')
            assert got.data == wire.icmp_echo(9, type_=0)[20:]
        else:
            ends.send(wire6.echo(9))
            got = ends.wire.wait(lambda p: p.proto == 58 and p.src == VIP6,
                                 'a reply to the ping')
            assert got.data == wire6.icmp(wire6.ECHO_REPLY, 0, struct.pack(
                '>HH', 9, 1) + b'echo', src=VIP6, dst=CLIENT6)[40:]
        assert got.dst == kind.client
    after = genl.reasons(site.w101, 'dsr_rs')
    assert after['answered_ping'] == before['answered_ping'] + 1


def test_echo_with_options(site):
    """Options that the answer would have to interpret are not answered."""
    site.w101.dsrctl(f'real add vip {VIP}')
    before = genl.reasons(site.w101, 'dsr_rs')
    with Ends(site, IPV4, 1) as ends:
        ends.send(wire.icmp_echo(9, options=b'\1' * 4))
        wait_for('it is dropped', lambda: genl.reasons(
            site.w101, 'dsr_rs')['drop_ping'] == before['drop_ping'] + 1)


def test_echo_not_answered(site):
    """If the machine ignores pings, so do its VIPs."""
    site.w101.dsrctl(f'real add vip {VIP}')
    site.w101.sysctl('ipv4/icmp_echo_ignore_all', 1)
    site.undo.append(lambda: site.w101.sysctl('ipv4/icmp_echo_ignore_all', 0))
    before = genl.reasons(site.w101, 'dsr_rs')
    with Ends(site, IPV4, 1) as ends:
        ends.send(wire.icmp_echo(9))
        wait_for('it is passed', lambda: genl.reasons(
            site.w101, 'dsr_rs')['pass_icmp_not_error'] >
            before['pass_icmp_not_error'])
    assert genl.reasons(site.w101, 'dsr_rs')['answered_ping'] == \
        before['answered_ping']


def test_dscp(site, kind):
    """By its class, in both families, and shown as a class."""
    site.w101.dsrctl('real add dscp af11 to :8080')
    rule, = site.w101.show('real show')
    assert (rule['dscp'], rule['tos'], rule['tos_mask']) == (10, 0x28, 0xfc)
    assert 'dscp af11' in site.w101.dsrctl('real show').stdout
    tos = 'tos' if kind is IPV4 else 'tclass'
    with Ends(site, kind, UDP) as ends:
        ends.send(kind.request(UDP, 99, b'ect', **{tos: 0x2a}))
        ends.arrives(kind.request(UDP, 8080, b'ect', dst=kind.local,
                                  **{tos: 0x2a}))
    site.w101.dsrctl('real delete tos 0x28/0xfc')
    assert site.w101.show('real show') == []


def test_refusals(site6, second):
    """Each refusal has one sentence, and changes nothing."""
    for words, sentence in (
            (f'vip {VIP} to 10.10.30.77',
             'no device of this machine has that local address'),
            (f'vip {VIP} to {W1016}',
             "the local address must be of the VIP's family"),
            (f'vip {VIP} to 127.0.0.1',
             'a loopback address takes no packets from outside: set '
             'net.ipv4.conf.DEV.route_localnet=1, or give another'),
            (f'vip {VIP} mark 0', 'mark 0 means no mark: leave out the mark, '
                                  'or give another'),
            (f'vip {VIP6} to ::1', 'a loopback address takes no packets from '
                                   'outside: give another'),
            ('vip fe80::1', 'the VIP must not be a link-local address: each '
             'link has its own of these'),
            ('vip ff02::1', 'the VIP must not be a multicast address'),
            ('vip ::', 'the VIP must not be the unspecified address'),
            ('vip ::ffff:10.0.0.1', 'the VIP must not be an IPv4-mapped IPv6 '
                                    'address')):
        done = site6.w101.dsrctl(f'real add {words}', check=False)
        assert done.returncode == 2
        assert sentence in done.stderr, done.stderr
    assert site6.w101.show('real show') == []
    site6.w101.dsrctl(f'real add vip {VIP} to {SECOND}')
    site6.w101.dsrctl(f'real replace vip {VIP} to :81')
    assert [(rule['to'], rule['to_port'])
            for rule in site6.w101.show('real show')] == [(None, 81)]
    site6.w101.dsrctl(f'real replace vip {VIP} to {SECOND}')
    assert [(rule['to'], rule['to_port'])
            for rule in site6.w101.show('real show')] == [(SECOND, None)]


COUNT = '''
    table inet count {
        chain input {
            type filter hook input priority filter;
            meta mark 0x%x tcp dport 80 counter
        }
    }
'''


def test_mark(site6):
    """Firewall rules and the server can tell a VIP from the machine's address.
    """
    site6.w101.dsrctl(f'real add vip {VIP} mark 0x7b')
    site6.w101.dsrctl(f'real add vip {VIP6} mark 124')
    assert [rule['mark'] for rule in site6.w101.show('real show')] == [123, 124]
    assert 'mark 123' in site6.w101.dsrctl('real show').stdout
    assert f'vip {VIP} mark 123 packets' in site6.w101.read(
        '/proc/net/dsr_rs/rules')
    site6.w101.sysctl('ipv4/tcp_fwmark_accept', 1)
    site6.undo.append(lambda: site6.w101.sysctl('ipv4/tcp_fwmark_accept', 0))
    server = site6.w101.socket(socket.AF_INET6, socket.SOCK_STREAM)
    site6.sockets.append(server)
    server.settimeout(60)
    server.bind(('::', 86))
    server.listen(8)
    for route in (f'{VIP} via {W101}', f'{VIP6} via {W1016}'):
        site6.lv2.ip(f'route add {route}')
        site6.undo.append(lambda r=route: site6.lv2.ip(f'route del {r}'))
    for address, mark in ((VIP, 123), (W101, 0), (VIP6, 124)):
        sock = site6.lv2.socket(
            socket.AF_INET6 if ':' in address else socket.AF_INET,
            socket.SOCK_STREAM)
        site6.sockets.append(sock)
        sock.settimeout(60)
        sock.connect((address, 86))
        peer, _ = server.accept()
        site6.sockets.append(peer)
        assert peer.getsockopt(socket.SOL_SOCKET, SO_MARK) == mark


@pytest.mark.parametrize('mode', ['', ' mode local'], ids=['redirect', 'local'])
def test_mark_of_each_packet(site, mode):
    """Known flows, too, have the rule's present mark."""
    site.w101.dsrctl(f'real add vip {VIP}{mode} mark 0x7b')
    site.undo.append(lambda: site.w101.dsrctl('real flush'))
    site.w101.nft(COUNT % 123)
    with Ends(site, IPV4, TCP) as ends:
        for number in range(1, 4):
            ends.send(IPV4.request(TCP, 80, b'x'))
            wait_for(f'{number} have the mark', lambda n=number:
                     f'counter packets {n} ' in site.w101.run(
                         'nft', 'list', 'table', 'inet', 'count').stdout)
        site.w101.dsrctl(f'real replace vip {VIP}{mode}')
        before = genl.reasons(site.w101, 'dsr_rs')
        name = 'delivered_unchanged' if mode else 'delivered'
        ends.send(IPV4.request(TCP, 80, b'x'))
        wait_for('the next one is there', lambda: genl.reasons(
            site.w101, 'dsr_rs')[name] == before[name] + 1)
        assert 'counter packets 3 ' in site.w101.run(
            'nft', 'list', 'table', 'inet', 'count').stdout


@pytest.mark.parametrize('key', [f'vip {VIP}', f'vip {VIP} proto udp port 88'],
                         ids=['vip', 'port'])
def test_rule_added_again(site, key):
    """A rule that is added again counts the flows that it has had before."""
    def rule():
        rule, = site.w101.show('real show')
        return rule['packets'], rule['connections']
    site.w101.dsrctl(f'real add {key}')
    site.undo.append(lambda: site.w101.dsrctl('real flush'))
    with Ends(site, IPV4, UDP) as ends:
        # a client port of its own
        packet = IPV4.request(UDP, 88, b'x')
        ends.send(packet)
        wait_for('it began a flow', lambda: rule() == (1, 1))
        for count in range(2):
            site.w101.dsrctl('real flush' if count else f'real delete {key}')
            site.w101.dsrctl(f'real add {key}')
            assert rule() == (0, 0)
            ends.send(packet)
            wait_for('it counts', lambda: rule() == (1, 0))


def test_loopback(site):
    """A server on 127.0.0.1 only, if the device allows loopback addresses."""
    key = 'ipv4/conf/eth0/route_localnet'
    site.w101.sysctl(key, 1)
    site.undo.append(lambda: site.w101.sysctl(key, 0))
    site.balance(backends=('w101',), rule='')
    site.w101.dsrctl(f'real add vip {VIP} to 127.0.0.1:97')
    server = site.w101.socket(socket.AF_INET, socket.SOCK_STREAM)
    site.sockets.append(server)
    server.settimeout(60)
    server.bind(('127.0.0.1', 97))
    server.listen(8)
    client = site.connect()
    peer, _ = server.accept()
    site.sockets.append(peer)
    peer.send(b'hello')
    assert client.recv(10) == b'hello'
    assert peer.getsockname() == ('127.0.0.1', 97)
    # packets that the stack would drop as martian are counted
    site.w101.sysctl(key, 0)
    before = genl.reasons(site.w101, 'dsr_rs')
    with Ends(site, IPV4, TCP) as ends:
        ends.send(IPV4.request(TCP, 80, b'x'))
    wait_for('it is dropped', lambda: genl.reasons(
        site.w101, 'dsr_rs')['drop_no_local_address'] ==
        before['drop_no_local_address'] + 1)


def test_address_lost(site, kind):
    """Packets for a lost address are dropped, until the address comes back."""
    bits = 24 if kind is IPV4 else 64
    w101 = site.w101
    w101.ip(f'addr add {kind.second}/{bits} dev eth0'
            f'{"" if kind is IPV4 else " nodad"}')
    w101.dsrctl(f'real add vip {kind.vip} to {kind.second}')
    request = kind.request(UDP, 99, b'there')
    moved = kind.request(UDP, 99, b'there', dst=kind.second)
    with Ends(site, kind, UDP) as ends:
        ends.send(request)
        ends.arrives(moved)
        entries = genl.table(w101, 'dsr_rs')[0]
        w101.ip(f'addr del {kind.second}/{bits} dev eth0')
        wait_for('its flow is forgotten',
                 lambda: genl.table(w101, 'dsr_rs')[0] < entries)
        before = genl.reasons(w101, 'dsr_rs')
        ends.send(request)
        wait_for('it is dropped', lambda: genl.reasons(
            w101, 'dsr_rs')['drop_no_local_address'] ==
            before['drop_no_local_address'] + 1)
        w101.ip(f'addr add {kind.second}/{bits} dev eth0'
                f'{"" if kind is IPV4 else " nodad"}')
        ends.send(request)
        ends.arrives(moved)
    w101.ip(f'addr del {kind.second}/{bits} dev eth0')


def test_shown(site6):
    """Rules and flows of IPv6, by dsrctl and in /proc."""
    site6.w101.dsrctl(f'real add vip {VIP6} proto sctp port 99 to [{W1016}]:98')
    with Ends(site6, IPV6, UDP) as ends:
        site6.w101.dsrctl(f'real add vip {VIP6}')
        ends.send(IPV6.request(UDP, 99, b'x'))
        ends.arrives(IPV6.request(UDP, 99, b'x', dst=W1016))
    rule = site6.w101.show('real show')[0]
    assert (rule['vip'], rule['proto'], rule['to'], rule['to_port']) == (
        VIP6, 'sctp', W1016, 98)
    flow, = [flow for flow in site6.w101.show('flow show')
             if flow['sport'] == IPV6.port]
    assert (flow['src'], flow['dst'], flow['to']) == (CLIENT6, VIP6, W1016)
    assert f'vip [{VIP6}]:99 to [{W1016}]:99' in site6.w101.read(
        '/proc/net/dsr_rs/flows')
    assert f'vip {VIP6} proto sctp port 99 to [{W1016}]:98' in site6.w101.read(
        '/proc/net/dsr_rs/rules')
    assert json.loads(site6.w101.run('dsrctl', '-j', 'flow', 'show', 'dst',
                                     f'[{VIP6}]:98').stdout) == []


def test_web_ipv6(site6):
    """A real web server, through the VIP and directly, from one client port.
    """
    site6.w101.dsrctl(f'real add vip {VIP6}')
    site6.lv1.configure(f'''
        service add vip {VIP6}
        backend add vip {VIP6} via {W1016}
    ''')
    socks = []
    for address in (VIP6, W1016):
        sock = site6.client.socket(socket.AF_INET6, socket.SOCK_STREAM)
        site6.sockets.append(sock)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        struct.pack('ii', 1, 0))
        sock.settimeout(60)
        sock.bind(('', 4444))
        sock.connect((address, 80))
        socks.append(sock)
    for _ in range(2):
        assert [ask(sock) for sock in socks] == ['w101 nano'] * 2
    flow = next(flow for flow in site6.w101.show('flow show')
                if flow['dst'] == VIP6 and flow['sport'] == 4444)
    assert (flow['proto'], flow['state']) == ('tcp', 'established')


def list_flows(host):
    """List all flows, with a small receive buffer."""
    with host.at(), genl.Genl('dsr_rs') as other:
        sock = host.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                           genl.NETLINK_GENERIC)
        request = other.message(uapi.DSR_RS_CMD_FLOW_GET, flags=genl.NLM_F_DUMP)
    with sock:
        sock.settimeout(60)
        sock.send(request)
        flows = 0
        while True:
            size = sock.recv_into(bytearray(1), 1,
                                  socket.MSG_PEEK | socket.MSG_TRUNC)
            data = sock.recv(size)
            while data:
                length, kind = struct.unpack_from('IH', data)
                if kind == genl.NLMSG_DONE:
                    return flows, -struct.unpack_from('i', data, 16)[0]
                flows += length != genl.EMPTY
                data = data[(length + 3) & ~3:]


def test_many_flows_of_one_client_are_listed(site6):
    """Flows from one port to 50 of the VIP, which may share a bucket."""
    # flows of earlier tests would end meanwhile
    site6.net.reload('dsr_rs')
    site6.w101.dsrctl(f'real add vip {VIP6}')
    before, _ = list_flows(site6.w101)
    ports = range(100, 150)
    with Ends(site6, IPV6, UDP) as ends:
        for port in ports:
            ends.send(IPV6.request(UDP, port, b'x'))
            ends.arrives(IPV6.request(UDP, port, b'x', dst=W1016))
    assert list_flows(site6.w101) == (before + len(ports), 0)
