// SPDX-License-Identifier: GPL-2.0
/*
 * buckets - allocate, fill and resize the array of buckets; see buckets.h
 *
 * Included by the buckets.c of each module, as table.c is by theirs.
 */

#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "buckets.h"

/* From this size on huge pages do not waste much. */
#define HUGE_FROM	SZ_16M

/**
 * dsr_buckets_alloc() - allocate an array of empty buckets
 * @count: number of buckets
 *
 * Context: process context, sleeps. Charges the active memory cgroup.
 * Return: the array, or %NULL.
 */
struct dsr_buckets *dsr_buckets_alloc(u32 count)
{
	struct dsr_buckets *buckets;
	size_t size = array_size(count, sizeof(struct dsr_bucket));
	/* A flood must not make the OOM killer end tasks of the cgroup. */
	gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_NOWARN | __GFP_ZERO |
		    __GFP_RETRY_MAYFAIL;

	buckets = kzalloc(sizeof(*buckets), GFP_KERNEL_ACCOUNT);
	if (!buckets)
		return NULL;
	buckets->count = count;
	buckets->bucket = size >= HUGE_FROM ? vmalloc_huge(size, gfp) :
					      __vmalloc(size, gfp);
	if (!buckets->bucket) {
		kfree(buckets);
		return NULL;
	}
	return buckets;
}

/** dsr_buckets_free() - free an array of buckets that no reader uses; sleeps */
void dsr_buckets_free(struct dsr_buckets *buckets)
{
	struct dsr_bucket *bucket, *next;
	u32 i;

	for (i = 0; atomic_read(&buckets->links) && i < buckets->count; i++) {
		bucket = dsr_bucket_next(&buckets->bucket[i]);
		for (; bucket; bucket = next) {
			next = dsr_bucket_next(bucket);
			kfree(bucket);
			atomic_dec(&buckets->links);
		}
		if (!(i % 4096))
			cond_resched();
	}
	vfree(buckets->bucket);
	kfree(buckets);
}

/* Spare buckets to continue others, linked by their first slots. */
struct reserve {
	struct dsr_bucket *first;
};

static struct dsr_bucket *reserve_take(struct reserve *reserve)
{
	struct dsr_bucket *bucket = reserve->first;

	if (bucket) {
		reserve->first = (void __force *)bucket->slot[0];
		RCU_INIT_POINTER(bucket->slot[0], NULL);
	}
	return bucket;
}

static void reserve_put(struct reserve *reserve, struct dsr_bucket *bucket)
{
	bucket->tags = 0;
	bucket->slot[0] = (void __force __rcu *)reserve->first;
	reserve->first = bucket;
}

/* So small that the allocations succeed, if only later. */
static void reserve_fill(struct reserve *reserve, u32 count)
{
	while (count--)
		reserve_put(reserve, kzalloc(sizeof(struct dsr_bucket),
					     GFP_KERNEL | __GFP_NOFAIL));
}

static void reserve_free(struct reserve *reserve)
{
	struct dsr_bucket *bucket;

	while ((bucket = reserve_take(reserve)))
		kfree(bucket);
}

/* Add an entry to a bucket that has no readers, with a link to a bucket of
 * @reserve if the bucket is full.
 *
 * Return: false if @reserve was empty.
 */
static bool bucket_add(struct dsr_buckets *buckets, struct dsr_node *node,
		       struct reserve *reserve)
{
	struct dsr_bucket *bucket = dsr_buckets_of(buckets, node->hash);
	struct dsr_bucket *next;
	u64 room;

	while (!(room = dsr_bucket_room(bucket))) {
		next = dsr_bucket_next(bucket);
		if (!next) {
			next = reserve_take(reserve);
			if (!next)
				return false;
			dsr_bucket_link(bucket, next);
			atomic_inc(&buckets->links);
		}
		bucket = next;
	}
	dsr_bucket_set(bucket, dsr_bucket_slot(room), node);
	return true;
}

