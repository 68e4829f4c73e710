# SPDX-License-Identifier: GPL-2.0
"""Pings to a VIP: answered, forwarded, or dropped."""

import collections

import pytest

import wire
import wire6
from balancer import Balancer
from host import Failure, wait_for
from network import CLIENT, CLIENT6, LV16, VIP, VIP6, W101, W1016, W102, W1026

LV1 = '10.10.31.11'
MARK6 = '''
    table ip6 mangle { chain prerouting {
        type filter hook prerouting priority mangle;
        ip6 daddr 2001:db8:31::100 meta mark set 1
    }
    }'''


class Family:
    """The packets and addresses of a family, with the same names for both."""

    def __init__(self, number):
        self.number = number
        if number == 4:
            self.vip, self.client, self.key = VIP, CLIENT, {'fwmark': 1}
            self.backends, self.tap = (W101, W102), wire.Tap
            self.type, self.reply_type = 8, 0
        else:
            self.vip, self.client = VIP6, CLIENT6
            self.key = {'fwmark': 1, 'family': 10}
            self.backends, self.tap = (W1016, W1026), wire6.Tap
            self.type, self.reply_type = wire6.ECHO, wire6.ECHO_REPLY
        self.any = {'vip': self.vip}

    def echo(self, ident=1, ttl=64, **fields):
        if self.number == 4:
            return wire.icmp_echo(ident, ttl=ttl, **fields)
        return wire6.echo(ident, hop=ttl, **fields)

    def reply(self, ident=1, payload=b'echo'):
        """The balancer's answer to echo()."""
        if self.number == 4:
            return wire.icmp_echo(ident, self.vip, self.client, 0, payload,
                                  frag=0)
        return wire6.icmp(wire6.ECHO_REPLY, 0, ident.to_bytes(2, 'big') +
                          b'\0\1' + payload, self.vip, self.client)

    def is_reply(self, packet):
        return packet.src == self.vip and packet.proto in (1, 58) and \
            packet.type == self.reply_type


@pytest.fixture(params=[4, 6], ids=['v4', 'v6'])
def family(request):
    return Family(request.param)


def balance(site, family, key=None, backends=None, **fields):
    key = key or family.any
    lv1 = Balancer(site)
    lv1.service('add', **key, **fields)
    for address in family.backends if backends is None else backends:
        lv1.backend('add', address, **key)
    return lv1


def ping(site, vip, *argv, count=3, seconds=10):
    """The number of answered pings, of COUNT."""
    text = site.client.run('ping', '-n', '-q', '-c', str(count), '-i', '0.1',
                           '-W', str(seconds), *argv, vip,
                           check=False).stdout
    for line in text.splitlines():
        if 'received' in line:
            assert 'errors' not in line and 'duplicates' not in line, text
            return int(line.split(' received')[0].split()[-1])
    raise Failure(text)


@pytest.mark.smoke
@pytest.mark.parametrize('how', ['vip', 'fwmark'])
@pytest.mark.parametrize('path', ['stack', 'direct'])
def test_answered(site6, family, how, path, reasons):
    """The balancer answers while a backend is up."""
    key = family.any if how == 'vip' else family.key
    if how == 'fwmark' and family.number == 6:
        site6.lv1.nft(MARK6)
    balance(site6, family, key, path=path)
    since = reasons('lv1')
    assert ping(site6, family.vip) == 3
    assert since['answered_ping'] == 3
    assert since['forwarded_ping'] == 0


@pytest.mark.parametrize('size', [0, 1, 1472, 1473, 4000, 20000])
def test_sizes(site6, family, size):
    """Also fragmented requests and answers; ping compares the bytes."""
    balance(site6, family)
    assert ping(site6, family.vip, '-s', str(size), '-p', 'a5f0') == 3


def test_frame(site6, family):
    """The answer swaps the addresses, and has a new TTL."""
    balance(site6, family)
    with family.tap(site6.client) as client, family.tap(site6.w101) as w101, \
            family.tap(site6.w102) as w102:
        for ttl in (1, 64, 255):
            client.send(family.echo(100 + ttl, ttl), LV1)
            got = client.wait(family.is_reply, 'the reply')
            wire.same(got, wire.frame(family.reply(100 + ttl), client.mac,
                                      LV1))
            client.seen.clear()
        for tap in (w101, w102):
            tap.none(lambda p: p.dst == family.vip, 'lv1 has answered')


