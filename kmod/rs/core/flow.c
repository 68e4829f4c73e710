// SPDX-License-Identifier: GPL-2.0
/*
 * flow - keep and remove flows; see flow.h. newflow.c begins them.
 */

#include <linux/kernel.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "core/pending.h"
#include "core/flow.h"
#include "core/local.h"
#include "core/net.h"
#include "core/rule.h"
#include "core/socket.h"
#include "limit.h"
#include "state.h"

/* Idle timeout of a connection whose server is elsewhere. */
#define SILENCE_ELSEWHERE	((2 * 60 + 4) * 60 * HZ)

/* A closed flow keeps its entry for this long: late packets may follow. */
#define SPENT	HZ

/* Number of buckets to flush before dsr_rs_net.lock is released. */
#define FLUSH_BUCKETS	64

static struct kmem_cache *flow_cache, *flow6_cache;

/**
 * dsr_rs_flow_find_apart() - find an entry by the hash of its whole key
 * @table: table
 * @match: dsr_rs_flow_match_wire() or dsr_rs_flow_match_socket()
 * @tuple: ends, as in the packet
 *
 * Context: rcu_read_lock(). No writes.
 * Return: the entry, or %NULL.
 */
struct dsr_node *dsr_rs_flow_find_apart(const struct dsr_table *table,
					dsr_match_fn match,
					const struct dsr_rs_tuple *tuple)
{
	const struct dsr_rs_net *rs = container_of(table, struct dsr_rs_net,
						   table);

	if (likely(!atomic_read(&rs->apart)))
		return NULL;
	return dsr_table_find(table, dsr_rs_tuple_hash_all(tuple, &table->key),
			      match, tuple);
}

/* Return the entry for the other side of the same flow; @flow itself if it
 * serves both sides; %NULL if the other entry is gone.
 */
static struct dsr_rs_flow *flow_peer(const struct dsr_table *table,
				     struct dsr_rs_flow *flow)
{
	struct dsr_rs_tuple tuple;

	if (!dsr_rs_flow_paired(flow))
		return flow;
	if (READ_ONCE(flow->roles) & DSR_RS_WIRE) {
		tuple = dsr_rs_flow_socket(flow);
		return dsr_rs_flow_find_socket(table,
					       dsr_rs_tuple_hash(&tuple,
								 &table->key),
					       &tuple);
	}
	tuple = dsr_rs_flow_wire(flow);
	return dsr_rs_flow_find_wire(table,
				     dsr_rs_tuple_hash(&tuple, &table->key),
				     &tuple);
}

/* Idle timeout of a flow. No local socket tells if a connection to a server
 * elsewhere is alive, so it may be idle for as long as one behind a NAT (RFC
 * 5382, REQ-5).
 */
static u32 flow_timeout(const struct dsr_rs_net *rs,
			const struct dsr_rs_flow *wire)
{
	u8 roles = READ_ONCE(wire->roles), state = READ_ONCE(wire->state);

	if (roles & DSR_RS_UNPROVEN)
		state = DSR_CONN_SYN;
	if (roles & DSR_RS_ELSEWHERE && state == DSR_CONN_ESTABLISHED &&
	    !READ_ONCE(rs->timeouts.state[state]))
		return SILENCE_ELSEWHERE;
	return dsr_timeouts_get(NULL, &rs->timeouts, state);
}

/**
 * dsr_rs_flow_left() - return the time until a flow without packets expires
 * @table: its table
 * @flow: either entry of it
 * @now: jiffies, low half
 *
 * Context: rcu_read_lock().
 * Return: jiffies, 0 if the flow has expired.
 */
u32 dsr_rs_flow_left(struct dsr_table *table, struct dsr_rs_flow *flow,
		     u32 now)
{
	struct dsr_rs_flow *peer = flow_peer(table, flow), *wire = flow;
	u32 idle = now - READ_ONCE(flow->node.seen), timeout;

	/* Another processor may have seen a packet after @now was read. */
	if ((s32)idle < 0)
		idle = 0;
	if (peer) {
		s32 idle_peer = now - READ_ONCE(peer->node.seen);

		idle = min_t(u32, idle, max(idle_peer, 0));
		if (READ_ONCE(peer->roles) & DSR_RS_WIRE)
			wire = peer;
	}
	timeout = flow_timeout(container_of(table, struct dsr_rs_net, table),
			       wire);
	return timeout > idle ? timeout - idle : 0;
}

