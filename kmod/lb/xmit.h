/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xmit - the way of a packet out of the balancer
 *
 * Does what a router does (RFC 1812): TTL, size, errors. The packet holds
 * nothing of ours once it is sent: what waits in a queue belongs to the kernel.
 */
#ifndef _DSR_XMIT_H
#define _DSR_XMIT_H

#include "backend.h"
#include "reason.h"
#include "service.h"

enum dsr_reason dsr_xmit_prepare(struct net *net, struct sk_buff *skb,
				 const struct dsr_service *service,
				 struct dsr_backend *backend);
void dsr_xmit_send(struct net *net, struct sk_buff *skb,
		   const struct dsr_service *service);
void dsr_xmit_refuse(struct net *net, struct sk_buff *skb);

#endif /* _DSR_XMIT_H */
