# SPDX-License-Identifier: GPL-2.0
"""dsrctl doctor: what it makes of what the kernel says.

The scenarios of tests/vm/test_doctor.py plant each fault in a real site. Here is
what these cannot do: a module of another version, a machine with a thousand
services, what is printed to the letter, what looks like a fault and is none.
"""

import errno
import json
import re
import time

import pytest

import fakekernel as k
import sample as s
import uapi as u
from conftest import TOOL
from fakekernel import Ack, Objects, Reply
from test_fuzz import Mutator

LB_CONF = ('all', 'lo', 'eth0', 'eth1')


class Machine:
    """A balancer, or a real server, that is well."""

    def __init__(self, fake, kernel, root, balancer=True):
        self.fake, self.kernel, self.root = fake, kernel, root
        self.packets = []
        devices = ((1, 'lo', 0x49), (2, 'eth0', 0x1043), (3, 'eth1', 0x1043))
        kernel.objects = {
            k.RTM_GETLINK: Objects(k.RTM_NEWLINK, *(
                s.link(*one) for one in devices)),
            k.RTM_GETADDR: Objects(
                k.RTM_NEWADDR, s.address(1, '127.0.0.1', 8, 254),
                *((s.address(2, '10.10.31.11', 24),
                   s.address(3, '10.10.30.11', 24)) if balancer else
                  (s.address(2, '10.10.30.101', 24),))),
            k.RTM_GETNEIGH: Objects(k.RTM_NEWNEIGH, s.neighbour(
                2, '10.10.30.11', s.MAC['lv1'])),
            k.RTM_GETROUTE: lambda request: Objects(
                k.RTM_NEWROUTE, s.route(s.CLIENT, 2)),
            k.SOCK_DIAG: Objects(k.SOCK_DIAG, s.listening(80)),
        }
        empty = Reply()
        self.services = [s.service(1, counters=(10, 10, 10), backends=1)]
        self.backends = [s.backend(1, s.W101, state=u.DSR_BACKEND_REACHABLE,
                                   ifindex=3, mac=s.MAC['w101'])]
        self.rules = [s.rule(s.VIP)]
        self.reasons = {}
        kernel.answers.update({
            ('dsr', u.DSR_CMD_SERVICE_GET): lambda r: Reply(
                *(self.services if balancer else ())),
            ('dsr', u.DSR_CMD_BACKEND_GET): lambda r: Reply(
                *(self.backends if balancer else ())),
            ('dsr', u.DSR_CMD_PATH_GET): empty,
            ('dsr', u.DSR_CMD_CONNECTION_GET): empty,
            ('dsr', u.DSR_CMD_EXPLAIN): Reply(
                s.explanation('pass_no_service')),
            ('dsr', u.DSR_CMD_STATS_GET): self.stats,
            ('dsr_rs', u.DSR_RS_CMD_STATS_GET): self.stats,
            ('dsr_rs', u.DSR_RS_CMD_RULE_GET): lambda r: Reply(
                *(() if balancer else self.rules)),
            ('dsr_rs', u.DSR_RS_CMD_SILENCE_GET): empty,
            ('dsr_rs', u.DSR_RS_CMD_FLOW_GET): empty,
        })
        self.entries = 0
        self.asked = 0
        for family in ('ipv4', 'ipv6'):
            for name in LB_CONF:
                self.sysctl(f'{family}/conf/{name}/forwarding', int(balancer))
        for name in LB_CONF:
            for key in ('rp_filter', 'accept_local', 'arp_ignore'):
                self.sysctl(f'ipv4/conf/{name}/{key}', 0)

    def stats(self, _):
        """Counters that begin at 1 and rise by what the test says."""
        self.asked += 1
        late = self.asked > 2
        return Reply(s.table(self.entries, 100, 16, 16) + b''.join(
            s.reason(name, 1 + rise * late)
            for name, rise in self.reasons.items()))

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding='ascii')

    def sysctl(self, key, value):
        self.write(f'proc/sys/net/{key}', f'{value}\n')

    def module(self, name, version='0.1'):
        self.write(f'sys/module/{name}/initstate', 'live\n')
        self.write(f'sys/module/{name}/version', f'{version}\n')

    def saw(self, way, kind, src, sport, dst, dport, times=1, dev=2, tos=0,
            mac='02:00:00:00:00:01'):
        self.packets.append(f'{way} {kind} {dev} {tos:x} {mac} {src} {sport} '
                            f'{dst} {dport} {times}\n')

    def run(self, *words):
        self.asked = 0
        self.write('packets', ''.join(self.packets))
        return self.fake(*words, 'doctor time 1s',
                         env={'DSRCTL_FAKE_PROC': str(self.root)})

    def codes(self):
        done = self.run('-j')
        found = json.loads(done.out)
        done.check(1 if found else 0)
        return {one['code']: one for one in found}


