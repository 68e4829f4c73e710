# SPDX-License-Identifier: GPL-2.0
"""What the modules answer in the scenario, as attributes."""

import uapi as u
from fakekernel import (Reply, addr, attr, be16, nest, string, u8, u32, u64)


def stats(kind, packets, octets, connections):
    return nest(kind, u64(u.DSR_STATS_A_PACKETS, packets),
                u64(u.DSR_STATS_A_BYTES, octets),
                u64(u.DSR_STATS_A_CONNECTIONS, connections))


def service(fwmark, scheduler='rr', path=0, tos=0, mask=0, backends=0,
            counters=(0, 0, 0), options=()):
    return nest(u.DSR_A_SERVICE, *options, u32(u.DSR_SERVICE_A_FWMARK, fwmark),
                string(u.DSR_SERVICE_A_SCHEDULER, scheduler),
                u8(u.DSR_SERVICE_A_PATH, path), u8(u.DSR_SERVICE_A_TOS, tos),
                u8(u.DSR_SERVICE_A_TOS_MASK, mask),
                u32(u.DSR_SERVICE_A_BACKENDS, backends),
                stats(u.DSR_SERVICE_A_STATS, *counters))


def backend(fwmark, via, weight=1, active=0, inactive=0, state=0,
            ifindex=None, mac=None, counters=(0, 0, 0), upper=0, lower=0,
            overloaded=0):
    attrs = [addr(u.DSR_BACKEND_A_ADDR, via),
             u32(u.DSR_BACKEND_A_WEIGHT, weight),
             u32(u.DSR_BACKEND_A_ACTIVE, active),
             u32(u.DSR_BACKEND_A_INACTIVE, inactive),
             u8(u.DSR_BACKEND_A_STATE, state),
             u32(u.DSR_BACKEND_A_UPPER, upper),
             u32(u.DSR_BACKEND_A_LOWER, lower),
             u8(u.DSR_BACKEND_A_OVERLOADED, overloaded)]
    if ifindex is not None:
        attrs.append(u32(u.DSR_BACKEND_A_IFINDEX, ifindex))
    if mac is not None:
        attrs.append(attr(u.DSR_BACKEND_A_MAC,
                          bytes.fromhex(mac.replace(':', ''))))
    attrs.append(stats(u.DSR_BACKEND_A_STATS, *counters))
    return (nest(u.DSR_A_SERVICE, u32(u.DSR_SERVICE_A_FWMARK, fwmark)) +
            nest(u.DSR_A_BACKEND, *attrs))


def connection(proto, src, sport, dst, dport, state, expires, fwmark, via):
    return nest(u.DSR_A_CONNECTION, u8(u.DSR_CONNECTION_A_PROTO, proto),
                addr(u.DSR_CONNECTION_A_SRC, src),
                be16(u.DSR_CONNECTION_A_SPORT, sport),
                addr(u.DSR_CONNECTION_A_DST, dst),
                be16(u.DSR_CONNECTION_A_DPORT, dport),
                u8(u.DSR_CONNECTION_A_STATE, state),
                u32(u.DSR_CONNECTION_A_EXPIRES, expires),
                u32(u.DSR_CONNECTION_A_FWMARK, fwmark),
                addr(u.DSR_CONNECTION_A_BACKEND, via))


def rule(vip=None, proto=None, port=None, tos=None, mask=None, to_port=None,
         counters=(0, 0, 0)):
    attrs = []
    if vip:
        attrs.append(addr(u.DSR_RULE_A_VIP4, vip))
    if proto:
        attrs.append(u8(u.DSR_RULE_A_PROTO, proto))
    if port:
        attrs.append(be16(u.DSR_RULE_A_PORT, port))
    if tos is not None:
        attrs += [u8(u.DSR_RULE_A_TOS, tos), u8(u.DSR_RULE_A_TOS_MASK, mask)]
    if to_port:
        attrs.append(be16(u.DSR_RULE_A_TO_PORT, to_port))
    attrs.append(stats(u.DSR_RULE_A_STATS, *counters))
    return nest(u.DSR_A_RULE, *attrs)


