# SPDX-License-Identifier: GPL-2.0
"""The family IPVS with clients other than ipvsadm and keepalived.

Some clients in Go and Python have their own netlink code: nests without the
flag, an empty SERVICE in a dump, addresses of 4 bytes, masks and timeouts
without persistence, and objects sent back as in a dump. Each message goes to
ip_vs and to dsr_ipvs, in both forms, and must get the same answer.
"""

import contextlib
import errno
import socket
import struct

import pytest

import genl
import ipvs
from ipvs_messages import (
    D_ADDR, D_FAMILY, D_LOWER, D_METHOD, D_PORT, D_TUN_FLAGS, D_TUN_PORT,
    D_TUN_TYPE, D_UPPER, D_WEIGHT, DAEMON, DEL_DAEMON, DEL_DEST, DEL_SERVICE,
    DEST, FLUSH, GET_CONFIG, GET_DAEMON, GET_DEST, GET_INFO, GET_SERVICE,
    NEW_DEST, NEW_SERVICE, S_ADDR, S_FLAGS, S_NETMASK, S_SCHED, S_TIMEOUT,
    SERVICE, SET_CONFIG, SET_DEST, SET_INFO, SET_SERVICE, TIMEOUT_TCP,
    TIMEOUT_UDP, ZERO, identity, pack, quality, server, settings, u16, u32)

pytestmark = pytest.mark.smoke

STATS = (10, 12)                # of a service and of a destination
PAD = 11
PERSISTENT = struct.pack('II', 1, 0xffffffff)
UNKNOWN = {200: b'what is this'}

MARK = identity(1)
VIP = identity(vip='10.0.0.100')
SHORT = {**identity(vip='10.0.0.100', port=81),
         S_ADDR: socket.inet_aton('10.0.0.100')}
MARK6 = identity(7, socket.AF_INET6)
# as Docker creates them: without a mask
BARE = {**identity(2), **settings(mask=0, timeout=7)}
ONE, OTHER = server('10.0.0.11'), server('10.0.0.12')
SHORT_ONE = {**server(port=81), D_ADDR: socket.inet_aton('10.0.0.11')}
ALL = {**OTHER, **quality(3, 9, 5), D_FAMILY: u16(socket.AF_INET),
       D_TUN_TYPE: b'\0', D_TUN_PORT: b'\0\0', D_TUN_FLAGS: u16(0)}


def story(form):
    """[(what, command, payload)]; form(attribute, fields) makes a nest."""
    def service(*fields):
        return form(SERVICE, {k: v for some in fields for k, v in some.items()})

    def dest(whose, *fields):
        return service(whose) + form(
            DEST, {k: v for some in fields for k, v in some.items()})
    flags = {S_FLAGS: PERSISTENT}
    return [
        ('new, by mark', NEW_SERVICE, service(MARK, settings())),
        ('new, by address', NEW_SERVICE, service(VIP, settings())),
        ('new, 4 bytes', NEW_SERVICE, service(SHORT, settings())),
        ('new, no mask', NEW_SERVICE, service(BARE)),
        ('new, IPv6', NEW_SERVICE, service(MARK6, settings(socket.AF_INET6))),
        ('new, persistent for 0 s', NEW_SERVICE,
         service(identity(3), settings(), flags)),
        ('new, persistent', NEW_SERVICE,
         service(identity(4), settings(timeout=60), flags)),
        ('new again', NEW_SERVICE, service(MARK, settings())),
        ('new, empty', NEW_SERVICE, service()),
        ('set', SET_SERVICE, service(MARK, settings(sched='wrr'))),
        ('set, persistent for 0 s', SET_SERVICE,
         service(VIP, settings(), flags)),
        ('set, persistent no more', SET_SERVICE,
         service(identity(4), settings(timeout=5))),
        ('set what is not there', SET_SERVICE, service(identity(9), settings())),
        ('set, no service', SET_SERVICE, b''),
        ('dest', NEW_DEST, dest(MARK, ONE, quality())),
        ('dest, all fields', NEW_DEST, dest(MARK, ALL)),
        ('dest, 4 bytes', NEW_DEST, dest(SHORT, SHORT_ONE, quality())),
        ('dest, whole service', NEW_DEST,
         service(VIP, settings()) + form(DEST, {**server(port=80),
                                                **quality()})),
        ('dest, IPv6', NEW_DEST,
         dest(MARK6, server('2001:db8:30::101'), quality())),
        ('dest again', NEW_DEST, dest(MARK, ONE, quality())),
        ('dest, nothing', NEW_DEST, service(MARK)),
        ('dest, empty', NEW_DEST, dest(MARK)),
        ('set dest', SET_DEST, dest(MARK, ONE, quality(7))),
        ('set dest that is not there', SET_DEST,
         dest(MARK, server('10.0.0.19'), quality())),
        ('get', GET_SERVICE, service(MARK)),
        ('get, by address', GET_SERVICE, service(VIP)),
        ('get, empty', GET_SERVICE, service()),
        ('get, no service', GET_SERVICE, b''),
        ('get what is not there', GET_SERVICE, service(identity(9))),
        ('zero one', ZERO, service(MARK)),
        ('zero all', ZERO, b''),
        ('zero, empty', ZERO, service()),
        ('timeouts', SET_CONFIG, pack({TIMEOUT_TCP: u32(901),
                                       TIMEOUT_UDP: u32(301)})),
        ('no timeouts', SET_CONFIG, b''),
        ('config', GET_CONFIG, b''),
        ('info', GET_INFO, b''),
        ('info, with a service', GET_INFO, service(MARK)),
        ('no daemon to stop', DEL_DAEMON, form(DAEMON, {1: u32(1)})),
    ]


