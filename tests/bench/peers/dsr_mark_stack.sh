# SPDX-License-Identifier: GPL-2.0
# about: dsr, by a mark (the article), path stack
# loads: dsr_lb
"$IPTABLES" -t mangle -A PREROUTING -d "$VIP" -j MARK --set-mark 1
dsrctl -b - <<-END
	connection set max 4000000
	service add fwmark 1 scheduler rr path stack
	backend add fwmark 1 via $R1
	backend add fwmark 1 via $R2
END
