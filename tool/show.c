// SPDX-License-Identifier: GPL-2.0
/*
 * dsrctl show: an overview of the loaded modules.
 */
#include <inttypes.h>
#include <linux/dsr.h>
#include <linux/dsr_rs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "all.h"
#include "args.h"
#include "attr.h"
#include "backend.h"
#include "dsrctl.h"
#include "json.h"
#include "netlink.h"
#include "path.h"
#include "rule.h"
#include "report.h"
#include "service.h"
#include "silence.h"
#include "stats.h"
#include "table.h"
#include "text.h"

/**
 * struct overview - objects and statistics of a module
 * @objects: its services, or its rules
 * @backends: backends of all services; none on a real server
 * @key: key of the service of each of @backends
 * @paths: its devices with a path; none on a real server
 * @silences: silenced addresses of a real server
 * @stats: its statistics
 */
struct overview {
	struct netlink_replies objects;
	struct netlink_replies backends;
	struct key_id *key;
	struct netlink_replies paths;
	struct netlink_replies silences;
	struct netlink_replies stats;
};

static int overview_read_keys(struct overview *overview)
{
	size_t i, count = overview->backends.count;
	struct backend_info backend;

	overview->key = report_alloc(NULL, count * sizeof(*overview->key));
	for (i = 0; i < count; i++) {
		if (!backend_parse_reply(overview->backends.reply[i],
					 &backend))
			return netlink_malformed();
		key_get_id(backend.service, &overview->key[i]);
	}
	return DSRCTL_OK;
}

static int overview_read(struct dsrctl *ctl, enum netlink_module module,
			 struct overview *overview)
{
	int status;

	if (module == NETLINK_RS) {
		status = all_list(ctl->netlink, module,
				  DSR_RS_CMD_RULE_GET,
				  &overview->objects);
		if (!status)
			status = all_list(ctl->netlink, module,
					  DSR_RS_CMD_SILENCE_GET,
					  &overview->silences);
	} else {
		status = all_list(ctl->netlink, module,
				  DSR_CMD_SERVICE_GET,
				  &overview->objects);
		if (!status)
			status = all_list(ctl->netlink, module,
					  DSR_CMD_BACKEND_GET,
					  &overview->backends);
		if (!status)
			status = overview_read_keys(overview);
		if (!status)
			status = all_list(ctl->netlink, module,
					  DSR_CMD_PATH_GET,
					  &overview->paths);
	}
	if (!status)
		status = stats_get(ctl, module, &overview->stats);
	return status;
}

static void overview_free(struct overview *overview)
{
	netlink_replies_free(&overview->objects);
	netlink_replies_free(&overview->backends);
	netlink_replies_free(&overview->paths);
	netlink_replies_free(&overview->silences);
	netlink_replies_free(&overview->stats);
	free(overview->key);
}

/* A line of its own: as columns they would not fit in a line of 80. */
static void counter_line(struct table *table, const char *indent,
			 const char *what, struct nlattr **stats)
{
	char connections[ATTR_TEXT_MAX], packets[ATTR_TEXT_MAX];
	char bytes[ATTR_TEXT_MAX];

	attr_text(ATTR_U64, stats[DSR_STATS_A_CONNECTIONS], connections);
	attr_text(ATTR_U64, stats[DSR_STATS_A_PACKETS], packets);
	attr_text(ATTR_BYTES, stats[DSR_STATS_A_BYTES], bytes);
	table_text(table, "%s%s %s, %s packets, %s", indent, connections, what,
		   packets, bytes);
}

static void service_line(struct table *table, bool statistics,
			 struct service_info *service)
{
	char *text = service_text(service, true);

	table_text(table, "service %s", text);
	free(text);
	if (statistics)
		counter_line(table, "  ", "connections", service->stats);
}

/* Print what the columns of a backend do not: limits that are set, the rest of its
 * state, and its counters.
 */
