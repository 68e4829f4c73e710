/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_CONNECTION_H
#define DSRCTL_CONNECTION_H

#include <json-c/json.h>
#include <netlink/attr.h>

struct json_object *connection_json(struct nlattr **tb);

#endif /* DSRCTL_CONNECTION_H */
