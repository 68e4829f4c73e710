// SPDX-License-Identifier: GPL-2.0
/*
 * sched_maglev - consistent hashing by a table: the same flow always gets the
 * same backend, on every balancer and after every start, at the cost of one
 * table lookup
 *
 * D. Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load
 * Balancer", NSDI 2016, section 3.4. Each backend has its own permutation of
 * all slots of the table, made from two hashes of its address. The backends
 * take turns: each claims the first free slot of its permutation. So each
 * backend gets its share to within a slot, and a change of the backends leaves
 * most slots as they are.
 *
 * The paper has no weights: here a backend of weight w has its turns at the
 * times 1/w, 2/w, 3/w and so on. A change of one weight does not change the
 * order of the other backends' turns.
 *
 * With two choices, a flow has a second candidate: the backend of the first of
 * its further slots that belongs to another one. A new flow goes to the
 * candidate with less load for its weight, and stays there by its entry. So the
 * loads are nearly even, and a balancer without the entry asks two backends at
 * most, as long as the backends do not change.
 *
 * M. Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing",
 * IEEE TPDS 2001.
 */

#include <linux/jhash.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "core/rendezvous.h"
#include "core/scheduler.h"
#include "sched/sched.h"

#define FREE	U16_MAX

/* Number of slots to try for a backend that is not overloaded, before falling
 * back to rendezvous hashing; and for a second candidate.
 */
#define PROBES	16

/**
 * struct claim - state of a backend while the table is built
 * @slot: slot that it tries to claim next
 * @step: distance to the slot after that
 * @turn: number of its next turn, from 1 on
 * @weight: its weight
 * @member: its index in the pool
 */
struct claim {
	u32 slot;
	u32 step;
	u32 turn;
	u32 weight;
	u32 member;
};

/* Check if @one has its turn before @other. */
static bool is_before(const struct claim *one, const struct claim *other)
{
	u64 a = (u64)one->turn * other->weight;
	u64 b = (u64)other->turn * one->weight;

	return a < b || (a == b && one->member < other->member);
}

/* Restore the heap, with the next turn on top, after the turn of entry @i has
 * moved back.
 */
static void sink(struct claim *heap, u32 count, u32 i)
{
	u32 child;

	while ((child = 2 * i + 1) < count) {
		if (child + 1 < count &&
		    is_before(&heap[child + 1], &heap[child]))
			child++;
		if (!is_before(&heap[child], &heap[i]))
			return;
		swap(heap[child], heap[i]);
		i = child;
	}
}

static void claim_slots(struct dsr_pool *pool, struct claim *heap)
{
	u32 left;

	for (left = pool->slots; left; left--) {
		while (pool->table[heap->slot] != FREE) {
			heap->slot += heap->step;
			if (heap->slot >= pool->slots)
				heap->slot -= pool->slots;
		}
		pool->table[heap->slot] = heap->member;
		heap->turn++;
		sink(heap, pool->count, 0);
		/* the last slots take the longest to find */
		if (!(left % 256))
			cond_resched();
	}
}

static int maglev_build(struct dsr_pool *pool)
{
	struct claim *heap;
	u32 i, hash;

	heap = kvmalloc_array(pool->count, sizeof(*heap), GFP_KERNEL_ACCOUNT);
	if (!heap)
		return -ENOMEM;
	for (i = 0; i < pool->count; i++) {
		hash = pool->member[i].hash;
		heap[i] = (struct claim) {
			.slot = jhash_1word(hash, 1) % pool->slots,
			/* slots is a prime, so any step visits all slots */
			.step = 1 + jhash_1word(hash, 2) % (pool->slots - 1),
			.turn = 1,
			.weight = pool->member[i].weight,
			.member = i,
		};
	}
	for (i = pool->count / 2; i--;)
		sink(heap, pool->count, i);
	memset16(pool->table, FREE, pool->slots);
	claim_slots(pool, heap);
	kvfree(heap);
	return 0;
}

static __always_inline u32 slot_of(const struct dsr_pool *pool,
				   const struct dsr_tuple *tuple, u32 probe)
{
	return reciprocal_scale(dsr_pool_source_hash(pool, tuple, probe),
				pool->slots);
}

/**
 * dsr_maglev_slot() - return the slot of a flow
 * @pool: pool with the scheduler maglev
 * @tuple: the flow
 *
 * Return: a number below @pool->slots. The flow goes to the backend of this
 * slot, unless that backend is overloaded, or has more load than the other
 * candidate.
 */
u32 dsr_maglev_slot(const struct dsr_pool *pool, const struct dsr_tuple *tuple)
{
	return slot_of(pool, tuple, 0);
}

static struct dsr_backend *maglev_home(const struct dsr_pool *pool,
				       const struct dsr_tuple *tuple)
{
	return pool->member[pool->table[slot_of(pool, tuple, 0)]].backend;
}

static struct dsr_backend *maglev_other(const struct dsr_pool *pool,
					const struct dsr_tuple *tuple)
{
	u16 home = pool->table[slot_of(pool, tuple, 0)];
	u16 other;
	u32 i;

	if (!dsr_pool_has_choice(pool))
		return NULL;
	for (i = 1; i < PROBES; i++) {
		other = pool->table[slot_of(pool, tuple, i)];
		if (other != home)
			return pool->member[other].backend;
	}
	return NULL;
}

/* Check if @other has less load for its weight than @home. At the same load a
 * flow goes home, where packets without an entry begin.
 */
static bool is_idler(const struct dsr_pool_member *other,
		     const struct dsr_pool_member *home)
{
	return dsr_backend_load(other->backend) * home->weight <
	       dsr_backend_load(home->backend) * other->weight;
}

static struct dsr_backend *maglev_select(struct dsr_pool *pool,
					 const struct dsr_tuple *tuple,
					 bool dry)
{
	struct dsr_pool_member *member, *home = NULL;
	u32 i;

	for (i = 0; i < PROBES; i++) {
		member = &pool->member[pool->table[slot_of(pool, tuple, i)]];
		if (member == home ||
		    unlikely(!dsr_pool_member_available(pool, member)))
			continue;
		if (!home && dsr_pool_has_choice(pool)) {
			home = member;
			continue;
		}
		return !home || is_idler(member, home) ? member->backend :
							 home->backend;
	}
	if (home)
		return home->backend;
	/* Most backends are overloaded, or those with most of the weight. */
	return dsr_rendezvous_pick(pool, dsr_pool_source_hash(pool, tuple, 0),
				   true);
}

const struct dsr_scheduler dsr_sched_maglev = {
	.name = "maglev",
	.alias = "mh",
	.hashes = true,
	.hash = DSR_HASH_SOURCE_PORT,
	.slots = 65521,
	.build = maglev_build,
	.lookup = maglev_home,
	.other = maglev_other,
	.select = maglev_select,
};
