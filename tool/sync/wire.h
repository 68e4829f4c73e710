/* SPDX-License-Identifier: GPL-2.0 */
/*
 * wire - the messages that balancers send each other
 *
 * A message is a header and, by its type, entries or a state. All numbers are
 * big-endian. corosync has authenticated and ordered a message before it arrives
 * here; what is wrong with one is the fault of another version, or of another
 * program in the same group.
 */
#ifndef DSRSYNCD_WIRE_H
#define DSRSYNCD_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../restore.h"

#define WIRE_VERSION	1

/* corosync takes 1 MB at most */
#define WIRE_MAX	32768

/**
 * enum wire_type - type of a message
 * @WIRE_TELL: entries of the connection table
 * @WIRE_END: all that the sender has was told
 * @WIRE_STATE: once a second, and after each change
 * @WIRE_RESYNC: each member is to tell all that it has
 */
enum wire_type {
	WIRE_TELL = 1,
	WIRE_END,
	WIRE_STATE,
	WIRE_RESYNC,
};

/**
 * enum wire_verdict - result of wire_open()
 * @WIRE_GOOD: the message can be used
 * @WIRE_MALFORMED: it is too short or too long, or a value is out of range
 * @WIRE_VERSION_DIFFERS: another version has written it
 */
enum wire_verdict {
	WIRE_GOOD,
	WIRE_MALFORMED,
	WIRE_VERSION_DIFFERS,
};

/**
 * struct wire - a message
 * @data: its bytes
 * @size: their number
 * @room: capacity of @data; a message that was received has none
 * @type: enum wire_type
 * @count: number of entries
 * @sent: milliseconds of the sender's clock
 * @ready: of WIRE_STATE: the sender has all that the others had
 * @at: offset of the next entry to read
 */
struct wire {
	uint8_t *data;
	size_t size;
	size_t room;
	uint8_t type;
	uint16_t count;
	uint64_t sent;
	bool ready;
	size_t at;
};

void wire_begin(struct wire *wire, enum wire_type type, uint64_t now);
bool wire_put(struct wire *wire, const struct restore_entry *entry);
void wire_put_state(struct wire *wire, bool ready);
enum wire_verdict wire_open(struct wire *wire, void *data, size_t size);
bool wire_next(struct wire *wire, struct restore_entry *entry);

#endif /* DSRSYNCD_WIRE_H */
