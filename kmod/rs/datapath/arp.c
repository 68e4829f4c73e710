// SPDX-License-Identifier: GPL-2.0
/*
 * arp - keep silenced addresses out of ARP messages, in ARP_OUT
 *
 * Owns nothing. Runs under rcu_read_lock(), in any context. The hook sees the
 * kernel's messages; a program that writes to a packet socket bypasses it.
 *
 * Replies and announcements are dropped. A request for another address is
 * needed, but tells the location of its sender address: the hook replaces that
 * address as arp_announce=2 would.
 */

#include <linux/if_arp.h>
#include <linux/inetdevice.h>
#include <net/arp.h>
#include <net/l3mdev.h>

#include "core/net.h"
#include "core/silence.h"
#include "datapath/arp.h"

/* The parts of a message that decide: sender and target. */
struct message {
	unsigned int sender_at;
	__be32 sender;
	__be32 target;
	bool request;
};

/* Return: true if it is a complete ARP message for IPv4 that fits @dev. */
static bool message_read(const struct sk_buff *skb,
			 const struct net_device *dev, struct message *msg)
{
	unsigned int at = skb_network_offset(skb);
	unsigned int target_at = at + arp_hdr_len(dev) - sizeof(msg->target);
	const struct arphdr *arp;
	struct arphdr _arp;

	arp = skb_header_pointer(skb, at, sizeof(_arp), &_arp);
	if (!arp || arp->ar_pro != htons(ETH_P_IP) ||
	    arp->ar_pln != sizeof(__be32) || arp->ar_hln != dev->addr_len)
		return false;
	msg->request = arp->ar_op == htons(ARPOP_REQUEST);
	msg->sender_at = at + sizeof(*arp) + dev->addr_len;
	return !skb_copy_bits(skb, msg->sender_at, &msg->sender,
			      sizeof(msg->sender)) &&
	       !skb_copy_bits(skb, target_at, &msg->target,
			      sizeof(msg->target));
}

/* Return a device's best sender address to ask for @target; 0: none. */
static __be32 device_address(const struct dsr_rs_silences *silences,
			     const struct net_device *dev,
			     const struct in_device *in_dev, __be32 target)
{
	const struct in_ifaddr *ifa;
	__be32 primary = 0, any = 0;

	in_dev_for_each_ifa_rcu(ifa, in_dev) {
		if (ifa->ifa_scope > RT_SCOPE_LINK ||
		    dsr_rs_silence_match(silences, AF_INET, &ifa->ifa_local,
					 dev))
			continue;
		if (!any)
			any = ifa->ifa_local;
		if (ifa->ifa_flags & IFA_F_SECONDARY)
			continue;
		if (inet_ifa_match(target, ifa))
			return ifa->ifa_local;
		if (!primary)
			primary = ifa->ifa_local;
	}
	return primary ?: any;
}

/* Look for a sender address as the kernel does: on the device that the request
 * leaves by, else on another device in the same VRF. Return 0 if there is none.
 */
static __be32 other_sender(const struct dsr_rs_silences *silences,
			   const struct net_device *dev, __be32 target)
{
	const struct in_device *in_dev = __in_dev_get_rcu(dev);
	int master = l3mdev_master_ifindex_rcu(dev);
	struct net_device *other;
	__be32 addr = 0;

	if (in_dev)
		addr = device_address(silences, dev, in_dev, target);
	if (addr)
		return addr;
	for_each_netdev_rcu(dev_net(dev), other) {
		in_dev = __in_dev_get_rcu(other);
		if (!in_dev || l3mdev_master_ifindex_rcu(other) != master)
			continue;
		addr = device_address(silences, dev, in_dev, target);
		if (addr)
			break;
	}
	return addr;
}

static enum dsr_rs_reason request_change(struct dsr_rs_net *rs,
					 struct sk_buff *skb,
					 const struct net_device *dev,
					 const struct message *msg)
{
	__be32 addr = other_sender(&rs->silences, dev, msg->target);

	if (!addr)
		return DSR_RS_DROP_ARP_SOURCE;
	if (skb_ensure_writable(skb, msg->sender_at + sizeof(addr)))
		return DSR_RS_DROP_NO_MEMORY;
	memcpy(skb->data + msg->sender_at, &addr, sizeof(addr));
	return DSR_RS_CHANGED_ARP_SOURCE;
}

/** dsr_rs_arp_out_hook() - netfilter hook in ARP_OUT */
unsigned int dsr_rs_arp_out_hook(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *state)
{
	struct dsr_rs_net *rs = dsr_rs_net(state->net);
	struct dsr_rs_silence *silence = NULL;
	enum dsr_rs_reason reason;
	struct message msg = {};

	if (message_read(skb, state->out, &msg))
		silence = dsr_rs_silence_match(&rs->silences, AF_INET,
					       &msg.sender, state->out);
	if (!silence)
		reason = DSR_RS_PASS_NOT_SILENCED;
	else if (msg.sender == msg.target)
		reason = DSR_RS_DROP_ARP_ANNOUNCEMENT;
	else if (!msg.request)
		reason = DSR_RS_DROP_ARP_REPLY;
	else
		reason = request_change(rs, skb, state->out, &msg);
	return dsr_rs_silence_finish(rs, silence, AF_INET, &msg.sender,
				     state->out, reason);
}
