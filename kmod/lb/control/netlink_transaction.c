// SPDX-License-Identifier: GPL-2.0
/*
 * netlink_transaction - a request with many changes, made at once or not at all
 *
 * All changes are in one message. So no half of a transaction outlives its sender,
 * and a socket that is closed, a namespace that ends and a module that is unloaded
 * find none. The message is as long as the sender's socket allows.
 */

#include <linux/sched/signal.h>

#include "control/commit.h"
#include "control/control.h"
#include "control/netlink.h"
#include "control/stage.h"

const struct nla_policy dsr_netlink_change_policy[DSR_CHANGE_A_MAX + 1] = {
	[DSR_CHANGE_A_CMD] = { .type = NLA_U8 },
	[DSR_CHANGE_A_SERVICE] = NLA_POLICY_NESTED(dsr_netlink_service_policy),
	[DSR_CHANGE_A_BACKEND] = NLA_POLICY_NESTED(dsr_netlink_backend_policy),
};

/**
 * struct change - one change of a request
 * @cmd: enum dsr_cmd
 * @nest: the change in the request
 * @tb: its attributes, by enum dsr_change_attr
 * @extack: gets the error message
 */
struct change {
	u8 cmd;
	const struct nlattr *nest;
	struct nlattr *tb[DSR_CHANGE_A_MAX + 1];
	struct netlink_ext_ack *extack;
};

/* Parse the attributes of the service that a change names. */
static int parse_service(const struct change *change, struct nlattr *tb[],
			 const struct nla_policy *policy,
			 struct dsr_service_key *key)
{
	struct nlattr *nest = change->tb[DSR_CHANGE_A_SERVICE];
	int err;

	if (!nest)
		return dsr_netlink_refuse(change->extack, NULL,
					  DSR_NETLINK_WHICH);
	err = nla_parse_nested(tb, DSR_SERVICE_A_MAX, nest, policy,
			       change->extack);
	return err ?: dsr_netlink_parse_key(tb, key, change->extack);
}

static int find_service(struct dsr_stage *stage, const struct change *change,
			struct dsr_stage_service **service)
{
	struct nlattr *tb[DSR_SERVICE_A_MAX + 1];
	struct dsr_service_key key;
	int err;

	err = parse_service(change, tb, dsr_netlink_service_key_policy, &key);
	if (err)
		return err;
	*service = dsr_stage_find(stage, &key);
	return *service ? 0 : dsr_netlink_no_service(change->extack);
}

static int change_service(struct dsr_stage *stage, const struct change *change)
{
	enum dsr_netlink_change kind = change->cmd - DSR_CMD_SERVICE_ADD;
	struct nlattr *tb[DSR_SERVICE_A_MAX + 1];
	struct dsr_stage_service *service;
	struct dsr_service_config config;
	struct dsr_service_key key;
	int err;

	err = parse_service(change, tb, dsr_netlink_service_policy, &key);
	if (err)
		return err;
	service = dsr_stage_find(stage, &key);
	err = dsr_netlink_service_may(kind, service, change->extack);
	if (err)
		return err;
	if (kind == DSR_NETLINK_SET)
		config = service->config;
	else
		dsr_control_service_defaults(&key, &config);
	err = dsr_netlink_service_config(tb, &key, &config, change->extack);
	return err ?: dsr_stage_service_change(stage, change->cmd, service,
					       &key, &config, change->nest,
					       change->extack);
}

static int delete_service(struct dsr_stage *stage, const struct change *change)
{
	struct dsr_stage_service *service;
	int err = find_service(stage, change, &service);

	if (!err)
		dsr_stage_service_delete(stage, service);
	return err;
}

static int change_backend(struct dsr_stage *stage, const struct change *change)
{
	enum dsr_netlink_change kind = change->cmd - DSR_CMD_BACKEND_ADD;
	struct dsr_backend_config old, config = { .weight = 1 };
	struct netlink_ext_ack *extack = change->extack;
	struct nlattr *tb[DSR_BACKEND_A_MAX + 1];
	struct dsr_stage_service *service;
	union nf_inet_addr addr;
	bool is_there;
	int err;

	err = find_service(stage, change, &service);
	if (!err)
		err = dsr_netlink_backend_parse(change->tb[DSR_CHANGE_A_BACKEND],
						service->key.family, tb, &addr,
						extack);
	if (err)
		return err;
	is_there = dsr_stage_has_backend(stage, service, &addr, &old);
	err = dsr_netlink_backend_may(kind, is_there, extack);
	if (err)
		return err;
	if (kind == DSR_NETLINK_SET)
		config = old;
	err = dsr_netlink_backend_config(tb, &config, extack);
	if (!err && !is_there)
		err = dsr_nexthop_check(stage->dn, service->key.family, &addr,
					extack);
	return err ?: dsr_stage_backend_change(stage, change->cmd, service,
					       &addr, &config, change->nest,
					       extack);
}

