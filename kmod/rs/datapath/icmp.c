// SPDX-License-Identifier: GPL-2.0
/*
 * icmp - answer pings of a VIP, and rewrite ICMP errors about flows, in both
 * directions
 *
 * An error quotes the packet that it is about as it was on the wire (RFC 792;
 * at least 8 bytes behind the IP header, RFC 1812, section 4.3.2.3). The
 * receiver finds its socket by the quotation, so that is rewritten too.
 *
 * Owns nothing. Runs in the hooks of deliver.c and reply.c, in their contexts.
 */

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "core/pending.h"
#include "core/flow.h"
#include "core/local.h"
#include "core/net.h"
#include "core/policy.h"
#include "datapath/icmp.h"
#include "datapath/rewrite.h"
#include "ping.h"

#define QUOTED_MIN	8

/* The next two parse the IP header that an ICMP error quotes: its addresses,
 * and the offset and the protocol of its transport header.
 */
static bool quoted_ip4(const struct sk_buff *skb, struct dsr_rs_quoted *at,
		       struct dsr_rs_ends *ends)
{
	const struct iphdr *iph;
	struct iphdr _iph;

	iph = skb_header_pointer(skb, at->ip, sizeof(_iph), &_iph);
	if (!iph || iph->version != 4 || iph->ihl < 5 ||
	    iph->frag_off & htons(IP_OFFSET))
		return false;
	at->th = at->ip + iph->ihl * 4;
	at->proto = iph->protocol;
	ends->saddr.ip = iph->saddr;
	ends->daddr.ip = iph->daddr;
	return true;
}

static bool quoted_ip6(const struct sk_buff *skb, struct dsr_rs_quoted *at,
		       struct dsr_rs_ends *ends)
{
	const struct ipv6hdr *ip6h;
	struct ipv6hdr _ip6h;
	bool fragment;
	int th;

	ip6h = skb_header_pointer(skb, at->ip, sizeof(_ip6h), &_ip6h);
	if (!ip6h || ip6h->version != 6)
		return false;
	at->proto = ip6h->nexthdr;
	ends->saddr.in6 = ip6h->saddr;
	ends->daddr.in6 = ip6h->daddr;
	th = dsr_rs_packet_skip(skb, at->ip + sizeof(_ip6h), &at->proto,
				&fragment);
	at->th = th;
	return th >= 0;
}

/* Locate the quotation of a flow's packet in an ICMP error.
 *
 * Return: true if there is one; @ends are set from it.
 */
static bool quoted_parse(const struct sk_buff *skb, u8 family,
			 struct dsr_rs_quoted *at, struct dsr_rs_ends *ends)
{
	const __be16 *ports;
	__be16 _ports[2];

	at->ip = at->icmp + sizeof(struct icmphdr);
	BUILD_BUG_ON(sizeof(struct icmphdr) != sizeof(struct icmp6hdr));
	if (family == AF_INET ? !quoted_ip4(skb, at, ends) :
				!quoted_ip6(skb, at, ends))
		return false;
	if ((at->proto != IPPROTO_TCP && at->proto != IPPROTO_UDP &&
	     at->proto != IPPROTO_SCTP) || at->th + QUOTED_MIN > skb->len)
		return false;
	ports = skb_header_pointer(skb, at->th, sizeof(_ports), _ports);
	if (!ports)
		return false;
	ends->source = ports[0];
	ends->dest = ports[1];
	return true;
}

static bool is_echo(u8 family, u8 type)
{
	return type == (family == AF_INET ? ICMP_ECHO : ICMPV6_ECHO_REQUEST);
}

/* Answer a ping of a VIP from the VIP itself, as for an address of this
 * machine. If the machine is set to ignore pings, leave the request alone.
 */
