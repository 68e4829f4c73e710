// SPDX-License-Identifier: GPL-2.0
/*
 * dsrctl metrics: counters and states of both modules, for Prometheus.
 *
 * The output grows with the configuration: with services, backends, rules,
 * silenced addresses and paths. It has nothing of a connection, a flow or a client,
 * so no traffic makes it grow.
 */
#include <linux/dsr.h>
#include <linux/dsr_rs.h>
#include <linux/genetlink.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <stdlib.h>

#include "all.h"
#include "args.h"
#include "attr.h"
#include "backend.h"
#include "dsrctl.h"
#include "exposition.h"
#include "key.h"
#include "netlink.h"
#include "newfile.h"
#include "path.h"
#include "reason.h"
#include "rule.h"
#include "series.h"
#include "service.h"
#include "silence.h"
#include "stats.h"
#include "text.h"

enum {
	METRICS_OUTPUT,
	METRICS_FORMAT,
};

static const char *const formats[] = {
	[EXPOSITION_OPENMETRICS] = "openmetrics",
	[EXPOSITION_PROMETHEUS] = "prometheus",
	NULL
};

static const struct keyword keywords[] = {
	[METRICS_OUTPUT] = { "output", keyword_file },
	[METRICS_FORMAT] = { "format", formats },
	{ NULL, NULL }
};

/* One label, and another unless its name is NULL; to be freed. */
static char *labels_of(const char *name, const char *value, const char *other,
		       const char *other_value)
{
	struct text text;

	text_begin(&text);
	exposition_label(text.out, name, value);
	if (other)
		exposition_label(text.out, other, other_value);
	return text_end(&text);
}

static void label_attr(FILE *out, const char *name, enum attr_kind kind,
		       const struct nlattr *attr)
{
	char text[ATTR_TEXT_MAX];

	if (attr)
		exposition_label(out, name, attr_text(kind, attr, text));
}

/* The key of a service. */
static void label_key(FILE *out, struct nlattr **tb)
{
	char text[2 * ATTR_TEXT_MAX];
	struct key_id id;

	key_get_id(tb, &id);
	label_attr(out, "fwmark", ATTR_U32, tb[DSR_SERVICE_A_FWMARK]);
	label_attr(out, "vip", ATTR_ADDR, tb[DSR_SERVICE_A_VIP]);
	label_attr(out, "proto", ATTR_PROTO, tb[DSR_SERVICE_A_PROTO]);
	if (id.port_last) {
		snprintf(text, sizeof(text), "%u-%u", id.port, id.port_last);
		exposition_label(out, "port", text);
	} else {
		label_attr(out, "port", ATTR_PORT, tb[DSR_SERVICE_A_PORT]);
	}
	exposition_label(out, "family", key_families[key_is_inet6(tb)]);
}

static bool read_service(const struct nlmsghdr *reply, struct series_sets *sets)
{
	struct service_info service;
	struct text text;

	if (!service_parse_reply(reply, &service))
		return false;
	text_begin(&text);
	label_key(text.out, service.tb);
	series_add_object(sets, SERIES_SERVICE, text_end(&text), service.tb,
			  service.stats);
	return true;
}

/* The name of a backend, and another label if there is one; to be freed. */
static char *backend_labels(struct backend_info *backend, const char *name,
			    enum attr_kind kind, int attr)
{
	struct text text;

	text_begin(&text);
	label_key(text.out, backend->service);
	label_attr(text.out, "backend", ATTR_ADDR,
		   backend->tb[DSR_BACKEND_A_ADDR]);
	if (name)
		label_attr(text.out, name, kind, backend->tb[attr]);
	return text_end(&text);
}

static bool read_backend(const struct nlmsghdr *reply, struct series_sets *sets)
{
	struct backend_info backend;

	if (!backend_parse_reply(reply, &backend))
		return false;
	series_add_object(sets, SERIES_BACKEND,
			  backend_labels(&backend, NULL, 0, 0), backend.tb,
			  backend.stats);
	series_add_one(sets, SERIES_STATE,
		       backend_labels(&backend, "state", ATTR_BACKEND_STATE,
				      DSR_BACKEND_A_STATE), 1);
	series_add_one(sets, SERIES_ADMIN,
		       backend_labels(&backend, "admin", ATTR_BACKEND_ADMIN,
				      DSR_BACKEND_A_ADMIN), 1);
	return true;
}

