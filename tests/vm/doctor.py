# SPDX-License-Identifier: GPL-2.0
"""Clients of a site, what dsrctl doctor finds there, and what its commands mend.

For test_doctor.py, which has the sites that are well, and test_doctor_balancer.py and
test_doctor_real.py, which have the faults. Each fault is planted alone, into a site
of which doctor has just said nothing. Then it has to find that one, and the commands
that it prints have to mend it: after them it finds nothing again. Clients come and go
all the time.
"""

import collections
import contextlib
import json
import os
import socket
import struct
import subprocess
import time

import pytest

from host import run, wait_for
from network import VIP, W101, W102
from test_layout import sysctl
from traffic import meanwhile


@contextlib.contextmanager
def clients(site, address=VIP, port=80, host='client', source='', proto=0):
    """Clients of a VIP, while the caller looks: each stays for some seconds.

    So a client that hears nothing sends its SYN again.
    """
    family = socket.AF_INET6 if ':' in address else socket.AF_INET
    there = collections.deque()

    def come():
        sock = site.net[host].socket(family, socket.SOCK_STREAM, proto)
        # closed by a reset, so that no port waits
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        struct.pack('ii', 1, 0))
        sock.setblocking(False)
        if source:
            sock.bind((source, 0))
        sock.connect_ex((address, port))
        there.append(sock)
        if len(there) > 40:
            there.popleft().close()
        time.sleep(0.1)         # a pace, not a wait
    with meanwhile(come):
        yield


@contextlib.contextmanager
def datagrams(site, address=VIP, port=7):
    """Clients that send a datagram each, and hear the answer or not."""
    family = socket.AF_INET6 if ':' in address else socket.AF_INET
    there = collections.deque()

    def come():
        sock = site.net['client'].socket(family, socket.SOCK_DGRAM)
        sock.sendto(b'x', (address, port))
        there.append(sock)
        if len(there) > 40:
            there.popleft().close()
        time.sleep(0.1)         # a pace
    with meanwhile(come):
        yield


# Marks are seen by tracepoints. User Mode Linux has no perf_event_open().
needs_perf = pytest.mark.skipif(
    not os.path.exists('/proc/sys/kernel/perf_event_paranoid'),
    reason='this kernel has no perf_event_open')

# A look at what is set needs no time for packets to come; and only in a long one a
# client repeats its SYN, or a backend has had the time to answer ARP.
BRIEF, LOOK, LONG = '100ms', '1s', '2s'


def findings(host, look=LOOK):
    """What doctor finds on a machine, as {code: finding}."""
    done = host.run('dsrctl', '-j', 'doctor', 'time', look, check=False)
    found = json.loads(done.stdout)
    assert done.returncode == bool(found), done.stderr
    assert not done.stderr
    for one in found:
        assert one['what'] and one['why'] and one['commands']
    codes = [one['code'] for one in found]
    assert len(set(codes)) == len(codes), found
    return {one['code']: one for one in found}


def silent(*hosts, look=LONG):
    """Nothing is found on any of the machines, which all look at the same time."""
    children = [(host, host.start('dsrctl', 'doctor', 'time', look, text=True,
                                  stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE)) for host in hosts]
    for host, child in children:
        out, err = child.communicate(timeout=180)
        host.stop(child)
        assert (child.returncode, out, err) == (0, '', ''), \
            f'{host.name}: {out}{err}'


def mended(host, code, subject, look=LONG):
    """The fault is found, and alone; its commands mend it.

    A fault that shows in packets is found once a packet meets it: on a slow machine
    not in each look.
    """
    found = wait_for(f'{code} is found', lambda: findings(host, look))
    assert set(found) == {code}, found
    assert found[code]['subject'] == subject
    host.changed = True
    for command in found[code]['commands']:
        print(f'{host.name}# {command}')
        host.run('sh', '-c', command)
    silent(host, look=look)


def tracefs():
    """As systemd mounts it."""
    if not os.path.exists('/sys/kernel/tracing/events'):
        run('mount', '-t', 'tracefs', 'tracefs', '/sys/kernel/tracing')


def found_alone(host, code, subject):
    """The fault is found, and alone; the commands are for another machine."""
    found = wait_for(f'{code} is found', lambda: findings(host))
    assert set(found) == {code}, found
    assert found[code]['subject'] == subject
    return [command.split(maxsplit=2) for command in found[code]['commands']]


def chain(host, hook, rules='', policy='accept', priority='filter',
          family='inet'):
    """A chain of a site's firewall; RULES are lines."""
    host.nft(f'''table {family} filter {{ chain {hook} {{
        type filter hook {hook} priority {priority}; policy {policy};
        {rules}
        }}
        }}''')


def by_vip(site, vip, servers):
    site.lv1.configure('\n'.join(
        [f'service add vip {vip} proto tcp port 80 scheduler wlc'] + [
            f'backend add vip {vip} proto tcp port 80 via {server}'
            for server in servers]))
    for host in (site.w101, site.w102):
        host.dsrctl(f'real add vip {vip} proto tcp port 80')


@pytest.fixture
def well(lb):
    """A site that doctor has found well, with clients."""
    for name in ('all', 'eth0', 'eth1'):
        for key in ('rp_filter', 'accept_local'):
            sysctl(lb, 'lv1', f'ipv4/conf/{name}/{key}',
                   lb.lv1.sysctl(f'ipv4/conf/{name}/{key}'))
    with clients(lb):
        wait_for('a client has come through', lambda: lb.lv1.show(
            'stats')['dsr_lb']['reasons']['forwarded'] > 10)
        silent(lb.lv1, look=BRIEF)
        yield lb


@pytest.fixture
def well_udp(site):
    """A service of UDP that doctor has found well, with clients of no other one."""
    key = f'vip {VIP} proto udp port 7'
    site.lv1.configure('\n'.join([f'service add {key}', *(
        f'backend add {key} via {server}' for server in (W101, W102))]))
    for name in ('w101', 'w102'):
        site.net[name].dsrctl(f'real add vip {VIP}')
        site.echo(name)
    with datagrams(site):
        silent(site.lv1, site.w101, look=LOOK)
        yield site
