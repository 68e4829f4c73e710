// SPDX-License-Identifier: GPL-2.0
/*
 * deliver - redirect requests for a VIP to local sockets, in PRE_ROUTING
 *
 * Owns nothing. Runs under rcu_read_lock() with bottom halves disabled. A
 * packet of a known flow costs one lookup, and a write to the flow only once a
 * second, for the time. Any other packet is matched with the rules; a packet
 * for the machine itself is also checked for a flow that has its place at the
 * socket.
 */

#include <linux/inetdevice.h>
#include <net/dst.h>
#include <net/l3mdev.h>
#include <net/netfilter/nf_conntrack.h>

#include "balanced.h"
#include "core/pending.h"
#include "core/flow.h"
#include "core/local.h"
#include "core/net.h"
#include "core/policy.h"
#include "core/socket.h"
#include "datapath/deliver.h"
#include "datapath/deny.h"
#include "datapath/icmp.h"
#include "datapath/fastpath.h"
#include "datapath/rewrite.h"
#include "host.h"

/* Return true if no answer can reach this client. */
static bool is_bad_source(const struct dsr_rs_packet *pkt,
			  const struct net_device *dev)
{
	const union nf_inet_addr *client = &pkt->tuple.client;
	int type;

	if (dsr_addr_equal(pkt->tuple.family, client, &pkt->tuple.server))
		return true;
	if (pkt->tuple.family == AF_INET)
		return dsr_is_nobody(client->ip) ||
		       (ipv4_is_loopback(client->ip) &&
			!(dev->flags & IFF_LOOPBACK));
	type = ipv6_addr_type(&client->in6);
	return !(type & IPV6_ADDR_UNICAST) || type & IPV6_ADDR_MAPPED ||
	       (type & IPV6_ADDR_LOOPBACK && !(dev->flags & IFF_LOOPBACK));
}

/* Return true if this machine is the client, and a balancer has sent its
 * request back: the stack drops that as martian, unless accept_local is set.
 */
static bool is_own_martian(const struct sk_buff *skb,
			   const struct dsr_rs_packet *pkt,
			   const struct dsr_rs_target *target)
{
	struct in_device *in_dev;

	if (pkt->tuple.client.ip != target->local.ip ||
	    pkt->tuple.family != AF_INET || skb->dev->flags & IFF_LOOPBACK)
		return false;
	/* A packet of a VRF comes in by the VRF device. */
	in_dev = __in_dev_get_rcu(l3mdev_master_dev_rcu(skb->dev) ?: skb->dev);
	return in_dev && !IN_DEV_ACCEPT_LOCAL(in_dev);
}

/* Return true if the stack delivers packets to the VIP of a rule in mode local.
 * A positive result holds for a second.
 */
static bool is_routed(struct dsr_rs_net *rs, struct dsr_rs_rule *rule,
		      const struct net_device *dev)
{
	u32 seen = READ_ONCE(rule->routed);
	u32 now = (u32)jiffies ?: 1;

	if (seen && now - seen < HZ)
		return true;
	if (!dsr_rs_local_is_routed(rs->net, dev, rule->key.family,
				    &rule->key.vip))
		return false;
	WRITE_ONCE(rule->routed, now);
	return true;
}

/* Mode local: let the packet go on unchanged. */
static enum dsr_rs_reason deliver_unchanged(struct dsr_rs_net *rs,
					    struct dsr_rs_rule *rule,
					    const struct dsr_rs_rule_to *to,
					    struct sk_buff *skb,
					    const struct dsr_rs_packet *pkt)
{
	u32 mark = READ_ONCE(rule->mark);
	enum dsr_rs_reason reason;

	if (!is_routed(rs, rule, skb->dev))
		return DSR_RS_DROP_NO_LOCAL_ROUTE;
	reason = dsr_rs_deny(rs, skb, pkt, to, &pkt->tuple);
	if (reason != DSR_RS_REASON_COUNT)
		return reason;
	if (mark)
		skb->mark = mark;
	dsr_stats_count(rule->stats, skb);
	if (dsr_rs_packet_opens(pkt))
		this_cpu_inc(rule->stats->connections);
	return DSR_RS_DELIVERED_UNCHANGED;
}

/* Choose the target of a packet without a flow, and set @match.
 *
 * Return: true to begin a flow to @target; false with @reason set to the
 * outcome.
 */
