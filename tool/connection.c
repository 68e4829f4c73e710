// SPDX-License-Identifier: GPL-2.0
/*
 * dsrctl connection: what the balancer remembers of each connection.
 */
#include <linux/dsr.h>
#include <stdio.h>

#include "args.h"
#include "attr.h"
#include "dsrctl.h"
#include "filter.h"
#include "json.h"
#include "listing.h"
#include "netlink.h"
#include "stats.h"

static const struct keyword show_keywords[] = {
	FILTER_KEYWORDS,
	[FILTER_FWMARK] = { "fwmark", NULL },
	[FILTER_VIA] = { "via", NULL },
	{ NULL, NULL }
};

struct connection_dump {
	struct listing listing;
	struct filter filter;
};

static struct json_object *connection_json(struct nlattr **tb)
{
	struct json_object *object = json_object_new_object();

	attr_json(object, "proto", ATTR_PROTO, tb[DSR_CONNECTION_A_PROTO]);
	attr_json(object, "src", ATTR_ADDR, tb[DSR_CONNECTION_A_SRC]);
	attr_json(object, "sport", ATTR_PORT, tb[DSR_CONNECTION_A_SPORT]);
	attr_json(object, "dst", ATTR_ADDR, tb[DSR_CONNECTION_A_DST]);
	attr_json(object, "dport", ATTR_PORT, tb[DSR_CONNECTION_A_DPORT]);
	attr_json(object, "state", ATTR_CONN_STATE,
		  tb[DSR_CONNECTION_A_STATE]);
	attr_json(object, "expires", ATTR_MSECS, tb[DSR_CONNECTION_A_EXPIRES]);
	attr_json(object, "fwmark", ATTR_U32, tb[DSR_CONNECTION_A_FWMARK]);
	attr_json(object, "backend", ATTR_ADDR, tb[DSR_CONNECTION_A_BACKEND]);
	return object;
}

static void connection_row(struct table *table, struct nlattr **tb)
{
	attr_cell(table, ATTR_PROTO, tb[DSR_CONNECTION_A_PROTO]);
	attr_cell_endpoint(table, tb[DSR_CONNECTION_A_SRC],
			   tb[DSR_CONNECTION_A_SPORT]);
	attr_cell_endpoint(table, tb[DSR_CONNECTION_A_DST],
			   tb[DSR_CONNECTION_A_DPORT]);
	attr_cell(table, ATTR_ADDR, tb[DSR_CONNECTION_A_BACKEND]);
	attr_cell(table, ATTR_U32, tb[DSR_CONNECTION_A_FWMARK]);
	attr_cell(table, ATTR_CONN_STATE, tb[DSR_CONNECTION_A_STATE]);
	attr_cell(table, ATTR_MSECS, tb[DSR_CONNECTION_A_EXPIRES]);
}

static enum netlink_verdict on_connection(struct nlmsghdr *reply, void *arg)
{
	struct nlattr *top[ATTR_MAX], *tb[ATTR_MAX];
	struct connection_dump *dump = arg;
	struct filter_entry entry;

	if (!attr_parse(reply, top) || !top[DSR_A_CONNECTION] ||
	    !attr_parse_nest(DSR_A_CONNECTION, top[DSR_A_CONNECTION], tb))
		return NETLINK_MALFORMED;

	entry.proto = tb[DSR_CONNECTION_A_PROTO];
	entry.src = tb[DSR_CONNECTION_A_SRC];
	entry.sport = tb[DSR_CONNECTION_A_SPORT];
	entry.dst = tb[DSR_CONNECTION_A_DST];
	entry.dport = tb[DSR_CONNECTION_A_DPORT];
	entry.state = tb[DSR_CONNECTION_A_STATE];
	entry.fwmark = tb[DSR_CONNECTION_A_FWMARK];
	entry.via = tb[DSR_CONNECTION_A_BACKEND];
	if (!filter_match(&dump->filter, &entry))
		return NETLINK_MORE;

	listing_begin(&dump->listing);
	if (dump->listing.json)
		json_list_item(&dump->listing.list, connection_json(tb));
	else
		connection_row(&dump->listing.table, tb);
	return filter_last(&dump->filter) ? NETLINK_STOP : NETLINK_MORE;
}

static int connection_show(struct dsrctl *ctl, struct args *args)
{
	struct connection_dump dump;
	struct nl_msg *msg;
	int status;

	status = filter_read(args, AF_UNSPEC, &dump.filter);
	if (status)
		return status;
	status = netlink_request(ctl->netlink, NETLINK_LB,
				 DSR_CMD_CONNECTION_GET, NLM_F_DUMP, &msg);
	if (status)
		return status;

	/* there may be millions: printed as they come */
	listing_init(&dump.listing, ctl);
	dump.listing.table.stream = true;
	table_column(&dump.listing.table, "PROTO", TABLE_LEFT, 5);
	table_column(&dump.listing.table, "CLIENT", TABLE_LEFT, 21);
	table_column(&dump.listing.table, "VIP", TABLE_LEFT, 21);
	table_column(&dump.listing.table, "BACKEND", TABLE_LEFT, 15);
	table_column(&dump.listing.table, "FWMARK", TABLE_RIGHT, 10);
	table_column(&dump.listing.table, "STATE", TABLE_LEFT, 11);
	table_column(&dump.listing.table, "EXPIRES", TABLE_RIGHT, 7);
	status = netlink_stream(ctl->netlink, msg, on_connection, &dump);
	listing_end(&dump.listing, status);
	return status;
}

static int connection_set(struct dsrctl *ctl, struct args *args)
{
	return stats_set_max(ctl, args, NETLINK_LB, DSR_CMD_CONNECTION_SET);
}

static int connection_flush(struct dsrctl *ctl, struct args *args)
{
	struct nl_msg *msg;
	int status;

	status = args_end(args);
	if (status)
		return status;
	status = netlink_request(ctl->netlink, NETLINK_LB,
				 DSR_CMD_CONNECTION_FLUSH, 0, &msg);
	if (status)
		return status;
	return netlink_do(ctl->netlink, msg);
}

static const struct command connection_commands[] = {
	{ "show",
	  "[fwmark N] [via ADDR] [src ADDR[:PORT]] [dst ADDR[:PORT]] [proto tcp|udp] [state syn|established|fin|closed|udp] [limit N]",
	  "list the connections that match",
	  show_keywords, connection_show },
	{ "set", "max N",
	  "how many the table holds at most",
	  stats_max_keywords, connection_set },
	{ "flush", "",
	  "forget all: each is scheduled anew with its next packet",
	  NULL, connection_flush },
	{ NULL, NULL, NULL, NULL, NULL }
};

const struct object connection_object = {
	.name = "connection",
	.description = "which connection goes to which backend",
	.commands = connection_commands,
	.fallback = "show",
};
