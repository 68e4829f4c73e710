/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_REAL_H
#define DSRCTL_REAL_H

#include <json-c/json.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdbool.h>
#include <stdio.h>

#include "attr.h"
#include "dsrctl.h"
#include "table.h"

/**
 * struct real_info - a rule, as the kernel sent it
 * @nest: all its attributes, for those that come repeatedly
 * @tb: its attributes, by enum dsr_rule_attr
 * @stats: its counters, by enum dsr_stats_attr
 */
struct real_info {
	const struct nlattr *nest;
	struct nlattr *tb[ATTR_MAX];
	struct nlattr *stats[ATTR_MAX];
};

bool real_parse(const struct nlmsghdr *reply, struct real_info *real);
void real_print_words(FILE *out, const struct real_info *real);
struct json_object *real_json(struct real_info *real);
void real_columns(struct table *table, bool statistics);
void real_cells(struct table *table, bool statistics, struct real_info *real);

#endif /* DSRCTL_REAL_H */
