// SPDX-License-Identifier: GPL-2.0
/* denied - see denied.h */

#include <linux/if_arp.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <net/dst.h>
#include <net/ip.h>
#include <net/ndisc.h>
#include <net/route.h>

#include "core/chance.h"
#include "core/trace.h"
#include "datapath/denied.h"
#include "datapath/peer.h"
#include "datapath/reject.h"
#include "datapath/schedule.h"
#include "datapath/xmit.h"
#include "denial.h"

/* Maximum number of backends that are compared with the sender of a frame. The
 * client retransmits the packet of a sender that is not found.
 */
#define SENDERS_MAX	64

/* Maximum length of an ICMP error that is copied (RFC 4443, section 2.4). With IPv4,
 * an error is shorter (RFC 1812, section 4.3.2.3).
 */
#define ERROR_MAX	1280

/* TTL of a copy on the way to a server. */
#define COPY_TTL	2

static ushort denial_type = DSR_DENIAL_TYPE;
module_param(denial_type, ushort, 0444);
MODULE_PARM_DESC(denial_type,
		 "EtherType of packets that real servers give back; as there");

/**
 * struct denied - a packet that came back
 * @pkt: parsed packet
 * @family: AF_INET or AF_INET6; 0 until the IP header was checked
 * @cut: the real server could give back only the first part of it
 * @conn: its connection
 * @to: the backend that gets it, or %NULL
 * @neigh: neighbour entry of @to, once the packet is prepared
 */
struct denied {
	struct dsr_packet pkt;
	u8 family;
	bool cut;
	struct dsr_conn *conn;
	struct dsr_backend *to;
	struct neighbour *neigh;
};

/* Cut off the padding of Ethernet. */
static bool trim(struct sk_buff *skb, u32 len, struct denied *denied)
{
	denied->cut = skb->len < len;
	return denied->cut || !pskb_trim_rcsum(skb, len);
}

/* The next two check the IP header as ip_rcv() and ipv6_rcv() do, and set the
 * same fields of the packet.
 */
static bool check4(struct sk_buff *skb, struct denied *denied)
{
	const struct iphdr *iph;
	u32 len;

	if (!pskb_may_pull(skb, sizeof(*iph)))
		return false;
	iph = ip_hdr(skb);
	if (iph->ihl < 5 || !pskb_may_pull(skb, iph->ihl * 4))
		return false;
	iph = ip_hdr(skb);
	len = ntohs(iph->tot_len);
	if (len < iph->ihl * 4 || ip_fast_csum((u8 *)iph, iph->ihl) ||
	    !trim(skb, len, denied))
		return false;
	memset(IPCB(skb), 0, sizeof(struct inet_skb_parm));
	IPCB(skb)->iif = skb->skb_iif;
	skb_set_transport_header(skb, ip_hdrlen(skb));
	skb->protocol = htons(ETH_P_IP);
	return true;
}

static bool check6(struct sk_buff *skb, struct denied *denied)
{
	const struct ipv6hdr *ip6h;

	if (!pskb_may_pull(skb, sizeof(*ip6h)))
		return false;
	ip6h = ipv6_hdr(skb);
	if (!ip6h->payload_len ||
	    !trim(skb, sizeof(*ip6h) + ntohs(ip6h->payload_len), denied))
		return false;
	memset(IP6CB(skb), 0, sizeof(struct inet6_skb_parm));
	IP6CB(skb)->iif = skb->skb_iif;
	IP6CB(skb)->nhoff = offsetof(struct ipv6hdr, nexthdr);
	skb_set_transport_header(skb, sizeof(*ip6h));
	skb->protocol = htons(ETH_P_IPV6);
	return true;
}

static bool check(struct sk_buff *skb, struct denied *denied)
{
	u8 version;

	/* dsr_rs splits packets. A virtual machine may send a merged one. */
	if (skb_is_gso(skb) || !pskb_may_pull(skb, sizeof(version)))
		return false;
	version = *skb_network_header(skb) >> 4;
	if (version == 4 && check4(skb, denied))
		denied->family = AF_INET;
	else if (version == 6 && check6(skb, denied))
		denied->family = AF_INET6;
	return denied->family;
}

