# SPDX-License-Identifier: GPL-2.0
"""dsrctl takes over from the kernel's own ip_vs, under traffic.

The real servers stay as they are. The stock kernels have all that lets packets
wait meanwhile: ifb, sch_plug, cls_u32.
"""

import json
import re

import pytest

from host import wait_for
from ipvs import modules
from network import VIP, W101, W102, run
from talk import Talk
from traffic import ADDRESS, BIG_MIB, ask

NUMBER = 200
FEW = 20
# ip_vs takes only what the machine itself would get
LOCAL = '''
    rule add fwmark 1 lookup 100
    route add local default dev lo table 100
'''
NOT_LOCAL = '''
    rule del fwmark 1 lookup 100
    route flush table 100
'''

# behind ip_vs, which lets what it does not know pass
RESET = f'''
    table ip back {{
        chain input {{
            type filter hook input priority 110;
            ip daddr {VIP} meta l4proto tcp reject with tcp reset
        }}
    }}
'''


@pytest.fixture
def director(site):
    """lv1 balances by ip_vs; at the end ip_vs is gone."""
    site.lv1.ip(LOCAL)
    site.undo.append(lambda: site.lv1.ip(NOT_LOCAL))
    run('modprobe', 'ip_vs')
    for name in ADDRESS:
        site.net[name].dsrctl(f'real add vip {VIP}')
    yield site
    left = [name for name in modules() if name.startswith('ip_vs')]
    if left:
        site.lv1.run('ipvsadm', '-C')
        run('modprobe', '-r', *left)


def ipvsadm(site, *lines):
    site.lv1.run('ipvsadm', '-R', stdin='\n'.join(lines) + '\n')


@pytest.mark.stock
def test_takeover(director, capsys):
    """Busy connections, and new ones: none is lost."""
    site = director
    ipvsadm(site, '-A -f 1 -s rr', f'-a -f 1 -r {W101} -g',
            f'-a -f 1 -r {W102} -g')
    with Talk(site.client, VIP, NUMBER, site.net.big_file(BIG_MIB)) as talk:
        assert not talk.settle(1)['lost']
        done = site.lv1.dsrctl('import ipvs --check')
        assert done.stdout == (f'1 services, 2 destinations, {NUMBER} '
                               'connections; 0 refused\n')
        assert site.services() == []
        talk.mark()
        done = site.lv1.dsrctl('import ipvs')
        match = re.fullmatch(
            rf'1 services, 2 backends, {NUMBER} connections taken over in '
            r'(\d+) ms, 0 not; ip_vs unloaded\n', done.stdout)
        assert match, done
        state = talk.settle_after()
        with capsys.disabled():
            print(f'\n  {NUMBER} connections in {match[1]} ms; nothing came '
                  f'for {state["silence"]:.1f} s', end='', flush=True)
        assert not state['lost'], state
        active = [one['active'] for one in site.backends().values()]
        assert sum(active) == NUMBER and min(active) == NUMBER // 2
    assert 'ip_vs' not in modules()
    # nothing waits any more, and nothing is left behind
    assert 'dsr-hold' not in site.net.devices('lv1')
    assert sum(site.replies(4).values()) == 4


@pytest.mark.stock
def test_persistence(director):
    """A client comes back to its server."""
    site = director
    ipvsadm(site, '-A -f 1 -s mh -b mh-port -p 50 -M 255.255.255.0',
            f'-a -f 1 -r {W101} -g', f'-a -f 1 -r {W102} -g')
    server = ask(site.connect())
    done = site.lv1.dsrctl('-j import ipvs')
    told = json.loads(done.stdout)
    assert (told['connections'], told['refused'], told['unloaded']) == (
        2, 0, True)
    assert {ask(site.connect()) for _ in range(3)} == {server}
    service, = site.services()
    assert (service['persist'], service['persist_prefix']) == (50000, 24)
    assert (service['scheduler'], service['hash']) == ('maglev', 'source-port')


