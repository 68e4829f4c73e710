// SPDX-License-Identifier: GPL-2.0
/* decide - see decide.h */

#include "core/probe.h"
#include "datapath/decide.h"
#include "datapath/schedule.h"

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

	decision->reason = DSR_DROP_PROBE_NO_BACKEND;
	if (!backend)
		return;
	decision->reason = DSR_DROP_PROBE_WRONG_ADDRESS;
	if (!takes(packet, backend))
		return;
	decision->reason = DSR_DROP_BAD_SOURCE;
	if (dsr_schedule_is_bad_source(&packet->tuple))
		return;
	decision->service = frontend->probe->service;
	decision->backend = backend;
	decision->choice = DSR_CHOICE_PROBE;
	decision->reason = DSR_FORWARDED_PROBE;
}

#define IKE_PORT	500

/* ESP and AH carry what IKE has agreed on: so they belong to the server that their
 * client's IKE has gone to (RFC 7296, section 2).
 */
static struct dsr_conn *find_ike(const struct dsr_net *dn,
				 const struct dsr_tuple *tuple)
{
	struct dsr_tuple ike = *tuple;
	struct dsr_conn *conn;

	if (tuple->proto != IPPROTO_ESP && tuple->proto != IPPROTO_AH)
		return NULL;
	ike.proto = IPPROTO_UDP;
	ike.sport = htons(IKE_PORT);
	ike.dport = htons(IKE_PORT);
	conn = dsr_conn_find(dn, &ike, dsr_conn_hash(&dn->table, &ike));
	return conn && !dsr_conn_is_over(dn, conn, jiffies) ? conn : NULL;
}

/* What has no ports has no connection of its own. It follows what its client has:
 * its IKE, or persistence. No entry is made for it. That of an unknown client is
 * left to the machine.
 */
static void decide_portless(struct dsr_net *dn,
			    const struct dsr_frontend *frontend,
			    const struct dsr_packet *packet,
			    struct dsr_decision *decision)
{
	struct dsr_conn *conn = find_ike(dn, &packet->tuple);
	struct dsr_backend *backend = conn ? dsr_conn_backend(conn) : NULL;
	struct dsr_service *service;

	if (backend && !dsr_backend_is_down(backend) &&
	    (!frontend || dsr_decide_in_frontend(backend, frontend))) {
		service = backend->service;
		decision->conn = conn;
		decision->choice = DSR_CHOICE_CONNECTION;
	} else {
		service = frontend ? dsr_frontend_match(frontend,
							&packet->tuple) : NULL;
		if (!service || !READ_ONCE(service->persist) ||
		    dsr_schedule_is_bad_source(&packet->tuple))
			return;
		backend = dsr_schedule_persistent(dn, &packet->tuple, service);
		if (!backend)
			return;
		decision->choice = DSR_CHOICE_PERSISTENCE;
	}
	decision->service = service;
	decision->backend = backend;
	decision->reason = DSR_FORWARDED;
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

	if (!dsr_packet_is_balanced(packet->tuple.proto)) {
		decide_portless(dn, frontend, packet, decision);
		decision->reason = DSR_PASS_ICMP_UNRELATED;
		if (!decision->backend)
			return;
		decision->choice = DSR_CHOICE_QUOTED;
		decision->reason = DSR_FORWARDED_ICMP_ERROR;
		return;
	}
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
		backend = dsr_schedule_stateless(dn, service, &packet->tuple);
		if (!backend)
			return;
		decision->service = service;
	}
	decision->backend = backend;
	decision->choice = DSR_CHOICE_QUOTED;
	decision->reason = DSR_FORWARDED_ICMP_ERROR;
}

/* An echo request is for an address as a whole, whatever its services are. */
static void decide_echo(struct dsr_net *dn,
			const struct dsr_frontend *frontend,
			const struct dsr_packet *packet,
			struct dsr_decision *decision)
{
	struct dsr_service *service = frontend ? dsr_frontend_pick_up(frontend) :
						 NULL;

	if (!service) {
		if (frontend && frontend->probe)
			decide_probe(frontend, packet, decision);
		return;
	}
	decision->service = service;
	decision->reason = DSR_DROP_BAD_SOURCE;
	if (dsr_schedule_is_bad_source(&packet->tuple))
		return;
	decision->reason = DSR_DROP_PING;
	if (READ_ONCE(service->ping) == DSR_PING_IGNORE ||
	    !rcu_dereference(service->pool)->count)
		return;
	if (READ_ONCE(service->ping) == DSR_PING_REPLY) {
		decision->reason = DSR_ANSWERED_PING;
		return;
	}
	decision->backend = dsr_schedule_stateless(dn, service,
						   &packet->tuple);
	if (!decision->backend)
		return;
	decision->choice = DSR_CHOICE_HASH;
	decision->reason = DSR_FORWARDED_PING;
}

/** dsr_decide_icmp() - dsr_decide() for what is no packet of a flow */
void dsr_decide_icmp(struct dsr_net *dn, const struct dsr_frontend *frontend,
		     const struct dsr_packet *packet,
		     struct dsr_decision *decision)
{
	if (packet->kind == DSR_PACKET_ECHO)
		decide_echo(dn, frontend, packet, decision);
	else if (packet->kind == DSR_PACKET_PORTLESS)
		decide_portless(dn, frontend, packet, decision);
	else
		decide_icmp_error(dn, frontend, packet, decision);
}

