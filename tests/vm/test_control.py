# SPDX-License-Identifier: GPL-2.0
"""Bad input: one clear sentence, the exit status, and nothing changed."""

import pytest

from network import VIP, W101

NO_SERVICE = "no such service: add it first with 'service add'"
LISTED = "'dsrctl {} show' lists those that there are"
NO_BACKEND = ("no such backend in this service: add it first with "
              "'backend add'")
RANGE = 'weight out of range: 0 to 65535'
LOWER = ('lower is above upper: a backend becomes overloaded at upper, and '
         'stays overloaded until below lower')
UNICAST = 'the backend\'s address must be unicast'

# host, command, exit status, sentence
REFUSED = [
    ('lv1', 'backend add fwmark 9 via 10.10.30.101', 2, NO_SERVICE),
    ('lv1', 'backend set fwmark 9 via 10.10.30.101 weight 1', 2, NO_SERVICE),
    ('lv1', 'service set fwmark 9 scheduler rr', 2, NO_SERVICE),
    ('lv1', 'service delete fwmark 9', 2, 'no such service: ' +
     LISTED.format('service')),
    ('lv1', 'service show fwmark 9', 2, 'no such service: ' +
     LISTED.format('service')),
    ('lv1', 'backend delete fwmark 9 via 10.10.30.101', 2,
     'no such service: ' + LISTED.format('backend')),
    ('lv1', 'service add fwmark 1', 2,
     "this service exists: change it with 'set' or 'replace'"),
    ('lv1', 'service add fwmark 0', 2,
     'fwmark 0 means that a packet has no mark: choose another'),
    ('lv1', 'service add fwmark 9 scheduler best', 2,
     'no such scheduler: there are rr, wrr, lc, wlc, sed, nq, sh, dh, fo, ovf, '
     'twos and maglev'),
    ('lv1', 'service set fwmark 1 hash source', 2,
     'only the schedulers sh and maglev have a hash: give one of them too'),
    ('lv1', 'service set fwmark 1 scheduler sh table-size 251', 2,
     'only the scheduler maglev has a table-size: give the scheduler too'),
    ('lv1', 'service set fwmark 1 scheduler mh table-size 4096', 2,
     'no such table-size: there are 251, 509, 1021, 2039, 4093, 8191, 16381, '
     '32749, 65521, 131071, 262139, 524287 and 1048573'),
    ('lv1', 'service set fwmark 1 choices 2', 2,
     'only the scheduler maglev has choices: give the scheduler too'),
    ('lv1', 'backend set fwmark 1 via 10.10.30.101 upper 4 lower 5', 2,
     LOWER),
    ('lv1', 'backend set fwmark 1 via 10.10.30.101 lower 1', 2, LOWER),
    ('lv1', 'backend add fwmark 1 via 10.10.30.109 upper 1 lower 2', 2,
     LOWER),
    ('lv1', 'backend add fwmark 1 via 10.10.30.101', 2,
     "this backend exists: change it with 'set' or 'replace'"),
    ('lv1', 'backend set fwmark 1 via 10.10.30.109 weight 2', 2, NO_BACKEND),
    ('lv1', 'backend delete fwmark 1 via 10.10.30.109', 2,
     'no such backend in this service: ' + LISTED.format('backend')),
    ('lv1', 'backend add fwmark 1 via 10.10.40.1', 2,
     'backend is behind the gateway 10.10.30.102: use a tunnel '
     '(docs/layouts.md)'),
    ('lv1', 'backend add fwmark 1 via 192.0.2.1', 2,
     'no route to the backend: it must be on-link; if its device is in a VRF, '
     'add a route to the main table, as \'ip route add ADDR dev DEV\''),
    ('lv1', 'backend add fwmark 1 via 10.10.30.255', 2, UNICAST),
    ('lv1', 'backend add fwmark 1 via 224.0.0.1', 2, UNICAST),
    ('lv1', 'backend add fwmark 1 via 255.255.255.255', 2, UNICAST),
    ('lv1', 'backend add fwmark 1 via 0.0.0.0', 2, UNICAST),
    ('lv1', 'backend add fwmark 1 via 10.10.30.109 weight 65536', 2, RANGE),
    ('lv1', 'backend set fwmark 1 via 10.10.30.101 weight 4000000000', 2,
     RANGE),
    ('lv1', 'connection set max 15', 2,
     'max out of range: 16 to 67108864'),
    ('lv1', 'connection set max 67108865', 2,
     'max out of range: 16 to 67108864'),
    ('w101', 'real add vip 224.0.0.1', 2,
     'the VIP must not be a multicast address'),
    ('w101', 'real add vip 239.255.255.250 proto udp port 1900', 2,
     'the VIP must not be a multicast address'),
    ('w101', 'real add vip 127.0.0.1', 2,
     'the VIP must not be a loopback address'),
    ('w101', 'real add vip 0.0.0.0', 2, 'the VIP must not be in 0.0.0.0/8'),
    ('w101', 'real add vip 255.255.255.255', 2,
     'the VIP must not be a broadcast address'),
    ('w101', 'real add vip 10.10.30.255', 2,
     'the VIP must not be a broadcast address'),
    ('w101', 'real add vip 10.10.31.100 proto tcp port 0', 2,
     'port 0 cannot be served'),
    ('w101', 'real add vip 10.10.31.100 proto tcp port 80 to 0', 2,
     'the local port must not be 0'),
    ('w101', 'real add vip 10.10.31.100 port 80', 2,
     'a port needs a protocol: give proto tcp, udp or sctp'),
    ('w101', 'real add vip 10.10.31.100', 2,
     'this rule exists: change its target with \'replace\''),
    ('w101', 'real delete vip 10.10.31.101', 2, 'no such rule'),
    ('w101', 'flow set max 1', 2,
     'max out of range: 16 to 67108864'),
    # mistakes that dsrctl itself finds
    ('lv1', 'service add', 1, 'one of fwmark and vip is missing'),
    ('lv1', 'service add fwmark 1x', 1, 'is not a number'),
    ('lv1', 'service add fwmark 4294967296', 1, 'is out of range'),
    ('lv1', 'service add fwmark 2 path somewhere', 1, 'unknown path'),
    ('lv1', 'service add fwmark 2 hash somewhat', 1, 'unknown hash'),
    ('lv1', 'backend add fwmark 1 via 10.10.30.300', 1,
     'is not an IP address'),
    ('lv1', 'service frobnicate', 1, 'unknown command'),
    ('lv1', 'frobnicate', 1, 'unknown object'),
    ('w101', 'real add vip 10.10.31.100 proto tcp port 65536', 1,
     'is out of range'),
]


