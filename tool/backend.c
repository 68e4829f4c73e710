// SPDX-License-Identifier: GPL-2.0
/*
 * dsrctl backend: the real servers of a service, as next hops.
 */
#include <linux/dsr.h>
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "backend.h"
#include "duration.h"
#include "guard.h"
#include "json.h"
#include "listing.h"
#include "netlink.h"
#include "stats.h"

enum {
	CHANGE_WEIGHT = BACKEND_COUNT,
	CHANGE_UPPER,
	CHANGE_LOWER,
	CHANGE_UP,
	CHANGE_DOWN,
	CHANGE_DRAINING,
	CHANGE_FORCE,
};

enum { DELETE_FORCE = BACKEND_COUNT };

static const struct keyword change_keywords[] = {
	BACKEND_KEYWORDS,
	[CHANGE_WEIGHT] = { "weight", NULL },
	[CHANGE_UPPER] = { "upper", NULL },
	[CHANGE_LOWER] = { "lower", NULL },
	[CHANGE_UP] = { "up", keyword_flag },
	[CHANGE_DOWN] = { "down", keyword_flag },
	[CHANGE_DRAINING] = { "draining", keyword_flag },
	[CHANGE_FORCE] = { "force", keyword_flag },
	{ NULL, NULL }
};

static const struct keyword delete_keywords[] = {
	BACKEND_KEYWORDS,
	[DELETE_FORCE] = { "force", keyword_flag },
	{ NULL, NULL }
};

static const struct keyword show_keywords[] = {
	KEY_KEYWORDS,
	{ NULL, NULL }
};

/* the options of a backend on a command line */
struct change {
	struct backend backend;
	uint32_t weight;
	uint32_t upper;
	uint32_t lower;
};

/**
 * backend_read() - read the value of a keyword of a backend
 * @args: the words
 * @backend: set
 * @keyword: index of the keyword
 *
 * Return: DSRCTL_OK, or DSRCTL_USAGE, reported unless @keyword is another.
 */
int backend_read(struct args *args, struct backend *backend, int keyword)
{
	if (keyword == BACKEND_VIA)
		return addr_read(args, &backend->via);
	return key_read(args, &backend->key, keyword);
}

/**
 * backend_check() - check that the words name one backend
 * @args: the words, all read
 * @backend: the backend; gives its service a family unless one is named
 *
 * Return: DSRCTL_OK, or DSRCTL_USAGE, reported.
 */
int backend_check(const struct args *args, struct backend *backend)
{
	int status;

	status = key_check(args, true);
	if (!status)
		status = args_need(args, BACKEND_VIA);
	if (status)
		return status;
	if (args_seen(args, KEY_FWMARK) && !backend->key.family &&
	    backend->via.family == AF_INET6)
		backend->key.family = AF_INET6;
	return DSRCTL_OK;
}

/**
 * backend_put_begin() - name a backend in a request
 * @msg: the request
 * @args: the words that it was read from
 * @backend: the backend
 *
 * Return: its nest, for nla_nest_end(); NULL if the request has no
 * room for it.
 */
struct nlattr *backend_put_begin(struct nl_msg *msg, const struct args *args,
				 const struct backend *backend)
{
	struct nlattr *nest;

	if (key_put_service(msg, args, &backend->key))
		return NULL;
	nest = nla_nest_start(msg, NLA_F_NESTED | DSR_A_BACKEND);
	if (!nest || addr_put(msg, DSR_BACKEND_A_ADDR, &backend->via))
		return NULL;
	return nest;
}

/* Return: enum dsr_backend_admin, or -1 if the words name none. */
static int admin_of(const struct args *args)
{
	if (args_seen(args, CHANGE_UP))
		return DSR_BACKEND_UP;
	if (args_seen(args, CHANGE_DRAINING))
		return DSR_BACKEND_DRAINING;
	return args_seen(args, CHANGE_DOWN) ? DSR_BACKEND_DOWN : -1;
}

