// SPDX-License-Identifier: GPL-2.0
/*
 * reply - give the replies of a flow its VIP as source, in POST_ROUTING
 *
 * Owns nothing. Runs under rcu_read_lock(), in softirq or process context; in
 * the latter, bottom halves are enabled. One lookup for each packet.
 */

#include <net/netfilter/nf_conntrack.h>

#include "core/pending.h"
#include "core/flow.h"
#include "core/net.h"
#include "core/policy.h"
#include "datapath/icmp.h"
#include "datapath/fastpath.h"
#include "datapath/reply.h"
#include "datapath/rewrite.h"

/* Return the flow of a reply that has a pending flow. Promote the pending flow
 * if the reply proves that a socket has accepted the connection: a SYN ACK or a
 * RST is sent to any client, any other segment by a connected socket only. A
 * datagram is sent to any client, too.
 */
static struct dsr_rs_flow *promote_pending(struct dsr_rs_net *rs,
					   const struct sk_buff *skb,
					   const struct dsr_rs_packet *pkt,
					   u32 hash, struct dsr_rs_pending *pending)
{
	struct dsr_rs_flow *flow = NULL;
	struct dsr_rs_tuple wire;
	struct dsr_rs_rule_match match;

	if (!dsr_rs_pending_find(rs->pendings, hash, dsr_rs_flow_match_socket,
				 &pkt->tuple, jiffies, pending))
		return NULL;
	wire = dsr_rs_flow_wire(&pending->flow);
	if (wire.proto == IPPROTO_UDP) {
		dsr_rs_pending_mark(rs->pendings,
				    dsr_rs_tuple_hash(&wire, &rs->table.key),
				    &wire, DSR_RS_ANSWERED);
		return &pending->flow;
	}
	if (pending->ruled) {
		/* The first packet has passed the check of its sender. */
		pending->flow.rule = dsr_rs_rule_match(&rs->rules, &wire,
						       pending->tos, NULL,
						       &match);
	}
	/* Without a local socket the packet was forwarded. */
	if (!skb->sk)
		pending->flow.roles |= DSR_RS_ELSEWHERE;
	/* Look at the ingress device: a local SYN ACK with a SYN cookie has no
	 * socket either.
	 */
	if (pkt->answer && skb->skb_iif)
		dsr_rs_pending_mark(rs->pendings,
				    dsr_rs_tuple_hash(&wire, &rs->table.key),
				    &wire, DSR_RS_ELSEWHERE);
	if (!pkt->answer && dsr_rs_packet_proves(pkt) &&
	    pending->ruled == !!pending->flow.rule)
		flow = dsr_rs_flow_promote(rs, pending);
	return flow ?: &pending->flow;
}

/* A flowtable of nft would send the replies of a connection straight to a device,
 * past POST_ROUTING. The requests pass here, on their way to the server that they
 * are forwarded to: they come in for the VIP, which the flowtable does not know. The
 * first request passes before the first reply, which could add the connection to a
 * flowtable.
 *
 * A flowtable leaves out connections with IPS_NAT_CLASH: conntrack has to see each of
 * their packets. The bit has one other effect: without IPS_ASSURED, conntrack forgets
 * a connection of UDP first when its table is full.
 */
static void keep_from_flowtable(struct dsr_rs_net *rs, const struct sk_buff *skb,
				u8 family)
{
	const struct nf_conntrack_tuple *original;
	struct dsr_rs_pending pending;
	enum ip_conntrack_info ctinfo;
	struct dsr_rs_tuple tuple;
	struct nf_conn *ct;
	u32 hash;

	ct = nf_ct_get(skb, &ctinfo);
	if (likely(!ct || ctinfo != IP_CT_NEW))
		return;
	original = &ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple;
	tuple = (struct dsr_rs_tuple) {
		.client = original->src.u3, .cport = original->src.u.all,
		.server = original->dst.u3, .sport = original->dst.u.all,
		.proto = original->dst.protonum, .family = family,
	};
	hash = dsr_rs_tuple_hash(&tuple, &rs->table.key);
	if (dsr_rs_flow_find_socket(&rs->table, hash, &tuple) ||
	    dsr_rs_pending_find(rs->pendings, hash, dsr_rs_flow_match_socket,
				&tuple, jiffies, &pending))
		set_bit(IPS_NAT_CLASH_BIT, &ct->status);
}

