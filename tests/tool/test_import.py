# SPDX-License-Identifier: GPL-2.0
"""The command import, with an ip_vs that the fake kernel has."""

import errno
import os
import signal
import socket
import struct
import subprocess
import threading

import pytest

import sample
import uapi as u
from conftest import run
from fakekernel import (FAMILIES, Ack, Reply, attr, be16, nest, packed,
                        parse_attrs, string, u16, u32)

# linux/ip_vs.h
GET_SERVICE, GET_DEST, GET_CONFIG, FLUSH = 4, 8, 13, 17
CMD_SERVICE, CMD_DEST, CMD_TCP, CMD_FIN, CMD_UDP = 1, 2, 4, 5, 6
DIRECT = 3
SVC_F_SCHED2 = 0x10         # of mh: the port, too
ESTABLISHED, FIN, UDP = 900000, 120000, 300000      # of dsr_lb, before
SECONDS = (7, 8, 9)                                 # of ip_vs
FILES = ('sys/module/ip_vs/initstate', 'proc/net/ip_vs_conn')


def address(kind, text):
    return attr(kind, packed(text).ljust(16, b'\0'))


def ipvs_service(vip, port, scheduler='rr', flags=0):
    return nest(CMD_SERVICE, u16(1, socket.AF_INET), u16(2, sample.TCP),
                address(3, vip), be16(4, port), string(6, scheduler),
                attr(7, struct.pack('=II', flags, 0xffffffff)), u32(8, 0), u32(9, 0xffffffff))


def ipvs_dest(addr):
    return nest(CMD_DEST, address(1, addr), be16(2, 0), u32(3, DIRECT),
                u32(4, 1), u32(5, 0), u32(6, 0))


def line(client, vip, vport, dest):
    """As /proc/net/ip_vs_conn has it."""
    def number(text):
        return packed(text).hex().upper()
    return (f'TCP {number(client[0])} {client[1]:04X} {number(vip)} {vport:04X} '
            f'{number(dest)} {vport:04X} ESTABLISHED     899\n')


class Site:
    """ip_vs with services at one VIP, on ports from 1000 on; dsr_lb is empty."""

    def __init__(self, kernel, root):
        self.kernel, self.root = kernel, root
        self.ports, self.lines = [], []
        kernel.families.append('IPVS')
        table = nest(u.DSR_A_TABLE, u32(u.DSR_TABLE_A_MAX, 1000), sample.timeouts(
            u.DSR_TABLE_A_TIMEOUTS, 10000, ESTABLISHED, FIN, 10000, UDP))
        kernel.answers.update({
            ('IPVS', GET_SERVICE): lambda r: Reply(*(
                ipvs_service(sample.VIP, port) for port in self.ports)),
            ('IPVS', GET_DEST): Reply(ipvs_dest(sample.W101),
                                      ipvs_dest(sample.W102)),
            ('IPVS', GET_CONFIG): Reply(*(
                u32(kind, seconds) for kind, seconds in zip(
                    (CMD_TCP, CMD_FIN, CMD_UDP), SECONDS))),
            ('IPVS', FLUSH): Ack(),
            ('dsr', u.DSR_CMD_STATS_GET): Reply(table),
            ('dsr', u.DSR_CMD_CONNECTION_ADD): self.add,
        })
        for name in FILES:
            (root / name).parent.mkdir(parents=True)
        (root / FILES[0]).write_text('live\n', encoding='ascii')

    def add(self, request):
        return Reply(nest(u.DSR_A_ADDED, u32(u.DSR_ADDED_A_ADDED,
                                             len(request.attrs))))

    def write(self, number, connections):
        """NUMBER services, from the last one on, and connections of them."""
        self.ports = list(range(1000 + number - 1, 999, -1))
        (self.root / FILES[1]).write_text('Pro FromIP\n' + ''.join(
            line((sample.CLIENT, 20000 + i), sample.VIP,
                 self.ports[i * 7919 % number], sample.W102)
            for i in range(connections)), encoding='ascii')

    @property
    def env(self):
        return {'DSRCTL_FAKE_KERNEL': self.kernel.path,
                'DSRCTL_FAKE_PROC': str(self.root)}

    def sent(self, *commands):
        return [one for one in self.kernel.requests if
                one.kind == FAMILIES['dsr'] and one.cmd in commands]

    def ports_of(self, command):
        return [struct.unpack('!H', one.nest(u.DSR_A_SERVICE)[
            u.DSR_SERVICE_A_PORT])[0] for one in self.sent(command)]

    def timeouts(self):
        """(established, fin, udp) of each request that sets them."""
        found = []
        for one in self.sent(u.DSR_CMD_CONNECTION_SET):
            inner = {k: v for k, _, v in parse_attrs(one.nest(
                u.DSR_A_TABLE)[u.DSR_TABLE_A_TIMEOUTS])}
            found.append(tuple(struct.unpack('=I', inner[kind])[0] for kind in (
                u.DSR_TIMEOUT_A_ESTABLISHED, u.DSR_TIMEOUT_A_FIN,
                u.DSR_TIMEOUT_A_UDP)))
            assert len(inner) == 3
        return found


BEFORE = (ESTABLISHED, FIN, UDP)
OF_IPVS = tuple(1000 * one for one in SECONDS)


@pytest.fixture
def site(kernel, tmp_path):
    return Site(kernel, tmp_path / 'root')


