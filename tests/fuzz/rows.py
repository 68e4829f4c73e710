#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Print the corpus: one packet for each row of the protocols that dsr knows.

A line is a name and an input of the fuzz targets, see input.h, in hexadecimal.
Usage: tests/fuzz/rows.py >tests/fuzz/rows
"""

import os
import struct
import sys
import types

# Packets are made without libnftables, which the host need not have.
sys.modules['nftables'] = types.ModuleType('nftables')
sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..', 'vm'))

import wire                     # noqa: E402
import wire6                    # noqa: E402
from network import CLIENT, CLIENT6, VIP, VIP6      # noqa: E402

V6, REPLY, CLONED, TUNNEL = 1, 2, 8, 16
NONE, UNNECESSARY, COMPLETE, PARTIAL = range(4)
AIM = 1                         # the checksum of the datagram becomes 0
ALL = 255                       # the whole packet is in the linear part


def ends(v6):
    """What the packet gets instead: other addresses and ports."""
    source, dest = ((wire6.raw('2001:db8:30::7'), wire6.raw('2001:db8:30::101'))
                    if v6 else (bytes((10, 10, 30, 7)) + bytes(12),
                                bytes((10, 10, 30, 101)) + bytes(12)))
    return source + dest + struct.pack('>HH', 40000, 8080)


def line(name, packet, linear=ALL, flags=0, summed=NONE, network=0,
         value=0x14):
    v6 = packet[0] >> 4 == 6
    head = struct.pack('8B', flags | (V6 if v6 else 0), linear, summed, network,
                       0x1c, value, 190, 3)
    print(name, (head + ends(v6) + packet).hex())


def transports(family):
    """Packets of a flow, of both families."""
    for name, flags in (('syn', wire.SYN), ('synack', wire.SYN | wire.ACK),
                        ('ack', wire.ACK), ('fin', wire.FIN | wire.ACK),
                        ('rst', wire.RST)):
        yield f'tcp-{name}', family.tcp(4000, flags=flags, payload=b'data')
    yield 'tcp-short', family.tcp(4000, doff=4)
    yield 'udp', family.udp(4000, payload=b'odd')
    yield 'udp-no-checksum', family.udp(4000, payload=b'even', csum=False)
    for name, chunk in (('init', 1), ('data', 0), ('initack', 2), ('abort', 6),
                        ('shutdown', 7), ('complete', 14), ('none', None)):
        yield f'sctp-{name}', family.sctp(4000, chunk=chunk)


def errors4():
    replies = {
        'tcp': wire.tcp(80, 4000, src=VIP, dst=CLIENT, flags=wire.ACK),
        'udp': wire.udp(7, 4000, b'quoted', src=VIP, dst=CLIENT),
        'udp-none': wire.udp(7, 4000, b'q', csum=False, src=VIP, dst=CLIENT),
        'sctp': wire.sctp(5000, 4000, src=VIP, dst=CLIENT),
        'options': wire.tcp(80, 4000, src=VIP, dst=CLIENT,
                            options=b'\1\1\1\1'),
        'gre': wire.ip(b'\0' * 8, 47, src=VIP, dst=CLIENT),
        'later': wire.ip(b'\0' * 8, 17, src=VIP, dst=CLIENT, frag=100),
        'icmp': wire.icmp_echo(src=VIP, dst=CLIENT),
    }
    for name, quoted in replies.items():
        yield f'error-{name}', wire.icmp_error(3, 4, quoted, rest=1400)
        yield f'error-{name}-28', wire.icmp_error(11, 0, quoted[:28])
    yield 'redirect', wire.icmp_error(5, 1, replies['tcp'])
    yield 'unrelated', wire.icmp_error(3, 3, wire.udp(7, src=CLIENT, dst=VIP))
    yield 'no-quotation', wire.icmp_error(3, 3, b'\x45')


def errors6():
    own = {'src': VIP6, 'dst': CLIENT6}
    replies = {
        'tcp': wire6.tcp(80, 4000, flags=wire.ACK, **own),
        'udp': wire6.udp(7, 4000, b'quoted', **own),
        'sctp': wire6.sctp(5000, 4000, **own),
        'options': wire6.tcp(80, 4000, exts=[(wire6.OPTIONS, wire6.LONG)],
                             **own),
        'first': wire6.fragment(bytes(24), 0, 1, 7, **own),
        'later': wire6.fragment(bytes(24), 800, 0, 7, **own),
        'icmp': wire6.echo(**own),
    }
    for name, quoted in replies.items():
        yield f'error-{name}', wire6.error(2, 0, quoted, rest=1400)
        yield f'error-{name}-48', wire6.error(3, 0, quoted[:48])
    yield 'no-quotation', wire6.error(1, 4, b'\x60')


def extensions():
    """Each extension header, alone, in a row, and where it must stop."""
    pad = wire6.PADDING
    auth = bytes((4, 0, 0)) + struct.pack('>II', 1, 1) + bytes(12)
    chains = {
        'hops': [(wire6.HOP_BY_HOP, pad)],
        'options': [(wire6.OPTIONS, wire6.LONG)],
        'both': [(wire6.HOP_BY_HOP, wire6.LONG), (wire6.OPTIONS, pad)],
        'sixteen': [(wire6.OPTIONS, pad)] * 16,
        'seventeen': [(wire6.OPTIONS, pad)] * 17,
        'routing': [wire6.segments(VIP6)],
        'segments-left': [wire6.segments(VIP6, 1)],
        'auth': [(51, auth)],
        'atomic': [(wire6.FRAGMENT, bytes(7))],
        'first': [(wire6.FRAGMENT, bytes((0, 0, 1)) + bytes(4))],
        'later': [(wire6.FRAGMENT, bytes((0, 1, 0)) + bytes(4))],
        'none': [(wire6.NONE, pad)],
        'too-long': [(wire6.OPTIONS, b'\xff' + bytes(6))],
    }
    for name, exts in chains.items():
        yield f'ext-{name}-tcp', wire6.tcp(4000, flags=wire.ACK, exts=exts)
        yield f'ext-{name}-udp', wire6.udp(4000, payload=b'data', exts=exts)
    yield 'ext-echo', wire6.echo(exts=[(wire6.OPTIONS, pad)])


def rows4():
    yield from transports(wire)
    yield from errors4()
    yield 'echo', wire.icmp_echo()
    yield 'echo-reply', wire.icmp_echo(type_=0)
    yield 'esp', wire.ip(bytes(16), 50)
    yield 'options', wire.ip(wire.tcp(4000, flags=wire.ACK)[20:], 6,
                             options=b'\x94\4\0\0')
    yield 'first', wire.udp(4000, payload=bytes(16), frag=wire.MF)
    yield 'later', wire.ip(bytes(16), 17, frag=3)
    yield 'cut', wire.tcp(4000)[:30]
    yield 'full', wire.udp(4000, payload=bytes(1472))
    yield 'last-hop', wire.udp(4000, payload=b'data', ttl=1)


def rows6():
    yield from transports(wire6)
    yield from errors6()
    yield from extensions()
    yield 'echo', wire6.echo()
    yield 'esp', wire6.ip(bytes(16), 50)
    yield 'link-local', wire6.udp(4000, payload=b'data', src='fe80::1')
    yield 'udp-length-0', wire6.udp(4000, payload=b'data', data_length=0)
    yield 'full', wire6.udp(4000, payload=bytes(1452))
    yield 'last-hop', wire6.tcp(4000, hop=1)


def main():
    print('# SPDX-License-Identifier: GPL-2.0')
    print('# Made by rows.py.')
    for version, rows in (4, rows4()), (6, rows6()):
        for name, packet in rows:
            line(f'{version}-{name}', packet)
    for version, errors in (4, errors4()), (6, errors6()):
        for name, packet in errors:
            line(f'{version}-own-{name}', packet, flags=REPLY, linear=0,
                 summed=COMPLETE)
    # How a packet lies in memory, and what is done about its checksum.
    for version, family in (4, wire), (6, wire6):
        data = family.tcp(4000, flags=wire.ACK, payload=b'data')
        datagram = family.udp(4000, payload=b'data')
        line(f'{version}-paged', data, linear=0)
        line(f'{version}-paged-ports', datagram, linear=4)
        line(f'{version}-offset', data, network=14)
        line(f'{version}-cloned', datagram, flags=CLONED)
        line(f'{version}-reply', data, flags=REPLY)
        line(f'{version}-tunnel', datagram, flags=TUNNEL, summed=PARTIAL)
        line(f'{version}-udp-to-zero', datagram, value=AIM)
        line(f'{version}-udp-to-zero-reply', datagram, flags=REPLY, value=AIM)
        for summed in UNNECESSARY, COMPLETE, PARTIAL:
            line(f'{version}-tcp-sum-{summed}', data, summed=summed)
            line(f'{version}-udp-sum-{summed}', datagram, summed=summed)
            line(f'{version}-sctp-sum-{summed}', family.sctp(4000),
                 summed=summed)
        line(f'{version}-udp-none-sum-2', family.udp(4000, csum=False),
             summed=COMPLETE)


main()
