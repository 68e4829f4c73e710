# SPDX-License-Identifier: GPL-2.0
"""Each call of a dump covers a bounded part of the table.

Netlink begins a dump with a lock that stops registration of all families of
the machine, and each call takes a table's own locks.
"""

import struct

import pytest

import genl
from balancer import Balancer, encode, uapi
from network import VIP
from probe import Probe

NOTHING = genl.nest(genl.A_CONNECTION, encode('CONNECTION', {'dport': 1}))
LV1 = ('lv1', 'dsr', uapi.DSR_CMD_CONNECTION_GET, NOTHING)
W101 = ('w101', 'dsr_rs', uapi.DSR_RS_CMD_FLOW_GET, b'')


def parts(host, family, command, payload):
    """The size of the first message of each call of a dump, except the last.
    """
    found = []
    with host.at(), genl.Genl(family) as sock:
        sock.sock.send(sock.message(command, payload, genl.NLM_F_DUMP))
        while True:
            size, kind = struct.unpack_from('IH', sock.sock.recv(1 << 18))
            if kind == genl.NLMSG_DONE:
                return found
            found.append(size)


@pytest.mark.parametrize('machine, family, command, payload', [LV1, W101],
                         ids=['a filter that matches nothing', 'no flows'])
def test_nothing_to_show(silent, machine, family, command, payload):
    """The first call, like each other one, ends long before the end of the
    table."""
    # the table may have flows of earlier tests
    silent.net.reload('dsr_rs')
    silent.w101.dsrctl(f'real add vip {VIP}')
    found = parts(silent.net[machine], family, command, payload)
    assert len(found) >= 1024 // 512 - 1
    assert set(found) == {genl.EMPTY}


class Flush:
    """A flush in the form of a dump, whose first part the kernel has done."""

    def __init__(self, host, command, family='dsr'):
        with host.at():
            self.genl = genl.Genl(family)
        self.genl.sock.send(self.genl.message(command, b'', genl.NLM_F_DUMP))

    def finish(self):
        """Read to the end: the number of the other calls."""
        calls = 0
        while True:
            size, kind = struct.unpack_from('IH', self.genl.sock.recv(1 << 18))
            if kind == genl.NLMSG_DONE:
                return calls
            assert size == genl.EMPTY
            calls += 1

    def close(self):
        self.genl.sock.close()


def many_services(silent):
    silent.lv1.configure('\n'.join(f'service add fwmark {mark}'
                                   for mark in range(2, 602)))
    return 'SERVICE_FLUSH', lambda: len(silent.lv1.show('service show'))


def many_connections(silent):
    with Probe(silent) as probe:
        for port in range(4000, 4064):
            probe.syn(port)
    return 'CONNECTION_FLUSH', lambda: len(Balancer(silent).connections())


@pytest.mark.parametrize('fill', [many_services, many_connections])
@pytest.mark.parametrize('end', ['finish', 'close'])
def test_flush_in_parts(silent, fill, end):
    """Each call removes a bounded part. All goes, and is told of once, also if
    the reader goes away."""
    name, left = fill(silent)
    was = left()
    events = Balancer(silent).events()
    flush = Flush(silent.lv1, getattr(uapi, f'DSR_CMD_{name}'))
    assert 0 < left() < was
    assert getattr(flush, end)() != 0
    events.wait(lambda heard, _: heard == name.lower())
    assert left() == 0
    assert events.all() == []


def test_flush_frees_the_table(silent):
    """Without services, the end of the last connection is the table's end."""
    lv1 = Balancer(silent)
    with Probe(silent) as probe:
        probe.syn(4000)
    lv1.request('SERVICE_FLUSH')
    assert lv1.table()['buckets'] and len(lv1.connections()) == 1
    lv1.flush()
    assert lv1.table()['buckets'] == 0


def test_one_of_many(silent):
    """A match is found in any part, also by the tool."""
    lv1 = Balancer(silent)
    with Probe(silent) as probe:
        for port in range(4000, 4064):
            probe.syn(port)
    assert len(lv1.connections()) == 64
    for port in range(4000, 4064, 7):
        one, = lv1.connections(sport=port)
        assert one['sport'] == port
        shown = silent.lv1.show(f'connection show dst {VIP} src '
                                f'10.10.31.200:{port}')
        assert [row['sport'] for row in shown] == [port]
    assert silent.lv1.show(f'connection show dst {VIP}:1') == []
