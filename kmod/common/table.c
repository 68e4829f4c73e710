// SPDX-License-Identifier: GPL-2.0
/*
 * table - inserting, forgetting, growing and shrinking; see table.h
 *
 * Included by the table.c of each module: it is the same thing in both, and
 * one object cannot be linked into two modules.
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

/* The garbage collector looks at 1/GC_SLICES of the table each GC_PERIOD, so an
 * entry outlives its time by GC_SLICES periods at most.
 */
#define GC_PERIOD	HZ
#define GC_SLICES	8

/* Enough for a flood to find a place while the table begins to grow. */
#define BUCKETS_MIN	1024
static_assert(BUCKETS_MIN % DSR_STRIPES == 0);

/* Entries of a bucket: what they are on average after the table has grown or
 * shrunk, and when it does. With four of them, one in fifty is behind a link, and
 * each takes 16 bytes here; with six, one in ten.
 */
#define GROWS_ABOVE	6
#define GROWS_TO	4
#define SHRINKS_BELOW	1
#define SHRINKS_TO	2

/* Buckets that one goes on in, at most: what bounds a look-up, and the message that
 * all of its entries have to fit into. These are 61, or fewer.
 */
#define LINKS_MAX	9

/* Bounds of the search for an entry that has finished. If one in four has, the
 * search is in vain once in 10,000 times.
 */
#define ROOM_BUCKETS	64
#define ROOM_ENTRIES	32

struct room {
	u32 buckets;
	u32 entries;
};

/* From here on huge pages do not waste much. */
#define HUGE_FROM	SZ_16M

/**
 * struct dsr_rcu_batch - entries that wait together for their last readers
 * @rcu: the grace period
 * @ops: of the table, which may go before them
 * @count: of @node
 * @node: entries; BATCH_NODES of them, half a kilobyte with the rest, so that what
 *	RCU frees between two looks at the time is some hundred; or a single one
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

/* What was unlinked waits from here on; with dsr_table.gc_lock. */
static void rcu_batch_close(struct dsr_table *table)
{
	struct dsr_rcu_batch *batch = table->batch;

	if (!batch || !batch->count)
		return;
	table->batch = NULL;
	call_rcu(&batch->rcu, rcu_batch_free);
}

/* A batch that has room; with dsr_table.gc_lock, sleeps. */
static struct dsr_rcu_batch *rcu_batch_open(struct dsr_table *table)
{
	struct dsr_rcu_batch *batch = table->batch;

	if (batch && batch->count < BATCH_NODES)
		return batch;
	rcu_batch_close(table);
	/* So small that memory is found, if only later. */
	batch = kzalloc(struct_size(batch, node, BATCH_NODES),
			GFP_KERNEL | __GFP_NOFAIL);
	batch->ops = table->ops;
	table->batch = batch;
	return batch;
}

/* Buckets that others will go on in, chained by their first slots. */
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

/* So small that memory is found, if only later. */
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

/* Where @bucket goes on, or %NULL; for who keeps others from changing it. */
static struct dsr_bucket *bucket_next(const struct dsr_bucket *bucket)
{
	const u32 last = DSR_BUCKET_SLOTS - 1;

	return dsr_bucket_linked(rcu_dereference_protected(bucket->slot[last],
							   true));
}

/* A bit in the byte of each slot that has an entry. */
static u64 bucket_used(const struct dsr_bucket *bucket)
{
	return bucket->tags & DSR_BUCKET_TOPS;
}

/* The slot of the lowest bit. */
static u32 slot_of(u64 bits)
{
	return __ffs64(bits) / 8;
}

static struct dsr_node *bucket_get(const struct dsr_bucket *bucket, u32 slot)
{
	return rcu_dereference_protected(bucket->slot[slot], true);
}

/* Entries of a bucket and of those where it goes on, for who keeps others from
 * changing them; the loop may forget @node.
 */
