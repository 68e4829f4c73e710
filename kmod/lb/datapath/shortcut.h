/* SPDX-License-Identifier: GPL-2.0 */
/*
 * shortcut - the decision of the fast path, common to ingress.h and xdp.h
 *
 * Decides about a parsed packet, and about the bytes of its IP header. What
 * holds the packet, an skb or a frame of a driver, is the callers' business: they
 * check the Ethernet header, find the transport header, and send the packet.
 * Nothing here writes to the packet.
 */
#ifndef _DSR_SHORTCUT_H
#define _DSR_SHORTCUT_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <net/addrconf.h>
#include <net/ip.h>
#include <net/xfrm.h>
#include <linux/dsr.h>

#include "core/packet.h"
#include "core/path.h"
#include "datapath/decide.h"

/**
 * struct dsr_shortcut - result of the lookups for a packet
 * @conn: its connection
 * @backend: backend of @conn
 * @service: service of @backend
 * @dst: route to the backend
 * @dev: output device
 * @neigh: neighbour entry of the backend
 */
struct dsr_shortcut {
	struct dsr_conn *conn;
	struct dsr_backend *backend;
	struct dsr_service *service;
	struct dst_entry *dst;
	struct net_device *dev;
	struct neighbour *neigh;
};

/* Check that the transport header fits @len, the payload without padding. */
static __always_inline bool dsr_shortcut_is_whole(u8 proto, u32 len)
{
	return len >= dsr_packet_transport_len(proto);
}

/* The first byte of an IPv4 header without options. */
#define DSR_SHORTCUT_IPV4	(4 << 4 | sizeof(struct iphdr) / 4)

/**
 * dsr_shortcut_check4() - check the IPv4 header as ip_rcv() does
 * @iph: header; its bytes without options were received
 * @received: bytes received from @iph on
 * @len: set to the bytes of the packet, if it passes
 */
static __always_inline enum dsr_ingress_verdict
dsr_shortcut_check4(const struct iphdr *iph, u32 received, u32 *len)
{
	/* version and length of the header */
	if (unlikely(*(const u8 *)iph != DSR_SHORTCUT_IPV4))
		return iph->ihl == sizeof(*iph) / 4 ? DSR_INGRESS_MALFORMED :
						      DSR_INGRESS_OPTIONS;
	*len = ntohs(iph->tot_len);
	if (unlikely(received < *len || *len < sizeof(*iph) ||
		     ip_fast_csum(iph, sizeof(*iph) / 4)))
		return DSR_INGRESS_MALFORMED;
	if (received != *len &&
	    !dsr_shortcut_is_whole(iph->protocol, *len - sizeof(*iph)))
		return DSR_INGRESS_MALFORMED;
	return DSR_INGRESS_FORWARDED;
}

/** dsr_shortcut_has_ipv6() - true if a device takes IPv6 packets */
static __always_inline bool dsr_shortcut_has_ipv6(const struct net_device *dev)
{
	const struct inet6_dev *idev = __in6_dev_get(dev);

	return likely(idev && !READ_ONCE(idev->cnf.disable_ipv6));
}

/**
 * dsr_shortcut_check6() - check the IPv6 header as ipv6_rcv() does
 * @ip6h: header; its bytes were received
 * @received: bytes received from @ip6h on
 * @len: set to the bytes of the packet, if it passes
 *
 * A payload length of 0 stands for a packet of more than 64 KiB: it is left to
 * the slow path.
 */
static __always_inline enum dsr_ingress_verdict
dsr_shortcut_check6(const struct ipv6hdr *ip6h, u32 received, u32 *len)
{
	u32 payload;

	if (unlikely(!dsr_packet_is_balanced(ip6h->nexthdr) &&
		     ipv6_ext_hdr(ip6h->nexthdr)))
		return DSR_INGRESS_OPTIONS;
	payload = ntohs(ip6h->payload_len);
	*len = sizeof(*ip6h) + payload;
	if (unlikely(ip6h->version != 6 || !payload || received < *len))
		return DSR_INGRESS_MALFORMED;
	if (received != *len &&
	    !dsr_shortcut_is_whole(ip6h->nexthdr, payload))
		return DSR_INGRESS_MALFORMED;
	return DSR_INGRESS_FORWARDED;
}

/* Check that a packet does not change the state of its connection. Closing
 * packets, and what follows them, take the slow path.
 */
