// SPDX-License-Identifier: GPL-2.0
/* decide - see decide.h */

#include "decide.h"
#include "probe.h"
#include "schedule.h"

/* Whether the service that @backend is probed for takes such packets. A mark
 * stands for whatever VIP; what is for the backend's own address does not come
 * by way of one, so it would prove nothing.
 */
static bool takes(const struct dsr_packet *packet,
		  const struct dsr_backend *backend)
{
	const struct dsr_service_key *key = &backend->service->key;
	union nf_inet_addr dest = dsr_tuple_dest(&packet->tuple);

	if (key->fwmark)
		return dsr_addr_compare(&dest, &backend->nexthop.addr);
	return !dsr_addr_compare(&dest, &key->vip) &&
	       (packet->kind == DSR_PACKET_ECHO ||
		dsr_frontend_matches(key, &packet->tuple));
}

/* The mark says which backend it is for, whatever that is wanted for: the way
 * back into the set of those that get connections begins with a probe. A mark of
 * nobody's goes nowhere.
 */
static void decide_probe(const struct dsr_frontend *frontend,
			 const struct dsr_packet *packet,
			 struct dsr_decision *decision)
{
	struct dsr_backend *backend = dsr_probe_backend(frontend);

	decision->reason = DSR_DROP_PROBE_BACKEND;
	if (!backend)
		return;
	decision->reason = DSR_DROP_PROBE_ADDRESS;
	if (!takes(packet, backend))
		return;
	decision->reason = DSR_DROP_SOURCE;
	if (dsr_schedule_is_bad_source(&packet->tuple))
		return;
	decision->service = frontend->probe->service;
	decision->backend = backend;
	decision->choice = DSR_CHOICE_PROBE;
	decision->reason = DSR_FORWARDED_PROBE;
}

/* An ICMP error belongs to the connection that it quotes, whatever its mark:
 * the rule that marks the packets of a service may well name a port. One that
 * the table had no place for is found by its frontend, and by its hash.
 */
static void decide_icmp_error(struct dsr_net *dn,
			      const struct dsr_frontend *frontend,
			      const struct dsr_packet *packet,
			      struct dsr_decision *decision)
{
	struct dsr_service *service;
	struct dsr_backend *backend;

	decision->reason = DSR_PASS_ICMP_UNRELATED;
	decision->hash = dsr_conn_hash(&dn->table, &packet->tuple);
	decision->conn = dsr_conn_find(dn, &packet->tuple, decision->hash);
	if (decision->conn) {
		backend = dsr_conn_backend(decision->conn);
		if (!backend || dsr_backend_is_down(backend))
			return;
		decision->service = backend->service;
	} else {
		service = frontend ? dsr_frontend_match(frontend,
							&packet->tuple) : NULL;
		if (!service || !dsr_schedule_forgets(dn, service))
			return;
		backend = dsr_schedule_stateless(service, &packet->tuple);
		if (!backend)
			return;
		decision->service = service;
	}
	decision->backend = backend;
	decision->choice = DSR_CHOICE_QUOTED;
	decision->reason = DSR_FORWARDED_ICMP;
}

/* An echo request is for an address as a whole, whatever its services are. */
static void decide_echo(const struct dsr_frontend *frontend,
			const struct dsr_packet *packet,
			struct dsr_decision *decision)
{
	struct dsr_service *service = frontend ? dsr_frontend_awake(frontend) :
						 NULL;

	if (!service) {
		if (frontend && frontend->probe)
			decide_probe(frontend, packet, decision);
		return;
	}
	decision->service = service;
	decision->reason = DSR_DROP_SOURCE;
	if (dsr_schedule_is_bad_source(&packet->tuple))
		return;
	decision->reason = DSR_DROP_PING;
	if (READ_ONCE(service->ping) == DSR_PING_IGNORE ||
	    !rcu_dereference(service->pool)->count)
		return;
	if (READ_ONCE(service->ping) == DSR_PING_REPLY) {
		decision->reason = DSR_REPLIED_PING;
		return;
	}
	decision->backend = dsr_schedule_stateless(service, &packet->tuple);
	if (!decision->backend)
		return;
	decision->choice = DSR_CHOICE_HASH;
	decision->reason = DSR_FORWARDED_PING;
}

/* The connection of a packet has lost its backend, which is down or deleted. */
static void decide_lost(struct dsr_net *dn, const struct dsr_packet *packet,
			struct dsr_decision *decision)
{
	struct dsr_service *service = decision->service;
	struct dsr_conn *conn = decision->conn;
	struct dsr_backend *old = rcu_dereference(conn->backend);
	struct dsr_backend *backend;

