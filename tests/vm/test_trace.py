# SPDX-License-Identifier: GPL-2.0
"""dsrctl trace: what it says of real packets, and that it leaves nothing behind."""

import contextlib
import json
import os
import re
import signal
import subprocess

import pytest

import arp
import wire
import wire6
from host import Failure, run, wait_for
from network import CLIENT, VIP, VIP2, W101, refcount
from probe import Probe
from wire import ACK

TRACING = '/sys/kernel/tracing'
# a time, and the rest of the line
LINE = re.compile(r'\d\d:\d\d:\d\d\.\d{6} (.*)')
READY = 'dsrctl: waiting for packets; ^C ends it\n'
MARK6 = '''
    table ip6 mangle { chain prerouting {
        type filter hook prerouting priority mangle;
        ip6 daddr 2001:db8:31::100 meta mark set 1
    }
    }'''

pytestmark = pytest.mark.skipif(
    not os.path.exists('/proc/sys/kernel/perf_event_paranoid'),
    reason='this kernel has no perf_event_open')


class Trace:
    """dsrctl trace that runs on a machine."""

    def __init__(self, site, name, words='', options=''):
        self.host = site.net[name]
        self.path = f'{site.net.directory}/trace.{next(site.ports)}'
        with open(self.path, 'w', encoding='ascii') as out, \
                open(f'{self.path}.err', 'w', encoding='ascii') as err:
            self.child = self.host.start('dsrctl', *options.split(), 'trace',
                                         *words.split(), stdout=out,
                                         stderr=err)
        wait_for(f'"trace {words}" runs', self.ready)

    def ready(self):
        if self.child.poll() is not None:
            raise Failure(self.errors())
        return self.errors().startswith(READY)

    def errors(self):
        with open(f'{self.path}.err', encoding='ascii') as file:
            return file.read()

    def text(self):
        with open(self.path, encoding='ascii') as file:
            return file.read()

    def lines(self):
        """What it has said so far, without the time."""
        whole = self.text().rpartition('\n')[0]
        return [LINE.fullmatch(line)[1] for line in whole.splitlines()]

    def wait(self, number):
        """The lines, when there are as many."""
        wait_for(f'{number} lines of {self.child.args}: {self.text()}',
                 lambda: self.text().count('\n') >= number)
        return self.lines()

    def end(self, number=signal.SIGINT):
        """Stop it as ^C does: the lines."""
        self.child.send_signal(number)
        assert self.child.wait(60) == 0, self.errors()
        return self.lines()


@pytest.fixture
def probe(site):
    """The client, and a service whose only server is silent."""
    if not os.path.exists(f'{TRACING}/events/dsr/dsr_packet'):
        pytest.skip('this kernel has no tracepoints')
    site.balance(backends=('w101',), rule='')
    with Probe(site) as found:
        yield found


def short():
    """A TCP header of three bytes."""
    return wire.ip(b'\0\1\2', 6)


@pytest.mark.smoke
def test_balancer(site, probe):
    """A line for each packet: who to whom, what became of it, and which backend."""
    trace = Trace(site, 'lv1')
    probe.syn(4000)
    probe.tcp(4000, flags=wire.PSH | ACK, payload=b'hello')
    probe.udp(4001)
    probe.send(wire.tcp(4002, ttl=1))
    probe.send(wire.tcp(4003, src='127.0.0.1'))
    probe.send(wire.tcp(4004, doff=3))
    probe.send(short())
    probe.send(wire.icmp_echo())
    probe.send(wire.sctp(4005))
    head, way = 'dsr_lb eth0', f'{VIP}:80'
    assert trace.wait(9) == [
        f'{head} tcp {CLIENT}:4000 > {way} SYN len 40 mark 1: forwarded via '
        f'{W101}',
        f'{head} tcp {CLIENT}:4000 > {way} PSH,ACK len 45 mark 1: forwarded '
        f'via {W101}',
        f'{head} udp {CLIENT}:4001 > {VIP}:9 len 28 mark 1: forwarded via '
        f'{W101}',
        f'{head} tcp {CLIENT}:4002 > {way} SYN len 40 mark 1: '
        f'drop_ttl_exceeded via {W101}',
        f'{head} tcp 127.0.0.1:4003 > {way} SYN len 40 mark 1: '
        'drop_bad_source',
        f'{head} tcp {CLIENT}:4004 > {way} SYN len 40 mark 1: drop_malformed',
        f'{head} tcp {CLIENT} > {VIP} len 23 mark 1: drop_malformed',
        f'{head} icmp {CLIENT} > {VIP} len 32 mark 1: answered_ping',
        f'{head} sctp {CLIENT}:4005 > {VIP}:5000 len 36 mark 1: forwarded via '
        f'{W101}']
    site.lv1.dsrctl(f'backend set fwmark 1 via {W101} weight 0 force')
    probe.send(wire.tcp(4010))
    assert trace.wait(10)[-1] == (
        f'{head} tcp {CLIENT}:4010 > {way} SYN len 40 mark 1: drop_no_backend')
    assert len(trace.end()) == 10
    assert trace.errors() == READY


