// SPDX-License-Identifier: GPL-2.0
/*
 * netlink - the generic netlink family "dsr_rs"; see <linux/dsr.h>
 *
 * Process context. Whatever changes or shows the rules or flows of a namespace
 * holds its dsr_rs_net.lock; a request is checked as a whole before any of it
 * is done.
 */

#include <linux/inetdevice.h>
#include <linux/module.h>
#include <net/genetlink.h>
#include <net/route.h>
#include <linux/dsr.h>

#include "flow.h"
#include "net.h"
#include "tuple.h"

/**
 * struct dsr_rs_dump - where a dump goes on, in netlink_callback.ctx
 * @cursor: rules: how many were shown; flows: place in the table
 */
struct dsr_rs_dump {
	u64 cursor;
};

static struct genl_family dsr_rs_family;

static const struct nla_policy rule_policy[DSR_RULE_A_TO_PORT + 1] = {
	[DSR_RULE_A_VIP4]	= { .type = NLA_U32 },
	[DSR_RULE_A_PROTO]	= { .type = NLA_U8 },
	[DSR_RULE_A_PORT]	= { .type = NLA_U16 },
	[DSR_RULE_A_TOS]	= { .type = NLA_U8 },
	[DSR_RULE_A_TOS_MASK]	= { .type = NLA_U8 },
	[DSR_RULE_A_TO_PORT]	= { .type = NLA_U16 },
};

static const struct nla_policy table_policy[DSR_TABLE_A_MAX + 1] = {
	[DSR_TABLE_A_MAX]	= { .type = NLA_U32 },
};

static const struct nla_policy rule_cmd_policy[DSR_A_RULE + 1] = {
	[DSR_A_RULE]		= NLA_POLICY_NESTED(rule_policy),
};

static const struct nla_policy flow_set_policy[DSR_A_TABLE + 1] = {
	[DSR_A_TABLE]		= NLA_POLICY_NESTED(table_policy),
};

/* Of the commands that take no attribute, so that none is passed over. */
static const struct nla_policy empty_policy[DSR_A_MAX + 1] = {};

static int vip_check(struct net *net, const struct nlattr *attr,
		     struct netlink_ext_ack *extack)
{
	__be32 vip = nla_get_be32(attr);

	if (dsr_rs_is_this_network(vip))
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "the VIP must not be in 0.0.0.0/8");
	else if (ipv4_is_loopback(vip))
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "the VIP must not be a loopback address");
	else if (ipv4_is_multicast(vip))
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "the VIP must not be a multicast address");
	else if (ipv4_is_lbcast(vip) ||
		 inet_addr_type(net, vip) == RTN_BROADCAST)
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "the VIP must not be a broadcast address");
	else
		return 0;
	return -EINVAL;
}

static int vip_key_parse(struct net *net, struct nlattr **tb,
			 struct dsr_rs_rule_key *key,
			 struct netlink_ext_ack *extack)
{
	struct nlattr *proto = tb[DSR_RULE_A_PROTO];
	struct nlattr *port = tb[DSR_RULE_A_PORT];
	int err;

	err = vip_check(net, tb[DSR_RULE_A_VIP4], extack);
	if (err)
		return err;
	key->vip = nla_get_be32(tb[DSR_RULE_A_VIP4]);
	if (proto) {
		key->proto = nla_get_u8(proto);
		if (key->proto != IPPROTO_TCP && key->proto != IPPROTO_UDP) {
			NL_SET_ERR_MSG_ATTR(extack, proto,
					    "the protocol must be tcp or udp");
			return -EINVAL;
		}
	}
	if (port) {
		key->port = nla_get_be16(port);
		if (!key->port) {
			NL_SET_ERR_MSG_ATTR(extack, port,
					    "port 0 cannot be served");
			return -EINVAL;
		}
		if (!proto) {
			NL_SET_ERR_MSG_ATTR(extack, port,
					    "a port needs a protocol: give proto tcp or proto udp");
			return -EINVAL;
		}
	}
	return 0;
}

static int tos_key_parse(struct nlattr **tb, struct dsr_rs_rule_key *key,
			 struct netlink_ext_ack *extack)
{
	struct nlattr *mask = tb[DSR_RULE_A_TOS_MASK];

