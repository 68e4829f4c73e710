/* SPDX-License-Identifier: GPL-2.0 */
/*
 * chance - another chance for a connection that its backend has denied
 *
 * A real server with dsr_rs denies a segment that none of its sockets expects,
 * and gives it back, see denial.h. The balancer then moves the connection to
 * the next backend of the service, and sends the segment there. The server of
 * the connection never denies, so the table learns: after one segment the
 * connection is like any other. A balancer needs neither the table of another
 * balancer nor a history of its backends.
 *
 * If all backends have denied a segment, the balancer first drops the segment:
 * the server of the connection may not be configured here yet. If the client
 * still sends after a second, the balancer resets the connection.
 *
 * Owner: struct dsr_net, from the first service with chances to the last
 * service. Packets read the pointer under RCU; it is set only while there is a
 * connection table.
 */
#ifndef _DSR_CHANCE_H
#define _DSR_CHANCE_H

#include <linux/spinlock.h>

#include "core/conn.h"
#include "core/service.h"

#define DSR_CHANCE_BITS	10

/**
 * struct dsr_chance_silence - a connection that all backends have denied
 * @hash: hash of its tuple
 * @since: time of the end of the first round, in jiffies (low half)
 * @asked: number of denials since then; 0: the entry is free
 */
struct dsr_chance_silence {
	u32 hash;
	u32 since;
	u32 asked;
};

/**
 * enum dsr_chance_budget - work that is limited
 * @DSR_CHANCE_FORWARD: forward a denied packet
 * @DSR_CHANCE_SEARCH: search a sender that is not the connection's backend. Apart
 *	from the forwards, or any machine on the segment could use them up
 * @DSR_CHANCE_COPY: send a copy of an ICMP error
 * @DSR_CHANCE_BUDGETS: number of these
 */
enum dsr_chance_budget {
	DSR_CHANCE_FORWARD,
	DSR_CHANCE_SEARCH,
	DSR_CHANCE_COPY,
	DSR_CHANCE_BUDGETS
};

/**
 * struct dsr_chance_bucket - a token bucket
 * @tokens: how often the work may be done now
 * @filled: time at which @tokens was last filled, in jiffies (low half)
 */
struct dsr_chance_bucket {
	u32 tokens;
	u32 filled;
};

/**
 * struct dsr_chances - denials in a namespace
 * @lock: protects the rest
 * @buckets: by enum dsr_chance_budget
 * @rcu: for the grace period before it is freed
 * @silences: by hash. A newcomer evicts another connection, whose client then
 *	waits longer for its RST
 */
struct dsr_chances {
	spinlock_t lock;	/* protects the rest */
	struct dsr_chance_bucket buckets[DSR_CHANCE_BUDGETS];
	struct rcu_head rcu;
	struct dsr_chance_silence silences[1 << DSR_CHANCE_BITS];
};

/** typedef dsr_chance_fn - true if a packet can be sent to @backend */
typedef bool (*dsr_chance_fn)(struct dsr_net *dn, struct dsr_backend *backend);

/**
 * struct dsr_chance_order - the order in which backends are asked
 * @can: selects the backends that get packets
 * @home: the backend of a packet without an entry, if there is an @other
 * @other: the backend to ask next after @home; %NULL: only the order of the
 *	addresses counts
 */
struct dsr_chance_order {
	dsr_chance_fn can;
	struct dsr_backend *home;
	struct dsr_backend *other;
};

int dsr_chance_start(struct dsr_net *dn);
void dsr_chance_stop(struct dsr_net *dn);
bool dsr_chance_take(struct dsr_chances *chances,
		     enum dsr_chance_budget budget, u32 now);
bool dsr_chance_give_up(struct dsr_chances *chances, u32 hash, u32 asked,
			u32 all, u32 now);
struct dsr_backend *dsr_chance_next(struct dsr_net *dn,
				    struct dsr_backend *backend,
				    const struct dsr_chance_order *order);
enum dsr_reason dsr_chance_decide(struct dsr_net *dn,
				  struct dsr_chances *chances,
				  struct dsr_conn *conn,
				  struct dsr_backend *from,
				  const struct dsr_chance_order *order,
				  struct dsr_backend **to);

#endif /* _DSR_CHANCE_H */