@pytest.fixture
def lv1(fake, kernel, tmp_path):
    return Machine(fake, kernel, tmp_path / 'root')


@pytest.fixture
def w101(fake, kernel, tmp_path):
    return Machine(fake, kernel, tmp_path / 'root', False)


def test_well(lv1):
    done = lv1.run().check(0)
    assert done.out == ''
    assert lv1.run('-j').check(0).out == '[]\n'


def test_well_real(w101):
    assert w101.run().check(0).out == ''


def test_words(fake):
    """What is wrong with the words is not what is wrong with the machine."""
    for words in ('time', 'time 0', 'time 11m', 'time 1s time 1s', 'now'):
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


# The modules

@pytest.mark.parametrize('name', ['dsr_lb', 'dsr_rs', 'dsr_ipvs'])
def test_module_version(lv1, name):
    lv1.module(name)
    assert not lv1.codes()
    lv1.module(name, '0.0')
    assert lv1.codes()['module-version']['subject'] == f'module {name}'


def test_ip_vs(lv1):
    """Loaded it may be; that it balances here is a fault."""
    lv1.write('sys/module/ip_vs/initstate', 'live\n')
    head = ('IP Virtual Server version 1.2.1 (size=4096)\n'
            'Prot LocalAddress:Port Scheduler Flags\n'
            '  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n')
    lv1.write('proc/net/ip_vs', head)
    assert not lv1.codes()
    lv1.write('proc/net/ip_vs', head + 'FWM  00000009 wlc \n'
              'TCP  0A0A1F65:0050 rr \n')
    assert not lv1.codes()
    lv1.write('proc/net/ip_vs', head + 'FWM  00000001 wlc \n')
    assert lv1.codes()['ip-vs-balances']['commands'] == ['ipvsadm -D -f 1']
    lv1.services.append(s.service(s.WEB))
    lv1.backends.append(s.backend(s.WEB, s.W101, state=1, ifindex=3))
    lv1.write('proc/net/ip_vs', head + 'TCP  0A0A1F64:0050 rr \n')
    assert lv1.codes()['ip-vs-balances']['commands'] == [
        f'ipvsadm -D -t {s.VIP}:80']


# Services and backends

def test_table(lv1):
    lv1.entries = 89
    assert not lv1.codes()
    lv1.entries = 90
    assert lv1.codes()['table-nearly-full']['commands'][0].endswith(
        'set max 200')


def test_supply(lv1):
    """One backend that takes connections is enough."""
    out = [s.backend(1, s.W101, admin=u.DSR_BACKEND_DOWN),
           s.backend(1, s.W102, weight=0)]
    lv1.backends = out
    assert set(lv1.codes()) == {'service-all-out'}
    full = s.backend(1, '10.10.30.103', upper=5, overloaded=1, state=1,
                     ifindex=3)
    lv1.backends = [*out, full]
    assert lv1.codes()['service-overloaded']['commands'] == [
        'dsrctl backend set fwmark 1 via 10.10.30.103 upper 0']
    lv1.backends.append(s.backend(1, '10.10.30.104', state=1, ifindex=3))
    assert not lv1.codes()


@pytest.mark.parametrize('options,subject', [
    ({'prefix': 24}, 'service fwmark 1 persist-prefix'),
    ({'options': [s.u8(u.DSR_SERVICE_A_HASH, 1)]}, 'service fwmark 1 hash'),
])
def test_option(lv1, options, subject):
    lv1.services = [s.service(1, **options)]
    assert lv1.codes()['option-without-effect']['subject'] == subject


