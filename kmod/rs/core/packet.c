// SPDX-License-Identifier: GPL-2.0
/*
 * packet - parse headers; see packet.h
 */

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/sctp.h>
#include <linux/udp.h>
#include <net/dsfield.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "core/packet.h"

#define EXTENSIONS_MAX	16

static bool parse_tcp(const struct sk_buff *skb, struct dsr_rs_packet *pkt)
{
	const struct tcphdr *th;

	th = skb_header_pointer(skb, pkt->thoff, sizeof(*th), &pkt->_th);
	if (!th || th->doff * 4 < sizeof(*th) ||
	    th->doff * 4 > skb->len - pkt->thoff)
		return false;
	pkt->th = th;
	pkt->event = dsr_event_tcp(tcp_flag_byte(th));
	pkt->answer = th->syn && th->ack;
	return true;
}

static bool parse_udp(const struct sk_buff *skb, struct dsr_rs_packet *pkt)
{
	const struct udphdr *uh;
	struct udphdr _uh;

	uh = skb_header_pointer(skb, pkt->thoff, sizeof(_uh), &_uh);
	if (!uh)
		return false;
		/* An IPv6 jumbogram has length 0 (RFC 2675). */
	if (!uh->len && pkt->tuple.family == AF_INET6)
		return true;
	return ntohs(uh->len) >= sizeof(*uh) &&
	       ntohs(uh->len) <= skb->len - pkt->thoff;
}

/* An SCTP packet without a chunk is malformed (RFC 9260, section 3). */
static bool parse_sctp(const struct sk_buff *skb, struct dsr_rs_packet *pkt)
{
	const struct sctp_chunkhdr *ch;
	struct sctp_chunkhdr _ch;

	ch = skb_header_pointer(skb, pkt->thoff + sizeof(struct sctphdr),
				sizeof(_ch), &_ch);
	if (!ch || ntohs(ch->length) < sizeof(*ch))
		return false;
	pkt->event = dsr_event_sctp(ch->type);
	pkt->answer = ch->type == SCTP_CID_INIT_ACK;
	return true;
}

static bool is_flow(u8 proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP ||
	       proto == IPPROTO_SCTP;
}

static enum dsr_rs_packet_kind parse_transport(const struct sk_buff *skb,
					       bool request,
					       struct dsr_rs_packet *pkt)
{
	const __be16 *ports;
	__be16 _ports[2];
	bool whole;

	switch (pkt->tuple.proto) {
	case IPPROTO_TCP:
		whole = parse_tcp(skb, pkt);
		break;
	case IPPROTO_UDP:
		whole = parse_udp(skb, pkt);
		break;
	default:
		whole = parse_sctp(skb, pkt);
		break;
	}
	ports = skb_header_pointer(skb, pkt->thoff, sizeof(_ports), _ports);
	if (!whole || !ports)
		return DSR_RS_PACKET_MALFORMED;
	pkt->tuple.cport = ports[request ? 0 : 1];
	pkt->tuple.sport = ports[request ? 1 : 0];
	return DSR_RS_PACKET_FLOW;
}

static enum dsr_rs_packet_kind parse4(const struct sk_buff *skb, bool request,
				      struct dsr_rs_packet *pkt)
{
	const struct iphdr *iph = ip_hdr(skb);

	pkt->tuple.client.ip = request ? iph->saddr : iph->daddr;
	pkt->tuple.server.ip = request ? iph->daddr : iph->saddr;
	pkt->tuple.proto = iph->protocol;
	pkt->thoff = iph->ihl * 4;
	pkt->tos = iph->tos;
	/* Do not trust the header: a raw socket can send anything. */
	if (iph->ihl < 5 || pkt->thoff > skb->len)
		return DSR_RS_PACKET_MALFORMED;
	if (!is_flow(iph->protocol) && iph->protocol != IPPROTO_ICMP)
		return DSR_RS_PACKET_OTHER;
	if (ip_is_fragment(iph))
		return DSR_RS_PACKET_FRAGMENT;
	if (iph->protocol == IPPROTO_ICMP)
		return DSR_RS_PACKET_ICMP;
	return parse_transport(skb, request, pkt);
}

