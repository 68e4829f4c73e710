// SPDX-License-Identifier: GPL-2.0
/*
 * dsrctl real: what a real server delivers to a socket of its own although it
 * is addressed to somebody else.
 */
#include <arpa/inet.h>
#include <linux/dsr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "all.h"
#include "args.h"
#include "attr.h"
#include "dscp.h"
#include "dsrctl.h"
#include "from.h"
#include "json.h"
#include "listing.h"
#include "local.h"
#include "netlink.h"
#include "real.h"
#include "report.h"
#include "stats.h"
#include "table.h"
#include "text.h"

enum {
	KEY_VIP,
	KEY_PROTO,
	KEY_PORT,
	KEY_TOS,
	KEY_DSCP,
	KEY_TO,
	KEY_MODE,
	KEY_FROM,
	KEY_CLEAR,
	KEY_MARK,
};

#define RULE_KEYWORDS \
	[KEY_VIP] = { "vip", NULL }, \
	[KEY_PROTO] = { "proto", attr_protos }, \
	[KEY_PORT] = { "port", NULL }, \
	[KEY_TOS] = { "tos", NULL }, \
	[KEY_DSCP] = { "dscp", NULL }

static const struct keyword change_keywords[] = {
	RULE_KEYWORDS,
	[KEY_TO] = { "to", NULL },
	[KEY_MODE] = { "mode", attr_rule_modes },
	[KEY_FROM] = { "from", NULL },
	[KEY_CLEAR] = { "clear", keyword_flag },
	[KEY_MARK] = { "mark", NULL },
	{ NULL, NULL }
};

static const struct keyword key_keywords[] = {
	RULE_KEYWORDS,
	{ NULL, NULL }
};

/*
 * what a command line says about a rule; to.family: 0 if it names no local
 * address, to_port: -1 if it names no local port
 */
struct rule {
	struct addr vip;
	unsigned int proto;
	uint32_t port;
	uint8_t tos;
	uint8_t tos_mask;
	struct addr to;
	int to_port;
	unsigned int mode;
	struct from from;
	uint32_t mark;
};

static int rule_read_dscp(struct args *args, struct rule *rule)
{
	int status;

	status = dscp_read(args, &rule->tos);
	if (status)
		return status;
	rule->tos <<= 2;
	rule->tos_mask = DSCP_MASK;
	return DSRCTL_OK;
}

/* Rules are found by the whole address and the whole port. */
static int rule_read_vip(struct args *args, struct rule *rule)
{
	const char *word = *args->words;

	if (word && strchr(word, '/'))
		return args_error(args,
				  "vip %s is a prefix, and a rule names one address: give a rule for each, or let the balancer mark the packets and take those by tos",
				  word);
	return addr_read(args, &rule->vip);
}

static int rule_read_port(struct args *args, struct rule *rule)
{
	const char *word = *args->words;

	if (word && strchr(word, '-'))
		return args_error(args,
				  "port %s is a range, and a rule names one port: give a rule for each, or leave out the port to have all",
				  word);
	return args_u32(args, 0, UINT16_MAX, &rule->port);
}

/* PORT and :PORT are no address, with or without a port: "::1" is one. */
static bool is_port(const char *word)
{
	return !strchr(word, '.') && word[0] != '[' &&
	       !strchr(word[0] ? word + 1 : word, ':');
}

static int rule_read_to(struct args *args, struct rule *rule)
{
	const char *word = *args->words;
	uint16_t port;
	int status;

	if (word && !is_port(word))
		return addr_read_endpoint(args, &rule->to,
					  &rule->to_port);
	status = args_port(args, &port);
	rule->to_port = port;
	return status;
}

/* A rule has one of vip, tos and dscp, and what goes with it. */
static int rule_check(const struct args *args)
{
	bool vip = args_seen(args, KEY_VIP);
	bool tos = args_seen(args, KEY_TOS);
	bool dscp = args_seen(args, KEY_DSCP);

	if (vip + tos + dscp == 1)
		return DSRCTL_OK;
	return args_error(args, "%s: dsrctl real %s %s",
			  vip + tos + dscp ?
				  "vip, tos and dscp exclude each other" :
				  "one of vip, tos and dscp is missing",
			  args->command->name, args->command->syntax);
}

