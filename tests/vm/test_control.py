# SPDX-License-Identifier: GPL-2.0
"""Bad input: one clear sentence, the exit status, and nothing changed."""

import os
import random
import struct
import subprocess

import pytest

import genl
from network import VIP, W101, Host, run
from traffic import DEBUG, SCALE

NO_SERVICE = "no such service: add it first with 'service add'"
LISTED = "'dsrctl {} show' lists those that there are"
NO_BACKEND = ("no such backend in this service: add it first with "
              "'backend add'")
RANGE = 'weight out of range: 0 to 65535'
LOWER = ('lower is above upper: a backend becomes overloaded at upper, and '
         'stays overloaded until below lower')
UNICAST = 'the backend\'s address must be unicast'

# host, command, exit status, sentence
REFUSED = [
    ('lv1', 'backend add fwmark 9 via 10.10.30.101', 2, NO_SERVICE),
    ('lv1', 'backend set fwmark 9 via 10.10.30.101 weight 1', 2, NO_SERVICE),
    ('lv1', 'service set fwmark 9 scheduler rr', 2, NO_SERVICE),
    ('lv1', 'service delete fwmark 9', 2, 'no such service: ' +
     LISTED.format('service')),
    ('lv1', 'service show fwmark 9', 2, 'no such service: ' +
     LISTED.format('service')),
    ('lv1', 'backend delete fwmark 9 via 10.10.30.101', 2,
     'no such service: ' + LISTED.format('backend')),
    ('lv1', 'service add fwmark 1', 2,
     "this service exists: change it with 'set' or 'replace'"),
    ('lv1', 'service add fwmark 0', 2,
     'fwmark 0 means that a packet has no mark: choose another'),
    ('lv1', 'service add fwmark 9 scheduler best', 2,
     'no such scheduler: there are rr, wrr, lc, wlc, sed, nq, sh, dh, fo, ovf, '
     'twos and maglev'),
    ('lv1', 'service set fwmark 1 hash source', 2,
     'only the schedulers sh and maglev have a hash: give one of them too'),
    ('lv1', 'service set fwmark 1 scheduler sh table-size 251', 2,
     'only the scheduler maglev has a table-size: give the scheduler too'),
    ('lv1', 'service set fwmark 1 scheduler mh table-size 4096', 2,
     'no such table-size: there are 251, 509, 1021, 2039, 4093, 8191, 16381, '
     '32749, 65521, 131071, 262139, 524287 and 1048573'),
    ('lv1', 'backend set fwmark 1 via 10.10.30.101 upper 4 lower 5', 2,
     LOWER),
    ('lv1', 'backend set fwmark 1 via 10.10.30.101 lower 1', 2, LOWER),
    ('lv1', 'backend add fwmark 1 via 10.10.30.109 upper 1 lower 2', 2,
     LOWER),
    ('lv1', 'backend add fwmark 1 via 10.10.30.101', 2,
     "this backend exists: change it with 'set' or 'replace'"),
    ('lv1', 'backend set fwmark 1 via 10.10.30.109 weight 2', 2, NO_BACKEND),
    ('lv1', 'backend delete fwmark 1 via 10.10.30.109', 2,
     'no such backend in this service: ' + LISTED.format('backend')),
    ('lv1', 'backend add fwmark 1 via 10.10.40.1', 2,
     'backend is not on-link: its route has the gateway 10.10.30.102'),
    ('lv1', 'backend add fwmark 1 via 192.0.2.1', 2,
     'no route to the backend: it must be on-link; if its device is in a VRF, '
     'add a route to the main table, as \'ip route add ADDR dev DEV\''),
    ('lv1', 'backend add fwmark 1 via 10.10.30.255', 2, UNICAST),
    ('lv1', 'backend add fwmark 1 via 224.0.0.1', 2, UNICAST),
    ('lv1', 'backend add fwmark 1 via 255.255.255.255', 2, UNICAST),
    ('lv1', 'backend add fwmark 1 via 0.0.0.0', 2, UNICAST),
    ('lv1', 'backend add fwmark 1 via 10.10.30.109 weight 65536', 2, RANGE),
    ('lv1', 'backend set fwmark 1 via 10.10.30.101 weight 4000000000', 2,
     RANGE),
    ('lv1', 'connection set max 15', 2,
     'max out of range: 16 to 67108864'),
    ('lv1', 'connection set max 67108865', 2,
     'max out of range: 16 to 67108864'),
    ('w101', 'real add vip 224.0.0.1', 2,
     'the VIP must not be a multicast address'),
    ('w101', 'real add vip 239.255.255.250 proto udp port 1900', 2,
     'the VIP must not be a multicast address'),
    ('w101', 'real add vip 127.0.0.1', 2,
     'the VIP must not be a loopback address'),
    ('w101', 'real add vip 0.0.0.0', 2, 'the VIP must not be in 0.0.0.0/8'),
    ('w101', 'real add vip 255.255.255.255', 2,
     'the VIP must not be a broadcast address'),
    ('w101', 'real add vip 10.10.30.255', 2,
     'the VIP must not be a broadcast address'),
    ('w101', 'real add vip 10.10.31.100 proto tcp port 0', 2,
     'port 0 cannot be served'),
    ('w101', 'real add vip 10.10.31.100 proto tcp port 80 to 0', 2,
     'the local port must not be 0'),
    ('w101', 'real add vip 10.10.31.100 port 80', 2,
     'a port needs a protocol: give proto tcp, udp or sctp'),
    ('w101', 'real add vip 10.10.31.100', 2,
     'this rule exists: change its target with \'replace\''),
    ('w101', 'real delete vip 10.10.31.101', 2, 'no such rule'),
    ('w101', 'flow set max 1', 2,
     'max out of range: 16 to 67108864'),
    # mistakes that dsrctl itself finds
    ('lv1', 'service add', 1, 'one of fwmark and vip is missing'),
    ('lv1', 'service add fwmark 1x', 1, 'is not a number'),
    ('lv1', 'service add fwmark 4294967296', 1, 'is out of range'),
    ('lv1', 'service add fwmark 2 path somewhere', 1, 'unknown path'),
    ('lv1', 'service add fwmark 2 hash somewhat', 1, 'unknown hash'),
    ('lv1', 'backend add fwmark 1 via 10.10.30.300', 1,
     'is not an IP address'),
    ('lv1', 'service frobnicate', 1, 'unknown command'),
    ('lv1', 'frobnicate', 1, 'unknown object'),
    ('w101', 'real add vip 10.10.31.100 proto tcp port 65536', 1,
     'is out of range'),
]