def test_option_with_effect(lv1):
    lv1.services = [s.service(1, 'sh', persist=1000, prefix=24, options=[
        s.u8(u.DSR_SERVICE_A_HASH, 1)])]
    assert not lv1.codes()


def test_path(lv1, kernel):
    kernel.answers['dsr', u.DSR_CMD_PATH_GET] = Reply(s.path(1, 10000))
    assert lv1.codes()['option-without-effect']['subject'] == 'path dev lo'
    lv1.services = [s.service(1, path=u.DSR_PATH_DIRECT)]
    assert not lv1.codes()


def test_behind_gateway(lv1, kernel):
    lv1.backends = [s.backend(1, '10.9.9.9', state=u.DSR_BACKEND_NO_ROUTE)]
    kernel.objects[k.RTM_GETROUTE] = Objects(
        k.RTM_NEWROUTE, s.route('10.9.9.9', 2, '10.10.31.1'))
    assert '10.10.31.1' in lv1.codes()['backend-behind-gateway']['what']
    kernel.objects[k.RTM_GETROUTE] = Ack(errno.ENETUNREACH)
    assert set(lv1.codes()) == {'backend-no-route'}


def test_taken_out(lv1):
    """A backend that gets nothing may be anywhere."""
    lv1.backends.append(s.backend(1, s.W102, admin=u.DSR_BACKEND_DOWN,
                                  state=u.DSR_BACKEND_NO_ROUTE))
    assert not lv1.codes()


def test_asked(lv1, kernel):
    """Those whose MAC address is not known are asked for it first."""
    lv1.backends.append(s.backend(1, s.W102, ifindex=3,
                                  state=u.DSR_BACKEND_UNREACHABLE))
    assert set(lv1.codes()) == {'backend-neighbour-failed'}
    asked = [r for r in kernel.requests if r.kind == k.RTM_NEWNEIGH]
    assert len(asked) == 1 and s.packed(s.W102) in asked[0].data


@pytest.mark.parametrize('skip', [u.DSR_ON_UNREACHABLE_KEEP,
                                  u.DSR_ON_UNREACHABLE_SKIP])
def test_neighbour_failed_is_skipped(lv1, skip):
    """The service decides about new connections, and doctor says how."""
    lv1.services = [s.service(1, counters=(10, 10, 10), backends=2,
                              on_unreachable=skip)]
    lv1.backends.append(s.backend(1, s.W102, ifindex=3,
                                  state=u.DSR_BACKEND_UNREACHABLE))
    what = lv1.codes()['backend-neighbour-failed']['what']
    assert ('no new connections until it does' in what) == bool(skip)


# Packets

def reply(lv1, **fields):
    lv1.saw('in', 'answer', s.VIP, 80, s.CLIENT, 4000,
            **{'dev': 3, 'mac': s.MAC['w101'], **fields})


def test_replies_pass(lv1):
    reply(lv1)
    assert not lv1.codes()


@pytest.mark.parametrize('all_,dev,found', [
    (0, 1, True), (1, 0, True), (2, 0, False), (0, 2, False), (2, 1, False)])
def test_rp_filter(lv1, all_, dev, found):
    """The larger one counts; 2 lets in what has any way back."""
    reply(lv1)
    lv1.sysctl('ipv4/conf/all/rp_filter', all_)
    lv1.sysctl('ipv4/conf/eth1/rp_filter', dev)
    assert set(lv1.codes()) == ({'replies-rp-filter'} if found else set())


def test_other_answers(lv1):
    """Of no backend, of a backend's own address, or for this machine."""
    lv1.sysctl('ipv4/conf/eth1/rp_filter', 1)
    lv1.sysctl('ipv4/conf/eth1/forwarding', 0)
    reply(lv1, mac='02:00:00:00:00:99')
    lv1.saw('in', 'answer', s.W101, 80, s.CLIENT, 4000, dev=3,
            mac=s.MAC['w101'])
    lv1.saw('in', 'answer', s.VIP, 80, '10.10.31.11', 4000, dev=3,
            mac=s.MAC['w101'])
    assert not lv1.codes()


