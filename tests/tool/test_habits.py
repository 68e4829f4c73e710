# SPDX-License-Identifier: GPL-2.0
"""What hands that know iproute2 type, and what they expect to read."""

import errno
import json
import re

import pytest

import sample
import uapi as u
from fakekernel import Ack, Reply


@pytest.mark.parametrize('name', ['service', 'backend', 'connection', 'path',
                                  'real', 'flow', 'stats', 'show', 'monitor',
                                  'explain', 'metrics'])
def test_help_first(fake, name):
    """"help OBJECT" is "OBJECT help"."""
    assert fake(f'help {name}').check(0).out == fake(f'{name} help').out
    assert fake(f'help {name[:3]}').out == fake(f'{name[:3]} help').out


def test_help_nested(fake):
    out = fake('help real silence').check(0).out
    assert out == fake('real silence help').out != fake('real help').out
    assert 'service' in fake('complete help').out.split()
    fake('-b -', stdin='help service\n').check(0)


@pytest.mark.parametrize('line', ['service', 'backend', 'connection', 'path',
                                  'real', 'flow', 'stats', 'real silence'])
@pytest.mark.parametrize('word', ['list', 'ls'])
def test_list(fake, line, word):
    assert fake(f'{line} {word}').check(0).out == fake(f'{line} show').out


@pytest.mark.parametrize('word', ['list', 'ls'])
def test_list_of_all(fake, word):
    assert fake(word).check(0).out == fake('show').out
    assert fake('service', word, 'fwmark 1').check(0).out == fake(
        'service show fwmark 1').out
    # no abbreviation: a later version may have a command of that name
    fake('service li').check(
        1, "dsrctl: service: unknown command 'li': expected add, set, replace, "
        'delete, show, flush, stop or help\n')


def test_long_options_with_one_dash(fake):
    assert fake('-json show').check(0).out == fake('-j show').out
    assert fake('-stats show').check(0).out == fake('-s show').out
    fake('-netns nowhere show').check(
        1, "dsrctl: there is no network namespace 'nowhere': see 'ip netns "
        "list'\n")


@pytest.mark.parametrize('option', ['-br', '-brief', '--brief'])
def test_brief(fake, option):
    """A line for each, no titles; it is not the option of the batch."""
    lines = fake(option, 'backend show').check(0).out.splitlines()
    assert [re.split('  +', line) for line in lines[:2]] == [
        ['fwmark 1', sample.W101, 'reachable', '3'],
        ['fwmark 1', sample.W102, 'unreachable', '2']]
    assert len(lines) == len(sample.BACKENDS)
    shown = fake(option, 'show').check(0).out.splitlines()
    assert shown[:len(lines)] == lines
    assert len(shown) == len(lines) + len(sample.RULES) + 1   # an advice
    services = fake(option, 'service').check(0).out.splitlines()
    assert len(services) == len(sample.SERVICES)
    assert services[0].split() == ['fwmark', '1', 'rr', '2']
    assert fake(option, '-s show').out == fake(option, 'show').out
    assert fake(option, '-j show').out == fake('-j show').out


def test_brief_of_others(fake):
    """The same columns as ever, without their titles."""
    for command in ('connection show', 'flow show', 'real show',
                    'real silence'):
        whole = fake(command).check(0).out.splitlines()
        brief = fake('-br', command).check(0).out.splitlines()
        assert len(brief) == len(whole) - 1
        assert [line.split() for line in brief] == [
            line.split() for line in whole[1:]]


def test_brief_of_nothing(fake, kernel):
    kernel.answers = {key: answer for key, answer in kernel.answers.items()
                      if key[1] in (u.DSR_CMD_STATS_GET,
                                    u.DSR_RS_CMD_STATS_GET)
                      and isinstance(answer, Reply)
                      and answer.payloads in ((sample.LB_STATS,),
                                              (sample.RS_STATS,))}
    for command in ('show', 'service', 'backend'):
        assert fake('-br', command).check(0).out == ''


NETWORKS = {
    '10.10.31.0/24': ['10.10.31.200', '10.10.31.201'],
    '10.10.31.200/31': ['10.10.31.200', '10.10.31.201'],
    '10.10.31.200/32': ['10.10.31.200'],
    '10.10.31.202/31': [],
    '10.0.0.0/8': ['10.10.31.200', '10.10.31.201'],
    '0.0.0.0/0': ['10.10.31.200', '10.10.31.201', '255.255.255.255'],
    '2001:db8::/32': [sample.CLIENT6],
    '2001:db8::/34': [sample.CLIENT6],
    '2001:db8:2000::/36': [],
    '::/0': [sample.CLIENT6],
}


@pytest.mark.parametrize('sort', ['', ' sort src'])
@pytest.mark.parametrize('network', NETWORKS)
def test_networks(fake, kernel, network, sort):
    """Of connections: the balancer is asked for whole addresses only."""
    rows = json.loads(fake(f'-j connection show src {network}{sort}').check(
        0).out)
    assert sorted({row['src'] for row in rows}) == sorted(NETWORKS[network])
    asked = kernel.requests[-1].nest(u.DSR_A_CONNECTION) or {}
    assert (u.DSR_CONNECTION_A_SRC in asked) == (network == '10.10.31.200/32')


