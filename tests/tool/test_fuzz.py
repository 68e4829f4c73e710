# SPDX-License-Identifier: GPL-2.0
"""Replies that were truncated or altered.

The build is instrumented, so a read past the end of a reply ends dsrctl with a
report. Every command must end with a status of its own.

DSR_FUZZ_COUNT: number of replies; DSR_FUZZ_SEED: seed.
"""

import errno
import os
import random
import re

import pytest

import uapi as u
from fakekernel import Ack

COUNT = int(os.environ.get('DSR_FUZZ_COUNT', '6000'))
SEED = int(os.environ.get('DSR_FUZZ_SEED', '1'))
COMMANDS = ['service show', 'service show fwmark 1', 'backend show',
            'connection show', 'connection show src 10.10.31.200:1 limit 2',
            'path show', 'real show', 'real silence', 'flow show', 'stats',
            'show', 'service add fwmark 1',
            'service show vip 10.10.31.100', 'connection show sort expires',
            'explain 10.0.0.1:1 10.0.0.2:80 mark 1']
LENGTHS = [0, 1, 2, 3, 4, 5, 7, 8, 0x7f, 0xff, 0x7fff, 0x8000, 0xffff]


class Mutator:
    """Alter packets, and remember the last ones to reproduce a failure."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.last = None
        self.count = 0

    def once(self, packet):
        rng, data = self.random, bytearray(packet)
        if not data:
            return data
        at = rng.randrange(len(data))
        how = rng.randrange(6)
        if how == 0:                    # the packet is truncated
            del data[at:]
        elif how == 1:                  # truncated, with MSG_TRUNC
            del data[at:]
            if len(data) >= 16:
                data[0:4] = len(data).to_bytes(4, 'little')
        elif how == 2:                  # any byte
            data[at] = rng.randrange(256)
        elif how == 3:                  # a length or type of an attribute
            at &= ~3
            value = rng.choice(LENGTHS).to_bytes(2, 'little')
            data[at:at + 2] = value
        elif how == 4:                  # bytes are missing
            del data[at:at + rng.randrange(1, 9)]
        else:                           # bytes are repeated
            data[at:at] = data[at:at + rng.randrange(1, 65)]
        return data

    def __call__(self, packets):
        packets = list(packets)
        for _ in range(self.random.choice([1, 1, 1, 2, 8])):
            i = self.random.randrange(len(packets))
            packets[i] = bytes(self.once(packets[i]))
        self.count += 1
        self.last = packets
        return packets


def check(result, mutator):
    assert result.status in (0, 2), (
        [p.hex() for p in mutator.last], result)
    assert not re.search('runtime error|Sanitizer', result.err), result.err
    allowed = re.compile(
        r'dsrctl: -:\d+: (warning: )?('
        r"the kernel's answer is malformed: .*|"
        r'cannot talk to the kernel: .*|'
        r'the configuration changes faster than .*|'
        r'permission denied: .*|'
        r'[a-z]+( [a-z]+)?: .*|'
        r'[ -~]*)')
    for line in result.err.splitlines():
        assert allowed.fullmatch(line), line


@pytest.mark.parametrize('options', ['', '-j', '-s -j -p', '-s'])
def test_replies(fake, kernel, options):
    kernel.mutate = mutator = Mutator(f'{SEED}{options}')
    batch = ''.join(f'{mutator.random.choice(COMMANDS)}\n'
                    for _ in range(COUNT // 4))
    check(fake(options, '-f -b -', stdin=batch, timeout=600), mutator)
    assert mutator.count >= COUNT // 4


def test_acks(fake, kernel):
    """Refusals with all possible attributes."""
    kernel.answers['dsr', u.DSR_CMD_SERVICE_ADD] = [
        Ack(errno.EINVAL, 'a sentence', 24, (0, 65535), capped)
        for capped in (True, False) * (COUNT // 8)]
    kernel.mutate = mutator = Mutator(SEED)
    check(fake('-f -b -', stdin='service add fwmark 1\n' * (COUNT // 4),
               timeout=600), mutator)


def test_families(fake, kernel):
    """Answers of the controller."""
    kernel.mutate = mutator = Mutator(SEED)
    kernel.mutate_controller = True
    check(fake('-f -b -', stdin='service add fwmark 1\nshow\n' * (COUNT // 16),
               timeout=600), mutator)
    assert mutator.count >= COUNT // 16


@pytest.mark.parametrize('options', ['', '-j'])
def test_events(fake, kernel, options):
    """Events, and the end of the watch."""
    kernel.mutate = mutator = Mutator(f'{SEED}{options}')
    # only after the join, not in the answers before
    kernel.mutate_controller = None
    count = COUNT // 32
    check(fake(options, '-f -b -', stdin='monitor\n' * count, timeout=600),
          mutator)
    assert mutator.count >= count


def test_random_bytes(fake, kernel):
    rng = random.Random(SEED)
    mutator = Mutator(SEED)

    def noise(_):
        mutator.last = [rng.randbytes(rng.randrange(1, 300))]
        return mutator.last

    kernel.mutate = noise
    batch = ''.join(f'{rng.choice(COMMANDS)}\n' for _ in range(COUNT // 8))
    check(fake('-f -b -', stdin=batch, timeout=600), mutator)
