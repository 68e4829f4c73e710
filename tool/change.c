// SPDX-License-Identifier: GPL-2.0
/*
 * A change of an object, printed for people or for programs. An event has the same
 * attributes of an object as a list, so the same functions print both.
 */
#include <linux/dsr.h>
#include <linux/dsr_rs.h>
#include <linux/genetlink.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "all.h"
#include "attr.h"
#include "backend.h"
#include "change.h"
#include "json.h"
#include "key.h"
#include "path.h"
#include "report.h"
#include "rule.h"
#include "service.h"
#include "silence.h"
#include "stats.h"
#include "text.h"
#include "timeout.h"

#define TIME_MAX	48

/* more than the number of commands of either family */
#define CMDS_MAX	32

struct action;

/* prints a change; returns true if the message is well-formed */
typedef bool (*print_fn)(struct dsrctl *ctl, const struct action *action,
			 struct nlmsghdr *event);

/**
 * struct action - a change of an object
 * @verb: verb of the sentence, before the object; NULL: only show the object
 * @event: event in JSON
 * @object: object in JSON
 * @print: prints the change
 * @key_only: the event has only the object's key
 */
struct action {
	const char *verb;
	const char *event;
	const char *object;
	print_fn print;
	bool key_only;
};

/* An event or an object in JSON, without its time; NULL: null. */
struct record {
	struct json_object *service;
	struct json_object *backend;
	struct json_object *path;
	struct json_object *rule;
	struct json_object *silence;
	struct json_object *table;
	bool ipvs_only;
};

