# SPDX-License-Identifier: GPL-2.0
"""The balancer's netlink interface, with the names of its header.

For attributes that dsrctl does not show, and for speed: a process costs 50 ms
and more in an emulated machine, a request of this file a fraction of one.
"""

import contextlib
import ipaddress
import os
import struct
import sys

import genl

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                             '../tool'))
import uapi                                             # noqa: E402

NAMES = {
    'path': ('stack', 'direct'),
    'path_via': ('ingress', 'xdp', 'xdp-generic'),
    'ping': ('reply', 'forward', 'ignore'),
    'on_down': ('reschedule', 'reset', 'drop'),
    'on_unreachable': ('keep', 'skip'),
    'hash': ('default', 'source', 'source-port'),
    'admin': ('up', 'draining', 'down'),
    'backend_state': ('unknown', 'reachable', 'incomplete', 'unreachable',
                      'no_route', 'local'),
    'conn_state': ('syn', 'established', 'fin', 'closed', 'udp',
                   'persistent', 'unproven'),
    'choice': ('none', 'connection', 'scheduler', 'persistence', 'hash',
               'quoted', 'probe'),
    'mode': ('redirect', 'local'),
    'proto': {'tcp': 6, 'udp': 17, 'sctp': 132},
}

# The type of each attribute of a nest: a number's size, an address, a string,
# a flag, the name of a nest, or of one of NAMES.
FIELDS = {
    'SERVICE': {
        'fwmark': 4, 'scheduler': 'string', 'path': 'path', 'tos': 1,
        'tos_mask': 1, 'backends': 4, 'stats': 'STATS', 'family': 1,
        'vip': 'addr', 'proto': 'proto', 'port': 'be16', 'port_last': 'be16',
        'ping': 'ping', 'one_packet': 1, 'on_down': 'on_down',
        'on_unreachable': 'on_unreachable', 'chances': 1, 'persist': 4,
        'persist_prefix': 1, 'timeouts': 'TIMEOUT', 'hash': 'hash',
        'table_size': 4, 'choices': 1, 'probe_marks': 4, 'fwmark_mask': 4},
    'BACKEND': {
        'addr': 'addr', 'weight': 4, 'active': 4, 'inactive': 4,
        'state': 'backend_state', 'ifindex': 4, 'mac': 'raw',
        'stats': 'STATS', 'admin': 'admin', 'deadline': 4, 'persistent': 4,
        'unresolved': 4, 'upper': 4, 'lower': 4, 'overloaded': 1,
        'probe_mark': 4},
    'CONNECTION': {
        'proto': 'proto', 'src': 'addr', 'sport': 'be16', 'dst': 'addr',
        'dport': 'be16', 'state': 'conn_state', 'expires': 4, 'fwmark': 4,
        'backend': 'addr', 'exception': 'flag', 'newer': 'flag'},
    'ADDED': {'added': 4, 'known': 4, 'no_service': 4, 'no_backend': 4,
              'bad_source': 4, 'full': 4},
    'TABLE': {'entries': 4, 'max': 4, 'buckets': 4, 'bytes': 8,
              'timeouts': 'TIMEOUT', 'evicted': 8, 'pending_evicted': 8,
              'expire_quiescent': 'flag', 'expire_nodest': 'flag'},
    'TIMEOUT': {'syn': 4, 'established': 4, 'fin': 4, 'closed': 4, 'udp': 4},
    'STATS': {'packets': 8, 'bytes': 8, 'connections': 8},
    'REASON': {'name': 'string', 'packets': 8},
    'EXPLAIN': {
        'src': 'addr', 'sport': 'be16', 'dst': 'addr', 'dport': 'be16',
        'proto': 'proto', 'fwmark': 4, 'reason': 'string',
        'choice': 'choice', 'slot': 4, 'middle': 'flag', 'ifindex': 4,
        'firewall': 'flag', 'verdict': 1, 'hook': 1, 'priority': 4,
        'chain': 8},
    'PATH': {'ifindex': 4, 'recheck': 4, 'via': 'path_via', 'link': 4},
    'RULE': {
        'vip': 'addr', 'proto': 'proto', 'port': 'be16', 'tos': 1,
        'tos_mask': 1, 'to_port': 'be16', 'stats': 'STATS', 'to': 'addr',
        'mode': 'mode', 'routed': 1, 'clear': 1},
    'SILENCE': {'addr': 'addr', 'dev': 'string', 'rules': 4, 'wanted': 1,
                'messages': 8},
}
SIZES = {1: 'B', 4: 'I', 8: 'Q'}
# Neighbours ask each other at any moment, by ARP and neighbour discovery. These
# are the ways of their frames.
OF_NEIGHBOURS = {'not_ip', 'not_to_this_host', 'protocol_not_balanced'}
TOP = {getattr(uapi, f'DSR_A_{nest}'): nest for nest in FIELDS
       if hasattr(uapi, f'DSR_A_{nest}')}


