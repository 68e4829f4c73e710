# SPDX-License-Identifier: GPL-2.0
"""dsrctl real explain: its prediction, and what becomes of such a packet."""

import socket

import pytest

from host import wait_for
from network import CLIENT, CLIENT6, VIP, VIP6, W101, W1016
from test_layout import change, sysctl
from traffic import ask

ROUTER = '10.10.30.10'


def explain(site, words='', port=80, src=CLIENT, dst=VIP):
    ends = [f'[{one}]' if ':' in one else one for one in (src, dst)]
    return site.w101.show(f'real explain {ends[0]}:4000 {ends[1]}:{port} '
                          f'{words}')


def refuses(site, port):
    """Tell if a client of the VIP is refused."""
    sock = site.net['client'].socket(socket.AF_INET, socket.SOCK_STREAM)
    site.sockets.append(sock)
    sock.settimeout(60)
    try:
        sock.connect((VIP, port))
    except ConnectionRefusedError:
        return True
    return False


@pytest.fixture
def one(site):
    """One real server, so that the destination of packets is known."""
    site.balance(backends=('w101',))
    return site


def test_delivered(one):
    # A new route, without the MTU that an earlier test has found.
    one.undo.append(lambda: one.w101.ip(f'route replace default via {ROUTER}'))
    one.w101.ip(f'route replace default via {ROUTER} mtu 1450')
    told = explain(one)
    assert (told['reason'], told['to'], told['to_port']) == (
        'delivered', W101, 80)
    assert told['rule']['vip'] == VIP
    assert told['socket'] == {'listener': 'takes', 'addr': None}
    assert told['source']['accepted'] and told['input'] == []
    assert told['reply'] == {'src': VIP, 'sport': 80, 'dev': 'eth0',
                             'gateway': ROUTER, 'mtu': 1450}
    assert ask(one.connect())
    # of the route, not of the device
    one.w101.ip(f'route replace default via {ROUTER} mtu 1400')
    assert explain(one)['reply']['mtu'] == 1400


def test_unchanged(site):
    site.undo.append(lambda: site.w101.dsrctl('real flush'))
    site.balance(rule='', backends=('w101',))
    site.w101.dsrctl(f'real add vip {VIP} mode local')
    told = explain(site)
    assert (told['reason'], told['to']) == ('delivered_unchanged', VIP)
    assert told['source']['accepted'] and told['reply']['dev'] == 'eth0'
    assert ask(site.connect())
    site.w101.ip(f'route del local {VIP} table local')
    assert explain(site)['reason'] == 'drop_no_local_route'


def test_ipv6(site6):
    site6.w101.dsrctl(f'real add vip {VIP6}')
    told = explain(site6, src=CLIENT6, dst=VIP6)
    assert (told['reason'], told['to']) == ('delivered', W1016)
    assert told['source'] == {'accepted': True, 'rp_filter': None}
    assert told['socket']['listener'] == 'takes'
    assert told['reply']['dev'] == 'eth0'
    told = explain(site6, 'proto udp', 9, CLIENT6, VIP6)
    assert told['socket']['listener'] == 'none'


def test_listeners(one):
    """None, and one on loopback."""
    assert explain(one, port=8099)['socket']['listener'] == 'none'
    assert refuses(one, 8099)
    with one.w101.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.bind(('127.0.0.1', 8099))
        sock.listen()
        told = explain(one, port=8099)
        assert told['socket'] == {'listener': 'elsewhere', 'addr': '127.0.0.1'}
        assert 'refused' in told['meaning'] and refuses(one, 8099)
    with one.w101.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(('0.0.0.0', 8099))
        assert explain(one, port=8099)['socket']['listener'] == 'none'
        assert explain(one, 'proto udp', 8099)['socket']['listener'] == 'takes'


@pytest.mark.stock      # the debug kernel has no SCTP sockets
def test_sctp_listener(one):
    assert explain(one, 'proto sctp', 8099)['socket']['listener'] == 'none'
    with one.w101.socket(socket.AF_INET, socket.SOCK_STREAM,
                         socket.IPPROTO_SCTP) as sock:
        sock.bind((W101, 8099))
        sock.listen()
        assert explain(one, 'proto sctp', 8099)['socket']['listener'] == 'takes'


