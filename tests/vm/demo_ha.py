#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The demo of the pair, in the virtual machine: scripts/demo.sh --ha boots it.

Two balancers, each with an unmodified keepalived and docs/keepalived.conf: a
server fails and comes back, and a balancer fails while connections are open.
Each result is checked, as in demo.py.
"""

import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from demo import BEGAN, ask, do, expect, heading, present, say, typed  # noqa: E402
from host import run                                            # noqa: E402
from network import (BACK_VRRP, FRONT_VRRP, MACHINES, VIP,      # noqa: E402
                     W101, W102)
from pair import BOTH, PAIR, SORRY, WITHOUT_W101, Pair          # noqa: E402
from talk import Talk                                           # noqa: E402

CONNECTIONS = 1000
BIG_MIB = 1
MARK = f'iptables -t mangle -A PREROUTING -d {VIP} -j MARK --set-mark 1'


def replies(net, number, *expected):
    seen = {ask(net) for _ in range(number)}
    expect(seen <= set(expected), f'{seen} answered, not {expected}')


def show_owners(net, pair):
    for name in PAIR:
        lines = [line for line in net[name].run(
            'ip', '-4', '-br', 'addr').stdout.splitlines()
            if not line.startswith('lo')]
        typed(name, 'ip -4 -br addr', '\n'.join(
            f'  {line.split()[0].split("@")[0]:5} '
            f'{" ".join(line.split()[2:])}' for line in lines))


def show_services(net, pair):
    """ipvsadm and dsrctl show the same services."""
    do(net, 'lv1', 'ipvsadm -Ln')
    do(net, 'lv1', 'dsrctl show')
    for name in PAIR:
        expect(pair.listed(name) == pair.shown(name),
               f'on {name} ipvsadm and dsrctl do not show the same')


def set_up(net):
    say('The client connects to a VIP that no machine has. dsr_lb balances the')
    say('packets that iptables marks. keepalived configures the services through')
    say('dsr_ipvs, which stands in for the ip_vs of the kernel.')
    for name in PAIR:
        do(net, name, MARK)
    for name in PAIR:
        typed(name, 'modprobe dsr_ipvs')
    for name in ('w101', 'w102', 'w103'):
        do(net, name, f'dsrctl real add vip {VIP}')


def start(net, pair):
    for name in PAIR:
        typed(name, 'keepalived -f docs/keepalived.conf')
    pair.start()
    say(f'lv1 has {FRONT_VRRP} and {BACK_VRRP}.')
    show_owners(net, pair)
    show_services(net, pair)
    replies(net, 3, 'w101 nano', 'w102 desu')


def fail(net, pair, name, services, answer):
    """Kill the nginx of a machine."""
    typed(name, 'killall -9 nginx')
    pair.stop_nginx(name)
    began = time.monotonic()
    for balancer in PAIR:
        pair.wait_services(balancer, services)
    say(f'{time.monotonic() - began:.1f} s later both balancers have:')
    do(net, 'lv1', 'dsrctl backend show fwmark 1')
    replies(net, 3, answer)


def revive(net, pair):
    for name in ('w101', 'w102'):
        typed(name, 'nginx')
        net.serve(name, BIG_MIB)
    began = time.monotonic()
    for balancer in PAIR:
        pair.wait_services(balancer, BOTH)
    say(f'{time.monotonic() - began:.1f} s later both are back:')
    do(net, 'lv1', 'dsrctl backend show fwmark 1')
    replies(net, 3, 'w101 nano', 'w102 desu')


class Meeting:
    """Connections that continue while lv1 fails."""

    def __init__(self, net, pair, talk):
        self.net, self.pair, self.talk = net, pair, talk
        self.rows = []
        state = talk.settle(1)
        expect(not state['lost'], f'lost at the beginning: {state["how"]}')
        say(f'{CONNECTIONS} connections of the client are open through the VIP: '
            'half of')
        say('them download a file slowly, the others send requests.')
        do(net, 'lv1', 'dsrctl backend show fwmark 1')
        talk.mark()

    def after(self, what, owner, alone=True):
        """The connections' progress since the last call."""
        self.pair.wait_owner(owner, alone)
        state = self.talk.settle_after()
        lost = state['lost']
        self.rows.append(f'{what:40} {lost:5}  {state["silence"]:4.1f} s')
        say(f'{owner} has taken over. Lost: {lost} of {CONNECTIONS} connections; '
            f'no data for {state["silence"]:.1f} s')
        return lost