def test_network_and_port(fake, kernel):
    rows = json.loads(fake(
        '-j connection show src 10.10.31.0/24:40001 dst 10.10.31.0/25').check(
            0).out)
    assert {(row['src'], row['sport']) for row in rows} == {
        ('10.10.31.200', 40001), ('10.10.31.201', 40001)}
    assert set(kernel.requests[-1].nest(u.DSR_A_CONNECTION)) == {
        u.DSR_CONNECTION_A_SPORT}
    rows = json.loads(fake(
        '-j connection show src [2001:db8::/32]:40000').check(0).out)
    assert [row['src'] for row in rows] == [sample.CLIENT6]
    # the limit counts those that are shown
    rows = json.loads(fake(
        '-j connection show src 10.10.31.201/32 limit 1').check(0).out)
    assert len(rows) == 1
    rows = json.loads(fake(
        '-j connection show src 10.10.31.201/30 limit 2').check(0).out)
    assert len(rows) == 2


def test_networks_of_flows(fake):
    for network, count in {'10.10.31.192/26': 2, '10.10.31.0/25': 0,
                           '10.10.31.192/26:53000': 1}.items():
        rows = json.loads(fake(f'-j flow show src {network}').check(0).out)
        assert len(rows) == count


@pytest.mark.parametrize('word, why', {
    '10.0.0.0/33': 'src 33 is out of range: 0 to 32',
    '2001:db8::/129': 'src 129 is out of range: 0 to 128',
    '10.0.0.0/x': "src 'x' is not a number: write a decimal number without "
                  'leading zeros, or a hexadecimal one with 0x',
    '10.0.0/8': "src '10.0.0/8' is not an IP address: write an address like 192.0.2.1 "
                'or 2001:db8::1'}.items())
def test_no_network(fake, word, why):
    fake(f'connection show src {word}').check(
        1, f'dsrctl: connection show: {why}\n')


def test_no_network_elsewhere(fake):
    """Where one address is meant, a network is none."""
    for line in ('explain 10.0.0.0/8:1 10.0.0.1:2',
                 'real add vip 10.0.0.1 to 10.0.0.0/8:80',
                 'connection show via 10.0.0.0/8'):
        result = fake(line)
        assert (result.status, 'is not an IP address' in result.err) == (
            1, True)


ABSENT = "no such service: add it first with 'service add'"
NO_BACKEND = ("no such backend in this service: add it first with 'backend "
              "add'")


def test_delete_what_is_absent(fake, kernel):
    """No advice to make it, but for what would be made."""
    for name in ('DELETE', 'GET', 'SET'):
        kernel.answers['dsr', getattr(u, f'DSR_CMD_SERVICE_{name}')] = Ack(
            errno.ENOENT, ABSENT)
    listed = "'dsrctl {} show' lists those that there are"
    for command in ('service delete fwmark 3', 'service show fwmark 3'):
        fake(command).check(2, 'dsrctl: no such service: ' +
                            listed.format('service') + '\n')
    fake('service set fwmark 3 scheduler rr').check(2, f'dsrctl: {ABSENT}\n')
    kernel.answers['dsr', u.DSR_CMD_BACKEND_DELETE] = Ack(
        errno.ENOENT, NO_BACKEND)
    fake('backend delete fwmark 3 via 10.0.0.1').check(
        2, 'dsrctl: no such backend in this service: ' +
        listed.format('backend') + '\n')
    # another refusal is as the kernel has it
    kernel.answers['dsr', u.DSR_CMD_SERVICE_DELETE] = Ack(errno.EBUSY, ABSENT)
    fake('service delete fwmark 3').check(2, f'dsrctl: {ABSENT}\n')


def test_statistics_in_80_columns(fake, kernel):
    """A site as the demo has it, with counters of a busy year."""
    mac = '02:00:0a:0a:1e:65'
    counters = (10**13, 10**16, 10**11)
    kernel.answers['dsr', u.DSR_CMD_SERVICE_GET] = Reply(sample.service(
        1, 'maglev', tos=0x20, mask=0xfc, counters=counters, persist=50000))
    kernel.answers['dsr', u.DSR_CMD_BACKEND_GET] = Reply(*(sample.backend(
        1, via, 1, 1234, 567, u.DSR_BACKEND_REACHABLE, 1, mac,
        counters=counters, upper=100000, lower=80000, persistent=54321,
        unresolved=9) for via in (sample.W101, sample.W102)))
    kernel.answers['dsr', u.DSR_CMD_PATH_GET] = Reply()
    kernel.answers['dsr_rs', u.DSR_RS_CMD_RULE_GET] = Reply(
        sample.rule(sample.VIP, sample.TCP, 80, to_port=8080,
                    counters=counters), sample.rule(tos=0x20, mask=0xfc))
    kernel.answers['dsr_rs', u.DSR_RS_CMD_SILENCE_GET] = Reply()
    out = fake('-s show').check(0).out
    assert max(map(len, out.splitlines())) <= 80, out
    for text in ('100000000000 connections, 10000000000000 packets, 8.9 PiB',
                 'upper 100000, lower 80000, persistent 54321, unresolved 9',
                 '100000000000 flows, 10000000000000 packets, 8.9 PiB'):
        assert text in out


def test_tos_as_typed_and_as_dscp(fake):
    """0x20 is what was typed, cs1 is what others call it."""
    assert '0x20 (dscp cs1)' in fake('real show').check(0).out
    assert 'tos 0x04 (dscp 1)' in fake('service show').check(0).out
    assert 'tos 0x04 (dscp 1)\n' in fake('show').check(0).out
    # where it is no DSCP, it is what it is
    assert 'tos 0x10/0xf0 probe' in fake('show').out
