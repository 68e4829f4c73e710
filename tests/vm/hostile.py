#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""A hostile neighbour and a hostile tenant beside honest connections.

Usage, in the virtual machine: tests/vm/hostile.py SECONDS

The neighbour is a machine on the clients' segment. At full rate it sends
packets of no connection, with random addresses and ports, and packets with the
addresses and ports of honest connections and guessed sequence numbers. The
tenant is an unprivileged user in namespaces of its own on the balancer:
tenant.py. At the end all honest connections must still work, and unproven ones
may have no more than their share of the table.

scripts/hostile.sh runs this file as a program, and test_hostile.py runs a
short form.
"""

import collections
import contextlib
import itertools
import json
import mmap
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import genl                                             # noqa: E402
import wire                                             # noqa: E402
from host import Failure, wait_for                      # noqa: E402
from network import CLIENT, VIP, Network, mac_of        # noqa: E402
from talk import Talk                                   # noqa: E402
from traffic import ADDRESS, BIG_MIB, MARK, Site                 # noqa: E402
from wire import ACK, FIN, PSH, RST, SYN                # noqa: E402

LV1 = '10.10.31.11'
HERE = os.path.dirname(os.path.abspath(__file__))
NOBODY = ('setpriv', '--reuid=65534', '--regid=65534', '--clear-groups')
# Several clients, so that persistence must distinguish them.
CLIENTS = [CLIENT, *(f'10.10.31.{number}' for number in range(201, 208))]
# Entries of the table for each honest connection. Unproven ones may take a
# quarter of them.
TABLE = 16
# No client listens on these ports; the last is the servers' own.
PORTS = (1, 443, 8080, 65535, 80)
PROGRESS = 10.0         # seconds from one line to the next
PATIENCE = 600          # seconds, beside processes that use all processors
CONFIGURATIONS = {
    f'{scheduler}, {mode}': (scheduler, mode)
    for scheduler in ('rr', 'maglev')
    for mode in ('plain', 'persistence', 'thresholds')}


# The neighbour

def folded(total):
    total = (total & 0xffff) + (total >> 16)
    return ~((total & 0xffff) + (total >> 16)) & 0xffff


class Forger:
    """Make the packets, one kind after the other.

    HONEST are the ends of honest connections, as [(address, port)].
    """

    def __init__(self, honest, seed):
        self.random = random.Random(seed)
        self.honest = honest
        self.vip = int.from_bytes(socket.inet_aton(VIP), 'big')
        self.halves = (self.vip >> 16) + (self.vip & 0xffff)
        self.frags = itertools.count(1)

    def stranger(self):
        """An end of no connection: one of 4 million addresses."""
        return (0x0a400000 | self.random.getrandbits(22),
                self.random.randrange(1024, 65536))

    def client(self):
        """The end of an honest connection, if there is one."""
        if not self.honest:
            return self.stranger()
        address, port = self.random.choice(self.honest)
        return int.from_bytes(socket.inet_aton(address), 'big'), port

    def tcp(self, end, flags, payload=b'', dport=80):
        """As wire.tcp(), with guessed sequence numbers; faster."""
        src, sport = end
        seq, ack, ident = (self.random.getrandbits(bits)
                           for bits in (32, 32, 16))
        if not flags & ACK:
            ack = 0
        size = 40 + len(payload)
        halves = (src >> 16) + (src & 0xffff) + self.halves
        head = folded(0x4500 + size + ident + 0x4000 + 0x4006 + halves)
        body = folded(halves + 6 + size - 20 + sport + dport + (seq >> 16) +
                      (seq & 0xffff) + (ack >> 16) + (ack & 0xffff) +
                      (0x5000 | flags) + 64240 + sum(struct.unpack(
                          f'>{len(payload) // 2}H', payload)))
        return struct.pack('>BBHHHBBHIIHHIIHHHH', 0x45, 0, size, ident, 0x4000,
                           64, 6, head, src, self.vip, sport, dport, seq, ack,
                           0x5000 | flags, 64240, body, 0) + payload

    def ip(self, end, proto, payload, ident=0, frag=0x4000):
        src = end[0]
        size = 20 + len(payload)
        head = folded(0x4500 + size + ident + frag + 0x4000 + proto +
                      (src >> 16) + (src & 0xffff) + self.halves)
        return struct.pack('>BBHHHBBHII', 0x45, 0, size, ident, frag, 64,
                           proto, head, src, self.vip) + payload

    def datagram(self, end):
        return self.ip(end, 17, struct.pack('>HHHH4s', end[1], self.random.choice(
            PORTS), 12, 0, b'none'))

    def fragment(self, end):
        """The first or the last fragment of a datagram, never both."""
        number = next(self.frags)
        body = struct.pack('>HHHH', end[1], 80, 1400, 0) + bytes(120)
        return self.ip(end, 17 if number % 4 else 6, body, number & 0xffff,
                       wire.MF if number % 2 else 100)

    def error(self, end):
        """An ICMP error about a segment from a VIP to that end."""
        src, port = end
        quoted = struct.pack('>BBHHHBBHIIHHII', 0x45, 0, 1500, 1, 0x4000, 64, 6,
                             0, self.vip, src, 80, port,
                             self.random.getrandbits(32), 0)[:28]
        type_, code, rest = self.random.choice((
            (3, 0, 0), (3, 1, 0), (3, 2, 0), (3, 3, 0), (3, 4, 68), (3, 4, 576),
            (3, 13, 0), (11, 0, 0), (12, 0, 0), (4, 0, 0)))
        data = struct.pack('>BBHI', type_, code, 0, rest) + quoted
        data = data[:2] + struct.pack('>H', wire.checksum(data)) + data[4:]
        return self.ip(end, 1, data)

    def malformed(self, end):
        packet = bytearray(self.tcp(end, ACK))
        packet[32] = self.random.choice((0x00, 0x30, 0xf0))
        return bytes(packet[:self.random.choice((24, 33, 40))])

    KINDS = {
        'strays': lambda f: f.tcp(f.stranger(), ACK),
        'stray data': lambda f: f.tcp(f.stranger(), ACK | PSH, b'GET / HTTP'),
        'stray FINs': lambda f: f.tcp(f.stranger(), FIN | ACK),
        'stray RSTs': lambda f: f.tcp(f.stranger(), RST),
        'SYNs': lambda f: f.tcp(f.stranger(), SYN),
        'SYN-ACKs': lambda f: f.tcp(f.stranger(), SYN | ACK),
        'datagrams': lambda f: f.datagram(f.stranger()),
        'fragments': lambda f: f.fragment(f.stranger()),
        'ICMP errors': lambda f: f.error(f.stranger()),
        'malformed': lambda f: f.malformed(f.stranger()),
        'forged ACKs': lambda f: f.tcp(f.client(), ACK),
        'forged data': lambda f: f.tcp(f.client(), ACK | PSH, b'GET / HTTP'),
        'forged FINs': lambda f: f.tcp(f.client(), FIN | ACK),
        'forged RSTs': lambda f: f.tcp(f.client(), RST),
        'forged RST-ACKs': lambda f: f.tcp(f.client(), RST | ACK),
        'forged SYNs': lambda f: f.tcp(f.client(), SYN),
        'forged SYN-ACKs': lambda f: f.tcp(f.client(), SYN | ACK),
        'forged fragments': lambda f: f.fragment(f.client()),
        'forged ICMP errors': lambda f: f.error(f.client()),
    }


class Neighbour:
    """lv2, which sends these packets to lv1, in a process of its own."""

    def __init__(self, site, honest, seed):
        self.site = site
        self.forger = Forger(honest, seed)
        self.kinds = list(Forger.KINDS)
        self.counts = mmap.mmap(-1, 8 * len(self.kinds))
        self.tap = wire.Tap(site.lv2)
        self.pid = None

    def __enter__(self):
        self.pid = os.fork()
        if not self.pid:
            try:
                self._send()
            finally:
                os._exit(1)
        self.tap.sock.close()       # no program would read the input
        return self

    def __exit__(self, *_):
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)

    def _send(self):
        head = bytes.fromhex((mac_of(LV1) + self.tap.mac).replace(':', '')) + \
            b'\x08\x00'
        makers = [Forger.KINDS[kind] for kind in self.kinds]
        for turn in itertools.count(1):
            for number, make in enumerate(makers):
                with contextlib.suppress(OSError):
                    self.tap.sock.send(head + make(self.forger))
                struct.pack_into('Q', self.counts, 8 * number, turn)

    @contextlib.contextmanager
    def still(self):
        """Pause the sending, and wait until the balancer has handled all
        packets."""
        def answered():
            return genl.reasons(self.site.lv1)['answered_ping']
        os.kill(self.pid, signal.SIGSTOP)
        try:
            before = answered()
            with wire.Tap(self.site.lv2) as tap:
                tap.send(wire.icmp_echo(), LV1)
            wait_for('the last has come', lambda: answered() > before, PATIENCE)
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def sent(self):
        """{kind: packets} so far."""
        return collections.Counter({
            kind: struct.unpack_from('Q', self.counts, 8 * number)[0]
            for number, kind in enumerate(self.kinds)})


# The tenant

class Tenant:
    """tenant.py on the balancer, run as an unprivileged user."""

    def __init__(self, site):
        self.host = site.lv1
        home = f'{site.net.directory}/tenant'
        os.makedirs(home, exist_ok=True)
        for name in ('tenant.py', 'genl.py'):
            shutil.copy(os.path.join(HERE, name), home)
            os.chmod(f'{home}/{name}', 0o644)
        os.chmod(home, 0o755)
        with open(f'{home}/says', 'wb') as says:
            self.child = self.host.start(
                *NOBODY, 'unshare', '-Urn', sys.executable,
                f'{home}/tenant.py', stdout=says, stderr=subprocess.STDOUT)
        self.says = f'{home}/says'

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.host.stop(self.child)

    def done(self):
        """{what: how often} so far."""
        with open(self.says, encoding='utf-8') as says:
            text = says.read()
        lines = [line for line in text.rpartition('\n')[0].splitlines()
                 if line.startswith('{')]
        if self.child.poll() is not None:
            raise Failure(f'the tenant has ended: {text}')
        return collections.Counter(json.loads(lines[-1]) if lines else {})


# The honest connections, and their fate

def honest_ends(client):
    """The ends of the client's connections to the VIP, as [(address, port)]."""
    wanted = f'{struct.unpack("I", socket.inet_aton(VIP))[0]:08X}:0050'
    found = []
    for line in client.read('/proc/net/tcp').splitlines()[1:]:
        words = line.split()
        if words[2] == wanted and words[3] == '01':     # ESTABLISHED
            address, port = words[1].split(':')
            found.append((socket.inet_ntoa(struct.pack('I', int(address, 16))),
                          int(port, 16)))
    return found


