# SPDX-License-Identifier: GPL-2.0
"""A balancer, two real servers and a client, whose parts change at random.

A round of test_chaos.py is a life of these machines: made, changed beside
traffic, mended, checked, deleted. They are namespaces of their own:

    chaos-client eth0 -- eth0 chaos-lb eth1 -- eth0 chaos-w1
                                       eth2 -- eth0 chaos-w2

Each has a wire to a witness as well. The end of the wire there tells that the
machine is gone.
"""

import contextlib
import errno
import functools
import json
import mmap
import os
import random
import select
import socket
import struct
import time

import genl
import wire
import wire6
from balancer import Balancer, encode, objects
from host import Failure, Host, run, wait_for
from network import refcount
from traffic import meanwhile

LB, CLIENT, OTHER, WITNESS, NEXT = (
    'chaos-lb', 'chaos-client', 'chaos-other', 'chaos-witness', 'chaos-next')
SERVERS = ('chaos-w1', 'chaos-w2')
MODULES = ('dsr_lb', 'dsr_rs')
MACHINES = (LB, CLIENT, *SERVERS)
# {device of the balancer: the machine at the other end}; the number of its networks
WIRES = {'eth0': CLIENT, 'eth1': SERVERS[0], 'eth2': SERVERS[1]}
NUMBER = {dev: number for number, dev in enumerate(WIRES)}
VIPS = ('198.18.0.1', '2001:db8:78::1')
MARKED = ('198.18.0.2', '2001:db8:78::2')
FAR = '02:00:00:00:77:%02x'
NEAR = '02:00:00:00:78:%02x'
CHECKED, LISTENING = 9999, 9998         # ports that no change is about
CHECKS = ({'proto': 'udp', 'port': CHECKED}, {'proto': 'tcp', 'port': LISTENING})
CHECKED_PACKETS = 64
# A service that skips lost backends: one is an address that no machine has.
SKIPS = {'vip': VIPS[0], 'proto': 'udp', 'port': 9997}
MISSING = '10.77.1.9'
ANCHORS = ({'fwmark': 99, 'family': 2}, {'fwmark': 99, 'family': 10})
KEYS = [{'fwmark': 1, 'family': 2}, {'fwmark': 1, 'family': 10}] + [
    {'vip': vip, **more} for vip in VIPS for more in (
        {}, {'proto': 'udp'}, {'proto': 'tcp', 'port': 80})]
SCHEDULERS = ('rr', 'wrr', 'lc', 'wlc', 'sed', 'nq', 'fo', 'ovf', 'twos', 'sh',
              'dh', 'maglev')
AT_ONCE, PAUSE = 20, 0.01       # frames and seconds: the others need time, too
ROUTES = {'ipv4/ip_forward': 1, 'ipv6/conf/all/forwarding': 1}
SETTINGS = {'ipv4/conf/all/rp_filter': 0, 'ipv4/conf/default/rp_filter': 0,
            'ipv6/conf/all/accept_dad': 0, 'ipv6/conf/default/accept_dad': 0,
            'ipv6/conf/default/disable_ipv6': 0,
            'ipv6/conf/default/router_solicitations': 0}


def address(dev, host, family=4):
    """The address of a host in the network of one wire."""
    return (f'10.77.{NUMBER[dev]}.{host}' if family == 4 else
            f'2001:db8:77:{NUMBER[dev]}::{host}')


def is_there(host, dev):
    return f' {dev}:' in host.read('/proc/net/dev').replace('\n', ' ')


@functools.cache
def frames():
    """Frames of clients to the VIPs: each kind, each family."""
    made = []
    for vip in (*VIPS, *MARKED):
        make, src = (wire6, '2001:db8:79::') if ':' in vip else (
            wire, '10.79.0.')
        for number in range(1, 9):
            ends = {'src': f'{src}{number}', 'dst': vip}
            port = 2000 + number
            made += [make.tcp(port, 80, flags, seq=7, ack=9, **ends)
                     for flags in (wire.SYN, wire.ACK, wire.ACK,
                                   wire.FIN | wire.ACK, wire.RST)]
            made += [make.udp(port, 7, b'x' * 8 * number, **ends)] * 2
            if make is wire:
                quoted = make.udp(7, port, src=vip, dst=ends['src'])
                made += [make.icmp_echo(number, **ends),
                         make.icmp_error(3, 3, quoted, **ends)]
    return [wire.frame(packet, NEAR % 0, FAR % 0) for packet in made]


