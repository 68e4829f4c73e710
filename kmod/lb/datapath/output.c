// SPDX-License-Identifier: GPL-2.0
/* output - see output.h */

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/dsfield.h>
#include <net/dst.h>
#include <net/ip.h>

#include "core/gate.h"
#include "core/trace.h"
#include "datapath/reject.h"
#include "datapath/output.h"
#include "datapath/schedule.h"

/* Check that there is an IP header: a raw socket can send anything. */
static bool has_header(struct sk_buff *skb, u8 family)
{
	if (family == AF_INET6)
		return pskb_may_pull(skb, sizeof(struct ipv6hdr));
	return pskb_may_pull(skb, sizeof(struct iphdr)) &&
	       ip_hdrlen(skb) >= sizeof(struct iphdr);
}

/* Set the service's TOS as for forwarded packets: the backend may select
 * packets by it.
 */
static bool set_tos(struct sk_buff *skb, u8 family,
		    const struct dsr_service *service)
{
	u16 tos = READ_ONCE(service->tos);

	if (!tos)
		return true;
	if (skb_ensure_writable(skb, family == AF_INET ?
				     sizeof(struct iphdr) :
				     sizeof(struct ipv6hdr)))
		return false;
	if (family == AF_INET)
		ipv4_change_dsfield(ip_hdr(skb), ~(tos >> 8), tos & 0xff);
	else
		ipv6_change_dsfield(ipv6_hdr(skb), ~(tos >> 8), tos & 0xff);
	return true;
}

/* Give a packet the route to its backend. */
static enum dsr_reason reroute(struct dsr_net *dn, struct sk_buff *skb,
			       u8 family, const struct dsr_decision *decision)
{
	struct dsr_nexthop *nexthop = &decision->backend->nexthop;
	struct dst_entry *dst = dsr_nexthop_get(dn->net, nexthop);

	if (!dst)
		return READ_ONCE(nexthop->local) ? DSR_DROP_PROBE_TO_ITSELF :
						   DSR_DROP_NO_ROUTE_TO_BACKEND;
	if (!set_tos(skb, family, decision->service))
		return DSR_DROP_NO_MEMORY;
	/* Take a reference: the packet keeps the route after the hook. */
	if (!dst_hold_safe(dst))
		return DSR_DROP_NO_ROUTE_TO_BACKEND;
	skb_dst_drop(skb);
	skb_dst_set(skb, dst);
	if (skb->dev)
		skb->dev = READ_ONCE(dst->dev);
	return decision->reason;
}

static enum dsr_reason process_probe(struct dsr_net *dn, struct sk_buff *skb,
				     u8 family,
				     const struct dsr_frontend *frontend,
				     struct dsr_decision *decision)
{
	struct dsr_packet pkt;
	enum dsr_reason reason;

	decision->backend = NULL;
	if (!dsr_packet_parse(skb, family, &pkt, &reason))
		return reason;
	dsr_decide(dn, frontend, &pkt, decision);
	return decision->backend ? reroute(dn, skb, family, decision) :
				   decision->reason;
}

/* Reroute an ICMP error about a reply of a connection to the backend. Pass any
 * other packet, and an error that cannot be rerouted, unchanged.
 */
static enum dsr_reason process_icmp(struct dsr_net *dn, struct sk_buff *skb,
				    u8 family, struct dsr_decision *decision)
{
	struct dsr_packet pkt;
	enum dsr_reason reason;

	decision->backend = NULL;
	if (!dsr_packet_may_be_icmp(skb, family) ||
	    !dsr_packet_parse(skb, family, &pkt, &reason) ||
	    pkt.kind != DSR_PACKET_ICMP_ERROR)
		return DSR_PASS_ICMP_UNRELATED;
	/* Ignore the mark: with fwmark_reflect an error has the mark of the
	 * packet that it is about, and that packet may be a client's.
	 */
	dsr_decide(dn, dsr_frontend_find(dn, 0, &pkt.tuple), &pkt,
		   decision);
	if (decision->backend)
		reason = reroute(dn, skb, family, decision);
	if (!decision->backend || dsr_reason_is_drop(reason))
		return DSR_PASS_ICMP_UNRELATED;
	return reason;
}

/* Check if a packet that follows no connection may begin one. A reply of a
 * server on this machine may have the mark of the request (tcp_fwmark_accept,
 * fwmark_reflect), but is no SYN. If the VIP is an address of this machine, a
 * packet to the VIP has the VIP as its source, too: no backend can answer it.
 */