static __always_inline bool dsr_shortcut_is_steady(const struct dsr_conn *conn,
						   const struct dsr_packet *pkt)
{
	u8 state = READ_ONCE(conn->state);

	return pkt->event == DSR_EVENT_DATA && state != DSR_CONN_CLOSED &&
	       dsr_conn_state(state, pkt) == state;
}

/* Check if the packet has to pass the firewall rules again. With persistence
 * that is once a second: only the slow path refreshes the persistence entry of
 * the client.
 */
static __always_inline bool dsr_shortcut_is_due(const struct dsr_path_dev *path,
						const struct dsr_conn *conn,
						const struct dsr_service *service,
						u32 now)
{
	u32 age = now - READ_ONCE(conn->checked);

	return age >= READ_ONCE(path->recheck) ||
	       (unlikely(READ_ONCE(service->persist)) && age >= HZ);
}

/**
 * dsr_shortcut_decide() - decide about a packet
 * @path: path of the device
 * @pkt: the packet: of a flow; only its protocol and its event are read
 * @conn: connection of the packet, or %NULL
 * @cut: gets connection, backend and service
 *
 * Checks that the packets of the connection may take the fast path.
 *
 * Context: rcu_read_lock(), bottom halves disabled.
 * Return: DSR_INGRESS_FORWARDED, or the reason to take the slow path.
 */
static __always_inline enum dsr_ingress_verdict
dsr_shortcut_decide(const struct dsr_path_dev *path,
		    const struct dsr_packet *pkt, struct dsr_conn *conn,
		    struct dsr_shortcut *cut)
{
	enum dsr_reason reason;

	if (!conn)
		return DSR_INGRESS_UNKNOWN;
	cut->conn = conn;
	cut->backend = rcu_dereference(conn->backend);
	reason = dsr_decide_known(path->dn, pkt, conn, cut->backend);
	if (unlikely(reason != DSR_FORWARDED))
		return reason == DSR_DROP_BACKEND_DOWN ? DSR_INGRESS_BACKEND :
							 DSR_INGRESS_UNKNOWN;
	cut->service = cut->backend->service;
	if (unlikely(READ_ONCE(cut->service->path) != DSR_PATH_DIRECT))
		return DSR_INGRESS_STACK;
	if (unlikely(READ_ONCE(cut->service->here)))
		return DSR_INGRESS_PEER;
	if (unlikely(!dsr_shortcut_is_steady(conn, pkt)))
		return DSR_INGRESS_STATE;
	if (unlikely(dsr_shortcut_is_due(path, conn, cut->service, jiffies)))
		return DSR_INGRESS_RECHECK;
	return DSR_INGRESS_FORWARDED;
}

/** dsr_shortcut_is_plain() - true without an IPsec policy for forwarded packets
 * @net: namespace
 * @decrypted: the packet has come through IPsec
 */
static __always_inline bool dsr_shortcut_is_plain(const struct net *net,
						  bool decrypted)
{
#ifdef CONFIG_XFRM
	return !READ_ONCE(net->xfrm.policy_count[XFRM_POLICY_FWD]) &&
	       !decrypted &&
	       READ_ONCE(net->xfrm.policy_default[XFRM_POLICY_FWD]) ==
	       XFRM_USERPOLICY_ACCEPT;
#else
	return true;
#endif
}

/**
 * dsr_shortcut_route() - find the way to the backend
 * @net: namespace
 * @family: family of the packet, which is that of its backends
 * @cut: its backend is set; gets route, device and neighbour
 *
 * Context: rcu_read_lock(), bottom halves disabled.
 * Return: DSR_INGRESS_FORWARDED, or the reason to take the slow path.
 */
static __always_inline enum dsr_ingress_verdict
dsr_shortcut_route(struct net *net, u8 family, struct dsr_shortcut *cut)
{
	struct dsr_nexthop *nexthop = &cut->backend->nexthop;

	cut->dst = dsr_nexthop_peek(net, family, nexthop);
	if (unlikely(!cut->dst))
		return DSR_INGRESS_NEIGHBOUR;
	cut->dev = READ_ONCE(cut->dst->dev);
	cut->neigh = dsr_nexthop_neighbour(family, nexthop, cut->dev);
	if (unlikely(!cut->neigh ||
		     !(READ_ONCE(cut->neigh->nud_state) & NUD_VALID)))
		return DSR_INGRESS_NEIGHBOUR;
	return DSR_INGRESS_FORWARDED;
}

#endif /* _DSR_SHORTCUT_H */
