#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# rank: 40
# most: 100000
# about: a router with a software flowtable, without balancing
# protocols: udp
# warm: 3
modprobe nf_conntrack
# of all namespaces: newer kernels let only the first one change it
nsenter -t 1 -n sysctl -qw net.netfilter.nf_conntrack_max=4000000
ip route add "$VIP" via "$R1"
nft -f - <<-END
	table inet flows {
		flowtable known {
			hook ingress priority 0; devices = { lb0, lb1 };
		}
		chain forward {
			type filter hook forward priority 0;
			meta l4proto udp flow add @known
		}
	}
END
