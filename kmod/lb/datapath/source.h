/* SPDX-License-Identifier: GPL-2.0 */
/*
 * source - validation of the source address
 *
 * The kernel validates the source of a packet when it routes the packet. The
 * balancer takes packets before that, so it does the same checks. It checks
 * only packets that follow no connection: the source of a connection was
 * checked when the connection began.
 *
 * Has no state and changes nothing.
 */
#ifndef _DSR_SOURCE_H
#define _DSR_SOURCE_H

#include <linux/netdevice.h>
#include <linux/skbuff.h>

#include "core/net.h"
#include "core/packet.h"
#include "core/reason.h"

/**
 * struct dsr_arrival - circumstances of a packet's arrival
 * @source: source of the packet itself, not of a packet that it quotes
 * @dest: destination of the packet itself
 * @dev: device, or %NULL: the device of the route to the source
 * @port: as @dev; but if that is a VRF, which shows the packet to netfilter once
 *	more, the device in the VRF that the packet came in by
 * @mark: its mark
 * @tos: its TOS byte
 * @is_ipsec: the packet came through IPsec; skip reverse path filtering
 * @is_own: this machine has sent the packet to itself and has already routed it
 */
struct dsr_arrival {
	union nf_inet_addr source;
	union nf_inet_addr dest;
	struct net_device *dev;
	struct net_device *port;
	u32 mark;
	u8 tos;
	bool is_ipsec;
	bool is_own;
};

void dsr_source_arrival(const struct sk_buff *skb, u8 family,
			struct dsr_arrival *arrival);
enum dsr_reason dsr_source_check(struct dsr_net *dn,
				 const struct dsr_packet *pkt,
				 const struct dsr_arrival *arrival);

#endif /* _DSR_SOURCE_H */
