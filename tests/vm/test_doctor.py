# SPDX-License-Identifier: GPL-2.0
"""dsrctl doctor: what it says of a site that is well, and of one that is not.

Each fault is planted alone, into a site of which it has just said nothing. Then it
has to find that one, and the commands that it prints have to mend it: after
them it finds nothing again. Clients come and go all the time.
"""

import collections
import contextlib
import json
import os
import resource
import socket
import struct
import subprocess
import time

import pytest

import wire
from host import run, wait_for
from network import VIP, VIP6, W101, W1016, W102, W1026
from test_layout import alias, change, sysctl
from traffic import MARK, ask, meanwhile


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


# Sites that are well

def test_well(well):
    """The site of the scenario, every machine of it."""
    silent(well.lv1, well.lv2, well.w101, well.w102, well.client)


@pytest.mark.parametrize('options', ['path direct', 'scheduler maglev',
                                     'path direct scheduler maglev'])
def test_well_options(site, options):
    site.balance(options)
    with clients(site):
        silent(site.lv1, site.w101)


def test_well_ingress(site):
    site.balance('path direct')
    site.lv1.dsrctl('path add dev eth0')
    with clients(site):
        silent(site.lv1)


def by_vip(site, vip, servers):
    site.lv1.configure('\n'.join(
        [f'service add vip {vip} proto tcp port 80 scheduler wlc'] + [
            f'backend add vip {vip} proto tcp port 80 via {server}'
            for server in servers]))
    for host in (site.w101, site.w102):
        host.dsrctl(f'real add vip {vip} proto tcp port 80')


def test_well_vip(site):
    by_vip(site, VIP, (W101, W102))
    with clients(site):
        silent(site.lv1, site.lv2, site.w101, site.w102, site.client)


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


def test_udp_firewall_drops(well_udp):
    well_udp.lv1.nft('''table ip filter { chain FORWARD {
        type filter hook forward priority filter; policy drop;
        }
        }''')
    mended(well_udp.lv1, 'firewall-drops', f'vip {VIP}', LOOK)


def test_udp_replies(well_udp):
    sysctl(well_udp, 'lv1', 'ipv4/conf/eth1/rp_filter', 1)
    mended(well_udp.lv1, 'replies-rp-filter', 'device eth1', LOOK)


def test_udp_no_rule(well_udp):
    well_udp.w101.dsrctl('real flush')
    mended(well_udp.w101, 'vip-no-rule', f'vip {VIP}', LOOK)


@pytest.mark.stock      # the debug kernel has no SCTP sockets
def test_sctp_input_drops(lb):
    for name in ('w101', 'w102'):
        sock = lb.net[name].socket(socket.AF_INET, socket.SOCK_STREAM,
                                   socket.IPPROTO_SCTP)
        lb.sockets.append(sock)
        sock.bind(('0.0.0.0', 5000))
        sock.listen(1000)
    lb.w101.dsrctl(f'real add vip {VIP} proto sctp port 5000')
    with clients(lb, port=5000, proto=socket.IPPROTO_SCTP):
        silent(lb.lv1, lb.w101, look=LOOK)
        lb.w101.nft('''table inet filter { chain input {
            type filter hook input priority filter; policy drop;
            ct state established accept
            }
            }''')
        mended(lb.w101, 'input-drops', f'vip {VIP}')


def test_ipv6_faults(site6):
    """Of a real server; each alone."""
    by_vip(site6, VIP6, (W1016, W1026))
    with clients(site6, VIP6):
        site6.w101.nft('''table ip6 filter { chain input {
            type filter hook input priority filter; policy accept;
            tcp dport 80 drop
            }
            }''')
        mended(site6.w101, 'input-drops', f'vip {VIP6}')
        site6.w101.dsrctl('real flush')
        mended(site6.w101, 'vip-no-rule', f'vip {VIP6}')


def test_well_ipv6(site6):
    by_vip(site6, VIP6, (W1016, W1026))
    with clients(site6, VIP6):
        silent(site6.lv1, site6.lv2, site6.w101, site6.w102, site6.client)


def test_well_tos(site):
    site.balance('tos 0x20', rule='tos 0x20 from 10.10.30.11,10.10.30.12 clear')
    with clients(site):
        silent(site.lv1, site.w101, site.w102)


def test_well_other_router(lb):
    """The replies do not come by: that this machine forwards nothing is well."""
    for name in ('w101', 'w102'):
        change(lb, name, 'route replace default via 10.10.30.12',
               'route replace default via 10.10.30.10')
    sysctl(lb, 'lv1', 'ipv4/ip_forward', 0)
    sysctl(lb, 'lv1', 'ipv4/conf/eth1/rp_filter', 1)
    with clients(lb):
        silent(lb.lv1, lb.lv2, lb.w101)


