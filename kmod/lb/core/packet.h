/* SPDX-License-Identifier: GPL-2.0 */
/*
 * packet - what the balancer wants to know of a packet
 *
 * Pure: reads the packet, holds nothing.
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
 * enum dsr_packet_kind - what a packet is
 * @DSR_PACKET_FLOW: a packet of a connection
 * @DSR_PACKET_ICMP_ERROR: an ICMP error about one
 * @DSR_PACKET_ECHO: an ICMP echo request; its ports are 0 and its identifier
 * @DSR_PACKET_PORTLESS: a packet of a protocol without ports (ESP, GRE, ...), or
 *	with unknown ones; its ports are 0
 */
enum dsr_packet_kind {
	DSR_PACKET_FLOW,
	DSR_PACKET_ICMP_ERROR,
	DSR_PACKET_ECHO,
	DSR_PACKET_PORTLESS,
};

/**
 * struct dsr_packet - a parsed packet
 * @tuple: its tuple, or of an ICMP error that of the client's packets which
 *	the quoted reply answered; that may be one without ports
 * @kind: enum dsr_packet_kind
 * @event: enum dsr_event
 * @proof: what tells the client's packets from those in its name; set by
 *	dsr_packet_prove() alone
 */
struct dsr_packet {
	struct dsr_tuple tuple;
	u8 kind;
	u8 event;
	u16 proof;
};

/** dsr_packet_transport_len() - bytes that are read behind the IP header */
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

/** dsr_packet_may_be_icmp() - whether its IP header leaves that open */
static __always_inline bool dsr_packet_may_be_icmp(const struct sk_buff *skb,
						   u8 family)
{
	return likely(family == AF_INET) ?
	       ip_hdr(skb)->protocol == IPPROTO_ICMP :
	       ipv6_hdr(skb)->nexthdr == IPPROTO_ICMPV6 ||
	       ipv6_ext_hdr(ipv6_hdr(skb)->nexthdr);
}

/** dsr_packet_is_balanced() - whether it is a protocol of connections */
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

/* The beginning of what is balanced: two ports in all of them. Not set to 0 in
 * the hot path, where it is not even used: headers are in the linear part.
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

/** dsr_packet_parse_transport() - read the header of TCP, UDP or SCTP
 * @skb: packet
 * @offset: of the header
 * @packet: its protocol set; the ports and the event are filled in
 *
 * Return: whether the header is whole, and makes sense.
 */
static __always_inline bool
dsr_packet_parse_transport(const struct sk_buff *skb, unsigned int offset,
			   struct dsr_packet *packet)
{
	union dsr_packet_transport _header __uninitialized, *header;
	u8 proto = packet->tuple.proto;
	u8 flags;

	header = skb_header_pointer(skb, offset,
				    dsr_packet_transport_len(proto), &_header);
	if (unlikely(!header))
		return false;
	packet->tuple.ports = header->ports;
	packet->event = DSR_EVENT_DATA;
	switch (proto) {
	case IPPROTO_TCP:
		flags = tcp_flag_byte(&header->tcp);
		packet->event = dsr_event_tcp(flags);
		if (packet->event == DSR_EVENT_OPEN && (flags & TCPHDR_ACK))
			packet->event = DSR_EVENT_ACCEPT;
		return header->tcp.doff >= sizeof(header->tcp) / 4;
	case IPPROTO_UDP:
		/* 0 is the length of an IPv6 jumbogram (RFC 2675) */
		return ntohs(header->udp.len) >= sizeof(header->udp) ||
		       (!header->udp.len && packet->tuple.family == AF_INET6);
	default:
		packet->event = dsr_event_sctp(header->sctp.chunk.type);
		if (header->sctp.chunk.type == SCTP_CID_INIT_ACK)
			packet->event = DSR_EVENT_ACCEPT;
		return true;
	}
}

void dsr_packet_prove(const struct sk_buff *skb, struct dsr_packet *packet);
bool dsr_packet_parse_rest4(const struct sk_buff *skb, unsigned int offset,
			    struct dsr_packet *packet,
			    enum dsr_reason *reason);
bool dsr_packet_parse_rest6(const struct sk_buff *skb,
			    struct dsr_packet *packet,
			    enum dsr_reason *reason);

/** dsr_packet_parse4() - dsr_packet_parse() of IPv4 */
static __always_inline bool dsr_packet_parse4(const struct sk_buff *skb,
					      struct dsr_packet *packet,
					      enum dsr_reason *reason)
{
	const struct iphdr *iph = ip_hdr(skb);
	unsigned int offset = skb_network_offset(skb) + iph->ihl * 4;

	/* Defragmentation runs before us; what still is a fragment was kept
	 * from it on purpose, and no port tells where it belongs.
	 */
	if (unlikely(ip_is_fragment(iph))) {
		*reason = DSR_DROP_FRAGMENT;
		return false;
	}
	packet->tuple.proto = iph->protocol;
	packet->tuple.v4.saddr = iph->saddr;
	packet->tuple.v4.daddr = iph->daddr;
	if (unlikely(!dsr_packet_is_balanced(packet->tuple.proto)))
		return dsr_packet_parse_rest4(skb, offset, packet, reason);
	*reason = DSR_DROP_MALFORMED;
	return dsr_packet_parse_transport(skb, offset, packet);
}

/** dsr_packet_parse6() - dsr_packet_parse() of IPv6 */
static __always_inline bool dsr_packet_parse6(const struct sk_buff *skb,
					      struct dsr_packet *packet,
					      enum dsr_reason *reason)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	unsigned int offset = skb_network_offset(skb) + sizeof(*ip6h);

	packet->tuple.proto = ip6h->nexthdr;
	packet->tuple.v6.saddr = ip6h->saddr;
	packet->tuple.v6.daddr = ip6h->daddr;
	if (unlikely(!dsr_packet_is_balanced(packet->tuple.proto)))
		return dsr_packet_parse_rest6(skb, packet, reason);
	*reason = DSR_DROP_MALFORMED;
	return dsr_packet_parse_transport(skb, offset, packet);
}

/**
 * dsr_packet_parse() - read what matters of a packet
 * @skb: packet; its network header is set and has been checked by ip_rcv() or
 *	ipv6_rcv()
 * @family: AF_INET or AF_INET6
 * @packet: filled in if this returns true
 * @reason: set if this returns false: how to leave the packet
 *
 * Context: any.
 * Return: whether the packet can belong to a service.
 */
static __always_inline bool dsr_packet_parse(const struct sk_buff *skb,
					     u8 family,
					     struct dsr_packet *packet,
					     enum dsr_reason *reason)
{
	packet->kind = DSR_PACKET_FLOW;
	packet->tuple.family = family;
	packet->tuple.zero = 0;
	return likely(family == AF_INET) ?
	       dsr_packet_parse4(skb, packet, reason) :
	       dsr_packet_parse6(skb, packet, reason);
}

#endif /* _DSR_PACKET_H */
