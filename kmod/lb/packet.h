/* SPDX-License-Identifier: GPL-2.0 */
/*
 * packet - what the balancer wants to know of a packet
 *
 * Pure: reads the packet, holds nothing.
 */
#ifndef _DSR_PACKET_H
#define _DSR_PACKET_H

#include <linux/sctp.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/types.h>
#include <linux/udp.h>

#include "reason.h"
#include "state.h"
#include "tuple.h"

/**
 * enum dsr_packet_kind - what a packet is
 * @DSR_PACKET_FLOW: a packet of a connection
 * @DSR_PACKET_ICMP_ERROR: an ICMP error about one
 * @DSR_PACKET_ECHO: an ICMP echo request; its ports are 0 and its identifier
 */
enum dsr_packet_kind {
	DSR_PACKET_FLOW,
	DSR_PACKET_ICMP_ERROR,
	DSR_PACKET_ECHO,
};

/**
 * struct dsr_packet - a parsed packet
 * @tuple: its tuple, or of an ICMP error that of the client's packets which
 *	the quoted reply answered
 * @kind: enum dsr_packet_kind
 * @event: enum dsr_event
 */
struct dsr_packet {
	struct dsr_tuple tuple;
	u8 kind;
	u8 event;
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

bool dsr_packet_parse(const struct sk_buff *skb, u8 family,
		      struct dsr_packet *packet, enum dsr_reason *reason);

#endif /* _DSR_PACKET_H */
