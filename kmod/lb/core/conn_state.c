// SPDX-License-Identifier: GPL-2.0
/* conn_state - the state of a connection, and the packets that may change it */

#include "core/conn.h"
#include "core/conn_count.h"

/* Accept TCP sequence numbers up to this far ahead of dsr_conn.proof, in units
 * of 64 KiB: what a client sends in a second at 134 Mbit/s.
 */
#define WINDOW	256

/* By so much a packet is later for certain: each time stamp is up to a second old. */
#define LATER	(2 * HZ)

/**
 * dsr_conn_proves() - check if the client can have sent a packet
 * @conn: its connection
 * @pkt: packet, with its proof
 *
 * A forger who knows addresses and ports still has to guess the proof: with TCP
 * one of 256 forged packets hits the window, with SCTP one of 65,536 hits the
 * tag. A client that has sent more than the window within a second fails the
 * check, too. The tag of an association is not known before the association is
 * set up. Of a restored connection the first packet is believed.
 *
 * Context: any.
 */
bool dsr_conn_proves(const struct dsr_conn *conn,
		     const struct dsr_packet *pkt)
{
	u16 ahead = pkt->proof - READ_ONCE(conn->proof);

	if (unlikely(conn->blank))
		return true;
	switch (pkt->tuple.proto) {
	case IPPROTO_TCP:
		/* The packet may be reordered: one unit behind is accepted. */
		return (u16)(ahead + 1) <= WINDOW + 1;
	case IPPROTO_SCTP:
		return !ahead || READ_ONCE(conn->state) == DSR_CONN_SYN;
	default:
		return true;
	}
}

/* Record a proof. Holds the lock of the stripe if @conn is blank. */
static void note(struct dsr_conn *conn, const struct dsr_packet *pkt)
{
	if (!dsr_conn_proves(conn, pkt))
		return;
	WRITE_ONCE(conn->proof, pkt->proof);
	if (unlikely(conn->blank))
		conn->blank = false;
}

/* Record the first proof of a restored connection. */
static void note_first(struct dsr_net *dn, struct dsr_conn *conn,
		       const struct dsr_packet *pkt)
{
	spinlock_t *lock = dsr_table_lock(&dn->table, conn->node.hash);

	spin_lock_bh(lock);
	note(conn, pkt);
	spin_unlock_bh(lock);
}

/**
 * dsr_conn_note() - record the proof of a packet
 * @dn: balancer
 * @conn: its connection
 * @pkt: a packet of the connection, with its proof
 *
 * Records only a packet that passes dsr_conn_proves(): else a forged packet
 * would validate the next forged one.
 *
 * Context: rcu_read_lock(). Takes the lock of a stripe if the connection was
 * restored, and this is its first packet.
 */
void dsr_conn_note(struct dsr_net *dn, struct dsr_conn *conn,
		   const struct dsr_packet *pkt)
{
	if (unlikely(conn->blank))
		note_first(dn, conn, pkt);
	else
		note(conn, pkt);
}

/* Change the state. Holds the lock of the stripe, so that counts are exact. */
static void set_state(struct dsr_net *dn, struct dsr_conn *conn,
		      spinlock_t *lock, u8 state)
{
	struct dsr_backend *backend =
		rcu_dereference_protected(conn->backend, lockdep_is_held(lock));

	if (conn->unlinked)
		return;
	if (dsr_conn_counter(backend, conn, conn->state) !=
	    dsr_conn_counter(backend, conn, state)) {
		/* dsr_conn_count() checks the thresholds, so once is enough */
		dsr_conn_subtract(dn, backend, conn, conn->state);
		dsr_conn_count(dn, backend, conn, state);
	}
	WRITE_ONCE(conn->state, state);
}

/* Move an entry that is in the table. Holds the lock of the stripe.
 *
 * Return: false if the last reference to @backend is gone.
 */
static bool set_backend(struct dsr_net *dn, struct dsr_conn *conn,
			spinlock_t *lock, u8 state,
			struct dsr_backend *backend)
{
	struct dsr_backend *old;

	if (!dsr_backend_get(backend))
		return false;
	old = rcu_dereference_protected(conn->backend, lockdep_is_held(lock));
	dsr_conn_uncount(dn, old, conn, conn->state);
	dsr_conn_count(dn, backend, conn, state);
	WRITE_ONCE(conn->state, state);
	rcu_assign_pointer(conn->backend, backend);
	dsr_backend_put(old);
	return true;
}

