# SPDX-License-Identifier: GPL-2.0
"""dsrctl real explain: the predicted outcome of a packet on a real server."""

import errno
import json
import re
import struct

import pytest

import fakekernel as k
import sample as s
import uapi as u
from fakekernel import Ack, Objects, Reply
from machine import w101  # noqa: F401  pylint: disable=unused-import

W101 = '10.10.30.101'
ROUTER = '10.10.30.10'
RTA_DST, RTA_SRC, RTA_IIF, RTA_MARK = 1, 2, 3, 16


class Routes:
    """The kernel's answers: the way in, and the way out."""

    def __init__(self, kernel, source=W101):
        self.source = source
        self.refused = {}           # 'in' or 'out': errno
        self.asked = []
        kernel.objects[k.RTM_GETROUTE] = self

    def __call__(self, request):
        words = {kind: data for kind, _, data in request.attrs}
        way = 'in' if RTA_IIF in words else 'out'
        self.asked.append((way, words))
        if way in self.refused:
            return Ack(self.refused[way])
        to = s.VIP6 if len(words[RTA_DST]) == 16 else s.VIP
        return Objects(k.RTM_NEWROUTE, s.route(
            to, 2, kind=2) if way == 'in' else s.route(
            to, 2, None if ':' in to else ROUTER, source=self.source))


@pytest.fixture
def routes(w101, kernel):  # noqa: F811  pylint: disable=redefined-outer-name
    w101.sysctl('ipv4/conf/all/route_localnet', 0)
    return Routes(kernel)


class Explain:
    """Both outputs of one question, which must agree."""

    def __init__(self, machine):
        self.machine = machine

    def __call__(self, words='', src=s.CLIENT, dst=s.VIP, port=80):
        ends = [f'[{one}]' if ':' in one else one for one in (src, dst)]
        line = f'real explain {ends[0]}:4000 {ends[1]}:{port} {words}'
        env = {'DSRCTL_FAKE_PROC': str(self.machine.root)}
        self.json = json.loads(
            self.machine.fake('-j', line, env=env).check(0).out)
        rows = self.machine.fake(line, env=env).check(0).out.splitlines()
        told = dict(re.split('  +', row, maxsplit=1) for row in rows)
        assert told['outcome'] == f"{self.json['reason']}: {self.json['meaning']}"
        assert told.get('advice') == self.json['advice']
        return told


@pytest.fixture
def explain(w101, routes):  # noqa: F811  pylint: disable=redefined-outer-name
    return Explain(w101)


def test_delivered(explain, routes):
    told = explain()
    assert told == {
        'packet': f'tcp {s.CLIENT}:4000 > {s.VIP}:80 by eth0, the first of its '
                  'connection',
        'rule': f'vip {s.VIP}', 'delivery': f'to {W101}:80',
        'source': 'accepted on eth0', 'firewall': 'no rules of INPUT',
        'listener': 'a program listens on tcp port 80',
        'reply': f'from {s.VIP}:80 by eth0 via {ROUTER}, MTU 1500',
        'outcome': "delivered: its socket gets it: a rule has given it the "
                   "machine's own address"}
    assert explain.json['socket'] == {'listener': 'takes', 'addr': None}
    assert explain.json['reply'] == {'src': s.VIP, 'sport': 80, 'dev': 'eth0',
                                     'gateway': ROUTER, 'mtu': 1500}
    # the kernel is asked about the packet as it is after dsr_rs
    way, words = routes.asked[-2]
    assert way == 'in' and words[RTA_IIF] == struct.pack('=I', 2)
    assert words[RTA_SRC] == k.packed(s.CLIENT)
    assert words[RTA_DST] == k.packed(W101)
    way, words = routes.asked[-1]
    assert way == 'out' and words[RTA_SRC] == k.packed(W101)


def verdict(kernel, **said):
    """What the kernel says when it is asked; the requests are returned."""
    asked = []

    def answer(request):
        asked.append(request.nest(u.DSR_A_EXPLAIN))
        return Reply(s.nest(u.DSR_A_EXPLAIN, *(
            s.VERDICT[field](value) for field, value in said.items())))
    kernel.answers['dsr_rs', u.DSR_RS_CMD_EXPLAIN] = answer
    kernel.objects[k.NFT_GETCHAIN] = Objects(k.NFT_NEWCHAIN, s.chain(
        1, 'filter', 'input', 1, policy=0, handle=7))
    return asked


