// SPDX-License-Identifier: GPL-2.0
/*
 * sched_lc - least connections: the backend with the least load, ignoring the
 * weight
 *
 * An established connection counts as much as 256 others, as in IPVS. Of equal
 * backends the first is chosen.
 */

#include "core/scheduler.h"
#include "sched/sched.h"

static struct dsr_backend *lc_select(struct dsr_pool *pool,
				     const struct dsr_tuple *tuple, bool dry)
{
	struct dsr_pool_member *member, *best = NULL;
	u64 load, least = 0;

	dsr_pool_for_each(member, pool) {
		load = dsr_backend_load(member->backend);
		if (!best || load < least) {
			best = member;
			least = load;
		}
	}
	return best ? best->backend : NULL;
}

const struct dsr_scheduler dsr_sched_lc = {
	.name = "lc",
	.select = lc_select,
};
