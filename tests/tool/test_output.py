# SPDX-License-Identifier: GPL-2.0
"""The output of the "show" commands for the modules' answers."""

import errno
import json
import subprocess

import pytest

import sample
import uapi as u
from fakekernel import Reply, nest, string, u8, u32
from terminal import printed_to_terminal

SHOW = {
    'show': 'show',
    'show-s': '-s show',
    'service': 'service show',
    'service-s': '-s service show',
    'service-one': 'service show fwmark 1',
    'backend': 'backend show',
    'backend-s': '-s backend show',
    'connection': 'connection show',
    'path': 'path show',
    'real': 'real show',
    'real-s': '-s real show',
    'silence': 'real silence show',
    'silence-s': '-s real silence',
    'flow': 'flow show',
    'stats': 'stats show',
    'stats-s': '-s stats',
    'explain': f'explain {sample.CLIENT}:40000 {sample.VIP}:80 mark 1',
}


@pytest.mark.parametrize('name', SHOW)
def test_text(fake, golden, name):
    result = fake(SHOW[name]).check(0)
    golden(f'{name}.txt', result.out)
    assert all(line == line.rstrip() for line in result.out.split('\n'))


@pytest.mark.parametrize('name', [n for n in SHOW if not n.endswith('-s')])
def test_json(fake, golden, name):
    """Pretty JSON is the golden file; compact JSON has the same content."""
    pretty = fake('-j -p', SHOW[name]).check(0).out
    golden(f'{name}.json', pretty)
    short = fake('-j', SHOW[name]).check(0).out
    assert json.loads(short) == json.loads(pretty)
    assert short.count('\n') == 1
    # counters are present with and without -s
    assert fake('-j -s', SHOW[name]).check(0).out == short


def test_full(fake, kernel):
    """A full table is reported in the overview."""
    kernel.answers['dsr_rs', u.DSR_RS_CMD_STATS_GET] = Reply(
        sample.table(16, 16, 1024, 8192))
    for command in ('show', '-s show', 'stats', '-s stats'):
        assert 'flows: 16 of at most 16: full' in fake(command).check(0).out
    for command in ('show', 'stats'):
        document = json.loads(fake('-j', command).check(0).out)
        assert document['dsr_rs']['table']['full'] is True
        assert document['dsr_lb']['table']['full'] is False


EMPTY = ['show', 'service show', 'backend show', 'connection show',
         'path show', 'real show', 'flow show', 'real silence show']


@pytest.mark.parametrize('command', EMPTY)
def test_empty(fake, kernel, golden, command):
    kernel.answers = {key: answer for key, answer in kernel.answers.items()
                      if key in (('dsr', u.DSR_CMD_STATS_GET),
                                 ('dsr_rs', u.DSR_RS_CMD_STATS_GET))}
    name = command.removesuffix(' show').split()[-1]
    golden(f'empty-{name}.txt', fake(command).check(0).out)
    for options in ('-j', '-j -p'):
        document = json.loads(fake(options, command).check(0).out)
        if command == 'show':
            assert document['dsr_lb']['services'] == []
            assert document['dsr_lb']['paths'] == []
            assert document['dsr_rs']['rules'] == []
            assert document['dsr_rs']['silence'] == []
        else:
            assert document == []


def test_one_module(fake, kernel):
    """A module that is not loaded is left out, null in JSON, and never loaded.
    """
    kernel.families = ['dsr_rs']
    for command in ('show', 'stats'):
        assert 'connections' not in fake(command).check(0).out
        document = json.loads(fake('-j', command).check(0).out)
        assert document['dsr_lb'] is None
        assert document['dsr_rs'] is not None
    assert 'dsr' not in kernel.looked_up

    kernel.families = ['dsr']
    assert 'real server' not in fake('show').check(0).out
    assert json.loads(fake('-j show').check(0).out)['dsr_rs'] is None


def test_service_without_backends(fake, kernel):
    kernel.families = ['dsr']
    kernel.answers['dsr', u.DSR_CMD_PATH_GET] = Reply()
    kernel.answers['dsr', u.DSR_CMD_BACKEND_GET] = Reply()
    kernel.answers['dsr', u.DSR_CMD_SERVICE_GET] = Reply(sample.service(3))
    assert fake('show').check(0).out == (
        'service fwmark 3 scheduler rr\n'
        "  no backends: add one with 'dsrctl backend add fwmark 3 via ADDR'\n"
        'connections: 16 of at most 1048576\n')


def test_without_probes(fake, kernel):
    """A column without any value is not printed."""
    assert ' PROBE' in fake('backend show').check(0).out
    kernel.answers['dsr', u.DSR_CMD_BACKEND_GET] = Reply(
        sample.backend(3, sample.W101, active=7, inactive=8))
    header, row = fake('backend show').check(0).out.splitlines()
    assert header.split()[-2:] == ['ACTIVE', 'INACTIVE']
    assert row.split()[-2:] == ['7', '8']


