# SPDX-License-Identifier: GPL-2.0
"""All balancers at once: docs/active-active.md, with its files and the real BIRD."""

import os
import socket

import pytest

from chance import Pair
from network import FRONT_VRRP, VIP, wait_for
from talk import Talk
from test_docs import DOCS
from traffic import BIG_MIB

BIRD = f'{os.environ.get("DSR_BUILD")}/bird'
FILES = {'client': 'bird-router.conf', 'lv1': 'bird.conf', 'lv2': 'bird.conf'}
FRONT = {'lv1': '10.10.31.11', 'lv2': '10.10.31.12'}
NUMBER = 40
SECONDS = 120           # BFD may take a slow machine for a dead one, and try again

pytestmark = [
    pytest.mark.stock,
    pytest.mark.skipif(not os.path.exists(BIRD),
                       reason='no BIRD: scripts/bird.sh downloads it')]


class Birds:
    """BIRD on the two balancers, and on the client, which is its own router."""

    def __init__(self, site):
        self.site = site
        self.children = {}
        client = site.client
        client.sysctl('ipv4/fib_multipath_hash_policy', 1)
        site.undo.append(lambda: client.sysctl(
            'ipv4/fib_multipath_hash_policy', 0))
        client.ip(f'route del {VIP}')
        site.undo.append(self.restore)
        for name in FILES:
            self.start(name)

    def path(self, name):
        return f'{self.site.net.directory}/{name}.bird'

    def start(self, name):
        self.children[name] = self.site.net[name].start(
            'env', f'LD_LIBRARY_PATH={BIRD}', f'{BIRD}/bird', '-f',
            '-c', f'{DOCS}/{FILES[name]}', '-s', self.path(name),
            '-P', f'{self.path(name)}.pid')

    def kill(self, name):
        self.site.net[name].stop(self.children.pop(name))

    def restore(self):
        for name in list(self.children):
            self.kill(name)
        self.site.client.ip(f'route flush {VIP}\n'
                            f'route add {VIP} via {FRONT_VRRP}')

    def tell(self, name, command):
        """The answer of BIRD to a command of birdc; '' if it does not listen."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(60)
            try:
                sock.connect(self.path(name))
            except (FileNotFoundError, ConnectionRefusedError):
                return ''
            with sock.makefile('rw', encoding='utf-8') as file:
                file.readline()         # BIRD ... ready.
                file.write(command + '\n')
                file.flush()
                lines = []
                # the last line has a code, and a blank behind it
                while not lines or not (lines[-1][:4].isdigit() and
                                        lines[-1][4:5] == ' '):
                    lines.append(file.readline())
                    assert lines[-1], (name, command, lines)
                return ''.join(lines)

    def enable(self, name, verb='enable'):
        wait_for(f'BIRD of {name} does not {verb}',
                 lambda: f'{verb}d' in self.tell(name, f'{verb} vips'))

    def await_sessions(self):
        """Wait until the router has a session with each balancer."""
        for name in FRONT:
            wait_for(lambda one=name: self.tell('client', f'show protocols {one}'),
                     lambda one=name: 'Established' in self.tell(
                         'client', f'show protocols {one}'), SECONDS)

    def routes(self):
        """The balancers to which the router's kernel leads packets for the VIP."""
        text = self.site.client.run('ip', 'route', 'show', VIP).stdout
        return {name for name, address in FRONT.items()
                if f'via {address} ' in text + ' '}

    def await_routes(self, *names):
        wait_for(lambda: f'{self.routes()}, not {names}; ' + self.tell(
            'client', 'show protocols'),
            lambda: self.routes() == set(names), SECONDS)


def test_bird(site, reasons):
    """No connection is lost: announced, withdrawn, killed, and cut off."""
    two = Pair(site, reasons)
    birds = Birds(site)
    birds.await_sessions()
    assert not birds.routes()           # nothing is announced by itself
    birds.enable('lv1')
    birds.await_routes('lv1')
    birds.enable('lv2')
    birds.await_routes('lv1', 'lv2')
    with Talk(site.client, VIP, NUMBER, site.net.big_file(BIG_MIB)) as talk:
        def check(what):
            state = talk.settle_after()
            assert not state['lost'], (what, state)
        talk.settle(1)
        check('two balancers')
        # a connection goes by either of the two
        assert all(two.since[name]['forwarded'] for name in FRONT)

        birds.enable('lv1', 'disable')
        birds.await_routes('lv2')
        check('lv1 withdrawn')
        birds.enable('lv1')
        birds.await_routes('lv1', 'lv2')
        check('lv1 announced')

        birds.kill('lv1')
        birds.await_routes('lv2')
        check('BIRD of lv1 killed')
        birds.start('lv1')
        birds.enable('lv1')
        birds.await_routes('lv1', 'lv2')
        check('BIRD of lv1 started')

        # the replies leave through lv1
        site.undo.append(lambda: site.net['front'].ip('link set lv2 up'))
        site.net['front'].ip('link set lv2 down')
        birds.await_routes('lv1')
        check('cable of lv2 pulled')
    assert not two.got()['answered_denied']
    assert two.check()['forwarded_denied']
