// SPDX-License-Identifier: GPL-2.0
/*
 * dsrctl import ipvs: take over from the kernel's ip_vs, with its connections.
 *
 * Both balancers may have the same services at the same time: dsr_lb gets the
 * packets first. So the packets for the VIPs wait from before the first service
 * is added until the last connection is; then ip_vs has nothing to do any more.
 * Until then it is as it was: after a failure the services of dsr_lb go again, and
 * its timeouts become those that it had. A second process does the same if this one
 * is killed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <linux/dsr.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "all.h"
#include "args.h"
#include "attr.h"
#include "dsrctl.h"
#include "duration.h"
#include "hold.h"
#include "import_conn.h"
#include "import_judge.h"
#include "import_request.h"
#include "ipvs.h"
#include "json.h"
#include "netlink.h"
#include "report.h"
#include "rescue.h"
#include "restore.h"
#include "text.h"

enum {
	IMPORT_CHECK,
	IMPORT_FORCE,
};

static const struct keyword import_keywords[] = {
	[IMPORT_CHECK] = { "check", keyword_flag },
	[IMPORT_FORCE] = { "force", keyword_flag },
	{ NULL, NULL }
};

/**
 * struct import - a takeover
 * @ctl: the run
 * @ipvs: what ip_vs has
 * @list: with JSON, what is printed
 * @refused: number of lines that dsr_lb would refuse
 * @index: its services, by server
 * @timeouts: that dsr_lb had before
 * @seen: number of services of @ipvs that dsr_lb has or would refuse, from the
 *	first on; in memory that the second process shares
 * @added: number of those that dsr_lb has now
 * @dests: number of destinations that dsr_lb has now
 * @restore: the connections
 * @others: connections of no service
 */
struct import {
	struct dsrctl *ctl;
	struct ipvs ipvs;
	struct json_object *list;
	unsigned int refused;
	struct import_index index;
	uint32_t timeouts[IMPORT_TIMEOUTS];
	size_t *seen;
	size_t added;
	size_t dests;
	struct restore restore;
	uint64_t others;
};

static void say(struct import *import, char *line, const char *verdict,
		const char *why)
{
	struct json_object *object;

	if (!import->list) {
		printf("%s\n    %s: %s\n", line, verdict, why);
		free(line);
		return;
	}
	object = json_object_new_object();
	json_object_object_add(object, "line", json_object_new_string(line));
	json_object_object_add(object, "verdict",
			       json_object_new_string(verdict));
	json_object_object_add(object, "why", json_object_new_string(why));
	json_object_array_add(import->list, object);
	free(line);
}

static void judge_one(struct import *import, const struct ipvs_service *service,
		      bool tell)
{
	const char *why = import_judge_service(service);
	struct text text;
	size_t i;

	import->refused += !!why;
	if (tell && (why || import_replaced(service))) {
		text_begin(&text);
		ipvs_print_service(text.out, service);
		say(import, text_end(&text), why ? "refused" : "changed",
		    why ? why : import_replaced(service));
	}
	for (i = 0; i < service->dests; i++) {
		why = import_judge_dest(service, &service->dest[i]);
		import->refused += !!why;
		if (!tell || !why)
			continue;
		text_begin(&text);
		ipvs_print_dest(text.out, service, &service->dest[i]);
		say(import, text_end(&text), "refused", why);
	}
}

static void judge(struct import *import, bool tell)
{
	size_t i;

	import->refused = 0;
	for (i = 0; i < import->ipvs.services; i++)
		judge_one(import, &import->ipvs.service[i], tell);
}

static size_t count_dests(const struct ipvs *ipvs)
{
	size_t i, count = 0;

	for (i = 0; i < ipvs->services; i++)
		count += ipvs->service[i].dests;
	return count;
}

static int count_connection(const struct ipvs_conn *conn, void *arg)
{
	uint64_t *count = arg;

	*count += conn->cport != 0;
	return DSRCTL_OK;
}

