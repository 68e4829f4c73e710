// SPDX-License-Identifier: GPL-2.0
/* hook - carries out the decisions of dsr_decide(); see hook.h */

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/dst_metadata.h>
#include <net/ndisc.h>
#include <net/netfilter/nf_conntrack.h>

#include "balanced.h"
#include "core/gate.h"
#include "core/trace.h"
#include "datapath/denied.h"
#include "datapath/reject.h"
#include "datapath/here.h"
#include "datapath/hook.h"
#include "datapath/nat.h"
#include "datapath/peer.h"
#include "datapath/schedule.h"
#include "datapath/source.h"
#include "datapath/xmit.h"
#include "host.h"
#include "ping.h"

/* Answer the client if the decision asks for it. @hook is the netfilter hook
 * that the packet is in.
 */
static enum dsr_reason answer(struct dsr_net *dn, struct sk_buff *skb,
			      u8 family, unsigned int hook,
			      const struct dsr_decision *decision)
{
	switch (decision->reason) {
	case DSR_ANSWERED_PING:
		if (!dsr_ping_answer(dn->net, skb, family))
			return DSR_DROP_PING;
		break;
	case DSR_ANSWERED_RESET:
		dsr_conn_close(dn, decision->conn);
		dsr_reject_reset(dn->net, skb, family, hook);
		break;
	case DSR_DROP_NO_BACKEND:
		dsr_reject_unreachable(dn->net, skb, family, hook);
		break;
	default:
		break;
	}
	return decision->reason;
}

/* Admit a packet that follows no connection, if its source is valid.
 *
 * Return: true if it has a backend; else @decision->reason is the verdict.
 */
static noinline bool admit(struct dsr_net *dn, struct sk_buff *skb,
			   struct dsr_packet *pkt,
			   struct dsr_decision *decision)
{
	struct dsr_arrival arrival;
	enum dsr_reason reason;

	/* No check for DSR_ANSWERED_RESET: its connection was admitted. */
	if (dsr_reason_is_drop(decision->reason) &&
	    decision->reason != DSR_ANSWERED_PING)
		return false;
	dsr_source_arrival(skb, pkt->tuple.family, &arrival);
	reason = dsr_source_check(dn, pkt, &arrival);
	if (reason != DSR_FORWARDED) {
		decision->backend = NULL;
		decision->reason = reason;
	} else if (!decision->backend && decision->reason == DSR_FORWARDED) {
		dsr_packet_prove(skb, pkt);
		dsr_schedule(dn, pkt, decision);
	} else if (pkt->kind == DSR_PACKET_PORTLESS) {
		dsr_schedule_refresh(dn, &pkt->tuple, decision->service);
	} else if (pkt->kind == DSR_PACKET_ICMP_ERROR && !decision->conn) {
		dsr_denied_spread(dn, skb, pkt, decision->backend);
	}
	return decision->backend;
}

/* Decide again about a packet of no known connection, and schedule it, while no
 * transaction replaces what the decision meets. Then the decision has the backend,
 * so admit() has nothing to schedule. Nothing is sent under the lock: a packet
 * that is sent may come to the gate itself.
 */
static noinline void decide_at_gate(struct dsr_net *dn, struct sk_buff *skb,
				    u8 family, bool late,
				    struct dsr_packet *pkt,
				    struct dsr_decision *decision)
{
	struct dsr_frontend *frontend;
	struct dsr_arrival arrival;
	bool valid;

	dsr_source_arrival(skb, pkt->tuple.family, &arrival);
	valid = dsr_source_check(dn, pkt, &arrival) == DSR_FORWARDED;
	if (pkt->kind == DSR_PACKET_FLOW)
		dsr_packet_prove(skb, pkt);
	dsr_gate_enter(dn);
	frontend = late ? dsr_frontend_of_any_mark(dn, family, skb->mark) :
			  dsr_frontend_of_packet(dn, skb, family, skb->mark);
	dsr_decide(dn, frontend, pkt, decision);
	if (valid && decision->service && !decision->backend &&
	    decision->reason == DSR_FORWARDED)
		dsr_schedule(dn, pkt, decision);
	dsr_gate_leave(dn);
}

/* Parse a packet, decide about it, and prepare it for sending. @late is a
 * constant: the packet's mark alone counts, as in dsr_hook_late().
 */
static __always_inline enum dsr_reason
balance(struct dsr_net *dn, struct sk_buff *skb, u8 family, unsigned int hook,
	bool late, struct dsr_frontend *frontend, struct dsr_packet *pkt,
	struct dsr_decision *decision)
{
	struct dsr_backend *here;
	enum dsr_reason reason;

