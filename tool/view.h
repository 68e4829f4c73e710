/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_VIEW_H
#define DSRCTL_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "sample.h"

#define VIEW_FILTER_MAX	64

enum view_sort {
	VIEW_NAME,
	VIEW_ACTIVE,
	VIEW_CONNECTIONS,
	VIEW_PACKETS,
	VIEW_BYTES,
};

/**
 * struct view - the rows of a reading that are shown, in their order
 * @sort: order of services, backends and rules
 * @reverse: reverse the order
 * @filter: text that a name or a state has to contain; or ""
 * @object: services, each with its backends behind it; and rules
 * @objects: number of these
 * @reason: the reasons that have occurred, those that matter first
 * @reasons: number of these
 */
struct view {
	enum view_sort sort;
	bool reverse;
	char filter[VIEW_FILTER_MAX];
	const struct sample_row **object;
	size_t objects;
	const struct sample_row **reason;
	size_t reasons;
};

void view_update(struct view *view, const struct sample *sample);
void view_free(struct view *view);

#endif /* DSRCTL_VIEW_H */
