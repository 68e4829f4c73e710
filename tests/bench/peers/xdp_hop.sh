#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# rank: 25
# warm: 0
# about: nothing but out of the other device again (XDP)
# What comes in is whole, and the sink takes frames of XDP.
ip netns exec gen ethtool -K cli0 tx off
ip netns exec sink ethtool -K r1 gro on
ip link set dev lb0 xdp obj build/bench/gen.o sec hop
