// SPDX-License-Identifier: GPL-2.0
/*
 * netlink - the generic netlink family "dsr_rs"; see netlink.h
 */

#include <linux/module.h>

#include "control/netlink.h"
#include "core/pending.h"
#include "core/flow.h"
#include "core/net.h"
#include "multicast.h"
#include "netlink_time.h"

/* For commands without attributes: refuse every attribute. */
static const struct nla_policy empty_policy[DSR_A_MAX + 1] = {};

/** dsr_rs_netlink_table_put() - append the state of the flow table */
int dsr_rs_netlink_table_put(struct sk_buff *skb, struct dsr_rs_net *rs)
{
	u64 bytes = 0, evicted = 0, pendings = 0;
	u32 entries = 0, buckets = 0;
	struct nlattr *nest;

	lockdep_assert_held(&rs->lock);
	if (rs->live) {
		entries = atomic_read(&rs->table.entries);
		bytes = dsr_rs_flow_bytes(rs);
		buckets = dsr_table_size(&rs->table);
		evicted = atomic64_read(&rs->table.evicted);
		pendings = atomic64_read(&rs->pendings->evicted);
	}
	nest = nla_nest_start(skb, DSR_A_TABLE);
	if (!nest)
		return -EMSGSIZE;
	if (nla_put_u32(skb, DSR_TABLE_A_ENTRIES, entries) ||
	    nla_put_u32(skb, DSR_TABLE_A_MAX, rs->flows_max) ||
	    nla_put_u32(skb, DSR_TABLE_A_BUCKETS, buckets) ||
	    nla_put_u64_64bit(skb, DSR_TABLE_A_BYTES, bytes,
			      DSR_TABLE_A_PAD) ||
	    nla_put_u64_64bit(skb, DSR_TABLE_A_EVICTED, evicted,
			      DSR_TABLE_A_PAD) ||
	    nla_put_u64_64bit(skb, DSR_TABLE_A_PENDING_EVICTED, pendings,
			      DSR_TABLE_A_PAD) ||
	    dsr_netlink_put_timeouts(skb, DSR_TABLE_A_TIMEOUTS, NULL,
				     &rs->timeouts))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int reasons_put(struct sk_buff *skb, struct dsr_rs_net *rs)
{
	struct nlattr *nest;
	u32 i;

	for (i = 0; i < DSR_RS_REASON_COUNT; i++) {
		nest = nla_nest_start(skb, DSR_A_REASON);
		if (!nest)
			return -EMSGSIZE;
		if (nla_put_string(skb, DSR_REASON_A_NAME,
				   dsr_rs_reason_names[i]) ||
		    nla_put_u64_64bit(skb, DSR_REASON_A_PACKETS,
				      dsr_rs_reason_sum(rs, i),
				      DSR_REASON_A_PAD))
			return -EMSGSIZE;
		nla_nest_end(skb, nest);
	}
	return 0;
}

static int stats_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct dsr_rs_net *rs = dsr_rs_net(genl_info_net(info));
	struct sk_buff *msg;
	void *hdr;
	int err;

	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	hdr = genlmsg_put_reply(msg, info, &dsr_rs_netlink_family, 0,
				DSR_RS_CMD_STATS_GET);
	err = -EMSGSIZE;
	if (!hdr)
		goto free;
	mutex_lock(&rs->lock);
	err = dsr_rs_netlink_table_put(msg, rs);
	mutex_unlock(&rs->lock);
	if (!err)
		err = reasons_put(msg, rs);
	if (err)
		goto free;
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);

free:
	nlmsg_free(msg);
	return err;
}

