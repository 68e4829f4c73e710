# SPDX-License-Identifier: GPL-2.0
"""Random requests of both families, made from their netlink specs.

Usage, in a network namespace of its own, with genl.py and spec.py beside it:
    python3 netlink_fuzz.py SEED NUMBER

A request has any of the attributes that the spec gives the operation, with values
of the right type, often of few, so that requests meet objects of others. One in
eight is damaged: a wrong size, an attribute twice or unknown, a nest cut off.

A model keeps the objects that must exist, by what was answered: an accepted
request changes its object, a refused one nothing. Both modules must list the
objects of the model; around some refusals, all that they list is compared. Each
refusal of a whole request must have a sentence. The last line is JSON.
"""

import collections
import contextlib
import json
import random
import socket
import subprocess
import sys
import time

import genl
import spec

EVERY = 250             # requests from one comparison to the next
WATCHED = 0.03          # of the requests: compare all, before and after a refusal
SIZES = {'u8': 1, 'u16': 2, 'u32': 4, 'u64': 8}
# Few values of what names an object. Other attributes get any value.
FEW = {
    'fwmark': (1, 1, 1, 2, 2, 0x101), 'fwmark-mask': (0xff, 0xffffffff),
    'family': (2, 2, 10), 'proto': (6, 6, 17, 132, 1), 'port': (80, 80, 81, 90),
    'port-last': (80, 90), 'ifindex': (1, 77, 78, 99), 'tos': (0x20, 0x40),
    'tos-mask': (0xfc, 0x60), 'max': (16, 1000, 65536, 1 << 26),
    'one-packet': (0, 1), 'clear': (0, 1), 'persist-prefix': (24, 32, 64),
    'scheduler': ('rr', 'wrr', 'lc', 'wlc', 'sed', 'nq', 'fo', 'ovf', 'twos',
                  'sh', 'dh', 'maglev', 'none'),
    'dev': ('eth0', 'eth1', 'veth+', 'none'),
    'weight': (0, 1, 1, 7, 65535, 65536), 'table-size': (251, 4093, 8),
    'choices': (1, 2, 2, 3),
    'vip': ('192.0.2.1', '192.0.2.1', '192.0.2.2', '2001:db8::1', '224.0.0.1'),
    'addr': ('10.0.0.2', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5',
             '2001:db8:1::2', '192.0.2.7'),
    'from': ('10.0.0.2', '2001:db8:1::2'), 'to': ('10.0.0.1', '127.0.0.1'),
    'cmd': (1, 1, 2, 3, 4, 7, 7, 8, 9, 10, 11),
    'src': ('10.0.0.9', '2001:db8:1::9'), 'dst': ('192.0.2.1', '2001:db8::1'),
}
# What names an object: one of these.
KEYS = {'service': ('fwmark', 'vip'), 'backend': ('addr',), 'path': ('ifindex',),
        'rule': ('vip', 'tos'), 'silence': ('addr',)}
# Attributes that have no effect without others.
NEEDS = {'family': 'fwmark', 'fwmark-mask': 'fwmark', 'proto': 'vip',
         'port': 'proto', 'port-last': 'port', 'to-port': 'port',
         'tos-mask': 'tos', 'persist-prefix': 'persist', 'clear': 'tos',
         'from': 'tos', 'table-size': 'scheduler', 'hash': 'scheduler',
         'choices': 'scheduler'}
# These come often, since others need them.
OFTEN = ('proto', 'src', 'dst', 'sport', 'dport')
WEIGHTS = {'add': 6, 'set': 4, 'replace': 4, 'delete': 3, 'flush': 0.1}
LISTS = (('dsr', 'service'), ('dsr', 'path'), ('dsr', 'backend'),
         ('dsr_rs', 'rule'), ('dsr_rs', 'silence'))
