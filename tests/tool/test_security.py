# SPDX-License-Identifier: GPL-2.0
"""SECURITY.md names the test of each of its rows, and the test exists."""

import os
import re

import pytest

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../..')


def read(name):
    with open(os.path.join(TOP, name), encoding='utf-8') as file:
        return file.read()


def rows():
    """The rows of the tables, without their heads."""
    lines = read('SECURITY.md').splitlines()
    return [line for line, following in zip(lines, [*lines[1:], ''])
            if line.startswith('| ') and not following.startswith('|---')]


@pytest.mark.parametrize('row', rows(), ids=lambda row: row.split('|')[1][1:40])
def test_row(row):
    held = row.rstrip('| ').split('|')[-1]
    named = re.findall(r'`(test_\w+\.py)`: ([^;]+)', held)
    assert named, row
    for file, tests in named:
        text = read(f'tests/vm/{file}')
        for test in re.split(r', ', tests.strip()):
            assert f'\ndef {test.partition("[")[0]}(' in text, (file, test)
