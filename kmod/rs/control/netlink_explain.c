// SPDX-License-Identifier: GPL-2.0
/*
 * netlink_explain - ask the site's rules about a packet that was delivered
 *
 * dsrctl knows the rules of the module, and asks the kernel for routes. Only
 * the chains themselves know what they do, so a test packet passes those that
 * are behind the module; see trial.h.
 */

#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/ip6_fib.h>
#include <net/ip6_route.h>
#include <net/l3mdev.h>
#include <net/route.h>
#include <linux/dsr_rs.h>

#include "addr.h"
#include "balancer.h"
#include "control/netlink.h"
#include "genl_reply.h"
#include "trial.h"

static const struct nla_policy explain_policy[DSR_EXPLAIN_A_MAX + 1] = {
	[DSR_EXPLAIN_A_SRC] = DSR_ADDR_POLICY,
	[DSR_EXPLAIN_A_SPORT] = { .type = NLA_BE16 },
	[DSR_EXPLAIN_A_DST] = DSR_ADDR_POLICY,
	[DSR_EXPLAIN_A_DPORT] = { .type = NLA_BE16 },
	[DSR_EXPLAIN_A_PROTO] = { .type = NLA_U8 },
	[DSR_EXPLAIN_A_FWMARK] = { .type = NLA_U32 },
	[DSR_EXPLAIN_A_IFINDEX] = { .type = NLA_U32 },
};

const struct nla_policy dsr_rs_netlink_explain_policy[DSR_A_EXPLAIN + 1] = {
	[DSR_A_EXPLAIN] = NLA_POLICY_NESTED(explain_policy),
};

static_assert((int)NF_IP_PRI_RAW == (int)NF_IP6_PRI_RAW);
static_assert((int)NF_IP_PRI_SECURITY == (int)NF_IP6_PRI_SECURITY);

/* dsr_rs_deliver_hook() is at RAW - 50. */
static const struct dsr_trial_place pre_routing = {
	NF_INET_PRE_ROUTING, NF_IP_PRI_RAW - 49, DSR_TRIAL_LAST
};

/* Further behind, ip_vs would take a packet, and send it. */
static const struct dsr_trial_place local_in = {
	NF_INET_LOCAL_IN, INT_MIN, NF_IP_PRI_SECURITY
};

static int refuse(struct netlink_ext_ack *extack, const struct nlattr *attr,
		  const char *sentence)
{
	NL_SET_BAD_ATTR(extack, attr);
	extack->_msg = sentence;
	return -EINVAL;
}

static int parse_packet(struct nlattr *tb[], struct dsr_trial_packet *packet,
			struct netlink_ext_ack *extack)
{
	if (!tb[DSR_EXPLAIN_A_SRC] || !tb[DSR_EXPLAIN_A_DST] ||
	    !tb[DSR_EXPLAIN_A_IFINDEX])
		return refuse(extack, NULL,
			      "give the source and the destination of the packet, and the device that it comes in by");
	packet->family = dsr_addr_get(tb[DSR_EXPLAIN_A_SRC], &packet->source);
	if (!packet->family)
		return refuse(extack, tb[DSR_EXPLAIN_A_SRC],
			      "an address has 4 or 16 bytes");
	if (dsr_addr_get(tb[DSR_EXPLAIN_A_DST], &packet->dest) !=
	    packet->family)
		return refuse(extack, tb[DSR_EXPLAIN_A_DST],
			      "source and destination are of different families");
	packet->proto = tb[DSR_EXPLAIN_A_PROTO] ?
			nla_get_u8(tb[DSR_EXPLAIN_A_PROTO]) : IPPROTO_TCP;
	if (packet->proto != IPPROTO_TCP && packet->proto != IPPROTO_UDP &&
	    packet->proto != IPPROTO_SCTP)
		return refuse(extack, tb[DSR_EXPLAIN_A_PROTO],
			      "no such protocol: there are tcp, udp and sctp");
	if (tb[DSR_EXPLAIN_A_SPORT])
		packet->sport = nla_get_be16(tb[DSR_EXPLAIN_A_SPORT]);
	if (tb[DSR_EXPLAIN_A_DPORT])
		packet->dport = nla_get_be16(tb[DSR_EXPLAIN_A_DPORT]);
	if (tb[DSR_EXPLAIN_A_FWMARK])
		packet->mark = nla_get_u32(tb[DSR_EXPLAIN_A_FWMARK]);
	return 0;
}

