// SPDX-License-Identifier: GPL-2.0
/*
 * netlink_rule - handle requests about rules; see netlink.h
 */

#include <linux/etherdevice.h>

#include "control/attach.h"
#include "control/hush.h"
#include "control/netlink.h"
#include "control/netlink_rule_parse.h"
#include "core/flow.h"
#include "core/sender.h"
#include "core/local.h"
#include "core/net.h"
#include "core/tuple.h"
#include "limit.h"
#include "multicast.h"

static int rule_create(struct dsr_rs_net *rs, const struct dsr_rs_rule_key *key,
		       const struct dsr_rs_rule_to *to,
		       struct netlink_ext_ack *extack)
{
	struct dsr_rs_rule *rule;
	int err;

	rule = dsr_rs_rule_revive(&rs->rules, key, to, &rs->lock) ?:
	       dsr_rs_rule_alloc(key, to);
	if (!rule)
		return -ENOMEM;
	err = dsr_rs_attach_start(rs);
	if (err) {
		NL_SET_ERR_MSG(extack, "the netfilter hooks cannot be set up");
		dsr_rs_rule_put(rule);
		return err;
	}
	err = dsr_rs_rule_list(&rs->rules, rule, &rs->lock);
	if (!err)
		return 0;
	if (err == -ENOSPC)
		NL_SET_ERR_MSG(extack, "too many rules: the limit is 4096");
	else if (err == -EDQUOT)
		NL_SET_ERR_MSG(extack,
			       "too many rules by TOS: the limit is 256, since each packet is compared with all of them");
	BUILD_BUG_ON(DSR_LIMIT_LIST != 4096 || DSR_RS_RULE_TOS_MAX != 256);
	dsr_rs_rule_put(rule);
	dsr_rs_attach_shutdown_idle(rs);
	return err;
}

/* Return true if there is a rule, and it is in mode local. */
static bool is_local(const struct dsr_rs_rule *rule, const struct mutex *lock)
{
	return rule && rcu_dereference_protected(rule->to,
				lockdep_is_held(lock))->mode ==
		       DSR_RULE_MODE_LOCAL;
}

/* Create a rule, or replace the target of @rule. For mode local, silence the
 * VIP before the rule exists, and until no rule wants it silenced any more.
 */
static int rule_apply(struct dsr_rs_net *rs, struct dsr_rs_rule *rule,
		      const struct dsr_rs_rule_key *key,
		      const struct dsr_rs_rule_to *to,
		      struct netlink_ext_ack *extack)
{
	bool local = to->mode == DSR_RULE_MODE_LOCAL;
	bool was_local = is_local(rule, &rs->lock);
	int err = 0;

	if (local && !was_local)
		err = dsr_rs_hush_hold(rs, key->family, &key->vip);
	if (err) {
		if (err == -ENOSPC)
			NL_SET_ERR_MSG(extack,
				       "the VIP cannot be silenced: the limit is 4096 silenced addresses");
		else
			NL_SET_ERR_MSG(extack, "the VIP cannot be silenced");
		return err;
	}
	if (rule)
		err = dsr_rs_rule_set_target(rule, to, &rs->lock);
	else
		err = rule_create(rs, key, to, extack);
	if (err ? local && !was_local : was_local && !local)
		dsr_rs_hush_release(rs, key->family, &key->vip);
	return err;
}

static void rule_remove(struct dsr_rs_net *rs, struct dsr_rs_rule *rule)
{
	if (is_local(rule, &rs->lock))
		dsr_rs_hush_release(rs, rule->key.family, &rule->key.vip);
	dsr_rs_rule_unlist(&rs->rules, rule, &rs->lock);
}

static int rule_key_put(struct sk_buff *skb, const struct dsr_rs_rule_key *key)
{
	if (!key->family)
		return nla_put_u8(skb, DSR_RULE_A_TOS, key->tos) ?:
		       nla_put_u8(skb, DSR_RULE_A_TOS_MASK, key->tos_mask);
	if (dsr_addr_put(skb, DSR_RULE_A_VIP, key->family, &key->vip) ||
	    (key->proto && nla_put_u8(skb, DSR_RULE_A_PROTO, key->proto)) ||
	    (key->port && nla_put_be16(skb, DSR_RULE_A_PORT, key->port)))
		return -EMSGSIZE;
	return 0;
}

