# SPDX-License-Identifier: GPL-2.0
"""A directory as tracefs has it, and what the kernel writes of packets."""

import ipaddress
import os
import struct

COMMON = [('unsigned short', 'common_type', 2), ('unsigned char',
          'common_flags', 1), ('unsigned char', 'common_preempt_count', 1),
          ('int', 'common_pid', 4)]
ENDS = [('u32', 'saddr4', 4), ('u32', 'daddr4', 4), ('u16', 'sport', 2),
        ('u16', 'dport', 2), ('u8', 'saddr', 16), ('u8', 'daddr', 16)]
PACKET = [('const void *', 'skbaddr', 8), ('unsigned int', 'netns', 4),
          ('unsigned int', 'reason', 4), ('int', 'ifindex', 4),
          ('u32', 'mark', 4), ('u32', 'len', 4), *ENDS]
END = [('u8', 'family', 1), ('u8', 'protocol', 1), ('u8', 'tcp_flags', 1)]
LB = ['forwarded', 'forwarded_ingress', 'pass_no_service', 'drop_malformed',
      'drop_no_backend']
RS = ['delivered', 'replied', 'pass_no_rule', 'drop_arp_reply',
      'drop_malformed']
# number, fields, reasons
POINTS = {
    'dsr/dsr_packet': (1001, [*PACKET, ('u8', 'backend', 16), *END], LB),
    'dsr_rs/dsr_rs_packet': (1002, [*PACKET, *END, ('u8', 'hook', 1)], RS),
    'dsr_rs/dsr_rs_silence': (1003, [
        ('unsigned int', 'netns', 4), ('unsigned int', 'reason', 4),
        ('int', 'ifindex', 4), ('u32', 'daddr4', 4), ('u8', 'daddr', 16),
        ('u8', 'family', 1)], RS),
}
CODES = {8: 'Q', 4: 'I', 2: 'H', 1: 'B', 16: '16s'}


def layout(fields):
    """[(type, name, size, offset)]"""
    offset = 0
    for kind, name, size in [*COMMON, *fields]:
        align = min(size, 8) if kind != 'u8' else 1
        offset = (offset + align - 1) // align * align
        yield kind, name, size, offset
        offset += size


def line(kind, name, size, offset):
    length = '[16]' if size == 16 else ''
    return (f'\tfield:{kind} {name}{length};\toffset:{offset};\tsize:{size};'
            f'\tsigned:{int(kind == "int")};\n')


def form(point, number, fields, reasons):
    """The file "format" of a tracepoint."""
    lines = [line(*field) for field in layout(fields)]
    symbols = ''.join(f'{{ {i}, "{name}" }}, '
                      for i, name in enumerate(reasons))
    return (f'name: {point.split("/")[1]}\nID: {number}\nformat:\n' +
            ''.join(lines[:4]) + '\n' + ''.join(lines[4:]) +
            '\nprint fmt: "netns=%u daddr=%pI6c reason=%s", REC->netns, '
            'REC->daddr, __print_symbolic(REC->reason, ' + symbols +
            '{ -1, "" })\n')


def mapped(address):
    found = ipaddress.ip_address(address)
    return (b'\0' * 10 + b'\xff\xff' + found.packed if found.version == 4
            else found.packed)


class Tracefs:
    """The directory, for $DSRCTL_FAKE_TRACEFS."""

    def __init__(self, path):
        self.path = path
        self.netns = os.stat('/proc/self/ns/net').st_ino & 0xffffffff
        for point, (number, fields, reasons) in POINTS.items():
            os.makedirs(f'{path}/events/{point}')
            self.write(f'events/{point}/format',
                       form(point, number, fields, reasons))
        open(f'{path}/ring', 'wb').close()

    def write(self, name, text):
        with open(f'{self.path}/{name}', 'w', encoding='ascii') as file:
            file.write(text)

    def filters(self):
        """{number: filter}, since this was asked last."""
        path = f'{self.path}/filters'
        if not os.path.exists(path):
            return {}
        with open(path, encoding='ascii') as file:
            lines = file.read().splitlines()
        os.unlink(path)
        return {int(number): text for number, text in
                (line.split(': ', 1) for line in lines)}

    def event(self, point, time=10 ** 9, lost=0, cut=None, **values):
        """An event in the ring; CUT: so many bytes of it."""
        number, fields, reasons = POINTS[point]
        values = {'common_type': number, 'netns': self.netns, 'ifindex': 1,
                  'family': 2, **values}
        for end in ('saddr', 'daddr', 'backend'):
            if end in values:
                address = ipaddress.ip_address(values[end])
                if address.version == 6:
                    values['family'] = 10
                elif end != 'backend':
                    values[f'{end}4'] = int(address)
                values[end] = mapped(values[end])
        if isinstance(values.get('reason', 0), str):
            values['reason'] = reasons.index(values['reason'])
        raw = b''
        for _, name, size, offset in layout(fields):
            raw = raw.ljust(offset, b'\0') + struct.pack(
                f'={CODES[size]}', values.get(name, b'' if size == 16 else 0))
        raw = raw[:cut]
        with open(f'{self.path}/ring', 'ab') as file:
            file.write(struct.pack('=QII', time, len(raw), lost) + raw)

    def pause(self, lost=0):
        """What comes behind is read later."""
        with open(f'{self.path}/ring', 'ab') as file:
            file.write(struct.pack('=QII', 0, 0, lost))
