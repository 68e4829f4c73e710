# SPDX-License-Identifier: GPL-2.0
"""Services by address, protocol and port."""

import pytest

import genl
import wire
from balancer import Balancer
from host import wait_for
from network import VIP, VIP2, VIP6, W101, W1016, W102
from probe import LV1, Probe
from traffic import ask
from wire import ACK, FIN, SYN

ANY = {'vip': VIP}
TCP = {'vip': VIP, 'proto': 'tcp'}
PORT80 = {**TCP, 'port': 80}
RANGE = {**TCP, 'port': 80, 'port_last': 89}
TO = {'w101': W101, 'w102': W102}


@pytest.fixture
def lv1(site):
    """The balancer, without any marking rule."""
    site.lv1.nft('flush ruleset')
    return Balancer(site)


def add(lv1, key, *names, **fields):
    lv1.service('add', **key, **fields)
    for name in names:
        lv1.backend('add', TO[name], **key)


def served(lv1):
    """The packets of each service, in the order of their keys."""
    return [one['service']['stats']['packets']
            for one in lv1.dump('SERVICE_GET')]


@pytest.mark.parametrize('key, ports, other', [
    (PORT80, [('tcp', 80)], [('tcp', 81), ('udp', 80), ('sctp', 80)]),
    (RANGE, [('tcp', 80), ('tcp', 85), ('tcp', 89)],
     [('tcp', 79), ('tcp', 90), ('udp', 85)]),
    ({**TCP, 'port': 65535}, [('tcp', 65535)], [('tcp', 65534)]),
    (TCP, [('tcp', 1), ('tcp', 65535)], [('udp', 1), ('sctp', 1)]),
    ({'vip': VIP, 'proto': 'udp'}, [('udp', 7)], [('tcp', 7), ('sctp', 7)]),
    ({'vip': VIP, 'proto': 'sctp', 'port': 7}, [('sctp', 7)],
     [('tcp', 7), ('udp', 7), ('sctp', 8)]),
    (ANY, [('tcp', 1), ('udp', 2), ('sctp', 3)], []),
])
def test_what_belongs(site, lv1, reasons, key, ports, other):
    """Exactly the named ports, without any mark."""
    add(lv1, key, 'w101')
    since = reasons('lv1')
    make = {'tcp': wire.tcp, 'udp': wire.udp, 'sctp': wire.sctp}
    with wire.Tap(site.client) as client, wire.Tap(site.w101) as w101:
        for proto, port in other + ports:
            client.send(make[proto](4000, port), LV1)
        wait_for('those of the service', lambda: len(
            [p for p in w101.drain() if p.dst == VIP]) == len(ports))
        assert [p.dport for p in w101.seen if p.dst == VIP] == [
            port for _, port in ports]
    assert since['forwarded'] == len(ports)
    assert since['drop_not_served'] == len(other)


@pytest.mark.smoke
def test_web_without_rules(site, lv1):
    """A service by VIP needs no rule: real clients, real servers."""
    add(lv1, PORT80, 'w101', 'w102')
    for name in TO:
        site.net[name].dsrctl(f'real add vip {VIP}')
    assert site.lv1.run('nft', 'list', 'ruleset').stdout == ''
    assert site.replies(10) == {'w101 nano': 5, 'w102 desu': 5}
    with pytest.raises((TimeoutError, OSError)):
        site.connect(port=8080, seconds=1)


def test_most_exact_wins(site, lv1):
    """The most specific service applies, added in any order."""
    add(lv1, TCP, 'w101')
    add(lv1, PORT80, 'w101')
    add(lv1, ANY, 'w102')
    add(lv1, RANGE, 'w102')
    with Probe(site) as probe:
        assert probe.syn(4000, dport=80) == 'w101'
        assert probe.syn(4000, dport=81) == 'w102'
        assert probe.syn(4000, dport=90) == 'w101'
        assert probe.udp(4000, dport=80) == 'w102'
    found = [one['service'] for one in lv1.dump('SERVICE_GET')]
    assert [(one.get('proto'), one.get('port'), one.get('port_last'),
             one['stats']['packets']) for one in found] == [
        (None, None, None, 1), ('tcp', None, None, 1), ('tcp', 80, None, 1),
        ('tcp', 80, 89, 1)]


def test_mark_comes_first(site, lv1):
    add(lv1, PORT80, 'w101')
    add(lv1, {'fwmark': 1}, 'w102')
    site.lv1.nft('''
        table ip mangle { chain prerouting {
            type filter hook prerouting priority mangle;
            ip daddr 10.10.31.100 ip ttl 50 meta mark set 1
            ip daddr 10.10.31.100 ip ttl 51 meta mark set 2
        }
        }''')
    with Probe(site) as probe:
        assert probe.syn(4000) == 'w101'
        assert probe.syn(4001, ttl=50) == 'w102'
        # a mark without a service does not count
        assert probe.syn(4002, ttl=51) == 'w101'
        # a connection survives a change of its mark, see test_mark_life.py
        assert probe.tcp(4000, ttl=50) == 'w101'
        assert probe.tcp(4000) == 'w101'


