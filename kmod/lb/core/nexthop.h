/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nexthop - the way to a neighbour
 *
 * Keeps the kernel's own route to an address and looks it up again when the
 * routing table has changed since. The link-layer address is not kept at all:
 * each packet asks the neighbour table.
 *
 * No route pins a device. The kernel makes each route let go of a device that
 * goes away. But a route of IPv6 also holds the entry of the routing table that
 * it was made from, and with that the entry's device, and an encapsulation may
 * hold another route. So all such routes of a namespace are listed, and released
 * when one of its devices goes away.
 *
 * A service counts those of its backends that are found to be this machine, for
 * as long as they are its backends and this machine: struct dsr_service.here.
 *
 * Owner: the backend that it is part of. Locking: read under RCU by packets;
 * replaced under struct dsr_net.routes_lock, from softirq and process context.
 */
#ifndef _DSR_NEXTHOP_H
#define _DSR_NEXTHOP_H

#include <linux/netlink.h>
#include <net/arp.h>
#include <net/dst.h>
#include <net/ndisc.h>

#include "addr.h"
#include "core/net.h"

/**
 * struct dsr_nexthop - the way to a neighbour
 * @dst: route, or %NULL when there is no way without a gateway
 * @genid: state of the routing table when @dst was looked up
 * @cookie: state of @dst, if it is of IPv6, when it was looked up
 * @family: of @addr
 * @local: @addr is one of this machine's own
 * @addr: the neighbour's address
 */
struct dsr_nexthop {
	struct dst_entry __rcu *dst;
	int genid;
	u32 cookie;
	u8 family;
	bool local;
	union nf_inet_addr addr;
};

struct dst_entry *dsr_nexthop_lookup(struct net *net,
				     struct dsr_nexthop *nexthop);
int dsr_nexthop_check(struct dsr_net *dn, u8 family,
		      const union nf_inet_addr *addr,
		      struct netlink_ext_ack *extack);
void dsr_nexthop_init(struct dsr_net *dn, struct dsr_nexthop *nexthop,
		      u8 family, const union nf_inet_addr *addr);
void dsr_nexthop_exit(struct dsr_nexthop *nexthop);
void dsr_nexthop_remove(struct dsr_nexthop *nexthop);
void dsr_nexthop_release_routes(struct dsr_net *dn);
int __init dsr_nexthop_register(void);
void dsr_nexthop_unregister(void);

/** dsr_nexthop_genid() - grows with each change of the routing table */
static inline int dsr_nexthop_genid(const struct net *net, u8 family)
{
#if IS_ENABLED(CONFIG_IPV6)
	if (unlikely(family == AF_INET6))
		return rt_genid_ipv6(net);
#endif
	return rt_genid_ipv4(net);
}

/**
 * dsr_nexthop_peek() - the route to a neighbour, if nothing has to be looked up
 * @net: namespace
 * @nexthop: see there
 *
 * The state of the IPv6 routing table changes with what is added to it, not
 * with what is removed. So the route is asked whether it still is in there.
 *
 * Context: rcu_read_lock(). No writes.
 * Return: the route, valid until rcu_read_unlock(); %NULL if there is none, or
 * if it is out of date.
 */
static inline struct dst_entry *
dsr_nexthop_peek(const struct net *net, const struct dsr_nexthop *nexthop)
{
	/* In this order: an old route is never taken for one of now. */
	int genid = smp_load_acquire(&nexthop->genid);
	struct dst_entry *dst = rcu_dereference(nexthop->dst);

	if (likely(genid == dsr_nexthop_genid(net, nexthop->family) && dst &&
		   dst->obsolete == DST_OBSOLETE_FORCE_CHK &&
		   (nexthop->family == AF_INET ||
		    dst_check(dst, READ_ONCE(nexthop->cookie)))))
		return dst;
	return NULL;
}

/**
 * dsr_nexthop_get() - the route to a neighbour
 * @net: namespace
 * @nexthop: see there
 *
 * Context: rcu_read_lock().
 * Return: the route, valid until rcu_read_unlock(); %NULL if there is none
 * without a gateway, or the address is the machine's own: @nexthop->local says
 * which.
 */
static inline struct dst_entry *dsr_nexthop_get(struct net *net,
						struct dsr_nexthop *nexthop)
{
	struct dst_entry *dst = dsr_nexthop_peek(net, nexthop);

	return likely(dst) ? dst : dsr_nexthop_lookup(net, nexthop);
}

/**
 * dsr_nexthop_neighbour() - what the kernel knows of the neighbour
 * @nexthop: see there
 * @dev: device towards it
 *
 * Context: rcu_read_lock() and bottom halves disabled.
 * Return: the neighbour, valid until rcu_read_unlock(), or %NULL.
 */
static inline struct neighbour *
dsr_nexthop_neighbour(const struct dsr_nexthop *nexthop, struct net_device *dev)
{
	if (likely(nexthop->family == AF_INET))
		return __ipv4_neigh_lookup_noref(dev, (__force u32)
						 nexthop->addr.ip);
	return __ipv6_neigh_lookup_noref(dev, &nexthop->addr.in6);
}

#endif /* _DSR_NEXTHOP_H */
