// SPDX-License-Identifier: GPL-2.0
/*
 * rewrite - other addresses and ports in a packet; see rewrite.h
 *
 * Checksums are updated by what has changed (RFC 1624), so a packet that was
 * damaged on its way stays recognisable as such.
 */

#include <linux/icmp.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/checksum.h>

#include "rewrite.h"

/* The device has summed up the packet, and a word of it changes that no
 * checksum in the packet makes up for.
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

/* @from: the ends so far */
static void tcp_rewrite(struct sk_buff *skb, struct tcphdr *th,
			const struct dsr_rs_ends *from,
			const struct dsr_rs_ends *to)
{
	inet_proto_csum_replace4(&th->check, skb, from->saddr, to->saddr, true);
	inet_proto_csum_replace4(&th->check, skb, from->daddr, to->daddr, true);
	inet_proto_csum_replace2(&th->check, skb, from->source, to->source,
				 false);
	inet_proto_csum_replace2(&th->check, skb, from->dest, to->dest, false);
	ports_write(&th->source, to);
}

static void udp_rewrite(struct sk_buff *skb, struct udphdr *uh,
			const struct dsr_rs_ends *from,
			const struct dsr_rs_ends *to)
{
	/* 0 says that the sender has made no checksum; but what is left for
	 * a device to complete may be 0 as well.
	 */
	if (!uh->check && skb->ip_summed != CHECKSUM_PARTIAL) {
		complete_replace(skb, (__force __be32)from->source,
				 (__force __be32)to->source);
		complete_replace(skb, (__force __be32)from->dest,
				 (__force __be32)to->dest);
		ports_write(&uh->source, to);
		return;
	}
	inet_proto_csum_replace4(&uh->check, skb, from->saddr, to->saddr, true);
	inet_proto_csum_replace4(&uh->check, skb, from->daddr, to->daddr, true);
	inet_proto_csum_replace2(&uh->check, skb, from->source, to->source,
				 false);
	inet_proto_csum_replace2(&uh->check, skb, from->dest, to->dest, false);
	ports_write(&uh->source, to);
	if (!uh->check)
		uh->check = CSUM_MANGLED_0;
}

static void ip_rewrite(struct iphdr *iph, __be32 saddr, __be32 daddr)
{
	csum_replace4(&iph->check, iph->saddr, saddr);
	csum_replace4(&iph->check, iph->daddr, daddr);
	iph->saddr = saddr;
	iph->daddr = daddr;
}

/**
 * dsr_rs_rewrite_packet() - give a TCP or UDP packet other ends
 * @skb: packet, data at the IP header, not a fragment; pointers into its
 *	headers are not valid afterwards
 * @thoff: where the transport header starts; it is all there
 * @to: the new ends
 *
 * Context: any.
 * Return: 0, or -%ENOMEM with nothing changed.
 */
int dsr_rs_rewrite_packet(struct sk_buff *skb, unsigned int thoff,
			  const struct dsr_rs_ends *to)
{
	bool tcp = ip_hdr(skb)->protocol == IPPROTO_TCP;
	struct dsr_rs_ends from;
	struct iphdr *iph;
	__be16 *ports;

	if (skb_ensure_writable(skb, thoff + (tcp ? sizeof(struct tcphdr) :
						    sizeof(struct udphdr))))
		return -ENOMEM;
	iph = ip_hdr(skb);
	ports = (__be16 *)(skb->data + thoff);
	from.saddr = iph->saddr;
	from.daddr = iph->daddr;
	from.source = ports[0];
	from.dest = ports[1];
	if (tcp)
		tcp_rewrite(skb, (struct tcphdr *)ports, &from, to);
	else
		udp_rewrite(skb, (struct udphdr *)ports, &from, to);
	ip_rewrite(iph, to->saddr, to->daddr);
	return 0;
}

/* The two below: a word in the ICMP message changes, and with it the checksum
 * of the message.
 */
static void quoted_replace2(struct sk_buff *skb, struct icmphdr *icmph,
			    __be16 *word, __be16 to)
{
	inet_proto_csum_replace2(&icmph->checksum, skb, *word, to, false);
	*word = to;
}

static void quoted_replace4(struct sk_buff *skb, struct icmphdr *icmph,
			    __be32 *word, __be32 to)
{
	inet_proto_csum_replace4(&icmph->checksum, skb, *word, to, false);
	*word = to;
}

/* Checksum of the quoted transport header after its ends have changed. */
static __sum16 quoted_check(__sum16 check, const struct dsr_rs_ends *from,
			    const struct dsr_rs_ends *to)
{
	csum_replace4(&check, from->saddr, to->saddr);
	csum_replace4(&check, from->daddr, to->daddr);
	csum_replace2(&check, from->source, to->source);
	csum_replace2(&check, from->dest, to->dest);
	return check;
}

/**
 * dsr_rs_rewrite_icmp() - give an ICMP error, and what it quotes, other ends
 * @skb: packet, data at the IP header, not a fragment; pointers into its
 *	headers are not valid afterwards
 * @at: where things are in it
 * @saddr: new source of the error
 * @daddr: new destination of the error
 * @quoted: new ends of the quoted TCP or UDP packet
 *
 * The checksum of the quoted transport header is kept right if it is quoted.
 *
 * Context: any.
 * Return: 0, or -%ENOMEM with nothing changed.
 */
int dsr_rs_rewrite_icmp(struct sk_buff *skb, const struct dsr_rs_quoted *at,
			__be32 saddr, __be32 daddr,
			const struct dsr_rs_ends *quoted)
{
	unsigned int len = skb->len - at->th, check_at;
	struct dsr_rs_ends from;
	struct icmphdr *icmph;
	struct iphdr *iph;
	__be16 *ports;
	__sum16 check;

	if (skb_ensure_writable(skb, at->th + min_t(unsigned int, len,
						    sizeof(struct tcphdr))))
		return -ENOMEM;
	icmph = (struct icmphdr *)(skb->data + at->icmp);
	iph = (struct iphdr *)(skb->data + at->ip);
	ports = (__be16 *)(skb->data + at->th);
	from.saddr = iph->saddr;
	from.daddr = iph->daddr;
	from.source = ports[0];
	from.dest = ports[1];

	if (iph->protocol == IPPROTO_TCP)
		check_at = offsetof(struct tcphdr, check);
	else
		check_at = offsetof(struct udphdr, check);
	if (check_at + sizeof(check) <= len) {
		__sum16 *p = (__sum16 *)(skb->data + at->th + check_at);

		check = quoted_check(*p, &from, quoted);
		if (iph->protocol == IPPROTO_UDP) {
			if (!*p)
				check = 0;
			else if (!check)
				check = CSUM_MANGLED_0;
		}
		quoted_replace2(skb, icmph, (__be16 *)p, (__force __be16)check);
	}
	quoted_replace2(skb, icmph, &ports[0], quoted->source);
	quoted_replace2(skb, icmph, &ports[1], quoted->dest);
	check = iph->check;
	csum_replace4(&check, from.saddr, quoted->saddr);
	csum_replace4(&check, from.daddr, quoted->daddr);
	quoted_replace2(skb, icmph, (__be16 *)&iph->check,
			(__force __be16)check);
	quoted_replace4(skb, icmph, &iph->saddr, quoted->saddr);
	quoted_replace4(skb, icmph, &iph->daddr, quoted->daddr);

	ip_rewrite(ip_hdr(skb), saddr, daddr);
	return 0;
}
