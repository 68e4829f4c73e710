# SPDX-License-Identifier: GPL-2.0
"""Permission to list the modules' objects, and limits of containers."""

import pytest

import genl
from balancer import Events
from box import state
from network import VIP, W101

# Files, each with the equivalent netlink command.
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
    """CAP_NET_ADMIN decides, with or without root; counters are public."""
    for name, files in FILES.items():
        for path, command in files.items():
            expected = who is CAPABLE or command == 'stats'
            host = lb.net[name]
            assert allowed(host, *who, 'dsrctl', *command.split()) == expected
            assert allowed(host, *who, 'cat', path) == expected, path


def test_container_is_alone(lb):
    """A container sees no object of the host, and the host hears none of it."""
    heard = {name: Events(lb.net[name], family) for name, family in
             (('lv1', 'dsr'), ('w101', 'dsr_rs'))}
    for events in heard.values():
        lb.undo.append(events.sock.close)
    before = {name: state(lb.net[name]) for name in heard}
    done = lb.lv1.run(*NOBODY, 'unshare', '-Urn', 'sh', '-ec', """
        dsrctl -j service show
        dsrctl -j connection show
        dsrctl -j real show
        cat /proc/net/dsr/services /proc/net/dsr_rs/rules
        dsrctl service add fwmark 9
        dsrctl real add vip 192.0.2.1
        dsrctl service flush
        dsrctl real flush""")
    for word in (VIP, W101, 'fwmark'):
        assert word not in done.stdout, done.stdout
    # The next events are those of the host's own changes.
    lb.lv1.dsrctl('service add fwmark 7')
    lb.w101.dsrctl('real add vip 192.0.2.7')
    for events, name, mark in ((heard['lv1'], 'service_add', 'fwmark'),
                               (heard['w101'], 'rule_add', 'vip')):
        told, one = events.next()
        assert told == name and mark in str(one), (told, one)
    lb.lv1.dsrctl('service delete fwmark 7')
    lb.w101.dsrctl('real delete vip 192.0.2.7')
    assert {name: state(lb.net[name]) for name in heard} == before


@pytest.mark.stock          # the debug kernel has no BTF
def test_no_xdp_in_a_container(site):
    """A container gets no program into XDP, and so no path there."""
    done = site.lv1.run(*NOBODY, 'unshare', '-Urn', 'sh', '-ec', """
        ip link add veth0 type veth peer name veth1
        dsrctl path add dev veth0
        dsrctl -j path show
        dsrctl path flush
        ! dsrctl path add dev veth0 via xdp-generic
        dsrctl -j path show""")
    assert done.stdout.count('veth0') == 1, done.stdout
    assert 'permission denied' in done.stderr, done.stderr


@pytest.mark.parametrize('who', [NOBODY, CAPABLE, ROOT],
                         ids=['nobody', 'capable', 'root without capability'])
def test_connections_of_ipvs(ipvs, who):
    """An unprivileged monitor may list services, but no connections."""
    expected = who is CAPABLE
    assert allowed(ipvs.lv1, *who, 'cat', '/proc/net/ip_vs_conn') == expected
    for name in ('ip_vs', 'ip_vs_stats'):
        assert allowed(ipvs.lv1, *who, 'cat', f'/proc/net/{name}')


def test_tables_of_a_container(site):
    """65536 entries in either module, and more if root of the host allows."""
    done = site.w101.run(*NOBODY, 'unshare', '-Urn', 'sh', '-c', '''
        dsrctl -j stats
        for table in connection flow; do
            dsrctl $table set max 65536 && dsrctl $table set max 65537
        done
        dsrctl -j stats''', check=False)
    assert done.stdout.count('"max":65536') == 4, done
    assert done.stderr.splitlines() == [
        f'dsrctl: a limit above {limit} needs CAP_NET_ADMIN on the host'
        for limit in ("dsr_lb's conn_max", "dsr_rs's flows_max")]
    site.w101.dsrctl('flow set max 65537')
    site.undo.append(lambda: site.w101.dsrctl('flow set max 1048576'))
    assert genl.table(site.w101, 'dsr_rs')[1] == 65537


LISTS = {
    'rules': (
        4096, [f'real add vip 192.0.2.1 proto tcp port {n}'
               for n in range(1, 4098)],
        'too many rules: the limit is 4096'),
    'rules by TOS': (
        256, [f'real add tos {value}/{mask}' for mask in range(4, 256, 4)
              for value in range(0, 256, 4) if not value & ~mask][:257],
        'too many rules by TOS: the limit is 256, since each packet is '
        'compared with all of them'),
    'silenced addresses': (
        4096, [f'real silence add 198.18.{n >> 8}.{n & 255}'
               for n in range(1, 4098)],
        'too many silenced addresses: the limit is 4096'),
}


@pytest.mark.parametrize('kind', LISTS)
def test_lists_have_an_end(site, kind):
    """Packets search these lists, and any user can make a namespace: so they
    are limited."""
    most, lines, sentence = LISTS[kind]
    show = 'real silence' if 'silence' in lines[0] else 'real'
    done = site.w101.run(
        *NOBODY, 'unshare', '-Urn', 'sh', '-c',
        f'dsrctl -b -; dsrctl -j {show} show | grep -oE "tos_mask|wanted" | '
        'wc -l', stdin='\n'.join(lines), check=False)
    assert done.stderr.strip().endswith(sentence), done.stderr
    assert done.stdout.split() == [str(most)]