def _number(nest, field):
    return getattr(uapi, f'DSR_{nest}_A_{field.upper()}')


def _code(kind, value):
    names = NAMES[kind]
    return (names.get(value, value) if isinstance(names, dict) else
            names.index(value))


def encode(nest, fields):
    """Encode the attributes of a nest, without those that are None."""
    attrs = []
    for field, value in fields.items():
        kind, number = FIELDS[nest][field], _number(nest, field)
        if value is None or value is False:
            continue
        if kind in SIZES:
            data = struct.pack(SIZES[kind], value)
        elif kind == 'be16':
            data = struct.pack('>H', value)
        elif kind == 'string':
            data = value.encode() + b'\0'
        elif kind == 'addr':
            data = ipaddress.ip_address(value).packed
        elif kind == 'flag':
            data = b''
        elif kind in FIELDS:
            attrs.append(genl.attr(number, encode(kind, value), True))
            continue
        else:
            data = struct.pack('B', _code(kind, value))
        attrs.append(genl.attr(number, data))
    return b''.join(attrs)


def _decoder(nest):
    table = {}
    for field, kind in FIELDS[nest].items():
        table[_number(nest, field)] = field, kind
    return table


DECODERS = {nest: _decoder(nest) for nest in FIELDS}


def decode(nest, data):
    """A nest as {field: value}."""
    fields = {}
    for number, raw in genl.parse(data):
        field, kind = DECODERS[nest].get(number, (None, None))
        if field is None:                               # padding
            continue
        if kind in SIZES:
            value = int.from_bytes(raw, sys.byteorder)
        elif kind == 'be16':
            value = int.from_bytes(raw, 'big')
        elif kind == 'string':
            value = raw.rstrip(b'\0').decode()
        elif kind == 'addr':
            value = str(ipaddress.ip_address(raw))
        elif kind == 'raw':
            value = raw.hex(':')
        elif kind == 'flag':
            value = True
        elif kind == 'proto':
            value = {number: name for name, number in
                     NAMES['proto'].items()}.get(raw[0], raw[0])
        elif kind in FIELDS:
            value = decode(kind, raw)
        else:
            value = NAMES[kind][raw[0]]
        fields[field] = value
    return fields


def objects(attrs):
    """The top level of a message as {nest: fields}, a flag as True."""
    found = {TOP[number].lower(): decode(TOP[number], raw)
             for number, raw in attrs if number in TOP}
    if getattr(uapi, 'DSR_A_IPVS_ONLY', None) in dict(attrs):
        found['ipvs_only'] = True
    return found


def key_of(key):
    """The key of a service: {fwmark: 1} by default."""
    names = ('fwmark', 'family', 'vip', 'proto', 'port', 'port_last')
    found = {name: key.pop(name) for name in names if name in key}
    return found or {'fwmark': 1}


