// SPDX-License-Identifier: GPL-2.0
/*
 * table - insert, expire and evict; see table.h
 *
 * Included by the table.c of each module: both need the same code, and one
 * object cannot be linked into two modules.
 */

#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/random.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "buckets.h"
#include "limit.h"
#include "table.h"

/* The garbage collector looks at 1/GC_SLICES of the table each GC_PERIOD. So an
 * entry outlives its timeout by GC_SLICES periods at most.
 */
#define GC_PERIOD	HZ
#define GC_SLICES	8

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

/**
 * struct dsr_rcu_batch - entries that wait together for a grace period
 * @rcu: the grace period
 * @ops: operations of the table, which may go before the entries
 * @count: number of entries
 * @node: entries: a single one, or up to BATCH_NODES. That makes the batch half
 *	a kilobyte, and RCU frees some hundred entries between two checks of its
 *	time limit
 */
struct dsr_rcu_batch {
	struct rcu_head rcu;
	const struct dsr_table_ops *ops;
	u32 count;
	struct dsr_node *node[];
};

#define BATCH_NODES	60

static void rcu_batch_free(struct rcu_head *rcu)
{
	struct dsr_rcu_batch *batch = container_of(rcu, struct dsr_rcu_batch, rcu);
	u32 i;

	for (i = 0; i < batch->count; i++)
		batch->ops->free(batch->node[i]);
	kfree(batch);
}

/* Let the unlinked entries wait for a grace period; holds dsr_table.gc_lock. */
static void rcu_batch_close(struct dsr_table *table)
{
	struct dsr_rcu_batch *batch = table->batch;

	if (!batch || !batch->count)
		return;
	table->batch = NULL;
	call_rcu(&batch->rcu, rcu_batch_free);
}

/* Return a batch with room; holds dsr_table.gc_lock, sleeps. */
static struct dsr_rcu_batch *rcu_batch_open(struct dsr_table *table)
{
	struct dsr_rcu_batch *batch = table->batch;

	if (batch && batch->count < BATCH_NODES)
		return batch;
	rcu_batch_close(table);
	/* So small that the allocation succeeds, if only later. */
	batch = kzalloc(struct_size(batch, node, BATCH_NODES),
			GFP_KERNEL | __GFP_NOFAIL);
	batch->ops = table->ops;
	table->batch = batch;
	return batch;
}

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

/* Unlink an entry from new lookups. The caller holds the stripe's lock. */
static void bucket_unlink(struct dsr_table *table, struct dsr_bucket *bucket,
			  u32 slot, struct dsr_node *node)
{
	WRITE_ONCE(bucket->tags, bucket->tags & ~(0xffULL << 8 * slot));
	atomic_dec(&table->entries);
	table->ops->release(table, node);
}

/* Unlink victims until the batch is full. Return: true if all were unlinked. */
static bool bucket_remove_some(struct dsr_table *table,
			       struct dsr_bucket *first,
			       struct dsr_stripe *stripe,
			       bool (*victim)(struct dsr_node *node,
					      const void *arg),
			       const void *arg)
{
	struct dsr_rcu_batch *batch = rcu_batch_open(table);
	struct dsr_bucket *bucket;
	struct dsr_node *node;
	bool all = true;
	u64 used;

	spin_lock_bh(&stripe->lock);
	dsr_bucket_for_each(node, bucket, used, first) {
		if (batch->count == BATCH_NODES) {
			all = false;
			goto out;
		}
		if (!victim(node, arg))
			continue;
		bucket_unlink(table, bucket, dsr_bucket_slot(used), node);
		batch->node[batch->count++] = node;
	}
out:
	spin_unlock_bh(&stripe->lock);
	return all;
}

/* Unlink all victims from one bucket. @victim may be asked twice about one. */
static void bucket_remove_if(struct dsr_table *table, struct dsr_buckets *buckets,
			     u32 number,
			     bool (*victim)(struct dsr_node *node, const void *arg),
			     const void *arg)
{
	struct dsr_bucket *bucket = &buckets->bucket[number];
	u32 stripe = number / (buckets->count / DSR_STRIPES);

	lockdep_assert_held(&table->gc_lock);
	if (!READ_ONCE(bucket->tags))
		return;
	while (!bucket_remove_some(table, bucket, &table->stripes[stripe],
				   victim, arg))
		;
}

struct gc {
	struct dsr_table *table;
	u32 now;
};

static bool gc_victim(struct dsr_node *node, const void *arg)
{
	const struct gc *gc = arg;

	return gc->table->ops->expired(gc->table, node, gc->now);
}

static void gc_slice(struct dsr_table *table, u32 now, bool all)
{
	struct dsr_buckets *buckets = dsr_table_buckets(table);
	struct gc gc = { .table = table, .now = now };
	u32 left = buckets->count;

	/* Near the cap look at all: expired entries keep new flows out. */
	if (!all && atomic_read(&table->entries) < READ_ONCE(table->max) / 8 * 7)
		left /= GC_SLICES;
	while (left--) {
		if (table->cursor >= buckets->count)
			table->cursor = 0;
		bucket_remove_if(table, buckets, table->cursor++, gc_victim,
				 &gc);
		if (!(left % 256))
			cond_resched();
	}
	rcu_batch_close(table);
}

