/* SPDX-License-Identifier: GPL-2.0 */
/* arp - keep silenced addresses out of ARP, in ARP_OUT */
#ifndef _DSR_RS_ARP_H
#define _DSR_RS_ARP_H

#include <linux/netfilter.h>

unsigned int dsr_rs_arp_out_hook(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *state);

#endif /* _DSR_RS_ARP_H */
