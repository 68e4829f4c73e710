#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# rank: 180
# about: dsr, by the VIP
# side: server
# warm: 2
# loads: dsr_rs
dsrctl real add vip "$VIP"
