// SPDX-License-Identifier: GPL-2.0
/*
 * sed - shortest expected delay: the backend that would have the fewest
 * established connections for its weight if it got this one too
 *
 * Unlike with wlc a light backend does not get a connection just because it
 * has none, while a heavy one is still faster. The first of equals is chosen.
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
