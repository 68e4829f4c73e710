// SPDX-License-Identifier: GPL-2.0
/* conn - see conn.h */

#include <linux/export.h>
#include <linux/slab.h>

#include "core/conn.h"
#include "core/service.h"
#include "limit.h"

/* Time for which an ended connection keeps its place, even at the cap. */
#define SPENT	(10 * HZ)

/* Accept TCP sequence numbers up to this far ahead of dsr_conn.proof, in units
 * of 64 KiB: what a client sends in a second at 134 Mbit/s.
 */
#define WINDOW	256

static struct kmem_cache *cache4 __read_mostly;
static struct kmem_cache *cache6 __read_mostly;
static struct workqueue_struct *wq __read_mostly;

/* Return the counter of @backend for a state. A persistence entry of a client
 * that has sent one packet only is not counted.
 */
static atomic_t *counter(struct dsr_backend *backend,
			 const struct dsr_conn *conn, u8 state)
{
	switch (state) {
	case DSR_CONN_ESTABLISHED:
	case DSR_CONN_UDP:
		return &backend->active;
	case DSR_CONN_PERSISTENT:
		return &backend->persistent;
	case DSR_CONN_UNPROVEN:
		if (dsr_conn_is_client(conn))
			return NULL;
		fallthrough;
	case DSR_CONN_SYN:
		return &backend->half;
	default:
		return &backend->inactive;
	}
}

/* Add to the counters, and check the thresholds of the backend. */
static void count(struct dsr_net *dn, struct dsr_backend *backend,
		  const struct dsr_conn *conn, u8 state)
{
	atomic_t *number = counter(backend, conn, state);

	if (dsr_state_is_half(state))
		atomic_inc(&dn->half);
	if (number)
		atomic_inc(number);
	dsr_backend_conns_changed(backend);
}

/* Subtract from the counters. The caller checks the thresholds. */
static void subtract(struct dsr_net *dn, struct dsr_backend *backend,
		     const struct dsr_conn *conn, u8 state)
{
	atomic_t *number = counter(backend, conn, state);

	if (dsr_state_is_half(state))
		atomic_dec(&dn->half);
	if (number)
		atomic_dec(number);
}

static void uncount(struct dsr_net *dn, struct dsr_backend *backend,
		    const struct dsr_conn *conn, u8 state)
{
	subtract(dn, backend, conn, state);
	dsr_backend_conns_changed(backend);
}

static struct kmem_cache *cache_of(const struct dsr_tuple *tuple)
{
	return likely(tuple->family == AF_INET) ? cache4 : cache6;
}

static void conn_free(struct dsr_conn *conn)
{
	kmem_cache_free(cache_of(&conn->tuple), conn);
}

static void conn_free_node(struct dsr_node *node)
{
	conn_free(container_of(node, struct dsr_conn, node));
}

/* Return the timeout of a connection in @state, in jiffies. */
static u32 timeout_in(const struct dsr_net *dn, const struct dsr_conn *conn,
		      u8 state)
{
	struct dsr_backend *backend = dsr_conn_backend(conn);
	const struct dsr_service *service = backend ? backend->service : NULL;
	u32 timeout;

	if (state == DSR_CONN_PERSISTENT)
		return service ? READ_ONCE(service->persist) :
		       dsr_timeouts_get(NULL, &dn->timeouts,
					DSR_CONN_ESTABLISHED);
	/* The pause between two datagrams of a client may be long. */
	if (state == DSR_CONN_UNPROVEN)
		state = conn->tuple.proto == IPPROTO_UDP ? DSR_CONN_UDP :
							   DSR_CONN_SYN;
	timeout = dsr_timeouts_get(service ? &service->timeouts : NULL,
				   &dn->timeouts, state);
	return service && dsr_conn_is_client(conn) ?
	       min(timeout, READ_ONCE(service->persist)) : timeout;
}

/**
 * dsr_conn_timeout() - return the timeout of a connection after its last packet
 * @dn: balancer
 * @conn: connection
 *
 * Context: rcu_read_lock().
 * Return: jiffies.
 */
u32 dsr_conn_timeout(const struct dsr_net *dn, const struct dsr_conn *conn)
{
	return timeout_in(dn, conn, READ_ONCE(conn->state));
}

