# SPDX-License-Identifier: GPL-2.0
"""Many changes at once: no packet meets half of them, and none outlives a kill."""

import errno
import socket
import struct
import subprocess

import pytest

import genl
import uapi
from balancer import Balancer, encode, key_of
from host import wait_for
from network import VIP, W101, W102

ETH_P_IP = 0x800
PORT = 21000
SERVICES = 200
MAGIC = b'transaction'


def change(verb, fields, backend=None, **options):
    """One change of a service or of a backend."""
    key = key_of(dict(fields))
    if backend is None:
        nests = [genl.nest(uapi.DSR_CHANGE_A_SERVICE,
                           encode('SERVICE', {**key, **options}))]
    else:
        nests = [genl.nest(uapi.DSR_CHANGE_A_SERVICE, encode('SERVICE', key)),
                 genl.nest(uapi.DSR_CHANGE_A_BACKEND, encode(
                     'BACKEND', {'addr': backend, **options}))]
    cmd = getattr(uapi, 'DSR_CMD_' + verb.upper())
    return genl.nest(uapi.DSR_A_CHANGE,
                     genl.u8(uapi.DSR_CHANGE_A_CMD, cmd), *nests)


@pytest.fixture
def lv1(site):
    return Balancer(site)


def state(lv1):
    """All services and backends, without what changes by itself."""
    found = []
    for one in lv1.dump('SERVICE_GET') + lv1.dump('BACKEND_GET'):
        for kind in ('service', 'backend'):
            for name in ('stats', 'state', 'mac', 'ifindex', 'unresolved'):
                one.get(kind, {}).pop(name, None)
        found.append(one)
    return found


def told(events):
    """The events of requests: a neighbour may answer at any moment."""
    return [name for name, _ in events.all() if name != 'backend_state']


def refused(lv1, *changes):
    """The refusal of a transaction, which must have changed nothing."""
    before = state(lv1)
    events = lv1.events()
    with pytest.raises(genl.Refused) as caught:
        lv1.request('TRANSACTION', b''.join(changes))
    assert state(lv1) == before
    assert not told(events)
    return caught.value.errno


def test_all_or_nothing(lv1):
    """Each change builds on those before it; a refusal leaves nothing."""
    one, two, three = ({'fwmark': mark} for mark in (4101, 4102, 4103))
    lv1.request('TRANSACTION', b''.join([
        change('service_add', one, scheduler='wrr'),
        change('backend_add', one, W101, weight=5),
        change('backend_add', one, W102, weight=7),
        change('service_add', two),
        change('backend_add', two, W101)]))
    assert lv1.get(**one)['scheduler'] == 'wrr'
    assert {addr: b['weight'] for addr, b in lv1.backends(**one).items()} == {
        W101: 5, W102: 7}
    good = [change('service_delete', two),
            change('service_add', three, scheduler='maglev', table_size=251),
            change('backend_add', three, W102),
            change('backend_set', one, W101, weight=6),
            change('backend_delete', one, W102),
            change('service_set', one, scheduler='lc')]
    assert refused(lv1, *good, change('service_add', one)) == errno.EEXIST
    assert refused(lv1, *good, change('service_set', two,
                                      scheduler='rr')) == errno.ENOENT
    assert refused(lv1, *good, change('backend_add', one, '10.99.0.1')) in (
        errno.EHOSTUNREACH, errno.EINVAL)
    assert refused(lv1, *good, change('backend_delete', one,
                                      W102)) == errno.ENOENT
    assert refused(lv1, *good, change('backend_set', one, W101,
                                      weight=65536)) == errno.ERANGE
    assert refused(lv1, *good, change('service_set', one, probe_marks=4096,
                                      )) == errno.EADDRINUSE
    assert refused(lv1, *good, change('service_flush', one)) == errno.EINVAL
    assert refused(lv1) == errno.EINVAL
    events = lv1.events()
    lv1.request('TRANSACTION', b''.join(good))
    assert lv1.get(**one)['scheduler'] == 'lc'
    assert {addr: b['weight'] for addr, b in lv1.backends(**one).items()} == {
        W101: 6}
    assert set(lv1.backends(**three)) == {W102}
    assert set(told(events)) == {
        'service_delete', 'service_add', 'backend_add', 'backend_set',
        'backend_delete', 'service_set'}
    with pytest.raises(genl.Refused):
        lv1.get(**two)
    # a backend that goes and comes again stays, with its connections
    lv1.request('TRANSACTION', change('backend_delete', one, W101) +
                change('backend_add', one, W101, weight=9))
    assert lv1.backends(**one)[W101]['weight'] == 9
    lv1.request('TRANSACTION', change('service_delete', one) +
                change('service_add', one) +
                change('service_delete', three))
    assert lv1.get(**one)['scheduler'] == 'rr' and not lv1.backends(**one)


def generation(lv1):
    for _, attrs in lv1.genl.ask(uapi.DSR_CMD_STATS_GET):
        return dict(attrs)[uapi.DSR_A_GENERATION]


