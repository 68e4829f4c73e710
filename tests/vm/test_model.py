# SPDX-License-Identifier: GPL-2.0
"""Compare the balancer with a plain model.

Both get one long random sequence of packets, configuration changes and pauses;
they must agree on the destination of each packet. The model has no hash
tables, RCU or pools: only a dict of connections and a list of servers.

The sequence is always the same. DSR_MODEL_SEED selects another one, and
DSR_MODEL_STEPS its length.
"""

import collections
import os
import random

import pytest

import wire
from balancer import Balancer
from host import Failure, wait_for
from network import VIP, mac_of
from traffic import DEBUG
from wire import ACK, FIN, RST, SYN

LV1 = '10.10.31.11'
SEED = int(os.environ.get('DSR_MODEL_SEED', 20240229))
STEPS = int(os.environ.get('DSR_MODEL_STEPS', 1500 if DEBUG else 4000))
# Neighbours on the same wire, distinguished by their MAC addresses.
SERVERS = [f'10.10.30.{number}' for number in range(201, 206)]
SCHEDULERS = ('rr', 'wrr', 'lc', 'wlc', 'sed', 'nq', 'fo', 'ovf')
HASHES = ('sh', 'dh', 'maglev')
FLOWS = 24


class Conn:
    """The model's state of one flow."""

    def __init__(self, server, state):
        self.server = server
        self.state = state


class Server:
    """A backend of the model. A backend that is added again is a new one."""

    def __init__(self, name, weight):
        self.name = name
        self.weight = weight
        self.admin = 'up'
        self.removed = False
        self.credit = 0

    def is_member(self):
        return self.weight > 0 and self.admin == 'up'


def next_state(state, flags):
    if flags & RST:
        return 'closed'
    if flags & SYN:
        return state if state == 'established' else 'syn'
    if flags & FIN:
        return 'fin'
    return 'established' if state in ('syn', 'unproven') else state


class Model:
    """The reference."""

    def __init__(self):
        self.scheduler = 'rr'
        self.on_down = 'reschedule'
        self.servers = {}
        self.conns = {}
        self.turn = 0
        self.learned = {}           # the hash's choice, by flow

    # the servers

    def members(self):
        return [(name, self.servers[name]) for name in SERVERS
                if name in self.servers and self.servers[name].is_member()]

    def changed(self, before):
        """The members may have changed: members that stay keep their credit.
        """
        now = {name for name, _ in self.members()}
        for name in now - before:
            self.servers[name].credit = 0
        self.learned.clear()

    def member_names(self):
        return {name for name, _ in self.members()}

    def load(self, name):
        active = inactive = 0
        for conn in self.conns.values():
            if conn.server is self.servers[name]:
                if conn.state in ('established', 'udp'):
                    active += 1
                else:
                    inactive += 1
        return active, inactive

    # choosing

    def choose(self):
        """The server of a new connection, or None."""
        members = self.members()
        return getattr(self, f'_{self.scheduler}')(members) if members \
            else None

    def _rr(self, members):
        self.turn += 1
        return members[(self.turn - 1) % len(members)][0]

    @staticmethod
    def _wrr(members):
        for _, server in members:
            server.credit += server.weight
        best = max(members, key=lambda member: member[1].credit)
        best[1].credit -= sum(server.weight for _, server in members)
        return best[0]

    def _least(self, members, cost):
        """The first of the servers with the least cost for their weight."""
        return min(members, key=lambda member: cost(*self.load(member[0])) /
                   member[1].weight)[0]

    def _lc(self, members):
        return min(members, key=lambda member: _both(*self.load(member[0])))[0]

    def _wlc(self, members):
        return self._least(members, _both)

    def _sed(self, members):
        return self._least(members, lambda active, _: active + 1)

    def _nq(self, members):
        for name, _ in members:
            if not self.load(name)[0]:
                return name
        return self._sed(members)

    @staticmethod
    def _fo(members):
        return max(members, key=lambda member: member[1].weight)[0]

    def _ovf(self, members):
        free = [(name, server) for name, server in members
                if self.load(name)[0] < server.weight]
        return self._fo(free) if free else None

    # packets

    def packet(self, flow, flags):
        """The expected outcome of a packet.

        Returns ('server', NAME); ('hash', KEY): all packets of this key go to
        one server until the servers change; or (REASON, None).
        """
        conn = self.conns.get(flow)
        udp = flags is None
        opens = not udp and bool(flags & SYN)
        anew = conn is None
        if conn:
            dying = not conn.server.removed and \
                conn.server.admin != 'down' and not conn.server.is_member()
            finished = conn.state == 'closed' or dying and \
                conn.state == 'unproven' if udp else opens and (
                    conn.state in ('fin', 'closed', 'unproven') or
                    conn.server.removed or dying and conn.state == 'syn')
            # deleted, and added again?
            server = self.servers.get(conn.server.name)
            if server and server.admin != 'down':
                if not finished:
                    conn.server = server
                    conn.state = 'udp' if udp else next_state(
                        conn.state, flags)
                    return 'server', server.name
            elif not opens and not finished:
                if self.on_down == 'reset':
                    conn.state = 'closed'
                    return 'answered_reset', None
                if self.on_down == 'drop':
                    return 'drop_backend_down', None
        if opens:
            state = 'syn'
        elif anew or conn.state in ('unproven', 'closed'):
            state = 'unproven'
        else:
            state = 'udp' if udp else next_state(conn.state, flags)
        ends = anew and not udp and bool(flags & (FIN | RST))
        if self.scheduler in HASHES:
            return self.by_hash(flow, state, anew and opens or ends)
        if anew and not udp and not opens:
            # the packet may belong to a flow that had no place
            if not self.members():
                return 'drop_no_backend', None
            return self.by_hash(flow, state, ends, 'rendezvous')
        home = self.choose()
        if not home:
            return 'drop_no_backend', None
        self.conns[flow] = Conn(self.servers[home], state)
        return 'server', home

    def by_hash(self, flow, state, forgotten, hash_=None):
        if not self.members():
            return 'drop_no_backend', None
        hash_ = hash_ or self.scheduler
        key = (hash_, *flow) if hash_ == 'rendezvous' else (
            hash_, *{'sh': flow[1:2], 'dh': (), 'maglev': flow[1:3]}[hash_])
        if not forgotten:
            self.conns[flow] = Conn(None, state)        # see learn()
        return 'hash', key

    def learn(self, flow, key, home):
        """A hash has sent FLOW to HOME: tell if this is allowed."""
        if home not in self.member_names():
            return False
        if flow in self.conns and self.conns[flow].server is None:
            self.conns[flow].server = self.servers[home]
        return self.learned.setdefault(key, home) == home

    def expire(self):
        """A pause longer than any timeout."""
        self.conns.clear()


