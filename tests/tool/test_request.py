# SPDX-License-Identifier: GPL-2.0
"""The requests that the tool sends for a command line."""

import errno
import socket
import struct

import pytest

import uapi as u
from fakekernel import Ack, RTM_GETROUTE, packed, parse_attrs

VIP = socket.inet_aton('10.10.31.100')
W101 = socket.inet_aton('10.10.30.101')
TOS_WARNING = ('dsrctl: warning: tos 0x02 sets the two low bits, which are '
               "ECN's and which routers and hosts change: give a value with "
               'DSCP bits only, such as 0x04\n')
RULE_WARNING = ('dsrctl: warning: tos {} compares the two low bits, which are '
                "ECN's and which routers and hosts change: give a value with "
                'DSCP bits only, such as 0x04\n')


def n32(value):
    return struct.pack('=I', value)


def n8(value):
    return bytes([value])


def p16(value):
    return struct.pack('!H', value)


MARK = {u.DSR_SERVICE_A_FWMARK: n32(1)}
ADDR = {u.DSR_BACKEND_A_ADDR: W101}
LO = {u.DSR_PATH_A_IFINDEX: n32(socket.if_nametoindex('lo'))}
RULE = {u.DSR_RULE_A_VIP: VIP}
VIP6 = packed('2001:db8::100')
MARK6 = {**MARK, u.DSR_SERVICE_A_FAMILY: n8(10)}
ADDR6 = {u.DSR_BACKEND_A_ADDR: packed('2001:db8::101')}
WEB = {u.DSR_SERVICE_A_VIP: VIP, u.DSR_SERVICE_A_PROTO: n8(6),
       u.DSR_SERVICE_A_PORT: p16(80)}
PACKET = {u.DSR_EXPLAIN_A_SRC: packed('10.10.31.200'),
          u.DSR_EXPLAIN_A_SPORT: p16(40000), u.DSR_EXPLAIN_A_DST: VIP,
          u.DSR_EXPLAIN_A_DPORT: p16(80), u.DSR_EXPLAIN_A_PROTO: n8(6)}

