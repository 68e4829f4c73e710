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
#include <linux/types.h>
#include <net/tcp.h>
#include <linux/dsr.h>

/**
 * dsr_state_tcp() - state of a TCP connection after a segment of the client
 * @state: state before it, enum dsr_conn_state; DSR_CONN_SYN for a new one
 * @flags: its flags, TCPHDR_*, as tcp_flag_byte() reads them (RFC 9293)
 *
 * A SYN on an established connection changes nothing: it is a duplicate, or
 * the client has lost the connection, and the server answers either
 * (RFC 5961, section 4). After a FIN or RST it begins a new connection.
 *
 * Return: enum dsr_conn_state.
 */
static inline u8 dsr_state_tcp(u8 state, u8 flags)
{
	if (flags & TCPHDR_RST)
		return DSR_CONN_CLOSED;
	if (flags & TCPHDR_SYN)
		return state == DSR_CONN_ESTABLISHED ? state : DSR_CONN_SYN;
	if (flags & TCPHDR_FIN)
		return DSR_CONN_FIN;
	/* The last ACK of a connection must not bring it back to life. */
	if (state == DSR_CONN_FIN || state == DSR_CONN_CLOSED)
		return state;
	return DSR_CONN_ESTABLISHED;
}

/**
 * dsr_state_reusable() - whether a SYN in this state begins a new connection
 * @state: enum dsr_conn_state
 */
static inline bool dsr_state_reusable(u8 state)
{
	return state == DSR_CONN_FIN || state == DSR_CONN_CLOSED;
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
