// SPDX-License-Identifier: GPL-2.0
/*
 * sched_sed - shortest expected delay: the backend that would have the fewest
 * established connections for its weight, the new one included
 *
 * Unlike wlc, sed does not prefer an idle backend of low weight while a backend
 * of high weight would still be faster. Of equal backends the first is chosen.
 */

#include "core/scheduler.h"
#include "sched/sched.h"

static struct dsr_backend *sed_select(struct dsr_pool *pool,
				      const struct dsr_tuple *tuple, bool dry)
{
	struct dsr_pool_member *member, *best = NULL;
	u64 load, least = 0;

	dsr_pool_for_each(member, pool) {
		load = (u64)(u32)atomic_read(&member->backend->active) + 1;
		if (!best || load * best->weight < least * member->weight) {
			best = member;
			least = load;
		}
	}
	return best ? best->backend : NULL;
}

const struct dsr_scheduler dsr_sched_sed = {
	.name = "sed",
	.select = sed_select,
};
