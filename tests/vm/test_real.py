# SPDX-License-Identifier: GPL-2.0
"""The real server: packets for an address of no machine reach sockets."""

import socket
import struct

import pytest

import genl
import wire
from host import wait_for
from network import CLIENT, VIP, VIP2, W101, W102, mac_of
from traffic import SCALE, ask, exchange

WHO = b'GET /who HTTP/1.1\r\nHost: x\r\n\r\n'


@pytest.fixture
def one(site):
    """One real server, so that the destination of packets is known."""
    site.balance(backends=('w101',))
    return site


def test_socket_sees_own_address(one):
    """Server and conntrack see a connection to the machine's own address."""
    sock = one.connect()
    port = sock.getsockname()[1]
    assert ask(sock, WHO) == f'{W101}:80 {CLIENT}:{port}'


@pytest.mark.smoke
@pytest.mark.parametrize('first', ['vip', 'own'])
@pytest.mark.parametrize('proto', ['tcp', 'udp'])
def test_both_addresses_from_one_port(one, proto, first):
    """VIP:80 and w101:80 from one source port: both get their own replies."""
    order = (VIP, W101) if first == 'vip' else (W101, VIP)
    if proto == 'tcp':
        socks = {address: one.connect(address, sport=4444)
                 for address in order}
        for _ in range(3):
            for sock in socks.values():
                assert ask(sock) == 'w101 nano'
        # the server sees two different clients
        seen = {ask(sock, WHO) for sock in socks.values()}
        assert len(seen) == 2
        assert f'{W101}:80 {CLIENT}:4444' in seen
        socks[order[0]].close()
        assert ask(socks[order[1]]) == 'w101 nano'
        return
    one.echo('w101')
    sock = one.net['client'].socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.sockets.append(sock)
    sock.bind((CLIENT, 4444))
    sock.settimeout(60)
    for number in range(6):
        for address in order:
            sock.sendto(f'{address} {number}'.encode(), (address, 7))
        for _ in order:
            data, peer = sock.recvfrom(100)
            assert data.decode() == f'{peer[0]} {number}'


def test_both_addresses_at_once(one):
    """The same with both under load, as with a health check beside clients."""
    socks = [(one.connect(address, sport=port), address)
             for port in range(4500, 4520) for address in (VIP, W101)]
    for _ in range(2):
        for sock, _address in socks:
            assert ask(sock) == 'w101 nano'
    # other_port is the module's name for it
    assert genl.reasons(one.w101, 'dsr_rs')['delivered_other_port'] > 0


CONNTRACK = '''
    table ip filter {
        chain prerouting {
            type filter hook prerouting priority 0;
            %s
        }
        chain input {
            type filter hook input priority filter;
            ct state invalid drop
            ct state established,new accept
        }
        chain output {
            type filter hook output priority filter;
            ct state invalid drop
            ct state established,new accept
        }
        chain postrouting {
            type filter hook postrouting priority 0;
            %s
        }
    }
'''


def users(module):
    """The modules that use a module, or None if it is not loaded."""
    with open('/proc/modules', encoding='ascii') as file:
        for line in file:
            words = line.split()
            if words[0] == module:
                return [name for name in words[3].split(',') if name not in
                        ('', '-')]
    return None


def loaded(module):
    return users(module) is not None


def unload(host, module):
    """Unload a module and its users; return true if it has gone."""
    for user in users(module) or ():
        unload(host, user)
    if loaded(module):
        host.run('rmmod', module, check=False)
    return not loaded(module)


def test_conntrack_absent(one):
    """Nothing here needs or loads conntrack."""
    for host in one.net.hosts.values():
        if host.filtered:
            host.nft('flush ruleset')
    one.lv1.nft('''table ip mangle { chain prerouting {
        type filter hook prerouting priority mangle;
        ip daddr 10.10.31.100 meta mark set 1
        }
        }''')
    wait_for('nf_conntrack can be unloaded',
             lambda: unload(one.lv1, 'nf_conntrack'), every=0.3)
    one.echo('w101')
    assert one.replies(4) == {'w101 nano': 4}
    exchange(one.udp(), [b'x' * 100] * 20)
    exchange(one.udp(), [b'x' * 5000])
    assert not loaded('nf_conntrack')


