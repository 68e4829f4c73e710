# SPDX-License-Identifier: GPL-2.0
"""The connection table at scale, and under attack."""

import os
import socket
import struct
import time

import pytest

import genl
import wire
from balancer import Balancer, uapi
from host import wait_for
from network import VIP, mac_of
from pktgen import Pktgen
from traffic import DEBUG, SCALE, ask

LV1 = '10.10.31.11'
SINK = '10.10.40.2'
MILLION = 1000000 // (50 if DEBUG else 1)
STABLE = 2000 // SCALE
# More by hand: scripts/vm.sh bookworm -- env DSR_SYNS=10000000 tests/vm/run.sh …
SYNS = int(os.environ.get('DSR_SYNS', 200000 // SCALE))
BATCHES = 2 if DEBUG else 4


def lay_wire(site):
    """A wire to SINK, which accepts all packets."""
    site.lv1.ip('link add name eth9 type veth peer name sink netns back')
    site.undo.append(lambda: site.lv1.ip('link del eth9'))
    site.net['back'].ip('link set sink up')
    site.lv1.ip(f'''
        addr add 10.10.40.1/24 dev eth9
        link set eth9 up
        neigh replace {SINK} lladdr {mac_of(SINK)} dev eth9 nud permanent
    ''')


@pytest.fixture
def sink(site):
    """The balancer with one backend only."""
    lay_wire(site)
    lv1 = Balancer(site)
    lv1.service('add', path='direct')
    lv1.backend('add', SINK)
    return lv1


def generator(site, flows, **more):
    """So many UDP flows, each of one packet, straight into lv1."""
    # Both advance with each packet, so a flow repeats after the least common
    # multiple of the two numbers. pktgen counts only packets that the other end
    # takes in, and goes on to the next flow in any case: a slow host may refuse
    # several packets for each one that it takes.
    ports = 1009
    sources = -(-16 * flows // ports)
    while sources % ports == 0:
        sources += 1
    first = struct.unpack('>I', socket.inet_aton('10.64.0.1'))[0]
    last = socket.inet_ntoa(struct.pack('>I', first + sources))
    return Pktgen(site.net['front'], 'lv1', **{
        'count': flows, 'clone_skb': 0, 'pkt_size': 60, 'delay': 0,
        'dst': VIP, 'dst_mac': site.lv1.mac('eth0').hex(':'),
        'src_min': '10.64.0.1', 'src_max': last, 'udp_src_min': 2000,
        'udp_src_max': 2000 + ports, 'udp_dst_min': 9, 'udp_dst_max': 9,
        **more})


def keys(lv1):
    """The keys of a dump's entries, and its time.

    The messages of IPv4 entries all have the same length: sliced, not parsed.
    """
    sock = lv1.genl.sock
    sock.send(lv1.genl.message(uapi.DSR_CMD_CONNECTION_GET,
                               flags=genl.NLM_F_DUMP))
    found, number, began = set(), 0, time.monotonic()
    while True:
        data = sock.recv(1 << 18)
        length, kind = struct.unpack_from('IH', data)
        if kind == genl.NLMSG_DONE:
            return found, number, time.monotonic() - began
        assert kind != genl.NLMSG_ERROR
        if length == genl.EMPTY:
            continue
        more = len(data) // length
        # protocol, addresses and ports: five attributes of 8 bytes
        found.update([data[at + 24:at + 64]
                      for at in range(0, more * length, length)])
        number += more


def stable_flows(site, lv1):
    """Permanent flows: their keys."""
    with wire.Tap(site.client) as client:
        for number in range(STABLE):
            packet = wire.tcp(2000 + number, flags=wire.ACK)
            client.send(packet, LV1)
            client.send(packet, LV1)
        wait_for('the stable flows', lambda: [
            one['active'] for one in lv1.backends().values()] == [STABLE])
    return keys(lv1)[0]


def test_million(site, sink, reasons):
    """The table grows and shrinks while packets come, and loses no entry."""
    sink.set_table(max=5 * MILLION)     # a quarter of it for single packets
    sink.timeouts(udp=3600000)
    stable = stable_flows(site, sink)
    assert len(stable) == STABLE
    since = reasons('lv1')
    sizes, dumps = set(), 0
    with generator(site, MILLION) as flood:
        began = time.monotonic()
        while flood.running():
            table = sink.table()
            sizes.add(table['buckets'])
            if table['entries'] < MILLION / 8:
                found, number, _ = keys(sink)
                assert number == len(found), 'an entry came twice'
                assert stable <= found
                dumps += 1
            time.sleep(0.2)             # or the packets have to wait
        took = time.monotonic() - began
    wait_for('all packets are through', lambda: since['forwarded'] +
             since['forwarded_stateless'] == MILLION)
    counts = since.all()
    table = sink.table()
    print(f'{MILLION} flows in {took:.1f} s, {counts}, {dumps} dumps '
          f'meanwhile, sizes {sorted(sizes)}, {table}')
    # no connection was refused, at any rate
    assert since['forwarded'] == MILLION
    assert table['entries'] == MILLION + STABLE
    wait_for('buckets for all entries', lambda: 6 * sink.table()['buckets'] >=
             table['entries'])
    found, number, took = keys(sink)
    print(f'dumped in {took:.1f} s')
    assert number == len(found) == MILLION + STABLE
    assert stable <= found
    # and small again
    sink.timeouts(udp=1)
    wait_for('the others are forgotten',
             lambda: sink.table()['entries'] == STABLE, 100, 0.1)
    wait_for('it has shrunk', lambda: sink.table()['buckets'] <=
             max(1024, STABLE))
    assert keys(sink)[0] == stable


def test_full(site, sink, reasons):
    """At the limit new flows are balanced without an entry."""
    most, flows = 20000 // SCALE, 50000 // SCALE
    # For single packets the limit is a quarter of the table's.
    sink.set_table(max=4 * (most - STABLE))
    stable = stable_flows(site, sink)
    since = reasons('lv1')
    with generator(site, flows) as flood:
        flood.wait()
    wait_for('all packets are through', lambda: since['forwarded'] +
             since['forwarded_stateless'] == flows)
    assert since['forwarded'] == most - STABLE
    assert sink.table()['entries'] == most
    assert stable <= keys(sink)[0]


def memory():
    """Kilobytes of the kernel's slabs."""
    with open('/proc/meminfo', encoding='ascii') as file:
        return next(int(line.split()[1]) for line in file
                    if line.startswith('Slab:'))


def test_syn_flood(site, reasons):
    """With a hash a flood of SYNs from random sources takes no memory.

    Established connections of the same service continue all the while. pktgen
    has UDP only: a program turns its packets into SYNs on the way.
    """
    lay_wire(site)
    site.balance('scheduler maglev')
    site.lv1.nft('''
        add chain ip mangle syn { type filter hook prerouting priority -160; }
        add rule ip mangle syn udp dport 80 @th,96,16 set 0x5002 ip protocol set 6
    ''')
    lv1 = Balancer(site)
    socks = [site.connect() for _ in range(8)]
    homes = [ask(sock) for sock in socks]
    # Established ones stay; hardly any packet of the flood goes there.
    lv1.backend('add', SINK, weight=2000)
    before = lv1.table()['entries']
    since = reasons('lv1')
    slab = memory()
    rounds = 0
    for _ in range(BATCHES):
        with generator(site, SYNS // BATCHES, flag=['IPSRC_RND', 'UDPSRC_RND'],
                       src_max='10.127.255.254', udp_dst_min=80,
                       udp_dst_max=80) as flood:
            while flood.running():
                assert [ask(sock) for sock in socks] == homes
                assert lv1.table()['entries'] <= before + len(socks)
                rounds += 1
    grown = memory() - slab
    counts = since.all()
    print(f'{SYNS} SYNs, {counts}, slab {grown:+} kB, {rounds} rounds')
    assert counts['forwarded_syn_unremembered'] >= SYNS * 0.99
    assert 'forwarded_stateless' not in counts
    assert grown < 16384
    lv1.backend('delete', SINK)
    assert {ask(site.connect()) for _ in range(8)} <= {'w101 nano',
                                                      'w102 desu'}
