// SPDX-License-Identifier: GPL-2.0
/* ingress - the fast path; see ingress.h */

#include <linux/if_vlan.h>
#include <net/sock.h>
#include <net/xfrm.h>

#include "core/path.h"
#include "core/trace.h"
#include "datapath/ingress.h"
#include "datapath/shortcut.h"
#include "datapath/straight.h"
#include "datapath/xmit.h"
#include "host.h"

/* Check the frame. The skb must not be shared, since we write to it. */
static __always_inline enum dsr_ingress_verdict check_frame(struct sk_buff *skb)
{
	/* A packet that has a socket already is for that socket. */
	if (unlikely(!dsr_is_to_this_host(skb) || skb_sk_is_prefetched(skb)))
		return DSR_INGRESS_NOT_HOST;
	/* The packet belongs to the device of its VLAN, if there is one. */
	if (unlikely(skb_vlan_tag_present(skb)))
		return DSR_INGRESS_VLAN;
	if (unlikely(rcu_access_pointer(skb->dev->rx_handler)))
		return DSR_INGRESS_PORT;
	if (unlikely(skb_shared(skb)))
		return DSR_INGRESS_SHARED;
	/* Packets merged by LRO cannot be forwarded. */
	if (unlikely(skb_is_gso(skb) && !skb_shinfo(skb)->gso_type))
		return DSR_INGRESS_TOO_BIG;
	return DSR_INGRESS_FORWARDED;
}

static __always_inline enum dsr_ingress_verdict check4(struct sk_buff *skb)
{
	u32 len;

	if (unlikely(!pskb_may_pull(skb, sizeof(struct iphdr))))
		return DSR_INGRESS_MALFORMED;
	return dsr_shortcut_check4(ip_hdr(skb), skb->len, &len);
}

static __always_inline enum dsr_ingress_verdict check6(struct sk_buff *skb)
{
	u32 len;

	if (unlikely(!dsr_shortcut_has_ipv6(skb->dev)))
		return DSR_INGRESS_NOT_IP;
	if (unlikely(!pskb_may_pull(skb, sizeof(struct ipv6hdr))))
		return DSR_INGRESS_MALFORMED;
	return dsr_shortcut_check6(ipv6_hdr(skb), skb->len, &len);
}

static enum dsr_ingress_verdict verdict_of_reason(enum dsr_reason reason)
{
	switch (reason) {
	case DSR_DROP_MALFORMED:
		return DSR_INGRESS_MALFORMED;
	case DSR_DROP_FRAGMENT:
		return DSR_INGRESS_FRAGMENT;
	default:
		return DSR_INGRESS_PROTOCOL;
	}
}

/* Do everything but sending. The packet is not modified before all checks have
 * passed.
 */
static __always_inline enum dsr_ingress_verdict
prepare(const struct dsr_path_dev *path, struct sk_buff *skb, u8 family,
	struct dsr_shortcut *cut)
{
	struct dsr_packet pkt __uninitialized;
	const struct dsr_net *dn = path->dn;
	enum dsr_ingress_verdict verdict;
	struct net *net = dn->net;
	enum dsr_reason reason;
	struct dsr_conn *conn;

	if (unlikely(!dsr_packet_parse(skb, family, &pkt, &reason)))
		return verdict_of_reason(reason);
	if (unlikely(pkt.kind != DSR_PACKET_FLOW))
		return DSR_INGRESS_PROTOCOL;
	conn = dsr_conn_find(dn, &pkt.tuple,
			     dsr_conn_hash(&dn->table, &pkt.tuple));
	verdict = dsr_shortcut_decide(path, &pkt, conn, cut);
	if (verdict)
		return verdict;
	if (unlikely(!dsr_shortcut_is_plain(net, secpath_exists(skb))))
		return DSR_INGRESS_POLICY;
	verdict = dsr_shortcut_route(net, family, cut);
	if (unlikely(verdict))
		return verdict;
	return dsr_xmit_shortcut(net, family, skb, cut->service, cut->dst);
}

static __always_inline enum dsr_ingress_verdict
find_verdict(const struct dsr_path_dev *path, struct sk_buff *skb, u8 *family,
	     struct dsr_shortcut *cut)
{
	enum dsr_ingress_verdict verdict;

	verdict = check_frame(skb);
	if (unlikely(verdict))
		return verdict;
	switch (skb->protocol) {
	case htons(ETH_P_IP):
		*family = AF_INET;
		verdict = check4(skb);
		break;
	case htons(ETH_P_IPV6):
		*family = AF_INET6;
		verdict = check6(skb);
		break;
	default:
		return DSR_INGRESS_NOT_IP;
	}
	return likely(!verdict) ? prepare(path, skb, *family, cut) : verdict;
}

/**
 * dsr_ingress_hook() - handle a packet that comes in by a device with a path
 * @priv: struct dsr_path_dev
 * @skb: packet, its data at the network header
 * @state: hook state of netfilter
 *
 * Context: rcu_read_lock(), bottom halves disabled.
 * Return: NF_STOLEN, or NF_ACCEPT with the packet's data unchanged.
 */
unsigned int dsr_ingress_hook(void *priv, struct sk_buff *skb,
			      const struct nf_hook_state *state)
{
	struct dsr_shortcut cut __uninitialized;
	struct dsr_path_dev *path = priv;
	enum dsr_ingress_verdict verdict;
	struct dsr_backend *backend;
	struct dsr_net *dn;
	u8 family;

	verdict = find_verdict(path, skb, &family, &cut);
	this_cpu_inc(path->verdicts[verdict]);
	if (verdict)
		return NF_ACCEPT;

	dn = path->dn;
	backend = cut.backend;
	dsr_table_touch(&cut.conn->node, jiffies);
	this_cpu_inc(dn->reasons[DSR_FORWARDED_INGRESS]);
	trace_dsr_packet(dn, skb, skb, family, backend,
			 DSR_FORWARDED_INGRESS);
	dsr_stats_count(backend->stats, skb);
	/* clear what the stack would have cleared */
	skb_orphan(skb);
	skb_dst_drop(skb);
	skb_reset_redirect(skb);
	if (!dsr_straight_send(skb, cut.dev, cut.neigh))
		dsr_send_output(skb, cut.dev, cut.neigh);
	return NF_STOLEN;
}
