# SPDX-License-Identifier: GPL-2.0
"""A machine of the scenarios: a network namespace, and what runs there.

A process costs 50 ms and more in an emulated machine, so what can be done
without one is: a thread changes its namespace by setns() and then opens its
sockets, writes its sysctls and starts its programs there.
"""

import contextlib
import ctypes
import errno
import fcntl
import json
import os
import re
import signal
import socket
import struct
import subprocess
import time

import genl
import nftables

CLONE_NEWNET = 0x40000000
IFF_UP, IFF_RUNNING, IFF_LOWER_UP = 1, 0x40, 0x10000
IFF_NOARP, IFF_PROMISC = 0x80, 0x100
RTM_GETLINK, RTM_DELROUTE, RTM_GETROUTE = 18, 25, 26
RTM_DELNEIGH, RTM_GETNEIGH, RTM_GETRULE = 29, 30, 34
RTM_GETADDR = 22
IFA_LOCAL = 2
IFLA_ADDRESS, IFLA_IFNAME, IFLA_MTU, IFLA_QDISC, IFLA_MASTER = 1, 3, 4, 6, 10
# devices of each namespace, from the time on when their module is loaded
FALLBACK = {'gre0', 'gretap0', 'erspan0', 'tunl0', 'sit0', 'ip6tnl0', 'ip6gre0',
            'ip_vti0', 'ip6_vti0'}
RTM_F_CLONED = 0x200                # learnt, as a path MTU is
NDA_DST = 1
NUD_INCOMPLETE, NUD_FAILED, NUD_PERMANENT = 1, 0x20, 0x80
RTN_LOCAL = 2
RTPROT_KERNEL = 2
_libc = ctypes.CDLL(None, use_errno=True)


class Failure(Exception):
    """A step failed; the text is for people."""


def _setns(fd):
    if _libc.setns(fd, CLONE_NEWNET):
        raise Failure(f'setns: {os.strerror(ctypes.get_errno())}')


def wait_for(what, condition, seconds=60.0, every=0.02):
    """Poll until condition() is true, and return its result.

    The timeout is for a busy machine; a true condition ends the wait at once. WHAT is for
    people: a text, or a function that makes one of what was found in the end.
    """
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            text = what() if callable(what) else what
            raise Failure(f'waited {seconds:g} s in vain: {text}')
        time.sleep(every)


