#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""List the reasons that no test has provoked.

Usage: reasons.py FILE...

Each FILE is a record of one machine's session ("provoked", see conftest.py).
Print a line of results for all of them together.
"""

import json
import sys

# Some reasons need a certain kernel: a shortage of memory needs fault
# injection, 65,000 flows take too long with all checks, and XDP needs BTF.
DEBUG_ONLY = {'drop_no_memory'}
STOCK_ONLY = {'drop_no_free_port', 'drop_ipsec_policy', 'forwarded_xdp'}
TEST = 'test_reasons.py::test_every_reason_was_provoked'


def judge(names, provoked, debug):
    """The difference between the reasons NAMES and PROVOKED, or ''."""
    elsewhere = (STOCK_ONLY if debug else DEBUG_ONLY) & names
    missing = names - provoked - elsewhere
    unexpected = provoked & elsewhere
    unknown = provoked - names
    if not names:
        return 'dsrctl names no reason'
    return '; '.join(f'{what}: {", ".join(sorted(which))}' for what, which in (
        ('no test has provoked', missing),
        ('provoked, and listed as not possible here', unexpected),
        ('provoked, and not named by dsrctl', unknown)) if which)


def main(paths):
    names, provoked, debug = {}, {}, False
    for path in paths:
        with open(path, encoding='utf-8') as file:
            session = json.load(file)
        debug = debug or session['debug']
        for family, found in session['names'].items():
            names.setdefault(family, set()).update(found)
        for family, found in session['provoked'].items():
            provoked.setdefault(family, set()).update(found)
    why = '; '.join(f'{family}: {text}' for family in sorted(names)
                    if (text := judge(names[family],
                                      provoked.get(family, set()), debug)))
    if not names:
        why = 'no machine has left what it provoked'
    print(f'not ok {TEST}: {why}' if why else f'ok {TEST}')


if __name__ == '__main__':
    main(sys.argv[1:])
