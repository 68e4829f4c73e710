# SPDX-License-Identifier: GPL-2.0
"""dsrctl doctor: sites that are well, of each layout; and a site of many services."""

import resource
import time

import pytest

from doctor import (  # noqa: F401  pylint: disable=unused-import
    by_vip, chain, clients, silent, tracefs, well)
from host import wait_for
from network import VIP, VIP6, W101, W1016, W102, W1026
from test_layout import alias, change, sysctl
from traffic import MARK, ask, meanwhile


# pylint: disable=redefined-outer-name

def test_well(well):
    """The site of the scenario, every machine of it."""
    silent(well.lv1, well.lv2, well.w101, well.w102, well.client)


@pytest.mark.parametrize('options', ['path direct', 'scheduler maglev',
                                     'path direct scheduler maglev'])
def test_well_options(site, options):
    site.balance(options)
    with clients(site):
        silent(site.lv1, site.w101)


def test_well_ingress(site):
    site.balance('path direct')
    site.lv1.dsrctl('path add dev eth0')
    with clients(site):
        silent(site.lv1)


def test_well_vip(site):
    by_vip(site, VIP, (W101, W102))
    with clients(site):
        silent(site.lv1, site.lv2, site.w101, site.w102, site.client)


def test_well_ipv6(site6):
    by_vip(site6, VIP6, (W1016, W1026))
    with clients(site6, VIP6):
        silent(site6.lv1, site6.lv2, site6.w101, site6.w102, site6.client)


def test_well_tos(site):
    site.balance('tos 0x20', rule='tos 0x20 from 10.10.30.11,10.10.30.12 clear')
    with clients(site):
        silent(site.lv1, site.w101, site.w102)


def test_well_other_router(lb):
    """The replies do not come by: that this machine forwards nothing is well."""
    for name in ('w101', 'w102'):
        change(lb, name, 'route replace default via 10.10.30.12',
               'route replace default via 10.10.30.10')
    sysctl(lb, 'lv1', 'ipv4/ip_forward', 0)
    sysctl(lb, 'lv1', 'ipv4/conf/eth1/rp_filter', 1)
    with clients(lb):
        silent(lb.lv1, lb.lv2, lb.w101)


def test_well_alias_on_real_servers(site):
    site.balance(rule='')
    for name in ('w101', 'w102'):
        alias(site, name)
    with clients(site):
        silent(site.lv1, site.w101)


def test_well_alias_on_balancer(lb):
    sysctl(lb, 'lv1', 'ipv4/conf/eth1/accept_local', 1)
    alias(lb, 'lv1')
    with clients(lb):
        silent(lb.lv1)


def test_well_local(site):
    for host in (site.w101, site.w102):     # with their local routes
        site.undo.append(lambda h=host: h.dsrctl('real flush'))
    site.balance(rule=f'vip {VIP} mode local')
    with clients(site):
        silent(site.lv1, site.w101)


def test_well_firewall(well):
    """A firewall that lets the service pass, and drops others."""
    chain(well.lv1, 'forward', 'ct state established accept\n'
          'tcp dport 80 accept', 'drop')
    with clients(well, port=81):
        wait_for('others are dropped', lambda: well.lv1.show(
            'stats')['dsr_lb']['reasons']['drop_by_firewall'] > 20)
        silent(well.lv1)


def test_well_scanned(well):
    """Ports that are not served: no rule marks them, or INPUT drops them."""
    tracefs()
    well.lv1.nft('flush ruleset' + MARK.replace(VIP, f'{VIP} tcp dport 80'))
    with clients(well, port=22):
        silent(well.lv1)
    well.lv1.nft('flush ruleset' + MARK)
    for host in (well.w101, well.w102):
        chain(host, 'input', 'tcp dport 80 accept', 'drop')
    with clients(well, port=22):
        silent(well.lv1, well.w101)


def test_well_rest(well):
    """What the operator's guide shows: the rest of a VIP is dropped."""
    key = f'vip {VIP} proto tcp port 443'
    well.lv1.configure(f'''
        service add {key}
        backend add {key} via {W101}
        service add vip {VIP} ping ignore''')
    silent(well.lv1)


def test_thousand(site):
    """1,000 services of 20 backends: all well, done before long, and no client waits.

    Ten times as many take about ten times as long, and not a hundred times. The
    time is doctor's own on the processor, in which a host may stand still.
    """
    served = f'vip {VIP} proto tcp port 8080'
    site.lv1.configure('\n'.join([f'service add {served}', *(
        f'backend add {served} via {server}' for server in (W101, W102))]))
    for host in (site.w101, site.w102):
        host.dsrctl(f'real add {served} to :80')
    servers = [f'10.77.0.{i + 1}' for i in range(20)]
    change(site, 'lv1', 'addr add 10.77.1.1/16 dev eth1\n' + '\n'.join(
        f'neigh add {server} lladdr 02:00:0a:4d:00:{i + 1:02x} dev eth1 '
        'nud permanent' for i, server in enumerate(servers)),
           'neigh flush dev eth1 nud permanent\n'
           'addr del 10.77.1.1/16 dev eth1')

    def add(ports):
        site.lv1.configure('\n'.join(
            line for port in ports
            for key in [f'vip {VIP} proto tcp port {port}']
            for line in (f'service add {key}', *(
                f'backend add {key} via {server}' for server in servers))))

    def seconds():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        silent(site.lv1)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return (after.ru_utime + after.ru_stime - before.ru_utime -
                before.ru_stime)
    add(range(1, 101))
    few = sorted(seconds() for _ in range(3))[1]
    add(range(101, 1001))
    for _ in range(4):
        many = seconds()
        print(f'{few:.2f} s for 100, {many:.2f} s for 1,000')
        if many < 40 * few:
            break
    assert many < 40 * few

    def come():
        with site.connect(port=8080) as sock:
            ask(sock)

    def look():
        before = site.lv1.show('stats')['dsr_lb']['reasons']['forwarded']
        began = time.monotonic()
        silent(site.lv1)
        print(f'{time.monotonic() - began:.1f} s with clients')
        after = site.lv1.show('stats')['dsr_lb']['reasons']['forwarded']
        assert after > before
    with meanwhile(come):
        site.undisturbed(look)
