# SPDX-License-Identifier: GPL-2.0
"""IPv6: addresses of the real server that are hidden from the neighbours.

Each test first checks that the kernel reveals the address, and then that "real
silence" prevents this.
"""

import socket
import struct

import pytest

import wire
import wire6
from arp import LV2, raw
from host import Failure, wait_for
from neighbour import LV26, OTHER_MAC, needs
from network import VIP6, W101, W1016, mac_of

ALL_NODES = 'ff02::1'
NS, NA = 135, 136


def option(kind, mac):
    return bytes((kind, 1)) + raw(mac)


def nd(kind, target, flags=0, options=b'', **fields):
    return wire6.icmp(kind, 0, struct.pack('>I', flags) + wire6.raw(target) +
                      options, hop=255, **fields)


def solicited_node(address):
    tail = wire6.raw(address)[-3:]
    return ('ff02::1:ff' + tail[:1].hex() + ':' + tail[1:].hex(),
            '33:33:ff:' + tail.hex(':'))


def solicit(tap, target, src=LV26, dst=None):
    """Solicit TARGET; with DST by unicast."""
    group, mac = solicited_node(target)
    options = option(1, mac_of(LV2)) if src != '::' else b''
    tap.send(nd(NS, target, options=options, src=src, dst=dst or group),
             mac_of(W101) if dst else mac, mac_of(LV2))


def targets(tap):
    """The targets of the messages before one about W1016."""
    solicit(tap, W1016)
    tap.wait(lambda p: is_nd(p, NA) and target_of(p) == W1016,
             'an answer for its own address')
    seen, tap.seen = tap.seen, []
    return [(p.type, target_of(p)) for p in seen if p.type in (NS, NA) and
            p.mac_src == raw(mac_of(W101)) and target_of(p) != W1016]


def is_nd(packet, kind):
    return packet.proto == 58 and packet.type == kind


def target_of(packet):
    return socket.inet_ntop(socket.AF_INET6, packet.quoted[:16])


@pytest.fixture
def six(site6):
    """VIP6 is an alias of w101's."""
    site6.w101.ip(f'addr add {VIP6}/128 dev eth0 nodad')
    site6.undo.append(lambda: site6.w101.ip(f'addr del {VIP6}/128 dev eth0'))
    return site6


@pytest.mark.smoke
def test_nd_asked(six, reasons):
    since = reasons('w101', 'dsr_rs')
    ways = [{}, {'dst': VIP6}, {'src': '::'}]
    with wire6.Tap(six.lv2, 'eth1') as tap:
        for way in ways:
            solicit(tap, VIP6, **way)
            assert targets(tap) == [(NA, VIP6)]
        assert not since['pass_not_silenced'], 'no hook is there'
        six.w101.dsrctl(f'real silence {VIP6}')
        for way in ways:
            solicit(tap, VIP6, **way)
            assert targets(tap) == []
    # a probe for a duplicate gets no answer either
    assert since['drop_nd_advertisement'] == 2
    assert since['drop_nd_claim'] == 1
    assert since['pass_not_silenced'] >= 3
    assert six.w101.show('real silence')[0]['messages'] == 3


def test_nd_announcement(six, reasons):
    """Another MAC address: announced for its own address, not for the VIP."""
    six.w101.sysctl('ipv6/conf/eth0/ndisc_notify', 1)

    def back():
        six.w101.sysctl('ipv6/conf/eth0/ndisc_notify', 0)
        six.w101.ip(f'link set eth0 address {mac_of(W101)}')
        for name in ('lv1', 'lv2'):
            six.net[name].ip('neigh flush dev eth1')
    six.undo.append(back)
    since = reasons('w101', 'dsr_rs')

    def told(tap, mac):
        six.w101.ip(f'link set eth0 address {mac}')
        tap.wait(lambda p: is_nd(p, NA) and target_of(p) == W1016 and
                 p.dst == ALL_NODES, 'it tells of its own address')
        solicit(tap, W1016)
        tap.wait(lambda p: is_nd(p, NA) and target_of(p) == W1016 and
                 p.dst == LV26, 'an answer')
        seen, tap.seen = tap.seen, []
        return {target_of(p) for p in seen if is_nd(p, NA) and
                p.dst == ALL_NODES}
    with wire6.Tap(six.lv2, 'eth1') as tap:
        assert VIP6 in told(tap, OTHER_MAC)
        six.w101.dsrctl(f'real silence {VIP6}')
        assert VIP6 not in told(tap, mac_of(W101))
    assert since['drop_nd_advertisement'] == 1


def link_local(site):
    for line in site.w101.read('/proc/net/if_inet6').splitlines():
        address, _, _, _, _, dev = line.split()
        if dev == 'eth0' and address.startswith('fe80'):
            return socket.inet_ntop(socket.AF_INET6, bytes.fromhex(address))
    raise Failure('w101 has no link-local address')


