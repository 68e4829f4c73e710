/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ports - the protocol, ports and TCP flags of any packet, for tracepoints
 *
 * Reads the packet, and no further than it goes: the transport header may be
 * missing, cut off, or outside the linear part. Has no state.
 */
#ifndef _DSR_PORTS_H
#define _DSR_PORTS_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/tcp.h>

/**
 * struct dsr_ports - what a tracepoint tells of a transport header
 * @sport: source port in host order; 0 where there is none
 * @dport: destination port in host order; 0 where there is none
 * @protocol: protocol, behind the extension headers of IPv6
 * @tcp_flags: byte of the flags of TCP; 0 for another protocol
 */
struct dsr_ports {
	u16 sport;
	u16 dport;
	u8 protocol;
	u8 tcp_flags;
};

/* Find the transport header.
 *
 * Return: its offset; negative for a fragment other than the first, and where the
 * extension headers are cut off.
 */
static inline int dsr_ports_offset(const struct sk_buff *skb, u8 family,
				   u8 *protocol)
{
	int offset = skb_network_offset(skb);
	__be16 fragment = 0;

	if (family == AF_INET) {
		*protocol = ip_hdr(skb)->protocol;
		if (ip_hdr(skb)->frag_off & htons(IP_OFFSET))
			return -1;
		return offset + ip_hdrlen(skb);
	}
	*protocol = ipv6_hdr(skb)->nexthdr;
	offset = ipv6_skip_exthdr(skb, offset + sizeof(struct ipv6hdr),
				  protocol, &fragment);
	return fragment & htons(IP6_OFFSET) ? -1 : offset;
}

/**
 * dsr_ports_read() - read them
 * @skb: packet; its network header is set, and its IP header is linear
 * @family: AF_INET or AF_INET6
 * @ports: set, to zeros where the packet has nothing
 *
 * Context: any.
 */
static inline void dsr_ports_read(const struct sk_buff *skb, u8 family,
				  struct dsr_ports *ports)
{
	__be16 _pair[2], *pair;
	u8 _flags, *flags;
	int offset;

	memset(ports, 0, sizeof(*ports));
	offset = dsr_ports_offset(skb, family, &ports->protocol);
	if (offset < 0)
		return;
	switch (ports->protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		break;
	default:
		return;
	}
	pair = skb_header_pointer(skb, offset, sizeof(_pair), _pair);
	if (!pair)
		return;
	ports->sport = ntohs(pair[0]);
	ports->dport = ntohs(pair[1]);
	if (ports->protocol != IPPROTO_TCP)
		return;
	offset += offsetof(struct tcphdr, ack_seq) + sizeof(__be32) + 1;
	flags = skb_header_pointer(skb, offset, sizeof(_flags), &_flags);
	if (flags)
		ports->tcp_flags = *flags;
}

#endif /* _DSR_PORTS_H */
