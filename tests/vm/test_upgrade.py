# SPDX-License-Identifier: GPL-2.0
"""dsrctl replaces dsr_lb under traffic. Only the stock kernels have sch_plug."""

import contextlib
import glob
import json
import os
import re
import signal
import socket
import struct
import threading

import pytest

from host import run
from network import CLIENT, VIP, W101, refcount, wait_for
from talk import Talk
from traffic import BIG_MIB

LV1 = '10.10.31.11'
NUMBER = 200
FEW = 20
GAP = 0.002             # seconds between two datagrams


def number_of_load():
    """Another one each time that dsr_lb is loaded."""
    return os.stat('/sys/module/dsr_lb').st_ino


def new_file(site):
    return site.net.module_file('dsr_lb')


class Stream:
    """Numbered datagrams of a client, and the answers."""

    def __init__(self, site):
        self.sock = site.udp()
        self.sock.settimeout(10)
        self.sent, self.over = 0, threading.Event()
        self.thread = threading.Thread(target=self._send)

    def _send(self):
        while not self.over.wait(GAP):
            self.sock.sendto(b'%d' % self.sent, (VIP, 7))
            self.sent += 1

    def __enter__(self):
        self.thread.start()
        wait_for('the stream flows', lambda: self.sent > 20)
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def answered(self):
        """The numbers that came back."""
        found = set()
        while len(found) < self.sent:
            try:
                found.add(int(self.sock.recv(64).split()[-1]))
            except TimeoutError:
                break
        return found