@pytest.mark.parametrize('drop', ['input and output', 'every hook'])
def test_conntrack_drops_invalid(one, drop):
    """A stateful firewall on the real server drops nothing."""
    rule = 'ct state invalid drop' if drop == 'every hook' else ''
    one.w101.nft(CONNTRACK % (rule, rule))
    one.echo('w101')
    assert one.replies(10) == {'w101 nano': 10}
    sock = one.connect()
    udp = one.udp()
    exchange(udp, [b'x' * 100] * 20 + [b'x' * 5000] * 3)
    for _ in range(3):
        assert ask(sock) == 'w101 nano'
    with pytest.raises(ConnectionRefusedError):
        refused = one.udp(port=9999)
        refused.send(b'')
        refused.recv(10)
    table = one.w101.run('conntrack', '-L').stdout
    assert f'dst={W101} sport={sock.getsockname()[1]}' in table.replace(
        'src=' + CLIENT + ' ', '') or f'sport={sock.getsockname()[1]}' in table
    assert VIP not in table
    assert f'dst={W101}' in table


def test_firewall_on_real_server(one):
    """iptables sees the machine's own address, as with REDIRECT."""
    one.w101.iptables('-A', 'INPUT', '-p', 'tcp', '-d', W101, '--dport', '80',
                      '-j', 'REJECT', '--reject-with', 'tcp-reset')
    with pytest.raises(ConnectionRefusedError):
        one.connect()


def second_vip(site, port_rules):
    """A second VIP, with the same mark, and rules on w101."""
    site.client.ip(f'route add {VIP2} via 10.10.31.10')
    site.undo.append(lambda: site.client.ip(f'route del {VIP2}'))
    site.lv1.nft(f'''table ip mangle {{ chain prerouting {{
        ip daddr {VIP2} meta mark set 1
        }}
        }}''')
    site.w101.configure(port_rules)


def test_to_port(one):
    """Two services on one public port, at two local ports."""
    one.w101.dsrctl('real flush')
    second_vip(one, f'''
        real add vip {VIP} proto tcp port 80 to 8080
        real add vip {VIP2} proto tcp port 80 to 8081
    ''')
    socks = {address: one.connect(address, sport=4600)
             for address in (VIP, VIP2, W101)}
    for _ in range(2):
        assert ask(socks[VIP]) == 'w101 port 8080'
        assert ask(socks[VIP2]) == 'w101 port 8081'
        assert ask(socks[W101]) == 'w101 nano'
    # a port without a rule is dropped, and not routed back either
    with pytest.raises(OSError):
        one.connect(VIP, 81, seconds=1)


def test_two_vips_one_port(one):
    """Two VIPs on the same local port, from the same client port."""
    second_vip(one, f'real add vip {VIP2}')
    socks = [one.connect(address, sport=4601) for address in (VIP, VIP2, W101)]
    for _ in range(2):
        assert [ask(sock) for sock in socks] == ['w101 nano'] * 3


def test_rule_is_specific(one):
    """The more specific rule applies: port before protocol before address."""
    one.w101.configure(f'''
        real add vip {VIP} proto tcp to 8080
        real add vip {VIP} proto tcp port 8081
    ''')
    assert ask(one.connect(VIP, 80)) == 'w101 port 8080'
    assert ask(one.connect(VIP, 8081)) == 'w101 port 8081'
    rules = one.w101.show('real show')
    assert len(rules) == 3
    assert all(rule['vip'] == VIP for rule in rules)


