// SPDX-License-Identifier: GPL-2.0
/*
 * netlink_rule - handle requests about rules; see netlink.h
 */

#include <linux/etherdevice.h>
#include <linux/ipv6.h>
#include <net/route.h>

#include "control/attach.h"
#include "control/hush.h"
#include "control/netlink.h"
#include "core/flow.h"
#include "core/sender.h"
#include "core/local.h"
#include "core/net.h"
#include "core/tuple.h"
#include "host.h"
#include "limit.h"
#include "multicast.h"

static const struct nla_policy rule_policy[DSR_RULE_A_MAX + 1] = {
	[DSR_RULE_A_VIP]	= DSR_ADDR_POLICY,
	[DSR_RULE_A_PROTO]	= { .type = NLA_U8 },
	[DSR_RULE_A_PORT]	= { .type = NLA_U16 },
	[DSR_RULE_A_TOS]	= { .type = NLA_U8 },
	[DSR_RULE_A_TOS_MASK]	= { .type = NLA_U8 },
	[DSR_RULE_A_TO_PORT]	= { .type = NLA_U16 },
	[DSR_RULE_A_STATS]	= { .type = NLA_REJECT },
	[DSR_RULE_A_TO]		= DSR_ADDR_POLICY,
	[DSR_RULE_A_MODE]	= { .type = NLA_U8 },
	[DSR_RULE_A_ROUTED]	= { .type = NLA_REJECT },
	[DSR_RULE_A_FROM]	= DSR_ADDR_POLICY,
	[DSR_RULE_A_CLEAR]	= { .type = NLA_U8 },
	[DSR_RULE_A_MARK]	= { .type = NLA_U32 },
};

const struct nla_policy dsr_rs_netlink_rule_policy[DSR_A_RULE + 1] = {
	[DSR_A_RULE]		= NLA_POLICY_NESTED(rule_policy),
};

static int refuse(struct netlink_ext_ack *extack, const struct nlattr *attr,
		  const char *why)
{
	NL_SET_BAD_ATTR(extack, attr);
	if (extack)
		extack->_msg = why;
	return -EINVAL;
}

/* A namespace that has never had an address has no local routing table, and the
 * lookup calls every address a broadcast address, even 127.0.0.1.
 */
static bool is_broadcast(struct net *net, __be32 addr)
{
	return inet_addr_type(net, addr) == RTN_BROADCAST &&
	       inet_addr_type(net, htonl(INADDR_LOOPBACK)) != RTN_BROADCAST;
}

static const char *vip4_fault(struct net *net, __be32 vip)
{
	if (dsr_rs_is_this_network(vip))
		return "the VIP must not be in 0.0.0.0/8";
	if (ipv4_is_loopback(vip))
		return "the VIP must not be a loopback address";
	if (ipv4_is_multicast(vip))
		return "the VIP must not be a multicast address";
	if (ipv4_is_lbcast(vip) || is_broadcast(net, vip))
		return "the VIP must not be a broadcast address";
	return NULL;
}

static const char *vip6_fault(const struct in6_addr *vip)
{
	int type = ipv6_addr_type(vip);

	if (type == IPV6_ADDR_ANY)
		return "the VIP must not be the unspecified address";
	if (type & IPV6_ADDR_LOOPBACK)
		return "the VIP must not be a loopback address";
	if (type & IPV6_ADDR_MULTICAST)
		return "the VIP must not be a multicast address";
	if (type & IPV6_ADDR_LINKLOCAL)
		return "the VIP must not be a link-local address: each link has its own of these";
	if (type & IPV6_ADDR_MAPPED)
		return "the VIP must not be an IPv4-mapped IPv6 address";
	return NULL;
}

static int vip_key_parse(struct net *net, struct nlattr **tb,
			 struct dsr_rs_rule_key *key,
			 struct netlink_ext_ack *extack)
{
	struct nlattr *proto = tb[DSR_RULE_A_PROTO];
	struct nlattr *port = tb[DSR_RULE_A_PORT];
	struct nlattr *vip = tb[DSR_RULE_A_VIP];
	const char *fault;

