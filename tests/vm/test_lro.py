# SPDX-License-Identifier: GPL-2.0
"""Large receive offload: merged packets cannot be forwarded."""

import pytest

from balancer import Balancer
from host import wait_for


@pytest.mark.stock
def test_switched_off_without_ip_forward(site):
    """LRO is off on present and on new devices, and untouched without a
    service."""
    lv1, balancer = site.lv1, Balancer(site)
    # the kernel itself switches it off if it forwards
    for key in ('ipv4/ip_forward', 'ipv6/conf/all/forwarding'):
        forward = lv1.sysctl(key)
        lv1.sysctl(key, 0)
        site.undo.append(lambda k=key, v=forward: lv1.sysctl(k, v))

    def add(name):
        lv1.ip(f'link add name {name} type bond')
        site.undo.append(lambda: lv1.ip(f'link del {name}'))

    add('bond1')
    assert lv1.has_lro('bond1')
    balancer.service()
    wait_for('off, of a device that was there',
             lambda: not lv1.has_lro('bond1'))
    add('bond2')
    wait_for('off, of one that has come', lambda: not lv1.has_lro('bond2'))
    balancer.request('SERVICE_FLUSH')
    add('bond3')
    assert lv1.has_lro('bond3')
