# SPDX-License-Identifier: GPL-2.0
"""The fast path by XDP: its packets, and those that must not take it."""

import concurrent.futures
import ctypes
import itertools
import json
import os
import struct

import pytest

import genl
import wire
import wire6
from balancer import Balancer
from host import run, wait_for
from line import DATA, KNOWN, LONG, LV1, TAKEN, Wire
from network import MACHINES, VIP, VIP6, W101, W1016, refcount
from traffic import flooding, same_files

pytestmark = pytest.mark.stock      # the debug kernel has no BTF

MODES = {1: 'xdp', 2: 'xdp-generic'}    # of the kernel: XDP_ATTACHED_*
OURS = 'dsr_forward'
# what a veth leaves to its other end, and what it takes off frames
SENDER = 'tx', 'txvlan', 'tx-vlan-stag-hw-insert'
TAGS = 'rxvlan', 'rx-vlan-stag-hw-parse'


def ethtool(host, dev, features, on):
    host.run('ethtool', '-K', dev, *(word for feature in features
                                     for word in (feature, on)))


def plug(site):
    """Make the other ends of lv1's veths behave as a network does.

    What comes in has its checksums and tags, and what leaves by XDP is taken.
    """
    front, back = site.net['front'], site.net['back']
    ethtool(front, 'lv1', SENDER, 'off')
    site.undo.append(lambda: ethtool(front, 'lv1', SENDER, 'on'))
    ethtool(site.lv1, 'eth0', TAGS, 'off')
    site.undo.append(lambda: ethtool(site.lv1, 'eth0', TAGS, 'on'))
    back.set_gro('lv1', True)
    site.undo.append(lambda: back.set_gro('lv1', False))


def settle(site, state='permanent'):
    """Give the neighbour w101 a state that does not change by itself."""
    mac = site.w101.mac('eth0').hex(':')
    site.lv1.ip(f'neigh replace {W101} lladdr {mac} dev eth1 nud {state}')


def ready(site, via):
    plug(site)
    lv1 = Balancer(site)
    lv1.service(path='direct')
    lv1.backend('add', W101)
    settle(site)
    site.undo.append(lambda: site.lv1.ip(f'neigh del {W101} dev eth1'))
    if via:
        site.lv1.dsrctl(f'path add dev eth0 via {via}')
    return lv1


@pytest.fixture
def lv1(request, site):
    """One server, one device with a path by XDP; its neighbour stays."""
    return ready(site, getattr(request, 'param', 'xdp'))


@pytest.fixture
def line(site, lv1):
    with Wire(site, lv1) as line:
        yield line


def program(site):
    """The XDP program of lv1's eth0: its mode and name, or None."""
    text = site.lv1.run('ip', '-j', '-d', 'link', 'show', 'eth0').stdout
    xdp = json.loads(text)[0].get('xdp')
    return xdp and (MODES[xdp['mode']], xdp['prog']['name'])


@pytest.mark.parametrize('lv1', ['xdp', 'xdp-generic'], indirect=True)
def test_taken(request, site, lv1, line, reasons):
    """Whole packets of known connections leave as they do from ingress."""
    for proto in TAKEN:
        line.begin(4000, proto)
    since, ways = reasons('lv1'), lv1.other_ways()
    assert 'forwarded' not in ways and ways['no_connection'] == len(TAKEN)
    packets = [packet for proto in TAKEN for packet in TAKEN[proto]]
    for packet in packets:
        line.send(packet)
        line.get(packet)
    assert lv1.other_ways() == {**ways, 'forwarded': len(packets)}
    assert since.all() == {'forwarded_xdp': len(packets)}
    lv1.service('set', tos=0x20, tos_mask=0xfc)
    line.send(packets[0])
    line.get(packets[0], (0x20, 0xfc))
    assert lv1.ways()['forwarded'] == len(packets) + 1
    backend = lv1.backends()[W101]['stats']
    assert backend['packets'] == len(packets) + 1 + sum(
        ways.get(way, 0) for way in ('no_connection', 'state_changes'))
    via = request.node.callspec.params['lv1']
    assert f'"via":"{via}"' in site.lv1.dsrctl('-j path show').stdout
    assert program(site) == (via, OURS)