class Traffic:
    """Frames to the balancer, sent all the time by another process."""

    def __init__(self, host):
        self.host = host
        self.count = mmap.mmap(-1, 8)
        self.sock = None
        self.order = frames()[:]
        random.Random(1).shuffle(self.order)

    def tried(self):
        return struct.unpack('Q', self.count)[0]

    def open(self):
        """A socket at the client's end, which may have another device now."""
        if self.sock:
            self.sock.close()
        self.sock = self.host.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.sock.bind(('eth0', 0))

    def send(self):
        """Send each frame once. Closing a socket takes long: try that seldom."""
        for number, data in enumerate(self.order):
            tried = 1
            try:
                if not self.sock:
                    self.open()
                self.sock.send(data)
            except OSError as error:
                tried = AT_ONCE
                if error.errno != errno.ENETDOWN:
                    with contextlib.suppress(OSError):
                        self.open()
            self.count[:] = struct.pack('Q', self.tried() + tried)
            if tried > 1 or number % AT_ONCE == 0:
                time.sleep(PAUSE)

    def wait(self, number=2 * AT_ONCE):
        """Wait until the sender has tried so many frames more."""
        goal = self.tried() + number
        wait_for('the sender goes on', lambda: self.tried() >= goal)


def kind(how):
    """Mark a method as a kind of change."""
    how.is_kind = True
    return how


