# SPDX-License-Identifier: GPL-2.0
"""The modules' answers in the scenario, as attributes."""

import socket
import struct

import uapi as u
from fakekernel import (Reply, addr, attr, be16, event, nest, packed,
                        parse_attrs, string, u8, u32, u64)


def stats(kind, packets, octets, connections):
    return nest(kind, u64(u.DSR_STATS_A_PACKETS, packets),
                u64(u.DSR_STATS_A_BYTES, octets),
                u64(u.DSR_STATS_A_CONNECTIONS, connections))


def key(name):
    """The key of a service, from its words in dsrctl."""
    if isinstance(name, int):
        return u32(u.DSR_SERVICE_A_FWMARK, name)
    words = name.split()
    words = dict(zip(words[::2], words[1::2]))
    attrs = b''
    if 'fwmark' in words:
        attrs += u32(u.DSR_SERVICE_A_FWMARK, int(words['fwmark']))
    if 'family' in words:
        attrs += u8(u.DSR_SERVICE_A_FAMILY,
                    socket.AF_INET6 if words['family'] == 'inet6' else
                    socket.AF_INET)
    if 'vip' in words:
        attrs += addr(u.DSR_SERVICE_A_VIP, words['vip'])
    if 'proto' in words:
        attrs += u8(u.DSR_SERVICE_A_PROTO, PROTOS[words['proto']])
    if 'port' in words:
        first, _, last = words['port'].partition('-')
        attrs += be16(u.DSR_SERVICE_A_PORT, int(first))
        attrs += be16(u.DSR_SERVICE_A_PORT_LAST, int(last or first))
    return attrs


def timeouts(kind, *values):
    """syn, established, fin, closed, udp"""
    return nest(kind, *(u32(u.DSR_TIMEOUT_A_SYN + i, value)
                        for i, value in enumerate(values)))


def service(name, scheduler='rr', path=0, tos=0, mask=0, backends=0,
            counters=(0, 0, 0), ping=0, one_packet=0, on_down=0,
            on_unreachable=0, chances=0, persist=0,
            prefix=32, times=(0, 0, 0, 0, 0), options=()):
    return nest(u.DSR_A_SERVICE, key(name), *options,
                string(u.DSR_SERVICE_A_SCHEDULER, scheduler),
                u8(u.DSR_SERVICE_A_PATH, path), u8(u.DSR_SERVICE_A_TOS, tos),
                u8(u.DSR_SERVICE_A_TOS_MASK, mask),
                u8(u.DSR_SERVICE_A_PING, ping),
                u8(u.DSR_SERVICE_A_ONE_PACKET, one_packet),
                u8(u.DSR_SERVICE_A_ON_DOWN, on_down),
                u8(u.DSR_SERVICE_A_ON_UNREACHABLE, on_unreachable),
                u8(u.DSR_SERVICE_A_CHANCES, chances),
                u32(u.DSR_SERVICE_A_PERSIST, persist),
                u8(u.DSR_SERVICE_A_PERSIST_PREFIX, prefix),
                timeouts(u.DSR_SERVICE_A_TIMEOUTS, *times),
                u32(u.DSR_SERVICE_A_BACKENDS, backends),
                stats(u.DSR_SERVICE_A_STATS, *counters))


def backend(name, via, weight=1, active=0, inactive=0, state=0,
            ifindex=None, mac=None, counters=(0, 0, 0), upper=0, lower=0,
            overloaded=0, admin=0, deadline=0, persistent=0, unresolved=0,
            probe=None):
    return nest(u.DSR_A_SERVICE, key(name)) + backend_nest(
        via, weight, active, inactive, state, ifindex, mac, counters, upper,
        lower, overloaded, admin, deadline, persistent, unresolved, probe)


