// SPDX-License-Identifier: GPL-2.0
/*
 * dsrctl connection: the connections that the balancer remembers.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <linux/dsr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "all.h"
#include "args.h"
#include "attr.h"
#include "connection.h"
#include "dsrctl.h"
#include "filter.h"
#include "json.h"
#include "listing.h"
#include "netlink.h"
#include "pack.h"
#include "report.h"
#include "stats.h"

enum {
	SHOW_FWMARK = FILTER_COUNT,
	SHOW_VIA,
	SHOW_SORT,
};

/* sort orders */
enum {
	SORT_SRC,
	SORT_DST,
	SORT_VIA,
	SORT_STATE,
	SORT_EXPIRES,
};

static const char *const sort_values[] = {
	[SORT_SRC] = "src",
	[SORT_DST] = "dst",
	[SORT_VIA] = "via",
	[SORT_STATE] = "state",
	[SORT_EXPIRES] = "expires",
	NULL
};

static const struct keyword show_keywords[] = {
	FILTER_KEYWORDS(attr_protos, attr_conn_states),
	[SHOW_FWMARK] = { "fwmark", NULL },
	[SHOW_VIA] = { "via", NULL },
	[SHOW_SORT] = { "sort", sort_values },
	{ NULL, NULL }
};

/* keep at least this many before dropping entries beyond the limit */
#define FORGET_MIN	1024

/**
 * struct sorted - an entry that waits to be printed
 * @key: its sort key, as numbers, which are fast to compare
 * @at: its offset in the packed entries, which are in the order of their
 *	arrival
 * @last: last part of @key
 * @size: its size in the packed entries
 */
struct sorted {
	uint64_t key[2];
	size_t at;
	uint32_t last;
	uint16_t size;
};

/* a sort key as bytes, in ascending order: for an address its size, the address
 * and the port; the rest is 0
 */
#define KEY_SIZE	(2 * sizeof(uint64_t) + sizeof(uint32_t))

/**
 * struct connection_dump - a list of connections
 * @listing: prints the list
 * @filter: selects the connections
 * @fwmark: mark of their service
 * @via: their backend
 * @sort: their order
 * @entry: connections that wait to be printed
 * @count: number of @entry
 * @room: capacity of @entry
 * @packed: their packed attributes
 * @used: used bytes of @packed
 * @packed_room: capacity of @packed
 */
struct connection_dump {
	struct listing listing;
	struct filter filter;
	uint32_t fwmark;
	struct addr via;
	unsigned int sort;
	struct sorted *entry;
	size_t count;
	size_t room;
	uint8_t *packed;
	size_t used;
	size_t packed_room;
};

static const struct attr_field connection_fields[] = {
	{ "proto", ATTR_PROTO, DSR_CONNECTION_A_PROTO },
	{ "src", ATTR_ADDR, DSR_CONNECTION_A_SRC },
	{ "sport", ATTR_PORT, DSR_CONNECTION_A_SPORT },
	{ "dst", ATTR_ADDR, DSR_CONNECTION_A_DST },
	{ "dport", ATTR_PORT, DSR_CONNECTION_A_DPORT },
	{ "state", ATTR_CONN_STATE, DSR_CONNECTION_A_STATE },
	{ "expires", ATTR_MSECS, DSR_CONNECTION_A_EXPIRES },
	{ "fwmark", ATTR_U32, DSR_CONNECTION_A_FWMARK },
	{ "backend", ATTR_ADDR, DSR_CONNECTION_A_BACKEND },
	{ NULL, 0, 0 }
};

/**
 * connection_json() - make a JSON object of a connection
 * @tb: its attributes, by enum dsr_connection_attr
 *
 * Return: to be freed by json_object_put().
 */
struct json_object *connection_json(struct nlattr **tb)
{
	return attr_json_object(connection_fields, tb);
}

/* a persistence entry has no port of the client */
static const struct nlattr *shown_port(struct nlattr **tb, int attr)
{
	bool client = attr_u8(tb[DSR_CONNECTION_A_STATE]) ==
		      DSR_CONN_PERSISTENT ||
		      !attr_u8(tb[DSR_CONNECTION_A_PROTO]);

	return client && tb[attr] && !nla_get_u16(tb[attr]) ? NULL : tb[attr];
}

