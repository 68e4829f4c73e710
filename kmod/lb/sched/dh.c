// SPDX-License-Identifier: GPL-2.0
/*
 * sched_dh - destination hash: the same VIP always gets the same backend, on
 * every balancer and after every start
 *
 * For caches, where a service is a range of addresses. Uses rendezvous hashing,
 * as sh does.
 */

#include "core/rendezvous.h"
#include "core/scheduler.h"
#include "sched/sched.h"

static struct dsr_backend *dh_home(const struct dsr_pool *pool,
				   const struct dsr_tuple *tuple)
{
	return dsr_rendezvous_lookup(pool, dsr_tuple_dest_hash(tuple, 0));
}

static struct dsr_backend *dh_select(struct dsr_pool *pool,
				     const struct dsr_tuple *tuple, bool dry)
{
	return dsr_rendezvous_select(pool, dsr_tuple_dest_hash(tuple, 0));
}

const struct dsr_scheduler dsr_sched_dh = {
	.name = "dh",
	.hashes = true,
	.lookup = dh_home,
	.select = dh_select,
};
