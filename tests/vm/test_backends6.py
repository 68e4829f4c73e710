# SPDX-License-Identifier: GPL-2.0
"""IPv6: backends, as their MAC addresses and routes change."""

import pytest

import genl
import wire
import wire6
from host import wait_for
from network import CLIENT6, VIP6, W1016, W1026, mac_of
from service6 import (  # noqa: F401  pylint: disable=unused-import
    ANY, LV1, MARK, balance, path, ports)
from wire import ACK

OTHER_MAC = '02:00:00:00:01:01'


@pytest.mark.parametrize('how', ['announced', 'flushed'])
def test_mac_change(site6, path, how):
    """A backend gets another MAC address: its flows follow."""
    lv1 = balance(site6, backends=('w101',), **path)
    site6.w101.sysctl('ipv6/conf/eth0/ndisc_notify', int(how == 'announced'))

    def back():
        site6.w101.ip(f'link set eth0 address {mac_of("10.10.30.101")}')
        site6.lv1.ip('neigh flush dev eth1')
        site6.lv2.ip('neigh flush dev eth1')
    with wire6.Tap(site6.client) as client, wire6.Tap(site6.w101) as w101:
        client.send(wire6.udp(4000), LV1)
        got = w101.wait(lambda p: p.sport == 4000, 'the first')
        assert got.mac_dst.hex(':') == mac_of('10.10.30.101')
        assert lv1.backends(**ANY)[W1016]['mac'] == mac_of('10.10.30.101')
        site6.undo.append(back)
        site6.w101.ip(f'link set eth0 address {OTHER_MAC}')
        if how == 'flushed':
            site6.lv1.ip('neigh flush dev eth1')
        else:
            wait_for('heard', lambda: lv1.backends(**ANY)[W1016]['mac'] ==
                     OTHER_MAC)
        client.send(wire6.udp(4000), LV1)
        got = w101.wait(lambda p: p.sport == 4000 and
                        p.mac_dst.hex(':') == OTHER_MAC, 'at its new address')
    assert lv1.backends(**ANY)[W1016]['state'] == 'reachable'


def test_routes_change(site6, path, reasons):
    """The route to a backend disappears, returns, and changes for a while."""
    lv1 = balance(site6, backends=('w101',), **path)
    since = reasons('lv1')

    def back():
        for route in (f'{W1016} via 2001:db8:31::12', '2001:db8:30::/64 dev '
                      'eth1 proto kernel metric 256'):
            verb = 'del' if 'via' in route else 'replace'
            site6.lv1.run('ip', '-6', 'route', verb, *route.split(),
                          check=False)
    site6.undo.append(back)
    with wire6.Tap(site6.client) as client, wire6.Tap(site6.w101) as w101:
        port = 4000

        def comes():
            nonlocal port
            port += 1
            before = since['forwarded'], since['drop_no_route_to_backend']
            client.send(wire6.udp(port), LV1)
            wait_for('counted', lambda: before != (
                since['forwarded'], since['drop_no_route_to_backend']))
            if since['forwarded'] == before[0]:
                return False
            w101.wait(lambda p: p.sport == port, 'the datagram')
            return True
        assert comes()
        site6.lv1.ip('route del 2001:db8:30::/64 dev eth1')
        assert not comes()
        assert lv1.backends(**ANY)[W1016]['state'] == 'no_route'
        site6.lv1.ip('route add 2001:db8:30::/64 dev eth1 proto kernel')
        assert comes()
        # a gateway, so the backend is not on-link
        site6.lv1.ip(f'route add {W1016} via 2001:db8:31::12')
        assert not comes()
        site6.lv1.ip(f'route del {W1016} via 2001:db8:31::12')
        assert comes()
        # on another link, and back
        site6.lv1.ip('route add 2001:db8:30::100/120 dev eth0')
        assert lv1.backends(**ANY)[W1016]['ifindex'] == \
            site6.lv1.ifindex('eth0')
        site6.lv1.ip('route del 2001:db8:30::100/120 dev eth0')
        assert comes()
        site6.lv1.ip('link set eth1 down')
        assert not comes()
        site6.lv1.ip('''
            link set eth1 up
            addr replace 2001:db8:30::11/64 dev eth1 nodad''')
        assert comes()


@pytest.mark.parametrize('address, sentence', [
    ('fe80::1', 'link-local'), ('ff02::1', 'unicast'), ('::', 'unicast'),
    ('2001:db8:99::1', 'no route'),
    ('2001:db8:98::1', 'behind gateway 2001:db8:30::77: use a tunnel'),
    ('10.10.30.101', 'family')])
def test_backend_refused(site6, address, sentence):
    lv1 = balance(site6, ANY, backends=())
    site6.lv1.ip('route add 2001:db8:98::/64 via 2001:db8:30::77')
    site6.undo.append(lambda: site6.lv1.ip('route del 2001:db8:98::/64'))
    with pytest.raises(genl.Refused) as refused:
        lv1.backend('add', address, **ANY)
    assert sentence in refused.value.sentence
    assert lv1.backends(**ANY) == {}


def test_both_families(site6):
    """One mark in both families is two services; tables do not mix."""
    site6.balance(rule='')
    lv1 = balance(site6, MARK)
    with wire6.Tap(site6.client) as client6, wire.Tap(site6.client) as client, \
            wire6.Tap(site6.w101) as w101, wire.Tap(site6.w101) as old:
        for port in (4000, 4001):
            client6.send(wire6.udp(port), LV1)
            client.send(wire.udp(port), LV1)
        wait_for('one of each', lambda: len(ports(w101)) == 1 and
                 [p for p in old.drain() if p.dst == wire.VIP])
        wait_for('all four', lambda: len(lv1.connections()) == 4)
    found = {(one['src'], one['sport']): one['backend']
             for one in lv1.connections()}
    assert len(found) == 4
    assert {backend for (src, _), backend in found.items()
            if src == CLIENT6} == {W1016, W1026}
    lv1.service('delete', **MARK)
    assert len(lv1.dump('SERVICE_GET')) == 1
    lv1.service('delete')
    assert lv1.dump('SERVICE_GET') == []


def test_connection_shown(site6):
    lv1 = balance(site6, MARK, backends=('w102',))
    with wire6.Tap(site6.client) as client, wire6.Tap(site6.w102) as w102:
        client.send(wire6.tcp(4000), LV1)
        client.send(wire6.tcp(4000, flags=ACK), LV1)
        wait_for('both', lambda: ports(w102) == [4000, 4000])
    found, = lv1.connections()
    found.pop('expires')
    assert found == {'proto': 'tcp', 'src': CLIENT6, 'sport': 4000,
                     'dst': VIP6, 'dport': 80, 'state': 'established',
                     'fwmark': 1, 'backend': W1026}