static int change_put(struct nl_msg *msg, const struct args *args,
		      const struct change *change)
{
	struct nlattr *nest;
	int admin;

	nest = backend_put_begin(msg, args, &change->backend);
	if (!nest)
		return -1;
	if (args_seen(args, CHANGE_WEIGHT) &&
	    nla_put_u32(msg, DSR_BACKEND_A_WEIGHT, change->weight))
		return -1;
	if (args_seen(args, CHANGE_UPPER) &&
	    nla_put_u32(msg, DSR_BACKEND_A_UPPER, change->upper))
		return -1;
	if (args_seen(args, CHANGE_LOWER) &&
	    nla_put_u32(msg, DSR_BACKEND_A_LOWER, change->lower))
		return -1;
	admin = admin_of(args);
	if (admin >= 0 && nla_put_u8(msg, DSR_BACKEND_A_ADMIN, admin))
		return -1;
	return nla_nest_end(msg, nest);
}

static int change_read(struct args *args, struct change *change)
{
	int keyword, status = DSRCTL_OK;

	memset(change, 0, sizeof(*change));
	while (!status && (keyword = args_keyword(args)) != ARGS_END) {
		switch (keyword) {
		case CHANGE_WEIGHT:
			status = args_u32(args, 0, UINT32_MAX,
					  &change->weight);
			break;
		case CHANGE_UPPER:
			status = args_u32(args, 0, UINT32_MAX, &change->upper);
			break;
		case CHANGE_LOWER:
			status = args_u32(args, 0, UINT32_MAX, &change->lower);
			break;
		case CHANGE_UP:
		case CHANGE_DOWN:
		case CHANGE_DRAINING:
		case CHANGE_FORCE:
			break;
		default:
			status = backend_read(args, &change->backend, keyword);
		}
	}
	if (!status)
		status = backend_check(args, &change->backend);
	if (!status && args_seen(args, CHANGE_UP) +
	    args_seen(args, CHANGE_DOWN) + args_seen(args, CHANGE_DRAINING) > 1)
		status = args_usage(args,
				    "up, down and draining exclude each other");
	return status;
}

/* Refuse a mistake that the kernel would carry out; see guard.c. */
static int change_guard(struct dsrctl *ctl, const struct args *args,
			const struct change *change, uint8_t cmd)
{
	int status = DSRCTL_OK;

	if (ctl->check || args_seen(args, CHANGE_FORCE))
		return DSRCTL_OK;
	if (cmd == DSR_CMD_BACKEND_ADD || cmd == DSR_CMD_BACKEND_REPLACE)
		status = guard_own_backend(args, &change->backend);
	if (cmd == DSR_CMD_BACKEND_SET)
		status = guard_changes(args, BACKEND_COUNT, CHANGE_FORCE);
	/* a file says what all backends are: see apply.c */
	if (!status && cmd != DSR_CMD_BACKEND_ADD &&
	    !netlink_captures(ctl->netlink) &&
	    (admin_of(args) > DSR_BACKEND_UP ||
	     (args_seen(args, CHANGE_WEIGHT) && !change->weight)))
		status = guard_last_backend(ctl, args, &change->backend);
	return status;
}

static int backend_change(struct dsrctl *ctl, struct args *args, uint8_t cmd)
{
	struct change change;
	struct nl_msg *msg;
	int status;

	status = change_read(args, &change);
	if (!status)
		status = change_guard(ctl, args, &change, cmd);
	if (status)
		return status;
	status = netlink_request(ctl->netlink, NETLINK_LB, cmd, 0, &msg);
	if (status)
		return status;
	if (change_put(msg, args, &change))
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
	struct backend backend = { 0 };
	int keyword, status = DSRCTL_OK;
	struct nlattr *nest;
	struct nl_msg *msg;

	while (!status && (keyword = args_keyword(args)) != ARGS_END)
		if (keyword != DELETE_FORCE)
			status = backend_read(args, &backend, keyword);
	if (!status)
		status = backend_check(args, &backend);
	if (!status && !ctl->check && !args_seen(args, DELETE_FORCE))
		status = guard_last_backend(ctl, args, &backend);
	if (status)
		return status;

	status = netlink_request(ctl->netlink, NETLINK_LB,
				 DSR_CMD_BACKEND_DELETE, 0, &msg);
	if (status)
		return status;
	nest = backend_put_begin(msg, args, &backend);
	if (!nest || nla_nest_end(msg, nest))
		return netlink_too_long(msg);
	return netlink_do(ctl->netlink, msg);
}

