/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xmit4 - forward IPv4 packets; see xmit.h
 *
 * The fast path is inline.
 */
#ifndef _DSR_XMIT4_H
#define _DSR_XMIT4_H

#include <net/dsfield.h>
#include <net/gso.h>
#include <net/ip.h>
#include <net/route.h>

#include "chain.h"
#include "core/reason.h"
#include "core/service.h"
#include "core/path.h"
#include "datapath/send.h"

enum dsr_reason dsr_xmit4_prepare(struct net *net, struct sk_buff *skb,
				  const struct dsr_service *service,
				  struct dst_entry *dst);
int dsr_xmit4_send(struct net *net, struct sk_buff *skb,
		   const struct dsr_service *service);
bool dsr_xmit4_rewrite_chain(struct sk_buff *skb, u16 tos);

/** dsr_xmit4_is_too_big() - true if a packet, or its segments, exceed @mtu */
static inline bool dsr_xmit4_is_too_big(const struct sk_buff *skb, u32 mtu)
{
	if (likely(skb->len <= mtu))
		return false;
	return !skb_is_gso(skb) || !skb_gso_validate_network_len(skb, mtu);
}

/** dsr_xmit4_rewrite_header() - decrement the TTL and set the service's TOS */
static __always_inline void dsr_xmit4_rewrite_header(struct iphdr *iph, u16 tos)
{
	ip_decrease_ttl(iph);
	if (tos)
		ipv4_change_dsfield(iph, ~(tos >> 8), tos & 0xff);
}

/**
 * dsr_xmit4_rewrite() - update header and metadata of a forwarded packet
 * @net: namespace
 * @skb: packet; its header is writable
 * @service: its service
 *
 * Return: true, or false if memory is short for a chain; then the packet's data
 * is unchanged.
 */
static __always_inline bool
dsr_xmit4_rewrite(struct net *net, struct sk_buff *skb,
		  const struct dsr_service *service)
{
	u16 tos = READ_ONCE(service->tos);

	if (unlikely(dsr_chain_is(skb)) && !dsr_xmit4_rewrite_chain(skb, tos))
		return false;
	dsr_xmit4_rewrite_header(ip_hdr(skb), tos);
	skb_forward_csum(skb);
	skb_clear_tstamp(skb);
	if (READ_ONCE(net->ipv4.sysctl_ip_fwd_update_priority))
		skb->priority = rt_tos2priority(ip_hdr(skb)->tos);
	return true;
}

/** dsr_xmit4_shortcut() - dsr_xmit_shortcut() for IPv4 */
static __always_inline enum dsr_ingress_verdict
dsr_xmit4_shortcut(struct net *net, struct sk_buff *skb,
		   const struct dsr_service *service, struct dst_entry *dst)
{
	u32 mtu;

	if (unlikely(ip_hdr(skb)->ttl <= 1))
		return DSR_INGRESS_TTL;
	/* as ip_rcv() does; needed to validate the sizes of GSO segments */
	skb_set_transport_header(skb, sizeof(struct iphdr));
	mtu = ip_dst_mtu_maybe_forward(dst, true);
	if (unlikely(dsr_xmit4_is_too_big(skb, mtu)))
		return DSR_INGRESS_TOO_BIG;
	if (unlikely(!dsr_send_unshare(skb, READ_ONCE(dst->dev),
				       ntohs(ip_hdr(skb)->tot_len)) ||
		     !dsr_xmit4_rewrite(net, skb, service)))
		return DSR_INGRESS_NO_MEMORY;
	return DSR_INGRESS_FORWARDED;
}

#endif /* _DSR_XMIT4_H */