def backend_nest(via, weight=1, active=0, inactive=0, state=0, ifindex=None,
                 mac=None, counters=(0, 0, 0), upper=0, lower=0, overloaded=0,
                 admin=0, deadline=0, persistent=0, unresolved=0,
                 probe=None):
    attrs = [addr(u.DSR_BACKEND_A_ADDR, via),
             u32(u.DSR_BACKEND_A_WEIGHT, weight),
             u32(u.DSR_BACKEND_A_ACTIVE, active),
             u32(u.DSR_BACKEND_A_INACTIVE, inactive),
             u8(u.DSR_BACKEND_A_STATE, state),
             u32(u.DSR_BACKEND_A_UPPER, upper),
             u32(u.DSR_BACKEND_A_LOWER, lower),
             u8(u.DSR_BACKEND_A_OVERLOADED, overloaded),
             u8(u.DSR_BACKEND_A_ADMIN, admin),
             u32(u.DSR_BACKEND_A_DEADLINE, deadline),
             u32(u.DSR_BACKEND_A_PERSISTENT, persistent),
             u32(u.DSR_BACKEND_A_UNRESOLVED, unresolved)]
    if ifindex is not None:
        attrs.append(u32(u.DSR_BACKEND_A_IFINDEX, ifindex))
    if probe is not None:
        attrs.append(u32(u.DSR_BACKEND_A_PROBE_MARK, probe))
    if mac is not None:
        attrs.append(attr(u.DSR_BACKEND_A_MAC,
                          bytes.fromhex(mac.replace(':', ''))))
    attrs.append(stats(u.DSR_BACKEND_A_STATS, *counters))
    return nest(u.DSR_A_BACKEND, *attrs)


def connection(proto, src, sport, dst, dport, state, expires, fwmark, via):
    attrs = [u8(u.DSR_CONNECTION_A_PROTO, proto),
             addr(u.DSR_CONNECTION_A_SRC, src),
             be16(u.DSR_CONNECTION_A_SPORT, sport),
             addr(u.DSR_CONNECTION_A_DST, dst),
             be16(u.DSR_CONNECTION_A_DPORT, dport),
             u8(u.DSR_CONNECTION_A_STATE, state),
             u32(u.DSR_CONNECTION_A_EXPIRES, expires),
             addr(u.DSR_CONNECTION_A_BACKEND, via)]
    if fwmark:
        attrs.append(u32(u.DSR_CONNECTION_A_FWMARK, fwmark))
    return nest(u.DSR_A_CONNECTION, *attrs)


def explanation(why, choice=0, slot=None, more=()):
    attrs = [string(u.DSR_EXPLAIN_A_REASON, why),
             u8(u.DSR_EXPLAIN_A_CHOICE, choice)]
    if slot is not None:
        attrs.append(u32(u.DSR_EXPLAIN_A_SLOT, slot))
    return nest(u.DSR_A_EXPLAIN, *attrs, *more)


# {field of an explanation: its attribute}
VERDICT = {
    'verdict': lambda value: u8(u.DSR_EXPLAIN_A_VERDICT, value),
    'fwmark': lambda value: u32(u.DSR_EXPLAIN_A_FWMARK, value),
    'hook': lambda value: u8(u.DSR_EXPLAIN_A_HOOK, value),
    'priority': lambda value: attr(u.DSR_EXPLAIN_A_PRIORITY,
                                   struct.pack('=i', value)),
    'chain': lambda value: attr(u.DSR_EXPLAIN_A_CHAIN,
                                struct.pack('=Q', value)),
}


def rule(vip=None, proto=None, port=None, tos=None, mask=None, to_port=None,
         counters=(0, 0, 0), to=None, mode=0, more=()):
    attrs = [u8(u.DSR_RULE_A_MODE, mode), *more]
    if vip:
        attrs.append(addr(u.DSR_RULE_A_VIP, vip))
    if proto:
        attrs.append(u8(u.DSR_RULE_A_PROTO, proto))
    if port:
        attrs.append(be16(u.DSR_RULE_A_PORT, port))
    if tos is not None:
        attrs += [u8(u.DSR_RULE_A_TOS, tos), u8(u.DSR_RULE_A_TOS_MASK, mask)]
    if to_port:
        attrs.append(be16(u.DSR_RULE_A_TO_PORT, to_port))
    if to:
        attrs.append(addr(u.DSR_RULE_A_TO, to))
    attrs.append(stats(u.DSR_RULE_A_STATS, *counters))
    return nest(u.DSR_A_RULE, *attrs)