# command line: family, command, {nest: {attribute: payload}}, warning
REQUESTS = {
    'path add dev lo': ('dsr', u.DSR_CMD_PATH_ADD, {u.DSR_A_PATH: LO}),
    'path set recheck 1m30s dev lo':
        ('dsr', u.DSR_CMD_PATH_SET,
         {u.DSR_A_PATH: {**LO, u.DSR_PATH_A_RECHECK: n32(90000)}}),
    'path replace dev lo recheck 5':
        ('dsr', u.DSR_CMD_PATH_REPLACE,
         {u.DSR_A_PATH: {**LO, u.DSR_PATH_A_RECHECK: n32(5000)}}),
    'path add dev lo via ingress':
        ('dsr', u.DSR_CMD_PATH_ADD,
         {u.DSR_A_PATH: {**LO, u.DSR_PATH_A_VIA: n8(
             u.DSR_PATH_VIA_INGRESS)}}),
    'path add via xdp-generic dev lo':
        ('dsr', u.DSR_CMD_PATH_ADD,
         {u.DSR_A_PATH: {**LO, u.DSR_PATH_A_VIA: n8(
             u.DSR_PATH_VIA_XDP_GENERIC), u.DSR_PATH_A_LINK: n32(1000)}}),
    'path delete dev lo': ('dsr', u.DSR_CMD_PATH_DELETE, {u.DSR_A_PATH: LO}),
    'path flush': ('dsr', u.DSR_CMD_PATH_FLUSH, {}),
    'service add fwmark 1':
        ('dsr', u.DSR_CMD_SERVICE_ADD, {u.DSR_A_SERVICE: MARK}),
    'service add fwmark 0xFFffFFff':
        ('dsr', u.DSR_CMD_SERVICE_ADD,
         {u.DSR_A_SERVICE: {u.DSR_SERVICE_A_FWMARK: n32(0xffffffff)}}),
    'service add fwmark 0':
        ('dsr', u.DSR_CMD_SERVICE_ADD,
         {u.DSR_A_SERVICE: {u.DSR_SERVICE_A_FWMARK: n32(0)}}),
    'service set path direct scheduler wrr fwmark 1':
        ('dsr', u.DSR_CMD_SERVICE_SET,
         {u.DSR_A_SERVICE: {**MARK, u.DSR_SERVICE_A_SCHEDULER: b'wrr\0',
                            u.DSR_SERVICE_A_PATH: n8(u.DSR_PATH_DIRECT)}}),
    'service add fwmark 1 scheduler a-name-that-is-longer-than-16':
        ('dsr', u.DSR_CMD_SERVICE_ADD,
         {u.DSR_A_SERVICE: {**MARK, u.DSR_SERVICE_A_SCHEDULER:
                            b'a-name-that-is-longer-than-16\0'}}),
    'service replace fwmark 1 path stack':
        ('dsr', u.DSR_CMD_SERVICE_REPLACE,
         {u.DSR_A_SERVICE: {**MARK,
                            u.DSR_SERVICE_A_PATH: n8(u.DSR_PATH_STACK)}}),
    'service set fwmark 1 tos 0x04':
        ('dsr', u.DSR_CMD_SERVICE_SET,
         {u.DSR_A_SERVICE: {**MARK, u.DSR_SERVICE_A_TOS: n8(0x04),
                            u.DSR_SERVICE_A_TOS_MASK: n8(0xfc)}}),
    'service set fwmark 1 tos 0':
        ('dsr', u.DSR_CMD_SERVICE_SET,
         {u.DSR_A_SERVICE: {**MARK, u.DSR_SERVICE_A_TOS: n8(0),
                            u.DSR_SERVICE_A_TOS_MASK: n8(0xfc)}}),
    'service set fwmark 1 tos 0x02':
        ('dsr', u.DSR_CMD_SERVICE_SET,
         {u.DSR_A_SERVICE: {**MARK, u.DSR_SERVICE_A_TOS: n8(0x02),
                            u.DSR_SERVICE_A_TOS_MASK: n8(0xff)}},
         TOS_WARNING),
    'service set fwmark 1 tos none':
        ('dsr', u.DSR_CMD_SERVICE_SET,
         {u.DSR_A_SERVICE: {**MARK, u.DSR_SERVICE_A_TOS: n8(0),
                            u.DSR_SERVICE_A_TOS_MASK: n8(0)}}),
    'service set fwmark 1 scheduler maglev hash source table-size 251':
        ('dsr', u.DSR_CMD_SERVICE_SET,
         {u.DSR_A_SERVICE: {**MARK, u.DSR_SERVICE_A_SCHEDULER: b'maglev\0',
                            u.DSR_SERVICE_A_HASH: n8(u.DSR_HASH_SOURCE),
                            u.DSR_SERVICE_A_TABLE_SIZE: n32(251)}}),
    'service set fwmark 1 choices 2':
        ('dsr', u.DSR_CMD_SERVICE_SET,
         {u.DSR_A_SERVICE: {**MARK, u.DSR_SERVICE_A_CHOICES: n8(2)}}),
    'service set fwmark 1 hash default table-size 0':
        ('dsr', u.DSR_CMD_SERVICE_SET,
         {u.DSR_A_SERVICE: {**MARK,
                            u.DSR_SERVICE_A_HASH: n8(u.DSR_HASH_DEFAULT),
                            u.DSR_SERVICE_A_TABLE_SIZE: n32(0)}}),
    'service add fwmark 0x1/0xff00ff':
        ('dsr', u.DSR_CMD_SERVICE_ADD,
         {u.DSR_A_SERVICE: {**MARK,
                            u.DSR_SERVICE_A_FWMARK_MASK: n32(0xff00ff)}}),
    'service set fwmark 1 probe-marks 1000':
        ('dsr', u.DSR_CMD_SERVICE_SET,
         {u.DSR_A_SERVICE: {**MARK, u.DSR_SERVICE_A_PROBE_MARKS: n32(1000)}}),
    'service set fwmark 1 probe-marks none path direct':
        ('dsr', u.DSR_CMD_SERVICE_SET,
         {u.DSR_A_SERVICE: {**MARK, u.DSR_SERVICE_A_PROBE_MARKS: n32(0),
                            u.DSR_SERVICE_A_PATH: n8(1)}}),
    'service add fwmark 1 scheduler sh hash source-port':
        ('dsr', u.DSR_CMD_SERVICE_ADD,
         {u.DSR_A_SERVICE: {**MARK, u.DSR_SERVICE_A_SCHEDULER: b'sh\0',
                            u.DSR_SERVICE_A_HASH:
                            n8(u.DSR_HASH_SOURCE_PORT)}}),
    'service delete fwmark 1':
        ('dsr', u.DSR_CMD_SERVICE_DELETE, {u.DSR_A_SERVICE: MARK}),
    'service add vip 10.10.31.100':
        ('dsr', u.DSR_CMD_SERVICE_ADD,
         {u.DSR_A_SERVICE: {u.DSR_SERVICE_A_VIP: VIP}}),
    'service add vip 10.10.31.100 proto tcp port 80':
        ('dsr', u.DSR_CMD_SERVICE_ADD, {u.DSR_A_SERVICE: WEB}),
    'service add port 8000-8100 proto sctp vip 2001:db8::100':
        ('dsr', u.DSR_CMD_SERVICE_ADD,
         {u.DSR_A_SERVICE: {u.DSR_SERVICE_A_VIP: VIP6,
                            u.DSR_SERVICE_A_PROTO: n8(132),
                            u.DSR_SERVICE_A_PORT: p16(8000),
                            u.DSR_SERVICE_A_PORT_LAST: p16(8100)}}),
    'service add fwmark 1 family inet6':
        ('dsr', u.DSR_CMD_SERVICE_ADD, {u.DSR_A_SERVICE: MARK6}),
    'service add fwmark 1 family inet':
        ('dsr', u.DSR_CMD_SERVICE_ADD,
         {u.DSR_A_SERVICE: {**MARK, u.DSR_SERVICE_A_FAMILY: n8(2)}}),
    'service add fwmark 1 port 80':         # the kernel checks this
        ('dsr', u.DSR_CMD_SERVICE_ADD,
         {u.DSR_A_SERVICE: {**MARK, u.DSR_SERVICE_A_PORT: p16(80)}}),
    'service set fwmark 1 ping forward one-packet on on-down reset':
        ('dsr', u.DSR_CMD_SERVICE_SET,
         {u.DSR_A_SERVICE: {
             **MARK, u.DSR_SERVICE_A_PING: n8(u.DSR_PING_FORWARD),
             u.DSR_SERVICE_A_ONE_PACKET: n8(1),
             u.DSR_SERVICE_A_ON_DOWN: n8(u.DSR_ON_DOWN_RESET)}}),
    'service set fwmark 1 chances 32':
        ('dsr', u.DSR_CMD_SERVICE_SET,
         {u.DSR_A_SERVICE: {
             **MARK, u.DSR_SERVICE_A_CHANCES: n8(32)}}),
    'service set fwmark 1 chances off':
        ('dsr', u.DSR_CMD_SERVICE_SET,
         {u.DSR_A_SERVICE: {
             **MARK, u.DSR_SERVICE_A_CHANCES: n8(0)}}),
    'service set fwmark 1 ping reply one-packet off on-down reschedule':
        ('dsr', u.DSR_CMD_SERVICE_SET,
         {u.DSR_A_SERVICE: {
             **MARK, u.DSR_SERVICE_A_PING: n8(u.DSR_PING_REPLY),
             u.DSR_SERVICE_A_ONE_PACKET: n8(0),
             u.DSR_SERVICE_A_ON_DOWN: n8(u.DSR_ON_DOWN_RESCHEDULE)}}),
    **{f'service set fwmark 1 persist {words}':
       ('dsr', u.DSR_CMD_SERVICE_SET,
        {u.DSR_A_SERVICE: {**MARK, u.DSR_SERVICE_A_PERSIST: n32(value)}})
       for words, value in {
           'off': 0, '50': 50000, '500ms': 500, '30s': 30000, '10m': 600000,
           '2h': 7200000, '1d': 86400000, '1h30m': 5400000, '1d1ms': 86400001,
           '49d17h2m47s295ms': 4294967295, '0d1s': 1000}.items()},
    'service set fwmark 1 persist 50s persist-prefix 24':
        ('dsr', u.DSR_CMD_SERVICE_SET,
         {u.DSR_A_SERVICE: {**MARK, u.DSR_SERVICE_A_PERSIST: n32(50000),
                            u.DSR_SERVICE_A_PERSIST_PREFIX: n8(24)}}),
    'service set fwmark 1 persist 50s/24 ping reply':
        ('dsr', u.DSR_CMD_SERVICE_SET,
         {u.DSR_A_SERVICE: {**MARK, u.DSR_SERVICE_A_PERSIST: n32(50000),
                            u.DSR_SERVICE_A_PERSIST_PREFIX: n8(24),
                            u.DSR_SERVICE_A_PING: n8(u.DSR_PING_REPLY)}}),
    'service set fwmark 1 persist-prefix 255 force':
        ('dsr', u.DSR_CMD_SERVICE_SET,
         {u.DSR_A_SERVICE: {**MARK, u.DSR_SERVICE_A_PERSIST_PREFIX: n8(255)}}),
    'service set fwmark 1 timeout-udp 30s timeout-syn default':
        ('dsr', u.DSR_CMD_SERVICE_SET,
         {u.DSR_A_SERVICE: {**MARK, u.DSR_SERVICE_A_TIMEOUTS: {
             u.DSR_TIMEOUT_A_SYN: n32(0), u.DSR_TIMEOUT_A_UDP: n32(30000)}}}),
    'service delete vip 10.10.31.100 proto tcp port 80':
        ('dsr', u.DSR_CMD_SERVICE_DELETE, {u.DSR_A_SERVICE: WEB}),
    'service show vip 10.10.31.100 proto tcp port 80':
        ('dsr', u.DSR_CMD_SERVICE_GET, {u.DSR_A_SERVICE: WEB}),
    'service flush': ('dsr', u.DSR_CMD_SERVICE_FLUSH, {}),
    'real silence 10.10.31.100':
        ('dsr_rs', u.DSR_RS_CMD_SILENCE_ADD,
         {u.DSR_A_SILENCE: {u.DSR_SILENCE_A_ADDR: VIP}}),
    'real silence 2001:db8::100 dev eth0':
        ('dsr_rs', u.DSR_RS_CMD_SILENCE_ADD,
         {u.DSR_A_SILENCE: {u.DSR_SILENCE_A_ADDR: VIP6,
                            u.DSR_SILENCE_A_DEV: b'eth0\0'}}),
    'real sil repl 10.10.31.100 dev fifteen-letters':
        ('dsr_rs', u.DSR_RS_CMD_SILENCE_REPLACE,
         {u.DSR_A_SILENCE: {u.DSR_SILENCE_A_ADDR: VIP,
                            u.DSR_SILENCE_A_DEV: b'fifteen-letters\0'}}),
    'real silence delete 10.10.31.100':
        ('dsr_rs', u.DSR_RS_CMD_SILENCE_DELETE,
         {u.DSR_A_SILENCE: {u.DSR_SILENCE_A_ADDR: VIP}}),
    'real silence flush': ('dsr_rs', u.DSR_RS_CMD_SILENCE_FLUSH, {}),
    'service show fwmark 1':
        ('dsr', u.DSR_CMD_SERVICE_GET, {u.DSR_A_SERVICE: MARK}),
    'backend add fwmark 1 via 10.10.30.101':
        ('dsr', u.DSR_CMD_BACKEND_ADD,
         {u.DSR_A_SERVICE: MARK, u.DSR_A_BACKEND: ADDR}),
    'backend add via 10.10.30.101 weight 4294967295 fwmark 1':
        ('dsr', u.DSR_CMD_BACKEND_ADD,
         {u.DSR_A_SERVICE: MARK, u.DSR_A_BACKEND:
          {**ADDR, u.DSR_BACKEND_A_WEIGHT: n32(0xffffffff)}}),
    'backend add fwmark 1 via 10.10.30.101 upper 100 lower 4294967295':
        ('dsr', u.DSR_CMD_BACKEND_ADD,
         {u.DSR_A_SERVICE: MARK, u.DSR_A_BACKEND:
          {**ADDR, u.DSR_BACKEND_A_UPPER: n32(100),
           u.DSR_BACKEND_A_LOWER: n32(0xffffffff)}}),
    'backend set fwmark 1 via 10.10.30.101 upper 0':
        ('dsr', u.DSR_CMD_BACKEND_SET,
         {u.DSR_A_SERVICE: MARK, u.DSR_A_BACKEND:
          {**ADDR, u.DSR_BACKEND_A_UPPER: n32(0)}}),
    'backend set fwmark 1 via 10.10.30.101 weight 0':
        ('dsr', u.DSR_CMD_BACKEND_SET,
         {u.DSR_A_SERVICE: MARK, u.DSR_A_BACKEND:
          {**ADDR, u.DSR_BACKEND_A_WEIGHT: n32(0)}}),
    'backend replace fwmark 1 via 10.10.30.101':
        ('dsr', u.DSR_CMD_BACKEND_REPLACE,
         {u.DSR_A_SERVICE: MARK, u.DSR_A_BACKEND: ADDR}),
    'backend delete fwmark 1 via 10.10.30.101':
        ('dsr', u.DSR_CMD_BACKEND_DELETE,
         {u.DSR_A_SERVICE: MARK, u.DSR_A_BACKEND: ADDR}),
    'backend add fwmark 1 via 2001:db8::101':
        ('dsr', u.DSR_CMD_BACKEND_ADD,
         {u.DSR_A_SERVICE: MARK6, u.DSR_A_BACKEND: ADDR6}),
    'backend delete fwmark 1 via 2001:db8::101':
        ('dsr', u.DSR_CMD_BACKEND_DELETE,
         {u.DSR_A_SERVICE: MARK6, u.DSR_A_BACKEND: ADDR6}),
    'backend drain fwmark 1 via 2001:db8::101':
        ('dsr', u.DSR_CMD_BACKEND_SET,
         {u.DSR_A_SERVICE: MARK6, u.DSR_A_BACKEND:
          {**ADDR6, u.DSR_BACKEND_A_ADMIN: n8(u.DSR_BACKEND_DRAINING)}}),
    'backend add fwmark 1 family inet via 2001:db8::101':
        ('dsr', u.DSR_CMD_BACKEND_ADD,
         {u.DSR_A_SERVICE: {**MARK, u.DSR_SERVICE_A_FAMILY: n8(2)},
          u.DSR_A_BACKEND: ADDR6}),
    'backend add vip 2001:db8::100 via 2001:db8::101':
        ('dsr', u.DSR_CMD_BACKEND_ADD,
         {u.DSR_A_SERVICE: {u.DSR_SERVICE_A_VIP: VIP6},
          u.DSR_A_BACKEND: ADDR6}),
    'backend set vip 10.10.31.100 proto tcp port 80 via 10.10.30.101 up':
        ('dsr', u.DSR_CMD_BACKEND_SET,
         {u.DSR_A_SERVICE: WEB, u.DSR_A_BACKEND:
          {**ADDR, u.DSR_BACKEND_A_ADMIN: n8(u.DSR_BACKEND_UP)}}),
    'backend set fwmark 1 via 10.10.30.101 --down weight 1':
        ('dsr', u.DSR_CMD_BACKEND_SET,
         {u.DSR_A_SERVICE: MARK, u.DSR_A_BACKEND:
          {**ADDR, u.DSR_BACKEND_A_ADMIN: n8(u.DSR_BACKEND_DOWN),
           u.DSR_BACKEND_A_WEIGHT: n32(1)}}),
    'backend drain fwmark 1 deadline 10m via 10.10.30.101':
        ('dsr', u.DSR_CMD_BACKEND_SET,
         {u.DSR_A_SERVICE: MARK, u.DSR_A_BACKEND:
          {**ADDR, u.DSR_BACKEND_A_ADMIN: n8(u.DSR_BACKEND_DRAINING),
           u.DSR_BACKEND_A_DEADLINE: n32(600000)}}),
    'connection set max 1000 timeout-established 10m timeout-fin default':
        ('dsr', u.DSR_CMD_CONNECTION_SET,
         {u.DSR_A_TABLE: {u.DSR_TABLE_A_MAX: n32(1000),
                          u.DSR_TABLE_A_TIMEOUTS: {
                              u.DSR_TIMEOUT_A_ESTABLISHED: n32(600000),
                              u.DSR_TIMEOUT_A_FIN: n32(0)}}}),
    'connection set timeout-closed 1':
        ('dsr', u.DSR_CMD_CONNECTION_SET,
         {u.DSR_A_TABLE: {u.DSR_TABLE_A_TIMEOUTS: {
             u.DSR_TIMEOUT_A_CLOSED: n32(1000)}}}),
    'explain 10.10.31.200:40000 10.10.31.100:80':
        ('dsr', u.DSR_CMD_EXPLAIN, {u.DSR_A_EXPLAIN: PACKET}),
    'explain 10.10.31.200:40000 10.10.31.100:80 mark 0 middle proto tcp':
        ('dsr', u.DSR_CMD_EXPLAIN,
         {u.DSR_A_EXPLAIN: {**PACKET, u.DSR_EXPLAIN_A_FWMARK: n32(0),
                            u.DSR_EXPLAIN_A_MIDDLE: b''}}),
    'explain 10.10.31.200:40000 10.10.31.100:80 dev lo':
        ('dsr', u.DSR_CMD_EXPLAIN,
         {u.DSR_A_EXPLAIN: {**PACKET, u.DSR_EXPLAIN_A_IFINDEX: n32(1)}}),
    'explain [2001:db8::101]:1 [2001:db8::100]:65535 proto sctp':
        ('dsr', u.DSR_CMD_EXPLAIN,
         {u.DSR_A_EXPLAIN: {u.DSR_EXPLAIN_A_SRC: packed('2001:db8::101'),
                            u.DSR_EXPLAIN_A_SPORT: p16(1),
                            u.DSR_EXPLAIN_A_DST: VIP6,
                            u.DSR_EXPLAIN_A_DPORT: p16(65535),
                            u.DSR_EXPLAIN_A_PROTO: n8(132)}}),
    'connection set max 0':
        ('dsr', u.DSR_CMD_CONNECTION_SET,
         {u.DSR_A_TABLE: {u.DSR_TABLE_A_MAX: n32(0)}}),
    'connection flush': ('dsr', u.DSR_CMD_CONNECTION_FLUSH, {}),
    'flow flush': ('dsr_rs', u.DSR_RS_CMD_FLOW_FLUSH, {}),
    'real add vip 10.10.31.100':
        ('dsr_rs', u.DSR_RS_CMD_RULE_ADD, {u.DSR_A_RULE: RULE}),
    'real add vip 224.0.0.1':
        ('dsr_rs', u.DSR_RS_CMD_RULE_ADD,
         {u.DSR_A_RULE: {u.DSR_RULE_A_VIP: socket.inet_aton('224.0.0.1')}}),
    'real add vip 10.10.31.100 proto tcp port 80 to 8080':
        ('dsr_rs', u.DSR_RS_CMD_RULE_ADD,
         {u.DSR_A_RULE: {**RULE, u.DSR_RULE_A_PROTO: n8(6),
                         u.DSR_RULE_A_PORT: p16(80),
                         u.DSR_RULE_A_TO_PORT: p16(8080)}}),
    'real add vip 10.10.31.100 proto udp port 0 to :0':
        ('dsr_rs', u.DSR_RS_CMD_RULE_ADD,
         {u.DSR_A_RULE: {**RULE, u.DSR_RULE_A_PROTO: n8(17),
                         u.DSR_RULE_A_PORT: p16(0),
                         u.DSR_RULE_A_TO_PORT: p16(0)}}),
    'real add vip 10.10.31.100 port 80':
        ('dsr_rs', u.DSR_RS_CMD_RULE_ADD,
         {u.DSR_A_RULE: {**RULE, u.DSR_RULE_A_PORT: p16(80)}}),
    'real replace tos 0x04 to :81':
        ('dsr_rs', u.DSR_RS_CMD_RULE_REPLACE,
         {u.DSR_A_RULE: {u.DSR_RULE_A_TOS: n8(4),
                         u.DSR_RULE_A_TOS_MASK: n8(0xfc),
                         u.DSR_RULE_A_TO_PORT: p16(81)}}),
    'real add tos 0x02':
        ('dsr_rs', u.DSR_RS_CMD_RULE_ADD,
         {u.DSR_A_RULE: {u.DSR_RULE_A_TOS: n8(2),
                         u.DSR_RULE_A_TOS_MASK: n8(0xff)}},
         RULE_WARNING.format('0x02/0xff')),
    'real add tos 0x10/0xf0':
        ('dsr_rs', u.DSR_RS_CMD_RULE_ADD,
         {u.DSR_A_RULE: {u.DSR_RULE_A_TOS: n8(0x10),
                         u.DSR_RULE_A_TOS_MASK: n8(0xf0)}}),
    'real add tos 4/0':
        ('dsr_rs', u.DSR_RS_CMD_RULE_ADD,
         {u.DSR_A_RULE: {u.DSR_RULE_A_TOS: n8(4),
                         u.DSR_RULE_A_TOS_MASK: n8(0)}}),
    'real add tos 4/0xff':
        ('dsr_rs', u.DSR_RS_CMD_RULE_ADD,
         {u.DSR_A_RULE: {u.DSR_RULE_A_TOS: n8(4),
                         u.DSR_RULE_A_TOS_MASK: n8(0xff)}},
         RULE_WARNING.format('0x04/0xff')),
    'real add dscp 63':
        ('dsr_rs', u.DSR_RS_CMD_RULE_ADD,
         {u.DSR_A_RULE: {u.DSR_RULE_A_TOS: n8(0xfc),
                         u.DSR_RULE_A_TOS_MASK: n8(0xfc)}}),
    'real add dscp EF to 10.10.30.101':
        ('dsr_rs', u.DSR_RS_CMD_RULE_ADD,
         {u.DSR_A_RULE: {u.DSR_RULE_A_TOS: n8(0xb8),
                         u.DSR_RULE_A_TOS_MASK: n8(0xfc),
                         u.DSR_RULE_A_TO: socket.inet_aton('10.10.30.101')}}),
    'real add dscp af11':
        ('dsr_rs', u.DSR_RS_CMD_RULE_ADD,
         {u.DSR_A_RULE: {u.DSR_RULE_A_TOS: n8(0x28),
                         u.DSR_RULE_A_TOS_MASK: n8(0xfc)}}),
    'real add vip 2001:db8::1 proto sctp to [2001:db8::2]:81':
        ('dsr_rs', u.DSR_RS_CMD_RULE_ADD,
         {u.DSR_A_RULE: {
             u.DSR_RULE_A_VIP: socket.inet_pton(socket.AF_INET6,
                                                '2001:db8::1'),
             u.DSR_RULE_A_PROTO: n8(132),
             u.DSR_RULE_A_TO: socket.inet_pton(socket.AF_INET6,
                                               '2001:db8::2'),
             u.DSR_RULE_A_TO_PORT: p16(81)}}),
    'real add vip 10.10.31.100 to 10.10.30.101:8080':
        ('dsr_rs', u.DSR_RS_CMD_RULE_ADD,
         {u.DSR_A_RULE: {**RULE,
                         u.DSR_RULE_A_TO: socket.inet_aton('10.10.30.101'),
                         u.DSR_RULE_A_TO_PORT: p16(8080)}}),
    'real add vip 10.10.31.100 to ::80':
        ('dsr_rs', u.DSR_RS_CMD_RULE_ADD,
         {u.DSR_A_RULE: {**RULE,
                         u.DSR_RULE_A_TO: socket.inet_pton(socket.AF_INET6,
                                                           '::80')}}),
    'real delete tos 0x02':
        ('dsr_rs', u.DSR_RS_CMD_RULE_DELETE,
         {u.DSR_A_RULE: {u.DSR_RULE_A_TOS: n8(2),
                         u.DSR_RULE_A_TOS_MASK: n8(0xff)}}),
    'real delete vip 10.10.31.100 proto tcp':
        ('dsr_rs', u.DSR_RS_CMD_RULE_DELETE,
         {u.DSR_A_RULE: {**RULE, u.DSR_RULE_A_PROTO: n8(6)}}),
    'real add vip 10.10.31.100 mode redirect':
        ('dsr_rs', u.DSR_RS_CMD_RULE_ADD,
         {u.DSR_A_RULE: {**RULE, u.DSR_RULE_A_MODE: n8(0)}}),
    'real add tos 0x20 clear from 10.10.30.11':
        ('dsr_rs', u.DSR_RS_CMD_RULE_ADD,
         {u.DSR_A_RULE: {u.DSR_RULE_A_TOS: n8(0x20),
                         u.DSR_RULE_A_TOS_MASK: n8(0xfc),
                         u.DSR_RULE_A_CLEAR: n8(1),
                         u.DSR_RULE_A_FROM: packed('10.10.30.11')}}),
    'real add vip 10.10.31.100 balancer 10.10.30.11':
        ('dsr_rs', u.DSR_RS_CMD_RULE_ADD,
         {u.DSR_A_RULE: {**RULE, u.DSR_RULE_A_BALANCER: packed(
             '10.10.30.11')}}),
    'real add vip 10.10.31.100 mark 0x11':
        ('dsr_rs', u.DSR_RS_CMD_RULE_ADD,
         {u.DSR_A_RULE: {**RULE, u.DSR_RULE_A_MARK: n32(17)}}),
    'real replace dscp 8 from 02:aB:cD:eF:01:99 --clear':
        ('dsr_rs', u.DSR_RS_CMD_RULE_REPLACE,
         {u.DSR_A_RULE: {u.DSR_RULE_A_TOS: n8(0x20),
                         u.DSR_RULE_A_TOS_MASK: n8(0xfc),
                         u.DSR_RULE_A_CLEAR: n8(1),
                         u.DSR_RULE_A_FROM: bytes.fromhex('02abcdef0199')}}),
    'flow set timeout-established 5d max 16':
        ('dsr_rs', u.DSR_RS_CMD_FLOW_SET,
         {u.DSR_A_TABLE: {u.DSR_TABLE_A_MAX: n32(16),
                          u.DSR_TABLE_A_TIMEOUTS: {
                              u.DSR_TIMEOUT_A_ESTABLISHED: n32(432000000)}}}),
    'flow set max 4294967295':
        ('dsr_rs', u.DSR_RS_CMD_FLOW_SET,
         {u.DSR_A_TABLE: {u.DSR_TABLE_A_MAX: n32(0xffffffff)}}),
}


