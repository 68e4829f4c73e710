/* SPDX-License-Identifier: GPL-2.0 */
/*
 * gate - lets a transaction change all services between two decisions
 *
 * A packet of a known connection follows its entry, and never comes to the gate.
 * Any other packet meets services, pools and backends, which a transaction
 * replaces one after the other. So that no such packet meets some old and some
 * new ones, its decision and the replacement exclude each other by
 * struct dsr_net.gate, a spinlock.
 *
 * Packets take that lock only while struct dsr_net.gated is set. The transaction
 * sets @gated and waits for a grace period before it takes the lock; it waits for
 * another one before it resets @gated. So a packet that reads @gated as false is
 * in an RCU section that no replacement overlaps, from its begin to its end.
 * All that the packet has looked up before it reads @gated is consistent.
 *
 * Nests: locks of stripes, of pools and of chances are taken under it.
 */
#ifndef _DSR_GATE_H
#define _DSR_GATE_H

#include "core/net.h"

/** dsr_gate_is_armed() - true if a decision has to pass the gate
 *
 * Context: rcu_read_lock(), the same section as that of the decision.
 */
static inline bool dsr_gate_is_armed(const struct dsr_net *dn)
{
	return unlikely(READ_ONCE(dn->gated));
}

/** dsr_gate_enter() - keep transactions away from a decision */
static inline void dsr_gate_enter(struct dsr_net *dn)
{
	spin_lock_bh(&dn->gate);
}

/** dsr_gate_leave() - undo dsr_gate_enter() */
static inline void dsr_gate_leave(struct dsr_net *dn)
{
	spin_unlock_bh(&dn->gate);
}

void dsr_gate_arm(struct dsr_net *dn);
void dsr_gate_disarm(struct dsr_net *dn);

#endif /* _DSR_GATE_H */
