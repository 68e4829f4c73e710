# SPDX-License-Identifier: GPL-2.0
"""A hostile tenant: root of one network namespace of its own.

Usage, as user nobody, with a copy of genl.py beside it:
    unshare -Urn python3 tenant.py

Until it is killed, the tenant exercises both modules at full speed: services,
backends, rules, silenced addresses, devices, dumps, monitors that do not read,
connections, and namespaces that end. Refusals are expected. From time to time
it prints the number of each action, as a line of JSON.
"""

import collections
import contextlib
import ctypes
import json
import os
import random
import socket
import struct
import subprocess
import time

import genl

CLONE_NEWNET = 0x40000000
NETLINK_ADD_MEMBERSHIP = 1
SCHEDULERS = ('rr', 'wrr', 'lc', 'wlc', 'sed', 'nq', 'fo', 'ovf', 'twos', 'sh',
              'dh', 'maglev')
SLOTS = (251, 4093, 65521)
DEVICES = 4
MONITORS = 8
EVERY = 1.0             # seconds from one line to the next


class Tenant:
    """The namespace of this process."""

    def __init__(self):
        self.libc = ctypes.CDLL(None)
        self.done = collections.Counter()
        self.lb = genl.Genl('dsr')
        self.rs = genl.Genl('dsr_rs')
        self.ip = subprocess.Popen(
            ['ip', '-force', '-batch', '-'], stdin=subprocess.PIPE, text=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.monitors = [self.monitor(family) for family in ('dsr', 'dsr_rs')
                         for _ in range(MONITORS)]
        self.type('link set lo up')
        for number in range(DEVICES):
            self.add_device(number)

    @staticmethod
    def monitor(family):
        """A socket that gets all events, and reads none."""
        sock = genl.Genl(family)
        for _, attrs in sock.ask(3, genl.string(2, family), family=16):
            for _, group in genl.parse(dict(attrs)[7]):
                sock.sock.setsockopt(
                    genl.SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
                    struct.unpack('I', dict(genl.parse(group))[2])[0])
        return sock

    def type(self, text):
        self.ip.stdin.write(text + '\n')
        self.ip.stdin.flush()

    def add_device(self, number):
        self.type(f'link add t{number} address {mac(number)} type veth '
                  f'peer name u{number}\n'
                  f'addr add 10.9.{number}.1/24 dev t{number}\n'
                  f'link set t{number} up\nlink set u{number} up')

    # The actions, each with a random service, rule and so on

    @staticmethod
    def key():
        number = random.randrange(1, 40)
        return genl.addr(genl.SERVICE_VIP, f'192.0.2.{number}') \
            if number % 2 else genl.u32(genl.SERVICE_FWMARK, number)

    @staticmethod
    def server():
        return genl.addr(genl.BACKEND_ADDR4,
                         f'10.9.{random.randrange(DEVICES)}.'
                         f'{random.randrange(2, 40)}')

    @staticmethod
    def rule():
        return genl.addr(genl.RULE_VIP, f'192.0.2.{random.randrange(1, 40)}')

    def service(self):
        scheduler = random.choice(SCHEDULERS)
        attrs = [self.key(), genl.string(genl.SERVICE_SCHEDULER, scheduler)]
        if scheduler == 'maglev':
            attrs.append(genl.u32(genl.SERVICE_TABLE_SIZE, random.choice(SLOTS)))
        self.lb.ask(random.choice((genl.SERVICE_ADD, genl.SERVICE_REPLACE,
                                   genl.SERVICE_SET)),
                    genl.nest(genl.A_SERVICE, *attrs))

    def service_delete(self):
        self.lb.ask(genl.SERVICE_DELETE, genl.nest(genl.A_SERVICE, self.key()))

    def backend(self):
        upper = random.randrange(3)
        self.lb.ask(random.choice((genl.BACKEND_ADD, genl.BACKEND_REPLACE,
                                   genl.BACKEND_SET)),
                    genl.nest(genl.A_SERVICE, self.key()) +
                    genl.nest(genl.A_BACKEND, self.server(),
                              genl.u32(genl.BACKEND_WEIGHT, random.randrange(9)),
                              genl.u32(genl.BACKEND_UPPER, upper)))

    def backend_delete(self):
        self.lb.ask(genl.BACKEND_DELETE,
                    genl.nest(genl.A_SERVICE, self.key()) +
                    genl.nest(genl.A_BACKEND, self.server()))

    def flush(self):
        self.lb.ask(random.choice((genl.SERVICE_FLUSH, genl.CONNECTION_FLUSH,
                                   genl.PATH_FLUSH)))
        self.rs.ask(random.choice((genl.RULE_FLUSH, genl.SILENCE_FLUSH,
                                   genl.FLOW_FLUSH)))

    def path(self):
        dev = socket.if_nametoindex(f't{random.randrange(DEVICES)}')
        self.lb.ask(random.choice((genl.PATH_ADD, genl.PATH_REPLACE,
                                   genl.PATH_DELETE)),
                    genl.nest(genl.A_PATH, genl.u32(genl.PATH_IFINDEX, dev)))

    def real_rule(self):
        self.rs.ask(random.choice((genl.RULE_ADD, genl.RULE_REPLACE,
                                   genl.RULE_DELETE)),
                    genl.nest(genl.A_RULE, self.rule()))

    def silence(self):
        self.rs.ask(random.choice((genl.SILENCE_ADD, genl.SILENCE_REPLACE,
                                   genl.SILENCE_DELETE)),
                    genl.nest(genl.A_SILENCE, genl.addr(
                        genl.SILENCE_ADDR,
                        f'192.0.2.{random.randrange(1, 40)}')))

    def dump(self):
        self.lb.dump(random.choice((genl.SERVICE_GET, genl.BACKEND_GET,
                                    genl.CONNECTION_GET)))
        self.rs.dump(random.choice((genl.RULE_GET, genl.FLOW_GET,
                                    genl.SILENCE_GET)))

    def table(self):
        self.lb.ask(genl.CONNECTION_SET, genl.nest(
            genl.A_TABLE, genl.u32(genl.TABLE_MAX, random.choice(
                (16, 1024, 65536, 1 << 26)))))

    def device(self):
        """Delete a device with all routes through it, and create it again."""
        number = random.randrange(DEVICES)
        self.type(f'link del t{number}')
        self.add_device(number)

    def traffic(self):
        """Connections of the tenant, to its own VIPs and through its own
        rules."""
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sock:
            number = random.randrange(DEVICES)
            sock.bind((f'u{number}', 0x0800))
            head = bytes.fromhex(mac(number).replace(':', '')) + \
                b'\2\0\0\0\x0a\0\x08\0'
            for _ in range(50):
                sock.send(head + datagram(
                    f'10.9.{number}.{random.randrange(2, 250)}',
                    f'192.0.2.{random.randrange(1, 40)}'))

    def namespace(self):
        """Another namespace with a service, which ends at once."""
        pid = os.fork()
        if not pid:
            with contextlib.suppress(Exception):
                self.libc.unshare(CLONE_NEWNET)
                with genl.Genl('dsr') as lb:
                    lb.ask(genl.SERVICE_ADD,
                           genl.nest(genl.A_SERVICE, self.key()))
            os._exit(0)
        os.waitpid(pid, 0)

    def monitors_anew(self):
        self.monitors.pop(0).sock.close()
        self.monitors.append(self.monitor(random.choice(('dsr', 'dsr_rs'))))

    def run(self):
        # weighted by frequency
        what = [self.service, self.backend, self.backend, self.traffic,
                self.real_rule, self.silence, self.path, self.dump] * 3 + [
                    self.service_delete, self.backend_delete, self.device,
                    self.monitors_anew, self.flush, self.table, self.namespace]
        tell = time.monotonic()
        while True:
            action = random.choice(what)
            self.done[action.__name__] += 1
            with contextlib.suppress(genl.Refused, OSError, TimeoutError):
                action()
            if time.monotonic() > tell:
                print(json.dumps(self.done), flush=True)
                tell += EVERY


def mac(number):
    """The Ethernet address of a device."""
    return f'02:00:00:00:09:{number:02x}'


def datagram(src, dst):
    """A UDP datagram without a checksum."""
    head = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 29, 1, 0, 64, 17, 0,
                       socket.inet_aton(src), socket.inet_aton(dst))
    total = sum(struct.unpack('>10H', head))
    total = (total & 0xffff) + (total >> 16)
    head = head[:10] + struct.pack('>H', ~total & 0xffff) + head[12:]
    return head + struct.pack('>HHHH', random.randrange(1024, 65536), 7, 9,
                              0) + b'x'


if __name__ == '__main__':
    Tenant().run()
