# SPDX-License-Identifier: GPL-2.0
"""net.ipv4.vs.*, which scripts and sysctl.conf write to.

Their effect is compared with ip_vs; for a file without effect the kernel log
names the alternative.
"""

import os

import pytest

from conftest import KernelLog
from host import run, wait_for
from ipvs import loaded, peers
from ipvs_requests import DEL_DEST, dest, service
from ipvsadm import ipvsadm
from network import CLIENT, VIP, W101, W102
from test_ipvs_traffic import (  # noqa: F401  pylint: disable=unused-import
    FWM2, Traffic, balancing, local)
from traffic import GET, ask
from wire import ACK, SYN
import genl

pytestmark = pytest.mark.smoke

DIRECTORY = '/proc/sys/net/ipv4/vs'
MISSING = {'debug_level'}       # there if ip_vs is compiled for debugging
QUIESCENT = 'ipv4/vs/expire_quiescent_template'
NODEST = 'ipv4/vs/expire_nodest_conn'

# the written value, and a word of the alternative in the log
SAID = {
    'conn_reuse_mode': (0, 'reuses the ports'),
    'conntrack': (0, 'path direct'),
    'cache_bypass': (1, 'refused'),
    'drop_entry': (1, 'connection set max'),
    'drop_packet': (3, 'connection set max'),
    'secure_tcp': (2, 'connection set'),
    'pmtu_disc': (0, 'ICMP error'),
    'schedule_icmp': (1, 'ping'),
    'sloppy_tcp': (0, 'by a hash'),
    'sloppy_sctp': (0, 'by a hash'),
    'run_estimation': (0, 'rates'),
}


def files(host):
    with host.at():
        return set(os.listdir(DIRECTORY))


def said(kernel_log):
    return [line for line in kernel_log.lines() if 'net.ipv4.vs' in line]


def test_files(site):
    """All files of ip_vs exist, and accept the same values."""
    found = []
    for kind in peers():
        with loaded(kind, site):
            names = files(site.lv1) - MISSING
            found.append({name: site.lv1.sysctl(f'ipv4/vs/{name}')
                          for name in names})
            if len(found) == 2:
                assert set(found[0]) <= set(found[1])
                for name, value in found[0].items():
                    site.lv1.sysctl(f'ipv4/vs/{name}', value)
                    assert site.lv1.sysctl(f'ipv4/vs/{name}') == value, name
    for name in (QUIESCENT, NODEST):
        assert found[0][name.split('/')[-1]] == found[1][name.split('/')[-1]]
    assert not os.path.exists(DIRECTORY)


def test_what_does_nothing(ipvs):
    """The value is accepted, and the log names the alternative once."""
    for name, (value, words) in SAID.items():
        kernel_log = KernelLog()
        usual = ipvs.lv1.sysctl(f'ipv4/vs/{name}')
        ipvs.lv1.sysctl(f'ipv4/vs/{name}', value)
        assert ipvs.lv1.sysctl(f'ipv4/vs/{name}') == str(value)
        ipvs.lv1.sysctl(f'ipv4/vs/{name}', usual)
        lines = said(kernel_log)
        # the kernel limits the rate of these lines, so there may be none
        assert len(lines) <= 1
        if lines:
            assert lines[0].startswith(
                f'dsr_ipvs: net.ipv4.vs.{name} = {value} changes nothing: ')
            assert words in lines[0]


def test_first_one_is_said(ipvs):
    """Of many writes at least one is logged."""
    kernel_log = KernelLog()

    def tried():
        ipvs.lv1.sysctl('ipv4/vs/conn_reuse_mode', 0)
        return said(kernel_log)
    lines = wait_for('a line in the log', tried, every=0.5)
    assert 'always begins a new connection' in lines[0]


def test_namespaces(ipvs):
    """Each namespace has its own; writes of a container are not logged."""
    ipvs.lv1.sysctl(QUIESCENT, 1)
    assert (ipvs.net['lv2'].sysctl(QUIESCENT), ipvs.lv1.sysctl(QUIESCENT)) == \
        ('0', '1')
    kernel_log = KernelLog()
    done = run('unshare', '-Urn', 'sh', '-c',
               f'cd {DIRECTORY} && cat expire_quiescent_template && '
               'echo 1 > expire_quiescent_template && '
               'echo 0 > conn_reuse_mode && '
               'cat expire_quiescent_template conn_reuse_mode')
    assert done.stdout.split() == ['0', '1', '0']
    assert said(kernel_log) == []


