// SPDX-License-Identifier: GPL-2.0
/*
 * dsrctl backend: the real servers of a service, as next hops.
 */
#include <linux/dsr.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "args.h"
#include "attr.h"
#include "backend.h"
#include "dsrctl.h"
#include "json.h"
#include "listing.h"
#include "netlink.h"
#include "service.h"
#include "stats.h"
#include "table.h"

enum {
	KEY_FWMARK,
	KEY_VIA,
	KEY_WEIGHT,
	KEY_UPPER,
	KEY_LOWER,
};

static const struct keyword change_keywords[] = {
	[KEY_FWMARK] = { "fwmark", NULL },
	[KEY_VIA] = { "via", NULL },
	[KEY_WEIGHT] = { "weight", NULL },
	[KEY_UPPER] = { "upper", NULL },
	[KEY_LOWER] = { "lower", NULL },
	{ NULL, NULL }
};

static const struct keyword key_keywords[] = {
	[KEY_FWMARK] = { "fwmark", NULL },
	[KEY_VIA] = { "via", NULL },
	{ NULL, NULL }
};

static const struct keyword show_keywords[] = {
	[KEY_FWMARK] = { "fwmark", NULL },
	{ NULL, NULL }
};

/* what a command line says about a backend */
struct backend {
	uint32_t fwmark;
	struct addr via;
	uint32_t weight;
	uint32_t upper;
	uint32_t lower;
};

static int backend_read(struct args *args, struct backend *backend)
{
	int key, status = DSRCTL_OK;

	memset(backend, 0, sizeof(*backend));
	while (!status && (key = args_keyword(args)) != ARGS_END) {
		switch (key) {
		case KEY_FWMARK:
			status = args_u32(args, 0, UINT32_MAX,
					  &backend->fwmark);
			break;
		case KEY_VIA:
			status = addr_read(args, AF_UNSPEC, &backend->via);
			break;
		case KEY_WEIGHT:
			status = args_u32(args, 0, UINT32_MAX,
					  &backend->weight);
			break;
		case KEY_UPPER:
			status = args_u32(args, 0, UINT32_MAX,
					  &backend->upper);
			break;
		case KEY_LOWER:
			status = args_u32(args, 0, UINT32_MAX,
					  &backend->lower);
			break;
		default:
			status = DSRCTL_USAGE;
		}
	}
	return status;
}

static int backend_put(struct nl_msg *msg, const struct args *args,
		       const struct backend *backend)
{
	struct nlattr *nest;

	if (service_put_key(msg, backend->fwmark))
		return -1;
	nest = nla_nest_start(msg, NLA_F_NESTED | DSR_A_BACKEND);
	if (!nest ||
	    addr_put(msg, DSR_BACKEND_A_ADDR, &backend->via))
		return -1;
	if (args_seen(args, KEY_WEIGHT) &&
	    nla_put_u32(msg, DSR_BACKEND_A_WEIGHT, backend->weight))
		return -1;
	if (args_seen(args, KEY_UPPER) &&
	    nla_put_u32(msg, DSR_BACKEND_A_UPPER, backend->upper))
		return -1;
	if (args_seen(args, KEY_LOWER) &&
	    nla_put_u32(msg, DSR_BACKEND_A_LOWER, backend->lower))
		return -1;
	return nla_nest_end(msg, nest);
}

static int backend_change(struct dsrctl *ctl, struct args *args, uint8_t cmd)
{
	struct backend backend;
	struct nl_msg *msg;
	int status;

	status = backend_read(args, &backend);
	if (status)
		return status;
	status = args_need(args, KEY_FWMARK);
	if (status)
		return status;
	status = args_need(args, KEY_VIA);
	if (status)
		return status;

	status = netlink_request(ctl->netlink, NETLINK_LB, cmd, 0, &msg);
	if (status)
		return status;
	if (backend_put(msg, args, &backend))
		return netlink_too_long(msg);
	return netlink_do(ctl->netlink, msg);
}

static int backend_add(struct dsrctl *ctl, struct args *args)
{
	return backend_change(ctl, args, DSR_CMD_BACKEND_ADD);
}

static int backend_set(struct dsrctl *ctl, struct args *args)
{
	return backend_change(ctl, args, DSR_CMD_BACKEND_SET);
}

static int backend_replace(struct dsrctl *ctl, struct args *args)
{
	return backend_change(ctl, args, DSR_CMD_BACKEND_REPLACE);
}