/* Check that a real server can have denied the packet. */
static bool parse(const struct sk_buff *skb, struct denied *denied)
{
	struct dsr_packet *pkt = &denied->pkt;
	enum dsr_reason reason;

	return dsr_packet_parse(skb, denied->family, pkt, &reason) &&
	       pkt->kind == DSR_PACKET_FLOW &&
	       pkt->tuple.proto == IPPROTO_TCP &&
	       pkt->event != DSR_EVENT_OPEN && pkt->event != DSR_EVENT_ACCEPT;
}

static bool is_from(struct dsr_net *dn, const struct sk_buff *skb,
		    struct dsr_backend *backend)
{
	struct dst_entry *dst = dsr_nexthop_get(dn->net, &backend->nexthop);

	return dst && dsr_peer_is_from(skb, dst, &backend->nexthop);
}

/* Find the backend that has sent a frame, other than @own. Two backends may share
 * an Ethernet address, so compare with the backend of the connection first.
 */
static struct dsr_backend *other_sender(struct dsr_net *dn,
					const struct sk_buff *skb,
					struct dsr_backend *own)
{
	struct dsr_backend *backend;
	u32 left = SENDERS_MAX;

	list_for_each_entry_rcu(backend, &own->service->backends, list) {
		if (backend != own && is_from(dn, skb, backend))
			return backend;
		if (!--left)
			break;
	}
	return NULL;
}

/* Check if packets can be sent to a backend, or wait for its address. */
static bool can_get(struct dsr_net *dn, struct dsr_backend *backend)
{
	struct dst_entry *dst;
	struct neighbour *neigh;

	if (dsr_backend_is_down(backend))
		return false;
	dst = dsr_nexthop_get(dn->net, &backend->nexthop);
	if (!dst)
		return false;
	neigh = dsr_nexthop_neighbour(backend->nexthop.family, &backend->nexthop,
				      READ_ONCE(dst->dev));
	return !neigh || !(READ_ONCE(neigh->nud_state) & NUD_FAILED);
}

static enum dsr_reason decide(struct dsr_net *dn, struct dsr_chances *chances,
			      const struct sk_buff *skb, struct denied *denied)
{
	const struct dsr_tuple *tuple = &denied->pkt.tuple;
	struct dsr_chance_order order = { .can = can_get };
	struct dsr_backend *own, *from;

	denied->conn = dsr_conn_find(dn, tuple,
				     dsr_conn_hash(&dn->table, tuple));
	own = denied->conn ? dsr_conn_backend(denied->conn) : NULL;
	if (!own || !READ_ONCE(own->service->chances))
		return DSR_DROP_DENIAL_UNKNOWN;
	from = is_from(dn, skb, own) ? own : NULL;
	if (!from) {
		if (!dsr_chance_take(chances, DSR_CHANCE_SEARCH, jiffies))
			return DSR_DROP_DENIAL_RATE;
		from = other_sender(dn, skb, own);
	}
	if (!from)
		return DSR_DROP_DENIAL_FOREIGN;
	if (!dsr_chance_take(chances, DSR_CHANCE_FORWARD, jiffies))
		return DSR_DROP_DENIAL_RATE;
	dsr_schedule_candidates(from->service, tuple, &order.home,
				&order.other);
	return dsr_chance_decide(dn, chances, denied->conn, from, &order,
				 &denied->to);
}

static bool has_ttl(const struct sk_buff *skb, u8 family)
{
	return family == AF_INET ? ip_hdr(skb)->ttl > 1 :
				   ipv6_hdr(skb)->hop_limit > 1;
}

/* Prepare a packet for a backend. Send no ICMP error if the TTL expires between
 * the servers: the path of the client is not too long. Fragment nothing.
 *
 * Return: neighbour entry of the backend, or %NULL.
 */
