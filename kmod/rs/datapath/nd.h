/* SPDX-License-Identifier: GPL-2.0 */
/* nd - keep silenced addresses out of neighbour discovery */
#ifndef _DSR_RS_ND_H
#define _DSR_RS_ND_H

#include <linux/netfilter.h>

unsigned int dsr_rs_nd_out_hook(void *priv, struct sk_buff *skb,
				const struct nf_hook_state *state);
unsigned int dsr_rs_nd_in_hook(void *priv, struct sk_buff *skb,
			       const struct nf_hook_state *state);

#endif /* _DSR_RS_ND_H */
