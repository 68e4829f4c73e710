/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ipsec - IPsec policies for packets whose addresses are not those that the
 * stack decides by
 *
 * Where a kernel has no XFRM, all of this is nothing.
 */
#ifndef _DSR_IPSEC_H
#define _DSR_IPSEC_H

#include <linux/inetdevice.h>
#include <net/addrconf.h>
#include <net/dst.h>
#include <net/net_namespace.h>
#include <net/xfrm.h>

#include "xfrm_decode.h"

#ifdef CONFIG_XFRM

/** dsr_ipsec_has_policy() - whether any policy of @dir can concern a packet
 * @net: namespace
 * @dir: XFRM_POLICY_IN or XFRM_POLICY_OUT
 *
 * Those of sockets are counted behind those of the namespace.
 */
static inline bool dsr_ipsec_has_policy(const struct net *net, int dir)
{
	return READ_ONCE(net->xfrm.policy_count[dir]) ||
	       READ_ONCE(net->xfrm.policy_count[XFRM_POLICY_MAX + dir]) ||
	       READ_ONCE(net->xfrm.policy_default[dir]) !=
	       XFRM_USERPOLICY_ACCEPT;
}

/* As the stack has it from its route, which is yet to be found. */
static inline bool dsr_ipsec_is_off(const struct net_device *dev, u8 family)
{
	const struct inet6_dev *idev;
	struct in_device *in_dev;

	if (family == AF_INET) {
		in_dev = __in_dev_get_rcu(dev);
		return in_dev && IN_DEV_ORCONF(in_dev, NOPOLICY);
	}
	idev = __in6_dev_get(dev);
	return idev && READ_ONCE(idev->cnf.disable_policy);
}

/**
 * dsr_ipsec_allows_in() - whether a packet may be delivered here
 * @skb: packet in PRE_ROUTING, with the addresses that it has come with
 * @family: AF_INET or AF_INET6
 *
 * Context: rcu_read_lock(), any. May pull headers into the linear part:
 * pointers into them are not valid afterwards.
 */
static inline bool dsr_ipsec_allows_in(struct sk_buff *skb, u8 family)
{
	return dsr_ipsec_is_off(skb->dev, family) ||
	       xfrm_policy_check(NULL, XFRM_POLICY_IN, skb, family);
}

/**
 * dsr_ipsec_route() - the way that the policies want for a packet
 * @net: namespace
 * @sk: its socket in @net, or %NULL
 * @skb: packet with the addresses that it leaves with, and with a route
 * @family: AF_INET or AF_INET6
 *
 * Context: any but hard interrupts.
 * Return: 0 with the route of @skb replaced, or -errno: it may not leave.
 */
static inline int dsr_ipsec_route(struct net *net, const struct sock *sk,
				  struct sk_buff *skb, u8 family)
{
	struct dst_entry *dst = skb_dst(skb);
	struct flowi fl;
	int err;

	if (!dst->xfrm && !dsr_ipsec_has_policy(net, XFRM_POLICY_OUT))
		return 0;
	err = dsr_compat_xfrm_decode(net, skb, &fl, family);
	if (err < 0)
		return err;
	/* Policies for other addresses have had their say. */
	if (dst->xfrm)
		dst = ((struct xfrm_dst *)dst)->route;
	if (!dst_hold_safe(dst))
		return -EHOSTUNREACH;
	dst = xfrm_lookup(net, dst, &fl, sk, 0);
	if (IS_ERR(dst))
		return PTR_ERR(dst);
	skb_dst_drop(skb);
	skb_dst_set(skb, dst);
	return 0;
}

#else

static inline bool dsr_ipsec_has_policy(const struct net *net, int dir)
{
	return false;
}

static inline bool dsr_ipsec_allows_in(struct sk_buff *skb, u8 family)
{
	return true;
}

static inline int dsr_ipsec_route(struct net *net, const struct sock *sk,
				  struct sk_buff *skb, u8 family)
{
	return 0;
}

#endif

#endif /* _DSR_IPSEC_H */
