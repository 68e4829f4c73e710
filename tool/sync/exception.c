// SPDX-License-Identifier: GPL-2.0
/* exception - see exception.h */

#include <arpa/inet.h>
#include <linux/dsr.h>
#include <netlink/msg.h>
#include <string.h>

#include "../attr.h"
#include "../dsrctl.h"
#include "exception.h"

/**
 * struct reader - a dump
 * @fn: called for each entry
 * @arg: argument of @fn
 */
struct reader {
	exception_fn fn;
	void *arg;
};

static uint16_t port_of(const struct nlattr *attr)
{
	return attr ? ntohs(nla_get_u16(attr)) : 0;
}

static enum netlink_verdict on_entry(struct nlmsghdr *reply, void *arg)
{
	struct nlattr *top[ATTR_MAX], *tb[ATTR_MAX];
	struct restore_entry entry = { 0 };
	struct reader *reader = arg;

	if (!attr_parse(reply, top) || !top[DSR_A_CONNECTION] ||
	    !attr_parse_nest(DSR_A_CONNECTION, top[DSR_A_CONNECTION], tb) ||
	    !addr_get(tb[DSR_CONNECTION_A_SRC], &entry.src) ||
	    !addr_get(tb[DSR_CONNECTION_A_BACKEND], &entry.backend))
		return NETLINK_MALFORMED;
	addr_get(tb[DSR_CONNECTION_A_DST], &entry.dst);
	entry.proto = attr_u8(tb[DSR_CONNECTION_A_PROTO]);
	entry.state = attr_u8(tb[DSR_CONNECTION_A_STATE]);
	entry.sport = port_of(tb[DSR_CONNECTION_A_SPORT]);
	entry.dport = port_of(tb[DSR_CONNECTION_A_DPORT]);
	entry.fwmark = attr_u32(tb[DSR_CONNECTION_A_FWMARK]);
	entry.expires = attr_u32(tb[DSR_CONNECTION_A_EXPIRES]);
	reader->fn(&entry, reader->arg);
	return NETLINK_MORE;
}

/**
 * exception_read() - read all exceptions
 * @nl: the requests
 * @fn: called for each
 * @arg: argument of @fn
 *
 * Return: enum dsrctl_status.
 */
int exception_read(struct netlink *nl, exception_fn fn, void *arg)
{
	struct reader reader = { .fn = fn, .arg = arg };
	struct nlattr *nest;
	struct nl_msg *msg;
	int status;

	status = netlink_query(nl, NETLINK_LB, DSR_CMD_CONNECTION_GET,
			       NLM_F_DUMP, &msg);
	if (status)
		return status;
	nest = nla_nest_start(msg, NLA_F_NESTED | DSR_A_CONNECTION);
	if (!nest || nla_put_flag(msg, DSR_CONNECTION_A_EXCEPTION))
		return netlink_too_long(msg);
	nla_nest_end(msg, nest);
	return netlink_stream(nl, msg, on_entry, &reader);
}

static enum netlink_verdict on_table(struct nlmsghdr *reply, void *arg)
{
	struct nlattr *top[ATTR_MAX], *tb[ATTR_MAX];
	uint64_t *entries = arg;

	if (!attr_parse(reply, top) || !top[DSR_A_TABLE] ||
	    !attr_parse_nest(DSR_A_TABLE, top[DSR_A_TABLE], tb))
		return NETLINK_MALFORMED;
	*entries = attr_u32(tb[DSR_TABLE_A_ENTRIES]);
	return NETLINK_MORE;
}

/**
 * exception_of() - read the number of all entries, of which some are exceptions
 * @nl: the requests
 * @entries: set
 *
 * Return: enum dsrctl_status.
 */
int exception_of(struct netlink *nl, uint64_t *entries)
{
	struct nl_msg *msg;
	int status;

	*entries = 0;
	status = netlink_query(nl, NETLINK_LB, DSR_CMD_STATS_GET, 0, &msg);
	return status ? status : netlink_stream(nl, msg, on_table, entries);
}

static enum netlink_verdict on_backend(struct nlmsghdr *reply, void *arg)
{
	uint64_t *backends = arg;

	(void)reply;
	++*backends;
	return NETLINK_MORE;
}

/**
 * exception_backends() - count the backends that entries may go to
 * @nl: the requests
 * @backends: set
 *
 * Return: enum dsrctl_status.
 */
int exception_backends(struct netlink *nl, uint64_t *backends)
{
	struct nl_msg *msg;
	int status;

	*backends = 0;
	status = netlink_query(nl, NETLINK_LB, DSR_CMD_BACKEND_GET, NLM_F_DUMP,
			       &msg);
	return status ? status : netlink_stream(nl, msg, on_backend, backends);
}
