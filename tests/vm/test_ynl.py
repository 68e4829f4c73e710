# SPDX-License-Identifier: GPL-2.0
"""The kernel's own tool, ynl, uses the families by their specs.

Only trixie's root has this tool: see scripts/root.sh, and collect_ignore in
conftest.py.
"""

import json
import socket

import pytest

from balancer import NAMES
import spec
from network import VIP, W101
from traffic import ask

pytestmark = pytest.mark.smoke

YNL = '/usr/local/lib/linux/tools/net/ynl/cli.py'
PROTOCOLS = {number: name for name, number in NAMES['proto'].items()}


def ynl(host, family, *words, check=True):
    """Run the tool. "make check" checks the specs against its schema."""
    done = host.run('python3', '-B', YNL, '--output-json', '--no-schema',
                    '--spec', spec.path(family), *words, check=check)
    return json.loads(done.stdout) if check else done.stdout


def as_dsrctl(one):
    """A service from the tool, in the format of "dsrctl -j service show"."""
    inet6 = one['family'] == socket.AF_INET6 if 'fwmark' in one else (
        ':' in one['vip'])
    persist = one['persist'] or None
    mask = one['tos-mask'] or None
    return {
        **{name.replace('-', '_'): one.get(name) for name in (
            'fwmark', 'vip', 'port', 'fwmark-mask', 'scheduler', 'hash',
            'table-size', 'choices', 'path', 'ping', 'on-down', 'on-unreachable',
            'probe-marks')},
        'family': 'inet6' if inet6 else 'inet',
        'proto': PROTOCOLS.get(one.get('proto')),
        'port_last': one.get('port-last'),
        'tos': mask and one['tos'], 'tos_mask': mask,
        'one_packet': bool(one['one-packet']),
        'chances': one['chances'] or None,
        'persist': persist,
        'persist_prefix': persist and one['persist-prefix'],
        'timeouts': {name: value or None
                     for name, value in one['timeouts'].items()},
        'backend_count': one['backends'], **one['stats']}


def test_services(site):
    """ynl and dsrctl list the same services."""
    site.balance('scheduler maglev persist 50s tos 0x20 timeout-udp 7s')
    site.lv1.configure('''
        service add vip 10.10.31.110 proto tcp port 8000-8100 path direct
        service add vip 2001:db8:31::100 proto udp port 53 one-packet on
        service add fwmark 0x200/0xff00 probe-marks 4096 on-down reset''')
    assert ask(site.connect())
    listed = [one['service'] for one in ynl(site.lv1, 'dsr', '--dump',
                                            'service-get')]
    print(json.dumps(listed, indent=1))
    assert [as_dsrctl(one) for one in listed] == site.lv1.show('service')
    assert listed[0]['stats']['packets']


def test_change_and_refusal(site):
    """ynl adds a service; for a refused request it prints the sentence."""
    request = json.dumps({'service': {
        'fwmark': 7, 'scheduler': 'sh', 'path': 'direct',
        'timeouts': {'syn': 5000}}})
    site.lv1.changed = True
    said = ynl(site.lv1, 'dsr', '--multi', 'service-add', request,
               '--multi', 'service-add', request, check=False)
    one, = site.lv1.show('service')
    assert (one['fwmark'], one['scheduler'], one['path'],
            one['timeouts']['syn']) == (7, 'sh', 'direct', 5000)
    assert 'this service exists: change it with' in said


def test_rules(site):
    """The other family, with its own spec."""
    site.w101.configure(f'''
        real add vip {VIP} proto tcp port 80 to {W101}:8080
        real add tos 0x20/0xfc from 02:00:00:00:00:01 clear''')
    vip, tos = (one['rule'] for one in ynl(site.w101, 'dsr_rs', '--dump',
                                           'rule-get'))
    assert (vip['vip'], vip['proto'], vip['port'], vip['to'], vip['to-port'],
            vip['mode']) == (VIP, 6, 80, W101, 8080, 'redirect')
    assert (tos['tos'], tos['tos-mask'], tos['from'], tos['clear']) == (
        0x20, 0xfc, ['020000000001'], 1)