@pytest.fixture
def gateway(lb):
    lb.lv1.ip('route add 10.10.40.0/24 via 10.10.30.102')
    lb.undo.append(lambda: lb.lv1.ip('route del 10.10.40.0/24'))
    return lb


def test_refused(gateway):
    """Every case of the table above, in one test, since they are cheap."""
    wrong = []
    for host, command, status, sentence in REFUSED:
        before = gateway.state(host)
        done = gateway.net[host].dsrctl(command, check=False)
        lines = done.stderr.splitlines()
        if (done.returncode, len(lines), done.stdout) != (status, 1, '') or \
                sentence not in lines[0] or not lines[0].startswith('dsrctl: '):
            wrong.append(f'{command}: status {done.returncode} not {status}, '
                         f'or not {sentence!r}: {done.stdout}{done.stderr}')
        if gateway.state(host) != before:
            wrong.append(f'{command}: changed something')
    assert not wrong, '\n'.join(wrong)


@pytest.mark.smoke
def test_refused_off_link(gateway):
    """On every kernel the message names the gateway."""
    done = gateway.lv1.dsrctl('backend add fwmark 1 via 10.10.40.1',
                              check=False)
    assert (done.returncode, done.stderr) == (
        2, 'dsrctl: backend is not on-link: its route has the gateway '
        '10.10.30.102\n')


