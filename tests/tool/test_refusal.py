# SPDX-License-Identifier: GPL-2.0
"""Messages of the tool if the kernel refuses, warns, or answers nonsense."""

import errno
import json
import os
import struct
import subprocess

import pytest

import sample
import uapi as u
from fakekernel import (NLA_F_NESTED, Ack, Reply, attr, nest, parse_attrs, u8,
                        u32)

ADD = ('dsr', u.DSR_CMD_SERVICE_ADD)
BACKEND_ADD = ('dsr', u.DSR_CMD_BACKEND_ADD)
GET = ('dsr', u.DSR_CMD_SERVICE_GET)
SENTENCE = 'there is a service with this fwmark: change it with "set"'
MALFORMED = ("dsrctl: the kernel's answer is malformed: dsrctl and the loaded "
             "module are of different versions\n")


@pytest.mark.parametrize('capped', [True, False])
def test_sentence(fake, kernel, capped):
    kernel.answers[ADD] = Ack(errno.EEXIST, SENTENCE, capped=capped)
    fake('service add fwmark 1').check(2, f'dsrctl: {SENTENCE}\n')


@pytest.mark.parametrize('capped', [True, False])
def test_warning(fake, kernel, capped):
    kernel.answers[ADD] = Ack(0, 'the mark has few bits', capped=capped)
    fake('service add fwmark 1').check(
        0, 'dsrctl: warning: the mark has few bits\n')


def test_no_sentence(fake, kernel):
    for error, text in (
            (errno.EEXIST, 'service add: File exists'),
            (errno.EPERM, 'permission denied: this needs CAP_NET_ADMIN (run '
                          'dsrctl as root)'),
            (errno.EOPNOTSUPP, 'service add: the loaded module does not know '
                               'this command: the module is older than dsrctl'),
            (0x7fffffff, 'service add: Input/output error')):
        kernel.answers[ADD] = Ack(error)
        fake('service add fwmark 1').check(2, f'dsrctl: {text}\n')


def test_permission_with_sentence(fake, kernel):
    kernel.answers[ADD] = Ack(errno.EPERM, 'not in this namespace')
    fake('service add fwmark 1').check(2, 'dsrctl: not in this namespace\n')


def test_generic_check(fake, kernel):
    """The kernel's nlattr.c does not name the attribute, so dsrctl does."""
    def refuse(request):
        return Ack(errno.ERANGE, 'integer out of range',
                   request.offset(u.DSR_A_BACKEND, u.DSR_BACKEND_A_WEIGHT),
                   bounds=(0, 65535))
    kernel.answers[BACKEND_ADD] = refuse
    fake('backend add fwmark 1 via 10.10.30.101 weight 65536').check(
        2, 'dsrctl: integer out of range (weight: 0 to 65535)\n')


def test_own_check(fake, kernel):
    """The module's own sentence is printed unchanged."""
    def refuse(request):
        return Ack(errno.EINVAL, 'the weight is at most 65535',
                   request.offset(u.DSR_A_BACKEND, u.DSR_BACKEND_A_WEIGHT))
    kernel.answers[BACKEND_ADD] = refuse
    fake('backend add fwmark 1 via 10.10.30.101 weight 65536').check(
        2, 'dsrctl: the weight is at most 65535\n')