def test_rule_deleted(one):
    """Existing connections continue, new ones are refused."""
    sock = one.connect()
    assert ask(sock) == 'w101 nano'
    one.w101.dsrctl(f'real delete vip {VIP}')
    assert ask(sock) == 'w101 nano'
    with pytest.raises(OSError):
        one.connect(seconds=1)
    one.w101.dsrctl(f'real add vip {VIP}')
    assert one.replies(2) == {'w101 nano': 2}


@pytest.mark.smp
def test_module_reloaded(one):
    """An open connection survives a reload of the module."""
    sock = one.connect()
    assert ask(sock) == 'w101 nano'
    # the client would refuse repeated segments of the server
    wait_for('the client has acknowledged all', lambda: not [
        line for line in one.w101.connections() if line[4][:8] != '00000000'])
    one.net.reload('dsr_rs')
    one.w101.dsrctl(f'real add vip {VIP}')
    assert ask(sock) == 'w101 nano'


TOS = '0x20'        # the DSCP "lower effort"; the two bits of ECN are 0


@pytest.mark.smoke
def test_tos(site):
    """The balancer sets a TOS, and the real servers know no VIP."""
    site.balance(f'tos {TOS}', rule=f'tos {TOS}')
    for name in ('w101', 'w102'):
        assert [rule['vip'] for rule in site.net[name].show('real show')] == [
            None]
    assert site.replies(10) == {'w101 nano': 5, 'w102 desu': 5}
    site.echo('w101')
    site.echo('w102')
    exchange(site.udp(), [b'x' * 100] * 10 + [b'x' * 5000] * 2)
    # a direct request is not for a VIP, with any TOS
    assert site.curl(f'http://{W101}/') == 'w101 nano\n'


def test_tos_without_mark(site):
    """Packets without the TOS are not delivered."""
    site.balance(rule=f'tos {TOS}')
    with pytest.raises(OSError):
        site.connect(seconds=1)


def test_tos_any_vip(site):
    """A VIP that only the balancer knows."""
    site.balance(f'tos {TOS}', backends=('w101',), rule=f'tos {TOS}')
    second_vip(site, 'real show')
    assert ask(site.connect(VIP2)) == 'w101 nano'
    assert ask(site.connect(VIP)) == 'w101 nano'


def test_tos_keeps_ecn(site):
    """ECN works end to end: the two bits pass, and TCP negotiates it."""
    site.balance(f'tos {TOS}', backends=('w101',), rule=f'tos {TOS}')
    for name in ('client', 'w101'):
        old = site.net[name].sysctl('ipv4/tcp_ecn')
        site.net[name].sysctl('ipv4/tcp_ecn', 1)
        site.undo.append(lambda n=name, o=old: site.net[n].sysctl(
            'ipv4/tcp_ecn', o))
    with wire.Tap(site.w101) as w101:
        sock = site.connect()
        assert ask(sock) == 'w101 nano'
        seen = [p for p in w101.drain() if p.dst == VIP]
    assert {p.tos & 0xfc for p in seen} == {0x20}
    assert seen[0].flags & 0xc0 == 0xc0, 'SYN with ECE and CWR'
    assert {p.tos & 3 for p in seen if p.payload} == {2}, 'ECT(0)'


# Reasons of dsr_rs that ordinary traffic does not provoke. lv2 sends the
# frames, without the balancer.

@pytest.fixture
def wired(site):
    site.w101.dsrctl(f'real add vip {VIP}')
    with wire.Tap(site.lv2, 'eth1') as tap:
        def send(packet, mac=mac_of(W101)):
            tap.send(packet, mac)
        yield site, send


def counted(site, reasons_before, **wanted):
    def same():
        now = genl.reasons(site.w101, 'dsr_rs')
        return all(now[name] - reasons_before[name] == number
                   for name, number in wanted.items())
    wait_for(f'counted: {wanted}; before: {reasons_before}', same)