static enum dsr_rs_reason echo(struct dsr_rs_net *rs, struct sk_buff *skb,
			       const struct dsr_rs_packet *pkt)
{
	const struct dsr_rs_tuple *tuple = &pkt->tuple;
	const struct dsr_rs_rule *rule;
	struct dsr_rs_rule_match match;

	/* A rule for one protocol makes an address a VIP as well. */
	rule = dsr_rs_rule_match(&rs->rules, tuple, pkt->tos, skb, &match);
	if (!dsr_rs_rule_has_vip(&rs->rules, tuple->family, &tuple->server) &&
	    !rule)
		return DSR_RS_PASS_ICMP_NOT_ERROR;
	if (!dsr_rs_local_is_elsewhere(rs->net, skb->dev, tuple->family,
				       &tuple->server))
		return DSR_RS_PASS_OWN_ADDRESS;
	if (tuple->family == AF_INET ?
	    READ_ONCE(rs->net->ipv4.sysctl_icmp_echo_ignore_all) :
	    READ_ONCE(rs->net->ipv6.sysctl.icmpv6_echo_ignore_all))
		return DSR_RS_PASS_ICMP_NOT_ERROR;
	return dsr_ping_answer(rs->net, skb, tuple->family) ?
	       DSR_RS_ANSWERED_PING : DSR_RS_DROP_PING;
}

/* Return: %DSR_RS_REASON_COUNT if it is an error with a quotation. */
static enum dsr_rs_reason error_parse(const struct sk_buff *skb, u8 family,
				      struct dsr_rs_quoted *at,
				      struct dsr_rs_ends *ends)
{
	const struct icmphdr *icmph;
	struct icmphdr _icmph;

	icmph = skb_header_pointer(skb, at->icmp, sizeof(_icmph), &_icmph);
	if (!icmph)
		return DSR_RS_PASS_MALFORMED;
	if (family == AF_INET ? !icmp_is_err(icmph->type) :
				!icmpv6_is_err(icmph->type))
		return DSR_RS_PASS_ICMP_NOT_ERROR;
	if (!quoted_parse(skb, family, at, ends))
		return DSR_RS_PASS_ICMP_UNRELATED;
	return DSR_RS_REASON_COUNT;
}

/* Find the flow or pending flow of a packet with these ends, on the wire or at
 * the socket.
 */
static struct dsr_rs_flow *flow_of(struct dsr_rs_net *rs, bool wire,
				   const struct dsr_rs_tuple *tuple,
				   struct dsr_rs_pending *pending)
{
	u32 hash = dsr_rs_tuple_hash(tuple, &rs->table.key);
	struct dsr_rs_flow *flow;

	flow = wire ? dsr_rs_flow_find_wire(&rs->table, hash, tuple) :
		      dsr_rs_flow_find_socket(&rs->table, hash, tuple);
	if (!flow && dsr_rs_pending_find(rs->pendings, hash,
					 wire ? dsr_rs_flow_match_wire :
					       dsr_rs_flow_match_socket,
					 tuple, jiffies, pending))
		flow = &pending->flow;
	return flow;
}

/**
 * dsr_rs_icmp_deliver() - handle an ICMP message from outside
 * @rs: namespace
 * @skb: packet, data at the IP header
 * @pkt: result of parsing
 *
 * It is an echo request for a VIP, or a router could not forward a reply.
 *
 * Context: rcu_read_lock(), any.
 * Return: outcome of the packet.
 */
enum dsr_rs_reason dsr_rs_icmp_deliver(struct dsr_rs_net *rs,
				       struct sk_buff *skb,
				       const struct dsr_rs_packet *pkt)
{
	struct dsr_rs_quoted at = { .icmp = pkt->thoff };
	u8 family = pkt->tuple.family;
	struct dsr_rs_pending pending;
	struct dsr_rs_tuple tuple;
	struct dsr_rs_ends quoted;
	enum dsr_rs_reason reason;
	struct dsr_rs_flow *flow;
	const u8 *type;
	u8 _type;

	type = skb_header_pointer(skb, at.icmp, sizeof(_type), &_type);
	if (type && is_echo(family, *type) &&
	    at.icmp + sizeof(struct icmphdr) <= skb->len)
		return echo(rs, skb, pkt);
	reason = error_parse(skb, family, &at, &quoted);
	if (reason != DSR_RS_REASON_COUNT)
		return reason;
	tuple = (struct dsr_rs_tuple) {
		.client = quoted.daddr, .cport = quoted.dest,
		.server = quoted.saddr, .sport = quoted.source,
		.proto = at.proto, .family = family,
		.zone = dsr_rs_tuple_zone(family, &quoted.daddr,
					  skb->dev->ifindex),
	};
	/* An error goes to the source of the packet that it quotes. */
	if (!dsr_addr_equal(family, &tuple.server, &pkt->tuple.server))
		return DSR_RS_PASS_ICMP_UNRELATED;
	flow = flow_of(rs, true, &tuple, &pending);
	if (!flow)
		return DSR_RS_PASS_ICMP_UNRELATED;

	if (!dsr_rs_policy_allows(skb, family))
		return DSR_RS_DROP_IPSEC_POLICY;
	tuple = dsr_rs_flow_socket(flow);
	quoted.saddr = tuple.server;
	quoted.source = tuple.sport;
	quoted.dest = tuple.cport;
	if (dsr_rs_rewrite_icmp(skb, family, &at, &pkt->tuple.client,
				&tuple.server, &quoted))
		return DSR_RS_DROP_NO_MEMORY;
	dsr_rs_policy_delivered(skb, family);
	skb_dst_drop(skb);
	return DSR_RS_DELIVERED_ICMP_ERROR;
}