static struct neighbour *prepare(struct dsr_net *dn, struct sk_buff *skb,
				 u8 family, struct dsr_backend *to)
{
	struct neighbour *neigh;
	struct net_device *dev;

	if (!has_ttl(skb, family) ||
	    dsr_xmit_prepare(dn->net, skb, to->service, to) != DSR_FORWARDED)
		return NULL;
	dev = READ_ONCE(skb_dst(skb)->dev);
	if (skb->len > READ_ONCE(dev->mtu))
		return NULL;
	neigh = family == AF_INET ? ip_neigh_gw4(dev, to->nexthop.addr.ip) :
				    ip_neigh_gw6(dev, &to->nexthop.addr.in6);
	return IS_ERR(neigh) ? NULL : neigh;
}

/* Let a copy be forwarded once more at most, by a server to a container. A server
 * without the VIP would else return the copy by way of a router, and each return
 * would be copied again.
 */
static void limit_ttl(struct sk_buff *skb, u8 family)
{
	struct iphdr *iph;

	/* A tunnel may copy the TTL to its own header. */
	if (READ_ONCE(skb_dst(skb)->dev)->type != ARPHRD_ETHER)
		return;
	if (family == AF_INET) {
		iph = ip_hdr(skb);
		iph->ttl = min_t(u8, iph->ttl, COPY_TTL);
		ip_send_check(iph);
	} else {
		ipv6_hdr(skb)->hop_limit = min_t(u8, ipv6_hdr(skb)->hop_limit,
						 COPY_TTL);
	}
}

/* Send a copy of a packet that the rules of FORWARD have not seen. */
static void send_copy(struct dsr_net *dn, const struct sk_buff *skb, u8 family,
		      struct dsr_backend *to)
{
	struct sk_buff *copy = skb_copy(skb, GFP_ATOMIC | __GFP_NOWARN);

	if (!copy)
		return;
	if (!has_ttl(copy, family) ||
	    dsr_xmit_prepare(dn->net, copy, to->service, to) != DSR_FORWARDED) {
		kfree_skb(copy);
		return;
	}
	limit_ttl(copy, family);
	dsr_stats_count(to->stats, copy);
	dsr_xmit_send(dn->net, family, copy, to->service);
}

/**
 * dsr_denied_spread() - send copies of an ICMP error to the other backends
 * @dn: balancer
 * @skb: error about a connection without an entry
 * @pkt: result of parsing
 * @backend: backend that gets the error itself
 *
 * Does nothing for a service without chances. Each copy takes a token. An error
 * that a backend has forwarded back is not copied again: the copies would multiply.
 *
 * Context: rcu_read_lock().
 */
void dsr_denied_spread(struct dsr_net *dn, const struct sk_buff *skb,
		       const struct dsr_packet *pkt,
		       struct dsr_backend *backend)
{
	struct dsr_chances *chances = rcu_dereference(dn->chances);
	struct dsr_service *service = backend->service;
	u32 left = READ_ONCE(service->chances);
	struct dsr_backend *to;
	bool may;

	if (!chances || !left || pkt->tuple.proto != IPPROTO_TCP ||
	    skb->len > ERROR_MAX)
		return;
	/* Process context, if user space has given a verdict on the packet. */
	local_bh_disable();
	/* Take a token first: it pays for the search, too. */
	may = left > 1 && dsr_chance_take(chances, DSR_CHANCE_COPY, jiffies) &&
	      !is_from(dn, skb, backend) && !other_sender(dn, skb, backend);
	list_for_each_entry_rcu(to, &service->backends, list) {
		if (!may)
			break;
		if (to == backend || !can_get(dn, to))
			continue;
		send_copy(dn, skb, pkt->tuple.family, to);
		may = --left > 1 &&
		      dsr_chance_take(chances, DSR_CHANCE_COPY, jiffies);
	}
	local_bh_enable();
}

