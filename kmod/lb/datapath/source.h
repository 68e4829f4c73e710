/* SPDX-License-Identifier: GPL-2.0 */
/*
 * source - validation of the source address
 *
 * Packets are taken before the kernel looks at their source, which it does when
 * it routes them. So the balancer does it in its place, where a packet follows no
 * connection: what follows one was looked at when the connection began.
 *
 * Owns nothing, and changes nothing.
 */
#ifndef _DSR_SOURCE_H
#define _DSR_SOURCE_H

#include <linux/netdevice.h>
#include <linux/skbuff.h>

#include "core/net.h"
#include "core/packet.h"
#include "core/reason.h"

/**
 * struct dsr_arrival - how a packet has come
 * @source: where from; not that of what an ICMP error quotes
 * @dest: where to
 * @dev: the device, or %NULL: the one that leads back to the source
 * @mark: its mark
 * @tos: its TOS byte
 * @is_ipsec: IPsec has let it in, so that reverse path filtering does not ask
 * @is_own: this machine has sent it to itself, and has routed it already
 */
struct dsr_arrival {
	union nf_inet_addr source;
	union nf_inet_addr dest;
	struct net_device *dev;
	u32 mark;
	u8 tos;
	bool is_ipsec;
	bool is_own;
};

void dsr_source_arrival(const struct sk_buff *skb, u8 family,
			struct dsr_arrival *arrival);
enum dsr_reason dsr_source_check(struct dsr_net *dn,
				 const struct dsr_packet *packet,
				 const struct dsr_arrival *arrival);

#endif /* _DSR_SOURCE_H */