def test_asks_rules(explain, kernel, w101):  # noqa: F811
    """About the packet as dsr_rs delivers it."""
    w101.rules = [s.rule(s.VIP, 6, 80, to_port=8080,
                         more=[s.u32(u.DSR_RULE_A_MARK, 7)])]
    kernel.objects[k.SOCK_DIAG] = Objects(k.SOCK_DIAG, s.listening(8080))
    asked = verdict(kernel, verdict=0)
    assert explain()['firewall'].startswith('INPUT sees') and not asked
    assert explain.json['firewall'] is None
    told = explain('firewall')
    assert told['firewall'] == 'PREROUTING and INPUT accept the packet'
    assert told['outcome'].startswith('delivered: its socket gets it')
    assert explain.json['firewall']['verdict'] == 'accept'
    said = asked[-1]
    for kind, data in ((u.DSR_EXPLAIN_A_SRC, k.packed(s.CLIENT)),
                       (u.DSR_EXPLAIN_A_DST, k.packed(W101)),
                       (u.DSR_EXPLAIN_A_SPORT, struct.pack('>H', 4000)),
                       (u.DSR_EXPLAIN_A_DPORT, struct.pack('>H', 8080)),
                       (u.DSR_EXPLAIN_A_PROTO, b'\6'),
                       (u.DSR_EXPLAIN_A_IFINDEX, struct.pack('=I', 2)),
                       (u.DSR_EXPLAIN_A_FWMARK, struct.pack('=I', 7))):
        assert said[kind] == data


@pytest.mark.parametrize('hook,name', [(0, 'PREROUTING'), (1, 'INPUT')])
def test_rules_drop(explain, kernel, hook, name):
    verdict(kernel, verdict=1, hook=hook, priority=0, chain=7)
    told = explain('firewall')
    assert told['firewall'].startswith(f'{name} drops the packet: ')
    assert told['outcome'].startswith('delivered: the packet is lost: the ')
    assert "'firewall'" in told['advice']
    assert explain.json['firewall'] == {
        'verdict': 'drop', 'hook': name, 'priority': 0,
        'chains': ['inet filter input'] if hook else []}


def test_rules_refuse(w101, routes, kernel):  # noqa: F811
    """A balancer here, whose hooks would take the test packet."""
    kernel.answers['dsr_rs', u.DSR_RS_CMD_EXPLAIN] = Ack(errno.EOPNOTSUPP)
    done = w101.fake(f'real explain {s.CLIENT}:4000 {s.VIP}:80 firewall',
                     env={'DSRCTL_FAKE_PROC': str(w101.root)})
    assert done.status == 2 and not done.out and done.err


def test_mark(explain, routes, w101):  # noqa: F811
    w101.rules = [s.rule(s.VIP, more=[s.u32(u.DSR_RULE_A_MARK, 7)])]
    explain()
    assert routes.asked[-2][1][RTA_MARK] == struct.pack('=I', 7)


def test_port(explain, w101):  # noqa: F811
    w101.rules = [s.rule(s.VIP, 6, 80, to_port=8080)]
    told = explain()
    assert told['delivery'] == f'to {W101}:8080'
    assert told['listener'] == 'none: no program listens on tcp port 8080'
    assert told['outcome'].startswith('delivered: the client is refused')
    assert explain.json['socket'] == {'listener': 'none', 'addr': None}
    w101.rules = []
    assert 'advice' in explain() and explain.json['to'] is None


@pytest.mark.parametrize('tos,words,rule', [
    ('tos 0x20', ' tos 0x20', 'dscp cs1'), ('dscp cs1', ' tos 0x20', 'dscp cs1'),
    ('tos 0x24', ' tos 0x24', 'tos 0x24/0xff'), ('tos 4', ' tos 0x04', 'none')])
def test_tos(explain, w101, tos, words, rule):  # noqa: F811
    """Of rules by TOS, the mask with more bits comes first."""
    w101.rules = [s.rule(tos=0x20, mask=0xf8), s.rule(tos=0x20, mask=0xfc),
                  s.rule(tos=0x24, mask=0xff)]
    told = explain(tos)
    assert f'{words} by eth0' in told['packet']
    assert told['rule'] == rule
    assert explain.json['reason'] == ('pass_no_rule' if rule == 'none' else
                                      'delivered')


