// SPDX-License-Identifier: GPL-2.0
/*
 * rewrite - rewrite addresses and ports; see rewrite.h
 *
 * Checksums are updated incrementally (RFC 1624), so a packet that was damaged
 * on its way stays recognisable as such.
 */

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/sctp.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/dsfield.h>

#include "addr.h"
#include "chain.h"
#include "datapath/rewrite.h"

/* CHECKSUM_COMPLETE: account for a changed word that no checksum in the packet
 * compensates for.
 */
static void complete_replace(struct sk_buff *skb, __be32 from, __be32 to)
{
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->csum = csum_add(csum_sub(skb->csum, (__force __wsum)from),
				     (__force __wsum)to);
}

static void ports_write(__be16 *ports, const struct dsr_rs_ends *to)
{
	ports[0] = to->source;
	ports[1] = to->dest;
}

static __wsum addr_change(u8 family, const union nf_inet_addr *from,
			  const union nf_inet_addr *to)
{
	return likely(family == AF_INET) ?
	       dsr_rs_rewrite_change(from->ip, to->ip) :
	       dsr_rs_rewrite_change6(&from->in6, &to->in6);
}

static __wsum port_change(__be16 from, __be16 to)
{
	return csum_sub((__force __wsum)to, (__force __wsum)from);
}

/* Update a TCP or UDP checksum for both addresses and both ports. */
static void check_replace(struct sk_buff *skb, u8 family, __sum16 *check,
			  bool partial, const struct dsr_rs_ends *from,
			  const struct dsr_rs_ends *to)
{
	__wsum ports = csum_add(port_change(from->source, to->source),
				port_change(from->dest, to->dest));

	dsr_rs_rewrite_check(skb, family, check, partial,
			     csum_add(addr_change(family, &from->saddr,
						  &to->saddr),
				      addr_change(family, &from->daddr,
						  &to->daddr)), ports);
}

/* UDP without a checksum: account for the ports and, in IPv6, for the
 * addresses. In IPv4 the header checksum compensates for the addresses.
 */
static void complete_replace_all(struct sk_buff *skb, u8 family,
				 const struct dsr_rs_ends *from,
				 const struct dsr_rs_ends *to)
{
	int i;

	complete_replace(skb, (__force __be32)from->source,
			 (__force __be32)to->source);
	complete_replace(skb, (__force __be32)from->dest,
			 (__force __be32)to->dest);
	if (family == AF_INET)
		return;
	for (i = 0; i < 4; i++) {
		complete_replace(skb, from->saddr.ip6[i], to->saddr.ip6[i]);
		complete_replace(skb, from->daddr.ip6[i], to->daddr.ip6[i]);
	}
}

static void udp_rewrite(struct sk_buff *skb, u8 family, struct udphdr *uh,
			unsigned int thoff, const struct dsr_rs_ends *from,
			const struct dsr_rs_ends *to)
{
	bool partial = dsr_rs_rewrite_is_partial(skb, thoff);

		/* 0 means that the sender has made no checksum; in IPv6 the
		 * socket decides if it accepts that (RFC 6936, section 5). A
		 * checksum that the device has yet to complete may be 0, too.
		 */
	if (!uh->check && !partial) {
		complete_replace_all(skb, family, from, to);
		ports_write(&uh->source, to);
		return;
	}
	check_replace(skb, family, &uh->check, partial, from, to);
	ports_write(&uh->source, to);
	if (!uh->check)
		uh->check = CSUM_MANGLED_0;
}

/* x^(8 * 2^n) modulo the polynomial of CRC32c, bits reflected: the factor for a
 * register that 2^n zero bytes follow.
 */
static const u32 crc_shift[] = {
	0x00800000, 0x00008000, 0x82f63b78, 0x6ea2d55c,
	0x18b8ea18, 0x510ac59a, 0xb82be955, 0xb8fdb1e7,
	0x88e56f72, 0x74c360a4, 0xe4172b16, 0x0d65762a,
	0x35d73a62, 0x28461564, 0xbf455269, 0xe2ea32dc,
};

