# SPDX-License-Identifier: GPL-2.0
"""dsrctl metrics: read by Prometheus' own parsers, held against dsrctl's JSON."""

import errno
import json
import os
import resource
import signal
import stat
import subprocess

import pytest
from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics

import sample
import uapi as u
from fakekernel import Ack, Reply

FORMATS = {'openmetrics': openmetrics.text_string_to_metric_families,
           'prometheus': parser.text_string_to_metric_families}


def families(text, kind='openmetrics'):
    """{name: family}; the parser of OpenMetrics refuses much, the other little."""
    found = list(FORMATS[kind](text))
    names = [family.name for family in found]
    assert len(names) == len(set(names))
    return {family.name: family for family in found}


def samples(text, kind='openmetrics'):
    """{(name, {label: value}): value}"""
    found = {}
    for family in families(text, kind).values():
        for sample_ in family.samples:
            key = sample_.name, frozenset(sample_.labels.items())
            assert key not in found
            found[key] = float(sample_.value)
    return found


@pytest.fixture
def metrics(fake):
    """A function: name and labels of a sample -> its value."""
    def read(name, **labels):
        if not read.samples:
            read.samples = samples(fake('metrics').check(0).out)
        return read.samples.get((name, frozenset(labels.items())))
    read.samples = {}
    return read


@pytest.mark.parametrize('kind', FORMATS)
def test_golden(fake, golden, kind):
    golden(f'metrics-{kind}.txt', fake(f'metrics format {kind}').check(0).out)


def test_openmetrics(fake):
    """Names, types and units are what the specification wants."""
    text = fake('metrics').check(0).out
    assert text.endswith('\n# EOF\n')
    assert fake('metrics format openmetrics').out == text
    found = families(text)
    assert len(found) >= 30
    for name, family in found.items():
        assert name.startswith('dsr_')
        assert family.documentation.endswith('.')
        assert family.type in ('counter', 'gauge', 'info')
        assert family.unit == next((unit for unit in ('bytes', 'seconds')
                                    if name.endswith(f'_{unit}')), '')
        suffix = {'counter': '_total', 'info': '_info'}.get(family.type, '')
        assert {one.name for one in family.samples} <= {name + suffix}


def test_formats_agree(fake):
    """The same samples, of the same types, but for an info that is a gauge."""
    text = {kind: fake(f'metrics format {kind}').check(0).out
            for kind in FORMATS}
    assert samples(text['openmetrics']) == samples(text['prometheus'],
                                                   'prometheus')
    old = families(text['prometheus'], 'prometheus')
    assert '# EOF' not in text['prometheus']
    for name, family in families(text['openmetrics']).items():
        if family.type == 'info':
            assert old[f'{name}_info'].type == 'gauge'
        else:
            assert old[name].type == family.type
            assert old[name].documentation == family.documentation


def labels_of(service):
    """The labels of a service that dsrctl has as JSON."""
    found = {key: str(service[key]) for key in
             ('fwmark', 'family', 'vip', 'proto', 'port')
             if service[key] is not None}
    if service['port_last'] is not None:
        found['port'] += f'-{service["port_last"]}'
    return found


def test_services(fake, metrics):
    services = json.loads(fake('-j service show').out)
    for service in services:
        for key in ('connections', 'packets', 'bytes'):
            assert metrics(f'dsr_service_{key}_total',
                           **labels_of(service)) == float(service[key])
        assert metrics('dsr_service_backends', **labels_of(service)) == \
            service['backend_count']
    assert metrics('dsr_objects', object='service') == len(services)


def test_backends(fake, metrics):
    backends = json.loads(fake('-j backend show').out)
    for backend in backends:
        labels = {**labels_of(backend), 'backend': backend['addr']}

        def value(name, labels=labels, **more):
            return metrics(f'dsr_backend_{name}', **labels, **more)
        for key in ('connections', 'packets', 'bytes'):
            assert value(f'{key}_total') == backend[key]
        assert value('weight') == backend['weight']
        assert value('active_connections') == backend['active']
        assert value('inactive_connections') == backend['inactive']
        assert value('persistent_clients') == backend['persistent']
        assert value('unresolved_requests') == backend['unresolved']
        assert value('overloaded') == backend['overloaded']
        assert value('upper_connections') == backend['upper']
        assert value('drain_seconds') == (
            backend['deadline'] and backend['deadline'] / 1000)
        assert value('state', state=backend['state']) == 1
        assert value('admin', admin=backend['admin']) == 1
    assert metrics('dsr_objects', object='backend') == len(backends)
    assert metrics('dsr_backend_drain_seconds', **labels_of(
        backends[7]), backend=sample.W101) == 492.123


