# SPDX-License-Identifier: GPL-2.0
"""dsrctl top, in a terminal: what is on the screen, and what keys do.

Where rates are looked at, the counters of the fake kernel grow with the time, and
not with each reading: so the rates are the same on a slow machine.
"""

import os
import re
import shutil
import signal
import time

import pytest

import sample
import uapi as u
from fakekernel import Reply
from sample import W101, W102
from terminal import Terminal

if not shutil.which('tmux'):
    pytest.skip('no tmux', allow_module_level=True)

SLOW = 'interval 1h'            # one reading is enough
FAST = 'interval 100ms'


@pytest.fixture
def top(fake_binary, kernel, tmp_path):
    """dsrctl top in a terminal, as a function of its words."""
    terminals = []

    def call(words=SLOW, size=(80, 24), stdin='', **env):
        env = {'DSRCTL_FAKE_KERNEL': kernel.path, 'LC_ALL': 'C.UTF-8',
               'TERM': 'screen', **env}
        terminals.append(Terminal(tmp_path, f'{fake_binary} top {words}{stdin}',
                                  env, size))
        return terminals[-1]
    yield call
    for terminal in terminals:
        terminal.close()


def tables(lb=(), rs=()):
    """What modules say of their tables and reasons: {name: packets}."""
    return {'dsr': Reply(sample.table(16, 1000, 64, 4096) + b''.join(
        sample.reason(*one) for one in lb)),
            'dsr_rs': Reply(sample.table(2, 1000, 64, 4096) + b''.join(
                sample.reason(*one) for one in rs))}


class Growing:
    """A kernel whose counters grow by so many a second."""

    def __init__(self, kernel):
        self.began = time.monotonic()
        self.services = {1: (1000, 2), 2: (100, 50)}
        self.drops = 10
        kernel.families = ['dsr']
        kernel.answers.update({
            ('dsr', u.DSR_CMD_SERVICE_GET): lambda _: Reply(*(
                sample.service(mark, counters=self.counters(*rates))
                for mark, rates in self.services.items())),
            ('dsr', u.DSR_CMD_BACKEND_GET): lambda _: Reply(*(
                sample.backend(mark, via, active=active,
                               state=u.DSR_BACKEND_REACHABLE,
                               counters=self.counters(packets * share, 1))
                for mark, (packets, _) in self.services.items()
                for via, share, active in ((W101, .2, 7), (W102, .8, 3)))),
            ('dsr', u.DSR_CMD_STATS_GET): lambda _: tables(lb=(
                ('forwarded', self.grown(1100)),
                ('drop_no_backend', self.grown(self.drops)),
                ('drop_malformed', 5), ('drop_fragment', 0)))['dsr']})

    def grown(self, rate):
        return int((time.monotonic() - self.began) * rate)

    def counters(self, packets, connections):
        return (self.grown(packets), self.grown(100 * packets),
                self.grown(connections))


def rows(screen):
    """The objects on the screen: {name: [its other columns]}."""
    first = next(i for i, line in enumerate(screen) if 'ACTIVE' in line) + 1
    last = next(i for i, line in enumerate(screen)
                if line.startswith('REASON'))
    return {line[:26].rstrip(): line[26:].split()
            for line in screen[first:last] if line}


def names(terminal):
    return list(rows(terminal.screen()))


def drawn(condition):
    """A condition that is false for a screen of which half is drawn."""
    def check(screen):
        try:
            return condition(screen)
        except (StopIteration, LookupError, ValueError, AttributeError):
            return False
    return check


def has(condition):
    """The condition of a list of names, for a screen with these rows."""
    return drawn(lambda screen: condition(list(rows(screen))))


def number(text):
    units = {'k': 10 ** 3, 'M': 10 ** 6}
    return float(text.rstrip('kM')) * units.get(text[-1], 1)


def near(text, rate):
    return rate * .8 <= number(text) <= rate * 1.2


@pytest.mark.parametrize('size', [(80, 24), (132, 43), (60, 12)])
def test_screen(top, golden, size):
    """All of it, before there are rates."""
    screen = top(size=size).wait('q quit')
    assert len(screen) == size[1]
    assert all(len(line) <= size[0] for line in screen)
    screen[0] = re.sub(r'top \S+ \d\d:\d\d:\d\d', 'top HOST TIME', screen[0])
    assert 'HOST' in screen[0]
    golden(f'top-{size[0]}x{size[1]}.txt',
           ''.join(f'{line.rstrip()}\n' for line in screen))


