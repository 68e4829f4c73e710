# SPDX-License-Identifier: GPL-2.0
"""The site's own rules on the balancer, with each path."""

import socket
import struct

import pytest

import wire
import wire6
from host import wait_for
from network import CLIENT, CLIENT6, VIP, VIP6, W101, W1016
from traffic import ask, exchange

LV1 = '10.10.31.11'
NETLINK_NETFILTER = 12
IP_TRANSPARENT = 19             # include/uapi/linux/in.h

DROP_8080 = '-A FORWARD -d 10.10.31.100 -p tcp --dport 8080 -j DROP'


def through(site, port, behind=81):
    """Tell if a SYN to a port of the VIP comes to a server."""
    with wire.Tap(site.client) as client, wire.Tap(site.w101) as w101, \
            wire.Tap(site.w102) as w102:
        client.send(wire.tcp(4000, port), LV1)
        client.send(wire.tcp(4001, behind), LV1)
        # a later packet has come, so the first one would have come, too
        wait_for('the SYN behind it', lambda: any(
            p.dport == behind for p in w101.drain() + w102.drain()))
        return any(p.dport == port for p in w101.seen + w102.seen)


def packets_of(site, chain='FORWARD'):
    """The counter of the first rule of a chain."""
    text = site.lv1.run('iptables', '-nvxL', chain).stdout
    return int(text.splitlines()[2].split()[0])


@pytest.mark.smoke
def test_forward_drops(lb):
    lb.lv1.iptables(*DROP_8080.split())
    assert not through(lb, 8080)
    assert packets_of(lb) == 1
    assert through(lb, 80)
    assert lb.replies(2).total() == 2


POLICY = ('table {0} own {{ chain c {{ '
          'type filter hook {1} priority filter; policy drop; }}; }}')


@pytest.mark.parametrize('hook', ['forward', 'postrouting'])
@pytest.mark.parametrize('family', [4, 6])
def test_dropped_is_not_forwarded(site6, reasons, family, hook):
    """Packets that the firewall drops have that reason only."""
    vip, tap, make, backend, table = (
        (VIP, wire.Tap, wire, W101, 'ip') if family == 4 else
        (VIP6, wire6.Tap, wire6, W1016, 'ip6'))
    site6.lv1.configure(f'''
        service add vip {vip} proto tcp port 80
        service add vip {vip} proto tcp port 81 path direct
        backend add vip {vip} proto tcp port 80 via {backend}
        backend add vip {vip} proto tcp port 81 via {backend}''')
    site6.lv1.nft(POLICY.format(table, hook))
    since = reasons('lv1')
    with tap(site6.client) as client, tap(site6.w101) as w101:
        client.send(make.tcp(4000, 80), LV1)
        client.send(make.tcp(4001, 81), LV1)
        w101.wait(lambda p: p.dport == 81, 'path direct')
        w101.none(lambda p: p.dport == 80, 'it was dropped')
    # neighbour discovery, and frames that a bridge floods, are accepted
    counted = {name: packets for name, packets in since.all().items()
               if not name.startswith('pass_')}
    assert counted == {'drop_by_firewall': 1, 'forwarded': 1}


def test_explain_names_the_firewall(lb):
    """The prediction for path stack mentions the firewall."""
    def explain():
        text = lb.lv1.dsrctl('explain', '10.10.31.200:4000', f'{VIP}:80',
                             'mark', '1').stdout
        return dict(line.split(maxsplit=1) for line in text.splitlines())
    lb.lv1.iptables(*'-P FORWARD DROP'.split())
    lb.undo.append(lambda: lb.lv1.iptables(*'-P FORWARD ACCEPT'.split()))
    told = explain()
    assert told['outcome'].startswith(
        'forwarded: if FORWARD and POSTROUTING accept the packet, the backend')
    assert 'counted as drop_by_firewall' in told['firewall']
    command = 'iptables -nvL FORWARD'
    assert f"'{command}'" in told['firewall']
    assert 'policy DROP' in lb.lv1.run(*command.split()).stdout
    lb.lv1.dsrctl('service set fwmark 1 path direct')
    told = explain()
    assert told['outcome'].startswith('forwarded: the backend gets the packet')
    assert 'firewall' not in told
    for length, reason in ((1500, 'forwarded'), (1501, 'drop_too_big')):
        assert lb.lv1.show(f'explain 10.10.31.200:4000 {VIP}:80 mark 1 '
                           f'length {length}')['reason'] == reason


