/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_SERVICE_H
#define DSRCTL_SERVICE_H

#include <json-c/json.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdbool.h>

#include "attr.h"

/**
 * struct service_info - a service, as the kernel sent it
 * @tb: its attributes, by enum dsr_service_attr
 * @stats: its counters, by enum dsr_stats_attr
 * @timeouts: its timeouts, by enum dsr_timeout_attr
 */
struct service_info {
	struct nlattr *tb[ATTR_MAX];
	struct nlattr *stats[ATTR_MAX];
	struct nlattr *timeouts[ATTR_MAX];
};

bool service_parse(const struct nlattr *nest, struct service_info *service);
bool service_parse_reply(const struct nlmsghdr *reply,
			 struct service_info *service);
char *service_text(struct service_info *service, bool dscp);
struct json_object *service_json(struct service_info *service);

#endif /* DSRCTL_SERVICE_H */
