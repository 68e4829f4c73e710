// SPDX-License-Identifier: GPL-2.0
/*
 * table - inserting, forgetting, growing and shrinking; see table.h
 *
 * Included by the table.c of each module: it is the same thing in both, and
 * one object cannot be linked into two modules.
 */

#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "table.h"

/* The janitor looks at 1/TIDY_SLICES of the table each TIDY_PERIOD, so an
 * entry outlives its time by TIDY_SLICES periods at most.
 */
#define TIDY_PERIOD	HZ
#define TIDY_SLICES	8

/* Enough for a flood to find a place while the table begins to grow. */
#define BUCKETS_MIN	1024
static_assert(BUCKETS_MIN % DSR_STRIPES == 0);

/* Entries in a chain at most: what bounds a look-up, and the grace periods
 * that growing takes. With as many buckets as entries a chain of 16 is a
 * matter of one in many billions.
 */
#define CHAIN_MAX	64

static struct dsr_buckets *buckets_alloc(u32 size)
{
	struct dsr_buckets *buckets;

	buckets = kvzalloc(struct_size(buckets, head, size),
			   GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (buckets)
		buckets->mask = size - 1;
	return buckets;
}

static struct dsr_buckets *buckets_get(struct dsr_table *table)
{
	return rcu_dereference_protected(table->buckets,
					 lockdep_is_held(&table->janitor));
}

static struct dsr_node *node_next(struct dsr_table *table,
				  struct dsr_node *node)
{
	return rcu_dereference_protected(node->next,
					 lockdep_is_held(&table->janitor));
}

static struct dsr_stripe *stripe_of(struct dsr_table *table, u32 hash)
{
	return &table->stripes[hash & (DSR_STRIPES - 1)];
}

/* Unlink what @victim names from one chain. */
static void chain_forget(struct dsr_table *table, struct dsr_buckets *buckets,
			 u32 bucket,
			 bool (*victim)(struct dsr_node *node, const void *arg),
			 const void *arg)
{
	struct dsr_stripe *stripe = stripe_of(table, bucket);
	struct dsr_node __rcu **link = &buckets->head[bucket];
	struct dsr_node *node;

	lockdep_assert_held(&table->janitor);
	if (!rcu_access_pointer(*link))
		return;
	spin_lock_bh(&stripe->lock);
	while ((node = rcu_dereference_protected(*link, true))) {
		if (!victim(node, arg)) {
			link = &node->next;
			continue;
		}
		/* Readers may stand on @node: its next pointer stays. */
		rcu_assign_pointer(*link, node_next(table, node));
		atomic_dec(&table->entries);
		table->ops->release(table, node);
	}
	spin_unlock_bh(&stripe->lock);
}

struct tidy {
	struct dsr_table *table;
	u32 now;
};

static bool tidy_victim(struct dsr_node *node, const void *arg)
{
	const struct tidy *tidy = arg;

	return tidy->table->ops->expired(tidy->table, node, tidy->now);
}

static void tidy_slice(struct dsr_table *table, u32 now, bool all)
{
	struct dsr_buckets *buckets = buckets_get(table);
	struct tidy tidy = { .table = table, .now = now };
	u32 left = buckets->mask + 1;

	/* Near the cap, waiting for a slice's turn turns new flows away. */
	if (!all && atomic_read(&table->entries) < READ_ONCE(table->max) / 8 * 7)
		left /= TIDY_SLICES;
	while (left--) {
		chain_forget(table, buckets, table->cursor & buckets->mask,
			     tidy_victim, &tidy);
		table->cursor++;
		if (!(left % 256))
			cond_resched();
	}
}

/* Point the inserts of every stripe to @new, after @init has filled the heads
 * of @new that come from chain @bucket of @old.
 */
static void stripes_move(struct dsr_table *table, struct dsr_buckets *new,
			 u32 size,
			 void (*init)(struct dsr_table *table,
				      struct dsr_buckets *old,
				      struct dsr_buckets *new, u32 bucket))
{
	struct dsr_buckets *old = buckets_get(table);
	u32 i, bucket;

	for (i = 0; i < DSR_STRIPES; i++) {
		struct dsr_stripe *stripe = &table->stripes[i];

		spin_lock_bh(&stripe->lock);
		for (bucket = i; bucket < size; bucket += DSR_STRIPES)
			init(table, old, new, bucket);
		rcu_assign_pointer(stripe->buckets, new);
		spin_unlock_bh(&stripe->lock);
		cond_resched();
	}
}

/* First node from @node on that belongs to @bucket of @buckets. */
static struct dsr_node *skip_to(struct dsr_table *table, struct dsr_node *node,
				const struct dsr_buckets *buckets, u32 bucket)
{
	while (node && (node->hash & buckets->mask) != bucket)
		node = node_next(table, node);
	return node;
}

static void split_init(struct dsr_table *table, struct dsr_buckets *old,
		       struct dsr_buckets *new, u32 bucket)
{
	struct dsr_node *first = rcu_dereference_protected(old->head[bucket],
							   true);
	u32 sibling = bucket + old->mask + 1;

