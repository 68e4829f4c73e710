# SPDX-License-Identifier: GPL-2.0
"""IPv6: ICMP errors reach the server of the quoted packet."""

import itertools

import pytest

import wire
import wire6
from host import wait_for
from network import CLIENT6, VIP6
from service6 import ANY, LV1, MARK, MARK6, balance, flows, ports

QUOTED_EXTS = ([], [(wire6.OPTIONS, wire6.PADDING)])


@pytest.mark.parametrize('how', ['vip', 'marked', 'unmarked'])
@pytest.mark.parametrize('sends', ['stack', 'direct'])
def test_error_reaches_its_server(site6, how, sends, reasons):
    """All four kinds reach their server, with any mark of the error itself."""
    rules = MARK6 if how == 'marked' else MARK6.replace(
        '100 meta', '100 tcp dport 80 meta')
    balance(site6, ANY if how == 'vip' else MARK, rules=rules, path=sends)
    since = reasons('lv1')
    with wire6.Tap(site6.client) as client, wire6.Tap(site6.w101) as w101, \
            wire6.Tap(site6.w102) as w102:
        taps = {'w101': w101, 'w102': w102}
        number = 0
        for name, port in flows(site6, client, taps).items():
            for type_, exts in itertools.product(range(1, 5), QUOTED_EXTS):
                number += 1
                quoted = wire6.tcp(80, port, src=VIP6, dst=CLIENT6, exts=exts)
                packet = wire6.error(type_, 0, quoted[:40 + 8 + 8], 1280,
                                     src=f'2001:db8:99::{number}')
                client.send(packet, LV1)
                got = taps[name].wait(lambda p, t=type_: p.type is not None
                                      and p.dst == VIP6, f'type {type_}')
                wire.same(got, wire6.forwarded(packet, site6, {
                    'w101': '10.10.30.101', 'w102': '10.10.30.102'}[name]))
                taps[name].seen.clear()
        for tap in taps.values():
            tap.none(lambda p: p.type is not None and p.dst == VIP6,
                     'it was for the other')
    assert since['forwarded_icmp_error'] == 16


def test_error_quotes_udp_and_sctp(site6, reasons):
    balance(site6, ANY, backends=('w101',))
    since = reasons('lv1')
    with wire6.Tap(site6.client) as client, wire6.Tap(site6.w101) as w101:
        client.send(wire6.udp(4000), LV1)
        client.send(wire6.sctp(4001), LV1)
        wait_for('both', lambda: len(ports(w101)) == 2)
        for quoted in (wire6.udp(7, 4000, src=VIP6, dst=CLIENT6),
                       wire6.sctp(5000, 4001, src=VIP6, dst=CLIENT6),
                       # the first fragment has the ports
                       wire6.fragment(wire6.udp_data(7, 4000), 0, True, 1,
                                      src=VIP6, dst=CLIENT6)):
            packet = wire6.error(1, 4, quoted)
            client.send(packet, LV1)
            got = w101.wait(lambda p: p.type == 1, 'the error')
            wire.same(got, wire6.forwarded(packet, site6))
            w101.seen.clear()
    assert since['forwarded_icmp_error'] == 3


def test_unrelated_errors(site6, reasons):
    """Errors about unknown connections are dropped, and not answered."""
    balance(site6, ANY)
    since = reasons('lv1')
    with wire6.Tap(site6.client) as client, wire6.Tap(site6.w101) as w101, \
            wire6.Tap(site6.w102) as w102:
        client.send(wire6.tcp(4000), LV1)
        wait_for('the SYN', lambda: ports(w101) + ports(w102))
        w101.seen.clear()
        w102.seen.clear()
        for quoted in (wire6.tcp(80, 9, src=VIP6, dst=CLIENT6),
                       wire6.tcp(4000),
                       # this looks like ports, but is not
                       wire6.fragment(wire6.tcp(80, 4000)[40:], 800, True, 1,
                                      6, src=VIP6, dst=CLIENT6),
                       wire6.ip(b'\0' * 8, 47, src=VIP6, dst=CLIENT6)):
            client.send(wire6.error(1, 0, quoted), LV1)
        wait_for('counted', lambda: since['drop_not_served'] == 4)
        # neighbour discovery, and other ICMPv6
        client.send(wire6.icmp(wire6.ECHO_REPLY, 0, b'\0' * 4), LV1)
        wait_for('counted', lambda: since['drop_not_served'] == 5)
        for tap in (w101, w102):
            tap.none(lambda p: p.src == CLIENT6 and p.dst == VIP6, 'unrelated')
