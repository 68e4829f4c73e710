/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ping - answer an echo request for an address that no device has
 *
 * The answer is routed like a packet that this host sends.
 */
#ifndef _DSR_PING_H
#define _DSR_PING_H

#include <linux/skbuff.h>
#include <net/net_namespace.h>

bool dsr_ping_answer(struct net *net, struct sk_buff *skb, u8 family);

#endif /* _DSR_PING_H */
