// SPDX-License-Identifier: GPL-2.0
/*
 * Mode local: keep the module's rule and the kernel's local route together.
 *
 * While the rule exists, the module hides the VIP from the neighbours. So add
 * the route after the rule and delete the route before the rule: the route
 * never exists without the rule.
 */
#include <linux/dsr_rs.h>
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
 * local_begin() - prepare for a change of the rule of a whole VIP
 * @nl: the requests
 * @local: set; for local_end(), in any case
 * @vip: the VIP, kept by reference
 * @wanted: the rule shall be in mode local
 * @fresh: there must be no such rule yet
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

/* The rule exists without its route: restore the state before the change. */
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
 * local_end() - complete a change of a rule, or undo it
 * @local: from local_begin()
 * @status: result of the change
 *
 * Return: @status, or the reason why the change could not be completed; in that
 * case nothing is changed.
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
 * local_flush() - delete the routes of all rules in mode local, before all
 *	rules are deleted
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