def test_firewall(site, probe):
    """What FORWARD or POSTROUTING drops is not said to be forwarded."""
    trace = Trace(site, 'lv1')
    for hook in ('forward', 'postrouting'):
        site.lv1.nft(f'''table ip own {{ chain c {{
            type filter hook {hook} priority filter;
            tcp dport 80 drop; }}; }}''')
        probe.send(wire.tcp(4000))
        probe.udp(4001)
        site.lv1.run('nft', 'delete', 'table', 'ip', 'own')
    head, via = f'dsr_lb eth0 tcp {CLIENT}:4000 > {VIP}:80', f'via {W101}'
    other = f'dsr_lb eth0 udp {CLIENT}:4001 > {VIP}:9'
    assert trace.wait(4) == 2 * [
        f'{head} SYN len 40 mark 1: drop_by_firewall {via}',
        f'{other} len 28 mark 1: forwarded {via}']
    assert len(trace.end()) == 4


def test_json(site, probe):
    trace = Trace(site, 'lv1', options='-j')
    probe.syn(4000)
    probe.send(wire.icmp_echo())
    wait_for('two lines', lambda: trace.text().count('\n') == 2)
    trace.child.send_signal(signal.SIGTERM)
    assert trace.child.wait(60) == 0
    one, other = map(json.loads, trace.text().splitlines())
    assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d{4}',
                        one.pop('time'))
    assert int(one.pop('skbaddr'), 16)
    assert one == {
        'module': 'dsr_lb', 'netns': os.stat('/run/netns/lv1').st_ino,
        'dev': 'eth0', 'ifindex': site.lv1.ifindex('eth0'), 'proto': 'tcp',
        'src': CLIENT, 'sport': 4000, 'dst': VIP, 'dport': 80,
        'tcp_flags': 'SYN', 'len': 40, 'mark': 1, 'hook': None,
        'reason': 'forwarded', 'backend': W101, 'missed': None}
    assert set(other) == {*one, 'time', 'skbaddr'}
    assert (other['proto'], other['sport'], other['tcp_flags'],
            other['backend']) == ('icmp', None, None, None)


def test_ipv6(site6, probe):
    """Ports behind extension headers, and addresses that no filter of the kernel
    compares."""
    site6.lv1.configure('''
        service add fwmark 1 family inet6
        backend add fwmark 1 via 2001:db8:30::101''')
    site6.lv1.nft(MARK6)
    trace = Trace(site6, 'lv1', 'src 2001:db8:31::/64')
    other = Trace(site6, 'lv1', 'src 2001:db8:32::/64')
    both = Trace(site6, 'lv1', 'proto tcp')
    for packet in (wire6.tcp(4000), wire6.udp(4001, exts=[
            (wire6.HOP_BY_HOP, wire6.PADDING), (wire6.OPTIONS, wire6.LONG)])):
        probe.client.send(packet, probe.to)
    probe.syn(4002)
    ends = '[2001:db8:31::200]:{} > [2001:db8:31::100]:{}'
    assert trace.wait(2) == [
        f'dsr_lb eth0 tcp {ends.format(4000, 80)} SYN len 60 mark 1: forwarded '
        'via 2001:db8:30::101',
        f'dsr_lb eth0 udp {ends.format(4001, 7)} len 72 mark 1: forwarded via '
        '2001:db8:30::101']
    assert len(both.wait(2)) == 2
    assert other.end() == []


