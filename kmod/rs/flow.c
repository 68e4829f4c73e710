// SPDX-License-Identifier: GPL-2.0
/*
 * flow - making, keeping and forgetting flows; see flow.h
 */

#include <linux/inetdevice.h>
#include <linux/kernel.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "flow.h"
#include "net.h"
#include "rule.h"
#include "socket.h"
#include "state.h"

/* How often to look for a free client port before giving up. */
#define PORT_TRIES	64
#define PORT_MIN	1024

static struct kmem_cache *flow_cache;

static struct dsr_rs_tuple wire_tuple(const struct dsr_rs_flow *flow)
{
	return (struct dsr_rs_tuple) {
		.client = flow->client,
		.server = flow->vip,
		.cport = flow->cport,
		.sport = flow->vport,
		.proto = flow->proto,
	};
}

static struct dsr_rs_tuple socket_tuple(const struct dsr_rs_flow *flow)
{
	return (struct dsr_rs_tuple) {
		.client = flow->client,
		.server = flow->local,
		.cport = flow->local_cport,
		.sport = flow->lport,
		.proto = flow->proto,
	};
}

/* The entry for the other side of the same flow; @flow itself if it is found
 * from both. %NULL if it is gone.
 */
static struct dsr_rs_flow *flow_peer(const struct dsr_table *table,
				     struct dsr_rs_flow *flow)
{
	struct dsr_rs_tuple tuple;

	if (!dsr_rs_flow_ported(flow))
		return flow;
	if (READ_ONCE(flow->roles) & DSR_RS_WIRE) {
		tuple = socket_tuple(flow);
		return dsr_rs_flow_find_socket(table,
					       dsr_rs_tuple_hash(&tuple,
								 &table->key),
					       &tuple);
	}
	tuple = wire_tuple(flow);
	return dsr_rs_flow_find_wire(table,
				     dsr_rs_tuple_hash(&tuple, &table->key),
				     &tuple);
}

/**
 * dsr_rs_flow_left() - how long a flow stays if no packet comes
 * @table: its table
 * @flow: either entry of it
 * @now: jiffies, low half
 *
 * Context: rcu_read_lock().
 * Return: jiffies, 0 if its time is over.
 */
u32 dsr_rs_flow_left(struct dsr_table *table, struct dsr_rs_flow *flow,
		     u32 now)
{
	struct dsr_rs_flow *peer = flow_peer(table, flow), *wire = flow;
	u32 idle = now - READ_ONCE(flow->node.seen), timeout;

	/* Packets may have been seen while @now was on its way here. */
	if ((s32)idle < 0)
		idle = 0;
	if (peer) {
		s32 idle_peer = now - READ_ONCE(peer->node.seen);

		idle = min_t(u32, idle, max(idle_peer, 0));
		if (READ_ONCE(peer->roles) & DSR_RS_WIRE)
			wire = peer;
	}
	timeout = dsr_state_timeout(READ_ONCE(wire->state));
	return timeout > idle ? timeout - idle : 0;
}

/* A connection may be silent for longer than any timeout, but not for longer
 * than its socket lives.
 */
static bool flow_has_socket(struct dsr_rs_net *rs,
			    const struct dsr_rs_flow *flow)
{
	struct dsr_rs_tuple tuple = socket_tuple(flow);
	struct net_device *dev;

	if (flow->proto != IPPROTO_TCP)
		return false;
	/* The local address was one of the incoming device, which a socket
	 * may be bound to.
	 */
	dev = __ip_dev_find(rs->net, flow->local, false);
	return dev && dsr_rs_socket_exists(rs->net, &tuple, dev->ifindex);
}

static bool flow_expired(struct dsr_table *table, struct dsr_node *node,
			 u32 now)
{
	struct dsr_rs_net *rs = container_of(table, struct dsr_rs_net, table);
	struct dsr_rs_flow *flow = dsr_rs_flow_of(node);
	bool expired = true;

	if (!READ_ONCE(flow->roles))
		return true;
	rcu_read_lock();
	if (dsr_rs_flow_left(table, flow, now)) {
		expired = false;
	} else if (flow_has_socket(rs, flow)) {
		/* Ask again when as much time has passed. */
		WRITE_ONCE(node->seen, now);
		expired = false;
	}
	rcu_read_unlock();
	return expired;
}

static void flow_free(struct dsr_rs_flow *flow)
{
	if (flow->rule)
		dsr_rs_rule_put(flow->rule);
	kmem_cache_free(flow_cache, flow);
}

static void flow_free_rcu(struct rcu_head *rcu)
{
	flow_free(container_of(rcu, struct dsr_rs_flow, rcu));
}

/* Packets under way may still use the flow and, through it, its rule. */
static void flow_release(struct dsr_table *table, struct dsr_node *node)
{
	struct dsr_rs_net *rs = container_of(table, struct dsr_rs_net, table);

	call_rcu(&dsr_rs_flow_of(node)->rcu, flow_free_rcu);
	if (!atomic_read(&table->entries))
		dsr_rs_net_idle(rs);
}