static int delete_backend(struct dsr_stage *stage, const struct change *change)
{
	struct nlattr *tb[DSR_BACKEND_A_MAX + 1];
	struct dsr_stage_service *service;
	struct dsr_backend_config config;
	union nf_inet_addr addr;
	int err;

	err = find_service(stage, change, &service);
	if (!err)
		err = dsr_netlink_backend_parse(change->tb[DSR_CHANGE_A_BACKEND],
						service->key.family, tb, &addr,
						change->extack);
	if (err)
		return err;
	if (!dsr_stage_has_backend(stage, service, &addr, &config))
		return dsr_netlink_no_backend(change->extack);
	return dsr_stage_backend_delete(stage, service, &addr, change->nest,
					change->extack);
}

static int make_change(struct dsr_stage *stage, const struct change *change)
{
	switch (change->cmd) {
	case DSR_CMD_SERVICE_ADD:
	case DSR_CMD_SERVICE_SET:
	case DSR_CMD_SERVICE_REPLACE:
		return change_service(stage, change);
	case DSR_CMD_SERVICE_DELETE:
		return delete_service(stage, change);
	case DSR_CMD_BACKEND_ADD:
	case DSR_CMD_BACKEND_SET:
	case DSR_CMD_BACKEND_REPLACE:
		return change_backend(stage, change);
	case DSR_CMD_BACKEND_DELETE:
		return delete_backend(stage, change);
	default:
		return dsr_netlink_refuse(change->extack,
					  change->tb[DSR_CHANGE_A_CMD],
			      "a transaction adds, sets, replaces and deletes services and backends: it takes no other command");
	}
}

/* Stage one change. A message names the change at least. */
static int stage_one(struct dsr_stage *stage, const struct nlattr *nest,
		     struct netlink_ext_ack *extack)
{
	struct change change = { .nest = nest, .extack = extack };
	int err;

	if (stage->changes++ >= DSR_CHANGES_MAX) {
		BUILD_BUG_ON(DSR_CHANGES_MAX != 65536);
		NL_SET_ERR_MSG_ATTR(extack, nest,
				    "too many changes for one transaction: the limit is 65536");
		return -E2BIG;
	}
	err = nla_parse_nested(change.tb, DSR_CHANGE_A_MAX, nest,
			       dsr_netlink_change_policy, extack);
	if (err)
		return err;
	if (change.tb[DSR_CHANGE_A_CMD])
		change.cmd = nla_get_u8(change.tb[DSR_CHANGE_A_CMD]);
	err = make_change(stage, &change);
	if (err && !extack->bad_attr)
		extack->bad_attr = nest;
	return err;
}

static int stage_all(struct dsr_stage *stage, struct genl_info *info)
{
	struct nlattr *attr;
	int err, rest;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rest) {
		if (nla_type(attr) != DSR_A_CHANGE)
			continue;
		if (fatal_signal_pending(current))
			return -EINTR;
		err = stage_one(stage, attr, info->extack);
		if (err)
			return err;
		cond_resched();
	}
	if (stage->changes)
		return 0;
	return dsr_netlink_refuse(info->extack, NULL,
				  "the transaction has no change");
}

static int check_generation(struct dsr_net *dn, const struct nlattr *attr,
			    struct netlink_ext_ack *extack)
{
	if (!attr || nla_get_u32(attr) == dn->generation)
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, attr,
			    "the configuration has changed since it was read: read it again");
	return -EAGAIN;
}

/** dsr_netlink_transaction_doit() - DSR_CMD_TRANSACTION */
int dsr_netlink_transaction_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct dsr_net *dn = dsr_net(genl_info_net(info));
	struct dsr_stage *stage;
	int err;

	dsr_net_writer_lock(dn);
	err = check_generation(dn, info->attrs[DSR_A_GENERATION],
			       info->extack);
	if (err)
		goto unlock;
	stage = dsr_stage_new(dn);
	if (!stage) {
		NL_SET_ERR_MSG(info->extack,
			       "out of memory: nothing was changed");
		err = -ENOMEM;
		goto unlock;
	}
	err = stage_all(stage, info);
	if (!err)
		err = dsr_commit(stage, info->extack);
	dsr_stage_free(stage);
unlock:
	dsr_net_writer_unlock(dn);
	return err;
}