def silence(address, devices=(), rules=0, wanted=1, messages=0):
    return nest(u.DSR_A_SILENCE, addr(u.DSR_SILENCE_A_ADDR, address),
                *(string(u.DSR_SILENCE_A_DEV, name) for name in devices),
                u32(u.DSR_SILENCE_A_RULES, rules),
                u8(u.DSR_SILENCE_A_WANTED, wanted),
                u64(u.DSR_SILENCE_A_MESSAGES, messages))


def flow(proto, src, sport, dst, dport, to, to_port, socket_sport, state,
         expires):
    return nest(u.DSR_A_FLOW, u8(u.DSR_FLOW_A_PROTO, proto),
                addr(u.DSR_FLOW_A_SRC, src), be16(u.DSR_FLOW_A_SPORT, sport),
                addr(u.DSR_FLOW_A_DST, dst), be16(u.DSR_FLOW_A_DPORT, dport),
                addr(u.DSR_FLOW_A_TO, to),
                be16(u.DSR_FLOW_A_TO_PORT, to_port),
                be16(u.DSR_FLOW_A_SOCKET_SPORT, socket_sport),
                u8(u.DSR_FLOW_A_STATE, state),
                u32(u.DSR_FLOW_A_EXPIRES, expires))


def table(entries, maximum, buckets, octets, *more):
    return nest(u.DSR_A_TABLE, *more, u32(u.DSR_TABLE_A_ENTRIES, entries),
                u32(u.DSR_TABLE_A_MAX, maximum),
                u32(u.DSR_TABLE_A_BUCKETS, buckets),
                u64(u.DSR_TABLE_A_BYTES, octets))


def reason(name, packets):
    return nest(u.DSR_A_REASON, string(u.DSR_REASON_A_NAME, name),
                u64(u.DSR_REASON_A_PACKETS, packets))


TCP, UDP, SCTP = 6, 17, 132
PROTOS = {'tcp': TCP, 'udp': UDP, 'sctp': SCTP}
CLIENT, VIP = '10.10.31.200', '10.10.31.100'
CLIENT6, VIP6 = '2001:db8:1234:5678:9abc:def0:1234:5678', '2001:db8::100'
W6 = 'fe80::ff:fe00:101'
W101, W102 = '10.10.30.101', '10.10.30.102'

WEB = f'vip {VIP} proto tcp port 80'

SERVICES = [
    service(1, backends=2, counters=(15, 1500, 4)),
    service(0xffffffff, 'wrr', u.DSR_PATH_DIRECT, 0x04, 0xfc, backends=3,
            counters=(2**64 - 1, 5 * 2**40, 2**33)),
    service(7, 'sh', tos=0x02, mask=0xff,
            options=[u8(u.DSR_SERVICE_A_HASH, u.DSR_HASH_SOURCE)]),
    service(8, 'maglev', tos=0x10, mask=0xf0, backends=2,
            options=[u8(u.DSR_SERVICE_A_HASH, u.DSR_HASH_SOURCE_PORT),
                     u32(u.DSR_SERVICE_A_TABLE_SIZE, 1048573),
                     u8(u.DSR_SERVICE_A_CHOICES, 2),
                     u32(u.DSR_SERVICE_A_PROBE_MARKS, 1000)]),
    service(WEB, backends=2, ping=u.DSR_PING_IGNORE, persist=50000, prefix=24,
            on_down=u.DSR_ON_DOWN_RESET, chances=32),
    service(f'vip {VIP} proto udp port 8000-8100', path=u.DSR_PATH_DIRECT,
            one_packet=1, ping=u.DSR_PING_FORWARD,
            on_down=u.DSR_ON_DOWN_DROP,
            on_unreachable=u.DSR_ON_UNREACHABLE_SKIP, persist=5400000),
    service(f'vip {VIP6} proto sctp', persist=500, prefix=64,
            times=(500, 600000, 0, 0, 4294967295)),
    service(f'vip {VIP6}', persist=1000, prefix=128),
    service('fwmark 1 family inet6', backends=1),
]

