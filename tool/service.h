/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_SERVICE_H
#define DSRCTL_SERVICE_H

#include <json-c/json.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdbool.h>
#include <stdint.h>

bool service_parse(const struct nlmsghdr *reply, struct nlattr **tb,
		   struct nlattr **stats);
struct json_object *service_json(struct nlattr **tb, struct nlattr **stats);
int service_put_key(struct nl_msg *msg, uint32_t fwmark);

#endif /* DSRCTL_SERVICE_H */
