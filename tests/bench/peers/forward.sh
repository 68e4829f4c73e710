# SPDX-License-Identifier: GPL-2.0
# about: a router, without balancing
ip route add "$VIP" via "$R1"
