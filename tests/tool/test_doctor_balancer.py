# SPDX-License-Identifier: GPL-2.0
"""dsrctl doctor on a balancer: what looks like a fault and is none."""

import errno

import pytest

import fakekernel as k
import sample as s
import uapi as u
from fakekernel import Ack, Objects, Reply
from machine import lv1  # noqa: F401  pylint: disable=unused-import


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


def test_names_of_chains(lv1, kernel):
    """They are as long as the kernel has them, and fit for a shell."""
    for port in range(4000, 4003):
        reply(lv1)
        lv1.packets[-1] = lv1.packets[-1].replace('4000', str(port))
    for table, name, words in (
            ('t' * 255, 'n' * 255, f'{"t" * 255} {"n" * 255}'),
            ('my-table', 'a.b/c', 'my-table a.b/c'),
            ('a;b', "c'd e", "'a;b' 'c'\\''d e'")):
        forward(kernel, name=name, table=table)
        assert lv1.codes()['replies-dropped']['commands'] == [
            f'nft insert rule ip {words} ip saddr {s.VIP} accept']


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


@pytest.mark.parametrize('hook,code', [(0, 'prerouting-drops'), (2, None)])
def test_prerouting(lv1, kernel, hook, code):
    """The rules are asked where no counter of dsr_lb has risen."""
    asked = []

    def explain(request):
        firewall = u.DSR_EXPLAIN_A_FIREWALL in request.nest(u.DSR_A_EXPLAIN)
        asked.append(firewall)
        return Reply(s.explanation('drop_by_firewall', more=[
            s.VERDICT[field](value) for field, value in (
                ('verdict', 1), ('hook', hook), ('priority', -300),
                ('chain', 7))] if firewall else ()))
    kernel.answers['dsr', u.DSR_CMD_EXPLAIN] = explain
    kernel.answers['dsr', u.DSR_CMD_CONNECTION_GET] = Reply(s.connection(
        6, s.CLIENT, 3999, s.VIP, 80, 1, 1000, 1, s.W101))
    kernel.objects[k.NFT_GETCHAIN] = Objects(
        k.NFT_NEWCHAIN, s.chain(2, 'first', 'in', 0, handle=7, priority=-300))
    lv1.saw('in', 'syn', s.CLIENT, 4000, s.VIP, 80, 2)
    found = lv1.codes()
    assert any(asked)
    assert set(found) == ({code} if code else set())
    if code:
        assert found[code]['commands'] == [
            f'nft insert rule ip first in ip daddr {s.VIP} accept']
    # a port that was never served is dropped on purpose
    asked.clear()
    kernel.answers['dsr', u.DSR_CMD_CONNECTION_GET] = Reply()
    lv1.reasons = {'forwarded': 0}
    assert not lv1.codes() and not any(asked)


def test_firewall_udp(lv1, kernel):
    """Of a service that names the address; a mark names none."""
    forward(kernel)
    lv1.reasons = {'drop_by_firewall': 3}
    lv1.saw('in', 'udp', s.CLIENT, 4000, s.VIP, 53, 3)
    assert not lv1.codes()
    lv1.services = [s.service(f'vip {s.VIP} proto udp port 53', backends=1)]
    lv1.backends = [s.backend(f'vip {s.VIP} proto udp port 53', s.W101,
                              state=u.DSR_BACKEND_REACHABLE, ifindex=3)]
    assert set(lv1.codes()) == {'firewall-drops'}
    lv1.saw('out', 'udp', s.CLIENT, 4000, s.VIP, 53, dev=3)
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


@pytest.mark.parametrize('kind', ['ipip', 'wireguard', 'dummy'])
def test_tunnel_mtu(lv1, kernel, kind):
    """A larger MTU would not help: the header of the tunnel is added to it."""
    kernel.objects[k.RTM_GETLINK] = Objects(
        k.RTM_NEWLINK, s.link(1, 'lo', 0x49), s.link(2, 'eth0', 0x1043), s.link(
            3, 'tun0', 0x1043, 1420, k.nest(18, k.string(1, kind))))
    lv1.saw('in', 'syn', s.CLIENT, 4000, s.VIP, 80)
    lv1.reasons = {'drop_too_big': 3}
    found = lv1.codes()['device-mtu']
    if kind == 'dummy':
        assert found['commands'] == ['ip link set dev tun0 mtu 1500']
    else:
        assert not found['commands'] and 'advmss 1380' in found['why']


