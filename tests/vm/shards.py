# SPDX-License-Identifier: GPL-2.0
"""Which files of the scenarios are run by which shard, so that all end together."""


def read(path):
    """{file: seconds}, from lines "FILE SECONDS TESTS", as a session leaves them."""
    with open(path, encoding='utf-8') as file:
        lines = [line.split() for line in file if not line.startswith('#')]
    return {line[0]: float(line[1]) for line in lines if line}


def expected(tests, seconds):
    """{file: seconds} of files that have so many TESTS.

    Of a file that is new the number of its tests tells something, too.
    """
    known = [name for name in tests if name in seconds]
    each = (sum(seconds[name] for name in known) /
            sum(tests[name] for name in known)) if known else 1
    return {name: seconds.get(name, each * tests[name]) for name in tests}


def divide(weights, number):
    """NUMBER lists of files that weigh as much, as nearly as files allow.

    No file is divided: its tests share what they set up. The same weights make
    the same parts, for each shard works them out for itself.
    """
    parts = [[] for _ in range(number)]
    for name in sorted(weights, key=lambda name: (-weights[name], name)):
        min(parts, key=lambda part: sum(map(weights.get, part))).append(name)
    return parts
