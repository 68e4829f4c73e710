// SPDX-License-Identifier: GPL-2.0
/*
 * sender - check the sender of a frame; see sender.h
 */

#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/inetdevice.h>
#include <net/addrconf.h>
#include <net/arp.h>
#include <net/ndisc.h>
#include <net/neighbour.h>

#include "core/sender.h"

/* Return true if another machine on the link may have an address. All machines may
 * have the same rules, so one of the addresses may be this machine's own.
 */
static bool is_on_link(struct net_device *dev,
		       const struct dsr_rs_sender_neigh *neigh)
{
	const struct in_device *in_dev;
	const struct in_ifaddr *ifa;
	bool matches = false;

	if (neigh->family == AF_INET6)
		return ipv6_chk_prefix(&neigh->addr.in6, dev) &&
		       !ipv6_chk_addr(dev_net(dev), &neigh->addr.in6, dev, 0);
	in_dev = __in_dev_get_rcu(dev);
	if (!in_dev)
		return false;
	in_dev_for_each_ifa_rcu(ifa, in_dev) {
		if (ifa->ifa_local == neigh->addr.ip)
			return false;
		matches |= inet_ifa_match(neigh->addr.ip, ifa);
	}
	return matches;
}

static struct neighbour *find(struct net_device *dev,
			      const struct dsr_rs_sender_neigh *neigh)
{
	if (neigh->family == AF_INET)
		return __ipv4_neigh_lookup_noref(dev,
						 (__force u32)neigh->addr.ip);
	return __ipv6_neigh_lookup_noref(dev, &neigh->addr.in6);
}

static struct neighbour *create(struct net_device *dev,
				const struct dsr_rs_sender_neigh *neigh)
{
	if (neigh->family == AF_INET)
		return __neigh_create(&arp_tbl, &neigh->addr.ip, dev, false);
	return __neigh_create(&nd_tbl, &neigh->addr.in6, dev, false);
}

/* Start to resolve a neighbour's MAC address, for the next packet. The
 * neighbour table limits how often the neighbour is asked: it remembers the
 * address, or that there was no answer.
 */
static void resolve(struct net_device *dev,
		    const struct dsr_rs_sender_neigh *neigh)
{
	struct neighbour *n = find(dev, neigh);

	if (!n && is_on_link(dev, neigh))
		n = create(dev, neigh);
	if (!IS_ERR_OR_NULL(n))
		neigh_event_send(n, NULL);
}

static enum dsr_rs_sender_answer
compare(struct net_device *dev, const struct dsr_rs_sender_neigh *neigh,
	const u8 *mac)
{
	u8 known[ALIGN(MAX_ADDR_LEN, sizeof(u32))] __aligned(sizeof(u32));
	bool is_known = false;
	struct neighbour *n;

	if (!neigh->family)
		return ether_addr_equal(neigh->mac, mac) ? DSR_RS_SENDER_ONE :
							   DSR_RS_SENDER_OTHER;
	n = find(dev, neigh);
	if (n && READ_ONCE(n->nud_state) & NUD_VALID) {
		is_known = true;
		neigh_ha_snapshot((char *)known, n, dev);
		if (ether_addr_equal(known, mac))
			return DSR_RS_SENDER_ONE;
	}
	/* The neighbour may have another MAC address by now. */
	resolve(dev, neigh);
	return is_known || !is_on_link(dev, neigh) ? DSR_RS_SENDER_OTHER :
						     DSR_RS_SENDER_UNKNOWN;
}

static bool is_ethernet(const struct net_device *dev)
{
	return dev->type == ARPHRD_ETHER && dev->addr_len == ETH_ALEN;
}

/**
 * dsr_rs_sender_find() - find the sender of a packet among neighbours
 * @from: the neighbours
 * @skb: packet in PRE_ROUTING
 *
 * Starts to resolve the addresses of neighbours that are not known.
 *
 * Context: rcu_read_lock(), bottom halves disabled.
 * Return: enum dsr_rs_sender_answer; %DSR_RS_SENDER_OTHER for a packet that came
 * in by a device other than Ethernet.
 */
enum dsr_rs_sender_answer
dsr_rs_sender_find(const struct dsr_rs_sender *from, const struct sk_buff *skb)
{
	enum dsr_rs_sender_answer answer = DSR_RS_SENDER_OTHER, one;
	u32 i;

	if (!is_ethernet(skb->dev) || !skb_mac_header_was_set(skb) ||
	    skb_mac_header(skb) + ETH_HLEN > skb->data)
		return DSR_RS_SENDER_OTHER;
	for (i = 0; i < from->count && answer != DSR_RS_SENDER_ONE; i++) {
		one = compare(skb->dev, &from->neigh[i],
			      eth_hdr(skb)->h_source);
		if (one != DSR_RS_SENDER_OTHER)
			answer = one;
	}
	return answer;
}

/**
 * dsr_rs_sender_has() - true if one of the neighbours sent a packet
 * @from: the neighbours
 * @skb: packet in PRE_ROUTING
 *
 * False for a packet that came in by a device other than Ethernet, unless every
 * sender is accepted.
 *
 * Context: rcu_read_lock(), bottom halves disabled.
 */
bool dsr_rs_sender_has(const struct dsr_rs_sender *from, const struct sk_buff *skb)
{
	return !from->count ||
	       dsr_rs_sender_find(from, skb) == DSR_RS_SENDER_ONE;
}

/**
 * dsr_rs_sender_resolve() - start to resolve the MAC addresses of neighbours
 * @from: the neighbours
 * @net: network namespace
 *
 * Context: process context.
 */
void dsr_rs_sender_resolve(const struct dsr_rs_sender *from, struct net *net)
{
	struct net_device *dev;
	u32 i;

	local_bh_disable();
	rcu_read_lock();
	for_each_netdev_rcu(net, dev)
		for (i = 0; i < from->count && is_ethernet(dev); i++)
			if (from->neigh[i].family && netif_running(dev))
				resolve(dev, &from->neigh[i]);
	rcu_read_unlock();
	local_bh_enable();
}
