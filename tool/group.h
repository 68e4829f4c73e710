/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_GROUP_H
#define DSRCTL_GROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "netlink.h"

int group_find(struct netlink *nl, uint16_t *family, uint32_t *events,
	       uint32_t *families);
bool group_is_gone(struct nlmsghdr *event, uint16_t family);

#endif /* DSRCTL_GROUP_H */