BACKENDS = [
    backend(1, W101, 1, 3, 5, u.DSR_BACKEND_REACHABLE, 1,
            '02:00:00:00:01:01', (10, 1000, 2)),
    backend(1, W102, 1, 2, 6, u.DSR_BACKEND_UNREACHABLE, 1, None,
            (5, 500, 2)),
    backend(0xffffffff, W101, 65535, 4294967295, 0, u.DSR_BACKEND_INCOMPLETE,
            1),
    backend(0xffffffff, W102, 0, 0, 12, u.DSR_BACKEND_UNKNOWN, 99999),
    backend(0xffffffff, '192.168.100.200', 1, 0, 0, u.DSR_BACKEND_NO_ROUTE),
    backend(8, W101, 1, 60, 40, u.DSR_BACKEND_REACHABLE, 1,
            '02:00:00:00:01:01', upper=100, lower=80, overloaded=1,
            probe=1101),
    backend(8, W102, 1, 100, 0, u.DSR_BACKEND_UNREACHABLE, 1, None,
            upper=100, overloaded=1, probe=1102),
    backend(WEB, W101, 1, 3, 0, u.DSR_BACKEND_REACHABLE, 1,
            '02:00:00:00:01:01', admin=u.DSR_BACKEND_DRAINING,
            deadline=492123, persistent=7),
    backend(WEB, W102, 1, 0, 0, u.DSR_BACKEND_UNREACHABLE, 1,
            admin=u.DSR_BACKEND_DOWN, unresolved=3),
    backend(f'vip {VIP} proto udp port 8000-8100', '10.10.30.11', 1, 0, 0,
            u.DSR_BACKEND_LOCAL, 1, admin=u.DSR_BACKEND_DRAINING),
    backend('fwmark 1 family inet6', W6, 1, 1, 0, u.DSR_BACKEND_REACHABLE, 1,
            '02:00:00:00:01:01', unresolved=9),
]

CONNECTIONS = [
    connection(TCP, CLIENT, 40000, VIP, 80, u.DSR_CONN_ESTABLISHED, 899500, 1,
               W101),
    connection(TCP, CLIENT, 40001, VIP, 80, u.DSR_CONN_FIN, 119000, 1, W102),
    connection(UDP, '255.255.255.255', 65535, '255.255.255.255', 65535,
               u.DSR_CONN_UDP, 4294967295, 4294967295, '255.255.255.255'),
    connection(TCP, '10.10.31.201', 40000, VIP, 443, u.DSR_CONN_SYN, 999, 2,
               W101),
    connection(TCP, '10.10.31.201', 40001, VIP, 443, u.DSR_CONN_CLOSED, 0, 2,
               W101),
    connection(TCP, CLIENT6, 40000, VIP6, 80, u.DSR_CONN_ESTABLISHED, 899500,
               1, W6),
    connection(TCP, CLIENT, 0, VIP, 80, u.DSR_CONN_PERSISTENT, 50000, None,
               W101),
    connection(SCTP, CLIENT6, 0, VIP6, 0, u.DSR_CONN_PERSISTENT, 1000, None,
               W6),
]

