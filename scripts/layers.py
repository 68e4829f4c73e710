#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Hold the layers of the modules: no folder includes or calls a higher one.

Usage: scripts/layers.py TREE

TREE is a built tree: the objects tell of calls, and of other references to
symbols; the sources tell of inclusions. Inline functions count as part of each
file that includes them. Prints each arrow that runs up, and each circle of
files that call each other; the exit status is 1 if there is one.
"""
import collections
import pathlib
import re
import subprocess
import sys

# From the lowest layer up. main.c, above all folders, has none over it.
LAYERS = {
    'lb': ('core', 'sched', 'datapath', 'control'),
    'rs': ('core', 'datapath', 'control'),
}
# The generic netlink family has a table of operations, which name the handlers,
# which answer and notify in the name of the family.
FAMILY = re.compile(r'control/(netlink\w*|notify)$')

INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)


def symbols(path):
    """The global symbols that an object defines, and those that it needs."""
    defined, needed = set(), set()
    output = subprocess.run(['nm', path], check=True, text=True,
                            stdout=subprocess.PIPE).stdout
    for line in output.splitlines():
        *_, kind, name = line.split()
        if kind == 'U':
            needed.add(name)
        elif kind.isupper():
            defined.add(name)
    return defined, needed


class Module:
    """The units of a module, by their names without a suffix."""

    def __init__(self, top, folders):
        self.folders = folders
        self.units = [path.relative_to(top).with_suffix('')
                      for path in sorted(top.rglob('*.c'))
                      if path.relative_to(top).parts[0] in (*folders, 'main.c')]
        owner, needs = {}, {}
        for unit in self.units:
            path = top / unit.with_suffix('.o')
            if not path.exists():
                sys.exit(f'layers.py: no {path}: build the modules first')
            defined, needs[unit] = symbols(path)
            owner.update(dict.fromkeys(defined, unit))
        self.calls = {unit: {(owner[name], name) for name in needs[unit]
                             if name in owner}
                      for unit in self.units}
        self.includes = {}
        for path in sorted((*top.rglob('*.c'), *top.rglob('*.h'))):
            name = path.relative_to(top)
            if name.parts[0] in folders:
                self.includes[name] = {pathlib.Path(other) for other in
                                       INCLUDE.findall(path.read_text())
                                       if (top / other).exists()}

    def level(self, unit):
        """How high a file's folder is; main.c is above all."""
        folder = unit.parts[0]
        return (self.folders.index(folder) if folder in self.folders
                else len(self.folders))

    def upward(self):
        """Each inclusion and each call of something higher, in words."""
        for name, others in self.includes.items():
            for other in sorted(others):
                if self.level(other) > self.level(name):
                    yield f'{name} includes {other}'
        for unit, calls in self.calls.items():
            for other, name in sorted(calls):
                if self.level(other) > self.level(unit):
                    yield f'{unit}.c calls {name}() of {other}.c'

    def circles(self):
        """The sets of units that reach each other by calls (Tarjan, 1972)."""
        index, low, stack, found = {}, {}, [], []

        def visit(unit):
            index[unit] = low[unit] = len(index)
            stack.append(unit)
            for other in {other for other, _ in self.calls[unit]}:
                if other not in index:
                    visit(other)
                    low[unit] = min(low[unit], low[other])
                elif other in stack:
                    low[unit] = min(low[unit], index[other])
            if low[unit] == index[unit]:
                at = stack.index(unit)
                if len(stack) - at > 1:
                    found.append(sorted(stack[at:]))
                del stack[at:]

        for unit in self.units:
            if unit not in index:
                visit(unit)
        return found

    def faults(self):
        """All that is wrong with this module, a line each."""
        yield from self.upward()
        for circle in self.circles():
            if all(FAMILY.match(str(unit)) for unit in circle):
                continue
            yield 'these call each other in a circle: ' + ', '.join(map(str, circle))
            for unit in circle:
                for other, name in sorted(self.calls[unit]):
                    if other in circle and other != unit:
                        yield f'  {unit}.c calls {name}() of {other}.c'


def main():
    """The program."""
    if len(sys.argv) != 2:
        sys.exit('usage: scripts/layers.py TREE')
    bad = False
    for module, folders in LAYERS.items():
        top = pathlib.Path(sys.argv[1]) / 'kmod' / module
        for line in Module(top, folders).faults():
            print(f'{module}: {line}')
            bad = True
    sys.exit(bad)


main()
