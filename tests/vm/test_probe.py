# SPDX-License-Identifier: GPL-2.0
"""Marks that select a backend: health checks on the path of clients' packets.
"""

import contextlib
import os
import socket

import pytest

import wire
import wire6
from balancer import Balancer
from host import Failure, wait_for
from network import LV16, VIP, VIP6, W101, W1016, W102, W1026, mac_of
from traffic import ask, flooding, meanwhile

LV1 = '10.10.31.11'
HERE = '10.10.30.11'
SO_MARK = 36
FIRST = 1000            # so 10.10.30.101 has the mark 1101
WEB = {'vip': VIP, 'proto': 'tcp', 'port': 80}


class Family:
    """The packets, addresses and marks of a family, with the same names for
    both."""

    def __init__(self, number):
        self.number = number
        if number == 4:
            self.vip, self.own, self.client = VIP, LV1, None
            self.servers = {'w101': (W101, 1101), 'w102': (W102, 1102)}
            self.tap, self.make, self.af = wire.Tap, wire, socket.AF_INET
            self.key = {'fwmark': 1}
        else:
            self.vip, self.own = VIP6, LV16
            # ::101 and ::102 end in the bytes 1 and 2
            self.servers = {'w101': (W1016, 1001), 'w102': (W1026, 1002)}
            self.tap, self.make, self.af = wire6.Tap, wire6, socket.AF_INET6
            self.key = {'fwmark': 1, 'family': 10}

    def packets(self, ttl=64, **fields):
        """{protocol: packet}"""
        fields['ttl' if self.number == 4 else 'hop'] = ttl
        echo = wire.icmp_echo if self.number == 4 else wire6.echo
        return {'tcp': self.make.tcp(4000, **fields),
                'udp': self.make.udp(4000, payload=b'datagram', **fields),
                'sctp': self.make.sctp(4000, **fields),
                'echo': echo(7, **fields)}


@pytest.fixture(params=[4, 6], ids=['v4', 'v6'])
def family(request):
    return Family(request.param)


def balance(site, family, key=None, **fields):
    lv1 = Balancer(site)
    key = key or family.key
    lv1.service('add', **key, probe_marks=FIRST, **fields)
    for address, _ in family.servers.values():
        lv1.backend('add', address, **key)
    return lv1


def marked(site, kind, mark, host='lv1', af=socket.AF_INET, proto=0):
    sock = site.net[host].socket(af, kind, proto)
    site.sockets.append(sock)
    sock.setsockopt(socket.SOL_SOCKET, SO_MARK, mark)
    sock.settimeout(60)
    return sock


def raw(site, family, mark):
    """A raw socket of lv1."""
    return marked(site, socket.SOCK_RAW, mark, af=family.af,
                  proto=socket.IPPROTO_RAW)


def check(site, mark, address=VIP, port=80, **options):
    """The server's answer, for a health checker on lv1."""
    af = socket.AF_INET6 if ':' in address else socket.AF_INET
    with marked(site, socket.SOCK_STREAM, mark, af=af, **options) as sock:
        sock.connect((address, port))
        return ask(sock)


def refused(site, *argv, **options):
    """Check that a probe fails at once."""
    with pytest.raises(ConnectionRefusedError):
        check(site, *argv, **options)


@pytest.mark.smoke
@pytest.mark.parametrize('path', ['stack', 'direct'])
@pytest.mark.parametrize('how', ['fwmark', 'vip'])
def test_own_frames(site6, family, path, how, reasons):
    """Packets of lv1 itself leave unchanged, for the backend of their mark."""
    key = family.key if how == 'fwmark' else {'vip': family.vip}
    lv1 = balance(site6, family, key, path=path)
    since = reasons('lv1')
    mac = site6.lv1.mac('eth1').hex(':')
    for name, (address, mark) in family.servers.items():
        sock = raw(site6, family, mark)
        other = 'w102' if name == 'w101' else 'w101'
        with family.tap(site6.net[name]) as tap, \
                family.tap(site6.net[other]) as elsewhere:
            for proto, packet in family.packets(src=family.own).items():
                sock.sendto(packet, (family.vip, 0))
                got = tap.wait(lambda p: p.dst == family.vip, proto)
                wire.same(got, wire.frame(packet, mac_of(
                    {'w101': W101, 'w102': W102}[name]), mac))
                tap.seen.clear()
            elsewhere.none(lambda p: p.dst == family.vip, 'the mark is ' +
                           address)
    assert since.all()['forwarded_probe'] == 8
    assert since['forwarded'] == since['forwarded_ping'] == 0
    assert lv1.connections() == []
    assert [one['stats']['packets'] for one in
            lv1.backends(**key).values()] == [4, 4]


