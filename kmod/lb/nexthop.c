// SPDX-License-Identifier: GPL-2.0
/* nexthop - see nexthop.h */

#include <linux/export.h>
#include <linux/inetdevice.h>
#include <net/arp.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ndisc.h>
#include <net/route.h>

#include "dst.h"
#include "nexthop.h"

/* A route to @addr that names @addr itself as the next hop, whatever the
 * destination of the packets that are sent along it.
 */
static struct dst_entry *route_to(struct net *net, u8 family,
				  const union nf_inet_addr *addr)
{
	struct flowi4 fl4 = {
		.daddr = addr->ip,
		.flowi4_flags = FLOWI_FLAG_KNOWN_NH,
	};
	struct flowi6 fl6 = {
		.daddr = addr->in6,
		.flowi6_flags = FLOWI_FLAG_KNOWN_NH,
	};
	struct dst_entry *dst;
	struct rtable *rt;

	if (family == AF_INET) {
		rt = ip_route_output_key(net, &fl4);
		return IS_ERR(rt) ? ERR_CAST(rt) : &rt->dst;
	}
	dst = ip6_route_output(net, NULL, &fl6);
	if (dst->error) {
		int err = dst->error;

		dst_release(dst);
		return ERR_PTR(err);
	}
	return dst;
}

static bool is_local(const struct dst_entry *dst, u8 family)
{
	if (family == AF_INET)
		return dst_rtable(dst)->rt_type == RTN_LOCAL;
	return dst_rt6_info(dst)->rt6i_flags & RTF_LOCAL;
}

static bool is_on_link(const struct dst_entry *dst, u8 family,
		       const union nf_inet_addr *addr)
{
	const struct rt6_info *rt6;
	const struct rtable *rt;

	if (family == AF_INET) {
		rt = dst_rtable(dst);
		return rt->rt_type == RTN_UNICAST &&
		       rt->rt_gw_family == AF_INET && rt->rt_gw4 == addr->ip;
	}
	/* FLOWI_FLAG_KNOWN_NH makes a route of its own for an address on-link,
	 * which names it as the next hop.
	 */
	rt6 = dst_rt6_info(dst);
	return !(rt6->rt6i_flags & (RTF_GATEWAY | RTF_LOCAL | RTF_ANYCAST)) &&
	       (rt6->rt6i_flags & RTF_CACHE) &&
	       ipv6_addr_equal(&rt6->rt6i_dst.addr, &addr->in6);
}

/* Whether there was no route, and still is none. Of IPv6 only its own address
 * is known as such: see dsr_nexthop_peek().
 */
static bool is_without(const struct net *net, const struct dsr_nexthop *nexthop)
{
	/* What was found for a generation was written before it. */
	int genid = smp_load_acquire(&nexthop->genid);

	return !rcu_access_pointer(nexthop->dst) &&
	       genid == dsr_nexthop_genid(net, nexthop->family) &&
	       (nexthop->family == AF_INET || READ_ONCE(nexthop->local));
}

/**
 * dsr_nexthop_lookup() - look the route up again, if that can bring one
 * @net: namespace
 * @nexthop: which has no route, or one that is out of date
 *
 * Context: rcu_read_lock(). Takes nexthop->lock.
 * Return: as dsr_nexthop_get().
 */
struct dst_entry *dsr_nexthop_lookup(struct net *net,
				     struct dsr_nexthop *nexthop)
{
	int genid = dsr_nexthop_genid(net, nexthop->family);
	struct dst_entry *dst, *old;
	bool local = false;
	u32 cookie = 0;

	if (is_without(net, nexthop))
		return NULL;
	dst = route_to(net, nexthop->family, &nexthop->addr);
	if (dst == ERR_PTR(-ENOBUFS) || dst == ERR_PTR(-ENOMEM))
		return NULL;	/* not for good: the next packet asks again */
	if (IS_ERR(dst)) {
		dst = NULL;
	} else if (!is_on_link(dst, nexthop->family, &nexthop->addr)) {
		local = is_local(dst, nexthop->family);
		dst_release(dst);
		dst = NULL;
	} else if (nexthop->family == AF_INET6) {
		cookie = rt6_get_cookie(dst_rt6_info(dst));
	}
	spin_lock_bh(&nexthop->lock);
	old = rcu_replace_pointer(nexthop->dst, dst,
				  lockdep_is_held(&nexthop->lock));
	WRITE_ONCE(nexthop->cookie, cookie);
	WRITE_ONCE(nexthop->local, local);
	/* A change during the look-up makes the next packet look again. */
	smp_store_release(&nexthop->genid, genid);
	spin_unlock_bh(&nexthop->lock);
	dst_release(old); /* frees after a grace period: @old may have readers */
	return dst;
}

