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
#include <net/checksum.h>

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

/** dsr_rs_rewrite_change() - by what a sum changes with a word in it */
static __always_inline __wsum dsr_rs_rewrite_change(__be32 from, __be32 to)
{
	return csum_sub((__force __wsum)to, (__force __wsum)from);
}

/** dsr_rs_rewrite_change6() - by what a sum changes with an IPv6 address in it */
static __always_inline __wsum
dsr_rs_rewrite_change6(const struct in6_addr *from, const struct in6_addr *to)
{
	u64 sum = 0;
	int i;

	for (i = 0; i < 4; i++)
		sum += (u64)(__force u32)to->s6_addr32[i] +
		       (__force u32)~from->s6_addr32[i];
	sum = (u32)sum + (sum >> 32);
	return (__force __wsum)((u32)sum + (u32)(sum >> 32));
}

/** dsr_rs_rewrite_sum() - @check after what it is of has changed by @change */
static __always_inline __sum16 dsr_rs_rewrite_sum(__sum16 check, __wsum change)
{
	return csum_fold(csum_add(~csum_unfold(check), change));
}

/**
 * dsr_rs_rewrite_is_partial() - whether the checksum of UDP is left to the device
 * @skb: packet, data at the IP header
 * @thoff: where the UDP header starts
 *
 * What is left to it may be the checksum of a packet inside, as with VXLAN. Then
 * that of UDP is not, unless the device, or the stack, is to cut the packet up.
 *
 * Context: any.
 */
static __always_inline bool
dsr_rs_rewrite_is_partial(const struct sk_buff *skb, unsigned int thoff)
{
	return skb->ip_summed == CHECKSUM_PARTIAL &&
	       (skb_checksum_start_offset(skb) == (int)thoff ||
		skb_shinfo(skb)->gso_type & SKB_GSO_UDP_TUNNEL_CSUM);
}

/**
 * dsr_rs_rewrite_check() - keep the checksum of TCP or UDP right
 * @skb: packet
 * @family: of the packet
 * @check: its checksum; UDP's may not be 0 unless it is left to the device
 * @partial: whether it is left to the device
 * @addrs: by what the sum of the addresses has changed
 * @ports: by what the sum of the ports has changed
 *
 * Context: any.
 */
static __always_inline void
dsr_rs_rewrite_check(struct sk_buff *skb, u8 family, __sum16 *check,
		     bool partial, __wsum addrs, __wsum ports)
{
	if (partial) {
		/* So far it is of the pseudo header, and not inverted. */
		*check = ~csum_fold(csum_add(csum_unfold(*check), addrs));
		return;
	}
	*check = dsr_rs_rewrite_sum(*check, csum_add(addrs, ports));
	/* The checksum makes up for the addresses in IPv6, and in IPv4 for
	 * them and for that of the header.
	 */
	if (skb->ip_summed == CHECKSUM_COMPLETE && family == AF_INET)
		skb->csum = csum_sub(skb->csum, addrs);
}

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
