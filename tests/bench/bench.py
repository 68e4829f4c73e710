#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What packets cost, in instructions; runs in the virtual machine of bench.sh.

    pktgen > g0 = g1 > XDP > cli0 = lb0 > balancer > lb1 = r1 | lb2 = r2 > drop
    ----------- gen -------------   --------- lb --------   ------ sink ------

Three namespaces. A packet goes all of this way before pktgen sends the next one,
and the machine's clock counts instructions, so that pktgen's own time is what the
packets cost. What balances is set up in lb by a file in peers/, which is a shell
script that gets the names of everything as variables; its first lines tell:

    # rank: 10          where in the table
    # about: what it is
    # side: server      it is no balancer but delivers to a socket in lb
    # families: 4       it cannot do both
    # protocols: udp    it can do no more
    # warm: 2           it knows a flow from its second packet on only; 0: never
    # most: 100000      with more flows it costs what another peer does
    # ends: lb0         packets end at XDP of this device, or of these
    # loads: dsr_lb     modules of ours
    # unloads: ip_vs    modules of the kernel's, to be unloaded behind it

A peer that cannot be set up here is left out, with the last thing that it said.
"""

import argparse
import contextlib
import ctypes
import glob
import json
import mmap
import os
import re
import resource
import socket
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, '../vm')]

from genl import NLM_F_DUMP, NLM_F_REQUEST, NLMSG_DONE, attr, parse  # noqa: E402
from host import Failure, Host, run                                   # noqa: E402
from network import Network                                           # noqa: E402
from plan import peers                                                # noqa: E402

# User Mode Linux has the time of the host.
NATIVE = os.environ.get('DSR_TARGET') == 'native'
UNIT = 'nanoseconds' if NATIVE else 'instructions'
TCP_REPAIR, TCP_REPAIR_QUEUE, TCP_QUEUE_SEQ = 19, 20, 21
# As in gen.bpf.c and lru.bpf.c.
OUT, HOP, HOP2 = 100, 101, 102
UDP, TCP_SYN, TCP_ACK = range(3)
INDEXES = {'cli0': f'index {OUT} ', 'lb1': f'index {HOP} ',
           'lb2': f'index {HOP2} '}

FIRST_PORT = 10000
MACS = {name: f'02:00:00:00:00:{number:02x}' for number, name in enumerate(
    ('g0', 'g1', 'cli0', 'lb0', 'lb1', 'lb2', 'r1', 'r2'), 1)}
ADDRESSES = {
    4: {'client': '10.1.0.0', 'lb0': '10.1.255.254/16', 'VIP': '10.2.0.1',
        'lb1': '10.3.1.254/24', 'lb2': '10.3.2.254/24',
        'R1': '10.3.1.1', 'R2': '10.3.2.1',
        'clients': '10.1.0.0/20', 'gateway': '10.1.255.253'},
    6: {'client': '2001:db8:1::', 'lb0': '2001:db8:1::ffff/64',
        'VIP': '2001:db8:2::1',
        'lb1': '2001:db8:3:1::fe/64', 'lb2': '2001:db8:3:2::fe/64',
        'R1': '2001:db8:3:1::1', 'R2': '2001:db8:3:2::1',
        'clients': '2001:db8:1::/116', 'gateway': '2001:db8:1::fffe'},
}
# How many clients, and ports of each: they have no common divisor, so all pairs
# come before one comes again.
SHAPES = {1: (1, 1), 1000: (8, 125), 2000: (16, 125), 20000: (32, 625),
          100000: (32, 3125), 1000000: (64, 15625)}
SINK = '''
    table netdev sink {{
        {chains}
    }}
'''
CHAIN = '''
        chain {dev} {{
            type filter hook ingress device {dev} priority 0;
            counter drop
        }}
'''
# What is measured of each side, if a peer does not say.
DEFAULT = {'balancer': 'udp tcp', 'server': 'request reply'}


class Skip(Exception):
    """This peer cannot be had here; the text says why."""


def counter():
    """How many packets have come to the sinks of this thread's namespace."""
    # NFT_MSG_GETRULE of NFPROTO_NETDEV, and NFTA_RULE_TABLE
    message = struct.pack('BBH', 5, 0, 0) + attr(1, b'sink\0')
    header = struct.pack('IHHII', len(message) + 16, 10 << 8 | 7,
                         NLM_F_REQUEST | NLM_F_DUMP, 1, 0)
    total = 0
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as sock:
        sock.send(header + message)
        while True:
            data = sock.recv(65536)
            while data:
                length, kind = struct.unpack_from('IH', data)
                if kind == NLMSG_DONE:
                    return total
                # NFTA_RULE_EXPRESSIONS has elements of a name and data
                for _, one in parse(dict(parse(data[20:length])).get(4, b'')):
                    expression = dict(parse(one))
                    if expression[1] == b'counter\0':
                        packets = dict(parse(expression[2]))[2]
                        total += int.from_bytes(packets, 'big')
                data = data[(length + 3) & ~3:]


