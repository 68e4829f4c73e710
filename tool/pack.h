/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_PACK_H
#define DSRCTL_PACK_H

#include <netinet/in.h>
#include <netlink/attr.h>
#include <stddef.h>
#include <stdint.h>

#include "attr.h"

/* as many fields as an object that is packed may have */
#define PACK_FIELDS_MAX	16

/* the most that one takes */
#define PACK_MAX	(2 * sizeof(uint16_t) + \
			 PACK_FIELDS_MAX * sizeof(struct in6_addr))

/**
 * struct pack_room - where attributes are that were packed
 * @shape: which there are, and which of these are wide; 0: none so far
 * @count: how many there are
 * @attr: one for each field, at most
 */
struct pack_room {
	uint32_t shape;
	size_t count;
	struct {
		struct nlattr header;
		uint8_t payload[sizeof(struct in6_addr)];
	} attr[PACK_FIELDS_MAX];
};

size_t pack(uint8_t *to, const struct attr_field *fields, struct nlattr **tb);
void pack_undo(const uint8_t *from, const struct attr_field *fields,
	       struct pack_room *room, struct nlattr **tb);

#endif /* DSRCTL_PACK_H */
