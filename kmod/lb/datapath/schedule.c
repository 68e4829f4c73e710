// SPDX-License-Identifier: GPL-2.0
/* schedule - see schedule.h */

#include <linux/inetdevice.h>
#include <net/ipv6.h>

#include "datapath/schedule.h"
#include "host.h"
#include "sched/sched.h"

/**
 * dsr_schedule_is_bad_source() - check if a client's address is not answerable
 * @tuple: tuple of the packet
 *
 * Such an address is not unicast, or is loopback; in IPv6 also link-local or
 * IPv4-mapped.
 *
 * Context: any.
 */
bool dsr_schedule_is_bad_source(const struct dsr_tuple *tuple)
{
	int type;

	if (tuple->family == AF_INET) {
		__be32 saddr = tuple->v4.saddr;

		return dsr_is_nobody(saddr) || ipv4_is_loopback(saddr);
	}
	type = ipv6_addr_type(&tuple->v6.saddr);
	return !(type & IPV6_ADDR_UNICAST) ||
	       (type & (IPV6_ADDR_LOOPBACK | IPV6_ADDR_LINKLOCAL |
			IPV6_ADDR_MAPPED));
}

/**
 * dsr_schedule_client() - make the key of a persistence entry
 * @tuple: tuple of a packet of the client; the ports do not matter
 * @service: its service
 * @client: set: the client's address masked to the prefix, protocol 0 so that
 *	no packet matches the entry, and the service's key in the other fields. Two
 *	services may begin with the same port, so the last port is part of the key
 *
 * Context: rcu_read_lock() or holds dn->lock.
 */
void dsr_schedule_client(const struct dsr_tuple *tuple,
			 const struct dsr_service *service,
			 struct dsr_tuple *client)
{
	const struct dsr_service_key *key = &service->key;
	u8 prefix = READ_ONCE(service->persist_prefix);

	memset(client, 0, sizeof(*client));
	client->family = tuple->family;
	client->sport = htons(key->proto);
	client->dport = htons(key->port);
	client->last = htons(key->port_last);
	if (tuple->family == AF_INET) {
		client->v4.saddr = tuple->v4.saddr & inet_make_mask(prefix);
		client->v4.daddr = key->fwmark ? htonl(key->fwmark) :
						 tuple->v4.daddr;
	} else {
		ipv6_addr_prefix(&client->v6.saddr, &tuple->v6.saddr, prefix);
		if (key->fwmark)
			client->v6.daddr.s6_addr32[3] = htonl(key->fwmark);
		else
			client->v6.daddr = tuple->v6.daddr;
	}
	/* differs from any protocol: a mark is not an address */
	if (key->fwmark)
		client->sport = htons(1 << 8);
}

static struct dsr_conn *find_persistent(struct dsr_net *dn,
					const struct dsr_tuple *tuple,
					const struct dsr_service *service,
					struct dsr_tuple *client, u32 *hash)
{
	dsr_schedule_client(tuple, service, client);
	*hash = dsr_conn_hash(&dn->table, client);
	return dsr_conn_find(dn, client, *hash);
}

/* Check if a backend takes clients by persistence. A backend of weight 0 does,
 * unless expire_quiescent is set. A backend that is skipped does not.
 */
static bool takes_its_clients(const struct dsr_net *dn,
			      const struct dsr_backend *backend)
{
	return READ_ONCE(backend->config.admin) == DSR_BACKEND_UP &&
	       !READ_ONCE(backend->skipped) &&
	       (READ_ONCE(backend->config.weight) ||
		!READ_ONCE(dn->expire_quiescent));
}

/**
 * dsr_schedule_persistent() - find the backend of a client by persistence
 * @dn: balancer
 * @tuple: tuple of the client's packet; the ports do not matter
 * @service: its service, which has persistence
 *
 * Context: rcu_read_lock(). No writes.
 * Return: the backend, if it still takes the client; or %NULL.
 */
struct dsr_backend *
dsr_schedule_persistent(struct dsr_net *dn, const struct dsr_tuple *tuple,
			const struct dsr_service *service)
{
	struct dsr_backend *backend;
	struct dsr_tuple client;
	struct dsr_conn *conn;
	u32 hash;

	conn = find_persistent(dn, tuple, service, &client, &hash);
	/* Garbage collection runs only later. */
	if (!conn || dsr_conn_is_over(dn, conn, jiffies))
		return NULL;
	backend = dsr_conn_backend(conn) ?:
		  dsr_backend_readded(dn, service, rcu_dereference(conn->backend));
	if (!backend || backend->service != service)
		return NULL;
	/* A backend of weight 0 keeps no client with only one packet. */
	if (READ_ONCE(conn->state) == DSR_CONN_UNPROVEN)
		return dsr_backend_is_up(backend) ? backend : NULL;
	return takes_its_clients(dn, backend) ? backend : NULL;
}

