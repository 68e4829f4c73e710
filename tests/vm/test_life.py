# SPDX-License-Identifier: GPL-2.0
"""The life of backends and of connections.

Complaints about other balancers that these tests answer:

  1  a port pair used again: test_port_reused
  2  connections of a dead server vanish for minutes: test_drain, test_down
  3  UDP clients stick to a server that is gone: test_udp_reset,
     test_udp_silence, test_one_packet
  4  draining is slow and opaque: test_drain
 11  ICMP errors reach the wrong server: test_unremembered
"""

import time

import pytest

import wire
from balancer import Balancer
from host import wait_for
from network import CLIENT, VIP, W101, W102, mac_of
from probe import LV1, Probe
from traffic import ask
from wire import ACK, FIN, PSH, RST, SYN

NOBODY = '10.10.30.150'
OTHER = {'w101': 'w102', 'w102': 'w101'}
ADDRESS = {'w101': W101, 'w102': W102}


@pytest.fixture
def lv1(silent):
    return Balancer(silent)


@pytest.fixture
def probe(silent):
    with Probe(silent) as probe:
        yield probe


def refused(site, sock):
    """Send a request over a connection that gets a reset: how often it was sent
    again."""
    before = site.sent_again()
    with pytest.raises(ConnectionResetError):
        ask(sock)
    return site.sent_again() - before


def reset_of(packet, site):
    """The expected answer of lv1 to a client's segment."""
    answer = wire.tcp(packet.dport, packet.sport, flags=RST, seq=packet.ack,
                      src=VIP, dst=CLIENT, ident=0)
    answer = bytearray(answer)
    answer[34:36] = b'\0\0'             # the window
    answer[36:38] = b'\0\0'
    answer[36:38] = wire.l4_checksum(VIP, CLIENT, 6, bytes(answer[20:])
                                     ).to_bytes(2, 'big')
    return wire.frame(bytes(answer), CLIENT, site.lv1.mac('eth0').hex(':'))


def drained(lb, lv1, sock, deadline):
    """Let w101 drain, and look at its connection until just before the deadline.

    Returns the time of the beginning; None if the machine stood still meanwhile,
    so that a look was too late.
    """
    began = time.monotonic()
    lv1.backend('set', W101, admin='draining', deadline=deadline)
    left = deadline
    try:
        one = lv1.backends()[W101]
        assert (one['admin'], one['active'], one['weight']) == (
            'draining', 1, 1)
        assert 0 < one['deadline'] <= deadline
        while left >= deadline / 2:
            assert lb.replies(2) == {'w102 desu': 2}
            assert ask(sock) == 'w101 nano'
            left = lv1.backends()[W101].get('deadline', 0)
            assert left <= deadline
    except (AssertionError, OSError):
        if time.monotonic() - began < deadline / 1000:
            raise
        return None
    return began


