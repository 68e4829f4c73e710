/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_PATH_H
#define DSRCTL_PATH_H

#include <json-c/json.h>
#include <netlink/netlink.h>
#include <stdbool.h>
#include <stdio.h>

#include "attr.h"

/**
 * struct path_info - a device with a path, as the kernel sent it
 * @nest: all its attributes
 * @tb: its attributes, by enum dsr_path_attr; the last REASON of several
 */
struct path_info {
	struct nlattr *nest;
	struct nlattr *tb[ATTR_MAX];
};

bool path_parse(const struct nlmsghdr *reply, struct path_info *path);
struct json_object *path_json(const struct path_info *path);
void path_print_words(FILE *out, const struct path_info *path);
char *path_text(const struct path_info *path);

#endif /* DSRCTL_PATH_H */
