/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sender - whose packets may trigger a TOS rule: those of the balancers
 *
 * Anybody can set a TOS value; but who routes to this machine is known by the
 * source of the Ethernet frame. It is named as a MAC address, or as an IP
 * address: then the neighbour table knows the MAC address, at the moment when
 * the packet comes, so it may move.
 *
 * A value, owned by the rule. Looked at only where a flow begins.
 */
#ifndef _DSR_RS_SENDER_H
#define _DSR_RS_SENDER_H

#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <linux/dsr.h>

/**
 * struct dsr_rs_sender - neighbours
 * @count: how many; 0: everybody
 * @neigh: they
 */
struct dsr_rs_sender {
	u8 count;
	/**
	 * @neigh: one of them: of @family AF_INET or AF_INET6, by @addr; or of
	 * 0, by @mac
	 */
	struct dsr_rs_sender_neigh {
		u8 family;
		union {
			union nf_inet_addr addr;
			u8 mac[ETH_ALEN];
		};
	} neigh[DSR_RULE_FROM_MAX];
};

bool dsr_rs_sender_has(const struct dsr_rs_sender *from,
		       const struct sk_buff *skb);
void dsr_rs_sender_resolve(const struct dsr_rs_sender *from, struct net *net);

#endif /* _DSR_RS_SENDER_H */