static int backend_delete(struct dsrctl *ctl, struct args *args)
{
	return backend_change(ctl, args, DSR_CMD_BACKEND_DELETE);
}

/**
 * backend_parse() - find the attributes of a backend
 * @reply: to DSR_CMD_BACKEND_GET
 * @fwmark: set to the key of its service
 * @tb: ATTR_MAX pointers to set, by enum dsr_backend_attr
 * @stats: ATTR_MAX pointers to set, by enum dsr_stats_attr
 *
 * Return: whether it is a backend.
 */
bool backend_parse(const struct nlmsghdr *reply, struct nlattr **fwmark,
		   struct nlattr **tb, struct nlattr **stats)
{
	struct nlattr *top[ATTR_MAX], *service[ATTR_MAX];

	if (!attr_parse(reply, top) || !top[DSR_A_BACKEND] ||
	    !attr_parse_nest(DSR_A_SERVICE, top[DSR_A_SERVICE], service) ||
	    !attr_parse_nest(DSR_A_BACKEND, top[DSR_A_BACKEND], tb))
		return false;
	*fwmark = service[DSR_SERVICE_A_FWMARK];
	return *fwmark && tb[DSR_BACKEND_A_ADDR] &&
	       attr_parse_stats(tb[DSR_BACKEND_A_STATS], stats);
}

/**
 * backend_json() - a backend as JSON
 * @tb: its attributes
 * @stats: its counters
 *
 * Return: to be freed by json_object_put().
 */
struct json_object *backend_json(struct nlattr **tb, struct nlattr **stats)
{
	struct json_object *object = json_object_new_object();

	attr_json(object, "addr", ATTR_ADDR, tb[DSR_BACKEND_A_ADDR]);
	attr_json(object, "weight", ATTR_U32, tb[DSR_BACKEND_A_WEIGHT]);
	attr_json(object, "state", ATTR_BACKEND_STATE,
		  tb[DSR_BACKEND_A_STATE]);
	attr_json(object, "mac", ATTR_MAC, tb[DSR_BACKEND_A_MAC]);
	attr_json(object, "ifindex", ATTR_U32, tb[DSR_BACKEND_A_IFINDEX]);
	attr_json(object, "dev", ATTR_DEVICE, tb[DSR_BACKEND_A_IFINDEX]);
	attr_json(object, "active", ATTR_U32, tb[DSR_BACKEND_A_ACTIVE]);
	attr_json(object, "inactive", ATTR_U32, tb[DSR_BACKEND_A_INACTIVE]);
	attr_json(object, "upper", ATTR_LIMIT, tb[DSR_BACKEND_A_UPPER]);
	attr_json(object, "lower", ATTR_LIMIT, tb[DSR_BACKEND_A_LOWER]);
	attr_json(object, "overloaded", ATTR_BOOL,
		  tb[DSR_BACKEND_A_OVERLOADED]);
	stats_json(object, stats);
	return object;
}

/**
 * backend_columns() - add the columns of a backend
 * @table: the table
 * @statistics: with its counters
 */
void backend_columns(struct table *table, bool statistics)
{
	table_column(table, "BACKEND", TABLE_LEFT, 0);
	table_column(table, "WEIGHT", TABLE_RIGHT, 0);
	table_column(table, "STATE", TABLE_LEFT, 0);
	table_column(table, "MAC", TABLE_LEFT, 0);
	table_column(table, "DEV", TABLE_LEFT, 0);
	table_column(table, "ACTIVE", TABLE_RIGHT, 0);
	table_column(table, "INACTIVE", TABLE_RIGHT, 0);
	if (statistics) {
		table_column(table, "UPPER", TABLE_RIGHT, 0);
		table_column(table, "LOWER", TABLE_RIGHT, 0);
		stats_columns(table);
	}
}

static enum table_color state_color(const struct nlattr *state)
{
	switch (state ? nla_get_u8(state) : DSR_BACKEND_UNKNOWN) {
	case DSR_BACKEND_REACHABLE:
		return TABLE_GREEN;
	case DSR_BACKEND_UNREACHABLE:
	case DSR_BACKEND_NO_ROUTE:
		return TABLE_RED;
	default:
		return TABLE_YELLOW;
	}
}

