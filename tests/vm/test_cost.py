# SPDX-License-Identifier: GPL-2.0
"""The cost of services, also beside other users of the machine.

Complaints about other balancers that these tests answer:

  6  many services cost time although they are idle: test_idle
  7  namespaces are slow to make and delete: test_namespaces
 13  connection tracking on the balancer: test_conntrack
"""

import os
import re
import time

import pytest

import genl
from host import Host, run, wait_for
from network import VIP, W101
from traffic import SCALE, ask

TRACING = '/sys/kernel/tracing'


def trace(file, text=None):
    with open(f'{TRACING}/{file}', 'r' if text is None else 'w',
              encoding='ascii') as control:
        return control.read() if text is None else control.write(text)


# complaint 6
def test_idle(site):
    """1,000 unused services cost one garbage collection a second and nothing
    else."""
    if not os.path.exists(f'{TRACING}/events/workqueue'):
        pytest.skip('this kernel cannot trace work items')
    site.lv1.configure('\n'.join(
        f'service add fwmark {mark}\nbackend add fwmark {mark} via {W101}'
        for mark in range(1, 1001 // SCALE)))
    seconds = 3
    try:
        for event in ('workqueue/workqueue_execute_start',
                      'timer/timer_expire_entry', 'timer/hrtimer_expire_entry'):
            trace(f'events/{event}/enable', '1')
        trace('trace', '')
        began = time.monotonic()
        time.sleep(seconds)
        lines = [line for line in trace('trace').splitlines()
                 if not line.startswith('#')]
        took = time.monotonic() - began
    finally:
        trace('events/enable', '0')
        trace('trace', '')
    assert lines, 'nothing was traced'
    work = [line for line in lines if 'workqueue_execute_start' in line and
            '[dsr_lb]' in line]
    assert all('dsr_gc_work' in line for line in work), work
    # one a second for this machine's table
    assert len(work) <= took + 2, f'{len(work)} in {took:.1f} s'
    timers = [line for line in lines if 'timer_expire' in line and
              'dsr' in line]
    assert not timers


def make_and_delete(site, number):
    """Create and delete namespaces with a service each: the time of one."""
    names = [f'many{n}' for n in range(number)]
    began = time.monotonic()
    run('ip', '-batch', '-', stdin=''.join(
        f'netns add {name}\n' for name in names))
    for name in names:
        with Host(name).at(), genl.Genl() as sock:
            sock.ask(genl.SERVICE_ADD, genl.service(1))
    made = time.monotonic()
    # The kernel deletes a namespace later: its wires show when.
    wires = [names[0], names[-1]]
    run('ip', '-batch', '-', stdin=''.join(
        f'link add name eth0 netns {name} type veth peer name {name} '
        'netns front\n' for name in wires))
    start = time.monotonic()
    run('ip', '-batch', '-', stdin=''.join(
        f'netns del {name}\n' for name in names), timeout=200)
    wait_for('they are gone', lambda: not set(wires) & set(
        site.net.devices('front')), 100)
    return (made - began) / number, (time.monotonic() - start) / number


# complaint 7
def test_namespaces(site):
    """The cost of a namespace does not depend on their number."""
    few, many = 50 // min(SCALE, 5), 300 // SCALE
    make_and_delete(site, 5)                    # all modules are loaded
    for _ in range(6):          # a busy host makes some of them slow once
        first, last = make_and_delete(site, few), make_and_delete(site, many)
        print(f'{few}: {first[0] * 1000:.1f} + {first[1] * 1000:.1f} ms each, '
              f'{many}: {last[0] * 1000:.1f} + {last[1] * 1000:.1f} ms each')
        if all(after < 2 * before + 0.02
               for before, after in zip(first, last)):
            return
    pytest.fail('many cost more than a few, each of them')


WAITS = ('synchronize_rcu', 'synchronize_rcu_expedited', 'synchronize_net',
         'rcu_barrier')


def modules():
    """The address ranges of the modules in the kernel: [(from, to)]"""
    found = []
    with open('/proc/modules', encoding='ascii') as file:
        for line in file:
            name, size, *_, start = line.split()[:6]
            if name.startswith('dsr_'):
                found.append((int(start, 16), int(start, 16) + int(size)))
    return found


def waits_of_the_end(site, names):
    """The places where the modules wait for a grace period at a namespace's
    end."""
    trace('kprobe_events', ''.join(f'p:dsr/{wait} {wait}\n'
                                   for wait in WAITS))
    try:
        trace('options/stacktrace', '1')
        trace('options/sym-addr', '1')
        trace('events/dsr/enable', '1')
        trace('trace', '')
        run('ip', '-batch', '-', stdin=''.join(
            f'link add name eth0 netns {name} type veth peer name {name} '
            f'netns front\nnetns del {name}\n' for name in names))
        wait_for('they are gone', lambda: not set(names) & set(
            site.net.devices('front')), 100)
        trace('events/dsr/enable', '0')
        text = trace('trace')
    finally:
        trace('events/dsr/enable', '0')
        trace('options/stacktrace', '0')
        trace('options/sym-addr', '0')
        trace('kprobe_events', '')
        trace('trace', '')
    assert '<stack trace>' in text, 'the kernel itself waits'
    return [found[0] for found in re.finditer(r'=> .* <([0-9a-f]+)>', text)
            if any(start <= int(found[1], 16) < end
                   for start, end in modules())]


@pytest.mark.stock
def test_end_of_unused_namespaces(ipvs):
    """The end of a namespace without any of our objects waits for no packets.
    """
    names = [f'unused{n}' for n in range(5)]
    run('ip', '-batch', '-', stdin=''.join(
        f'netns add {name}\n' for name in [*names, 'used']))
    with Host('used').at(), genl.Genl() as sock:
        sock.ask(genl.SERVICE_ADD, genl.service(1))
    assert not waits_of_the_end(ipvs, names)
    assert waits_of_the_end(ipvs, ['used'])


CONNTRACK = {
    'absent': '',
    'present': 'ct state new,established,related,invalid,untracked counter',
    'drops invalid': 'ct state invalid drop',
}


# complaint 13
@pytest.mark.parametrize('path', ['stack', 'direct'])
@pytest.mark.parametrize('how', CONNTRACK)
def test_conntrack(site, how, path):
    """conntrack sees half of each conversation, which must be good enough.

    With path direct it sees no request, and takes replies that pass this
    machine for invalid: rules that drop these must exempt them from tracking.
    """
    if how != 'absent':
        run('modprobe', 'nf_conntrack')
        site.lv1.nft(f'''
            table ip track {{
                chain prerouting {{
                    type filter hook prerouting priority filter;
                    {CONNTRACK[how]}
                }}
                chain forward {{
                    type filter hook forward priority filter;
                    {CONNTRACK[how]}
                }}
            }}
        ''')
    if how == 'drops invalid' and path == 'direct':
        site.lv1.nft('add chain ip track raw { type filter hook prerouting '
                     'priority raw; }\n'
                     f'add rule ip track raw ip saddr {VIP} notrack')
    site.balance(f'path {path}')
    assert site.replies(10) == {'w101 nano': 5, 'w102 desu': 5}
    sock = site.connect()
    home = ask(sock)
    for _ in range(3):
        assert ask(sock) == home
    site.echo('w101')
    site.echo('w102')
    udp = site.udp()
    for _ in range(4):
        udp.send(b'hello')
        assert udp.recv(100) == b'hello'


# complaint 13
def test_conntrack_full(site):
    """A full table of conntrack does not disturb traffic that needs no
    conntrack."""
    run('modprobe', 'nf_conntrack')
    site.lv1.nft('''
        table ip track {
            chain raw {
                type filter hook prerouting priority raw;
                ip daddr 10.10.31.100 notrack
                ip saddr 10.10.31.100 notrack
            }
            chain forward {
                type filter hook forward priority filter;
                ct state invalid drop
            }
        }
    ''')
    site.balance()
    with open('/proc/sys/net/netfilter/nf_conntrack_max', encoding='ascii') as f:
        old = f.read()

    def set_max(value):
        with open('/proc/sys/net/netfilter/nf_conntrack_max', 'w',
                  encoding='ascii') as file:
            file.write(str(value))
    site.undo.append(lambda: set_max(old))
    set_max(1)
    assert site.replies(10) == {'w101 nano': 5, 'w102 desu': 5}