@pytest.mark.stock
def test_back(director):
    """And back to ip_vs: open connections are reset, new ones are not refused."""
    site = director
    ipvsadm(site, '-A -f 1 -s wrr -p 50', f'-a -f 1 -r {W101} -g',
            f'-a -f 1 -r {W102} -g -w 3')
    site.lv1.dsrctl('import ipvs')
    # it was dsr_lb's for a while, and dsrctl has changed it
    site.lv1.configure('service set fwmark 1 persist off scheduler rr')
    site.net.load('dsr_ipvs')
    rules = site.lv1.run('ipvsadm', '-Sn').stdout
    assert sorted(rules.splitlines()) == sorted([
        '-A -f 1 -s rr', f'-a -f 1 -r {W101}:0 -g -w 1',
        f'-a -f 1 -r {W102}:0 -g -w 3'])
    site.net.unload('dsr_ipvs')
    run('modprobe', 'ip_vs')
    ipvsadm(site, *rules.splitlines())
    with Talk(site.client, VIP, FEW, site.net.big_file(BIG_MIB)) as talk:
        # both have the service: dsr_lb takes the packets
        assert not talk.settle(1)['lost']
        site.lv1.nft(RESET)
        site.undo.append(lambda: site.lv1.nft('delete table ip back'))
        done = site.lv1.dsrctl('service stop force')
        assert done.stdout == (
            f'this network namespace: 1 service, {FEW} live connections lost\n')
        assert len(site.replies(4)) == 2
        # ip_vs of 6.1 sums its counters every two seconds
        wait_for('ip_vs has not 4 connections', lambda: counted(site) == 4)
        wait_for('some connections are not reset',
                 lambda: talk.state()['lost'] == FEW)
        assert set(talk.state()['how']) == {'Connection reset by peer'}
    assert 'dsr_lb' not in modules()
    assert sorted(site.lv1.run('ipvsadm', '-Sn').stdout.splitlines()) == sorted(
        rules.splitlines())


def counted(site):
    """The connections of ip_vs since its service was added."""
    line = next(line for line in site.lv1.run(
        'ipvsadm', '-Ln', '--stats', '--exact').stdout.splitlines()
        if line.startswith('FWM'))
    return int(line.split()[2])


@pytest.mark.stock
def test_refused(director):
    """What dsr_lb cannot do is named, line by line; ip_vs stays."""
    site = director
    lines = ('-A -f 1 -s lblc', f'-a -f 1 -r {W101} -g -w 3',
             '-A -t 10.10.31.120:80 -s rr', f'-a -t 10.10.31.120:80 -r {W101}:80 -m',
             f'-a -t 10.10.31.120:80 -r {W102}:80 -g')
    ipvsadm(site, *lines)
    done = site.lv1.dsrctl('import ipvs --check', check=False)
    assert done.returncode == 2
    assert sorted(done.stdout.splitlines()) == sorted([
        '-A -f 1 -s lblc',
        '    changed: dsr_lb uses wlc instead; for caches, dh keeps each '
        'address at one server',
        f'-a -t 10.10.31.120:80 -r {W101}:80 -m -w 1',
        '    refused: NAT changes addresses, which dsr_lb does not: use '
        'direct routing (-g), with dsr_rs on the real server',
        '2 services, 3 destinations, 0 connections; 1 refused'])
    done = site.lv1.dsrctl('import ipvs', check=False)
    assert done.returncode == 2 and 'would refuse 1 lines' in done.stderr
    assert site.services() == []
    # a failure half way: dsr_lb has one of the services
    site.lv1.configure('service add vip 10.10.31.120 proto tcp port 80')
    table = site.lv1.show('stats')['dsr_lb']['table']
    site.lv1.run('ipvsadm', '--set', '700', '70', '77')
    site.undo.append(lambda: site.lv1.dsrctl(
        'connection set timeout-established default timeout-fin default '
        'timeout-udp default'))
    done = site.lv1.dsrctl('import ipvs force', check=False)
    assert done.returncode == 2 and 'ip_vs balances as before' in done.stderr
    assert [one['vip'] for one in site.services()] == ['10.10.31.120']
    assert site.lv1.show('stats')['dsr_lb']['table']['timeouts'] == \
        table['timeouts']
    assert 'FWM  1 lblc' in site.lv1.run('ipvsadm', '-Ln').stdout
    assert 'dsr-hold' not in site.net.devices('lv1')
    site.lv1.dsrctl('service flush')
    done = site.lv1.dsrctl('import ipvs force')
    assert done.stdout.startswith('2 services, 2 backends, 0 connections taken')
    assert 'ip_vs unloaded' in done.stdout
    assert {one['scheduler'] for one in site.services()} == {'wlc', 'rr'}
