// SPDX-License-Identifier: GPL-2.0
/*
 * policy - apply IPsec policies and routing rules by the VIP; see policy.h
 */

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/inet_dscp.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/l3mdev.h>
#include <net/route.h>
#include <net/sock.h>

#include "core/policy.h"
#include "host.h"
#include "ipsec.h"

/* True once "ip rule" was used in the namespace. The first VRF adds a rule,
 * too.
 */
static bool has_rules(const struct net *net, u8 family)
{
#ifdef CONFIG_IP_MULTIPLE_TABLES
	if (family == AF_INET)
		return READ_ONCE(net->ipv4.fib_has_custom_rules);
#endif
#ifdef CONFIG_IPV6_MULTIPLE_TABLES
	if (family == AF_INET6)
		return READ_ONCE(net->ipv6.fib6_has_custom_rules);
#endif
	return false;
}

/**
 * dsr_rs_policy_look() - check for policies and rules, once in a jiffy
 * @rs: namespace
 *
 * Context: any.
 * Return: true if there are none.
 */
noinline bool dsr_rs_policy_look(struct dsr_rs_net *rs)
{
	const struct net *net = rs->net;

	if (has_rules(net, AF_INET) || has_rules(net, AF_INET6) ||
	    dsr_ipsec_has_policy(net, XFRM_POLICY_IN) ||
	    dsr_ipsec_has_policy(net, XFRM_POLICY_OUT))
		return false;
	WRITE_ONCE(rs->unruled, jiffies);
	return true;
}

/**
 * dsr_rs_policy_allows() - true if IPsec allows a request for the VIP
 * @skb: request, not rewritten yet
 * @family: AF_INET or AF_INET6
 *
 * Context: rcu_read_lock(), any. Invalidates pointers into headers.
 */
bool dsr_rs_policy_allows(struct sk_buff *skb, u8 family)
{
	return dsr_ipsec_allows_in(skb, family);
}

/**
 * dsr_rs_policy_delivered() - let a rewritten request pass the stack's check
 * @skb: request, which dsr_rs_policy_allows()
 * @family: AF_INET or AF_INET6
 *
 * The stack checks the request again, now with the local address. A packet from
 * a tunnel has already passed the policy for the VIP. If the policies for the
 * local address would reject it for that tunnel, take its security path away.
 *
 * Context: rcu_read_lock(), any.
 */
void dsr_rs_policy_delivered(struct sk_buff *skb, u8 family)
{
	if (unlikely(secpath_exists(skb)) && !dsr_ipsec_allows_in(skb, family))
		secpath_reset(skb);
}

/* Read source and destination port; 0 for ICMP. */
static void ports_read(const struct sk_buff *skb,
		       const struct dsr_rs_packet *pkt, __be16 ports[2])
{
	if (pkt->tuple.proto == IPPROTO_ICMP ||
	    pkt->tuple.proto == IPPROTO_ICMPV6)
		memset(ports, 0, 2 * sizeof(ports[0]));
	else
		memcpy(ports, skb->data + pkt->thoff, 2 * sizeof(ports[0]));
}

static struct dst_entry *route4(struct net *net, const struct sock *sk,
				const struct sk_buff *skb, int oif,
				const __be16 ports[2])
{
	const struct iphdr *iph = ip_hdr(skb);
	struct flowi4 fl4 = {};
	struct rtable *rt;

	flowi4_init_output(&fl4, oif, skb->mark, iph->tos & INET_DSCP_MASK,
			   RT_SCOPE_UNIVERSE, iph->protocol,
			   FLOWI_FLAG_ANYSRC, iph->daddr, iph->saddr,
			   ports[1], ports[0], sock_net_uid(net, sk));
	rt = __ip_route_output_key(net, &fl4);
	return IS_ERR(rt) ? ERR_CAST(rt) : &rt->dst;
}

static struct dst_entry *route6(struct net *net, const struct sock *sk,
				const struct sk_buff *skb, int oif,
				u8 proto, const __be16 ports[2])
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	struct flowi6 fl6 = {
		.flowi6_oif = oif,
		.flowi6_mark = skb->mark,
		.flowi6_uid = sock_net_uid(net, sk),
		.flowi6_proto = proto,
		.fl6_sport = ports[0],
		.fl6_dport = ports[1],
		.daddr = ip6h->daddr,
		.saddr = ip6h->saddr,
		.flowlabel = ip6_flowinfo(ip6h),
	};

	return ip6_route_output(net, sk, &fl6);
}

static bool is_forwarded(const struct sk_buff *skb, u8 family)
{
	return family == AF_INET ? IPCB(skb)->flags & IPSKB_FORWARDED :
				   IP6CB(skb)->flags & IP6SKB_FORWARDED;
}

static bool is_transformed(const struct sk_buff *skb, u8 family)
{
	return family == AF_INET ?
	       IPCB(skb)->flags & IPSKB_XFRM_TRANSFORMED :
	       IP6CB(skb)->flags & IP6SKB_XFRM_TRANSFORMED;
}

/* Route the packet again, from the VIP, if rules may give another route. A
 * forwarded packet was routed by the rules when it came in.
 */
static int route_again(struct net *net, const struct sock *sk,
		       struct sk_buff *skb, u8 family,
		       const struct net_device *out,
		       const struct dsr_rs_packet *pkt)
{
	struct dst_entry *dst;
	__be16 ports[2];
	int oif, err;

	if (!has_rules(net, family) || is_forwarded(skb, family))
		return 0;
	oif = sk && sk->sk_bound_dev_if ? sk->sk_bound_dev_if :
					  l3mdev_master_ifindex_rcu(out);
	/* A link-local client is reached by its own link only. */
	if (pkt->tuple.zone)
		oif = out->ifindex;
	ports_read(skb, pkt, ports);
	dst = family == AF_INET ?
	      route4(net, sk, skb, oif, ports) :
	      route6(net, sk, skb, oif, pkt->tuple.proto, ports);
	if (IS_ERR(dst))
		return PTR_ERR(dst);
	if (dst->error) {
		err = dst->error;
		dst_release(dst);
		return err;
	}
	skb_dst_drop(skb);
	skb_dst_set(skb, dst);
	return 0;
}

/**
 * dsr_rs_policy_reply() - apply the policies and routes for the VIP to a reply
 * @skb: reply, or ICMP error of this machine, rewritten to come from the VIP
 * @state: state of the POST_ROUTING hook
 * @pkt: result of parsing before the rewrite
 * @reason: reason so far
 *
 * Context: rcu_read_lock(), any but hard interrupts.
 * Return: @reason, or the reason to drop the packet.
 */
enum dsr_rs_reason dsr_rs_policy_reply(struct sk_buff *skb,
				       const struct nf_hook_state *state,
				       const struct dsr_rs_packet *pkt,
				       enum dsr_rs_reason reason)
{
	const struct sock *sk = sk_to_full_sk(state->sk);
	struct dst_entry *dst = skb_dst(skb);
	struct net *net = state->net;
	u8 family = state->pf;

	/* A packet from IPsec is routed already, and a frame that only crosses
	 * a bridge needs no route.
	 */
	if (!dst || is_transformed(skb, family) || dsr_is_bridged(skb))
		return reason;
	if (sk && !net_eq(net, sock_net(sk)))
		sk = NULL;
	if (route_again(net, sk, skb, family, state->out, pkt))
		return DSR_RS_DROP_NO_ROUTE;
	if (dsr_ipsec_route(net, sk, skb, family))
		return DSR_RS_DROP_IPSEC_POLICY;
	if (skb_dst(skb) != dst)
		skb->dev = skb_dst(skb)->dev;
	return reason;
}