#define CRC32C_POLY	0x82f63b78

static u32 crc_multiply(u32 a, u32 b)
{
	u32 product = 0;

	/* The highest bit is the coefficient of x^0. */
	for (; a; a <<= 1) {
		if (a & BIT(31))
			product ^= b;
		b = b >> 1 ^ (b & 1 ? CRC32C_POLY : 0);
	}
	return product;
}

/**
 * dsr_rs_rewrite_crc() - return the change of a CRC32c by the first four bytes
 * @change: old four bytes XOR new four bytes, little endian
 * @len: length that the CRC covers, up to 65535 bytes
 *
 * A CRC is linear: the CRC of a difference is the difference of the CRCs. So
 * the rest of the packet need not be read, and damage stays visible.
 *
 * Return: the old CRC XOR the new one.
 */
u32 dsr_rs_rewrite_crc(u32 change, unsigned int len)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(crc_shift); i++)
		if (len & BIT(i))
			change = crc_multiply(crc_shift[i], change);
	return change;
}

/* SCTP has no pseudo header (RFC 9260, section 6.8): only the ports count. */
static void sctp_rewrite(struct sk_buff *skb, struct sctphdr *sh,
			 unsigned int thoff, const struct dsr_rs_ends *from,
			 const struct dsr_rs_ends *to)
{
	__le32 before, after;

	memcpy(&before, sh, sizeof(before));
	ports_write(&sh->source, to);
	memcpy(&after, sh, sizeof(after));
	/* The stack does not use such a sum for SCTP anyway. */
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->ip_summed = CHECKSUM_NONE;
	/* A checksum still to be computed, also for each segment of a GSO
	 * packet, is not in the field yet.
	 */
	if (skb->ip_summed != CHECKSUM_PARTIAL && before != after)
		sh->checksum ^=
			cpu_to_le32(dsr_rs_rewrite_crc(le32_to_cpu(before ^
								   after),
						       skb->len - thoff));
}

static void addresses_write(struct sk_buff *skb, u8 family,
			    const union nf_inet_addr *saddr,
			    const union nf_inet_addr *daddr)
{
	struct ipv6hdr *ip6h;
	struct iphdr *iph;

	if (likely(family == AF_INET)) {
		iph = ip_hdr(skb);
		csum_replace4(&iph->check, iph->saddr, saddr->ip);
		csum_replace4(&iph->check, iph->daddr, daddr->ip);
		iph->saddr = saddr->ip;
		iph->daddr = daddr->ip;
	} else {
		ip6h = ipv6_hdr(skb);
		ip6h->saddr = saddr->in6;
		ip6h->daddr = daddr->in6;
	}
}

static void ends_read(const void *ip, u8 family, const __be16 *ports,
		      struct dsr_rs_ends *ends)
{
	const struct ipv6hdr *ip6h = ip;
	const struct iphdr *iph = ip;

	if (likely(family == AF_INET)) {
		ends->saddr.ip = iph->saddr;
		ends->daddr.ip = iph->daddr;
	} else {
		ends->saddr.in6 = ip6h->saddr;
		ends->daddr.in6 = ip6h->daddr;
	}
	ends->source = ports[0];
	ends->dest = ports[1];
}

static unsigned int header_size(u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return sizeof(struct tcphdr);
	case IPPROTO_UDP:
		return sizeof(struct udphdr);
	default:
		return sizeof(struct sctphdr);
	}
}

/* @thoff: offset of the transport header from the IP header */
static void ends_write(struct sk_buff *skb, u8 family, u8 proto,
		       unsigned int thoff, const struct dsr_rs_ends *to)
{
	struct dsr_rs_ends from __uninitialized;
	void *ip = skb_network_header(skb);
	void *th = ip + thoff;

	ends_read(ip, family, th, &from);
	switch (proto) {
	case IPPROTO_TCP:
		check_replace(skb, family, &((struct tcphdr *)th)->check,
			      skb->ip_summed == CHECKSUM_PARTIAL, &from, to);
		ports_write(th, to);
		break;
	case IPPROTO_UDP:
		udp_rewrite(skb, family, th, thoff, &from, to);
		break;
	default:
		sctp_rewrite(skb, th, thoff, &from, to);
		break;
	}
	addresses_write(skb, family, &to->saddr, &to->daddr);
}

