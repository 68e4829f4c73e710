#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Packets on two processors at a time; runs in the virtual machine of profile.sh.

The way is that of bench.py, but each device has two queues, and each processor has
its own from pktgen to the sink. So what both of them write to is what the balancer
and the kernel make them share. Known flows of UDP:

    apart    each processor has a thousand flows of its own; the service is one,
             and so are its two backends
    same     both processors get packets of one and the same flow
"""

import argparse
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from bench import UDP, Marks, Rig, Skip, be_first, tidy     # noqa: E402
from network import Network                                 # noqa: E402
from plan import peers                                      # noqa: E402

PACKETS = 5000                  # of each processor


def measure(rig, peer, marks):
    flows = rig.flows(1000), rig.flows(1000)
    for case, parts in (('apart', flows), ('same', [rig.flows(1)] * 2)):
        for part in parts:
            for _ in range(int(peer.tags.get('warm', 1))):
                rig.shoot(UDP, part, 1000)
        # whatever is found out with the first packet on each of them is known
        for count in (100, PACKETS):
            for cpu, part in enumerate(parts):
                rig.aim(UDP, part, count, cpu)
            if count < PACKETS:
                rig.volley()
                continue
            before = rig.arrived()
            with marks.window(peer.name, case, 2 * PACKETS):
                rig.volley()
            lost = 2 * PACKETS - (rig.arrived() - before)
            print(f'{peer.name}: {case}: {lost} lost', flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('generator')
    parser.add_argument('directory', help='for the marks')
    parser.add_argument('peers', nargs='+')
    options = parser.parse_args()
    marks = Marks(options.directory)
    be_first()
    for peer in peers():
        if peer.name not in options.peers:
            continue
        with Rig(4, options.generator, queues=2) as rig:
            try:
                for module in peer.words('loads'):
                    Network().load(module)
                rig.set_up(peer)
                measure(rig, peer, marks)
            except Skip as reason:
                print(f'{peer.name}: left out: {reason}', flush=True)
        tidy(peer)
    return 0


if __name__ == '__main__':
    sys.exit(main())