def test_more_exact_service_disturbs_nobody(site, lv1):
    """Established connections stay; new ones go to the new service."""
    add(lv1, TCP, 'w101')
    with Probe(site) as probe:
        assert probe.syn(4000) == 'w101'
        assert probe.tcp(4000) == 'w101'
        assert probe.syn(4001) == 'w101'
        assert probe.tcp(4001) == 'w101'
        assert probe.tcp(4001, flags=FIN | ACK) == 'w101'
        add(lv1, PORT80, 'w102')
        assert probe.tcp(4000) == 'w101'
        assert probe.tcp(4000, flags=SYN) == 'w101'
        assert probe.tcp(4001) == 'w101'        # its last ACK
        assert probe.syn(4002) == 'w102'
        # a new connection, although its port pair was the old service's
        assert probe.syn(4001) == 'w102'
        assert probe.tcp(4001) == 'w102'
        assert {one['sport']: one['backend'] for one in lv1.connections()} == {
            4000: W101, 4001: W102, 4002: W102}
        # without the service, its old connections move to other servers, and
        # the others stay
        lv1.service('delete', **PORT80)
        assert probe.tcp(4000) == 'w101'
        assert probe.tcp(4001) == 'w101'
        assert {one['sport']: one['backend'] for one in lv1.connections()} == {
            4000: W101, 4001: W101, 4002: W102}


def test_new_service_for_what_was_down(site, lv1):
    """A SYN on a connection whose backend is down is a new one."""
    add(lv1, TCP, 'w101')
    with Probe(site) as probe:
        assert probe.syn(4000) == 'w101'
        assert probe.tcp(4000) == 'w101'
        add(lv1, PORT80, 'w102')
        lv1.backend('set', W101, admin='down', **TCP)
        assert probe.syn(4000) == 'w102'


def test_services_share_nothing(site, lv1):
    """Services have separate schedulers, counters, options and connections."""
    add(lv1, PORT80, 'w101', 'w102', path='direct')
    add(lv1, {**TCP, 'port': 81}, 'w101', 'w102', tos=0x20, tos_mask=0xfc)
    with wire.Tap(site.client) as client, wire.Tap(site.w101) as w101, \
            wire.Tap(site.w102) as w102:
        for sport in range(4000, 4004):
            client.send(wire.tcp(sport, 80), LV1)
            client.send(wire.tcp(sport, 81), LV1)
        wait_for('all', lambda: sum(p.dst == VIP for p in w101.drain() +
                                    w102.drain()) == 8)
        for tap in (w101, w102):
            assert sorted((p.dport, p.tos) for p in tap.seen
                          if p.dst == VIP) == [(80, 0)] * 2 + [(81, 0x20)] * 2
    assert served(lv1) == [4, 4]
    lv1.service('delete', **PORT80)
    assert served(lv1) == [4]
    assert lv1.get(**{**TCP, 'port': 81})['path'] == 'stack'
    assert sum(one['inactive'] for one in lv1.backends(
        **{**TCP, 'port': 81}).values()) == 4


def test_two_vips(site, lv1):
    add(lv1, {'vip': VIP2}, 'w101')
    add(lv1, ANY, 'w102')
    site.client.ip(f'route add {VIP2} via 10.10.31.10')
    site.undo.append(lambda: site.client.ip(f'route del {VIP2}'))
    with wire.Tap(site.client) as client, wire.Tap(site.w101) as w101, \
            wire.Tap(site.w102) as w102:
        client.send(wire.udp(4000), LV1)
        client.send(wire.udp(4000, dst=VIP2), LV1)
        w101.wait(lambda p: p.dst == VIP2, 'that of the one')
        w102.wait(lambda p: p.dst == VIP, 'that of the other')
        w101.none(lambda p: p.dst == VIP, 'not its own')
        w102.none(lambda p: p.dst == VIP2, 'not its own')


@pytest.mark.parametrize('one, other', [
    ((80, 89), (85, 95)), ((85, 95), (80, 89)), ((80, 89), (89, 90)),
    ((1, 80), (80, 65535))])
def test_ranges_that_overlap(lv1, one, other):
    first = {**TCP, 'port': one[0], 'port_last': one[1]}
    second = {**TCP, 'port': other[0], 'port_last': other[1]}
    lv1.service('add', **first)
    for verb in ('add', 'replace'):
        with pytest.raises(genl.Refused) as refused:
            lv1.service(verb, **second)
        assert 'overlaps the range of another service' in refused.value.sentence
    # ranges of another protocol, or of another address, do not overlap
    lv1.service('add', **{**second, 'proto': 'udp'})
    lv1.service('add', **{**second, 'vip': VIP2})
    assert len(lv1.dump('SERVICE_GET')) == 3


