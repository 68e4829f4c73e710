// SPDX-License-Identifier: GPL-2.0
/*
 * dsrctl import ipvs: take over from the kernel's ip_vs, with its connections.
 *
 * Both balancers may have the same services at the same time: dsr_lb gets the
 * packets first. So the packets for the VIPs wait from before the first service
 * is added until the last connection is; then ip_vs has nothing to do any more.
 * Until then it is as it was: a failure needs only that the services of dsr_lb
 * go again.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <linux/dsr.h>
#include <stdlib.h>
#include <string.h>

#include "all.h"
#include "args.h"
#include "attr.h"
#include "dsrctl.h"
#include "duration.h"
#include "hold.h"
#include "ipvs.h"
#include "json.h"
#include "netlink.h"
#include "report.h"
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

#define TIMEOUT_MAX	(7 * 24 * 60 * 60)

/**
 * struct import - a takeover
 * @ctl: the run
 * @ipvs: what ip_vs has
 * @list: with JSON, what is printed
 * @refused: number of lines that dsr_lb would refuse
 * @added: number of services of @ipvs that dsr_lb has now, from the first on
 * @dests: number of destinations that dsr_lb has now
 * @restore: the connections
 * @others: connections of no service
 */
struct import {
	struct dsrctl *ctl;
	struct ipvs ipvs;
	struct json_object *list;
	unsigned int refused;
	size_t added;
	size_t dests;
	struct restore restore;
	uint64_t others;
};

static const char *replaced(const struct ipvs_service *service)
{
	const char *name = service->scheduler;

	if (!strcmp(name, "lblc") || !strcmp(name, "lblcr"))
		return "dsr_lb uses wlc instead; for caches, "
		       "dh keeps each address at one server";
	if (!strcmp(name, "none"))
		return "dsr_lb uses wlc instead; "
		       "a server of weight 0 gets no new connections";
	return NULL;
}