def test_rates(top, kernel):
    """How fast counters grow, and a history of it."""
    Growing(kernel)
    terminal = top('interval 500ms')
    terminal.wait('^fwmark 1 .*█{4}')

    @drawn
    def is_right(screen):
        # the last one: of fwmark 2
        *_, packets, bits, _ = rows(screen)['  10.10.30.102']
        _, connections, *others, _ = rows(screen)['fwmark 1']
        forwarded, dropped = re.search(
            r'^dsr_lb packets/s: forwarded (\S+) drop (\S+)$',
            '\n'.join(screen), re.M).groups()
        return all(near(*one) for one in (
            (packets, 80), (bits, 80 * 100 * 8), (connections, 2),
            (others[0], 1000), (others[1], 1000 * 100 * 8), (forwarded, 1100),
            (dropped, 10)))
    # a rate is wrong once if the host stands still for a moment
    screen = terminal.until(is_right, 'right rates')
    state, active, *_, history = rows(screen)['  10.10.30.102']
    assert (state, active) == ('reachable', '3')
    assert set(history) <= set('▁▂▃▄▅▆▇█')
    assert rows(screen)['fwmark 1'][0] == '10'
    # what is dropped now comes first, then what is not dropped, then the past
    reasons = [line.split()[1] for line in screen if line.startswith('lb ')]
    assert reasons == ['drop_no_backend', 'forwarded', 'drop_malformed']
    assert re.search('^lb drop_malformed +0 +5 +▁', '\n'.join(screen), re.M)


def test_ascii(top, kernel):
    """Without Unicode too."""
    Growing(kernel)
    screen = top(FAST, LC_ALL='C').wait('^fwmark 1 .*[#*+]{4}')
    assert '\n'.join(screen).isascii()


def test_sort(top, kernel):
    """Keys choose the column; backends stay with their service."""
    Growing(kernel)
    terminal = top(FAST)
    one, two = 'fwmark 1', 'fwmark 2'

    def wait(column, *services):
        return terminal.wait(f'{column}[\\s\\S]*^{services[0]} [\\s\\S]*'
                             f'^{services[1]} [\\s\\S]*^q quit')
    wait('>PKT/s', one, two)
    terminal.keys('c')
    wait('>CONN/s', two, one)
    terminal.keys('b')
    wait('>BIT/s', one, two)
    screen = wait('>BIT/s', one, two)
    assert [line.split()[0] for line in screen if line.startswith('  10')] == [
        W102, W101] * 2
    terminal.keys('r')
    screen = wait('<BIT/s', two, one)
    assert [line.split()[0] for line in screen if line.startswith('  10')] == [
        W101, W102] * 2
    terminal.keys('r', 'a')
    screen = wait('>ACTIVE', one, two)
    assert [line.split()[0] for line in screen if line.startswith('  10')] == [
        W101, W102] * 2
    terminal.keys('n')
    wait('^>SERVICE', one, two)


def test_filter(top):
    """By name, address or state; a service stays for the sake of a backend."""
    terminal = top()
    terminal.wait('fwmark 1 ')
    terminal.keys('/')
    terminal.wait('^filter: _')
    terminal.type('10.30.102')
    terminal.wait('^filter: 10.30.102_')
    terminal.until(has(lambda shown: '  10.10.30.102' in shown and not any(
        name.strip() in (W101, '2001:db8::100') for name in shown)),
        '10.10.30.102 alone')
    terminal.keys('Enter')
    terminal.wait(r'/ filter 10\.30\.102 ')
    terminal.keys('Escape')
    terminal.wait('2001:db8::100')
    terminal.keys('/')
    terminal.type('drainingx')
    terminal.wait('nothing matches the filter')
    terminal.keys('BSpace')
    terminal.wait('^filter: draining_')
    terminal.until(has(lambda shown: shown == [
        'tcp 10.10.31.100:80', '  10.10.30.101',
        'udp 10.10.31.100:8000-8100', '  10.10.30.11']), 'draining ones alone')
    # 'q' is a letter here
    terminal.type('q')
    terminal.wait('^filter: drainingq_')
    terminal.keys('Escape', 'q')
    terminal.wait('status 0 same')


def test_scroll(top, kernel):
    kernel.families = ['dsr_rs']
    kernel.answers['dsr_rs', u.DSR_RS_CMD_RULE_GET] = Reply(*(
        sample.rule(f'10.0.0.{n}') for n in range(100, 150)))
    terminal = top()

    terminal.wait('10.0.0.100[\\s\\S]*^q quit')
    page = len(names(terminal))

    def shows(first):
        wanted = [f'10.0.0.{n}' for n in range(first, first + page)]
        terminal.until(has(lambda shown: [
            name.split()[-1] for name in shown] == wanted), f'{page} from {first}')
    shows(100)
    terminal.keys('Down')
    shows(101)
    terminal.keys('PPage')
    shows(100)
    terminal.keys('NPage')
    shows(100 + page)
    terminal.keys('End')
    shows(150 - page)
    terminal.keys('Down', 'Up')
    shows(149 - page)
    terminal.keys('Home')
    shows(100)


