/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pool - the backends of a service that take new connections
 *
 * Rebuilt after each change of the backends or of the scheduler, so that the
 * scheduler reads one array and need not check the state of each backend. Also
 * holds the scheduler's own state.
 *
 * Owner: its service. Locking: read under RCU; replaced under
 * struct dsr_net.writer and struct dsr_net.lock, freed after a grace period.
 * A backend outlives the last pool that contains it: the pool is replaced
 * before the backend is released.
 */
#ifndef _DSR_POOL_H
#define _DSR_POOL_H

#include <linux/dsr.h>

#include "core/backend.h"

struct dsr_scheduler;

/**
 * struct dsr_pool_options - options of a pool and its scheduler
 * @hash: enum dsr_hash; 0: the scheduler's default
 * @on_unreachable: enum dsr_on_unreachable
 * @slots: size of its table, accepted by dsr_pool_check_slots(); 0: the
 *	scheduler's default
 * @choices: number of members that the hash offers a new flow, up to
 *	DSR_CHOICES_MAX; 0: 1
 */
struct dsr_pool_options {
	u8 hash;
	u8 on_unreachable;
	u8 choices;
	u32 slots;
};

/**
 * struct dsr_pool_member - a backend in a pool
 * @backend: backend
 * @weight: weight of the backend when the pool was built, not 0
 * @hash: dsr_backend_hash()
 * @credit: credit in weighted round robin; guarded by struct dsr_pool.lock
 */
struct dsr_pool_member {
	struct dsr_backend *backend;
	u32 weight;
	u32 hash;
	s64 credit;
};

/**
 * struct dsr_pool - the backends of a service that take new connections
 * @scheduler: scheduler that selects among the members
 * @count: number of members
 * @limited: at least one member has a threshold and can become overloaded; then
 *	even a hashing scheduler may give the same flow different backends
 * @hash: enum dsr_hash: the fields of a packet that the scheduler hashes
 * @all_lost: the address resolution of all backends has failed, so that none is
 *	left out
 * @slots: size of @table; 0: there is no table
 * @table: indexes into @member, filled by dsr_scheduler.build(); stored after
 *	@member
 * @homes: cache of rendezvous.c, or %NULL
 * @options: as the user set them
 * @turn: number of connections scheduled so far
 * @lock: for schedulers that need one
 * @rcu: for the grace period before it is freed
 * @member: members in ascending order of address
 */
struct dsr_pool {
	const struct dsr_scheduler *scheduler;
	u32 count;
	bool limited;
	u8 hash;
	bool all_lost;
	u32 slots;
	u16 *table;
	u16 *homes;
	struct dsr_pool_options options;
	atomic_t turn;
	spinlock_t lock;	/* for schedulers that need one */
	struct rcu_head rcu;
	struct dsr_pool_member member[];
};

/**
 * dsr_pool_member_available() - check if a member is not overloaded
 * @pool: pool
 * @member: one of its members
 *
 * Context: any. The result may change at any time.
 */
static inline bool dsr_pool_member_available(const struct dsr_pool *pool,
					     const struct dsr_pool_member *member)
{
	return likely(!pool->limited) || !READ_ONCE(member->backend->overloaded);
}

/** dsr_pool_next() - find an available member from @member on, or %NULL */
static inline struct dsr_pool_member *
dsr_pool_next(struct dsr_pool *pool, struct dsr_pool_member *member)
{
	for (; member < pool->member + pool->count; member++)
		if (dsr_pool_member_available(pool, member))
			return member;
	return NULL;
}

/* Iterate over the available members of a pool. */
#define dsr_pool_for_each(pos, pool) \
	for (pos = dsr_pool_next(pool, (pool)->member); pos; \
	     pos = dsr_pool_next(pool, pos + 1))

/**
 * struct dsr_pool_entry - a backend of a pool that is drafted
 * @backend: backend
 * @config: its configuration once the pool is published
 */
struct dsr_pool_entry {
	struct dsr_backend *backend;
	const struct dsr_backend_config *config;
};

struct dsr_pool *dsr_pool_draft(struct dsr_net *dn,
				const struct dsr_scheduler *scheduler,
				const struct dsr_pool_options *options,
				const struct dsr_pool_entry *entry, u32 count,
				struct dsr_pool *old);
void dsr_pool_discard(struct dsr_net *dn, struct dsr_pool *pool,
		      const struct dsr_pool *old);
int dsr_pool_build(struct dsr_net *dn, struct dsr_service *service,
		   const struct dsr_scheduler *scheduler,
		   const struct dsr_pool_options *options);
int dsr_pool_rebuild(struct dsr_net *dn, struct dsr_service *service);
int dsr_pool_rebuild_with(struct dsr_net *dn, struct dsr_service *service,
			  struct dsr_backend *backend);
int dsr_pool_rebuild_without(struct dsr_net *dn, struct dsr_service *service,
			     struct dsr_backend *backend);
bool dsr_pool_is_outdated(const struct dsr_pool *pool,
			  const struct dsr_backend *backend);
void dsr_pool_release(struct dsr_net *dn, struct dsr_pool *pool);
bool dsr_pool_check_slots(u32 slots);

#endif /* _DSR_POOL_H */
