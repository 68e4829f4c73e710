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


OBJECTS = ['service', 'backend', 'connection', 'path', 'real', 'flow',
           'stats', 'show', 'monitor', 'explain', 'help']
KEY = ['fwmark', 'family', 'vip', 'proto', 'port']
OPTIONS = ['scheduler', 'path', 'tos', 'hash', 'table-size', 'ping',
           'one-packet', 'on-down', 'persist', 'persist-prefix',
           'probe-marks']
TIMEOUTS = ['timeout-syn', 'timeout-established', 'timeout-fin',
            'timeout-closed', 'timeout-udp']
STATES = ['syn', 'established', 'fin', 'closed', 'udp']
LINES = {
    'dsrctl ': OBJECTS,
    'dsrctl s': ['service', 'stats', 'show'],
    'dsrctl zz': [],
    'dsrctl service ': ['add', 'set', 'replace', 'delete', 'show', 'flush',
                        'stop', 'help'],
    'dsrctl service s': ['set', 'show', 'stop'],
    'dsrctl service stop ': ['force'],
    'dsrctl show ': ['help'],
    'dsrctl service add ': KEY + OPTIONS + TIMEOUTS,
    'dsrctl se a ': KEY + OPTIONS + TIMEOUTS,
    'dsrctl service add fwmark ': [],
    'dsrctl service add fwmark 1 ': KEY[1:] + OPTIONS + TIMEOUTS,
    'dsrctl service add fwmark 1 path ': ['stack', 'direct'],
    'dsrctl service add fwmark 1 path d': ['direct'],
    'dsrctl service add scheduler ': [
        'rr', 'wrr', 'lc', 'wlc', 'sed', 'nq', 'sh', 'dh', 'fo', 'ovf',
        'twos', 'maglev'],
    'dsrctl service add hash ': ['default', 'source', 'source-port'],
    'dsrctl service add table-size 13': ['131071'],
    'dsrctl service add tos ': ['none'],
    'dsrctl service set probe-marks ': ['none'],
    'dsrctl service delete ': KEY,
    'dsrctl service flush ': [],
    'dsrctl service add junk ': [],
    'dsrctl real add proto ': ['tcp', 'udp', 'sctp'],
    'dsrctl real stop ': ['force'],
    'dsrctl real delete ': ['vip', 'proto', 'port', 'tos', 'dscp'],
    'dsrctl real ': ['add', 'replace', 'delete', 'show', 'flush', 'stop',
                     'silence', 'help'],
    'dsrctl real add vip 10.0.0.1 mode ': ['redirect', 'local'],
    'dsrctl real add tos 0x20 clear ': ['vip', 'proto', 'port', 'dscp', 'to',
                                        'mode', 'from', 'mark'],
    'dsrctl real si': ['silence'],
    'dsrctl real silence ': ['add', 'replace', 'delete', 'show', 'flush',
                             'help'],
    'dsrctl real sil f': ['flush'],
    'dsrctl real silence add ': [],
    'dsrctl real silence add 10.0.0.1 ': ['dev'],
    'dsrctl real silence 2001:db8::1 ': ['dev'],
    'dsrctl real silence 10.0.0.1 dev ': [],
    'dsrctl real silence 10.0.0.1 dev eth0 ': ['dev'],
    'dsrctl real silence delete ': [],
    'dsrctl real silence delete 10.0.0.1 ': [],
    'dsrctl service add family ': ['inet', 'inet6'],
    'dsrctl service add vip 10.0.0.1 proto ': ['tcp', 'udp', 'sctp'],
    'dsrctl service add ping ': ['reply', 'forward', 'ignore'],
    'dsrctl service add one-packet ': ['off', 'on'],
    'dsrctl service add on-down re': ['reschedule', 'reset'],
    'dsrctl service add persist ': ['off'],
    'dsrctl service add timeout-udp ': ['default'],
    'dsrctl backend delete ': KEY + ['via'],
    'dsrctl backend drain fwmark 1 via 10.0.0.1 ': KEY[1:] + ['deadline',
                                                             'wait'],
    'dsrctl backend drain fwmark 1 wait ': KEY[1:] + ['via', 'deadline'],
    'dsrctl backend drain fwmark 1 --wait d': ['deadline'],
    'dsrctl backend set up ': KEY + ['via', 'weight', 'upper', 'lower',
                                     'down'],
    'dsrctl connection show state ': STATES + ['persistent', 'unproven'],
    'dsrctl connection show sort ': ['src', 'dst', 'via', 'state', 'expires'],
    'dsrctl flow show state ': STATES,
    'dsrctl connection set ': ['max'] + TIMEOUTS,
    'dsrctl flow set ': ['max'] + TIMEOUTS,
    'dsrctl path ': ['add', 'set', 'replace', 'delete', 'show', 'flush',
                     'help'],
    'dsrctl path add ': ['dev', 'recheck'],
    'dsrctl path delete ': ['dev'],
    'dsrctl path add dev ': [],
    'dsrctl monitor ': ['help'],
    'dsrctl explain ': ['help'],
    'dsrctl explain 10.0.0.1:1 ': [],
    'dsrctl explain 10.0.0.1:1 10.0.0.2:80 ': ['proto', 'mark', 'dev', 'middle'],
    'dsrctl explain 10.0.0.1:1 10.0.0.2:80 middle ': ['proto', 'mark', 'dev'],
    'dsrctl explain 10.0.0.1:1 10.0.0.2:80 proto s': ['sctp'],
    'dsrctl -': ['--statistics', '--json', '--pretty', '--netns', '--batch',
                 '--force', '--color', '--version', '--help'],
    'dsrctl --n': ['--netns'],
    'dsrctl -j -s ': OBJECTS,
    'dsrctl -n lv1 ': OBJECTS,
    'dsrctl -n lv1 -j service d': ['delete'],
    'dsrctl --netns lv1 backend add ': KEY + ['via', 'weight', 'upper',
                                              'lower', 'up', 'down'],
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
