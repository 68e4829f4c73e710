// SPDX-License-Identifier: GPL-2.0
/*
 * Read the attributes of replies, and print one as the cell of a table or as
 * the value of a JSON key. An absent attribute is "-" or null. attr_parse*()
 * checks lengths and types once; other code reads only checked attributes.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "attr.h"
#include "text.h"

const char *const attr_paths[] = {
	[DSR_PATH_STACK] = "stack",
	[DSR_PATH_DIRECT] = "direct",
	NULL
};

const char *const attr_hashes[] = {
	[DSR_HASH_DEFAULT] = "default",
	[DSR_HASH_SOURCE] = "source",
	[DSR_HASH_SOURCE_PORT] = "source-port",
	NULL
};

const char *const attr_protos[] = { "tcp", "udp", "sctp", NULL };

static const uint8_t proto_numbers[] = {
	IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP
};

const char *const attr_switches[] = { "off", "on", NULL };

const char *const attr_pings[] = {
	[DSR_PING_REPLY] = "reply",
	[DSR_PING_FORWARD] = "forward",
	[DSR_PING_IGNORE] = "ignore",
	NULL
};

const char *const attr_rule_modes[] = {
	[DSR_RULE_MODE_REDIRECT] = "redirect",
	[DSR_RULE_MODE_LOCAL] = "local",
	NULL
};

const char *const attr_on_unreachables[] = {
	[DSR_ON_UNREACHABLE_KEEP] = "keep",
	[DSR_ON_UNREACHABLE_SKIP] = "skip",
	NULL
};

const char *const attr_path_vias[] = {
	[DSR_PATH_VIA_INGRESS] = "ingress",
	[DSR_PATH_VIA_XDP] = "xdp",
	[DSR_PATH_VIA_XDP_GENERIC] = "xdp-generic",
	NULL
};

const char *const attr_on_downs[] = {
	[DSR_ON_DOWN_RESCHEDULE] = "reschedule",
	[DSR_ON_DOWN_RESET] = "reset",
	[DSR_ON_DOWN_DROP] = "drop",
	NULL
};

const char *const attr_conn_states[] = {
	[DSR_CONN_SYN] = "syn",
	[DSR_CONN_ESTABLISHED] = "established",
	[DSR_CONN_FIN] = "fin",
	[DSR_CONN_CLOSED] = "closed",
	[DSR_CONN_UDP] = "udp",
	[DSR_CONN_PERSISTENT] = "persistent",
	[DSR_CONN_UNPROVEN] = "unproven",
	NULL
};

const char *const attr_flow_states[] = {
	"syn", "established", "fin", "closed", "udp", NULL
};

static const char *const attr_backend_states[] = {
	[DSR_BACKEND_UNKNOWN] = "unknown",
	[DSR_BACKEND_REACHABLE] = "reachable",
	[DSR_BACKEND_INCOMPLETE] = "incomplete",
	[DSR_BACKEND_UNREACHABLE] = "unreachable",
	[DSR_BACKEND_NO_ROUTE] = "no_route",
	[DSR_BACKEND_LOCAL] = "local",
	NULL
};

static const char *const attr_backend_admins[] = {
	[DSR_BACKEND_UP] = "up",
	[DSR_BACKEND_DRAINING] = "draining",
	[DSR_BACKEND_DOWN] = "down",
	NULL
};

static const char *const attr_choices[] = {
	[DSR_CHOICE_NONE] = "none",
	[DSR_CHOICE_CONNECTION] = "connection",
	[DSR_CHOICE_SCHEDULER] = "scheduler",
	[DSR_CHOICE_PERSISTENCE] = "persistence",
	[DSR_CHOICE_HASH] = "hash",
	[DSR_CHOICE_QUOTED] = "quoted",
	[DSR_CHOICE_PROBE] = "probe",
	NULL
};

/* Names of the values, by kind. */
static const char *const *const kind_names[] = {
	[ATTR_BOOL] = attr_switches,
	[ATTR_PATH] = attr_paths,
	[ATTR_HASH] = attr_hashes,
	[ATTR_CONN_STATE] = attr_conn_states,
	[ATTR_BACKEND_STATE] = attr_backend_states,
	[ATTR_BACKEND_ADMIN] = attr_backend_admins,
	[ATTR_PING] = attr_pings,
	[ATTR_RULE_MODE] = attr_rule_modes,
	[ATTR_ON_DOWN] = attr_on_downs,
	[ATTR_PATH_VIA] = attr_path_vias,
	[ATTR_ON_UNREACHABLE] = attr_on_unreachables,
	[ATTR_CHOICE] = attr_choices,
	[ATTR_DEVICE] = NULL
};