def test_long_way(line, reasons):
    """All other packets take the slow path, as those of ingress do."""
    line.begin(4000)
    since = reasons('lv1')
    line.take_slow_path()
    assert since.all() == {'forwarded': len(LONG)}


def test_refused(line, reasons):
    """Packets that are not forwarded reach the slow path unchanged."""
    line.begin(4000)
    line.refuse(reasons)
    line.refuse_frames()
    line.send(KNOWN)
    line.get(KNOWN)             # and no frame before it
    assert not [p for p in line.w101.drain() if p.dst == VIP]


def test_way_out(site, line, reasons):
    """What the way out does not allow leaves by the slow path, and tells why."""
    line.begin(4000)
    back = site.net['back']

    def goes(way, packet=KNOWN):
        done = line.counted(way)
        line.send(packet)
        line.get(packet)
        done()
    goes('forwarded')
    settle(site, 'stale')
    goes('backend_stale')
    goes('forwarded')
    settle(site)
    back.set_gro('lv1', False)
    goes('way_out_without_xdp')
    back.set_gro('lv1', True)
    goes('forwarded')
    site.lv1.run('tc', 'qdisc', 'add', 'dev', 'eth1', 'root', 'handle', '1:',
                 'pfifo')
    goes('way_out_has_qdisc')
    site.lv1.run('tc', 'qdisc', 'del', 'dev', 'eth1', 'root')
    site.lv1.nft('''table netdev last {
        chain out {
            type filter hook egress device eth1 priority 0;
        }
    }''')
    goes('way_out_has_qdisc')
    site.lv1.nft('delete table netdev last')
    goes('forwarded')
    ethtool(site.lv1, 'eth0', TAGS[:1], 'on')
    goes('vlan_tag')
    ethtool(site.lv1, 'eth0', TAGS[:1], 'off')
    goes('forwarded')
    line.lv1.service('set', path='stack')
    goes('path_stack')
    line.lv1.service('set', path='direct')
    site.lv1.ip('link set eth1 mtu 1300')
    site.undo.append(lambda: site.lv1.ip('link set eth1 mtu 1500'))
    goes('backend_unresolved')
    goes('forwarded', wire.tcp(4000, payload=bytes(1260), ident=8, **DATA))
    done, since = line.counted('too_big'), reasons('lv1')
    line.send(wire.tcp(4000, payload=bytes(1261), ident=9, **DATA))
    done()
    wait_for('dropped', lambda: since['drop_too_big'] == 1)


@pytest.mark.parametrize('lv1', ['xdp-generic'], indirect=True)
def test_checksum(site, line):
    """What may lack its checksum does not leave by a device that computes none."""
    line.begin(4000)
    site.undo.append(lambda: ethtool(site.lv1, 'eth1', SENDER[:1], 'on'))
    for state, way in (('off', 'way_out_without_xdp'), ('on', 'forwarded')):
        ethtool(site.lv1, 'eth1', SENDER[:1], state)
        done = line.counted(way)
        line.send(KNOWN)
        line.get(KNOWN)
        done()


def test_sender_changes(site, lv1, line):
    """Frames may lack checksums from now on: none is forwarded until they do not."""
    line.begin(4000)

    def goes():
        done = line.counted('forwarded')
        line.send(KNOWN)
        line.get(KNOWN)
        done()
    goes()
    forwarded = lv1.ways()['forwarded']
    assert 'sender_offloads' not in lv1.ways()
    ethtool(site.net['front'], 'lv1', ['tx'], 'on')
    line.send(KNOWN)
    line.get(KNOWN)
    wait_for('the frame is counted', lambda: 'sender_offloads' in lv1.ways())
    assert lv1.ways()['forwarded'] == forwarded
    ethtool(site.net['front'], 'lv1', ['tx'], 'off')
    goes()