def test_batch_stops_at_an_error(lb):
    done = lb.lv1.dsrctl('-b', '-', check=False, stdin='''
        service add fwmark 5
        service add fwmark 1
        service add fwmark 6
    ''')
    assert done.returncode == 2
    assert "this service exists" in done.stderr
    assert [one['fwmark'] for one in lb.services()] == [1, 5]


def test_version(lb):
    """The modules have the tool's version."""
    done = lb.lv1.dsrctl('-V')
    own, *loaded = done.stdout.splitlines()
    number = own.removeprefix('dsrctl ')
    assert {f'dsr_lb {number}', f'dsr_rs {number}'} <= set(loaded)
    assert done.stderr == ''


# Permissions

PRIVILEGED = {
    'lv1': ('service add fwmark 9', 'service flush', 'connection show',
            'connection flush', 'connection set max 100', 'show',
            f'backend set fwmark 1 via {W101} weight 9'),
    'w101': (f'real add vip {VIP} proto tcp', 'real flush', 'flow show',
             'real show', 'flow set max 100'),
}


def test_without_privilege(lb):
    for host, commands in PRIVILEGED.items():
        before = lb.state(host)
        for command in commands:
            done = lb.net[host].run(
                'setpriv', '--reuid=65534', '--regid=65534', '--clear-groups',
                'dsrctl', *command.split(), check=False)
            assert done.returncode == 2, command
            assert done.stdout == '', command
            assert done.stderr == ('dsrctl: permission denied: this needs '
                                   'CAP_NET_ADMIN (run dsrctl as root)\n')
        assert lb.state(host) == before
    # counters are public
    assert lb.lv1.run('setpriv', '--reuid=65534', '--clear-groups', 'dsrctl',
                      'stats').returncode == 0


def test_user_namespace(lb):
    """Root of a container controls its own network, and no other."""
    before = lb.state('lv1')
    done = lb.lv1.run('unshare', '-Ur', 'dsrctl', 'service', 'flush',
                      check=False)
    assert done.returncode == 2 and 'permission denied' in done.stderr
    assert lb.state('lv1') == before
    done = lb.lv1.run('unshare', '-Urn', 'sh', '-ec', '''
        dsrctl service add fwmark 9
        dsrctl -j service show
        dsrctl real add vip 192.0.2.1
        ! dsrctl connection set max 60000000
    ''')
    assert '"fwmark":9' in done.stdout.replace(' ', '')
    assert 'conn_max' in done.stderr
    assert lb.state('lv1') == before


# Netlink by hand

ETH0, ETH1 = 77, 78             # their indices in the box


def path(ifindex, *attrs):
    return genl.nest(genl.A_PATH, genl.u32(genl.PATH_IFINDEX, ifindex), *attrs)


@pytest.fixture
def box(site):
    """A namespace for damaged requests, with an object of each kind."""
    run('ip', 'netns', 'add', 'box')
    host = site.net.hosts['box'] = Host('box')

    def undo():
        site.net.hosts.pop('box')
        run('ip', 'netns', 'del', 'box')
    site.undo.append(undo)
    host.ip(f'''
        link set lo up
        link add name eth0 index {ETH0} type veth peer name eth1 index {ETH1}
        addr add 10.0.0.1/24 dev eth0
        link set eth0 up
        link set eth1 up
    ''')
    fill(host)
    return host


