// SPDX-License-Identifier: GPL-2.0
/* hook - carries out what dsr_decide() says; see hook.h */

#include <linux/in.h>
#include <linux/ip.h>

#include "decide.h"
#include "hook.h"
#include "host.h"
#include "net.h"
#include "packet.h"
#include "scheduler.h"
#include "trace.h"
#include "xmit.h"

/* Whether nobody can be answered at this address. */
static bool is_bad_source(__be32 saddr)
{
	return ipv4_is_multicast(saddr) || ipv4_is_lbcast(saddr) ||
	       ipv4_is_loopback(saddr) || ipv4_is_zeronet(saddr);
}

/* Whether a packet of no known connection may belong to one that the table had
 * no place for. Such a one must stay where its hash has sent it, also when
 * there is a place again.
 */
static bool may_be_stateless(const struct dsr_net *dn,
			     const struct dsr_packet *packet)
{
	if (packet->tuple.proto == IPPROTO_TCP)
		return !(packet->tcp_flags & TCPHDR_SYN);
	return dsr_net_was_crowded(dn);
}

/* Choose the backend of a new connection, and remember it. */
static void schedule_connection(struct dsr_net *dn,
				const struct dsr_packet *packet,
				struct dsr_decision *decision)
{
	struct dsr_pool *pool = rcu_dereference(decision->service->pool);
	struct dsr_conn *conn = decision->conn;
	struct dsr_backend *backend;
	bool begun;

	if (is_bad_source(packet->tuple.v4.saddr)) {
		decision->reason = DSR_DROP_SOURCE;
		return;
	}
	if (!pool->count) {
		decision->reason = DSR_DROP_NO_BACKEND;
		return;
	}
	if (!conn && dsr_table_is_full(&dn->table))
		goto stateless;
	if (!conn && may_be_stateless(dn, packet))
		backend = dsr_scheduler_home(pool, &packet->tuple);
	else
		backend = pool->scheduler->select(pool, &packet->tuple,
						  false);
	if (!backend) {
		decision->reason = DSR_DROP_NO_BACKEND;
		return;
	}
	begun = conn && dsr_conn_move(dn, conn, packet, backend);
	if (!begun)
		conn = dsr_conn_add(dn, packet, decision->hash, backend,
				    &begun);
	if (begun) {
		this_cpu_inc(backend->stats->connections);
		decision->backend = backend;
		return;
	}
	/* Another CPU may have been faster with the same connection. */
	backend = conn ? dsr_conn_backend(conn) : NULL;
	if (backend && backend->service == decision->service) {
		decision->backend = backend;
		return;
	}

stateless:
	dsr_net_note_crowded(dn);
	decision->backend = dsr_scheduler_home(pool, &packet->tuple);
	decision->reason = DSR_FORWARDED_STATELESS;
}

/* Note in the table that a packet of a known connection has come. */
static void touch_connection(struct dsr_net *dn,
			     const struct dsr_packet *packet,
			     const struct dsr_decision *decision)
{
	struct dsr_conn *conn = decision->conn;
	u8 state = READ_ONCE(conn->state);

	if (unlikely(dsr_conn_state(state, packet) != state))
		dsr_conn_advance(dn, conn, packet);
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

	/* What has a socket already, as TPROXY gives it, is on its way there. */
	if (unlikely(!dsr_is_to_this_host(skb) || skb->sk))
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
	if (decision->reason == DSR_DROP_NO_BACKEND)
		dsr_xmit_refuse(dn->net, skb);
	if (dsr_reason_is_drop(decision->reason))
		return decision->reason;

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
 * Context: rcu_read_lock(); softirq, or process context when user space has
 * given a verdict on a packet that waited in PRE_ROUTING.
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