def test_ipv6(site6, reasons):
    """IPv6 as IPv4."""
    plug(site6)
    lv1 = Balancer(site6)
    lv1.service(vip=VIP6, path='direct')
    lv1.backend('add', W1016, vip=VIP6)
    mac = site6.w101.mac('eth0').hex(':')
    site6.lv1.ip(f'neigh replace {W1016} lladdr {mac} dev eth1 nud permanent')
    site6.undo.append(lambda: site6.lv1.ip(f'neigh del {W1016} dev eth1'))
    site6.lv1.dsrctl('path add dev eth0 via xdp')

    def data(**fields):
        return wire6.tcp(4000, **DATA, **fields)
    with wire6.Tap(site6.client) as client, wire6.Tap(site6.w101) as w101:
        def come(packet, way):
            before = lv1.ways().get(way, 0)
            client.send(packet, LV1)
            got = w101.wait(lambda p: p.packet[40:] == packet[40:len(
                p.packet)] and p.dst == VIP6, way)
            wire.same(got, wire6.forwarded(packet, site6))
            w101.seen.clear()
            assert lv1.ways()[way] == before + 1

        def refused(packet, way):
            before = lv1.ways().get(way, 0)
            client.send(packet, LV1)
            wait_for(way, lambda: lv1.has_one_more(way, before))
        come(wire6.tcp(4000), 'no_connection')
        come(data(), 'state_changes')
        come(wire6.udp(4001), 'no_connection')
        come(wire6.udp(4001), 'state_changes')
        since = reasons('lv1')
        for packet in (data(payload=b'data', tclass=0x5d, label=0xabcde),
                       data(payload=bytes(1440)), data(hop=2), data(hop=255),
                       data(payload=b'p') + b'\x55' * 9,
                       wire6.udp(4001, payload=b'x')):
            come(packet, 'forwarded')
        assert since['forwarded_xdp'] == 6 and not since['forwarded']
        come(data(exts=[(wire6.OPTIONS, wire6.PADDING)]), 'options')
        refused(data(hop=1), 'ttl_exceeded')
        refused(data(length=21), 'malformed')
        refused(data(length=19), 'malformed')
        refused(wire6.echo(), 'protocol_not_balanced')
        refused(wire6.fragment(bytes(16), 64, 0, 0x70617468), 'options')


# include/uapi/linux/bpf.h
OBJ_GET_INFO_BY_FD, LINK_GET_FD_BY_ID, LINK_GET_NEXT_ID, LINK_DETACH = \
    15, 30, 31, 34
TYPE_XDP_LINK = struct.pack('I', 6)


def bpf(command, attributes):
    """bpf(2): its result, and the attributes afterwards."""
    data = ctypes.create_string_buffer(attributes, 128)
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(321, command, data, 128)
    if result < 0:
        raise OSError(ctypes.get_errno(), f'bpf command {command}')
    return result, data.raw


class Foreign:
    """An XDP program of another owner on a device of lv1: it passes all."""

    PROG_LOAD, LINK_CREATE = 5, 28
    TYPE_XDP, ATTACH_XDP = 6, 37

    def __init__(self, host, dev):
        code = struct.pack('BBhiBBhi', 0xb7, 0, 0, 2, 0x95, 0, 0, 0)
        self.code = ctypes.create_string_buffer(code)
        self.license = ctypes.create_string_buffer(b'GPL')
        self.program = bpf(self.PROG_LOAD, struct.pack(
            'IIQQIIQII16s', self.TYPE_XDP, 2, ctypes.addressof(self.code),
            ctypes.addressof(self.license), 0, 0, 0, 0, 0, b'foreign'))[0]
        with host.at():
            self.link = bpf(self.LINK_CREATE, struct.pack(
                'IIII', self.program, host.ifindex(dev), self.ATTACH_XDP, 0))[0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.link)
        os.close(self.program)


