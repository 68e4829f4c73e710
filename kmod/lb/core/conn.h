/* SPDX-License-Identifier: GPL-2.0 */
/*
 * conn - a connection: which backend its packets go to
 *
 * Owner: the table. A packet uses an entry under RCU without a reference.
 * The entry holds a reference to its backend.
 *
 * Locking: what changes a few times in a connection's life (state, backend)
 * changes under the lock of the entry's stripe, so that the counts of the
 * backends are exact; each other packet of it writes nothing but, once a
 * second, when it was seen, and when it has passed PRE_ROUTING.
 */
#ifndef _DSR_CONN_H
#define _DSR_CONN_H

#include "core/backend.h"
#include "core/net.h"
#include "core/packet.h"
#include "state.h"

/**
 * struct dsr_conn - a connection
 * @node: in the table
 * @backend: where its packets go, never %NULL
 * @state: enum dsr_conn_state
 * @unlinked: not in the table any more, and does not hold @backend
 * @forged: somebody else has tried to end it in the client's name. With @unlinked,
 *	under the lock of the stripe
 * @proof: dsr_packet.proof of a packet of its client's, up to a second behind
 * @checked: jiffies (low half) of its last packet that has come through
 *	PRE_ROUTING, and so has its mark from the rules of today; up to a second
 *	behind
 * @tuple: its key; there is memory for dsr_tuple_size() bytes of it
 */
struct dsr_conn {
	struct dsr_node node;
	struct dsr_backend __rcu *backend;
	u8 state;
	u8 unlinked:1;
	u8 forged:1;
	u16 proof;
	u32 checked;
	struct dsr_tuple tuple;
};

#define DSR_CONN_SIZE4	(offsetof(struct dsr_conn, tuple) + DSR_TUPLE_SIZE4)
#define DSR_CONN_SIZE6	(offsetof(struct dsr_conn, tuple) + DSR_TUPLE_SIZE6)

/* One cache line: "a hit reads the bucket and the entry" */
static_assert(DSR_CONN_SIZE6 <= 64);

/** dsr_conn_hash() - hash of @tuple in @table */
static inline u32 dsr_conn_hash(const struct dsr_table *table,
				const struct dsr_tuple *tuple)
{
	return dsr_tuple_key_hash(tuple, &table->key);
}

/** dsr_conn_state() - state of a connection after @packet, from @state on */
static inline u8 dsr_conn_state(u8 state, const struct dsr_packet *packet)
{
	return unlikely(packet->tuple.proto == IPPROTO_UDP) ?
	       DSR_CONN_UDP : dsr_state_next(state, packet->event);
}

/**
 * dsr_conn_begin() - state of a connection that begins with a packet
 * @packet: the packet
 *
 * The balancer sees what the client sends and nothing else: so no number in a
 * packet proves to it that the sender has got an answer. A forger counts on
 * sequence numbers as easily as it sends a second packet. So nothing else is
 * asked for: as a SYN takes an ACK to become an established connection, in
 * mid-stream it takes a second packet.
 */
static inline u8 dsr_conn_begin(const struct dsr_packet *packet)
{
	return packet->tuple.proto != IPPROTO_UDP &&
	       packet->event == DSR_EVENT_OPEN ? DSR_CONN_SYN :
						 DSR_CONN_UNPROVEN;
}

/**
 * dsr_conn_is_client() - whether an entry stands for a client
 * @conn: entry
 *
 * Of a service with persistence; it is no connection, and has no protocol.
 */
static inline bool dsr_conn_is_client(const struct dsr_conn *conn)
{
	return !conn->tuple.proto;
}

/** dsr_conn_backend() - where the packets of @conn go, %NULL if it is gone */
static inline struct dsr_backend *dsr_conn_backend(const struct dsr_conn *conn)
{
	struct dsr_backend *backend = rcu_dereference(conn->backend);

	return likely(!READ_ONCE(backend->removed)) ? backend : NULL;
}

static inline bool dsr_conn_match(const struct dsr_node *node, const void *key)
{
	const struct dsr_conn *conn = container_of(node, struct dsr_conn, node);

	return dsr_tuple_equal(key, &conn->tuple);
}

/**
 * dsr_conn_find() - look a connection up
 * @dn: balancer
 * @tuple: its key
 * @hash: of @tuple
 *
 * Context: rcu_read_lock(). No writes.
 * Return: the connection, valid until rcu_read_unlock(), or %NULL.
 */
static __always_inline struct dsr_conn *
dsr_conn_find(const struct dsr_net *dn, const struct dsr_tuple *tuple, u32 hash)
{
	struct dsr_node *node = dsr_table_find(&dn->table, hash,
					       dsr_conn_match, tuple);

	return node ? container_of(node, struct dsr_conn, node) : NULL;
}

/**
 * dsr_conn_touch() - note that a packet has come through PRE_ROUTING
 * @conn: its connection
 * @now: jiffies, low half
 *
 * As dsr_table_touch(), which what comes by another way is noted with, and as
 * seldom.
 *
 * Return: whether it was noted.
 */
static __always_inline bool dsr_conn_touch(struct dsr_conn *conn, u32 now)
{
	if (likely(now - READ_ONCE(conn->checked) < HZ))
		return false;
	WRITE_ONCE(conn->checked, now);
	WRITE_ONCE(conn->node.seen, now);
	return true;
}

bool dsr_conn_proves(const struct dsr_conn *conn,
		     const struct dsr_packet *packet);
void dsr_conn_note(struct dsr_conn *conn, const struct dsr_packet *packet);
struct dsr_conn *dsr_conn_add(struct dsr_net *dn,
			      const struct dsr_tuple *tuple, u32 hash,
			      u8 state, struct dsr_backend *backend,
			      bool *added);
bool dsr_conn_move(struct dsr_net *dn, struct dsr_conn *conn, u8 state,
		   struct dsr_backend *backend);
void dsr_conn_advance(struct dsr_net *dn, struct dsr_conn *conn,
		      const struct dsr_packet *packet);
void dsr_conn_revive(struct dsr_net *dn, struct dsr_conn *conn,
		     const struct dsr_packet *packet);
bool dsr_conn_stays(struct dsr_net *dn, struct dsr_conn *conn,
		    const struct dsr_packet *packet);
void dsr_conn_set(struct dsr_net *dn, struct dsr_conn *conn, u8 state);
void dsr_conn_close(struct dsr_net *dn, struct dsr_conn *conn);
u32 dsr_conn_timeout(const struct dsr_net *dn, const struct dsr_conn *conn);
bool dsr_conn_is_silent(const struct dsr_net *dn, const struct dsr_conn *conn,
			u8 state, u32 now);
bool dsr_conn_is_over(const struct dsr_net *dn, const struct dsr_conn *conn,
		      u32 now);
u32 dsr_conn_expires(const struct dsr_net *dn, const struct dsr_conn *conn,
		     u32 now);
u64 dsr_conn_bytes(struct dsr_net *dn);
bool dsr_conn_walk_lock(struct dsr_net *dn);
void dsr_conn_walk_unlock(struct dsr_net *dn);
void dsr_conn_configure(struct dsr_net *dn, u32 max,
			const struct dsr_timeouts *timeouts);
void dsr_conn_flush(struct dsr_net *dn);
void dsr_conn_remove_datagrams(struct dsr_net *dn,
			       const struct dsr_service *service);
int dsr_conn_table_init(struct dsr_net *dn);
int dsr_conn_init(void);
void dsr_conn_exit(void);

#endif /* _DSR_CONN_H */
