# SPDX-License-Identifier: GPL-2.0
"""lv1 fails with open connections, and lv2 takes over.

The table of connections is not shared. With maglev (mh in IPVS) both balancers
choose the same server for a connection, so none is lost; with rr lv2 does not
know the server, and loses the connections that it sends to another one.
"""

import os

import pytest

from network import VIP
from pair import BOTH, SORRY, Pair
from talk import Talk
from traffic import ADDRESS, BIG_MIB

FAST = os.environ.get('DSR_TARGET') in ('uml', 'native')
NUMBER = int(os.environ.get('DSR_CONNECTIONS', '1000' if FAST else '200'))


class Story:
    """The connections' fate, logged line by line."""

    def __init__(self, site, talk, capsys):
        self.site, self.talk, self.capsys = site, talk, capsys
        self.lost = 0

    def begin(self):
        """Check that nothing is lost before the failure."""
        state = self.talk.settle(1)
        assert not state['lost'], state
        self.tell(f'{state["open"]} connections through lv1')

    def tell(self, text):
        with self.capsys.disabled():
            print(f'\n  {text}', end='', flush=True)

    def after(self, what, balancer):
        """The number of lost connections since the mark; the others pass
        BALANCER."""
        state = self.talk.settle_after()
        lost, self.lost = state['lost'] - self.lost, state['lost']
        self.tell(f'{what}: lost {lost} of {NUMBER} connections; nothing came '
                  f'for {state["silence"]:.1f} s {state["how"] or ""}')
        if balancer:                # since their packets pass this balancer
            active = [one['active'] for one in
                      self.site.backends(balancer).values()]
            assert sum(active) >= state['live']
            assert min(active) > 0.3 * state['live']
        return lost


@pytest.fixture
def pair(site):
    with Pair(site.net) as pair:
        pair.deliver()
        yield pair
        # The server still has a connection that the client has lost, and its
        # flow; a new connection with the same port would meet them.
        for name in ADDRESS:
            pair.stop_nginx(name)
        site.net.reload('dsr_rs')
        for name in ADDRESS:
            site.net.serve(name, BIG_MIB)


def test_maglev_loses_none(site, pair, capsys):
    """No connection is lost, with each kind of failure."""
    pair.start()
    with Talk(site.client, VIP, NUMBER, site.net.big_file(BIG_MIB)) as talk:
        story = Story(site, talk, capsys)
        story.begin()

        talk.mark()
        pair.pull('lv1')
        pair.wait_owner('lv2')
        assert not story.after('cables of lv1 pulled', 'lv2')
        # A balancer that was cut off sees no server, and comes back without an
        # announcement.
        pair.wait_services('lv1', SORRY)
        pair.plug_in('lv1')
        pair.wait_services('lv1', BOTH)

        # lv2 keeps the addresses, but all neighbours hear that lv1 has them;
        # lv2 still forwards the packets that it gets.
        talk.mark()
        pair.kill('lv2')
        pair.wait_owner('lv1', alone=False)
        assert pair.owns('lv2') == 2
        assert not story.after('keepalived of lv2 killed', 'lv1')
        # Two machines answer ARP for the addresses now.
        talk.mark()
        for name in ('client', 'w101', 'w102'):
            site.net[name].ip('neigh flush all')
        assert not story.after('neighbours asked again', None)
        pair.start_one('lv2')
        pair.wait_owner('lv1')
        pair.wait_services('lv2', BOTH)

        # keepalived deletes its services as well.
        talk.mark()
        pair.stop('lv1')
        pair.wait_owner('lv2')
        assert not story.after('keepalived of lv1 stopped', 'lv2')


def test_restart_loses_none(site, pair, capsys):
    """After a restart one balancer finds its connections, with any scheduler.
    """
    pair.use_scheduler('rr')
    pair.start_one('lv1')
    pair.wait_owner('lv1')
    pair.wait_services('lv1', BOTH)
    with Talk(site.client, VIP, NUMBER, site.net.big_file(BIG_MIB)) as talk:
        story = Story(site, talk, capsys)
        story.begin()
        talk.mark()
        pair.stop('lv1')
        assert pair.shown('lv1') == {}
        pair.start_one('lv1')
        pair.wait_owner('lv1')
        assert not story.after('with rr, keepalived of lv1 restarted', 'lv1')


def test_rr_loses_half(site, pair, capsys):
    """rr loses half: this shows that the test above can fail."""
    pair.use_scheduler('rr', advert_int=3)
    pair.start()
    with Talk(site.client, VIP, NUMBER, site.net.big_file(BIG_MIB)) as talk:
        story = Story(site, talk, capsys)
        story.begin()
        talk.mark()
        pair.stop('lv1')
        pair.wait_owner('lv2')
        # which half, and how many of each server, is chance
        assert story.after('with rr, keepalived of lv1 stopped', None)
