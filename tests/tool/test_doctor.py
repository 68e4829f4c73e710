# SPDX-License-Identifier: GPL-2.0
"""dsrctl doctor: what it makes of what the kernel says.

The scenarios of tests/vm/test_doctor_*.py plant each fault in a real site. Here, and
in the other files of test_doctor_*.py, is what these cannot do: a module of another
version, a machine with a thousand services, what is printed to the letter, what
looks like a fault and is none.
"""

import errno
import json
import re
import resource

import pytest

import fakekernel as k
import sample as s
import uapi as u
from conftest import TOOL
from fakekernel import Ack
from machine import Machine, lv1, w101  # noqa: F401  pylint: disable=unused-import
from test_fuzz import Mutator


def test_well(lv1):
    done = lv1.run().check(0)
    assert done.out == ''
    assert lv1.run('-j').check(0).out == '[]\n'


def test_well_real(w101):
    assert w101.run().check(0).out == ''


def test_words(fake):
    """What is wrong with the words is not what is wrong with the machine."""
    for words in ('time', 'time 0', 'time 99ms', 'time 11m', 'time 1s time 1s', 'now'):
        assert fake('doctor', words).status == 2


def test_completion(fake):
    assert fake('complete doctor').out.split() == ['help', 'time']
    assert fake('complete doctor time').out == ''
    assert fake('complete doctor time 1s').out == ''
    assert fake('complete d').out == fake('complete doctor').out


def test_batch(fake, kernel):
    """Its words are checked before anything is done."""
    assert fake('-b -', stdin='connection flush\ndoctor now\n').status
    assert not kernel.requests


def test_not_loaded(fake, kernel):
    kernel.families = []
    done = fake('doctor')
    assert done.status == 2 and 'neither' in done.err


def test_text(lv1, golden):
    """To the letter."""
    lv1.services.append(s.service(2))
    lv1.sysctl('ipv4/conf/eth1/rp_filter', 1)
    lv1.saw('in', 'answer', s.VIP, 80, s.CLIENT, 4000, dev=3,
            mac=s.MAC['w101'])
    golden('doctor.txt', lv1.run().check(1).out)


def test_denied(lv1, kernel):
    """A kernel that refuses is no finding."""
    kernel.answers['dsr', u.DSR_CMD_SERVICE_GET] = Ack(errno.EPERM)
    assert lv1.run().status == 2


def test_thousand(lv1, kernel):
    """1,000 services of 20 backends: each is listed once, and it is done soon.

    Ten times as many take about ten times as long, and not a hundred times.
    """
    def via(i, j):
        return f'10.{i // 250}.{i % 250}.{j + 1}'

    def seconds(number):
        """Its own on the processor: a busy host does not matter."""
        lv1.services = [s.service(i + 1) for i in range(number)]
        lv1.backends = [s.backend(i + 1, via(i, j), state=1, ifindex=3)
                        for i in range(number) for j in range(20)]
        kernel.requests.clear()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert not lv1.codes()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert len([r for r in kernel.requests
                    if r.kind == k.FAMILIES['dsr']]) < 20
        return (after.ru_utime + after.ru_stime - before.ru_utime -
                before.ru_stime)
    least = max(seconds(100) for _ in range(3))
    took = seconds(1000)
    print(f'{least:.2f} s for 100, {took:.2f} s for 1,000')
    assert took < 40 * least


def test_many_findings(lv1):
    """Text has some of a kind, JSON all."""
    lv1.services = [s.service(i + 1) for i in range(30)]
    lv1.backends = []
    out = lv1.run().check(1).out
    assert out.count('service-no-backend: ') == 10
    assert out.endswith("20 more of the same kinds: 'dsrctl -j doctor' has "
                        'all\n')
    assert len(json.loads(lv1.run('-j').out)) == 30


@pytest.mark.parametrize('balancer', [True, False])
def test_malformed(fake, kernel, tmp_path, balancer):
    """Answers of modules that were truncated or altered on the way."""
    machine = Machine(fake, kernel, tmp_path / 'root', balancer)
    machine.saw('in', 'syn', s.CLIENT, 4000, s.VIP, 80, 9)
    machine.saw('in', 'answer', s.VIP, 80, s.CLIENT, 4000, dev=3,
                mac=s.MAC['w101'])
    machine.write('packets', ''.join(machine.packets))
    mutator = Mutator(balancer)
    for (name, cmd), answer in list(kernel.answers.items()):
        def broken(request, answer=answer):
            whole = answer(request) if callable(answer) else answer
            return Altered(whole, mutator)
        kernel.answers[name, cmd] = broken
    done = fake('-f -b -', stdin='doctor time 100ms\n' * 25, timeout=300,
                env={'DSRCTL_FAKE_PROC': str(machine.root)})
    assert done.status in (0, 1, 2) and 'Sanitizer' not in done.err
    assert 'runtime error' not in done.err and mutator.count > 25


class Altered:
    """An answer, one in four of them altered on the way."""

    def __init__(self, answer, mutator):
        self.answer, self.mutator = answer, mutator

    def packets(self, request):
        packets = self.answer.packets(request)
        if self.mutator.random.randrange(4) or len(packets) < 2:
            self.mutator.count += 1
            return packets
        # what ends the answer is left, so that it has an end
        return [*self.mutator(packets[:-1]), packets[-1]]


def test_codes():
    """Each code is in the manual, and in a scenario."""
    import glob
    import os
    codes = set()
    for path in glob.glob(f'{TOOL}/doctor_*.c'):
        with open(path, encoding='ascii') as file:
            codes |= set(re.findall(
                r'finding_begin\([^;]*?"([a-z]+(?:-[a-z]+)+)"', file.read()))
    assert len(codes) > 25
    with open(f'{TOOL}/dsrctl.8', encoding='ascii') as file:
        page = file.read().replace('\\-', '-')
    listed = set(re.findall(r'\n\.TP\n\.B ([a-z]+(?:-[a-z]+)+)\n', page))
    assert codes <= listed, codes - listed
    tests = ''
    for path in (*glob.glob(f'{TOOL}/../tests/vm/test_doctor*.py'),
                 *glob.glob(f'{os.path.dirname(__file__)}/test_doctor*.py')):
        with open(os.path.normpath(path), encoding='ascii') as file:
            tests += file.read()
    assert not [code for code in codes if f"'{code}'" not in tests]
