# SPDX-License-Identifier: GPL-2.0
# about: nftables at ingress, the rule that nftlb makes: two hashes and maps
nft -f - <<-END
	table netdev dsr {
		chain lb0 {
			type filter hook ingress device lb0 priority 0;
			$IP daddr $VIP ether daddr set jhash $IP saddr . th sport mod 2 map { 0 : $MAC_R1, 1 : $MAC_R2 } fwd to jhash $IP saddr . th sport mod 2 map { 0 : lb1, 1 : lb2 }
		}
	}
END
