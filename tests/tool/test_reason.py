# SPDX-License-Identifier: GPL-2.0
"""Each reason of the modules has a meaning, in dsrctl and in the man page."""

import json
import os
import re

import pytest

from conftest import TOP
from test_man import page                               # noqa: F401

MODULES = {'dsr_lb': 'lb', 'dsr_rs': 'rs'}


def names(module):
    """Those of the module's header, in its order."""
    path = os.path.join(TOP, 'kmod', MODULES[module], 'core', 'reason.h')
    with open(path, encoding='ascii') as file:
        found = re.findall(r'R\([A-Z_0-9]+, "(\w+)"', file.read())
    assert len(found) > 30
    return found


@pytest.fixture
def known(fake, kernel):
    """{module: {name: {'meaning', 'advice'}}}"""
    document = json.loads(fake('-j stats reasons').check(0).out)
    assert not kernel.requests and not kernel.connections
    return document


@pytest.mark.parametrize('module', MODULES)
def test_every_reason(known, module):
    """Neither one too few nor one too many."""
    assert list(known[module]) == names(module)
    for name, reason in known[module].items():
        assert len(reason['meaning']) > 20, name
        assert set(reason) == {'meaning', 'advice'}


@pytest.mark.parametrize('module', MODULES)
def test_manual(known, page, module):                   # noqa: F811
    """The same words: the page is made of what "-j stats reasons" prints."""
    section = page[page.index(' REASONS Every'):page.index(' FIREWALLS With')]
    head, _, tail = section.partition(' On a real server ')
    for name, reason in known[module].items():
        words = f'{name} {reason["meaning"]}'
        if reason['advice']:
            words += f' {reason["advice"]}'
        assert f' {words} ' in f' {head if module == "dsr_lb" else tail} '


def test_text(fake, known, golden):
    """All of it, in 80 columns."""
    out = fake('stats reasons').check(0).out
    golden('reasons.txt', out)
    assert max(map(len, out.splitlines())) <= 80
    words = ' '.join(out.split())
    for module, reasons in known.items():
        for name, reason in reasons.items():
            assert f'{name} {reason["meaning"]}' in words, module


def test_explain_knows(known, fake):
    """explain has the same sentence."""
    out = fake('explain 10.0.0.1:1 10.0.0.2:80').check(0).out
    assert known['dsr_lb']['forwarded']['meaning'] in out


def test_words(fake):
    fake('stats reasons forwarded').check(
        1, "dsrctl: stats reasons: unexpected argument 'forwarded': this "
        'command takes none\n')
    fake('-b -', stdin='stats reasons\n').check(0)
