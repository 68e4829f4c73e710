// SPDX-License-Identifier: GPL-2.0
/*
 * sched_sh - source hash: the same client always gets the same backend, on
 * every balancer and after every start
 *
 * Unlike the sh of IPVS, this one uses rendezvous hashing: a change of the
 * backends or weights, or an overloaded backend, moves as few clients as
 * possible.
 */

#include "core/rendezvous.h"
#include "core/scheduler.h"
#include "sched/sched.h"

static struct dsr_backend *sh_home(const struct dsr_pool *pool,
				   const struct dsr_tuple *tuple)
{
	return dsr_rendezvous_lookup(pool, dsr_pool_source_hash(pool, tuple, 0));
}

static struct dsr_backend *sh_select(struct dsr_pool *pool,
				     const struct dsr_tuple *tuple, bool dry)
{
	return dsr_rendezvous_select(pool, dsr_pool_source_hash(pool, tuple, 0));
}

const struct dsr_scheduler dsr_sched_sh = {
	.name = "sh",
	.hashes = true,
	.hash = DSR_HASH_SOURCE,
	.lookup = sh_home,
	.select = sh_select,
};