static bool find_target(struct dsr_rs_net *rs, struct sk_buff *skb,
			const struct dsr_rs_packet *pkt, u32 hash,
			struct dsr_rs_target *target,
			struct dsr_rs_rule_match *match,
			enum dsr_rs_reason *reason)
{
	const struct dsr_rs_tuple *tuple = &pkt->tuple;
	struct dsr_rs_pending pending;

	target->ifindex = skb->dev->ifindex;
	target->rule = dsr_rs_rule_match(&rs->rules, tuple, pkt->tos, skb,
					 match);
	if (target->rule && !target->rule->key.family &&
	    !dsr_rs_local_is_elsewhere(rs->net, skb->dev, tuple->family,
				       &tuple->server)) {
		*reason = DSR_RS_PASS_TOS_NOT_VIP;
	} else if (target->rule && dsr_rs_rule_is_local(match)) {
		*reason = deliver_unchanged(rs, target->rule, match->to, skb,
					    pkt);
		return false;
	} else if (target->rule) {
		if (!dsr_rs_local_target(rs->net, skb->dev, match->to, tuple,
					 target)) {
			*reason = DSR_RS_DROP_NO_LOCAL_ADDRESS;
			return false;
		}
		if (!dsr_addr_equal(tuple->family, &target->local,
				    &tuple->server) ||
		    target->lport != tuple->sport)
			return true;
		*reason = DSR_RS_PASS_OWN_ADDRESS;
	} else {
		*reason = match->foreign ? DSR_RS_PASS_TOS_NOT_FROM_BALANCER :
					  DSR_RS_PASS_NO_RULE;
	}

	/* Leave the packet alone, unless a flow has its place at the socket. */
	target->rule = NULL;
	target->named = true;
	target->local = tuple->server;
	target->lport = tuple->sport;
	if (dsr_rs_flow_find_socket(&rs->table, hash, tuple) ||
	    dsr_rs_pending_find(rs->pendings, hash, dsr_rs_flow_match_socket,
				tuple, jiffies, &pending))
		return true;
	if (tuple->proto == IPPROTO_UDP || dsr_rs_packet_opens(pkt))
		dsr_rs_recent_note(rs->recent, dsr_rs_recent_key(tuple, hash),
				   jiffies);
	return false;
}

/* Return the flow of a packet that has a pending flow. Promote the pending flow
 * if a socket expects the packet or has answered an earlier datagram; else
 * return the pending flow itself.
 */
static struct dsr_rs_flow *promote_pending(struct dsr_rs_net *rs,
					   struct sk_buff *skb,
					   const struct dsr_rs_packet *pkt,
					   struct dsr_rs_pending *pending,
					   enum dsr_rs_reason *reason)
{
	struct dsr_rs_tuple socket = dsr_rs_flow_socket(&pending->flow);
	bool answered = pending->flow.roles & DSR_RS_ANSWERED;
	bool elsewhere = pending->flow.roles & DSR_RS_ELSEWHERE;
	struct dsr_rs_rule_match match = { .to = NULL };
	struct dsr_rs_flow *flow = NULL;

	/* Pending flows, and flows that come of them, are not in unproven. */
	pending->flow.roles &= ~DSR_RS_ANSWERED;
	if (pending->ruled) {
		pending->flow.rule = dsr_rs_rule_match(&rs->rules, &pkt->tuple,
						       pending->tos, skb,
						       &match);
		*reason = DSR_RS_PASS_NO_RULE;
		if (!pending->flow.rule)
			return NULL;
			/* The pending flow belongs to an older connection. */
		if (dsr_rs_rule_is_local(&match)) {
			*reason = deliver_unchanged(rs, pending->flow.rule,
						    match.to, skb, pkt);
			return NULL;
		}
	}
	*reason = DSR_RS_DROP_NO_LOCAL_ADDRESS;
	if (!dsr_rs_local_has(rs->net, skb->dev, socket.family,
			      &socket.server))
		return NULL;
	if (match.to && !elsewhere) {
		*reason = dsr_rs_deny(rs, skb, pkt, match.to, &socket);
		if (*reason != DSR_RS_REASON_COUNT)
			return NULL;
	}
	if (answered ||
	    (pkt->th && dsr_rs_packet_proves(pkt) &&
	     dsr_rs_socket_ask(rs->net, &socket, skb->dev->ifindex, pkt->th) ==
	     DSR_RS_SOCKET_EXPECTS))
		flow = dsr_rs_flow_promote(rs, pending);
	return flow ?: &pending->flow;
}