def asked(lb, words='mark 1'):
    """What explain says when it has asked the rules: (firewall, outcome)."""
    text = lb.lv1.dsrctl('explain', '10.10.31.200:4000', f'{VIP}:80', *(
        words.split()), 'firewall').stdout
    told = dict(line.split(maxsplit=1) for line in text.splitlines())
    return told['firewall'], told['outcome'], told['packet']


@pytest.mark.parametrize('hook', ['forward', 'postrouting', 'prerouting'])
def test_explain_asks_the_rules(lb, reasons, hook):
    """The chain that drops is named, the command beside it lists it, nothing is
    sent, and conntrack keeps nothing."""
    firewall, outcome, packet = asked(lb, '')
    assert firewall == 'PREROUTING, FORWARD and POSTROUTING accept the packet'
    assert outcome.startswith('forwarded: the backend gets the packet')
    assert 'mark 1 (set by the rules)' in packet
    since = reasons('lv1')
    lb.lv1.nft(f'''table inet other {{ chain c {{
        type filter hook {hook} priority filter; }}; }}
        table inet own {{ chain c {{
        type filter hook {hook} priority {{}};
        ct state established accept
        ip daddr {VIP} tcp dport 80 ct state new counter drop
        }}; }}'''.replace('{}', 'raw + 110' if hook == 'prerouting' else
                          'filter + 1'))
    with wire.Tap(lb.w101) as w101, wire.Tap(lb.w102) as w102:
        firewall, outcome, packet = asked(lb)
        assert firewall == (
            f"{hook.upper()} drops the packet: chain inet own c, see "
            "'nft -a list chain inet own c'")
        assert outcome.startswith('drop_by_firewall: ')
        assert 'packets 1 bytes 40 drop' in lb.lv1.run(
            'nft', '-a', 'list', 'chain', 'inet', 'own', 'c').stdout
        assert not [p for p in w101.drain() + w102.drain() if p.sport == 4000]
    assert not since['forwarded'] and not since['drop_by_firewall']
    assert 'sport=4000' not in lb.lv1.run('cat', '/proc/net/nf_conntrack',
                                          check=False).stdout
    lb.lv1.run('nft', 'delete', 'table', 'inet', 'own')
    assert asked(lb)[1].startswith('forwarded: the backend gets the packet')


def reason_with(site, dst, rule):
    """What happens to a packet to DST, with this rule in PREROUTING."""
    site.lv1.nft(f"""table ip own {{ chain c {{
        type filter hook prerouting priority mangle;
        tcp sport 4711 {rule}; }}; }}""")
    told = site.lv1.show(f'explain {CLIENT}:4711 {dst}:80 firewall')
    site.lv1.run('nft', 'delete', 'table', 'ip', 'own')
    return told['reason']


@pytest.fixture
def by_vip(site):
    site.lv1.configure(f"""
        service add vip {VIP} proto tcp port 80
        backend add vip {VIP} proto tcp port 80 via {W101}""")
    return site


def test_explain_sees_what_rules_change(by_vip):
    """A rule may write another destination."""
    other = '10.10.31.199'
    assert reason_with(by_vip, other, 'accept').startswith('pass_')
    assert reason_with(by_vip, other, f'ip daddr set {VIP}') == 'forwarded'


@pytest.mark.stock          # the instrumented kernel has no TPROXY
def test_explain_sees_sockets_of_tproxy(by_vip):
    """dsr_lb leaves the packets to the socket."""
    with by_vip.lv1.at(), socket.socket() as sock:
        sock.setsockopt(socket.SOL_IP, IP_TRANSPARENT, 1)
        sock.bind(('0.0.0.0', 0))
        sock.listen()
        port = sock.getsockname()[1]
        assert reason_with(by_vip, VIP, f'tproxy to :{port}') == (
            'pass_not_to_this_host')
    assert reason_with(by_vip, VIP, 'accept') == 'forwarded'


