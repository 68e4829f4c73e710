# SPDX-License-Identifier: GPL-2.0
"""Frames: build them byte by byte, send and capture them.

Small on purpose: importing scapy takes longer than most tests here.
tests/tool/test_wire.py checks this file against scapy.
"""

import select
import socket
import struct
import time

from host import Failure
from network import CLIENT, VIP, mac_of

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
DF, MF = 0x4000, 0x2000
OUTGOING = 4                    # PACKET_OUTGOING
ICMP_UNREACHABLE, ICMP_TIME_EXCEEDED = 3, 11
FRAGMENTATION_NEEDED, PORT_UNREACHABLE = 4, 3


def checksum(data):
    if len(data) % 2:
        data += b'\0'
    total = sum(struct.unpack(f'>{len(data) // 2}H', data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def l4_checksum(src, dst, proto, data):
    return checksum(socket.inet_aton(src) + socket.inet_aton(dst) +
                    struct.pack('>HH', proto, len(data)) + data)


def ip(payload, proto, src=CLIENT, dst=VIP, ttl=64, tos=0, frag=DF, ident=1,
       options=b'', length=None):
    """An IPv4 packet. LENGTH overrides its total length."""
    options += b'\0' * (-len(options) % 4)
    ihl = 5 + len(options) // 4
    total = ihl * 4 + len(payload) if length is None else length
    head = struct.pack('>BBHHHBBH4s4s', 0x40 | ihl, tos, total, ident, frag,
                       ttl, proto, 0, socket.inet_aton(src),
                       socket.inet_aton(dst)) + options
    return head[:10] + struct.pack('>H', checksum(head)) + head[12:] + payload


def tcp(sport, dport=80, flags=SYN, seq=1000, ack=0, payload=b'', options=b'',
        src=CLIENT, dst=VIP, doff=None, **fields):
    options += b'\0' * (-len(options) % 4)
    if doff is None:
        doff = 5 + len(options) // 4
    head = struct.pack('>HHIIBBHHH', sport, dport, seq, ack, doff << 4,
                       flags, 64240, 0, 0) + options
    data = head + payload
    data = (data[:16] +
            struct.pack('>H', l4_checksum(src, dst, 6, data)) + data[18:])
    return ip(data, 6, src, dst, **fields)


def udp(sport, dport=7, payload=b'', src=CLIENT, dst=VIP, csum=True,
        length=None, **fields):
    data = struct.pack('>HHHH', sport, dport, 8 + len(payload)
                       if length is None else length, 0) + payload
    if csum:
        value = l4_checksum(src, dst, 17, data) or 0xffff
        data = data[:6] + struct.pack('>H', value) + data[8:]
    return ip(data, 17, src, dst, **fields)


def icmp_error(type_, code, quoted, rest=0, src=CLIENT, dst=VIP, **fields):
    data = struct.pack('>BBHI', type_, code, 0, rest) + quoted
    data = data[:2] + struct.pack('>H', checksum(data)) + data[4:]
    return ip(data, 1, src, dst, **fields)


def icmp_echo(ident=1, src=CLIENT, dst=VIP, type_=8, payload=b'echo',
              **fields):
    data = struct.pack('>BBHHH', type_, 0, 0, ident, 1) + payload
    data = data[:2] + struct.pack('>H', checksum(data)) + data[4:]
    return ip(data, 1, src, dst, **fields)


def sctp(sport, dport=5000, chunk=0, payload=b'', vtag=1, src=CLIENT, dst=VIP,
         **fields):
    """An SCTP packet with one chunk; an INIT by default."""
    return ip(sctp_data(sport, dport, chunk, payload, vtag), 132, src, dst,
              **fields)


def sctp_data(sport, dport, chunk, payload=b'', vtag=1):
    """CHUNK is the type of the only chunk; None: without a chunk."""
    body = b'' if chunk is None else struct.pack(
        '>BBH', chunk, 0, 4 + len(payload)) + payload + \
        b'\0' * (-len(payload) % 4)
    head = struct.pack('>HHI', sport, dport, vtag)
    return head + crc32c(head + bytes(4) + body).to_bytes(4, 'little') + body


def crc32c(data):
    """The checksum of SCTP (RFC 9260, appendix A)."""
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def forwarded(packet, dst, src, tos=None):
    """The frame that must leave a balancer for an IP packet.

    SRC and DST as for frame(); TOS is (value, mask).
    """
    value, mask = tos or (0, 0)
    if packet[0] >> 4 == 6:
        head = bytearray(packet[:40])
        old = (head[0] << 4 | head[1] >> 4) & 0xff
        new = old & ~mask | value
        head[0] = 0x60 | new >> 4
        head[1] = (new & 15) << 4 | head[1] & 15
        head[7] -= 1
        packet = packet[:40 + int.from_bytes(packet[4:6], 'big')]
        return frame(bytes(head) + packet[40:], dst, src)
    head = bytearray(packet[:(packet[0] & 15) * 4])
    head[1] = head[1] & ~mask | value
    head[8] -= 1
    head[10:12] = b'\0\0'
    struct.pack_into('>H', head, 10, checksum(bytes(head)))
    packet = packet[:int.from_bytes(packet[2:4], 'big')]
    return frame(bytes(head) + packet[len(head):], dst, src)


def same(got, wanted):
    """Compare a captured packet with the frame WANTED, ignoring padding."""
    if got.frame[:len(wanted)] != wanted or \
            got.frame[len(wanted):].strip(b'\0'):
        raise Failure(f'wanted {wanted.hex()}\ngot    {got.frame.hex()}')


def frame(packet, dst, src):
    """An Ethernet frame between two machines, named by their addresses."""
    def raw(mac):
        return bytes.fromhex(mac.replace(':', ''))
    return (raw(dst if ':' in dst else mac_of(dst)) +
            raw(src if ':' in src else mac_of(src)) +
            (b'\x86\xdd' if packet[0] >> 4 == 6 else b'\x08\x00') + packet)


def flows(number, dst_mac, src_mac, dport=9):
    """Frames of so many UDP flows, each a bytearray of its own.

    Copied from one and patched, for speed. The clients are 10.20.0.0/16, and
    only the IP header needs a checksum.
    """
    made = []
    for high in range((number + 999) // 1000):
        template = bytearray(frame(udp(1, dport, csum=False,
                                       src=f'10.20.1.{high + 1}'),
                                   dst_mac, src_mac))
        for port in range(2000, 2000 + min(1000, number - high * 1000)):
            template[34:36] = port.to_bytes(2, 'big')
            made.append(bytes(template))
    return made


def is_about(error, packet):
    """True if the ICMP ERROR quotes this IPv4 packet, whatever its TTL and TOS."""
    def key(quoted):
        head = (quoted[0] & 15) * 4
        return (quoted[2:6], quoted[9], quoted[12:20],
                quoted[head:head + 8])
    return len(error.quoted) >= 28 and key(error.quoted) == key(packet)


class Packet:
    """A captured frame, and the fields that tests use."""

    def __init__(self, data):
        self.frame = data
        self.packet = data[14:]
        (first, self.tos, total, self.ident, self.frag, self.ttl, self.proto,
         self.ip_checksum) = struct.unpack_from('>BBHHHBBH', data, 14)
        self.src = socket.inet_ntoa(data[26:30])
        self.dst = socket.inet_ntoa(data[30:34])
        self.mac_dst = data[:6]
        self.mac_src = data[6:12]
        self.packet = self.packet[:total]
        self.data = self.packet[(first & 15) * 4:]
        self.sport = self.dport = self.flags = None
        self.payload = b''
        if self.frag & 0x1fff == 0 and self.proto == 132:
            self.sport, self.dport = struct.unpack_from('>HH', self.data)
        if self.frag & 0x1fff == 0 and \
                len(self.data) >= {6: 20, 17: 8}.get(self.proto, 1 << 16):
            self.sport, self.dport = struct.unpack_from('>HH', self.data)
            if self.proto == 6:
                self.seq, self.ack = struct.unpack_from('>II', self.data, 4)
                self.flags = self.data[13]
                self.payload = self.data[(self.data[12] >> 4) * 4:]
            else:
                self.udp_checksum, = struct.unpack_from('>H', self.data, 6)
                self.payload = self.data[8:]
        if self.proto == 1 and len(self.data) >= 8:
            self.type, self.code = self.data[0], self.data[1]
            self.mtu, = struct.unpack_from('>H', self.data, 6)
            self.quoted = self.data[8:]

    def __str__(self):
        text = (f'{self.mac_src.hex(":")} > {self.mac_dst.hex(":")} '
                f'{self.src}:{self.sport} > {self.dst}:{self.dport} '
                f'proto {self.proto} tos {self.tos:#x} ttl {self.ttl} '
                f'length {len(self.packet)}')
        if self.flags is not None:
            text += f' flags {self.flags:#x} seq {self.seq} ack {self.ack}'
        if self.proto == 1:
            text += f' icmp {self.data[:2].hex()}'
        return text

    def checksums_right(self):
        """Verify all checksums."""
        head = self.packet[:len(self.packet) - len(self.data)]
        if checksum(head):
            return False
        if self.proto == 1:
            return checksum(self.data) == 0
        if self.frag & 0x3fff:
            return True
        if self.proto == 17 and self.udp_checksum == 0:
            return True
        return l4_checksum(self.src, self.dst, self.proto, self.data) == 0


class Tap:
    """All IPv4 frames in and out of a device."""

    protocol = 0x0800
    kind = Packet

    def __init__(self, host, dev='eth0', outgoing=False):
        self.host = host
        self.dev = dev
        self.outgoing = outgoing
        self.seen = []
        self.sent = []
        with host.at():
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            self.sock.setsockopt(socket.SOL_SOCKET, 33, 1 << 26)  # RCVBUFFORCE
            self.sock.bind((dev, 0x0003 if outgoing else self.protocol))
        self.mac = host.mac(dev).hex(':')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, packet, dst, src=None):
        """Send a packet to the Ethernet address of DST."""
        self.sent.append(packet)
        self.sock.send(frame(packet, dst, src or self.mac))

    def drain(self):
        """All frames so far."""
        while True:
            try:
                data, where = self.sock.recvfrom(65600, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return self.seen
            if data[12:14] == self.protocol.to_bytes(2, 'big') and (
                    self.outgoing or where[2] != OUTGOING):
                packet = self.kind(data)
                packet.for_us = where[2] == 0           # PACKET_HOST
                self.seen.append(packet)

    def wait(self, match, what, seconds=60.0):
        """The first packet for which match() is true."""
        end = time.monotonic() + seconds
        done = 0
        while True:
            self.drain()
            for packet in self.seen[done:]:
                done += 1
                if match(packet):
                    return packet
            left = end - time.monotonic()
            if left <= 0:
                raise Failure(f'not seen on {self.host} {self.dev} within '
                              f'{seconds:g} s: {what}; seen: ' + '; '.join(
                                  map(str, self.seen[-10:])))
            select.select([self.sock], [], [], left)

    def error(self, what):
        """The first ICMP error about a packet of this tap, not from the VIP.

        Others may be on their way: a neighbour that an earlier test has asked
        for is given up three seconds later. A real server answers from the VIP,
        if a flow of an earlier test delivers the packet to a port without a
        socket.
        """
        return self.wait(lambda p: p.proto == 1 and p.src != VIP and
                         any(is_about(p, packet) for packet in self.sent),
                         what)

    def none(self, match, what):
        """Check that there was no such packet; call this after the last
        expected one."""
        found = [packet for packet in self.drain() if match(packet)]
        if found:
            raise Failure(f'seen on {self.host} {self.dev}, although '
                          f'{what}: {found[0]}')
