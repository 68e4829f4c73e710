/* SPDX-License-Identifier: GPL-2.0 */
/*
 * frontend - a firewall mark or an address that has services
 *
 * Tells packets for a service from all others. The hook looks up the frontend
 * of every packet of the machine, so the lookup must be cheap: it reads only
 * the mark and the destination of the packet.
 *
 * Owner: the balancer of its namespace, while the frontend has a service. Read
 * by packets under RCU; freed a grace period after it was unlinked.
 *
 * Locking: changes under struct dsr_net.lock.
 */
#ifndef _DSR_FRONTEND_H
#define _DSR_FRONTEND_H

#include <linux/hash.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/rculist.h>
#include <net/ipv6.h>

#include "addr.h"
#include "core/net.h"
#include "core/tuple.h"

struct dsr_probe;
struct dsr_service;
struct dsr_service_key;

/**
 * struct dsr_frontend - a firewall mark or an address that has services
 * @node: in dsr_net.marks or dsr_net.vips
 * @fwmark: mark; 0: the frontend is an address
 * @mask: bits of a packet's mark that are compared with @fwmark
 * @family: address family of the packets
 * @vip: address, if @fwmark is 0
 * @services: its services; a packet belongs to the first one that matches.
 *	A mark has one service, or none if it is part of @probe
 * @probe: range of probe marks that it is part of, see probe.h; or %NULL
 * @rcu: for the grace period before it is freed
 */
struct dsr_frontend {
	struct hlist_node node;
	u32 fwmark;
	u32 mask;
	u8 family;
	union nf_inet_addr vip;
	struct hlist_head services;
	const struct dsr_probe *probe;
	struct rcu_head rcu;
};

/* probe.c */
struct dsr_frontend *dsr_probe_find(struct dsr_net *dn, u8 family, u32 fwmark);

/** dsr_frontend_of_mark() - find the frontend of a service's mark, or %NULL
 *
 * Context: rcu_read_lock() or holds dn->lock.
 */
static inline struct dsr_frontend *dsr_frontend_of_mark(struct dsr_net *dn,
							u8 family, u32 fwmark)
{
	struct dsr_frontend *frontend;

	hlist_for_each_entry_rcu(frontend,
				 &dn->marks[hash_32(fwmark, DSR_FRONTEND_BITS)],
				 node, lockdep_is_held(&dn->lock))
		if (frontend->fwmark == fwmark && frontend->family == family)
			return frontend;
	return NULL;
}

struct dsr_frontend *dsr_frontend_of_masked(struct dsr_net *dn, u8 family,
					    u32 fwmark);

/** dsr_frontend_of_any_mark() - find the frontend of a packet's mark, or %NULL
 *
 * Looks for the mark of a service, then for a probe mark, then for a masked
 * mark.
 *
 * Context: rcu_read_lock().
 */
static inline struct dsr_frontend *
dsr_frontend_of_any_mark(struct dsr_net *dn, u8 family, u32 fwmark)
{
	struct dsr_frontend *frontend = dsr_frontend_of_mark(dn, family,
							     fwmark);

	if (!frontend && unlikely(READ_ONCE(dn->probes_count)))
		frontend = dsr_probe_find(dn, family, fwmark);
	if (!frontend && unlikely(READ_ONCE(dn->masked_count)))
		frontend = dsr_frontend_of_masked(dn, family, fwmark);
	return frontend;
}

/** dsr_frontend_of_vip4() - find the frontend of an IPv4 address, or %NULL
 *
 * Context: rcu_read_lock() or holds dn->lock.
 */
static inline struct dsr_frontend *dsr_frontend_of_vip4(struct dsr_net *dn,
							__be32 vip)
{
	u32 bucket = hash_32((__force u32)vip, DSR_FRONTEND_BITS);
	struct dsr_frontend *frontend;

	hlist_for_each_entry_rcu(frontend, &dn->vips[bucket], node,
				 lockdep_is_held(&dn->lock))
		if (frontend->vip.ip == vip && frontend->family == AF_INET)
			return frontend;
	return NULL;
}

/** dsr_frontend_of_vip6() - find the frontend of an IPv6 address, or %NULL
 *
 * Context: rcu_read_lock() or holds dn->lock.
 */
