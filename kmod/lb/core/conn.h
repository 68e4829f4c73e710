/* SPDX-License-Identifier: GPL-2.0 */
/*
 * conn - a connection: maps the packets of a flow to a backend
 *
 * Owner: the table. A packet uses an entry under RCU without a reference.
 * The entry holds a reference to its backend.
 *
 * Locking: @state and @backend change a few times in a connection's life. They
 * change under the lock of the entry's stripe, so that the counts of the
 * backends are exact. Any other packet writes only time stamps, at most once a
 * second: @node.seen, and @checked if the packet has passed PRE_ROUTING.
 */
#ifndef _DSR_CONN_H
#define _DSR_CONN_H

#include "core/backend.h"
#include "core/net.h"
#include "core/packet.h"
#include "core/words.h"
#include "state.h"

/**
 * struct dsr_conn - a connection
 * @node: in the table
 * @backend: destination of its packets, never %NULL
 * @state: enum dsr_conn_state
 * @unlinked: removed from the table; the reference to @backend is dropped
 * @forged: a packet has tried to end it with a wrong number; as @unlinked, under the
 *	lock of the stripe
 * @blank: @proof is not known yet: the entry was restored or renewed, and no packet
 *	has come since; as @unlinked
 * @tries: number of moves since the last limit, see dsr_conn_deny(); as
 *	@unlinked, under the lock of the stripe
 * @proof: dsr_packet.proof of a recent packet of the client, up to a second old
 * @checked: jiffies (low half) of its last packet that passed PRE_ROUTING, and
 *	so was marked by the current rules; up to a second behind
 * @tuple: its key; only dsr_tuple_size() bytes are allocated
 */
struct dsr_conn {
	struct dsr_node node;
	struct dsr_backend __rcu *backend;
	u8 state;
	u8 unlinked:1;
	u8 forged:1;
	u8 blank:1;
	u8 tries:5;
	u16 proof;
	u32 checked;
	struct dsr_tuple tuple;
};

/* dsr_conn.tries is below the limit of dsr_conn_deny(). */
static_assert(DSR_CHANCES_MAX <= 1 << 5);

#define DSR_CONN_SIZE4	(offsetof(struct dsr_conn, tuple) + DSR_TUPLE_SIZE4)
#define DSR_CONN_SIZE6	(offsetof(struct dsr_conn, tuple) + DSR_TUPLE_SIZE6)

/* One cache line: a lookup reads the bucket and the entry, two lines in all. */
static_assert(DSR_CONN_SIZE6 <= 64);

/**
 * enum dsr_denial - result of dsr_conn_deny()
 * @DSR_DENIAL_MOVED: the connection goes to the next backend
 * @DSR_DENIAL_LATE: the connection went to another backend already
 * @DSR_DENIAL_BY_ALL: the limit is reached, or there is no other backend
 * @DSR_DENIAL_GONE: the entry has just been removed
 */
enum dsr_denial {
	DSR_DENIAL_MOVED,
	DSR_DENIAL_LATE,
	DSR_DENIAL_BY_ALL,
	DSR_DENIAL_GONE,
};

/** dsr_conn_hash() - hash @tuple for @table */
static inline u32 dsr_conn_hash(const struct dsr_table *table,
				const struct dsr_tuple *tuple)
{
	return dsr_tuple_key_hash(tuple, &table->key);
}

/** dsr_conn_state() - return the state that follows @state after @pkt */
static inline u8 dsr_conn_state(u8 state, const struct dsr_packet *pkt)
{
	return unlikely(pkt->tuple.proto == IPPROTO_UDP) ?
	       DSR_CONN_UDP : dsr_state_next(state, pkt->event);
}

/**
 * dsr_conn_begin() - return the state of a connection that a packet begins
 * @pkt: the packet
 *
 * The balancer sees only packets of the client, so no number in a packet proves
 * that the sender got an answer. A forger can increment sequence numbers as
 * easily as it can send a second packet. So a second packet is all that the
 * balancer asks for: an ACK after a SYN, any packet in mid-stream.
 */
static inline u8 dsr_conn_begin(const struct dsr_packet *pkt)
{
	return pkt->tuple.proto != IPPROTO_UDP &&
	       pkt->event == DSR_EVENT_OPEN ? DSR_CONN_SYN :
						 DSR_CONN_UNPROVEN;
}

/**
 * dsr_conn_is_client() - check if an entry is a persistence entry
 * @conn: entry
 *
 * A persistence entry stands for a client of a service, not for a connection.
 * It has protocol 0.
 */
static inline bool dsr_conn_is_client(const struct dsr_conn *conn)
{
	return !conn->tuple.proto;
}

/** dsr_conn_backend() - return the backend of @conn, %NULL if it was removed */
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
 * @hash: hash of @tuple
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

