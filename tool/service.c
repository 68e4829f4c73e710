// SPDX-License-Identifier: GPL-2.0
/*
 * dsrctl service: the services that clients connect to, selected by a firewall
 * mark or by a VIP.
 */
#include <linux/dsr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "all.h"
#include "args.h"
#include "attr.h"
#include "dscp.h"
#include "dsrctl.h"
#include "duration.h"
#include "guard.h"
#include "json.h"
#include "key.h"
#include "listing.h"
#include "netlink.h"
#include "report.h"
#include "service.h"
#include "stats.h"
#include "table.h"
#include "text.h"
#include "timeout.h"

enum {
	SERVICE_SCHEDULER = KEY_COUNT,
	SERVICE_PATH,
	SERVICE_TOS,
	SERVICE_HASH,
	SERVICE_TABLE_SIZE,
	SERVICE_CHOICES,
	SERVICE_PING,
	SERVICE_ONE_PACKET,
	SERVICE_ON_DOWN,
	SERVICE_ON_UNREACHABLE,
	SERVICE_CHANCES,
	SERVICE_PERSIST,
	SERVICE_PERSIST_PREFIX,
	SERVICE_PROBE_MARKS,
	SERVICE_TIMEOUTS,
	SERVICE_FORCE = SERVICE_TIMEOUTS + TIMEOUTS,
};

/* for the completion; the kernel may know more schedulers */
static const char *const schedulers[] = {
	"rr", "wrr", "lc", "wlc", "sed", "nq", "sh", "dh", "fo", "ovf", "twos",
	"maglev", NULL
};

static const char *const table_sizes[] = {
	"251", "509", "1021", "2039", "4093", "8191", "16381", "32749", "65521",
	"131071", "262139", "524287", "1048573", NULL
};

static const char *const choice_numbers[] = { "1", "2", NULL };
static const char *const none_values[] = { "none", NULL };
static const char *const off_values[] = { "off", NULL };

static const struct keyword change_keywords[] = {
	KEY_KEYWORDS,
	[SERVICE_SCHEDULER] = { "scheduler", schedulers },
	[SERVICE_PATH] = { "path", attr_paths },
	[SERVICE_TOS] = { "tos", none_values },
	[SERVICE_HASH] = { "hash", attr_hashes },
	[SERVICE_TABLE_SIZE] = { "table-size", table_sizes },
	[SERVICE_CHOICES] = { "choices", choice_numbers },
	[SERVICE_PING] = { "ping", attr_pings },
	[SERVICE_ONE_PACKET] = { "one-packet", attr_switches },
	[SERVICE_ON_DOWN] = { "on-down", attr_on_downs },
	[SERVICE_ON_UNREACHABLE] = { "on-unreachable", attr_on_unreachables },
	[SERVICE_CHANCES] = { "chances", off_values },
	[SERVICE_PERSIST] = { "persist", off_values },
	[SERVICE_PERSIST_PREFIX] = { "persist-prefix", NULL },
	[SERVICE_PROBE_MARKS] = { "probe-marks", none_values },
	TIMEOUT_KEYWORDS(SERVICE_TIMEOUTS),
	[SERVICE_FORCE] = { "force", keyword_flag },
	{ NULL, NULL }
};

static const struct keyword key_keywords[] = {
	KEY_KEYWORDS,
	{ NULL, NULL }
};

/* the options of a service on a command line */
struct service {
	struct key key;
	const char *scheduler;
	unsigned int path;
	uint8_t tos;
	uint8_t tos_mask;
	unsigned int hash;
	uint32_t table_size;
	uint32_t choices;
	unsigned int ping;
	unsigned int one_packet;
	unsigned int on_down;
	unsigned int on_unreachable;
	uint32_t chances;
	uint32_t persist;
	uint32_t persist_prefix;
	uint32_t probe_marks;
	struct timeouts timeouts;
};

/* Read the next word if it is WORD. */
static bool read_this(struct args *args, const char *this)
{
	const char *word = args_peek(args);

	return word && !strcmp(word, this) && args_word(args);
}

static bool read_none(struct args *args)
{
	return read_this(args, none_values[0]);
}

