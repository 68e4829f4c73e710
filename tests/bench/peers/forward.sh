#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# rank: 30
# warm: 0
# about: a router, without balancing
ip route add "$VIP" via "$R1"