const struct dsr_table_ops dsr_rs_flow_ops = {
	.expired = flow_expired,
	.release = flow_release,
};

static struct dsr_rs_flow *flow_begun(struct dsr_rs_flow *flow)
{
	if (flow->rule)
		this_cpu_inc(flow->rule->stats->connections);
	return flow;
}

static struct dsr_rs_flow *flow_alloc(const struct dsr_rs_packet *pkt,
				      const struct dsr_rs_target *target,
				      __be16 local_cport)
{
	struct dsr_rs_flow *flow;

	flow = kmem_cache_alloc(flow_cache, GFP_ATOMIC | __GFP_NOWARN);
	if (!flow)
		return NULL;
	flow->node.seen = jiffies;
	flow->client = pkt->tuple.client;
	flow->vip = pkt->tuple.server;
	flow->local = target->local;
	flow->cport = pkt->tuple.cport;
	flow->vport = pkt->tuple.sport;
	flow->local_cport = local_cport;
	flow->lport = target->lport;
	flow->proto = pkt->tuple.proto;
	flow->state = pkt->th ? dsr_state_tcp(DSR_CONN_SYN,
						  tcp_flag_byte(pkt->th)) :
				DSR_CONN_UDP;
	flow->rule = target->rule;
	if (flow->rule)
		/* Listed, or unlisted within this grace period: not 0. */
		refcount_inc(&flow->rule->refs);
	return flow;
}

/* Whether another conversation has this client port at the socket. */
static bool port_taken(struct dsr_rs_net *rs, const struct dsr_rs_packet *pkt,
		       const struct dsr_rs_target *target, __be16 cport)
{
	struct dsr_rs_tuple tuple = {
		.client = pkt->tuple.client,
		.server = target->local,
		.cport = cport,
		.sport = target->lport,
		.proto = pkt->tuple.proto,
	};
	u32 hash = dsr_rs_tuple_hash(&tuple, &rs->table.key);

	if (dsr_rs_flow_find_socket(&rs->table, hash, &tuple))
		return true;
	if ((!pkt->th || dsr_rs_packet_is_syn(pkt)) &&
	    dsr_rs_recent_has(rs->recent, hash, jiffies,
			      dsr_state_timeout(pkt->th ? DSR_CONN_SYN :
							  DSR_CONN_UDP)))
		return true;
	return pkt->th &&
	       dsr_rs_socket_foreign(rs->net, &tuple, target->ifindex,
				     cport == pkt->tuple.cport ? pkt->th :
								 NULL);
}

/* Both sides of the flow @key are free in one bucket, or @node has one. */
static bool match_either(const struct dsr_node *node, const void *key)
{
	struct dsr_rs_tuple wire = wire_tuple(key), socket = socket_tuple(key);

	return dsr_rs_flow_match_wire(node, &wire) ||
	       dsr_rs_flow_match_socket(node, &socket);
}

/* One entry for both sides.
 *
 * Return: the flow; %NULL with @reason set to why there is none; %NULL with
 * @reason left alone if the socket's side is taken.
 */
static struct dsr_rs_flow *create_single(struct dsr_rs_net *rs,
					 const struct dsr_rs_packet *pkt,
					 u32 hash,
					 const struct dsr_rs_target *target,
					 enum dsr_rs_reason *reason)
{
	struct dsr_rs_flow *flow;
	struct dsr_node *node;

	flow = flow_alloc(pkt, target, pkt->tuple.cport);
	if (!flow) {
		*reason = DSR_RS_DROP_NO_MEMORY;
		return NULL;
	}
	flow->node.hash = hash;
	flow->roles = DSR_RS_WIRE | DSR_RS_SOCKET;
	node = dsr_table_insert(&rs->table, &flow->node, match_either, flow);
	if (node == &flow->node)
		return flow_begun(flow);
	flow_free(flow);
	if (!node) {
		*reason = DSR_RS_DROP_TABLE_FULL;
		return NULL;
	}
	/* Another processor was faster with the same flow, or another one. */
	return dsr_rs_flow_match_wire(node, &pkt->tuple) ?
	       dsr_rs_flow_of(node) : NULL;
}

/* The entry for the socket's side, with a client port that is free there. */
static struct dsr_rs_flow *create_socket_side(struct dsr_rs_net *rs,
					      const struct dsr_rs_packet *pkt,
					      const struct dsr_rs_target *target,
					      enum dsr_rs_reason *reason)
{
	struct dsr_rs_tuple tuple;
	struct dsr_rs_flow *flow;
	struct dsr_node *node;
	__be16 cport;
	u32 tries;

