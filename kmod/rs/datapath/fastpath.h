/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fastpath - handle ordinary packets of known flows
 *
 * Nearly all packets are TCP segments without SYN, FIN and RST, or UDP
 * datagrams, that belong to a flow in the table, have no IP options, are not
 * fragments, and have headers that can be written in place. The code for these
 * is here, inlined, with the family and the direction as constants. Everything
 * else takes the slow path, which would treat these packets the same.
 *
 * The slow path makes some checks before it looks up a flow: that the packet is
 * for this machine, IPsec policies and routing rules. The fast path leaves
 * packets to it that need those. The checks that are made only when a flow
 * begins (rules, sources, addresses) are done by then.
 *
 * Owns nothing. Runs in the hooks of deliver.c and reply.c, in their contexts.
 */
#ifndef _DSR_RS_FASTPATH_H
#define _DSR_RS_FASTPATH_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/ip.h>

#include "chain.h"
#include "core/flow.h"
#include "core/net.h"
#include "datapath/rewrite.h"

/**
 * struct dsr_rs_fastpath - lookup key of the fast path
 * @ip: IP header
 * @ports: client's and server's port, in the order of a request
 * @kind: wanted value of dsr_rs_flow.kind, as far as it counts
 * @family: AF_INET or AF_INET6
 * @request: the packet comes from the client
 */
struct dsr_rs_fastpath {
	const void *ip;
	__be32 ports;
	u32 kind;
	u8 family;
	bool request;
};

/* Swap source and destination port. */
static __always_inline __be32 dsr_rs_fastpath_swap(__be32 ports)
{
	return (__force __be32)rol32((__force u32)ports, 16);
}

/* Return dsr_rs_flow.kind of these values; a constant if all of them are. */
static __always_inline u32 dsr_rs_fastpath_pack(u8 proto, u8 state, u8 roles,
						u8 family)
{
	const struct dsr_rs_flow flow = {
		.proto = proto, .state = state, .roles = roles, .family = family,
	};

	return flow.kind;
}

/* Return the kind of flow that a packet may belong to. For a request that is a flow
 * in the state that no packet of the fast path changes. The family counts, and the
 * role in the lookup.
 */
static __always_inline u32 dsr_rs_fastpath_kind(u8 proto, u8 family,
						bool request)
{
	u8 role = request ? DSR_RS_WIRE : DSR_RS_SOCKET;

	return likely(proto == IPPROTO_TCP) ?
	       dsr_rs_fastpath_pack(IPPROTO_TCP,
				    request ? DSR_CONN_ESTABLISHED : 0, role,
				    family) :
	       dsr_rs_fastpath_pack(IPPROTO_UDP, request ? DSR_CONN_UDP : 0,
				    role, family);
}

/* Return the bits of dsr_rs_flow.kind that count. A packet that proves more about
 * its client takes the slow path: the flow then has a role that is not wanted.
 */
static __always_inline u32 dsr_rs_fastpath_mask(bool request)
{
	return request ?
	       dsr_rs_fastpath_pack(U8_MAX, U8_MAX,
				    DSR_RS_WIRE | DSR_RS_ANSWERED, U8_MAX) :
	       dsr_rs_fastpath_pack(U8_MAX, 0, DSR_RS_SOCKET | DSR_RS_ASKED,
				    U8_MAX);
}

static __always_inline bool dsr_rs_fastpath_match(const struct dsr_node *node,
						  const void *key)
{
	const struct dsr_rs_flow *flow = dsr_rs_flow_from_node(node);
	const struct dsr_rs_fastpath *known = key;
	const struct ipv6hdr *ip6h = known->ip;
	const struct iphdr *iph = known->ip;

	if ((known->request ? flow->wire : flow->socket) != known->ports ||
	    (READ_ONCE(flow->kind) & dsr_rs_fastpath_mask(known->request)) !=
	    known->kind)
		return false;
	if (known->family == AF_INET)
		return known->request ? flow->v4.client == iph->saddr &&
					flow->v4.vip == iph->daddr :
					flow->v4.client == iph->daddr &&
					flow->v4.local == iph->saddr;
	/* Clients that need a zone take the slow path. */
	return known->request ? ipv6_addr_equal(&flow->v6.client, &ip6h->saddr) &&
				ipv6_addr_equal(&flow->v6.vip, &ip6h->daddr) :
				ipv6_addr_equal(&flow->v6.client, &ip6h->daddr) &&
				ipv6_addr_equal(&flow->v6.local, &ip6h->saddr);
}

/* Return true if the transport header is complete and valid, and cannot change
 * the state of a flow.
 */
static __always_inline bool dsr_rs_fastpath_plain(const struct sk_buff *skb,
						  unsigned int thoff, u8 proto)
{
	unsigned int headlen = skb_headlen(skb);
	const void *header = skb->data + thoff;
	const struct tcphdr *th = header;
	const struct udphdr *uh = header;

	if (likely(proto == IPPROTO_TCP))
		return headlen >= thoff + sizeof(*th) &&
		       !(tcp_flag_byte(th) &
			 (TCPHDR_SYN | TCPHDR_FIN | TCPHDR_RST)) &&
		       th->doff * 4 >= sizeof(*th) &&
		       th->doff * 4 <= skb->len - thoff;
	return proto == IPPROTO_UDP && headlen >= thoff + sizeof(*uh) &&
	       ntohs(uh->len) >= sizeof(*uh) &&
	       ntohs(uh->len) <= skb->len - thoff &&
	       (uh->check || skb->ip_summed != CHECKSUM_COMPLETE);
}

