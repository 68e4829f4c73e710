// SPDX-License-Identifier: GPL-2.0
/*
 * table - insert and evict; see table.h
 *
 * Included by the table.c of each module: both need the same code, and one
 * object cannot be linked into two modules.
 */

#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/random.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "buckets.h"
#include "gc.h"
#include "limit.h"
#include "table.h"

/* Maximum number of links of a bucket. It bounds a lookup, and the message that
 * all entries of a bucket have to fit into: at most 61.
 */
#define LINKS_MAX	9

/* Bounds of the search for a finished entry. If one entry in four has finished,
 * one search in 10,000 fails.
 */
#define ROOM_BUCKETS	64
#define ROOM_ENTRIES	32

struct room {
	u32 buckets;
	u32 entries;
};

/* Allocate a bucket for a packet that finds its bucket full. */
static struct dsr_bucket *bucket_alloc(struct mem_cgroup *memcg)
{
	struct mem_cgroup *old;
	struct dsr_bucket *bucket;

	if (likely(!memcg))
		return kzalloc(sizeof(*bucket), dsr_limit_gfp(NULL));
	old = set_active_memcg(memcg);
	bucket = kzalloc(sizeof(*bucket), dsr_limit_gfp(memcg));
	set_active_memcg(old);
	return bucket;
}

/* Evict an entry. The caller holds the stripe's lock. During a resize this is
 * impossible: readers may still find the entry in the old buckets.
 *
 * Return: true if done.
 */
static bool bucket_evict(struct dsr_table *table, struct dsr_stripe *stripe,
			 struct dsr_bucket *bucket, u32 slot,
			 struct dsr_node *node)
{
	struct dsr_rcu_batch *batch;

	if (rcu_access_pointer(table->buckets) !=
	    rcu_access_pointer(stripe->buckets))
		return false;
	batch = kmalloc(struct_size(batch, node, 1), GFP_ATOMIC | __GFP_NOWARN);
	if (!batch)
		return false;
	batch->ops = table->ops;
	batch->count = 1;
	batch->node[0] = node;
	dsr_gc_unlink(table, bucket, slot, node);
	atomic64_inc(&table->evicted);
	call_rcu(&batch->rcu, dsr_gc_free);
	return true;
}

/* Evict the entry of a full bucket that has been idle for longest. */
static bool bucket_evict_oldest(struct dsr_table *table,
				struct dsr_stripe *stripe,
				struct dsr_bucket *start, u32 now)
{
	struct dsr_bucket *bucket, *at = NULL;
	struct dsr_node *node, *oldest = NULL;
	u32 slot = 0;
	u64 used;

	dsr_bucket_for_each(node, bucket, used, start) {
		if (oldest && (s32)(READ_ONCE(node->seen) -
				    READ_ONCE(oldest->seen)) >= 0)
			continue;
		oldest = node;
		at = bucket;
		slot = dsr_bucket_slot(used);
	}
	/* Keep entries with a packet in the last second. */
	if (!oldest || (s32)(now - READ_ONCE(oldest->seen)) < HZ)
		return false;
	return bucket_evict(table, stripe, at, slot, oldest);
}

/* Log that the table is full, once each time, and at most once a minute. A container
 * fills its own table at will: its line would take the place of one about the host.
 */
static void table_tell(struct dsr_table *table)
{
	static DEFINE_RATELIMIT_STATE(told, 60 * HZ, 1);

	if (READ_ONCE(table->full) || !dsr_table_is_full(table))
		return;
	WRITE_ONCE(table->full, true);
	if (!table->memcg && __ratelimit(&told))
		pr_warn(KBUILD_MODNAME ": the table of %s is full (%u entries): list them, or raise the limit with '%s'\n",
			table->ops->name, READ_ONCE(table->max),
			table->ops->raise);
}

/* Evict a finished entry from the buckets of a stripe, from @start on. @left
 * bounds the number of buckets and entries to look at.
 */
static bool stripe_make_room(struct dsr_table *table, struct dsr_stripe *stripe,
			     u32 start, u32 now, struct room *left)
{
	struct dsr_buckets *buckets =
		rcu_dereference_protected(stripe->buckets,
					  lockdep_is_held(&stripe->lock));
	u32 each = buckets->count / DSR_STRIPES, i;
	u32 first = (stripe - table->stripes) * each;
	struct dsr_bucket *bucket;
	struct dsr_node *node;
	u64 used;

	for (i = 0; i < each && left->buckets; i++, left->buckets--) {
		u32 number = first + (start + i) % each;

		dsr_bucket_for_each(node, bucket, used, &buckets->bucket[number]) {
			if (!left->entries)
				return false;
			left->entries--;
			if (table->ops->spent(table, node, now))
				return bucket_evict(table, stripe, bucket,
						    dsr_bucket_slot(used), node);
		}
	}
	return false;
}

