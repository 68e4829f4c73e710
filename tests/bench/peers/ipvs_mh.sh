#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# rank: 90
# most: 100000
# about: IPVS, the VIP on lo, 2^20 buckets, scheduler mh
# unloads: ip_vs_mh ip_vs
modprobe ip_vs conn_tab_bits=20
modprobe ip_vs_mh
ip addr add "$VIP" dev lo
for proto in t u; do
	ipvsadm -A "-$proto" "$HOST_VIP:$PORT" -s mh -b mh-port
	ipvsadm -a "-$proto" "$HOST_VIP:$PORT" -r "$HOST_R1:$PORT" -g
	ipvsadm -a "-$proto" "$HOST_VIP:$PORT" -r "$HOST_R2:$PORT" -g
done
