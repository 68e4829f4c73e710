# SPDX-License-Identifier: GPL-2.0
"""The files of the scenarios, as machines share them."""

import os
import sys

VM = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../vm')
sys.path.append(VM)

import files                                            # noqa: E402


def test_one_machine_takes_each(tmp_path):
    """The next one, in the order of the names, whoever asks."""
    names = [f'test_{i}.py' for i in range(9)]
    one, other = (files.take(tmp_path, names) for _ in range(2))
    assert [next(one), next(other), next(other), next(one)] == names[:4]
    assert list(other) == names[4:]
    assert not list(one)
    assert not list(files.take(tmp_path, names))


def test_the_longest_comes_first():
    weights = {'b': 10, 'short': 1, 'a': 10, 'long': 99}
    assert files.longest_first(weights) == ['long', 'a', 'b', 'short']


def test_a_new_file_weighs_by_its_tests():
    assert files.expected({'old': 10, 'new': 5}, {'old': 30, 'gone': 9}) == {
        'old': 30, 'new': 15}
    assert files.expected({'one': 3, 'other': 4}, {}) == {
        'one': 3, 'other': 4}


def test_the_usual_seconds_can_be_read():
    usual = files.read()
    assert len(usual) > 50
    assert all(seconds > 0 for seconds in usual.values())
