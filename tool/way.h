/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_WAY_H
#define DSRCTL_WAY_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "host.h"

/**
 * struct way - a question to the kernel's routing, and its answer
 * @to: destination
 * @from: source; of family 0: the kernel chooses it
 * @iif: the device that the packet comes in by; 0: this machine sends it
 * @mark: mark of the packet, or 0
 * @from_table: ask for the route as the table has it, and @prefix
 * @error: set: 0, or why the packet has no way, an errno
 * @local: set: the way ends at this machine
 * @ifindex: set: the device that it leaves by
 * @gateway: set: the router; of family 0 if @to is a neighbour
 * @source: set: the source that the kernel chooses; of family 0 if unknown
 * @mtu: set: the MTU of the route or of its device; 0 if unknown
 * @prefix: set with @from_table: the destination of the route; of family 0 if unknown
 * @prefix_bits: set: as many bits of it count
 */
struct way {
	struct addr to;
	struct addr from;
	int iif;
	uint32_t mark;
	bool from_table;
	int error;
	bool local;
	int ifindex;
	struct addr gateway;
	struct addr source;
	uint32_t mtu;
	struct addr prefix;
	unsigned int prefix_bits;
};

void way_ask(const struct host *host, struct way *way);

#endif /* DSRCTL_WAY_H */
