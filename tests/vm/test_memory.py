# SPDX-License-Identifier: GPL-2.0
"""Entries of a container's tables are charged to the container.

Packets come in softirq, without a task to charge; and any user can make a
container.
"""

import json
import os
import socket
import subprocess

import pytest

import genl
import wire
from conftest import KernelLog
from host import wait_for
from network import refcount

ROOT = '/sys/fs/cgroup'
GROUP = f'{ROOT}/dsr-test'
VIP, INSIDE, SERVER = '10.99.1.1', '10.99.0.2', '10.99.0.77'
MAC = '02:00:00:00:99:02'
MODULES = {
    'dsr_lb': f'''
        ip neigh replace {SERVER} lladdr 02:00:00:00:00:77 dev inside \
            nud permanent
        dsrctl service add vip {VIP}
        dsrctl backend add vip {VIP} via {SERVER}''',
    'dsr_rs': f'''
        python3 -c 'import os, socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
s.bind(("", 9))
os.fork() and os._exit(0)
time.sleep(1e6)'
        dsrctl real add vip {VIP}'''}
# A quarter of the 65,536 entries is for possibly forged ones.
FLOWS = 12000
# at least, of an IPv4 entry in either table
ENTRY = 32


def write(path, text):
    with open(path, 'w', encoding='ascii') as file:
        file.write(text)


def charged():
    with open(f'{GROUP}/memory.current', encoding='ascii') as file:
        return int(file.read())


def objects():
    """Bytes of the kernel's objects, without per-CPU caches."""
    with open(f'{GROUP}/memory.stat', encoding='ascii') as file:
        return int(dict(line.split() for line in file)['slab_unreclaimable'])


@pytest.fixture
def group(site):
    """A memory cgroup of its own."""
    with open(f'{ROOT}/cgroup.controllers', encoding='ascii') as file:
        if 'memory' not in file.read().split():
            pytest.skip('this kernel has no memory cgroups')
    write(f'{ROOT}/cgroup.subtree_control', '+memory')
    os.mkdir(GROUP)
    yield
    site.lv1.stop()
    wait_for('no process is left', lambda: not open(
        f'{GROUP}/cgroup.procs', encoding='ascii').read())
    os.rmdir(GROUP)
    write(f'{ROOT}/cgroup.subtree_control', '-memory')
    wait_for('nothing holds dsr_lb', lambda: not refcount('dsr_lb'))


class Container:
    """A network namespace in a user namespace, created within the cgroup."""

    def __init__(self, host, setup):
        self.host = host
        self.shell = host.start(
            'sh', '-c', f'echo $$ >{GROUP}/cgroup.procs; exec unshare -Urn sh',
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ask('true')
        host.ip(f'''link add name outside type veth peer name inside \
            address {MAC} netns {self.shell.pid}
            link set outside up''')
        self.ask(f'''ip link set inside up
            ip addr add {INSIDE}/24 dev inside
            ip route add default via 10.99.0.1 {setup}''')

    def ask(self, commands):
        self.shell.stdin.write(f'{commands}\necho done\n')
        self.shell.stdin.flush()
        assert self.shell.stdout.readline() == 'done\n'

    def stats(self, module):
        """The statistics, read by a process outside of the cgroup."""
        done = self.host.run('nsenter', '-t', str(self.shell.pid), '-U', '-n',
                             'dsrctl', '-j', 'stats')
        return json.loads(done.stdout)[module]

    def flood(self, source, flows=FLOWS):
        """Send a datagram of each flow; a full table is harmless."""
        head = bytes.fromhex(MAC.replace(':', '')) + b'\2\0\0\0\x99\1\x08\0'
        with self.host.at(), socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                           0) as sock:
            sock.bind(('outside', 0x800))
            for port in range(2000, 2000 + flows):
                sock.send(head + wire.udp(port, 9, b'x', src=source, dst=VIP))


@pytest.mark.parametrize('module', MODULES)
def test_charged_and_bounded(group, site, module):
    """Entries are charged; at the cgroup's limit no more are added."""
    box = Container(site.lv1, MODULES[module])
    before = objects()
    box.flood('10.99.2.1')
    wait_for('the flows', lambda: box.stats(module)['table']['entries'] >=
             FLOWS * 0.95)
    entries = box.stats(module)['table']['entries']
    # the kernel sums these every two seconds
    wait_for('they are charged', lambda: objects() - before >=
             entries * ENTRY * 0.8)
    # room for a third more
    write(f'{GROUP}/memory.max', str(charged() + FLOWS * ENTRY // 3))
    box.flood('10.99.2.2')
    more = box.stats(module)['table']['entries'] - entries
    assert more < FLOWS * 0.9
    # and no process was killed
    with open(f'{GROUP}/memory.events', encoding='ascii') as file:
        assert 'oom_kill 0' in file.read()
    # the cgroup does not limit the host's own table
    assert genl.table(site.lv1)[0] == 0


def test_full_table_is_not_logged(group, site):
    """The log is the host's: a container fills its own table at will."""
    box = Container(site.lv1, MODULES['dsr_lb'])
    kernel_log = KernelLog()
    box.ask('dsrctl connection set max 16\n' + '\n'.join(
        f'dsrctl connection add proto tcp src 10.99.2.1:{port} dst {VIP}:80 '
        f'via {SERVER}' for port in range(1, 17)))
    assert box.stats('dsr_lb')['table']['entries'] == 16
    box.flood('10.99.2.2', 1)
    wait_for('the datagram was balanced', lambda: box.stats(
        'dsr_lb')['reasons']['forwarded_stateless'] == 1)
    assert not [line for line in kernel_log.lines()
                if 'the table of connections is full' in line]
