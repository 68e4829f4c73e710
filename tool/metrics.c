// SPDX-License-Identifier: GPL-2.0
/*
 * dsrctl metrics: counters and states of both modules, for Prometheus.
 *
 * The output grows with the configuration: with services, backends, rules,
 * silenced addresses and paths. It has nothing of a connection, a flow or a client,
 * so no traffic makes it grow.
 */
#include <inttypes.h>
#include <linux/dsr.h>
#include <linux/genetlink.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
#include "report.h"
#include "rule.h"
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

/**
 * struct metric - one number of each object of a kind
 * @family: its name, type and meaning
 * @kind: type of its attribute
 * @attr: its attribute; -1 - N: N of enum dsr_stats_attr
 */
struct metric {
	struct exposition_family family;
	enum attr_kind kind;
	int attr;
};

#define STATS(attr)	(-1 - (attr))
#define GAUGE		EXPOSITION_GAUGE
#define COUNTER		EXPOSITION_COUNTER

/* more than any kind of object has metrics */
#define METRICS_MAX	12

static const struct metric service_metrics[] = {
	{ { "dsr_service_backends", GAUGE, NULL,
	    "Backends of the service." },
	  ATTR_U32, DSR_SERVICE_A_BACKENDS },
	{ { "dsr_service_connections", COUNTER, NULL,
	    "Connections to the service that have begun." },
	  ATTR_U64, STATS(DSR_STATS_A_CONNECTIONS) },
	{ { "dsr_service_packets", COUNTER, NULL,
	    "Packets to the service; one merged by GRO counts as its segments." },
	  ATTR_U64, STATS(DSR_STATS_A_PACKETS) },
	{ { "dsr_service_bytes", COUNTER, "bytes",
	    "Bytes to the service, from the network header on." },
	  ATTR_U64, STATS(DSR_STATS_A_BYTES) },
	{ { NULL }, 0, 0 }
};

static const struct metric backend_metrics[] = {
	{ { "dsr_backend_weight", GAUGE, NULL,
	    "Weight of the backend; 0: no new connections." },
	  ATTR_U32, DSR_BACKEND_A_WEIGHT },
	{ { "dsr_backend_active_connections", GAUGE, NULL,
	    "Established connections of the backend." },
	  ATTR_U32, DSR_BACKEND_A_ACTIVE },
	{ { "dsr_backend_inactive_connections", GAUGE, NULL,
	    "Other connections of the backend in the table." },
	  ATTR_U32, DSR_BACKEND_A_INACTIVE },
	{ { "dsr_backend_persistent_clients", GAUGE, NULL,
	    "Clients that persistence sends back to the backend." },
	  ATTR_U32, DSR_BACKEND_A_PERSISTENT },
	{ { "dsr_backend_overloaded", GAUGE, NULL,
	    "1 while the backend gets no new connections because it has too many." },
	  ATTR_U8, DSR_BACKEND_A_OVERLOADED },
	{ { "dsr_backend_upper_connections", GAUGE, NULL,
	    "Connections from which on the backend is overloaded; absent: no limit." },
	  ATTR_LIMIT, DSR_BACKEND_A_UPPER },
	{ { "dsr_backend_unresolved_requests", GAUGE, NULL,
	    "Requests for the MAC address of the backend without an answer." },
	  ATTR_U32, DSR_BACKEND_A_UNRESOLVED },
	{ { "dsr_backend_drain_seconds", GAUGE, "seconds",
	    "Time until the draining backend is down; absent: no deadline." },
	  ATTR_LIMIT, DSR_BACKEND_A_DEADLINE },
	{ { "dsr_backend_connections", COUNTER, NULL,
	    "Connections to the backend that have begun." },
	  ATTR_U64, STATS(DSR_STATS_A_CONNECTIONS) },
	{ { "dsr_backend_packets", COUNTER, NULL,
	    "Packets to the backend; one merged by GRO counts as its segments." },
	  ATTR_U64, STATS(DSR_STATS_A_PACKETS) },
	{ { "dsr_backend_bytes", COUNTER, "bytes",
	    "Bytes to the backend, from the network header on." },
	  ATTR_U64, STATS(DSR_STATS_A_BYTES) },
	{ { NULL }, 0, 0 }
};

static const struct metric state_metrics[] = {
	{ { "dsr_backend_state", GAUGE, NULL,
	    "1; the label state says if the backend can be reached." },
	  ATTR_U32, 0 },
	{ { NULL }, 0, 0 }
};

static const struct metric admin_metrics[] = {
	{ { "dsr_backend_admin", GAUGE, NULL,
	    "1; the label admin is what the operator has set: up, draining or down." },
	  ATTR_U32, 0 },
	{ { NULL }, 0, 0 }
};

