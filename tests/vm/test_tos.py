# SPDX-License-Identifier: GPL-2.0
"""Protection of TOS rules: allowed senders, and clearing of the TOS."""

import itertools
import socket
import struct

import pytest

import arp
import genl
import wire
import wire6
from host import wait_for
from network import BACK_VRRP, VIP, W101, W1016, mac_of
from traffic import ask

TOS = 0x20
LV1, LV2 = '10.10.30.11', '10.10.30.12'
LV26 = '2001:db8:30::12'
SO_IP_TOS, SO_RECVTOS = 1, 13
SO_RECVTCLASS, IPV6_TCLASS = 66, 67


# A flow outlives its test, and its sender was checked when it began.
PORTS = itertools.count(20000)


class Sender:
    """Send to w101 without the balancer, as any machine of the segment can."""

    def __init__(self, site, tap, reasons):
        self.tap = tap
        self.since = reasons('w101', 'dsr_rs')
        self.site = site

    def fate(self, mac=mac_of(LV2), six=False):
        """The reason of a packet with the TOS."""
        port = next(PORTS)
        before = self.since.all()
        packet = wire6.udp(port, 9, tclass=TOS) if six else wire.udp(
            port, 9, tos=TOS)
        self.tap.send(packet, mac_of(W101), mac)
        now = wait_for('a reason', lambda: {
            name for name, number in self.since.all().items()
            if number != before.get(name, 0) and name.startswith(
                ('delivered', 'pass_tos', 'drop', 'pass_no_rule'))})
        assert len(now) == 1, now
        return now.pop()


FOREIGN = 'pass_tos_not_from_balancer'


@pytest.fixture
def sink(site):
    """Packets for port 9 get no answer."""
    sock = site.w101.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(('0.0.0.0', 9))
    site.sockets.append(sock)
    return site


@pytest.fixture
def sender(sink, reasons):
    with wire.Tap(sink.lv2, 'eth1') as tap:
        yield Sender(sink, tap, reasons)


def rule(site, options):
    site.w101.dsrctl(f'real replace tos {TOS:#x} {options}')


@pytest.mark.smoke
def test_from_mac(site, reasons):
    """A flow begins through the balancer only."""
    site.balance(f'tos {TOS:#x}', backends=('w101',), rule=f'tos {TOS:#x}')
    with wire.Tap(site.lv2, 'eth1') as tap:
        sender = Sender(site, tap, reasons)
        assert sender.fate() == 'delivered', 'this is the pitfall'
        rule(site, f'from {mac_of(LV1)}')
        assert sender.fate() == FOREIGN
    assert ask(site.connect()) == 'w101 nano'
    shown, = site.w101.show('real show')
    assert (shown['from'], shown['clear']) == ([mac_of(LV1)], False)
    assert f' from {mac_of(LV1)} packets ' in site.w101.read(
        '/proc/net/dsr_rs/rules')


def test_from_several(sender):
    rule(sender.site, f'from {LV1},{mac_of(LV2)},2001:db8:30::11')
    assert sender.fate() == 'delivered'
    rule(sender.site, '')
    assert sender.fate('02:00:00:00:00:99') == 'delivered'
    # a rule with a forbidden sender is skipped, and the next one tried
    sender.site.w101.configure(f'''
        real replace tos {TOS:#x} from {mac_of(LV1)}
        real add tos {TOS:#x}/0xe0 from {mac_of(LV2)}''')
    assert sender.fate() == 'delivered'
    assert sender.fate('02:00:00:00:00:99') == FOREIGN
    # and a VIP rule comes before any TOS rule
    sender.site.w101.dsrctl(f'real add vip {VIP}')
    assert sender.fate('02:00:00:00:00:99') == 'delivered'


def known(site, address):
    """Tell if w101 has the MAC address of a neighbour."""
    return arp.knows(site.w101, address)


def test_from_address(sender):
    """The MAC address comes from the neighbour table."""
    site = sender.site
    site.w101.ip('neigh flush dev eth0')
    rule(site, f'from {LV2}')
    wait_for('asked for at once', lambda: known(site, LV2))
    assert sender.fate() == 'delivered'
    assert sender.fate(mac_of(LV1)) == FOREIGN
    # forgotten: the next packet requests it again
    site.w101.ip('neigh flush dev eth0')
    assert not known(site, LV2)
    assert sender.fate() == FOREIGN
    wait_for('asked for', lambda: known(site, LV2))
    assert sender.fate() == 'delivered'
    # in another network: there is no neighbour entry, so no sender matches
    rule(site, 'from 10.10.99.1')
    assert sender.fate() == FOREIGN
    assert '10.10.99.1' not in site.w101.read('/proc/net/arp')


