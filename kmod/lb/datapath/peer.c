// SPDX-License-Identifier: GPL-2.0
/* peer - see peer.h */

#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <net/neighbour.h>

#include "core/nexthop.h"
#include "datapath/peer.h"

/**
 * dsr_peer_is_from() - check if a next hop has sent a frame
 * @skb: packet
 * @dst: route to the next hop
 * @nexthop: next hop
 *
 * Context: rcu_read_lock(), bottom halves disabled.
 */
bool dsr_peer_is_from(const struct sk_buff *skb, struct dst_entry *dst,
		      const struct dsr_nexthop *nexthop)
{
	struct net_device *dev = READ_ONCE(dst->dev);
	struct neighbour *neigh;
	u8 mac[MAX_ADDR_LEN];

	if (dev->type != ARPHRD_ETHER || dev != skb->dev ||
	    !skb_mac_header_was_set(skb) || skb->mac_len < ETH_HLEN)
		return false;
	neigh = dsr_nexthop_neighbour(nexthop->family, nexthop, dev);
	if (!neigh || !(READ_ONCE(neigh->nud_state) & NUD_VALID))
		return false;
	neigh_ha_snapshot(mac, neigh, dev);
	return ether_addr_equal(eth_hdr(skb)->h_source, mac);
}

/**
 * dsr_peer_find_here() - detect a packet that another balancer has balanced
 * @dn: balancer
 * @service: service of the packet
 * @skb: packet
 *
 * Context: rcu_read_lock().
 * Return: the backend of @service that is this machine, if the packet comes
 * from another backend of @service; else %NULL.
 */
struct dsr_backend *dsr_peer_find_here(struct dsr_net *dn,
				       const struct dsr_service *service,
				       const struct sk_buff *skb)
{
	struct dsr_backend *backend, *here = NULL;
	struct dst_entry *dst;
	bool from_peer = false;

	local_bh_disable();	/* for the neighbour table, see hook.c */
	list_for_each_entry_rcu(backend, &service->backends, list) {
		dst = dsr_nexthop_get(dn->net, &backend->nexthop);
		if (dst)
			from_peer |= dsr_peer_is_from(skb, dst,
						      &backend->nexthop);
		else if (READ_ONCE(backend->nexthop.local))
			here = backend;
	}
	local_bh_enable();
	return from_peer ? here : NULL;
}
