# SPDX-License-Identifier: GPL-2.0
"""The configuration file: apply and save."""

import errno
import json
import os
import random

import pytest

import sample
import uapi as u
from conftest import TOOL
from fakekernel import (FAMILIES, RTM_GETROUTE, RTM_NEWROUTE, Ack, Objects,
                        Reply, parse_attrs, u8, u32)

CHANGES = (u.DSR_CMD_SERVICE_ADD, u.DSR_CMD_SERVICE_REPLACE,
           u.DSR_CMD_SERVICE_SET, u.DSR_CMD_SERVICE_DELETE,
           u.DSR_CMD_BACKEND_ADD, u.DSR_CMD_BACKEND_REPLACE,
           u.DSR_CMD_BACKEND_SET, u.DSR_CMD_BACKEND_DELETE)


@pytest.fixture
def apply(fake, tmp_path):
    """apply(text, words): dsrctl apply, with the text as dsr.yaml."""
    def call(text, *words, **kwargs):
        path = tmp_path / 'dsr.yaml'
        path.write_text(text)
        result = fake('apply', *words, [str(path)], **kwargs)
        result.err = result.err.replace(f'{tmp_path}/', '')
        return result
    return call


@pytest.fixture
def empty(kernel):
    """The modules are loaded and have nothing."""
    for cmd in (u.DSR_CMD_SERVICE_GET, u.DSR_CMD_BACKEND_GET,
                u.DSR_CMD_PATH_GET):
        kernel.answers['dsr', cmd] = Reply()
    for cmd in (u.DSR_RS_CMD_RULE_GET, u.DSR_RS_CMD_SILENCE_GET):
        kernel.answers['dsr_rs', cmd] = Reply()
    return kernel


def commands(kernel):
    """Requests that change something."""
    return [request.cmd for request in kernel.requests
            if request.kind == FAMILIES['dsr'] and request.cmd in CHANGES]


def test_save(fake, golden):
    golden('save.yaml', fake('save').check(0).out)


def test_round_trip(fake, kernel, apply):
    """What save prints, apply has nothing to change of."""
    # a device of this machine, and no TOS that only other programs can set
    kernel.answers['dsr', u.DSR_CMD_PATH_GET] = Reply(sample.path(
        1, 60000, u.DSR_PATH_VIA_XDP))
    kernel.answers['dsr', u.DSR_CMD_SERVICE_GET] = Reply(*(
        service for service in sample.SERVICES
        if service not in (sample.SERVICES[2], sample.SERVICES[3])))
    kernel.answers['dsr', u.DSR_CMD_BACKEND_GET] = Reply(*(
        sample.backend(1, f'10.10.30.{n}', weight=n, upper=n, lower=n // 2,
                       admin=n % 3) for n in range(5)))
    kernel.answers['dsr_rs', u.DSR_RS_CMD_RULE_GET] = Reply(*(
        rule for rule in sample.RULES if b'\x02\0\0\0' not in rule[:40]))
    kernel.requests.clear()
    text = fake('save').check(0).out
    assert apply(text).check(0).out == 'changed 0\n'
    assert not commands(kernel)
    assert 'via: xdp' in text
    assert apply(text.replace('recheck: 1m', 'recheck: 2m'), 'dry-run').check(
        0).out == '~ path dev lo recheck 1m -> 2m\nwould change 1\n'


HEAD = 'services:\n  - fwmark: 1\n    '

