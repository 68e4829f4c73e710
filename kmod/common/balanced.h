/* SPDX-License-Identifier: GPL-2.0 */
/*
 * balanced - mark a packet that was balanced and stays on this machine
 *
 * Such a packet goes on through PRE_ROUTING, where its mark could have it
 * balanced a second time. The kernel has a bit against this: ip_vs skips
 * packets that have it. A kernel without IPVS does not have the bit, so every
 * packet that comes this far is then taken for balanced.
 */
#ifndef _DSR_BALANCED_H
#define _DSR_BALANCED_H

#include <linux/skbuff.h>

/** dsr_balanced_set() - mark a packet as balanced */
static inline void dsr_balanced_set(struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_IP_VS)
	skb->ipvs_property = 1;
#endif
}

/** dsr_is_balanced() - true if a packet was balanced, or may have been */
static inline bool dsr_is_balanced(const struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_IP_VS)
	return skb->ipvs_property;
#else
	return true;
#endif
}

#endif /* _DSR_BALANCED_H */
