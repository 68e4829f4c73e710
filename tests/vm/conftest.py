# SPDX-License-Identifier: GPL-2.0
"""Shared by all scenarios: the network, its clean-up, and the kernel's log.

tests/vm/run.sh runs this in the virtual machine. Results also go, line by
line, to the file in $DSR_RESULTS_FILE: "ok NAME", "not ok NAME: WHY", "skip
NAME", and "done" at the end; without "done" the run has died. For a failed
test, pytest's report and the frames of the two segments stay beside that file,
in failed/NAME.log, NAME.front.pcap and NAME.back.pcap.

With --queue DIRECTORY, which several machines have in common, each session runs
the files that no other one has taken. The time of each file goes to "seconds"
beside the results, one line "FILE SECONDS TESTS" for each; tests/vm/seconds has
the usual ones, by which the longest files come first.
"""

import collections
import contextlib
import json
import os
import random
import re
import signal
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import files                                            # noqa: E402
import genl                                             # noqa: E402
from capture import Capture                             # noqa: E402
from host import Failure                                # noqa: E402
from network import SEGMENTS, Network                   # noqa: E402
from traffic import DEBUG, Site                         # noqa: E402

# As in scripts/vm.sh, where it fails the whole run; here it fails one test.
SPLAT = re.compile(
    r'cut here|WARNING: |BUG: |Oops: |KASAN: |UBSAN: |ODEBUG: |Call Trace:|'
    r'INFO: (possible|suspicious|rcu|task|trying)|detected stall|'
    r'held lock|blocked for more than|unregister_netdevice: waiting|'
    r'refcount_t: |general protection fault|soft lockup|'
    r'list_(add|del) corruption|Bad page state|scheduling while atomic|'
    r'sleeping function called|page allocation failure|not ok \d')

# Only a test that hangs takes so long: the slowest take two minutes here, and
# ten on a slow host. Runs of many rounds in one test take longer.
TEST_SECONDS = int(os.environ.get('DSR_TEST_SECONDS', 900))

# as in scripts/test.sh, which builds the Go client for this target
GO_TARGET = 'trixie'

# The kernel's tool ynl is in one root only: see scripts/root.sh.
collect_ignore = ([] if os.environ.get('DSR_TARGET') == 'trixie' else
                  ['test_ynl.py'])


def pytest_configure(config):
    for line in ('smoke: the few that show that a release works',
                 'debug: needs what only the debug kernel has',
                 'stock: only on the kernels that people run',
                 'smp: what a second processor can upset, so it needs one',
                 'go: with the client in Go, which one target has',
                 'trial: of dsrctl doctor, only with -m trial',
                 'last: after all others'):
        config.addinivalue_line('markers', line)


def pytest_addoption(parser):
    parser.addoption('--queue', metavar='DIRECTORY',
                     help='share the files with the other sessions that take '
                     'theirs from there')
    parser.addoption('--shuffle', metavar='SEED',
                     help='with --queue: take the files in an order of chance, '
                     'not the longest first')


def pytest_ignore_collect(collection_path, config):
    """With "-m MARK" or "-k WORD" import only the files that have the mark or the word.

    An emulated machine takes as long to import all as to run some of the tests.
    """
    if collection_path.suffix != '.py':
        return None
    mark, word = map(config.getoption, ('markexpr', 'keyword'))
    text = f"{collection_path.name}\n{collection_path.read_text('utf-8')}"
    return (mark.isidentifier() and f'mark.{mark}' not in text or
            word.isidentifier() and word.lower() not in text.lower() or None)


def select(config, items, wanted):
    """Keep the ITEMS for which WANTED(item) is true."""
    config.hook.pytest_deselected(items=[item for item in items
                                         if not wanted(item)])
    items[:] = filter(wanted, items)


# Last, after -k and -m have selected.
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    if os.environ.get('DSR_TARGET') != GO_TARGET:
        select(config, items, lambda item: not item.get_closest_marker('go'))
    if 'trial' not in config.getoption('markexpr'):
        select(config, items, lambda item: not item.get_closest_marker('trial'))
    items.sort(key=lambda item: item.get_closest_marker('last') is not None)
    for item in items:
        if DEBUG and item.get_closest_marker('stock'):
            item.add_marker(pytest.mark.skip(reason='stock kernels only'))
        if not DEBUG and item.get_closest_marker('debug'):
            item.add_marker(pytest.mark.skip(reason='debug kernel only'))


