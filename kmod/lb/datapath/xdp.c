// SPDX-License-Identifier: GPL-2.0
/* xdp - the fast path in the driver; see xdp.h */

#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <net/neighbour.h>
#include <net/sch_generic.h>

#include "core/trace.h"
#include "datapath/shortcut.h"
#include "datapath/xdp.h"
#include "datapath/xmit.h"
#include "kfunc.h"
#include "xdp_out.h"

/* The last eight bytes of an Ethernet header begin here. */
#define LAST_BYTES	(ETH_HLEN - sizeof(u64))

/**
 * struct frame - a frame of a driver
 * @eth: its Ethernet header
 * @ip: its IP header
 * @end: end of the bytes that can be read
 * @received: bytes received from @ip on
 * @len: bytes of the packet, without the padding
 * @first: first eight bytes of the Ethernet header with which it leaves
 * @last: the last eight bytes of that header, two of them also in @first
 *
 * Nothing takes the address of a frame that outlives inlining, so it stays in
 * registers.
 */
struct frame {
	struct ethhdr *eth;
	union {
		void *data;
		struct iphdr *v4;
		struct ipv6hdr *v6;
	} ip;
	const void *end;
	u32 received;
	u32 len;
	u64 first;
	u64 last;
};

/* A device that takes the tag off a frame hides it from XDP. Then each frame may
 * be of a VLAN.
 */
static __always_inline bool may_hide_vlan(const struct net_device *dev)
{
	return dev->features & DSR_XDP_HIDES_VLAN;
}

/* GRO runs before generic XDP. The kernel would send a packet that GRO has
 * merged to the driver without segmenting it. The end of the buffer is that of
 * the skb.
 */
static __always_inline bool is_merged(struct xdp_buff *xdp)
{
	return xdp_get_shared_info_from_buff(xdp)->gso_size;
}

/* Check the Ethernet header, as eth_type_trans() and ingress.c do. @type is its
 * protocol, a constant where it is one of IP.
 */
static __always_inline enum dsr_ingress_verdict
check_frame(const struct dsr_path_dev *path, struct xdp_buff *xdp, __be16 type)
{
	const struct net_device *dev = path->hook.dev;
	const struct ethhdr *eth = xdp->data;

	if (unlikely(!ether_addr_equal_64bits(eth->h_dest, dev->dev_addr)))
		return DSR_INGRESS_NOT_HOST;
	if (unlikely(eth_type_vlan(type) || may_hide_vlan(dev)))
		return DSR_INGRESS_VLAN;
	if (unlikely(rcu_access_pointer(dev->rx_handler)))
		return DSR_INGRESS_PORT;
	/* Few devices send a frame in pieces. */
	if (unlikely(xdp_buff_has_frags(xdp)))
		return DSR_INGRESS_PIECES;
	if (unlikely(path->via == DSR_PATH_VIA_XDP_GENERIC && is_merged(xdp)))
		return DSR_INGRESS_MERGED;
	return DSR_INGRESS_FORWARDED;
}

/* Read the transport header at @header. */
static __always_inline enum dsr_ingress_verdict
parse(const struct frame *frame, const void *header, struct dsr_packet *pkt)
{
	u8 proto = pkt->tuple.proto;

	if (unlikely(!dsr_packet_is_balanced(proto)))
		return DSR_INGRESS_PROTOCOL;
	if (unlikely(header + dsr_packet_transport_len(proto) > frame->end ||
		     !dsr_packet_read_transport(header, proto, pkt)))
		return DSR_INGRESS_MALFORMED;
	return DSR_INGRESS_FORWARDED;
}

static __always_inline enum dsr_ingress_verdict
parse_ipv4(struct frame *frame, struct dsr_packet *pkt)
{
	const struct iphdr *iph = frame->ip.v4;
	enum dsr_ingress_verdict verdict;

	if (unlikely((const void *)(iph + 1) > frame->end))
		return DSR_INGRESS_MALFORMED;
	verdict = dsr_shortcut_check4(iph, frame->received, &frame->len);
	if (unlikely(verdict))
		return verdict;
	if (unlikely(ip_is_fragment(iph)))
		return DSR_INGRESS_FRAGMENT;
	dsr_packet_begin(pkt, AF_INET);
	dsr_packet_read4(iph, pkt);
	return parse(frame, iph + 1, pkt);
}

static __always_inline enum dsr_ingress_verdict
parse_ipv6(struct frame *frame, const struct net_device *dev,
	   struct dsr_packet *pkt)
{
	const struct ipv6hdr *ip6h = frame->ip.v6;
	enum dsr_ingress_verdict verdict;