def detach(host, dev):
    """Take the XDP program off a device, as "bpftool link detach" does."""
    wanted, number = struct.pack('I', host.ifindex(dev)), 0
    info = ctypes.create_string_buffer(64)
    while True:
        number, = struct.unpack_from('I', bpf(LINK_GET_NEXT_ID, struct.pack(
            'III', number, 0, 0))[1], 4)
        try:
            link = bpf(LINK_GET_FD_BY_ID, struct.pack('I', number))[0]
        except FileNotFoundError:
            continue            # the kernel is about to free it
        try:
            bpf(OBJ_GET_INFO_BY_FD, struct.pack(
                'IIQ', link, len(info), ctypes.addressof(info)))
            if info.raw[:4] == TYPE_XDP_LINK and info.raw[16:20] == wanted:
                bpf(LINK_DETACH, struct.pack('I', link))
                return
        finally:
            os.close(link)


def test_program_taken_off(site, lv1, line):
    """A user takes the program off: "path replace" brings one back."""
    line.begin(4000)
    detach(site.lv1, 'eth0')
    assert not program(site)
    site.lv1.dsrctl('path set dev eth0 recheck 4s')
    assert not program(site)
    site.lv1.dsrctl('path replace dev eth0 via xdp recheck 5s')
    assert program(site) == ('xdp', OURS)
    path, = site.lv1.show('path show')
    assert (path['via'], path['recheck']) == ('xdp', 5000)
    done = line.counted('forwarded')
    line.send(KNOWN)
    line.get(KNOWN)
    done()
    # another program is never replaced
    detach(site.lv1, 'eth0')
    with Foreign(site.lv1, 'eth0'):
        refused = site.lv1.dsrctl('path replace dev eth0 via xdp', check=False)
        assert 'names no XDP program' in refused.stderr
        assert program(site) == ('xdp', 'foreign')


def test_refusals(site):
    """Each refusal has its sentence, and changes nothing."""
    lv1 = ready(site, None)

    def refused(words, sentence, prefix=()):
        done = site.lv1.run(*prefix, 'dsrctl', *words.split(), check=False)
        assert done.returncode == 2 and sentence in done.stderr, done
        assert not lv1.paths()
    with Foreign(site.lv1, 'eth0'):
        refused('path add dev eth0 via xdp', 'eth0 has an XDP program')
        refused('path add dev eth0 via xdp-generic', 'eth0 has an XDP program')
        assert program(site) == ('xdp', 'foreign')
    site.lv1.ip('link add bare type dummy')
    site.undo.append(lambda: site.lv1.ip('link del bare'))
    refused('path add dev bare via xdp', 'the driver of bare has no XDP')
    for words in ('type bridge', 'link eth1 type macvlan'):
        site.lv1.ip(f'link add name upon {words}')
        refused('path add dev upon via xdp-generic', 'come from other devices')
        site.lv1.ip('link del upon')
    refused('path add dev lo via xdp-generic', 'only an Ethernet device')
    refused('path add dev lo via xdp', 'permission denied: an XDP program '
            'needs CAP_SYS_ADMIN', ('unshare', '-rn'))
    for feature in SENDER[:2]:
        ethtool(site.net['front'], 'lv1', [feature], 'on')
        refused('path add dev eth0 via xdp', 'leaves checksums or VLAN tags')
        ethtool(site.net['front'], 'lv1', [feature], 'off')
    ethtool(site.lv1, 'eth0', TAGS[:1], 'on')
    refused('path add dev eth0 via xdp-generic', 'takes VLAN tags off')
    ethtool(site.lv1, 'eth0', TAGS[:1], 'off')
    # the sums of an skb are the kernel's
    ethtool(site.net['front'], 'lv1', SENDER[:1], 'on')
    assert not program(site)
    with pytest.raises(genl.Refused) as caught:
        lv1.path('add', 'eth0', via='xdp-generic', link=0)
    assert caught.value.sentence == \
        'the request names no XDP program of this device'
    site.lv1.dsrctl('path add dev eth0 via xdp-generic')
    done = site.lv1.dsrctl('path add dev eth0 via xdp', check=False)
    assert 'eth0 has an XDP program' in done.stderr
    done = site.lv1.dsrctl('path add dev eth0', check=False)
    assert 'this device has a path' in done.stderr
    with pytest.raises(OSError):
        Foreign(site.lv1, 'eth0')
    assert program(site) == ('xdp-generic', OURS)


