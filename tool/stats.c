// SPDX-License-Identifier: GPL-2.0
/*
 * dsrctl stats: packets by reason, and the fill of the tables.
 * Also the counters that other objects print with -s.
 */
#include <inttypes.h>
#include <linux/dsr.h>
#include <linux/dsr_rs.h>
#include <linux/genetlink.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <stdlib.h>

#include "args.h"
#include "attr.h"
#include "json.h"
#include "reason.h"
#include "report.h"
#include "stats.h"
#include "text.h"
#include "timeout.h"

enum {
	SET_MAX,
	SET_TIMEOUTS,
};

static const struct {
	uint8_t cmd;
	const char *table;
} modules[NETLINK_MODULES] = {
	[NETLINK_LB] = { DSR_CMD_STATS_GET, "connections" },
	[NETLINK_RS] = { DSR_RS_CMD_STATS_GET, "flows" },
};

/**
 * stats_columns() - add the columns of the counters
 * @table: the table
 */
void stats_columns(struct table *table)
{
	table_column(table, "CONNECTIONS", TABLE_RIGHT, 0);
	table_column(table, "PACKETS", TABLE_RIGHT, 0);
	table_column(table, "BYTES", TABLE_RIGHT, 0);
}

/**
 * stats_cells() - fill the cells of the counters
 * @table: the table
 * @stats: the counters
 */
void stats_cells(struct table *table, struct nlattr **stats)
{
	attr_cell(table, ATTR_U64, stats[DSR_STATS_A_CONNECTIONS]);
	attr_cell(table, ATTR_U64, stats[DSR_STATS_A_PACKETS]);
	attr_cell(table, ATTR_BYTES, stats[DSR_STATS_A_BYTES]);
}

/**
 * stats_json() - add the counters to an object
 * @object: the object
 * @stats: the counters
 */
void stats_json(struct json_object *object, struct nlattr **stats)
{
	attr_json(object, "connections", ATTR_U64,
		  stats[DSR_STATS_A_CONNECTIONS]);
	attr_json(object, "packets", ATTR_U64, stats[DSR_STATS_A_PACKETS]);
	attr_json(object, "bytes", ATTR_BYTES, stats[DSR_STATS_A_BYTES]);
}

const struct keyword stats_set_keywords[] = {
	[SET_MAX] = { "max", NULL },
	TIMEOUT_KEYWORDS(SET_TIMEOUTS),
	{ NULL, NULL }
};

static int set_put(struct nl_msg *msg, const struct args *args, uint32_t max,
		   const struct timeouts *timeouts)
{
	struct nlattr *nest;

	nest = nla_nest_start(msg, NLA_F_NESTED | DSR_A_TABLE);
	if (!nest)
		return -1;
	if (args_seen(args, SET_MAX) && nla_put_u32(msg, DSR_TABLE_A_MAX, max))
		return -1;
	if (timeout_put(msg, DSR_TABLE_A_TIMEOUTS, args, timeouts))
		return -1;
	return nla_nest_end(msg, nest);
}

/**
 * stats_set() - set the limit or the timeouts of a module's table
 * @ctl: the run
 * @args: the words of a command with stats_set_keywords
 * @module: the module
 * @cmd: command of its family that takes DSR_A_TABLE
 *
 * Return: enum dsrctl_status.
 */
int stats_set(struct dsrctl *ctl, struct args *args,
	      enum netlink_module module, uint8_t cmd)
{
	struct timeouts timeouts = { .first = SET_TIMEOUTS };
	int keyword, status = DSRCTL_OK;
	struct nl_msg *msg;
	uint32_t max = 0;

	while (!status && (keyword = args_keyword(args)) != ARGS_END) {
		if (keyword == SET_MAX)
			status = args_u32(args, 0, UINT32_MAX, &max);
		else
			status = timeout_read(args, &timeouts, keyword);
	}
	if (!status && !args->seen)
		status = args_usage(args, "nothing to set: give max or timeouts");
	if (status)
		return status;

	status = netlink_request(ctl->netlink, module, cmd, 0, &msg);
	if (status)
		return status;
	if (set_put(msg, args, max, &timeouts))
		return netlink_too_long(msg);
	return netlink_do(ctl->netlink, msg);
}

/**
 * stats_get() - request the statistics of a module
 * @ctl: the run
 * @module: the module
 * @replies: set; for netlink_replies_free() on success
 *
 * Return: enum dsrctl_status.
 */
