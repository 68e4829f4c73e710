#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# rank: 140
# about: dsr, by the VIP, path direct
# warm: 2
# loads: dsr_lb
dsrctl -b - <<-END
	connection set max 4000000
	service add vip $VIP proto udp port $PORT scheduler rr path direct
	service add vip $VIP proto tcp port $PORT scheduler rr path direct
	backend add vip $VIP proto udp port $PORT via $R1
	backend add vip $VIP proto udp port $PORT via $R2
	backend add vip $VIP proto tcp port $PORT via $R1
	backend add vip $VIP proto tcp port $PORT via $R2
END