#define bucket_for_each(node, bucket, used, start)			\
	for (bucket = (start); bucket; bucket = bucket_next(bucket))	\
		for (used = bucket_used(bucket);			\
		     used && (node = bucket_get(bucket, slot_of(used)), true); \
		     used &= used - 1)

/* Point a slot that readers do not look at yet to @node. */
static void bucket_set(struct dsr_bucket *bucket, u32 slot,
		       struct dsr_node *node)
{
	u64 tag = (u64)dsr_bucket_tag(node->hash) << 8 * slot;

	rcu_assign_pointer(bucket->slot[slot], node);
	smp_wmb();	/* readers look there once there is a tag */
	WRITE_ONCE(bucket->tags, bucket->tags | tag);
}

/* Let a full bucket go on in @next: its last entry moves there. */
static void bucket_link(struct dsr_bucket *bucket, struct dsr_bucket *next)
{
	const u32 last = DSR_BUCKET_SLOTS - 1;
	unsigned long link = (unsigned long)next | 1;

	bucket_set(next, 0, bucket_get(bucket, last));
	rcu_assign_pointer(bucket->slot[last], (struct dsr_node *)link);
	smp_wmb();	/* readers go there once it is tagged */
	WRITE_ONCE(bucket->tags, (bucket->tags & ~(0xffULL << 8 * last)) |
				 DSR_BUCKET_LINKED);
}

/* A bit in the byte of each slot that can have one: a link has no tag either. */
static u64 bucket_room(const struct dsr_bucket *bucket)
{
	u64 linked = (bucket->tags & DSR_BUCKET_LINKED) >> 1;

	return ~(bucket->tags | linked) & DSR_BUCKET_TOPS;
}

static struct dsr_buckets *buckets_alloc(u32 count)
{
	struct dsr_buckets *buckets;
	size_t size = array_size(count, sizeof(struct dsr_bucket));
	/* A flood must not have the tasks of the cgroup killed. */
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

/* For a packet that finds a bucket full. */
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

/* With nobody in it. */
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

/* With the stripe's lock: nothing finds an entry any more that looks from now on. */
static void bucket_unlink(struct dsr_table *table, struct dsr_bucket *bucket,
			  u32 slot, struct dsr_node *node)
{
	WRITE_ONCE(bucket->tags, bucket->tags & ~(0xffULL << 8 * slot));
	atomic_dec(&table->entries);
	table->ops->release(table, node);
}

/* Return: whether the batch had room for all; if not, that is but a part. */
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

/* Unlink what @victim names from one bucket, of which it may be asked twice. */
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

	/* Near the cap, waiting for a slice's turn turns new flows away. */
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

/* Put an entry into a bucket that has no readers, with a bucket of @reserve where
 * one is needed.
 *
 * Return: whether there was one.
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

/* Make a stripe of buckets that have no readers as empty as it was. */
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

/* Have @new point to all that a stripe of @old does, and inserts go there.
 *
 * Return: whether @reserve was enough for it.
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

/* A grace period; a short one, at the cost of an interrupt for each CPU, where
 * a crowd is coming faster than the table grows.
 */
static void wait_for_readers(struct dsr_table *table)
{
	if (atomic_read(&table->entries) / (2 * GROWS_ABOVE) >
	    buckets_get(table)->count)
		synchronize_rcu_expedited();
	else
		synchronize_rcu();
}

/* Return: whether the table has got room for @entries, @each in a bucket. */
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
	/* The garbage collector runs in no task of the cgroup. */
	old_memcg = set_active_memcg(table->memcg);
	new = buckets_alloc(count);
	set_active_memcg(old_memcg);
	if (!new)
		return false;	/* fuller buckets until memory is to be had */
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
 * dsr_table_gc() - one round of the garbage collector
 * @table: table
 * @now: jiffies, low half
 * @all: look at the whole table instead of a slice
 *
 * Forgets what has expired, then sees to it that there are neither many more nor
 * many fewer buckets than the entries need.
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

/* An entry gives way, with the stripe's lock held. While the table is resized its
 * readers may find it in the old buckets, whatever is done to the new ones.
 *
 * Return: whether it has.
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

/* The one that has been silent for longest leaves a full bucket. */
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
	/* One that others have been noted after, by a second at least. */
	if (!oldest || (s32)(now - READ_ONCE(oldest->seen)) < HZ)
		return false;
	return bucket_evict(table, stripe, at, slot, oldest);
}

