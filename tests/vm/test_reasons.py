# SPDX-License-Identifier: GPL-2.0
"""Every reason of the modules was provoked."""

import pytest

import wire
from balancer import Balancer
from host import wait_for
from network import CLIENT, VIP
from reasons import judge
from traffic import DEBUG, GET, ask, read_reply

FAILSLAB = '/sys/kernel/debug/failslab'


class Shortage:
    """Allocations that must not sleep fail."""

    def write(self, **values):
        for name, value in values.items():
            with open(f'{FAILSLAB}/{name.replace("_", "-")}', 'w',
                      encoding='ascii') as file:
                file.write(str(value))

    def __enter__(self):
        # without stack dumps, which would count as splats
        self.write(verbose=0, ignore_gfp_wait=1, task_filter='N',
                   interval=1, times=-1, space=0, probability=100)

    def __exit__(self, *_):
        self.write(probability=0)


@pytest.mark.debug
def test_no_memory_on_balancer(lb, reasons):
    """The packet is dropped; later packets pass again."""
    sock = lb.connect_to('w101')
    since = reasons('lv1')
    with Shortage():
        # TCP keeps a clone of each segment, so the headers are shared
        sock.sendall(GET)
        wait_for('drop counted', lambda: since['drop_no_memory'] >= 1)
    assert read_reply(sock) == 'w101 nano'


@pytest.mark.debug
def test_no_memory_for_connections(lb, reasons):
    """A flow without memory for an entry is still balanced."""
    since = reasons('lv1')
    with wire.Tap(lb.client) as client, wire.Tap(lb.w101) as w101, \
            wire.Tap(lb.w102) as w102:
        client.send(wire.udp(3999, 9), '10.10.31.11')
        client.send(wire.udp(3998, 9), '10.10.31.11')
        wait_for('ARP is done', lambda: since['forwarded'] >= 2)
        with Shortage():
            for port in range(4000, 4010):
                client.send(wire.udp(port, 9), '10.10.31.11')
            wait_for('all have passed',
                     lambda: since['forwarded_stateless'] == 10)
        # nor is the table full: the scheduler continues
        lv1 = Balancer(lb)
        said = lv1.explain(src=CLIENT, sport=5000, dst=VIP, dport=9,
                           proto='udp', fwmark=1)
        assert said['explain']['choice'] == 'scheduler'
        del w101, w102


@pytest.mark.debug
def test_no_memory_on_real_server(site, reasons):
    site.w101.dsrctl(f'real add vip {VIP}')
    since = reasons('w101', 'dsr_rs')
    with wire.Tap(site.lv2, 'eth1') as lv2, Shortage():
        # a port of its own: a flow of another test would need no memory
        lv2.send(wire.udp(3990, 9), '10.10.30.101')
        wait_for('drop counted', lambda: since['drop_no_memory'] == 1)


@pytest.mark.last
def test_every_reason_was_provoked(site, request):
    """The names are those of dsrctl, and none is missing."""
    if request.config.getoption('queue'):
        pytest.skip('scripts/test.sh asks, of all machines together')
    if request.config.getoption('keyword') or len(request.session.items) < 60:
        pytest.skip('only some of the tests were run')
    for family, names in site.reason_names().items():
        assert not judge(names, site.provoked[family], DEBUG), family
