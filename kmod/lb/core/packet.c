// SPDX-License-Identifier: GPL-2.0
/* packet - parsing; checks each length before the read; see packet.h */

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/sctp.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/tcp.h>

#include "core/packet.h"

/* Read the ports of the packet that an ICMP error quotes, and swap them: the
 * quoted packet went from the VIP to the client. RFC 792 guarantees eight bytes
 * after the IP header; the ports take four.
 */
static bool parse_quoted_ports(const struct sk_buff *skb, unsigned int offset,
			       struct dsr_packet *pkt)
{
	__be16 _ports[2], *ports;

	ports = skb_header_pointer(skb, offset, sizeof(_ports), _ports);
	if (!ports)
		return false;
	pkt->tuple.sport = ports[1];
	pkt->tuple.dport = ports[0];
	pkt->event = DSR_EVENT_DATA;
	pkt->kind = DSR_PACKET_ICMP_ERROR;
	return true;
}

static bool parse_portless(u8 kind, struct dsr_packet *pkt)
{
	pkt->tuple.ports = 0;
	pkt->event = DSR_EVENT_DATA;
	pkt->kind = kind;
	return true;
}

static bool parse_quoted4(const struct sk_buff *skb, unsigned int offset,
			  struct dsr_packet *pkt, enum dsr_reason *reason)
{
	struct iphdr _iph, *iph;

	*reason = DSR_DROP_MALFORMED;
	iph = skb_header_pointer(skb, offset, sizeof(_iph), &_iph);
	if (!iph || iph->version != 4 || iph->ihl < 5)
		return false;

	*reason = DSR_PASS_ICMP_UNRELATED;
	/* An error is sent to the source of the packet that it quotes. Of all
	 * fragments only the first has ports.
	 */
	if (iph->saddr != pkt->tuple.v4.daddr ||
	    (iph->frag_off & htons(IP_OFFSET)) ||
	    iph->protocol == IPPROTO_ICMP)
		return false;

	*reason = DSR_DROP_MALFORMED;
	pkt->tuple.proto = iph->protocol;
	pkt->tuple.v4.saddr = iph->daddr;
	if (!dsr_packet_is_balanced(iph->protocol))
		return parse_portless(DSR_PACKET_ICMP_ERROR, pkt);
	return parse_quoted_ports(skb, offset + iph->ihl * 4, pkt);
}

/**
 * dsr_packet_parse_rest4() - parse IPv4 packets other than TCP, UDP and SCTP
 * @skb: packet
 * @offset: offset of the header after the IP header
 * @pkt: parsed packet; the fields from the IP header are set
 * @reason: as for dsr_packet_parse()
 *
 * Return: as dsr_packet_parse().
 */
bool dsr_packet_parse_rest4(const struct sk_buff *skb, unsigned int offset,
			    struct dsr_packet *pkt, enum dsr_reason *reason)
{
	struct icmphdr _icmph, *icmph;

	if (pkt->tuple.proto != IPPROTO_ICMP)
		return parse_portless(DSR_PACKET_PORTLESS, pkt);
	icmph = skb_header_pointer(skb, offset, sizeof(_icmph), &_icmph);
	if (!icmph) {
		*reason = DSR_DROP_MALFORMED;
		return false;
	}
	switch (icmph->type) {
	case ICMP_DEST_UNREACH:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETERPROB:
		return parse_quoted4(skb, offset + sizeof(_icmph), pkt,
				     reason);
	case ICMP_ECHO:
		pkt->kind = DSR_PACKET_ECHO;
		pkt->event = DSR_EVENT_DATA;
		pkt->tuple.sport = 0;
		pkt->tuple.dport = icmph->un.echo.id;
		return true;
	default:
		*reason = DSR_PASS_NO_SERVICE;
		return false;
	}
}

/* Skip the extension headers from @offset on.
 *
 * Return: true if another header follows. Then @proto and @offset are those of
 * that header. If there is a fragment header, @frag_off is its offset field.
 */
static bool skip_extensions(const struct sk_buff *skb, unsigned int *offset,
			    u8 *proto, __be16 *frag_off)
{
	int end = ipv6_skip_exthdr(skb, *offset, proto, frag_off);

	if (end < 0)
		return false;
	*offset = end;
	return true;
}

static bool parse_quoted6(const struct sk_buff *skb, unsigned int offset,
			  struct dsr_packet *pkt, enum dsr_reason *reason)
{
	struct ipv6hdr _ip6h, *ip6h;
	__be16 frag_off = 0;
	u8 proto;

