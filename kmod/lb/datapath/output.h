/* SPDX-License-Identifier: GPL-2.0 */
/*
 * output - what this machine itself sends to a VIP, in LOCAL_OUT
 *
 * A client on the balancer asks a VIP, and so does a health checker, from a
 * socket with a mark. And where replies take their way through the balancer, it
 * may have to tell the real server of an error: that one is too large, say.
 * None of this comes in by PRE_ROUTING, and the route that it has leads to where
 * no machine has the VIP. So here it gets the route to its backend, and leaves
 * as any packet of this machine does, by the rules of POSTROUTING: fragments,
 * offloads and errors are the kernel's business.
 */
#ifndef _DSR_OUTPUT_H
#define _DSR_OUTPUT_H

#include "core/net.h"

unsigned int dsr_output_hook(void *priv, struct sk_buff *skb,
			     const struct nf_hook_state *state);

#endif /* _DSR_OUTPUT_H */