/**
 * dsr_conn_move() - move a connection to another backend
 * @dn: balancer
 * @conn: connection, found under the same rcu_read_lock()
 * @state: its new enum dsr_conn_state
 * @backend: its new backend
 *
 * Context: rcu_read_lock(). Takes the lock of a stripe.
 * Return: true if it was moved; false if the entry was unlinked meanwhile, or
 * if the last reference to @backend is gone.
 */
bool dsr_conn_move(struct dsr_net *dn, struct dsr_conn *conn, u8 state,
		   struct dsr_backend *backend)
{
	spinlock_t *lock = dsr_table_lock(&dn->table, conn->node.hash);
	bool moved;

	spin_lock_bh(lock);
	moved = !conn->unlinked && set_backend(dn, conn, lock, state, backend);
	if (moved) {
		conn->forged = false;
		conn->tries = 0;
	}
	spin_unlock_bh(lock);
	return moved;
}

/**
 * dsr_conn_deny() - move a connection that its backend has denied
 * @dn: balancer
 * @conn: connection, found under the same rcu_read_lock()
 * @from: backend that has denied it
 * @next: backend to try next; %NULL: none
 * @limit: number of backends that may be tried for a packet
 *
 * At the limit the connection moves as well, so that the next packet of the
 * client begins with a backend that was not asked yet, if there is one.
 *
 * Context: rcu_read_lock(). Takes the lock of a stripe.
 */
enum dsr_denial dsr_conn_deny(struct dsr_net *dn, struct dsr_conn *conn,
			      const struct dsr_backend *from,
			      struct dsr_backend *next, u32 limit)
{
	spinlock_t *lock = dsr_table_lock(&dn->table, conn->node.hash);
	enum dsr_denial denial = DSR_DENIAL_MOVED;

	spin_lock_bh(lock);
	if (conn->unlinked) {
		denial = DSR_DENIAL_GONE;
	} else if (rcu_access_pointer(conn->backend) != from) {
		denial = DSR_DENIAL_LATE;
	} else if (next && !set_backend(dn, conn, lock, conn->state, next)) {
		denial = DSR_DENIAL_GONE;
	} else if (!next || conn->tries + 1 >= limit) {
		conn->tries = 0;
		denial = DSR_DENIAL_BY_ALL;
	} else {
		conn->tries++;
	}
	spin_unlock_bh(lock);
	return denial;
}

/* Return the state of a connection after a packet. ESP and AH follow the client's IKE
 * connection, which is one of UDP, whatever follows it.
 */
static u8 state_after(const struct dsr_conn *conn, const struct dsr_packet *pkt)
{
	return conn->tuple.proto == IPPROTO_UDP ?
	       DSR_CONN_UDP : dsr_conn_state(conn->state, pkt);
}

/**
 * dsr_conn_renew() - replace what another balancer knows better
 * @dn: balancer
 * @conn: connection, found under the same rcu_read_lock()
 * @state: its enum dsr_conn_state there
 * @backend: its backend there
 * @seen: jiffies, low half, of its last packet there
 *
 * The balancer with the later packet knows better: a packet, a SYN or a denial
 * that has come here since beats what is told.
 *
 * Context: rcu_read_lock(). Takes the lock of a stripe.
 * Return: true if it was replaced.
 */
bool dsr_conn_renew(struct dsr_net *dn, struct dsr_conn *conn, u8 state,
		    struct dsr_backend *backend, u32 seen)
{
	spinlock_t *lock = dsr_table_lock(&dn->table, conn->node.hash);
	bool renewed;

	spin_lock_bh(lock);
	renewed = !conn->unlinked &&
		  (s32)(seen - READ_ONCE(conn->node.seen)) >= LATER;
	if (renewed && rcu_access_pointer(conn->backend) != backend)
		renewed = set_backend(dn, conn, lock, state, backend);
	else if (renewed)
		set_state(dn, conn, lock, state);
	if (renewed) {
		conn->forged = false;
		conn->tries = 0;
		/* the client has sent more since */
		conn->blank = true;
		WRITE_ONCE(conn->node.seen, seen);
	}
	spin_unlock_bh(lock);
	return renewed;
}

/**
 * dsr_conn_advance() - apply a packet to the state of its connection
 * @dn: balancer
 * @conn: connection, found under the same rcu_read_lock()
 * @pkt: the packet, with its proof
 *
 * A packet that fails dsr_conn_proves() does not end the connection: it may be
 * a forged RST. An ended connection would lose its place after a short silence.
 *
 * Context: rcu_read_lock(). Takes the lock of a stripe.
 */
