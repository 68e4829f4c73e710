// SPDX-License-Identifier: GPL-2.0
/*
 * dsrctl service: what clients connect to, selected by a firewall mark.
 */
#include <linux/dsr.h>
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "attr.h"
#include "dsrctl.h"
#include "json.h"
#include "listing.h"
#include "netlink.h"
#include "report.h"
#include "service.h"
#include "stats.h"
#include "table.h"

enum {
	KEY_FWMARK,
	KEY_SCHEDULER,
	KEY_PATH,
	KEY_TOS,
	KEY_HASH,
	KEY_TABLE_SIZE,
};

/* the kernel may know more schedulers: these are what the completion offers */
static const char *const schedulers[] = {
	"rr", "wrr", "lc", "wlc", "sed", "nq", "sh", "dh", "fo", "ovf", "twos",
	"maglev", NULL
};

static const char *const tos_values[] = { "none", NULL };
static const char *const table_sizes[] = {
	"251", "509", "1021", "2039", "4093", "8191", "16381", "32749", "65521",
	"131071", "262139", "524287", "1048573", NULL
};

static const struct keyword change_keywords[] = {
	[KEY_FWMARK] = { "fwmark", NULL },
	[KEY_SCHEDULER] = { "scheduler", schedulers },
	[KEY_PATH] = { "path", attr_paths },
	[KEY_TOS] = { "tos", tos_values },
	[KEY_HASH] = { "hash", attr_hashes },
	[KEY_TABLE_SIZE] = { "table-size", table_sizes },
	{ NULL, NULL }
};

static const struct keyword key_keywords[] = {
	[KEY_FWMARK] = { "fwmark", NULL },
	{ NULL, NULL }
};

/* what a command line says about a service */
struct service {
	uint32_t fwmark;
	const char *scheduler;
	unsigned int path;
	uint8_t tos;
	uint8_t tos_mask;
	unsigned int hash;
	uint32_t table_size;
};

static int service_read_tos(struct args *args, struct service *service)
{
	const char *word = args_peek(args);

	if (word && !strcmp(word, "none"))
		return args_word(args) ? DSRCTL_OK : DSRCTL_USAGE;
	if (args_tos(args, false, &service->tos, &service->tos_mask))
		return DSRCTL_USAGE;
	if (service->tos_mask & 0x03)
		report_warning("tos 0x%02x sets the two low bits, which are ECN's: routers and hosts change them; name a value with DSCP bits only, such as 0x04",
			       service->tos);
	return DSRCTL_OK;
}

static int service_read(struct args *args, struct service *service)
{
	int key, status = DSRCTL_OK;

	memset(service, 0, sizeof(*service));
	while (!status && (key = args_keyword(args)) != ARGS_END) {
		switch (key) {
		case KEY_FWMARK:
			status = args_u32(args, 0, UINT32_MAX,
					  &service->fwmark);
			break;
		case KEY_SCHEDULER:
			service->scheduler = args_word(args);
			if (!service->scheduler)
				status = DSRCTL_USAGE;
			break;
		case KEY_PATH:
			status = args_choice(args, &service->path);
			break;
		case KEY_TOS:
			status = service_read_tos(args, service);
			break;
		case KEY_HASH:
			status = args_choice(args, &service->hash);
			break;
		case KEY_TABLE_SIZE:
			status = args_u32(args, 0, UINT32_MAX,
					  &service->table_size);
			break;
		default:
			status = DSRCTL_USAGE;
		}
	}
	return status;
}

/**
 * service_put_key() - name a service in a request
 * @msg: the request
 * @fwmark: key of the service
 *
 * Return: 0, or negative if the request has no room for it.
 */
int service_put_key(struct nl_msg *msg, uint32_t fwmark)
{
	struct nlattr *nest;

	nest = nla_nest_start(msg, NLA_F_NESTED | DSR_A_SERVICE);
	if (!nest || nla_put_u32(msg, DSR_SERVICE_A_FWMARK, fwmark))
		return -1;
	return nla_nest_end(msg, nest);
}

