# SPDX-License-Identifier: GPL-2.0
"""dsrctl doctor: faults of a balancer."""

import shlex
import time

import pytest

import wire
from doctor import (  # noqa: F401  pylint: disable=unused-import
    BRIEF, LOOK, chain, clients, datagrams, findings, found_alone, mended,
    needs_perf, silent, tracefs, well, well_udp)
from host import run, wait_for
from network import CLIENT, VIP, W101, W102
from test_layout import alias, change, sysctl
from traffic import MARK, ask, meanwhile

# pylint: disable=redefined-outer-name


def test_udp_firewall_drops(well_udp):
    chain(well_udp.lv1, 'forward', policy='drop')
    mended(well_udp.lv1, 'firewall-drops', f'vip {VIP}', LOOK)


def test_udp_replies(well_udp):
    sysctl(well_udp, 'lv1', 'ipv4/conf/eth1/rp_filter', 1)
    mended(well_udp.lv1, 'replies-rp-filter', 'device eth1', LOOK)


def test_replies_not_forwarded(well):
    sysctl(well, 'lv1', 'ipv4/ip_forward', 0)
    mended(well.lv1, 'replies-not-forwarded', 'device eth1')


@pytest.mark.parametrize('where', ['all', 'eth1', 'both'])
def test_replies_rp_filter(well, where):
    for name in ('all', 'eth1') if where == 'both' else (where,):
        well.lv1.sysctl(f'ipv4/conf/{name}/rp_filter', 1)
    mended(well.lv1, 'replies-rp-filter', 'device eth1')


def test_replies_dropped(well):
    """Connection tracking sees no request of path direct."""
    chain(well.lv1, 'forward', 'ct state invalid drop')
    silent(well.lv1, look=LOOK)
    well.lv1.dsrctl('service set fwmark 1 path direct')
    mended(well.lv1, 'replies-dropped', f'vip {VIP}')


def bar(site, line):
    """A line of ip that bars the way to the client, and is undone at the end."""
    site.lv1.ip(line)
    site.undo.append(lambda: site.lv1.run(
        'sh', '-c', f'ip {line.replace("add", "del", 1)} 2>&1; true'))


def test_replies_no_route(well):
    """A rule bars the way of the replies, here and not upstream."""
    bar(well, 'rule add pref 77 iif eth1 prohibit')
    mended(well.lv1, 'replies-no-route', f'vip {VIP}')


def test_no_way_back(well):
    """dsr_lb drops requests that could not be answered."""
    bar(well, f'route add blackhole {CLIENT}/32')
    mended(well.lv1, 'no-route-back', 'device eth0')


def test_replies_look_spoofed(well):
    change(well, 'lv1', f'addr add {VIP}/32 dev lo',
           f'addr del {VIP}/32 dev lo')
    mended(well.lv1, 'replies-look-spoofed', 'device eth1')


def test_backend_neighbour_failed(well):
    change(well, 'w102', 'link set eth0 down',
           'link set eth0 up\nroute replace default via 10.10.30.10')
    well.lv1.ip('neigh flush dev eth1')
    mended(well.lv1, 'backend-neighbour-failed',
           f'backend fwmark 1 via {W102}')


def test_backend_unknown(site):
    """No packet has needed it so far, and it is not there."""
    site.lv1.dsrctl('service add fwmark 1')
    site.lv1.dsrctl('backend add fwmark 1 via 10.10.30.77')
    site.lv1.dsrctl('backend add fwmark 1 via 10.10.30.101')
    mended(site.lv1, 'backend-neighbour-failed',
           'backend fwmark 1 via 10.10.30.77')


def test_backend_not_silent(lb):
    """A real server in the network of the clients has the VIP, and answers for it."""
    change(lb, 'lv2', f'route add {VIP} via 10.10.30.11', f'route del {VIP}')
    with clients(lb, host='lv2'):
        silent(lb.lv1)
        change(lb, 'w101', f'addr add {VIP}/32 dev lo',
               f'addr del {VIP}/32 dev lo')
        (ssh, where, command), = found_alone(lb.lv1, 'backend-not-silent',
                                             f'vip {VIP}')
        assert (ssh, where) == ('ssh', f'root@{W101}')
        lb.w101.changed = True
        lb.w101.run(*command.split())
        silent(lb.lv1)


def test_vip_duplicate(well):
    """Both balancers believe that they are the active one."""
    sysctl(well, 'lv1', 'ipv4/conf/eth1/accept_local', 1)
    for name in ('lv1', 'lv2'):
        silent(well.lv1, look=LOOK)
        change(well, name, f'addr add {VIP}/32 dev eth0',
               f'addr del {VIP}/32 dev eth0')
    well.lv1.run('ping', '-c', '1', '-W', '60', '10.10.31.12')
    found = wait_for('both answer', lambda: findings(well.lv1))
    assert set(found) == {'vip-duplicate'}
    assert found['vip-duplicate']['subject'] == f'vip {VIP}'
    command, = found['vip-duplicate']['commands']
    assert command.startswith('ssh root@10.10.31.12 ')
    well.lv2.run('sh', '-c', shlex.split(command)[2])
    silent(well.lv1)
    well.lv2.ip(f'addr add {VIP}/32 dev eth0')


