// SPDX-License-Identifier: GPL-2.0
/*
 * fo - failover: the backend with the greatest weight that is not
 * overloaded
 *
 * The other backends get connections only while this one has weight 0 or is
 * overloaded. Of equal backends the first is chosen.
 */

#include "core/scheduler.h"
#include "sched/sched.h"

static struct dsr_backend *fo_select(struct dsr_pool *pool,
				     const struct dsr_tuple *tuple, bool dry)
{
	struct dsr_pool_member *member, *best = NULL;

	dsr_pool_for_each(member, pool)
		if (!best || member->weight > best->weight)
			best = member;
	return best ? best->backend : NULL;
}

const struct dsr_scheduler dsr_sched_fo = {
	.name = "fo",
	.select = fo_select,
};
