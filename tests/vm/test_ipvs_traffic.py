# SPDX-License-Identifier: GPL-2.0
"""The same packets through ip_vs and dsr_ipvs: ipvsadm prints the same."""

import collections
import contextlib
import re
import time

import pytest

import ipvs
import wire
import wire6
from host import wait_for
from network import VIP2
from wire import ACK, FIN, PSH, RST, SYN

pytestmark = pytest.mark.smoke

LV1 = '10.10.31.11'
VIP3 = '10.10.31.120'

# ip_vs takes packets that the machine itself would get: so balanced packets
# must have a local route. dsr_lb takes them before the route lookup.
ROUTES = '''
    rule add fwmark 1 lookup 100
    rule add fwmark 2 lookup 100
    rule add to 10.10.31.120 lookup 100
    route add local default dev lo table 100
    -6 rule add fwmark 3 lookup 100
    -6 route add local default dev lo table 100
'''
MARKS = '''
    table inet ipvs {
        chain prerouting {
            type filter hook prerouting priority mangle;
            ip daddr 10.10.31.110 meta mark set 2
            ip6 daddr 2001:db8:31::100 meta mark set 3
        }
    }
'''
TABLE = '''
    -A -f 1 -s rr
    -a -f 1 -r 10.10.30.101 -g -w 1 -x 100 -y 80
    -a -f 1 -r 10.10.30.102 -g -w 0
    -A -f 2 -s wlc -p 200 -M 255.255.255.0
    -a -f 2 -r 10.10.30.101 -g
    -A -t 10.10.31.120:80 -s wrr
    -a -t 10.10.31.120:80 -r 10.10.30.102 -g -w 2
    -A -u 10.10.31.120:53 -s rr -o
    -a -u 10.10.31.120:53 -r 10.10.30.101 -g
    -A -u 10.10.31.120:54 -s lc
    -a -u 10.10.31.120:54 -r 10.10.30.101 -g
    -A -f 3 -6 -s rr -p 200
    -a -f 3 -6 -r 2001:db8:30::102 -g
'''


