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
#include "tuple.h"

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