RULES = [
    rule(VIP, counters=(12, 900, 3), more=[
        addr(u.DSR_RULE_A_BALANCER, '10.10.30.11'),
        addr(u.DSR_RULE_A_BALANCER, '10.10.30.12')]),
    rule(VIP, TCP, 80, to_port=8080, counters=(7, 2048, 1)),
    rule(tos=0x04, mask=0xfc),
    rule(tos=0x02, mask=0xff, to_port=81),
    rule('2001:db8:31::100', SCTP, 5000, to='2001:db8:30::101', to_port=81),
    rule(tos=0xb8, mask=0xfc, to=W101),
    rule('10.10.31.110', mode=u.DSR_RULE_MODE_LOCAL, counters=(5, 400, 1),
         more=[u8(u.DSR_RULE_A_ROUTED, 1)]),
    rule(VIP6, mode=u.DSR_RULE_MODE_LOCAL, more=[u8(u.DSR_RULE_A_ROUTED, 0)]),
    rule(tos=0x20, mask=0xfc, more=[
        addr(u.DSR_RULE_A_FROM, '10.10.30.11'),
        attr(u.DSR_RULE_A_FROM, bytes.fromhex('0200000000aa')),
        addr(u.DSR_RULE_A_FROM, W6), u8(u.DSR_RULE_A_CLEAR, 1)]),
    rule(tos=0x40, mask=0xfc, more=[u8(u.DSR_RULE_A_CLEAR, 1),
                                    u32(u.DSR_RULE_A_MARK, 4294967295)]),
    rule(tos=0x60, mask=0xfc, more=[addr(u.DSR_RULE_A_FROM, '10.10.30.12')]),
]

FLOWS = [
    flow(TCP, CLIENT, 40000, VIP, 80, W101, 8080, 40000,
         u.DSR_CONN_ESTABLISHED, 899500),
    flow(UDP, CLIENT, 53000, VIP, 53, W101, 53, 1024, u.DSR_CONN_UDP, 30000),
]

def path(ifindex, recheck, via=u.DSR_PATH_VIA_INGRESS, **reasons):
    return nest(u.DSR_A_PATH, u32(u.DSR_PATH_A_IFINDEX, ifindex),
                u32(u.DSR_PATH_A_RECHECK, recheck),
                u8(u.DSR_PATH_A_VIA, via), *(
                    nest(u.DSR_PATH_A_REASON,
                         string(u.DSR_REASON_A_NAME, name),
                         u64(u.DSR_REASON_A_PACKETS, packets))
                    for name, packets in reasons.items()))


PATHS = [
    path(1, 10000, forwarded=123456, not_ip=0, no_connection=80,
         state_changes=40),
    path(4294967295, 3600000, u.DSR_PATH_VIA_XDP_GENERIC, forwarded=0,
         not_ip=0),
]

SILENCES = [
    silence(VIP, messages=12345),
    silence('10.10.31.110', ['eth0', 'bond1+'], messages=2**64 - 1),
    silence(VIP6, rules=2, wanted=0),
    silence('2001:db8::101', ['eth0'], rules=1),
]

LB_STATS = (table(16, 1048576, 2048, 134217, timeouts(
    u.DSR_TABLE_A_TIMEOUTS, 10000, 900000, 120000, 10000, 300000)) +
            reason('forwarded', 12345) + reason('drop_no_backend', 0) +
            reason('pass_no_mark', 7))
RS_STATS = table(2, 65536, 1024, 8192, u64(u.DSR_TABLE_A_EVICTED, 3),
                 u64(u.DSR_TABLE_A_PENDING_EVICTED, 4)) + reason(
                     'delivered', 42)


EXPLANATION = (explanation('forwarded', u.DSR_CHOICE_CONNECTION) +
               SERVICES[0] + CONNECTIONS[0] + backend_nest(
                   W101, 1, 3, 5, u.DSR_BACKEND_REACHABLE, 1,
                   '02:00:00:00:01:01'))

