// SPDX-License-Identifier: GPL-2.0
/*
 * ping - answer an echo request; see ping.h
 *
 * Included by the ping.c of each module, as table.c is.
 */

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/netfilter.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/route.h>

#include "ipsec.h"
#include "ping.h"

/* Turn a copy of the request into an outgoing packet, free of ingress state. */
static void turn_round(struct sk_buff *skb, struct dst_entry *dst, u32 mark)
{
	skb_dst_drop(skb);
	skb_dst_set(skb, dst);
	/* The request is dropped, so there is no connection to track. */
	nf_reset_ct(skb);
	nf_ct_set(skb, NULL, IP_CT_UNTRACKED);
	skb->mark = mark;
	skb_clear_tstamp(skb);
	memset(skb->cb, 0, sizeof(skb->cb));
	skb->ip_summed = CHECKSUM_NONE;
	skb->pkt_type = PACKET_OUTGOING;
	skb->ignore_df = 1;
}

static struct dst_entry *route_back4(struct net *net,
				     const struct net_device *dev,
				     const struct iphdr *iph, u32 mark)
{
	struct flowi4 fl4 = {
		.flowi4_oif = l3mdev_master_ifindex_rcu(dev),
		.daddr = iph->saddr,
		.saddr = iph->daddr,
		.flowi4_mark = mark,
		/* The VIP is no address of this machine. */
		.flowi4_flags = FLOWI_FLAG_ANYSRC,
	};
	struct rtable *rt;

	/* RFC 1122, section 3.2.2.6: answer only a unicast source. */
	if (inet_addr_type_dev_table(net, dev, iph->saddr) != RTN_UNICAST)
		return NULL;
	rt = ip_route_output_key(net, &fl4);
	return IS_ERR(rt) ? NULL : &rt->dst;
}

static bool ping4(struct net *net, struct sk_buff *skb)
{
	u32 mark = IP4_REPLY_MARK(net, skb->mark);
	struct iphdr *iph = ip_hdr(skb);
	struct icmphdr *icmph = (struct icmphdr *)(iph + 1);
	struct dst_entry *dst;

	dst = route_back4(net, skb->dev, iph, mark);
	if (!dst) {
		kfree_skb(skb);
		return false;
	}
	turn_round(skb, dst, mark);
	swap(iph->saddr, iph->daddr);
	iph->ttl = ip4_dst_hoplimit(dst);
	iph->frag_off = 0;
	icmph->type = ICMP_ECHOREPLY;
	csum_replace2(&icmph->checksum, htons(ICMP_ECHO << 8),
		      htons(ICMP_ECHOREPLY << 8));
	if (dsr_ipsec_route(net, NULL, skb, AF_INET)) {
		kfree_skb(skb);
		return false;
	}
	ip_local_out(net, NULL, skb);
	return true;
}

static struct dst_entry *route_back6(struct net *net,
				     const struct net_device *dev,
				     const struct ipv6hdr *ip6h, u32 mark)
{
	struct flowi6 fl6 = {
		.flowi6_oif = l3mdev_master_ifindex_rcu(dev),
		.daddr = ip6h->saddr,
		.saddr = ip6h->daddr,
		.flowi6_mark = mark,
	};
	struct dst_entry *dst;

	if (!(ipv6_addr_type(&ip6h->saddr) & IPV6_ADDR_UNICAST))
		return NULL;
	dst = ip6_route_output(net, NULL, &fl6);
	/* Nor does this machine send requests to itself from outside. */
	if (!dst->error && !(dst->dev->flags & IFF_LOOPBACK))
		return dst;
	dst_release(dst);
	return NULL;
}

static bool ping6(struct net *net, struct sk_buff *skb)
{
	u32 mark = IP6_REPLY_MARK(net, skb->mark);
	struct ipv6hdr *ip6h = ipv6_hdr(skb);
	struct icmp6hdr *icmph = (struct icmp6hdr *)(ip6h + 1);
	struct dst_entry *dst;

	dst = route_back6(net, skb->dev, ip6h, mark);
	if (!dst) {
		kfree_skb(skb);
		return false;
	}
	turn_round(skb, dst, mark);
	swap(ip6h->saddr, ip6h->daddr);
	ip6h->hop_limit = ip6_dst_hoplimit(dst);
	icmph->icmp6_type = ICMPV6_ECHO_REPLY;
	csum_replace2(&icmph->icmp6_cksum, htons(ICMPV6_ECHO_REQUEST << 8),
		      htons(ICMPV6_ECHO_REPLY << 8));
	if (dsr_ipsec_route(net, NULL, skb, AF_INET6)) {
		kfree_skb(skb);
		return false;
	}
	ip6_local_out(net, NULL, skb);
	return true;
}

/**
 * dsr_ping_answer() - answer an echo request (RFC 792, RFC 4443)
 * @net: namespace
 * @skb: request with a complete ICMP header; the caller keeps it
 * @family: family of the packet
 *
 * Requests with IP options or extension headers are not answered, nor requests
 * that IPsec does not let in. IPsec may also keep the answer from leaving.
 *
 * Context: rcu_read_lock().
 * Return: true if the request was answered.
 */
bool dsr_ping_answer(struct net *net, struct sk_buff *skb, u8 family)
{
	struct sk_buff *reply;

	if (family == AF_INET ? ip_hdr(skb)->ihl != 5 :
				ipv6_hdr(skb)->nexthdr != IPPROTO_ICMPV6)
		return false;
	if (!dsr_ipsec_allows_in(skb, family))
		return false;
	reply = skb_copy(skb, GFP_ATOMIC | __GFP_NOWARN);
	if (!reply)
		return false;
	return family == AF_INET ? ping4(net, reply) : ping6(net, reply);
}
