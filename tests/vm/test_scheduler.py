# SPDX-License-Identifier: GPL-2.0
"""Each scheduler, and overloaded backends, as clients see them.

Complaint 5 about other balancers, that connection synchronization loses
entries: test_two_balancers, test_takeover. There is no synchronization.
"""

import collections
import socket
import time

import pytest

import wire
from host import wait_for
from network import VIP, W101, W102
from traffic import ask

NAMES = {W101: 'w101', W102: 'w102'}
ALL = ('rr', 'wrr', 'lc', 'wlc', 'sed', 'nq', 'sh', 'dh', 'fo', 'ovf', 'twos',
       'maglev')
# of these, the ones that remember a connection from its first packet on
REMEMBERING = [name for name in ALL if name not in ('sh', 'dh', 'maglev')]


def begin(site, options, **more):
    """The scenario's service, once connections of earlier tests have ended.

    Connections that earlier tests closed may still be ending, and count too.
    """
    site.balance(options, **more)

    def quiet():
        site.lv1.dsrctl('connection flush')
        time.sleep(0.3)
        return not site.connections()
    wait_for('an end of earlier connections', quiet)


def hold(site, number):
    """Open connections, one after the other: the server of each."""
    homes = []
    for _ in range(number):
        sock = site.connect()
        # closed by a reset, to leave no state for the next test
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        b'\1\0\0\0\0\0\0\0')
        # with the answer, the balancer has seen the connection established
        homes.append(ask(sock)[:4])
    return homes


def homes_of(site, packets, host='lv1', flows=None):
    """The server that a balancer chooses for each packet: {(src, sport):
    name}.

    The servers do not answer. For FLOWS of several packets the SYN decides.
    """
    front = {'lv1': '10.10.31.11', 'lv2': '10.10.31.12'}[host]
    homes = {}
    with wire.Tap(site.client) as client, wire.Tap(site.w101) as w101, \
            wire.Tap(site.w102) as w102:
        for packet in packets:
            client.send(packet, front)

        def all_there():
            homes.clear()
            for name, tap in (('w101', w101), ('w102', w102)):
                for packet in tap.drain():
                    if packet.flags == wire.SYN:
                        homes[packet.src, packet.dst, packet.sport] = name
            return len(homes) == (flows or len(packets))
        wait_for('every packet at a server', all_there)
    return homes


# With weights 3 and 1, without an ended connection.
HELD = {
    'lc': '101 102 101 102 101 102',
    'wlc': '101 102 101 101 101 102',
    'sed': '101 101 101 102 101 101',
    'nq': '101 102 101 101 101 101',
    'fo': '101 101 101 101 101 101',
    'ovf': '101 101 101 102',
}


@pytest.mark.parametrize('name', HELD)
def test_held(site, name, reasons):
    """Each server gets the scheduler's share of open connections."""
    expected = [f'w{number}' for number in HELD[name].split()]
    begin(site, f'scheduler {name}', weights={'w101': 3, 'w102': 1})
    assert hold(site, len(expected)) == expected
    counts = collections.Counter(expected)
    assert all(one['active'] == counts[NAMES[address]]
               for address, one in site.backends().items())
    if name == 'ovf':
        since = reasons('lv1')
        with pytest.raises(ConnectionRefusedError):
            site.connect()
        assert since['drop_no_backend'] == 1


def test_least_connections(site):
    """The server whose clients have gone gets the next connections."""
    begin(site, 'scheduler lc')
    assert hold(site, 6) == ['w101', 'w102'] * 3
    for sock in site.sockets[1::2]:
        sock.close()
    wait_for('w102 is idle', lambda: site.backends()[W102]['active'] == 0)
    assert hold(site, 3) == ['w102'] * 3


def test_twos(site):
    """Both servers get connections."""
    begin(site, 'scheduler twos')
    counts = collections.Counter(hold(site, 60))
    # The backend with more connections gets one only if it is drawn twice: a
    # difference of 14 has a probability of 7 in 10 million.
    assert abs(counts['w101'] - counts['w102']) <= 12


def test_failover(site):
    """All go to the first; without the first all go to the second."""
    site.balance('scheduler fo', weights={'w101': 1, 'w102': 2})
    assert site.replies(6) == {'w102 desu': 6}
    site.lv1.dsrctl(f'backend set fwmark 1 via {W102} weight 0 force')
    assert site.replies(6) == {'w101 nano': 6}
    site.lv1.dsrctl(f'backend set fwmark 1 via {W102} weight 2')
    assert site.replies(6) == {'w102 desu': 6}
    site.lv1.dsrctl(f'backend delete fwmark 1 via {W102} force')
    assert site.replies(6) == {'w101 nano': 6}


