// SPDX-License-Identifier: GPL-2.0
/* source - see source.h */

#include <linux/inetdevice.h>
#include <linux/ipv6.h>
#include <net/dst_metadata.h>
#include <net/flow.h>
#include <net/ip6_fib.h>
#include <net/ip6_route.h>
#include <net/ip.h>
#include <net/ip_fib.h>
#include <net/l3mdev.h>
#include <net/xfrm.h>

#include "core/frontend.h"
#include "datapath/schedule.h"
#include "datapath/source.h"
#include "dst.h"
#include "flow.h"

/* Return the input device for the kernel: the VRF if @dev is part of one. */
static struct net_device *l3_device(struct net_device *dev)
{
	return l3mdev_master_dev_rcu(dev) ?: dev;
}

/* Source validation settings of the input device. */
struct policy {
	int rp_filter;
	bool accept_local;
	bool is_unnumbered;
};

static void policy_get(struct net *net, const struct dsr_arrival *arrival,
		       const struct net_device *dev, struct policy *policy)
{
	struct in_device *in_dev = dev ? __in_dev_get_rcu(dev) : NULL;

	if (in_dev) {
		policy->rp_filter = IN_DEV_RPFILTER(in_dev);
		policy->accept_local = IN_DEV_ACCEPT_LOCAL(in_dev);
		policy->is_unnumbered = !rcu_access_pointer(in_dev->ifa_list);
	} else {
		policy->rp_filter = IPV4_DEVCONF_ALL(net, RP_FILTER);
		policy->accept_local = IPV4_DEVCONF_ALL(net, ACCEPT_LOCAL);
		policy->is_unnumbered = true;
	}
	if (arrival->is_ipsec)
		policy->rp_filter = 0;
}

/* Look up the route back to the source. */
static int look_back4(struct net *net, const struct dsr_packet *pkt,
		      const struct dsr_arrival *arrival,
		      struct net_device *dev, struct fib_result *res)
{
	struct in_device *in_dev = dev ? __in_dev_get_rcu(dev) : NULL;
	struct flowi4 fl4 = {
		.flowi4_iif = LOOPBACK_IFINDEX,
		.flowi4_l3mdev = dev ? l3mdev_master_ifindex_rcu(dev) : 0,
		.flowi4_scope = RT_SCOPE_UNIVERSE,
		.flowi4_uid = sock_net_uid(net, NULL),
		.daddr = arrival->source.ip,
		.saddr = arrival->dest.ip,
	};

	dsr_flow4_set_tos(&fl4, arrival->tos);
	if (in_dev && IN_DEV_SRC_VMARK(in_dev))
		fl4.flowi4_mark = arrival->mark;
	if (pkt->kind == DSR_PACKET_FLOW) {
		fl4.flowi4_proto = pkt->tuple.proto;
		fl4.fl4_sport = pkt->tuple.dport;
		fl4.fl4_dport = pkt->tuple.sport;
	}
	return fib_lookup(net, &fl4, res, 0);
}

/* Do what __fib_validate_source() of the kernel does; it is not exported. */
static enum dsr_reason check_route4(struct net *net,
				    const struct dsr_packet *pkt,
				    const struct dsr_arrival *arrival)
{
	struct net_device *dev = arrival->dev ? l3_device(arrival->dev) : NULL;
	struct policy policy;
	struct fib_result res;

	policy_get(net, arrival, dev, &policy);
	if (look_back4(net, pkt, arrival, dev, &res))
		return policy.rp_filter ? DSR_DROP_REVERSE_PATH :
					  DSR_FORWARDED;
	if (res.type == RTN_LOCAL) {
		if (!policy.accept_local)
			return DSR_DROP_SOURCE_IS_THIS_HOST;
	} else if (res.type != RTN_UNICAST) {
		return DSR_DROP_BAD_SOURCE;
	}
	if (!dev || fib_info_nh_uses_dev(res.fi, dev) ||
	    (res.type == RTN_LOCAL && dev == net->loopback_dev))
		return DSR_FORWARDED;
	/* Loose mode accepts any route, unless the device has no address. */
	return policy.rp_filter == 1 ||
	       (policy.rp_filter && policy.is_unnumbered) ?
	       DSR_DROP_REVERSE_PATH : DSR_FORWARDED;
}