static void refuse_gateway(struct dsr_net *dn, u8 family,
			   const struct dst_entry *dst,
			   struct netlink_ext_ack *extack)
{
	if (family == AF_INET6)
		dsr_extack_fmt(&dn->messages, extack,
			       "backend is not on-link: it would go through a gateway",
			       "backend is not on-link: it would go through the gateway %pI6c",
			       &dst_rt6_info(dst)->rt6i_gateway);
	else if (dst_rtable(dst)->rt_gw_family == AF_INET6)
		NL_SET_ERR_MSG(extack,
			       "backend is not on-link: it would go through an IPv6 gateway");
	else
		dsr_extack_fmt(&dn->messages, extack,
			       "backend is not on-link: it would go through a gateway",
			       "backend is not on-link: it would go through the gateway %pI4",
			       &dst_rtable(dst)->rt_gw4);
}

static bool is_host(u8 family, const union nf_inet_addr *addr)
{
	if (family == AF_INET)
		return !ipv4_is_zeronet(addr->ip) &&
		       !ipv4_is_multicast(addr->ip) &&
		       !ipv4_is_lbcast(addr->ip);
	return ipv6_addr_type(&addr->in6) & IPV6_ADDR_UNICAST;
}

/**
 * dsr_nexthop_check() - whether an address can be a next hop
 * @dn: balancer
 * @family: of @addr
 * @addr: address
 * @extack: where a refusal goes
 *
 * Context: process context, holds dn->lock.
 * Return: 0; with a sentence in @extack: -%EINVAL if it is not unicast, so that
 * it never can be one; -%EHOSTUNREACH if no device leads there without a
 * gateway, which may change.
 */
int dsr_nexthop_check(struct dsr_net *dn, u8 family,
		      const union nf_inet_addr *addr,
		      struct netlink_ext_ack *extack)
{
	struct dst_entry *dst;
	int err = -EHOSTUNREACH;

	lockdep_assert_held(&dn->lock);
	if (!is_host(family, addr)) {
		NL_SET_ERR_MSG(extack,
			       "a backend is a host: its address must be unicast");
		return -EINVAL;
	}
	if (family == AF_INET6 &&
	    ipv6_addr_type(&addr->in6) & IPV6_ADDR_LINKLOCAL) {
		NL_SET_ERR_MSG(extack,
			       "a link-local address does not say on which link: name another address of the backend");
		return -EINVAL;
	}
	dst = route_to(dn->net, family, addr);
	if (IS_ERR(dst)) {
		NL_SET_ERR_MSG(extack,
			       "no route to the backend: it must be in a network of this machine; if that is in a VRF, let the main table have a route to it by its device");
		return err;
	}
	if (is_local(dst, family) || is_on_link(dst, family, addr)) {
		err = 0;
	} else if (family == AF_INET &&
		   dst_rtable(dst)->rt_type != RTN_UNICAST) {
		NL_SET_ERR_MSG(extack,
			       "a backend is a host: its address must be unicast");
		err = -EINVAL;
	} else {
		refuse_gateway(dn, family, dst, extack);
	}
	dst_release(dst);
	return err;
}
EXPORT_SYMBOL_GPL(dsr_nexthop_check);

/** dsr_nexthop_init() - set up @nexthop for @addr; the first packet looks up */
void dsr_nexthop_init(struct net *net, struct dsr_nexthop *nexthop, u8 family,
		      const union nf_inet_addr *addr)
{
	spin_lock_init(&nexthop->lock);
	nexthop->cookie = 0;
	nexthop->family = family;
	nexthop->addr = *addr;
	nexthop->local = false;
	RCU_INIT_POINTER(nexthop->dst, NULL);
	nexthop->genid = dsr_nexthop_genid(net, family) - 1; /* out of date */
}

/** dsr_nexthop_exit() - let go of the route, once no packet uses @nexthop */
void dsr_nexthop_exit(struct dsr_nexthop *nexthop)
{
	dst_release(rcu_dereference_protected(nexthop->dst, true));
}