/**
 * attr_proto_number() - return the number of a protocol
 * @choice: index in attr_protos
 */
unsigned int attr_proto_number(unsigned int choice)
{
	return proto_numbers[choice];
}

/* Return the name of a value, or its number if dsrctl knows no name. */
static void name_text(unsigned int value, const char *const *names, char *text)
{
	unsigned int i;

	for (i = 0; names[i] && i != value; i++)
		;
	if (names[i])
		strcpy(text, names[i]);
	else
		text_number(text, value);
}

static void proto_text(unsigned int proto, char *text)
{
	unsigned int i;

	for (i = 0; attr_protos[i]; i++)
		if (attr_proto_number(i) == proto)
			break;
	if (attr_protos[i])
		strcpy(text, attr_protos[i]);
	else
		text_number(text, proto);
}

static void mac_text(const struct nlattr *attr, char *text, size_t size)
{
	const unsigned char *byte = nla_data(attr);
	size_t i, used = 0;

	for (i = 0; i < (size_t)nla_len(attr) && used + 4 <= size; i++)
		used += snprintf(text + used, size - used, "%s%02x",
				 i ? ":" : "", byte[i]);
}

/* The device whose name was looked up last, while names are kept. */
static struct {
	bool is_kept;
	unsigned int ifindex;
	char name[IF_NAMESIZE];
} device;

/**
 * attr_keep_device() - keep the name of a device between lookups
 * @keep: keep the name, or stop
 *
 * A lookup takes three system calls. A kept name does not follow a change, so
 * keep names for a list only, and not while watching events.
 */
void attr_keep_device(bool keep)
{
	device.is_kept = keep;
	device.ifindex = 0;
}

static void device_text(unsigned int ifindex, char *text, size_t size)
{
	if (!device.is_kept || ifindex != device.ifindex) {
		device.ifindex = ifindex;
		/* the device is gone since the reply: print its index */
		if (!if_indextoname(ifindex, device.name))
			snprintf(device.name, sizeof(device.name), "if%u",
				 ifindex);
	}
	snprintf(text, size, "%s", device.name);
}

static void bytes_text(uint64_t bytes, char *text, size_t size)
{
	static const char units[] = "KMGTPE";
	double value = bytes;
	int unit = -1;

	/* from here on "%.1f" would print "1024.0" */
	while (value >= 1023.95 && units[unit + 1]) {
		value /= 1024;
		unit++;
	}
	if (unit < 0)
		snprintf(text, size, "%" PRIu64 " B", bytes);
	else
		snprintf(text, size, "%.1f %ciB", value, units[unit]);
}

/**
 * attr_text() - format an attribute as text
 * @kind: kind of the attribute
 * @attr: the attribute, or NULL
 * @text: set, ATTR_TEXT_MAX bytes
 *
 * Return: @text; "-" if the attribute is absent.
 */
