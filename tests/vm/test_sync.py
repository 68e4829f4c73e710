# SPDX-License-Identifier: GPL-2.0
"""dsrsyncd: what only one balancer knows, the other one learns."""

import os

import pytest

import sync
from balancer import Balancer
from host import wait_for
from network import FRONT_VRRP, VIP, VIP2, W101, W102
from sync import Sync, entry, message
from traffic import ask, exchange

LV2 = '10.10.31.12'
FLOWS = 12

pytestmark = [
    pytest.mark.stock,
    pytest.mark.skipif(not os.path.exists(sync.DAEMON),
                       reason='no dsrsyncd: scripts/corosync.sh brings its '
                       'library')]


class Two:
    """Two balancers with the same services: VIP by rr, VIP2 with persistence."""

    def __init__(self, site):
        self.site = site
        self.balancers = {name: Balancer(site, name) for name in ('lv1', 'lv2')}
        for name in self.balancers:
            self.configure(name)
        for name in ('w101', 'w102'):
            site.echo(name)
            site.net[name].configure(f'''
                real add vip {VIP}
                real add vip {VIP2}''')
        site.client.ip(f'route replace {VIP2} via {FRONT_VRRP}')
        site.undo.append(lambda: site.client.ip(
            f'route replace {VIP} via {FRONT_VRRP}\nroute del {VIP2}'))

    def configure(self, name):
        one = self.balancers[name]
        one.service(vip=VIP, scheduler='rr')
        one.service(vip=VIP2, scheduler='rr', persist=600000)
        for vip in (VIP, VIP2):
            for server in (W101, W102):
                one.backend('add', server, vip=vip)

    def empty(self, name):
        self.balancers[name].request('SERVICE_FLUSH')
        self.balancers[name].flush()

    def lead(self, via):
        """Let the client send to another balancer from now on."""
        self.site.client.ip(f'route replace {VIP} via {via}\n'
                            f'route replace {VIP2} via {via}')

    def flows(self, count=FLOWS):
        """UDP flows with two datagrams each, as one with only one is not told."""
        made = [self.site.udp() for _ in range(count)]
        for sock in made:
            for text in (b'one', b'two'):
                exchange(sock, [text])
        return made

    def known(self, name):
        """{client: backend} of what the other balancer would miss."""
        return {(one['proto'], one['src'], one['sport'], one['dst']):
                one['backend'] for one in
                self.balancers[name].connections(exception=True)}

    def wait_known(self, name, wanted):
        wait_for(lambda: f'{name} has {self.known(name)}, not {wanted}',
                 lambda: self.known(name) == wanted, sync.SECONDS)


def test_told(site):
    """Flows of one balancer go on through the other, also after it has lost all."""
    two = Two(site)
    ring = Sync(site)
    ring.start('lv1')
    ring.wait_ready('lv1')
    made = two.flows()
    server = ask(site.connect(VIP2))[:4]
    before = two.known('lv1')
    assert len(before) == FLOWS + 1
    assert set(before.values()) == {W101, W102}
    # a snapshot: each of these was there before lv2 joined
    ring.start('lv2')
    ring.wait_ready('lv2')
    assert two.known('lv2') == before
    assert ring.ask('lv2')['ready'] == 'complete'
    # one after the other
    two.flows()
    after = two.known('lv1')
    assert len(after) == 2 * FLOWS + 1
    two.wait_known('lv2', after)

    two.lead(LV2)
    for sock in made:
        exchange(sock, [b'three'])
    assert {ask(site.connect(VIP2))[:4] for _ in range(3)} == {server}
    assert two.known('lv2') == after

    # lv1 loses all, and does not say that it is ready before it has got all back
    ring.kill('lv1')
    ring.wait_members('lv2', 1)
    two.empty('lv1')
    assert not two.known('lv1')
    two.configure('lv1')
    ring.start('lv1')
    ring.wait_ready('lv1')
    assert two.known('lv1') == after
    assert ring.ask('lv1')['ready'] == 'complete'