@pytest.mark.parametrize('line', REQUESTS)
def test_request(fake, kernel, line):
    name, cmd, nests, *warning = REQUESTS[line]
    fake(line).check(0, ''.join(warning))
    # guard.c may ask first, see test_guard.py
    *asked, request = kernel.requests
    assert all(r.kind == RTM_GETROUTE or r.cmd == u.DSR_CMD_BACKEND_GET
               for r in asked)
    assert len(asked) <= any(word in line for word in (
        'weight 0', 'down', 'delete', 'add vip', 'persist-prefix 255'))
    # a request for a family by its name loads the module
    loads = cmd not in LOOKS[name]
    assert set(kernel.looked_up) == ({name} if loads else set())
    assert request.cmd == cmd
    assert request.version == 1
    # a dump is carried out in parts
    assert request.dump == ((name, cmd) in (
        ('dsr', u.DSR_CMD_SERVICE_FLUSH), ('dsr', u.DSR_CMD_CONNECTION_FLUSH),
        ('dsr_rs', u.DSR_RS_CMD_FLOW_FLUSH)))
    assert request.flags & ~0x300 == 0x5        # request, ack
    assert {kind for kind, _, _ in request.attrs} == set(nests)
    for kind, attrs in nests.items():
        assert flat(request.nest(kind)) == flat(attrs)


