# SPDX-License-Identifier: GPL-2.0
"""A process that answers netlink requests as the kernel would.

It implements the framing (families, acks, dumps, extended acks), not the
modules: the tests script their answers, with the numbers of the UAPI.
"""

import errno
import os
import socket
import struct
import threading

NLMSG_NOOP, NLMSG_ERROR, NLMSG_DONE = 1, 2, 3
NLM_F_REQUEST, NLM_F_MULTI, NLM_F_ACK = 0x01, 0x02, 0x04
NLM_F_DUMP_INTR, NLM_F_CAPPED, NLM_F_ACK_TLVS = 0x10, 0x100, 0x200
NLM_F_DUMP = 0x300
NLA_F_NESTED = 0x8000
GENL_ID_CTRL = 16
CTRL_CMD_NEWFAMILY, CTRL_CMD_DELFAMILY, CTRL_CMD_GETFAMILY = 1, 2, 3
CTRL_ATTR_MCAST_GROUPS, GRP_NAME, GRP_ID = 7, 1, 2
CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME = 1, 2
ATTR_MSG, ATTR_OFFS, ATTR_POLICY = 1, 2, 4
POLICY_MIN_U, POLICY_MAX_U = 4, 5

RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE = 24, 25, 26
RTM_NEWLINK, RTM_GETLINK, RTM_NEWADDR, RTM_GETADDR = 16, 18, 20, 22
RTM_NEWNEIGH, RTM_GETNEIGH = 28, 30
NFT_NEWCHAIN, NFT_GETCHAIN, NFT_NEWRULE, NFT_GETRULE = (
    0xa00 | n for n in (3, 4, 6, 7))
SOCK_DIAG = 20
FAMILIES = {'dsr': 0x21, 'dsr_rs': 0x22, 'IPVS': 0x23, 'nlctrl': GENL_ID_CTRL}
GROUPS = {'dsr': ('events', 0x31), 'dsr_rs': ('events', 0x32),
          'nlctrl': ('notify', 0x10)}
FAKE_ERROR = 0xffffffff     # see fake_socket.c
OVERRUN = (FAKE_ERROR, struct.pack('=i', errno.ENOBUFS))


# attributes

def attr(kind, payload):
    data = struct.pack('=HH', 4 + len(payload), kind) + payload
    return data + b'\0' * (-len(data) % 4)


def u8(kind, value):
    return attr(kind, struct.pack('=B', value))


def u16(kind, value):
    return attr(kind, struct.pack('=H', value))


def u32(kind, value):
    return attr(kind, struct.pack('=I', value))


def u64(kind, value):
    return attr(kind, struct.pack('=Q', value))


def be16(kind, value):
    return attr(kind, struct.pack('!H', value))


def packed(text):
    """Pack an address of either family."""
    return socket.inet_pton(socket.AF_INET6 if ':' in text else
                            socket.AF_INET, text)


def addr(kind, text):
    return attr(kind, packed(text))


def string(kind, text):
    return attr(kind, text.encode('latin-1') + b'\0')


def nest(kind, *attrs):
    return attr(kind | NLA_F_NESTED, b''.join(attrs))


def parse_attrs(data):
    """[(type, nested, payload)]"""
    found = []
    while len(data) >= 4:
        size, kind = struct.unpack_from('=HH', data)
        assert 4 <= size <= len(data)
        found.append((kind & 0x3fff, bool(kind & NLA_F_NESTED),
                      data[4:size]))
        data = data[(size + 3) & ~3:]
    assert not data
    return found


# messages

def message(kind, flags, seq, payload, padded=True):
    data = struct.pack('=IHHII', 16 + len(payload), kind, flags, seq, 0)
    data += payload
    return data + b'\0' * (-len(data) % 4 if padded else 0)


