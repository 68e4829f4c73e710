// SPDX-License-Identifier: GPL-2.0
/* netlink - commands and their policies; see netlink.h */

#include <linux/module.h>

#include "control/netlink.h"
#include "control/notify.h"
#include "multicast.h"

static const struct nla_policy service_key_policy[DSR_A_MAX + 1] = {
	[DSR_A_SERVICE] = NLA_POLICY_NESTED(dsr_netlink_service_key_policy),
};

static const struct nla_policy service_policy[DSR_A_MAX + 1] = {
	[DSR_A_SERVICE] = NLA_POLICY_NESTED(dsr_netlink_service_policy),
};

static const struct nla_policy backend_key_policy[DSR_A_MAX + 1] = {
	[DSR_A_SERVICE] = NLA_POLICY_NESTED(dsr_netlink_service_key_policy),
	[DSR_A_BACKEND] = NLA_POLICY_NESTED(dsr_netlink_backend_key_policy),
};

static const struct nla_policy backend_policy[DSR_A_MAX + 1] = {
	[DSR_A_SERVICE] = NLA_POLICY_NESTED(dsr_netlink_service_key_policy),
	[DSR_A_BACKEND] = NLA_POLICY_NESTED(dsr_netlink_backend_policy),
};

static const struct nla_policy table_policy[DSR_A_MAX + 1] = {
	[DSR_A_TABLE] = NLA_POLICY_NESTED(dsr_netlink_table_policy),
};

static const struct nla_policy connection_policy[DSR_A_MAX + 1] = {
	[DSR_A_CONNECTION] = NLA_POLICY_NESTED(dsr_netlink_connection_policy),
};

static const struct nla_policy restore_policy[DSR_A_MAX + 1] = {
	[DSR_A_CONNECTION] = NLA_POLICY_NESTED(dsr_netlink_restore_policy),
};

static const struct nla_policy explain_policy[DSR_A_MAX + 1] = {
	[DSR_A_EXPLAIN] = NLA_POLICY_NESTED(dsr_netlink_explain_policy),
};

static const struct nla_policy path_key_policy[DSR_A_MAX + 1] = {
	[DSR_A_PATH] = NLA_POLICY_NESTED(dsr_netlink_path_key_policy),
};

static const struct nla_policy path_policy[DSR_A_MAX + 1] = {
	[DSR_A_PATH] = NLA_POLICY_NESTED(dsr_netlink_path_policy),
};

static const struct nla_policy transaction_policy[DSR_A_MAX + 1] = {
	[DSR_A_CHANGE] = NLA_POLICY_NESTED(dsr_netlink_change_policy),
	[DSR_A_GENERATION] = { .type = NLA_U32 },
};

/* For commands without attributes: refuse any attribute. */
static const struct nla_policy empty_policy[DSR_A_MAX + 1] = { };

