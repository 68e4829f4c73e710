# SPDX-License-Identifier: GPL-2.0
"""The netlink specs agree with the kernel.

tests/tool/test_spec.py checks their names against the header. This test
compares the commands of a family, their permissions and the policies of their
attributes with the answers of the generic netlink controller, and reads
replies with the spec alone.
"""

import pytest

import genl
from balancer import Balancer, Events, encode
from network import VIP, W101, W102
from traffic import ask
import spec

# include/uapi/linux/genetlink.h
CONTROLLER, GETFAMILY, GETPOLICY = 16, 3, 10
FAMILY_NAME, VERSION, OPS, GROUPS, POLICY, OP_POLICY = 2, 3, 6, 7, 8, 9
OP_ID, OP_FLAGS = 1, 2
CAP_DO, CAP_DUMP, CAP_HASPOL = 2, 4, 8
RIGHTS = {(): 0, ('admin-perm',): 1, ('uns-admin-perm',): 16}
GROUP_NAME = 1

# include/uapi/linux/netlink.h
ATTR_TYPE, MIN_VALUE, MAX_VALUE, MIN_LENGTH, MAX_LENGTH, POLICY_IDX = \
    1, 4, 5, 6, 7, 8
TYPES = {1: 'flag', 2: 'u8', 3: 'u16', 4: 'u32', 5: 'u64', 10: 'binary',
         11: 'unterminated string', 12: 'string', 13: 'nest'}
BITS = {'u8': 8, 'u16': 16, 'u32': 32, 's32': 32, 'u64': 64}
BIG_ENDIAN, U16 = ('big-endian',), ('u16', 0, 65535)

MACHINES = {'dsr': 'lv1', 'dsr_rs': 'w101'}


@pytest.fixture(params=spec.FAMILIES)
def family(request):
    return spec.Spec(request.param)


@pytest.fixture
def sock(site, family):
    with site.net[MACHINES[family.yaml['name']]].at(), \
            genl.Genl(family.yaml['name']) as sock:
        yield sock


def number(raw):
    return int.from_bytes(raw, 'little')


def controller(sock, family, command, flags=genl.NLM_F_ACK):
    return [attrs for _, attrs in sock.ask(
        command, genl.string(FAMILY_NAME, family.yaml['name']), flags,
        family=CONTROLLER, version=2)]


@pytest.mark.smoke
def test_commands(sock, family):
    """Commands with their permissions; the version; the group."""
    attrs = dict(controller(sock, family, GETFAMILY)[0])
    told = {}
    for _, raw in genl.parse(attrs[OPS]):
        one = dict(genl.parse(raw))
        told[number(one[OP_ID])] = number(one[OP_FLAGS])
    assert told == {
        one['value']: RIGHTS[tuple(one.get('flags', ()))] | CAP_HASPOL |
        ('do' in one and CAP_DO) | ('dump' in one and CAP_DUMP)
        for one in family.operations.values()}
    assert number(attrs[VERSION]) == family.yaml['version']
    assert [dict(genl.parse(raw))[GROUP_NAME].rstrip(b'\0').decode()
            for _, raw in genl.parse(attrs[GROUPS])] == [
                group['name'] for group in family.yaml['mcast-groups']['list']]


class Policies:
    """The kernel's policies: {command: the policy of its attributes}."""

    def __init__(self, sock, family):
        self.policies, self.commands = {}, {}
        for attrs in controller(sock, family, GETPOLICY, genl.NLM_F_DUMP):
            for kind, raw in attrs:
                for key, one in genl.parse(raw):
                    if kind == OP_POLICY:
                        self.commands[key] = {
                            number(index) for _, index in genl.parse(one)}
                    elif kind == POLICY:
                        self.policies.setdefault(key, {}).update(
                            {attr: dict(genl.parse(policy))
                             for attr, policy in genl.parse(one)})

    def of(self, command):
        """{numbers of the nests and of the attribute: (type, ...)}"""
        index, = self.commands[command]
        return dict(self._flat(index, ()))

    def _flat(self, index, nests):
        for attr, policy in self.policies.get(index, {}).items():
            path = (*nests, attr)
            if TYPES[number(policy[ATTR_TYPE])] == 'nest':
                yield path, ('nest',)
                yield from self._flat(number(policy[POLICY_IDX]), path)
            else:
                yield path, self._plain(policy)

    @staticmethod
    def _plain(policy):
        kind = TYPES[number(policy[ATTR_TYPE])]
        if kind in BITS:
            return kind, number(policy[MIN_VALUE]), number(policy[MAX_VALUE])
        if kind == 'flag':
            return (kind,)
        return (kind, number(policy.get(MIN_LENGTH, b'')),
                number(policy[MAX_LENGTH]) if MAX_LENGTH in policy else None)