# complaint 4, 2
@pytest.mark.parametrize('on_down', ['reschedule', 'reset', 'drop'])
def test_drain(lb, on_down, reasons):
    """Until the deadline connections continue; then on-down decides."""
    lv1 = Balancer(lb)
    lv1.service('set', on_down=on_down)
    sock = lb.connect_to('w101')
    other = lb.connect_to('w102')
    # or packets of lv1 have a checksum on a real wire only
    lb.lv1.offload('eth0', False)
    lb.undo.append(lambda: lb.lv1.offload('eth0', True))
    lb.undo.append(lambda: lb.lv1.set_gro('eth0', False))
    began = time.monotonic()
    assert lb.replies(2).total() == 2
    assert ask(sock) == 'w101 nano' and ask(other) == 'w102 desu'

    # long enough for several polls on a slow machine
    # (in whole tenths of a second, which are whole ticks of any clock)
    deadline = 1500 + 100 * round(40 * (time.monotonic() - began))
    for _ in range(10):
        wait_for('no other is open',
                 lambda: lv1.backends()[W101]['active'] == 1)
        began = drained(lb, lv1, sock, deadline)
        if began is not None:
            break
        lv1.backend('set', W101, admin='up')
        sock.close()
        sock = lb.connect_to('w101')
    assert began is not None, 'this machine stands still all the time'
    sport = sock.getsockname()[1]
    wait_for('down', lambda: lv1.backends()[W101]['admin'] == 'down')
    # up to a tick of the kernel's clock
    assert time.monotonic() - began >= deadline / 1000 - 0.01
    one = lv1.backends()[W101]
    assert (one['active'], 'deadline' in one) == (1, False)

    since = reasons('lv1')
    with wire.Tap(lb.client, outgoing=True) as client, \
            wire.Tap(lb.w101) as w101, wire.Tap(lb.w102) as w102:
        if on_down == 'drop':
            sock.sendall(b'GET / HTTP/1.1\r\nHost: example.org\r\n\r\n')
            wait_for('drop counted',
                     lambda: since['drop_backend_down'] >= 1)
        else:
            assert refused(lb, sock) < 5
        mine = [tap.drain() and [p for p in tap.seen if p.sport == sport]
                for tap in (w101, w102)]
        assert not mine[0]
        if on_down == 'reset':
            assert not mine[1]
            asked = client.wait(lambda p: p.sport == sport and p.payload,
                                'the request')
            reset = client.wait(lambda p: p.dport == sport, 'the reset')
            assert reset.frame.hex() == reset_of(asked, lb).hex()
            # one for each time that the request was sent
            requests, resets = ([p for p in client.drain() if field(p)] for field
                                in (lambda p: p.sport == sport and p.payload,
                                    lambda p: p.dport == sport))
            assert len(requests) == len(resets) == since['answered_reset']
    if on_down == 'drop':
        lv1.backend('set', W101, admin='up')
        assert sock.recv(15) == b'HTTP/1.1 200 OK'  # the client repeats it
        return
    # the same port at once, with a server that is up
    assert ask(lb.connect(sport=sport)) == 'w102 desu'
    assert ask(other) == 'w102 desu'
    assert lb.replies(2) == {'w102 desu': 2}
    assert lv1.backends()[W101]['active'] == 0


def test_drain_without_deadline(lv1, probe):
    """Without a deadline it drains forever; a later drain may set a deadline.
    """
    home = probe.syn(4000)
    probe.tcp(4000)
    address = ADDRESS[home]
    lv1.backend('set', address, admin='draining')
    assert 'deadline' not in lv1.backends()[address]
    assert {probe.syn(port) for port in range(4001, 4005)} == {OTHER[home]}
    lv1.backend('set', address, admin='draining', deadline=3600000)
    assert lv1.backends()[address]['deadline'] > 3590000
    assert probe.tcp(4000) == home
    # a change without a state keeps the deadline
    lv1.backend('set', address, weight=2)
    one = lv1.backends()[address]
    assert one['weight'] == 2 and one['deadline'] > 3590000
    lv1.backend('set', address, admin='draining', deadline=1)
    wait_for('down', lambda: lv1.backends()[address]['admin'] == 'down')
    lv1.backend('set', address, admin='up')
    assert probe.tcp(4000) == home      # no packet has moved it meanwhile
    assert {probe.syn(port) for port in range(4005, 4009)} == {'w101', 'w102'}


