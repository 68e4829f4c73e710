/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_FROM_H
#define DSRCTL_FROM_H

#include <linux/dsr_rs.h>
#include <net/ethernet.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "addr.h"
#include "args.h"

/**
 * struct from - neighbours, by their addresses
 * @count: their number
 * @one: an IP address, or a MAC address if the family is 0
 */
struct from {
	int count;
	struct {
		struct addr addr;
		unsigned char mac[ETH_ALEN];
	} one[DSR_RULE_FROM_MAX];
};

int from_read(struct args *args, const char *keyword, struct from *from);
int from_put(struct nl_msg *msg, int type, const struct from *from);
const char *from_one(const struct nlattr *attr, char *text);

#endif /* DSRCTL_FROM_H */