/* Empty a stripe of buckets that have no readers. */
static void stripe_clear(struct dsr_buckets *buckets, u32 stripe,
			 struct reserve *reserve)
{
	u32 each = buckets->count / DSR_STRIPES, i;
	struct dsr_bucket *bucket, *next;

	for (i = stripe * each; i < (stripe + 1) * each; i++) {
		bucket = dsr_bucket_next(&buckets->bucket[i]);
		for (; bucket; bucket = next) {
			next = dsr_bucket_next(bucket);
			memset(bucket, 0, sizeof(*bucket));
			reserve_put(reserve, bucket);
			atomic_dec(&buckets->links);
		}
		memset(&buckets->bucket[i], 0, sizeof(buckets->bucket[i]));
	}
}

/* Let @new point to all entries of a stripe of @old, and inserts go to @new.
 *
 * Return: true if @reserve was large enough.
 */
static bool stripe_move(struct dsr_table *table, struct dsr_buckets *old,
			struct dsr_buckets *new, u32 number,
			struct reserve *reserve)
{
	struct dsr_stripe *stripe = &table->stripes[number];
	u32 each = old->count / DSR_STRIPES, i;
	struct dsr_bucket *bucket;
	struct dsr_node *node;
	u64 used;

	spin_lock_bh(&stripe->lock);
	for (i = number * each; i < (number + 1) * each; i++)
		dsr_bucket_for_each(node, bucket, used, &old->bucket[i])
			if (!bucket_add(new, node, reserve))
				goto too_few;
	rcu_assign_pointer(stripe->buckets, new);
	spin_unlock_bh(&stripe->lock);
	return true;

too_few:
	spin_unlock_bh(&stripe->lock);
	stripe_clear(new, number, reserve);
	return false;
}

/* Wait for a grace period. If entries arrive faster than the table grows, wait
 * for an expedited one, which costs an interrupt on each CPU.
 */
static void wait_for_readers(struct dsr_table *table)
{
	if (atomic_read(&table->entries) / (2 * DSR_BUCKETS_GROW_ABOVE) >
	    dsr_table_buckets(table)->count)
		synchronize_rcu_expedited();
	else
		synchronize_rcu();
}

/**
 * dsr_buckets_resize() - give a table the array of buckets that it needs
 * @table: table, its @gc_lock held
 * @entries: number of entries
 * @each: average number of entries in a bucket
 *
 * Context: process context, sleeps.
 * Return: true if done.
 */
bool dsr_buckets_resize(struct dsr_table *table, u32 entries, u32 each)
{
	struct dsr_buckets *old = dsr_table_buckets(table), *new;
	struct reserve reserve = { };
	struct mem_cgroup *old_memcg;
	u32 count, i;

	count = max_t(u32, round_up(entries / each + 1, DSR_STRIPES),
		      DSR_BUCKETS_MIN);
	if (count == old->count)
		return false;
	/* The garbage collector does not run in a task of the cgroup. */
	old_memcg = set_active_memcg(table->memcg);
	new = dsr_buckets_alloc(count);
	set_active_memcg(old_memcg);
	if (!new)
		return false;	/* buckets stay fuller until there is memory */
	for (i = 0; i < DSR_STRIPES; i++) {
		while (!stripe_move(table, old, new, i, &reserve))
			reserve_fill(&reserve, count / DSR_STRIPES / 16 + 4);
		cond_resched();
	}
	reserve_free(&reserve);
	rcu_assign_pointer(table->buckets, new);
	wait_for_readers(table);
	dsr_buckets_free(old);
	return true;
}

/** dsr_table_next() - return the cursor of the next bucket */
u64 dsr_table_next(struct dsr_table *table, u64 cursor)
{
	const struct dsr_buckets *buckets = dsr_table_buckets(table);
	u64 number = (cursor * buckets->count >> 32) + 1;

	return DIV_ROUND_UP_ULL(number << 32, buckets->count);
}
