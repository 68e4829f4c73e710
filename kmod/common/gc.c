// SPDX-License-Identifier: GPL-2.0
/*
 * gc - unlink entries of a table, and free them after a grace period
 *
 * Included by the gc.c of each module: see table.c.
 */

#include <linux/sched.h>
#include <linux/slab.h>

#include "buckets.h"
#include "gc.h"
#include "table.h"

/* The garbage collector looks at 1/GC_SLICES of the table each DSR_GC_PERIOD. So
 * an entry outlives its timeout by GC_SLICES periods at most.
 */
#define GC_SLICES	8

/* Maximum number of entries in a batch. That makes the batch half a kilobyte, and
 * RCU frees some hundred entries between two checks of its time limit.
 */
#define BATCH_NODES	60

/** dsr_gc_free() - free the entries of a batch; RCU callback */
void dsr_gc_free(struct rcu_head *rcu)
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
	call_rcu(&batch->rcu, dsr_gc_free);
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
		dsr_gc_unlink(table, bucket, dsr_bucket_slot(used), node);
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

/** dsr_gc_work() - run the garbage collector each DSR_GC_PERIOD; work item */
void dsr_gc_work(struct work_struct *work)
{
	struct dsr_table *table = container_of(to_delayed_work(work),
					       struct dsr_table, work);

	dsr_table_gc(table, jiffies, false);
	queue_delayed_work(table->wq, &table->work, DSR_GC_PERIOD);
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