def test_stopped(site):
    """A member that was stopped learns what it has missed."""
    two = Two(site)
    ring = Sync(site)
    ring.start_all()
    ring.wait_members('lv1', 2)
    ring.freeze('lv2', True)
    two.flows()
    told = two.known('lv1')
    ring.wait('lv1', lambda answer: answer['told'] >= FLOWS and
              not answer['backlog'])
    assert not two.known('lv2')
    ring.freeze('lv2', False)
    two.wait_known('lv2', told)


def test_services_come_later(site):
    """A balancer whose services come after all others have told asks again."""
    two = Two(site)
    two.empty('lv2')
    ring = Sync(site)
    ring.start('lv1')
    ring.wait_ready('lv1')
    two.flows()
    told = two.known('lv1')
    ring.start('lv2')
    ring.wait_ready('lv2')
    assert ring.ask('lv2')['refused'] == FLOWS
    two.configure('lv2')
    two.wait_known('lv2', told)


def test_moved(site):
    """A flow that one balancer moves to another server moves on the other one, too."""
    two = Two(site)
    ring = Sync(site)
    ring.start_all()
    made = two.flows()
    before = two.known('lv1')
    two.wait_known('lv2', before)
    two.balancers['lv2'].backend('set', W101, vip=VIP, admin='down')
    two.lead(LV2)
    after = dict.fromkeys(before, W102)

    def moved():
        for sock in made:
            exchange(sock, [b'once more'])
        return two.known('lv1') == after
    # the later packet wins, by two seconds
    wait_for(lambda: f'{two.known("lv1")}', moved, sync.SECONDS, every=0.5)
    two.wait_known('lv2', after)


def test_corosync_restarted(site):
    """dsrsyncd outlives corosync, and joins again."""
    two = Two(site)
    ring = Sync(site)
    ring.start_all()
    ring.wait_members('lv1', 2)
    ring.stop_ring('lv2')
    ring.wait('lv2', lambda answer: not answer['joined'])
    ring.wait_members('lv1', 1)
    two.flows()
    told = two.known('lv1')
    assert not two.known('lv2')
    ring.start_ring('lv2')
    two.wait_known('lv2', told)
    ring.wait_members('lv1', 2)


def bad_messages():
    """Messages that are wrong in one way each, and one of another version."""
    good = entry('10.20.0.7', 4000, VIP, 7, W101)
    whole = message(sync.TELL, good, 1)
    yield from (whole[:size] for size in range(1, len(whole)))
    yield whole + b'\0'
    yield message(sync.TELL, good, 2)
    yield message(sync.TELL, good + good[:-1], 2)
    yield message(sync.TELL, good, 1, magic=b'DSRX')
    yield from (message(kind, good, 1) for kind in (0, sync.END, sync.STATE,
                                                    sync.RESYNC, 5, 255))
    for fields in ({'family': 5}, {'family': 6}, {'proto': 1}, {'state': 1},
                   {'state': 6}, {'state': 255}, {'proto': 0}, {'zero': 1}):
        yield message(sync.TELL, entry('10.20.0.7', 4000, VIP, 7, W101,
                                       **fields), 1)
    yield message(sync.STATE, count=2)


def test_rejected(site):
    """What is malformed or of another version changes nothing, and is counted."""
    two = Two(site)
    ring = Sync(site)
    ring.start_all()
    ring.wait_members('lv1', 2)
    bad = list(bad_messages())
    good = message(sync.TELL, entry('10.20.0.8', 4000, VIP, 7, W102), 1)
    other = message(sync.TELL, entry('10.20.0.7', 4000, VIP, 7, W101), 1,
                    version=2)
    ring.say('lv1', [*bad, other, good])
    for name in ('lv1', 'lv2'):
        # messages arrive in order: the good one is the last
        answer = ring.wait(name, lambda answer: answer['taken'] == 1)
        assert answer['malformed'] == len(bad)
        assert answer['other_version'] == 1
        assert two.known(name) == {('udp', '10.20.0.8', 4000, VIP): W102}