# Attributes that a listed object has as they were requested, and their defaults.
KEPT = {
    'service': {'scheduler': b'rr\0', 'path': 0, 'tos': 0, 'tos-mask': 0,
                'ping': 0, 'one-packet': 0, 'on-down': 0, 'on-unreachable': 0,
                'probe-marks': 0},
    'backend': {'weight': 1, 'upper': 0, 'lower': 0},
    'rule': {'mode': 0, 'clear': 0, 'mark': 0, 'to-port': 0},
    'path': {}, 'silence': {}}


class Here:
    """The namespace of this process, for genl.table()."""

    at = contextlib.nullcontext


def address(text):
    return socket.inet_pton(socket.AF_INET6 if ':' in text else socket.AF_INET,
                            text)


class Maker:
    """Make requests of one family."""

    def __init__(self, family, rng):
        self.spec = spec.Spec(family)
        self.rng = rng
        self.damage = False
        self.weights = [WEIGHTS.get(name.rpartition('-')[2], 1)
                        for name in self.spec.operations]

    def attribute(self, attr):
        kind, nested = attr['value'], attr['type'] == 'nest'
        data = self.nest(attr['nested-attributes']) if nested else \
            self.value(attr)
        if self.damage and self.rng.random() < 0.2:
            what = self.rng.randrange(5)
            if what == 0:
                data = self.rng.randbytes(self.rng.randrange(20))
            elif what == 1:
                kind = self.rng.randrange(1, 60)
            elif what == 2:
                nested = not nested
            elif what == 3:
                data = data[:self.rng.randrange(len(data) + 1)]
            else:
                return genl.attr(kind, data, nested) * 2
        return genl.attr(kind, data, nested)

    def nest(self, name):
        """Some of its attributes, mostly such as may stand together."""
        attrs = self.spec.sets[name]
        # Of a key too much would name no object that there is.
        share = 0 if name.endswith('-key') else self.rng.choice(
            (0, 0.05, 0.15, 0.5))
        kind = name.partition('-')[0]
        keys = KEYS.get(kind, ())
        names = {one for one, attr in attrs.items()
                 if attr['type'] not in ('pad', 'unused') and
                 self.rng.random() < (max(share, 0.3) if one in OFTEN else share)}
        if self.rng.random() < 0.85:
            needs = {**NEEDS, 'tos': 'tos-mask'} if kind == 'service' else NEEDS
            names -= set(keys)
            names |= {self.rng.choice(keys)} if keys else set()
            for _ in needs:
                names = {one for one in names
                         if one not in needs or needs[one] in names}
        if kind == 'change':
            names = set(attrs)
        chosen = [attrs[one] for one in sorted(names)]
        self.rng.shuffle(chosen)
        return b''.join(self.some(attr) for attr in chosen)

    def some(self, attr):
        """The attribute, or several where several are allowed."""
        number = self.rng.choice((1, 1, 2, 5)) if 'multi-attr' in attr else 1
        return b''.join(self.attribute(attr) for _ in range(number))

    def value(self, attr):
        rng, few = self.rng, FEW.get(attr['name'])
        if attr['type'] == 'flag':
            return b''
        if attr['type'] == 'string':
            return rng.choice(few or ('a', 'bc')).encode() + b'\0'
        if attr['type'] == 'binary':
            return address(rng.choice(few)) if few else rng.randbytes(
                rng.choice((4, 6, 16)))
        size = SIZES[attr['type']]
        if few and rng.random() < 0.95:
            number = rng.choice(few)
        elif 'enum' in attr and rng.random() < 0.9:
            number = rng.randrange(len(self.spec.enums[attr['enum']]))
        else:
            number = rng.choice((0, 1, 2, 100, 1000, 60000,
                                 rng.randrange(1 << 32)))
            most = attr.get('checks', {}).get('max')
            if isinstance(most, int) and rng.random() < 0.9:
                number %= most + 1
        return (number % (1 << 8 * size)).to_bytes(
            size, 'big' if 'byte-order' in attr else 'little')

    def request(self):
        """(name, operation, payload, dump) of a random request."""
        (name, operation), = self.rng.choices(
            list(self.spec.operations.items()), self.weights)
        self.damage = self.rng.random() < 0.125
        attrs = list(self.spec.taken(name).values())
        self.rng.shuffle(attrs)
        # the generation of a transaction is a guess, and nearly always wrong
        payload = b''.join(
            self.some(attr) for attr in attrs if self.rng.random() < (
                0.1 if attr['name'] == 'generation' else 0.95))
        if self.damage and self.rng.random() < 0.2:
            payload = payload[:self.rng.randrange(len(payload) + 1)]
        dump = 'dump' in operation and ('do' not in operation or
                                        self.rng.random() < 0.5)
        return name, operation['value'], payload, dump

    def nests(self, attrs, raw):
        """The attributes of each nest, by the names of nest and attribute."""
        found = {}
        for kind, data in genl.parse(raw):
            for attr in attrs.values():
                if attr['value'] == kind and attr['type'] == 'nest':
                    found[attr['name']] = self.read(
                        attr['nested-attributes'], data)
        return found

    def read(self, space, raw):
        """Attributes by name; of several of a kind the last counts."""
        by_value = {attr['value']: attr for attr in
                    self.spec.sets[space].values()}
        found = {}
        for kind, data in genl.parse(raw):
            attr = by_value.get(kind)
            if attr and attr['type'] in SIZES:
                found[attr['name']] = int.from_bytes(
                    data, 'big' if 'byte-order' in attr else 'little')
            elif attr:
                found[attr['name']] = data
        return found