	if (tb[DSR_RULE_A_PROTO] || tb[DSR_RULE_A_PORT]) {
		NL_SET_ERR_MSG(extack,
			       "a TOS rule takes neither protocol nor port");
		return -EINVAL;
	}
	key->tos = nla_get_u8(tb[DSR_RULE_A_TOS]);
	key->tos_mask = mask ? nla_get_u8(mask) : 0xff;
	if (!key->tos_mask) {
		NL_SET_ERR_MSG_ATTR(extack, mask,
				    "a TOS mask of 0 would match every packet");
		return -EINVAL;
	}
	if (key->tos & ~key->tos_mask) {
		NL_SET_ERR_MSG_ATTR(extack, tb[DSR_RULE_A_TOS],
				    "the TOS has bits outside of its mask and would match nothing");
		return -EINVAL;
	}
	return 0;
}

/* The key in a request, and @tb with the rule's attributes. */
static int key_parse(struct genl_info *info, struct nlattr **tb,
		     struct dsr_rs_rule_key *key)
{
	struct netlink_ext_ack *extack = info->extack;
	int err;

	if (!info->attrs[DSR_A_RULE]) {
		NL_SET_ERR_MSG(extack, "the request names no rule");
		return -EINVAL;
	}
	err = nla_parse_nested(tb, DSR_RULE_A_TO_PORT, info->attrs[DSR_A_RULE],
			       rule_policy, extack);
	if (err)
		return err;
	memset(key, 0, sizeof(*key));
	if (tb[DSR_RULE_A_VIP4] &&
	    (tb[DSR_RULE_A_TOS] || tb[DSR_RULE_A_TOS_MASK])) {
		NL_SET_ERR_MSG(extack,
			       "a rule matches by VIP or by TOS: give one of them");
		return -EINVAL;
	}
	if (tb[DSR_RULE_A_VIP4])
		return vip_key_parse(genl_info_net(info), tb, key, extack);
	if (tb[DSR_RULE_A_TOS])
		return tos_key_parse(tb, key, extack);
	NL_SET_ERR_MSG(extack, "a rule needs a VIP or a TOS to match by");
	return -EINVAL;
}

static int to_port_parse(struct nlattr **tb, __be16 *to_port,
			 struct netlink_ext_ack *extack)
{
	struct nlattr *attr = tb[DSR_RULE_A_TO_PORT];

	*to_port = 0;
	if (!attr)
		return 0;
	*to_port = nla_get_be16(attr);
	if (!*to_port) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "the local port must not be 0");
		return -EINVAL;
	}
	return 0;
}

static int rule_create(struct dsr_rs_net *rs, const struct dsr_rs_rule_key *key,
		       __be16 to_port, struct netlink_ext_ack *extack)
{
	struct dsr_rs_rule *rule;
	int err;

	rule = dsr_rs_rule_alloc(key, to_port);
	if (!rule)
		return -ENOMEM;
	err = dsr_rs_net_start(rs);
	if (err) {
		NL_SET_ERR_MSG(extack, "the netfilter hooks cannot be set up");
		dsr_rs_rule_put(rule);
		return err;
	}
	dsr_rs_rule_list(&rs->rules, rule, &rs->lock);
	return 0;
}

static int rule_add(struct genl_info *info, bool replace)
{
	struct dsr_rs_net *rs = dsr_rs_net(genl_info_net(info));
	struct nlattr *tb[DSR_RULE_A_TO_PORT + 1];
	struct dsr_rs_rule_key key;
	struct dsr_rs_rule *rule;
	__be16 to_port;
	int err;

	err = key_parse(info, tb, &key);
	if (err)
		return err;
	err = to_port_parse(tb, &to_port, info->extack);
	if (err)
		return err;

	mutex_lock(&rs->lock);
	rule = dsr_rs_rule_find(&rs->rules, &key, &rs->lock);
	if (!rule) {
		err = rule_create(rs, &key, to_port, info->extack);
	} else if (replace) {
		WRITE_ONCE(rule->to_port, to_port);
	} else {
		NL_SET_ERR_MSG(info->extack,
			       "there is such a rule: replace changes its local port");
		err = -EEXIST;
	}
	if (!err)
		rs->generation++;
	mutex_unlock(&rs->lock);
	return err;
}

static int rule_add_doit(struct sk_buff *skb, struct genl_info *info)
{
	return rule_add(info, false);
}

