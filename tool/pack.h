/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DSRCTL_PACK_H
#define DSRCTL_PACK_H

#include <netinet/in.h>
#include <netlink/attr.h>
#include <stddef.h>
#include <stdint.h>

#include "attr.h"

/* most fields of a packed object */
#define PACK_FIELDS_MAX	16

/* largest size of a packed object */
#define PACK_MAX	(2 * sizeof(uint16_t) + \
			 PACK_FIELDS_MAX * sizeof(struct in6_addr))

/**
 * struct pack_room - storage of unpacked attributes
 * @shape: the present attributes, and the wide ones of them; 0: none yet
 * @count: their number
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
