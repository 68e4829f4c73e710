#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What a run of the benchmark measures: the peers, the cases, how often.

A case is a name like udp4-1000: what passes, over which family, and how many
flows of it there are. They are known before it is measured; "new" is a flow that
was never seen, with each packet. TCP is SYNs where it is new, and ACKs of known
connections where it is not. request and reply are the real server's, both UDP;
segment is an ACK of TCP that a socket takes.
"""

import argparse
import glob
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
WHATS = {'balancer': ('udp', 'tcp'), 'server': ('request', 'reply', 'segment')}
FORMS = {
    # packets of each repeat; new flows of each repeat
    'short': {'repeats': 3, 'packets': 5000, 'new': 2000, 'cases': '''
        udp4-1 udp4-1000 udp4-new tcp4-1000 tcp4-new udp6-1000 tcp6-new
        request4-1 request4-1000 request4-new reply4-1 reply4-1000
        segment4-1000'''},
    'full': {'repeats': 3, 'packets': 5000, 'new': 20000, 'cases': '''
        udp4-1 udp4-1000 udp4-100000 udp4-1000000 udp4-new
        tcp4-1 tcp4-1000 tcp4-100000 tcp4-new
        udp6-1 udp6-1000 udp6-100000 udp6-new
        tcp6-1 tcp6-1000 tcp6-100000 tcp6-new
        request4-1 request4-1000 request4-100000 request4-new
        reply4-1 reply4-1000 request6-1000 reply6-1000
        segment4-1000 segment6-1000'''},
    # Times are not exact: of many short ones the least counts, which is the one
    # that nothing else came into.
    'native': {'repeats': 16, 'packets': 4000, 'new': 2000, 'most': True,
               'cases': '''
        udp4-1000 udp4-100000 udp4-1000000 udp4-new
        request4-1000 request4-100000 request4-new reply4-1000'''},
}


class Peer:
    """A file in peers/, and what its first lines say."""

    def __init__(self, path):
        self.path = path
        self.name = os.path.basename(path)[:-3]
        self.tags = {}
        with open(path, encoding='ascii') as file:
            for line in file:
                found = re.match(r'# (\w+): (.*)', line)
                if found:
                    self.tags[found[1]] = found[2].strip()

    def words(self, tag, default=''):
        return self.tags.get(tag, default).split()

    @property
    def side(self):
        return self.tags.get('side', 'balancer')

    def can(self, case, most=False):
        """Whether it has this case; MOST: with more flows than it says, too."""
        if case['what'] not in WHATS[self.side]:
            return False
        if not most and case['flows'] != 'new' and \
                case['flows'] > int(self.tags.get('most', case['flows'])):
            return False
        return (str(case['family']) in self.words('families', '4 6') and
                case['what'] in self.words('protocols',
                                           'udp tcp request reply segment'))


def peers():
    """All that there are, in the order of the table."""
    found = [Peer(path) for path in glob.glob(f'{HERE}/peers/*.sh')]
    return sorted(found, key=lambda peer: int(peer.tags['rank']))


def case(name):
    """The case of a name."""
    found = re.fullmatch(r'(udp|tcp|request|reply|segment)([46])-(\d+|new)', name)
    if not found:
        raise ValueError(f'no case {name!r}: see tests/bench/plan.py')
    flows = found[3] if found[3] == 'new' else int(found[3])
    return {'name': name, 'what': found[1], 'family': int(found[2]),
            'flows': flows}


def choose(names, known, what):
    """NAMES, or all that are known if it is empty."""
    wrong = [name for name in names if name not in known]
    if wrong:
        raise ValueError(f'no {what} {wrong[0]!r}: there are {" ".join(known)}')
    return [name for name in known if not names or name in names]


def plans(form, names, cases, jobs):
    """What each of the machines does; the peers are dealt out to them."""
    names = choose(names, [peer.name for peer in peers()], 'peer')
    form = FORMS[form]
    cases = [case(name) for name in cases or form['cases'].split()]
    for number in range(min(jobs, len(names))):
        yield {'peers': names[number::jobs], 'cases': cases,
               'most': form.get('most', False),
               **{key: form[key] for key in ('repeats', 'packets', 'new')}}


def main():
    parser = argparse.ArgumentParser(description='Print a plan on each line.')
    parser.add_argument('--form', default='short', choices=FORMS)
    parser.add_argument('--peers', default='')
    parser.add_argument('--cases', default='')
    parser.add_argument('--jobs', type=int, default=1)
    parser.add_argument('--repeats', type=int)
    options = parser.parse_args()
    try:
        for plan in plans(options.form, options.peers.split(),
                          options.cases.split(), options.jobs):
            if options.repeats:
                plan['repeats'] = options.repeats
            print(json.dumps(plan))
    except ValueError as error:
        sys.exit(f'bench.sh: error: {error}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
