#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# rank: 110
# about: dsr, by a mark (the article), path direct
# warm: 2
# loads: dsr_lb
six=inet
[ "$FAMILY" = 4 ] || six=inet6
"$IPTABLES" -t mangle -A PREROUTING -d "$VIP" -j MARK --set-mark 1
dsrctl -b - <<-END
	connection set max 4000000
	service add fwmark 1 family $six scheduler rr path direct
	backend add fwmark 1 family $six via $R1
	backend add fwmark 1 family $six via $R2
END
