// SPDX-License-Identifier: GPL-2.0
/*
 * Local routes, which make a VIP an address of this machine, for rules in mode
 * local. Routes of dsrctl have their own protocol number, so that dsrctl never
 * deletes another route.
 */
#include <linux/dsr_rs.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/msg.h>

#include "dsrctl.h"
#include "report.h"
#include "route.h"

static int route_request(struct netlink *nl, int type, int flags,
			 const struct addr *vip, const char *prefix,
			 int harmless, bool *done)
{
	struct rtmsg route = {
		.rtm_family = vip->family,
		.rtm_dst_len = vip->family == AF_INET ? 32 : 128,
		.rtm_table = RT_TABLE_LOCAL,
		.rtm_protocol = DSR_ROUTE_PROTOCOL,
		.rtm_scope = RT_SCOPE_HOST,
		.rtm_type = RTN_LOCAL,
	};
	struct nl_msg *msg = nlmsg_alloc_simple(type, flags);

	if (!msg || nlmsg_append(msg, &route, sizeof(route), NLMSG_ALIGNTO) ||
	    addr_put(msg, RTA_DST, vip) ||
	    nla_put_u32(msg, RTA_OIF, if_nametoindex("lo")))
		return netlink_too_long(msg);
	return netlink_route(nl, msg, prefix, harmless, done);
}

/**
 * route_add() - add the local route for a VIP
 * @nl: the requests
 * @vip: the VIP
 * @made: set to true if there was no such route before
 *
 * Return: enum dsrctl_status.
 */
int route_add(struct netlink *nl, const struct addr *vip, bool *made)
{
	return route_request(nl, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, vip,
			     "cannot add the local route for the VIP",
			     EEXIST, made);
}

/**
 * route_delete() - undo route_add()
 * @nl: the requests
 * @vip: the VIP
 * @gone: set to true if a route of route_add() was deleted
 *
 * Return: enum dsrctl_status.
 */
int route_delete(struct netlink *nl, const struct addr *vip, bool *gone)
{
	return route_request(nl, RTM_DELROUTE, 0, vip,
			     "cannot delete the local route for the VIP",
			     ESRCH, gone);
}
