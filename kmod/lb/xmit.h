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

#include "backend.h"
#include "reason.h"
#include "service.h"

/* xmit4.c */
enum dsr_reason dsr_xmit4_prepare(struct net *net, struct sk_buff *skb,
				  const struct dsr_service *service,
				  struct dst_entry *dst);
void dsr_xmit4_send(struct net *net, struct sk_buff *skb,
		    const struct dsr_service *service);

/* xmit6.c */
enum dsr_reason dsr_xmit6_prepare(struct net *net, struct sk_buff *skb,
				  const struct dsr_service *service,
				  struct dst_entry *dst);
void dsr_xmit6_send(struct net *net, struct sk_buff *skb,
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
 * @skb: packet that dsr_xmit_prepare() has made ready; consumed
 * @service: its service
 *
 * Context: rcu_read_lock().
 */
static inline void dsr_xmit_send(struct net *net, struct sk_buff *skb,
				 const struct dsr_service *service)
{
	if (likely(service->key.family == AF_INET))
		dsr_xmit4_send(net, skb, service);
	else
		dsr_xmit6_send(net, skb, service);
}

#endif /* _DSR_XMIT_H */
