# SPDX-License-Identifier: GPL-2.0
"""Mode local: rule and route are added and deleted together, or not at all."""

import errno
import socket
import struct

import pytest

import sample
import uapi as u
from fakekernel import RTM_DELROUTE, RTM_NEWROUTE, Ack, Reply, packed, u8

ADD, REPLACE, DELETE, GET, FLUSH = (
    ('dsr_rs', getattr(u, f'DSR_RS_CMD_RULE_{name}'))
    for name in ('ADD', 'REPLACE', 'DELETE', 'GET', 'FLUSH'))
VIP, VIP6 = '10.10.31.110', sample.VIP6         # both are local in the sample
OTHER = sample.VIP                              # and this one is not
NEW, DEL = 'new route', 'delete route'
DOWN = Ack(errno.ENETDOWN, 'Nexthop device is not up')
NO_ROUTE = ('dsrctl: cannot add the local route for the VIP: Nexthop device '
            'is not up\n')


def sequence(kernel):
    """The requests, in order."""
    names = {RTM_NEWROUTE: NEW, RTM_DELROUTE: DEL}
    return [names.get(r.kind, ('dsr_rs', r.cmd)) for r in kernel.requests]


def requests(kernel, what):
    return [r for r, name in zip(kernel.requests, sequence(kernel))
            if name == what]


def is_route(request, vip):
    """Tell if a request is about dsrctl's local route for a VIP."""
    six = ':' in vip
    assert request.data[16:28] == struct.pack(
        '=BBBBBBBBI', socket.AF_INET6 if six else socket.AF_INET,
        128 if six else 32, 0, 0, 255, 213, 254, 2, 0)
    assert {k: v for k, _, v in request.attrs} == {
        1: packed(vip), 4: struct.pack('=I', socket.if_nametoindex('lo'))}


@pytest.mark.parametrize('vip', [VIP, VIP6])
def test_add(fake, kernel, vip):
    fake(f'real add vip {vip} mode local').check(0)
    assert sequence(kernel) == [ADD, NEW]
    assert kernel.requests[0].nest(u.DSR_A_RULE) == {
        u.DSR_RULE_A_VIP: packed(vip), u.DSR_RULE_A_MODE: b'\1'}
    is_route(kernel.requests[1], vip)
    assert kernel.requests[1].flags == 0x605        # exclusively, create


def test_route_is_there(fake, kernel):
    kernel.routes[RTM_NEWROUTE] = Ack(errno.EEXIST, 'File exists')
    fake(f'real add vip {VIP} mode local').check(0)
    assert sequence(kernel) == [ADD, NEW]


def test_rule_refused(fake, kernel):
    """No route is added."""
    kernel.answers[ADD] = Ack(errno.EEXIST, 'this rule exists')
    fake(f'real add vip {VIP} mode local').check(
        2, 'dsrctl: this rule exists\n')
    assert sequence(kernel) == [ADD]


def test_route_refused(fake, kernel):
    """The rule is deleted again."""
    kernel.routes[RTM_NEWROUTE] = DOWN
    fake(f'real add vip {VIP} mode local').check(2, NO_ROUTE)
    assert sequence(kernel) == [ADD, NEW, DELETE]
    assert kernel.requests[-1].nest(u.DSR_A_RULE) == {
        u.DSR_RULE_A_VIP: packed(VIP)}
    kernel.requests.clear()
    # without a sentence, the text of errno
    kernel.routes[RTM_NEWROUTE] = Ack(errno.ENETDOWN)
    fake(f'real add vip {VIP} mode local').check(
        2, 'dsrctl: cannot add the local route for the VIP: Network is down\n')


@pytest.mark.parametrize('vip', [OTHER, VIP, '10.10.31.99'])
def test_replace(fake, kernel, vip):
    """A missing route is added, also if the rule is local already."""
    fake(f'real replace vip {vip} mode local').check(0)
    assert sequence(kernel) == [GET, REPLACE, NEW]


