// SPDX-License-Identifier: GPL-2.0
/*
 * dsrctl path: the devices with a fast path, which forward packets of known
 * connections at ingress.
 */
#include <inttypes.h>
#include <linux/dsr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "all.h"
#include "args.h"
#include "attr.h"
#include "dsrctl.h"
#include "duration.h"
#include "json.h"
#include "listing.h"
#include "netlink.h"
#include "path.h"
#include "reason.h"
#include "text.h"
#include "xdp.h"

enum {
	KEY_DEV,
	KEY_RECHECK,
	KEY_VIA,
};

static const struct keyword change_keywords[] = {
	[KEY_DEV] = { "dev", NULL },
	[KEY_RECHECK] = { "recheck", NULL },
	[KEY_VIA] = { "via", attr_path_vias },
	{ NULL, NULL }
};

static const struct keyword set_keywords[] = {
	[KEY_DEV] = { "dev", NULL },
	[KEY_RECHECK] = { "recheck", NULL },
	{ NULL, NULL }
};

static const struct keyword key_keywords[] = {
	[KEY_DEV] = { "dev", NULL },
	{ NULL, NULL }
};

/* counters of a path that are no reason for the slow path */
static const char short_way[] = "forwarded";

/**
 * struct change - the words of a request
 * @ifindex: device
 * @recheck: milliseconds
 * @via: enum dsr_path_via
 * @link: descriptor of the link of an XDP program, or -1
 */
struct change {
	uint32_t ifindex;
	uint32_t recheck;
	unsigned int via;
	int link;
};

static int change_put(struct nl_msg *msg, const struct args *args,
		      const struct change *change)
{
	struct nlattr *nest;

	nest = nla_nest_start(msg, NLA_F_NESTED | DSR_A_PATH);
	if (!nest || nla_put_u32(msg, DSR_PATH_A_IFINDEX, change->ifindex))
		return -1;
	if (args_seen(args, KEY_RECHECK) &&
	    nla_put_u32(msg, DSR_PATH_A_RECHECK, change->recheck))
		return -1;
	if (args_seen(args, KEY_VIA) &&
	    nla_put_u8(msg, DSR_PATH_A_VIA, change->via))
		return -1;
	if (change->link >= 0 &&
	    nla_put_u32(msg, DSR_PATH_A_LINK, change->link))
		return -1;
	return nla_nest_end(msg, nest);
}

/* Find out if the device has such a path. */
static int has_path(struct dsrctl *ctl, const struct change *change,
		    bool *has)
{
	struct netlink_replies replies;
	struct path_info path;
	int status;
	size_t i;

	*has = false;
	status = all_list(ctl->netlink, NETLINK_LB, DSR_CMD_PATH_GET, &replies);
	for (i = 0; !status && i < replies.count; i++) {
		if (!path_parse(replies.reply[i], &path))
			status = netlink_malformed();
		else if (attr_u32(path.tb[DSR_PATH_A_IFINDEX]) ==
			 change->ifindex)
			*has = attr_u8(path.tb[DSR_PATH_A_VIA]) == change->via;
	}
	netlink_replies_free(&replies);
	return status;
}

/* Attach the XDP program that the request needs. A user may have taken that of the
 * path off.
 */
static int change_attach(struct dsrctl *ctl, struct change *change, uint8_t cmd)
{
	bool generic = change->via == DSR_PATH_VIA_XDP_GENERIC, has = false;
	int status = DSRCTL_OK;

	if (cmd == DSR_CMD_PATH_REPLACE)
		status = has_path(ctl, change, &has);
	if (status || (has && xdp_is_attached(change->ifindex, generic)))
		return status;
	return xdp_attach(change->ifindex, generic, &change->link);
}

static int change_send(struct dsrctl *ctl, const struct args *args,
		       struct change *change, uint8_t cmd)
{
	struct nl_msg *msg;
	int status;

	/* the module is loaded by this */
	status = netlink_request(ctl->netlink, NETLINK_LB, cmd, 0, &msg);
	if (status)
		return status;
	if (change->via != DSR_PATH_VIA_INGRESS &&
	    !netlink_captures(ctl->netlink)) {
		status = change_attach(ctl, change, cmd);
		if (status) {
			nlmsg_free(msg);
			return status;
		}
	}
	if (change_put(msg, args, change))
		return netlink_too_long(msg);
	return netlink_do(ctl->netlink, msg);
}

static int path_change(struct dsrctl *ctl, struct args *args, uint8_t cmd)
{
	struct change change = { .link = -1 };
	int keyword, status = DSRCTL_OK;

	while (!status && (keyword = args_keyword(args)) != ARGS_END) {
		if (keyword == ARGS_ERROR)
			return DSRCTL_USAGE;
		if (keyword == KEY_DEV)
			status = args_device(args, &change.ifindex);
		else if (keyword == KEY_RECHECK)
			status = duration_read(args, &change.recheck);
		else
			status = args_choice(args, &change.via);
	}
	if (!status)
		status = args_need(args, KEY_DEV);
	if (!status && cmd == DSR_CMD_PATH_SET)
		status = args_need(args, KEY_RECHECK);
	if (status)
		return status;

	status = change_send(ctl, args, &change, cmd);
	/* the module holds the link now, or nothing does */
	if (change.link >= 0)
		close(change.link);
	return status;
}

