// SPDX-License-Identifier: GPL-2.0
/* conn - the entries of the table, and the table; see conn.h */

#include <linux/export.h>
#include <linux/slab.h>

#include "core/conn.h"
#include "core/conn_count.h"
#include "core/service.h"
#include "limit.h"

/* Number of buckets to look at before dsr_net.lock is released. */
#define PART_BUCKETS	64

static struct kmem_cache *cache4 __read_mostly;
static struct kmem_cache *cache6 __read_mostly;
static struct workqueue_struct *wq __read_mostly;

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
	       (s32)(now - READ_ONCE(node->seen)) > DSR_CONN_SPENT;
}

static void conn_release(struct dsr_table *table, struct dsr_node *node)
{
	struct dsr_conn *conn = container_of(node, struct dsr_conn, node);
	struct dsr_net *dn = container_of(table, struct dsr_net, table);
	struct dsr_backend *backend =
		rcu_dereference_protected(conn->backend, true);

	conn->unlinked = true;
	dsr_conn_uncount(dn, backend, conn, conn->state);
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

/* Make an entry that the table does not have yet, and count it.
 *
 * Return: the entry; %NULL if memory is short, or if @backend has just been
 * removed.
 */
static struct dsr_conn *conn_new(struct dsr_net *dn,
				 const struct dsr_tuple *tuple, u32 hash,
				 u8 state, struct dsr_backend *backend)
{
	struct dsr_conn *conn;

	conn = dsr_limit_alloc(dn->table.memcg, cache_of(tuple));
	if (!conn)
		return NULL;
	memcpy(&conn->tuple, tuple, dsr_tuple_size(tuple));
	if (!dsr_backend_get(backend)) {
		conn_free(conn);
		return NULL;
	}
	conn->node.hash = hash;
	conn->node.seen = jiffies;
	conn->state = state;
	conn->unlinked = false;
	conn->forged = false;
	conn->blank = false;
	conn->tries = 0;
	conn->proof = 0;
	conn->checked = conn->node.seen;
	RCU_INIT_POINTER(conn->backend, backend);
	/* Count first: once inserted, garbage collection may free the entry. */
	dsr_conn_count(dn, backend, conn, state);
	if (tuple->family == AF_INET6)
		atomic_inc(&dn->entries6);
	return conn;
}

/* Put a new entry into the table, or free it if there is another one.
 *
 * Return: the entry of the table; %NULL if the table is full.
 */
static struct dsr_conn *conn_insert(struct dsr_net *dn, struct dsr_conn *conn,
				    struct dsr_backend *backend)
{
	struct dsr_node *node;

	node = dsr_table_insert(&dn->table, &conn->node, dsr_conn_match,
				&conn->tuple);
	if (node == &conn->node)
		return conn;
	if (!node)
		dsr_net_note_crowded(dn);
	if (conn->tuple.family == AF_INET6)
		atomic_dec(&dn->entries6);

	dsr_conn_uncount(dn, backend, conn, conn->state);
	dsr_backend_put(backend);
	conn_free(conn);
	return node ? container_of(node, struct dsr_conn, node) : NULL;
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
	struct dsr_conn *new = conn_new(dn, tuple, hash, state, backend);
	struct dsr_conn *conn = new ? conn_insert(dn, new, backend) : NULL;

	*added = new && conn == new;
	return conn;
}

/* Older than any recheck of a path: the present rules have seen no packet. */
#define UNCHECKED	(7200 * HZ)

/**
 * dsr_conn_restore() - add an entry that this table or another one has had
 * @dn: balancer
 * @tuple: its key
 * @hash: hash of @tuple
 * @state: enum dsr_conn_state
 * @backend: destination of its packets
 * @left: jiffies until the entry times out, at most its timeout
 * @full: set to true if the table is full, if memory is short, or if @backend
 *	has just been removed
 *
 * The next packet proves the client, as the first one of a connection does.
 *
 * Context: rcu_read_lock(). Takes the lock of a stripe.
 * Return: true if the entry was added; false, and @full is false, if the table
 * has one of this tuple.
 */
bool dsr_conn_restore(struct dsr_net *dn, const struct dsr_tuple *tuple,
		      u32 hash, u8 state, struct dsr_backend *backend, u32 left,
		      bool *full)
{
	struct dsr_conn *new = conn_new(dn, tuple, hash, state, backend), *conn;
	u32 timeout;

	*full = !new;
	if (!new)
		return false;
	timeout = dsr_conn_timeout(dn, new);
	new->node.seen -= timeout - min(left, timeout);
	new->checked -= UNCHECKED;
	new->blank = true;
	conn = conn_insert(dn, new, backend);
	*full = !conn;
	return conn == new;
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
	/* negative if the stamp was written after @now was read */
	u32 idle = max_t(s32, now - READ_ONCE(conn->node.seen), 0);

	return idle < timeout ? jiffies_to_msecs(timeout - idle) : 0;
}
EXPORT_SYMBOL_GPL(dsr_conn_expires);

/**
 * dsr_conn_seen() - return the time of the last packet, from the time that is left
 * @dn: balancer
 * @conn: connection
 * @state: enum dsr_conn_state: the state whose timeout has begun
 * @left: jiffies until the connection times out
 *
 * Context: rcu_read_lock().
 * Return: jiffies, low half.
 */
u32 dsr_conn_seen(const struct dsr_net *dn, const struct dsr_conn *conn,
		  u8 state, u32 left)
{
	u32 timeout = timeout_in(dn, conn, state);

	return (u32)jiffies - (timeout - min(left, timeout));
}

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

/**
 * dsr_conn_flush_some() - forget the connections in some buckets
 * @dn: balancer
 * @cursor: first bucket
 *
 * Context: process context, sleeps. Takes dn->lock.
 * Return: as dsr_table_remove_some(); %DSR_TABLE_END if there is no table.
 */
u64 dsr_conn_flush_some(struct dsr_net *dn, u64 cursor)
{
	mutex_lock(&dn->lock);
	cursor = dn->has_table ?
		 dsr_table_flush_some(&dn->table, cursor, PART_BUCKETS) :
		 DSR_TABLE_END;
	mutex_unlock(&dn->lock);
	return cursor;
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
 * Context: process context, holds dn->writer and dn->lock, sleeps. Releases
 * dn->lock and takes it again.
 */
void dsr_conn_remove_datagrams(struct dsr_net *dn,
			       const struct dsr_service *service)
{
	u64 cursor = 0;

	lockdep_assert_held(&dn->writer);
	lockdep_assert_held(&dn->lock);
	while (dn->has_table && cursor < DSR_TABLE_END) {
		cursor = dsr_table_remove_some(&dn->table, cursor, PART_BUCKETS,
					       is_datagrams, service);
		mutex_unlock(&dn->lock);
		cond_resched();
		mutex_lock(&dn->lock);
	}
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
