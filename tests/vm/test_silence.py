# SPDX-License-Identifier: GPL-2.0
"""Addresses of the real server that are hidden from the neighbours.

Each test first checks that the kernel reveals the address, and then that "real
silence" prevents this.
"""

import contextlib
import itertools

import pytest

import arp
import genl
from arp import LV2, NOWHERE, REPLY, REQUEST, knows, questions, raw
from host import Failure, run, wait_for
from neighbour import OTHER_MAC, needs
from network import BACK_VRRP, VIP, VIP2, VIP6, W101, W103, mac_of
from traffic import ask


def local(site, where, address=VIP):
    """Give w101 the address, in one of the possible ways."""
    there, back = {
        'lo': (f'addr add {address}/32 dev lo', f'addr del {address}/32 dev lo'),
        'alias': (f'addr add {address}/32 dev eth0',
                  f'addr del {address}/32 dev eth0'),
        'route': (f'route add local {address} dev lo table local',
                  f'route del local {address} dev lo table local'),
    }[where]
    site.w101.ip(there)
    site.undo.append(lambda: site.w101.ip(back))


def from_w101(tap):
    """Messages from w101, before it answers for its own address."""
    tap.put(REQUEST, mac_of(LV2), LV2, NOWHERE, W101)
    last = arp.frame(REPLY, mac_of(W101), W101, mac_of(LV2), LV2, mac_of(LV2))
    tap.wait(lambda p: p.frame == last, 'an answer for its own address')
    seen, tap.seen = tap.seen, []
    return [p.frame for p in seen if p.mac_src == raw(mac_of(W101)) and
            p.frame != last]


@pytest.mark.parametrize('where', ['lo', 'alias', 'route'])
def test_arp_asked(site, where, reasons):
    """Requests for the VIP get no answer; requests for other addresses do."""
    local(site, where)
    since = reasons('w101', 'dsr_rs')
    with arp.Tap(site.lv2, 'eth1') as tap:
        for asked, answer, options in questions():
            tap.put(*asked, **options)
            assert from_w101(tap) == [arp.frame(*answer, dst=mac_of(LV2))]
        assert not since['pass_not_silenced'], 'no hook is there'
        site.w101.dsrctl(f'real silence {VIP}')
        for number, (asked, _, options) in enumerate(questions(), 1):
            tap.put(*asked, **options)
            assert from_w101(tap) == []
            assert since['drop_arp_reply'] == number
        # from_w101() asks, too, and so do neighbours at any moment
        assert since['drop_arp_reply'] == 3 and since['pass_not_silenced'] >= 3
        assert set(since.all()) == {'drop_arp_reply', 'pass_not_silenced'}
        assert site.w101.show('real silence') == [
            {'addr': VIP, 'devices': None, 'wanted': True, 'rules': 0,
             'messages': 3}]
        assert site.w101.read('/proc/net/dsr_rs/silence') == (
            f'{VIP} rules 0 messages 3\n')
        site.w101.dsrctl(f'real silence delete {VIP}')
        asked, answer, options = next(questions())
        tap.put(*asked, **options)
        assert from_w101(tap) == [arp.frame(*answer, dst=mac_of(LV2))]


def test_devices(site):
    """Silence by device names, also of later devices."""
    local(site, 'lo')
    asked, answer, _ = next(questions())
    answer = arp.frame(*answer, dst=mac_of(LV2))
    later = 'no device has this name yet'
    with arp.Tap(site.lv2, 'eth1') as tap:
        for command, warning, silent in (
                ('add {} dev eth1', later, False),
                ('replace {} dev eth0', '', True),
                ('replace {} dev eth', later, False),
                ('replace {} dev eth+', '', True),
                ('replace {} dev eth1+', '', False),
                ('replace {} dev eth1 dev eth0 dev eth2', later, True),
                ('replace {} dev eth00', later, False),
                ('replace {}', '', True)):
            done = site.w101.dsrctl(f'real silence {command.format(VIP)}')
            assert done.stderr == (f'dsrctl: warning: {warning}\n'
                                   if warning else '')
            tap.put(*asked)
            assert from_w101(tap) == ([] if silent else [answer]), command
    site.w101.dsrctl(f'real silence replace {VIP} dev eth1 dev eth+')
    assert site.w101.show('real silence')[0]['devices'] == ['eth1', 'eth+']
    assert site.w101.read('/proc/net/dsr_rs/silence').startswith(
        f'{VIP} dev eth1 dev eth+ rules 0 messages ')


