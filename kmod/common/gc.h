/* SPDX-License-Identifier: GPL-2.0 */
/*
 * gc - unlink entries of a table, and free them after a grace period
 *
 * For gc.c and table.c only: table.h has what the owners of tables need.
 */
#ifndef _DSR_GC_H
#define _DSR_GC_H

#include "table.h"

/* Time between two rounds of the garbage collector. */
#define DSR_GC_PERIOD	HZ

/**
 * struct dsr_rcu_batch - entries that wait together for a grace period
 * @rcu: the grace period
 * @ops: operations of the table, which may go before the entries
 * @count: number of entries
 * @node: entries: the one that was evicted, or up to BATCH_NODES
 */
struct dsr_rcu_batch {
	struct rcu_head rcu;
	const struct dsr_table_ops *ops;
	u32 count;
	struct dsr_node *node[];
};

void dsr_gc_free(struct rcu_head *rcu);
void dsr_gc_work(struct work_struct *work);

/** dsr_gc_unlink() - unlink an entry from new lookups; holds the stripe's lock */
static inline void dsr_gc_unlink(struct dsr_table *table,
				 struct dsr_bucket *bucket, u32 slot,
				 struct dsr_node *node)
{
	WRITE_ONCE(bucket->tags, bucket->tags & ~(0xffULL << 8 * slot));
	atomic_dec(&table->entries);
	table->ops->release(table, node);
}

#endif /* _DSR_GC_H */
