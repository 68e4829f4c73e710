# SPDX-License-Identifier: GPL-2.0
"""The choice of a backend for each connection, which stays with it."""

import collections
import re
import socket
import subprocess

import pytest

import genl
import wire
from host import wait_for
from network import CLIENT, VIP, W101, W102
from traffic import SCALE, ask


def counts(site):
    return {address: one['connections']
            for address, one in site.backends().items()}


@pytest.mark.smoke
@pytest.mark.parametrize('path', ['stack', 'direct'])
def test_sequential(site, path):
    """rr is exactly even, for the servers and in dsrctl."""
    number = (1000 if path == 'stack' else 200) // SCALE
    site.balance(f'path {path}')
    before = {name: site.net.served(name)[0] for name in ('w101', 'w102')}
    assert site.replies(number) == {'w101 nano': number // 2,
                                    'w102 desu': number // 2}
    assert counts(site) == {W101: number // 2, W102: number // 2}
    for name, old in before.items():
        assert site.net.served(name)[0] - old == number // 2


@pytest.mark.smp
def test_parallel(lb):
    number = 200
    before = {name: lb.net.served(name)[0] for name in ('w101', 'w102')}
    replies = lb.replies(number, '-Z', '--parallel-max', '200',
                         '--parallel-immediate', timeout=100)
    assert replies == {'w101 nano': 100, 'w102 desu': 100}
    assert counts(lb) == {W101: 100, W102: 100}
    for name, old in before.items():
        assert lb.net.served(name)[0] - old == 100


def test_weights(site):
    """wrr gives each backend exactly its share."""
    site.balance('scheduler wrr', weights={'w101': 3, 'w102': 1})
    assert site.replies(80) == {'w101 nano': 60, 'w102 desu': 20}
    assert counts(site) == {W101: 60, W102: 20}
    site.lv1.dsrctl(f'backend set fwmark 1 via {W102} weight 2')
    assert site.replies(50) == {'w101 nano': 30, 'w102 desu': 20}


def test_same_connection_same_server(lb):
    """All requests of a connection reach one server, with others in between.
    """
    sock = lb.connect()
    first = ask(sock)
    for _ in range(3):
        lb.replies(1)
        assert ask(sock) == first


def test_weight_zero(lb):
    """A backend of weight 0 gets no new connections, and keeps the old ones.
    """
    sock = lb.connect_to('w101')
    lb.lv1.dsrctl(f'backend set fwmark 1 via {W101} weight 0')
    assert lb.replies(10) == {'w102 desu': 10}
    for _ in range(3):
        assert ask(sock) == 'w101 nano'
    lb.lv1.dsrctl(f'backend set fwmark 1 via {W101} weight 1')
    assert lb.replies(10) == {'w101 nano': 5, 'w102 desu': 5}


def test_all_weights_zero(lb, reasons):
    """With all weights at 0 no backend gets the packet, and the counter says
    so."""
    sock = lb.connect_to('w101')
    lb.lv1.configure(f'''
        backend set fwmark 1 via {W101} weight 0
        backend set fwmark 1 via {W102} weight 0 force
    ''')
    since = reasons('lv1')
    with wire.Tap(lb.client) as client:
        client.send(wire.tcp(4000), '10.10.31.11')
    wait_for('drop counted', lambda: since['drop_no_backend'] == 1)
    assert ask(sock) == 'w101 nano'


def test_no_backends(site, reasons):
    site.balance(backends=())
    since = reasons('lv1')
    with wire.Tap(site.client) as client:
        client.send(wire.tcp(4000), '10.10.31.11')
    wait_for('drop counted', lambda: since['drop_no_backend'] == 1)
    assert site.connections() == []


def test_backend_deleted(lb):
    """The client gets a reset at once."""
    sock = lb.connect_to('w101')
    other = lb.connect_to('w102')
    lb.lv1.dsrctl(f'backend delete fwmark 1 via {W101}')
    before = lb.sent_again()
    with pytest.raises(ConnectionError):
        ask(sock)
    assert lb.sent_again() - before < 5
    assert ask(other) == 'w102 desu'
    assert list(lb.backends()) == [W102]
    assert lb.replies(4) == {'w102 desu': 4}
    assert {one['sport']: one['backend'] for one in lb.connections()}[
        sock.getsockname()[1]] == W102
    lb.lv1.dsrctl(f'backend add fwmark 1 via {W101}')
    assert lb.replies(4) == {'w101 nano': 2, 'w102 desu': 2}
    assert ask(other) == 'w102 desu'


def test_udp_backend_deleted(lb):
    """A UDP client gets another server with its next datagram."""
    lb.echo('w101').prefix = b'w101'
    lb.echo('w102').prefix = b'w102'
    sock = lb.udp()
    sock.send(b'')
    first = sock.recv(100).decode()
    sock.send(b'')
    assert sock.recv(100).decode() == first
    gone, left = (W101, 'w102') if first == 'w101' else (W102, 'w101')
    lb.lv1.dsrctl(f'backend delete fwmark 1 via {gone}')
    sock.send(b'')
    assert sock.recv(100).decode() == left


def test_service_deleted(lb):
    """Packets of a deleted service pass untouched; other services stay."""
    lb.lv1.configure(f'''
        service add fwmark 7
        backend add fwmark 7 via {W101}
    ''')
    lb.connect_to('w101')
    lb.lv1.dsrctl('service delete fwmark 1')
    assert [one['fwmark'] for one in lb.lv1.show('service show')] == [7]
    with pytest.raises(OSError):        # no route to host, from lv1
        lb.connect(seconds=3)


def test_port_reused(lb):
    """A SYN with the port pair of a finished connection is forwarded at once.
    """
    seen = collections.Counter()
    for _ in range(6):
        sock = lb.connect(sport=4500)
        seen[ask(sock)] += 1
        # with a reset, so that the client itself can use the port again
        sock.close()
    assert seen == {'w101 nano': 3, 'w102 desu': 3}


def test_port_reused_after_fin(silent):
    """The same after a FIN; the state is that of the last packet."""
    with wire.Tap(silent.client) as client, wire.Tap(silent.w101) as w101, \
            wire.Tap(silent.w102) as w102:
        client.send(wire.tcp(4000, flags=wire.SYN, seq=1), '10.10.31.11')
        client.send(wire.tcp(4000, flags=wire.ACK, seq=2, ack=1),
                    '10.10.31.11')
        wait_for('established', lambda: [
            one['state'] for one in silent.connections()] == ['established'])
        client.send(wire.tcp(4000, flags=wire.FIN | wire.ACK, seq=2, ack=1),
                    '10.10.31.11')
        wait_for('fin', lambda: [
            one['state'] for one in silent.connections()] == ['fin'])
        client.send(wire.tcp(4000, flags=wire.SYN, seq=99), '10.10.31.11')
        # rr: a new connection would go to the other server
        first, second = ((w101, w102) if any(
            p.sport == 4000 for p in w101.drain()) else (w102, w101))
        second.wait(lambda p: p.flags == wire.SYN and p.seq == 99, 'the SYN')
        first.none(lambda p: p.sport == 4000 and p.seq == 99,
                   'it was the other one\'s turn')


def test_retransmitted_syn(silent):
    """A repeated SYN goes to the same server as the first one."""
    with wire.Tap(silent.client) as client, wire.Tap(silent.w101) as w101, \
            wire.Tap(silent.w102) as w102:
        for _ in range(4):
            client.send(wire.tcp(4000), '10.10.31.11')
        client.send(wire.tcp(4001), '10.10.31.11')
        wait_for('all SYNs', lambda: len(
            [p for p in w101.drain() + w102.drain() if p.dst == VIP]) == 5)
        one = {len([p for p in tap.drain() if p.sport == 4000])
               for tap in (w101, w102)}
    assert one == {0, 4}


@pytest.mark.parametrize('proto', ['tcp', 'udp'])
def test_cap(silent, reasons, proto):
    """At the limit of the table new flows are still balanced."""
    flows = 200
    silent.lv1.dsrctl('connection set max 16')
    since = reasons('lv1')
    with wire.Tap(silent.client) as client, wire.Tap(silent.w101) as w101, \
            wire.Tap(silent.w102) as w102:
        # Each continues at once, since single packets have a limited share.
        for port in range(4000, 4000 + flows):
            for packet in ((wire.tcp(port), wire.tcp(port, flags=wire.ACK))
                           if proto == 'tcp' else [wire.udp(port, 9)] * 2):
                client.send(packet, '10.10.31.11')
        homes = collections.defaultdict(list)

        def all_there():
            homes.clear()
            for tap in (w101, w102):
                for packet in tap.drain():
                    if packet.dst == VIP:
                        homes[packet.sport].append(tap)
            return sum(map(len, homes.values())) == 2 * flows
        wait_for('every packet of every flow', all_there)
    # both packets of a flow went to the same server, with or without an entry
    assert all(len(set(taps)) == 1 for taps in homes.values())
    share = sum(taps[0] is w101 for taps in homes.values())
    assert 60 < share < 140, 'not balanced'
    entries, most = genl.table(silent.lv1)
    assert most == 16 and entries <= 16
    assert since['forwarded_stateless'] == 2 * (flows - 16)
    assert since['forwarded'] == 2 * 16
    assert not [name for name in since.all() if name.startswith('drop')]


def test_cap_is_for_new_flows(lb):
    """Connections in the table stay with their servers."""
    socks = [lb.connect() for _ in range(4)]
    first = [ask(sock) for sock in socks]
    lb.lv1.dsrctl('connection set max 16')
    lb.replies(30)
    assert [ask(sock) for sock in socks] == first


def static_backend(site):
    """A backend that drops everything: no machine has its address."""
    site.lv1.ip('neigh replace 10.10.30.200 lladdr 02:00:00:00:00:c8 '
                'dev eth1 nud permanent')
    site.lv1.configure('''
        service add fwmark 1
        backend add fwmark 1 via 10.10.30.200
    ''')


def clients(text):
    """The clients' ends of a list of connections."""
    return re.findall(r'10\.20\.1\.\d+:\d+', text)


@pytest.mark.smp
def test_dump(site):
    """Dumps are complete while packets come and the table grows."""
    number = 30000 // SCALE
    static_backend(site)
    with wire.Tap(site.client) as client:
        frames = wire.flows(number, '10.10.31.11', client.mac)
        seen = set()
        for start in range(0, number, number // 5):
            child = site.lv1.start('dsrctl', 'connection', 'show',
                                   stdout=subprocess.PIPE)
            for frame in frames[start:start + number // 5]:
                client.sock.send(frame)
            listed = clients(child.communicate()[0].decode())
            site.lv1.stop(child)
            keys = set(listed)
            assert len(keys) == len(listed), 'an entry twice'
            missing = seen - keys
            assert not missing, f'{len(missing)} entries not in the dump'
            seen = keys
    # The table is resized meanwhile, so all must be there from now on, beside
    # connections of earlier tests that are still closing.
    wait_for('all flows in the table',
             lambda: genl.table(site.lv1)[0] >= number)
    for _ in range(2):
        listed = clients(site.lv1.run('dsrctl', 'connection', 'show',
                                      timeout=100).stdout)
        assert len(listed) == len(set(listed)) == number
    listed = clients(site.lv1.read('/proc/net/dsr/connections'))
    assert len(listed) == len(set(listed)) == number
    site.lv1.dsrctl('connection flush')
    assert genl.table(site.lv1)[0] == 0
    assert not clients(site.lv1.run('dsrctl', 'connection', 'show').stdout)


def test_procfs(lb):
    """/proc has the same content as the netlink interface."""
    lb.replies(2)
    assert '10.10.30.101' in lb.lv1.read('/proc/net/dsr/services')
    lines = lb.lv1.read('/proc/net/dsr/connections').splitlines()
    assert len([line for line in lines if CLIENT in line]) == 2
    stats = lb.lv1.read('/proc/net/dsr/stats')
    for name, number in genl.reasons(lb.lv1).items():
        line = next(line for line in stats.splitlines()
                    if line.split()[0] == name)
        assert line.split()[1] == str(number)


@pytest.mark.smp
def test_change_while_traffic_flows(lb):
    """Weights, schedulers, paths and backends change under load without a
    loss."""
    lines = []
    for turn in range(4):
        lines.append(f'''
            service set fwmark 1 scheduler {('wrr', 'rr')[turn % 2]}
            service set fwmark 1 path {('direct', 'stack')[turn % 2]}
            backend set fwmark 1 via {W101} weight {turn + 2}
            backend set fwmark 1 via {W102} weight {5 - turn}
            service replace fwmark 1 scheduler wrr
        ''')
    lb.change_under_load(lines)