def test_well_alias_on_real_servers(site):
    site.balance(rule='')
    for name in ('w101', 'w102'):
        alias(site, name)
    with clients(site):
        silent(site.lv1, site.w101)


def test_well_alias_on_balancer(lb):
    sysctl(lb, 'lv1', 'ipv4/conf/eth1/accept_local', 1)
    alias(lb, 'lv1')
    with clients(lb):
        silent(lb.lv1)


def test_well_local(site):
    for host in (site.w101, site.w102):     # with their local routes
        site.undo.append(lambda h=host: h.dsrctl('real flush'))
    site.balance(rule=f'vip {VIP} mode local')
    with clients(site):
        silent(site.lv1, site.w101)


def test_well_firewall(well):
    """A firewall that lets the service pass, and drops others."""
    well.lv1.nft(f'''table ip filter {{ chain FORWARD {{
        type filter hook forward priority filter; policy drop;
        ct state established accept
        tcp dport 80 accept
        }}
        }}''')
    with clients(well, port=81):
        wait_for('others are dropped', lambda: well.lv1.show(
            'stats')['dsr_lb']['reasons']['drop_by_firewall'] > 20)
        silent(well.lv1)


def test_well_scanned(well):
    """Ports that are not served: no rule marks them, or INPUT drops them."""
    tracefs()
    well.lv1.nft('flush ruleset' + MARK.replace(VIP, f'{VIP} tcp dport 80'))
    with clients(well, port=22):
        silent(well.lv1)
    well.lv1.nft('flush ruleset' + MARK)
    for host in (well.w101, well.w102):
        host.nft('''table inet filter { chain input {
            type filter hook input priority filter; policy drop;
            tcp dport 80 accept
            }
            }''')
    with clients(well, port=22):
        silent(well.lv1, well.w101)


def test_well_rest(well):
    """What the operator's guide shows: the rest of a VIP is dropped."""
    key = f'vip {VIP} proto tcp port 443'
    well.lv1.configure(f'''
        service add {key}
        backend add {key} via {W101}
        service add vip {VIP} ping ignore''')
    silent(well.lv1)


# Faults of a balancer

def test_replies_not_forwarded(well):
    sysctl(well, 'lv1', 'ipv4/ip_forward', 0)
    mended(well.lv1, 'replies-not-forwarded', 'device eth1')


@pytest.mark.parametrize('where', ['all', 'eth1', 'both'])
def test_replies_rp_filter(well, where):
    for name in ('all', 'eth1') if where == 'both' else (where,):
        well.lv1.sysctl(f'ipv4/conf/{name}/rp_filter', 1)
    mended(well.lv1, 'replies-rp-filter', 'device eth1')


def test_replies_dropped(well):
    """Connection tracking sees no request of path direct."""
    well.lv1.nft('''table ip filter { chain FORWARD {
        type filter hook forward priority filter; policy accept;
        ct state invalid drop
        }
        }''')
    silent(well.lv1, look=LOOK)
    well.lv1.dsrctl('service set fwmark 1 path direct')
    mended(well.lv1, 'replies-dropped', f'vip {VIP}')


def test_replies_look_spoofed(well):
    change(well, 'lv1', f'addr add {VIP}/32 dev lo',
           f'addr del {VIP}/32 dev lo')
    mended(well.lv1, 'replies-look-spoofed', 'device eth1')


def test_backend_neighbour_failed(well):
    change(well, 'w102', 'link set eth0 down',
           'link set eth0 up\nroute replace default via 10.10.30.10')
    well.lv1.ip('neigh flush dev eth1')
    mended(well.lv1, 'backend-neighbour-failed',
           f'backend fwmark 1 via {W102}')


def test_backend_unknown(site):
    """No packet has needed it so far, and it is not there."""
    site.lv1.dsrctl('service add fwmark 1')
    site.lv1.dsrctl('backend add fwmark 1 via 10.10.30.77')
    site.lv1.dsrctl('backend add fwmark 1 via 10.10.30.101')
    mended(site.lv1, 'backend-neighbour-failed',
           'backend fwmark 1 via 10.10.30.77')


def found_alone(host, code, subject):
    """The fault is found, and alone; the commands are for another machine."""
    found = wait_for(f'{code} is found', lambda: findings(host))
    assert set(found) == {code}, found
    assert found[code]['subject'] == subject
    return [command.split(maxsplit=2) for command in found[code]['commands']]


