/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sender - restrict a TOS rule to packets from the balancers
 *
 * Any machine can set a TOS value; but the source of the Ethernet frame tells
 * the router that sent it here. The user names that neighbour by its MAC or IP
 * address. An IP address is looked up in the neighbour table when the packet
 * arrives, so its MAC address may change.
 *
 * A value, owned by the rule. Checked only when a flow begins.
 */
#ifndef _DSR_RS_SENDER_H
#define _DSR_RS_SENDER_H

#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <linux/dsr_rs.h>

/**
 * struct dsr_rs_sender - neighbours
 * @count: number of neighbours; 0: accept every sender
 * @neigh: the neighbours
 */
struct dsr_rs_sender {
	u8 count;
	/**
	 * @neigh: a neighbour: by @addr if @family is AF_INET or AF_INET6, by
	 * @mac if @family is 0
	 */
	struct dsr_rs_sender_neigh {
		u8 family;
		union {
			union nf_inet_addr addr;
			u8 mac[ETH_ALEN];
		};
	} neigh[DSR_RULE_FROM_MAX];
};

/**
 * enum dsr_rs_sender_answer - result of dsr_rs_sender_find()
 * @DSR_RS_SENDER_ONE: one of the neighbours has sent the packet
 * @DSR_RS_SENDER_OTHER: another machine has sent the packet
 * @DSR_RS_SENDER_UNKNOWN: a neighbour whose MAC address is not known may have
 *	sent the packet
 */
enum dsr_rs_sender_answer {
	DSR_RS_SENDER_ONE,
	DSR_RS_SENDER_OTHER,
	DSR_RS_SENDER_UNKNOWN,
};

enum dsr_rs_sender_answer
dsr_rs_sender_find(const struct dsr_rs_sender *from, const struct sk_buff *skb);
bool dsr_rs_sender_has(const struct dsr_rs_sender *from,
		       const struct sk_buff *skb);
void dsr_rs_sender_resolve(const struct dsr_rs_sender *from, struct net *net);

#endif /* _DSR_RS_SENDER_H */
