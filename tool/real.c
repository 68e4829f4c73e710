// SPDX-License-Identifier: GPL-2.0
/*
 * dsrctl real: the rules of a real server, which deliver packets for other
 * addresses to local sockets.
 */
#include <arpa/inet.h>
#include <linux/dsr_rs.h>
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
#include "real_explain.h"
#include "rule.h"
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
	KEY_BALANCER,
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
	[KEY_BALANCER] = { "balancer", NULL },
	{ NULL, NULL }
};

static const struct keyword key_keywords[] = {
	RULE_KEYWORDS,
	{ NULL, NULL }
};

/*
 * the options of a rule on a command line; to.family: 0 without a local
 * address, to_port: -1 without a local port
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
	struct from balancers;
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

/* A rule names one address and one port, or all ports. */
static int rule_read_vip(struct args *args, struct rule *rule)
{
	const char *word = *args->words;

	if (word && strchr(word, '/'))
		return args_error(args,
				  "vip %s is a prefix, but a rule names one address: add a rule for each address, or let the balancer set a TOS value and match that by 'tos'",
				  word);
	return addr_read(args, &rule->vip);
}

static int rule_read_port(struct args *args, struct rule *rule)
{
	const char *word = *args->words;

	if (word && strchr(word, '-'))
		return args_error(args,
				  "port %s is a range, but a rule names one port: add a rule for each port, or leave out the port to match all ports",
				  word);
	return args_u32(args, 0, UINT16_MAX, &rule->port);
}

/* Tell PORT and :PORT from an address: "::1" is an address. */
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
		return addr_read_endpoint(args, &rule->to, &rule->to_port,
					  NULL);
	status = args_port(args, &port);
	rule->to_port = port;
	return status;
}

/* A rule has one of vip, tos and dscp, and the keywords that go with it. */
static int rule_check(const struct args *args)
{
	bool vip = args_seen(args, KEY_VIP);
	bool tos = args_seen(args, KEY_TOS);
	bool dscp = args_seen(args, KEY_DSCP);

	if (vip + tos + dscp == 1)
		return DSRCTL_OK;
	return args_usage(args, "%s", vip + tos + dscp ?
			  "vip, tos and dscp exclude each other" :
			  "one of vip, tos and dscp is missing");
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
			status = from_read(args, change_keywords[key].name,
					   &rule->from);
			break;
		case KEY_BALANCER:
			status = from_read(args, change_keywords[key].name,
					   &rule->balancers);
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
	    from_put(msg, DSR_RULE_A_BALANCER, &rule->balancers) ||
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

/* In mode local dsrctl manages the route. The route exists only while the rule
 * exists, since without the rule the neighbours would find the VIP here.
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
		report_warning("tos 0x%02x/0x%02x compares the two low bits, which are ECN's and which routers and hosts change: give a value with DSCP bits only, such as 0x04",
			       rule.tos, rule.tos_mask);

	/* rules that can be in mode local */
	if (!args_seen(args, KEY_VIP) || args_seen(args, KEY_PROTO) ||
	    netlink_captures(ctl->netlink))
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

static int real_print(struct dsrctl *ctl,
		      const struct netlink_replies *replies)
{
	struct listing listing;
	struct rule_info real;
	int status = DSRCTL_OK;
	size_t i;

	listing_init(&listing, ctl);
	rule_columns(&listing.table, ctl->statistics);
	listing_begin(&listing);

	for (i = 0; !status && i < replies->count; i++) {
		if (!rule_parse(replies->reply[i], &real))
			status = netlink_malformed();
		else if (ctl->json)
			json_list_item(&listing.list, rule_json(&real));
		else
			rule_cells(&listing.table, ctl->statistics, &real);
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
#define CHANGE_SYNTAX	KEY_SYNTAX " [to ADDR|[:]PORT|ADDR:PORT] [mode redirect|local] " \
	"[from ADDR|MAC[,ADDR|MAC]...] [clear] [mark N] [balancer ADDR|MAC[,ADDR|MAC]...]"

static const struct command real_commands[] = {
	{ "add", CHANGE_SYNTAX,
	  "deliver matching packets to a local socket; default: at the device's address and the same port",
	  change_keywords, real_add },
	{ "replace", CHANGE_SYNTAX,
	  "add a rule, or change the rule with this match",
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
	{ "explain", REAL_EXPLAIN_SYNTAX,
	  "print the rule, the socket and the outcome of a packet, and the way of a reply; changes nothing. Defaults: proto tcp, tos 0, the device of the route back to the source",
	  real_explain_keywords, real_explain },
	{ "stop", "[force]",
	  "unload the module; refused while there are live flows, except with force",
	  stop_keywords, stop_run },
	{ NULL, NULL, NULL, NULL, NULL }
};

const struct object real_object = {
	.name = "real",
	.description = "delivery of VIP traffic to local sockets on a real server",
	.commands = real_commands,
	.fallback = "show",
	.operands = 2,
	.question = "explain",
	.nested = &silence_object,
};
