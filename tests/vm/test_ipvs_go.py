# SPDX-License-Identifier: GPL-2.0
"""The family IPVS with Docker's Go client, github.com/moby/ipvs.

The client is built with Debian's Go, for one target (scripts/test.sh). It
prints the answer to each of its calls: ip_vs and dsr_ipvs must give the same.
"""

import os
import re

import pytest

import ipvs

pytestmark = [pytest.mark.smoke, pytest.mark.go]

# in the order of the client's calls
SERVICES = ['mark 1', 'mark 6', '10.0.0.100 port 80 proto 6',
            '10.0.0.100 port 53 proto 17', '2001:db8::100 port 443 proto 6']
CLIENT = f'{os.environ.get("DSR_BUILD")}/ipvs_go'


def told(kind, site):
    """A line for each call, and the lines of its answer."""
    with ipvs.loaded(kind, site):
        # the client runs "modprobe ip_vs", which finds the loaded module
        done = site.lv1.run('env', 'PATH=/nonexistent', CLIENT)
    found = []
    for line in done.stdout.splitlines():
        if line.startswith('\t'):
            found[-1].append(line.strip())
        else:
            found.append([line])
    return found


def test_client_in_go(site6):
    """Each call gets the same answer as from ip_vs."""
    if not os.path.exists(CLIENT):
        pytest.fail(f'no {CLIENT}: scripts/goclient.sh '
                    f'{os.environ["DSR_TARGET"]} builds it')
    lv1 = site6.lv1
    lv1.ip('addr add 10.0.0.1/24 dev eth1')
    site6.undo.append(lambda: lv1.ip('addr del 10.0.0.1/24 dev eth1'))
    real, other = (told(kind, site6) for kind in ipvs.peers())
    for pair in zip(real, other):
        assert pair[0] == pair[1]
    assert len(real) == len(other)

    # otherwise the comparison would be empty
    calls = [line for line, *_ in real]
    assert sum(line.endswith(': ok') for line in calls) > 80
    assert [line for line in calls if 'refused' in line] == [
        'NewService again: refused: file exists',
        'NewDestination again: refused: file exists',
        'NewDestination of none: refused: no such process',
        'GetService mark 9: refused: no such process',
        'UpdateService of none: refused: no such process',
        'UpdateDestination of none: refused: no such file or directory',
        'GetService mark 9: refused: no such process',
        *(f'DelDestination {name} again: refused: no such file or directory'
          for name in SERVICES),
        *2 * ['DelService again: refused: no such process']]
    lists = [len(lines) for line, *lines in real
             if line.startswith('GetServices')]
    assert lists == [5, 5, 5, 3, 0]
    weights = [re.findall(r'Weight:(\d+)', ' '.join(lines))
               for line, *lines in real
               if line.startswith('GetDestinations mark 1')]
    assert weights == [['1', '2', '3'], ['1', '2', '3'],
                       ['101', '102', '103'], ['101', '103']]
    assert [lines for line, *lines in real
            if line.startswith('GetConfig')] == [
        [f'{{TimeoutTCP:{tcp} TimeoutTCPFin:{fin} TimeoutUDP:{udp}}}']
        for tcp, fin, udp in (('15m0s', '2m0s', '5m0s'),
                              ('15m1s', '2m1s', '5m1s'),
                              ('15m1s', '2m1s', '5m2s'))]
