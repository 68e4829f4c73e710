/* SPDX-License-Identifier: GPL-2.0 */
/*
 * packet - parse the headers that the hooks need
 *
 * Reads only, in any context, and never beyond the end of the packet.
 */
#ifndef _DSR_RS_PACKET_H
#define _DSR_RS_PACKET_H

#include <linux/skbuff.h>
#include <linux/tcp.h>

#include "core/tuple.h"
#include "state.h"

/**
 * enum dsr_rs_packet_kind - result of parsing
 * @DSR_RS_PACKET_FLOW: has a TCP, UDP or SCTP header
 * @DSR_RS_PACKET_ICMP: ICMP, or ICMPv6 in IPv6; not parsed further
 * @DSR_RS_PACKET_FRAGMENT: fragment of a datagram
 * @DSR_RS_PACKET_OTHER: another protocol
 * @DSR_RS_PACKET_MALFORMED: a length is wrong, or the packet ends too early
 */
enum dsr_rs_packet_kind {
	DSR_RS_PACKET_FLOW,
	DSR_RS_PACKET_ICMP,
	DSR_RS_PACKET_FRAGMENT,
	DSR_RS_PACKET_OTHER,
	DSR_RS_PACKET_MALFORMED,
};

/**
 * struct dsr_rs_packet - a parsed packet
 * @tuple: its ends; ports for %DSR_RS_PACKET_FLOW only
 * @thoff: offset of the transport header from skb->data
 * @tos: TOS byte, in IPv6 the traffic class
 * @event: enum dsr_event; for SCTP, the event of the first chunk
 * @answer: TCP SYN and ACK, or SCTP INIT ACK: accepts a connection, and proves
 *	nothing about its client
 * @th: TCP header, or %NULL; not valid after the packet was made writable
 * @_th: buffer that @th may point to
 */
struct dsr_rs_packet {
	struct dsr_rs_tuple tuple;
	unsigned int thoff;
	u8 tos;
	u8 event;
	bool answer;
	const struct tcphdr *th;
	struct tcphdr _th;
};

/** dsr_rs_packet_opens() - true if a packet asks for a new connection */
static inline bool dsr_rs_packet_opens(const struct dsr_rs_packet *pkt)
{
	return pkt->event == DSR_EVENT_OPEN && !pkt->answer;
}

/**
 * dsr_rs_packet_proves() - true if the sender has seen a packet of the server
 * @pkt: packet that a socket expects
 *
 * A RST or an ABORT proves nothing: the sender of a SYN can send it without
 * having seen the answer.
 */
static inline bool dsr_rs_packet_proves(const struct dsr_rs_packet *pkt)
{
	return pkt->event != DSR_EVENT_OPEN && pkt->event != DSR_EVENT_ABORT;
}

/** dsr_rs_packet_state() - return the state that a packet moves @state to */
static inline u8 dsr_rs_packet_state(u8 state, const struct dsr_rs_packet *pkt)
{
	return pkt->tuple.proto == IPPROTO_UDP ?
	       DSR_CONN_UDP : dsr_state_next(state, pkt->event);
}

int dsr_rs_packet_skip(const struct sk_buff *skb, unsigned int at, u8 *proto,
		       bool *fragment);
enum dsr_rs_packet_kind dsr_rs_packet_parse(const struct sk_buff *skb,
					    u8 family, bool request,
					    int ifindex,
					    struct dsr_rs_packet *pkt);

#endif /* _DSR_RS_PACKET_H */