def test_conditions(site, probe):
    """Of the same packets each trace has its own."""
    site.lv1.configure(f'''
        service add vip {VIP2} proto tcp port 80
        backend add vip {VIP2} proto tcp port 80 via {W101}''')
    site.client.ip(f'route replace {VIP2} via 10.10.31.10')
    site.undo.append(lambda: site.client.ip(f'route del {VIP2}'))
    packets = {
        'syn': wire.tcp(4000), 'udp': wire.udp(4001),
        'far': wire.tcp(4002, src='10.20.1.1'),
        'dead': wire.tcp(4003, ttl=1), 'port': wire.tcp(4004, dport=81),
        'vip2': wire.tcp(4005, dst=VIP2),
        'bad': wire.tcp(4006, src='127.0.0.1')}
    names = {str(4000 + number): name for number, name in enumerate(packets)}
    wanted = {
        '': set(packets),
        'src 10.20.0.0/16': {'far'},
        'src 10.10.31.200': {'syn', 'udp', 'dead', 'port', 'vip2'},
        'src 10.10.31.200:4001': {'udp'},
        'src 10.10.31.0/24:4001': {'udp'},
        'dst 10.10.31.100:80': {'syn', 'far', 'dead', 'bad'},
        'dport 81-90': {'port'},
        'sport 4002-4003': {'far', 'dead'},
        'proto udp': {'udp'},
        'proto 17': {'udp'},
        f'service {VIP2}': {'vip2'},
        f'service {VIP}:81': {'port'},
        'fwmark 1': set(packets) - {'vip2'},
        'fwmark 0': {'vip2'},
        f'backend {W101}': set(packets) - {'bad'},
        'reason drop_*': {'dead', 'bad'},
        'reason drop_bad_source reason drop_ttl*': {'dead', 'bad'},
        'reason forwarded src 10.10.31.0/24 proto tcp': {
            'syn', 'port', 'vip2'},
        f'backend {W101} reason drop_* dport 80': {'dead'},
        'backend 10.10.30.102': set(),
        'sport 80': set(),
    }
    traces = {words: Trace(site, 'lv1', words) for words in wanted}
    for packet in packets.values():
        probe.send(packet)
    traces[''].wait(len(packets))
    for words, trace in traces.items():
        got = [names[re.search(r':(40\d\d) >', line)[1]]
               for line in trace.end()]
        assert sorted(got) == sorted(wanted[words]), words


def test_no_such_reason(site, probe):
    done = site.lv1.dsrctl('trace reason drop_nonsense', check=False)
    assert done.returncode == 1
    assert 'no packet can match' in done.stderr
    # only the real server's
    trace = Trace(site, 'lv1', 'reason drop_arp_*')
    probe.syn(4000)
    assert trace.end() == []


def test_count(site, probe):
    """It ends by itself."""
    trace = Trace(site, 'lv1', '--count 2')
    probe.syn(4000)
    probe.syn(4001)
    assert trace.child.wait(60) == 0
    assert [line.split()[3] for line in trace.lines()] == [
        f'{CLIENT}:4000', f'{CLIENT}:4001']


def test_real_server(site):
    """What is delivered, what is replied, and what no rule takes."""
    if not os.path.exists(f'{TRACING}/events/dsr_rs/dsr_rs_packet'):
        pytest.skip('this kernel has no tracepoints')
    site.balance(backends=('w101',))
    trace = Trace(site, 'w101', 'proto tcp')
    docs = Trace(site, 'w101', f'service {VIP}', '-j')
    site.curl(f'http://{VIP}/')
    lines = trace.wait(10)
    sport = re.search(rf'{CLIENT}:(\d+) >', lines[0])[1]
    assert lines[:2] == [
        f'dsr_rs eth0 tcp {CLIENT}:{sport} > {W101}:80 SYN len 60: delivered',
        f'dsr_rs eth0 tcp {VIP}:80 > {CLIENT}:{sport} SYN,ACK len 60: replied']
    assert {line.split()[-1] for line in lines} == {'delivered', 'replied'}
    trace.end()
    wait_for('a reply', lambda: docs.text().count('\n'))
    docs = [json.loads(line) for line in docs.text().splitlines()]
    assert {(one['src'], one['reason'], one['hook'], one['backend'])
            for one in docs} == {(VIP, 'replied', 'postrouting', None)}
    # without the rule
    site.w101.dsrctl(f'real delete vip {VIP}')
    site.w101.dsrctl(f'real add vip {VIP2}')
    trace = Trace(site, 'w101', 'reason pass_no_rule')
    with Probe(site) as probe:
        probe.send(wire.tcp(4100))
        assert trace.wait(1) == [
            f'dsr_rs eth0 tcp {CLIENT}:4100 > {VIP}:80 SYN len 40: '
            'pass_no_rule']


def test_silence(site, probe):
    """Messages about an address that is silenced."""
    site.w101.dsrctl(f'real silence {VIP}')
    site.w101.ip(f'addr add {VIP}/32 dev lo')
    site.undo.append(lambda: site.w101.ip(f'addr del {VIP}/32 dev lo'))
    trace = Trace(site, 'w101', f'dst {VIP}')
    asked = next(iter(arp.questions()))[0]
    with arp.Tap(site.lv2, 'eth1') as tap:
        tap.put(*asked)
        assert trace.wait(1) == [
            f'dsr_rs eth0 arp {VIP}: drop_arp_reply']


