// SPDX-License-Identifier: GPL-2.0
/*
 * trial - see trial.h
 *
 * Included by the trial.c of each module, as table.c is.
 */

#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/sctp.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/netfilter/nf_tables.h>
#include <net/netlink.h>
#include <net/tcp.h>
#include <linux/dsr_common.h>

#include "trial.h"

#define TEST_TTL	64
#define TEST_WINDOW	65535

/* An INIT chunk, as the first packet of an association has it. */
struct init_packet {
	struct sctphdr header;
	struct sctp_chunkhdr chunk;
	struct sctp_inithdr init;
};

static void put_tcp(struct sk_buff *skb, const struct dsr_trial_packet *packet)
{
	struct tcphdr *tcph = skb_put_zero(skb, sizeof(*tcph));

	tcph->source = packet->sport;
	tcph->dest = packet->dport;
	tcph->doff = sizeof(*tcph) / 4;
	tcph->syn = 1;
	tcph->window = htons(TEST_WINDOW);
}

static void put_udp(struct sk_buff *skb, const struct dsr_trial_packet *packet)
{
	struct udphdr *udph = skb_put_zero(skb, sizeof(*udph));

	udph->source = packet->sport;
	udph->dest = packet->dport;
	udph->len = htons(sizeof(*udph));
}

static void put_sctp(struct sk_buff *skb, const struct dsr_trial_packet *packet)
{
	struct init_packet *init = skb_put_zero(skb, sizeof(*init));

	init->header.source = packet->sport;
	init->header.dest = packet->dport;
	init->chunk.type = SCTP_CID_INIT;
	init->chunk.length = htons(sizeof(*init) - sizeof(init->header));
	init->init.init_tag = htonl(1);
	init->init.a_rwnd = htonl(TEST_WINDOW);
	init->init.num_outbound_streams = htons(1);
	init->init.num_inbound_streams = htons(1);
}

static void put_ip(struct sk_buff *skb, const struct dsr_trial_packet *packet,
		   unsigned int len)
{
	struct iphdr *iph = skb_put_zero(skb, sizeof(*iph));

	iph->version = 4;
	iph->ihl = sizeof(*iph) / 4;
	iph->tot_len = htons(sizeof(*iph) + len);
	iph->frag_off = htons(IP_DF);
	iph->ttl = TEST_TTL;
	iph->protocol = packet->proto;
	iph->saddr = packet->source.ip;
	iph->daddr = packet->dest.ip;
	ip_send_check(iph);
}

