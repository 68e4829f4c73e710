# SPDX-License-Identifier: GPL-2.0
"""dsrctl metrics, of real traffic: what was sent is what is counted, exactly.

Read by Prometheus' parser of OpenMetrics, which refuses what is not as specified.
"""

import socket
import sys

import pytest

import wire
from host import wait_for
from network import VIP, W101, W102
from probe import Probe

MARK1 = {'fwmark': '1', 'family': 'inet'}


def parse(text):
    """{(name, {label: value}): value}"""
    # the roots of the other releases do not have it
    from prometheus_client.openmetrics import parser

    return {(sample.name, frozenset(sample.labels.items())): sample.value
            for family in parser.text_string_to_metric_families(text)
            for sample in family.samples}


class Metrics:
    """What has changed on a machine since this was made."""

    def __init__(self, host):
        self.host = host
        self.before = self.now()

    def now(self):
        return parse(self.host.run('dsrctl', 'metrics').stdout)

    def rise(self):
        """{(name, labels): increase} of the counters that have risen."""
        now = self.now()
        return {key: now[key] - self.before.get(key, 0) for key in now
                if key[0].endswith('_total') and
                now[key] != self.before.get(key, 0)}


def key(name, **labels):
    return name, frozenset(labels.items())


def test_packets(silent):
    """Datagrams of a known size, by service, backend, reason; bytes too."""
    lv1 = silent.lv1
    with Probe(silent) as probe:
        before = Metrics(lv1)
        homes = [probe.udp(5000 + number, payload=b'x' * 100)
                 for number in range(10)]
        rise = before.rise()
    size = 20 + 8 + 100
    for name, one in {'w101': W101, 'w102': W102}.items():
        labels = {**MARK1, 'backend': one}
        count = homes.count(name)
        assert count == 5
        assert rise[key('dsr_backend_packets_total', **labels)] == count
        assert rise[key('dsr_backend_bytes_total', **labels)] == count * size
        assert rise[key('dsr_backend_connections_total', **labels)] == count
    assert rise[key('dsr_service_packets_total', **MARK1)] == 10
    assert rise[key('dsr_service_bytes_total', **MARK1)] == 10 * size
    assert rise[key('dsr_service_connections_total', **MARK1)] == 10
    assert rise[key('dsr_packets_total', module='dsr_lb',
                    reason='forwarded')] == 10


def test_drops(silent, reasons):
    """A packet that is dropped shows as dropped, and as nothing else."""
    lv1 = silent.lv1
    for one in (W101, W102):
        lv1.dsrctl(f'backend set fwmark 1 via {one} down force')
    before = Metrics(lv1)
    with Probe(silent) as probe:
        since = reasons('lv1')
        for number in range(7):
            probe.lost(wire.udp(6000 + number, 9, ident=probe.number()),
                       since, 'drop_no_backend')
    rise = before.rise()
    assert rise[key('dsr_packets_total', module='dsr_lb',
                    reason='drop_no_backend')] == 7
    assert not {name for name, _ in rise if name.startswith('dsr_backend')}
    now = before.now()
    for one in (W101, W102):
        assert now[key('dsr_backend_admin', **MARK1, backend=one,
                       admin='down')] == 1


