# SPDX-License-Identifier: GPL-2.0
"""Two balancers with chances, real servers that deny, and their counters."""

import collections
import struct

import wire
import wire6
from balancer import Balancer
from network import (MACHINES, VIP, VIP6, W101, W1016, W102, W1026, mac_of,
                     wait_for)

BACK = {4: ('10.10.30.11', '10.10.30.12'),
        6: ('2001:db8:30::11', '2001:db8:30::12')}
FAMILY = {4: (VIP, [W101, W102], wire), 6: (VIP6, [W1016, W1026], wire6)}
TYPE = 0x88b6
SPRAY = '''
    table netdev spray {{ chain out {{
        type filter hook egress device eth0 priority 0;
        {match} numgen random mod 2 == 0 ether daddr set {lv2}
    }}
    }}
'''


class Denials(wire.Tap):
    """The frames of packets that are given back."""

    protocol = TYPE


def is_denial(reason):
    return 'denied' in reason or 'denial' in reason


class Pair:
    """Two balancers that know nothing of each other, and two real servers."""

    def __init__(self, site, reasons, number=4, scheduler='rr', **service):
        self.site, self.number = site, number
        if number == 6:
            site.net.enable_ipv6()
        self.vip, self.servers, self.make = FAMILY[number]
        self.service = {'scheduler': scheduler, 'chances': 8, **service}
        self.balance()
        for name in ('w101', 'w102'):
            self.deliver(name)
        self.since = {name: reasons(name) for name in ('lv1', 'lv2')}
        self.since.update((name, reasons(name, 'dsr_rs'))
                          for name in ('w101', 'w102'))

    def balance(self):
        self.balancers = [Balancer(self.site, name) for name in ('lv1', 'lv2')]
        for one in self.balancers:
            one.service('add', vip=self.vip, **self.service)
            for server in self.servers:
                one.backend('add', server, vip=self.vip)

    def deliver(self, name, mode=''):
        """Let a server deliver what comes for the VIP, or give it back."""
        self.site.net[name].dsrctl(
            f'real replace vip {self.vip} balancer '
            f'{",".join(BACK[self.number])} {mode}')

    def spray(self):
        """Let the client send each packet to a balancer by lot."""
        match = 'ip daddr' if self.number == 4 else 'ip6 daddr'
        self.site.client.nft(SPRAY.format(
            match=f'{match} {self.vip}', lv2=mac_of('10.10.31.12')))

    def flush(self):
        for one in self.balancers:
            one.request('CONNECTION_FLUSH')

    def sent(self):
        """The number of packets that the servers have given back."""
        return sum(count for name, since in self.since.items()
                   if name[0] == 'w'
                   for reason, count in since.all().items()
                   if reason == 'denied')

    def got(self):
        """The reasons of the balancers for them, added up."""
        return sum((collections.Counter(
            {reason: count for reason, count in self.since[name].all().items()
             if is_denial(reason)}) for name in ('lv1', 'lv2')),
            collections.Counter())

    def check(self):
        """Each denial was counted on both sides."""
        wait_for(lambda: f'{self.sent()} denials, and {self.got()}',
                 lambda: self.sent() == sum(self.got().values()))
        return self.got()


class Forger(Denials):
    """A machine that claims to give packets back, also as another one.

    The switch learns no address from it. Else it would send the frames of the
    other machine here, until that machine sends one.
    """

    def __init__(self, site, name='lv2', dev='eth1'):
        super().__init__(site.net[name], dev)
        self.switch = site.net[MACHINES[name][dev][0]]
        self.learn('off')

    def __exit__(self, *args):
        super().__exit__(*args)
        self.learn('on')

    def learn(self, state):
        self.switch.ip(
            f'link set {self.host} type bridge_slave learning {state}')

    def frame(self, packet, src=None):
        macs = mac_of('10.10.30.11') + (src or self.mac)
        return (bytes.fromhex(macs.replace(':', '')) +
                struct.pack('>H', TYPE) + packet)

    def give(self, packet, src=None):
        self.sock.send(self.frame(packet, src))


def stray(number, port, flags=wire.ACK, **fields):
    """A segment of no connection."""
    vip, _, make = FAMILY[number]
    return make.tcp(port, 80, flags, seq=7000, ack=9000, dst=vip, **fields)