int stats_get(struct dsrctl *ctl, enum netlink_module module,
	      struct netlink_replies *replies)
{
	struct nl_msg *msg;
	int status;

	status = netlink_query(ctl->netlink, module, modules[module].cmd, 0,
			       &msg);
	if (status)
		return status;
	status = netlink_collect(ctl->netlink, msg, replies);
	if (!status && !replies->count)
		status = netlink_malformed();
	if (status)
		netlink_replies_free(replies);
	return status;
}

/**
 * stats_parse_table() - find the attributes of the table of a module
 * @replies: from stats_get()
 * @tb: ATTR_MAX pointers to set, by enum dsr_table_attr
 *
 * Return: true if they are well-formed.
 */
bool stats_parse_table(const struct netlink_replies *replies,
		       struct nlattr **tb)
{
	struct nlattr *top[ATTR_MAX], *timeouts[ATTR_MAX];

	return attr_parse(replies->reply[0], top) &&
	       attr_parse_nest(DSR_A_TABLE, top[DSR_A_TABLE], tb) &&
	       attr_parse_timeouts(tb[DSR_TABLE_A_TIMEOUTS], timeouts);
}

/* A new entry is refused now, or replaces another one. */
static bool is_full(struct nlattr **tb)
{
	return attr_u32(tb[DSR_TABLE_A_ENTRIES]) >=
	       attr_u32(tb[DSR_TABLE_A_MAX]);
}

/**
 * stats_table_json() - make a JSON object of a module's table
 * @tb: its attributes
 *
 * Return: to be freed by json_object_put().
 */
struct json_object *stats_table_json(struct nlattr **tb)
{
	struct nlattr *timeouts[ATTR_MAX];
	struct json_object *object = json_object_new_object();

	attr_json(object, "entries", ATTR_U32, tb[DSR_TABLE_A_ENTRIES]);
	attr_json(object, "max", ATTR_U32, tb[DSR_TABLE_A_MAX]);
	attr_json(object, "buckets", ATTR_U32, tb[DSR_TABLE_A_BUCKETS]);
	attr_json(object, "bytes", ATTR_BYTES, tb[DSR_TABLE_A_BYTES]);
	json_object_object_add(object, "full",
			       json_object_new_boolean(is_full(tb)));
	attr_json(object, "evicted", ATTR_U64, tb[DSR_TABLE_A_EVICTED]);
	attr_json(object, "pending_evicted", ATTR_U64,
		  tb[DSR_TABLE_A_PENDING_EVICTED]);
	json_object_object_add(object, "timeouts",
			       attr_parse_timeouts(tb[DSR_TABLE_A_TIMEOUTS],
						   timeouts) &&
			       tb[DSR_TABLE_A_TIMEOUTS] ?
				       timeout_json(timeouts) : NULL);
	json_object_object_add(object, "expire_quiescent",
			       tb[DSR_TABLE_A_EXPIRE_QUIESCENT] ?
				       json_object_new_boolean(true) : NULL);
	json_object_object_add(object, "expire_nodest",
			       tb[DSR_TABLE_A_EXPIRE_NODEST] ?
				       json_object_new_boolean(true) : NULL);
	return object;
}

/**
 * stats_table_text() - print a line about a module's table
 * @table: gets the line
 * @module: the module
 * @statistics: include its sizes
 * @tb: its attributes
 */
void stats_table_text(struct table *table, enum netlink_module module,
		      bool statistics, struct nlattr **tb)
{
	char entries[ATTR_TEXT_MAX], max[ATTR_TEXT_MAX];
	char buckets[ATTR_TEXT_MAX], bytes[ATTR_TEXT_MAX];
	char evicted[2 * ATTR_TEXT_MAX] = "";
	const char *full = is_full(tb) ? ": full" : "";

	attr_text(ATTR_U32, tb[DSR_TABLE_A_ENTRIES], entries);
	attr_text(ATTR_U32, tb[DSR_TABLE_A_MAX], max);
	attr_text(ATTR_U32, tb[DSR_TABLE_A_BUCKETS], buckets);
	attr_text(ATTR_BYTES, tb[DSR_TABLE_A_BYTES], bytes);
	if (attr_u64(tb[DSR_TABLE_A_EVICTED]))
		snprintf(evicted, sizeof(evicted), ", %" PRIu64 " evicted",
			 attr_u64(tb[DSR_TABLE_A_EVICTED]));
	if (statistics)
		table_text(table, "%s: %s of at most %s%s, %s buckets, %s%s",
			   modules[module].table, entries, max, full, buckets,
			   bytes, evicted);
	else
		table_text(table, "%s: %s of at most %s%s",
			   modules[module].table, entries, max, full);
}

