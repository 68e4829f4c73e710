/* SPDX-License-Identifier: GPL-2.0 */
/*
 * schedule - a backend for what has none yet
 *
 * The slow half of the way of a packet: choosing, by persistence, by the
 * scheduler or by a hash, and remembering the choice.
 */
#ifndef _DSR_SCHEDULE_H
#define _DSR_SCHEDULE_H

#include "core/scheduler.h"
#include "datapath/decide.h"

void dsr_schedule_choose(struct dsr_net *dn, const struct dsr_packet *packet,
			 struct dsr_decision *decision, bool dry);
bool dsr_schedule_is_bad_source(const struct dsr_tuple *tuple);
void dsr_schedule(struct dsr_net *dn, const struct dsr_packet *packet,
		  struct dsr_decision *decision);
struct dsr_backend *
dsr_schedule_persistent(struct dsr_net *dn, const struct dsr_tuple *tuple,
			const struct dsr_service *service);
void dsr_schedule_refresh(struct dsr_net *dn, const struct dsr_tuple *tuple,
			  const struct dsr_service *service);
void dsr_schedule_advance(struct dsr_net *dn, const struct dsr_packet *packet,
			  const struct dsr_decision *decision);
struct dsr_backend *dsr_schedule_stateless(struct dsr_net *dn,
					   const struct dsr_service *service,
					   const struct dsr_tuple *tuple);
u32 dsr_schedule_slot(const struct dsr_service *service,
		      const struct dsr_tuple *tuple);

/** dsr_schedule_forgets() - whether there are flows that nobody remembers */
static inline bool dsr_schedule_forgets(const struct dsr_net *dn,
					const struct dsr_service *service)
{
	return dsr_net_was_crowded(dn) ||
	       dsr_pool_hashes(rcu_dereference(service->pool));
}

/**
 * dsr_schedule_touch() - note that a packet of a known connection has come
 * @dn: balancer
 * @skb: packet
 * @packet: what is known of it; its proof is set where that is needed
 * @decision: what dsr_decide() has said: its connection goes on
 *
 * Context: rcu_read_lock(). Takes the lock of a stripe if that changes the
 * connection.
 */
static __always_inline void
dsr_schedule_touch(struct dsr_net *dn, const struct sk_buff *skb,
		   struct dsr_packet *packet,
		   const struct dsr_decision *decision)
{
	struct dsr_service *service = decision->service;
	struct dsr_conn *conn = decision->conn;
	u8 state = READ_ONCE(conn->state);

	/* Its backend was deleted, and is there again. */
	if (unlikely(rcu_access_pointer(conn->backend) != decision->backend))
		dsr_conn_move(dn, conn, state, decision->backend);
	if (unlikely(dsr_conn_state(state, packet) != state)) {
		dsr_packet_prove(skb, packet);
		dsr_schedule_advance(dn, packet, decision);
	}
	if (likely(!dsr_conn_touch(conn, jiffies)))
		return;
	dsr_packet_prove(skb, packet);
	if (unlikely(state == DSR_CONN_CLOSED) &&
	    packet->tuple.proto == IPPROTO_TCP &&
	    packet->event == DSR_EVENT_DATA)
		dsr_conn_revive(dn, conn, packet);
	dsr_conn_note(conn, packet);
	if (READ_ONCE(service->persist))
		dsr_schedule_refresh(dn, &packet->tuple, service);
}

#endif /* _DSR_SCHEDULE_H */
