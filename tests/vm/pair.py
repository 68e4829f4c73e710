# SPDX-License-Identifier: GPL-2.0
"""The pair of balancers: lv1 and lv2, each with a keepalived of its own.

keepalived gets docs/keepalived.conf unchanged, and dsr_ipvs answers
keepalived. The addresses that lv1 alone has in the other scenarios move:
10.10.31.10 and 10.10.30.10. There are also w103, the sorry server, and a
second VIP.
"""

import contextlib
import errno
import os
import signal
import socket
import subprocess

import genl
from host import Failure, wait_for
from network import BACK_VRRP, FRONT_VRRP, SPARE, VIP, VIP2, W101, W102, W103

CONFIG = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                      '../../docs/keepalived.conf')
PAIR = ('lv1', 'lv2')
MOVING = {'eth0': ('front', FRONT_VRRP), 'eth1': ('back', BACK_VRRP)}
# The services of keepalived, as {service: {backend: weight}}: with all servers
# up, with w101 down, and with only the sorry server.
BOTH = {1: {W101: 1, W102: 1},
        f'{VIP2}:8080': {W101: 1, W102: 1}}
WITHOUT_W101 = {1: {W101: 0, W102: 1},
                f'{VIP2}:8080': {W101: 0, W102: 1}}
SORRY = {1: {W101: 0, W102: 0, W103: 1},
         f'{VIP2}:8080': {W101: 0, W102: 0}}
# One advertisement a second, and three missing ones: 4 s. The rest is for a
# busy machine.
TAKEOVER = 60


