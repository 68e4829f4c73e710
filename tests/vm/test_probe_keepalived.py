# SPDX-License-Identifier: GPL-2.0
"""The unmodified keepalived checks each real server through the VIP."""

import contextlib
import os
import shutil

import pytest

import genl
from balancer import Balancer
from host import wait_for
from network import VIP, W101, W102
from test_probe import FIRST, Family, serve
from traffic import ask

KEEPALIVED = '''
global_defs {
    enable_script_security
    script_user root
    startup_script "DSRCTL -b HOME/dsr.conf"
}
virtual_server fwmark 1 {
    delay_loop 1
    lb_algo rr
    lb_kind DR
    CHECKS
}
'''


def keepalived(site, servers):
    """Start keepalived on lv1, which checks each server through the VIP."""
    home = f'{site.net.directory}/keepalived'
    os.makedirs(home, exist_ok=True)
    checks = '\n'.join(f'''
        real_server {address} 0 {{
            weight 1
            inhibit_on_failure
            HTTP_GET {{
                url {{
                    path /
                    status_code 200
                }}
                connect_ip {VIP}
                connect_port 80
                fwmark {mark}
                connect_timeout 2
                retry 1
                delay_before_retry 1
            }}
        }}''' for address, mark in servers)
    for name, text in (
            ('dsr.conf', f'service replace fwmark 1 probe-marks {FIRST}\n'),
            ('conf', KEEPALIVED.replace('CHECKS', checks).replace(
                'DSRCTL', shutil.which('dsrctl')).replace('HOME', home))):
        with open(f'{home}/{name}', 'w', encoding='ascii') as file:
            file.write(text)
        os.chmod(f'{home}/{name}', 0o644)
    site.lv1.changed = True
    with open(f'{home}/log', 'wb') as log:
        return site.lv1.start(
            'keepalived', '-f', f'{home}/conf', '-n', '-l', '-D', '--check',
            '-p', f'{home}/pid', '-c', f'{home}/checkers', stdout=log,
            stderr=log)


def test_keepalived(ipvs, reasons):
    """A server that has lost its rule is taken out, and put back later."""
    servers = Family(4).servers
    serve(ipvs)
    lv1 = Balancer(ipvs)
    since = reasons('lv1')
    daemon = keepalived(ipvs, servers.values())

    def weights():
        assert daemon.poll() is None
        with contextlib.suppress(genl.Refused):
            return {address: one['weight']
                    for address, one in lv1.backends().items()}
        return None
    wait_for('both are in', lambda: weights() == {W101: 1, W102: 1})
    asked = {name: ipvs.net.served(name)[1] for name in servers}
    wait_for('each is asked by way of the VIP', lambda: all(
        ipvs.net.served(name)[1] > asked[name] for name in servers))
    assert since['forwarded_probe'] >= 8
    assert lv1.get()['probe_marks'] == FIRST
    assert ipvs.replies(4) == {'w101 nano': 2, 'w102 desu': 2}

    ipvs.w101.dsrctl('real flush')
    # at its own address the server answers
    assert ask(ipvs.connect(W101, host='lv1')).startswith('w101')
    wait_for('w101 is out', lambda: weights() == {W101: 0, W102: 1})
    assert ipvs.replies(4) == {'w102 desu': 4}

    serve(ipvs, 'w101')
    wait_for('w101 is back', lambda: weights() == {W101: 1, W102: 1})
    assert ipvs.replies(4) == {'w101 nano': 2, 'w102 desu': 2}
    assert all(one['src'] != '10.10.31.11' for one in lv1.connections())
