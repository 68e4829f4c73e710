# SPDX-License-Identifier: GPL-2.0
"""IPv6 frames, as in wire.py for IPv4.

Extension headers are a list of (type, bytes after the next header field).
"""

import ipaddress
import struct

import wire
from network import CLIENT6, VIP6, mac_of
from wire import SYN, checksum

HOP_BY_HOP, ROUTING, FRAGMENT, NONE, OPTIONS = 0, 43, 44, 59, 60
UNREACHABLE, TOO_BIG, TIME_EXCEEDED, PARAMETER_PROBLEM = 1, 2, 3, 4
ECHO, ECHO_REPLY = 128, 129
PADDING = b'\0\1\4\0\0\0\0'             # 8 bytes with the next header
LONG = b'\1\x1e\x0c' + bytes(12)      # 16 bytes, an option to be skipped


def raw(address):
    return ipaddress.IPv6Address(address).packed


def segments(address, left=0, kind=4):
    """A routing header: a segment routing header (RFC 8754) of one segment."""
    return (ROUTING, bytes((2, kind, left, 0, 0, 0, 0)) + raw(address))


def pseudo_checksum(src, dst, proto, data):
    return checksum(raw(src) + raw(dst) + struct.pack('>II', len(data), proto) +
                    data)


def ip(payload, proto, src=CLIENT6, dst=VIP6, hop=64, tclass=0, label=0,
       exts=(), length=None):
    """An IPv6 packet. LENGTH overrides its payload length."""
    chain = b''
    for kind, body in reversed(exts):
        chain = bytes((proto,)) + body + chain
        proto = kind
    payload = chain + payload
    return struct.pack('>IHBB', 6 << 28 | tclass << 20 | label,
                       len(payload) if length is None else length, proto,
                       hop) + raw(src) + raw(dst) + payload


def tcp(sport, dport=80, flags=SYN, seq=1000, ack=0, payload=b'', src=CLIENT6,
        dst=VIP6, doff=5, **fields):
    data = struct.pack('>HHIIBBHHH', sport, dport, seq, ack, doff << 4, flags,
                       64240, 0, 0) + payload
    value = pseudo_checksum(src, dst, 6, data)
    return ip(data[:16] + struct.pack('>H', value) + data[18:], 6, src, dst,
              **fields)


def udp_data(sport, dport=7, payload=b'', src=CLIENT6, dst=VIP6, csum=True,
             length=None):
    data = struct.pack('>HHHH', sport, dport, 8 + len(payload)
                       if length is None else length, 0) + payload
    if csum:
        value = pseudo_checksum(src, dst, 17, data) or 0xffff
        data = data[:6] + struct.pack('>H', value) + data[8:]
    return data


def udp(sport, dport=7, payload=b'', src=CLIENT6, dst=VIP6, csum=True,
        length=None, data_length=None, **fields):
    return ip(udp_data(sport, dport, payload, src, dst, csum, data_length), 17,
              src, dst, length=length, **fields)


def sctp(sport, dport=5000, chunk=0, payload=b'', vtag=1, **fields):
    return ip(wire.sctp_data(sport, dport, chunk, payload, vtag), 132,
              **fields)


def icmp(type_, code, body, src=CLIENT6, dst=VIP6, **fields):
    data = struct.pack('>BBH', type_, code, 0) + body
    value = pseudo_checksum(src, dst, 58, data)
    return ip(data[:2] + struct.pack('>H', value) + data[4:], 58, src, dst,
              **fields)


def error(type_, code, quoted, rest=0, **fields):
    return icmp(type_, code, struct.pack('>I', rest) + quoted, **fields)


def echo(ident=1, payload=b'echo', **fields):
    return icmp(ECHO, 0, struct.pack('>HH', ident, 1) + payload, **fields)


def fragment(data, offset, more, ident, proto=17, **fields):
    """A fragment with DATA; OFFSET is in bytes."""
    return ip(data, proto, exts=[(FRAGMENT, struct.pack(
        '>BHI', 0, offset | more, ident))], **fields)


def cut(data, size, ident, proto=17, **fields):
    """All fragments of DATA, of SIZE bytes each, in order."""
    return [fragment(data[at:at + size], at, at + size < len(data), ident,
                     proto, **fields) for at in range(0, len(data), size)]


class Packet:
    """A captured frame, and the fields that tests use."""

    def __init__(self, data):
        self.frame = data
        first, length, self.proto, self.hop = struct.unpack_from(
            '>IHBB', data, 14)
        self.tclass = first >> 20 & 0xff
        self.src = str(ipaddress.IPv6Address(data[22:38]))
        self.dst = str(ipaddress.IPv6Address(data[38:54]))
        self.mac_dst = data[:6]
        self.mac_src = data[6:12]
        self.packet = data[14:54 + length]
        self.data = self.packet[40:]
        self.sport = self.dport = self.flags = self.type = self.ident = None
        self.offset, self.more, self.exts = 0, 0, []
        while self.proto in (HOP_BY_HOP, ROUTING, FRAGMENT, OPTIONS):
            self.exts.append(self.proto)
            size = 8
            if self.proto == FRAGMENT:
                place, self.ident = struct.unpack_from('>HI', self.data, 2)
                self.offset, self.more = place & ~7, place & 1
            else:
                size += self.data[1] * 8
            self.proto, self.data = self.data[0], self.data[size:]
        if self.offset == 0 and self.proto in (6, 17, 132) and \
                len(self.data) >= 4:
            self.sport, self.dport = struct.unpack_from('>HH', self.data)
            if self.proto == 6:
                self.flags = self.data[13]
        if self.offset == 0 and self.proto == 58 and len(self.data) >= 8:
            self.type, self.code = self.data[:2]
            self.mtu, = struct.unpack_from('>I', self.data, 4)
            self.quoted = self.data[8:]

    def __str__(self):
        return (f'{self.mac_src.hex(":")} > {self.mac_dst.hex(":")} '
                f'{self.src}:{self.sport} > {self.dst}:{self.dport} '
                f'proto {self.proto} type {self.type} hop {self.hop} '
                f'offset {self.offset} length {len(self.packet)}')

    def checksums_right(self):
        if self.more or self.offset:
            return True
        return pseudo_checksum(self.src, self.dst, self.proto, self.data) == 0


class Tap(wire.Tap):
    """All IPv6 frames in and out of a device."""

    protocol = 0x86dd
    kind = Packet


def forwarded(packet, site, to='10.10.30.101', tos=None):
    """The frame that must leave eth1 of lv1."""
    return wire.forwarded(packet, mac_of(to), site.lv1.mac('eth1').hex(':'),
                          tos)
