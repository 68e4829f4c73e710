/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_DSCP_H
#define DSRCTL_DSCP_H

#include <json-c/json.h>
#include <netlink/attr.h>
#include <stdbool.h>
#include <stdint.h>

#include "args.h"

/* the bits of the TOS byte that are the DSCP (RFC 2474) */
#define DSCP_MASK	0xfc

int dscp_read(struct args *args, uint8_t *dscp);
bool dscp_is(const struct nlattr *mask);
const char *dscp_text(const struct nlattr *tos, const struct nlattr *mask,
		      char *text);
const char *dscp_both_text(const struct nlattr *tos, const struct nlattr *mask,
			   char *text);
void dscp_json(struct json_object *object, const char *key,
	       const struct nlattr *tos, const struct nlattr *mask);

#endif /* DSRCTL_DSCP_H */
