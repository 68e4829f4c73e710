/* SPDX-License-Identifier: GPL-2.0 */
/* host - which packets are this machine's to look at */
#ifndef _DSR_HOST_H
#define _DSR_HOST_H

#include <linux/netfilter_bridge.h>
#include <linux/skbuff.h>

/**
 * dsr_is_to_this_host() - whether a packet has come for this machine's MAC
 * @skb: packet in PRE_ROUTING
 *
 * One that only crosses a bridge of this machine's is shown to netfilter too
 * where br_netfilter is loaded, as if it had come for us.
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

#endif /* _DSR_HOST_H */
