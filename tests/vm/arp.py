# SPDX-License-Identifier: GPL-2.0
"""ARP frames, and the ARP tables of machines."""

import socket
import struct

import wire
from network import VIP, W101, mac_of

LV2 = '10.10.30.12'
REQUEST, REPLY = 1, 2
EVERYBODY = 'ff:ff:ff:ff:ff:ff'
NOWHERE = '00:00:00:00:00:00'


def raw(mac):
    return bytes.fromhex(mac.replace(':', ''))


def frame(op, sender_mac, sender, target_mac, target, dst=EVERYBODY):
    """A frame."""
    return raw(dst) + raw(sender_mac) + b'\x08\x06' + struct.pack(
        '>HHBBH6s4s6s4s', 1, 0x800, 6, 4, op, raw(sender_mac),
        socket.inet_aton(sender), raw(target_mac), socket.inet_aton(target))


class Arp:
    """A captured ARP frame."""

    def __init__(self, data):
        self.frame = data[:42]
        self.mac_dst, self.mac_src = data[:6], data[6:12]
        self.op, = struct.unpack_from('>H', data, 20)
        self.sender = socket.inet_ntoa(data[28:32])
        self.target = socket.inet_ntoa(data[38:42])

    def __str__(self):
        return f'ARP {self.op} {self.sender} > {self.target}'


class Tap(wire.Tap):
    protocol = 0x0806
    kind = Arp

    def put(self, *fields, **options):
        self.sock.send(frame(*fields, **options))


def questions():
    """ARP requests of a neighbour, and the answers to them."""
    mac, me, w101 = mac_of(LV2), LV2, mac_of(W101)
    yield ((REQUEST, mac, me, NOWHERE, VIP),
           (REPLY, w101, VIP, mac, me), {})
    # unicast requests of a neighbour that refreshes its entry
    yield ((REQUEST, mac, me, NOWHERE, VIP),
           (REPLY, w101, VIP, mac, me), {'dst': w101})
    # probes of a machine that wants the address (RFC 5227)
    yield ((REQUEST, mac, '0.0.0.0', NOWHERE, VIP),
           (REPLY, w101, VIP, mac, '0.0.0.0'), {})


def knows(host, address=VIP):
    """Tell if a machine has a MAC address for an IP address."""
    return any(line.split()[0] == address and line.split()[2] != '0x0'
               for line in host.read('/proc/net/arp').splitlines()[1:])