/**
 * dsr_table_gc() - run one round of the garbage collector
 * @table: table
 * @now: jiffies, low half
 * @all: look at the whole table instead of a slice
 *
 * Removes expired entries, then resizes the table if it has many more or many
 * fewer buckets than the entries need.
 *
 * Context: process context, sleeps. Called by the work item, and by tests.
 */
void dsr_table_gc(struct dsr_table *table, u32 now, bool all)
{
	u32 entries, count;
	bool resized;

	mutex_lock(&table->gc_lock);
	gc_slice(table, now, all);
	if (atomic_read(&table->entries) < READ_ONCE(table->max) / 8 * 7)
		WRITE_ONCE(table->full, false);
	do {
		entries = atomic_read(&table->entries);
		count = dsr_table_buckets(table)->count;
		if (entries > count * DSR_BUCKETS_GROW_ABOVE)
			resized = dsr_buckets_resize(table, entries,
						     DSR_BUCKETS_GROW_TO);
		else if (entries < count * DSR_BUCKETS_SHRINK_BELOW)
			resized = dsr_buckets_resize(table, entries,
						     DSR_BUCKETS_SHRINK_TO);
		else
			resized = false;
	} while (resized);
	mutex_unlock(&table->gc_lock);
}

static void table_work(struct work_struct *work)
{
	struct dsr_table *table = container_of(to_delayed_work(work),
					       struct dsr_table, work);

	dsr_table_gc(table, jiffies, false);
	queue_delayed_work(table->wq, &table->work, GC_PERIOD);
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
	bucket_unlink(table, bucket, slot, node);
	atomic64_inc(&table->evicted);
	call_rcu(&batch->rcu, rcu_batch_free);
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

/* Log that the table is full, once each time, and at most once a minute. */
static void table_tell(struct dsr_table *table)
{
	static DEFINE_RATELIMIT_STATE(told, 60 * HZ, 1);

	if (READ_ONCE(table->full) || !dsr_table_is_full(table))
		return;
	WRITE_ONCE(table->full, true);
	if (__ratelimit(&told))
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

/**
 * dsr_table_remove_some() - unlink all victims from some buckets
 * @table: table
 * @cursor: first bucket, 0 for the first of all
 * @count: number of buckets
 * @victim: true to unlink; called with a stripe's lock held, maybe twice
 * @arg: passed to @victim
 *
 * Entries that are added to the buckets before @cursor meanwhile stay.
 *
 * Context: process context, sleeps. Takes dsr_table.gc_lock.
 * Return: the cursor of the next bucket, or %DSR_TABLE_END.
 */
u64 dsr_table_remove_some(struct dsr_table *table, u64 cursor, u32 count,
			  bool (*victim)(struct dsr_node *node, const void *arg),
			  const void *arg)
{
	struct dsr_buckets *buckets;

	mutex_lock(&table->gc_lock);
	buckets = dsr_table_buckets(table);
	for (; count && cursor < DSR_TABLE_END; count--) {
		bucket_remove_if(table, buckets, cursor * buckets->count >> 32,
				 victim, arg);
		cursor = dsr_table_next(table, cursor);
	}
	rcu_batch_close(table);
	mutex_unlock(&table->gc_lock);
	return cursor;
}

/* Number of buckets between two releases of dsr_table.gc_lock. */
#define REMOVE_BUCKETS	256

/**
 * dsr_table_remove_if() - unlink all victims from the table
 * @table: table
 * @victim: as for dsr_table_remove_some()
 * @arg: passed to @victim
 *
 * Context: process context, sleeps.
 */
void dsr_table_remove_if(struct dsr_table *table,
			 bool (*victim)(struct dsr_node *node, const void *arg),
			 const void *arg)
{
	u64 cursor = 0;

	while (cursor < DSR_TABLE_END) {
		cursor = dsr_table_remove_some(table, cursor, REMOVE_BUCKETS,
					       victim, arg);
		cond_resched();
	}
}

static bool everyone(struct dsr_node *node, const void *arg)
{
	return true;
}

/** dsr_table_flush_some() - dsr_table_remove_some() for all entries */
u64 dsr_table_flush_some(struct dsr_table *table, u64 cursor, u32 count)
{
	return dsr_table_remove_some(table, cursor, count, everyone, NULL);
}

/** dsr_table_flush() - unlink all entries; process context, sleeps */
void dsr_table_flush(struct dsr_table *table)
{
	dsr_table_remove_if(table, everyone, NULL);
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

/** dsr_table_next() - return the cursor of the next bucket */
u64 dsr_table_next(struct dsr_table *table, u64 cursor)
{
	const struct dsr_buckets *buckets = dsr_table_buckets(table);
	u64 number = (cursor * buckets->count >> 32) + 1;

	return DIV_ROUND_UP_ULL(number << 32, buckets->count);
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
	INIT_DELAYED_WORK(&table->work, table_work);
	table->cursor = 0;
	table->batch = NULL;
	queue_delayed_work(wq, &table->work, GC_PERIOD);
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