static int path_add(struct dsrctl *ctl, struct args *args)
{
	return path_change(ctl, args, DSR_CMD_PATH_ADD);
}

static int path_set(struct dsrctl *ctl, struct args *args)
{
	return path_change(ctl, args, DSR_CMD_PATH_SET);
}

static int path_replace(struct dsrctl *ctl, struct args *args)
{
	return path_change(ctl, args, DSR_CMD_PATH_REPLACE);
}

static int path_delete(struct dsrctl *ctl, struct args *args)
{
	return path_change(ctl, args, DSR_CMD_PATH_DELETE);
}

static int path_flush(struct dsrctl *ctl, struct args *args)
{
	int status = args_end(args);

	return status ? status : all_flush(ctl->netlink, NETLINK_LB,
					   DSR_CMD_PATH_FLUSH);
}

/**
 * path_parse() - find the attributes of a path
 * @reply: to DSR_CMD_PATH_GET
 * @path: set
 *
 * Return: true if it is one.
 */
bool path_parse(const struct nlmsghdr *reply, struct path_info *path)
{
	struct nlattr *attr, *top[ATTR_MAX], *tb[ATTR_MAX];
	char name[ATTR_TEXT_MAX];
	int rest;

	if (!attr_parse(reply, top) || !top[DSR_A_PATH] ||
	    !attr_parse_nest(DSR_A_PATH, top[DSR_A_PATH], path->tb) ||
	    !path->tb[DSR_PATH_A_IFINDEX])
		return false;
	path->nest = top[DSR_A_PATH];
	nla_for_each_nested(attr, path->nest, rest)
		if (nla_type(attr) == DSR_PATH_A_REASON &&
		    !reason_parse(attr, tb, name))
			return false;
	return true;
}

/* Call @fn for each reason for the slow path, with its number of packets.
 *
 * Return: packets on the fast path; @long_way is set to those on the slow path.
 */
static uint64_t path_reasons(const struct path_info *path, uint64_t *long_way,
			     void (*fn)(const char *name, uint64_t packets,
					void *arg), void *arg)
{
	struct nlattr *attr, *tb[ATTR_MAX];
	uint64_t packets, forwarded = 0;
	char name[ATTR_TEXT_MAX];
	int rest;

	*long_way = 0;
	nla_for_each_nested(attr, path->nest, rest) {
		if (nla_type(attr) != DSR_PATH_A_REASON ||
		    !reason_parse(attr, tb, name))
			continue;
		packets = attr_u64(tb[DSR_REASON_A_PACKETS]);
		if (!strcmp(name, short_way)) {
			forwarded += packets;
			continue;
		}
		*long_way += packets;
		fn(name, packets, arg);
	}
	return forwarded;
}

static void reason_json(const char *name, uint64_t packets, void *arg)
{
	json_add_number(arg, name, packets);
}

/**
 * path_json() - make a JSON object of a path
 * @path: the path
 *
 * Return: to be freed by json_object_put().
 */
struct json_object *path_json(const struct path_info *path)
{
	struct json_object *object = json_object_new_object();
	struct json_object *reasons = json_object_new_object();
	uint64_t forwarded, long_way;

	attr_json(object, "dev", ATTR_DEVICE, path->tb[DSR_PATH_A_IFINDEX]);
	attr_json(object, "ifindex", ATTR_U32, path->tb[DSR_PATH_A_IFINDEX]);
	attr_json(object, "via", ATTR_PATH_VIA, path->tb[DSR_PATH_A_VIA]);
	attr_json(object, "recheck", ATTR_MSECS, path->tb[DSR_PATH_A_RECHECK]);
	forwarded = path_reasons(path, &long_way, reason_json, reasons);
	json_add_number(object, "forwarded", forwarded);
	json_add_number(object, "long_way", long_way);
	json_object_object_add(object, "reasons", reasons);
	return object;
}

/* Print a reason that has occurred. */
static void reason_text(const char *name, uint64_t packets, void *arg)
{
	struct text *text = arg;

	if (packets)
		fprintf(text->out, "%s%s %" PRIu64, ftell(text->out) ? ", " : "",
			name, packets);
}

static void reason_ignore(const char *name, uint64_t packets, void *arg)
{
	(void)name;
	(void)packets;
	(void)arg;
}

/**
 * path_print_words() - print a path as the words of its "add"
 * @out: the stream
 * @path: the path; of a deleted one only the device is known
 */