	rcu_assign_pointer(new->head[bucket],
			   skip_to(table, first, new, bucket));
	rcu_assign_pointer(new->head[sibling],
			   skip_to(table, first, new, sibling));
}

/* One step of pulling the two chains apart that share the old chain @bucket:
 * its first run of nodes of one new bucket is linked past the run of the
 * other. Readers of the other bucket may still be on their way through the
 * first run of the previous step, so a grace period lies between two steps.
 * The old head, which has no readers any more, remembers where to go on.
 *
 * Return: whether there is more to do.
 */
static bool unzip_step(struct dsr_table *table, struct dsr_buckets *old,
		       struct dsr_buckets *new, u32 bucket)
{
	struct dsr_node *last = rcu_dereference_protected(old->head[bucket],
							  true);
	struct dsr_node *next;
	u32 own;

	if (!last)
		return false;
	own = last->hash & new->mask;
	while ((next = node_next(table, last)) &&
	       (next->hash & new->mask) == own)
		last = next;
	RCU_INIT_POINTER(old->head[bucket], next);
	if (!next)
		return false;
	rcu_assign_pointer(last->next, skip_to(table, next, new, own));
	return true;
}

/* A grace period; a short one, at the cost of an interrupt for each CPU, where
 * a crowd is coming faster than the table grows.
 */
static void wait_for_readers(struct dsr_table *table)
{
	if (atomic_read(&table->entries) / 2 > buckets_get(table)->mask)
		synchronize_rcu_expedited();
	else
		synchronize_rcu();
}

static void table_grow(struct dsr_table *table)
{
	struct dsr_buckets *old = buckets_get(table), *new;
	u32 size = old->mask + 1, bucket;
	bool more;

	new = buckets_alloc(2 * size);
	if (!new)
		return;	/* longer chains until memory is to be had */
	stripes_move(table, new, size, split_init);
	rcu_assign_pointer(table->buckets, new);
	do {
		wait_for_readers(table);
		more = false;
		for (bucket = 0; bucket < size; bucket++) {
			more |= unzip_step(table, old, new, bucket);
			if (!(bucket % 4096))
				cond_resched();
		}
	} while (more);
	kvfree(old);
}

static void join_init(struct dsr_table *table, struct dsr_buckets *old,
		      struct dsr_buckets *new, u32 bucket)
{
	struct dsr_node __rcu **link = &new->head[bucket];
	struct dsr_node *node;