def test_absent_attributes(fake, kernel):
    """Older and newer modules leave out or add attributes."""
    kernel.answers['dsr', u.DSR_CMD_SERVICE_GET] = Reply(
        nest(u.DSR_A_SERVICE, u32(u.DSR_SERVICE_A_FWMARK, 1),
             u32(30, 5), u32(900, 5)), u32(30, 1) + sample.service(2))
    lines = fake('service show').check(0).out.split('\n')
    assert lines[1].split() == ['fwmark', '1', '-', '-', '-']
    assert lines[2].split() == ['fwmark', '2', 'rr', '0', '-']
    assert json.loads(fake('-j service show').check(0).out)[0] == {
        'fwmark': 1, 'family': 'inet', 'vip': None, 'proto': None,
        'port': None, 'port_last': None, 'fwmark_mask': None,
        'scheduler': None, 'hash': None, 'table_size': None,
        'choices': None, 'path': None, 'tos': None, 'tos_mask': None,
        'ping': None, 'one_packet': None, 'on_down': None,
        'on_unreachable': None, 'chances': None, 'persist': None,
        'persist_prefix': None, 'probe_marks': None,
        'timeouts': {'syn': None, 'established': None, 'fin': None,
                     'closed': None, 'udp': None},
        'backend_count': None, 'connections': None, 'packets': None,
        'bytes': None}


def test_unknown_values(fake, kernel):
    """A value without a name is printed as its number."""
    kernel.answers['dsr', u.DSR_CMD_CONNECTION_GET] = Reply(
        sample.connection(50, sample.CLIENT, 1, sample.VIP, 2, 200, 0, 1,
                          sample.W101))
    row = fake('connection show').check(0).out.split('\n')[1].split()
    assert (row[0], row[5]) == ('50', '200')


def test_control_characters(fake, kernel):
    """Text from the kernel cannot send escape sequences to the terminal."""
    kernel.answers['dsr', u.DSR_CMD_SERVICE_GET] = Reply(
        nest(u.DSR_A_SERVICE, u32(u.DSR_SERVICE_A_FWMARK, 1),
             string(u.DSR_SERVICE_A_SCHEDULER, '\x1b[31m\xff'),
             u8(u.DSR_SERVICE_A_PATH, 0)))
    assert '?[31m?' in fake('service show').check(0).out
    assert json.loads(fake('-j service show').out)[0]['scheduler'] == '?[31m?'


FILTERS = {
    '': [0, 1, 2, 3, 4, 5, 6, 7],
    'fwmark 1': [0, 1, 5],
    'fwmark 0xffffffff': [2],
    f'via {sample.W101}': [0, 3, 4, 6],
    f'src {sample.CLIENT}': [0, 1, 6],
    f'src {sample.CLIENT}:40001': [1],
    f'dst {sample.VIP}:443': [3, 4],
    'proto udp': [2],
    'proto tcp': [0, 1, 3, 4, 5, 6],
    'proto sctp': [7],
    'state established': [0, 5],
    'state fin': [1],
    'state syn': [3],
    'state closed': [4],
    'state udp': [2],
    'state persistent': [6, 7],
    'limit 1': [0],
    'limit 4': [0, 1, 2, 3],
    'limit 100': [0, 1, 2, 3, 4, 5, 6, 7],
    f'src {sample.CLIENT6}': [5, 7],
    f'src [{sample.CLIENT6}]': [5, 7],
    f'dst [{sample.VIP6}]:80': [5],
    f'dst [{sample.VIP6}]:81': [],
    f'via {sample.W6}': [5, 7],
    f'via {sample.W101} proto tcp limit 2': [0, 3],
    f'src {sample.CLIENT}:1': [],
    'sort src': [6, 0, 1, 3, 4, 2, 7, 5],
    'sort dst': [0, 1, 6, 3, 4, 2, 7, 5],
    'sort via': [0, 3, 4, 6, 1, 2, 5, 7],
    'sort state': [3, 0, 5, 1, 4, 2, 6, 7],
    'sort expires': [4, 3, 7, 6, 1, 0, 5, 2],
    'sort expires limit 2': [4, 3],
    f'sort expires via {sample.W101} limit 3': [4, 3, 6],
    'limit 1 sort src proto sctp': [7],
}


@pytest.mark.parametrize('words', FILTERS)
def test_filter(fake, words):
    everything = json.loads(fake('-j connection show').out)
    found = json.loads(fake('-j connection show', words).check(0).out)
    assert found == [everything[i] for i in FILTERS[words]]
    rows = fake('connection show', words).check(0).out.splitlines()
    assert len(rows) == 1 + len(FILTERS[words])


