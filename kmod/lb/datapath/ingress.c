// SPDX-License-Identifier: GPL-2.0
/* ingress - the short way; see ingress.h */

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
 * struct shortcut - where a packet is to be sent
 * @decision: what dsr_decide() has said
 * @dev: device
 * @neigh: who is to get it
 */
struct shortcut {
	struct dsr_decision decision;
	struct net_device *dev;
	struct neighbour *neigh;
};

/* What concerns the frame. Who writes to a packet must be its only owner. */
static __always_inline enum dsr_ingress_verdict check_frame(struct sk_buff *skb)
{
	/* What has a socket already is on its way there. */
	if (unlikely(!dsr_is_to_this_host(skb) || skb_sk_is_prefetched(skb)))
		return DSR_INGRESS_NOT_HOST;
	/* It belongs to a device of its VLAN, if to any. */
	if (unlikely(skb_vlan_tag_present(skb)))
		return DSR_INGRESS_VLAN;
	if (unlikely(rcu_access_pointer(skb->dev->rx_handler)))
		return DSR_INGRESS_PORT;
	if (unlikely(skb_shared(skb)))
		return DSR_INGRESS_SHARED;
	/* What hardware has merged without saying how cannot be sent on. */
	if (unlikely(skb_is_gso(skb) && !skb_shinfo(skb)->gso_type))
		return DSR_INGRESS_TOO_BIG;
	return DSR_INGRESS_FORWARDED;
}

/* Whether what is read behind the IP header is in front of the padding. */
static __always_inline bool is_whole(u8 proto, u32 len)
{
	return len >= dsr_packet_transport_len(proto);
}

/* What ip_rcv() would look at. */
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

/* What ipv6_rcv() would look at. A length of 0 is that of what is larger. */
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

/* Whether a packet changes nothing of its connection. The end of one is seldom
 * worth a short way, and a packet behind it none.
 */
static __always_inline bool is_steady(const struct dsr_conn *conn,
				      const struct dsr_packet *packet)
{
	u8 state = READ_ONCE(conn->state);

	return packet->event == DSR_EVENT_DATA && state != DSR_CONN_CLOSED &&
	       dsr_conn_state(state, packet) == state;
}

/* Whether the rules have to be asked again. Nothing but the long way keeps the
 * entry of a client that is to come back to its backend.
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

/* What the connection says. */
static __always_inline enum dsr_ingress_verdict
consult(const struct dsr_path_dev *path, const struct dsr_packet *packet,
	struct dsr_decision *decision)
{
	struct dsr_service *service;

	dsr_decide(path->dn, &dsr_frontend_any, packet, decision);
	service = decision->service;
	if (!service)
		return DSR_INGRESS_UNKNOWN;
	if (unlikely(decision->choice != DSR_CHOICE_CONNECTION))
		return DSR_INGRESS_BACKEND;
	if (unlikely(READ_ONCE(service->path) != DSR_PATH_DIRECT))
		return DSR_INGRESS_STACK;
	if (unlikely(READ_ONCE(service->here)))
		return DSR_INGRESS_PEER;
	if (unlikely(!is_steady(decision->conn, packet)))
		return DSR_INGRESS_STATE;
	if (unlikely(is_due(path, decision->conn, service, jiffies)))
		return DSR_INGRESS_RECHECK;
	return DSR_INGRESS_FORWARDED;
}

/* Whether there is no IPsec policy that would have to be asked. */
static __always_inline bool is_plain(struct net *net, struct sk_buff *skb)
{
#ifdef CONFIG_XFRM
	return __xfrm_check_nopolicy(net, skb, XFRM_POLICY_FWD);
#else
	return true;
#endif
}

/* Everything but sending: until nothing can come in between any more, the
 * packet stays as it is.
 */
static __always_inline enum dsr_ingress_verdict
prepare(const struct dsr_path_dev *path, struct sk_buff *skb, u8 family,
	struct shortcut *cut)
{
	struct dsr_packet packet __uninitialized;
	struct net *net = path->dn->net;
	struct dsr_nexthop *nexthop;
	enum dsr_reason reason;
	struct dst_entry *dst;
	enum dsr_ingress_verdict verdict;

	if (unlikely(!dsr_packet_parse(skb, family, &packet, &reason)))
		return verdict_of_reason(reason);
	if (unlikely(packet.kind != DSR_PACKET_FLOW))
		return DSR_INGRESS_PROTOCOL;
	verdict = consult(path, &packet, &cut->decision);
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
 * dsr_ingress_hook() - a packet has come in by a device with a path
 * @priv: struct dsr_path_dev
 * @skb: packet, its data at the network header
 * @state: of netfilter
 *
 * Context: rcu_read_lock(), bottom halves disabled.
 * Return: NF_STOLEN, or NF_ACCEPT with the packet as it was.
 */
unsigned int dsr_ingress_hook(void *priv, struct sk_buff *skb,
			      const struct nf_hook_state *state)
{
	struct shortcut cut __uninitialized;
	struct dsr_path_dev *path = priv;
	struct dsr_backend *backend;
	enum dsr_ingress_verdict verdict;
	u8 family;

	verdict = find_verdict(path, skb, &family, &cut);
	this_cpu_inc(path->verdicts[verdict]);
	if (verdict)
		return NF_ACCEPT;

	backend = cut.decision.backend;
	dsr_table_touch(&cut.decision.conn->node, jiffies);
	this_cpu_inc(path->dn->reasons[DSR_FORWARDED_INGRESS]);
	trace_dsr_packet(skb, family, backend, DSR_FORWARDED_INGRESS);
	dsr_stats_count(backend->stats, skb);
	/* what the stack would have taken off it */
	skb_orphan(skb);
	skb_dst_drop(skb);
	skb_reset_redirect(skb);
	dsr_send_output(skb, cut.dev, cut.neigh);
	return NF_STOLEN;
}
