/* SPDX-License-Identifier: GPL-2.0 */
/* xmit6 - forward IPv6 packets; see xmit.h */
#ifndef _DSR_XMIT6_H
#define _DSR_XMIT6_H

#include <linux/skbuff.h>
#include <net/dst.h>

#include "core/reason.h"
#include "core/service.h"
#include "core/path.h"

enum dsr_reason dsr_xmit6_prepare(struct net *net, struct sk_buff *skb,
				  const struct dsr_service *service,
				  struct dst_entry *dst);
enum dsr_ingress_verdict dsr_xmit6_shortcut(struct net *net, struct sk_buff *skb,
					    const struct dsr_service *service,
					    struct dst_entry *dst);
int dsr_xmit6_send(struct net *net, struct sk_buff *skb,
		   const struct dsr_service *service);

#endif /* _DSR_XMIT6_H */