	key->family = dsr_addr_get(vip, &key->vip);
	if (!key->family)
		return refuse(extack, vip, "an address has 4 or 16 bytes");
	fault = key->family == AF_INET ? vip4_fault(net, key->vip.ip) :
					 vip6_fault(&key->vip.in6);
	if (fault)
		return refuse(extack, vip, fault);
	if (key->family == AF_INET6 && !ipv6_mod_enabled())
		return refuse(extack, vip, "this kernel runs without IPv6");
	if (proto) {
		key->proto = nla_get_u8(proto);
		if (key->proto != IPPROTO_TCP && key->proto != IPPROTO_UDP &&
		    key->proto != IPPROTO_SCTP)
			return refuse(extack, proto,
				      "the protocol must be tcp, udp or sctp");
	}
	if (port) {
		key->port = nla_get_be16(port);
		if (!key->port)
			return refuse(extack, port,
				      "port 0 cannot be served");
		if (!proto)
			return refuse(extack, port,
				      "a port needs a protocol: give proto tcp, udp or sctp");
	}
	return 0;
}

static int tos_key_parse(struct nlattr **tb, struct dsr_rs_rule_key *key,
			 struct netlink_ext_ack *extack)
{
	struct nlattr *mask = tb[DSR_RULE_A_TOS_MASK];

	if (tb[DSR_RULE_A_PROTO] || tb[DSR_RULE_A_PORT])
		return refuse(extack, tb[DSR_RULE_A_TOS],
			      "a TOS rule takes neither protocol nor port");
	key->tos = nla_get_u8(tb[DSR_RULE_A_TOS]);
	key->tos_mask = mask ? nla_get_u8(mask) : 0xff;
	if (!key->tos_mask)
		return refuse(extack, mask,
			      "a TOS mask of 0 would match every packet");
	if (key->tos & ~key->tos_mask)
		return refuse(extack, tb[DSR_RULE_A_TOS],
			      "the TOS has bits outside of its mask and would match nothing");
	return 0;
}

/* Parse the key of a request, and set @tb to the rule's attributes. */
static int key_parse(struct genl_info *info, struct nlattr **tb,
		     struct dsr_rs_rule_key *key)
{
	struct netlink_ext_ack *extack = info->extack;
	int err;

	if (!info->attrs[DSR_A_RULE])
		return refuse(extack, NULL, "the request names no rule");
	err = nla_parse_nested(tb, DSR_RULE_A_MAX, info->attrs[DSR_A_RULE],
			       rule_policy, extack);
	if (err)
		return err;
	memset(key, 0, sizeof(*key));
	if (tb[DSR_RULE_A_VIP] &&
	    (tb[DSR_RULE_A_TOS] || tb[DSR_RULE_A_TOS_MASK]))
		return refuse(extack, tb[DSR_RULE_A_VIP],
			      "a rule matches by VIP or by TOS: give one of them");
	if (tb[DSR_RULE_A_VIP])
		return vip_key_parse(genl_info_net(info), tb, key, extack);
	if (tb[DSR_RULE_A_TOS])
		return tos_key_parse(tb, key, extack);
	return refuse(extack, NULL, "a rule needs a VIP or a TOS to match by");
}