@pytest.mark.smoke
@pytest.mark.stock
def test_balancer(lb, capsys):
    """Busy connections: none is lost. Of a stream of datagrams, few may be.

    The kernel takes a device out of service while it adds or deletes clsact there
    (qdisc_graft()): for a grace period, what leaves by the device is lost. The
    datagrams that are sent meanwhile are a small part of those that wait.
    """
    for name in ('w101', 'w102'):
        lb.echo(name)
    before = number_of_load()
    with Talk(lb.client, VIP, NUMBER, lb.net.big_file(BIG_MIB)) as talk, \
            Stream(lb) as stream:
        assert not talk.settle(1)['lost']
        talk.mark()
        waited = -stream.sent
        done = lb.lv1.dsrctl(f'upgrade dsr_lb from {new_file(lb)}')
        waited += stream.sent
        match = re.fullmatch(
            r'1 services, 2 backends, (\d+) of (\d+) connections kept; packets '
            r'waited for (\d+) ms\n', done.stdout)
        assert match, done
        state = talk.settle_after()
        assert not state['lost'], state
        active = [one['active'] for one in lb.backends().values()]
        assert sum(active) >= NUMBER
    answered = stream.answered()
    with capsys.disabled():
        print(f'\n  {match[1]} of {match[2]} connections; packets waited for '
              f'{match[3]} ms; {len(answered)} of {stream.sent} datagrams',
              end='', flush=True)
    assert match[1] == match[2] and int(match[1]) >= NUMBER
    assert stream.sent - len(answered) < max(waited // 2, 10)
    assert number_of_load() != before
    assert lb.lv1.show('service show')[0]['scheduler'] == 'rr'
    assert 'dsr-hold' not in lb.net.devices('lv1')


@pytest.mark.stock
def test_whole_configuration(site):
    """All options, in two namespaces, and the timeouts of a third one."""
    site.undo.append(lambda: site.lv1.dsrctl(
        'connection set timeout-syn default'))
    site.undo.append(lambda: site.w101.dsrctl(
        'connection set timeout-udp default'))
    site.lv1.configure(f'''
        connection set max 5000 timeout-syn 7s
        service add fwmark 1/0xff scheduler maglev table-size 251 choices 2 persist 50s persist-prefix 24 probe-marks 4096 on-down reset
        backend add fwmark 1 via {W101} weight 3 upper 100 lower 50
        service add vip 10.10.31.120 proto udp port 53 one-packet on ping ignore path direct
        service add vip 10.10.31.120 proto tcp port 80-90 tos 0x20 timeout-fin 9s
        backend add vip 10.10.31.120 proto tcp port 80-90 via {W101} weight 0
        path add dev eth0 recheck 20s''')
    site.lv2.configure('service add fwmark 2')
    site.w101.configure('connection set timeout-udp 70s')

    def shown():
        return [(host.show('service show'), host.show('backend show'),
                 host.show('path show'), host.show('stats')['dsr_lb']['table'])
                for host in (site.lv1, site.lv2, site.w101)]

    def steady(one):
        """Without counters, and with what the first packets find out."""
        if isinstance(one, dict):
            return {key: steady(value) for key, value in one.items()
                    if key not in ('packets', 'connections', 'state',
                                   'mac', 'dev', 'unresolved', 'bytes',
                                   'buckets', 'entries', 'evicted')}
        return [steady(value) for value in one] if isinstance(
            one, (list, tuple)) else one
    before = steady(shown())
    done = site.lv1.dsrctl(f'-j upgrade dsr_lb from {new_file(site)}')
    told = json.loads(done.stdout)
    assert (told['services'], told['missing']) == (4, 0)
    assert steady(shown()) == before


class Filters:
    """The devices of a machine that have got a filter of tc."""

    RTMGRP_TC, RTM_NEWTFILTER = 8, 44

    def __init__(self, host):
        self.sock = host.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        self.sock.bind((0, self.RTMGRP_TC))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def devices(self):
        """Their indexes, in all messages so far."""
        found = set()
        with contextlib.suppress(BlockingIOError):
            while True:
                data = self.sock.recv(65536, socket.MSG_DONTWAIT)
                while data:
                    size, kind = struct.unpack_from('=IH', data)
                    if kind == self.RTM_NEWTFILTER:
                        found.add(struct.unpack_from('=i', data, 20)[0])
                    data = data[size + 3 & ~3:]
        return found


@pytest.mark.stock
def test_vrf(site):
    """What comes in by a device in a VRF waits, too."""
    if run('modprobe', 'vrf', check=False).returncode:
        pytest.skip('this kernel has no VRF')
    site.undo.append(lambda: site.rebuild('lv1'))
    site.lv1.ip('''
        link add red type vrf table 10
        link set red up
        link set eth0 master red''')
    site.lv1.dsrctl(f'service add vip {VIP} proto tcp port 80')
    with Filters(site.lv1) as filters:
        site.lv1.dsrctl(f'upgrade dsr_lb from {new_file(site)}')
        found = filters.devices()
    assert {site.lv1.ifindex('eth0'), site.lv1.ifindex('eth1')} <= found


@pytest.fixture
def modinfo(ipvs, tmp_path):
    """The built modules stand for the installed ones."""
    real, = ipvs.lv1.run('sh', '-c', 'command -v modinfo').stdout.split()
    script = tmp_path / 'modinfo'
    script.write_text(f'''#!/bin/sh
        case "$1 $2" in
        "-n dsr_ipvs") echo {os.path.abspath(ipvs.net.module_file('dsr_ipvs'))} ;;
        *) exec {real} "$@" ;;
        esac
        ''')
    script.chmod(0o755)
    return f'PATH={tmp_path}:{os.environ["PATH"]}'


@pytest.mark.stock
def test_settings_of_ipvs(ipvs, modinfo):
    """Those that a namespace has set last longer than dsr_ipvs."""
    name, other = 'ipv4/vs/expire_quiescent_template', 'ipv4/vs/drop_entry'
    ipvs.lv1.sysctl(name, 1)
    ipvs.net['lv2'].sysctl(other, 2)
    before = number_of_load()
    ipvs.lv1.run('env', modinfo, 'dsrctl', 'upgrade', 'dsr_lb', 'from',
                 new_file(ipvs))
    assert number_of_load() != before
    assert [(host.sysctl(name), host.sysctl(other))
            for host in (ipvs.lv1, ipvs.net['lv2'])] == [('1', '0'), ('0', '2')]
    assert ipvs.lv1.show('stats')['dsr_lb']['table']['expire_quiescent']


@pytest.mark.stock
def test_namespace_of_processes(site):
    """The process that a namespace was found by ends: another one is there still."""
    first = site.lv1.start('unshare', '-n', 'sleep', 'inf')

    def inside(pid):
        return os.stat(f'/proc/{pid}/ns/net').st_ino
    lv1 = os.stat('/run/netns/lv1').st_ino
    wait_for('it has a namespace',
             lambda: inside(first.pid) != lv1)
    enter = ('nsenter', '-n', '-t', str(first.pid))
    second = site.lv1.start(*enter, 'sleep', 'inf')
    wait_for('the other one is there',
             lambda: inside(second.pid) == inside(first.pid))
    site.lv1.run(*enter, 'ip', 'link', 'set', 'lo', 'up')
    site.lv1.run(*enter, 'dsrctl', 'service', 'add', 'vip', VIP)
    child = site.lv1.start('dsrctl', 'upgrade', 'dsr_lb', 'from',
                           new_file(site))
    wait_for('the upgrade begins',
             lambda: len(rescuers()) >= 2 or child.poll() is not None)
    site.lv1.stop(first)
    assert child.wait() == 0
    done = site.lv1.run('nsenter', '-n', '-t', str(second.pid), 'dsrctl', '-j',
                        'service', 'show')
    site.lv1.stop(second)
    assert [one['vip'] for one in json.loads(done.stdout)] == [VIP]
    wait_for('nothing holds dsr_lb', lambda: not refcount('dsr_lb'))


@pytest.mark.stock
def test_namespace_that_refuses(site):
    """Any user can make a namespace that refuses: dsrctl tells which."""
    lv2 = site.net['lv2']
    lv2.dsrctl(f'service add vip {VIP}')
    lv2.run('tc', 'qdisc', 'add', 'dev', 'eth0', 'clsact')
    site.undo.append(lambda: lv2.run('tc', 'qdisc', 'del', 'dev', 'eth0',
                                     'clsact'))
    lv2.run('tc', 'filter', 'add', 'dev', 'eth0', 'ingress', 'protocol', 'ip',
            'pref', '1', 'u32', 'match', 'u32', '0', '0', 'action', 'pass')
    before = number_of_load()
    done = site.lv1.dsrctl(f'upgrade dsr_lb from {new_file(site)}', check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == \
        'dsrctl: that is in network namespace lv2'
    assert number_of_load() == before


def rescuers():
    """The processes that act when dsrctl is killed."""
    found = []
    for path in glob.glob('/proc/[0-9]*/stat'):
        with contextlib.suppress(OSError), open(
                path, encoding='ascii', errors='replace') as file:
            name, _, rest = file.read().partition('(')[2].rpartition(')')
            if name == 'dsr-rescue' and rest.split()[0] != 'Z':
                found.append(path)
    return found


@pytest.mark.stock
def test_killed(lb):
    """dsrctl is killed while both processes that watch it are there, or later."""
    before = lb.lv1.run('dsrctl', 'save').stdout
    with Talk(lb.client, VIP, FEW, lb.net.big_file(BIG_MIB)) as talk:
        assert not talk.settle(1)['lost']
        child = lb.lv1.start('dsrctl', 'upgrade', 'dsr_lb', 'from', new_file(lb))
        wait_for('the upgrade begins',
                 lambda: len(rescuers()) == 2 or child.poll() is not None)
        child.kill()
        child.wait()
        wait_for('the others end', lambda: not rescuers())
        assert lb.lv1.run('dsrctl', 'save').stdout == before
        assert not talk.settle_after()['lost']
    assert 'dsr-hold' not in lb.net.devices('lv1')
    assert sum(lb.replies(4).values()) == 4


@pytest.mark.stock
def test_multicast_does_not_wait(lb):
    """While all packets wait, since the service has a mark, VRRP is heard.

    The packet to an address of the balancer is sent first, and comes last. Nothing
    is sent unless the upgrade was stopped while packets waited.
    """
    group, vrrp = '224.0.0.18', 112
    at = lb.lv1.socket(socket.AF_INET, socket.SOCK_RAW, vrrp)
    at.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, struct.pack(
        '4s4si', socket.inet_aton(group), bytes(4), lb.lv1.ifindex('eth0')))
    at.settimeout(60)
    client = lb.client.socket(socket.AF_INET, socket.SOCK_RAW, vrrp)
    client.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                      socket.inet_aton(CLIENT))
    child = lb.lv1.start('dsrctl', 'upgrade', 'dsr_lb', 'from', new_file(lb))
    wait_for('the upgrade begins',
             lambda: len(rescuers()) == 2 or child.poll() is not None)
    child.send_signal(signal.SIGSTOP)

    def stopped():
        if child.poll() is not None:
            return True
        with open(f'/proc/{child.pid}/stat', encoding='ascii') as file:
            return file.read().rpartition(')')[2].split()[0] in 'TZ'
    wait_for('it stops', stopped)
    held = len(rescuers()) == 2
    for address in (LV1, group) if held else ():
        client.sendto(address.encode(), (address, 0))
    held = held and len(rescuers()) == 2 and 'dsr-hold' in lb.net.devices('lv1')
    child.send_signal(signal.SIGCONT)
    assert child.wait() == 0
    with at, client:
        came = [at.recv(64)[20:].decode() for _ in range(2)] if held else []
    assert came in ([], [group, LV1])