class Chaos:
    """The machines. Close it, also after a failure."""

    def __init__(self, site, seed):
        self.site = site
        self.rng = random.Random(seed)
        self.log = ['make']
        self.held = {name: refcount(name) for name in MODULES}
        self.socks = []
        site.undo.append(self.close)
        site.net.enable_ipv6()          # or this kernel has no VRF
        self.make()
        self.traffic = Traffic(self.hosts[CLIENT])

    # The machines

    def make(self):
        names = (*MACHINES, OTHER, WITNESS)
        run('ip', '-batch', '-',
            stdin=''.join(f'netns add {name}\n' for name in names))
        self.hosts = {name: Host(name) for name in names}
        self.site.net.hosts.update(self.hosts)
        for name in names:
            for key, value in (SETTINGS | (ROUTES if name == LB else {})).items():
                self.hosts[name].sysctl(key, value)
        self.lb = self.hosts[LB]
        # Before any packet comes, so that both count all of them.
        self.balancer = Balancer(self.site, LB)
        self.socks.append(self.balancer.genl.sock)
        for key in ANCHORS:
            self.balancer.service('add', **key)
        self.lb.nft(f'''table inet chaos {{
            chain pre {{
                type filter hook prerouting priority mangle;
                ip daddr {MARKED[0]} meta mark set 1
                ip6 daddr {MARKED[1]} meta mark set 1
                counter
            }}
        }}''')
        self.real = {}
        for name in SERVERS:
            with self.hosts[name].at():
                self.real[name] = genl.Genl('dsr_rs')
            self.hosts[name].changed = True
            self.socks.append(self.real[name].sock)
            for vip in (*VIPS, *MARKED):
                self.ask_rule(name, 'ADD', vip=vip)
        for dev in WIRES:
            self.connect(dev)
        self.watch(*MACHINES)
        for key in KEYS:
            self.ask(self.balancer.service, 'add', **key)
            for one in self.backends_of(key)[::2]:
                self.ask(self.balancer.backend, 'add', one, **key)
        self.balancer.service('add', on_unreachable='skip', **SKIPS)
        for one in (MISSING, address('eth1', 2)):
            self.balancer.backend('add', one, **SKIPS)

    def watch(self, *names):
        """Give each machine a wire to the witness."""
        self.hosts[WITNESS].ip('\n'.join(
            f'link add {name} type veth peer name witness netns {name}'
            for name in names))

    def connect(self, dev):
        """Give the balancer this device, as it was at first."""
        far, number = self.hosts[WIRES[dev]], NUMBER[dev]
        if is_there(self.lb, 'odd'):
            self.ip(self.lb, f'link set odd down\nlink set odd name {dev}')
        if not is_there(self.lb, dev):
            self.lb.ip(f'link add name {dev} address {NEAR % number} '
                       f'type veth peer name eth0 address {FAR % number} '
                       f'netns {far.name}')
        self.lb.ip(f'''
            link set {dev} nomaster
            link set {dev} mtu 1500 address {NEAR % number}
            link set {dev} up
            addr replace {address(dev, 1)}/24 dev {dev}
            addr replace {address(dev, 1, 6)}/64 dev {dev} nodad''' + (f'''
            route replace 10.79.0.0/16 via {address(dev, 2)}
            route replace 2001:db8:79::/64 via {address(dev, 2, 6)}'''
                                                     if number == 0 else ''))
        lines = ['link set lo up',
                 f'link set eth0 mtu 1500 address {FAR % number}',
                 'link set eth0 up']
        for host in (2, 3):
            lines += [f'addr replace {address(dev, host)}/24 dev eth0',
                      f'addr replace {address(dev, host, 6)}/64 dev eth0 nodad']
        far.ip('\n'.join(lines + [
            f'route replace default via {address(dev, 1)}',
            f'route replace default via {address(dev, 1, 6)}']))

    def close(self):
        """Delete all machines, and let the sockets go that would keep them."""
        for sock in self.socks:
            sock.close()
        self.socks.clear()
        names = [name for name in (*MACHINES, OTHER, WITNESS, NEXT)
                 if os.path.exists(f'/run/netns/{name}')]
        for name in names:
            self.site.net.hosts.pop(name, None)
        if names:
            run('ip', '-batch', '-',
                stdin=''.join(f'netns del {name}\n' for name in names))

    def end(self):
        """Delete all machines but the witness: nothing holds them.

        The kernel takes namespaces apart one after the other. If one waits for
        the last reference of a device, the next one stays.
        """
        for sock in self.socks:
            sock.close()
        self.socks.clear()
        self.delete(*MACHINES, OTHER)
        run('ip', 'netns', 'add', NEXT)
        self.watch(NEXT)
        self.delete(NEXT)
        # those of earlier tests may go as well
        wait_for('nothing holds the modules', lambda: all(
            refcount(name) <= held for name, held in self.held.items()))

    def delete(self, *names):
        for name in names:
            self.site.net.hosts.pop(name, None)
        run('ip', '-batch', '-',
            stdin=''.join(f'netns del {name}\n' for name in names))
        wait_for(lambda: f'{names} are gone; still there: '
                 f'{self.site.net.devices(WITNESS)}',
                 lambda: not set(names) & set(self.site.net.devices(WITNESS)))

    # Changes

    def run(self, times):
        """Make each kind of change so often, in a random order, beside traffic."""
        order = KINDS * times
        self.rng.shuffle(order)
        with meanwhile(self.traffic.send):
            for name in order:
                self.log.append(name)
                getattr(self, name)()
                self.traffic.wait()

    def note(self, text):
        self.log[-1] += f'; {text}'

    def ip(self, host, lines, check=True):
        """As Host.ip(), but do not wait for anything, and bear refusals."""
        self.note(f'{host}: {lines}')
        run('ip', '-n', host.name, *([] if check else ['-force']), '-batch', '-',
            stdin=lines + '\n', check=check)

    def ask(self, request, *argv, **fields):
        """A request that may be refused, with a sentence."""
        self.note(f'{argv} {fields}')
        with contextlib.suppress(genl.Refused):
            try:
                return request(*argv, **fields)
            except genl.Refused as error:
                self.note(str(error))
                if not error.sentence:
                    raise Failure(f'no sentence: {error}') from error
                raise
        return None

    @staticmethod
    def backends_of(key):
        family = 6 if key.get('family') == 10 or ':' in key.get('vip', '') else 4
        return [address(dev, host, family) for dev in ('eth1', 'eth2')
                for host in (2, 3)]

    def other(self):
        """Other changes, while something is broken."""
        self.traffic.wait()
        for _ in range(2):
            getattr(self, self.rng.choice(QUICK))()
        self.traffic.wait()

    @kind
    def services(self):
        rng, key = self.rng, self.rng.choice(KEYS)
        verb = rng.choice(('add', 'set', 'replace', 'delete'))
        fields = {} if verb == 'delete' else {
            'scheduler': rng.choice(SCHEDULERS),
            'path': rng.choice(('stack', 'direct')),
            'on_down': rng.choice(('reschedule', 'reset', 'drop')),
            'on_unreachable': rng.choice(('keep', 'skip')),
            'ping': rng.choice(('reply', 'forward', 'ignore')),
            'one_packet': rng.choice((0, 0, 0, 1)),
            'persist': rng.choice((0, 0, 1000, 60000))}
        for name in rng.sample(sorted(fields), len(fields) // 2):
            del fields[name]
        self.ask(self.balancer.service, verb, **key, **fields)

    @kind
    def backends(self):
        rng, key = self.rng, self.rng.choice(KEYS)
        for one in rng.sample(self.backends_of(key), 3):
            verb = rng.choice(('add', 'add', 'set', 'replace', 'delete'))
            fields = {} if verb == 'delete' else {
                'weight': rng.randrange(4), 'upper': rng.choice((0, 0, 5))}
            if verb == 'set':
                fields['admin'] = rng.choice(('up', 'up', 'draining', 'down'))
            self.ask(self.balancer.backend, verb, one, **key, **fields)

    @kind
    def schedulers(self):
        for key in KEYS:
            self.ask(self.balancer.service, 'set', **key,
                     scheduler=self.rng.choice(SCHEDULERS))

    @kind
    def paths(self):
        rng, dev = self.rng, self.rng.choice(sorted(WIRES))
        verb = rng.choice(('add', 'replace', 'replace', 'delete'))
        fields = {} if verb == 'delete' else {'recheck': rng.choice((0, 1, 1000))}
        if is_there(self.lb, dev):
            self.ask(self.balancer.path, verb, dev, **fields)

    @kind
    def rules(self):
        rng, name = self.rng, self.rng.choice(SERVERS)
        vip = rng.choice((*VIPS, *MARKED))
        verb = rng.choice(('ADD', 'REPLACE', 'DELETE'))
        fields = rng.choice(({}, {'proto': 'udp'}, {'proto': 'tcp', 'port': 80}))
        mode = {} if verb == 'DELETE' else {
            'mode': rng.choice(('redirect', 'redirect', 'local'))}
        self.ask_rule(name, verb, vip=vip, **fields, **mode)
        self.ask(self.real[name].ask, getattr(genl, f'SILENCE_{verb}'), genl.nest(
            genl.A_SILENCE, genl.attr(genl.SILENCE_ADDR, packed(vip))))

    @kind
    def caps(self):
        """Tables of few entries, which the clients fill, and larger ones."""
        for most in (16, self.rng.choice((100, 1000, 65536))):
            self.set_caps(most)
            self.other()

    @kind
    def forget(self):
        self.ask(self.balancer.flush)

    @kind
    def dumps(self):
        for command in ('SERVICE_GET', 'BACKEND_GET', 'CONNECTION_GET',
                        'PATH_GET'):
            self.balancer.dump(command)
        for real in self.real.values():
            for command in (genl.RULE_GET, genl.FLOW_GET, genl.SILENCE_GET):
                real.dump(command)

    def an_end(self):
        """One end of a wire: the balancer's device, the machine, its device."""
        dev = self.rng.choice(sorted(WIRES))
        if self.rng.random() < 0.5:
            return dev, self.lb, dev
        return dev, self.hosts[WIRES[dev]], 'eth0'

    def broken(self, dev, host, lines):
        """Change a device, let traffic go on, and undo it."""
        self.ip(host, lines)
        self.other()
        self.connect(dev)

    @kind
    def down_up(self):
        dev, host, there = self.an_end()
        self.broken(dev, host, f'link set {there} down')

    @kind
    def unregister(self):
        dev, host, there = self.an_end()
        self.broken(dev, host, f'link del {there}')

    @kind
    def mtu(self):
        dev, host, there = self.an_end()
        self.broken(dev, host, f'link set {there} mtu '
                    f'{self.rng.choice((600, 1280, 1400, 9000))}')

    @kind
    def mac(self):
        dev, host, there = self.an_end()
        self.broken(dev, host, f'link set {there} address 02:00:00:00:79:01')

    @kind
    def rename(self):
        dev = self.rng.choice(sorted(WIRES))
        self.broken(dev, self.lb, f'link set {dev} down\n'
                    f'link set {dev} name odd\nlink set odd up')

    @kind
    def move(self):
        """To another namespace, and back, or deleted there."""
        dev = self.rng.choice(sorted(WIRES))
        self.ip(self.lb, f'link set {dev} netns {OTHER}')
        self.other()
        self.ip(self.hosts[OTHER], self.rng.choice((
            f'link set {dev} netns {LB}', f'link del {dev}')))
        self.connect(dev)

    @kind
    def enslave(self):
        dev = self.rng.choice(sorted(WIRES))
        upper = self.rng.choice(('vrf table 10', 'bridge forward_delay 0',
                                 'bond mode active-backup'))
        self.broken(dev, self.lb, f'link add upper type {upper}\n'
                    f'link set {dev} down\nlink set {dev} master upper\n'
                    f'link set upper up\nlink set {dev} up')
        self.ip(self.lb, 'link del upper')

    def an_address(self):
        dev = self.rng.choice(('eth1', 'eth2'))
        return dev, address(dev, self.rng.choice((2, 3)), self.rng.choice((4, 6)))

    @kind
    def neighbours(self):
        dev, addr = self.an_address()
        self.ip(self.lb, self.rng.choice((
            f'neigh flush dev {dev}',
            f'neigh del {addr} dev {dev}',
            f'neigh replace {addr} lladdr 02:00:00:00:79:02 dev {dev} nud stale',
            f'neigh replace {addr} lladdr 02:00:00:00:79:03 dev {dev} nud '
            'permanent')), check=False)

    @kind
    def routes(self):
        dev, addr = self.an_address()
        self.ip(self.lb, f'route replace {addr} ' + self.rng.choice((
            f'dev {dev}', f'via {addr[:-1]}9 dev {dev} onlink', 'dev eth0',
            'dev lo')), check=False)
        self.other()
        self.ip(self.lb, f'route replace unreachable {addr}', check=False)
        self.other()
        self.ip(self.lb, f'route del {addr}\nroute del unreachable {addr}',
                check=False)

    @kind
    def addresses(self):
        """A real server loses an address, and gets it again."""
        dev, addr = self.an_address()
        self.ip(self.hosts[WIRES[dev]], f'addr del {addr}/' +
                ('64' if ':' in addr else '24') + ' dev eth0')
        self.other()
        self.connect(dev)

    @kind
    def namespace(self):
        """Another balancer and real server, with packets that wait in there."""
        run('ip', 'netns', 'add', NEXT)
        host = self.site.net.hosts[NEXT] = Host(NEXT)
        self.watch(NEXT)
        host.ip('addr add 10.78.0.1/24 dev witness\nlink set witness up')
        self.hosts[WITNESS].ip(f'link set {NEXT} up')
        with Balancer(self.site, NEXT) as lb, host.at(), \
                genl.Genl('dsr_rs') as real:
            lb.service('add', vip=VIPS[0])
            lb.backend('add', '10.78.0.2', vip=VIPS[0])
            real.ask(genl.RULE_ADD, genl.nest(genl.A_RULE, encode(
                'RULE', {'vip': MARKED[0]})))
        mac = host.mac('witness').hex(':')
        with wire.Tap(self.hosts[WITNESS], NEXT) as tap:
            for vip in (VIPS[0], MARKED[0]):
                for port in range(5):
                    tap.send(wire.udp(3000 + port, src='10.78.0.9', dst=vip), mac)
        self.delete(NEXT)

    # The end of a round

    def set_caps(self, most):
        self.ask(self.balancer.set_table, max=most)
        for real in self.real.values():
            self.ask(real.ask, genl.FLOW_SET, genl.nest(
                genl.A_TABLE, genl.u32(genl.TABLE_MAX, most)))

    def ask_rule(self, name, verb, **fields):
        self.ask(self.real[name].ask, getattr(genl, f'RULE_{verb}'),
                 genl.nest(genl.A_RULE, encode('RULE', fields)))

    def mend(self):
        """Undo what may be left, and add services that no change was about."""
        self.log.append('mend')
        self.set_caps(65536)
        self.balancer.flush()
        for dev in WIRES:
            self.connect(dev)
            self.ip(self.lb, '\n'.join(
                f'neigh del {addr} dev {dev}\nroute del {addr}\nroute del {addr}'
                for addr in (address(dev, host, family) for host in (2, 3)
                             for family in (4, 6))), check=False)
        for vip in VIPS:
            for fields in CHECKS:
                self.balancer.service('add', vip=vip, **fields)
                for one in self.backends_of({'vip': vip})[::2]:
                    self.balancer.backend('add', one, vip=vip, **fields)
                for name in SERVERS:
                    self.ask_rule(name, 'REPLACE', vip=vip, **fields)

    def delivered(self, vip):
        """{server: packets to the port that is checked}"""
        found = {}
        for name, real in self.real.items():
            for _, attrs in real.dump(genl.RULE_GET):
                rule = objects(attrs)['rule']
                if (rule['vip'], rule.get('port')) == (vip, CHECKED):
                    found[name] = rule['stats']['packets']
        return found

    def forwarded(self, vip):
        return sum(one['stats']['packets'] for one in self.balancer.backends(
            vip=vip, **CHECKS[0]).values())

    def check_flow(self, vip):
        """Packets pass again, and each is counted by both modules."""
        make, src = (wire6, '2001:db8:79::') if ':' in vip else (
            wire, '10.79.0.')
        packets = [make.udp(4000 + number, CHECKED, b'x', dst=vip,
                            src=f'{src}{number % 9 + 1}')
                   for number in range(CHECKED_PACKETS)]
        with wire.Tap(self.hosts[CLIENT]) as tap:
            def passes():
                for packet in packets[:8]:
                    tap.send(packet, NEAR % 0)
                return all(self.delivered(vip).values())
            wait_for(lambda: f'both servers get packets to {vip}: '
                     f'{self.delivered(vip)}', passes, every=0.1)
            # those of before may be on their way
            before = self.settled(lambda: (
                self.forwarded(vip), sum(self.delivered(vip).values())))
            for packet in packets:
                tap.send(packet, NEAR % 0)
        wanted = tuple(number + len(packets) for number in before)
        wait_for(lambda: f'all packets to {vip} counted: {wanted}, and not '
                 f'{self.forwarded(vip), self.delivered(vip)}',
                 lambda: wanted == (self.forwarded(vip),
                                    sum(self.delivered(vip).values())))

    @staticmethod
    def settled(look):
        """What look() finds when it finds the same several times."""
        found = []

        def same():
            found.append(look())
            return len(found) > 5 and len(set(found[-5:])) == 1
        wait_for('the counters stand still', same, every=0.05)
        return found[-1]

    def check_connection(self, vip):
        """A TCP connection, with an answer of its server."""
        family = socket.AF_INET6 if ':' in vip else socket.AF_INET
        with contextlib.ExitStack() as stack:
            def new(host):
                sock = stack.enter_context(host.socket(family,
                                                       socket.SOCK_STREAM))
                at_once(sock)
                return sock
            listeners = [new(self.hosts[name]) for name in SERVERS]
            for sock in listeners:
                sock.bind(('::' if ':' in vip else '0.0.0.0', LISTENING))
                sock.listen()
            client = new(self.hosts[CLIENT])
            client.connect((vip, LISTENING))
            ready, _, _ = select.select(listeners, [], [], 60)
            server = stack.enter_context(ready[0].accept()[0])
            at_once(server)
            client.sendall(b'x')
            server.sendall(server.recv(1) + b'y')
            answer = b''
            while len(answer) < 2 and (more := client.recv(2)):
                answer += more
            if answer != b'xy':
                raise Failure(f'{vip} answers {answer}')

    def seen(self):
        """The number of packets that have come to the hook of dsr_lb."""
        done = self.lb.run('nft', '-j', 'list', 'chain', 'inet', 'chaos', 'pre')
        return next(part['counter']['packets']
                    for one in json.loads(done.stdout)['nftables']
                    for part in one.get('rule', {}).get('expr', ())
                    if 'counter' in part)

    def check_reasons(self):
        """Each packet has had one reason, since the machine exists."""
        def differ():
            reasons = self.balancer.reasons()
            return sum(reasons.values()) - reasons['forwarded_ingress'] - \
                self.seen()
        wait_for(lambda: f'{differ()} more reasons than packets: '
                 f'{self.balancer.reasons()}', lambda: not differ())

    def check(self):
        self.mend()
        for vip in VIPS:
            self.check_flow(vip)
            self.check_connection(vip)
        self.check_reasons()
        return sum(self.balancer.reasons().values())


def packed(addr):
    return socket.inet_pton(socket.AF_INET6 if ':' in addr else socket.AF_INET,
                            addr)


def at_once(sock):
    """Let the end of a socket be a reset: nothing of it is left."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack('ii', 1, 0))
    sock.settimeout(60)


KINDS = [name for name, how in vars(Chaos).items() if hasattr(how, 'is_kind')]
# These take no process, or one, and are made while something else is broken, too.
QUICK = ('services', 'backends', 'schedulers', 'paths', 'rules', 'forget',
         'dumps', 'neighbours')