def test_reasons_pass(wired):
    site, send = wired
    before = genl.reasons(site.w101, 'dsr_rs')
    send(wire.udp(4000), 'ff:ff:ff:ff:ff:ff')
    counted(site, before, pass_not_to_this_host=1)
    send(wire.ip(b'\0' * 20, 47))
    counted(site, before, pass_protocol=1)
    send(wire.icmp_echo(type_=0))
    counted(site, before, pass_icmp_not_error=1)
    send(wire.icmp_error(3, 1, wire.tcp(80, 9, src=VIP, dst=CLIENT)[:28]))
    counted(site, before, pass_icmp_unrelated=1)
    send(wire.udp(4000, 9, dst=W101, length=4))
    counted(site, before, pass_malformed=1)
    assert genl.reasons(site.w101, 'dsr_rs')['delivered'] == \
        before['delivered']


def test_reasons_drop(wired):
    site, send = wired
    before = genl.reasons(site.w101, 'dsr_rs')
    for number, packet in enumerate((
            wire.udp(4000, length=4), wire.udp(4000, length=400),
            wire.tcp(4000, doff=4), wire.tcp(4000, doff=15),
            wire.ip(b'\0' * 6, 6)), 1):
        send(packet)
        counted(site, before, drop_malformed=number)
    for number, source in enumerate(('224.0.0.1', '255.255.255.255', '0.0.0.0',
                                     '127.0.0.1', VIP), 1):
        send(wire.udp(4000, src=source))
        counted(site, before, drop_bad_source=number)


def test_reasons_fragment(wired):
    """A fragment that rules keep from reassembly passes unchanged."""
    site, send = wired
    site.w101.nft('''
        table ip early { chain prerouting {
            type filter hook prerouting priority -450;
            ip frag-off & 0x3fff != 0 notrack
        }
        }''')
    before = genl.reasons(site.w101, 'dsr_rs')
    send(wire.ip(wire.udp(4000, 9, b'x' * 100)[20:68], 17, frag=wire.MF))
    counted(site, before, pass_fragment=1)


def test_reasons_raw_socket(wired):
    """Packets of raw sockets are checked with the same care."""
    site, _ = wired
    before = genl.reasons(site.w101, 'dsr_rs')
    sock = site.w101.socket(socket.AF_INET, socket.SOCK_RAW, 255)
    site.sockets.append(sock)
    for packet in (wire.tcp(80, 4000, src=W101, dst=CLIENT, doff=4),
                   wire.udp(7, 4000, src=W101, dst=CLIENT, length=3),
                   wire.ip(b'\0' * 3, 6, src=W101, dst=CLIENT),
                   wire.ip(b'\0' * 3, 1, src=W101, dst=CLIENT)):
        sock.sendto(packet, (CLIENT, 0))
    counted(site, before, pass_malformed=4)
    sock.sendto(wire.udp(7, 4000, b'x' * 32, src=W101, dst=CLIENT),
                (CLIENT, 0))
    counted(site, before, pass_no_flow=1)


def test_reasons_own_address(site):
    """A rule for the machine's own address does nothing."""
    site.w101.dsrctl(f'real add vip {W101}')
    before = genl.reasons(site.w101, 'dsr_rs')
    # from a port that no flow of an earlier test can have at the socket
    assert site.curl('--local-port', '61001',
                     f'http://{W101}/') == 'w101 nano\n'
    now = genl.reasons(site.w101, 'dsr_rs')
    assert now['pass_own_address'] > before['pass_own_address']
    assert now['delivered'] == before['delivered']


def test_reasons_tos_to_own_address(site):
    site.w101.dsrctl(f'real add tos {TOS}')
    before = genl.reasons(site.w101, 'dsr_rs')
    with wire.Tap(site.lv2, 'eth1') as tap:
        # from a port that no flow of an earlier test can have at the socket
        tap.send(wire.tcp(61002, dst=W101, tos=0x20), W101)
    counted(site, before, pass_tos_not_vip=1, delivered=0)


