# SPDX-License-Identifier: GPL-2.0
"""The balancer's devices are in a VRF."""

import pytest

import wire
from host import run
from network import CLIENT, VIP, W101, W102
from traffic import exchange

LV1 = '10.10.31.11'
GRE = 47
ELSEWHERE = '192.0.2.100'


@pytest.fixture
def vrf(site):
    """lv1 has both its devices in one."""
    if run('modprobe', 'vrf', check=False).returncode:
        pytest.skip('this kernel has no VRF')
    site.undo.append(lambda: site.rebuild('lv1'))
    site.lv1.ip('''
        link add red type vrf table 10
        link set red up
        link set eth0 master red
        link set eth1 master red''')
    return site


@pytest.mark.parametrize('path', ['stack', 'direct'])
def test_vrf(vrf, path):
    """The backend needs a route in the main table by its device."""
    vrf.lv1.dsrctl('service add fwmark 1')
    said = vrf.lv1.dsrctl(f'backend add fwmark 1 via {W101}', check=False)
    assert said.returncode == 2 and 'VRF' in said.stderr
    vrf.lv1.ip(f'''
        route add {W101} dev eth1
        route add {W102} dev eth1''')
    vrf.lv1.configure(f'''
        service set fwmark 1 path {path}
        backend add fwmark 1 via {W101}
        backend add fwmark 1 via {W102}''')
    for name in ('w101', 'w102'):
        vrf.net[name].dsrctl(f'real add vip {VIP}')
    assert vrf.replies(4) == {'w101 nano': 2, 'w102 desu': 2}
    vrf.echo('w101')
    vrf.echo('w102')
    for _ in range(2):
        exchange(vrf.udp(), [b'x' * 10, b'x' * 4000])
    assert {one['src'] for one in vrf.connections()} == {CLIENT}


def test_marked_is_sent_on(vrf, reasons):
    """Netfilter shows a packet by the VRF too, to which each route belongs."""
    vrf.lv1.nft(f'''
        flush ruleset
        table ip mangle {{ chain marks {{
            type filter hook prerouting priority mangle;
            ip daddr {ELSEWHERE} meta mark set 1
        }}
        }}''')
    vrf.lv1.ip(f'''
        route add {W101} dev eth1
        route add {ELSEWHERE} via {W102} vrf red''')
    vrf.lv1.configure(f'''
        service add fwmark 1
        backend add fwmark 1 via {W101}''')
    since = reasons('lv1')
    with wire.Tap(vrf.client) as client, wire.Tap(vrf.w102) as w102:
        client.send(wire.ip(bytes(24), GRE, dst=ELSEWHERE), LV1)
        w102.wait(lambda p: p.dst == ELSEWHERE, 'what was routed')
    assert since['drop_not_served'] == 0