def test_modules(fake, metrics):
    """What both have, and what is the real server's."""
    stats = json.loads(fake('-j stats').out)
    for module in ('dsr_lb', 'dsr_rs'):
        assert metrics('dsr_module_loaded', module=module) == 1
        for reason, packets in stats[module]['reasons'].items():
            assert metrics('dsr_packets_total', module=module,
                           reason=reason) == packets
        table = stats[module]['table']
        for name, key in {'entries': 'entries', 'max_entries': 'max',
                          'buckets': 'buckets', 'memory_bytes': 'bytes',
                          'evicted_entries_total': 'evicted',
                          'evicted_pending_flows_total': 'pending_evicted',
                          }.items():
            assert metrics(f'dsr_table_{name}', module=module) == table[key]
    assert metrics('dsr_up') == 1
    assert metrics('dsr_build_info',
                   version=fake('-V').out.split()[1]) == 1
    assert metrics('dsr_path_packets_total', dev='lo',
                   reason='no_connection') == 80
    assert metrics('dsr_rule_flows_total', vip=sample.VIP) == 3
    assert metrics('dsr_rule_bytes_total', vip=sample.VIP, proto='tcp',
                   port='80') == 2048
    assert metrics('dsr_rule_packets_total', tos='0x20') == 0
    assert metrics('dsr_rule_routed', vip='10.10.31.110') == 1
    assert metrics('dsr_rule_routed', vip=sample.VIP6) == 0
    assert metrics('dsr_rule_routed', vip=sample.VIP) is None
    assert metrics('dsr_silence_messages_total', addr=sample.VIP) == 12345
    for name, objects in {'path': sample.PATHS, 'rule': sample.RULES,
                          'silence': sample.SILENCES}.items():
        assert metrics('dsr_objects', object=name) == len(objects)


@pytest.mark.parametrize('loaded', [[], ['dsr'], ['dsr_rs']])
def test_loaded(fake, kernel, loaded):
    """One module alone, and none: that is a result, and loads nothing."""
    kernel.families = loaded
    found = samples(fake('metrics').check(0).out)
    assert found['dsr_up', frozenset()] == len(loaded)
    for family, module in {'dsr': 'dsr_lb', 'dsr_rs': 'dsr_rs'}.items():
        assert found['dsr_module_loaded', frozenset(
            {'module': module}.items())] == (family in loaded)
    names = {name for name, _ in found}
    assert ('dsr_service_packets_total' in names) == ('dsr' in loaded)
    assert ('dsr_rule_packets_total' in names) == ('dsr_rs' in loaded)
    assert ('dsr_packets_total' in names) == bool(loaded)
    assert not kernel.looked_up


def test_bound(fake, kernel):
    """What they grow with: services, backends, rules, addresses, paths.

    No connection and no flow is asked for.
    """
    before = len(samples(fake('metrics').out))
    kernel.answers['dsr', u.DSR_CMD_SERVICE_GET] = Reply(*(
        sample.service(mark) for mark in range(1, 1 + 1000)))
    kernel.answers['dsr', u.DSR_CMD_BACKEND_GET] = Reply(*(
        sample.backend(mark, sample.W101) for mark in range(1, 1 + 1000)))
    kernel.requests.clear()
    many = len(samples(fake('metrics').out))
    assert many <= before + 4 * 1000 + 13 * 1000
    asked = {(request.kind, request.cmd) for request in kernel.requests}
    assert not asked & {(0x21, u.DSR_CMD_CONNECTION_GET),
                        (0x22, u.DSR_RS_CMD_FLOW_GET)}


def test_refused(fake, kernel):
    """All of it or nothing."""
    for key in (('dsr', u.DSR_CMD_SERVICE_GET), ('dsr', u.DSR_CMD_STATS_GET),
                ('dsr_rs', u.DSR_RS_CMD_SILENCE_GET)):
        before = kernel.answers[key]
        kernel.answers[key] = Ack(errno.EPERM)
        result = fake('metrics').check(
            2, 'dsrctl: permission denied: this needs CAP_NET_ADMIN (run dsrctl as '
            'root)\n')
        assert result.out == ''
        kernel.answers[key] = before


