/* SPDX-License-Identifier: GPL-2.0 */
/* icmp - pings of a VIP, and ICMP errors about flows, in both directions */
#ifndef _DSR_RS_ICMP_H
#define _DSR_RS_ICMP_H

#include "core/net.h"

enum dsr_rs_reason dsr_rs_icmp_deliver(struct dsr_rs_net *rs,
				       struct sk_buff *skb,
				       const struct dsr_rs_packet *pkt);
bool dsr_rs_icmp_is_reply(struct dsr_rs_net *rs, const struct sk_buff *skb,
			  const struct dsr_rs_packet *pkt);
enum dsr_rs_reason dsr_rs_icmp_reply(struct dsr_rs_net *rs,
				     struct sk_buff *skb,
				     const struct nf_hook_state *state,
				     const struct dsr_rs_packet *pkt);

#endif /* _DSR_RS_ICMP_H */
