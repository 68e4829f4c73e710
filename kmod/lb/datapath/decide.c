// SPDX-License-Identifier: GPL-2.0
/* decide - see decide.h */

#include "core/probe.h"
#include "datapath/decide.h"
#include "datapath/schedule.h"

/* Check if the backend's service takes such packets. A service with a mark may
 * have any VIP. A probe to the backend's own address would not test delivery
 * for a VIP, so it is refused.
 */
static bool takes(const struct dsr_packet *pkt,
		  const struct dsr_backend *backend)
{
	const struct dsr_service_key *key = &backend->service->key;
	union nf_inet_addr dest = dsr_tuple_dest(&pkt->tuple);

	if (key->fwmark)
		return dsr_addr_compare(&dest, &backend->nexthop.addr);
	return !dsr_addr_compare(&dest, &key->vip) &&
	       (pkt->kind == DSR_PACKET_ECHO ||
		dsr_frontend_matches(key, &pkt->tuple));
}

/* The mark alone selects the backend, whatever its state: a down server must
 * pass probes before it is put back. A mark without a backend is dropped.
 */
static void decide_probe(const struct dsr_frontend *frontend,
			 const struct dsr_packet *pkt,
			 struct dsr_decision *decision)
{
	struct dsr_backend *backend = dsr_probe_backend(frontend);

	decision->reason = DSR_DROP_PROBE_NO_BACKEND;
	if (!backend)
		return;
	decision->reason = DSR_DROP_PROBE_WRONG_ADDRESS;
	if (!takes(pkt, backend))
		return;
	decision->reason = DSR_DROP_BAD_SOURCE;
	if (dsr_schedule_is_bad_source(&pkt->tuple))
		return;
	decision->service = frontend->probe->service;
	decision->backend = backend;
	decision->choice = DSR_CHOICE_PROBE;
	decision->reason = DSR_FORWARDED_PROBE;
}

#define IKE_PORT	500

/* Find the IKE connection of an ESP or AH packet. ESP and AH carry what IKE has
 * negotiated, so they must go to the same server as the client's IKE packets
 * (RFC 7296, section 2).
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

/* A packet without ports has no connection of its own, and gets no entry. It
 * follows the client's IKE connection or persistence entry. If the client has
 * neither, the packet is passed to the stack.
 */
static void decide_portless(struct dsr_net *dn,
			    const struct dsr_frontend *frontend,
			    const struct dsr_packet *pkt,
			    struct dsr_decision *decision)
{
	struct dsr_conn *conn = find_ike(dn, &pkt->tuple);
	struct dsr_backend *backend = conn ? dsr_conn_backend(conn) : NULL;
	struct dsr_service *service;

	if (backend && !dsr_backend_is_down(backend) &&
	    (!frontend || dsr_decide_in_frontend(backend, frontend))) {
		service = backend->service;
		decision->conn = conn;
		decision->choice = DSR_CHOICE_CONNECTION;
	} else {
		service = frontend ? dsr_frontend_match(frontend,
							&pkt->tuple) : NULL;
		if (!service || !READ_ONCE(service->persist) ||
		    dsr_schedule_is_bad_source(&pkt->tuple))
			return;
		backend = dsr_schedule_persistent(dn, &pkt->tuple, service);
		if (!backend)
			return;
		decision->choice = DSR_CHOICE_PERSISTENCE;
	}
	decision->service = service;
	decision->backend = backend;
	decision->reason = DSR_FORWARDED;
}

/* An ICMP error belongs to the connection that it quotes, whatever its own
 * mark: the rule that marks the packets of a service may match a port, which an
 * ICMP error does not have. If the connection has no entry, find the backend by
 * frontend and hash.
 */
static void decide_icmp_error(struct dsr_net *dn,
			      const struct dsr_frontend *frontend,
			      const struct dsr_packet *pkt,
			      struct dsr_decision *decision)
{
	struct dsr_service *service;
	struct dsr_backend *backend;

	if (!dsr_packet_is_balanced(pkt->tuple.proto)) {
		decide_portless(dn, frontend, pkt, decision);
		decision->reason = DSR_PASS_ICMP_UNRELATED;
		if (!decision->backend)
			return;
		decision->choice = DSR_CHOICE_QUOTED;
		decision->reason = DSR_FORWARDED_ICMP_ERROR;
		return;
	}
	decision->reason = DSR_PASS_ICMP_UNRELATED;
	decision->hash = dsr_conn_hash(&dn->table, &pkt->tuple);
	decision->conn = dsr_conn_find(dn, &pkt->tuple, decision->hash);
	if (decision->conn) {
		backend = dsr_conn_backend(decision->conn);
		if (!backend || dsr_backend_is_down(backend))
			return;
		decision->service = backend->service;
	} else {
		service = frontend ? dsr_frontend_match(frontend,
							&pkt->tuple) : NULL;
		if (!service || !dsr_schedule_forgets(dn, service))
			return;
		backend = dsr_schedule_stateless(dn, service, &pkt->tuple);
		if (!backend)
			return;
		decision->service = service;
	}
	decision->backend = backend;
	decision->choice = DSR_CHOICE_QUOTED;
	decision->reason = DSR_FORWARDED_ICMP_ERROR;
}

/* An echo request is for an address as a whole, not for one of its services. */
static void decide_echo(struct dsr_net *dn,
			const struct dsr_frontend *frontend,
			const struct dsr_packet *pkt,
			struct dsr_decision *decision)
{
	struct dsr_service *service = frontend ? dsr_frontend_pick_up(frontend) :
						 NULL;

