# SPDX-License-Identifier: GPL-2.0
"""Random changes of everything, beside traffic: see chaos.py.

DSR_CHAOS_ROUNDS is the number of rounds. DSR_CHAOS_SEED selects other changes:
it is the seed of the first round, and each round has the next one.
"""

import os

import pytest

from chaos import KINDS, Chaos
from host import Failure

SEED = int(os.environ.get('DSR_CHAOS_SEED', 34))
ROUNDS = int(os.environ.get('DSR_CHAOS_ROUNDS', 1))
TIMES = 1               # of each kind, in a round


@pytest.mark.parametrize('seed', range(SEED, SEED + ROUNDS))
def test_chaos(site, seed):
    """Traffic flows again, each packet has a reason, and nothing is held."""
    chaos = Chaos(site, seed)
    try:
        chaos.run(TIMES)
        packets = chaos.check()
        chaos.end()
    except (Failure, OSError) as error:
        raise Failure(f'seed {seed}: {error}; before that:\n' +
                      '\n'.join(chaos.log[-30:])) from error
    print(f'\ntried: seed {seed}, {len(KINDS) * TIMES} changes, {packets} packets')
