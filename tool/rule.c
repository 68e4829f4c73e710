// SPDX-License-Identifier: GPL-2.0
/*
 * Print a real server rule from the kernel: in a table, as JSON, and as the
 * words of its "add".
 */
#include <linux/dsr_rs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "attr.h"
#include "dscp.h"
#include "from.h"
#include "json.h"
#include "rule.h"
#include "stats.h"
#include "text.h"

/**
 * rule_parse() - find the attributes of a rule
 * @reply: to DSR_RS_CMD_RULE_GET
 * @real: set; refers to @reply
 *
 * Return: true if it is a rule.
 */
bool rule_parse(const struct nlmsghdr *reply, struct rule_info *real)
{
	struct nlattr *top[ATTR_MAX], **tb = real->tb;

	if (!attr_parse(reply, top) || !top[DSR_A_RULE] ||
	    !attr_parse_nest(DSR_A_RULE, top[DSR_A_RULE], tb))
		return false;
	real->nest = top[DSR_A_RULE];
	return (tb[DSR_RULE_A_VIP] || tb[DSR_RULE_A_TOS]) &&
	       attr_parse_stats(tb[DSR_RULE_A_STATS], real->stats);
}

static bool is_unrouted(const struct rule_info *real)
{
	const struct nlattr *routed = real->tb[DSR_RULE_A_ROUTED];

	return routed && !attr_u8(routed);
}

/* Format the balancers of a rule as on the command line; to be freed.
 */
static char *from_text(const struct rule_info *real, int type)
{
	char one[ATTR_TEXT_MAX];
	const char *comma = "";
	struct nlattr *attr;
	struct text text;
	int rest;

	text_begin(&text);
	nla_for_each_nested(attr, (struct nlattr *)real->nest, rest) {
		if (nla_type(attr) != type)
			continue;
		fprintf(text.out, "%s%s", comma, from_one(attr, one));
		comma = ",";
	}
	return text_end(&text);
}

static struct json_object *from_json(const struct rule_info *real, int type)
{
	struct json_object *array, *text;
	char one[ATTR_TEXT_MAX];
	struct nlattr *attr;
	int rest;

	if (!real->tb[type])
		return NULL;
	array = json_object_new_array();
	nla_for_each_nested(attr, (struct nlattr *)real->nest, rest) {
		if (nla_type(attr) != type)
			continue;
		text = json_object_new_string(from_one(attr, one));
		json_object_array_add(array, text);
	}
	return array;
}

/**
 * rule_json() - make a JSON object of a rule
 * @real: the rule
 *
 * Return: to be freed by json_object_put().
 */
struct json_object *rule_json(struct rule_info *real)
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
	json_object_object_add(object, "from",
			       from_json(real, DSR_RULE_A_FROM));
	clear = json_object_new_boolean(attr_u8(tb[DSR_RULE_A_CLEAR]));
	json_object_object_add(object, "clear", clear);
	attr_json(object, "mark", ATTR_U32, tb[DSR_RULE_A_MARK]);
	json_object_object_add(object, "balancer",
			       from_json(real, DSR_RULE_A_BALANCER));
	if (is_unrouted(real))
		problem = json_object_new_string("no_local_route");
	json_object_object_add(object, "problem", problem);
	stats_json(object, real->stats);
	return object;
}

/**
 * rule_print_words() - print a rule as the words of its "add"
 * @out: the stream
 * @real: the rule; of a deleted one only the key is known
 */
void rule_print_words(FILE *out, const struct rule_info *real)
{
	struct nlattr *const *tb = real->tb;
	char text[ATTR_TEXT_MAX];
	char *from = from_text(real, DSR_RULE_A_FROM);
	char *balancers = from_text(real, DSR_RULE_A_BALANCER);

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
	if (*balancers)
		fprintf(out, " balancer %s", balancers);
	free(from);
	free(balancers);
}

/**
 * rule_words() - the words that would add a rule, behind "real add"
 * @real: the rule
 * @to: another place to deliver to, "" for none; NULL for that of the rule
 *
 * Return: to be freed by free().
 */
char *rule_words(struct rule_info *real, const char *to)
{
	struct nlattr *kept[ATTR_MAX];
	struct text text;
	char *words, *at;

	memcpy(kept, real->tb, sizeof(kept));
	if (to) {
		real->tb[DSR_RULE_A_TO] = NULL;
		real->tb[DSR_RULE_A_TO_PORT] = NULL;
	}
	text_begin(&text);
	rule_print_words(text.out, real);
	memcpy(real->tb, kept, sizeof(kept));
	if (to && *to)
		fprintf(text.out, " to %s", to);
	if (real->tb[DSR_RULE_A_MARK])
		fprintf(text.out, " mark %u",
			attr_u32(real->tb[DSR_RULE_A_MARK]));
	words = text_end(&text);
	at = words + strlen("rule ");
	memmove(words, at, strlen(at) + 1);
	return words;
}

/**
 * rule_name() - the words that name a rule, behind "real delete"
 * @real: the rule
 *
 * Return: to be freed by free().
 */
char *rule_name(struct rule_info *real)
{
	static const char *const options[] = {
		" mode ", " from ", " clear", " balancer ", " mark "
	};
	char *words = rule_words(real, ""), *at;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		at = strstr(words, options[i]);
		if (at)
			*at = '\0';
	}
	return words;
}

/**
 * rule_columns() - add the columns of a rule
 * @table: the table
 * @statistics: include its counters
 */
void rule_columns(struct table *table, bool statistics)
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

/* The options that are not the default, as on the command line; to be freed. */
static char *options_text(const struct rule_info *real)
{
	const struct nlattr *mark = real->tb[DSR_RULE_A_MARK];
	char *balancers = from_text(real, DSR_RULE_A_BALANCER);
	char *from = from_text(real, DSR_RULE_A_FROM);
	char one[ATTR_TEXT_MAX];
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
	if (mark) {
		fprintf(text.out, "%smark %s", space,
			attr_text(ATTR_U32, mark, one));
		space = " ";
	}
	if (*balancers)
		fprintf(text.out, "%sbalancer %s", space, balancers);
	free(from);
	free(balancers);
	return text_end(&text);
}

static void options_cell(struct table *table, const struct rule_info *real)
{
	char *options = options_text(real);

	table_cell(table, TABLE_PLAIN, "%s", *options ? options : "-");
	free(options);
}

/**
 * rule_cells() - fill the cells of a rule, and report its problem
 * @table: the table
 * @statistics: include its counters
 * @real: the rule
 */
void rule_cells(struct table *table, bool statistics, struct rule_info *real)
{
	struct nlattr **tb = real->tb;
	char text[ATTR_TEXT_MAX];

	attr_cell(table, ATTR_ADDR, tb[DSR_RULE_A_VIP]);
	table_cell(table, TABLE_PLAIN, "%s",
		   dscp_both_text(tb[DSR_RULE_A_TOS],
				  tb[DSR_RULE_A_TOS_MASK], text));
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
			   "  no local route: packets for the VIP are not delivered; 'dsrctl real replace vip %s mode local' adds the route",
			   attr_text(ATTR_ADDR, tb[DSR_RULE_A_VIP], text));
}
