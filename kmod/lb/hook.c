// SPDX-License-Identifier: GPL-2.0
/* hook - carries out what dsr_decide() says; see hook.h */

#include <linux/ip.h>

#include "decide.h"
#include "hook.h"
#include "host.h"
#include "net.h"
#include "packet.h"
#include "scheduler.h"
#include "trace.h"
#include "xmit.h"

static u8 state_after(const struct dsr_packet *packet, u8 state)
{
	return packet->tuple.proto == IPPROTO_TCP ?
	       dsr_state_tcp(state, packet->tcp_flags) : DSR_CONN_UDP;
}

/* Choose the backend of a new connection, and remember it. */
static void schedule_connection(struct dsr_net *dn,
				const struct dsr_packet *packet,
				struct dsr_decision *decision)
{
	struct dsr_pool *pool = rcu_dereference(decision->service->pool);
	u8 state = state_after(packet, DSR_CONN_SYN);
	struct dsr_backend *backend;

	if (!pool->count) {
		decision->reason = DSR_DROP_NO_BACKEND;
		return;
	}
	if (!decision->conn && dsr_table_is_full(&dn->table))
		goto stateless;
	backend = pool->scheduler->select(pool, &packet->tuple);
	if (decision->conn) {
		dsr_conn_change(dn, decision->conn, state, backend);
	} else {
		decision->conn = dsr_conn_add(dn, &packet->tuple,
					      decision->hash, state, backend);
		if (!decision->conn)
			goto stateless;
		/* another CPU may have been faster */
		backend = rcu_dereference(decision->conn->backend);
	}
	this_cpu_inc(backend->stats->connections);
	decision->backend = backend;
	return;

stateless:
	decision->backend = dsr_rendezvous_select(pool, &packet->tuple);
	decision->reason = DSR_FORWARDED_STATELESS;
}

/* Note in the table that a packet of a known connection has come. */
static void touch_connection(struct dsr_net *dn,
			     const struct dsr_packet *packet,
			     const struct dsr_decision *decision)
{
	struct dsr_conn *conn = decision->conn;
	u8 old = READ_ONCE(conn->state);
	u8 state = state_after(packet, old);

	if (unlikely(state != old))
		dsr_conn_change(dn, conn, state, decision->backend);
	dsr_table_touch(&conn->node, jiffies);
}

static void leave(struct dsr_net *dn, const struct sk_buff *skb,
		  const struct dsr_backend *backend, enum dsr_reason reason)
{
	this_cpu_inc(dn->reasons[reason]);
	trace_dsr_packet(skb, backend ? backend->nexthop.addr : 0, reason);
}

/* Everything between parsing and sending. */
static enum dsr_reason process(struct dsr_net *dn, struct sk_buff *skb,
			       struct dsr_decision *decision)
{
	struct dsr_packet packet;
	enum dsr_reason reason;

	if (unlikely(!dsr_is_to_this_host(skb)))
		return DSR_PASS_NOT_HOST;
	/* An ICMP error may belong to us without a mark. */
	if (!skb->mark && ip_hdr(skb)->protocol != IPPROTO_ICMP)
		return DSR_PASS_NO_SERVICE;
	if (!dsr_packet_parse(skb, &packet, &reason))
		/* What is nobody's is nobody's to drop. */
		return dsr_service_find(dn, skb->mark) ? reason :
							 DSR_PASS_NO_SERVICE;
	dsr_decide(dn, &packet, skb->mark, decision);
	if (!decision->service)
		return decision->reason;
	if (!decision->backend)
		schedule_connection(dn, &packet, decision);
	else if (!packet.icmp_error)
		touch_connection(dn, &packet, decision);
	if (decision->reason == DSR_DROP_NO_BACKEND) {
		dsr_xmit_refuse(dn->net, skb);
		return DSR_DROP_NO_BACKEND;
	}

	reason = dsr_xmit_prepare(dn->net, skb, decision->service,
				  decision->backend);
	return dsr_reason_is_drop(reason) ? reason : decision->reason;
}

/**
 * dsr_hook() - a packet has come
 * @priv: struct dsr_net
 * @skb: packet
 * @state: of netfilter
 *
 * Context: rcu_read_lock(), softirq.
 * Return: NF_ACCEPT, NF_DROP, or NF_STOLEN.
 */
unsigned int dsr_hook(void *priv, struct sk_buff *skb,
		      const struct nf_hook_state *state)
{
	struct dsr_decision decision = { };
	struct dsr_net *dn = priv;
	enum dsr_reason reason;

	reason = process(dn, skb, &decision);
	leave(dn, skb, decision.backend, reason);
	if (dsr_reason_is_drop(reason))
		return NF_DROP;
	if (!decision.backend)
		return NF_ACCEPT;
	dsr_stats_count(decision.backend->stats, skb);
	dsr_xmit_send(dn->net, skb, decision.service);
	return NF_STOLEN;
}