# text, and the messages about it
MISTAKES = {
    HEAD + 'weight: 1\n...\n': [
        "3:5: unknown key 'weight': expected backends, fwmark, family, vip, "
        'proto, port, scheduler, path, tos, hash, table-size, choices, '
        'ping, one-packet, on-down, on-unreachable, chances, persist, '
        'persist-prefix, probe-marks, timeout-syn, timeout-established, '
        'timeout-fin, timeout-closed, timeout-udp or force'],
    HEAD + 'backends:\n      - {via: 10.0.0.1, weight: two}\n...\n': [
        "4:33: weight 'two' is not a number: write a decimal number without "
        'leading zeros, or a hexadecimal one with 0x'],
    HEAD + 'backends:\n      - weight: 2\n...\n': ['4:9: via is missing'],
    HEAD + 'backends:\n      - {via: 10.0.0.1, vip: 10.0.0.2}\n...\n': [
        "4:25: unknown key 'vip': expected via, weight, upper, lower, up, "
        'down, draining or force'],
    HEAD + 'backends:\n      - {via: 10.0.0.1, down: maybe}\n...\n': [
        '4:31: down is yes or no'],
    HEAD + 'backends: 10.0.0.1\n...\n': [
        '3:15: backends is a list: write [] if it is empty'],
    HEAD + 'vip: 10.0.0.1\n...\n': [
        '2:5: fwmark and vip exclude each other'],
    HEAD + 'path: up\n    ping: on\n...\n': [
        "3:11: unknown path 'up': expected stack or direct"],
    'services:\n  - fwmark: 1\n  - fwmark: 0x1\n...\n': [
        '3:5: service fwmark 1 is also at dsr.yaml:2:5'],
    'services:\n...\n': [
        '1:10: services is a list: write [] if it is empty'],
    'services: [web]\n...\n': [
        '1:12: a list of keys and values is missing'],
    'service: []\nrule: []\n...\n': [
        f"{line}: unknown key '{name}': expected include, services, "
        'other-services, removed-backends, connections, paths, rules, silence '
        'or flows' for line, name in (('1:1', 'service'), ('2:1', 'rule'))],
    'services: []\n': [
        "2:1: the file does not end with a line '...': it may have been cut "
        'short'],
    '': ['1:1: the file is empty'],
    '...\n': ['1:1: did not find expected node content while parsing a block '
              'node'],
    'services: [}\n...\n': [
        '1:12: did not find expected node content while parsing a flow node'],
    '\tservices: []\n...\n': [
        '1:1: found character that cannot start any token while scanning for '
        'the next token'],
    'services: []\nservices: []\n...\n': ['2:1: services is given twice'],
    'services: &a []\npaths: *a\n...\n': [
        '1:11: anchors and tags are not supported'],
    'paths: *a\n...\n': ['1:8: aliases are not supported'],
    'services: !!map []\n...\n': ['1:11: anchors and tags are not supported'],
    '- services\n...\n': [
        "1:1: the file has no keys: it begins with one like 'services:'"],
    'services: []\n...\n---\npaths: []\n...\n': [
        '3:1: the file has more than one document'],
    'paths: ["\\e[31m"]\n...\n': [
        '1:9: this word has a character that is no printable ASCII character'],
    'paths: [[[[[[[[[[]]]]]]]]]]\n...\n': [
        '1:15: lists and maps are nested too deeply'],
    'paths: [none9]\n...\n': ["1:9: there is no device 'none9'"],
    'removed-backends: wait\n...\n': [
        '1:19: removed-backends is delete, drain or drain TIME'],
    'removed-backends: drain soon\n...\n': [
        "1:19: deadline 'soon' is not a time: write a time like 500ms, 30s, "
        '10m, 2h, 1d or 1h30m; a number without a unit means seconds'],
    'other-services: no\n...\n': ['1:17: other-services is delete or keep'],
    'connections: {max: many}\n...\n': [
        "1:20: max 'many' is not a number: write a decimal number without "
        'leading zeros, or a hexadecimal one with 0x'],
    'connections: {}\n...\n': [
        '1:14: nothing to set: give max or timeouts'],
    'rules:\n  - vip: 10.0.0.1\n    tos: 4\n...\n': [
        '2:5: vip, tos and dscp exclude each other'],
    'silence:\n  - dev: eth0\n...\n': ['2:5: address is missing'],
    'silence:\n  - {address: 10.0.0.1, dev: [a, [b]]}\n...\n': [
        '2:34: dev takes a word'],
    'include: none.yaml\n...\n': None,
}


@pytest.mark.parametrize('text', MISTAKES)
def test_mistake(apply, kernel, text):
    """Each is told with its place, and nothing is changed."""
    result = apply(text)
    assert result.status == 1 and not result.out, result
    if MISTAKES[text] is None:
        assert "cannot open '" in result.err
    else:
        assert result.err == ''.join(f'dsrctl: dsr.yaml:{line}\n'
                                     for line in MISTAKES[text])
    assert not kernel.requests


def test_all_mistakes(apply):
    """All are told, up to a limit."""
    text = ''.join(f'  - fwmark: {n}x\n' for n in range(30))
    lines = apply(f'services:\n{text}...\n').err.splitlines()
    assert len(lines) == 21
    assert lines[19].startswith('dsrctl: dsr.yaml:21:13: fwmark ')
    assert lines[20] == 'dsrctl: and 10 more mistakes'


GOOD = """\
# two services
removed-backends: drain 30s
services:
  - fwmark: 1
    scheduler: wrr
    backends:
      - 10.10.30.101            # an address alone
      - via: 10.10.30.102
        weight: 2
  - vip: 2001:db8::1
    proto: tcp
    port: 80
    scheduler: mh
    backends: []
paths: [lo]
...
"""


