/* SPDX-License-Identifier: GPL-2.0 */
/*
 * table - the hash table that both modules keep their flows in
 *
 * Made for packets: a lookup takes no lock, no reference and no retry. It needs
 * two cache lines, that of the bucket and that of the entry: a bucket is a cache
 * line of pointers, with a few bits of the hash of each, which tell the right one
 * before any entry is looked at. There is no timer in an entry: one work item per
 * table, the garbage collector, looks at a part of the table each second and forgets what has
 * expired.
 *
 * Owner: struct dsr_table belongs to one network namespace. The nodes belong
 * to the table from dsr_table_insert() until dsr_table_ops.free(): that is an RCU
 * grace period after dsr_table_ops.release(). They wait for it by the dozen, so that
 * none needs a struct rcu_head, which would be a quarter of its cache line.
 *
 * Locking:
 * - lookups: rcu_read_lock(), any context;
 * - inserts: under the lock of the bucket's stripe, from any context but hard
 *   interrupts;
 * - unlinking and resizing: only with dsr_table.gc_lock held, in process
 *   context, and under the lock of the stripe;
 * - a single entry gives way to another under the lock of the stripe alone, in any
 *   context, but not while the table is being resized. So a walk without that
 *   lock holds rcu_read_lock().
 *
 * A table of another size is another array of buckets, which point to the same
 * entries. It is filled stripe by stripe; what is inserted meanwhile goes to
 * where its stripe is already.
 */
#ifndef _DSR_TABLE_H
#define _DSR_TABLE_H

#include <linux/bitops.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

/* Divides the number of buckets: so all entries of a bucket have the same stripe,
 * in a table of any size.
 */
#define DSR_STRIPES	256

/**
 * struct dsr_node - what an entry of a table starts with
 * @hash: hash of its key
 * @seen: jiffies (low half) of its last packet, up to a second behind
 */
struct dsr_node {
	u32 hash;
	u32 seen;
};

#define DSR_BUCKET_SLOTS	7

/**
 * struct dsr_bucket - the entries of a range of hashes
 * @tags: a byte for each slot: that of its entry's hash, or 0 if it has none. The
 *	last byte is not 0 if the last slot is a link
 * @slot: entries; only those count that have a tag. A link, that is a pointer with
 *	its lowest bit set, is to the bucket where it goes on
 *
 * What once was a link stays one: a bucket does not shrink before its table does.
 */
struct dsr_bucket {
	u64 tags;
	struct dsr_node __rcu *slot[DSR_BUCKET_SLOTS];
};

static_assert(sizeof(struct dsr_bucket) == 64 || sizeof(void *) == 4);

#define DSR_BUCKET_ONES		0x0001010101010101ULL
#define DSR_BUCKET_TOPS		(DSR_BUCKET_ONES << 7)
#define DSR_BUCKET_LINKED	BIT_ULL(56)

/**
 * struct dsr_buckets - the buckets of a table
 * @count: their number, a multiple of DSR_STRIPES
 * @bucket: the buckets, in ascending order of their hashes
 * @links: buckets that others go on in; away from what look-ups read
 */
struct dsr_buckets {
	u32 count;
	struct dsr_bucket *bucket;

	atomic_t links ____cacheline_aligned_in_smp;
};

/**
 * struct dsr_stripe - lock of a DSR_STRIPES-th part of the buckets
 * @lock: guards these buckets, and @buckets
 * @buckets: where inserts go; ahead of dsr_table.buckets while resizing
 */
struct dsr_stripe {
	spinlock_t lock;	/* guards the buckets and what follows */
	struct dsr_buckets __rcu *buckets;
};

struct dsr_table;

/**
 * struct dsr_table_ops - what the garbage collector asks the owner of the entries
 * @expired: whether to forget @node at @now (jiffies, low half). May sleep
 *	not; called with the lock of the stripe held
 * @release: @node has been unlinked, but packets may still use it. Called with the
 *	lock of the stripe held
 * @spent: whether @node has finished, so that it gives its place to another where
 *	there is none left; %NULL: none ever has. As @expired, in any context
 * @name: what the table is called in the log
 * @raise: command that raises its maximum
 * @free: no packet uses @node any more. Called from a callback of RCU's, when
 *	@table may be gone: rcu_barrier() waits for it
 */
struct dsr_table_ops {
	bool (*expired)(struct dsr_table *table, struct dsr_node *node, u32 now);
	bool (*spent)(struct dsr_table *table, struct dsr_node *node, u32 now);
	const char *name;
	const char *raise;
	void (*release)(struct dsr_table *table, struct dsr_node *node);
	void (*free)(struct dsr_node *node);
};

struct dsr_rcu_batch;
struct mem_cgroup;

/**
 * struct dsr_table - a table
 * @buckets: where lookups go
 * @key: secret of the hash, so that no remote can aim at one chain
 * @stripes: DSR_STRIPES locks
 * @ops: see there
 * @max: hard cap of @entries
 * @entries: entries in it
 * @evicted: entries that have given way to others
 * @full: the log was told that it is full, and it still is nearly so
 * @gc_lock: serialises unlinking, resizing, and walking
 * @wq: where @work runs
 * @memcg: what memory is charged to, or %NULL; see limit.h
 * @work: the garbage collector
 * @cursor: next bucket for the garbage collector to look at, with @gc_lock
 * @batch: entries that were unlinked while @gc_lock was held, or %NULL
 */
