#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# rank: 70
# about: IPVS, by a mark and a local route (the article)
# unloads: ip_vs_rr ip_vs
modprobe -a ip_vs ip_vs_rr
"$IPTABLES" -t mangle -A PREROUTING -d "$VIP" -j MARK --set-mark 1
ip "-$FAMILY" rule add prio 100 fwmark 1 table 100
ip "-$FAMILY" route add local default dev lo table 100
[ "$FAMILY" = 4 ] || set -- -6
ipvsadm -A -f 1 "$@" -s rr
ipvsadm -a -f 1 "$@" -r "$HOST_R1:0" -g
ipvsadm -a -f 1 "$@" -r "$HOST_R2:0" -g
