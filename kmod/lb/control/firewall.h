/* SPDX-License-Identifier: GPL-2.0 */
/*
 * firewall - ask the site's rules about a packet that does not exist
 *
 * Only the rules themselves know what they do with a packet. So a test packet
 * passes the chains of PRE_ROUTING before dsr_hook(), and those of FORWARD and
 * POST_ROUTING, as a packet of the client would, and is freed at the end. What
 * rules do beside giving a verdict they do for the test packet, too: they count
 * it, log it, or answer it if they reject. Conntrack does not keep it.
 */
#ifndef _DSR_FIREWALL_H
#define _DSR_FIREWALL_H

#include <linux/skbuff.h>

#include "core/net.h"
#include "core/packet.h"
#include "core/service.h"
#include "datapath/source.h"

/**
 * struct dsr_firewall - a test packet, and what the rules have said so far
 * @skb: the test packet; %NULL: the rules have not accepted it
 * @verdict: enum dsr_firewall_verdict
 * @hook: where the verdict was given, NF_INET_*, if it is not to accept
 * @priority: of the chain that gave it
 * @chain: its handle in nf_tables; 0: it is no chain of nf_tables
 */
struct dsr_firewall {
	struct sk_buff *skb;
	u64 chain;
	s32 priority;
	u8 verdict;
	u8 hook;
};

int dsr_firewall_begin(struct dsr_firewall *firewall, struct net *net,
		       const struct dsr_packet *pkt,
		       const struct dsr_arrival *arrival);
enum dsr_reason dsr_firewall_forward(struct dsr_firewall *firewall,
				     struct net *net,
				     const struct dsr_service *service,
				     struct dsr_backend *backend);
void dsr_firewall_end(struct dsr_firewall *firewall);

#endif /* _DSR_FIREWALL_H */