static int to_addr_parse(struct net *net, struct nlattr *attr,
			 const struct dsr_rs_rule_key *key,
			 struct dsr_rs_rule_to *to,
			 struct netlink_ext_ack *extack)
{
	to->family = dsr_addr_get(attr, &to->addr);
	if (!to->family)
		return refuse(extack, attr, "an address has 4 or 16 bytes");
	if (key->family && key->family != to->family)
		return refuse(extack, attr,
			      "the local address must be of the VIP's family");
	if (to->family == AF_INET6 && !ipv6_mod_enabled())
		return refuse(extack, attr, "this kernel runs without IPv6");
	/* The stack drops packets from outside to a loopback address; with
	 * IPv4, unless route_localnet is set on the device.
	 */
	if (to->family == AF_INET6 && ipv6_addr_loopback(&to->addr.in6))
		return refuse(extack, attr,
			      "a loopback address takes no packets from outside: give another");
	if (to->family == AF_INET && ipv4_is_loopback(to->addr.ip) &&
	    !dsr_rs_local_routes_loopback(net))
		return refuse(extack, attr,
			      "a loopback address takes no packets from outside: set net.ipv4.conf.DEV.route_localnet=1, or give another");
	if (!dsr_rs_local_has(net, NULL, to->family, &to->addr))
		return refuse(extack, attr,
			      "no device of this machine has that local address");
	return 0;
}

static bool is_unicast(u8 family, const union nf_inet_addr *addr)
{
	int type;

	if (family == AF_INET)
		return !dsr_is_nobody(addr->ip) && !ipv4_is_loopback(addr->ip);
	type = ipv6_addr_type(&addr->in6);
	return type & IPV6_ADDR_UNICAST &&
	       !(type & (IPV6_ADDR_LOOPBACK | IPV6_ADDR_MAPPED));
}

static int neigh_parse(const struct nlattr *attr,
		       struct dsr_rs_sender_neigh *neigh,
		       struct netlink_ext_ack *extack)
{
	if (nla_len(attr) == ETH_ALEN) {
		nla_memcpy(neigh->mac, attr, ETH_ALEN);
		if (is_valid_ether_addr(neigh->mac))
			return 0;
		return refuse(extack, attr,
			      "a balancer's MAC address must be unicast and not zero");
	}
	neigh->family = dsr_addr_get(attr, &neigh->addr);
	if (!neigh->family)
		return refuse(extack, attr,
			      "a balancer's address has 6 bytes (MAC), 4 (IPv4) or 16 (IPv6)");
	if (neigh->family == AF_INET6 && !ipv6_mod_enabled())
		return refuse(extack, attr, "this kernel runs without IPv6");
	if (is_unicast(neigh->family, &neigh->addr))
		return 0;
	return refuse(extack, attr,
		      "a balancer's address must be unicast");
}

/* Parse the attributes that only a TOS rule can have. */
static int tos_parse(const struct nlattr *nest, struct nlattr **tb,
		     const struct dsr_rs_rule_key *key,
		     struct dsr_rs_rule_to *to, struct netlink_ext_ack *extack)
{
	struct nlattr *clear = tb[DSR_RULE_A_CLEAR];
	struct nlattr *attr;
	int err, left;

	if (key->family && tb[DSR_RULE_A_FROM])
		return refuse(extack, tb[DSR_RULE_A_FROM],
			      "only a TOS rule can name balancers");
	if (key->family && clear)
		return refuse(extack, clear,
			      "only a TOS rule can clear the TOS");
	if (clear && nla_get_u8(clear))
		to->clear = key->tos_mask;
	nla_for_each_nested(attr, nest, left) {
		if (nla_type(attr) != DSR_RULE_A_FROM)
			continue;
		if (to->from.count == DSR_RULE_FROM_MAX)
			return refuse(extack, attr,
				      "too many balancers: the limit is 8");
		err = neigh_parse(attr, &to->from.neigh[to->from.count++],
				  extack);
		if (err)
			return err;
	}
	return 0;
}

static int mode_parse(struct nlattr **tb, const struct dsr_rs_rule_key *key,
		      struct dsr_rs_rule_to *to, struct netlink_ext_ack *extack)
{
	struct nlattr *mode = tb[DSR_RULE_A_MODE];

