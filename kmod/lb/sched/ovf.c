// SPDX-License-Identifier: GPL-2.0
/*
 * ovf - overflow: the backend with the greatest weight that has fewer
 * established connections than its weight
 *
 * So the weight is a number of connections. When the first backend is full, the
 * next backend gets the connections; when all are full, no backend is chosen.
 * Of equal backends the first is chosen.
 */

#include "core/scheduler.h"
#include "sched/sched.h"

static struct dsr_backend *ovf_select(struct dsr_pool *pool,
				      const struct dsr_tuple *tuple, bool dry)
{
	struct dsr_pool_member *member, *best = NULL;

	dsr_pool_for_each(member, pool) {
		if ((u32)atomic_read(&member->backend->active) >=
		    member->weight)
			continue;
		if (!best || member->weight > best->weight)
			best = member;
	}
	return best ? best->backend : NULL;
}

const struct dsr_scheduler dsr_sched_ovf = {
	.name = "ovf",
	.select = ovf_select,
};
