// SPDX-License-Identifier: GPL-2.0
/*
 * netlink_rule - requests about rules; see netlink.h
 */

#include <net/route.h>

#include "flow.h"
#include "net.h"
#include "netlink.h"
#include "tuple.h"

static const struct nla_policy rule_policy[DSR_RULE_A_TO_PORT + 1] = {
	[DSR_RULE_A_VIP4]	= { .type = NLA_U32 },
	[DSR_RULE_A_PROTO]	= { .type = NLA_U8 },
	[DSR_RULE_A_PORT]	= { .type = NLA_U16 },
	[DSR_RULE_A_TOS]	= { .type = NLA_U8 },
	[DSR_RULE_A_TOS_MASK]	= { .type = NLA_U8 },
	[DSR_RULE_A_TO_PORT]	= { .type = NLA_U16 },
};

const struct nla_policy dsr_rs_netlink_rule_policy[DSR_A_RULE + 1] = {
	[DSR_A_RULE]		= NLA_POLICY_NESTED(rule_policy),
};

/* A namespace that has never had an address has no table of its addresses
 * either, and every address is a broadcast to it.
 */
static bool is_broadcast(struct net *net, __be32 addr)
{
	return inet_addr_type(net, addr) == RTN_BROADCAST &&
	       inet_addr_type(net, htonl(INADDR_LOOPBACK)) != RTN_BROADCAST;
}

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
	else if (ipv4_is_lbcast(vip) || is_broadcast(net, vip))
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

/** dsr_rs_netlink_rule_add_doit() - add a rule */
int dsr_rs_netlink_rule_add_doit(struct sk_buff *skb, struct genl_info *info)
{
	return rule_add(info, false);
}

/** dsr_rs_netlink_rule_replace_doit() - add a rule, or change its port */
int dsr_rs_netlink_rule_replace_doit(struct sk_buff *skb,
				     struct genl_info *info)
{
	return rule_add(info, true);
}

/** dsr_rs_netlink_rule_delete_doit() - delete a rule; its flows go on */
int dsr_rs_netlink_rule_delete_doit(struct sk_buff *skb, struct genl_info *info)
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

/** dsr_rs_netlink_rule_flush_doit() - delete all rules; their flows go on */
int dsr_rs_netlink_rule_flush_doit(struct sk_buff *skb, struct genl_info *info)
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
			  &dsr_rs_netlink_family, NLM_F_MULTI,
			  DSR_RS_CMD_RULE_GET);
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

/** dsr_rs_netlink_rule_get_dumpit() - list the rules */
int dsr_rs_netlink_rule_get_dumpit(struct sk_buff *skb,
				   struct netlink_callback *cb)
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
