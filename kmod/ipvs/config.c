// SPDX-License-Identifier: GPL-2.0
/*
 * config - handle requests about the balancer as a whole
 *
 * The timeouts are those of dsr_lb's table. There is no synchronisation daemon,
 * which would send connections to another balancer.
 */

#include <linux/limits.h>

#include "lb/control/control.h"
#include "lb/core/conn.h"
#include "netlink.h"
#include "timeouts.h"

/** dsr_ipvs_config_info() - IPVS_CMD_GET_INFO */
int dsr_ipvs_config_info(struct sk_buff *skb, struct genl_info *info)
{
	struct dsr_net *dn = dsr_net(genl_info_net(info));
	struct sk_buff *reply;
	void *header;
	int err;

	reply = dsr_reply_new(info, &dsr_ipvs_netlink_family,
			      IPVS_CMD_SET_INFO, &header);
	if (!reply)
		return -ENOMEM;
	mutex_lock(&dn->lock);
	err = nla_put_u32(reply, IPVS_INFO_ATTR_VERSION, DSR_IPVS_VERSION) ?:
	      nla_put_u32(reply, IPVS_INFO_ATTR_CONN_TAB_SIZE, dn->conn_max);
	mutex_unlock(&dn->lock);
	return dsr_reply_send(info, reply, header, err);
}

/* The timeouts that IPVS has, and their states. */
static const struct {
	int attr;
	u8 state;
} timeouts[] = {
	{ IPVS_CMD_ATTR_TIMEOUT_TCP, DSR_CONN_ESTABLISHED },
	{ IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, DSR_CONN_FIN },
	{ IPVS_CMD_ATTR_TIMEOUT_UDP, DSR_CONN_UDP },
};

/* Put timeouts in seconds, rounded up: 0 is not a timeout to the tools. */
static int put_timeouts(struct sk_buff *skb, const struct dsr_net *dn)
{
	int i, err = 0;

	for (i = 0; i < ARRAY_SIZE(timeouts) && !err; i++)
		err = nla_put_u32(skb, timeouts[i].attr,
				  DIV_ROUND_UP(dsr_timeouts_get(NULL,
								&dn->timeouts,
								timeouts[i].state),
					       HZ));
	return err;
}

/** dsr_ipvs_config_get() - IPVS_CMD_GET_CONFIG */
int dsr_ipvs_config_get(struct sk_buff *skb, struct genl_info *info)
{
	struct dsr_net *dn = dsr_net(genl_info_net(info));
	struct sk_buff *reply;
	void *header;
	int err;

	reply = dsr_reply_new(info, &dsr_ipvs_netlink_family,
			      IPVS_CMD_SET_CONFIG, &header);
	if (!reply)
		return -ENOMEM;
	mutex_lock(&dn->lock);
	err = put_timeouts(reply, dn);
	mutex_unlock(&dn->lock);
	return dsr_reply_send(info, reply, header, err);
}

static int check_timeout(struct genl_info *info, u32 seconds)
{
	if (seconds > INT_MAX / HZ) {
		NL_SET_ERR_MSG(info->extack, "the timeout is out of range");
		return -EINVAL;
	}
	if (seconds > DSR_TIMEOUT_MAX_MS / MSEC_PER_SEC)
		return dsr_ipvs_netlink_refuse(info, -ERANGE,
			"timeout out of range: at most 7 days");
	return 0;
}

/** dsr_ipvs_config_set() - IPVS_CMD_SET_CONFIG; 0 leaves a timeout as it is */
int dsr_ipvs_config_set(struct sk_buff *skb, struct genl_info *info)
{
	struct dsr_net *dn = dsr_net(genl_info_net(info));
	u32 seconds[ARRAY_SIZE(timeouts)] = { };
	struct dsr_timeouts changed;
	struct nlattr *attr;
	int i, err;

	for (i = 0; i < ARRAY_SIZE(timeouts); i++) {
		attr = info->attrs[timeouts[i].attr];
		if (attr)
			seconds[i] = nla_get_u32(attr);
		err = check_timeout(info, seconds[i]);
		if (err)
			return err;
	}
	mutex_lock(&dn->lock);
	changed = dn->timeouts;
	for (i = 0; i < ARRAY_SIZE(timeouts); i++)
		if (seconds[i])
			changed.state[timeouts[i].state] = seconds[i] * HZ;
	dsr_control_table_set(dn, dn->conn_max, &changed);
	mutex_unlock(&dn->lock);
	return 0;
}

static const struct nla_policy daemon_policy[IPVS_DAEMON_ATTR_MAX + 1] = {
	[IPVS_DAEMON_ATTR_STATE] = DSR_IPVS_U32,
	[IPVS_DAEMON_ATTR_MCAST_IFN] = {
		.type = NLA_NUL_STRING, .len = IP_VS_IFNAME_MAXLEN - 1,
	},
	[IPVS_DAEMON_ATTR_SYNC_ID] = DSR_IPVS_U32,
	[IPVS_DAEMON_ATTR_SYNC_MAXLEN] = DSR_IPVS_U16,
	[IPVS_DAEMON_ATTR_MCAST_GROUP] = DSR_IPVS_U32,
	[IPVS_DAEMON_ATTR_MCAST_GROUP6] =
		NLA_POLICY_EXACT_LEN(sizeof(struct in6_addr)),
	[IPVS_DAEMON_ATTR_MCAST_PORT] = DSR_IPVS_U16,
	[IPVS_DAEMON_ATTR_MCAST_TTL] = DSR_IPVS_U8,
};

/** dsr_ipvs_config_daemon() - IPVS_CMD_NEW_DAEMON and IPVS_CMD_DEL_DAEMON */
int dsr_ipvs_config_daemon(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *nest = info->attrs[IPVS_CMD_ATTR_DAEMON];
	bool is_new = info->genlhdr->cmd == IPVS_CMD_NEW_DAEMON;
	struct nlattr *tb[IPVS_DAEMON_ATTR_MAX + 1];

	if (dsr_ipvs_netlink_nest(tb, IPVS_DAEMON_ATTR_MAX, nest, daemon_policy,
				  info->extack) ||
	    !tb[IPVS_DAEMON_ATTR_STATE] ||
	    (is_new && (!tb[IPVS_DAEMON_ATTR_MCAST_IFN] ||
			!tb[IPVS_DAEMON_ATTR_SYNC_ID])))
		return dsr_ipvs_netlink_missing(info->extack,
			"the request names no daemon: give its state, device and number");
	if (is_new)
		return dsr_ipvs_netlink_refuse(info, -EPROTONOSUPPORT,
			"connections are not synchronized with another balancer: with the scheduler mh both balancers choose the same servers without synchronization");
	NL_SET_ERR_MSG(info->extack, "no such daemon");
	return -ESRCH;
}

/** dsr_ipvs_config_daemon_dump() - IPVS_CMD_GET_DAEMON: there are none */
int dsr_ipvs_config_daemon_dump(struct sk_buff *skb,
				struct netlink_callback *cb)
{
	return 0;
}
