# SPDX-License-Identifier: GPL-2.0
"""Configure the network of the scenarios, and send traffic through it."""

import collections
import contextlib
import itertools
import os
import select
import socket
import struct
import threading
import time

import genl
from balancer import Balancer
from host import Failure, wait_for
from network import CLIENT, DEVICES, GUESTS, MACHINES, VIP, W101, W102

DEBUG = os.path.exists('/sys/kernel/debug/kmemleak')

# The debug kernel is several times slower: there, numbers that only make a
# test longer are divided by this.
SCALE = 10 if DEBUG else 1
BIG_MIB = 100 // SCALE
ADDRESS = {'w101': W101, 'w102': W102}

MARK = '''
    table ip mangle {
        chain prerouting {
            type filter hook prerouting priority mangle;
            ip daddr 10.10.31.100 meta mark set 1
        }
    }
'''

SO_RCVBUFFORCE, SO_SNDBUFFORCE = 33, 32
# A datagram of one byte takes almost 1 KiB of a socket's buffer.
BUFFER = 1 << 24

GET = b'GET / HTTP/1.1\r\nHost: example.org\r\n\r\n'
SO_NO_CHECK = 11


class Site:
    """The network with its services, for a test."""

    def __init__(self, network):
        self.net = network
        self.provoked = {'dsr': set(), 'dsr_rs': set()}
        self.sockets = []
        # below the range of curl
        self.ports = itertools.cycle(range(20000, 32768))
        self.undo = []
        self.table_max = {}
        self.ways = {}

    def start_servers(self):
        for name in ADDRESS:
            self.net.serve(name, BIG_MIB)
        self.clean(True)

    def __getattr__(self, name):
        """site.lv1 and the like."""
        try:
            return self.net.hosts[name]
        except KeyError:
            raise AttributeError(name) from None

    # Configuration

    def balance(self, options='', backends=('w101', 'w102'), weights=None,
                rule=f'vip {VIP}'):
        """The scenario's service on lv1, and its real servers.

        Most tests begin with this. So what most of them want is asked without dsrctl,
        whose start takes longer than many a test.
        """
        words = options.split()
        fields = dict(zip(words[::2], words[1::2]))
        if fields.keys() <= {'scheduler', 'path'}:
            with Balancer(self) as lv1:
                lv1.service(**fields)
                for name in backends:
                    lv1.backend('add', ADDRESS[name],
                                weight=weights[name] if weights else None)
        else:
            lines = [f'service add fwmark 1 {options}']
            for name in backends:
                line = f'backend add fwmark 1 via {ADDRESS[name]}'
                if weights:
                    line += f' weight {weights[name]}'
                lines.append(line)
            self.net['lv1'].configure('\n'.join(lines))
        for name in ADDRESS if rule else ():
            host = self.net[name]
            if rule != f'vip {VIP}':
                host.dsrctl(f'real add {rule}')
                continue
            host.changed = True
            with host.at(), genl.Genl('dsr_rs') as sock:
                sock.ask(genl.RULE_ADD, genl.nest(
                    genl.A_RULE, genl.addr(genl.RULE_VIP, VIP)))

    def collect(self):
        """Record the reasons that have been provoked so far."""
        for family, names in (('dsr', ('lv1', 'lv2')),
                              ('dsr_rs', ('w101', 'w102'))):
            for name in names:
                with contextlib.suppress(genl.Refused, KeyError, OSError):
                    counts = genl.reasons(self.net[name], family)
                    self.provoked[family] |= {
                        reason for reason, n in counts.items() if n}

    def reason_names(self):
        """The names of the reasons in dsrctl: {family: set}."""
        stats = self.lv1.show('stats')
        return {family: set(stats[module]['reasons']) for family, module
                in (('dsr', 'dsr_lb'), ('dsr_rs', 'dsr_rs'))}

    def clean(self, everything=False):
        """Remove the leftovers of a test, with as few processes as possible.
        """
        for sock in self.sockets:
            # TCP and SCTP: by a reset, so that neither end is still closing
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                struct.pack('ii', 1, 0))
            sock.close()
        self.sockets.clear()
        # a server that waits for a datagram keeps its port until it checks
        while Echo.running:
            echo = Echo.running.pop()
            echo.sock.close()
            echo.join(60)
        for host in self.net.hosts.values():
            for child in list(host.children):
                if child.args[0] != 'nginx':
                    host.stop(child)
        self._hang_up()
        while self.undo:
            self.undo.pop()()
        self.net.forget_unloaded()
        for name, host in self.net.hosts.items():
            if os.path.exists(f'/run/netns/{name}'):
                host.forget(GUESTS)
            if not host.changed and not everything:
                continue
            host.changed = False
            for family, commands in (
                    ('dsr', (genl.SERVICE_FLUSH, genl.PATH_FLUSH,
                             genl.CONNECTION_FLUSH)),
                    ('dsr_rs', (genl.RULE_FLUSH, genl.SILENCE_FLUSH,
                                genl.FLOW_FLUSH))):
                if family not in map(_module_family, self.net.loaded):
                    continue
                with host.at(), genl.Genl(family) as sock:
                    for command in commands:
                        sock.ask(command)
                self._reset_max(host, family)
            if host.filtered or everything:
                host.filtered = False
                if name in ('lv1', 'lv2'):
                    host.nft('flush ruleset\n' + MARK)
                    host.changed = host.filtered = False
                elif not everything:
                    host.nft('flush ruleset')
                    host.changed = host.filtered = False
        self._lead_as_at_first()

    def _lead_as_at_first(self):
        """Create machines again whose devices, addresses, routes or rules differ
        from the first ones.

        The order of test files changes with their queue. A device that was in a
        VRF, or down, has lost routes, and the rule of VRFs stays.
        """
        for name in MACHINES:
            if name in self.net.hosts and os.path.exists(f'/run/netns/{name}'):
                host = self.net[name]
                first = self.ways.setdefault(name, host.ways())
                try:
                    # devices go a moment later than their namespaces
                    wait_for('as at first', lambda h=host, f=first:
                             h.ways() == f, 5)
                except Failure:
                    print(f'{name} is made again: {host.ways()}, not {first}')
                    self.rebuild(name)

    def _hang_up(self):
        """Make sure that no TCP connection is left.

        Remaining packets of one end would reach the next test, and be refused
        there.
        """
        left = [self.net.hosts[name] for name in DEVICES
                if name in self.net.hosts and
                os.path.exists(f'/run/netns/{name}')]

        def closed():
            left[:] = [host for host in left if host.connections()]
            return not left
        with contextlib.suppress(Failure):
            wait_for('all are closed', closed, 0.5)
        for host in left:
            host.run('ss', '-K', '-t', 'state', 'connected', 'exclude',
                     'time-wait')

    def _reset_max(self, host, family):
        """Reset the limit of the table."""
        entries_max = genl.table(host, family)
        if not entries_max:
            return
        first = self.table_max.setdefault(family, entries_max[1])
        if entries_max[1] != first:
            command = (genl.CONNECTION_SET if family == 'dsr'
                       else genl.FLOW_SET)
            with host.at(), genl.Genl(family) as sock:
                sock.ask(command, genl.nest(genl.A_TABLE, genl.u32(
                    genl.TABLE_MAX, first)))

    def repair(self):
        """Undo the leftovers of a failed test."""
        self.net.forget_unloaded()
        missing = {'dsr_lb', 'dsr_rs'} - self.net.loaded
        if missing:
            self.net.load(*sorted(missing))
        broken = [name for name in MACHINES if name not in self.net.hosts or
                  not os.path.exists(f'/run/netns/{name}')]
        if broken:
            for name in broken:
                self.net.hosts.pop(name, None)
            self.rebuild(*broken)

    def rebuild(self, *names):
        """Create machines again after a test has broken them."""
        there = [name for name in names if name in self.net.hosts]
        if there:
            self.net.cut(*there)
            self.net.unplug(*there)
        self.net.plug(*names)
        for name in names:
            if name in ADDRESS:
                self.net.serve(name, BIG_MIB)
            elif name in ('lv1', 'lv2'):
                self.net[name].nft(MARK)
                self.net[name].filtered = False

    # Output of dsrctl

    def services(self, host='lv1'):
        return self.net[host].show('show')['dsr_lb']['services']

    def backends(self, host='lv1', mark=1):
        """{address: backend} of a service, from "dsrctl -j -s show"."""
        for service in self.services(host):
            if service['fwmark'] == mark:
                return {one['addr']: one for one in service['backends']}
        raise Failure(f'{host} has no service of fwmark {mark}')

    def connections(self, host='lv1'):
        return self.net[host].show('connection show')

    def state(self, host):
        """All state that a refused command must not change."""
        with self.net[host].at():
            with genl.Genl('dsr') as lb, genl.Genl('dsr_rs') as rs:
                return (lb.dump(genl.SERVICE_GET), lb.dump(genl.BACKEND_GET),
                        rs.dump(genl.RULE_GET), rs.dump(genl.SILENCE_GET))

    # HTTP

    def curl(self, *argv, host='client', vhost='example.org',
             timeout=250):
        """Run curl on the client, and return its output. Any failure raises.

        It requests example.org; with vhost='x' the default server. It reads
        until the server closes: so at its end the whole conversation is over.
        """
        return self.net[host].run(
            'curl', '-sS', '--connect-timeout', '60', '-H', f'Host: {vhost}',
            '-H', 'Connection: close', '--ignore-content-length', *argv,
            timeout=timeout).stdout

    def replies(self, number, *argv, **options):
        """NUMBER requests over a connection each: {'w101 nano': n, …}.

        A few of them take less time than the start of curl.
        """
        if number <= 10 and not argv and options.keys() <= {'host'}:
            return collections.Counter(self.reply(**options)
                                       for _ in range(number))
        text = self.curl(*argv, f'http://{VIP}/?[1-{number}]', **options)
        return collections.Counter(text.splitlines())

    def change_under_load(self, lines):
        """Type lines for dsrctl again and again while the client requests.

        Each request is answered by one of the servers.
        """
        number = 600 // SCALE
        child = self.client.start(
            'curl', '-sS', '-H', 'Host: example.org', '-H', 'Connection: close',
            f'http://{VIP}/?[1-{number}]', stdout=-1, stderr=-1)
        while child.poll() is None:
            self.lv1.configure('\n'.join(lines))
        out, err = child.communicate(timeout=250)
        assert child.returncode == 0, err
        replies = out.decode().splitlines()
        assert len(replies) == number
        assert set(replies) == {'w101 nano', 'w102 desu'}

    def reply(self, host='client'):
        """One request over a connection that the server closes, as with curl()."""
        with self.net[host].socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
            sock.settimeout(60)
            sock.connect((VIP, 80))
            sock.sendall(GET.replace(b'\r\n\r\n',
                                     b'\r\nConnection: close\r\n\r\n'))
            data = b''
            while more := sock.recv(65536):
                data += more
        if b'\r\n\r\n' not in data:
            raise ConnectionResetError('closed before the reply')
        return data.partition(b'\r\n\r\n')[2].decode().strip()

    def sent_again(self, host='client'):
        """The number of TCP segments that a host has sent again.

        The fifth time is after six seconds or more. A machine that stood still
        sends a segment once more, however long that was.
        """
        names, values = (line.split() for line in self.net[host].read(
            '/proc/net/snmp').splitlines() if line.startswith('Tcp:'))
        return int(values[names.index('RetransSegs')])

    def undisturbed(self, action, host='client', seconds=300):
        """The result of action() if no SYN of a host was sent twice.

        A second SYN takes a turn of rr, too, so that a busy machine shows
        another order. Then repeat the action.
        """
        def repeated():
            names, values = (line.split() for line in self.net[host].read(
                '/proc/net/netstat').splitlines()[:2])
            return int(values[names.index('TCPSynRetrans')])
        end = time.monotonic() + seconds
        while True:
            before = repeated()
            result = action()
            if repeated() == before:
                return result
            if time.monotonic() > end:
                raise Failure(f'for {seconds} s no round in which {host} sent '
                              'each SYN once')

    def connect(self, address=VIP, port=80, sport=0, host='client',
                seconds=60, source=''):
        """A TCP connection of a client.

        Its port is outside of curl's range: a server that closed such a
        connection remembers it for a minute (TIME-WAIT), so dsr_rs would give a
        new one another port there, and the server answers a packet of another
        one with an ACK instead of a reset.
        """
        sport = sport or next(self.ports)
        sock = self.net[host].socket(socket.AF_INET, socket.SOCK_STREAM)
        self.sockets.append(sock)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Closed by a reset, which ends both ends at once. After a FIN the
        # server's own FIN comes later, and the client's answer to it would be
        # a connection more in the table of the next test.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        struct.pack('ii', 1, 0))
        sock.settimeout(seconds)
        sock.bind((source, sport))
        sock.connect((address, port))
        return sock

    def connect_to(self, name):
        """A connection through the VIP that has reached NAME."""
        for _ in range(20):
            sock = self.connect()
            if ask(sock).startswith(name):
                return sock
            sock.close()
        raise Failure(f'20 connections, and none went to {name}')

    # UDP

    def echo(self, name, port=7, nocheck=False):
        """Start an echo server; its address is the destination of each
        datagram."""
        sock = self.net[name].socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sockets.append(sock)
        # A burst must not depend on the scheduling of the thread below;
        # without FORCE the size is limited to some 500 small datagrams.
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if nocheck:
            sock.setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, 1)
        sock.bind(('0.0.0.0', port))
        return Echo(sock, name)

    def udp(self, address=VIP, port=7, sport=0, host='client', nocheck=False):
        sock = self.net[host].socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sockets.append(sock)
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
        sock.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, BUFFER)
        if nocheck:
            sock.setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, 1)
        if sport:
            sock.bind((CLIENT, sport))
        sock.connect((address, port))
        sock.settimeout(60)
        return sock


