/* SPDX-License-Identifier: GPL-2.0 */
/*
 * decide - what is to happen to a packet
 *
 * The one place where that is said, for the hook, the tests, and whoever asks
 * what would happen: a function of packet, mark, configuration and table that
 * changes none of them. What most packets need of it is part of who asks.
 */
#ifndef _DSR_DECIDE_H
#define _DSR_DECIDE_H

#include "core/conn.h"
#include "core/frontend.h"
#include "core/packet.h"
#include "core/service.h"

/**
 * struct dsr_decision - what is to happen to a packet
 * @reason: why it leaves the module as it does, as far as that is known
 * @choice: enum dsr_choice: how @backend is found
 * @service: its service, unless it is none of ours
 * @backend: where it goes, if @reason is one of forwarding; %NULL while it is
 *	for dsr_schedule() to choose
 * @conn: the entry of its tuple, if there is one
 * @hash: of its tuple
 */
struct dsr_decision {
	enum dsr_reason reason;
	u8 choice;
	struct dsr_service *service;
	struct dsr_backend *backend;
	struct dsr_conn *conn;
	u32 hash;
};

void dsr_decide_icmp(struct dsr_net *dn, const struct dsr_frontend *frontend,
		     const struct dsr_packet *packet,
		     struct dsr_decision *decision);
void dsr_decide_orphan(struct dsr_net *dn, const struct dsr_packet *packet,
		       struct dsr_decision *decision);
bool dsr_decide_answers(const struct dsr_net *dn,
			const struct dsr_packet *packet);
bool dsr_decide_opens(const struct dsr_net *dn, const struct dsr_conn *conn,
		      const struct dsr_backend *backend);
void dsr_decide_new(struct dsr_net *dn, const struct dsr_frontend *frontend,
		    const struct dsr_packet *packet,
		    struct dsr_decision *decision, struct dsr_conn *conn,
		    struct dsr_backend *backend);

/* Whether a packet begins something new although its tuple is known: on a
 * backend that is down (@is_down) nothing goes on.
 */
static __always_inline bool
dsr_decide_is_new(const struct dsr_net *dn, const struct dsr_conn *conn,
		  const struct dsr_packet *packet,
		  const struct dsr_backend *backend, bool is_down)
{
	u8 state = READ_ONCE(conn->state);
	u32 now;

	if (packet->tuple.proto != IPPROTO_UDP)
		return unlikely(packet->event == DSR_EVENT_OPEN) &&
		       (is_down || dsr_decide_opens(dn, conn, backend));
	if (unlikely(state != DSR_CONN_UDP) &&
	    (state == DSR_CONN_CLOSED ||
	     (!is_down && !dsr_backend_is_up(backend))))
		return true;
	/* No packet of UDP says so: what tells is time, to the second. */
	now = (u32)jiffies;
	return unlikely(now - READ_ONCE(conn->node.seen) > HZ) &&
	       dsr_conn_is_over(dn, conn, now);
}

/* Whether a packet belongs where its connection does. */
static __always_inline bool dsr_decide_in_frontend(const struct dsr_backend *backend,
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
 * by now that names its port more exactly, and when rules give it the mark of
 * another one by now. The scheduler is asked if there is none, if its backend
 * was removed, if a SYN has come to belong to another mark or address, or if one
 * uses the port pair of a finished connection again: that never waits for the
 * old entry to expire, and belongs to whatever service names its port now; unless a
 * forger may have ended it, which dsr_schedule() finds by the numbers. A SYN
 * that its backend has not answered is no connection that a backend without
 * weight could keep. A packet with a mark that answers a connection goes to its client. Nobody is
 * asked about a probe, and no connection of its client's is looked at.
 *
 * Context: rcu_read_lock(). No writes; what is in @decision is valid until
 * rcu_read_unlock().
 */
static __always_inline void
dsr_decide(struct dsr_net *dn, const struct dsr_frontend *frontend,
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
	if (unlikely(packet->kind != DSR_PACKET_FLOW)) {
		dsr_decide_icmp(dn, frontend, packet, decision);
		return;
	}
	if (unlikely(!frontend))
		return;

	decision->hash = dsr_conn_hash(&dn->table, &packet->tuple);
	conn = dsr_conn_find(dn, &packet->tuple, decision->hash);
	backend = conn ? dsr_conn_backend(conn) : NULL;
	is_down = backend && dsr_backend_is_down(backend);
	if (unlikely(!backend || !dsr_decide_in_frontend(backend, frontend) ||
		     dsr_decide_is_new(dn, conn, packet, backend,
				       is_down))) {
		dsr_decide_new(dn, frontend, packet, decision, conn, backend);
		return;
	}
	decision->service = backend->service;
	decision->conn = conn;
	decision->reason = DSR_FORWARDED;
	if (unlikely(is_down)) {
		dsr_decide_orphan(dn, packet, decision);
		return;
	}
	decision->backend = backend;
	decision->choice = DSR_CHOICE_CONNECTION;
}

#endif /* _DSR_DECIDE_H */
