# SPDX-License-Identifier: GPL-2.0
"""What is in share/ fits what dsrctl prints: alerts, dashboard, units."""

import configparser
import json
import os
import re

import pytest
import yaml

from conftest import TOP
from test_metrics import families

SHARE = os.path.join(TOP, 'share')
NAME = re.compile(r'\bdsr_[a-z_]+\b')
# label matchers: {a="b",c=~"d"}
MATCHERS = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')


def rules():
    with open(f'{SHARE}/prometheus/dsr.rules.yml', encoding='ascii') as file:
        document = yaml.safe_load(file)
    return [rule for group in document['groups'] for rule in group['rules']]


def dashboard():
    with open(f'{SHARE}/grafana/dsr.json', encoding='ascii') as file:
        return json.load(file)


def expressions():
    """(where, PromQL) of all."""
    for rule in rules():
        yield rule['alert'], rule['expr']
    board = dashboard()
    for panel in board['panels']:
        for target in panel['targets']:
            yield panel['title'], target['expr']
    for variable in board['templating']['list']:
        if variable['type'] == 'query':
            yield variable['name'], variable['definition']


def names(expression):
    """The metrics of an expression, without what is in quotation marks."""
    return set(NAME.findall(re.sub('"[^"]*"', '""', expression)))


@pytest.fixture
def printed(fake):
    """{name of samples: {label: values}}"""
    found = {}
    for family in families(fake('metrics').check(0).out).values():
        for sample in family.samples:
            labels = found.setdefault(sample.name, {})
            for label, value in sample.labels.items():
                labels.setdefault(label, set()).add(value)
    return found


def reasons():
    """All that there are, by the headers of the modules."""
    for module in ('lb', 'rs'):
        with open(f'{TOP}/kmod/{module}/core/reason.h',
                  encoding='ascii') as file:
            yield from re.findall(r'R\([A-Z_]+, "(\w+)"', file.read())


def test_names(printed):
    """Every metric and every label of an alert and of a panel is printed."""
    count = 0
    for where, expression in expressions():
        assert names(expression), where
        for name in names(expression):
            assert name in printed, f'{where}: there is no {name}'
            count += 1
        known = {'instance'}.union(*(printed[name]
                                     for name in names(expression)))
        for label, _, _ in MATCHERS.findall(expression):
            assert label in known, f'{where}: there is no label {label}'
        for group in re.findall(r'\b(?:by|on) \(([^)]*)\)', expression):
            assert set(group.split(', ')) <= known, where
    assert count >= 25


def test_values(printed):
    """What labels are compared with can be their value."""
    known = {'reason': set(reasons()),
             'module': printed['dsr_module_loaded']['module'],
             'object': printed['dsr_objects']['object'],
             'state': printed['dsr_backend_state']['state'],
             'admin': printed['dsr_backend_admin']['admin'],
             'instance': None}
    for where, expression in expressions():
        for label, how, value in MATCHERS.findall(expression):
            if known[label] is None:
                continue
            for one in value.split('|') if '~' in how else [value]:
                assert any(re.fullmatch(one, name) for name in
                           known[label]), f'{where}: {label} {one}'


def test_annotations(printed):
    """The labels that a sentence names are those of its metrics."""
    for rule in rules():
        known = {'instance'}.union(*(printed[name]
                                     for name in names(rule['expr'])))
        text = ' '.join(rule['annotations'].values())
        for label in re.findall(r'\$labels\.(\w+)', text):
            assert label in known, rule['alert']
    for panel in dashboard()['panels']:
        for target in panel['targets']:
            known = {'instance'}.union(*(printed[name] for name in
                                         names(target['expr'])))
            for label in re.findall(r'{{(\w+)}}', target['legendFormat']):
                assert label in known, panel['title']


def test_panels():
    """They do not overlap, and each has a number of its own."""
    taken, numbers = set(), set()
    for panel in dashboard()['panels']:
        at = panel['gridPos']
        assert at['x'] + at['w'] <= 24
        cells = {(x, y) for x in range(at['x'], at['x'] + at['w'])
                 for y in range(at['y'], at['y'] + at['h'])}
        assert not cells & taken, panel['title']
        taken |= cells
        assert panel['id'] not in numbers
        numbers.add(panel['id'])


def test_manual(printed):
    """The man page has each metric, and none that there is not."""
    with open(f'{TOP}/tool/dsrctl.8', encoding='ascii') as file:
        text = file.read()
    section = text[text.index('.SH METRICS'):text.index('.SH FIREWALLS')]
    assert set(re.findall(r'^\.B (dsr_\w+)$', section, re.M)) == set(printed)


def test_configuration_unit():
    """The unit applies the file that the manual names, before keepalived."""
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str
    unit.read(f'{SHARE}/systemd/dsr.service')
    command = '/usr/local/sbin/dsrctl apply wait 30s /etc/dsr/dsr.yaml'
    assert unit['Service']['ExecStart'] == command      # see tool/Makefile
    assert unit['Service']['ExecReload'] == command
    assert unit['Unit']['Before'] == 'keepalived.service'
    # without routes backends are refused
    for key in ('After', 'Wants'):
        assert unit['Unit'][key] == 'network-online.target'
    assert unit['Service']['Restart'] == 'on-failure'
    assert unit['Service']['RestartPreventExitStatus'] == '1'
    # the limit is reached although each start waits
    wait = 30 + int(unit['Service']['RestartSec'].removesuffix('s'))
    limit = 60 * int(unit['Unit']['StartLimitIntervalSec'].removesuffix('min'))
    assert int(unit['Unit']['StartLimitBurst']) * wait < limit


def test_units():
    """The socket and its service belong together."""
    units = {}
    for kind in ('socket', 'service'):
        units[kind] = configparser.ConfigParser(strict=False, interpolation=None)
        units[kind].optionxform = str
        units[kind].read(f'{SHARE}/systemd/dsr-metrics.{kind}')
    assert units['service']['Unit']['Requires'] == 'dsr-metrics.socket'
    start = units['service']['Service']['ExecStart']
    assert start == '/usr/local/sbin/dsr-metrics'       # see tool/Makefile
    with open(f'{SHARE}/systemd/dsr-metrics.socket', encoding='ascii') as file:
        addresses = re.findall('^ListenStream=(.+)$', file.read(), re.M)
    assert addresses == ['127.0.0.1:9857']


def test_sync_unit():
    """The unit is ready before clients come, and after there are services."""
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str
    unit.read(f'{SHARE}/systemd/dsrsyncd.service')
    assert unit['Service']['ExecStart'] == '/usr/local/sbin/dsrsyncd'
    assert unit['Service']['Type'] == 'notify'
    assert unit['Service']['CapabilityBoundingSet'] == 'CAP_NET_ADMIN'
    # the default of -s, and of dsrctl
    assert unit['Service']['RuntimeDirectory'] == 'dsr'
    for name in ('sync/main.c', 'sync.c'):
        with open(f'{TOP}/tool/{name}', encoding='utf-8') as file:
            assert '"/run/dsr/sync.sock"' in file.read()
    assert unit['Unit']['Requires'] == 'corosync.service'
    assert unit['Unit']['After'].split() == ['corosync.service', 'dsr.service']
    assert unit['Unit']['Before'].split() == ['bird.service', 'keepalived.service']