def _module_family(module):
    return {'dsr_lb': 'dsr', 'dsr_rs': 'dsr_rs'}.get(module)


class Echo(threading.Thread):
    """Send every datagram back, with the server's name before it on request.
    """

    running = []

    def __init__(self, sock, name):
        super().__init__(daemon=True)
        self.sock = sock
        self.prefix = b''
        self.name_ = name
        self.peers = collections.Counter()
        self.start()
        self.running.append(self)

    def run(self):
        # A blocking recvfrom() would outlive close().
        while self.sock.fileno() >= 0:
            try:
                if select.select([self.sock], [], [], 0.1)[0]:
                    self.answer()
            except (OSError, ValueError):
                # clean() closes the socket at any moment
                if self.sock.fileno() >= 0:
                    raise

    def answer(self):
        try:
            data, peer = self.sock.recvfrom(65536, socket.MSG_DONTWAIT)
        except BlockingIOError:         # its checksum was wrong
            return
        self.peers[peer] += 1
        with contextlib.suppress(PermissionError):      # sending failed
            self.sock.sendto(self.prefix + data, peer)


@contextlib.contextmanager
def meanwhile(action):
    """Call action() again and again, while the caller does something else.

    In a process of its own: Python's threads would share one processor.
    """
    pid = os.fork()
    if not pid:
        try:
            while True:
                action()
        finally:
            os._exit(1)
    try:
        yield
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)


