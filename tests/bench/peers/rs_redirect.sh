#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# rank: 170
# about: iptables REDIRECT with conntrack (the article)
# side: server
# unloads: ipt_REDIRECT xt_REDIRECT
modprobe nf_conntrack
# of all namespaces: newer kernels let only the first one change it
nsenter -t 1 -n sysctl -qw net.netfilter.nf_conntrack_max=4000000
"$IPTABLES" -t nat -A PREROUTING -d "$VIP" -j REDIRECT
