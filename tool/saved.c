// SPDX-License-Identifier: GPL-2.0
/*
 * Read all that dsr_lb has in a network namespace, and write it to another
 * dsr_lb: the attributes of the replies are those of the requests, but for
 * those that only replies have.
 */
#include <inttypes.h>
#include <linux/dsr.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "all.h"
#include "attr.h"
#include "dsrctl.h"
#include "path.h"
#include "report.h"
#include "restore.h"
#include "saved.h"
#include "xdp.h"

static const uint8_t only_replies[DSR_A_MAX + 1][ATTR_MAX] = {
	[DSR_A_SERVICE] = {
		[DSR_SERVICE_A_BACKENDS] = 1,
		[DSR_SERVICE_A_STATS] = 1,
	},
	[DSR_A_BACKEND] = {
		[DSR_BACKEND_A_ACTIVE] = 1,
		[DSR_BACKEND_A_INACTIVE] = 1,
		[DSR_BACKEND_A_STATE] = 1,
		[DSR_BACKEND_A_IFINDEX] = 1,
		[DSR_BACKEND_A_MAC] = 1,
		[DSR_BACKEND_A_STATS] = 1,
		[DSR_BACKEND_A_PERSISTENT] = 1,
		[DSR_BACKEND_A_UNRESOLVED] = 1,
		[DSR_BACKEND_A_OVERLOADED] = 1,
		[DSR_BACKEND_A_PROBE_MARK] = 1,
	},
	[DSR_A_TABLE] = {
		[DSR_TABLE_A_PAD] = 1,
		[DSR_TABLE_A_ENTRIES] = 1,
		[DSR_TABLE_A_BUCKETS] = 1,
		[DSR_TABLE_A_BYTES] = 1,
		[DSR_TABLE_A_EVICTED] = 1,
		[DSR_TABLE_A_PENDING_EVICTED] = 1,
		[DSR_TABLE_A_EXPIRE_QUIESCENT] = 1,
		[DSR_TABLE_A_EXPIRE_NODEST] = 1,
	},
};

/* Each backend that a service of the scheduler maglev gets would fill a table:
 * the scheduler comes last.
 */
static bool is_scheduler(int type, int attr)
{
	return type == DSR_A_SERVICE &&
	       (attr == DSR_SERVICE_A_SCHEDULER ||
		attr == DSR_SERVICE_A_HASH ||
		attr == DSR_SERVICE_A_TABLE_SIZE ||
		attr == DSR_SERVICE_A_CHOICES);
}

static enum netlink_verdict on_table(struct nlmsghdr *reply, void *arg)
{
	struct netlink_replies *table = arg;

	if (table->count)
		return NETLINK_MALFORMED;
	table->reply = report_alloc(NULL, sizeof(*table->reply));
	table->reply[0] = report_alloc(NULL, reply->nlmsg_len);
	memcpy(table->reply[0], reply, reply->nlmsg_len);
	table->count = 1;
	return NETLINK_MORE;
}

/**
 * saved_read() - read the configuration
 * @nl: the requests
 * @saved: set; for saved_free() in any case
 *
 * Return: enum dsrctl_status.
 */
int saved_read(struct netlink *nl, struct saved *saved)
{
	struct nl_msg *msg;
	int status;

	memset(saved, 0, sizeof(*saved));
	status = all_list(nl, NETLINK_LB, DSR_CMD_SERVICE_GET,
			  &saved->services);
	if (!status)
		status = all_list(nl, NETLINK_LB, DSR_CMD_BACKEND_GET,
				  &saved->backends);
	if (!status)
		status = all_list(nl, NETLINK_LB, DSR_CMD_PATH_GET,
				  &saved->paths);
	if (!status)
		status = netlink_query(nl, NETLINK_LB, DSR_CMD_STATS_GET, 0,
				       &msg);
	return status ? status : netlink_stream(nl, msg, on_table,
						&saved->table);
}

static enum netlink_verdict on_connection(struct nlmsghdr *reply, void *arg)
{
	struct saved *saved = arg;
	struct nlattr *top[ATTR_MAX];
	size_t size;

	if (!attr_parse(reply, top) || !top[DSR_A_CONNECTION])
		return NETLINK_MALFORMED;
	size = nla_total_size(nla_len(top[DSR_A_CONNECTION]));
	if (saved->room - saved->used < size) {
		saved->room = 2 * saved->room + 65536;
		saved->connection = report_alloc(saved->connection,
						 saved->room);
	}
	memcpy(saved->connection + saved->used, top[DSR_A_CONNECTION],
	       NLA_HDRLEN + nla_len(top[DSR_A_CONNECTION]));
	saved->used += size;
	saved->connections++;
	return NETLINK_MORE;
}

