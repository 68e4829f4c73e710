# SPDX-License-Identifier: GPL-2.0
"""The parts of the benchmark that need no machine: plans, tables, changes."""

import copy
import json
import os
import subprocess
import sys
import xml.dom.minidom

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import chart                                            # noqa: E402
import plan                                             # noqa: E402
import functions                       # noqa: E402
import lines                           # noqa: E402
import report                                           # noqa: E402


def cell(raw, spread=0.0, lost=0, **more):
    return {'raw': raw, 'sent': 100, 'lost': lost, 'spread': spread, **more}


def result():
    """Two machines' parts, as bench.py leaves them."""
    return report.merge([
        {'kernel': '6.1.0', 'peers': {
            'baseline': {'about': 'drop', 'side': 'balancer', 'cells': {
                'udp4-new': cell(7500), 'udp4-1000': cell(7500)}},
            'ipvs_fwmark': {'about': 'IPVS', 'side': 'balancer', 'cells': {
                'udp4-1000': cell(13500, 0.001), 'udp4-new': cell(15500)}}}},
        {'kernel': '6.1.0', 'peers': {
            'dsr_vip_stack': {'about': 'dsr', 'side': 'balancer', 'cells': {
                'udp4-1000': cell(9900, bytes=73.4), 'udp4-new': cell(10500)}},
            'dsr_ingress': {'about': 'dsr', 'side': 'balancer', 'cells': {
                'udp4-1000': {'why': 'no path'},
                'udp4-new': {'why': 'no path'}}}}}])


def test_what_is_net_and_how_it_compares():
    found = result()
    assert report.net(found, 'dsr_vip_stack', 'udp4-1000') == 2400
    assert report.ratio(found, 'dsr_vip_stack', 'udp4-1000') == 0.4
    assert report.ratio(found, 'ipvs_fwmark', 'udp4-new') == 1
    assert report.net(found, 'dsr_ingress', 'udp4-new') is None


def test_the_table():
    found = result()
    found['peers']['dsr_vip_stack']['cells']['udp4-new']['lost'] = 3
    text = report.table(found).splitlines()
    assert text[3:] == [
        'UDP over IPv4',
        '                  1,000 flows  new flow each  B/flow  lost  spread',
        'baseline               0 0.00         0 0.00       -     0   0.00%',
        'ipvs_fwmark        6,000 1.00     8,000 1.00       -     0   0.10%',
        'dsr_vip_stack      2,400 0.40     3,000 0.38      73     3   0.00%',
        'dsr_ingress                 -              -       -     -       -',
        '',
        '600 packets were sent, and 597 arrived.',
        '',
        '- dsr_ingress: none of udp4-1000, udp4-new: no path']


def test_the_table_in_markdown():
    lines = report.table(result(), report.markdown).splitlines()
    start = lines.index('**UDP over IPv4**')
    assert lines[start + 2:start + 5] == [
        '|  | 1,000 flows | new flow each | B/flow | lost | spread |',
        '|---|---:|---:|---:|---:|---:|',
        '| baseline | 0 0.00 | 0 0.00 | - | 0 | 0.00% |']


def test_the_legend():
    assert report.legend(result()).splitlines()[2:4] == [
        '| baseline | drop |', '| ipvs_fwmark | IPVS |']


def test_nothing_changed():
    assert not list(report.changes(result(), result()))
    assert report.comparison(result(), result()) == \
        'No cell changed by more than 0.5%.'


@pytest.mark.parametrize('by, told', ((0, False), (14, False), (-14, False),
                                      (25, True), (-25, True)))
def test_what_changed(by, told):
    """0.5 % of the net 2,400 are 12, two boots differ by 19 of 9,900."""
    new = result()
    new['peers']['dsr_vip_stack']['cells']['udp4-1000']['net'] += by
    expected = [('dsr_vip_stack', 'udp4-1000', 2400, 2400 + by)] if told else []
    assert list(report.changes(result(), new)) == expected


def test_a_change_within_the_spread_of_repeats_is_none():
    new = result()
    new['peers']['ipvs_fwmark']['cells']['udp4-1000'].update(net=6060,
                                                             spread=0.005)
    assert not list(report.changes(result(), new))
    # new flows spread because the table grows: that is no reason
    new['peers']['ipvs_fwmark']['cells']['udp4-new'].update(net=8060,
                                                            spread=0.03)
    assert [change[1] for change in report.changes(result(), new)] == ['udp4-new']


def test_what_all_others_are_net_of_changed():
    new = result()
    new['peers']['baseline']['cells']['udp4-new']['raw'] = 7600
    assert list(report.changes(result(), new)) == [
        ('baseline', 'udp4-new', 7500, 7600)]