/**
 * stats_timeouts_text() - print a line about the timeouts of a table, if any
 * @table: gets the line
 * @tb: attributes of the table
 */
void stats_timeouts_text(struct table *table, struct nlattr **tb)
{
	struct nlattr *timeouts[ATTR_MAX];
	struct text text;
	char *line;

	if (!tb[DSR_TABLE_A_TIMEOUTS] ||
	    !attr_parse_timeouts(tb[DSR_TABLE_A_TIMEOUTS], timeouts))
		return;
	text_begin(&text);
	timeout_print(text.out, " ", timeouts);
	line = text_end(&text);
	if (*line)
		table_text(table, "timeouts:%s", line);
	free(line);
}

/* Add the reasons of a reply to @reasons if it is not NULL, else to @table. The
 * table leaves out reasons that never occurred, unless -s is given.
 */
static bool stats_reasons(struct dsrctl *ctl, struct nlmsghdr *reply,
			  struct table *table, struct json_object *reasons)
{
	struct nlattr *attr, *tb[ATTR_MAX];
	char name[ATTR_TEXT_MAX];
	int rest;

	nlmsg_for_each_attr(attr, reply, GENL_HDRLEN, rest) {
		if (nla_type(attr) != DSR_A_REASON)
			continue;
		if (!reason_parse(attr, tb, name))
			return false;
		if (reasons) {
			attr_json(reasons, name, ATTR_U64,
				  tb[DSR_REASON_A_PACKETS]);
		} else if (attr_u64(tb[DSR_REASON_A_PACKETS]) ||
			   ctl->statistics) {
			table_cell(table, TABLE_PLAIN, "%s", name);
			attr_cell(table, ATTR_U64, tb[DSR_REASON_A_PACKETS]);
		}
	}
	return true;
}

static int stats_module(struct dsrctl *ctl, enum netlink_module module,
			struct table *table, struct json_object *document)
{
	const char *name = netlink_module_name(module);
	struct json_object *object = NULL, *reasons = NULL;
	struct netlink_replies replies;
	struct nlattr *tb[ATTR_MAX];
	int status;

	status = stats_get(ctl, module, &replies);
	if (status)
		return status;
	if (!stats_parse_table(&replies, tb)) {
		status = netlink_malformed();
		goto free_replies;
	}

	if (document) {
		reasons = json_object_new_object();
		object = json_object_new_object();
		json_object_object_add(object, "table", stats_table_json(tb));
		json_object_object_add(object, "reasons", reasons);
		json_object_object_add(document, name, object);
	} else {
		table_text(table, "%s", name);
		stats_table_text(table, module, ctl->statistics, tb);
		stats_timeouts_text(table, tb);
		table_header(table);
	}
	if (!stats_reasons(ctl, replies.reply[0], table, reasons))
		status = netlink_malformed();

free_replies:
	netlink_replies_free(&replies);
	return status;
}

static int stats_show(struct dsrctl *ctl, struct args *args)
{
	struct json_object *document = NULL;
	bool loaded[NETLINK_MODULES];
	struct table table;
	unsigned int module;
	int status;

	status = args_end(args);
	if (!status)
		status = netlink_some_loaded(ctl->netlink, loaded);
	if (status)
		return status;

	if (ctl->json)
		document = json_object_new_object();
	table_init(&table, stdout, ctl->color, 2);
	table_column(&table, "REASON", TABLE_LEFT, 0);
	table_column(&table, "PACKETS", TABLE_RIGHT, 0);

	for (module = 0; !status && module < NETLINK_MODULES; module++) {
		if (loaded[module])
			status = stats_module(ctl, module, &table, document);
		else if (document)
			json_object_object_add(document,
					       netlink_module_name(module),
					       NULL);
	}

	if (!document)
		table_finish(&table);
	else if (!status)
		json_print(document, ctl->pretty);
	else
		json_object_put(document);
	return status;
}

static const struct command stats_commands[] = {
	{ "show", "",
	  "counters of the loaded modules; -s: also counters at zero",
	  NULL, stats_show },
	{ "reasons", "",
	  "what each reason means, and what to do about it; of both modules",
	  NULL, reason_show },
	{ NULL, NULL, NULL, NULL, NULL }
};

const struct object stats_object = {
	.name = "stats",
	.description = "packets by reason, and the fill of the tables",
	.commands = stats_commands,
	.fallback = "show",
};