def test_backend_not_silent(lb):
    """A real server in the network of the clients has the VIP, and answers for it."""
    change(lb, 'lv2', f'route add {VIP} via 10.10.30.11', f'route del {VIP}')
    with clients(lb, host='lv2'):
        silent(lb.lv1)
        change(lb, 'w101', f'addr add {VIP}/32 dev lo',
               f'addr del {VIP}/32 dev lo')
        (ssh, where, command), = found_alone(lb.lv1, 'backend-not-silent',
                                             f'vip {VIP}')
        assert (ssh, where) == ('ssh', f'root@{W101}')
        lb.w101.changed = True
        lb.w101.run(*command.split())
        silent(lb.lv1)


def test_vip_duplicate(well):
    """Both balancers believe that they are the active one."""
    sysctl(well, 'lv1', 'ipv4/conf/eth1/accept_local', 1)
    for name in ('lv1', 'lv2'):
        silent(well.lv1, look=LOOK)
        change(well, name, f'addr add {VIP}/32 dev eth0',
               f'addr del {VIP}/32 dev eth0')
    (_, _, command), = found_alone(well.lv1, 'vip-duplicate', f'vip {VIP}')
    assert f'inet {VIP}/32' in well.lv2.run(*command.split()).stdout
    well.lv2.ip(f'addr del {VIP}/32 dev eth0')
    silent(well.lv1)
    well.lv2.ip(f'addr add {VIP}/32 dev eth0')


def test_service_no_backend(well):
    well.lv1.dsrctl('service add fwmark 7')
    mended(well.lv1, 'service-no-backend', 'service fwmark 7', BRIEF)


def test_service_all_out(well):
    well.lv1.dsrctl(f'backend set fwmark 1 via {W101} down')
    well.lv1.dsrctl(f'backend set fwmark 1 via {W102} weight 0 force')
    mended(well.lv1, 'service-all-out', 'service fwmark 1', BRIEF)


@needs_perf
def test_mark_missing(well):
    tracefs()
    well.lv1.nft('flush ruleset')
    mended(well.lv1, 'mark-missing', f'vip {VIP}')


@needs_perf
def test_mark_not_served(well):
    tracefs()
    well.lv1.nft('flush ruleset' + MARK.replace('mark set 1', 'mark set 2'))
    mended(well.lv1, 'mark-not-served', f'vip {VIP}')


@pytest.mark.parametrize('how', ['policy', 'rule'])
def test_firewall_drops(well, how):
    rule = f'ip daddr {VIP} counter drop' if how == 'rule' else ''
    policy = 'drop' if how == 'policy' else 'accept'
    well.lv1.nft(f'''table ip filter {{ chain FORWARD {{
        type filter hook forward priority filter; policy {policy};
        {rule}
        }}
        }}''')
    mended(well.lv1, 'firewall-drops', f'vip {VIP}')


@pytest.mark.parametrize('scheduler', ['rr', 'maglev'])
def test_backend_no_answer(well, scheduler):
    """Its dsr_rs has no rule: the balancer sees that it does not answer.

    With maglev the table has no connection that has sent only its SYN.
    """
    well.lv1.dsrctl(f'service set fwmark 1 scheduler {scheduler}')
    well.w101.dsrctl('real flush')
    mended(well.lv1, 'backend-no-answer', f'backend fwmark 1 via {W101}')


def test_vip_no_rule(well):
    well.w101.dsrctl('real flush')
    mended(well.w101, 'vip-no-rule', f'vip {VIP}')
    silent(well.lv1)


def test_no_route_back(well):
    change(well, 'w101', 'route del default',
           'route replace default via 10.10.30.10')
    mended(well.w101, 'no-route-back', 'device eth0')


def test_input_drops(well):
    well.w101.nft('''table inet filter { chain input {
        type filter hook input priority filter; policy drop;
        ct state established accept
        }
        }''')
    mended(well.w101, 'input-drops', f'vip {VIP}')


def test_output_drops(well):
    well.w101.nft('''table inet filter { chain output {
        type filter hook output priority filter; policy accept;
        tcp sport 80 drop
        }
        }''')
    mended(well.w101, 'output-drops', f'vip {VIP}')


def test_router_no_answer(well):
    change(well, 'w101', 'route replace default via 10.10.30.77',
           'route replace default via 10.10.30.10')
    mended(well.w101, 'router-no-answer', 'router 10.10.30.77')


def test_prerouting_drops(well):
    """The chain is asked by a test packet: no counter of dsr_lb rises."""
    well.lv1.nft(f'''table ip first {{ chain in {{
        type filter hook prerouting priority raw; policy accept;
        ip daddr {VIP} tcp dport 80 drop
        }}
        }}''')
    mended(well.lv1, 'prerouting-drops', f'vip {VIP}')