/**
 * dsr_rs_rewrite_packet() - give a TCP, UDP or SCTP packet other ends
 * @skb: packet, or a chain of packets, data at the IP header, not a fragment;
 *	pointers into its headers are not valid afterwards
 * @family: family of the packet
 * @proto: protocol of the packet
 * @thoff: offset of the transport header, which is complete
 * @to: the new ends
 *
 * Context: any.
 * Return: 0, or -%ENOMEM with nothing changed.
 */
int dsr_rs_rewrite_packet(struct sk_buff *skb, u8 family, u8 proto,
			  unsigned int thoff, const struct dsr_rs_ends *to)
{
	struct sk_buff *packet;

	if (skb_ensure_writable(skb, thoff + header_size(proto)) ||
	    (unlikely(dsr_chain_is(skb)) && !dsr_chain_own(skb)))
		return -ENOMEM;
	ends_write(skb, family, proto, thoff, to);
	if (unlikely(dsr_chain_is(skb)))
		skb_walk_frags(skb, packet)
			ends_write(packet, family, proto, thoff, to);
	return 0;
}

static void tos_write(struct sk_buff *skb, u8 family, u8 bits)
{
	__be32 *word, from;

	if (family == AF_INET) {
		if (ip_hdr(skb)->tos & bits)
			ipv4_change_dsfield(ip_hdr(skb), ~bits, 0);
		return;
	}
	word = (__be32 *)ipv6_hdr(skb);
	from = *word;
	*word &= ~htonl((u32)bits << 20);
	if (*word != from)
		complete_replace(skb, from, *word);
}

/**
 * dsr_rs_rewrite_tos() - clear bits of the TOS byte or traffic class
 * @skb: packet, or a chain of packets, data at the IP header, which is writable
 * @family: AF_INET or AF_INET6
 * @bits: bits to clear
 *
 * The IPv4 header checksum compensates for the change; in IPv6 nothing does.
 *
 * Context: any.
 */
void dsr_rs_rewrite_tos(struct sk_buff *skb, u8 family, u8 bits)
{
	struct sk_buff *packet;

	if (!bits)
		return;
	tos_write(skb, family, bits);
	if (unlikely(dsr_chain_is(skb)))
		skb_walk_frags(skb, packet)
			tos_write(packet, family, bits);
}

/* The next two change a word of an ICMP message, and update the message's
 * checksum.
 */
static void quoted_replace2(struct sk_buff *skb, __sum16 *sum, __be16 *word,
			    __be16 to)
{
	inet_proto_csum_replace2(sum, skb, *word, to, false);
	*word = to;
}

static void quoted_replace4(struct sk_buff *skb, __sum16 *sum, __be32 *word,
			    __be32 to)
{
	inet_proto_csum_replace4(sum, skb, *word, to, false);
	*word = to;
}

/* Return a quoted transport header's checksum after its ends have changed. */
static __sum16 quoted_check(__sum16 check, u8 family,
			    const struct dsr_rs_ends *from,
			    const struct dsr_rs_ends *to)
{
	int i;

	for (i = 0; i < (family == AF_INET ? 1 : 4); i++) {
		csum_replace4(&check, from->saddr.ip6[i], to->saddr.ip6[i]);
		csum_replace4(&check, from->daddr.ip6[i], to->daddr.ip6[i]);
	}
	csum_replace2(&check, from->source, to->source);
	csum_replace2(&check, from->dest, to->dest);
	return check;
}

/* Rewrite the quoted ports, and update the quoted transport checksum if the
 * quotation includes it. The checksum of SCTP is left: the length that it
 * covers is unknown.
 */