def fail_over(net, pair):
    with Talk(net['client'], VIP, CONNECTIONS, net.big_file(BIG_MIB)) as talk:
        meeting = Meeting(net, pair, talk)
        print()
        say('The cables of lv1 are unplugged.')
        pair.pull('lv1')
        lost = meeting.after('mh: cables of lv1 pulled', 'lv2')
        show_owners(net, pair)
        do(net, 'lv2', 'dsrctl backend show fwmark 1')
        say('lv2 knew none of them, but the hash of mh sends the next packet of')
        say('each connection to the same server as lv1.')
        print()
        pair.wait_services('lv1', SORRY)
        say('They are plugged in again. lv1, which saw no server meanwhile, sees the')
        say('servers again, and lv2 keeps the addresses.')
        pair.plug_in('lv1')
        pair.wait_services('lv1', BOTH)
        print()
        talk.mark()
        typed('lv2', 'killall -9 keepalived')
        pair.kill('lv2')
        lost += meeting.after('mh: keepalived of lv2 killed', 'lv1', False)
        say('lv2 still has the addresses; but all machines have heard that lv1 has')
        say('them, and lv2 forwarded the packets that it still got.')
        pair.start_one('lv2')
        pair.wait_owner('lv1')
        pair.wait_services('lv2', BOTH)
        print()
        talk.mark()
        typed('lv1', 'systemctl stop keepalived')
        pair.stop('lv1')
        lost += meeting.after('mh: keepalived of lv1 stopped', 'lv2')
        expect(not lost, f'connections were lost: {talk.state()["how"]}')
    return meeting.rows


def compare(net, pair):
    typed('lv2', 'systemctl stop keepalived')
    pair.stop('lv2')
    pair.use_scheduler('rr')
    for name in PAIR:
        typed(name, 'keepalived -f rr.conf')
    pair.start()
    with Talk(net['client'], VIP, CONNECTIONS, net.big_file(BIG_MIB)) as talk:
        meeting = Meeting(net, pair, talk)
        print()
        typed('lv1', 'systemctl stop keepalived')
        pair.stop('lv1')
        lost = meeting.after('rr: keepalived of lv1 stopped', 'lv2')
        say('lv2 has to guess. A server resets a connection that it does not know.')
        expect(lost, 'none was lost: how could lv2 know?')
    return meeting.rows


def demo(net):
    heading('The machines: network namespaces; the segments: bridges')
    net.check()
    net.load()
    net.up()
    net.serve('w101', BIG_MIB)
    net.serve('w102', BIG_MIB)
    with Pair(net) as pair:
        say(f'{", ".join(MACHINES)}, w103; nginx runs on the last three')
        heading('The commands')
        set_up(net)
        heading('keepalived, unmodified, on lv1 and lv2')
        start(net, pair)
        heading('A server fails')
        fail(net, pair, 'w101', WITHOUT_W101, 'w102 desu')
        heading('The other one fails, too: w103 is the sorry server')
        fail(net, pair, 'w102', SORRY, 'w103 sorry')
        heading('They come back')
        revive(net, pair)
        heading('A balancer fails, with open connections')
        rows = fail_over(net, pair)
        heading('For comparison: the same with rr')
        rows += compare(net, pair)

    version = run('keepalived', '--version').stderr.split(' (')[0]
    print(f'\nShown on Linux {os.uname().release}, with '
          f'{version}: servers that fail\nthe checks leave and '
          'come back, and the second balancer takes over from the first\n'
          f'without a table of its connections. Of {CONNECTIONS} busy '
          'connections:\n', flush=True)
    print(f'   {"":39}  lost  no data for')
    for row in rows:
        print(f'   {row}')
    print(f'({time.monotonic() - BEGAN:.0f} s in the virtual machine)',
          flush=True)


if __name__ == '__main__':
    sys.exit(present(demo))