	if (!service) {
		if (frontend && frontend->probe)
			decide_probe(frontend, pkt, decision);
		return;
	}
	decision->service = service;
	decision->reason = DSR_DROP_BAD_SOURCE;
	if (dsr_schedule_is_bad_source(&pkt->tuple))
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
						   &pkt->tuple);
	if (!decision->backend)
		return;
	decision->choice = DSR_CHOICE_HASH;
	decision->reason = DSR_FORWARDED_PING;
}

/** dsr_decide_icmp() - dsr_decide() for kinds other than DSR_PACKET_FLOW */
void dsr_decide_icmp(struct dsr_net *dn, const struct dsr_frontend *frontend,
		     const struct dsr_packet *pkt,
		     struct dsr_decision *decision)
{
	if (pkt->kind == DSR_PACKET_ECHO)
		decide_echo(dn, frontend, pkt, decision);
	else if (pkt->kind == DSR_PACKET_PORTLESS)
		decide_portless(dn, frontend, pkt, decision);
	else
		decide_icmp_error(dn, frontend, pkt, decision);
}

/**
 * dsr_decide_opens() - check if a SYN opens a new connection on a known tuple
 * @dn: balancer
 * @conn: entry of the tuple
 * @backend: backend of @conn, not removed
 *
 * A SYN opens a new connection if the old one has ended or timed out. A SYN on
 * a live connection changes nothing: it may be a duplicate, or forged. But
 * after the silence of a SYN timeout it is neither: the client has given the
 * connection up, for example after a RST of the server. A backend that takes
 * new connections can answer this SYN as well as any other backend, so the SYN
 * is scheduled again only if the old backend takes none.
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

/** dsr_decide_orphan() - dsr_decide() if the backend is down or was removed */
void dsr_decide_orphan(struct dsr_net *dn, const struct dsr_packet *pkt,
		       struct dsr_decision *decision)
{
	struct dsr_service *service = decision->service;
	struct dsr_conn *conn = decision->conn;
	struct dsr_backend *old = rcu_dereference(conn->backend);
	struct dsr_backend *backend;

	if (pkt->event == DSR_EVENT_OPEN ||
	    (pkt->tuple.proto == IPPROTO_UDP &&
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
		/* Any backend can answer a datagram. But another backend can
		 * only reset an open connection, so wait for the old backend.
		 */
		if (pkt->tuple.proto != IPPROTO_UDP &&
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

/* Check if a packet follows its connection although its frontend differs now:
 * rules change while connections live. A SYN begins a new connection, which
 * belongs to the service of the SYN's own mark.
 */
static bool goes_on(const struct dsr_net *dn,
		    const struct dsr_frontend *frontend,
		    const struct dsr_packet *pkt,
		    const struct dsr_conn *conn,
		    const struct dsr_backend *backend)
{
	return backend && !dsr_decide_in_frontend(backend, frontend) &&
	       pkt->event != DSR_EVENT_OPEN &&
	       pkt->event != DSR_EVENT_ACCEPT &&
	       !dsr_decide_is_new(dn, conn, pkt, backend,
				  dsr_backend_is_down(backend));
}

/**
 * dsr_decide_answers() - true if a packet answers a known connection
 * @dn: balancer, with a service at least
 * @pkt: a packet of a flow
 *
 * Context: rcu_read_lock(). No writes.
 */
bool dsr_decide_answers(const struct dsr_net *dn,
			const struct dsr_packet *pkt)
{
	struct dsr_tuple request;

	dsr_tuple_reverse(&pkt->tuple, &request);
	return dsr_conn_find(dn, &request, dsr_conn_hash(&dn->table, &request));
}

/* Check if a packet is a reply to a balanced packet, on its way to the client:
 * rules may give replies the mark of their requests, for example by connmark.
 * Only a server sends a SYN-ACK. Any other packet is a reply if the reverse
 * tuple has an entry.
 */
static bool is_reply(const struct dsr_net *dn, const struct dsr_packet *pkt)
{
	if (pkt->event == DSR_EVENT_OPEN)
		return false;
	return pkt->event == DSR_EVENT_ACCEPT ||
	       dsr_decide_answers(dn, pkt);
}

/** dsr_decide_new() - dsr_decide() without a connection of the same frontend
 *
 * Also for a packet that begins a new connection although there is an entry.
 */
void dsr_decide_new(struct dsr_net *dn, const struct dsr_frontend *frontend,
		    const struct dsr_packet *pkt,
		    struct dsr_decision *decision, struct dsr_conn *conn,
		    struct dsr_backend *backend)
{
	struct dsr_service *service = dsr_frontend_match(frontend,
							 &pkt->tuple);

	if (!service) {
		if (frontend->probe)
			decide_probe(frontend, pkt, decision);
		return;
	}
	if (service->key.fwmark && !conn && is_reply(dn, pkt)) {
		decision->reason = DSR_PASS_REPLY;
		return;
	}
	decision->service = service;
	decision->reason = DSR_FORWARDED;
	decision->conn = conn;
	if (goes_on(dn, frontend, pkt, conn, backend)) {
		decision->service = backend->service;
		if (dsr_backend_is_down(backend)) {
			dsr_decide_orphan(dn, pkt, decision);
			return;
		}
		decision->backend = backend;
		decision->choice = DSR_CHOICE_CONNECTION;
	} else if (conn && !backend) {
		dsr_decide_orphan(dn, pkt, decision);
	}
}
