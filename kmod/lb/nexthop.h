/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nexthop - the way to a neighbour
 *
 * Keeps the kernel's own route to an address and looks it up again when the
 * routing table has changed since. The route pins no device: the kernel makes
 * its routes let go of a device that goes away, whoever holds them.
 * The link-layer address is not kept at all: each packet asks the neighbour
 * table.
 *
 * Owner: the backend that it is part of. Locking: read under RCU by packets;
 * replaced under struct dsr_nexthop.lock, from softirq and process context.
 */
#ifndef _DSR_NEXTHOP_H
#define _DSR_NEXTHOP_H

#include <linux/netlink.h>
#include <linux/spinlock.h>
#include <net/route.h>

#include "net.h"

/**
 * struct dsr_nexthop - the way to a neighbour
 * @rt: route, or %NULL when there is no way without a gateway
 * @genid: state of the routing table when @rt was looked up
 * @addr: the neighbour's address
 * @lock: for who replaces @rt
 */
struct dsr_nexthop {
	struct rtable __rcu *rt;
	int genid;
	__be32 addr;
	spinlock_t lock;	/* for who replaces @rt */
};

struct rtable *dsr_nexthop_lookup(struct net *net, struct dsr_nexthop *nexthop);
int dsr_nexthop_check(struct dsr_net *dn, __be32 addr,
		      struct netlink_ext_ack *extack);
void dsr_nexthop_init(struct net *net, struct dsr_nexthop *nexthop,
		      __be32 addr);
void dsr_nexthop_exit(struct dsr_nexthop *nexthop);

/**
 * dsr_nexthop_get() - the route to a neighbour
 * @net: namespace
 * @nexthop: see there
 *
 * Context: rcu_read_lock().
 * Return: the route, valid until rcu_read_unlock(), or %NULL if there is none
 * without a gateway.
 */
static inline struct rtable *dsr_nexthop_get(struct net *net,
					     struct dsr_nexthop *nexthop)
{
	/* In this order: an old route is never taken for one of now. */
	int genid = smp_load_acquire(&nexthop->genid);
	struct rtable *rt = rcu_dereference(nexthop->rt);

	if (likely(genid == rt_genid_ipv4(net) &&
		   (!rt || rt->dst.obsolete == DST_OBSOLETE_FORCE_CHK)))
		return rt;
	return dsr_nexthop_lookup(net, nexthop);
}

#endif /* _DSR_NEXTHOP_H */
