/* SPDX-License-Identifier: GPL-2.0 */
/*
 * send - what the families share of sending a packet
 *
 * Owns nothing.
 */
#ifndef _DSR_SEND_H
#define _DSR_SEND_H

#include <linux/skbuff.h>
#include <net/neighbour.h>

#include "chain.h"

/** dsr_send_writable() - give a packet, or all of a chain, headers of its own
 * @skb: packet
 * @dev: device that it is to be sent to
 *
 * Return: whether it could be done.
 */
static __always_inline bool dsr_send_writable(struct sk_buff *skb,
					      const struct net_device *dev)
{
	if (unlikely(skb_cow(skb, LL_RESERVED_SPACE(dev))))
		return false;
	return likely(!dsr_chain_is(skb)) || dsr_chain_own(skb);
}

/**
 * dsr_send_unshare() - dsr_send_writable(), and give the packet its length
 * @skb: packet
 * @dev: device that it is to be sent to
 * @len: its length as it says itself: what is behind is Ethernet's padding
 *
 * Return: whether it could be done. What the packet says has not changed
 * otherwise.
 */
static inline bool dsr_send_unshare(struct sk_buff *skb,
				    const struct net_device *dev, u32 len)
{
	if (unlikely(!dsr_send_writable(skb, dev)))
		return false;
	if (likely(skb->len == len))
		return true;
	if (likely(!pskb_trim_rcsum(skb, len)))
		return true;
	skb->ip_summed = CHECKSUM_NONE;	/* is that of the rest by now */
	return false;
}

/**
 * dsr_send_output() - past netfilter and routing, to the device
 * @skb: packet; consumed
 * @dev: device
 * @neigh: who is to get it
 *
 * Context: rcu_read_lock(), bottom halves disabled.
 */
static inline void dsr_send_output(struct sk_buff *skb, struct net_device *dev,
				   struct neighbour *neigh)
{
	nf_reset_ct(skb);	/* never to be confirmed on this way */
	skb->dev = dev;
	neigh_output(neigh, skb, false);
}

#endif /* _DSR_SEND_H */
