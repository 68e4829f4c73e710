/* SPDX-License-Identifier: GPL-2.0 */
/*
 * packet - what the hooks have to know of a packet
 *
 * Reading only; any context. Nothing is read that the packet does not have.
 */
#ifndef _DSR_RS_PACKET_H
#define _DSR_RS_PACKET_H

#include <linux/skbuff.h>
#include <linux/tcp.h>

#include "tuple.h"

/**
 * enum dsr_rs_packet_kind - what there is to do with a packet
 * @DSR_RS_PACKET_TCP: has a TCP header
 * @DSR_RS_PACKET_UDP: has a UDP header
 * @DSR_RS_PACKET_ICMP: ICMP, not looked into
 * @DSR_RS_PACKET_FRAGMENT: part of a datagram
 * @DSR_RS_PACKET_OTHER: another protocol
 * @DSR_RS_PACKET_MALFORMED: lies about a length, or ends too early
 */
enum dsr_rs_packet_kind {
	DSR_RS_PACKET_TCP,
	DSR_RS_PACKET_UDP,
	DSR_RS_PACKET_ICMP,
	DSR_RS_PACKET_FRAGMENT,
	DSR_RS_PACKET_OTHER,
	DSR_RS_PACKET_MALFORMED,
};

/**
 * struct dsr_rs_packet - a packet that has been looked at
 * @tuple: its ends; ports for TCP and UDP only
 * @thoff: where its transport header starts, from skb->data
 * @tos: TOS byte
 * @th: TCP header, or %NULL; not valid after the packet was made writable
 * @_th: what @th may point to
 */
struct dsr_rs_packet {
	struct dsr_rs_tuple tuple;
	unsigned int thoff;
	u8 tos;
	const struct tcphdr *th;
	struct tcphdr _th;
};

/** dsr_rs_packet_is_syn() - whether it asks for a new connection */
static inline bool dsr_rs_packet_is_syn(const struct dsr_rs_packet *pkt)
{
	return pkt->th && pkt->th->syn && !pkt->th->ack;
}

enum dsr_rs_packet_kind dsr_rs_packet_parse(const struct sk_buff *skb,
					    bool request,
					    struct dsr_rs_packet *pkt);

#endif /* _DSR_RS_PACKET_H */
