/* SPDX-License-Identifier: GPL-2.0 */
/* hook - netfilter hooks for incoming packets, in PRE_ROUTING and LOCAL_IN */
#ifndef _DSR_HOOK_H
#define _DSR_HOOK_H

#include <linux/netfilter.h>

unsigned int dsr_hook(void *priv, struct sk_buff *skb,
		      const struct nf_hook_state *state);
unsigned int dsr_hook_late(void *priv, struct sk_buff *skb,
			   const struct nf_hook_state *state);

#endif /* _DSR_HOOK_H */