/**
 * dsr_decide_opens() - whether a SYN opens a connection although there is one
 * @dn: balancer
 * @conn: the entry of its tuple
 * @backend: of @conn, not removed
 *
 * On what is established a SYN changes nothing: it may be a duplicate, or forged.
 * If the connection was silent for so long that it is neither, it is the client's,
 * which has forgotten the connection, as when a RST of the server's has ended it.
 * A living backend that takes new connections answers that as well as any.
 *
 * Context: rcu_read_lock().
 */
bool dsr_decide_opens(const struct dsr_net *dn, const struct dsr_conn *conn,
		      const struct dsr_backend *backend)
{
	u8 state = READ_ONCE(conn->state);
	u32 now = (u32)jiffies;

	if (dsr_state_reusable(state) || dsr_conn_is_over(dn, conn, now))
		return true;
	return !dsr_backend_is_up(backend) &&
	       (state == DSR_CONN_SYN ||
		dsr_conn_is_silent(dn, conn, DSR_CONN_SYN, now));
}

/** dsr_decide_orphan() - dsr_decide(), where the backend is down or deleted */
void dsr_decide_orphan(struct dsr_net *dn, const struct dsr_packet *packet,
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
	backend = dsr_backend_readded(dn, service, old);
	if (backend && !dsr_backend_is_down(backend)) {
		decision->backend = backend;
		decision->choice = DSR_CHOICE_CONNECTION;
		return;
	}
	switch (READ_ONCE(service->on_down)) {
	case DSR_ON_DOWN_RESCHEDULE:
		/* Anybody can answer a datagram; a connection that is open,
		 * another backend can only refuse.
		 */
		if (packet->tuple.proto != IPPROTO_UDP &&
		    dsr_backend_is_removed(old) && dsr_service_is_held(service))
			decision->reason = DSR_DROP_BACKEND_JUST_DELETED;
		break;
	case DSR_ON_DOWN_RESET:
		decision->reason = DSR_ANSWERED_RESET;
		break;
	case DSR_ON_DOWN_DROP:
		decision->reason = DSR_DROP_BACKEND_DOWN;
		break;
	}
}

/* Whether a packet that has another mark by now, or another address's service,
 * goes on where its connection is: rules change while connections live. A SYN
 * begins a new one, and that belongs to whatever service its mark names.
 */
static bool goes_on(const struct dsr_net *dn,
		    const struct dsr_frontend *frontend,
		    const struct dsr_packet *packet,
		    const struct dsr_conn *conn,
		    const struct dsr_backend *backend)
{
	return backend && !dsr_decide_in_frontend(backend, frontend) &&
	       packet->event != DSR_EVENT_OPEN &&
	       packet->event != DSR_EVENT_ACCEPT &&
	       !dsr_decide_is_new(dn, conn, packet, backend,
				  dsr_backend_is_down(backend));
}

/**
 * dsr_decide_answers() - whether a packet answers a connection that is known
 * @dn: balancer, with a service at least
 * @packet: a packet of a flow
 *
 * Context: rcu_read_lock(). No writes.
 */
bool dsr_decide_answers(const struct dsr_net *dn,
			const struct dsr_packet *packet)
{
	struct dsr_tuple request;

	dsr_tuple_reverse(&packet->tuple, &request);
	return dsr_conn_find(dn, &request, dsr_conn_hash(&dn->table, &request));
}

/* Whether a packet answers one that was balanced: connmark, say, gives replies
 * the mark of their requests, and they are on their way to the client. Nothing
 * but a server's accepts a connection; of the others, the entry of the request
 * tells.
 */
static bool is_reply(const struct dsr_net *dn, const struct dsr_packet *packet)
{
	if (packet->event == DSR_EVENT_OPEN)
		return false;
	return packet->event == DSR_EVENT_ACCEPT ||
	       dsr_decide_answers(dn, packet);
}

/** dsr_decide_new() - dsr_decide(), where the packet follows no connection, or
 * one of another mark or address
 */
void dsr_decide_new(struct dsr_net *dn, const struct dsr_frontend *frontend,
		    const struct dsr_packet *packet,
		    struct dsr_decision *decision, struct dsr_conn *conn,
		    struct dsr_backend *backend)
{
	struct dsr_service *service = dsr_frontend_match(frontend,
							 &packet->tuple);

	if (!service) {
		if (frontend->probe)
			decide_probe(frontend, packet, decision);
		return;
	}
	if (service->key.fwmark && !conn && is_reply(dn, packet)) {
		decision->reason = DSR_PASS_REPLY;
		return;
	}
	decision->service = service;
	decision->reason = DSR_FORWARDED;
	decision->conn = conn;
	if (goes_on(dn, frontend, packet, conn, backend)) {
		decision->service = backend->service;
		if (dsr_backend_is_down(backend)) {
			dsr_decide_orphan(dn, packet, decision);
			return;
		}
		decision->backend = backend;
		decision->choice = DSR_CHOICE_CONNECTION;
	} else if (conn && !backend) {
		dsr_decide_orphan(dn, packet, decision);
	}
}
