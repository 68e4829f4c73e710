# SPDX-License-Identifier: GPL-2.0
"""Honest connections beside a hostile neighbour and a hostile tenant.

The short form of hostile.py: it counts packets, so a slow machine takes longer
and has the same result.
"""

import os

import pytest

from hostile import CONFIGURATIONS, Trial, forget

NUMBER = int(os.environ.get('DSR_CONNECTIONS', 100))
PACKETS = 30 * NUMBER


@pytest.mark.parametrize('name', CONFIGURATIONS)
def test_nobody_is_lost(site, name):
    """All connections continue, new ones begin, and the table has room."""
    trial = Trial(site, name, NUMBER)
    site.undo.append(lambda: forget(site))
    trial.configure()
    trial.run(lambda trial: sum(trial.sent.values()) < PACKETS)
    assert not trial.lost, dict(trial.how)
    # the processors may be in the middle of packets
    share = trial.table // 4
    assert share // 2 < trial.unproven <= share + os.cpu_count()
    assert trial.entries <= trial.table
    assert not trial.overloaded()
    assert all(trial.sent.values())
    assert len(trial.tenant) > 10