const char *attr_text(enum attr_kind kind, const struct nlattr *attr,
		      char *text)
{
	const size_t size = ATTR_TEXT_MAX;

	if (!attr || (kind == ATTR_LIMIT && !nla_get_u32(attr)))
		return strcpy(text, "-");

	switch (kind) {
	case ATTR_U8:
		text_number(text, nla_get_u8(attr));
		break;
	case ATTR_U32:
	case ATTR_LIMIT:
		text_number(text, nla_get_u32(attr));
		break;
	case ATTR_U64:
		text_number(text, nla_get_u64(attr));
		break;
	case ATTR_BYTES:
		bytes_text(nla_get_u64(attr), text, size);
		break;
	case ATTR_MSECS:
		strcpy(text_number(text, nla_get_u32(attr) / 1000), "s");
		break;
	case ATTR_PORT:
		text_number(text, ntohs(nla_get_u16(attr)));
		break;
	case ATTR_STRING:
		attr_string(attr, text, size);
		break;
	case ATTR_ADDR:
		addr_text(text, nla_data(attr), nla_len(attr));
		break;
	case ATTR_PROTO:
		proto_text(nla_get_u8(attr), text);
		break;
	case ATTR_MAC:
		mac_text(attr, text, size);
		break;
	case ATTR_DEVICE:
		device_text(nla_get_u32(attr), text, size);
		break;
	default:
		name_text(nla_get_u8(attr), kind_names[kind], text);
		break;
	}
	return text;
}

/**
 * attr_tos_text() - format a TOS value as on the command line
 * @tos: u8, or NULL
 * @mask: u8, or NULL
 * @text: set, ATTR_TEXT_MAX bytes
 *
 * Return: @text; "-" if there is no TOS value, that is, if the mask is 0.
 */
const char *attr_tos_text(const struct nlattr *tos, const struct nlattr *mask,
			  char *text)
{
	unsigned int value = attr_u8(tos);
	unsigned int bits = attr_u8(mask);

	if (!bits)
		strcpy(text, "-");
	else if (bits == (value & 0x03 ? 0xffu : 0xfcu))
		snprintf(text, ATTR_TEXT_MAX, "0x%02x", value);
	else
		snprintf(text, ATTR_TEXT_MAX, "0x%02x/0x%02x", value, bits);
	return text;
}

/**
 * attr_to_text() - format the target of a rule as on the command line
 * @addr: 4 or 16 bytes, or NULL
 * @port: be16, or NULL
 * @text: set, ATTR_TEXT_MAX bytes
 *
 * Return: @text; "-" if there is neither.
 */
const char *attr_to_text(const struct nlattr *addr, const struct nlattr *port,
			 char *text)
{
	if (addr || !port)
		return attr_endpoint_text(addr, port, text);
	snprintf(text, ATTR_TEXT_MAX, ":%u", ntohs(nla_get_u16(port)));
	return text;
}

/**
 * attr_cell() - fill the next cell of a table
 * @table: the table
 * @kind: kind of the attribute
 * @attr: the attribute, or NULL
 */
void attr_cell(struct table *table, enum attr_kind kind,
	       const struct nlattr *attr)
{
	char text[ATTR_TEXT_MAX];

	table_put(table, attr_text(kind, attr, text));
}

/**
 * attr_endpoint_text() - format an address and a port as ADDR:PORT
 * @addr: 4 or 16 bytes, or NULL
 * @port: be16, or NULL: the address alone
 * @text: set, ATTR_TEXT_MAX bytes
 *
 * Return: @text.
 */
const char *attr_endpoint_text(const struct nlattr *addr,
			       const struct nlattr *port, char *text)
{
	bool brackets = addr && port && attr_is_ipv6(addr);
	char *to = text;

	if (brackets)
		*to++ = '[';
	if (addr)
		to = addr_text(to, nla_data(addr), nla_len(addr));
	else
		to = stpcpy(to, "-");
	if (brackets)
		*to++ = ']';
	if (port) {
		*to++ = ':';
		text_number(to, ntohs(nla_get_u16(port)));
	}
	return text;
}

