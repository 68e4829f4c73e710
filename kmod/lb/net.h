/* SPDX-License-Identifier: GPL-2.0 */
/*
 * net - the balancer of one network namespace
 *
 * Owner of everything else: services, their backends, the connection table,
 * the packet hook. Lives as long as its namespace. Idle as long as there is
 * no service: no hook, no table, no gc_lock.
 *
 * Locking: struct dsr_net.lock guards all configuration; packets read it under
 * RCU. A request that changes services or backends holds struct dsr_net.writer
 * around it, and releases the lock alone while a large table is filled: so
 * requests wait for each other that long, and nothing else does. Paths have a
 * lock of their own, which nests in it and in the RTNL: what waits with the RTNL
 * held must not wait for requests of one namespace.
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

#include "extack.h"
#include "reason.h"
#include "stats.h"
#include "table.h"
#include "timeouts.h"

#define DSR_FRONTEND_BITS	8
#define DSR_PROBE_BITS		5
#define DSR_MASKS		8

/**
 * struct dsr_net_side - what looks at the packets of one family
 * @services: services of that family
 * @hooks: of what comes in, early and late, and of this machine's own packets,
 *	registered while @services is not 0
 */
struct dsr_net_side {
	u32 services;
	struct nf_hook_ops hooks[4];
};

/**
 * struct dsr_net - the balancer of one network namespace
 * @table: the connection table, while @has_table
 * @entries6: entries of @table that are of IPv6, which are larger
 * @half: entries of @table that one packet has made
 * @crowded: second since the start of the machine when @table last had no place,
 *	or 0: jiffies come round
 * @live: there are services; see balancer.h
 * @has_table: there are services, or connections that outlive them; changes
 *	with @lock
 * @expire_quiescent: a client does not come back to a backend of weight 0; for
 *	dsr_ipvs to set
 * @timeouts: of connections whose service says nothing
 * @reasons: per CPU, packets by enum dsr_reason
 * @vips_count: frontends in @vips
 * @marks: frontends by fwmark, RCU
 * @vips: frontends by address, RCU
 * @probes_count: ranges in @probes
 * @probes: ranges of marks, for probes, RCU
 * @masked_count: frontends in @marks whose mask is not all bits
 * @masks: their masks, each once, or 0
 * @routes_lock: guards @routed, all that nexthops keep, and dsr_service.here
 * @routed: backends with a route that may pin a device; see nexthop.h
 * @writer: serialises requests that change services or backends
 * @lock: guards all that follows, and changes to what is above
 * @services: services in ascending order of their keys
 * @services_count: their number
 * @conn_max: hard cap of @table, also while there is none
 * @slots: of the tables of all schedulers
 * @retired: what removed services had counted
 * @generation: grows with each change, for the consistency of dumps
 * @net: the namespace
 * @ipv4: what looks at IPv4 packets
 * @ipv6: what looks at IPv6 packets
 * @rest: gives @table up when the last connection has gone; takes @lock
 * @drain: makes down what has drained; takes @lock
 * @watch: tells of neighbours that have changed; takes @lock
 * @lro: switches large receive offload off; takes the RTNL
 * @messages: refusals with figures in them
 * @paths_lock: guards all that follows; held for no longer than it takes to
 *	hook a device, or to unhook it
 * @paths: devices whose packets may take the short way
 * @paths_live: their hooks are there, since there are services
 * @paths_generation: as @generation, for paths
 */
struct dsr_net {
	struct dsr_table table;
	atomic_t entries6;
	atomic_t half;
	u32 crowded;
	bool live;
	bool has_table;
	bool expire_quiescent;
	struct dsr_timeouts timeouts;
	u64 __percpu *reasons;
	u32 vips_count;
	struct hlist_head marks[1 << DSR_FRONTEND_BITS];
	struct hlist_head vips[1 << DSR_FRONTEND_BITS];
	u32 probes_count;
	struct hlist_head probes[1 << DSR_PROBE_BITS];
	u32 masked_count;
	u32 masks[DSR_MASKS];
	spinlock_t routes_lock;	/* guards what nexthops keep */
	struct list_head routed;

	struct mutex writer;	/* serialises changes, outside of @lock */
	struct mutex lock;	/* guards what follows */
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
	struct work_struct lro;
	struct dsr_extack_pool messages;

	struct mutex paths_lock;	/* guards what follows */
	struct list_head paths;
	bool paths_live;
	u32 paths_generation;
};

extern unsigned int dsr_net_id;

/** dsr_net() - the balancer of @net */
static inline struct dsr_net *dsr_net(const struct net *net)
{
	return net_generic(net, dsr_net_id);
}

/** dsr_net_changed() - note a change of configuration */
static inline void dsr_net_changed(struct dsr_net *dn)
{
	lockdep_assert_held(&dn->lock);
	/* 0 means "no generation" to netlink dumps */
	if (!++dn->generation)
		dn->generation = 1;
}

/** dsr_net_second() - seconds since the start of the machine, not 0 */
static inline u32 dsr_net_second(void)
{
	return (u32)ktime_get_seconds() + 1;
}

/**
 * dsr_net_was_crowded_for() - whether the table has lately had no place
 * @dn: balancer
 * @state: enum dsr_conn_state: for as long as a flow may be silent in that
 */
static inline bool dsr_net_was_crowded_for(const struct dsr_net *dn, u8 state)
{
	u32 crowded = READ_ONCE(dn->crowded);

	return unlikely(crowded) &&
	       dsr_net_second() - crowded <=
	       dsr_timeouts_get(NULL, &dn->timeouts, state) / HZ;
}

/**
 * dsr_net_was_crowded() - whether there may be flows that the table knows not
 * @dn: balancer
 *
 * For as long as such a flow may be silent and go on.
 */
static inline bool dsr_net_was_crowded(const struct dsr_net *dn)
{
	return dsr_net_was_crowded_for(dn, DSR_CONN_ESTABLISHED);
}

/**
 * dsr_net_has_room() - whether the table has a place for something new
 * @dn: balancer, with a table
 * @places: how many it takes
 *
 * An entry that one packet has made may be a flood's. All of these get a quarter
 * of the table, so that the rest is for connections that go on.
 */
static inline bool dsr_net_has_room(const struct dsr_net *dn, u32 places)
{
	u32 share = READ_ONCE(dn->table.max) / 4;

	return !dsr_table_is_full(&dn->table) &&
	       (u32)atomic_read(&dn->half) + places <= share;
}

/** dsr_net_note_crowded() - note that the table has no place */
static inline void dsr_net_note_crowded(struct dsr_net *dn)
{
	u32 now = dsr_net_second();

	if (READ_ONCE(dn->crowded) != now)
		WRITE_ONCE(dn->crowded, now);
}

/** dsr_net_writer_lock() - begin a request that changes services or backends */
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

int dsr_net_start(struct dsr_net *dn, u8 family);
u32 dsr_net_default_max(const struct net *net);
void dsr_net_stop(struct dsr_net *dn, u8 family);
int __init dsr_net_init(void);
void dsr_net_exit(void);

#endif /* _DSR_NET_H */
