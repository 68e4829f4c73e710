/* SPDX-License-Identifier: GPL-2.0 */
/*
 * schedule - choose a backend for a packet without a connection
 *
 * The slow half of the datapath: choose by persistence, by the scheduler or by
 * a hash, and add the connection to the table.
 */
#ifndef _DSR_SCHEDULE_H
#define _DSR_SCHEDULE_H

#include "core/scheduler.h"
#include "datapath/decide.h"

void dsr_schedule_choose(struct dsr_net *dn, const struct dsr_packet *pkt,
			 struct dsr_decision *decision, bool dry);
bool dsr_schedule_is_bad_source(const struct dsr_tuple *tuple);
void dsr_schedule(struct dsr_net *dn, const struct dsr_packet *pkt,
		  struct dsr_decision *decision);
void dsr_schedule_client(const struct dsr_tuple *tuple,
			 const struct dsr_service *service,
			 struct dsr_tuple *client);
struct dsr_backend *
dsr_schedule_persistent(struct dsr_net *dn, const struct dsr_tuple *tuple,
			const struct dsr_service *service);
void dsr_schedule_refresh(struct dsr_net *dn, const struct dsr_tuple *tuple,
			  const struct dsr_service *service);
void dsr_schedule_advance(struct dsr_net *dn, const struct dsr_packet *pkt,
			  const struct dsr_decision *decision);
struct dsr_backend *dsr_schedule_stateless(struct dsr_net *dn,
					   const struct dsr_service *service,
					   const struct dsr_tuple *tuple);
bool dsr_schedule_is_exception(struct dsr_net *dn,
			       const struct dsr_conn *conn);
void dsr_schedule_candidates(const struct dsr_service *service,
			     const struct dsr_tuple *tuple,
			     struct dsr_backend **home,
			     struct dsr_backend **other);
u32 dsr_schedule_slot(const struct dsr_service *service,
		      const struct dsr_tuple *tuple);

/** dsr_schedule_forgets() - true if the service may have flows without entries
 *
 * There are such flows if the table was full, or if the scheduler hashes. With
 * chances, the table may have been lost.
 */
static inline bool dsr_schedule_forgets(const struct dsr_net *dn,
					const struct dsr_service *service)
{
	return dsr_net_was_crowded(dn) || READ_ONCE(service->chances) ||
	       dsr_pool_hashes(rcu_dereference(service->pool));
}

/**
 * dsr_schedule_touch() - update the entry of a known connection for a packet
 * @dn: balancer
 * @skb: packet
 * @pkt: the parsed packet; gets its proof if needed
 * @decision: decision of dsr_decide(): the packet follows @decision->conn
 *
 * Context: rcu_read_lock(). If state or backend change, takes locks of stripes
 * and may allocate.
 */
static __always_inline void
dsr_schedule_touch(struct dsr_net *dn, const struct sk_buff *skb,
		   struct dsr_packet *pkt,
		   const struct dsr_decision *decision)
{
	struct dsr_service *service = decision->service;
	struct dsr_conn *conn = decision->conn;
	u8 state = READ_ONCE(conn->state);

	/* The backend was deleted and added again: move to the new object. */
	if (unlikely(rcu_access_pointer(conn->backend) != decision->backend))
		dsr_conn_move(dn, conn, state, decision->backend);
	if (unlikely(dsr_conn_state(state, pkt) != state)) {
		dsr_packet_prove(skb, pkt);
		dsr_schedule_advance(dn, pkt, decision);
	}
	if (likely(!dsr_conn_touch(conn, jiffies)))
		return;
	dsr_packet_prove(skb, pkt);
	if (unlikely(state == DSR_CONN_CLOSED) &&
	    pkt->tuple.proto == IPPROTO_TCP &&
	    pkt->event == DSR_EVENT_DATA)
		dsr_conn_revive(dn, conn, pkt);
	dsr_conn_note(dn, conn, pkt);
	if (READ_ONCE(service->persist))
		dsr_schedule_refresh(dn, &pkt->tuple, service);
}

#endif /* _DSR_SCHEDULE_H */
