/* SPDX-License-Identifier: GPL-2.0 */
/* host - decide which packets are this machine's to handle */
#ifndef _DSR_HOST_H
#define _DSR_HOST_H

#include <linux/in.h>
#include <linux/ipv6.h>
#include <linux/netfilter_bridge.h>
#include <linux/skbuff.h>
#include <net/ip.h>

/**
 * dsr_is_to_this_host() - true if a packet came for this machine's MAC address
 * @skb: packet in PRE_ROUTING
 *
 * With br_netfilter, netfilter also sees packets that only cross a bridge of
 * this machine, as if they came for the machine.
 *
 * Context: any.
 */
static inline bool dsr_is_to_this_host(const struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	const struct nf_bridge_info *bridge = nf_bridge_info_get(skb);

	if (unlikely(bridge && bridge->pkt_otherhost))
		return false;
#endif
	return skb->pkt_type == PACKET_HOST;
}

/**
 * dsr_is_seen() - true if PRE_ROUTING has seen a packet before
 * @skb: packet in PRE_ROUTING
 * @family: AF_INET or AF_INET6
 *
 * A packet that comes in by a device in a VRF passes netfilter a second time,
 * as if it came in by the VRF device. If the device is a bridge and
 * br_netfilter is loaded, it passes once more between the two.
 *
 * Context: any.
 */
static inline bool dsr_is_seen(struct sk_buff *skb, u8 family)
{
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	const struct nf_bridge_info *bridge = nf_bridge_info_get(skb);

	if (bridge && !bridge->in_prerouting)
		return true;
#endif
	return family == AF_INET ? ipv4_l3mdev_skb(IPCB(skb)->flags) :
				   ipv6_l3mdev_skb(IP6CB(skb)->flags);
}

/**
 * dsr_is_bridged() - true if a packet in POST_ROUTING only crosses a bridge
 * @skb: packet
 *
 * Context: any.
 */
static inline bool dsr_is_bridged(const struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	const struct nf_bridge_info *bridge = nf_bridge_info_get(skb);

	return bridge && bridge->physoutdev;
#else
	return false;
#endif
}

/**
 * dsr_is_nobody() - true if no host can be answered at an IPv4 address
 * @addr: address
 *
 * Multicast, broadcast, and 0.0.0.0/8, "this host on this network" (RFC 1122,
 * section 3.2.1.3).
 */
static inline bool dsr_is_nobody(__be32 addr)
{
	return ipv4_is_multicast(addr) || ipv4_is_lbcast(addr) ||
	       !(addr & htonl(0xff000000));
}

#endif /* _DSR_HOST_H */
