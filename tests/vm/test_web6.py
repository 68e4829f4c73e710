# SPDX-License-Identifier: GPL-2.0
"""IPv6: connections of real clients and servers, end to end."""

import collections

import pytest

import wire6
from host import Host, run
from network import CLIENT6, LV16, VIP6, W1016
from service6 import (  # noqa: F401  pylint: disable=unused-import
    ADDRESS6, ANY, balance, path, small_mtu, way)
from traffic import BIG_MIB, same_files


@pytest.fixture
def aliased(site6):
    """The real servers have the VIP, hidden from the neighbours."""
    for name in ADDRESS6:
        host = site6.net[name]
        host.ip(f'addr add {VIP6}/128 dev lo nodad')
        site6.undo.append(lambda h=host: h.ip(f'addr del {VIP6}/128 dev lo'))
    return site6


def replies(site, number, host='client'):
    text = site.curl('-6', f'http://[{VIP6}]/?[1-{number}]', host=host)
    return collections.Counter(text.splitlines())


@pytest.mark.smoke
def test_web(aliased, way):
    """Real clients and servers; the servers answer the clients directly."""
    balance(aliased, **way)
    with wire6.Tap(aliased.w101) as w101:
        assert replies(aliased, 10) == {'w101 nano': 5, 'w102 desu': 5}
        asked = [p for p in w101.drain() if p.dst == VIP6]
        assert {p.mac_src for p in asked} == {aliased.lv1.mac('eth1')}


def test_vip_is_not_claimed(aliased):
    """Neighbour solicitations for the VIP at the back get no answer."""
    lv1 = balance(aliased, ANY)
    assert replies(aliased, 2).total() == 2
    for host, dev in ((aliased.lv1, 'eth1'), (aliased.client, 'eth0')):
        with wire6.Tap(host, dev) as tap:
            for target, kind in ((VIP6, 'vip'), (
                    W1016 if dev == 'eth1' else LV16, 'other')):
                body = bytes(4) + wire6.raw(target) + b'\1\1' + tap_mac(tap)
                source = CLIENT6 if dev == 'eth0' else '2001:db8:30::11'
                packet = wire6.icmp(135, 0, body, src=source, dst=target,
                                    hop=255)
                tap.send(packet, 'ff:ff:ff:ff:ff:ff')
                if kind == 'other':
                    tap.wait(lambda p: p.type == 136, 'the other advertised')
            # an answer to another machine may come beside it
            told = {p.packet[48:64] for p in tap.drain() if p.type == 136}
            assert wire6.raw(target) in told and wire6.raw(VIP6) not in told
    assert lv1.get(**ANY)['stats']['packets'] > 0


def tap_mac(tap):
    return bytes.fromhex(tap.mac.replace(':', ''))


@pytest.mark.parametrize('gro', [False, True])
def test_bulk(aliased, path, gro):
    """Merged segments pass in both directions."""
    balance(aliased, backends=('w101',), **path)
    if gro:
        devices = ((aliased.lv1, 'eth0'), (aliased.lv1, 'eth1'),
                   (aliased.w101, 'eth0'), (aliased.client, 'eth0'))
        for host, dev in devices:
            host.set_gro(dev, True)
            aliased.undo.append(lambda h=host, d=dev: h.set_gro(d, False))
    big = aliased.net.big_file(10 if BIG_MIB > 10 else BIG_MIB)
    came = f'{aliased.net.directory}/w101/www/up/six'
    aliased.curl('-6', '-T', big, f'http://[{VIP6}]/up/six', vhost='x')
    assert same_files(came, big)


def test_upload_through_small_mtu(aliased, small_mtu, path, reasons):
    """An upload where the balancer asks for smaller packets."""
    balance(aliased, backends=('w101',), **path)
    aliased.undo.append(lambda: aliased.client.run(
        'ip', '-6', 'route', 'flush', 'cache'))
    since = reasons('lv1')
    big = aliased.net.big_file(2)
    aliased.curl('-6', '-T', big, f'http://[{VIP6}]/up/small', vhost='x')
    assert same_files(f'{aliased.net.directory}/w101/www/up/small', big)
    assert since['drop_too_big'] >= 1


@pytest.fixture
def far(aliased):
    """A client behind a link of MTU 1300: the client becomes its router."""
    site = aliased
    run('ip', 'netns', 'add', 'far')
    host = site.net.hosts['far'] = Host('far')

    def undo():
        site.net.hosts.pop('far').stop()
        run('ip', 'netns', 'del', 'far')
        site.client.sysctl('ipv6/conf/all/forwarding', 0)
        site.lv1.ip('route del 2001:db8:32::/64')
        for name in ADDRESS6:
            site.net[name].run('ip', '-6', 'route', 'flush', 'cache')
    site.undo.append(undo)
    site.client.ip('''
        link add name far type veth peer name eth0 netns far
        link set far mtu 1300 up''')
    site.client.sysctl('ipv6/conf/far/disable_ipv6', 0)
    site.client.sysctl('ipv6/conf/far/accept_dad', 0)
    host.sysctl('ipv6/conf/eth0/accept_dad', 0)
    host.sysctl('ipv6/conf/eth0/disable_ipv6', 0)
    host.ip('''
        link set eth0 up
        addr add 2001:db8:32::2/64 dev eth0 nodad
        route add default via 2001:db8:32::1''')
    site.client.ip('addr add 2001:db8:32::1/64 dev far nodad')
    site.client.sysctl('ipv6/conf/all/forwarding', 1)
    site.lv1.ip(f'route add 2001:db8:32::/64 via {CLIENT6}')
    return site


def test_path_mtu_discovery(far, path, reasons):
    """A download through a narrow link on the path of the replies."""
    since = reasons('lv1')
    balance(far, backends=('w101',), **path)
    got = f'{far.net.directory}/got'
    far.curl('-6', '-o', got, f'http://[{VIP6}]/big', host='far', vhost='x',
             timeout=100)
    assert same_files(got, far.net.big_file(BIG_MIB))
    assert since['forwarded_icmp_error'] >= 1
    assert 'mtu 1300' in far.w101.run('ip', '-6', 'route', 'get',
                                      '2001:db8:32::2').stdout
    assert 'mtu 1300' not in far.w102.run('ip', '-6', 'route', 'get',
                                          '2001:db8:32::2').stdout
