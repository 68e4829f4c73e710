# SPDX-License-Identifier: GPL-2.0
"""The stock keepalived acts the same with ip_vs and with dsr_ipvs."""

import contextlib
import os
import re
import signal

import pytest

import ipvs
from host import Failure, wait_for

pytestmark = pytest.mark.smoke

HOME = '/tmp/dsr/keepalived'
# A server that is down refuses at once. So a check has all the time that a
# busy machine may need: a late check would change the log.
CONFIGURATION = f'''
global_defs {{
    lvs_flush
    lvs_timeouts tcp 900 tcpfin 120 udp 300
    script_user root
}}
virtual_server fwmark 1 {{
    delay_loop 1
    lb_algo rr
    lb_kind DR
    persistence_timeout 50
    quorum 2
    alpha
    retry 1
    delay_before_retry 1
    sorry_server 10.0.0.19 0
    real_server 10.0.0.11 0 {{
        weight 1
        TCP_CHECK {{
            connect_port 80
            connect_timeout 60
        }}
    }}
    real_server 10.0.0.12 0 {{
        weight 2
        inhibit_on_failure
        HTTP_GET {{
            url {{
                path /index.html
                status_code 200
            }}
            connect_port 80
            connect_timeout 60
        }}
    }}
    real_server 10.0.0.13 0 {{
        weight 1
        MISC_CHECK {{
            misc_path "{HOME}/check.sh"
            misc_timeout 60
        }}
    }}
}}
'''
SERVERS = ('10.0.0.11', '10.0.0.12', '10.0.0.13', '10.0.0.19')
START = ['10.0.0.12:0 0', '10.0.0.19:0 1']
ALL_UP = ['10.0.0.11:0 1', '10.0.0.12:0 2', '10.0.0.13:0 1']
ONE_DOWN = ['10.0.0.11:0 1', '10.0.0.12:0 0', '10.0.0.13:0 1']


class Keepalived:
    """The checker on lv1, its servers on w101, and its log."""

    def __init__(self, site):
        self.site = site
        self.lv1 = site.lv1
        self.child = None
        os.makedirs(HOME, exist_ok=True)
        with open(f'{HOME}/conf', 'w', encoding='ascii') as file:
            file.write(CONFIGURATION)
        with open(f'{HOME}/check.sh', 'w', encoding='ascii') as file:
            file.write(f'#!/bin/sh\n[ -e {HOME}/up ]\n')
        os.chmod(f'{HOME}/check.sh', 0o755)
        self.reach()

    def reach(self, *servers):
        """Only these servers answer from now on."""
        refused = ', '.join(one for one in SERVERS if one not in servers)
        self.site.w101.nft(f'''
            table ip checks
            delete table ip checks
            table ip checks {{
                chain input {{
                    type filter hook input priority 0;
                    ip daddr {{ {refused} }} tcp dport 80 reject with tcp reset
                }}
            }}''')
        if '10.0.0.13' in servers:
            with open(f'{HOME}/up', 'w', encoding='ascii'):
                pass
        else:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f'{HOME}/up')

    def start(self):
        with open(f'{HOME}/log', 'wb') as log:
            self.child = self.lv1.start(
                'keepalived', '--dont-fork', '--log-console', '--log-detail',
                '--check', '-f', f'{HOME}/conf', '-p', f'{HOME}/pid',
                '-c', f'{HOME}/checkers_pid', stdout=log, stderr=log)

    def log(self):
        with open(f'{HOME}/log', encoding='utf-8', errors='replace') as file:
            return file.read()

    def servers(self):
        """'10.0.0.11:0 1' for each destination and its weight."""
        return re.findall(r'-> (10\.\S+) +Route +(\d+)',
                          self.lv1.run('ipvsadm', '-Ln').stdout)

    def wait(self, servers):
        """Wait until the table is this."""
        try:
            wait_for(f'{servers} in the table', lambda: [
                ' '.join(one) for one in self.servers()] == servers, 60, 0.1)
        except Failure as failure:
            raise Failure(f'{failure}: there are {self.servers()}; it said\n'
                          f'{self.log()}') from None
        return ipvs.normal(self.lv1.run('ipvsadm', '-Ln').stdout)

    def reload(self):
        """Make keepalived look up the family's new number.

        keepalived 2.2 does so when it is reloaded. 2.3 still uses the old
        number, gets no answer, and exits: so it is started again.
        """
        self.child.send_signal(signal.SIGHUP)
        wait_for('the end of it, or a new beginning', lambda: re.search(
            'Stopped Keepalived|Initializing ipvs.*Reload.*'
            'Activating healthchecker', self.log(), re.DOTALL), 60, 0.1)
        if 'Stopped Keepalived' in self.log():
            self.child.wait(60)
            self.lv1.stop(self.child)
            self.start()

    def stop(self):
        self.child.send_signal(signal.SIGTERM)
        self.child.wait(60)
        self.lv1.stop(self.child)