static int neighs_put(struct sk_buff *skb, int type,
		      const struct dsr_rs_sender *from)
{
	const struct dsr_rs_sender_neigh *neigh;
	u32 i;

	for (i = 0; i < from->count; i++) {
		neigh = &from->neigh[i];
		if (neigh->family ?
		    dsr_addr_put(skb, type, neigh->family, &neigh->addr) :
		    nla_put(skb, type, ETH_ALEN, neigh->mac))
			return -EMSGSIZE;
	}
	return 0;
}

static int rule_to_put(struct sk_buff *skb, struct net *net,
		       const struct dsr_rs_rule *rule,
		       const struct dsr_rs_rule_to *to)
{
	if (nla_put_u8(skb, DSR_RULE_A_MODE, to->mode) ||
	    (to->clear && nla_put_u8(skb, DSR_RULE_A_CLEAR, 1)) ||
	    (to->mark && nla_put_u32(skb, DSR_RULE_A_MARK, to->mark)) ||
	    neighs_put(skb, DSR_RULE_A_FROM, &to->from) ||
	    neighs_put(skb, DSR_RULE_A_BALANCER, &to->balancers) ||
	    (to->mode == DSR_RULE_MODE_LOCAL &&
	     nla_put_u8(skb, DSR_RULE_A_ROUTED,
			dsr_rs_local_is_routed(net, NULL, rule->key.family,
					       &rule->key.vip))))
		return -EMSGSIZE;
	if ((to->family &&
	     dsr_addr_put(skb, DSR_RULE_A_TO, to->family, &to->addr)) ||
	    (to->port && nla_put_be16(skb, DSR_RULE_A_TO_PORT, to->port)))
		return -EMSGSIZE;
	return 0;
}