static bool flow_asks(struct dsr_rs_net *rs, const struct dsr_rs_flow *flow,
		      bool (*ask)(struct net *net,
				  const struct dsr_rs_tuple *tuple,
				  int ifindex))
{
	struct dsr_rs_tuple tuple = dsr_rs_flow_socket(flow);
	struct net_device *dev;

	if (flow->proto != IPPROTO_TCP)
		return false;
	/* A socket may be bound to the ingress device, which had the local
	 * address.
	 */
	dev = tuple.zone ? dev_get_by_index_rcu(rs->net, tuple.zone) :
			   dsr_rs_local_device(rs->net, tuple.family,
					       &tuple.server);
	return dev && ask(rs->net, &tuple, dev->ifindex);
}

/* A connection may be idle for longer than any timeout, as long as its socket
 * exists.
 */
static bool flow_has_socket(struct dsr_rs_net *rs,
			    const struct dsr_rs_flow *flow)
{
	return flow_asks(rs, flow, dsr_rs_socket_exists);
}

/* A socket in TIME_WAIT is not open: it has no data to lose. */
static bool flow_has_open_socket(struct dsr_rs_net *rs,
				 const struct dsr_rs_flow *flow)
{
	return flow_asks(rs, flow, dsr_rs_socket_is_open);
}

static bool is_retired(const struct dsr_rs_flow *flow)
{
	return !(READ_ONCE(flow->roles) & (DSR_RS_WIRE | DSR_RS_SOCKET));
}

static bool flow_expired(struct dsr_table *table, struct dsr_node *node,
			 u32 now)
{
	struct dsr_rs_net *rs = container_of(table, struct dsr_rs_net, table);
	struct dsr_rs_flow *flow = dsr_rs_flow_from_node(node);
	bool expired = true;

	if (is_retired(flow))
		return true;
	rcu_read_lock();
	if (dsr_rs_flow_left(table, flow, now)) {
		expired = false;
	} else if (flow_has_socket(rs, flow)) {
		/* Ask again after another timeout. */
		WRITE_ONCE(node->seen, now);
		expired = false;
	}
	rcu_read_unlock();
	return expired;
}

/* Mark an entry as proven, and uncount it from rs->unproven. */
static void entry_prove(struct dsr_rs_net *rs, struct dsr_rs_flow *flow)
{
	u8 roles = READ_ONCE(flow->roles);

	do {
		if (!(roles & DSR_RS_UNPROVEN))
			return;
	} while (!try_cmpxchg(&flow->roles, &roles,
			      (u8)(roles & ~DSR_RS_UNPROVEN)));
	atomic_dec(&rs->unproven);
}

/** dsr_rs_flow_retire_entry() - end one entry of a flow; its place is free to take */
void dsr_rs_flow_retire_entry(struct dsr_rs_net *rs, struct dsr_rs_flow *flow)
{
	entry_prove(rs, flow);
	WRITE_ONCE(flow->roles,
		   flow->roles & (DSR_RS_APART | DSR_RS_ELSEWHERE));
}

static void entry_answer(struct dsr_rs_flow *flow)
{
	u8 roles = READ_ONCE(flow->roles);

	do {
		if (!(roles & DSR_RS_ASKED))
			return;
	} while (!try_cmpxchg(&flow->roles, &roles,
			      (u8)(roles ^ DSR_RS_UNPROVEN)));
}

/* A flow may be evicted at no loss if it has ended and its socket has nothing
 * more to send or to receive, or if it is a UDP flow that was answered and
 * whose client has not sent again.
 */
static bool flow_spent(struct dsr_table *table, struct dsr_node *node, u32 now)
{
	struct dsr_rs_net *rs = container_of(table, struct dsr_rs_net, table);
	struct dsr_rs_flow *flow = dsr_rs_flow_from_node(node), *peer;
	bool spent;

	if (is_retired(flow))
		return true;
	rcu_read_lock();
	peer = flow_peer(table, flow);
	if (peer && READ_ONCE(peer->roles) & DSR_RS_WIRE)
		flow = peer;
	if (flow->proto == IPPROTO_UDP)
		spent = READ_ONCE(flow->roles) & DSR_RS_ANSWERED;
	else
		spent = dsr_state_reusable(READ_ONCE(flow->state));
	spent = spent && (s32)(now - READ_ONCE(node->seen)) > SPENT &&
		(!peer || (s32)(now - READ_ONCE(peer->node.seen)) > SPENT) &&
		!flow_has_open_socket(rs, flow);
	rcu_read_unlock();
	return spent;
}

/** dsr_rs_flow_free() - free an entry that no reader can have found */
void dsr_rs_flow_free(struct dsr_rs_flow *flow)
{
	if (flow->rule)
		dsr_rs_rule_put(flow->rule);
	kmem_cache_free(flow->family == AF_INET ? flow_cache : flow6_cache,
			flow);
}