static void put_ip6(struct sk_buff *skb, const struct dsr_trial_packet *packet,
		    unsigned int len)
{
	struct ipv6hdr *ip6h = skb_put_zero(skb, sizeof(*ip6h));

	ip6h->version = 6;
	ip6h->payload_len = htons(len);
	ip6h->nexthdr = packet->proto;
	ip6h->hop_limit = TEST_TTL;
	ip6h->saddr = packet->source.in6;
	ip6h->daddr = packet->dest.in6;
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
static struct sk_buff *packet_new(const struct dsr_trial_packet *packet)
{
	unsigned int len = transport_len(packet->proto);
	bool v4 = packet->family == AF_INET;
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
		put_ip(skb, packet, len);
	else
		put_ip6(skb, packet, len);
	skb_set_transport_header(skb, skb->len);
	if (packet->proto == IPPROTO_TCP)
		put_tcp(skb, packet);
	else if (packet->proto == IPPROTO_UDP)
		put_udp(skb, packet);
	else
		put_sctp(skb, packet);
	skb->protocol = v4 ? htons(ETH_P_IP) : htons(ETH_P_IPV6);
	skb->pkt_type = PACKET_HOST;
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	skb->dev = packet->dev;
	skb->skb_iif = packet->dev->ifindex;
	skb->mark = packet->mark;
	if (!v4) {
		IP6CB(skb)->iif = skb->skb_iif;
		IP6CB(skb)->nhoff = offsetof(struct ipv6hdr, nexthdr);
	}
	return skb;
}

/* Note the verdict of a chain, and let go of the packet. */
static void judge(struct dsr_trial *trial, unsigned int verdict,
		  unsigned int hook, const struct nf_hook_ops *ops)
{
	const struct nft_chain *chain = ops->priv;

	switch (verdict & NF_VERDICT_MASK) {
	case NF_STOLEN:
		/* the errno of a drop is beside the verdict */
		trial->verdict = NF_DROP_GETERR(verdict) ?
				    DSR_FIREWALL_DROP : DSR_FIREWALL_TAKEN;
		break;
	case NF_QUEUE:
		trial->verdict = DSR_FIREWALL_QUEUE;
		kfree_skb(trial->skb);
		break;
	default:
		trial->verdict = DSR_FIREWALL_DROP;
		kfree_skb(trial->skb);
	}
	trial->skb = NULL;
	trial->hook = hook;
	trial->priority = ops->priority;
	if (ops->hook_ops_type == NF_HOOK_OP_NF_TABLES && chain)
		trial->chain = chain->handle;
}

/* Give the test packet to the chains of a hook, until one does not accept it. */
static void walk(struct dsr_trial *trial, const struct dsr_trial_place *place,
		 struct nf_hook_state *state)
{
	const struct nf_hook_entries *entries;
	struct nf_hook_ops **ops;
	unsigned int verdict;
	int i;

	entries = state->pf == NFPROTO_IPV4 ?
		  rcu_dereference(state->net->nf.hooks_ipv4[place->hook]) :
		  rcu_dereference(state->net->nf.hooks_ipv6[place->hook]);
	if (!entries)
		return;
	ops = nf_hook_entries_get_hook_ops(entries);
	for (i = 0; i < entries->num_hook_entries; i++) {
		if (ops[i]->priority < place->first)
			continue;
		if (ops[i]->priority > place->last)
			return;
		verdict = nf_hook_entry_hookfn(&entries->hooks[i], trial->skb,
					       state);
		if (verdict == NF_ACCEPT)
			continue;
		judge(trial, verdict, place->hook, ops[i]);
		return;
	}
}

/**
 * dsr_trial_ask() - give the test packet to the chains of a hook
 * @trial: the trial; its packet has been accepted so far
 * @net: namespace
 * @place: the chains
 * @in: device that the packet comes in by
 * @out: device that it leaves by, or %NULL
 *
 * Context: rcu_read_lock(), bottom halves disabled.
 */
void dsr_trial_ask(struct dsr_trial *trial, struct net *net,
		   const struct dsr_trial_place *place, struct net_device *in,
		   struct net_device *out)
{
	u8 pf = trial->skb->protocol == htons(ETH_P_IP) ? NFPROTO_IPV4 :
							  NFPROTO_IPV6;
	struct nf_hook_state state;

	nf_hook_state_init(&state, place->hook, pf, in, out, NULL, net, NULL);
	walk(trial, place, &state);
}

/**
 * dsr_trial_begin() - make a test packet
 * @trial: set; for dsr_trial_end() in any case
 * @packet: its contents; the first of its connection
 *
 * Context: any.
 * Return: 0 or -ENOMEM.
 */
int dsr_trial_begin(struct dsr_trial *trial,
		    const struct dsr_trial_packet *packet)
{
	memset(trial, 0, sizeof(*trial));
	trial->verdict = DSR_FIREWALL_ACCEPT;
	trial->skb = packet_new(packet);
	return trial->skb ? 0 : -ENOMEM;
}

/** dsr_trial_end() - free the test packet */
void dsr_trial_end(struct dsr_trial *trial)
{
	consume_skb(trial->skb);
	trial->skb = NULL;
}

/**
 * dsr_trial_put() - append the verdict of the rules
 * @skb: message, in a nest of enum dsr_explain_attr
 * @trial: the trial
 *
 * Return: 0 or -EMSGSIZE.
 */
int dsr_trial_put(struct sk_buff *skb, const struct dsr_trial *trial)
{
	if (nla_put_u8(skb, DSR_EXPLAIN_A_VERDICT, trial->verdict))
		return -EMSGSIZE;
	if (trial->verdict == DSR_FIREWALL_ACCEPT)
		return 0;
	if (nla_put_u8(skb, DSR_EXPLAIN_A_HOOK, trial->hook) ||
	    nla_put_s32(skb, DSR_EXPLAIN_A_PRIORITY, trial->priority))
		return -EMSGSIZE;
	return trial->chain ?
	       nla_put_u64_64bit(skb, DSR_EXPLAIN_A_CHAIN, trial->chain,
				 DSR_EXPLAIN_A_PAD) : 0;
}