/* the present local time; with the zone for programs */
static void now_text(char *text, bool zone)
{
	struct timespec now;
	struct tm tm;
	size_t used;

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	used = strftime(text, TIME_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	used += snprintf(text + used, TIME_MAX - used, ".%03ld",
			 now.tv_nsec / 1000000);
	if (zone)
		strftime(text + used, TIME_MAX - used, "%z", &tm);
}

static void print_line(const char *sentence)
{
	char time[TIME_MAX];

	now_text(time, false);
	printf("[%s] %s\n", time, sentence);
	fflush(stdout);
}

/* One object on one line, regardless of -p. */
static void print_json(const char *event, const char *name,
		       const struct record *record)
{
	struct json_object *object = json_object_new_object();
	char time[TIME_MAX];

	now_text(time, true);
	json_object_object_add(object, "time", json_object_new_string(time));
	json_object_object_add(object, "event", json_object_new_string(event));
	json_object_object_add(object, "object",
			       name ? json_object_new_string(name) : NULL);
	json_object_object_add(object, "service", record->service);
	json_object_object_add(object, "backend", record->backend);
	json_object_object_add(object, "path", record->path);
	json_object_object_add(object, "rule", record->rule);
	json_object_object_add(object, "silence", record->silence);
	json_object_object_add(object, "table", record->table);
	json_object_object_add(object, "ipvs_only", record->ipvs_only ?
			       json_object_new_boolean(true) : NULL);
	json_print(object, false);
	fflush(stdout);
}

/**
 * change_word() - print what changes no object
 * @ctl: the run
 * @event: for programs
 * @name: of what the event is about, for programs; or NULL
 * @sentence: for people
 */
void change_word(struct dsrctl *ctl, const char *event, const char *name,
		 const char *sentence)
{
	if (ctl->json)
		print_json(event, name, &(struct record){ NULL });
	else
		print_line(sentence);
}

static struct json_object *key_object(struct nlattr **tb)
{
	struct json_object *object = json_object_new_object();

	key_json(object, tb);
	return object;
}

static void line_begin(struct text *text, const struct action *action)
{
	text_begin(text);
	if (action->verb)
		fprintf(text->out, "%s ", action->verb);
}

static void line_end(struct text *text)
{
	char *line = text_end(text);

	print_line(line);
	free(line);
}

static bool print_service(struct dsrctl *ctl, const struct action *action,
			  struct nlmsghdr *event)
{
	struct nlattr *top[ATTR_MAX];
	struct service_info service;
	char key[KEY_TEXT_MAX];
	struct text text;
	char *words;

	if (!attr_parse(event, top) ||
	    !service_parse(top[DSR_A_SERVICE], &service))
		return false;
	if (ctl->json) {
		print_json(action->event, action->object, &(struct record){
			.service = service_json(&service) });
		return true;
	}
	words = action->key_only ? NULL : service_text(&service, false);
	line_begin(&text, action);
	fprintf(text.out, "service %s",
		words ? words : key_text(service.tb, key));
	line_end(&text);
	free(words);
	return true;
}

static bool print_backend(struct dsrctl *ctl, const struct action *action,
			  struct nlmsghdr *event)
{
	char addr[ATTR_TEXT_MAX], weight[ATTR_TEXT_MAX], key[KEY_TEXT_MAX];
	char state[BACKEND_STATE_MAX];
	struct nlattr *top[ATTR_MAX];
	struct backend_info backend;
	struct text text;

	if (!attr_parse(event, top) || !backend_parse(top, &backend))
		return false;
	if (ctl->json) {
		print_json(action->event, action->object, &(struct record){
			.service = key_object(backend.service),
			.backend = backend_json(&backend) });
		return true;
	}
	line_begin(&text, action);
	fprintf(text.out, "backend via %s of service %s",
		attr_text(ATTR_ADDR, backend.tb[DSR_BACKEND_A_ADDR], addr),
		key_text(backend.service, key));
	if (!action->key_only)
		fprintf(text.out, " weight %s: %s",
			attr_text(ATTR_U32, backend.tb[DSR_BACKEND_A_WEIGHT],
				  weight),
			backend_state_text(&backend, state));
	line_end(&text);
	return true;
}

static bool print_path(struct dsrctl *ctl, const struct action *action,
		       struct nlmsghdr *event)
{
	struct path_info path;
	struct text text;

	if (!path_parse(event, &path))
		return false;
	if (ctl->json) {
		print_json(action->event, action->object, &(struct record){
			.path = path_json(&path) });
		return true;
	}
	line_begin(&text, action);
	path_print_words(text.out, &path);
	line_end(&text);
	return true;
}

static bool print_rule(struct dsrctl *ctl, const struct action *action,
		       struct nlmsghdr *event)
{
	struct rule_info real;
	struct text text;

	if (!rule_parse(event, &real))
		return false;
	if (ctl->json) {
		print_json(action->event, action->object, &(struct record){
			.rule = rule_json(&real) });
		return true;
	}
	line_begin(&text, action);
	rule_print_words(text.out, &real);
	line_end(&text);
	return true;
}

static bool print_silence(struct dsrctl *ctl, const struct action *action,
			  struct nlmsghdr *event)
{
	struct silence_info silence;
	char addr[ATTR_TEXT_MAX];
	struct text text;
	char *devices;

	if (!silence_parse(event, &silence))
		return false;
	if (ctl->json) {
		print_json(action->event, action->object, &(struct record){
			.silence = silence_json(&silence) });
		return true;
	}
	line_begin(&text, action);
	fprintf(text.out, "silence %s",
		attr_text(ATTR_ADDR, silence.tb[DSR_SILENCE_A_ADDR], addr));
	if (!action->key_only) {
		devices = silence_devices(&silence);
		fprintf(text.out, " dev %s", devices);
		free(devices);
	}
	line_end(&text);
	return true;
}

static bool print_table(struct dsrctl *ctl, const struct action *action,
			struct nlmsghdr *event)
{
	struct nlattr *top[ATTR_MAX], *tb[ATTR_MAX], *timeouts[ATTR_MAX];
	char max[ATTR_TEXT_MAX];
	struct text text;

	if (!attr_parse(event, top) || !top[DSR_A_TABLE] ||
	    !attr_parse_nest(DSR_A_TABLE, top[DSR_A_TABLE], tb) ||
	    !attr_parse_timeouts(tb[DSR_TABLE_A_TIMEOUTS], timeouts))
		return false;
	if (ctl->json) {
		print_json(action->event, action->object, &(struct record){
			.table = stats_table_json(tb) });
		return true;
	}
	line_begin(&text, action);
	fprintf(text.out, "%s table max %s", action->object,
		attr_text(ATTR_U32, tb[DSR_TABLE_A_MAX], max));
	timeout_print(text.out, " timeout-", timeouts);
	if (tb[DSR_TABLE_A_EXPIRE_QUIESCENT])
		fputs(" expire-quiescent", text.out);
	if (tb[DSR_TABLE_A_EXPIRE_NODEST])
		fputs(" expire-nodest", text.out);
	line_end(&text);
	return true;
}

/* The sentence names the object. */
static bool print_flush(struct dsrctl *ctl, const struct action *action,
			struct nlmsghdr *event)
{
	struct nlattr *top[ATTR_MAX];
	struct text text;

	if (!attr_parse(event, top))
		return false;
	if (ctl->json) {
		print_json(action->event, action->object, &(struct record){
			.ipvs_only = top[DSR_A_IPVS_ONLY] });
		return true;
	}
	text_begin(&text);
	fprintf(text.out, "%s%s", action->verb,
		top[DSR_A_IPVS_ONLY] ? " that ipvsadm shows" : "");
	line_end(&text);
	return true;
}

static const struct action actions[NETLINK_MODULES][CMDS_MAX] = {
	[NETLINK_LB] = {
		[DSR_CMD_SERVICE_ADD] = {
			"added", "add", "service", print_service },
		[DSR_CMD_SERVICE_SET] = {
			"changed", "set", "service", print_service },
		[DSR_CMD_SERVICE_REPLACE] = {
			"replaced", "replace", "service", print_service },
		[DSR_CMD_SERVICE_DELETE] = {
			"deleted", "delete", "service", print_service, true },
		[DSR_CMD_SERVICE_FLUSH] = {
			"deleted all services", "flush", "service",
			print_flush },
		[DSR_CMD_BACKEND_ADD] = {
			"added", "add", "backend", print_backend },
		[DSR_CMD_BACKEND_SET] = {
			"changed", "set", "backend", print_backend },
		[DSR_CMD_BACKEND_REPLACE] = {
			"replaced", "replace", "backend", print_backend },
		[DSR_CMD_BACKEND_DELETE] = {
			"deleted", "delete", "backend", print_backend, true },
		[DSR_CMD_BACKEND_STATE] = {
			NULL, "state", "backend", print_backend },
		[DSR_CMD_PATH_ADD] = {
			"added", "add", "path", print_path },
		[DSR_CMD_PATH_SET] = {
			"changed", "set", "path", print_path },
		[DSR_CMD_PATH_REPLACE] = {
			"replaced", "replace", "path", print_path },
		[DSR_CMD_PATH_DELETE] = {
			"deleted", "delete", "path", print_path, true },
		[DSR_CMD_PATH_FLUSH] = {
			"deleted all paths", "flush", "path", print_flush },
		[DSR_CMD_CONNECTION_SET] = {
			"changed", "set", "connection", print_table },
		[DSR_CMD_CONNECTION_FLUSH] = {
			"forgot all connections", "flush", "connection",
			print_flush },
	},
	[NETLINK_RS] = {
		[DSR_RS_CMD_RULE_ADD] = {
			"added", "add", "rule", print_rule },
		[DSR_RS_CMD_RULE_REPLACE] = {
			"replaced", "replace", "rule", print_rule },
		[DSR_RS_CMD_RULE_DELETE] = {
			"deleted", "delete", "rule", print_rule, true },
		[DSR_RS_CMD_RULE_FLUSH] = {
			"deleted all rules", "flush", "rule", print_flush },
		[DSR_RS_CMD_FLOW_SET] = {
			"changed", "set", "flow", print_table },
		[DSR_RS_CMD_FLOW_FLUSH] = {
			"forgot all flows", "flush", "flow", print_flush },
		[DSR_RS_CMD_SILENCE_ADD] = {
			"added", "add", "silence", print_silence },
		[DSR_RS_CMD_SILENCE_REPLACE] = {
			"replaced", "replace", "silence", print_silence },
		[DSR_RS_CMD_SILENCE_DELETE] = {
			"deleted", "delete", "silence", print_silence, true },
		[DSR_RS_CMD_SILENCE_FLUSH] = {
			"deleted all silences", "flush", "silence",
			print_flush },
	},
};

/**
 * change_print() - print a change
 * @ctl: the run
 * @module: the module that tells of it
 * @event: its message
 *
 * Return: true if the message is well-formed.
 */
bool change_print(struct dsrctl *ctl, enum netlink_module module,
		  struct nlmsghdr *event)
{
	unsigned int cmd = genlmsg_hdr(event)->cmd;
	const struct action *action = &actions[module][cmd % CMDS_MAX];

	if (cmd < CMDS_MAX && action->print)
		return action->print(ctl, action, event);
	report_warning("unknown event %u: dsrctl is older than the loaded module",
		       cmd);
	return true;
}

/* Show the objects of a module. The table, a single message, comes last. */
static const struct {
	uint8_t cmd;
	struct action action;
} lists[NETLINK_MODULES][3] = {
	[NETLINK_LB] = {
		{ DSR_CMD_SERVICE_GET,
		  { NULL, "show", "service", print_service } },
		{ DSR_CMD_BACKEND_GET,
		  { NULL, "show", "backend", print_backend } },
		{ DSR_CMD_PATH_GET, { NULL, "show", "path", print_path } },
	},
	[NETLINK_RS] = {
		{ DSR_RS_CMD_RULE_GET, { NULL, "show", "rule", print_rule } },
		{ DSR_RS_CMD_SILENCE_GET,
		  { NULL, "show", "silence", print_silence } },
	},
};

static const struct action tables[NETLINK_MODULES] = {
	[NETLINK_LB] = { NULL, "show", "connection", print_table },
	[NETLINK_RS] = { NULL, "show", "flow", print_table },
};

static int show_replies(struct dsrctl *ctl, const struct action *action,
			struct netlink_replies *replies)
{
	int status = DSRCTL_OK;
	size_t i;

	for (i = 0; !status && i < replies->count; i++)
		if (!action->print(ctl, action, replies->reply[i]))
			status = netlink_malformed();
	netlink_replies_free(replies);
	return status;
}

/**
 * change_show() - print all objects of a module, as if each had just changed
 * @ctl: the run
 * @module: the module
 *
 * Return: enum dsrctl_status.
 */
int change_show(struct dsrctl *ctl, enum netlink_module module)
{
	struct netlink_replies replies;
	int status = DSRCTL_OK;
	size_t i;

	for (i = 0; !status && i < ARRAY_SIZE(lists[module]); i++) {
		if (!lists[module][i].cmd)
			break;
		status = all_list(ctl->netlink, module, lists[module][i].cmd,
				  &replies);
		if (status)
			netlink_replies_free(&replies);
		else
			status = show_replies(ctl,
					      &lists[module][i].action,
					      &replies);
	}
	if (!status)
		status = stats_get(ctl, module, &replies);
	if (!status)
		status = show_replies(ctl, &tables[module], &replies);
	return status;
}