/**
 * dsr_rs_fastpath_find() - find the flow of a packet fit for the fast path
 * @table: table
 * @skb: packet, data at the IP header, as a netfilter hook gets it
 * @family: AF_INET or AF_INET6; a constant
 * @request: the packet comes from the client; a constant
 *
 * Context: rcu_read_lock().
 * Return: the flow, or %NULL to take the slow path.
 */
static __always_inline struct dsr_rs_flow *
dsr_rs_fastpath_find(const struct dsr_table *table, const struct sk_buff *skb,
		     u8 family, bool request)
{
	struct dsr_rs_fastpath known = {
		.ip = skb->data, .family = family, .request = request,
	};
	const struct ipv6hdr *ip6h = known.ip;
	const struct iphdr *iph = known.ip;
	const struct in6_addr *client6;
	struct dsr_rs_flow *flow;
	struct dsr_node *node;
	unsigned int thoff;
	__be16 cport;
	u32 hash;
	u8 proto;

	if (family == AF_INET) {
		thoff = sizeof(*iph);
		if (iph->ihl != 5 || ip_is_fragment(iph))
			return NULL;
		proto = iph->protocol;
	} else {
		thoff = sizeof(*ip6h);
		proto = ip6h->nexthdr;
	}
	if (!dsr_rs_fastpath_plain(skb, thoff, proto))
		return NULL;
	known.kind = dsr_rs_fastpath_kind(proto, family, request);
	known.ports = *(__be32 *)(skb->data + thoff);
	cport = ((__be16 *)(skb->data + thoff))[request ? 0 : 1];
	if (!request)
		known.ports = dsr_rs_fastpath_swap(known.ports);
	if (family == AF_INET) {
		hash = dsr_rs_tuple_hash4(request ? iph->saddr : iph->daddr,
					  cport, proto, &table->key);
	} else {
		client6 = request ? &ip6h->saddr : &ip6h->daddr;
		if ((client6->s6_addr32[0] & htonl(0xffc00000)) ==
		    htonl(0xfe800000))
			return NULL;
		hash = dsr_rs_tuple_hash6(client6, 0, cport, proto,
					  &table->key);
	}
	node = dsr_table_find(table, hash, dsr_rs_fastpath_match, &known);
	if (!node)
		return NULL;
	flow = dsr_rs_flow_from_node(node);
	if (unlikely(dsr_chain_is(skb)))
		return NULL;
	if (skb_cloned(skb) &&
	    !skb_clone_writable(skb, thoff + (proto == IPPROTO_TCP ?
					      sizeof(struct tcphdr) :
					      sizeof(struct udphdr))))
		return NULL;
	return flow;
}

/**
 * dsr_rs_fastpath_rewrite() - give a packet the other ends of its flow
 * @skb: packet for which dsr_rs_fastpath_find() has found @flow
 * @flow: flow
 * @family: AF_INET or AF_INET6; a constant
 * @request: the packet comes from the client; a constant
 *
 * Context: any.
 */
static __always_inline void
dsr_rs_fastpath_rewrite(struct sk_buff *skb, const struct dsr_rs_flow *flow,
			u8 family, bool request)
{
	unsigned int thoff = family == AF_INET ? sizeof(struct iphdr) :
						 sizeof(struct ipv6hdr);
	struct ipv6hdr *ip6h = (void *)skb->data;
	struct iphdr *iph = (void *)skb->data;
	void *th = skb->data + thoff;
	__be32 *ports = th, to;
	const struct in6_addr *to6;
	struct in6_addr *addr6;
	struct udphdr *uh = th;
	__wsum change;
	__be32 *addr4;
	bool partial;

	if (family == AF_INET) {
		addr4 = request ? &iph->daddr : &iph->saddr;
		to = request ? flow->v4.local : flow->v4.vip;
		change = dsr_rs_rewrite_change(*addr4, to);
		*addr4 = to;
		iph->check = dsr_rs_rewrite_sum(iph->check, change);
	} else {
		addr6 = request ? &ip6h->daddr : &ip6h->saddr;
		to6 = request ? &flow->v6.local : &flow->v6.vip;
		change = dsr_rs_rewrite_change6(addr6, to6);
		*addr6 = *to6;
	}
	to = request ? flow->socket : dsr_rs_fastpath_swap(flow->wire);
	if (flow->proto == IPPROTO_TCP) {
		dsr_rs_rewrite_check(skb, family,
				     &((struct tcphdr *)th)->check,
				     skb->ip_summed == CHECKSUM_PARTIAL,
				     change, dsr_rs_rewrite_change(*ports, to));
	} else {
		partial = dsr_rs_rewrite_is_partial(skb, thoff);
		if (uh->check || partial) {
			dsr_rs_rewrite_check(skb, family, &uh->check, partial,
					     change,
					     dsr_rs_rewrite_change(*ports, to));
			if (!uh->check)
				uh->check = CSUM_MANGLED_0;
		}
	}
	*ports = to;
}

#endif /* _DSR_RS_FASTPATH_H */
