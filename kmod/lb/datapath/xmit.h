/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xmit - forward a packet to its backend
 *
 * Does what a router does (RFC 1812, RFC 8200): decrements the TTL, checks the
 * MTU, sends ICMP errors. A sent packet holds no reference to anything of this
 * module: packets in queues belong to the kernel alone. Dispatches to xmit4.h
 * and xmit6.h; both send by send.h.
 */
#ifndef _DSR_XMIT_H
#define _DSR_XMIT_H

#include "datapath/xmit4.h"
#include "datapath/xmit6.h"

/**
 * dsr_xmit_prepare() - prepare a packet to be sent to a backend
 * @net: namespace
 * @skb: packet from PRE_ROUTING or LOCAL_IN, its data at the IP header
 * @service: its service
 * @backend: its backend
 *
 * Sends an ICMP error if one is due. May move the headers of the packet.
 *
 * Context: rcu_read_lock().
 * Return: DSR_FORWARDED: call dsr_xmit_send() next, before rcu_read_unlock();
 * DSR_DELIVERED_HERE; or the reason to drop the packet.
 */
static inline enum dsr_reason
dsr_xmit_prepare(struct net *net, struct sk_buff *skb,
		 const struct dsr_service *service,
		 struct dsr_backend *backend)
{
	struct dst_entry *dst = dsr_nexthop_get(net, &backend->nexthop);

	if (unlikely(!dst))
		return READ_ONCE(backend->nexthop.local) ?
		       DSR_DELIVERED_HERE : DSR_DROP_NO_ROUTE_TO_BACKEND;
	return likely(backend->nexthop.family == AF_INET) ?
	       dsr_xmit4_prepare(net, skb, service, dst) :
	       dsr_xmit6_prepare(net, skb, service, dst);
}

/**
 * dsr_xmit_send() - send a packet
 * @net: namespace
 * @family: address family of @skb
 * @skb: packet from dsr_xmit_prepare(); consumed
 * @service: its service
 *
 * Context: rcu_read_lock().
 * Return: true if it was sent or queued; false if a rule of FORWARD or
 * POSTROUTING has dropped it at once.
 */
static inline bool dsr_xmit_send(struct net *net, u8 family,
				 struct sk_buff *skb,
				 const struct dsr_service *service)
{
	int err = likely(family == AF_INET) ?
		  dsr_xmit4_send(net, skb, service) :
		  dsr_xmit6_send(net, skb, service);

	/* -EPERM comes from netfilter; a full queue gives another error. */
	return likely(err != -EPERM);
}

/**
 * dsr_xmit_shortcut() - prepare a packet to be sent from ingress
 * @net: namespace
 * @family: address family of @skb
 * @skb: packet, its data at the IP header; the header was checked, and has
 *	neither options nor extension headers
 * @service: its service
 * @dst: route to its backend
 *
 * Does what dsr_xmit_prepare() does, except that it sends no ICMP errors.
 *
 * Context: rcu_read_lock().
 * Return: DSR_INGRESS_FORWARDED: call dsr_send_output() next; or the reason why
 * the packet takes the slow path, then the packet's data is unchanged.
 */
static inline enum dsr_ingress_verdict
dsr_xmit_shortcut(struct net *net, u8 family, struct sk_buff *skb,
		  const struct dsr_service *service, struct dst_entry *dst)
{
	return likely(family == AF_INET) ?
	       dsr_xmit4_shortcut(net, skb, service, dst) :
	       dsr_xmit6_shortcut(net, skb, service, dst);
}

#endif /* _DSR_XMIT_H */
