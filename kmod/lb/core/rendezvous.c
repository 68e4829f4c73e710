// SPDX-License-Identifier: GPL-2.0
/*
 * rendezvous - choose the backend of a flow by a hash, without an entry
 *
 * Used by the schedulers sh and dh, and when the connection table is full. Each
 * backend gets a score from a hash of the flow and of the backend's address.
 * The best score wins. So all packets of a flow get the same backend, and a
 * change of the backends moves as few flows as possible.
 *
 * D. Thaler, C. Ravishankar, "Using Name-Based Mappings to Increase Hit
 * Rates", IEEE/ACM ToN 1998; weights by the logarithmic method (J. Schindelhauer,
 * G. Schomaker, "Weighted Distributed Hash Tables", SPAA 2005): the score of a
 * backend is -log(u) / weight with u uniform in (0, 1], and the least wins.
 *
 * Scoring all backends for each packet would be too slow with many backends. So
 * the hash of a flow selects a slot, the slot selects the backend, and a pool
 * of many backends caches the backend of each slot. The first packet of a slot
 * fills the cache. A new pool takes over the entries of the old pool that are
 * still right, so that a change of the backends costs little.
 */

#include <linux/jhash.h>
#include <linux/kernel.h>
#include <linux/log2.h>

#include "core/rendezvous.h"
#include "core/scheduler.h"

#define LOG_BITS	16

/* With a hundred backends, shares differ by about 5 %. */
#define SLOTS	32768

/* Index after the slots: not 0 if any slot is cached. */
#define ANY	SLOTS

/* Up to this many backends are scored for each packet, without a cache. */
#define FEW	32

/* Return -log2((x + 1) / 2^32) in units of 2^-LOG_BITS, never 0. For the
 * fraction f, log2(1 + f) is approximated by f + f (1 - f) * 0.346, with an
 * error of at most 0.005.
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

/* Return the index of the member with the best score for a slot. If @takes,
 * consider only available members; return -1 if there is none.
 */
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

/* Check if pick() prefers member @i to @other. */
static bool wins(const struct dsr_pool *pool, u32 slot, u32 i, u32 other)
{
	const struct dsr_pool_member *one = &pool->member[i];
	const struct dsr_pool_member *two = &pool->member[other];
	u64 a = score_of(one, slot) * two->weight;
	u64 b = score_of(two, slot) * one->weight;

	return a < b || (a == b && i < other);
}

/**
 * dsr_rendezvous_homes() - return the size of the cache that a pool needs
 * @scheduler: its scheduler
 * @backends: maximal number of its members
 *
 * Return: size of struct dsr_pool.homes; 0: no cache.
 */
u32 dsr_rendezvous_homes(const struct dsr_scheduler *scheduler, u32 backends)
{
	return backends > FEW && !scheduler->slots ? SLOTS + 1 : 0;
}

/**
 * dsr_rendezvous_pick() - find the backend of a hash without the cache
 * @pool: pool with at least one member
 * @flow: hash of the flow
 * @takes: consider only backends that are not overloaded
 *
 * Context: rcu_read_lock(). No writes.
 * Return: a backend of @pool; %NULL if @takes is set and all are overloaded.
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
		/* race: another CPU would write the same number */
		number = pick(pool, slot, false) + 1;
		WRITE_ONCE(pool->homes[slot], number);
		WRITE_ONCE(pool->homes[ANY], 1);
	}
	return &pool->member[number - 1];
}

/**
 * dsr_rendezvous_lookup() - find the backend of a hash, overloaded or not
 * @pool: pool with at least one member
 * @flow: hash of the flow
 *
 * Context: rcu_read_lock(). Writes only the cache.
 * Return: a backend of @pool, as dsr_rendezvous_pick() without @takes.
 */
struct dsr_backend *dsr_rendezvous_lookup(const struct dsr_pool *pool, u32 flow)
{
	return home_of(pool, slot_of(flow))->backend;
}

/**
 * dsr_rendezvous_select() - choose the backend of a new connection by a hash
 * @pool: pool with at least one member
 * @flow: hash of the flow
 *
 * Scores all backends if the backend of @flow is overloaded. This is rare: the
 * connection gets an entry, so its further packets do not come here.
 *
 * Context: rcu_read_lock().
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
 * Return: the index of the only member that differs; the number of members if
 * none differs; -1 if more than one member differs.
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
 * dsr_rendezvous_take_over() - take over the cache of another pool
 * @pool: pool, not published yet
 * @old: the pool that @pool replaces
 *
 * Works if one backend was added, removed, or got another weight: the other
 * backends keep their slots, except for slots that this backend wins. With more
 * differences the cache starts empty.
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