/* IPv6 has no rp_filter. Refuse only this machine's own addresses, looked up in
 * the packet's VRF.
 */
static enum dsr_reason check_route6(struct net *net,
				    const struct dsr_arrival *arrival)
{
	struct flowi6 fl6 = {
		.flowi6_iif = LOOPBACK_IFINDEX,
		.flowi6_l3mdev = arrival->dev ?
				 l3mdev_master_ifindex_rcu(arrival->dev) : 0,
		.flowi6_uid = sock_net_uid(net, NULL),
		.daddr = arrival->source.in6,
		.saddr = arrival->dest.in6,
	};
	struct rt6_info *rt;
	bool is_here;

	rt = dst_rt6_info(ip6_route_lookup(net, &fl6, NULL, 0));
	is_here = rt->rt6i_flags & (RTF_LOCAL | RTF_ANYCAST);
	ip6_rt_put(rt);
	return is_here ? DSR_DROP_SOURCE_IS_THIS_HOST : DSR_FORWARDED;
}

/* Check for a source that cannot be answered, whatever the routes are. */
static bool is_bad(const struct dsr_packet *pkt,
		   const struct dsr_arrival *arrival)
{
	struct dsr_tuple tuple = pkt->tuple;

	if (tuple.family == AF_INET)
		tuple.v4.saddr = arrival->source.ip;
	else
		tuple.v6.saddr = arrival->source.in6;
	return dsr_schedule_is_bad_source(&tuple);
}

/* Check if the source is a VIP: two VIPs would answer each other forever. */
static bool is_from_vip(struct dsr_net *dn, u8 family,
			const struct dsr_arrival *arrival)
{
	return family == AF_INET ?
	       dsr_frontend_find4(dn, 0, arrival->source.ip) :
	       dsr_frontend_find6(dn, 0, &arrival->source.in6);
}

/* Return the device that a packet came in by, also if its VRF shows it again. */
static struct net_device *port_of(const struct sk_buff *skb, u8 family)
{
	int index = family == AF_INET ? inet_sdif(skb) : inet6_sdif(skb);
	struct net_device *port = NULL;

	if (unlikely(index))
		port = dev_get_by_index_rcu(dev_net(skb->dev), index);
	return port ?: skb->dev;
}

/**
 * dsr_source_arrival() - collect the circumstances of a packet's arrival
 * @skb: packet in PRE_ROUTING or LOCAL_IN
 * @family: address family of the packet
 * @arrival: set
 *
 * Context: rcu_read_lock().
 */
void dsr_source_arrival(const struct sk_buff *skb, u8 family,
			struct dsr_arrival *arrival)
{
	if (family == AF_INET) {
		arrival->source.ip = ip_hdr(skb)->saddr;
		arrival->dest.ip = ip_hdr(skb)->daddr;
	} else {
		arrival->source.in6 = ipv6_hdr(skb)->saddr;
		arrival->dest.in6 = ipv6_hdr(skb)->daddr;
	}
	arrival->dev = skb->dev;
	arrival->port = port_of(skb, family);
	arrival->mark = skb->mark;
	arrival->tos = family == AF_INET ? ip_hdr(skb)->tos : 0;
	arrival->is_ipsec = secpath_exists(skb);
	arrival->is_own = skb_valid_dst(skb);
}

/**
 * dsr_source_check() - validate the source of a packet
 * @dn: balancer, with at least one service
 * @pkt: packet that follows no connection
 * @arrival: its arrival
 *
 * Checks what the kernel would check when it forwards the packet (RFC 3704).
 * The kernel has no such check for IPv6; this function refuses the machine's
 * own addresses there.
 *
 * Context: rcu_read_lock().
 * Return: DSR_FORWARDED if the source is valid; else the reason to drop the
 * packet.
 */
enum dsr_reason dsr_source_check(struct dsr_net *dn,
				 const struct dsr_packet *pkt,
				 const struct dsr_arrival *arrival)
{
	if (is_bad(pkt, arrival))
		return DSR_DROP_BAD_SOURCE;
	if (is_from_vip(dn, pkt->tuple.family, arrival))
		return DSR_DROP_SOURCE_IS_VIP;
	if (arrival->is_own)
		return DSR_FORWARDED;
	return pkt->tuple.family == AF_INET ?
	       check_route4(dn->net, pkt, arrival) :
	       check_route6(dn->net, arrival);
}