def test_flow_flush_by_an_older_module(fake, kernel):
    """It does not know the command at all."""
    kernel.answers['dsr_rs', u.DSR_RS_CMD_FLOW_FLUSH] = Ack(errno.EOPNOTSUPP)
    fake('flow flush').check(
        2, 'dsrctl: flow flush: the loaded module does not know this command: '
        'the module is older than dsrctl\n')
    assert [request.dump for request in kernel.requests] == [True, False]


@pytest.mark.parametrize('what', ['service', 'connection'])
def test_flush_by_an_older_module(fake, kernel, what):
    """It knows no parts, and is asked to do all at once."""
    command = ('dsr', getattr(u, f'DSR_CMD_{what.upper()}_FLUSH'))
    kernel.answers[command] = lambda request: Ack(
        errno.EOPNOTSUPP if request.dump else 0)
    fake(f'{what} flush').check(0)
    assert [request.dump for request in kernel.requests] == [True, False]
    kernel.answers[command] = Ack(errno.EPERM)
    fake(f'{what} flush').check(
        2, 'dsrctl: permission denied: this needs CAP_NET_ADMIN (run dsrctl as '
        'root)\n')
    assert len(kernel.requests) == 3


def test_from(fake, kernel):
    """Each balancer is an attribute, in the order of the words."""
    fake('real add tos 0x20 from 2001:db8::100,10.10.31.100,'
         '00:00:00:00:00:00').check(0)
    (_, _, payload), = kernel.requests[0].attrs
    assert [v for k, _, v in parse_attrs(payload)
            if k == u.DSR_RULE_A_FROM] == [VIP6, VIP, bytes(6)]


