# SPDX-License-Identifier: GPL-2.0
"""The keys and the peer of a WireGuard device, by generic netlink.

The keys are for tests only: the private ones are 32 times the same byte.
"""

import socket
import struct

import genl

SET_DEVICE = 1
IFNAME, PRIVATE_KEY, PORT, PEERS = 2, 3, 6, 8
PEER_KEY, PEER_ENDPOINT, PEER_ALLOWED = 1, 4, 9
ALLOWED_FAMILY, ALLOWED_ADDR, ALLOWED_BITS = 1, 2, 3

# private and public key (RFC 7748, section 5)
KEYS = [(bytes([number] * 32), bytes.fromhex(public)) for number, public in (
    (1, 'a4e09292b651c278b9772c569f5fa9bb13d906b46ab68c9df9dc2b4409f8a209'),
    (2, 'ce8d3ad1ccb633ec7b70c17814a5c76ecd029685050d344745ba05870e587d59'))]


def connect(host, dev, own, other, endpoint, port=51820):
    """Give a device its key and its only peer, which may have any address.

    OWN and OTHER are numbers of KEYS, ENDPOINT is the peer's address.
    """
    anything = genl.nest(0, genl.attr(ALLOWED_FAMILY, struct.pack(
        'H', socket.AF_INET)), genl.addr(ALLOWED_ADDR, '0.0.0.0'),
        genl.u8(ALLOWED_BITS, 0))
    peer = genl.nest(0, genl.attr(PEER_KEY, KEYS[other][1]), genl.attr(
        PEER_ENDPOINT, struct.pack('=HH4s8x', socket.AF_INET,
                                   socket.htons(port),
                                   socket.inet_aton(endpoint))),
        genl.nest(PEER_ALLOWED, anything))
    with host.at(), genl.Genl('wireguard') as sock:
        sock.ask(SET_DEVICE, genl.string(IFNAME, dev) +
                 genl.attr(PRIVATE_KEY, KEYS[own][0]) +
                 genl.attr(PORT, struct.pack('H', port)) +
                 genl.nest(PEERS, peer))
