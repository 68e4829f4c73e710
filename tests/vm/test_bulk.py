# SPDX-License-Identifier: GPL-2.0
"""Much data, with and without what the devices do for the processor."""

import os
import random

import pytest

import wire
from network import MACHINES, VIP
from traffic import BIG_MIB, SCALE, exchange, same_files


def set_offload(site, on):
    """On every device of every machine and of the switches."""
    for name, devices in MACHINES.items():
        for dev, (segment, _) in devices.items():
            site.net[name].offload(dev, on)
            site.net[segment].offload(name, on)


@pytest.fixture(params=['default', 'on', 'off'])
def offload(site, request):
    """As a veth comes (no GRO), with GRO as well, and with nothing."""
    if request.param != 'default':
        set_offload(site, request.param == 'on')

    def reset():
        set_offload(site, True)
        for name, devices in MACHINES.items():
            for dev, (segment, _) in devices.items():
                for host, port in ((name, dev), (segment, name)):
                    site.net[host].set_gro(port, False)
    if request.param != 'default':
        site.undo.append(reset)
    return request.param


@pytest.mark.parametrize('path', ['stack', 'direct'])
def test_download(site, path, offload):
    site.balance(f'path {path}', backends=('w101',))
    got = f'{site.net.directory}/got'
    site.curl('-o', got, f'http://{VIP}/big', vhost='x', timeout=100)
    same = same_files(got, site.net.big_file(BIG_MIB))
    os.unlink(got)
    assert same


@pytest.mark.parametrize('path', ['stack', 'direct'])
def test_upload(site, path, offload):
    site.balance(f'path {path}', backends=('w102',))
    big = site.net.big_file(BIG_MIB)
    came = f'{site.net.directory}/w102/www/up/big'
    site.curl('-T', big, f'http://{VIP}/up/big', vhost='x', timeout=100)
    same = same_files(came, big)
    os.unlink(came)
    assert same


@pytest.mark.parametrize('path', ['stack', 'direct'])
def test_udp_echo(site, path, offload):
    """Datagrams of all sizes come back whole, fragmented or not."""
    site.balance(f'path {path}')
    servers = [site.echo('w101'), site.echo('w102')]
    random.seed(1)
    data = random.randbytes(65000)
    small = [data[n:n + random.randrange(1469)]
             for n in range(2000 // SCALE)]
    large = [data[:size] for size in (1468, 1469, 1477, 2944, 2945, 4000,
                                      8001, 20000, 40000, 65000)]
    for _ in range(2):              # a flow at each server
        exchange(site.udp(), small, seconds=60)
        exchange(site.udp(), large * 3, window=2, seconds=60)
    assert [len(server.peers) for server in servers] == [2, 2]


def test_udp_without_checksum(lb):
    """A UDP checksum of 0 stays 0, in both directions."""
    lb.echo('w101', nocheck=True)
    lb.echo('w102', nocheck=True)
    with wire.Tap(lb.w101) as w101, wire.Tap(lb.w102) as w102, \
            wire.Tap(lb.client) as client:
        exchange(lb.udp(nocheck=True), [b'x' * n for n in range(64)])
        asked = [p for p in w101.drain() + w102.drain() if p.dst == VIP]
        answers = [p for p in client.drain() if p.src == VIP]
    assert len(asked) == len(answers) == 64
    assert {p.udp_checksum for p in asked + answers} == {0}


def test_checksums_on_the_wire(lb):
    """Without offload every checksum on the wire is right."""
    set_offload(lb, False)
    lb.undo.append(lambda: set_offload(lb, True))
    lb.echo('w101')
    lb.echo('w102')
    with wire.Tap(lb.w101) as w101, wire.Tap(lb.w102) as w102, \
            wire.Tap(lb.client) as client:
        exchange(lb.udp(), [os.urandom(n) for n in range(40)])
        assert lb.replies(4).total() == 4
        for tap in (w101, w102, client):
            for packet in tap.drain():
                assert packet.checksums_right(), f'{tap.host}: {packet}'
        assert len(client.seen) > 50
