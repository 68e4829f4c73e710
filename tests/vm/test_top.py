# SPDX-License-Identifier: GPL-2.0
"""dsrctl top, in a terminal, of real traffic."""

import os
import shutil
import sys

import pytest

import wire
from network import mac_of
from traffic import flooding

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                             '..', 'tool'))

from terminal import Terminal                           # noqa: E402

pytestmark = pytest.mark.skipif(not shutil.which('tmux'), reason='no tmux')
RATE = r'(?!0(?: |$))\S+'


def top(site, name, directory):
    directory.mkdir()
    with site.net[name].at():
        terminal = Terminal(directory, 'dsrctl top interval 500ms',
                            {'TERM': 'screen', 'LC_ALL': 'C.UTF-8'})
    site.undo.append(terminal.close)
    return terminal


def test_top(lb, tmp_path):
    """What is forwarded, dropped and delivered goes up, and down again."""
    lv1 = top(lb, 'lv1', tmp_path / 'lv1')
    w101 = top(lb, 'w101', tmp_path / 'w101')
    lv1.wait(r'^fwmark 1 +\d+ +0 +0 +0 ')
    # Flows outlive their rule, and count in its statistics: these ports are new.
    with flooding(lb, [wire.udp(24000), wire.udp(24001), wire.tcp(24002, ttl=1)],
                  mac_of('10.10.31.11')):
        lv1.wait(rf'^fwmark 1 +\d+ +\S+ +{RATE} +{RATE} .*[▂-█]')
        lv1.wait(rf'^  10.10.30.102 +reachable +\d+ +\S+ +{RATE} +{RATE} ')
        lv1.wait(rf'^dsr_lb packets/s: forwarded {RATE} .*drop {RATE}')
        lv1.wait(rf'^lb drop_ttl_exceeded +{RATE} ')
        w101.wait(rf'^rule vip 10.10.31.100 .* {RATE} +{RATE} ')
        w101.wait(rf'^rs delivered +{RATE} ')
    lv1.wait(r'^fwmark 1 +\d+ +0 +0 +0 ')
    w101.wait(r'^rule vip 10.10.31.100 .* 0 +0 +0 ')
    for terminal in (lv1, w101):
        terminal.keys('q')
        terminal.wait('^status 0 same')
