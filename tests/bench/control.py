#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What a large configuration costs: time and memory, of dsr and of IPVS.

Runs in the virtual machine of bench.sh. Each gets the same services with the same
backends, by its own tool in one go, and the same connections, of UDP from pktgen.
"""

import argparse
import json
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, '../vm')]

from bench import NATIVE, UDP, Rig, be_first, meminfo   # noqa: E402
from host import Failure, run                           # noqa: E402
from network import Network                             # noqa: E402

BACKENDS = 20                   # of each service
# Seconds that any of it may take, where idle time does not pass at once.
LIMIT = 60 if NATIVE else None


class Dsr:
    name = 'dsr'

    def __init__(self, rig, services):
        Network().load('dsr_lb')
        self.host = rig.lb
        self.vip = rig.addresses['VIP']
        self.services = services
        self.batch('connection set max 4000000')

    def batch(self, *lines):
        self.host.run('dsrctl', '-b', '-', stdin='\n'.join(lines) + '\n',
                      timeout=LIMIT)

    def each(self, service, backend):
        lines = []
        for port in range(1, self.services + 1):
            key = f'vip {self.vip} proto udp port {port}'
            lines += [service.format(key=key)] if service else []
            lines += [backend.format(key=key, number=number)
                      for number in range(1, BACKENDS + 1)]
        return lines

    def add(self):
        self.batch(*self.each('service add {key} scheduler rr',
                              'backend add {key} via 10.3.1.{number}'))

    def change(self):
        self.batch(*self.each(None,
                              'backend set {key} via 10.3.1.{number} weight 2'))

    def dump(self):
        return len(self.host.run('dsrctl', 'backend', 'show',
                                 timeout=LIMIT).stdout.splitlines())

    def connections(self):
        return len(self.host.run('dsrctl', 'connection', 'show',
                                 timeout=LIMIT).stdout.splitlines())

    def forget(self):
        self.host.run('dsrctl', 'connection', 'flush', timeout=LIMIT)

    def delete(self):
        self.host.run('dsrctl', 'service', 'flush', timeout=LIMIT)

    def close(self):
        run('rmmod', 'dsr_lb', timeout=LIMIT)


class Ipvs(Dsr):
    name = 'ipvs'

    def __init__(self, rig, services):
        run('modprobe', 'ip_vs', 'conn_tab_bits=20')
        run('modprobe', 'ip_vs_rr')
        self.host = rig.lb
        self.vip = rig.addresses['VIP']
        self.services = services
        self.host.ip(f'addr add {self.vip} dev lo')

    def batch(self, *lines):
        self.host.run('ipvsadm', '-R', stdin='\n'.join(lines) + '\n',
                      timeout=LIMIT)

    def each(self, service, backend):
        return [line.replace('{vip}', self.vip) for port in range(
            1, self.services + 1) for line in
            ([service.replace('{port}', str(port))] if service else []) +
            [backend.replace('{port}', str(port)).replace('{n}', str(number))
             for number in range(1, BACKENDS + 1)]]

    def add(self):
        self.batch(*self.each('-A -u {vip}:{port} -s rr',
                              '-a -u {vip}:{port} -r 10.3.1.{n}:{port} -g'))

    def change(self):
        self.batch(*self.each(
            None, '-e -u {vip}:{port} -r 10.3.1.{n}:{port} -g -w 2'))

    def dump(self):
        return len(self.host.run('ipvsadm', '-L', '-n',
                                 timeout=LIMIT).stdout.splitlines())

    def connections(self):
        return len(self.host.run('ipvsadm', '-L', '-c', '-n',
                                 timeout=LIMIT).stdout.splitlines())

    forget = None               # there is no way but to unload it

    def delete(self):
        self.host.run('ipvsadm', '-C', timeout=LIMIT)

    def close(self):
        run('rmmod', 'ip_vs_rr', 'ip_vs', timeout=LIMIT)


def timed(what, function):
    begin, before = time.monotonic(), meminfo()
    try:
        function()
    except Failure as failure:
        if 'not done after' not in str(failure):
            raise
        print(f'  {what:<44} more than {LIMIT} s', flush=True)
        return {'why': f'more than {LIMIT} s'}
    taken, memory = time.monotonic() - begin, meminfo() - before
    print(f'  {what:<44} {taken * 1000:10,.0f} ms {memory / 1024:12,.0f} KiB',
          flush=True)
    return {'ms': round(taken * 1000, 1), 'bytes': memory}


def measure(kind, generator, services, flows):
    results = {}
    with Rig(4, generator) as rig:
        peer = kind(rig, services)
        print(f'{peer.name}: {services} services, {services * BACKENDS} '
              f'backends, {flows} connections', flush=True)

        def note(what, function):
            if function:
                results[what] = timed(what, function)

        def connect():
            rig.shoot(UDP, rig.flows(flows), flows)

        note('add all', peer.add)
        note('list all', peer.dump)
        note('change the weight of each backend', peer.change)
        note('make the connections, packets and all', connect)
        note('list the connections', peer.connections)
        note('forget the connections', peer.forget)
        note('delete all', peer.delete)
    # a namespace is what its connections go with
    peer.close()
    return results


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('generator')
    parser.add_argument('output')
    parser.add_argument('--services', type=int, default=1000)
    parser.add_argument('--connections', type=int, default=1000000)
    options = parser.parse_args()
    be_first()
    results = {kind.name: measure(kind, options.generator, options.services,
                                  options.connections)
               for kind in (Dsr, Ipvs)}
    with open(options.output, 'w', encoding='ascii') as file:
        json.dump(results, file, indent=1)
    return 0


if __name__ == '__main__':
    sys.exit(main())
