# SPDX-License-Identifier: GPL-2.0
"""Messages to the family IPVS that no tool sends."""

import collections
import errno
import random
import struct

import pytest

import genl
import ipvs
import ipvs_messages as messages
from traffic import DEBUG

pytestmark = pytest.mark.smoke

SEED = 20061
# emulated machines take ten times as long for one
NUMBER = 100000 if DEBUG else 10000
# ip_vs requests a module for each name of a scheduler
COMPARED = 2000
BATCH = 50


@pytest.fixture
def box(site6):
    """lv1, with the addresses of the messages."""
    site6.lv1.ip('addr add 10.0.0.1/24 dev eth1')
    site6.undo.append(lambda: site6.lv1.ip('addr del 10.0.0.1/24 dev eth1'))
    return site6


def answers(sock, number, both):
    """[(mistake, errno, message)] of so many malformed messages."""
    source = messages.Malformed(SEED, both)
    found = []
    while len(found) < number:
        batch = {}
        for _ in range(min(BATCH, number - len(found))):
            wrong, command, payload, flags, version = next(source)
            message = sock.message(command, payload, flags | genl.NLM_F_ACK,
                                   version)
            batch[sock.sequence] = wrong, message
        sock.sock.send(b''.join(
            message.ljust((len(message) + 3) & ~3, b'\0')
            for _, message in batch.values()))
        errors = {}
        while len(errors) < len(batch):
            data = sock.sock.recv(1 << 16)
            kind, _, sequence = struct.unpack_from('HHI', data, 4)
            if kind == genl.NLMSG_ERROR:
                errors[sequence] = -struct.unpack_from('i', data, 16)[0]
        found += [(wrong, errors[sequence], message)
                  for sequence, (wrong, message) in batch.items()]
    return found


def taken(found):
    return [f'{wrong}: {message[16:].hex()}'
            for wrong, error, message in found if not error]


def test_malformed(box):
    """Each is refused, and changes nothing."""
    with ipvs.loaded(ipvs.peers()[1], box), box.lv1.at(), \
            genl.Genl('IPVS') as sock:
        messages.fill(sock)
        before = messages.state(sock)
        found = answers(sock, NUMBER, False)
        assert taken(found) == []
        assert messages.state(sock) == before
    counts = collections.Counter(wrong for wrong, _, _ in found)
    assert min(counts.values()) > NUMBER / 100, counts


def test_same_reason(box):
    """ip_vs refuses the same messages with the same errors."""
    found = []
    for kind in ipvs.peers():
        with ipvs.loaded(kind, box), box.lv1.at(), genl.Genl('IPVS') as sock:
            messages.fill(sock)
            before = messages.state(sock)
            found.append(answers(sock, COMPARED, True))
            assert taken(found[-1]) == []
            assert messages.state(sock) == before
    differ = collections.defaultdict(list)
    for (wrong, real, message), (_, ours, other) in zip(*found, strict=True):
        # except the family's number
        assert message[8:] == other[8:]
        if real != ours:
            differ[wrong, errno.errorcode[real], errno.errorcode[ours]].append(
                message[16:].hex())
    assert not differ, '\n'.join(
        f'{key}: {len(some)}, as {some[0]}' for key, some in differ.items())


def test_mutated(box):
    """Random messages are accepted or refused, and the table stays readable.
    """
    rand = random.Random(SEED)
    source = messages.Malformed(SEED)
    with ipvs.loaded(ipvs.peers()[1], box), box.lv1.at(), \
            genl.Genl('IPVS') as sock:
        messages.fill(sock)
        for number in range(NUMBER // 5):
            command, service, dest = source.good()
            if rand.random() < 0.2:
                command = rand.choice((
                    messages.ZERO, messages.SET_CONFIG, messages.GET_CONFIG,
                    messages.GET_INFO, messages.GET_DAEMON, messages.GET_DEST,
                    messages.NEW_DAEMON, messages.DEL_DAEMON))
            message = bytearray(sock.message(
                command, source.whole(service, dest),
                rand.choice((0, genl.NLM_F_ACK, genl.NLM_F_DUMP))))
            for _ in range(rand.randrange(1, 5)):
                at = rand.randrange(18, len(message))
                what = rand.randrange(4)
                if what == 0:
                    message[at] = rand.randrange(256)
                elif what == 1:
                    message[at] ^= 1 << rand.randrange(8)
                elif what == 2:
                    message[at:at] = rand.randbytes(rand.randrange(1, 9))
                elif len(message) > 28:
                    del message[at:at + rand.randrange(1, 9)]
            struct.pack_into('I', message, 0, len(message))
            sock.sock.send(bytes(message))
            if number % BATCH == BATCH - 1:
                drain(sock)
            if number % 1000 == 999:
                messages.state(sock)
                box.lv1.run('ipvsadm', '-Ln')
                messages.fill(sock)
        drain(sock)
        messages.fill(sock)
        assert len(messages.state(sock)) == 2 + len(messages.THERE)


def drain(sock):
    sock.sock.setblocking(False)
    try:
        while True:
            sock.sock.recv(1 << 18)
    except OSError:
        pass
    sock.sock.settimeout(20)