def test_from_address_moves(sender):
    """Another machine takes over the address, and announces this."""
    site = sender.site
    rule(site, f'from {BACK_VRRP}')
    wait_for('asked for', lambda: known(site, BACK_VRRP))
    assert sender.fate() == FOREIGN
    assert sender.fate(mac_of(LV1)) == 'delivered'

    def back():
        site.lv2.ip(f'addr del {BACK_VRRP}/32 dev eth1')
        site.lv1.ip(f'addr add {BACK_VRRP}/32 dev eth1')
        for name in ('w101', 'w102'):
            site.net[name].ip('neigh flush dev eth0')
    site.undo.append(back)
    site.lv1.ip(f'addr del {BACK_VRRP}/32 dev eth1')
    site.lv2.ip(f'addr add {BACK_VRRP}/32 dev eth1')
    with arp.Tap(site.lv2, 'eth1') as tap:
        tap.put(arp.REQUEST, mac_of(LV2), BACK_VRRP, arp.NOWHERE, BACK_VRRP)
    wait_for('taken over', lambda: mac_of(LV2) in next(
        line for line in site.w101.read('/proc/net/arp').splitlines()
        if line.startswith(f'{BACK_VRRP} ')))
    assert sender.fate() == 'delivered'
    assert sender.fate(mac_of(LV1)) == FOREIGN


def test_from_ipv6(site6, reasons):
    """The same with traffic classes, and neighbours of IPv6."""
    sock = site6.w101.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    sock.bind(('::', 9))
    site6.sockets.append(sock)
    with wire6.Tap(site6.lv2, 'eth1') as tap:
        sender = Sender(site6, tap, reasons)
        rule(site6, f'from {LV26}')
        wait_for('asked for', lambda: mac_of(LV2) in site6.w101.run(
            'ip', '-6', 'neigh', 'show', LV26).stdout)
        assert sender.fate(six=True) == 'delivered'
        assert sender.fate(mac_of(LV1), six=True) == FOREIGN
        rule(site6, f'from {mac_of(LV1)}')
        assert sender.fate(six=True) == FOREIGN


def test_from_no_ethernet(site, reasons):
    """Packets on lo have no sender's MAC address."""
    rule(site, f'from {mac_of(LV1)}')
    site.w101.ip(f'route add {VIP} dev lo')
    site.undo.append(lambda: site.w101.ip(f'route del {VIP} dev lo'))
    since = reasons('w101', 'dsr_rs')
    sock = site.w101.socket(socket.AF_INET, socket.SOCK_DGRAM)
    site.sockets.append(sock)
    sock.setsockopt(socket.IPPROTO_IP, SO_IP_TOS, TOS)
    sock.sendto(b'', (VIP, 9))
    wait_for('passed', lambda: since[FOREIGN] == 1)
    assert not since['delivered']


def test_from_new_connection(sender):
    """A stranger cannot reuse the ports of an ended connection."""
    site, tap = sender.site, sender.tap
    rule(site, f'from {mac_of(LV1)}')
    since = sender.since

    port = next(PORTS)

    def syn(mac):
        tap.send(wire.tcp(port, 81, tos=TOS), mac_of(W101), mac)
    syn(mac_of(LV1))
    wait_for('refused', lambda: since['replied'] == 1)
    syn(mac_of(LV2))
    wait_for('passed', lambda: since[FOREIGN] == 1)
    assert since['delivered'] == 1


@pytest.mark.parametrize('clear', ['', 'clear'])
@pytest.mark.parametrize('tos', [TOS, TOS | 3, TOS | 2])
def test_clear(site, reasons, clear, tos):
    """The application gets the packet without the TOS."""
    wanted = tos & 3 if clear else tos
    rule(site, clear)
    since = reasons('w101', 'dsr_rs')
    sock = site.w101.socket(socket.AF_INET, socket.SOCK_DGRAM)
    raw = site.w101.socket(socket.AF_INET, socket.SOCK_RAW, 17)
    site.sockets += [sock, raw]
    sock.bind(('0.0.0.0', 9))
    sock.settimeout(60)
    raw.settimeout(60)
    sock.setsockopt(socket.IPPROTO_IP, SO_RECVTOS, 1)
    first, second = next(PORTS), next(PORTS)
    with wire.Tap(site.lv2, 'eth1') as tap:
        for port in (first, first, second):
            packet = wire.udp(port, 9, b'data', tos=tos)
            tap.send(packet, W101)
            data, told, _, _ = sock.recvmsg(100, 100)
            assert data == b'data'
            assert told == [(socket.IPPROTO_IP, SO_IP_TOS, bytes([wanted]))]
            got = raw.recv(100)
            assert got[1] == wanted
            assert wire.checksum(got[:20]) == 0
            assert got[20:] == wire.udp(port, 9, b'data', dst=W101)[20:]
    assert since['delivered'] == 3