static int check(struct import *import)
{
	struct json_object *object;
	uint64_t connections = 0;
	int status;

	status = ipvs_connections(count_connection, &connections);
	if (status)
		return status;
	if (import->ctl->json)
		import->list = json_object_new_array();
	judge(import, true);
	if (import->list) {
		object = json_object_new_object();
		json_add_number(object, "services", import->ipvs.services);
		json_add_number(object, "destinations", count_dests(&import->ipvs));
		json_add_number(object, "connections", connections);
		json_add_number(object, "refused", import->refused);
		json_object_object_add(object, "findings", import->list);
		json_print(object, import->ctl->pretty);
	} else {
		printf("%zu services, %zu destinations, %" PRIu64
		       " connections; %u refused\n",
		       import->ipvs.services, count_dests(&import->ipvs),
		       connections, import->refused);
	}
	return import->refused ? DSRCTL_REFUSED : DSRCTL_OK;
}

/* In the order that dsr_lb keeps: else it would look for the place of each. */
static int compare_services(const void *one, const void *other)
{
	const struct ipvs_service *a = one, *b = other;
	int order;

	if (!a->fwmark != !b->fwmark)
		return a->fwmark ? -1 : 1;
	if (a->fwmark != b->fwmark)
		return a->fwmark < b->fwmark ? -1 : 1;
	if (a->family != b->family)
		return a->family - b->family;
	order = a->fwmark ? 0 : memcmp(&a->vip.in6, &b->vip.in6,
				       a->family == AF_INET6 ?
				       sizeof(a->vip.in6) : sizeof(a->vip.in));
	if (!order)
		order = a->proto - b->proto;
	return order ? order : a->port - b->port;
}

static int add_service(struct import *import,
		       const struct ipvs_service *service)
{
	struct netlink *nl = import->ctl->netlink;
	int status;
	size_t i;

	status = import_add_service(nl, service);
	if (status) {
		/* perhaps it is there already, and not ours */
		--*import->seen;
		return status;
	}
	import->added++;
	for (i = 0; !status && i < service->dests; i++) {
		if (import_judge_dest(service, &service->dest[i]))
			continue;
		status = import_add_dest(nl, service, &service->dest[i]);
		import->dests++;
	}
	return status ? status : import_end_service(nl, service);
}

static int add_services(struct import *import)
{
	const struct ipvs_service *service;
	int status = DSRCTL_OK;

	while (!status && *import->seen < import->ipvs.services) {
		/* before it is added, or a kill would leave it */
		service = &import->ipvs.service[(*import->seen)++];
		if (!import_judge_service(service))
			status = add_service(import, service);
	}
	return status;
}

/* ip_vs balances as before. */
static void undo(struct import *import)
{
	struct netlink *nl = import->ctl->netlink;
	size_t i;

	for (i = 0; i < *import->seen; i++)
		if (!import_judge_service(&import->ipvs.service[i]))
			import_delete_service(nl, &import->ipvs.service[i]);
	import_set_timeouts(nl, import->timeouts);
}

/* In the process that survives a kill. Answers to the other one's requests may lie in
 * its socket.
 */
static void rescue(void *arg)
{
	struct import *import = arg;

	report_note("the import was killed: ip_vs balances as before");
	report_errors(false);
	import->ctl->netlink = netlink_new();
	netlink_context(import->ctl->netlink, "import", "ipvs");
	undo(import);
}

static int take_connection(const struct ipvs_conn *conn, void *arg)
{
	struct import *import = arg;
	struct restore_entry entry;

	if (import_entry(&import->index, conn, &entry))
		return restore_put(&import->restore, &entry);
	import->others++;
	return DSRCTL_OK;
}

static int take_connections(struct import *import)
{
	restore_begin(&import->restore, import->ctl->netlink);
	return restore_end(&import->restore,
			   ipvs_connections(take_connection, import));
}

static void want(const struct ipvs *ipvs, struct hold_wanted *wanted)
{
	size_t i;

	memset(wanted, 0, sizeof(*wanted));
	for (i = 0; i < ipvs->services; i++) {
		if (ipvs->service[i].fwmark)
			hold_want_all(wanted, ipvs->service[i].family);
		else
			hold_want(wanted, &ipvs->service[i].vip);
	}
}

static void print_result(const struct import *import, uint64_t took, int err)
{
	const char *left = err ? "ip_vs stays loaded" : "ip_vs unloaded";
	uint64_t lost = restore_refused(&import->restore) + import->others;
	struct json_object *object;

	if (!import->ctl->json) {
		printf("%zu services, %zu backends, %" PRIu64
		       " connections taken over in %" PRIu64 " ms, %" PRIu64
		       " not; %s\n",
		       import->added, import->dests,
		       import->restore.count[DSR_ADDED_A_ADDED], took, lost,
		       left);
		return;
	}
	object = json_object_new_object();
	json_add_number(object, "services", import->added);
	json_add_number(object, "backends", import->dests);
	json_add_number(object, "connections",
			import->restore.count[DSR_ADDED_A_ADDED]);
	json_add_number(object, "refused", lost);
	json_add_number(object, "milliseconds", took);
	json_object_object_add(object, "unloaded",
			       json_object_new_boolean(!err));
	json_print(object, import->ctl->pretty);
}