def fill(host):
    with host.at(), genl.Genl('dsr') as lb, genl.Genl('dsr_rs') as rs:
        lb.ask(genl.SERVICE_FLUSH)
        lb.ask(genl.PATH_FLUSH)
        lb.ask(genl.PATH_ADD, path(ETH0))
        rs.ask(genl.RULE_FLUSH)
        for mark in (1, 2):
            lb.ask(genl.SERVICE_ADD, genl.service(mark))
            for number in (2, 3):
                lb.ask(genl.BACKEND_ADD, genl.service(mark) + genl.backend(
                    f'10.0.0.{number}'))
        rs.ask(genl.RULE_ADD, genl.nest(genl.A_RULE, genl.addr(
            genl.RULE_VIP, '192.0.2.1')))
        rs.ask(genl.RULE_ADD, genl.nest(
            genl.A_RULE, genl.u8(genl.RULE_TOS, 0x20),
            genl.u8(genl.RULE_TOS_MASK, 0xfc)))
        rs.ask(genl.SILENCE_FLUSH)
        rs.ask(genl.SILENCE_ADD, silence('192.0.2.7'))


def silence(address, *more):
    return genl.nest(genl.A_SILENCE, genl.addr(genl.SILENCE_ADDR, address),
                     *more)


def state(host):
    with host.at(), genl.Genl('dsr') as lb, genl.Genl('dsr_rs') as rs:
        # of paths what was configured, which comes first
        return (lb.dump(genl.SERVICE_GET), lb.dump(genl.BACKEND_GET),
                rs.dump(genl.RULE_GET), rs.dump(genl.SILENCE_GET), [
                    dict(attrs)[genl.A_PATH][:16]
                    for _, attrs in lb.dump(genl.PATH_GET)],
                genl.table(host)[1],
                genl.table(host, 'dsr_rs')[1])


def valid():
    """A valid request of every kind: (family, command, payload, dump)."""
    mark3 = genl.service(3, genl.string(genl.SERVICE_SCHEDULER, 'wrr'),
                         genl.u8(genl.SERVICE_PATH, 1),
                         genl.u8(genl.SERVICE_TOS, 0x20),
                         genl.u8(genl.SERVICE_TOS_MASK, 0xfc),
                         genl.u32(genl.SERVICE_PROBE_MARKS, 1000))
    mark1 = genl.service(1, genl.string(genl.SERVICE_SCHEDULER, 'wrr'),
                         genl.u32(genl.SERVICE_PROBE_MARKS, 1000))
    new = genl.service(1) + genl.backend('10.0.0.9', genl.u32(
        genl.BACKEND_WEIGHT, 7))
    old = genl.service(1) + genl.backend('10.0.0.2', genl.u32(
        genl.BACKEND_WEIGHT, 7))
    limit = genl.nest(genl.A_TABLE, genl.u32(genl.TABLE_MAX, 1000))
    rule = genl.nest(genl.A_RULE, genl.addr(genl.RULE_VIP, '192.0.2.2'),
                     genl.u8(genl.RULE_PROTO, 6),
                     genl.be16(genl.RULE_PORT, 80),
                     genl.be16(genl.RULE_TO_PORT, 8080))
    tos = genl.nest(genl.A_RULE, genl.u8(genl.RULE_TOS, 0x20),
                    genl.u8(genl.RULE_TOS_MASK, 0xfc))
    return [
        ('dsr', genl.SERVICE_ADD, mark3, False),
        ('dsr', genl.SERVICE_SET, mark1, False),
        ('dsr', genl.SERVICE_REPLACE, mark3, False),
        ('dsr', genl.SERVICE_DELETE, genl.service(1), False),
        ('dsr', genl.SERVICE_GET, genl.service(1), False),
        ('dsr', genl.SERVICE_GET, b'', True),
        ('dsr', genl.BACKEND_ADD, new, False),
        ('dsr', genl.BACKEND_SET, old, False),
        ('dsr', genl.BACKEND_REPLACE, new, False),
        ('dsr', genl.BACKEND_DELETE, genl.service(1) + genl.backend(
            '10.0.0.2'), False),
        ('dsr', genl.BACKEND_GET, b'', True),
        ('dsr', genl.BACKEND_GET, genl.service(1), True),
        ('dsr', genl.CONNECTION_GET, b'', True),
        ('dsr', genl.CONNECTION_SET, limit, False),
        ('dsr', genl.CONNECTION_FLUSH, b'', False),
        ('dsr', genl.STATS_GET, b'', False),
        ('dsr', genl.SERVICE_FLUSH, b'', False),
        ('dsr', genl.PATH_ADD, path(ETH1), False),
        ('dsr', genl.PATH_SET, path(ETH0, genl.u32(
            genl.PATH_RECHECK, 1000)), False),
        ('dsr', genl.PATH_REPLACE, path(ETH1, genl.u32(
            genl.PATH_RECHECK, 1000)), False),
        ('dsr', genl.PATH_DELETE, path(ETH0), False),
        ('dsr', genl.PATH_GET, b'', True),
        ('dsr', genl.PATH_FLUSH, b'', False),
        ('dsr_rs', genl.RULE_ADD, rule, False),
        ('dsr_rs', genl.RULE_REPLACE, tos, False),
        ('dsr_rs', genl.RULE_DELETE, tos, False),
        ('dsr_rs', genl.RULE_GET, b'', True),
        ('dsr_rs', genl.FLOW_GET, b'', True),
        ('dsr_rs', genl.FLOW_SET, limit, False),
        ('dsr_rs', genl.RS_STATS_GET, b'', False),
        ('dsr_rs', genl.RULE_FLUSH, b'', False),
        ('dsr_rs', genl.SILENCE_ADD, silence('192.0.2.8'), False),
        ('dsr_rs', genl.SILENCE_REPLACE, silence('192.0.2.7', genl.string(
            genl.SILENCE_DEV, 'eth0')), False),
        ('dsr_rs', genl.SILENCE_DELETE, silence('192.0.2.7'), False),
        ('dsr_rs', genl.SILENCE_GET, b'', True),
        ('dsr_rs', genl.SILENCE_FLUSH, b'', False),
    ]


