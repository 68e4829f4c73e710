# SPDX-License-Identifier: GPL-2.0
"""All idle state of the modules at once, while its devices and namespaces end.

test_idle.py has each kind by itself. Here one machine has all kinds: over
plain, bonded, bridged, VLAN and VRF devices, for both families, configuration
and state from packets: routes, paths, connections in every state, deleted
backends, flows and pending flows.
"""

import pytest

import wire
import wire6
from host import Host, run, wait_for
from test_idle import is_there

IDLE, OTHER, FAR = 'idle', 'idle2', 'idlefar'
MAC = '02:00:00:00:09:02'
# {device: the device at the other end of its wire}; the number of its networks
DEVICES = {'eth1': 'far1', 'bond0': 'far2', 'eth1.5': 'far1.5', 'br0': 'far4',
           'eth5': 'far5'}
PORTS = {'bond0': 'eth2', 'br0': 'eth4'}
NUMBER = {dev: number for number, dev in enumerate(DEVICES, 1)}
VIPS = [f'198.51.100.{number}' for number in (1, 2, 3)] + [
    f'2001:db8:98::{number}' for number in (1, 2, 3)]
OPTIONS = ('scheduler rr', 'scheduler rr persist 1h',
           'scheduler maglev path direct')


def packets(family, number):
    """Packets of a client at the far end, to the services and to the rules."""
    make, src, real, vips = (wire, f'10.9.{number}.77', '192.0.2.', VIPS[:3]) \
        if family == 4 else (wire6, f'2001:db8:9{number}::77',
                             '2001:db8:99::', VIPS[3:])

    def tcp(port, flags, dst, **fields):
        return make.tcp(port, 80, flags, src=src, dst=dst, **fields)

    def udp(port, dst, **fields):
        return make.udp(port, 9, b'x', src=src, dst=dst, **fields)
    tos = {'tos': 0x20} if family == 4 else {'tclass': 0x20}
    found = []
    for vip in vips:
        found += [tcp(4000, wire.SYN, vip), tcp(4001, wire.SYN, vip),
                  tcp(4001, wire.ACK, vip), tcp(4002, wire.ACK, vip),
                  tcp(4003, wire.ACK, vip), tcp(4003, wire.FIN, vip),
                  udp(4004, vip), udp(4005, vip), udp(4005, vip)]
    for rule in (1, 2, 3):
        found += [udp(5000, f'{real}{rule}'), tcp(5001, wire.SYN, f'{real}{rule}'),
                  tcp(5002, wire.ACK, f'{real}{rule}')]
    return found + [udp(5003, f'{real}8', **tos), udp(5004, f'{real}9', **tos)]