static void connection_row(struct table *table, struct nlattr **tb)
{
	attr_cell(table, ATTR_PROTO, tb[DSR_CONNECTION_A_PROTO]);
	attr_cell_endpoint(table, tb[DSR_CONNECTION_A_SRC],
			   shown_port(tb, DSR_CONNECTION_A_SPORT));
	attr_cell_endpoint(table, tb[DSR_CONNECTION_A_DST],
			   shown_port(tb, DSR_CONNECTION_A_DPORT));
	attr_cell(table, ATTR_ADDR, tb[DSR_CONNECTION_A_BACKEND]);
	attr_cell(table, ATTR_U32, tb[DSR_CONNECTION_A_FWMARK]);
	attr_cell(table, ATTR_CONN_STATE, tb[DSR_CONNECTION_A_STATE]);
	attr_cell(table, ATTR_MSECS, tb[DSR_CONNECTION_A_EXPIRES]);
}

static bool connection_parse(const struct nlmsghdr *reply, struct nlattr **tb)
{
	struct nlattr *top[ATTR_MAX];

	return attr_parse(reply, top) && top[DSR_A_CONNECTION] &&
	       attr_parse_nest(DSR_A_CONNECTION, top[DSR_A_CONNECTION], tb);
}

static void connection_print(struct connection_dump *dump, struct nlattr **tb)
{
	listing_begin(&dump->listing);
	if (dump->listing.json)
		attr_json_row(&dump->listing.list, connection_fields, tb);
	else
		connection_row(&dump->listing.table, tb);
}

/* The balancer has compared all but networks. */
static bool is_asked_for(const struct connection_dump *dump, struct nlattr **tb)
{
	return filter_match_networks(&dump->filter, tb[DSR_CONNECTION_A_SRC],
				     tb[DSR_CONNECTION_A_DST]);
}

static enum netlink_verdict on_connection(struct nlmsghdr *reply, void *arg)
{
	struct connection_dump *dump = arg;
	struct nlattr *tb[ATTR_MAX];

	if (!connection_parse(reply, tb))
		return NETLINK_MALFORMED;
	if (!is_asked_for(dump, tb))
		return NETLINK_MORE;
	connection_print(dump, tb);
	return filter_last(&dump->filter) ? NETLINK_STOP : NETLINK_MORE;
}

/* IPv4 before IPv6, both by number, then by port */
static void sort_by_endpoint(uint8_t *key, const struct nlattr *addr,
			     const struct nlattr *port)
{
	if (addr) {
		key[0] = nla_len(addr);
		memcpy(key + 1, nla_data(addr), nla_len(addr));
	}
	if (port)
		memcpy(key + 1 + sizeof(struct in6_addr), nla_data(port), 2);
}

static void sort_by(unsigned int sort, struct nlattr **tb, uint8_t *key)
{
	uint32_t expires;

	switch (sort) {
	case SORT_SRC:
		sort_by_endpoint(key, tb[DSR_CONNECTION_A_SRC],
				 tb[DSR_CONNECTION_A_SPORT]);
		break;
	case SORT_DST:
		sort_by_endpoint(key, tb[DSR_CONNECTION_A_DST],
				 tb[DSR_CONNECTION_A_DPORT]);
		break;
	case SORT_VIA:
		sort_by_endpoint(key, tb[DSR_CONNECTION_A_BACKEND], NULL);
		break;
	case SORT_STATE:
		key[0] = attr_u8(tb[DSR_CONNECTION_A_STATE]);
		break;
	case SORT_EXPIRES:
		expires = htonl(attr_u32(tb[DSR_CONNECTION_A_EXPIRES]));
		memcpy(key, &expires, sizeof(expires));
		break;
	}
}