/* Return the tuple to hash. Persistence must hold also when the table is full:
 * so with persistence hash the client's address, masked to the prefix. With a
 * hashing scheduler the VIP is the packet's own; else it is the service's mark,
 * if there is one.
 */
static const struct dsr_tuple *hashed_tuple(const struct dsr_service *service,
					    const struct dsr_pool *pool,
					    const struct dsr_tuple *tuple,
					    struct dsr_tuple *client)
{
	if (likely(!READ_ONCE(service->persist)))
		return tuple;
	dsr_schedule_client(tuple, service, client);
	client->ports = 0;
	client->last = 0;
	if (pool->scheduler->lookup) {
		if (tuple->family == AF_INET)
			client->v4.daddr = tuple->v4.daddr;
		else
			client->v6.daddr = tuple->v6.daddr;
	}
	return client;
}

/**
 * dsr_schedule_slot() - dsr_maglev_slot() for a packet
 * @service: its service, with the scheduler maglev
 * @tuple: tuple of the packet
 *
 * Context: rcu_read_lock().
 */
u32 dsr_schedule_slot(const struct dsr_service *service,
		      const struct dsr_tuple *tuple)
{
	const struct dsr_pool *pool = rcu_dereference(service->pool);
	struct dsr_tuple client;

	return dsr_maglev_slot(pool, hashed_tuple(service, pool, tuple,
						  &client));
}

/**
 * dsr_schedule_candidates() - find the two backends that the hash offers a flow
 * @service: its service
 * @tuple: the flow
 * @home: set to the backend of a packet without an entry, or to %NULL
 * @other: set to the other backend, or to %NULL
 *
 * Context: rcu_read_lock().
 */
void dsr_schedule_candidates(const struct dsr_service *service,
			     const struct dsr_tuple *tuple,
			     struct dsr_backend **home,
			     struct dsr_backend **other)
{
	const struct dsr_pool *pool = rcu_dereference(service->pool);
	struct dsr_tuple client;

	*home = NULL;
	*other = NULL;
	if (!pool->count || !pool->scheduler->other)
		return;
	tuple = hashed_tuple(service, pool, tuple, &client);
	*other = pool->scheduler->other(pool, tuple);
	if (*other)
		*home = pool->scheduler->lookup(pool, tuple);
}

/**
 * dsr_schedule_stateless() - find the backend of a flow without an entry
 * @dn: balancer
 * @service: its service
 * @tuple: the flow
 *
 * Context: rcu_read_lock(). Writes at most the cache of rendezvous.c.
 * Return: the same backend for all packets of the flow, as long as the backends
 * do not change; with persistence, the backend of the client; %NULL if no
 * backend is up.
 */
struct dsr_backend *dsr_schedule_stateless(struct dsr_net *dn,
					   const struct dsr_service *service,
					   const struct dsr_tuple *tuple)
{
	const struct dsr_pool *pool = rcu_dereference(service->pool);
	struct dsr_backend *backend = NULL;
	struct dsr_tuple client;

	if (READ_ONCE(service->persist))
		backend = dsr_schedule_persistent(dn, tuple, service);
	if (!backend && pool->count)
		backend = dsr_sched_lookup(pool, hashed_tuple(service, pool,
							      tuple, &client));
	return backend;
}

/**
 * dsr_schedule_is_exception() - check if only this table can know a backend
 * @dn: balancer
 * @conn: entry of its table
 *
 * Another balancer has the same services. For a packet in mid-stream without an
 * entry it finds the same backend, unless a hash does not. A datagram is never in
 * mid-stream: the scheduler chooses. With chances, the real servers tell it by
 * themselves, of TCP. A half-open connection may be forged, and a closed one has
 * ended: neither is worth telling.
 *
 * Context: rcu_read_lock().
 */