/**
 * dsr_table_make_room() - evict a finished entry
 * @table: table, which is full, or which its owner treats as full
 * @hash: hash of the entry to insert; the search starts in its stripe
 * @now: jiffies, low half
 *
 * Context: rcu_read_lock(); any but hard interrupts. Takes stripes' locks.
 * Return: true if an entry was evicted.
 */
bool dsr_table_make_room(struct dsr_table *table, u32 hash, u32 now)
{
	struct room left = { .buckets = ROOM_BUCKETS, .entries = ROOM_ENTRIES };
	u32 number = hash / (u32)(BIT_ULL(32) / DSR_STRIPES);
	struct dsr_stripe *stripe;
	bool made = false;

	table_tell(table);
	if (!table->ops->spent)
		return false;
	while (!made && left.buckets && left.entries) {
		stripe = &table->stripes[number++ % DSR_STRIPES];
		spin_lock_bh(&stripe->lock);
		made = stripe_make_room(table, stripe, hash & 0xffff, now,
					&left);
		spin_unlock_bh(&stripe->lock);
	}
	return made;
}

/* If a flood has outrun the growth of the table, refuse the new entry until the
 * table has grown. Otherwise the entries of this bucket were chosen to fill it:
 * evict one.
 */
static bool bucket_make_room(struct dsr_table *table,
			     struct dsr_stripe *stripe,
			     const struct dsr_buckets *buckets,
			     struct dsr_bucket *start)
{
	if (atomic_read(&table->entries) > buckets->count * DSR_BUCKETS_GROW_ABOVE)
		return false;
	return bucket_evict_oldest(table, stripe, start, jiffies);
}

/**
 * dsr_table_insert() - add an entry, unless its key is in the table
 * @table: table
 * @node: entry with its hash set; published when this returns
 * @match: compares an entry with @key
 * @key: key of @node, passed to @match
 *
 * May evict the oldest entry of a full bucket.
 *
 * Context: rcu_read_lock(); any but hard interrupts. Takes a stripe's lock.
 * Return: @node, now owned by the table; or the entry that was there before; or
 * %NULL if the table is full, or has yet to grow. In the latter two cases the
 * caller keeps @node.
 */
struct dsr_node *dsr_table_insert(struct dsr_table *table,
				  struct dsr_node *node,
				  dsr_match_fn match, const void *key)
{
	struct dsr_stripe *stripe = dsr_table_stripe(table, node->hash);
	struct dsr_bucket *bucket, *start, *next;
	struct dsr_buckets *buckets;
	struct dsr_node *other;
	u32 entries, links = 0;
	bool made = false;
	u64 room;

	spin_lock_bh(&stripe->lock);
	buckets = rcu_dereference_protected(stripe->buckets,
					    lockdep_is_held(&stripe->lock));
	other = dsr_table_find_in(buckets, node->hash, match, key);
	if (unlikely(other))
		goto out;
	entries = atomic_inc_return(&table->entries);
	if (unlikely(entries > READ_ONCE(table->max)))
		goto undo;
	start = dsr_buckets_of(buckets, node->hash);
	bucket = start;
	while (!(room = dsr_bucket_room(bucket))) {
		if (links++ == LINKS_MAX) {
			if (made || !bucket_make_room(table, stripe, buckets,
						      start))
				goto undo;
			/* The free slot is in one of the buckets passed. */
			made = true;
			links = 0;
			bucket = start;
			continue;
		}
		next = dsr_bucket_next(bucket);
		if (!next) {
			next = bucket_alloc(table->memcg);
			if (!next)
				goto undo;
			dsr_bucket_link(bucket, next);
			atomic_inc(&buckets->links);
		}
		bucket = next;
	}
	dsr_bucket_set(bucket, dsr_bucket_slot(room), node);
	other = node;
	/* Exactly one insert sees this number: wake gc once. */
	if (entries == buckets->count * DSR_BUCKETS_GROW_ABOVE + 1)
		mod_delayed_work(table->wq, &table->work, 0);
	goto out;

undo:
	atomic_dec(&table->entries);
out:
	spin_unlock_bh(&stripe->lock);
	return other;
}

