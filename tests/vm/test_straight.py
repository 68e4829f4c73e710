# SPDX-License-Identifier: GPL-2.0
"""From ingress straight to a driver without a queue, while nothing is in between."""

import contextlib
import os

import pytest

import wire
from host import run
from line import DATA, TAKEN, bulk, line, lv1    # noqa: F401  pylint: disable=unused-import
from network import W101
from test_cost import TRACING, trace

# A size that no other packet of the machine has.
LEN = 777
ODD = wire.tcp(4000, ident=78, payload=bytes(LEN - 40), **DATA)


@pytest.fixture
def untapped(captures):
    """The captures of the session see all that is sent: they pause."""
    with contextlib.ExitStack() as stack:
        for capture in captures.values():
            stack.enter_context(capture.paused())
        yield


@pytest.fixture
def queued(untapped):       # pylint: disable=unused-argument
    """Does a packet of LEN pass dev_queue_xmit() while this sends it?"""
    if not os.path.exists(TRACING) or not os.listdir(TRACING):
        run('mount', '-t', 'tracefs', 'tracefs', TRACING)
    event = 'events/net/net_dev_queue'
    if not os.path.exists(f'{TRACING}/{event}'):
        pytest.skip('this kernel cannot trace packets')

    def passes(send):
        trace('trace', '')
        send()
        return any('dev=eth1 ' in text and f' len={LEN + 14}' in text
                   for text in trace('trace').splitlines())
    trace(f'{event}/enable', '1')
    try:
        yield passes
    finally:
        trace(f'{event}/enable', '0')
        trace('trace', '')


def settle(site):
    """Give the neighbour w101 a state that does not change by itself."""
    mac = site.w101.mac('eth0').hex(':')
    site.lv1.ip(f'neigh replace {W101} lladdr {mac} dev eth1 nud permanent')
    site.undo.append(lambda: site.lv1.ip(f'neigh del {W101} dev eth1'))


@pytest.mark.stock
def test_straight(site, line, queued):      # noqa: F811
    """What is between the stack and a driver sees the packet; nothing else does."""
    def send():
        line.send(ODD)
        line.get(ODD)

    def straight():
        assert not queued(send)
    settle(site)
    line.begin(4000)
    straight()
    with wire.Tap(site.lv1, 'eth1', outgoing=True) as tap:
        assert queued(send)
        tap.wait(lambda p: p.ident == 78, 'the packet')
    straight()
    site.lv1.run('tc', 'qdisc', 'add', 'dev', 'eth1', 'root', 'handle', '1:',
                 'pfifo')
    assert queued(send)
    assert ' 1 pkt ' in site.lv1.run('tc', '-s', 'qdisc', 'show', 'dev',
                                     'eth1').stdout
    site.lv1.run('tc', 'qdisc', 'del', 'dev', 'eth1', 'root')
    straight()
    site.lv1.run('tc', 'qdisc', 'add', 'dev', 'eth1', 'clsact')
    site.lv1.run('tc', 'filter', 'add', 'dev', 'eth1', 'egress', 'matchall',
                 'action', 'pass')
    assert queued(send)
    site.lv1.run('tc', 'qdisc', 'del', 'dev', 'eth1', 'clsact')
    straight()
    site.lv1.nft('''table netdev last {
        chain out {
            type filter hook egress device eth1 priority 0;
            counter
        }
    }''')
    assert queued(send)
    assert 'packets 1 ' in site.lv1.run('nft', 'list', 'chain', 'netdev', 'last',
                                        'out').stdout
    site.lv1.nft('delete table netdev last')
    straight()
    # the stack has to find out if the neighbour is still there
    mac = site.w101.mac('eth0').hex(':')
    site.lv1.ip(f'neigh replace {W101} lladdr {mac} dev eth1 nud stale')
    assert queued(send)


@pytest.mark.parametrize('proto', list(TAKEN))
def test_frames(site, line, untapped, proto, reasons):      # noqa: F811 pylint: disable=unused-argument
    """The frames are those that the stack would send."""
    settle(site)
    line.begin(4000, proto)
    since = reasons('lv1')
    for packet in TAKEN[proto]:
        line.send(packet)
        line.get(packet)
    assert since.all() == {'forwarded_ingress': len(TAKEN[proto])}
    line.lv1.service('set', tos=0x20, tos_mask=0xfc)
    line.send(TAKEN[proto][0])
    line.get(TAKEN[proto][0], (0x20, 0xfc))


def test_bulk(site, untapped):      # pylint: disable=unused-argument
    """Much data; what GRO has merged has to be segmented, and goes as usual."""
    bulk(site)
