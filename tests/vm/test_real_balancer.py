# SPDX-License-Identifier: GPL-2.0
"""A machine with both modules: a balancer and a real server."""

import itertools

import pytest

import genl
import wire
from balancer import Balancer
from host import wait_for
from network import VIP, W101
from nftables import STRICT
from test_layout import Web
from traffic import ask

HERE = '10.10.30.11'


def tracked(site, sock):
    """Tell if conntrack on lv1 has a connection."""
    return f'sport={sock.getsockname()[1]} ' in site.lv1.run(
        'conntrack', '-L').stdout


PORTS = itertools.count(30000)


def wait_behind(site):
    """Wait until the balancer's hook comes first: reordering takes a moment.
    """
    def count():
        return sum(number for name, number in genl.reasons(site.lv1).items()
                   if name in ('forwarded', 'delivered_here'))
    before = count()
    with wire.Tap(site.client) as client:
        def comes():
            client.send(wire.udp(next(PORTS), 9), '10.10.31.11')
            return count() > before
        wait_for('dsr_rs is behind dsr_lb', comes)


@pytest.fixture
def both(site):
    """lv1 has a service of two backends, one of them lv1."""
    site.lv1.nft(STRICT)
    Web(site, 'lv1', 'lv1 80')
    site.w101.dsrctl(f'real add vip {VIP}')
    site.lv1.dsrctl(f'real add vip {VIP}')
    lv1 = Balancer(site)
    lv1.service('add', vip=VIP)
    for address in (W101, HERE):
        lv1.backend('add', address, vip=VIP)
    wait_behind(site)
    return site


def test_balanced_first(both, reasons):
    """The service decides first, and the rule delivers packets for this
    machine."""
    since = reasons('lv1')
    socks = [both.connect() for _ in range(6)]
    assert sorted({ask(sock) for sock in socks}) == ['lv1 80', 'w101 nano']
    for sock in socks:
        assert ask(sock) in ('lv1 80', 'w101 nano')
    assert since['forwarded'] > 3 and since['delivered_here'] > 3
    flows = [flow for flow in both.lv1.show('flow show')
             if flow['state'] == 'established']
    assert len(flows) == 3
    assert not any(tracked(both, sock) for sock in socks
                   if ask(sock) == 'lv1 80')


def test_by_mark(site):
    """The same with a service by mark."""
    site.lv1.nft(STRICT)
    Web(site, 'lv1', 'lv1 80')
    site.lv1.dsrctl(f'real add vip {VIP}')
    site.balance(backends=('w101',))
    site.lv1.dsrctl(f'backend add fwmark 1 via {HERE}')
    wait_behind(site)
    answers = {ask(site.connect()) for _ in range(4)}
    assert answers == {'lv1 80', 'w101 nano'}


def test_balancer_comes_and_goes(both):
    """Without a service only the rule applies; connections continue."""
    lv1 = Balancer(both)
    lv1.backend('delete', W101, vip=VIP)
    sock = both.connect()
    assert ask(sock) == 'lv1 80'
    lv1.service('delete', vip=VIP)
    assert ask(sock) == 'lv1 80'

    def fresh():
        new = both.connect()
        assert ask(new) == 'lv1 80'
        return tracked(both, new)
    wait_for('conntrack sees it as any connection to the machine', fresh)
    assert ask(sock) == 'lv1 80'
    lv1.service('add', vip=VIP)
    lv1.backend('add', W101, vip=VIP)
    wait_behind(both)
    assert ask(both.connect()) == 'w101 nano'
