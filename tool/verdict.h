/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_VERDICT_H
#define DSRCTL_VERDICT_H

#include <json-c/json.h>
#include <netlink/attr.h>
#include <stdbool.h>
#include <stdint.h>

#include "ruleset.h"

/**
 * struct verdict - what the site's rules do with a packet
 * @asked: they were asked
 * @verdict: enum dsr_firewall_verdict
 * @hook: the hook that does not accept the packet, NF_INET_*
 * @priority: of the chain that does not
 * @handle: of that chain; 0 if it is none of nf_tables
 * @family: of the packet, AF_INET or AF_INET6
 */
struct verdict {
	bool asked;
	uint8_t verdict;
	uint8_t hook;
	int32_t priority;
	uint64_t handle;
	int family;
};

void verdict_parse(struct nlattr *const *tb, int family,
		   struct verdict *verdict);
bool verdict_accepts(const struct verdict *verdict);
bool verdict_is_early(const struct verdict *verdict);
bool verdict_is_of(const struct verdict *verdict, const struct chain *chain);
const char *verdict_outcome(const struct verdict *verdict);
void verdict_text(const struct verdict *verdict, const char *accepted);
struct json_object *verdict_json(const struct verdict *verdict);

#endif /* DSRCTL_VERDICT_H */
