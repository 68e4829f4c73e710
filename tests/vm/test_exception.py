# SPDX-License-Identifier: GPL-2.0
"""Entries that another balancer would miss, and what another balancer tells."""

import pytest

import genl
from balancer import Balancer, encode, objects
from network import VIP, W101, W102

PORTS = range(41000, 41020)
FLOW = {'src': '10.20.0.9', 'dst': VIP, 'dport': 80}


class Table(Balancer):
    """lv1 with one service and two backends."""

    def __init__(self, site, **service):
        super().__init__(site)
        self.service(vip=VIP, **service)
        for server in (W101, W102):
            self.backend('add', server, vip=VIP)

    def add(self, *entries):
        """What has become of entries, as {outcome: number}."""
        (_, attrs), = self.request('CONNECTION_ADD', b''.join(
            genl.nest(genl.A_CONNECTION, encode('CONNECTION', {**FLOW, **one}))
            for one in entries))
        return {key: value for key, value in
                objects(attrs)['added'].items() if value}

    def exceptions(self):
        return {one['sport'] for one in self.connections(exception=True)}

    def one(self):
        """(state, backend) of the only entry, and the seconds that it has left."""
        entry, = self.connections()
        return (entry['state'], entry['backend']), entry['expires'] / 1000

    def counts(self):
        return {addr: one['active'] + one['inactive']
                for addr, one in self.backends(vip=VIP).items()}


def test_off_the_hash(site):
    """TCP and SCTP are exceptions at another backend than the hash's."""
    for proto in ('tcp', 'sctp'):
        with Table(site, scheduler='rr') as table:
            home = {port: table.explain(**FLOW, sport=port, proto=proto,
                                        middle=True)['backend']['addr']
                    for port in PORTS}
            assert set(home.values()) == {W101, W102}
            assert table.add(*[{'proto': proto, 'sport': port, 'backend': W101}
                               for port in PORTS]) == {'added': len(PORTS)}
            assert table.exceptions() == {port for port in PORTS
                                          if home[port] != W101}
            # the real servers know better than any balancer, of TCP
            table.service('set', vip=VIP, chances=8)
            assert bool(table.exceptions()) == (proto == 'sctp')
            table.service('set', vip=VIP, chances=0)
            table.service('delete', vip=VIP)
            table.flush()


def test_datagrams(site):
    """UDP is an exception, unless the scheduler hashes."""
    with Table(site, scheduler='rr') as table:
        table.add(*[{'proto': 'udp', 'sport': port, 'backend': W101}
                    for port in PORTS])
        assert table.exceptions() == set(PORTS)
        table.service('set', vip=VIP, scheduler='maglev')
        away = table.exceptions()
        assert away and away < set(PORTS)
        table.service('delete', vip=VIP)
        assert not table.exceptions()


def test_not_worth_telling(site):
    """Half-open connections may be forged, and closed ones have ended."""
    with Table(site, scheduler='rr', persist=60000) as table:
        table.add({'proto': 0, 'sport': 0, 'dport': 0, 'backend': W102})
        kept, = table.connections(exception=True)
        assert kept['state'] == 'persistent' and kept['backend'] == W102
        table.flush()
        for state in ('syn', 'closed', 'unproven'):
            table.add(*[{'proto': 'tcp', 'sport': port, 'backend': server,
                         'state': state} for port, server in
                        zip(PORTS, (W101, W102))])
            assert not table.exceptions()
            table.flush()


def test_newer(site):
    """The entry with the later packet wins, if the request asks for that."""
    table = Table(site, scheduler='rr')
    table.timeouts(udp=300000, established=300000)
    told = {'proto': 'udp', 'sport': 4000, 'backend': W101, 'newer': True}
    assert table.add({**told, 'expires': 100000}) == {'added': 1}
    other = {**told, 'backend': W102}
    assert table.counts() == {W101: 1, W102: 0}
    for refused in ({**other, 'expires': 50000},
                    {**other, 'expires': 200000, 'newer': False},
                    {**other, 'expires': 200000, 'state': 'unproven'}):
        assert table.add(refused) == {'known': 1}, refused
        entry, left = table.one()
        assert entry == ('udp', W101) and left <= 100
    assert table.add({**other, 'expires': 200000}) == {'added': 1}
    entry, left = table.one()
    assert entry == ('udp', W102) and 100 < left <= 200
    assert table.counts() == {W101: 0, W102: 1}
    # the same backend: it lives longer
    assert table.add({**other, 'expires': 290000}) == {'added': 1}
    entry, left = table.one()
    assert entry == ('udp', W102) and 200 < left <= 290
    assert table.counts() == {W101: 0, W102: 1}
    table.flush()
    # a state that counts otherwise
    told.update(proto='tcp')
    assert table.add({**told, 'state': 'fin', 'expires': 50000}) == {'added': 1}
    assert table.add({**told, 'state': 'established', 'expires': 290000}) == {
        'added': 1}
    assert table.one()[0] == ('established', W101)
    assert table.backends(vip=VIP)[W101]['active'] == 1
    assert table.counts() == {W101: 1, W102: 0}


def test_attributes(site):
    """Each of the two attributes has a meaning in one request only."""
    with Table(site, scheduler='rr') as table:
        with pytest.raises(genl.Refused):
            table.add({'proto': 'udp', 'sport': 4000, 'backend': W101,
                       'exception': True})
        with pytest.raises(genl.Refused):
            table.connections(newer=True)
        assert not table.connections()
