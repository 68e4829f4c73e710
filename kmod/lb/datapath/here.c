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

/* The kernel's route for a packet: deliver it locally; forward it by another device
 * than the incoming one; forward it by the incoming device, or refuse it.
 */
enum route {
	DELIVER,
	SEND_ON,
	SEND_BACK,
};

/* Check if the ports in the tuple are those of the packet itself: an ICMP error
 * has the ports of the packet that it quotes.
 */
static bool has_ports(const struct dsr_packet *pkt)
{
	return pkt->kind == DSR_PACKET_FLOW &&
	       dsr_packet_is_balanced(pkt->tuple.proto);
}

static enum route route4(struct net *net, const struct dsr_packet *pkt,
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
	if (fib_lookup(net, &fl4, &res, 0))
		return SEND_BACK;
	if (res.type != RTN_UNICAST)
		return DELIVER;
	/* a VRF "uses" each device in it */
	return arrival->port && !fib_info_nh_uses_dev(res.fi, arrival->port) ?
	       SEND_ON : SEND_BACK;
}

static enum route route6(struct net *net, const struct dsr_packet *pkt,
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
	enum route route = SEND_BACK;
	struct rt6_info *rt;

	if (has_ports(pkt)) {
		fl6.flowi6_proto = pkt->tuple.proto;
		fl6.fl6_sport = pkt->tuple.sport;
		fl6.fl6_dport = pkt->tuple.dport;
	}
	rt = dst_rt6_info(ip6_route_lookup(net, &fl6, NULL,
					   RT6_LOOKUP_F_HAS_SADDR));
	if (rt->rt6i_flags & (RTF_LOCAL | RTF_ANYCAST))
		route = DELIVER;
	else if (!rt->dst.error && arrival->port &&
		 READ_ONCE(rt->dst.dev) != arrival->port)
		route = SEND_ON;
	ip6_rt_put(rt);
	return route;
}

/**
 * dsr_here_refuses() - check if a packet that no service takes must not be routed
 * @net: namespace
 * @pkt: the packet
 * @arrival: its arrival
 * @by_mark: its frontend is a mark, and its destination is no VIP
 *
 * Does the lookup that the kernel is about to do, with all routing rules: a
 * rule may select a table with a local route by the mark.
 *
 * Nothing but the balancer serves a VIP, so a packet for a VIP that is not delivered
 * here would come back until its TTL expires. A mark may stand for all that passes
 * this machine: there, the kernel may send the packet on as a router. A packet that
 * would leave by the device that it came in by is refused, for the mark may stand for
 * a VIP. So is a packet by a mark without a device of arrival.
 *
 * Context: rcu_read_lock().
 */
bool dsr_here_refuses(struct net *net, const struct dsr_packet *pkt,
		      const struct dsr_arrival *arrival, bool by_mark)
{
	enum route route = pkt->tuple.family == AF_INET ?
			   route4(net, pkt, arrival) :
			   route6(net, pkt, arrival);

	return route == SEND_BACK || (route == SEND_ON && !by_mark);
}
