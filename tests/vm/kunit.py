#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Load the modules, which runs their KUnit suites, and report each case.

In the virtual machine, on a kernel with KUNIT. The kernel log has the results
as KTAP: a line of a case is indented by four blanks, and deeper lines are its
parameters. Write a line for each case to $DSR_RESULTS_FILE, or /results/kunit,
and "done" at the end.
"""

import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from conftest import KernelLog                          # noqa: E402
from host import Failure                                # noqa: E402
from network import Network                             # noqa: E402

SUITE = re.compile(r'^ {4}# Subtest: (\S+)')
CASE = re.compile(r'^ {4}(not ok|ok) \d+(?: -)? ([^#]+?)\s*(# SKIP.*)?$')
SUITE_END = re.compile(r'^(not ok|ok) \d+(?: -)? (\S+)')


def why(lines):
    """The last failed expectation of LINES, and the actual value."""
    first = max((number for number, line in enumerate(lines)
                 if 'FAILED at' in line), default=-1)
    if first < 0:
        return 'see the log'
    return '; '.join(' '.join(line.split()) for line in
                     lines[first:-1])[:400].replace('# ', '', 1)


def report(log, write):
    """The number of cases, and of failed ones."""
    suite, cases, failed, open_suite, recent = '?', 0, 0, False, []
    for line in log:
        recent = recent[-30:] + [line]
        if found := SUITE.match(line):
            suite, open_suite = found[1], True
        elif found := CASE.match(line):
            cases += 1
            verdict = 'skip' if found[3] else found[1]
            if verdict != 'not ok':
                write(f'{verdict} {suite}.{found[2]}')
            else:
                write(f'not ok {suite}.{found[2]}: {why(recent)}')
                failed += 1
                print('\n'.join(recent), flush=True)
        elif found := SUITE_END.match(line):
            # a suite can fail outside of its cases
            if found[1] == 'not ok' and not failed:
                failed += 1
                write(f'not ok {found[2]}')
            open_suite = False
    if open_suite:
        failed += 1
        write(f'not ok {suite} (never ended)')
    return cases, failed


def main():
    path = os.environ.get('DSR_RESULTS_FILE') or (
        '/results/kunit' if os.path.isdir('/results') else os.devnull)
    with open(path, 'w', encoding='utf-8') as results:
        def write(line):
            print(line, file=results, flush=True)
            print(line, flush=True)
        log = KernelLog()
        lines = []
        with Network() as net:
            for module in ('dsr_lb', 'dsr_rs'):
                try:
                    net.load(module)
                except Failure as failure:
                    write(f'not ok {module} (does not load: {failure})')
                lines += log.lines()
        cases, failed = report(lines, write)
        if not cases:
            write('not ok kunit (no case was run)')
        write('done')
    return 1 if failed or not cases else 0


if __name__ == '__main__':
    sys.exit(main())
