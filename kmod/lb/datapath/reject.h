/* SPDX-License-Identifier: GPL-2.0 */
/*
 * reject - what the balancer itself says to a client, in a service's name
 *
 * Each looks at a packet that is to be dropped next, and leaves it to its
 * owner. Answers go out by the routing table, as what a host sends.
 */
#ifndef _DSR_REJECT_H
#define _DSR_REJECT_H

#include <linux/skbuff.h>
#include <net/net_namespace.h>

void dsr_reject_unreachable(struct net *net, struct sk_buff *skb, u8 family,
			    unsigned int hook);
void dsr_reject_reset(struct net *net, struct sk_buff *skb, u8 family,
		      unsigned int hook);

#endif /* _DSR_REJECT_H */
