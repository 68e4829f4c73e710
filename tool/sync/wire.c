// SPDX-License-Identifier: GPL-2.0
/* wire - see wire.h */

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "../report.h"
#include "wire.h"

#define MAGIC	0x44535253	/* DSRS */

/**
 * struct head - begin of a message
 * @magic: MAGIC
 * @version: WIRE_VERSION
 * @type: enum wire_type
 * @count: number of entries; of WIRE_STATE: 1 if the sender is ready
 * @sent: milliseconds of the sender's clock
 */
struct head {
	uint32_t magic;
	uint8_t version;
	uint8_t type;
	uint16_t count;
	uint64_t sent;
} __attribute__((packed));

/**
 * struct fixed - begin of an entry; three addresses follow: client, VIP, backend
 * @family: 4 or 6
 * @proto: IPPROTO_*; 0: a persistence entry
 * @state: enum dsr_conn_state
 * @zero: 0
 * @sport: the client's port
 * @dport: the port of the VIP
 * @fwmark: mark of the service, or 0
 * @expires: milliseconds that were left when the message was sent
 */
struct fixed {
	uint8_t family;
	uint8_t proto;
	uint8_t state;
	uint8_t zero;
	uint16_t sport;
	uint16_t dport;
	uint32_t fwmark;
	uint32_t expires;
} __attribute__((packed));

static size_t address_size(uint8_t family)
{
	return family == 4 ? 4 : 16;
}

static size_t entry_size(uint8_t family)
{
	return sizeof(struct fixed) + 3 * address_size(family);
}

/**
 * wire_begin() - begin a message
 * @wire: set; its data is for free()
 * @type: type of the message
 * @now: milliseconds of this machine's clock
 */
void wire_begin(struct wire *wire, enum wire_type type, uint64_t now)
{
	struct head head = {
		.magic = htobe32(MAGIC),
		.version = WIRE_VERSION,
		.type = type,
		.sent = htobe64(now),
	};

	memset(wire, 0, sizeof(*wire));
	wire->room = type == WIRE_TELL ? WIRE_MAX : sizeof(head);
	wire->data = report_alloc(NULL, wire->room);
	memcpy(wire->data, &head, sizeof(head));
	wire->size = sizeof(head);
	wire->type = type;
	wire->sent = now;
}

static void put_count(struct wire *wire, uint16_t count)
{
	struct head head;

	memcpy(&head, wire->data, sizeof(head));
	head.count = htobe16(count);
	memcpy(wire->data, &head, sizeof(head));
	wire->count = count;
}

static void put_addr(struct wire *wire, const struct addr *addr, size_t size)
{
	/* the VIP of a service with a mark may be unknown */
	if (addr->family)
		memcpy(wire->data + wire->size, &addr->in6, size);
	else
		memset(wire->data + wire->size, 0, size);
	wire->size += size;
}

/**
 * wire_put() - add an entry
 * @wire: from wire_begin(), of the type WIRE_TELL
 * @entry: the entry
 *
 * Return: false if the message is full.
 */
bool wire_put(struct wire *wire, const struct restore_entry *entry)
{
	struct fixed fixed = {
		.family = entry->src.family == AF_INET ? 4 : 6,
		.proto = entry->proto,
		.state = entry->state,
		.sport = htobe16(entry->sport),
		.dport = htobe16(entry->dport),
		.fwmark = htobe32(entry->fwmark),
		.expires = htobe32(entry->expires),
	};
	size_t size = address_size(fixed.family);

	if (wire->room - wire->size < entry_size(fixed.family))
		return false;
	memcpy(wire->data + wire->size, &fixed, sizeof(fixed));
	wire->size += sizeof(fixed);
	put_addr(wire, &entry->src, size);
	put_addr(wire, &entry->dst, size);
	put_addr(wire, &entry->backend, size);
	put_count(wire, wire->count + 1);
	return true;
}

/**
 * wire_put_state() - say if the sender is ready
 * @wire: from wire_begin(), of the type WIRE_STATE
 * @ready: it has all that the others had
 */
