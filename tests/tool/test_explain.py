# SPDX-License-Identifier: GPL-2.0
"""dsrctl explain: the predicted outcome of a packet, in words."""

import errno
import json
import os
import re

import pytest

import fakekernel as k
import sample
import uapi as u
from conftest import TOP
from fakekernel import Reply, nest, string

EXPLAIN = ('dsr', u.DSR_CMD_EXPLAIN)
LINE = f'explain {sample.CLIENT}:1 {sample.VIP}:80'


def reasons():
    """All reasons of the module."""
    with open(os.path.join(TOP, 'kmod/lb/core/reason.h'), encoding='ascii') as file:
        return re.findall(r'R\([A-Z_]+, "(\w+)", [A-Z]+\)', file.read())


def lines(fake, *words):
    """{label: text}, in order"""
    rows = fake(*words).check(0).out.splitlines()
    return dict(re.split('  +', row, maxsplit=1) for row in rows)


@pytest.mark.parametrize('name', reasons())
def test_reason(fake, kernel, name):
    """Each reason has a sentence."""
    kernel.answers[EXPLAIN] = Reply(sample.explanation(name))
    outcome = lines(fake, LINE)['outcome']
    assert outcome.startswith(f'{name}: ') and len(outcome) > len(name) + 15
    document = json.loads(fake('-j', LINE).check(0).out)
    assert outcome == f"{name}: {document['meaning']}"
    assert document['reason'] == name


def test_unknown_reason(fake, kernel):
    """A newer module may have reasons that dsrctl does not know."""
    kernel.answers[EXPLAIN] = Reply(sample.explanation('drop_whatever'))
    assert lines(fake, LINE) == {
        'packet': f'tcp {sample.CLIENT}:1 > {sample.VIP}:80, the first of its '
                  'connection',
        'service': 'none', 'outcome': 'drop_whatever'}
    document = json.loads(fake('-j', LINE).check(0).out)
    assert document == {
        'src': sample.CLIENT, 'sport': 1, 'dst': sample.VIP, 'dport': 80,
        'proto': 'tcp', 'mark': None, 'dev': None, 'length': None,
        'middle': False,
        'choice': 'none', 'slot': None, 'reason': 'drop_whatever', 'meaning': None,
        'advice': None, 'service': None, 'backend': None, 'mtu': None,
        'connection': None, 'firewall': None}


def test_no_service(fake, kernel):
    kernel.answers[EXPLAIN] = Reply(sample.explanation('pass_no_service'))
    found = lines(fake, LINE)
    assert list(found) == ['packet', 'service', 'outcome', 'advice']
    assert 'mark N' in found['advice']


def test_choice(fake, kernel):
    """Each way of finding a backend has a sentence."""
    seen = set()
    for choice in range(u.DSR_CHOICE_MAX + 1):
        kernel.answers[EXPLAIN] = Reply(
            sample.explanation('forwarded', choice) + sample.SERVICES[0])
        seen.add(lines(fake, LINE)['choice'])
    assert len(seen) == u.DSR_CHOICE_MAX + 1
    assert all(len(sentence) > 15 for sentence in seen)
    kernel.answers[EXPLAIN] = Reply(
        sample.explanation('forwarded', 200) + sample.SERVICES[0])
    assert lines(fake, LINE)['choice'] == '200'


def test_slot(fake, kernel):
    kernel.answers[EXPLAIN] = Reply(
        sample.explanation('forwarded', u.DSR_CHOICE_SCHEDULER, 65520) +
        sample.SERVICES[3] + sample.backend_nest(sample.W101))
    found = lines(fake, LINE)
    assert found['choice'] == ('the scheduler chooses; this backend is its '
                               'present choice (slot 65520)')
    assert found['backend'] == '10.10.30.101, unknown, path stack'
    assert json.loads(fake('-j', LINE).out)['slot'] == 65520


@pytest.mark.parametrize('name, number, passes', [
    ('forwarded', 0, True), ('forwarded_stateless', 0, True),
    ('forwarded', 1, False), ('drop_no_backend', 0, False)])