struct dsr_table {
	struct dsr_buckets __rcu *buckets;
	hsiphash_key_t key;
	struct dsr_stripe *stripes;
	const struct dsr_table_ops *ops;
	u32 max;

	atomic_t entries ____cacheline_aligned_in_smp;
	atomic64_t evicted;
	bool full;
	struct mutex gc_lock;	/* serialises unlinking, resizing, walking */
	struct workqueue_struct *wq;
	struct mem_cgroup *memcg;
	struct delayed_work work;
	u32 cursor;
	struct dsr_rcu_batch *batch;
};

/** typedef dsr_match_fn - whether @node is the entry that @key names */
typedef bool (*dsr_match_fn)(const struct dsr_node *node, const void *key);

int dsr_table_init(struct dsr_table *table, const struct dsr_table_ops *ops,
		   struct workqueue_struct *wq, u32 max,
		   struct mem_cgroup *memcg);
void dsr_table_exit(struct dsr_table *table);
struct dsr_node *dsr_table_insert(struct dsr_table *table,
				  struct dsr_node *node,
				  dsr_match_fn match, const void *key);
bool dsr_table_make_room(struct dsr_table *table, u32 hash, u32 now);
void dsr_table_remove_if(struct dsr_table *table,
			 bool (*victim)(struct dsr_node *node, const void *arg),
			 const void *arg);
void dsr_table_flush(struct dsr_table *table);
u32 dsr_table_size(struct dsr_table *table);
u64 dsr_table_bytes(struct dsr_table *table, size_t entry_size);
void dsr_table_gc(struct dsr_table *table, u32 now, bool all);

/** dsr_table_stripe() - the stripe that holds the entries of @hash */
static inline struct dsr_stripe *dsr_table_stripe(const struct dsr_table *table,
						  u32 hash)
{
	return &table->stripes[hash / (u32)(BIT_ULL(32) / DSR_STRIPES)];
}

/** dsr_buckets_of() - the bucket of @hash */
static __always_inline struct dsr_bucket *
dsr_buckets_of(const struct dsr_buckets *buckets, u32 hash)
{
	return &buckets->bucket[(u64)hash * buckets->count >> 32];
}

/** dsr_bucket_tag() - the tag of what has @hash */
static __always_inline u8 dsr_bucket_tag(u32 hash)
{
	return (u8)hash | 0x80;
}

/** dsr_bucket_hits() - the highest bit of each byte of @tags that is @tag
 *
 * And maybe of others above one that is: the tags of all slots in a few
 * instructions (Hacker's Delight, section 6-1).
 */
static __always_inline u64 dsr_bucket_hits(u64 tags, u8 tag)
{
	u64 differ = tags ^ tag * DSR_BUCKET_ONES;

	return (differ - DSR_BUCKET_ONES) & ~differ & DSR_BUCKET_TOPS;
}

/** dsr_bucket_linked() - where @node links to, or %NULL if it is an entry */
static __always_inline struct dsr_bucket *
dsr_bucket_linked(const struct dsr_node *node)
{
	unsigned long link = (unsigned long)node;

	return unlikely(link & 1) ? (struct dsr_bucket *)(link - 1) : NULL;
}

/* An entry's tag is written after its pointer, and its slot is known by its tag. */
static __always_inline struct dsr_node *
dsr_table_find_in(const struct dsr_buckets *buckets, u32 hash,
		  dsr_match_fn match, const void *key)
{
	const struct dsr_bucket *bucket = dsr_buckets_of(buckets, hash);
	struct dsr_node *node;
	u64 tags, hits;

	do {
		tags = READ_ONCE(bucket->tags);
		hits = dsr_bucket_hits(tags, dsr_bucket_tag(hash));
		for (; hits; hits &= hits - 1) {
			node = rcu_dereference(bucket->slot[__ffs64(hits) / 8]);
			if (dsr_bucket_linked(node))
				break;	/* it has just become one */
			if (node->hash == hash && match(node, key))
				return node;
		}
		if (likely(!hits && !(tags & DSR_BUCKET_LINKED)))
			return NULL;
		smp_rmb();	/* the link was written before it was tagged */
		node = rcu_dereference(bucket->slot[DSR_BUCKET_SLOTS - 1]);
		bucket = dsr_bucket_linked(node);
	} while (bucket);
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
	ahead = rcu_dereference(dsr_table_stripe(table, hash)->buckets);
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
	return &dsr_table_stripe(table, hash)->lock;
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

/* Walking: a cursor is a hash, and a bucket is a range of hashes at every size of
 * the table. So a walk that stops and goes on later neither repeats nor misses an
 * entry that was there all the time, however often the table was resized meanwhile.
 * Hold dsr_table.gc_lock, and rcu_read_lock() while an entry is looked at.
 */
#define DSR_TABLE_END	BIT_ULL(32)

u64 dsr_table_next(struct dsr_table *table, u64 cursor);
struct dsr_node *dsr_table_after(struct dsr_table *table,
				 const struct dsr_node *node, u64 cursor);

/** dsr_table_first() - first entry of the bucket of @cursor, from @cursor on */
static inline struct dsr_node *dsr_table_first(struct dsr_table *table,
					       u64 cursor)
{
	return dsr_table_after(table, NULL, cursor);
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
