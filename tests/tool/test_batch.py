# SPDX-License-Identifier: GPL-2.0
"""Command lines from a file."""

import errno
import json

import pytest

import uapi as u
from fakekernel import Ack

GOOD = """\
# a whole configuration
service flush

service add fwmark 1 scheduler wrr   # http
  backend add fwmark '1' via "10.10.30.101" weight 2\t
backend add fwmark 1 via 10.10.'30'.102
service show
help
"""


def test_good(fake, kernel):
    result = fake('-b -', stdin=GOOD).check(0)
    assert [r.cmd for r in kernel.requests] == [
        u.DSR_CMD_SERVICE_FLUSH, u.DSR_CMD_SERVICE_ADD,
        u.DSR_CMD_BACKEND_ADD, u.DSR_CMD_BACKEND_ADD, u.DSR_CMD_SERVICE_GET]
    assert kernel.connections == 1, 'one socket for all'
    assert result.out == fake('service show').out + fake('help').out


def test_file(fake, tmp_path):
    path = tmp_path / 'rules.dsr'
    path.write_text(GOOD)
    assert fake('--batch', [str(path)]).check(0).out


def test_no_newline_at_the_end(fake, kernel):
    fake('-b -', stdin='service flush').check(0)
    assert len(kernel.requests) == 1


def test_crlf(fake, kernel):
    fake('-b -', stdin='service flush\r\nservice delete fwmark 1\r\n').check(0)
    assert len(kernel.requests) == 2


ERRORS = {
    'service frob\n': (1, "service: unknown command 'frob': expected add, "
                          'set, replace, delete, show, flush, stop or help'),
    '"service flush\n': (1, 'a quoted string is not closed'),
    "service 'flush\n": (1, 'a quoted string is not closed'),
    'service flush # comment\n': (0, None),
    'service flush#comment\n': (1, "service: unknown command "
                                   "'flush#comment': expected add, set, "
                                   'replace, delete, show, flush, stop or help'),
    "''\n": (1, "object '' is ambiguous: service, backend, connection, path, "
                'real, flow, stats, show, monitor, trace, top, explain, metrics, '
                'doctor, apply, save, import, upgrade, sync or help'),
    'complete service\n': (1, "unknown object 'complete': expected service, "
                              'backend, connection, path, real, flow, stats, '
                              'show, monitor, trace, top, explain, metrics, doctor, '
                              'apply, save, import, upgrade, sync or help'),
    'service flush\0 fwmark 1\n': (1, 'the line contains a NUL byte: a batch '
                                      'is a text file'),
    'service flush # \0\n': (1, 'the line contains a NUL byte: a batch is a '
                                'text file'),
    'service \\\n  add\\\n fwmark x\n':
        (1, "service add: fwmark 'x' is not a number: write a decimal number "
            "without leading zeros, or a hexadecimal one with 0x"),
    **{f'service flush{end}':
       (1, "the file is truncated: its last line ends with '\\'")
       for end in ('\\', ' \\\n', '\\\r\n')},
    'service flush \\ \n': (1, "service flush: unexpected argument '\\': this "
                               "command takes none"),
}


@pytest.mark.parametrize('line', ERRORS)
def test_position(fake, line):
    """Each mistake in the third line, and on stdin."""
    status, text = ERRORS[line]
    fake('-b -', stdin='# one\n\n' + line).check(
        status, f'dsrctl: -:3: {text}\n' if text else '')


JOINED = """\
service \\
  add fwm\\
ark 1 scheduler "w\\
rr"
# a comment ends with its line \\
service flush
\\
connection flush
service add fwmark 2 \\\r
  scheduler sh
"""


def test_joined_lines(fake, kernel):
    """A line that ends in a backslash continues on the next line."""
    fake('-b -', stdin=JOINED).check(0)
    assert [r.cmd for r in kernel.requests] == [
        u.DSR_CMD_SERVICE_ADD, u.DSR_CMD_SERVICE_FLUSH,
        u.DSR_CMD_CONNECTION_FLUSH, u.DSR_CMD_SERVICE_ADD]
    assert [r.nest(u.DSR_A_SERVICE)[u.DSR_SERVICE_A_SCHEDULER]
            for r in (kernel.requests[0], kernel.requests[3])] == [
                b'wrr\0', b'sh\0']


