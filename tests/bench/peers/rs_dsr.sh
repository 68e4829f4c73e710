# SPDX-License-Identifier: GPL-2.0
# about: dsr, by the VIP
# side: server
# loads: dsr_rs
dsrctl real add vip "$VIP"
