/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ipsec - apply IPsec policies to packets whose addresses are about to change,
 * or have changed
 *
 * Without XFRM in the kernel, every function allows everything.
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

/**
 * dsr_ipsec_has_policy() - true if a policy of @dir may concern a packet
 * @net: namespace
 * @dir: XFRM_POLICY_IN or XFRM_POLICY_OUT
 *
 * The upper half of the kernel's counters is for policies of sockets.
 */
static inline bool dsr_ipsec_has_policy(const struct net *net, int dir)
{
	return READ_ONCE(net->xfrm.policy_count[dir]) ||
	       READ_ONCE(net->xfrm.policy_count[XFRM_POLICY_MAX + dir]) ||
	       READ_ONCE(net->xfrm.policy_default[dir]) !=
	       XFRM_USERPOLICY_ACCEPT;
}

/* The stack reads this from the route, which does not exist yet. */
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
 * dsr_ipsec_allows_in() - true if a packet may be delivered here
 * @skb: packet in PRE_ROUTING, with its original addresses
 * @family: AF_INET or AF_INET6
 *
 * Context: rcu_read_lock(), any. May pull headers into the linear part, which
 * invalidates pointers into them.
 */
static inline bool dsr_ipsec_allows_in(struct sk_buff *skb, u8 family)
{
	return dsr_ipsec_is_off(skb->dev, family) ||
	       xfrm_policy_check(NULL, XFRM_POLICY_IN, skb, family);
}

/**
 * dsr_ipsec_route() - route a packet as the policies demand
 * @net: namespace
 * @sk: its socket in @net, or %NULL
 * @skb: packet with its final addresses and a route
 * @family: AF_INET or AF_INET6
 *
 * Context: any but hard interrupts.
 * Return: 0 with the route of @skb set, or -errno if it must not leave.
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
	/* Undo the result of a policy lookup with the old addresses. */
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
