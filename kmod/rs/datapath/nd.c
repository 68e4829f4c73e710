// SPDX-License-Identifier: GPL-2.0
/*
 * nd - keep silenced addresses out of neighbour discovery, in LOCAL_OUT of
 * IPv6; and in LOCAL_IN, keep other machines' claims to them from the stack
 *
 * Owns nothing. Runs under rcu_read_lock(), in any context. All IPv6 packets
 * from and to the machine pass the hooks; one byte tells if a packet is ICMPv6,
 * and others pass at once.
 *
 * RFC 4861, RFC 4862. Advertisements and probes for duplicates are dropped. A
 * solicitation for another address is needed, but tells the location of its
 * source address: the hook replaces that address. Other machines do have the
 * silenced address, so their claims are no reason to give it up: see
 * is_claim().
 */

#include <linux/icmpv6.h>
#include <net/addrconf.h>
#include <net/checksum.h>
#include <net/ndisc.h>

#include "core/net.h"
#include "core/silence.h"
#include "datapath/nd.h"

/* Return: the message, if it is a neighbour solicitation or advertisement. */
static const struct nd_msg *message_of(const struct sk_buff *skb,
				       struct nd_msg *buffer)
{
	const struct nd_msg *msg;

	if (ipv6_hdr(skb)->nexthdr != IPPROTO_ICMPV6)
		return NULL;
	msg = skb_header_pointer(skb, sizeof(struct ipv6hdr), sizeof(*buffer),
				 buffer);
	if (!msg || (msg->icmph.icmp6_type != NDISC_NEIGHBOUR_SOLICITATION &&
		     msg->icmph.icmp6_type != NDISC_NEIGHBOUR_ADVERTISEMENT))
		return NULL;
	return msg;
}

/* Prefer the link-local address of the device, as the kernel does.
 *
 * Return: true if there is an address.
 */
static bool other_source(const struct dsr_rs_silences *silences,
			 const struct net_device *dev, struct in6_addr *source)
{
	const struct inet6_dev *idev = __in6_dev_get(dev);
	const struct inet6_ifaddr *ifa;
	bool found = false;

	if (!idev)
		return false;
	list_for_each_entry_rcu(ifa, &idev->addr_list, if_list) {
		if (ifa->flags & (IFA_F_TENTATIVE | IFA_F_OPTIMISTIC) ||
		    dsr_rs_silence_match(silences, AF_INET6, &ifa->addr, dev))
			continue;
		if (ipv6_addr_type(&ifa->addr) & IPV6_ADDR_LINKLOCAL) {
			*source = ifa->addr;
			return true;
		}
		if (!found)
			*source = ifa->addr;
		found = true;
	}
	return found;
}

static enum dsr_rs_reason source_change(struct dsr_rs_net *rs,
					struct sk_buff *skb,
					const struct net_device *dev)
{
	struct in6_addr source;
	struct nd_msg *msg;

	if (!other_source(&rs->silences, dev, &source))
		return DSR_RS_DROP_ND_SOURCE;
	if (skb_ensure_writable(skb, sizeof(struct ipv6hdr) + sizeof(*msg)))
		return DSR_RS_DROP_NO_MEMORY;
	msg = (struct nd_msg *)(ipv6_hdr(skb) + 1);
	inet_proto_csum_replace16(&msg->icmph.icmp6_cksum, skb,
				  ipv6_hdr(skb)->saddr.s6_addr32,
				  source.s6_addr32, true);
	ipv6_hdr(skb)->saddr = source;
	return DSR_RS_CHANGED_ND_SOURCE;
}

/** dsr_rs_nd_out_hook() - netfilter hook in LOCAL_OUT of IPv6 */
unsigned int dsr_rs_nd_out_hook(void *priv, struct sk_buff *skb,
				const struct nf_hook_state *state)
{
	struct dsr_rs_net *rs = dsr_rs_net(state->net);
	struct dsr_rs_silence *silence;
	enum dsr_rs_reason reason;
	const struct nd_msg *msg;
	struct in6_addr addr;
	struct nd_msg _msg;
	bool advertisement;

	msg = message_of(skb, &_msg);
	if (!msg)
		return NF_ACCEPT;
	advertisement = msg->icmph.icmp6_type == NDISC_NEIGHBOUR_ADVERTISEMENT;
	addr = ipv6_hdr(skb)->saddr;
	if (advertisement || ipv6_addr_any(&addr))
		addr = msg->target;
	silence = dsr_rs_silence_match(&rs->silences, AF_INET6, &addr,
				       state->out);
	if (!silence)
		reason = DSR_RS_PASS_NOT_SILENCED;
	else if (advertisement)
		reason = DSR_RS_DROP_ND_ADVERTISEMENT;
	else if (ipv6_addr_any(&ipv6_hdr(skb)->saddr))
		reason = DSR_RS_DROP_ND_PROBE;
	else
		reason = source_change(rs, skb, state->out);
	return dsr_rs_silence_finish(rs, silence, AF_INET6, &addr, state->out,
				     reason);
}

/* Return true if the sender claims the target, or asks if it may take it: the
 * kernel would give up a tentative address, and warn about one that it has.
 */
static bool is_claim(const struct sk_buff *skb, const struct nd_msg *msg)
{
	return msg->icmph.icmp6_type == NDISC_NEIGHBOUR_ADVERTISEMENT ||
	       ipv6_addr_any(&ipv6_hdr(skb)->saddr);
}

/* Return true if this machine has an address, even a tentative one. */
static bool is_taken(const struct net_device *dev, const struct in6_addr *addr)
{
	return ipv6_chk_addr_and_flags(dev_net(dev), addr, dev, true, 0, 0);
}

/** dsr_rs_nd_in_hook() - netfilter hook in LOCAL_IN of IPv6 */
unsigned int dsr_rs_nd_in_hook(void *priv, struct sk_buff *skb,
			       const struct nf_hook_state *state)
{
	struct dsr_rs_net *rs = dsr_rs_net(state->net);
	struct dsr_rs_silence *silence;
	const struct nd_msg *msg;
	struct in6_addr target;
	struct nd_msg _msg;

	msg = message_of(skb, &_msg);
	if (!msg || !is_claim(skb, msg))
		return NF_ACCEPT;
	target = msg->target;
	silence = dsr_rs_silence_match(&rs->silences, AF_INET6, &target,
				       state->in);
	/* If only other machines have the address, this one may need the
	 * answer.
	 */
	if (silence && !is_taken(state->in, &target))
		silence = NULL;
	return dsr_rs_silence_finish(rs, silence, AF_INET6, &target, state->in,
				     silence ? DSR_RS_DROP_ND_CLAIM :
					       DSR_RS_PASS_NOT_SILENCED);
}
