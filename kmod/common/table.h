/* SPDX-License-Identifier: GPL-2.0 */
/*
 * table - the hash table for the flows and connections of both modules
 *
 * Made for packets: a lookup takes no lock, no reference and no retry. It reads
 * two cache lines: the bucket and the entry. A bucket is a cache line of
 * pointers, with a few bits of each entry's hash, which single out the right
 * entry before any entry is read. Entries have no timers: one work item for
 * each table, the garbage collector, looks at a part of the table each second
 * and removes expired entries.
 *
 * Owner: struct dsr_table belongs to one network namespace. The nodes belong to
 * the table from dsr_table_insert() until dsr_table_ops.free(), which is called
 * an RCU grace period after dsr_table_ops.release(). Nodes wait for the grace
 * period in batches, so that none needs a struct rcu_head, which would take a
 * quarter of its cache line.
 *
 * Locking:
 * - lookups: rcu_read_lock(), any context;
 * - inserts: under the lock of the bucket's stripe, in any context but hard
 *   interrupts;
 * - unlinking and resizing: only with dsr_table.gc_lock held, in process
 *   context, and under the lock of the stripe;
 * - eviction of a single entry: under the lock of the stripe alone, in any
 *   context, but not while the table is being resized. So a walk without that
 *   lock holds rcu_read_lock().
 *
 * Resizing allocates another array of buckets that point to the same entries,
 * and fills it stripe by stripe. An insert meanwhile goes to the array that its
 * stripe uses.
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

/* Divides the number of buckets, so all entries of a bucket have the same
 * stripe in a table of any size.
 */
#define DSR_STRIPES	256

/**
 * struct dsr_node - head of an entry
 * @hash: hash of its key
 * @seen: time of its last packet, in jiffies (low half), up to a second late
 */
struct dsr_node {
	u32 hash;
	u32 seen;
};

#define DSR_BUCKET_SLOTS	7

/**
 * struct dsr_bucket - the entries of a range of hashes
 * @tags: a byte for each slot: the tag of its entry's hash, or 0 if it has no
 *	entry; the highest byte is not 0 if the last slot is a link
 * @slot: entries; only slots with a tag count. A link is a pointer with its
 *	lowest bit set, to the bucket that continues this one
 *
 * A link stays a link: a bucket does not shrink before its table does.
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
 * @count: number of buckets, a multiple of DSR_STRIPES
 * @bucket: the buckets, in ascending order of their hashes
 * @links: number of buckets that continue others; on another cache line than
 *	the fields that lookups read
 */
struct dsr_buckets {
	u32 count;
	struct dsr_bucket *bucket;

	atomic_t links ____cacheline_aligned_in_smp;
};

/**
 * struct dsr_stripe - lock of a DSR_STRIPES-th part of the buckets
 * @lock: protects these buckets, and @buckets
 * @buckets: target of inserts; ahead of dsr_table.buckets while resizing
 */
struct dsr_stripe {
	spinlock_t lock;	/* protects the buckets and what follows */
	struct dsr_buckets __rcu *buckets;
};

struct dsr_table;

/**
 * struct dsr_table_ops - operations of the owner of the entries
 * @expired: true if @node has expired at @now (jiffies, low half). Must not
 *	sleep; called with the lock of the stripe held
 * @spent: true if @node has finished and may be evicted from a full table;
 *	%NULL: evict none. Called like @expired, in any context
 * @name: name of the table in the log
 * @raise: command that raises its maximum
 * @release: @node was unlinked, but packets may still use it. Called with the
 *	lock of the stripe held
 * @free: no packet uses @node any more. Called from an RCU callback, when
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
 * @buckets: target of lookups
 * @key: secret of the hash, so that no remote host can flood one bucket
 * @stripes: DSR_STRIPES locks
 * @ops: operations of the owner of the entries
 * @max: hard cap of @entries
 * @entries: number of entries
 * @evicted: number of entries that were evicted
 * @full: the log was told that the table is full, and it still nearly is
 * @gc_lock: serialises unlinking, resizing, and walking
 * @wq: workqueue of @work
 * @memcg: memory cgroup to charge, or %NULL; see limit.h
 * @work: the garbage collector
 * @cursor: next bucket for the garbage collector, protected by @gc_lock
 * @batch: entries that were unlinked with @gc_lock held, or %NULL
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

/** typedef dsr_match_fn - true if @node is the entry with @key */
typedef bool (*dsr_match_fn)(const struct dsr_node *node, const void *key);

int dsr_table_init(struct dsr_table *table, const struct dsr_table_ops *ops,
		   struct workqueue_struct *wq, u32 max,
		   struct mem_cgroup *memcg);
void dsr_table_exit(struct dsr_table *table);
struct dsr_node *dsr_table_insert(struct dsr_table *table,
				  struct dsr_node *node,
				  dsr_match_fn match, const void *key);
bool dsr_table_make_room(struct dsr_table *table, u32 hash, u32 now);
u64 dsr_table_remove_some(struct dsr_table *table, u64 cursor, u32 count,
			  bool (*victim)(struct dsr_node *node, const void *arg),
			  const void *arg);
void dsr_table_remove_if(struct dsr_table *table,
			 bool (*victim)(struct dsr_node *node, const void *arg),
			 const void *arg);