def test_service_no_backend(well):
    well.lv1.dsrctl('service add fwmark 7')
    mended(well.lv1, 'service-no-backend', 'service fwmark 7', BRIEF)


def test_service_all_out(well):
    well.lv1.dsrctl(f'backend set fwmark 1 via {W101} down')
    well.lv1.dsrctl(f'backend set fwmark 1 via {W102} weight 0 force')
    mended(well.lv1, 'service-all-out', 'service fwmark 1', BRIEF)


def own_vip(site):
    """As keepalived adds it: packets that no service takes are refused here."""
    sysctl(site, 'lv1', 'ipv4/conf/eth1/accept_local', 1)
    alias(site, 'lv1')


# on the balancer, or on no machine
owned = pytest.mark.parametrize('own', [False, True], ids=['nowhere', 'own'])


@owned
@needs_perf
def test_mark_missing(well, own):
    tracefs()
    if own:
        own_vip(well)
    well.lv1.nft('flush ruleset')
    mended(well.lv1, 'mark-missing', f'vip {VIP}')


@owned
@needs_perf
def test_mark_not_served(well, own):
    tracefs()
    if own:
        own_vip(well)
    well.lv1.nft('flush ruleset' + MARK.replace('mark set 1', 'mark set 2'))
    mended(well.lv1, 'mark-not-served', f'vip {VIP}')


@pytest.mark.parametrize('how', ['policy', 'rule'])
def test_firewall_drops(well, how):
    rule = f'ip daddr {VIP} counter drop' if how == 'rule' else ''
    policy = 'drop' if how == 'policy' else 'accept'
    chain(well.lv1, 'forward', rule, policy)
    mended(well.lv1, 'firewall-drops', f'vip {VIP}')


@pytest.mark.parametrize('scheduler', ['rr', 'maglev'])
def test_backend_no_answer(well, scheduler):
    """Its dsr_rs has no rule: the balancer sees that it does not answer.

    With maglev the table has no connection that has sent only its SYN.
    """
    well.lv1.dsrctl(f'service set fwmark 1 scheduler {scheduler}')
    well.w101.dsrctl('real flush')
    mended(well.lv1, 'backend-no-answer', f'backend fwmark 1 via {W101}')


def test_prerouting_drops(well):
    """The chain is asked by a test packet: no counter of dsr_lb rises."""
    chain(well.lv1, 'prerouting', f'ip daddr {VIP} tcp dport 80 drop',
          priority='raw', family='ip')
    mended(well.lv1, 'prerouting-drops', f'vip {VIP}')


def test_table_nearly_full(lb):
    there = [lb.connect() for _ in range(20)]
    lb.lv1.dsrctl('connection set max 20')
    mended(lb.lv1, 'table-nearly-full', 'connections', BRIEF)
    assert ask(there[0])


def test_service_overloaded(well):
    for server in (W101, W102):
        well.lv1.dsrctl(f'backend set fwmark 1 via {server} upper 1')
    mended(well.lv1, 'service-overloaded', 'service fwmark 1', BRIEF)


def test_service_shadowed(well):
    key = f'vip {VIP} proto tcp port 80'
    well.lv1.configure(f'''
        service add {key}
        backend add {key} via {W101}''')
    mended(well.lv1, 'service-shadowed', f'service {key}')


def test_option_without_effect(well):
    well.lv1.dsrctl('service set fwmark 1 persist-prefix 24 force')
    mended(well.lv1, 'option-without-effect',
           'service fwmark 1 persist-prefix', BRIEF)
    well.lv1.dsrctl('path add dev eth0')
    mended(well.lv1, 'option-without-effect', 'path dev eth0', BRIEF)


def test_backend_device_down(well):
    well.lv1.ip('link set eth1 down')
    well.undo.append(lambda: well.lv1.ip('link set eth1 up'))
    mended(well.lv1, 'backend-device-down', 'device eth1')


def test_backend_no_route(site):
    """Its network is gone since it was added."""
    site.lv1.ip('addr add 192.168.99.1/24 dev eth1')
    site.lv1.dsrctl('service add fwmark 1')
    site.lv1.dsrctl(f'backend add fwmark 1 via {W101}')
    site.lv1.dsrctl('backend add fwmark 1 via 192.168.99.2 weight 2')
    site.lv1.ip('addr del 192.168.99.1/24 dev eth1')
    mended(site.lv1, 'backend-no-route', 'backend fwmark 1 via 192.168.99.2')


