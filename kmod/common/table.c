// SPDX-License-Identifier: GPL-2.0
/*
 * table - insert, expire, grow and shrink; see table.h
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
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "limit.h"
#include "table.h"

/* The garbage collector looks at 1/GC_SLICES of the table each GC_PERIOD. So an
 * entry outlives its timeout by GC_SLICES periods at most.
 */
#define GC_PERIOD	HZ
#define GC_SLICES	8

/* Large enough to take in a flood while the table begins to grow. */
#define BUCKETS_MIN	1024
static_assert(BUCKETS_MIN % DSR_STRIPES == 0);

/* Average number of entries in a bucket that makes the table grow or shrink,
 * and the average after that. With an average of four, one entry in fifty is
 * behind a link, and each takes 16 bytes of the table; with six, one in ten is.
 */
#define GROWS_ABOVE	6
#define GROWS_TO	4
#define SHRINKS_BELOW	1
#define SHRINKS_TO	2

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

/* From this size on huge pages do not waste much. */
#define HUGE_FROM	SZ_16M

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

/* Return the bucket that continues @bucket, or %NULL. The caller keeps others
 * from changing it.
 */
static struct dsr_bucket *bucket_next(const struct dsr_bucket *bucket)
{
	const u32 last = DSR_BUCKET_SLOTS - 1;

	return dsr_bucket_linked(rcu_dereference_protected(bucket->slot[last],
							   true));
}

/* Return a bit in the byte of each slot that has an entry. */
static u64 bucket_used(const struct dsr_bucket *bucket)
{
	return bucket->tags & DSR_BUCKET_TOPS;
}

/* Return the slot of the lowest bit. */
static u32 slot_of(u64 bits)
{
	return __ffs64(bits) / 8;
}

static struct dsr_node *bucket_get(const struct dsr_bucket *bucket, u32 slot)
{
	return rcu_dereference_protected(bucket->slot[slot], true);
}

/* Loop over the entries of a bucket and of the buckets that continue it. The
 * caller keeps others from changing them. The loop body may unlink @node.
 */
#define bucket_for_each(node, bucket, used, start)			\
	for (bucket = (start); bucket; bucket = bucket_next(bucket))	\
		for (used = bucket_used(bucket);			\
		     used && (node = bucket_get(bucket, slot_of(used)), true); \
		     used &= used - 1)

/* Point a slot that readers do not read yet to @node. */
static void bucket_set(struct dsr_bucket *bucket, u32 slot,
		       struct dsr_node *node)
{
	u64 tag = (u64)dsr_bucket_tag(node->hash) << 8 * slot;

	rcu_assign_pointer(bucket->slot[slot], node);
	smp_wmb();	/* readers read the slot once its tag is set */
	WRITE_ONCE(bucket->tags, bucket->tags | tag);
}

/* Continue a full bucket in @next: its last entry moves there. */
static void bucket_link(struct dsr_bucket *bucket, struct dsr_bucket *next)
{
	const u32 last = DSR_BUCKET_SLOTS - 1;
	unsigned long link = (unsigned long)next | 1;

	bucket_set(next, 0, bucket_get(bucket, last));
	rcu_assign_pointer(bucket->slot[last], (struct dsr_node *)link);
	smp_wmb();	/* readers follow the link once it is tagged */
	WRITE_ONCE(bucket->tags, (bucket->tags & ~(0xffULL << 8 * last)) |
				 DSR_BUCKET_LINKED);
}

/* Return a bit in the byte of each free slot. A slot with a link is not free,
 * though it has no tag.
 */
static u64 bucket_room(const struct dsr_bucket *bucket)
{
	u64 linked = (bucket->tags & DSR_BUCKET_LINKED) >> 1;

	return ~(bucket->tags | linked) & DSR_BUCKET_TOPS;
}

static struct dsr_buckets *buckets_alloc(u32 count)
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

/* Free an array of buckets that no reader uses. */
static void buckets_free(struct dsr_buckets *buckets)
{
	struct dsr_bucket *bucket, *next;
	u32 i;

	for (i = 0; atomic_read(&buckets->links) && i < buckets->count; i++) {
		bucket = bucket_next(&buckets->bucket[i]);
		for (; bucket; bucket = next) {
			next = bucket_next(bucket);
			kfree(bucket);
			atomic_dec(&buckets->links);
		}
		if (!(i % 4096))
			cond_resched();
	}
	vfree(buckets->bucket);
	kfree(buckets);
}

static struct dsr_buckets *buckets_get(struct dsr_table *table)
{
	return rcu_dereference_protected(table->buckets,
					 lockdep_is_held(&table->gc_lock));
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
	bucket_for_each(node, bucket, used, first) {
		if (batch->count == BATCH_NODES) {
			all = false;
			goto out;
		}
		if (!victim(node, arg))
			continue;
		bucket_unlink(table, bucket, slot_of(used), node);
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
	struct dsr_buckets *buckets = buckets_get(table);
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

	while (!(room = bucket_room(bucket))) {
		next = bucket_next(bucket);
		if (!next) {
			next = reserve_take(reserve);
			if (!next)
				return false;
			bucket_link(bucket, next);
			atomic_inc(&buckets->links);
		}
		bucket = next;
	}
	bucket_set(bucket, slot_of(room), node);
	return true;
}

/* Empty a stripe of buckets that have no readers. */
static void stripe_clear(struct dsr_buckets *buckets, u32 stripe,
			 struct reserve *reserve)
{
	u32 each = buckets->count / DSR_STRIPES, i;
	struct dsr_bucket *bucket, *next;

