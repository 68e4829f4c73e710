/* SPDX-License-Identifier: GPL-2.0 */
/*
 * send - sending of packets, common to IPv4 and IPv6
 *
 * Has no state.
 */
#ifndef _DSR_SEND_H
#define _DSR_SEND_H

#include <linux/skbuff.h>
#include <net/neighbour.h>

/**
 * dsr_send_unshare() - make the headers of a packet writable, and trim the packet
 * @skb: packet
 * @dev: device to which it is sent
 * @len: length from the IP header; the rest is Ethernet padding
 *
 * Return: true, or false if memory is short; then the packet's data is
 * unchanged.
 */
static inline bool dsr_send_unshare(struct sk_buff *skb,
				    const struct net_device *dev, u32 len)
{
	if (unlikely(skb_cow(skb, LL_RESERVED_SPACE(dev))))
		return false;
	if (likely(skb->len == len))
		return true;
	if (likely(!pskb_trim_rcsum(skb, len)))
		return true;
	/* pskb_trim_rcsum() may have adjusted skb->csum before it failed */
	skb->ip_summed = CHECKSUM_NONE;
	return false;
}

/**
 * dsr_send_output() - send a packet to the device, bypassing netfilter
 * @skb: packet; consumed
 * @dev: device
 * @neigh: neighbour that gets the packet
 *
 * Context: rcu_read_lock(), bottom halves disabled.
 */
static inline void dsr_send_output(struct sk_buff *skb, struct net_device *dev,
				   struct neighbour *neigh)
{
	nf_reset_ct(skb);	/* conntrack never confirms it on this path */
	skb->dev = dev;
	neigh_output(neigh, skb, false);
}

#endif /* _DSR_SEND_H */
