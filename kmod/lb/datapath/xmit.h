/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xmit - the way of a packet out of the balancer
 *
 * Does what a router does (RFC 1812, RFC 8200): TTL, size, errors. The packet
 * holds nothing of ours once it is sent: what waits in a queue belongs to the
 * kernel. Dispatches to xmit4.h and xmit6.h; both send by send.h.
 */
#ifndef _DSR_XMIT_H
#define _DSR_XMIT_H

#include "datapath/xmit4.h"
#include "datapath/xmit6.h"

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
		       DSR_DELIVERED_HERE : DSR_DROP_NO_ROUTE_TO_BACKEND;
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
 * Return: DSR_INGRESS_FORWARDED, and then dsr_send_output() is next; or why the packet
 * is to go the long way, and then nothing of it has changed.
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