static int service_read_tos(struct args *args, struct service *service)
{
	if (read_none(args))
		return DSRCTL_OK;
	if (args_tos(args, false, &service->tos, &service->tos_mask))
		return DSRCTL_USAGE;
	if (service->tos_mask & 0x03)
		report_warning("tos 0x%02x sets the two low bits, which are ECN's and which routers and hosts change: give a value with DSCP bits only, such as 0x04",
			       service->tos);
	return DSRCTL_OK;
}

/* TIME, TIME/PREFIX as "show" prints it, or off */
static int service_read_persist(struct args *args, struct service *service)
{
	const char *word = args_peek(args);
	const char *slash = word ? strchr(word, '/') : NULL;
	char *copy;
	int status;

	if (!slash)
		return duration_read_or(args, off_values[0],
					&service->persist);

	word = args_word(args);
	copy = report_alloc(NULL, strlen(word) + 1);
	strcpy(copy, word);
	copy[slash - word] = '\0';
	status = duration_parse(args, copy, &service->persist);
	free(copy);
	if (status)
		return status;
	status = args_mark(args, SERVICE_PERSIST_PREFIX);
	if (status)
		return status;
	return args_parse_u32(args, slash + 1, 0, UINT8_MAX,
			      &service->persist_prefix);
}

static int service_read_option(struct args *args, struct service *service,
			       int keyword)
{
	switch (keyword) {
	case SERVICE_SCHEDULER:
		service->scheduler = args_word(args);
		return service->scheduler ? DSRCTL_OK : DSRCTL_USAGE;
	case SERVICE_PATH:
		return args_choice(args, &service->path);
	case SERVICE_TOS:
		return service_read_tos(args, service);
	case SERVICE_HASH:
		return args_choice(args, &service->hash);
	case SERVICE_TABLE_SIZE:
		return args_u32(args, 0, UINT32_MAX, &service->table_size);
	case SERVICE_CHOICES:
		return args_u32(args, 1, DSR_CHOICES_MAX, &service->choices);
	case SERVICE_PING:
		return args_choice(args, &service->ping);
	case SERVICE_ONE_PACKET:
		return args_choice(args, &service->one_packet);
	case SERVICE_ON_DOWN:
		return args_choice(args, &service->on_down);
	case SERVICE_ON_UNREACHABLE:
		return args_choice(args, &service->on_unreachable);
	case SERVICE_CHANCES:
		if (read_this(args, off_values[0]))
			return DSRCTL_OK;
		return args_u32(args, 0, DSR_CHANCES_MAX, &service->chances);
	case SERVICE_PERSIST:
		return service_read_persist(args, service);
	case SERVICE_PERSIST_PREFIX:
		return args_u32(args, 0, UINT8_MAX, &service->persist_prefix);
	case SERVICE_PROBE_MARKS:
		if (read_none(args))
			return DSRCTL_OK;
		return args_u32(args, 1, UINT32_MAX, &service->probe_marks);
	case SERVICE_FORCE:
		return DSRCTL_OK;
	default:
		return timeout_read(args, &service->timeouts, keyword);
	}
}

static int service_read(struct args *args, struct service *service,
			bool needed)
{
	int keyword, status = DSRCTL_OK;

	memset(service, 0, sizeof(*service));
	service->timeouts.first = SERVICE_TIMEOUTS;
	while (!status && (keyword = args_keyword(args)) != ARGS_END) {
		if (keyword < KEY_COUNT)
			status = key_read(args, &service->key, keyword);
		else
			status = service_read_option(args, service, keyword);
	}
	return status ? status : key_check(args, needed);
}

static int put_u8(struct nl_msg *msg, const struct args *args, int keyword,
		  int attr, uint8_t value)
{
	return args_seen(args, keyword) ? nla_put_u8(msg, attr, value) : 0;
}