class Traffic:
    """Single packets of the client, to servers that do not answer."""

    def __init__(self, site):
        self.number = 0
        self.sent = collections.Counter()
        self.stack = contextlib.ExitStack()
        self.client = self.stack.enter_context(wire.Tap(site.client))
        self.taps = [(name, self.stack.enter_context(kind(site.net[name])))
                     for name in ('w101', 'w102')
                     for kind in (wire.Tap, wire6.Tap)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.close()

    def send(self, packet):
        """Send a packet, and return the server that gets it."""
        # The balancer changes TTL and header checksum, or hop limit; and while
        # the bridge does not know the port of a server, the other one sees its
        # packets
        skip = 8 if packet[0] >> 4 == 6 else 12
        self.client.send(packet, LV1)
        return wait_for('the packet at a server', lambda: [
            name for name, tap in self.taps for one in tap.drain()
            if one.for_us and one.packet[skip:] == packet[skip:]])[0]

    def payload(self):
        """No two packets are alike."""
        self.number += 1
        return f'{self.number:05}'.encode()

    def count(self, service, packet):
        """Send a packet, and count it for this service: its server."""
        server = self.send(packet)
        self.sent.update((('total', ''), service, (*service, server)))
        return server

    def tcp(self, service, sport, *flags, make=wire.tcp, **fields):
        """Packets of one connection: the servers that get them."""
        return [self.count(service, make(sport, flags=one,
                                         payload=self.payload(), **fields))
                for one in flags]

    def udp(self, service, sport, dport, number, make=wire.udp, **fields):
        return [self.count(service, make(sport, dport, self.payload(),
                                         **fields)) for _ in range(number)]

    def zero(self, *service):
        """Zero the counters."""
        for key in list(self.sent):
            if key[:len(service)] == service:
                del self.sent[key]


FWM1, FWM2, FWM3 = ('FWM', '1'), ('FWM', '2'), ('FWM', '3')
WEB, DNS, MORE = ('TCP', f'{VIP3}:80'), ('UDP', f'{VIP3}:53'), \
    ('UDP', f'{VIP3}:54')


def figures(text):
    """The five numbers at the end of each line of "ipvsadm --stats" and the
    like.

    By service, ('FWM', '1'), and by server, ('FWM', '1', 'w101').
    """
    found, service = {}, None
    for line in text.splitlines():
        words = line.split()
        if not re.search(r'( +\d+){5}$', line):
            continue
        numbers = [int(number) for number in words[-5:]]
        if words[0] == '->':
            found[(*service, 'w' + re.search(r'10[12](?=\]?:\d+$)',
                                             words[1])[0])] = numbers
        else:
            service = tuple(words[:2])
            found[service] = numbers
    return found


def totals(host):
    """The two lines of numbers in /proc/net/ip_vs_stats."""
    return [[int(number, 16) for number in line.split()]
            for line in host.read('/proc/net/ip_vs_stats').splitlines()
            if re.fullmatch('( *[0-9A-F]+){5}', line)]


class Story:
    """The log: lines with the server of each packet, and ipvsadm's output."""

    def __init__(self, host, traffic):
        self.host = host
        self.traffic = traffic
        self.said = []

    def came(self, what, servers):
        self.said.append(f'{what}: {" ".join(servers)}')

    def turn(self, mark, weights):
        for server, weight in weights.items():
            self.host.run('ipvsadm', '-e', '-f', str(mark), '-r', server, '-g',
                          '-w', str(weight))

    def counted(self):
        now = figures(self.asked('-Ln --stats --exact'))
        now['total', ''] = totals(self.host)[0]
        return all(now[key][1] == number
                   for key, number in self.traffic.sent.items())

    def asked(self, options):
        return self.host.run('ipvsadm', *options.split()).stdout

    def look(self, counts=True):
        # the entries first, since they change with time
        for options in ('-Lnc', '-Lnc --persistent-conn'):
            self.tell(f'ipvsadm {options}', entries(self.asked(options)))
        self.tell('cat /proc/net/ip_vs_conn',
                  files(self.host.read('/proc/net/ip_vs_conn')))
        for options in ('-Ln', '-Ln --persistent-conn',
                        '-Ln --thresholds') if counts else ():
            self.tell(f'ipvsadm {options}',
                      ipvs.sums(self.asked(options)).splitlines())
        # ip_vs sums its counters every two seconds
        wait_for(f'counted: {self.traffic.sent}', self.counted, every=0.2)
        for options in ('-Ln --stats --exact', '-Ln -f 2 --stats'):
            self.tell(f'ipvsadm {options}',
                      ipvs.normal(self.asked(options)).splitlines())
        self.tell('cat /proc/net/ip_vs_stats', self.host.read(
            '/proc/net/ip_vs_stats').splitlines()[:3])

    def tell(self, command, lines):
        self.said += [f'$ {command}', *lines]


# Connections with only a SYN, or ending ones, are forgotten in a minute or
# two. So there are two stories: one of all kinds, checked at once, and one of
# lasting connections.

def of_all_kinds(story):
    tcp, udp, came = story.traffic.tcp, story.traffic.udp, story.came
    came('a SYN', tcp(FWM1, 4000, SYN))
    came('a connection', tcp(FWM1, 4001, SYN, ACK, ACK | PSH))
    came('that ends', tcp(FWM1, 4002, SYN, ACK, FIN | ACK))
    came('a SYN again', tcp(FWM1, 4004, SYN, SYN))
    came('datagrams', udp(FWM1, 4005, 7, 3))
    story.turn(1, {'10.10.30.101': 0, '10.10.30.102': 1})
    came('a connection of the other', tcp(FWM1, 4010, SYN, ACK))
    came('datagrams of the other', udp(FWM1, 4011, 7, 2))
    came('one that was there', tcp(FWM1, 4001, ACK))
    came('datagrams that were there', udp(FWM1, 4005, 7, 2))
    came('a client that stays', tcp(FWM2, 4020, SYN, ACK, dst=VIP2))
    came('and comes again', tcp(FWM2, 4021, SYN, dst=VIP2))
    came('its neighbour', tcp(FWM2, 4022, SYN, dst=VIP2, src='10.10.31.77'))
    came('and with datagrams', udp(FWM2, 4023, 53, 2, dst=VIP2))
    came('an address', tcp(WEB, 4030, SYN, ACK, dst=VIP3))
    came('its datagrams', udp(MORE, 4031, 54, 3, dst=VIP3))
    came('single ones', udp(DNS, 4032, 53, 3, dst=VIP3))
    came('IPv6', tcp(FWM3, 4040, SYN, ACK, make=wire6.tcp))
    came('IPv6 again', tcp(FWM3, 4041, SYN, make=wire6.tcp))
    came('IPv6 datagrams', udp(FWM3, 4042, 9, 2, make=wire6.udp))
    story.look()
    # and the listing shows the change
    for line in ('that ends: w101 w101 w101', 'datagrams of the other: w102 w102',
                 'one that was there: w101',
                 'FWM  2                                   4        6        0',
                 'TCP  10.10.31.120:80                     1        2        0',
                 'UDP  10.10.31.120:53                     3        3        0'):
        assert [one for one in story.said if one.startswith(line)], line


def of_what_lasts(story):
    tcp, udp, came = story.traffic.tcp, story.traffic.udp, story.came
    came('a connection', tcp(FWM1, 4001, SYN, ACK, ACK | PSH))
    story.turn(1, {'10.10.30.101': 0, '10.10.30.102': 1})
    came('datagrams of the other', udp(FWM1, 4011, 7, 2))
    came('an address', tcp(WEB, 4030, SYN, ACK, dst=VIP3))
    came('its datagrams', udp(MORE, 4031, 54, 3, dst=VIP3))
    came('IPv6', tcp(FWM3, 4040, SYN, ACK, make=wire6.tcp))
    story.look()
    story.asked('-Z -f 1')
    story.traffic.zero(*FWM1)
    came('behind a zero', tcp(FWM1, 4001, ACK))
    story.look()
    story.asked('-Z')
    story.traffic.zero()
    came('behind all zeros', udp(FWM1, 4011, 7, 1))
    story.look()
    # its connections are remembered until it is added again
    story.asked('-d -f 1 -r 10.10.30.101')
    story.asked('-a -f 1 -r 10.10.30.101 -g')
    story.traffic.zero(*FWM1, 'w101')
    came('back again', tcp(FWM1, 4001, ACK))
    # with dsr_lb each counts as one of the new server's from its next packet on
    story.look(counts=False)
    assert 'back again: w101' in story.said


# The remaining seconds of an entry: replaced by its timeout, since some time
# has passed.
TIMEOUTS = (10, 60, 120, 200, 300, 900)


def begun_with(seconds):
    return next((timeout for timeout in TIMEOUTS if seconds <= timeout),
                'more')


def entries(text):
    """The lines of "ipvsadm -Lnc", with the timeout instead of the remaining
    time."""
    head, lines = text.splitlines()[:2], text.splitlines()[2:]

    def line(words):
        match = re.fullmatch(r'(\S+ +)(\d\d):(\d\d)( .*)', words)
        if not match:
            return f'not a line: {words}'
        left = begun_with(int(match[2]) * 60 + int(match[3]))
        return f'{match[1]}{left}{match[4]}'
    return head + sorted(map(line, lines))


def files(text):
    """The lines of /proc/net/ip_vs_conn, likewise."""
    head, *lines = text.splitlines()

    def line(words):
        match = re.fullmatch(r'((?:\S+ +){7}\S+ *) ([ \d]{6}\d)(.*)', words)
        if not match:
            return f'not a line: {words}'
        return f'{match[1]} {begun_with(int(match[2]))}{match[3]}'
    return [head] + sorted(map(line, lines))


@contextlib.contextmanager
def balancing(kind, site):
    """lv1 balances with one of the two modules; servers do not answer."""
    with ipvs.loaded(kind, site):
        site.lv1.run('ipvsadm', '-R', stdin='\n'.join(
            line.strip() for line in TABLE.strip().splitlines()) + '\n')
        # totals of dsr_lb stay when dsr_ipvs is loaded again
        site.lv1.run('ipvsadm', '-Z')
        yield site.lv1


@pytest.fixture
def local(site6):
    """Deliver balanced packets on the machine itself."""
    lines = [line.strip() for line in ROUTES.strip().splitlines()]
    for line in lines:
        site6.lv1.run('ip', *line.split())
    site6.undo.append(lambda: [
        site6.lv1.run('ip', *line.replace(' add ', ' del ', 1).split())
        for line in lines])
    site6.lv1.nft(MARKS)
    return site6


@pytest.mark.parametrize('tell', [of_all_kinds, of_what_lasts])
def test_the_same(local, tell):
    """The server of each packet, all counters, and all entries."""
    said = []
    for kind in ipvs.peers():
        with balancing(kind, local) as lv1, Traffic(local) as traffic:
            story = Story(lv1, traffic)
            tell(story)
            said.append(story.said)
    wrong = ipvs.compare_lines(*said)
    assert not wrong, '\n'.join(wrong)


def test_closed(local):
    """A connection closed by a reset is soon forgotten: so test it alone."""
    lines = []
    for kind in ipvs.peers():
        with balancing(kind, local) as lv1, Traffic(local) as traffic:
            traffic.tcp(FWM1, 4003, SYN, ACK, RST)
            lines.append(files(lv1.read('/proc/net/ip_vs_conn')))
    assert lines[1] == lines[0]
    assert re.search(r' CLOSE +10$', lines[0][1])


def test_shares(local):
    """rr and wrr distribute evenly, beginning with any server."""
    counts = []
    for kind in ipvs.peers():
        with balancing(kind, local) as lv1, Traffic(local) as traffic:
            lv1.run('ipvsadm', '-e', '-f', '1', '-r', '10.10.30.102', '-g')
            came = [traffic.tcp(FWM1, port, SYN)[0] for port in range(5000, 5012)]
            lv1.run('ipvsadm', '-E', '-f', '1', '-s', 'wrr')
            lv1.run('ipvsadm', '-e', '-f', '1', '-r', '10.10.30.102', '-g',
                    '-w', '3')
            more = [traffic.tcp(FWM1, port, SYN)[0] for port in range(5100, 5116)]
            counts.append([(some.count('w101'), some.count('w102'))
                           for some in (came, more)])
            counts.append(ipvs.sums(lv1.run('ipvsadm', '-Ln', '-f',
                                            '1').stdout))
    assert counts[0] == [(6, 6), (4, 12)]
    assert counts[2:] == counts[:2]


RATE_SECONDS = 12


def steady(traffic, seconds):
    """Two hundred datagrams a second, a tenth of them of new connections.

    The sent connections, packets and bytes a second, over the second half; and the
    longest time for which nothing was sent.
    """
    began = time.monotonic()
    half = None
    number = 0
    pause, now = 0, 0
    while True:
        last, now = now, time.monotonic() - began
        pause = max(pause, now - last)
        if half is None and now > seconds / 2:
            half = now, number
        if now > seconds:
            break
        # catch up if this machine was not scheduled
        while number < now * 200:
            traffic.client.send(wire.udp(10000 + number // 10, 9, b'x' * 72),
                                LV1)
            number += 1
        time.sleep(0.02)
    a_second = (number - half[1]) / (now - half[0])
    return (a_second / 10, a_second, a_second * 100), pause


def test_rates(local):
    """A steady rate is shown within the error of an estimate.

    A rate is not steady if the machine stands still: then measure it again.
    """
    for kind in ipvs.peers():
        for _ in range(10):
            wrong, pause = wrong_rates(kind, local)
            if not wrong or pause < 0.4:
                break
            local.lv1.dsrctl('connection flush')
        assert not wrong, f'{kind.name}: {wrong}'


def wrong_rates(kind, local):       # noqa: F811
    """The wrong ones, and the longest pause of the sender."""
    wrong = []
    with balancing(kind, local) as lv1, Traffic(local) as traffic:
        lv1.run('ipvsadm', '-e', '-f', '1', '-r', '10.10.30.101', '-g')
        sent, pause = steady(traffic, RATE_SECONDS)
        told = figures(lv1.run('ipvsadm', '-Ln', '--rate', '--exact').stdout)
        told['total', ''] = totals(lv1)[1]
        for who in (FWM1, (*FWM1, 'w101'), ('total', '')):
            cps, inpps, outpps, inbps, outbps = told[who]
            assert (outpps, outbps) == (0, 0)
            # ip_vs takes three quarters of its last estimate
            wrong += [f'{who}: {what}: {got}, sent {wanted}'
                      for what, got, wanted in zip(
                          ('connections', 'packets', 'bytes'),
                          (cps, inpps, inbps), sent)
                      if not 0.5 * wanted <= got <= 1.3 * wanted]
        assert told[FWM2] == [0] * 5
    return wrong, pause
