/* SPDX-License-Identifier: GPL-2.0 */
/*
 * net - the module's state in one network namespace
 *
 * Owner: the namespace's generic array. A namespace is live while it has rules
 * or flows: then its table is set up and its hooks are registered. A namespace
 * without rules costs only this structure. Silenced addresses are independent
 * of that and have hooks of their own.
 *
 * Locking: every change by a user holds dsr_rs_net.lock. Packets hold
 * rcu_read_lock(), and reach the module only while the hooks are registered.
 */
#ifndef _DSR_RS_NET_H
#define _DSR_RS_NET_H

#include <linux/mutex.h>
#include <linux/netfilter.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "core/packet.h"
#include "core/reason.h"
#include "core/recent.h"
#include "core/rule.h"
#include "core/silence.h"
#include "core/trace.h"
#include "table.h"
#include "timeouts.h"

struct dsr_rs_pendings;

/* Maximum for both families together; see hook.c. */
#define DSR_RS_HOOKS	6

/**
 * struct dsr_rs_reasons - packets by reason
 * @packets: counters
 */
struct dsr_rs_reasons {
	u64 packets[DSR_RS_REASON_COUNT];
};

/**
 * struct dsr_rs_net - a network namespace
 * @table: flows; set up while live
 * @rules: rules
 * @silences: silenced addresses
 * @recent: clients that have lately talked to the machine's own addresses;
 *	allocated while live
 * @pendings: flows that no socket has accepted yet; allocated while live
 * @reasons: packets by reason
 * @unruled: time of the last check that found no policy, in jiffies; see
 *	policy.h
 * @net: the namespace
 * @entries6: number of entries of @table that are IPv6
 * @apart: number of entries of @table that are DSR_RS_APART
 * @unproven: number of entries of @table that are DSR_RS_ASKED or
 *	DSR_RS_ANSWERED; briefly one too low
 * @timeouts: timeouts of flows, by state
 * @lock: protects the next 6 fields and changes of @rules and @silences
 * @live: the namespace has rules or flows
 * @flows_max: hard cap of @table
 * @generation: number of changes of @rules
 * @hooks: the hooks
 * @hooked: number of registered hooks
 * @after_lb: the hooks run after those of dsr_lb; see hook.h
 * @idle: work that ends being live
 * @reorder: work that checks if dsr_lb is present
 * @lost: work that forgets flows to addresses that the machine has lost
 */
struct dsr_rs_net {
	struct dsr_table table;
	struct dsr_rs_rules rules;
	struct dsr_rs_silences silences;
	struct dsr_rs_recent *recent;
	struct dsr_rs_pendings *pendings;
	struct dsr_rs_reasons __percpu *reasons;
	unsigned long unruled;
	struct net *net;
	atomic_t entries6;
	atomic_t apart;
	atomic_t unproven;
	struct dsr_timeouts timeouts;

	struct mutex lock;	/* protects the next 6 fields */
	bool live;
	u32 flows_max;
	u32 generation;
	struct nf_hook_ops hooks[DSR_RS_HOOKS];
	u32 hooked;
	bool after_lb;

	struct work_struct idle;
	struct work_struct reorder;
	struct work_struct lost;
};

extern unsigned int dsr_rs_net_id;
extern struct workqueue_struct *dsr_rs_net_wq;

/** dsr_rs_net() - return the module's state in @net */
static inline struct dsr_rs_net *dsr_rs_net(const struct net *net)
{
	return net_generic(net, dsr_rs_net_id);
}

/** dsr_rs_net_idle() - have a namespace without rules checked; any context */
static inline void dsr_rs_net_idle(struct dsr_rs_net *rs)
{
	if (READ_ONCE(rs->live) && !READ_ONCE(rs->rules.count))
		queue_work(dsr_rs_net_wq, &rs->idle);
}

int dsr_rs_net_check(void);
u32 dsr_rs_net_default_max(const struct net *net);
u64 dsr_rs_reason_sum(const struct dsr_rs_net *rs, enum dsr_rs_reason reason);

/** dsr_rs_net_finish() - count a packet's reason and return the verdict */
static inline unsigned int dsr_rs_net_finish(struct dsr_rs_net *rs,
					     const struct sk_buff *skb,
					     const struct nf_hook_state *state,
					     enum dsr_rs_reason reason)
{
	this_cpu_inc(rs->reasons->packets[reason]);
	trace_dsr_rs_packet(rs, skb, state->pf, state->hook, reason);
	return dsr_rs_reason_drops(reason) ? NF_DROP : NF_ACCEPT;
}

#endif /* _DSR_RS_NET_H */
