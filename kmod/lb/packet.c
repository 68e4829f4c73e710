// SPDX-License-Identifier: GPL-2.0
/* packet - parsing, with every length checked before the read; see packet.h */

#include <linux/icmp.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/tcp.h>

#include "packet.h"

/* The tuple of the packet that an ICMP error quotes, turned round: the quoted
 * one went from the VIP to the client. RFC 792 promises the IP header and
 * eight bytes after it, which is all that ports need.
 */
static bool parse_quoted(const struct sk_buff *skb, unsigned int offset,
			 __be32 vip, struct dsr_packet *packet,
			 enum dsr_reason *reason)
{
	struct iphdr _iph, *iph;
	__be16 _ports[2], *ports;

	*reason = DSR_DROP_MALFORMED;
	iph = skb_header_pointer(skb, offset, sizeof(_iph), &_iph);
	if (!iph || iph->version != 4 || iph->ihl < 5)
		return false;

	*reason = DSR_PASS_ICMP_UNRELATED;
	/* An error goes to the source of what it quotes, and of all fragments
	 * only the first has ports.
	 */
	if (iph->saddr != vip || (iph->frag_off & htons(IP_OFFSET)))
		return false;
	if (iph->protocol != IPPROTO_TCP && iph->protocol != IPPROTO_UDP)
		return false;

	*reason = DSR_DROP_MALFORMED;
	ports = skb_header_pointer(skb, offset + iph->ihl * 4, sizeof(_ports),
				   _ports);
	if (!ports)
		return false;

	packet->tuple = (struct dsr_tuple) {
		.sport = ports[1],
		.dport = ports[0],
		.proto = iph->protocol,
		.family = AF_INET,
		.v4.saddr = iph->daddr,
		.v4.daddr = iph->saddr,
	};
	packet->icmp_error = true;
	return true;
}

static bool parse_icmp(const struct sk_buff *skb, unsigned int offset,
		       __be32 vip, struct dsr_packet *packet,
		       enum dsr_reason *reason)
{
	struct icmphdr _icmph, *icmph;

	icmph = skb_header_pointer(skb, offset, sizeof(_icmph), &_icmph);
	if (!icmph) {
		*reason = DSR_DROP_MALFORMED;
		return false;
	}
	switch (icmph->type) {
	case ICMP_DEST_UNREACH:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETERPROB:
		return parse_quoted(skb, offset + sizeof(_icmph), vip, packet,
				    reason);
	default:
		*reason = DSR_PASS_PROTOCOL;
		return false;
	}
}

/**
 * dsr_packet_parse() - read what matters of an IPv4 packet
 * @skb: packet; its network header is set and has been checked by ip_rcv()
 * @packet: filled in if this returns true
 * @reason: set if this returns false: how to leave the packet
 *
 * Context: any.
 * Return: whether the packet can belong to a connection.
 */
bool dsr_packet_parse(const struct sk_buff *skb, struct dsr_packet *packet,
		      enum dsr_reason *reason)
{
	const struct iphdr *iph = ip_hdr(skb);
	unsigned int offset = skb_network_offset(skb) + iph->ihl * 4;
	struct tcphdr _tcph, *tcph;
	struct udphdr _udph, *udph;

	packet->tcp_flags = 0;
	packet->icmp_error = false;

	/* Defragmentation runs before us; what still is a fragment was kept
	 * from it on purpose, and no port tells where it belongs.
	 */
	if (unlikely(ip_is_fragment(iph))) {
		*reason = DSR_DROP_FRAGMENT;
		return false;
	}

	packet->tuple = (struct dsr_tuple) {
		.proto = iph->protocol,
		.family = AF_INET,
		.v4.saddr = iph->saddr,
		.v4.daddr = iph->daddr,
	};
	*reason = DSR_DROP_MALFORMED;
	switch (iph->protocol) {
	case IPPROTO_TCP:
		tcph = skb_header_pointer(skb, offset, sizeof(_tcph), &_tcph);
		if (!tcph || tcph->doff < sizeof(_tcph) / 4)
			return false;
		packet->tuple.sport = tcph->source;
		packet->tuple.dport = tcph->dest;
		packet->tcp_flags = tcp_flag_byte(tcph);
		return true;
	case IPPROTO_UDP:
		udph = skb_header_pointer(skb, offset, sizeof(_udph), &_udph);
		if (!udph || ntohs(udph->len) < sizeof(_udph))
			return false;
		packet->tuple.sport = udph->source;
		packet->tuple.dport = udph->dest;
		return true;
	case IPPROTO_ICMP:
		return parse_icmp(skb, offset, iph->daddr, packet, reason);
	default:
		*reason = DSR_PASS_PROTOCOL;
		return false;
	}
}
