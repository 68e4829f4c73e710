/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pool - the backends of a service that take new connections
 *
 * Made anew with each change of the backends or of the scheduler, so that
 * scheduling reads one array and no flags. Holds what a scheduler remembers.
 *
 * Owner: its service. Locking: read under RCU; replaced under
 * struct dsr_net.writer and struct dsr_net.lock, and freed after a grace period.
 * A backend in a pool is not freed before that pool: it leaves the pool first.
 */
#ifndef _DSR_POOL_H
#define _DSR_POOL_H

#include <linux/dsr.h>

#include "core/backend.h"

struct dsr_scheduler;

/**
 * struct dsr_pool_options - what a user can choose of a scheduler
 * @hash: enum dsr_hash
 * @slots: size of its table, one of those that dsr_pool_check_slots() takes;
 *	0: the usual one
 */
struct dsr_pool_options {
	u8 hash;
	u32 slots;
};

/**
 * struct dsr_pool_member - a backend in a pool
 * @backend: backend
 * @weight: its weight when the pool was made, not 0
 * @hash: dsr_backend_hash()
 * @credit: what a scheduler owes it, with struct dsr_pool.lock
 */
struct dsr_pool_member {
	struct dsr_backend *backend;
	u32 weight;
	u32 hash;
	s64 credit;
};

/**
 * struct dsr_pool - the backends of a service that take new connections
 * @scheduler: who chooses among them
 * @count: number of @member
 * @limited: one of them at least can be overloaded; the same flow does not
 *	always get the same backend then, whoever chooses
 * @hash: enum dsr_hash, what the scheduler hashes
 * @slots: size of @table; 0: there is none
 * @table: numbers of members; behind @member, and made by the scheduler
 * @homes: what rendezvous.c has found so far, or %NULL
 * @options: what the user chose of @hash and @slots
 * @turn: connections given out so far
 * @lock: for schedulers that need one
 * @rcu: to free it after its last reader
 * @member: in ascending order of address
 */
struct dsr_pool {
	const struct dsr_scheduler *scheduler;
	u32 count;
	bool limited;
	u8 hash;
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
 * dsr_pool_member_available() - whether a member gets new connections now
 * @pool: pool
 * @member: one of its members
 *
 * Context: any. It may change at any time.
 */
static inline bool dsr_pool_member_available(const struct dsr_pool *pool,
					     const struct dsr_pool_member *member)
{
	return likely(!pool->limited) || !READ_ONCE(member->backend->overloaded);
}

/** dsr_pool_next() - the first from @member on that takes, or %NULL */
static inline struct dsr_pool_member *
dsr_pool_next(struct dsr_pool *pool, struct dsr_pool_member *member)
{
	for (; member < pool->member + pool->count; member++)
		if (dsr_pool_member_available(pool, member))
			return member;
	return NULL;
}

/* All members of a pool that get new connections now. */
#define dsr_pool_for_each(pos, pool) \
	for (pos = dsr_pool_next(pool, (pool)->member); pos; \
	     pos = dsr_pool_next(pool, pos + 1))

int dsr_pool_build(struct dsr_net *dn, struct dsr_service *service,
		   const struct dsr_scheduler *scheduler,
		   const struct dsr_pool_options *options);
int dsr_pool_rebuild(struct dsr_net *dn, struct dsr_service *service);
int dsr_pool_rebuild_with(struct dsr_net *dn, struct dsr_service *service,
			  struct dsr_backend *backend);
int dsr_pool_rebuild_without(struct dsr_net *dn, struct dsr_service *service,
			     struct dsr_backend *backend);
void dsr_pool_release(struct dsr_net *dn, struct dsr_pool *pool);
bool dsr_pool_check_slots(u32 slots);

#endif /* _DSR_POOL_H */