	if (!mode)
		return 0;
	to->mode = nla_get_u8(mode);
	if (to->mode > DSR_RULE_MODE_MAX)
		return refuse(extack, mode,
			      "no such mode: there are redirect and local");
	if (to->mode == DSR_RULE_MODE_REDIRECT)
		return 0;
	if (!key->family)
		return refuse(extack, mode,
			      "mode local needs a VIP: a packet that matches by TOS may have any destination");
	if (key->proto)
		return refuse(extack, tb[DSR_RULE_A_PROTO],
			      "mode local is for the whole VIP: leave out protocol and port");
	if (tb[DSR_RULE_A_TO] || tb[DSR_RULE_A_TO_PORT])
		return refuse(extack, mode,
			      "mode local does not change packets: leave out the local address and port");
	return 0;
}

static int to_parse(struct net *net, const struct nlattr *nest,
		    struct nlattr **tb, const struct dsr_rs_rule_key *key,
		    struct dsr_rs_rule_to *to, struct netlink_ext_ack *extack)
{
	struct nlattr *port = tb[DSR_RULE_A_TO_PORT];
	struct nlattr *mark = tb[DSR_RULE_A_MARK];
	int err;

	memset(to, 0, sizeof(*to));
	err = mode_parse(tb, key, to, extack);
	if (!err)
		err = tos_parse(nest, tb, key, to, extack);
	if (err)
		return err;
	if (port) {
		to->port = nla_get_be16(port);
		if (!to->port)
			return refuse(extack, port,
				      "the local port must not be 0");
	}
	if (mark) {
		to->mark = nla_get_u32(mark);
		if (!to->mark)
			return refuse(extack, mark,
				      "mark 0 means no mark: leave out the mark, or give another");
	}
	return tb[DSR_RULE_A_TO] ? to_addr_parse(net, tb[DSR_RULE_A_TO], key,
						 to, extack) : 0;
}

static int rule_create(struct dsr_rs_net *rs, const struct dsr_rs_rule_key *key,
		       const struct dsr_rs_rule_to *to,
		       struct netlink_ext_ack *extack)
{
	struct dsr_rs_rule *rule;
	int err;

	rule = dsr_rs_rule_alloc(key, to);
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

static int from_put(struct sk_buff *skb, const struct dsr_rs_sender *from)
{
	const struct dsr_rs_sender_neigh *neigh;
	u32 i;

	for (i = 0; i < from->count; i++) {
		neigh = &from->neigh[i];
		if (neigh->family ?
		    dsr_addr_put(skb, DSR_RULE_A_FROM, neigh->family,
				 &neigh->addr) :
		    nla_put(skb, DSR_RULE_A_FROM, ETH_ALEN, neigh->mac))
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
	    from_put(skb, &to->from) ||
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
	struct dsr_stats sum = {};

	if (!nest)
		return -EMSGSIZE;
	dsr_stats_add(&sum, rule->stats);
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

	err = key_parse(info, tb, &key);
	if (err)
		return err;
	err = to_parse(rs->net, info->attrs[DSR_A_RULE], tb, &key, &to,
		       info->extack);
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
	if (!err)
		dsr_rs_sender_resolve(&to.from, rs->net);
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

static int no_more_than_key(struct nlattr **tb, struct netlink_ext_ack *extack)
{
	static const u16 more[] = {
		DSR_RULE_A_TO_PORT, DSR_RULE_A_TO, DSR_RULE_A_MODE,
		DSR_RULE_A_FROM, DSR_RULE_A_CLEAR, DSR_RULE_A_MARK,
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(more); i++)
		if (tb[more[i]])
			return refuse(extack, tb[more[i]],
				      "to delete a rule, give only its match: leave out its target and options");
	return 0;
}

/** dsr_rs_netlink_rule_delete_doit() - delete a rule; its flows stay */
int dsr_rs_netlink_rule_delete_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct dsr_rs_net *rs = dsr_rs_net(genl_info_net(info));
	struct nlattr *tb[DSR_RULE_A_MAX + 1];
	struct dsr_rs_rule_key key;
	struct dsr_rs_rule *rule;
	int err;

	err = key_parse(info, tb, &key);
	if (err)
		return err;
	err = no_more_than_key(tb, info->extack);
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
