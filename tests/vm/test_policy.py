# SPDX-License-Identifier: GPL-2.0
"""IPsec policies and "ip rule" apply to the VIP."""

import socket

import pytest

import wire
import wire6
from host import wait_for
from network import CLIENT, CLIENT6, VIP, VIP6, W101, W1016, W103
from traffic import Echo, ask

LV2 = '10.10.30.12'
CLIENTS = {4: CLIENT, 6: CLIENT6}
VIPS = {4: VIP, 6: VIP6}
INET = {4: socket.AF_INET, 6: socket.AF_INET6}
ANYBODY = {4: '0.0.0.0/0', 6: '::/0'}
# a tunnel between the client and the real server, for both ends
TUNNEL = '''
    xfrm state add src {client} dst {server} proto esp spi 1 mode tunnel auth digest_null "" enc cipher_null ""
    xfrm state add src {server} dst {client} proto esp spi 2 mode tunnel auth digest_null "" enc cipher_null ""
    xfrm policy add src {client} dst {vip} dir {to} tmpl src {client} dst {server} proto esp mode tunnel
    xfrm policy add src {vip} dst {client} dir {fro} tmpl src {server} dst {client} proto esp mode tunnel
'''


class Server:
    """w101, with an echo server; the test builds each datagram."""

    def __init__(self, site, since, family):
        self.family, self.host, self.since = family, site.w101, since
        self.wire = wire if family == 4 else wire6
        self.vip = VIPS[family]
        # an older flow may have others, and then a reply has another port
        self.port, self.port2 = next(site.ports), next(site.ports)
        self.host.configure(f'real add vip {VIP}\nreal add vip {VIP6}')
        sock = self.host.socket(INET[family], socket.SOCK_DGRAM)
        site.sockets.append(sock)
        sock.bind(('', 7))
        self.echo = Echo(sock, 'w101')
        self.tap = self.wire.Tap(site.lv2, 'eth1')
        site.sockets.append(self.tap.sock)
        site.undo.append(self.forget)

    def forget(self):
        self.host.run('ip', 'xfrm', 'policy', 'flush')

    def policy(self, words):
        self.host.run('ip', 'xfrm', 'policy', 'add', *words.split())

    def ask(self, *ports):
        for port in ports:
            self.tap.send(self.wire.udp(port, 7, b'x'), W101)

    def ping(self):
        self.tap.send(wire.icmp_echo() if self.family == 4 else wire6.echo(),
                      W101)

    def error(self, port):
        """The client reports that PORT is closed."""
        quoted = self.wire.udp(7, port, b'x', src=self.vip,
                               dst=CLIENTS[self.family])
        self.tap.send(wire.icmp_error(3, 3, quoted) if self.family == 4 else
                      wire6.error(1, 4, quoted), W101)

    def expect(self, reason, number):
        wait_for(f'{number} {reason}', lambda: self.since[reason] >= number)

    def answers(self, *ports):
        """Three rounds: afterwards packets take the fast path."""
        for _ in range(3):
            replied = self.since['replied']
            self.ask(*ports)
            self.expect('replied', replied + len(ports))

    def stops(self, port):
        """Wait until a known flow is stopped, which takes a clock tick."""
        def stopped():
            self.ask(port)
            return self.since['drop_ipsec_policy']
        wait_for('the known flow stops', stopped)

    def goes_on(self, port):
        """Wait until a known flow passes again, which also takes a clock tick.
        """
        before = self.since['replied']

        def replied():
            self.ask(port)
            return self.since['replied'] > before
        wait_for('the known flow goes on', replied)


@pytest.fixture(params=[4, 6], ids=['ipv4', 'ipv6'])
def server(site6, request, reasons):
    return Server(site6, reasons('w101', 'dsr_rs'), request.param)


@pytest.mark.stock     # the debug kernel has no XFRM
def test_ipsec_keeps_requests_out(server):
    """A policy of the VIP applies to known flows, new ones, errors, pings."""
    server.answers(server.port)
    server.policy(f'src {ANYBODY[server.family]} dst {server.vip} dir in '
                  'action block')
    server.stops(server.port)
    server.ping()
    server.expect('drop_ping', 1)
    heard = sum(server.echo.peers.values())
    dropped = server.since['drop_ipsec_policy']
    server.ask(server.port, server.port2)
    server.error(server.port)
    server.expect('drop_ipsec_policy', dropped + 3)
    assert sum(server.echo.peers.values()) == heard
    assert not server.since['delivered_icmp_error']
    server.forget()
    server.goes_on(server.port)
    server.answers(server.port, server.port2)


@pytest.mark.stock     # the debug kernel has no XFRM
def test_ipsec_keeps_replies_in(server):
    """Replies from the VIP are dropped if a policy blocks them."""
    server.answers(server.port)
    server.policy(f'src {server.vip} dst {ANYBODY[server.family]} dir out '
                  'action block')
    server.stops(server.port)
    server.ping()
    server.expect('drop_ping', 1)
    dropped, replied = (server.since[name] for name in
                        ('drop_ipsec_policy', 'replied'))
    server.ask(server.port, server.port2)
    server.expect('drop_ipsec_policy', dropped + 2)
    assert server.since['replied'] == replied
    server.forget()
    server.goes_on(server.port)
    server.answers(server.port, server.port2)