/**
 * dsr_rs_flow_alloc() - allocate an entry that is a copy of @flow
 * @rs: namespace
 * @flow: the ends, the state and the rule, which gets a reference
 *
 * Context: any, under rcu_read_lock().
 * Return: the entry, in no table, or %NULL.
 */
struct dsr_rs_flow *dsr_rs_flow_alloc(const struct dsr_rs_net *rs,
				      const struct dsr_rs_flow *flow)
{
	bool v4 = flow->family == AF_INET;
	struct dsr_rs_flow *copy;

	copy = dsr_limit_alloc(rs->table.memcg, v4 ? flow_cache : flow6_cache);
	if (!copy)
		return NULL;
	memcpy(copy, flow, v4 ? DSR_RS_FLOW_SIZE4 : DSR_RS_FLOW_SIZE6);
	if (copy->rule)
		/* Not 0: listed, or unlisted within this grace period. */
		refcount_inc(&copy->rule->refs);
	return copy;
}

static void flow_free_node(struct dsr_node *node)
{
	dsr_rs_flow_free(dsr_rs_flow_from_node(node));
}

/* Uncount an unlinked entry. Packets in flight may still use its rule. */
static void flow_release(struct dsr_table *table, struct dsr_node *node)
{
	struct dsr_rs_net *rs = container_of(table, struct dsr_rs_net, table);

	if (dsr_rs_flow_from_node(node)->family == AF_INET6)
		atomic_dec(&rs->entries6);
	if (dsr_rs_flow_from_node(node)->roles & DSR_RS_APART)
		atomic_dec(&rs->apart);
	entry_prove(rs, dsr_rs_flow_from_node(node));
	if (!atomic_read(&table->entries))
		dsr_rs_net_idle(rs);
}

const struct dsr_table_ops dsr_rs_flow_ops = {
	.expired = flow_expired,
	.spent = flow_spent,
	.name = "flows",
	.raise = "dsrctl flow set max",
	.release = flow_release,
	.free = flow_free_node,
};

/**
 * dsr_rs_flow_answer() - note that the socket has sent a datagram
 * @table: its table
 * @flow: its socket entry, DSR_RS_ASKED
 *
 * Context: rcu_read_lock(), any.
 */
void dsr_rs_flow_answer(struct dsr_table *table, struct dsr_rs_flow *flow)
{
	struct dsr_rs_flow *peer = flow_peer(table, flow);

	entry_answer(flow);
	if (peer)
		entry_answer(peer);
}

/**
 * dsr_rs_flow_prove() - note that the client has sent again after an answer
 * @rs: namespace
 * @flow: its wire entry, DSR_RS_ANSWERED
 *
 * Context: rcu_read_lock(), any.
 */
void dsr_rs_flow_prove(struct dsr_rs_net *rs, struct dsr_rs_flow *flow)
{
	struct dsr_rs_flow *peer = flow_peer(&rs->table, flow);

	entry_prove(rs, flow);
	if (peer)
		entry_prove(rs, peer);
}

/**
 * dsr_rs_flow_is_up() - true if a flow's socket still receives from the client
 * @rs: namespace
 * @flow: either entry of it
 *
 * The socket decides: a FIN or RST may have been forged in the client's name.
 *
 * Context: rcu_read_lock(), any but hard interrupts.
 */
bool dsr_rs_flow_is_up(struct dsr_rs_net *rs, const struct dsr_rs_flow *flow)
{
	return flow_asks(rs, flow, dsr_rs_socket_receives);
}

/**
 * dsr_rs_flow_end() - note that the server ends a flow
 * @table: its table
 * @flow: its socket entry
 * @event: DSR_EVENT_CLOSE or DSR_EVENT_ABORT
 *
 * The server has closed or aborted the connection, or does not know it. If a
 * socket remains nevertheless, the flow stays as long as the socket.
 *
 * Context: rcu_read_lock(), any.
 */
void dsr_rs_flow_end(struct dsr_table *table, struct dsr_rs_flow *flow,
		     u8 event)
{
	struct dsr_rs_flow *peer = flow_peer(table, flow);

	if (peer && (event == DSR_EVENT_ABORT || !dsr_rs_flow_trusts(peer)))
		WRITE_ONCE(peer->state,
			   dsr_state_next(READ_ONCE(peer->state), event));
}

/**
 * dsr_rs_flow_retire() - hide a flow from all lookups
 * @table: its table
 * @flow: its wire entry; the garbage collector frees it later
 *
 * Context: rcu_read_lock(), any.
 */
void dsr_rs_flow_retire(struct dsr_table *table, struct dsr_rs_flow *flow)
{
	struct dsr_rs_net *rs = container_of(table, struct dsr_rs_net, table);
	struct dsr_rs_flow *peer = flow_peer(table, flow);

	if (peer)
		dsr_rs_flow_retire_entry(rs, peer);
	dsr_rs_flow_retire_entry(rs, flow);
}

