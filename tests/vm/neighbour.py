# SPDX-License-Identifier: GPL-2.0
"""A real server that must find its neighbour lv2."""

import socket

from arp import LV2

LV26 = '2001:db8:30::12'
OTHER_MAC = '02:00:00:00:01:02'


def needs(site, address, port=9):
    """w101 must resolve lv2, to send a packet from ADDRESS."""
    family = socket.AF_INET6 if ':' in address else socket.AF_INET
    sock = site.w101.socket(family, socket.SOCK_DGRAM)
    site.sockets.append(sock)
    site.w101.ip('neigh flush dev eth0')
    # otherwise it would repeat the request, and reveal ADDRESS without silence
    site.undo.append(lambda: site.w101.ip('neigh flush dev eth0'))
    sock.bind((address, 0))
    sock.sendto(b'', (LV26 if ':' in address else LV2, port))