static int rule_read(struct args *args, struct rule *rule)
{
	int key, status = DSRCTL_OK;

	memset(rule, 0, sizeof(*rule));
	rule->to_port = -1;
	while (!status && (key = args_keyword(args)) != ARGS_END) {
		switch (key) {
		case KEY_VIP:
			status = rule_read_vip(args, rule);
			break;
		case KEY_PROTO:
			status = args_choice(args, &rule->proto);
			break;
		case KEY_PORT:
			status = rule_read_port(args, rule);
			break;
		case KEY_TOS:
			status = args_tos(args, true, &rule->tos,
					  &rule->tos_mask);
			break;
		case KEY_DSCP:
			status = rule_read_dscp(args, rule);
			break;
		case KEY_TO:
			status = rule_read_to(args, rule);
			break;
		case KEY_MODE:
			status = args_choice(args, &rule->mode);
			break;
		case KEY_FROM:
			status = from_read(args, &rule->from);
			break;
		case KEY_CLEAR:
			break;
		case KEY_MARK:
			status = args_u32(args, 0, UINT32_MAX, &rule->mark);
			break;
		default:
			status = DSRCTL_USAGE;
		}
	}
	return status ? status : rule_check(args);
}

static int rule_put(struct nl_msg *msg, const struct args *args,
		    const struct rule *rule)
{
	struct nlattr *nest;

	nest = nla_nest_start(msg, NLA_F_NESTED | DSR_A_RULE);
	if (!nest)
		return -1;
	if (args_seen(args, KEY_VIP) &&
	    addr_put(msg, DSR_RULE_A_VIP, &rule->vip))
		return -1;
	if (args_seen(args, KEY_PROTO) &&
	    nla_put_u8(msg, DSR_RULE_A_PROTO, attr_proto_number(rule->proto)))
		return -1;
	if (args_seen(args, KEY_PORT) &&
	    nla_put_u16(msg, DSR_RULE_A_PORT, htons(rule->port)))
		return -1;
	if ((args_seen(args, KEY_TOS) || args_seen(args, KEY_DSCP)) &&
	    (nla_put_u8(msg, DSR_RULE_A_TOS, rule->tos) ||
	     nla_put_u8(msg, DSR_RULE_A_TOS_MASK, rule->tos_mask)))
		return -1;
	if (rule->to.family && addr_put(msg, DSR_RULE_A_TO, &rule->to))
		return -1;
	if (rule->to_port >= 0 &&
	    nla_put_u16(msg, DSR_RULE_A_TO_PORT, htons(rule->to_port)))
		return -1;
	if (args_seen(args, KEY_MODE) &&
	    nla_put_u8(msg, DSR_RULE_A_MODE, rule->mode))
		return -1;
	if (from_put(msg, DSR_RULE_A_FROM, &rule->from) ||
	    (args_seen(args, KEY_CLEAR) &&
	     nla_put_u8(msg, DSR_RULE_A_CLEAR, 1)) ||
	    (args_seen(args, KEY_MARK) &&
	     nla_put_u32(msg, DSR_RULE_A_MARK, rule->mark)))
		return -1;
	return nla_nest_end(msg, nest);
}

static int rule_send(struct dsrctl *ctl, const struct args *args, uint8_t cmd,
		     const struct rule *rule)
{
	struct nl_msg *msg;
	int status;

	status = netlink_request(ctl->netlink, NETLINK_RS, cmd, 0, &msg);
	if (status)
		return status;
	if (rule_put(msg, args, rule))
		return netlink_too_long(msg);
	return netlink_do(ctl->netlink, msg);
}

/* In mode local dsrctl takes care of the route. It is there only while there is
 * the rule, for without it the neighbours would find the VIP here.
 */
