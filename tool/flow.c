// SPDX-License-Identifier: GPL-2.0
/*
 * dsrctl flow: the flows that the real server remembers.
 */
#include <linux/dsr_rs.h>
#include <stdio.h>

#include "all.h"
#include "args.h"
#include "attr.h"
#include "dsrctl.h"
#include "filter.h"
#include "json.h"
#include "listing.h"
#include "netlink.h"
#include "stats.h"

static const struct keyword show_keywords[] = {
	FILTER_KEYWORDS(attr_protos, attr_flow_states),
	{ NULL, NULL }
};

struct flow_dump {
	struct listing listing;
	struct filter filter;
};

static const struct attr_field flow_fields[] = {
	{ "proto", ATTR_PROTO, DSR_FLOW_A_PROTO },
	{ "src", ATTR_ADDR, DSR_FLOW_A_SRC },
	{ "sport", ATTR_PORT, DSR_FLOW_A_SPORT },
	{ "dst", ATTR_ADDR, DSR_FLOW_A_DST },
	{ "dport", ATTR_PORT, DSR_FLOW_A_DPORT },
	{ "to", ATTR_ADDR, DSR_FLOW_A_TO },
	{ "to_port", ATTR_PORT, DSR_FLOW_A_TO_PORT },
	{ "socket_sport", ATTR_PORT, DSR_FLOW_A_SOCKET_SPORT },
	{ "state", ATTR_CONN_STATE, DSR_FLOW_A_STATE },
	{ "expires", ATTR_MSECS, DSR_FLOW_A_EXPIRES },
	{ NULL, 0, 0 }
};

static void flow_row(struct table *table, struct nlattr **tb)
{
	attr_cell(table, ATTR_PROTO, tb[DSR_FLOW_A_PROTO]);
	attr_cell_endpoint(table, tb[DSR_FLOW_A_SRC], tb[DSR_FLOW_A_SPORT]);
	attr_cell_endpoint(table, tb[DSR_FLOW_A_DST], tb[DSR_FLOW_A_DPORT]);
	attr_cell_endpoint(table, tb[DSR_FLOW_A_TO], tb[DSR_FLOW_A_TO_PORT]);
	attr_cell(table, ATTR_PORT, tb[DSR_FLOW_A_SOCKET_SPORT]);
	attr_cell(table, ATTR_CONN_STATE, tb[DSR_FLOW_A_STATE]);
	attr_cell(table, ATTR_MSECS, tb[DSR_FLOW_A_EXPIRES]);
}

static enum netlink_verdict on_flow(struct nlmsghdr *reply, void *arg)
{
	struct nlattr *top[ATTR_MAX], *tb[ATTR_MAX];
	struct filter_entry entry = { NULL };
	struct flow_dump *dump = arg;

	if (!attr_parse(reply, top) || !top[DSR_A_FLOW] ||
	    !attr_parse_nest(DSR_A_FLOW, top[DSR_A_FLOW], tb))
		return NETLINK_MALFORMED;

	entry.proto = tb[DSR_FLOW_A_PROTO];
	entry.src = tb[DSR_FLOW_A_SRC];
	entry.sport = tb[DSR_FLOW_A_SPORT];
	entry.dst = tb[DSR_FLOW_A_DST];
	entry.dport = tb[DSR_FLOW_A_DPORT];
	entry.state = tb[DSR_FLOW_A_STATE];
	if (!filter_match(&dump->filter, &entry))
		return NETLINK_MORE;

	listing_begin(&dump->listing);
	if (dump->listing.json)
		attr_json_row(&dump->listing.list, flow_fields, tb);
	else
		flow_row(&dump->listing.table, tb);
	return filter_last(&dump->filter) ? NETLINK_STOP : NETLINK_MORE;
}

static int flow_show(struct dsrctl *ctl, struct args *args)
{
	struct flow_dump dump;
	int keyword, status = DSRCTL_OK;
	struct nl_msg *msg;

	filter_init(&dump.filter, args);
	while (!status && (keyword = args_keyword(args)) != ARGS_END)
		status = filter_read(args, &dump.filter, keyword);
	if (status)
		return status;
	status = netlink_query(ctl->netlink, NETLINK_RS, DSR_RS_CMD_FLOW_GET,
			       NLM_F_DUMP, &msg);
	if (status)
		return status;

	/* stream them, since there may be millions */
	listing_init(&dump.listing, ctl);
	dump.listing.table.stream = true;
	table_column(&dump.listing.table, "PROTO", TABLE_LEFT, 5);
	table_column(&dump.listing.table, "CLIENT", TABLE_LEFT, 21);
	table_column(&dump.listing.table, "VIP", TABLE_LEFT, 21);
	table_column(&dump.listing.table, "TO", TABLE_LEFT, 21);
	table_column(&dump.listing.table, "SPORT", TABLE_RIGHT, 5);
	table_column(&dump.listing.table, "STATE", TABLE_LEFT, 11);
	table_column(&dump.listing.table, "EXPIRES", TABLE_RIGHT, 7);
	status = netlink_stream(ctl->netlink, msg, on_flow, &dump);
	listing_end(&dump.listing, status);
	return status;
}

static int flow_set(struct dsrctl *ctl, struct args *args)
{
	return stats_set(ctl, args, NETLINK_RS, DSR_RS_CMD_FLOW_SET);
}

static int flow_flush(struct dsrctl *ctl, struct args *args)
{
	int status = args_end(args);

	return status ? status : all_flush_parts(ctl->netlink, NETLINK_RS,
						 DSR_RS_CMD_FLOW_FLUSH);
}

static const struct command flow_commands[] = {
	{ "show",
	  "[src ADDR[/LENGTH][:PORT]] [dst ADDR[/LENGTH][:PORT]] [proto tcp|udp|sctp] [state syn|established|fin|closed|udp] [limit N]",
	  "list the flows that match; SPORT: the client's port as the socket sees it",
	  show_keywords, flow_show },
	{ "set", STATS_SET_SYNTAX,
	  "set the limit of the table, and the timeouts after the last packet",
	  stats_set_keywords, flow_set },
	{ "flush", "",
	  "forget all flows: the next packet from the client begins each again",
	  NULL, flow_flush },
	{ NULL, NULL, NULL, NULL, NULL }
};

const struct object flow_object = {
	.name = "flow",
	.description = "the local socket of each connection",
	.commands = flow_commands,
	.fallback = "show",
};
