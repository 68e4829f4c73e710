# SPDX-License-Identifier: GPL-2.0
"""dsrctl doctor on a real server: what looks like a fault and is none."""

import errno

import pytest

import fakekernel as k
import sample as s
import uapi as u
from fakekernel import Ack, Objects, Reply
from machine import w101  # noqa: F401  pylint: disable=unused-import


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


@pytest.mark.parametrize('kind,name', [
    (6, 'blackhole'), (7, 'unreachable'), (8, 'prohibit')])
def test_barred(w101, kernel, kind, name):
    """A default route more would not help: the longer prefix counts."""
    kernel.objects[k.RTM_GETROUTE] = lambda request: Objects(
        k.RTM_NEWROUTE, s.route('0.0.0.0', 2, '10.10.30.10', prefix=0),
        s.route('10.10.31.0', 2, kind=kind, prefix=24),
        s.route('10.10.32.0', 2, kind=6, prefix=24)) if request.dump else Ack(
            errno.EINVAL)
    w101.saw('in', 'syn', s.CLIENT, 4000, s.VIP, 80, 2, mac=s.MAC['lv1'])
    assert w101.codes()['no-route-back']['commands'] == [
        f'ip route del {name} 10.10.31.0/24']


def test_no_rule_udp(w101):
    """A machine that is no router gets datagrams for an address of another one."""
    w101.saw('in', 'udp', s.CLIENT, 4000, '10.10.31.77', 53, 3)
    assert w101.codes()['vip-no-rule']['commands'] == [
        'dsrctl real add vip 10.10.31.77']
    w101.rules = [s.rule('10.10.31.77', 6, 80)]
    assert not w101.codes()
    w101.rules = []
    w101.saw('out', 'udp', '10.10.31.77', 53, s.CLIENT, 4000)
    assert not w101.codes()             # a container has it
    w101.packets.pop()
    assert set(w101.codes()) == {'vip-no-rule'}
    w101.sysctl('ipv4/conf/eth0/forwarding', 1)
    assert not w101.codes()


def test_own_udp(w101):
    """Neither what is for this machine, nor what it sends and hears itself."""
    w101.rules = []
    w101.saw('in', 'udp', s.CLIENT, 4000, '10.10.30.101', 53, 3)
    w101.saw('out', 'udp', '10.10.30.101', 4000, '10.10.31.1', 53, 3)
    w101.saw('in', 'udp', '10.10.31.1', 53, '10.10.30.101', 4000, 3)
    w101.saw('in', 'udp', '10.10.30.1', 67, '10.10.30.99', 68, 3)    # DHCP
    assert not w101.codes()


def test_unanswered_udp(w101, kernel):
    """A server that answers nothing is no fault of the firewall's."""
    w101.rules = [s.rule(s.VIP, 17, 514)]
    kernel.objects[k.SOCK_DIAG] = Objects(k.SOCK_DIAG, s.listening(514, state=7))
    kernel.objects[k.NFT_GETCHAIN] = Objects(
        k.NFT_NEWCHAIN, s.chain(1, 'filter', 'input', 1, policy=0))
    w101.saw('in', 'udp', s.CLIENT, 4000, s.VIP, 514, 9)
    assert not w101.codes()
    kernel.objects[k.RTM_GETROUTE] = Ack(errno.ENETUNREACH)
    assert set(w101.codes()) == {'no-route-back'}
    w101.saw('out', 'udp', s.VIP, 514, s.CLIENT, 4000)
    assert not w101.codes()


def test_output(w101, kernel):
    kernel.objects[k.NFT_GETCHAIN] = Objects(
        k.NFT_NEWCHAIN, s.chain(1, 'filter', 'output', 3, policy=0))
    w101.saw('in', 'syn', s.CLIENT, 4000, s.VIP, 80, 2)
    assert w101.codes()['output-drops']['commands'] == [
        'nft insert rule inet filter output tcp sport 80 accept']
    w101.saw('out', 'answer', s.VIP, 80, s.CLIENT, 4000, 2)
    assert not w101.codes()


@pytest.mark.parametrize('state,fails', [(0x20, True), (0x01, True),
                                         (0x02, False), (0x04, False)])
def test_router(w101, kernel, state, fails):
    kernel.objects[k.RTM_GETROUTE] = Objects(
        k.RTM_NEWROUTE, s.route(s.CLIENT, 2, '10.10.30.77'))
    kernel.objects[k.RTM_GETNEIGH] = Objects(
        k.RTM_NEWNEIGH, s.neighbour(2, '10.10.30.11', s.MAC['lv1']),
        s.neighbour(2, '10.10.30.77', '00:00:00:00:00:00', state))
    w101.saw('in', 'syn', s.CLIENT, 4000, s.VIP, 80, 2, mac=s.MAC['lv1'])
    found = w101.codes()
    assert set(found) == ({'router-no-answer'} if fails else set())
    if fails:
        assert found['router-no-answer']['subject'] == 'router 10.10.30.77'
        assert found['router-no-answer']['commands'] == [
            'ip route replace default via 10.10.30.11']


def test_input_sctp(w101, kernel):
    w101.rules = [s.rule(s.VIP, 132, 5000)]
    kernel.objects[k.SOCK_DIAG] = lambda request: Objects(
        k.SOCK_DIAG, *([s.listening(5000, local=['0.0.0.0'])]
                       if request.data[17] == 132 else []))
    kernel.objects[k.NFT_GETCHAIN] = Objects(
        k.NFT_NEWCHAIN, s.chain(1, 'filter', 'input', 1, policy=0))
    w101.saw('in', 'init', s.CLIENT, 4000, s.VIP, 5000, 2)
    assert w101.codes()['input-drops']['commands'] == [
        'nft insert rule inet filter input sctp dport 5000 accept']
    w101.saw('out', 'init-ack', s.VIP, 5000, s.CLIENT, 4000, 2)
    assert not w101.codes()


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