	if (unlikely(!dsr_shortcut_has_ipv6(dev)))
		return DSR_INGRESS_NOT_IP;
	if (unlikely((const void *)(ip6h + 1) > frame->end))
		return DSR_INGRESS_MALFORMED;
	verdict = dsr_shortcut_check6(ip6h, frame->received, &frame->len);
	if (unlikely(verdict))
		return verdict;
	dsr_packet_begin(pkt, AF_INET6);
	dsr_packet_read6(ip6h, pkt);
	return parse(frame, ip6h + 1, pkt);
}

static __always_inline enum dsr_ingress_verdict
parse_ip(struct frame *frame, u8 family, const struct net_device *dev,
	 struct dsr_packet *pkt)
{
	return likely(family == AF_INET) ? parse_ipv4(frame, pkt) :
					   parse_ipv6(frame, dev, pkt);
}

/* In generic mode the kernel gives the skb to the driver of @dev as it is. The
 * sender may have left its checksum to a device, and XDP cannot tell.
 */
static __always_inline bool may_compute_checksum(const struct net_device *dev,
						 __be16 type, u8 proto)
{
	if (unlikely(proto == IPPROTO_SCTP))
		return dev->features & NETIF_F_SCTP_CRC;
	return can_checksum_protocol(dev->features, type);
}

/* While anything on this machine asks for the time of arrival, as tcpdump does, an
 * skb has it. Generic XDP leaves it there. A device on top of others, like a bond or a
 * tunnel, sends through their qdiscs, and fq takes it for the time to send, which is
 * decades away: fq drops the packet. A veth receives at its other end.
 */
static __always_inline bool is_on_top(const struct net_device *dev)
{
	return (dev->priv_flags & IFF_NO_QUEUE) &&
	       !dev->netdev_ops->ndo_get_peer_dev;
}

/* Check that the device towards the backend sends frames as it would send
 * packets of the stack. A qdisc that a user has set up has a handle, a default
 * one has none.
 */
static __always_inline enum dsr_ingress_verdict
check_out(const struct dsr_path_dev *path, const struct net_device *dev,
	  __be16 type, u8 proto)
{
	if (likely(path->via == DSR_PATH_VIA_XDP)) {
		if (unlikely(!dsr_compat_xdp_takes(dev)))
			return DSR_INGRESS_NO_XDP;
	} else {
		if (unlikely(!may_compute_checksum(dev, type, proto)))
			return DSR_INGRESS_NO_XDP;
		if (unlikely(is_on_top(dev)))
			return DSR_INGRESS_QDISC;
	}
	if (unlikely(rcu_dereference(dev->qdisc)->handle ||
		     dsr_compat_has_egress(dev)))
		return DSR_INGRESS_QDISC;
	return DSR_INGRESS_FORWARDED;
}

/* Check the hop limit, and the MTU of the way out. */
static __always_inline enum dsr_ingress_verdict
check_hop(const struct frame *frame, u8 family, const struct dst_entry *dst)
{
	bool is_ipv4 = likely(family == AF_INET);
	u32 mtu = is_ipv4 ? ip_dst_mtu_maybe_forward(dst, true) :
			    dsr_xmit6_mtu(dst);
	u8 ttl = is_ipv4 ? frame->ip.v4->ttl : frame->ip.v6->hop_limit;

	if (unlikely(ttl <= 1))
		return DSR_INGRESS_TTL;
	/* the size that was received, as ingress.c does */
	if (unlikely(frame->received > mtu))
		return DSR_INGRESS_TOO_BIG;
	return DSR_INGRESS_FORWARDED;
}

/* Read the Ethernet header that the stack writes for a neighbour. The first
 * packet of the stack makes it. A stale neighbour needs a packet of the stack,
 * too: that begins to find out if the neighbour is still there, and meanwhile
 * its address is used.
 */
static __always_inline enum dsr_ingress_verdict
read_header(const struct neighbour *neigh, struct frame *frame)
{
	const struct hh_cache *hh = &neigh->hh;
	const void *header = (const void *)hh->hh_data + HH_DATA_OFF(ETH_HLEN);
	unsigned int seq, len;

	if (unlikely(READ_ONCE(neigh->nud_state) & NUD_STALE))
		return DSR_INGRESS_STALE;
	do {
		seq = read_seqbegin(&hh->hh_lock);
		len = READ_ONCE(hh->hh_len);
		frame->first = get_unaligned((const u64 *)header);
		frame->last = get_unaligned((const u64 *)(header + LAST_BYTES));
	} while (read_seqretry(&hh->hh_lock, seq));
	if (unlikely(len != ETH_HLEN))
		return DSR_INGRESS_NEIGHBOUR;
	return DSR_INGRESS_FORWARDED;
}

