/* SPDX-License-Identifier: GPL-2.0 */
/*
 * net - the balancer of one network namespace
 *
 * Owns everything else: services, their backends, the connection table, the
 * packet hooks. Lives as long as its namespace. Without a service there is no
 * hook. Without services and connections there is no table and no garbage
 * collector.
 *
 * Locking: struct dsr_net.lock guards all configuration; packets read it under
 * RCU. A request that changes services or backends takes struct dsr_net.writer
 * first, then the lock. The request releases the lock, but not the writer
 * mutex, while it fills a large scheduler table: then only other requests have
 * to wait. Paths have their own lock, which nests inside the lock and inside
 * the RTNL: a task that holds the RTNL must not wait for the requests of one
 * namespace.
 */
#ifndef _DSR_NET_H
#define _DSR_NET_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/netfilter.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "core/reason.h"
#include "extack.h"
#include "stats.h"
#include "table.h"
#include "timeouts.h"

struct dsr_chances;

#define DSR_FRONTEND_BITS	8
#define DSR_PROBE_BITS		5
#define DSR_MASKS		8

/**
 * struct dsr_net_side - hooks for the packets of one address family
 * @services: number of services of that family
 * @hooks: for incoming packets, early and late, and for packets that this
 *	machine sends; registered while @services is not 0
 */
struct dsr_net_side {
	u32 services;
	struct nf_hook_ops hooks[4];
};

/**
 * struct dsr_net - the balancer of one network namespace
 * @table: the connection table, valid while @has_table is set
 * @entries6: IPv6 entries of @table, which are larger than IPv4 entries
 * @half: entries of @table that have seen one packet only
 * @crowded: time when @table was last full, in seconds since boot, or 0; not in
 *	jiffies, which wrap
 * @live: there are services; see balancer.h
 * @has_table: there are services, or connections that outlive them; changes
 *	under @lock
 * @expire_quiescent: a client does not come back to a backend of weight 0;
 *	dsr_ipvs sets it
 * @expire_nodest: no connection waits for a backend that dsr_ipvs deletes; set by
 *	dsr_ipvs, read under @lock
 * @timeouts: defaults, for services that do not set their own
 * @reasons: per CPU, packets by enum dsr_reason
 * @vips_count: number of frontends in @vips
 * @marks: frontends by fwmark, RCU
 * @vips: frontends by address, RCU
 * @probes_count: number of ranges in @probes
 * @probes: ranges of probe marks, RCU
 * @masked_count: number of frontends in @marks whose mask is not all ones
 * @masks: the masks of these frontends, each once; unused places are 0
 * @routes_lock: guards @routed, the routes of all nexthops, and
 *	dsr_service.here
 * @routed: backends with a route that may pin a device; see nexthop.h
 * @gated: packets of unknown connections take @gate; see gate.h
 * @gate: excludes their decisions while a transaction is carried out
 * @writer: serialises requests that change services or backends
 * @lock: guards the fields below, and changes to the fields above
 * @services: services in ascending order of their keys
 * @services_count: number of services
 * @conn_max: hard cap of @table, kept also while there is no table
 * @slots: sum of the slots of all scheduler tables
 * @retired: statistics of removed services
 * @generation: incremented by each change, for the consistency of dumps
 * @net: the namespace
 * @ipv4: hooks for IPv4
 * @ipv6: hooks for IPv6
 * @rest: frees @table after the last connection has gone; takes @lock
 * @drain: sets drained backends down; takes @lock
 * @watch: takes note of changed neighbours; takes @writer and @lock
 * @seek: has lost neighbours looked for again; takes @lock
 * @seek_round: number of the search for all lost neighbours that goes on
 * @lro: disables large receive offload; takes the RTNL
 * @messages: storage for error messages that contain values
 * @paths_lock: guards the fields below; held only while a device is hooked or
 *	unhooked
 * @paths: devices whose packets may take the fast path
 * @paths_live: the ingress hooks are registered, since there are services
 * @paths_generation: as @generation, for paths
 * @chances: denials, RCU; %NULL without services that have chances; changes
 *	under @lock
 */
