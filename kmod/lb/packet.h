/* SPDX-License-Identifier: GPL-2.0 */
/*
 * packet - what the balancer wants to know of a packet
 *
 * Pure: reads the packet, holds nothing.
 */
#ifndef _DSR_PACKET_H
#define _DSR_PACKET_H

#include <linux/skbuff.h>
#include <linux/types.h>

#include "reason.h"

/**
 * struct dsr_tuple - what names a connection
 * @saddr: client
 * @daddr: VIP
 * @sport: the client's port
 * @dport: the VIP's port
 * @proto: IPPROTO_TCP or IPPROTO_UDP
 * @zero: always 0, so that a tuple compares as two words
 */
struct dsr_tuple {
	__be32 saddr;
	__be32 daddr;
	__be16 sport;
	__be16 dport;
	u8 proto;
	u8 zero[3];
} __aligned(8);

static_assert(sizeof(struct dsr_tuple) == 16);

/**
 * struct dsr_packet - a parsed packet
 * @tuple: its tuple, or of an ICMP error that of the client's packets which
 *	the quoted reply answered
 * @tcp_flags: TCPHDR_*, of a TCP segment
 * @icmp_error: it is an ICMP error
 */
struct dsr_packet {
	struct dsr_tuple tuple;
	u8 tcp_flags;
	bool icmp_error;
};

bool dsr_packet_parse(const struct sk_buff *skb, struct dsr_packet *packet,
		      enum dsr_reason *reason);

#endif /* _DSR_PACKET_H */
