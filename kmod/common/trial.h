/* SPDX-License-Identifier: GPL-2.0 */
/*
 * trial - ask the site's rules about a packet that does not exist
 *
 * Only the rules themselves know what they do with a packet. So a test packet
 * passes their chains as a packet of a client would, and is freed at the end.
 * The rules treat the test packet as any other: they count it, log it, or answer
 * it if they reject. Conntrack does not keep it.
 */
#ifndef _DSR_TRIAL_H
#define _DSR_TRIAL_H

#include <linux/limits.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <net/net_namespace.h>

/**
 * struct dsr_trial_packet - a packet to make, the first of its connection
 * @source: its source
 * @dest: its destination
 * @sport: source port
 * @dport: destination port
 * @family: AF_INET or AF_INET6
 * @proto: IPPROTO_TCP, IPPROTO_UDP or IPPROTO_SCTP
 * @mark: its mark
 * @dev: device that it comes in by
 */
struct dsr_trial_packet {
	union nf_inet_addr source;
	union nf_inet_addr dest;
	__be16 sport;
	__be16 dport;
	u8 family;
	u8 proto;
	u32 mark;
	struct net_device *dev;
};

/**
 * struct dsr_trial_place - chains that are asked
 * @hook: their hook, NF_INET_*
 * @first: their lowest priority
 * @last: their highest priority
 */
struct dsr_trial_place {
	unsigned int hook;
	int first;
	int last;
};

/* The very end keeps state: conntrack enters the connection there. */
#define DSR_TRIAL_LAST	(INT_MAX - 1)

/**
 * struct dsr_trial - a test packet, and what the rules have said so far
 * @skb: the test packet; %NULL: the rules have not accepted it
 * @verdict: enum dsr_firewall_verdict
 * @hook: where the verdict was given, NF_INET_*, if it is not to accept
 * @priority: of the chain that gave it
 * @chain: its handle in nf_tables; 0: it is no chain of nf_tables
 */
struct dsr_trial {
	struct sk_buff *skb;
	u64 chain;
	s32 priority;
	u8 verdict;
	u8 hook;
};

int dsr_trial_begin(struct dsr_trial *trial,
		    const struct dsr_trial_packet *packet);
void dsr_trial_ask(struct dsr_trial *trial, struct net *net,
		   const struct dsr_trial_place *place, struct net_device *in,
		   struct net_device *out);
int dsr_trial_put(struct sk_buff *skb, const struct dsr_trial *trial);
void dsr_trial_end(struct dsr_trial *trial);

#endif /* _DSR_TRIAL_H */
