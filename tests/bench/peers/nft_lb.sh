#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# rank: 60
# warm: 0
# about: nftables at ingress, the rules that nftlb makes: a map of services, two hashes
case $FAMILY in
4) service='ip protocol . ip daddr' type=ipv4_addr ;;
6) service='ip6 nexthdr . ip6 daddr' type=ipv6_addr ;;
esac
nft -f - <<-END
	table netdev nftlb {
		map services {
			type inet_proto . $type . inet_service : verdict
			elements = { udp . $VIP . $PORT : goto lb01, tcp . $VIP . $PORT : goto lb01 }
		}
		chain lb01 {
			ether saddr set $MAC_LB1 ether daddr set jhash $IP saddr . th sport mod 2 map { 0 : $MAC_R1, 1 : $MAC_R2 } fwd to jhash $IP saddr . th sport mod 2 map { 0 : lb1, 1 : lb2 }
		}
		chain lb0 {
			type filter hook ingress device lb0 priority 101;
			$service . th dport vmap @services
		}
	}
END