static int rule_replace_doit(struct sk_buff *skb, struct genl_info *info)
{
	return rule_add(info, true);
}

static int rule_delete_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct dsr_rs_net *rs = dsr_rs_net(genl_info_net(info));
	struct nlattr *tb[DSR_RULE_A_TO_PORT + 1];
	struct dsr_rs_rule_key key;
	struct dsr_rs_rule *rule;
	int err;

	err = key_parse(info, tb, &key);
	if (err)
		return err;
	if (tb[DSR_RULE_A_TO_PORT]) {
		NL_SET_ERR_MSG_ATTR(info->extack, tb[DSR_RULE_A_TO_PORT],
				    "a rule is deleted by what it matches: leave out the local port");
		return -EINVAL;
	}

	mutex_lock(&rs->lock);
	rule = dsr_rs_rule_find(&rs->rules, &key, &rs->lock);
	if (rule) {
		dsr_rs_rule_unlist(&rs->rules, rule, &rs->lock);
		rs->generation++;
		dsr_rs_net_rest(rs);
	} else {
		NL_SET_ERR_MSG(info->extack, "there is no such rule");
		err = -ENOENT;
	}
	mutex_unlock(&rs->lock);
	return err;
}

static int rule_flush_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct dsr_rs_net *rs = dsr_rs_net(genl_info_net(info));
	struct dsr_rs_rule *rule, *next;

	mutex_lock(&rs->lock);
	list_for_each_entry_safe(rule, next, &rs->rules.all, all)
		dsr_rs_rule_unlist(&rs->rules, rule, &rs->lock);
	rs->generation++;
	dsr_rs_net_rest(rs);
	mutex_unlock(&rs->lock);
	return 0;
}

static int rule_key_put(struct sk_buff *skb, const struct dsr_rs_rule *rule)
{
	const struct dsr_rs_rule_key *key = &rule->key;

	if (!key->vip)
		return nla_put_u8(skb, DSR_RULE_A_TOS, key->tos) ?:
		       nla_put_u8(skb, DSR_RULE_A_TOS_MASK, key->tos_mask);
	if (nla_put_be32(skb, DSR_RULE_A_VIP4, key->vip) ||
	    (key->proto && nla_put_u8(skb, DSR_RULE_A_PROTO, key->proto)) ||
	    (key->port && nla_put_be16(skb, DSR_RULE_A_PORT, key->port)))
		return -EMSGSIZE;
	return 0;
}

static int rule_put(struct sk_buff *skb, struct netlink_callback *cb,
		    const struct dsr_rs_rule *rule)
{
	struct dsr_stats sum = {};
	struct nlattr *nest;
	void *hdr;

	hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			  &dsr_rs_family, NLM_F_MULTI, DSR_RS_CMD_RULE_GET);
	if (!hdr)
		return -EMSGSIZE;
	genl_dump_check_consistent(cb, hdr);
	nest = nla_nest_start(skb, DSR_A_RULE);
	if (!nest)
		goto cancel;
	dsr_stats_add(&sum, rule->stats);
	if (rule_key_put(skb, rule) ||
	    (rule->to_port &&
	     nla_put_be16(skb, DSR_RULE_A_TO_PORT, rule->to_port)) ||
	    dsr_stats_put(skb, DSR_RULE_A_STATS, &sum))
		goto cancel;
	nla_nest_end(skb, nest);
	genlmsg_end(skb, hdr);
	return 0;

cancel:
	genlmsg_cancel(skb, hdr);
	return -EMSGSIZE;
}

static int rule_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct dsr_rs_net *rs = dsr_rs_net(sock_net(cb->skb->sk));
	struct dsr_rs_dump *dump = (void *)cb->ctx;
	struct dsr_rs_rule *rule;
	u64 at = 0;

	mutex_lock(&rs->lock);
	cb->seq = rs->generation + 1;	/* 0 would mean: not checked */
	list_for_each_entry(rule, &rs->rules.all, all) {
		if (at++ < dump->cursor)
			continue;
		if (rule_put(skb, cb, rule))
			break;
		dump->cursor++;
	}
	mutex_unlock(&rs->lock);
	return skb->len;
}

