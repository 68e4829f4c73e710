/* SPDX-License-Identifier: GPL-2.0 */
/*
 * flow - map the wire side of a connection to its socket side
 *
 *	wire:   client:cport - vip:vport
 *	socket: client:local_cport - local:lport
 *
 * Nearly always both sides have the same client port. One entry of the table
 * then serves both: the hash covers the client's end only, so a lookup from
 * either side finds the entry. If another connection already has the socket
 * side, the client gets another port there, and the flow has two entries, one
 * for each side.
 *
 * A client chooses its own end, and may use one end for many connections. The
 * table therefore limits how many entries share the hash of a client's end.
 * Later flows are put apart: such a flow has an entry for each side, and the
 * hash covers the whole key. A lookup that finds nothing by the client's end
 * tries the entries put apart, if there are any.
 *
 * A datagram does not prove that its sender is genuine. A UDP flow therefore
 * begins as asked, becomes answered with the first datagram from the socket,
 * and is proven when the client sends again after that. An unproven flow lives
 * for a minute only, and unproven flows may take only a share of the table.
 * Once that share is used up, a new UDP conversation becomes a pending flow;
 * see pending.h.
 *
 * Owner: the table of struct dsr_rs_net from the insert on; after the table's
 * garbage collector has unlinked the flow, the RCU callback that frees it. A
 * flow holds a reference to its rule.
 *
 * Locking: packets need rcu_read_lock(). After its insert a flow changes only
 * in single words (state, roles, node.seen).
 */
#ifndef _DSR_RS_FLOW_H
#define _DSR_RS_FLOW_H

#include <linux/build_bug.h>
#include <linux/types.h>

#include "core/packet.h"
#include "core/reason.h"
#include "core/tuple.h"
#include "table.h"

struct dsr_rs_pending;
struct dsr_rs_net;
struct dsr_rs_rule;

/* Lookups that find an entry. 0: none, the entry awaits garbage collection. */
#define DSR_RS_WIRE	BIT(0)
#define DSR_RS_SOCKET	BIT(1)
/* Pending flow: a flow has replaced it; see pending.h. */
#define DSR_RS_PROMOTED	BIT(2)
/* UDP: progress of the client's proof; see above. */
#define DSR_RS_ASKED	BIT(3)
#define DSR_RS_ANSWERED	BIT(4)
#define DSR_RS_UNPROVEN	(DSR_RS_ASKED | DSR_RS_ANSWERED)
/* Its hash is dsr_rs_tuple_hash_all(). */
#define DSR_RS_APART	BIT(5)

/* The server is no socket of this namespace: requests are forwarded, as by a
 * DNAT rule.
 */
#define DSR_RS_ELSEWHERE	BIT(6)

/* Maximum number of entries that share the hash of a client's end. */
#define DSR_RS_FLOW_SAME_MAX	4

/**
 * struct dsr_rs_flow - an entry of the table
 * @node: node in the table
 * @rule: rule whose statistics the flow counts in; %NULL for a connection to
 *	one of the machine's own addresses, whose port at the socket was taken
 *	by another flow
 * @cport: client's port on the wire
 * @vport: server's port on the wire
 * @wire: @cport and @vport, in the order of a request's header
 * @local_cport: client's port at the socket
 * @lport: server's port at the socket
 * @socket: @local_cport and @lport, in the order of a delivered request's
 *	header
 * @proto: IPPROTO_TCP, IPPROTO_UDP or IPPROTO_SCTP
 * @state: enum dsr_conn_state; kept in the wire entry
 * @roles: DSR_RS_WIRE and DSR_RS_SOCKET; DSR_RS_ASKED or DSR_RS_ANSWERED;
 *	DSR_RS_APART and DSR_RS_ELSEWHERE, which never change
 * @family: AF_INET or AF_INET6
 * @kind: @proto, @state, @roles and @family, for one comparison of all
 * @v4: addresses of the client, of the server on the wire, and of the server
 *	at the socket, if @family is AF_INET; the allocation ends behind them
 * @v6: the same addresses if @family is AF_INET6, and the client's zone
 */
struct dsr_rs_flow {
	struct dsr_node node;
	struct dsr_rs_rule *rule;
	union {
		struct {
			__be16 cport;
			__be16 vport;
		};
		__be32 wire;
	};
	union {
		struct {
			__be16 local_cport;
			__be16 lport;
		};
		__be32 socket;
	};
	union {
		struct {
			u8 proto;
			u8 state;
			u8 roles;
			u8 family;
		};
		u32 kind;
	};
	union {
		struct {
			__be32 client;
			__be32 vip;
			__be32 local;
		} v4;
		struct {
			struct in6_addr client;
			struct in6_addr vip;
			struct in6_addr local;
			u32 zone;
		} v6;
	};
};

