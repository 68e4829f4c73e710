/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_HOLD_H
#define DSRCTL_HOLD_H

#include <netlink/netlink.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "addr.h"
#include "rescue.h"

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
 * struct hold_device - a device that packets come in by
 * @ifindex: its index
 * @ours: its qdisc clsact is ours
 */
struct hold_device {
	int ifindex;
	bool ours;
};

/**
 * struct hold_devices - the devices that packets come in by
 *
 * In memory that the guard shares: it is there before the first of them.
 *
 * @room: number of devices for which there is room
 * @count: number of @one
 * @one: the devices
 */
struct hold_devices {
	size_t room;
	size_t count;
	struct hold_device one[];
};

/**
 * struct hold - packets that wait in a network namespace
 * @sock: to the kernel's routing, in that namespace
 * @ifindex: the device in whose queue they wait, or 0
 * @devices: the devices that they come in by, or NULL
 * @guard: the process that lets them go if this one is killed
 * @blocked: signals that end or stop a process are blocked
 * @signals: the signals that were blocked before
 */
struct hold {
	struct nl_sock *sock;
	int ifindex;
	struct hold_devices *devices;
	struct rescue guard;
	bool blocked;
	sigset_t signals;
};

void hold_want(struct hold_wanted *wanted, const struct addr *vip);
void hold_want_all(struct hold_wanted *wanted, int family);
void hold_want_free(struct hold_wanted *wanted);
int hold_begin(struct hold *hold, const struct hold_wanted *wanted);
int hold_end(struct hold *hold);

#endif /* DSRCTL_HOLD_H */