def key_of(kind, attrs):
    """What names an object, with the defaults of the manual."""
    if kind == 'service' and 'fwmark' in attrs:
        return ('mark', attrs['fwmark'], attrs.get('family', 2))
    if kind == 'service':
        port = attrs.get('port', 0)
        return (attrs['vip'], attrs.get('proto', 0), port,
                attrs.get('port-last', port or 65535))
    if kind == 'rule' and 'vip' in attrs:
        return (attrs['vip'], attrs.get('proto', 0), attrs.get('port', 0))
    if kind == 'rule':
        return ('tos', attrs['tos'], attrs.get('tos-mask', 0xff))
    return attrs['ifindex' if kind == 'path' else 'addr']


class Model:
    """The objects that must exist: {kind: {key: {attribute: value}}}."""

    def __init__(self):
        self.objects = collections.defaultdict(dict)

    def accept(self, name, nests):
        """An accepted request has this effect, or it is a fault."""
        kind, _, action = name.rpartition('-')
        if kind not in KEPT or action == 'get':
            return
        if action == 'flush':
            self.objects[kind].clear()
            if kind == 'service':
                self.objects['backend'].clear()
            return
        attrs = nests[kind]
        key = key_of(kind, attrs)
        if kind == 'backend':
            service = key_of('service', nests['service'])
            assert service in self.objects['service'], (name, service)
            key = (service, key)
        known = key in self.objects[kind]
        assert known or action in ('add', 'replace'), (name, key)
        assert not known or action != 'add', (name, key)
        if action == 'delete':
            del self.objects[kind][key]
            if kind == 'service':
                for one in [one for one in self.objects['backend']
                            if one[0] == key]:
                    del self.objects['backend'][one]
            return
        old = self.objects[kind][key] if action == 'set' else KEPT[kind]
        self.objects[kind][key] = {one: attrs.get(one, old[one]) for one in old}
        # Each number but 0 means 1.
        for one in {'clear', 'one-packet'} & set(old):
            self.objects[kind][key][one] = int(bool(
                self.objects[kind][key][one]))

    def compare(self, listed):
        for kind, objects in listed.items():
            assert set(objects) == set(self.objects[kind]), (
                kind, set(objects) ^ set(self.objects[kind]))
            for key, given in self.objects[kind].items():
                for name, value in given.items():
                    told = objects[key].get(name, KEPT[kind][name])
                    assert told == value, (kind, key, name, told, value)


