/* SPDX-License-Identifier: GPL-2.0 */
/*
 * backend - a real server in a service
 *
 * Owner: its service, and each connection that goes to it holds a reference,
 * since connections outlive the removal of their backend. Freed an RCU grace
 * period after the last reference: packets use it under RCU without one.
 *
 * Locking: configuration changes under struct dsr_net.lock. Whether it is
 * overloaded follows the counts of its connections, without a lock.
 */
#ifndef _DSR_BACKEND_H
#define _DSR_BACKEND_H

#include <linux/jiffies.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/dsr.h>

#include "core/nexthop.h"
#include "stats.h"

struct dsr_server;
struct dsr_service;

/**
 * struct dsr_backend_config - what a user can choose of a backend
 * @admin: enum dsr_backend_admin
 * @weight: share of new connections; 0: none
 * @upper: from this many connections on it is overloaded; 0: never
 * @lower: below this many it is not any more, at most @upper; 0: below three
 *	quarters of @upper
 * @deadline: with DSR_BACKEND_DRAINING: jiffies from now on until it is down;
 *	0: never
 */
struct dsr_backend_config {
	u8 admin;
	u32 weight;
	u32 upper;
	u32 lower;
	u32 deadline;
};

/**
 * struct dsr_backend - a real server in a service
 * @service: to which it belongs; compared, and not followed once @removed
 * @nexthop: the way there
 * @stats: per CPU
 * @removed: taken out of its service: its connections move on
 * @overloaded: gets no new connections until it has fewer: written when that
 *	changes only, away from what every connection writes
 * @config: weight, thresholds, and what the operator wants of it
 * @ipvs: what dsr_ipvs keeps of it, with struct dsr_net.lock; kfree()d with it,
 *	and %NULL once it is @removed
 * @deadline: jiffies when what is draining is down, or 0; that of @config is
 *	not kept
 * @active: its connections in the table that are established
 * @inactive: its connections in the table that have ended
 * @half: its connections in the table of which one packet has come: its source
 *	may be made up, so these make the backend no more than look busy
 * @persistent: its clients in the table for persistence's sake
 * @server: its address, which backends of other services may have as well;
 *	%NULL once it is @removed
 * @node: in the hash table of all backends, by @service and address
 * @ref: the service's reference, and one for each connection
 * @dn: balancer; gone when no backend of it is in @routed any more
 * @routed: in dsr_net.routed, while @nexthop has a route that may pin a device
 * @list: in the service, in ascending order of address
 * @rcu: to free it after its last reader
 */
struct dsr_backend {
	struct dsr_service *service;
	struct dsr_nexthop nexthop;
	struct dsr_stats __percpu *stats;
	bool removed;
	bool overloaded;
	struct dsr_backend_config config;
	void *ipvs;
	unsigned long deadline;

	atomic_t active ____cacheline_aligned_in_smp;
	atomic_t inactive;
	atomic_t half;
	atomic_t persistent;
	struct dsr_server *server;
	struct rhash_head node;
	refcount_t ref;
	struct dsr_net *dn;
	struct list_head routed;
	struct list_head list;
	struct rcu_head rcu;
};

/* What a hit reads is in one line. */
static_assert(offsetofend(struct dsr_backend, config.admin) <= 64);

struct dsr_backend *dsr_backend_find(struct dsr_net *dn,
				     const struct dsr_service *service,
				     const union nf_inet_addr *addr);
int dsr_backend_add(struct dsr_net *dn, struct dsr_service *service,
		    const union nf_inet_addr *addr,
		    const struct dsr_backend_config *config,
		    struct netlink_ext_ack *extack);
int dsr_backend_set(struct dsr_net *dn, struct dsr_backend *backend,
		    const struct dsr_backend_config *config,
		    struct netlink_ext_ack *extack);
struct dsr_backend_config dsr_backend_config(const struct dsr_backend *backend);
int dsr_backend_remove(struct dsr_net *dn, struct dsr_backend *backend,
		       struct netlink_ext_ack *extack);