def test_rule_no_listener(well):
    well.w101.dsrctl(f'real add vip {VIP} proto tcp port 81 to :8099')
    mended(well.w101, 'rule-no-listener',
           f'real vip {VIP} proto tcp port 81', BRIEF)


def test_rule_listener_elsewhere(well):
    with well.w101.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sysctl(well, 'w101', 'ipv4/conf/all/route_localnet', 0)
        sock.bind(('127.0.0.1', 8099))
        sock.listen()
        well.w101.dsrctl(f'real add vip {VIP} proto tcp port 8099')
        mended(well.w101, 'rule-listener-elsewhere',
               f'real vip {VIP} proto tcp port 8099', BRIEF)


def test_rule_to_gone(well):
    well.w101.ip('addr add 10.10.30.77/24 dev eth0')
    well.undo.append(lambda: well.w101.run(
        'ip', 'addr', 'del', '10.10.30.77/24', 'dev', 'eth0', check=False))
    well.w101.dsrctl(f'real add vip {VIP} proto tcp port 80 '
                     'to 10.10.30.77:80')
    silent(well.w101, look=LOOK)
    well.w101.ip('addr del 10.10.30.77/24 dev eth0')
    mended(well.w101, 'rule-to-gone',
           f'real vip {VIP} proto tcp port 80', BRIEF)


def test_rule_no_local_route(well):
    well.undo.append(lambda: well.w101.dsrctl('real flush'))
    well.w101.dsrctl('real add vip 10.10.31.110 mode local')
    well.w101.ip('route del local 10.10.31.110 table local')
    mended(well.w101, 'rule-no-local-route', 'real vip 10.10.31.110', BRIEF)


@pytest.mark.parametrize('dev', ['lo', 'eth0'])
def test_vip_not_silent(well, dev):
    change(well, 'w101', f'addr add {VIP}/32 dev {dev}',
           f'addr del {VIP}/32 dev {dev}')
    mended(well.w101, 'vip-not-silent', f'vip {VIP}', BRIEF)


def test_table_nearly_full(lb):
    there = [lb.connect() for _ in range(20)]
    lb.lv1.dsrctl('connection set max 20')
    mended(lb.lv1, 'table-nearly-full', 'connections', BRIEF)
    assert ask(there[0])


def test_service_overloaded(well):
    for server in (W101, W102):
        well.lv1.dsrctl(f'backend set fwmark 1 via {server} upper 1')
    mended(well.lv1, 'service-overloaded', 'service fwmark 1', BRIEF)


def test_service_shadowed(well):
    key = f'vip {VIP} proto tcp port 80'
    well.lv1.configure(f'''
        service add {key}
        backend add {key} via {W101}''')
    mended(well.lv1, 'service-shadowed', f'service {key}')


def test_option_without_effect(well):
    well.lv1.dsrctl('service set fwmark 1 persist-prefix 24 force')
    mended(well.lv1, 'option-without-effect',
           'service fwmark 1 persist-prefix', BRIEF)
    well.lv1.dsrctl('path add dev eth0')
    mended(well.lv1, 'option-without-effect', 'path dev eth0', BRIEF)


def test_backend_device_down(well):
    well.lv1.ip('link set eth1 down')
    well.undo.append(lambda: well.lv1.ip('link set eth1 up'))
    mended(well.lv1, 'backend-device-down', 'device eth1')


def test_backend_no_route(site):
    """Its network is gone since it was added."""
    site.lv1.ip('addr add 192.168.99.1/24 dev eth1')
    site.lv1.dsrctl('service add fwmark 1')
    site.lv1.dsrctl(f'backend add fwmark 1 via {W101}')
    site.lv1.dsrctl('backend add fwmark 1 via 192.168.99.2 weight 2')
    site.lv1.ip('addr del 192.168.99.1/24 dev eth1')
    mended(site.lv1, 'backend-no-route', 'backend fwmark 1 via 192.168.99.2')


def test_backend_behind_gateway(site):
    site.lv1.ip('addr add 10.99.0.1/24 dev eth1')
    site.lv1.dsrctl('service add fwmark 1')
    site.lv1.dsrctl(f'backend add fwmark 1 via {W101}')
    site.lv1.dsrctl('backend add fwmark 1 via 10.99.0.2 weight 2')
    site.lv1.ip('addr del 10.99.0.1/24 dev eth1')
    change(site, 'lv1', 'route add 10.99.0.0/24 via 10.10.30.12',
           'route del 10.99.0.0/24')
    mended(site.lv1, 'backend-behind-gateway',
           'backend fwmark 1 via 10.99.0.2')