static int flow_attrs_put(struct sk_buff *skb, const struct dsr_rs_flow *flow)
{
	return nla_put_u8(skb, DSR_FLOW_A_PROTO, flow->proto) ||
	       nla_put_be32(skb, DSR_FLOW_A_SRC4, flow->client) ||
	       nla_put_be16(skb, DSR_FLOW_A_SPORT, flow->cport) ||
	       nla_put_be32(skb, DSR_FLOW_A_DST4, flow->vip) ||
	       nla_put_be16(skb, DSR_FLOW_A_DPORT, flow->vport) ||
	       nla_put_be32(skb, DSR_FLOW_A_TO4, flow->local) ||
	       nla_put_be16(skb, DSR_FLOW_A_TO_PORT, flow->lport) ||
	       nla_put_be16(skb, DSR_FLOW_A_SOCKET_SPORT, flow->local_cport) ||
	       nla_put_u8(skb, DSR_FLOW_A_STATE, READ_ONCE(flow->state)) ?
	       -EMSGSIZE : 0;
}

static int flow_put(struct sk_buff *skb, struct netlink_callback *cb,
		    struct dsr_table *table, struct dsr_rs_flow *flow)
{
	struct nlattr *nest;
	u32 left;
	void *hdr;

	hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			  &dsr_rs_family, NLM_F_MULTI, DSR_RS_CMD_FLOW_GET);
	if (!hdr)
		return -EMSGSIZE;
	nest = nla_nest_start(skb, DSR_A_FLOW);
	if (!nest)
		goto cancel;
	rcu_read_lock();
	left = dsr_rs_flow_left(table, flow, jiffies);
	rcu_read_unlock();
	if (flow_attrs_put(skb, flow) ||
	    nla_put_u32(skb, DSR_FLOW_A_EXPIRES, jiffies_to_msecs(left)))
		goto cancel;
	nla_nest_end(skb, nest);
	genlmsg_end(skb, hdr);
	return 0;

cancel:
	genlmsg_cancel(skb, hdr);
	return -EMSGSIZE;
}

/* All flows of a bucket, or none: a cursor cannot stop within. */
static int bucket_put(struct sk_buff *skb, struct netlink_callback *cb,
		      struct dsr_table *table, u64 cursor)
{
	void *start = skb_tail_pointer(skb);
	struct dsr_rs_flow *flow;
	struct dsr_node *node;

	dsr_table_for_each_in(node, table, cursor) {
		flow = dsr_rs_flow_of(node);
		if (READ_ONCE(flow->roles) & DSR_RS_WIRE &&
		    flow_put(skb, cb, table, flow)) {
			nlmsg_trim(skb, start);
			return -EMSGSIZE;
		}
	}
	return 0;
}

static int flow_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct dsr_rs_net *rs = dsr_rs_net(sock_net(cb->skb->sk));
	struct dsr_rs_dump *dump = (void *)cb->ctx;
	struct dsr_table *table = &rs->table;
	int err = 0;

	BUILD_BUG_ON(sizeof(*dump) > sizeof(cb->ctx));
	mutex_lock(&rs->lock);
	if (!rs->live)
		goto unlock;
	mutex_lock(&table->janitor);
	while (dump->cursor < DSR_TABLE_END) {
		err = bucket_put(skb, cb, table, dump->cursor);
		if (err)
			break;
		dump->cursor = dsr_table_next(table, dump->cursor);
		cond_resched();
	}
	mutex_unlock(&table->janitor);
unlock:
	mutex_unlock(&rs->lock);
	return skb->len ?: err;
}

static int flow_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct dsr_rs_net *rs = dsr_rs_net(genl_info_net(info));
	struct nlattr *tb[DSR_TABLE_A_MAX + 1];
	u32 max;
	int err;

	if (!info->attrs[DSR_A_TABLE]) {
		NL_SET_ERR_MSG(info->extack, "the request names no table");
		return -EINVAL;
	}
	err = nla_parse_nested(tb, DSR_TABLE_A_MAX, info->attrs[DSR_A_TABLE],
			       table_policy, info->extack);
	if (err)
		return err;
	if (!tb[DSR_TABLE_A_MAX]) {
		NL_SET_ERR_MSG(info->extack,
			       "the request names no limit to set");
		return -EINVAL;
	}
	max = nla_get_u32(tb[DSR_TABLE_A_MAX]);
	if (max < DSR_TABLE_MAX_MIN || max > DSR_TABLE_MAX_MAX) {
		NL_SET_ERR_MSG_ATTR(info->extack, tb[DSR_TABLE_A_MAX],
				    "the limit must be from "
				    __stringify(DSR_TABLE_MAX_MIN)
				    " to 67108864 flows");
		return -ERANGE;
	}
	BUILD_BUG_ON(DSR_TABLE_MAX_MAX != 67108864);

	mutex_lock(&rs->lock);
	rs->flows_max = max;
	if (rs->live)
		WRITE_ONCE(rs->table.max, max);
	mutex_unlock(&rs->lock);
	return 0;
}