def dumps(form):
    """The same for dumps."""
    def named(command, what):
        return [
            ('by mark', command, form(SERVICE, MARK)),
            ('by address', command, form(SERVICE, VIP)),
            ('4 bytes', command, form(SERVICE, SHORT)),
            ('IPv6', command, form(SERVICE, MARK6)),
            ('whole', command, form(SERVICE, {**MARK, **settings()})),
            ('not there', command, form(SERVICE, identity(9))),
            ('empty', command, form(SERVICE, {})),
            ('nothing', command, b''),
            ('unknown field', command, form(SERVICE, {**MARK, **UNKNOWN})),
            ('unknown object', command,
             form(SERVICE, MARK) + pack(UNKNOWN) + form(DEST, ONE)),
            ('half of a name', command, form(SERVICE, {S_SCHED: b'rr\0'})),
            ('noise', command, b'\x09\0\1\0noise\0\0\0' + b'\xff' * 8),
        ]
    return (named(GET_SERVICE, 'services') + named(GET_DEST, 'dests') +
            named(GET_DAEMON, 'daemons'))


def unmarked(kind, fields):
    return genl.attr(kind, pack(fields))


def marked(kind, fields):
    return genl.nest(kind, pack(fields))


def told(replies):
    """The content of replies for comparison: their order is irrelevant."""
    found = []
    for command, attrs in replies:
        said = {}
        for kind, data in attrs:
            if command == SET_INFO and kind == 2:
                continue                # the size of the table
            if command in (NEW_SERVICE, NEW_DEST):
                data = {inner: {
                    one: value for one, value in genl.parse(raw) if one != PAD}
                    if inner in STATS else raw
                    for inner, raw in genl.parse(data)}
                data = tuple(sorted((inner, str(raw))
                                    for inner, raw in data.items()))
            said[kind] = data
        found.append((command, tuple(sorted(said.items()))))
    return sorted(found, key=repr)


def ask(sock, command, payload, flags=genl.NLM_F_ACK):
    try:
        return told(sock.ask(command, payload, flags))
    except genl.Refused as refused:
        return errno.errorcode[refused.errno]


def answers(sock, form):
    sock.ask(FLUSH)
    found = {f'{what}': ask(sock, command, payload)
             for what, command, payload in story(form)}
    found.update({f'dump {command}, {what}':
                  ask(sock, command, payload, genl.NLM_F_DUMP)
                  for what, command, payload in dumps(form)})
    for what, command, payload in (
            ('delete dest', DEL_DEST, form(SERVICE, MARK) + form(DEST, ONE)),
            ('delete dest, all fields', DEL_DEST,
             form(SERVICE, MARK) + form(DEST, ALL)),
            ('delete dest again', DEL_DEST,
             form(SERVICE, MARK) + form(DEST, ONE)),
            ('delete', DEL_SERVICE, form(SERVICE, VIP)),
            ('delete again', DEL_SERVICE, form(SERVICE, VIP)),
            ('flush, with a service', FLUSH, form(SERVICE, MARK))):
        found[what] = ask(sock, command, payload)
    found['at the end'] = ask(sock, GET_SERVICE, b'', genl.NLM_F_DUMP)
    return found


@pytest.fixture
def box(site6):
    """lv1, with the addresses of the messages."""
    site6.lv1.ip('addr add 10.0.0.1/24 dev eth1')
    site6.undo.append(lambda: site6.lv1.ip('addr del 10.0.0.1/24 dev eth1'))
    return site6


