// SPDX-License-Identifier: GPL-2.0
/*
 * flow - create, keep and forget flows; see flow.h
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

/* Unproven flows may take one in this many of the table's entries. */
#define UNPROVEN_SHARE	4

/* Idle timeout of a connection whose server is elsewhere. */
#define SILENCE_ELSEWHERE	((2 * 60 + 4) * 60 * HZ)

/* A closed flow keeps its entry for this long: late packets may follow. */
#define SPENT	HZ

/* Number of tries to find a free client port; and the number while such a
 * search has lately failed.
 */
#define PORT_TRIES	64
#define PORT_TRIES_AGAIN	2
#define PORT_MIN	1024

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

static void entry_retire(struct dsr_rs_net *rs, struct dsr_rs_flow *flow)
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

static void flow_free(struct dsr_rs_flow *flow)
{
	if (flow->rule)
		dsr_rs_rule_put(flow->rule);
	kmem_cache_free(flow->family == AF_INET ? flow_cache : flow6_cache,
			flow);
}

static void flow_free_node(struct dsr_node *node)
{
	flow_free(dsr_rs_flow_from_node(node));
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

/* Fill in a new flow, except for its hash and its roles. */
static void flow_fill(struct dsr_rs_flow *flow, const struct dsr_rs_packet *pkt,
		      const struct dsr_rs_target *target)
{
	flow->node.seen = jiffies;
	flow->cport = pkt->tuple.cport;
	flow->vport = pkt->tuple.sport;
	flow->local_cport = pkt->tuple.cport;
	flow->lport = target->lport;
	flow->proto = pkt->tuple.proto;
	flow->family = pkt->tuple.family;
	flow->state = dsr_rs_packet_state(DSR_CONN_SYN, pkt);
	if (flow->family == AF_INET) {
		flow->v4.client = pkt->tuple.client.ip;
		flow->v4.vip = pkt->tuple.server.ip;
		flow->v4.local = target->local.ip;
	} else {
		flow->v6.client = pkt->tuple.client.in6;
		flow->v6.vip = pkt->tuple.server.in6;
		flow->v6.local = target->local.in6;
		flow->v6.zone = pkt->tuple.zone;
	}
	flow->rule = target->rule;
}

/* Allocate an entry and copy @flow into it. */
static struct dsr_rs_flow *flow_alloc(const struct dsr_rs_net *rs,
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

/**
 * struct wanted - key of an insert, and its count of entries of the same hash
 * @flow: flow to insert
 * @same: number of entries with the same hash that the insert has passed
 */
struct wanted {
	const struct dsr_rs_flow *flow;
	u32 *same;
};

/* The hash has as many entries as it may have: put the new flow apart. */
static bool is_crowd(const struct wanted *wanted)
{
	return ++*wanted->same >= DSR_RS_FLOW_SAME_MAX &&
	       !(wanted->flow->roles & DSR_RS_APART);
}

static bool match_wire(const struct dsr_node *node,
		       const struct dsr_rs_flow *flow)
{
	struct dsr_rs_tuple wire = dsr_rs_flow_wire(flow);

	return dsr_rs_flow_match_wire(node, &wire);
}

static bool match_socket(const struct dsr_node *node,
			 const struct dsr_rs_flow *flow)
{
	struct dsr_rs_tuple socket = dsr_rs_flow_socket(flow);

	return dsr_rs_flow_match_socket(node, &socket);
}

/* The next three end the walk of an insert at @node: @node has the ends of the
 * wanted flow, or is the last entry that may share its hash.
 */
static bool wants_wire(const struct dsr_node *node, const void *key)
{
	const struct wanted *wanted = key;

	return match_wire(node, wanted->flow) || is_crowd(wanted);
}

static bool wants_socket(const struct dsr_node *node, const void *key)
{
	const struct wanted *wanted = key;

	return match_socket(node, wanted->flow) || is_crowd(wanted);
}

static bool wants_either(const struct dsr_node *node, const void *key)
{
	const struct wanted *wanted = key;

	return match_wire(node, wanted->flow) ||
	       match_socket(node, wanted->flow) || is_crowd(wanted);
}

/* Insert a copy of a flow, as an entry for @roles.
 *
 * Return: the new entry; or an entry that is already there, with other ends if
 * the flow has to be put apart; or %NULL with @reason set.
 */
static struct dsr_rs_flow *flow_insert(struct dsr_rs_net *rs,
				       const struct dsr_rs_flow *flow,
				       u8 roles, dsr_match_fn match,
				       enum dsr_rs_reason *reason)
{
	struct dsr_rs_tuple tuple = roles & DSR_RS_WIRE ?
				    dsr_rs_flow_wire(flow) :
				    dsr_rs_flow_socket(flow);
	struct dsr_rs_flow *copy = flow_alloc(rs, flow);
	bool apart = flow->roles & DSR_RS_APART;
	struct dsr_node *node;
	u32 same = 0;

	if (!copy) {
		*reason = DSR_RS_DROP_NO_MEMORY;
		return NULL;
	}
	copy->roles = roles | flow->roles;
	copy->node.hash = apart ?
			  dsr_rs_tuple_hash_all(&tuple, &rs->table.key) :
			  dsr_rs_tuple_hash(&tuple, &rs->table.key);
	if (unlikely(dsr_table_is_full(&rs->table)))
		dsr_table_make_room(&rs->table, copy->node.hash, jiffies);
	/* Count first: garbage collection may see the entry at once. */
	if (apart)
		atomic_inc(&rs->apart);
	node = dsr_table_insert(&rs->table, &copy->node, match,
				&(struct wanted) { flow, &same });
	if (node == &copy->node) {
		if (copy->family == AF_INET6)
			atomic_inc(&rs->entries6);
		if (flow->roles & DSR_RS_UNPROVEN)
			atomic_inc(&rs->unproven);
		if (copy->rule && roles & DSR_RS_WIRE)
			this_cpu_inc(copy->rule->stats->connections);
		return copy;
	}
	if (apart)
		atomic_dec(&rs->apart);
	flow_free(copy);
	if (node)
		return dsr_rs_flow_from_node(node);
	*reason = DSR_RS_DROP_FLOW_TABLE_FULL;
	return NULL;
}

/* Return true if two entries belong to one flow, whatever their roles. */
static bool is_same(const struct dsr_rs_flow *one,
		    const struct dsr_rs_flow *other)
{
	struct dsr_rs_tuple a = dsr_rs_flow_wire(one);
	struct dsr_rs_tuple b = dsr_rs_flow_wire(other);

	return a.cport == b.cport && a.sport == b.sport &&
	       dsr_addr_equal(a.family, &a.server, &b.server);
}

/* Return true if another connection has this client port at the socket. Set
 * @says to the answer of the sockets, if they are asked.
 */
static bool port_taken(struct dsr_rs_net *rs, const struct dsr_rs_packet *pkt,
		       const struct dsr_rs_target *target, __be16 cport,
		       enum dsr_rs_socket *says)
{
	struct dsr_rs_tuple tuple = {
		.client = pkt->tuple.client,
		.server = target->local,
		.cport = cport,
		.sport = target->lport,
		.proto = pkt->tuple.proto,
		.family = pkt->tuple.family,
		.zone = pkt->tuple.zone,
	};
	u32 hash = dsr_rs_tuple_hash(&tuple, &rs->table.key);
	bool udp = pkt->tuple.proto == IPPROTO_UDP;
	struct dsr_rs_pending pending;

	if (dsr_rs_flow_find_socket(&rs->table, hash, &tuple))
		return true;
	if (dsr_rs_pending_find(rs->pendings, hash, dsr_rs_flow_match_socket,
				&tuple, jiffies, &pending))
		return true;
	if ((udp || dsr_rs_packet_opens(pkt)) &&
	    dsr_rs_recent_has(rs->recent, dsr_rs_recent_key(&tuple, hash),
			      jiffies,
			      dsr_state_timeout(udp ? DSR_CONN_UDP :
						      DSR_CONN_SYN)))
		return true;
	if (!pkt->th)
		return false;
	*says = dsr_rs_socket_ask(rs->net, &tuple, target->ifindex,
				  cport == pkt->tuple.cport ? pkt->th : NULL);
	return *says == DSR_RS_SOCKET_FOREIGN;
}

/* Insert an entry for each side, put apart, with the client port that @new has
 * at the socket. Insert the socket entry first: no packet looks for it before
 * the wire entry exists.
 *
 * Return: the flow; or %NULL with @reason set; or %NULL with @reason unchanged
 * if the socket side is taken.
 */
static struct dsr_rs_flow *create_apart(struct dsr_rs_net *rs,
					struct dsr_rs_flow *new,
					enum dsr_rs_reason *reason)
{
	struct dsr_rs_flow *wire, *socket;

	new->roles |= DSR_RS_APART;
	socket = flow_insert(rs, new, DSR_RS_SOCKET, wants_socket, reason);
	if (!socket || !is_same(socket, new))
		return NULL;
	wire = flow_insert(rs, new, DSR_RS_WIRE, wants_wire, reason);
	if (!wire || wire->local_cport != new->local_cport)
		entry_retire(rs, socket);
	return wire;
}

/* Insert an entry for each side, where the client has another port at the
 * socket. Hash them by the client's end, unless too many entries share it.
 *
 * Return: as create_apart().
 */
static struct dsr_rs_flow *create_pair(struct dsr_rs_net *rs,
				       struct dsr_rs_flow *new,
				       enum dsr_rs_reason *reason)
{
	struct dsr_rs_flow *wire, *socket;

	socket = flow_insert(rs, new, DSR_RS_SOCKET, wants_socket, reason);
	if (!socket || !is_same(socket, new))
		return NULL;
	wire = flow_insert(rs, new, DSR_RS_WIRE, wants_wire, reason);
	if (wire && match_wire(&wire->node, new)) {
		if (wire->local_cport != new->local_cport)
			entry_retire(rs, socket);
		return wire;
	}
	entry_retire(rs, socket);
	return wire ? create_apart(rs, new, reason) : NULL;
}

/* Insert one entry for both sides, or put the flow apart if too many entries
 * share the client's end.
 *
 * Return: as create_apart().
 */
static struct dsr_rs_flow *create_single(struct dsr_rs_net *rs,
					 struct dsr_rs_flow *new,
					 enum dsr_rs_reason *reason)
{
	struct dsr_rs_flow *flow;

	flow = flow_insert(rs, new, DSR_RS_WIRE | DSR_RS_SOCKET, wants_either,
			   reason);
	/* @flow may be one that another processor has inserted meanwhile. */
	if (!flow || match_wire(&flow->node, new))
		return flow;
	return match_socket(&flow->node, new) ? NULL :
						create_apart(rs, new, reason);
}

/* Return the key that notes that a client has no free port at @target. */
static u32 used_up_key(const struct dsr_rs_net *rs,
		       const struct dsr_rs_packet *pkt,
		       const struct dsr_rs_target *target)
{
	struct dsr_rs_tuple tuple = pkt->tuple;

	tuple.server = target->local;
	tuple.sport = target->lport;
	tuple.cport = 0;
	return dsr_rs_recent_key(&tuple, dsr_rs_tuple_hash(&tuple,
							   &rs->table.key));
}

/* Choose another client port for @new that is free at the socket. */
static bool port_choose(struct dsr_rs_net *rs, const struct dsr_rs_packet *pkt,
			const struct dsr_rs_target *target,
			struct dsr_rs_flow *new)
{
	u32 used_up = used_up_key(rs, pkt, target), tries;
	enum dsr_rs_socket says;
	__be16 cport;

	tries = dsr_rs_recent_has(rs->recent, used_up, jiffies, HZ) ?
		PORT_TRIES_AGAIN : PORT_TRIES;
	while (tries--) {
		cport = htons(PORT_MIN + reciprocal_scale(get_random_u32(),
							  65536 - PORT_MIN));
		if (cport == pkt->tuple.cport ||
		    port_taken(rs, pkt, target, cport, &says))
			continue;
		new->local_cport = cport;
		return true;
	}
	dsr_rs_recent_note(rs->recent, used_up, jiffies);
	return false;
}

/* Keep a pending flow for @roles. */
static bool pending_keep(struct dsr_rs_net *rs, struct dsr_rs_pending *pending,
			 u8 roles)
{
	struct dsr_rs_tuple tuple = roles & DSR_RS_WIRE ?
				    dsr_rs_flow_wire(&pending->flow) :
				    dsr_rs_flow_socket(&pending->flow);

	pending->flow.roles = roles;
	pending->flow.node.hash = dsr_rs_tuple_hash(&tuple, &rs->table.key);
	return dsr_rs_pending_keep(rs->pendings, pending);
}

static bool is_crowded(struct dsr_rs_net *rs)
{
	return atomic_read(&rs->unproven) >=
	       (int)(READ_ONCE(rs->table.max) / UNPROVEN_SHARE);
}

/* Return true if the share of unproven flows has room, or if eviction of an
 * answered flow makes room.
 */
static bool has_place(struct dsr_rs_net *rs, u32 hash)
{
	if (likely(!is_crowded(rs)))
		return true;
	return dsr_table_make_room(&rs->table, hash, jiffies) &&
	       !is_crowded(rs);
}

/**
 * dsr_rs_flow_create() - begin a flow
 * @rs: namespace
 * @pkt: first packet, which no flow matches
 * @hash: dsr_rs_tuple_hash() of the packet's tuple
 * @target: destination
 * @pending: storage for the result: a flow that no socket is known to have
 *	accepted is not kept in the table
 * @reason: set to the reason to drop the packet, if %NULL is returned
 *
 * Context: rcu_read_lock(), any but hard interrupts. Allocates.
 * Return: the flow, possibly inserted by another processor meanwhile, or %NULL.
 */
struct dsr_rs_flow *dsr_rs_flow_create(struct dsr_rs_net *rs,
				       const struct dsr_rs_packet *pkt,
				       u32 hash,
				       const struct dsr_rs_target *target,
				       struct dsr_rs_pending *pending,
				       enum dsr_rs_reason *reason)
{
	bool listed = pkt->tuple.proto == IPPROTO_UDP && has_place(rs, hash);
	enum dsr_rs_socket says = DSR_RS_SOCKET_NONE;
	struct dsr_rs_flow *new = &pending->flow, *flow;

	flow_fill(new, pkt, target);
	pending->tos = pkt->tos;
	pending->ruled = target->rule;
	new->roles = listed ? DSR_RS_ASKED : 0;
	*reason = DSR_RS_REASON_COUNT;
	if (target->rule &&
	    !port_taken(rs, pkt, target, pkt->tuple.cport, &says)) {
		if (listed || (says == DSR_RS_SOCKET_EXPECTS &&
			       dsr_rs_packet_proves(pkt))) {
			flow = create_single(rs, new, reason);
			if (flow || *reason != DSR_RS_REASON_COUNT)
				return flow;
		} else if (pending_keep(rs, pending,
					DSR_RS_WIRE | DSR_RS_SOCKET)) {
			return new;
		}
	}
	/* This same flow, created a moment ago, may have taken the port. */
	flow = dsr_rs_flow_find_wire(&rs->table, hash, &pkt->tuple);
	if (flow)
		return flow;
	if (!port_choose(rs, pkt, target, new)) {
		*reason = DSR_RS_DROP_NO_FREE_PORT;
		return NULL;
	}
	if (listed) {
		flow = create_pair(rs, new, reason);
		if (flow)
			return flow;
	} else if (pending_keep(rs, pending, DSR_RS_SOCKET) &&
		   pending_keep(rs, pending, DSR_RS_WIRE)) {
		return new;
	}
	/* Another processor has just taken the free port. */
	if (*reason == DSR_RS_REASON_COUNT)
		*reason = DSR_RS_DROP_NO_FREE_PORT;
	return NULL;
}

/**
 * dsr_rs_flow_promote() - turn a pending flow into a flow
 * @rs: namespace
 * @pending: copy of the pending flow, with its rule set if it has one, and with
 *	DSR_RS_ELSEWHERE among its roles if its server is no local socket
 *
 * Context: rcu_read_lock(), any but hard interrupts. Allocates.
 * Return: the flow, or %NULL if there is no room for it.
 */
struct dsr_rs_flow *dsr_rs_flow_promote(struct dsr_rs_net *rs,
					const struct dsr_rs_pending *pending)
{
	struct dsr_rs_flow new = pending->flow, *flow;
	enum dsr_rs_reason reason;

	new.node.seen = jiffies;
	new.state = new.proto == IPPROTO_UDP ? DSR_CONN_UDP :
					       DSR_CONN_ESTABLISHED;
	new.roles = pending->flow.roles & DSR_RS_ELSEWHERE;
	flow = dsr_rs_flow_ported(&new) ? create_pair(rs, &new, &reason) :
					  create_single(rs, &new, &reason);
	if (flow)
		dsr_rs_pending_promote(rs->pendings, pending, jiffies);
	return flow;
}

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
		entry_retire(rs, peer);
	entry_retire(rs, flow);
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
