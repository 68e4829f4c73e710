# SPDX-License-Identifier: GPL-2.0
"""Mode local: the real server has the VIP, hidden from the neighbours."""

import contextlib
import socket
import threading
import time

import pytest

import arp
import genl
import wire
from arp import knows, questions
from host import run, wait_for
from network import CLIENT, CLIENT6, VIP, VIP2, VIP6, W101, W1016, mac_of
from traffic import Echo, ask, exchange

WHO = b'GET /who HTTP/1.1\r\nHost: x\r\n\r\n'
RULE = f'real add vip {VIP} mode local'


def routes(site, address=VIP, name='w101'):
    """The local routes for an address, without their devices."""
    family = '-6' if ':' in address else '-4'
    text = site.net[name].run('ip', family, 'route', 'show', 'table', 'local',
                              address).stdout
    return [line.strip() for line in text.splitlines()]


def flows(site, port):
    """The flows of w101 from a client's port."""
    return [flow for flow in site.w101.show('flow show')
            if flow['sport'] == port and flow['proto'] == 'tcp']


@pytest.fixture
def mine(site):
    """Remove everything of the VIP from w101 after the test."""
    def forget():
        site.w101.dsrctl('real flush')
        for address in (VIP, VIP2, VIP6):
            while routes(site, address):
                site.w101.ip(f'route del local {address} table local')
    site.undo.append(forget)
    return site


@pytest.mark.smoke
def test_service(mine, reasons):
    """Real servers behind the balancer; each socket has the VIP."""
    mine.balance(rule='')
    mine.lv1.ip('neigh flush dev eth1')
    for name in ('w101', 'w102'):
        mine.net[name].dsrctl(RULE)
    mine.undo.append(lambda: mine.w102.dsrctl('real flush'))
    since = reasons('w101', 'dsr_rs')
    assert mine.replies(6) == {'w101 nano': 3, 'w102 desu': 3}
    sock = mine.connect_to('w101')
    port = sock.getsockname()[1]
    with wire.Tap(mine.w101) as came, wire.Tap(mine.w101,
                                               outgoing=True) as tap:
        assert ask(sock, WHO) == f'{VIP}:80 {CLIENT}:{port}'
        request = came.wait(lambda p: p.payload == WHO, 'the request')
        reply = tap.wait(lambda p: p.src == VIP and p.payload, 'the reply')
        assert (request.dst, reply.dst) == (VIP, CLIENT)
    assert not knows(mine.lv1) and not knows(mine.lv2)
    assert not flows(mine, port)
    def counted():
        """The rule, once no packet comes between the two counters."""
        rule, = mine.w101.show('real show')
        return rule if rule['packets'] == since['delivered_unchanged'] else None
    rule = wait_for('both count the same', counted)
    assert (rule['mode'], rule['problem']) == ('local', None)
    # at least a SYN, an ACK and a request of each
    assert rule['connections'] >= 4
    assert rule['packets'] >= 3 * rule['connections']
    assert not since['delivered']
    assert f'vip {VIP} mode local packets ' in mine.w101.read(
        '/proc/net/dsr_rs/rules')


def test_udp(mine):
    """Whole and fragmented datagrams."""
    mine.balance(backends=('w101',), rule='')
    mine.w101.dsrctl(RULE)
    sock = mine.w101.socket(socket.AF_INET, socket.SOCK_DGRAM)
    mine.sockets.append(sock)
    sock.bind((VIP, 7))
    Echo(sock, 'w101')
    exchange(mine.udp(), [b'x' * 100] * 10 + [b'x' * 5000] * 3)


def test_ipv6(site6, reasons):
    site6.lv1.configure(f'''
        service add vip {VIP6}
        backend add vip {VIP6} via {W1016}''')
    site6.w101.dsrctl(f'real add vip {VIP6} mode local')
    site6.undo.append(lambda: site6.w101.dsrctl('real flush'))
    assert 'proto 213' in routes(site6, VIP6)[0]
    since = reasons('w101', 'dsr_rs')
    got = site6.curl('-6', '--local-port', '4567', f'http://[{VIP6}]/who',
                     vhost='x')
    assert got == f'{VIP6}:80 {CLIENT6}:4567\n'
    assert since['delivered_unchanged'] >= 4 and not since['delivered']
    assert site6.w101.show('real silence')[0]['rules'] == 1
    site6.w101.dsrctl(f'real delete vip {VIP6}')
    assert routes(site6, VIP6) == []
    site6.w101.dsrctl(f'real add vip {VIP6} mode local')
    site6.w101.ip(f'route del local {VIP6} dev lo table local')
    assert site6.w101.show('real show')[0]['problem'] == 'no_local_route'