static void take_key(struct sorted *entry, const uint8_t *key)
{
	memcpy(entry->key, key, sizeof(entry->key));
	memcpy(&entry->last, key + sizeof(entry->key), sizeof(entry->last));
	entry->key[0] = be64toh(entry->key[0]);
	entry->key[1] = be64toh(entry->key[1]);
	entry->last = ntohl(entry->last);
}

/* Two entries are never equal. */
static int compare(const void *a, const void *b)
{
	const struct sorted *left = a, *right = b;

	if (left->key[0] != right->key[0])
		return left->key[0] < right->key[0] ? -1 : 1;
	if (left->key[1] != right->key[1])
		return left->key[1] < right->key[1] ? -1 : 1;
	if (left->last != right->last)
		return left->last < right->last ? -1 : 1;
	return left->at < right->at ? -1 : 1;
}

static void sort_entries(struct connection_dump *dump)
{
	if (dump->count)
		qsort(dump->entry, dump->count, sizeof(*dump->entry), compare);
}

/* Drop the entries that are beyond the limit now. */
static void forget_last(struct connection_dump *dump)
{
	size_t i, used = 0, limit = dump->filter.limit;
	uint8_t *packed;

	if (!limit || dump->count < 2 * limit || dump->count < FORGET_MIN)
		return;
	sort_entries(dump);
	dump->count = limit;
	/* a stable sort: equal entries keep their order */
	packed = report_alloc(NULL, dump->packed_room);
	for (i = 0; i < limit; i++) {
		struct sorted *entry = &dump->entry[i];

		memcpy(packed + used, dump->packed + entry->at, entry->size);
		entry->at = used;
		used += entry->size;
	}
	free(dump->packed);
	dump->packed = packed;
	dump->used = used;
}

static enum netlink_verdict on_unsorted(struct nlmsghdr *reply, void *arg)
{
	struct connection_dump *dump = arg;
	uint8_t key[KEY_SIZE] = { 0 };
	struct nlattr *tb[ATTR_MAX];
	struct sorted *entry;

	if (!connection_parse(reply, tb))
		return NETLINK_MALFORMED;
	if (!is_asked_for(dump, tb))
		return NETLINK_MORE;
	if (dump->count == dump->room) {
		dump->room = dump->room ? 2 * dump->room : 256;
		dump->entry = report_alloc(dump->entry,
					   dump->room * sizeof(*entry));
	}
	if (dump->packed_room - dump->used < PACK_MAX) {
		dump->packed_room = 2 * dump->packed_room + PACK_MAX;
		dump->packed = report_alloc(dump->packed, dump->packed_room);
	}
	entry = &dump->entry[dump->count++];
	sort_by(dump->sort, tb, key);
	take_key(entry, key);
	entry->at = dump->used;
	entry->size = pack(dump->packed + dump->used, connection_fields, tb);
	dump->used += entry->size;
	forget_last(dump);
	return NETLINK_MORE;
}

/* Print the sorted entries up to the limit, and free them. */
static void print_sorted(struct connection_dump *dump, int status)
{
	struct nlattr *tb[ATTR_MAX] = { NULL };
	bool enough = status;
	struct pack_room room = { 0 };
	size_t i;

	sort_entries(dump);
	for (i = 0; i < dump->count && !enough; i++) {
		pack_undo(dump->packed + dump->entry[i].at, connection_fields,
			  &room, tb);
		connection_print(dump, tb);
		enough = filter_last(&dump->filter);
	}
	free(dump->entry);
	free(dump->packed);
}

static int show_read(struct args *args, struct connection_dump *dump)
{
	int keyword, status = DSRCTL_OK;

	memset(dump, 0, sizeof(*dump));
	filter_init(&dump->filter, args);
	while (!status && (keyword = args_keyword(args)) != ARGS_END) {
		switch (keyword) {
		case SHOW_FWMARK:
			status = args_u32(args, 0, UINT32_MAX, &dump->fwmark);
			break;
		case SHOW_VIA:
			status = addr_read(args, &dump->via);
			break;
		case SHOW_SORT:
			status = args_choice(args, &dump->sort);
			break;
		default:
			status = filter_read(args, &dump->filter, keyword);
		}
	}
	return status;
}

