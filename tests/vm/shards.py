# SPDX-License-Identifier: GPL-2.0
"""Divide the files of the scenarios into shards that take the same time."""


def read(path):
    """{file: seconds}, from lines "FILE SECONDS TESTS" of a session."""
    with open(path, encoding='utf-8') as file:
        lines = [line.split() for line in file if not line.startswith('#')]
    return {line[0]: float(line[1]) for line in lines if line}


def expected(tests, seconds):
    """{file: seconds} for files with so many TESTS.

    The number of tests gives an estimate for a new file.
    """
    known = [name for name in tests if name in seconds]
    each = (sum(seconds[name] for name in known) /
            sum(tests[name] for name in known)) if known else 1
    return {name: seconds.get(name, each * tests[name]) for name in tests}


def divide(weights, number):
    """NUMBER lists of files with nearly equal weights.

    No file is divided, since its tests share their set-up. Equal weights must
    give equal parts, since each shard computes them by itself.
    """
    parts = [[] for _ in range(number)]
    for name in sorted(weights, key=lambda name: (-weights[name], name)):
        min(parts, key=lambda part: sum(map(weights.get, part))).append(name)
    return parts