def announced(site, tap, how):
    """The addresses that w101 announces after a change.

    The tap is at the other end of the wire: a bridge drops frames that come
    right after the link is up.
    """
    tap.drain()
    tap.seen = []
    if how == 'address':
        now = site.w101.mac('eth0').hex(':')
        mac = OTHER_MAC if now != OTHER_MAC else mac_of(W101)
        site.w101.ip(f'link set eth0 address {mac}')
    else:
        mac = site.w101.mac('eth0').hex(':')
        site.w101.ip(f'''link set eth0 down
                         link set eth0 up
                         route replace default via {BACK_VRRP}''')
    wanted = arp.frame(REQUEST, mac, W101, NOWHERE, W101)
    tap.wait(lambda p: p.frame[:32] == wanted[:32] and p.target == W101,
             'w101 tells of its own address')
    # All of its addresses are announced at once, so this comes after them.
    tap.put(REQUEST, mac_of(LV2), LV2, NOWHERE, W101)
    tap.wait(lambda p: p.op == REPLY and p.sender == W101 and
             p.target == LV2, 'an answer')
    return {p.sender for p in tap.seen if p.mac_src == raw(mac) and
            p.sender == p.target}


@pytest.mark.parametrize('how', ['address', 'link'])
def test_arp_announcement(site, reasons, how):
    """Link up, or another MAC address: the VIP is not announced."""
    site.w101.sysctl('ipv4/conf/eth0/arp_notify', 1)

    def back():
        site.w101.sysctl('ipv4/conf/eth0/arp_notify', 0)
        site.w101.ip(f'link set eth0 address {mac_of(W101)}')
        for name in ('lv1', 'lv2'):
            site.net[name].ip('neigh flush dev eth1')
    site.undo.append(back)
    local(site, 'alias')
    since = reasons('w101', 'dsr_rs')
    with arp.Tap(site.back, 'w101', outgoing=True) as tap:
        assert announced(site, tap, how) == {W101, VIP}
        site.w101.dsrctl(f'real silence {VIP} dev eth0')
        assert announced(site, tap, how) == {W101}
    assert since['drop_arp_announcement'] == 1


@pytest.mark.smoke
@pytest.mark.parametrize('where', ['lo', 'alias'])
def test_arp_sender(site, reasons, where):
    """A request for another address does not reveal the VIP."""
    local(site, where)
    since = reasons('w101', 'dsr_rs')
    site.lv2.ip('neigh flush dev eth1')

    def asked(tap):
        return tap.wait(lambda p: p.op == REQUEST and p.target == LV2,
                        'a request').frame
    with arp.Tap(site.lv2, 'eth1') as tap:
        needs(site, VIP)
        assert asked(tap) == arp.frame(REQUEST, mac_of(W101), VIP, NOWHERE, LV2)
    assert knows(site.lv2), 'this is the harm of it'
    site.lv2.ip('neigh flush dev eth1')
    site.w101.dsrctl(f'real silence {VIP}')
    with arp.Tap(site.lv2, 'eth1') as tap:
        needs(site, VIP)
        assert asked(tap) == arp.frame(REQUEST, mac_of(W101), W101, NOWHERE, LV2)
    assert not knows(site.lv2)
    assert since['changed_arp_source'] == 1