def test_comes_and_goes(site):
    """The program stays with its path, and no longer, whatever ends the path."""
    lv1 = ready(site, None)
    held = 1                # by the service
    wait_for('no command holds it', lambda: refcount('dsr_lb') == held)

    def gone():
        wait_for('the program is gone', lambda: refcount('dsr_lb') == held)
        assert not program(site)

    add = 'path add dev eth0 via xdp'
    site.lv1.dsrctl(add)
    assert refcount('dsr_lb') > held and program(site)
    site.lv1.dsrctl('path delete dev eth0')
    assert not program(site)        # at once, for the user's next command
    gone()
    site.lv1.dsrctl(add)
    site.lv1.dsrctl('path flush')
    gone()
    # one way takes the place of another, and keeps the program if it is the same
    site.lv1.dsrctl(add)
    site.lv1.dsrctl('path replace dev eth0 via xdp recheck 3s')
    assert program(site) == ('xdp', OURS)
    site.lv1.dsrctl('path set dev eth0 recheck 4s')
    assert lv1.paths()[site.lv1.ifindex('eth0')]['via'] == 'xdp'
    site.lv1.dsrctl('path replace dev eth0')
    assert lv1.paths()[site.lv1.ifindex('eth0')]['via'] == 'ingress'
    gone()
    site.lv1.dsrctl('path replace dev eth0 via xdp')
    site.lv1.dsrctl('path delete dev eth0')
    # with its device, and when that moves
    for end in ('link del one', 'link set one netns client'):
        site.lv1.ip('link add name one type veth peer name two')
        ethtool(site.lv1, 'two', SENDER, 'off')
        ethtool(site.lv1, 'one', TAGS, 'off')
        site.lv1.dsrctl('path add dev one via xdp')
        site.lv1.ip(end)
        gone()
    assert not Balancer(site, 'client').paths()
    site.client.ip('link del one')
    # without a service nothing is forwarded, and nothing is lost
    site.lv1.dsrctl(add)
    lv1.request('SERVICE_FLUSH')
    with wire.Tap(site.client) as client:
        client.send(wire.icmp_echo(dst=LV1), LV1)
        client.wait(lambda p: p.src == LV1, 'the answer')
    assert not lv1.ways()
    # the module is in use as long as the program is there
    assert run('rmmod', 'dsr_lb', check=False).returncode
    site.lv1.dsrctl('path flush')
    wait_for('nothing uses it', lambda: refcount('dsr_lb') == held - 1)


def test_upgrade_and_stop(site):
    """Both take off the program, which holds the module; an upgrade adds one."""
    plug(site)
    site.lv1.configure('service add fwmark 1 path direct')
    site.lv1.dsrctl('path add dev eth0 via xdp recheck 7s')
    done = site.lv1.dsrctl(
        f'-j upgrade dsr_lb from {site.net.module_file("dsr_lb")}')
    assert json.loads(done.stdout)['missing'] == 0
    path, = site.lv1.show('path show')
    assert (path['via'], path['recheck']) == ('xdp', 7000)
    assert program(site) == ('xdp', OURS)
    site.lv1.dsrctl('service flush')
    site.lv1.dsrctl('service stop')
    assert not os.path.exists('/sys/module/dsr_lb/initstate')
    assert not program(site)


def test_namespace_ends(site):
    """The program is gone with its namespace."""
    wait_for('no command holds it', lambda: not refcount('dsr_lb'))
    run('ip', 'netns', 'add', 'brief')
    run('ip', '-n', 'brief', 'link', 'add', 'one', 'type', 'veth', 'peer', 'two')
    for dev in ('one', 'two'):
        run('ip', 'netns', 'exec', 'brief', 'ethtool', '-K', dev,
            *(word for feature in SENDER + TAGS for word in (feature, 'off')))
    for words in ('service add fwmark 1 path direct',
                  'path add dev one via xdp',
                  'path add dev two via xdp-generic'):
        run('ip', 'netns', 'exec', 'brief', 'dsrctl', *words.split())
    assert refcount('dsr_lb')
    run('ip', 'netns', 'del', 'brief')
    wait_for('all is gone', lambda: not refcount('dsr_lb'))


