// SPDX-License-Identifier: GPL-2.0
/* decide - see decide.h */

#include "decide.h"
#include "scheduler.h"

/* An ICMP error belongs to the connection that it quotes, whatever its mark:
 * the rule that marks the packets of a service may well name a port. One that
 * the table had no place for is found by the mark, and by its hash.
 */
static void decide_icmp(struct dsr_net *dn, const struct dsr_packet *packet,
			u32 mark, struct dsr_decision *decision)
{
	struct dsr_service *service;
	struct dsr_pool *pool;

	decision->reason = DSR_PASS_ICMP_UNRELATED;
	if (decision->conn) {
		decision->backend = dsr_conn_backend(decision->conn);
		if (!decision->backend)
			return;
		service = decision->backend->service;
	} else {
		service = dsr_service_find(dn, mark);
		if (!service || !dsr_net_was_crowded(dn))
			return;
		pool = rcu_dereference(service->pool);
		if (!pool->count)
			return;
		decision->backend = dsr_scheduler_home(pool, &packet->tuple);
	}
	decision->service = service;
	decision->reason = DSR_FORWARDED_ICMP;
}

/**
 * dsr_decide() - what is to happen to a packet
 * @dn: balancer, with a service at least
 * @packet: the packet
 * @mark: its mark
 * @decision: set
 *
 * A packet of a service follows its connection. The scheduler is asked if
 * there is none, if its backend was removed, if the packet has come to belong
 * to another service, or if a SYN uses the port pair of a finished connection
 * again: that never waits for the old entry to expire.
 *
 * Context: rcu_read_lock(). No writes; what is in @decision is valid until
 * rcu_read_unlock().
 */
void dsr_decide(struct dsr_net *dn, const struct dsr_packet *packet, u32 mark,
		struct dsr_decision *decision)
{
	struct dsr_backend *backend;
	struct dsr_conn *conn;

	decision->service = NULL;
	decision->backend = NULL;
	decision->conn = NULL;
	decision->reason = DSR_PASS_NO_SERVICE;
	if (likely(!packet->icmp_error)) {
		decision->service = dsr_service_find(dn, mark);
		if (!decision->service)
			return;
	}

	decision->hash = dsr_conn_hash(&dn->table, &packet->tuple);
	conn = dsr_conn_find(dn, &packet->tuple, decision->hash);
	decision->conn = conn;
	if (unlikely(packet->icmp_error)) {
		decide_icmp(dn, packet, mark, decision);
		return;
	}

	decision->reason = DSR_FORWARDED;
	if (!conn)
		return;
	backend = dsr_conn_backend(conn);
	if (!backend || backend->service != decision->service)
		return;
	if ((packet->tcp_flags & TCPHDR_SYN) &&
	    dsr_state_reusable(READ_ONCE(conn->state)))
		return;
	decision->backend = backend;
}