/**
 * attr_cell_endpoint() - fill the next cell of a table with ADDR:PORT
 * @table: the table
 * @addr: 4 or 16 bytes, or NULL
 * @port: be16, or NULL
 */
void attr_cell_endpoint(struct table *table, const struct nlattr *addr,
			const struct nlattr *port)
{
	char text[ATTR_TEXT_MAX];

	table_put(table, attr_endpoint_text(addr, port, text));
}

/* Return an attribute as a JSON value. */
enum json_kind { JSON_NULL, JSON_NUMBER, JSON_BOOL, JSON_TEXT };

static enum json_kind json_kind(enum attr_kind kind, const struct nlattr *attr,
				uint64_t *number)
{
	if (!attr || (kind == ATTR_LIMIT && !nla_get_u32(attr)))
		return JSON_NULL;

	switch (kind) {
	case ATTR_U8:
		*number = nla_get_u8(attr);
		return JSON_NUMBER;
	case ATTR_U32:
	case ATTR_LIMIT:
	case ATTR_MSECS:
		*number = nla_get_u32(attr);
		return JSON_NUMBER;
	case ATTR_U64:
	case ATTR_BYTES:
		*number = nla_get_u64(attr);
		return JSON_NUMBER;
	case ATTR_PORT:
		*number = ntohs(nla_get_u16(attr));
		return JSON_NUMBER;
	case ATTR_BOOL:
		*number = nla_get_u8(attr);
		return JSON_BOOL;
	default:
		return JSON_TEXT;
	}
}

/**
 * attr_json() - add an attribute to a JSON object
 * @object: the object
 * @key: key of the attribute
 * @kind: kind of the attribute
 * @attr: the attribute; NULL becomes null
 */
void attr_json(struct json_object *object, const char *key,
	       enum attr_kind kind, const struct nlattr *attr)
{
	struct json_object *value = NULL;
	char text[ATTR_TEXT_MAX];
	uint64_t number;

	switch (json_kind(kind, attr, &number)) {
	case JSON_NULL:
		break;
	case JSON_NUMBER:
		value = json_object_new_uint64(number);
		break;
	case JSON_BOOL:
		value = json_object_new_boolean(number);
		break;
	case JSON_TEXT:
		value = json_object_new_string(attr_text(kind, attr, text));
		break;
	}
	json_object_object_add(object, key, value);
}

/**
 * attr_json_object() - make a JSON object of attributes
 * @fields: the attributes to use, ended by one without a key
 * @tb: the attributes
 *
 * Return: to be freed by json_object_put().
 */
struct json_object *attr_json_object(const struct attr_field *fields,
				     struct nlattr **tb)
{
	struct json_object *object = json_object_new_object();

	for (; fields->key; fields++)
		attr_json(object, fields->key, fields->kind, tb[fields->attr]);
	return object;
}

/**
 * attr_json_row() - print the same object as an element of a JSON array
 * @list: the array
 * @fields: the attributes to use, ended by one without a key; no strings
 * @tb: the attributes
 */
void attr_json_row(struct json_list *list, const struct attr_field *fields,
		   struct nlattr **tb)
{
	const struct nlattr *attr;
	uint64_t number;
	char *to;

	json_row_begin(list);
	for (; fields->key; fields++) {
		attr = tb[fields->attr];
		to = json_row_key(list, fields->key);
		switch (json_kind(fields->kind, attr, &number)) {
		case JSON_NULL:
			to = stpcpy(to, "null");
			break;
		case JSON_NUMBER:
			to = text_number(to, number);
			break;
		case JSON_BOOL:
			to = stpcpy(to, number ? "true" : "false");
			break;
		case JSON_TEXT:
			*to++ = '"';
			if (fields->kind == ATTR_ADDR)
				to = addr_text(to, nla_data(attr),
					       nla_len(attr));
			else
				to += strlen(attr_text(fields->kind, attr, to));
			*to++ = '"';
			break;
		}
		json_row_take(list, to);
	}
	json_row_end(list);
}
