// SPDX-License-Identifier: GPL-2.0
/*
 * sched_rr - round robin: each backend in turn, ignoring the weight
 *
 * All CPUs share one counter, so that the split is exact with any number of
 * CPUs.
 */

#include "core/scheduler.h"
#include "sched/sched.h"

static struct dsr_backend *rr_select(struct dsr_pool *pool,
				     const struct dsr_tuple *tuple, bool dry)
{
	struct dsr_pool_member *member;
	u32 turn, i;

	turn = dry ? atomic_read(&pool->turn) :
		     (u32)atomic_inc_return(&pool->turn) - 1;
	for (i = 0; i < pool->count; i++) {
		member = &pool->member[(turn + i) % pool->count];
		if (likely(dsr_pool_member_available(pool, member)))
			break;
	}
	if (unlikely(i == pool->count))
		return NULL;
	/* The overloaded backends that were skipped have had their turn. */
	if (unlikely(i) && !dry)
		atomic_add(i, &pool->turn);
	return member->backend;
}

const struct dsr_scheduler dsr_sched_rr = {
	.name = "rr",
	.select = rr_select,
};
