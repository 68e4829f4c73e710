/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_TIMEOUT_H
#define DSRCTL_TIMEOUT_H

#include <json-c/json.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdint.h>
#include <stdio.h>

#include "args.h"

/* their number */
#define TIMEOUTS	5

extern const char *const timeout_values[];

/* keywords of a command that sets them */
#define TIMEOUT_KEYWORDS(first) \
	[(first) + 0] = { "timeout-syn", timeout_values }, \
	[(first) + 1] = { "timeout-established", timeout_values }, \
	[(first) + 2] = { "timeout-fin", timeout_values }, \
	[(first) + 3] = { "timeout-closed", timeout_values }, \
	[(first) + 4] = { "timeout-udp", timeout_values }

#define TIMEOUT_SYNTAX \
	"[timeout-syn|timeout-established|timeout-fin|timeout-closed|timeout-udp TIME|default]"

/**
 * struct timeouts - the timeouts on a command line
 * @first: index of the first of their keywords
 * @msecs: the values, 0 for the default
 */
struct timeouts {
	int first;
	uint32_t msecs[TIMEOUTS];
};

int timeout_read(struct args *args, struct timeouts *timeouts, int keyword);
int timeout_put(struct nl_msg *msg, int type, const struct args *args,
		const struct timeouts *timeouts);
void timeout_print(FILE *out, const char *prefix, struct nlattr **tb);
struct json_object *timeout_json(struct nlattr **tb);

#endif /* DSRCTL_TIMEOUT_H */
