/* SPDX-License-Identifier: GPL-2.0 */
/*
 * buckets - the array of buckets of a table: allocate, fill, resize
 *
 * For buckets.c and table.c only: table.h has what lookups need, and the rules
 * of locking.
 */
#ifndef _DSR_BUCKETS_H
#define _DSR_BUCKETS_H

#include "table.h"

/* Large enough to take in a flood while the table begins to grow. */
#define DSR_BUCKETS_MIN		1024
static_assert(DSR_BUCKETS_MIN % DSR_STRIPES == 0);

/* Average number of entries in a bucket that makes the table grow or shrink,
 * and the average after that. With an average of four, one entry in fifty is
 * behind a link, and each takes 16 bytes of the table; with six, one in ten is.
 */
#define DSR_BUCKETS_GROW_ABOVE	6
#define DSR_BUCKETS_GROW_TO	4
#define DSR_BUCKETS_SHRINK_BELOW 1
#define DSR_BUCKETS_SHRINK_TO	2

struct dsr_buckets *dsr_buckets_alloc(u32 count);
void dsr_buckets_free(struct dsr_buckets *buckets);
bool dsr_buckets_resize(struct dsr_table *table, u32 entries, u32 each);

/**
 * dsr_bucket_next() - return the bucket that continues @bucket, or %NULL
 * @bucket: bucket; the caller keeps others from changing it
 */
static inline struct dsr_bucket *
dsr_bucket_next(const struct dsr_bucket *bucket)
{
	const u32 last = DSR_BUCKET_SLOTS - 1;

	return dsr_bucket_linked(rcu_dereference_protected(bucket->slot[last],
							   true));
}

/** dsr_bucket_used() - return a bit in the byte of each slot with an entry */
static inline u64 dsr_bucket_used(const struct dsr_bucket *bucket)
{
	return bucket->tags & DSR_BUCKET_TOPS;
}

/** dsr_bucket_slot() - return the slot of the lowest bit */
static inline u32 dsr_bucket_slot(u64 bits)
{
	return __ffs64(bits) / 8;
}

/** dsr_bucket_get() - return the entry in a slot */
static inline struct dsr_node *dsr_bucket_get(const struct dsr_bucket *bucket,
					      u32 slot)
{
	return rcu_dereference_protected(bucket->slot[slot], true);
}

/**
 * dsr_bucket_for_each() - loop over the entries of a bucket and its continuations
 * @node: struct dsr_node *, loop variable
 * @bucket: struct dsr_bucket *, the bucket that has @node
 * @used: u64, whose lowest bit selects the slot of @node
 * @start: bucket
 *
 * The caller keeps others from changing the entries. The loop body may unlink
 * @node.
 */
#define dsr_bucket_for_each(node, bucket, used, start)			\
	for (bucket = (start); bucket; bucket = dsr_bucket_next(bucket)) \
		for (used = dsr_bucket_used(bucket);			\
		     used && (node = dsr_bucket_get(bucket,		\
						    dsr_bucket_slot(used)), \
			      true);					\
		     used &= used - 1)

/** dsr_bucket_set() - point a slot that readers do not read yet to @node */
static inline void dsr_bucket_set(struct dsr_bucket *bucket, u32 slot,
				  struct dsr_node *node)
{
	u64 tag = (u64)dsr_bucket_tag(node->hash) << 8 * slot;

	rcu_assign_pointer(bucket->slot[slot], node);
	smp_wmb();	/* readers read the slot once its tag is set */
	WRITE_ONCE(bucket->tags, bucket->tags | tag);
}

/**
 * dsr_bucket_link() - continue a full bucket in another
 * @bucket: the full bucket
 * @next: empty bucket, where the last entry of @bucket moves
 */
static inline void dsr_bucket_link(struct dsr_bucket *bucket,
				   struct dsr_bucket *next)
{
	const u32 last = DSR_BUCKET_SLOTS - 1;
	unsigned long link = (unsigned long)next | 1;

	dsr_bucket_set(next, 0, dsr_bucket_get(bucket, last));
	rcu_assign_pointer(bucket->slot[last], (struct dsr_node *)link);
	smp_wmb();	/* readers follow the link once it is tagged */
	WRITE_ONCE(bucket->tags, (bucket->tags & ~(0xffULL << 8 * last)) |
				 DSR_BUCKET_LINKED);
}

/**
 * dsr_bucket_room() - return a bit in the byte of each free slot
 * @bucket: bucket
 *
 * A slot with a link is not free, though it has no tag.
 */
static inline u64 dsr_bucket_room(const struct dsr_bucket *bucket)
{
	u64 linked = (bucket->tags & DSR_BUCKET_LINKED) >> 1;

	return ~(bucket->tags | linked) & DSR_BUCKET_TOPS;
}

/** dsr_table_buckets() - return the buckets of a table; holds its @gc_lock */
static inline struct dsr_buckets *dsr_table_buckets(struct dsr_table *table)
{
	return rcu_dereference_protected(table->buckets,
					 lockdep_is_held(&table->gc_lock));
}

#endif /* _DSR_BUCKETS_H */