def test_filter_flows(fake):
    everything = json.loads(fake('-j flow show').out)
    for words, indices in (('proto udp', [1]), ('state established', [0]),
                           (f'dst {sample.VIP}:53', [1]), ('limit 1', [0]),
                           (f'src {sample.CLIENT}', [0, 1])):
        found = json.loads(fake('-j flow show', words).check(0).out)
        assert found == [everything[i] for i in indices]


def test_limit_then_more(fake, kernel):
    """A dump that is not read to its end does not disturb the next request."""
    result = fake('-b -', stdin='connection show limit 1\n'
                                'connection show limit 2\nservice show\n')
    assert len(result.check(0).out.splitlines()) == 2 + 3 + 1 + len(sample.SERVICES)
    assert kernel.connections == 3


def test_million_sorted(fake, kernel):
    """The sorted output is complete and in order."""
    count = 5000
    kernel.answers['dsr', u.DSR_CMD_CONNECTION_GET] = Reply(
        *(sample.connection(sample.TCP, sample.CLIENT, i * 7919 % 65536,
                            sample.VIP, 80, 1, 1000, 1, sample.W101)
          for i in range(count)), size=100)
    ports = [c['sport'] for c in json.loads(
        fake('-j connection show sort src').check(0).out)]
    assert len(ports) == count
    assert ports == sorted(ports)


def test_sorted_interrupted(fake, kernel):
    """An incomplete dump is not printed as if it were complete."""
    kernel.answers['dsr', u.DSR_CMD_CONNECTION_GET] = Reply(
        *sample.CONNECTIONS, end_error=-errno.ENOMEM)
    result = fake('connection show sort src').check(
        2, 'dsrctl: connection show: Cannot allocate memory\n')
    assert result.out == ''


def test_million_streamed(fake, kernel):
    """A long table streams, and stops at the limit."""
    count = 20000
    kernel.answers['dsr', u.DSR_CMD_CONNECTION_GET] = Reply(
        *(sample.connection(sample.TCP, sample.CLIENT, i % 65536, sample.VIP,
                            80, 1, 1000, 1, sample.W101)
          for i in range(count)), size=100)
    assert len(json.loads(fake('-j connection show').check(0).out)) == count
    assert len(fake('connection show').check(0).out.splitlines()) == count + 1


def test_stream_grows(fake, kernel):
    """The first rows decide the width of columns; a longer cell widens its
    column."""
    short = sample.connection(sample.TCP, sample.CLIENT, 1, sample.VIP, 80, 1,
                              1000, 1, sample.W101)
    long = sample.CONNECTIONS[5]
    kernel.answers['dsr', u.DSR_CMD_CONNECTION_GET] = Reply(
        *[short] * 300, long, short, size=7)
    lines = fake('connection show').check(0).out.splitlines()
    assert len(lines) == 303
    assert len(set(line.index(' 1  est') for line in lines[1:301])) == 1
    assert lines[301].index(' 1  est') == lines[302].index(' 1  est')
    assert lines[302].index(' 1  est') > lines[300].index(' 1  est')


def test_color(fake):
    plain = fake('show').check(0).out
    assert '\x1b' not in plain
    for option in ('-c', '-c=always', '--color=always', '--color'):
        out = fake(option, 'show').check(0).out
        assert '\x1b[32mreachable\x1b[0m' in out
        assert '\x1b[31munreachable\x1b[0m' in out
        assert '\x1b[33moverloaded, reachable\x1b[0m' in out
        assert '\x1b[33mdraining 8m12s, reachable\x1b[0m' in out
        assert '\x1b[31mdown, unreachable (unresolved 3)\x1b[0m' in out
        for code in ('0', '1', '31', '32', '33'):
            out = out.replace(f'\x1b[{code}m', '')
        assert out == plain
    assert fake('-c=never show').out == plain
    assert fake('--color=auto show').out == plain


def test_color_terminal(fake_binary, kernel):
    """Colours are on for a terminal, unless NO_COLOR is set."""
    for no_color, expected in (('', True), ('1', False)):
        status, out = printed_to_terminal(
            [fake_binary, 'show'], DSRCTL_FAKE_KERNEL=kernel.path,
            NO_COLOR=no_color)
        assert status == 0, out
        assert (b'\x1b[' in out) == expected


def test_closed_output(fake_binary, kernel):
    with open('/dev/full', 'w', encoding='ascii') as full:
        process = subprocess.run(
            [fake_binary, 'show'], stdout=full, stderr=subprocess.PIPE,
            env={'DSRCTL_FAKE_KERNEL': kernel.path}, check=False)
    assert process.returncode == 1
    assert process.stderr == (b'dsrctl: cannot write: '
                              b'No space left on device\n')