def test_generation(lv1):
    """A transaction is refused if the configuration is another one by now."""
    one = {'fwmark': 4104}
    before = genl.attr(uapi.DSR_A_GENERATION, generation(lv1))
    lv1.request('TRANSACTION', before + change('service_add', one))
    assert refused(lv1, before, change('service_delete', one)) == errno.EAGAIN
    now = genl.attr(uapi.DSR_A_GENERATION, generation(lv1))
    lv1.request('TRANSACTION', now + change('service_delete', one))


def text(first, backend, count=SERVICES):
    """A file of services that all have one backend."""
    lines = ['services:']
    for number in range(count):
        lines += [f'  - vip: {VIP}', '    proto: udp',
                  f'    port: {first + number}', '    one-packet: "on"',
                  f'    backends: [{backend}]']
    return '\n'.join([*lines, '...', ''])


@pytest.fixture
def files(tmp_path):
    """Two files that have the same services, with different backends."""
    found = []
    for backend in (W101, W102):
        path = tmp_path / f'{backend}.yaml'
        path.write_text(text(PORT, backend))
        found.append(str(path))
    return found


class Arrivals:
    """The numbered datagrams that a real server gets."""

    def __init__(self, site, name):
        self.sock = site.net[name].socket(
            socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
        site.undo.append(self.sock.close)
        self.sock.bind(('eth0', ETH_P_IP))
        self.sock.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)  # RCVBUFFORCE
        self.sock.setblocking(False)
        self.numbers = []

    def read(self):
        while True:
            try:
                data = self.sock.recv(2048)
            except BlockingIOError:
                return len(self.numbers)
            if data[28:28 + len(MAGIC)] == MAGIC:
                self.numbers += struct.unpack_from('I', data, 28 + len(MAGIC))


class Stream:
    """Datagrams to one service after the other."""

    def __init__(self, site):
        self.sock = site.net['client'].socket(socket.AF_INET,
                                              socket.SOCK_DGRAM)
        site.undo.append(self.sock.close)
        self.arrivals = [Arrivals(site, name) for name in ('w101', 'w102')]
        self.sent = 0

    def send(self, number=SERVICES):
        for _ in range(number):
            self.sock.sendto(MAGIC + struct.pack('I', self.sent),
                             (VIP, PORT + self.sent * 7 % SERVICES))
            self.sent += 1
        return sum(one.read() for one in self.arrivals)

    def settle(self):
        wait_for('all datagrams have come', lambda: sum(
            one.read() for one in self.arrivals) >= self.sent)


def test_at_once(site, files):
    """200 services change their backend between two datagrams."""
    site.lv1.changed = True
    site.lv1.run('dsrctl', 'apply', files[0])
    stream = Stream(site)
    stream.send()
    stream.settle()
    for turn in range(4):
        begin = stream.sent
        child = site.lv1.start('dsrctl', 'apply', files[~turn & 1],
                               stdout=subprocess.PIPE)
        while child.poll() is None:
            stream.send(20)
        stream.send()
        stream.settle()
        said = child.stdout.read().decode()
        assert child.returncode == 0, said
        assert said.endswith(f'\nchanged {2 * SERVICES}\n'), said
        old, new = (stream.arrivals[(turn + n) & 1].numbers for n in (0, 1))
        # nothing is lost, nothing comes twice, and there is one moment
        assert sorted(old + new) == list(range(stream.sent))
        assert max([n for n in old if n >= begin], default=begin) < min(
            n for n in new if n >= begin)


def saved(site):
    return site.lv1.run('dsrctl', 'save').stdout


def test_killed(site, files):
    """SIGKILL at any moment leaves the old configuration or the new one."""
    site.lv1.changed = True
    both = []
    for path in files:
        site.lv1.run('dsrctl', 'apply', path)
        both.append(saved(site))
    assert both[0] != both[1]
    stream = Stream(site)
    for turn in range(8):
        child = site.lv1.start('dsrctl', 'apply', files[turn & 1],
                               stdout=subprocess.DEVNULL)
        # a while that is longer each time, on a machine of any speed
        stream.send(40 * turn * turn)
        child.kill()
        child.wait()
        assert saved(site) in both


def test_two_at_once(site, files):
    """Of two files that are applied at once, one is the configuration."""
    site.lv1.changed = True
    both = []
    for path in files:
        site.lv1.run('dsrctl', 'apply', path)
        both.append(saved(site))
    for _ in range(3):
        children = [site.lv1.start('dsrctl', 'apply', path,
                                   stdout=subprocess.DEVNULL)
                    for path in files]
        assert [child.wait(timeout=120) for child in children] == [0, 0]
        assert saved(site) in both


def test_refused_place(site, tmp_path):
    """The kernel's refusal of one change has its place in the file."""
    site.lv1.changed = True
    path = tmp_path / 'bad.yaml'
    path.write_text(text(PORT, W101, 3).replace(
        f'backends: [{W101}]', f'backends: [{W101}, 10.99.0.1]', 2))
    done = site.lv1.run('dsrctl', 'apply', str(path), check=False)
    assert done.returncode == 2 and done.stdout == 'changed 0 of 8\n', done
    assert 'bad.yaml:6:' in done.stderr, done
    assert saved(site).count('port:') == 0
