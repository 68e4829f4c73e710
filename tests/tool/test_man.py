# SPDX-License-Identifier: GPL-2.0
"""The man pages render without a warning, and are complete."""

import os
import re
import shutil
import subprocess

import pytest

import sample
import uapi as u
from conftest import TOOL
from fakekernel import Reply
from tracefs import Tracefs

PAGE = os.path.join(TOOL, 'dsrctl.8')


PAGES = [PAGE, os.path.join(TOOL, 'dsr_ipvs.4'),
         os.path.join(TOOL, 'dsr_rs.4'), os.path.join(TOOL, 'dsrsyncd.8')]


def render(page=PAGE):
    return subprocess.run(
        ['groff', '-ww', '-man', '-Tascii', '-P-c', '-rLL=2000n', page],
        capture_output=True, text=True, check=True)


@pytest.fixture(scope='module')
def page():
    if not shutil.which('groff'):
        pytest.skip('no groff')
    text = re.sub('.\b', '', render().stdout)
    return re.sub(r'[ \n]+', ' ', text)


@pytest.mark.parametrize('file', PAGES)
def test_groff(file):
    if not shutil.which('groff'):
        pytest.skip('no groff')
    assert render(file).stderr == ''


@pytest.mark.parametrize('file', PAGES)
def test_man(file):
    if not shutil.which('man'):
        pytest.skip('no man')
    result = subprocess.run(
        ['man', '--warnings', '-l', file], capture_output=True, text=True,
        env={**os.environ, 'LC_ALL': 'C.UTF-8', 'MANWIDTH': '80'}, check=True)
    assert result.stderr == ''


@pytest.mark.parametrize('file', PAGES)
def test_mandoc(file):
    if not shutil.which('mandoc'):
        pytest.skip('no mandoc')
    result = subprocess.run(['mandoc', '-Tlint', '-Wwarning', file],
                            capture_output=True, text=True, check=False)
    assert result.stdout == ''


def test_every_command(fake, page):
    for name in fake('complete').out.split():
        if name == 'help':
            continue
        for command in fake('complete', name).out.split():
            assert (command == 'help' or f'dsrctl {name} {command}' in page
                    or command in ('output', 'format')
                    or f'dsrctl {name} Print' in page
                    or name in ('trace', 'top') and f'{command} ' in page), (
                        f'{name} {command}')
        assert f'dsrctl {name}' in page


def test_every_keyword(fake, page):
    for name in fake('complete').out.split():
        for command in fake('complete', name).out.split():
            for word in fake('complete', name, command).out.split():
                assert re.search(rf'\b{word}\b', page), word


def test_every_nested_command(fake, page):
    for word in fake('complete real silence').out.split():
        assert word == 'help' or f'dsrctl real silence {word}' in page, word
    for word in fake('complete real silence add 10.0.0.1').out.split():
        assert re.search(rf'\b{word}\b', page), word


def test_every_option(fake, page):
    for option in re.findall(r'--\w+', fake('help').out):
        assert option in page


def test_json_keys(fake, page):
    """Every key that is printed is documented."""
    import json

    def keys(document):
        if isinstance(document, dict):
            for key, value in document.items():
                yield key
                if key != 'reasons':
                    yield from keys(value)
        elif isinstance(document, list):
            for value in document:
                yield from keys(value)

    section = page[page.index(' JSON The lists'):page.index('EXIT STATUS')]
    for command in ('service show', 'backend show', 'connection show',
                    'path show', 'real show', 'real silence', 'flow show',
                    'stats', 'show',
                    'explain 10.0.0.1:1 10.0.0.2:80 middle',
                    f'real explain 10.0.0.1:1 {sample.VIP}:80 dev lo'):
        for key in keys(json.loads(fake('-j', command).out)):
            assert re.search(rf'\b{key}\b', section), key


def example_lines():
    with open(PAGE, encoding='ascii') as file:
        examples = file.read().split('.SH EXAMPLES')[1]
    for block in re.findall(r'\.EX\n(.*?)\.EE', examples, flags=re.S):
        batch = 'cat /etc/dsr.conf' in block
        for line in block.splitlines():
            line = line.replace('\\-', '-').replace('\\(aq', "'")
            found = re.match(r'\w*# dsrctl (.*)', line)
            if found and ' -b ' not in line:
                yield re.sub(r' \|.*', '', found[1])
            elif batch and not line.startswith('#'):
                yield line


def test_examples(fake, kernel, tmp_path):
    """The examples do what they say; there are at least six."""
    kernel.answers['dsr', u.DSR_CMD_BACKEND_GET] = Reply(sample.backend(
        1, sample.W101, admin=u.DSR_BACKEND_DRAINING))
    lines = list(example_lines())
    env = {'DSRCTL_FAKE_TRACEFS': Tracefs(str(tmp_path / 'tracing')).path}
    assert len(lines) >= 12
    for line in lines:
        if line.startswith('-n'):
            line = line.split(maxsplit=2)[2]
        # exists on every machine
        line = line.replace('dev eth0', 'dev lo')
        line = line.replace('doctor time 10s', 'doctor time 100ms')
        if line.startswith('apply'):    # see test_apply.py
            assert fake(line).check(1, "dsrctl: cannot open '/etc/dsr/dsr.yaml': "
                                    'No such file or directory\n')
        elif 'doctor' in line:    # there is something wrong with the sample
            assert fake(line).check(1).out
        elif line.startswith('-'):
            fake(line).check(0)
        elif line.startswith('top'):
            assert 'it needs a terminal' in fake(line).err
        elif line.startswith('trace'):
            assert fake('-b -', stdin=line + '\n', env=env).status == 0
        else:
            fake('-b -', stdin=line + '\n').check(0)


def test_states(page):
    for name in ('reachable', 'unknown', 'incomplete', 'unreachable',
                 'no_route', 'local'):
        assert f'DSR_BACKEND_{name.upper()}' in vars(u)
        assert name in page
