// SPDX-License-Identifier: GPL-2.0
/* firewall - see firewall.h */

#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/sctp.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/netfilter/nf_tables.h>
#include <net/tcp.h>
#include <linux/dsr.h>

#include "control/firewall.h"
#include "datapath/nat.h"
#include "datapath/xmit.h"

static_assert((int)NF_IP_PRI_MANGLE == (int)NF_IP6_PRI_MANGLE);

#define TEST_TTL	64
#define TEST_WINDOW	65535

/* An INIT chunk, as the first packet of an association has it. */
struct init_packet {
	struct sctphdr header;
	struct sctp_chunkhdr chunk;
	struct sctp_inithdr init;
};

static void put_tcp(struct sk_buff *skb, const struct dsr_tuple *tuple)
{
	struct tcphdr *tcph = skb_put_zero(skb, sizeof(*tcph));

	tcph->source = tuple->sport;
	tcph->dest = tuple->dport;
	tcph->doff = sizeof(*tcph) / 4;
	tcph->syn = 1;
	tcph->window = htons(TEST_WINDOW);
}

static void put_udp(struct sk_buff *skb, const struct dsr_tuple *tuple)
{
	struct udphdr *udph = skb_put_zero(skb, sizeof(*udph));

	udph->source = tuple->sport;
	udph->dest = tuple->dport;
	udph->len = htons(sizeof(*udph));
}

static void put_sctp(struct sk_buff *skb, const struct dsr_tuple *tuple)
{
	struct init_packet *init = skb_put_zero(skb, sizeof(*init));

	init->header.source = tuple->sport;
	init->header.dest = tuple->dport;
	init->chunk.type = SCTP_CID_INIT;
	init->chunk.length = htons(sizeof(*init) - sizeof(init->header));
	init->init.init_tag = htonl(1);
	init->init.a_rwnd = htonl(TEST_WINDOW);
	init->init.num_outbound_streams = htons(1);
	init->init.num_inbound_streams = htons(1);
}

static void put_ip(struct sk_buff *skb, const struct dsr_tuple *tuple,
		   unsigned int len)
{
	struct iphdr *iph = skb_put_zero(skb, sizeof(*iph));

	iph->version = 4;
	iph->ihl = sizeof(*iph) / 4;
	iph->tot_len = htons(sizeof(*iph) + len);
	iph->frag_off = htons(IP_DF);
	iph->ttl = TEST_TTL;
	iph->protocol = tuple->proto;
	iph->saddr = tuple->v4.saddr;
	iph->daddr = tuple->v4.daddr;
	ip_send_check(iph);
}

static void put_ip6(struct sk_buff *skb, const struct dsr_tuple *tuple,
		    unsigned int len)
{
	struct ipv6hdr *ip6h = skb_put_zero(skb, sizeof(*ip6h));

	ip6h->version = 6;
	ip6h->payload_len = htons(len);
	ip6h->nexthdr = tuple->proto;
	ip6h->hop_limit = TEST_TTL;
	ip6h->saddr = tuple->v6.saddr;
	ip6h->daddr = tuple->v6.daddr;
}

static unsigned int transport_len(u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return sizeof(struct tcphdr);
	case IPPROTO_UDP:
		return sizeof(struct udphdr);
	default:
		return sizeof(struct init_packet);
	}
}

/* Make the test packet, as the stack has it when PRE_ROUTING begins. Its
 * checksums are left out: the device has checked them.
 */
static struct sk_buff *packet_new(const struct dsr_tuple *tuple,
				  const struct dsr_arrival *arrival)
{
	unsigned int len = transport_len(tuple->proto);
	bool v4 = tuple->family == AF_INET;
	struct sk_buff *skb;

	skb = alloc_skb(LL_MAX_HEADER + ETH_HLEN + sizeof(struct ipv6hdr) + len,
			GFP_ATOMIC);
	if (!skb)
		return NULL;
	skb_reserve(skb, LL_MAX_HEADER);
	skb_reset_mac_header(skb);
	skb_put_zero(skb, ETH_HLEN);
	skb_pull(skb, ETH_HLEN);
	skb_reset_mac_len(skb);
	skb_reset_network_header(skb);
	if (v4)
		put_ip(skb, tuple, len);
	else
		put_ip6(skb, tuple, len);
	skb_set_transport_header(skb, skb->len);
	if (tuple->proto == IPPROTO_TCP)
		put_tcp(skb, tuple);
	else if (tuple->proto == IPPROTO_UDP)
		put_udp(skb, tuple);
	else
		put_sctp(skb, tuple);
	skb->protocol = v4 ? htons(ETH_P_IP) : htons(ETH_P_IPV6);
	skb->pkt_type = PACKET_HOST;
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	skb->dev = arrival->dev;
	skb->skb_iif = arrival->dev->ifindex;
	skb->mark = arrival->mark;
	if (!v4) {
		IP6CB(skb)->iif = skb->skb_iif;
		IP6CB(skb)->nhoff = offsetof(struct ipv6hdr, nexthdr);
	}
	return skb;
}

