# SPDX-License-Identifier: GPL-2.0
"""Connections with a single packet get little, since the source may be forged.
"""

import pytest

import wire
from balancer import Balancer
from probe import Probe
from wire import ACK, FIN, RST

W101, W102 = '10.10.30.101', '10.10.30.102'
ADDRESS = {'w101': W101, 'w102': W102}
OTHER = {'w101': 'w102', 'w102': 'w101'}


@pytest.fixture
def lv1(silent):
    return Balancer(silent)


@pytest.fixture
def probe(silent, lv1):
    with Probe(silent) as probe:
        yield probe


def test_strays_are_no_connections(lv1, probe, reasons):
    """They are not active, keep no client out, and are soon forgotten."""
    for address in ADDRESS.values():
        lv1.backend('set', address, upper=10)
    since = reasons('lv1')
    for port in range(4000, 4060):
        assert probe.tcp(port)
    assert since.all() == {'forwarded': 60}
    assert set(lv1.states().values()) == {'unproven'}
    assert max(one['expires'] for one in lv1.connections()) <= 60000
    shown = lv1.backends().values()
    assert [one['active'] for one in shown] == [0, 0]
    assert sum(one['inactive'] for one in shown) == 60
    assert not any(one['overloaded'] for one in shown)
    home = probe.syn(5000)
    assert probe.tcp(5000) == home
    # one of them continues
    assert probe.tcp(4000)
    assert lv1.states()[4000] == 'established'
    assert sum(one['active'] for one in lv1.backends().values()) == 2


def test_ends_of_nothing(lv1, probe, reasons):
    """A FIN or RST of no connection goes to a server, and is not remembered.
    """
    since = reasons('lv1')
    for port, flags in ((4000, RST), (4001, FIN | ACK), (4002, RST | ACK)):
        home = probe.tcp(port, flags=flags)
        # later packets of the same connection go there as well
        assert probe.tcp(port, flags=flags) == home
    assert since.all() == {'forwarded_stray_unremembered': 6}
    assert lv1.connections() == []


def test_clients_that_never_answer(lv1, probe):
    """They do not fill the table; others in the table stay with their server.
    """
    lv1.service('set', persist=3600000)
    lv1.set_table(max=64)
    for number in range(60):
        probe.syn(4000, src=f'10.20.1.{number + 1}')
    assert lv1.table()['entries'] == 16
    assert [one['persistent'] for one in lv1.backends().values()] == [0, 0]
    assert all(one['expires'] <= 60000 for one in lv1.connections())
    homes = set()
    for number in range(8):
        src = f'10.20.2.{number + 1}'
        home = probe.syn(4000, src=src)
        assert {probe.syn(port, src=src) for port in range(4001, 4012)} | {
            probe.tcp(port, src=src) for port in range(4000, 4012)} == {home}
        homes.add(home)
    assert homes == {'w101', 'w102'}


def test_syn_again_when_there_is_room(lv1, probe):
    """A repeated SYN goes to the same server: the client may have got an
    answer."""
    lv1.set_table(max=64)
    for port in range(4000, 4016):      # the share of unproven connections
        probe.tcp(port)
    homes = {port: probe.syn(port) for port in range(5000, 5012)}
    assert set(homes.values()) == {'w101', 'w102'}
    assert lv1.table()['entries'] == 16
    lv1.set_table(max=1024)
    assert {port: probe.syn(port) for port in homes} == homes
    assert lv1.table()['entries'] == 16 + len(homes)
    assert {port: probe.tcp(port) for port in homes} == homes


@pytest.mark.parametrize('how', [{'weight': 0}, {'admin': 'draining'}])
@pytest.mark.parametrize('persist', [0, 60000])
def test_syn_leaves_a_dying_server(lv1, probe, how, persist):
    """A connection that the server has not accepted moves to another one."""
    lv1.service('set', persist=persist)
    kept = probe.syn(4001)
    assert probe.tcp(4001) == kept
    if persist:
        src = {'src': '10.20.3.1'}
        home = probe.syn(4000, **src)
    else:
        src = {}
        home = probe.syn(4000)
    assert probe.syn(4000, **src) == home
    lv1.backend('set', ADDRESS[home], **how)
    assert probe.syn(4000, **src) == OTHER[home]
    assert probe.tcp(4000, **src) == OTHER[home]
    # an answered connection stays, with any packet in its name
    assert probe.tcp(4001) == kept
    assert probe.syn(4001) == kept
