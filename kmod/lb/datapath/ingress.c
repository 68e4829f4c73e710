// SPDX-License-Identifier: GPL-2.0
/* ingress - the fast path; see ingress.h */

#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/addrconf.h>
#include <net/ip.h>
#include <net/sock.h>
#include <net/xfrm.h>
#include <linux/dsr.h>

#include "core/path.h"
#include "core/trace.h"
#include "datapath/decide.h"
#include "datapath/ingress.h"
#include "datapath/xmit.h"
#include "host.h"

/**
 * struct shortcut - result of the lookups for a packet
 * @decision: decision of dsr_decide()
 * @dev: output device
 * @neigh: neighbour entry of the backend
 */
struct shortcut {
	struct dsr_decision decision;
	struct net_device *dev;
	struct neighbour *neigh;
};

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

/* Check that the transport header fits @len, the payload without padding. */
static __always_inline bool is_whole(u8 proto, u32 len)
{
	return len >= dsr_packet_transport_len(proto);
}

/* Check the IPv4 header as ip_rcv() does. */
static __always_inline enum dsr_ingress_verdict check4(struct sk_buff *skb)
{
	const struct iphdr *iph;
	u32 len;

	if (unlikely(!pskb_may_pull(skb, sizeof(*iph))))
		return DSR_INGRESS_MALFORMED;
	iph = ip_hdr(skb);
	if (unlikely(iph->ihl != sizeof(*iph) / 4))
		return DSR_INGRESS_OPTIONS;
	len = ntohs(iph->tot_len);
	if (unlikely(iph->version != 4 || skb->len < len ||
		     len < sizeof(*iph) || ip_fast_csum(iph, iph->ihl)))
		return DSR_INGRESS_MALFORMED;
	if (skb->len != len && !is_whole(iph->protocol, len - sizeof(*iph)))
		return DSR_INGRESS_MALFORMED;
	return DSR_INGRESS_FORWARDED;
}

/* Check the IPv6 header as ipv6_rcv() does. A payload length of 0 stands for a
 * packet of more than 64 KiB: leave it to the slow path.
 */
