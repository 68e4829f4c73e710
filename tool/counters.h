/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_COUNTERS_H
#define DSRCTL_COUNTERS_H

#include "dsrctl.h"
#include "netlink.h"

/**
 * struct counters - the statistics of a module, read twice
 * @first: before the machine was watched
 * @last: after that
 */
struct counters {
	struct netlink_replies first;
	struct netlink_replies last;
};

int counters_begin(struct dsrctl *ctl, enum netlink_module module,
		   struct counters *counters);
int counters_end(struct dsrctl *ctl, enum netlink_module module,
		 struct counters *counters);
uint64_t counters_rise(const struct counters *counters, const char *reason);
uint64_t counters_total(const struct counters *counters, const char *reason);
void counters_free(struct counters *counters);

#endif /* DSRCTL_COUNTERS_H */
