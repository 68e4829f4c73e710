# SPDX-License-Identifier: GPL-2.0
"""Bulk transfers, with and without offloads of the devices."""

import os
import random

import pytest

import wire
from network import MACHINES, VIP
from traffic import BIG_MIB, SCALE, exchange, same_files

PART_MIB = 30 // SCALE


def all_devices(site):
    """The devices of every machine and of the switches: (host, device)."""
    for name, devices in MACHINES.items():
        for dev, (segment, _) in devices.items():
            yield site.net[name], dev
            yield site.net[segment], name


def set_offload(site, on):
    """Set the offloads of Ethernet devices, and GRO, for this test."""
    for host, dev in all_devices(site):
        host.offload(dev, on)
    site.undo.append(lambda: reset_offload(site))


def reset_offload(site):
    """The defaults of veth: without GRO.

    With GRO a veth has a queue of 256 frames between two NAPI polls; a burst
    during a late poll of a busy machine would be lost.
    """
    for host, dev in all_devices(site):
        host.offload(dev, True)
        host.set_gro(dev, False)


@pytest.fixture(params=['default', 'on', 'off'])
def offload(site, request):
    """The defaults of veth (no GRO), the same with GRO, and no offload at all.
    """
    if request.param != 'default':
        set_offload(site, request.param == 'on')
    return request.param


@pytest.fixture
def big(site, offload):
    """A file to transfer.

    Without offloads every 1448 bytes are a frame: so a part of the file is still ten
    times as many frames as the whole with offloads.
    """
    return site.net.big_file(BIG_MIB if offload != 'off' else PART_MIB)


@pytest.mark.parametrize('path', ['stack', 'direct'])
def test_download(site, path, big):
    site.balance(f'path {path}', backends=('w101',))
    got, offered = (f'{site.net.directory}/{name}' for name in
                    ('got', 'w101/www/it'))
    os.symlink(big, offered)
    site.undo.append(lambda: os.unlink(offered))
    site.curl('-o', got, f'http://{VIP}/it', vhost='x', timeout=100)
    same = same_files(got, big)
    os.unlink(got)
    assert same


@pytest.mark.parametrize('path', ['stack', 'direct'])
def test_upload(site, path, big):
    site.balance(f'path {path}', backends=('w102',))
    came = f'{site.net.directory}/w102/www/up/big'
    site.curl('-T', big, f'http://{VIP}/up/big', vhost='x', timeout=100)
    same = same_files(came, big)
    os.unlink(came)
    assert same


@pytest.mark.parametrize('path', ['stack', 'direct'])
def test_udp_echo(site, path, offload):
    """Datagrams of all sizes come back complete, fragmented or not."""
    site.balance(f'path {path}')
    servers = [site.echo('w101'), site.echo('w102')]
    random.seed(1)
    data = random.randbytes(65000)
    small = [data[n:n + random.randrange(1469)]
             for n in range(2000 // SCALE)]
    large = [data[:size] for size in (1468, 1469, 1477, 2944, 2945, 4000,
                                      8001, 20000, 40000, 65000)]
    for _ in range(2):              # one flow at each server
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