struct lost {
	struct net *net;
	const union nf_inet_addr *addr;
	u8 family;
};

static bool flow_is_lost(struct dsr_node *node, const void *arg)
{
	const struct lost *lost = arg;
	struct dsr_rs_tuple tuple;

	if (dsr_rs_flow_from_node(node)->family != lost->family)
		return false;
	tuple = dsr_rs_flow_socket(dsr_rs_flow_from_node(node));
	if (lost->addr &&
	    !dsr_addr_equal(lost->family, lost->addr, &tuple.server))
		return false;
	return !dsr_rs_local_has(lost->net, NULL, lost->family, &tuple.server);
}

/**
 * dsr_rs_flow_remove_to() - forget flows to an address that the machine lost
 * @rs: namespace, live, its lock held
 * @family: address family
 * @addr: address; %NULL: any; only flows to an address that no device has are
 *	forgotten
 *
 * Context: process context, sleeps.
 */
void dsr_rs_flow_remove_to(struct dsr_rs_net *rs, u8 family,
			   const union nf_inet_addr *addr)
{
	struct lost lost = { .net = rs->net, .family = family, .addr = addr };

	lockdep_assert_held(&rs->lock);
	dsr_table_remove_if(&rs->table, flow_is_lost, &lost);
}

/* Return true if @node is a wire entry whose socket entry is gone. A pair that
 * begins during a flush may lose one of its entries. Without the other one, the
 * answers would leave from the local address for as long as the client sends.
 * create_pair() inserts the socket entry first, so no pair in the making is
 * hit.
 */
static bool flow_is_half(struct dsr_node *node, const void *table)
{
	struct dsr_rs_flow *flow = dsr_rs_flow_from_node(node);
	bool is_half;

	rcu_read_lock();
	is_half = READ_ONCE(flow->roles) & DSR_RS_WIRE &&
		  !flow_peer(table, flow);
	rcu_read_unlock();
	return is_half;
}

/**
 * dsr_rs_flow_flush_some() - forget the flows in some buckets
 * @rs: namespace
 * @cursor: first bucket; 0: forget the pending flows and recent clients, too
 *
 * Flows that begin meanwhile may stay.
 *
 * Context: process context, sleeps. Takes rs->lock.
 * Return: as dsr_table_flush_some(); %DSR_TABLE_END if @rs is not live.
 */
u64 dsr_rs_flow_flush_some(struct dsr_rs_net *rs, u64 cursor)
{
	u64 next = DSR_TABLE_END;

	mutex_lock(&rs->lock);
	if (!rs->live)
		goto unlock;
	if (!cursor) {
		/* First, lest they become flows behind the cursor. */
		dsr_rs_pending_flush(rs->pendings);
		dsr_rs_recent_flush(rs->recent);
	}
	next = dsr_table_flush_some(&rs->table, cursor, FLUSH_BUCKETS);
	if (next == DSR_TABLE_END)
		dsr_table_remove_if(&rs->table, flow_is_half, &rs->table);
unlock:
	mutex_unlock(&rs->lock);
	return next;
}

/**
 * dsr_rs_flow_bytes() - return the memory that the table takes, in bytes
 * @rs: namespace, live
 *
 * Context: any.
 */
u64 dsr_rs_flow_bytes(struct dsr_rs_net *rs)
{
	u64 entries6 = (u32)atomic_read(&rs->entries6);

	return dsr_table_bytes(&rs->table, DSR_RS_FLOW_SIZE4) +
	       entries6 * (DSR_RS_FLOW_SIZE6 - DSR_RS_FLOW_SIZE4);
}

static struct kmem_cache *cache_create(const char *name, unsigned int size)
{
	return kmem_cache_create(name, size, 0, 0, NULL);
}

/**
 * dsr_rs_flow_init() - set up the slab caches that all namespaces share
 *
 * Does nothing the second time: the KUnit suites call this too, and some
 * kernels run them ahead of the module's own initialisation.
 *
 * Return: 0 or -%ENOMEM.
 */
int dsr_rs_flow_init(void)
{
	if (!flow_cache)
		flow_cache = cache_create("dsr_rs_flow", DSR_RS_FLOW_SIZE4);
	if (!flow6_cache)
		flow6_cache = cache_create("dsr_rs_flow6", DSR_RS_FLOW_SIZE6);
	return flow_cache && flow6_cache ? 0 : -ENOMEM;
}

/** dsr_rs_flow_exit() - free them, after the last flow and rcu_barrier() */
void dsr_rs_flow_exit(void)
{
	kmem_cache_destroy(flow_cache);
	kmem_cache_destroy(flow6_cache);
}
