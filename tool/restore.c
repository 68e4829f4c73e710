// SPDX-License-Identifier: GPL-2.0
/*
 * Put entries into the balancer's connection table, many in one message: a
 * message for each would take the kernel four times as long.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <netlink/msg.h>
#include <string.h>

#include "attr.h"
#include "dsrctl.h"
#include "report.h"
#include "restore.h"

/* Entries of a message, of at most 116 bytes each. libnl's socket sends 64 KiB
 * at once.
 */
#define AT_ONCE		400
#define MESSAGE_MAX	(AT_ONCE * 128)

/**
 * restore_begin() - begin
 * @restore: set; for restore_end() in any case
 * @nl: the requests
 */
void restore_begin(struct restore *restore, struct netlink *nl)
{
	memset(restore, 0, sizeof(*restore));
	restore->nl = nl;
}

/**
 * restore_apart() - do without the entries that dsr_lb does not know
 * @restore: from restore_begin()
 *
 * Else such an entry takes those after it with it.
 */
void restore_apart(struct restore *restore)
{
	restore->apart = true;
}

static enum netlink_verdict on_added(struct nlmsghdr *reply, void *arg)
{
	struct nlattr *top[ATTR_MAX], *tb[ATTR_MAX];
	struct restore *restore = arg;
	int i;

	if (!attr_parse(reply, top) || !top[DSR_A_ADDED] ||
	    !attr_parse_nest(DSR_A_ADDED, top[DSR_A_ADDED], tb))
		return NETLINK_MALFORMED;
	for (i = DSR_ADDED_A_ADDED; i <= DSR_ADDED_A_MAX; i++)
		restore->count[i] += attr_u32(tb[i]);
	return NETLINK_MORE;
}

/* Send a request, which is freed here.
 * @known: set to false if dsr_lb does not know an entry of it
 */
static int try(struct restore *restore, struct nl_msg *msg, bool *known)
{
	int status;

	netlink_expect(restore->nl, EINVAL);
	status = netlink_stream(restore->nl, msg, on_added, restore);
	*known = !netlink_expected(restore->nl);
	return status;
}

/* Send each entry of a refused request in one of its own. */
static int send_each(struct restore *restore, struct nl_msg *refused)
{
	struct nlattr *attr;
	struct nl_msg *msg;
	int status, rest;
	bool known;

	nlmsg_for_each_attr(attr, nlmsg_hdr(refused), GENL_HDRLEN, rest) {
		status = netlink_request(restore->nl, NETLINK_LB,
					 DSR_CMD_CONNECTION_ADD, 0, &msg);
		if (status)
			return status;
		if (nla_put(msg, attr->nla_type, nla_len(attr), nla_data(attr)))
			return netlink_too_long(msg);
		status = try(restore, msg, &known);
		if (status)
			return status;
		if (!known)
			restore->unknown++;
	}
	return DSRCTL_OK;
}

static int send_apart(struct restore *restore, struct nl_msg *msg)
{
	bool known;
	int status;

	nlmsg_get(msg);
	status = try(restore, msg, &known);
	if (!status && !known)
		status = send_each(restore, msg);
	nlmsg_free(msg);
	return status;
}

static int flush(struct restore *restore)
{
	struct nl_msg *msg = restore->msg;

	restore->msg = NULL;
	restore->waiting = 0;
	if (!msg)
		return DSRCTL_OK;
	return restore->apart ? send_apart(restore, msg) :
				netlink_stream(restore->nl, msg, on_added,
					       restore);
}

/* Make room for one more entry. */
static int make_room(struct restore *restore)
{
	int status = DSRCTL_OK;

	if (restore->waiting == AT_ONCE)
		status = flush(restore);
	if (status || restore->msg)
		return status;
	status = netlink_request(restore->nl, NETLINK_LB,
				 DSR_CMD_CONNECTION_ADD, 0, &restore->msg);
	if (!status && nlmsg_expand(restore->msg, MESSAGE_MAX)) {
		status = netlink_too_long(restore->msg);
		restore->msg = NULL;
	}
	return status;
}