def test_tos(site6, family):
    """A server that matches packets by TOS also accepts probes."""
    balance(site6, family, tos=0x20, tos_mask=0xfc)
    mac = site6.lv1.mac('eth1').hex(':')
    address, mark = family.servers['w102']
    sock = raw(site6, family, mark)
    field = 'tos' if family.number == 4 else 'tclass'
    with family.tap(site6.w102) as tap:
        for proto, packet in family.packets(src=family.own,
                                            **{field: 0x46}).items():
            sock.sendto(packet, (family.vip, 0))
            got = tap.wait(lambda p: p.dst == family.vip, proto)
            # except for the TTL, which has not changed
            longer = family.packets(65, src=family.own,
                                    **{field: 0x46})[proto]
            wire.same(got, wire.forwarded(longer, mac_of(W102), mac,
                                          (0x20, 0xfc)))
            tap.seen.clear()


@pytest.mark.smoke
@pytest.mark.parametrize('path', ['stack', 'direct'])
def test_others_frames(site6, family, path, reasons):
    """Packets from elsewhere, marked here, go the same way as clients'
    packets."""
    lv1 = balance(site6, family, path=path)
    lv1.path('add', 'eth0')
    site6.lv1.nft(f'''
        flush ruleset
        table inet mangle {{ chain prerouting {{
            type filter hook prerouting priority mangle;
            meta nfproto ipv{family.number} meta mark set \
                {family.servers['w102'][1]}
        }}
        }}''')
    since = reasons('lv1')
    mac = site6.lv1.mac('eth1').hex(':')
    with family.tap(site6.client) as client, \
            family.tap(site6.w102) as w102, family.tap(site6.w101) as w101:
        for proto, packet in family.packets().items():
            for _ in range(2):
                client.send(packet, LV1)
                got = w102.wait(lambda p: p.dst == family.vip, proto)
                wire.same(got, wire.forwarded(packet, mac_of(W102), mac))
                w102.seen.clear()
        w101.none(lambda p: p.dst == family.vip, 'the mark is another')
    assert since['forwarded_probe'] == 8
    assert lv1.connections() == []


def test_others_ttl(silent, reasons):
    """A probe is forwarded as by a router."""
    lv1 = Balancer(silent)
    lv1.service('set', probe_marks=FIRST)
    silent.lv1.nft('''
        flush ruleset
        table ip mangle { chain prerouting {
            type filter hook prerouting priority mangle; meta mark set 1101
        }
        }''')
    since = reasons('lv1')
    with wire.Tap(silent.client) as client:
        client.send(wire.tcp(4000, ttl=1), LV1)
        client.wait(lambda p: p.proto == 1 and p.type == 11, 'time exceeded')
        client.send(wire.tcp(4001, src='255.255.255.255'), LV1)
        wait_for('it was dropped', lambda: since['drop_bad_source'] +
                 since['pass_not_to_this_host'])
    assert since['drop_ttl_exceeded'] == 1
    assert since['forwarded_probe'] == 0


def serve(site, *names):
    for name in names or ('w101', 'w102'):
        site.net[name].configure(f'''
            real add vip {VIP}
            real add vip {VIP6}''')


@pytest.mark.smoke
@pytest.mark.parametrize('how', ['fwmark', 'vip'])
def test_whatever_state(site6, family, how):
    """Weight 0, draining, down: a backend must pass probes before it is put
    back."""
    key = family.key if how == 'fwmark' else {**WEB, 'vip': family.vip}
    lv1 = balance(site6, family, key)
    serve(site6)
    states = [{}, {'weight': 0}, {'weight': 1, 'admin': 'draining'},
              {'admin': 'down'}]
    for state in states:
        for name, (address, mark) in family.servers.items():
            if state:
                lv1.backend('set', address, **key, **state)
            assert check(site6, mark, family.vip).startswith(name), state
    assert lv1.connections() == []


def test_ping(site6, family):
    """A ping with a mark goes to one server, with any ping mode of the
    service."""
    balance(site6, family, ping='ignore')
    serve(site6)
    for name, (_, mark) in family.servers.items():
        with family.tap(site6.net[name], outgoing=True) as tap:
            text = site6.lv1.run('ping', '-n', '-c', '2', '-i', '0.1', '-m',
                                 str(mark), family.vip).stdout
            assert ' 2 received' in text, text
            assert len([p for p in tap.drain() if p.src == family.vip and
                        p.proto in (1, 58) and p.type in (0, 129)]) == 2