/* Find the flow or pending flow of the request that an error of this machine
 * quotes. Return: %NULL with @reason set if there is none.
 */
static struct dsr_rs_flow *refused_flow(struct dsr_rs_net *rs,
					const struct sk_buff *skb,
					const struct dsr_rs_packet *pkt,
					struct dsr_rs_quoted *at,
					struct dsr_rs_ends *quoted,
					struct dsr_rs_pending *pending,
					enum dsr_rs_reason *reason)
{
	u8 family = pkt->tuple.family;
	struct dsr_rs_tuple tuple;

	at->icmp = pkt->thoff;
	*reason = error_parse(skb, family, at, quoted);
	if (*reason != DSR_RS_REASON_COUNT)
		return NULL;
	*reason = DSR_RS_PASS_ICMP_UNRELATED;
	if (!dsr_addr_equal(family, &quoted->saddr, &pkt->tuple.client))
		return NULL;
	tuple = (struct dsr_rs_tuple) {
		.client = quoted->saddr, .cport = quoted->source,
		.server = quoted->daddr, .sport = quoted->dest,
		.proto = at->proto, .family = family, .zone = pkt->tuple.zone,
	};
	return flow_of(rs, false, &tuple, pending);
}

/** dsr_rs_icmp_is_reply() - true if dsr_rs_icmp_reply() would rewrite it */
bool dsr_rs_icmp_is_reply(struct dsr_rs_net *rs, const struct sk_buff *skb,
			  const struct dsr_rs_packet *pkt)
{
	struct dsr_rs_pending pending;
	enum dsr_rs_reason reason;
	struct dsr_rs_ends quoted;
	struct dsr_rs_quoted at;

	return refused_flow(rs, skb, pkt, &at, &quoted, &pending, &reason);
}

/**
 * dsr_rs_icmp_reply() - handle an ICMP error that this machine sends
 * @rs: namespace
 * @skb: packet, data at the IP header
 * @state: state of the hook
 * @pkt: result of parsing
 *
 * Context: rcu_read_lock(), any.
 * Return: outcome of the packet.
 */
enum dsr_rs_reason dsr_rs_icmp_reply(struct dsr_rs_net *rs,
				     struct sk_buff *skb,
				     const struct nf_hook_state *state,
				     const struct dsr_rs_packet *pkt)
{
	union nf_inet_addr saddr = pkt->tuple.server;
	u8 family = pkt->tuple.family;
	struct dsr_rs_pending pending;
	struct dsr_rs_tuple wire;
	enum dsr_rs_reason reason;
	struct dsr_rs_ends quoted;
	struct dsr_rs_quoted at;
	struct dsr_rs_flow *flow;

	flow = refused_flow(rs, skb, pkt, &at, &quoted, &pending, &reason);
	if (!flow)
		return reason;
	wire = dsr_rs_flow_wire(flow);
	if (dsr_addr_equal(family, &saddr, &quoted.daddr))
		saddr = wire.server;
	quoted.daddr = wire.server;
	quoted.dest = wire.sport;
	quoted.source = wire.cport;
	if (dsr_rs_rewrite_icmp(skb, family, &at, &saddr, &pkt->tuple.client,
				&quoted))
		return DSR_RS_DROP_NO_MEMORY;
	/* The source may still be another address of this machine. */
	return dsr_rs_policy_reply(skb, state, pkt, DSR_RS_REPLIED_ICMP_ERROR);
}