def flags_of(dump):
    return genl.NLM_F_DUMP if dump else genl.NLM_F_ACK


def test_all_commands_work(box):
    """The requests that the tests below damage are valid."""
    for family, command, payload, dump in valid():
        fill(box)
        with box.at(), genl.Genl(family) as sock:
            sock.ask(command, payload, flags_of(dump))


def refused(sock, *argv, **fields):
    with pytest.raises(genl.Refused) as caught:
        sock.ask(*argv, **fields)
    return caught.value


def test_ruined_requests(box):
    """Unknown attributes, wrong sizes, missing keys, reserved bits."""
    before = state(box)
    with box.at(), genl.Genl('dsr') as lb, genl.Genl('dsr_rs') as rs:
        socks = {'dsr': lb, 'dsr_rs': rs}
        for family, command, payload, dump in valid():
            flags = flags_of(dump)
            sock = socks[family]
            what = f'{family} command {command}'
            # an unknown attribute
            error = refused(sock, command, payload + genl.u32(99, 1), flags)
            assert error.sentence, what
            # no bytes after the last attribute
            error = refused(sock, command, payload + b'\1\2\3\4', flags)
            assert error.errno, what
            # reserved header bits
            refused(sock, command, payload, flags, reserved=1)
            if not payload:
                continue
            # an unknown attribute of the nest
            ruined = bytearray(payload + genl.u32(77, 1))
            length, kind = struct.unpack_from('HH', ruined)
            if length == len(payload):
                struct.pack_into('HH', ruined, 0, length + 8, kind)
                error = refused(sock, command, bytes(ruined), flags)
                assert error.sentence, what
            # no nest flag
            ruined = bytearray(payload)
            struct.pack_into('H', ruined, 2, kind & 0x3fff)
            error = refused(sock, command, bytes(ruined), flags)
            assert error.sentence, what
            # the first attribute of the nest too short, and too long
            for size in (1, 64):
                inner = genl.attr(struct.unpack_from('H', payload, 6)[0],
                                  b'\1' * size)
                if size == 1 and struct.unpack_from('H', payload, 4)[0] == 5:
                    continue
                error = refused(sock, command, genl.attr(
                    kind & 0x3fff, inner, True), flags)
                assert error.sentence, what
            # an empty nest
            error = refused(sock, command, genl.attr(kind & 0x3fff, b'',
                                                     True), flags)
            assert error.sentence, what
    assert state(box) == before