def test_replies_dropped(lv1, kernel):
    """All of them, by a chain that may do so."""
    for port in range(4000, 4003):
        reply(lv1)
        lv1.packets[-1] = lv1.packets[-1].replace('4000', str(port))
    assert not lv1.codes()
    forward(kernel)
    assert lv1.codes()['replies-dropped']['commands'] == [
        f'nft insert rule ip filter FORWARD ip saddr {s.VIP} accept']
    lv1.saw('out', 'answer', s.VIP, 80, s.CLIENT, 4001)
    assert not lv1.codes()


def forward(kernel, policy=0, name='FORWARD', table='filter'):
    kernel.objects[k.NFT_GETCHAIN] = Objects(
        k.NFT_NEWCHAIN, s.chain(2, table, name, 2, policy=policy),
        s.chain(2, 'nat', 'PREROUTING', 0, 'nat', 1))


def test_firewall(lv1, kernel):
    """It drops all that is for a VIP, and not only what some clients send."""
    forward(kernel)
    lv1.reasons = {'drop_by_firewall': 2}
    lv1.saw('in', 'syn', s.CLIENT, 4000, s.VIP, 80, 2)
    assert lv1.codes()['firewall-drops']['commands'] == [
        'nft insert rule ip filter FORWARD ct state established accept',
        f'nft insert rule ip filter FORWARD ip daddr {s.VIP} accept']
    lv1.saw('in', 'syn', '10.10.31.201', 4000, s.VIP, 80)
    lv1.saw('out', 'syn', '10.10.31.201', 4000, s.VIP, 80, dev=3)
    assert not lv1.codes()


def test_firewall_wanted(lv1, kernel):
    """A port that was never served is dropped on purpose."""
    forward(kernel)
    lv1.reasons = {'drop_by_firewall': 2, 'forwarded': 0}
    lv1.saw('in', 'syn', s.CLIENT, 4000, s.VIP, 22, 2)
    assert not lv1.codes()
    kernel.answers['dsr', u.DSR_CMD_CONNECTION_GET] = Reply(s.connection(
        6, s.CLIENT, 3999, s.VIP, 22, 1, 1000, 1, s.W101))
    assert set(lv1.codes()) == {'firewall-drops'}


def test_rest(lv1):
    """A service without backends drops what others of its VIP leave."""
    lv1.services = [s.service(s.WEB), s.service(f'vip {s.VIP}')]
    lv1.backends = [s.backend(s.WEB, s.W101, state=1, ifindex=3)]
    assert not lv1.codes()
    lv1.services = lv1.services[1:]
    lv1.backends = []
    assert set(lv1.codes()) == {'service-no-backend'}


def test_silent(w101, kernel):
    """The VIP as an address: hidden by the module, by arp_ignore, by rules."""
    kernel.objects[k.RTM_GETADDR] = Objects(
        k.RTM_NEWADDR, s.address(2, '10.10.30.101', 24),
        s.address(1, s.VIP, 32))
    assert w101.codes()['vip-not-silent']['commands'] == [
        f'dsrctl real silence {s.VIP}']
    kernel.objects[k.NFT_GETCHAIN] = Objects(
        k.NFT_NEWCHAIN, s.chain(3, 'filter', 'OUTPUT', 1, policy=0))
    assert not w101.codes()
    kernel.objects[k.NFT_GETCHAIN] = Objects(k.NFT_NEWCHAIN)
    w101.sysctl('ipv4/conf/all/arp_ignore', 1)
    assert not w101.codes()
    w101.sysctl('ipv4/conf/all/arp_ignore', 0)
    kernel.answers['dsr_rs', u.DSR_RS_CMD_SILENCE_GET] = Reply(
        s.silence(s.VIP))
    assert not w101.codes()


def test_shadowed(lv1, kernel):
    lv1.services.append(s.service(s.WEB))
    lv1.backends.append(s.backend(s.WEB, s.W101, state=1, ifindex=3))
    kernel.answers['dsr', u.DSR_CMD_EXPLAIN] = Reply(
        s.explanation('forwarded') + s.service(1) + s.connection(
            6, s.CLIENT, 4000, s.VIP, 80, 1, 1000, 1, s.W101))
    assert not lv1.codes()
    lv1.saw('in', 'syn', s.CLIENT, 4000, s.VIP, 80)
    lv1.saw('out', 'syn', s.CLIENT, 4000, s.VIP, 80, dev=3)
    assert lv1.codes()['service-shadowed']['subject'] == f'service {s.WEB}'