static enum dsr_rs_reason reply_flow(struct dsr_rs_net *rs,
				     struct sk_buff *skb,
				     const struct nf_hook_state *state,
				     const struct dsr_rs_packet *pkt)
{
	u32 hash = dsr_rs_tuple_hash(&pkt->tuple, &rs->table.key);
	struct dsr_rs_pending pending __uninitialized;
	struct dsr_rs_ends to __uninitialized;
	struct dsr_rs_flow *flow;

	flow = dsr_rs_flow_find_socket(&rs->table, hash, &pkt->tuple) ?:
	       promote_pending(rs, skb, pkt, hash, &pending);
	if (!flow) {
		/* Without a local socket the packet was forwarded. */
		if (!skb->sk)
			keep_from_flowtable(rs, skb, state->pf);
		return DSR_RS_PASS_NO_FLOW;
	}
	dsr_table_touch(&flow->node, jiffies);
	if (READ_ONCE(flow->roles) & DSR_RS_ASKED)
		dsr_rs_flow_answer(&rs->table, flow);
	if (pkt->event == DSR_EVENT_ABORT || pkt->event == DSR_EVENT_CLOSE)
		dsr_rs_flow_end(&rs->table, flow, pkt->event);

	if (likely(flow->family == AF_INET)) {
		to.saddr.ip = flow->v4.vip;
		to.daddr.ip = flow->v4.client;
	} else {
		to.saddr.in6 = flow->v6.vip;
		to.daddr.in6 = flow->v6.client;
	}
	to.source = flow->vport;
	to.dest = flow->cport;
	if (dsr_rs_rewrite_packet(skb, flow->family, flow->proto, pkt->thoff,
				  &to))
		return DSR_RS_DROP_NO_MEMORY;
	return dsr_rs_policy_reply(skb, state, pkt,
				   dsr_rs_flow_ported(flow) ?
				   DSR_RS_REPLIED_OTHER_PORT : DSR_RS_REPLIED);
}

static noinline enum dsr_rs_reason
reply_any(struct dsr_rs_net *rs, struct sk_buff *skb,
	  const struct nf_hook_state *state)
{
	struct dsr_rs_packet pkt __uninitialized;

	/* A packet of a VRF leaves by the VRF device first, then by another. */
	if (netif_is_l3_master(state->out))
		return DSR_RS_PASS_SHOWN_TWICE;
	switch (dsr_rs_packet_parse(skb, state->pf, false,
				    state->out->ifindex, &pkt)) {
	case DSR_RS_PACKET_FLOW:
		return reply_flow(rs, skb, state, &pkt);
	case DSR_RS_PACKET_ICMP:
		return dsr_rs_icmp_reply(rs, skb, state, &pkt);
	case DSR_RS_PACKET_FRAGMENT:
		return DSR_RS_PASS_FRAGMENT;
	case DSR_RS_PACKET_OTHER:
		return DSR_RS_PASS_PROTOCOL;
	case DSR_RS_PACKET_MALFORMED:
		break;
	}
	return DSR_RS_PASS_MALFORMED;
}

/* Fast path. Return: %DSR_RS_REASON_COUNT for the slow path. */
static __always_inline enum dsr_rs_reason
reply_known(struct dsr_rs_net *rs, struct sk_buff *skb, u8 family)
{
	struct dsr_rs_flow *flow = dsr_rs_fastpath_find(&rs->table, skb, family,
							false);
	unsigned long now = jiffies;

	if (!flow || !dsr_rs_policy_is_none(rs, now))
		return DSR_RS_REASON_COUNT;
	dsr_table_touch(&flow->node, now);
	dsr_rs_fastpath_rewrite(skb, flow, family, false);
	return dsr_rs_flow_ported(flow) ? DSR_RS_REPLIED_OTHER_PORT :
					  DSR_RS_REPLIED;
}

static __always_inline enum dsr_rs_reason
reply_packet(struct dsr_rs_net *rs, struct sk_buff *skb,
	     const struct nf_hook_state *state)
{
	enum dsr_rs_reason reason;

	reason = state->pf == AF_INET ? reply_known(rs, skb, AF_INET) :
					reply_known(rs, skb, AF_INET6);
	return likely(reason != DSR_RS_REASON_COUNT) ?
	       reason : reply_any(rs, skb, state);
}

/** dsr_rs_reply_hook() - netfilter hook in POST_ROUTING */
unsigned int dsr_rs_reply_hook(void *priv, struct sk_buff *skb,
			       const struct nf_hook_state *state)
{
	struct dsr_rs_net *rs = priv;

	return dsr_rs_net_finish(rs, skb, state,
				 reply_packet(rs, skb, state));
}

/* Return true if POST_ROUTING will rewrite a packet of this machine. */
static bool is_reply(struct dsr_rs_net *rs, const struct sk_buff *skb,
		     const struct nf_hook_state *state)
{
	struct dsr_rs_pending pending;
	struct dsr_rs_packet pkt;
	u32 hash;

	switch (dsr_rs_packet_parse(skb, state->pf, false,
				    state->out->ifindex, &pkt)) {
	case DSR_RS_PACKET_FLOW:
		break;
	case DSR_RS_PACKET_ICMP:
		return dsr_rs_icmp_is_reply(rs, skb, &pkt);
	default:
		return false;
	}
	hash = dsr_rs_tuple_hash(&pkt.tuple, &rs->table.key);
	return dsr_rs_flow_find_socket(&rs->table, hash, &pkt.tuple) ||
	       dsr_rs_pending_find(rs->pendings, hash, dsr_rs_flow_match_socket,
				   &pkt.tuple, jiffies, &pending);
}

/** dsr_rs_untrack_hook() - netfilter hook in LOCAL_OUT, before conntrack */
unsigned int dsr_rs_untrack_hook(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *state)
{
	/* Conntrack has not seen the request, so hide the reply from it. The
	 * hook in POST_ROUTING counts the packet.
	 */
	if (is_reply(priv, skb, state)) {
		nf_reset_ct(skb);
		nf_ct_set(skb, NULL, IP_CT_UNTRACKED);
	}
	return NF_ACCEPT;
}