/* A reason and its packets: DSR_A_REASON of a module, or one of a path. */
static bool read_reason(const struct nlattr *attr, struct series_sets *sets,
			unsigned int kind, const char *label, const char *value)
{
	struct nlattr *tb[ATTR_MAX];
	char name[ATTR_TEXT_MAX];

	if (!reason_parse(attr, tb, name))
		return false;
	series_add_object(sets, kind, labels_of(label, value, "reason", name),
			  tb, NULL);
	return true;
}

static bool read_path(const struct nlmsghdr *reply, struct series_sets *sets)
{
	struct path_info path;
	char dev[ATTR_TEXT_MAX];
	struct nlattr *attr;
	int rest;

	if (!path_parse(reply, &path))
		return false;
	attr_text(ATTR_DEVICE, path.tb[DSR_PATH_A_IFINDEX], dev);
	nla_for_each_nested(attr, path.nest, rest)
		if (nla_type(attr) == DSR_PATH_A_REASON &&
		    !read_reason(attr, sets, SERIES_PATH, "dev", dev))
			return false;
	return true;
}

static bool read_rule(const struct nlmsghdr *reply, struct series_sets *sets)
{
	char value[ATTR_TEXT_MAX];
	struct rule_info rule;
	struct nlattr **tb = rule.tb;
	struct text text;

	if (!rule_parse(reply, &rule))
		return false;
	text_begin(&text);
	label_attr(text.out, "vip", ATTR_ADDR, tb[DSR_RULE_A_VIP]);
	label_attr(text.out, "proto", ATTR_PROTO, tb[DSR_RULE_A_PROTO]);
	label_attr(text.out, "port", ATTR_PORT, tb[DSR_RULE_A_PORT]);
	if (tb[DSR_RULE_A_TOS])
		exposition_label(text.out, "tos",
				 attr_tos_text(tb[DSR_RULE_A_TOS],
					       tb[DSR_RULE_A_TOS_MASK],
					       value));
	series_add_object(sets, SERIES_RULE, text_end(&text), tb, rule.stats);
	return true;
}

static bool read_silence(const struct nlmsghdr *reply, struct series_sets *sets)
{
	struct silence_info silence;
	char addr[ATTR_TEXT_MAX];

	if (!silence_parse(reply, &silence))
		return false;
	attr_text(ATTR_ADDR, silence.tb[DSR_SILENCE_A_ADDR], addr);
	series_add_object(sets, SERIES_SILENCE,
			  labels_of("addr", addr, NULL, NULL), silence.tb,
			  NULL);
	return true;
}

/* The lists of objects in the modules. */
static const struct list {
	enum netlink_module module;
	uint8_t cmd;
	const char *name;
	bool (*read)(const struct nlmsghdr *reply, struct series_sets *sets);
} lists[] = {
	{ NETLINK_LB, DSR_CMD_SERVICE_GET, "service", read_service },
	{ NETLINK_LB, DSR_CMD_BACKEND_GET, "backend", read_backend },
	{ NETLINK_LB, DSR_CMD_PATH_GET, "path", read_path },
	{ NETLINK_RS, DSR_RS_CMD_RULE_GET, "rule", read_rule },
	{ NETLINK_RS, DSR_RS_CMD_SILENCE_GET, "silence", read_silence },
};

static int read_list(struct dsrctl *ctl, const struct list *list,
		     struct series_sets *sets)
{
	struct netlink_replies replies;
	int status;
	size_t i;

	status = all_list(ctl->netlink, list->module, list->cmd, &replies);
	for (i = 0; !status && i < replies.count; i++)
		if (!list->read(replies.reply[i], sets))
			status = netlink_malformed();
	if (!status)
		series_add_one(sets, SERIES_OBJECT,
			       labels_of("object", list->name, NULL, NULL),
			       replies.count);
	netlink_replies_free(&replies);
	return status;
}

/* The table and the reasons of a module. */
static int read_stats(struct dsrctl *ctl, enum netlink_module module,
		      struct series_sets *sets)
{
	const char *name = netlink_module_name(module);
	struct netlink_replies replies;
	struct nlattr *attr, *tb[ATTR_MAX];
	int rest, status;

