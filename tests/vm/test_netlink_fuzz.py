# SPDX-License-Identifier: GPL-2.0
"""Random requests, made from the netlink specs, against a model.

DSR_FUZZ_SEED selects other requests, and DSR_FUZZ_REQUESTS their number.
DSR_FUZZ_ROUNDS repeats the test so often, each time with the next seed.
"""

import collections
import glob
import json
import os
import shutil
import sys
import tempfile

import pytest

import spec

SEED = int(os.environ.get('DSR_FUZZ_SEED', 22))
REQUESTS = int(os.environ.get('DSR_FUZZ_REQUESTS', 600))
ROUNDS = int(os.environ.get('DSR_FUZZ_ROUNDS', 1))
NOBODY = ('setpriv', '--reuid=65534', '--regid=65534', '--clear-groups')
HERE = os.path.dirname(os.path.abspath(__file__))


@pytest.fixture
def copy(site):
    """netlink_fuzz.py and what it needs, for a user who may not read more."""
    home = tempfile.mkdtemp(dir=site.net.directory)
    specs = f'{home}/Documentation/netlink/specs'
    os.makedirs(f'{home}/a/b')
    shutil.copytree(spec.DIRECTORY, specs)
    for name in ('netlink_fuzz.py', 'genl.py', os.path.relpath(
            spec.__file__, HERE)):
        shutil.copy(os.path.join(HERE, name), f'{home}/a/b')
    for name in glob.glob(f'{home}/**', recursive=True):
        os.chmod(name, 0o755)
    yield f'{home}/a/b/netlink_fuzz.py'
    shutil.rmtree(home)


@pytest.mark.parametrize('before', [
    ('unshare', '-n'), (*NOBODY, 'unshare', '-Urn')], ids=['root', 'nobody'])
def test_random_requests(site, copy, before):
    """After each of them, the modules have exactly the objects of the model."""
    accepted = collections.Counter()
    for seed in range(SEED, SEED + ROUNDS):
        accepted.update(requests(site, before, copy, seed))
    for kind in ('service', 'backend', 'rule', 'silence', 'path'):
        assert {f'{kind}-add', f'{kind}-replace'} & set(accepted), kind


def requests(site, before, copy, seed):
    """The accepted requests of a seed, by their operations."""
    done = site.lv1.run(*before, sys.executable, copy, str(seed), str(REQUESTS),
                        check=False, timeout=280)
    assert not done.returncode, (
        f'seed {seed}: ' + (done.stdout + done.stderr)[-3000:])
    told = json.loads(done.stdout.splitlines()[-1])
    assert told['requests'] == REQUESTS
    print(f'\ntried: seed {seed}, {REQUESTS} requests,',
          sum(told['accepted'].values()), 'accepted,', told)
    return told['accepted']