@contextlib.contextmanager
def flooding(site, packets, dst_mac, host='client', dev='eth0'):
    """Send packets at full rate."""
    import wire
    with wire.Tap(site.net[host], dev) as tap:
        frames = [wire.frame(packet, dst_mac, tap.mac) for packet in packets]

        def send():
            for frame in frames:
                with contextlib.suppress(OSError):
                    tap.sock.send(frame)
        with meanwhile(send):
            tap.sock.close()    # no program would read the input
            yield


def ask(sock, request=GET):
    """Send one request over an open connection: the body of the reply."""
    sock.sendall(request)
    return read_reply(sock)


def read_reply(sock):
    data = b''
    while b'\r\n\r\n' not in data:
        more = sock.recv(65536)
        if not more:
            raise ConnectionResetError('closed before the reply')
        data += more
    head, body = data.split(b'\r\n\r\n', 1)
    length = next(int(line.split(b':')[1]) for line in head.split(b'\r\n')
                  if line.lower().startswith(b'content-length:'))
    while len(body) < length:
        more = sock.recv(65536)
        if not more:
            raise ConnectionResetError('closed within the reply')
        body += more
    return body.decode().strip()


def same_files(one, other):
    """Compare two files byte by byte."""
    with open(one, 'rb') as first, open(other, 'rb') as second:
        while True:
            a, b = first.read(1 << 20), second.read(1 << 20)
            if a != b:
                return False
            if not a:
                return True


def exchange(sock, datagrams, window=16, seconds=60.0):
    """Send datagrams, a few at a time, and expect each back unchanged."""
    waiting = {}
    todo = list(enumerate(datagrams))[::-1]
    end = time.monotonic() + seconds
    while todo or waiting:
        while todo and len(waiting) < window:
            number, data = todo.pop()
            data = number.to_bytes(4, 'big') + data
            waiting[number] = data
            sock.send(data)
        sock.settimeout(max(0.01, end - time.monotonic()))
        try:
            data = sock.recv(65536)
        except TimeoutError:
            raise Failure(f'{len(waiting)} datagrams have not come back '
                          f'after {seconds:g} s, the first of '
                          f'{len(next(iter(waiting.values())))} bytes'
                          ) from None
        number = int.from_bytes(data[:4], 'big')
        if waiting.pop(number, None) != data:
            raise Failure(f'datagram {number} came back changed or twice')