static int service_put(struct nl_msg *msg, const struct args *args,
		       const struct service *service)
{
	struct nlattr *nest;

	nest = nla_nest_start(msg, NLA_F_NESTED | DSR_A_SERVICE);
	if (!nest || nla_put_u32(msg, DSR_SERVICE_A_FWMARK, service->fwmark))
		return -1;
	if (args_seen(args, KEY_SCHEDULER) &&
	    nla_put_string(msg, DSR_SERVICE_A_SCHEDULER, service->scheduler))
		return -1;
	if (args_seen(args, KEY_PATH) &&
	    nla_put_u8(msg, DSR_SERVICE_A_PATH, service->path))
		return -1;
	if (args_seen(args, KEY_TOS) &&
	    (nla_put_u8(msg, DSR_SERVICE_A_TOS, service->tos) ||
	     nla_put_u8(msg, DSR_SERVICE_A_TOS_MASK, service->tos_mask)))
		return -1;
	if (args_seen(args, KEY_HASH) &&
	    nla_put_u8(msg, DSR_SERVICE_A_HASH, service->hash))
		return -1;
	if (args_seen(args, KEY_TABLE_SIZE) &&
	    nla_put_u32(msg, DSR_SERVICE_A_TABLE_SIZE, service->table_size))
		return -1;
	return nla_nest_end(msg, nest);
}

static int service_change(struct dsrctl *ctl, struct args *args, uint8_t cmd)
{
	struct service service;
	struct nl_msg *msg;
	int status;

	status = service_read(args, &service);
	if (status)
		return status;
	status = args_need(args, KEY_FWMARK);
	if (status)
		return status;

	status = netlink_request(ctl->netlink, NETLINK_LB, cmd, 0, &msg);
	if (status)
		return status;
	if (service_put(msg, args, &service))
		return netlink_too_long(msg);
	return netlink_do(ctl->netlink, msg);
}

static int service_add(struct dsrctl *ctl, struct args *args)
{
	return service_change(ctl, args, DSR_CMD_SERVICE_ADD);
}

static int service_set(struct dsrctl *ctl, struct args *args)
{
	return service_change(ctl, args, DSR_CMD_SERVICE_SET);
}

static int service_replace(struct dsrctl *ctl, struct args *args)
{
	return service_change(ctl, args, DSR_CMD_SERVICE_REPLACE);
}

static int service_delete(struct dsrctl *ctl, struct args *args)
{
	return service_change(ctl, args, DSR_CMD_SERVICE_DELETE);
}

static int service_flush(struct dsrctl *ctl, struct args *args)
{
	struct nl_msg *msg;
	int status;

	status = args_end(args);
	if (status)
		return status;
	status = netlink_request(ctl->netlink, NETLINK_LB,
				 DSR_CMD_SERVICE_FLUSH, 0, &msg);
	if (status)
		return status;
	return netlink_do(ctl->netlink, msg);
}

/**
 * service_parse() - find the attributes of a service
 * @reply: to DSR_CMD_SERVICE_GET
 * @tb: ATTR_MAX pointers to set, by enum dsr_service_attr
 * @stats: ATTR_MAX pointers to set, by enum dsr_stats_attr
 *
 * Return: whether it is a service.
 */
bool service_parse(const struct nlmsghdr *reply, struct nlattr **tb,
		   struct nlattr **stats)
{
	struct nlattr *top[ATTR_MAX];

	return attr_parse(reply, top) && top[DSR_A_SERVICE] &&
	       attr_parse_nest(DSR_A_SERVICE, top[DSR_A_SERVICE], tb) &&
	       tb[DSR_SERVICE_A_FWMARK] &&
	       attr_parse_stats(tb[DSR_SERVICE_A_STATS], stats);
}

/**
 * service_json() - a service as JSON
 * @tb: its attributes
 * @stats: its counters
 *
 * Return: to be freed by json_object_put().
 */
struct json_object *service_json(struct nlattr **tb, struct nlattr **stats)
{
	struct json_object *object = json_object_new_object();
	struct nlattr *mask = tb[DSR_SERVICE_A_TOS_MASK];
	bool tos = mask && nla_get_u8(mask);

	attr_json(object, "fwmark", ATTR_U32, tb[DSR_SERVICE_A_FWMARK]);
	attr_json(object, "scheduler", ATTR_STRING,
		  tb[DSR_SERVICE_A_SCHEDULER]);
	attr_json(object, "hash", ATTR_HASH, tb[DSR_SERVICE_A_HASH]);
	attr_json(object, "table_size", ATTR_U32,
		  tb[DSR_SERVICE_A_TABLE_SIZE]);
	attr_json(object, "path", ATTR_PATH, tb[DSR_SERVICE_A_PATH]);
	attr_json(object, "tos", ATTR_U8,
		  tos ? tb[DSR_SERVICE_A_TOS] : NULL);
	attr_json(object, "tos_mask", ATTR_U8, tos ? mask : NULL);
	attr_json(object, "backend_count", ATTR_U32,
		  tb[DSR_SERVICE_A_BACKENDS]);
	stats_json(object, stats);
	return object;
}