/**
 * dsr_conn_is_silent() - check if a connection was silent for a timeout
 * @dn: balancer
 * @conn: connection
 * @state: enum dsr_conn_state: the state whose timeout is used
 * @now: jiffies, low half
 *
 * The time stamp is written at most once a second, so it may be up to a second
 * too old. Allow for that second.
 *
 * Context: rcu_read_lock().
 */
bool dsr_conn_is_silent(const struct dsr_net *dn, const struct dsr_conn *conn,
			u8 state, u32 now)
{
	u32 idle = now - READ_ONCE(conn->node.seen);

	/* negative if the stamp was written after @now was read */
	return (s32)idle > HZ && idle - HZ > timeout_in(dn, conn, state);
}

/**
 * dsr_conn_is_over() - check if a connection was silent for its own timeout
 * @dn: balancer
 * @conn: connection
 * @now: jiffies, low half
 *
 * Context: rcu_read_lock().
 */
bool dsr_conn_is_over(const struct dsr_net *dn, const struct dsr_conn *conn,
		      u32 now)
{
	return dsr_conn_is_silent(dn, conn, READ_ONCE(conn->state), now);
}

static bool conn_expired(struct dsr_table *table, struct dsr_node *node,
			 u32 now)
{
	struct dsr_conn *conn = container_of(node, struct dsr_conn, node);
	struct dsr_net *dn = container_of(table, struct dsr_net, table);
	bool over;

	rcu_read_lock();
	over = dsr_conn_is_over(dn, conn, now);
	rcu_read_unlock();
	return over;
}

/* Check if a connection may give up its place: the client has ended it and has
 * been silent since. Late packets and the rest of a download have had their
 * time.
 */
static bool conn_spent(struct dsr_table *table, struct dsr_node *node, u32 now)
{
	struct dsr_conn *conn = container_of(node, struct dsr_conn, node);

	return dsr_state_reusable(READ_ONCE(conn->state)) &&
	       (s32)(now - READ_ONCE(node->seen)) > SPENT;
}

static void conn_release(struct dsr_table *table, struct dsr_node *node)
{
	struct dsr_conn *conn = container_of(node, struct dsr_conn, node);
	struct dsr_net *dn = container_of(table, struct dsr_net, table);
	struct dsr_backend *backend =
		rcu_dereference_protected(conn->backend, true);

	conn->unlinked = true;
	uncount(dn, backend, conn, conn->state);
	if (conn->tuple.family == AF_INET6)
		atomic_dec(&dn->entries6);
	if (!READ_ONCE(dn->live) && !atomic_read(&table->entries))
		queue_work(wq, &dn->rest);
	dsr_backend_put(backend);
}

static const struct dsr_table_ops conn_table_ops = {
	.expired = conn_expired,
	.spent = conn_spent,
	.name = "connections",
	.raise = "dsrctl connection set max",
	.release = conn_release,
	.free = conn_free_node,
};

/**
 * dsr_conn_proves() - check if the client can have sent a packet
 * @conn: its connection
 * @pkt: packet, with its proof
 *
 * A forger who knows addresses and ports still has to guess the proof: with TCP
 * one of 256 forged packets hits the window, with SCTP one of 65,536 hits the
 * tag. A client that has sent more than the window within a second fails the
 * check, too. The tag of an association is not known before the association is
 * set up.
 *
 * Context: any.
 */
