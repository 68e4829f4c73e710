/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_BACKEND_H
#define DSRCTL_BACKEND_H

#include <json-c/json.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdbool.h>

#include "dsrctl.h"
#include "table.h"

bool backend_parse(const struct nlmsghdr *reply, struct nlattr **fwmark,
		   struct nlattr **tb, struct nlattr **stats);
struct json_object *backend_json(struct nlattr **tb, struct nlattr **stats);
void backend_columns(struct table *table, bool statistics);
void backend_cells(struct table *table, bool statistics, struct nlattr **tb,
		   struct nlattr **stats);

#endif /* DSRCTL_BACKEND_H */