static int table_put(struct sk_buff *skb, struct dsr_rs_net *rs)
{
	u32 entries = 0, buckets = 0;
	struct nlattr *nest;
	u64 bytes = 0;

	lockdep_assert_held(&rs->lock);
	if (rs->live) {
		entries = atomic_read(&rs->table.entries);
		bytes = dsr_table_bytes(&rs->table, sizeof(struct dsr_rs_flow));
		rcu_read_lock();
		buckets = rcu_dereference(rs->table.buckets)->mask + 1;
		rcu_read_unlock();
	}
	nest = nla_nest_start(skb, DSR_A_TABLE);
	if (!nest)
		return -EMSGSIZE;
	if (nla_put_u32(skb, DSR_TABLE_A_ENTRIES, entries) ||
	    nla_put_u32(skb, DSR_TABLE_A_MAX, rs->flows_max) ||
	    nla_put_u32(skb, DSR_TABLE_A_BUCKETS, buckets) ||
	    nla_put_u64_64bit(skb, DSR_TABLE_A_BYTES, bytes, DSR_TABLE_A_PAD))
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
				      dsr_rs_net_packets(rs, i),
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
	hdr = genlmsg_put_reply(msg, info, &dsr_rs_family, 0,
				DSR_RS_CMD_STATS_GET);
	err = -EMSGSIZE;
	if (!hdr)
		goto free;
	mutex_lock(&rs->lock);
	err = table_put(msg, rs);
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
		.doit		= rule_add_doit,
		.policy		= rule_cmd_policy,
		.maxattr	= ARRAY_SIZE(rule_cmd_policy) - 1,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DSR_RS_CMD_RULE_REPLACE,
		.doit		= rule_replace_doit,
		.policy		= rule_cmd_policy,
		.maxattr	= ARRAY_SIZE(rule_cmd_policy) - 1,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DSR_RS_CMD_RULE_DELETE,
		.doit		= rule_delete_doit,
		.policy		= rule_cmd_policy,
		.maxattr	= ARRAY_SIZE(rule_cmd_policy) - 1,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DSR_RS_CMD_RULE_GET,
		.dumpit		= rule_get_dumpit,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DSR_RS_CMD_RULE_FLUSH,
		.doit		= rule_flush_doit,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DSR_RS_CMD_FLOW_GET,
		.dumpit		= flow_get_dumpit,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DSR_RS_CMD_FLOW_SET,
		.doit		= flow_set_doit,
		.policy		= flow_set_policy,
		.maxattr	= ARRAY_SIZE(flow_set_policy) - 1,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DSR_RS_CMD_STATS_GET,
		.doit		= stats_get_doit,
	},
};

static struct genl_family dsr_rs_family __ro_after_init = {
	.name		= DSR_RS_GENL_NAME,
	.version	= DSR_RS_GENL_VERSION,
	.policy		= empty_policy,
	.maxattr	= ARRAY_SIZE(empty_policy) - 1,
	.netnsok	= true,
	.parallel_ops	= true,
	.ops		= dsr_rs_ops,
	.n_ops		= ARRAY_SIZE(dsr_rs_ops),
	.resv_start_op	= DSR_RS_CMD_UNSPEC + 1,
	.module		= THIS_MODULE,
};

/** dsr_rs_netlink_init() - last in loading the module: users come in */
int __init dsr_rs_netlink_init(void)
{
	return genl_register_family(&dsr_rs_family);
}

/** dsr_rs_netlink_exit() - first in unloading it */
void dsr_rs_netlink_exit(void)
{
	genl_unregister_family(&dsr_rs_family);
}

MODULE_ALIAS_GENL_FAMILY(DSR_RS_GENL_NAME);