def test_explain_asks_for_each_protocol(site6):
    """Of both families; the path decides which rules see the packet."""
    site6.lv1.configure(f'''
        service add vip {VIP}
        service add vip {VIP6} path direct
        backend add vip {VIP} via {W101}
        backend add vip {VIP6} via {W1016}''')
    for proto in ('tcp', 'udp', 'sctp'):
        site6.lv1.nft(f'''table inet own {{ chain c {{
            type filter hook forward priority filter;
            meta l4proto {proto} drop; }}; }}''')
        for other in ('tcp', 'udp', 'sctp'):
            for source, vip in ((CLIENT, VIP), (f'[{CLIENT6}]', f'[{VIP6}]')):
                told = site6.lv1.show(f'explain {source}:4000 {vip}:80 proto '
                                      f'{other} firewall')
                dropped = other == proto and vip == VIP
                assert (told['firewall']['verdict'], told['reason']) == (
                    ('drop', 'drop_by_firewall') if dropped else
                    ('accept', 'forwarded')), (proto, other, vip)
        site6.lv1.run('nft', 'delete', 'table', 'inet', 'own')
    done = site6.lv1.dsrctl(f'explain {CLIENT}:1 {VIP}:80 firewall middle',
                            check=False)
    assert 'the first packet of a connection only' in done.stderr


def whom_tcp_saw(site):
    """The client's address of a connection, as seen by a server."""
    return {site.curl(f'http://{VIP}/who', vhost='x').split()[1].split(':')[0]}


def whom_they_saw(site):
    """The same, and that of a UDP flow."""
    seen = whom_tcp_saw(site)
    echo = {name: site.echo(name) for name in ('w101', 'w102')}
    exchange(site.udp(), [b'x' * 10] * 3)
    return seen | {peer[0] for one in echo.values() for peer in one.peers}


def test_policy_drop(lb, reasons):
    """A rule for the mark accepts the packets if the policy drops, as with
    docker."""
    lb.lv1.iptables(*'-P FORWARD DROP'.split())
    lb.undo.append(lambda: lb.lv1.iptables(*'-P FORWARD ACCEPT'.split()))
    lb.lv1.iptables(*f'-A FORWARD -s {VIP} -j ACCEPT'.split())
    since = reasons('lv1')
    with wire.Tap(lb.client) as client:
        client.send(wire.tcp(4000), LV1)
        wait_for('it is dropped', since.all)
    assert since.all() == {'drop_by_firewall': 1}
    lb.lv1.iptables(*'-I FORWARD -m mark --mark 1 -j ACCEPT'.split())
    assert lb.replies(2).total() == 2


def test_policy_drop_direct(lb, reasons):
    """With path direct the policy sees no request, and no exception is needed.
    """
    lb.lv1.dsrctl('service set fwmark 1 path direct')
    lb.lv1.iptables(*'-P FORWARD DROP'.split())
    lb.undo.append(lambda: lb.lv1.iptables(*'-P FORWARD ACCEPT'.split()))
    lb.lv1.iptables(*f'-A FORWARD -s {VIP} -j ACCEPT'.split())
    since = reasons('lv1')
    assert lb.replies(4).total() == 4
    assert since['drop_by_firewall'] == 0 and since['forwarded'] >= 4


MASQUERADE = {
    'iptables': lambda host: host.iptables(
        *'-t nat -A POSTROUTING -j MASQUERADE'.split()),
    'nft': lambda host: host.nft('''
        table inet nat { chain postrouting {
            type nat hook postrouting priority srcnat;
            masquerade
        }
        }''')}


def forget_tracked(host):
    """The same as "conntrack -F": IPCTNL_MSG_CT_DELETE without a tuple."""
    sock = host.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
    with sock:
        sock.send(struct.pack('=IHHIIBBH', 20, 0x102, 5, 1, 0, 0, 0, 0))
        answer = sock.recv(4096)
    assert struct.unpack_from('=i', answer, 16) == (0,)


@pytest.mark.parametrize('path', ['stack', 'direct'])
@pytest.mark.parametrize('how', MASQUERADE)
def test_masquerade(lb, path, how):
    """MASQUERADE for all packets hides neither a client nor the VIP."""
    lb.lv1.dsrctl(f'service set fwmark 1 path {path}')
    MASQUERADE[how](lb.lv1)
    assert whom_they_saw(lb) == {CLIENT}