/* Return true if @target leads, or led at first, to this pending flow. */
static bool is_for(struct dsr_rs_net *rs, const struct sk_buff *skb,
		   const struct dsr_rs_pending *pending,
		   const struct dsr_rs_target *target)
{
	struct dsr_rs_tuple socket = dsr_rs_flow_socket(&pending->flow);

	if (pending->ruled != !!target->rule ||
	    pending->flow.lport != target->lport)
		return false;
	return dsr_addr_equal(socket.family, &socket.server, &target->local) ||
	       (!target->named &&
		dsr_rs_local_has(rs->net, skb->dev, socket.family,
				 &socket.server));
}

/* Call dsr_rs_deny() for a segment without a flow or a pending flow. */
static enum dsr_rs_reason deny_unknown(struct dsr_rs_net *rs,
				       struct sk_buff *skb,
				       const struct dsr_rs_packet *pkt,
				       const struct dsr_rs_target *target,
				       const struct dsr_rs_rule_to *to)
{
	struct dsr_rs_tuple socket = pkt->tuple;

	socket.server = target->local;
	socket.sport = target->lport;
	return dsr_rs_deny(rs, skb, pkt, to, &socket);
}

/* Call dsr_rs_deny() for a segment of a flow that is not established. The flow
 * may belong to an older connection, or to a SYN that reached two servers.
 */
static enum dsr_rs_reason deny_unsettled(struct dsr_rs_net *rs,
					 struct sk_buff *skb,
					 const struct dsr_rs_packet *pkt,
					 const struct dsr_rs_flow *flow)
{
	struct dsr_rs_tuple socket = dsr_rs_flow_socket(flow);

	if (!flow->rule || READ_ONCE(flow->state) == DSR_CONN_ESTABLISHED ||
	    READ_ONCE(flow->roles) & DSR_RS_ELSEWHERE)
		return DSR_RS_REASON_COUNT;
	return dsr_rs_deny(rs, skb, pkt, rcu_dereference(flow->rule->to),
			   &socket);
}

/* Find or begin the flow, possibly in @pending, of a packet without one. */
static struct dsr_rs_flow *begin_flow(struct dsr_rs_net *rs,
				      struct sk_buff *skb,
				      const struct dsr_rs_packet *pkt,
				      u32 hash, struct dsr_rs_pending *pending,
				      enum dsr_rs_reason *reason)
{
	struct dsr_rs_rule_match match;
	struct dsr_rs_target target;
	bool found, goes_on;

	found = dsr_rs_pending_find(rs->pendings, hash, dsr_rs_flow_match_wire,
				    &pkt->tuple, jiffies, pending);
	goes_on = found && !dsr_rs_packet_opens(pkt);
	if (!goes_on && !find_target(rs, skb, pkt, hash, &target, &match,
				     reason))
		return NULL;
	/* Remember nothing about a packet that policy keeps out. */
	if (!dsr_rs_policy_allows(skb, pkt->tuple.family)) {
		*reason = DSR_RS_DROP_IPSEC_POLICY;
		return NULL;
	}
	if (goes_on)
		return promote_pending(rs, skb, pkt, pending, reason);
	if (found && is_for(rs, skb, pending, &target))
		return promote_pending(rs, skb, pkt, pending, reason);
	if (is_bad_source(pkt, skb->dev)) {
		*reason = DSR_RS_DROP_BAD_SOURCE;
		return NULL;
	}
	if (unlikely(is_own_martian(skb, pkt, &target))) {
		*reason = DSR_RS_DROP_NEEDS_ACCEPT_LOCAL;
		return NULL;
	}
	if (target.rule) {
		*reason = deny_unknown(rs, skb, pkt, &target, match.to);
		if (*reason != DSR_RS_REASON_COUNT)
			return NULL;
	}
	return dsr_rs_flow_create(rs, pkt, hash, &target, pending, reason);
}

/* Return true if today's rules lead a new connection elsewhere than the older
 * connection with the same ports.
 */