def _both(active, inactive):
    return 256 * active + inactive


class Story:
    """Send the same events to both, and compare."""

    def __init__(self, site):
        self.random = random.Random(SEED)
        self.model = Model()
        self.lv1 = Balancer(site)
        self.host = site.lv1
        self.log = []
        self.counts = dict.fromkeys(('packets', 'changes', 'pauses', 'hash'),
                                    0)
        self.taps = wire.Tap(site.client), wire.Tap(site.lv1, 'eth1',
                                                    outgoing=True)
        self.macs = {mac_of(name): name for name in SERVERS}
        self.ident = 0
        # flows whose last packet was a RST, or was answered with one
        self.reset = set()
        self.expected = {}          # by number
        self.dropped = collections.Counter()
        self.before = self.lv1.reasons()
        site.lv1.ip('\n'.join(
            f'neigh replace {name} lladdr {mac_of(name)} dev eth1 '
            'nud permanent' for name in SERVERS))
        site.undo.append(lambda: site.lv1.ip('\n'.join(
            f'neigh del {name} dev eth1' for name in SERVERS)))
        self.lv1.service('add')
        for name in SERVERS[:3]:
            self.add(name, 1)

    def close(self):
        for tap in self.taps:
            tap.sock.close()

    # changes

    def add(self, name, weight):
        self.settle()
        before = self.model.member_names()
        self.lv1.backend('add', name, weight=weight)
        self.model.servers[name] = Server(name, weight)
        self.model.changed(before)

    def delete(self, name):
        self.settle()
        before = self.model.member_names()
        self.lv1.backend('delete', name)
        self.model.servers.pop(name).removed = True
        self.model.changed(before)

    def set(self, name, **fields):
        self.settle()
        before = self.model.member_names()
        self.lv1.backend('set', name, **fields)
        for field, value in fields.items():
            setattr(self.model.servers[name], field, value)
        self.model.changed(before)

    def change(self):
        self.counts['changes'] += 1
        servers = self.model.servers
        what = self.random.choice(
            ('add', 'delete', 'weight', 'weight', 'admin', 'admin',
             'scheduler', 'scheduler', 'on_down'))
        absent = [name for name in SERVERS if name not in servers]
        if what == 'add' and absent:
            self.note(self.add, self.random.choice(absent),
                      self.random.randrange(4))
        elif what == 'delete' and len(servers) > 2:
            self.note(self.delete, self.random.choice(sorted(servers)))
        elif what == 'weight':
            self.note(self.set, self.random.choice(sorted(servers)),
                      weight=self.random.choice((0, 1, 1, 2, 3, 5)))
        elif what == 'admin':
            self.note(self.set, self.random.choice(sorted(servers)),
                      admin=self.random.choice(('up', 'up', 'up', 'draining',
                                                'down')))
        elif what == 'scheduler':
            self.settle()
            name = self.random.choice(SCHEDULERS + HASHES)
            self.log.append(f'scheduler {name}')
            if name != self.model.scheduler:
                self.model.learned.clear()
            self.lv1.service('set', scheduler=name)
            self.model.scheduler = name
        elif what == 'on_down':
            self.settle()
            self.model.on_down = self.random.choice(
                ('reschedule', 'reset', 'drop'))
            self.log.append(f'on_down {self.model.on_down}')
            self.lv1.service('set', on_down=self.model.on_down)

    def note(self, what, *args, **fields):
        self.log.append(f'{what.__name__} {args} {fields}')
        what(*args, **fields)

    def pause(self):
        """Pause until all connections are forgotten."""
        self.settle()
        self.counts['pauses'] += 1
        self.log.append('pause')
        states = ('syn', 'established', 'fin', 'closed', 'udp')
        self.lv1.timeouts(**dict.fromkeys(states, 1))
        wait_for('the janitor has been round',
                 lambda: not self.lv1.table()['entries'], every=0.1)
        self.lv1.timeouts(**dict.fromkeys(states, 0))
        self.model.expire()

    # packets

    def packet(self):
        self.counts['packets'] += 1
        number = self.random.randrange(FLOWS)
        src = f'10.20.{number % 3}.1'
        udp = number % 4 == 3
        flow = ('udp' if udp else 'tcp', src, 4000 + number)
        flags = None if udp else self.random.choices(
            (SYN, ACK, FIN | ACK, RST), (30, 50, 10, 5))[0]
        # After a RST, its own or a received one, a client sends only RSTs, or
        # begins again.
        if flow in self.reset and flags != RST:
            flags = SYN
        self.ident += 1
        wanted = self.model.packet(flow, flags)
        ended = not udp and (flags == RST or wanted[0] == 'answered_reset')
        (self.reset.add if ended else self.reset.discard)(flow)
        self.log.append(f'{self.ident}: {flow} flags {flags} → {wanted}')
        self.expected[self.ident] = flow, wanted
        if wanted[0] not in ('server', 'hash'):
            self.dropped[wanted[0]] += 1
        self.taps[0].send(
            wire.udp(flow[2], 9, src=src, ident=self.ident) if udp else
            wire.tcp(flow[2], flags=flags, src=src, ident=self.ident), LV1)
        # The model must learn the hash's choice before it continues.
        if wanted[0] == 'hash' or len(self.expected) >= 64:
            self.settle()

    def settle(self):
        """Wait until all packets have reached their destination."""
        if not self.expected:
            return
        to_server = {ident for ident, (_, wanted) in self.expected.items()
                     if wanted[0] in ('server', 'hash')}
        came = {}
        tap = self.taps[1]

        def drops():
            now = self.lv1.reasons()
            return {name: now[name] - self.before[name]
                    for name in self.dropped}

        def all_there():
            for packet in tap.drain():
                if packet.dst == VIP and packet.ident in self.expected:
                    came[packet.ident] = self.macs.get(
                        packet.mac_dst.hex(':'))
            return to_server <= set(came) and (
                len(to_server) == len(self.expected) or
                drops() == self.dropped)
        tap.seen.clear()
        try:
            wait_for('the packets at their servers', all_there, every=0.002)
        except Failure:
            pass
        for ident, (flow, (verdict, name)) in sorted(self.expected.items()):
            home = came.get(ident)
            right = (home == name if verdict == 'server' else
                     home is not None and self.model.learn(flow, name, home)
                     if verdict == 'hash' else home is None)
            self.counts['hash'] += verdict == 'hash'
            if not right:
                raise Failure(
                    f'seed {SEED}: packet {ident} of {flow} went to {home}, '
                    f'the model says {verdict} {name}; '
                    f'{self.model.scheduler}, {self.model.on_down}, turn '
                    f'{self.model.turn}, members {self.model.members()}, '
                    f'learned {self.model.learned}; before that:\n' +
                    '\n'.join(self.log[-60:]))
        assert drops() == self.dropped, '\n'.join(self.log[-60:])
        self.expected.clear()
        tap.seen.clear()

    def tell(self):
        for step in range(STEPS):
            if step == STEPS // 2:
                self.pause()
            elif self.random.random() < 0.08:
                self.change()
            else:
                self.packet()
        self.settle()

    def compare_counts(self):
        """The balancer's counters equal the model's."""
        for name, one in self.lv1.backends().items():
            assert (one['active'], one['inactive']) == self.model.load(name)
        assert self.lv1.table()['entries'] == len(self.model.conns)


@pytest.fixture
def story(site):
    story = Story(site)
    yield story
    story.close()


def test_model(story):
    print(f'seed {SEED}, {STEPS} steps')
    story.tell()
    print(story.counts)
    story.compare_counts()
    assert story.counts['hash'] > 20
    assert story.counts['packets'] > STEPS / 2