static void service_row(struct table *table, bool statistics,
			struct nlattr **tb, struct nlattr **stats)
{
	char text[ATTR_TEXT_MAX];

	attr_cell(table, ATTR_U32, tb[DSR_SERVICE_A_FWMARK]);
	attr_cell(table, ATTR_STRING, tb[DSR_SERVICE_A_SCHEDULER]);
	attr_cell(table, ATTR_HASH, tb[DSR_SERVICE_A_HASH]);
	attr_cell(table, ATTR_U32, tb[DSR_SERVICE_A_TABLE_SIZE]);
	attr_cell(table, ATTR_PATH, tb[DSR_SERVICE_A_PATH]);
	table_cell(table, TABLE_PLAIN, "%s",
		   attr_tos_text(tb[DSR_SERVICE_A_TOS],
				 tb[DSR_SERVICE_A_TOS_MASK], text));
	attr_cell(table, ATTR_U32, tb[DSR_SERVICE_A_BACKENDS]);
	if (statistics)
		stats_cells(table, stats);
}

static int service_print(struct dsrctl *ctl,
			 const struct netlink_replies *replies)
{
	struct nlattr *tb[ATTR_MAX], *stats[ATTR_MAX];
	struct listing listing;
	int status = DSRCTL_OK;
	size_t i;

	listing_init(&listing, ctl);
	table_column(&listing.table, "FWMARK", TABLE_RIGHT, 0);
	table_column(&listing.table, "SCHEDULER", TABLE_LEFT, 0);
	table_column(&listing.table, "HASH", TABLE_LEFT, 0);
	table_column(&listing.table, "TABLE-SIZE", TABLE_RIGHT, 0);
	table_column(&listing.table, "PATH", TABLE_LEFT, 0);
	table_column(&listing.table, "TOS", TABLE_LEFT, 0);
	table_column(&listing.table, "BACKENDS", TABLE_RIGHT, 0);
	if (ctl->statistics)
		stats_columns(&listing.table);
	listing_begin(&listing);

	for (i = 0; !status && i < replies->count; i++) {
		if (!service_parse(replies->reply[i], tb, stats))
			status = netlink_malformed();
		else if (ctl->json)
			json_list_item(&listing.list, service_json(tb, stats));
		else
			service_row(&listing.table, ctl->statistics, tb, stats);
	}
	listing_end(&listing, status);
	return status;
}

static int service_show(struct dsrctl *ctl, struct args *args)
{
	struct netlink_replies replies;
	struct service service;
	struct nl_msg *msg;
	int status;
	bool one;

	status = service_read(args, &service);
	if (status)
		return status;
	one = args_seen(args, KEY_FWMARK);

	status = netlink_request(ctl->netlink, NETLINK_LB,
				 DSR_CMD_SERVICE_GET, one ? 0 : NLM_F_DUMP,
				 &msg);
	if (status)
		return status;
	if (one && service_put_key(msg, service.fwmark))
		return netlink_too_long(msg);
	status = netlink_collect(ctl->netlink, msg, &replies);
	if (!status)
		status = service_print(ctl, &replies);
	netlink_replies_free(&replies);
	return status;
}

#define CHANGE_SYNTAX \
	"fwmark N [scheduler NAME] [path stack|direct] [tos VALUE|none] " \
	"[hash source|source-port|default] [table-size SLOTS]"

static const struct command service_commands[] = {
	{ "add", CHANGE_SYNTAX,
	  "create a service; unless named: scheduler rr, path stack, tos none",
	  change_keywords, service_add },
	{ "set", CHANGE_SYNTAX,
	  "change what is named, keep the rest",
	  change_keywords, service_set },
	{ "replace", CHANGE_SYNTAX,
	  "create it, or reset what is not named; its backends stay",
	  change_keywords, service_replace },
	{ "delete", "fwmark N",
	  "remove a service and its backends",
	  key_keywords, service_delete },
	{ "show", "[fwmark N]",
	  "list the services, or one",
	  key_keywords, service_show },
	{ "flush", "",
	  "remove all services",
	  NULL, service_flush },
	{ NULL, NULL, NULL, NULL, NULL }
};

const struct object service_object = {
	.name = "service",
	.description = "what clients connect to, selected by a firewall mark",
	.commands = service_commands,
	.fallback = "show",
};
