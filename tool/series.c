// SPDX-License-Identifier: GPL-2.0
/*
 * The metrics of each kind of object, and the objects with their numbers.
 */
#include <linux/dsr.h>
#include <linux/dsr_rs.h>
#include <stdlib.h>

#include "attr.h"
#include "exposition.h"
#include "report.h"
#include "series.h"

/* more than any kind of object has metrics */
#define METRICS_MAX	12

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

static const struct metric *const set_metrics[SERIES_COUNT] = {
	[SERIES_UP] = up_metrics,
	[SERIES_BUILD] = build_metrics,
	[SERIES_LOADED] = loaded_metrics,
	[SERIES_OBJECT] = object_metrics,
	[SERIES_REASON] = reason_metrics,
	[SERIES_TABLE] = table_metrics,
	[SERIES_SERVICE] = service_metrics,
	[SERIES_BACKEND] = backend_metrics,
	[SERIES_STATE] = state_metrics,
	[SERIES_ADMIN] = admin_metrics,
	[SERIES_PATH] = path_metrics,
	[SERIES_RULE] = rule_metrics,
	[SERIES_SILENCE] = silence_metrics,
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

/* An object of a set; @labels is owned by it. */
static struct series *add(struct series_sets *sets, enum series_kind kind,
			  char *labels)
{
	struct series_set *set = &sets->set[kind];
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

/**
 * series_add_one() - add an object that has one metric
 * @sets: gets the object
 * @kind: its kind
 * @labels: its name; taken over
 * @value: the number
 */
void series_add_one(struct series_sets *sets, enum series_kind kind,
		    char *labels, uint64_t value)
{
	struct series *series = add(sets, kind, labels);

	series->value[0] = value;
	series->has = 1;
}

/**
 * series_add_object() - add an object that the kernel sent
 * @sets: gets the object
 * @kind: its kind
 * @labels: its name; taken over
 * @tb: its attributes
 * @stats: its counters, by enum dsr_stats_attr; NULL if no metric is one of them
 */
void series_add_object(struct series_sets *sets, enum series_kind kind,
		       char *labels, struct nlattr **tb,
		       struct nlattr **stats)
{
	const struct metric *metric = set_metrics[kind];
	struct series *series = add(sets, kind, labels);
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

/**
 * series_print() - write all metrics, kind by kind
 * @sets: the objects
 * @exposition: where to write them
 */
void series_print(const struct series_sets *sets,
		  struct exposition *exposition)
{
	const struct metric *metric;
	const struct series_set *set;
	unsigned int kind, i;
	size_t n;

	for (kind = 0; kind < SERIES_COUNT; kind++) {
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

/**
 * series_free() - forget all objects
 * @sets: the objects
 */
void series_free(struct series_sets *sets)
{
	unsigned int kind;
	size_t n;

	for (kind = 0; kind < SERIES_COUNT; kind++) {
		for (n = 0; n < sets->set[kind].count; n++)
			free(sets->set[kind].series[n].labels);
		free(sets->set[kind].series);
	}
}