@pytest.mark.stock
def test_refused(lb, tmp_path):
    """A file that the kernel does not load: nothing was changed."""
    broken = tmp_path / 'dsr_lb.ko'
    with open(new_file(lb), 'rb') as file:
        # of the same length: modinfo reads the file still
        broken.write_bytes(file.read().replace(b'mod_unload', b'mod_upload'))
    before = number_of_load()
    done = lb.lv1.dsrctl(f'upgrade dsr_lb from {broken}', check=False)
    assert done.returncode == 2
    assert 'this kernel does not load it' in done.stderr
    assert 'nothing was changed' in done.stderr
    assert number_of_load() == before
    assert sum(lb.replies(4).values()) == 4


@pytest.mark.stock
def test_filters(lb):
    """Filters of the site stay; those of a hold that was killed go."""
    def tc(*words):
        return lb.lv1.run('tc', *words).stdout

    def filters():
        return tc('filter', 'show', 'dev', 'eth0', 'ingress')
    add = ('filter', 'add', 'dev', 'eth0', 'ingress', 'protocol', 'ip',
           'pref', '1', 'u32', 'match', 'u32', '0', '0', 'action')
    tc('qdisc', 'add', 'dev', 'eth0', 'clsact')
    lb.undo.append(lambda: tc('qdisc', 'del', 'dev', 'eth0', 'clsact'))
    tc(*add, 'pass')
    before, number = filters(), number_of_load()
    done = lb.lv1.dsrctl(f'upgrade dsr_lb from {new_file(lb)}', check=False)
    assert done.returncode == 2
    assert 'filters of priority 1 or 2 at the ingress' in done.stderr
    assert 'gact' in before and filters() == before
    assert number_of_load() == number
    assert 'dsr-hold' not in lb.net.devices('lv1')
    tc('filter', 'del', 'dev', 'eth0', 'ingress', 'pref', '1')

    lb.lv1.ip('link add dsr-hold type ifb')
    tc(*add, 'mirred', 'egress', 'redirect', 'dev', 'dsr-hold')
    lb.lv1.ip('link del dsr-hold')
    assert 'mirred' in filters()
    lb.lv1.dsrctl(f'upgrade dsr_lb from {new_file(lb)}')
    assert 'mirred' not in filters()
    assert sum(lb.replies(4).values()) == 4
