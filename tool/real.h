/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_REAL_H
#define DSRCTL_REAL_H

#include <json-c/json.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdbool.h>

#include "dsrctl.h"
#include "table.h"

/* stop.c */
extern const struct keyword stop_keywords[];
int stop_run(struct dsrctl *ctl, struct args *args);

bool real_parse(const struct nlmsghdr *reply, struct nlattr **tb,
		struct nlattr **stats);
struct json_object *real_json(struct nlattr **tb, struct nlattr **stats);
void real_columns(struct table *table, bool statistics);
void real_cells(struct table *table, bool statistics, struct nlattr **tb,
		struct nlattr **stats);

#endif /* DSRCTL_REAL_H */
