// SPDX-License-Identifier: GPL-2.0
/*
 * all - requests about all objects of a kind
 */

#include <errno.h>
#include <netlink/msg.h>
#include <string.h>

#include "all.h"

/**
 * all_list() - read all objects before using any
 * @nl: the requests
 * @module: the module that gets the request
 * @cmd: the GET command of the objects
 * @replies: set; for netlink_replies_free() in any case
 *
 * Return: enum dsrctl_status.
 */
int all_list(struct netlink *nl, enum netlink_module module, uint8_t cmd,
	     struct netlink_replies *replies)
{
	struct nl_msg *msg;
	int status;

	memset(replies, 0, sizeof(*replies));
	status = netlink_query(nl, module, cmd, NLM_F_DUMP, &msg);
	if (status)
		return status;
	return netlink_collect(nl, msg, replies);
}

/**
 * all_flush_parts() - delete all objects, in parts
 * @nl: the requests
 * @module: the module that gets the request
 * @cmd: the FLUSH command of the objects
 *
 * A dump: the module does a bounded part of the work for each of its replies. An
 * older module knows only requests that do all at once.
 *
 * Return: enum dsrctl_status.
 */
int all_flush_parts(struct netlink *nl, enum netlink_module module, uint8_t cmd)
{
	struct nl_msg *msg;
	bool known;
	int status;

	status = netlink_request(nl, module, cmd, NLM_F_DUMP, &msg);
	if (status)
		return status;
	status = netlink_try(nl, msg, EOPNOTSUPP, &known);
	return status || known ? status : all_flush(nl, module, cmd);
}

/**
 * all_flush() - delete all objects
 * @nl: the requests
 * @module: the module that gets the request
 * @cmd: the FLUSH command of the objects
 *
 * Return: enum dsrctl_status.
 */
int all_flush(struct netlink *nl, enum netlink_module module, uint8_t cmd)
{
	struct nl_msg *msg;
	int status;

	status = netlink_request(nl, module, cmd, 0, &msg);
	if (status)
		return status;
	return netlink_do(nl, msg);
}