void wire_put_state(struct wire *wire, bool ready)
{
	put_count(wire, ready);
	wire->ready = ready;
}

static void get_addr(struct wire *wire, struct addr *addr, uint8_t family)
{
	size_t size = address_size(family);

	memset(addr, 0, sizeof(*addr));
	addr->family = family == 4 ? AF_INET : AF_INET6;
	memcpy(&addr->in6, wire->data + wire->at, size);
	wire->at += size;
}

/* Only such entries are exceptions: no half-open ones, and no closed ones. */
static bool is_state(uint8_t proto, uint8_t state)
{
	switch (proto) {
	case 0:
		return state == DSR_CONN_PERSISTENT;
	case IPPROTO_UDP:
		return state == DSR_CONN_UDP;
	case IPPROTO_TCP:
	case IPPROTO_SCTP:
		return state == DSR_CONN_ESTABLISHED || state == DSR_CONN_FIN;
	default:
		return false;
	}
}

/**
 * wire_next() - read an entry
 * @wire: from wire_open(), of the type WIRE_TELL
 * @entry: set
 *
 * Return: false if there is none left, or if it is malformed.
 */
bool wire_next(struct wire *wire, struct restore_entry *entry)
{
	struct fixed fixed;

	if (wire->size - wire->at < sizeof(fixed))
		return false;
	memcpy(&fixed, wire->data + wire->at, sizeof(fixed));
	if ((fixed.family != 4 && fixed.family != 6) || fixed.zero ||
	    !is_state(fixed.proto, fixed.state) ||
	    wire->size - wire->at < entry_size(fixed.family))
		return false;
	wire->at += sizeof(fixed);
	memset(entry, 0, sizeof(*entry));
	entry->proto = fixed.proto;
	entry->state = fixed.state;
	entry->sport = be16toh(fixed.sport);
	entry->dport = be16toh(fixed.dport);
	entry->fwmark = be32toh(fixed.fwmark);
	entry->expires = be32toh(fixed.expires);
	get_addr(wire, &entry->src, fixed.family);
	get_addr(wire, &entry->dst, fixed.family);
	get_addr(wire, &entry->backend, fixed.family);
	return true;
}

/* Check all entries, so that a mistake in the last one changes nothing. */
static bool entries_are_good(struct wire *wire)
{
	struct restore_entry entry;
	size_t start = wire->at;
	unsigned int count = 0;

	while (wire_next(wire, &entry))
		count++;
	if (wire->at != wire->size)
		return false;
	wire->at = start;
	return count == wire->count;
}

/**
 * wire_open() - check a message that was received
 * @wire: set
 * @data: the message, kept by reference
 * @size: its size
 */
enum wire_verdict wire_open(struct wire *wire, void *data, size_t size)
{
	struct head head;

	memset(wire, 0, sizeof(*wire));
	if (size < sizeof(head))
		return WIRE_MALFORMED;
	memcpy(&head, data, sizeof(head));
	if (head.magic != htobe32(MAGIC))
		return WIRE_MALFORMED;
	if (head.version != WIRE_VERSION)
		return WIRE_VERSION_DIFFERS;
	wire->data = data;
	wire->size = size;
	wire->at = sizeof(head);
	wire->type = head.type;
	wire->count = be16toh(head.count);
	wire->sent = be64toh(head.sent);
	wire->ready = wire->type == WIRE_STATE && wire->count;
	switch (wire->type) {
	case WIRE_TELL:
		return size <= WIRE_MAX && entries_are_good(wire) ?
		       WIRE_GOOD : WIRE_MALFORMED;
	case WIRE_STATE:
		return size == sizeof(head) && wire->count <= 1 ?
		       WIRE_GOOD : WIRE_MALFORMED;
	case WIRE_END:
	case WIRE_RESYNC:
		return size == sizeof(head) && !wire->count ?
		       WIRE_GOOD : WIRE_MALFORMED;
	default:
		return WIRE_MALFORMED;
	}
}