def test_many_words(fake, kernel):
    devices = ' '.join(f'dev eth{i}' for i in range(100))
    fake('-b -', stdin=f'real silence 10.0.0.1 {devices}\n').check(0)
    assert len(kernel.requests) == 1


def test_stops(fake, kernel, tmp_path):
    kernel.answers['dsr', u.DSR_CMD_SERVICE_ADD] = Ack(errno.EEXIST, 'there')
    path = tmp_path / 'rules.dsr'
    path.write_text('service flush\nservice add fwmark 1\nconnection flush\n')
    fake('-b', [str(path)]).check(2, f'dsrctl: {path}:2: there\n')
    assert [r.cmd for r in kernel.requests] == [u.DSR_CMD_SERVICE_FLUSH,
                                                u.DSR_CMD_SERVICE_ADD]


MISTAKES = """\
service flush
help
service show
show
monitor
real stop force
backend drain fwmark 1 via 10.0.0.1 wait
real add tos 2
explain 10.0.0.1:1 10.0.0.2:2
connection show sort src
service add fwmark 1x
real add vip 10.0.0.1 mode local
stats
service f
"""


def test_mistakes_are_found_before_anything_is_done(fake, kernel):
    """All mistakes are reported; nothing runs, so there is no output."""
    result = fake('-b -', stdin=MISTAKES).check(
        1, "dsrctl: -:11: service add: fwmark '1x' is not a number: write a "
           "decimal number without leading zeros, or a hexadecimal one with "
           "0x\n"
           "dsrctl: -:14: service: 'f' does not stand for flush: write the "
           "command in full\n")
    assert result.out == ''
    assert not kernel.connections


def test_mistakes_and_force(fake, kernel):
    """With -f the lines without a mistake run."""
    fake('-f -b -', stdin='service flush\nservice f\nconnection flush\n').check(
        1, "dsrctl: -:2: service: 'f' does not stand for flush: write the "
           "command in full\n")
    assert [r.cmd for r in kernel.requests] == [
        u.DSR_CMD_SERVICE_FLUSH, u.DSR_CMD_CONNECTION_FLUSH]


def test_nul(fake, kernel):
    """Lines before a NUL byte do not run either, even with -f."""
    fake('-f -b -', stdin='service flush\0fwmark 1\n').check(
        1, 'dsrctl: -:1: the line contains a NUL byte: a batch is a text '
           'file\n')
    assert not kernel.requests


def test_force(fake, kernel):
    kernel.answers['dsr', u.DSR_CMD_SERVICE_ADD] = Ack(errno.EEXIST, 'there')
    fake('-f -b -', stdin='service add fwmark 1\nx\nconnection flush\n').check(
        2, "dsrctl: -:1: there\ndsrctl: -:2: unknown object 'x': expected "
        'service, backend, connection, path, real, flow, stats, show, '
        'monitor, trace, top, explain, metrics, doctor, apply, save, '
        'import, upgrade, sync or help\n')
    assert kernel.requests[-1].cmd == u.DSR_CMD_CONNECTION_FLUSH


def test_warning_position(fake):
    err = fake('-b -', stdin='service add fwmark 1 tos 2\n').err
    assert err.startswith('dsrctl: -:1: warning: tos 0x02 sets')


def test_json(fake):
    """One document for each command that prints something."""
    out = fake('-j -b -', stdin='service show\nservice flush\nstats\n').out
    documents = [json.loads(line) for line in out.splitlines()]
    assert isinstance(documents[0], list) and 'dsr_lb' in documents[1]


def test_directory(fake):
    fake('-b /').check(1, "dsrctl: cannot read '/': Is a directory\n")


def test_module_comes_and_goes(fake, kernel):
    """Families are looked up again: a reload changes their numbers."""
    kernel.families = []
    fake('-f -b -', stdin='service flush\nservice flush\n')
    assert kernel.looked_up == ['dsr', 'dsr']
