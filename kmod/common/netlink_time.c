// SPDX-License-Identifier: GPL-2.0
/*
 * netlink_time - parse and put times; see netlink_time.h
 *
 * Included by the netlink_time.c of each module, as table.c is.
 */

#include <linux/jiffies.h>

#include "netlink_time.h"

const struct nla_policy
dsr_netlink_timeout_policy[DSR_TIMEOUT_A_MAX + 1] = {
	[DSR_TIMEOUT_A_SYN] = { .type = NLA_U32 },
	[DSR_TIMEOUT_A_ESTABLISHED] = { .type = NLA_U32 },
	[DSR_TIMEOUT_A_FIN] = { .type = NLA_U32 },
	[DSR_TIMEOUT_A_CLOSED] = { .type = NLA_U32 },
	[DSR_TIMEOUT_A_UDP] = { .type = NLA_U32 },
};

/**
 * dsr_netlink_parse_time() - parse a time
 * @attr: u32, milliseconds
 * @time: set, in jiffies, rounded up; 0 stays 0
 * @extack: receives the reason of a refusal
 *
 * Return: 0, or -%ERANGE with a message in @extack.
 */
int dsr_netlink_parse_time(const struct nlattr *attr, u32 *time,
			   struct netlink_ext_ack *extack)
{
	u32 ms = nla_get_u32(attr);

	if (ms > DSR_TIMEOUT_MAX_MS) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "time out of range: at most 7 days");
		return -ERANGE;
	}
	*time = msecs_to_jiffies(ms);
	return 0;
}

/**
 * dsr_netlink_parse_timeouts() - parse timeouts
 * @nest: nest of enum dsr_timeout_attr, or %NULL
 * @timeouts: timeouts that the nest gives are overwritten
 * @extack: receives the reason of a refusal
 *
 * Return: 0, or a negative errno with a message in @extack.
 */
int dsr_netlink_parse_timeouts(const struct nlattr *nest,
			       struct dsr_timeouts *timeouts,
			       struct netlink_ext_ack *extack)
{
	struct nlattr *tb[DSR_TIMEOUT_A_MAX + 1];
	int err, i;

	if (!nest)
		return 0;
	err = nla_parse_nested(tb, DSR_TIMEOUT_A_MAX, nest,
			       dsr_netlink_timeout_policy, extack);
	for (i = DSR_TIMEOUT_A_SYN; i <= DSR_TIMEOUT_A_MAX && !err; i++)
		if (tb[i])
			err = dsr_netlink_parse_time(tb[i],
						     &timeouts->state[i - 1],
						     extack);
	return err;
}

/**
 * dsr_netlink_put_timeouts() - append timeouts
 * @skb: message
 * @type: attribute for the nest of enum dsr_timeout_attr
 * @own: timeouts of a service, or %NULL
 * @table: timeouts of the table, to append the effective ones; %NULL to append
 *	@own, with 0 for a timeout that is not set
 *
 * Return: 0 or -%EMSGSIZE.
 */
int dsr_netlink_put_timeouts(struct sk_buff *skb, int type,
			     const struct dsr_timeouts *own,
			     const struct dsr_timeouts *table)
{
	struct nlattr *nest = nla_nest_start(skb, type);
	u32 timeout;
	int i;

	static_assert(DSR_TIMEOUT_A_SYN == DSR_CONN_SYN + 1 &&
		      DSR_TIMEOUT_A_UDP == DSR_CONN_UDP + 1);
	if (!nest)
		return -EMSGSIZE;
	for (i = DSR_TIMEOUT_A_SYN; i <= DSR_TIMEOUT_A_MAX; i++) {
		timeout = table ? dsr_timeouts_get(own, table, i - 1) :
				  READ_ONCE(own->state[i - 1]);
		if (nla_put_u32(skb, i, jiffies_to_msecs(timeout)))
			return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

