/* SPDX-License-Identifier: GPL-2.0 */
/* xmit6 - forward IPv6 packets; see xmit.h */
#ifndef _DSR_XMIT6_H
#define _DSR_XMIT6_H

#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <net/dsfield.h>
#include <net/dst.h>
#include <net/ip6_route.h>

#include "core/reason.h"
#include "core/service.h"
#include "core/path.h"

enum dsr_reason dsr_xmit6_prepare(struct net *net, struct sk_buff *skb,
				  const struct dsr_service *service,
				  struct dst_entry *dst);
enum dsr_ingress_verdict dsr_xmit6_shortcut(struct net *net, struct sk_buff *skb,
					    const struct dsr_service *service,
					    struct dst_entry *dst);
int dsr_xmit6_send(struct net *net, struct sk_buff *skb,
		   const struct dsr_service *service);

/** dsr_xmit6_mtu() - return the MTU of a route for forwarded packets */
static inline u32 dsr_xmit6_mtu(const struct dst_entry *dst)
{
	return max_t(u32, ip6_dst_mtu_maybe_forward(dst, true), IPV6_MIN_MTU);
}

/** dsr_xmit6_rewrite_header() - decrement the hop limit and set the service's TOS
 */
static __always_inline void dsr_xmit6_rewrite_header(struct ipv6hdr *ip6h,
						     u16 tos)
{
	ip6h->hop_limit--;
	if (tos)
		ipv6_change_dsfield(ip6h, ~(tos >> 8), tos & 0xff);
}

#endif /* _DSR_XMIT6_H */