def test_resize(top):
    terminal = top(size=(132, 43))
    terminal.wait('INACT')
    for size, pattern in (((80, 24), '^q quit'), ((20, 5), '^q quit'),
                          ((1, 1), '^q'), ((200, 60), 'INACT')):
        terminal.resize(*size)
        terminal.until(lambda screen, size=size, pattern=pattern: (
            len(screen) == size[1] and screen[-1].startswith('q') and
            re.search(pattern, '\n'.join(screen), re.M)), f'{size}')
    terminal.keys('q')
    terminal.wait('status 0 same')


def test_end(top):
    """The screen is as it was before."""
    terminal = top()
    terminal.wait('^q quit')
    terminal.keys('q')
    screen = terminal.wait('status')
    assert [line for line in screen if line] == ['before', 'status 0 same']


@pytest.mark.parametrize('number_', [signal.SIGTERM, signal.SIGINT,
                                     signal.SIGHUP])
def test_signal(top, number_):
    terminal = top()
    terminal.wait('^q quit')
    os.kill(terminal.process('top'), number_)
    screen = terminal.wait('status')
    assert [line for line in screen if line] == ['before', 'status 0 same']


def test_control_c(top):
    terminal = top()
    terminal.wait('^q quit')
    terminal.keys('C-c')
    terminal.wait('^status 0 same')


def test_unloaded(top, kernel):
    """An error is said where it can be read."""
    terminal = top(FAST)
    terminal.wait('^q quit')
    kernel.families = ['dsr_rs']
    terminal.wait('^dsr_rs[\\s\\S]*rule')
    kernel.families = []
    screen = [line for line in terminal.wait('status') if line]
    assert screen[0] == 'before' and screen[-1] == 'status 2 same'
    # the second, if it goes between the question whether it is there and the next one
    assert screen[1].startswith(('dsrctl: neither dsr_lb nor dsr_rs is loaded',
                                 'dsrctl: dsr_rs is not loaded'))


def test_replaced(top, kernel):
    """A counter that is smaller than before belongs to another object."""
    growing = Growing(kernel)
    terminal = top(FAST)
    terminal.wait('^fwmark 2 .*█')
    growing.services = {1: (1000, 2), 2: (0, 0)}
    terminal.wait('^fwmark 2 .* 0 +0 +0 ')
    growing.services = {1: (1000, 2)}
    terminal.until(has(lambda shown: 'fwmark 1' in shown and
                       'fwmark 2' not in shown), 'one service')
    growing.services = {}
    terminal.wait('no services and no rules')


def test_refused(fake, top):
    fake('top').check(1, 'dsrctl: top: it needs a terminal\n')
    fake('-j top').check(
        1, 'dsrctl: top: it draws on a terminal, and has no JSON: '
        "'dsrctl -j -s show' has the counters\n")
    fake('top interval 99ms').check(
        1, 'dsrctl: top: interval is 100 ms at least\n')
    fake('top frob').check(
        1, "dsrctl: top: unknown keyword 'frob': expected interval\n")
    screen = top(TERM='nonsense').wait('^status 1 same')
    assert ("dsrctl: top: terminals of the type 'nonsense' are not known here:"
            in '\n'.join(screen))


def test_reader_goes(fake_binary, kernel, tmp_path):
    """It does not go on without its terminal."""
    terminal = Terminal(tmp_path, f'{fake_binary} top', {
        'DSRCTL_FAKE_KERNEL': kernel.path, 'LC_ALL': 'C.UTF-8',
        'TERM': 'screen'})
    terminal.wait('^q quit')
    process = terminal.process('top')
    terminal.close()
    end = time.monotonic() + 60
    while os.path.exists(f'/proc/{process}/exe'):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_many(top, kernel):
    """1,000 services of 20 backends, in a time that a reading may take."""
    kernel.families = ['dsr']
    kernel.answers['dsr', u.DSR_CMD_SERVICE_GET] = Reply(*(
        sample.service(mark) for mark in range(1, 1001)))
    kernel.answers['dsr', u.DSR_CMD_BACKEND_GET] = Reply(*(
        sample.backend(mark, f'10.0.0.{n}') for mark in range(1, 1001)
        for n in range(1, 21)))
    terminal = top()
    terminal.wait('^q quit')
    terminal.keys('/')
    terminal.type('fwmark 777')
    terminal.until(has(lambda shown: shown[0] == 'fwmark 777'), 'fwmark 777')
