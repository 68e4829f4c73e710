#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# rank: 160
# warm: 0
# about: the VIP is an address of the machine: what the others contain
# side: server
ip addr add "$VIP" dev lo