static int service_put(struct nl_msg *msg, const struct args *args,
		       const struct service *service)
{
	struct nlattr *nest;

	nest = nla_nest_start(msg, NLA_F_NESTED | DSR_A_SERVICE);
	if (!nest || key_put(msg, args, &service->key))
		return -1;
	if (args_seen(args, SERVICE_SCHEDULER) &&
	    nla_put_string(msg, DSR_SERVICE_A_SCHEDULER, service->scheduler))
		return -1;
	if (args_seen(args, SERVICE_PERSIST) &&
	    nla_put_u32(msg, DSR_SERVICE_A_PERSIST, service->persist))
		return -1;
	if (args_seen(args, SERVICE_TABLE_SIZE) &&
	    nla_put_u32(msg, DSR_SERVICE_A_TABLE_SIZE, service->table_size))
		return -1;
	if (args_seen(args, SERVICE_PROBE_MARKS) &&
	    nla_put_u32(msg, DSR_SERVICE_A_PROBE_MARKS, service->probe_marks))
		return -1;
	if (put_u8(msg, args, SERVICE_HASH, DSR_SERVICE_A_HASH,
		   service->hash) ||
	    put_u8(msg, args, SERVICE_CHOICES, DSR_SERVICE_A_CHOICES,
		   service->choices) ||
	    put_u8(msg, args, SERVICE_PATH, DSR_SERVICE_A_PATH,
		   service->path) ||
	    put_u8(msg, args, SERVICE_TOS, DSR_SERVICE_A_TOS, service->tos) ||
	    put_u8(msg, args, SERVICE_TOS, DSR_SERVICE_A_TOS_MASK,
		   service->tos_mask) ||
	    put_u8(msg, args, SERVICE_PING, DSR_SERVICE_A_PING,
		   service->ping) ||
	    put_u8(msg, args, SERVICE_ONE_PACKET, DSR_SERVICE_A_ONE_PACKET,
		   service->one_packet) ||
	    put_u8(msg, args, SERVICE_ON_DOWN, DSR_SERVICE_A_ON_DOWN,
		   service->on_down) ||
	    put_u8(msg, args, SERVICE_ON_UNREACHABLE,
		   DSR_SERVICE_A_ON_UNREACHABLE, service->on_unreachable) ||
	    put_u8(msg, args, SERVICE_CHANCES, DSR_SERVICE_A_CHANCES,
		   service->chances) ||
	    put_u8(msg, args, SERVICE_PERSIST_PREFIX,
		   DSR_SERVICE_A_PERSIST_PREFIX, service->persist_prefix) ||
	    timeout_put(msg, DSR_SERVICE_A_TIMEOUTS, args, &service->timeouts))
		return -1;
	return nla_nest_end(msg, nest);
}

static int service_guard_prefix(struct dsrctl *ctl, const struct args *args,
				const struct service *service, uint8_t cmd)
{
	bool inet6 = service->key.family == AF_INET6 ||
		     service->key.vip.family == AF_INET6;

	/* The default, a client alone, only takes an earlier prefix back. */
	if (!args_seen(args, SERVICE_PERSIST_PREFIX) || service->persist ||
	    service->persist_prefix == (inet6 ? 128 : 32))
		return DSRCTL_OK;
	if (cmd == DSR_CMD_SERVICE_SET && !args_seen(args, SERVICE_PERSIST))
		return guard_persists(ctl, args, &service->key);
	return guard_no_persistence();
}

/* Refuse a mistake that the kernel would carry out; see guard.c. */
static int service_guard(struct dsrctl *ctl, const struct args *args,
			 const struct service *service, uint8_t cmd)
{
	int status;

	if (ctl->check || args_seen(args, SERVICE_FORCE) ||
	    cmd == DSR_CMD_SERVICE_DELETE)
		return DSRCTL_OK;
	status = service_guard_prefix(ctl, args, service, cmd);
	if (status)
		return status;
	if (cmd == DSR_CMD_SERVICE_SET)
		return service->key.has_mask ? DSRCTL_OK :
			guard_changes(args, KEY_COUNT, SERVICE_FORCE);
	return guard_vip(args, &service->key);
}

static int service_change(struct dsrctl *ctl, struct args *args, uint8_t cmd)
{
	struct service service;
	struct nl_msg *msg;
	int status;

	status = service_read(args, &service, true);
	if (!status)
		status = service_guard(ctl, args, &service, cmd);
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
	int status = args_end(args);

	return status ? status : all_flush_parts(ctl->netlink, NETLINK_LB,
						 DSR_CMD_SERVICE_FLUSH);
}

/**
 * service_parse() - find the attributes of a service
 * @nest: DSR_A_SERVICE, or NULL
 * @service: set
 *
 * Return: true if it is a service.
 */