# complaint 2
@pytest.mark.parametrize('on_down', ['reschedule', 'reset', 'drop'])
@pytest.mark.parametrize('how', ['down', 'delete'])
def test_down(lv1, probe, reasons, how, on_down):
    """on-down decides about the very next packet of a connection."""
    lv1.service('set', on_down=on_down)
    homes = {port: probe.syn(port) for port in (4000, 4001)}
    for port, home in homes.items():
        assert probe.tcp(port) == home
    port = next(port for port in homes if homes[port] == 'w101')
    since = reasons('lv1')
    if how == 'down':
        lv1.backend('set', W101, admin='down')
    else:
        lv1.backend('delete', W101)
    assert probe.tcp(8001 - port) == 'w102'
    if on_down == 'reschedule':
        assert probe.tcp(port) == 'w102'
    elif on_down == 'drop':
        probe.lost(wire.tcp(port, flags=ACK), since, 'drop_backend_down')
    else:
        probe.clear()
        probe.send(wire.tcp(port, flags=PSH | ACK, seq=77, ack=4711,
                            payload=b'x'))
        got = probe.answer(lambda p: p.dport == port, 'the reset')
        assert (got.flags, got.seq, got.ack) == (RST, 4711, 0)
        # one without an acknowledgement is acknowledged (RFC 9293, 3.5.2)
        probe.clear()
        probe.send(wire.tcp(port, flags=FIN, seq=77, payload=b'x'))
        got = probe.answer(lambda p: p.dport == port, 'the reset')
        assert (got.flags, got.seq, got.ack) == (RST | ACK, 0, 79)
        # a reset is not answered
        probe.send(wire.tcp(port, flags=RST, seq=79))
        wait_for('all are counted', lambda: since['answered_reset'] == 3)
        assert len([p for p in probe.client.drain() if p.dport == port]) == 1
        probe.nothing('its server is down')
    assert probe.syn(port, seq=9) == 'w102'     # a new connection
    assert probe.tcp(port, seq=10) == 'w102'
    # down: its state does not change any more; deleted: it belongs to no
    # backend
    assert {one['backend'] for one in lv1.connections()} == {W102}


def test_up_again(lv1, probe):
    """A connection that was idle while its server was down continues."""
    homes = {port: probe.syn(port) for port in (4000, 4001)}
    for name in ADDRESS.values():
        lv1.backend('set', name, admin='down')
    for name in ADDRESS.values():
        lv1.backend('set', name, admin='up')
    assert {port: probe.tcp(port) for port in homes} == homes


# complaint 3
def test_udp_reset(lb):
    """The client gets one error about its server, then another server."""
    lv1 = Balancer(lb)
    lv1.service('set', on_down='reset')
    for name in ADDRESS:
        lb.echo(name).prefix = name.encode()
    sock = lb.udp()
    sock.send(b'')
    first = sock.recv(100).decode()
    lv1.backend('set', ADDRESS[first], admin='down')
    sock.send(b'')
    with pytest.raises(ConnectionRefusedError):
        sock.recv(100)
    for _ in range(2):
        sock.send(b'')
        assert sock.recv(100).decode() == OTHER[first]


@pytest.mark.parametrize('weight', [0, 1])
def test_added_again(lb, weight):
    """A server that is deleted and added again keeps its connections."""
    lv1 = Balancer(lb)
    sock = lb.connect_to('w101')
    lv1.backend('delete', W101)
    lv1.backend('add', W101, weight=weight)
    for _ in range(2):
        assert ask(sock) == 'w101 nano'
    assert lv1.backends()[W101]['active'] == 1
    assert lb.replies(4)['w101 nano'] == 2 * weight


def test_added_again_with_reset(lv1, probe):
    """The same, with any on-down for connections whose server stays deleted.
    """
    lv1.service('set', on_down='reset')
    homes = {port: probe.syn(port) for port in range(4000, 4004)}
    for address in ADDRESS.values():
        lv1.backend('delete', address)
    for address in ADDRESS.values():
        lv1.backend('add', address, weight=0)
    assert {port: probe.tcp(port) for port in homes} == homes


def persistent(lv1):
    return [one for one in lv1.connections() if one['state'] == 'persistent']