/**
 * saved_read_connections() - read the connections as well
 * @nl: the requests
 * @saved: from saved_read()
 *
 * Return: enum dsrctl_status.
 */
int saved_read_connections(struct netlink *nl, struct saved *saved)
{
	struct nl_msg *msg;
	int status;

	status = netlink_query(nl, NETLINK_LB, DSR_CMD_CONNECTION_GET,
			       NLM_F_DUMP, &msg);
	return status ? status : netlink_stream(nl, msg, on_connection, saved);
}

/**
 * saved_read_again() - read the configuration as it is now, and keep the connections
 * @nl: the requests
 * @saved: from saved_read()
 *
 * Return: enum dsrctl_status; if not DSRCTL_OK, @saved is as before.
 */
int saved_read_again(struct netlink *nl, struct saved *saved)
{
	struct saved now;
	int status = saved_read(nl, &now);

	if (status) {
		saved_free(&now);
		return status;
	}
	now.connection = saved->connection;
	now.used = saved->used;
	now.room = saved->room;
	now.connections = saved->connections;
	saved->connection = NULL;
	saved_free(saved);
	*saved = now;
	return status;
}

/**
 * saved_want() - find the packets that these services get
 * @saved: from saved_read()
 * @wanted: set; for hold_want_free() in any case
 *
 * Return: enum dsrctl_status.
 */
int saved_want(const struct saved *saved, struct hold_wanted *wanted)
{
	struct nlattr *top[ATTR_MAX], *tb[ATTR_MAX];
	struct addr vip;
	size_t i;

	memset(wanted, 0, sizeof(*wanted));
	for (i = 0; i < saved->services.count; i++) {
		if (!attr_parse(saved->services.reply[i], top) ||
		    !top[DSR_A_SERVICE] ||
		    !attr_parse_nest(DSR_A_SERVICE, top[DSR_A_SERVICE], tb))
			return netlink_malformed();
		if (addr_get(tb[DSR_SERVICE_A_VIP], &vip))
			hold_want(wanted, &vip);
		else
			hold_want_all(wanted,
				      attr_u8(tb[DSR_SERVICE_A_FAMILY]));
	}
	return DSRCTL_OK;
}

/* Without persistence its prefix has no meaning. */
static bool is_idle_prefix(const struct nlattr *nest, int attr)
{
	const struct nlattr *persist;

	if (attr != DSR_SERVICE_A_PERSIST_PREFIX)
		return false;
	persist = nla_find(nla_data(nest), nla_len(nest),
			   DSR_SERVICE_A_PERSIST);
	return !attr_u32(persist);
}

static int put_nest(struct nl_msg *msg, int type, const struct nlattr *nest,
		    bool plain)
{
	struct nlattr *to = nla_nest_start(msg, NLA_F_NESTED | type), *attr;
	int rest, number;

	if (!to)
		return -1;
	nla_for_each_nested(attr, nest, rest) {
		number = nla_type(attr);
		if (number >= ATTR_MAX || only_replies[type][number] ||
		    (plain && is_scheduler(type, number)) ||
		    (type == DSR_A_SERVICE && is_idle_prefix(nest, number)))
			continue;
		/* the type as it is, with its flag of a nest */
		if (nla_put(msg, attr->nla_type, nla_len(attr),
			    nla_data(attr)))
			return -1;
	}
	return nla_nest_end(msg, to);
}

/* Send one object as a request. */
static int send_one(struct netlink *nl, uint8_t cmd,
		    const struct nlmsghdr *reply, const int *types, bool plain)
{
	struct nlattr *top[ATTR_MAX];
	struct nl_msg *msg;
	int status;

	if (!attr_parse(reply, top))
		return netlink_malformed();
	status = netlink_request(nl, NETLINK_LB, cmd, 0, &msg);
	for (; !status && *types; types++)
		if (!top[*types] || put_nest(msg, *types, top[*types], plain))
			return netlink_too_long(msg);
	return status ? status : netlink_do(nl, msg);
}

static void send_all(struct netlink *nl, uint8_t cmd,
		     const struct netlink_replies *replies, const int *types,
		     bool plain, unsigned int *missing)
{
	size_t i;

	for (i = 0; i < replies->count; i++)
		if (send_one(nl, cmd, replies->reply[i], types, plain))
			++*missing;
}