/* The log is told once for each time that it is full, and a minute apart. */
static void table_tell(struct dsr_table *table)
{
	static DEFINE_RATELIMIT_STATE(told, 60 * HZ, 1);

	if (READ_ONCE(table->full) || !dsr_table_is_full(table))
		return;
	WRITE_ONCE(table->full, true);
	if (__ratelimit(&told))
		pr_warn(KBUILD_MODNAME ": the table of %s is full, with %u entries: see what it has, or raise its maximum by '%s'\n",
			table->ops->name, READ_ONCE(table->max),
			table->ops->raise);
}

/* Look for one that has finished in the buckets of a stripe, from @start on.
 * @left: how many buckets and entries may still be looked at
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
 * dsr_table_make_room() - have one that has finished give its place to another
 * @table: table, which is full, or whose owner takes it for full
 * @hash: of what is to be inserted: where to look first
 * @now: jiffies, low half
 *
 * Context: rcu_read_lock(); any but hard interrupts. Takes stripes' locks.
 * Return: whether one has.
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

/* A flood can outrun the growth of the table: then a new entry waits for that. Else
 * a bucket is full of entries that were chosen for it.
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
 * dsr_table_insert() - add an entry, unless there is one of the same key
 * @table: table
 * @node: entry, its hash set; published when this returns
 * @match: compares
 * @key: the key of @node, passed to @match
 *
 * Context: rcu_read_lock(); any but hard interrupts. Takes a stripe's lock.
 * Return: @node; or the entry that was there before; or %NULL if the table is
 * full, or still too small for a sudden crowd. Only in the first case does the
 * table own @node. For its sake the oldest of a full bucket may have gone.
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
			/* The place is somewhere on the way here. */
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
	/* Exactly one insert sees this number: wake the garbage collector once. */
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
 * dsr_table_remove_if() - unlink what @victim names, from the whole table
 * @table: table
 * @victim: whether to; called with the lock of a stripe held, maybe twice
 * @arg: passed to it
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

/** dsr_table_flush() - forget all entries; process context, sleeps */
void dsr_table_flush(struct dsr_table *table)
{
	dsr_table_remove_if(table, everyone, NULL);
}

/** dsr_table_size() - number of buckets; any context */
u32 dsr_table_size(struct dsr_table *table)
{
	u32 size;

	rcu_read_lock();
	size = rcu_dereference(table->buckets)->count;
	rcu_read_unlock();
	return size;
}

/**
 * dsr_table_bytes() - memory that a table takes
 * @table: table
 * @entry_size: bytes of an entry
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

/** dsr_table_next() - where the bucket of @cursor ends */
u64 dsr_table_next(struct dsr_table *table, u64 cursor)
{
	const struct dsr_buckets *buckets = buckets_get(table);
	u64 number = (cursor * buckets->count >> 32) + 1;

	return DIV_ROUND_UP_ULL(number << 32, buckets->count);
}

/**
 * dsr_table_after() - the next entry of a bucket
 * @table: table, its garbage collector held
 * @node: entry of the bucket, or %NULL: the next is the first
 * @cursor: which bucket, and the least hash
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

	/* Inserts may let the bucket go on in another one. */
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
 * @ops: what the owner of the entries provides
 * @wq: where the garbage collector runs
 * @max: hard cap on entries
 * @memcg: what memory is charged to, or %NULL; taken over, also on error
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
 * dsr_table_exit() - forget all entries and free the table
 * @table: table, with no lookup or insert running or to come
 *
 * Context: process context, sleeps. The entries are freed by callbacks of RCU's,
 * maybe later.
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