def test_firewall(fake, kernel, name, number, passes):
    """With path stack the outcome depends on the firewall, and the text says
    so."""
    kernel.answers[EXPLAIN] = Reply(
        sample.explanation(name) + sample.SERVICES[number])
    found = lines(fake, LINE)
    document = json.loads(fake('-j', LINE).check(0).out)
    condition = 'if FORWARD and POSTROUTING accept the packet, '
    assert found['outcome'] == f"{name}: {document['meaning']}"
    assert document['meaning'].startswith(condition) == passes
    assert ('firewall' in found) == passes
    if passes:
        assert "'iptables -nvL FORWARD'" in found['firewall']
        found = lines(fake, f'explain [{sample.CLIENT6}]:1 [{sample.VIP6}]:80')
        assert "'ip6tables -nvL FORWARD'" in found['firewall']


@pytest.mark.parametrize('number,via,how', [
    (0, sample.W101, 'ARP'), (7, sample.W6, 'neighbour discovery')])
def test_unreachable(fake, kernel, number, via, how):
    """What goes to a backend that does not answer is not said to get there."""
    def outcome(name, state):
        kernel.answers[EXPLAIN] = Reply(
            sample.explanation(name) + sample.SERVICES[number] +
            sample.backend_nest(via, state=state, ifindex=1))
        return lines(fake, LINE)
    told = outcome('forwarded', u.DSR_BACKEND_UNREACHABLE)
    assert told['outcome'].endswith(
        f'the packet is lost: the backend does not answer {how}')
    assert 'on-unreachable skip' in told['advice']
    assert 'is lost' not in outcome('forwarded', u.DSR_BACKEND_REACHABLE)[
        'outcome']
    assert 'is lost' not in outcome('drop_ttl_exceeded',
                                    u.DSR_BACKEND_UNREACHABLE)['outcome']


def test_length(fake, kernel):
    """Of a packet that fits; tests/vm/test_firewall.py has one that does not."""
    kernel.answers[EXPLAIN] = Reply(
        sample.explanation('forwarded') + sample.SERVICES[1] +
        sample.backend_nest(sample.W101, state=1, ifindex=1))
    told = lines(fake, f'{LINE} length 65535')
    assert ' of 65535 bytes' in told['packet']
    assert told['outcome'].startswith('forwarded')
    assert json.loads(fake('-j', f'{LINE} length 40').out)['length'] == 40
    for length in ('19', '65536'):
        assert fake(f'{LINE} length {length}').status == 1


def verdict(kernel, name='forwarded', number=0, **said):
    """A kernel that asks the rules, and says this of them."""
    kernel.objects[k.RTM_GETROUTE] = k.Objects(
        k.RTM_NEWROUTE, sample.route(sample.CLIENT, 2))
    kernel.answers[EXPLAIN] = Reply(sample.explanation(
        name, more=[sample.VERDICT[field](value)
                    for field, value in said.items()]) +
        (sample.SERVICES[number] if number is not None else b''))
    kernel.objects[k.NFT_GETCHAIN] = k.Objects(
        k.NFT_NEWCHAIN,
        sample.chain(2, 'filter', 'FORWARD', 2, policy=0, handle=7),
        sample.chain(1, 'fw', 'forward', 2, handle=8),
        sample.chain(1, 'other', 'first', 2, handle=8, priority=-10),
        sample.chain(10, 'filter', 'FORWARD', 2, handle=8))


def test_asks_rules(fake, kernel):
    """By the device of the route back, or by the one that is named."""
    verdict(kernel, verdict=0, fwmark=3)
    found = lines(fake, f'{LINE} firewall')
    assert 'mark 3 (set by the rules)' in found['packet']
    assert found['firewall'] == ('PREROUTING, FORWARD and POSTROUTING accept '
                                 'the packet')
    assert found['outcome'].startswith('forwarded: the backend')
    asked = [r for r in kernel.requests if r.cmd == u.DSR_CMD_EXPLAIN][-1]
    assert sample.u32(u.DSR_EXPLAIN_A_IFINDEX, 2) in asked.data
    assert sample.attr(u.DSR_EXPLAIN_A_FIREWALL, b'') in asked.data
    found = lines(fake, f'{LINE} firewall mark 3 dev lo')
    assert ' mark 3 by lo,' in found['packet']
    verdict(kernel, verdict=0, number=1)
    assert lines(fake, f'{LINE} firewall')['firewall'] == (
        'PREROUTING accepts the packet')
    document = json.loads(fake('-j', f'{LINE} firewall').check(0).out)
    assert document['firewall'] == {'verdict': 'accept', 'hook': None,
                                    'priority': None, 'chains': []}