@pytest.fixture
def keepalived(site):
    site.lv1.ip('addr add 10.0.0.1/24 dev eth1')
    site.w101.ip('\n'.join(f'addr add {one}/24 dev eth0' for one in SERVERS))
    index = f'{site.net.directory}/w101/www/index.html'
    with open(index, 'w', encoding='ascii') as file:
        file.write('up\n')

    def undo():
        site.lv1.ip('addr del 10.0.0.1/24 dev eth1')
        site.w101.ip('\n'.join(f'addr del {one}/24 dev eth0'
                               for one in reversed(SERVERS)))
        os.unlink(index)
    site.undo.append(undo)
    return Keepalived(site)


def story(keepalived):
    """Run keepalived from start to end: the tables that result."""
    tables = []
    keepalived.reach()
    keepalived.start()
    tables.append(keepalived.wait(START))
    keepalived.reach('10.0.0.11', '10.0.0.12', '10.0.0.13')
    tables.append(keepalived.wait(ALL_UP))
    keepalived.reach('10.0.0.11', '10.0.0.13')
    tables.append(keepalived.wait(ONE_DOWN))
    keepalived.reach('10.0.0.11')
    tables.append(keepalived.wait(START))
    keepalived.reach('10.0.0.11', '10.0.0.12', '10.0.0.13')
    tables.append(keepalived.wait(ALL_UP))
    keepalived.stop()
    tables.append(ipvs.normal(keepalived.lv1.run('ipvsadm', '-Ln').stdout))
    tables.append(keepalived.lv1.run('ipvsadm', '-L', '--timeout').stdout)
    return tables


def words(log):
    """Its messages about IPVS and quorums, without dates, times and sums.

    If two servers come up, either may be first. An error of a check, which names
    its server, is no matter of IPVS: the check may have begun before the server
    went down, and then has another error, or one more.
    """
    lines = re.findall(r'^\S+ \S+ +\d+ [\d:]+ \d+: (.*)$', log, re.MULTILINE)
    return [re.sub(r'[<>]=? \d', '<> N', line) for line in lines
            if re.search('IPVS|ipvs|quorum|ermission', line) or
            re.search('[Ee]rror', line) and not re.search(r'10\.0\.0\.', line)]


def test_the_same(keepalived):
    tables, said = [], []
    for kind in ipvs.peers():
        with ipvs.loaded(kind, keepalived.site):
            tables.append(story(keepalived))
            said.append(words(keepalived.log()))
        assert 'IPVS cmd' not in keepalived.log()
        assert 'IPVS: ' not in keepalived.log()
    for real, ours in zip(*tables, strict=True):
        assert ours == real
    assert said[0] == said[1]
    assert [line.split()[0] for line in said[1] if 'quorum' in line] == [
        'Starting', 'Gained', 'Lost', 'Gained'], said[1]


def test_reload(keepalived):
    """dsr_ipvs is unloaded and loaded again while keepalived runs."""
    site = keepalived.site
    with ipvs.loaded(ipvs.Ours, site):
        keepalived.reach('10.0.0.11', '10.0.0.12', '10.0.0.13')
        keepalived.start()
        keepalived.wait(ALL_UP)
        before = site.services()
        site.net.unload('dsr_ipvs')
        assert site.services() == before
        # keepalived finds that a server is down, without an answer from the
        # kernel
        keepalived.reach('10.0.0.11', '10.0.0.13')
        wait_for('a change that cannot be made', lambda: re.search(
            r'IPVS( cmd|:).*', keepalived.log()), 60)
        assert site.services() == before
        site.net.load('dsr_ipvs')
        assert site.services() == before
        keepalived.reload()
        keepalived.reach('10.0.0.11')
        keepalived.wait(START)
        keepalived.reach('10.0.0.11', '10.0.0.12', '10.0.0.13')
        keepalived.wait(ALL_UP)
        keepalived.stop()
        assert site.services() == []