class Request:
    """A request of dsrctl."""

    def __init__(self, data):
        self.data = data
        (self.length, self.kind, self.flags, self.seq,
         self.port) = struct.unpack_from('=IHHII', data)
        self.cmd, self.version = struct.unpack_from('=BB', data, 16)
        self.route = self.kind in (RTM_NEWROUTE, RTM_DELROUTE)
        self.generic = self.kind in FAMILIES.values()
        self.dump = self.flags & NLM_F_DUMP == NLM_F_DUMP
        self.attrs = []
        if self.route or self.kind == RTM_GETROUTE and not self.dump:
            self.attrs = parse_attrs(data[28:self.length])
        elif self.generic:
            self.attrs = parse_attrs(data[20:self.length])

    def nest(self, kind):
        """{type: payload} of the nest of a kind, which must have the nested
        flag."""
        for found, nested, payload in self.attrs:
            if found == kind:
                assert nested, 'strict validation wants NLA_F_NESTED'
                return {k: v for k, _, v in parse_attrs(payload)}
        return None

    def offset(self, outer, inner):
        """The offset of an attribute of a nest in the message."""
        at = 20
        data = self.data[20:self.length]
        while data:
            size, kind = struct.unpack_from('=HH', data)
            if kind & 0x3fff == outer:
                break
            at, data = at + size + 3 & ~3, data[size + 3 & ~3:]
        at, data = at + 4, data[4:]
        while True:
            size, kind = struct.unpack_from('=HH', data)
            if kind & 0x3fff == inner:
                return at
            at, data = at + (size + 3 & ~3), data[size + 3 & ~3:]


class Reply:
    """The messages of a module's answer, without the end of the dump."""

    def __init__(self, *payloads, interrupted=False, end_error=0,
                 end_text=None, size=8, padded=True):
        self.payloads = payloads
        self.interrupted = interrupted
        self.end_error = end_error
        self.end_text = end_text
        self.size = size            # messages in a packet
        self.padded = padded        # true if a message fills whole words

    def packets(self, request):
        genl = struct.pack('=BBH', request.cmd, 1, 0)
        flags = NLM_F_MULTI if request.dump else 0
        if self.interrupted:
            flags |= NLM_F_DUMP_INTR
        messages = [message(request.kind, flags, request.seq, genl + p,
                            self.padded) for p in self.payloads]
        packets = [b''.join(messages[i:i + self.size])
                   for i in range(0, len(messages), self.size)]
        if request.dump:
            end = struct.pack('=i', self.end_error)
            if self.end_text:
                flags |= NLM_F_ACK_TLVS
                end += string(ATTR_MSG, self.end_text)
            packets.append(message(NLMSG_DONE, flags | NLM_F_MULTI,
                                   request.seq, end))
        elif request.flags & NLM_F_ACK:
            packets += Ack().packets(request)
        return packets


class Objects:
    """What the kernel itself lists, or its answer to one question."""

    def __init__(self, kind, *payloads):
        self.kind, self.payloads = kind, payloads

    def packets(self, request):
        flags = NLM_F_MULTI if request.dump else 0
        found = [message(self.kind, flags, request.seq, payload)
                 for payload in self.payloads]
        if request.dump:
            found.append(message(NLMSG_DONE, flags, request.seq,
                                 struct.pack('=i', 0)))
        elif request.flags & NLM_F_ACK:
            found += Ack().packets(request)
        return found


class Ack:
    """Success, or a refusal."""

    def __init__(self, error=0, text=None, offset=None, bounds=None,
                 capped=True):
        self.error, self.text = error, text
        self.offset, self.bounds = offset, bounds
        self.capped = capped

    def packets(self, request):
        flags = NLM_F_CAPPED if self.capped else 0
        payload = struct.pack('=i', -self.error) + request.data[:16]
        if not self.capped:
            payload += request.data[16:request.length]
            payload += b'\0' * (-len(payload) % 4)
        tlvs = b''
        if self.text is not None:
            tlvs += string(ATTR_MSG, self.text)
        if self.offset is not None:
            tlvs += u32(ATTR_OFFS, self.offset)
        if self.bounds is not None:
            tlvs += nest(ATTR_POLICY, u64(POLICY_MIN_U, self.bounds[0]),
                         u64(POLICY_MAX_U, self.bounds[1]))
        if tlvs:
            flags |= NLM_F_ACK_TLVS
        return [message(NLMSG_ERROR, flags, request.seq, payload + tlvs)]


def family(name, groups=True):
    attrs = (u16(CTRL_ATTR_FAMILY_ID, FAMILIES[name]) +
             string(CTRL_ATTR_FAMILY_NAME, name))
    if groups and name in GROUPS:
        group, number = GROUPS[name]
        attrs += nest(CTRL_ATTR_MCAST_GROUPS, nest(
            1, string(GRP_NAME, 'other'), u32(GRP_ID, 7)), nest(
            2, string(GRP_NAME, group), u32(GRP_ID, number)))
    return attrs