def test_persistence(lv1, probe):
    """A client returns to its server with any new connection."""
    lv1.service('set', persist=60000)
    homes = {}
    for number in range(1, 5):
        src = f'10.20.{number}.1'
        homes[src] = probe.syn(4000, src=src)
        # before its first answer, too: a browser opens several at once
        assert {probe.syn(port, src=src) for port in range(4001, 4004)} | {
            probe.udp(4000, src=src)} == {homes[src]}
        assert len(persistent(lv1)) == number - 1
        assert probe.tcp(4000, src=src) == homes[src]
    assert set(homes.values()) == {'w101', 'w102'}
    assert len(persistent(lv1)) == 4
    assert [one['persistent'] for one in lv1.backends().values()] == [2, 2]
    assert all(one['active'] + one['inactive'] == 10
               for one in lv1.backends().values())
    # With weight 0 it gets no new clients, but keeps its own, as with IPVS.
    src = next(src for src in homes if homes[src] == 'w101')
    lv1.backend('set', W101, weight=0)
    assert probe.syn(4010, src=src) == 'w101'
    assert {probe.syn(4000, src=f'10.20.{number}.1')
            for number in range(11, 15)} == {'w102'}
    # Draining, or down, it gets no client.
    lv1.backend('set', W101, admin='draining')
    assert probe.tcp(4010, src=src) == 'w101'
    assert probe.syn(4011, src=src) == 'w102'
    assert probe.syn(4012, src=src) == 'w102'
    lv1.backend('set', W101, admin='up', weight=1)
    assert probe.syn(4013, src=src) == 'w102'
    src = [src for src in homes if homes[src] == 'w101'][1]
    lv1.backend('set', W101, admin='down')
    assert probe.syn(4010, src=src) == 'w102'
    lv1.backend('set', W101, admin='up')
    assert probe.syn(4011, src=src) == 'w102'
    lv1.service('set', persist=0)
    assert {probe.syn(port, src=src) for port in (4012, 4013)} == {
        'w101', 'w102'}


def test_persistence_prefix(lv1, probe):
    """Clients of one network are one client."""
    lv1.service('set', persist=60000, persist_prefix=24)
    homes = {net: {probe.syn(4000, src=f'10.20.{net}.{number}')
                   for number in (1, 2, 100, 254)} for net in range(4)}
    for net, names in homes.items():
        assert {probe.tcp(4000, src=f'10.20.{net}.100')} == names
    assert all(len(names) == 1 for names in homes.values())
    assert {name for names in homes.values() for name in names} == {
        'w101', 'w102'}
    assert {one['src'] for one in persistent(lv1)} == {
        f'10.20.{net}.0' for net in range(4)}


def test_persistence_of_two_services(silent, probe):
    """Persistence of a client is separate for each service."""
    lv1 = Balancer(silent)
    lv1.request('SERVICE_FLUSH')
    vip = {'vip': VIP, 'proto': 'udp'}
    silent.lv1.nft('flush ruleset')
    for port, address in ((80, W101), (81, W102)):
        lv1.service('add', **vip, port=port, persist=60000)
        lv1.backend('add', address, **vip, port=port)
    for _ in range(2):
        assert (probe.udp(4000, 80), probe.udp(4000, 81)) == ('w101', 'w102')
    assert len(persistent(lv1)) == 2


def test_persistence_forgotten(lv1, probe):
    """Persistence ends after its time, which begins with the last connection's
    end."""
    lv1.service('set', persist=2000)
    first = probe.syn(4000)
    src = '10.20.1.1'
    assert probe.syn(4000, src=src) == OTHER[first]
    for _ in range(6):                  # for longer than the time
        time.sleep(0.7)
        assert probe.tcp(4000) == first
    # the other client stays idle
    for port in range(4001, 4003):
        assert probe.syn(port) == first
    # rr has given one to each, so the next one goes to the first
    assert probe.syn(4001, src=src) == first
    assert probe.syn(4002, src=src) == first


