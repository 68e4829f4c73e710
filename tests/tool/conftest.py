# SPDX-License-Identifier: GPL-2.0
"""Build dsrctl twice and run it.

"dsrctl" is the product. "fake" is built from the same objects, under the
address and undefined behaviour sanitizers, with fake_socket.c in place of
socket.c, so that fakekernel.py answers instead of a kernel; and with
fake_ring.c in place of ring.c, so that events of tracepoints come from a file.

With $DSR_MEMCHECK, the directory that scripts/valgrind.sh makes, "fake" is built
without the sanitizers and runs under memcheck instead.
"""

import glob
import os
import platform
import subprocess
import sys
import tempfile

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
TOOL = os.path.join(TOP, 'tool')
BUILD = os.path.join(HERE, 'build')
sys.path.insert(0, HERE)

import sample                                           # noqa: E402
from fakekernel import FakeKernel                       # noqa: E402


MEMCHECK = os.environ.get('DSR_MEMCHECK')
# a status that dsrctl does not have, as with the sanitizers
UNDER = [f'{MEMCHECK}/valgrind', '-q', '--error-exitcode=99', '--leak-check=full',
         '--errors-for-leak-kinds=definite',
         f'--extra-debuginfo-path={MEMCHECK}/debug'] if MEMCHECK else []


class Result:
    def __init__(self, process):
        self.status = process.returncode
        self.out = process.stdout
        self.err = process.stderr

    def __repr__(self):
        return f'status {self.status}\n--- out\n{self.out}--- err\n{self.err}'

    def check(self, status, err=''):
        """Check the status and the exact text on stderr."""
        assert (self.status, self.err) == (status, err), self
        return self


def run(binary, *args, stdin=None, env=None, timeout=300):
    words = [word for arg in args
             for word in (arg.split() if isinstance(arg, str) else arg)]
    environment = {'PATH': os.environ['PATH'], 'LC_ALL': 'C',
                   'ASAN_OPTIONS': 'abort_on_error=0:exitcode=99',
                   'UBSAN_OPTIONS': 'print_stacktrace=1', **(env or {})}
    return Result(subprocess.run(
        [binary, *words], input=stdin, capture_output=True, text=True,
        env=environment, timeout=timeout, check=False))


def newer(target, sources):
    return (os.path.exists(target) and
            all(os.path.getmtime(target) > os.path.getmtime(source)
                for source in sources))


@pytest.fixture(scope='session')
def dsrctl():
    """The product, as a function of its arguments."""
    subprocess.run(['make', '-s', '-C', TOOL, 'WERROR=1'], check=True)
    binary = os.path.join(TOOL, 'dsrctl')
    return lambda *args, **kwargs: run(binary, *args, **kwargs)


def build_fake(binary, *flags, kind='c'):
    """Build all of the tool except what fake_socket.c and fake_ring.c replace.

    From the sources, or with kind='o' from the objects of the product.
    """
    objects = [f'{path[:-1]}{kind}' for path in sorted(glob.glob(f'{TOOL}/*.c'))
               if os.path.basename(path) not in (
                   'socket.c', 'namespaces.c', 'proc.c', 'sniff.c', 'ring.c',
                   'xdp.c', 'arp.c', 'hold.c')]
    objects += [os.path.join(HERE, name)
                for name in ('fake_socket.c', 'fake_ring.c')]
    headers = glob.glob(f'{TOOL}/*.h')
    headers += glob.glob(f'{TOP}/include/uapi/linux/*.h')
    if not newer(binary, objects + headers):
        os.makedirs(BUILD, exist_ok=True)
        packages = ['libnl-3.0', 'libnl-genl-3.0', 'libnl-route-3.0', 'json-c',
                    'libtraceevent', 'ncursesw', 'yaml-0.1']
        libraries = subprocess.run(
            ['pkg-config', '--cflags', '--libs', *packages],
            capture_output=True, text=True, check=True).stdout.split()
        subprocess.run(
            ['cc', '-std=gnu11', '-D_GNU_SOURCE', '-g', '-Wall', *flags,
             '-DTRACEFS_PATH=(getenv("DSRCTL_FAKE_TRACEFS") ?: "/none")',
             f'-I{TOOL}', f'-I{TOP}/include/uapi', *objects, '-o', binary,
             *libraries], check=True)
    return binary


@pytest.fixture(scope='session')
def fake_binary():
    """The instrumented build, which connects to $DSRCTL_FAKE_KERNEL."""
    if MEMCHECK:
        return build_fake(os.path.join(BUILD, 'dsrctl-memcheck'), '-O1')
    return build_fake(os.path.join(BUILD, 'dsrctl-fake'), '-O1',
                      '-fsanitize=address,undefined',
                      '-fno-sanitize-recover=all')


@pytest.fixture(scope='session')
def plain_binary(dsrctl):                   # pylint: disable=W0621,W0613
    """The same without instrumentation, for measurements."""
    return build_fake(os.path.join(BUILD, 'dsrctl-plain'), '-O2', kind='o')


@pytest.fixture(scope='session')
def measure():
    """Run a program and measure its cost, see measure.c."""
    if platform.machine() != 'x86_64':
        pytest.skip('knows only the registers of x86-64')
    binary, source = f'{BUILD}/measure', f'{HERE}/measure.c'
    if not newer(binary, [source]):
        os.makedirs(BUILD, exist_ok=True)
        subprocess.run(['cc', '-O2', '-Wall', source, '-o', binary],
                       check=True)

    def call(first, last, words, env, status=0):
        """(instructions, bytes)"""
        with tempfile.NamedTemporaryFile('r', encoding='ascii') as file:
            done = subprocess.run(
                [binary, str(first), str(last), file.name, *words],
                stdout=subprocess.DEVNULL, env=env, check=False, timeout=600)
            assert done.returncode == status
            steps, kilobytes = file.read().split()
        return int(steps), 1024 * int(kilobytes)
    return call


@pytest.fixture
def kernel(tmp_path):
    """A fake kernel that answers as in the scenario."""
    fake = FakeKernel(str(tmp_path / 'kernel'))
    sample.load(fake)
    yield fake
    fake.close()


@pytest.fixture
def fake(fake_binary, kernel):              # pylint: disable=W0621
    """The instrumented build, as a function of its arguments."""
    def call(*args, env=None, **kwargs):
        env = {'DSRCTL_FAKE_KERNEL': kernel.path, **(env or {})}
        if MEMCHECK:
            env['VALGRIND_LIB'] = f'{MEMCHECK}/lib'
        return run(*UNDER, fake_binary, *args, env=env, **kwargs)
    return call


@pytest.fixture
def golden():
    """Compare a text with a file; DSR_GOLDEN=write writes the file instead."""
    def compare(name, text):
        path = os.path.join(HERE, 'golden', name)
        if os.environ.get('DSR_GOLDEN') == 'write':
            with open(path, 'w', encoding='ascii') as file:
                file.write(text)
        with open(path, encoding='ascii') as file:
            assert text == file.read()
    return compare