	/* Readers of the old chain run on into its sibling: harmless. */
	RCU_INIT_POINTER(*link,
			 rcu_dereference_protected(old->head[bucket], true));
	while ((node = rcu_dereference_protected(*link, true)))
		link = &node->next;
	rcu_assign_pointer(*link,
			   rcu_dereference_protected(old->head[bucket +
							       new->mask + 1],
						     true));
}

static void table_shrink(struct dsr_table *table)
{
	struct dsr_buckets *old = buckets_get(table), *new;
	u32 size = (old->mask + 1) / 2;

	new = buckets_alloc(size);
	if (!new)
		return;
	stripes_move(table, new, size, join_init);
	rcu_assign_pointer(table->buckets, new);
	synchronize_rcu();
	kvfree(old);
}

/**
 * dsr_table_tidy() - one round of the janitor
 * @table: table
 * @now: jiffies, low half
 * @all: look at the whole table instead of a slice
 *
 * Forgets what has expired, then brings the number of buckets to between one
 * and eight times the number of entries.
 *
 * Context: process context, sleeps. Called by the work item, and by tests.
 */
void dsr_table_tidy(struct dsr_table *table, u32 now, bool all)
{
	u32 entries, size;

	mutex_lock(&table->janitor);
	tidy_slice(table, now, all);
	for (;;) {
		entries = atomic_read(&table->entries);
		size = buckets_get(table)->mask + 1;
		if (entries > size)
			table_grow(table);
		else if (entries < size / 8 && size > BUCKETS_MIN)
			table_shrink(table);
		if (size == buckets_get(table)->mask + 1)
			break;
	}
	mutex_unlock(&table->janitor);
}

static void table_work(struct work_struct *work)
{
	struct dsr_table *table = container_of(to_delayed_work(work),
					       struct dsr_table, work);

	dsr_table_tidy(table, jiffies, false);
	queue_delayed_work(table->wq, &table->work, TIDY_PERIOD);
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
 * full, or still too small for a sudden crowd. Only in the first case does the table own @node.
 */
struct dsr_node *dsr_table_insert(struct dsr_table *table,
				  struct dsr_node *node,
				  dsr_match_fn match, const void *key)
{
	struct dsr_stripe *stripe = stripe_of(table, node->hash);
	struct dsr_buckets *buckets;
	struct dsr_node __rcu **head;
	struct dsr_node *other;
	u32 entries, depth = 0;

	spin_lock_bh(&stripe->lock);
	buckets = rcu_dereference_protected(stripe->buckets,
					    lockdep_is_held(&stripe->lock));
	head = &buckets->head[node->hash & buckets->mask];
	for (other = rcu_dereference(*head); other;
	     other = rcu_dereference(other->next)) {
		if (other->hash == node->hash && match(other, key))
			goto out;
		depth++;
	}
	/* A flood can outrun the growth of the table: then it waits. */
	if (depth >= CHAIN_MAX)
		goto out;	/* with NULL */

	entries = atomic_inc_return(&table->entries);
	if (entries > READ_ONCE(table->max)) {
		atomic_dec(&table->entries);
		goto out;	/* with NULL */
	}
	RCU_INIT_POINTER(node->next, rcu_dereference(*head));
	rcu_assign_pointer(*head, node);
	other = node;
	/* Exactly one insert sees this number: wake the janitor once. */
	if (entries == buckets->mask + 2)
		mod_delayed_work(table->wq, &table->work, 0);
out:
	spin_unlock_bh(&stripe->lock);
	return other;
}

/**
 * dsr_table_forget() - unlink what @victim names, from the whole table
 * @table: table
 * @victim: called with the lock of a stripe held
 * @arg: passed to it
 *
 * Context: process context, sleeps.
 */
void dsr_table_forget(struct dsr_table *table,
		      bool (*victim)(struct dsr_node *node, const void *arg),
		      const void *arg)
{
	struct dsr_buckets *buckets;
	u32 bucket;

	mutex_lock(&table->janitor);
	buckets = buckets_get(table);
	for (bucket = 0; bucket <= buckets->mask; bucket++) {
		chain_forget(table, buckets, bucket, victim, arg);
		if (!(bucket % 256))
			cond_resched();
	}
	mutex_unlock(&table->janitor);
}

static bool everyone(struct dsr_node *node, const void *arg)
{
	return true;
}

/** dsr_table_flush() - forget all entries; process context, sleeps */
void dsr_table_flush(struct dsr_table *table)
{
	dsr_table_forget(table, everyone, NULL);
}

/** dsr_table_size() - number of buckets; any context */
u32 dsr_table_size(struct dsr_table *table)
{
	u32 size;

	rcu_read_lock();
	size = rcu_dereference(table->buckets)->mask + 1;
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
	return dsr_table_size(table) * sizeof(struct dsr_node *) +
	       DSR_STRIPES * sizeof(struct dsr_stripe) +
	       (u64)atomic_read(&table->entries) * entry_size;
}

/**
 * dsr_table_init() - set up an empty table and its janitor
 * @table: table
 * @ops: what the owner of the entries provides
 * @wq: where the janitor runs
 * @max: hard cap on entries
 *
 * Context: process context.
 * Return: 0 or -%ENOMEM.
 */
int dsr_table_init(struct dsr_table *table, const struct dsr_table_ops *ops,
		   struct workqueue_struct *wq, u32 max)
{
	struct dsr_buckets *buckets = buckets_alloc(BUCKETS_MIN);
	u32 i;

	if (!buckets)
		return -ENOMEM;
	table->stripes = kvcalloc(DSR_STRIPES, sizeof(*table->stripes),
				  GFP_KERNEL_ACCOUNT);
	if (!table->stripes) {
		kvfree(buckets);
		return -ENOMEM;
	}
	for (i = 0; i < DSR_STRIPES; i++) {
		spin_lock_init(&table->stripes[i].lock);
		RCU_INIT_POINTER(table->stripes[i].buckets, buckets);
	}
	RCU_INIT_POINTER(table->buckets, buckets);
	get_random_bytes(&table->key, sizeof(table->key));
	table->ops = ops;
	table->max = max;
	atomic_set(&table->entries, 0);
	mutex_init(&table->janitor);
	table->wq = wq;
	INIT_DELAYED_WORK(&table->work, table_work);
	table->cursor = 0;
	queue_delayed_work(wq, &table->work, TIDY_PERIOD);
	return 0;
}

/**
 * dsr_table_exit() - forget all entries and free the table
 * @table: table, with no lookup or insert running or to come
 *
 * Context: process context, sleeps. The entries are freed by the RCU
 * callbacks of dsr_table_ops.release(), maybe later.
 */
void dsr_table_exit(struct dsr_table *table)
{
	cancel_delayed_work_sync(&table->work);
	dsr_table_flush(table);
	kvfree(rcu_dereference_protected(table->buckets, true));
	kvfree(table->stripes);
	mutex_destroy(&table->janitor);
}