static int real_change(struct dsrctl *ctl, struct args *args, uint8_t cmd)
{
	struct local local;
	struct rule rule;
	uint16_t family;
	int status;

	status = rule_read(args, &rule);
	if (status)
		return status;
	if (cmd != DSR_RS_CMD_RULE_DELETE && (rule.tos_mask & 0x03))
		report_warning("tos 0x%02x/0x%02x compares the two low bits, which are ECN's: routers and hosts change them; name a value with DSCP bits only, such as 0x04",
			       rule.tos, rule.tos_mask);

	/* those that can be in mode local */
	if (!args_seen(args, KEY_VIP) || args_seen(args, KEY_PROTO))
		return rule_send(ctl, args, cmd, &rule);
	status = netlink_load(ctl->netlink, NETLINK_RS, &family);
	if (status)
		return status;
	status = local_begin(ctl->netlink, &local, &rule.vip,
			     rule.mode == DSR_RULE_MODE_LOCAL,
			     cmd == DSR_RS_CMD_RULE_ADD);
	if (!status)
		status = rule_send(ctl, args, cmd, &rule);
	return local_end(&local, status);
}

static int real_add(struct dsrctl *ctl, struct args *args)
{
	return real_change(ctl, args, DSR_RS_CMD_RULE_ADD);
}

static int real_replace(struct dsrctl *ctl, struct args *args)
{
	return real_change(ctl, args, DSR_RS_CMD_RULE_REPLACE);
}

static int real_delete(struct dsrctl *ctl, struct args *args)
{
	return real_change(ctl, args, DSR_RS_CMD_RULE_DELETE);
}

static int real_flush(struct dsrctl *ctl, struct args *args)
{
	uint16_t family;
	int status;

	status = args_end(args);
	if (!status)
		status = netlink_load(ctl->netlink, NETLINK_RS, &family);
	if (!status)
		status = local_flush(ctl->netlink);
	if (!status)
		status = all_flush(ctl->netlink, NETLINK_RS,
				   DSR_RS_CMD_RULE_FLUSH);
	return status;
}

/**
 * real_parse() - find the attributes of a rule
 * @reply: to DSR_RS_CMD_RULE_GET
 * @real: set; refers to @reply
 *
 * Return: whether it is a rule.
 */
bool real_parse(const struct nlmsghdr *reply, struct real_info *real)
{
	struct nlattr *top[ATTR_MAX], **tb = real->tb;

	if (!attr_parse(reply, top) || !top[DSR_A_RULE] ||
	    !attr_parse_nest(DSR_A_RULE, top[DSR_A_RULE], tb))
		return false;
	real->nest = top[DSR_A_RULE];
	return (tb[DSR_RULE_A_VIP] || tb[DSR_RULE_A_TOS]) &&
	       attr_parse_stats(tb[DSR_RULE_A_STATS], real->stats);
}

static bool is_unrouted(const struct real_info *real)
{
	const struct nlattr *routed = real->tb[DSR_RULE_A_ROUTED];

	return routed && !attr_u8(routed);
}

/* The balancers of a rule, as they are given on the command line; to be freed.
 */
static char *from_text(const struct real_info *real)
{
	char one[ATTR_TEXT_MAX];
	const char *comma = "";
	struct nlattr *attr;
	struct text text;
	int rest;

	text_begin(&text);
	nla_for_each_nested(attr, (struct nlattr *)real->nest, rest) {
		if (nla_type(attr) != DSR_RULE_A_FROM)
			continue;
		fprintf(text.out, "%s%s", comma, from_one(attr, one));
		comma = ",";
	}
	return text_end(&text);
}

static struct json_object *from_json(const struct real_info *real)
{
	struct json_object *array, *text;
	char one[ATTR_TEXT_MAX];
	struct nlattr *attr;
	int rest;

	if (!real->tb[DSR_RULE_A_FROM])
		return NULL;
	array = json_object_new_array();
	nla_for_each_nested(attr, (struct nlattr *)real->nest, rest) {
		if (nla_type(attr) != DSR_RULE_A_FROM)
			continue;
		text = json_object_new_string(from_one(attr, one));
		json_object_array_add(array, text);
	}
	return array;
}

/**
 * real_json() - a rule as JSON
 * @real: the rule
 *
 * Return: to be freed by json_object_put().
 */
struct json_object *real_json(struct real_info *real)
{
	struct json_object *object = json_object_new_object();
	struct json_object *clear, *problem = NULL;
	struct nlattr **tb = real->tb;

