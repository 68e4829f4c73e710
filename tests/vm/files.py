# SPDX-License-Identifier: GPL-2.0
"""Share the files of the scenarios among machines that run at the same time.

Each machine takes the next file that no machine has taken, the longest first: so all
end together, however fast each is and whenever each began.
"""

import contextlib
import os

USUAL = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'seconds')


def read(path=USUAL):
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


def longest_first(weights):
    """The names, in the same order on every machine."""
    return sorted(weights, key=lambda name: (-weights[name], name))


def take(queue, names):
    """Those of NAMES that no other machine has taken before, one at a time.

    QUEUE is a directory that all machines have in common. No file is divided, since its
    tests share their set-up. A file is taken when the caller asks for the next one.
    """
    for name in names:
        with contextlib.suppress(FileExistsError):
            os.mkdir(os.path.join(queue, name))
            yield name
