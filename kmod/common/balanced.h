/* SPDX-License-Identifier: GPL-2.0 */
/*
 * balanced - a packet that has been balanced, and stays here
 *
 * It goes on through PRE_ROUTING, where its mark could have it balanced once
 * more. The kernel has a bit for this: ip_vs leaves alone what has it. Where the
 * kernel has no IPVS the bit is missing, so what has come that far is left alone.
 */
#ifndef _DSR_BALANCED_H
#define _DSR_BALANCED_H

#include <linux/skbuff.h>

/** dsr_balanced_set() - note that a packet has been balanced */
static inline void dsr_balanced_set(struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_IP_VS)
	skb->ipvs_property = 1;
#endif
}

/** dsr_is_balanced() - whether a packet has been balanced, or may have been */
static inline bool dsr_is_balanced(const struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_IP_VS)
	return skb->ipvs_property;
#else
	return true;
#endif
}

#endif /* _DSR_BALANCED_H */