def test_timeouts(lv1, probe):
    """Each state has its timeout, of the service or of the table; 0: default.
    """
    def send():
        lv1.flush()
        probe.syn(4000)
        for port, last in ((4001, ACK), (4002, FIN | ACK), (4003, RST)):
            probe.syn(port)
            probe.tcp(port)
            probe.tcp(port, flags=last)
        for _ in range(2):
            probe.udp(4004)

    def check(began, *wanted):
        """The timeouts by port, less the time since the beginning."""
        left = {one['sport']: one['expires'] / 1000 for one in lv1.connections()}
        passed = time.monotonic() - began + 0.1         # ticks of the clock
        for port, timeout in enumerate(wanted, 4000):
            assert timeout - passed <= left[port] <= timeout, (port, left)
    began = time.monotonic()
    send()
    assert lv1.states() == {4000: 'syn', 4001: 'established', 4002: 'fin',
                            4003: 'closed', 4004: 'udp'}
    check(began, 60, 900, 120, 10, 300)
    lv1.timeouts(syn=15000, established=20000, fin=30000, closed=40000,
                 udp=50000)
    check(began, 15, 20, 30, 40, 50)
    # the timeout of the service comes first
    lv1.service('set', timeouts={'syn': 200000, 'closed': 300, 'fin': 300,
                                 'established': 300})
    lv1.timeouts(syn=1, udp=300)
    began = time.monotonic()
    send()
    check(began, 200)
    wait_for('the short ones are forgotten',
             lambda: set(lv1.states()) == {4000}, every=0.1)
    lv1.flush()
    # the servers' counters have none of them left
    assert all(one['active'] == one['inactive'] == 0
               for one in lv1.backends().values())


# complaint 3
def test_udp_silence(lv1, probe):
    """A flow is new after its timeout, and not before."""
    lv1.service('set', timeouts={'udp': 1200})

    def pausing(port):
        """The server of a flow with pauses that are shorter than the timeout, which
        their sum is not; None if the machine stood still meanwhile."""
        began = time.monotonic()
        first = probe.udp(port)
        for _ in range(4):
            time.sleep(0.9)
            before, began = began, time.monotonic()
            home = probe.udp(port)
            if time.monotonic() - before > 1.2:
                return None
            assert home == first
        return first
    for port in range(4000, 4020):
        if first := pausing(port):
            break
    assert first, 'this machine stands still all the time'
    time.sleep(2.5)
    assert probe.udp(port) == OTHER[first]
    assert probe.udp(port) == OTHER[first]


# complaint 3
def test_one_packet(lv1, probe, reasons):
    """Each datagram is scheduled by itself; other protocols are not."""
    lv1.service('set', one_packet=1)
    since = reasons('lv1')
    homes = [probe.udp(4000) for _ in range(6)]
    assert homes in (['w101', 'w102'] * 3, ['w102', 'w101'] * 3)
    assert since['forwarded_one_packet'] == 6 and not since['forwarded']
    assert lv1.table()['entries'] == 0
    assert sum(one['stats']['connections']
               for one in lv1.backends().values()) == 6
    assert len({probe.syn(4000), probe.tcp(4000), probe.tcp(4000)}) == 1
    lv1.service('set', one_packet=0)
    assert len({probe.udp(4000) for _ in range(4)}) == 1


# complaint 15: what goes wrong with a server shows
def test_unresolved(lv1, probe, silent):
    """A server without a MAC address is shown, counted, and notified."""
    silent.lv1.ip('neigh flush dev eth1')
    for key in ('ucast_solicit', 'mcast_solicit'):
        old = silent.lv1.sysctl(f'ipv4/neigh/eth1/{key}')
        silent.lv1.sysctl(f'ipv4/neigh/eth1/{key}', 1)
        silent.undo.append(lambda key=key, old=old: silent.lv1.sysctl(
            f'ipv4/neigh/eth1/{key}', old))
    lv1.backend('add', NOBODY)
    events = lv1.events()
    assert lv1.backends()[NOBODY]['unresolved'] == 0
    for port in range(4000, 4003):
        probe.send(wire.tcp(port))

    def changed(name, what):
        return (name == 'backend_state' and
                what['backend']['addr'] == NOBODY)
    what = events.wait(changed)
    assert what['service']['fwmark'] == 1
    assert what['backend']['state'] == 'unreachable'
    assert what['backend']['unresolved'] == 1
    shown = lv1.backends()
    assert shown[NOBODY]['unresolved'] == 1
    assert shown[NOBODY]['state'] == 'unreachable'
    assert shown[W101]['unresolved'] == 0

    silent.w102.ip(f'addr add {NOBODY}/32 dev eth0')
    silent.undo.append(lambda: silent.w102.ip(f'addr del {NOBODY}/32 '
                                              'dev eth0'))
    for port in range(4000, 4003):      # one of them is its connection's
        probe.syn(port)
    what = events.wait(changed)
    assert what['backend']['state'] == 'reachable'
    assert what['backend']['mac'] == mac_of(W102)
    # a further answer is no change
    silent.lv1.ip(f'neigh change {NOBODY} dev eth1 nud stale')
    silent.lv1.ip(f'neigh change {NOBODY} dev eth1 nud reachable')
    lv1.backend('set', W101, weight=3)  # an event that comes after
    assert [name for name, _ in events.all()] == ['backend_set']