	status = stats_get(ctl, module, &replies);
	if (status)
		return status;
	if (stats_parse_table(&replies, tb))
		series_add_object(sets, SERIES_TABLE,
				  labels_of("module", name, NULL, NULL), tb,
				  NULL);
	else
		status = netlink_malformed();
	nlmsg_for_each_attr(attr, replies.reply[0], GENL_HDRLEN, rest)
		if (!status && nla_type(attr) == DSR_A_REASON &&
		    !read_reason(attr, sets, SERIES_REASON, "module", name))
			status = netlink_malformed();
	netlink_replies_free(&replies);
	return status;
}

static int read_module(struct dsrctl *ctl, enum netlink_module module,
		       struct series_sets *sets)
{
	int status = read_stats(ctl, module, sets);
	size_t i;

	for (i = 0; !status && i < ARRAY_SIZE(lists); i++)
		if (lists[i].module == module)
			status = read_list(ctl, &lists[i], sets);
	return status;
}

static int read_all(struct dsrctl *ctl, struct series_sets *sets)
{
	bool loaded[NETLINK_MODULES];
	unsigned int module;
	bool any = false;
	int status;

	status = netlink_loaded(ctl->netlink, loaded);
	for (module = 0; !status && module < NETLINK_MODULES; module++) {
		const char *name = netlink_module_name(module);

		series_add_one(sets, SERIES_LOADED,
			       labels_of("module", name, NULL, NULL),
			       loaded[module]);
		any |= loaded[module];
		if (loaded[module])
			status = read_module(ctl, module, sets);
	}
	series_add_one(sets, SERIES_UP, NULL, any);
	series_add_one(sets, SERIES_BUILD,
		       labels_of("version", DSR_VERSION, NULL, NULL), 1);
	return status;
}

static int metrics_print(struct dsrctl *ctl, const char *path,
			 enum exposition_format format)
{
	struct exposition exposition = { .format = format };
	struct series_sets sets = { 0 };
	struct text text;
	char *written;
	int status;

	attr_keep_device(true);
	status = read_all(ctl, &sets);
	attr_keep_device(false);
	text_begin(&text);
	exposition.out = text.out;
	series_print(&sets, &exposition);
	written = text_end(&text);
	series_free(&sets);
	if (!status && path)
		status = newfile_write(path, written);
	else if (!status)
		fputs(written, stdout);
	free(written);
	return status;
}

static int metrics_show(struct dsrctl *ctl, struct args *args)
{
	unsigned int format = EXPOSITION_OPENMETRICS;
	int keyword, status = DSRCTL_OK;
	const char *path = NULL;

	while (!status && (keyword = args_keyword(args)) != ARGS_END) {
		if (keyword == METRICS_OUTPUT) {
			path = args_word(args);
			status = path ? DSRCTL_OK : DSRCTL_USAGE;
		} else if (keyword == METRICS_FORMAT) {
			status = args_choice(args, &format);
		} else {
			status = DSRCTL_USAGE;
		}
	}
	if (!status && ctl->json)
		status = args_error(args, "metrics are no JSON: see 'dsrctl -j show' and 'dsrctl -j stats'");
	if (status)
		return status;
	/* what reads files reads no OpenMetrics */
	if (path && !args_seen(args, METRICS_FORMAT))
		format = EXPOSITION_PROMETHEUS;
	return metrics_print(ctl, path, format);
}

static const struct command metrics_commands[] = {
	{ "show", "[output FILE] [format openmetrics|prometheus]",
	  "counters and states, for Prometheus; into a file, which is replaced at once",
	  keywords, metrics_show },
	{ NULL, NULL, NULL, NULL, NULL }
};

static const char metrics_notes[] =
	"The format is openmetrics, or prometheus where FILE is written: that is what\n"
	"the textfile collector of node_exporter reads. Without a module: dsr_up 0.\n";

const struct object metrics_object = {
	.name = "metrics",
	.description = "counters and states of both modules, for Prometheus",
	.notes = metrics_notes,
	.commands = metrics_commands,
	.fallback = "show",
	.bare = true,
};