def test_tos_for_this_machine(explain, kernel, w101):  # noqa: F811
    w101.rules = [s.rule(tos=0x20, mask=0xfc)]
    told = explain('tos 0x20', dst=W101)
    assert told['outcome'].startswith('pass_tos_not_vip')
    assert told['delivery'] == f'to {W101}:80'


def test_best_rule(explain, w101):  # noqa: F811
    rules = [s.rule(tos=0, mask=0xfc), s.rule(s.VIP), s.rule(s.VIP, 6),
             s.rule(s.VIP, 6, 80), s.rule(s.VIP, 17, 80), s.rule(s.VIP, 6, 81)]
    for count, rule in ((6, f'vip {s.VIP} proto tcp port 80'),
                        (3, f'vip {s.VIP} proto tcp'), (2, f'vip {s.VIP}'),
                        (1, 'dscp cs0')):
        w101.rules = rules[:count]
        assert explain()['rule'] == rule


def test_from(explain, w101):  # noqa: F811
    w101.rules = [s.rule(tos=0x20, mask=0xfc, more=[
        s.addr(u.DSR_RULE_A_FROM, '10.10.30.11')])]
    assert explain('tos 0x20')['outcome'].startswith(
        "delivered: if its frame comes from a machine that 'from' names, its")


def test_drops(explain, routes, kernel, w101):  # noqa: F811
    """What dsr_rs drops by itself."""
    w101.rules = [s.rule(s.VIP, more=[s.addr(u.DSR_RULE_A_TO, '10.10.30.77')])]
    assert explain()['outcome'].startswith('drop_no_local_address: ')
    w101.rules = [s.rule(s.VIP, more=[s.addr(u.DSR_RULE_A_TO, '127.0.0.1')])]
    assert explain()['outcome'].startswith('drop_no_local_address: ')
    w101.sysctl('ipv4/conf/all/route_localnet', 1)
    assert explain()['delivery'] == 'to 127.0.0.1:80'
    w101.rules = [s.rule(s.VIP)]
    assert explain(src=W101, words='dev lo')['outcome'].startswith(
        'drop_needs_accept_local: ')
    w101.sysctl('ipv4/conf/all/accept_local', 1)
    assert explain(src=W101, words='dev lo')['outcome'].startswith('delivered')
    assert explain(src=s.VIP)['outcome'].startswith('drop_bad_source: ')
    local = [s.u8(u.DSR_RULE_A_MODE, u.DSR_RULE_MODE_LOCAL)]
    w101.rules = [s.rule(s.VIP, more=[*local, s.u8(u.DSR_RULE_A_ROUTED, 0)])]
    assert explain()['outcome'].startswith('drop_no_local_route: ')
    w101.rules = [s.rule(s.VIP, more=[*local, s.u8(u.DSR_RULE_A_ROUTED, 1)])]
    assert explain()['delivery'] == f'to {s.VIP}:80'
    assert explain.json['reason'] == 'delivered_unchanged'
    assert routes.asked[-2][1][RTA_DST] == k.packed(s.VIP)


def test_rp_filter(explain, routes, w101):  # noqa: F811
    w101.sysctl('ipv4/conf/eth0/rp_filter', 1)
    assert explain()['source'] == 'accepted, rp_filter is 1 on eth0'
    routes.refused['in'] = errno.EXDEV
    told = explain()
    assert told['source'].startswith('rejected: rp_filter is 1 on eth0')
    assert told['outcome'].startswith('delivered: the packet is lost: rp_filter')
    assert explain.json['source'] == {'accepted': False, 'rp_filter': 1}
    routes.refused['in'] = errno.EINVAL
    assert explain()['source'] == 'rejected on eth0: Invalid argument'


def test_no_way_back(explain, routes):
    """Then the first address of the device is the local one."""
    routes.refused['out'] = errno.ENETUNREACH
    told = explain('dev lo')
    assert told['delivery'] == 'to 127.0.0.1:80'
    assert told['reply'] == 'no way: Network is unreachable'
    assert told['outcome'].startswith('delivered: the reply is lost')
    assert explain.json['reply'] is None


