#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# rank: 10
# warm: 0
# about: dropped at ingress: what all the others contain
nft -f - <<-END
	table netdev sink {
		chain lb0 {
			type filter hook ingress device lb0 priority 0;
			counter drop
		}
	}
END
