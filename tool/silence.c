// SPDX-License-Identifier: GPL-2.0
/*
 * dsrctl real silence: the addresses of a real server that the module hides
 * from the neighbours.
 */
#include <linux/dsr_rs.h>
#include <net/if.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "all.h"
#include "args.h"
#include "attr.h"
#include "dsrctl.h"
#include "json.h"
#include "listing.h"
#include "netlink.h"
#include "report.h"
#include "silence.h"
#include "table.h"
#include "text.h"

static const struct keyword change_keywords[] = {
	{ "dev", keyword_repeated },
	{ NULL, NULL }
};

/* An address is silenced on all devices, or on the named devices. Build the
 * request while reading the words, since there may be any number of devices.
 */
static int silence_read(struct args *args, struct nl_msg *msg, bool *fits)
{
	const char *name;
	struct addr addr;
	int status, key;

	status = args_operand(args, "address");
	if (!status)
		status = addr_read(args, &addr);
	if (status)
		return status;
	*fits = !addr_put(msg, DSR_SILENCE_A_ADDR, &addr);
	if (!args->command->keywords)
		return args_end(args);

	while ((key = args_keyword(args)) != ARGS_END) {
		name = key == ARGS_ERROR ? NULL : args_word(args);
		if (!name)
			return DSRCTL_USAGE;
		if (strlen(name) >= IF_NAMESIZE)
			return args_error(args,
					  "dev %s is too long: the name of a device has at most %d characters",
					  name, IF_NAMESIZE - 1);
		*fits = *fits && !nla_put_string(msg, DSR_SILENCE_A_DEV, name);
	}
	return DSRCTL_OK;
}

static int silence_change(struct dsrctl *ctl, struct args *args, uint8_t cmd)
{
	struct nl_msg *msg, *attrs = nlmsg_alloc();
	struct nlattr *nest;
	bool fits = false;
	int status;

	if (!attrs)
		return netlink_too_long(NULL);
	status = silence_read(args, attrs, &fits);
	if (!status)
		status = netlink_request(ctl->netlink, NETLINK_RS, cmd, 0,
					 &msg);
	if (status)
		goto free_attrs;

	nest = nla_nest_start(msg, NLA_F_NESTED | DSR_A_SILENCE);
	if (!fits || !nest ||
	    nlmsg_append(msg, nlmsg_data(nlmsg_hdr(attrs)),
			 nlmsg_datalen(nlmsg_hdr(attrs)), NLMSG_ALIGNTO) ||
	    nla_nest_end(msg, nest))
		status = netlink_too_long(msg);
	else
		status = netlink_do(ctl->netlink, msg);

free_attrs:
	nlmsg_free(attrs);
	return status;
}

static int silence_add(struct dsrctl *ctl, struct args *args)
{
	return silence_change(ctl, args, DSR_RS_CMD_SILENCE_ADD);
}

static int silence_replace(struct dsrctl *ctl, struct args *args)
{
	return silence_change(ctl, args, DSR_RS_CMD_SILENCE_REPLACE);
}

static int silence_delete(struct dsrctl *ctl, struct args *args)
{
	return silence_change(ctl, args, DSR_RS_CMD_SILENCE_DELETE);
}

static int silence_flush(struct dsrctl *ctl, struct args *args)
{
	int status = args_end(args);

	return status ? status : all_flush(ctl->netlink, NETLINK_RS,
					   DSR_RS_CMD_SILENCE_FLUSH);
}

/**
 * silence_parse() - find the attributes of a silenced address
 * @reply: to DSR_RS_CMD_SILENCE_GET
 * @silence: set; refers to @reply
 *
 * Return: true if it is one.
 */
bool silence_parse(const struct nlmsghdr *reply, struct silence_info *silence)
{
	struct nlattr *top[ATTR_MAX];

	if (!attr_parse(reply, top) || !top[DSR_A_SILENCE] ||
	    !attr_parse_nest(DSR_A_SILENCE, top[DSR_A_SILENCE], silence->tb))
		return false;
	silence->nest = top[DSR_A_SILENCE];
	return silence->tb[DSR_SILENCE_A_ADDR];
}

/* A rule silences the address on all devices, regardless of named devices. */
static bool is_everywhere(const struct silence_info *silence)
{
	return !silence->tb[DSR_SILENCE_A_DEV] ||
	       attr_u32(silence->tb[DSR_SILENCE_A_RULES]);
}

/**
 * silence_devices() - list the devices that an address is silenced on
 * @silence: the address
 *
 * Return: their names, or "all"; to be freed.
 */
