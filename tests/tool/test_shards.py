# SPDX-License-Identifier: GPL-2.0
"""The shards of the scenarios: each file is in one, and all take the same
time."""

import os
import random
import sys

import pytest

VM = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../vm')
sys.path.append(VM)

import shards                                           # noqa: E402


@pytest.mark.parametrize('number', [1, 2, 3, 5])
def test_each_file_is_in_one(number):
    draw = random.Random(number)
    weights = {f'test_{i}.py': draw.uniform(1, 90) for i in range(70)}
    parts = shards.divide(weights, number)
    assert sorted(sum(parts, [])) == sorted(weights)
    # in any order of the files
    names = list(weights)
    draw.shuffle(names)
    assert shards.divide({name: weights[name] for name in names},
                         number) == parts


def test_the_longest_decides():
    weights = {'long': 100, **{f'short{i}': 10 for i in range(10)}}
    parts = shards.divide(weights, 2)
    assert sorted(map(len, parts)) == [1, 10]


def test_a_new_file_weighs_by_its_tests():
    assert shards.expected({'old': 10, 'new': 5}, {'old': 30, 'gone': 9}) == {
        'old': 30, 'new': 15}
    assert shards.expected({'one': 3, 'other': 4}, {}) == {
        'one': 3, 'other': 4}
