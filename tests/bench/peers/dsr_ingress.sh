#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# rank: 150
# about: dsr, by the VIP, known connections at ingress
# warm: 2
# loads: dsr_lb
# Of a million flows each comes back after ten seconds or more.
dsrctl path add dev lb0 recheck 10m
dsrctl -b - <<-END
	connection set max 4000000
	service add vip $VIP proto udp port $PORT scheduler rr path direct
	service add vip $VIP proto tcp port $PORT scheduler rr path direct
	backend add vip $VIP proto udp port $PORT via $R1
	backend add vip $VIP proto udp port $PORT via $R2
	backend add vip $VIP proto tcp port $PORT via $R1
	backend add vip $VIP proto tcp port $PORT via $R2
END
