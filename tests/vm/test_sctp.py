# SPDX-License-Identifier: GPL-2.0
"""SCTP: associations as the client's packets show them."""

import pytest

import wire
from balancer import Balancer
from network import VIP, W101, W102
from probe import LV1, Probe

KEY = {'vip': VIP, 'proto': 'sctp'}
DATA, INIT, INIT_ACK, SACK, HEARTBEAT, HEARTBEAT_ACK, ABORT, SHUTDOWN, \
    SHUTDOWN_ACK, ERROR, COOKIE_ECHO, COOKIE_ACK, _, _, \
    SHUTDOWN_COMPLETE = range(15)


class Client(Probe):
    """Send chunks, each in a packet."""

    def chunk(self, sport, kind, **fields):
        ident = self.number()
        self.send(wire.sctp(sport, chunk=kind, payload=bytes(16), ident=ident,
                            **fields))
        return self.home(ident)


@pytest.fixture(params=['stack', 'direct'])
def lv1(site, request):
    lv1 = Balancer(site)
    lv1.service('add', **KEY, path=request.param)
    for address in (W101, W102):
        lv1.backend('add', address, **KEY)
    return lv1


@pytest.fixture
def client(site, lv1):
    with Client(site) as client:
        yield client


def test_states(lv1, client):
    """The states of "connection show"; the counters of a backend follow."""
    home = client.chunk(4000, INIT)
    assert lv1.states() == {4000: 'syn'}

    def counts():
        one = lv1.backends(**KEY)[{'w101': W101, 'w102': W102}[home]]
        return one['active'], one['inactive']
    assert counts() == (0, 1)
    for kind in (COOKIE_ECHO, DATA, SACK, HEARTBEAT, HEARTBEAT_ACK, ERROR,
                 INIT):
        assert client.chunk(4000, kind) == home
        assert lv1.states() == {4000: 'established'}, kind
    assert counts() == (1, 0)
    for kind in (SHUTDOWN, DATA, SHUTDOWN_ACK):
        assert client.chunk(4000, kind) == home
        assert lv1.states() == {4000: 'fin'}, kind
    assert client.chunk(4000, SHUTDOWN_COMPLETE) == home
    assert lv1.states() == {4000: 'closed'}
    assert counts() == (0, 1)
    one, = lv1.connections()
    assert one['proto'] == 'sctp' and one['dport'] == 5000


def test_new_association_after_abort(lv1, client):
    """It is scheduled again at once; late packets follow the old one."""
    first = client.chunk(4000, INIT)
    assert client.chunk(4000, COOKIE_ECHO) == first
    assert client.chunk(4000, ABORT) == first
    assert lv1.states() == {4000: 'closed'}
    assert client.chunk(4000, DATA) == first
    assert lv1.states() == {4000: 'closed'}
    second = client.chunk(4000, INIT)
    assert second != first              # round robin
    assert lv1.states() == {4000: 'syn'}
    assert client.chunk(4000, COOKIE_ECHO) == second
    assert len(lv1.connections()) == 1


def test_new_association_after_shutdown(lv1, client):
    first = client.chunk(4000, INIT)
    client.chunk(4000, COOKIE_ECHO)
    client.chunk(4000, SHUTDOWN)
    assert client.chunk(4000, INIT) != first


def test_spread(lv1, client):
    """By association, independent of TCP and UDP on the same ports."""
    homes = [client.chunk(sport, INIT) for sport in range(4000, 4006)]
    assert sorted(homes) == ['w101'] * 3 + ['w102'] * 3
    for sport, home in zip(range(4000, 4006), homes):
        assert client.chunk(sport, DATA) == home


def test_timeouts(lv1, client):
    """The timeouts of the table, by state."""
    lv1.timeouts(syn=60000, established=900000, fin=120000, closed=10000)
    for sport, kinds in ((4000, [INIT]), (4001, [INIT, DATA]),
                         (4002, [INIT, DATA, SHUTDOWN]), (4003, [INIT, ABORT])):
        for kind in kinds:
            client.chunk(sport, kind)
    for one in lv1.connections():
        most = {4000: 60000, 4001: 900000, 4002: 120000, 4003: 10000}[
            one['sport']]
        assert most - 8000 < one['expires'] <= most, one


@pytest.mark.parametrize('packet', [
    wire.sctp(4000, chunk=None), wire.ip(wire.sctp_data(
        4000, 5000, INIT)[:-1], 132), wire.ip(b'\x0f\xa0\x13\x88', 132)])
def test_without_chunk(lv1, client, reasons, packet):
    since = reasons('lv1')
    client.lost(packet, since, 'drop_malformed')
    assert lv1.connections() == []


def test_frames(site, lv1):
    """Only MAC, TTL and header checksum change, never the CRC."""
    lv1.backend('delete', W102, **KEY)
    packets = {
        'init': wire.sctp(4000, payload=bytes(16)),
        'data': wire.sctp(4001, chunk=DATA, payload=b'odd', vtag=77),
        'full': wire.sctp(4002, chunk=DATA, payload=bytes(range(256)) * 5,
                          tos=0x5d),
        'wrong crc': wire.sctp(4003)[:-1] + b'\xff',
        'options': wire.ip(wire.sctp_data(4004, 5000, INIT, bytes(16)), 132,
                           options=b'\1' * 8)}
    with wire.Tap(site.client) as client, wire.Tap(site.w101) as w101:
        for sport, packet in enumerate(packets.values(), 4000):
            client.send(packet, LV1)
            got = w101.wait(lambda p, s=sport: p.sport == s and p.dst == VIP,
                            'the packet')
            wire.same(got, wire.forwarded(packet, '10.10.30.101',
                                          site.lv1.mac('eth1').hex(':')))
