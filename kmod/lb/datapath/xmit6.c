// SPDX-License-Identifier: GPL-2.0
/* xmit6 - see xmit6.h */

#include <linux/icmpv6.h>
#include <linux/netfilter.h>
#include <net/gso.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/ndisc.h>
#include <net/xfrm.h>
#include <linux/dsr.h>

#include "chain.h"
#include "datapath/nat.h"
#include "datapath/send.h"
#include "datapath/xmit6.h"
#include "dst.h"

/* IPv6 routers do not fragment, so a packet that exceeds @mtu is refused. If
 * the packet was reassembled, the original fragments must fit.
 */
static bool is_too_big(const struct sk_buff *skb, u32 mtu)
{
	if (likely(skb->len <= mtu))
		return false;
	if (IP6CB(skb)->frag_max_size)
		return IP6CB(skb)->frag_max_size > mtu;
	return !skb->ignore_df &&
	       (!skb_is_gso(skb) || !skb_gso_validate_network_len(skb, mtu));
}

/* Rewrite the headers of a chain except the first.
 *
 * Return: true, or false with nothing changed if memory is short.
 */
static noinline bool rewrite_chain(struct sk_buff *skb, u16 tos)
{
	struct sk_buff *pkt;

	if (!dsr_chain_own(skb))
		return false;
	skb_walk_frags(skb, pkt)
		dsr_xmit6_rewrite_header(ipv6_hdr(pkt), tos);
	return true;
}

/* Update headers and metadata of a forwarded packet with a writable header.
 *
 * Return: true, or false with nothing changed if memory is short for a chain.
 */
static __always_inline bool rewrite(struct sk_buff *skb,
				    const struct dsr_service *service)
{
	u16 tos = READ_ONCE(service->tos);

	if (unlikely(dsr_chain_is(skb)) && !rewrite_chain(skb, tos))
		return false;
	dsr_xmit6_rewrite_header(ipv6_hdr(skb), tos);
	skb_forward_csum(skb);
	skb_clear_tstamp(skb);
	return true;
}

/** dsr_xmit6_prepare() - dsr_xmit_prepare() for IPv6, with the route @dst */
enum dsr_reason dsr_xmit6_prepare(struct net *net, struct sk_buff *skb,
				  const struct dsr_service *service,
				  struct dst_entry *dst)
{
	u32 mtu;

	if (!xfrm6_policy_check(NULL, XFRM_POLICY_FWD, skb))
		return DSR_DROP_IPSEC_POLICY;
	/* Packets merged by LRO cannot be forwarded. */
	if (skb_warn_if_lro(skb))
		return DSR_DROP_TOO_BIG;

	/* The ICMP errors below need a route on the packet. No reference is
	 * needed: the kernel takes one if it queues the packet.
	 */
	skb_dst_drop(skb);
	skb_dst_set_noref(skb, dst);
	if (unlikely(ipv6_hdr(skb)->hop_limit <= 1)) {
		icmpv6_send(skb, ICMPV6_TIME_EXCEED, ICMPV6_EXC_HOPLIMIT, 0);
		return DSR_DROP_TTL_EXCEEDED;
	}
	mtu = dsr_xmit6_mtu(dst);
	if (unlikely(is_too_big(skb, mtu))) {
		icmpv6_send(skb, ICMPV6_PKT_TOOBIG, 0, mtu);
		return DSR_DROP_TOO_BIG;
	}

	if (unlikely(skb_cow(skb, LL_RESERVED_SPACE(READ_ONCE(dst->dev))) ||
		     !rewrite(skb, service)))
		return DSR_DROP_NO_MEMORY;
	IP6CB(skb)->flags |= IP6SKB_FORWARDED;
	return DSR_FORWARDED;
}

/** dsr_xmit6_shortcut() - dsr_xmit_shortcut() for IPv6, with the route @dst */
enum dsr_ingress_verdict dsr_xmit6_shortcut(struct net *net, struct sk_buff *skb,
					    const struct dsr_service *service,
					    struct dst_entry *dst)
{
	u32 mtu = dsr_xmit6_mtu(dst);
	u32 len = sizeof(struct ipv6hdr) + ntohs(ipv6_hdr(skb)->payload_len);

	if (unlikely(ipv6_hdr(skb)->hop_limit <= 1))
		return DSR_INGRESS_TTL;
	/* as ipv6_rcv() does; needed to validate the sizes of GSO segments */
	skb_set_transport_header(skb, sizeof(struct ipv6hdr));
	if (unlikely(skb->len > mtu) &&
	    (!skb_is_gso(skb) || !skb_gso_validate_network_len(skb, mtu)))
		return DSR_INGRESS_TOO_BIG;
	if (unlikely(!dsr_send_unshare(skb, READ_ONCE(dst->dev), len) ||
		     !rewrite(skb, service)))
		return DSR_INGRESS_NO_MEMORY;
	return DSR_INGRESS_FORWARDED;
}

/* Send to the device, bypassing netfilter. */
static void send_direct(struct sk_buff *skb, struct dst_entry *dst)
{
	struct rt6_info *rt = dst_rt6_info(dst);
	struct net_device *dev = READ_ONCE(dst->dev);
	struct neighbour *neigh;

	skb->protocol = htons(ETH_P_IPV6);
	/* Process context, if user space has given a verdict on the packet. */
	local_bh_disable();
	neigh = ip_neigh_gw6(dev, rt6_nexthop(rt, &ipv6_hdr(skb)->daddr));
	if (IS_ERR(neigh))
		kfree_skb(skb);
	else
		dsr_send_output(skb, dev, neigh);
	local_bh_enable();
}

/** dsr_xmit6_send() - dsr_xmit_send() for IPv6 */
int dsr_xmit6_send(struct net *net, struct sk_buff *skb,
		   const struct dsr_service *service)
{
	struct dst_entry *dst = skb_dst(skb);

	/* Packets that have to be fragmented again need ip6_output(). */
	if (READ_ONCE(service->path) == DSR_PATH_DIRECT &&
	    !IP6CB(skb)->frag_max_size) {
		send_direct(skb, dst);
		return 0;
	}
	if (dsr_nat_is_open(skb))
		dsr_nat_settle(skb);
	/* Pass a function of the kernel: a packet that waits in FORWARD for a
	 * verdict of user space may be sent after this module is unloaded.
	 */
	return NF_HOOK(NFPROTO_IPV6, NF_INET_FORWARD, net, NULL, skb, skb->dev,
		       READ_ONCE(dst->dev), ip6_output);
}