bool dsr_conn_proves(const struct dsr_conn *conn,
		     const struct dsr_packet *pkt)
{
	u16 ahead = pkt->proof - READ_ONCE(conn->proof);

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

/**
 * dsr_conn_note() - record the proof of a packet
 * @conn: its connection
 * @pkt: a packet of the connection, with its proof
 *
 * Records only a packet that passes dsr_conn_proves(): else a forged packet
 * would validate the next forged one.
 *
 * Context: any.
 */
void dsr_conn_note(struct dsr_conn *conn, const struct dsr_packet *pkt)
{
	if (dsr_conn_proves(conn, pkt))
		WRITE_ONCE(conn->proof, pkt->proof);
}

/**
 * dsr_conn_add() - add a connection to the table
 * @dn: balancer
 * @tuple: its key
 * @hash: hash of @tuple
 * @state: enum dsr_conn_state
 * @backend: destination of its packets
 * @added: set to true if the returned entry is new and goes to @backend
 *
 * Context: rcu_read_lock(). Takes the lock of a stripe.
 * Return: the connection. If @added is false, another CPU has added it
 * meanwhile. %NULL if the table is full, if memory is short, or if @backend has
 * just been removed.
 */
struct dsr_conn *dsr_conn_add(struct dsr_net *dn,
			      const struct dsr_tuple *tuple, u32 hash,
			      u8 state, struct dsr_backend *backend,
			      bool *added)
{
	struct dsr_node *node = NULL;
	struct dsr_conn *conn;

	*added = false;
	conn = dsr_limit_alloc(dn->table.memcg, cache_of(tuple));
	if (!conn)
		return NULL;
	memcpy(&conn->tuple, tuple, dsr_tuple_size(tuple));
	if (!dsr_backend_get(backend))
		goto free_conn;
	conn->node.hash = hash;
	conn->node.seen = jiffies;
	conn->state = state;
	conn->unlinked = false;
	conn->forged = false;
	conn->proof = 0;
	conn->checked = conn->node.seen;
	RCU_INIT_POINTER(conn->backend, backend);
	/* Count first: once inserted, garbage collection may free the entry. */
	count(dn, backend, conn, state);
	if (tuple->family == AF_INET6)
		atomic_inc(&dn->entries6);
	node = dsr_table_insert(&dn->table, &conn->node, dsr_conn_match, tuple);
	if (node == &conn->node) {
		*added = true;
		return conn;
	}
	if (!node)
		dsr_net_note_crowded(dn);
	if (tuple->family == AF_INET6)
		atomic_dec(&dn->entries6);

	uncount(dn, backend, conn, state);
	dsr_backend_put(backend);
free_conn:
	conn_free(conn);
	return node ? container_of(node, struct dsr_conn, node) : NULL;
}

/* Change the state. Holds the lock of the stripe, so that counts are exact. */
static void set_state(struct dsr_net *dn, struct dsr_conn *conn,
		      spinlock_t *lock, u8 state)
{
	struct dsr_backend *backend =
		rcu_dereference_protected(conn->backend, lockdep_is_held(lock));

	if (conn->unlinked)
		return;
	if (counter(backend, conn, conn->state) !=
	    counter(backend, conn, state)) {
		/* count() checks the thresholds, so once is enough */
		subtract(dn, backend, conn, conn->state);
		count(dn, backend, conn, state);
	}
	WRITE_ONCE(conn->state, state);
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
	struct dsr_backend *old;
	bool moved = false;

	spin_lock_bh(lock);
	if (!conn->unlinked && dsr_backend_get(backend)) {
		old = rcu_dereference_protected(conn->backend,
						lockdep_is_held(lock));
		uncount(dn, old, conn, conn->state);
		count(dn, backend, conn, state);
		WRITE_ONCE(conn->state, state);
		conn->forged = false;
		rcu_assign_pointer(conn->backend, backend);
		dsr_backend_put(old);
		moved = true;
	}
	spin_unlock_bh(lock);
	return moved;
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
	state = dsr_conn_state(conn->state, pkt);
	if (!dsr_state_reusable(state) || dsr_conn_proves(conn, pkt)) {
		dsr_conn_note(conn, pkt);
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
	stays = !conn->unlinked && idle <= SPENT &&
		(conn->state == DSR_CONN_FIN ||
		 conn->state == DSR_CONN_CLOSED) &&
		(conn->forged || ahead > window);
	if (stays)
		set_state(dn, conn, lock, DSR_CONN_SYN);
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

/**
 * dsr_conn_expires() - return the time until a connection times out
 * @dn: balancer
 * @conn: connection
 * @now: jiffies, low half
 *
 * Context: rcu_read_lock().
 * Return: milliseconds.
 */
u32 dsr_conn_expires(const struct dsr_net *dn, const struct dsr_conn *conn,
		     u32 now)
{
	u32 timeout = dsr_conn_timeout(dn, conn);
	u32 idle = now - READ_ONCE(conn->node.seen);

	return idle < timeout ? jiffies_to_msecs(timeout - idle) : 0;
}
EXPORT_SYMBOL_GPL(dsr_conn_expires);

/**
 * dsr_conn_bytes() - return the memory used by the table
 * @dn: balancer, with a table
 *
 * Context: any.
 */
u64 dsr_conn_bytes(struct dsr_net *dn)
{
	u32 size4 = ALIGN(DSR_CONN_SIZE4, cache_line_size());
	u32 size6 = ALIGN(DSR_CONN_SIZE6, cache_line_size());
	u64 entries6 = (u32)atomic_read(&dn->entries6);

	return dsr_table_bytes(&dn->table, size4) + entries6 * (size6 - size4);
}

/**
 * dsr_conn_walk_lock() - lock the table for a part of a walk
 * @dn: balancer
 *
 * Do not hold the lock for a whole walk: garbage collection and requests wait
 * for it. A cursor stays valid across several parts, see table.h.
 *
 * Context: process context. Always call dsr_conn_walk_unlock() afterwards.
 * Return: true if there is a table.
 */
bool dsr_conn_walk_lock(struct dsr_net *dn)
{
	mutex_lock(&dn->lock);
	if (dn->has_table)
		mutex_lock(&dn->table.gc_lock);
	return dn->has_table;
}

/** dsr_conn_walk_unlock() - undo dsr_conn_walk_lock() */
void dsr_conn_walk_unlock(struct dsr_net *dn)
{
	if (dn->has_table)
		mutex_unlock(&dn->table.gc_lock);
	mutex_unlock(&dn->lock);
}

/**
 * dsr_conn_configure() - set the cap of the table and the default timeouts
 * @dn: balancer
 * @max: hard cap
 * @timeouts: for services that do not set their own
 *
 * Context: process context, holds dn->lock.
 */
void dsr_conn_configure(struct dsr_net *dn, u32 max,
			const struct dsr_timeouts *timeouts)
{
	int i;

	lockdep_assert_held(&dn->lock);
	dn->conn_max = max;
	if (dn->has_table)
		WRITE_ONCE(dn->table.max, max);
	for (i = 0; i < ARRAY_SIZE(timeouts->state); i++)
		WRITE_ONCE(dn->timeouts.state[i], timeouts->state[i]);
}

/** dsr_conn_flush() - forget all connections; holds dn->lock, sleeps */
void dsr_conn_flush(struct dsr_net *dn)
{
	lockdep_assert_held(&dn->lock);
	if (dn->has_table)
		dsr_table_flush(&dn->table);
}

static bool is_datagrams(struct dsr_node *node, const void *service)
{
	struct dsr_conn *conn = container_of(node, struct dsr_conn, node);
	struct dsr_backend *backend;
	bool is_its;

	rcu_read_lock();
	backend = dsr_conn_backend(conn);
	is_its = backend && backend->service == service &&
		 conn->tuple.proto == IPPROTO_UDP;
	rcu_read_unlock();
	return is_its;
}

/**
 * dsr_conn_remove_datagrams() - remove the UDP entries of a service
 * @dn: balancer
 * @service: service that schedules each datagram from now on
 *
 * Context: process context, holds dn->lock, sleeps.
 */
void dsr_conn_remove_datagrams(struct dsr_net *dn,
			       const struct dsr_service *service)
{
	lockdep_assert_held(&dn->lock);
	if (dn->has_table)
		dsr_table_remove_if(&dn->table, is_datagrams, service);
}

/** dsr_conn_table_init() - dsr_table_init() for connections */
int dsr_conn_table_init(struct dsr_net *dn)
{
	return dsr_table_init(&dn->table, &conn_table_ops, wq, dn->conn_max,
			      dsr_limit_charge(dn->net));
}

/**
 * dsr_conn_init() - set up the slab caches and the workqueue of all tables
 *
 * Not __init, since KUnit runs its suites before the module is initialised.
 *
 * Return: 0 or -%ENOMEM.
 */
int dsr_conn_init(void)
{
	cache4 = kmem_cache_create("dsr_conn", DSR_CONN_SIZE4, 0,
				   SLAB_HWCACHE_ALIGN, NULL);
	if (!cache4)
		return -ENOMEM;
	cache6 = kmem_cache_create("dsr_conn6", DSR_CONN_SIZE6, 0,
				   SLAB_HWCACHE_ALIGN, NULL);
	if (!cache6)
		goto destroy_cache4;
	wq = alloc_workqueue("dsr_lb", WQ_UNBOUND, 0);
	if (!wq)
		goto destroy_cache6;
	return 0;

destroy_cache6:
	kmem_cache_destroy(cache6);
destroy_cache4:
	kmem_cache_destroy(cache4);
	return -ENOMEM;
}

/** dsr_conn_exit() - undo dsr_conn_init(), once all tables are gone */
void dsr_conn_exit(void)
{
	destroy_workqueue(wq);
	/* wait for RCU callbacks that free connections, backends and buckets */
	rcu_barrier();
	kmem_cache_destroy(cache6);
	kmem_cache_destroy(cache4);
}