	attr_json(object, "vip", ATTR_ADDR, tb[DSR_RULE_A_VIP]);
	attr_json(object, "proto", ATTR_PROTO, tb[DSR_RULE_A_PROTO]);
	attr_json(object, "port", ATTR_PORT, tb[DSR_RULE_A_PORT]);
	attr_json(object, "tos", ATTR_U8, tb[DSR_RULE_A_TOS]);
	attr_json(object, "tos_mask", ATTR_U8, tb[DSR_RULE_A_TOS_MASK]);
	dscp_json(object, "dscp", tb[DSR_RULE_A_TOS],
		  tb[DSR_RULE_A_TOS_MASK]);
	attr_json(object, "to", ATTR_ADDR, tb[DSR_RULE_A_TO]);
	attr_json(object, "to_port", ATTR_PORT, tb[DSR_RULE_A_TO_PORT]);
	attr_json(object, "mode", ATTR_RULE_MODE, tb[DSR_RULE_A_MODE]);
	json_object_object_add(object, "from", from_json(real));
	clear = json_object_new_boolean(attr_u8(tb[DSR_RULE_A_CLEAR]));
	json_object_object_add(object, "clear", clear);
	attr_json(object, "mark", ATTR_U32, tb[DSR_RULE_A_MARK]);
	if (is_unrouted(real))
		problem = json_object_new_string("no_local_route");
	json_object_object_add(object, "problem", problem);
	stats_json(object, real->stats);
	return object;
}

/**
 * real_print_words() - print a rule as its "add" would be written
 * @out: where to
 * @real: the rule; of one that was deleted, no more than the key is known
 */
void real_print_words(FILE *out, const struct real_info *real)
{
	struct nlattr *const *tb = real->tb;
	char text[ATTR_TEXT_MAX];
	char *from = from_text(real);

	if (tb[DSR_RULE_A_VIP])
		fprintf(out, "rule vip %s",
			attr_text(ATTR_ADDR, tb[DSR_RULE_A_VIP], text));
	else
		fprintf(out, "rule %s%s", dscp_is(tb[DSR_RULE_A_TOS_MASK]) ?
			"" : "tos ", dscp_text(tb[DSR_RULE_A_TOS],
					       tb[DSR_RULE_A_TOS_MASK], text));
	if (tb[DSR_RULE_A_PROTO])
		fprintf(out, " proto %s",
			attr_text(ATTR_PROTO, tb[DSR_RULE_A_PROTO], text));
	if (tb[DSR_RULE_A_PORT])
		fprintf(out, " port %s",
			attr_text(ATTR_PORT, tb[DSR_RULE_A_PORT], text));
	if (tb[DSR_RULE_A_TO] || tb[DSR_RULE_A_TO_PORT])
		fprintf(out, " to %s", attr_to_text(tb[DSR_RULE_A_TO],
						    tb[DSR_RULE_A_TO_PORT],
						    text));
	if (attr_u8(tb[DSR_RULE_A_MODE]) == DSR_RULE_MODE_LOCAL)
		fputs(" mode local", out);
	if (*from)
		fprintf(out, " from %s", from);
	if (attr_u8(tb[DSR_RULE_A_CLEAR]))
		fputs(" clear", out);
	free(from);
}

/**
 * real_columns() - add the columns of a rule
 * @table: the table
 * @statistics: with its counters
 */
void real_columns(struct table *table, bool statistics)
{
	table_column(table, "VIP", TABLE_LEFT, 0);
	table_column(table, "TOS", TABLE_LEFT, 0);
	table_column(table, "PROTO", TABLE_LEFT, 0);
	table_column(table, "PORT", TABLE_RIGHT, 0);
	table_column(table, "TO", TABLE_LEFT, 0);
	table_column(table, "OPTIONS", TABLE_LEFT, 0);
	if (statistics)
		stats_columns(table);
}

/* What is not the default, as it is given on the command line; to be freed. */
static char *options_text(const struct real_info *real)
{
	const struct nlattr *mark = real->tb[DSR_RULE_A_MARK];
	char *from = from_text(real), one[ATTR_TEXT_MAX];
	const char *space = "";
	struct text text;

	text_begin(&text);
	if (attr_u8(real->tb[DSR_RULE_A_MODE]) == DSR_RULE_MODE_LOCAL) {
		fprintf(text.out, "mode local");
		space = " ";
	}
	if (*from) {
		fprintf(text.out, "%sfrom %s", space, from);
		space = " ";
	}
	if (attr_u8(real->tb[DSR_RULE_A_CLEAR])) {
		fprintf(text.out, "%sclear", space);
		space = " ";
	}
	if (mark)
		fprintf(text.out, "%smark %s", space,
			attr_text(ATTR_U32, mark, one));
	free(from);
	return text_end(&text);
}

