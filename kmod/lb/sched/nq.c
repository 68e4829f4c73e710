// SPDX-License-Identifier: GPL-2.0
/*
 * sched_nq - never queue: a backend without established connections if there is
 * one, else as sed
 *
 * Of equal backends the first is chosen.
 */

#include "core/scheduler.h"
#include "sched/sched.h"

static struct dsr_backend *nq_select(struct dsr_pool *pool,
				     const struct dsr_tuple *tuple, bool dry)
{
	struct dsr_pool_member *member, *best = NULL;
	u64 load, least = 0;

	dsr_pool_for_each(member, pool) {
		load = (u64)(u32)atomic_read(&member->backend->active) + 1;
		if (load == 1)
			return member->backend;
		if (!best || load * best->weight < least * member->weight) {
			best = member;
			least = load;
		}
	}
	return best ? best->backend : NULL;
}

const struct dsr_scheduler dsr_sched_nq = {
	.name = "nq",
	.select = nq_select,
};