@pytest.mark.parametrize('handle,priority,where,chains', [
    (7, 0, ": chain ip filter FORWARD with policy drop, see 'nft -a list chain "
     "ip filter FORWARD'", ['ip filter FORWARD']),
    (8, 0, ": chain inet fw forward, see 'nft -a list chain inet fw forward'",
     ['inet fw forward']),
    (0, 5, ': no chain of nftables, but at priority 5; see '
     "'iptables-legacy -t filter -nvL FORWARD'", [])])
def test_rules_drop(fake, kernel, handle, priority, where, chains):
    """The chain is named, and the command that lists it."""
    verdict(kernel, 'drop_by_firewall', verdict=1, hook=2, priority=priority,
            **({'chain': handle} if handle else {}))
    found = lines(fake, f'{LINE} firewall')
    assert found['firewall'] == 'FORWARD drops the packet' + where
    assert found['outcome'].startswith('drop_by_firewall: dropped')
    document = json.loads(fake('-j', f'{LINE} firewall').check(0).out)
    assert document['firewall'] == {'verdict': 'drop', 'hook': 'FORWARD',
                                    'priority': priority, 'chains': chains}


def test_rules_drop_early(fake, kernel):
    """What is dropped in PREROUTING does not come to dsr_lb."""
    verdict(kernel, 'drop_by_firewall', None, verdict=1, hook=0, priority=-300)
    found = lines(fake, f'{LINE} firewall')
    assert found['firewall'].startswith('PREROUTING drops the packet: no chain')
    assert found['outcome'] == ('drop_by_firewall: PREROUTING drops the packet '
                                'before dsr_lb sees it')
    assert 'advice' not in found


def test_rules_queue(fake, kernel):
    verdict(kernel, verdict=2, hook=2, priority=0, chain=7)
    found = lines(fake, f'{LINE} firewall')
    assert 'to a program (NFQUEUE), which decides' in found['firewall']
    assert found['outcome'].startswith('forwarded: if that lets the packet pass')


def test_rules_need_a_device(fake, kernel):
    kernel.objects[k.RTM_GETROUTE] = k.Ack(errno.ENETUNREACH)
    done = fake(f'{LINE} firewall')
    assert done.status == 1 and "name one by 'dev'" in done.err


def test_ipv6(fake, kernel):
    kernel.answers[EXPLAIN] = Reply(
        sample.explanation('forwarded', u.DSR_CHOICE_CONNECTION) +
        sample.SERVICES[7] + sample.CONNECTIONS[5] + sample.backend_nest(
            sample.W6, state=u.DSR_BACKEND_REACHABLE,
            admin=u.DSR_BACKEND_DRAINING, deadline=61500))
    found = lines(fake, f'explain [{sample.CLIENT6}]:40000 [{sample.VIP6}]:80 '
                  'proto sctp middle mark 4294967295')
    assert found['packet'] == (
        f'sctp [{sample.CLIENT6}]:40000 > [{sample.VIP6}]:80 mark 4294967295, '
        'from the middle of its connection')
    assert found['service'] == f'vip {sample.VIP6} scheduler rr persist 1s'
    assert found['connection'] == 'established, forgotten in 899s'
    assert found['backend'] == (f'{sample.W6}, draining 1m1s, reachable, '
                                'path stack')


def test_device(fake, kernel):
    """The named device is sent and printed."""
    kernel.answers[EXPLAIN] = Reply(sample.explanation('drop_reverse_path'))
    assert lines(fake, f'{LINE} dev lo')['packet'] == (
        f'tcp {sample.CLIENT}:1 > {sample.VIP}:80 by lo, the first of its '
        'connection')
    assert json.loads(fake('-j', f'{LINE} dev lo').out)['dev'] == 'lo'
    assert json.loads(fake('-j', LINE).out)['dev'] is None


def test_malformed(fake, kernel):
    for reply in (Reply(), Reply(b''), Reply(sample.SERVICES[0]),
                  Reply(nest(u.DSR_A_EXPLAIN)),
                  Reply(sample.explanation('x') + sample.backend_nest(
                      sample.W101)),
                  Reply(sample.explanation('x') + nest(u.DSR_A_SERVICE)),
                  Reply(nest(u.DSR_A_SERVICE,
                             string(u.DSR_SERVICE_A_SCHEDULER, 'rr')))):
        kernel.answers[EXPLAIN] = reply
        for options in ('', '-j'):
            result = fake(options, LINE)
            assert result.status == 2 and 'is malformed' in result.err
            assert result.out == ''
