# SPDX-License-Identifier: GPL-2.0
"""Netlink by hand: damaged requests, and many at once."""

import os
import random
import struct
import subprocess

import pytest

import genl
from balancer import uapi
from box import (  # noqa: F401  pylint: disable=unused-import
    box, drain, fill, flags_of, prepare, rarer, refused, state, valid)
from failslab import FAILSLAB, FAIL_NTH
from traffic import DEBUG, SCALE


def test_all_commands_work(box):
    """The requests that the tests below damage, or let fail, are valid."""
    for family, command, payload, dump in valid() + rarer():
        prepare(box, family, command)
        with box.at(), genl.Genl(family) as sock:
            sock.ask(command, payload, flags_of(dump))


def test_ruined_requests(box):
    """Unknown attributes, wrong sizes, missing keys, reserved bits."""
    before = state(box)
    with box.at(), genl.Genl('dsr') as lb, genl.Genl('dsr_rs') as rs:
        socks = {'dsr': lb, 'dsr_rs': rs}
        for family, command, payload, dump in valid():
            flags = flags_of(dump)
            sock = socks[family]
            what = f'{family} command {command}'
            # an unknown attribute
            error = refused(sock, command, payload + genl.u32(99, 1), flags)
            assert error.sentence, what
            # no bytes after the last attribute
            error = refused(sock, command, payload + b'\1\2\3\4', flags)
            assert error.errno, what
            # reserved header bits
            refused(sock, command, payload, flags, reserved=1)
            if not payload:
                continue
            # an unknown attribute of the nest
            ruined = bytearray(payload + genl.u32(77, 1))
            length, kind = struct.unpack_from('HH', ruined)
            if length == len(payload):
                struct.pack_into('HH', ruined, 0, length + 8, kind)
                error = refused(sock, command, bytes(ruined), flags)
                assert error.sentence, what
            # no nest flag
            ruined = bytearray(payload)
            struct.pack_into('H', ruined, 2, kind & 0x3fff)
            error = refused(sock, command, bytes(ruined), flags)
            assert error.sentence, what
            # the first attribute of the nest too short, and too long
            for size in (1, 64):
                inner = genl.attr(struct.unpack_from('H', payload, 6)[0],
                                  b'\1' * size)
                if size == 1 and struct.unpack_from('H', payload, 4)[0] == 5:
                    continue
                error = refused(sock, command, genl.attr(
                    kind & 0x3fff, inner, True), flags)
                assert error.sentence, what
            # an empty nest
            error = refused(sock, command, genl.attr(kind & 0x3fff, b'',
                                                     True), flags)
            assert error.sentence, what
    assert state(box) == before


