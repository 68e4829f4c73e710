/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_MATCH_H
#define DSRCTL_MATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "netlink.h"
#include "rule.h"

/**
 * struct match - what rules of a real server match packets by
 * @dst: destination
 * @dport: destination port
 * @proto: IPPROTO_*
 * @tos: TOS byte, or traffic class
 */
struct match {
	struct addr dst;
	uint16_t dport;
	uint8_t proto;
	uint8_t tos;
};

bool match_rule(const struct netlink_replies *rules, const struct match *match,
		struct rule_info *found);
bool match_names_vip(const struct netlink_replies *rules,
		     const struct addr *vip);

#endif /* DSRCTL_MATCH_H */