int dsr_backend_link(struct dsr_backend *backend);
void dsr_backend_release(struct dsr_backend *backend);
void dsr_backend_put(struct dsr_backend *backend);
void dsr_backend_update_overload(struct dsr_backend *backend);
int dsr_backend_init(void);
void dsr_backend_exit(void);
u8 dsr_backend_state(struct net *net, struct dsr_backend *backend,
		     int *ifindex, u8 mac[], u8 *mac_len);

/** dsr_backend_hash() - hash of its address, the same on every balancer */
static inline u32 dsr_backend_hash(const struct dsr_backend *backend)
{
	return dsr_addr_hash(&backend->nexthop.addr);
}

/** dsr_backend_compare() - the order of backends: by address */
static inline int dsr_backend_compare(const struct dsr_backend *one,
				      const struct dsr_backend *other)
{
	return dsr_addr_compare(&one->nexthop.addr, &other->nexthop.addr);
}

/** dsr_backend_is_down() - whether it gets nothing, not even what it has */
static inline bool dsr_backend_is_down(const struct dsr_backend *backend)
{
	return READ_ONCE(backend->config.admin) == DSR_BACKEND_DOWN;
}

/** dsr_backend_is_removed() - whether it was taken out of its service */
static inline bool dsr_backend_is_removed(const struct dsr_backend *backend)
{
	/* with that of dsr_backend_release(): what was written before is seen */
	return smp_load_acquire(&backend->removed);
}

/** dsr_backend_readded() - what was removed and is there again, or %NULL */
static inline struct dsr_backend *
dsr_backend_readded(struct dsr_net *dn, const struct dsr_service *service,
		    const struct dsr_backend *old)
{
	return dsr_backend_is_removed(old) ?
	       dsr_backend_find(dn, service, &old->nexthop.addr) : NULL;
}

/** dsr_backend_is_up() - whether it may get new connections */
static inline bool dsr_backend_is_up(const struct dsr_backend *backend)
{
	return READ_ONCE(backend->config.weight) &&
	       READ_ONCE(backend->config.admin) == DSR_BACKEND_UP;
}

/** dsr_backend_is_due() - its deadline has come; holds struct dsr_net.lock */
static inline bool dsr_backend_is_due(const struct dsr_backend *backend)
{
	return backend->deadline && time_after_eq(jiffies, backend->deadline);
}

/**
 * dsr_backend_drain_left() - the time for which a backend goes on draining
 * @backend: backend
 *
 * Context: holds struct dsr_net.lock.
 * Return: jiffies, at least 1; 0 if it has no deadline.
 */
static inline u32 dsr_backend_drain_left(const struct dsr_backend *backend)
{
	if (!backend->deadline)
		return 0;
	return dsr_backend_is_due(backend) ? 1 : backend->deadline - jiffies;
}

/** dsr_backend_inactive() - its connections that are not established */
static inline u32 dsr_backend_inactive(const struct dsr_backend *backend)
{
	return (u32)atomic_read(&backend->inactive) +
	       (u32)atomic_read(&backend->half);
}

/** dsr_backend_load() - what it has to do: established connections and others
 *
 * As with IPVS, an established connection counts as much as 256 others.
 */
static inline u64 dsr_backend_load(const struct dsr_backend *backend)
{
	return ((u64)(u32)atomic_read(&backend->active) << 8) +
	       dsr_backend_inactive(backend);
}

/** dsr_backend_conns_changed() - to be called after @active or @inactive changed */
static inline void dsr_backend_conns_changed(struct dsr_backend *backend)
{
	if (unlikely(READ_ONCE(backend->config.upper)))
		dsr_backend_update_overload(backend);
}

/** dsr_backend_get() - take a reference; the caller is in the grace period */
static inline bool dsr_backend_get(struct dsr_backend *backend)
{
	return refcount_inc_not_zero(&backend->ref);
}

#endif /* _DSR_BACKEND_H */
