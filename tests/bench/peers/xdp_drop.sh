#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# rank: 15
# warm: 0
# ends: lb0
# about: dropped by XDP: what the driver has done before
# What comes in is whole.
ip netns exec gen ethtool -K cli0 tx off
ip link set dev lb0 xdp obj build/bench/gen.o sec drop