char *silence_devices(const struct silence_info *silence)
{
	const char *comma = "";
	char name[IF_NAMESIZE];
	struct nlattr *attr;
	struct text text;
	int rest;

	text_begin(&text);
	if (is_everywhere(silence)) {
		fputs("all", text.out);
		return text_end(&text);
	}
	nla_for_each_nested(attr, (struct nlattr *)silence->nest, rest) {
		if (nla_type(attr) != DSR_SILENCE_A_DEV)
			continue;
		attr_string(attr, name, sizeof(name));
		fprintf(text.out, "%s%s", comma, name);
		comma = ",";
	}
	return text_end(&text);
}

/**
 * silence_json() - make a JSON object of a silenced address
 * @silence: the address
 *
 * Return: to be freed by json_object_put().
 */
struct json_object *silence_json(const struct silence_info *silence)
{
	struct json_object *object = json_object_new_object();
	struct json_object *devices = NULL;
	char name[IF_NAMESIZE];
	struct nlattr *attr;
	int rest;

	attr_json(object, "addr", ATTR_ADDR, silence->tb[DSR_SILENCE_A_ADDR]);
	if (silence->tb[DSR_SILENCE_A_DEV])
		devices = json_object_new_array();
	json_object_object_add(object, "devices", devices);
	nla_for_each_nested(attr, (struct nlattr *)silence->nest, rest) {
		if (nla_type(attr) != DSR_SILENCE_A_DEV)
			continue;
		attr_string(attr, name, sizeof(name));
		json_object_array_add(devices, json_object_new_string(name));
	}
	attr_json(object, "wanted", ATTR_BOOL,
		  silence->tb[DSR_SILENCE_A_WANTED]);
	attr_json(object, "rules", ATTR_U32, silence->tb[DSR_SILENCE_A_RULES]);
	attr_json(object, "messages", ATTR_U64,
		  silence->tb[DSR_SILENCE_A_MESSAGES]);
	return object;
}

static void silence_row(struct table *table, bool statistics,
			const struct silence_info *silence)
{
	char *devices = silence_devices(silence);

	attr_cell(table, ATTR_ADDR, silence->tb[DSR_SILENCE_A_ADDR]);
	table_cell(table, TABLE_PLAIN, "%s", devices);
	attr_cell(table, ATTR_LIMIT, silence->tb[DSR_SILENCE_A_RULES]);
	if (statistics)
		attr_cell(table, ATTR_U64,
			  silence->tb[DSR_SILENCE_A_MESSAGES]);
	free(devices);
}

static int silence_print(struct dsrctl *ctl,
			 const struct netlink_replies *replies)
{
	struct silence_info silence;
	struct listing listing;
	int status = DSRCTL_OK;
	size_t i;

	listing_init(&listing, ctl);
	table_column(&listing.table, "ADDRESS", TABLE_LEFT, 0);
	table_column(&listing.table, "DEVICES", TABLE_LEFT, 0);
	table_column(&listing.table, "RULES", TABLE_RIGHT, 0);
	if (ctl->statistics)
		table_column(&listing.table, "MESSAGES", TABLE_RIGHT, 0);
	listing_begin(&listing);

	for (i = 0; !status && i < replies->count; i++) {
		if (!silence_parse(replies->reply[i], &silence))
			status = netlink_malformed();
		else if (ctl->json)
			json_list_item(&listing.list, silence_json(&silence));
		else
			silence_row(&listing.table, ctl->statistics, &silence);
	}
	listing_end(&listing, status);
	return status;
}

static int silence_show(struct dsrctl *ctl, struct args *args)
{
	struct netlink_replies replies;
	int status;

	status = args_end(args);
	if (status)
		return status;
	status = all_list(ctl->netlink, NETLINK_RS, DSR_RS_CMD_SILENCE_GET, &replies);
	if (!status)
		status = silence_print(ctl, &replies);
	netlink_replies_free(&replies);
	return status;
}

#define CHANGE_SYNTAX	"ADDR [dev DEV]..."

static const struct command silence_commands[] = {
	{ "add", CHANGE_SYNTAX,
	  "hide ADDR from the neighbours: on all devices, or on the named devices",
	  change_keywords, silence_add },
	{ "replace", CHANGE_SYNTAX,
	  "silence ADDR, or change the devices of a silenced address",
	  change_keywords, silence_replace },
	{ "delete", "ADDR",
	  "stop silencing ADDR",
	  NULL, silence_delete },
	{ "show", "",
	  "list the silenced addresses; -s: the number of dropped or changed messages",
	  NULL, silence_show },
	{ "flush", "",
	  "delete all addresses that 'add' has added",
	  NULL, silence_flush },
	{ NULL, NULL, NULL, NULL, NULL }
};

const struct object silence_object = {
	.name = "real silence",
	.description = "local addresses that are hidden from the neighbours",
	.commands = silence_commands,
	.fallback = "show",
	.operands = 1,
	.implied = "add",
};