bool dsr_schedule_is_exception(struct dsr_net *dn, const struct dsr_conn *conn)
{
	const struct dsr_backend *backend = dsr_conn_backend(conn);
	const struct dsr_tuple *tuple = &conn->tuple;
	const struct dsr_service *service;
	u8 state = READ_ONCE(conn->state);

	if (!backend || dsr_state_is_half(state) || state == DSR_CONN_CLOSED)
		return false;
	service = backend->service;
	if (dsr_conn_is_client(conn))
		return true;
	if (tuple->proto == IPPROTO_TCP && READ_ONCE(service->chances))
		return false;
	if (tuple->proto == IPPROTO_UDP && !READ_ONCE(service->persist) &&
	    !dsr_pool_hashes(rcu_dereference(service->pool)))
		return true;
	return dsr_schedule_stateless(dn, service, tuple) != backend;
}

/* Add or update the persistence entry of a client whose connection goes to
 * @backend. Unless the client has sent a second packet (@answers), the entry is
 * half-open and short-lived: the source of a first packet may be forged.
 *
 * Return: true if there is an entry.
 */
static bool remember_client(struct dsr_net *dn, const struct dsr_tuple *tuple,
			    const struct dsr_service *service,
			    struct dsr_backend *backend, bool answers)
{
	u8 state = answers ? DSR_CONN_PERSISTENT : DSR_CONN_UNPROVEN;
	struct dsr_tuple client;
	struct dsr_conn *conn;
	bool added = false;
	u32 hash;

	conn = find_persistent(dn, tuple, service, &client, &hash);
	if (!conn && !answers && !dsr_net_has_room(dn, 1)) {
		dsr_net_note_crowded(dn);
		return false;
	}
	if (!conn)
		conn = dsr_conn_add(dn, &client, hash, state, backend, &added);
	if (!conn)
		return false;
	if (READ_ONCE(conn->state) == DSR_CONN_PERSISTENT)
		state = DSR_CONN_PERSISTENT;
	if (rcu_access_pointer(conn->backend) != backend)
		dsr_conn_move(dn, conn, state, backend);
	else if (READ_ONCE(conn->state) != state)
		dsr_conn_set(dn, conn, state);
	WRITE_ONCE(conn->node.seen, jiffies);
	return true;
}

/**
 * dsr_schedule_advance() - apply a packet that changes its connection's state
 * @dn: balancer
 * @pkt: the packet
 * @decision: decision of dsr_decide(): the packet follows a connection
 *
 * The second packet of a client turns its half-open persistence entry into a
 * full one. If the entry names another backend by now, because of another
 * connection of the client, the entry keeps that backend.
 *
 * Context: rcu_read_lock(). Takes locks of stripes, and allocates.
 */
void dsr_schedule_advance(struct dsr_net *dn, const struct dsr_packet *pkt,
			  const struct dsr_decision *decision)
{
	const struct dsr_service *service = decision->service;
	const struct dsr_tuple *tuple = &pkt->tuple;
	struct dsr_conn *conn = decision->conn;
	u8 state = READ_ONCE(conn->state);

	dsr_conn_advance(dn, conn, pkt);
	if (dsr_state_is_half(state) && READ_ONCE(conn->state) != state &&
	    READ_ONCE(service->persist))
		remember_client(dn, tuple, service,
				dsr_schedule_persistent(dn, tuple, service) ?:
				decision->backend, true);
}

/**
 * dsr_schedule_refresh() - keep the persistence entry of a client alive
 * @dn: balancer
 * @tuple: tuple of a packet of the client
 * @service: its service
 *
 * For a packet of a connection, call this whenever the packet's time is
 * recorded: once a second. For packets without a connection, call it for each.
 *
 * Context: rcu_read_lock().
 */
void dsr_schedule_refresh(struct dsr_net *dn, const struct dsr_tuple *tuple,
			  const struct dsr_service *service)
{
	struct dsr_tuple client;
	struct dsr_conn *conn;
	u32 hash;

	conn = find_persistent(dn, tuple, service, &client, &hash);
	if (conn)
		dsr_table_touch(&conn->node, jiffies);
}

/* Check if a packet without an entry may belong to a connection that the table
 * had no room for. Such a connection must keep the backend of its hash, even
 * when there is room again. So must a repeated SYN: the client may just have got
 * the answer to the first one.
 */