static __always_inline enum dsr_ingress_verdict check6(struct sk_buff *skb)
{
	const struct inet6_dev *idev = __in6_dev_get(skb->dev);
	const struct ipv6hdr *ip6h;
	u32 len;

	if (unlikely(!idev || READ_ONCE(idev->cnf.disable_ipv6)))
		return DSR_INGRESS_NOT_IP;
	if (unlikely(!pskb_may_pull(skb, sizeof(*ip6h))))
		return DSR_INGRESS_MALFORMED;
	ip6h = ipv6_hdr(skb);
	if (unlikely(!dsr_packet_is_balanced(ip6h->nexthdr) &&
		     ipv6_ext_hdr(ip6h->nexthdr)))
		return DSR_INGRESS_OPTIONS;
	len = ntohs(ip6h->payload_len);
	if (unlikely(ip6h->version != 6 || !len ||
		     skb->len < sizeof(*ip6h) + len))
		return DSR_INGRESS_MALFORMED;
	if (skb->len != sizeof(*ip6h) + len && !is_whole(ip6h->nexthdr, len))
		return DSR_INGRESS_MALFORMED;
	return DSR_INGRESS_FORWARDED;
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

/* Check that a packet does not change the state of its connection. Closing
 * packets, and what follows them, take the slow path.
 */
static __always_inline bool is_steady(const struct dsr_conn *conn,
				      const struct dsr_packet *pkt)
{
	u8 state = READ_ONCE(conn->state);

	return pkt->event == DSR_EVENT_DATA && state != DSR_CONN_CLOSED &&
	       dsr_conn_state(state, pkt) == state;
}

/* Check if the packet has to pass the firewall rules again. With persistence
 * that is once a second: only the slow path refreshes the persistence entry of
 * the client.
 */
static __always_inline bool is_due(const struct dsr_path_dev *path,
				   const struct dsr_conn *conn,
				   const struct dsr_service *service, u32 now)
{
	u32 recheck = READ_ONCE(path->recheck);

	if (unlikely(READ_ONCE(service->persist)))
		recheck = min_t(u32, recheck, HZ);
	return now - READ_ONCE(conn->checked) >= recheck;
}

/* Look up the connection, and check that its packets may take the fast path. */
static __always_inline enum dsr_ingress_verdict
consult(const struct dsr_path_dev *path, const struct dsr_packet *pkt,
	struct dsr_decision *decision)
{
	struct dsr_service *service;

	dsr_decide(path->dn, &dsr_frontend_any, pkt, decision);
	service = decision->service;
	if (!service)
		return DSR_INGRESS_UNKNOWN;
	if (unlikely(decision->choice != DSR_CHOICE_CONNECTION))
		return DSR_INGRESS_BACKEND;
	if (unlikely(READ_ONCE(service->path) != DSR_PATH_DIRECT))
		return DSR_INGRESS_STACK;
	if (unlikely(READ_ONCE(service->here)))
		return DSR_INGRESS_PEER;
	if (unlikely(!is_steady(decision->conn, pkt)))
		return DSR_INGRESS_STATE;
	if (unlikely(is_due(path, decision->conn, service, jiffies)))
		return DSR_INGRESS_RECHECK;
	return DSR_INGRESS_FORWARDED;
}

/* Check that there is no IPsec policy for forwarded packets. */
static __always_inline bool is_plain(struct net *net, struct sk_buff *skb)
{
#ifdef CONFIG_XFRM
	return __xfrm_check_nopolicy(net, skb, XFRM_POLICY_FWD);
#else
	return true;
#endif
}

/* Do everything but sending. The packet is not modified before all checks have
 * passed.
 */
static __always_inline enum dsr_ingress_verdict
prepare(const struct dsr_path_dev *path, struct sk_buff *skb, u8 family,
	struct shortcut *cut)
{
	struct dsr_packet pkt __uninitialized;
	struct net *net = path->dn->net;
	struct dsr_nexthop *nexthop;
	enum dsr_reason reason;
	struct dst_entry *dst;
	enum dsr_ingress_verdict verdict;

	if (unlikely(!dsr_packet_parse(skb, family, &pkt, &reason)))
		return verdict_of_reason(reason);
	if (unlikely(pkt.kind != DSR_PACKET_FLOW))
		return DSR_INGRESS_PROTOCOL;
	verdict = consult(path, &pkt, &cut->decision);
	if (verdict)
		return verdict;

	if (unlikely(!is_plain(net, skb)))
		return DSR_INGRESS_POLICY;
	nexthop = &cut->decision.backend->nexthop;
	dst = dsr_nexthop_peek(net, nexthop);
	if (unlikely(!dst))
		return DSR_INGRESS_NEIGHBOUR;
	cut->dev = READ_ONCE(dst->dev);
	cut->neigh = dsr_nexthop_neighbour(nexthop, cut->dev);
	if (unlikely(!cut->neigh ||
		     !(READ_ONCE(cut->neigh->nud_state) & NUD_VALID)))
		return DSR_INGRESS_NEIGHBOUR;
	return dsr_xmit_shortcut(net, family, skb, cut->decision.service,
				 dst);
}

static __always_inline enum dsr_ingress_verdict
find_verdict(const struct dsr_path_dev *path, struct sk_buff *skb, u8 *family,
	     struct shortcut *cut)
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
	struct shortcut cut __uninitialized;
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
	backend = cut.decision.backend;
	dsr_table_touch(&cut.decision.conn->node, jiffies);
	this_cpu_inc(dn->reasons[DSR_FORWARDED_INGRESS]);
	trace_dsr_packet(dn, skb, family, backend, DSR_FORWARDED_INGRESS);
	dsr_stats_count(backend->stats, skb);
	/* clear what the stack would have cleared */
	skb_orphan(skb);
	skb_dst_drop(skb);
	skb_reset_redirect(skb);
	dsr_send_output(skb, cut.dev, cut.neigh);
	return NF_STOLEN;
}