	if (packet->event == DSR_EVENT_OPEN ||
	    (packet->tuple.proto == IPPROTO_UDP &&
	     READ_ONCE(conn->state) == DSR_CONN_CLOSED))
		return;		/* a new connection, for the scheduler */
	/* Deleted, and there again? */
	backend = READ_ONCE(old->removed) ?
		  dsr_backend_find(dn, service, &old->nexthop.addr) : NULL;
	if (backend && !dsr_backend_is_down(backend)) {
		decision->backend = backend;
		decision->choice = DSR_CHOICE_CONNECTION;
		return;
	}
	switch (READ_ONCE(service->on_down)) {
	case DSR_ON_DOWN_RESET:
		decision->reason = DSR_REPLIED_RESET;
		break;
	case DSR_ON_DOWN_DROP:
		decision->reason = DSR_DROP_BACKEND_DOWN;
		break;
	}
}

/* Whether a packet begins something new although its tuple is known: on a
 * backend that is down (@is_down) nothing goes on.
 */
static bool is_anew(const struct dsr_net *dn, const struct dsr_conn *conn,
		    const struct dsr_packet *packet, bool is_down)
{
	u8 state = READ_ONCE(conn->state);
	u32 now;

	if (packet->tuple.proto != IPPROTO_UDP)
		return unlikely(packet->event == DSR_EVENT_OPEN) &&
		       (is_down || dsr_state_reusable(state));
	/* No packet of UDP says so: what tells is time, to the second. */
	now = (u32)jiffies;
	return state == DSR_CONN_CLOSED ||
	       (unlikely(now - READ_ONCE(conn->node.seen) > HZ) &&
		dsr_conn_is_over(dn, conn, now));
}

/* Whether a packet belongs where its connection does. */
static __always_inline bool is_of(const struct dsr_backend *backend,
				  const struct dsr_frontend *frontend)
{
	return backend->service->frontend == frontend ||
	       frontend == &dsr_frontend_any;
}

/**
 * dsr_decide() - what is to happen to a packet
 * @dn: balancer, with a service at least
 * @frontend: that of the packet, by its mark or its destination, or %NULL; or
 *	dsr_frontend_any: that of its connection, if it has one
 * @packet: the packet
 * @decision: set
 *
 * A packet of a service follows its connection, also when there is a service
 * by now that names its port more exactly. The scheduler is asked if there is
 * none, if its backend was removed, if the packet has come to belong to another
 * mark or address, or if a SYN uses the port pair of a finished connection
 * again: that never waits for the old entry to expire, and belongs to whatever
 * service names its port now. Nobody is asked about a probe, and no connection
 * of its client's is looked at.
 *
 * Context: rcu_read_lock(). No writes; what is in @decision is valid until
 * rcu_read_unlock().
 */
void dsr_decide(struct dsr_net *dn, const struct dsr_frontend *frontend,
		const struct dsr_packet *packet, struct dsr_decision *decision)
{
	struct dsr_backend *backend;
	struct dsr_conn *conn;
	bool is_down;

	decision->reason = DSR_PASS_NO_SERVICE;
	decision->choice = DSR_CHOICE_NONE;
	decision->service = NULL;
	decision->backend = NULL;
	decision->conn = NULL;
	if (unlikely(packet->kind == DSR_PACKET_ICMP_ERROR)) {
		decide_icmp_error(dn, frontend, packet, decision);
		return;
	}
	if (unlikely(packet->kind == DSR_PACKET_ECHO)) {
		decide_echo(frontend, packet, decision);
		return;
	}
	if (unlikely(!frontend))
		return;

	decision->hash = dsr_conn_hash(&dn->table, &packet->tuple);
	conn = dsr_conn_find(dn, &packet->tuple, decision->hash);
	backend = conn ? dsr_conn_backend(conn) : NULL;
	is_down = backend && dsr_backend_is_down(backend);
	if (likely(backend && is_of(backend, frontend) &&
		   !is_anew(dn, conn, packet, is_down))) {
		decision->service = backend->service;
		decision->conn = conn;
		decision->reason = DSR_FORWARDED;
		if (unlikely(is_down)) {
			decide_lost(dn, packet, decision);
			return;
		}
		decision->backend = backend;
		decision->choice = DSR_CHOICE_CONNECTION;
		return;
	}

	decision->service = dsr_frontend_match(frontend, &packet->tuple);
	if (!decision->service) {
		if (frontend->probe)
			decide_probe(frontend, packet, decision);
		return;
	}
	decision->reason = DSR_FORWARDED;
	decision->conn = conn;
	if (conn && !backend)
		decide_lost(dn, packet, decision);
}