def test_unload(ipvs):
    """Unloading the module removes the files and their settings."""
    ipvs.lv1.sysctl(QUIESCENT, 1)
    ipvs.net.unload('dsr_ipvs')
    assert not os.path.exists(DIRECTORY)
    ipvs.balance('persist 10m')
    name = ask(ipvs.connect()).split()[0]
    ipvs.lv1.dsrctl(f'backend set fwmark 1 via {dict(w101=W101, w102=W102)[name]}'
                    ' weight 0')
    assert [reply.split()[0] for reply in ipvs.replies(2)] == [name]
    ipvs.net.load('dsr_ipvs')
    assert ipvs.lv1.sysctl(QUIESCENT) == '0'


@pytest.mark.parametrize('value', [0, 1])
def test_expire_quiescent_template(local, value):   # noqa: F811
    """A client returns to a server of weight 0, or not, as with ip_vs."""
    came = []
    for kind in peers():
        with balancing(kind, local) as lv1, Traffic(local) as traffic:
            lv1.sysctl(QUIESCENT, value)
            lv1.run('ipvsadm', '-a', '-f', '2', '-r', W102, '-g', '-w', '0')
            found = traffic.tcp(FWM2, 4000, SYN, ACK, dst='10.10.31.110')
            lv1.run('ipvsadm', '-e', '-f', '2', '-r', W102, '-g')
            lv1.run('ipvsadm', '-e', '-f', '2', '-r', W101, '-g', '-w', '0')
            found += traffic.tcp(FWM2, 4001, SYN, ACK, dst='10.10.31.110')
            # open connections continue
            found += traffic.tcp(FWM2, 4000, ACK, dst='10.10.31.110')
            lv1.run('ipvsadm', '-e', '-f', '2', '-r', W101, '-g')
            found += traffic.tcp(FWM2, 4002, SYN, dst='10.10.31.110')
            came.append(found)
            lv1.sysctl(QUIESCENT, 0)
    new = 'w102' if value else 'w101'
    assert came[1] == ['w101', 'w101', new, new, 'w101', new]
    assert came[0] == came[1]


def test_expire_nodest_conn(ipvs, reasons):
    """Connections of a deleted server do not wait for it to be added again."""
    ipvs.lv1.sysctl(NODEST, 1)
    ipvs.balance()
    sock = ipvs.connect()
    name = ask(sock).split()[0]
    mine, other = (W101, 'w102') if name == 'w101' else (W102, 'w101')
    since = reasons('lv1')
    with ipvs.lv1.at(), genl.Genl('IPVS') as tool:
        tool.ask(DEL_DEST, service(1) + dest(mine))
    sock.sendall(GET)
    with pytest.raises(ConnectionResetError):
        sock.recv(1)
    assert since['drop_backend_just_deleted'] == 0
    assert {reply.split()[0] for reply in ipvs.replies(2)} == {other}


def test_scripts(ipvs):
    """The writes of a common script."""
    for name in ('expire_nodest_conn', 'expire_quiescent_template',
                 'conn_reuse_mode', 'conntrack'):
        ipvs.lv1.run('sysctl', '-qw', f'net.ipv4.vs.{name}=1')
    ipvsadm(ipvs, '-A -f 1 -s rr -p 300')
    ipvsadm(ipvs, f'-a -f 1 -r {W101} -g')
    ipvsadm(ipvs, f'-a -f 1 -r {W102} -g')
    for name in ('w101', 'w102'):
        ipvs.net[name].dsrctl(f'real add vip {VIP}')
    name, = {reply.split()[0] for reply in ipvs.replies(3)}
    ipvsadm(ipvs, f'-e -f 1 -r {dict(w101=W101, w102=W102)[name]} -g -w 0')
    assert name not in {reply.split()[0] for reply in ipvs.replies(3)}
    assert CLIENT in ipvsadm(ipvs, '-Lnc').stdout
