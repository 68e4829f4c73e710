// SPDX-License-Identifier: GPL-2.0
/*
 * sched_rr - round robin: each backend in turn, whatever its weight
 *
 * The turn is one counter, so that the split is exact with any number of CPUs.
 */

#include "scheduler.h"

static struct dsr_backend *rr_select(struct dsr_pool *pool,
				     const struct dsr_tuple *tuple, bool dry)
{
	u32 turn = dry ? atomic_read(&pool->turn) :
			 (u32)atomic_inc_return(&pool->turn) - 1;

	return pool->member[turn % pool->count].backend;
}

const struct dsr_scheduler dsr_sched_rr = {
	.name = "rr",
	.select = rr_select,
};