/**
 * backend_parse() - find the attributes of a backend
 * @top: top level of the message, by enum dsr_attr
 * @backend: set
 *
 * Return: true if it is a backend.
 */
bool backend_parse(struct nlattr **top, struct backend_info *backend)
{
	struct nlattr **tb = backend->tb;

	return top[DSR_A_BACKEND] &&
	       attr_parse_nest(DSR_A_SERVICE, top[DSR_A_SERVICE],
			       backend->service) &&
	       attr_parse_nest(DSR_A_BACKEND, top[DSR_A_BACKEND], tb) &&
	       key_valid(backend->service) && tb[DSR_BACKEND_A_ADDR] &&
	       attr_parse_stats(tb[DSR_BACKEND_A_STATS], backend->stats);
}

/**
 * backend_parse_reply() - find the attributes of a backend
 * @reply: to DSR_CMD_BACKEND_GET
 * @backend: set
 *
 * Return: true if it is a backend.
 */
bool backend_parse_reply(const struct nlmsghdr *reply,
			 struct backend_info *backend)
{
	struct nlattr *top[ATTR_MAX];

	return attr_parse(reply, top) && backend_parse(top, backend);
}

/**
 * backend_json() - make a JSON object of a backend
 * @backend: the backend
 *
 * Return: to be freed by json_object_put().
 */
struct json_object *backend_json(struct backend_info *backend)
{
	struct json_object *object = json_object_new_object();
	struct nlattr **tb = backend->tb;

	attr_json(object, "addr", ATTR_ADDR, tb[DSR_BACKEND_A_ADDR]);
	attr_json(object, "weight", ATTR_U32, tb[DSR_BACKEND_A_WEIGHT]);
	attr_json(object, "admin", ATTR_BACKEND_ADMIN,
		  tb[DSR_BACKEND_A_ADMIN]);
	attr_json(object, "deadline", ATTR_MSECS,
		  attr_u32(tb[DSR_BACKEND_A_DEADLINE]) ?
			  tb[DSR_BACKEND_A_DEADLINE] : NULL);
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
	attr_json(object, "persistent", ATTR_U32,
		  tb[DSR_BACKEND_A_PERSISTENT]);
	attr_json(object, "unresolved", ATTR_U32,
		  tb[DSR_BACKEND_A_UNRESOLVED]);
	attr_json(object, "probe_mark", ATTR_U32,
		  tb[DSR_BACKEND_A_PROBE_MARK]);
	stats_json(object, backend->stats);
	return object;
}

/**
 * backend_columns() - add the columns of a backend
 * @table: the table
 * @statistics: include its counters
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
	table_column(table, "PROBE", TABLE_RIGHT, 0);
	table_optional(table);
	if (!statistics)
		return;
	table_column(table, "UPPER", TABLE_RIGHT, 0);
	table_column(table, "LOWER", TABLE_RIGHT, 0);
	table_column(table, "PERSISTENT", TABLE_RIGHT, 0);
	table_column(table, "UNRESOLVED", TABLE_RIGHT, 0);
	stats_columns(table);
}

static enum table_color state_color(struct nlattr *const *tb)
{
	switch (attr_u8(tb[DSR_BACKEND_A_STATE])) {
	case DSR_BACKEND_UNREACHABLE:
	case DSR_BACKEND_NO_ROUTE:
		return TABLE_RED;
	default:
		break;
	}

	switch (attr_u8(tb[DSR_BACKEND_A_ADMIN])) {
	case DSR_BACKEND_DOWN:
		return TABLE_RED;
	case DSR_BACKEND_DRAINING:
		return TABLE_YELLOW;
	default:
		break;
	}

	if (attr_u8(tb[DSR_BACKEND_A_OVERLOADED]))
		return TABLE_YELLOW;
	switch (attr_u8(tb[DSR_BACKEND_A_STATE])) {
	case DSR_BACKEND_REACHABLE:
	case DSR_BACKEND_LOCAL:
		return TABLE_GREEN;
	default:
		return TABLE_YELLOW;
	}
}

/**
 * backend_admin_text() - format the administrative state of a backend
 * @backend: the backend
 * @text: set, BACKEND_STATE_MAX bytes
 *
 * Return: @text, such as "draining 8m12s"; empty if the backend is up.
 */
