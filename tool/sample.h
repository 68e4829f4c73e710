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
 * @kind: kind of the object
 * @group: of a backend, the name of its service; else the name of its own
 * @name: name for the user
 * @state: state of a backend; NULL for another object
 * @module: the module
 * @active: established connections
 * @inactive: other connections that are remembered
 * @connections: rate of new connections
 * @packets: rate of packets
 * @bytes: rate of bytes
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
 * @count: number of objects
 * @room: allocated elements of @row
 */
struct sample_rows {
	struct sample_row *row;
	size_t count;
	size_t room;
};

/**
 * struct sample - a reading of the loaded modules
 * @rows: their objects and reasons
 * @loaded: true for each loaded module
 * @entries: entries in the table of each
 * @max: cap on these entries
 * @time: time of the reading in seconds of CLOCK_MONOTONIC; 0: none so far
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
