# SPDX-License-Identifier: GPL-2.0
"""Backends are next hops: the balancer follows neighbours and routes."""

import pytest

import wire
from host import wait_for
from network import VIP, W101, W102, mac_of
from traffic import ask, GET, read_reply

LV1 = '10.10.31.11'
NOBODY = '10.10.30.150'
OTHER_MAC = '02:00:00:00:01:01'


@pytest.mark.parametrize('path', ['stack', 'direct'])
@pytest.mark.parametrize('how', ['announced', 'flushed'])
def test_mac_change(site, path, how):
    """A backend gets another MAC address: an open connection continues."""
    site.balance(f'path {path}', backends=('w101',))
    sock = site.connect_to('w101')
    wait_for('reachable', lambda: site.backends()[W101]['state'] ==
             'reachable')
    assert site.backends()[W101]['mac'] == mac_of(W101)
    # The kernel ignores an announcement within a second of the last one.
    site.lv1.sysctl('ipv4/neigh/eth1/locktime', 0)
    # w101 must not lose its routes, so its device stays up.
    site.w101.sysctl('ipv4/conf/eth0/arp_notify', int(how == 'announced'))

    def back():
        site.w101.ip(f'link set eth0 address {mac_of(W101)}')
        site.lv1.ip('neigh flush dev eth1')
        site.lv2.ip('neigh flush dev eth1')
    site.undo.append(back)
    site.w101.ip(f'link set eth0 address {OTHER_MAC}')
    if how == 'flushed':
        site.lv1.ip('neigh flush dev eth1')
    assert ask(sock) == 'w101 nano'
    assert site.replies(4) == {'w101 nano': 4}
    assert site.backends()[W101]['mac'] == OTHER_MAC


@pytest.mark.parametrize('path', ['stack', 'direct'])
def test_dead_backend(site, path):
    """A backend that does not answer ARP harms no other backend, and is shown.
    """
    site.lv1.ip('neigh flush dev eth1')
    site.balance(f'path {path}', rule='')
    site.lv1.dsrctl(f'backend add fwmark 1 via {NOBODY}')
    assert site.backends()[NOBODY]['state'] == 'unknown'
    with wire.Tap(site.client) as client, wire.Tap(site.w101) as w101, \
            wire.Tap(site.w102) as w102:
        for port in range(4000, 4030):
            client.send(wire.tcp(port), LV1)
        wait_for('20 of 30 SYNs', lambda: len(
            [p for p in w101.drain() + w102.drain() if p.dst == VIP]) == 20)
    wait_for('it shows', lambda: site.backends()[NOBODY]['state'] in
             ('incomplete', 'unreachable'))
    assert site.backends()[W101]['state'] == 'reachable'
    wait_for('given up', lambda: site.backends()[NOBODY]['state'] ==
             'unreachable', every=0.2)
    assert NOBODY in site.lv1.run('dsrctl', 'show').stdout


def test_link_down_and_up(lb, reasons):
    """Without a route packets are dropped and counted; later they pass again.
    """
    sock = lb.connect_to('w101')
    since = reasons('lv1')
    lb.lv1.ip('link set eth1 down')
    try:
        assert lb.backends()[W101]['state'] == 'no_route'
        sock.sendall(GET)
        wait_for('drop counted',
                 lambda: since['drop_no_route_to_backend'] >= 1)
    finally:
        lb.lv1.ip('link set eth1 up')
    assert read_reply(sock) == 'w101 nano'      # sent again by the client
    assert lb.replies(4) == {'w101 nano': 2, 'w102 desu': 2}


def test_route_moves_to_another_device(lb):
    """The balancer follows a backend's network to another device."""
    sock = lb.connect_to('w101')
    # a second wire to the back segment
    lb.lv1.ip('link add name eth2 type veth peer name lv1b netns back')
    lb.undo.append(lambda: lb.lv1.ip('link del eth2'))
    lb.net['back'].ip('link set lv1b master br0 up')
    lb.lv1.ip(f'''
        link set eth2 up
        route add {W101}/32 dev eth2 src 10.10.30.11
    ''')
    lb.lv1.sysctl('ipv4/conf/eth2/rp_filter', 0)
    with wire.Tap(lb.w101) as w101:
        assert ask(sock) == 'w101 nano'
        asked = [p for p in w101.drain() if p.dst == VIP and p.payload]
    assert {p.mac_src for p in asked} == {lb.lv1.mac('eth2')}
    assert lb.backends()[W101]['dev'] == 'eth2'
    lb.lv1.ip('link del eth2')
    lb.undo.pop()
    assert ask(sock) == 'w101 nano'
    assert lb.backends()[W101]['dev'] == 'eth1'


def test_route_turns_to_a_gateway(silent, reasons):
    """A backend that is no longer on-link gets no packets."""
    silent.lv1.ip(f'route add {W101}/32 via {W102}')
    silent.undo.append(lambda: silent.lv1.ip(f'route del {W101}/32'))
    assert silent.backends()[W101]['state'] == 'no_route'
    since = reasons('lv1')
    with wire.Tap(silent.client) as client:
        for port in (4000, 4001):
            client.send(wire.tcp(port), LV1)
    wait_for('one of two dropped', lambda: since.all() == {
        'drop_no_route_to_backend': 1, 'forwarded': 1})
