/* SPDX-License-Identifier: GPL-2.0 */
/*
 * backend - a real server in a service
 *
 * Owner: its service. Each connection of a backend holds a reference, since a
 * connection outlives the removal of its backend. A backend is freed an RCU
 * grace period after the last reference is dropped: packets use it under RCU
 * without a reference.
 *
 * Locking: the configuration changes under struct dsr_net.lock. @overloaded
 * follows the connection counts without a lock.
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
 * struct dsr_backend_config - configuration of a backend
 * @admin: enum dsr_backend_admin
 * @weight: share of new connections; 0: none
 * @upper: number of connections at which the backend becomes overloaded; 0:
 *	never
 * @lower: number of connections below which the backend is no longer
 *	overloaded, at most @upper; 0: three quarters of @upper
 * @deadline: with DSR_BACKEND_DRAINING: jiffies from now until the backend goes
 *	down; 0: never
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
 * @service: its service; once @removed is set, the pointer may only be
 *	compared, not dereferenced
 * @nexthop: next hop of its packets
 * @stats: per CPU
 * @removed: the backend was taken out of its service: its connections move to
 *	other backends
 * @overloaded: the backend gets no new connections until it has fewer. Written
 *	only on a change, and not in the cache line that each connection writes
 * @skipped: the backend gets no new connections, since its address resolution
 *	has failed. Written when a new pool is published
 * @config: weight, thresholds and administrative state
 * @ipvs: data of dsr_ipvs, guarded by struct dsr_net.lock; kfree()d with the
 *	backend, %NULL once @removed is set
 * @deadline: jiffies at which a draining backend goes down, or 0;
 *	@config.deadline is not used
 * @active: established connections in the table
 * @inactive: ended connections in the table
 * @half: connections in the table that have seen one packet only. The source of
 *	that packet may be forged, so @half counts as load but never as overload
 * @persistent: persistence entries in the table
 * @leaves: @skipped as of the pool that is being built; guarded by
 *	struct dsr_net.writer
 * @server: its address, shared with backends of other services; %NULL once
 *	@removed is set
 * @node: in the hash table of all backends, by @service and address
 * @ref: one reference for the service, and one for each connection
 * @dn: balancer; may be freed only when no backend of it is in @routed
 * @routed: in dsr_net.routed, while @nexthop has a route that may pin a device
 * @list: in dsr_service.backends, in ascending order of address
 * @rcu: for the grace period before it is freed
 */
struct dsr_backend {
	struct dsr_service *service;
	struct dsr_nexthop nexthop;
	struct dsr_stats __percpu *stats;
	bool removed;
	bool overloaded;
	bool skipped;
	struct dsr_backend_config config;
	void *ipvs;
	unsigned long deadline;

	atomic_t active ____cacheline_aligned_in_smp;
	atomic_t inactive;
	atomic_t half;
	atomic_t persistent;
	bool leaves;
	struct dsr_server *server;
	struct rhash_head node;
	refcount_t ref;
	struct dsr_net *dn;
	struct list_head routed;
	struct list_head list;
	struct rcu_head rcu;
};

/* The lookup of a known connection reads one cache line of the backend. */
static_assert(offsetofend(struct dsr_backend, config.admin) <= 64);

/* Bounds the work of a scheduler, which reads all backends of a service for a
 * new connection. Also, the sum of the weights must fit a u32.
 */
#define DSR_BACKENDS_MAX	4096

struct dsr_backend *dsr_backend_find(struct dsr_net *dn,
				     const struct dsr_service *service,
				     const union nf_inet_addr *addr);
int dsr_backend_check(const struct dsr_backend_config *config,
		      struct netlink_ext_ack *extack);
int dsr_backend_refuse_more(struct netlink_ext_ack *extack);
struct dsr_backend *dsr_backend_new(struct dsr_net *dn,
				    struct dsr_service *service,
				    const union nf_inet_addr *addr,
				    const struct dsr_backend_config *config);
void dsr_backend_discard(struct dsr_backend *backend);
void dsr_backend_list(struct dsr_backend *backend, struct list_head *before);
void dsr_backend_apply(struct dsr_backend *backend,
		       const struct dsr_backend_config *config);
void dsr_backend_set_deadline(struct dsr_backend *backend,
			      const struct dsr_backend_config *config);
void dsr_backend_look_up(struct dsr_net *dn, struct dsr_backend *backend);
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

/** dsr_backend_hash() - hash the address; the same on every balancer */
static inline u32 dsr_backend_hash(const struct dsr_backend *backend)
{
	return dsr_addr_hash(&backend->nexthop.addr);
}

/** dsr_backend_compare() - order backends by address */
static inline int dsr_backend_compare(const struct dsr_backend *one,
				      const struct dsr_backend *other)
{
	return dsr_addr_compare(&one->nexthop.addr, &other->nexthop.addr);
}

/** dsr_backend_is_down() - true if not even known connections may use it */
static inline bool dsr_backend_is_down(const struct dsr_backend *backend)
{
	return READ_ONCE(backend->config.admin) == DSR_BACKEND_DOWN;
}

/** dsr_backend_is_removed() - true if it was taken out of its service */
static inline bool dsr_backend_is_removed(const struct dsr_backend *backend)
{
	/* pairs with smp_store_release() in dsr_nexthop_remove() */
	return smp_load_acquire(&backend->removed);
}

/** dsr_backend_readded() - find the successor of a removed backend, or %NULL
 *
 * The successor has the same service and address.
 */
static inline struct dsr_backend *
dsr_backend_readded(struct dsr_net *dn, const struct dsr_service *service,
		    const struct dsr_backend *old)
{
	return dsr_backend_is_removed(old) ?
	       dsr_backend_find(dn, service, &old->nexthop.addr) : NULL;
}

/** dsr_backend_is_up() - true if it may get new connections */
static inline bool dsr_backend_is_up(const struct dsr_backend *backend)
{
	return READ_ONCE(backend->config.weight) &&
	       READ_ONCE(backend->config.admin) == DSR_BACKEND_UP &&
	       !READ_ONCE(backend->skipped);
}

/** dsr_backend_is_due() - true if its deadline has passed
 *
 * Context: holds struct dsr_net.lock.
 */
static inline bool dsr_backend_is_due(const struct dsr_backend *backend)
{
	return backend->deadline && time_after_eq(jiffies, backend->deadline);
}

/**
 * dsr_backend_drain_left() - return the time until a draining backend goes down
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

/** dsr_backend_inactive() - count the connections that are not established */
static inline u32 dsr_backend_inactive(const struct dsr_backend *backend)
{
	return (u32)atomic_read(&backend->inactive) +
	       (u32)atomic_read(&backend->half);
}

/** dsr_backend_load() - return the load: established connections and others
 *
 * As in IPVS, an established connection counts as much as 256 others.
 */
static inline u64 dsr_backend_load(const struct dsr_backend *backend)
{
	return ((u64)(u32)atomic_read(&backend->active) << 8) +
	       dsr_backend_inactive(backend);
}

/** dsr_backend_conns_changed() - update @overloaded
 *
 * Call this after each change of @active or @inactive.
 */
static inline void dsr_backend_conns_changed(struct dsr_backend *backend)
{
	if (unlikely(READ_ONCE(backend->config.upper)))
		dsr_backend_update_overload(backend);
}

/** dsr_backend_get() - take a reference; call under rcu_read_lock() */
static inline bool dsr_backend_get(struct dsr_backend *backend)
{
	return refcount_inc_not_zero(&backend->ref);
}

#endif /* _DSR_BACKEND_H */
