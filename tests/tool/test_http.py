# SPDX-License-Identifier: GPL-2.0
"""dsr-metrics: started with a socket as systemd does it, and asked over HTTP."""

import contextlib
import errno
import http.client
import os
import re
import signal
import socket
import subprocess
import sys

import pytest

import sample
import uapi as u
from conftest import TOOL
from fakekernel import Ack, Reply
from test_metrics import samples

# What systemd does: the socket is descriptor 3, and $LISTEN_PID the process.
START = '''
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
'''
OPENMETRICS = 'application/openmetrics-text'
ACCEPT = f'{OPENMETRICS};version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1'


@pytest.fixture(scope='module')
def binary(dsrctl):                             # pylint: disable=W0613
    path = os.path.join(TOOL, 'dsr-metrics')
    if not os.path.exists(path):
        pytest.skip('built without libmicrohttpd')
    return path


@pytest.fixture
def started(binary, fake_binary, kernel, tmp_path):
    """Runs it on a socket, as a context; its dsrctl asks the fake kernel."""
    (tmp_path / 'bin').mkdir()
    os.symlink(fake_binary, tmp_path / 'bin' / 'dsrctl')

    @contextlib.contextmanager
    def run(sock, *warnings):
        process = subprocess.Popen(
            [sys.executable, '-c', START, str(sock.fileno()), binary],
            pass_fds=[sock.fileno()], stderr=subprocess.PIPE, env={
                'PATH': f'{tmp_path}/bin:{os.environ["PATH"]}',
                'DSRCTL_FAKE_KERNEL': kernel.path})
        yield sock.getsockname()
        process.send_signal(signal.SIGTERM)
        assert (process.wait(60), process.stderr.read()) == (0, b''.join(warnings))
    return run


@pytest.fixture
def server(started):
    """Its address."""
    with socket.create_server(('127.0.0.1', 0)) as sock, started(sock) as address:
        yield address


def ask(server, path='/metrics', method='GET', body=None, **headers):
    """(status, headers, text)"""
    connection = http.client.HTTPConnection(*server, timeout=60)
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, response.headers, text


def test_openmetrics(server, fake):
    """As Prometheus asks."""
    status, headers, text = ask(server, Accept=ACCEPT)
    assert status == 200
    assert headers['Content-Type'] == \
        f'{OPENMETRICS}; version=1.0.0; charset=utf-8'
    assert text == fake('metrics').out
    assert samples(text)


def test_prometheus(server, fake):
    """As others ask."""
    for headers in ({}, {'Accept': '*/*'}):
        status, headers, text = ask(server, **headers)
        assert (status, headers['Content-Type']) == (
            200, 'text/plain; version=0.0.4; charset=utf-8')
        assert text == fake('metrics format prometheus').out


def test_nothing_loaded(server, kernel):
    kernel.families = []
    status, _, text = ask(server, Accept=ACCEPT)
    assert status == 200
    assert samples(text)['dsr_up', frozenset()] == 0


def test_failure(server, kernel):
    """What dsrctl says is told; then it goes on."""
    kernel.answers['dsr', u.DSR_CMD_SERVICE_GET] = Ack(errno.EPERM)
    status, _, text = ask(server)
    assert (status, text) == (500, 'dsrctl: permission denied: this needs '
                              'CAP_NET_ADMIN (run dsrctl as root)\n')
    kernel.answers['dsr', u.DSR_CMD_SERVICE_GET] = Reply()
    assert ask(server)[0] == 200


def test_warning(started, fake, fake_binary, tmp_path):
    """A warning goes to the log, not into the metrics."""
    with socket.create_server(('127.0.0.1', 0)) as sock, \
            started(sock, b'a warning\n') as address:
        dsrctl = tmp_path / 'bin' / 'dsrctl'
        dsrctl.unlink()
        dsrctl.write_text(f'#!/bin/sh\necho a warning >&2\n'
                          f'exec {fake_binary} "$@"\n')
        dsrctl.chmod(0o755)
        status, _, text = ask(address, Accept=ACCEPT)
    assert (status, text) == (200, fake('metrics').out)