def test_device_mtu(well):
    """Of a client that ICMP does not reach."""
    change(well, 'lv1', 'link set eth1 mtu 1400', 'link set eth1 mtu 1500')
    with wire.Tap(well.client) as tap:
        frame = wire.frame(wire.udp(4000, 9, payload=b'x' * 1472),
                           well.lv1.mac('eth0').hex(':'), tap.mac)

        def send():
            tap.sock.send(frame)
            time.sleep(0.1)     # a pace
        with meanwhile(send):
            mended(well.lv1, 'device-mtu', 'device eth1')


def test_device_lro(well):
    well.lv1.ip('link add name bond1 type bond')
    well.undo.append(lambda: well.lv1.ip('link del bond1'))
    wait_for('off', lambda: not well.lv1.has_lro('bond1'))
    well.lv1.run('ethtool', '-K', 'bond1', 'lro', 'on')
    assert well.lv1.has_lro('bond1')
    mended(well.lv1, 'device-lro', 'device bond1', BRIEF)


def test_requests_rp_filter(lb):
    """The clients' network is behind the other balancer."""
    change(lb, 'client', 'addr add 10.77.0.1/32 dev lo',
           'addr del 10.77.0.1/32 dev lo')
    change(lb, 'lv1', 'route add 10.77.0.0/16 via 10.10.30.12',
           'route del 10.77.0.0/16')
    change(lb, 'lv2', 'route add 10.77.0.0/16 via 10.10.31.200',
           'route del 10.77.0.0/16')
    sysctl(lb, 'lv1', 'ipv4/conf/eth0/rp_filter', 1)
    with clients(lb, source='10.77.0.1'):
        mended(lb.lv1, 'requests-rp-filter', 'device eth0')


@pytest.mark.stock      # the debug kernel has no ip_vs
def test_ip_vs_balances(well):
    run('modprobe', 'ip_vs')
    well.undo.append(lambda: run('modprobe', '-r', 'ip_vs_rr', 'ip_vs'))
    silent(well.lv1, look=LOOK)
    well.lv1.run('ipvsadm', '-A', '-f', '9', '-s', 'rr')
    silent(well.lv1, look=LOOK)            # another service
    well.lv1.run('ipvsadm', '-A', '-f', '1', '-s', 'rr')
    well.undo.append(lambda: well.lv1.run('ipvsadm', '-C'))
    mended(well.lv1, 'ip-vs-balances', 'ip_vs -f 1', BRIEF)


# Faults of a real server

def test_needs_accept_local(well):
    sysctl(well, 'w101', 'ipv4/conf/eth0/accept_local', 0)
    with clients(well, host='w101'):
        mended(well.w101, 'needs-accept-local', 'device eth0')


def test_tos_differs(site):
    site.balance('tos 0x20', rule='tos 0x20 clear')
    with clients(site):
        silent(site.w101, look=LOOK)
        site.lv1.dsrctl('service set fwmark 1 tos 0x28')
        mended(site.w101, 'tos-differs', 'real dscp cs1')


def test_tos_from_other(site):
    site.balance('tos 0x20', rule='tos 0x20 from 10.10.30.12')
    with clients(site):
        mended(site.w101, 'tos-from-other', 'real dscp cs1')


def test_thousand(site):
    """1,000 services of 20 backends: all well, and done before long.

    Ten times as many take about ten times as long, and not a hundred times. The
    time is doctor's own on the processor, in which a host may stand still.
    """
    servers = [f'10.77.0.{i + 1}' for i in range(20)]
    change(site, 'lv1', 'addr add 10.77.1.1/16 dev eth1\n' + '\n'.join(
        f'neigh add {server} lladdr 02:00:0a:4d:00:{i + 1:02x} dev eth1 '
        'nud permanent' for i, server in enumerate(servers)),
           'neigh flush dev eth1 nud permanent\n'
           'addr del 10.77.1.1/16 dev eth1')

    def add(ports):
        site.lv1.configure('\n'.join(
            line for port in ports
            for key in [f'vip {VIP} proto tcp port {port}']
            for line in (f'service add {key}', *(
                f'backend add {key} via {server}' for server in servers))))

    def seconds():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        silent(site.lv1)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return (after.ru_utime + after.ru_stime - before.ru_utime -
                before.ru_stime)
    add(range(1, 101))
    few = sorted(seconds() for _ in range(3))[1]
    add(range(101, 1001))
    for _ in range(4):
        many = seconds()
        print(f'{few:.2f} s for 100, {many:.2f} s for 1,000')
        if many < 40 * few:
            break
    assert many < 40 * few
