#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Instructions of a packet by function, from what count.c has left.

Net of the side's first peer, function by function: what is left is what the peer
adds. "atomic" are those of it that lock the memory, which on one processor costs
no more than others; "calls" is how often a packet enters the function. A function
that the compiler has put into others is counted there.
"""

import argparse
import bisect
import collections
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from plan import peers                                  # noqa: E402
from report import ZERO                                 # noqa: E402

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../..')


class Symbols:
    """The functions of a kernel and its modules, as /proc/kallsyms has them."""

    def __init__(self, lines):
        found = []
        for line in lines:
            words = line.split()
            if len(words) > 2 and words[1].lower() in 'tw':
                module = words[3].strip('[]') if len(words) > 3 else ''
                found.append((int(words[0], 16), words[2], module))
        # of several names for a place take the one without decoration
        found.sort(key=lambda symbol: (symbol[0], symbol[1].startswith('_'),
                                       symbol[1]), reverse=True)
        self.symbols = list({symbol[0]: symbol for symbol in found}.values())
        self.symbols.reverse()
        self.starts = [symbol[0] for symbol in self.symbols]

    def find(self, address):
        """(name, module, offset) of the function that an address is in."""
        if address < 1 << 63:
            return '(programs)', '', 1
        number = bisect.bisect_right(self.starts, address) - 1
        if number < 0:
            return '(unknown)', '', 1
        start, name, module = self.symbols[number]
        return name, module, address - start


def count(lines, symbols, packets):
    """{(name, module): [instructions, atomic ones, calls]} of a packet."""
    counts = collections.defaultdict(lambda: [0, 0, 0])
    for line in lines:
        words = line.split()
        times = int(words[0]) / packets
        for word in words[1:]:
            address = word.rstrip('!')
            name, module, offset = symbols.find(int(address, 16))
            entry = counts[name, module]
            entry[0] += times
            if address != word:
                entry[1] += times
            if not offset:
                entry[2] += times
    return counts


def difference(counts, zero):
    """Rows of (net, net atomic ones, all, calls, name, module), greatest first."""
    rows = []
    for key in {**counts, **zero}:
        everything, atomic, calls = counts.get(key, (0, 0, 0))
        less = zero.get(key, (0, 0, 0))
        rows.append((everything - less[0], atomic - less[1], everything, calls,
                     *key))
    return sorted(rows, reverse=True)


def show(rows, least):
    yield f'{"net":>9} {"atomic":>7} {"all":>9} {"calls":>7}  function'
    rest = [row for row in rows if abs(row[0]) < least]
    for net, atomic, everything, calls, name, module in rows:
        if abs(net) >= least:
            where = f' [{module}]' if module else ''
            yield (f'{net:9.1f} {atomic:7.2f} {everything:9.1f} {calls:7.2f}  '
                   f'{name}{where}')
    for some, title in ((rest, f'(all others, less than {least:g} each)'),
                        (rows, '(sum)')):
        yield (f'{sum(row[0] for row in some):9.1f} '
               f'{sum(row[1] for row in some):7.2f} {"":>9} {"":>7}  {title}')


def places(lines, symbols, packets, wanted):
    """{offset: how often a packet comes by it} of a function, and its module."""
    found = collections.Counter()
    where = None
    for line in lines:
        words = line.split()
        for word in words[1:]:
            name, module, offset = symbols.find(int(word.rstrip('!'), 16))
            if name == wanted:
                where = module
                found[offset] += int(words[0]) / packets
    return found, where


def annotate(found, disassembly, source=lambda path, line: ''):
    """What "objdump -d -l" says about a function, as far as packets come by."""
    start, here, shown, inline = None, '', '', ''
    for text in disassembly:
        code = re.match(r' *([0-9a-f]+):\t(.*)', text)
        line = re.match(r'(/\S+):(\d+)', text)
        if line:
            here = (f'{os.path.basename(line[1])}:{line[2]} {inline} '
                    f'{source(line[1], int(line[2]))}').rstrip()
        elif re.match(r'\w+\(\):$', text):
            inline = text.rstrip(':')
        elif code:
            address = int(code[1], 16)
            start = address if start is None else start
            times = found.get(address - start)
            if times:
                if here != shown:
                    yield here
                    shown = here
                yield f'{times:9.3f}  {address - start:4x}  {code[2]}'


def source_line(path, number):
    """What stands there, if it is of this checkout."""
    if not path.startswith('/dsr/'):
        return ''
    try:
        with open(os.path.join(TOP, path[len('/dsr/'):]),
                  encoding='utf-8') as file:
            return '| ' + file.read().splitlines()[number - 1].strip()
    except (OSError, IndexError):
        return ''


def show_function(lines, symbols, packets, wanted, build):
    found, module = places(lines, symbols, packets, wanted)
    file = f'{build}/{module}.ko'
    if not found:
        yield '  no packet comes by it'
    elif module and os.path.exists(file):
        yield from annotate(found, subprocess.run(
            ['objdump', '-d', '-l', '--no-show-raw-insn',
             f'--disassemble={wanted}', file], check=True, text=True,
            stdout=subprocess.PIPE).stdout.splitlines(), source_line)
    else:
        for offset, times in sorted(found.items()):
            yield f'{times:9.3f}  {offset:4x}'


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('directory')
    parser.add_argument('--least', type=float, default=3)
    parser.add_argument('--function', help='how often each instruction of it')
    parser.add_argument('--build', help='where the modules are')
    options = parser.parse_args()
    side = {peer.name: peer.side for peer in peers()}
    with open(f'{options.directory}/windows.json', encoding='ascii') as file:
        windows = json.load(file)
    profiles = {}
    for number, window in enumerate(windows):
        with open(f'{options.directory}/kallsyms.{number}',
                  encoding='ascii') as file:
            symbols = Symbols(file)
        with open(f'{options.directory}/count.{number}',
                  encoding='ascii') as file:
            lines = file.read().splitlines()
        if options.function and window['peer'] not in ZERO.values():
            print(f'{window["peer"]}, {window["case"]}:')
            print('\n'.join(show_function(lines, symbols, window['packets'],
                                          options.function, options.build)))
        profiles[window['peer'], window['case']] = count(
            lines, symbols, window['packets'])
    for (peer, case), counts in profiles.items():
        zero = profiles.get((ZERO[side[peer]], case), {})
        if options.function or (peer == ZERO[side[peer]] and len(windows) > 1):
            continue
        print(f'\n{peer}, {case}: instructions of a packet, by function')
        print('\n'.join(show(difference(counts, zero), options.least)))
    return 0


if __name__ == '__main__':
    sys.exit(main())