bool service_parse(const struct nlattr *nest, struct service_info *service)
{
	struct nlattr **tb = service->tb;

	return nest && attr_parse_nest(DSR_A_SERVICE, nest, tb) &&
	       key_valid(tb) &&
	       attr_parse_stats(tb[DSR_SERVICE_A_STATS], service->stats) &&
	       attr_parse_timeouts(tb[DSR_SERVICE_A_TIMEOUTS],
				   service->timeouts);
}

/**
 * service_parse_reply() - find the attributes of a service
 * @reply: to DSR_CMD_SERVICE_GET
 * @service: set
 *
 * Return: true if it is a service.
 */
bool service_parse_reply(const struct nlmsghdr *reply,
			 struct service_info *service)
{
	struct nlattr *top[ATTR_MAX];

	return attr_parse(reply, top) &&
	       service_parse(top[DSR_A_SERVICE], service);
}

static bool has_prefix(struct nlattr **tb)
{
	const struct nlattr *prefix = tb[DSR_SERVICE_A_PERSIST_PREFIX];

	return prefix && nla_get_u8(prefix) != (key_is_inet6(tb) ? 128 : 32);
}

static void print_persist(FILE *out, struct nlattr **tb)
{
	char text[DURATION_TEXT_MAX];
	uint32_t persist = attr_u32(tb[DSR_SERVICE_A_PERSIST]);

	if (!persist)
		return;
	fprintf(out, " persist %s", duration_text(persist, text));
	if (has_prefix(tb))
		fprintf(out, "/%u",
			nla_get_u8(tb[DSR_SERVICE_A_PERSIST_PREFIX]));
}

/* Print the options that are not the default, each after a blank.
 * @dscp: also name the DSCP of a TOS, which no command accepts
 */
static void print_options(FILE *out, struct service_info *service, bool dscp)
{
	static const struct {
		const char *name;
		enum attr_kind kind;
		int attr;
	} choices[] = {
		{ "hash", ATTR_HASH, DSR_SERVICE_A_HASH },
		{ "path", ATTR_PATH, DSR_SERVICE_A_PATH },
		{ "ping", ATTR_PING, DSR_SERVICE_A_PING },
		{ "one-packet", ATTR_BOOL, DSR_SERVICE_A_ONE_PACKET },
		{ "on-down", ATTR_ON_DOWN, DSR_SERVICE_A_ON_DOWN },
		{ "on-unreachable", ATTR_ON_UNREACHABLE,
		  DSR_SERVICE_A_ON_UNREACHABLE },
		{ "chances", ATTR_U8, DSR_SERVICE_A_CHANCES },
	};
	const char *(*tos_text)(const struct nlattr *tos,
				const struct nlattr *mask, char *text) =
		dscp ? dscp_both_text : attr_tos_text;
	struct nlattr **tb = service->tb;
	char text[ATTR_TEXT_MAX];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(choices); i++)
		if (attr_u8(tb[choices[i].attr]))
			fprintf(out, " %s %s", choices[i].name,
				attr_text(choices[i].kind, tb[choices[i].attr],
					  text));
	if (attr_u32(tb[DSR_SERVICE_A_TABLE_SIZE]))
		fprintf(out, " table-size %s",
			attr_text(ATTR_U32, tb[DSR_SERVICE_A_TABLE_SIZE],
				  text));
	if (attr_u8(tb[DSR_SERVICE_A_CHOICES]) > 1)
		fprintf(out, " choices %s",
			attr_text(ATTR_U8, tb[DSR_SERVICE_A_CHOICES], text));
	if (attr_u8(tb[DSR_SERVICE_A_TOS_MASK])) {
		tos_text(tb[DSR_SERVICE_A_TOS], tb[DSR_SERVICE_A_TOS_MASK],
			 text);
		fprintf(out, " tos %s", text);
	}
	print_persist(out, tb);
	if (attr_u32(tb[DSR_SERVICE_A_PROBE_MARKS]))
		fprintf(out, " probe-marks %s",
			attr_text(ATTR_U32, tb[DSR_SERVICE_A_PROBE_MARKS],
				  text));
	timeout_print(out, " timeout-", service->timeouts);
}

