/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ingress - the fast path: from the ingress of one device straight to another
 *
 * Opt-in for each device (path.h), and only for services with "path direct",
 * which bypass the firewall's FORWARD chain anyway. A packet of a known
 * connection that needs nothing but forwarding bypasses the IP stack.
 * dsr_decide() decides as it would in PRE_ROUTING. If a packet needs more (a
 * change of state, an ICMP error, a lookup of the route or of the neighbour),
 * it is left unchanged and takes the slow path.
 *
 * At ingress no rule has marked the packet yet. The packet belongs to the
 * service of its connection, for which an earlier packet was marked. Each
 * connection has to pass PRE_ROUTING from time to time, so that a connection
 * that the rules no longer mark comes to an end.
 */
#ifndef _DSR_INGRESS_H
#define _DSR_INGRESS_H

#include <linux/netfilter.h>

unsigned int dsr_ingress_hook(void *priv, struct sk_buff *skb,
			      const struct nf_hook_state *state);

#endif /* _DSR_INGRESS_H */