/* That no packet reaches it is worse than that it gets no new connections. */
static void state_cell(struct table *table, struct nlattr **tb)
{
	struct nlattr *overloaded = tb[DSR_BACKEND_A_OVERLOADED];
	enum table_color color = state_color(tb[DSR_BACKEND_A_STATE]);
	char text[ATTR_TEXT_MAX];

	if (color != TABLE_RED && overloaded && nla_get_u8(overloaded))
		table_cell(table, TABLE_YELLOW, "overloaded");
	else
		table_cell(table, color, "%s",
			   attr_text(ATTR_BACKEND_STATE,
				     tb[DSR_BACKEND_A_STATE], text));
}

/**
 * backend_cells() - fill the cells of a backend
 * @table: the table
 * @statistics: with its counters
 * @tb: its attributes
 * @stats: its counters
 */
void backend_cells(struct table *table, bool statistics, struct nlattr **tb,
		   struct nlattr **stats)
{
	attr_cell(table, ATTR_ADDR, tb[DSR_BACKEND_A_ADDR]);
	attr_cell(table, ATTR_U32, tb[DSR_BACKEND_A_WEIGHT]);
	state_cell(table, tb);
	attr_cell(table, ATTR_MAC, tb[DSR_BACKEND_A_MAC]);
	attr_cell(table, ATTR_DEVICE, tb[DSR_BACKEND_A_IFINDEX]);
	attr_cell(table, ATTR_U32, tb[DSR_BACKEND_A_ACTIVE]);
	attr_cell(table, ATTR_U32, tb[DSR_BACKEND_A_INACTIVE]);
	if (statistics) {
		attr_cell(table, ATTR_LIMIT, tb[DSR_BACKEND_A_UPPER]);
		attr_cell(table, ATTR_LIMIT, tb[DSR_BACKEND_A_LOWER]);
		stats_cells(table, stats);
	}
}

static int backend_print(struct dsrctl *ctl,
			 const struct netlink_replies *replies)
{
	struct nlattr *fwmark, *tb[ATTR_MAX], *stats[ATTR_MAX];
	struct json_object *object;
	struct listing listing;
	int status = DSRCTL_OK;
	size_t i;

	listing_init(&listing, ctl);
	table_column(&listing.table, "FWMARK", TABLE_RIGHT, 0);
	backend_columns(&listing.table, ctl->statistics);
	listing_begin(&listing);

	for (i = 0; !status && i < replies->count; i++) {
		if (!backend_parse(replies->reply[i], &fwmark, tb, stats)) {
			status = netlink_malformed();
		} else if (ctl->json) {
			object = backend_json(tb, stats);
			attr_json(object, "fwmark", ATTR_U32, fwmark);
			json_list_item(&listing.list, object);
		} else {
			attr_cell(&listing.table, ATTR_U32, fwmark);
			backend_cells(&listing.table, ctl->statistics, tb,
				      stats);
		}
	}
	listing_end(&listing, status);
	return status;
}

static int backend_show(struct dsrctl *ctl, struct args *args)
{
	struct netlink_replies replies;
	struct backend backend;
	struct nl_msg *msg;
	int status;

	status = backend_read(args, &backend);
	if (status)
		return status;

	status = netlink_request(ctl->netlink, NETLINK_LB,
				 DSR_CMD_BACKEND_GET, NLM_F_DUMP, &msg);
	if (status)
		return status;
	if (args_seen(args, KEY_FWMARK) &&
	    service_put_key(msg, backend.fwmark))
		return netlink_too_long(msg);
	status = netlink_collect(ctl->netlink, msg, &replies);
	if (!status)
		status = backend_print(ctl, &replies);
	netlink_replies_free(&replies);
	return status;
}

#define CHANGE_SYNTAX	"fwmark N via ADDR [weight W] [upper N] [lower N]"

static const struct command backend_commands[] = {
	{ "add", CHANGE_SYNTAX,
	  "add a real server to a service; unless named: weight 1, upper 0 (no limit)",
	  change_keywords, backend_add },
	{ "set", CHANGE_SYNTAX,
	  "change what is named; weight 0: it keeps its connections and gets no new ones",
	  change_keywords, backend_set },
	{ "replace", CHANGE_SYNTAX,
	  "add it, or reset what is not named",
	  change_keywords, backend_replace },
	{ "delete", "fwmark N via ADDR",
	  "remove a real server from a service",
	  key_keywords, backend_delete },
	{ "show", "[fwmark N]",
	  "list the backends of all services, or of one",
	  show_keywords, backend_show },
	{ NULL, NULL, NULL, NULL, NULL }
};

const struct object backend_object = {
	.name = "backend",
	.description = "the real servers of a service",
	.commands = backend_commands,
	.fallback = "show",
};