def no_answers(lv1, kernel, state, number, times=2):
    """A connection is found by the mark of its service only."""
    for port in range(4000, 4000 + number):
        lv1.saw('in', 'syn', s.CLIENT, port, s.VIP, 80, times)
        lv1.saw('out', 'syn', s.CLIENT, port, s.VIP, 80, times, dev=3)
    lv1.services.insert(0, s.service(7))
    lv1.backends.insert(0, s.backend(7, s.W102, state=1, ifindex=3))

    def explain(request):
        mark = request.nest(u.DSR_A_EXPLAIN).get(u.DSR_EXPLAIN_A_FWMARK)
        if mark != s.struct.pack('=I', 1):
            return Reply(s.explanation('pass_no_service'))
        return Reply(s.explanation('forwarded') + s.service(1) + s.connection(
            6, s.CLIENT, 4000, s.VIP, 80, state, 1000, 1, s.W101))
    kernel.answers['dsr', u.DSR_CMD_EXPLAIN] = explain


@pytest.mark.parametrize('state,number,times,found', [
    (0, 3, 2, True), (0, 2, 2, False), (0, 9, 1, False), (1, 3, 2, False)])
def test_no_answer(lv1, kernel, state, number, times, found):
    """One lost packet is no fault; a scanner sends no SYN again."""
    no_answers(lv1, kernel, state, number, times)
    assert set(lv1.codes()) == ({'backend-no-answer'} if found else set())


def test_no_answer_hash(lv1, kernel):
    """With maglev a SYN is in no table: the hash says which backend had it."""
    no_answers(lv1, kernel, 0, 3)
    chosen = s.backend(1, s.W101, state=1, ifindex=3)

    def explain(request):
        mark = request.nest(u.DSR_A_EXPLAIN).get(u.DSR_EXPLAIN_A_FWMARK)
        if mark != s.struct.pack('=I', 1):
            return Reply(s.explanation('pass_no_service'))
        return Reply(s.explanation('forwarded_syn_unremembered',
                                   u.DSR_CHOICE_SCHEDULER, 5) + chosen)
    kernel.answers['dsr', u.DSR_CMD_EXPLAIN] = explain
    assert lv1.codes()['backend-no-answer']['subject'] == (
        f'backend fwmark 1 via {s.W101}')
    chosen = b''
    assert not lv1.codes()


# A real server

def test_no_rule(w101):
    w101.saw('in', 'syn', s.CLIENT, 4000, '10.10.31.77', 80, 2)
    assert w101.codes()['vip-no-rule']['commands'] == [
        'dsrctl real add vip 10.10.31.77']


def test_no_rule_wanted(w101):
    """A router, a VIP whose other ports are served, and a passing stray."""
    w101.saw('in', 'syn', s.CLIENT, 4000, '10.10.31.77', 80)
    w101.rules = [s.rule(s.VIP, 6, 80)]
    w101.saw('in', 'syn', s.CLIENT, 4000, s.VIP, 22, 9)
    assert not w101.codes()
    w101.sysctl('ipv4/conf/eth0/forwarding', 1)
    w101.saw('in', 'syn', s.CLIENT, 4000, '10.10.31.78', 80, 9)
    assert not w101.codes()


def test_scan(w101):
    """A port that has never been served is not missed."""
    w101.reasons = {'replied': 5}
    w101.saw('in', 'syn', s.CLIENT, 4000, s.VIP, 9999, 9)
    assert not w101.codes()


def test_tos_differs(w101):
    w101.rules = [s.rule(tos=0x20, mask=0xfc, more=[
        s.u8(u.DSR_RULE_A_CLEAR, 1)])]
    w101.saw('in', 'syn', s.CLIENT, 4000, s.VIP, 80, 2, tos=0x28)
    assert w101.codes()['tos-differs']['commands'] == [
        'dsrctl real add tos 0x28 clear']