@pytest.mark.parametrize('clear', ['', 'clear'])
def test_clear_in_replies(site, clear):
    """A reset has the TOS of the packet that it answers."""
    rule(site, clear)
    port = next(PORTS)
    with wire.Tap(site.back, 'w101', outgoing=True) as w101, \
            wire.Tap(site.lv2, 'eth1') as lv2:
        lv2.send(wire.tcp(port, 81, tos=TOS), W101)
        reset = w101.wait(lambda p: p.src == VIP and p.dport == port,
                          'a reset')
    assert reset.tos == (0 if clear else TOS)
    assert reset.checksums_right()


@pytest.mark.parametrize('clear', ['', 'clear'])
def test_clear_ipv6(site6, reasons, clear):
    rule(site6, clear)
    since = reasons('w101', 'dsr_rs')
    sock = site6.w101.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    site6.sockets.append(sock)
    sock.bind(('::', 9))
    sock.settimeout(60)
    sock.setsockopt(socket.IPPROTO_IPV6, SO_RECVTCLASS, 1)
    port = next(PORTS)
    with wire6.Tap(site6.lv2, 'eth1') as tap:
        for _ in range(2):
            tap.send(wire6.udp(port, 9, b'data', tclass=TOS | 2, label=0xabcde),
                     mac_of(W101))
            data, told, _, _ = sock.recvmsg(100, 100)
            assert data == b'data'
            assert told == [(socket.IPPROTO_IPV6, IPV6_TCLASS, struct.pack(
                'i', 2 if clear else TOS | 2))]
    assert since['delivered'] == 2
    assert site6.w101.show('real show')[0]['clear'] is bool(clear)


REFUSED = [
    (f'vip {VIP} from {LV1}', 'only a TOS rule can name balancers'),
    (f'vip {VIP} clear', 'only a TOS rule can clear the TOS'),
    ('tos 0x20 from 01:00:5e:00:00:01',
     'a balancer\'s MAC address must be unicast and not zero'),
    ('tos 0x20 from 00:00:00:00:00:00',
     'a balancer\'s MAC address must be unicast and not zero'),
    *((f'tos 0x20 from {address}',
       'a balancer\'s address must be unicast')
      for address in ('224.0.0.1', '127.0.0.1', '0.0.0.0', 'ff02::1', '::1',
                      '::ffff:10.10.30.11')),
]


def test_refused(site):
    """Each refusal has one sentence, and changes nothing."""
    rule(site, f'from {LV1},{W1016} clear')
    before = site.state('w101')
    assert site.w101.refusals(
        [f'real add {command}' for command, _ in REFUSED]) == [
            sentence for _, sentence in REFUSED]
    tos = (genl.u8(genl.RULE_TOS, TOS), genl.u8(genl.RULE_TOS_MASK, 0xfc))
    many = [genl.addr(genl.RULE_FROM, LV1)] * 9
    leave_out = ('to delete a rule, give only its match: leave out its target '
                 'and options')
    with site.w101.at(), genl.Genl('dsr_rs') as sock:
        for command, attrs, sentence in (
                (genl.RULE_REPLACE, many, 'too many balancers: the limit is 8'),
                (genl.RULE_REPLACE, [genl.attr(genl.RULE_FROM, b'12345')],
                 'a balancer\'s address has 6 bytes (MAC), 4 (IPv4) or 16 '
                 '(IPv6)'),
                (genl.RULE_DELETE, [genl.addr(genl.RULE_FROM, LV1)], leave_out),
                (genl.RULE_DELETE, [genl.u8(genl.RULE_CLEAR, 1)], leave_out)):
            with pytest.raises(genl.Refused) as refused:
                sock.ask(command, genl.nest(genl.A_RULE, *tos, *attrs))
            assert refused.value.sentence == sentence
    assert site.state('w101') == before
    shown, = site.w101.show('real show')
    assert (shown['from'], shown['clear']) == ([LV1, W1016], True)
    assert f' from {LV1} from {W1016} clear packets ' in site.w101.read(
        '/proc/net/dsr_rs/rules')