def test_by_hand(site):
    """The commands of the man page."""
    site.balance('probe-marks 1000')
    site.lv1.changed = site.lv1.filtered = True
    for mark, name in ((1101, 'w101'), (1102, 'w102')):
        done = site.lv1.run('sh', '-ec', f'''
            nft add table ip probe
            nft 'add chain ip probe out {{ type route hook output priority mangle; }}'
            nft add rule ip probe out meta skuid nobody meta mark set {mark}
            runuser -u nobody curl http://10.10.31.100/
            nft delete table ip probe''')
        assert done.stdout == f'{name} port 80\n'


def test_without_the_rule(site, reasons):
    """Without its rule the server answers at its own address, but not for the
    VIP."""
    balance(site, Family(4))
    serve(site, 'w102')
    assert ask(site.connect(W101, host='lv1')).startswith('w101')
    with pytest.raises(TimeoutError):
        with marked(site, socket.SOCK_STREAM, 1101) as sock:
            sock.settimeout(1)
            sock.connect((VIP, 80))
    assert check(site, 1102).startswith('w102')
    serve(site, 'w101')
    assert check(site, 1101).startswith('w101')


def test_mark_of_nobody(site6, family, reasons):
    """A mark without a backend is not balanced, and the check fails at once.
    """
    lv1 = balance(site6, family)
    serve(site6)
    address, mark = family.servers['w101']
    since = reasons('lv1')
    for number in (FIRST, FIRST + 255):
        refused(site6, number, family.vip)
    lv1.backend('delete', address, **family.key)
    refused(site6, mark, family.vip)
    udp = marked(site6, socket.SOCK_DGRAM, mark, af=family.af)
    with pytest.raises(ConnectionRefusedError):
        udp.sendto(b'x', (family.vip, 7))
    assert since['drop_probe_no_backend'] == 4
    lv1.backend('add', address, **family.key)
    assert check(site6, mark, family.vip).startswith('w101')
    # outside of the range
    for number in (FIRST - 1, FIRST + 256):
        with pytest.raises(OSError):
            with marked(site6, socket.SOCK_STREAM, number,
                        af=family.af) as sock:
                sock.settimeout(0.2)
                sock.connect((family.vip, 80))
    assert since['drop_probe_no_backend'] == 4
    # and from elsewhere
    site6.lv1.nft(f'''
        flush ruleset
        table inet mangle {{ chain prerouting {{
            type filter hook prerouting priority mangle;
            icmpv6 type != echo-request accept comment "neighbours"
            meta mark set {FIRST + 99}
        }}
        }}''')
    with family.tap(site6.client) as client:
        for packet in family.packets().values():
            client.send(packet, LV1)
        wait_for('they are dropped',
                 lambda: since['drop_probe_no_backend'] == 8)


def test_wrong_address(site6, family, reasons):
    """Probes for the server's own address or another port are dropped."""
    lv1 = balance(site6, family)
    serve(site6)
    since = reasons('lv1')
    address, mark = family.servers['w101']
    refused(site6, mark, address)
    assert since['drop_probe_wrong_address'] == 1
    lv1.service('delete', **family.key)
    lv1 = balance(site6, family, {**WEB, 'vip': family.vip})
    assert check(site6, mark, family.vip).startswith('w101')
    refused(site6, mark, family.vip, 8080)
    refused(site6, mark, address)
    assert since['drop_probe_wrong_address'] == 3


def test_to_itself(site, reasons):
    """A probe of lv1 to itself would not test the clients' path."""
    lv1 = Balancer(site)
    lv1.service('add', probe_marks=FIRST)
    lv1.backend('add', HERE)
    since = reasons('lv1')
    refused(site, FIRST + 11)
    assert since['drop_probe_to_itself'] == 1
    packet = {'src': LV1, 'sport': 4000, 'dst': VIP, 'dport': 80,
              'fwmark': FIRST + 11}
    assert lv1.explain(**packet)['explain']['reason'] == 'drop_probe_to_itself'
    packet['src'] = '10.10.31.200'
    assert lv1.explain(**packet)['explain']['reason'] == 'delivered_here'


def test_no_route(site, reasons):
    """A backend that is not on-link any more."""
    balance(site, Family(4))
    since = reasons('lv1')
    site.undo.append(lambda: site.lv1.ip('link set eth1 up'))
    site.lv1.ip('link set eth1 down')
    refused(site, 1101)
    assert since['drop_no_route_to_backend'] == 1