def test_nd_source(six, reasons):
    """A solicitation for another address does not reveal the VIP."""
    since = reasons('w101', 'dsr_rs')
    # a machine that stands still for a second must not ask twice
    six.w101.sysctl('ipv6/neigh/eth0/retrans_time_ms', 60000)
    group, mac = solicited_node(LV26)

    def asked():
        with wire6.Tap(six.lv2, 'eth1') as tap:
            needs(six, VIP6)
            return tap.wait(lambda p: is_nd(p, NS) and target_of(p) == LV26,
                            'a solicitation')

    def wanted(source):
        return wire.frame(nd(NS, LV26, options=option(1, mac_of(W101)),
                             src=source, dst=group), mac, mac_of(W101))
    wire.same(asked(), wanted(VIP6))
    six.w101.dsrctl(f'real silence {VIP6}')
    wire.same(asked(), wanted(link_local(six)))
    assert since['changed_nd_source'] == 1
    # without a link-local address: any other one; without any, no message
    address = link_local(six)
    six.undo.append(lambda: six.w101.ip(
        f'addr add {address}/64 dev eth0 nodad'))
    six.w101.ip(f'addr del {address}/64 dev eth0')
    wire.same(asked(), wanted(W1016))
    assert since['changed_nd_source'] == 2
    six.w101.dsrctl(f'real silence {W1016}')
    with wire6.Tap(six.lv2, 'eth1') as tap:
        needs(six, VIP6)
        wait_for('dropped', lambda: since['drop_nd_source'])
        tap.none(lambda p: is_nd(p, NS) and target_of(p) == LV26,
                 'it has nothing to ask with')


@pytest.fixture
def dad(site6):
    """w101 does DAD for VIP6, and drops VIP6 if there is a duplicate."""
    old = {key: site6.w101.sysctl(f'ipv6/{key}') for key in (
        'conf/eth0/accept_dad', 'conf/eth0/dad_transmits',
        'conf/eth0/router_solicitation_delay', 'neigh/eth0/retrans_time_ms')}

    def begin(wait):
        """Add the address, after so many milliseconds without a conflict."""
        for key, value in zip(old, (1, 1, 0, wait)):
            site6.w101.sysctl(f'ipv6/{key}', value)
        site6.w101.ip(f'addr add {VIP6}/128 dev eth0')

    def end():
        site6.w101.ip(f'addr del {VIP6}/128 dev eth0')

    def back():
        for key, value in old.items():
            site6.w101.sysctl(f'ipv6/{key}', value)
    site6.undo.append(back)
    site6.dad_begin, site6.dad_end = begin, end
    yield site6
    del site6.dad_begin, site6.dad_end


def flags(site):
    """The flags of VIP6 on w101."""
    text = site.w101.run('ip', '-6', 'addr', 'show', 'dev', 'eth0').stdout
    line = next(line for line in text.splitlines() if f' {VIP6}/' in line)
    return {word for word in ('tentative', 'dadfailed') if word in line}


def test_nd_probe(dad, reasons):
    """The probe of DAD is not sent, and the address is used."""
    since = reasons('w101', 'dsr_rs')
    with wire6.Tap(dad.lv2, 'eth1') as tap:
        dad.dad_begin(10)
        tap.wait(lambda p: is_nd(p, NS) and target_of(p) == VIP6 and
                 p.src == '::', 'a probe')
        dad.dad_end()
        targets(tap)
        dad.w101.dsrctl(f'real silence {VIP6}')
        dad.dad_begin(10)
        dad.undo.append(dad.dad_end)
        wait_for('taken', lambda: not flags(dad))
        assert (NS, VIP6) not in targets(tap)
    assert since['drop_nd_probe'] == 1


@pytest.mark.parametrize('kind', [NS, NA])
def test_nd_claim(dad, reasons, kind):
    """Another owner of the VIP does not stop its use."""
    since = reasons('w101', 'dsr_rs')

    def claim():
        dad.dad_begin(30000)
        wait_for('begun', lambda: flags(dad))
        with wire6.Tap(dad.lv2, 'eth1') as tap:
            if kind == NS:
                solicit(tap, VIP6, '::')
            else:
                tap.send(nd(NA, VIP6, 1 << 29, option(2, mac_of(LV2)),
                            src=VIP6, dst=ALL_NODES), '33:33:00:00:00:01')
            solicit(tap, W1016)
            tap.wait(lambda p: is_nd(p, NA) and target_of(p) == W1016,
                     'an answer for its own address')
    claim()
    wait_for('given up', lambda: 'dadfailed' in flags(dad))
    dad.dad_end()
    dad.w101.dsrctl(f'real silence {VIP6}')
    claim()
    dad.undo.append(dad.dad_end)
    assert since['drop_nd_claim'] == 1
    assert flags(dad) == {'tentative'}


def test_nd_owner_is_reached(site6):
    """A silenced address can be reached on another machine."""
    site6.w101.dsrctl(f'real silence {VIP6}')
    site6.w101.ip(f'route add {VIP6} dev eth0')
    site6.undo.append(lambda: site6.w101.ip(f'route del {VIP6} dev eth0'))
    site6.w102.ip(f'addr add {VIP6}/128 dev eth0 nodad')
    site6.undo.append(lambda: site6.w102.ip(f'addr del {VIP6}/128 dev eth0'))
    site6.w101.run('ping', '-6', '-c', '1', '-w', '20', VIP6)
