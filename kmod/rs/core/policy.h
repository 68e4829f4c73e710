/* SPDX-License-Identifier: GPL-2.0 */
/*
 * policy - what the kernel decides by an address, decided by the right one
 *
 * The stack asks for IPsec policies, and for the rules of "ip rule", by the
 * addresses that a packet has when it asks. A request is asked about once it is
 * addressed to this machine, a reply while it still comes from there. So both are
 * asked about here with the VIP, as NAT has it: a request before it gets its
 * other ends, a reply after that.
 *
 * Owns nothing. In a namespace with no such policy a known flow's packet pays
 * for one comparison: that there is none is believed until the clock ticks.
 */
#ifndef _DSR_RS_POLICY_H
#define _DSR_RS_POLICY_H

#include <linux/jiffies.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>

#include "core/net.h"
#include "core/packet.h"

bool dsr_rs_policy_look(struct dsr_rs_net *rs);

/**
 * dsr_rs_policy_is_none() - whether nothing in a namespace decides by addresses
 * @rs: namespace
 * @now: jiffies
 *
 * Context: any.
 */
static __always_inline bool dsr_rs_policy_is_none(struct dsr_rs_net *rs,
						  unsigned long now)
{
	return likely(READ_ONCE(rs->unruled) == now) || dsr_rs_policy_look(rs);
}

bool dsr_rs_policy_allows(struct sk_buff *skb, u8 family);
void dsr_rs_policy_delivered(struct sk_buff *skb, u8 family);
enum dsr_rs_reason dsr_rs_policy_reply(struct sk_buff *skb,
				       const struct nf_hook_state *state,
				       const struct dsr_rs_packet *pkt,
				       enum dsr_rs_reason reason);

#endif /* _DSR_RS_POLICY_H */