def test_every_refusal_has_a_sentence(box):
    """The modules themselves refuse each invalid request, with a sentence."""
    s, b, r, t = (genl.A_SERVICE, genl.A_BACKEND, genl.A_RULE, genl.A_TABLE)
    vip = genl.addr(genl.RULE_VIP, '192.0.2.9')
    cases = [
        ('dsr', genl.SERVICE_ADD, b''),
        ('dsr', genl.SERVICE_ADD, genl.nest(s)),
        ('dsr', genl.SERVICE_ADD, genl.service(0)),
        ('dsr', genl.SERVICE_ADD, genl.service(3, genl.u8(
            genl.SERVICE_PATH, 2))),
        ('dsr', genl.SERVICE_ADD, genl.service(3, genl.u8(
            genl.SERVICE_TOS, 2))),
        ('dsr', genl.SERVICE_ADD, genl.service(3, genl.u8(
            genl.SERVICE_TOS_MASK, 2))),
        ('dsr', genl.SERVICE_ADD, genl.service(
            3, genl.u8(genl.SERVICE_TOS, 3),
            genl.u8(genl.SERVICE_TOS_MASK, 0xfc))),
        ('dsr', genl.SERVICE_ADD, genl.service(3, genl.string(
            genl.SERVICE_SCHEDULER, ''))),
        ('dsr', genl.SERVICE_ADD, genl.service(3, genl.attr(
            genl.SERVICE_SCHEDULER, b'rr'))),       # no NUL
        ('dsr', genl.SERVICE_ADD, genl.service(3, genl.string(
            genl.SERVICE_SCHEDULER, 'r' * 5000))),
        # attributes of replies only
        ('dsr', genl.SERVICE_ADD, genl.service(3, genl.u32(6, 1))),
        ('dsr', genl.SERVICE_ADD, genl.service(3, genl.nest(7))),
        ('dsr', genl.BACKEND_ADD, genl.service(1)),
        ('dsr', genl.BACKEND_ADD, genl.service(1) + genl.nest(b)),
        ('dsr', genl.BACKEND_ADD, genl.backend('10.0.0.5')),
        ('dsr', genl.BACKEND_ADD, genl.service(1) + genl.backend(
            '10.0.0.5', genl.u32(3, 1))),
        ('dsr', genl.BACKEND_ADD, genl.service(1) + genl.backend(
            '10.0.0.5', genl.u32(genl.BACKEND_WEIGHT, 65536))),
        ('dsr', genl.BACKEND_DELETE, genl.service(1)),
        ('dsr', genl.CONNECTION_SET, b''),
        ('dsr', genl.CONNECTION_SET, genl.nest(t)),
        ('dsr', genl.CONNECTION_SET, genl.nest(t, genl.u32(
            genl.TABLE_ENTRIES, 100))),
        ('dsr', 77, b''),
        ('dsr', 0, b''),
        ('dsr_rs', genl.RULE_ADD, b''),
        ('dsr_rs', genl.RULE_ADD, genl.nest(r)),
        ('dsr_rs', genl.RULE_ADD, genl.nest(r, vip, genl.u8(
            genl.RULE_PROTO, 1))),
        ('dsr_rs', genl.RULE_ADD, genl.nest(r, vip, genl.u8(
            genl.RULE_TOS, 4))),
        ('dsr_rs', genl.RULE_ADD, genl.nest(r, genl.u8(
            genl.RULE_TOS_MASK, 4))),
        ('dsr_rs', genl.RULE_ADD, genl.nest(
            r, genl.u8(genl.RULE_TOS, 0), genl.u8(genl.RULE_TOS_MASK, 0))),
        ('dsr_rs', genl.RULE_ADD, genl.nest(
            r, genl.u8(genl.RULE_TOS, 0x40), genl.u8(genl.RULE_TOS_MASK, 3))),
        ('dsr_rs', genl.RULE_ADD, genl.nest(r, genl.be16(
            genl.RULE_PORT, 80))),
        ('dsr_rs', genl.RULE_ADD, genl.nest(r, vip, genl.nest(8))),
        ('dsr_rs', genl.FLOW_SET, b''),
        ('dsr_rs', genl.FLOW_SET, genl.nest(t)),
        ('dsr_rs', 77, b''),
    ]
    before = state(box)
    silent = []
    with box.at(), genl.Genl('dsr') as lb, genl.Genl('dsr_rs') as rs:
        for family, command, payload in cases:
            sock = lb if family == 'dsr' else rs
            error = refused(sock, command, payload)
            # the kernel answers an unknown command, without a sentence
            if not error.sentence and command not in (0, 77):
                silent.append(f'{family} {command} {payload.hex()}: {error}')
    assert not silent, '\n'.join(silent)
    assert state(box) == before


def test_truncated_requests(box):
    """A truncated request gets no answer, an error, or acts as a smaller one.
    """
    with box.at(), genl.Genl('dsr') as lb, genl.Genl('dsr_rs') as rs:
        socks = {'dsr': lb, 'dsr_rs': rs}
        for family, command, payload, dump in valid():
            sock = socks[family]
            for length in range(len(payload) + 20):
                whole = sock.message(command, payload, flags_of(dump))
                cut = whole[:length]
                # once with the true length, once with a wrong one
                for message in (cut, struct.pack('I', length) + cut[4:]):
                    sock.sock.send(message) if message else None
            drain(sock)
    fill(box)
    assert len(state(box)[0]) == 2