const char *backend_admin_text(const struct backend_info *backend, char *text)
{
	struct nlattr *const *tb = backend->tb;
	uint32_t deadline = attr_u32(tb[DSR_BACKEND_A_DEADLINE]);
	char name[ATTR_TEXT_MAX], rest[DURATION_TEXT_MAX];

	text[0] = '\0';
	if (!attr_u8(tb[DSR_BACKEND_A_ADMIN]))
		return text;
	attr_text(ATTR_BACKEND_ADMIN, tb[DSR_BACKEND_A_ADMIN], name);
	/* print milliseconds during the last second only */
	if (deadline >= 1000)
		deadline -= deadline % 1000;
	if (deadline)
		snprintf(text, BACKEND_STATE_MAX, "%s %s", name,
			 duration_text(deadline, rest));
	else
		strcpy(text, name);
	return text;
}

/**
 * backend_state_text() - format a backend's state, overload and reachability
 * @backend: the backend
 * @text: set, BACKEND_STATE_MAX bytes
 *
 * Return: @text, such as "draining 8m12s, reachable".
 */
const char *backend_state_text(const struct backend_info *backend, char *text)
{
	struct nlattr *const *tb = backend->tb;
	uint32_t unresolved = attr_u32(tb[DSR_BACKEND_A_UNRESOLVED]);
	unsigned int state = attr_u8(tb[DSR_BACKEND_A_STATE]);
	char name[ATTR_TEXT_MAX];
	int used;

	backend_admin_text(backend, text);
	used = strlen(text);
	used += snprintf(text + used, BACKEND_STATE_MAX - used, "%s%s%s",
			 used ? ", " : "",
			 attr_u8(tb[DSR_BACKEND_A_OVERLOADED]) ?
				 "overloaded, " : "",
			 attr_text(ATTR_BACKEND_STATE, tb[DSR_BACKEND_A_STATE],
				   name));
	if (unresolved && state != DSR_BACKEND_REACHABLE &&
	    state != DSR_BACKEND_LOCAL)
		snprintf(text + used, BACKEND_STATE_MAX - used,
			 " (unresolved %u)", unresolved);
	return text;
}

/**
 * backend_cells() - fill the cells of a backend
 * @table: the table
 * @statistics: include its counters
 * @backend: the backend
 */
void backend_cells(struct table *table, bool statistics,
		   struct backend_info *backend)
{
	struct nlattr **tb = backend->tb;
	char text[BACKEND_STATE_MAX];

	attr_cell(table, ATTR_ADDR, tb[DSR_BACKEND_A_ADDR]);
	attr_cell(table, ATTR_U32, tb[DSR_BACKEND_A_WEIGHT]);
	table_cell(table, state_color(tb), "%s",
		   backend_state_text(backend, text));
	attr_cell(table, ATTR_MAC, tb[DSR_BACKEND_A_MAC]);
	attr_cell(table, ATTR_DEVICE, tb[DSR_BACKEND_A_IFINDEX]);
	attr_cell(table, ATTR_U32, tb[DSR_BACKEND_A_ACTIVE]);
	attr_cell(table, ATTR_U32, tb[DSR_BACKEND_A_INACTIVE]);
	attr_cell(table, ATTR_U32, tb[DSR_BACKEND_A_PROBE_MARK]);
	if (!statistics)
		return;
	attr_cell(table, ATTR_LIMIT, tb[DSR_BACKEND_A_UPPER]);
	attr_cell(table, ATTR_LIMIT, tb[DSR_BACKEND_A_LOWER]);
	attr_cell(table, ATTR_U32, tb[DSR_BACKEND_A_PERSISTENT]);
	attr_cell(table, ATTR_U32, tb[DSR_BACKEND_A_UNRESOLVED]);
	stats_cells(table, backend->stats);
}

/**
 * backend_brief_columns() - add the columns of what is asked for first
 * @table: the table
 */
