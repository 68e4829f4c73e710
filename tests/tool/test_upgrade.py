# SPDX-License-Identifier: GPL-2.0
"""The command upgrade, with a kernel that loads no new module."""

import errno
import os
import signal
import subprocess
import threading

import pytest

import sample
import uapi as u
from fakekernel import FAMILIES, Ack, Reply, nest, parse_attrs, u32

# The check finds that the kernel would load the file, but the kernel does not.
MODULES = """\
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

long syscall(long number, ...)
{
        static int loads;

        if (number == SYS_delete_module) {
                va_list list;
                const char *name;

                va_start(list, number);
                name = va_arg(list, const char *);
                va_end(list);
                errno = EBUSY;
                return name && getenv("STAYS") && !strcmp(name, getenv("STAYS")) ?
                        -1 : 0;
        }
        if (number == SYS_finit_module && loads && getenv("LOADED"))
                close(open(getenv("LOADED"), O_CREAT | O_WRONLY, 0600));
        errno = number != SYS_finit_module ? ENOSYS : loads++ ? ENOMEM : EEXIST;
        return -1;
}
"""

SYS = """\
mount -t tmpfs none /sys && mkdir -p /sys/module/dsr_lb/parameters || exit
cd /sys/module/dsr_lb; >initstate; echo 5000 >parameters/conn_max
if [ -n "$IPVS" ]; then mkdir ../dsr_ipvs; >../dsr_ipvs/initstate; fi; exec "$@"
"""


@pytest.fixture
def upgrade(plain_binary, kernel, tmp_path):
    """Run an upgrade, with shell commands in place of modprobe."""
    for cmd in (u.DSR_CMD_SERVICE_GET, u.DSR_CMD_BACKEND_GET,
                u.DSR_CMD_PATH_GET):
        kernel.answers['dsr', cmd] = Reply()
    library = tmp_path / 'modules.so'
    subprocess.run(['cc', '-shared', '-fPIC', '-xc', '-', '-o', library],
                   input=MODULES, text=True, check=True)
    (tmp_path / 'new.ko').touch()
    (tmp_path / 'ipvs.ko').touch()

    def start(modprobe, **env):
        modinfo = f'[ "$1" = -n ] && echo {tmp_path}/ipvs.ko || echo dsr_lb'
        for name, text in (('modinfo', modinfo), ('modprobe', modprobe)):
            path = tmp_path / name
            path.write_text(f'#!/bin/sh\n{text}\n')
            path.chmod(0o755)
        return subprocess.Popen(
            ['unshare', '--mount', '--propagation=unchanged', 'sh', '-c', SYS,
             'sh', 'env', f'LD_PRELOAD={library}', plain_binary, 'upgrade',
             'dsr_lb', 'from', str(tmp_path / 'new.ko')],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={'PATH': f'{tmp_path}:{os.environ["PATH"]}',
                 'DSRCTL_FAKE_KERNEL': kernel.path, **env})

    def call(modprobe, **env):
        with start(modprobe, **env) as child:
            out, err = child.communicate(timeout=60)
        return subprocess.CompletedProcess(child.args, child.returncode, out, err)
    call.start = start
    return call


def was_set(kernel):
    return [request.cmd for request in kernel.requests
            if request.kind == FAMILIES['dsr'] and
            request.cmd == u.DSR_CMD_CONNECTION_SET]


@pytest.mark.skipif(os.geteuid() != 0, reason='needs root')
def test_fall_back(upgrade, kernel, tmp_path):
    """The installed module takes the place of the new one, and gets the limit of
    connections of a namespace without services."""
    result = upgrade(f'echo "$*" >>{tmp_path}/probed')
    assert (result.returncode, result.stdout, result.stderr) == (
        2, '', f'dsrctl: {tmp_path}/new.ko: Cannot allocate memory: the '
        'installed dsr_lb is loaded instead; it has the services again, but '
        'for 0 objects, with 0 connections\n')
    assert (tmp_path / 'probed').read_text() == 'dsr_lb conn_max=5000\n'
    assert len(was_set(kernel)) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason='needs root')
def test_none_left(upgrade, kernel, tmp_path):
    """No module is left, and the message says so."""
    result = upgrade('exit 1')
    assert result.returncode == 2
    assert result.stderr.startswith(
        f'dsrctl: no dsr_lb is loaded: {tmp_path}/new.ko: Cannot allocate '
        'memory: its 0 services')
    assert not was_set(kernel)


