# SPDX-License-Identifier: GPL-2.0
"""Any object may be removed at any moment, under traffic."""

import contextlib
import os
import socket
import struct
import time

import pytest

import genl
import wire
from host import Host, run, wait_for
from network import CLIENT, VIP, W101, W102, refcount
from traffic import DEBUG, ask, flooding

pytestmark = pytest.mark.smp

LV1 = '10.10.31.11'

# "At once", for a user: unregistering waits for grace periods, which take time
# in an emulated machine.
# Emulated, under a flood, beside another machine. A device with a leaked
# reference never goes, and the kernel reports this after 10 s, which fails the
# run.
AT_ONCE = 180


def traffic():
    """TCP and UDP of many flows, new and known ones, errors, fragments."""
    packets = []
    for port in range(5000, 5060):
        packets += [wire.tcp(port), wire.tcp(port, flags=wire.ACK, seq=1001),
                    wire.udp(port, 7, b'data'), wire.udp(port, 9999)]
    packets += [wire.icmp_error(3, 3, wire.udp(7, 5000, src=VIP, dst=CLIENT)),
                wire.udp(6000, 7, b'x' * 1400, frag=0)]
    packets += [wire.ip(wire.udp(6001, 7, b'x' * 800)[20:420], 17,
                        frag=wire.MF, ident=5),
                wire.ip(wire.udp(6001, 7, b'x' * 800)[420:], 17, frag=50,
                        ident=5)]
    return packets


def forwarded(site):
    return genl.reasons(site.lv1)['forwarded']


@pytest.fixture
def flood(lb):
    """A flood through lv1 to both, and a download that goes on."""
    lb.echo('w101')
    lb.echo('w102')
    lb.client.start('curl', '-s', '--limit-rate', '2M', '-o', '/dev/null',
                    '-H', 'Host: x', f'http://{VIP}/big')
    with flooding(lb, traffic(), LV1):
        before = forwarded(lb)
        wait_for('the flood passes', lambda: forwarded(lb) > before + 300)
        yield lb


def timed(what, call, seconds=AT_ONCE):
    began = time.monotonic()
    call()
    took = time.monotonic() - began
    assert took < seconds, f'{what} took {took:.1f} s'


@pytest.fixture
def reload(site):
    """Load the removed module again after the test."""
    def back():
        missing = {'dsr_lb', 'dsr_rs'} - site.net.loaded
        if missing:
            site.net.load(*sorted(missing))
    site.undo.append(back)


@pytest.mark.smoke
@pytest.mark.parametrize('path', ['stack', 'direct'])
def test_rmmod_balancer(reload, flood, path):
    """With "path direct" also from ingress."""
    short = 'path add dev eth0' if path == 'direct' else ''
    flood.lv1.configure(f'service set fwmark 1 path {path}\n{short}')
    for _ in range(2):
        timed('rmmod dsr_lb', lambda: flood.net.unload('dsr_lb'))
        assert not os.path.exists('/sys/module/dsr_lb')
        timed('insmod dsr_lb', lambda: flood.net.load('dsr_lb'), 60)
        assert flood.services() == []
        flood.lv1.configure(f'''
            service add fwmark 1 path {path}
            backend add fwmark 1 via {W101}
            backend add fwmark 1 via {W102}
            {short}
        ''')
    before = forwarded(flood)
    wait_for('it forwards again', lambda: forwarded(flood) > before + 100)
    assert set(flood.replies(4)) <= {'w101 nano', 'w102 desu'}


@pytest.mark.smoke
def test_rmmod_real_server(reload, flood):
    for _ in range(2):
        wait_for('no command holds it', lambda: refcount('dsr_rs') == 0)
        timed('rmmod dsr_rs', lambda: flood.net.unload('dsr_rs'))
        assert not os.path.exists('/sys/module/dsr_rs')
        timed('insmod dsr_rs', lambda: flood.net.load('dsr_rs'), 60)
        for name in ('w101', 'w102'):
            flood.net[name].dsrctl(f'real add vip {VIP}')
    assert set(flood.replies(4)) <= {'w101 nano', 'w102 desu'}


@pytest.mark.smoke
def test_rmmod_with_services(reload, lb):
    """The balancer is in use until its services are removed."""
    other = Host('other')
    run('ip', 'netns', 'add', 'other')
    lb.undo.append(lambda: run('ip', 'netns', 'del', 'other', check=False))
    other.configure('service add fwmark 1\nservice add fwmark 2')
    for command in ('service show',
                    'service delete fwmark 1\nservice add fwmark 1',
                    'service flush'):
        lb.lv1.configure(command)
        done = run('rmmod', 'dsr_lb', check=False)
        assert (done.returncode, 'in use' in done.stderr) == (1, True)
    # a command that has just ended may hold it a moment longer
    wait_for('two services hold it', lambda: refcount('dsr_lb') == 2)
    other.configure('service delete fwmark 2')
    wait_for('one service holds it', lambda: refcount('dsr_lb') == 1)
    run('ip', 'netns', 'del', 'other')
    wait_for('its namespace is gone', lambda: not refcount('dsr_lb'))
    run('rmmod', 'dsr_lb')
    lb.net.loaded.discard('dsr_lb')