class Balancer:
    """dsr_lb on one machine. The default service is fwmark 1.

    Its socket is closed at the end of the test, or of the "with" statement: an
    open one keeps a machine that the test deletes.
    """

    def __init__(self, site, name='lv1'):
        self.site = site
        self.host = site.net[name]
        self.undone = False
        with self.host.at():
            self.genl = genl.Genl()
        site.undo.append(self.genl.sock.close)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.genl.sock.close()

    def request(self, command, payload=b''):
        self.host.changed = True
        return self.genl.ask(getattr(uapi, f'DSR_CMD_{command}'), payload)

    def dump(self, command, payload=b''):
        return [objects(attrs) for _, attrs in self.genl.dump(
            getattr(uapi, f'DSR_CMD_{command}'), payload)]

    def service(self, verb='add', **fields):
        fields = {**key_of(fields), **fields}
        self.request(f'SERVICE_{verb.upper()}',
                     genl.nest(genl.A_SERVICE, encode('SERVICE', fields)))

    def backend(self, verb, addr, **fields):
        key = key_of(fields)
        self.request(f'BACKEND_{verb.upper()}',
                     genl.nest(genl.A_SERVICE, encode('SERVICE', key)) +
                     genl.nest(genl.A_BACKEND, encode(
                         'BACKEND', {'addr': addr, **fields})))

    def get(self, **key):
        """The one service."""
        for _, attrs in self.genl.ask(
                uapi.DSR_CMD_SERVICE_GET, genl.nest(
                    genl.A_SERVICE, encode('SERVICE', key_of(key)))):
            return objects(attrs)['service']

    def backends(self, **key):
        """{address: backend} of one service."""
        return {one['backend']['addr']: one['backend'] for one in self.dump(
            'BACKEND_GET', genl.nest(genl.A_SERVICE,
                                     encode('SERVICE', key_of(key))))}

    def connections(self, **wanted):
        payload = genl.nest(genl.A_CONNECTION, encode(
            'CONNECTION', wanted)) if wanted else b''
        return [one['connection'] for one in
                self.dump('CONNECTION_GET', payload)]

    def states(self):
        """{the client's port: state} of all connections in the table."""
        return {one['sport']: one['state'] for one in self.connections()}

    def flush(self):
        self.request('CONNECTION_FLUSH')

    def table(self):
        for _, attrs in self.genl.ask(uapi.DSR_CMD_STATS_GET):
            return objects(attrs)['table']

    def reasons(self):
        """{reason: packets}, as from genl.reasons()."""
        counts = {}
        for _, attrs in self.genl.ask(uapi.DSR_CMD_STATS_GET):
            for number, raw in attrs:
                if number == uapi.DSR_A_REASON:
                    fields = dict(genl.parse(raw))
                    counts[fields[uapi.DSR_REASON_A_NAME].rstrip(b'\0').decode()
                           ] = int.from_bytes(
                               fields[uapi.DSR_REASON_A_PACKETS],
                               sys.byteorder)
        return counts

    def path(self, verb, dev=None, **fields):
        """The same as "dsrctl path"."""
        if dev is not None:
            fields['ifindex'] = self.host.ifindex(dev)
        self.request(f'PATH_{verb.upper()}', genl.nest(
            uapi.DSR_A_PATH, encode('PATH', fields)))

    def paths(self):
        """{ifindex: {'recheck': milliseconds, 'ways': {way: packets}}}"""
        found = {}
        for _, attrs in self.genl.dump(uapi.DSR_CMD_PATH_GET):
            raw = dict(attrs)[uapi.DSR_A_PATH]
            path = {**decode('PATH', raw), 'ways': {}}
            for number, reason in genl.parse(raw):
                if number == uapi.DSR_PATH_A_REASON:
                    reason = decode('REASON', reason)
                    path['ways'][reason['name']] = reason['packets']
            found[path.pop('ifindex')] = path
        return found

    def ways(self, dev='eth0'):
        """{way: packets} of a device, without those at zero."""
        ways = self.paths()[self.host.ifindex(dev)]['ways']
        return {way: packets for way, packets in ways.items() if packets}

    def other_ways(self, dev='eth0'):
        """The same, without those that frames between neighbours take."""
        return {way: packets for way, packets in self.ways(dev).items()
                if way not in OF_NEIGHBOURS}

    def has_one_more(self, way, before):
        """Tell if one packet more than BEFORE has taken a way of eth0.

        On a way of OF_NEIGHBOURS there may be others beside it.
        """
        more = self.ways().get(way, 0) - before
        return more == 1 or more > 1 and way in OF_NEIGHBOURS

    def set_table(self, **fields):
        self.request('CONNECTION_SET',
                     genl.nest(genl.A_TABLE, encode('TABLE', fields)))

    def timeouts(self, **ms):
        """Set timeouts of the table, in milliseconds, for this test."""
        if not self.undone:
            self.undone = True
            self.site.undo.append(lambda: self.set_table(timeouts=dict.fromkeys(
                FIELDS['TIMEOUT'], 0)))
        self.set_table(timeouts=ms)

    def explain(self, **packet):
        """Predict the outcome of a packet: the objects of the reply."""
        for _, attrs in self.genl.ask(
                uapi.DSR_CMD_EXPLAIN, genl.nest(
                    uapi.DSR_A_EXPLAIN, encode('EXPLAIN', packet))):
            return objects(attrs)

    def events(self):
        """A socket that gets all notifications."""
        events = Events(self.host)
        self.site.undo.append(events.sock.close)
        return events


