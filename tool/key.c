// SPDX-License-Identifier: GPL-2.0
/*
 * The key of a service: parse, send and print it.
 */
#include <arpa/inet.h>
#include <linux/dsr.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "dsrctl.h"
#include "key.h"

const char *const key_families[] = { "inet", "inet6", NULL };

/* N or N/MASK */
static int read_fwmark(struct args *args, struct key *key)
{
	const char *word = args_word(args);
	char number[16];
	const char *mask;
	int status;

	if (!word)
		return DSRCTL_USAGE;
	mask = strchr(word, '/');
	if (!mask || mask - word >= (ptrdiff_t)sizeof(number))
		return args_parse_u32(args, word, 0, UINT32_MAX, &key->fwmark);
	snprintf(number, sizeof(number), "%.*s", (int)(mask - word), word);
	status = args_parse_u32(args, number, 0, UINT32_MAX, &key->fwmark);
	if (!status)
		status = args_parse_u32(args, mask + 1, 0, UINT32_MAX,
					&key->mask);
	key->has_mask = true;
	return status;
}

/**
 * key_read() - read the value of a keyword of a key
 * @args: the words
 * @key: set
 * @keyword: index of the keyword
 *
 * Return: DSRCTL_OK, or DSRCTL_USAGE, reported unless @keyword is another.
 */
int key_read(struct args *args, struct key *key, int keyword)
{
	unsigned int choice;
	int status;

	switch (keyword) {
	case KEY_FWMARK:
		return read_fwmark(args, key);
	case KEY_FAMILY:
		status = args_choice(args, &choice);
		if (!status)
			key->family = choice ? AF_INET6 : AF_INET;
		return status;
	case KEY_VIP:
		return addr_read(args, &key->vip);
	case KEY_PROTO:
		return args_choice(args, &key->proto);
	case KEY_PORT:
		return args_ports(args, &key->port, &key->port_last);
	default:
		return DSRCTL_USAGE;
	}
}

/**
 * key_seen() - tell if any part of a key was given
 * @args: the words, all read
 */
bool key_seen(const struct args *args)
{
	int i;

	for (i = 0; i < KEY_COUNT; i++)
		if (args_seen(args, i))
			return true;
	return false;
}

/**
 * key_check() - check that the words name one service
 * @args: the words, all read
 * @needed: a service must be named
 *
 * Return: DSRCTL_OK, or DSRCTL_USAGE, reported.
 */
int key_check(const struct args *args, bool needed)
{
	bool fwmark = args_seen(args, KEY_FWMARK);
	bool vip = args_seen(args, KEY_VIP);

	if (fwmark && vip)
		return args_usage(args, "fwmark and vip exclude each other");
	if (!fwmark && !vip && (needed || key_seen(args)))
		return args_usage(args, "one of fwmark and vip is missing");
	return DSRCTL_OK;
}

/**
 * key_put() - put a key in the nest of a service
 * @msg: the request
 * @args: the words that it was read from
 * @key: the key
 *
 * Return: 0, or negative if the request has no room.
 */
int key_put(struct nl_msg *msg, const struct args *args,
	    const struct key *key)
{
	if (args_seen(args, KEY_FWMARK) &&
	    nla_put_u32(msg, DSR_SERVICE_A_FWMARK, key->fwmark))
		return -1;
	if (key->has_mask &&
	    nla_put_u32(msg, DSR_SERVICE_A_FWMARK_MASK, key->mask))
		return -1;
	if (key->family && nla_put_u8(msg, DSR_SERVICE_A_FAMILY, key->family))
		return -1;
	if (args_seen(args, KEY_VIP) &&
	    addr_put(msg, DSR_SERVICE_A_VIP, &key->vip))
		return -1;
	if (args_seen(args, KEY_PROTO) &&
	    nla_put_u8(msg, DSR_SERVICE_A_PROTO, attr_proto_number(key->proto)))
		return -1;
	if (args_seen(args, KEY_PORT) &&
	    nla_put_u16(msg, DSR_SERVICE_A_PORT, htons(key->port)))
		return -1;
	if (args_seen(args, KEY_PORT) && key->port_last >= 0 &&
	    nla_put_u16(msg, DSR_SERVICE_A_PORT_LAST, htons(key->port_last)))
		return -1;
	return 0;
}

/**
 * key_put_service() - name a service in a request
 * @msg: the request
 * @args: the words that its key was read from
 * @key: its key
 *
 * Return: 0, or negative if the request has no room.
 */
int key_put_service(struct nl_msg *msg, const struct args *args,
		    const struct key *key)
{
	struct nlattr *nest;

	nest = nla_nest_start(msg, NLA_F_NESTED | DSR_A_SERVICE);
	if (!nest || key_put(msg, args, key))
		return -1;
	return nla_nest_end(msg, nest);
}

/**
 * key_valid() - tell if a service from the kernel has a key
 * @tb: its attributes
 */
bool key_valid(struct nlattr **tb)
{
	return tb[DSR_SERVICE_A_FWMARK] || tb[DSR_SERVICE_A_VIP];
}

/**
 * key_is_inet6() - tell if a service from the kernel is an IPv6 service
 * @tb: its attributes
 */
