// SPDX-License-Identifier: GPL-2.0
/*
 * wrr - weighted round robin, smooth
 *
 * At each turn every backend is credited with its weight. The backend with the
 * most credit is chosen and pays the sum of the weights. Within as many turns
 * as the sum of the weights, each backend gets exactly its share. A backend of
 * high weight gets its connections evenly, not in a burst. Overloaded backends
 * are left out and keep their credit.
 */

#include "core/scheduler.h"
#include "sched/sched.h"

static struct dsr_backend *wrr_select(struct dsr_pool *pool,
				      const struct dsr_tuple *tuple, bool dry)
{
	struct dsr_pool_member *member, *best = NULL;
	s64 credit, most = 0;
	u32 sum = 0;

	spin_lock_bh(&pool->lock);
	dsr_pool_for_each(member, pool) {
		credit = member->credit + member->weight;
		if (!dry)
			member->credit = credit;
		if (!best || credit > most) {
			best = member;
			most = credit;
		}
		sum += member->weight;
	}
	if (best && !dry)
		best->credit -= sum;
	spin_unlock_bh(&pool->lock);
	return best ? best->backend : NULL;
}

const struct dsr_scheduler dsr_sched_wrr = {
	.name = "wrr",
	.select = wrr_select,
};