static __always_inline struct dsr_conn *find_conn(const struct dsr_net *dn,
						  u8 family,
						  const struct frame *frame,
						  const struct dsr_packet *pkt)
{
	const void *addrs = likely(family == AF_INET) ?
			    (void *)&frame->ip.v4->saddr :
			    (void *)&frame->ip.v6->saddr;
	struct dsr_words words = dsr_words_of(family, pkt->tuple.proto,
					      pkt->tuple.ports, addrs);

	return dsr_conn_find_words(dn, family, &words);
}

static __always_inline enum dsr_ingress_verdict
find_verdict(const struct dsr_path_dev *path, struct xdp_buff *xdp, u8 family,
	     struct frame *frame, struct dsr_shortcut *cut)
{
	__be16 type = htons(family == AF_INET ? ETH_P_IP : ETH_P_IPV6);
	const struct dsr_net *dn = path->dn;
	enum dsr_ingress_verdict verdict;
	struct dsr_packet pkt __uninitialized;

	frame->eth = xdp->data;
	frame->ip.data = frame->eth + 1;
	frame->end = xdp->data_end;
	frame->received = frame->end - frame->ip.data;
	verdict = check_frame(path, xdp, type);
	if (unlikely(verdict))
		return verdict;
	verdict = parse_ip(frame, family, path->hook.dev, &pkt);
	if (unlikely(verdict))
		return verdict;
	verdict = dsr_shortcut_decide(path, &pkt,
				      find_conn(dn, family, frame, &pkt), cut);
	if (verdict)
		return verdict;
	if (unlikely(!dsr_shortcut_is_plain(dn->net, false)))
		return DSR_INGRESS_POLICY;
	verdict = dsr_shortcut_route(dn->net, family, cut);
	if (unlikely(verdict))
		return verdict;
	verdict = check_hop(frame, family, cut->dst);
	if (unlikely(verdict))
		return verdict;
	verdict = check_out(path, cut->dev, type, pkt.tuple.proto);
	if (unlikely(verdict))
		return verdict;
	return read_header(cut->neigh, frame);
}

/* The tracepoint wants an skb: of one with these fields it reads the packet. Not
 * with a pointer to the frame, which thus stays in registers.
 */
static noinline void trace(const struct dsr_path_dev *path, void *packet,
			   u32 len, u8 family,
			   const struct dsr_backend *backend)
{
	struct sk_buff skb = {
		.dev = path->hook.dev,
		.len = len,
		.head = packet,
		.data = packet,
	};

	trace_dsr_packet(path->dn, &skb, &skb, family, backend,
			 DSR_FORWARDED_XDP);
}

/* Forward an IP packet of a known connection: dsr_xdp_forward(). The family is a
 * constant: each has a function of its own.
 */
static __always_inline int forward(const struct dsr_path_dev *path,
				   struct xdp_buff *xdp, u8 family)
{
	struct dsr_shortcut cut __uninitialized;
	struct frame frame __uninitialized;
	enum dsr_ingress_verdict verdict;
	u16 tos;

	verdict = find_verdict(path, xdp, family, &frame, &cut);
	if (verdict) {
		this_cpu_inc(path->verdicts[verdict]);
		return DSR_XDP_PASS;
	}
	this_cpu_inc(path->verdicts[DSR_INGRESS_FORWARDED]);
	dsr_table_touch(&cut.conn->node, jiffies);
	this_cpu_inc(path->dn->reasons[DSR_FORWARDED_XDP]);
	if (trace_dsr_packet_enabled())
		trace(path, frame.ip.data, frame.len, family, cut.backend);
	dsr_stats_count_bytes(cut.backend->stats, 1, frame.len);

	tos = READ_ONCE(cut.service->tos);
	if (likely(family == AF_INET))
		dsr_xmit4_rewrite_header(frame.ip.v4, tos);
	else
		dsr_xmit6_rewrite_header(frame.ip.v6, tos);
	put_unaligned(frame.first, (u64 *)frame.eth);
	put_unaligned(frame.last, (u64 *)((void *)frame.eth + LAST_BYTES));
	/* without the padding, as from ingress */
	xdp->data_end = frame.ip.data + frame.len;
	return likely(cut.dev != path->hook.dev) ? cut.dev->ifindex : DSR_XDP_TX;
}

