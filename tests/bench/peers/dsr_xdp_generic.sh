#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# rank: 154
# about: dsr, by the VIP, known connections by XDP without the driver
# warm: 2
# loads: dsr_lb
# What comes in is whole.
ethtool -K lb0 rxvlan off rx-vlan-stag-hw-parse off
ip netns exec gen ethtool -K cli0 tx off txvlan off tx-vlan-stag-hw-insert off
# Of a million flows each comes back after ten seconds or more.
dsrctl path add dev lb0 recheck 10m via xdp-generic
dsrctl -b - <<-END
	connection set max 4000000
	service add vip $VIP proto udp port $PORT scheduler rr path direct
	service add vip $VIP proto tcp port $PORT scheduler rr path direct
	backend add vip $VIP proto udp port $PORT via $R1
	backend add vip $VIP proto udp port $PORT via $R2
	backend add vip $VIP proto tcp port $PORT via $R1
	backend add vip $VIP proto tcp port $PORT via $R2
END