def test_a_cell_that_was_not_there():
    new = result()
    new['peers']['dsr_ingress']['cells']['udp4-new'] = {**cell(9000), 'net': 1500}
    assert list(report.changes(result(), new)) == [
        ('dsr_ingress', 'udp4-new', None, 1500)]
    assert list(report.changes(new, result())) == [
        ('dsr_ingress', 'udp4-new', 1500, None)]
    assert 'there is one now' in report.comparison(result(), new)
    assert 'there is none now' in report.comparison(new, result())


def test_the_comparison_reads_well():
    new = result()
    new['peers']['dsr_vip_stack']['cells']['udp4-new']['net'] = 2700
    lines = report.comparison(result(), new).splitlines()
    assert lines[0] == 'What changed by more than 0.5%:'
    assert lines[2].split() == ['dsr_vip_stack', 'udp4-new', '3,000', '2,700',
                                '-300', '-10.0%']


@pytest.mark.parametrize('text', ('', '{}', '{"peers": 1}', '[1]'))
def test_a_file_that_is_no_result(tmp_path, text):
    path = tmp_path / 'x.json'
    path.write_text(text)
    with pytest.raises(SystemExit) as caught:
        report.load(str(path))
    assert str(caught.value) == \
        f'bench.sh: error: {path} is no result of this benchmark'


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(SystemExit) as caught:
        report.load(str(tmp_path / 'x'))
    assert 'there is no ' in str(caught.value)


def test_the_base_may_be_the_file_that_is_written(tmp_path):
    """It is read before it is replaced."""
    part, kept = tmp_path / 'part', tmp_path / 'kept.json'
    old, new = result(), result()
    new['peers']['dsr_vip_stack']['cells']['udp4-new']['raw'] = 10000
    kept.write_text(json.dumps(old))
    part.write_text(json.dumps(new))
    done = subprocess.run(
        [sys.executable, f'{HERE}/report.py', str(part), '--output', str(kept),
         '--base', str(kept), '--chart', str(tmp_path / 'c.svg')],
        capture_output=True, text=True, check=True)
    assert '-500' in done.stdout
    again = json.loads(kept.read_text())
    assert again['peers']['dsr_vip_stack']['cells']['udp4-new']['net'] == 2500


def test_the_numbers_in_a_document():
    text = 'a\n\n## The numbers\n\nold\n\n| old |\n'
    once = report.put_numbers(text, 'new')
    assert once == 'a\n\n## The numbers\n\nnew\n'
    assert report.put_numbers(once, 'new') == once
    with pytest.raises(ValueError):
        report.put_numbers('a\n', 'new')


def test_the_chart():
    found = result()
    found['peers']['a<b'] = copy.deepcopy(found['peers']['dsr_vip_stack'])
    picture = chart.draw(found)
    assert 'Instructions of a packet on the balancer, Linux 6.1.0' in picture
    xml.dom.minidom.parseString(picture)
    assert chart.bars(found) == [('ipvs_fwmark', [6000, 8000]),
                                 ('dsr_vip_stack', [2400, 3000]),
                                 ('a<b', [2400, 3000])]
    assert picture.count('>2,400</text>') == 2
    assert '>8,000</text>' in picture


@pytest.mark.parametrize('most, size', ((1, 100), (500, 100), (501, 200),
                                        (1001, 500), (2501, 1000),
                                        (8000, 2000), (12000, 5000)))
def test_the_scale(most, size):
    assert chart.step(most) == size


def test_every_peer_says_what_it_is():
    ranks = set()
    for peer in plan.peers():
        assert peer.tags['about']
        assert peer.side in plan.WHATS
        ranks.add(peer.tags['rank'])
    assert len(ranks) == len(plan.peers())
    for name in (*report.ZERO.values(), *report.ONE.values()):
        assert name in [peer.name for peer in plan.peers()]


def test_peers_are_dealt_out():
    machines = list(plan.plans('short', [], [], 2))
    names = [name for machine in machines for name in machine['peers']]
    assert sorted(names) == sorted(peer.name for peer in plan.peers())
    assert len(machines) == 2
    assert len(list(plan.plans('short', ['hop'], [], 4))) == 1


def test_what_a_peer_cannot():
    one = {peer.name: peer for peer in plan.peers()}
    assert not one['flowtable'].can(plan.case('tcp4-1'))
    assert one['flowtable'].can(plan.case('udp4-new'))
    assert not one['flowtable'].can(plan.case('udp4-1000000'))
    assert not one['hop'].can(plan.case('reply4-1'))
    assert one['rs_dsr'].can(plan.case('reply4-1'))


@pytest.mark.parametrize('words, complaint', (
    (['--peers', 'hop skip'], "no peer 'skip': there are baseline "),
    (['--cases', 'udp5-1'], "no case 'udp5-1': see tests/bench/plan.py")))
