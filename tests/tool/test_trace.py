# SPDX-License-Identifier: GPL-2.0
"""dsrctl trace: what it makes of the events of tracepoints, from a fake tracefs."""

import json
import os
import re

import pytest

from tracefs import POINTS, Tracefs

NOTE = 'dsrctl: waiting for packets; ^C ends it\n'
TIME = r'\d\d:\d\d:\d\d\.\d{6} '
LB, RS, ARP = POINTS
SYN, ACK = 2, 16
WEB = {'saddr': '10.10.31.200', 'daddr': '10.10.31.100', 'sport': 4000,
       'dport': 80, 'protocol': 6, 'tcp_flags': SYN, 'len': 60, 'mark': 1}
V6 = {**WEB, 'saddr': '2001:db8::2', 'daddr': '2001:db8::1'}


@pytest.fixture
def tracefs(tmp_path):
    return Tracefs(str(tmp_path / 'tracing'))


@pytest.fixture
def trace(fake, tracefs):                       # pylint: disable=W0621
    """dsrctl trace, as a function of its words."""
    def call(words='', options='', **env):
        return fake(options, 'trace', words, env={
            'DSRCTL_FAKE_TRACEFS': tracefs.path, **env})
    return call


def untimed(result, err=''):
    """The lines of a trace that went well, without their times."""
    lines = result.check(0, NOTE + err).out.splitlines()
    assert all(re.match(TIME, line) for line in lines)
    return [re.sub(f'^{TIME}', '', line) for line in lines]


def fill(tracefs):                              # pylint: disable=W0621
    tracefs.event(LB, **WEB, reason='forwarded', backend='10.10.30.101')
    tracefs.event(LB, **V6, reason='forwarded_ingress',
                  backend='2001:db8:1::101')
    tracefs.event(LB, **{**WEB, 'sport': 0, 'dport': 0, 'protocol': 1,
                         'tcp_flags': 0, 'mark': 0}, reason='drop_malformed')
    tracefs.event(RS, **{**WEB, 'tcp_flags': SYN | ACK, 'mark': 0,
                         'protocol': 6}, reason='replied', hook=4)
    tracefs.event(RS, **{**WEB, 'protocol': 200, 'tcp_flags': 0, 'dport': 0,
                         'sport': 0, 'ifindex': 0}, reason='pass_no_rule')
    tracefs.event(ARP, daddr='10.10.31.100', reason='drop_arp_reply')
    tracefs.event(ARP, daddr='2001:db8::1', reason='drop_malformed',
                  ifindex=4711)


def test_text(trace, tracefs):
    fill(tracefs)
    assert untimed(trace()) == [
        'dsr_lb lo tcp 10.10.31.200:4000 > 10.10.31.100:80 SYN len 60 mark 1: '
        'forwarded via 10.10.30.101',
        'dsr_lb lo tcp [2001:db8::2]:4000 > [2001:db8::1]:80 SYN len 60 '
        'mark 1: forwarded_ingress via 2001:db8:1::101',
        'dsr_lb lo icmp 10.10.31.200 > 10.10.31.100 len 60: drop_malformed',
        'dsr_rs lo tcp 10.10.31.200:4000 > 10.10.31.100:80 SYN,ACK len 60: '
        'replied',
        'dsr_rs - 200 10.10.31.200 > 10.10.31.100 len 60 mark 1: '
        'pass_no_rule',
        'dsr_rs lo arp 10.10.31.100: drop_arp_reply',
        'dsr_rs if4711 nd 2001:db8::1: drop_malformed']


def test_json(trace, tracefs, golden):
    fill(tracefs)
    tracefs.event(LB, **WEB, lost=7)
    text = ''
    for line in trace(options='-j').check(0, NOTE + missing(7)).out.splitlines():
        document = json.loads(line)
        assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d{4}',
                            document.pop('time'))
        assert document['netns'] in (tracefs.netns, None)
        document['netns'] = document['netns'] and 'OWN'
        text += json.dumps(document) + '\n'
    golden('trace.json', text)


