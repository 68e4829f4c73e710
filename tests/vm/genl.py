# SPDX-License-Identifier: GPL-2.0
"""Generic netlink by hand, for messages that dsrctl never sends."""

import os
import socket
import struct

NETLINK_GENERIC = 16
SOL_NETLINK, NETLINK_CAP_ACK, NETLINK_EXT_ACK = 270, 10, 11
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 1, 4, 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3
EMPTY = 20                      # size of a message without attributes
NLA_F_NESTED = 0x8000

# include/uapi/linux/dsr*.h
SERVICE_ADD, SERVICE_SET, SERVICE_REPLACE, SERVICE_DELETE, SERVICE_GET, \
    SERVICE_FLUSH, BACKEND_ADD, BACKEND_SET, BACKEND_REPLACE, \
    BACKEND_DELETE, BACKEND_GET, CONNECTION_GET, CONNECTION_SET, \
    CONNECTION_FLUSH, STATS_GET = range(1, 16)
PATH_ADD, PATH_SET, PATH_REPLACE, PATH_DELETE, PATH_GET, \
    PATH_FLUSH = range(18, 24)
RULE_ADD, RULE_REPLACE, RULE_DELETE, RULE_GET, RULE_FLUSH, FLOW_GET, \
    FLOW_SET, RS_STATS_GET, SILENCE_ADD, SILENCE_REPLACE, SILENCE_DELETE, \
    SILENCE_GET, SILENCE_FLUSH, FLOW_FLUSH = range(1, 15)
A_SERVICE, A_BACKEND, A_CONNECTION, A_RULE, A_FLOW, A_TABLE, \
    A_REASON, A_EXPLAIN, A_PATH, A_SILENCE = range(1, 11)
SERVICE_FWMARK, SERVICE_SCHEDULER, SERVICE_PATH, SERVICE_TOS, \
    SERVICE_TOS_MASK = range(1, 6)
SERVICE_VIP = 9
SERVICE_HASH, SERVICE_TABLE_SIZE, SERVICE_PROBE_MARKS = range(19, 22)
BACKEND_ADDR4, BACKEND_WEIGHT = 1, 2
BACKEND_UPPER, BACKEND_LOWER = 13, 14
RULE_VIP, RULE_PROTO, RULE_PORT, RULE_TOS, RULE_TOS_MASK, \
    RULE_TO_PORT = range(1, 7)
RULE_MODE, RULE_ROUTED, RULE_FROM, RULE_CLEAR, \
    RULE_MARK = range(9, 14)
SILENCE_ADDR, SILENCE_DEV = 2, 3
PATH_IFINDEX, PATH_RECHECK = 1, 2
TABLE_PAD, TABLE_ENTRIES, TABLE_MAX = 1, 2, 3
REASON_PAD, REASON_NAME, REASON_PACKETS = 1, 2, 3
CONNECTION_PROTO, CONNECTION_SRC4, CONNECTION_SPORT, CONNECTION_DST4, \
    CONNECTION_DPORT = range(1, 6)


def attr(kind, data, nested=False):
    raw = struct.pack('HH', len(data) + 4,
                      kind | (NLA_F_NESTED if nested else 0)) + data
    return raw + b'\0' * (-len(raw) % 4)


def nest(kind, *attrs):
    return attr(kind, b''.join(attrs), True)


def u8(kind, value):
    return attr(kind, struct.pack('B', value))


def u32(kind, value):
    return attr(kind, struct.pack('I', value))


def be16(kind, value):
    return attr(kind, struct.pack('>H', value))


def addr(kind, text):
    return attr(kind, socket.inet_aton(text))


def string(kind, text):
    return attr(kind, text.encode() + b'\0')


def parse(data):
    """Attributes as a list of (kind, bytes)."""
    attrs = []
    while len(data) >= 4:
        length, kind = struct.unpack_from('HH', data)
        if length < 4:
            break
        attrs.append((kind & 0x3fff, data[4:length]))
        data = data[(length + 3) & ~3:]
    return attrs


def service(mark, *attrs):
    return nest(A_SERVICE, u32(SERVICE_FWMARK, mark), *attrs)