@contextlib.contextmanager
def asked(kind, box):
    with ipvs.loaded(kind, box), box.lv1.at(), genl.Genl('IPVS') as sock:
        yield sock


def test_both_forms(box):
    """With or without the nested flag, a message gets the same answer as from
    ip_vs."""
    found = {}
    for kind in ipvs.peers():
        with asked(kind, box) as sock:
            for form in (unmarked, marked):
                found[kind.name, form.__name__] = answers(sock, form)
    (_, real), *others = found.items()
    # otherwise the comparison would be empty
    assert len(real['dump 4, empty']) == 7
    assert len(real['dump 8, by mark']) == 2
    for name, other in others:
        differ = {what: (real[what], other[what])
                  for what in real if real[what] != other[what]}
        assert not differ, (name, differ)


def changed(raw, field, data):
    """A nest with one field changed."""
    return b''.join(genl.attr(kind, data if kind == field else old)
                    for kind, old in genl.parse(raw))


def rewritten(sock):
    """Send back all dumped objects, unchanged and changed; then dump again."""
    sock.ask(FLUSH)
    for fields in ({**MARK, **settings()}, BARE,
                   {**VIP, **settings(timeout=60), S_FLAGS: PERSISTENT},
                   {**identity(3), **settings(), S_FLAGS: PERSISTENT}):
        sock.ask(NEW_SERVICE, unmarked(SERVICE, fields))
    sock.ask(NEW_DEST, unmarked(SERVICE, MARK) + unmarked(DEST, ALL))
    found = []
    for change in (None, 'the one thing'):
        for _, attrs in sock.dump(GET_SERVICE):
            raw = whole = dict(attrs)[SERVICE]
            if change:
                whole = changed(raw, S_SCHED, b'wlc\0')
            sock.ask(SET_SERVICE, genl.attr(SERVICE, whole))
            for _, dests in sock.dump(GET_DEST, genl.attr(SERVICE, raw)):
                whole = dict(dests)[DEST]
                if change:
                    whole = changed(whole, D_WEIGHT, u32(5))
                sock.ask(SET_DEST, genl.attr(SERVICE, raw) +
                         genl.attr(DEST, whole))
        found.append(ask(sock, GET_SERVICE, b'', genl.NLM_F_DUMP))
        found.append(ask(sock, GET_DEST, unmarked(SERVICE, MARK),
                         genl.NLM_F_DUMP))
    return found


def test_read_modify_write(box):
    """An object of a dump is accepted, unchanged or with one field changed."""
    found = []
    for kind in ipvs.peers():
        with asked(kind, box) as sock:
            found.append(rewritten(sock))
    assert found[0] == found[1]
    services, dests = found[1][2:]
    assert [len(services), len(dests)] == [4, 1]
    assert repr(services).count('wlc') == 4
    assert dests != found[1][1]


@pytest.mark.parametrize('command, payload', [
    (NEW_SERVICE, unmarked(SERVICE, {**identity(9), **settings(),
                                     S_TIMEOUT: b'\0' * 5})),
    (SET_SERVICE, unmarked(SERVICE, {**MARK, **settings(), **UNKNOWN})),
    (GET_SERVICE, unmarked(SERVICE, {**MARK, S_NETMASK: b'\0'})),
    (NEW_DEST, unmarked(SERVICE, MARK) +
     unmarked(DEST, {**OTHER, **quality(), D_UPPER: b'\0' * 9})),
    (SET_DEST, unmarked(SERVICE, MARK) +
     unmarked(DEST, {**ONE, **quality(), **UNKNOWN})),
    (DEL_DEST, unmarked(SERVICE, MARK) +
     unmarked(DEST, {**ONE, D_PORT: b'\0', D_LOWER: u32(0),
                     D_METHOD: u32(3)})),
    (DEL_DAEMON, unmarked(DAEMON, {1: b'\0' * 5})),
], ids=['new', 'set', 'get', 'new-dest', 'set-dest', 'delete-dest', 'daemon'])
def test_what_is_malformed(box, command, payload):
    """netlink itself refuses the attribute, instead of reporting it as
    missing."""
    with asked(ipvs.peers()[1], box) as sock:
        sock.ask(NEW_SERVICE, unmarked(SERVICE, {**MARK, **settings()}))
        sock.ask(NEW_DEST, unmarked(SERVICE, MARK) +
                 unmarked(DEST, {**ONE, **quality()}))
        with pytest.raises(genl.Refused) as refused:
            sock.ask(command, payload)
    assert refused.value.errno == errno.EINVAL
    assert 'ttribute' in refused.value.sentence
