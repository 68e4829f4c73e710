#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# rank: 156
# about: the least of a balancer by XDP: an LRU map and a ring, no checks
# families: 4
# ends: r1 r2
# What comes in is whole, and the sinks drop it by XDP, where it has no skb yet.
ip netns exec gen ethtool -K cli0 tx off
ip -n sink link set dev r1 xdp obj build/bench/gen.o sec drop
ip -n sink link set dev r2 xdp obj build/bench/gen.o sec drop
ip link set dev lb0 xdp obj build/bench/lru.o sec xdp
