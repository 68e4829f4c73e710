/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_LOCAL_H
#define DSRCTL_LOCAL_H

#include <stdbool.h>

#include "addr.h"
#include "netlink.h"

/**
 * struct local - a change of the rule of a whole VIP, under way
 * @nl: the requests
 * @vip: the VIP
 * @wanted: the rule shall be in mode local
 * @gone: its route was deleted
 * @rules: all rules before the change, if the change may affect one
 * @before: the rule that changes, or NULL
 */
struct local {
	struct netlink *nl;
	const struct addr *vip;
	bool wanted;
	bool gone;
	struct netlink_replies rules;
	const struct nlmsghdr *before;
};

int local_begin(struct netlink *nl, struct local *local,
		const struct addr *vip, bool wanted, bool fresh);
int local_end(struct local *local, int status);
int local_flush(struct netlink *nl);

#endif /* DSRCTL_LOCAL_H */
