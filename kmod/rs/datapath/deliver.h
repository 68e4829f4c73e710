/* SPDX-License-Identifier: GPL-2.0 */
/* deliver - redirect requests for a VIP, in PRE_ROUTING */
#ifndef _DSR_RS_DELIVER_H
#define _DSR_RS_DELIVER_H

#include "core/net.h"

unsigned int dsr_rs_deliver_hook(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *state);
unsigned int dsr_rs_deliver_after_lb_hook(void *priv, struct sk_buff *skb,
					  const struct nf_hook_state *state);

#endif /* _DSR_RS_DELIVER_H */