#define DSR_RS_FLOW_SIZE4	offsetofend(struct dsr_rs_flow, v4)
#define DSR_RS_FLOW_SIZE6	offsetofend(struct dsr_rs_flow, v6)

/* An IPv4 flow and its part of a hash bucket, at most 16 bytes while a table
 * grows, take less than 64 bytes. So the entries are not aligned to cache
 * lines, and every other one straddles two.
 */
static_assert(DSR_RS_FLOW_SIZE4 <= 64 - 16);

/**
 * struct dsr_rs_target - destination of a new flow
 * @rule: rule whose statistics it counts in, or %NULL for a packet to one of
 *	the machine's own addresses
 * @local: local address
 * @lport: local port
 * @ifindex: ingress device of its first packet
 * @named: the rule names @local, or @local is the packet's own destination
 */
struct dsr_rs_target {
	struct dsr_rs_rule *rule;
	union nf_inet_addr local;
	__be16 lport;
	int ifindex;
	bool named;
};

static inline struct dsr_rs_flow *dsr_rs_flow_from_node(const struct dsr_node *node)
{
	return container_of(node, struct dsr_rs_flow, node);
}

/** dsr_rs_flow_wire() - return a flow's ends on the wire */
static inline struct dsr_rs_tuple
dsr_rs_flow_wire(const struct dsr_rs_flow *flow)
{
	struct dsr_rs_tuple tuple = {
		.cport = flow->cport, .sport = flow->vport,
		.proto = flow->proto, .family = flow->family,
	};

	if (likely(flow->family == AF_INET)) {
		tuple.client.ip = flow->v4.client;
		tuple.server.ip = flow->v4.vip;
	} else {
		tuple.client.in6 = flow->v6.client;
		tuple.server.in6 = flow->v6.vip;
		tuple.zone = flow->v6.zone;
	}
	return tuple;
}

/** dsr_rs_flow_socket() - return a flow's ends at the socket */
static inline struct dsr_rs_tuple
dsr_rs_flow_socket(const struct dsr_rs_flow *flow)
{
	struct dsr_rs_tuple tuple = {
		.cport = flow->local_cport, .sport = flow->lport,
		.proto = flow->proto, .family = flow->family,
	};

	if (likely(flow->family == AF_INET)) {
		tuple.client.ip = flow->v4.client;
		tuple.server.ip = flow->v4.local;
	} else {
		tuple.client.in6 = flow->v6.client;
		tuple.server.in6 = flow->v6.local;
		tuple.zone = flow->v6.zone;
	}
	return tuple;
}

static inline bool dsr_rs_flow_match_wire(const struct dsr_node *node,
					  const void *key)
{
	const struct dsr_rs_flow *flow = dsr_rs_flow_from_node(node);
	const struct dsr_rs_tuple *tuple = key;

	if (flow->cport != tuple->cport || flow->vport != tuple->sport ||
	    flow->proto != tuple->proto || flow->family != tuple->family ||
	    !(READ_ONCE(flow->roles) & DSR_RS_WIRE))
		return false;
	if (likely(flow->family == AF_INET))
		return flow->v4.client == tuple->client.ip &&
		       flow->v4.vip == tuple->server.ip;
	return ipv6_addr_equal(&flow->v6.client, &tuple->client.in6) &&
	       ipv6_addr_equal(&flow->v6.vip, &tuple->server.in6) &&
	       flow->v6.zone == tuple->zone;
}

static inline bool dsr_rs_flow_match_socket(const struct dsr_node *node,
					    const void *key)
{
	const struct dsr_rs_flow *flow = dsr_rs_flow_from_node(node);
	const struct dsr_rs_tuple *tuple = key;

	if (flow->local_cport != tuple->cport || flow->lport != tuple->sport ||
	    flow->proto != tuple->proto || flow->family != tuple->family ||
	    !(READ_ONCE(flow->roles) & DSR_RS_SOCKET))
		return false;
	if (likely(flow->family == AF_INET))
		return flow->v4.client == tuple->client.ip &&
		       flow->v4.local == tuple->server.ip;
	return ipv6_addr_equal(&flow->v6.client, &tuple->client.in6) &&
	       ipv6_addr_equal(&flow->v6.local, &tuple->server.in6) &&
	       flow->v6.zone == tuple->zone;
}

struct dsr_node *dsr_rs_flow_find_apart(const struct dsr_table *table,
					dsr_match_fn match,
					const struct dsr_rs_tuple *tuple);

