# SPDX-License-Identifier: GPL-2.0
"""Packets for a VIP, or with a service's mark, that no service takes.

No device has the VIP, so routing would send them back to the router that they
came from. The balancer drops them.
"""

import struct

import pytest

import wire
import wire6
from balancer import Balancer
from host import wait_for
from network import CLIENT, CLIENT6, LV16, W101, W1016, W102, W1026

LV1 = '10.10.31.11'
# In no network of the balancer, whose route to them leads to the client.
VIP = '192.0.2.100'
VIP6 = '2001:db8:32::100'
GRE, ESP, AH = 47, 50, 51
# RFC 3692: no module of the kernel takes it. GRE has a receiver while ip_gre is
# loaded.
UNKNOWN = 253
REASON = 'drop_not_served'


class Family:
    def __init__(self, number):
        six = number == 6
        self.number = number
        self.vip, self.client = (VIP6, CLIENT6) if six else (VIP, CLIENT)
        self.backends = (W1016, W1026) if six else (W101, W102)
        self.wire, self.tap = (wire6, wire6.Tap) if six else (wire, wire.Tap)
        self.key = {'fwmark': 1, 'family': 10 if six else 2}
        self.nft = 'ip6' if six else 'ip'
        self.net = f'{"2001:db8:32::/64" if six else "192.0.2.0/24"}'
        self.router = LV16 if six else LV1
        self.icmp = 58 if six else 1
        self.unreachable = 1 if six else 3

    def ip(self, proto, payload=bytes(24), **fields):
        """A packet that loops as long as it can."""
        fields['hop' if self.number == 6 else 'ttl'] = 255
        return self.wire.ip(payload, proto, dst=self.vip, **fields)

    def is_error(self, packet):
        return packet.proto == self.icmp and packet.type == self.unreachable

    def flow(self, proto, sport, dport):
        return getattr(self.wire, proto)(sport, dport, dst=self.vip)

    def packets(self):
        """{name: packet} of packets that no service ever takes by itself."""
        found = {'gre': self.ip(GRE), 'esp': self.ip(ESP),
                 'ah': self.ip(AH, bytes((ESP, 4)) + bytes(22))}
        if self.number == 4:
            found['timestamp'] = wire.icmp_echo(type_=13, dst=VIP, ttl=255)
            found['echo reply'] = wire.icmp_echo(type_=0, dst=VIP, ttl=255)
            quoted = wire.tcp(80, 9, src=VIP, dst=CLIENT)[:28]
            found['icmp error'] = wire.icmp_error(3, 1, quoted, dst=VIP,
                                                  ttl=255)
        else:
            found['node information'] = wire6.icmp(139, 0, bytes(28), dst=VIP6,
                                                   hop=255)
            found['echo reply'] = wire6.icmp(wire6.ECHO_REPLY, 0, bytes(4),
                                             dst=VIP6, hop=255)
            quoted = wire6.tcp(80, 9, src=VIP6, dst=CLIENT6)
            found['icmp error'] = wire6.error(1, 0, quoted, dst=VIP6, hop=255)
        return found


@pytest.fixture(params=[4, 6])
def family(request, site):
    """The client is a router, and the balancer its next hop to the VIPs."""
    if request.param == 6:
        site.net.enable_ipv6()
    family = Family(request.param)
    path = f'ipv{family.number}/conf/{"all" if family.number == 6 else "eth0"}'
    site.client.sysctl(f'{path}/forwarding', 1)
    site.undo.append(lambda: site.client.sysctl(f'{path}/forwarding', 0))
    for host, via in ((site.lv1, family.client), (site.client, family.router)):
        host.ip(f'route add {family.net} via {via}')
        site.undo.append(lambda h=host: h.ip(f'route del {family.net}'))
    return family


def mark(site, family, rule, where='prerouting', priority='mangle'):
    site.lv1.nft(f'''
        flush ruleset
        table inet mangle {{ chain marks {{
            type filter hook {where} priority {priority};
            {family.nft} daddr {family.vip} {rule} meta mark set 1
        }}
        }}''')


def add(site, backends, **fields):
    lv1 = Balancer(site)
    key = {name: fields[name] for name in fields if name != 'persist'}
    lv1.service('add', **fields)
    for address in backends:
        lv1.backend('add', address, **key)
    return lv1


SERVICES = {
    'mark': None,
    'all of a vip': {},
    'a port': {'proto': 'tcp', 'port': 80},
}