class Trial:
    """One configuration under attack."""

    def __init__(self, site, name, number):
        self.site, self.name, self.number = site, name, number
        self.table = TABLE * number
        self.talk = None
        self.sent = collections.Counter()
        self.tenant = collections.Counter()
        self.begun = self.lost = self.unproven = self.entries = self.flows = 0
        self.how = collections.Counter()
        self.reasons = collections.Counter()

    def configure(self):
        scheduler, mode = CONFIGURATIONS[self.name]
        options = f'scheduler {scheduler}'
        if mode == 'persistence':
            options += ' persist 1h'
        self.site.balance(options)
        self.site.lv1.dsrctl(f'connection set max {self.table}')
        for name in ADDRESS:
            self.site.net[name].dsrctl(f'flow set max {self.table}')
        if mode == 'thresholds':
            # enough for all of them on one server, and a few more
            upper = self.number + 100
            self.site.lv1.configure('\n'.join(
                f'backend set fwmark 1 via {address} upper {upper} '
                f'lower {upper * 3 // 4}' for address in ADDRESS.values()))
        self.site.client.ip('\n'.join(
            f'addr replace {address}/24 dev eth0' for address in CLIENTS))

    def run(self, goes_on, tell=lambda trial: None):
        """Attack while goes_on(self), which is called after each check."""
        before = [genl.reasons(self.site.lv1)] + [
            genl.reasons(self.site.net[name], 'dsr_rs') for name in ADDRESS]
        with Talk(self.site.client, VIP, self.number,
                  self.site.net.big_file(BIG_MIB), CLIENTS) as self.talk, \
                Tenant(self.site) as tenant:
            self.talk.settle(1, PATIENCE)
            self.begun = self.number
            for seed in itertools.count(1):
                with Neighbour(self.site, honest_ends(self.site.client),
                               seed) as neighbour:
                    self.look(neighbour)
                    wait_for('the tenant is at it', lambda: len(
                        tenant.done()) > 10, PATIENCE, 0.1)
                self.sent += neighbour.sent()
                self.tenant = tenant.done()
                tell(self)
                if not goes_on(self):
                    break
            self.judge_talk(self.talk.settle_after(PATIENCE))
        for was, now in zip(before, [genl.reasons(self.site.lv1)] + [
                genl.reasons(self.site.net[name], 'dsr_rs')
                for name in ADDRESS]):
            for reason, packets in now.items():
                if reason.startswith('drop') and packets > was[reason]:
                    self.reasons[reason] += packets - was[reason]

    def look(self, neighbour, packets=3000):
        """Check the connections during the attack, and begin new ones."""
        start = sum(neighbour.sent().values())
        self.talk.mark()
        wait_for('the neighbour sends', lambda: sum(
            neighbour.sent().values()) >= start + packets, PATIENCE, 0.1)
        self.ask_anew()
        # entries that are added during a walk would be counted with deleted
        # ones
        with neighbour.still():
            text = self.site.lv1.read('/proc/net/dsr/connections')
        half = [line for line in text.splitlines()
                if ' unproven ' in line or ' syn ' in line]
        # A SYN at the place of a connection that has ended takes no place more.
        # Only the clients have such connections.
        half = [line for line in half
                if not any(f' {client}:' in line for client in CLIENTS)]
        self.unproven = max(self.unproven, len(half))
        self.entries = max(self.entries, text.count('\n'))
        self.flows = max(self.flows, *(
            genl.table(self.site.net[name], 'dsr_rs')[0] for name in ADDRESS))
        self.judge_talk(self.talk.settle(2, PATIENCE))

    def ask_anew(self, number=10):
        """Begin connections during the attack."""
        self.begun += number
        done = self.site.client.run(
            'curl', '-sS', '--connect-timeout', '60', '-H', 'Connection: close',
            '-H', 'Host: example.org', f'http://{VIP}/?[1-{number}]', check=False)
        lost = number - len(done.stdout.splitlines())
        if lost:
            self.lost += lost
            self.how[done.stderr.strip()] += lost

    def judge_talk(self, state):
        was = sum(self.how.get(how, 0) for how in state['how'])
        self.lost += state['lost'] - was
        self.how.update({how: number - self.how.get(how, 0)
                         for how, number in state['how'].items()})

    def overloaded(self):
        return [address for address, one in self.site.backends().items()
                if one['overloaded']]


