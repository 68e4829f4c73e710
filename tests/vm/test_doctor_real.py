# SPDX-License-Identifier: GPL-2.0
"""dsrctl doctor: faults of a real server."""

import socket

import pytest

from doctor import (  # noqa: F401  pylint: disable=unused-import
    BRIEF, LOOK, by_vip, chain, clients, mended, silent, well, well_udp)
from network import VIP, VIP6, W1016, W1026
from test_layout import change, sysctl

# pylint: disable=redefined-outer-name


def test_udp_no_rule(well_udp):
    well_udp.w101.dsrctl('real flush')
    mended(well_udp.w101, 'vip-no-rule', f'vip {VIP}', LOOK)


@pytest.mark.stock      # the debug kernel has no SCTP sockets
def test_sctp_input_drops(lb):
    for name in ('w101', 'w102'):
        sock = lb.net[name].socket(socket.AF_INET, socket.SOCK_STREAM,
                                   socket.IPPROTO_SCTP)
        lb.sockets.append(sock)
        sock.bind(('0.0.0.0', 5000))
        sock.listen(1000)
    lb.w101.dsrctl(f'real add vip {VIP} proto sctp port 5000')
    with clients(lb, port=5000, proto=socket.IPPROTO_SCTP):
        silent(lb.lv1, lb.w101, look=LOOK)
        chain(lb.w101, 'input', 'ct state established accept', 'drop')
        mended(lb.w101, 'input-drops', f'vip {VIP}')


def test_ipv6_faults(site6):
    """Of a real server; each alone."""
    by_vip(site6, VIP6, (W1016, W1026))
    with clients(site6, VIP6):
        chain(site6.w101, 'input', 'tcp dport 80 drop', family='ip6')
        mended(site6.w101, 'input-drops', f'vip {VIP6}')
        site6.w101.dsrctl('real flush')
        mended(site6.w101, 'vip-no-rule', f'vip {VIP6}')


def test_vip_no_rule(well):
    well.w101.dsrctl('real flush')
    mended(well.w101, 'vip-no-rule', f'vip {VIP}')
    silent(well.lv1)


def test_no_route_back(well):
    change(well, 'w101', 'route del default',
           'route replace default via 10.10.30.10')
    mended(well.w101, 'no-route-back', 'device eth0')


@pytest.mark.parametrize('hook,rules,policy', [
    ('input', 'ct state established accept', 'drop'),
    ('output', 'tcp sport 80 drop', 'accept')])
def test_drops(well, hook, rules, policy):
    chain(well.w101, hook, rules, policy)
    mended(well.w101, f'{hook}-drops', f'vip {VIP}')


def test_router_no_answer(well):
    change(well, 'w101', 'route replace default via 10.10.30.77',
           'route replace default via 10.10.30.10')
    mended(well.w101, 'router-no-answer', 'router 10.10.30.77')


def test_rule_no_listener(well):
    well.w101.dsrctl(f'real add vip {VIP} proto tcp port 81 to :8099')
    mended(well.w101, 'rule-no-listener',
           f'real vip {VIP} proto tcp port 81', BRIEF)


def test_rule_listener_elsewhere(well):
    with well.w101.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sysctl(well, 'w101', 'ipv4/conf/all/route_localnet', 0)
        sock.bind(('127.0.0.1', 8099))
        sock.listen()
        well.w101.dsrctl(f'real add vip {VIP} proto tcp port 8099')
        mended(well.w101, 'rule-listener-elsewhere',
               f'real vip {VIP} proto tcp port 8099', BRIEF)


def test_rule_to_gone(well):
    well.w101.ip('addr add 10.10.30.77/24 dev eth0')
    well.undo.append(lambda: well.w101.run(
        'ip', 'addr', 'del', '10.10.30.77/24', 'dev', 'eth0', check=False))
    well.w101.dsrctl(f'real add vip {VIP} proto tcp port 80 '
                     'to 10.10.30.77:80')
    silent(well.w101, look=LOOK)
    well.w101.ip('addr del 10.10.30.77/24 dev eth0')
    mended(well.w101, 'rule-to-gone',
           f'real vip {VIP} proto tcp port 80', BRIEF)


def test_rule_no_local_route(well):
    well.undo.append(lambda: well.w101.dsrctl('real flush'))
    well.w101.dsrctl('real add vip 10.10.31.110 mode local')
    well.w101.ip('route del local 10.10.31.110 table local')
    mended(well.w101, 'rule-no-local-route', 'real vip 10.10.31.110', BRIEF)


@pytest.mark.parametrize('dev', ['lo', 'eth0'])
def test_vip_not_silent(well, dev):
    change(well, 'w101', f'addr add {VIP}/32 dev {dev}',
           f'addr del {VIP}/32 dev {dev}')
    mended(well.w101, 'vip-not-silent', f'vip {VIP}', BRIEF)


def test_needs_accept_local(well):
    sysctl(well, 'w101', 'ipv4/conf/eth0/accept_local', 0)
    with clients(well, host='w101'):
        mended(well.w101, 'needs-accept-local', 'device eth0')


def test_tos_differs(site):
    site.balance('tos 0x20', rule='tos 0x20 clear')
    with clients(site):
        silent(site.w101, look=LOOK)
        site.lv1.dsrctl('service set fwmark 1 tos 0x28')
        mended(site.w101, 'tos-differs', 'real dscp cs1')


def test_tos_from_other(site):
    site.balance('tos 0x20', rule='tos 0x20 from 10.10.30.12')
    with clients(site):
        mended(site.w101, 'tos-from-other', 'real dscp cs1')
