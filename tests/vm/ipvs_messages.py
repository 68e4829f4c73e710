# SPDX-License-Identifier: GPL-2.0
"""Malformed messages to the family IPVS, from a seeded generator.

Attributes and commands are those of linux/ip_vs.h. Each message is right only
if ip_vs refuses it for the same reason; see test_ipvs_messages.py.
"""

import random
import socket
import struct

import genl

NEW_SERVICE, SET_SERVICE, DEL_SERVICE, GET_SERVICE, NEW_DEST, SET_DEST, \
    DEL_DEST, GET_DEST, NEW_DAEMON, DEL_DAEMON, GET_DAEMON, SET_CONFIG, \
    GET_CONFIG, SET_INFO, GET_INFO, ZERO, FLUSH = range(1, 18)
SERVICE, DEST, DAEMON, TIMEOUT_TCP, TIMEOUT_FIN, TIMEOUT_UDP = range(1, 7)
S_AF, S_PROTOCOL, S_ADDR, S_PORT, S_FWMARK, S_SCHED, S_FLAGS, S_TIMEOUT, \
    S_NETMASK, S_STATS, S_PE_NAME = range(1, 12)
D_ADDR, D_PORT, D_METHOD, D_WEIGHT, D_UPPER, D_LOWER = range(1, 7)
D_FAMILY, D_TUN_TYPE, D_TUN_PORT, D_TUN_FLAGS = 11, 13, 14, 15

OF_SERVICE = (NEW_SERVICE, SET_SERVICE, DEL_SERVICE, GET_SERVICE)
OF_DEST = (NEW_DEST, SET_DEST, DEL_DEST)


def u16(value):
    return struct.pack('H', value)


def u32(value):
    return struct.pack('I', value & 0xffffffff)


def address(text):
    family = socket.AF_INET6 if ':' in text else socket.AF_INET
    return socket.inet_pton(family, text).ljust(16, b'\0')


def identity(mark=0, family=socket.AF_INET, proto=6, vip='10.0.0.100', port=80):
    """The attributes that identify a service, {attribute: bytes}."""
    if mark:
        return {S_AF: u16(family), S_FWMARK: u32(mark)}
    return {S_AF: u16(family), S_PROTOCOL: u16(proto), S_ADDR: address(vip),
            S_PORT: struct.pack('>H', port)}


def settings(family=socket.AF_INET, sched='rr', timeout=0, mask=None):
    """The settings of a service."""
    if mask is None:
        mask = 128 if family == socket.AF_INET6 else 0xffffffff
    return {S_SCHED: sched.encode() + b'\0', S_FLAGS: struct.pack('II', 0, ~0 &
            0xffffffff), S_TIMEOUT: u32(timeout), S_NETMASK: u32(mask)}


def server(addr='10.0.0.11', port=0):
    return {D_ADDR: address(addr), D_PORT: struct.pack('>H', port)}


def quality(weight=1, upper=0, lower=0):
    return {D_METHOD: u32(3), D_WEIGHT: u32(weight), D_UPPER: u32(upper),
            D_LOWER: u32(lower)}


def pack(fields):
    return b''.join(genl.attr(kind, data) for kind, data in fields.items())


# The objects: each service, and a server of it.
THERE = (
    (identity(1), server()),
    (identity(vip='10.0.0.100'), server(port=80)),
    (identity(7, socket.AF_INET6), server('2001:db8:30::101')),
)
ABSENT = (
    (identity(2), server('10.0.0.12')),
    (identity(port=81), server('10.0.0.12', 81)),
    (identity(proto=17), server('10.0.0.12', 80)),
    (identity(8, socket.AF_INET6), server('2001:db8:30::102')),
)


def family_of(service):
    return struct.unpack('H', service[S_AF])[0]


