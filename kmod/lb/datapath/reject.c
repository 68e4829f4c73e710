// SPDX-License-Identifier: GPL-2.0
/* reject - see reject.h */

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/netfilter.h>
#include <net/dst.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/netfilter/ipv4/nf_reject.h>
#include <net/netfilter/ipv6/nf_reject.h>

#include "datapath/reject.h"

/* In PRE_ROUTING the kernel gives the packet a route to its sender. Not each kernel
 * lets go of the route that a packet has already: one of this machine's own by the
 * loopback device, or the data of a tunnel, which is no route at all.
 */
static void forget_route(struct sk_buff *skb, unsigned int hook)
{
	if (hook == NF_INET_PRE_ROUTING)
		skb_dst_drop(skb);
}

/**
 * dsr_reject_unreachable() - send a port unreachable error to a client
 * @net: namespace
 * @skb: packet of the client
 * @family: address family of the packet
 * @hook: netfilter hook that the packet is in: NF_INET_PRE_ROUTING,
 *	NF_INET_LOCAL_IN or NF_INET_LOCAL_OUT
 *
 * So the client's connect() fails at once instead of after its last retry. The
 * kernel limits the rate of such errors.
 *
 * Context: rcu_read_lock().
 */
void dsr_reject_unreachable(struct net *net, struct sk_buff *skb, u8 family,
			    unsigned int hook)
{
	forget_route(skb, hook);
	if (family == AF_INET)
		nf_send_unreach(skb, ICMP_PORT_UNREACH, hook);
	else
		nf_send_unreach6(net, skb, ICMPV6_PORT_UNREACH, hook);
}

/**
 * dsr_reject_reset() - reset the connection of a client
 * @net: namespace
 * @skb: packet of the client
 * @family: address family of the packet
 * @hook: as for dsr_reject_unreachable()
 *
 * For TCP, sends a RST in the name of the VIP, made from the client's segment
 * as in RFC 9293, section 3.5.2. For other protocols, sends a port unreachable
 * error.
 *
 * Context: rcu_read_lock().
 */
void dsr_reject_reset(struct net *net, struct sk_buff *skb, u8 family,
		      unsigned int hook)
{
	__be16 frag_off;
	u8 proto;

	forget_route(skb, hook);
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