static bool may_be_stateless(const struct dsr_net *dn,
			     const struct dsr_service *service,
			     const struct dsr_packet *pkt)
{
	if (pkt->tuple.proto != IPPROTO_UDP &&
	    pkt->event != DSR_EVENT_OPEN)
		return true;
	/* the client may have other connections without an entry */
	if (pkt->tuple.proto == IPPROTO_UDP || READ_ONCE(service->persist))
		return dsr_net_was_crowded(dn);
	return dsr_net_was_crowded_for(dn, DSR_CONN_SYN);
}

static bool is_one_packet(const struct dsr_packet *pkt,
			  const struct dsr_service *service)
{
	return unlikely(READ_ONCE(service->one_packet)) &&
	       pkt->tuple.proto == IPPROTO_UDP;
}

/* Check if a SYN needs no entry: a hashing scheduler gives the next packet of
 * the connection the same backend. So a SYN flood takes no memory.
 */
static bool is_left_alone(const struct dsr_packet *pkt,
			  const struct dsr_service *service,
			  const struct dsr_decision *decision)
{
	return dsr_pool_hashes(rcu_dereference(service->pool)) &&
	       pkt->event == DSR_EVENT_OPEN && !decision->conn &&
	       !READ_ONCE(service->persist);
}

/* Check if a packet ends a connection without an entry: do not add one now,
 * unless the service has chances: the right backend is found by an entry only.
 */
static bool is_stray_end(const struct dsr_packet *pkt,
			 const struct dsr_service *service,
			 const struct dsr_decision *decision)
{
	return !decision->conn && !READ_ONCE(service->chances) &&
	       (pkt->event == DSR_EVENT_CLOSE ||
				   pkt->event == DSR_EVENT_ABORT);
}

/* Check if the table has room. With persistence, a new connection also needs a
 * persistence entry.
 */
static bool has_room(const struct dsr_net *dn,
		     const struct dsr_service *service,
		     const struct dsr_decision *decision)
{
	return decision->conn ||
	       dsr_net_has_room(dn, READ_ONCE(service->persist) ? 2 : 1);
}

/**
 * dsr_schedule_choose() - choose the backend of a packet
 * @dn: balancer
 * @pkt: the packet
 * @decision: decision of dsr_decide() without a backend; gets backend and
 *	reason
 * @dry: as in struct dsr_scheduler.select
 *
 * Context: rcu_read_lock().
 */
void dsr_schedule_choose(struct dsr_net *dn, const struct dsr_packet *pkt,
			 struct dsr_decision *decision, bool dry)
{
	struct dsr_service *service = decision->service;
	struct dsr_pool *pool = rcu_dereference(service->pool);
	bool full = !has_room(dn, service, decision);
	struct dsr_backend *backend = NULL;
	const struct dsr_tuple *hashed;
	struct dsr_tuple client;

	if (dsr_schedule_is_bad_source(&pkt->tuple)) {
		decision->reason = DSR_DROP_BAD_SOURCE;
		return;
	}
	hashed = hashed_tuple(service, pool, &pkt->tuple, &client);
	decision->choice = DSR_CHOICE_PERSISTENCE;
	if (READ_ONCE(service->persist))
		backend = dsr_schedule_persistent(dn, &pkt->tuple, service);
	if (!backend && pool->count &&
	    (full || (!decision->conn &&
		      may_be_stateless(dn, service, pkt)))) {
		decision->choice = pool->scheduler->lookup ?
				   DSR_CHOICE_SCHEDULER : DSR_CHOICE_HASH;
		backend = dsr_sched_lookup(pool, hashed);
	} else if (!backend && pool->count) {
		decision->choice = DSR_CHOICE_SCHEDULER;
		backend = pool->scheduler->select(pool, hashed, dry);
	}
	decision->backend = backend;
	if (!backend) {
		decision->choice = DSR_CHOICE_NONE;
		decision->reason = DSR_DROP_NO_BACKEND;
	} else if (is_one_packet(pkt, service)) {
		decision->reason = DSR_FORWARDED_ONE_PACKET;
	} else if (is_stray_end(pkt, service, decision)) {
		decision->reason = DSR_FORWARDED_STRAY_UNREMEMBERED;
	} else if (is_left_alone(pkt, service, decision)) {
		decision->reason = DSR_FORWARDED_SYN_UNREMEMBERED;
	} else if (full) {
		decision->reason = DSR_FORWARDED_STATELESS;
	}
}

/* Return the state for an entry that is added or moved because of @pkt. A
 * proven connection that moves to another backend stays proven.
 */
