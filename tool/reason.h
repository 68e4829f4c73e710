/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_REASON_H
#define DSRCTL_REASON_H

#include <netlink/attr.h>
#include <stdbool.h>

#include "dsrctl.h"
#include "netlink.h"

/**
 * struct reason - why a packet leaves a module as it does, in words
 * @name: as DSR_REASON_A_NAME
 * @meaning: a sentence
 * @advice: advice to change the outcome, or NULL
 */
struct reason {
	const char *name;
	const char *meaning;
	const char *advice;
};

/* of each module, ended by one without a name */
extern const struct reason reason_lb[];
extern const struct reason reason_rs[];

const struct reason *reason_find(enum netlink_module module, const char *name);
bool reason_parse(const struct nlattr *attr, struct nlattr **tb, char *name);
int reason_show(struct dsrctl *ctl, struct args *args);

#endif /* DSRCTL_REASON_H */
