# SPDX-License-Identifier: GPL-2.0
"""dsrctl sync, with a socket that answers as dsrsyncd does."""

import contextlib
import json
import os
import socket
import threading

import pytest

from conftest import TOOL

PEER = {'node': 2, 'pid': 70, 'ready': True, 'lag': 3, 'silence': 1204,
        'received': 12, 'rejected': 1}
ANSWER = {
    'group': 'dsr', 'joined': True, 'node': 1, 'ready': 'complete',
    'exceptions': 25, 'entries': 200, 'backlog': 7, 'walk': 4, 'told': 31,
    'received': 12, 'taken': 8, 'known': 2, 'expired': 1, 'refused': 1,
    'malformed': 1, 'other_version': 0, 'peers': [PEER]}
TEXT = '''group dsr, node 1: ready, with all that the others had
exceptions: 25 of 200 entries, 12.5 %
told: 31, and 7 wait
received: 12; 8 taken, 2 known, 1 expired, 1 refused
rejected messages: 1 malformed, 0 of another version
'''


@pytest.fixture
def daemon(tmp_path):
    """daemon(answer): its path, and the requests that come."""
    path, asked = str(tmp_path / 'sync.sock'), []
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()

    def run(answer):
        def serve():
            sock, _ = server.accept()
            # dsrctl does not read an endless answer to its end
            with sock, sock.makefile('r', encoding='ascii') as file, \
                    contextlib.suppress(OSError):
                asked.append(file.readline())
                sock.sendall(answer)
        threading.Thread(target=serve, daemon=True).start()
        return path, asked
    yield run
    server.close()


def line(answer):
    return json.dumps(answer).encode() + b'\n'


def test_show(fake, daemon):
    path, asked = daemon(line(ANSWER))
    out = fake(f'sync show socket {path}').check(0).out
    assert out.startswith(TEXT)
    rows = [row.split() for row in out[len(TEXT):].splitlines()]
    assert rows == [['PEER', 'READY', 'LAG', 'SILENT', 'RECEIVED', 'REJECTED'],
                    ['2', 'yes', '3ms', '1s204ms', '12', '1']]
    assert asked == ['show\n']


def test_json(fake, daemon):
    path, _ = daemon(line(ANSWER))
    assert json.loads(fake(f'-j sync show socket {path}').check(0).out) == ANSWER


@pytest.mark.parametrize('ready, text', [
    ('no', 'not ready: waits for what the others have'),
    ('alone', 'ready, no other balancer was there'),
    ('late', 'ready without what the others had: they have not told it in time')])
def test_ready(fake, daemon, ready, text):
    path, _ = daemon(line({**ANSWER, 'ready': ready, 'peers': []}))
    lines = fake(f'sync show socket {path}').check(0).out.splitlines()
    assert lines[0] == f'group dsr, node 1: {text}'
    assert lines[-1] == 'no other balancers'


def test_no_corosync(fake, daemon):
    path, _ = daemon(line({**ANSWER, 'joined': False, 'peers': []}))
    assert fake(f'sync show socket {path}').check(0).out.startswith(
        'group dsr: corosync does not run\n')


@pytest.mark.parametrize('command', ['resync', 'wait'])
def test_others(fake, daemon, command):
    path, asked = daemon(line(ANSWER))
    assert fake(f'sync {command} socket {path}').check(0).out == ''
    assert asked == [f'{command}\n']


@pytest.mark.parametrize('answer', [b'', b'\n', b'[]\n', b'{"group": ', b'x' * 70000])
def test_malformed(fake, daemon, answer):
    path, _ = daemon(answer)
    fake(f'sync show socket {path}').check(
        2, f'dsrctl: {path}: the answer is malformed: dsrctl and dsrsyncd are of '
        'different versions\n')


def test_no_daemon(fake, tmp_path):
    path = tmp_path / 'none'
    fake(f'sync show socket {path}').check(
        2, f"dsrctl: {path}: dsrsyncd does not run: start it with 'systemctl start "
        "dsrsyncd'\n")


def test_long_path(fake):
    path = '/' + 'x' * 120
    fake(f'sync show socket {path}').check(
        1, f'dsrctl: {path}: a path of a socket has at most 107 characters\n')


def test_page_has_each_key():
    with open(os.path.join(TOOL, 'dsrctl.8'), encoding='utf-8') as file:
        page = file.read()
    text = page[page.index('.B sync show\ngroup'):]
    text = text[:text.index('.TP')]
    for key in [*ANSWER, *PEER]:
        assert key in text, key