def test_cut_short(apply, kernel):
    """No part of a file is taken for a file."""
    lines = [at + 1 for at, c in enumerate(GOOD[:-5]) if c == '\n']
    for end in [0, *lines, *range(7, len(GOOD) - 5, 23)]:
        result = apply(GOOD[:end])
        assert result.status == 1, GOOD[:end]
        assert 'dsrctl: dsr.yaml:' in result.err
    assert not kernel.requests


def test_add(apply, empty):
    result = apply(GOOD).check(0)
    assert result.out == """\
+ service fwmark 1 scheduler wrr
+ service vip 2001:db8::1 proto tcp port 80 scheduler maglev
+ backend fwmark 1 via 10.10.30.101 weight 1
+ backend fwmark 1 via 10.10.30.102 weight 2
+ path dev lo
changed 5
"""
    assert commands(empty) == [u.DSR_CMD_SERVICE_ADD] * 2 + [
        u.DSR_CMD_BACKEND_ADD] * 2


def test_default(apply, empty):
    """A service without options has those of the kernel."""
    text = 'services: [{fwmark: 1}]\n...\n'
    assert apply(text).check(0).out == (
        '+ service fwmark 1 scheduler rr\nchanged 1\n')
    empty.answers['dsr', u.DSR_CMD_SERVICE_GET] = Reply(
        sample.service(1, 'rr'))
    assert apply(text).check(0).out == 'changed 0\n'


def test_dry_run(apply, empty):
    for words in (['dry-run'], ['--dry-run']):
        result = apply(GOOD, *words).check(0)
        assert result.out.splitlines()[-1] == 'would change 5'
    assert not commands(empty)


def test_change(apply, kernel):
    kernel.answers['dsr', u.DSR_CMD_SERVICE_GET] = Reply(
        sample.service(1, 'maglev', backends=3, options=[
            u8(u.DSR_SERVICE_A_HASH, u.DSR_HASH_SOURCE_PORT)]),
        sample.service(9))
    kernel.answers['dsr', u.DSR_CMD_BACKEND_GET] = Reply(
        sample.backend(1, '10.10.30.101', weight=7),
        sample.backend(1, '10.10.30.102', weight=2, admin=1),
        sample.backend(1, '10.10.30.103'),
        sample.backend(1, '10.10.30.104', admin=1, deadline=9000),
        sample.backend(1, '10.10.30.105', admin=2),
        sample.backend(9, '10.10.30.103'))
    result = apply(GOOD.replace('paths: [lo]\n', '')).check(0)
    assert result.out == """\
- service fwmark 9
~ service fwmark 1 scheduler maglev -> wrr
+ service vip 2001:db8::1 proto tcp port 80 scheduler maglev
~ backend fwmark 1 via 10.10.30.101 weight 7 -> 1
~ backend fwmark 1 via 10.10.30.102 draining yes -> -
- backend fwmark 1 via 10.10.30.103 (drains for 30s)
- backend fwmark 1 via 10.10.30.105
changed 7
"""
    assert commands(kernel) == [
        u.DSR_CMD_SERVICE_DELETE, u.DSR_CMD_SERVICE_SET,
        u.DSR_CMD_SERVICE_ADD, u.DSR_CMD_BACKEND_SET,
        u.DSR_CMD_BACKEND_SET, u.DSR_CMD_BACKEND_SET,      # the last drains
        u.DSR_CMD_BACKEND_DELETE]


KEYS = {u.DSR_SERVICE_A_FWMARK, u.DSR_SERVICE_A_FAMILY, u.DSR_SERVICE_A_VIP,
        u.DSR_SERVICE_A_PROTO, u.DSR_SERVICE_A_PORT, u.DSR_SERVICE_A_PORT_LAST}


