/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nexthop - the route to a backend
 *
 * Caches the kernel's route to an address and looks it up again after a change
 * of the routing table. The link-layer address is not cached: each packet looks
 * it up in the neighbour table.
 *
 * No cached route may pin a device. When a device goes away, the kernel
 * detaches the device from each route. But an IPv6 route also holds the routing
 * table entry that it was made from, and so the device of that entry; and an
 * encapsulation may hold another route. So dsr_net.routed lists all backends
 * with such routes, and all these routes are released when a device of the
 * namespace goes away.
 *
 * struct dsr_service.here counts the backends of a service whose address is one
 * of this machine's own. A removed backend is not counted.
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
 * struct dsr_nexthop - the route to a backend
 * @dst: route, or %NULL if the address is not on-link, or not looked up yet
 * @genid: generation of the routing table when @dst was looked up
 * @cookie: IPv6: cookie of @dst when it was looked up, see dst_check()
 * @family: address family of @addr
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

/** dsr_nexthop_genid() - return the generation of the routing table */
static inline int dsr_nexthop_genid(const struct net *net, u8 family)
{
#if IS_ENABLED(CONFIG_IPV6)
	if (unlikely(family == AF_INET6))
		return rt_genid_ipv6(net);
#endif
	return rt_genid_ipv4(net);
}

/**
 * dsr_nexthop_peek() - return the cached route if it is up to date
 * @net: namespace
 * @family: family of @nexthop, which a caller may know without it
 * @nexthop: next hop
 *
 * The generation of the IPv6 routing table changes when a route is added, not
 * when one is removed. So dst_check() checks that the route is still in the
 * table.
 *
 * Context: rcu_read_lock(). No writes.
 * Return: the route, valid until rcu_read_unlock(); %NULL if there is none or
 * if it is out of date.
 */
static __always_inline struct dst_entry *
dsr_nexthop_peek(const struct net *net, u8 family,
		 const struct dsr_nexthop *nexthop)
{
	/* ORDER: @genid before @dst, or an old route could look current */
	int genid = smp_load_acquire(&nexthop->genid);
	struct dst_entry *dst = rcu_dereference(nexthop->dst);

	if (likely(genid == dsr_nexthop_genid(net, family) && dst &&
		   dst->obsolete == DST_OBSOLETE_FORCE_CHK &&
		   (family == AF_INET ||
		    dst_check(dst, READ_ONCE(nexthop->cookie)))))
		return dst;
	return NULL;
}

/**
 * dsr_nexthop_get() - return the route, looked up again if it is out of date
 * @net: namespace
 * @nexthop: next hop
 *
 * Context: rcu_read_lock().
 * Return: the route, valid until rcu_read_unlock(); %NULL if the address is not
 * on-link, or is one of this machine's own: then @nexthop->local is true.
 */
static inline struct dst_entry *dsr_nexthop_get(struct net *net,
						struct dsr_nexthop *nexthop)
{
	struct dst_entry *dst = dsr_nexthop_peek(net, nexthop->family, nexthop);

	return likely(dst) ? dst : dsr_nexthop_lookup(net, nexthop);
}

/**
 * dsr_nexthop_neighbour() - look up the neighbour entry of a next hop
 * @family: family of @nexthop
 * @nexthop: next hop
 * @dev: device towards it
 *
 * Context: rcu_read_lock() and bottom halves disabled.
 * Return: the neighbour, valid until rcu_read_unlock(), or %NULL.
 */
static __always_inline struct neighbour *
dsr_nexthop_neighbour(u8 family, const struct dsr_nexthop *nexthop,
		      struct net_device *dev)
{
	if (likely(family == AF_INET))
		return __ipv4_neigh_lookup_noref(dev, (__force u32)
						 nexthop->addr.ip);
	return __ipv6_neigh_lookup_noref(dev, &nexthop->addr.in6);
}

#endif /* _DSR_NEXTHOP_H */