def taken(items, queue, seed=None):
    """The tests of the files that no other session has taken, in their order.

    SEED gives another order of the files.
    """
    tests, late = collections.defaultdict(list), []
    for item in items:
        tests[item.path.name].append(item)
    weights = files.expected({name: len(its) for name, its in tests.items()},
                             files.read())
    order = files.longest_first(weights)
    if seed:
        random.Random(seed).shuffle(order)
    for name in files.take(queue, order):
        for item in tests[name]:
            if item.get_closest_marker('last'):
                late.append(item)
            else:
                yield item
    yield from late


def pytest_runtestloop(session):
    """With a queue, run what this session takes from there."""
    queue = session.config.getoption('queue')
    if not queue or session.testsfailed or session.config.option.collectonly:
        return None                     # as pytest does
    tests = taken(session.items, queue, session.config.getoption('shuffle'))
    item = next(tests, None)
    while item:
        # pytest keeps the fixtures that the next test needs, too
        following = next(tests, None)
        item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
        item = following
    return True


class Results:
    """Write the results file; a test and its set-up count as one."""

    def __init__(self):
        path = os.environ.get('DSR_RESULTS_FILE')
        self.file = open(path, 'w', encoding='utf-8') if path else None
        self.directory = os.path.dirname(path) if path else None

    def write(self, line):
        if self.file:
            print(line, file=self.file, flush=True)

    def path(self, name, suffix):
        """The path of a file for a failed test, or None."""
        if not self.directory:
            return None
        directory = os.path.join(self.directory, 'failed')
        os.makedirs(directory, exist_ok=True)
        return os.path.join(directory, re.sub(r'[^\w.:\[\]-]', '_', name) +
                            suffix)

    def keep_provoked(self, site):
        """Record the reasons that the session has provoked, for reasons.py."""
        if self.directory:
            site.repair()
            with open(os.path.join(self.directory, 'provoked'), 'w',
                      encoding='utf-8') as file:
                json.dump({
                    'debug': DEBUG,
                    'names': {family: sorted(names) for family, names
                              in site.reason_names().items()},
                    'provoked': {family: sorted(names) for family, names
                                 in site.provoked.items()}}, file)

    def keep_seconds(self):
        """Record the time of each file, with the set-ups that it shares."""
        if self.directory:
            with open(os.path.join(self.directory, 'seconds'), 'w',
                      encoding='utf-8') as file:
                for name in sorted(_seconds):
                    print(name, round(_seconds[name], 1), _tests[name],
                          file=file)

    def keep(self, name, report):
        """Write pytest's report of a failed test to a file."""
        path = self.path(name, '.log')
        if path:
            with open(path, 'a', encoding='utf-8') as file:
                print(f'{name}, {report.when}:\n{report.longreprtext}',
                      file=file)
                for title, text in report.sections:
                    print(f'\n{title}:\n{text}', file=file)


_results = Results()
_outcome = {}
_seconds = collections.Counter()
_tests = collections.Counter()


def _why(report):
    """The expected and the actual result, as one line for the summary."""
    crash = getattr(report.longrepr, 'reprcrash', None)
    text = crash.message if crash else str(report.longrepr)
    where = f'{os.path.basename(crash.path)}:{crash.lineno}: ' if crash else ''
    return where + '; '.join(' '.join(line.split())
                             for line in text.splitlines()[:6])[:400]


def pytest_runtest_logreport(report):
    name = report.nodeid.split('/')[-1]
    _seconds[name.split('::')[0]] += report.duration
    if report.failed:
        _results.keep(name, report)
        if not _outcome.get(name, '').startswith('not ok'):
            _outcome[name] = f'not ok {name}: {_why(report)}'
    elif report.skipped:
        _outcome.setdefault(name, f'skip {name}')
    elif report.when == 'call':
        _outcome.setdefault(name, f'ok {name}')
    if report.when == 'teardown':
        _tests[name.split('::')[0]] += 1
        _results.write(_outcome.get(name, f'not ok {name}'))


def pytest_sessionfinish():
    _results.keep_seconds()
    _results.write('done')


class KernelLog:
    """The kernel's messages since the last call."""

    def __init__(self):
        self.fd = os.open('/dev/kmsg', os.O_RDONLY | os.O_NONBLOCK)
        os.lseek(self.fd, 0, os.SEEK_END)

    def lines(self):
        found = []
        while True:
            try:
                found.append(os.read(self.fd, 8192).decode(
                    errors='replace').split(';', 1)[-1].rstrip('\n'))
            except BrokenPipeError:     # overwritten before it was read
                continue
            except BlockingIOError:
                return found

    def check(self, what):
        """Fail on any bad message."""
        log = self.lines()
        bad = [line for line in log if SPLAT.search(line)]
        if bad:
            start = log.index(bad[0])
            pytest.fail(f'{what}: {bad[0]}\n' +
                        '\n'.join(log[max(0, start - 5):start + 60]),
                        pytrace=False)