@pytest.mark.smoke
@pytest.mark.parametrize('service', SERVICES)
def test_not_routed_back(site, family, reasons, service):
    """Dropped on arrival, and counted with this reason only."""
    if service == 'mark':
        mark(site, family, '')
        add(site, family.backends, **family.key)
    else:
        add(site, family.backends, vip=family.vip, **SERVICES[service])
    with family.tap(site.client) as client:
        for name, packet in family.packets().items():
            since = reasons('lv1')
            client.send(packet, LV1)
            wait_for(f'{name}: counted', lambda s=since: s[REASON] == 1)
            # later packets are seen after it
            client.send(family.wire.udp(4000, 33434, dst=family.router), LV1)
            client.wait(family.is_error, 'unreachable')
            client.none(lambda p: p.dst == family.vip, f'{name} was dropped')
            client.seen.clear()
            # and packets between neighbours
            assert set(since.all()) <= {REASON, 'pass_no_service',
                                        'pass_not_to_this_host'}, name


@pytest.mark.parametrize('proto', ['tcp', 'udp', 'sctp'])
def test_other_port(site, family, reasons, proto):
    """The client gets an unreachable error, and "explain" gives the reason."""
    lv1 = add(site, family.backends, vip=family.vip, proto='tcp', port=80)
    told = lv1.explain(src=family.client, sport=4000, dst=family.vip, dport=81,
                       proto=proto)
    assert told['explain']['reason'] == REASON
    assert 'service' not in told
    since = reasons('lv1')
    with family.tap(site.client) as client:
        client.send(family.flow(proto, 4000, 81), LV1)
        got = client.wait(family.is_error, 'an error')
        assert (got.type, got.code) == ((1, 4) if family.number == 6 else
                                        (3, 3))
        client.none(lambda p: p.dst == family.vip, 'it was dropped')
    assert since[REASON] == 1
    told = site.lv1.dsrctl(
        f'explain {"[%s]:1" % family.client if family.number == 6 else family.client + ":1"} '
        f'{"[%s]:81" % family.vip if family.number == 6 else family.vip + ":81"}'
    ).stdout
    assert REASON in told and 'local route' in told


def test_bad_source_is_not_answered(site, family, reasons):
    """A source of this machine, or a VIP, gets no error."""
    add(site, family.backends, vip=family.vip, proto='tcp', port=80)
    since = reasons('lv1')
    with family.tap(site.client) as client:
        for number, source in enumerate((family.router, family.vip), 1):
            client.send(family.wire.udp(4000, 7, src=source, dst=family.vip),
                        LV1)
            wait_for('dropped', lambda n=number: since[REASON] == n)
        client.send(family.wire.udp(4001, 7, dst=family.vip), LV1)
        client.wait(family.is_error, 'an error')
        assert len([p for p in client.drain() if family.is_error(p)]) == 1


def delivered(site, family):
    """A request to lv1 itself for an unsupported protocol."""
    if family.number == 6:
        return next(int(line.split()[1]) for line in site.lv1.read(
            '/proc/net/snmp6').splitlines() if 'Ip6InUnknownProtos' in line)
    names, values = (line.split() for line in site.lv1.read(
        '/proc/net/snmp').splitlines()[:2])
    return int(values[names.index('InUnknownProtos')])


@pytest.mark.parametrize('how', ['address', 'rule'])
def test_own_address_is_the_machine_s(site, family, reasons, how):
    """The machine answers for its own addresses, with any kind of route."""
    mark(site, family, '')
    lv1 = add(site, family.backends, **family.key)
    lv1.service('add', vip=family.vip, proto='tcp', port=80)
    six = '-6 ' if family.number == 6 else ''
    lines = [f'route add local {family.vip} dev lo table local']
    if how == 'rule':
        lines = [f'route add local {family.net} dev lo table 100',
                 'rule add fwmark 1 lookup 100']
    for line in lines:
        line = line.replace('rule add', f'{six}rule add')
        site.lv1.run('ip', *line.split())
        site.undo.append(lambda l=line: site.lv1.run(
            'ip', *l.replace(' add ', ' del ').split()))
    since, before = reasons('lv1'), delivered(site, family)
    with family.tap(site.client) as client:
        client.send(family.ip(UNKNOWN), LV1)
        wait_for('delivered', lambda: delivered(site, family) == before + 1)
    assert since[REASON] == 0 and since['pass_no_service'] >= 1


def test_translated_goes_where_the_rule_says(site, family, reasons):
    add(site, family.backends, vip=family.vip, proto='tcp', port=80)
    site.lv1.nft(f'''
        table {family.nft} nat {{ chain prerouting {{
            type nat hook prerouting priority dstnat;
            {family.nft} daddr {family.vip} dnat to {family.backends[1]}
        }}
        }}''')
    since = reasons('lv1')
    with family.tap(site.client) as client, family.tap(site.w102) as w102:
        for packet in (family.ip(GRE, struct.pack('>HH', 0, 0x800) + bytes(20)),
                       family.flow('udp', 4000, 7)):
            client.send(packet, LV1)
            w102.wait(lambda p: p.dst == family.backends[1], 'what was sent on')
            w102.seen.clear()
    assert since[REASON] == 0