static bool may_begin(const struct dsr_service *service,
		      const struct dsr_packet *pkt)
{
	union nf_inet_addr source = dsr_tuple_source(&pkt->tuple);
	union nf_inet_addr dest = dsr_tuple_dest(&pkt->tuple);

	if (!dsr_addr_compare(&source, &dest))
		return false;
	return !service->key.fwmark || pkt->tuple.proto == IPPROTO_UDP ||
	       pkt->event == DSR_EVENT_OPEN;
}

/* Schedule a packet of this machine that follows no connection, if it may begin
 * one.
 */
static void begin_own(struct dsr_net *dn, struct sk_buff *skb,
		      struct dsr_packet *pkt, struct dsr_decision *decision)
{
	if (!decision->service || decision->backend ||
	    decision->reason != DSR_FORWARDED)
		return;
	if (may_begin(decision->service, pkt)) {
		dsr_packet_prove(skb, pkt);
		dsr_schedule(dn, pkt, decision);
	} else {
		decision->service = NULL;
	}
}

/* While a transaction is carried out, decide again at the gate. */
static noinline void begin_own_at_gate(struct dsr_net *dn, struct sk_buff *skb,
				       u8 family, struct dsr_packet *pkt,
				       struct dsr_decision *decision)
{
	dsr_gate_enter(dn);
	dsr_decide(dn, dsr_frontend_of_packet(dn, skb, family, skb->mark), pkt,
		   decision);
	begin_own(dn, skb, pkt, decision);
	dsr_gate_leave(dn);
}

/* Handle a packet of this machine for a service. Only packets of connections
 * are balanced; others pass unchanged.
 */
static enum dsr_reason process_own(struct dsr_net *dn, struct sk_buff *skb,
				   u8 family,
				   const struct dsr_frontend *frontend,
				   struct dsr_decision *decision)
{
	struct dsr_packet pkt;
	enum dsr_reason reason;

	decision->backend = NULL;
	if (!dsr_packet_parse(skb, family, &pkt, &reason) ||
	    pkt.kind != DSR_PACKET_FLOW)
		return DSR_PASS_NO_SERVICE;
	dsr_decide(dn, frontend, &pkt, decision);
	if (decision->choice != DSR_CHOICE_CONNECTION) {
		if (dsr_gate_is_armed(dn))
			begin_own_at_gate(dn, skb, family, &pkt, decision);
		else
			begin_own(dn, skb, &pkt, decision);
	}
	if (!decision->service)
		return DSR_PASS_NO_SERVICE;
	if (decision->choice == DSR_CHOICE_CONNECTION)
		dsr_schedule_touch(dn, skb, &pkt, decision);
	if (decision->reason == DSR_ANSWERED_RESET) {
		dsr_conn_close(dn, decision->conn);
		dsr_reject_reset(dn->net, skb, family, NF_INET_LOCAL_OUT);
	}
	return decision->backend ? reroute(dn, skb, family, decision) :
				   decision->reason;
}

/**
 * dsr_output_hook() - handle a packet that this machine sends, in LOCAL_OUT
 * @priv: struct dsr_net
 * @skb: packet
 * @state: hook state of netfilter
 *
 * Context: rcu_read_lock(); process context or softirq. The packet's socket may
 * be locked.
 * Return: NF_ACCEPT; or a drop with an errno for the socket, so that a health
 * checker or a client fails at once instead of after a timeout.
 */
unsigned int dsr_output_hook(void *priv, struct sk_buff *skb,
			     const struct nf_hook_state *state)
{
	struct dsr_frontend *frontend;
	struct dsr_decision decision;
	struct dsr_net *dn = priv;
	enum dsr_reason reason;

	/* A tunnel device keeps the mark of the packet that it encapsulates,
	 * which may have been balanced: balanced again, it would loop.
	 */
	if (skb_inner_network_header_was_set(skb))
		return NF_ACCEPT;
	if (!has_header(skb, state->pf))
		return NF_ACCEPT;
	frontend = dsr_frontend_of_packet(dn, skb, state->pf, skb->mark);
	if (unlikely(frontend && frontend->probe)) {
		reason = process_probe(dn, skb, state->pf, frontend, &decision);
	} else {
		if (dsr_packet_may_be_icmp(skb, state->pf))
			reason = process_icmp(dn, skb, state->pf, &decision);
		else if (frontend)
			reason = process_own(dn, skb, state->pf, frontend,
					     &decision);
		else
			return NF_ACCEPT;
		if (dsr_reason_is_pass(reason))
			return NF_ACCEPT;
	}
	this_cpu_inc(dn->reasons[reason]);
	trace_dsr_packet(dn, skb, skb, state->pf, decision.backend, reason);
	if (dsr_reason_is_drop(reason))
		return NF_DROP_ERR(-ECONNREFUSED);
	if (decision.backend)
		dsr_stats_count(decision.backend->stats, skb);
	return NF_ACCEPT;
}