def test_rp_filter(one):
    """The kernel is asked, and drops the packet of a client, too."""
    def dropped():
        names, values = [line.split() for line in one.w101.read(
            '/proc/net/netstat').splitlines()[:2]]
        return int(dict(zip(names, values))['IPReversePathFilter'])
    one.w101.ip('link add name way type dummy\nlink set way up')
    one.undo.append(lambda: one.w101.ip('link del way'))
    one.w101.ip(f'route add {CLIENT}/32 dev way')
    assert explain(one, 'dev eth0')['source']['accepted']
    sysctl(one, 'w101', 'ipv4/conf/eth0/rp_filter', 1)
    told = explain(one, 'dev eth0')
    assert told['source'] == {'accepted': False, 'rp_filter': 1}
    assert 'rp_filter drops it' in told['meaning']
    before = dropped()
    sock = one.net['client'].socket(socket.AF_INET, socket.SOCK_STREAM)
    one.sockets.append(sock)
    sock.setblocking(False)
    sock.connect_ex((VIP, 80))
    wait_for('rp_filter drops it', lambda: dropped() > before)
    sysctl(one, 'w101', 'ipv4/conf/eth0/rp_filter', 2)
    assert explain(one, 'dev eth0')['source']['accepted']


def test_no_way_back(one):
    change(one, 'w101', 'route del default',
           f'route replace default via {ROUTER}')
    told = explain(one, 'dev eth0')
    assert (told['reason'], told['to'], told['reply']) == (
        'delivered', W101, None)
    assert 'no route leads back' in told['meaning']


def test_input(one):
    one.w101.nft('''table inet filter { chain input {
        type filter hook input priority filter; policy drop;
        tcp dport 80 accept
        }
        }''')
    told = explain(one)
    assert told['input'] == ['inet filter input']
    assert told['firewall'] is None
    assert told['meaning'].startswith('if INPUT accepts it, ')
    told = explain(one, 'firewall')
    assert told['firewall']['verdict'] == 'accept'
    assert told['meaning'].startswith('its socket gets it')


CHAIN = '''table inet filter {{ chain c {{
    type filter hook {hook} priority {priority}; policy accept;
    {rule}
    }}
    }}'''


@pytest.mark.parametrize('hook,priority,rule,verdict', [
    ('input', 'filter', f'ip daddr {W101} tcp dport 80 meta mark 5 drop', 'drop'),
    ('input', 'filter', 'tcp dport 80 reject with tcp reset', 'drop'),
    ('prerouting', 'mangle', f'ip daddr {W101} drop', 'drop'),
    ('prerouting', 'mangle', f'ip daddr {VIP} drop', 'accept'),
    ('input', 'filter', 'tcp dport 80 queue', 'queue')])
def test_rules_asked(site, hook, priority, rule, verdict):
    """By a packet as dsr_rs delivers it, with the mark of its rule."""
    site.balance(backends=('w101',), rule='')
    site.w101.dsrctl(f'real add vip {VIP} mark 5')
    site.w101.nft(CHAIN.format(hook=hook, priority=priority, rule=rule))
    told = explain(site, 'firewall')['firewall']
    assert told['verdict'] == verdict
    if verdict != 'accept':
        assert told['chains'] == ['inet filter c']
        assert told['hook'].lower() == hook


def test_rules_asked_ipv6(site6):
    site6.w101.dsrctl(f'real add vip {VIP6}')
    site6.w101.nft(CHAIN.format(hook='input', priority='filter',
                                rule=f'ip6 daddr {W1016} udp dport 9 drop'))
    told = explain(site6, 'firewall proto udp', 9, CLIENT6, VIP6)
    assert told['firewall']['hook'] == 'INPUT'
    assert explain(site6, 'firewall', 80, CLIENT6, VIP6)['firewall'][
        'verdict'] == 'accept'


def test_rules_of_a_balancer(site):
    """The hooks of dsr_lb are where the test packet would pass."""
    site.balance(backends=('w101',))
    site.w101.dsrctl('service add fwmark 77')
    done = site.w101.dsrctl(
        f'real explain {CLIENT}:4000 {VIP}:80 firewall', check=False)
    assert done.returncode == 2 and 'balancer' in done.stderr


def test_tos(site):
    site.balance('tos 0x20', rule='tos 0x20 from 10.10.30.11', backends=('w101',))
    told = explain(site, 'tos 0x20')
    assert (told['reason'], told['rule']['dscp'], told['to']) == (
        'delivered', 8, W101)
    assert told['meaning'].startswith('if its frame comes from a machine that')
    assert ask(site.connect())
    assert explain(site)['reason'] == 'pass_no_rule'
    assert explain(site, 'dscp cs1', dst=W101)['reason'] == 'pass_tos_not_vip'