def test_time(trace, tracefs):
    """As the clock was then, by the time since the machine was booted."""
    for time in (0, 1, 3661):
        tracefs.event(LB, **WEB, time=10 ** 12 + time * 10 ** 9 + 1234)
    out = trace('', TZ='UTC').check(0, NOTE).out
    times = [int(h) * 3600 + int(m) * 60 + float(s) for h, m, s in
             (line.split()[0].split(':') for line in out.splitlines())]
    assert [round((time - times[0]) % 86400, 6) for time in times] == [
        0, 1, 3661]


def test_order(trace, tracefs):
    """By time, whatever processor they are from, as far as they are there."""
    for time in (5, 3, 4):
        tracefs.event(LB, **{**WEB, 'sport': time}, time=time * 10 ** 9)
    tracefs.pause()
    for time in (1, 7, 6):
        tracefs.event(LB, **{**WEB, 'sport': time}, time=time * 10 ** 9)
    assert [re.search(r':(\d+) >', line)[1] for line in untimed(trace())] == [
        '3', '4', '5', '1', '6', '7']


def test_what_is_to_come_waits(trace, tracefs):
    """What is so new that another processor may have something older."""
    tracefs.event(LB, **{**WEB, 'sport': 9}, time=2 ** 63)
    tracefs.pause()
    tracefs.event(LB, **{**WEB, 'sport': 8}, time=10 ** 9)
    assert [re.search(r':(\d+) >', line)[1] for line in untimed(trace())] == [
        '8', '9']


def test_other_namespace(trace, tracefs):
    tracefs.event(LB, **WEB, netns=7)
    tracefs.event(LB, **{**WEB, 'sport': 1})
    assert untimed(trace()) == [
        'dsr_lb lo tcp 10.10.31.200:1 > 10.10.31.100:80 SYN len 60 mark 1: '
        'forwarded']
    for words in ('all-netns', '--all-netns'):
        assert untimed(trace(words)) == [
            'dsr_lb netns 7 if1 tcp 10.10.31.200:4000 > 10.10.31.100:80 SYN '
            'len 60 mark 1: forwarded',
            f'dsr_lb netns {tracefs.netns} lo tcp 10.10.31.200:1 > '
            '10.10.31.100:80 SYN len 60 mark 1: forwarded']
    document = json.loads(trace('all-netns', '-j').out.splitlines()[0])
    assert (document['netns'], document['dev'], document['ifindex']) == (
        7, None, 1)


# conditions: those that the kernel compares itself, by tracepoint
N = 'netns == {}'
ALL = {1001: N, 1002: N, 1003: N}
TCP = {1001: N + ' && protocol == 6', 1002: N + ' && protocol == 6'}
SRC4 = ' && family == 2 && saddr4 >= 168435656 && saddr4 <= 168435656'
DST4 = ' && family == 2 && daddr4 >= 168435456 && daddr4 <= 168435711'
FILTERS = {
    '': ALL,
    'all-netns': dict.fromkeys(ALL, 'netns != 0'),
    'src 10.10.31.200': {1001: N + SRC4, 1002: N + SRC4},
    'src ::ffff:10.10.31.200': {1001: N + SRC4, 1002: N + SRC4},
    'dst 10.10.31.7/24': dict.fromkeys(ALL, N + DST4),
    'dst 0.0.0.0/0': dict.fromkeys(
        ALL, N + ' && family == 2 && daddr4 >= 0 && daddr4 <= 4294967295'),
    'dst 2001:db8::/32': dict.fromkeys(ALL, N + ' && family == 10'),
    'src 10.10.31.200:4000': dict.fromkeys(
        TCP, N + SRC4 + ' && sport >= 4000 && sport <= 4000'),
    'src [2001:db8::2]:4000': dict.fromkeys(
        TCP, N + ' && family == 10 && sport >= 4000 && sport <= 4000'),
    'dport 80-90': dict.fromkeys(TCP, N + ' && dport >= 80 && dport <= 90'),
    'proto tcp': TCP,
    'proto 6': TCP,
    'backend 10.10.30.101': {1001: N},
    'fwmark 0x10': dict.fromkeys(TCP, N + ' && mark == 16'),
    'service 10.10.31.200:80': dict.fromkeys(TCP, N + (
        ' && ((family == 2 && daddr4 >= 168435656 && daddr4 <= 168435656 && '
        'dport >= 80 && dport <= 80) || (family == 2 && saddr4 >= 168435656 '
        '&& saddr4 <= 168435656 && sport >= 80 && sport <= 80))')),
    'service 2001:db8::1': {
        **dict.fromkeys(TCP, N + ' && ((family == 10) || (family == 10))'),
        1003: N + ' && ((family == 10))'},
    'reason drop_*': {
        1001: N + ' && (reason == 3 || reason == 4)',
        **dict.fromkeys((1002, 1003),
                        N + ' && (reason == 3 || reason == 4)')},
    'reason replied reason forwarded': {
        1001: N + ' && (reason == 0)',
        **dict.fromkeys((1002, 1003), N + ' && (reason == 1)')},
}


