# SPDX-License-Identifier: GPL-2.0
"""dsr_ipvs: the tools of IPVS, unmodified, drive the balancer."""

import pytest

from network import W101, W102


@pytest.fixture
def ipvs(site):
    """The network, with dsr_ipvs on its balancers."""
    site.net.load('dsr_ipvs')
    try:
        yield site
    finally:
        if 'dsr_ipvs' in site.net.loaded:
            site.net.unload('dsr_ipvs')


def ipvsadm(site, *argv, check=True, host='lv1'):
    words = argv[0].split() if len(argv) == 1 else argv
    site.net[host].changed = True
    return site.net[host].run('ipvsadm', *words, check=check)


def listed(site, options='-Ln'):
    """The lines of a listing below its head."""
    return [line.split() for line in
            ipvsadm(site, options).stdout.splitlines()[3:]]


@pytest.mark.smoke
def test_made_by_ipvsadm(ipvs):
    """The scenario, by the commands of ten years ago."""
    ipvsadm(ipvs, '-A -f 1 -s rr -p 50')
    ipvsadm(ipvs, f'-a -f 1 -r {W101} -g -w 1')
    ipvsadm(ipvs, f'-a -f 1 -r {W102} -g -w 2 -x 1000 -y 800')
    assert listed(ipvs) == [
        'FWM 1 rr persistent 50'.split(),
        f'-> {W101}:0 Route 1 0 0'.split(),
        f'-> {W102}:0 Route 2 0 0'.split()]
    service, = ipvs.services()
    assert (service['fwmark'], service['scheduler'],
            service['persist']) == (1, 'rr', 50000)
    assert {addr: (one['weight'], one['upper'], one['lower'])
            for addr, one in ipvs.backends().items()} == {
                W101: (1, None, None), W102: (2, 1000, 800)}


@pytest.mark.smoke
def test_made_by_dsrctl(ipvs):
    """The same services, seen by both."""
    ipvs.balance('scheduler maglev')
    assert listed(ipvs) == [
        'FWM 1 mh (mh-port)'.split(),
        f'-> {W101}:0 Route 1 0 0'.split(),
        f'-> {W102}:0 Route 1 0 0'.split()]
    ipvsadm(ipvs, f'-d -f 1 -r {W102}')
    assert ipvs.replies(4) == {'w101 nano': 4}
    ipvsadm(ipvs, '-C')
    assert ipvs.services() == []


CASES = """
-A -f 1 -s rr -p 50                         0
-A -f 1 -s rr -p 50                         255 Service already exists
-A -f 2 -s nosuch                           255 Scheduler or persistence engine not found
-a -f 1 -r 10.0.0.11 -g -w 1                0
-a -f 1 -r 10.0.0.11 -g -w 1                255 Destination already exists
-a -f 1 -r 10.0.0.12 -g -w 2 -x 1000 -y 800 0
-a -f 1 -r 10.0.0.13 -x 100 -y 800          255 Numerical result out of range
-a -f 1 -r 224.0.0.1 -g                     255 Invalid operation
-a -f 1 -r 10.0.0.13 -m                     255 Protocol not supported
-a -f 1 -r 10.0.0.13 -i                     255 Protocol not supported
-e -f 1 -r 10.0.0.99 -g -w 0                255 No such destination
-d -f 1 -r 10.0.0.99                        255 No such destination
-d -f 9 -r 10.0.0.99                        255 Service not defined
-D -f 9                                     255 No such service
-E -f 9                                     255 No such service
-L -f 9                                     1 No such service
-e -f 1 -r 10.0.0.11 -g -w 0                0
-E -f 1 -s wrr -p 60 -M 255.255.255.0       0
-A -f 7 -6 -s wrr -p 300 -M 64              0
-A -u 10.0.0.100:53 -s mh -b mh-port -o     0
--set 901 121 301                           0
--start-daemon master                       255 Protocol not supported
"""


def test_words(ipvs):
    """What the tool says to whatever the kernel says."""
    for line in CASES.strip().splitlines():
        command, expected = line[:44].strip(), line[44:].split(maxsplit=1)
        done = ipvsadm(ipvs, command, check=False)
        assert (done.returncode, command) == (int(expected[0]), command)
        assert ''.join(expected[1:]) in done.stderr, command
    assert listed(ipvs) == [line.split() for line in (
        'UDP 10.0.0.100:53 mh (mh-port) ops',
        'FWM 1 wrr persistent 60 mask 255.255.255.0',
        '-> 10.0.0.11:0 Route 0 0 0',
        '-> 10.0.0.12:0 Route 2 0 0',
        'FWM 7 IPv6 wrr persistent 300 mask 64')]
    assert 'udp): 901 121 301' in ipvsadm(ipvs, '-L --timeout').stdout
    saved = ipvsadm(ipvs, '-Sn').stdout
    ipvsadm(ipvs, '-C')
    ipvs.lv1.run('ipvsadm', '-R', stdin=saved)
    assert ipvsadm(ipvs, '-Sn').stdout == saved
    for options in ('-Lnc', '-Ln --stats', '-Ln --rate', '-Ln --thresholds',
                    '-Ln --persistent-conn', '-Z', '-L --daemon'):
        ipvsadm(ipvs, options)
