// SPDX-License-Identifier: GPL-2.0
/* output - see output.h */

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
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

static enum dsr_reason process(struct dsr_net *dn, struct sk_buff *skb,
			       u8 family, const struct dsr_frontend *frontend,
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

/* A packet of this machine's own leaves.
 *
 * Context: rcu_read_lock(); process context or softirq, and its socket may be
 * locked.
 *
 * Return: NF_ACCEPT; or a drop of which the socket hears at once, so that a
 * check fails without waiting for its timeout.
 */
static unsigned int output_hook(void *priv, struct sk_buff *skb,
				const struct nf_hook_state *state)
{
	struct dsr_frontend *frontend;
	struct dsr_decision decision;
	struct dsr_net *dn = priv;
	enum dsr_reason reason;

	frontend = skb->mark ? dsr_probe_find(dn, state->pf, skb->mark) : NULL;
	if (!frontend || !has_header(skb, state->pf))
		return NF_ACCEPT;
	reason = process(dn, skb, state->pf, frontend, &decision);
	this_cpu_inc(dn->reasons[reason]);
	trace_dsr_packet(skb, state->pf, decision.backend, reason);
	if (dsr_reason_is_drop(reason))
		return NF_DROP_ERR(-ECONNREFUSED);
	if (decision.backend)
		dsr_stats_count(decision.backend->stats, skb);
	return NF_ACCEPT;
}

static struct dsr_net_side *side_of(struct dsr_net *dn, u8 family)
{
	return family == AF_INET ? &dn->ipv4 : &dn->ipv6;
}

/** dsr_output_init() - set the hooks of a balancer up */
void dsr_output_init(struct dsr_net *dn)
{
	/* the rules that set the mark come just before */
	dn->ipv4.output = (struct nf_hook_ops) {
		.hook = output_hook,
		.priv = dn,
		.pf = NFPROTO_IPV4,
		.hooknum = NF_INET_LOCAL_OUT,
		.priority = NF_IP_PRI_MANGLE + 1,
	};
	dn->ipv6.output = (struct nf_hook_ops) {
		.hook = output_hook,
		.priv = dn,
		.pf = NFPROTO_IPV6,
		.hooknum = NF_INET_LOCAL_OUT,
		.priority = NF_IP6_PRI_MANGLE + 1,
	};
}

/**
 * dsr_output_start() - look at this machine's packets for one more service
 * @dn: balancer
 * @family: of the service, for which dsr_net_start() was called
 *
 * Context: process context, holds dn->lock.
 * Return: 0 or a negative errno.
 */
int dsr_output_start(struct dsr_net *dn, u8 family)
{
	struct dsr_net_side *side = side_of(dn, family);
	int err;

	lockdep_assert_held(&dn->lock);
	if (side->probes++)
		return 0;
	err = nf_register_net_hook(dn->net, &side->output);
	if (err)
		side->probes--;
	return err;
}

/**
 * dsr_output_stop() - undo dsr_output_start()
 * @dn: balancer
 * @family: of the service, for which dsr_net_stop() is called later: it waits
 *	for packets that are in the hook still
 *
 * Context: process context, holds dn->lock.
 */
void dsr_output_stop(struct dsr_net *dn, u8 family)
{
	struct dsr_net_side *side = side_of(dn, family);

	lockdep_assert_held(&dn->lock);
	if (!--side->probes)
		nf_unregister_net_hook(dn->net, &side->output);
}
