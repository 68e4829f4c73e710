/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_SILENCE_H
#define DSRCTL_SILENCE_H

#include <json-c/json.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <stdbool.h>

#include "attr.h"

/**
 * struct silence_info - a silenced address, as the kernel sent it
 * @nest: all its attributes, for repeated ones
 * @tb: ATTR_MAX attributes, by enum dsr_silence_attr
 */
struct silence_info {
	const struct nlattr *nest;
	struct nlattr *tb[ATTR_MAX];
};

bool silence_parse(const struct nlmsghdr *reply, struct silence_info *silence);
struct json_object *silence_json(const struct silence_info *silence);
char *silence_devices(const struct silence_info *silence);

#endif /* DSRCTL_SILENCE_H */