def test_newer_module(apply, kernel):
    """Options that dsrctl does not know stay: only those that it knows are set,
    each of them, to the file's values or to the defaults."""
    kernel.answers['dsr', u.DSR_CMD_PATH_GET] = Reply()
    kernel.answers['dsr', u.DSR_CMD_SERVICE_GET] = Reply(sample.service(
        1, 'maglev', path=1, tos=4, mask=0xfc, backends=1, options=[
            u32(u.DSR_SERVICE_A_FWMARK_MASK, 0xff),
            u32(u.DSR_SERVICE_A_PERSIST, 5000),
            u8(u.DSR_SERVICE_A_PERSIST_PREFIX, 24),
            u32(u.DSR_SERVICE_A_MAX + 1, 7)]))
    kernel.answers['dsr', u.DSR_CMD_BACKEND_GET] = Reply(sample.backend(
        1, '10.10.30.101', weight=3, upper=9, lower=2, admin=2))
    kernel.requests.clear()
    apply('services: [{fwmark: 1, persist: 9s, backends: [10.10.30.101]}]\n...\n'
          ).check(0)
    service, backend = (one for one in kernel.requests
                        if one.kind == FAMILIES['dsr'] and one.cmd in CHANGES)
    assert (service.cmd, backend.cmd) == (u.DSR_CMD_SERVICE_SET,
                                          u.DSR_CMD_BACKEND_SET)
    values = service.nest(u.DSR_A_SERVICE)
    # counters, and what is no option
    counted = {u.DSR_SERVICE_A_BACKENDS, u.DSR_SERVICE_A_STATS}
    assert set(values) | KEYS | counted == set(
        range(1, u.DSR_SERVICE_A_MAX + 1)), values
    assert values[u.DSR_SERVICE_A_FWMARK_MASK] == b'\xff' * 4
    assert values[u.DSR_SERVICE_A_SCHEDULER] == b'rr\0'
    assert values[u.DSR_SERVICE_A_PERSIST_PREFIX] == bytes([32])
    assert values[u.DSR_SERVICE_A_TOS_MASK] == b'\0'
    assert backend.nest(u.DSR_A_BACKEND) == {
        u.DSR_BACKEND_A_ADDR: bytes([10, 10, 30, 101]),
        u.DSR_BACKEND_A_WEIGHT: b'\1\0\0\0', u.DSR_BACKEND_A_UPPER: bytes(4),
        u.DSR_BACKEND_A_LOWER: bytes(4), u.DSR_BACKEND_A_ADMIN: b'\0'}


def test_newer_rule(apply, kernel):
    """A rule can only be replaced: a warning says what that resets."""
    kernel.answers['dsr_rs', u.DSR_RS_CMD_RULE_GET] = Reply(
        sample.rule(sample.VIP, more=[u32(u.DSR_RULE_A_MAX + 1, 7)]),
        sample.rule('10.10.31.110', mode=u.DSR_RULE_MODE_REDIRECT))
    kernel.answers['dsr_rs', u.DSR_RS_CMD_SILENCE_GET] = Reply()
    text = 'rules: [{vip: %s, mark: 7}, {vip: 10.10.31.110, mark: 7}]\n...\n'
    warning = (f'dsrctl: dsr.yaml:1:9: warning: real vip {sample.VIP} has options '
               'of a newer module, which this dsrctl does not know, and the change '
               "resets them: use the dsrctl of the module's version\n")
    for words in ([], ['dry-run']):
        assert apply(text % sample.VIP, *words).check(0, warning)
    # it stays as it is
    assert apply('rules: [{vip: %s}, {vip: 10.10.31.110}]\n...\n' %
                 sample.VIP).check(0).out == 'changed 0\n'


def test_draining(fake, apply, kernel):
    """A backend that drains is saved as such, and stays so: it is not deleted."""
    kernel.answers['dsr', u.DSR_CMD_PATH_GET] = Reply()
    kernel.answers['dsr', u.DSR_CMD_SERVICE_GET] = Reply(sample.service(1))
    kernel.answers['dsr', u.DSR_CMD_BACKEND_GET] = Reply(
        sample.backend(1, '10.10.30.101', admin=1, deadline=9000),
        sample.backend(1, '10.10.30.102'))
    whole = fake('save').check(0).out
    text = whole[whole.index('services:'):whole.index('flows:')] + '...\n'
    assert text.count('draining: yes') == 1
    assert apply(text).check(0).out == 'changed 0\n'
    # elsewhere, and where it has gone meanwhile
    kernel.answers['dsr', u.DSR_CMD_BACKEND_GET] = Reply(
        sample.backend(1, '10.10.30.102'))
    kernel.requests.clear()
    assert apply(text).check(0).out == (
        '+ backend fwmark 1 via 10.10.30.101 weight 1 draining\nchanged 1\n')
    request, = (one for one in kernel.requests
                if one.cmd == u.DSR_CMD_BACKEND_ADD and
                one.kind == FAMILIES['dsr'])
    assert request.nest(u.DSR_A_BACKEND)[u.DSR_BACKEND_A_ADMIN] == bytes(
        [u.DSR_BACKEND_DRAINING])
    kernel.answers['dsr', u.DSR_CMD_BACKEND_GET] = Reply(
        sample.backend(1, '10.10.30.101'), sample.backend(1, '10.10.30.102'))
    assert apply(text).check(0).out == (
        '~ backend fwmark 1 via 10.10.30.101 draining - -> yes\nchanged 1\n')


