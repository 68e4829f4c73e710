# SPDX-License-Identifier: GPL-2.0
"""dsrctl monitor: the events of balancers and real servers."""

import errno
import json
import re
import struct

import pytest

import sample
import uapi as u
from fakekernel import (CTRL_CMD_DELFAMILY, CTRL_CMD_NEWFAMILY, FAKE_ERROR,
                        GROUPS, OVERRUN, event, family, nest, u8)

GONE = event(CTRL_CMD_DELFAMILY, family('dsr', False), 'nlctrl')
GONE_TEXT = ('dsrctl: dsr_lb was unloaded: no module is left to watch\n')
RS_GONE = event(CTRL_CMD_DELFAMILY, family('dsr_rs', False), 'nlctrl')
RS_GONE_TEXT = GONE_TEXT.replace('dsr_lb', 'dsr_rs')
MALFORMED = ("dsrctl: the kernel's answer is malformed: dsrctl and the loaded "
             "module are of different versions\n")
OVERRUN_TEXT = ('dsrctl: warning: events came faster than dsrctl read them, '
                'and some are missing: all present objects follow\n')
STAMP = r'\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\] '


@pytest.fixture(autouse=True)
def unload(kernel):
    """Unload the modules, the only end of a watch without an error."""
    kernel.families = ['dsr']
    kernel.events.append(GONE)


def test_text(fake, kernel, golden):
    out = fake('monitor').check(2, GONE_TEXT).out
    assert all(re.match(STAMP, line) for line in out.splitlines())
    golden('monitor.txt', re.sub(f'(?m)^{STAMP}', '[TIME] ', out))
    assert kernel.joined == [GROUPS['nlctrl'][1], GROUPS['dsr'][1]]
    assert not kernel.requests


def test_real_server(fake, kernel, golden):
    """All events of a real server, in text and as JSON."""
    kernel.families = ['dsr_rs']
    kernel.events = [*sample.RS_EVENTS, RS_GONE]
    out = fake('monitor').check(2, RS_GONE_TEXT).out
    golden('monitor_rs.txt', re.sub(f'(?m)^{STAMP}', '[TIME] ', out))
    assert kernel.joined == [GROUPS['nlctrl'][1], GROUPS['dsr_rs'][1]]
    text = ''
    for line in fake('-j monitor').check(2, RS_GONE_TEXT).out.splitlines():
        document = json.loads(line)
        del document['time']
        text += json.dumps(document) + '\n'
    golden('monitor_rs.json', text)


def test_both(fake, kernel):
    """One module is unloaded and loaded again: the watch continues."""
    kernel.families = ['dsr', 'dsr_rs']
    kernel.events = [
        sample.EVENTS[0], sample.RS_EVENTS[0],
        event(CTRL_CMD_DELFAMILY, family('dsr_rs'), 'nlctrl'),
        sample.EVENTS[1], event(CTRL_CMD_NEWFAMILY, family('dsr_rs'), 'nlctrl'),
        event(CTRL_CMD_DELFAMILY, family('dsr_rs'), 'nlctrl'), GONE]
    lines = fake('-j monitor').check(2, GONE_TEXT).out.splitlines()
    heard = [(document['event'], document['object'])
             for document in map(json.loads, lines)]
    assert heard == [
        ('add', 'service'), ('add', 'rule'), ('unloaded', 'dsr_rs'),
        ('set', 'service'), ('loaded', 'dsr_rs'),
        *([('show', 'rule')] * len(sample.RULES)),
        *([('show', 'silence')] * len(sample.SILENCES)), ('show', 'flow'),
        ('unloaded', 'dsr_rs')]


@pytest.mark.parametrize('options', ['-j', '-j -p'])
def test_json(fake, golden, options):
    """One object on each line, also with -p."""
    lines = fake(options, 'monitor').check(2, GONE_TEXT).out.splitlines()
    text = ''
    for line in lines:
        document = json.loads(line)
        assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d{4}',
                            document.pop('time'))
        text += json.dumps(document) + '\n'
    golden('monitor.json', text)


def test_many_in_a_packet(fake, kernel):
    kernel.events = [sample.EVENTS[0] * 3, sample.EVENTS[5], GONE]
    assert len(fake('monitor').check(2, GONE_TEXT).out.splitlines()) == 4