def test_masquerade_of_the_rest(lb):
    """MASQUERADE still applies to packets that are not balanced."""
    MASQUERADE['nft'](lb.lv1)
    with wire.Tap(lb.client) as client, wire.Tap(lb.w101) as w101:
        client.send(wire.udp(4000, 9, dst=W101), LV1)
        got = w101.wait(lambda p: p.dport == 9, 'what is routed')
    assert got.src == '10.10.30.11'


def test_masquerade_ipv6(site6):
    site6.lv1.configure(f'''
        service add vip {VIP6} proto udp
        backend add vip {VIP6} proto udp via {W1016}''')
    MASQUERADE['nft'](site6.lv1)
    with wire6.Tap(site6.client) as client, wire6.Tap(site6.w101) as w101:
        client.send(wire6.udp(4000), LV1)
        got = w101.wait(lambda p: p.sport == 4000, 'the datagram')
    assert (got.src, got.dst) == (CLIENT6, VIP6)


def test_masquerade_of_a_forgotten_connection(silent):
    """The same if conntrack has lost the connection, and takes a packet for a
    new one."""
    MASQUERADE['nft'](silent.lv1)
    with wire.Tap(silent.client) as client, wire.Tap(silent.w101) as w101, \
            wire.Tap(silent.w102) as w102:
        for number in range(3):
            client.send(wire.udp(4000, 9, b'%d' % number), LV1)
            got = wait_for('the datagram', lambda n=b'%d' % number: [
                p for p in w101.drain() + w102.drain() if p.payload == n])
            assert got[0].src == CLIENT and got[0].sport == 4000
            forget_tracked(silent.lv1)


def test_masquerade_and_states(lb):
    """Connection tracking sees both directions nevertheless."""
    MASQUERADE['nft'](lb.lv1)
    lb.lv1.nft('''
        table ip filter { chain forward {
            type filter hook forward priority filter; policy drop;
            ct state established accept
            ip daddr 10.10.31.100 tcp dport 80 ct state new accept
        }
        }''')
    assert lb.replies(4).total() == 4
    assert whom_tcp_saw(lb) == {CLIENT}


def test_direct_passes_forward_by(lb):
    lb.lv1.dsrctl('service set fwmark 1 path direct')
    lb.lv1.iptables(*DROP_8080.split())
    assert through(lb, 8080)
    assert packets_of(lb) == 0


def test_forward_sees_devices(silent):
    """The rules see the input and the output device of a packet."""
    silent.lv1.iptables(*('-A FORWARD -i eth0 -o eth1 -s 10.10.31.200 '
                      '-d 10.10.31.100 -m mark --mark 1').split())
    assert through(silent, 80)
    assert packets_of(silent) == 2


@pytest.mark.parametrize('path', ['stack', 'direct'])
def test_postrouting_mangles(silent, path):
    """A mangle rule in POSTROUTING applies with path stack only."""
    silent.lv1.dsrctl(f'service set fwmark 1 path {path}')
    silent.lv1.nft('''
        table ip mangle { chain postrouting {
            type filter hook postrouting priority mangle;
            oifname "eth1" ip daddr 10.10.31.100 ip dscp set cs3
        }
        }''')
    with wire.Tap(silent.client) as client, wire.Tap(silent.w101) as w101, \
            wire.Tap(silent.w102) as w102:
        client.send(wire.tcp(4000, tos=2), LV1)
        wait_for('the SYN', lambda: [
            p for p in w101.drain() + w102.drain() if p.dst == VIP])
        got = [p for p in w101.seen + w102.seen if p.dst == VIP]
    assert [p.tos for p in got] == [0x62 if path == 'stack' else 2]
    assert got[0].checksums_right()


def test_stateful_firewall(lb):
    """Connection tracking on the balancer sees both directions."""
    lb.lv1.nft('''
        table ip filter { chain forward {
            type filter hook forward priority filter; policy drop;
            ct state established accept
            ip daddr 10.10.31.100 tcp dport 80 ct state new accept
        }
        }''')
    assert lb.replies(10) == {'w101 nano': 5, 'w102 desu': 5}
    sock = lb.connect_to('w101')
    assert ask(sock) == 'w101 nano'
    assert not through(lb, 8080, 80)


def test_other_traffic_is_routed(lb):
    """Packets that are not balanced are routed as before."""
    assert lb.curl('http://10.10.30.101/') == 'w101 nano\n'
    assert lb.curl('http://10.10.30.102/') == 'w102 desu\n'
