# SPDX-License-Identifier: GPL-2.0
"""The trial of dsrctl doctor: a working site is broken in twenty ways.

One at a time: doctor names the fault, its command mends the fault, and doctor is silent
again. Ten faults are those that others have reported of such sites, and ten are of
no list. It prints what doctor says, so run it with -s; it runs only where it is
asked for:

        scripts/vm.sh bookworm --results DIR -- tests/vm/parts.sh scenarios -s -m trial
"""

import shlex

import pytest

from doctor import (  # noqa: F401  pylint: disable=unused-import
    LONG, chain, findings, silent, tracefs, well)
from host import wait_for
from network import BACK_VRRP, CLIENT, VIP, W101, W102
from test_layout import alias, change, sysctl
from traffic import MARK

# pylint: disable=redefined-outer-name

ADDRESS = {'10.10.31.12': 'lv2', '10.10.30.12': 'lv2', W101: 'w101', W102: 'w102'}


def other_mark(site):
    site.lv1.nft('flush ruleset' + MARK.replace('mark set 1', 'mark set 2'))


def no_mark(site):
    """And the balancer has the VIP, as with keepalived."""
    sysctl(site, 'lv1', 'ipv4/conf/eth1/accept_local', 1)
    alias(site, 'lv1')
    site.lv1.nft('flush ruleset')


def rp_filter(site):
    site.lv1.sysctl('ipv4/conf/eth1/rp_filter', 1)


def no_forwarding(site):
    sysctl(site, 'lv1', 'ipv4/ip_forward', 0)


def own_vip(site):
    change(site, 'lv1', f'addr add {VIP}/32 dev lo', f'addr del {VIP}/32 dev lo')


def two_masters(site):
    sysctl(site, 'lv1', 'ipv4/conf/eth1/accept_local', 1)
    for name in ('lv1', 'lv2'):
        site.net[name].ip(f'addr add {VIP}/32 dev eth0')
        site.undo.append(lambda host=site.net[name]: host.run(
            'ip', 'addr', 'del', f'{VIP}/32', 'dev', 'eth0', check=False))


def forward_drops(site):
    chain(site.lv1, 'forward', policy='drop')


def narrow_device(site):
    change(site, 'lv1', 'link set eth1 mtu 1300', 'link set eth1 mtu 1500')


def dead_backend(site):
    change(site, 'w102', 'link set eth0 down',
           'link set eth0 up\nroute replace default via 10.10.30.10')
    site.lv1.ip('neigh flush dev eth1')


def no_rule(site):
    site.w101.dsrctl('real flush')


def narrow_route(site):
    change(site, 'lv1', f'route add {W101}/32 dev eth1 mtu 1300',
           f'route del {W101}/32 dev eth1')


def barred_by_route(site):
    bar(site.lv1, site, f'route add blackhole {CLIENT}/32')


def barred_by_rule(site):
    bar(site.lv1, site, 'rule add pref 77 iif eth1 prohibit')


def barred_there(site):
    bar(site.w101, site, 'route add unreachable 10.10.31.0/24')


def bar(host, site, line):
    host.ip(line)
    site.undo.append(lambda: host.run(
        'sh', '-c', f'ip {line.replace("add", "del", 1)} 2>&1; true'))


def wrong_neighbour(site):
    change(site, 'lv1',
           f'neigh replace {W101} lladdr 02:00:00:00:00:66 dev eth1 nud permanent',
           f'neigh del {W101} dev eth1')


def answers_for_nothing(site):
    """w101 answers no ARP request, and sends none by which lv1 would learn it."""
    mac = site.lv1.mac('eth1').hex(':')
    for address in (BACK_VRRP, '10.10.30.11'):
        change(site, 'w101',
               f'neigh replace {address} lladdr {mac} dev eth0 nud permanent',
               f'neigh del {address} dev eth0')
    sysctl(site, 'w101', 'ipv4/conf/all/arp_ignore', 8)
    site.lv1.ip('neigh flush dev eth1')


def no_forwarding_of_device(site):
    sysctl(site, 'lv1', 'ipv4/conf/eth1/forwarding', 0)


def asymmetric(site):
    """Another device leads back to the client, and rp_filter is 1."""
    sysctl(site, 'w101', 'ipv4/conf/eth0/rp_filter', 1)
    change(site, 'w101', 'link add name way type dummy\nlink set way up\n'
           f'route add {CLIENT}/32 dev way', 'link del way')


def raw_drops(site):
    chain(site.lv1, 'prerouting', f'ip daddr {VIP} drop', priority='raw')


def resets(site):
    chain(site.w101, 'input', 'tcp dport 80 reject with tcp reset')


LISTED = (other_mark, no_mark, rp_filter, no_forwarding, own_vip, two_masters,
          forward_drops, narrow_device, dead_backend, no_rule)
OTHERS = (narrow_route, barred_by_route, barred_by_rule, barred_there,
          wrong_neighbour, answers_for_nothing, no_forwarding_of_device,
          asymmetric, raw_drops, resets)


def machine(site, plant):
    """Where the operator looks: on the balancer first."""
    there = plant in (no_rule, barred_there, asymmetric, resets)
    return site.w101 if there else site.lv1


def mend(site, host, command):
    words = shlex.split(command)
    if words[0] == 'ssh':
        host, command = site.net[ADDRESS[words[1].split('@')[1]]], ' '.join(
            words[2:])
    host.changed = True
    host.run('sh', '-c', command)


@pytest.mark.trial
@pytest.mark.parametrize('plant', LISTED + OTHERS,
                         ids=lambda plant: plant.__name__)
def test_trial(well, plant):
    tracefs()
    host = machine(well, plant)
    silent(host)
    plant(well)
    found = wait_for('doctor names a fault', lambda: findings(host, LONG))
    for one in found.values():
        print(f"\n{host.name}# dsrctl doctor\n{one['code']}: {one['subject']}\n"
              f"    {one['what']}")
        for command in one['commands']:
            print(f'    # {command}')
    for one in found.values():
        for command in one['commands']:
            mend(well, host, command)
    silent(host)