	for (i = stripe * each; i < (stripe + 1) * each; i++) {
		bucket = bucket_next(&buckets->bucket[i]);
		for (; bucket; bucket = next) {
			next = bucket_next(bucket);
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
		bucket_for_each(node, bucket, used, &old->bucket[i])
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
	if (atomic_read(&table->entries) / (2 * GROWS_ABOVE) >
	    buckets_get(table)->count)
		synchronize_rcu_expedited();
	else
		synchronize_rcu();
}

/* Resize the table for @entries, @each in a bucket. Return: true if done. */
static bool table_resize(struct dsr_table *table, u32 entries, u32 each)
{
	struct dsr_buckets *old = buckets_get(table), *new;
	struct reserve reserve = { };
	struct mem_cgroup *old_memcg;
	u32 count, i;

	count = max_t(u32, round_up(entries / each + 1, DSR_STRIPES),
		      BUCKETS_MIN);
	if (count == old->count)
		return false;
	/* The garbage collector does not run in a task of the cgroup. */
	old_memcg = set_active_memcg(table->memcg);
	new = buckets_alloc(count);
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
	buckets_free(old);
	return true;
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
		count = buckets_get(table)->count;
		if (entries > count * GROWS_ABOVE)
			resized = table_resize(table, entries, GROWS_TO);
		else if (entries < count * SHRINKS_BELOW)
			resized = table_resize(table, entries, SHRINKS_TO);
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

	bucket_for_each(node, bucket, used, start) {
		if (oldest && (s32)(READ_ONCE(node->seen) -
				    READ_ONCE(oldest->seen)) >= 0)
			continue;
		oldest = node;
		at = bucket;
		slot = slot_of(used);
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

		bucket_for_each(node, bucket, used, &buckets->bucket[number]) {
			if (!left->entries)
				return false;
			left->entries--;
			if (table->ops->spent(table, node, now))
				return bucket_evict(table, stripe, bucket,
						    slot_of(used), node);
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
	if (atomic_read(&table->entries) > buckets->count * GROWS_ABOVE)
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
	while (!(room = bucket_room(bucket))) {
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
		next = bucket_next(bucket);
		if (!next) {
			next = bucket_alloc(table->memcg);
			if (!next)
				goto undo;
			bucket_link(bucket, next);
			atomic_inc(&buckets->links);
		}
		bucket = next;
	}
	bucket_set(bucket, slot_of(room), node);
	other = node;
		/* Exactly one insert sees this number: wake gc once. */
	if (entries == buckets->count * GROWS_ABOVE + 1)
		mod_delayed_work(table->wq, &table->work, 0);
	goto out;

undo:
	atomic_dec(&table->entries);
out:
	spin_unlock_bh(&stripe->lock);
	return other;
}

/**
 * dsr_table_remove_if() - unlink all victims from the table
 * @table: table
 * @victim: true to unlink; called with a stripe's lock held, maybe twice
 * @arg: passed to @victim
 *
 * Context: process context, sleeps.
 */
void dsr_table_remove_if(struct dsr_table *table,
			 bool (*victim)(struct dsr_node *node, const void *arg),
			 const void *arg)
{
	struct dsr_buckets *buckets;
	u32 number;

	mutex_lock(&table->gc_lock);
	buckets = buckets_get(table);
	for (number = 0; number < buckets->count; number++) {
		bucket_remove_if(table, buckets, number, victim, arg);
		if (!(number % 256))
			cond_resched();
	}
	rcu_batch_close(table);
	mutex_unlock(&table->gc_lock);
}

static bool everyone(struct dsr_node *node, const void *arg)
{
	return true;
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
	const struct dsr_buckets *buckets = buckets_get(table);
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
	struct dsr_bucket *start = dsr_buckets_of(buckets_get(table), cursor);
	struct dsr_stripe *stripe = dsr_table_stripe(table, cursor);
	struct dsr_bucket *bucket;
	struct dsr_node *other;
	bool passed = !node;
	u64 used;

	/* An insert may link another bucket to this one. */
	spin_lock_bh(&stripe->lock);
	bucket_for_each(other, bucket, used, start) {
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
	struct dsr_buckets *buckets = buckets_alloc(BUCKETS_MIN);
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
	buckets_free(buckets);
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
	buckets_free(rcu_dereference_protected(table->buckets, true));
	kvfree(table->stripes);
	dsr_limit_uncharge(table->memcg);
	mutex_destroy(&table->gc_lock);
}