def backend(address, *attrs):
    return nest(A_BACKEND, addr(BACKEND_ADDR4, address), *attrs)


class Refused(Exception):
    """The kernel's refusal: errno, and its sentence if there is one."""

    def __init__(self, error, sentence):
        super().__init__(f'{os.strerror(error)}: {sentence}')
        self.errno = error
        self.sentence = sentence


class Genl:
    """A socket to one family, opened in the namespace of this thread."""

    def __init__(self, family='dsr'):
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                  NETLINK_GENERIC)
        self.sock.settimeout(60)
        self.sock.setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, 1)
        self.sock.setsockopt(SOL_NETLINK, NETLINK_CAP_ACK, 1)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.sequence = 0
        self.family = 16                # the controller, which has a fixed id
        for _, attrs in self.ask(3, string(2, family)):
            self.family, = struct.unpack('H', dict(attrs)[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def message(self, command, payload=b'', flags=0, version=1, reserved=0,
                family=None):
        self.sequence += 1
        body = struct.pack('BBH', command, version, reserved) + payload
        return struct.pack('IHHII', len(body) + 16,
                           self.family if family is None else family,
                           flags | NLM_F_REQUEST, self.sequence, 0) + body

    def ask(self, command, payload=b'', flags=NLM_F_ACK, **fields):
        """Send a request; the replies as (command, attributes)."""
        self.sock.send(self.message(command, payload, flags, **fields))
        return self.answer(flags)

    def dump(self, command, payload=b''):
        return self.ask(command, payload, NLM_F_DUMP)

    def answer(self, flags=NLM_F_ACK):
        replies = []
        while True:
            data = self.sock.recv(1 << 18)
            while data:
                length, kind, bits, sequence, _ = struct.unpack_from(
                    'IHHII', data)
                message, data = data[:length], data[(length + 3) & ~3:]
                if sequence != self.sequence:
                    # an answer to an earlier request that was given up
                    continue
                if kind in (NLMSG_ERROR, NLMSG_DONE):
                    error = struct.unpack_from('i', message, 16)[0] \
                        if len(message) >= 20 else 0
                    if error:
                        raise Refused(-error, self._sentence(kind, message,
                                                             bits))
                    return replies
                if length == EMPTY and flags & NLM_F_DUMP == NLM_F_DUMP:
                    continue            # a message without entries
                replies.append((message[16], parse(message[20:])))
                if not flags & (NLM_F_ACK | NLM_F_DUMP):
                    return replies

    @staticmethod
    def _sentence(kind, message, bits):
        if not bits & 0x200:            # NLM_F_ACK_TLVS
            return None
        # With NETLINK_CAP_ACK only the header of the request comes back.
        skip = 20 + 16 if kind == NLMSG_ERROR else 20
        if kind == NLMSG_ERROR and not bits & 0x100:    # NLM_F_CAPPED
            skip = 20 + struct.unpack_from('I', message, 20)[0]
        text = dict(parse(message[skip:])).get(1)
        return text.rstrip(b'\0').decode() if text else None


def reasons(host, family='dsr'):
    """The packet counters of a module in a namespace, {name: packets}."""
    command = STATS_GET if family == 'dsr' else RS_STATS_GET
    with host.at(), Genl(family) as sock:
        found = {}
        for _, attrs in sock.ask(command):
            for kind, data in attrs:
                if kind == A_REASON:
                    fields = dict(parse(data))
                    found[fields[REASON_NAME].rstrip(b'\0').decode()] = \
                        struct.unpack('Q', fields[REASON_PACKETS])[0]
        return found


def table(host, family='dsr'):
    """Size of a module's table in a namespace: (entries, max)."""
    command = STATS_GET if family == 'dsr' else RS_STATS_GET
    with host.at(), Genl(family) as sock:
        for _, attrs in sock.ask(command):
            for kind, data in attrs:
                if kind == A_TABLE:
                    fields = dict(parse(data))
                    return (struct.unpack('I', fields[TABLE_ENTRIES])[0],
                            struct.unpack('I', fields[TABLE_MAX])[0])
    return None