def test_rmmod_both_idle(reload, lb):
    """With configuration and connections, without traffic."""
    lb.replies(4)
    timed('rmmod', lambda: lb.net.unload('dsr_rs', 'dsr_lb'))
    lb.net.load()


def test_balancer_namespace_deleted(flood):
    """lv1 is deleted while packets pass it, and created again."""
    flood.lv1.configure('service set fwmark 1 path direct\npath add dev eth0')
    wait_for('the fast path is taken',
             lambda: genl.reasons(flood.lv1)['forwarded_ingress'])
    timed('deleting lv1', lambda: flood.net.unplug('lv1'))
    wait_for('its service is gone', lambda: refcount('dsr_lb') == 0)
    flood.rebuild('lv1')
    flood.lv1.configure(f'''
        service add fwmark 1
        backend add fwmark 1 via {W101}
        backend add fwmark 1 via {W102}
    ''')
    assert set(flood.replies(4)) <= {'w101 nano', 'w102 desu'}


def test_real_server_namespace_deleted(lb):
    """w102 is deleted while it gets packets; w101 continues."""
    with flooding(lb, [p for p in traffic() if p[9] == 17], LV1):
        before = forwarded(lb)
        wait_for('the flood passes', lambda: forwarded(lb) > before + 300)
        timed('deleting w102', lambda: lb.net.unplug('w102'))
        wait_for('no rule holds it', lambda: refcount('dsr_rs') == 0)
        assert 'w101 nano' in lb.curl(
            '--retry', '20', '--retry-connrefused',
            '--connect-timeout', '1', '--retry-delay', '1', '--retry-all-errors',
            f'http://{VIP}/')
    lb.rebuild('w102')
    lb.w102.dsrctl(f'real add vip {VIP}')
    wait_for('w102 serves again', lambda: 'w102 desu' in lb.replies(
        2, '--connect-timeout', '1', '--retry', '5', '--retry-all-errors'))


@pytest.mark.parametrize('path', ['stack', 'direct'])
def test_device_deleted(flood, path):
    """The device towards the backends is deleted."""
    flood.lv1.dsrctl(f'service set fwmark 1 path {path}')
    before = forwarded(flood)
    wait_for('the flood passes', lambda: forwarded(flood) > before + 100)
    timed('ip link del', lambda: flood.lv1.ip('link del eth1'))
    assert flood.backends()[W101]['state'] == 'no_route'
    assert {one['dev'] for one in flood.backends().values()} == {None}
    drops = genl.reasons(flood.lv1)['drop_no_route_to_backend']
    wait_for('counted', lambda: genl.reasons(
        flood.lv1)['drop_no_route_to_backend'] > drops)
    # the same configuration continues when there is a device again
    flood.lv1.ip('''
        link add name eth1 address 02:00:0a:0a:1e:0b type veth peer name lv1 netns back
        addr add 10.10.30.11/24 dev eth1
        addr add 10.10.30.10/32 dev eth1
        link set eth1 up
    ''')
    flood.net['back'].ip('link set lv1 master br0 up')
    flood.lv1.sysctl('ipv4/conf/eth1/rp_filter', 0)
    assert set(flood.replies(4)) <= {'w101 nano', 'w102 desu'}


def test_real_server_device_deleted(flood):
    """The real server's device is deleted under its flows."""
    timed('ip link del', lambda: flood.w102.ip('link del eth0'))
    flood.rebuild('w102')


class Queue:
    """An NFQUEUE that keeps packets until told; nfnetlink by hand."""

    def __init__(self, host, number=0):
        self.number = number
        with host.at():
            self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
        self.sock.settimeout(60)
        # bind to the queue, and get whole packets
        self.config(1, struct.pack('>BBH', 1, 0, 2))
        self.config(2, struct.pack('>IB', 0xffff, 2))

    def send(self, kind, attrs):
        body = struct.pack('>BBH', 0, 0, self.number) + attrs
        self.sock.send(struct.pack('IHHII', 16 + len(body), 3 << 8 | kind,
                                   1, 1, 0) + body)

    def config(self, kind, data):
        self.send(2, genl.attr(kind, data))

    def packet(self):
        """The id of the next queued packet."""
        while True:
            data = self.sock.recv(1 << 17)
            if struct.unpack_from('H', data, 4)[0] == 3 << 8:
                return struct.unpack_from('>I', dict(genl.parse(
                    data[20:]))[1])[0]

    def accept(self, number):
        self.send(1, genl.attr(2, struct.pack('>II', 1, number)))