class Pair:
    """As a context manager it restores the network at the end."""

    def __init__(self, net):
        self.net = net
        self.config = CONFIG
        self.running = {}

    def __enter__(self):
        self.net.load('dsr_ipvs')
        self.net.plug(*SPARE)
        for name in SPARE:
            self.net.serve(name)
        self.net['client'].ip(f'route replace {VIP2} via {FRONT_VRRP}')
        self._move('lv1', 'del')
        return self

    def __exit__(self, *_):
        for name in list(self.running):
            self.kill(name)
        for name in PAIR:
            # a killed keepalived has left its services
            with self.net[name].at(), genl.Genl('dsr') as sock:
                sock.ask(genl.SERVICE_FLUSH)
                sock.ask(genl.CONNECTION_FLUSH)
            self.plug_in(name)
            self._move(name, 'del')
        self._move('lv1', 'add')
        self.net['client'].ip(f'route del {VIP2}')
        # neighbours may still have the address of the old owner in their
        # caches
        for name in ('client', 'w101', 'w102'):
            self.net[name].ip('neigh flush all')
        self.net.unplug(*SPARE)
        self.net.unload('dsr_ipvs')

    def _move(self, name, verb):
        for dev, (_, address) in MOVING.items():
            if (verb == 'add') != self.has(name, address):
                self.net[name].ip(f'addr {verb} {address}/32 dev {dev}')

    # The machines

    def has(self, name, address):
        """Tell if a machine has an address, by binding to it."""
        with self.net[name].socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            try:
                sock.bind((address, 0))
            except OSError as error:
                if error.errno != errno.EADDRNOTAVAIL:
                    raise
                return False
        return True

    def owns(self, name):
        """The number of the two addresses that a machine has."""
        return sum(self.has(name, address) for _, address in MOVING.values())

    def wait_owner(self, name, alone=True):
        """Wait until a machine has both addresses, and, if alone, the other
        none."""
        other = PAIR[name == 'lv1']
        self.wait_for(name, f'{name} does not take the addresses',
                      lambda: self.owns(name) == 2 and
                      not (alone and self.owns(other)))

    def wait_for(self, name, what, condition):
        """Wait for an action of the keepalived on NAME."""
        try:
            return wait_for(what, condition, TAKEOVER)
        except Failure as failure:
            raise Failure(f'{failure}; its keepalived says:\n' + '\n'.join(
                self.log(name).splitlines()[-20:])) from None

    def pull(self, name):
        """Unplug the cables of a machine from the switches."""
        for segment, _ in MOVING.values():
            self.net[segment].ip(f'link set {name} down')

    def plug_in(self, name):
        """Plug the cables in again."""
        for segment, _ in MOVING.values():
            self.net[segment].ip(f'link set {name} up')

    def stop_nginx(self, name):
        host = self.net[name]
        host.stop(*[child for child in host.children
                    if child.args[0] == 'nginx'])

    def deliver(self):
        """Let the real servers accept the packets of both VIPs."""
        for name in ('w101', 'w102', *SPARE):
            self.net[name].configure(f'''
                real add vip {VIP}
                real add vip {VIP2}''')

    # Services in both tools

    def shown(self, name):
        """{service: {backend: weight}}, from dsrctl."""
        services = self.net[name].show('show')['dsr_lb']['services']
        return {one['fwmark'] or f'{one["vip"]}:{one["port"]}': {
            backend['addr']: backend['weight'] for backend in one['backends']}
            for one in services}

    def listed(self, name):
        """The same from ipvsadm."""
        found = {}
        for line in self.net[name].run('ipvsadm', '-Ln').stdout.splitlines():
            words = line.split()
            if words[0] == 'FWM':
                last = found[int(words[1])] = {}
            elif words[0] in ('TCP', 'UDP'):
                last = found[words[1]] = {}
            elif found:
                last[words[1].rsplit(':', 1)[0]] = int(words[3])
        return found

    def wait_services(self, name, services):
        """Wait until a balancer has these services, in dsrctl and in ipvsadm.
        """
        self.wait_for(name, lambda: (
            f'{name} does not have {services}: dsrctl says {self.shown(name)}, '
            f'and ipvsadm {self.listed(name)}'),
            lambda: self.shown(name) == self.listed(name) == services)

    # keepalived

    def start(self):
        """Start both, with the addresses on lv1."""
        self.start_one('lv1')
        self.wait_owner('lv1')
        self.start_one('lv2')
        for name in PAIR:
            self.wait_services(name, BOTH)

    def start_one(self, name):
        home = f'{self.net.directory}/{name}'
        os.makedirs(home, exist_ok=True)
        with open(f'{home}/keepalived.log', 'wb') as log:
            self.running[name] = self.net[name].start(
                'keepalived', '--dont-fork', '--log-console', '--log-detail',
                '--no-syslog', '--use-file', self.config, '--config-id', name,
                '--pid', f'{home}/keepalived.pid',
                '--vrrp_pid', f'{home}/vrrp.pid',
                '--checkers_pid', f'{home}/checkers.pid',
                stdout=log, stderr=subprocess.STDOUT)

    def use_scheduler(self, scheduler, advert_int=1):
        """Use another scheduler for fwmark 1, from the next start on.

        If the machine stands still for more than three times advert_int, lv2 takes
        over for a moment.
        """
        with open(CONFIG, encoding='utf-8') as file:
            text = file.read()
        self.config = f'{self.net.directory}/{scheduler}.conf'
        with open(self.config, 'w', encoding='utf-8') as file:
            file.write(text.replace('lvs_sched mh', f'lvs_sched {scheduler}')
                       .replace('advert_int 1', f'advert_int {advert_int}'))

    def stop(self, name):
        """Stop keepalived as "systemctl stop" does, and wait for its end."""
        child = self.running.pop(name)
        child.send_signal(signal.SIGTERM)
        child.wait(timeout=60)
        self.net[name].stop(child)

    def kill(self, name):
        """Kill all of its processes by SIGKILL at once, so that none cleans
        up."""
        self.net[name].stop(self.running.pop(name))

    def log(self, name):
        with contextlib.suppress(FileNotFoundError):
            with open(f'{self.net.directory}/{name}/keepalived.log',
                      encoding='utf-8') as file:
                return file.read()
        return ''