/* Note the verdict of a chain, and let go of the packet. */
static void judge(struct dsr_firewall *firewall, unsigned int verdict,
		  unsigned int hook, const struct nf_hook_ops *ops)
{
	const struct nft_chain *chain = ops->priv;

	switch (verdict & NF_VERDICT_MASK) {
	case NF_STOLEN:
		/* the errno of a drop is beside the verdict */
		firewall->verdict = NF_DROP_GETERR(verdict) ?
				    DSR_FIREWALL_DROP : DSR_FIREWALL_TAKEN;
		break;
	case NF_QUEUE:
		firewall->verdict = DSR_FIREWALL_QUEUE;
		kfree_skb(firewall->skb);
		break;
	default:
		firewall->verdict = DSR_FIREWALL_DROP;
		kfree_skb(firewall->skb);
	}
	firewall->skb = NULL;
	firewall->hook = hook;
	firewall->priority = ops->priority;
	if (ops->hook_ops_type == NF_HOOK_OP_NF_TABLES && chain)
		firewall->chain = chain->handle;
}

/* Give the test packet to the chains of a hook, until one does not accept it.
 * dsr_hook() takes a packet right behind the chains of priority mangle, so those
 * that follow in PRE_ROUTING are left out. What runs at the very end keeps state:
 * conntrack enters the connection there.
 */
static void walk(struct dsr_firewall *firewall, unsigned int hook,
		 struct nf_hook_state *state)
{
	const struct nf_hook_entries *entries;
	struct nf_hook_ops **ops;
	unsigned int verdict;
	int i;

	entries = state->pf == NFPROTO_IPV4 ?
		  rcu_dereference(state->net->nf.hooks_ipv4[hook]) :
		  rcu_dereference(state->net->nf.hooks_ipv6[hook]);
	if (!entries)
		return;
	ops = nf_hook_entries_get_hook_ops(entries);
	for (i = 0; i < entries->num_hook_entries; i++) {
		if (ops[i]->priority == INT_MAX ||
		    (hook == NF_INET_PRE_ROUTING &&
		     ops[i]->priority > NF_IP_PRI_MANGLE))
			return;
		verdict = nf_hook_entry_hookfn(&entries->hooks[i],
					       firewall->skb, state);
		if (verdict == NF_ACCEPT)
			continue;
		judge(firewall, verdict, hook, ops[i]);
		return;
	}
}

static void ask(struct dsr_firewall *firewall, struct net *net,
		unsigned int hook, struct net_device *in,
		struct net_device *out)
{
	u8 pf = firewall->skb->protocol == htons(ETH_P_IP) ? NFPROTO_IPV4 :
							    NFPROTO_IPV6;
	struct nf_hook_state state;

	nf_hook_state_init(&state, hook, pf, in, out, NULL, net, NULL);
	walk(firewall, hook, &state);
}

/**
 * dsr_firewall_begin() - make a test packet, and ask PRE_ROUTING about it
 * @firewall: set; for dsr_firewall_end() in any case
 * @net: namespace
 * @pkt: the packet, the first of its connection
 * @arrival: its device and its mark
 *
 * The rules may set its mark, firewall->skb->mark.
 *
 * Context: rcu_read_lock(), bottom halves disabled.
 * Return: 0 or -ENOMEM.
 */
int dsr_firewall_begin(struct dsr_firewall *firewall, struct net *net,
		       const struct dsr_packet *pkt,
		       const struct dsr_arrival *arrival)
{
	memset(firewall, 0, sizeof(*firewall));
	firewall->verdict = DSR_FIREWALL_ACCEPT;
	firewall->skb = packet_new(&pkt->tuple, arrival);
	if (!firewall->skb)
		return -ENOMEM;
	ask(firewall, net, NF_INET_PRE_ROUTING, arrival->dev, NULL);
	return 0;
}

/**
 * dsr_firewall_forward() - ask FORWARD and POST_ROUTING about the test packet
 * @firewall: from dsr_firewall_begin(); PRE_ROUTING has accepted the packet
 * @net: namespace
 * @service: service of the packet, with DSR_PATH_STACK
 * @backend: its backend
 *
 * Context: rcu_read_lock(), bottom halves disabled.
 * Return: DSR_FORWARDED, or the reason to drop the packet.
 */
enum dsr_reason dsr_firewall_forward(struct dsr_firewall *firewall,
				     struct net *net,
				     const struct dsr_service *service,
				     struct dsr_backend *backend)
{
	struct net_device *in = firewall->skb->dev, *out;
	enum dsr_reason reason;

	reason = dsr_xmit_prepare(net, firewall->skb, service, backend);
	if (reason != DSR_FORWARDED)
		return reason;
	if (dsr_nat_is_open(firewall->skb))
		dsr_nat_settle(firewall->skb);
	out = READ_ONCE(skb_dst(firewall->skb)->dev);
	ask(firewall, net, NF_INET_FORWARD, in, out);
	if (firewall->skb) {
		firewall->skb->dev = out;
		ask(firewall, net, NF_INET_POST_ROUTING, in, out);
	}
	return firewall->verdict == DSR_FIREWALL_DROP ? DSR_DROP_BY_FIREWALL :
						       DSR_FORWARDED;
}

/** dsr_firewall_end() - free the test packet */
void dsr_firewall_end(struct dsr_firewall *firewall)
{
	consume_skb(firewall->skb);
	firewall->skb = NULL;
}
