# SPDX-License-Identifier: GPL-2.0
"""Very long lists: the cost of a row, in instructions and memory."""

import ipaddress
import json
import socket

import pytest

import sample
import uapi as u
from fakekernel import Reply

# limit of instructions for a row, from the kernel's message to the output
ROW_MAX = 6000

COST = [('connection show', False), ('connection show', True),
        ('-j connection show', True), ('-j -p connection show', False),
        ('flow show', False), ('-j flow show', True),
        ('connection show sort expires', False),
        ('-j connection show sort src', True)]
MEMORY = ['connection show', '-j connection show', '-j -p connection show',
          'flow show', '-j flow show', 'connection show sort expires',
          '-j connection show sort src', 'connection show sort state limit 10']


def connections(count, inet6=False):
    def address(i):
        return str(ipaddress.ip_address(0x20010db8 << 96 | i * 0x10001)
                   if inet6 else ipaddress.ip_address(0x0a000000 + i))
    vip, via = (sample.VIP6, sample.W6) if inet6 else (sample.VIP, sample.W101)
    return [sample.connection(sample.TCP, address(i), 1024 + i % 60000, vip,
                              443, u.DSR_CONN_ESTABLISHED,
                              i * 7919 % 900000, 17, via)
            for i in range(count)]


def flows(count, inet6=False):
    vip, to = (sample.VIP6, sample.CLIENT6) if inet6 else (sample.VIP,
                                                           sample.W101)
    return [sample.flow(sample.TCP, sample.CLIENT6 if inet6 else
                        sample.CLIENT, 1024 + i % 60000, vip, 443, to, 443,
                        1024 + i % 60000, u.DSR_CONN_ESTABLISHED, 899000)
            for i in range(count)]


def load(kernel, count, inet6=False, size=32):
    kernel.answers['dsr', u.DSR_CMD_CONNECTION_GET] = Reply(
        *connections(count, inet6), size=size)
    kernel.answers['dsr_rs', u.DSR_RS_CMD_FLOW_GET] = Reply(
        *flows(count, inet6), size=size)


def environment(kernel):
    return {'DSRCTL_FAKE_KERNEL': kernel.path, 'LC_ALL': 'C'}


@pytest.mark.parametrize('line, inet6', COST)
def test_instructions(plain_binary, measure, kernel, line, inet6):
    """Instructions of one more packet, once the output streams. Sorted rows
    are printed after the last packet, which ends the dump."""
    packet, size, count = 40, 8, 16
    load(kernel, packet * size, inet6, size)
    words = [plain_binary, *line.split()]
    each = measure(packet, packet + 1, words, environment(kernel))[0] / size
    if 'sort' in line:
        load(kernel, count * size, inet6, size)
        each += measure(3 + count, 10**9, words, environment(kernel))[0] / (
            count * size)
    print(f'{line}: {each:.0f} instructions a row')
    assert 0 < each <= ROW_MAX


@pytest.mark.parametrize('line', MEMORY)
def test_memory(plain_binary, measure, kernel, line):
    """Memory does not grow with the rows; with a sort it grows only by the
    keys and the packed rows."""
    peak = []
    for count in (2000, 42000):
        load(kernel, count)
        peak.append(measure(0, 0, [plain_binary, *line.split()],
                            environment(kernel))[1])
    grown = (peak[1] - peak[0]) / 40000
    print(f'{line}: {grown:.1f} bytes a row, {peak[0]} bytes for 2000')
    assert grown < (128 if line.endswith(('src', 'expires')) else 8)


def test_addresses(fake, kernel):
    """Addresses have the format of inet_ntop(), which would be too slow."""
    texts = ['0.0.0.0', '9.10.99.100', '255.249.200.199', '::', '::1', '1::',
             '::1:2', '1::2', '1:0:0:2::3', '1:0:2:0:3:0:4:0',
             '1::2:0:0:3:4', '::0.1.0.0', '::192.0.2.1', '::ffff:192.0.2.1',
             '::fffe:c000:201', '::2:ffff:c000:201', '1:2:3:4:5:6:7::',
             '0:2:3:4:5:6:7:8', 'ffff:1000:fff:100:ff:10:f:1', '::a:0:0:b',
             'a::b:0:0:c:d', '1:2::', 'fe80::ff:fe00:101', '::1.2.3.4']
    kernel.answers['dsr', u.DSR_CMD_CONNECTION_GET] = Reply(*(
        sample.connection(sample.TCP, text, 1, text, 2, 0, 0, 0, text)
        for text in texts))
    family = {True: socket.AF_INET6, False: socket.AF_INET}
    expected = [socket.inet_ntop(family[':' in text],
                                 socket.inet_pton(family[':' in text], text))
                for text in texts]
    shown = json.loads(fake('-j connection show').check(0).out)
    assert [(one['src'], one['dst'], one['backend']) for one in shown] == [
        (text, text, text) for text in expected]


def test_limit_of_a_sort(fake, kernel):
    """Dropped entries are never among the first; of equal entries the first
    ones stay."""
    everything = connections(5000)
    kernel.answers['dsr', u.DSR_CMD_CONNECTION_GET] = Reply(*everything)
    for sort in ('expires', 'state', 'via', 'src'):
        whole = json.loads(fake(f'-j connection show sort {sort}').out)
        some = json.loads(fake(f'-j connection show sort {sort} limit 700').out)
        assert (len(whole), some) == (5000, whole[:700])
