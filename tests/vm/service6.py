# SPDX-License-Identifier: GPL-2.0
"""The scenario's service on lv1, for IPv6, and the packets that come of it."""

import pytest

import wire
import wire6
from balancer import Balancer
from host import wait_for
from network import VIP6, W1016, W1026
from wire import ACK

LV1 = '10.10.31.11'             # replaced by its Ethernet address
AF_INET6 = 10
ADDRESS6 = {'w101': W1016, 'w102': W1026}
MARK = {'fwmark': 1, 'family': AF_INET6}
ANY = {'vip': VIP6}
MARK6 = '''
    table ip6 mangle { chain prerouting {
        type filter hook prerouting priority mangle;
        ip6 daddr 2001:db8:31::100 meta mark set 1
    }
    }'''


def balance(site, key, backends=('w101', 'w102'), rules=MARK6, **fields):
    """The scenario's service on lv1, for IPv6."""
    lv1 = Balancer(site)
    lv1.service('add', **key, **fields)
    for name in backends:
        lv1.backend('add', ADDRESS6[name], **key)
    if 'fwmark' in key and rules:
        site.lv1.nft(rules)
    return lv1


def ours(since):
    """The counters of packets other than neighbour discovery."""
    return {name: n for name, n in since.all().items()
            if name not in ('pass_no_service', 'pass_not_to_this_host')}


@pytest.fixture(params=['mark stack', 'mark direct', 'vip stack', 'vip direct'])
def way(request):
    """Options of balance(): the key of a service and its path."""
    how, path = request.param.split()
    return {'key': MARK if how == 'mark' else ANY, 'path': path}


@pytest.fixture(params=['stack', 'direct'])
def path(request):
    return {'key': ANY, 'path': request.param}


def ports(tap):
    return [p.sport for p in tap.drain() if p.dst == VIP6]


@pytest.fixture
def small_mtu(site6):
    site6.lv1.ip('link set eth1 mtu 1300')
    site6.undo.append(lambda: site6.lv1.ip('link set eth1 mtu 1500'))


def flows(site, client, taps, first=4000):
    """A TCP connection at each of two servers: their clients' ports."""
    found = {}
    for port in (first, first + 1):
        for flags in (wire.SYN, ACK):
            client.send(wire6.tcp(port, flags=flags), LV1)
        wait_for('both packets', lambda p=port: [
            name for name, tap in taps.items() if ports(tap).count(p) == 2])
        for name, tap in taps.items():
            if port in ports(tap):
                found[name] = port
    assert len(found) == 2
    return found
