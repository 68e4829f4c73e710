/* SPDX-License-Identifier: GPL-2.0 */
/*
 * backend - a real server in a service
 *
 * Owner: its service, and each connection that goes to it holds a reference,
 * since connections outlive the removal of their backend. Freed an RCU grace
 * period after the last reference: packets use it under RCU without one.
 *
 * Locking: configuration changes under struct dsr_net.lock.
 */
#ifndef _DSR_BACKEND_H
#define _DSR_BACKEND_H

#include <linux/jhash.h>
#include <linux/refcount.h>

#include "nexthop.h"
#include "stats.h"

struct dsr_service;

/**
 * struct dsr_backend - a real server in a service
 * @service: to which it belongs; compared, and not followed once @removed
 * @nexthop: the way there
 * @stats: per CPU
 * @weight: share of new connections; 0: none
 * @removed: taken out of its service: its connections move on
 * @active: its connections in the table that are established
 * @inactive: its other connections in the table
 * @ref: the service's reference, and one for each connection
 * @list: in the service, in ascending order of address
 * @rcu: to free it after its last reader
 */
struct dsr_backend {
	struct dsr_service *service;
	struct dsr_nexthop nexthop;
	struct dsr_stats __percpu *stats;
	u32 weight;
	bool removed;

	atomic_t active ____cacheline_aligned_in_smp;
	atomic_t inactive;
	refcount_t ref;
	struct list_head list;
	struct rcu_head rcu;
};

struct dsr_backend *dsr_backend_find(struct dsr_net *dn,
				     struct dsr_service *service, __be32 addr);
int dsr_backend_add(struct dsr_net *dn, struct dsr_service *service,
		    __be32 addr, u32 weight, struct netlink_ext_ack *extack);
int dsr_backend_set_weight(struct dsr_net *dn, struct dsr_backend *backend,
			   u32 weight, struct netlink_ext_ack *extack);
int dsr_backend_remove(struct dsr_net *dn, struct dsr_backend *backend,
		       struct netlink_ext_ack *extack);
void dsr_backend_release(struct dsr_backend *backend);
void dsr_backend_put(struct dsr_backend *backend);
u8 dsr_backend_state(struct net *net, struct dsr_backend *backend,
		     int *ifindex, u8 mac[], u8 *mac_len);

/** dsr_backend_hash() - hash of its address, the same on every balancer */
static inline u32 dsr_backend_hash(const struct dsr_backend *backend)
{
	return jhash_1word((__force u32)backend->nexthop.addr, 0);
}

/** dsr_backend_compare() - the order of backends: by address */
static inline int dsr_backend_compare(const struct dsr_backend *one,
				      const struct dsr_backend *other)
{
	u32 a = ntohl(one->nexthop.addr), b = ntohl(other->nexthop.addr);

	return a < b ? -1 : a > b;
}

/** dsr_backend_get() - take a reference; the caller is in the grace period */
static inline bool dsr_backend_get(struct dsr_backend *backend)
{
	return refcount_inc_not_zero(&backend->ref);
}

#endif /* _DSR_BACKEND_H */
