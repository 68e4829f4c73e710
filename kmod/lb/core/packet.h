/* SPDX-License-Identifier: GPL-2.0 */
/*
 * packet - parsing of packets
 *
 * Reads the packet; has no state and takes no reference.
 */
#ifndef _DSR_PACKET_H
#define _DSR_PACKET_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/sctp.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/types.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/tcp.h>

#include "core/reason.h"
#include "core/tuple.h"
#include "state.h"

/**
 * enum dsr_packet_kind - kinds of packets
 * @DSR_PACKET_FLOW: TCP, UDP or SCTP: a packet of a connection
 * @DSR_PACKET_ICMP_ERROR: an ICMP error
 * @DSR_PACKET_ECHO: an ICMP echo request; sport is 0, dport is the identifier
 * @DSR_PACKET_PORTLESS: another protocol (ESP, GRE, ...); both ports are 0
 */
enum dsr_packet_kind {
	DSR_PACKET_FLOW,
	DSR_PACKET_ICMP_ERROR,
	DSR_PACKET_ECHO,
	DSR_PACKET_PORTLESS,
};

/**
 * struct dsr_packet - a parsed packet
 * @tuple: tuple of the packet. For an ICMP error: the reverse of the quoted
 *	packet, so the tuple of the client's packets; its ports may be 0
 * @kind: enum dsr_packet_kind
 * @event: enum dsr_event
 * @proof: part of a number that a forger has to guess; set only by
 *	dsr_packet_prove()
 */
struct dsr_packet {
	struct dsr_tuple tuple;
	u8 kind;
	u8 event;
	u16 proof;
};

/** dsr_packet_transport_len() - return the bytes to read after the IP header */
static __always_inline unsigned int dsr_packet_transport_len(u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return sizeof(struct tcphdr);
	case IPPROTO_UDP:
		return sizeof(struct udphdr);
	default:
		return sizeof(struct sctphdr) + sizeof(struct sctp_chunkhdr);
	}
}

/** dsr_packet_may_be_icmp() - true if the packet is ICMP, or may be
 *
 * Behind IPv6 extension headers there may be ICMPv6.
 */
static __always_inline bool dsr_packet_may_be_icmp(const struct sk_buff *skb,
						   u8 family)
{
	return likely(family == AF_INET) ?
	       ip_hdr(skb)->protocol == IPPROTO_ICMP :
	       ipv6_hdr(skb)->nexthdr == IPPROTO_ICMPV6 ||
	       ipv6_ext_hdr(ipv6_hdr(skb)->nexthdr);
}

/** dsr_packet_is_balanced() - true for protocols whose connections we track */
static __always_inline bool dsr_packet_is_balanced(u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
		return true;
	default:
		return false;
	}
}

/* The transport header; it starts with the two ports in each protocol. Used as
 * a buffer for skb_header_pointer(), which rarely needs one since headers are
 * mostly in the linear part. So the fast path does not zero the buffer.
 */
union dsr_packet_transport {
	u32 ports;
	struct tcphdr tcp;
	struct udphdr udp;
	struct {
		struct sctphdr head;
		struct sctp_chunkhdr chunk;
	} sctp;
};

/** dsr_packet_read_transport() - read the header of TCP, UDP or SCTP
 * @header: as many bytes as dsr_packet_transport_len() says
 * @proto: protocol
 * @pkt: parsed packet with the protocol set; gets the ports and the event
 *
 * Return: true if the header is valid.
 */
static __always_inline bool
dsr_packet_read_transport(const union dsr_packet_transport *header, u8 proto,
			  struct dsr_packet *pkt)
{
	u8 flags;

	pkt->tuple.ports = header->ports;
	pkt->event = DSR_EVENT_DATA;
	switch (proto) {
	case IPPROTO_TCP:
		flags = tcp_flag_byte(&header->tcp);
		pkt->event = dsr_event_tcp(flags);
		if (pkt->event == DSR_EVENT_OPEN && (flags & TCPHDR_ACK))
			pkt->event = DSR_EVENT_ACCEPT;
		return header->tcp.doff >= sizeof(header->tcp) / 4;
	case IPPROTO_UDP:
		/* an IPv6 jumbogram has length 0 (RFC 2675) */
		return ntohs(header->udp.len) >= sizeof(header->udp) ||
		       (!header->udp.len && pkt->tuple.family == AF_INET6);
	default:
		pkt->event = dsr_event_sctp(header->sctp.chunk.type);
		if (header->sctp.chunk.type == SCTP_CID_INIT_ACK)
			pkt->event = DSR_EVENT_ACCEPT;
		return true;
	}
}

