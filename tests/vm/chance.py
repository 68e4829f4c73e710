# SPDX-License-Identifier: GPL-2.0
"""Balancers with chances, real servers that deny, and their counters."""

import collections
import struct

import wire
import wire6
from balancer import Balancer
from network import (ADDRESSES6, DEVICES, MACHINES, VIP, VIP6, mac_of,
                     wait_for)

FAMILY = {4: (VIP, wire), 6: (VIP6, wire6)}
TYPE = 0x88b6
SPRAY = '''
    table netdev spray {{ chain out {{
        type filter hook egress device eth0 priority 0;
        {match} ether daddr set numgen random mod {count} map {{ {macs} }}
    }}
    }}
'''


class Denials(wire.Tap):
    """The frames of packets that are given back."""

    protocol = TYPE


def address(name, dev, number):
    """The IPv4 or IPv6 address of a machine."""
    return (DEVICES[name][dev][1][0].split('/')[0] if number == 4 else
            ADDRESSES6[name][dev])


def is_denial(reason):
    return 'denied' in reason or 'denial' in reason


class Pair:
    """Two balancers that know nothing of each other, and two real servers.

    Or those that LVS and REALS name.
    """

    def __init__(self, site, reasons, number=4, scheduler='rr',
                 lvs=('lv1', 'lv2'), reals=('w101', 'w102'), **service):
        self.site, self.number = site, number
        self.lvs, self.reals = lvs, reals
        if number == 6:
            site.net.enable_ipv6()
        self.vip, self.make = FAMILY[number]
        self.servers = [address(name, 'eth0', number) for name in reals]
        self.service = {'scheduler': scheduler, 'chances': 8, **service}
        self.balance()
        for name in reals:
            self.deliver(name)
        self.since = {name: reasons(name) for name in lvs}
        self.since.update((name, reasons(name, 'dsr_rs')) for name in reals)

    def balance(self):
        self.balancers = [Balancer(self.site, name) for name in self.lvs]
        for one in self.balancers:
            one.service('add', vip=self.vip, **self.service)
            for server in self.servers:
                one.backend('add', server, vip=self.vip)

    def deliver(self, name, mode=''):
        """Let a server deliver what comes for the VIP, or give it back."""
        back = ','.join(address(lv, 'eth1', self.number) for lv in self.lvs)
        self.site.net[name].dsrctl(
            f'real replace vip {self.vip} balancer {back} {mode}')

    def spray(self):
        """Let the client send each packet to a balancer by lot."""
        match = 'ip daddr' if self.number == 4 else 'ip6 daddr'
        self.site.client.nft(SPRAY.format(
            match=f'{match} {self.vip}', count=len(self.lvs),
            macs=', '.join(f'{at} : {mac_of(address(name, "eth0", 4))}'
                           for at, name in enumerate(self.lvs))))

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
             if is_denial(reason)}) for name in self.lvs),
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
    vip, make = FAMILY[number]
    return make.tcp(port, 80, flags, seq=7000, ack=9000, dst=vip, **fields)