static const struct metric rule_metrics[] = {
	{ { "dsr_rule_flows", COUNTER, NULL,
	    "Flows that the rule has begun." },
	  ATTR_U64, STATS(DSR_STATS_A_CONNECTIONS) },
	{ { "dsr_rule_packets", COUNTER, NULL,
	    "Packets that the rule has delivered." },
	  ATTR_U64, STATS(DSR_STATS_A_PACKETS) },
	{ { "dsr_rule_bytes", COUNTER, "bytes",
	    "Bytes that the rule has delivered, from the network header on." },
	  ATTR_U64, STATS(DSR_STATS_A_BYTES) },
	{ { "dsr_rule_routed", GAUGE, NULL,
	    "1 if a VIP in mode local has a local route, 0 if it has none." },
	  ATTR_U8, DSR_RULE_A_ROUTED },
	{ { NULL }, 0, 0 }
};

static const struct metric silence_metrics[] = {
	{ { "dsr_silence_messages", COUNTER, NULL,
	    "Messages about the address that were dropped or changed." },
	  ATTR_U64, DSR_SILENCE_A_MESSAGES },
	{ { NULL }, 0, 0 }
};

static const struct metric table_metrics[] = {
	{ { "dsr_table_entries", GAUGE, NULL,
	    "Entries of the table of connections, or of flows." },
	  ATTR_U32, DSR_TABLE_A_ENTRIES },
	{ { "dsr_table_max_entries", GAUGE, NULL,
	    "Hard limit of the entries." },
	  ATTR_U32, DSR_TABLE_A_MAX },
	{ { "dsr_table_buckets", GAUGE, NULL,
	    "Hash buckets of the table." },
	  ATTR_U32, DSR_TABLE_A_BUCKETS },
	{ { "dsr_table_memory_bytes", GAUGE, "bytes",
	    "Memory of entries and buckets." },
	  ATTR_U64, DSR_TABLE_A_BYTES },
	{ { "dsr_table_evicted_entries", COUNTER, NULL,
	    "Entries that have given way to others." },
	  ATTR_U64, DSR_TABLE_A_EVICTED },
	{ { "dsr_table_evicted_pending_flows", COUNTER, NULL,
	    "Pending flows that have given way to others." },
	  ATTR_U64, DSR_TABLE_A_PENDING_EVICTED },
	{ { NULL }, 0, 0 }
};

static const struct metric reason_metrics[] = {
	{ { "dsr_packets", COUNTER, NULL,
	    "Packets by the reason for which they left the module." },
	  ATTR_U64, DSR_REASON_A_PACKETS },
	{ { NULL }, 0, 0 }
};

static const struct metric path_metrics[] = {
	{ { "dsr_path_packets", COUNTER, NULL,
	    "Packets forwarded from the ingress, or their reason for the slow path." },
	  ATTR_U64, DSR_REASON_A_PACKETS },
	{ { NULL }, 0, 0 }
};

static const struct metric object_metrics[] = {
	{ { "dsr_objects", GAUGE, NULL,
	    "Services, backends, paths, rules or silenced addresses." },
	  ATTR_U32, 0 },
	{ { NULL }, 0, 0 }
};

static const struct metric loaded_metrics[] = {
	{ { "dsr_module_loaded", GAUGE, NULL,
	    "1 if the module is loaded." },
	  ATTR_U32, 0 },
	{ { NULL }, 0, 0 }
};

static const struct metric up_metrics[] = {
	{ { "dsr_up", GAUGE, NULL,
	    "1 if dsr_lb or dsr_rs is loaded." },
	  ATTR_U32, 0 },
	{ { NULL }, 0, 0 }
};

static const struct metric build_metrics[] = {
	{ { "dsr_build", EXPOSITION_INFO, NULL,
	    "Version of dsrctl." },
	  ATTR_U32, 0 },
	{ { NULL }, 0, 0 }
};

/* The kinds of what has metrics, in the order in which they are printed. */
enum {
	SET_UP,
	SET_BUILD,
	SET_LOADED,
	SET_OBJECT,
	SET_REASON,
	SET_TABLE,
	SET_SERVICE,
	SET_BACKEND,
	SET_STATE,
	SET_ADMIN,
	SET_PATH,
	SET_RULE,
	SET_SILENCE,

	SET_COUNT
};

static const struct metric *const set_metrics[SET_COUNT] = {
	[SET_UP] = up_metrics,
	[SET_BUILD] = build_metrics,
	[SET_LOADED] = loaded_metrics,
	[SET_OBJECT] = object_metrics,
	[SET_REASON] = reason_metrics,
	[SET_TABLE] = table_metrics,
	[SET_SERVICE] = service_metrics,
	[SET_BACKEND] = backend_metrics,
	[SET_STATE] = state_metrics,
	[SET_ADMIN] = admin_metrics,
	[SET_PATH] = path_metrics,
	[SET_RULE] = rule_metrics,
	[SET_SILENCE] = silence_metrics,
};

