# SPDX-License-Identifier: GPL-2.0
"""The site's own rules on the balancer, and what the paths mean for them."""

import pytest

import wire
from network import VIP, wait_for
from traffic import ask

LV1 = '10.10.31.11'

DROP_8080 = '-A FORWARD -d 10.10.31.100 -p tcp --dport 8080 -j DROP'


def through(site, port, behind=81):
    """Whether a SYN to a port of the VIP comes to a server."""
    with wire.Tap(site.client) as client, wire.Tap(site.w101) as w101, \
            wire.Tap(site.w102) as w102:
        client.send(wire.tcp(4000, port), LV1)
        client.send(wire.tcp(4001, behind), LV1)
        # what follows has come, so what came before would have
        wait_for('the SYN behind it', lambda: any(
            p.dport == behind for p in w101.drain() + w102.drain()))
        return any(p.dport == port for p in w101.seen + w102.seen)


def packets_of(site, chain='FORWARD'):
    """The counter of the first rule of a chain."""
    text = site.lv1.run('iptables', '-nvxL', chain).stdout
    return int(text.splitlines()[2].split()[0])


@pytest.mark.smoke
def test_forward_drops(lb):
    lb.lv1.iptables(*DROP_8080.split())
    assert not through(lb, 8080)
    assert packets_of(lb) == 1
    assert through(lb, 80)
    assert lb.replies(2).total() == 2


def test_direct_passes_forward_by(lb):
    lb.lv1.dsrctl('service set fwmark 1 path direct')
    lb.lv1.iptables(*DROP_8080.split())
    assert through(lb, 8080)
    assert packets_of(lb) == 0


def test_forward_sees_devices(silent):
    """The rules see where a packet came from and where it goes."""
    silent.lv1.iptables(*('-A FORWARD -i eth0 -o eth1 -s 10.10.31.200 '
                      '-d 10.10.31.100 -m mark --mark 1').split())
    assert through(silent, 80)
    assert packets_of(silent) == 2


@pytest.mark.parametrize('path', ['stack', 'direct'])
def test_postrouting_mangles(silent, path):
    """A mangle rule in POSTROUTING applies with path stack only."""
    silent.lv1.dsrctl(f'service set fwmark 1 path {path}')
    silent.lv1.nft('''
        table ip mangle { chain postrouting {
            type filter hook postrouting priority mangle;
            oifname "eth1" ip daddr 10.10.31.100 ip dscp set cs3
        }
        }''')
    with wire.Tap(silent.client) as client, wire.Tap(silent.w101) as w101, \
            wire.Tap(silent.w102) as w102:
        client.send(wire.tcp(4000, tos=2), LV1)
        wait_for('the SYN', lambda: [
            p for p in w101.drain() + w102.drain() if p.dst == VIP])
        got = [p for p in w101.seen + w102.seen if p.dst == VIP]
    assert [p.tos for p in got] == [0x62 if path == 'stack' else 2]
    assert got[0].checksums_right()


def test_stateful_firewall(lb):
    """Connection tracking on the balancer sees both directions."""
    lb.lv1.nft('''
        table ip filter { chain forward {
            type filter hook forward priority filter; policy drop;
            ct state established accept
            ip daddr 10.10.31.100 tcp dport 80 ct state new accept
        }
        }''')
    assert lb.replies(10) == {'w101 nano': 5, 'w102 desu': 5}
    sock = lb.connect_to('w101')
    assert ask(sock) == 'w101 nano'
    assert not through(lb, 8080, 80)


def test_other_traffic_is_routed(lb):
    """What is not balanced is routed as before."""
    assert lb.curl('http://10.10.30.101/') == 'w101 nano\n'
    assert lb.curl('http://10.10.30.102/') == 'w102 desu\n'