static void backend_lines(struct table *table, struct backend_info *backend)
{
	static const struct {
		const char *name;
		int attr;
	} numbers[] = {
		{ "upper", DSR_BACKEND_A_UPPER },
		{ "lower", DSR_BACKEND_A_LOWER },
		{ "persistent", DSR_BACKEND_A_PERSISTENT },
		{ "unresolved", DSR_BACKEND_A_UNRESOLVED },
	};
	const char *comma = "";
	struct text text;
	uint32_t number;
	char *line;
	size_t i;

	counter_line(table, "    ", "connections", backend->stats);
	text_begin(&text);
	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		number = attr_u32(backend->tb[numbers[i].attr]);
		if (!number)
			continue;
		fprintf(text.out, "%s%s %" PRIu32, comma, numbers[i].name,
			number);
		comma = ", ";
	}
	line = text_end(&text);
	if (*line)
		table_text(table, "    %s", line);
	free(line);
}

/* Add a service and its backends as lines of a table, or as an object to an
 * array.
 */
static bool show_service(const struct overview *overview, bool statistics,
			 const struct nlmsghdr *reply, struct table *table,
			 struct json_object *services)
{
	struct json_object *object, *backends = NULL;
	struct service_info service;
	struct backend_info backend;
	char name[KEY_TEXT_MAX];
	struct key_id key;
	bool any = false;
	size_t i;

	if (!service_parse_reply(reply, &service))
		return false;
	key_get_id(service.tb, &key);
	if (services) {
		object = service_json(&service);
		backends = json_object_new_array();
		json_object_object_add(object, "backends", backends);
		json_object_array_add(services, object);
	} else {
		service_line(table, statistics, &service);
	}

	for (i = 0; i < overview->backends.count; i++) {
		if (memcmp(&overview->key[i], &key, sizeof(key)))
			continue;
		if (!backend_parse_reply(overview->backends.reply[i],
					 &backend))
			return false;
		if (backends) {
			json_object_array_add(backends,
					      backend_json(&backend));
			continue;
		}
		if (!any)
			table_header(table);
		backend_cells(table, false, &backend);
		if (statistics)
			backend_lines(table, &backend);
		any = true;
	}
	if (!backends && !any)
		table_text(table,
			   "  no backends: add one with 'dsrctl backend add %s via ADDR'",
			   key_text(service.tb, name));
	return true;
}

/* The backends, a line each. */
static bool show_brief(const struct overview *overview, struct table *table)
{
	struct backend_info backend;
	size_t i;

	backend_brief_columns(table);
	for (i = 0; i < overview->backends.count; i++) {
		if (!backend_parse_reply(overview->backends.reply[i],
					 &backend))
			return false;
		backend_brief_cells(table, &backend);
	}
	return true;
}

static bool show_services(struct dsrctl *ctl, const struct overview *overview,
			  struct table *table, struct json_object *services)
{
	size_t i;

	if (ctl->brief && !services)
		return show_brief(overview, table);
	backend_columns(table, false);
	if (!services && !overview->objects.count)
		table_text(table,
			   "no services: create one with 'dsrctl service add fwmark N'");
	for (i = 0; i < overview->objects.count; i++)
		if (!show_service(overview, ctl->statistics,
				  overview->objects.reply[i], table, services))
			return false;
	return true;
}

static bool show_paths(const struct overview *overview, struct table *table,
		       struct json_object *object)
{
	struct json_object *paths = NULL;
	struct path_info path;
	char *text;
	size_t i;

	if (object) {
		paths = json_object_new_array();
		json_object_object_add(object, "paths", paths);
	}
	for (i = 0; i < overview->paths.count; i++) {
		if (!path_parse(overview->paths.reply[i], &path))
			return false;
		if (paths) {
			json_object_array_add(paths, path_json(&path));
			continue;
		}
		text = path_text(&path);
		table_text(table, "%s", text);
		free(text);
	}
	return true;
}

static bool show_rules(struct dsrctl *ctl, const struct overview *overview,
		       struct table *table, struct json_object *rules)
{
	struct rule_info real;
	size_t i;