	if (!dsr_packet_parse(skb, family, pkt, &reason)) {
		decision->backend = NULL;
		/* Not ours: leave malformed packets to the stack. */
		return frontend || dsr_reason_is_pass(reason) ?
		       reason : DSR_PASS_NO_SERVICE;
	}
	dsr_decide(dn, frontend, pkt, decision);
	if (unlikely(decision->choice != DSR_CHOICE_CONNECTION) &&
	    dsr_gate_is_armed(dn))
		decide_at_gate(dn, skb, family, late, pkt, decision);
	if (!decision->service)
		return decision->reason;
	if (unlikely(READ_ONCE(decision->service->here)) &&
	    (pkt->kind == DSR_PACKET_FLOW ||
	     pkt->kind == DSR_PACKET_PORTLESS)) {
		here = dsr_peer_find_here(dn, decision->service, skb);
		if (here && here != decision->backend) {
			decision->backend = here;
			return DSR_DELIVERED_FROM_PEER;
		}
	}
	if (likely(decision->choice == DSR_CHOICE_CONNECTION))
		dsr_schedule_touch(dn, skb, pkt, decision);
	else if (!admit(dn, skb, pkt, decision))
		return answer(dn, skb, family, hook, decision);

	reason = dsr_xmit_prepare(dn->net, skb, decision->service,
				  decision->backend);
	return likely(reason == DSR_FORWARDED) ? decision->reason : reason;
}

static enum dsr_reason process(struct dsr_net *dn, struct sk_buff *skb,
			       u8 family, struct dsr_decision *decision)
{
	struct dsr_packet pkt __uninitialized;
	struct dsr_frontend *frontend;

	/* A packet that has a socket already, by TPROXY, is for that socket. */
	if (unlikely(!dsr_is_to_this_host(skb) || skb->sk)) {
		decision->backend = NULL;
		return DSR_PASS_NOT_TO_THIS_HOST;
	}
	frontend = dsr_frontend_of_packet(dn, skb, family, skb->mark);
	/* An ICMP error may belong to us without a mark. */
	if (!frontend && !dsr_packet_may_be_icmp(skb, family)) {
		decision->backend = NULL;
		return DSR_PASS_NO_SERVICE;
	}
	return balance(dn, skb, family, NF_INET_PRE_ROUTING, false, frontend,
		       &pkt, decision);
}

/* A rule of FORWARD or POSTROUTING has dropped a packet that was counted as
 * forwarded.
 */
static noinline void recount_dropped(struct dsr_net *dn,
				     enum dsr_reason reason)
{
	this_cpu_dec(dn->reasons[reason]);
	this_cpu_inc(dn->reasons[DSR_DROP_BY_FIREWALL]);
}

/* Trace the reason of a packet at once, unless FORWARD and POSTROUTING still decide
 * about the packet.
 *
 * Return: a copy for trace_copy(), since the packet is gone by then; or %NULL.
 */
static struct sk_buff *trace_now_or_later(struct dsr_net *dn,
					  struct sk_buff *skb, u8 family,
					  const struct dsr_decision *decision,
					  enum dsr_reason reason)
{
	struct sk_buff *copy = NULL;

	if (decision->backend && !dsr_reason_is_drop(reason) &&
	    !dsr_reason_is_here(reason) &&
	    READ_ONCE(decision->service->path) == DSR_PATH_STACK)
		copy = skb_clone(skb, GFP_ATOMIC);
	if (!copy) {
		trace_dsr_packet(dn, skb, skb, family, decision->backend,
				 reason);
		return NULL;
	}
	/* NFQUEUE drops a packet whose new connection has a second user. */
	nf_reset_ct(copy);
	return copy;
}

/* Trace the reason of the packet that was at @skbaddr. */
static void trace_copy(struct dsr_net *dn, struct sk_buff *copy,
		       const void *skbaddr, u8 family,
		       const struct dsr_decision *decision,
		       enum dsr_reason reason)
{
	trace_dsr_packet(dn, copy, skbaddr, family, decision->backend, reason);
	consume_skb(copy);
}

/* Count the reason, then send, drop or pass the packet. @traced is a constant. */
static __always_inline unsigned int carry_out(struct dsr_net *dn,
					      struct sk_buff *skb, u8 family,
					      const struct dsr_decision *decision,
					      enum dsr_reason reason, bool traced)
{
	struct sk_buff *copy = NULL;
	bool sent;

