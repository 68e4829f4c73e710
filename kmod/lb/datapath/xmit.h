/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xmit - the way of a packet out of the balancer
 *
 * Does what a router does (RFC 1812, RFC 8200): TTL, size, errors. The packet
 * holds nothing of ours once it is sent: what waits in a queue belongs to the
 * kernel. One file for each family.
 */
#ifndef _DSR_XMIT_H
#define _DSR_XMIT_H

#include <linux/skbuff.h>
#include <net/dsfield.h>
#include <net/gso.h>
#include <net/ip.h>
#include <net/neighbour.h>
#include <net/route.h>

#include "chain.h"
#include "core/backend.h"
#include "core/reason.h"
#include "core/service.h"
#include "core/way.h"

/* xmit4.c */
enum dsr_reason dsr_xmit4_prepare(struct net *net, struct sk_buff *skb,
				  const struct dsr_service *service,
				  struct dst_entry *dst);
int dsr_xmit4_send(struct net *net, struct sk_buff *skb,
		   const struct dsr_service *service);
void dsr_xmit4_rewrite_chain(struct sk_buff *skb, u16 tos);

/* xmit6.c */
enum dsr_reason dsr_xmit6_prepare(struct net *net, struct sk_buff *skb,
				  const struct dsr_service *service,
				  struct dst_entry *dst);
enum dsr_way dsr_xmit6_shortcut(struct net *net, struct sk_buff *skb,
				const struct dsr_service *service,
				struct dst_entry *dst);
int dsr_xmit6_send(struct net *net, struct sk_buff *skb,
		   const struct dsr_service *service);

/**
 * dsr_xmit_prepare() - make a packet ready to be sent to a backend
 * @net: namespace
 * @skb: packet, its data at the IP header, from PRE_ROUTING
 * @service: its service
 * @backend: its backend
 *
 * Sends the ICMP error if there is one to send. Headers may have moved.
 *
 * Context: rcu_read_lock().
 * Return: DSR_FORWARDED, and then dsr_xmit_send() is next, before
 * rcu_read_unlock(); DSR_DELIVERED_HERE; or why the packet is to be dropped.
 */
static inline enum dsr_reason
dsr_xmit_prepare(struct net *net, struct sk_buff *skb,
		 const struct dsr_service *service,
		 struct dsr_backend *backend)
{
	struct dst_entry *dst = dsr_nexthop_get(net, &backend->nexthop);

	if (unlikely(!dst))
		return READ_ONCE(backend->nexthop.local) ?
		       DSR_DELIVERED_HERE : DSR_DROP_NO_ROUTE;
	return likely(backend->nexthop.family == AF_INET) ?
	       dsr_xmit4_prepare(net, skb, service, dst) :
	       dsr_xmit6_prepare(net, skb, service, dst);
}

/**
 * dsr_xmit_send() - send a packet
 * @net: namespace
 * @family: of @skb
 * @skb: packet that dsr_xmit_prepare() has made ready; consumed
 * @service: its service
 *
 * Context: rcu_read_lock().
 * Return: whether it was sent, or waits for something: false if a rule of
 * FORWARD or POSTROUTING has dropped it at once.
 */
static inline bool dsr_xmit_send(struct net *net, u8 family,
				 struct sk_buff *skb,
				 const struct dsr_service *service)
{
	int err = likely(family == AF_INET) ?
		  dsr_xmit4_send(net, skb, service) :
		  dsr_xmit6_send(net, skb, service);

	/* Netfilter's; a queue that is full has another. */
	return likely(err != -EPERM);
}

/** dsr_xmit_writable() - give a packet, or all of a chain, headers of its own
 * @skb: packet
 * @dev: device that it is to be sent to
 *
 * Return: whether it could be done.
 */
static __always_inline bool dsr_xmit_writable(struct sk_buff *skb,
					      const struct net_device *dev)
{
	if (unlikely(skb_cow(skb, LL_RESERVED_SPACE(dev))))
		return false;
	return likely(!dsr_chain_is(skb)) || dsr_chain_own(skb);
}

/**
 * dsr_xmit_own() - dsr_xmit_writable(), and give the packet its length
 * @skb: packet
 * @dev: device that it is to be sent to
 * @len: its length as it says itself: what is behind is Ethernet's padding
 *
 * Return: whether it could be done. What the packet says has not changed
 * otherwise.
 */