UNKNOWN = {
    'service add fwmark 1/2': ('dsr', u.DSR_CMD_SERVICE_ADD, u.DSR_A_SERVICE,
                               u.DSR_SERVICE_A_FWMARK_MASK, 'fwmark'),
    'service add fwmark 1 probe-marks 100':
        ('dsr', u.DSR_CMD_SERVICE_ADD, u.DSR_A_SERVICE,
         u.DSR_SERVICE_A_PROBE_MARKS, 'probe-marks'),
    'backend drain fwmark 1 via 10.0.0.1':
        ('dsr', u.DSR_CMD_BACKEND_SET, u.DSR_A_BACKEND, u.DSR_BACKEND_A_ADMIN,
         'up, down or drain'),
    'path add dev lo recheck 1s': ('dsr', u.DSR_CMD_PATH_ADD, u.DSR_A_PATH,
                                   u.DSR_PATH_A_RECHECK, 'recheck'),
    'path add dev lo via xdp': ('dsr', u.DSR_CMD_PATH_ADD, u.DSR_A_PATH,
                                u.DSR_PATH_A_LINK, 'via'),
    'explain 10.0.0.1:1 10.0.0.2:2 middle':
        ('dsr', u.DSR_CMD_EXPLAIN, u.DSR_A_EXPLAIN, u.DSR_EXPLAIN_A_MIDDLE,
         'middle'),
    'real add tos 4 from 10.0.0.1 clear':
        ('dsr_rs', u.DSR_RS_CMD_RULE_ADD, u.DSR_A_RULE, u.DSR_RULE_A_CLEAR,
         'clear'),
}


@pytest.mark.parametrize('text', ['Unknown attribute type',
                                  'Unsupported attribute'])
@pytest.mark.parametrize('line', UNKNOWN)
def test_older_module(fake, kernel, line, text):
    """The sentence names the keyword that the module does not know."""
    family, cmd, outer, inner, keyword = UNKNOWN[line]
    kernel.answers[family, cmd] = lambda request: Ack(
        errno.EINVAL, text, request.offset(outer, inner))
    fake(line).check(
        2, f"dsrctl: the loaded module does not know '{keyword}': the module "
           "is older than dsrctl, see 'dsrctl -V'\n")


def test_older_module_without_an_offset(fake, kernel):
    kernel.answers[ADD] = Ack(errno.EINVAL, 'Unknown attribute type')
    fake('service add fwmark 1').check(
        2, 'dsrctl: the loaded module does not know all of this command: the '
        "module is older than dsrctl, see 'dsrctl -V'\n")


def version(binary, *loaded):
    """dsrctl -V with these modules loaded, each with its version."""
    script = 'mount -t tmpfs none /sys || exit; mkdir /sys/module\n'
    for module, number in loaded:
        script += f'mkdir /sys/module/{module}\n'
        if number:
            script += f'echo {number} >/sys/module/{module}/version\n'
    result = subprocess.run(
        ['unshare', '--mount', '--propagation=unchanged', 'sh', '-c',
         script + 'exec "$@" -V', 'sh', binary],
        capture_output=True, text=True, check=True)
    return result.stdout.splitlines(), result.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason='needs root')
def test_versions(fake_binary):
    own = u.DSR_VERSION
    advice = 'install both from the same sources, and load the module anew'
    assert version(fake_binary) == ([f'dsrctl {own}'], '')
    assert version(fake_binary, ('dsr_lb', own), ('dsr_rs', own)) == (
        [f'dsrctl {own}', f'dsr_lb {own}', f'dsr_rs {own}'], '')
    assert version(fake_binary, ('dsr_lb', '0.0.9'), ('dsr_ipvs', own)) == (
        [f'dsrctl {own}', 'dsr_lb 0.0.9', f'dsr_ipvs {own}'],
        'dsrctl: warning: the loaded dsr_lb has version 0.0.9, and dsrctl '
        f'{own}: {advice}\n')
    assert version(fake_binary, ('dsr_rs', None)) == (
        [f'dsrctl {own}', 'dsr_rs -'],
        'dsrctl: warning: the loaded dsr_rs reports no version: the module '
        f'is older than dsrctl {own}: {advice}\n')


@pytest.mark.skipif(os.geteuid() != 0, reason='needs root')
@pytest.mark.parametrize('name, error', [
    ('dsr_rs', 'this is the module dsr_rs, not dsr_lb'),
    ('', 'modinfo finds no module in this file'),
    (None, 'No such file or directory')])