def event(cmd, payload, name='dsr'):
    """A message to a multicast group."""
    return message(FAMILIES[name], 0, 0, struct.pack('=BBH', cmd, 1, 0) +
                   payload)


class FakeKernel:
    """Listens on a socket that tests/tool/fake_socket.c connects to.

    families: those that are "loaded".
    answers: {(family, command): answer}, where an answer is an object with
        packets(request), or a function of the request that returns one, or a
        list of answers, one for each request, the last for all others.
    """

    def __init__(self, path):
        self.path = path
        self.families = ['dsr', 'dsr_rs']
        self.answers = {}
        self.routes = {}            # answers about routes, by type
        self.objects = {}           # answers about other objects, by type
        self.requests = []          # except those to the controller
        self.connections = 0
        self.sent = 0               # packets
        self.looked_up = []         # families that were requested by name
        self.groups = True          # the modules have multicast groups
        self.joined = []            # multicast groups
        self.events = []            # packets for connections that have joined
        self.waiting = []           # packets of these after an overrun
        self.told = []              # connections that got events
        # packets -> packets, or (source port, packet); then close
        self.mutate = None
        # the same for those of the controller
        self.mutate_controller = False
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(path)
        self.listener.listen()
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        os.unlink(self.path)

    def accept(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(connection,),
                             daemon=True).start()

    def serve(self, connection):
        with connection:
            while True:
                try:
                    data = connection.recv(1 << 16)
                    if not data:
                        return
                    if data[4:6] == struct.pack('=H', NLMSG_NOOP):
                        self.join(connection, data)
                        continue
                    request = Request(data)
                    packets = self.answer(request).packets(request)
                    controller = request.kind == GENL_ID_CTRL
                    mutate = (self.mutate
                              if controller == self.mutate_controller
                              else None)
                    if mutate:
                        packets = mutate(packets)
                    for packet in packets:
                        port = 0
                        if isinstance(packet, tuple):
                            port, packet = packet
                        self.sent += 1
                        connection.send(struct.pack('=I', port) + packet)
                    if mutate:
                        return
                except OSError:
                    return          # the client has closed the connection

    def join(self, connection, data):
        """After the join of the last module's group all events come, then the
        end.

        After an overrun the remaining events go to the next connection that
        joins.
        """
        self.joined.append(struct.unpack('=I', data[16:])[0])
        last = [GROUPS[name][1] for name in self.families][-1:]
        if self.joined[-1:] != last or connection in self.told:
            return
        self.told.append(connection)
        packets = self.waiting or list(
            self.mutate(self.events) if self.mutate else self.events)
        self.waiting = []
        while packets:
            packet = packets.pop(0)
            port, data = packet if isinstance(packet, tuple) else (0, packet)
            if packet == OVERRUN:
                self.waiting = packets
            connection.send(struct.pack('=I', port) + data)
            if packet == OVERRUN:
                return
        connection.shutdown(socket.SHUT_WR)

    def answer(self, request):
        if request.kind == GENL_ID_CTRL:
            if request.dump:
                return Reply(*(family(name) for name in self.families))
            name = dict((k, v) for k, _, v in request.attrs)[
                CTRL_ATTR_FAMILY_NAME].rstrip(b'\0').decode()
            if name == 'nlctrl':
                return Reply(family(name))
            self.looked_up.append(name)
            return Reply(family(name, self.groups)) if (
                name in self.families) else Ack(errno.ENOENT)
        self.requests.append(request)
        if request.route:
            return self.routes.get(request.kind, Ack())
        if not request.generic:
            # a question about one route gets a route, or a refusal
            nothing = Ack(errno.ENETUNREACH if request.kind == RTM_GETROUTE
                          else 0)
            answer = self.objects.get(request.kind, Objects(0) if request.dump
                                      else nothing)
            return answer(request) if callable(answer) else answer
        name = {v: k for k, v in FAMILIES.items()}.get(request.kind)
        if name not in self.families:
            return Ack(errno.ENOENT)
        answer = self.answers.get((name, request.cmd), Reply())
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        return answer(request) if callable(answer) else answer
