/* SPDX-License-Identifier: GPL-2.0 */
/*
 * state - what one half of a conversation, the client's, tells of its state
 *
 * With direct server return the balancer sees what the client sends and
 * nothing else. So a state here says what the client did, and a timeout how
 * long it may stay silent before it is taken for gone. Pure functions.
 */
#ifndef _DSR_STATE_H
#define _DSR_STATE_H

#include <linux/jiffies.h>
#include <linux/sctp.h>
#include <linux/types.h>
#include <net/tcp.h>
#include <linux/dsr.h>

/**
 * enum dsr_event - what a packet of the client does to its connection
 * @DSR_EVENT_OPEN: asks for one: TCP SYN, SCTP INIT
 * @DSR_EVENT_DATA: anything else
 * @DSR_EVENT_CLOSE: says that no more will come: TCP FIN, SCTP SHUTDOWN
 * @DSR_EVENT_ABORT: breaks it off: TCP RST, SCTP ABORT
 * @DSR_EVENT_ACCEPT: agrees to one: TCP SYN-ACK, SCTP INIT ACK; to dsr_rs an
 *	opening one
 */
enum dsr_event {
	DSR_EVENT_OPEN,
	DSR_EVENT_DATA,
	DSR_EVENT_CLOSE,
	DSR_EVENT_ABORT,
	DSR_EVENT_ACCEPT,
};

/** dsr_event_tcp() - event of a segment with @flags, TCPHDR_* (RFC 9293) */
static inline u8 dsr_event_tcp(u8 flags)
{
	if (flags & TCPHDR_RST)
		return DSR_EVENT_ABORT;
	if (flags & TCPHDR_SYN)
		return DSR_EVENT_OPEN;
	return flags & TCPHDR_FIN ? DSR_EVENT_CLOSE : DSR_EVENT_DATA;
}

/** dsr_event_sctp() - event of a packet by the type of its first chunk (RFC 9260) */
static inline u8 dsr_event_sctp(u8 chunk)
{
	switch (chunk) {
	case SCTP_CID_INIT:
		return DSR_EVENT_OPEN;
	case SCTP_CID_SHUTDOWN:
	case SCTP_CID_SHUTDOWN_ACK:
		return DSR_EVENT_CLOSE;
	case SCTP_CID_ABORT:
	case SCTP_CID_SHUTDOWN_COMPLETE:
		return DSR_EVENT_ABORT;
	default:
		return DSR_EVENT_DATA;
	}
}

/**
 * dsr_state_is_half() - whether a single packet may have led to this state
 * @state: enum dsr_conn_state
 *
 * One packet proves nothing: its sender may have made up its source.
 */
static inline bool dsr_state_is_half(u8 state)
{
	return state == DSR_CONN_SYN || state == DSR_CONN_UNPROVEN;
}

/**
 * dsr_state_next() - state of a connection after a packet of the client
 * @state: state before it, enum dsr_conn_state; DSR_CONN_SYN for a new one
 * @event: what the packet does
 *
 * A connection that is picked up in mid-stream is DSR_CONN_UNPROVEN after its
 * first packet, as one is DSR_CONN_SYN after its SYN: it takes a second packet
 * to make either established.
 *
 * A SYN on an established connection changes nothing: it is a duplicate, or
 * the client has lost the connection, and the server answers either
 * (RFC 5961, section 4). After a FIN or RST it begins a new connection.
 *
 * Return: enum dsr_conn_state.
 */
static inline u8 dsr_state_next(u8 state, u8 event)
{
	switch (event) {
	case DSR_EVENT_ABORT:
		return DSR_CONN_CLOSED;
	case DSR_EVENT_OPEN:
	case DSR_EVENT_ACCEPT:
		return state == DSR_CONN_ESTABLISHED ? state : DSR_CONN_SYN;
	case DSR_EVENT_CLOSE:
		return DSR_CONN_FIN;
	default:
		/* The most frequent question has the shortest answer. */
		if (likely(state == DSR_CONN_ESTABLISHED))
			return state;
		/* The last ACK must not bring a connection back to life. */
		return dsr_state_is_half(state) ? DSR_CONN_ESTABLISHED : state;
	}
}

/** dsr_state_tcp() - dsr_state_next() with the @flags of a segment */
static inline u8 dsr_state_tcp(u8 state, u8 flags)
{
	return dsr_state_next(state, dsr_event_tcp(flags));
}

/**
 * dsr_state_reusable() - whether a SYN in this state begins a new connection
 * @state: enum dsr_conn_state
 *
 * What is unproven is no connection that a SYN could be a duplicate of.
 */
static inline bool dsr_state_reusable(u8 state)
{
	return state == DSR_CONN_FIN || state == DSR_CONN_CLOSED ||
	       state == DSR_CONN_UNPROVEN;
}

/**
 * dsr_state_timeout() - how long an entry outlives its last packet
 * @state: enum dsr_conn_state
 *
 * The figures are those of IPVS, which sites are used to.
 *
 * Return: jiffies.
 */
static inline u32 dsr_state_timeout(u8 state)
{
	switch (state) {
	case DSR_CONN_SYN:
		return 60 * HZ;
	case DSR_CONN_ESTABLISHED:
		return 900 * HZ;
	case DSR_CONN_FIN:
		return 120 * HZ;
	case DSR_CONN_CLOSED:
		return 10 * HZ;
	default:
		return 300 * HZ;	/* UDP */
	}
}

#endif /* _DSR_STATE_H */