def fill(sock):
    """Set up the objects that the messages refer to, and nothing else."""
    sock.ask(FLUSH)
    for service, one in THERE:
        sock.ask(NEW_SERVICE, genl.nest(SERVICE, pack(
            {**service, **settings(family_of(service))})))
        sock.ask(NEW_DEST, genl.nest(SERVICE, pack(service)) +
                 genl.nest(DEST, pack({**one, **quality()})))


def state(sock):
    """All state that a refused message must not change."""
    found = [sock.dump(GET_SERVICE), sock.ask(GET_CONFIG)]
    for _, attrs in found[0]:
        found.append(sock.dump(GET_DEST, genl.nest(
            SERVICE, dict(attrs)[SERVICE])))
    return found


class Malformed:
    """next(): (mistake, command, payload, flags, version).

    With BOTH only messages that ip_vs refuses, too; else also those that ip_vs
    accepts and dsr_ipvs refuses.
    """

    def __init__(self, seed, both=False):
        self.random = random.Random(seed)
        self.wrongs = [getattr(self, name) for name in sorted(dir(self))
                       if name.startswith(('wrong_',) if both else
                                          ('wrong_', 'refused_'))]

    def __next__(self):
        wrong = self.random.choice(self.wrongs)
        command, payload = wrong()
        # none of these makes a message valid
        flags = self.random.choice((0, 0, 8, 0x100, 0x200, 0x400, 0x500, 0x800,
                                    0xd00))
        return (wrong.__name__.split('_', 1)[1], command, payload, flags,
                self.random.choice((1, 1, 0, 2, 255)))

    # Valid messages, as the fields of their nests

    def good(self):
        """(command, fields of the service, fields of the destination)"""
        command = self.random.choice(OF_SERVICE + OF_DEST)
        if command in OF_SERVICE:
            service, _ = self.random.choice(
                ABSENT if command == NEW_SERVICE else THERE)
            if command in (NEW_SERVICE, SET_SERVICE):
                service = {**service, **settings(family_of(service))}
            return command, dict(service), {}
        service, one = self.random.choice(THERE)
        if command == NEW_DEST:
            one = server('2001:db8:30::109' if family_of(service) ==
                         socket.AF_INET6 else '10.0.0.19',
                         self.random.choice((0, 80)))
        if command != DEL_DEST:
            one = {**one, **quality(self.random.randrange(9))}
        return command, dict(service), dict(one)

    @staticmethod
    def whole(service, dest):
        return genl.nest(SERVICE, pack(service)) + (
            genl.nest(DEST, pack(dest)) if dest else b'')

    def of_dest(self):
        while True:
            command, service, dest = self.good()
            if command in (NEW_DEST, SET_DEST):
                return command, service, dest

    def of_new(self):
        while True:
            command, service, dest = self.good()
            if command == NEW_SERVICE:
                return command, service, dest

    def pick(self, service, dest):
        """A service or a destination, and one of its fields."""
        where = self.random.choice((service, dest) if dest else (service,))
        return where, self.random.choice(sorted(where))

    # Mistakes that both refuse

    def wrong_absent(self):
        """A required field is missing."""
        command, service, dest = self.good()
        where, field = self.pick(service, dest)
        del where[field]
        return command, self.whole(service, dest)

    def wrong_short(self):
        """A field is too short for its type."""
        command, service, dest = self.good()
        while True:
            where, field = self.pick(service, dest)
            # ip_vs accepts some of these
            if field not in ((S_ADDR, S_FLAGS) if where is service else
                             (D_ADDR,)):
                break
        size = 0 if where is service and field == S_SCHED else \
            self.random.randrange(len(where[field]))
        where[field] = where[field][:size]
        return command, self.whole(service, dest)

    def wrong_name(self):
        """A scheduler's name without its end, or of an unknown scheduler."""
        command, service, dest = self.of_new()
        name = bytes(self.random.randrange(33, 127) for _ in range(
            self.random.randrange(3, 40))).replace(b'n', b'N')
        service[S_SCHED] = name + self.random.choice((b'', b'\0', b'\0' * 20))
        return command, self.whole(service, dest)

    def wrong_engine(self):
        command, service, dest = self.of_new()
        service[S_PE_NAME] = b'engine' * self.random.randrange(1, 5) + b'\0'
        return command, self.whole(service, dest)

    def wrong_length(self):
        """A field has a length beyond its nest, or below that of a header."""
        command, service, dest = self.good()
        where, field = self.pick(service, dest)
        raw = bytearray(pack(where))
        at = 0
        for kind, data in where.items():
            if kind == field:
                break
            at += (len(data) + 7) & ~3
        length = self.random.choice((0, 1, 2, 3, len(raw) - at + 1, 0xfff0,
                                     0xffff))
        struct.pack_into('H', raw, at, length)
        if where is service:
            return command, genl.nest(SERVICE, bytes(raw)) + (
                genl.nest(DEST, pack(dest)) if dest else b'')
        return command, genl.nest(SERVICE, pack(service)) + \
            genl.nest(DEST, bytes(raw))

    def wrong_cut(self):
        """The message is truncated at any byte."""
        command, service, dest = self.good()
        payload = self.whole(service, dest)
        return command, payload[:self.random.randrange(len(payload))]

    def wrong_family(self):
        command, service, dest = self.good()
        service[S_AF] = u16(self.random.choice([
            0, 1, 3, 11, 0x200, 0xffff, self.random.randrange(11, 1 << 16)]))
        return command, self.whole(service, dest)

    def wrong_dest_family(self):
        command, service, dest = self.of_dest()
        dest[D_FAMILY] = u16(self.random.choice(
            (1, 3, 11, 0x0200, 0xffff, 12 - family_of(service))
            if command == NEW_DEST else (1, 3, 11, 0x0200, 0xffff)))
        return command, self.whole(service, dest)

    def wrong_nest(self):
        """The right fields in the wrong place."""
        command, service, dest = self.good()
        inner = self.whole(service, dest)
        return command, self.random.choice((
            genl.nest(SERVICE, inner), genl.nest(DEST, inner),
            genl.nest(DAEMON, inner), genl.nest(SERVICE, genl.nest(
                SERVICE, inner)), pack(service), pack(dest),
            genl.attr(0x3fff, pack(service)) + genl.nest(DEST, pack(dest)),
            genl.nest(SERVICE) + genl.nest(DEST, pack(dest))))

    def wrong_noise(self):
        """Random bytes."""
        command = self.random.choice(OF_SERVICE + OF_DEST)
        noise = [self.random.randbytes(self.random.randrange(90))
                 for _ in range(2)]
        return command, self.random.choice((
            noise[0], genl.nest(SERVICE, noise[0]),
            genl.nest(SERVICE, noise[0]) + genl.nest(DEST, noise[1])))

    def wrong_attributes(self):
        """Many unknown attributes, and no required one."""
        command = self.random.choice(OF_SERVICE + OF_DEST)
        unknown = b''.join(
            genl.attr(self.random.randrange(7, 0x3fff),
                      self.random.randbytes(self.random.randrange(12)))
            for _ in range(self.random.randrange(1, 12)))
        return command, self.random.choice((
            unknown, genl.nest(SERVICE, unknown), unknown + genl.nest(
                SERVICE, genl.attr(0x3ff, unknown))))

    def wrong_command(self):
        _, service, dest = self.good()
        return (self.random.choice((0, SET_INFO, 18, 19, 64, 200, 255)),
                self.whole(service, dest))

    def wrong_mask(self):
        """A prefix longer than an IPv6 address."""
        service = {**identity(9, socket.AF_INET6), **settings(
            socket.AF_INET6, mask=self.random.choice(
                (129, 130, 255, 256, 0xffffffff, 0x40000000)))}
        return NEW_SERVICE, self.whole(service, {})

    def wrong_mark(self):
        """Neither a mark nor an address."""
        command, service, dest = self.good()
        for field in (S_FWMARK, S_ADDR, S_PORT, S_PROTOCOL):
            service.pop(field, None)
        return command, self.whole(service, dest)

    def wrong_weight(self):
        command, service, dest = self.of_dest()
        dest[D_WEIGHT] = u32(self.random.choice(
            (-1, -2, -(1 << 31), -self.random.randrange(1, 1 << 31))))
        return command, self.whole(service, dest)

    def wrong_threshold(self):
        command, service, dest = self.of_dest()
        upper = self.random.randrange(1 << 31)
        dest[D_UPPER] = u32(upper)
        dest[D_LOWER] = u32(self.random.randrange(upper + 1, 1 << 32))
        return command, self.whole(service, dest)

    def wrong_address(self):
        """A server's address that is not unicast."""
        while True:
            command, service, dest = self.of_dest()
            if command == NEW_DEST:
                break
        dest[D_ADDR] = address(self.random.choice(
            ('ff02::1', 'ff0e::1:2', '::', 'fe80::1') if family_of(service) ==
            socket.AF_INET6 else ('224.0.0.1', '239.1.2.3', '0.0.0.0',
                                  '255.255.255.255', '10.0.0.255')))
        return command, self.whole(service, dest)

    def wrong_service(self):
        """An unknown service; or a new one that exists."""
        command, service, dest = self.good()
        if command == NEW_SERVICE:
            there, _ = self.random.choice(THERE)
            service = {**there, **settings(family_of(there))}
        else:
            for field in (S_FWMARK, S_PORT, S_ADDR, S_PROTOCOL):
                service.pop(field, None)
            absent, _ = self.random.choice([
                one for one in ABSENT if one[0][S_AF] == service[S_AF]])
            service.update(absent)
        return command, self.whole(service, dest)

    def wrong_server(self):
        command, service, dest = self.good()
        if command not in OF_DEST:
            return self.wrong_service()
        there = next(one for known, one in THERE if known == service)
        if command == NEW_DEST:
            dest.update(there)
        else:
            dest[D_PORT] = u16(self.random.randrange(0x0101, 0xffff) | 0x0101)
        return command, self.whole(service, dest)

    # Mistakes that only dsr_ipvs refuses

    def refused_protocol(self):
        """A protocol that no client can use."""
        service = {**identity(proto=self.random.choice(
            (0, 1, 2, 7, 58, 255, 0x0600, 0x1106, 0xffff))), **settings()}
        return NEW_SERVICE, self.whole(service, {})

    def refused_nest(self):
        """A nest that ip_vs does not find, or misreads."""
        command, service, dest = self.good()
        return command, self.random.choice((
            genl.attr(TIMEOUT_TCP, pack(service)),
            genl.nest(DEST, pack(service)) + genl.nest(SERVICE, pack(dest))))

    def refused_method(self):
        """A forwarding method other than direct routing."""
        command, service, dest = self.of_dest()
        dest[D_METHOD] = u32(self.random.choice(
            (0, 1, 2, 4, 5, 6, self.random.randrange(1 << 29) << 3)))
        return command, self.whole(service, dest)

    def refused_size(self):
        """A truncated address, a number that is too long."""
        command, service, dest = self.good()
        where, field = self.pick(service, dest)
        old = where[field]
        if len(old) == 16:
            where[field] = self.random.choice((
                old[:self.random.choice((0, 1, 2, 3, 5, 7, 12, 15))],
                old + bytes(self.random.randrange(1, 9))))
        elif where is not service or field != S_SCHED:
            where[field] = old + bytes(self.random.randrange(1, 9))
        else:
            where[field] = bytes(40)
        return command, self.whole(service, dest)

    def refused_attribute(self):
        """All required attributes, and an unknown one."""
        command, service, dest = self.good()
        more = genl.attr(self.random.randrange(17, 0x3fff),
                         self.random.randbytes(self.random.randrange(12)))
        return command, self.random.choice((
            self.whole(service, dest) + more,
            more + self.whole(service, dest),
            genl.nest(SERVICE, pack(service) + more) + (
                genl.nest(DEST, pack(dest)) if dest else b'')))
