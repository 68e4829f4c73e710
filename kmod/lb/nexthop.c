// SPDX-License-Identifier: GPL-2.0
/* nexthop - see nexthop.h */

#include <linux/inetdevice.h>
#include <net/ip.h>

#include "nexthop.h"

/* A route to @addr that names @addr itself as the next hop, whatever the
 * destination of the packets that are sent along it.
 */
static struct rtable *route_to(struct net *net, __be32 addr)
{
	struct flowi4 fl4 = {
		.daddr = addr,
		.flowi4_flags = FLOWI_FLAG_KNOWN_NH,
	};

	return ip_route_output_key(net, &fl4);
}

static bool is_on_link(const struct rtable *rt, __be32 addr)
{
	return rt->rt_type == RTN_UNICAST && rt->rt_gw_family == AF_INET &&
	       rt->rt_gw4 == addr;
}

/**
 * dsr_nexthop_lookup() - look the route up again
 * @net: namespace
 * @nexthop: whose route is out of date
 *
 * Context: rcu_read_lock(). Takes nexthop->lock.
 * Return: as dsr_nexthop_get().
 */
struct rtable *dsr_nexthop_lookup(struct net *net, struct dsr_nexthop *nexthop)
{
	int genid = rt_genid_ipv4(net);
	struct rtable *rt, *old;

	rt = route_to(net, nexthop->addr);
	if (rt == ERR_PTR(-ENOBUFS) || rt == ERR_PTR(-ENOMEM)) {
		return NULL;	/* not for good: the next packet asks again */
	} else if (IS_ERR(rt)) {
		rt = NULL;
	} else if (!is_on_link(rt, nexthop->addr)) {
		ip_rt_put(rt);
		rt = NULL;
	}
	spin_lock_bh(&nexthop->lock);
	old = rcu_replace_pointer(nexthop->rt, rt,
				  lockdep_is_held(&nexthop->lock));
	/* A change during the look-up makes the next packet look again. */
	smp_store_release(&nexthop->genid, genid);
	spin_unlock_bh(&nexthop->lock);
	ip_rt_put(old);	/* frees after a grace period: @old may have readers */
	return rt;
}

/**
 * dsr_nexthop_check() - whether an address can be a next hop
 * @dn: balancer
 * @addr: address
 * @extack: where a refusal goes
 *
 * Context: process context, holds dn->lock.
 * Return: 0, or -%EINVAL with a sentence in @extack.
 */
int dsr_nexthop_check(struct dsr_net *dn, __be32 addr,
		      struct netlink_ext_ack *extack)
{
	struct rtable *rt;
	int err = -EINVAL;

	lockdep_assert_held(&dn->lock);
	if (ipv4_is_zeronet(addr) || ipv4_is_multicast(addr) ||
	    ipv4_is_lbcast(addr)) {
		NL_SET_ERR_MSG(extack,
			       "a backend is a host: its address must be unicast");
		return err;
	}
	rt = route_to(dn->net, addr);
	if (IS_ERR(rt)) {
		NL_SET_ERR_MSG(extack,
			       "no route to the backend: it must be in a network of this machine");
		return err;
	}
	if (rt->rt_type == RTN_LOCAL)
		NL_SET_ERR_MSG(extack,
			       "the backend's address is this machine's own");
	else if (rt->rt_type != RTN_UNICAST)
		NL_SET_ERR_MSG(extack,
			       "a backend is a host: its address must be unicast");
	else if (rt->rt_gw_family == AF_INET6)
		NL_SET_ERR_MSG(extack,
			       "backend is not on-link: it would go through an IPv6 gateway");
	else if (!is_on_link(rt, addr))
		dsr_extack_fmt(&dn->messages, extack,
			       "backend is not on-link: it would go through a gateway",
			       "backend is not on-link: it would go through the gateway %pI4",
			       &rt->rt_gw4);
	else
		err = 0;
	ip_rt_put(rt);
	return err;
}

/** dsr_nexthop_init() - set up @nexthop for @addr; the first packet looks up */
void dsr_nexthop_init(struct net *net, struct dsr_nexthop *nexthop, __be32 addr)
{
	spin_lock_init(&nexthop->lock);
	nexthop->addr = addr;
	RCU_INIT_POINTER(nexthop->rt, NULL);
	nexthop->genid = rt_genid_ipv4(net) - 1;	/* out of date */
}

/** dsr_nexthop_exit() - let go of the route, once no packet uses @nexthop */
void dsr_nexthop_exit(struct dsr_nexthop *nexthop)
{
	ip_rt_put(rcu_dereference_protected(nexthop->rt, true));
}
