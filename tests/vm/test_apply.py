# SPDX-License-Identifier: GPL-2.0
"""The configuration file: apply and save, with packets, and at boot."""

import os
import subprocess

import pytest

from network import VIP, W101, W102
from traffic import ask, exchange

LATE = '10.10.40.102'           # w102, at a device that comes late
UNIT = '../../share/systemd/dsr.service'

TWO = f"""\
services:
  - fwmark: 1
    backends: [{W101}, {W102}]
paths: []
...
"""
OTHER = f"""\
services:
  - fwmark: 1
    scheduler: wlc
    path: direct
    timeout-udp: 5m
    backends:
      - {{via: {W101}, weight: 5}}
      - {{via: {W102}, weight: 9}}
  - fwmark: 2
    backends: [{W101}]
paths: [eth0]
...
"""
FEW = f"""\
services:
  - fwmark: 1
    backends: [{W101}, {W102}]
...
"""
ALL = f"""\
services:
  - fwmark: 1/0xff
    scheduler: maglev
    hash: source
    table-size: 251
    path: direct
    tos: 0x20
    ping: ignore
    one-packet: "on"
    on-down: reset
    on-unreachable: skip
    chances: 2
    persist: 50s/24
    probe-marks: 4096
    timeout-syn: 5s
    timeout-established: 6s
    timeout-fin: 7s
    timeout-closed: 8s
    timeout-udp: 9s
    backends:
      - {{via: {W101}, weight: 5, upper: 9, lower: 3}}
      - {{via: {W102}, down: yes}}
...
"""
LATER = f"""\
services:
  - fwmark: 1
    backends: [{W101}, {LATE}]
paths: [late0]
...
"""


@pytest.fixture
def write(tmp_path):
    """Write a configuration file, and return its name."""
    def call(name, text):
        path = tmp_path / f'{name}.yaml'
        path.write_text(text)
        return str(path)
    return call


def apply(host, *words, check=True):
    host.changed = True
    return host.run('dsrctl', 'apply', *words, check=check)


def start(name):
    """The command that the unit runs, for another file, as words."""
    directory = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(directory, UNIT), encoding='ascii') as file:
        line = next(line for line in file if line.startswith('ExecStart='))
    words = line.partition('=')[2].split()
    assert words[-1] == '/etc/dsr/dsr.yaml'
    return ['dsrctl', *words[1:-1], name]


def connect_late(site):
    """Connect lv1 and w102 by a device of their own."""
    site.undo.append(lambda: cut_late(site))
    site.lv1.ip('link add late0 type veth peer name late0 netns w102')
    site.w102.sysctl('ipv4/conf/late0/rp_filter', 0)
    site.w102.ip(f'''addr add {LATE}/24 dev late0
                     link set late0 up''')
    site.lv1.ip('''addr add 10.10.40.11/24 dev late0
                   link set late0 up''')


def cut_late(site):
    if 'late0' in site.net.devices('lv1'):
        site.lv1.ip('link del late0')


def test_round_trip(lb, write):
    """What save prints changes nothing; dry-run changes nothing either."""
    before = lb.lv1.run('dsrctl', 'save').stdout
    assert apply(lb.lv1, write('saved', before)).stdout == 'changed 0\n'
    path = write('other', OTHER)
    would = apply(lb.lv1, '--dry-run', path).stdout
    assert lb.lv1.run('dsrctl', 'save').stdout == before
    done = apply(lb.lv1, path).stdout
    assert would == done.replace('\nchanged ', '\nwould change ')
    assert done.splitlines()[-1] == 'changed 6', done
    assert apply(lb.lv1, path).stdout == 'changed 0\n'
    after = lb.lv1.run('dsrctl', 'save').stdout
    assert apply(lb.lv1, write('saved', after)).stdout == 'changed 0\n'


def test_every_option(site, write):
    """From no option to each of them and back; a backend that drains stays so."""
    files = [write('few', FEW), write('all', ALL)]
    for path in (*files, *files, files[0]):
        apply(site.lv1, path)
        assert apply(site.lv1, path).stdout == 'changed 0\n'
        saved = write('saved', site.lv1.run('dsrctl', 'save').stdout)
        assert apply(site.lv1, saved).stdout == 'changed 0\n'
    site.lv1.dsrctl(f'backend drain fwmark 1 via {W101}')
    saved = write('drains', site.lv1.run('dsrctl', 'save').stdout)
    assert apply(site.lv1, saved).stdout == 'changed 0\n'
    site.lv1.dsrctl('service flush')
    apply(site.lv1, saved)
    assert site.backends()[W101]['admin'] == 'draining'