def test_upgrade_file(fake_binary, tmp_path, name, error):
    """The file of another module is not given to the kernel."""
    path, modinfo = tmp_path / 'new.ko', tmp_path / 'modinfo'
    if name is not None:
        path.touch()
    modinfo.write_text(f'#!/bin/sh\n[ "$*" = "-F name {path}" ] || exit\n'
                       f'echo {name or ""}\n')
    modinfo.chmod(0o755)
    script = 'mount -t tmpfs none /sys || exit; mkdir -p /sys/module/dsr_lb\n' \
             '>/sys/module/dsr_lb/initstate; exec "$@"'
    result = subprocess.run(
        ['unshare', '--mount', '--propagation=unchanged', 'sh', '-c', script,
         'sh', fake_binary, 'upgrade', 'dsr_lb', 'from', str(path)],
        capture_output=True, text=True, check=False,
        env={'PATH': f'{tmp_path}:{os.environ["PATH"]}'})
    assert (result.returncode, result.stderr) == (
        2, f'dsrctl: {path}: {error}; nothing was changed\n')


@pytest.mark.parametrize('offset', [0, 15, 16, 20, 23, 24, 1000, 0xffffffff])
def test_strange_offset(fake, kernel, offset):
    kernel.answers[ADD] = Ack(errno.EINVAL, 'bad', offset, bounds=(1, 2))
    text = 'bad (fwmark: 1 to 2)' if offset == 24 else 'bad'
    fake('service add fwmark 1').check(2, f'dsrctl: {text}\n')


def test_long_sentence(fake, kernel):
    kernel.answers[ADD] = Ack(errno.EINVAL, 'x' * 5000 + '\x1b[0m')
    fake('service add fwmark 1').check(2, f'dsrctl: {"x" * 511}\n')


def test_control_characters(fake, kernel):
    kernel.answers[ADD] = Ack(errno.EINVAL, 'a\x1b[31mb\nc\xff')
    fake('service add fwmark 1').check(2, 'dsrctl: a?[31mb?c?\n')


def test_dump_refused_at_once(fake, kernel):
    kernel.answers[GET] = Ack(errno.EINVAL, 'no such thing')
    result = fake('service show').check(2, 'dsrctl: no such thing\n')
    assert result.out == ''
    kernel.answers['dsr', u.DSR_CMD_CONNECTION_GET] = Ack(errno.EPERM)
    for line in ('connection show', '-j connection show'):
        result = fake(line).check(
            2, 'dsrctl: permission denied: this needs CAP_NET_ADMIN (run '
               'dsrctl as root)\n')
        assert result.out == ''


def test_dump_fails_at_its_end(fake, kernel):
    for text, expected in (('gone while it was read',) * 2,
                           (None, 'service show: No such file or directory')):
        kernel.answers[GET] = Reply(*sample.SERVICES,
                                    end_error=-errno.ENOENT, end_text=text)
        fake('service show').check(2, f'dsrctl: {expected}\n')


def test_connections_fail_at_the_end(fake, kernel):
    """The output up to the failure is still a valid document."""
    kernel.answers['dsr', u.DSR_CMD_CONNECTION_GET] = Reply(
        *sample.CONNECTIONS, end_error=-errno.ENOMEM)
    result = fake('-j connection show').check(
        2, 'dsrctl: connection show: Cannot allocate memory\n')
    assert len(json.loads(result.out)) == len(sample.CONNECTIONS)


def test_dump_interrupted(fake, kernel):
    """A dump that changed is read again, and printed once."""
    steady = fake('service show').check(0).out
    kernel.answers[GET] = [Reply(*sample.SERVICES, interrupted=True),
                           Reply(*sample.SERVICES[:2], interrupted=True),
                           Reply(*sample.SERVICES)]
    kernel.requests.clear()
    assert fake('service show').check(0).out == steady
    assert len(kernel.requests) == 3


def test_dump_never_at_rest(fake, kernel):
    kernel.answers[GET] = Reply(*sample.SERVICES, interrupted=True)
    result = fake('service show').check(
        2, 'dsrctl: the configuration changes faster than dsrctl can read it: '
           'try again later\n')
    assert result.out == ''
    assert len(kernel.requests) == 10


