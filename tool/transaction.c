// SPDX-License-Identifier: GPL-2.0
/*
 * Many requests about services and backends as one, which dsr_lb carries out at
 * once or not at all.
 */
#include <errno.h>
#include <linux/dsr.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "transaction.h"

/* header of the message, and the generation */
#define HEAD		(NLMSG_HDRLEN + GENL_HDRLEN + 8)

/* a change has the attributes of its request, a nest and the command */
#define CHANGE_EXTRA	64

static int copy(struct nl_msg *msg, const struct nlattr *attr, int type)
{
	return nla_put(msg, NLA_F_NESTED | type, nla_len(attr), nla_data(attr));
}

/* Put a request into a nest. */
static int put_change(struct nl_msg *msg, struct nlmsghdr *request)
{
	struct nlattr *nest, *attr;
	int rest, err;

	nest = nla_nest_start(msg, NLA_F_NESTED | DSR_A_CHANGE);
	if (!nest || nla_put_u8(msg, DSR_CHANGE_A_CMD,
				genlmsg_hdr(request)->cmd))
		return -1;
	nlmsg_for_each_attr(attr, request, GENL_HDRLEN, rest) {
		err = 0;
		if (nla_type(attr) == DSR_A_SERVICE)
			err = copy(msg, attr, DSR_CHANGE_A_SERVICE);
		else if (nla_type(attr) == DSR_A_BACKEND)
			err = copy(msg, attr, DSR_CHANGE_A_BACKEND);
		if (err)
			return -1;
	}
	return nla_nest_end(msg, nest);
}

static void append(struct transaction *tx, const void *data, size_t size)
{
	if (tx->size + size > tx->room) {
		tx->room = 2 * (tx->size + size);
		tx->data = report_alloc(tx->data, tx->room);
	}
	memcpy(tx->data + tx->size, data, size);
	tx->size += size;
	/* grows at each power of two */
	if (!(tx->count & (tx->count - 1)))
		tx->end = report_alloc(tx->end, (tx->count ? 2 * tx->count : 1) *
				       sizeof(*tx->end));
	tx->end[tx->count++] = tx->size;
}

/**
 * transaction_add() - add a request
 * @tx: the transaction
 * @request: a request that adds, sets, replaces or deletes a service or a backend;
 *	freed here
 *
 * Return: enum dsrctl_status.
 */
int transaction_add(struct transaction *tx, struct nl_msg *request)
{
	struct nlmsghdr *header = nlmsg_hdr(request);
	struct nl_msg *msg;

	msg = nlmsg_alloc_size(header->nlmsg_len + CHANGE_EXTRA);
	if (!msg || put_change(msg, header)) {
		nlmsg_free(msg);
		return netlink_too_long(request);
	}
	append(tx, nlmsg_data(nlmsg_hdr(msg)),
	       NLMSG_ALIGN(nlmsg_datalen(nlmsg_hdr(msg))));
	nlmsg_free(msg);
	nlmsg_free(request);
	return DSRCTL_OK;
}

/* Judge a refusal: some are answers. For others tell the place of the change. */
static bool on_refusal(int error, uint32_t offset, void *arg)
{
	struct transaction *tx = arg;
	size_t i;

	switch (error) {
	case -EOPNOTSUPP:
		tx->answer = TRANSACTION_UNKNOWN;
		return true;
	case -EAGAIN:
		tx->answer = TRANSACTION_OUTDATED;
		return true;
	case -EMSGSIZE:
		tx->answer = TRANSACTION_TOO_LARGE;
		return true;
	case -EHOSTUNREACH:
		if (tx->waits) {
			tx->answer = TRANSACTION_NO_ROUTE;
			return true;
		}
		break;
	}
	for (i = 0; i < tx->count; i++) {
		if (offset < HEAD || offset >= HEAD + tx->end[i])
			continue;
		tx->place(i, tx->arg);
		break;
	}
	return false;
}

/**
 * transaction_send() - have all requests carried out, or none
 * @ctl: the run
 * @tx: the transaction; its answer is set
 * @generation: from transaction_generation()
 *
 * Return: enum dsrctl_status; DSRCTL_REFUSED, reported, if the kernel refuses one
 * of the changes.
 */
int transaction_send(struct dsrctl *ctl, struct transaction *tx,
		     uint32_t generation)
{
	struct nl_msg *msg;
	uint16_t family;
	int status;

	tx->answer = TRANSACTION_TOO_LARGE;
	if (tx->count > DSR_CHANGES_MAX)
		return DSRCTL_OK;
	status = netlink_load(ctl->netlink, NETLINK_LB, &family);
	if (status)
		return status;
	msg = nlmsg_alloc_size(HEAD + tx->size);
	if (!msg || !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, 0,
				 DSR_CMD_TRANSACTION, DSR_GENL_VERSION) ||
	    nla_put_u32(msg, DSR_A_GENERATION, generation) ||
	    nlmsg_append(msg, tx->data, tx->size, NLMSG_ALIGNTO))
		return netlink_too_long(msg);
	tx->answer = TRANSACTION_MADE;
	return netlink_judge(ctl->netlink, msg, on_refusal, tx);
}

/**
 * transaction_free() - free a transaction
 * @tx: the transaction
 */
void transaction_free(struct transaction *tx)
{
	free(tx->data);
	free(tx->end);
}

static enum netlink_verdict on_stats(struct nlmsghdr *reply, void *arg)
{
	uint32_t *generation = arg;
	struct nlattr *attr;

	attr = nlmsg_find_attr(reply, GENL_HDRLEN, DSR_A_GENERATION);
	if (attr && nla_len(attr) != sizeof(*generation))
		return NETLINK_MALFORMED;
	*generation = attr ? nla_get_u32(attr) : 0;
	return NETLINK_MORE;
}

/**
 * transaction_generation() - ask for the number of the present configuration
 * @ctl: the run
 * @generation: set; 0: the module is older, and has no transactions
 *
 * Return: enum dsrctl_status.
 */
int transaction_generation(struct dsrctl *ctl, uint32_t *generation)
{
	struct nl_msg *msg;
	int status;

	*generation = 0;
	status = netlink_query(ctl->netlink, NETLINK_LB, DSR_CMD_STATS_GET, 0,
			       &msg);
	return status ? status : netlink_stream(ctl->netlink, msg, on_stats,
						generation);
}
