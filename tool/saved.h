/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_SAVED_H
#define DSRCTL_SAVED_H

#include <stdint.h>

#include "hold.h"
#include "netlink.h"

/**
 * struct saved - all that dsr_lb has in a network namespace
 * @services: the services
 * @backends: their backends
 * @paths: devices with a path
 * @table: limit and timeouts of the connections
 * @connection: the attributes DSR_A_CONNECTION of the connections
 * @used: their bytes
 * @room: room for them
 * @connections: their number
 */
struct saved {
	struct netlink_replies services;
	struct netlink_replies backends;
	struct netlink_replies paths;
	struct netlink_replies table;
	uint8_t *connection;
	size_t used;
	size_t room;
	uint64_t connections;
};

int saved_read(struct netlink *nl, struct saved *saved);
int saved_read_connections(struct netlink *nl, struct saved *saved);
int saved_read_again(struct netlink *nl, struct saved *saved);
int saved_want(const struct saved *saved, struct hold_wanted *wanted);
int saved_write(struct netlink *nl, const struct saved *saved,
		unsigned int *missing);
int saved_write_connections(struct netlink *nl, const struct saved *saved,
			    uint64_t *kept);
void saved_free(struct saved *saved);

#endif /* DSRCTL_SAVED_H */