def test_connections(lb):
    """Requests of curl, on the balancer and on both real servers."""
    before = {name: Metrics(lb.net[name]) for name in ('lv1', 'w101', 'w102')}
    assert lb.replies(6) == {'w101 nano': 3, 'w102 desu': 3}
    labels = {name: {**MARK1, 'backend': one}
              for name, one in {'w101': W101, 'w102': W102}.items()}

    def rises():
        """How all have risen, once what the balancer has sent is delivered."""
        rise = {name: one.rise() for name, one in before.items()}
        return rise if all(
            rise['lv1'][key(f'dsr_backend_{what}_total', **labels[name])] ==
            rise[name][key(f'dsr_rule_{what}_total', vip=VIP)]
            for name in labels for what in ('packets', 'bytes')) else None
    # the last acknowledgement may come between
    rise = wait_for('all count the same', rises)
    assert rise['lv1'][key('dsr_service_connections_total', **MARK1)] == 6
    for name in labels:
        assert rise['lv1'][key('dsr_backend_connections_total',
                               **labels[name])] == 3
        assert rise[name][key('dsr_rule_flows_total', vip=VIP)] == 3
    now = before['lv1'].now()
    assert now[key('dsr_up')] == 1
    assert now[key('dsr_table_entries', module='dsr_lb')] >= 6
    assert now[key('dsr_backend_state', **MARK1, backend=W101,
                   state='reachable')] == 1


def test_output(lb, tmp_path):
    """As node_exporter reads it: a reader never finds half a file."""
    from prometheus_client import parser

    path = tmp_path / 'dsr.prom'
    lb.lv1.run('dsrctl', 'metrics', '--output', str(path))
    with open(path, encoding='ascii') as old:
        lb.lv1.run('dsrctl', 'metrics', '--output', str(path))
        for text in (old.read(), path.read_text()):
            names = {family.name for family in
                     parser.text_string_to_metric_families(text)}
            assert 'dsr_service_packets' in names
    assert [one.name for one in tmp_path.iterdir()] == ['dsr.prom']


# What systemd does: the socket is descriptor 3, and $LISTEN_PID the process.
START = '''
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()))
os.execvp(sys.argv[2], sys.argv[2:])
'''


@pytest.fixture
def server(lb):
    """dsr-metrics on lv1, started with its socket as systemd starts it."""
    with lb.lv1.at():
        sock = socket.create_server(('127.0.0.1', 9857))
    with sock:
        child = lb.lv1.start(sys.executable, '-c', START, str(sock.fileno()),
                             'dsr-metrics', pass_fds=[sock.fileno()])
    yield lb
    lb.lv1.stop(child)


def fetch(host, path, accept='*/*'):
    return host.run('curl', '-sS', '--fail', '-m', '60', '-H',
                    f'Accept: {accept}', f'http://127.0.0.1:9857{path}').stdout


def test_http(server):
    """Prometheus reads what traffic changes; a browser, too."""
    lv1 = server.lv1
    accept = 'application/openmetrics-text;version=1.0.0,*/*;q=0.1'
    counter = key('dsr_service_connections_total', **MARK1)
    before = parse(fetch(lv1, '/metrics', accept))
    page = fetch(lv1, '/')
    assert server.replies(4) == {'w101 nano': 2, 'w102 desu': 2}
    now = parse(fetch(lv1, '/metrics', accept))
    assert now[counter] - before[counter] == 4
    assert 'service fwmark 1, rr' in page and W101 in page
    assert f'<td>{int(now[counter])}</td>' in fetch(lv1, '/')
    # without the header, as a person asks
    assert '# TYPE dsr_service_connections_total counter' in fetch(
        lv1, '/metrics')


def test_one_module(site):
    """A real server that is no balancer, and neither of the two."""
    site.w101.dsrctl(f'real add vip {VIP}')
    site.net.unload('dsr_lb')
    try:
        now = parse(site.w101.run('dsrctl', 'metrics').stdout)
        assert now[key('dsr_module_loaded', module='dsr_lb')] == 0
        assert now[key('dsr_module_loaded', module='dsr_rs')] == 1
        assert now[key('dsr_rule_packets_total', vip=VIP)] == 0
        assert key('dsr_table_entries', module='dsr_lb') not in now
        site.w101.dsrctl('real flush')
        site.net.unload('dsr_rs')
        try:
            now = parse(site.w101.run('dsrctl', 'metrics').stdout)
            assert now[key('dsr_up')] == 0
            assert len(now) == 4
        finally:
            site.net.load('dsr_rs')
    finally:
        site.net.load('dsr_lb')