def test_connections_interrupted(fake, kernel):
    """The connection table may change during the dump."""
    steady = fake('connection show').check(0).out
    kernel.answers['dsr', u.DSR_CMD_CONNECTION_GET] = Reply(
        *sample.CONNECTIONS, interrupted=True)
    assert fake('connection show').check(0).out == steady


@pytest.mark.parametrize('line', ['service add fwmark 1', 'connection flush'])
def test_balancer_not_loaded(fake, kernel, line):
    kernel.families = ['dsr_rs']
    fake(line).check(
        2, "dsrctl: dsr_lb is not loaded: load it with 'modprobe dsr_lb'\n")
    assert kernel.looked_up == ['dsr']      # there is no retry
    assert not kernel.requests


@pytest.mark.parametrize('line', ['real flush', 'real add vip 10.0.0.1',
                                  'real add tos 4', 'flow set max 9'])
def test_real_server_not_loaded(fake, kernel, line):
    kernel.families = ['dsr']
    fake(line).check(
        2, "dsrctl: dsr_rs is not loaded: load it with 'modprobe dsr_rs'\n")
    assert kernel.looked_up == ['dsr_rs']
    assert not kernel.requests


LOOKS = {
    'dsr_lb': ['service show', 'service show fwmark 1', 'backend show',
               'connection show', 'connection show sort src', 'path show',
               'explain 10.0.0.1:1 10.0.0.2:80', 'service stop',
               'service stop force'],
    'dsr_rs': ['real show', 'real silence show', 'flow show', 'real stop',
               'real stop force'],
}


@pytest.mark.parametrize('module, line', [
    (module, line) for module in LOOKS for line in LOOKS[module]])
def test_to_look_loads_nothing(fake, kernel, module, line):
    """dsrctl does not request a family by name, which would load the module.
    """
    kernel.families = []
    fake(line).check(2, f'dsrctl: {module} is not loaded: load it with '
                     f"'modprobe {module}'\n")
    assert not kernel.looked_up
    assert not kernel.requests


def test_none_loaded(fake, kernel):
    kernel.families = []
    for command in ('show', 'stats', '-j show', 'monitor'):
        result = fake(command).check(
            2, 'dsrctl: neither dsr_lb nor dsr_rs is loaded: '
            "run 'modprobe dsr_lb' on a balancer, 'modprobe dsr_rs' on a real "
            'server\n')
        assert result.out == ''
    assert not kernel.looked_up


def test_malformed(fake, kernel):
    """No module sends such a reply."""
    for payload in (nest(u.DSR_A_SERVICE),
                    nest(u.DSR_A_SERVICE, u8(u.DSR_SERVICE_A_FWMARK, 1)),
                    nest(u.DSR_A_BACKEND, u32(1, 1)),
                    u32(u.DSR_A_SERVICE, 0)):
        kernel.answers[GET] = Reply(payload)
        fake('service show').check(2, MALFORMED)
    kernel.answers['dsr', u.DSR_CMD_BACKEND_GET] = Reply(sample.SERVICES[0])
    fake('backend show').check(2, MALFORMED)
    fake('show').check(2, MALFORMED)
    for payload in (nest(u.DSR_A_PATH),
                    nest(u.DSR_A_PATH, u32(u.DSR_PATH_A_IFINDEX, 1),
                         nest(u.DSR_PATH_A_REASON))):
        kernel.answers['dsr', u.DSR_CMD_PATH_GET] = Reply(payload)
        fake('path show').check(2, MALFORMED)
    kernel.answers['dsr', u.DSR_CMD_CONNECTION_GET] = Reply(
        sample.CONNECTIONS[0], b'\x01\x02')
    fake('connection show').check(2, MALFORMED)
    kernel.answers['dsr', u.DSR_CMD_STATS_GET] = Reply()
    fake('stats').check(2, MALFORMED)


def leaves(data, path=()):
    """The places of the attributes that are no nests: paths of indices."""
    for i, (_, nested, payload) in enumerate(parse_attrs(data)):
        if nested:
            yield from leaves(payload, (*path, i))
        else:
            yield (*path, i), payload