static noinline int forward_ipv4(const struct dsr_path_dev *path,
				 struct xdp_buff *xdp)
{
	return forward(path, xdp, AF_INET);
}

static noinline int forward_ipv6(const struct dsr_path_dev *path,
				 struct xdp_buff *xdp)
{
	return forward(path, xdp, AF_INET6);
}

/* Leave a frame that is no IP packet to the slow path. */
static noinline int leave(const struct dsr_path_dev *path, struct xdp_buff *xdp)
{
	const struct ethhdr *eth = xdp->data;
	enum dsr_ingress_verdict verdict = DSR_INGRESS_MALFORMED;

	if ((const void *)(eth + 1) <= xdp->data_end)
		verdict = check_frame(path, xdp, eth->h_proto) ?:
			  DSR_INGRESS_NOT_IP;
	this_cpu_inc(path->verdicts[verdict]);
	return DSR_XDP_PASS;
}

static __always_inline int forward_or_leave(const struct dsr_path_dev *path,
					    struct xdp_buff *xdp)
{
	const struct ethhdr *eth = xdp->data;

	if (likely((const void *)(eth + 1) <= xdp->data_end)) {
		if (likely(eth->h_proto == htons(ETH_P_IP)))
			return forward_ipv4(path, xdp);
		if (likely(eth->h_proto == htons(ETH_P_IPV6)))
			return forward_ipv6(path, xdp);
	}
	return leave(path, xdp);
}

/**
 * dsr_xdp_forward() - forward a frame, or leave it to the slow path
 * @path: path of the device that has received the frame
 * @xdp: the frame
 *
 * Context: rcu_read_lock(), bottom halves disabled.
 * Return: the index of the device to which the frame, which is changed, is to be
 * redirected; %DSR_XDP_TX: the device itself; %DSR_XDP_PASS: pass the frame, which
 * is unchanged, to the stack.
 */
int dsr_xdp_forward(const struct dsr_path_dev *path, struct xdp_buff *xdp)
{
	return forward_or_leave(path, xdp);
}

/* Count a frame of a path that forwards none at present. */
static noinline void count_unhooked(const struct dsr_path_dev *path)
{
	if (READ_ONCE(path->lacks))
		this_cpu_inc(path->verdicts[DSR_INGRESS_OFFLOADS]);
}

/* Find the path of a device, if it forwards by XDP at present. */
static __always_inline const struct dsr_path_dev *
find_path(const struct net_device *dev)
{
	const struct dsr_path_dev *path;

	hlist_for_each_entry_rcu(path, dsr_path_by_device(dev), node) {
		if (unlikely(path->hook.dev != dev))
			continue;
		/* ORDER: @hooked before the table, see dsr_path_start() */
		if (likely(smp_load_acquire(&path->hooked)))
			return path;
		count_unhooked(path);
		break;
	}
	return NULL;
}

/**
 * bpf_dsr_forward() - decide what an XDP program is to do with a frame
 * @ctx: the frame
 *
 * With bottom halves disabled, no grace period ends while this function runs. So it
 * does without rcu_read_lock(), which would call two functions of the kernel, and
 * tells only lockdep of the lock.
 *
 * Return: the index of a device, for bpf_redirect(); less than 0 for XDP_TX; 0
 * for XDP_PASS.
 */
__bpf_kfunc int bpf_dsr_forward(struct xdp_md *ctx)
{
	struct xdp_buff *xdp = (struct xdp_buff *)ctx;
	const struct dsr_path_dev *path;
	int result = DSR_XDP_PASS;

	/* BPF_PROG_RUN may call a program in process context. */
	if (unlikely(!in_softirq()))
		return result;
	rcu_lock_acquire(&rcu_lock_map);
	path = find_path(xdp->rxq->dev);
	if (likely(path))
		result = forward_or_leave(path, xdp);
	rcu_lock_release(&rcu_lock_map);
	return result;
}

DSR_COMPAT_KFUNC_SET(dsr_xdp_kfuncs, bpf_dsr_forward);

static const struct btf_kfunc_id_set kfuncs = {
	.owner = THIS_MODULE,
	.set = &dsr_xdp_kfuncs,
};

/** dsr_xdp_init() - let XDP programs call bpf_dsr_forward()
 *
 * The module goes on without that: if it was built without BTF, dsrctl says so
 * to the user that adds a path via XDP.
 */
void __init dsr_xdp_init(void)
{
	if (dsr_xdp_kfuncs.cnt)
		register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &kfuncs);
}
