// SPDX-License-Identifier: GPL-2.0
/*
 * Mode local: the rule is the module's, the route is the kernel's, and the two
 * come and go together.
 *
 * While there is the rule, the module is silent about the VIP. So the route is
 * made after the rule and deleted before it: it is never there without.
 */
#include <linux/dsr.h>
#include <netlink/msg.h>
#include <string.h>

#include "all.h"
#include "attr.h"
#include "dsrctl.h"
#include "local.h"
#include "rule.h"
#include "route.h"

static bool is_local(const struct rule_info *real)
{
	return attr_u8(real->tb[DSR_RULE_A_MODE]) == DSR_RULE_MODE_LOCAL;
}

/**
 * local_begin() - before the rule of a whole VIP changes
 * @nl: the requests
 * @local: set; for local_end(), in any case
 * @vip: the VIP, kept by reference
 * @wanted: the rule is to be in mode local
 * @fresh: there is to be no such rule so far
 *
 * Return: enum dsrctl_status.
 */
int local_begin(struct netlink *nl, struct local *local,
		const struct addr *vip, bool wanted, bool fresh)
{
	bool was_local = false;
	struct rule_info real;
	size_t i;
	int status;

	memset(local, 0, sizeof(*local));
	local->nl = nl;
	local->vip = vip;
	local->wanted = wanted;
	if (fresh)
		return DSRCTL_OK;
	status = all_list(nl, NETLINK_RS, DSR_RS_CMD_RULE_GET, &local->rules);
	for (i = 0; !status && i < local->rules.count; i++) {
		if (!rule_parse(local->rules.reply[i], &real))
			return netlink_malformed();
		if (!addr_is(vip, real.tb[DSR_RULE_A_VIP]) ||
		    real.tb[DSR_RULE_A_PROTO])
			continue;
		local->before = local->rules.reply[i];
		was_local = is_local(&real);
	}
	if (!status && was_local && !wanted)
		status = route_delete(nl, vip, &local->gone);
	return status;
}

static int put_before(struct nl_msg *msg, const struct nlmsghdr *before)
{
	struct nlattr *top[ATTR_MAX], *attr, *nest;
	int rest;

	nest = nla_nest_start(msg, NLA_F_NESTED | DSR_A_RULE);
	if (!nest || !attr_parse(before, top))
		return -1;
	nla_for_each_nested(attr, top[DSR_A_RULE], rest) {
		if (nla_type(attr) == DSR_RULE_A_STATS ||
		    nla_type(attr) == DSR_RULE_A_ROUTED)
			continue;
		if (nla_put(msg, nla_type(attr), nla_len(attr),
			    nla_data(attr)))
			return -1;
	}
	return nla_nest_end(msg, nest);
}

static int put_vip(struct nl_msg *msg, const struct addr *vip)
{
	struct nlattr *nest;

	nest = nla_nest_start(msg, NLA_F_NESTED | DSR_A_RULE);
	if (!nest || addr_put(msg, DSR_RULE_A_VIP, vip))
		return -1;
	return nla_nest_end(msg, nest);
}

/* The rule is there and its route is not: have it as it was before. */
static void rule_restore(const struct local *local)
{
	struct nl_msg *msg;
	bool fits;

	if (netlink_request(local->nl, NETLINK_RS,
			    local->before ? DSR_RS_CMD_RULE_REPLACE :
					    DSR_RS_CMD_RULE_DELETE,
			    0, &msg))
		return;
	fits = local->before ? !put_before(msg, local->before) :
			       !put_vip(msg, local->vip);
	if (fits)
		netlink_do(local->nl, msg);
	else
		netlink_too_long(msg);
}

/**
 * local_end() - after the rule has changed, or has not
 * @local: from local_begin()
 * @status: of the change
 *
 * Return: @status, or why the change could not be completed; nothing is
 * changed then.
 */
int local_end(struct local *local, int status)
{
	bool made;

	if (!status && local->wanted) {
		status = route_add(local->nl, local->vip, &made);
		if (status)
			rule_restore(local);
	} else if (status && local->gone) {
		route_add(local->nl, local->vip, &made);
	}
	netlink_replies_free(&local->rules);
	return status;
}

/**
 * local_flush() - before all rules are deleted: delete the routes of those in
 *	mode local
 * @nl: the requests
 *
 * Return: enum dsrctl_status.
 */
int local_flush(struct netlink *nl)
{
	struct netlink_replies rules;
	struct rule_info real;
	struct addr vip;
	int status;
	bool done;
	size_t i;

	status = all_list(nl, NETLINK_RS, DSR_RS_CMD_RULE_GET, &rules);
	for (i = 0; !status && i < rules.count; i++) {
		if (!rule_parse(rules.reply[i], &real))
			status = netlink_malformed();
		else if (is_local(&real) &&
			 addr_get(real.tb[DSR_RULE_A_VIP], &vip))
			status = route_delete(nl, &vip, &done);
	}
	netlink_replies_free(&rules);
	return status;
}