STATES = {
    'syn': [SYN],
    'established': [SYN, ACK],
    'fin': [SYN, ACK, FIN | ACK],
    'fin acknowledged': [SYN, ACK, FIN | ACK, ACK],
    'closed': [SYN, ACK, RST | ACK],
}


# complaint 1
@pytest.mark.parametrize('scheduler', ['rr', 'maglev'])
@pytest.mark.parametrize('state', STATES)
def test_port_reused(lv1, probe, reasons, state, scheduler):
    """A SYN of a known port pair is forwarded at once, in every state."""
    lv1.service('set', scheduler=scheduler)
    since = reasons('lv1')
    for seq in range(1, 6):
        ident = None
        for flags in STATES[state]:
            ident = probe.number()
            probe.send(wire.tcp(4000, flags=flags, seq=seq * 1000,
                                ident=ident))
        home = probe.home(ident)
        # the connection is finished, and the next goes to the other; or it is
        # a duplicate
        again = probe.syn(4000, seq=seq * 1000 + 500)
        if scheduler == 'rr' and state[:3] in ('fin', 'clo'):
            assert again == OTHER[home]
        else:
            assert again == home
    assert not [name for name in since.all() if name.startswith('drop')]


# complaint 11
@pytest.mark.parametrize('scheduler', ['maglev', 'sh'])
def test_unremembered(lv1, probe, reasons, scheduler):
    """With a hash a connection enters the table with its second packet."""
    lv1.service('set', scheduler=scheduler, hash='source-port')
    since = reasons('lv1')
    ports = range(4000, 4016)
    homes = {port: probe.syn(port) for port in ports}
    assert set(homes.values()) == {'w101', 'w102'}
    assert since.all() == {'forwarded_syn_unremembered': len(ports)}
    assert lv1.table()['entries'] == 0
    for port, home in homes.items():
        ident = probe.number()
        probe.send(wire.icmp_error(
            3, 4, wire.tcp(80, port, src=VIP, dst=CLIENT)[:28], 1400,
            ident=ident))
        assert probe.home(ident) == home
    assert since['forwarded_icmp_error'] == len(ports)
    assert {port: probe.tcp(port) for port in ports} == homes
    assert lv1.table()['entries'] == len(ports)
    # the source of that packet may be forged, until the client continues
    assert set(lv1.states().values()) == {'unproven'}
    assert {port: probe.tcp(port) for port in ports} == homes
    assert set(lv1.states().values()) == {'established'}
    # With an entry, it stays although the hash would choose another one.
    lv1.backend('add', NOBODY, weight=1000)
    assert {port: probe.tcp(port) for port in ports} == homes


def test_weight_zero_of_all(lv1, probe, reasons):
    """New connections are refused at once, the old ones continue."""
    homes = {port: probe.syn(port) for port in (4000, 4001)}
    for address in ADDRESS.values():
        lv1.backend('set', address, weight=0)
    since = reasons('lv1')
    probe.send(wire.tcp(4002))
    got = probe.answer(lambda p: p.proto == 1, 'an error')
    assert (got.type, got.code, got.src) == (3, 3, LV1)
    assert got.quoted[:20] == wire.tcp(4002)[:20]
    assert since.all() == {'drop_no_backend': 1}
    assert {port: probe.tcp(port) for port in homes} == homes
