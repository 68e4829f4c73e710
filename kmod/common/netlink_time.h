/* SPDX-License-Identifier: GPL-2.0 */
/* netlink_time - convert milliseconds of messages to jiffies and back */
#ifndef _DSR_NETLINK_TIME_H
#define _DSR_NETLINK_TIME_H

#include <net/netlink.h>
#include <linux/dsr_common.h>

#include "timeouts.h"

extern const struct nla_policy
dsr_netlink_timeout_policy[DSR_TIMEOUT_A_MAX + 1];

int dsr_netlink_parse_time(const struct nlattr *attr, u32 *time,
			   struct netlink_ext_ack *extack);
int dsr_netlink_parse_timeouts(const struct nlattr *nest,
			       struct dsr_timeouts *timeouts,
			       struct netlink_ext_ack *extack);
int dsr_netlink_put_timeouts(struct sk_buff *skb, int type,
			     const struct dsr_timeouts *own,
			     const struct dsr_timeouts *table);

#endif /* _DSR_NETLINK_TIME_H */