/**
 * struct series - the numbers of one object
 * @labels: its name, as labels
 * @value: a number for each metric of its set
 * @has: bit for each of them that it has
 */
struct series {
	char *labels;
	uint64_t value[METRICS_MAX];
	uint32_t has;
};

/* The objects of each kind. */
struct sets {
	struct set {
		struct series *series;
		size_t count;
		size_t room;
	} set[SET_COUNT];
};

/* An object of a set; @labels is owned by it. */
static struct series *series_add(struct sets *sets, unsigned int kind,
				 char *labels)
{
	struct set *set = &sets->set[kind];
	struct series *series;

	if (set->count == set->room) {
		set->room = set->room ? 2 * set->room : 16;
		set->series = report_alloc(set->series,
					   set->room * sizeof(*series));
	}
	series = &set->series[set->count++];
	series->labels = labels;
	series->has = 0;
	return series;
}

/* An object that has one metric. */
static void series_add_one(struct sets *sets, unsigned int kind, char *labels,
			   uint64_t value)
{
	struct series *series = series_add(sets, kind, labels);

	series->value[0] = value;
	series->has = 1;
}

/* An object that the kernel sent; its numbers are in @tb and @stats. */
static void series_add_object(struct sets *sets, unsigned int kind,
			      char *labels, struct nlattr **tb,
			      struct nlattr **stats)
{
	const struct metric *metric = set_metrics[kind];
	struct series *series = series_add(sets, kind, labels);
	const struct nlattr *attr;
	unsigned int i;

	for (i = 0; metric[i].family.name; i++) {
		attr = metric[i].attr < 0 ? stats[STATS(metric[i].attr)] :
					    tb[metric[i].attr];
		switch (metric[i].kind) {
		case ATTR_U8:
			series->value[i] = attr_u8(attr);
			break;
		case ATTR_U64:
			series->value[i] = attr_u64(attr);
			break;
		default:
			series->value[i] = attr_u32(attr);
			break;
		}
		if (attr && (metric[i].kind != ATTR_LIMIT || series->value[i]))
			series->has |= 1u << i;
	}
}

static void sets_print(const struct sets *sets, struct exposition *exposition)
{
	const struct metric *metric;
	const struct set *set;
	unsigned int kind, i;
	size_t n;

	for (kind = 0; kind < SET_COUNT; kind++) {
		set = &sets->set[kind];
		metric = set_metrics[kind];
		for (i = 0; set->count && metric[i].family.name; i++) {
			exposition_begin(exposition, &metric[i].family);
			for (n = 0; n < set->count; n++)
				if (set->series[n].has & 1u << i)
					exposition_sample(exposition,
							  set->series[n].labels,
							  set->series[n].value[i]);
		}
	}
	exposition_end(exposition);
}

static void sets_free(struct sets *sets)
{
	unsigned int kind;
	size_t n;

	for (kind = 0; kind < SET_COUNT; kind++) {
		for (n = 0; n < sets->set[kind].count; n++)
			free(sets->set[kind].series[n].labels);
		free(sets->set[kind].series);
	}
}

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

static bool read_service(const struct nlmsghdr *reply, struct sets *sets)
{
	struct service_info service;
	struct text text;

	if (!service_parse_reply(reply, &service))
		return false;
	text_begin(&text);
	label_key(text.out, service.tb);
	series_add_object(sets, SET_SERVICE, text_end(&text), service.tb,
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

static bool read_backend(const struct nlmsghdr *reply, struct sets *sets)
{
	struct backend_info backend;

	if (!backend_parse_reply(reply, &backend))
		return false;
	series_add_object(sets, SET_BACKEND,
			  backend_labels(&backend, NULL, 0, 0), backend.tb,
			  backend.stats);
	series_add_one(sets, SET_STATE,
		       backend_labels(&backend, "state", ATTR_BACKEND_STATE,
				      DSR_BACKEND_A_STATE), 1);
	series_add_one(sets, SET_ADMIN,
		       backend_labels(&backend, "admin", ATTR_BACKEND_ADMIN,
				      DSR_BACKEND_A_ADMIN), 1);
	return true;
}

/* A reason and its packets: DSR_A_REASON of a module, or one of a path. */
static bool read_reason(const struct nlattr *attr, struct sets *sets,
			unsigned int kind, const char *label, const char *value)
{
	struct nlattr *tb[ATTR_MAX];
	char name[ATTR_TEXT_MAX];

	if (!attr_parse_nest(DSR_A_REASON, attr, tb) || !tb[DSR_REASON_A_NAME])
		return false;
	attr_text(ATTR_STRING, tb[DSR_REASON_A_NAME], name);
	series_add_object(sets, kind, labels_of(label, value, "reason", name),
			  tb, NULL);
	return true;
}

static bool read_path(const struct nlmsghdr *reply, struct sets *sets)
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
		    !read_reason(attr, sets, SET_PATH, "dev", dev))
			return false;
	return true;
}

