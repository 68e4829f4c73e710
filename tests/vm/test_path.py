# SPDX-License-Identifier: GPL-2.0
"""The fast path at ingress: devices, and what takes connections off it."""

import errno
import time

import pytest

import genl
import wire
from balancer import Balancer
from host import run, wait_for
from line import KNOWN, bulk, line, lv1    # noqa: F401  pylint: disable=unused-import
from network import VIP, W101
from test_reasons import Shortage
from traffic import SCALE

BACK = '10.10.30.11'
MISSING = 'the request names no device: give \'dev\''


def test_backends(site, line, reasons):
    """Backends that are down, unresolved, or deleted."""
    lv1 = line.lv1
    line.begin(4000)
    site.lv1.ip(f'neigh del {W101} dev eth1')
    done = line.counted('backend_unresolved')
    line.send(KNOWN)
    line.get(KNOWN)
    done()
    lv1.service('set', on_down='drop')
    lv1.backend('set', W101, admin='down')
    since, done = reasons('lv1'), line.counted('backend_down')
    line.send(KNOWN)
    done()
    wait_for('dropped', lambda: since.all() == {'drop_backend_down': 1})
    lv1.backend('delete', W101)
    since, done = reasons('lv1'), line.counted('no_connection')
    line.send(KNOWN)
    done()
    wait_for('dropped', lambda: since.all() == {'drop_backend_down': 1})


def test_services(site, line, reasons):
    """With "path stack", and if this machine is a backend too."""
    lv1 = line.lv1
    line.begin(4000)
    lv1.service('set', path='stack')
    since, done = reasons('lv1'), line.counted('path_stack')
    line.send(KNOWN)
    line.get(KNOWN)
    done()
    assert since.all() == {'forwarded': 1}
    lv1.service('set', path='direct')
    line.send(KNOWN)
    line.get(KNOWN)
    assert since['forwarded_ingress'] == 1
    lv1.backend('set', W101, weight=0)
    lv1.backend('add', BACK)
    line.send(wire.tcp(4100))
    wait_for('delivered here', lambda: since['delivered_here'] == 1)
    done = line.counted('backend_is_here')
    line.send(KNOWN)
    line.get(KNOWN)
    done()