NETLINK_ADD_MEMBERSHIP = 1

# {family: {command: name}}
NAMES_OF = {family: {value: name[len(prefix):].lower()
                     for name, value in vars(uapi).items()
                     if name.startswith(prefix) and not name.endswith('_MAX')}
            for family, prefix in (('dsr', 'DSR_CMD_'),
                                   ('dsr_rs', 'DSR_RS_CMD_'))}


class Events:
    """The multicast group of one machine's balancer, or real server."""

    def __init__(self, host=None, family='dsr'):
        with host.at() if host else contextlib.nullcontext():
            sock = genl.Genl(family)
        self.sock = sock.sock
        self.names = NAMES_OF[family]
        for _, attrs in sock.ask(3, genl.string(2, family), family=16):
            groups = dict(attrs)[7]                     # MCAST_GROUPS
        for _, group in genl.parse(groups):
            fields = dict(genl.parse(group))
            if fields[1] == b'events\0':
                self.sock.setsockopt(genl.SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
                                     struct.unpack('I', fields[2])[0])

    def next(self, seconds=60.0):
        """The next event: ('backend_add', objects)."""
        self.sock.settimeout(seconds)
        data = self.sock.recv(1 << 16)
        return self.names[data[16]], objects(genl.parse(data[20:]))

    def all(self):
        """All events so far."""
        found = []
        self.sock.setblocking(False)
        while True:
            try:
                data = self.sock.recv(1 << 16)
            except BlockingIOError:
                return found
            found.append((self.names[data[16]], objects(genl.parse(data[20:]))))

    def wait(self, match, seconds=60.0):
        """Wait for an event for which match() is true, and return its objects.
        """
        while True:
            name, what = self.next(seconds)
            if match(name, what):
                return what


def unprivileged(host, call):
    """The errno of call() in a process of an unprivileged user."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        code = 255
        try:
            # the namespace stays: leaving it needs privileges
            with host.at():
                os.setgroups([])
                os.setresgid(65534, 65534, 65534)
                os.setresuid(65534, 65534, 65534)
                try:
                    call()
                    code = 0
                except (OSError, genl.Refused) as error:
                    code = error.errno
                os.write(writer, bytes([code]))
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    code = os.read(reader, 1)[0]
    os.close(reader)
    os.close(writer)
    return code
