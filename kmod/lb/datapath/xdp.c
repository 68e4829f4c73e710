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

/* An Ethernet header as struct hh_cache has it: its last bytes are the header. */
union header {
	unsigned long words[HH_DATA_MOD / sizeof(long)];
	u8 bytes[HH_DATA_MOD];
};

/**
 * struct frame - a frame of a driver
 * @eth: its Ethernet header
 * @ip: its IP header
 * @end: end of the bytes that can be read
 * @received: bytes received from @ip on
 * @len: bytes of the packet, without the padding
 * @family: AF_INET or AF_INET6
 * @header: the Ethernet header with which it leaves
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
	u8 family;
	union header header;
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

/* Check the Ethernet header, as eth_type_trans() and ingress.c do. */
static __always_inline enum dsr_ingress_verdict
check_frame(const struct dsr_path_dev *path, struct xdp_buff *xdp,
	    struct frame *frame)
{
	const struct net_device *dev = path->hook.dev;

	frame->eth = xdp->data;
	frame->ip.data = frame->eth + 1;
	frame->end = xdp->data_end;
	if (unlikely(frame->ip.data > xdp->data_end))
		return DSR_INGRESS_MALFORMED;
	frame->received = xdp->data_end - frame->ip.data;
	if (unlikely(!ether_addr_equal(frame->eth->h_dest, dev->dev_addr)))
		return DSR_INGRESS_NOT_HOST;
	if (unlikely(eth_type_vlan(frame->eth->h_proto) || may_hide_vlan(dev)))
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
parse_ipv4(const struct frame *frame, struct dsr_packet *pkt)
{
	const struct iphdr *iph = frame->ip.v4;
	enum dsr_ingress_verdict verdict;

	if (unlikely((const void *)(iph + 1) > frame->end))
		return DSR_INGRESS_MALFORMED;
	verdict = dsr_shortcut_check4(iph, frame->received);
	if (unlikely(verdict))
		return verdict;
	if (unlikely(ip_is_fragment(iph)))
		return DSR_INGRESS_FRAGMENT;
	dsr_packet_begin(pkt, AF_INET);
	dsr_packet_read4(iph, pkt);
	return parse(frame, iph + 1, pkt);
}

static __always_inline enum dsr_ingress_verdict
parse_ipv6(const struct frame *frame, const struct net_device *dev,
	   struct dsr_packet *pkt)
{
	const struct ipv6hdr *ip6h = frame->ip.v6;
	enum dsr_ingress_verdict verdict;

