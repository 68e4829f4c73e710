// SPDX-License-Identifier: GPL-2.0
/*
 * rendezvous - a backend for a flow without remembering it
 *
 * What balances when the connection table is full: each backend gets a score
 * from a hash of the flow and of its own address, and the best score wins. So
 * all packets of a flow get the same backend, and a change of the backends
 * moves only the flows that it must.
 *
 * D. Thaler, C. Ravishankar, "Using Name-Based Mappings to Increase Hit
 * Rates", IEEE/ACM ToN 1998; weights by the logarithmic method (J. Schindelhauer,
 * G. Schomaker, "Weighted Distributed Hash Tables", SPAA 2005): the score of a
 * backend is -log(u) / weight with u uniform in (0, 1], and the least wins.
 *
 * To look at all backends for each packet is too much where there are many and
 * packets come as fast as they can. So it is not the flow that gets a backend but
 * the slot that its hash falls into, and a pool of many backends notes which one a
 * slot has got. It does so when the first packet asks, and takes over what the pool
 * before it had noted, where that still holds: a change costs little, and leaves
 * little to be found anew.
 */

#include <linux/jhash.h>
#include <linux/kernel.h>
#include <linux/log2.h>

#include "core/rendezvous.h"
#include "core/scheduler.h"

#define LOG_BITS	16

/* So many that with a hundred backends shares differ by a twentieth or so. */
#define SLOTS	32768

/* Behind the slots: whether any is noted. */
#define ANY	SLOTS

/* So few are looked at each time. */
#define FEW	32

/* -log2((x + 1) / 2^32) in units of 2^-LOG_BITS, never 0. log2(1 + f) of the
 * fraction f is f + f (1 - f) * 0.346, which is off by 0.005 at most.
 */
static u32 minus_log2(u32 x)
{
	u64 value = (u64)x + 1;
	u32 whole = ilog2(value);
	u64 f = ((value << LOG_BITS) >> whole) - (1 << LOG_BITS);
	u64 bend = (f * ((1 << LOG_BITS) - f)) >> LOG_BITS;
	u32 log = (whole << LOG_BITS) + f + ((bend * 22675) >> LOG_BITS);

	return max_t(s64, (32LL << LOG_BITS) - log, 1);
}

static u32 slot_of(u32 flow)
{
	return reciprocal_scale(flow, SLOTS);
}

static u64 score_of(const struct dsr_pool_member *member, u32 slot)
{
	return minus_log2(jhash_2words(slot, member->hash, 0));
}

/* The number of the member that gets a slot, or -1 if none @takes. */
static int pick(const struct dsr_pool *pool, u32 slot, bool takes)
{
	const struct dsr_pool_member *member;
	u64 score, best_score = 0;
	int i, best = -1;

	for (i = 0; i < pool->count; i++) {
		member = &pool->member[i];
		if (takes && !dsr_pool_member_available(pool, member))
			continue;
		score = score_of(member, slot);
		/* score / weight < best_score / weight of the best */
		if (best < 0 || score * pool->member[best].weight <
				best_score * member->weight) {
			best = i;
			best_score = score;
		}
	}
	return best;
}

/* Return: true if pick() prefers member @i to @other. */
static bool wins(const struct dsr_pool *pool, u32 slot, u32 i, u32 other)
{
	const struct dsr_pool_member *one = &pool->member[i];
	const struct dsr_pool_member *two = &pool->member[other];
	u64 a = score_of(one, slot) * two->weight;
	u64 b = score_of(two, slot) * one->weight;

	return a < b || (a == b && i < other);
}

/**
 * dsr_rendezvous_homes() - how many slots a pool should note the backends of
 * @scheduler: its scheduler
 * @backends: how many members it has at most
 *
 * Return: size of struct dsr_pool.homes; 0: none.
 */
u32 dsr_rendezvous_homes(const struct dsr_scheduler *scheduler, u32 backends)
{
	return backends > FEW && !scheduler->slots ? SLOTS + 1 : 0;
}

/**
 * dsr_rendezvous_pick() - the backend of a hash, looked for among all
 * @pool: with a member at least
 * @flow: hash of what is always to get the same backend
 * @takes: of the backends that are not overloaded
 *
 * Context: rcu_read_lock(). No writes.
 * Return: a backend of @pool, or %NULL if all are overloaded and @takes.
 */
