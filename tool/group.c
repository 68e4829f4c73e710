// SPDX-License-Identifier: GPL-2.0
/*
 * The multicast groups of notifications.
 */
#include <linux/dsr.h>
#include <linux/dsr_rs.h>
#include <linux/genetlink.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <string.h>

#include "attr.h"
#include "dsrctl.h"
#include "group.h"
#include "report.h"

/* a multicast group to find */
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

static const char *const families[NETLINK_MODULES] = {
	[NETLINK_LB] = DSR_GENL_NAME,
	[NETLINK_RS] = DSR_RS_GENL_NAME,
};

static int find(struct netlink *nl, const char *family, struct group *group)
{
	int status = netlink_ask_family(nl, family, on_groups, group);

	if (status || group->id)
		return status;
	return report_error(DSRCTL_REFUSED,
			    "the loaded module sends no events: the module is older than dsrctl");
}

/**
 * group_find() - find the multicast group of a module's notifications
 * @nl: the requests
 * @module: the module
 * @family: set to the number of its family
 * @events: set to the number of its group of events
 *
 * Return: enum dsrctl_status.
 */
int group_find(struct netlink *nl, enum netlink_module module,
	       uint16_t *family, uint32_t *events)
{
	struct group group = { .name = DSR_GENL_MCGRP_EVENTS };
	int status;

	status = netlink_family(nl, module, family);
	if (!status)
		status = find(nl, families[module], &group);
	*events = group.id;
	return status;
}

/**
 * group_find_controller() - find the group that reports loading and unloading
 * @nl: the requests
 * @group: set to the number of the group
 *
 * Return: enum dsrctl_status.
 */
int group_find_controller(struct netlink *nl, uint32_t *group)
{
	struct group notify = { .name = "notify" };
	int status = find(nl, "nlctrl", &notify);

	*group = notify.id;
	return status;
}

static bool tells_of(struct nlmsghdr *event, uint8_t cmd, char *name,
		     uint16_t *id)
{
	return genlmsg_valid_hdr(event, 0) && genlmsg_hdr(event)->cmd == cmd &&
	       netlink_read_family(event, name, GENL_NAMSIZ, id);
}

/**
 * group_has_come() - tell if an event reports that a module was loaded
 * @event: from the controller
 * @module: the module
 */
bool group_has_come(struct nlmsghdr *event, enum netlink_module module)
{
	char name[GENL_NAMSIZ];
	uint16_t id;

	return tells_of(event, CTRL_CMD_NEWFAMILY, name, &id) &&
	       !strcmp(name, families[module]);
}

/**
 * group_is_gone() - tell if an event reports the end of a family
 * @event: from the controller
 * @family: number of the family
 */
bool group_is_gone(struct nlmsghdr *event, uint16_t family)
{
	char name[GENL_NAMSIZ];
	uint16_t id;

	return tells_of(event, CTRL_CMD_DELFAMILY, name, &id) && id == family;
}