def test_exchange(apply, kernel):
    """A backend goes after the one that replaces it has come."""
    kernel.answers['dsr', u.DSR_CMD_SERVICE_GET] = Reply(
        sample.service(1, 'rr', backends=2))
    kernel.answers['dsr', u.DSR_CMD_BACKEND_GET] = Reply(
        sample.backend(1, '10.10.30.101'),
        sample.backend(1, '10.10.30.102', admin=2),
        sample.backend(1, '10.10.30.103'))
    assert apply("""\
services:
  - fwmark: 1
    scheduler: rr
    backends:
      - {via: 10.10.30.101, weight: 0}
      - 10.10.30.102
      - 10.10.30.104
...
""").check(0).out == """\
~ backend fwmark 1 via 10.10.30.102 down yes -> -
+ backend fwmark 1 via 10.10.30.104 weight 1
~ backend fwmark 1 via 10.10.30.101 weight 1 -> 0
- backend fwmark 1 via 10.10.30.103
changed 4
"""


def test_other_services(apply, kernel):
    """Services that no file lists stay if the file says so."""
    kept = apply('other-services: keep\nservices: []\n...\n').check(0)
    assert kept.out == 'changed 0\n'
    gone = apply('services: []\n...\n', 'dry-run').check(0)
    assert gone.out.count('- service ') == len(sample.SERVICES)


def test_no_section(apply, kernel):
    """What the file has no key for stays as it is."""
    assert apply('paths: [lo]\n...\n', 'dry-run').out.count('service') == 0


def test_json(fake, empty, tmp_path):
    path = tmp_path / 'dsr.yaml'
    path.write_text(GOOD)
    document = json.loads(fake('-j', 'apply', [str(path)]).check(0).out)
    assert (document['changed'], document['dry_run']) == (5, False)
    assert document['changes'][0] == {
        'change': 'add', 'object': 'service', 'name': 'fwmark 1',
        'before': None, 'after': 'fwmark 1 scheduler wrr'}
    document = json.loads(
        fake('-j', 'apply', 'dry-run', [str(path)]).check(0).out)
    assert (document['changed'], document['dry_run']) == (0, True)
    assert len(document['changes']) == 5


def test_refused(fake, apply, empty, tmp_path):
    """The kernel's sentence has the place of the object, and what was made is
    printed."""
    answers = [Ack(), Ack(errno.ENOENT, 'no such scheduler')]
    empty.answers['dsr', u.DSR_CMD_SERVICE_ADD] = list(answers)
    result = apply(GOOD)
    assert (result.status, result.out) == (
        2, '+ service fwmark 1 scheduler wrr\nchanged 1 of 5\n')
    assert result.err == 'dsrctl: dsr.yaml:10:5: no such scheduler\n'
    empty.answers['dsr', u.DSR_CMD_SERVICE_ADD] = list(answers)
    result = fake('-j', 'apply', [str(tmp_path / 'dsr.yaml')])
    document = json.loads(result.out)
    assert (result.status, document['changed'],
            len(document['changes'])) == (2, 1, 1)


@pytest.fixture
def modern(empty):
    """A dsr_lb that has transactions, and no object."""
    empty.answers['dsr', u.DSR_CMD_STATS_GET] = Reply(
        sample.LB_STATS + u32(u.DSR_A_GENERATION, 7))
    empty.answers['dsr', u.DSR_CMD_TRANSACTION] = Ack()
    return empty


def transactions(kernel):
    """The changes of each transaction: (command, attributes)."""
    found = []
    for request in kernel.requests:
        if (request.kind, request.cmd) != (FAMILIES['dsr'],
                                           u.DSR_CMD_TRANSACTION):
            continue
        assert request.attrs[0][::2] == (u.DSR_A_GENERATION, b'\7\0\0\0')
        changes = [parse_attrs(payload) for kind, nested, payload in
                   request.attrs[1:] if kind == u.DSR_A_CHANGE and nested]
        assert len(changes) == len(request.attrs) - 1
        found.append([(one[0][2][0], [kind for kind, _, _ in one[1:]])
                      for one in changes])
    return found


def test_transaction(apply, modern):
    """Services and backends change in one request, other objects after it."""
    result = apply(GOOD).check(0)
    assert result.out.endswith('\nchanged 5\n') and not commands(modern)
    service, both = [u.DSR_CHANGE_A_SERVICE], [u.DSR_CHANGE_A_SERVICE,
                                               u.DSR_CHANGE_A_BACKEND]
    assert transactions(modern) == [[
        (u.DSR_CMD_SERVICE_ADD, service), (u.DSR_CMD_SERVICE_ADD, service),
        (u.DSR_CMD_BACKEND_ADD, both), (u.DSR_CMD_BACKEND_ADD, both)]]
    assert [r.cmd for r in modern.requests if r.generic][-1] == (
        u.DSR_CMD_PATH_ADD)


