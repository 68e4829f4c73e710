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

#include "core/tuple.h"
#include "state.h"

/**
 * enum dsr_rs_packet_kind - what there is to do with a packet
 * @DSR_RS_PACKET_FLOW: has a TCP, UDP or SCTP header
 * @DSR_RS_PACKET_ICMP: ICMP, or ICMPv6 in IPv6; not looked into
 * @DSR_RS_PACKET_FRAGMENT: part of a datagram
 * @DSR_RS_PACKET_OTHER: another protocol
 * @DSR_RS_PACKET_MALFORMED: lies about a length, or ends too early
 */
enum dsr_rs_packet_kind {
	DSR_RS_PACKET_FLOW,
	DSR_RS_PACKET_ICMP,
	DSR_RS_PACKET_FRAGMENT,
	DSR_RS_PACKET_OTHER,
	DSR_RS_PACKET_MALFORMED,
};

/**
 * struct dsr_rs_packet - a packet that has been looked at
 * @tuple: its ends; ports for %DSR_RS_PACKET_FLOW only
 * @thoff: where its transport header starts, from skb->data
 * @tos: TOS byte, in IPv6 the traffic class
 * @event: enum dsr_event; of an SCTP packet, that of its first chunk
 * @answer: it accepts a connection, and proves nothing: TCP SYN and ACK, SCTP
 *	INIT ACK
 * @th: TCP header, or %NULL; not valid after the packet was made writable
 * @_th: what @th may point to
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

/** dsr_rs_packet_opens() - whether it asks for a new connection */
static inline bool dsr_rs_packet_opens(const struct dsr_rs_packet *pkt)
{
	return pkt->event == DSR_EVENT_OPEN && !pkt->answer;
}

/**
 * dsr_rs_packet_proves() - whether its sender has seen an answer
 * @pkt: packet that a socket waits for
 *
 * Who has sent a SYN can send the RST to it without that.
 */
static inline bool dsr_rs_packet_proves(const struct dsr_rs_packet *pkt)
{
	return pkt->event != DSR_EVENT_OPEN && pkt->event != DSR_EVENT_ABORT;
}

/** dsr_rs_packet_state() - state of its flow after it, from @state on */
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