def test_arp_sender_choice(site, reasons):
    """The sender becomes an address that suits the target, or any, or none."""
    local(site, 'lo')
    local(site, 'lo', VIP2)
    site.w101.ip('addr add 10.10.99.1/24 dev eth0')
    site.undo.append(lambda: site.w101.ip('addr del 10.10.99.1/24 dev eth0'))
    since = reasons('w101', 'dsr_rs')

    def sender():
        site.lv2.ip('neigh flush dev eth1')
        with arp.Tap(site.lv2, 'eth1') as tap:
            needs(site, VIP)
            return tap.wait(lambda p: p.op == REQUEST and p.target == LV2,
                            'a request').sender
    site.w101.dsrctl(f'real silence {VIP}')
    assert sender() == W101
    site.w101.dsrctl(f'real silence {W101}')
    assert sender() == '10.10.99.1'
    # no address of this device is left: the one on lo remains
    site.w101.dsrctl('real silence 10.10.99.1')
    assert sender() == VIP2
    assert not since['drop_arp_source']
    site.w101.dsrctl(f'real silence {VIP2}')
    with arp.Tap(site.lv2, 'eth1') as tap:
        needs(site, VIP)
        wait_for('dropped', lambda: since['drop_arp_source'])
        tap.none(lambda p: p.op == REQUEST and p.mac_src == raw(mac_of(W101)),
                 'it has nothing to ask with')


def test_arp_alone(site):
    """Silencing the only address of a device draws a warning."""
    done = site.w101.dsrctl(f'real silence {W101}')
    assert done.stderr == (
        'dsrctl: warning: this is the only address of a device: neighbours '
        'there will not find this machine any more\n')


REFUSED = [
    (f'add {VIP}', 'this address is silenced already: change its devices with '
                   '\'replace\''),
    ('delete 10.10.31.99', 'this address is not silenced'),
    ('add 224.0.0.1', 'the VIP must be a unicast address that clients can '
                      'reach'),
    ('add 127.0.0.1', 'the VIP must be a unicast address that clients can '
                      'reach'),
    ('add ::1', 'the VIP must be a unicast address that clients can reach'),
    ('add ff02::1', 'the VIP must be a unicast address that clients can reach'),
    ('add ::ffff:10.10.31.99', 'the VIP must be a unicast address that '
                               'clients can reach'),
    ('add fe80::1', 'a link-local address cannot be silenced: without this '
                    'address the device has no neighbours'),
    ('add 10.10.31.99 dev lo', 'lo has no neighbours: name the device that '
                               'the neighbours are on'),
    ('add 10.10.31.99 dev eth0 dev a/b', 'no device can have this name'),
    ('add 10.10.31.99' + ' dev eth0' * 17,
     'too many devices: the limit is 16; a name that ends in + stands for all '
     'names that begin the same'),
]


def test_refused(site):
    """Each refusal has one sentence, and changes nothing."""
    site.w101.dsrctl(f'real silence {VIP} dev eth0')
    before = site.state('w101')
    assert site.w101.refusals(
        [f'real silence {command}' for command, _ in REFUSED]) == [
            sentence for _, sentence in REFUSED]
    with site.w101.at(), genl.Genl('dsr_rs') as sock:
        for command, attrs, sentence in (
                (genl.SILENCE_ADD, b'', 'the request names no address'),
                (genl.SILENCE_DELETE, genl.nest(genl.A_SILENCE),
                 'the request names no address'),
                (genl.SILENCE_ADD, genl.nest(genl.A_SILENCE, genl.attr(
                    genl.SILENCE_ADDR, b'12345')),
                 'an address has 4 or 16 bytes'),
                (genl.SILENCE_DELETE, genl.nest(genl.A_SILENCE, genl.addr(
                    genl.SILENCE_ADDR, VIP), genl.string(
                        genl.SILENCE_DEV, 'eth0')),
                 '\'delete\' takes no devices: change them with \'replace\''),
                (genl.SILENCE_ADD, genl.nest(genl.A_SILENCE, genl.addr(
                    genl.SILENCE_ADDR, VIP2), genl.string(
                        genl.SILENCE_DEV, '')),
                 'no device can have this name')):
            with pytest.raises(genl.Refused) as refused:
                sock.ask(command, attrs)
            assert refused.value.sentence == sentence
    assert site.state('w101') == before
    site.w101.dsrctl('real silence flush')
    assert site.w101.show('real silence') == []


