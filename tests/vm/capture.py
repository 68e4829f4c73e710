# SPDX-License-Identifier: GPL-2.0
"""Capture the frames of a segment, for the log of a failed test.

The kernel copies the beginning of each frame into a ring (PACKET_RX_RING,
Documentation/networking/packet_mmap.rst). A socket without a ring would keep a
clone of the frame: the modules would then see shared headers, and the tests
would run other code than real packets.
"""

import contextlib
import mmap
import socket
import struct

SOL_PACKET, PACKET_RX_RING, PACKET_VERSION = 263, 5, 10
PACKET_IGNORE_OUTGOING = 23
TPACKET_V2 = 1
ETH_P_ALL = 0x0003
STATUS_USER = 1

FRAME, FRAMES, BLOCK = 512, 2048, 1 << 16
SNAP = 320
# struct tpacket2_hdr, followed by struct sockaddr_ll with the device
HEADER = struct.Struct('=IIIHHII8x4xi')
PCAP = struct.Struct('=IHHiIII')
RECORD = struct.Struct('=IIII')


class Capture:
    """The frames that enter the ports of a segment's bridge.

    The ring has FRAMES places and is emptied when a test begins; more frames
    are not captured.
    """

    def __init__(self, host):
        self.host = host
        self.open()

    def open(self):
        # of all devices of the namespace: Python's bind() needs one
        self.sock = self.host.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                     socket.htons(ETH_P_ALL))
        self.sock.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V2)
        self.sock.setsockopt(SOL_PACKET, PACKET_RX_RING, struct.pack(
            '=IIII', BLOCK, FRAME * FRAMES // BLOCK, FRAME, FRAMES))
        # a frame that leaves by a port has entered by another one
        self.sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        self.bridge = self.host.ifindex('br0')
        # None while it is paused
        self.ring = mmap.mmap(self.sock.fileno(), FRAME * FRAMES)
        self.next = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.ring.close()
        self.ring = None
        self.sock.close()

    @contextlib.contextmanager
    def paused(self):
        """Capture nothing meanwhile, and forget what was captured."""
        self.close()
        try:
            yield
        finally:
            self.open()

    def _frames(self):
        """(position, header) of the frames in the ring, oldest first."""
        for number in range(FRAMES if self.ring else 0):
            at = (self.next + number) % FRAMES * FRAME
            header = HEADER.unpack_from(self.ring, at)
            if not header[0] & STATUS_USER:
                return
            yield at, header

    def clear(self):
        """Give all places back to the kernel."""
        positions = [at for at, _ in self._frames()]
        for at in positions:
            self.ring[at:at + 4] = bytes(4)
        self.next = (self.next + len(positions)) % FRAMES

    def save(self, path):
        """Write the frames since clear(), for tcpdump -r."""
        with open(path, 'wb') as file:
            file.write(PCAP.pack(0xa1b23c4d, 2, 4, 0, 0, SNAP, 1))
            for at, (_, length, snap, mac, _, sec, nsec, dev) in self._frames():
                if dev == self.bridge:      # already seen at the other port
                    continue
                snap = min(snap, SNAP, FRAME - mac)
                file.write(RECORD.pack(sec, nsec, snap, length))
                file.write(self.ring[at + mac:at + mac + snap])
