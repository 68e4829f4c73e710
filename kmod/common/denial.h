/* SPDX-License-Identifier: GPL-2.0 */
/*
 * denial - the frame by which a real server gives a packet back
 *
 * dsr_rs gives a segment that no socket of its machine takes back to the balancer
 * that has sent it. The frame contains the unchanged IP packet behind an Ethernet
 * header with a type of its own. A machine without dsr_lb ignores the type, and no
 * router forwards the packet. There is no other header, so the packet fits the
 * MTU as before.
 */
#ifndef _DSR_DENIAL_H
#define _DSR_DENIAL_H

#include <linux/if_ether.h>
#include <linux/types.h>

/* IEEE Std 802: local experimental EtherType 2. */
#define DSR_DENIAL_TYPE	0x88b6

/* A packet that the real server has reassembled may exceed the MTU. It is cut to
 * this length: the balancer learns from the headers, and drops the packet.
 */
#define DSR_DENIAL_CUT	128

/** dsr_denial_is_type() - true if @type can be the type of denials */
static inline bool dsr_denial_is_type(u16 type)
{
	switch (type) {
	case ETH_P_IP:
	case ETH_P_IPV6:
	case ETH_P_ARP:
	case ETH_P_8021Q:
	case ETH_P_8021AD:
		return false;
	default:
		return type >= ETH_P_802_3_MIN;
	}
}

#endif /* _DSR_DENIAL_H */