static void quoted_transport(struct sk_buff *skb, u8 family, __sum16 *sum,
			     const struct dsr_rs_quoted *at,
			     const struct dsr_rs_ends *from,
			     const struct dsr_rs_ends *to)
{
	__be16 *ports = (__be16 *)(skb->data + at->th);
	__sum16 *field, check;
	unsigned int check_at;

	check_at = at->th + (at->proto == IPPROTO_TCP ?
			     offsetof(struct tcphdr, check) :
			     offsetof(struct udphdr, check));
	if (at->proto != IPPROTO_SCTP && check_at + sizeof(check) <= skb->len) {
		field = (__sum16 *)(skb->data + check_at);
		check = quoted_check(*field, family, from, to);
		if (at->proto == IPPROTO_UDP) {
			if (!*field)
				check = 0;
			else if (!check)
				check = CSUM_MANGLED_0;
		}
		quoted_replace2(skb, sum, (__be16 *)field,
				(__force __be16)check);
	}
	quoted_replace2(skb, sum, &ports[0], to->source);
	quoted_replace2(skb, sum, &ports[1], to->dest);
}

static void quoted_addresses4(struct sk_buff *skb, __sum16 *sum,
			      struct iphdr *iph, const struct dsr_rs_ends *to)
{
	__sum16 check = iph->check;

	csum_replace4(&check, iph->saddr, to->saddr.ip);
	csum_replace4(&check, iph->daddr, to->daddr.ip);
	quoted_replace2(skb, sum, (__be16 *)&iph->check,
			(__force __be16)check);
	quoted_replace4(skb, sum, &iph->saddr, to->saddr.ip);
	quoted_replace4(skb, sum, &iph->daddr, to->daddr.ip);
}

static void quoted_addresses6(struct sk_buff *skb, __sum16 *sum,
			      struct ipv6hdr *ip6h,
			      const struct dsr_rs_ends *to)
{
	int i;

	for (i = 0; i < 4; i++) {
		quoted_replace4(skb, sum, &ip6h->saddr.s6_addr32[i],
				to->saddr.ip6[i]);
		quoted_replace4(skb, sum, &ip6h->daddr.s6_addr32[i],
				to->daddr.ip6[i]);
	}
}

/**
 * dsr_rs_rewrite_icmp() - rewrite an ICMP error and the packet that it quotes
 * @skb: packet, data at the IP header, not a fragment; pointers into its
 *	headers are not valid afterwards
 * @family: family of the packet
 * @at: offsets in the packet
 * @saddr: new source of the error
 * @daddr: new destination of the error
 * @quoted: new ends of the quoted packet
 *
 * Context: any.
 * Return: 0, or -%ENOMEM with nothing changed.
 */
int dsr_rs_rewrite_icmp(struct sk_buff *skb, u8 family,
			const struct dsr_rs_quoted *at,
			const union nf_inet_addr *saddr,
			const union nf_inet_addr *daddr,
			const struct dsr_rs_ends *quoted)
{
	unsigned int len = min_t(unsigned int, skb->len - at->th,
				 sizeof(struct tcphdr));
	struct dsr_rs_ends from;
	__sum16 *sum;
	void *ip;

	if (skb_ensure_writable(skb, at->th + len))
		return -ENOMEM;
	ip = skb->data + at->ip;
	sum = family == AF_INET ?
	      &((struct icmphdr *)(skb->data + at->icmp))->checksum :
	      &((struct icmp6hdr *)(skb->data + at->icmp))->icmp6_cksum;
	ends_read(ip, family, (__be16 *)(skb->data + at->th), &from);
	quoted_transport(skb, family, sum, at, &from, quoted);
	if (family == AF_INET) {
		quoted_addresses4(skb, sum, ip, quoted);
	} else {
		quoted_addresses6(skb, sum, ip, quoted);
		ip = skb_network_header(skb);
		inet_proto_csum_replace16(sum, skb,
					  ((struct ipv6hdr *)ip)->saddr.s6_addr32,
					  saddr->ip6, true);
		inet_proto_csum_replace16(sum, skb,
					  ((struct ipv6hdr *)ip)->daddr.s6_addr32,
					  daddr->ip6, true);
	}
	addresses_write(skb, family, saddr, daddr);
	return 0;
}
