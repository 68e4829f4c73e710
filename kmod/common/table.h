/* SPDX-License-Identifier: GPL-2.0 */
/*
 * table - the hash table that both modules keep their flows in
 *
 * Made for packets: a lookup takes no lock, no reference and no retry, it
 * reads the bucket and then one cache line for each entry. There is no timer
 * in an entry: one work item per table, the janitor, looks at a part of the
 * table each second and forgets what has expired.
 *
 * Owner: struct dsr_table belongs to one network namespace. The nodes belong
 * to the table from dsr_table_insert() until the janitor hands them to
 * dsr_table_ops.release(), which must free them after an RCU grace period.
 *
 * Locking:
 * - lookups: rcu_read_lock(), any context;
 * - inserts: at the head of a chain, under the lock of the bucket's stripe,
 *   from any context but hard interrupts;
 * - unlinking and resizing: only with dsr_table.janitor held, in process
 *   context. So a chain changes under the janitor at its head alone.
 *
 * Growing and shrinking are those of J. Triplett, P. McKenney, J. Walpole,
 * "Resizable, Scalable, Concurrent Hash Tables via Relativistic Programming",
 * USENIX ATC 2011: lookups go on undisturbed, at most they pass by the
 * entries of a sibling bucket.
 */
#ifndef _DSR_TABLE_H
#define _DSR_TABLE_H

#include <linux/bitrev.h>
#include <linux/bits.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

/* Divides the number of buckets: so all entries of a bucket, and of its siblings
 * in a table of another size, have the same stripe.
 */
#define DSR_STRIPES	256

/**
 * struct dsr_node - what an entry of a table starts with
 * @next: next in the chain
 * @hash: hash of its key
 * @seen: jiffies (low half) of its last packet, up to a second behind
 */
struct dsr_node {
	struct dsr_node __rcu *next;
	u32 hash;
	u32 seen;
};

/**
 * struct dsr_buckets - an array of chains
 * @mask: their number - 1; the number is a power of two
 * @head: the chains
 */
struct dsr_buckets {
	u32 mask;
	struct dsr_node __rcu *head[];
};

/**
 * struct dsr_stripe - lock of every DSR_STRIPES-th bucket
 * @lock: guards the heads of the chains, and @buckets
 * @buckets: where inserts go; ahead of dsr_table.buckets while resizing
 */
struct dsr_stripe {
	spinlock_t lock;	/* guards the chains' heads and what follows */
	struct dsr_buckets __rcu *buckets;
};

struct dsr_table;

/**
 * struct dsr_table_ops - what the janitor asks the owner of the entries
 * @expired: whether to forget @node at @now (jiffies, low half). May sleep
 *	not; called with the lock of the stripe held
 * @release: @node has been unlinked: free it after an RCU grace period.
 *	Called with the lock of the stripe held
 */
struct dsr_table_ops {
	bool (*expired)(struct dsr_table *table, struct dsr_node *node, u32 now);
	void (*release)(struct dsr_table *table, struct dsr_node *node);
};

/**
 * struct dsr_table - a table
 * @buckets: where lookups go
 * @key: secret of the hash, so that no remote can aim at one chain
 * @stripes: DSR_STRIPES locks
 * @ops: see there
 * @max: hard cap of @entries
 * @entries: entries in it
 * @janitor: serialises unlinking, resizing, and walking
 * @wq: where @work runs
 * @work: the janitor
 * @cursor: next bucket for the janitor to look at, with @janitor
 */
struct dsr_table {
	struct dsr_buckets __rcu *buckets;
	hsiphash_key_t key;
	struct dsr_stripe *stripes;
	const struct dsr_table_ops *ops;
	u32 max;

	atomic_t entries ____cacheline_aligned_in_smp;
	struct mutex janitor;	/* serialises unlinking, resizing, walking */
	struct workqueue_struct *wq;
	struct delayed_work work;
	u32 cursor;
};

/** typedef dsr_match_fn - whether @node is the entry that @key names */
typedef bool (*dsr_match_fn)(const struct dsr_node *node, const void *key);

int dsr_table_init(struct dsr_table *table, const struct dsr_table_ops *ops,
		   struct workqueue_struct *wq, u32 max);
void dsr_table_exit(struct dsr_table *table);
struct dsr_node *dsr_table_insert(struct dsr_table *table,
				  struct dsr_node *node,
				  dsr_match_fn match, const void *key);
void dsr_table_forget(struct dsr_table *table,
		      bool (*victim)(struct dsr_node *node, const void *arg),
		      const void *arg);
void dsr_table_flush(struct dsr_table *table);
u32 dsr_table_size(struct dsr_table *table);
u64 dsr_table_bytes(struct dsr_table *table, size_t entry_size);
void dsr_table_tidy(struct dsr_table *table, u32 now, bool all);