static bool is_outdated(struct dsr_rs_net *rs, const struct sk_buff *skb,
			const struct dsr_rs_packet *pkt,
			const struct dsr_rs_flow *flow)
{
	struct dsr_rs_tuple socket = dsr_rs_flow_socket(flow);
	struct dsr_rs_target target;
	struct dsr_rs_rule *rule;
	struct dsr_rs_rule_match match;

	if (!flow->rule)
		return false;
	rule = dsr_rs_rule_match(&rs->rules, &pkt->tuple, pkt->tos, skb,
				 &match);
	return rule != flow->rule || dsr_rs_rule_is_local(&match) ||
	       !dsr_rs_local_target(rs->net, skb->dev, match.to, &pkt->tuple,
				    &target) ||
	       !dsr_addr_equal(flow->family, &target.local, &socket.server) ||
	       target.lport != flow->lport;
}

static noinline void alter(const struct dsr_rs_rule *rule, struct sk_buff *skb,
			   u8 family)
{
	u32 mark = READ_ONCE(rule->mark);

	dsr_rs_rewrite_tos(skb, family, READ_ONCE(rule->clear));
	if (mark)
		skb->mark = mark;
}

static __always_inline enum dsr_rs_reason
finish_flow(const struct dsr_rs_flow *flow, struct sk_buff *skb, u8 family)
{
	if (flow->rule && unlikely(READ_ONCE(flow->rule->alters)))
		alter(flow->rule, skb, family);
	/* A packet from the loopback device still has its output route. */
	skb_dst_drop(skb);
	return dsr_rs_flow_ported(flow) ? DSR_RS_DELIVERED_OTHER_PORT :
					  DSR_RS_DELIVERED;
}

/* Fast path. Return: %DSR_RS_REASON_COUNT for the slow path. */
static __always_inline enum dsr_rs_reason
deliver_known(struct dsr_rs_net *rs, struct sk_buff *skb, u8 family)
{
	struct dsr_rs_flow *flow = dsr_rs_fastpath_find(&rs->table, skb, family,
							true);
	unsigned long now = jiffies;

	if (!flow || unlikely(!dsr_is_to_this_host(skb)) ||
	    !dsr_rs_policy_is_none(rs, now))
		return DSR_RS_REASON_COUNT;
	dsr_table_touch(&flow->node, now);
	if (flow->rule)
		dsr_stats_count(flow->rule->stats, skb);
	else if (skb->dev->flags & IFF_LOOPBACK)
		return DSR_RS_REASON_COUNT;
	dsr_rs_fastpath_rewrite(skb, flow, family, true);
	return finish_flow(flow, skb, family);
}

static void note_packet(struct dsr_rs_net *rs, struct dsr_rs_flow *flow,
			const struct sk_buff *skb,
			const struct dsr_rs_packet *pkt)
{
	u8 before = READ_ONCE(flow->state);
	u8 state = dsr_rs_packet_state(before, pkt);

	if (unlikely(dsr_state_reusable(state) && !dsr_rs_flow_trusts(flow)))
		state = before;
	dsr_table_touch(&flow->node, jiffies);
	if (READ_ONCE(flow->roles) & DSR_RS_ANSWERED)
		dsr_rs_flow_prove(rs, flow);
	if (state != before)
		WRITE_ONCE(flow->state, state);
	if (!flow->rule)
		return;
	dsr_stats_count(flow->rule->stats, skb);
	if (state == DSR_CONN_SYN && dsr_state_reusable(before))
		this_cpu_inc(flow->rule->stats->connections);
}

/* Return true if this machine has sent the packet to itself in a client's name,
 * as SYNPROXY does with the client's ends at the socket.
 */
static bool is_own(struct dsr_rs_net *rs, const struct sk_buff *skb,
		   const struct dsr_rs_tuple *tuple)
{
	return skb->dev->flags & IFF_LOOPBACK &&
	       !dsr_rs_local_has(rs->net, skb->dev, tuple->family,
				 &tuple->client);
}

