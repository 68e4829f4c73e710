/* SPDX-License-Identifier: GPL-2.0 */
/*
 * chain - packets that GRO has chained, and not merged
 *
 * Where a device has "rx-gro-list", GRO leaves each packet its own headers, and
 * hangs all but the first of them on that. They come apart again where they are
 * sent, or delivered. So what is written into a header is written into all.
 */
#ifndef _DSR_CHAIN_H
#define _DSR_CHAIN_H

#include <linux/skbuff.h>

/** dsr_chain_is() - whether more packets hang on @skb, with their own headers */
static __always_inline bool dsr_chain_is(const struct sk_buff *skb)
{
	/* Most packets are in one piece, and are not looked at any further. */
	return unlikely(skb->data_len) && skb_is_gso(skb) &&
	       (skb_shinfo(skb)->gso_type & SKB_GSO_FRAGLIST);
}

/**
 * dsr_chain_own() - make all headers of a chain writable
 * @skb: chain; where the headers of its first packet are may change
 *
 * A clone of the chain, as a tap has one, has the same packets in it.
 *
 * Context: any.
 * Return: whether it could be done. If not, the packets say what they have said.
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