def test_transaction_refused(apply, modern):
    """The refusal of one change has its place, and nothing is made."""
    def refuse(request):
        at = 20 + sum(4 + (len(payload) + 3 & ~3)
                      for _, _, payload in request.attrs[:2])
        return Ack(errno.ENOENT, 'no such scheduler', offset=at)
    modern.answers['dsr', u.DSR_CMD_TRANSACTION] = refuse
    result = apply(GOOD)
    assert (result.status, result.out) == (2, 'changed 0 of 5\n')
    assert result.err == 'dsrctl: dsr.yaml:10:5: no such scheduler\n'
    assert [r.cmd for r in modern.requests if r.generic][-1] == (
        u.DSR_CMD_TRANSACTION)


def test_transaction_keyword(apply, modern):
    """The generic checks of the kernel name the attribute within a change."""
    def refuse(request):
        data, at = request.data, 20 + 8 + 4 + 8 + 4
        while data[at + 2] != u.DSR_SERVICE_A_SCHEDULER:
            at += data[at] + 3 & ~3
        return Ack(errno.ERANGE, 'integer out of range', offset=at,
                   bounds=(1, 9))
    modern.answers['dsr', u.DSR_CMD_TRANSACTION] = refuse
    assert apply(GOOD).err == (
        'dsrctl: dsr.yaml:4:5: integer out of range (scheduler: 1 to 9)\n')


def test_transaction_outdated(apply, modern):
    """If another program was faster, the file is compared again."""
    again = Ack(errno.EAGAIN, 'the configuration has changed')
    modern.answers['dsr', u.DSR_CMD_TRANSACTION] = [again, again, Ack()]
    assert apply(GOOD).check(0).out.endswith('\nchanged 5\n')
    assert len(transactions(modern)) == 3
    modern.answers['dsr', u.DSR_CMD_TRANSACTION] = again
    result = apply(GOOD)
    assert (result.status, result.out) == (2, 'changed 0 of 5\n')
    assert 'changes faster than dsrctl can apply' in result.err


@pytest.mark.parametrize('answer, words, warning', [
    (Ack(errno.EOPNOTSUPP), (), ''),
    (Ack(errno.EMSGSIZE), (), '4 changes are too many for one transaction'),
    (Ack(errno.EHOSTUNREACH, 'no route'), ('wait', '1m'), '')])
def test_no_transaction(apply, modern, answer, words, warning):
    """What cannot be made at once is made by one command each."""
    modern.answers['dsr', u.DSR_CMD_TRANSACTION] = answer
    result = apply(GOOD, *words)
    assert result.status == 0 and result.out.endswith('\nchanged 5\n')
    assert len(commands(modern)) == 4 and len(transactions(modern)) == 1
    assert warning in result.err and bool(warning) == bool(result.err)


OUT = HEAD + 'backends:\n      - {via: 10.0.0.1, weight: 0}\n' \
             '      - {via: 10.0.0.2, down: yes}\n...\n'


def test_out_of_service(apply, kernel):
    """A backend that takes no connections needs no service that is there, and no
    module."""
    kernel.families = []
    assert apply(OUT, 'dry-run').check(0).out.endswith('would change 3\n')
    assert not [r for r in kernel.requests if r.kind in (
        FAMILIES['dsr'], FAMILIES['dsr_rs'])]


def test_last_backend(apply, kernel):
    """The file may take the last backend out while clients are connected."""
    kernel.answers['dsr', u.DSR_CMD_SERVICE_GET] = Reply(
        sample.service(1, 'rr'))
    kernel.answers['dsr', u.DSR_CMD_BACKEND_GET] = Reply(
        sample.backend(1, '10.0.0.1', active=3))
    assert apply(OUT).check(0).out == """\
~ backend fwmark 1 via 10.0.0.1 weight 1 -> 0
+ backend fwmark 1 via 10.0.0.2 weight 1 down
changed 2
"""
    assert apply(HEAD + 'backends: []\n...\n').check(0).out == (
        '- backend fwmark 1 via 10.0.0.1\nchanged 1\n')


def test_probe_marks(apply, kernel):
    """A backend may need the mark of one that goes."""
    kernel.answers['dsr', u.DSR_CMD_SERVICE_GET] = Reply(sample.service(
        1, 'rr', options=[u32(u.DSR_SERVICE_A_PROBE_MARKS, 1000)]))
    kernel.answers['dsr', u.DSR_CMD_BACKEND_GET] = Reply(
        sample.backend(1, '10.10.30.101'), sample.backend(1, '10.10.30.102'))
    assert apply(HEAD + 'probe-marks: 1000\n'
                 '    backends: [10.10.40.101]\n...\n').check(0).out == """\
- backend fwmark 1 via 10.10.30.101
+ backend fwmark 1 via 10.10.40.101 weight 1
- backend fwmark 1 via 10.10.30.102
changed 3
"""


