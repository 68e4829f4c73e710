/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_SAMPLE_H
#define DSRCTL_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dsrctl.h"
#include "netlink.h"
#include "rate.h"

enum sample_kind {
	SAMPLE_SERVICE,
	SAMPLE_BACKEND,
	SAMPLE_RULE,
	SAMPLE_REASON,
};

/**
 * struct sample_row - an object, as it was read last
 * @kind: what it is
 * @group: of a backend, the name of its service; else the name of its own
 * @name: what it is called
 * @state: of a backend, how it is; of a rule, what is wrong with it; or ""
 * @module: whose it is
 * @active: established connections
 * @inactive: other connections that are remembered
 * @connections: how fast there are new ones
 * @packets: how fast packets come
 * @bytes: how fast bytes come
 * @meaning: of a reason, in words; or NULL
 */
struct sample_row {
	enum sample_kind kind;
	char *group;
	char *name;
	char *state;
	enum netlink_module module;
	uint32_t active;
	uint32_t inactive;
	struct rate connections;
	struct rate packets;
	struct rate bytes;
	const char *meaning;
};

/**
 * struct sample_rows - objects in the order of their groups and names
 * @row: the objects
 * @count: how many
 * @room: for how many @row has room
 */
struct sample_rows {
	struct sample_row *row;
	size_t count;
	size_t room;
};

/**
 * struct sample - what the modules that are loaded do
 * @rows: their objects and reasons
 * @loaded: which are loaded
 * @entries: how many entries the table of each has
 * @max: how many it may have
 * @time: when this was read, in seconds of CLOCK_MONOTONIC; 0: never
 */
struct sample {
	struct sample_rows rows;
	bool loaded[NETLINK_MODULES];
	uint32_t entries[NETLINK_MODULES];
	uint32_t max[NETLINK_MODULES];
	double time;
};

int sample_read(struct dsrctl *ctl, struct sample *sample);
void sample_free(struct sample *sample);

#endif /* DSRCTL_SAMPLE_H */
