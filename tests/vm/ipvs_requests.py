# SPDX-License-Identifier: GPL-2.0
"""Requests to the family IPVS by netlink itself.

The numbers are those of <linux/ip_vs.h>.
"""

import socket
import struct

import genl

NEW_SERVICE, SET_SERVICE, DEL_SERVICE, GET_SERVICE = 1, 2, 3, 4
NEW_DEST, SET_DEST, DEL_DEST, GET_DEST = 5, 6, 7, 8
GET_INFO, ZERO, FLUSH = 15, 16, 17
DIRECT = 3
PERSISTENT = 1


def u16(kind, value):
    return genl.attr(kind, struct.pack('=H', value))


def service(mark, sched='rr', flags=0, timeout=0):
    return genl.nest(1, u16(1, socket.AF_INET), genl.u32(5, mark),
                     genl.string(6, sched),
                     genl.attr(7, struct.pack('=II', flags, 0xffffffff)),
                     genl.u32(8, timeout), genl.u32(9, 0xffffffff))


def dest(address, weight=1):
    return genl.nest(2, genl.attr(1, socket.inet_aton(address).ljust(16, b'\0')),
                     genl.attr(2, b'\0\0'), genl.u32(3, DIRECT),
                     genl.u32(4, weight), genl.u32(5, 0), genl.u32(6, 0))