static u8 remembered_state(const struct dsr_packet *pkt,
			   const struct dsr_conn *conn)
{
	u8 state = conn ? READ_ONCE(conn->state) : DSR_CONN_UNPROVEN;

	if (state == DSR_CONN_UNPROVEN || state == DSR_CONN_CLOSED ||
	    pkt->event == DSR_EVENT_OPEN)
		return dsr_conn_begin(pkt);
	return dsr_conn_state(state, pkt);
}

/* Put the choice into the table.
 *
 * Return: true if the table has an entry for the connection, with a backend of
 * this service. If another CPU has added the entry first, @decision->backend
 * becomes the backend of that entry.
 */
static bool remember(struct dsr_net *dn, const struct dsr_packet *pkt,
		     struct dsr_decision *decision)
{
	struct dsr_backend *backend = decision->backend;
	struct dsr_service *service = decision->service;
	struct dsr_conn *conn = decision->conn;
	u8 state = remembered_state(pkt, conn);
	bool begun;

	/* First, so that there is no connection without a persistence entry. */
	if (READ_ONCE(service->persist) &&
	    !remember_client(dn, &pkt->tuple, service, backend,
			     !dsr_state_is_half(state)))
		return false;
	begun = conn && dsr_conn_move(dn, conn, state, backend);
	if (!begun)
		conn = dsr_conn_add(dn, &pkt->tuple, decision->hash, state,
				    backend, &begun);
	if (begun) {
		this_cpu_inc(backend->stats->connections);
		if (conn) {
			dsr_conn_touch(conn, jiffies);
			/* else the next packet would be believed, too */
			if (unlikely(conn->blank))
				dsr_conn_note(dn, conn, pkt);
			WRITE_ONCE(conn->proof, pkt->proof);
		}
		return true;
	}
	backend = conn ? dsr_conn_backend(conn) : NULL;
	if (!backend || backend->service != service)
		return false;
	decision->backend = backend;
	return true;
}

/* Keep a SYN at the backend of the connection of its tuple that has just ended. */
static bool stays(struct dsr_net *dn, const struct dsr_packet *pkt,
		  struct dsr_decision *decision)
{
	struct dsr_conn *conn = decision->conn;
	struct dsr_backend *backend = conn ? dsr_conn_backend(conn) : NULL;

	if (!backend || backend->service != decision->service ||
	    !dsr_backend_is_up(backend) || !dsr_conn_stays(dn, conn, pkt))
		return false;
	dsr_conn_touch(conn, jiffies);
	decision->backend = backend;
	decision->choice = DSR_CHOICE_CONNECTION;
	return true;
}

/**
 * dsr_schedule() - choose the backend of a packet and add the connection
 * @dn: balancer
 * @pkt: the packet, with its proof
 * @decision: decision of dsr_decide() without a backend; gets backend and
 *	reason
 *
 * Context: rcu_read_lock(). Takes locks of stripes, and allocates.
 */
void dsr_schedule(struct dsr_net *dn, const struct dsr_packet *pkt,
		  struct dsr_decision *decision)
{
	int tries = 2;

	if (stays(dn, pkt, decision))
		return;
	if (!decision->conn && unlikely(dsr_table_is_full(&dn->table)))
		dsr_table_make_room(&dn->table, decision->hash, jiffies);
	do {
		dsr_schedule_choose(dn, pkt, decision, false);
		if (decision->reason == DSR_FORWARDED &&
		    remember(dn, pkt, decision))
			return;
		/* If the backend was just removed, retry with the new pool. */
	} while (decision->reason == DSR_FORWARDED &&
		 dsr_backend_is_removed(decision->backend) && --tries);

	switch (decision->reason) {
	case DSR_FORWARDED:
		decision->backend = dsr_schedule_stateless(dn, decision->service,
							   &pkt->tuple);
		decision->reason = decision->backend ? DSR_FORWARDED_STATELESS :
						       DSR_DROP_NO_BACKEND;
		return;
	case DSR_FORWARDED_STATELESS:
		dsr_net_note_crowded(dn);
		/* no entry of the connection keeps the client's entry alive */
		if (READ_ONCE(decision->service->persist))
			dsr_schedule_refresh(dn, &pkt->tuple,
					     decision->service);
		return;
	case DSR_FORWARDED_ONE_PACKET:
		this_cpu_inc(decision->backend->stats->connections);
		return;
	default:
		return;
	}
}
