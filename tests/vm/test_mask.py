# SPDX-License-Identifier: GPL-2.0
"""A mark with bits of other users."""

import pytest

import wire
import wire6
from balancer import Balancer
from host import wait_for
from network import VIP, VIP6, W101, W1016, W102
from traffic import ask

LV1 = '10.10.31.11'


def mark_by_port(site, *, priority='mangle', **marks):
    """p4000=0x40001: packets from that port get that mark."""
    rules = '\n'.join(f'th sport {port[1:]} meta mark set {mark:#x}'
                      for port, mark in marks.items())
    site.lv1.nft(f'''
        flush ruleset
        table inet mangle {{ chain prerouting {{
            type filter hook prerouting priority {priority};
            {rules}
        }}
        }}''')


def sent_to(site, ports, make=wire, tap=wire.Tap, vip=VIP):
    """{port: server} for a SYN from each port."""
    with tap(site.client) as client, tap(site.w101) as w101, \
            tap(site.w102) as w102:
        for port in ports:
            client.send(make.tcp(port), LV1)

        def came():
            return {p.sport: name for name, one in (('w101', w101),
                                                    ('w102', w102))
                    for p in one.drain() if p.dst == vip}
        wait_for('each SYN', lambda: len(came()) == len(ports))
        return came()


@pytest.mark.smoke
@pytest.mark.parametrize('priority', ['mangle', 'filter'])
def test_foreign_bits(site, reasons, priority):
    """The other bits are ignored."""
    site.lv1.configure(f'''
        service add fwmark 0x1/0xff
        backend add fwmark 1 via {W101}''')
    mark_by_port(site, priority=priority, p4000=1, p4001=0x40001,
                 p4002=0xffffff01, p4003=0x40002, p4004=0x101)
    since = reasons('lv1')
    assert sent_to(site, [4000, 4001, 4002, 4004]) == dict.fromkeys(
        [4000, 4001, 4002, 4004], 'w101')
    assert since['forwarded'] == 4
    assert {one['fwmark'] for one in site.connections()} == {1}
    with wire.Tap(site.client) as client:
        client.send(wire.tcp(4003), LV1)
        wait_for('the mark 2', lambda: since['pass_no_service'] == 1)
    assert site.lv1.show('explain 10.10.31.200:1 10.10.31.100:80 '
                         'mark 0xf0001')['service']['fwmark'] == 1


def test_connection(site):
    """A connection survives a change of the other bits."""
    site.balance(backends=('w101',))
    site.lv1.dsrctl('service set fwmark 1/0xff')
    rule = f'flush ruleset\ntable ip m {{ chain p {{ type filter hook ' \
        f'prerouting priority mangle; ip daddr {VIP} meta mark set %#x; }}; }}'
    site.lv1.nft(rule % 0x40001)
    sock = site.connect()
    assert ask(sock) == 'w101 nano'
    site.lv1.nft(rule % 0x80001)
    assert ask(sock) == 'w101 nano'


def test_order(site):
    """A service without a mask comes first, then the mask with the most bits.
    """
    site.lv1.configure(f'''
        service add fwmark 1/0xf
        service add fwmark 0x11/0xff
        service add fwmark 0x111
        backend add fwmark 1 via {W101}
        backend add fwmark 0x11/0xff via {W102}
        backend add fwmark 0x111 via {W101}''')
    mark_by_port(site, p4000=0x21, p4001=0xf11, p4002=0x111, p4003=0x11)
    assert sent_to(site, range(4000, 4004)) == {
        4000: 'w101', 4001: 'w102', 4002: 'w101', 4003: 'w102'}
    # without it, its packets belong to the next one
    site.lv1.dsrctl('service delete fwmark 0x11')
    mark_by_port(site, p4004=0xf11)
    assert sent_to(site, [4004]) == {4004: 'w101'}


def test_ipv6(site6):
    lv1 = Balancer(site6)
    lv1.service('add', fwmark=1, family=10, fwmark_mask=0xffff)
    lv1.backend('add', W1016, fwmark=1, family=10)
    mark_by_port(site6, p4000=0x70001)
    assert sent_to(site6, [4000], wire6, wire6.Tap, VIP6) == {4000: 'w101'}


def test_shown_and_set(site):
    """The mask is shown, and stays until another one is set."""
    lv1 = site.lv1
    lv1.dsrctl('service add fwmark 1/0xff')
    lv1.dsrctl('service set fwmark 1 path direct')
    assert 'fwmark 1/0xff ' in lv1.dsrctl('service show').stdout
    assert lv1.show('service show')[0]['fwmark_mask'] == 0xff
    assert lv1.read('/proc/net/dsr/services').startswith('fwmark 1/0xff ')
    lv1.dsrctl('service set fwmark 1/0xffffffff')
    assert lv1.show('service show')[0]['fwmark_mask'] is None
    lv1.dsrctl('service set fwmark 1/0xff')
    lv1.dsrctl('service replace fwmark 1')
    assert lv1.show('service show')[0]['fwmark_mask'] is None


def test_refused(site):
    """Masks that match nothing, and too many, are refused; deleted ones make
    room."""
    masks = [0xff, 0x1ff, 0x3ff, 0x7ff, 0xfff, 0x1fff, 0x3fff, 0x7fff]
    site.lv1.configure('\n'.join(
        f'service add fwmark {number}/{mask:#x}'
        for number, mask in enumerate(masks, 1)))
    before = site.state('lv1')
    assert site.lv1.refusals([
        'service add fwmark 0x100/0xff',
        'service add fwmark 9/0xffff',
        'service set fwmark 1/0']) == [
        'the fwmark has bits outside of its mask: no packet would '
        'match',
        'too many different fwmark masks: the limit is 8 in a network '
        'namespace',
        'the fwmark has bits outside of its mask: no packet would '
        'match']
    assert site.state('lv1') == before
    # its place is free for another one
    site.lv1.dsrctl('service set fwmark 1/0xffff')
    site.lv1.dsrctl('service delete fwmark 2')
    site.lv1.dsrctl('service add fwmark 9/0x1ffff')
    # there may be many with the same mask
    site.lv1.dsrctl('service add fwmark 10/0x1ffff')
    site.lv1.dsrctl('service flush')
    site.lv1.dsrctl('service add fwmark 9/0x3ffff')
