/* SPDX-License-Identifier: GPL-2.0 */
/*
 * reject - answers of the balancer to a client, on behalf of a service
 *
 * Each function reads a packet that the caller drops afterwards. Answers are
 * routed by the routing table, like packets of a host.
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
