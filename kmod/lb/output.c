// SPDX-License-Identifier: GPL-2.0
/* output - see output.h */

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/dsfield.h>
#include <net/dst.h>
#include <net/ip.h>

#include "decide.h"
#include "output.h"
#include "probe.h"
#include "trace.h"

/* Whether there is an IP header: root's raw sockets send what they like. */
static bool has_header(struct sk_buff *skb, u8 family)
{
	if (family == AF_INET6)
		return pskb_may_pull(skb, sizeof(struct ipv6hdr));
	return pskb_may_pull(skb, sizeof(struct iphdr)) &&
	       ip_hdrlen(skb) >= sizeof(struct iphdr);
}

/* As in packets that are forwarded: the backend may tell by it what is its own. */
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
		return READ_ONCE(nexthop->local) ? DSR_DROP_PROBE_HERE :
						   DSR_DROP_NO_ROUTE;
	if (!set_tos(skb, family, decision->service))
		return DSR_DROP_NO_MEMORY;
	/* The packet leaves the hook with it, and so the grace period. */
	if (!dst_hold_safe(dst))
		return DSR_DROP_NO_ROUTE;
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
	struct dsr_packet packet;
	enum dsr_reason reason;

	decision->backend = NULL;
	if (!dsr_packet_parse(skb, family, &packet, &reason))
		return reason;
	dsr_decide(dn, frontend, &packet, decision);
	return decision->backend ? reroute(dn, skb, family, decision) :
				   decision->reason;
}

/* What is no error about a reply of a connection, or finds no way, is let pass as
 * it is.
 */
static enum dsr_reason process_icmp(struct dsr_net *dn, struct sk_buff *skb,
				    u8 family, struct dsr_decision *decision)
{
	struct dsr_packet packet;
	enum dsr_reason reason;

	decision->backend = NULL;
	if (!dsr_packet_may_be_icmp(skb, family) ||
	    !dsr_packet_parse(skb, family, &packet, &reason) ||
	    packet.kind != DSR_PACKET_ICMP_ERROR)
		return DSR_PASS_ICMP_UNRELATED;
	dsr_decide(dn, dsr_frontend_find(dn, skb->mark, &packet.tuple),
		   &packet, decision);
	if (decision->backend)
		reason = reroute(dn, skb, family, decision);
	if (!decision->backend || dsr_reason_is_drop(reason))
		return DSR_PASS_ICMP_UNRELATED;
	return reason;
}

/**
 * dsr_output_hook() - a packet of this machine's own leaves
 * @priv: struct dsr_net
 * @skb: packet
 * @state: of netfilter
 *
 * Context: rcu_read_lock(); process context or softirq, and its socket may be
 * locked.
 *
 * Return: NF_ACCEPT; or, of a probe, a drop of which the socket hears at once, so
 * that a check fails without waiting for its timeout.
 */
unsigned int dsr_output_hook(void *priv, struct sk_buff *skb,
			     const struct nf_hook_state *state)
{
	struct dsr_frontend *frontend;
	struct dsr_decision decision;
	struct dsr_net *dn = priv;
	enum dsr_reason reason;

	if (!has_header(skb, state->pf))
		return NF_ACCEPT;
	frontend = skb->mark ? dsr_probe_find(dn, state->pf, skb->mark) : NULL;
	if (frontend) {
		reason = process_probe(dn, skb, state->pf, frontend, &decision);
	} else {
		reason = process_icmp(dn, skb, state->pf, &decision);
		if (reason == DSR_PASS_ICMP_UNRELATED)
			return NF_ACCEPT;
	}
	this_cpu_inc(dn->reasons[reason]);
	trace_dsr_packet(skb, state->pf, decision.backend, reason);
	if (dsr_reason_is_drop(reason))
		return NF_DROP_ERR(-ECONNREFUSED);
	if (decision.backend)
		dsr_stats_count(decision.backend->stats, skb);
	return NF_ACCEPT;
}