def test_under_traffic(site, line, reasons):
    """The path comes and goes while packets come in: each is forwarded."""
    lv1 = line.lv1
    line.begin(4000, 'udp')
    packet = wire.udp(4000, ident=9, payload=b'x')
    since = reasons('lv1')
    with flooding(site, [packet], LV1):
        for way in ('xdp', 'xdp-generic', 'xdp'):
            before = since['forwarded_xdp']
            site.lv1.dsrctl(f'path replace dev eth0 via {way}')
            wait_for('forwarded', lambda n=before: since['forwarded_xdp'] > n)
            before = since['forwarded']
            site.lv1.dsrctl('path delete dev eth0')
            wait_for('the slow path', lambda n=before: since['forwarded'] > n)
        assert set(since.all()) <= {'forwarded', 'forwarded_xdp'}
        site.lv1.dsrctl('path add dev eth0 via xdp')
        lv1.request('SERVICE_FLUSH')
    # while the services go, a packet may find the VIP still and no service
    assert set(since.all()) <= {'forwarded', 'forwarded_xdp', 'pass_no_service'}


def test_bulk(site):
    """Real TCP; what is more than a frame of data is the slow path's."""
    plug(site)
    site.balance('path direct', backends=('w102',))
    lv1 = Balancer(site)
    site.lv1.dsrctl('path add dev eth0 via xdp')
    big = site.net.big_file(4)
    came = f'{site.net.directory}/w102/www/up/xdp'
    site.curl('-T', big, f'http://{VIP}/up/xdp', vhost='x', timeout=100)
    assert same_files(big, came)
    os.unlink(came)
    ways = lv1.ways()
    assert ways['forwarded'] > 5 * sum(
        number for way, number in ways.items() if way != 'forwarded')


def enlarge(site, mtu):
    """Let the client, lv1 and w102 send frames of that size."""
    for name in ('client', 'lv1', 'w102'):
        for dev, (segment, _) in MACHINES[name].items():
            for host, end in ((site.net[name], dev), (site.net[segment], name)):
                host.ip(f'link set {end} mtu {mtu}')
                site.undo.append(lambda host=host, end=end:
                                 host.ip(f'link set {end} mtu 1500'))


@pytest.mark.parametrize('via', ['xdp', 'xdp-generic'])
def test_large_frames(site, via):
    """20 MiB up and down, in frames of 9,000 bytes, also while the ways change."""
    release = tuple(map(int, os.uname().release.split('-')[0].split('.')[:2]))
    # before 6.3 a veth with a program takes no frame that is larger than a page
    enlarge(site, 3400 if via == 'xdp' and release < (6, 3) else 9000)
    plug(site)
    site.balance('path direct', backends=('w102',))
    lv1 = Balancer(site)
    big, www = site.net.big_file(20), f'{site.net.directory}/w102/www'
    os.symlink(big, f'{www}/large')
    site.undo.append(lambda: os.unlink(f'{www}/large'))

    def upload():
        site.curl('-T', big, f'http://{VIP}/up/large', vhost='x', timeout=100)
        same = same_files(big, f'{www}/up/large')
        os.unlink(f'{www}/up/large')
        return same
    site.lv1.dsrctl(f'path add dev eth0 via {via}')
    assert upload()
    assert lv1.ways()['forwarded']
    got = f'{site.net.directory}/got'
    site.curl('-o', got, f'http://{VIP}/large', vhost='x', timeout=100)
    assert same_files(big, got)
    os.unlink(got)
    ways = itertools.cycle(('ingress', via))
    with concurrent.futures.ThreadPoolExecutor() as pool:
        same = pool.submit(upload)
        while not same.done():
            site.lv1.dsrctl(f'path replace dev eth0 via {next(ways)}')
        assert same.result()