void dsr_conn_advance(struct dsr_net *dn, struct dsr_conn *conn,
		      const struct dsr_packet *pkt)
{
	spinlock_t *lock = dsr_table_lock(&dn->table, conn->node.hash);
	u8 state;

	spin_lock_bh(lock);
	state = state_after(conn, pkt);
	if (!dsr_state_reusable(state) || dsr_conn_proves(conn, pkt)) {
		note(conn, pkt);
		set_state(dn, conn, lock, state);
	} else {
		conn->forged = true;
	}
	spin_unlock_bh(lock);
}

/**
 * dsr_conn_revive() - let a connection go on that a RST has ended
 * @dn: balancer
 * @conn: connection of TCP, found in this grace period
 * @pkt: a segment of it with neither SYN, FIN nor RST, and with its proof
 *
 * After its own RST a client sends nothing but RSTs. So another sender forged that RST,
 * and hit the window. A segment that the RST has overtaken on the way proves nothing:
 * call this once a second at most.
 *
 * Context: rcu_read_lock(). Takes the lock of a stripe.
 */
void dsr_conn_revive(struct dsr_net *dn, struct dsr_conn *conn,
		     const struct dsr_packet *pkt)
{
	spinlock_t *lock = dsr_table_lock(&dn->table, conn->node.hash);

	spin_lock_bh(lock);
	if (conn->state == DSR_CONN_CLOSED && dsr_conn_proves(conn, pkt)) {
		set_state(dn, conn, lock, DSR_CONN_ESTABLISHED);
		conn->forged = true;
	}
	spin_unlock_bh(lock);
}

/**
 * dsr_conn_stays() - keep a SYN at the backend of a connection that has just ended
 * @dn: balancer
 * @conn: the entry of its tuple, found in this grace period
 * @pkt: the SYN, with its proof
 *
 * The end may be forged, and the SYN as well: a few hundred packets are enough to hit
 * the window. If the entry then got another backend, the client would lose the
 * connection that it still has. A client that uses its port again goes on from its old
 * sequence numbers (RFC 9293, section 3.4.1; Linux by 15.6 MB a second). That tells the
 * client from a forger, unless a forged end with a wrong number was seen. After ten
 * seconds of silence any SYN begins a connection.
 *
 * Context: rcu_read_lock(). Takes the lock of a stripe.
 * Return: true if the SYN goes to the backend of @conn, which is in the state
 * %DSR_CONN_SYN now.
 */
bool dsr_conn_stays(struct dsr_net *dn, struct dsr_conn *conn,
		    const struct dsr_packet *pkt)
{
	spinlock_t *lock = dsr_table_lock(&dn->table, conn->node.hash);
	u32 idle, window;
	bool stays;
	u16 ahead;

	if (pkt->tuple.proto != IPPROTO_TCP ||
	    pkt->event != DSR_EVENT_OPEN)
		return false;
	spin_lock_bh(lock);
	idle = max_t(s32, (u32)jiffies - READ_ONCE(conn->node.seen), 0);
	/* sent since the note, and counted on since */
	window = WINDOW * (2 + idle / HZ);
	ahead = pkt->proof - READ_ONCE(conn->proof);
	stays = !conn->unlinked && idle <= DSR_CONN_SPENT &&
		(conn->state == DSR_CONN_FIN ||
		 conn->state == DSR_CONN_CLOSED) &&
		(conn->forged || ahead > window);
	if (stays) {
		set_state(dn, conn, lock, DSR_CONN_SYN);
		conn->tries = 0;
	}
	spin_unlock_bh(lock);
	return stays;
}

/**
 * dsr_conn_set() - set the state of a connection
 * @dn: balancer
 * @conn: connection, found under the same rcu_read_lock()
 * @state: enum dsr_conn_state
 *
 * Context: rcu_read_lock(). Takes the lock of a stripe.
 */
void dsr_conn_set(struct dsr_net *dn, struct dsr_conn *conn, u8 state)
{
	spinlock_t *lock = dsr_table_lock(&dn->table, conn->node.hash);

	spin_lock_bh(lock);
	set_state(dn, conn, lock, state);
	spin_unlock_bh(lock);
}

/**
 * dsr_conn_close() - end a connection, so that a new one may take its tuple
 * @dn: balancer
 * @conn: connection, found under the same rcu_read_lock()
 *
 * Context: rcu_read_lock(). Takes the lock of a stripe.
 */
void dsr_conn_close(struct dsr_net *dn, struct dsr_conn *conn)
{
	dsr_conn_set(dn, conn, DSR_CONN_CLOSED);
}