static __always_inline struct dsr_node *
dsr_table_find_in(const struct dsr_buckets *buckets, u32 hash,
		  dsr_match_fn match, const void *key)
{
	struct dsr_node *node;

	for (node = rcu_dereference(buckets->head[hash & buckets->mask]); node;
	     node = rcu_dereference(node->next))
		if (node->hash == hash && match(node, key))
			return node;
	return NULL;
}

/**
 * dsr_table_find() - look an entry up
 * @table: table
 * @hash: hash of @key, made with @table->key
 * @match: compares; a constant, so that it is inlined
 * @key: passed to @match
 *
 * Context: rcu_read_lock(). No writes.
 * Return: the entry, valid until rcu_read_unlock(), or %NULL.
 */
static __always_inline struct dsr_node *
dsr_table_find(const struct dsr_table *table, u32 hash, dsr_match_fn match,
	       const void *key)
{
	const struct dsr_buckets *buckets = rcu_dereference(table->buckets);
	const struct dsr_buckets *ahead;
	struct dsr_node *node;

	node = dsr_table_find_in(buckets, hash, match, key);
	if (likely(node))
		return node;
	/* What has come while the table is being resized is there already. */
	ahead = rcu_dereference(table->stripes[hash % DSR_STRIPES].buckets);
	return unlikely(ahead != buckets) ?
	       dsr_table_find_in(ahead, hash, match, key) : NULL;
}

/** dsr_table_is_full() - whether @table would turn an insert away now */
static inline bool dsr_table_is_full(const struct dsr_table *table)
{
	return atomic_read(&table->entries) >= READ_ONCE(table->max);
}

/** dsr_table_lock() - the lock of the stripe that holds the entries of @hash */
static inline spinlock_t *dsr_table_lock(struct dsr_table *table, u32 hash)
{
	return &table->stripes[hash & (DSR_STRIPES - 1)].lock;
}

/**
 * dsr_table_touch() - note that a packet of @node has come
 * @node: entry
 * @now: jiffies, low half
 *
 * Writes at most once a second, so that the cache line of a busy entry stays
 * shared between the CPUs.
 *
 * Return: whether it has.
 */
static __always_inline bool dsr_table_touch(struct dsr_node *node, u32 now)
{
	if (likely(now - READ_ONCE(node->seen) < HZ))
		return false;
	WRITE_ONCE(node->seen, now);
	return true;
}

/* Walking: a cursor is a place in the order of bit-reversed hashes, in which
 * a bucket is a range at every size of the table. So a walk that stops and
 * goes on later neither repeats nor misses an entry that was there all the
 * time, however often the table was resized meanwhile. Hold
 * dsr_table.janitor.
 */
#define DSR_TABLE_END	BIT_ULL(32)

/** dsr_table_next() - where the bucket of @cursor ends */
static inline u64 dsr_table_next(struct dsr_table *table, u64 cursor)
{
	const struct dsr_buckets *buckets =
		rcu_dereference_protected(table->buckets,
					  lockdep_is_held(&table->janitor));
	u64 step = DSR_TABLE_END / ((u64)buckets->mask + 1);

	return (cursor | (step - 1)) + 1;
}

/** dsr_table_skip() - @node, or the next in its chain, not before @cursor */
static inline struct dsr_node *dsr_table_skip(struct dsr_table *table,
					      struct dsr_node *node, u64 cursor)
{
	while (node && bitrev32(node->hash) < cursor)
		node = rcu_dereference_check(node->next,
					     lockdep_is_held(&table->janitor));
	return node;
}

/** dsr_table_first() - first entry of the bucket of @cursor, from @cursor on */
static inline struct dsr_node *dsr_table_first(struct dsr_table *table,
					       u64 cursor)
{
	struct dsr_buckets *buckets =
		rcu_dereference_protected(table->buckets,
					  lockdep_is_held(&table->janitor));
	u32 bucket = bitrev32((u32)cursor) & buckets->mask;
	struct dsr_node *node =
		rcu_dereference_check(buckets->head[bucket],
				      lockdep_is_held(&table->janitor));

	return dsr_table_skip(table, node, cursor);
}

/** dsr_table_after() - the entry after @node in the bucket of @cursor */
static inline struct dsr_node *dsr_table_after(struct dsr_table *table,
					       struct dsr_node *node,
					       u64 cursor)
{
	node = rcu_dereference_check(node->next,
				     lockdep_is_held(&table->janitor));
	return dsr_table_skip(table, node, cursor);
}

/**
 * dsr_table_for_each_in() - entries of the bucket of @cursor, from @cursor on
 * @node: struct dsr_node *, loop variable
 * @table: table
 * @cursor: cursor
 */
#define dsr_table_for_each_in(node, table, cursor)			\
	for (node = dsr_table_first(table, cursor); node;		\
	     node = dsr_table_after(table, node, cursor))

#endif /* _DSR_TABLE_H */
