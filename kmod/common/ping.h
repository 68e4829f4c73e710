/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ping - answering an echo request in the name of an address nobody has
 *
 * The answer goes out by the routing table, as what a host sends.
 */
#ifndef _DSR_PING_H
#define _DSR_PING_H

#include <linux/skbuff.h>
#include <net/net_namespace.h>

bool dsr_ping_answer(struct net *net, struct sk_buff *skb, u8 family);

#endif /* _DSR_PING_H */
