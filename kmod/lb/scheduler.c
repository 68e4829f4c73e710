// SPDX-License-Identifier: GPL-2.0
/* scheduler - the list of them */

#include <linux/string.h>

#include "scheduler.h"

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

/** dsr_scheduler_find() - the scheduler called @name, or %NULL */
const struct dsr_scheduler *dsr_scheduler_find(const char *name)
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
