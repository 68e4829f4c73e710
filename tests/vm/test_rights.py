# SPDX-License-Identifier: GPL-2.0
"""Rights to see what the modules have."""

import pytest

# Files, each with the command that asks the same by netlink.
FILES = {
    'lv1': {'/proc/net/dsr/services': 'service show',
            '/proc/net/dsr/connections': 'connection show',
            '/proc/net/dsr/stats': 'stats'},
    'w101': {'/proc/net/dsr_rs/rules': 'real show',
             '/proc/net/dsr_rs/silence': 'real silence show',
             '/proc/net/dsr_rs/flows': 'flow show',
             '/proc/net/dsr_rs/stats': 'stats'},
}
NOBODY = ('setpriv', '--reuid=65534', '--regid=65534', '--clear-groups')
CAPABLE = (*NOBODY, '--inh-caps=+net_admin', '--ambient-caps=+net_admin')
ROOT = ('setpriv', '--inh-caps=-net_admin', '--bounding-set=-net_admin')


def allowed(host, *command):
    done = host.run(*command, check=False)
    if done.returncode:
        assert 'not permitted' in done.stderr or 'denied' in done.stderr, (
            command, done.stderr)
    return not done.returncode


@pytest.mark.parametrize('who', [NOBODY, CAPABLE, ROOT],
                         ids=['nobody', 'capable', 'root without capability'])
def test_proc_and_netlink_agree(lb, who):
    """CAP_NET_ADMIN decides, with or without root; counters are for all."""
    for name, files in FILES.items():
        for path, command in files.items():
            expected = who is CAPABLE or command == 'stats'
            host = lb.net[name]
            assert allowed(host, *who, 'dsrctl', *command.split()) == expected
            assert allowed(host, *who, 'cat', path) == expected, path


@pytest.mark.parametrize('who', [NOBODY, CAPABLE, ROOT],
                         ids=['nobody', 'capable', 'root without capability'])
def test_connections_of_ipvs(ipvs, who):
    """A monitor without rights may see the services, and no connections."""
    expected = who is CAPABLE
    assert allowed(ipvs.lv1, *who, 'cat', '/proc/net/ip_vs_conn') == expected
    for name in ('ip_vs', 'ip_vs_stats'):
        assert allowed(ipvs.lv1, *who, 'cat', f'/proc/net/{name}')