def test_overrun(fake, kernel, golden):
    """dsrctl reports lost events, shows all objects, and continues."""
    kernel.families = ['dsr', 'dsr_rs']
    kernel.events = [
        sample.EVENTS[0], OVERRUN, sample.EVENTS[1],
        event(CTRL_CMD_DELFAMILY, family('dsr_rs'), 'nlctrl'), GONE]
    out = fake('monitor').check(2, OVERRUN_TEXT + GONE_TEXT).out
    golden('monitor_overrun.txt', re.sub(f'(?m)^{STAMP}', '[TIME] ', out))
    lines = fake('-j monitor').check(2, OVERRUN_TEXT + GONE_TEXT).out
    heard = [(document['event'], document['object'])
             for document in map(json.loads, lines.splitlines())]
    assert heard == [
        ('add', 'service'), ('overrun', None),
        *([('show', 'service')] * len(sample.SERVICES)),
        *([('show', 'backend')] * len(sample.BACKENDS)),
        *([('show', 'path')] * len(sample.PATHS)), ('show', 'connection'),
        *([('show', 'rule')] * len(sample.RULES)),
        *([('show', 'silence')] * len(sample.SILENCES)), ('show', 'flow'),
        ('shown', None), ('set', 'service'), ('unloaded', 'dsr_rs')]


def test_overrun_again(fake, kernel):
    """The same after every overrun."""
    kernel.events = [OVERRUN, OVERRUN, sample.EVENTS[1], GONE]
    out = fake('monitor').check(2, 2 * OVERRUN_TEXT + GONE_TEXT).out
    assert out.count('that is all there is') == 2


def test_other_error(fake, kernel):
    kernel.events = [(FAKE_ERROR, struct.pack('=i', errno.EBADF)), GONE]
    assert fake('monitor').check(
        2, 'dsrctl: cannot talk to the kernel: Bad socket\n').out == ''


def test_other_families(fake, kernel):
    """Other families do not disturb the watch."""
    kernel.events = [
        event(CTRL_CMD_DELFAMILY, family('dsr_rs'), 'nlctrl'),
        event(CTRL_CMD_NEWFAMILY, family('dsr'), 'nlctrl'),
        event(u.DSR_RS_CMD_RULE_ADD, sample.RULES[0], 'dsr_rs'),
        sample.EVENTS[0], GONE, sample.EVENTS[1]]
    assert len(fake('monitor').check(2, GONE_TEXT).out.splitlines()) == 1


def test_not_from_the_kernel(fake, kernel):
    kernel.events = [(4711, sample.EVENTS[0]), (4711, GONE), GONE]
    assert fake('monitor').check(2, GONE_TEXT).out == ''


def test_unknown_event(fake, kernel):
    """A newer module may send unknown events."""
    for cmd in (u.DSR_CMD_MAX + 1, 255, u.DSR_CMD_STATS_GET):
        kernel.events = [event(cmd, b''), sample.EVENTS[0], GONE]
        result = fake('monitor').check(
            2, f'dsrctl: warning: unknown event {cmd}: dsrctl is older than '
               f'the loaded module\n{GONE_TEXT}')
        assert len(result.out.splitlines()) == 1


def test_malformed(fake, kernel):
    for cmd, payload in (
            (u.DSR_CMD_SERVICE_ADD, b''),
            (u.DSR_CMD_SERVICE_ADD, nest(u.DSR_A_SERVICE)),
            (u.DSR_CMD_SERVICE_DELETE, nest(
                u.DSR_A_SERVICE, u8(u.DSR_SERVICE_A_FWMARK, 1))),
            (u.DSR_CMD_BACKEND_ADD, sample.SERVICES[0]),
            (u.DSR_CMD_BACKEND_STATE, b''),
            (u.DSR_CMD_PATH_ADD, b''),
            (u.DSR_CMD_CONNECTION_SET, b''),
            (u.DSR_CMD_PATH_DELETE, nest(u.DSR_A_PATH))):
        kernel.events = [event(cmd, payload), GONE]
        assert fake('monitor').check(2, MALFORMED).out == ''


def test_no_groups(fake, kernel):
    """An older module has no multicast groups."""
    kernel.groups = False
    fake('monitor').check(2, 'dsrctl: the loaded module sends no events: the '
                             'module is older than dsrctl\n')
    assert kernel.joined == [GROUPS['nlctrl'][1]]


def test_not_loaded(fake, kernel):
    kernel.families = []
    fake('monitor').check(
        2, "dsrctl: neither dsr_lb nor dsr_rs is loaded: run 'modprobe "
           "dsr_lb' on a balancer, 'modprobe dsr_rs' on a real server\n")
    assert not kernel.looked_up, 'to look loads nothing'


def test_batch(fake):
    result = fake('-f -b -', stdin='monitor\nservice show\n')
    assert result.err == 'dsrctl: -:1: ' + GONE_TEXT.split(': ', 1)[1]
    assert 'SCHEDULER' in result.out


def test_time_zone(fake):
    """Local time in text; local time with the zone in JSON."""
    line = fake('-j monitor', env={'TZ': 'XYZ-05:30'}).out.splitlines()[0]
    assert json.loads(line)['time'].endswith('+0530')
