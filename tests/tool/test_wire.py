# SPDX-License-Identifier: GPL-2.0
"""The frames of the scenarios (tests/vm/wire.py, wire6.py) equal those of
scapy.

The scenarios compare whole frames with frames of these two files. So this test
builds each kind of packet twice, and lets scapy compute every checksum and
length.
"""

import os
import sys

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption
from scapy.layers.inet6 import (ICMPv6DestUnreach, ICMPv6EchoRequest,
                                ICMPv6PacketTooBig, IPv6, IPv6ExtHdrDestOpt,
                                IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, PadN)
from scapy.layers.l2 import Ether
from scapy.layers.sctp import (SCTP, SCTPChunkCookieEcho, SCTPChunkData,
                               SCTPChunkInit)

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                os.pardir, 'vm'))
import wire                                             # noqa: E402
import wire6                                            # noqa: E402

C, V = wire.CLIENT, wire.VIP
C6, V6 = wire6.CLIENT6, wire6.VIP6
DATA = b'an odd number of bytes.'


def ip(**fields):
    return IP(**{'src': C, 'dst': V, 'ttl': 64, 'id': 1, 'flags': 'DF',
                 **fields})


def ip6(**fields):
    return IPv6(**{'src': C6, 'dst': V6, 'hlim': 64, **fields})


def tcp(flags='S', **fields):
    return TCP(**{'sport': 4000, 'dport': 80, 'flags': flags, 'seq': 1000,
                  'window': 64240, **fields})


INIT = SCTPChunkInit(init_tag=7, a_rwnd=65536, n_out_streams=3, n_in_streams=4,
                     init_tsn=9)


@pytest.mark.parametrize('ours, theirs', [
    (lambda: wire.tcp(4000), lambda: ip() / tcp()),
    (lambda: wire.tcp(4000, flags=wire.ACK | wire.PSH, ack=7, payload=DATA,
                      tos=0x2e, ttl=3, frag=0, ident=77),
     lambda: ip(tos=0x2e, ttl=3, flags=0, id=77) / tcp('PA', ack=7) / DATA),
    (lambda: wire.tcp(4000, options=b'\2\4\5\xb4'),
     lambda: ip() / tcp(options=[('MSS', 1460)])),
    (lambda: wire.ip(b'', 6, options=b'\1\1\1\1'),
     lambda: ip(proto=6, options=[IPOption(b'\1')] * 4)),
    (lambda: wire.udp(4000, 7, DATA),
     lambda: ip() / UDP(sport=4000, dport=7) / DATA),
    (lambda: wire.udp(4000, 7, DATA, csum=False),
     lambda: ip() / UDP(sport=4000, dport=7, chksum=0) / DATA),
    (lambda: wire.udp(4000, 7, DATA, frag=wire.MF | 3),
     lambda: ip(flags='MF', frag=3) / UDP(sport=4000, dport=7) / DATA),
    (lambda: wire.icmp_echo(5), lambda: ip() / ICMP(id=5, seq=1) / b'echo'),
    (lambda: wire.icmp_error(3, 4, wire.tcp(4000), 1400),
     lambda: ip() / ICMP(type=3, code=4, nexthopmtu=1400) / bytes(
         ip() / tcp())),
    (lambda: wire.sctp(4000, 5000, 1, bytes(INIT)[4:], vtag=0),
     lambda: ip(proto=132) / SCTP(sport=4000, dport=5000, tag=0) / INIT),
    (lambda: wire.sctp(4000, 5000, 10, DATA),
     lambda: ip(proto=132) / SCTP(sport=4000, dport=5000, tag=1) /
     SCTPChunkCookieEcho(cookie=DATA)),
    (lambda: wire6.tcp(4000), lambda: ip6() / tcp()),
    (lambda: wire6.tcp(4000, flags=wire.ACK, ack=5, payload=DATA, tclass=0x2e,
                       label=0x12345, hop=2),
     lambda: ip6(tc=0x2e, fl=0x12345, hlim=2) / tcp('A', ack=5) / DATA),
    (lambda: wire6.udp(4000, 7, DATA),
     lambda: ip6() / UDP(sport=4000, dport=7) / DATA),
    (lambda: wire6.udp(4000, 7, DATA, exts=[
        (wire6.HOP_BY_HOP, wire6.PADDING[:1] + b'\1\4\0\0\0\0'),
        (wire6.OPTIONS, wire6.PADDING[:1] + b'\1\4\0\0\0\0')]),
     lambda: ip6() / IPv6ExtHdrHopByHop(options=[PadN(optdata=bytes(4))]) /
     IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(4))]) /
     UDP(sport=4000, dport=7) / DATA),
    (lambda: wire6.fragment(DATA, 1232, True, 99),
     lambda: ip6() / IPv6ExtHdrFragment(nh=17, offset=154, m=1, id=99) / DATA),
    (lambda: wire6.echo(5),
     lambda: ip6() / ICMPv6EchoRequest(id=5, seq=1, data=b'echo')),
    (lambda: wire6.error(wire6.TOO_BIG, 0, wire6.tcp(4000), 1280),
     lambda: ip6() / ICMPv6PacketTooBig(mtu=1280) / bytes(ip6() / tcp())),
    (lambda: wire6.error(wire6.UNREACHABLE, 4, wire6.udp(4000, 7, DATA)),
     lambda: ip6() / ICMPv6DestUnreach(code=4) / bytes(
         ip6() / UDP(sport=4000, dport=7) / DATA)),
    (lambda: wire6.sctp(4000, 5000, 0, bytes(SCTPChunkData(data=DATA[3:]))[4:]),
     lambda: ip6(nh=132) / SCTP(sport=4000, dport=5000, tag=1) /
     SCTPChunkData(type=0, reserved=0, delay_sack=0, unordered=0, beginning=0,
                   ending=0, data=DATA[3:])),
])
def test_same_bytes(ours, theirs):
    assert ours().hex() == bytes(theirs()).hex()


def test_forwarded():
    """A forwarded packet has other MAC addresses and another TTL."""
    packet = ip() / tcp()
    wanted = Ether(src='02:00:0a:0a:1e:0b', dst='02:00:0a:0a:1e:65') / \
        ip(ttl=63, tos=0x20) / tcp()
    assert wire.forwarded(bytes(packet), '10.10.30.101', '10.10.30.11',
                          (0x20, 0xfc)).hex() == bytes(wanted).hex()
    packet6 = ip6(tc=0x81) / tcp()
    wanted6 = Ether(src='02:00:0a:0a:1e:0b', dst='02:00:0a:0a:1e:65') / \
        ip6(tc=0x21, hlim=63) / tcp()
    assert wire.forwarded(bytes(packet6), '10.10.30.101', '10.10.30.11',
                          (0x20, 0xfc)).hex() == bytes(wanted6).hex()
