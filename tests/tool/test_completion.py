# SPDX-License-Identifier: GPL-2.0
"""Completion in bash."""

import os
import shutil
import subprocess

import pytest

from conftest import TOOL

SCRIPT = os.path.join(TOOL, 'completion', 'dsrctl.bash')


def complete(binary, line, setup=''):
    """What bash offers for the last word of a line."""
    script = f'''
        set -u
        source {SCRIPT}
        {setup}
        dsrctl() {{ {binary} "$@"; }}
        COMP_WORDS=({line})
        [[ "{line}" == *' ' ]] && COMP_WORDS+=('')
        COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        _dsrctl
        printf '%s\\n' "${{COMPREPLY[@]}}"'''
    result = subprocess.run(['bash', '-c', script], capture_output=True,
                            text=True, check=True)
    assert result.stderr == ''
    return result.stdout.split()


OBJECTS = ['service', 'backend', 'connection', 'real', 'flow', 'stats',
           'show', 'help']
LINES = {
    'dsrctl ': OBJECTS,
    'dsrctl s': ['service', 'stats', 'show'],
    'dsrctl zz': [],
    'dsrctl service ': ['add', 'set', 'replace', 'delete', 'show', 'flush',
                        'help'],
    'dsrctl service s': ['set', 'show'],
    'dsrctl show ': ['help'],
    'dsrctl service add ': ['fwmark', 'scheduler', 'path', 'tos', 'hash',
                            'table-size'],
    'dsrctl se a ': ['fwmark', 'scheduler', 'path', 'tos', 'hash',
                     'table-size'],
    'dsrctl service add fwmark ': [],
    'dsrctl service add fwmark 1 ': ['scheduler', 'path', 'tos', 'hash',
                                     'table-size'],
    'dsrctl service add fwmark 1 path ': ['stack', 'direct'],
    'dsrctl service add fwmark 1 path d': ['direct'],
    'dsrctl service add scheduler ': [
        'rr', 'wrr', 'lc', 'wlc', 'sed', 'nq', 'sh', 'dh', 'fo', 'ovf',
        'twos', 'maglev'],
    'dsrctl service add hash ': ['default', 'source', 'source-port'],
    'dsrctl service add table-size 13': ['131071'],
    'dsrctl service add tos ': ['none'],
    'dsrctl service delete ': ['fwmark'],
    'dsrctl service flush ': [],
    'dsrctl service add junk ': [],
    'dsrctl real add proto ': ['tcp', 'udp'],
    'dsrctl real delete ': ['vip', 'proto', 'port', 'tos', 'dscp'],
    'dsrctl connection show state ': ['syn', 'established', 'fin', 'closed',
                                      'udp'],
    'dsrctl connection set ': ['max'],
    'dsrctl -': ['--statistics', '--json', '--pretty', '--netns', '--batch',
                 '--force', '--color', '--version', '--help'],
    'dsrctl --n': ['--netns'],
    'dsrctl -j -s ': OBJECTS,
    'dsrctl -n lv1 ': OBJECTS,
    'dsrctl -n lv1 -j service d': ['delete'],
    'dsrctl --netns lv1 backend add ': ['fwmark', 'via', 'weight',
                                           'upper', 'lower'],
}


@pytest.mark.parametrize('line', LINES)
def test_words(fake_binary, line):
    assert complete(fake_binary, line) == LINES[line]


def test_namespaces(fake_binary):
    setup = 'ls() { echo lv1 lv2 w101; }; command() { "${@:1}"; }'
    assert complete(fake_binary, 'dsrctl -n l', setup) == ['lv1', 'lv2']


def test_files(fake_binary, tmp_path):
    (tmp_path / 'rules.dsr').touch()
    assert complete(fake_binary, f'dsrctl -b {tmp_path}/ru') == [
        f'{tmp_path}/rules.dsr']


def test_shellcheck():
    if not shutil.which('shellcheck'):
        pytest.skip('no shellcheck')
    subprocess.run(['shellcheck', SCRIPT], check=True)
