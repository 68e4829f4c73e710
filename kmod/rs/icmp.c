// SPDX-License-Identifier: GPL-2.0
/*
 * icmp - ICMP errors that belong to a flow, in both directions
 *
 * An error quotes the packet that it is about as it was on the wire (RFC 792;
 * at least 8 bytes behind the IP header, RFC 1812, section 4.3.2.3). Who gets
 * it looks its socket up by the quotation, so that is translated too.
 *
 * Owns nothing. Runs in the hooks of deliver.c and reply.c, in their contexts.
 */

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "flow.h"
#include "net.h"
#include "rewrite.h"

#define QUOTED_MIN	8

/* What of IPv4, or of IPv6, an ICMP error quotes: its addresses, and where its
 * transport header is and of what protocol.
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

/* Where things are in an ICMP error that quotes a packet of a flow.
 *
 * Return: whether there is such a quotation. @ends are from it.
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

/* %DSR_RS_REASON_COUNT: it is an error, with a quotation. */
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

/**
 * dsr_rs_icmp_deliver() - somebody on the way could not deliver a reply
 * @rs: namespace
 * @skb: packet, data at the IP header
 * @pkt: what is known of it
 *
 * Context: rcu_read_lock(), any.
 * Return: what becomes of the packet.
 */
enum dsr_rs_reason dsr_rs_icmp_deliver(struct dsr_rs_net *rs,
				       struct sk_buff *skb,
				       const struct dsr_rs_packet *pkt)
{
	struct dsr_rs_quoted at = { .icmp = pkt->thoff };
	u8 family = pkt->tuple.family;
	struct dsr_rs_tuple tuple;
	struct dsr_rs_ends quoted;
	enum dsr_rs_reason reason;
	struct dsr_rs_flow *flow;

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
	/* An error goes to the source of what it quotes. */
	if (!dsr_addr_equal(family, &tuple.server, &pkt->tuple.server))
		return DSR_RS_PASS_ICMP_UNRELATED;
	flow = dsr_rs_flow_find_wire(&rs->table,
				     dsr_rs_tuple_hash(&tuple, &rs->table.key),
				     &tuple);
	if (!flow)
		return DSR_RS_PASS_ICMP_UNRELATED;

	tuple = dsr_rs_flow_socket(flow);
	quoted.saddr = tuple.server;
	quoted.source = tuple.sport;
	quoted.dest = tuple.cport;
	if (dsr_rs_rewrite_icmp(skb, family, &at, &pkt->tuple.client,
				&tuple.server, &quoted))
		return DSR_RS_DROP_NO_MEMORY;
	skb_dst_drop(skb);
	return DSR_RS_DELIVERED_ICMP;
}

/**
 * dsr_rs_icmp_reply() - this machine could not deliver a request
 * @rs: namespace
 * @skb: packet, data at the IP header
 * @pkt: what is known of it
 *
 * Context: rcu_read_lock(), any.
 * Return: what becomes of the packet.
 */
enum dsr_rs_reason dsr_rs_icmp_reply(struct dsr_rs_net *rs,
				     struct sk_buff *skb,
				     const struct dsr_rs_packet *pkt)
{
	struct dsr_rs_quoted at = { .icmp = pkt->thoff };
	union nf_inet_addr saddr = pkt->tuple.server;
	u8 family = pkt->tuple.family;
	struct dsr_rs_tuple tuple;
	struct dsr_rs_ends quoted;
	enum dsr_rs_reason reason;
	struct dsr_rs_flow *flow;

	reason = error_parse(skb, family, &at, &quoted);
	if (reason != DSR_RS_REASON_COUNT)
		return reason;
	tuple = (struct dsr_rs_tuple) {
		.client = quoted.saddr, .cport = quoted.source,
		.server = quoted.daddr, .sport = quoted.dest,
		.proto = at.proto, .family = family, .zone = pkt->tuple.zone,
	};
	if (!dsr_addr_equal(family, &tuple.client, &pkt->tuple.client))
		return DSR_RS_PASS_ICMP_UNRELATED;
	flow = dsr_rs_flow_find_socket(&rs->table,
				       dsr_rs_tuple_hash(&tuple,
							 &rs->table.key),
				       &tuple);
	if (!flow)
		return DSR_RS_PASS_ICMP_UNRELATED;

	if (dsr_addr_equal(family, &saddr, &tuple.server))
		saddr = dsr_rs_flow_wire(flow).server;
	tuple = dsr_rs_flow_wire(flow);
	quoted.daddr = tuple.server;
	quoted.dest = tuple.sport;
	quoted.source = tuple.cport;
	if (dsr_rs_rewrite_icmp(skb, family, &at, &saddr, &pkt->tuple.client,
				&quoted))
		return DSR_RS_DROP_NO_MEMORY;
	return DSR_RS_REPLIED_ICMP;
}
