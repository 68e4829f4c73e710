# SPDX-License-Identifier: GPL-2.0
"""Send the same requests to the kernel's own ip_vs and to dsr_ipvs.

Only one of the two can be loaded at a time, since both have the same family
name. The tests compare the output of the stock ipvsadm and keepalived, and
/proc/net/ip_vs*. Known differences are in two places only: normal() below, for
irrelevant ones, and the file ipvsadm.differences; README.md explains them.
"""

import contextlib
import difflib
import functools
import os
import re
import shutil

from host import run, wait_for
from network import refcount

HERE = os.path.dirname(os.path.abspath(__file__))


def normal(text):
    """A text without parts that differ from run to run, or from table to
    table."""
    # The number of buckets of ip_vs; the limit of dsr_lb, whose table grows.
    return re.sub(r'\(size=\d+\)', '(size=N)', text)


def sums(text):
    """The same for listings under traffic.

    ActiveConn and InActConn become one sum. ip_vs counts a connection that has
    only sent a SYN as active, since it does not mind that a flood of SYNs
    makes a server look busy, and UDP as inactive; dsr_lb does the opposite.
    Each chooses the least busy server by its own counters.
    """
    def line(words):
        match = re.fullmatch(r'(  -> .*?)(\d+) +(\d+) *', words)
        return f'{match[1]}{int(match[2]) + int(match[3])}' if match else words
    return '\n'.join(map(line, normal(text).splitlines()))


def modules():
    with open('/proc/modules', encoding='ascii') as file:
        return [line.split()[0] for line in file]


class Real:
    """ip_vs, as the running kernel has it."""

    name = 'ip_vs'

    def __init__(self, site):
        self.site = site
        self.before = ()

    def load(self):
        self.before = modules()
        run('modprobe', 'ip_vs')

    def unload(self):
        # modules that were loaded last come first, and have no users
        for module in modules():
            if module not in self.before:
                wait_for(f'nothing holds {module}',
                         lambda m=module: not refcount(m))
                run('rmmod', module)


class Ours:
    """dsr_ipvs, on top of dsr_lb."""

    name = 'dsr_ipvs'

    def __init__(self, site):
        self.site = site

    def load(self):
        self.site.net.load('dsr_ipvs')

    def unload(self):
        self.site.net.unload('dsr_ipvs')


def peers():
    """The two modules to compare.

    IPVS_BOTH=real compares ip_vs with itself: this shows that other
    differences come from the modules, and not from two runs.
    """
    return (Real, Real if os.environ.get('IPVS_BOTH') == 'real' else Ours)


@contextlib.contextmanager
def loaded(kind, site):
    """Load one of the two; at the end empty its table and unload it."""
    peer = kind(site)
    peer.load()
    try:
        yield peer
    finally:
        for name in ('lv1', 'lv2'):
            host = site.net[name]
            host.changed = True
            host.run('ipvsadm', '-C')
            # these counters belong to the table, which stays with dsr_lb
            host.run('ipvsadm', '--set', '900', '120', '300')
        peer.unload()


# Stories for ipvsadm

def stories():
    """{name: commands} of the file ipvsadm.commands."""
    found = {}
    with open(f'{HERE}/ipvsadm.commands', encoding='ascii') as file:
        for line in file.read().splitlines():
            if re.fullmatch(r'\[.*\]', line):
                found[line[1:-1]] = []
            elif line and not line.startswith('#'):
                found[list(found)[-1]].append(line)
    return found


@functools.cache
def head():
    """have MODULE, for commands: tell if the kernel has the module.

    "modprobe -n" would take too long.
    """
    names, directory = set(), f'/lib/modules/{os.uname().release}'
    for kind in ('dep', 'builtin'):
        with open(f'{directory}/modules.{kind}', encoding='ascii') as file:
            names |= {os.path.basename(line.split(':')[0]).split('.')[0].strip()
                      for line in file}
    return f'''
have() {{ case " {' '.join(sorted(name for name in names if 'ip_vs' in name))} " in
*" $1 "*) ;; *) return 1 ;; esac; }}
'''


def tell(host, commands, directory='/tmp/dsr/ipvsadm', timeout=250):
    """Run commands one after the other: the output of each, as a list of
    lines.

    The first line is the command. A line of standard output begins with "| ",
    one of standard error with "! ", and the last line, "= ", has the exit
    status. One shell runs all commands, since a Python process takes longer to
    start than ipvsadm to run.
    """
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    script = [f'cd {directory}', head()]
    for number, command in enumerate(commands):
        script.append(f'{{ {command}\n}} >{number}.out 2>{number}.err '
                      f'</dev/null\necho $? >{number}.status')
    with open(f'{directory}/script', 'w', encoding='ascii') as file:
        file.write('\n'.join(script))
    host.run('env', 'LC_ALL=C', 'sh', f'{directory}/script', timeout=timeout)

    def lines(number, kind):
        with open(f'{directory}/{number}.{kind}', encoding='utf-8') as file:
            return normal(file.read()).splitlines()
    return [[f'$ {command}',
             *(f'| {line}' for line in lines(number, 'out')),
             *(f'! {line}' for line in lines(number, 'err')),
             *(f'= {line}' for line in lines(number, 'status'))]
            for number, command in enumerate(commands)]


def differences():
    """{(story, command): output of dsr_ipvs} of the file ipvsadm.differences.
    """
    found, story, step = {}, None, None
    with open(f'{HERE}/ipvsadm.differences', encoding='ascii') as file:
        for line in file.read().splitlines():
            if re.fullmatch(r'\[.*\]', line):
                story = line[1:-1]
            elif line.startswith('$ '):
                step = found[story, line[2:]] = [line]
            elif line and not line.startswith('#'):
                step.append(line)
    return found


def compare(story, real, ours, stated):
    """The unexpected differences, as lines of text; none if all is well."""
    wrong = []
    for theirs, mine in zip(real, ours, strict=True):
        wanted = stated.get((story, theirs[0][2:]), theirs)
        if mine != wanted:
            wrong += [f'[{story}] {theirs[0]}',
                      *(f'  {line}' for line in difflib.ndiff(wanted, mine)
                        if line[0] in '-+')]
        elif wanted == theirs and wanted is not theirs:
            wrong += [f'[{story}] {theirs[0]}',
                      '  ip_vs says what is stated as a difference of ours']
    return wrong


def compare_lines(real, ours):
    """The different lines, in diff's format, each with its command."""
    wrong = []
    about = ''
    for line in difflib.ndiff(real, ours):
        if line[2:].startswith('$ '):
            about = line[2:]
        if line[0] in '-+':
            wrong.append(f'{about}\n  {line}' if about else line)
            about = ''
    return wrong