bool key_is_inet6(struct nlattr **tb)
{
	if (tb[DSR_SERVICE_A_FAMILY])
		return nla_get_u8(tb[DSR_SERVICE_A_FAMILY]) == AF_INET6;
	return tb[DSR_SERVICE_A_VIP] &&
	       nla_len(tb[DSR_SERVICE_A_VIP]) == sizeof(struct in6_addr);
}

static uint16_t port_number(const struct nlattr *attr)
{
	return attr ? ntohs(nla_get_u16(attr)) : 0;
}

/* NULL unless the ports are a range */
static const struct nlattr *last_port(struct nlattr **tb)
{
	const struct nlattr *first = tb[DSR_SERVICE_A_PORT];
	const struct nlattr *last = tb[DSR_SERVICE_A_PORT_LAST];

	return first && port_number(last) != port_number(first) ? last : NULL;
}

/**
 * key_get_id() - get the key of a service for comparison
 * @tb: its attributes
 * @id: set
 */
void key_get_id(struct nlattr **tb, struct key_id *id)
{
	const struct nlattr *vip = tb[DSR_SERVICE_A_VIP];

	memset(id, 0, sizeof(*id));
	id->fwmark = attr_u32(tb[DSR_SERVICE_A_FWMARK]);
	if (vip)
		memcpy(id->vip, nla_data(vip), nla_len(vip));
	id->port = port_number(tb[DSR_SERVICE_A_PORT]);
	id->port_last = port_number(last_port(tb));
	if (tb[DSR_SERVICE_A_PROTO])
		id->proto = nla_get_u8(tb[DSR_SERVICE_A_PROTO]);
	id->family = key_is_inet6(tb) ? AF_INET6 : AF_INET;
	id->has = !!vip;
}

/**
 * key_text() - format the key of a service as on the command line
 * @tb: its attributes
 * @text: set, KEY_TEXT_MAX bytes
 *
 * Return: @text.
 */
const char *key_text(struct nlattr **tb, char *text)
{
	const struct nlattr *proto = tb[DSR_SERVICE_A_PROTO];
	const struct nlattr *port = tb[DSR_SERVICE_A_PORT];
	const struct nlattr *mask = tb[DSR_SERVICE_A_FWMARK_MASK];
	const struct nlattr *last = last_port(tb);
	char part[ATTR_TEXT_MAX];
	int used;

	if (tb[DSR_SERVICE_A_FWMARK]) {
		used = snprintf(text, KEY_TEXT_MAX, "fwmark %s",
				attr_text(ATTR_U32, tb[DSR_SERVICE_A_FWMARK],
					  part));
		if (mask)
			used += snprintf(text + used, KEY_TEXT_MAX - used,
					 "/0x%x", attr_u32(mask));
		if (key_is_inet6(tb))
			snprintf(text + used, KEY_TEXT_MAX - used,
				 " family inet6");
		return text;
	}

	used = snprintf(text, KEY_TEXT_MAX, "vip %s",
			attr_text(ATTR_ADDR, tb[DSR_SERVICE_A_VIP], part));
	if (proto)
		used += snprintf(text + used, KEY_TEXT_MAX - used, " proto %s",
				 attr_text(ATTR_PROTO, proto, part));
	if (port)
		used += snprintf(text + used, KEY_TEXT_MAX - used, " port %s",
				 attr_text(ATTR_PORT, port, part));
	if (port && last)
		snprintf(text + used, KEY_TEXT_MAX - used, "-%s",
			 attr_text(ATTR_PORT, last, part));
	return text;
}

/**
 * key_json() - add the key of a service to an object
 * @object: the object
 * @tb: attributes of the service
 */
void key_json(struct json_object *object, struct nlattr **tb)
{
	const char *family = key_families[key_is_inet6(tb)];

	attr_json(object, "fwmark", ATTR_U32, tb[DSR_SERVICE_A_FWMARK]);
	json_object_object_add(object, "family",
			       json_object_new_string(family));
	attr_json(object, "vip", ATTR_ADDR, tb[DSR_SERVICE_A_VIP]);
	attr_json(object, "proto", ATTR_PROTO, tb[DSR_SERVICE_A_PROTO]);
	attr_json(object, "port", ATTR_PORT, tb[DSR_SERVICE_A_PORT]);
	attr_json(object, "port_last", ATTR_PORT, last_port(tb));
}

/**
 * key_backends() - ask for the backends of a service
 * @ctl: the run
 * @args: command line of @key
 * @key: service, or NULL for all
 * @replies: set, to be freed by netlink_replies_free() in any case
 *
 * Return: enum dsrctl_status.
 */
int key_backends(struct dsrctl *ctl, const struct args *args,
		 const struct key *key, struct netlink_replies *replies)
{
	struct nl_msg *msg;
	int status;

	memset(replies, 0, sizeof(*replies));
	status = netlink_query(ctl->netlink, NETLINK_LB, DSR_CMD_BACKEND_GET,
			       NLM_F_DUMP, &msg);
	if (status)
		return status;
	if (key && key_put_service(msg, args, key))
		return netlink_too_long(msg);
	return netlink_collect(ctl->netlink, msg, replies);
}
