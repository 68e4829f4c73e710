# SPDX-License-Identifier: GPL-2.0
"""The network of the reference scenario, made of network namespaces.

            client 10.10.31.200        10.10.31.100 is the VIP: no machine has it
               |
   ------------+-------- front, 10.10.31.0/24
               |                 |
        eth0 10.10.31.11   eth0 10.10.31.12       lv1 has 10.10.31.10 as well
            lv1                 lv2
        eth1 10.10.30.11   eth1 10.10.30.12       lv1 has 10.10.30.10 as well
               |                 |
   ------------+--------+--------+------ back, 10.10.30.0/24
                        |        |
               w101 10.10.30.101   w102 10.10.30.102    default via 10.10.30.10

Each machine is a namespace, each segment a bridge in a namespace of its own.
The demo and the tests both use this file, so they show and test one thing.
"""

import os
import re
import shutil
import socket
import struct

import genl
from host import Failure, Host, run, wait_for

VIP = '10.10.31.100'
VIP2 = '10.10.31.110'           # of tests that need a second one
CLIENT = '10.10.31.200'
FRONT_VRRP = '10.10.31.10'
BACK_VRRP = '10.10.30.10'
W101 = '10.10.30.101'
W102 = '10.10.30.102'
W103 = '10.10.30.103'           # see SPARE

VIP6 = '2001:db8:31::100'
CLIENT6 = '2001:db8:31::200'
LV16 = '2001:db8:31::11'
W1016 = '2001:db8:30::101'
W1026 = '2001:db8:30::102'

MACHINES = {
    'client': {'eth0': ('front', ['10.10.31.200/24'])},
    'lv1': {'eth0': ('front', ['10.10.31.11/24', '10.10.31.10/32']),
            'eth1': ('back', ['10.10.30.11/24', '10.10.30.10/32'])},
    'lv2': {'eth0': ('front', ['10.10.31.12/24']),
            'eth1': ('back', ['10.10.30.12/24'])},
    'w101': {'eth0': ('back', ['10.10.30.101/24'])},
    'w102': {'eth0': ('back', ['10.10.30.102/24'])},
}
# For tests that connect it: keepalived's sorry server.
SPARE = {'w103': {'eth0': ('back', ['10.10.30.103/24'])}}
# With these and w103, three balancers and five servers.
CROWD = {
    'lv3': {'eth0': ('front', ['10.10.31.13/24']),
            'eth1': ('back', ['10.10.30.13/24'])},
    'w104': {'eth0': ('back', ['10.10.30.104/24'])},
    'w105': {'eth0': ('back', ['10.10.30.105/24'])},
}
DEVICES = {**MACHINES, **SPARE, **CROWD}
GUESTS = [address.split('/')[0] for devices in (*SPARE.values(), *CROWD.values())
          for _, addresses in devices.values() for address in addresses]
SEGMENTS = ('front', 'back')
UNUSED = 'unused'
HOOKS = [('inet', hook, '') for hook in (
    'prerouting', 'input', 'forward', 'output', 'postrouting')] + [
        ('arp', 'input', ''), ('arp', 'output', ''),
        ('netdev', 'ingress', 'device lo')]
ROUTES = {
    # The routes of an upstream router, and a route to each real server for
    # direct requests, to compare.
    'client': [f'{VIP} via {FRONT_VRRP}', f'10.10.30.0/24 via {FRONT_VRRP}'],
    # The routes back to the tests' clients, for rp_filter.
    **dict.fromkeys(('lv1', 'lv2', 'lv3'), [f'{net} via {CLIENT}' for net in (
        '10.20.0.0/16', '10.64.0.0/10', '240.0.0.0/4')]),
    **dict.fromkeys(('w101', 'w102', 'w103', 'w104', 'w105'),
                    [f'default via {BACK_VRRP}']),
}
# Tests that need IPv6 enable it, see Network.enable_ipv6().
ADDRESSES6 = {
    'client': {'eth0': CLIENT6},
    'lv1': {'eth0': LV16, 'eth1': '2001:db8:30::11'},
    'lv2': {'eth0': '2001:db8:31::12', 'eth1': '2001:db8:30::12'},
    'lv3': {'eth0': '2001:db8:31::13', 'eth1': '2001:db8:30::13'},
    'w101': {'eth0': W1016},
    'w102': {'eth0': W1026},
    **{f'w{number}': {'eth0': f'2001:db8:30::{number}'}
       for number in (103, 104, 105)},
}
ROUTES6 = {
    'client': [f'{VIP6} via {LV16}', f'2001:db8:30::/64 via {LV16}'],
    **dict.fromkeys(('w101', 'w102', 'w103', 'w104', 'w105'),
                    ['default via 2001:db8:30::11']),
}
BALANCERS = ('lv1', 'lv2', 'lv3')
# the answer of each for example.org
WEB = {'w101': 'nano', 'w102': 'desu', 'w103': 'sorry', 'w104': 'vier',
       'w105': 'five'}