def test_label_values(fake, kernel):
    """Quotation marks and backslashes in a reason do no harm."""
    kernel.answers['dsr', u.DSR_CMD_STATS_GET] = Reply(
        sample.table(1, 2, 3, 4) + sample.reason('a"b\\c\nd\xff', 7))
    found = samples(fake('metrics').check(0).out)
    assert found['dsr_packets_total', frozenset({
        'module': 'dsr_lb', 'reason': 'a"b\\c?d?'}.items())] == 7


def test_output(fake, tmp_path):
    """For node_exporter: the older format, in a file that everyone may read."""
    path = tmp_path / 'dsr.prom'
    assert fake(f'metrics --output {path}').check(0).out == ''
    assert path.read_text() == fake('metrics format prometheus').out
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    before = path.stat().st_ino
    fake(f'metrics format openmetrics output {path}').check(0)
    assert path.read_text() == fake('metrics').out
    assert path.stat().st_ino != before         # a new one in its place
    assert sorted(os.listdir(tmp_path)) == ['dsr.prom', 'kernel']


def test_output_in_the_current_directory(fake, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fake('metrics output dsr.prom').check(0)
    assert sorted(os.listdir(tmp_path)) == ['dsr.prom', 'kernel']


def test_output_killed(fake_binary, kernel, tmp_path):
    """Nothing but the file as it was is left of a dsrctl that is killed."""
    path = tmp_path / 'dsr.prom'
    path.write_text('old')
    done = subprocess.run(
        [fake_binary, 'metrics', 'output', path], check=False,
        stderr=subprocess.PIPE,
        env={**os.environ, 'DSRCTL_FAKE_KERNEL': kernel.path},
        # the kernel kills it in the middle of the text
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (99, 99)))
    assert (done.returncode, done.stderr) == (-signal.SIGXFSZ, b'')
    assert [one.name for one in tmp_path.iterdir() if one.is_file()] == ['dsr.prom']
    assert path.read_text() == 'old'


def test_output_to_device(fake, tmp_path):
    """What is no file is not replaced by one."""
    link = tmp_path / 'link'
    link.symlink_to('/dev/null')
    for path in ('/dev/null', link):
        fake(f'metrics output {path}').check(
            1, f"dsrctl: cannot write '{path}': it is not a regular file; without a "
            'file dsrctl prints to the standard output\n')
    assert link.is_symlink()


def test_output_fails(fake, kernel, tmp_path):
    """What was there stays, and nothing else is left."""
    path = tmp_path / 'dsr.prom'
    path.write_text('as it was')
    kernel.answers['dsr', u.DSR_CMD_SERVICE_GET] = Ack(errno.EPERM)
    fake(f'metrics output {path}').check(
        2, 'dsrctl: permission denied: this needs CAP_NET_ADMIN (run dsrctl as '
        'root)\n')
    assert path.read_text() == 'as it was'
    kernel.answers['dsr', u.DSR_CMD_SERVICE_GET] = Reply()
    missing = tmp_path / 'missing' / 'dsr.prom'
    fake(f'metrics output {missing}').check(
        1, f"dsrctl: cannot write '{missing}': No such file or directory\n")
    directory = tmp_path / 'directory'
    directory.mkdir()
    fake(f'metrics output {directory}').check(
        1, f"dsrctl: cannot write '{directory}': Is a directory\n")
    assert sorted(os.listdir(tmp_path)) == ['directory', 'dsr.prom', 'kernel']


def test_words(fake):
    fake('metrics output').check(
        1, 'dsrctl: metrics: output needs a value: dsrctl metrics [output FILE] '
        '[format openmetrics|prometheus]\n')
    fake('metrics format json').check(
        1, "dsrctl: metrics: unknown format 'json': expected openmetrics or "
        'prometheus\n')
    fake('-j metrics').check(
        1, "dsrctl: metrics: metrics are no JSON: see 'dsrctl -j show' and "
        "'dsrctl -j stats'\n")
    assert 'dsrctl metrics [output FILE]' in fake('metrics help').out


def test_completion(fake):
    assert fake('complete metrics').out.split() == ['help', 'output', 'format']
    assert fake('complete metrics format').out.split() == list(FORMATS)
    for word in ('output', '--output'):
        fake(f'complete metrics {word}').check(3)
    assert fake('complete metrics --output x').out.split() == ['format']
