// SPDX-License-Identifier: GPL-2.0
/* xmit4 - see xmit4.h */

#include <linux/netfilter.h>
#include <net/arp.h>
#include <net/dsfield.h>
#include <net/gso.h>
#include <net/icmp.h>
#include <net/ip.h>
#include <net/ip_fib.h>
#include <net/route.h>
#include <net/xfrm.h>
#include <linux/dsr.h>

#include "datapath/nat.h"
#include "datapath/xmit4.h"

/* Check if a packet is too big and must not be fragmented. */
static bool is_unsendable(const struct sk_buff *skb, u32 mtu)
{
	if (likely(!(ip_hdr(skb)->frag_off & htons(IP_DF))))
		return false;
	/* reassembled: the original fragments must fit */
	return IPCB(skb)->frag_max_size > mtu ||
	       (!skb->ignore_df && dsr_xmit4_is_too_big(skb, mtu));
}

/* Send an ICMP error, unless the source address is not a single host (RFC 1122,
 * section 3.2.2). icmp_send() checks this by the packet's route, but here that
 * is the output route.
 */
static void tell_sender(struct net *net, struct sk_buff *skb, int type,
			int code, __be32 info)
{
	if (inet_addr_type(net, ip_hdr(skb)->saddr) == RTN_UNICAST)
		icmp_send(skb, type, code, info);
}

/**
 * dsr_xmit4_rewrite_chain() - rewrite the headers of a chain except the first
 * @skb: chain, see chain.h
 * @tos: dsr_service.tos
 *
 * Out of line: inlined, this would cost packets without a chain registers.
 *
 * Return: true, or false with nothing changed if memory is short.
 */
noinline bool dsr_xmit4_rewrite_chain(struct sk_buff *skb, u16 tos)
{
	struct sk_buff *pkt;

	if (!dsr_chain_own(skb))
		return false;
	skb_walk_frags(skb, pkt)
		dsr_xmit4_rewrite_header(ip_hdr(pkt), tos);
	return true;
}

/** dsr_xmit4_prepare() - dsr_xmit_prepare() for IPv4, with the route @dst */
enum dsr_reason dsr_xmit4_prepare(struct net *net, struct sk_buff *skb,
				  const struct dsr_service *service,
				  struct dst_entry *dst)
{
	u32 mtu;

	if (!xfrm4_policy_check(NULL, XFRM_POLICY_FWD, skb))
		return DSR_DROP_IPSEC_POLICY;
	/* Packets merged by LRO cannot be forwarded. */
	if (skb_warn_if_lro(skb))
		return DSR_DROP_TOO_BIG;

	/* The ICMP errors below need a route on the packet. No reference is
	 * needed: the kernel takes one if it queues the packet.
	 */
	skb_dst_drop(skb);
	skb_dst_set_noref(skb, dst);
	if (unlikely(ip_hdr(skb)->ttl <= 1)) {
		tell_sender(net, skb, ICMP_TIME_EXCEEDED, ICMP_EXC_TTL, 0);
		return DSR_DROP_TTL_EXCEEDED;
	}
	mtu = ip_dst_mtu_maybe_forward(dst, true);
	if (unlikely(is_unsendable(skb, mtu))) {
		tell_sender(net, skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED,
			    htonl(mtu));
		return DSR_DROP_TOO_BIG;
	}

	if (unlikely(skb_cow(skb, LL_RESERVED_SPACE(READ_ONCE(dst->dev))) ||
		     !dsr_xmit4_rewrite(net, skb, service)))
		return DSR_DROP_NO_MEMORY;
	IPCB(skb)->flags |= IPSKB_FORWARDED;
	return DSR_FORWARDED;
}

/* Send to the device, bypassing netfilter. */
static void send_direct(struct sk_buff *skb, struct rtable *rt)
{
	struct net_device *dev = READ_ONCE(rt->dst.dev);
	struct neighbour *neigh;

	skb->protocol = htons(ETH_P_IP);
	/* Process context, if user space has given a verdict on the packet. */
	local_bh_disable();
	neigh = ip_neigh_gw4(dev, rt->rt_gw4);
	if (IS_ERR(neigh))
		kfree_skb(skb);
	else
		dsr_send_output(skb, dev, neigh);
	local_bh_enable();
}

/** dsr_xmit4_send() - dsr_xmit_send() for IPv4 */
int dsr_xmit4_send(struct net *net, struct sk_buff *skb,
		   const struct dsr_service *service)
{
	struct rtable *rt = skb_rtable(skb);

	/* Packets that have to be fragmented (again) need ip_output(). */
	if (READ_ONCE(service->path) == DSR_PATH_DIRECT &&
	    !IPCB(skb)->frag_max_size &&
	    !dsr_xmit4_is_too_big(skb, ip_dst_mtu_maybe_forward(&rt->dst, true))) {
		send_direct(skb, rt);
		return 0;
	}
	if (dsr_nat_is_open(skb))
		dsr_nat_settle(skb);
	/* Pass a function of the kernel: a packet that waits in FORWARD for a
	 * verdict of user space may be sent after this module is unloaded.
	 */
	return NF_HOOK(NFPROTO_IPV4, NF_INET_FORWARD, net, NULL, skb, skb->dev,
		       READ_ONCE(rt->dst.dev), ip_output);
}