def test_listener_elsewhere(explain, kernel):
    kernel.objects[k.SOCK_DIAG] = Objects(
        k.SOCK_DIAG, s.listening(80, '127.0.0.1'))
    told = explain()
    assert told['listener'].endswith('on tcp port 80 listens on 127.0.0.1 only')
    assert told['outcome'].startswith('delivered: the client is refused')
    assert explain.json['socket'] == {'listener': 'elsewhere',
                                      'addr': '127.0.0.1'}


@pytest.mark.parametrize('local,takes', [
    ([W101, '10.10.30.102'], 'takes'), (['10.10.30.102'], 'elsewhere'),
    (['::'], 'takes'), (['::1'], 'none')])
def test_sctp(explain, kernel, local, takes):
    """A socket of SCTP has several addresses."""
    def sockets(request):
        return Objects(k.SOCK_DIAG, *([s.listening(80, local=local)]
                                      if request.data[17] == 132 else []))
    kernel.objects[k.SOCK_DIAG] = sockets
    explain('proto sctp')
    assert explain.json['socket']['listener'] == takes
    explain()
    assert explain.json['socket']['listener'] == 'none'
    kernel.objects[k.SOCK_DIAG] = lambda request: (
        Ack(errno.ENOENT) if request.data[17] == 132 else
        Objects(k.SOCK_DIAG))
    assert explain('proto sctp')['listener'].startswith('not known: this kernel')
    assert explain.json['socket'] is None


def test_input(explain, kernel, w101):  # noqa: F811
    """The chains that may drop the packet are named."""
    kernel.objects[k.NFT_GETCHAIN] = Objects(
        k.NFT_NEWCHAIN, s.chain(2, 'filter', 'FORWARD', 2, policy=0),
        s.chain(2, 'filter', 'INPUT', 1, policy=0),
        s.chain(10, 'filter', 'INPUT', 1, policy=0))
    told = explain()
    assert told['firewall'] == (
        f'INPUT sees the packet as one to {W101}:80; chain ip filter INPUT with '
        "policy drop, see 'nft -a list chain ip filter INPUT'")
    assert told['outcome'].startswith('delivered: if INPUT accepts it, its')
    assert explain.json['input'] == ['ip filter INPUT']
    kernel.objects[k.NFT_GETCHAIN] = Objects(k.NFT_NEWCHAIN)
    w101.write('proc/net/ip_tables_names', 'filter\n')
    assert explain()['firewall'].endswith("see 'iptables-legacy -nvL INPUT'")
    w101.write('proc/net/ip_tables_names', 'nat\n')
    assert explain()['listener'].startswith('not known: rules of nat')
    assert explain.json['socket'] is None


def test_ipv6(explain, kernel, routes, w101):  # noqa: F811
    routes.source = '2001:db8:30::101'
    w101.rules = [s.rule(s.VIP6)]
    kernel.objects[k.SOCK_DIAG] = Objects(k.SOCK_DIAG, s.listening(53, '::'))
    told = explain('proto udp', s.CLIENT6, s.VIP6, 53)
    assert told['packet'].startswith(
        f'udp [{s.CLIENT6}]:4000 > [{s.VIP6}]:53 by eth0,')
    assert told['delivery'] == 'to [2001:db8:30::101]:53'
    assert told['reply'] == f'from [{s.VIP6}]:53 by eth0, MTU 1500'


def test_refusals(fake, kernel, w101):  # noqa: F811
    line = f'real explain {s.CLIENT}:1 {s.VIP}:80'
    for words, sentence in (
            ('real explain', 'real explain: source is missing: '),
            (f'real explain {s.CLIENT}:1', 'destination is missing'),
            (f'real explain {s.CLIENT}:1 {s.VIP}', 'the destination has no port'),
            (f'real explain {s.CLIENT}:1 [{s.VIP6}]:80',
             'source and destination are of different families'),
            (f'{line} tos 4 dscp 1', 'tos and dscp exclude each other'),
            (f'{line} mark 1', "unknown keyword 'mark'")):
        done = fake(words)
        assert done.status == 1 and sentence in done.err, done
    kernel.objects[k.RTM_GETROUTE] = Ack(errno.ENETUNREACH)
    done = fake(line)
    assert done.status == 1 and "name one by 'dev'" in done.err
    kernel.answers['dsr_rs', u.DSR_RS_CMD_RULE_GET] = Reply(s.SERVICES[0])
    assert fake(f'{line} dev lo').status == 2
    kernel.families = ['dsr']
    assert fake(line).status == 2