def described(family, attrs, nests=()):
    """The same from the spec, as pairs."""
    for attr in attrs.values():
        kind, path = attr['type'], (*nests, attr['value'])
        checks = attr.get('checks', {})
        if kind == 'nest':
            yield path, (kind,)
            yield from described(
                family, family.sets[attr['nested-attributes']], path)
        elif attr.get('byte-order') == 'big-endian':
            yield path, BIG_ENDIAN
        elif kind in BITS:
            yield path, (kind, checks.get('min', 0),
                         checks.get('max', (1 << BITS[kind]) - 1))
        elif kind == 'flag':
            yield path, (kind,)
        else:
            assert kind in ('binary', 'string'), kind
            exact = checks.get('exact-len')
            yield path, (kind, exact or checks.get('min-len', 0),
                         exact or checks.get('max-len'))


@pytest.mark.smoke
def test_policies(sock, family):
    """Each command accepts exactly these attributes, types and ranges.

    For a big-endian number the kernel reports nothing, or a number of so many
    bits: then it does not know the byte order, and must check no range.
    """
    policies = Policies(sock, family)
    assert set(policies.commands) == {one['value'] for one in
                                      family.operations.values()}
    for name, one in family.operations.items():
        told = policies.of(one['value'])
        wanted = dict(described(family, family.taken(name)))
        for path in [path for path, what in wanted.items()
                     if what == BIG_ENDIAN]:
            assert told.pop(path, U16) == U16, (name, path)
            del wanted[path]
        assert told == wanted, name


def refusal(sock, command, payload, flags):
    try:
        sock.ask(command, payload, flags)
    except genl.Refused as refused:
        return refused.sentence or ''
    return ''


@pytest.mark.smoke
def test_big_endian(sock, family):
    """For ports the kernel reports nothing: each is accepted with two bytes
    only."""
    tried = 0
    for name, one in family.operations.items():
        flags = genl.NLM_F_ACK if 'do' in one else genl.NLM_F_DUMP
        for top in family.taken(name).values():
            for attr in family.sets.get(top.get('nested-attributes'),
                                        {}).values():
                if attr.get('byte-order') != 'big-endian':
                    continue
                assert attr['type'] == 'u16' and 'checks' not in attr
                for size in (1, 2, 4):
                    sentence = refusal(
                        sock, one['value'], genl.nest(
                            top['value'], genl.attr(attr['value'],
                                                    b'\1' * size)), flags)
                    assert sentence != 'Unsupported attribute', (name, attr)
                    assert (sentence == 'invalid attribute length') == (
                        size != 2), (name, attr['name'], size, sentence)
                    tried += 1
    assert tried