	if (unlikely(!dsr_shortcut_has_ipv6(dev)))
		return DSR_INGRESS_NOT_IP;
	if (unlikely((const void *)(ip6h + 1) > frame->end))
		return DSR_INGRESS_MALFORMED;
	verdict = dsr_shortcut_check6(ip6h, frame->received);
	if (unlikely(verdict))
		return verdict;
	dsr_packet_begin(pkt, AF_INET6);
	dsr_packet_read6(ip6h, pkt);
	return parse(frame, ip6h + 1, pkt);
}

/* In generic mode the kernel gives the skb to the driver of @dev as it is. The
 * sender may have left its checksum to a device, and XDP cannot tell.
 */
static __always_inline bool may_compute_checksum(const struct net_device *dev,
						 const struct frame *frame,
						 u8 proto)
{
	if (unlikely(proto == IPPROTO_SCTP))
		return dev->features & NETIF_F_SCTP_CRC;
	return can_checksum_protocol(dev->features, frame->eth->h_proto);
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
	  const struct frame *frame, u8 proto)
{
	if (unlikely(!(likely(path->via == DSR_PATH_VIA_XDP) ?
		       dsr_compat_xdp_takes(dev) :
		       may_compute_checksum(dev, frame, proto))))
		return DSR_INGRESS_NO_XDP;
	if (unlikely(rcu_dereference(dev->qdisc)->handle ||
		     dsr_compat_has_egress(dev)))
		return DSR_INGRESS_QDISC;
	if (unlikely(path->via == DSR_PATH_VIA_XDP_GENERIC && is_on_top(dev)))
		return DSR_INGRESS_QDISC;
	return DSR_INGRESS_FORWARDED;
}

/* Check the hop limit, and the MTU of the way out. */
static __always_inline enum dsr_ingress_verdict
check_hop(struct frame *frame, const struct dst_entry *dst)
{
	u32 mtu;
	u8 ttl;

	if (likely(frame->family == AF_INET)) {
		ttl = frame->ip.v4->ttl;
		frame->len = ntohs(frame->ip.v4->tot_len);
		mtu = ip_dst_mtu_maybe_forward(dst, true);
	} else {
		ttl = frame->ip.v6->hop_limit;
		frame->len = sizeof(struct ipv6hdr) +
			     ntohs(frame->ip.v6->payload_len);
		mtu = dsr_xmit6_mtu(dst);
	}
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
read_header(const struct neighbour *neigh, union header *header)
{
	const struct hh_cache *hh = &neigh->hh;
	unsigned int seq, len;
	int i;

	if (unlikely(READ_ONCE(neigh->nud_state) & NUD_STALE))
		return DSR_INGRESS_STALE;
	do {
		seq = read_seqbegin(&hh->hh_lock);
		len = READ_ONCE(hh->hh_len);
		for (i = 0; i < ARRAY_SIZE(header->words); i++)
			header->words[i] = READ_ONCE(hh->hh_data[i]);
	} while (read_seqretry(&hh->hh_lock, seq));
	return likely(len == ETH_HLEN) ? DSR_INGRESS_FORWARDED :
					 DSR_INGRESS_NEIGHBOUR;
}

static __always_inline enum dsr_ingress_verdict
find_verdict(const struct dsr_path_dev *path, struct xdp_buff *xdp,
	     struct frame *frame, struct dsr_shortcut *cut)
{
	const struct net_device *dev = path->hook.dev;
	struct dsr_packet pkt __uninitialized;
	const struct dsr_net *dn = path->dn;
	enum dsr_ingress_verdict verdict;
	struct net *net = dn->net;

	verdict = check_frame(path, xdp, frame);
	if (unlikely(verdict))
		return verdict;
	switch (frame->eth->h_proto) {
	case htons(ETH_P_IP):
		frame->family = AF_INET;
		verdict = parse_ipv4(frame, &pkt);
		break;
	case htons(ETH_P_IPV6):
		frame->family = AF_INET6;
		verdict = parse_ipv6(frame, dev, &pkt);
		break;
	default:
		return DSR_INGRESS_NOT_IP;
	}
	if (unlikely(verdict))
		return verdict;
	verdict = dsr_shortcut_decide(path, &pkt,
				      dsr_conn_find(dn, &pkt.tuple,
						    dsr_conn_hash(&dn->table,
								  &pkt.tuple)),
				      cut);
	if (verdict)
		return verdict;
	if (unlikely(!dsr_shortcut_is_plain(net, false)))
		return DSR_INGRESS_POLICY;
	verdict = dsr_shortcut_route(net, frame->family, cut);
	if (unlikely(verdict))
		return verdict;
	verdict = check_hop(frame, cut->dst);
	if (unlikely(verdict))
		return verdict;
	verdict = check_out(path, cut->dev, frame, pkt.tuple.proto);
	if (unlikely(verdict))
		return verdict;
	return read_header(cut->neigh, &frame->header);
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
	struct dsr_shortcut cut __uninitialized;
	struct frame frame __uninitialized;
	enum dsr_ingress_verdict verdict;
	struct dsr_backend *backend;
	struct dsr_net *dn;
	u16 tos;

	verdict = find_verdict(path, xdp, &frame, &cut);
	this_cpu_inc(path->verdicts[verdict]);
	if (verdict)
		return DSR_XDP_PASS;

	dn = path->dn;
	backend = cut.backend;
	dsr_table_touch(&cut.conn->node, jiffies);
	this_cpu_inc(dn->reasons[DSR_FORWARDED_XDP]);
	if (trace_dsr_packet_enabled())
		trace(path, frame.ip.data, frame.len, frame.family,
		      backend);
	dsr_stats_count_bytes(backend->stats, 1, frame.len);

	tos = READ_ONCE(cut.service->tos);
	if (likely(frame.family == AF_INET))
		dsr_xmit4_rewrite_header(frame.ip.v4, tos);
	else
		dsr_xmit6_rewrite_header(frame.ip.v6, tos);
	memcpy(frame.eth, frame.header.bytes + HH_DATA_OFF(ETH_HLEN), ETH_HLEN);
	/* without the padding, as from ingress */
	xdp->data_end = frame.ip.data + frame.len;
	return likely(cut.dev != path->hook.dev) ? cut.dev->ifindex : DSR_XDP_TX;
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
	const struct dsr_net *dn = dsr_net(dev_net(dev));
	const struct dsr_path_dev *path;

	list_for_each_entry_rcu(path, &dn->paths, list) {
		if (path->hook.dev != dev ||
		    path->via == DSR_PATH_VIA_INGRESS)
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
	rcu_read_lock();
	path = find_path(xdp->rxq->dev);
	if (likely(path))
		result = dsr_xdp_forward(path, xdp);
	rcu_read_unlock();
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