void backend_brief_columns(struct table *table)
{
	table_column(table, "SERVICE", TABLE_LEFT, 0);
	table_column(table, "BACKEND", TABLE_LEFT, 0);
	table_column(table, "STATE", TABLE_LEFT, 0);
	table_column(table, "ACTIVE", TABLE_RIGHT, 0);
}

/**
 * backend_brief_cells() - fill the cells of a backend, and of its service
 * @table: the table
 * @backend: the backend
 */
void backend_brief_cells(struct table *table, struct backend_info *backend)
{
	char text[BACKEND_STATE_MAX], key[KEY_TEXT_MAX];

	table_cell(table, TABLE_PLAIN, "%s", key_text(backend->service, key));
	attr_cell(table, ATTR_ADDR, backend->tb[DSR_BACKEND_A_ADDR]);
	table_cell(table, state_color(backend->tb), "%s",
		   backend_state_text(backend, text));
	attr_cell(table, ATTR_U32, backend->tb[DSR_BACKEND_A_ACTIVE]);
}

static int backend_print(struct dsrctl *ctl,
			 const struct netlink_replies *replies)
{
	struct backend_info backend;
	struct json_object *object;
	struct listing listing;
	int status = DSRCTL_OK;
	char key[KEY_TEXT_MAX];
	size_t i;

	listing_init(&listing, ctl);
	if (ctl->brief) {
		backend_brief_columns(&listing.table);
	} else {
		table_column(&listing.table, "SERVICE", TABLE_LEFT, 0);
		backend_columns(&listing.table, ctl->statistics);
	}
	listing_begin(&listing);

	for (i = 0; !status && i < replies->count; i++) {
		if (!backend_parse_reply(replies->reply[i], &backend)) {
			status = netlink_malformed();
		} else if (ctl->json) {
			object = backend_json(&backend);
			key_json(object, backend.service);
			json_list_item(&listing.list, object);
		} else if (ctl->brief) {
			backend_brief_cells(&listing.table, &backend);
		} else {
			table_cell(&listing.table, TABLE_PLAIN, "%s",
				   key_text(backend.service, key));
			backend_cells(&listing.table, ctl->statistics,
				      &backend);
		}
	}
	listing_end(&listing, status);
	return status;
}

static int backend_show(struct dsrctl *ctl, struct args *args)
{
	struct netlink_replies replies;
	struct key key = { 0 };
	int keyword, status = DSRCTL_OK;

	while (!status && (keyword = args_keyword(args)) != ARGS_END)
		status = key_read(args, &key, keyword);
	if (!status)
		status = key_check(args, false);
	if (status)
		return status;

	status = key_backends(ctl, args, key_seen(args) ? &key : NULL,
			      &replies);
	if (!status)
		status = backend_print(ctl, &replies);
	netlink_replies_free(&replies);
	return status;
}

#define CHANGE_SYNTAX	BACKEND_SYNTAX " [weight W] [upper N] [lower N] [up|down|draining] [force]"

static const struct command backend_commands[] = {
	{ "add", CHANGE_SYNTAX,
	  "add a real server to a service; defaults: weight 1, upper 0 (no limit), up",
	  change_keywords, backend_add },
	{ "set", CHANGE_SYNTAX,
	  "change the named options; weight 0: keep the connections, get no new ones",
	  change_keywords, backend_set },
	{ "replace", CHANGE_SYNTAX,
	  "add, or reset options that are not named",
	  change_keywords, backend_replace },
	{ "drain", BACKEND_SYNTAX " [deadline TIME] [wait]",
	  "give the backend no new connections; down after TIME; wait: until no connection is left",
	  drain_keywords, drain_run },
	{ "delete", BACKEND_SYNTAX " [force]",
	  "remove a real server from a service",
	  delete_keywords, backend_delete },
	{ "show", "[" KEY_SYNTAX "]",
	  "list the backends of all services, or of one",
	  show_keywords, backend_show },
	{ NULL, NULL, NULL, NULL, NULL }
};

const struct object backend_object = {
	.name = "backend",
	.description = "real servers of a service",
	.commands = backend_commands,
	.fallback = "show",
};
