# SPDX-License-Identifier: GPL-2.0
"""A balancer and a real server of the fake kernel, for dsrctl doctor."""

import json

import pytest

import fakekernel as k
import sample as s
import uapi as u
from fakekernel import Objects, Reply

LB_CONF = ('all', 'lo', 'eth0', 'eth1')


class Machine:
    """A balancer, or a real server, that is well."""

    def __init__(self, fake, kernel, root, balancer=True):
        self.fake, self.kernel, self.root = fake, kernel, root
        self.packets = []
        devices = ((1, 'lo', 0x49), (2, 'eth0', 0x1043), (3, 'eth1', 0x1043))
        kernel.objects = {
            k.RTM_GETLINK: Objects(k.RTM_NEWLINK, *(
                s.link(*one, 1500, s.attr(1, b'\2\0\0\0\1' + bytes([one[0]])))
                for one in devices)),
            k.RTM_GETADDR: Objects(
                k.RTM_NEWADDR, s.address(1, '127.0.0.1', 8, 254),
                *((s.address(2, '10.10.31.11', 24),
                   s.address(3, '10.10.30.11', 24)) if balancer else
                  (s.address(2, '10.10.30.101', 24),))),
            k.RTM_GETNEIGH: Objects(k.RTM_NEWNEIGH, s.neighbour(
                2, '10.10.30.11', s.MAC['lv1'])),
            k.RTM_GETROUTE: lambda request: Objects(
                k.RTM_NEWROUTE, s.route(s.W101, 3) if balancer and
                s.packed(s.W101) in request.data else s.route(s.CLIENT, 2)),
            k.SOCK_DIAG: Objects(k.SOCK_DIAG, s.listening(80)),
        }
        empty = Reply()
        self.services = [s.service(1, counters=(10, 10, 10), backends=1)]
        self.backends = [s.backend(1, s.W101, state=u.DSR_BACKEND_REACHABLE,
                                   ifindex=3, mac=s.MAC['w101'])]
        self.rules = [s.rule(s.VIP)]
        self.reasons = {}
        kernel.answers.update({
            ('dsr', u.DSR_CMD_SERVICE_GET): lambda r: Reply(
                *(self.services if balancer else ())),
            ('dsr', u.DSR_CMD_BACKEND_GET): lambda r: Reply(
                *(self.backends if balancer else ())),
            ('dsr', u.DSR_CMD_PATH_GET): empty,
            ('dsr', u.DSR_CMD_CONNECTION_GET): empty,
            ('dsr', u.DSR_CMD_EXPLAIN): Reply(
                s.explanation('pass_no_service')),
            ('dsr', u.DSR_CMD_STATS_GET): self.stats,
            ('dsr_rs', u.DSR_RS_CMD_STATS_GET): self.stats,
            ('dsr_rs', u.DSR_RS_CMD_RULE_GET): lambda r: Reply(
                *(() if balancer else self.rules)),
            ('dsr_rs', u.DSR_RS_CMD_SILENCE_GET): empty,
            ('dsr_rs', u.DSR_RS_CMD_FLOW_GET): empty,
        })
        self.entries = 0
        self.asked = 0
        for family in ('ipv4', 'ipv6'):
            for name in LB_CONF:
                self.sysctl(f'{family}/conf/{name}/forwarding', int(balancer))
        for name in LB_CONF:
            for key in ('rp_filter', 'accept_local', 'arp_ignore'):
                self.sysctl(f'ipv4/conf/{name}/{key}', 0)

    def stats(self, _):
        """Counters that begin at 1 and rise by what the test says."""
        self.asked += 1
        late = self.asked > 2
        return Reply(s.table(self.entries, 100, 16, 16) + b''.join(
            s.reason(name, 1 + rise * late)
            for name, rise in self.reasons.items()))

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding='ascii')

    def sysctl(self, key, value):
        self.write(f'proc/sys/net/{key}', f'{value}\n')

    def module(self, name, version='0.1'):
        self.write(f'sys/module/{name}/initstate', 'live\n')
        self.write(f'sys/module/{name}/version', f'{version}\n')

    def saw(self, way, kind, src, sport, dst, dport, times=1, dev=2, tos=0,
            mac='02:00:00:00:00:01'):
        self.packets.append(f'{way} {kind} {dev} {tos:x} {mac} {src} {sport} '
                            f'{dst} {dport} {times}\n')

    def claims(self, *answers, dev=2, vip=s.VIP):
        """These MAC addresses answer ARP."""
        self.write('arp', ''.join(f'{dev} {vip} {mac}\n' for mac in answers))

    def run(self, *words, time='100ms'):
        self.asked = 0
        self.write('packets', ''.join(self.packets))
        return self.fake(*words, f'doctor time {time}',
                         env={'DSRCTL_FAKE_PROC': str(self.root)})

    def codes(self, time='100ms'):
        done = self.run('-j', time=time)
        found = json.loads(done.out)
        done.check(1 if found else 0)
        return {one['code']: one for one in found}


@pytest.fixture
def lv1(fake, kernel, tmp_path):
    return Machine(fake, kernel, tmp_path / 'root')


@pytest.fixture
def w101(fake, kernel, tmp_path):
    return Machine(fake, kernel, tmp_path / 'root', False)