def flow(proto, src, sport, dst, dport, to, to_port, socket_sport, state,
         expires):
    return nest(u.DSR_A_FLOW, u8(u.DSR_FLOW_A_PROTO, proto),
                addr(u.DSR_FLOW_A_SRC4, src), be16(u.DSR_FLOW_A_SPORT, sport),
                addr(u.DSR_FLOW_A_DST4, dst), be16(u.DSR_FLOW_A_DPORT, dport),
                addr(u.DSR_FLOW_A_TO4, to),
                be16(u.DSR_FLOW_A_TO_PORT, to_port),
                be16(u.DSR_FLOW_A_SOCKET_SPORT, socket_sport),
                u8(u.DSR_FLOW_A_STATE, state),
                u32(u.DSR_FLOW_A_EXPIRES, expires))


def table(entries, maximum, buckets, octets):
    return nest(u.DSR_A_TABLE, u32(u.DSR_TABLE_A_ENTRIES, entries),
                u32(u.DSR_TABLE_A_MAX, maximum),
                u32(u.DSR_TABLE_A_BUCKETS, buckets),
                u64(u.DSR_TABLE_A_BYTES, octets))


def reason(name, packets):
    return nest(u.DSR_A_REASON, string(u.DSR_REASON_A_NAME, name),
                u64(u.DSR_REASON_A_PACKETS, packets))


TCP, UDP = 6, 17
CLIENT, VIP = '10.10.31.200', '10.10.31.100'
CLIENT6, VIP6 = '2001:db8:1234:5678:9abc:def0:1234:5678', '2001:db8::100'
W6 = 'fe80::ff:fe00:101'
W101, W102 = '10.10.30.101', '10.10.30.102'

SERVICES = [
    service(1, backends=2, counters=(15, 1500, 4)),
    service(0xffffffff, 'wrr', u.DSR_PATH_DIRECT, 0x04, 0xfc, backends=3,
            counters=(2**64 - 1, 5 * 2**40, 2**33)),
    service(7, 'sh', tos=0x02, mask=0xff,
            options=[u8(u.DSR_SERVICE_A_HASH, u.DSR_HASH_SOURCE)]),
    service(8, 'maglev', tos=0x10, mask=0xf0, backends=2,
            options=[u8(u.DSR_SERVICE_A_HASH, u.DSR_HASH_SOURCE_PORT),
                     u32(u.DSR_SERVICE_A_TABLE_SIZE, 1048573)]),
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
            '02:00:00:00:01:01', upper=100, lower=80, overloaded=1),
    backend(8, W102, 1, 100, 0, u.DSR_BACKEND_UNREACHABLE, 1, None,
            upper=100, overloaded=1),
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
]

RULES = [
    rule(VIP, counters=(12, 900, 3)),
    rule(VIP, TCP, 80, to_port=8080, counters=(7, 2048, 1)),
    rule(tos=0x04, mask=0xfc),
    rule(tos=0x02, mask=0xff, to_port=81),
]

FLOWS = [
    flow(TCP, CLIENT, 40000, VIP, 80, W101, 8080, 40000,
         u.DSR_CONN_ESTABLISHED, 899500),
    flow(UDP, CLIENT, 53000, VIP, 53, W101, 53, 1024, u.DSR_CONN_UDP, 30000),
]

LB_STATS = (table(16, 1048576, 2048, 134217) +
            reason('forwarded', 12345) + reason('drop_no_backend', 0) +
            reason('pass_no_mark', 7))
RS_STATS = table(2, 65536, 1024, 8192) + reason('delivered', 42)


def load(kernel):
    """Have a fake kernel answer as in the scenario."""
    kernel.answers.update({
        ('dsr', u.DSR_CMD_SERVICE_GET):
            lambda r: Reply(*SERVICES) if r.dump else Reply(SERVICES[0]),
        ('dsr', u.DSR_CMD_BACKEND_GET): Reply(*BACKENDS),
        ('dsr', u.DSR_CMD_CONNECTION_GET): Reply(*CONNECTIONS, size=2),
        ('dsr', u.DSR_CMD_STATS_GET): Reply(LB_STATS),
        ('dsr_rs', u.DSR_RS_CMD_RULE_GET): Reply(*RULES),
        ('dsr_rs', u.DSR_RS_CMD_FLOW_GET): Reply(*FLOWS),
        ('dsr_rs', u.DSR_RS_CMD_STATS_GET): Reply(RS_STATS),
    })