static int put(struct nl_msg *msg, const struct restore_entry *entry)
{
	struct nlattr *nest = nla_nest_start(msg, NLA_F_NESTED |
					     DSR_A_CONNECTION);

	if (!nest || nla_put_u8(msg, DSR_CONNECTION_A_PROTO, entry->proto) ||
	    addr_put(msg, DSR_CONNECTION_A_SRC, &entry->src) ||
	    nla_put_u16(msg, DSR_CONNECTION_A_SPORT, htons(entry->sport)) ||
	    (entry->dst.family &&
	     addr_put(msg, DSR_CONNECTION_A_DST, &entry->dst)) ||
	    nla_put_u16(msg, DSR_CONNECTION_A_DPORT, htons(entry->dport)) ||
	    addr_put(msg, DSR_CONNECTION_A_BACKEND, &entry->backend) ||
	    (entry->fwmark &&
	     nla_put_u32(msg, DSR_CONNECTION_A_FWMARK, entry->fwmark)) ||
	    (entry->state >= 0 &&
	     nla_put_u8(msg, DSR_CONNECTION_A_STATE, entry->state)) ||
	    (entry->expires >= 0 &&
	     nla_put_u32(msg, DSR_CONNECTION_A_EXPIRES, entry->expires)) ||
	    (entry->newer && nla_put_flag(msg, DSR_CONNECTION_A_NEWER)))
		return -1;
	return nla_nest_end(msg, nest);
}

static int has_put(struct restore *restore, int err)
{
	if (err)
		return netlink_too_long(NULL);
	restore->waiting++;
	return DSRCTL_OK;
}

/**
 * restore_put() - add an entry
 * @restore: from restore_begin()
 * @entry: the entry
 *
 * Return: enum dsrctl_status.
 */
int restore_put(struct restore *restore, const struct restore_entry *entry)
{
	int status = make_room(restore);

	return status ? status : has_put(restore, put(restore->msg, entry));
}

/**
 * restore_put_nest() - add an entry of a dump
 * @restore: from restore_begin()
 * @nest: the attribute DSR_A_CONNECTION of the dump
 *
 * Return: enum dsrctl_status.
 */
int restore_put_nest(struct restore *restore, const struct nlattr *nest)
{
	int status = make_room(restore);

	if (status)
		return status;
	return has_put(restore,
		       nla_put(restore->msg, NLA_F_NESTED | DSR_A_CONNECTION,
			       nla_len(nest), nla_data(nest)));
}

/**
 * restore_end() - send what still waits, unless something has failed
 * @restore: from restore_begin()
 * @status: enum dsrctl_status of what came before
 *
 * Return: @status, or the result of sending.
 */
int restore_end(struct restore *restore, int status)
{
	if (!status)
		return flush(restore);
	nlmsg_free(restore->msg);
	restore->msg = NULL;
	return status;
}

/**
 * restore_tried() - number of entries that the table was given
 * @restore: after restore_end()
 */
uint64_t restore_tried(const struct restore *restore)
{
	return restore->count[DSR_ADDED_A_ADDED] +
	       restore->count[DSR_ADDED_A_KNOWN] + restore_refused(restore);
}

/**
 * restore_refused() - number of entries that the table did not take
 * @restore: after restore_end()
 */
uint64_t restore_refused(const struct restore *restore)
{
	uint64_t refused = 0;
	int i;

	for (i = DSR_ADDED_A_NO_SERVICE; i <= DSR_ADDED_A_MAX; i++)
		refused += restore->count[i];
	return refused;
}

/**
 * restore_why() - say why the table did not take an entry
 * @outcome: enum dsr_added_attr
 */
const char *restore_why(int outcome)
{
	switch (outcome) {
	case DSR_ADDED_A_KNOWN:
		return "the table already has this connection";
	case DSR_ADDED_A_NO_SERVICE:
		return "no service keeps such a connection";
	case DSR_ADDED_A_NO_BACKEND:
		return "the service has no such backend";
	case DSR_ADDED_A_BAD_SOURCE:
		return "the client's address cannot be answered";
	default:
		return "the table has no room: raise its limit with 'dsrctl connection set max'";
	}
}
