# SPDX-License-Identifier: GPL-2.0
"""A namespace for requests by hand, and a valid request of every kind."""

import pytest

import genl
from balancer import encode, uapi
from host import Host, run

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


def prepare(host, family, command):
    """Create the objects that a request needs.

    A real server is asked about its rules where there is no balancer.
    """
    fill(host)
    if (family, command) == ('dsr_rs', uapi.DSR_RS_CMD_EXPLAIN):
        with host.at(), genl.Genl('dsr') as lb:
            lb.ask(genl.SERVICE_FLUSH)


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
        ('dsr_rs', genl.FLOW_FLUSH, b'', False),
        ('dsr_rs', genl.RS_STATS_GET, b'', False),
        ('dsr_rs', genl.RULE_FLUSH, b'', False),
        ('dsr_rs', genl.SILENCE_ADD, silence('192.0.2.8'), False),
        ('dsr_rs', genl.SILENCE_REPLACE, silence('192.0.2.7', genl.string(
            genl.SILENCE_DEV, 'eth0')), False),
        ('dsr_rs', genl.SILENCE_DELETE, silence('192.0.2.7'), False),
        ('dsr_rs', genl.SILENCE_GET, b'', True),
        ('dsr_rs', genl.SILENCE_FLUSH, b'', False),
    ]


def changes():
    """A transaction that changes the service and its backends, and adds another.
    """
    def one(cmd, service, *backend):
        return genl.nest(
            uapi.DSR_A_CHANGE, genl.u8(uapi.DSR_CHANGE_A_CMD, cmd),
            genl.nest(uapi.DSR_CHANGE_A_SERVICE, encode('SERVICE', service)),
            *(genl.nest(uapi.DSR_CHANGE_A_BACKEND, encode('BACKEND', each))
              for each in backend))
    vip = {'vip': '192.0.2.10', 'proto': 'tcp', 'port': 80}
    return b''.join([
        one(genl.SERVICE_ADD, {**vip, 'scheduler': 'maglev', 'table_size': 251,
                               'chances': 4, 'probe_marks': 5000}),
        one(genl.BACKEND_ADD, vip, {'addr': '10.0.0.2'}),
        one(genl.BACKEND_ADD, {'fwmark': 1}, {'addr': '10.0.0.9'}),
        one(genl.BACKEND_DELETE, {'fwmark': 1}, {'addr': '10.0.0.2'}),
        one(genl.SERVICE_SET, {'fwmark': 1, 'fwmark_mask': 0xff})])


def rarer():
    """More valid requests, which ask, restore, or remove in parts."""
    entry = genl.nest(genl.A_CONNECTION, encode('CONNECTION', {
        'proto': 'tcp', 'src': '10.0.0.77', 'sport': 4000, 'dst': '192.0.2.9',
        'dport': 80, 'backend': '10.0.0.2', 'fwmark': 1}))
    asked = genl.nest(genl.A_EXPLAIN, encode('EXPLAIN', {
        'src': '10.0.0.77', 'sport': 4001, 'dst': '192.0.2.9', 'dport': 80,
        'proto': 'tcp', 'fwmark': 1}))
    delivered = genl.nest(genl.A_EXPLAIN, encode('EXPLAIN', {
        'src': '10.0.0.77', 'sport': 4001, 'dst': '10.0.0.1', 'dport': 80,
        'ifindex': 1}))
    vip6 = genl.nest(genl.A_SERVICE, encode('SERVICE', {
        'vip': '2001:db8::9', 'scheduler': 'maglev', 'table_size': 251,
        'persist': 60000, 'chances': 4}))
    tos = genl.nest(genl.A_RULE, encode('RULE', {'tos': 0x40, 'tos_mask': 0xfc}),
                    *[genl.addr(genl.RULE_FROM, f'10.0.0.{number}')
                      for number in (2, 3)])
    return [
        ('dsr', uapi.DSR_CMD_TRANSACTION, changes(), False),
        ('dsr', uapi.DSR_CMD_EXPLAIN, asked, False),
        ('dsr', uapi.DSR_CMD_CONNECTION_ADD, entry * 3, False),
        ('dsr', genl.CONNECTION_GET, genl.nest(genl.A_CONNECTION, encode(
            'CONNECTION', {'proto': 'tcp'})), True),
        ('dsr', genl.CONNECTION_FLUSH, b'', True),
        ('dsr', genl.SERVICE_FLUSH, b'', True),
        ('dsr', genl.SERVICE_ADD, vip6, False),
        ('dsr', genl.SERVICE_REPLACE, vip6, False),
        ('dsr', genl.SERVICE_SET, genl.nest(genl.A_SERVICE, encode('SERVICE', {
            'fwmark': 1, 'scheduler': 'maglev', 'table_size': 4093})), False),
        ('dsr_rs', genl.RULE_ADD, tos, False),
        ('dsr_rs', genl.RULE_REPLACE, tos, False),
        ('dsr_rs', genl.FLOW_FLUSH, b'', True),
        ('dsr_rs', uapi.DSR_RS_CMD_EXPLAIN, delivered, False),
    ]


def flags_of(dump):
    return genl.NLM_F_DUMP if dump else genl.NLM_F_ACK


def refused(sock, *argv, **fields):
    with pytest.raises(genl.Refused) as caught:
        sock.ask(*argv, **fields)
    return caught.value


def drain(sock):
    sock.sock.setblocking(False)
    try:
        while True:
            sock.sock.recv(1 << 18)
    except (BlockingIOError, OSError):
        pass
    sock.sock.settimeout(20)
