/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pending - conversations that nobody is known to have accepted
 *
 * Who sends the first packet of a connection may be nobody, and there may be
 * millions of these. What answers it has to find its VIP nevertheless. So it
 * is remembered, but not in the table of flows: for a fixed number there is
 * room here, and who comes later has the place of whoever has been silent for
 * longest; a datagram, first that of a datagram that nobody has answered. With
 * the first sign of a socket a pending flow becomes a flow; one of UDP, when the client
 * goes on after an answer of the socket's.
 *
 * The answer to a SYN leaves a moment after it. To have forgotten a pending flow by
 * the time that the client acknowledges that answer costs nothing but a look at
 * the sockets: a request that waits for this very segment, or a cookie in it that
 * proves as much. So a flood disturbs none but the connections that have
 * been given another port at the socket.
 *
 * Owner: struct dsr_rs_net, while it is live. Any context but hard interrupts;
 * a lock for each bucket, which is not taken to find that nothing is there.
 * What is handed out are copies.
 */
#ifndef _DSR_RS_PENDING_H
#define _DSR_RS_PENDING_H

#include <linux/spinlock.h>

#include "core/flow.h"

#define DSR_RS_PENDING_BUCKETS	4096
#define DSR_RS_PENDING_WAYS	4

/**
 * struct dsr_rs_pending - what may become a flow
 * @flow: as it would be in the table, but @flow.rule, which is for the user of
 *	a copy to set
 * @day: when it was last seen, in a coarser unit than @flow.node.seen: so one of
 *	a day when all was silent does not live again when jiffies come round
 * @tos: TOS byte of its first packet
 * @ruled: whether it is there for a rule, or for a conversation with the
 *	machine's own address
 */
struct dsr_rs_pending {
	struct dsr_rs_flow flow;
	u16 day;
	u8 tos;
	bool ruled;
};

/**
 * struct dsr_rs_pending_bucket - pending flows whose hashes agree in their low bits
 * @lock: guards the rest
 * @hash: hash of each, 0 for none; read without @lock
 * @way: pending flows
 */
struct dsr_rs_pending_bucket {
	spinlock_t lock;	/* guards the rest */
	u32 hash[DSR_RS_PENDING_WAYS];
	struct dsr_rs_pending way[DSR_RS_PENDING_WAYS];
};

/**
 * struct dsr_rs_pendings - all of a namespace
 * @evicted: those that were alive, and have given way to others
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
void dsr_rs_pending_answer(struct dsr_rs_pendings *pendings, u32 hash,
			   const struct dsr_rs_tuple *wire);
void dsr_rs_pending_promote(struct dsr_rs_pendings *pendings,
			    const struct dsr_rs_pending *pending, u32 now);

#endif /* _DSR_RS_PENDING_H */