def narrow(kernel, front=1500, back=1300):
    """MTUs of eth0 and eth1."""
    kernel.objects[k.RTM_GETLINK] = Objects(
        k.RTM_NEWLINK, s.link(1, 'lo', 0x49), s.link(2, 'eth0', 0x1043, front),
        s.link(3, 'eth1', 0x1043, back))


def announced(lv1, mss, **fields):
    """A client comes, and w101 tells it how much it takes."""
    lv1.saw('in', 'syn', s.CLIENT, 4000, s.VIP, 80)
    lv1.saw('out', 'syn', s.CLIENT, 4000, s.VIP, 80, dev=3)
    reply(lv1, **fields)
    lv1.packets[-1] = lv1.packets[-1].replace('answer', f'answer:{mss}')
    lv1.saw('out', 'answer', s.VIP, 80, s.CLIENT, 4000)


@pytest.mark.parametrize('mss,front,back,mtu', [
    (1460, 1500, 1300, 1500), (1260, 1500, 1300, 0), (1261, 1500, 1300, 1301),
    (8960, 9000, 1500, 9000), (8960, 1500, 1500, 0), (0, 1500, 1300, 0)])
def test_mtu(lv1, kernel, mss, front, back, mtu):
    """Clients send as much as the server has told them, and as their device takes."""
    narrow(kernel, front, back)
    announced(lv1, mss)
    found = lv1.codes()
    assert set(found) == ({'device-mtu'} if mtu else set())
    if mtu:
        assert found['device-mtu']['commands'] == [
            f'ip link set dev eth1 mtu {mtu}']


def test_mtu_of_others(lv1, kernel):
    """Another machine answers, or a backend in its own name."""
    narrow(kernel)
    announced(lv1, 1460, mac='02:00:00:00:00:99')
    lv1.saw('in', 'answer:1460', s.W101, 80, s.CLIENT, 4001, dev=3,
            mac=s.MAC['w101'])
    assert not lv1.codes()


@pytest.mark.parametrize('gateway', [None, '10.10.30.9'])
def test_route_mtu(lv1, kernel, gateway):
    announced(lv1, 1460)
    assert not lv1.codes()
    kernel.objects[k.RTM_GETROUTE] = Objects(k.RTM_NEWROUTE, s.route(
        '10.10.30.96', 3, gateway, mtu=1300, prefix=28))
    found = lv1.codes()
    assert set(found) == {'route-mtu'}
    via = f' via {gateway}' if gateway else ''
    assert found['route-mtu']['commands'] == [
        f'ip route change 10.10.30.96/28{via} dev eth1 mtu 1500']


@pytest.mark.parametrize('forwarded,left,found', [
    (3, False, True), (2, False, False), (3, True, False)])
def test_not_sent(lv1, forwarded, left, found):
    """All that dsr_lb has forwarded is lost behind it."""
    lv1.reasons = {'forwarded': forwarded}
    for port in range(4000, 4003):
        lv1.saw('in', 'syn', s.CLIENT, port, s.VIP, 80, 2)
    if left:
        lv1.saw('out', 'syn', s.CLIENT, 4001, s.VIP, 80, dev=3)
    assert set(lv1.codes()) == ({'requests-not-sent'} if found else set())


# Clients of UDP

def ask_by_udp(lv1, kernel, answered):
    """Ten clients of a service by mark; those that ANSWERED names hear."""
    lv1.backends.append(s.backend(1, s.W102, state=1, ifindex=3))
    kernel.answers['dsr', u.DSR_CMD_CONNECTION_GET] = Reply(s.connection(
        17, s.CLIENT, 3999, s.VIP, 53, 4, 1000, 1, s.W101))

    def explain(request):
        port = request.nest(u.DSR_A_EXPLAIN)[u.DSR_EXPLAIN_A_SPORT][1]
        return Reply(s.explanation('forwarded') + s.service(1) + s.connection(
            17, s.CLIENT, 4000, s.VIP, 53, 4, 1000, 1,
            s.W102 if port % 2 else s.W101))
    kernel.answers['dsr', u.DSR_CMD_EXPLAIN] = explain
    for port in range(4000, 4020):
        lv1.saw('in', 'udp', s.CLIENT, port, s.VIP, 53)
        lv1.saw('out', 'udp', s.CLIENT, port, s.VIP, 53, dev=3)
        if answered(port):
            lv1.saw('in', 'udp', s.VIP, 53, s.CLIENT, port, dev=3)


