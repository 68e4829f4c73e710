/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_PLAN_H
#define DSRCTL_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "dsrctl.h"
#include "item.h"

enum verb {
	VERB_ADD,
	VERB_CHANGE,
	VERB_DELETE,
	VERB_DRAIN,
};

/* what has become of a change */
enum outcome {
	OUTCOME_WAITS,
	OUTCOME_REFUSED,
	OUTCOME_MADE,
};

/**
 * struct change - a difference between the file and the kernel
 * @verb: what is to be done
 * @before: the object in the kernel, or NULL
 * @after: the object in the file, or NULL
 * @out: a backend that gets no new connections afterwards
 * @outcome: what has become of it
 */
struct change {
	enum verb verb;
	const struct item *before;
	const struct item *after;
	bool out;
	enum outcome outcome;
};

/**
 * struct plan - all differences, in the order in which they are removed
 * @config: the file
 * @live: the objects in the kernel
 * @change: the differences
 * @count: their number
 * @generation: number of the configuration that @live is; 0: dsr_lb has no
 *	transactions, or is not loaded
 * @outdated: set if the configuration is another one by now, and nothing was made
 * @wait: milliseconds to wait for routes and devices that are missing; 0: the
 *	first refusal ends the plan
 */
struct plan {
	struct config config;
	struct items live;
	struct change *change;
	size_t count;
	uint32_t generation;
	bool outdated;
	uint32_t wait;
};

/* plan_commit.c */
int plan_commit(struct dsrctl *ctl, struct plan *plan);

/* plan_run.c */
int plan_make_change(struct dsrctl *ctl, const struct plan *plan,
		     const struct change *change);
int plan_run(struct dsrctl *ctl, struct plan *plan);

#endif /* DSRCTL_PLAN_H */