/**
 * service_text() - format a service as the words of its "add"
 * @service: the service
 * @dscp: name the DSCP of a TOS, too, which no command line would take
 *
 * Return: "KEY scheduler NAME", and options that are not the default; to be
 * freed.
 */
char *service_text(struct service_info *service, bool dscp)
{
	char key[KEY_TEXT_MAX], scheduler[ATTR_TEXT_MAX];
	struct text text;

	text_begin(&text);
	fprintf(text.out, "%s scheduler %s", key_text(service->tb, key),
		attr_text(ATTR_STRING, service->tb[DSR_SERVICE_A_SCHEDULER],
			  scheduler));
	print_options(text.out, service, dscp);
	return text_end(&text);
}

/**
 * service_json() - make a JSON object of a service
 * @service: the service
 *
 * Return: to be freed by json_object_put().
 */
struct json_object *service_json(struct service_info *service)
{
	struct json_object *object = json_object_new_object();
	struct nlattr **tb = service->tb;
	bool tos = attr_u8(tb[DSR_SERVICE_A_TOS_MASK]);
	bool persist = attr_u32(tb[DSR_SERVICE_A_PERSIST]);

	key_json(object, tb);
	attr_json(object, "fwmark_mask", ATTR_U32,
		  tb[DSR_SERVICE_A_FWMARK_MASK]);
	attr_json(object, "scheduler", ATTR_STRING,
		  tb[DSR_SERVICE_A_SCHEDULER]);
	attr_json(object, "hash", ATTR_HASH, tb[DSR_SERVICE_A_HASH]);
	attr_json(object, "table_size", ATTR_U32,
		  tb[DSR_SERVICE_A_TABLE_SIZE]);
	attr_json(object, "choices", ATTR_U8, tb[DSR_SERVICE_A_CHOICES]);
	attr_json(object, "path", ATTR_PATH, tb[DSR_SERVICE_A_PATH]);
	attr_json(object, "tos", ATTR_U8,
		  tos ? tb[DSR_SERVICE_A_TOS] : NULL);
	attr_json(object, "tos_mask", ATTR_U8,
		  tos ? tb[DSR_SERVICE_A_TOS_MASK] : NULL);
	attr_json(object, "ping", ATTR_PING, tb[DSR_SERVICE_A_PING]);
	attr_json(object, "one_packet", ATTR_BOOL,
		  tb[DSR_SERVICE_A_ONE_PACKET]);
	attr_json(object, "on_down", ATTR_ON_DOWN, tb[DSR_SERVICE_A_ON_DOWN]);
	attr_json(object, "on_unreachable", ATTR_ON_UNREACHABLE,
		  tb[DSR_SERVICE_A_ON_UNREACHABLE]);
	attr_json(object, "chances", ATTR_U8,
		  attr_u8(tb[DSR_SERVICE_A_CHANCES]) ?
			  tb[DSR_SERVICE_A_CHANCES] : NULL);
	attr_json(object, "persist", ATTR_MSECS,
		  persist ? tb[DSR_SERVICE_A_PERSIST] : NULL);
	attr_json(object, "persist_prefix", ATTR_U8,
		  persist ? tb[DSR_SERVICE_A_PERSIST_PREFIX] : NULL);
	attr_json(object, "probe_marks", ATTR_U32,
		  attr_u32(tb[DSR_SERVICE_A_PROBE_MARKS]) ?
			  tb[DSR_SERVICE_A_PROBE_MARKS] : NULL);
	json_object_object_add(object, "timeouts",
			       timeout_json(service->timeouts));
	attr_json(object, "backend_count", ATTR_U32,
		  tb[DSR_SERVICE_A_BACKENDS]);
	stats_json(object, service->stats);
	return object;
}

static void service_row(struct table *table, const struct dsrctl *ctl,
			struct service_info *service)
{
	struct text text;
	char key[KEY_TEXT_MAX];
	char *options;

	text_begin(&text);
	print_options(text.out, service, true);
	options = text_end(&text);

	table_cell(table, TABLE_PLAIN, "%s", key_text(service->tb, key));
	attr_cell(table, ATTR_STRING, service->tb[DSR_SERVICE_A_SCHEDULER]);
	attr_cell(table, ATTR_U32, service->tb[DSR_SERVICE_A_BACKENDS]);
	if (ctl->statistics)
		stats_cells(table, service->stats);
	/* without the blank before it */
	if (!ctl->brief)
		table_cell(table, TABLE_PLAIN, "%s",
			   *options ? options + 1 : "-");
	free(options);
}