@pytest.mark.skipif(os.geteuid() != 0, reason='needs root')
def test_ipvs_comes_last(upgrade, kernel, tmp_path):
    """dsr_lb stays, since a program uses it. A program that finds dsr_ipvs before
    the services would add its own."""
    loaded, seen = tmp_path / 'loaded', []

    def answer(request):
        seen.append((request.cmd, loaded.exists()))
        return Ack()
    kernel.answers['dsr', u.DSR_CMD_SERVICE_GET] = Reply(sample.SERVICES[0])
    kernel.answers['dsr', u.DSR_CMD_CONNECTION_GET] = Reply()
    for cmd in (u.DSR_CMD_SERVICE_ADD, u.DSR_CMD_SERVICE_REPLACE):
        kernel.answers['dsr', cmd] = answer
    result = upgrade('exit 1', IPVS='1', STAYS='dsr_lb', LOADED=str(loaded))
    assert result.returncode == 2
    assert 'was not unloaded: Device or resource busy; the old one has its ' \
        'services again' in result.stderr, result
    assert seen == [(u.DSR_CMD_SERVICE_ADD, False),
                    (u.DSR_CMD_SERVICE_REPLACE, False)]
    assert loaded.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason='needs root')
def test_change_meanwhile(upgrade, kernel):
    """While the connections are read, a health checker takes the weight of a backend.
    The backend has none afterwards, and the connection is still there."""
    def backend(weight):
        kernel.answers['dsr', u.DSR_CMD_BACKEND_GET] = Reply(
            sample.backend(1, sample.W101, weight))

    def read(_):
        backend(0)
        return Reply(sample.connection(
            sample.TCP, sample.CLIENT, 1, sample.VIP, 80, 0, 1000, 1,
            sample.W101))
    kernel.answers['dsr', u.DSR_CMD_SERVICE_GET] = Reply(sample.SERVICES[0])
    kernel.answers['dsr', u.DSR_CMD_CONNECTION_GET] = read
    backend(5)
    assert upgrade('exit 1', STAYS='dsr_lb').returncode == 2
    sent = {one.cmd: one for one in kernel.requests
            if one.kind == FAMILIES['dsr']}
    added = sent[u.DSR_CMD_BACKEND_ADD].nest(u.DSR_A_BACKEND)
    assert added[u.DSR_BACKEND_A_WEIGHT] == bytes(4)
    assert u.DSR_CMD_CONNECTION_ADD in sent


@pytest.mark.skipif(os.geteuid() != 0, reason='needs root')
def test_unknown_connection(upgrade, kernel):
    """The module knows no such state of one connection: those before and after it are
    there again."""
    states = (1, 99, 1)
    table = set()

    def add(request):
        count = 0
        for _, _, entry in request.attrs:
            tb = {k: v for k, _, v in parse_attrs(entry)}
            if tb[u.DSR_CONNECTION_A_STATE] == bytes([99]):
                return Ack(errno.EINVAL, 'no such state')
            table.add(tb[u.DSR_CONNECTION_A_SPORT])
            count += 1
        return Reply(nest(u.DSR_A_ADDED, u32(u.DSR_ADDED_A_ADDED, count)))
    kernel.answers['dsr', u.DSR_CMD_SERVICE_GET] = Reply(sample.SERVICES[0])
    kernel.answers['dsr', u.DSR_CMD_CONNECTION_GET] = Reply(*(
        sample.connection(sample.TCP, sample.CLIENT, 1 + i, sample.VIP, 80,
                          state, 1000, 1, sample.W101)
        for i, state in enumerate(states)))
    kernel.answers['dsr', u.DSR_CMD_CONNECTION_ADD] = add
    result = upgrade('exit 1', STAYS='dsr_lb')
    assert table == {b'\0\1', b'\0\3'}
    assert result.stderr.startswith(
        'dsrctl: the module does not know the state of 1 connections\n'
        'dsrctl: the module dsr_lb was not unloaded'), result
    assert 'with 2 connections' in result.stderr, result


@pytest.mark.skipif(os.geteuid() != 0, reason='needs root')
def test_killed(upgrade, kernel, tmp_path):
    """Killed when the services are gone: they come back, then dsr_ipvs does."""
    loaded, flushed, ended = (tmp_path / 'loaded', threading.Event(),
                              threading.Event())

    def flush(_):
        flushed.set()
        assert ended.wait(60)
        return Ack()
    kernel.answers['dsr', u.DSR_CMD_SERVICE_GET] = Reply(sample.SERVICES[0])
    kernel.answers['dsr', u.DSR_CMD_CONNECTION_GET] = Reply(sample.connection(
        sample.TCP, sample.CLIENT, 1, sample.VIP, 80, 0, 1000, 1, sample.W101))
    kernel.answers['dsr', u.DSR_CMD_SERVICE_FLUSH] = flush
    child = upgrade.start('exit 1', IPVS='1', LOADED=str(loaded))
    try:
        assert flushed.wait(60), child.communicate()
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
        ended.set()
    # until the other process ends, too
    assert child.communicate(timeout=60) == (
        '', 'dsrctl: the upgrade was killed: the configuration is being '
        'restored\n')
    done = [one.cmd for one in kernel.requests
            if one.kind == FAMILIES['dsr']]
    assert done[done.index(u.DSR_CMD_SERVICE_FLUSH) + 1:] == [
        u.DSR_CMD_CONNECTION_SET, u.DSR_CMD_SERVICE_ADD,
        u.DSR_CMD_SERVICE_REPLACE, u.DSR_CMD_CONNECTION_ADD]
    assert loaded.exists()