def test_silence_devices(fake, kernel):
    """Each device is an attribute, in the order of the words."""
    fake('real silence 10.10.31.100 dev eth1 dev eth0 dev vlan+').check(0)
    (kind, nested, payload), = kernel.requests[0].attrs
    assert (kind, nested) == (u.DSR_A_SILENCE, True)
    assert [(k, v) for k, _, v in parse_attrs(payload)] == [
        (u.DSR_SILENCE_A_ADDR, VIP), *((u.DSR_SILENCE_A_DEV, name) for name in (
            b'eth1\0', b'eth0\0', b'vlan+\0'))]


# the commands that change nothing
LOOKS = {'dsr': (u.DSR_CMD_SERVICE_GET, u.DSR_CMD_EXPLAIN), 'dsr_rs': ()}


def flat(attrs):
    """Nests within a nest as tuples, for expected and sent attributes."""
    timeouts = (u.DSR_SERVICE_A_TIMEOUTS, u.DSR_TABLE_A_TIMEOUTS)
    found = {}
    for kind, value in attrs.items():
        if isinstance(value, bytes) and kind in timeouts and len(value) > 4:
            value = {k: v for k, _, v in parse_attrs(value)}
        found[kind] = value
    return found


DUMPS = {
    'service show': ('dsr', u.DSR_CMD_SERVICE_GET, {}),
    'backend show': ('dsr', u.DSR_CMD_BACKEND_GET, {}),
    'backend show fwmark 1': ('dsr', u.DSR_CMD_BACKEND_GET,
                              {u.DSR_A_SERVICE: MARK}),
    'backend show vip 10.10.31.100 proto tcp port 80':
        ('dsr', u.DSR_CMD_BACKEND_GET, {u.DSR_A_SERVICE: WEB}),
    'connection show': ('dsr', u.DSR_CMD_CONNECTION_GET, {}),
    'connection show limit 1 sort src':
        ('dsr', u.DSR_CMD_CONNECTION_GET, {}),
    'connection show fwmark 1':
        ('dsr', u.DSR_CMD_CONNECTION_GET,
         {u.DSR_A_CONNECTION: {u.DSR_CONNECTION_A_FWMARK: n32(1)}}),
    'connection show src 10.10.31.200 dst [2001:db8::100]:80 proto sctp '
    'state persistent via 10.10.30.101 sort expires limit 2':
        ('dsr', u.DSR_CMD_CONNECTION_GET,
         {u.DSR_A_CONNECTION: {
             u.DSR_CONNECTION_A_SRC: packed('10.10.31.200'),
             u.DSR_CONNECTION_A_DST: VIP6,
             u.DSR_CONNECTION_A_DPORT: p16(80),
             u.DSR_CONNECTION_A_PROTO: n8(132),
             u.DSR_CONNECTION_A_STATE: n8(u.DSR_CONN_PERSISTENT),
             u.DSR_CONNECTION_A_BACKEND: W101}}),
    'connection show state syn src 10.10.31.200:0':
        ('dsr', u.DSR_CMD_CONNECTION_GET,
         {u.DSR_A_CONNECTION: {
             u.DSR_CONNECTION_A_SRC: packed('10.10.31.200'),
             u.DSR_CONNECTION_A_SPORT: p16(0),
             u.DSR_CONNECTION_A_STATE: n8(u.DSR_CONN_SYN)}}),
    'flow show src 10.10.31.200': ('dsr_rs', u.DSR_RS_CMD_FLOW_GET, {}),
    'real show': ('dsr_rs', u.DSR_RS_CMD_RULE_GET, {}),
    'real silence': ('dsr_rs', u.DSR_RS_CMD_SILENCE_GET, {}),
    'flow show': ('dsr_rs', u.DSR_RS_CMD_FLOW_GET, {}),
    'path show': ('dsr', u.DSR_CMD_PATH_GET, {}),
}