class Reader:
    """Read messages with the spec, and record their attributes."""

    def __init__(self, family):
        self.family = family
        self.seen = set()

    def message(self, name, attrs):
        operation = self.family.operations.get(
            name) or self.family.notifications[name]
        space = operation.get('attribute-set') or self.family.operations[
            operation['notify']]['attribute-set']
        return self.attributes(space, attrs)

    def attributes(self, space, attrs):
        by_value = {attr['value']: (name, attr) for name, attr in
                    self.family.sets[space].items()}
        found = {}
        for value, raw in attrs:
            assert value in by_value, (space, value, raw)
            name, attr = by_value[value]
            self.seen.add((space, name))
            if attr['type'] == 'pad':
                # where 64-bit numbers have to be aligned, as on User Mode Linux
                assert raw == b'', (space, name, raw)
                continue
            one = self.value(space, attr, raw)
            if attr.get('multi-attr'):
                found.setdefault(name, []).append(one)
            else:
                assert name not in found, (space, name)
                found[name] = one
        return found

    def value(self, space, attr, raw):
        kind, where = attr['type'], (space, attr['name'], raw)
        if kind == 'nest':
            return self.attributes(attr['nested-attributes'], genl.parse(raw))
        if kind in BITS:
            assert len(raw) * 8 == BITS[kind], where
            one = int.from_bytes(raw, 'big' if 'byte-order' in attr
                                 else 'little')
            if 'enum' in attr:
                one, = (name for name, entry in self.family.enums[
                    attr['enum']].items() if entry['value'] == one)
            return one
        if kind == 'string':
            assert raw.endswith(b'\0') and b'\0' not in raw[:-1], where
            return raw[:-1].decode()
        if kind == 'flag':
            assert raw == b'', where
            return True
        assert kind == 'binary', where
        assert attr.get('display-hint') != 'ipv6' or len(raw) in (4, 16), where
        assert attr.get('display-hint') != 'mac' or len(raw) == 6, where
        return raw

    def ask(self, sock, name, payload=b'', dump=False):
        """Send a request, and check the replies against the spec."""
        operation = self.family.operations[name]
        mode = operation['dump' if dump else 'do']
        replies = [self.message(name, attrs) for _, attrs in sock.ask(
            operation['value'], payload,
            genl.NLM_F_DUMP if dump else genl.NLM_F_ACK)]
        assert replies, name
        for reply in replies:
            assert set(reply) <= set(mode['reply']['attributes']), (name, reply)
        return replies


def unseen(reader, *spaces):
    """Attributes of some sets that no reply had."""
    return {(space, name) for space in spaces
            for name, attr in reader.family.sets[space].items()
            if attr['type'] not in ('pad', 'unused')} - reader.seen


def test_replies_of_balancer(site):
    """The spec has exactly the attributes of the balancer's replies."""
    reader = Reader(spec.Spec('dsr'))
    lv1 = Balancer(site)
    site.balance('scheduler maglev persist 50s probe-marks 4096')
    lv1.service('set', fwmark_mask=0xff)
    lv1.service(vip=VIP, proto='tcp', port=8000, port_last=8100)
    assert ask(site.connect())
    lv1.backend('set', W101, upper=100, lower=50)
    lv1.backend('set', W102, admin='draining', deadline=600000)
    lv1.path('add', 'eth0')
    with site.lv1.at(), genl.Genl('dsr') as sock:
        reader.ask(sock, 'service-get', genl.service(1))
        assert len(reader.ask(sock, 'service-get', dump=True)) == 2
        assert len(reader.ask(sock, 'backend-get', dump=True)) == 2
        reader.ask(sock, 'connection-get', dump=True)
        reader.ask(sock, 'stats-get')
        reader.ask(sock, 'path-get', dump=True)
        # another client, unknown to persistence
        reader.ask(sock, 'explain', genl.nest(genl.A_EXPLAIN, encode(
            'EXPLAIN', {'src': '10.10.31.222', 'sport': 4000, 'dst': VIP,
                        'dport': 80, 'fwmark': 1})))
        # a chain of nf_tables that drops the packet
        site.lv1.nft('table ip own { chain c { type filter hook forward '
                     'priority filter; policy drop; }; }')
        reader.ask(sock, 'explain', genl.nest(genl.A_EXPLAIN, encode(
            'EXPLAIN', {'src': '10.10.31.222', 'sport': 4000, 'dst': VIP,
                        'dport': 80, 'ifindex': site.lv1.ifindex('eth0'),
                        'firewall': True})))
    # Only dsr_ipvs sets the first two; test_events.py tests them. The others are
    # for requests.
    assert unseen(reader, 'service', 'backend', 'connection', 'table',
                  'timeout', 'reason', 'stats', 'path') == {
                      ('table', 'expire-nodest'),
                      ('table', 'expire-quiescent'), ('path', 'link'),
                      ('connection', 'exception'), ('connection', 'newer')}
    # fwmark is the mark that rules have set
    assert {name for space, name in reader.seen if space == 'explain'} - {
        'pad'} == (set(reader.family.sets['explain']) - {'pad'} -
                   set(reader.family.sets['explain-packet'])) | {'fwmark'}