def test_reasons_no_address(wired):
    """Without an address a device cannot deliver packets."""
    site, send = wired
    site.undo.append(lambda: site.rebuild('w101'))
    site.w101.ip(f'addr del {W101}/24 dev eth0')
    before = genl.reasons(site.w101, 'dsr_rs')
    send(wire.udp(4000))
    counted(site, before, drop_no_local_address=1)


def test_reasons_table_full(one):
    # flows of other tests that have ended would be replaced
    one.net.reload('dsr_rs')
    one.w101.dsrctl(f'real add vip {VIP}')
    one.echo('w101')
    one.w101.dsrctl('flow set max 16')
    first = one.udp()
    exchange(first, [b'x'] * 3, window=1)
    while genl.table(one.w101, 'dsr_rs')[0] < 16:
        exchange(one.udp(), [b'x'] * 3, window=1)
    before = genl.reasons(one.w101, 'dsr_rs')
    one.udp().send(b'x')
    counted(one, before, drop_flow_table_full=1)
    # flows in the table continue
    exchange(first, [b'x'] * 3, window=1)


@pytest.mark.stock
def test_reasons_no_port(wired):
    """All ports of a client are in use at the socket: the flow has no port."""
    site, send = wired
    # so many flows would only slow down later tests
    site.undo.append(lambda: (site.net.unload('dsr_rs'),
                              site.net.load('dsr_rs')))
    sink = site.w101.socket(socket.AF_INET, socket.SOCK_DGRAM)
    site.sockets.append(sink)
    sink.bind(('0.0.0.0', 9))
    before = genl.reasons(site.w101, 'dsr_rs')
    with wire.Tap(site.lv2, 'eth1') as tap:
        frame = bytearray(wire.frame(wire.udp(1, 9, csum=False), W101,
                                     '10.10.30.12'))
        for port in range(1024, 65536):
            struct.pack_into('>H', frame, 34, port)
            tap.sock.send(frame)
    counted(site, before, delivered=65536 - 1024)
    site.w101.dsrctl(f'real add vip {VIP2}')
    send(wire.udp(4000, 9, dst=VIP2))
    counted(site, before, drop_no_free_port=1)


def test_closed_by_server(one):
    """RST and FIN of the server pass, from the VIP."""
    sock = one.connect()
    sock.sendall(b'nonsense\r\n\r\n')
    data = b''
    while more := sock.recv(4096):
        data += more
    assert b'400' in data


def test_flows_shown(one):
    """dsrctl and /proc show the flow with both sides."""
    one.w101.dsrctl('real flush')
    one.w101.dsrctl(f'real add vip {VIP} proto tcp port 80 to 8080')
    sock = one.connect()
    port = sock.getsockname()[1]
    assert ask(sock) == 'w101 port 8080'
    flows = [flow for flow in one.w101.show('flow show')
             if flow['sport'] == port and flow['proto'] == 'tcp']
    assert len(flows) == 1
    assert (flows[0]['src'], flows[0]['dst'], flows[0]['dport'],
            flows[0]['state']) == (CLIENT, VIP, 80, 'established')
    assert f'{CLIENT}:{port}' in one.w101.read('/proc/net/dsr_rs/flows')
    assert VIP in one.w101.read('/proc/net/dsr_rs/rules')
    assert 'delivered' in one.w101.read('/proc/net/dsr_rs/stats')


@pytest.mark.smp
def test_accept_many(one):
    """A few thousand flows at once."""
    number = 3000 // SCALE
    one.echo('w101')
    with wire.Tap(one.client) as client:
        for port in range(10000, 10000 + number):
            client.send(wire.udp(port, 7, b'x'), '10.10.31.11')
        wait_for('an answer to each', lambda: len(
            {p.dport for p in client.drain()
             if p.src == VIP and p.proto == 17}) == number)
    assert W102 not in one.backends()
