/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_TRACEPOINT_H
#define DSRCTL_TRACEPOINT_H

#include <stdbool.h>
#include <stdint.h>
#include <traceevent/event-parse.h>

#include "netlink.h"
#include "packet.h"

#define TRACEPOINTS_MAX		3
#define TRACEPOINT_REASONS_MAX	128

enum tracepoint_field {
	TRACEPOINT_NETNS,
	TRACEPOINT_REASON,
	TRACEPOINT_IFINDEX,
	TRACEPOINT_FAMILY,
	TRACEPOINT_DADDR,
	TRACEPOINT_DADDR4,
	/* the following are of packets, and not of ARP */
	TRACEPOINT_SKBADDR,
	TRACEPOINT_LEN,
	TRACEPOINT_PROTOCOL,
	TRACEPOINT_TCP_FLAGS,
	TRACEPOINT_SADDR,
	TRACEPOINT_SADDR4,
	TRACEPOINT_SPORT,
	TRACEPOINT_DPORT,
	TRACEPOINT_MARK,
	/* of one module */
	TRACEPOINT_BACKEND,
	TRACEPOINT_HOOK,

	TRACEPOINT_FIELDS
};

/**
 * struct tracepoint - a tracepoint of a module
 * @module: the module
 * @message: its events are about ARP and neighbour discovery
 * @event: its format
 * @field: its fields; NULL: there is no field of that name
 * @reason: names of its reasons, by number; NULL: there is none
 */
struct tracepoint {
	enum netlink_module module;
	bool message;
	struct tep_event *event;
	struct tep_format_field *field[TRACEPOINT_FIELDS];
	const char *reason[TRACEPOINT_REASONS_MAX];
};

/**
 * struct tracepoints - the tracepoints of the loaded modules
 * @tep: handle of libtraceevent
 * @one: the tracepoints
 * @count: number of tracepoints
 */
struct tracepoints {
	struct tep_handle *tep;
	struct tracepoint one[TRACEPOINTS_MAX];
	int count;
};

int tracepoints_find(struct tracepoints *all, const bool *loaded);
void tracepoints_free(struct tracepoints *all);
const char *tracepoint_field_name(enum tracepoint_field field);
const struct tracepoint *tracepoints_decode(const struct tracepoints *all,
					    const void *raw, uint32_t size,
					    struct packet *packet);

#endif /* DSRCTL_TRACEPOINT_H */