def test_mark_is_not_the_answers(site6, family, reasons):
    """Rules for the machine's own packets do not see the request's mark."""
    site6.lv1.nft(MARK6)
    balance(site6, family, family.key)
    site6.lv1.nft('''
        table inet out { chain output {
            type filter hook output priority filter;
            meta mark != 0 drop
        }
        }''')
    assert ping(site6, family.vip) == 3
    key = 'ipv4/fwmark_reflect' if family.number == 4 else \
        'ipv6/fwmark_reflect'
    site6.lv1.sysctl(key, 1)            # now the rule marks it
    site6.undo.append(lambda: site6.lv1.sysctl(key, 0))
    since = reasons('lv1')
    assert ping(site6, family.vip, count=1, seconds=1) == 0
    assert since['answered_ping'] == 1


def test_silent_without_backend(site6, family, reasons):
    """With no backend, weight 0, draining or down, there is no answer."""
    lv1 = balance(site6, family, backends=())
    since = reasons('lv1')
    with family.tap(site6.client) as client, family.tap(site6.w101) as w101, \
            family.tap(site6.w102) as w102:
        drops = 0

        def silent():
            nonlocal drops
            drops += 1
            client.send(family.echo(drops), LV1)
            wait_for('dropped', lambda: since['drop_ping'] == drops)
        silent()
        one = family.backends[0]
        lv1.backend('add', one, weight=0, **family.any)
        silent()
        for admin in ('draining', 'down'):
            lv1.backend('set', one, weight=1, admin=admin, **family.any)
            silent()
        lv1.backend('set', one, admin='up', **family.any)
        client.send(family.echo(99), LV1)
        client.wait(family.is_reply, 'the reply')
        assert len([p for p in client.seen if family.is_reply(p)]) == 1
        for tap in (w101, w102):
            tap.none(lambda p: p.dst == family.vip, 'no server must get it')
    assert since['answered_ping'] == 1


def test_any_service_of_the_vip_will_do(site6, family):
    """The first service with a backend up answers for the address."""
    lv1 = balance(site6, family, {**family.any, 'proto': 'tcp', 'port': 80},
                  backends=())
    other = {**family.any, 'proto': 'tcp', 'port': 81}
    lv1.service('add', **other)
    lv1.backend('add', family.backends[0], **other)
    assert ping(site6, family.vip) == 3


@pytest.mark.parametrize('path', ['stack', 'direct'])
def test_forwarded(site6, family, path, reasons):
    """Each identifier goes to one backend, as any other packet."""
    balance(site6, family, ping='forward', path=path)
    since = reasons('lv1')
    homes = collections.Counter()
    with family.tap(site6.client) as client, family.tap(site6.w101) as w101, \
            family.tap(site6.w102) as w102:
        for ident in range(1, 21):
            packet = family.echo(ident)
            client.send(packet, LV1)
            client.send(packet, LV1)
            got = wait_for('both', lambda: len(found := [
                p for p in w101.drain() + w102.drain()
                if p.dst == family.vip and p.proto in (1, 58)]) == 2 and found)
            assert got[0].mac_dst == got[1].mac_dst
            home = '10.10.30.101' if w101.seen and \
                got[0] in w101.seen else '10.10.30.102'
            homes[home] += 1
            for one in got:
                wire.same(one, wire.forwarded(packet, home, site6.lv1.mac(
                    'eth1').hex(':')))
            w101.seen.clear()
            w102.seen.clear()
        assert len(homes) == 2, homes
        assert since['forwarded_ping'] == 40
        assert since['answered_ping'] == 0
        client.send(family.echo(1, ttl=1), LV1)
        client.wait(lambda p: p.src in (LV1, LV16) and p.type in (11, 3),
                    'time exceeded')


def test_forwarded_in_fragments(site6, family):
    balance(site6, family, ping='forward', backends=family.backends[:1])
    with family.tap(site6.client) as client, family.tap(site6.w101) as w101:
        payload = bytes(range(200)) * 10
        data = family.echo(7, payload=payload)[20 if family.number == 4
                                               else 40:]
        if family.number == 6:
            for part in reversed(wire6.cut(data, 1000, 900, 58)):
                client.send(part, LV1)
        else:
            client.send(wire.ip(data[1000:2000], 1, frag=125 | wire.MF,
                                ident=900), LV1)
            client.send(wire.ip(data[2000:], 1, frag=250, ident=900), LV1)
            client.send(wire.ip(data[:1000], 1, frag=wire.MF, ident=900), LV1)

        def whole():
            parts = [p for p in w101.drain() if p.dst == family.vip]
            parts.sort(key=lambda p: p.frag & 0x1fff if family.number == 4
                       else p.offset)
            return b''.join(p.data for p in parts) == data
        wait_for('every byte', whole)


@pytest.mark.smoke
def test_forwarded_to_real_machine(site6):
    """A server that has the VIP answers itself, not through the balancer."""
    family = Family(6)
    balance(site6, family, ping='forward')
    for name in ('w101', 'w102'):
        host = site6.net[name]
        host.ip(f'addr add {VIP6}/128 dev lo nodad')
        site6.undo.append(lambda h=host: h.ip(f'addr del {VIP6}/128 dev lo'))
    assert ping(site6, VIP6) == 3
    assert ping(site6, VIP6, '-s', '4000') == 3