static enum dsr_rs_packet_kind parse6(const struct sk_buff *skb, bool request,
				      int ifindex, struct dsr_rs_packet *pkt)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	bool fragment = false;
	int thoff;

	pkt->tuple.client.in6 = request ? ip6h->saddr : ip6h->daddr;
	pkt->tuple.server.in6 = request ? ip6h->daddr : ip6h->saddr;
	pkt->tuple.zone = dsr_rs_tuple_zone(AF_INET6, &pkt->tuple.client,
					    ifindex);
	pkt->tuple.proto = ip6h->nexthdr;
	pkt->tos = ipv6_get_dsfield(ip6h);
	thoff = dsr_rs_packet_skip(skb, sizeof(*ip6h), &pkt->tuple.proto,
				   &fragment);
	if (thoff < 0)
		return DSR_RS_PACKET_MALFORMED;
	pkt->thoff = thoff;
	/* Report atomic fragments (RFC 6946) too: the stack reassembles them
	 * before this hook.
	 */
	if (fragment)
		return DSR_RS_PACKET_FRAGMENT;
	if (pkt->tuple.proto == IPPROTO_ICMPV6)
		return DSR_RS_PACKET_ICMP;
	if (!is_flow(pkt->tuple.proto))
		return DSR_RS_PACKET_OTHER;
	return parse_transport(skb, request, pkt);
}

/**
 * dsr_rs_packet_skip() - skip the extension headers of an IPv6 packet
 * @skb: packet
 * @at: offset of the first extension header
 * @proto: type of that header; set to the type of the first header that is not
 *	skipped
 * @fragment: set to true if there is a fragment header; a first fragment's
 *	header is skipped, a later fragment's is not
 *
 * Stop at an authentication header, and at a routing header with segments left,
 * which sends the packet to another destination than its header says: the
 * addresses of such packets cannot be rewritten.
 *
 * Context: any.
 * Return: offset of the first header that is not skipped; -1 if the packet ends
 * before it, or has more extension headers than any sender needs.
 */
int dsr_rs_packet_skip(const struct sk_buff *skb, unsigned int at, u8 *proto,
		       bool *fragment)
{
	struct frag_hdr _hdr, *hdr;
	u32 left = EXTENSIONS_MAX;

	*fragment = false;
	while (ipv6_ext_hdr(*proto) && *proto != NEXTHDR_NONE &&
	       *proto != NEXTHDR_AUTH) {
		/* All are at least 8 bytes long, and begin alike. */
		hdr = skb_header_pointer(skb, at, sizeof(_hdr), &_hdr);
		if (!hdr || !left--)
			return -1;
		if (*proto == NEXTHDR_ROUTING &&
		    ((struct ipv6_rt_hdr *)hdr)->segments_left)
			break;
		if (*proto == NEXTHDR_FRAGMENT) {
			*fragment = true;
			if (hdr->frag_off & htons(IP6_OFFSET))
				break;
			at += sizeof(*hdr);
		} else {
			at += ipv6_optlen((struct ipv6_opt_hdr *)hdr);
		}
		*proto = hdr->nexthdr;
	}
	return at <= skb->len ? at : -1;
}

/**
 * dsr_rs_packet_parse() - parse a packet
 * @skb: packet as a netfilter hook gets it, data at the IP header
 * @family: AF_INET or AF_INET6
 * @request: the packet goes to the server; else to the client
 * @ifindex: device towards the client
 * @pkt: result; the addresses are always set, the ports, @pkt->event and
 *	@pkt->th for %DSR_RS_PACKET_FLOW only, the other fields unless
 *	%DSR_RS_PACKET_MALFORMED
 *
 * Context: any.
 * Return: enum dsr_rs_packet_kind.
 */
enum dsr_rs_packet_kind dsr_rs_packet_parse(const struct sk_buff *skb,
					    u8 family, bool request,
					    int ifindex,
					    struct dsr_rs_packet *pkt)
{
	memset(&pkt->tuple, 0, sizeof(pkt->tuple));
	pkt->tuple.family = family;
	pkt->th = NULL;
	pkt->event = DSR_EVENT_DATA;
	pkt->answer = false;
	return likely(family == AF_INET) ? parse4(skb, request, pkt) :
					   parse6(skb, request, ifindex, pkt);
}
