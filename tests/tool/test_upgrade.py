# SPDX-License-Identifier: GPL-2.0
"""The command upgrade, with a kernel that loads no new module."""

import os
import subprocess

import pytest

import uapi as u
from fakekernel import FAMILIES, Reply

# The check finds that the kernel would load the file, but the kernel does not.
MODULES = """\
#include <errno.h>
#include <sys/syscall.h>

long syscall(long number, ...)
{
        static int loads;

        if (number == SYS_delete_module)
                return 0;
        errno = number != SYS_finit_module ? ENOSYS : loads++ ? ENOMEM : EEXIST;
        return -1;
}
"""

SYS = """\
mount -t tmpfs none /sys && mkdir -p /sys/module/dsr_lb/parameters || exit
cd /sys/module/dsr_lb; >initstate; echo 5000 >parameters/conn_max; exec "$@"
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

    def call(modprobe):
        for name, text in (('modinfo', 'echo dsr_lb'), ('modprobe', modprobe)):
            path = tmp_path / name
            path.write_text(f'#!/bin/sh\n{text}\n')
            path.chmod(0o755)
        return subprocess.run(
            ['unshare', '--mount', '--propagation=unchanged', 'sh', '-c', SYS,
             'sh', 'env', f'LD_PRELOAD={library}', plain_binary, 'upgrade',
             'dsr_lb', 'from', str(tmp_path / 'new.ko')],
            capture_output=True, text=True, check=False,
            env={'PATH': f'{tmp_path}:{os.environ["PATH"]}',
                 'DSRCTL_FAKE_KERNEL': kernel.path})
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