def test_source_hash(site):
    """A client always gets the same server, also with other connections."""
    sources = [f'10.10.31.{number}' for number in range(201, 217)]
    site.client.ip('\n'.join(f'addr add {source}/32 dev eth0'
                             for source in sources))
    site.undo.append(lambda: site.client.ip('\n'.join(
        f'addr del {source}/32 dev eth0' for source in sources)))
    site.balance('scheduler sh')

    def homes():
        return {source: {ask(site.connect(source=source))[:4]
                         for _ in range(2)} for source in sources}
    before = homes()
    assert all(len(names) == 1 for names in before.values())
    assert {name for names in before.values() for name in names} == {
        'w101', 'w102'}
    # They stay with any change of the others.
    site.lv1.configure(f'''
        backend delete fwmark 1 via {W101}
        backend add fwmark 1 via {W101}
        connection flush
    ''')
    assert homes() == before
    # By address and port, one client gets both servers. The kernel chooses the
    # ports: it takes many, to reach both servers for sure.
    site.lv1.dsrctl('service set fwmark 1 hash source-port')
    assert set(hold(site, 30)) == {'w101', 'w102'}


def test_destination_hash(site):
    """All connections to a VIP go to the same server."""
    site.lv1.nft('add rule ip mangle prerouting '
                 'ip daddr 10.10.31.112/28 meta mark set 1')
    site.balance('scheduler dh', rule='')
    vips = [f'10.10.31.{number}' for number in range(112, 128)]
    homes = homes_of(site, [wire.tcp(port, dst=vip) for vip in vips
                            for port in (4000, 4001, 4002)])
    by_vip = collections.defaultdict(set)
    for (_, vip, _), name in homes.items():
        by_vip[vip].add(name)
    assert all(len(names) == 1 for names in by_vip.values())
    assert {name for names in by_vip.values() for name in names} == {
        'w101', 'w102'}


@pytest.mark.smoke
def test_two_balancers(site):
    """With maglev two balancers agree without communication."""
    site.balance('scheduler maglev', rule='')
    site.lv2.configure(f'''
        service add fwmark 1 scheduler mh
        backend add fwmark 1 via {W102}
        backend add fwmark 1 via {W101}
    ''')
    assert [site.services(host)[0]['scheduler'] for host in ('lv1', 'lv2')] \
        == ['maglev', 'maglev']
    packets = [wire.tcp(port) for port in range(4000, 4200)]
    first = homes_of(site, packets)
    assert homes_of(site, packets, 'lv2') == first
    share = collections.Counter(first.values())
    assert 60 < share['w101'] < 140
    # as after a restart without any memory
    site.lv1.configure(f'''
        service flush
        connection flush
        service add fwmark 1 scheduler maglev
        backend add fwmark 1 via {W102}
        backend add fwmark 1 via {W101} weight 0
        backend set fwmark 1 via {W101} weight 1
    ''')
    assert homes_of(site, packets) == first
    # one client, one server
    site.lv1.configure('''
        service set fwmark 1 hash source
        connection flush
    ''')
    assert len(set(homes_of(site, packets).values())) == 1


@pytest.mark.smoke
def test_takeover(site):
    """With maglev connections continue through another balancer."""
    begin(site, 'scheduler maglev')
    # The kernel chooses the ports: it takes many, to reach both servers for sure.
    homes = hold(site, 30)
    assert set(homes) == {'w101', 'w102'}
    site.lv2.configure(f'''
        service add fwmark 1 scheduler maglev
        backend add fwmark 1 via {W101}
        backend add fwmark 1 via {W102}
    ''')
    site.undo.append(lambda: site.client.ip(
        f'route replace {VIP} via 10.10.31.10'))
    site.client.ip(f'route replace {VIP} via 10.10.31.12')
    assert [ask(sock)[:4] for sock in site.sockets] == homes
    assert {one['sport'] for one in site.connections('lv2')} == {
        sock.getsockname()[1] for sock in site.sockets}


def test_options(site):
    """Options that the scheduler does not have are reset with the next one."""
    def shown():
        one = site.services()[0]
        return (one['scheduler'], one['hash'], one['table_size'],
                one['choices'])

    site.lv1.dsrctl('service add fwmark 1')
    assert shown() == ('rr', None, None, None)
    for words, expected in (
            ('scheduler maglev', ('maglev', 'source-port', 65521, 1)),
            ('table-size 251', ('maglev', 'source-port', 251, 1)),
            ('hash source', ('maglev', 'source', 251, 1)),
            ('choices 2', ('maglev', 'source', 251, 2)),
            ('table-size 509', ('maglev', 'source', 509, 2)),
            ('scheduler sh', ('sh', 'source', None, None)),
            ('hash source-port', ('sh', 'source-port', None, None)),
            ('hash default', ('sh', 'source', None, None)),
            ('scheduler mh', ('maglev', 'source-port', 65521, 1)),
            ('hash source table-size 1021', ('maglev', 'source', 1021, 1)),
            ('scheduler wlc', ('wlc', None, None, None)),
            ('scheduler maglev choices 2',
             ('maglev', 'source-port', 65521, 2)),
            ('choices 1', ('maglev', 'source-port', 65521, 1)),
            ('table-size 131071', ('maglev', 'source-port', 131071, 1)),
            ('table-size 0', ('maglev', 'source-port', 65521, 1))):
        site.lv1.dsrctl(f'service set fwmark 1 {words}')
        assert shown() == expected, words
    assert 'scheduler maglev hash source-port table-size 65521 path' in \
        site.lv1.read('/proc/net/dsr/services')
    site.lv1.dsrctl('service replace fwmark 1 scheduler sh hash source-port')
    site.lv1.dsrctl('service replace fwmark 1 scheduler sh')
    assert shown() == ('sh', 'source', None, None)


