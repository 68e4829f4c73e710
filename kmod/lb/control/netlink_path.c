// SPDX-License-Identifier: GPL-2.0
/* netlink_path - requests about paths */

#include "control/link.h"
#include "control/netlink.h"
#include "control/notify.h"
#include "control/path.h"
#include "control/put.h"

const struct nla_policy dsr_netlink_path_key_policy[DSR_PATH_A_MAX + 1] = {
	[DSR_PATH_A_IFINDEX] = { .type = NLA_U32 },
};

const struct nla_policy dsr_netlink_path_policy[DSR_PATH_A_MAX + 1] = {
	[DSR_PATH_A_IFINDEX] = { .type = NLA_U32 },
	[DSR_PATH_A_RECHECK] = { .type = NLA_U32 },
	[DSR_PATH_A_VIA] = NLA_POLICY_MAX(NLA_U8, DSR_PATH_VIA_MAX),
	[DSR_PATH_A_LINK] = { .type = NLA_U32 },
};

static int parse_device(struct nlattr *tb[], struct genl_info *info,
			const struct nla_policy *policy, int *ifindex)
{
	static const char missing[] = "the request names no device: give 'dev'";
	int err;

	err = dsr_netlink_nest(tb, DSR_PATH_A_MAX, info, DSR_A_PATH, policy,
			       missing);
	if (err)
		return err;
	if (!tb[DSR_PATH_A_IFINDEX])
		return dsr_netlink_refuse(info->extack, NULL, missing);
	*ifindex = nla_get_u32(tb[DSR_PATH_A_IFINDEX]);
	return 0;
}

/* The minimum is a second: dsr_conn.checked is not written more often. */
static int parse_recheck(const struct nlattr *attr, u32 *recheck,
			 struct netlink_ext_ack *extack)
{
	u32 ms;

	if (!attr)
		return 0;
	ms = nla_get_u32(attr);
	*recheck = msecs_to_jiffies(ms);
	if (ms >= MSEC_PER_SEC && *recheck <= DSR_PATH_RECHECK_MAX)
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, attr,
			    "recheck out of range: 1 second to 1 hour");
	return -ERANGE;
}

static int no_path(struct netlink_ext_ack *extack)
{
	NL_SET_ERR_MSG(extack,
		       "this device has no path: add one first with 'path add'");
	return -ENOENT;
}

/* Check if packets can take a path: a user may have taken its XDP program off. */
static bool is_whole(const struct dsr_path_dev *path)
{
	return path->via == DSR_PATH_VIA_INGRESS ||
	       dsr_link_is_on(path->hook.dev, path->link, path->via);
}

static int path_apply(struct dsr_net *dn, int ifindex,
		      enum dsr_netlink_change change, struct nlattr *tb[],
		      struct file *link, struct netlink_ext_ack *extack)
{
	struct dsr_path_config config = {
		.recheck = DSR_PATH_RECHECK,
		.via = DSR_PATH_VIA_INGRESS,
		.link = link,
	};
	struct dsr_path_dev *path = dsr_path_find(dn, ifindex);
	int err;

	if (path && change == DSR_NETLINK_ADD) {
		NL_SET_ERR_MSG(extack,
			       "this device has a path: change it with 'set' or 'replace'");
		return -EEXIST;
	}
	if (!path && change == DSR_NETLINK_SET)
		return no_path(extack);
	if (change == DSR_NETLINK_SET) {
		config.recheck = path->recheck;
		config.via = path->via;
	}
	err = parse_recheck(tb[DSR_PATH_A_RECHECK], &config.recheck, extack);
	if (err)
		return err;
	if (tb[DSR_PATH_A_VIA])
		config.via = nla_get_u8(tb[DSR_PATH_A_VIA]);
	if (path && path->via == config.via &&
	    (change == DSR_NETLINK_SET || is_whole(path))) {
		dsr_path_set(dn, path, config.recheck);
		return 0;
	}
	/* The counters of a path are those of one way: begin anew. */
	err = dsr_path_add(dn, ifindex, &config, extack);
	if (!err && path)
		dsr_path_remove(dn, path);
	return err;
}

/** dsr_netlink_path_change_doit() - DSR_CMD_PATH_ADD, _SET and _REPLACE */
int dsr_netlink_path_change_doit(struct sk_buff *skb, struct genl_info *info)
{
	enum dsr_netlink_change change = dsr_netlink_change_of(info,
								DSR_CMD_PATH_ADD);
	struct dsr_net *dn = dsr_net(genl_info_net(info));
	struct nlattr *tb[DSR_PATH_A_MAX + 1];
	struct file *link = NULL;
	int err, ifindex;

	err = parse_device(tb, info, dsr_netlink_path_policy, &ifindex);
	if (err)
		return err;
	/* ORDER: before the lock, see dsr_link_open() */
	if (tb[DSR_PATH_A_LINK])
		link = dsr_link_open(nla_get_u32(tb[DSR_PATH_A_LINK]));
	mutex_lock(&dn->paths_lock);
	err = path_apply(dn, ifindex, change, tb, link, info->extack);
	if (!err)
		dsr_notify_path(dn, info->genlhdr->cmd,
				dsr_path_find(dn, ifindex));
	mutex_unlock(&dn->paths_lock);
	dsr_link_release(link);
	return err;
}

/** dsr_netlink_path_delete_doit() - DSR_CMD_PATH_DELETE */
int dsr_netlink_path_delete_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct dsr_net *dn = dsr_net(genl_info_net(info));
	struct nlattr *tb[DSR_PATH_A_MAX + 1];
	struct dsr_path_dev *path;
	int err, ifindex;

	err = parse_device(tb, info, dsr_netlink_path_key_policy, &ifindex);
	if (err)
		return err;
	mutex_lock(&dn->paths_lock);
	path = dsr_path_find(dn, ifindex);
	if (path)
		dsr_path_delete(dn, path);
	else
		err = no_path(info->extack);
	mutex_unlock(&dn->paths_lock);
	return err;
}

/** dsr_netlink_path_flush_doit() - DSR_CMD_PATH_FLUSH */
int dsr_netlink_path_flush_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct dsr_net *dn = dsr_net(genl_info_net(info));
	struct dsr_path_dev *path, *next;

	mutex_lock(&dn->paths_lock);
	list_for_each_entry_safe(path, next, &dn->paths, list)
		dsr_path_remove(dn, path);
	dsr_notify_flush(dn, DSR_CMD_PATH_FLUSH, false);
	mutex_unlock(&dn->paths_lock);
	return 0;
}

/**
 * dsr_netlink_path_get_dumpit() - DSR_CMD_PATH_GET
 * @skb: reply
 * @cb: args[0] counts the dumped paths. A change of the paths between two
 *	messages changes the generation, so that the reader starts again
 */
int dsr_netlink_path_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct dsr_net *dn = dsr_net(sock_net(skb->sk));
	struct dsr_path_dev *path;
	long position = 0;
	void *header;

	mutex_lock(&dn->paths_lock);
	cb->seq = dn->paths_generation;
	list_for_each_entry(path, &dn->paths, list) {
		if (position++ < cb->args[0])
			continue;
		header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				     cb->nlh->nlmsg_seq, &dsr_netlink_family,
				     NLM_F_MULTI, DSR_CMD_PATH_GET);
		if (!header)
			break;
		genl_dump_check_consistent(cb, header);
		if (dsr_put_path(skb, path)) {
			genlmsg_cancel(skb, header);
			break;
		}
		genlmsg_end(skb, header);
		cb->args[0] = position;
	}
	mutex_unlock(&dn->paths_lock);
	return skb->len;
}