@pytest.mark.smp
def test_module_unloaded(site):
    """Refused while any address is silenced; the end of a namespace releases
    it."""
    site.net.reload('dsr_rs')       # with flows of earlier tests
    local(site, 'lo')
    site.w101.dsrctl(f'real silence {VIP}')
    site.w102.dsrctl(f'real silence {VIP6}')
    asked, answer, _ = next(questions())
    with arp.Tap(site.lv2, 'eth1') as tap:
        done = run('rmmod', 'dsr_rs', check=False)
        assert done.returncode and 'in use' in done.stderr
        done = site.w101.dsrctl('real stop', check=False)
        assert done.returncode == 2
        site.w102.dsrctl('real silence flush')
        done = site.w101.dsrctl('real stop', check=False)
        assert (done.returncode, done.stderr) == (
            2, 'dsrctl: the neighbours would find 1 silenced address: '
            "delete it with 'dsrctl real silence flush', or stop with 'dsrctl "
            "real stop force'\n")
        tap.put(*asked)
        assert from_w101(tap) == []
        site.w101.dsrctl('real stop force')
        site.net.loaded.discard('dsr_rs')
        tap.put(*asked)
        assert from_w101(tap) == [arp.frame(*answer, dst=mac_of(LV2))]
    site.net.load('dsr_rs')
    assert site.w101.show('real silence') == []
    site.w101.configure(f'''
        real silence {VIP}
        real silence {VIP6} dev eth0''')
    site.undo.pop()
    site.rebuild('w101')
    # its addresses have gone with the old namespace
    wait_for('the module can be unloaded', lambda: not run(
        'rmmod', 'dsr_rs', check=False).returncode)
    site.net.loaded.discard('dsr_rs')
    site.net.load('dsr_rs')


@pytest.mark.parametrize('where', ['lo', 'alias'])
def test_service(site, where):
    """The usual layout of LVS, without its sysctls."""
    site.balance(rule='')
    for name in ('lv1', 'lv2'):
        site.net[name].ip('neigh flush dev eth1')
    device = 'lo' if where == 'lo' else 'eth0'
    for name in ('w101', 'w102'):
        site.net[name].ip(f'addr add {VIP}/32 dev {device}')
        site.undo.append(lambda n=name: site.net[n].ip(
            f'addr del {VIP}/32 dev {device}'))
        site.net[name].dsrctl(f'real silence {VIP}')
        site.net[name].ip('neigh flush dev eth0')
    assert site.undisturbed(lambda: site.replies(6)) == {
        'w101 nano': 3, 'w102 desu': 3}
    sock = site.connect()
    assert ask(sock) in ('w101 nano', 'w102 desu')
    assert not knows(site.lv1) and not knows(site.lv2)


def test_bond_that_tells_by_arp(third):
    """Messages of a bond's port are the bond's: "dev bond0" stops them."""
    back = third.site.back
    back.ip('link add w103b type veth peer name eth1 netns w103\n'
            'link set w103b master br0 up')
    third.ip(f'''
        link add bond0 type bond mode balance-alb miimon 50
        addr flush dev eth0
        link set eth0 down
        link set eth0 master bond0
        link set eth1 master bond0
        link set bond0 up
        addr add {W103}/24 dev bond0
        addr add {VIP}/32 dev lo''')
    with arp.Tap(third.site.lv2, 'eth1') as tap:
        def known():
            tap.put(REQUEST, mac_of(LV2), LV2, NOWHERE, VIP)
            return [p for p in tap.drain() if p.sender == VIP]
        wait_for('the bond has told of the address', known, every=0.5)
        third.dsrctl(f'real silence {VIP} dev bond0')
        since = third.reasons()
        # no neighbour sends requests any more; a client of a failing port is
        # notified
        ports = itertools.cycle(('eth0', 'eth1'))

        def told():
            port = next(ports)
            third.ip(f'link set {port} down')
            with contextlib.suppress(Failure):
                wait_for('told', lambda: since['drop_arp_reply'] or
                         since['pass_not_silenced'], 3)
            third.ip(f'link set {port} up')
            return since['drop_arp_reply'] or since['pass_not_silenced']
        wait_for('a port tells clients', told)
        assert not since['pass_not_silenced']
