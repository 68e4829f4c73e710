# SPDX-License-Identifier: GPL-2.0
"""Checks of the slow path also apply to known flows on the fast path.

kmod/rs/datapath/fastpath.h lists them. test_policy.py tests the policies; this
file tests frames for other machines. For the balancer's fast path see
test_path_frames.py::test_refused and the tests after it.
"""

import socket

import pytest

import wire
from host import run, wait_for
from network import CLIENT, VIP, W103, mac_of

# an address that no test has sent from, so that bridges flood its frames
ELSEWHERE = '02:00:00:00:00:9a'
EVERYBODY = 'ff:ff:ff:ff:ff:ff'
# 224.0.0.1's, all systems
SOME = '01:00:5e:00:00:01'


def quoted(port):
    return wire.udp(9, port, b'x', src=VIP, dst=CLIENT)


# as for a known flow, and as for another one; the last has no flow
PACKETS = {
    'udp': [wire.udp(4000, 9, b'x'), wire.udp(4001, 9, b'x')],
    'tcp': [wire.tcp(4000, 80, wire.ACK), wire.tcp(4001, 80, wire.ACK)],
    'icmp error': [wire.icmp_error(3, 3, quoted(4000)),
                   wire.icmp_error(3, 3, quoted(4001))],
    'malformed': [wire.udp(4000, 9, b'x', length=4)],
}


def behind_bridge(third):
    """w103 behind a bridge of its own, with another machine there."""
    run('modprobe', 'br_netfilter')
    # modprobe -r would take the bridge with it, and all bridges
    third.site.undo.insert(0, lambda: run('rmmod', 'br_netfilter'))
    third.ip(f'''
        link add br0 address {mac_of(W103)} type bridge forward_delay 0
        link add vm0 type veth peer name vm1
        addr del {W103}/24 dev eth0
        link set eth0 master br0
        link set vm0 master br0 up
        link set vm1 up
        link set br0 up
        addr add {W103}/24 dev br0''')


@pytest.fixture
def sink(third):
    third.dsrctl(f'real add vip {VIP}')
    for kind, port in ((socket.SOCK_DGRAM, 9), (socket.SOCK_STREAM, 80)):
        sock = third.socket(socket.AF_INET, kind)
        third.site.sockets.append(sock)
        sock.bind(('', port))
        if kind == socket.SOCK_STREAM:
            sock.listen(10)
    return third


@pytest.mark.parametrize('mac', [ELSEWHERE, EVERYBODY, SOME],
                         ids=['bridged', 'broadcast', 'multicast'])
def test_known_flow_of_another_machine(sink, mac):
    """A frame for another machine is not delivered, even of a known flow; nor
    is a broadcast frame, since a packet to one address must not be in one (RFC
    1122, section 3.3.6)."""
    if mac == ELSEWHERE:
        behind_bridge(sink)
    since = sink.reasons()
    with wire.Tap(sink.site.lv2, 'eth1') as tap, \
            wire.Tap(sink, 'vm1' if mac == ELSEWHERE else 'lo') as vm:
        for _ in range(2):
            tap.send(PACKETS['udp'][0], W103)
        wait_for('the flow is known', lambda: since['delivered'] == 2)
        sent = 0
        for name, packets in PACKETS.items():
            for packet in packets:
                tap.send(packet, mac)
                sent += 1
                # the bridge sends frames of its own to others
                wait_for(f'{name}: left alone', lambda n=sent: since[
                    'pass_not_to_this_host'] >= n)
                assert since['delivered'] == 2, name
        tap.send(PACKETS['udp'][0], W103)
        wait_for('the flow goes on', lambda: since['delivered'] == 3)
        assert not since['drop_malformed']
        if mac == ELSEWHERE:
            for packets in PACKETS.values():
                for packet in packets:
                    vm.wait(lambda p, packet=packet: p.packet == packet,
                            'it crosses the bridge')