def test_thresholds(site, reasons):
    """An overloaded server keeps its connections and gets no new ones."""
    begin(site, '')
    site.lv1.dsrctl(f'backend set fwmark 1 via {W101} upper 2 lower 1')
    assert hold(site, 6) == ['w101', 'w102', 'w101', 'w102', 'w102', 'w102']
    first, second = (site.backends()[address] for address in (W101, W102))
    assert (first['upper'], first['lower'], first['overloaded']) == (2, 1, True)
    assert (second['upper'], second['lower'], second['overloaded']) == (
        None, None, False)
    assert 'overloaded' in site.lv1.run('dsrctl', 'show').stdout
    assert f'via {W101} weight 1 upper 2 lower 1 up overloaded active 2 ' in \
        site.lv1.read('/proc/net/dsr/services')
    assert [ask(sock)[:4] for sock in site.sockets] == [
        'w101', 'w102', 'w101', 'w102', 'w102', 'w102']

    # No backend is left.
    site.lv1.dsrctl(f'backend set fwmark 1 via {W102} upper 4')
    since = reasons('lv1')
    with pytest.raises(ConnectionRefusedError):
        site.connect()
    assert since['drop_no_backend'] == 1
    assert ask(site.sockets[0]) == 'w101 nano'

    # The limit is higher now, but three quarters of it are still reached.
    site.lv1.dsrctl(f'backend set fwmark 1 via {W102} upper 5')
    assert site.backends()[W102]['overloaded']
    site.lv1.dsrctl(f'backend set fwmark 1 via {W102} upper 6')
    assert hold(site, 2) == ['w102'] * 2
    with pytest.raises(ConnectionRefusedError):
        site.connect()
    # A reset connection is not forgotten at once; this removes all of them.
    site.lv1.dsrctl('connection flush')
    assert not any(one['overloaded'] for one in site.backends().values())
    assert sorted(hold(site, 2)) == ['w101', 'w102']


@pytest.mark.parametrize('name', ['sh', 'maglev'])
def test_overloaded_hash(site, name):
    """The clients of an overloaded server move to the other one, and back."""
    begin(site, f'scheduler {name} hash source-port', rule='')
    packets = [wire.tcp(port) for port in range(4000, 4032)]
    before = homes_of(site, packets)
    site.lv1.configure(f'''
        connection flush
        backend set fwmark 1 via {W102} upper 1
    ''')
    # its first one already exceeds the limit, once it is established
    homes = homes_of(site, [one for port in range(4000, 4032) for one in (
        wire.tcp(port), wire.tcp(port, flags=wire.ACK))], flows=len(packets))
    assert list(homes.values()).count('w102') == 1
    assert all(home == 'w101' for flow, home in homes.items()
               if before[flow] == 'w101')
    site.lv1.configure(f'''
        backend set fwmark 1 via {W102} upper 0
        connection flush
    ''')
    assert homes_of(site, packets) == before


def test_change_of_schedulers_while_traffic_flows(lb):
    """Schedulers change one after the other, under load, without a loss.

    Except with a hash: it does not remember a SYN, so the next scheduler knows
    nothing of a connection that has sent only its SYN.
    """
    lines = []
    for turn, name in enumerate(REMEMBERING):
        # With ovf the weight is a number of connections: high enough here.
        lines.append(f'''
            backend set fwmark 1 via {W101} weight {turn + 1000}
            backend set fwmark 1 via {W102} weight {2000 - turn} upper {
                turn % 2 * 100000}
            service set fwmark 1 scheduler {name}
        ''')
    lb.change_under_load(lines)


def test_tables_in_a_container(site):
    """Root of a user namespace gets a few tables, not all."""
    done = site.lv1.run(
        'unshare', '--user', '--map-root-user', '--net', 'sh', '-c',
        '''i=0
        while [ $i -lt 100 ]; do
            i=$((i + 1))
            echo "service add fwmark $i scheduler maglev table-size 1048573"
        done | dsrctl -b -
        dsrctl -j service show
        dsrctl service delete fwmark 1 &&
            dsrctl service add fwmark 9 scheduler maglev table-size 1048573 &&
            dsrctl service add fwmark 10 scheduler maglev table-size 251 ||
            dsrctl service add fwmark 10 scheduler rr''', check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count('"maglev"') == 4, done.stderr
    assert done.stderr.count(
        'too many slots in the maglev tables of this container: choose a '
        'smaller table-size') == 2, done.stderr