def test_refused(server):
    """Nothing but two pages is there, and nothing but reading."""
    assert ask(server, '/metrics/..')[0] == 404
    assert ask(server, '/favicon.ico')[0] == 404
    for method in ('POST', 'PUT', 'DELETE'):
        status, headers, _ = ask(server, method=method, body='x' * 100000)
        assert (status, headers['Allow']) == (405, 'GET, HEAD')
    status, headers, text = ask(server, method='HEAD')
    assert (status, text) == (200, '')
    assert int(headers['Content-Length']) > 1000


def test_not_http(server):
    """Who sends something else disturbs nobody."""
    with socket.create_connection(server) as sock:
        sock.sendall(b'\0' * 1000 + b'\n\n')
    with socket.create_connection(server) as sock:
        sock.sendall(b'GET /metrics HTTP/1.1\r\nHost')
        assert ask(server)[0] == 200            # meanwhile


def test_many(server):
    """Connections that are open at the same time."""
    text = ask(server, '/')[2]
    connections = [http.client.HTTPConnection(*server, timeout=60)
                   for _ in range(10)]
    for connection in connections:
        connection.request('GET', '/metrics')
    for connection in connections:
        assert connection.getresponse().status == 200
        connection.close()
    assert text.startswith('<!DOCTYPE html>')


def cells(text):
    """The rows of all tables, as lists of text."""
    return [re.sub('<[^>]*>', '\t', row).split('\t\t')
            for row in re.findall('<tr>(.*)</tr>', text)]


def test_page(server, kernel):
    """Services, backends, rules and reasons, of what the kernel says now."""
    status, headers, text = ask(server, '/')
    assert (status, headers['Content-Type']) == (200,
                                                 'text/html; charset=utf-8')
    assert "default-src 'none'" in headers['Content-Security-Policy']
    for words in ('<h2>service fwmark 1, rr</h2>', sample.W101, sample.W6,
                  'service fwmark 1 inet6', 'draining, reachable',
                  f'service vip {sample.VIP} proto udp port 8000 to 8100',
                  'real server rules', '<h2>dsr_rs</h2>',
                  'name="viewport"', 'table: 16 of at most 1048576'):
        assert words in text, words
    # nothing comes from elsewhere, and nothing is a program
    assert not re.search(r'<script|https?:|//|<img|@import|url\(', text)
    assert 'drop_no_backend' not in text        # it is 0
    kernel.answers['dsr', u.DSR_CMD_STATS_GET] = Reply(
        sample.table(1, 2, 3, 4) + sample.reason('drop_no_backend', 4711) +
        sample.reason('a<b&"c', 1))
    text = ask(server, '/')[2]
    assert '>drop_no_backend</td><td>4711</td>' in text
    assert 'a&lt;b&amp;&quot;c' in text


def test_page_rate(server, kernel):
    """Of a counter that has risen since the page before."""
    ask(server, '/')
    kernel.answers['dsr', u.DSR_CMD_STATS_GET] = Reply(
        sample.table(1, 2, 3, 4) + sample.reason('forwarded', 12345 + 10**6))
    text = ask(server, '/')[2]
    found = re.search(r'>forwarded</td><td>1012345</td><td>([0-9.]+)<', text)
    assert float(found[1]) > 1000


def test_restart(started):
    """The socket is systemd's, and serves the next process."""
    with socket.create_server(('127.0.0.1', 0)) as sock:
        for _ in range(2):
            with started(sock) as server:
                assert ask(server)[0] == 200


def test_no_socket(binary):
    """By hand it says how it is started."""
    result = subprocess.run([binary], capture_output=True, text=True,
                            check=False, env={})
    assert result.returncode == 1
    assert 'dsr-metrics.socket' in result.stderr
