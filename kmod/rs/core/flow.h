/* SPDX-License-Identifier: GPL-2.0 */
/*
 * flow - which conversation at a socket is which on the wire
 *
 *	wire:   client:cport - vip:vport
 *	socket: client:local_cport - local:lport
 *
 * Nearly always both have the same client port. Then there is one entry in
 * the table, which is found from either side as the hash knows the client's
 * end only. Where another conversation has the socket's side already, the
 * client gets another port there, and two entries, one for each side.
 *
 * A client chooses its end, and may use the same for many conversations. So few
 * entries only have the same hash of a client's end. What comes then is put apart:
 * it has an entry for each side, whose hash knows all of its key. Those are
 * looked for when nothing is found by the client's end, and while there are any.
 *
 * A datagram proves nothing of who has sent it. So a flow of UDP begins as
 * asked, becomes answered with the first datagram of the socket's, and is proven
 * when the client goes on after that. Until then it lives for a minute only,
 * and all of these may take but a share of the table; what comes when they
 * have it is remembered as a pending flow, see pending.h.
 *
 * Owner: the table of struct dsr_rs_net from the insert on, then, once
 * unlinked by the table's garbage collector, the RCU callback that frees it. A flow
 * holds a reference to its rule.
 *
 * Locking: rcu_read_lock() for all that packets do; what changes in a flow
 * after its insert is one word each (state, roles, node.seen).
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

/* What an entry is found by; 0: by nothing, it waits for the garbage collector. */
#define DSR_RS_WIRE	BIT(0)
#define DSR_RS_SOCKET	BIT(1)
/* Of a pending flow: a flow has taken its place; see pending.h. */
#define DSR_RS_HATCHED	BIT(2)
/* Of UDP: what is known of the client; see below. */
#define DSR_RS_ASKED	BIT(3)
#define DSR_RS_ANSWERED	BIT(4)
#define DSR_RS_UNPROVEN	(DSR_RS_ASKED | DSR_RS_ANSWERED)
/* Its hash is dsr_rs_tuple_hash_all(). */
#define DSR_RS_APART	BIT(5)

/* Its server is no socket of this namespace: it was forwarded, as by a DNAT rule. */
#define DSR_RS_ELSEWHERE	BIT(6)

/* Entries with one hash of a client's end, at most. */
#define DSR_RS_FLOW_SAME_MAX	4

/**
 * struct dsr_rs_flow - an entry of the table
 * @node: see there
 * @rule: what it counts for; %NULL for a conversation with the machine's own
 *	address, which is here because a flow has its place at the socket
 * @cport: client's port on the wire
 * @vport: server's port on the wire
 * @wire: both, as a request has them
 * @local_cport: client's port at the socket
 * @lport: server's port at the socket
 * @socket: both, as a request has them when it is delivered
 * @proto: IPPROTO_TCP, IPPROTO_UDP or IPPROTO_SCTP
 * @state: enum dsr_conn_state; kept in the entry for the wire
 * @roles: DSR_RS_WIRE, DSR_RS_SOCKET; and DSR_RS_ASKED or DSR_RS_ANSWERED;
 *	and DSR_RS_APART and DSR_RS_ELSEWHERE, which never change
 * @family: AF_INET or AF_INET6
 * @v4: addresses of the client, of the server on the wire, and of the server
 *	at the socket, if @family is AF_INET: there is memory for no more
 * @v6: the same, if it is AF_INET6, and the client's zone
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
	u8 proto;
	u8 state;
	u8 roles;
	u8 family;
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

/* With its part of a bucket, which is 16 bytes at most while a table grows, an IPv4
 * flow takes less than 64: so the entries are not aligned to cache lines, and every
 * other one has two.
 */
static_assert(DSR_RS_FLOW_SIZE4 <= 64 - 16);

/**
 * struct dsr_rs_target - where a new flow is to go
 * @rule: what it counts for, or %NULL if another flow has its place
 * @local: local address
 * @lport: local port
 * @ifindex: device that its first packet came in by
 * @named: the rule names the address, or it is the packet's own
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

/** dsr_rs_flow_wire() - the ends that a flow has on the wire */
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

/** dsr_rs_flow_socket() - the ends that a flow has at the socket */
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
 * dsr_rs_flow_find_wire() - the flow of a packet that comes from the client
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
 * dsr_rs_flow_find_socket() - the flow of a packet that comes from the socket
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

/** dsr_rs_flow_ported() - whether the socket sees another client port */
static inline bool dsr_rs_flow_ported(const struct dsr_rs_flow *flow)
{
	return flow->cport != flow->local_cport;
}

/**
 * dsr_rs_flow_trusts() - whether the client's word is enough to end a flow
 * @flow: its entry for the wire
 *
 * Anybody can send a RST or an ABORT in the client's name. Where a socket of TCP is
 * at the other end, it is asked before the flow is forgotten. A socket of SCTP cannot
 * be asked, and where the server is elsewhere there is none: these flows end by the
 * server's packets, for the server has checked the sequence number or the tag.
 */
static inline bool dsr_rs_flow_trusts(const struct dsr_rs_flow *flow)
{
	return flow->proto != IPPROTO_SCTP &&
	       !(READ_ONCE(flow->roles) & DSR_RS_ELSEWHERE);
}

/** dsr_rs_flow_paired() - whether each side has an entry of its own */
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
void dsr_rs_flow_retire(struct dsr_table *table, struct dsr_rs_flow *flow);
void dsr_rs_flow_remove_to(struct dsr_rs_net *rs, u8 family,
			   const union nf_inet_addr *addr);
u64 dsr_rs_flow_bytes(struct dsr_rs_net *rs);
u32 dsr_rs_flow_left(struct dsr_table *table, struct dsr_rs_flow *flow,
		     u32 now);

extern const struct dsr_table_ops dsr_rs_flow_ops;

#endif /* _DSR_RS_FLOW_H */
