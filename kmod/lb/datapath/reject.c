// SPDX-License-Identifier: GPL-2.0
/* reject - see reject.h */

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/netfilter.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/netfilter/ipv4/nf_reject.h>
#include <net/netfilter/ipv6/nf_reject.h>

#include "datapath/reject.h"

/**
 * dsr_reject_unreachable() - tell a client that nobody serves it
 * @net: namespace
 * @skb: its packet
 * @family: of the packet
 * @hook: where the packet is: NF_INET_PRE_ROUTING, or NF_INET_LOCAL_OUT
 *
 * A client's connect() fails at once then, instead of after its last retry.
 * The kernel limits the rate of such errors.
 *
 * Context: rcu_read_lock().
 */
void dsr_reject_unreachable(struct net *net, struct sk_buff *skb, u8 family,
			    unsigned int hook)
{
	if (family == AF_INET)
		nf_send_unreach(skb, ICMP_PORT_UNREACH, hook);
	else
		nf_send_unreach6(net, skb, ICMPV6_PORT_UNREACH, hook);
}

/**
 * dsr_reject_reset() - tell a client that its connection is over
 * @net: namespace
 * @skb: its packet
 * @family: of the packet
 * @hook: where the packet is: NF_INET_PRE_ROUTING, or NF_INET_LOCAL_OUT
 *
 * TCP: a reset that acknowledges the client's own segment, as RFC 9293,
 * section 3.5.2, has it of the VIP. Others hear that the port is unreachable.
 *
 * Context: rcu_read_lock().
 */
void dsr_reject_reset(struct net *net, struct sk_buff *skb, u8 family,
		      unsigned int hook)
{
	__be16 frag_off;
	u8 proto;

	if (family == AF_INET && ip_hdr(skb)->protocol == IPPROTO_TCP) {
		nf_send_reset(net, NULL, skb, hook);
		return;
	}
	if (family == AF_INET6) {
		proto = ipv6_hdr(skb)->nexthdr;
		if (ipv6_skip_exthdr(skb, skb_network_offset(skb) +
				     sizeof(struct ipv6hdr), &proto,
				     &frag_off) >= 0 && proto == IPPROTO_TCP) {
			nf_send_reset6(net, NULL, skb, hook);
			return;
		}
	}
	dsr_reject_unreachable(net, skb, family, hook);
}