@pytest.mark.parametrize('words', FILTERS)
def test_filter_of_the_kernel(trace, tracefs, words):
    untimed(trace(words))
    assert tracefs.filters() == {
        number: text.format(tracefs.netns)
        for number, text in FILTERS[words].items()}


# of what fill() has, whatever the kernel lets pass
PICKED = {
    'src 10.10.31.192/27': 4, 'src 10.10.31.200': 4, 'src 10.10.31.201': 0,
    'src 10.10.31.128/26': 0, 'src 2001:db8::/126': 1, 'src 2001:db8::3': 0,
    'src ::/0': 7, 'dst 10.10.31.100': 5, 'sport 4000': 3,
    'dport 79-80': 3, 'dport 81-90': 0, 'proto icmp': 1, 'proto 200': 1,
    'service 10.10.31.100': 5, 'service 10.10.31.200': 4,
    'service [2001:db8::1]:80': 1, 'service 10.10.31.100:4000': 0,
    'backend 10.10.30.101': 1, 'backend 2001:db8:1::101': 1,
    'fwmark 1': 3, 'fwmark 0': 4, 'reason drop_*': 3,
    'reason forwarded': 1, 'reason forwarded*': 2,
    'reason replied reason drop_arp_reply': 2,
    'src 10.10.31.200 proto tcp reason *': 2, 'count 3': 3,
    '--count 1': 1, 'count 1 reason drop_arp_reply': 1,
}


@pytest.mark.parametrize('words', PICKED)
def test_picked(trace, tracefs, words):
    """All conditions hold for what is printed, also those of the kernel."""
    fill(tracefs)
    assert len(untimed(trace(words))) == PICKED[words]


def missing(number, buffer=512):
    return (f'dsrctl: warning: {number} packets came faster than they were '
            'printed, and are missing: name fewer of them, or a larger buffer '
            f'than {buffer} KiB\n')


def test_missed(trace, tracefs):
    """It says so where they are missing, and in all at the end."""
    tracefs.event(LB, **WEB)
    tracefs.pause(lost=3)
    tracefs.event(LB, **WEB)
    tracefs.pause()
    tracefs.event(LB, **WEB, lost=2 ** 31)
    lines = untimed(trace('buffer 64'), missing(2 ** 31 + 3, 64))
    assert [line if 'missed' in line else '' for line in lines] == [
        '', 'missed 3 packets', '', '', 'missed 2147483648 packets']
    assert len(untimed(trace('buffer 64 count 1'), missing(3, 64))) == 2


def test_one_module(trace, tracefs, kernel):
    fill(tracefs)
    kernel.families = ['dsr_rs']
    assert len(untimed(trace())) == 4
    assert set(tracefs.filters()) == {1002, 1003}
    trace('backend 10.0.0.1').check(
        1, 'dsrctl: trace: no packet can match: the loaded modules have no '
        "such reason ('dsrctl -s stats' lists them), or tell nothing that is "
        'asked for of it\n')
    kernel.families = []
    assert 'neither dsr_lb nor dsr_rs is loaded' in trace().check(
        2, trace().err).err


