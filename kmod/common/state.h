/* SPDX-License-Identifier: GPL-2.0 */
/*
 * state - track a connection by the client's packets alone
 *
 * With direct server return the balancer sees only the packets of the client.
 * So a state tells what the client has done, and a timeout how long the client
 * may be silent before the connection counts as gone. Pure functions.
 */
#ifndef _DSR_STATE_H
#define _DSR_STATE_H

#include <linux/jiffies.h>
#include <linux/sctp.h>
#include <linux/types.h>
#include <net/tcp.h>
#include <linux/dsr_common.h>

/**
 * enum dsr_event - effect of a client's packet on its connection
 * @DSR_EVENT_OPEN: asks for a connection: TCP SYN, SCTP INIT
 * @DSR_EVENT_DATA: anything else
 * @DSR_EVENT_CLOSE: ends one direction: TCP FIN, SCTP SHUTDOWN
 * @DSR_EVENT_ABORT: aborts the connection: TCP RST, SCTP ABORT
 * @DSR_EVENT_ACCEPT: accepts a connection: TCP SYN-ACK, SCTP INIT ACK; dsr_rs
 *	takes these for OPEN and DATA
 */
enum dsr_event {
	DSR_EVENT_OPEN,
	DSR_EVENT_DATA,
	DSR_EVENT_CLOSE,
	DSR_EVENT_ABORT,
	DSR_EVENT_ACCEPT,
};

/** dsr_event_tcp() - return the event of a segment with @flags (RFC 9293) */
static inline u8 dsr_event_tcp(u8 flags)
{
	if (flags & TCPHDR_RST)
		return DSR_EVENT_ABORT;
	if (flags & TCPHDR_SYN)
		return DSR_EVENT_OPEN;
	return flags & TCPHDR_FIN ? DSR_EVENT_CLOSE : DSR_EVENT_DATA;
}

/** dsr_event_sctp() - return the event of a first chunk's type (RFC 9260) */
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
 * dsr_state_is_half() - true if a single packet may have led to this state
 * @state: enum dsr_conn_state
 *
 * A single packet proves nothing: its source address may be forged.
 */
static inline bool dsr_state_is_half(u8 state)
{
	return state == DSR_CONN_SYN || state == DSR_CONN_UNPROVEN;
}

/**
 * dsr_state_next() - return the state after a packet of the client
 * @state: state before it, enum dsr_conn_state; DSR_CONN_SYN for a new one
 * @event: event of the packet
 *
 * A connection that is picked up in mid-stream is DSR_CONN_UNPROVEN after its
 * first packet, as a new one is DSR_CONN_SYN after its SYN. A second packet
 * makes either established.
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
		/* Test the most frequent case first. */
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
 * dsr_state_reusable() - true if a SYN in this state begins a new connection
 * @state: enum dsr_conn_state
 *
 * In state unproven there is no connection that the SYN could duplicate.
 */
static inline bool dsr_state_reusable(u8 state)
{
	return state == DSR_CONN_FIN || state == DSR_CONN_CLOSED ||
	       state == DSR_CONN_UNPROVEN;
}

/**
 * dsr_state_timeout() - return the default idle timeout of a state
 * @state: enum dsr_conn_state
 *
 * The values are those of IPVS, which sites are used to.
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