void path_print_words(FILE *out, const struct path_info *path)
{
	char text[ATTR_TEXT_MAX];

	fprintf(out, "path dev %s",
		attr_text(ATTR_DEVICE, path->tb[DSR_PATH_A_IFINDEX], text));
	if (path->tb[DSR_PATH_A_VIA] &&
	    attr_u8(path->tb[DSR_PATH_A_VIA]) != DSR_PATH_VIA_INGRESS)
		fprintf(out, " via %s",
			attr_text(ATTR_PATH_VIA, path->tb[DSR_PATH_A_VIA],
				  text));
	if (path->tb[DSR_PATH_A_RECHECK])
		fprintf(out, " recheck %s",
			attr_text(ATTR_MSECS, path->tb[DSR_PATH_A_RECHECK],
				  text));
}

/**
 * path_text() - format a path in one line
 * @path: the path
 *
 * Return: to be freed by free().
 */
char *path_text(const struct path_info *path)
{
	uint64_t forwarded, long_way;
	struct text text;

	forwarded = path_reasons(path, &long_way, reason_ignore, NULL);
	text_begin(&text);
	path_print_words(text.out, path);
	fprintf(text.out,
		": %" PRIu64 " packets on the fast path, %" PRIu64 " on the slow path",
		forwarded, long_way);
	return text_end(&text);
}

static void path_row(struct table *table, const struct path_info *path)
{
	uint64_t forwarded, long_way;
	struct text text;
	char *reasons;

	text_begin(&text);
	forwarded = path_reasons(path, &long_way, reason_text, &text);
	reasons = text_end(&text);
	attr_cell(table, ATTR_DEVICE, path->tb[DSR_PATH_A_IFINDEX]);
	attr_cell(table, ATTR_PATH_VIA, path->tb[DSR_PATH_A_VIA]);
	attr_cell(table, ATTR_MSECS, path->tb[DSR_PATH_A_RECHECK]);
	table_cell(table, TABLE_PLAIN, "%" PRIu64, forwarded);
	table_cell(table, TABLE_PLAIN, "%" PRIu64, long_way);
	table_cell(table, TABLE_PLAIN, "%s", *reasons ? reasons : "-");
	free(reasons);
}

static int path_print(struct dsrctl *ctl,
		      const struct netlink_replies *replies)
{
	int status = DSRCTL_OK;
	struct listing listing;
	struct path_info path;
	size_t i;

	listing_init(&listing, ctl);
	table_column(&listing.table, "DEV", TABLE_LEFT, 0);
	table_column(&listing.table, "VIA", TABLE_LEFT, 0);
	table_column(&listing.table, "RECHECK", TABLE_RIGHT, 0);
	table_column(&listing.table, "FORWARDED", TABLE_RIGHT, 0);
	table_column(&listing.table, "LONG-WAY", TABLE_RIGHT, 0);
	table_column(&listing.table, "WHY", TABLE_LEFT, 0);
	listing_begin(&listing);

	for (i = 0; !status && i < replies->count; i++) {
		if (!path_parse(replies->reply[i], &path))
			status = netlink_malformed();
		else if (ctl->json)
			json_list_item(&listing.list, path_json(&path));
		else
			path_row(&listing.table, &path);
	}
	listing_end(&listing, status);
	return status;
}

static int path_show(struct dsrctl *ctl, struct args *args)
{
	struct netlink_replies replies;
	int status;

	status = args_end(args);
	if (status)
		return status;
	status = all_list(ctl->netlink, NETLINK_LB, DSR_CMD_PATH_GET, &replies);
	if (!status)
		status = path_print(ctl, &replies);
	netlink_replies_free(&replies);
	return status;
}

#define CHANGE_SYNTAX	"dev NAME [recheck TIME] [via ingress|xdp|xdp-generic]"

static const struct command path_commands[] = {
	{ "add", CHANGE_SYNTAX,
	  "forward packets of known connections at the ingress of a device, or in its driver by XDP, on the fast path; default: recheck 10s via ingress",
	  change_keywords, path_add },
	{ "set", "dev NAME recheck TIME",
	  "change the time after which the rules are checked again",
	  set_keywords, path_set },
	{ "replace", CHANGE_SYNTAX,
	  "add, or reset options that are not named",
	  change_keywords, path_replace },
	{ "delete", "dev NAME",
	  "make all packets of a device take the slow path again",
	  key_keywords, path_delete },
	{ "show", "",
	  "list the devices, with the packets on the fast and the slow path, and the reasons",
	  NULL, path_show },
	{ "flush", "",
	  "delete all paths",
	  NULL, path_flush },
	{ NULL, NULL, NULL, NULL, NULL }
};

const struct object path_object = {
	.name = "path",
	.description = "devices with a fast path at ingress or by XDP",
	.notes = "The fast path forwards packets of known connections of services with 'path\n"
		 "direct'; all other packets take the slow path. iptables and nft rules do not\n"
		 "see packets on the fast path, except nft chains at ingress with a priority\n"
		 "below 1000. With 'via xdp' these do not see the packets either, nor does\n"
		 "tcpdump. After the recheck time a packet of each connection passes PREROUTING\n"
		 "again.\n",
	.commands = path_commands,
	.fallback = "show",
};
