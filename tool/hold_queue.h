/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_HOLD_QUEUE_H
#define DSRCTL_HOLD_QUEUE_H

#include <netlink/route/link.h>
#include <stdbool.h>

#include "hold.h"

/* the name of the device */
#define HOLD_QUEUE	"dsr-hold"

void hold_queue_load(void);
struct rtnl_link *hold_queue_link(struct nl_sock *sock);
int hold_queue_add(struct hold *hold);
int hold_queue_plug(struct hold *hold);
int hold_queue_unplug(struct hold *hold);
bool hold_queue_drain(struct hold *hold);

#endif /* DSRCTL_HOLD_QUEUE_H */
