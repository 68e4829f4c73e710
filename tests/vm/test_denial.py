# SPDX-License-Identifier: GPL-2.0
"""Frames of packets that a real server gives back, and forged ones."""

import contextlib
import socket
import time

import pytest

import wire
import wire6
from chance import FAMILY, Denials, Forger, Pair, stray
from network import (CLIENT, CLIENT6, VIP, VIP2, VIP6, W101, W102, mac_of,
                     wait_for)
from traffic import ask, flooding, meanwhile
from wire import ACK, RST, SYN

LV1 = '10.10.31.11'             # stands for its Ethernet address


@pytest.fixture
def pair(site, reasons):
    """Two balancers and two servers; the options are those of Pair."""
    def make(**options):
        return Pair(site, reasons, **options)
    return make


@pytest.mark.parametrize('number', FAMILY)
def test_stray(pair, site, number):
    """A segment of no connection comes back from each server, byte for byte.

    Silence is the first answer, a RST the one after a second.
    """
    two = pair(number=number)
    kind = FAMILY[number][1].Tap
    with kind(site.client) as client, Denials(site.lv1, 'eth1') as back:
        client.send(stray(number, 5001, payload=b'hello'), LV1)
        wait_for('the last denial', lambda: two.since['lv1']['drop_denied'])
        frames = [one for one in back.drain() if one.for_us]
        # each forward costs a TTL, and nothing else changes
        packet, forwards = stray(number, 5001, payload=b'hello'), []
        for _ in range(2):
            packet = wire.forwarded(packet, LV1, LV1)[14:]
            forwards.append(packet)
        assert [one.frame[14:] for one in frames] == forwards
        assert {one.mac_src.hex(':') for one in frames} == {
            mac_of(W101), mac_of(W102)}
        assert {one.mac_dst.hex(':') for one in frames} == {
            site.lv1.mac('eth1').hex(':')}
        client.none(lambda p: p.src == two.vip, 'nobody has the connection')
        # the client goes on
        end = time.monotonic() + 60
        while not two.since['lv1']['answered_denied']:
            client.send(stray(number, 5001), LV1)
            assert time.monotonic() < end
            time.sleep(0.2)
        got = client.wait(lambda p: p.src == two.vip, 'the RST')
        assert got.flags & RST and got.dport == 5001
    two.check()
    assert [two.since[name]['drop_denied'] > 0 for name in ('lv1', 'lv2')] == [
        True, False]


def test_forged(pair, site):
    """What is no denial of the connection's backend changes nothing."""
    two = pair()
    sock = site.connect(sport=next(site.ports))
    ask(sock)
    port = sock.getsockname()[1]
    since = two.since['lv1']

    def entries():
        return sorted((one['sport'], one['backend'])
                      for one in two.balancers[0].connections())
    before = entries()
    backend = dict(before)[port]
    other = W102 if backend == W101 else W101
    whole = wire.tcp(port, 80, ACK, seq=1, ack=1)
    with Forger(site) as forger, wire.Tap(site.client) as client:
        for name, packets in {
                'drop_denial_foreign': [whole],
                'drop_denial_malformed': [
                    b'', b'E', whole[:19], whole[:39], b'\0' + whole[1:],
                    whole[:10] + b'\0\0' + whole[12:],
                    wire.tcp(port, 80, SYN), wire.tcp(port, 80, SYN | ACK),
                    wire.udp(port, 80), wire.icmp_echo(),
                    wire.tcp(port, 80, ACK, frag=wire.MF), b'`' + bytes(39)],
                'drop_denial_unknown': [wire.tcp(4999, 80, ACK)]}.items():
            for packet in packets:
                count = since[name]
                forger.give(packet)
                wait_for(f'{name}: {packet.hex()}',
                         lambda n=name, c=count: since[n] == c + 1)
        assert entries() == before
        # the other server has not denied it: the connection stays
        forger.give(whole, mac_of(other))
        wait_for('late', lambda: since['forwarded_denied'] == 1)
        assert entries() == before
        # the backend itself, for a packet that cannot go on
        forger.give(wire.tcp(port, 80, ACK, seq=1, ack=1, ttl=1),
                    mac_of(backend))
        wait_for('unsent', lambda: since['drop_denial_unsent'] == 1)
        assert dict(entries())[port] == other
        client.none(lambda p: p.proto == 1, 'the client hears of no TTL')
    assert ask(sock)
    assert dict(entries())[port] == backend