/* @link: of the XDP program, or -1 */
static int send_path(struct netlink *nl, const struct path_info *path,
		     uint8_t via, int link)
{
	struct nlattr *nest;
	struct nl_msg *msg;
	int status;

	status = netlink_request(nl, NETLINK_LB, DSR_CMD_PATH_ADD, 0, &msg);
	if (status)
		return status;
	nest = nla_nest_start(msg, NLA_F_NESTED | DSR_A_PATH);
	if (!nest ||
	    nla_put_u32(msg, DSR_PATH_A_IFINDEX,
			attr_u32(path->tb[DSR_PATH_A_IFINDEX])) ||
	    nla_put_u32(msg, DSR_PATH_A_RECHECK,
			attr_u32(path->tb[DSR_PATH_A_RECHECK])) ||
	    (link >= 0 && (nla_put_u8(msg, DSR_PATH_A_VIA, via) ||
			   nla_put_u32(msg, DSR_PATH_A_LINK, link))))
		return netlink_too_long(msg);
	nla_nest_end(msg, nest);
	return netlink_do(nl, msg);
}

/* The XDP program of the other dsr_lb is gone with its path: attach another one. */
static int write_path(struct netlink *nl, const struct nlmsghdr *reply)
{
	int status = DSRCTL_OK, link = -1;
	struct path_info path;
	uint8_t via;

	if (!path_parse(reply, &path))
		return netlink_malformed();
	via = attr_u8(path.tb[DSR_PATH_A_VIA]);
	if (via != DSR_PATH_VIA_INGRESS)
		status = xdp_attach(attr_u32(path.tb[DSR_PATH_A_IFINDEX]),
				    via == DSR_PATH_VIA_XDP_GENERIC, &link);
	if (!status)
		status = send_path(nl, &path, via, link);
	/* the module holds the link now, or nothing does */
	if (link >= 0)
		close(link);
	return status;
}

/**
 * saved_write() - write the configuration to another dsr_lb
 * @nl: the requests
 * @saved: from saved_read()
 * @missing: set to the number of objects that it refuses, each reported
 *
 * Return: DSRCTL_OK, or DSRCTL_REFUSED if it refuses any.
 */
int saved_write(struct netlink *nl, const struct saved *saved,
		unsigned int *missing)
{
	static const int service[] = { DSR_A_SERVICE, 0 };
	static const int backend[] = { DSR_A_SERVICE, DSR_A_BACKEND, 0 };
	static const int table[] = { DSR_A_TABLE, 0 };
	size_t i;

	*missing = 0;
	send_all(nl, DSR_CMD_CONNECTION_SET, &saved->table, table, false,
		 missing);
	send_all(nl, DSR_CMD_SERVICE_ADD, &saved->services, service, true,
		 missing);
	send_all(nl, DSR_CMD_BACKEND_ADD, &saved->backends, backend, false,
		 missing);
	send_all(nl, DSR_CMD_SERVICE_REPLACE, &saved->services, service, false,
		 missing);
	for (i = 0; i < saved->paths.count; i++)
		if (write_path(nl, saved->paths.reply[i]))
			++*missing;
	return *missing ? DSRCTL_REFUSED : DSRCTL_OK;
}

/**
 * saved_write_connections() - write the connections
 * @nl: the requests
 * @saved: from saved_read_connections()
 * @kept: incremented by the number of those that the table has now
 *
 * Return: enum dsrctl_status.
 */
int saved_write_connections(struct netlink *nl, const struct saved *saved,
			    uint64_t *kept)
{
	const struct nlattr *attr;
	int status = DSRCTL_OK;
	struct restore restore;
	size_t at;

	restore_begin(&restore, nl);
	restore_apart(&restore);
	for (at = 0; !status && at < saved->used;
	     at += nla_total_size(nla_len(attr))) {
		attr = (const void *)(saved->connection + at);
		status = restore_put_nest(&restore, attr);
	}
	status = restore_end(&restore, status);
	*kept += restore.count[DSR_ADDED_A_ADDED] +
		 restore.count[DSR_ADDED_A_KNOWN];
	if (!status && restore.unknown)
		status = report_error(DSRCTL_REFUSED,
				      "the module does not know the state of %"
				      PRIu64 " connections",
				      restore.unknown);
	return status;
}

/** saved_free() - forget what was read */
void saved_free(struct saved *saved)
{
	netlink_replies_free(&saved->services);
	netlink_replies_free(&saved->backends);
	netlink_replies_free(&saved->paths);
	netlink_replies_free(&saved->table);
	free(saved->connection);
	memset(saved, 0, sizeof(*saved));
}
