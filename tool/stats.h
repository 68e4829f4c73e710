/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_STATS_H
#define DSRCTL_STATS_H

#include <json-c/json.h>
#include <netlink/attr.h>
#include <stdbool.h>

#include "dsrctl.h"
#include "netlink.h"
#include "table.h"
#include "timeout.h"

#define STATS_SET_SYNTAX "[max N] " TIMEOUT_SYNTAX

extern const struct keyword stats_set_keywords[];
int stats_set(struct dsrctl *ctl, struct args *args,
	      enum netlink_module module, uint8_t cmd);

void stats_columns(struct table *table);
void stats_cells(struct table *table, struct nlattr **stats);
void stats_json(struct json_object *object, struct nlattr **stats);

int stats_get(struct dsrctl *ctl, enum netlink_module module,
	      struct netlink_replies *replies);
bool stats_parse_table(const struct netlink_replies *replies,
		       struct nlattr **tb);
struct json_object *stats_table_json(struct nlattr **tb);
void stats_table_text(struct table *table, enum netlink_module module,
		      bool statistics, struct nlattr **tb);
void stats_timeouts_text(struct table *table, struct nlattr **tb);

#endif /* DSRCTL_STATS_H */
