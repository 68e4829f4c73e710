/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_CONNECTION_H
#define DSRCTL_CONNECTION_H

#include <json-c/json.h>
#include <netlink/attr.h>

#include "dsrctl.h"

struct json_object *connection_json(struct nlattr **tb);

/* connection_add.c */
extern const struct keyword connection_add_keywords[];
int connection_add(struct dsrctl *ctl, struct args *args);
int connection_restore(struct dsrctl *ctl, struct args *args);

#endif /* DSRCTL_CONNECTION_H */