def test_ranges_within_each_other(site, lv1):
    """With the same first or last port, the smaller range is the inner one."""
    add(lv1, {**TCP, 'port': 80, 'port_last': 89}, 'w101')
    add(lv1, {**TCP, 'port': 80, 'port_last': 82}, 'w102')
    add(lv1, {**TCP, 'port': 88, 'port_last': 89}, 'w102')
    add(lv1, {**TCP, 'port': 81, 'port_last': 81}, 'w101')
    with Probe(site) as probe:
        got = [probe.syn(4000, dport=port) for port in (80, 81, 82, 83, 88)]
    assert got == ['w102', 'w101', 'w102', 'w101', 'w102']


@pytest.mark.parametrize('fields, sentence', [
    ({'vip': '224.0.0.1'}, 'unicast'), ({'vip': '127.0.0.1'}, 'unicast'),
    ({'vip': '0.0.0.0'}, 'unicast'), ({'vip': '255.255.255.255'}, 'unicast'),
    ({'vip': '::'}, 'unicast'), ({'vip': '::1'}, 'unicast'),
    ({'vip': 'ff02::1'}, 'unicast'), ({'vip': 'fe80::1'}, 'unicast'),
    ({'vip': '::ffff:10.10.31.100'}, 'unicast'),
    ({'vip': VIP, 'family': 10}, 'the family that the request names'),
    ({'vip': VIP, 'fwmark': 1}, 'not both'),
    ({'vip': VIP, 'port': 80}, 'needs a protocol'),
    ({'vip': VIP, 'proto': 'tcp', 'port_last': 80}, 'needs its first port'),
    ({'vip': VIP, 'proto': 'tcp', 'port': 80, 'port_last': 79},
     'not be below its first'),
    ({'vip': VIP, 'proto': 'tcp', 'port': 0}, 'port 0'),
    ({'fwmark': 1, 'proto': 'tcp'}, 'a service by fwmark has no protocol'),
    ({'fwmark': 1, 'family': 3}, 'no such family'),
    ({'vip': VIP, 'persist': 1000, 'persist_prefix': 33}, 'prefix')])
def test_refused(lv1, fields, sentence):
    with pytest.raises(genl.Refused) as refused:
        lv1.service('add', **fields)
    assert sentence in refused.value.sentence
    assert lv1.dump('SERVICE_GET') == []


def test_backend_of_another_family(site6, lv1):
    for key, address in ((ANY, W1016), ({'vip': VIP6}, W101),
                         ({'fwmark': 1}, W1016),
                         ({'fwmark': 1, 'family': 10}, W101)):
        lv1.service('add', **key)
        with pytest.raises(genl.Refused) as refused:
            lv1.backend('add', address, **key)
        assert 'family' in refused.value.sentence
        assert lv1.backends(**key) == {}


def test_icmp_error_finds_the_service(site, lv1, reasons):
    """Of two services of one address, the error belongs to the quoted
    connection's."""
    add(lv1, PORT80, 'w101')
    add(lv1, {**TCP, 'port': 81}, 'w102')
    since = reasons('lv1')
    with Probe(site) as probe:
        for sport in (4000, 4001):
            probe.syn(sport, dport=80)
            probe.syn(sport, dport=81)
        for dport, home in ((80, 'w101'), (81, 'w102')):
            quoted = wire.tcp(dport, 4000, src=VIP, dst=wire.CLIENT)
            probe.send(wire.icmp_error(3, 1, quoted[:28], ident=600 + dport))
            assert probe.home(600 + dport) == home
    assert since['forwarded_icmp_error'] == 2


def test_local_address_beside(site, lv1):
    """Services of the machine itself are not affected by those of a VIP."""
    add(lv1, ANY, 'w101')
    sock = site.lv1.socket()
    site.sockets.append(sock)
    sock.bind((LV1, 8080))
    sock.listen()
    client = site.connect(LV1, 8080)
    client.sendall(b'x')
    with sock.accept()[0] as accepted:
        assert accepted.recv(1) == b'x'


def test_web_on_two_ports(site, lv1):
    """Two web sites of one VIP on two servers."""
    add(lv1, PORT80, 'w101')
    add(lv1, {**TCP, 'port': 8080}, 'w102')
    for name in TO:
        site.net[name].dsrctl(f'real add vip {VIP}')
    assert ask(site.connect(port=80)).startswith('w101')
    assert ask(site.connect(port=8080)).startswith('w102')