def listens():
    with open('/proc/net/ptype', encoding='ascii') as file:
        return any(line.startswith('88b6') for line in file)


def test_off(pair):
    """Without chances no frame of a denial is looked at."""
    assert not listens()
    two = pair(chances=0)
    assert not listens()
    lv1, lv2 = two.balancers
    lv1.service('set', vip=VIP, chances=8)
    lv2.service('set', vip=VIP, chances=8)
    assert listens()
    lv1.request('SERVICE_FLUSH')
    assert listens()
    lv2.request('SERVICE_FLUSH')
    assert not listens()


def parameter(module, name, value=None):
    path = f'/sys/module/{module}/parameters/{name}'
    with open(path, 'r+' if value is not None else 'r',
              encoding='ascii') as file:
        if value is None:
            return file.read().strip()
        return file.write(str(value))


def test_rate(pair, site):
    """More denials than the rate are dropped, and counted."""
    old = parameter('dsr_lb', 'denial_rate')
    site.undo.append(lambda: parameter('dsr_lb', 'denial_rate', old))
    parameter('dsr_lb', 'denial_rate', 1)
    two = pair()
    since = two.since['lv1']
    with wire.Tap(site.client) as client:
        for port in range(5000, 5020):
            client.send(stray(4, port), LV1)
        wait_for('all have come', lambda: sum(two.got().values()) >= 20)
    assert since['drop_denial_rate'] >= 10
    two.check()


def test_unknown_balancer(pair, site):
    """A segment waits for the balancer's address; no RST meanwhile."""
    two = pair()
    since = two.since['w101']
    site.w101.ip('neigh flush dev eth0')
    site.w101.nft('''table arp mute { chain in {
        type filter hook input priority 0; arp operation reply drop
    }
    }''')
    with wire.Tap(site.lv2, 'eth1') as tap:
        site.w101.ip('neigh flush dev eth0')
        tap.send(stray(4, 5001), W101)
        wait_for('dropped', lambda: since['drop_balancer_unknown'] == 1)
        site.w101.nft('delete table arp mute')

        def denied():
            tap.send(stray(4, 5001), W101)
            return since['denied']
        wait_for('denied', denied)
        tap.none(lambda p: p.src == VIP, 'it was given back')

        def answered():
            # another machine gets the stack's answer
            tap.send(stray(4, 5002), W101, src='02:00:00:00:00:99')
            return since['replied']
        wait_for('a RST', answered)


def test_own_address(pair, site):
    """A server that is a balancer as well still resets what others send."""
    two = pair()
    site.w101.dsrctl(f'real replace vip {VIP} balancer {W101}')
    with wire.Tap(site.lv2, 'eth1') as tap:
        tap.send(stray(4, 5001), W101, src='02:00:00:00:00:99')
        wait_for('a RST', lambda: two.since['w101']['replied'])
    assert two.since['w101']['drop_balancer_unknown'] == 0