static enum dsr_reason process(struct dsr_net *dn, struct sk_buff *skb,
			       struct denied *denied)
{
	struct dsr_chances *chances = rcu_dereference(dn->chances);
	enum dsr_reason reason;

	/* Without services there may be no table. Another namespace may have
	 * chances: read nothing from the network for that.
	 */
	if (!chances)
		return DSR_DROP_DENIAL_UNKNOWN;
	if (!check(skb, denied) || !parse(skb, denied))
		return DSR_DROP_DENIAL_MALFORMED;
	reason = decide(dn, chances, skb, denied);
	if (reason != DSR_FORWARDED_DENIED)
		return reason;
	if (denied->cut)
		return DSR_DROP_DENIAL_CUT;
	denied->neigh = prepare(dn, skb, denied->family, denied->to);
	return denied->neigh ? DSR_FORWARDED_DENIED : DSR_DROP_DENIAL_UNSENT;
}

/* Count and trace the reason, then send, answer or drop the packet. */
static void finish(struct dsr_net *dn, struct sk_buff *skb,
		   const struct denied *denied, enum dsr_reason reason)
{
	this_cpu_inc(dn->reasons[reason]);
	/* The tracepoint reads the IP header. */
	if (denied->family)
		trace_dsr_packet(dn, skb, skb, denied->family, denied->to, reason);
	if (reason == DSR_FORWARDED_DENIED) {
		dsr_stats_count(denied->to->stats, skb);
		dsr_send_output(skb, READ_ONCE(skb_dst(skb)->dev),
				denied->neigh);
		return;
	}
	if (reason == DSR_ANSWERED_DENIED) {
		dsr_conn_close(dn, denied->conn);
		dsr_reject_reset(dn->net, skb, denied->family,
				 NF_INET_PRE_ROUTING);
	}
	kfree_skb(skb);
}

/* Packet handler. Runs under rcu_read_lock() with bottom halves disabled. */
static int receive(struct sk_buff *skb, struct net_device *dev,
		   struct packet_type *type, struct net_device *orig_dev)
{
	struct dsr_net *dn = dsr_net(dev_net(dev));
	struct denied denied = { };

	if (skb->pkt_type != PACKET_HOST) {
		kfree_skb(skb);
		return NET_RX_DROP;
	}
	skb = skb_share_check(skb, GFP_ATOMIC);
	if (!skb)
		return NET_RX_DROP;
	/* clear what the stack would have cleared */
	skb_orphan(skb);
	skb_dst_drop(skb);
	skb_reset_redirect(skb);
	finish(dn, skb, &denied, process(dn, skb, &denied));
	return NET_RX_SUCCESS;
}

static struct packet_type denied_type __read_mostly = {
	.func = receive,
};

static DEFINE_MUTEX(users_lock);	/* guards @users and the registration */

/* Namespaces with chances. */
static u32 users;

/** dsr_denied_init() - check the parameter; return 0 or -%EINVAL */
int __init dsr_denied_init(void)
{
	if (!dsr_denial_is_type(denial_type)) {
		pr_err("dsr_lb: denial_type=%#x cannot be used: it is the EtherType of another protocol\n",
		       denial_type);
		return -EINVAL;
	}
	denied_type.type = htons(denial_type);
	return 0;
}

/**
 * dsr_denied_start() - take the packets of one more namespace
 *
 * Context: process context, holds dn->lock, sleeps.
 */
void dsr_denied_start(void)
{
	mutex_lock(&users_lock);
	if (!users++)
		dev_add_pack(&denied_type);
	mutex_unlock(&users_lock);
}

/**
 * dsr_denied_stop() - undo dsr_denied_start()
 *
 * The last user waits until the handler runs nowhere any more.
 *
 * Context: process context, holds dn->lock, sleeps.
 */
void dsr_denied_stop(void)
{
	mutex_lock(&users_lock);
	if (!--users)
		dev_remove_pack(&denied_type);
	mutex_unlock(&users_lock);
}
