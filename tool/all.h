/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_ALL_H
#define DSRCTL_ALL_H

#include "netlink.h"

int all_list(struct netlink *nl, enum netlink_module module, uint8_t cmd,
	     struct netlink_replies *replies);
int all_flush_parts(struct netlink *nl, enum netlink_module module,
		    uint8_t cmd);
int all_flush(struct netlink *nl, enum netlink_module module, uint8_t cmd);

#endif /* DSRCTL_ALL_H */
