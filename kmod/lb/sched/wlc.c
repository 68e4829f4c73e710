// SPDX-License-Identifier: GPL-2.0
/*
 * sched_wlc - weighted least connections: the backend with the least load for
 * its weight
 *
 * An established connection counts as much as 256 others, as in IPVS. Of equal
 * backends the first is chosen. The comparison multiplies instead of dividing:
 * the load is below 2^41 and the weight below 2^16, so a u64 is enough.
 */

#include "core/scheduler.h"
#include "sched/sched.h"

static struct dsr_backend *wlc_select(struct dsr_pool *pool,
				      const struct dsr_tuple *tuple, bool dry)
{
	struct dsr_pool_member *member, *best = NULL;
	u64 load, least = 0;

	dsr_pool_for_each(member, pool) {
		load = dsr_backend_load(member->backend);
		if (!best || load * best->weight < least * member->weight) {
			best = member;
			least = load;
		}
	}
	return best ? best->backend : NULL;
}

const struct dsr_scheduler dsr_sched_wlc = {
	.name = "wlc",
	.select = wlc_select,
};