def test_tos_from_other(w101):
    w101.rules = [s.rule(tos=0x20, mask=0xfc, more=[
        s.addr(u.DSR_RULE_A_FROM, '10.10.30.12')])]
    w101.reasons = {'pass_tos_not_from_balancer': 2}
    w101.saw('in', 'syn', s.CLIENT, 4000, s.VIP, 80, 2, tos=0x20,
             mac=s.MAC['lv1'])
    found = w101.codes()['tos-from-other']
    assert '10.10.30.11' in found['what']
    assert found['commands'] == ['dsrctl real replace dscp cs1 from '
                                 f'10.10.30.12,{s.MAC["lv1"]}']


def test_no_route_back(w101, kernel):
    kernel.objects[k.RTM_GETROUTE] = Ack(errno.ENETUNREACH)
    w101.saw('in', 'syn', s.CLIENT, 4000, s.VIP, 80, 2, mac=s.MAC['lv1'])
    assert w101.codes()['no-route-back']['commands'] == [
        'ip route add default via 10.10.30.11']


def test_listener(w101, kernel):
    w101.rules = [s.rule(s.VIP, 6, 80, to_port=8080)]
    assert set(w101.codes()) == {'rule-no-listener'}
    kernel.objects[k.SOCK_DIAG] = Objects(k.SOCK_DIAG, s.listening(
        8080, '10.10.30.101'))
    assert not w101.codes()
    kernel.objects[k.SOCK_DIAG] = Objects(k.SOCK_DIAG, s.listening(
        8080, '127.0.0.1'))
    assert w101.codes()['rule-listener-elsewhere']['commands'][-1] == (
        f'dsrctl real replace vip {s.VIP} proto tcp port 80 to 127.0.0.1:8080')


def test_listener_of_both(w101, kernel):
    """One of IPv6 takes IPv4, too."""
    w101.rules = [s.rule(s.VIP, 6, 80)]
    kernel.objects[k.SOCK_DIAG] = Objects(k.SOCK_DIAG, s.listening(80, '::'))
    assert not w101.codes()


def test_listener_behind_dnat(w101, kernel):
    """A rule of docker's gives it to a container."""
    w101.rules = [s.rule(s.VIP, 6, 81)]
    kernel.objects[k.NFT_GETCHAIN] = Objects(
        k.NFT_NEWCHAIN, s.chain(2, 'nat', 'PREROUTING', 0, 'nat'))
    assert set(w101.codes()) == {'rule-no-listener'}
    kernel.objects[k.NFT_GETRULE] = Objects(
        k.NFT_NEWRULE, s.struct.pack('=BBH', 2, 0, 0) + s.string(1, 'nat') +
        s.string(2, 'PREROUTING'))
    assert not w101.codes()


def test_input(w101, kernel):
    kernel.objects[k.NFT_GETCHAIN] = Objects(
        k.NFT_NEWCHAIN, s.chain(1, 'filter', 'input', 1, policy=0))
    w101.saw('in', 'syn', s.CLIENT, 4000, s.VIP, 80, 2)
    assert w101.codes()['input-drops']['commands'] == [
        'nft insert rule inet filter input tcp dport 80 accept']
    w101.saw('out', 'answer', s.VIP, 80, s.CLIENT, 4000, 2)
    assert not w101.codes()


# All of it

def test_thousand(lv1, kernel):
    """1,000 services of 20 backends: each is listed once, and it is done soon.

    The bound is that of the issue, with the sanitizers on top.
    """
    def via(i, j):
        return f'10.{i // 250}.{i % 250}.{j + 1}'
    lv1.services = [s.service(i + 1) for i in range(1000)]
    lv1.backends = [s.backend(i + 1, via(i, j), state=1, ifindex=3)
                    for i in range(1000) for j in range(20)]
    begun = time.monotonic()
    assert not lv1.codes()
    assert time.monotonic() - begun < 30
    assert len([r for r in kernel.requests
                if r.kind == k.FAMILIES['dsr']]) < 20


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
    done = fake('-f -b -', stdin='doctor time 1s\n' * 25, timeout=300,
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
    for path in (f'{TOOL}/../tests/vm/test_doctor.py', __file__):
        with open(os.path.normpath(path), encoding='ascii') as file:
            tests += file.read()
    assert not [code for code in codes if f"'{code}'" not in tests]
