/* SPDX-License-Identifier: GPL-2.0 */
/* reply - give replies of local sockets their VIP, in POST_ROUTING */
#ifndef _DSR_RS_REPLY_H
#define _DSR_RS_REPLY_H

#include "core/net.h"

unsigned int dsr_rs_reply_hook(void *priv, struct sk_buff *skb,
			       const struct nf_hook_state *state);
unsigned int dsr_rs_untrack_hook(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *state);

#endif /* _DSR_RS_REPLY_H */