@pytest.mark.stock     # the debug kernel has no XFRM
@pytest.mark.parametrize('family', [4, 6], ids=['ipv4', 'ipv6'])
def test_ipsec_tunnel(site6, family):
    """A tunnel for the VIP carries requests and replies, all encrypted."""
    words = {'client': CLIENTS[family], 'vip': VIPS[family],
             'server': W101 if family == 4 else W1016}
    site6.w101.dsrctl(f'real add vip {VIPS[family]}')
    for name, to, fro in (('client', 'out', 'in'), ('w101', 'in', 'out')):
        site6.net[name].ip(TUNNEL.format(to=to, fro=fro, **words))
        for kind in ('policy', 'state'):
            site6.undo.append(lambda name=name, kind=kind: site6.net[name].run(
                'ip', 'xfrm', kind, 'flush'))
    sock = site6.client.socket(INET[family], socket.SOCK_STREAM)
    site6.sockets.append(sock)
    sock.settimeout(60)
    kind = wire.Tap if family == 4 else wire6.Tap
    with kind(site6.lv1, 'eth0') as front, kind(site6.lv1, 'eth1') as back:
        sock.connect((VIPS[family], 80))
        for _ in range(3):
            assert ask(sock) == 'w101 nano'
        for tap in (front, back):
            assert [p for p in tap.drain() if p.proto == 50]
            tap.none(lambda p: VIPS[family] in (p.src, p.dst),
                     'there is a tunnel')


@pytest.fixture
def ruled(third):
    """w103 with an echo server; the kernel never forgets that rules were used.
    """
    third.dsrctl(f'real add vip {VIP}')
    sock = third.socket(socket.AF_INET, socket.SOCK_DGRAM)
    third.site.sockets.append(sock)
    sock.bind(('0.0.0.0', 7))
    Echo(sock, 'w103')
    return third


def test_rule_from_vip(site, ruled):
    """A rule for the VIP chooses the router of replies."""
    with wire.Tap(site.lv1, 'eth1') as lv1, wire.Tap(site.lv2, 'eth1') as lv2:
        def answered(tap, port):
            tap.drain().clear()
            lv2.send(wire.udp(port, 7, b'x'), W103)
            return tap.wait(lambda p: p.src == VIP and p.dport == port,
                            'an answer')

        def answered_by(tap):
            lv2.send(wire.udp(4000, 7, b'x'), W103)
            return [p for p in tap.drain() if p.src == VIP]
        for _ in range(3):
            answered(lv1, 4000)
        ruled.ip(f'route add default via {LV2} table 100\n'
                 f'rule add from {VIP} lookup 100')
        wait_for('the rule is seen', lambda: answered_by(lv2))
        for port in (4000, 4001, 4000):
            answered(lv2, port)
        # an error about this machine is not about the VIP
        ruled.ip(f'rule add from {W103} lookup 100\n'
                 f'rule del from {VIP} lookup 100')
        for port in (4000, 4002):
            answered(lv1, port)


def test_rule_by_mark_and_port(site, ruled):
    """A rule matches the mark of a reply, and the port of the request."""
    ruled.ip(f'route add default via {LV2} table 100\n'
             'rule add ipproto udp sport 53 lookup 100')
    ruled.dsrctl(f'real add vip {VIP} proto udp port 53 to 7')
    with wire.Tap(site.lv1, 'eth1') as lv1, wire.Tap(site.lv2, 'eth1') as lv2:
        lv2.send(wire.udp(4000, 53, b'x'), W103)
        lv2.wait(lambda p: p.src == VIP and p.sport == 53, 'by the port')
        lv2.send(wire.udp(4000, 7, b'x'), W103)
        lv1.wait(lambda p: p.src == VIP and p.sport == 7, 'another port')
        ruled.nft('''
            table ip t { chain c {
                type filter hook postrouting priority mangle;
                udp sport 7 meta mark set 5; }; }''')
        ruled.ip('rule add fwmark 5 lookup 100')
        lv2.send(wire.udp(4000, 7, b'x'), W103)
        lv2.wait(lambda p: p.src == VIP and p.sport == 7, 'by the mark')


def test_rule_prohibits(site, ruled):
    """If a rule prohibits packets from the VIP, they are dropped and counted.
    """
    since = ruled.reasons()
    ruled.ip(f'rule add from {VIP} prohibit')
    with wire.Tap(site.lv1, 'eth1') as lv1, wire.Tap(site.lv2, 'eth1') as lv2:
        lv2.send(wire.udp(4000, 7, b'x'), W103)
        wait_for('dropped', lambda: since['drop_no_route'] == 1)
        ruled.ip(f'rule del from {VIP} prohibit')
        lv2.send(wire.udp(4000, 7, b'y'), W103)
        lv1.wait(lambda p: p.src == VIP and p.payload == b'y', 'an answer')
        lv1.none(lambda p: p.src == VIP and p.payload == b'x', 'it was dropped')
    # the counters of a machine that is deleted afterwards
    site.provoked['dsr_rs'].add('drop_no_route')