static bool read_rule(const struct nlmsghdr *reply, struct sets *sets)
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
	series_add_object(sets, SET_RULE, text_end(&text), tb, rule.stats);
	return true;
}

static bool read_silence(const struct nlmsghdr *reply, struct sets *sets)
{
	struct silence_info silence;
	char addr[ATTR_TEXT_MAX];

	if (!silence_parse(reply, &silence))
		return false;
	attr_text(ATTR_ADDR, silence.tb[DSR_SILENCE_A_ADDR], addr);
	series_add_object(sets, SET_SILENCE, labels_of("addr", addr, NULL, NULL),
			  silence.tb, NULL);
	return true;
}

/* The lists of objects in the modules. */
static const struct list {
	enum netlink_module module;
	uint8_t cmd;
	const char *name;
	bool (*read)(const struct nlmsghdr *reply, struct sets *sets);
} lists[] = {
	{ NETLINK_LB, DSR_CMD_SERVICE_GET, "service", read_service },
	{ NETLINK_LB, DSR_CMD_BACKEND_GET, "backend", read_backend },
	{ NETLINK_LB, DSR_CMD_PATH_GET, "path", read_path },
	{ NETLINK_RS, DSR_RS_CMD_RULE_GET, "rule", read_rule },
	{ NETLINK_RS, DSR_RS_CMD_SILENCE_GET, "silence", read_silence },
};

static int read_list(struct dsrctl *ctl, const struct list *list,
		     struct sets *sets)
{
	struct netlink_replies replies;
	int status;
	size_t i;

	status = all_list(ctl->netlink, list->module, list->cmd, &replies);
	for (i = 0; !status && i < replies.count; i++)
		if (!list->read(replies.reply[i], sets))
			status = netlink_malformed();
	if (!status)
		series_add_one(sets, SET_OBJECT,
			       labels_of("object", list->name, NULL, NULL),
			       replies.count);
	netlink_replies_free(&replies);
	return status;
}

/* The table and the reasons of a module. */
static int read_stats(struct dsrctl *ctl, enum netlink_module module,
		      struct sets *sets)
{
	const char *name = netlink_module_name(module);
	struct netlink_replies replies;
	struct nlattr *attr, *tb[ATTR_MAX];
	int rest, status;

	status = stats_get(ctl, module, &replies);
	if (status)
		return status;
	if (stats_parse_table(&replies, tb))
		series_add_object(sets, SET_TABLE,
				  labels_of("module", name, NULL, NULL), tb,
				  NULL);
	else
		status = netlink_malformed();
	nlmsg_for_each_attr(attr, replies.reply[0], GENL_HDRLEN, rest)
		if (!status && nla_type(attr) == DSR_A_REASON &&
		    !read_reason(attr, sets, SET_REASON, "module", name))
			status = netlink_malformed();
	netlink_replies_free(&replies);
	return status;
}

static int read_module(struct dsrctl *ctl, enum netlink_module module,
		       struct sets *sets)
{
	int status = read_stats(ctl, module, sets);
	size_t i;

	for (i = 0; !status && i < ARRAY_SIZE(lists); i++)
		if (lists[i].module == module)
			status = read_list(ctl, &lists[i], sets);
	return status;
}

static int read_all(struct dsrctl *ctl, struct sets *sets)
{
	bool loaded[NETLINK_MODULES];
	unsigned int module;
	bool any = false;
	int status;

	status = netlink_loaded(ctl->netlink, loaded);
	for (module = 0; !status && module < NETLINK_MODULES; module++) {
		const char *name = netlink_module_name(module);

		series_add_one(sets, SET_LOADED,
			       labels_of("module", name, NULL, NULL),
			       loaded[module]);
		any |= loaded[module];
		if (loaded[module])
			status = read_module(ctl, module, sets);
	}
	series_add_one(sets, SET_UP, NULL, any);
	series_add_one(sets, SET_BUILD,
		       labels_of("version", DSR_VERSION, NULL, NULL), 1);
	return status;
}

static int metrics_print(struct dsrctl *ctl, const char *path,
			 enum exposition_format format)
{
	struct exposition exposition = { .format = format };
	struct sets sets = { 0 };
	struct text text;
	char *written;
	int status;

	attr_keep_device(true);
	status = read_all(ctl, &sets);
	attr_keep_device(false);
	text_begin(&text);
	exposition.out = text.out;
	sets_print(&sets, &exposition);
	written = text_end(&text);
	sets_free(&sets);
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
