/* SPDX-License-Identifier: GPL-2.0 */
/*
 * chain - packets that GRO has chained instead of merged
 *
 * If a device has "rx-gro-list", GRO leaves each packet its own headers and
 * links all packets behind the first. The chain is split again when it is sent
 * or delivered. So a change of a header has to be made in all of them.
 */
#ifndef _DSR_CHAIN_H
#define _DSR_CHAIN_H

#include <linux/skbuff.h>

/** dsr_chain_is() - true if @skb is a chain of packets with own headers */
static __always_inline bool dsr_chain_is(const struct sk_buff *skb)
{
	/* Most packets have no paged data, and need no further check. */
	return unlikely(skb->data_len) && skb_is_gso(skb) &&
	       (skb_shinfo(skb)->gso_type & SKB_GSO_FRAGLIST);
}

/**
 * dsr_chain_own() - make all headers of a chain writable
 * @skb: chain; the headers of its first packet may move
 *
 * A clone of the chain, as a tap has one, shares its packets.
 *
 * Context: any.
 * Return: true if done. If not, the contents of the packets are unchanged.
 */
static inline bool dsr_chain_own(struct sk_buff *skb)
{
	struct sk_buff **link, *packet, *own;

	if (skb_unclone(skb, GFP_ATOMIC))
		return false;
	for (link = &skb_shinfo(skb)->frag_list; *link; link = &(*link)->next) {
		packet = *link;
		if (skb_shared(packet)) {
			own = skb_clone(packet, GFP_ATOMIC | __GFP_NOWARN);
			if (!own)
				return false;
			own->next = packet->next;
			*link = own;
			consume_skb(packet);
			packet = own;
		}
		if (skb_unclone(packet, GFP_ATOMIC | __GFP_NOWARN))
			return false;
	}
	return true;
}

#endif /* _DSR_CHAIN_H */