static int service_print(struct dsrctl *ctl,
			 const struct netlink_replies *replies)
{
	struct service_info service;
	struct listing listing;
	int status = DSRCTL_OK;
	size_t i;

	listing_init(&listing, ctl);
	table_column(&listing.table, "SERVICE", TABLE_LEFT, 0);
	table_column(&listing.table, "SCHEDULER", TABLE_LEFT, 0);
	table_column(&listing.table, "BACKENDS", TABLE_RIGHT, 0);
	if (ctl->statistics)
		stats_columns(&listing.table);
	if (!ctl->brief)
		table_column(&listing.table, "OPTIONS", TABLE_LEFT, 0);
	listing_begin(&listing);

	for (i = 0; !status && i < replies->count; i++) {
		if (!service_parse_reply(replies->reply[i], &service))
			status = netlink_malformed();
		else if (ctl->json)
			json_list_item(&listing.list, service_json(&service));
		else
			service_row(&listing.table, ctl, &service);
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

	status = service_read(args, &service, false);
	if (status)
		return status;
	one = key_seen(args);

	status = netlink_query(ctl->netlink, NETLINK_LB, DSR_CMD_SERVICE_GET,
			       one ? 0 : NLM_F_DUMP, &msg);
	if (status)
		return status;
	if (one && key_put_service(msg, args, &service.key))
		return netlink_too_long(msg);
	status = netlink_collect(ctl->netlink, msg, &replies);
	if (!status)
		status = service_print(ctl, &replies);
	netlink_replies_free(&replies);
	return status;
}

#define CHANGE_SYNTAX	"{" KEY_SYNTAX "} [OPTION]... [force]"

static const char service_notes[] =
	"OPTION, and what it is unless it is named:\n"
	"  scheduler NAME                      rr\n"
	"  hash source|source-port|default     default: as the scheduler has it\n"
	"  table-size SLOTS                    65521, of the scheduler maglev\n"
	"  choices 1|2                         1, of the scheduler maglev\n"
	"  path stack|direct                   stack\n"
	"  tos VALUE|none                      none\n"
	"  ping reply|forward|ignore           reply\n"
	"  one-packet on|off                   off\n"
	"  on-down reschedule|reset|drop       reschedule\n"
	"  on-unreachable keep|skip            keep\n"
	"  chances N|off                       off\n"
	"  persist TIME[/PREFIX]|off           off\n"
	"  persist-prefix PREFIX               32, or 128 for IPv6\n"
	"  probe-marks FIRST|none              none\n"
	"  timeout-syn TIME|default            default: that of 'dsrctl connection set'\n"
	"  timeout-established TIME|default\n"
	"  timeout-fin TIME|default\n"
	"  timeout-closed TIME|default\n"
	"  timeout-udp TIME|default\n"
	"TIME: 500ms, 30s, 10m, 2h, 1d or 1h30m; a number alone is seconds\n";

static const struct command service_commands[] = {
	{ "add", CHANGE_SYNTAX,
	  "create a service",
	  change_keywords, service_add },
	{ "set", CHANGE_SYNTAX,
	  "change the named options, keep the others",
	  change_keywords, service_set },
	{ "replace", CHANGE_SYNTAX,
	  "create, or reset options that are not named; the backends stay",
	  change_keywords, service_replace },
	{ "delete", KEY_SYNTAX,
	  "remove a service and its backends",
	  key_keywords, service_delete },
	{ "show", "[" KEY_SYNTAX "]",
	  "list the services, or one",
	  key_keywords, service_show },
	{ "flush", "",
	  "remove all services",
	  NULL, service_flush },
	{ "stop", "[force]",
	  "unload the module; refused while there are services, except with force",
	  stop_keywords, stop_run },
	{ NULL, NULL, NULL, NULL, NULL }
};

const struct object service_object = {
	.name = "service",
	.description = "services that clients connect to, by a firewall mark or a VIP",
	.notes = service_notes,
	.commands = service_commands,
	.fallback = "show",
};
