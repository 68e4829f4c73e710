#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# rank: 50
# warm: 0
# about: nftables at ingress, stateless: one hash, then MAC and device
nft -f - <<-END
	table netdev dsr {
		chain r1 {
			ether saddr set $MAC_LB1 ether daddr set $MAC_R1 fwd to lb1
		}
		chain r2 {
			ether saddr set $MAC_LB2 ether daddr set $MAC_R2 fwd to lb2
		}
		chain lb0 {
			type filter hook ingress device lb0 priority 0;
			$IP daddr $VIP jhash $IP saddr . th sport mod 2 vmap { 0 : goto r1, 1 : goto r2 }
		}
	}
END