	this_cpu_inc(dn->reasons[reason]);
	if (traced)
		copy = trace_now_or_later(dn, skb, family, decision, reason);
	if (dsr_reason_is_drop(reason))
		return NF_DROP;
	if (!decision->backend)
		return NF_ACCEPT;
	dsr_stats_count(decision->backend->stats, skb);
	if (unlikely(dsr_reason_is_here(reason))) {
		dsr_balanced_set(skb);
		return NF_ACCEPT;
	}
	sent = dsr_xmit_send(dn->net, family, skb, decision->service);
	if (unlikely(!sent))
		recount_dropped(dn, reason);
	if (traced && copy)
		trace_copy(dn, copy, skb, family, decision,
			   sent ? reason : DSR_DROP_BY_FIREWALL);
	return NF_STOLEN;
}

static noinline unsigned int
carry_out_traced(struct dsr_net *dn, struct sk_buff *skb, u8 family,
		 const struct dsr_decision *decision, enum dsr_reason reason)
{
	return carry_out(dn, skb, family, decision, reason, true);
}

/* Count and trace the reason, then send, drop or pass the packet. */
static __always_inline unsigned int finish(struct dsr_net *dn,
					   struct sk_buff *skb, u8 family,
					   const struct dsr_decision *decision,
					   enum dsr_reason reason)
{
	if (trace_dsr_packet_enabled())
		return carry_out_traced(dn, skb, family, decision, reason);
	return carry_out(dn, skb, family, decision, reason, false);
}

/**
 * dsr_hook() - handle an incoming packet in PRE_ROUTING
 * @priv: struct dsr_net
 * @skb: packet
 * @state: hook state of netfilter
 *
 * Context: rcu_read_lock(); softirq, or process context if user space has given
 * a verdict on a packet that waited in PRE_ROUTING.
 * Return: NF_ACCEPT, NF_DROP, or NF_STOLEN.
 */
unsigned int dsr_hook(void *priv, struct sk_buff *skb,
		      const struct nf_hook_state *state)
{
	struct dsr_decision decision __uninitialized;
	struct dsr_net *dn = priv;
	enum dsr_reason reason;

	reason = process(dn, skb, state->pf, &decision);
	return finish(dn, skb, state->pf, &decision, reason);
}

/* Return the reason that dsr_hook() has counted for a packet that it passed.
 * The mark may have changed since, so derive the reason from the packet alone.
 */
static enum dsr_reason passed_as(const struct dsr_packet *pkt)
{
	return pkt->kind == DSR_PACKET_ICMP_ERROR ? DSR_PASS_ICMP_UNRELATED :
						       DSR_PASS_NO_SERVICE;
}

/* Check if NAT applies to the packet's connection. Then the NAT rule decides
 * where the packet goes.
 */
static bool is_translated(const struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_NF_CONNTRACK)
	enum ip_conntrack_info info;
	const struct nf_conn *ct = nf_ct_get(skb, &info);

	return ct && (ct->status & IPS_NAT_MASK);
#else
	return false;
#endif
}

/* Check for neighbour discovery: if this machine is an NDP proxy for an
 * address, neighbours solicit that address.
 */
static bool is_from_neighbour(const struct sk_buff *skb, u8 family)
{
	struct icmp6hdr _icmph, *icmph;

	if (family != AF_INET6 || ipv6_hdr(skb)->nexthdr != IPPROTO_ICMPV6)
		return false;
	icmph = skb_header_pointer(skb, skb_network_offset(skb) +
				   sizeof(struct ipv6hdr), sizeof(_icmph),
				   &_icmph);
	return icmph && icmph->icmp6_type >= NDISC_ROUTER_SOLICITATION &&
	       icmph->icmp6_type <= NDISC_REDIRECT;
}

/* Refuse a packet whose frontend has no service for it, if the packet would loop:
 * see dsr_here_refuses(). @by_mark tells that the frontend is a mark, and that no
 * service has the destination as its VIP.
 */
static noinline unsigned int refuse(struct dsr_net *dn, struct sk_buff *skb,
				    u8 family, unsigned int hook,
				    const struct dsr_packet *pkt,
				    enum dsr_reason passed, bool by_mark)
{
	struct dsr_decision none = { .backend = NULL };
	struct dsr_arrival arrival;

	if (hook != NF_INET_PRE_ROUTING || skb_valid_dst(skb) ||
	    is_translated(skb) || is_from_neighbour(skb, family))
		return NF_ACCEPT;
	dsr_source_arrival(skb, family, &arrival);
	if (!dsr_here_refuses(dn->net, pkt, &arrival, by_mark))
		return NF_ACCEPT;
	if (pkt->kind == DSR_PACKET_FLOW &&
	    dsr_packet_is_balanced(pkt->tuple.proto) &&
	    dsr_source_check(dn, pkt, &arrival) == DSR_FORWARDED)
		dsr_reject_unreachable(dn->net, skb, family, hook);
	this_cpu_dec(dn->reasons[passed]);
	return finish(dn, skb, family, &none, DSR_DROP_NOT_SERVED);
}