struct dsr_net {
	struct dsr_table table;
	atomic_t entries6;
	atomic_t half;
	u32 crowded;
	bool live;
	bool has_table;
	bool expire_quiescent;
	bool expire_nodest;
	struct dsr_timeouts timeouts;
	u64 __percpu *reasons;
	u32 vips_count;
	struct hlist_head marks[1 << DSR_FRONTEND_BITS];
	struct hlist_head vips[1 << DSR_FRONTEND_BITS];
	u32 probes_count;
	struct hlist_head probes[1 << DSR_PROBE_BITS];
	u32 masked_count;
	u32 masks[DSR_MASKS];
	spinlock_t routes_lock;	/* guards the routes of nexthops */
	struct list_head routed;
	bool gated;
	spinlock_t gate;	/* a transaction, and decisions meanwhile */

	struct mutex writer;	/* serialises changes, outside of @lock */
	struct mutex lock;	/* guards the fields below */
	struct list_head services;
	u32 services_count;
	u32 conn_max;
	u64 slots;
	struct dsr_stats retired;
	u32 generation;
	struct net *net;
	struct dsr_net_side ipv4;
	struct dsr_net_side ipv6;
	struct work_struct rest;
	struct delayed_work drain;
	struct work_struct watch;
	struct delayed_work seek;
	u32 seek_round;
	struct work_struct lro;
	struct dsr_extack_pool messages;

	struct mutex paths_lock;	/* guards the fields below */
	struct list_head paths;
	bool paths_live;
	u32 paths_generation;

	struct dsr_chances __rcu *chances;
};

extern unsigned int dsr_net_id;

/** dsr_net() - return the balancer of @net */
static inline struct dsr_net *dsr_net(const struct net *net)
{
	return net_generic(net, dsr_net_id);
}

/** dsr_net_changed() - record a change of configuration */
static inline void dsr_net_changed(struct dsr_net *dn)
{
	lockdep_assert_held(&dn->lock);
	/* 0 means "no generation" to netlink dumps */
	if (!++dn->generation)
		dn->generation = 1;
}

/** dsr_net_second() - return the seconds since boot plus 1, so never 0 */
static inline u32 dsr_net_second(void)
{
	return (u32)ktime_get_seconds() + 1;
}

/**
 * dsr_net_was_crowded_for() - check if the table has lately been full
 * @dn: balancer
 * @state: enum dsr_conn_state
 *
 * Return: true if the table was full within the timeout of @state.
 */
static inline bool dsr_net_was_crowded_for(const struct dsr_net *dn, u8 state)
{
	u32 crowded = READ_ONCE(dn->crowded);

	return unlikely(crowded) &&
	       dsr_net_second() - crowded <=
	       dsr_timeouts_get(NULL, &dn->timeouts, state) / HZ;
}

/**
 * dsr_net_was_crowded() - check if there may be flows without an entry
 * @dn: balancer
 *
 * A full table makes such flows. Each may resume until the timeout of an
 * established connection has passed.
 *
 * Return: true if the table was full within that timeout.
 */
static inline bool dsr_net_was_crowded(const struct dsr_net *dn)
{
	return dsr_net_was_crowded_for(dn, DSR_CONN_ESTABLISHED);
}

/**
 * dsr_net_has_room() - check if the table has room for half-open entries
 * @dn: balancer, with a table
 * @places: number of entries
 *
 * An entry that has seen one packet only may come from a flood. All such
 * entries together get a quarter of the table. The rest is reserved for
 * connections that have proven to be real.
 */
static inline bool dsr_net_has_room(const struct dsr_net *dn, u32 places)
{
	u32 share = READ_ONCE(dn->table.max) / 4;

	return !dsr_table_is_full(&dn->table) &&
	       (u32)atomic_read(&dn->half) + places <= share;
}

/** dsr_net_note_crowded() - record that the table is full */
static inline void dsr_net_note_crowded(struct dsr_net *dn)
{
	u32 now = dsr_net_second();

	if (READ_ONCE(dn->crowded) != now)
		WRITE_ONCE(dn->crowded, now);
}

/** dsr_net_writer_lock() - begin a change of services or backends */
static inline void dsr_net_writer_lock(struct dsr_net *dn)
{
	mutex_lock(&dn->writer);
	mutex_lock(&dn->lock);
}

/** dsr_net_writer_unlock() - undo dsr_net_writer_lock() */
static inline void dsr_net_writer_unlock(struct dsr_net *dn)
{
	mutex_unlock(&dn->lock);
	mutex_unlock(&dn->writer);
}

u32 dsr_net_default_max(const struct net *net);

#endif /* _DSR_NET_H */