@pytest.mark.parametrize('line', DUMPS)
def test_dump(fake, kernel, line):
    name, cmd, nests = DUMPS[line]
    fake(line).check(0)
    request, = kernel.requests
    assert kernel.looked_up == [], 'to look would load the module'
    assert (request.cmd, request.dump) == (cmd, True)
    assert {kind for kind, _, _ in request.attrs} == set(nests)
    for kind, attrs in nests.items():
        assert request.nest(kind) == attrs


def test_too_long(fake, kernel):
    fake(['service', 'add', 'fwmark', '1', 'scheduler', 'x' * 100000]).check(
        1, 'dsrctl: the values are too long for one request\n')
    assert not kernel.requests


def test_every_command_is_tested():
    """A new command of the UAPI must be added here."""
    asked = {(name, cmd) for name, cmd, *_ in
             (*REQUESTS.values(), *DUMPS.values())}
    asked |= {('dsr', u.DSR_CMD_STATS_GET),         # test_output.py
              ('dsr_rs', u.DSR_RS_CMD_STATS_GET),
              ('dsr_rs', u.DSR_RS_CMD_RULE_FLUSH),  # test_local.py
              ('dsr_rs', u.DSR_RS_CMD_EXPLAIN),     # test_real_explain.py
              ('dsr', u.DSR_CMD_CONNECTION_ADD),    # test_restore.py
              ('dsr', u.DSR_CMD_TRANSACTION),       # test_apply.py
              ('dsr', u.DSR_CMD_BACKEND_STATE)}     # is never sent
    assert asked == ({('dsr', i) for i in range(1, u.DSR_CMD_MAX + 1)} |
                     {('dsr_rs', i) for i in range(1, u.DSR_RS_CMD_MAX + 1)})