class Idle:
    """The machine, and the machine at the other end of all its wires."""

    def __init__(self):
        run('ip', '-batch', '-', stdin=f'netns add {IDLE}\nnetns add {FAR}\n'
            f'netns add {OTHER}\n')
        self.host, self.far = Host(IDLE), Host(FAR)
        for host in (self.host, self.far):
            host.sysctl('ipv6/conf/default/accept_dad', 0)
            host.sysctl('ipv6/conf/default/disable_ipv6',
                        int(host is self.far))
        self.connect()
        self.configure()
        self.fill()

    def connect(self):
        wires = {'eth1': 'far1', 'eth2': 'far2', 'eth4': 'far4', 'eth5': 'far5'}
        self.host.ip('link set lo up\n' + '\n'.join(
            f'link add {dev} type veth peer name {far} netns {FAR}'
            for dev, far in wires.items()) + '''
            link add bond0 type bond mode active-backup
            link add br0 type bridge forward_delay 0
            link add red type vrf table 10
            link set red up
            link set eth2 master bond0
            link set eth4 master br0 up
            link set eth5 master red
            link add link eth1 name eth1.5 type vlan id 5
        ''' + '\n'.join(f'link set {dev} up' for dev in (*wires, *DEVICES)))
        self.far.ip('link add link far1 name far1.5 type vlan id 5\n' +
                    '\n'.join(f'link set {far} up' for far in
                              (*wires.values(), 'far1.5')))
        lines = []
        for dev, number in NUMBER.items():
            lines += [f'addr add 10.9.{number}.1/24 dev {dev}',
                      f'addr add 2001:db8:9{number}::1/64 dev {dev} nodad']
            for host in (2, 3):
                for addr in (f'10.9.{number}.{host}',
                             f'2001:db8:9{number}::{host}'):
                    lines.append(f'neigh add {addr} lladdr {MAC} dev {dev}')
                    if dev == 'eth5':       # the device is in a VRF
                        lines.append(f'route add {addr} dev {dev}')
            lines += [f'neigh add {addr} lladdr {MAC} dev {dev}' for addr in
                      (f'10.9.{number}.77', f'2001:db8:9{number}::77')]
        self.host.ip('\n'.join(lines))
        for dev in DEVICES:
            for family in ('ipv4', 'ipv6'):
                # a slow machine needs more than the default of three
                self.host.sysctl(f'{family}/neigh/{dev}/mcast_solicit', 1000)

    def configure(self):
        lines = []
        for vip, options in zip(VIPS, OPTIONS * 2):
            lines.append(f'service add vip {vip} {options}')
            for number in NUMBER.values():
                lines += [f'backend add vip {vip} via ' + (
                    f'2001:db8:9{number}::{host}' if ':' in vip else
                    f'10.9.{number}.{host}') for host in (2, 3)]
        # packets wait for these addresses, which no machine has
        lines += [f'backend add vip {vip} via 10.9.{number}.4'
                  for vip in VIPS[:2] for number in NUMBER.values()
                  if number != NUMBER['eth5']]
        lines += [f'backend add vip {vip} via 2001:db8:9{number}::4'
                  for vip in VIPS[3:5] for number in NUMBER.values()
                  if number != NUMBER['eth5']]
        lines += ['service add fwmark 7 probe-marks 1000',
                  'backend add fwmark 7 via 10.9.1.2',
                  'backend add fwmark 7 via 10.9.1.3']
        lines += [f'path add dev {dev}' for dev in ('eth1', 'bond0', 'br0')]
        for real in ('192.0.2.', '2001:db8:99::'):
            lines += [f'real add vip {real}1', f'real add vip {real}2 mode local',
                      f'real add vip {real}3 proto udp port 9 to :99']
            lines += [f'real silence add {real}{5 + number} dev {dev}'
                      for dev, number in NUMBER.items()]
            lines.append(f'real silence add {real}5')
        lines += ['real add tos 0x20 from 10.9.1.77,10.9.2.77,2001:db8:91::77 '
                  'clear',
                  f'backend drain vip {VIPS[0]} via 10.9.2.3 deadline 1h',
                  f'backend set vip {VIPS[3]} via 2001:db8:92::3 weight 0']
        self.host.configure('\n'.join(lines))

    def fill(self):
        """Send packets by each device, and then no more."""
        for dev, far in DEVICES.items():
            mac = self.host.mac(dev).hex(':')
            with wire.Tap(self.far, far) as tap:
                for family in (4, 6):
                    for packet in packets(family, NUMBER[dev]):
                        tap.send(packet, mac, MAC)
        self.host.configure('\n'.join(
            f'backend delete vip {vip} via ' +
            (f'2001:db8:9{number}::2' if ':' in vip else f'10.9.{number}.2') + ' force'
            for vip in VIPS for number in NUMBER.values()))

    def check(self):
        """Check that all state exists."""
        backends = self.host.show('backend show')
        assert {one['state'] for one in backends} >= {'reachable', 'incomplete'}
        states = {one['state'] for one in self.host.show('connection show')}
        assert states >= {'syn', 'unproven', 'established', 'fin', 'udp',
                          'persistent'}
        clients = {(one['src'], one['state'])
                   for one in self.host.show('connection show')}
        flows = {one['src'] for one in self.host.show('flow show')}
        for number in NUMBER.values():
            for src in (f'10.9.{number}.77', f'2001:db8:9{number}::77'):
                assert (src, 'unproven') in clients, src
                assert src in flows
        assert {one['dev'] for one in backends} >= set(DEVICES)
        assert len(self.host.show('path show')) == 3

    def wait(self, what, child):
        """A program that removes something must end."""
        wait_for(f'{what} comes to an end', lambda: child.poll() is not None)
        assert child.wait() == 0, what

    def delete(self, *devices, host=None):
        host = host or self.host
        for dev in devices:
            if is_there(host, dev):
                self.wait(f'ip link del {dev}',
                          host.start('ip', 'link', 'del', dev))


