/* SPDX-License-Identifier: GPL-2.0 */
/*
 * rewrite - rewrite addresses and ports, and update checksums
 *
 * Knows nothing of rules and flows. Any context. No other code may hold a
 * pointer into the packet; only its headers are made writable.
 */
#ifndef _DSR_RS_REWRITE_H
#define _DSR_RS_REWRITE_H

#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <linux/types.h>
#include <net/checksum.h>

/**
 * struct dsr_rs_ends - addresses and ports to write
 * @saddr: source address, like @daddr of the packet's family
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
 * struct dsr_rs_quoted - position of the packet that an ICMP error quotes
 * @icmp: offset of the ICMP header from skb->data
 * @ip: offset of the quoted IP header
 * @th: offset of the quoted transport header, at least 8 bytes of which exist
 * @proto: protocol of that header
 */
struct dsr_rs_quoted {
	unsigned int icmp;
	unsigned int ip;
	unsigned int th;
	u8 proto;
};

/** dsr_rs_rewrite_change() - return a checksum's change by a changed word */
static __always_inline __wsum dsr_rs_rewrite_change(__be32 from, __be32 to)
{
	return csum_sub((__force __wsum)to, (__force __wsum)from);
}

/** dsr_rs_rewrite_change6() - return its change by a changed IPv6 address */
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

/** dsr_rs_rewrite_sum() - update @check for data that has changed by @change */
static __always_inline __sum16 dsr_rs_rewrite_sum(__sum16 check, __wsum change)
{
	return csum_fold(csum_add(~csum_unfold(check), change));
}

/**
 * dsr_rs_rewrite_is_partial() - true if the device completes the UDP checksum
 * @skb: packet, data at the IP header
 * @thoff: offset of the UDP header
 *
 * In a tunnel such as VXLAN the device may complete the checksum of the inner
 * packet instead. The outer UDP checksum then is complete, unless the packet is
 * still to be segmented.
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
 * dsr_rs_rewrite_check() - update the checksum of TCP or UDP
 * @skb: packet
 * @family: family of the packet
 * @check: its checksum; for UDP not 0, unless @partial
 * @partial: the device completes the checksum
 * @addrs: change of the sum of the addresses
 * @ports: change of the sum of the ports
 * @ports: by what the sum of the ports has changed
 *
 * Context: any.
 */
static __always_inline void
dsr_rs_rewrite_check(struct sk_buff *skb, u8 family, __sum16 *check,
		     bool partial, __wsum addrs, __wsum ports)
{
	if (partial) {
		/* So far it covers the pseudo header, and is not inverted. */
		*check = ~csum_fold(csum_add(csum_unfold(*check), addrs));
		return;
	}
	*check = dsr_rs_rewrite_sum(*check, csum_add(addrs, ports));
	/* The new checksum compensates for the ports and the addresses. In IPv4
	 * the header checksum compensates for the addresses a second time.
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