EVENTS = [
    event(u.DSR_CMD_SERVICE_ADD, SERVICES[0]),
    event(u.DSR_CMD_SERVICE_SET, SERVICES[4]),
    event(u.DSR_CMD_SERVICE_REPLACE, SERVICES[1]),
    event(u.DSR_CMD_SERVICE_DELETE, nest(u.DSR_A_SERVICE, key(WEB))),
    event(u.DSR_CMD_SERVICE_FLUSH, b''),
    event(u.DSR_CMD_BACKEND_ADD, BACKENDS[0]),
    event(u.DSR_CMD_BACKEND_SET, backend(
        WEB, W101, 1, 3, 0, u.DSR_BACKEND_REACHABLE, 1,
        admin=u.DSR_BACKEND_DRAINING, deadline=492123)),
    event(u.DSR_CMD_BACKEND_REPLACE, BACKENDS[1]),
    event(u.DSR_CMD_BACKEND_DELETE, nest(u.DSR_A_SERVICE, key(1)) + nest(
        u.DSR_A_BACKEND, addr(u.DSR_BACKEND_A_ADDR, W101))),
    event(u.DSR_CMD_BACKEND_STATE, backend(
        'fwmark 1 family inet6', W6, state=u.DSR_BACKEND_UNREACHABLE,
        unresolved=1)),
    event(u.DSR_CMD_PATH_ADD, PATHS[0]),
    event(u.DSR_CMD_PATH_SET, path(1, 2000)),
    event(u.DSR_CMD_PATH_REPLACE, PATHS[1]),
    event(u.DSR_CMD_PATH_DELETE, nest(u.DSR_A_PATH, u32(
        u.DSR_PATH_A_IFINDEX, 1))),
    event(u.DSR_CMD_CONNECTION_FLUSH, b''),
    event(u.DSR_CMD_CONNECTION_SET, table(3, 65536, 1024, 8192, timeouts(
        u.DSR_TABLE_A_TIMEOUTS, 0, 0, 0, 0, 7000))),
    event(u.DSR_CMD_CONNECTION_SET, table(
        3, 65536, 1024, 8192, attr(u.DSR_TABLE_A_EXPIRE_QUIESCENT, b''),
        attr(u.DSR_TABLE_A_EXPIRE_NODEST, b''))),
    event(u.DSR_CMD_SERVICE_FLUSH, attr(u.DSR_A_IPVS_ONLY, b'')),
    event(u.DSR_CMD_PATH_FLUSH, b''),
]
RS_EVENTS = [event(cmd, payload, 'dsr_rs') for cmd, payload in [
    *((u.DSR_RS_CMD_RULE_ADD, payload) for payload in RULES),
    (u.DSR_RS_CMD_RULE_REPLACE, RULES[1]),
    (u.DSR_RS_CMD_RULE_DELETE, nest(
        u.DSR_A_RULE, addr(u.DSR_RULE_A_VIP, VIP), u8(u.DSR_RULE_A_PROTO, TCP),
        be16(u.DSR_RULE_A_PORT, 80))),
    (u.DSR_RS_CMD_RULE_DELETE, nest(
        u.DSR_A_RULE, u8(u.DSR_RULE_A_TOS, 0x04),
        u8(u.DSR_RULE_A_TOS_MASK, 0xfc))),
    (u.DSR_RS_CMD_RULE_FLUSH, b''),
    (u.DSR_RS_CMD_SILENCE_ADD, SILENCES[0]),
    (u.DSR_RS_CMD_SILENCE_REPLACE, SILENCES[1]),
    (u.DSR_RS_CMD_SILENCE_DELETE, nest(
        u.DSR_A_SILENCE, addr(u.DSR_SILENCE_A_ADDR, VIP))),
    (u.DSR_RS_CMD_SILENCE_FLUSH, b''),
    (u.DSR_RS_CMD_FLOW_SET, RS_STATS),
    (u.DSR_RS_CMD_FLOW_FLUSH, b'')]]


def asked(request):
    """The connections that match a request."""
    wanted = request.nest(u.DSR_A_CONNECTION) or {}
    return Reply(*(
        c for c in CONNECTIONS
        if wanted.items() <= {k: v for k, _, v in parse_attrs(
            parse_attrs(c)[0][2])}.items()), size=2)