def test_backend_behind_gateway(site):
    site.lv1.ip('addr add 10.99.0.1/24 dev eth1')
    site.lv1.dsrctl('service add fwmark 1')
    site.lv1.dsrctl(f'backend add fwmark 1 via {W101}')
    site.lv1.dsrctl('backend add fwmark 1 via 10.99.0.2 weight 2')
    site.lv1.ip('addr del 10.99.0.1/24 dev eth1')
    change(site, 'lv1', 'route add 10.99.0.0/24 via 10.10.30.12',
           'route del 10.99.0.0/24')
    mended(site.lv1, 'backend-behind-gateway',
           'backend fwmark 1 via 10.99.0.2')


def test_device_mtu(well):
    """Of a client that ICMP does not reach."""
    change(well, 'lv1', 'link set eth1 mtu 1400', 'link set eth1 mtu 1500')
    with wire.Tap(well.client) as tap:
        frame = wire.frame(wire.udp(4000, 9, payload=b'x' * 1472),
                           well.lv1.mac('eth0').hex(':'), tap.mac)

        def send():
            tap.sock.send(frame)
            time.sleep(0.1)     # a pace
        with meanwhile(send):
            mended(well.lv1, 'device-mtu', 'device eth1')


def test_announced_mtu(well):
    """No client has sent much so far: the SYN-ACK says how much it may send."""
    change(well, 'lv1', 'link set eth1 mtu 1300', 'link set eth1 mtu 1500')
    mended(well.lv1, 'device-mtu', 'device eth1', LOOK)


def test_route_mtu(well):
    change(well, 'lv1', f'route add {W101}/32 dev eth1 mtu 1300',
           f'route del {W101}/32 dev eth1')
    mended(well.lv1, 'route-mtu', f'route {W101}/32', LOOK)


def test_udp_no_answer(site):
    """A service by mark; the other backend answers."""
    site.balance()
    for name in ('w101', 'w102'):
        site.echo(name)
    with datagrams(site):
        wait_for('a client has come', lambda: 'udp' in site.lv1.dsrctl(
            'connection show').stdout)
        silent(site.lv1)
        chain(site.w101, 'input', 'udp dport 7 drop')
        mended(site.lv1, 'backend-no-answer', f'backend fwmark 1 via {W101}')


@pytest.mark.stock      # the debug kernel has no netem
def test_requests_not_sent(well):
    well.lv1.run('tc', 'qdisc', 'add', 'dev', 'eth1', 'root', 'netem', 'loss',
                 '100%')
    well.undo.append(lambda: well.lv1.run(
        'tc', 'qdisc', 'del', 'dev', 'eth1', 'root', check=False))
    mended(well.lv1, 'requests-not-sent', 'device eth1', LOOK)


def test_device_lro(well):
    well.lv1.ip('link add name bond1 type bond')
    well.undo.append(lambda: well.lv1.ip('link del bond1'))
    wait_for('off', lambda: not well.lv1.has_lro('bond1'))
    well.lv1.run('ethtool', '-K', 'bond1', 'lro', 'on')
    assert well.lv1.has_lro('bond1')
    mended(well.lv1, 'device-lro', 'device bond1', BRIEF)


def test_requests_rp_filter(lb):
    """The clients' network is behind the other balancer."""
    change(lb, 'client', 'addr add 10.77.0.1/32 dev lo',
           'addr del 10.77.0.1/32 dev lo')
    change(lb, 'lv1', 'route add 10.77.0.0/16 via 10.10.30.12',
           'route del 10.77.0.0/16')
    change(lb, 'lv2', 'route add 10.77.0.0/16 via 10.10.31.200',
           'route del 10.77.0.0/16')
    sysctl(lb, 'lv1', 'ipv4/conf/eth0/rp_filter', 1)
    with clients(lb, source='10.77.0.1'):
        mended(lb.lv1, 'requests-rp-filter', 'device eth0')


@pytest.mark.stock      # the debug kernel has no ip_vs
def test_ip_vs_balances(well):
    run('modprobe', 'ip_vs')
    well.undo.append(lambda: run('modprobe', '-r', 'ip_vs_rr', 'ip_vs'))
    silent(well.lv1, look=LOOK)
    well.lv1.run('ipvsadm', '-A', '-f', '9', '-s', 'rr')
    silent(well.lv1, look=LOOK)            # another service
    well.lv1.run('ipvsadm', '-A', '-f', '1', '-s', 'rr')
    well.undo.append(lambda: well.lv1.run('ipvsadm', '-C'))
    mended(well.lv1, 'ip-vs-balances', 'ip_vs -f 1', BRIEF)