def replaced(data, path, payload):
    """The attributes, with another payload of the one at a path. It moves to
    the end of its nest, and the rest after its nest is left out, so that a
    read past its end is a read past the end of the message."""
    attrs = parse_attrs(data)
    kind, nested, old = attrs.pop(path[0])
    if nested:
        del attrs[path[0]:]
        payload = replaced(old, path[1:], payload)
        kind |= NLA_F_NESTED
    head = b''.join(attr(k | NLA_F_NESTED * n, p) for k, n, p in attrs)
    return head + struct.pack('=HH', 4 + len(payload), kind) + payload


EXPLAIN = 'explain 10.0.0.1:1 10.0.0.2:80'
SHORT = {
    'service show': (GET, sample.SERVICES[0]),
    'connection show': (('dsr', u.DSR_CMD_CONNECTION_GET),
                        sample.CONNECTIONS[0]),
    'backend show': (('dsr', u.DSR_CMD_BACKEND_GET), sample.BACKENDS[0]),
    'path show': (('dsr', u.DSR_CMD_PATH_GET), sample.PATHS[0]),
    'real show': (('dsr_rs', u.DSR_RS_CMD_RULE_GET), sample.RULES[1]),
    'flow show': (('dsr_rs', u.DSR_RS_CMD_FLOW_GET), sample.FLOWS[0]),
    'stats': (('dsr_rs', u.DSR_RS_CMD_STATS_GET), sample.RS_STATS),
    'service show vip 2001:db8::100': (GET, sample.SERVICES[6]),
    'backend show vip 10.10.31.100': (('dsr', u.DSR_CMD_BACKEND_GET),
                                      sample.BACKENDS[7]),
    'connection show sort src': (('dsr', u.DSR_CMD_CONNECTION_GET),
                                 sample.CONNECTIONS[5]),
    'connection show limit 1': (('dsr', u.DSR_CMD_CONNECTION_GET),
                                sample.CONNECTIONS[5]),
    EXPLAIN: (('dsr', u.DSR_CMD_EXPLAIN), sample.EXPLANATION),
}


@pytest.mark.parametrize('line', SHORT)
def test_short_attributes(fake, kernel, line):
    """Every attribute of a reply, truncated to every shorter length."""
    key, reply = SHORT[line]
    if line == 'stats':
        kernel.families = ['dsr_rs']
    mac = bytes.fromhex('020000000101')     # attributes of any length
    cut = [(path, payload[:size]) for path, payload in leaves(reply)
           for size in range(len(payload)) if payload != mac or size == 0
           if (len(payload), size) != (16, 4)]      # an IPv4 address
    kernel.answers[key] = [Reply(replaced(reply, path, payload), padded=False)
                           for path, payload in cut]
    result = fake('-f -b -', stdin=f'{line}\n' * len(cut))
    assert result.status == 2, result
    assert len(cut) > 5
    assert result.err.replace('\n', '').count('is malformed') == len(cut), (
        result)


def test_long_mac(fake, kernel):
    """A longer MAC address is truncated to whole bytes."""
    kernel.answers['dsr', u.DSR_CMD_BACKEND_GET] = Reply(
        sample.backend(1, sample.W101, mac='ab' * 200))
    mac = json.loads(fake('-j backend show').check(0).out)[0]['mac']
    assert mac == ':'.join(['ab'] * 21)


def test_part_with_nothing(fake, kernel):
    """A message of a dump without attributes is skipped."""
    whole = fake('service show').check(0).out
    kernel.answers[GET] = Reply(b'', *sample.SERVICES, b'', size=1)
    assert fake('service show').check(0).out == whole
    key = 'dsr', u.DSR_CMD_CONNECTION_GET
    for line in ('connection show', 'connection show sort src'):
        kernel.answers[key] = Reply(*sample.CONNECTIONS)
        whole = fake(line).check(0).out
        kernel.answers[key] = Reply(b'', *sample.CONNECTIONS, b'', size=1)
        assert fake(line).check(0).out == whole


