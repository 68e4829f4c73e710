// SPDX-License-Identifier: GPL-2.0
/* sched - list of all schedulers, and lookups in it */

#include <linux/export.h>
#include <linux/string.h>

#include "core/rendezvous.h"
#include "core/scheduler.h"
#include "sched/sched.h"

static const struct dsr_scheduler *const schedulers[] = {
	&dsr_sched_rr,
	&dsr_sched_wrr,
	&dsr_sched_lc,
	&dsr_sched_wlc,
	&dsr_sched_sed,
	&dsr_sched_nq,
	&dsr_sched_sh,
	&dsr_sched_dh,
	&dsr_sched_fo,
	&dsr_sched_ovf,
	&dsr_sched_twos,
	&dsr_sched_maglev,
};

/** dsr_sched_find() - find a scheduler by its name or alias, or %NULL */
const struct dsr_scheduler *dsr_sched_find(const char *name)
{
	const struct dsr_scheduler *scheduler;
	int i;

	for (i = 0; i < ARRAY_SIZE(schedulers); i++) {
		scheduler = schedulers[i];
		if (!strcmp(scheduler->name, name) ||
		    (scheduler->alias && !strcmp(scheduler->alias, name)))
			return scheduler;
	}
	return NULL;
}
EXPORT_SYMBOL_GPL(dsr_sched_find);

/**
 * dsr_sched_lookup() - find the backend of a flow without an entry
 * @pool: pool with at least one member
 * @tuple: the flow
 *
 * Uses the scheduler's own hash if it has one: so a balancer that takes over
 * from another one sends the flows of that one to the same backends. Ignores
 * overload, which changes from packet to packet: all packets of the flow must
 * get the same backend.
 *
 * Context: rcu_read_lock(). Writes only the cache of rendezvous.c.
 * Return: a backend of @pool.
 */
struct dsr_backend *dsr_sched_lookup(const struct dsr_pool *pool,
				     const struct dsr_tuple *tuple)
{
	if (pool->scheduler->lookup)
		return pool->scheduler->lookup(pool, tuple);
	return dsr_rendezvous_lookup(pool, dsr_tuple_hash(tuple, 0));
}