def test_replace_refused(fake, kernel):
    """The rule is restored."""
    kernel.routes[RTM_NEWROUTE] = DOWN
    kernel.answers[GET] = Reply(
        sample.rule(OTHER, sample.TCP, 80), sample.rule(
            OTHER, to_port=8080, counters=(1, 2, 3)), sample.rule(VIP))
    fake(f'real replace vip {OTHER} mode local').check(2, NO_ROUTE)
    assert sequence(kernel) == [GET, REPLACE, NEW, REPLACE]
    assert kernel.requests[-1].nest(u.DSR_A_RULE) == {
        u.DSR_RULE_A_VIP: packed(OTHER), u.DSR_RULE_A_MODE: b'\0',
        u.DSR_RULE_A_TO_PORT: struct.pack('!H', 8080)}
    kernel.requests.clear()
    fake('real replace vip 10.10.31.99 mode local').check(2, NO_ROUTE)
    assert sequence(kernel) == [GET, REPLACE, NEW, DELETE]


@pytest.mark.parametrize('vip', [VIP, VIP6])
@pytest.mark.parametrize('command', ['delete', 'replace'])
def test_away(fake, kernel, vip, command):
    """The route is deleted before the rule."""
    fake(f'real {command} vip {vip}').check(0)
    assert sequence(kernel) == [GET, DEL, REPLACE if command == 'replace' else
                                DELETE]
    is_route(requests(kernel, DEL)[0], vip)
    # also if the route is gone already, or was the user's
    kernel.requests.clear()
    kernel.routes[RTM_DELROUTE] = Ack(errno.ESRCH, 'No such process')
    fake(f'real {command} vip {vip}').check(0)
    assert len(kernel.requests) == 3


@pytest.mark.parametrize('command', ['delete', 'replace'])
def test_away_refused(fake, kernel, command):
    """If the rule stays, its route stays; a route of the user is not taken
    over."""
    answer = Ack(errno.EPERM, 'no')
    kernel.answers[DELETE] = kernel.answers[REPLACE] = answer
    fake(f'real {command} vip {VIP}').check(2, 'dsrctl: no\n')
    assert sequence(kernel)[1:] == [
        DEL, REPLACE if command == 'replace' else DELETE, NEW]
    is_route(requests(kernel, NEW)[0], VIP)
    kernel.requests.clear()
    kernel.routes[RTM_DELROUTE] = Ack(errno.ESRCH)
    fake(f'real {command} vip {VIP}').check(2, 'dsrctl: no\n')
    assert NEW not in sequence(kernel)
    # nothing is done if the route cannot be deleted
    kernel.requests.clear()
    kernel.routes[RTM_DELROUTE] = Ack(errno.EPERM)
    fake(f'real {command} vip {VIP}').check(
        2, 'dsrctl: cannot delete the local route for the VIP: Operation not '
           'permitted\n')
    assert sequence(kernel) == [GET, DEL]


@pytest.mark.parametrize('words', [
    f'delete vip {OTHER}', f'replace vip {OTHER} to 81',
    'delete vip 10.10.31.99', f'delete vip {VIP} proto tcp',
    f'replace vip {VIP} proto tcp port 80 to 81', 'delete tos 0x20',
    f'add vip {VIP}'])
def test_no_route(fake, kernel, words):
    """Rules in other modes have no route."""
    fake('real', words).check(0)
    assert NEW not in sequence(kernel) and DEL not in sequence(kernel)


def test_flush(fake, kernel):
    fake('real flush').check(0)
    assert sequence(kernel) == [GET, DEL, DEL, FLUSH]
    for request, vip in zip(requests(kernel, DEL), (VIP, VIP6)):
        is_route(request, vip)


def test_batch(fake, kernel):
    """Both sockets serve many commands."""
    fake('-b -', stdin=f'''
        real add vip {VIP} mode local
        real delete vip {VIP}
        real add vip {VIP6} mode local''').check(0)
    assert sequence(kernel) == [ADD, NEW, GET, DEL, DELETE, ADD, NEW]
    assert kernel.connections == 1


def test_problem(fake, kernel):
    """A missing route is shown, with the remedy."""
    kernel.answers[GET] = Reply(sample.rule(
        VIP, mode=u.DSR_RULE_MODE_LOCAL, more=[u8(u.DSR_RULE_A_ROUTED, 0)]))
    assert fake('real show').check(0).out.splitlines()[1:] == [
        f'{VIP}  -    -         -  -   mode local',
        '  no local route: packets for the VIP are not delivered; '
        f"'dsrctl real replace vip {VIP} mode local' adds the route"]
    assert '"problem":"no_local_route"' in fake('-j real show').check(0).out