def test_namespaces(site, probe):
    """One machine's trace has its own packets only, unless all are asked for."""
    own = Trace(site, 'lv2')
    every = Trace(site, 'lv2', '--all-netns reason forwarded')
    probe.syn(4000)
    inode = os.stat('/run/netns/lv1').st_ino
    assert every.wait(1) == [
        f'dsr_lb netns {inode} if{site.lv1.ifindex("eth0")} tcp {CLIENT}:4000 '
        f'> {VIP}:80 SYN len 40 mark 1: forwarded via {W101}']
    assert own.end() == []
    # from elsewhere, as "dsrctl -n" goes there
    trace = Trace(site, 'lv2', 'count 1', '-n lv1')
    probe.syn(4001)
    assert trace.wait(1) == [
        f'dsr_lb eth0 tcp {CLIENT}:4001 > {VIP}:80 SYN len 40 mark 1: '
        f'forwarded via {W101}']


def test_missed(site, probe, reasons):
    """It says how many packets it has missed; with those that it has printed, these
    are all that the balancer has counted."""
    trace = Trace(site, 'lv1', 'buffer 4')
    since = reasons('lv1')
    os.kill(trace.child.pid, signal.SIGSTOP)
    for sport in range(5000, 5400):
        probe.send(wire.udp(sport))
    wait_for('all are counted', lambda: sum(since.all().values()) >= 400)
    os.kill(trace.child.pid, signal.SIGCONT)
    wait_for('it says so', lambda: 'missed' in trace.text())
    probe.udp(4000)
    wait_for('it goes on', lambda: f'{CLIENT}:4000 >' in trace.text())
    lines = trace.end()
    missed = sum(int(found[1]) for line in lines if (
        found := re.fullmatch(r'missed (\d+) packets', line)))
    shown = sum('missed' not in line for line in lines)
    assert missed > 300 and shown > 1
    assert missed + shown == sum(since.all().values())
    assert trace.errors() == READY + (
        f'dsrctl: warning: {missed} packets came faster than they were '
        'printed, and are missing: name fewer of them, or a larger buffer than '
        '4 KiB\n')


def left():
    """What a trace would leave: uses of the modules, and files of tracefs."""
    with open(f'{TRACING}/set_event', encoding='ascii') as file:
        return (refcount('dsr_lb'), refcount('dsr_rs'), file.read(),
                os.listdir(f'{TRACING}/instances'))


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left(site, probe, number):
    """However it ends, the tracepoints are off and the modules are free."""
    wait_for('only the service holds a module', lambda: left()[:2] == (1, 0))
    before = left()
    trace = Trace(site, 'lv1')
    during = left()
    assert during[0] > before[0] and during[1] > before[1]
    assert during[2:] == before[2:]
    probe.syn(4000)
    trace.wait(1)
    trace.child.send_signal(number)
    trace.child.wait(60)
    wait_for('nothing is left', lambda: left() == before)
    assert Trace(site, 'lv1', '--count 1')


def test_reader_goes(site, probe):
    """As ssh does: with a packet to print and without one."""
    for packets in (0, 1):
        with site.lv1.at(), subprocess.Popen(
                ('dsrctl', 'trace'), stdout=subprocess.PIPE,
                stderr=subprocess.PIPE) as child:
            assert child.stderr.readline() == READY.encode()
            for _ in range(packets):
                probe.syn(4000)
                assert child.stdout.readline()
            child.stdout.close()
            assert child.wait(60) in (0, -signal.SIGPIPE)


def test_rights(site, probe):
    """Others than root hear what is missing; tracefs need not be mounted."""
    for words in (('setpriv', '--reuid=65534', '--regid=65534',
                   '--clear-groups'), ('unshare', '--user', '--map-root-user')):
        done = site.lv1.run(*words, 'dsrctl', 'trace', check=False)
        assert done.returncode == 2
        assert done.stderr.startswith('dsrctl: permission denied: to trace '
                                      'packets needs root')
    with contextlib.suppress(Failure):
        run('ip', 'netns', 'exec', 'lv1', 'test', '-e', f'{TRACING}/events')
        pytest.fail('tracefs is there')
    path = f'{site.net.directory}/trace.exec'
    with open(path, 'w', encoding='ascii') as out:
        child = site.lv1.start('ip', 'netns', 'exec', 'lv1', 'dsrctl', 'trace',
                               'count', '1', stdout=out, stderr=out)
    wait_for('it runs', lambda: READY in open(path, encoding='ascii').read())
    probe.syn(4000)
    assert child.wait(60) == 0