@pytest.mark.parametrize('name,answered,found', [
    ('one', lambda port: port % 2, True),
    ('both', lambda port: True, False),
    ('none', lambda port: False, False),
    ('some', lambda port: port % 2 or port == 4002, False)])
def test_udp_no_answer(lv1, kernel, name, answered, found):
    """A server is judged by the others: no server has to answer datagrams."""
    ask_by_udp(lv1, kernel, answered)
    done = lv1.codes('1200ms')
    assert set(done) == ({'backend-no-answer'} if found else set()), name
    if found:
        assert done['backend-no-answer']['subject'] == (
            f'backend fwmark 1 via {s.W101}')
        assert not lv1.codes()      # too soon to tell


# Machines that claim a VIP

def owned(lv1, kernel, dev=2):
    """lv1 has the VIP itself."""
    kernel.objects[k.RTM_GETADDR] = Objects(
        k.RTM_NEWADDR, s.address(2, '10.10.31.11', 24),
        s.address(3, '10.10.30.11', 24), s.address(dev, s.VIP, 32))
    lv1.sysctl('ipv4/conf/eth1/accept_local', 1)


def test_not_silent(lv1):
    """A backend that answers for a VIP, and one that answers for itself."""
    lv1.saw('in', 'syn', s.CLIENT, 4000, s.VIP, 80)
    lv1.saw('out', 'syn', s.CLIENT, 4000, s.VIP, 80, dev=3)
    lv1.claims(s.MAC['w101'], dev=3)    # not where it was asked for
    assert not lv1.codes()
    lv1.claims(s.MAC['w101'], vip='10.10.31.77')
    assert not lv1.codes()
    lv1.claims(s.MAC['w101'])
    found = lv1.codes()
    assert set(found) == {'backend-not-silent'}
    assert found['backend-not-silent']['commands'] == [
        f'ssh root@{s.W101} dsrctl real silence {s.VIP}']


def test_not_silent_without_clients(lv1, kernel):
    """No client comes any more: the service names the VIP to ask for."""
    lv1.services = [s.service(s.WEB, backends=1)]
    lv1.backends = [s.backend(s.WEB, s.W101, state=1, ifindex=3,
                              mac=s.MAC['w101'])]
    lv1.claims(s.MAC['w101'])
    assert set(lv1.codes()) == {'backend-not-silent'}
    kernel.objects[k.RTM_GETROUTE] = Objects(
        k.RTM_NEWROUTE, s.route(s.VIP, 2, '10.10.31.1'))
    assert not lv1.codes()              # another network: nobody is asked


def test_other_may_answer(lv1):
    """The active one of a pair, also if it is a backend as this one is."""
    lv1.saw('in', 'syn', s.CLIENT, 4000, s.VIP, 80)
    lv1.saw('out', 'syn', s.CLIENT, 4000, s.VIP, 80, dev=3)
    lv1.claims('02:00:00:00:00:99')
    assert not lv1.codes()
    lv1.claims(s.MAC['w101'])
    lv1.backends.append(s.backend(1, '10.10.30.11',
                                  state=u.DSR_BACKEND_LOCAL))
    assert not lv1.codes()


def test_duplicate(lv1, kernel):
    """Both have it, and both answer."""
    owned(lv1, kernel)
    lv1.saw('in', 'syn', s.CLIENT, 4000, s.VIP, 80)
    lv1.saw('out', 'syn', s.CLIENT, 4000, s.VIP, 80, dev=3)
    lv1.claims('02:00:00:00:01:02')     # eth0's own
    assert not lv1.codes()
    lv1.claims('02:00:00:00:00:99', s.MAC['lv1'])
    found = lv1.codes()
    assert set(found) == {'vip-duplicate'}
    found = found['vip-duplicate']
    assert 'the machine 02:00:00:00:00:99 answers' in found['what']
    assert found['commands'] == [f'ip address del {s.VIP}/32 dev eth0']
    kernel.objects[k.RTM_GETNEIGH] = Objects(k.RTM_NEWNEIGH, s.neighbour(
        2, '10.10.31.12', '02:00:00:00:00:99'))
    command, = lv1.codes()['vip-duplicate']['commands']
    assert command.startswith(
        f"ssh root@10.10.31.12 'ip -o address show to {s.VIP} | ")
    owned(lv1, kernel, 1)
    for name in ('all', 'lo', 'eth0', 'eth1'):
        lv1.sysctl(f'ipv4/conf/{name}/arp_ignore', 1)
    assert not lv1.codes()              # hidden: the other one is right