static const struct genl_ops dsr_rs_ops[] = {
	{
		.cmd		= DSR_RS_CMD_RULE_ADD,
		.doit		= dsr_rs_netlink_rule_add_doit,
		.policy		= dsr_rs_netlink_rule_policy,
		.maxattr	= DSR_A_RULE,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DSR_RS_CMD_RULE_REPLACE,
		.doit		= dsr_rs_netlink_rule_replace_doit,
		.policy		= dsr_rs_netlink_rule_policy,
		.maxattr	= DSR_A_RULE,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DSR_RS_CMD_RULE_DELETE,
		.doit		= dsr_rs_netlink_rule_delete_doit,
		.policy		= dsr_rs_netlink_rule_policy,
		.maxattr	= DSR_A_RULE,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DSR_RS_CMD_RULE_GET,
		.dumpit		= dsr_rs_netlink_rule_get_dumpit,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DSR_RS_CMD_RULE_FLUSH,
		.doit		= dsr_rs_netlink_rule_flush_doit,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DSR_RS_CMD_FLOW_GET,
		.start		= dsr_rs_netlink_flow_get_start,
		.dumpit		= dsr_rs_netlink_flow_get_dumpit,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DSR_RS_CMD_FLOW_SET,
		.doit		= dsr_rs_netlink_flow_set_doit,
		.policy		= dsr_rs_netlink_flow_policy,
		.maxattr	= DSR_A_TABLE,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DSR_RS_CMD_FLOW_FLUSH,
		.doit		= dsr_rs_netlink_flow_flush_doit,
		.start		= dsr_rs_netlink_flow_flush_start,
		.dumpit		= dsr_rs_netlink_flow_flush_dumpit,
		.done		= dsr_rs_netlink_flow_flush_done,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DSR_RS_CMD_STATS_GET,
		.doit		= stats_get_doit,
	},
	{
		.cmd		= DSR_RS_CMD_SILENCE_ADD,
		.doit		= dsr_rs_netlink_silence_add_doit,
		.policy		= dsr_rs_netlink_silence_policy,
		.maxattr	= DSR_A_SILENCE,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DSR_RS_CMD_SILENCE_REPLACE,
		.doit		= dsr_rs_netlink_silence_replace_doit,
		.policy		= dsr_rs_netlink_silence_policy,
		.maxattr	= DSR_A_SILENCE,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DSR_RS_CMD_SILENCE_DELETE,
		.doit		= dsr_rs_netlink_silence_delete_doit,
		.policy		= dsr_rs_netlink_silence_policy,
		.maxattr	= DSR_A_SILENCE,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DSR_RS_CMD_SILENCE_GET,
		.dumpit		= dsr_rs_netlink_silence_get_dumpit,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DSR_RS_CMD_SILENCE_FLUSH,
		.doit		= dsr_rs_netlink_silence_flush_doit,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DSR_RS_CMD_EXPLAIN,
		.doit		= dsr_rs_netlink_explain_doit,
		.policy		= dsr_rs_netlink_explain_policy,
		.maxattr	= DSR_A_EXPLAIN,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
};

static const struct genl_multicast_group dsr_rs_groups[] = {
	[DSR_MULTICAST_EVENTS] = {
		.name	= DSR_GENL_MCGRP_EVENTS,
		.flags	= GENL_MCAST_CAP_NET_ADMIN,
	},
};

struct genl_family dsr_rs_netlink_family __ro_after_init = {
	.name		= DSR_RS_GENL_NAME,
	.version	= DSR_RS_GENL_VERSION,
	.policy		= empty_policy,
	.maxattr	= ARRAY_SIZE(empty_policy) - 1,
	.netnsok	= true,
	.parallel_ops	= true,
	.ops		= dsr_rs_ops,
	.n_ops		= ARRAY_SIZE(dsr_rs_ops),
	.mcgrps		= dsr_rs_groups,
	.n_mcgrps	= ARRAY_SIZE(dsr_rs_groups),
	.resv_start_op	= DSR_RS_CMD_UNSPEC + 1,
	.module		= THIS_MODULE,
};

/**
 * dsr_rs_netlink_tell_flush() - notify that all objects of a kind are gone
 * @rs: namespace, its lock held
 * @cmd: command that was carried out, enum dsr_rs_cmd
 */
void dsr_rs_netlink_tell_flush(struct dsr_rs_net *rs, u8 cmd)
{
	struct sk_buff *msg;
	void *hdr;

	lockdep_assert_held(&rs->lock);
	msg = dsr_multicast_begin(&dsr_rs_netlink_family, rs->net, cmd, &hdr);
	if (msg)
		dsr_multicast_end(&dsr_rs_netlink_family, rs->net, msg, hdr, 0);
}

/** dsr_rs_netlink_init() - accept requests; the last step of loading */
int __init dsr_rs_netlink_init(void)
{
	return genl_register_family(&dsr_rs_netlink_family);
}

/** dsr_rs_netlink_exit() - refuse requests; the first step of unloading */
void dsr_rs_netlink_exit(void)
{
	genl_unregister_family(&dsr_rs_netlink_family);
}

MODULE_ALIAS_GENL_FAMILY(DSR_RS_GENL_NAME);