static enum dsr_rs_reason deliver_flow(struct dsr_rs_net *rs,
				       struct sk_buff *skb,
				       const struct dsr_rs_packet *pkt)
{
	u32 hash = dsr_rs_tuple_hash(&pkt->tuple, &rs->table.key);
	struct dsr_rs_pending pending __uninitialized;
	struct dsr_rs_ends to __uninitialized;
	enum dsr_rs_reason reason;
	struct dsr_rs_flow *flow;

	if (is_own(rs, skb, &pkt->tuple))
		return DSR_RS_PASS_OWN_ADDRESS;
	flow = dsr_rs_flow_find_wire(&rs->table, hash, &pkt->tuple);
	if (flow && !dsr_rs_policy_allows(skb, pkt->tuple.family))
		return DSR_RS_DROP_IPSEC_POLICY;
	if (flow && dsr_rs_packet_opens(pkt) &&
	    dsr_state_reusable(READ_ONCE(flow->state)) &&
	    is_outdated(rs, skb, pkt, flow) &&
	    !dsr_rs_flow_is_up(rs, flow)) {
		dsr_rs_flow_retire(&rs->table, flow);
		flow = NULL;
	}
	if (flow) {
		reason = deny_unsettled(rs, skb, pkt, flow);
		if (reason != DSR_RS_REASON_COUNT)
			return reason;
	} else {
		flow = begin_flow(rs, skb, pkt, hash, &pending, &reason);
		if (!flow)
			return reason;
	}
	note_packet(rs, flow, skb, pkt);

	if (likely(flow->family == AF_INET)) {
		to.saddr.ip = flow->v4.client;
		to.daddr.ip = flow->v4.local;
	} else {
		to.saddr.in6 = flow->v6.client;
		to.daddr.in6 = flow->v6.local;
	}
	to.source = flow->local_cport;
	to.dest = flow->lport;
	if (dsr_rs_rewrite_packet(skb, flow->family, flow->proto, pkt->thoff,
				  &to))
		return DSR_RS_DROP_NO_MEMORY;
	dsr_rs_policy_delivered(skb, flow->family);
	return finish_flow(flow, skb, flow->family);
}

static noinline enum dsr_rs_reason deliver_any(struct dsr_rs_net *rs,
					       struct sk_buff *skb, u8 family)
{
	struct dsr_rs_packet pkt __uninitialized;

	if (dsr_is_seen(skb, family))
		return DSR_RS_PASS_SHOWN_TWICE;
	if (!dsr_is_to_this_host(skb))
		return DSR_RS_PASS_NOT_TO_THIS_HOST;
	switch (dsr_rs_packet_parse(skb, family, true, skb->dev->ifindex,
				    &pkt)) {
	case DSR_RS_PACKET_FLOW:
		return deliver_flow(rs, skb, &pkt);
	case DSR_RS_PACKET_ICMP:
		return dsr_rs_icmp_deliver(rs, skb, &pkt);
	case DSR_RS_PACKET_FRAGMENT:
		return DSR_RS_PASS_FRAGMENT;
	case DSR_RS_PACKET_OTHER:
		return DSR_RS_PASS_PROTOCOL;
	case DSR_RS_PACKET_MALFORMED:
		break;
	}
	/* No other part of the kernel is to judge packets for a VIP. */
	return dsr_rs_rule_has_vip(&rs->rules, family, &pkt.tuple.server) ?
	       DSR_RS_DROP_MALFORMED : DSR_RS_PASS_MALFORMED;
}

static __always_inline enum dsr_rs_reason
deliver(struct dsr_rs_net *rs, struct sk_buff *skb, u8 family)
{
	enum dsr_rs_reason reason;

	reason = family == AF_INET ? deliver_known(rs, skb, AF_INET) :
				     deliver_known(rs, skb, AF_INET6);
	return likely(reason != DSR_RS_REASON_COUNT) ?
	       reason : deliver_any(rs, skb, family);
}

/** dsr_rs_deliver_hook() - netfilter hook in PRE_ROUTING */
unsigned int dsr_rs_deliver_hook(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *state)
{
	struct dsr_rs_net *rs = priv;

	return dsr_rs_net_finish(rs, skb, state, deliver(rs, skb, state->pf));
}

/** dsr_rs_deliver_after_lb_hook() - the same, after conntrack and dsr_lb */
unsigned int dsr_rs_deliver_after_lb_hook(void *priv, struct sk_buff *skb,
					  const struct nf_hook_state *state)
{
	struct dsr_rs_net *rs = priv;
	enum dsr_rs_reason reason = deliver(rs, skb, state->pf);

	if (dsr_rs_reason_delivers(reason)) {
		/* Conntrack has seen the packet with its old destination. */
		nf_reset_ct(skb);
		nf_ct_set(skb, NULL, IP_CT_UNTRACKED);
		dsr_balanced_set(skb);
	}
	return dsr_rs_net_finish(rs, skb, state, reason);
}