static inline bool dsr_xmit_own(struct sk_buff *skb,
				const struct net_device *dev, u32 len)
{
	if (unlikely(!dsr_xmit_writable(skb, dev)))
		return false;
	if (likely(skb->len == len))
		return true;
	if (likely(!pskb_trim_rcsum(skb, len)))
		return true;
	skb->ip_summed = CHECKSUM_NONE;	/* is that of the rest by now */
	return false;
}

/** dsr_xmit4_is_too_big() - whether a packet, or one of those merged, is */
static inline bool dsr_xmit4_is_too_big(const struct sk_buff *skb, u32 mtu)
{
	if (likely(skb->len <= mtu))
		return false;
	return !skb_is_gso(skb) || !skb_gso_validate_network_len(skb, mtu);
}

/** dsr_xmit4_rewrite_header() - a hop less, and TOS as of a service */
static __always_inline void dsr_xmit4_rewrite_header(struct iphdr *iph, u16 tos)
{
	ip_decrease_ttl(iph);
	if (tos)
		ipv4_change_dsfield(iph, ~(tos >> 8), tos & 0xff);
}

/** dsr_xmit4_rewrite() - make of a packet that has come one that goes on
 * @net: namespace
 * @skb: packet; its headers are its own
 * @service: its service
 */
static __always_inline void
dsr_xmit4_rewrite(struct net *net, struct sk_buff *skb,
		  const struct dsr_service *service)
{
	u16 tos = READ_ONCE(service->tos);

	dsr_xmit4_rewrite_header(ip_hdr(skb), tos);
	if (unlikely(dsr_chain_is(skb)))
		dsr_xmit4_rewrite_chain(skb, tos);
	skb_forward_csum(skb);
	skb_clear_tstamp(skb);
	if (READ_ONCE(net->ipv4.sysctl_ip_fwd_update_priority))
		skb->priority = rt_tos2priority(ip_hdr(skb)->tos);
}

/** dsr_xmit4_shortcut() - dsr_xmit_shortcut() of IPv4, with the route @dst */
static __always_inline enum dsr_way
dsr_xmit4_shortcut(struct net *net, struct sk_buff *skb,
		   const struct dsr_service *service, struct dst_entry *dst)
{
	u32 mtu;

	if (unlikely(ip_hdr(skb)->ttl <= 1))
		return DSR_WAY_TTL;
	/* as ip_rcv() sets it: the sizes of what was merged are asked for */
	skb_set_transport_header(skb, sizeof(struct iphdr));
	mtu = ip_dst_mtu_maybe_forward(dst, true);
	if (unlikely(dsr_xmit4_is_too_big(skb, mtu)))
		return DSR_WAY_TOO_BIG;
	if (unlikely(!dsr_xmit_own(skb, READ_ONCE(dst->dev),
				   ntohs(ip_hdr(skb)->tot_len))))
		return DSR_WAY_NO_MEMORY;
	dsr_xmit4_rewrite(net, skb, service);
	return DSR_WAY_SHORT;
}

/**
 * dsr_xmit_shortcut() - make a packet ready to be sent from ingress
 * @net: namespace
 * @family: of @skb
 * @skb: packet, its data at the IP header, which has been checked and has
 *	neither options nor extensions
 * @service: its service
 * @dst: route to its backend
 *
 * Does what dsr_xmit_prepare() does, where there is no error to be sent.
 *
 * Context: rcu_read_lock().
 * Return: DSR_WAY_SHORT, and then dsr_xmit_output() is next; or why the packet
 * is to go the long way, and then nothing of it has changed.
 */
static inline enum dsr_way
dsr_xmit_shortcut(struct net *net, u8 family, struct sk_buff *skb,
		  const struct dsr_service *service, struct dst_entry *dst)
{
	return likely(family == AF_INET) ?
	       dsr_xmit4_shortcut(net, skb, service, dst) :
	       dsr_xmit6_shortcut(net, skb, service, dst);
}

/**
 * dsr_xmit_output() - past netfilter and routing, to the device
 * @skb: packet; consumed
 * @dev: device
 * @neigh: who is to get it
 *
 * Context: rcu_read_lock(), bottom halves disabled.
 */
static inline void dsr_xmit_output(struct sk_buff *skb, struct net_device *dev,
				   struct neighbour *neigh)
{
	nf_reset_ct(skb);	/* never to be confirmed on this way */
	skb->dev = dev;
	neigh_output(neigh, skb, false);
}

#endif /* _DSR_XMIT_H */