def test_rules_of_the_site(site):
    """The balancer's own probes pass OUTPUT and POSTROUTING, on the backend's
    device."""
    balance(site, Family(4), path='direct')
    serve(site)
    site.lv1.nft('''
        table ip probe {
        chain output {
            type route hook output priority mangle;
            tcp dport 80 ip daddr 10.10.31.100 meta mark set 1102
        }
        chain post {
            type filter hook postrouting priority filter;
            meta mark 1102 oifname "eth1" counter
            meta mark 1102 oifname != "eth1" drop
        }
        }''')
    # a rule sets the mark, as for a checker that cannot set marks
    with site.lv1.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.settimeout(60)
        sock.connect((VIP, 80))
        assert ask(sock).startswith('w102')
    assert 'counter packets 0 ' not in site.lv1.run(
        'nft', 'list', 'table', 'ip', 'probe').stdout


@contextlib.contextmanager
def small(site, mtu):
    """The path to the servers has a smaller MTU than that to the clients."""
    site.lv1.ip(f'link set eth1 mtu {mtu}')
    try:
        yield
    finally:
        site.lv1.ip('link set eth1 mtu 1500')
        site.net.enable_ipv6()


@pytest.mark.parametrize('offload', [True, False], ids=['tso', 'plain'])
def test_long(site6, family, offload):
    """GSO packets, checksum offload, path MTU discovery."""
    balance(site6, family)
    serve(site6)
    for dev in ('eth0', 'eth1'):
        site6.undo.append(lambda dev=dev: site6.lv1.offload(dev, True))
        site6.lv1.offload(dev, offload)
    body = bytes(range(256)) * 1024
    with small(site6, 1400), \
            marked(site6, socket.SOCK_STREAM, family.servers['w101'][1],
                   af=family.af) as sock:
        sock.connect((family.vip, 80))
        assert ask(sock, b'PUT /up/probe HTTP/1.1\r\nHost: x\r\n'
                   b'Content-Length: %d\r\n\r\n' % len(body) + body) == ''
        assert ask(sock).startswith('w101')
    path = f'{site6.net.directory}/w101/www/up/probe'
    with open(path, 'rb') as file:
        assert file.read() == body
    os.unlink(path)


@pytest.mark.parametrize('size', [1372, 1373, 1472, 1473, 5000])
def test_fragments(site6, family, size):
    """The kernel fragments larger packets, as all that it sends."""
    balance(site6, family)
    site6.w101.dsrctl(f'real add vip {family.vip}')
    with site6.net['w101'].socket(family.af, socket.SOCK_DGRAM) as server, \
            small(site6, 1400), \
            marked(site6, socket.SOCK_DGRAM, family.servers['w101'][1],
                   af=family.af) as sock:
        server.bind(('', 7))
        server.settimeout(60)
        # IP_MTU_DISCOVER, IPV6_MTU_DISCOVER: never
        sock.setsockopt(*((socket.IPPROTO_IP, 10, 0) if family.number == 4
                          else (socket.IPPROTO_IPV6, 23, 0)))
        data = bytes(n * 7 & 0xff for n in range(size))
        sock.sendto(data, (family.vip, 7))
        got, peer = server.recvfrom(65536)
        assert got == data
        server.sendto(got[:9], peer)    # packets above the MTU cannot come in
        got, peer = sock.recvfrom(65536)
        assert (got, peer[0]) == (data[:9], family.vip)


def test_explain(site6, family):
    """The prediction has the backend and the service of a probe."""
    lv1 = balance(site6, family)
    address, mark = family.servers['w102']
    packet = {'src': family.own, 'sport': 4000, 'dst': family.vip,
              'dport': 80, 'fwmark': mark}
    found = lv1.explain(**packet)
    assert found['explain'] == {'reason': 'forwarded_probe',
                                'choice': 'probe'}
    assert (found['backend']['addr'], found['backend']['probe_mark']) == (
        address, mark)
    assert found['service']['probe_marks'] == FIRST
    found = lv1.explain(**{**packet, 'fwmark': FIRST + 99})
    assert found['explain']['reason'] == 'drop_probe_no_backend'
    assert found['service']['probe_marks'] == FIRST
    found = lv1.explain(**{**packet, 'dst': address})
    assert found['explain']['reason'] == 'drop_probe_wrong_address'
    for beside in (FIRST - 1, FIRST + 256):
        found = lv1.explain(**{**packet, 'fwmark': beside})
        assert found['explain']['reason'] == 'pass_no_service'
    text = site6.lv1.dsrctl(
        f'explain {"[%s]:4000" % family.own if family.number == 6 else f"{LV1}:4000"} '
        f'{"[%s]:80" % family.vip if family.number == 6 else f"{VIP}:80"} '
        f'mark {mark}').stdout
    assert 'the mark selects the backend' in text and address in text


