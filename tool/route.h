/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_ROUTE_H
#define DSRCTL_ROUTE_H

#include <stdbool.h>

#include "addr.h"
#include "netlink.h"

int route_add(struct netlink *nl, const struct addr *vip, bool *made);
int route_delete(struct netlink *nl, const struct addr *vip, bool *gone);

#endif /* DSRCTL_ROUTE_H */