/* Give dsr_lb all that ip_vs has, or nothing. */
static int copy(struct import *import)
{
	struct netlink *nl = import->ctl->netlink;
	uint32_t timeouts[IMPORT_TIMEOUTS];
	struct rescue process;
	int status;

	if (rescue_post(&process, -1, NULL, rescue, import)) {
		status = report_error(DSRCTL_REFUSED,
				      "cannot start a process that undoes the import if this one is killed: %s",
				      strerror(errno));
	} else {
		import_timeouts(&import->ipvs, timeouts);
		status = import_set_timeouts(nl, timeouts);
		if (!status)
			status = add_services(import);
		if (!status)
			status = take_connections(import);
		if (status)
			undo(import);
	}
	rescue_dismiss(&process);
	return status;
}

/* All that takes long, before packets wait. */
static int prepare(struct import *import)
{
	import->seen = mmap(NULL, sizeof(*import->seen), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (import->seen == MAP_FAILED)
		return report_error(DSRCTL_REFUSED, "out of memory");
	if (import->ipvs.services)
		qsort(import->ipvs.service, import->ipvs.services,
		      sizeof(*import->ipvs.service), compare_services);
	import_index_make(&import->index, &import->ipvs);
	return import_get_timeouts(import->ctl->netlink, import->timeouts);
}

static int take_over(struct import *import)
{
	struct hold_wanted wanted;
	struct hold hold;
	uint64_t began;
	int status, lost, err;

	status = prepare(import);
	if (status)
		return status;
	want(&import->ipvs, &wanted);
	began = duration_now();
	status = hold_begin(&hold, &wanted);
	hold_want_free(&wanted);
	if (!status)
		status = copy(import);
	/* dsr_lb balances now, also if packets that waited are lost. */
	lost = hold_end(&hold);
	if (status) {
		report_note("ip_vs balances as before");
		return status;
	}
	began = duration_now() - began;
	status = ipvs_flush(import->ctl->netlink, &import->ipvs);
	if (status)
		return status;
	err = ipvs_unload();
	print_result(import, began, err);
	if (err)
		report_warning("ip_vs was not unloaded: %s: it has no services here; unload it with its schedulers, as in 'modprobe -r ip_vs_rr ip_vs'",
			       strerror(err));
	return lost;
}

static int import_ipvs(struct dsrctl *ctl, struct args *args)
{
	struct import import = { .ctl = ctl };
	int keyword, status = DSRCTL_OK;

	while (!status && (keyword = args_keyword(args)) != ARGS_END)
		if (keyword < 0)
			status = DSRCTL_USAGE;
	if (status)
		return status;
	if (ctl->check)
		return DSRCTL_CHECKED;
	if (!ipvs_is_loaded())
		return report_error(DSRCTL_REFUSED,
				    "there is nothing to import: ip_vs is not loaded");
	status = ipvs_read(ctl->netlink, &import.ipvs);
	if (!status && args_seen(args, IMPORT_CHECK)) {
		status = check(&import);
	} else if (!status) {
		judge(&import, false);
		if (import.refused && !args_seen(args, IMPORT_FORCE))
			status = report_error(DSRCTL_REFUSED,
					      "dsr_lb would refuse %u lines: 'dsrctl import ipvs --check' says which and why; to take over without them, use 'dsrctl import ipvs force'",
					      import.refused);
		else
			status = take_over(&import);
	}
	import_index_free(&import.index);
	ipvs_free(&import.ipvs);
	return status;
}

static const struct command import_commands[] = {
	{ "ipvs", "[--check] [force]",
	  "take over the services and connections of ip_vs, and unload it; with --check, only say what would be refused",
	  import_keywords, import_ipvs },
	{ NULL, NULL, NULL, NULL, NULL }
};

const struct object import_object = {
	.name = "import",
	.description = "take over from the kernel's ip_vs",
	.commands = import_commands,
	.fallback = "ipvs",
};