def test_force(fake, apply, empty):
    """What a guard refuses takes the word, and save prints the word."""
    empty.objects[RTM_GETROUTE] = Objects(
        RTM_NEWROUTE, sample.route('10.10.31.11', 1, kind=2))
    text = 'services:\n  - vip: 10.10.31.11\n    scheduler: rr\n{}' \
           '    backends:\n      - via: 10.10.31.11\n        weight: 1\n{}...\n'
    result = apply(text.format('', ''))
    assert result.status == 1 and 'add \'force\'' in result.err
    assert not commands(empty)
    forced = text.format('    force: yes\n', '        force: yes\n')
    assert apply(forced).check(0).out.endswith('changed 2\n')
    assert len(commands(empty)) == 2
    empty.answers['dsr', u.DSR_CMD_SERVICE_GET] = Reply(
        sample.service('vip 10.10.31.11'))
    empty.answers['dsr', u.DSR_CMD_BACKEND_GET] = Reply(
        sample.backend('vip 10.10.31.11', '10.10.31.11'))
    assert forced.replace('...\n', '') in fake('save').check(0).out


@pytest.mark.parametrize('name', ['a,b', '"', '#', '-', '...', '\\', '[x]', '~'])
def test_device_name(fake, apply, kernel, name):
    """A device has any name."""
    kernel.answers['dsr_rs', u.DSR_RS_CMD_SILENCE_GET] = Reply(
        sample.silence('10.10.31.100', [name]))
    text = fake('save').check(0).out
    silence = 'silence:' + text.split('silence:')[1]
    assert apply(silence).check(0).out == 'changed 0\n'


LATE = GOOD.replace('[lo]', '[none9]')
NO_ROUTE = Ack(errno.EHOSTUNREACH, 'no route to the backend')
WAITS = 'backend fwmark 1 via 10.10.30.10{} waits up to {} for a route'


def test_wait(apply, empty):
    """What has no route is tried again, and the rest does not wait for it."""
    empty.answers['dsr', u.DSR_CMD_BACKEND_ADD] = [NO_ROUTE, Ack()]
    result = apply(GOOD, 'wait', '1m').check(
        0, f'dsrctl: dsr.yaml:7:9: {WAITS.format(1, "1m")}\n')
    assert result.out.endswith('+ path dev lo\nchanged 5\n')
    assert commands(empty) == [u.DSR_CMD_SERVICE_ADD] * 2 + [
        u.DSR_CMD_BACKEND_ADD] * 3
    empty.requests.clear()
    assert apply(LATE, 'wait', '1m', 'dry-run').check(0).out.endswith(
        '+ path dev none9\nwould change 5\n')
    assert not commands(empty)


def test_wait_in_vain(apply, empty):
    """The end of the time tells what is missing, and why."""
    empty.answers['dsr', u.DSR_CMD_BACKEND_ADD] = NO_ROUTE
    result = apply(LATE, 'wait', '1ms').check(2, ''.join(
        f'dsrctl: dsr.yaml:{line}\n' for line in (
            '7:9: ' + WAITS.format(1, '1ms'), '8:9: ' + WAITS.format(2, '1ms'),
            '15:9: path dev none9 waits up to 1ms for the device',
            '7:9: no route to the backend', '8:9: no route to the backend',
            "15:9: path add: there is no device 'none9'")))
    assert result.out.endswith('maglev\nchanged 2 of 5\n')


def test_wait_refused(apply, empty):
    """Another refusal is told at once, and the rest is made."""
    empty.answers['dsr', u.DSR_CMD_SERVICE_ADD] = [
        Ack(errno.ENOENT, 'no such scheduler'), Ack()]
    result = apply(GOOD, 'wait', '1m').check(
        2, 'dsrctl: dsr.yaml:4:5: no such scheduler\n')
    assert result.out.endswith('+ path dev lo\nchanged 4 of 5\n')


