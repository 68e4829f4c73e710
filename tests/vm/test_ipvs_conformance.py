# SPDX-License-Identifier: GPL-2.0
"""The output of the stock ipvsadm is the same with ip_vs and with dsr_ipvs."""

import pytest

import ipvs

pytestmark = pytest.mark.smoke

STORIES = ipvs.stories()
STATED = ipvs.differences()


@pytest.fixture(scope='module')
def told(session):
    """[{story: steps}, …] of the two modules."""
    session.net.enable_ipv6()
    lv1 = session.net['lv1']
    lv1.ip('addr add 10.0.0.1/24 dev eth1')
    try:
        found = []
        for kind in ipvs.peers():
            with ipvs.loaded(kind, session):
                found.append({name: tell(lv1, commands)
                              for name, commands in STORIES.items()})
    finally:
        lv1.ip('addr del 10.0.0.1/24 dev eth1')
    return found


def tell(host, commands):
    host.run('ipvsadm', '-C')
    host.run('ipvsadm', '--set', '900', '120', '300')
    return ipvs.tell(host, commands)


def test_stated_differences_are_of_stories():
    assert [key for key in STATED if key[1] not in STORIES.get(key[0], ())] == []


@pytest.mark.parametrize('story', STORIES)
def test_ipvsadm(story, told, site):
    """All output and every exit status."""
    real, ours = told
    wrong = ipvs.compare(story, real[story], ours[story], STATED)
    assert not wrong, '\n'.join(wrong)