/* Handle a packet to a VIP that dsr_hook() has passed. If there is a service
 * for it now, a rule has translated the destination since: leave the packet to
 * that rule. Else refuse it.
 */
static noinline unsigned int late_vip(struct dsr_net *dn, struct sk_buff *skb,
				      u8 family, unsigned int hook,
				      struct dsr_frontend *frontend)
{
	struct dsr_decision decision;
	struct dsr_packet pkt;
	enum dsr_reason reason;

	if (!dsr_is_to_this_host(skb) || skb->sk)
		return NF_ACCEPT;
	if (dsr_packet_parse(skb, family, &pkt, &reason)) {
		dsr_decide(dn, frontend, &pkt, &decision);
		reason = decision.service ? DSR_FORWARDED : decision.reason;
	}
	if (!dsr_reason_is_pass(reason))
		return NF_ACCEPT;
	return refuse(dn, skb, family, hook, &pkt, reason, false);
}

/* A reply begins a connection of netfilter's where that has not seen the request,
 * with path direct, or has forgotten it. Its source is the VIP, and stays that. What
 * the table has no place for is known by the VIP alone.
 */
static noinline void keep_reply(struct dsr_net *dn, struct sk_buff *skb,
				u8 family)
{
	const struct dsr_frontend *frontend;
	struct dsr_tuple request;
	struct dsr_packet pkt;
	enum dsr_reason reason;

	if (!dsr_packet_parse(skb, family, &pkt, &reason) ||
	    pkt.kind != DSR_PACKET_FLOW)
		return;
	dsr_tuple_reverse(&pkt.tuple, &request);
	frontend = dsr_frontend_find(dn, 0, &request);
	if ((frontend && dsr_frontend_match(frontend, &request)) ||
	    dsr_decide_answers(dn, &pkt))
		dsr_nat_settle(skb);
}

/**
 * dsr_hook_late() - handle a packet at the end of PRE_ROUTING, or in LOCAL_IN
 * @priv: struct dsr_net
 * @skb: packet
 * @state: hook state of netfilter
 *
 * A chain of any priority may set a mark, so a mark may be set after dsr_hook()
 * has run. keepalived's own groups (nftables_ipvs) set marks in LOCAL_IN. So
 * this hook looks up a service again for a packet that dsr_hook() has passed,
 * by its mark alone. The destination does not count: if it has become a VIP
 * since, a rule has translated the packet, and that rule decides.
 *
 * A packet for a mark or VIP of ours that no service takes may be refused here.
 * This cannot be done earlier, since a rule may still translate the packet.
 *
 * Context: as dsr_hook().
 * Return: NF_ACCEPT, NF_DROP, or NF_STOLEN.
 */
unsigned int dsr_hook_late(void *priv, struct sk_buff *skb,
			   const struct nf_hook_state *state)
{
	struct dsr_decision decision = { .choice = DSR_CHOICE_NONE };
	struct dsr_packet pkt __uninitialized;
	struct dsr_frontend *frontend = NULL;
	struct dsr_net *dn = priv;
	enum dsr_reason reason;

	if (state->hook == NF_INET_PRE_ROUTING && dsr_nat_is_open(skb))
		keep_reply(dn, skb, state->pf);
	if (skb->mark)
		frontend = dsr_frontend_of_any_mark(dn, state->pf, skb->mark);
	if (likely(!frontend)) {
		/* mark 0: look at the address alone */
		if (state->hook == NF_INET_PRE_ROUTING)
			frontend = dsr_frontend_of_packet(dn, skb, state->pf, 0);
		return unlikely(frontend) ?
		       late_vip(dn, skb, state->pf, state->hook, frontend) :
		       NF_ACCEPT;
	}
	if (dsr_is_balanced(skb) || !dsr_is_to_this_host(skb) || skb->sk)
		return NF_ACCEPT;
	reason = balance(dn, skb, state->pf, state->hook, true, frontend, &pkt,
			 &decision);
	/* dsr_hook() has already counted the packet as passed. */
	if (reason == DSR_PASS_REPLY)
		return NF_ACCEPT;
	if (dsr_reason_is_pass(reason))
		return refuse(dn, skb, state->pf, state->hook, &pkt, reason,
			      !dsr_frontend_of_packet(dn, skb, state->pf, 0));
	this_cpu_dec(dn->reasons[passed_as(&pkt)]);
	return finish(dn, skb, state->pf, &decision, reason);
}