def test_wrong_names_are_refused(words, complaint):
    done = subprocess.run([sys.executable, f'{HERE}/plan.py', *words],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f'bench.sh: error: {complaint}')


SYMBOLS = '''\
0000000000000000 A fixed_percpu_data
ffffffff81000000 T _stext
ffffffff81000000 T one
ffffffff81000100 t two
ffffffff81000180 d data
ffffffffc0000000 t three\t[dsr_lb]
'''.splitlines()


@pytest.mark.parametrize('address, found', (
    (0xffffffff81000000, ('one', '', 0)),
    (0xffffffff810000ff, ('one', '', 0xff)),
    (0xffffffff81000190, ('two', '', 0x90)),
    (0xffffffffc0000008, ('three', 'dsr_lb', 8)),
    (0x400000, ('(programs)', '', 1)),
    (0xffffffff80000000, ('(unknown)', '', 1))))
def test_the_function_of_an_address(address, found):
    assert functions.Symbols(SYMBOLS).find(address) == found


def test_a_profile():
    symbols = functions.Symbols(SYMBOLS)
    zero = functions.count(['20 ffffffff81000000 ffffffff81000004!'], symbols,
                           10)
    counts = functions.count([
        '40 ffffffff81000000 ffffffff81000004!',
        '10 ffffffffc0000000 ffffffffc0000004',
        '5 ffffffffc0000008 ffffffffc000000c!'], symbols, 10)
    rows = functions.difference(counts, zero)
    assert rows == [(4, 2, 8, 4, 'one', ''), (3, 0.5, 3, 1, 'three', 'dsr_lb')]
    assert list(functions.show(rows, 3.5)) == [
        '      net  atomic       all   calls  function',
        '      4.0    2.00       8.0    4.00  one',
        '      3.0    0.50                    (all others, less than 3.5 each)',
        '      7.0    2.50                    (sum)']
    assert functions.places(['5 ffffffffc0000008 ffffffffc000000c!'], symbols,
                            10, 'three') == ({8: 0.5, 12: 0.5}, 'dsr_lb')


def test_a_function_by_its_instructions():
    disassembly = '''
x.ko:     file format elf64-x86-64

00000000000004b0 <three>:
three():
/dsr/kmod/lb/three.c:10
     4b0:\tpush   %r15
/dsr/kmod/lb/three.c:11
     4b8:\tpush   %r14
     4bc:\tret
other():
/dsr/kmod/lb/other.h:7
     4c0:\tnop
'''.splitlines()
    found = {0: 1.0, 8: 0.5, 0x10: 0.25}
    assert list(functions.annotate(found, disassembly, lambda *_: '| text')) == [
        'three.c:10 three() | text',
        '    1.000     0  push   %r15',
        'three.c:11 three() | text',
        '    0.500     8  push   %r14',
        'other.h:7 other() | text',
        '    0.250    10  nop']


def test_lines_that_packets_need():
    symbols = functions.Symbols(SYMBOLS)
    # of 100 packets: one line that all write, and three that two functions read
    # for a packet each
    notes = lines.load(['0 ffff000000000000 ffffffff81000000 100 100'] + [
        f'0 ffff0000000000{line:02x} {code} 1 0' for line in (64, 128, 192)
        for code in ('ffffffff81000000', 'ffffffffc0000000')])
    rows, total = lines.needs(notes, symbols, 100)
    assert [(round(row[0], 2), *row[1:]) for row in rows] == [
        (0.03, 0, 1, 1, 'one'), (0.03, 0, 0, 0, 'three [dsr_lb]')]
    assert (round(total[0], 2), *total[1:4]) == (0.03, 0, 1, 1)


@pytest.mark.parametrize('second, found', (
    ('1 ffff000000000040 ffffffffc0000000 50 0', []),       # another line
    ('0 ffff000000000000 ffffffffc0000000 50 0', []),       # the same processor
    ('1 ffff000000000000 ffffffffc0000000 24 0', []),       # seldom
    ('1 ffff000000000000 ffffffffc0000000 50 0',
     [(0xffff000000000000, 0.5, {'one': (0, 0.5), 'three [dsr_lb]': (0.5, 0)})])))
def test_lines_that_processors_contend_for(second, found):
    notes = lines.load(['0 ffff000000000000 ffffffff81000000 0 50', second])
    assert lines.contended(notes, functions.Symbols(SYMBOLS), 100) == found


def test_lines_that_are_read_only_are_shared():
    notes = lines.load([f'{cpu} ffff000000000000 ffffffff81000000 50 0'
                        for cpu in range(2)])
    assert not lines.contended(notes, functions.Symbols(SYMBOLS), 100)