	*reason = DSR_DROP_MALFORMED;
	ip6h = skb_header_pointer(skb, offset, sizeof(_ip6h), &_ip6h);
	if (!ip6h || ip6h->version != 6)
		return false;
	proto = ip6h->nexthdr;
	if (!ipv6_addr_equal(&ip6h->saddr, &pkt->tuple.v6.daddr)) {
		*reason = DSR_PASS_ICMP_UNRELATED;
		return false;
	}
	pkt->tuple.v6.saddr = ip6h->daddr;
	offset += sizeof(_ip6h);
	if (!skip_extensions(skb, &offset, &proto, &frag_off))
		return false;
	if ((frag_off & htons(IP6_OFFSET)) || proto == IPPROTO_ICMPV6) {
		*reason = DSR_PASS_ICMP_UNRELATED;
		return false;
	}
	pkt->tuple.proto = proto;
	if (!dsr_packet_is_balanced(proto))
		return parse_portless(DSR_PACKET_ICMP_ERROR, pkt);
	return parse_quoted_ports(skb, offset, pkt);
}

static bool parse_icmp6(const struct sk_buff *skb, unsigned int offset,
			struct dsr_packet *pkt, enum dsr_reason *reason)
{
	struct icmp6hdr _icmph, *icmph;

	icmph = skb_header_pointer(skb, offset, sizeof(_icmph), &_icmph);
	if (!icmph) {
		*reason = DSR_DROP_MALFORMED;
		return false;
	}
	switch (icmph->icmp6_type) {
	case ICMPV6_DEST_UNREACH:
	case ICMPV6_PKT_TOOBIG:
	case ICMPV6_TIME_EXCEED:
	case ICMPV6_PARAMPROB:
		return parse_quoted6(skb, offset + sizeof(_icmph), pkt,
				     reason);
	case ICMPV6_ECHO_REQUEST:
		pkt->kind = DSR_PACKET_ECHO;
		pkt->event = DSR_EVENT_DATA;
		pkt->tuple.sport = 0;
		pkt->tuple.dport = icmph->icmp6_identifier;
		return true;
	default:
		*reason = DSR_PASS_NO_SERVICE;
		return false;
	}
}

/**
 * dsr_packet_parse_rest6() - parse other IPv6 packets, and extension headers
 * @skb: packet; no TCP, UDP or SCTP header follows its IPv6 header directly
 * @pkt: parsed packet; the fields from the IPv6 header are set
 * @reason: as for dsr_packet_parse()
 *
 * Return: as dsr_packet_parse().
 */
bool dsr_packet_parse_rest6(const struct sk_buff *skb,
			    struct dsr_packet *pkt, enum dsr_reason *reason)
{
	unsigned int offset = skb_network_offset(skb) + sizeof(struct ipv6hdr);
	u8 proto = pkt->tuple.proto;
	__be16 frag_off = 0;

	if (ipv6_ext_hdr(proto) &&
	    !skip_extensions(skb, &offset, &proto, &frag_off)) {
		*reason = DSR_DROP_MALFORMED;
		return false;
	}
	/* Reassembly runs before us and takes atomic fragments (RFC 6946), too.
	 * A fragment here was exempted from it.
	 */
	if (frag_off) {
		*reason = DSR_DROP_FRAGMENT;
		return false;
	}
	pkt->tuple.proto = proto;
	if (dsr_packet_is_balanced(proto)) {
		*reason = DSR_DROP_MALFORMED;
		return dsr_packet_parse_transport(skb, offset, pkt);
	}
	if (proto == IPPROTO_ICMPV6)
		return parse_icmp6(skb, offset, pkt, reason);
	return parse_portless(DSR_PACKET_PORTLESS, pkt);
}

/**
 * dsr_packet_prove() - set dsr_packet.proof
 * @skb: packet
 * @pkt: result of dsr_packet_parse(), a packet of a connection
 *
 * The proof is the upper half of the TCP sequence number, or the lower half of
 * the SCTP verification tag. Not part of parsing, since few packets need it: a
 * packet that changes the state of its connection, and one a second.
 *
 * Context: any.
 */
void dsr_packet_prove(const struct sk_buff *skb, struct dsr_packet *pkt)
{
	int offset = skb_network_offset(skb);
	__be32 _number, *number;
	__be16 fragment;
	u8 proto;

	pkt->proof = 0;
	if (pkt->tuple.family == AF_INET) {
		offset += ip_hdrlen(skb);
	} else {
		proto = ipv6_hdr(skb)->nexthdr;
		offset = ipv6_skip_exthdr(skb, offset + sizeof(struct ipv6hdr),
					  &proto, &fragment);
		if (offset < 0)
			return;
	}
	/* Both numbers are the word after the ports. */
	BUILD_BUG_ON(offsetof(struct tcphdr, seq) != 4 ||
		     offsetof(struct sctphdr, vtag) != 4);
	number = skb_header_pointer(skb, offset + 4, sizeof(_number), &_number);
	if (!number)
		return;
	switch (pkt->tuple.proto) {
	case IPPROTO_TCP:
		pkt->proof = ntohl(*number) >> 16;
		break;
	case IPPROTO_SCTP:
		pkt->proof = ntohl(*number);
		break;
	}
}