/** dsr_table_size() - return the number of buckets; any context */
u32 dsr_table_size(struct dsr_table *table)
{
	u32 size;

	rcu_read_lock();
	size = rcu_dereference(table->buckets)->count;
	rcu_read_unlock();
	return size;
}

/**
 * dsr_table_bytes() - return the memory that a table takes, in bytes
 * @table: table
 * @entry_size: size of an entry, in bytes
 *
 * Context: any.
 */
u64 dsr_table_bytes(struct dsr_table *table, size_t entry_size)
{
	u64 buckets;

	rcu_read_lock();
	buckets = rcu_dereference(table->buckets)->count +
		  atomic_read(&rcu_dereference(table->buckets)->links);
	rcu_read_unlock();
	return buckets * sizeof(struct dsr_bucket) +
	       DSR_STRIPES * sizeof(struct dsr_stripe) +
	       (u64)atomic_read(&table->entries) * entry_size;
}

/**
 * dsr_table_after() - return the next entry of a bucket
 * @table: table, its @gc_lock held
 * @node: entry of the bucket, or %NULL for the first
 * @cursor: selects the bucket and the lowest hash
 *
 * Return: the entry, or %NULL if @node is the last.
 */
struct dsr_node *dsr_table_after(struct dsr_table *table,
				 const struct dsr_node *node, u64 cursor)
{
	struct dsr_bucket *start = dsr_buckets_of(dsr_table_buckets(table), cursor);
	struct dsr_stripe *stripe = dsr_table_stripe(table, cursor);
	struct dsr_bucket *bucket;
	struct dsr_node *other;
	bool passed = !node;
	u64 used;

	/* An insert may link another bucket to this one. */
	spin_lock_bh(&stripe->lock);
	dsr_bucket_for_each(other, bucket, used, start) {
		if (passed && other->hash >= cursor)
			goto out;
		passed |= other == node;
	}
	other = NULL;
out:
	spin_unlock_bh(&stripe->lock);
	return other;
}

/**
 * dsr_table_init() - set up an empty table and its garbage collector
 * @table: table
 * @ops: operations of the owner of the entries
 * @wq: workqueue for the garbage collector
 * @max: hard cap on entries
 * @memcg: memory cgroup to charge, or %NULL; taken over, also on error
 *
 * Context: process context.
 * Return: 0 or -%ENOMEM.
 */
int dsr_table_init(struct dsr_table *table, const struct dsr_table_ops *ops,
		   struct workqueue_struct *wq, u32 max,
		   struct mem_cgroup *memcg)
{
	struct dsr_buckets *buckets = dsr_buckets_alloc(DSR_BUCKETS_MIN);
	u32 i;

	if (!buckets)
		goto uncharge;
	table->stripes = kvcalloc(DSR_STRIPES, sizeof(*table->stripes),
				  GFP_KERNEL_ACCOUNT);
	if (!table->stripes)
		goto free_buckets;
	for (i = 0; i < DSR_STRIPES; i++) {
		spin_lock_init(&table->stripes[i].lock);
		RCU_INIT_POINTER(table->stripes[i].buckets, buckets);
	}
	RCU_INIT_POINTER(table->buckets, buckets);
	get_random_bytes(&table->key, sizeof(table->key));
	table->ops = ops;
	table->max = max;
	atomic_set(&table->entries, 0);
	atomic64_set(&table->evicted, 0);
	table->full = false;
	mutex_init(&table->gc_lock);
	table->wq = wq;
	table->memcg = memcg;
	INIT_DELAYED_WORK(&table->work, dsr_gc_work);
	table->cursor = 0;
	table->batch = NULL;
	queue_delayed_work(wq, &table->work, DSR_GC_PERIOD);
	return 0;

free_buckets:
	dsr_buckets_free(buckets);
uncharge:
	dsr_limit_uncharge(memcg);
	return -ENOMEM;
}

/**
 * dsr_table_exit() - remove all entries and free the table
 * @table: table, with no lookup or insert running or to come
 *
 * Context: process context, sleeps. RCU callbacks free the entries, maybe
 * later.
 */
void dsr_table_exit(struct dsr_table *table)
{
	cancel_delayed_work_sync(&table->work);
	dsr_table_flush(table);
	kfree(table->batch);
	dsr_buckets_free(rcu_dereference_protected(table->buckets, true));
	kvfree(table->stripes);
	dsr_limit_uncharge(table->memcg);
	mutex_destroy(&table->gc_lock);
}
