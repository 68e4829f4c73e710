#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# rank: 20
# warm: 0
# about: nothing but out of the other device again (nft, ingress)
nft -f - <<-END
	table netdev hop {
		chain lb0 {
			type filter hook ingress device lb0 priority 0;
			fwd to lb1
		}
	}
END