struct dsr_backend *dsr_rendezvous_pick(const struct dsr_pool *pool, u32 flow,
					bool takes)
{
	int best = pick(pool, slot_of(flow), takes);

	return best < 0 ? NULL : pool->member[best].backend;
}

static const struct dsr_pool_member *home_of(const struct dsr_pool *pool,
					     u32 slot)
{
	u16 number;

	if (!pool->homes)
		return &pool->member[pick(pool, slot, false)];
	number = READ_ONCE(pool->homes[slot]);
	if (unlikely(!number)) {
		/* another CPU finds the same at the same time */
		number = pick(pool, slot, false) + 1;
		WRITE_ONCE(pool->homes[slot], number);
		WRITE_ONCE(pool->homes[ANY], 1);
	}
	return &pool->member[number - 1];
}

/**
 * dsr_rendezvous_lookup() - the backend of a hash
 * @pool: with a member at least
 * @flow: hash of what is always to get the same backend
 *
 * Context: rcu_read_lock(). Writes nothing that has a bearing on the result.
 * Return: a backend of @pool, as dsr_rendezvous_pick() without @takes.
 */
struct dsr_backend *dsr_rendezvous_lookup(const struct dsr_pool *pool, u32 flow)
{
	return home_of(pool, slot_of(flow))->backend;
}

/**
 * dsr_rendezvous_select() - the backend of a hash for a new connection
 * @pool: with a member at least
 * @flow: hash of what is always to get the same backend
 *
 * Context: rcu_read_lock(). Looks at all backends if that of @flow is overloaded:
 * it is remembered then which one the connection has got.
 * Return: a backend of @pool, as dsr_rendezvous_pick() with @takes.
 */
struct dsr_backend *dsr_rendezvous_select(const struct dsr_pool *pool,
					  u32 flow)
{
	const struct dsr_pool_member *home = home_of(pool, slot_of(flow));

	if (likely(dsr_pool_member_available(pool, home)))
		return home->backend;
	return dsr_rendezvous_pick(pool, flow, true);
}

static bool is_same(const struct dsr_pool_member *one,
		    const struct dsr_pool_member *other)
{
	return one->backend == other->backend && one->weight == other->weight;
}

/* Compare the members of two pools.
 *
 * Return: the number of the only member that differs, that behind the last if
 * none does, or -1 if more than one do.
 */
static int differ_in(const struct dsr_pool *pool, const struct dsr_pool *old)
{
	int added = (int)pool->count - (int)old->count;
	u32 first = 0, i, j;

	if (added < -1 || added > 1)
		return -1;
	while (first < min(pool->count, old->count) &&
	       is_same(&pool->member[first], &old->member[first]))
		first++;
	i = first + (added >= 0);
	j = first + (added <= 0);
	for (; i < pool->count && j < old->count; i++, j++)
		if (!is_same(&pool->member[i], &old->member[j]))
			return -1;
	return first;
}

/**
 * dsr_rendezvous_take_over() - note what holds of what another pool has noted
 * @pool: pool, not published yet
 * @old: the one that it comes in place of
 *
 * If one backend has come, gone, or got another weight, the others keep their
 * slots but for those that it takes. If more is different, nothing is kept.
 *
 * Context: process context.
 */
void dsr_rendezvous_take_over(struct dsr_pool *pool, const struct dsr_pool *old)
{
	int added = (int)pool->count - (int)old->count;
	int number, one;
	u32 slot;

	if (!pool->homes || !old->homes || !READ_ONCE(old->homes[ANY]))
		return;
	one = differ_in(pool, old);
	if (one < 0)
		return;
	pool->homes[ANY] = 1;
	for (slot = 0; slot < SLOTS; slot++) {
		number = READ_ONCE(old->homes[slot]) - 1;
		if (number < 0 || (number == one && added <= 0))
			continue;
		if (number >= one)
			number += added;
		if (added >= 0 && one < pool->count &&
		    wins(pool, slot, one, number))
			number = one;
		pool->homes[slot] = number + 1;
	}
}
