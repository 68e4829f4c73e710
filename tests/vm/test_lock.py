# SPDX-License-Identifier: GPL-2.0
"""A long request does not delay other requests."""

import concurrent.futures
import itertools
import time

import pytest

import genl
from balancer import Balancer, encode, uapi

SLOTS = 1048573         # the scheduler that takes longest to build


def during(sock, messages, short, wanted, seconds=180):
    """Send requests until short() finishes during one often enough.

    A request is carried out while it is sent. In the first and the last
    quarter, the scheduler may run only one of the two for a while.
    """
    def timed(message, flags):
        begin = time.monotonic()
        sock.sock.send(message)
        end = time.monotonic()
        assert not sock.answer(flags)
        return begin, end

    found, deadline = 0, time.monotonic() + seconds
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        while found < wanted:
            assert time.monotonic() < deadline, 'it waits for the request'
            future, spans = pool.submit(timed, *next(messages)), []
            while not future.done():
                begin = time.monotonic()
                short()
                spans.append((begin, time.monotonic()))
            first, last = future.result()
            quarter = (last - first) / 4
            found = sum(first + quarter < begin and end < last - quarter
                        for begin, end in spans)


@pytest.fixture
def lv1(site):
    """A service with a large table and many backends."""
    lv1 = Balancer(site)
    lv1.genl.sock.settimeout(180)
    lv1.service()
    for number in range(110, 210):
        lv1.backend('add', f'10.10.30.{number}')
    lv1.service('set', scheduler='maglev', table_size=SLOTS)
    return lv1


def fill(lv1):
    """Requests that fill the table again."""
    for value in itertools.cycle(['source', 'source-port']):
        yield lv1.genl.message(
            uapi.DSR_CMD_SERVICE_SET, genl.nest(genl.A_SERVICE, encode(
                'SERVICE', {'fwmark': 1, 'hash': value})),
            genl.NLM_F_ACK), genl.NLM_F_ACK


def test_table_is_filled_outside_of_the_lock(site, lv1):
    """A query is answered at once."""
    other = Balancer(site)
    other.genl.sock.settimeout(180)
    during(lv1.genl, fill(lv1), other.table, 5)