def test_cut(pair, site):
    """A segment that is larger than the MTU comes back cut, and teaches."""
    two = pair()
    since = two.since['lv1']
    whole = stray(4, 5001, payload=bytes(1800), frag=0)
    data = whole[20:]
    with wire.Tap(site.client) as client, Denials(site.lv1, 'eth1') as back:
        client.send(wire.ip(data[:1200], 6, frag=wire.MF, ident=7), LV1)
        client.send(wire.ip(data[1200:], 6, frag=1200 // 8, ident=7), LV1)
        wait_for('cut', lambda: since['drop_denial_cut'])
        frame, = [one for one in back.drain() if one.for_us]
        assert len(frame.frame) == 14 + 128
        assert frame.frame[14 + 20:] == data[:108]
    entry, = [one for one in two.balancers[0].connections()
              if one['sport'] == 5001]
    assert mac_of(entry['backend']) != frame.mac_src.hex(':')
    two.check()


def test_vlan(pair, site, third):
    """A frame goes back by the VLAN that it came in by."""
    two = pair()
    lv1 = two.balancers[0]
    for host, dev, address in ((site.lv1, 'eth1', '10.10.35.11'),
                               (third, 'eth0', '10.10.35.103')):
        host.ip(f'''
            link add link {dev} name {dev}.5 type vlan id 5
            addr add {address}/24 dev {dev}.5
            link set {dev}.5 up''')
    site.undo.append(lambda: site.lv1.ip('link del eth1.5'))
    third.ip('addr add 10.10.35.104/24 dev eth0.5')
    third.dsrctl(f'real add vip {VIP2} balancer 10.10.35.11')
    site.client.ip(f'route replace {VIP2} via 10.10.31.11')
    site.undo.append(lambda: site.client.ip(f'route del {VIP2}'))
    lv1.service('add', vip=VIP2, chances=32)
    for address in ('10.10.35.103', '10.10.35.104'):
        lv1.backend('add', address, vip=VIP2)
    since = third.reasons()
    # two backends with one MAC address, and each has its turn
    with wire.Tap(site.client) as client:
        client.send(wire.tcp(5001, 80, ACK, dst=VIP2), LV1)
        wait_for('both', lambda: two.since['lv1']['drop_denied'] == 1)
    assert two.since['lv1']['forwarded_denied'] == 1
    assert since['denied'] == 2


@pytest.mark.parametrize('number', FAMILY)
def test_icmp_error(pair, site, number):
    """An error about a connection without an entry reaches its server."""
    two = pair(number=number)
    sock = site.client.socket(socket.AF_INET if number == 4 else
                              socket.AF_INET6, socket.SOCK_STREAM)
    site.sockets.append(sock)
    sock.settimeout(60)
    sock.connect((two.vip, 80))
    home = ask(sock).split()[0]
    port = sock.getsockname()[1]
    two.flush()
    with FAMILY[number][1].Tap(site.client) as client:
        if number == 4:
            quoted = wire.tcp(80, port, ACK, src=VIP, dst=CLIENT)
            error = wire.icmp_error(3, 4, quoted[:28], 1400)
        else:
            quoted = wire6.tcp(80, port, ACK, src=VIP6, dst=CLIENT6)
            error = wire6.error(wire6.TOO_BIG, 0, quoted, 1400)
        client.send(error, LV1)
        wait_for('delivered',
                 lambda: two.since[home]['delivered_icmp_error'] == 1)
    other = {'w101': 'w102', 'w102': 'w101'}[home]
    wait_for('the other has it, too',
             lambda: two.since[other]['pass_icmp_unrelated'] == 1)


def test_icmp_error_copies(pair, site):
    """Copies of an error pass the firewall, and do not go round."""
    two = pair()

    def error(port):
        quoted = wire.tcp(80, port, ACK, src=VIP, dst=CLIENT)
        return wire.icmp_error(3, 4, quoted[:28], 1400)

    site.lv1.nft('''table ip closed { chain forward {
        type filter hook forward priority 0
        icmp type destination-unreachable drop
    }
    }''')
    with wire.Tap(site.client) as client, wire.Tap(site.w101) as one, \
            wire.Tap(site.w102) as other:
        client.send(error(5001), LV1)
        wait_for('refused', lambda: two.since['lv1']['drop_by_firewall'] == 1)
        site.lv1.nft('delete table ip closed')
        client.send(error(5002), LV1)
        got = [tap.wait(lambda p: p.proto == 1 and p.for_us, 'an error').frame
               for tap in (one, other)]
    assert {frame[14 + 50:14 + 52] for frame in got} == {
        (5002).to_bytes(2, 'big')}
    # the error itself, and a copy that may be forwarded once more
    assert sorted(frame[14 + 8] for frame in got) == [2, 63]


def test_unload_in_flood(pair, site):
    """Either module goes away while packets are given back, and forged."""
    two = pair()
    strays = [stray(4, port) for port in range(5000, 5200)]
    with Forger(site) as forger:
        frames = [forger.frame(packet, mac_of(src)) for packet in strays
                  for src in (W101, W102)]
        frames += [frame[:size] for frame in frames[:20]
                   for size in range(14, 54, 4)]

        def await_more():
            lv1 = two.balancers[0]
            before = lv1.reasons()['forwarded_denied']
            wait_for('more denials', lambda: lv1.reasons()[
                'forwarded_denied'] > before + 100)

        def forge():
            for frame in frames:
                with contextlib.suppress(OSError):
                    forger.sock.send(frame)
        with flooding(site, strays, LV1), meanwhile(forge):
            await_more()
            site.net.reload('dsr_lb')
            two.balance()
            await_more()
            site.net.reload('dsr_rs')
            for name in ('w101', 'w102'):
                two.deliver(name)
            await_more()
    assert ask(site.connect(sport=next(site.ports)))
