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
#include <linux/ip.h>
#include <net/ip.h>

#include "flow.h"
#include "net.h"
#include "rewrite.h"

#define QUOTED_MIN	8

/* Where things are in an ICMP error that quotes a TCP or UDP packet.
 *
 * Return: whether there is such a quotation. @ends and @proto are from it.
 */
static bool quoted_parse(const struct sk_buff *skb, struct dsr_rs_quoted *at,
			 struct dsr_rs_ends *ends, u8 *proto)
{
	const struct iphdr *iph;
	const __be16 *ports;
	struct iphdr _iph;
	__be16 _ports[2];

	at->ip = at->icmp + sizeof(struct icmphdr);
	iph = skb_header_pointer(skb, at->ip, sizeof(_iph), &_iph);
	if (!iph || iph->version != 4 || iph->ihl < 5 ||
	    iph->frag_off & htons(IP_OFFSET) ||
	    (iph->protocol != IPPROTO_TCP && iph->protocol != IPPROTO_UDP))
		return false;
	at->th = at->ip + iph->ihl * 4;
	if (at->th + QUOTED_MIN > skb->len)
		return false;
	ports = skb_header_pointer(skb, at->th, sizeof(_ports), _ports);
	if (!ports)
		return false;
	ends->saddr = iph->saddr;
	ends->daddr = iph->daddr;
	ends->source = ports[0];
	ends->dest = ports[1];
	*proto = iph->protocol;
	return true;
}

/* %DSR_RS_REASON_COUNT: it is an error, with a quotation. */
static enum dsr_rs_reason error_parse(const struct sk_buff *skb,
				      struct dsr_rs_quoted *at,
				      struct dsr_rs_ends *ends, u8 *proto)
{
	const struct icmphdr *icmph;
	struct icmphdr _icmph;

	icmph = skb_header_pointer(skb, at->icmp, sizeof(_icmph), &_icmph);
	if (!icmph)
		return DSR_RS_PASS_MALFORMED;
	if (!icmp_is_err(icmph->type))
		return DSR_RS_PASS_ICMP_NOT_ERROR;
	if (!quoted_parse(skb, at, ends, proto))
		return DSR_RS_PASS_ICMP_UNRELATED;
	return DSR_RS_REASON_COUNT;
}

/**
 * dsr_rs_icmp_deliver() - somebody on the way could not deliver a reply
 * @rs: namespace
 * @skb: packet, data at the IP header
 * @icmp_at: offset of the ICMP header
 *
 * Context: rcu_read_lock(), any.
 * Return: what becomes of the packet.
 */
enum dsr_rs_reason dsr_rs_icmp_deliver(struct dsr_rs_net *rs,
				       struct sk_buff *skb,
				       unsigned int icmp_at)
{
	struct dsr_rs_quoted at = { .icmp = icmp_at };
	struct dsr_rs_tuple tuple = {};
	struct dsr_rs_ends quoted;
	enum dsr_rs_reason reason;
	struct dsr_rs_flow *flow;

	reason = error_parse(skb, &at, &quoted, &tuple.proto);
	if (reason != DSR_RS_REASON_COUNT)
		return reason;
	tuple.client = quoted.daddr;
	tuple.cport = quoted.dest;
	tuple.server = quoted.saddr;
	tuple.sport = quoted.source;
	flow = dsr_rs_flow_find_wire(&rs->table,
				     dsr_rs_tuple_hash(&tuple, &rs->table.key),
				     &tuple);
	if (!flow || ip_hdr(skb)->daddr != flow->vip)
		return DSR_RS_PASS_ICMP_UNRELATED;

	quoted.saddr = flow->local;
	quoted.source = flow->lport;
	quoted.dest = flow->local_cport;
	if (dsr_rs_rewrite_icmp(skb, &at, ip_hdr(skb)->saddr, flow->local,
				&quoted))
		return DSR_RS_DROP_NO_MEMORY;
	skb_dst_drop(skb);
	return DSR_RS_DELIVERED_ICMP;
}

/**
 * dsr_rs_icmp_reply() - this machine could not deliver a request
 * @rs: namespace
 * @skb: packet, data at the IP header
 * @icmp_at: offset of the ICMP header
 *
 * Context: rcu_read_lock(), any.
 * Return: what becomes of the packet.
 */
enum dsr_rs_reason dsr_rs_icmp_reply(struct dsr_rs_net *rs,
				     struct sk_buff *skb,
				     unsigned int icmp_at)
{
	struct dsr_rs_quoted at = { .icmp = icmp_at };
	struct dsr_rs_tuple tuple = {};
	struct dsr_rs_ends quoted;
	enum dsr_rs_reason reason;
	struct dsr_rs_flow *flow;
	__be32 saddr;

	reason = error_parse(skb, &at, &quoted, &tuple.proto);
	if (reason != DSR_RS_REASON_COUNT)
		return reason;
	tuple.client = quoted.saddr;
	tuple.cport = quoted.source;
	tuple.server = quoted.daddr;
	tuple.sport = quoted.dest;
	flow = dsr_rs_flow_find_socket(&rs->table,
				       dsr_rs_tuple_hash(&tuple,
							 &rs->table.key),
				       &tuple);
	if (!flow || ip_hdr(skb)->daddr != flow->client)
		return DSR_RS_PASS_ICMP_UNRELATED;

	quoted.daddr = flow->vip;
	quoted.dest = flow->vport;
	quoted.source = flow->cport;
	saddr = ip_hdr(skb)->saddr;
	if (saddr == flow->local)
		saddr = flow->vip;
	if (dsr_rs_rewrite_icmp(skb, &at, saddr, flow->client, &quoted))
		return DSR_RS_DROP_NO_MEMORY;
	return DSR_RS_REPLIED_ICMP;
}