	rule_columns(table, false);
	if (!rules && !overview->objects.count && !ctl->brief) {
		table_text(table,
			   "no real server rules: add one with 'dsrctl real add vip ADDR'");
	} else if (!rules && !ctl->brief) {
		table_text(table, "real server rules");
		table_header(table);
	}
	for (i = 0; i < overview->objects.count; i++) {
		if (!rule_parse(overview->objects.reply[i], &real))
			return false;
		if (rules) {
			json_object_array_add(rules, rule_json(&real));
			continue;
		}
		rule_cells(table, false, &real);
		if (ctl->statistics && !ctl->brief)
			counter_line(table, "    ", "flows", real.stats);
	}
	return true;
}

/* Add them as lines of a table, or as objects to an array. */
static bool show_silences(const struct overview *overview, struct table *table,
			  struct json_object *silences)
{
	struct silence_info silence;
	char addr[ATTR_TEXT_MAX];
	char *devices;
	size_t i;

	for (i = 0; i < overview->silences.count; i++) {
		if (!silence_parse(overview->silences.reply[i], &silence))
			return false;
		if (silences) {
			json_object_array_add(silences,
					      silence_json(&silence));
			continue;
		}
		devices = silence_devices(&silence);
		table_text(table, "silent about %s at %s%s",
			   attr_text(ATTR_ADDR, silence.tb[DSR_SILENCE_A_ADDR],
				     addr),
			   devices, strcmp(devices, "all") ? "" : " devices");
		free(devices);
	}
	return true;
}

/* Show one module as text, or add it as a key to a document. */
static int show_module(struct dsrctl *ctl, enum netlink_module module,
		       struct json_object *document)
{
	struct json_object *object = NULL, *objects = NULL, *silences = NULL;
	bool balancer = module == NETLINK_LB;
	bool brief = ctl->brief && !document;
	struct overview overview = { 0 };
	struct nlattr *tb[ATTR_MAX];
	struct table table;
	int status;
	bool valid;

	table_init(&table, stdout, ctl->color, brief ? 0 : 2);
	status = overview_read(ctl, module, &overview);
	if (status)
		goto free_overview;

	if (document) {
		object = json_object_new_object();
		objects = json_object_new_array();
		json_object_object_add(object, balancer ? "services" : "rules",
				       objects);
		json_object_object_add(document, netlink_module_name(module),
				       object);
	}
	if (document && !balancer) {
		silences = json_object_new_array();
		json_object_object_add(object, "silence", silences);
	}

	if (balancer)
		valid = show_services(ctl, &overview, &table, objects) &&
			(brief || show_paths(&overview, &table, object));
	else
		valid = show_rules(ctl, &overview, &table, objects) &&
			(brief || show_silences(&overview, &table, silences));
	valid = valid && stats_parse_table(&overview.stats, tb);
	if (!valid)
		status = netlink_malformed();
	else if (object)
		json_object_object_add(object, "table", stats_table_json(tb));
	else if (!brief)
		stats_table_text(&table, module, ctl->statistics, tb);
	if (valid && !object && !brief && ctl->statistics)
		stats_timeouts_text(&table, tb);

free_overview:
	table_finish(&table);
	overview_free(&overview);
	return status;
}

static int show_show(struct dsrctl *ctl, struct args *args)
{
	struct json_object *document = NULL;
	bool loaded[NETLINK_MODULES];
	unsigned int module;
	int status;

	status = args_end(args);
	if (!status)
		status = netlink_some_loaded(ctl->netlink, loaded);
	if (status)
		return status;

	if (ctl->json)
		document = json_object_new_object();
	for (module = 0; !status && module < NETLINK_MODULES; module++) {
		if (loaded[module])
			status = show_module(ctl, module, document);
		else if (document)
			json_object_object_add(document,
					       netlink_module_name(module),
					       NULL);
	}

	if (document && !status)
		json_print(document, ctl->pretty);
	else
		json_object_put(document);
	return status;
}

static const struct command show_commands[] = {
	{ "show", "",
	  "services and backends, devices with a path, real server rules, the fill of the tables",
	  NULL, show_show },
	{ NULL, NULL, NULL, NULL, NULL }
};

const struct object show_object = {
	.name = "show",
	.description = "overview of both modules",
	.commands = show_commands,
	.fallback = "show",
	.bare = true,
};
