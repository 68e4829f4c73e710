#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# rank: 100
# about: dsr, by a mark (the article), path stack
# warm: 2
# loads: dsr_lb
six=inet
[ "$FAMILY" = 4 ] || six=inet6
"$IPTABLES" -t mangle -A PREROUTING -d "$VIP" -j MARK --set-mark 1
dsrctl -b - <<-END
	connection set max 4000000
	service add fwmark 1 family $six scheduler rr path stack
	backend add fwmark 1 family $six via $R1
	backend add fwmark 1 family $six via $R2
END