def test_recheck(site, line, reasons):
    """A connection that no rule marks any more leaves the fast path."""
    lv1 = line.lv1
    lv1.path('set', 'eth0', recheck=1000)
    began = time.monotonic()
    line.begin(4000)
    since = reasons('lv1')

    def until(what, condition):
        def step():
            line.send(KNOWN)
            return condition()
        wait_for(what, step)
    until('the rules are asked', lambda: since['forwarded'])
    until('and not again', lambda: since['forwarded_ingress'] > 50 // SCALE)
    wait_for('all are counted',
             lambda: lv1.ways()['recheck'] == since['forwarded'])
    asked = since['forwarded']
    assert asked <= time.monotonic() - began + 0.1      # some ticks for each
    site.lv1.nft('flush ruleset')
    flushed, last = time.monotonic(), 0

    def ends():
        nonlocal last
        sent, taken = time.monotonic(), since['forwarded_ingress']
        line.send(KNOWN)
        wait_for('it is counted', lambda: since['pass_no_service'] or
                 since['forwarded_ingress'] > taken)
        if not since['pass_no_service']:
            last = sent - flushed
        return since['pass_no_service']
    wait_for('it ends', ends)
    # a packet that is sent a second after the rules have gone is not taken
    assert last < 1.1
    taken, rechecks = since['forwarded_ingress'], lv1.ways()['recheck']
    for _ in range(10):
        line.send(KNOWN)
    wait_for('all have come',
             lambda: lv1.ways()['recheck'] == rechecks + 10)
    assert since['forwarded_ingress'] == taken and since['forwarded'] == asked


def test_recheck_of_persistence(line, reasons):
    """Once a second a packet takes the slow path, and keeps the client remembered."""
    lv1 = line.lv1
    lv1.service('set', persist=60000)
    lv1.path('set', 'eth0', recheck=60000)
    line.begin(4000)
    since = reasons('lv1')

    def counted():
        return since['forwarded'] + since['forwarded_ingress']

    def slow():
        """The time when a packet was sent, if it takes the slow path."""
        asked, before, sent = since['forwarded'], counted(), time.monotonic()
        line.send(KNOWN)
        wait_for('it is counted', lambda: counted() > before)
        return since['forwarded'] > asked and sent
    for _ in range(3):
        sent = wait_for('the slow path', slow)
    expires, = [one['expires'] for one in lv1.connections()
                if one['state'] == 'persistent']
    # The entry's time is recorded once a second, too. An entry that none of the three
    # packets has refreshed is three seconds older.
    assert expires > 60000 - 1000 * (time.monotonic() - sent) - 1500
    assert lv1.ways()['recheck'] == 3 and since['forwarded_ingress'] > 5


def test_rules_at_ingress_come_first(site, line, reasons):
    line.begin(4000)
    site.lv1.nft('''table netdev first {
        chain in {
            type filter hook ingress device eth0 priority 0;
            tcp sport 4000 counter drop
        }
    }''')
    before = line.lv1.other_ways()
    line.send(KNOWN)
    wait_for('it is dropped', lambda: 'packets 1 ' in site.lv1.run(
        'nft', 'list', 'chain', 'netdev', 'first', 'in').stdout)
    assert line.lv1.other_ways() == before


@pytest.mark.smoke
def test_bulk(site):
    """Real TCP, in packets as large as GRO makes them."""
    ways = bulk(site)
    assert not {'malformed', 'too_big', 'shared'} & set(ways)


@pytest.mark.debug
def test_no_memory(lb, reasons):
    """TCP keeps a clone of its packets: their headers must not be written to.
    """
    lb.lv1.dsrctl('service set fwmark 1 path direct')
    lv1 = Balancer(lb)
    lv1.path('add', 'eth0')
    sock = lb.connect_to('w101')
    since = reasons('lv1')
    with Shortage():
        sock.sendall(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
        wait_for('no memory', lambda: since['drop_no_memory'] >= 1)
    assert lv1.ways()['no_memory'] >= 1
    assert sock.recv(100)


@pytest.mark.stock     # the debug kernel has no XFRM
def test_ipsec_policy(site, line, reasons):
    line.begin(4000)
    site.lv1.run('ip', 'xfrm', 'policy', 'add', 'src', '0.0.0.0/0', 'dst',
                 f'{VIP}/32', 'dir', 'fwd', 'action', 'block')
    site.undo.append(lambda: site.lv1.run('ip', 'xfrm', 'policy', 'flush'))
    since, done = reasons('lv1'), line.counted('ipsec')
    line.send(KNOWN)
    done()
    wait_for('dropped', lambda: since.all() == {'drop_ipsec_policy': 1})


def test_devices_come_and_go(site, lv1):
    """A path stays with its device, and ends with it."""
    site.lv1.ip('link add name one type veth peer name two\n'
                'link add name three type bridge')
    site.undo.append(lambda: run('ip', '-n', 'lv1', 'link', 'del', 'three'))
    one = site.lv1.ifindex('one')
    lv1.path('add', 'one', recheck=5000)
    assert lv1.paths()[one]['recheck'] == 5000
    site.lv1.ip('link set one name four')
    assert '"dev":"four"' in site.lv1.dsrctl('-j path show').stdout
    # a port's packets belong to the bridge
    site.lv1.ip('link set four up\nlink set two up\n'
                'link set four master three')
    with wire.Tap(site.lv1, 'two') as tap:
        tap.send(KNOWN, site.lv1.mac('four').hex(':'))
        wait_for('counted', lambda: lv1.ways('four').get(
            'port_of_another_device') == 1)
    site.lv1.ip('link set four nomaster')
    site.lv1.ip('link set four netns client')
    assert one not in lv1.paths()
    assert not Balancer(site, 'client').paths()
    site.client.ip('link del four')
    lv1.path('add', 'three')
    lv1.request('PATH_FLUSH')
    assert not lv1.paths()
    # hooks exist while there are services
    lv1.path('add', 'three')
    lv1.request('SERVICE_FLUSH')
    site.lv1.ip('link del three\nlink add name three type bridge')
    assert not lv1.paths()
    lv1.path('add', 'three')
    lv1.service(path='direct')
    site.lv1.ip('link set three up')
    assert lv1.paths()[site.lv1.ifindex('three')]


def refusal(call, *argv, **fields):
    with pytest.raises(genl.Refused) as caught:
        call(*argv, **fields)
    return caught.value.errno, caught.value.sentence


def test_refusals(site, lv1):
    """Each refusal has its sentence, and changes nothing."""
    before = lv1.paths()
    port = Balancer(site, 'front')
    assert refusal(lv1.request, 'PATH_ADD') == (errno.EINVAL, MISSING)
    assert refusal(lv1.path, 'delete') == (errno.EINVAL, MISSING)
    assert refusal(lv1.path, 'add', ifindex=99999) == (
        errno.ENODEV, 'no such device')
    assert refusal(lv1.path, 'add', 'lo') == (
        errno.EINVAL, 'only an Ethernet device can have a path: this device '
                      'has no MAC address for clients\' packets')
    assert refusal(port.path, 'add', 'lv1') == (
        errno.EINVAL, 'this device is a port of another device, which takes '
                      'its packets: name that device')
    assert refusal(lv1.path, 'add', 'eth0') == (
        errno.EEXIST, 'this device has a path: change it with \'set\' or '
        '\'replace\'')
    for verb in ('set', 'delete'):
        assert refusal(lv1.path, verb, 'eth1') == (
            errno.ENOENT, 'this device has no path: add one first with '
            '\'path add\'')
    for recheck in (0, 999, 3600001, 0xffffffff):
        assert refusal(lv1.path, 'set', 'eth0', recheck=recheck) == (
            errno.ERANGE, 'recheck out of range: 1 second to 1 hour')
    after = lv1.paths()
    assert {n: p['recheck'] for n, p in after.items()} == \
        {n: p['recheck'] for n, p in before.items()} == \
        {site.lv1.ifindex('eth0'): 10000}
    lv1.path('set', 'eth0', recheck=3600000)
    lv1.path('replace', 'eth0')
    assert lv1.paths()[site.lv1.ifindex('eth0')]['recheck'] == 10000
    lv1.path('delete', 'eth0')
    lv1.path('replace', 'eth0', recheck=1000)
    assert lv1.paths()[site.lv1.ifindex('eth0')]['recheck'] == 1000
    lv1.path('delete', 'eth0')
    assert not lv1.paths()


@pytest.mark.debug     # the stock kernels have BTF
def test_no_btf(site):
    """Without BTF all but XDP works."""
    done = site.lv1.dsrctl('path add dev eth0 via xdp', check=False)
    assert (done.returncode, 'XDP is not in this build of dsr_lb' in
            done.stderr) == (2, True), done
    assert not Balancer(site).paths()
