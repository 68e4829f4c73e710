/* SPDX-License-Identifier: GPL-2.0 */
/*
 * rewrite - other addresses and ports in a packet, with right checksums
 *
 * Knows nothing of rules and flows. Works on packets that nobody else has a
 * pointer into, in any context; only the headers are made writable.
 */
#ifndef _DSR_RS_REWRITE_H
#define _DSR_RS_REWRITE_H

#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <linux/types.h>

/**
 * struct dsr_rs_ends - what a packet shall have in its headers
 * @saddr: source address; this and the next of the packet's family
 * @daddr: destination address
 * @source: source port
 * @dest: destination port
 */
struct dsr_rs_ends {
	union nf_inet_addr saddr;
	union nf_inet_addr daddr;
	__be16 source;
	__be16 dest;
};

/**
 * struct dsr_rs_quoted - where an ICMP error has the packet that it quotes
 * @icmp: offset of the ICMP header from skb->data
 * @ip: offset of the quoted IP header
 * @th: offset of the quoted transport header, of which 8 bytes are there
 * @proto: protocol of that header
 */
struct dsr_rs_quoted {
	unsigned int icmp;
	unsigned int ip;
	unsigned int th;
	u8 proto;
};

u32 dsr_rs_rewrite_crc(u32 change, unsigned int len);
int dsr_rs_rewrite_packet(struct sk_buff *skb, u8 family, u8 proto,
			  unsigned int thoff, const struct dsr_rs_ends *to);
void dsr_rs_rewrite_tos(struct sk_buff *skb, u8 family, u8 bits);
int dsr_rs_rewrite_icmp(struct sk_buff *skb, u8 family,
			const struct dsr_rs_quoted *at,
			const union nf_inet_addr *saddr,
			const union nf_inet_addr *daddr,
			const struct dsr_rs_ends *quoted);

#endif /* _DSR_RS_REWRITE_H */