def test_rmmod_with_queued_packets(reload, lb):
    """Packets wait for a verdict in FORWARD, which comes after rmmod.

    The kernel drops queued packets when a hook of the namespace is removed, so
    the test can only check that nothing breaks.
    """
    lb.lv1.iptables(*'-A FORWARD -d 10.10.31.100 -j NFQUEUE'.split())
    queue = Queue(lb.lv1)
    lb.sockets.append(queue.sock)
    for path in ('stack', 'direct', 'stack'):
        lb.lv1.dsrctl(f'service replace fwmark 1 path {path}')
        with wire.Tap(lb.client) as client:
            for port in range(4000, 4004):
                client.send(wire.tcp(port), LV1)
        waiting = [queue.packet() for _ in range(4 * (path == 'stack'))]
        timed('rmmod', lambda: lb.net.unload('dsr_lb'))
        for number in waiting:
            queue.accept(number)
        lb.net.load('dsr_lb')
        lb.lv1.configure(f'''
            service add fwmark 1
            backend add fwmark 1 via {W101}
            backend add fwmark 1 via {W102}
        ''')
    # packets with a verdict while the module is loaded are forwarded
    with wire.Tap(lb.client) as client, wire.Tap(lb.w101) as w101, \
            wire.Tap(lb.w102) as w102:
        for port in range(4100, 4104):
            client.send(wire.tcp(port), LV1)
        queue.sock.settimeout(0.1)

        def sent_on():
            # among resets that answer earlier packets
            with contextlib.suppress(TimeoutError):
                queue.accept(queue.packet())
            return len([p for p in w101.drain() + w102.drain()
                        if p.dst == VIP and p.flags == wire.SYN]) >= 4
        wait_for('they are sent on', sent_on)


def test_device_deleted_with_queued_packets(lb):
    """The same with a packet whose device goes away."""
    lb.lv1.iptables(*'-A FORWARD -d 10.10.31.100 -j NFQUEUE'.split())
    queue = Queue(lb.lv1)
    lb.sockets.append(queue.sock)
    lb.undo.append(lambda: lb.rebuild('lv1'))
    with wire.Tap(lb.client) as client:
        for port in range(4000, 4004):
            client.send(wire.tcp(port), LV1)
        waiting = [queue.packet() for _ in range(4)]
        timed('ip link del', lambda: lb.lv1.ip('link del eth1'))
        for number in waiting:
            queue.accept(number)
    lb.sockets.remove(queue.sock)
    queue.sock.close()


@pytest.mark.parametrize('end', ['rmmod', 'namespace', 'backend'])
def test_packets_wait_for_arp(reload, lb, end):
    """Packets wait in the neighbour's queue for a MAC address that never
    comes."""
    # They would be dropped after three seconds, which a slow machine needs.
    solicit = 'ipv4/neigh/eth1/mcast_solicit'
    asked = lb.lv1.sysctl(solicit)
    lb.lv1.sysctl(solicit, 1000)
    lb.undo.append(lambda: lb.lv1.sysctl(solicit, asked))
    lb.lv1.dsrctl('backend add fwmark 1 via 10.10.30.150')
    with wire.Tap(lb.client) as client:
        for port in range(4000, 4012):
            client.send(wire.tcp(port), LV1)
    assert lb.backends()['10.10.30.150']['state'] == 'incomplete'
    if end == 'rmmod':
        timed('rmmod', lambda: lb.net.unload('dsr_lb'))
    elif end == 'namespace':
        timed('deleting lv1', lambda: lb.net.unplug('lv1'))
        lb.rebuild('lv1')
    else:
        lb.lv1.dsrctl('backend delete fwmark 1 via 10.10.30.150')
        timed('ip link del', lambda: lb.lv1.ip('link del eth1'))
        lb.rebuild('lv1')


@pytest.mark.parametrize('end', ['rmmod', 'device'])
def test_packets_wait_in_qdisc(reload, lb, end):
    """Packets wait in a slow device."""
    lb.lv1.run(*'tc qdisc add dev eth1 root netem delay 2s'.split())
    lb.undo.append(lambda: lb.rebuild('lv1'))
    with wire.Tap(lb.client) as client:
        for port in range(4000, 4012):
            client.send(wire.tcp(port), LV1)
    if end == 'rmmod':
        timed('rmmod', lambda: lb.net.unload('dsr_lb'))
    else:
        timed('ip link del', lambda: lb.lv1.ip('link del eth1'))


def test_many_namespaces(site):
    """Namespaces with services, real server rules and flows are created and
    deleted."""
    number = 200 // (5 if DEBUG else 1)
    names = [f'n{n}' for n in range(number)]
    run('ip', '-batch', '-', stdin=''.join(f'netns add {n}\n' for n in names))
    made = time.monotonic()
    for name in names:
        host = Host(name)
        with host.at():
            with genl.Genl('dsr') as lb:
                for mark in range(1, 4):
                    lb.ask(genl.SERVICE_ADD, genl.service(mark))
            with genl.Genl('dsr_rs') as rs:
                rs.ask(genl.RULE_ADD, genl.nest(
                    genl.A_RULE, genl.addr(genl.RULE_VIP, VIP)))
    used = time.monotonic()
    run('ip', '-batch', '-', stdin=''.join(f'netns del {n}\n' for n in names),
        timeout=100)
    wait_for('the last has gone: the modules can be unloaded',
             lambda: refcount('dsr_lb') == refcount('dsr_rs') == 0)
    site.net.unload('dsr_lb', 'dsr_rs')
    site.net.load()
    assert used - made < 0.25 * number, 'configuring is slow'