def run(*argv, stdin=None, check=True, timeout=180):
    """Run a program, and return the result with its output as text.

    A program that takes too long is killed and is a Failure.
    """
    try:
        done = subprocess.run(argv, input=stdin, text=True, timeout=timeout,
                              stdin=None if stdin else subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except subprocess.TimeoutExpired:
        raise Failure(f'not done after {timeout} s: {" ".join(argv)}') from None
    if check and done.returncode:
        raise Failure(f'exit status {done.returncode}: {" ".join(argv)}\n'
                      f'{stdin or ""}{done.stdout}{done.stderr}'.rstrip())
    return done


def binary(address):
    """The bytes of an address of either family."""
    return socket.inet_pton(
        socket.AF_INET6 if ':' in address else socket.AF_INET, address)


class Host:
    """One machine: a network namespace."""

    def __init__(self, name):
        self.name = name
        self.changed = False        # has objects of the modules
        self.filtered = False       # has packet filter rules
        self.children = []
        self.sysctls = {}           # what they were before the present test

    def __str__(self):
        return self.name

    @contextlib.contextmanager
    def at(self):
        """Files, sockets and programs that this thread opens inside belong to
        the machine."""
        old = os.open('/proc/thread-self/ns/net', os.O_RDONLY | os.O_CLOEXEC)
        try:
            new = os.open(f'/run/netns/{self.name}',
                          os.O_RDONLY | os.O_CLOEXEC)
            try:
                _setns(new)
            finally:
                os.close(new)
            yield self
        finally:
            _setns(old)
            os.close(old)

    def run(self, *argv, **options):
        with self.at():
            return run(*argv, **options)

    def start(self, *argv, **options):
        """Start a program in the background; stop() or the clean-up ends it.
        """
        options.setdefault('stdin', subprocess.DEVNULL)
        options.setdefault('stdout', subprocess.DEVNULL)
        options.setdefault('stderr', subprocess.DEVNULL)
        with self.at():
            child = subprocess.Popen(argv, start_new_session=True, **options)
        self.children.append(child)
        return child

    def stop(self, *children):
        for child in children or list(self.children):
            if child.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            for pipe in (child.stdin, child.stdout, child.stderr):
                if pipe:
                    pipe.close()
            if child in self.children:
                self.children.remove(child)

    def ip(self, text):
        """Run lines of "ip -batch".

        When a line sets a device up, wait until all devices have settled.
        """
        done = run('ip', '-n', self.name, '-batch', '-',
                   stdin='\n'.join(line.strip() for line in
                                   text.strip().splitlines()) + '\n')
        if re.search(r'^\s*link .* up\b', text, re.MULTILINE):
            self._wait_for_links()
        return done

    @classmethod
    def _wait_for_links(cls):
        """Wait until each machine has acted on the carrier of its devices.

        The kernel acts in a work item, up to a second later (linkwatch). Until
        then, a bridge does not use the port, and a queue may discard what is
        sent. A device that was without a carrier for a moment then forgets its
        neighbours, and drops the packets that wait for one.
        """
        machines = [cls(name) for name in os.listdir('/run/netns')]

        def unready():
            return [f'{machine} {index}' for machine in machines
                    for index in machine._unready_links()]

        wait_for(lambda: f'all devices ready; not yet: {unready()}',
                 lambda: not unready())

    def _unready_links(self):
        """The devices whose state (RUNNING) is not that of their carrier."""
        unready = []
        with self.at(), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                      0) as sock:
            for link in self._rtnetlink(sock, RTM_GETLINK):
                if len(link) < 16:                      # the end of the dump
                    continue
                index, flags = struct.unpack_from('iI', link, 4)
                if flags & IFF_UP and \
                        bool(flags & IFF_RUNNING) != bool(flags & IFF_LOWER_UP):
                    unready.append(index)
        return unready

    def connections(self):
        """The TCP connections that may still send something."""
        lines = []
        with self.at():
            for name in ('tcp', 'tcp6'):
                with contextlib.suppress(FileNotFoundError), \
                        open(f'/proc/thread-self/net/{name}',
                             encoding='ascii') as file:
                    lines += [line.split() for line in file][1:]
        # connections in FIN_WAIT2, TIME_WAIT and LISTEN only answer
        return [line for line in lines if int(line[3], 16) not in (5, 6, 10)]

    def nft(self, text):
        self.changed = self.filtered = True
        with self.at():
            said = nftables.change(text)
        if said:
            raise Failure(f'{self.name}: nft: {said}')

    def iptables(self, *argv):
        self.changed = self.filtered = True
        return self.run('iptables', '-w', *argv)

    def sysctl(self, key, value=None):
        """Read, or write, one of net.*; dots in KEY are slashes here.

        What a test writes is undone at its end, see forget().
        """
        with self.at():
            path = f'/proc/sys/net/{key}'
            with open(path, encoding='ascii') as file:
                old = file.read().strip()
            if value is None:
                return old
            self.sysctls.setdefault(key, old)
            with open(path, 'w', encoding='ascii') as file:
                file.write(str(value))
            return None

    def setting(self, key, value):
        """Write one of net.*, to stay for as long as the machine."""
        self.sysctl(key, value)
        del self.sysctls[key]

    def forget(self, guests=()):
        """Undo what the next test would find of this one: settings, path MTUs,
        and neighbours that were searched in vain, entered by hand, or have one
        of these addresses.

        The error about a search that goes on would come in the next test, some
        seconds later. GUESTS are addresses of machines that come and go, which
        some test may have given to another machine.
        """
        guests = set(map(binary, guests))
        for key, old in reversed(self.sysctls.items()):
            with contextlib.suppress(FileNotFoundError):
                if self.sysctl(key) != old:
                    self.sysctl(key, old)
        self.sysctls.clear()
        with self.at(), open('/proc/sys/net/ipv4/route/flush', 'w',
                             encoding='ascii') as file:
            file.write('1')
        with self.at(), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                      0) as sock:
            for route in self._rtnetlink(sock, RTM_GETROUTE, socket.AF_INET6):
                if len(route) > 12 and struct.unpack_from('I', route, 8)[0] & \
                        RTM_F_CLONED:
                    self._delete(sock, RTM_DELROUTE, route)
            for entry in self._rtnetlink(sock, RTM_GETNEIGH):
                if len(entry) > 12 and (
                        struct.unpack_from('H', entry, 8)[0] & (
                            NUD_INCOMPLETE | NUD_FAILED | NUD_PERMANENT) or
                        dict(genl.parse(entry[12:])).get(NDA_DST) in guests):
                    self._delete(sock, RTM_DELNEIGH, entry)

    @staticmethod
    def _delete(sock, kind, what):
        """Delete a thing of a dump, unless it has gone meanwhile."""
        sock.send(struct.pack('IHHII', 16 + len(what), kind,
                              genl.NLM_F_REQUEST | genl.NLM_F_ACK, 0, 0) + what)
        error = -struct.unpack_from('i', sock.recv(1 << 16), 16)[0]
        if error not in (0, errno.ENOENT, errno.ESRCH):
            raise Failure(f'rtnetlink {kind}: {os.strerror(error)}')

    def read(self, path):
        """Read a file of /proc/net, as /proc/self/net shows it here."""
        with self.at(), open(path.replace('/proc/net', '/proc/thread-self/net'),
                             encoding='ascii') as file:
            return file.read()

    @staticmethod
    def _rtnetlink(sock, kind, family=socket.AF_UNSPEC):
        """All that the kernel has of a kind, as it writes it."""
        found, got = [], None
        sock.send(struct.pack('IHHIIB11x', 28, kind, genl.NLM_F_REQUEST |
                              genl.NLM_F_DUMP, 0, 0, family))
        while got != genl.NLMSG_DONE:
            data = sock.recv(1 << 16)
            while data:
                length, got = struct.unpack_from('IH', data)
                found.append(data[16:length])
                data = data[(length + 3) & ~3:]
        return found

    def ways(self):
        """The devices, the addresses and routes of IPv4, and the rules of both
        families, to compare.

        Of both families, too, the addresses that a route alone makes local, as
        "mode local" of dsrctl does.
        """
        with self.at(), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                      0) as sock:
            local = [route for route in self._rtnetlink(sock, RTM_GETROUTE)
                     if len(route) > 12 and route[7] == RTN_LOCAL and
                     route[5] != RTPROT_KERNEL]
            rules = self._rtnetlink(sock, RTM_GETRULE)
            names = {index: name for index, name in socket.if_nameindex()
                     if name not in FALLBACK}
            links = [self._link(link) for link in self._rtnetlink(
                sock, RTM_GETLINK) if len(link) > 16 and
                struct.unpack_from('i', link, 4)[0] in names]
            # family, length, device; and the address, without its age
            addresses = [(one[1], names.get(struct.unpack_from(
                'I', one, 4)[0], ''), dict(genl.parse(one[8:]))[IFA_LOCAL])
                for one in self._rtnetlink(sock, RTM_GETADDR, socket.AF_INET)
                if len(one) > 8]
            with open('/proc/thread-self/net/route', encoding='ascii') as file:
                return (sorted(file.read().splitlines()), rules, sorted(local),
                        sorted(links), sorted(addresses))

    @staticmethod
    def _link(link):
        """What tests change of a device."""
        attrs = dict(genl.parse(link[16:]))
        return (attrs[IFLA_IFNAME], struct.unpack_from('I', link, 8)[0] & (
            IFF_UP | IFF_NOARP | IFF_PROMISC),
            [attrs.get(kind) for kind in (IFLA_ADDRESS, IFLA_MTU, IFLA_QDISC)],
            IFLA_MASTER in attrs)

    def socket(self, *argv):
        with self.at():
            return socket.socket(*argv)

    def _ioctl(self, request, dev, data):
        with self.at(), socket.socket(socket.AF_INET,
                                      socket.SOCK_DGRAM) as sock:
            ifreq = struct.pack('16s24s', dev.encode(), data)
            return fcntl.ioctl(sock, request, ifreq)[16:]

    def mac(self, dev):
        return self._ioctl(0x8927, dev, b'')[2:8]      # SIOCGIFHWADDR

    def ifindex(self, dev):
        with self.at():
            return socket.if_nametoindex(dev)

    def offload(self, dev, on):
        """Switch offloads of Ethernet devices, as "ethtool -K" does."""
        features = {'rx': 0x15, 'tx': 0x17, 'sg': 0x19, 'tso': 0x1f,
                    'gso': 0x24, 'gro': 0x2c}
        for name in list(features) if on else reversed(features):
            self._ethtool(dev, features[name], on)

    def set_gro(self, dev, on):
        self._ethtool(dev, 0x2c, on)

    def has_lro(self, dev):
        return bool(self._ethtool(dev, 0x25, 0) & 1 << 15)  # ETHTOOL_GFLAGS

    def _ethtool(self, dev, command, value):
        data = ctypes.create_string_buffer(
            struct.pack('II', command, int(value)))
        self._ioctl(0x8946, dev,                        # SIOCETHTOOL
                    struct.pack('P', ctypes.addressof(data)))
        return struct.unpack_from('II', data.raw)[1]

    def dsrctl(self, *argv, check=True, stdin=None, timeout=180):
        """Run dsrctl here; the words as one string or as several."""
        self.changed = True
        words = argv[0].split() if len(argv) == 1 else argv
        return self.run('dsrctl', *words, check=check, stdin=stdin,
                        timeout=timeout)

    def configure(self, text):
        """Run lines of "dsrctl -b": many commands in one process."""
        return self.dsrctl('-b', '-', stdin='\n'.join(
            line.strip() for line in text.strip().splitlines()) + '\n')

    def refusals(self, commands):
        """The refusals of "dsrctl -b", if the kernel refuses all lines."""
        done = self.dsrctl('-f', '-b', '-', stdin='\n'.join(commands) + '\n',
                           check=False)
        lines = done.stderr.splitlines()
        heads = [f'dsrctl: -:{n}: ' for n in range(1, len(commands) + 1)]
        if done.returncode != 2 or len(lines) != len(heads) or not all(
                line.startswith(head) for line, head in zip(lines, heads)):
            raise Failure(f'exit status {done.returncode}: {done.stderr}')
        return [line[len(head):] for line, head in zip(lines, heads)]

    def show(self, command):
        """The output of "dsrctl -j -s COMMAND"."""
        done = self.run('dsrctl', '-j', '-s', *command.split())
        return json.loads(done.stdout)
