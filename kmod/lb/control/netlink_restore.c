// SPDX-License-Identifier: GPL-2.0
/* netlink_restore - requests that add entries to the connection table */

#include <linux/sched.h>

#include "control/netlink.h"
#include "control/restore.h"
#include "core/net.h"

const struct nla_policy
dsr_netlink_restore_policy[DSR_CONNECTION_A_MAX + 1] = {
	[DSR_CONNECTION_A_PROTO] = { .type = NLA_U8 },
	[DSR_CONNECTION_A_SRC] = DSR_ADDR_POLICY,
	[DSR_CONNECTION_A_SPORT] = { .type = NLA_BE16 },
	[DSR_CONNECTION_A_DST] = DSR_ADDR_POLICY,
	[DSR_CONNECTION_A_DPORT] = { .type = NLA_BE16 },
	[DSR_CONNECTION_A_STATE] = { .type = NLA_U8 },
	[DSR_CONNECTION_A_EXPIRES] = { .type = NLA_U32 },
	[DSR_CONNECTION_A_FWMARK] = { .type = NLA_U32 },
	[DSR_CONNECTION_A_BACKEND] = DSR_ADDR_POLICY,
	[DSR_CONNECTION_A_NEWER] = { .type = NLA_FLAG },
};

/* Entries between two chances for other tasks, and for garbage collection. */
#define BATCH	64

static bool is_proto(u8 proto)
{
	return !proto || proto == IPPROTO_TCP || proto == IPPROTO_UDP ||
	       proto == IPPROTO_SCTP;
}

static int parse_ends(struct nlattr *tb[], struct dsr_restore *entry,
		      struct netlink_ext_ack *extack)
{
	static const char families[] =
		"src, dst and via must be addresses of one family";
	struct dsr_tuple *tuple = &entry->tuple;
	struct nlattr *attr = tb[DSR_CONNECTION_A_DST];
	union nf_inet_addr src, dst = { };

	tuple->family = dsr_addr_get(tb[DSR_CONNECTION_A_SRC], &src);
	if (!tuple->family)
		return dsr_netlink_refuse(extack, tb[DSR_CONNECTION_A_SRC],
					  "an address has 4 or 16 bytes");
	if (attr && dsr_addr_get(attr, &dst) != tuple->family)
		return dsr_netlink_refuse(extack, attr, families);
	attr = tb[DSR_CONNECTION_A_BACKEND];
	if (dsr_addr_get(attr, &entry->backend) != tuple->family)
		return dsr_netlink_refuse(extack, attr, families);
	if (tuple->family == AF_INET) {
		tuple->v4.saddr = src.ip;
		tuple->v4.daddr = dst.ip;
	} else {
		tuple->v6.saddr = src.in6;
		tuple->v6.daddr = dst.in6;
	}
	if (tb[DSR_CONNECTION_A_SPORT])
		tuple->sport = nla_get_be16(tb[DSR_CONNECTION_A_SPORT]);
	if (tb[DSR_CONNECTION_A_DPORT])
		tuple->dport = nla_get_be16(tb[DSR_CONNECTION_A_DPORT]);
	return 0;
}

static u8 default_state(u8 proto)
{
	switch (proto) {
	case 0:
		return DSR_CONN_PERSISTENT;
	case IPPROTO_UDP:
		return DSR_CONN_UDP;
	default:
		return DSR_CONN_ESTABLISHED;
	}
}

static int parse_entry(struct nlattr *tb[], struct dsr_restore *entry,
		       struct netlink_ext_ack *extack)
{
	struct nlattr *attr = tb[DSR_CONNECTION_A_PROTO];
	bool whole;
	u8 proto;

	memset(entry, 0, sizeof(*entry));
	whole = attr && tb[DSR_CONNECTION_A_SRC] && tb[DSR_CONNECTION_A_BACKEND];
	if (whole && (nla_get_u8(attr) || !tb[DSR_CONNECTION_A_FWMARK]))
		whole = tb[DSR_CONNECTION_A_SPORT] &&
			tb[DSR_CONNECTION_A_DST] && tb[DSR_CONNECTION_A_DPORT];
	if (!whole)
		return dsr_netlink_refuse(extack, NULL,
			      "a connection needs proto, src, dst and via, and two ports");
	proto = nla_get_u8(attr);
	if (!is_proto(proto))
		return dsr_netlink_refuse(extack, attr,
			      "no such protocol: there are tcp, udp and sctp");
	entry->tuple.proto = proto;
	if (tb[DSR_CONNECTION_A_FWMARK])
		entry->fwmark = nla_get_u32(tb[DSR_CONNECTION_A_FWMARK]);
	attr = tb[DSR_CONNECTION_A_STATE];
	entry->state = attr ? nla_get_u8(attr) : default_state(proto);
	if (!dsr_restore_is_state(proto, entry->state))
		return dsr_netlink_refuse(extack, attr,
			      "a connection of this protocol cannot be in this state");
	attr = tb[DSR_CONNECTION_A_EXPIRES];
	entry->left = attr ? msecs_to_jiffies(nla_get_u32(attr)) : U32_MAX;
	entry->newer = tb[DSR_CONNECTION_A_NEWER];
	return parse_ends(tb, entry, extack);
}

static int put_added(struct sk_buff *skb, const u32 count[])
{
	struct nlattr *nest = nla_nest_start(skb, DSR_A_ADDED);
	int i;

	if (!nest)
		return -EMSGSIZE;
	for (i = DSR_ADDED_A_ADDED; i <= DSR_ADDED_A_MAX; i++)
		if (nla_put_u32(skb, i, count[i]))
			return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int add_one(struct dsr_net *dn, struct nlattr *nest, u32 count[],
		   struct netlink_ext_ack *extack)
{
	struct nlattr *tb[DSR_CONNECTION_A_MAX + 1];
	struct dsr_restore entry;
	int err;

	/* The policy of the command has been applied to each. */
	err = nla_parse_nested(tb, DSR_CONNECTION_A_MAX, nest, NULL, extack);
	if (!err)
		err = parse_entry(tb, &entry, extack);
	if (!err)
		count[dsr_restore_add(dn, &entry)]++;
	return err;
}

/* DSR_CMD_CONNECTION_ADD. The message is as long as the sender's socket allows:
 * some thousand entries.
 */
int dsr_netlink_connection_add_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct dsr_net *dn = dsr_net(genl_info_net(info));
	u32 count[DSR_ADDED_A_MAX + 1] = { };
	struct sk_buff *reply;
	struct nlattr *attr;
	int err = 0, rest, n = 0;
	void *header;

	reply = dsr_netlink_reply_new(info, &header);
	if (!reply)
		return -ENOMEM;
	mutex_lock(&dn->lock);
	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rest) {
		if (nla_type(attr) != DSR_A_CONNECTION)
			continue;
		err = add_one(dn, attr, count, info->extack);
		if (err)
			break;
		if (++n % BATCH)
			continue;
		mutex_unlock(&dn->lock);
		cond_resched();
		mutex_lock(&dn->lock);
	}
	mutex_unlock(&dn->lock);
	if (!err && !n)
		err = dsr_netlink_refuse(info->extack, NULL,
					 "the request has no connection");
	return dsr_reply_send(info, reply, header,
			      err ?: put_added(reply, count));
}