def test_every_refusal_has_a_sentence(box):
    """The modules themselves refuse each invalid request, with a sentence."""
    s, b, r, t = (genl.A_SERVICE, genl.A_BACKEND, genl.A_RULE, genl.A_TABLE)
    vip = genl.addr(genl.RULE_VIP, '192.0.2.9')
    cases = [
        ('dsr', genl.SERVICE_ADD, b''),
        ('dsr', genl.SERVICE_ADD, genl.nest(s)),
        ('dsr', genl.SERVICE_ADD, genl.service(0)),
        ('dsr', genl.SERVICE_ADD, genl.service(3, genl.u8(
            genl.SERVICE_PATH, 2))),
        ('dsr', genl.SERVICE_ADD, genl.service(3, genl.u8(
            genl.SERVICE_TOS, 2))),
        ('dsr', genl.SERVICE_ADD, genl.service(3, genl.u8(
            genl.SERVICE_TOS_MASK, 2))),
        ('dsr', genl.SERVICE_ADD, genl.service(
            3, genl.u8(genl.SERVICE_TOS, 3),
            genl.u8(genl.SERVICE_TOS_MASK, 0xfc))),
        ('dsr', genl.SERVICE_ADD, genl.service(3, genl.string(
            genl.SERVICE_SCHEDULER, ''))),
        ('dsr', genl.SERVICE_ADD, genl.service(3, genl.attr(
            genl.SERVICE_SCHEDULER, b'rr'))),       # no NUL
        ('dsr', genl.SERVICE_ADD, genl.service(3, genl.string(
            genl.SERVICE_SCHEDULER, 'r' * 5000))),
        # attributes of replies only
        ('dsr', genl.SERVICE_ADD, genl.service(3, genl.u32(6, 1))),
        ('dsr', genl.SERVICE_ADD, genl.service(3, genl.nest(7))),
        ('dsr', genl.BACKEND_ADD, genl.service(1)),
        ('dsr', genl.BACKEND_ADD, genl.service(1) + genl.nest(b)),
        ('dsr', genl.BACKEND_ADD, genl.backend('10.0.0.5')),
        ('dsr', genl.BACKEND_ADD, genl.service(1) + genl.backend(
            '10.0.0.5', genl.u32(3, 1))),
        ('dsr', genl.BACKEND_ADD, genl.service(1) + genl.backend(
            '10.0.0.5', genl.u32(genl.BACKEND_WEIGHT, 65536))),
        ('dsr', genl.BACKEND_DELETE, genl.service(1)),
        ('dsr', genl.CONNECTION_SET, b''),
        ('dsr', genl.CONNECTION_SET, genl.nest(t)),
        ('dsr', genl.CONNECTION_SET, genl.nest(t, genl.u32(
            genl.TABLE_ENTRIES, 100))),
        ('dsr', 77, b''),
        ('dsr', 0, b''),
        ('dsr_rs', genl.RULE_ADD, b''),
        ('dsr_rs', genl.RULE_ADD, genl.nest(r)),
        ('dsr_rs', genl.RULE_ADD, genl.nest(r, vip, genl.u8(
            genl.RULE_PROTO, 1))),
        ('dsr_rs', genl.RULE_ADD, genl.nest(r, vip, genl.u8(
            genl.RULE_TOS, 4))),
        ('dsr_rs', genl.RULE_ADD, genl.nest(r, genl.u8(
            genl.RULE_TOS_MASK, 4))),
        ('dsr_rs', genl.RULE_ADD, genl.nest(
            r, genl.u8(genl.RULE_TOS, 0), genl.u8(genl.RULE_TOS_MASK, 0))),
        ('dsr_rs', genl.RULE_ADD, genl.nest(
            r, genl.u8(genl.RULE_TOS, 0x40), genl.u8(genl.RULE_TOS_MASK, 3))),
        ('dsr_rs', genl.RULE_ADD, genl.nest(r, genl.be16(
            genl.RULE_PORT, 80))),
        ('dsr_rs', genl.RULE_ADD, genl.nest(r, vip, genl.nest(8))),
        ('dsr_rs', genl.FLOW_SET, b''),
        ('dsr_rs', genl.FLOW_SET, genl.nest(t)),
        ('dsr_rs', 77, b''),
    ]
    before = state(box)
    silent = []
    with box.at(), genl.Genl('dsr') as lb, genl.Genl('dsr_rs') as rs:
        for family, command, payload in cases:
            sock = lb if family == 'dsr' else rs
            error = refused(sock, command, payload)
            # the kernel answers an unknown command, without a sentence
            if not error.sentence and command not in (0, 77):
                silent.append(f'{family} {command} {payload.hex()}: {error}')
    assert not silent, '\n'.join(silent)
    assert state(box) == before


