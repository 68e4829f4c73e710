// SPDX-License-Identifier: GPL-2.0
/* deny - see deny.h */

#include <linux/etherdevice.h>
#include <linux/moduleparam.h>
#include <linux/netdevice.h>
#include <net/gso.h>
#include <net/xfrm.h>

#include "core/sender.h"
#include "core/socket.h"
#include "datapath/deny.h"
#include "denial.h"

static ushort denial_type = DSR_DENIAL_TYPE;
module_param(denial_type, ushort, 0444);
MODULE_PARM_DESC(denial_type,
		 "EtherType of packets that go back to balancers; as there");

/** dsr_rs_deny_init() - check the parameter; 0 or -%EINVAL */
int __init dsr_rs_deny_init(void)
{
	if (dsr_denial_is_type(denial_type))
		return 0;
	pr_err("dsr_rs: denial_type=%#x cannot be used: it is the EtherType of another protocol\n",
	       denial_type);
	return -EINVAL;
}

/* Send a packet in a frame to @mac. */
static void send(struct sk_buff *skb, struct net_device *dev, const u8 *mac)
{
	skb->dev = dev;
	skb->protocol = htons(denial_type);
	if (skb_cow_head(skb, LL_RESERVED_SPACE(dev)) ||
	    dev_hard_header(skb, dev, denial_type, mac, NULL, skb->len) < 0) {
		kfree_skb(skb);
		return;
	}
	skb_reset_mac_header(skb);
	dev_queue_xmit(skb);
}

/* Split a packet, complete its checksum, and cut it to the MTU: a device does
 * none of these for a frame of an unknown type. Consumes @skb.
 *
 * Return: a list of packets, or %NULL if memory is short.
 */
static struct sk_buff *finish(struct sk_buff *skb, const struct net_device *dev)
{
	struct sk_buff *segments;

	skb_forward_csum(skb);
	if (skb_is_gso(skb)) {
		segments = skb_gso_segment(skb, NETIF_F_SG);
		if (IS_ERR_OR_NULL(segments)) {
			kfree_skb(skb);
			return NULL;
		}
		consume_skb(skb);
		return segments;
	}
	if ((skb->ip_summed == CHECKSUM_PARTIAL && skb_checksum_help(skb)) ||
	    (skb->len > dev->mtu && pskb_trim(skb, DSR_DENIAL_CUT))) {
		kfree_skb(skb);
		return NULL;
	}
	return skb;
}

/* Give a packet back to the sender of its frame. */
static enum dsr_rs_reason give_back(struct dsr_rs_net *rs, struct sk_buff *skb)
{
	struct net_device *dev = skb->dev;
	struct sk_buff *copy, *next;
	u8 mac[ETH_ALEN];
	u32 frames = 0;

	ether_addr_copy(mac, eth_hdr(skb)->h_source);
	/* With the same headroom: the copy has the offsets of the original. */
	copy = pskb_copy(skb, GFP_ATOMIC);
	if (!copy)
		return DSR_RS_DROP_NO_MEMORY;
	skb_scrub_packet(copy, true);
	copy = finish(copy, dev);
	if (!copy)
		return DSR_RS_DROP_NO_MEMORY;
	skb_list_walk_safe(copy, copy, next) {
		skb_mark_not_on_list(copy);
		send(copy, dev, mac);
		frames++;
	}
	/* The balancer counts frames. The caller counts the first. */
	this_cpu_add(rs->reasons->packets[DSR_RS_DENIED], frames - 1);
	return DSR_RS_DENIED;
}

/** dsr_rs_deny_check() - dsr_rs_deny() for a rule that names balancers */
enum dsr_rs_reason dsr_rs_deny_check(struct dsr_rs_net *rs,
				     struct sk_buff *skb,
				     const struct dsr_rs_packet *pkt,
				     const struct dsr_rs_rule_to *to,
				     const struct dsr_rs_tuple *socket)
{
	enum dsr_rs_reason reason = DSR_RS_REASON_COUNT;

	/* Send nothing in the clear that came encrypted. */
	if (secpath_exists(skb) ||
	    dsr_rs_socket_takes(rs->net, socket, skb->dev->ifindex, pkt->th))
		return DSR_RS_REASON_COUNT;
	/* Process context, if user space has given a verdict on the packet. */
	local_bh_disable();
	switch (dsr_rs_sender_find(&to->balancers, skb)) {
	case DSR_RS_SENDER_OTHER:
		break;
	case DSR_RS_SENDER_UNKNOWN:
		reason = DSR_RS_DROP_BALANCER_UNKNOWN;
		break;
	case DSR_RS_SENDER_ONE:
		reason = give_back(rs, skb);
		break;
	}
	local_bh_enable();
	return reason;
}