def meminfo():
    """Bytes that the kernel has taken for itself, less what it has to spare."""
    for path in glob.glob('/sys/kernel/slab/*/shrink'):
        with contextlib.suppress(OSError), open(path, 'w',
                                                encoding='ascii') as file:
            file.write('1')
    with open('/proc/meminfo', encoding='ascii') as file:
        sizes = {line.split(':')[0]: int(line.split()[1]) for line in file}
    return (sizes['Slab'] + sizes['VmallocUsed']) * 1024


class Marks:
    """What tells a plugin of QEMU from where and to where it shall count.

    Instructions that do nothing, run by this program.
    """

    def __init__(self, directory):
        self.directory = directory
        self.page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE |
                              mmap.PROT_EXEC)
        start = ctypes.addressof(ctypes.c_char.from_buffer(self.page))
        self.calls = []
        for offset, number in ((0, 1), (64, 2)):
            code = b'\x0f\x1f\x80' + bytes([number]) + b'\x5a\x5a\x5a\xc3'
            self.page[offset:offset + len(code)] = code
            self.calls.append(ctypes.CFUNCTYPE(None)(start + offset))
        self.windows = []

    @contextlib.contextmanager
    def window(self, peer, case, packets):
        begin, end = self.calls
        begin()
        yield
        end()
        symbols = f'kallsyms.{len(self.windows)}'
        with open('/proc/kallsyms', encoding='ascii') as source, open(
                f'{self.directory}/{symbols}', 'w', encoding='ascii') as copy:
            copy.write(source.read())
        self.windows.append({'peer': peer, 'case': case, 'packets': packets})
        with open(f'{self.directory}/windows.json', 'w',
                  encoding='ascii') as file:
            json.dump(self.windows, file)


