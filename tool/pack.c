// SPDX-License-Identifier: GPL-2.0
/*
 * Keep very many objects in little memory until they are printed: the payloads
 * of their attributes, and the set of present attributes.
 */
#include <string.h>

#include "pack.h"

static size_t payload_size(enum attr_kind kind, bool wide)
{
	switch (kind) {
	case ATTR_ADDR:
		return wide ? sizeof(struct in6_addr) : sizeof(struct in_addr);
	case ATTR_U32:
	case ATTR_MSECS:
		return sizeof(uint32_t);
	case ATTR_PORT:
		return sizeof(uint16_t);
	default:
		return sizeof(uint8_t);
	}
}

/* Use constant sizes: a call of memcpy() is slower. */
static void copy(void *to, const void *from, size_t size)
{
	switch (size) {
	case sizeof(uint8_t):
		memcpy(to, from, sizeof(uint8_t));
		break;
	case sizeof(uint16_t):
		memcpy(to, from, sizeof(uint16_t));
		break;
	case sizeof(uint32_t):
		memcpy(to, from, sizeof(uint32_t));
		break;
	default:
		memcpy(to, from, sizeof(struct in6_addr));
		break;
	}
}

/**
 * pack() - pack an object
 * @to: set, PACK_MAX bytes
 * @fields: its attributes: addresses, ports, u32 and u8
 * @tb: the attributes, valid
 *
 * Return: its size in bytes.
 */
size_t pack(uint8_t *to, const struct attr_field *fields, struct nlattr **tb)
{
	uint16_t present = 0, wide = 0, bit = 1;
	uint8_t *at = to + sizeof(present) + sizeof(wide);
	size_t size;

	for (; fields->key; fields++, bit <<= 1) {
		const struct nlattr *attr = tb[fields->attr];

		if (!attr)
			continue;
		present |= bit;
		if (nla_len(attr) == sizeof(struct in6_addr))
			wide |= bit;
		size = payload_size(fields->kind, wide & bit);
		copy(at, nla_data(attr), size);
		at += size;
	}
	memcpy(to, &present, sizeof(present));
	memcpy(to + sizeof(present), &wide, sizeof(wide));
	return at - to;
}

/* Return the set of present attributes. */
static void set_shape(uint32_t shape, const struct attr_field *fields,
		      struct pack_room *room, struct nlattr **tb)
{
	uint32_t present = 1, wide = 1u << 16;
	size_t i = 0;

	room->shape = shape;
	for (; fields->key; fields++, present <<= 1, wide <<= 1) {
		tb[fields->attr] = NULL;
		if (!(shape & present))
			continue;
		room->attr[i].header.nla_type = fields->attr;
		room->attr[i].header.nla_len = NLA_HDRLEN +
			payload_size(fields->kind, shape & wide);
		tb[fields->attr] = &room->attr[i++].header;
	}
	room->count = i;
}

/**
 * pack_undo() - restore the attributes of a packed object
 * @from: the packed object
 * @fields: as for pack()
 * @room: storage of the attributes; zeroed before the first of several objects
 * @tb: set for each of @fields; NULL before the first object, and unchanged
 *	between the calls for the others
 *
 * Most objects have the same attributes as the object before, and only the
 * payloads differ.
 */
void pack_undo(const uint8_t *from, const struct attr_field *fields,
	       struct pack_room *room, struct nlattr **tb)
{
	uint16_t present, wide;
	uint32_t shape;
	size_t size, i;

	memcpy(&present, from, sizeof(present));
	memcpy(&wide, from + sizeof(present), sizeof(wide));
	from += sizeof(present) + sizeof(wide);
	shape = present | (uint32_t)wide << 16;
	if (shape != room->shape)
		set_shape(shape, fields, room, tb);
	for (i = 0; i < room->count; i++, from += size) {
		size = room->attr[i].header.nla_len - NLA_HDRLEN;
		copy(room->attr[i].payload, from, size);
	}
}