def test_forward_without_backend(site6, family, reasons):
    balance(site6, family, backends=(), ping='forward')
    since = reasons('lv1')
    with family.tap(site6.client) as client:
        client.send(family.echo(), LV1)
        wait_for('dropped', lambda: since['drop_ping'] == 1)


def test_ignored(site6, family, reasons):
    lv1 = balance(site6, family, ping='ignore')
    since = reasons('lv1')
    with family.tap(site6.client) as client, family.tap(site6.w101) as w101:
        client.send(family.echo(1), LV1)
        wait_for('dropped', lambda: since['drop_ping'] == 1)
        lv1.service('set', ping='reply', **family.any)
        client.send(family.echo(2), LV1)
        client.wait(family.is_reply, 'the reply')
        assert len([p for p in client.seen if family.is_reply(p)]) == 1
        w101.none(lambda p: p.dst == family.vip, 'it was ignored')


BAD = {4: ('255.255.255.255', '224.0.0.1', '0.0.0.0', '127.0.0.1'),
       6: ('::', 'fe80::1', '::ffff:10.1.1.1')}
# addresses that only routing can tell from clients' addresses
NOT_CLIENTS = {4: ('10.10.31.255', '10.10.31.11', '10.10.30.255'),
               6: (LV16,)}


@pytest.mark.parametrize('mode', ['reply', 'forward'])
def test_spoofed(site6, family, mode, reasons):
    """Forged sources get no answer: no amplifier, no loop."""
    balance(site6, family, ping=mode)
    since = reasons('lv1')
    with family.tap(site6.client) as client, \
            family.tap(site6.lv1, outgoing=True) as out, \
            family.tap(site6.lv1, 'eth1', outgoing=True) as back:
        bad = BAD[family.number]
        for source in bad:
            client.send(family.echo(src=source), LV1)
        wait_for('dropped', lambda: since['drop_bad_source'] == len(bad))
        if mode == 'reply':
            others = NOT_CLIENTS[family.number]
            for source in others:
                client.send(family.echo(src=source), LV1)
            # by the balancer, or by the kernel's answer
            wait_for('dropped', lambda: sum(since[reason] for reason in (
                'drop_bad_source', 'drop_source_is_this_host',
                'drop_reverse_path', 'drop_ping')) == len(bad + others))
            assert since['answered_ping'] == 0
        for tap in (out, back):
            tap.none(lambda p: family.vip in (p.src, p.dst) and p.mac_src ==
                     site6.lv1.mac('eth0' if tap is out else 'eth1'),
                     'no machine has sent a request')


@pytest.mark.parametrize('option', [
    b'\7\7\4\0\0\0\0', b'\x83\7\4\x0a\x0a\x1f\xc8', b'\x44\4\5\0', b'\1' * 4])
def test_options_not_answered(site, reasons, option):
    """Record route, source route, timestamp: not answered, to reveal nothing.
    """
    balance(site, Family(4))
    since = reasons('lv1')
    with wire.Tap(site.client) as client:
        client.send(wire.icmp_echo(options=option), LV1)
        wait_for('dropped', lambda: since['drop_ping'] == 1)
        client.none(Family(4).is_reply, 'it had options')
    assert since['answered_ping'] == 0


@pytest.mark.parametrize('exts', [
    [(wire6.HOP_BY_HOP, wire6.PADDING)], [(wire6.OPTIONS, wire6.PADDING)],
    [wire6.segments(VIP6)]])
def test_extensions_not_answered(site6, reasons, exts):
    balance(site6, Family(6))
    since = reasons('lv1')
    with wire6.Tap(site6.client) as client:
        client.send(wire6.echo(exts=exts), LV1)
        wait_for('dropped', lambda: since['drop_ping'] == 1)
        client.none(Family(6).is_reply, 'it had an extension header')


def test_other_icmp_is_dropped(site, reasons):
    """A timestamp request, an echo reply: no service accepts them."""
    balance(site, Family(4))
    since = reasons('lv1')
    with wire.Tap(site.client) as client:
        for type_ in (0, 13, 15, 17):
            client.send(wire.icmp_echo(type_=type_), LV1)
        wait_for('dropped', lambda: since['drop_not_served'] == 4)


def test_without_service(site6, family, reasons):
    """Pings to other addresses are ignored."""
    balance(site6, family)
    since = reasons('lv1')
    assert ping(site6, LV1 if family.number == 4 else LV16) == 3
    assert since['answered_ping'] == 0