def test_route(mine):
    """The route is added and deleted with the rule."""
    mine.w101.dsrctl(RULE)
    assert routes(mine) == [f'local {VIP} dev lo proto 213 scope host'] or \
        routes(mine) == [f'local {VIP} dev lo proto 213 scope host src {VIP}']
    assert mine.w101.show('real silence') == [
        {'addr': VIP, 'devices': None, 'wanted': False, 'rules': 1,
         'messages': 0}]
    mine.w101.dsrctl(f'real delete vip {VIP}')
    assert routes(mine) == []
    assert mine.w101.show('real silence') == []
    mine.w101.configure(f'''
        {RULE}
        real add vip {VIP2} mode local
        real add vip {VIP2} proto tcp port 80 to 8080
        real flush''')
    assert routes(mine) == routes(mine, VIP2) == []
    assert mine.w101.show('real silence') == []
    # a more specific rule has no part in it
    mine.w101.configure(f'''
        {RULE}
        real add vip {VIP} proto tcp port 80 to 8080
        real delete vip {VIP} proto tcp port 80''')
    assert len(routes(mine)) == 1
    mine.w101.dsrctl(f'real replace vip {VIP}')
    assert routes(mine) == []
    mine.w101.dsrctl(f'real replace vip {VIP} mode local')
    assert len(routes(mine)) == 1


@pytest.mark.parametrize('how', ['route', 'alias'])
def test_route_of_the_user(mine, how):
    """A route that existed before stays."""
    mine.w101.ip(f'route add local {VIP} dev lo table local proto static'
                 if how == 'route' else f'addr add {VIP}/32 dev lo')
    if how == 'alias':
        mine.undo.append(lambda: mine.w101.ip(f'addr del {VIP}/32 dev lo'))
    before = routes(mine)
    for undo in ('delete', 'replace', 'flush'):
        mine.w101.dsrctl(RULE)
        assert routes(mine) == before
        mine.w101.dsrctl('real flush' if undo == 'flush' else
                         f'real {undo} vip {VIP}')
        assert routes(mine) == before
        mine.w101.dsrctl('real flush')


def test_route_missing(mine, reasons):
    """A missing route is shown, no packet is routed back, and replace adds it.
    """
    mine.balance(backends=('w101',), rule='')
    mine.w101.dsrctl(RULE)
    sock = mine.connect()
    assert ask(sock, WHO).startswith(f'{VIP}:80 ')
    mine.w101.sysctl('ipv4/ip_forward', 1)
    mine.undo.append(lambda: mine.w101.sysctl('ipv4/ip_forward', 0))
    mine.w101.ip(f'route del local {VIP} dev lo table local')
    since = reasons('w101', 'dsr_rs')
    # a state is cached for a second
    with wire.Tap(mine.lv2, 'eth1') as tap:
        def dropped():
            tap.send(wire.udp(23000, 9), W101)
            return since['drop_no_local_route']
        wait_for('dropped', dropped)
        tap.drain()
        tap.seen = []
        before = since['drop_no_local_route']
        for port in range(23001, 23011):
            tap.send(wire.udp(port, 9), W101)
        wait_for('dropped', lambda: since['drop_no_local_route'] >=
                 before + 10)
    assert mine.w101.show('real show')[0]['problem'] == 'no_local_route'
    assert mine.w101.dsrctl('real show').stdout.splitlines()[2] == (
        '  no local route: packets for the VIP are not delivered; '
        f"'dsrctl real replace vip {VIP} mode local' adds the route")
    mine.w101.dsrctl(f'real replace vip {VIP} mode local')
    assert mine.w101.show('real show')[0]['problem'] is None
    assert ask(mine.connect(), WHO).startswith(f'{VIP}:80 ')


def test_all_or_nothing(mine, site6):
    """If one half fails, the other one is undone."""
    def state():
        return (mine.w101.show('real show'), mine.w101.show('real silence'),
                routes(mine, VIP6))
    nothing = state()
    assert nothing == ([], [], [])

    def refused(command, sentence):
        done = mine.w101.dsrctl(command, check=False)
        assert (done.returncode, done.stderr) == (2, f'dsrctl: {sentence}\n')
    no_route = ('cannot add the local route for the VIP: Nexthop device is '
                'not up')
    site6.undo.append(lambda: mine.w101.ip('link set lo up'))
    mine.w101.ip('link set lo down')
    refused(f'real add vip {VIP6} mode local', no_route)
    assert state() == nothing
    mine.w101.dsrctl(f'real add vip {VIP6} to :8080')
    before = state()
    refused(f'real replace vip {VIP6} mode local', no_route)
    assert state() == before
    mine.w101.ip('link set lo up')
    refused(f'real add vip {VIP6} mode local',
            'this rule exists: change its target with \'replace\'')
    assert state() == before
    mine.w101.dsrctl('real flush')
    mine.w101.dsrctl(f'real add vip {VIP6} mode local')
    before = state()
    refused(f'real replace vip {VIP6} to 2001:db8:30::99',
            'no device of this machine has that local address')
    assert state() == before
    refused(f'real delete vip {VIP2}', 'no such rule')