def test_malformed_then_more(fake, kernel):
    """The rest of a malformed answer does not disturb the next one."""
    kernel.answers[GET] = [Reply(nest(u.DSR_A_SERVICE), *sample.SERVICES,
                                 size=1),
                           Reply(*sample.SERVICES)]
    result = fake('-f -b -', stdin='service show\nservice show\n')
    assert result.status == 2
    assert len(result.out.splitlines()) == 1 + 1 + len(sample.SERVICES)


def test_not_from_the_kernel(fake, kernel):
    """Messages of other processes are ignored."""
    def spoof(packets):
        request = kernel.requests[-1]
        spoofed = Ack(errno.EEXIST, 'spoofed').packets(request)
        return [(4711, packet) for packet in spoofed] + packets

    kernel.mutate = spoof
    fake('service add fwmark 1').check(0)


def flow(state):
    return sample.flow(6, sample.CLIENT, 40000, sample.VIP, 80, sample.W101,
                       80, 40000, state, 1000)


def test_stop_with_live_flows(fake, kernel):
    """The number of live flows is checked before the module."""
    get = ('dsr_rs', u.DSR_RS_CMD_FLOW_GET)
    kernel.answers[get] = Reply(flow(u.DSR_CONN_ESTABLISHED),
                                flow(u.DSR_CONN_FIN), flow(u.DSR_CONN_UDP))
    fake('real stop').check(
        2, 'dsrctl: 2 live flows would break: wait until they end, or break '
        "them with 'dsrctl real stop force'\n")
    kernel.answers[get] = Reply(flow(u.DSR_CONN_SYN))
    fake('real stop').check(
        2, 'dsrctl: 1 live flow would break: wait until they end, or break '
        "them with 'dsrctl real stop force'\n")
    kernel.answers[get] = Reply(flow(u.DSR_CONN_CLOSED))
    silenced = ('dsr_rs', u.DSR_RS_CMD_SILENCE_GET)
    kernel.answers[silenced] = Reply(sample.silence(sample.VIP),
                                     sample.silence(sample.VIP6, rules=1))
    fake('real stop').check(
        2, 'dsrctl: the neighbours would find 2 silenced addresses: delete '
        "them with 'dsrctl real silence flush', or stop with 'dsrctl real stop "
        "force'\n")
    kernel.answers[silenced] = Reply()
    for line in ('real stop', 'real stop force'):
        result = fake(line)
        assert result.status == 2
        assert result.err.startswith(
            'dsrctl: the module dsr_rs was not unloaded: ')


def test_stop_with_services(fake, kernel):
    """The losses are checked before the module."""
    fake('service stop').check(
        2, f'dsrctl: this network namespace: {len(sample.SERVICES)} services, '
        "3 live connections would be lost: to stop anyway, use 'dsrctl service stop force'\n")
    kernel.answers['dsr', u.DSR_CMD_SERVICE_GET] = Reply()
    fake('service stop').check(
        2, 'dsrctl: this network namespace: 3 live connections would be lost: '
        "to stop anyway, use 'dsrctl service stop force'\n")
    kernel.answers['dsr', u.DSR_CMD_CONNECTION_GET] = Reply()
    for line in ('service stop', 'service stop force'):
        result = fake(line)
        assert result.status == 2
        assert result.err.startswith(
            'dsrctl: the module dsr_lb was not unloaded: ')
    fake('service st').check(
        1, "dsrctl: service: 'st' does not stand for stop: write the command "
           "in full\n")


def test_stop_loads_nothing(fake, kernel):
    """A module that is not loaded is not loaded to stop it."""
    kernel.families = []
    for line, name in (('service stop', 'dsr_lb'), ('real stop', 'dsr_rs')):
        fake(line).check(2, f'dsrctl: {name} is not loaded: load it with '
                         f"'modprobe {name}'\n")
    assert not kernel.looked_up