def test_mutated_requests(box):
    """Thousands of requests with random bytes changed."""
    random.seed(20061)
    requests = valid()
    with box.at(), genl.Genl('dsr') as lb, genl.Genl('dsr_rs') as rs:
        socks = {'dsr': lb, 'dsr_rs': rs}
        for number in range(20000 // SCALE):
            family, command, payload, dump = random.choice(requests)
            sock = socks[family]
            message = bytearray(sock.message(command, payload,
                                             flags_of(dump)))
            for _ in range(random.randrange(1, 5)):
                kind = random.randrange(4)
                at = random.randrange(16, len(message))
                if kind == 0:
                    message[at] = random.randrange(256)
                elif kind == 1:
                    message[at] ^= 1 << random.randrange(8)
                elif kind == 2:
                    message[at:at] = random.randbytes(random.randrange(1, 9))
                elif len(message) > 24:
                    del message[at:at + random.randrange(1, 9)]
                if len(message) <= 20:
                    break
            struct.pack_into('I', message, 0, len(message))
            try:
                sock.sock.send(bytes(message))
            except OSError:
                pass
            if number % 50 == 49:
                drain(lb)
                drain(rs)
            if number % 2000 == 1999:
                fill(box)
        drain(lb)
        drain(rs)
    fill(box)
    assert len(state(box)[0]) == 2


@pytest.fixture
def faults():
    """Allocations that may sleep can fail as well."""
    for name, value in (('ignore-gfp-wait', 'N'), ('verbose', '0')):
        with open(f'{FAILSLAB}/{name}', 'w', encoding='ascii') as file:
            file.write(value)
    yield
    with open(f'{FAILSLAB}/ignore-gfp-wait', 'w', encoding='ascii') as file:
        file.write('Y')


def fail_all(box, requests):
    """{(family, command, dump): the number of allocations that could fail}"""
    failures = {}
    for family, command, payload, dump in requests:
        with box.at(), genl.Genl(family) as sock:
            failures[family, command, dump] = fail_each(
                box, sock, lambda one=(family, command): prepare(box, *one),
                command, payload, flags_of(dump))
    print(f'\ntried: {len(failures)} commands,', sum(failures.values()),
          'allocations')
    fill(box)
    assert len(state(box)[0]) == 2
    return failures


@pytest.mark.debug
def test_fault_injection(box, faults):
    """Each allocation of each command fails once: an error, or success."""
    failures = fail_all(box, valid())
    # adding objects allocates; without an injected fault this tests nothing
    assert failures['dsr', genl.SERVICE_ADD, False] > 5
    assert failures['dsr', genl.BACKEND_ADD, False] > 5
    assert failures['dsr', genl.PATH_ADD, False] > 2
    assert failures['dsr_rs', genl.RULE_ADD, False] > 3


@pytest.mark.debug
def test_fault_injection_of_rarer(box, faults):
    """Requests that ask, restore connections, or remove in parts."""
    failures = fail_all(box, rarer())
    assert failures['dsr', uapi.DSR_CMD_TRANSACTION, False] > 20
    assert failures['dsr', uapi.DSR_CMD_EXPLAIN, False] > 1
    assert failures['dsr', uapi.DSR_CMD_CONNECTION_ADD, False] > 1
    assert failures['dsr', genl.CONNECTION_FLUSH, True] > 0
    assert failures['dsr_rs', uapi.DSR_RS_CMD_EXPLAIN, False] > 1


def fail_each(box, sock, make, command, payload, flags):
    """The number of allocations that could fail. MAKE() makes the objects anew."""
    before = None
    with open(FAIL_NTH, 'r+b', buffering=0) as nth:
        for number in range(1, 200):
            if before is None:
                make()
                before = state(box)
            error = None
            os.pwrite(nth.fileno(), str(number).encode(), 0)
            try:
                sock.ask(command, payload, flags)
            except genl.Refused as caught:
                error = caught
            except (OSError, TimeoutError):
                error = True
            left = int(os.pread(nth.fileno(), 32, 0))
            os.pwrite(nth.fileno(), b'0', 0)
            drain(sock)
            if left:                # fewer allocations than that
                assert error is None
                return number - 1
            if isinstance(error, genl.Refused):
                assert state(box) == before, \
                    f'command {command} failed and changed something'
            else:
                # the command may have succeeded before the failure
                before = None
    raise AssertionError(f'command {command} allocates without end')


@pytest.mark.smp
def test_configuration_under_load(box):
    """Writers of all kinds at once, and readers: nothing is lost or
    inconsistent."""
    script = '''
import random, sys
sys.path.insert(0, 'tests/vm')
import genl
random.seed(int(sys.argv[1]))
with genl.Genl('dsr') as lb:
    for n in range(int(sys.argv[2])):
        mark = random.randrange(1, 9)
        try:
            lb.ask(random.choice((genl.SERVICE_ADD, genl.SERVICE_DELETE,
                                  genl.SERVICE_SET)), genl.service(mark))
            lb.ask(random.choice((genl.BACKEND_ADD, genl.BACKEND_DELETE)),
                   genl.service(mark) + genl.backend(
                       '10.0.0.%d' % random.randrange(2, 9)))
            lb.dump(genl.BACKEND_GET)
        except genl.Refused as error:
            assert error.sentence, error
'''
    children = []
    for seed in range(3):
        with box.at():
            children.append(subprocess.Popen(
                ['python3', '-c', script, str(seed), str(1000 // SCALE)],
                stderr=subprocess.PIPE, text=True))
    for child in children:
        assert child.wait(300) == 0, child.stderr.read()
        child.stderr.close()
    fill(box)
    assert len(state(box)[0]) == 2


def test_many_services(box):
    """A thousand services with a backend each; the dump is complete."""
    number = 1000 // (4 if DEBUG else 1)
    with box.at(), genl.Genl('dsr') as lb:
        for mark in range(10, 10 + number):
            lb.ask(genl.SERVICE_ADD, genl.service(mark))
            lb.ask(genl.BACKEND_ADD, genl.service(mark) +
                   genl.backend('10.0.0.2'))
        assert len(lb.dump(genl.SERVICE_GET)) == number + 2
        assert len(lb.dump(genl.BACKEND_GET)) == number + 4
        lb.ask(genl.SERVICE_FLUSH)
        assert lb.dump(genl.BACKEND_GET) == []