static const struct genl_ops ops[] = {
	{
		.cmd = DSR_CMD_SERVICE_ADD,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = dsr_netlink_service_change_doit,
		.policy = service_policy,
		.maxattr = DSR_A_MAX,
	}, {
		.cmd = DSR_CMD_SERVICE_SET,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = dsr_netlink_service_change_doit,
		.policy = service_policy,
		.maxattr = DSR_A_MAX,
	}, {
		.cmd = DSR_CMD_SERVICE_REPLACE,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = dsr_netlink_service_change_doit,
		.policy = service_policy,
		.maxattr = DSR_A_MAX,
	}, {
		.cmd = DSR_CMD_SERVICE_DELETE,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = dsr_netlink_service_delete_doit,
		.policy = service_key_policy,
		.maxattr = DSR_A_MAX,
	}, {
		.cmd = DSR_CMD_SERVICE_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = dsr_netlink_service_get_doit,
		.dumpit = dsr_netlink_service_get_dumpit,
		.policy = service_key_policy,
		.maxattr = DSR_A_MAX,
	}, {
		.cmd = DSR_CMD_SERVICE_FLUSH,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = dsr_netlink_flush_doit,
		.start = dsr_netlink_flush_start,
		.dumpit = dsr_netlink_flush_dumpit,
		.done = dsr_netlink_flush_done,
		.policy = empty_policy,
		.maxattr = DSR_A_MAX,
	}, {
		.cmd = DSR_CMD_BACKEND_ADD,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = dsr_netlink_backend_change_doit,
		.policy = backend_policy,
		.maxattr = DSR_A_MAX,
	}, {
		.cmd = DSR_CMD_BACKEND_SET,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = dsr_netlink_backend_change_doit,
		.policy = backend_policy,
		.maxattr = DSR_A_MAX,
	}, {
		.cmd = DSR_CMD_BACKEND_REPLACE,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = dsr_netlink_backend_change_doit,
		.policy = backend_policy,
		.maxattr = DSR_A_MAX,
	}, {
		.cmd = DSR_CMD_BACKEND_DELETE,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = dsr_netlink_backend_delete_doit,
		.policy = backend_key_policy,
		.maxattr = DSR_A_MAX,
	}, {
		.cmd = DSR_CMD_BACKEND_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.dumpit = dsr_netlink_backend_get_dumpit,
		.policy = service_key_policy,
		.maxattr = DSR_A_MAX,
	}, {
		.cmd = DSR_CMD_CONNECTION_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.start = dsr_netlink_connection_get_start,
		.dumpit = dsr_netlink_connection_get_dumpit,
		.policy = connection_policy,
		.maxattr = DSR_A_MAX,
	}, {
		.cmd = DSR_CMD_CONNECTION_SET,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = dsr_netlink_connection_set_doit,
		.policy = table_policy,
		.maxattr = DSR_A_MAX,
	}, {
		.cmd = DSR_CMD_CONNECTION_FLUSH,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = dsr_netlink_flush_doit,
		.start = dsr_netlink_flush_start,
		.dumpit = dsr_netlink_flush_dumpit,
		.done = dsr_netlink_flush_done,
		.policy = empty_policy,
		.maxattr = DSR_A_MAX,
	}, {
		.cmd = DSR_CMD_STATS_GET,
		.doit = dsr_netlink_stats_get_doit,
		.policy = empty_policy,
		.maxattr = DSR_A_MAX,
	}, {
		.cmd = DSR_CMD_EXPLAIN,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = dsr_netlink_explain_doit,
		.policy = explain_policy,
		.maxattr = DSR_A_MAX,
	}, {
		.cmd = DSR_CMD_PATH_ADD,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = dsr_netlink_path_change_doit,
		.policy = path_policy,
		.maxattr = DSR_A_MAX,
	}, {
		.cmd = DSR_CMD_PATH_SET,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = dsr_netlink_path_change_doit,
		.policy = path_policy,
		.maxattr = DSR_A_MAX,
	}, {
		.cmd = DSR_CMD_PATH_REPLACE,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = dsr_netlink_path_change_doit,
		.policy = path_policy,
		.maxattr = DSR_A_MAX,
	}, {
		.cmd = DSR_CMD_PATH_DELETE,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = dsr_netlink_path_delete_doit,
		.policy = path_key_policy,
		.maxattr = DSR_A_MAX,
	}, {
		.cmd = DSR_CMD_PATH_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.dumpit = dsr_netlink_path_get_dumpit,
		.policy = empty_policy,
		.maxattr = DSR_A_MAX,
	}, {
		.cmd = DSR_CMD_PATH_FLUSH,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = dsr_netlink_path_flush_doit,
		.policy = empty_policy,
		.maxattr = DSR_A_MAX,
	}, {
		.cmd = DSR_CMD_CONNECTION_ADD,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = dsr_netlink_connection_add_doit,
		.policy = restore_policy,
		.maxattr = DSR_A_MAX,
	}, {
		.cmd = DSR_CMD_TRANSACTION,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = dsr_netlink_transaction_doit,
		.policy = transaction_policy,
		.maxattr = DSR_A_MAX,
	},
};

static const struct genl_multicast_group groups[] = {
	[DSR_MULTICAST_EVENTS] = {
		.name = DSR_GENL_MCGRP_EVENTS,
		.flags = GENL_MCAST_CAP_NET_ADMIN,
	},
};

struct genl_family dsr_netlink_family = {
	.name = DSR_GENL_NAME,
	.version = DSR_GENL_VERSION,
	.netnsok = true,
	.parallel_ops = true,
	.module = THIS_MODULE,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
	.resv_start_op = DSR_CMD_UNSPEC + 1,
};

/** dsr_netlink_init() - register the family; requests may come from now on */
int __init dsr_netlink_init(void)
{
	dsr_notify_init(&dsr_netlink_family);
	return genl_register_family(&dsr_netlink_family);
}

/** dsr_netlink_exit() - unregister the family; waits for running requests */
void dsr_netlink_exit(void)
{
	genl_unregister_family(&dsr_netlink_family);
}