@pytest.fixture(scope='session')
def kernel_log():
    return KernelLog()


@pytest.fixture(scope='session')
def session(kernel_log):
    with Network() as network:
        network.check()
        network.load()
        network.up()
        site = Site(network)
        site.start_servers()
        yield site
        _results.keep_provoked(site)


@pytest.fixture(scope='session')
def captures(session):
    """The frames of the two segments since the present test began."""
    with contextlib.ExitStack() as stack:
        yield {name: stack.enter_context(Capture(session.net[name]))
               for name in SEGMENTS}


def _diagnostics(site):
    """Diagnostics of a failed test."""
    text = []
    for name, commands in (
            ('lv1', ('dsrctl -s show', 'dsrctl stats', 'dsrctl connection show',
                     'ip neigh', 'ip -br addr', 'nft list ruleset')),
            ('w101', ('dsrctl -s real show', 'dsrctl -s stats',
                      'dsrctl flow show', 'ip -br addr')),
            ('w102', ('dsrctl -s real show', 'dsrctl -s stats'))):
        if name not in site.net.hosts:
            text.append(f'{name}: there is none')
            continue
        for command in commands:
            with contextlib.suppress(Exception):
                done = site.net[name].run(*command.split(), check=False,
                                          timeout=20)
                lines = (done.stdout + done.stderr).splitlines()
                if len(lines) > 40:
                    lines = lines[:40] + [f'… and {len(lines) - 40} more']
                text.append('\n'.join([f'{name}:~# {command}'] + lines))
    return '\n'.join(text)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.when == 'call' and report.failed and 'session' in item.funcargs:
        report.sections.append(('the network when it failed',
                                _diagnostics(item.funcargs['session'])))
        for name, capture in item.funcargs.get('captures', {}).items():
            path = _results.path(report.nodeid.split('/')[-1],
                                 f'.{name}.pcap')
            if path:
                capture.save(path)


def _alarm(*_):
    raise Failure(f'the test has not ended after {TEST_SECONDS} s')


@pytest.fixture
def site(session, captures, kernel_log):
    """The network, clean before and after; the log must have no bad message.
    """
    # a worker may complain a moment after the test
    kernel_log.check('after the test before this one the kernel complained')
    signal.signal(signal.SIGALRM, _alarm)
    signal.alarm(TEST_SECONDS)
    try:
        session.repair()
        for capture in captures.values():
            capture.clear()
        yield session
    finally:
        signal.alarm(TEST_SECONDS)
        session.collect()
        session.clean()
        signal.alarm(0)
    kernel_log.check('the kernel complained')


@pytest.fixture
def lb(site):
    """The same, with the scenario's service: fwmark 1, rr, two backends."""
    site.balance()
    return site


@pytest.fixture
def silent(site):
    """The balancer alone: servers do not answer the packets that they get.

    For hand-made frames: the client knows of no connection, and would answer
    the servers with a reset.
    """
    site.balance(rule='')
    return site


@pytest.fixture
def reasons(site):
    """reasons(host, family): a counter's increase since it was called."""
    class Since:
        def __init__(self, host, family='dsr'):
            self.host, self.family = site.net[host], family
            self.before = genl.reasons(self.host, family)

        def __getitem__(self, name):
            now = genl.reasons(self.host, self.family)
            assert name in now, f'no reason {name}: {sorted(now)}'
            return now[name] - self.before[name]

        def all(self):
            now = genl.reasons(self.host, self.family)
            return {name: now[name] - self.before[name] for name in now
                    if now[name] != self.before[name]}
    return Since


@pytest.fixture
def third(site, reasons):
    """w103, deleted afterwards with all state that the kernel never clears."""
    site.net.plug('w103')
    site.undo.append(lambda: site.net.unplug('w103'))
    host = site.net['w103']
    host.site = site
    host.reasons = lambda: reasons('w103', 'dsr_rs')
    return host


@pytest.fixture
def site6(site):
    """The network, with IPv6 from the first such test on."""
    site.net.enable_ipv6()
    return site


@pytest.fixture
def ipvs(site):
    """The network, with dsr_ipvs on its balancers."""
    site.net.load('dsr_ipvs')
    try:
        yield site
    finally:
        site.lv1.stop()             # a keepalived would load it again
        site.net.forget_unloaded()
        if 'dsr_ipvs' in site.net.loaded:
            site.net.unload('dsr_ipvs')