class Questions(threading.Thread):
    """Send requests for the VIP again and again."""

    def __init__(self, tap):
        super().__init__(daemon=True)
        self.tap = tap
        self.go_on = True
        self.start()

    def run(self):
        asked = next(questions())[0]
        while self.go_on:
            with contextlib.suppress(OSError):
                self.tap.put(*asked)
            time.sleep(0.001)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.go_on = False
        self.join()


def test_never_found(mine):
    """The neighbours never find the VIP, not even for a moment."""
    answer = arp.frame(*next(questions())[1], dst=mac_of(arp.LV2))
    with arp.Tap(mine.lv2, 'eth1') as tap, Questions(tap):
        for _ in range(4):
            mine.w101.configure(f'''
                {RULE}
                real replace vip {VIP}
                real replace vip {VIP} mode local
                real delete vip {VIP}
                {RULE}
                real flush''')
        tap.none(lambda p: p.frame == answer, 'the VIP is silenced')
        # with the route alone, the neighbours do
        mine.w101.ip(f'route add local {VIP} dev lo table local')
        tap.wait(lambda p: p.op == arp.REPLY and p.sender == VIP, 'an answer')


def test_connections_stay(mine):
    """Existing flows are redirected until their end."""
    mine.balance(backends=('w101',))
    old = mine.connect()
    assert ask(old, WHO).startswith(f'{W101}:80 ')
    mine.w101.dsrctl(f'real replace vip {VIP} mode local')
    assert ask(mine.connect(), WHO).startswith(f'{VIP}:80 ')
    assert ask(old, WHO).startswith(f'{W101}:80 ')
    # the ports of an ended flow use today's rule
    port = old.getsockname()[1]
    old.close()
    wait_for('closed', lambda: {
        flow['state'] for flow in flows(mine, port)} == {'closed'})
    assert ask(mine.connect(sport=port), WHO) == f'{VIP}:80 {CLIENT}:{port}'


def test_with_redirect(mine):
    """A port of the VIP may still be redirected."""
    mine.balance(backends=('w101',), rule='')
    mine.w101.configure(f'''
        {RULE}
        real add vip {VIP} proto tcp port 8081 to 8080''')
    assert ask(mine.connect(), WHO).startswith(f'{VIP}:80 ')
    assert ask(mine.connect(VIP, 8081)) == 'w101 port 8080'
    assert ask(mine.connect(VIP, 8080)) == 'w101 port 8080'


REFUSED = [
    (f'vip {VIP} proto tcp mode local',
     'mode local is for the whole VIP: leave out protocol and port'),
    (f'vip {VIP} to 8080 mode local',
     'mode local does not change packets: leave out the local address and port'),
    ('tos 0x20 mode local', 'mode local needs a VIP: a packet that matches by '
                            'TOS may have any destination'),
]


def test_refused(mine):
    before = mine.state('w101')
    assert mine.w101.refusals(
        [f'real add {command}' for command, _ in REFUSED]) == [
            sentence for _, sentence in REFUSED]
    assert routes(mine) == []
    vip = genl.addr(genl.RULE_VIP, VIP)
    with mine.w101.at(), genl.Genl('dsr_rs') as sock:
        for command, attrs, sentence in (
                (genl.RULE_ADD, (vip, genl.u8(genl.RULE_MODE, 2)),
                 'no such mode: there are redirect and local'),
                (genl.RULE_DELETE, (vip, genl.u8(genl.RULE_MODE, 1)),
                 'to delete a rule, give only its match: leave out its target '
                 'and options')):
            with pytest.raises(genl.Refused) as refused:
                sock.ask(command, genl.nest(genl.A_RULE, *attrs))
            assert refused.value.sentence == sentence
    assert mine.state('w101') == before


@pytest.mark.smp
def test_module_unloaded(mine):
    """Refused while the VIP is local; a route without a rule is taken over."""
    mine.w101.dsrctl(RULE)
    done = run('rmmod', 'dsr_rs', check=False)
    assert done.returncode and 'in use' in done.stderr
    # nor through another namespace, where the attempt loses nothing
    mine.w102.dsrctl(f'real add vip {VIP2}')
    done = mine.w102.dsrctl('real stop', check=False)
    assert (done.returncode, done.stderr) == (
        2, 'dsrctl: network namespace w101: 1 rule, 1 silenced address would '
        "be lost: to stop anyway, use 'dsrctl real stop force'\n")
    assert [rule['vip'] for rule in mine.w102.show('real show')] == [VIP2]
    assert len(routes(mine)) == 1
    # a route that is left over, as after a crash of dsrctl
    with mine.w101.at(), genl.Genl('dsr_rs') as sock:
        sock.ask(genl.RULE_FLUSH)
    mine.net.reload('dsr_rs')
    assert len(routes(mine)) == 1
    mine.w101.dsrctl(RULE)
    mine.w101.dsrctl(f'real delete vip {VIP}')
    assert routes(mine) == []
    # dsrctl deletes the rules itself before unloading
    mine.w101.dsrctl(RULE)
    mine.w101.dsrctl('real stop')
    mine.net.load('dsr_rs')
    assert routes(mine) == []