PROGRAMS = ('ip', 'nft', 'iptables', 'nginx', 'curl', 'tcpdump', 'insmod',
            'rmmod', 'modprobe', 'dsrctl')


def mac_of(address):
    """The MAC address of the machine with an IP address of the scenario."""
    return '02:00:' + ':'.join(f'{int(n):02x}' for n in address.split('.'))


def refcount(module):
    """The reference count of a module."""
    with open(f'/sys/module/{module}/refcnt', encoding='ascii') as file:
        return int(file.read())


class Network:
    """The whole network. As a context manager it cleans up at the end."""

    def __init__(self, directory='/tmp/dsr', say=lambda text: None):
        self.directory = directory
        self.say = say
        self.hosts = {}
        self.loaded = set()
        self.has_ipv6 = False

    def __getitem__(self, name):
        return self.hosts[name]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.down()

    # The machines and the wires

    def check(self):
        """Check the required programs before any test fails without them."""
        missing = [name for name in PROGRAMS if not shutil.which(name)]
        if missing:
            raise Failure(f'missing programs: {", ".join(missing)}; run this '
                          'in the virtual machine (make demo, make test)')
        for module in ('dsr_lb', 'dsr_rs'):
            if not os.path.exists(self.module_file(module)):
                raise Failure(f'{self.module_file(module)} is missing: build '
                              'it by scripts/build.sh')

    def up(self):
        # The queue before the stack must not drop frames of a burst.
        with open('/proc/sys/net/core/netdev_max_backlog', 'w',
                  encoding='ascii') as file:
            file.write('100000')
        left = [name for name in (*DEVICES, *SEGMENTS, UNUSED)
                if os.path.exists(f'/run/netns/{name}')]
        if left:
            self._delete(*left)
        os.makedirs(self.directory, exist_ok=True)
        self.say('segments front and back')
        run('ip', '-batch', '-', stdin=''.join(
            f'netns add {name}\n' for name in SEGMENTS))
        for name in SEGMENTS:
            self.hosts[name] = Host(name)
            # IPv6 would only add its own packets to the captures.
            self.hosts[name].setting('ipv6/conf/default/disable_ipv6', 1)
            self.hosts[name].ip('''
                link add br0 type bridge forward_delay 0 mcast_snooping 0
                link set br0 up''')
        if os.cpu_count() > 1:
            self._keep_code()
        self.plug(*MACHINES)

    @staticmethod
    def _keep_code():
        """Register hooks of every kind where no packet comes.

        For the first hook of a kind, and the last, the kernel patches the code
        that calls it. QEMU with two processors may continue with stale
        translated code: processors were seen in an endless int3, where the
        memory had a NOP again.
        """
        run('ip', 'netns', 'add', UNUSED)
        Host(UNUSED).nft('\n'.join(
            f'table {family} unused {{ chain {hook} {{ '
            f'type filter hook {hook} {where} priority 0; }}; }}'
            for family, hook, where in HOOKS))

    def plug(self, *names):
        """Create machines, and connect them to their segments."""
        self.say(f'machines {", ".join(names)}')
        lines = [f'netns add {name}' for name in names]
        # "default" must be 0 before the devices exist.
        run('ip', '-batch', '-', stdin='\n'.join(lines) + '\n')
        lines = []
        ports = {segment: [] for segment in SEGMENTS}
        for name in names:
            host = self.hosts[name] = Host(name)
            host.setting('ipv6/conf/default/disable_ipv6', 1)
            # each of many packets must get its own error
            host.setting('ipv4/icmp_ratemask', 0)
            for dev, (segment, addresses) in DEVICES[name].items():
                mac = mac_of(addresses[0].split('/')[0])
                lines.append(f'link add name {dev} netns {name} address {mac} '
                             f'type veth peer name {name} netns {segment}')
                ports[segment].append(name)
        run('ip', '-batch', '-', stdin='\n'.join(lines) + '\n')
        for segment, members in ports.items():
            if members:
                self.hosts[segment].ip('\n'.join(
                    f'link set {name} master br0 up' for name in members))
        for name in names:
            lines = ['link set lo up']
            for dev, (segment, addresses) in DEVICES[name].items():
                lines += [f'addr add {address} dev {dev}'
                          for address in addresses]
                lines.append(f'link set {dev} up')
            lines += [f'route replace {route}' for route in ROUTES.get(name, ())]
            self.hosts[name].ip('\n'.join(lines))
            if name in BALANCERS:
                self._make_router(self.hosts[name])
            if self.has_ipv6 and name in ADDRESSES6:
                self._add_ipv6(self.hosts[name])

    def enable_ipv6(self):
        """Give every machine IPv6, from now on.

        A device that was down, or had a small MTU for a while, has lost its
        addresses: add them again.
        """
        self.has_ipv6 = True
        for name in ADDRESSES6:
            if name in self.hosts and not self._has_ipv6(self.hosts[name]):
                self._add_ipv6(self.hosts[name])

    @staticmethod
    def _has_ipv6(host):
        there = host.read('/proc/net/if_inet6').split()
        return all(socket.inet_pton(socket.AF_INET6, address).hex() in there
                   for address in ADDRESSES6[host.name].values())

    @staticmethod
    def _add_ipv6(host):
        """Add static addresses, and switch autoconfiguration off."""
        lines = []
        host.setting('ipv6/conf/all/forwarding', int(host.name in BALANCERS))
        host.setting('ipv6/conf/lo/disable_ipv6', 0)
        # each of many packets must get its own error
        host.setting('ipv6/icmp/ratemask', 0)
        for dev, address in ADDRESSES6[host.name].items():
            for key, value in (('accept_ra', 0), ('accept_dad', 0),
                               ('router_solicitations', 0),
                               ('accept_redirects', 0), ('disable_ipv6', 0)):
                host.setting(f'ipv6/conf/{dev}/{key}', value)
            lines.append(f'addr replace {address}/64 dev {dev} nodad')
        lines += [f'route replace {route}'
                  for route in ROUTES6.get(host.name, ())]
        host.ip('\n'.join(lines))

    @staticmethod
    def _make_router(host):
        """Make the balancers the routers of the site: replies pass them.

        A reply comes in on the back segment with the VIP as its source, to
        which no route leads through eth1: with reverse path filtering it would
        be dropped as spoofed. So rp_filter is 0 there, as in the article; the
        larger one of "all" and "eth1" counts.
        """
        host.setting('ipv4/ip_forward', 1)
        host.setting('ipv4/conf/all/rp_filter', 0)
        host.setting('ipv4/conf/eth0/rp_filter', 1)
        host.setting('ipv4/conf/eth1/rp_filter', 0)

    def _delete(self, *names):
        run('ip', '-batch', '-', stdin=''.join(
            f'netns del {name}\n' for name in names))

    def unplug(self, *names):
        """Delete machines, and wait until their wires have gone."""
        for name in names:
            # A connection without its other end would hold a deleted machine
            # for minutes. Do not shorten this earlier: on a slow host a server
            # would give up a connection whose end the client has not seen yet.
            self.hosts[name].sysctl('ipv4/tcp_orphan_retries', 1)
            self.hosts[name].stop()
        self._delete(*names)
        for name in names:
            for segment, _ in DEVICES[name].values():
                wait_for(f'the wire of the deleted {name} still hangs in '
                         f'{segment}',
                         lambda s=segment, n=name:
                         n not in self.devices(s))
            del self.hosts[name]

    def cut(self, *names):
        """Delete the wires of machines.

        An open socket keeps a machine, and so its wires, beyond the deletion,
        as after a failed test, whose variables are shown at the end.
        """
        for name in names:
            for segment, _ in DEVICES[name].values():
                if name in self.devices(segment):
                    self.hosts[segment].ip(f'link del {name}')

    def devices(self, name):
        with self.hosts[name].at():
            return [dev for _, dev in socket.if_nameindex()]

    def down(self):
        for host in self.hosts.values():
            host.stop()
        self.unload()
        names = [name for name in (*DEVICES, *SEGMENTS, UNUSED)
                 if os.path.exists(f'/run/netns/{name}')]
        if names:
            self._delete(*names)
        self.hosts.clear()

    def owners(self, address):
        """The machines that have an address on one of their devices."""
        return [name for name in MACHINES if name in self.hosts and
                re.search(rf'\binet {re.escape(address)}/',
                          run('ip', '-n', name, '-4', 'addr').stdout)]

    # The modules

    @staticmethod
    def module_file(module):
        build = os.environ.get('DSR_BUILD', 'build')
        return f'{build}/{module}.ko'

    def load(self, *modules, parameters=()):
        for module in modules or ('dsr_lb', 'dsr_rs'):
            path = self.module_file(module)
            with open(path, 'rb') as file:
                depends = re.search(rb'\0depends=([^\0]+)\0', file.read())
            needed = depends[1].decode().split(',') if depends else []
            if set(needed) - {'dsr_lb'}:
                run('modprobe', '-a', *needed)
            run('insmod', path, *parameters)
            self.loaded.add(module)

    def forget_unloaded(self):
        """Update the list of modules: "dsrctl service stop force" may unload
        some."""
        self.loaded = {module for module in self.loaded
                       if os.path.exists(f'/sys/module/{module}')}

    def unload(self, *modules, timeout=180):
        for module in modules or sorted(self.loaded):
            if module == 'dsr_lb':
                self.flush()
            wait_for(f'nothing holds {module}', lambda m=module: not refcount(m))
            run('rmmod', module, timeout=timeout)
            self.loaded.discard(module)

    def reload(self, module):
        """Empty the tables of a module by a reload: tests leave flows behind.
        """
        self.unload(module)
        self.load(module)

    def flush(self):
        """Remove all services, since a service holds dsr_lb.

        The services of a namespace or container that was just deleted
        disappear a moment later.
        """
        for host in self.hosts.values():
            with host.at(), genl.Genl('dsr') as sock:
                sock.ask(genl.SERVICE_FLUSH)
        wait_for('nothing holds dsr_lb', lambda: not refcount('dsr_lb'))

    # The web servers

    def serve(self, name, big=0):
        """Start nginx on a real server, and wait until it answers its own
        host.

        The vhost example.org answers as in the scenario; the default one has
        /who (the addresses that the socket sees), /big (BIG MiB), the same at
        1 KiB a second as /slow/big, and accepts uploads.
        """
        host = self.hosts[name]
        home = f'{self.directory}/{name}'
        shutil.rmtree(home, ignore_errors=True)
        os.makedirs(f'{home}/www/up')
        if big:
            os.symlink(self.big_file(big), f'{home}/www/big')
        temp = '\n'.join(f'{kind}_temp_path {home}/{kind};' for kind in
                         ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))
        with open(f'{home}/nginx.conf', 'w', encoding='ascii') as file:
            file.write(f'''
user root;
worker_processes 1;
worker_rlimit_nofile 4096;
daemon off;
pid {home}/pid;
error_log {home}/error.log;
events {{ worker_connections 4096; }}
http {{
    {temp}
    log_format count '$connection $connection_requests $status';
    access_log {home}/access.log count;
    default_type text/plain;
    client_max_body_size 0;
    keepalive_requests 100000;
    keepalive_timeout 600s;
    server {{
        listen 80 default_server backlog=1024;
        listen [::]:80 default_server backlog=1024 ipv6only=on;
        listen 8080 backlog=1024;
        listen 8081 backlog=1024;
        root {home}/www;
        dav_methods PUT;
        location = / {{ return 200 "{name} port $server_port\\n"; }}
        location /slow/ {{
            alias {home}/www/;
            limit_rate 1k;
            output_buffers 1 4k;
        }}
        location = /who {{
            return 200
"$server_addr:$server_port $remote_addr:$remote_port\\n";
        }}
    }}
    server {{
        listen 80;
        listen [::]:80;
        server_name example.org;
        location / {{ return 200 "{name} {WEB[name]}\\n"; }}
    }}
}}
''')
        with open(f'{home}/output', 'wb') as output:
            child = host.start('nginx', '-c', f'{home}/nginx.conf',
                               stdout=output, stderr=output)
        address = DEVICES[name]['eth0'][1][0].split('/')[0]

        def answers():
            if child.poll() is not None:
                with open(f'{home}/output', encoding='utf-8') as file:
                    raise Failure(f'nginx on {name}: {file.read()}')
            with host.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
                return sock.connect_ex((address, 80)) == 0
        wait_for(f'nginx on {name} does not answer', answers)
        return child

    def big_file(self, mib):
        """A file of MIB MiB without two equal blocks."""
        path = f'{self.directory}/big.{mib}'
        if not os.path.exists(path):
            block = os.urandom(1 << 16)
            with open(path + '.new', 'wb') as file:
                for number in range(mib * 16):
                    file.write(struct.pack('>Q', number))
                    file.write(block[8:])
            os.rename(path + '.new', path)
        return path

    def served(self, name):
        """The number of connections and requests in nginx's log on NAME."""
        try:
            with open(f'{self.directory}/{name}/access.log',
                      encoding='ascii') as file:
                lines = file.read().splitlines()
        except FileNotFoundError:
            return 0, 0
        return len({line.split()[0] for line in lines}), len(lines)
