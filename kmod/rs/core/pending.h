/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pending - flows that no socket is known to have accepted
 *
 * The sender of a first packet may be forged, and there may be millions of
 * such packets. The answer to one needs the VIP nevertheless. Until there is a
 * sign that a socket has accepted the conversation, it is kept here instead of
 * in the flow table. Room is fixed, and a newcomer evicts the pending flow that
 * has been idle for longest; a datagram first evicts other datagrams that were
 * not answered. A pending flow is promoted to a flow with the first sign of a
 * socket; a pending flow of UDP, when its client sends again after an answer.
 *
 * The answer to a SYN leaves a moment after the SYN. If a pending flow has been
 * evicted by the time that the client acknowledges the answer, the sockets tell
 * the same: a request socket waits for this very segment, or the segment has a
 * valid SYN cookie. So a flood disturbs only connections that have another port
 * at the socket.
 *
 * Owner: struct dsr_rs_net, while it is live. Any context but hard interrupts.
 * Each bucket has a lock, which a lookup that finds nothing does not take.
 * Callers get copies.
 */
#ifndef _DSR_RS_PENDING_H
#define _DSR_RS_PENDING_H

#include <linux/spinlock.h>

#include "core/flow.h"

#define DSR_RS_PENDING_BUCKETS	4096
#define DSR_RS_PENDING_WAYS	4

/**
 * struct dsr_rs_pending - a pending flow
 * @flow: contents for the flow table, except for @flow.rule, which the user of
 *	a copy sets
 * @day: time of its last packet in coarser units than @flow.node.seen, so that
 *	an old entry does not revive when jiffies wrap
 * @tos: TOS byte of its first packet
 * @ruled: true if a rule led to it; false for a conversation with one of the
 *	machine's own addresses
 */
struct dsr_rs_pending {
	struct dsr_rs_flow flow;
	u16 day;
	u8 tos;
	bool ruled;
};

/**
 * struct dsr_rs_pending_bucket - pending flows with common low hash bits
 * @lock: protects the rest
 * @hash: hash of each pending flow, 0 for a free place; read without @lock
 * @way: pending flows
 */
struct dsr_rs_pending_bucket {
	spinlock_t lock;	/* protects the rest */
	u32 hash[DSR_RS_PENDING_WAYS];
	struct dsr_rs_pending way[DSR_RS_PENDING_WAYS];
};

/**
 * struct dsr_rs_pendings - the pending flows of a namespace
 * @evicted: number of pending flows that were evicted while alive
 * @bucket: by hash
 */
struct dsr_rs_pendings {
	atomic64_t evicted;
	struct dsr_rs_pending_bucket bucket[DSR_RS_PENDING_BUCKETS];
};

struct dsr_rs_pendings *dsr_rs_pending_alloc(void);
bool dsr_rs_pending_find(struct dsr_rs_pendings *pendings, u32 hash,
			 dsr_match_fn match, const struct dsr_rs_tuple *tuple,
			 u32 now, struct dsr_rs_pending *copy);
bool dsr_rs_pending_keep(struct dsr_rs_pendings *pendings,
			 const struct dsr_rs_pending *pending);
void dsr_rs_pending_mark(struct dsr_rs_pendings *pendings, u32 hash,
			 const struct dsr_rs_tuple *wire, u8 role);
void dsr_rs_pending_promote(struct dsr_rs_pendings *pendings,
			    const struct dsr_rs_pending *pending, u32 now);
void dsr_rs_pending_flush(struct dsr_rs_pendings *pendings);

#endif /* _DSR_RS_PENDING_H */