class Rig:
    """The three namespaces, for one family; QUEUES: of each device."""

    def __init__(self, family, generator, queues=1):
        self.family = family
        self.queues = queues
        self.generator = generator
        self.addresses = ADDRESSES[family]
        self.hosts = [Host(name) for name in ('gen', 'lb', 'sink')]
        self.gen, self.lb, self.sink = self.hosts
        # 0 is the network itself, in IPv6 the routers of it.
        self.client = 1
        self.aimed = []
        self.socket = None
        self.sockets = []
        self.ends = ()

    def __enter__(self):
        run('ip', '-batch', '-', stdin=''.join(
            f'netns add {host}\n' for host in self.hosts))
        for host in self.hosts:
            host.sysctl('ipv6/conf/default/disable_ipv6', 1)
            host.sysctl('ipv6/conf/all/disable_ipv6', 1)
        queues = f'numtxqueues {self.queues} numrxqueues {self.queues}'
        pairs = (('g0', 'gen', 'g1', 'gen'), ('cli0', 'gen', 'lb0', 'lb'),
                 ('lb1', 'lb', 'r1', 'sink'), ('lb2', 'lb', 'r2', 'sink'))
        run('ip', '-batch', '-', stdin=''.join(
            f'link add name {a} netns {at} address {MACS[a]} '
            f'{INDEXES.get(a, "")}{queues} type veth peer '
            f'name {b} netns {to} address {MACS[b]} {queues}\n'
            for a, at, b, to in pairs))
        self.gen.ip(f'''
            link set g0 up
            link set g1 up
            link set cli0 up
            link set dev g1 xdp obj {self.generator} sec xdp
        ''')
        if self.family == 6:
            for dev in ('lo', 'lb0', 'lb1', 'lb2'):
                for key, value in (('accept_ra', 0), ('accept_dad', 0),
                                   ('router_solicitations', 0),
                                   ('disable_ipv6', 0)):
                    self.lb.sysctl(f'ipv6/conf/{dev}/{key}', value)
            self.lb.sysctl('ipv6/conf/all/forwarding', 1)
        else:
            self.lb.sysctl('ipv4/ip_forward', 1)
            for dev in ('all', 'default', 'lb0', 'lb1', 'lb2'):
                self.lb.sysctl(f'ipv4/conf/{dev}/rp_filter', 0)
        at, nodad = self.addresses, 'nodad' if self.family == 6 else ''
        self.lb.ip(f'''
            link set lo up
            addr add {at["lb0"]} dev lb0 {nodad}
            addr add {at["lb1"]} dev lb1 {nodad}
            addr add {at["lb2"]} dev lb2 {nodad}
            link set lb0 up
            link set lb1 up
            link set lb2 up
            neigh replace {at["R1"]} lladdr {MACS["r1"]} dev lb1 nud permanent
            neigh replace {at["R2"]} lladdr {MACS["r2"]} dev lb2 nud permanent
            neigh replace {at["gateway"]} lladdr {MACS["cli0"]} dev lb0 nud permanent
            route add {at["clients"]} via {at["gateway"]}
        ''')
        self.lb.set_gro('lb0', True)
        self.sink.ip('link set r1 up\nlink set r2 up')
        self.sink.nft(SINK.format(chains=CHAIN.format(dev='r1') +
                                  CHAIN.format(dev='r2')))
        # answers of a real server
        self.gen.nft(SINK.format(chains=CHAIN.format(dev='cli0')))
        return self

    def __exit__(self, *_):
        for sock in [self.socket, *self.sockets]:
            if sock:
                sock.close()
        run('ip', '-batch', '-', stdin=''.join(
            f'netns del {host}\n' for host in self.hosts))
        # Idle time costs nothing here, and namespaces go away slowly.
        time.sleep(2)

    def set_up(self, peer):
        self.ends = peer.words('ends')
        environment = dict(
            os.environ, FAMILY=str(self.family), PORT='80',
            VIP=self.addresses['VIP'], R1=self.addresses['R1'],
            R2=self.addresses['R2'],
            LB0=self.addresses['lb0'].split('/')[0],
            CLIENT=self.addresses['client'],
            IP='ip' if self.family == 4 else 'ip6',
            IPTABLES='iptables' if self.family == 4 else 'ip6tables',
            HOST_VIP=(f'[{self.addresses["VIP"]}]' if self.family == 6
                      else self.addresses['VIP']),
            HOST_R1=(f'[{self.addresses["R1"]}]' if self.family == 6
                     else self.addresses['R1']),
            HOST_R2=(f'[{self.addresses["R2"]}]' if self.family == 6
                     else self.addresses['R2']),
            **{f'MAC_{name.upper()}': mac for name, mac in MACS.items()})
        with self.lb.at():
            done = subprocess.run(
                ['sh', '-eu', peer.path], env=environment, text=True,
                cwd='/dsr', stdin=subprocess.DEVNULL, check=False,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            said = done.stdout.strip().splitlines() or ['it said nothing']
            raise Skip(said[-1])

    def listen(self):
        """A socket that drops what it gets, last thing of its delivery."""
        family = socket.AF_INET if self.family == 4 else socket.AF_INET6
        self.socket = self.lb.socket(family, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        drop = ctypes.create_string_buffer(struct.pack('HBBI', 6, 0, 0, 0))
        self.socket.setsockopt(
            socket.SOL_SOCKET, 26,                      # SO_ATTACH_FILTER
            struct.pack('HxxxxxxP', 1, ctypes.addressof(drop)))
        self.socket.bind(('', 80))

    def connect(self, flows):
        """Connections that are there without a packet, and expect gen.bpf.c's."""
        client, (clients, ports) = flows
        resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
        tcp, family = socket.IPPROTO_TCP, self.socket.family
        base = socket.inet_pton(family, self.addresses['client'])
        for number in range(clients * ports):
            sock = self.lb.socket(family, socket.SOCK_STREAM)
            self.sockets.append(sock)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setsockopt(tcp, TCP_REPAIR, 1)
            try:
                sock.bind((self.addresses['VIP'], 80))
            except OSError:             # it is translated
                sock.bind((self.addresses['lb0'].split('/')[0], 80))
            for queue, value in ((1, 1001), (2, 2000)):
                sock.setsockopt(tcp, TCP_REPAIR_QUEUE, queue)
                sock.setsockopt(tcp, TCP_QUEUE_SEQ, value)
            sock.connect((socket.inet_ntop(family, base[:-2] + struct.pack(
                '>H', client + number % clients)),
                          FIRST_PORT + number % ports))
            sock.setsockopt(tcp, TCP_REPAIR, -1)

    def dropped_by_xdp(self, dev):
        host = self.lb if dev.startswith('lb') else self.sink
        return sum(map(int, re.findall(
            r'rx_queue_\d+_xdp_drops: (\d+)',
            host.run('ethtool', '-S', dev).stdout)))

    def arrived(self, what):
        """How many packets have come to where they end."""
        if what == 'segment':
            names, values = (line.split() for line in
                             self.lb.read('/proc/net/snmp').splitlines()
                             if line.startswith('Tcp:'))
            return int(values[names.index('InSegs')])
        if self.ends:
            return sum(map(self.dropped_by_xdp, self.ends))
        total = 0
        for host in self.hosts:
            with host.at():
                total += counter()
        if self.socket:
            lines = self.lb.read('/proc/net/udp' if self.family == 4 else
                                 '/proc/net/udp6').splitlines()
            total += sum(int(line.split()[-1]) for line in lines[1:])
        return total

    def write(self, file, line):
        with self.gen.at(), open(f'/proc/thread-self/net/pktgen/{file}', 'w',
                                 encoding='ascii') as control:
            control.write(line + '\n')

    def aim(self, kind, flows, count, cpu=0):
        """Have a processor send COUNT packets of the flows with the next volley."""
        client, (clients, ports) = flows
        low = kind << 12 | client
        settings = {
            'count': count, 'pkt_size': 60 if self.family == 4 else 78,
            'dst_mac': MACS['lb0'], 'clone_skb': 0, 'delay': 0,
            'queue_map_min': cpu, 'queue_map_max': cpu,
            'udp_dst_min': low, 'udp_dst_max': low + clients,
            'udp_src_min': FIRST_PORT, 'udp_src_max': FIRST_PORT + ports}
        if clients == 1:
            settings['udp_dst_max'] = low
        if ports == 1:
            settings['udp_src_max'] = FIRST_PORT
        if self.family == 4:
            settings.update(dst=self.addresses['VIP'],
                            src_min=self.addresses['client'],
                            src_max=self.addresses['client'])
        else:
            settings.update(dst6=self.addresses['VIP'],
                            src6=self.addresses['client'])
        self.write(f'kpktgend_{cpu}', f'add_device g0@{cpu}')
        for name, value in settings.items():
            self.write(f'g0@{cpu}', f'{name} {value}')
        self.aimed.append((cpu, count))

    def volley(self):
        """Send what was aimed at, return what each packet cost."""
        aimed, self.aimed = self.aimed, []
        self.write('pgctrl', 'start')
        cost = 0
        for cpu, count in aimed:
            with self.gen.at(), open(f'/proc/thread-self/net/pktgen/g0@{cpu}',
                                     encoding='ascii') as file:
                text = file.read()
            found = re.search(r'Result: OK: (\d+)\(.*?\) usec, (\d+) ', text)
            if not found or int(found[2]) != count:
                raise Failure(f'pktgen: {text}')
            cost += int(found[1]) * 1000 / count / len(aimed)
        for cpu, _ in aimed:
            self.write(f'kpktgend_{cpu}', 'rem_device_all')
        return cost

    def shoot(self, kind, flows, count):
        """Send COUNT packets of the flows, return what each cost."""
        self.aim(kind, flows, count)
        return self.volley()

    def answer(self, flows, count):
        """Send COUNT datagrams from the port, return what each cost.

        From an address that is said: to choose one of them takes IPv6 the longer
        the more there are, and where the VIP is one there is one more.
        """
        client, (clients, ports) = flows
        base = socket.inet_pton(self.socket.family, self.addresses['client'])
        names = []
        for number in range(min(count, clients * ports)):
            address = base[:-2] + struct.pack('>H', client + number % clients)
            port = struct.pack('>H', FIRST_PORT + number % ports)
            names.append(
                struct.pack('H', self.socket.family) + port +
                (address + bytes(8) if self.family == 4 else
                 bytes(4) + address + bytes(4)))
        payload = ctypes.create_string_buffer(18)
        iovec = ctypes.create_string_buffer(
            struct.pack('PQ', ctypes.addressof(payload), 18))
        size = len(names[0])
        name = ctypes.create_string_buffer(b''.join(names))
        batch = 1000
        messages = ctypes.create_string_buffer(b''.join(
            struct.pack('PI4xPQPQi4xI4x',
                        ctypes.addressof(name) + number % len(names) * size,
                        size, ctypes.addressof(iovec), 1, 0, 0, 0, 0)
            for number in range(batch)))
        send = ctypes.CDLL(None, use_errno=True).sendmmsg
        with self.lb.socket(self.socket.family, socket.SOCK_DGRAM) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((self.addresses['lb0'].split('/')[0], 80))
            begin = time.monotonic_ns()
            for _ in range(count // batch):
                if send(sock.fileno(), messages, batch, 0) != batch:
                    raise Failure(
                        f'sendmmsg: {os.strerror(ctypes.get_errno())}')
            return (time.monotonic_ns() - begin) / count

    def flows(self, number):
        """Flows that were not there before."""
        clients, ports = SHAPES[number]
        flows = self.client, (clients, ports)
        self.client += clients
        return flows


def measure(rig, case, peer, form, marks):
    """One cell of the table."""
    before = rig.arrived(case['what'])
    sent = 0
    costs = []
    memory = None

    def shoot(kind, flows, count):
        nonlocal sent
        sent += count
        return rig.shoot(kind, flows, count)

    def answer(_, flows, count):
        nonlocal sent
        sent += count
        return rig.answer(flows, count)

    tcp = case['what'] in ('tcp', 'segment')
    server = case['what'] == 'segment'
    known = case['flows'] != 'new'
    packets = form['packets'] if known else form['new']
    kind = TCP_ACK if tcp and known else TCP_SYN if tcp else UDP
    if known:
        flows = rig.flows(case['flows'])
        many = case['flows'] >= 100000
        if server:
            rig.connect(flows)
        taken = meminfo() if many else 0
        # Each socket remembers the route of its first segment.
        for number in range(int(peer.tags.get('warm', 1)) or server):
            shoot((TCP_ACK if number or server else TCP_SYN) if tcp else UDP,
                  flows, max(case['flows'], 100))
        if many:
            # What grew is moved, and what was left over is freed.
            time.sleep(2)
            memory = (meminfo() - taken) / case['flows']
        if case['what'] == 'reply':
            answer(UDP, flows, 1000)
        else:
            shoot(kind, flows, 100)
    for number in range(form['repeats']):
        part = flows if known else rig.flows(form['new'])
        if NATIVE and known and flows[1][0] * flows[1][1] > packets:
            # Another client each time, so that all are as far from the cache
            client, (clients, ports) = flows
            part, packets = (client + number % clients, (1, ports)), ports
        with (marks.window(peer.name, case['name'], packets) if marks else
              contextlib.nullcontext()):
            costs.append((answer if case['what'] == 'reply' else shoot)(
                kind, part, packets))
    if NATIVE:                  # what else the host does only adds to it
        cost = min(costs)
    elif known:
        cost = sorted(costs)[len(costs) // 2]
    else:
        cost = sum(costs) / len(costs)
    return {'raw': round(cost, 1), 'sent': sent,
            'lost': sent - (rig.arrived(case['what']) - before),
            'spread': round((sorted(costs)[len(costs) // 2] - cost if NATIVE else
                             max(costs) - min(costs)) / cost, 5),
            **({} if memory is None else {'bytes': round(memory, 1)})}


def bench(peer, family, cases, form, generator, marks):
    """Yield (case, cell) of one peer and family."""
    with Rig(family, generator) as rig:
        try:
            for module in peer.words('loads'):
                Network().load(module)
            rig.set_up(peer)
            if peer.side == 'server':
                rig.listen()
            # What IPv6 says by itself is said. This takes no time at all.
            time.sleep(5)
            for case in cases:
                title = f'{peer.name}: {case["name"]}'
                if case['flows'] != 'new' and case['flows'] >= 100000:
                    print(f'{title}: makes {case["flows"]} flows (usually '
                          f'{case["flows"] // 15000} s)', flush=True)
                cell = measure(rig, case, peer, form, marks)
                lost = f', {cell["lost"]} LOST' if cell['lost'] else ''
                print(f'{title}: {cell["raw"]:.0f} per packet{lost}', flush=True)
                yield case, cell
        except Skip as reason:
            print(f'{peer.name}: left out with IPv{family}: {reason}', flush=True)
            for case in cases:
                yield case, {'why': str(reason)}


def before(case):
    """New flows come before the tables are full of known ones."""
    return 1001 if case['flows'] == 'new' else case['flows']


def tidy(peer):
    for module in peer.words('loads') + peer.words('unloads'):
        subprocess.run(['rmmod', module], check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def be_first():
    """Have what delivers packets go before what makes them.

    Queues would grow behind pktgen, and overflow, if it could keep ksoftirqd from
    the processor.
    """
    for path in glob.glob('/proc/[0-9]*/comm'):
        with contextlib.suppress(FileNotFoundError), open(
                path, encoding='ascii') as file:
            if file.read().startswith('ksoftirqd/'):
                os.sched_setscheduler(int(path.split('/')[2]), os.SCHED_FIFO,
                                      os.sched_param(1))
    # Idle time passes at once, also that in which the host reads a program.
    if not NATIVE:
        run.__kwdefaults__['timeout'] = None
    run('modprobe', '-a', 'pktgen', 'veth')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('generator')
    parser.add_argument('plan', help='as plan.py prints it')
    parser.add_argument('output')
    parser.add_argument('--profile', metavar='DIRECTORY',
                        help='tell the plugin when to count')
    options = parser.parse_args()
    marks = Marks(options.profile) if options.profile else None
    form = json.loads(options.plan)
    be_first()
    results = {}
    for peer in peers():
        if peer.name not in form['peers']:
            continue
        cells = {}
        for family in (4, 6):
            cases = [case for case in sorted(form['cases'], key=before)
                     if case['family'] == family and
                     peer.can(case, form['most'])]
            if cases:
                for case, cell in bench(peer, family, cases, form,
                                        options.generator, marks):
                    cells[case['name']] = cell
                tidy(peer)
        results[peer.name] = {'about': peer.tags['about'], 'side': peer.side,
                              'cells': cells}
        with open(options.output, 'w', encoding='ascii') as file:
            json.dump({'kernel': os.uname().release, 'unit': UNIT,
                       'peers': results}, file, indent=1)
    return 0


if __name__ == '__main__':
    sys.exit(main())
