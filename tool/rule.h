/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_RULE_H
#define DSRCTL_RULE_H

#include <json-c/json.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdbool.h>
#include <stdio.h>

#include "attr.h"
#include "dsrctl.h"
#include "table.h"

/**
 * struct rule_info - a rule, as the kernel sent it
 * @nest: all its attributes, for repeated ones
 * @tb: its attributes, by enum dsr_rule_attr
 * @stats: its counters, by enum dsr_stats_attr
 */
struct rule_info {
	const struct nlattr *nest;
	struct nlattr *tb[ATTR_MAX];
	struct nlattr *stats[ATTR_MAX];
};

bool rule_parse(const struct nlmsghdr *reply, struct rule_info *real);
void rule_print_words(FILE *out, const struct rule_info *real);
char *rule_words(struct rule_info *real, const char *to);
char *rule_name(struct rule_info *real);
struct json_object *rule_json(struct rule_info *real);
void rule_columns(struct table *table, bool statistics);
void rule_cells(struct table *table, bool statistics, struct rule_info *real);

#endif /* DSRCTL_RULE_H */