class Fuzz:
    """Both families in the namespace of this process."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.makers = {family: Maker(family, self.rng)
                       for family in spec.FAMILIES}
        self.socks = {family: genl.Genl(family) for family in spec.FAMILIES}
        self.model = Model()
        self.done = collections.Counter()
        self.errors = collections.Counter()

    def step(self):
        family = self.rng.choice(spec.FAMILIES)
        maker, sock = self.makers[family], self.socks[family]
        name, number, payload, dump = maker.request()
        before = self.all() if self.rng.random() < WATCHED else None
        try:
            sock.ask(number, payload, genl.NLM_F_DUMP if dump else
                     genl.NLM_F_ACK)
        except genl.Refused as error:
            self.errors[error.errno] += 1
            assert error.sentence or maker.damage, (name, payload, error)
            assert not before or before == self.all(), (name, payload, error)
            return
        self.done[name] += 1
        taken = maker.spec.taken(name)
        if name == 'transaction':
            for kind, raw in genl.parse(payload):
                if kind == taken['change']['value']:
                    self.accept_change(maker, raw)
        else:
            self.model.accept(name, maker.nests(taken, payload))

    def accept_change(self, maker, raw):
        """One change of a transaction that was accepted."""
        attrs = maker.spec.sets['change']
        cmd = maker.read('change', raw)['cmd']
        name, = (one for one, operation in maker.spec.operations.items()
                 if operation['value'] == cmd)
        self.model.accept(name, maker.nests(attrs, raw))

    def all(self):
        """All that the modules list, but what changes by itself."""
        listed = self.listed()
        for backend in listed['backend'].values():
            for name in ('deadline', 'admin'):
                backend.pop(name, None)
        return listed, [genl.table(Here, family)[1] for family in spec.FAMILIES]

    def listed(self):
        """What the modules list, as the model has it."""
        found = collections.defaultdict(dict)
        for family, kind in LISTS:
            maker = self.makers[family]
            operation = maker.spec.operations[f'{kind}-get']
            space = maker.spec.sets[operation['attribute-set']]
            for _, attrs in self.socks[family].dump(operation['value']):
                one = {attr['name']: maker.read(attr['nested-attributes'], raw)
                       for value, raw in attrs for attr in space.values()
                       if attr['value'] == value and attr['type'] == 'nest'}
                key = key_of(kind, one[kind])
                if kind == 'backend':
                    key = (key_of('service', one['service']), key)
                # A rule in the mode local silences its address by itself.
                if kind != 'silence' or one[kind]['wanted']:
                    found[kind][key] = one[kind]
        return {kind: found[kind] for kind in KEPT}

    def run(self, number):
        for count in range(1, number + 1):
            self.step()
            if count % EVERY == 0 or count == number:
                self.model.compare(self.listed())
        print(json.dumps({'requests': number, 'accepted': self.done,
                          'refused': self.errors}))


def main(seed, number):
    subprocess.run(['ip', '-batch', '-'], text=True, check=True, input='''
        link set lo up
        link add name eth0 index 77 type veth peer name eth1 index 78
        addr add 10.0.0.1/24 dev eth0
        addr add 2001:db8:1::1/64 dev eth0 nodad
        link set eth0 up
        link set eth1 up
        ''')
    # Routes change once more when the devices are ready, up to a second later.
    for dev in ('eth0', 'eth1'):
        while b'state UP' not in subprocess.run(
                ['ip', 'link', 'show', dev], check=True,
                stdout=subprocess.PIPE).stdout:
            time.sleep(0.02)
    Fuzz(seed).run(number)


if __name__ == '__main__':
    main(int(sys.argv[1]), int(sys.argv[2]))
