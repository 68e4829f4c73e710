/* SPDX-License-Identifier: GPL-2.0 */
/*
 * policy - apply IPsec policies and routing rules by the VIP
 *
 * The stack looks up IPsec policies and the rules of "ip rule" by the addresses
 * that a packet has at that moment: a request then has the local address as its
 * destination, a reply has it as its source. The module therefore does both
 * lookups with the VIP, as NAT does: for a request before it rewrites the
 * packet, for a reply after that.
 *
 * Owns nothing. In a namespace without policies and rules, a packet of a known
 * flow pays for one comparison: the result of the check holds for one jiffy.
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
 * dsr_rs_policy_is_none() - true if a namespace has no policies and no rules
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
