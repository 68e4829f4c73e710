// SPDX-License-Identifier: GPL-2.0
/*
 * The multicast groups that tell of what changes.
 */
#include <linux/dsr.h>
#include <linux/genetlink.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <string.h>

#include "attr.h"
#include "dsrctl.h"
#include "group.h"
#include "report.h"

/* a multicast group that is looked for */
struct group {
	const char *name;
	uint32_t id;
};

static enum netlink_verdict on_groups(struct nlmsghdr *reply, void *arg)
{
	struct nla_policy policy[CTRL_ATTR_MCAST_GRP_MAX + 1] = {
		[CTRL_ATTR_MCAST_GRP_NAME] = { .type = NLA_STRING },
		[CTRL_ATTR_MCAST_GRP_ID] = { .type = NLA_U32 },
	};
	struct nlattr *tb[CTRL_ATTR_MCAST_GRP_MAX + 1], *nest, *attr;
	struct group *group = arg;
	char name[GENL_NAMSIZ];
	int rest;

	nest = nlmsg_find_attr(reply, GENL_HDRLEN, CTRL_ATTR_MCAST_GROUPS);
	if (!nest)
		return NETLINK_MORE;
	nla_for_each_nested(attr, nest, rest) {
		if (nla_parse_nested(tb, CTRL_ATTR_MCAST_GRP_MAX, attr,
				     policy) ||
		    !tb[CTRL_ATTR_MCAST_GRP_NAME] ||
		    !tb[CTRL_ATTR_MCAST_GRP_ID])
			return NETLINK_MALFORMED;
		attr_string(tb[CTRL_ATTR_MCAST_GRP_NAME], name, sizeof(name));
		if (!strcmp(name, group->name))
			group->id = nla_get_u32(tb[CTRL_ATTR_MCAST_GRP_ID]);
	}
	return NETLINK_MORE;
}

/**
 * group_find() - find what tells of the balancer's changes
 * @nl: the requests
 * @family: set to the number of the family of dsr_lb
 * @events: set to the number of its group of events
 * @families: set to the number of the group that tells of its unloading
 *
 * Return: enum dsrctl_status.
 */
int group_find(struct netlink *nl, uint16_t *family, uint32_t *events,
	       uint32_t *families)
{
	struct group own = { .name = DSR_GENL_MCGRP_EVENTS };
	struct group controller = { .name = "notify" };
	int status;

	status = netlink_family(nl, NETLINK_LB, family);
	if (!status)
		status = netlink_ask_family(nl, DSR_GENL_NAME, on_groups, &own);
	if (!status)
		status = netlink_ask_family(nl, "nlctrl", on_groups, &controller);
	if (status)
		return status;
	if (!own.id || !controller.id)
		return report_error(DSRCTL_REFUSED,
				    "the loaded module tells of no events: it is older than dsrctl");
	*events = own.id;
	*families = controller.id;
	return DSRCTL_OK;
}

/**
 * group_is_gone() - whether the controller tells of the end of a family
 * @event: from the controller
 * @family: number of the family
 */
bool group_is_gone(struct nlmsghdr *event, uint16_t family)
{
	char name[GENL_NAMSIZ];
	uint16_t id;

	return genlmsg_valid_hdr(event, 0) &&
	       genlmsg_hdr(event)->cmd == CTRL_CMD_DELFAMILY &&
	       netlink_read_family(event, name, sizeof(name), &id) && id == family;
}