/* Check if a route ends at this machine. */
static bool is_local(const struct dst_entry *dst, bool v4)
{
	if (v4)
		return container_of(dst, struct rtable, dst)->rt_type ==
		       RTN_LOCAL;
	return container_of(dst, struct rt6_info, dst)->rt6i_flags & RTF_LOCAL;
}

/* Route the test packet to this machine, as rules of INPUT expect. Rules of nat
 * may have given it another destination.
 *
 * Return: whether it ends here.
 */
static bool route_here(struct net *net, struct sk_buff *skb)
{
	bool v4 = skb->protocol == htons(ETH_P_IP);
	struct flowi fl = { };
	struct dst_entry *dst;
	int vrf;

	vrf = l3mdev_master_ifindex_rcu(skb->dev);
	if (v4) {
		fl.u.ip4.daddr = ip_hdr(skb)->daddr;
		fl.u.ip4.flowi4_oif = vrf;
	} else {
		fl.u.ip6.daddr = ipv6_hdr(skb)->daddr;
		fl.u.ip6.flowi6_oif = vrf;
	}
	if (nf_route(net, &dst, &fl, false, v4 ? AF_INET : AF_INET6))
		return false;
	skb_dst_drop(skb);
	skb_dst_set(skb, dst);
	return is_local(dst, v4);
}

static int ask(struct dsr_trial *trial, struct net *net,
	       const struct dsr_trial_packet *packet)
{
	int err = dsr_trial_begin(trial, packet);

	if (err)
		return err;
	dsr_trial_ask(trial, net, &pre_routing, packet->dev, NULL);
	if (trial->skb && route_here(net, trial->skb))
		dsr_trial_ask(trial, net, &local_in, packet->dev, NULL);
	return 0;
}

static int put_verdict(struct sk_buff *skb, const struct dsr_trial *trial)
{
	struct nlattr *nest = nla_nest_start(skb, DSR_A_EXPLAIN);

	if (!nest || dsr_trial_put(skb, trial))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/** dsr_rs_netlink_explain_doit() - DSR_RS_CMD_EXPLAIN */
int dsr_rs_netlink_explain_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *tb[DSR_EXPLAIN_A_MAX + 1];
	struct netlink_ext_ack *extack = info->extack;
	struct net *net = genl_info_net(info);
	struct dsr_trial_packet packet = { };
	struct dsr_trial trial = { };
	struct sk_buff *reply;
	void *header;
	int err;

	if (!info->attrs[DSR_A_EXPLAIN])
		return refuse(extack, NULL,
			      "the request names no packet: give its source and destination");
	err = nla_parse_nested(tb, DSR_EXPLAIN_A_MAX,
			       info->attrs[DSR_A_EXPLAIN], explain_policy,
			       extack);
	if (!err)
		err = parse_packet(tb, &packet, extack);
	if (err)
		return err;
	/* The hooks of dsr_lb are where the test packet would pass. */
	if (dsr_balancer_is_live(net)) {
		NL_SET_ERR_MSG(extack,
			       "the rules cannot be asked on a machine that is a balancer, too");
		return -EOPNOTSUPP;
	}
	reply = dsr_reply_new(info, &dsr_rs_netlink_family,
			      DSR_RS_CMD_EXPLAIN, &header);
	if (!reply)
		return -ENOMEM;

	rcu_read_lock();
	local_bh_disable();
	packet.dev = dev_get_by_index_rcu(net,
					  nla_get_u32(tb[DSR_EXPLAIN_A_IFINDEX]));
	if (packet.dev) {
		err = ask(&trial, net, &packet);
	} else {
		NL_SET_ERR_MSG_ATTR(extack, tb[DSR_EXPLAIN_A_IFINDEX],
				    "no such device: give a device that packets come in by");
		err = -ENODEV;
	}
	if (!err)
		err = put_verdict(reply, &trial);
	dsr_trial_end(&trial);
	local_bh_enable();
	rcu_read_unlock();
	return dsr_reply_send(info, reply, header, err);
}
