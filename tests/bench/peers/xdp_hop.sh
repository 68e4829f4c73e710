#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# rank: 25
# warm: 0
# ends: r1
# about: nothing but out of the other device again (XDP)
# What comes in is whole, and the sink drops it by XDP, where it has no skb yet.
ip netns exec gen ethtool -K cli0 tx off
ip -n sink link set dev r1 xdp obj build/bench/gen.o sec drop
ip link set dev lb0 xdp obj build/bench/gen.o sec hop