def test_bad_file(lb, write):
    """A mistake anywhere in the file leaves everything as it was."""
    before = lb.lv1.run('dsrctl', 'save').stdout
    for name, text, message in (
            ('weight', OTHER.replace('weight: 9', 'weight: many'),
             ":8:37: weight 'many' is not a number"),
            ('device', OTHER.replace('[eth0]', '[eth0, eth9]'),
             ":11:15: there is no device 'eth9'"),
            ('cut', OTHER[:-4], ': the file does not end with a line')):
        for words in ([], ['wait', '30s'])[:1 if name == 'device' else 2]:
            done = apply(lb.lv1, *words, write(name, text), check=False)
            assert done.returncode == 1 and not done.stdout, done
            assert message in done.stderr, done
    assert lb.lv1.run('dsrctl', 'save').stdout == before
    assert sum(lb.replies(4).values()) == 4


def test_traffic(lb, write):
    """Known connections lose no packet while files are applied."""
    files = write('two', TWO), write('other', OTHER)
    for name in ('w101', 'w102'):
        lb.echo(name)
    flows = [lb.udp() for _ in range(2)]
    tcp = {lb.connect_to(name): f'{name} {what}' for name, what in (
        ('w101', 'nano'), ('w102', 'desu'))}
    for flow in flows:
        exchange(flow, [b'first'] * 20)
    for swap in range(4):
        lb.lv1.changed = True
        child = lb.lv1.start('dsrctl', 'apply', files[~swap & 1],
                             stdout=subprocess.PIPE)
        ended = False
        while not ended:
            ended = child.poll() is not None    # and once more after the end
            for flow in flows:
                exchange(flow, [b'more'] * 20)
            for sock, answer in tcp.items():
                assert ask(sock) == answer
        said = child.stdout.read().decode()
        assert child.returncode == 0, said
        # a service goes with its backend
        assert said.endswith(f'\nchanged {5 if swap & 1 else 6}\n'), said


def test_exchange(site, write):
    """All servers of a service with a connection give way to others."""
    site.balance(backends=('w101',))
    sock = site.connect()
    assert ask(sock) == 'w101 nano'
    path = write('w102', TWO.replace(f'{W101}, ', ''))
    assert apply(site.lv1, path).stdout.splitlines() == [
        f'+ backend fwmark 1 via {W102} weight 1',
        f'- backend fwmark 1 via {W101}', 'changed 2']
    assert site.replies(2) == {'w102 desu': 2}


def test_boot(site, write):
    """The command of the unit serves all, on balancer and real servers."""
    for name in ('w101', 'w102'):
        site.net[name].changed = True
        site.net[name].run(*start(write(
            name, f'rules: [{{vip: {VIP}}}]\n...\n')))
    site.lv1.changed = True
    done = site.lv1.run(*start(write('lv1', OTHER)))
    assert done.stdout.endswith('changed 6\n') and not done.stderr
    assert set(site.replies(10)) == {'w101 nano', 'w102 desu'}


def test_late_device(site, write):
    """A backend and a path wait for their device, the rest is served."""
    site.balance(backends=())
    site.lv1.changed = True
    child = site.lv1.start('dsrctl', 'apply', 'wait', '5m',
                           write('later', LATER), stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE)
    noted = [child.stderr.readline() for _ in range(2)]
    assert [line.split(b'later.yaml:')[1] for line in noted] == [
        f'3:30: backend fwmark 1 via {LATE} waits up to 5m for a route\n'.encode(),
        b'4:9: path dev late0 waits up to 5m for the device\n']
    assert set(site.backends()) == {W101}
    assert site.replies(4) == {'w101 nano': 4}
    assert child.poll() is None
    connect_late(site)
    said, more = child.communicate(timeout=60)
    assert child.returncode == 0 and not more, more
    assert said.decode().splitlines() == [
        f'+ backend fwmark 1 via {W101} weight 1',
        f'+ backend fwmark 1 via {LATE} weight 1', '+ path dev late0',
        'changed 3']
    assert site.undisturbed(lambda: site.replies(4)) == {
        'w101 nano': 2, 'w102 desu': 2}
    assert [one['dev'] for one in site.lv1.show('path show')] == ['late0']
    assert apply(site.lv1, write('later', LATER)).stdout == 'changed 0\n'


def test_no_device(site, write):
    """The wait ends; what is missing is told, and made by a later apply."""
    site.balance(backends=('w102',))
    path = write('later', LATER.replace(f'{W101}, ', ''))
    done = apply(site.lv1, 'wait', '500ms', path, check=False)
    assert done.returncode == 2, done
    assert done.stdout == 'changed 0 of 3\n'
    told = [line.split('later.yaml:')[1] for line in
            done.stderr.splitlines() if 'later.yaml:' in line]
    assert len(told) == 4, done.stderr
    assert told[2].startswith('3:16: no route to the backend: ')
    assert told[3] == "4:9: path add: there is no device 'late0'"
    # it is not replaced before its successor is there
    assert site.replies(2) == {'w102 desu': 2}
    connect_late(site)
    assert apply(site.lv1, path).stdout.splitlines() == [
        f'+ backend fwmark 1 via {LATE} weight 1',
        f'- backend fwmark 1 via {W102}', '+ path dev late0', 'changed 3']
    assert site.replies(2) == {'w102 desu': 2}