static void options_cell(struct table *table, const struct real_info *real)
{
	char *options = options_text(real);

	table_cell(table, TABLE_PLAIN, "%s", *options ? options : "-");
	free(options);
}

/**
 * real_cells() - fill the cells of a rule, and say what is wrong with it
 * @table: the table
 * @statistics: with its counters
 * @real: the rule
 */
void real_cells(struct table *table, bool statistics, struct real_info *real)
{
	struct nlattr **tb = real->tb;
	char text[ATTR_TEXT_MAX];

	attr_cell(table, ATTR_ADDR, tb[DSR_RULE_A_VIP]);
	table_cell(table, TABLE_PLAIN, "%s",
		   dscp_text(tb[DSR_RULE_A_TOS], tb[DSR_RULE_A_TOS_MASK],
			     text));
	attr_cell(table, ATTR_PROTO, tb[DSR_RULE_A_PROTO]);
	attr_cell(table, ATTR_PORT, tb[DSR_RULE_A_PORT]);
	table_cell(table, TABLE_PLAIN, "%s",
		   attr_to_text(tb[DSR_RULE_A_TO], tb[DSR_RULE_A_TO_PORT],
				text));
	options_cell(table, real);
	if (statistics)
		stats_cells(table, real->stats);
	if (is_unrouted(real))
		table_text(table,
			   "  no local route: packets for it are not delivered; 'dsrctl real replace vip %s mode local' makes one",
			   attr_text(ATTR_ADDR, tb[DSR_RULE_A_VIP], text));
}

static int real_print(struct dsrctl *ctl,
		      const struct netlink_replies *replies)
{
	struct listing listing;
	struct real_info real;
	int status = DSRCTL_OK;
	size_t i;

	listing_init(&listing, ctl);
	real_columns(&listing.table, ctl->statistics);
	listing_begin(&listing);

	for (i = 0; !status && i < replies->count; i++) {
		if (!real_parse(replies->reply[i], &real))
			status = netlink_malformed();
		else if (ctl->json)
			json_list_item(&listing.list, real_json(&real));
		else
			real_cells(&listing.table, ctl->statistics, &real);
	}
	listing_end(&listing, status);
	return status;
}

static int real_show(struct dsrctl *ctl, struct args *args)
{
	struct netlink_replies replies;
	int status;

	status = args_end(args);
	if (status)
		return status;
	status = all_list(ctl->netlink, NETLINK_RS, DSR_RS_CMD_RULE_GET, &replies);
	if (!status)
		status = real_print(ctl, &replies);
	netlink_replies_free(&replies);
	return status;
}

#define KEY_SYNTAX \
	"{vip ADDR [proto tcp|udp|sctp [port N]] | tos VALUE[/MASK] | dscp VALUE}"
#define CHANGE_SYNTAX	KEY_SYNTAX " [to ADDR|[:]PORT|ADDR:PORT] [mode redirect|local] [from ADDR|MAC[,ADDR|MAC]...] [clear] [mark N]"

static const struct command real_commands[] = {
	{ "add", CHANGE_SYNTAX,
	  "deliver what matches to a local socket; unless named: of the device's address and the same port",
	  change_keywords, real_add },
	{ "replace", CHANGE_SYNTAX,
	  "the same, also if there is such a rule already",
	  change_keywords, real_replace },
	{ "delete", KEY_SYNTAX,
	  "remove a rule",
	  key_keywords, real_delete },
	{ "show", "",
	  "list the rules",
	  NULL, real_show },
	{ "flush", "",
	  "remove all rules",
	  NULL, real_flush },
	{ "stop", "[force]",
	  "unload the module, unless there are live flows, or in spite of them",
	  stop_keywords, stop_run },
	{ NULL, NULL, NULL, NULL, NULL }
};

const struct object real_object = {
	.name = "real",
	.description = "what a real server delivers to its own sockets",
	.commands = real_commands,
	.fallback = "show",
	.nested = &silence_object,
};
