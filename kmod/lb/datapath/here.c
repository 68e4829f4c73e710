// SPDX-License-Identifier: GPL-2.0
/* here - see here.h */

#include <net/flow.h>
#include <net/ip6_fib.h>
#include <net/ip6_route.h>
#include <net/ip_fib.h>
#include <net/l3mdev.h>

#include "datapath/here.h"
#include "dst.h"
#include "flow.h"

/* Check if the ports in the tuple are those of the packet itself: an ICMP error
 * has the ports of the packet that it quotes.
 */
static bool has_ports(const struct dsr_packet *pkt)
{
	return pkt->kind == DSR_PACKET_FLOW &&
	       dsr_packet_is_balanced(pkt->tuple.proto);
}

static bool delivers4(struct net *net, const struct dsr_packet *pkt,
		      const struct dsr_arrival *arrival)
{
	const struct net_device *dev = arrival->dev;
	struct flowi4 fl4 = {
		.flowi4_iif = dev ? dev->ifindex : LOOPBACK_IFINDEX,
		.flowi4_l3mdev = dev ? l3mdev_master_ifindex_rcu(dev) : 0,
		.flowi4_mark = arrival->mark,
		.flowi4_scope = RT_SCOPE_UNIVERSE,
		.daddr = arrival->dest.ip,
		.saddr = arrival->source.ip,
	};
	struct fib_result res;

	dsr_flow4_set_tos(&fl4, arrival->tos);
	if (has_ports(pkt)) {
		fl4.flowi4_proto = pkt->tuple.proto;
		fl4.fl4_sport = pkt->tuple.sport;
		fl4.fl4_dport = pkt->tuple.dport;
	}
	return !fib_lookup(net, &fl4, &res, 0) && res.type != RTN_UNICAST;
}

static bool delivers6(struct net *net, const struct dsr_packet *pkt,
		      const struct dsr_arrival *arrival)
{
	const struct net_device *dev = arrival->dev;
	struct flowi6 fl6 = {
		.flowi6_iif = dev ? dev->ifindex : LOOPBACK_IFINDEX,
		.flowi6_l3mdev = dev ? l3mdev_master_ifindex_rcu(dev) : 0,
		.flowi6_mark = arrival->mark,
		.daddr = arrival->dest.in6,
		.saddr = arrival->source.in6,
	};
	struct rt6_info *rt;
	bool is_here;

	if (has_ports(pkt)) {
		fl6.flowi6_proto = pkt->tuple.proto;
		fl6.fl6_sport = pkt->tuple.sport;
		fl6.fl6_dport = pkt->tuple.dport;
	}
	rt = dst_rt6_info(ip6_route_lookup(net, &fl6, NULL,
					   RT6_LOOKUP_F_HAS_SADDR));
	is_here = rt->rt6i_flags & (RTF_LOCAL | RTF_ANYCAST);
	ip6_rt_put(rt);
	return is_here;
}

/**
 * dsr_here_delivers() - check if the kernel would deliver a packet locally
 * @net: namespace
 * @pkt: the packet
 * @arrival: its arrival
 *
 * Does the lookup that the kernel is about to do, with all routing rules: a
 * rule may select a table with a local route by the mark.
 *
 * Context: rcu_read_lock().
 * Return: true if the kernel would deliver it; false if the kernel would
 * forward or refuse it.
 */
bool dsr_here_delivers(struct net *net, const struct dsr_packet *pkt,
		       const struct dsr_arrival *arrival)
{
	return pkt->tuple.family == AF_INET ?
	       delivers4(net, pkt, arrival) :
	       delivers6(net, pkt, arrival);
}