/**
 * dsr_rs_flow_find_wire() - find the flow of a packet from the client
 * @table: table
 * @hash: dsr_rs_tuple_hash() of @tuple
 * @tuple: ends, as in the packet
 *
 * Context: rcu_read_lock(). No writes.
 * Return: the entry, or %NULL.
 */
static inline struct dsr_rs_flow *
dsr_rs_flow_find_wire(const struct dsr_table *table, u32 hash,
		      const struct dsr_rs_tuple *tuple)
{
	struct dsr_node *node = dsr_table_find(table, hash,
					       dsr_rs_flow_match_wire, tuple);

	if (!node)
		node = dsr_rs_flow_find_apart(table, dsr_rs_flow_match_wire,
					      tuple);
	return node ? dsr_rs_flow_from_node(node) : NULL;
}

/**
 * dsr_rs_flow_find_socket() - find the flow of a packet from the socket
 * @table: table
 * @hash: dsr_rs_tuple_hash() of @tuple
 * @tuple: ends, as in the packet
 *
 * Context: rcu_read_lock(). No writes.
 * Return: the entry, or %NULL.
 */
static inline struct dsr_rs_flow *
dsr_rs_flow_find_socket(const struct dsr_table *table, u32 hash,
			const struct dsr_rs_tuple *tuple)
{
	struct dsr_node *node = dsr_table_find(table, hash,
					       dsr_rs_flow_match_socket, tuple);

	if (!node)
		node = dsr_rs_flow_find_apart(table, dsr_rs_flow_match_socket,
					      tuple);
	return node ? dsr_rs_flow_from_node(node) : NULL;
}

/** dsr_rs_flow_ported() - true if the socket sees another client port */
static inline bool dsr_rs_flow_ported(const struct dsr_rs_flow *flow)
{
	return flow->cport != flow->local_cport;
}

/**
 * dsr_rs_flow_trusts() - true if the client's packets may end a flow
 * @flow: its wire entry
 *
 * Anyone can forge a RST or an ABORT from the client. If the server is a local
 * TCP socket, the module asks that socket before it forgets the flow. An SCTP
 * socket cannot be asked, and a server elsewhere has no local socket. Only the
 * server's packets end these flows: the server has checked the sequence number
 * or the verification tag.
 */
static inline bool dsr_rs_flow_trusts(const struct dsr_rs_flow *flow)
{
	return flow->proto != IPPROTO_SCTP &&
	       !(READ_ONCE(flow->roles) & DSR_RS_ELSEWHERE);
}

/** dsr_rs_flow_paired() - true if each side has an entry of its own */
static inline bool dsr_rs_flow_paired(const struct dsr_rs_flow *flow)
{
	return dsr_rs_flow_ported(flow) ||
	       READ_ONCE(flow->roles) & DSR_RS_APART;
}

int dsr_rs_flow_init(void);
void dsr_rs_flow_exit(void);
struct dsr_rs_flow *dsr_rs_flow_create(struct dsr_rs_net *rs,
				       const struct dsr_rs_packet *pkt,
				       u32 hash,
				       const struct dsr_rs_target *target,
				       struct dsr_rs_pending *pending,
				       enum dsr_rs_reason *reason);
struct dsr_rs_flow *dsr_rs_flow_promote(struct dsr_rs_net *rs,
					const struct dsr_rs_pending *pending);
void dsr_rs_flow_answer(struct dsr_table *table, struct dsr_rs_flow *flow);
void dsr_rs_flow_prove(struct dsr_rs_net *rs, struct dsr_rs_flow *flow);
bool dsr_rs_flow_is_up(struct dsr_rs_net *rs, const struct dsr_rs_flow *flow);
void dsr_rs_flow_end(struct dsr_table *table, struct dsr_rs_flow *flow,
		     u8 event);
struct dsr_rs_flow *dsr_rs_flow_alloc(const struct dsr_rs_net *rs,
				      const struct dsr_rs_flow *flow);
void dsr_rs_flow_free(struct dsr_rs_flow *flow);
void dsr_rs_flow_retire_entry(struct dsr_rs_net *rs, struct dsr_rs_flow *flow);
void dsr_rs_flow_retire(struct dsr_table *table, struct dsr_rs_flow *flow);
void dsr_rs_flow_remove_to(struct dsr_rs_net *rs, u8 family,
			   const union nf_inet_addr *addr);
u64 dsr_rs_flow_flush_some(struct dsr_rs_net *rs, u64 cursor);
u64 dsr_rs_flow_bytes(struct dsr_rs_net *rs);
u32 dsr_rs_flow_left(struct dsr_table *table, struct dsr_rs_flow *flow,
		     u32 now);

extern const struct dsr_table_ops dsr_rs_flow_ops;

#endif /* _DSR_RS_FLOW_H */