def take_apart(name, *also):
    for one in (name, *also):
        run('ip', 'netns', 'del', one, check=False)


@pytest.fixture
def idle(site):
    site.net.enable_ipv6()          # or this kernel has no such device
    try:
        idle = Idle()
        idle.check()
        yield idle
    finally:
        take_apart(IDLE, FAR, OTHER)
        # neither their state nor a module keeps the machine from cleaning up
        run('ip', 'netns', 'add', OTHER)
        site.lv1.ip(f'link add eth8 type veth peer name peer8 netns {OTHER}')
        take_apart(OTHER)
        wait_for('the next namespace has gone',
                 lambda: not is_there(site.lv1, 'eth8'))
        site.net.forget_unloaded()
        site.net.unload()
        site.net.load()


ALL = ('eth1.5', 'red', 'bond0', 'br0', 'eth1', 'eth2', 'eth4', 'eth5')


def test_devices_deleted(idle):
    """Upper devices first, then lower ones."""
    idle.delete(*ALL)
    idle.host.show('backend show')


def test_devices_deleted_from_below(idle):
    idle.delete(*reversed(ALL))


def test_devices_moved(idle):
    """Moved to another namespace, and deleted there, or with it."""
    for dev in ('eth1', 'eth5'):
        idle.host.ip(f'link set {dev} netns {OTHER}')
    for dev, port in PORTS.items():
        idle.host.ip(f'link set {port} netns {OTHER}')
    idle.delete('eth1', 'eth2', host=Host(OTHER))
    run('ip', 'netns', 'del', OTHER)
    wait_for('the others have gone with it',
             lambda: not is_there(idle.far, 'far5'))
    idle.delete(*ALL)


def test_devices_released(idle):
    """Out of a bond, a bridge and a VRF, into others, and down and up."""
    idle.host.ip('''
        link set eth5 nomaster
        link set eth2 nomaster
        link set eth4 nomaster
        link set eth4 master red
        link set eth5 master br0
        link set eth1 master br0
        link set eth1 down
        link set bond0 down
        link set eth2 master bond0
        link set eth1 up
        link set bond0 up
        link set eth1 nomaster
    ''')
    idle.delete(*ALL)


@pytest.mark.parametrize('which', [IDLE, FAR])
def test_namespace_deleted(idle, site, which):
    """Their own namespace, or that at the other end of all wires."""
    run('ip', 'netns', 'del', which)
    if which == FAR:
        wait_for('all wires have gone', lambda: not any(
            is_there(idle.host, dev) for dev in ('eth1', 'eth2', 'eth5')))
        return
    wait_for('all wires have gone', lambda: not is_there(idle.far, 'far1'))


def test_modules_unloaded(idle, site):
    """Unload the modules with all of their state; the devices are deleted
    afterwards."""
    idle.host.dsrctl('service stop force')
    idle.host.dsrctl('real stop force')
    site.net.forget_unloaded()
    assert not site.net.loaded & {'dsr_lb', 'dsr_rs'}
    idle.delete(*ALL)
    site.net.load('dsr_lb', 'dsr_rs')