static int rule_nest_put(struct sk_buff *skb, struct dsr_rs_net *rs,
			 const struct dsr_rs_rule *rule)
{
	struct nlattr *nest = nla_nest_start(skb, DSR_A_RULE);
	struct dsr_stats sum = dsr_rs_rule_stats(rule);

	if (!nest)
		return -EMSGSIZE;
	if (rule_key_put(skb, &rule->key) ||
	    rule_to_put(skb, rs->net, rule,
			rcu_dereference_protected(rule->to,
						  lockdep_is_held(&rs->lock))) ||
	    dsr_stats_put(skb, DSR_RULE_A_STATS, &sum))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int key_nest_put(struct sk_buff *skb, const struct dsr_rs_rule_key *key)
{
	struct nlattr *nest = nla_nest_start(skb, DSR_A_RULE);

	if (!nest || rule_key_put(skb, key))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* Notify of the rule as it is now; of a deleted rule, send only the key. */
static void tell(struct dsr_rs_net *rs, u8 cmd,
		 const struct dsr_rs_rule_key *key)
{
	const struct dsr_rs_rule *rule = dsr_rs_rule_find(&rs->rules, key,
							  &rs->lock);
	struct sk_buff *msg;
	void *hdr;

	msg = dsr_multicast_begin(&dsr_rs_netlink_family, rs->net, cmd, &hdr);
	if (msg)
		dsr_multicast_end(&dsr_rs_netlink_family, rs->net, msg, hdr,
				  rule ? rule_nest_put(msg, rs, rule) :
					 key_nest_put(msg, key));
}

static int rule_add(struct genl_info *info, bool replace)
{
	struct dsr_rs_net *rs = dsr_rs_net(genl_info_net(info));
	struct nlattr *tb[DSR_RULE_A_MAX + 1];
	struct dsr_rs_rule_key key;
	struct dsr_rs_rule_to to;
	struct dsr_rs_rule *rule;
	int err;

	err = dsr_rs_netlink_rule_parse_key(info, tb, &key);
	if (err)
		return err;
	err = dsr_rs_netlink_rule_parse_to(rs->net, info->attrs[DSR_A_RULE], tb,
					   &key, &to, info->extack);
	if (err)
		return err;

	mutex_lock(&rs->lock);
	rule = dsr_rs_rule_find(&rs->rules, &key, &rs->lock);
	if (!rule || replace) {
		err = rule_apply(rs, rule, &key, &to, info->extack);
	} else {
		NL_SET_ERR_MSG(info->extack,
			       "this rule exists: change its target with 'replace'");
		err = -EEXIST;
	}
	if (!err) {
		rs->generation++;
		tell(rs, info->genlhdr->cmd, &key);
	}
	mutex_unlock(&rs->lock);
	if (!err) {
		dsr_rs_sender_resolve(&to.from, rs->net);
		dsr_rs_sender_resolve(&to.balancers, rs->net);
	}
	return err;
}

/** dsr_rs_netlink_rule_add_doit() - add a rule */
int dsr_rs_netlink_rule_add_doit(struct sk_buff *skb, struct genl_info *info)
{
	return rule_add(info, false);
}

/** dsr_rs_netlink_rule_replace_doit() - add a rule, or replace its target */
int dsr_rs_netlink_rule_replace_doit(struct sk_buff *skb,
				     struct genl_info *info)
{
	return rule_add(info, true);
}

/** dsr_rs_netlink_rule_delete_doit() - delete a rule; its flows stay */
int dsr_rs_netlink_rule_delete_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct dsr_rs_net *rs = dsr_rs_net(genl_info_net(info));
	struct nlattr *tb[DSR_RULE_A_MAX + 1];
	struct dsr_rs_rule_key key;
	struct dsr_rs_rule *rule;
	int err;

	err = dsr_rs_netlink_rule_parse_key(info, tb, &key);
	if (err)
		return err;
	err = dsr_rs_netlink_rule_parse_key_only(tb, info->extack);
	if (err)
		return err;

	mutex_lock(&rs->lock);
	rule = dsr_rs_rule_find(&rs->rules, &key, &rs->lock);
	if (rule) {
		rule_remove(rs, rule);
		rs->generation++;
		tell(rs, DSR_RS_CMD_RULE_DELETE, &key);
		dsr_rs_attach_shutdown_idle(rs);
	} else {
		NL_SET_ERR_MSG(info->extack, "no such rule");
		err = -ENOENT;
	}
	mutex_unlock(&rs->lock);
	return err;
}

/** dsr_rs_netlink_rule_flush_doit() - delete all rules; their flows stay */
int dsr_rs_netlink_rule_flush_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct dsr_rs_net *rs = dsr_rs_net(genl_info_net(info));
	struct dsr_rs_rule *rule, *next;

	mutex_lock(&rs->lock);
	list_for_each_entry_safe(rule, next, &rs->rules.all, all)
		rule_remove(rs, rule);
	rs->generation++;
	dsr_rs_netlink_tell_flush(rs, DSR_RS_CMD_RULE_FLUSH);
	dsr_rs_attach_shutdown_idle(rs);
	mutex_unlock(&rs->lock);
	return 0;
}

static int rule_put(struct sk_buff *skb, struct netlink_callback *cb,
		    struct dsr_rs_net *rs, const struct dsr_rs_rule *rule)
{
	void *hdr;

	hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			  &dsr_rs_netlink_family, NLM_F_MULTI,
			  DSR_RS_CMD_RULE_GET);
	if (!hdr)
		return -EMSGSIZE;
	genl_dump_check_consistent(cb, hdr);
	if (rule_nest_put(skb, rs, rule)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
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
	cb->seq = rs->generation + 1;	/* 0 would disable the check */
	list_for_each_entry(rule, &rs->rules.all, all) {
		if (at++ < dump->cursor)
			continue;
		if (rule_put(skb, cb, rs, rule))
			break;
		dump->cursor++;
	}
	mutex_unlock(&rs->lock);
	return skb->len;
}
