/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_HOLD_H
#define DSRCTL_HOLD_H

#include <netlink/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "addr.h"

/* more VIPs than this: all packets of their family wait */
#define HOLD_VIPS_MAX	256

/**
 * struct hold_wanted - which packets shall wait
 * @vip: those for these addresses
 * @count: number of @vip
 * @all: AF_INET and AF_INET6: all packets of that family
 */
struct hold_wanted {
	struct addr *vip;
	size_t count;
	bool all[2];
};

/**
 * struct hold - packets that wait in a network namespace
 * @sock: to the kernel's routing, in that namespace
 * @ifindex: the device in whose queue they wait, or 0
 * @device: the devices that they come in by
 * @devices: number of @device
 * @guard: the process that lets them go if this one is killed, or 0
 * @alive: its end of this pipe closes when this process ends, or -1
 */
struct hold {
	struct nl_sock *sock;
	int ifindex;
	struct {
		int ifindex;
		bool ours;
	} *device;
	size_t devices;
	pid_t guard;
	int alive;
};

void hold_want(struct hold_wanted *wanted, const struct addr *vip);
void hold_want_all(struct hold_wanted *wanted, int family);
void hold_want_free(struct hold_wanted *wanted);
int hold_begin(struct hold *hold, const struct hold_wanted *wanted);
int hold_end(struct hold *hold);

#endif /* DSRCTL_HOLD_H */
