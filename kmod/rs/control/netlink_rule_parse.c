// SPDX-License-Identifier: GPL-2.0
/*
 * netlink_rule_parse - parse requests about rules; see netlink_rule_parse.h
 */

#include <linux/etherdevice.h>
#include <linux/ipv6.h>
#include <net/route.h>

#include "control/netlink.h"
#include "control/netlink_rule_parse.h"
#include "core/local.h"
#include "core/tuple.h"
#include "host.h"

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
	[DSR_RULE_A_CLEAR]	= NLA_POLICY_MAX(NLA_U8, 1),
	[DSR_RULE_A_MARK]	= { .type = NLA_U32 },
	[DSR_RULE_A_BALANCER]	= DSR_ADDR_POLICY,
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

/**
 * dsr_rs_netlink_rule_parse_key() - parse the key of a request
 * @info: request
 * @tb: set to the rule's attributes
 * @key: set to the key
 *
 * Return: 0, or an errno with a sentence in the extended ack.
 */
int dsr_rs_netlink_rule_parse_key(struct genl_info *info, struct nlattr **tb,
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

/* Parse the attributes of @type: a neighbour each. */
static int neighs_parse(const struct nlattr *nest, int type,
			struct dsr_rs_sender *neighs,
			struct netlink_ext_ack *extack)
{
	struct nlattr *attr;
	int err, left;

	nla_for_each_nested(attr, nest, left) {
		if (nla_type(attr) != type)
			continue;
		if (neighs->count == DSR_RULE_FROM_MAX)
			return refuse(extack, attr,
				      "too many balancers: the limit is 8");
		err = neigh_parse(attr, &neighs->neigh[neighs->count++],
				  extack);
		if (err)
			return err;
	}
	return 0;
}

/* Parse the attributes that only a TOS rule can have. */
static int tos_parse(const struct nlattr *nest, struct nlattr **tb,
		     const struct dsr_rs_rule_key *key,
		     struct dsr_rs_rule_to *to, struct netlink_ext_ack *extack)
{
	struct nlattr *clear = tb[DSR_RULE_A_CLEAR];

	if (key->family && tb[DSR_RULE_A_FROM])
		return refuse(extack, tb[DSR_RULE_A_FROM],
			      "only a TOS rule can name balancers");
	if (key->family && clear)
		return refuse(extack, clear,
			      "only a TOS rule can clear the TOS");
	if (clear && nla_get_u8(clear))
		to->clear = key->tos_mask;
	return neighs_parse(nest, DSR_RULE_A_FROM, &to->from, extack);
}

static int balancers_parse(const struct nlattr *nest, struct nlattr **tb,
			   const struct dsr_rs_rule_key *key,
			   struct dsr_rs_rule_to *to,
			   struct netlink_ext_ack *extack)
{
	struct nlattr *balancer = tb[DSR_RULE_A_BALANCER];

	if (balancer && key->proto && key->proto != IPPROTO_TCP)
		return refuse(extack, balancer,
			      "only segments of TCP are given back to a balancer");
	return neighs_parse(nest, DSR_RULE_A_BALANCER, &to->balancers, extack);
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

/**
 * dsr_rs_netlink_rule_parse_to() - parse the target and the options of a rule
 * @net: namespace
 * @nest: DSR_A_RULE
 * @tb: the attributes of @nest
 * @key: key of the rule
 * @to: set to the target and the options
 * @extack: receives the reason of a refusal
 *
 * Return: 0, or an errno.
 */
int dsr_rs_netlink_rule_parse_to(struct net *net, const struct nlattr *nest,
				 struct nlattr **tb,
				 const struct dsr_rs_rule_key *key,
				 struct dsr_rs_rule_to *to,
				 struct netlink_ext_ack *extack)
{
	struct nlattr *port = tb[DSR_RULE_A_TO_PORT];
	struct nlattr *mark = tb[DSR_RULE_A_MARK];
	int err;

	memset(to, 0, sizeof(*to));
	err = mode_parse(tb, key, to, extack);
	if (!err)
		err = tos_parse(nest, tb, key, to, extack);
	if (!err)
		err = balancers_parse(nest, tb, key, to, extack);
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

/**
 * dsr_rs_netlink_rule_parse_key_only() - refuse attributes outside of the key
 * @tb: the attributes of a rule
 * @extack: receives the reason of a refusal
 *
 * Return: 0 or -%EINVAL.
 */
int dsr_rs_netlink_rule_parse_key_only(struct nlattr **tb,
				       struct netlink_ext_ack *extack)
{
	static const u16 more[] = {
		DSR_RULE_A_TO_PORT, DSR_RULE_A_TO, DSR_RULE_A_MODE,
		DSR_RULE_A_FROM, DSR_RULE_A_CLEAR, DSR_RULE_A_MARK,
		DSR_RULE_A_BALANCER,
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(more); i++)
		if (tb[more[i]])
			return refuse(extack, tb[more[i]],
				      "to delete a rule, give only its match: leave out its target and options");
	return 0;
}