static int show_put(struct nl_msg *msg, const struct args *args,
		    const struct connection_dump *dump)
{
	uint32_t no_filter = 1u << FILTER_LIMIT | 1u << SHOW_SORT;
	struct nlattr *nest;

	if (!(args->seen & ~no_filter))
		return 0;
	nest = nla_nest_start(msg, NLA_F_NESTED | DSR_A_CONNECTION);
	if (!nest || filter_put(msg, &dump->filter))
		return -1;
	if (args_seen(args, SHOW_FWMARK) &&
	    nla_put_u32(msg, DSR_CONNECTION_A_FWMARK, dump->fwmark))
		return -1;
	if (args_seen(args, SHOW_VIA) &&
	    addr_put(msg, DSR_CONNECTION_A_BACKEND, &dump->via))
		return -1;
	return nla_nest_end(msg, nest);
}

static int connection_show(struct dsrctl *ctl, struct args *args)
{
	struct connection_dump dump;
	struct nl_msg *msg;
	bool sorted;
	int status;

	status = show_read(args, &dump);
	if (status)
		return status;
	sorted = args_seen(args, SHOW_SORT);
	status = netlink_query(ctl->netlink, NETLINK_LB,
			       DSR_CMD_CONNECTION_GET, NLM_F_DUMP, &msg);
	if (status)
		return status;
	if (show_put(msg, args, &dump))
		return netlink_too_long(msg);

	/* stream them, since there may be millions, unless they are sorted */
	listing_init(&dump.listing, ctl);
	dump.listing.table.stream = true;
	table_column(&dump.listing.table, "PROTO", TABLE_LEFT, 5);
	table_column(&dump.listing.table, "CLIENT", TABLE_LEFT, 21);
	table_column(&dump.listing.table, "VIP", TABLE_LEFT, 21);
	table_column(&dump.listing.table, "BACKEND", TABLE_LEFT, 15);
	table_column(&dump.listing.table, "FWMARK", TABLE_RIGHT, 10);
	table_column(&dump.listing.table, "STATE", TABLE_LEFT, 11);
	table_column(&dump.listing.table, "EXPIRES", TABLE_RIGHT, 7);
	status = netlink_stream(ctl->netlink, msg,
				sorted ? on_unsorted : on_connection, &dump);
	print_sorted(&dump, status);
	listing_end(&dump.listing, status);
	return status;
}

static int connection_set(struct dsrctl *ctl, struct args *args)
{
	return stats_set(ctl, args, NETLINK_LB, DSR_CMD_CONNECTION_SET);
}

static int connection_flush(struct dsrctl *ctl, struct args *args)
{
	int status = args_end(args);

	return status ? status : all_flush_parts(ctl->netlink, NETLINK_LB,
						 DSR_CMD_CONNECTION_FLUSH);
}

static const struct command connection_commands[] = {
	{ "show",
	  "[fwmark N] [via ADDR] [src ADDR[/LENGTH][:PORT]] [dst ADDR[/LENGTH][:PORT]] [proto tcp|udp|sctp] [state syn|established|fin|closed|udp|persistent|unproven] [sort src|dst|via|state|expires] [limit N]",
	  "list the connections that match",
	  show_keywords, connection_show },
	{ "add",
	  "proto tcp|udp|sctp src ADDR:PORT dst ADDR:PORT via ADDR [fwmark N] [state STATE] [expires TIME]",
	  "add a connection that no packet has made here",
	  connection_add_keywords, connection_add },
	{ "restore", "FILE",
	  "add the connections of a file that '-j connection show' has written; - is stdin",
	  NULL, connection_restore },
	{ "set", STATS_SET_SYNTAX,
	  "set the limit of the table, and the timeouts after the last packet",
	  stats_set_keywords, connection_set },
	{ "flush", "",
	  "forget all connections: the next packet of each is scheduled again",
	  NULL, connection_flush },
	{ NULL, NULL, NULL, NULL, NULL }
};

const struct object connection_object = {
	.name = "connection",
	.description = "the backend of each connection",
	.commands = connection_commands,
	.fallback = "show",
};
