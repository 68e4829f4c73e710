/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_VISIT_H
#define DSRCTL_VISIT_H

#include <stddef.h>

#include "host.h"
#include "watch.h"

#define VISITS_MAX	256

/**
 * struct visit - the clients of one address and port, as they were seen
 * @first: the first packet of one of them
 * @came: how many connections they began
 * @left: how many of these SYNs left this machine again
 * @answered: how many of these connections this machine answered
 * @again: how many of the SYNs came more than once
 * @lost: the first packet of one that neither left nor was answered, or NULL
 * @own: the address is this machine's
 */
struct visit {
	const struct seen *first;
	unsigned int came;
	unsigned int left;
	unsigned int answered;
	unsigned int again;
	const struct seen *lost;
	bool own;
};

/**
 * struct visits - all of them
 * @one: the visits
 * @count: how many there are
 */
struct visits {
	struct visit one[VISITS_MAX];
	size_t count;
};

void visit_read(const struct watch *watch, const struct host *host,
		struct visits *visits);
bool visit_has_left(const struct watch *watch, const struct seen *seen);
bool visit_is_lost(const struct visit *visit);

#endif /* DSRCTL_VISIT_H */
