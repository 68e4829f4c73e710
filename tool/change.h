/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_CHANGE_H
#define DSRCTL_CHANGE_H

#include <stdbool.h>

#include "dsrctl.h"
#include "netlink.h"

bool change_print(struct dsrctl *ctl, enum netlink_module module,
		  struct nlmsghdr *event);
int change_show(struct dsrctl *ctl, enum netlink_module module);
void change_word(struct dsrctl *ctl, const char *event, const char *name,
		 const char *sentence);

#endif /* DSRCTL_CHANGE_H */