def test_wait_kept(apply, empty):
    """A backend stays while the one that replaces it waits."""
    empty.answers['dsr', u.DSR_CMD_SERVICE_GET] = Reply(
        sample.service(1, 'rr', backends=1))
    empty.answers['dsr', u.DSR_CMD_BACKEND_GET] = Reply(
        sample.backend(1, '10.10.30.101'))
    empty.answers['dsr', u.DSR_CMD_BACKEND_ADD] = NO_ROUTE
    text = HEAD + 'scheduler: rr\n    backends: [10.10.30.102]\n...\n'
    result = apply(text, 'wait', '1ms')
    assert (result.status, result.out) == (2, 'changed 0 of 2\n')
    assert ('dsrctl: backend fwmark 1 via 10.10.30.101 stays up to 1ms for '
            'what replaces it\n') in result.err
    assert u.DSR_CMD_BACKEND_DELETE not in commands(empty)
    empty.answers['dsr', u.DSR_CMD_BACKEND_ADD] = [NO_ROUTE, Ack()]
    assert apply(text, 'wait', '1m').out == (
        '+ backend fwmark 1 via 10.10.30.102 weight 1\n'
        '- backend fwmark 1 via 10.10.30.101\nchanged 2\n')


def test_wait_weight(apply, empty):
    """So does one that is to get no new connections."""
    empty.answers['dsr', u.DSR_CMD_SERVICE_GET] = Reply(
        sample.service(1, 'rr', backends=1))
    empty.answers['dsr', u.DSR_CMD_BACKEND_GET] = Reply(
        sample.backend(1, '10.10.30.101', active=3))
    empty.answers['dsr', u.DSR_CMD_BACKEND_ADD] = NO_ROUTE
    result = apply(HEAD + 'backends:\n      - {via: 10.10.30.101, weight: 0}\n'
                   '      - 10.10.30.102\n...\n', 'wait', '1ms')
    assert (result.status, result.out) == (2, 'changed 0 of 2\n')
    assert ('dsr.yaml:4:9: backend fwmark 1 via 10.10.30.101 stays up to 1ms '
            'for what replaces it\n') in result.err
    assert u.DSR_CMD_BACKEND_REPLACE not in commands(empty)


@pytest.mark.parametrize('name', ['a b', 'a/b', 'a:b', '', 'a' * 16])
def test_never_a_device(apply, kernel, name):
    """No time is long enough for what is not the name of a device."""
    result = apply(f'paths: ["{name}"]\n...\n', 'wait', '1d')
    assert result.status == 1 and '1:9: ' in result.err, result
    assert not kernel.requests


def test_include(fake, empty, tmp_path):
    """Files beside the file, in alphabetical order, each whole."""
    (tmp_path / 'conf.d').mkdir()
    for name, mark in (('b', 2), ('a', 1)):
        (tmp_path / f'conf.d/{name}.yaml').write_text(
            f'services: [{{fwmark: {mark}}}]\n...\n')
    path = tmp_path / 'dsr.yaml'
    path.write_text('include: [conf.d/*.yaml, none.d/*.yaml]\n...\n')
    assert fake('apply', [str(path)]).check(0).out.endswith('changed 2\n')
    (tmp_path / 'conf.d/b.yaml').write_text('services: [{fwmark: 1}]\n...\n')
    fake('apply', [str(path)]).check(
        1, f'dsrctl: {tmp_path}/conf.d/b.yaml:1:12: service fwmark 1 is also '
        f'at {tmp_path}/conf.d/a.yaml:1:12\n')
    path.write_text('include: dsr.yaml\n...\n')
    fake('apply', [str(path)]).check(
        1, f'dsrctl: {path}:1:10: files include each other more than 8 deep\n')


def test_include_unreadable(apply, empty, tmp_path):
    """Files that cannot be listed are not taken for none."""
    (tmp_path / 'loop').symlink_to('loop')
    result = apply('include: loop/*.yaml\nservices: []\n...\n')
    assert (result.status, result.err) == (
        1, f"dsrctl: dsr.yaml:1:10: cannot read 'loop/*.yaml'\n")
    assert not commands(empty)


def test_manual(fake, empty, tmp_path):
    """The file of the manual is one."""
    with open(os.path.join(TOOL, 'dsrctl.8'), encoding='ascii') as file:
        page = file.read()
    text = page.split('# cat /etc/dsr/dsr.yaml\n')[1].split('lv1# ')[0]
    path = tmp_path / 'dsr.yaml'
    path.write_text(text.replace('\\-', '-').replace('\\&', ''))
    assert fake('apply', [str(path)]).check(0).out.endswith('changed 3\n')


def test_mutations(apply, empty):
    """No text does harm; the sanitizers watch."""
    chance = random.Random(19)
    pieces = ['{', '}', '[', ']', ':', '-', ' ', '\n', '"', '&', '*', '!',
              '...', '%', '\t', '0x', '#', '|', '>', '\x85', "'", '?', ',']
    for _ in range(50):
        text = GOOD
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(text))
            text = (text[:at] + chance.choice(pieces) +
                    text[at + chance.randint(0, 3):])
        result = apply(text, 'dry-run')
        assert result.status in (0, 1), text
        assert 'Sanitizer' not in result.err and 'rror' not in result.err