static inline struct dsr_frontend *
dsr_frontend_of_vip6(struct dsr_net *dn, const struct in6_addr *vip)
{
	u32 bucket = hash_32(ipv6_addr_hash(vip), DSR_FRONTEND_BITS);
	struct dsr_frontend *frontend;

	hlist_for_each_entry_rcu(frontend, &dn->vips[bucket], node,
				 lockdep_is_held(&dn->lock))
		if (ipv6_addr_equal(&frontend->vip.in6, vip) &&
		    frontend->family == AF_INET6)
			return frontend;
	return NULL;
}

/**
 * dsr_frontend_find4() - find the frontend of an IPv4 packet
 * @dn: balancer
 * @fwmark: mark of the packet
 * @daddr: destination of the packet
 *
 * The mark takes precedence over the destination.
 *
 * Context: rcu_read_lock().
 * Return: the frontend or %NULL.
 */
static inline struct dsr_frontend *dsr_frontend_find4(struct dsr_net *dn,
						      u32 fwmark, __be32 daddr)
{
	struct dsr_frontend *frontend = NULL;

	if (fwmark)
		frontend = dsr_frontend_of_any_mark(dn, AF_INET, fwmark);
	if (!frontend && READ_ONCE(dn->vips_count))
		frontend = dsr_frontend_of_vip4(dn, daddr);
	return frontend;
}

/** dsr_frontend_find6() - find the frontend of an IPv6 packet
 *
 * See dsr_frontend_find4().
 */
static inline struct dsr_frontend *
dsr_frontend_find6(struct dsr_net *dn, u32 fwmark, const struct in6_addr *daddr)
{
	struct dsr_frontend *frontend = NULL;

	if (fwmark)
		frontend = dsr_frontend_of_any_mark(dn, AF_INET6, fwmark);
	if (!frontend && READ_ONCE(dn->vips_count))
		frontend = dsr_frontend_of_vip6(dn, daddr);
	return frontend;
}

/**
 * dsr_frontend_of_packet() - find the frontend of a packet that is not parsed
 * @dn: balancer
 * @skb: packet with an IP header
 * @family: its family
 * @fwmark: its mark, or 0 to look at its destination alone
 *
 * Context: rcu_read_lock().
 * Return: the frontend or %NULL.
 */
static __always_inline struct dsr_frontend *
dsr_frontend_of_packet(struct dsr_net *dn, const struct sk_buff *skb, u8 family,
		       u32 fwmark)
{
	return likely(family == AF_INET) ?
	       dsr_frontend_find4(dn, fwmark, ip_hdr(skb)->daddr) :
	       dsr_frontend_find6(dn, fwmark, &ipv6_hdr(skb)->daddr);
}

/** dsr_frontend_find() - find the frontend of a packet with @tuple */
static inline struct dsr_frontend *
dsr_frontend_find(struct dsr_net *dn, u32 fwmark, const struct dsr_tuple *tuple)
{
	return tuple->family == AF_INET ?
	       dsr_frontend_find4(dn, fwmark, tuple->v4.daddr) :
	       dsr_frontend_find6(dn, fwmark, &tuple->v6.daddr);
}

bool dsr_frontend_matches(const struct dsr_service_key *key,
			  const struct dsr_tuple *tuple);
struct dsr_service *dsr_frontend_match(const struct dsr_frontend *frontend,
				       const struct dsr_tuple *tuple);
struct dsr_service *dsr_frontend_pick_up(const struct dsr_frontend *frontend);
struct dsr_frontend *dsr_frontend_of_key(struct dsr_net *dn,
					 const struct dsr_service_key *key);
int dsr_frontend_set_mask(struct dsr_net *dn, struct dsr_frontend *frontend,
			  u32 mask);
int dsr_frontend_reserve_mask(struct dsr_net *dn, u32 mask);
void dsr_frontend_tidy_masks(struct dsr_net *dn);
struct dsr_frontend *dsr_frontend_new(const struct dsr_service_key *key);
int dsr_frontend_link(struct dsr_net *dn, struct dsr_service *service);
bool dsr_frontend_link_to(struct dsr_net *dn, struct dsr_service *service,
			  struct dsr_frontend *spare);
void dsr_frontend_unlink(struct dsr_net *dn, struct dsr_service *service);
void dsr_frontend_withdraw(struct dsr_net *dn, struct dsr_service *service);

#endif /* _DSR_FRONTEND_H */