def test_whole(site, fake):
    """All is in dsr_lb before anything goes from ip_vs."""
    site.write(3, 500)
    site.kernel.answers['IPVS', FLUSH] = Ack(errno.EPERM, 'no')
    fake('import ipvs', env=site.env).check(2, 'dsrctl: no\n')
    assert site.ports_of(u.DSR_CMD_SERVICE_ADD) == [1000, 1001, 1002]
    assert len(site.sent(u.DSR_CMD_BACKEND_ADD)) == 6
    assert [len(one.attrs) for one in site.sent(u.DSR_CMD_CONNECTION_ADD)] == [
        400, 100]
    assert not site.sent(u.DSR_CMD_SERVICE_DELETE)
    assert site.kernel.requests[-1].cmd == FLUSH


def test_scheduler_last(site, fake):
    """Each backend would fill a table of 65521 slots while packets wait."""
    site.write(1, 0)
    site.kernel.answers['IPVS', GET_SERVICE] = Reply(
        ipvs_service(sample.VIP, 80, 'mh', SVC_F_SCHED2))
    site.kernel.answers['IPVS', FLUSH] = Ack(errno.EPERM, 'no')
    fake('import ipvs', env=site.env).check(2, 'dsrctl: no\n')
    sent = site.sent(u.DSR_CMD_SERVICE_ADD, u.DSR_CMD_BACKEND_ADD,
                     u.DSR_CMD_SERVICE_SET)
    assert [one.cmd for one in sent] == [
        u.DSR_CMD_SERVICE_ADD, u.DSR_CMD_BACKEND_ADD, u.DSR_CMD_BACKEND_ADD,
        u.DSR_CMD_SERVICE_SET]
    first, last = (one.nest(u.DSR_A_SERVICE) for one in (sent[0], sent[-1]))
    assert u.DSR_SERVICE_A_SCHEDULER not in first
    assert last[u.DSR_SERVICE_A_SCHEDULER] == b'maglev\0'
    assert last[u.DSR_SERVICE_A_HASH] == bytes([u.DSR_HASH_SOURCE_PORT])


def test_undone(site, fake):
    """A service is refused: those before it go, the timeouts are as before."""
    site.write(5, 3)
    site.kernel.answers['dsr', u.DSR_CMD_SERVICE_ADD] = [
        Ack(), Ack(), Ack(errno.EEXIST, 'no')]
    fake('import ipvs', env=site.env).check(
        2, 'dsrctl: no\ndsrctl: ip_vs balances as before\n')
    # in the order that dsr_lb keeps, from which the last is known at once
    assert site.ports_of(u.DSR_CMD_SERVICE_ADD) == [1000, 1001, 1002]
    # the third is not ours
    assert site.ports_of(u.DSR_CMD_SERVICE_DELETE) == [1000, 1001]
    assert site.timeouts() == [OF_IPVS, BEFORE]
    assert FLUSH not in [one.cmd for one in site.kernel.requests
                         if one.kind == FAMILIES['IPVS']]


def test_timeouts_refused(site, fake):
    """Nothing else was done."""
    site.write(1, 0)
    site.kernel.answers['dsr', u.DSR_CMD_CONNECTION_SET] = [
        Ack(errno.EPERM, 'no'), Ack()]
    assert fake('import ipvs', env=site.env).status == 2
    assert site.timeouts() == [OF_IPVS, BEFORE]
    assert not site.sent(u.DSR_CMD_SERVICE_ADD, u.DSR_CMD_SERVICE_DELETE)


def test_killed(site, plain_binary):
    """Killed with half of the services: the other process removes them."""
    began, ended, done = threading.Event(), threading.Event(), threading.Event()
    site.write(4, 0)

    def add(_):
        if len(site.sent(u.DSR_CMD_SERVICE_ADD)) == 3:
            began.set()
            assert ended.wait(60)
        return Ack()

    def set_timeouts(_):
        if len(site.timeouts()) == 2:
            done.set()
        return Ack()
    site.kernel.answers['dsr', u.DSR_CMD_SERVICE_ADD] = add
    site.kernel.answers['dsr', u.DSR_CMD_CONNECTION_SET] = set_timeouts
    with subprocess.Popen([plain_binary, 'import', 'ipvs'], env=site.env,
                          stderr=subprocess.PIPE) as child:
        assert began.wait(60)
        child.send_signal(signal.SIGKILL)
        child.wait()
        ended.set()
        assert done.wait(60)
        assert child.stderr.read() == (
            b'dsrctl: the import was killed: ip_vs balances as before\n')
    # the kernel may have added the third
    assert site.ports_of(u.DSR_CMD_SERVICE_DELETE) == [1000, 1001, 1002]
    assert site.timeouts() == [OF_IPVS, BEFORE]


def test_many_services(site, plain_binary, measure):
    """A connection of 400 services costs what one of 20 does."""
    cost = []

    def add(request):
        before.append(site.kernel.sent)
        return site.add(request)
    for number in (20, 400):
        before = []
        # what the test is about comes before ip_vs is deleted: end there
        site.kernel.answers['IPVS', FLUSH] = Ack(errno.EPERM, 'no')
        site.kernel.answers['dsr', u.DSR_CMD_CONNECTION_ADD] = add
        site.write(number, 200)
        site.kernel.sent = 0
        run(plain_binary, 'import ipvs', env=site.env).check(2, 'dsrctl: no\n')
        added, = before
        site.kernel.sent = 0
        cost.append(measure(added, added + 1, [plain_binary, 'import', 'ipvs'],
                            {**os.environ, **site.env}, status=2)[0])
    print(f'{cost} instructions')
    assert 0 < cost[1] < 1.2 * cost[0]