def test_truncated_requests(box):
    """A truncated request gets no answer, an error, or acts as a smaller one.
    """
    with box.at(), genl.Genl('dsr') as lb, genl.Genl('dsr_rs') as rs:
        socks = {'dsr': lb, 'dsr_rs': rs}
        for family, command, payload, dump in valid():
            sock = socks[family]
            for length in range(len(payload) + 20):
                whole = sock.message(command, payload, flags_of(dump))
                cut = whole[:length]
                # once with the true length, once with a wrong one
                for message in (cut, struct.pack('I', length) + cut[4:]):
                    sock.sock.send(message) if message else None
            drain(sock)
    fill(box)
    assert len(state(box)[0]) == 2


def drain(sock):
    sock.sock.setblocking(False)
    try:
        while True:
            sock.sock.recv(1 << 18)
    except (BlockingIOError, OSError):
        pass
    sock.sock.settimeout(20)


def test_mutated_requests(box):
    """Thousands of requests with random bytes changed."""
    random.seed(20061)
    requests = valid()
    with box.at(), genl.Genl('dsr') as lb, genl.Genl('dsr_rs') as rs:
        socks = {'dsr': lb, 'dsr_rs': rs}
        for number in range(20000 // SCALE):
            family, command, payload, dump = random.choice(requests)
            sock = socks[family]
            message = bytearray(sock.message(command, payload,
                                             flags_of(dump)))
            for _ in range(random.randrange(1, 5)):
                kind = random.randrange(4)
                at = random.randrange(16, len(message))
                if kind == 0:
                    message[at] = random.randrange(256)
                elif kind == 1:
                    message[at] ^= 1 << random.randrange(8)
                elif kind == 2:
                    message[at:at] = random.randbytes(random.randrange(1, 9))
                elif len(message) > 24:
                    del message[at:at + random.randrange(1, 9)]
                if len(message) <= 20:
                    break
            struct.pack_into('I', message, 0, len(message))
            try:
                sock.sock.send(bytes(message))
            except OSError:
                pass
            if number % 50 == 49:
                drain(lb)
                drain(rs)
            if number % 2000 == 1999:
                fill(box)
        drain(lb)
        drain(rs)
    fill(box)
    assert len(state(box)[0]) == 2


FAIL_NTH = '/proc/thread-self/fail-nth'
FAILSLAB = '/sys/kernel/debug/failslab'


@pytest.mark.debug
def test_fault_injection(box):
    """Each allocation of each command fails once: an error, or success."""
    for name, value in (('ignore-gfp-wait', 'N'), ('verbose', '0')):
        with open(f'{FAILSLAB}/{name}', 'w', encoding='ascii') as file:
            file.write(value)
    failures = {}
    try:
        for family, command, payload, dump in valid():
            with box.at(), genl.Genl(family) as sock:
                failures[family, command, dump] = fail_each(
                    box, sock, command, payload, flags_of(dump))
    finally:
        with open(f'{FAILSLAB}/ignore-gfp-wait', 'w',
                  encoding='ascii') as file:
            file.write('Y')
    # adding objects allocates; without an injected fault this tests nothing
    assert failures['dsr', genl.SERVICE_ADD, False] > 5
    assert failures['dsr', genl.BACKEND_ADD, False] > 5
    assert failures['dsr', genl.PATH_ADD, False] > 2
    assert failures['dsr_rs', genl.RULE_ADD, False] > 3
    fill(box)
    assert len(state(box)[0]) == 2


def fail_each(box, sock, command, payload, flags):
    """The number of allocations that could fail."""
    before = None
    with open(FAIL_NTH, 'r+b', buffering=0) as nth:
        for number in range(1, 200):
            if before is None:
                fill(box)
                before = state(box)
            error = None
            os.pwrite(nth.fileno(), str(number).encode(), 0)
            try:
                sock.ask(command, payload, flags)
            except genl.Refused as caught:
                error = caught
            except (OSError, TimeoutError):
                error = True
            left = int(os.pread(nth.fileno(), 32, 0))
            os.pwrite(nth.fileno(), b'0', 0)
            drain(sock)
            if left:                # fewer allocations than that
                assert error is None
                return number - 1
            if isinstance(error, genl.Refused):
                assert state(box) == before, \
                    f'command {command} failed and changed something'
            else:
                # the command may have succeeded before the failure
                before = None
    raise AssertionError(f'command {command} allocates without end')


@pytest.mark.smp
def test_configuration_under_load(box):
    """Writers of all kinds at once, and readers: nothing is lost or
    inconsistent."""
    script = '''
import random, sys
sys.path.insert(0, 'tests/vm')
import genl
random.seed(int(sys.argv[1]))
with genl.Genl('dsr') as lb:
    for n in range(int(sys.argv[2])):
        mark = random.randrange(1, 9)
        try:
            lb.ask(random.choice((genl.SERVICE_ADD, genl.SERVICE_DELETE,
                                  genl.SERVICE_SET)), genl.service(mark))
            lb.ask(random.choice((genl.BACKEND_ADD, genl.BACKEND_DELETE)),
                   genl.service(mark) + genl.backend(
                       '10.0.0.%d' % random.randrange(2, 9)))
            lb.dump(genl.BACKEND_GET)
        except genl.Refused as error:
            assert error.sentence, error
'''
    children = []
    for seed in range(3):
        with box.at():
            children.append(subprocess.Popen(
                ['python3', '-c', script, str(seed), str(1000 // SCALE)],
                stderr=subprocess.PIPE, text=True))
    for child in children:
        assert child.wait(100) == 0, child.stderr.read()
        child.stderr.close()
    fill(box)
    assert len(state(box)[0]) == 2


def test_many_services(box):
    """A thousand services with a backend each; the dump is complete."""
    number = 1000 // (4 if DEBUG else 1)
    with box.at(), genl.Genl('dsr') as lb:
        for mark in range(10, 10 + number):
            lb.ask(genl.SERVICE_ADD, genl.service(mark))
            lb.ask(genl.BACKEND_ADD, genl.service(mark) +
                   genl.backend('10.0.0.2'))
        assert len(lb.dump(genl.SERVICE_GET)) == number + 2
        assert len(lb.dump(genl.BACKEND_GET)) == number + 4
        lb.ask(genl.SERVICE_FLUSH)
        assert lb.dump(genl.BACKEND_GET) == []
