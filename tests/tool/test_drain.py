# SPDX-License-Identifier: GPL-2.0
"""backend drain, and the wait for the end of its connections."""

import errno
import json
import signal
import subprocess
import time

import pytest

import sample
import uapi as u
from fakekernel import Ack, Reply
from terminal import printed_to_terminal

SET = ('dsr', u.DSR_CMD_BACKEND_SET)
GET = ('dsr', u.DSR_CMD_BACKEND_GET)
LINE = f'backend drain {sample.WEB} via {sample.W101}'


def look(active, inactive, admin=u.DSR_BACKEND_DRAINING, deadline=0,
         others=True):
    """The reply to one poll of the service, with other backends in it."""
    more = [sample.backend(sample.WEB, sample.W102, active=99)]
    return Reply(*(more if others else []), sample.backend(
        sample.WEB, sample.W101, active=active, inactive=inactive,
        state=u.DSR_BACKEND_REACHABLE, admin=admin, deadline=deadline))


def test_no_wait(fake, kernel):
    assert fake(LINE).check(0).out == ''
    assert [r.cmd for r in kernel.requests] == [u.DSR_CMD_BACKEND_SET]


@pytest.mark.parametrize('word', ['wait', '--wait'])
def test_until_none_is_left(fake, kernel, word):
    """A line whenever the number changes, and the result."""
    kernel.answers[GET] = [look(2, 1, deadline=492123), look(2, 1), look(1, 0),
                           look(0, 0)]
    began = time.monotonic()
    assert fake(LINE, word).check(0).out == (
        '3 connections left, 2 established (draining 8m12s)\n'
        '1 connection left, 1 established (draining)\n'
        '0 connections left, 0 established (draining)\n'
        'no connection is left: none was cut\n')
    assert time.monotonic() - began > 2.9
    gets = [r for r in kernel.requests if r.cmd == u.DSR_CMD_BACKEND_GET]
    assert len(gets) == 4
    assert all(r.dump and r.nest(u.DSR_A_SERVICE) for r in gets)


def test_until_it_is_down(fake, kernel):
    """At the deadline the backend is down."""
    kernel.answers[GET] = [look(2, 1), look(2, 1, u.DSR_BACKEND_DOWN)]
    out = fake(LINE, 'deadline 1s wait').check(0).out
    assert out == ('3 connections left, 2 established (draining)\n'
                   'the backend is down: 3 connections were cut, 2 of them '
                   'established\n')


def test_moved_on(fake, kernel):
    """Connections that another backend has already, too, were cut."""
    kernel.answers[GET] = [look(1, 0), look(0, 0, u.DSR_BACKEND_DOWN)]
    out = fake(LINE, 'deadline 1s wait').check(0).out
    assert out.splitlines()[-1] == (
        'the backend is down: 1 connection was cut, 1 of them established')


def test_none_from_the_start(fake, kernel):
    kernel.answers[GET] = look(0, 0)
    assert fake(LINE, 'wait').check(0).out.endswith('no connection is left: none was cut\n')


def test_up_again(fake, kernel):
    kernel.answers[GET] = [look(2, 0), look(3, 0, u.DSR_BACKEND_UP)]
    fake(LINE, 'wait').check(
        2, 'dsrctl: backend drain: the backend was set up again, with 3 '
           'connections left\n')


def test_deleted(fake, kernel):
    kernel.answers[GET] = [look(2, 0), Reply()]
    fake(LINE, 'wait').check(2, 'dsrctl: backend drain: the backend was '
                                'deleted\n')


def test_refused(fake, kernel):
    kernel.answers[SET] = Ack(errno.ENOENT, 'no such backend')
    fake(LINE, 'wait').check(2, 'dsrctl: no such backend\n')
    assert [r.cmd for r in kernel.requests] == [u.DSR_CMD_BACKEND_SET]
    kernel.answers[SET] = Ack()
    kernel.answers[GET] = Ack(errno.ENOENT, 'no such service')
    fake(LINE, 'wait').check(2, 'dsrctl: no such service\n')


def test_json(fake, kernel):
    """One object on a line for each change, including the last."""
    kernel.answers[GET] = [look(2, 1, deadline=1500), look(2, 1), look(0, 0)]
    lines = fake('-j', LINE, 'wait').check(0).out.splitlines()
    first, last = (json.loads(line) for line in lines)
    assert (first['active'], first['inactive'], first['admin'],
            first['deadline'], first['addr'], first['port']) == (
                2, 1, 'draining', 1500, sample.W101, 80)
    assert (last['active'], last['inactive']) == (0, 0)


def test_batch(fake, kernel):
    kernel.answers[GET] = look(0, 0)
    fake('-b -', stdin=f'{LINE} wait\nbackend set {sample.WEB} via '
         f'{sample.W101} down\n').check(0)
    # with the question of guard.c
    assert len(kernel.requests) == 4


def test_terminal(fake_binary, kernel):
    """A terminal shows one line, which is overwritten."""
    kernel.answers[GET] = [look(2, 1), look(1, 0), look(0, 0)]
    status, out = printed_to_terminal(
        [fake_binary, *LINE.split(), 'wait'], DSRCTL_FAKE_KERNEL=kernel.path)
    assert status == 0
    lines = out.replace(b'\r\n', b'\n').split(b'\n')
    assert lines[0].count(b'\r\033[K') == 3
    assert lines[0].endswith(b'0 connections left, 0 established (draining)')
    assert lines[1:] == [b'no connection is left: none was cut', b'']


def test_interrupt(fake_binary, kernel):
    """^C ends the wait, not the drain."""
    kernel.answers[GET] = look(2, 1)

    def heed():         # background jobs of a shell ignore SIGINT
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(
            [fake_binary, *LINE.split(), 'wait'], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, preexec_fn=heed,
            env={'DSRCTL_FAKE_KERNEL': kernel.path}) as process:
        assert process.stdout.readline().startswith('3 connections left')
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
    assert 'the backend is still draining' in err
    assert kernel.requests[0].cmd == u.DSR_CMD_BACKEND_SET
    assert {r.cmd for r in kernel.requests[1:]} == {u.DSR_CMD_BACKEND_GET}