WRONG = {
    'frob': "trace: unknown keyword 'frob': expected src, dst, sport, dport, "
            'proto, service, backend, fwmark, reason, count, buffer or '
            'all-netns',
    'src 10.0.0': "trace: src '10.0.0' is not an IP address: write an address like "
                  '192.0.2.1 or 2001:db8::1',
    'src 10.0.0.0/33': 'trace: src 33 is out of range: 0 to 32',
    'src 2001:db8::/129': 'trace: src 129 is out of range: 0 to 128',
    'src 10.0.0.0/x': "trace: src 'x' is not a number: write a decimal number "
                      'without leading zeros, or a hexadecimal one with 0x',
    'service 10.0.0.0/8': "trace: service '10.0.0.0/8' is not an IP address: "
                          'write an address like 192.0.2.1 or 2001:db8::1',
    'backend 10.0.0.1:80': "trace: backend '10.0.0.1:80': a port has no "
                           'meaning here',
    'sport 9-8': 'trace: sport 9-8: the last is before the first',
    'sport 65536': 'trace: sport 65536 is out of range: 0 to 65535',
    'proto 256': 'trace: proto 256 is out of range: 0 to 255',
    'count 0': 'trace: count 0 is out of range: 1 to 4294967295',
    'buffer 100': 'trace: buffer 100 is no power of two',
    'buffer 2': 'trace: buffer 2 is out of range: 4 to 65536',
    'count 1 --count 2': 'trace: count is given twice',
    'reason x ' * 17: 'trace: reason is given more than 16 times',
    'reason nonsense': 'trace: no packet can match: the loaded modules have '
                       "no such reason ('dsrctl -s stats' lists them), or "
                       'tell nothing that is asked for of it',
    'sport 1 reason drop_arp_replies': 'trace: no packet can match: the loaded '
        "modules have no such reason ('dsrctl -s stats' lists them), or "
        'tell nothing that is asked for of it',
}


@pytest.mark.parametrize('words', WRONG)
def test_wrong(trace, words):
    assert trace(words).check(1, f'dsrctl: {WRONG[words]}\n').out == ''


def test_in_a_batch(fake, kernel):
    """A mistake in its words keeps the whole batch from being carried out."""
    assert 'is out of range' in fake(
        '-b -', stdin='service add fwmark 1\ntrace count 0\n').err
    assert not kernel.requests


def test_cut_off(trace, tracefs):
    """An event of another size than its format says is not read beyond its end."""
    fill(tracefs)
    whole = untimed(trace())
    open(f'{tracefs.path}/ring', 'wb').close()
    for cut in range(120):
        tracefs.event(LB, **WEB, backend='10.10.30.101', reason='forwarded',
                      cut=cut)
    assert all(line.startswith('dsr_lb ') for line in
               untimed(trace('all-netns')))
    assert whole


def test_unknown_events(trace, tracefs):
    """What is of no known tracepoint, or has no known reason, is left out."""
    tracefs.event(LB, **WEB, common_type=7)
    tracefs.event(LB, **WEB, reason=77)
    tracefs.event(LB, **WEB, reason=2 ** 32 - 1)
    assert untimed(trace()) == []


def test_other_versions(trace, tracefs):
    """A module that is older than dsrctl."""
    path = f'events/{LB}/format'
    with open(f'{tracefs.path}/{path}', encoding='ascii') as file:
        text = file.read()
    for wrong in (re.sub(r'\tfield:unsigned int netns.*\n', '', text),
                  text.replace('__print_symbolic', '__print_hex'), '', 'junk'):
        tracefs.write(path, wrong)
        trace().check(2, 'dsrctl: the tracepoint dsr_packet is not as it has '
                      'to be: dsrctl and the loaded dsr_lb are of different '
                      'versions\n')
    os.unlink(f'{tracefs.path}/{path}')
    trace().check(2, 'dsrctl: the loaded dsr_lb has no tracepoint '
                  'dsr_packet\n')


def test_no_tracefs(trace, tmp_path):
    os.makedirs(tmp_path / 'empty')
    os.makedirs(tmp_path / 'file')
    open(tmp_path / 'file' / 'events', 'w', encoding='ascii').close()
    result = trace(DSRCTL_FAKE_TRACEFS=str(tmp_path / 'file'))
    result.check(2, f'dsrctl: cannot open tracefs at {tmp_path}/file: Not a '
                 'directory\n')
