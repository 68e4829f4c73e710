/* SPDX-License-Identifier: GPL-2.0 */
/*
 * netlink_rule_parse - requests about rules: from attributes to a rule
 *
 * Refuses a rule that could not work, with a sentence for the operator. Changes
 * nothing; see netlink.h.
 */
#ifndef _DSR_RS_NETLINK_RULE_PARSE_H
#define _DSR_RS_NETLINK_RULE_PARSE_H

#include <net/genetlink.h>

#include "core/rule.h"

int dsr_rs_netlink_rule_parse_key(struct genl_info *info, struct nlattr **tb,
				  struct dsr_rs_rule_key *key);
int dsr_rs_netlink_rule_parse_to(struct net *net, const struct nlattr *nest,
				 struct nlattr **tb,
				 const struct dsr_rs_rule_key *key,
				 struct dsr_rs_rule_to *to,
				 struct netlink_ext_ack *extack);
int dsr_rs_netlink_rule_parse_key_only(struct nlattr **tb,
				       struct netlink_ext_ack *extack);

#endif /* _DSR_RS_NETLINK_RULE_PARSE_H */
