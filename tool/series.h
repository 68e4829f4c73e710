/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_SERIES_H
#define DSRCTL_SERIES_H

#include <netlink/attr.h>
#include <stddef.h>
#include <stdint.h>

#include "exposition.h"

struct series;

/* The kinds of what has metrics, in the order in which they are printed. */
enum series_kind {
	SERIES_UP,
	SERIES_BUILD,
	SERIES_LOADED,
	SERIES_OBJECT,
	SERIES_REASON,
	SERIES_TABLE,
	SERIES_SERVICE,
	SERIES_BACKEND,
	SERIES_STATE,
	SERIES_ADMIN,
	SERIES_PATH,
	SERIES_RULE,
	SERIES_SILENCE,

	SERIES_COUNT
};

/**
 * struct series_sets - the objects of each kind
 * @set: by enum series_kind; zeros are empty
 */
struct series_sets {
	struct series_set {
		struct series *series;
		size_t count;
		size_t room;
	} set[SERIES_COUNT];
};

void series_add_one(struct series_sets *sets, enum series_kind kind,
		    char *labels, uint64_t value);
void series_add_object(struct series_sets *sets, enum series_kind kind,
		       char *labels, struct nlattr **tb,
		       struct nlattr **stats);
void series_print(const struct series_sets *sets,
		  struct exposition *exposition);
void series_free(struct series_sets *sets);

#endif /* DSRCTL_SERIES_H */
