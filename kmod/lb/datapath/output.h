/* SPDX-License-Identifier: GPL-2.0 */
/*
 * output - packets that this machine itself sends to a VIP, in LOCAL_OUT
 *
 * Such packets come from clients on the balancer and from health checkers,
 * which use a socket with a mark. Also, if replies are routed through the
 * balancer, the balancer may send an ICMP error about a reply to the real
 * server, for example that the reply is too big. None of these packets pass
 * PRE_ROUTING, and they have a route to the VIP, an address that no machine
 * has. So the hook gives each packet the route to its backend. From there the
 * packet is sent like any packet of this machine, through POSTROUTING: the
 * kernel handles fragmentation, offloads and errors.
 */
#ifndef _DSR_OUTPUT_H
#define _DSR_OUTPUT_H

#include "core/net.h"

unsigned int dsr_output_hook(void *priv, struct sk_buff *skb,
			     const struct nf_hook_state *state);

#endif /* _DSR_OUTPUT_H */