@pytest.fixture
def gateway(lb):
    lb.lv1.ip('route add 10.10.40.0/24 via 10.10.30.102')
    lb.undo.append(lambda: lb.lv1.ip('route del 10.10.40.0/24'))
    return lb


def test_refused(gateway):
    """Every case of the table above, in one test, since they are cheap."""
    wrong = []
    for host, command, status, sentence in REFUSED:
        before = gateway.state(host)
        done = gateway.net[host].dsrctl(command, check=False)
        lines = done.stderr.splitlines()
        if (done.returncode, len(lines), done.stdout) != (status, 1, '') or \
                sentence not in lines[0] or not lines[0].startswith('dsrctl: '):
            wrong.append(f'{command}: status {done.returncode} not {status}, '
                         f'or not {sentence!r}: {done.stdout}{done.stderr}')
        if gateway.state(host) != before:
            wrong.append(f'{command}: changed something')
    assert not wrong, '\n'.join(wrong)


@pytest.mark.smoke
def test_refused_off_link(gateway):
    """On every kernel the message names the gateway."""
    done = gateway.lv1.dsrctl('backend add fwmark 1 via 10.10.40.1',
                              check=False)
    assert (done.returncode, done.stderr) == (
        2, 'dsrctl: backend is behind the gateway 10.10.30.102: use a tunnel '
        '(docs/layouts.md)\n')


def test_batch_stops_at_an_error(lb):
    done = lb.lv1.dsrctl('-b', '-', check=False, stdin='''
        service add fwmark 5
        service add fwmark 1
        service add fwmark 6
    ''')
    assert done.returncode == 2
    assert "this service exists" in done.stderr
    assert [one['fwmark'] for one in lb.services()] == [1, 5]


def test_version(lb):
    """The modules have the tool's version."""
    done = lb.lv1.dsrctl('-V')
    own, *loaded = done.stdout.splitlines()
    number = own.removeprefix('dsrctl ')
    assert {f'dsr_lb {number}', f'dsr_rs {number}'} <= set(loaded)
    assert done.stderr == ''


# Permissions

PRIVILEGED = {
    'lv1': ('service add fwmark 9', 'service flush', 'connection show',
            'connection flush', 'connection set max 100', 'show',
            f'backend set fwmark 1 via {W101} weight 9'),
    'w101': (f'real add vip {VIP} proto tcp', 'real flush', 'flow show',
             'real show', 'flow set max 100'),
}


def test_without_privilege(lb):
    for host, commands in PRIVILEGED.items():
        before = lb.state(host)
        for command in commands:
            done = lb.net[host].run(
                'setpriv', '--reuid=65534', '--regid=65534', '--clear-groups',
                'dsrctl', *command.split(), check=False)
            assert done.returncode == 2, command
            assert done.stdout == '', command
            assert done.stderr == ('dsrctl: permission denied: this needs '
                                   'CAP_NET_ADMIN (run dsrctl as root)\n')
        assert lb.state(host) == before
    # counters are public
    assert lb.lv1.run('setpriv', '--reuid=65534', '--clear-groups', 'dsrctl',
                      'stats').returncode == 0


def test_user_namespace(lb):
    """Root of a container controls its own network, and no other."""
    before = lb.state('lv1')
    done = lb.lv1.run('unshare', '-Ur', 'dsrctl', 'service', 'flush',
                      check=False)
    assert done.returncode == 2 and 'permission denied' in done.stderr
    assert lb.state('lv1') == before
    done = lb.lv1.run('unshare', '-Urn', 'sh', '-ec', '''
        dsrctl service add fwmark 9
        dsrctl -j service show
        dsrctl real add vip 192.0.2.1
        ! dsrctl connection set max 60000000
    ''')
    assert '"fwmark":9' in done.stdout.replace(' ', '')
    assert 'conn_max' in done.stderr
    assert lb.state('lv1') == before
