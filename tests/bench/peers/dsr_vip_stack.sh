#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# rank: 120
# about: dsr, by the VIP, path stack
# warm: 2
# loads: dsr_lb
dsrctl -b - <<-END
	connection set max 4000000
	service add vip $VIP proto udp port $PORT scheduler rr path stack
	service add vip $VIP proto tcp port $PORT scheduler rr path stack
	backend add vip $VIP proto udp port $PORT via $R1
	backend add vip $VIP proto udp port $PORT via $R2
	backend add vip $VIP proto tcp port $PORT via $R1
	backend add vip $VIP proto tcp port $PORT via $R2
END
