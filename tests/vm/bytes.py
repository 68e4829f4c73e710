#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Bytes per connection, of dsr_lb and of IPVS; run by scripts/bytes.sh.

Each gets the same UDP flows, from pktgen. Per connection: "object" is the size
of one, "slab" its share of the pages of their cache, "all slabs" the growth of
all slab caches of the kernel, and "table" the buckets of the hash table.
"""

import contextlib
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from balancer import Balancer                           # noqa: E402
from host import run, wait_for                          # noqa: E402
from network import CLIENT6, VIP, VIP6, Network, mac_of  # noqa: E402
from pktgen import Pktgen                               # noqa: E402
from traffic import Site                                # noqa: E402

FLOWS = int(sys.argv[1]) if len(sys.argv) > 1 else 100000
CACHES = ('dsr_conn', 'dsr_conn6', 'ip_vs_conn')
SINK, SINK6 = '10.10.40.2', '2001:db8:40::2'
PORTS = 1009                    # a prime: all pairs occur before one repeats


def slabs():
    """Kilobytes of all slab caches, after freeing spare pages."""
    for cache in CACHES:
        with contextlib.suppress(FileNotFoundError), open(
                f'/sys/kernel/slab/{cache}/shrink', 'w',
                encoding='ascii') as file:
            file.write('1')
    with open('/proc/meminfo', encoding='ascii') as file:
        return next(int(line.split()[1]) for line in file
                    if line.startswith('Slab:'))


def slab(cache):
    """(objects in use, bytes of one, bytes of all pages) of a slab cache."""
    with open('/proc/slabinfo', encoding='ascii') as file:
        for line in file:
            words = line.split()
            if words[0] == cache:
                return (int(words[1]), int(words[3]),
                        int(words[14]) * int(words[5]) * 4096)
    return 0, 0, 0


def flood(network, **settings):
    last = FLOWS // PORTS + 2
    with Pktgen(network['front'], 'lv1', count=FLOWS, pkt_size=78,
                dst_mac=network['lv1'].mac('eth0').hex(':'),
                udp_src_min=2000, udp_src_max=2000 + PORTS,
                udp_dst_min=1000, udp_dst_max=1000 + last, **settings) as gen:
        gen.wait()


def measure(network, name, cache, count, table, packets):
    before = slabs()
    flood(network, **packets)
    wait_for(f'{FLOWS} connections of {name}', lambda: count() >= FLOWS, 60)
    used, size, pages = slab(cache)
    grown = (slabs() - before) * 1024
    print(f'{name:<12} {count():>9} {size:>7} {pages / used:>9.1f} '
          f'{grown / FLOWS:>9.1f} {table() / FLOWS:>9.1f}', flush=True)


def ipvs_table():
    with open('/sys/module/ip_vs/parameters/conn_tab_bits',
              encoding='ascii') as file:
        return 8 << int(file.read())


def lay_wire(host, network):
    """Connect the one real server, which drops all packets."""
    host.ip('link add name eth9 type veth peer name sink netns back')
    network['back'].ip('link set sink up')
    host.sysctl('ipv6/conf/eth9/disable_ipv6', 0)
    host.ip(f'''
        addr add 10.10.40.1/24 dev eth9
        addr add 2001:db8:40::1/64 dev eth9 nodad
        link set eth9 up
        neigh replace {SINK} lladdr {mac_of(SINK)} dev eth9 nud permanent
        neigh replace {SINK6} lladdr {mac_of(SINK)} dev eth9 nud permanent
        addr add {VIP}/32 dev lo
    ''')


def main():
    with Network() as network:
        network.load('dsr_lb')
        network.up()
        network.enable_ipv6()
        site, host = Site(network), network['lv1']
        lay_wire(host, network)
        packets4 = {'src_min': '10.10.31.200', 'dst': VIP}
        packets6 = {'src6': CLIENT6, 'dst6': VIP6}
        print(f'{"":<12} {"number":>9} {"object":>7} {"slab":>9} '
              f'{"all slabs":>9} {"table":>9}')

        lv1 = Balancer(site)
        lv1.set_table(max=2 * FLOWS)
        for name, cache, vip, sink, packets in (
                ('dsr IPv4', 'dsr_conn', VIP, SINK, packets4),
                ('dsr IPv6', 'dsr_conn6', VIP6, SINK6, packets6)):
            lv1.service('add', vip=vip)
            lv1.backend('add', sink, vip=vip)
            measure(network, name, cache,
                    lambda: lv1.table()['entries'],
                    lambda: lv1.table()['buckets'] * 64, packets)
            lv1.service('delete', vip=vip)
            wait_for('none is left', lambda c=cache: slab(c)[0] < FLOWS / 10, 60)

        for name, vip, sink, packets in (
                ('IPVS IPv4', VIP, SINK, packets4),
                ('IPVS IPv6', VIP6, SINK6, packets6)):
            run('modprobe', '-a', 'ip_vs', 'ip_vs_rr')
            if vip == VIP6:
                host.ip(f'addr add {VIP6}/128 dev lo')
            option = '[{}]:0' if ':' in vip else '{}'
            mark = 'ip6' if ':' in vip else 'ip'
            host.nft(f'''
                table {mark} ipvs {{ chain prerouting {{
                    type filter hook prerouting priority mangle;
                    {mark} daddr {vip} meta mark set 1
                }}
                }}
            ''')
            family = ['-6'] if ':' in vip else []
            host.run('ipvsadm', '-A', '-f', '1', *family, '-s', 'rr')
            host.run('ipvsadm', '-a', '-f', '1', *family, '-r',
                     option.format(sink), '-g')
            # the list of its connections is slow to read
            measure(network, name, 'ip_vs_conn',
                    lambda: slab('ip_vs_conn')[0], ipvs_table, packets)
            host.run('ipvsadm', '-C')
            # its connections would stay until their timeouts
            run('modprobe', '-r', 'ip_vs_rr', 'ip_vs')
        for sock in site.undo:
            sock()
    return 0


if __name__ == '__main__':
    sys.exit(main())
