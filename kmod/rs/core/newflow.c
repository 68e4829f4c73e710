// SPDX-License-Identifier: GPL-2.0
/*
 * newflow - a flow begins: it gets its ends, a client port that is free at the
 * socket, and a place in the table or among the pending flows; see flow.h
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

/* Number of tries to find a free client port; and the number while such a
 * search has lately failed.
 */
#define PORT_TRIES	64
#define PORT_TRIES_AGAIN	2
#define PORT_MIN	1024

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
	struct dsr_rs_flow *copy = dsr_rs_flow_alloc(rs, flow);
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
	dsr_rs_flow_free(copy);
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
		dsr_rs_flow_retire_entry(rs, socket);
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
			dsr_rs_flow_retire_entry(rs, socket);
		return wire;
	}
	dsr_rs_flow_retire_entry(rs, socket);
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