u64 dsr_table_flush_some(struct dsr_table *table, u64 cursor, u32 count);
void dsr_table_flush(struct dsr_table *table);
u32 dsr_table_size(struct dsr_table *table);
u64 dsr_table_bytes(struct dsr_table *table, size_t entry_size);
void dsr_table_gc(struct dsr_table *table, u32 now, bool all);

/** dsr_table_stripe() - return the stripe of the entries with @hash */
static inline struct dsr_stripe *dsr_table_stripe(const struct dsr_table *table,
						  u32 hash)
{
	return &table->stripes[hash / (u32)(BIT_ULL(32) / DSR_STRIPES)];
}

/** dsr_buckets_of() - return the bucket of @hash */
static __always_inline struct dsr_bucket *
dsr_buckets_of(const struct dsr_buckets *buckets, u32 hash)
{
	return &buckets->bucket[(u64)hash * buckets->count >> 32];
}

/** dsr_bucket_tag() - return the tag of entries with @hash */
static __always_inline u8 dsr_bucket_tag(u32 hash)
{
	return (u8)hash | 0x80;
}

/**
 * dsr_bucket_hits() - find the bytes of @tags that equal @tag
 * @tags: tags of a bucket
 * @tag: tag to find
 *
 * Compares all slots in a few instructions (Hacker's Delight, section 6-1).
 *
 * Return: the highest bit of each such byte, and possibly of bytes above one.
 */
static __always_inline u64 dsr_bucket_hits(u64 tags, u8 tag)
{
	u64 differ = tags ^ tag * DSR_BUCKET_ONES;

	return (differ - DSR_BUCKET_ONES) & ~differ & DSR_BUCKET_TOPS;
}

/** dsr_bucket_is_link() - true if @node is a link to a bucket, and no entry */
static __always_inline bool dsr_bucket_is_link(const struct dsr_node *node)
{
	return unlikely((unsigned long)node & 1);
}

/** dsr_bucket_linked() - return the bucket that @node links to, or %NULL */
static __always_inline struct dsr_bucket *
dsr_bucket_linked(const struct dsr_node *node)
{
	return dsr_bucket_is_link(node) ?
	       (struct dsr_bucket *)((unsigned long)node - 1) : NULL;
}

/* Writers set an entry's pointer before its tag; readers find the slot by the
 * tag.
 */
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
			if (dsr_bucket_is_link(node))
				break;	/* the slot has just become a link */
			if (node->hash == hash && match(node, key))
				return node;
		}
		if (likely(!hits && !(tags & DSR_BUCKET_LINKED)))
			return NULL;
		smp_rmb();	/* the link was written before its tag */
		node = rcu_dereference(bucket->slot[DSR_BUCKET_SLOTS - 1]);
		bucket = dsr_bucket_linked(node);
	} while (bucket);
	return NULL;
}

/**
 * dsr_table_find() - find an entry
 * @table: table
 * @hash: hash of @key, made with @table->key
 * @match: compares an entry with @key; a constant, so that it is inlined
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
	/* During a resize, new entries are in the array of the stripe. */
	ahead = rcu_dereference(dsr_table_stripe(table, hash)->buckets);
	return unlikely(ahead != buckets) ?
	       dsr_table_find_in(ahead, hash, match, key) : NULL;
}

/** dsr_table_is_full() - true if @table would refuse an insert now */
static inline bool dsr_table_is_full(const struct dsr_table *table)
{
	return atomic_read(&table->entries) >= READ_ONCE(table->max);
}

/** dsr_table_lock() - return the lock of the stripe of @hash */
static inline spinlock_t *dsr_table_lock(struct dsr_table *table, u32 hash)
{
	return &dsr_table_stripe(table, hash)->lock;
}

/**
 * dsr_table_touch() - note that a packet of an entry has come
 * @node: entry
 * @now: jiffies, low half
 *
 * Writes at most once a second, so that the cache line of a busy entry stays
 * shared between the CPUs.
 *
 * Return: true if it has written.
 */
static __always_inline bool dsr_table_touch(struct dsr_node *node, u32 now)
{
	if (likely(now - READ_ONCE(node->seen) < HZ))
		return false;
	WRITE_ONCE(node->seen, now);
	return true;
}

/* Walking: a cursor is a hash, and a bucket is a range of hashes at every size
 * of the table. So a walk that stops and goes on later neither repeats nor
 * misses an entry that stays in the table, however often the table was resized
 * meanwhile. Hold dsr_table.gc_lock, and rcu_read_lock() while reading an
 * entry.
 */
#define DSR_TABLE_END	BIT_ULL(32)

u64 dsr_table_next(struct dsr_table *table, u64 cursor);
struct dsr_node *dsr_table_after(struct dsr_table *table,
				 const struct dsr_node *node, u64 cursor);

/** dsr_table_first() - return the first entry of a bucket, from @cursor on */
static inline struct dsr_node *dsr_table_first(struct dsr_table *table,
					       u64 cursor)
{
	return dsr_table_after(table, NULL, cursor);
}

/**
 * dsr_table_for_each_in() - loop over a bucket's entries, from @cursor on
 * @node: struct dsr_node *, loop variable
 * @table: table
 * @cursor: cursor; selects the bucket and the lowest hash
 */
#define dsr_table_for_each_in(node, table, cursor)			\
	for (node = dsr_table_first(table, cursor); node;		\
	     node = dsr_table_after(table, node, cursor))

#endif /* _DSR_TABLE_H */
