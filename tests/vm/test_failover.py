# SPDX-License-Identifier: GPL-2.0
"""lv1 dies while connections go on through it, and lv2 takes over."""

import os

import pytest

from network import VIP, wait_for
from pair import Pair
from talk import Talk
from traffic import BIG_MIB

NUMBER = int(os.environ.get('DSR_CONNECTIONS', '1000'))


def settled(talk, moves=1, seconds=90):
    """The state when each connection has gone on since the mark, or is lost."""
    def look():
        state = talk.state()
        return state if (state['moves'] >= moves and
                         state['open'] + state['lost'] == NUMBER) else None
    return wait_for('some connections stand still', look, seconds, 0.1)


def test_try(site):
    for name in ('lv1', 'lv2'):
        site.net[name].configure('''
            service add fwmark 1 scheduler maglev
            backend add fwmark 1 via 10.10.30.101
            backend add fwmark 1 via 10.10.30.102''')
    for name in ('w101', 'w102'):
        site.net[name].dsrctl(f'real add vip {VIP}')
    import time
    with Pair(site.net) as pair:
        t0 = time.monotonic()
        pair.start()
        pair.wait_owner('lv1')
        print('owner', time.monotonic() - t0)
        with Talk(site.client, VIP, NUMBER,
                  site.net.big_file(BIG_MIB)) as talk:
            print(settled(talk), time.monotonic() - t0)
            pair.pull('lv1')
            talk.mark()
            pair.wait_owner('lv2')
            print('lv2', time.monotonic() - t0)
            print(talk.mark())
            print(settled(talk, 2), time.monotonic() - t0)
    assert 0
