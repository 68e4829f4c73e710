// SPDX-License-Identifier: GPL-2.0
/*
 * sched_wrr - weighted round robin, smooth
 *
 * At each turn every backend is credited with its weight, the one with the
 * most credit is chosen and pays the sum of the weights. Within a sum of
 * weights' turns each gets exactly its share, and a heavy backend gets its
 * connections spread among those of the others instead of in a burst.
 */

#include "scheduler.h"

static struct dsr_backend *wrr_select(struct dsr_pool *pool,
				      const struct dsr_tuple *tuple, bool dry)
{
	struct dsr_pool_member *member, *best = NULL;
	u32 i;

	spin_lock_bh(&pool->lock);
	for (i = 0; i < pool->count; i++) {
		member = &pool->member[i];
		if (!best || member->credit + member->weight >
			     best->credit + best->weight)
			best = member;
	}
	for (i = 0; i < pool->count && !dry; i++)
		pool->member[i].credit += pool->member[i].weight;
	if (!dry)
		best->credit -= pool->weight;
	spin_unlock_bh(&pool->lock);
	return best->backend;
}

const struct dsr_scheduler dsr_sched_wrr = {
	.name = "wrr",
	.select = wrr_select,
};
