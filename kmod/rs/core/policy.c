// SPDX-License-Identifier: GPL-2.0
/*
 * policy - IPsec policies and routing rules for the VIP; see policy.h
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

/* "ip rule" has been used: from then on a namespace says so. The first VRF adds
 * a rule, too.
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
 * dsr_rs_policy_look() - dsr_rs_policy_is_none(), for the first of a tick
 * @rs: namespace
 *
 * Context: any.
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
 * dsr_rs_policy_allows() - whether IPsec lets a request for the VIP in
 * @skb: request, as it has come
 * @family: AF_INET or AF_INET6
 *
 * Context: rcu_read_lock(), any. Pointers into headers are not valid afterwards.
 */
bool dsr_rs_policy_allows(struct sk_buff *skb, u8 family)
{
	return dsr_ipsec_allows_in(skb, family);
}

/**
 * dsr_rs_policy_delivered() - a request has been given its other ends
 * @skb: request, which dsr_rs_policy_allows()
 * @family: AF_INET or AF_INET6
 *
 * It will be asked about once more, with the local address. What has come by a
 * tunnel has had its policy; that there is none for the local address must not
 * be held against it.
 *
 * Context: rcu_read_lock(), any.
 */
void dsr_rs_policy_delivered(struct sk_buff *skb, u8 family)
{
	if (unlikely(secpath_exists(skb)) && !dsr_ipsec_allows_in(skb, family))
		secpath_reset(skb);
}

/* Source and destination; of ICMP there are none. */
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

/* The route from the VIP, where it may be another one. Of what this machine only
 * passes on, the rules were asked when it came in.
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
	/* An address of a link has that link. */
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
 * dsr_rs_policy_reply() - let a reply take the way that it has from the VIP
 * @skb: reply, or error, of this machine's, from the VIP now
 * @state: of the hook in POST_ROUTING
 * @pkt: what was known of it before
 * @reason: what has become of it
 *
 * Context: rcu_read_lock(), any but hard interrupts.
 * Return: @reason, or why it is to be dropped.
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

	/* What IPsec has made of a packet has its way, and so has a frame that
	 * only crosses a bridge.
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
