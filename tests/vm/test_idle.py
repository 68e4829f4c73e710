# SPDX-License-Identifier: GPL-2.0
"""Idle state holds no device and no namespace.

State of the modules must not delay the end of other objects: while the kernel
waits for a device with a reference, no namespace of the whole machine is
cleaned up. The next packet would release stale state, so each test makes sure
that no packet comes.
"""

import contextlib
import os

import pytest

import wire
import wire6
from balancer import Balancer
from host import Host, run, wait_for

LV1 = '10.10.31.11'             # replaced by its Ethernet address
FAMILIES = {
    4: {'vip': '192.0.2.100', 'addr': '10.10.9.1/24', 'backend': '10.10.9.2'},
    6: {'vip': '2001:db8:32::100', 'addr': '2001:db8:9::1/64 nodad',
        'backend': '2001:db8:9::2'},
}
OTHER = 'other'
MAC = '02:00:00:00:09:02'       # of the backends


@contextlib.contextmanager
def namespace(name):
    run('ip', 'netns', 'add', name)
    try:
        yield Host(name)
    finally:
        if os.path.exists(f'/run/netns/{name}'):
            run('ip', 'netns', 'del', name)


def is_there(host, dev):
    return f' {dev}:' in host.read('/proc/net/dev').replace('\n', ' ')


def add_device(lv1, family, end):
    """Add a device of lv1 towards a backend of its own."""
    lv1.ip(f'link add eth9 type veth peer name peer9 {end}')
    lv1.sysctl('ipv6/conf/eth9/disable_ipv6', 0)
    lv1.ip(f'''
        addr add {FAMILIES[family]["addr"]} dev eth9
        link set eth9 up
        neigh add {FAMILIES[family]["backend"]} lladdr {MAC} dev eth9
    ''')


def connect(site, lb, family):
    """Open a connection, which is silent afterwards."""
    vip = FAMILIES[family]['vip']
    packet = wire.udp(4000, 7, b'x', dst=vip) if family == 4 else \
        wire6.udp(4000, 7, b'x', dst=vip)
    with wire.Tap(site.client) as client:
        client.send(packet, LV1)
    wait_for('it is in the table', lb.connections)


@contextlib.contextmanager
def let_go(lb, key):
    """After a failure, release the holder of the device, so that other tests
    run."""
    try:
        yield
    finally:
        lb.flush()
        lb.backends(**key)


def ends(what, child, lb, key):
    """CHILD removes the device, and must end."""
    with let_go(lb, key):
        wait_for(what, lambda: child.poll() is not None)
    assert child.wait() == 0


def cleaned_up(lv1):
    """Check that the machine still cleans namespaces up."""
    with namespace('third'):
        lv1.ip('link add eth8 type veth peer name peer8 netns third')
    wait_for('the next namespace has gone', lambda: not is_there(lv1, 'eth8'))


@pytest.fixture(params=['idle', 'gone'])
def held(request, site):
    """held(family, end): a service whose backend is reached by eth9.

    Its backend exists and was never used; or it was deleted, and a silent
    connection still refers to it.
    """
    def make(family, end=''):
        lb = Balancer(site)
        key = {'vip': FAMILIES[family]['vip']}
        add_device(site.lv1, family, end)
        site.undo.append(lambda: site.lv1.run('ip', 'link', 'del', 'eth9',
                                              check=False))
        lb.service('add', **key)
        lb.backend('add', FAMILIES[family]['backend'], **key)
        if request.param == 'gone':
            connect(site, lb, family)
            lb.backend('delete', FAMILIES[family]['backend'], **key)
            assert len(lb.connections()) == 1
        return lb, key
    return make


@pytest.fixture(params=FAMILIES)
def family(request, site):
    if request.param == 6:
        site.net.enable_ipv6()
    return request.param


@pytest.mark.parametrize('down', ['up', 'down'])
def test_device_can_be_deleted(site, family, held, down):
    lb, key = held(family)
    if down == 'down':
        site.lv1.ip('link set eth9 down')
    ends('eth9 is deleted', site.lv1.start('ip', 'link', 'del', 'eth9'),
         lb, key)


def test_device_can_be_moved(site, family, held):
    """The device moves to another namespace, and is deleted there."""
    with namespace(OTHER) as other:
        lb, key = held(family)
        site.lv1.ip(f'link set eth9 netns {OTHER}')
        ends('eth9 is deleted', other.start('ip', 'link', 'del', 'eth9'),
             lb, key)


def test_namespace_behind_it_can_end(site, family, held):
    with namespace(OTHER):
        lb, key = held(family, f'netns {OTHER}')
    with let_go(lb, key):
        cleaned_up(site.lv1)
    assert not is_there(site.lv1, 'eth9')


# A namespace in another user namespace than the machine's, as any user may
# create it, and a second one that ends while a backend of the first exists.
CONTAINER = f'''
unshare -n sleep 1000 >/dev/null 2>&1 & first=$!
unshare -n sleep 1000 >/dev/null 2>&1 & second=$!
trap 'kill $first $second 2>/dev/null || :' EXIT
own=$(readlink /proc/self/ns/net)
for pid in $first $second; do
    while [ "$(readlink /proc/$pid/ns/net)" = "$own" ]; do sleep 0.05; done
done
ip link add eth9 type veth peer name peer9 netns $first
ip link add eth8 type veth peer name peer8 netns $second
ip addr add {FAMILIES[6]["addr"]} dev eth9
ip link set eth9 up
dsrctl service add fwmark 1 family inet6
dsrctl backend add fwmark 1 family inet6 via {FAMILIES[6]["backend"]}
dsrctl backend show | grep eth9
end() {{
    kill $1
    tries=0
    while ip link show $2 >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ $tries -lt 300 ] || {{ dsrctl backend show; exit 1; }}
        sleep 0.2
    done
}}
end $first eth9
end $second eth8
'''


def test_anybody_can_end_their_namespaces(site):
    """Namespaces of any user end, whatever objects they have."""
    site.net.enable_ipv6()
    site.lv1.run('setpriv', '--reuid=65534', '--regid=65534',
                 '--clear-groups', 'unshare', '-Urn', 'sh', '-ec', CONTAINER)
    cleaned_up(site.lv1)