/** dsr_packet_parse_transport() - dsr_packet_read_transport() from a packet
 * @skb: packet
 * @offset: offset of the header
 * @pkt: as for dsr_packet_read_transport()
 *
 * Return: true if the header is complete and valid.
 */
static __always_inline bool
dsr_packet_parse_transport(const struct sk_buff *skb, unsigned int offset,
			   struct dsr_packet *pkt)
{
	union dsr_packet_transport _header __uninitialized, *header;
	u8 proto = pkt->tuple.proto;

	header = skb_header_pointer(skb, offset,
				    dsr_packet_transport_len(proto), &_header);
	if (unlikely(!header))
		return false;
	return dsr_packet_read_transport(header, proto, pkt);
}

/** dsr_packet_begin() - set what a packet is known to be before it is parsed */
static __always_inline void dsr_packet_begin(struct dsr_packet *pkt, u8 family)
{
	pkt->kind = DSR_PACKET_FLOW;
	pkt->tuple.family = family;
	pkt->tuple.last = 0;
}

/** dsr_packet_read4() - read protocol and addresses of an IPv4 header */
static __always_inline void dsr_packet_read4(const struct iphdr *iph,
					     struct dsr_packet *pkt)
{
	pkt->tuple.proto = iph->protocol;
	pkt->tuple.v4.saddr = iph->saddr;
	pkt->tuple.v4.daddr = iph->daddr;
}

/** dsr_packet_read6() - read protocol and addresses of an IPv6 header */
static __always_inline void dsr_packet_read6(const struct ipv6hdr *ip6h,
					     struct dsr_packet *pkt)
{
	pkt->tuple.proto = ip6h->nexthdr;
	pkt->tuple.v6.saddr = ip6h->saddr;
	pkt->tuple.v6.daddr = ip6h->daddr;
}

void dsr_packet_prove(const struct sk_buff *skb, struct dsr_packet *pkt);
bool dsr_packet_parse_rest4(const struct sk_buff *skb, unsigned int offset,
			    struct dsr_packet *pkt,
			    enum dsr_reason *reason);
bool dsr_packet_parse_rest6(const struct sk_buff *skb,
			    struct dsr_packet *pkt,
			    enum dsr_reason *reason);

/** dsr_packet_parse4() - dsr_packet_parse() for IPv4 */
static __always_inline bool dsr_packet_parse4(const struct sk_buff *skb,
					      struct dsr_packet *pkt,
					      enum dsr_reason *reason)
{
	const struct iphdr *iph = ip_hdr(skb);
	unsigned int offset = skb_network_offset(skb) + iph->ihl * 4;

	/* Defragmentation runs before us. A fragment here was exempted from it
	 * on purpose. Most fragments have no ports, so drop them all.
	 */
	if (unlikely(ip_is_fragment(iph))) {
		*reason = DSR_DROP_FRAGMENT;
		return false;
	}
	dsr_packet_read4(iph, pkt);
	if (unlikely(!dsr_packet_is_balanced(pkt->tuple.proto)))
		return dsr_packet_parse_rest4(skb, offset, pkt, reason);
	*reason = DSR_DROP_MALFORMED;
	return dsr_packet_parse_transport(skb, offset, pkt);
}

/** dsr_packet_parse6() - dsr_packet_parse() for IPv6 */
static __always_inline bool dsr_packet_parse6(const struct sk_buff *skb,
					      struct dsr_packet *pkt,
					      enum dsr_reason *reason)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	unsigned int offset = skb_network_offset(skb) + sizeof(*ip6h);

	dsr_packet_read6(ip6h, pkt);
	if (unlikely(!dsr_packet_is_balanced(pkt->tuple.proto)))
		return dsr_packet_parse_rest6(skb, pkt, reason);
	*reason = DSR_DROP_MALFORMED;
	return dsr_packet_parse_transport(skb, offset, pkt);
}

/**
 * dsr_packet_parse() - parse a packet
 * @skb: packet; its network header is set and was checked by ip_rcv(), by
 *	ipv6_rcv() or by the caller
 * @family: AF_INET or AF_INET6
 * @pkt: filled in if this returns true
 * @reason: verdict on the packet if this returns false; may be written anyway
 *
 * Context: any.
 * Return: true if the packet can belong to a service.
 */
static __always_inline bool dsr_packet_parse(const struct sk_buff *skb,
					     u8 family,
					     struct dsr_packet *pkt,
					     enum dsr_reason *reason)
{
	dsr_packet_begin(pkt, family);
	return likely(family == AF_INET) ?
	       dsr_packet_parse4(skb, pkt, reason) :
	       dsr_packet_parse6(skb, pkt, reason);
}

#endif /* _DSR_PACKET_H */
