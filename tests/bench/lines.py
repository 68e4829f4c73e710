#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Cache lines that packets need, from what lines.c has left.

Of one processor: how many lines a packet reads and writes, by function. "cold" are
those that hardly any other packet needs, and that are in no cache if there are
enough flows; "hot" are those that all packets need, and that stay there. A line that
two functions come to counts for both, and once in the sum.

Of two: which lines one of them writes while the other one needs them as well. Such a
line has to go from one to the other with each packet.
"""

import argparse
import collections
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from functions import Symbols                           # noqa: E402

# A line is cold if less than this part of the packets comes to it; and what fewer
# packets do than this, in all lines together, is no packet's work.
RARE = 0.02
# What fewer packets do is the work of the kernel's clock beside them.
USUAL = 0.5


def load(lines):
    """{line: {(processor, address of the code): (reads, writes)}}."""
    notes = collections.defaultdict(dict)
    for text in lines:
        cpu, line, code, reads, writes = text.split()
        notes[int(line, 16)][int(cpu), int(code, 16)] = (int(reads),
                                                         int(writes))
    return notes


class Data:
    """The names of data that has one."""

    def __init__(self, lines):
        self.names = collections.defaultdict(list)
        for text in lines:
            words = text.split()
            if words[1].lower() in 'bdr' and int(words[0], 16):
                self.names[int(words[0], 16) & ~63].append(words[2])

    def find(self, line):
        return ' '.join(self.names.get(line, []))


def where(symbols, code):
    name, module, _ = symbols.find(code)
    return f'{name} [{module}]' if module else name


def needs(notes, symbols, packets):
    """[(cold, cold written, hot, hot written, function)], and the sum."""
    found = collections.defaultdict(lambda: [0, 0, 0, 0])
    total = [0, 0, 0, 0]
    for whom in notes.values():
        touched = {}
        for (_, code), (_, writes) in whom.items():
            name = where(symbols, code)
            touched[name] = touched.get(name, False) or writes > 0
        times = max(sum(counts) for counts in whom.values())
        cold = times < RARE * packets
        part = 1 / packets if cold else 1
        for entry, written in [*((found[name], written)
                                 for name, written in touched.items()),
                               (total, any(touched.values()))]:
            entry[0 if cold else 2] += part
            entry[1 if cold else 3] += part * written
    rows = [(*counts, name) for name, counts in found.items()
            if counts[0] >= RARE or counts[2]]
    return sorted(rows, reverse=True), (*total, '(sum, each line once)')


def show_needs(rows, total):
    yield (f'{"cold":>7} {"written":>7} {"hot":>6} {"written":>7}  function')
    for cold, cold_written, hot, hot_written, name in [*rows, total]:
        yield (f'{cold:7.2f} {cold_written:7.2f} {hot:6.0f} {hot_written:7.0f}'
               f'  {name}')


def contended(notes, symbols, packets):
    """[(line, writes of a packet, {function: (reads, writes)})]."""
    found = []
    for line, whom in notes.items():
        sums = [[0, 0], [0, 0]]
        functions = collections.defaultdict(lambda: [0, 0])
        for (cpu, code), counts in whom.items():
            for kind, count in enumerate(counts):
                sums[cpu][kind] += count
                functions[where(symbols, code)][kind] += count / packets
        if (min(sum(one) for one in sums) >= USUAL * packets / 2 and
                sum(one[1] for one in sums) >= USUAL * packets):
            found.append((line, (sums[0][1] + sums[1][1]) / packets,
                          {name: tuple(counts)
                           for name, counts in functions.items()
                           if sum(counts) >= RARE}))
    return sorted(found, key=lambda one: (-one[1], one[0]))


def show_contended(found, data):
    for number, (line, writes, functions) in enumerate(found, 1):
        yield f'  line {number}: {writes:.2f} writes of a packet {data.find(line)}'
        for name, counts in sorted(functions.items(),
                                   key=lambda one: (-one[1][1], one[0])):
            yield f'    reads {counts[0]:6.2f}  writes {counts[1]:6.2f}  {name}'


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('directory')
    parser.add_argument('--two', action='store_true', help='of two processors')
    options = parser.parse_args()
    with open(f'{options.directory}/windows.json', encoding='ascii') as file:
        windows = json.load(file)
    summary = []
    for number, window in enumerate(windows):
        with open(f'{options.directory}/kallsyms.{number}',
                  encoding='ascii') as file:
            text = file.read().splitlines()
        symbols = Symbols(text)
        with open(f'{options.directory}/count.{number}',
                  encoding='ascii') as file:
            notes = load(file)
        packets = window['packets']
        title = f'\n{window["peer"]}, {window["case"]}:'
        if not options.two:
            print(title, *show_needs(*needs(notes, symbols, packets)), sep='\n')
            continue
        found = contended(notes, symbols, packets)
        if found:
            print(title, *show_contended(found, Data(text)), sep='\n')
        summary.append((window['peer'], window['case'], len(found),
                        sum(one[1] for one in found)))
    if summary:
        print('\nlines that both processors need and one of them writes:\n'
              f'{"lines":>6} {"writes of a packet":>19}  peer')
    for peer, case, lines, writes in summary:
        print(f'{lines:6} {writes:19.2f}  {peer}, {case}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
