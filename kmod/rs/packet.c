// SPDX-License-Identifier: GPL-2.0
/*
 * packet - reading headers; see packet.h
 */

#include <linux/ip.h>
#include <linux/udp.h>
#include <net/ip.h>

#include "packet.h"

static bool parse_tcp(const struct sk_buff *skb, struct dsr_rs_packet *pkt)
{
	const struct tcphdr *th;

	th = skb_header_pointer(skb, pkt->thoff, sizeof(*th), &pkt->_th);
	if (!th || th->doff * 4 < sizeof(*th) ||
	    th->doff * 4 > skb->len - pkt->thoff)
		return false;
	pkt->th = th;
	return true;
}

static bool parse_udp(const struct sk_buff *skb, struct dsr_rs_packet *pkt)
{
	const struct udphdr *uh;
	struct udphdr _uh;

	uh = skb_header_pointer(skb, pkt->thoff, sizeof(_uh), &_uh);
	return uh && ntohs(uh->len) >= sizeof(*uh) &&
	       ntohs(uh->len) <= skb->len - pkt->thoff;
}

/**
 * dsr_rs_packet_parse() - look at a packet whose data starts at its IP header
 * @skb: packet, as a netfilter hook gets it
 * @request: it goes to the server; else to the client
 * @pkt: result; its ports and @th are set for TCP and UDP only, the rest but
 *	for %DSR_RS_PACKET_MALFORMED always
 *
 * Context: any.
 * Return: enum dsr_rs_packet_kind.
 */
enum dsr_rs_packet_kind dsr_rs_packet_parse(const struct sk_buff *skb,
					    bool request,
					    struct dsr_rs_packet *pkt)
{
	const struct iphdr *iph = ip_hdr(skb);
	enum dsr_rs_packet_kind kind;
	const __be16 *ports;
	__be16 _ports[2];

	pkt->tuple.client = request ? iph->saddr : iph->daddr;
	pkt->tuple.server = request ? iph->daddr : iph->saddr;
	pkt->tuple.proto = iph->protocol;
	pkt->thoff = iph->ihl * 4;
	pkt->tos = iph->tos;
	pkt->th = NULL;
	/* A raw socket can send anything. */
	if (iph->ihl < 5 || pkt->thoff > skb->len)
		return DSR_RS_PACKET_MALFORMED;
	if (iph->protocol != IPPROTO_TCP && iph->protocol != IPPROTO_UDP &&
	    iph->protocol != IPPROTO_ICMP)
		return DSR_RS_PACKET_OTHER;
	if (ip_is_fragment(iph))
		return DSR_RS_PACKET_FRAGMENT;

	switch (iph->protocol) {
	case IPPROTO_TCP:
		if (!parse_tcp(skb, pkt))
			return DSR_RS_PACKET_MALFORMED;
		kind = DSR_RS_PACKET_TCP;
		break;
	case IPPROTO_UDP:
		if (!parse_udp(skb, pkt))
			return DSR_RS_PACKET_MALFORMED;
		kind = DSR_RS_PACKET_UDP;
		break;
	default:
		return DSR_RS_PACKET_ICMP;
	}
	ports = skb_header_pointer(skb, pkt->thoff, sizeof(_ports), _ports);
	if (!ports)
		return DSR_RS_PACKET_MALFORMED;
	pkt->tuple.cport = ports[request ? 0 : 1];
	pkt->tuple.sport = ports[request ? 1 : 0];
	return kind;
}
