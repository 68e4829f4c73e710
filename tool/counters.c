// SPDX-License-Identifier: GPL-2.0
/*
 * The counters of a module, read twice: their increase while dsrctl doctor looked.
 */
#include <linux/dsr_common.h>
#include <linux/genetlink.h>
#include <netlink/msg.h>
#include <string.h>

#include "attr.h"
#include "counters.h"
#include "reason.h"
#include "stats.h"

/**
 * counters_begin() - read the counters for the first time
 * @ctl: the run
 * @module: the module
 * @counters: set; for counters_free() in any case
 *
 * Return: enum dsrctl_status.
 */
int counters_begin(struct dsrctl *ctl, enum netlink_module module,
		   struct counters *counters)
{
	return stats_get(ctl, module, &counters->first);
}

/**
 * counters_end() - read them again
 * @ctl: the run
 * @module: the module
 * @counters: from counters_begin()
 *
 * Return: enum dsrctl_status.
 */
int counters_end(struct dsrctl *ctl, enum netlink_module module,
		 struct counters *counters)
{
	return stats_get(ctl, module, &counters->last);
}

/* Return: the packets of a reason; 0 if the module does not know the reason. */
static uint64_t find(const struct netlink_replies *replies, const char *reason)
{
	struct nlattr *attr, *tb[ATTR_MAX];
	char name[ATTR_TEXT_MAX];
	int rest;

	if (!replies->count)
		return 0;
	nlmsg_for_each_attr(attr, replies->reply[0], GENL_HDRLEN, rest) {
		if (nla_type(attr) == DSR_A_REASON &&
		    reason_parse(attr, tb, name) && !strcmp(name, reason))
			return attr_u64(tb[DSR_REASON_A_PACKETS]);
	}
	return 0;
}

/**
 * counters_rise() - count the packets that had a reason meanwhile
 * @counters: the counters, read twice
 * @reason: name of the reason
 */
uint64_t counters_rise(const struct counters *counters, const char *reason)
{
	uint64_t first = find(&counters->first, reason);
	uint64_t last = find(&counters->last, reason);

	return last > first ? last - first : 0;
}

/**
 * counters_total() - count the packets that have had a reason so far
 * @counters: the counters, read twice
 * @reason: name of the reason
 */
uint64_t counters_total(const struct counters *counters, const char *reason)
{
	return find(&counters->last, reason);
}

/**
 * counters_free() - forget the counters
 * @counters: the counters
 */
void counters_free(struct counters *counters)
{
	netlink_replies_free(&counters->first);
	netlink_replies_free(&counters->last);
}