def load(kernel):
    """Let a fake kernel answer as in the scenario."""
    kernel.answers.update({
        ('dsr', u.DSR_CMD_SERVICE_GET):
            lambda r: Reply(*SERVICES) if r.dump else Reply(SERVICES[0]),
        ('dsr', u.DSR_CMD_BACKEND_GET): Reply(*BACKENDS),
        ('dsr', u.DSR_CMD_CONNECTION_GET): asked,
        ('dsr', u.DSR_CMD_EXPLAIN): Reply(EXPLANATION),
        ('dsr', u.DSR_CMD_PATH_GET): Reply(*PATHS),
        ('dsr', u.DSR_CMD_STATS_GET): Reply(LB_STATS),
        ('dsr_rs', u.DSR_RS_CMD_RULE_GET): Reply(*RULES),
        ('dsr_rs', u.DSR_RS_CMD_FLOW_GET): Reply(*FLOWS),
        ('dsr_rs', u.DSR_RS_CMD_SILENCE_GET): Reply(*SILENCES),
        ('dsr_rs', u.DSR_RS_CMD_STATS_GET): Reply(RS_STATS),
    })
    kernel.events = list(EVENTS)


# What the kernel itself lists: devices, addresses, neighbours, routes.

MAC = {'lv1': '02:00:0a:0a:1e:0b', 'w101': '02:00:0a:0a:1e:65'}


def link(index, name, flags=0x1043, mtu=1500, *more):
    return (struct.pack('=BxHiII', 0, 1, index, flags, 0) + string(3, name) +
            u32(4, mtu) + b''.join(more))


def address(index, text, prefix, scope=0):
    family = socket.AF_INET6 if ':' in text else socket.AF_INET
    return (struct.pack('=BBBBI', family, prefix, 0, scope, index) +
            addr(1, text) + addr(2, text))


def neighbour(index, text, mac, state=2):
    family = socket.AF_INET6 if ':' in text else socket.AF_INET
    return (struct.pack('=BxxxiHBB', family, index, state, 0, 1) +
            addr(1, text) + attr(2, bytes.fromhex(mac.replace(':', ''))))


def route(text, index, gateway=None, kind=1, source=None, mtu=0, prefix=32):
    family = socket.AF_INET6 if ':' in text else socket.AF_INET
    return (struct.pack('=BBBBBBBBI', family, prefix, 0, 0, 254, 2, 0, kind, 0) +
            (nest(8, u32(2, mtu)) if mtu else b'') +
            addr(1, text) + u32(4, index) +
            (addr(5, gateway) if gateway else b'') +
            (addr(7, source) if source else b''))


def chain(family, table_name, name, hook, kind='filter', policy=1, handle=1,
          priority=0):
    return (struct.pack('=BBH', family, 0, 0) + string(1, table_name) +
            attr(2, struct.pack('>Q', handle)) + string(3, name) +
            nest(4, attr(1, struct.pack('>I', hook)),
                 attr(2, struct.pack('>i', priority))) +
            attr(5, struct.pack('>I', policy)) + string(7, kind))


def listening(port, text='0.0.0.0', state=10, local=()):
    """A socket; one of SCTP has any number of local addresses."""
    family = socket.AF_INET6 if ':' in text else socket.AF_INET
    found = struct.pack('=BBBB', family, state, 0, 0) + struct.pack(
        '>HH', port, 0) + packed(text).ljust(16, b'\0') + bytes(16 + 4 + 8 + 20)
    return found + (attr(12, b''.join(
        struct.pack('=H', socket.AF_INET).ljust(4, b'\0') +
        packed(address).ljust(124, b'\0') if ':' not in address else
        struct.pack('=H', socket.AF_INET6).ljust(8, b'\0') +
        packed(address).ljust(120, b'\0') for address in local))
        if local else b'')