def test_replies_of_real_server(site):
    reader = Reader(spec.Spec('dsr_rs'))
    site.balance(backends=('w101',), rule='')
    # the route of a rule in mode local stays when the rule alone is deleted
    site.undo.append(lambda: site.w101.dsrctl('real flush'))
    site.w101.configure('\n'.join((
        f'real add vip {VIP} proto tcp port 80 to {W101}:80 mark 5',
        'real add tos 0x20/0xfc from 10.10.30.11,02:00:00:00:00:01 clear',
        'real add vip 10.10.31.110 mode local balancer 10.10.30.11',
        'real silence 10.10.31.111 dev eth0 dev vlan+')))
    assert ask(site.connect())
    with site.w101.at(), genl.Genl('dsr_rs') as sock:
        assert len(reader.ask(sock, 'rule-get', dump=True)) == 3
        assert len(reader.ask(sock, 'silence-get', dump=True)) == 2
        reader.ask(sock, 'flow-get', dump=True)
        reader.ask(sock, 'stats-get')
        # a chain of nf_tables that drops the packet
        site.w101.nft('table ip own { chain c { type filter hook input '
                      'priority filter; policy drop; }; }')
        reader.ask(sock, 'explain', genl.nest(genl.A_EXPLAIN, encode(
            'EXPLAIN', {'src': '10.10.31.222', 'sport': 4000, 'dst': W101,
                        'dport': 80, 'ifindex': site.w101.ifindex('eth0')})))
    assert not unseen(reader, 'rule', 'flow', 'silence', 'table', 'timeout',
                      'reason', 'stats')
    assert {name for space, name in reader.seen if space == 'explain'} - {
        'pad'} == {'verdict', 'hook', 'priority', 'chain'}


class Group:
    """Read the notifications of a family with its spec."""

    def __init__(self, site, family):
        self.reader = Reader(family)
        self.names = {one['value']: name for name, one in
                      family.notifications.items()}
        self.host = site.net[MACHINES[family.yaml['name']]]
        self.sock = Events(self.host, family.yaml['name']).sock
        site.undo.append(self.sock.close)

    def next(self):
        """The name of the next notification, whose attributes the spec must
        have."""
        message = self.sock.recv(1 << 16)
        name = self.names[message[16]]
        one = self.reader.family.notifications[name]
        if 'event' in one:
            attrs = one['event']['attributes']
        else:
            modes = self.reader.family.operations[one['notify']]
            attrs = modes['dump']['reply']['attributes']
        found = self.reader.message(name, genl.parse(message[20:]))
        assert set(found) <= set(attrs), (name, found)
        return name

    def until(self, last):
        names = {self.next()}
        while last not in names:
            names.add(self.next())
        return names


CHANGES = {
    'dsr': ['service add fwmark 1', 'service set fwmark 1 scheduler wrr',
            'service replace fwmark 1',
            f'backend add fwmark 1 via {W101}',
            f'backend set fwmark 1 via {W101} weight 2',
            f'backend replace fwmark 1 via {W101}',
            f'backend delete fwmark 1 via {W101}',
            'service delete fwmark 1', 'service flush',
            'connection set max 1048576', 'connection flush',
            'path add dev eth0', 'path set dev eth0 recheck 20s',
            'path replace dev eth0', 'path delete dev eth0', 'path flush'],
    'dsr_rs': [f'real add vip {VIP}', f'real replace vip {VIP} mark 1',
               f'real delete vip {VIP}', 'real flush', 'flow set max 1048576',
               f'real silence {VIP}', f'real silence replace {VIP} dev eth0',
               f'real silence delete {VIP}', 'real silence flush',
               'flow flush'],
}


def test_notifications(site, family):
    """Each change is notified as the spec says."""
    group = Group(site, family)
    changes = CHANGES[family.yaml['name']]
    group.host.configure('\n'.join(changes))
    last = {'dsr': 'path-flush-ntf', 'dsr_rs': 'flow-flush-ntf'}
    # the state of a backend may change meanwhile
    assert group.until(last[family.yaml['name']]) - {'backend-state'} == {
        name for name in family.notifications if name.endswith('-ntf')}
