/* SPDX-License-Identifier: GPL-2.0 */
/*
 * scheduler - chooses the backend of a new connection
 *
 * Each scheduler has its own file. All state of a scheduler is in the pool. To
 * add one, write a struct dsr_scheduler in its own file and list it in
 * sched/sched.c.
 */
#ifndef _DSR_SCHEDULER_H
#define _DSR_SCHEDULER_H

#include "core/packet.h"
#include "core/pool.h"

/**
 * struct dsr_scheduler - chooses the backend of a new connection
 * @name: name for the user
 * @alias: another name of it, or %NULL
 * @hashes: the same flow always gets the same backend, unless
 *	struct dsr_pool.limited is set, or the flow has a choice. So a flow
 *	needs no entry before its first packet that is not a SYN
 * @hash: enum dsr_hash: fields to hash by default; 0: they cannot be chosen
 * @slots: size of its table by default; 0: it has no table
 * @build: fill the table of @pool, which has at least one member; %NULL if
 *	there is no table. Returns 0 or -%ENOMEM. May sleep
 * @lookup: if @hashes: return the backend of a flow, even if that backend is
 *	overloaded; else %NULL. Called under rcu_read_lock(), has no effect on
 *	later results; @pool has at least one member
 * @other: return the second backend that the hash offers a flow, besides that
 *	of @lookup; %NULL if there is none. %NULL if the scheduler offers one
 *	only. Context as @lookup
 * @select: choose a backend of @pool, which has at least one member. Called
 *	under rcu_read_lock(). Returns %NULL if no member is available. With
 *	@dry, does not change the state of the scheduler
 */
struct dsr_scheduler {
	const char *name;
	const char *alias;
	bool hashes;
	u8 hash;
	u32 slots;
	int (*build)(struct dsr_pool *pool);
	struct dsr_backend *(*lookup)(const struct dsr_pool *pool,
				      const struct dsr_tuple *tuple);
	struct dsr_backend *(*other)(const struct dsr_pool *pool,
				     const struct dsr_tuple *tuple);
	struct dsr_backend *(*select)(struct dsr_pool *pool,
				      const struct dsr_tuple *tuple, bool dry);
};

/** dsr_pool_has_choice() - true if the hash offers a new flow two backends */
static inline bool dsr_pool_has_choice(const struct dsr_pool *pool)
{
	return pool->options.choices > 1;
}

/** dsr_pool_hashes() - true if the same flow always gets the same backend */
static inline bool dsr_pool_hashes(const struct dsr_pool *pool)
{
	return pool->scheduler->hashes && !pool->limited &&
	       !dsr_pool_has_choice(pool);
}

/** dsr_pool_source_hash() - hash the client's address, and its port if chosen
 *
 * See DSR_HASH_SOURCE_PORT.
 */
static inline u32 dsr_pool_source_hash(const struct dsr_pool *pool,
				       const struct dsr_tuple *tuple, u32 seed)
{
	return dsr_tuple_source_hash(tuple, pool->hash == DSR_HASH_SOURCE_PORT ?
					    tuple->sport : 0, seed);
}

#endif /* _DSR_SCHEDULER_H */