TWICE = (
    'one of these 256 probe marks is the fwmark of a service, or a probe mark '
    'of another service: choose another first mark')


def test_refusals(lb):
    """A mark has one meaning only."""
    lb.lv1.configure('''
        service set fwmark 1 probe-marks 1000
        service add vip 10.10.31.110 probe-marks 1256
        service add fwmark 1000 family inet6
        service add fwmark 744 family inet6 probe-marks 1001
        service add fwmark 2''')
    before = lb.state('lv1')
    taken = [f'service set fwmark 2 probe-marks {first}'
             for first in (1, 2, 745, 1000, 1255, 1511)] + [
                 'service add vip 10.10.31.111 probe-marks 999',
                 'service set fwmark 1 probe-marks 1001',
                 'service add fwmark 3 probe-marks 3']
    assert lb.lv1.refusals(taken) == [TWICE] * len(taken)
    probe_mark = ('this fwmark is a probe mark of another service: choose '
                  'another')
    others = {
        'service add fwmark 1000': probe_mark,
        'service add fwmark 1511 scheduler wrr': probe_mark,
        'service set fwmark 2 probe-marks 4294967041':
            'probe-marks takes 256 marks, from the first on: choose a first '
            'mark below 4294967041'}
    assert lb.lv1.refusals(list(others)) == list(others.values())
    assert lb.state('lv1') == before
    lb.lv1.configure('''
        service set fwmark 2 probe-marks 1512
        service set fwmark 1 probe-marks none
        service set fwmark 2 probe-marks 1000
        service set fwmark 2 probe-marks 999
        service add fwmark 1255
        service set fwmark 2 probe-marks 0xffffff00''')
    marks = {one['service'].get('fwmark'): one['service'].get('probe_marks')
             for one in Balancer(lb).dump('SERVICE_GET')}
    assert marks[2] == 0xffffff00 and marks[1] is None


def test_no_two_of_a_mark(site6):
    """Two backends with the same mark could not be told apart."""
    twins = 'vip 2001:db8:31::100', '2001:db8:30::101', '2001:db8:30::a:1'
    key, one, other = twins
    site6.lv1.configure(f'''
        service add {key} probe-marks 1000
        backend add {key} via {one}''')
    with pytest.raises(Failure, match='another backend has the same last byte '
                       'of its address, so both would have the same probe'):
        site6.lv1.dsrctl(f'backend add {key} via {other}')
    site6.lv1.configure(f'''
        backend set {key} via {one} weight 2
        service set {key} probe-marks none
        backend add {key} via {other}''')
    with pytest.raises(Failure, match='two backends of this service have '
                       'the same last byte'):
        site6.lv1.dsrctl(f'service set {key} probe-marks 1000')
    assert Balancer(site6).get(vip=VIP6).get('probe_marks') is None


@pytest.mark.smp
def test_comes_and_goes(silent, reasons):
    """Marks, backends and services change while probes are sent."""
    lv1 = Balancer(silent)
    since = reasons('lv1')
    silent.lv1.nft('''
        flush ruleset
        table ip mangle { chain prerouting {
            type filter hook prerouting priority mangle; meta mark set 1102
        }
        }''')
    socks = [raw(silent, Family(4), FIRST + n) for n in range(256)]
    probes = list(Family(4).packets(src=LV1).values())

    def send():
        for sock in socks:
            for probe in probes:
                with contextlib.suppress(OSError):
                    sock.sendto(probe, (VIP, 0))
    with meanwhile(send), flooding(silent, Family(4).packets().values(), LV1):
        for number in range(100):
            lv1.service('set', probe_marks=FIRST)
            lv1.backend('delete', W102)
            lv1.service('set', probe_marks=FIRST + number % 3)
            lv1.backend('add', W102)
            if number % 4 == 0:
                lv1.service('set', probe_marks=0)
            if number % 10 == 0:
                lv1.service('delete')
                lv1.service('add', probe_marks=FIRST)
                lv1.backend('add', W101)
                lv1.backend('add', W102)
        done = since['forwarded_probe']
        wait_for('it goes on', lambda: since['forwarded_probe'] > done)
        lv1.service('delete')
    assert since['drop_probe_no_backend']
