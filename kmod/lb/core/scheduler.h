/* SPDX-License-Identifier: GPL-2.0 */
/*
 * scheduler - who chooses the backend of a new connection
 *
 * One file for each; stateless but for what is in the pool. A new one is a
 * struct dsr_scheduler in a file of its own and a line in scheduler.c.
 */
#ifndef _DSR_SCHEDULER_H
#define _DSR_SCHEDULER_H

#include "core/packet.h"
#include "core/pool.h"

/**
 * struct dsr_scheduler - who chooses the backend of a new connection
 * @name: as the user writes it
 * @alias: another name that finds it, or %NULL
 * @hashes: the same flow always gets the same backend, so that nobody has to
 *	remember it before its first packet that is not a SYN; unless
 *	struct dsr_pool.limited
 * @hash: enum dsr_hash: what of a flow it hashes unless told otherwise; 0: what
 *	it hashes cannot be chosen
 * @slots: size of its table unless told otherwise; 0: it has none
 * @build: fill the table of @pool, which has a member at least, or %NULL;
 *	returns 0 or -%ENOMEM, and may sleep
 * @lookup: if @hashes, the backend of a flow, whether or not that is overloaded;
 *	else %NULL. Without writes, under rcu_read_lock(); @pool has a member
 * @select: choose a backend of @pool, which has a member at least, under
 *	rcu_read_lock(); returns %NULL if none of them takes a connection now.
 *	If @dry, nothing is changed
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
	struct dsr_backend *(*select)(struct dsr_pool *pool,
				      const struct dsr_tuple *tuple, bool dry);
};

/** dsr_pool_hashes() - whether the same flow always gets the same backend */
static inline bool dsr_pool_hashes(const struct dsr_pool *pool)
{
	return pool->scheduler->hashes && !pool->limited;
}

/** dsr_pool_source_hash() - hash of what of @tuple the service chose */
static inline u32 dsr_pool_source_hash(const struct dsr_pool *pool,
				       const struct dsr_tuple *tuple, u32 seed)
{
	return dsr_tuple_source_hash(tuple, pool->hash == DSR_HASH_SOURCE_PORT ?
					    tuple->sport : 0, seed);
}

#endif /* _DSR_SCHEDULER_H */
