/* SPDX-License-Identifier: GPL-2.0 */
/*
 * decide - decide about a packet
 *
 * The one decision function, used by the hooks, by "dsrctl explain" and by the
 * tests. The result depends on packet, mark, configuration and table; the
 * function changes none of them. The fast path is inline here, the rest is in
 * decide.c.
 */
#ifndef _DSR_DECIDE_H
#define _DSR_DECIDE_H

#include "core/conn.h"
#include "core/frontend.h"
#include "core/packet.h"
#include "core/service.h"

/**
 * struct dsr_decision - decision about a packet
 * @reason: the verdict, as far as it is known
 * @choice: enum dsr_choice: the means by which @backend was found
 * @service: service of the packet; %NULL if the packet belongs to no service
 * @backend: destination, if @reason is one of forwarding; %NULL if
 *	dsr_schedule() is to choose it
 * @conn: entry of the packet's tuple, or %NULL
 * @hash: hash of the packet's tuple
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
		     const struct dsr_packet *pkt,
		     struct dsr_decision *decision);
void dsr_decide_orphan(struct dsr_net *dn, const struct dsr_packet *pkt,
		       struct dsr_decision *decision);
bool dsr_decide_answers(const struct dsr_net *dn,
			const struct dsr_packet *pkt);
bool dsr_decide_opens(const struct dsr_net *dn, const struct dsr_conn *conn,
		      const struct dsr_backend *backend);
void dsr_decide_new(struct dsr_net *dn, const struct dsr_frontend *frontend,
		    const struct dsr_packet *pkt,
		    struct dsr_decision *decision, struct dsr_conn *conn,
		    struct dsr_backend *backend);

/* dsr_conn_is_over() for a UDP connection of a service, in place: with many clients
 * most packets come more than a second after the last one of their flow.
 */
static __always_inline bool
dsr_decide_timed_out(const struct dsr_net *dn, const struct dsr_conn *conn,
		     const struct dsr_service *service)
{
	s32 idle = (u32)jiffies - READ_ONCE(conn->node.seen);

	/* negative if another CPU has just written the time */
	return idle > HZ &&
	       unlikely((u32)idle - HZ > dsr_timeouts_get(&service->timeouts,
							  &dn->timeouts,
							  DSR_CONN_UDP));
}

/* Check if a packet begins a new connection although its tuple has an entry. If
 * the backend is down (@is_down), any SYN does.
 */
static __always_inline bool
dsr_decide_is_new(const struct dsr_net *dn, const struct dsr_conn *conn,
		  const struct dsr_packet *pkt,
		  const struct dsr_backend *backend, bool is_down)
{
	u8 state = READ_ONCE(conn->state);

	if (pkt->tuple.proto != IPPROTO_UDP)
		return unlikely(pkt->event == DSR_EVENT_OPEN) &&
		       (is_down || dsr_decide_opens(dn, conn, backend));
	if (unlikely(state != DSR_CONN_UDP) &&
	    (state == DSR_CONN_CLOSED ||
	     (!is_down && !dsr_backend_is_up(backend))))
		return true;
	/* UDP has no such packet. Here the timeout decides, to the second. */
	return dsr_decide_timed_out(dn, conn, backend->service);
}

/* Check if the packet's frontend is that of its connection's service. */
static __always_inline bool dsr_decide_in_frontend(const struct dsr_backend *backend,
						   const struct dsr_frontend *frontend)
{
	return backend->service->frontend == frontend;
}

/**
 * dsr_decide_known() - decide about a packet by its connection alone
 * @dn: balancer
 * @pkt: the packet: of a flow; only its protocol and its event are read
 * @conn: entry of its tuple
 * @backend: backend of @conn, maybe removed
 *
 * For ingress and XDP, where no rule has set a mark yet. Leaves to dsr_decide(),
 * later on the packet's way, what to do instead.
 *
 * Context: rcu_read_lock(). No writes.
 * Return: DSR_FORWARDED: to @backend; DSR_DROP_BACKEND_DOWN: @backend is down;
 * DSR_PASS_NO_SERVICE: the packet belongs to no known connection.
 */
