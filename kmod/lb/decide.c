// SPDX-License-Identifier: GPL-2.0
/* decide - see decide.h */

#include "decide.h"

/* The backend of a connection, if it still has one. */
static struct dsr_backend *backend_of(const struct dsr_conn *conn)
{
	struct dsr_backend *backend = rcu_dereference(conn->backend);

	return likely(!READ_ONCE(backend->removed)) ? backend : NULL;
}

/* An ICMP error belongs to the connection that it quotes, whatever its mark:
 * the rule that marks the packets of a service may well name a port.
 */
static void decide_icmp(struct dsr_decision *decision)
{
	decision->reason = DSR_PASS_ICMP_UNRELATED;
	if (!decision->conn)
		return;
	decision->backend = backend_of(decision->conn);
	if (!decision->backend)
		return;
	decision->service = decision->backend->service;
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
		decide_icmp(decision);
		return;
	}

	decision->reason = DSR_FORWARDED;
	if (!conn)
		return;
	backend = backend_of(conn);
	if (!backend || backend->service != decision->service)
		return;
	if ((packet->tcp_flags & TCPHDR_SYN) &&
	    dsr_state_reusable(READ_ONCE(conn->state)))
		return;
	decision->backend = backend;
}
