/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_GROUP_H
#define DSRCTL_GROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "netlink.h"

int group_find(struct netlink *nl, enum netlink_module module,
	       uint16_t *family, uint32_t *events);
int group_find_controller(struct netlink *nl, uint32_t *group);
bool group_has_come(struct nlmsghdr *event, enum netlink_module module);
bool group_is_gone(struct nlmsghdr *event, uint16_t family);

#endif /* DSRCTL_GROUP_H */