	flow = flow_alloc(pkt, target, 0);
	if (!flow) {
		*reason = DSR_RS_DROP_NO_MEMORY;
		return NULL;
	}
	flow->roles = DSR_RS_SOCKET;
	for (tries = 0; tries < PORT_TRIES; tries++) {
		cport = htons(PORT_MIN + reciprocal_scale(get_random_u32(),
							  65536 - PORT_MIN));
		if (cport == pkt->tuple.cport ||
		    port_taken(rs, pkt, target, cport))
			continue;
		flow->local_cport = cport;
		tuple = socket_tuple(flow);
		flow->node.hash = dsr_rs_tuple_hash(&tuple, &rs->table.key);
		node = dsr_table_insert(&rs->table, &flow->node,
					dsr_rs_flow_match_socket, &tuple);
		if (node == &flow->node)
			return flow;
		if (!node) {
			*reason = DSR_RS_DROP_TABLE_FULL;
			goto free;
		}
	}
	*reason = DSR_RS_DROP_NO_PORT;
free:
	flow_free(flow);
	return NULL;
}

/* An entry for each side. The socket's comes first: no packet makes it be
 * looked for before the wire's is there.
 */
static struct dsr_rs_flow *create_pair(struct dsr_rs_net *rs,
				       const struct dsr_rs_packet *pkt,
				       u32 hash,
				       const struct dsr_rs_target *target,
				       enum dsr_rs_reason *reason)
{
	struct dsr_rs_flow *wire, *socket;
	struct dsr_node *node;

	socket = create_socket_side(rs, pkt, target, reason);
	if (!socket)
		return NULL;
	wire = flow_alloc(pkt, target, socket->local_cport);
	if (!wire) {
		*reason = DSR_RS_DROP_NO_MEMORY;
		goto retire_socket;
	}
	wire->node.hash = hash;
	wire->roles = DSR_RS_WIRE;
	node = dsr_table_insert(&rs->table, &wire->node,
				dsr_rs_flow_match_wire, &pkt->tuple);
	if (node == &wire->node)
		return flow_begun(wire);
	flow_free(wire);
	WRITE_ONCE(socket->roles, 0);
	if (node)
		return dsr_rs_flow_of(node);
	*reason = DSR_RS_DROP_TABLE_FULL;
	return NULL;

retire_socket:
	WRITE_ONCE(socket->roles, 0);
	return NULL;
}

/**
 * dsr_rs_flow_create() - begin a flow
 * @rs: where
 * @pkt: its first packet, of which no flow is known
 * @hash: dsr_rs_tuple_hash() of the packet's tuple
 * @target: where it is to go
 * @reason: set to why the packet has to be dropped, if %NULL is returned
 *
 * Context: rcu_read_lock(), any but hard interrupts. Allocates.
 * Return: the flow, perhaps made by another processor meanwhile, or %NULL.
 */
struct dsr_rs_flow *dsr_rs_flow_create(struct dsr_rs_net *rs,
				       const struct dsr_rs_packet *pkt,
				       u32 hash,
				       const struct dsr_rs_target *target,
				       enum dsr_rs_reason *reason)
{
	struct dsr_rs_flow *flow;

	*reason = DSR_RS_REASON_COUNT;
	if (target->rule && !port_taken(rs, pkt, target, pkt->tuple.cport)) {
		flow = create_single(rs, pkt, hash, target, reason);
		if (flow || *reason != DSR_RS_REASON_COUNT)
			return flow;
	}
	/* What has taken the port may be this flow, made a moment ago. */
	flow = dsr_rs_flow_find_wire(&rs->table, hash, &pkt->tuple);
	return flow ?: create_pair(rs, pkt, hash, target, reason);
}

/**
 * dsr_rs_flow_retire() - let nothing find a flow any more
 * @table: its table
 * @flow: its entry for the wire; freed by the janitor some time later
 *
 * Context: rcu_read_lock(), any.
 */
void dsr_rs_flow_retire(struct dsr_table *table, struct dsr_rs_flow *flow)
{
	struct dsr_rs_flow *peer = flow_peer(table, flow);

	if (peer)
		WRITE_ONCE(peer->roles, 0);
	WRITE_ONCE(flow->roles, 0);
}

static bool flow_is_to(struct dsr_node *node, const void *arg)
{
	const __be32 *local = arg;

	return dsr_rs_flow_of(node)->local == *local;
}

/**
 * dsr_rs_flow_forget_address() - the machine has lost an address
 * @table: table
 * @local: the address; flows to it are forgotten
 *
 * Context: process context, sleeps.
 */
void dsr_rs_flow_forget_address(struct dsr_table *table, __be32 local)
{
	dsr_table_forget(table, flow_is_to, &local);
}

/**
 * dsr_rs_flow_init() - set up what all namespaces share, unless that was done
 *
 * Also called by the KUnit suites, which some kernels run ahead of the
 * module's own initialisation.
 *
 * Return: 0 or -%ENOMEM.
 */
int dsr_rs_flow_init(void)
{
	if (!flow_cache)
		flow_cache = KMEM_CACHE(dsr_rs_flow,
					SLAB_HWCACHE_ALIGN | SLAB_ACCOUNT);
	return flow_cache ? 0 : -ENOMEM;
}

/** dsr_rs_flow_exit() - once no namespace has flows, and after rcu_barrier() */
void dsr_rs_flow_exit(void)
{
	kmem_cache_destroy(flow_cache);
}
