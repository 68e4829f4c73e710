// SPDX-License-Identifier: GPL-2.0
/*
 * The rule of a real server that takes a packet: dsr_rs chooses the same one,
 * unless the rule's "from" leaves out the machine that has sent the frame.
 */
#include <linux/dsr_rs.h>

#include "attr.h"
#include "match.h"

/* fitness of a rule with all bits of a TOS, and of the rules by VIP above it */
#define FITNESS_TOS	1
#define FITNESS_VIP	10

static int tos_fitness(struct nlattr *const *tb, const struct match *match)
{
	uint8_t mask = tb[DSR_RULE_A_TOS_MASK] ?
			       attr_u8(tb[DSR_RULE_A_TOS_MASK]) : 0xff;
	struct addr to;

	if ((match->tos & mask) != attr_u8(tb[DSR_RULE_A_TOS]))
		return 0;
	if (addr_get(tb[DSR_RULE_A_TO], &to) && to.family != match->dst.family)
		return 0;
	return FITNESS_TOS + __builtin_popcount(mask);
}

/* Return: 0 if a rule does not match; of others the greatest is taken. */
static int fitness(struct nlattr *const *tb, const struct match *match)
{
	if (tb[DSR_RULE_A_TOS])
		return tos_fitness(tb, match);
	if (!addr_is(&match->dst, tb[DSR_RULE_A_VIP]))
		return 0;
	if (!tb[DSR_RULE_A_PROTO])
		return FITNESS_VIP;
	if (attr_u8(tb[DSR_RULE_A_PROTO]) != match->proto)
		return 0;
	if (!tb[DSR_RULE_A_PORT])
		return FITNESS_VIP + 1;
	return ntohs(nla_get_u16(tb[DSR_RULE_A_PORT])) == match->dport ?
		       FITNESS_VIP + 2 : 0;
}

/**
 * match_rule() - find the rule that takes a packet
 * @rules: all rules
 * @match: the packet
 * @found: set to the rule; refers to @rules
 *
 * Return: whether there is one.
 */
bool match_rule(const struct netlink_replies *rules, const struct match *match,
		struct rule_info *found)
{
	struct rule_info rule;
	int best = 0, its;
	size_t i;

	for (i = 0; i < rules->count; i++) {
		if (!rule_parse(rules->reply[i], &rule))
			continue;
		its = fitness(rule.tb, match);
		if (its <= best)
			continue;
		best = its;
		*found = rule;
	}
	return best;
}

/**
 * match_names_vip() - check if any rule names an address, for whatever port
 * @rules: all rules
 * @vip: the address
 */
bool match_names_vip(const struct netlink_replies *rules,
		     const struct addr *vip)
{
	struct rule_info rule;
	size_t i;

	for (i = 0; i < rules->count; i++)
		if (rule_parse(rules->reply[i], &rule) &&
		    addr_is(vip, rule.tb[DSR_RULE_A_VIP]))
			return true;
	return false;
}