def forget(site):
    """Clear the state of a trial before the next one."""
    site.net.reload('dsr_rs')
    site.client.ip('\n'.join(f'addr del {address}/24 dev eth0'
                             for address in CLIENTS[1:]))


# The long form

def table(trials, out=sys.stdout):
    """Format all trials as one table."""
    def line(*cells):
        print('  '.join(str(cell).rjust(width) if number else
                        str(cell).ljust(width)
                        for number, (cell, width) in enumerate(
                            zip(cells, widths))).rstrip(), file=out)
    names = [trial.name for trial in trials]
    widths = [30] + [max(12, len(name)) for name in names]
    line('', *names)
    for kind in Forger.KINDS:
        line(f'sent: {kind}', *(trial.sent[kind] for trial in trials))
    for what in sorted(set().union(*(trial.tenant for trial in trials))):
        line(f'tenant: {what}', *(trial.tenant[what] for trial in trials))
    for reason in sorted(set().union(*(trial.reasons for trial in trials))):
        line(reason, *(trial.reasons[reason] for trial in trials))
    line('entries of the table, most', *(trial.entries for trial in trials))
    line('  there may be', *(trial.table for trial in trials))
    line('unproven ones, most', *(trial.unproven for trial in trials))
    line('  there may be', *(trial.table // 4 for trial in trials))
    line('flows of a real server, most', *(trial.flows for trial in trials))
    line('honest connections begun', *(trial.begun for trial in trials))
    line('honest connections lost', *(trial.lost for trial in trials))
    for trial in trials:
        for how, number in trial.how.items():
            print(f'lost with {trial.name}: {number}: {how}', file=out)
    out.flush()


def attack(site, seconds, number):
    """Run each configuration for its share of the time: the trials."""
    trials = []
    for name in CONFIGURATIONS:
        trial = Trial(site, name, number)
        trials.append(trial)
        trial.configure()
        end = time.monotonic() + seconds / len(CONFIGURATIONS)
        said = [time.monotonic()]

        def tell(trial, said=said):
            if time.monotonic() > said[0]:
                said[0] = time.monotonic() + PROGRESS
                print(f'{name}: {sum(trial.sent.values())} packets sent, '
                      f'{sum(trial.tenant.values())} requests of the tenant, '
                      f'{trial.unproven} unproven of {trial.entries} entries, '
                      f'{trial.lost} of {trial.begun} connections lost',
                      flush=True)
        trial.run(lambda _, end=end: time.monotonic() < end, tell)
        site.clean()
        forget(site)
    return trials


def main():
    seconds = int(sys.argv[1])
    number = int(os.environ.get('DSR_CONNECTIONS', 1000))
    try:
        with Network() as net:
            net.check()
            net.load()
            net.up()
            site = Site(net)
            site.start_servers()
            trials = attack(site, seconds, number)
    except Failure as failure:
        print(f'hostile: error: {failure}', file=sys.stderr)
        return 1
    table(trials)
    return any(trial.lost or trial.unproven > trial.table // 4 + os.cpu_count()
               for trial in trials)


if __name__ == '__main__':
    sys.exit(main())
