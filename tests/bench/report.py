#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What the benchmark measured, as a table, as changes and as a chart.

A result is {kernel, unit, peers: {name: {about, side, cells: {case: cell}}}}. A
cell has "raw", the instructions of a packet all the way, and how many were sent
and lost; or "why" there is none. "net" is raw less that of the side's first peer,
which does nothing: it drops packets where the balancer would begin, or has no NAT.
"""

import argparse
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from chart import draw                                  # noqa: E402
from plan import peers                                  # noqa: E402

ZERO = {'balancer': 'baseline', 'server': 'rs_plain'}
ONE = {'balancer': 'ipvs_fwmark', 'server': 'rs_redirect'}
TITLES = {'udp': 'UDP', 'tcp': 'TCP', 'request': 'Real server, requests (UDP)',
          'reply': 'Real server, replies (UDP)',
          'segment': 'Real server, requests (TCP)'}
CHANGED = 0.005
NUMBERS = '\n## The numbers\n'
BOOTS = 0.002            # of the whole way, two boots may differ


def merge(parts):
    """One result of those of several machines, with what follows from them."""
    result = {'kernel': parts[0]['kernel'],
              'unit': parts[0].get('unit', 'instructions'), 'peers': {}}
    for part in parts:
        result['peers'].update(part['peers'])
    ranks = [peer.name for peer in peers()]
    result['peers'] = dict(sorted(
        result['peers'].items(),
        key=lambda one: ranks.index(one[0]) if one[0] in ranks else -1))
    for peer in result['peers'].values():
        zero = result['peers'].get(ZERO[peer['side']], {'cells': {}})
        for name, cell in peer['cells'].items():
            base = zero['cells'].get(name, {})
            if 'raw' in cell and 'raw' in base:
                cell['net'] = round(cell['raw'] - base['raw'], 1)
    return result


def net(result, peer, case):
    return result['peers'].get(peer, {'cells': {}})['cells'].get(
        case, {}).get('net')


def ratio(result, peer, case):
    """To IPVS as in the article, or to REDIRECT."""
    cost = net(result, peer, case)
    one = net(result, ONE[result['peers'][peer]['side']], case)
    return None if cost is None or not one else cost / one


def sections(result):
    """(title, names of peers, names of cases) of each part of the table."""
    names = []
    for peer in result['peers'].values():
        names += [name for name in peer['cells'] if name not in names]
    order = list(TITLES)
    kinds = sorted({name.split('-')[0] for name in names},
                   key=lambda kind: (order.index(kind[:-1]), kind))
    for kind in kinds:
        cases = sorted((name for name in names if name.split('-')[0] == kind),
                       key=lambda name: int(
                           name.split('-')[1].replace('new', '9' * 9)))
        peers = [name for name, peer in result['peers'].items()
                 if any(case in peer['cells'] for case in cases)]
        yield f'{TITLES[kind[:-1]]} over IPv{kind[-1]}', peers, cases


def title_of(case):
    kind, flows = case.split('-')
    if flows == 'new':
        return 'SYN flood' if kind.startswith('tcp') else 'new flow each'
    return '1 flow' if flows == '1' else f'{int(flows):,} flows'


def rows(result, field='net'):
    """The table as rows of words; a row of one word is a title."""
    for title, peers, cases in sections(result):
        yield [title]
        yield ['', *map(title_of, cases), 'B/flow', 'lost', 'spread']
        for name in peers:
            cells = result['peers'][name]['cells']
            row = [name]
            for case in cases:
                value = cells.get(case, {}).get(field)
                times = ratio(result, name, case)
                text = '-' if value is None else f'{value:,.0f}'
                if times is not None and field == 'net':
                    text += f' {times:4.2f}'
                row.append(text)
            there = [cells[case] for case in cases if case in cells]
            sizes = [cell['bytes'] for cell in there if 'bytes' in cell]
            row.append(f'{max(sizes[-1], 0):.0f}' if sizes else '-')
            done = [cell for cell in there if 'raw' in cell]
            row.append(f'{sum(cell["lost"] for cell in done):,}'
                       if done else '-')
            row.append(f'{max(cell["spread"] for cell in done):.2%}'
                       if done else '-')
            yield row


def whys(result):
    """What is not there, and why."""
    for name, peer in result['peers'].items():
        by_reason = {}
        for case, cell in peer['cells'].items():
            if 'why' in cell:
                by_reason.setdefault(cell['why'], []).append(case)
        for why, cases in by_reason.items():
            yield f'{name}: none of {", ".join(cases)}: {why}'


def layout(lines):
    """Rows as text, aligned within their section."""
    section = []
    for row in [*lines, None]:
        if row and len(row) > 1:
            section.append(row)
            continue
        widths = [max(map(len, column)) for column in zip(*section)]
        if widths:
            widths[0] = max(widths[0], 16)
        for words in section:
            yield '  '.join(
                word.rjust(width) if number else word.ljust(width)
                for number, (word, width) in enumerate(zip(words, widths)))
        section = []
        if row:
            yield ''
            yield row[0]


def markdown(lines):
    """Rows as tables of Markdown."""
    head = False
    for row in lines:
        if len(row) == 1:
            yield f'\n**{row[0]}**\n'
            head = True
            continue
        yield f'| {" | ".join(row)} |'
        if head:
            yield f'|---|{"---:|" * (len(row) - 1)}'
            head = False


def table(result, style=layout):
    text = [f'{result["unit"].capitalize()} of a packet, net of what it costs '
            'without a balancer (or without NAT),', 'and how many times that of '
            f'{ONE["balancer"]} (of {ONE["server"]}) this is. Kernel '
            f'{result["kernel"]}.']
    text += style(rows(result))
    sent = sum(cell.get('sent', 0) for peer in result['peers'].values()
               for cell in peer['cells'].values())
    lost = sum(cell.get('lost', 0) for peer in result['peers'].values()
               for cell in peer['cells'].values())
    text += ['', f'{sent:,} packets were sent, and {sent - lost:,} arrived.']
    reasons = list(whys(result))
    text += ['', *(f'- {why}' for why in reasons)] if reasons else []
    return '\n'.join(text)


def legend(result):
    """What each peer is, in Markdown."""
    return '\n'.join(['| peer | is |', '|---|---|', *(
        f'| {name} | {peer["about"]} |'
        for name, peer in result['peers'].items())])


def changes(old, new, threshold=CHANGED):
    """(peer, case, before, after) of each cell whose net cost is another.

    What is less than the threshold, or than what repeats or boots differ by, is
    none. With new flows repeats differ because the table grows.
    """
    for name, peer in new['peers'].items():
        before = old['peers'].get(name, {'cells': {}})['cells']
        for case, cell in peer['cells'].items():
            was = before.get(case)
            if was is None:
                continue
            # the peers that the others are net of have no net cost
            key = 'raw' if name in ZERO.values() else 'net'
            if key not in cell or key not in was:
                if (key in cell) != (key in was):
                    yield name, case, was.get(key), cell.get(key)
                continue
            noise = BOOTS * was['raw']
            if not case.endswith('-new'):
                noise = max(noise, cell['spread'] * cell['raw'],
                            was['spread'] * was['raw'])
            if abs(cell[key] - was[key]) > max(abs(was[key]) * threshold, noise):
                yield name, case, was[key], cell[key]


def comparison(old, new, threshold=CHANGED):
    lines = []
    for name, case, before, after in changes(old, new, threshold):
        if before is None or after is None:
            what = 'there is one now' if before is None else 'there is none now'
            lines.append([name, case, '-' if before is None else f'{before:,.0f}',
                          '-' if after is None else f'{after:,.0f}', what])
        else:
            part = f'{(after - before) / before:+.1%}' if before else ''
            lines.append([name, case, f'{before:,.0f}', f'{after:,.0f}',
                          f'{after - before:+,.0f}', part])
    if not lines:
        return f'No cell changed by more than {threshold:.1%}.'
    return '\n'.join([f'What changed by more than {threshold:.1%}:',
                      *layout([['', '', 'before', 'now', '', ''], *lines])])


def write(path, text):
    with open(path + '.new', 'w', encoding='ascii') as file:
        file.write(text)
    os.rename(path + '.new', path)


def put_numbers(document, text):
    """The document with TEXT for what its last heading has."""
    head, heading, _ = document.partition(NUMBERS)
    if not heading:
        raise ValueError(f'there is no line {NUMBERS.strip()!r}')
    return f'{head}{heading}\n{text}\n'


def load(path):
    try:
        with open(path, encoding='ascii') as file:
            result = json.load(file)
        if not isinstance(result['peers'], dict):
            raise ValueError
        return result
    except FileNotFoundError:
        sys.exit(f'bench.sh: error: there is no {path}')
    except (ValueError, KeyError, TypeError):
        sys.exit(f'bench.sh: error: {path} is no result of this benchmark')


def ordered(result, names):
    peers = result['peers']
    result['peers'] = {name: peers[name] for name in names if name in peers}
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('parts', nargs='+', help='files of results')
    parser.add_argument('--output', help='keep all of them as one file')
    parser.add_argument('--base', help='say what changed since this result')
    parser.add_argument('--chart', help='draw it (SVG)')
    parser.add_argument('--docs', help='write it into performance.md there')
    parser.add_argument('--raw', action='store_true', help='not net')
    options = parser.parse_args()
    base = load(options.base) if options.base else None
    result = merge([load(path) for path in options.parts])
    if options.output:
        write(options.output, json.dumps(result, indent=1) + '\n')
    print('\n'.join(layout(rows(result, 'raw'))) if options.raw else
          table(result))
    if options.chart:
        write(options.chart, draw(result))
    if options.docs:
        path = f'{options.docs}/performance.md'
        with open(path, encoding='ascii') as file:
            document = file.read()
        write(path, put_numbers(
            document, f'{legend(result)}\n\n{table(result, markdown)}'))
        write(f'{options.docs}/bench.svg', draw(result))
    if base:
        print()
        print(comparison(base, result))
    return 0


if __name__ == '__main__':
    sys.exit(main())