static bool has_scheduler(const char *name)
{
	static const char *const names[] = {
		"rr", "wrr", "lc", "wlc", "sed", "nq", "sh", "dh", "fo", "ovf",
		"twos", "mh"
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

/* Return: the length of the prefix, or -1. */
static int prefix_of(const struct ipvs_service *service)
{
	uint32_t mask = ntohl(service->netmask), length = 0;

	if (service->family == AF_INET6)
		return service->netmask && service->netmask <= 128 ?
			       (int)service->netmask : -1;
	while (length < 32 && mask & 0x80000000u >> length)
		length++;
	return length && (length == 32 || !(mask << length)) ? (int)length : -1;
}

static bool persists(const struct ipvs_service *service)
{
	return service->flags & IP_VS_SVC_F_PERSISTENT;
}

/* Return: why dsr_lb would refuse a service; NULL if it would not. */
static const char *judge_service(const struct ipvs_service *service)
{
	if (*service->engine)
		return "dsr_lb has no persistence engines: "
		       "use persistence by the client's address (-p)";
	if (!has_scheduler(service->scheduler) && !replaced(service))
		return "dsr_lb has no such scheduler: use rr, wrr, lc, wlc, "
		       "sed, nq, sh, dh, fo, ovf, twos or mh";
	if (persists(service) && prefix_of(service) < 0)
		return "the mask of persistence is not a prefix: "
		       "use one like 255.255.255.0";
	if (persists(service) && service->timeout > TIMEOUT_MAX)
		return "persistence lasts 7 days at most";
	return NULL;
}

static const char *judge_dest(const struct ipvs_service *service,
			      const struct ipvs_dest *dest)
{
	const struct ipvs_dest *other;

	if (dest->forward == IP_VS_CONN_F_MASQ)
		return "NAT changes addresses, which dsr_lb does not: "
		       "use direct routing (-g), with dsr_rs on the real server";
	if (dest->forward == IP_VS_CONN_F_TUNNEL)
		return "dsr_lb has no tunnels: "
		       "use direct routing (-g), with dsr_rs on the real server";
	if (dest->weight > DSR_WEIGHT_MAX)
		return "a weight is at most 65535: divide all weights of the service";
	for (other = service->dest; other != dest; other++)
		if (addr_same(&other->addr, &dest->addr))
			return "two ports of one server: dsr_lb does not change "
			       "ports, so this is the same server again";
	return NULL;
}

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
	const char *why = judge_service(service);
	struct text text;
	size_t i;

	import->refused += !!why;
	if (tell && (why || replaced(service))) {
		text_begin(&text);
		ipvs_print_service(text.out, service);
		say(import, text_end(&text), why ? "refused" : "changed",
		    why ? why : replaced(service));
	}
	for (i = 0; i < service->dests; i++) {
		why = judge_dest(service, &service->dest[i]);
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

static struct nlattr *put_key(struct nl_msg *msg,
			      const struct ipvs_service *service)
{
	struct nlattr *nest = nla_nest_start(msg, NLA_F_NESTED | DSR_A_SERVICE);

	if (!nest)
		return NULL;
	if (service->fwmark
	    ? nla_put_u32(msg, DSR_SERVICE_A_FWMARK, service->fwmark) ||
	      nla_put_u8(msg, DSR_SERVICE_A_FAMILY, service->family)
	    : addr_put(msg, DSR_SERVICE_A_VIP, &service->vip) ||
	      nla_put_u8(msg, DSR_SERVICE_A_PROTO, service->proto) ||
	      (service->port && nla_put_u16(msg, DSR_SERVICE_A_PORT,
					    htons(service->port))))
		return NULL;
	return nest;
}

/* Begin a request about a service: @nest, open, has its key. */
static int begin(struct netlink *nl, int command,
		 const struct ipvs_service *service, struct nl_msg **msg,
		 struct nlattr **nest)
{
	int status = netlink_request(nl, NETLINK_LB, command, 0, msg);

	if (status)
		return status;
	*nest = put_key(*msg, service);
	return *nest ? DSRCTL_OK : netlink_too_long(*msg);
}

/* ip_vs's names of schedulers, and what they hash, as dsr_ipvs has them. */
static int put_scheduler(struct nl_msg *msg, const struct ipvs_service *service)
{
	const char *name = service->scheduler;
	bool hashes = !strcmp(name, "sh") || !strcmp(name, "mh");

	if (replaced(service))
		name = "wlc";
	else if (!strcmp(name, "mh"))
		name = "maglev";
	if (nla_put_string(msg, DSR_SERVICE_A_SCHEDULER, name))
		return -1;
	return hashes ? nla_put_u8(msg, DSR_SERVICE_A_HASH,
				   service->flags & IP_VS_SVC_F_SCHED_SH_PORT ?
				   DSR_HASH_SOURCE_PORT : DSR_HASH_SOURCE) : 0;
}

static int put_persistence(struct nl_msg *msg,
			   const struct ipvs_service *service)
{
	uint32_t seconds = service->timeout ? service->timeout : 60;

	if (!persists(service))
		return 0;
	return nla_put_u32(msg, DSR_SERVICE_A_PERSIST, 1000 * seconds) ||
	       nla_put_u8(msg, DSR_SERVICE_A_PERSIST_PREFIX,
			  prefix_of(service));
}

static int add_service(struct netlink *nl, const struct ipvs_service *service)
{
	struct nlattr *nest;
	struct nl_msg *msg;
	int status;

	status = begin(nl, DSR_CMD_SERVICE_ADD, service, &msg, &nest);
	if (status)
		return status;
	if (put_scheduler(msg, service) ||
	    put_persistence(msg, service) ||
	    (service->flags & IP_VS_SVC_F_ONEPACKET &&
	     nla_put_u8(msg, DSR_SERVICE_A_ONE_PACKET, 1)))
		return netlink_too_long(msg);
	nla_nest_end(msg, nest);
	return netlink_do(nl, msg);
}

static int add_dest(struct netlink *nl, const struct ipvs_service *service,
		    const struct ipvs_dest *dest)
{
	struct nlattr *nest;
	struct nl_msg *msg;
	int status;

	status = begin(nl, DSR_CMD_BACKEND_ADD, service, &msg, &nest);
	if (status)
		return status;
	nla_nest_end(msg, nest);
	nest = nla_nest_start(msg, NLA_F_NESTED | DSR_A_BACKEND);
	if (!nest || addr_put(msg, DSR_BACKEND_A_ADDR, &dest->addr) ||
	    nla_put_u32(msg, DSR_BACKEND_A_WEIGHT, dest->weight) ||
	    (dest->upper &&
	     (nla_put_u32(msg, DSR_BACKEND_A_UPPER, dest->upper) ||
	      nla_put_u32(msg, DSR_BACKEND_A_LOWER, dest->lower))))
		return netlink_too_long(msg);
	nla_nest_end(msg, nest);
	return netlink_do(nl, msg);
}

static int delete_service(struct netlink *nl,
			  const struct ipvs_service *service)
{
	struct nlattr *nest;
	struct nl_msg *msg;
	int status;

	status = begin(nl, DSR_CMD_SERVICE_DELETE, service, &msg, &nest);
	if (status)
		return status;
	nla_nest_end(msg, nest);
	return netlink_do(nl, msg);
}

static int add_services(struct import *import)
{
	struct netlink *nl = import->ctl->netlink;
	int status = DSRCTL_OK;
	size_t i;

	for (; !status && import->added < import->ipvs.services;
	     import->added++) {
		const struct ipvs_service *service =
			&import->ipvs.service[import->added];

		if (judge_service(service))
			continue;
		status = add_service(nl, service);
		if (status)
			break;
		for (i = 0; !status && i < service->dests; i++) {
			if (judge_dest(service, &service->dest[i]))
				continue;
			status = add_dest(nl, service, &service->dest[i]);
			import->dests++;
		}
	}
	return status;
}

static void remove_services(struct import *import)
{
	size_t i;

	for (i = 0; i < import->added; i++)
		if (!judge_service(&import->ipvs.service[i]))
			delete_service(import->ctl->netlink,
				       &import->ipvs.service[i]);
}

/* The timeouts that ip_vs has; dsr_lb has more. */
static int set_timeouts(struct import *import)
{
	static const int attrs[] = {
		DSR_TIMEOUT_A_ESTABLISHED, DSR_TIMEOUT_A_FIN, DSR_TIMEOUT_A_UDP
	};
	struct netlink *nl = import->ctl->netlink;
	struct nlattr *table, *nest;
	struct nl_msg *msg;
	int status;
	size_t i;

	status = netlink_request(nl, NETLINK_LB, DSR_CMD_CONNECTION_SET, 0,
				 &msg);
	if (status)
		return status;
	table = nla_nest_start(msg, NLA_F_NESTED | DSR_A_TABLE);
	nest = table ? nla_nest_start(msg, NLA_F_NESTED |
				      DSR_TABLE_A_TIMEOUTS) : NULL;
	if (!nest)
		return netlink_too_long(msg);
	for (i = 0; i < ARRAY_SIZE(attrs); i++) {
		uint32_t seconds = import->ipvs.timeouts[i];

		if (!seconds)
			continue;
		if (seconds > TIMEOUT_MAX)
			seconds = TIMEOUT_MAX;
		if (nla_put_u32(msg, attrs[i], 1000 * seconds))
			return netlink_too_long(msg);
	}
	nla_nest_end(msg, nest);
	nla_nest_end(msg, table);
	return netlink_do(nl, msg);
}

static int state_of(const struct ipvs_conn *conn)
{
	static const struct {
		const char *name;
		int state;
	} states[] = {
		{ "SYN_SENT", DSR_CONN_SYN },
		{ "SYN_RECV", DSR_CONN_SYN },
		{ "SYNACK", DSR_CONN_SYN },
		{ "FIN_WAIT", DSR_CONN_FIN },
		{ "TIME_WAIT", DSR_CONN_FIN },
		{ "CLOSE_WAIT", DSR_CONN_FIN },
		{ "LAST_ACK", DSR_CONN_FIN },
		{ "CLOSE", DSR_CONN_CLOSED },
		{ "INIT", DSR_CONN_SYN },
		{ "INIT1", DSR_CONN_SYN },
		{ "COOKIE_SENT", DSR_CONN_SYN },
		{ "SHUTDOWN_SENT", DSR_CONN_FIN },
		{ "SHUTDOWN_RECEIVED", DSR_CONN_FIN },
		{ "SHUTDOWN_ACK_SENT", DSR_CONN_FIN },
		{ "CLOSED", DSR_CONN_CLOSED },
	};
	size_t i;

	for (i = 0; conn->proto != IPPROTO_UDP && i < ARRAY_SIZE(states); i++)
		if (!strcmp(states[i].name, conn->state))
			return states[i].state;
	return -1;
}

static bool has_dest(const struct ipvs_service *service,
		     const struct addr *dest)
{
	size_t i;

	for (i = 0; i < service->dests; i++)
		if (addr_same(&service->dest[i].addr, dest))
			return true;
	return false;
}

static bool is_of_vip(const struct ipvs_service *service,
		      const struct ipvs_conn *conn)
{
	return !service->fwmark && service->proto == conn->proto &&
	       addr_same(&service->vip, &conn->vip) &&
	       (!service->port || service->port == conn->vport);
}

/* A connection does not name its service. If several marks share its server,
 * any of them does: the packets follow the connection, whatever their mark.
 */
static const struct ipvs_service *service_of(const struct ipvs *ipvs,
					     const struct ipvs_conn *conn)
{
	const struct ipvs_service *service, *found = NULL;
	size_t i;

	for (i = 0; i < ipvs->services; i++) {
		service = &ipvs->service[i];
		if (service->family != conn->family ||
		    !has_dest(service, &conn->dest))
			continue;
		if (is_of_vip(service, conn) && (!found || found->fwmark ||
						 service->port))
			found = service;
		else if (service->fwmark && !found)
			found = service;
	}
	return found;
}

static uint32_t mark_of(const struct ipvs_conn *conn)
{
	return ntohl(conn->vip.in.s_addr);
}

/* Return: false if dsr_lb keeps nothing of the kind. */
static bool entry_of(const struct ipvs *ipvs, const struct ipvs_conn *conn,
		     struct restore_entry *entry)
{
	const struct ipvs_service *service = NULL;

	memset(entry, 0, sizeof(*entry));
	entry->proto = conn->proto;
	entry->src = conn->client;
	entry->sport = conn->cport;
	entry->dst = conn->vip;
	entry->dport = conn->vport;
	entry->backend = conn->dest;
	entry->state = state_of(conn);
	entry->expires = 1000 * (int64_t)conn->expires;
	if (conn->proto)
		service = service_of(ipvs, conn);
	if (conn->proto && !service)
		return false;
	if (conn->cport) {
		entry->fwmark = service ? service->fwmark : 0;
		return service;
	}
	/* a template of persistence */
	entry->proto = 0;
	entry->state = DSR_CONN_PERSISTENT;
	if (!service) {
		entry->fwmark = mark_of(conn);
		entry->dst.family = 0;
		return true;
	}
	entry->sport = service->proto;
	entry->dport = service->port;
	return !service->fwmark;
}

static int take_connection(const struct ipvs_conn *conn, void *arg)
{
	struct import *import = arg;
	struct restore_entry entry;

	if (entry_of(&import->ipvs, conn, &entry))
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

static int take_over(struct import *import)
{
	struct netlink *nl = import->ctl->netlink;
	struct hold_wanted wanted;
	struct hold hold;
	uint64_t began;
	int status, err;

	want(&import->ipvs, &wanted);
	began = duration_now();
	status = hold_begin(&hold, &wanted);
	hold_want_free(&wanted);
	if (!status)
		status = set_timeouts(import);
	if (!status)
		status = add_services(import);
	if (!status)
		status = take_connections(import);
	if (status) {
		remove_services(import);
		hold_end(&hold);
		report_note("ip_vs balances as before");
		return status;
	}
	status = hold_end(&hold);
	began = duration_now() - began;
	if (!status)
		status = ipvs_flush(nl, &import->ipvs);
	if (status)
		return status;
	err = ipvs_unload();
	print_result(import, began, err);
	if (err)
		report_warning("ip_vs was not unloaded: %s: it has no services here; unload it with its schedulers, as in 'modprobe -r ip_vs_rr ip_vs'",
			       strerror(err));
	return DSRCTL_OK;
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
