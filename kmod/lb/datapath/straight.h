/* SPDX-License-Identifier: GPL-2.0 */
/*
 * straight - hand a packet to a device that has no queue, past dev_queue_xmit()
 *
 * A device without a queue, like a veth, a bridge or a VLAN, has nothing between
 * dev_queue_xmit() and its driver that a packet could wait in. What is left of
 * dev_queue_xmit() are checks of the packet, most of which ingress.c has made. So
 * where neither the packet nor any user needs the rest of them, the packet goes to
 * the driver as pktgen(8) sends it, under the lock of the queue.
 *
 * Has no state: each packet asks again, so a user that begins to capture packets,
 * or adds a qdisc or a filter, sees the next one. Only the tracepoints net_dev_queue,
 * net_dev_start_xmit and net_dev_xmit miss these packets, as dsrctl(8) says.
 */
#ifndef _DSR_STRAIGHT_H
#define _DSR_STRAIGHT_H

#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <net/neighbour.h>
#include <net/sch_generic.h>

#include "xdp_out.h"

/* Check if validate_xmit_skb() would change the packet: it segments, linearises,
 * sums and tags.
 */
static __always_inline bool dsr_straight_is_plain(const struct sk_buff *skb)
{
	return !skb_is_nonlinear(skb) && !skb_is_gso(skb) &&
	       skb->ip_summed != CHECKSUM_PARTIAL &&
	       !skb_vlan_tag_present(skb);
}

/**
 * dsr_straight_queue() - return the queue by which a packet may go straight out
 * @skb: packet
 * @dev: device
 *
 * A qdisc without enqueue() is "noqueue", which a device that is up has if it needs
 * no other. Of several queues the kernel would choose one. A CPU that holds the lock
 * of the queue is sending by this device already, and must not wait for itself.
 *
 * Context: rcu_read_lock(), bottom halves disabled.
 * Return: the queue, or %NULL: call dev_queue_xmit().
 */
static __always_inline struct netdev_queue *
dsr_straight_queue(const struct sk_buff *skb, struct net_device *dev)
{
	struct netdev_queue *queue = netdev_get_tx_queue(dev, 0);

	if (rcu_dereference_bh(queue->qdisc)->enqueue ||
	    dev->real_num_tx_queues != 1 ||
	    unlikely(!dsr_straight_is_plain(skb)) ||
	    unlikely(!(dev->flags & IFF_UP)) ||
	    unlikely(dsr_compat_has_egress(dev)) ||
	    unlikely(netif_xmit_frozen_or_stopped(queue)) ||
	    unlikely(READ_ONCE(queue->xmit_lock_owner) == smp_processor_id()) ||
	    unlikely(dev_nit_active(dev)))
		return NULL;
	return queue;
}

/* Write the Ethernet header that the stack would write. False if the stack has not
 * made it yet, or has to look for the neighbour again.
 */
static __always_inline bool dsr_straight_header(struct sk_buff *skb,
						const struct neighbour *neigh)
{
	const struct hh_cache *hh = &neigh->hh;
	unsigned int seq, len;

	if (unlikely(!(READ_ONCE(neigh->nud_state) & NUD_CONNECTED) ||
		     skb_headroom(skb) < HH_DATA_MOD))
		return false;
	do {
		seq = read_seqbegin(&hh->hh_lock);
		len = READ_ONCE(hh->hh_len);
		memcpy(skb->data - HH_DATA_MOD, hh->hh_data, HH_DATA_MOD);
	} while (read_seqretry(&hh->hh_lock, seq));
	if (unlikely(len != ETH_HLEN))
		return false;
	__skb_push(skb, ETH_HLEN);
	skb_reset_mac_header(skb);
	return true;
}

/**
 * dsr_straight_send() - hand a packet to its device, if nothing is in between
 * @skb: packet, its data at the network header; consumed if this returns true
 * @dev: device
 * @neigh: neighbour that gets the packet
 *
 * Context: rcu_read_lock(), bottom halves disabled.
 * Return: true if the packet was handed over; false if it is to be sent as usual.
 */
static __always_inline bool dsr_straight_send(struct sk_buff *skb,
					      struct net_device *dev,
					      const struct neighbour *neigh)
{
	struct netdev_queue *queue = dsr_straight_queue(skb, dev);
	int sent = NETDEV_TX_BUSY, cpu = smp_processor_id();

	if (!queue || !dsr_straight_header(skb, neigh))
		return false;
	nf_reset_ct(skb);	/* as dsr_send_output() */
#ifdef CONFIG_NET_CLS_ACT
	skb->tc_at_ingress = 0;
#endif
	skb->dev = dev;
	skb_set_queue_mapping(skb, 0);
	HARD_TX_LOCK(dev, queue, cpu);
	if (likely(!netif_xmit_frozen_or_stopped(queue)))
		sent = netdev_start_xmit(skb, dev, queue, false);
	HARD_TX_UNLOCK(dev, queue);
	/* The device has become busy meanwhile, and left the packet here. */
	if (unlikely(!dev_xmit_complete(sent)))
		dev_queue_xmit(skb);
	return true;
}

#endif /* _DSR_STRAIGHT_H */