static __always_inline enum dsr_reason
dsr_decide_known(const struct dsr_net *dn, const struct dsr_packet *pkt,
		 const struct dsr_conn *conn, const struct dsr_backend *backend)
{
	bool is_down;

	if (unlikely(READ_ONCE(backend->removed)))
		return DSR_PASS_NO_SERVICE;
	is_down = dsr_backend_is_down(backend);
	if (unlikely(dsr_decide_is_new(dn, conn, pkt, backend, is_down)))
		return DSR_PASS_NO_SERVICE;
	return unlikely(is_down) ? DSR_DROP_BACKEND_DOWN : DSR_FORWARDED;
}

/* Set all of a decision but the hash, for a packet that is none of a known
 * connection. A packet of one sets the same fields, and pays for them once.
 */
static inline void dsr_decide_nothing(struct dsr_decision *decision)
{
	decision->reason = DSR_PASS_NO_SERVICE;
	decision->choice = DSR_CHOICE_NONE;
	decision->service = NULL;
	decision->backend = NULL;
	decision->conn = NULL;
}

/**
 * dsr_decide() - decide about a packet
 * @dn: balancer, with at least one service
 * @frontend: frontend of the packet, by its mark or its destination, or %NULL
 * @pkt: the packet
 * @decision: set
 *
 * A packet of a service follows its connection. This holds even if there is a
 * more specific service now, or if the rules now set the mark of another
 * service. The packet is left to the scheduler
 * - if there is no connection,
 * - if the backend of the connection was removed,
 * - if it is a SYN that belongs to another mark or address now,
 * - if it is a SYN that reuses the port pair of a finished connection. Such a
 *   SYN need not wait until the old entry expires, and belongs to the service
 *   that matches its port now.
 *
 * A backend of weight 0 keeps its connections, but not a SYN that it may never
 * have answered: the next SYN of the client is scheduled again. A marked packet
 * that is a reply of a connection is passed to the client. The mark of a probe
 * alone selects the backend: neither scheduler nor table are used.
 *
 * Context: rcu_read_lock(). Writes at most the cache of rendezvous.c. The
 * pointers in @decision are valid until rcu_read_unlock().
 */
static __always_inline void
dsr_decide(struct dsr_net *dn, const struct dsr_frontend *frontend,
	   const struct dsr_packet *pkt, struct dsr_decision *decision)
{
	struct dsr_backend *backend;
	struct dsr_conn *conn;
	bool is_down;
	u32 hash;

	if (unlikely(pkt->kind != DSR_PACKET_FLOW)) {
		dsr_decide_nothing(decision);
		dsr_decide_icmp(dn, frontend, pkt, decision);
		return;
	}
	if (unlikely(!frontend)) {
		dsr_decide_nothing(decision);
		return;
	}

	hash = dsr_conn_hash(&dn->table, &pkt->tuple);
	decision->hash = hash;
	conn = dsr_conn_find(dn, &pkt->tuple, hash);
	backend = conn ? dsr_conn_backend(conn) : NULL;
	is_down = backend && dsr_backend_is_down(backend);
	if (unlikely(!backend || !dsr_decide_in_frontend(backend, frontend) ||
		     dsr_decide_is_new(dn, conn, pkt, backend,
				       is_down))) {
		dsr_decide_nothing(decision);
		dsr_decide_new(dn, frontend, pkt, decision, conn, backend);
		return;
	}
	decision->service = backend->service;
	decision->conn = conn;
	decision->reason = DSR_FORWARDED;
	if (unlikely(is_down)) {
		decision->backend = NULL;
		decision->choice = DSR_CHOICE_NONE;
		dsr_decide_orphan(dn, pkt, decision);
		return;
	}
	decision->backend = backend;
	decision->choice = DSR_CHOICE_CONNECTION;
}

#endif /* _DSR_DECIDE_H */