def test_without_the_mark_it_is_none_of_ours(site, family, reasons):
    """For a service by mark only marked packets are dropped."""
    mark(site, family, 'meta l4proto tcp')
    add(site, family.backends, **family.key)
    site.lv1.ip(f'route add {family.vip} via {family.backends[1]}')
    site.undo.append(lambda: site.lv1.ip(f'route del {family.vip}'))
    since = reasons('lv1')
    with family.tap(site.client) as client, family.tap(site.w102) as w102:
        client.send(family.ip(GRE), LV1)
        w102.wait(lambda p: p.dst == family.vip and p.proto == GRE,
                  'what was routed')
    assert since[REASON] == 0


def test_marked_is_sent_on_by_another_device(site, family, reasons):
    """A rule may mark all that passes a transparent balancer."""
    mark(site, family, '')
    add(site, family.backends, **family.key)
    site.lv1.ip(f'route replace {family.vip} via {family.backends[1]}')
    site.undo.append(lambda: site.lv1.ip(f'route del {family.vip}'))
    since = reasons('lv1')
    packets = family.packets()
    with family.tap(site.client) as client, family.tap(site.w102) as w102:
        for name in ('gre', 'esp', 'icmp error'):
            client.send(packets[name], LV1)
            w102.wait(lambda p: p.dst == family.vip, f'{name} was routed')
            w102.seen.clear()
    assert since[REASON] == 0


def test_marked_is_not_sent_on_to_a_vip(site, family, reasons):
    """Nothing else serves a VIP, wherever its route leads."""
    mark(site, family, '')
    lv1 = add(site, family.backends, **family.key)
    lv1.service('add', vip=family.vip, proto='tcp', port=80)
    site.lv1.ip(f'route replace {family.vip} via {family.backends[1]}')
    site.undo.append(lambda: site.lv1.ip(f'route del {family.vip}'))
    since = reasons('lv1')
    with family.tap(site.client) as client, family.tap(site.w102) as w102:
        client.send(family.ip(GRE), LV1)
        wait_for('dropped', lambda: since[REASON] == 1)
        w102.none(lambda p: p.dst == family.vip, 'it was dropped')


def test_proxy_of_neighbours(site6, reasons):
    """A proxy of the VIP answers neighbours that connect to it directly."""
    vip = '2001:db8:31::77'
    site6.lv1.sysctl('ipv6/conf/all/proxy_ndp', 1)
    site6.undo.append(lambda: site6.lv1.sysctl('ipv6/conf/all/proxy_ndp', 0))
    site6.lv1.ip(f'neigh add proxy {vip} dev eth0')
    site6.undo.append(lambda: site6.lv1.ip(f'neigh del proxy {vip} dev eth0'))
    lv1 = Balancer(site6)
    lv1.service('add', vip=vip)
    lv1.backend('add', W1016, vip=vip)
    since = reasons('lv1')
    with wire6.Tap(site6.client) as client:
        client.send(wire6.icmp(135, 0, bytes(4) + wire6.raw(vip) + b'\1\1' +
                               site6.client.mac('eth0'), dst=vip, hop=255), LV1)
        client.wait(lambda p: p.proto == 58 and p.type == 136, 'the answer')
    assert since[REASON] == 0


@pytest.mark.parametrize('proto', [ESP, AH])
def test_late_mark_is_counted_once(site6, proto, reasons):
    """With one more header, or without ports, no counter goes below 0."""
    family = Family(6)
    lv1 = add(site6, family.backends, **family.key, persist=60000)
    mark(site6, family, '', priority='filter')
    packet = family.packets()['ah' if proto == AH else 'esp']
    number = 20
    with wire6.Tap(site6.client) as client:
        for port in (4000, 4000):
            client.send(wire6.tcp(port, dst=VIP6, flags=wire.SYN), LV1)
            client.send(wire6.tcp(port, dst=VIP6, flags=wire.ACK), LV1)
        wait_for('remembered', lambda: [
            one for one in lv1.connections() if one['state'] == 'persistent'])
        since = reasons('lv1')
        for _ in range(number):
            client.send(packet, LV1)
        wait_for('forwarded', lambda: since['forwarded'] == number)
    counted = since.all()
    # neighbours send packets to each other, too
    assert 0 <= counted.pop('pass_no_service', 0) < number
    assert counted.pop('forwarded') == number
    assert set(counted) <= {'pass_not_to_this_host'}
