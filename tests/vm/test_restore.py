# SPDX-License-Identifier: GPL-2.0
"""Connections that the table has lost come back by a request."""

import json

import pytest

import genl
from balancer import Balancer, encode
from network import VIP, W101, W102
from traffic import ask


def keyed(connections):
    """{client: (state, backend)}"""
    return {(one['src'], one['sport']): (one['state'], one['backend'])
            for one in connections if one['proto'] == 'tcp'}


@pytest.mark.smoke
def test_flushed(lb):
    """A table that is emptied and filled again loses no connection."""
    clients = [lb.connect() for _ in range(20)]
    asked = {sock: ask(sock) for sock in clients}
    assert {who[:4] for who in asked.values()} == {'w101', 'w102'}
    shown = lb.lv1.run('dsrctl', '-j', 'connection', 'show').stdout
    before = keyed(json.loads(shown))
    assert len(before) == 20
    lb.lv1.dsrctl('connection flush')
    assert lb.connections() == []
    done = lb.lv1.dsrctl('connection restore -', stdin=shown)
    assert done.stdout == '20 connections added, 0 were there, 0 refused\n'
    assert keyed(lb.connections()) == before
    again = lb.lv1.dsrctl('connection restore -', stdin=shown)
    assert again.stdout == '0 connections added, 20 were there, 0 refused\n'
    assert {sock: ask(sock) for sock in clients} == asked
    assert keyed(lb.connections()) == before
    # the client's end is believed, though its numbers were unknown
    for sock in clients:
        sock.close()
    lb.sockets.clear()
    assert {state for state, _ in keyed(lb.connections()).values()} == {
        'closed'}


def test_persistence(site):
    """Clients come back to their servers."""
    site.balance('persist 50s persist-prefix 24')
    for name in ('w101', 'w102'):
        site.lv1.dsrctl(f'connection add proto tcp src 10.20.{name[-1]}.1:4000 '
                        f'dst {VIP}:80 via 10.10.30.{name[1:]} fwmark 1')
    ask(site.connect())
    shown = site.lv1.run('dsrctl', '-j', 'connection', 'show').stdout
    there, = [one['backend'] for one in json.loads(shown)
              if one['state'] == 'persistent']
    site.lv1.dsrctl('connection flush')
    done = site.lv1.dsrctl('connection restore -', stdin=shown)
    assert done.stdout == '4 connections added, 0 were there, 0 refused\n'
    server = {W101: 'w101', W102: 'w102'}[there]
    assert {ask(site.connect())[:4] for _ in range(3)} == {server}


def test_refused(lb):
    """The checks are those for packets."""
    line = 'connection add proto {} src {}:4000 dst {}:80 via {} {}'
    assert lb.lv1.refusals([
        line.format('tcp', '10.20.0.1', VIP, '10.10.30.9', 'fwmark 1'),
        line.format('tcp', '10.20.0.1', VIP, W101, 'fwmark 2'),
        line.format('tcp', '10.20.0.1', VIP, W101, ''),
        line.format('tcp', '127.0.0.1', VIP, W101, 'fwmark 1'),
        line.format('udp', '10.20.0.1', VIP, W101, 'fwmark 1 state fin'),
        line.format('tcp', '10.20.0.1', VIP, '2001:db8::1', 'fwmark 1')]) == [
            'the service has no such backend',
            'no service keeps such a connection',
            'no service keeps such a connection',
            "the client's address cannot be answered",
            'a connection of this protocol cannot be in this state',
            'src, dst and via must be addresses of one family']
    assert lb.connections() == []


def test_services_of_a_vip(site):
    """A connection belongs to the service that has its backend."""
    site.lv1.configure(f'''
        service add vip {VIP}
        backend add vip {VIP} via {W101}
        service add vip {VIP} proto tcp port 80
        backend add vip {VIP} proto tcp port 80 via {W102}
        connection add proto tcp src 10.20.0.1:1 dst {VIP}:80 via {W101}
        connection add proto tcp src 10.20.0.2:1 dst {VIP}:80 via {W102}
        connection add proto udp src 10.20.0.3:1 dst {VIP}:80 via {W101}''')
    assert [service['backends'][0]['active'] for service in
            site.services()] == [2, 1]


def test_malformed(lb):
    """What a message lacks is named; the table is as it was."""
    lv1 = Balancer(lb)
    whole = {'proto': 'tcp', 'src': '10.20.0.1', 'sport': 1, 'dst': VIP,
             'dport': 80, 'backend': W101, 'fwmark': 1}
    for lacks in ('proto', 'src', 'sport', 'dst', 'dport', 'backend'):
        entry = genl.nest(genl.A_CONNECTION, encode(
            'CONNECTION', {**whole, lacks: None}))
        with pytest.raises(genl.Refused) as refused:
            lv1.request('CONNECTION_ADD', entry)
        assert refused.value.sentence == (
            'a connection needs proto, src, dst and via, and two ports')
    with pytest.raises(genl.Refused) as refused:
        lv1.request('CONNECTION_ADD')
    assert refused.value.sentence == 'the request has no connection'
    assert lb.connections() == []