static __always_inline bool dsr_conn_match4(const struct dsr_node *node,
					    const void *key)
{
	const struct dsr_conn *conn = container_of(node, struct dsr_conn, node);

	return dsr_words_equal(key, AF_INET, &conn->tuple);
}

static __always_inline bool dsr_conn_match6(const struct dsr_node *node,
					    const void *key)
{
	const struct dsr_conn *conn = container_of(node, struct dsr_conn, node);

	return dsr_words_equal(key, AF_INET6, &conn->tuple);
}

/**
 * dsr_conn_find_words() - dsr_conn_find() by the words of a tuple
 * @dn: balancer
 * @family: AF_INET or AF_INET6, a constant
 * @words: the words
 */
static __always_inline struct dsr_conn *
dsr_conn_find_words(const struct dsr_net *dn, u8 family,
		    const struct dsr_words *words)
{
	const struct dsr_table *table = &dn->table;
	u32 hash = dsr_words_key_hash(words, family, &table->key);
	struct dsr_node *node;

	node = likely(family == AF_INET) ?
	       dsr_table_find(table, hash, dsr_conn_match4, words) :
	       dsr_table_find(table, hash, dsr_conn_match6, words);
	return node ? container_of(node, struct dsr_conn, node) : NULL;
}

/**
 * dsr_conn_touch() - record that a packet has passed PRE_ROUTING
 * @conn: its connection
 * @now: jiffies, low half
 *
 * Writes at most once a second. Packets that do not pass PRE_ROUTING are
 * recorded by dsr_table_touch() instead.
 *
 * Return: true if the time was written.
 */
static __always_inline bool dsr_conn_touch(struct dsr_conn *conn, u32 now)
{
	if (likely(now - READ_ONCE(conn->checked) < HZ))
		return false;
	WRITE_ONCE(conn->checked, now);
	WRITE_ONCE(conn->node.seen, now);
	return true;
}

/* conn_state.c */
bool dsr_conn_proves(const struct dsr_conn *conn,
		     const struct dsr_packet *pkt);
void dsr_conn_note(struct dsr_net *dn, struct dsr_conn *conn,
		   const struct dsr_packet *pkt);
bool dsr_conn_restore(struct dsr_net *dn, const struct dsr_tuple *tuple,
		      u32 hash, u8 state, struct dsr_backend *backend, u32 left,
		      bool *full);
bool dsr_conn_move(struct dsr_net *dn, struct dsr_conn *conn, u8 state,
		   struct dsr_backend *backend);
enum dsr_denial dsr_conn_deny(struct dsr_net *dn, struct dsr_conn *conn,
			      const struct dsr_backend *from,
			      struct dsr_backend *next, u32 limit);
bool dsr_conn_renew(struct dsr_net *dn, struct dsr_conn *conn, u8 state,
		    struct dsr_backend *backend, u32 seen);
void dsr_conn_advance(struct dsr_net *dn, struct dsr_conn *conn,
		      const struct dsr_packet *pkt);
void dsr_conn_revive(struct dsr_net *dn, struct dsr_conn *conn,
		     const struct dsr_packet *pkt);
bool dsr_conn_stays(struct dsr_net *dn, struct dsr_conn *conn,
		    const struct dsr_packet *pkt);
void dsr_conn_set(struct dsr_net *dn, struct dsr_conn *conn, u8 state);
void dsr_conn_close(struct dsr_net *dn, struct dsr_conn *conn);

/* conn.c */
struct dsr_conn *dsr_conn_add(struct dsr_net *dn,
			      const struct dsr_tuple *tuple, u32 hash,
			      u8 state, struct dsr_backend *backend,
			      bool *added);
u32 dsr_conn_timeout(const struct dsr_net *dn, const struct dsr_conn *conn);
bool dsr_conn_is_silent(const struct dsr_net *dn, const struct dsr_conn *conn,
			u8 state, u32 now);
bool dsr_conn_is_over(const struct dsr_net *dn, const struct dsr_conn *conn,
		      u32 now);
u32 dsr_conn_expires(const struct dsr_net *dn, const struct dsr_conn *conn,
		     u32 now);
u32 dsr_conn_seen(const struct dsr_net *dn, const struct dsr_conn *conn,
		  u8 state, u32 left);
u64 dsr_conn_bytes(struct dsr_net *dn);
bool dsr_conn_walk_lock(struct dsr_net *dn);
void dsr_conn_walk_unlock(struct dsr_net *dn);
void dsr_conn_configure(struct dsr_net *dn, u32 max,
			const struct dsr_timeouts *timeouts);
u64 dsr_conn_flush_some(struct dsr_net *dn, u64 cursor);
void dsr_conn_remove_datagrams(struct dsr_net *dn,
			       const struct dsr_service *service);
int dsr_conn_table_init(struct dsr_net *dn);
int dsr_conn_init(void);
void dsr_conn_exit(void);

#endif /* _DSR_CONN_H */
