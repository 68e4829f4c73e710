// SPDX-License-Identifier: GPL-2.0
/* frontend - see frontend.h */

#include <linux/slab.h>

#include "core/frontend.h"
#include "core/service.h"

/** dsr_frontend_matches() - true if @key has the protocol and port of @tuple */
bool dsr_frontend_matches(const struct dsr_service_key *key,
			  const struct dsr_tuple *tuple)
{
	u16 port = ntohs(tuple->dport);

	return (!key->proto || key->proto == tuple->proto) &&
	       port >= key->port && port <= key->port_last;
}

/**
 * dsr_frontend_match() - find the service of a packet
 * @frontend: frontend of the packet
 * @tuple: tuple of the packet
 *
 * Context: rcu_read_lock().
 * Return: the most specific service that matches, or %NULL.
 */
struct dsr_service *dsr_frontend_match(const struct dsr_frontend *frontend,
				       const struct dsr_tuple *tuple)
{
	struct dsr_service *service;

	hlist_for_each_entry_rcu(service, &frontend->services, node)
		if (dsr_frontend_matches(&service->key, tuple))
			return service;
	return NULL;
}

/**
 * dsr_frontend_pick_up() - choose the service that handles echo requests
 * @frontend: frontend
 *
 * An echo request is for an address as a whole, not for one of its services.
 *
 * Context: rcu_read_lock().
 * Return: the first service with a backend that is up; if there is none, the
 * first service; %NULL if there are no services.
 */
struct dsr_service *dsr_frontend_pick_up(const struct dsr_frontend *frontend)
{
	struct dsr_service *service, *first = NULL;

	hlist_for_each_entry_rcu(service, &frontend->services, node) {
		if (rcu_dereference(service->pool)->count)
			return service;
		first = first ?: service;
	}
	return first;
}

/**
 * dsr_frontend_of_masked() - find a frontend that compares part of the mark
 * @dn: balancer
 * @family: address family of the packet
 * @fwmark: mark of the packet; the whole mark has no frontend
 *
 * The other bits of the mark may have another user.
 *
 * Context: rcu_read_lock().
 * Return: the frontend whose mask has the most bits, or %NULL.
 */
struct dsr_frontend *dsr_frontend_of_masked(struct dsr_net *dn, u8 family,
					    u32 fwmark)
{
	struct dsr_frontend *frontend, *best = NULL;
	unsigned int bits, best_bits = 0;
	u32 mask;
	int i;

	for (i = 0; i < DSR_MASKS; i++) {
		mask = READ_ONCE(dn->masks[i]);
		bits = hweight32(mask);
		if (bits <= best_bits)
			continue;
		frontend = dsr_frontend_of_mark(dn, family, fwmark & mask);
		if (frontend && READ_ONCE(frontend->mask) == mask) {
			best = frontend;
			best_bits = bits;
		}
	}
	return best;
}

/* Return the index of @mask among the masks of @dn, or -1. */
static int find_mask(const struct dsr_net *dn, u32 mask)
{
	int i;

	for (i = 0; i < DSR_MASKS; i++)
		if (dn->masks[i] == mask)
			return i;
	return -1;
}

static bool is_used(const struct dsr_net *dn, u32 mask)
{
	struct dsr_frontend *frontend;
	int i;

	for (i = 0; i < ARRAY_SIZE(dn->marks); i++)
		hlist_for_each_entry(frontend, &dn->marks[i], node)
			if (frontend->mask == mask)
				return true;
	return false;
}

/**
 * dsr_frontend_set_mask() - set which bits of a packet's mark are compared
 * @dn: balancer
 * @frontend: frontend, linked
 * @mask: the bits, including all bits of the frontend's own mark
 *
 * Context: process context, holds dn->lock.
 * Return: 0; -%EDQUOT with nothing changed if DSR_MASKS other masks are in use.
 */
int dsr_frontend_set_mask(struct dsr_net *dn, struct dsr_frontend *frontend,
			  u32 mask)
{
	u32 old = frontend->mask;
	int i;

	lockdep_assert_held(&dn->lock);
	if (mask == old)
		return 0;
	if (~mask && find_mask(dn, mask) < 0) {
		i = find_mask(dn, 0);
		/* the place of the old mask, if no other frontend uses it */
		if (i < 0) {
			WRITE_ONCE(frontend->mask, mask);
			i = ~old && !is_used(dn, old) ? find_mask(dn, old) : -1;
		}
		if (i < 0) {
			WRITE_ONCE(frontend->mask, old);
			return -EDQUOT;
		}
		WRITE_ONCE(dn->masks[i], mask);
	}
	WRITE_ONCE(frontend->mask, mask);
	WRITE_ONCE(dn->masked_count, dn->masked_count + !!~mask - !!~old);
	i = find_mask(dn, old);
	if (~old && i >= 0 && !is_used(dn, old))
		WRITE_ONCE(dn->masks[i], 0);
	return 0;
}

/**
 * dsr_frontend_reserve_mask() - make packets try a mask that no frontend has yet
 * @dn: balancer
 * @mask: mask
 *
 * Context: process context, holds dn->lock.
 * Return: 0; the caller sets the mask of a frontend, if at all, and then calls
 * dsr_frontend_tidy_masks(). -%EDQUOT if DSR_MASKS other masks are in use.
 */
int dsr_frontend_reserve_mask(struct dsr_net *dn, u32 mask)
{
	int i;

	lockdep_assert_held(&dn->lock);
	if (!~mask)
		return 0;
	if (find_mask(dn, mask) < 0) {
		i = find_mask(dn, 0);
		if (i < 0)
			return -EDQUOT;
		WRITE_ONCE(dn->masks[i], mask);
	}
	WRITE_ONCE(dn->masked_count, dn->masked_count + 1);
	return 0;
}

/** dsr_frontend_tidy_masks() - give up the masks that no frontend has
 *
 * Context: process context, holds dn->lock.
 */
void dsr_frontend_tidy_masks(struct dsr_net *dn)
{
	const struct dsr_frontend *frontend;
	bool used[DSR_MASKS] = { };
	u32 count = 0;
	int i;

	lockdep_assert_held(&dn->lock);
	for (i = 0; i < ARRAY_SIZE(dn->marks); i++) {
		hlist_for_each_entry(frontend, &dn->marks[i], node) {
			if (!~frontend->mask)
				continue;
			used[find_mask(dn, frontend->mask)] = true;
			count++;
		}
	}
	for (i = 0; i < DSR_MASKS; i++)
		if (!used[i])
			WRITE_ONCE(dn->masks[i], 0);
	WRITE_ONCE(dn->masked_count, count);
}

/** dsr_frontend_of_key() - find the frontend of @key, or %NULL
 *
 * Context: holds dn->lock.
 */
struct dsr_frontend *dsr_frontend_of_key(struct dsr_net *dn,
					 const struct dsr_service_key *key)
{
	lockdep_assert_held(&dn->lock);
	if (key->fwmark)
		return dsr_frontend_of_mark(dn, key->family, key->fwmark);
	return key->family == AF_INET ?
	       dsr_frontend_of_vip4(dn, key->vip.ip) :
	       dsr_frontend_of_vip6(dn, &key->vip.in6);
}

static struct hlist_head *bucket_of(struct dsr_net *dn,
				    const struct dsr_service_key *key)
{
	u32 hash;

	if (key->fwmark)
		return &dn->marks[hash_32(key->fwmark, DSR_FRONTEND_BITS)];
	hash = key->family == AF_INET ? (__force u32)key->vip.ip :
					ipv6_addr_hash(&key->vip.in6);
	return &dn->vips[hash_32(hash, DSR_FRONTEND_BITS)];
}

/* Rank a service; packets try the lowest rank first. A service with a protocol
 * ranks before a service for all protocols, and few ports rank before many.
 */
static u32 breadth(const struct dsr_service_key *key)
{
	return (key->proto ? 0 : 1 << 16) + key->port_last - key->port;
}

/** dsr_frontend_new() - make the frontend of @key; return %NULL without memory */
struct dsr_frontend *dsr_frontend_new(const struct dsr_service_key *key)
{
	struct dsr_frontend *frontend;

	frontend = kzalloc(sizeof(*frontend), GFP_KERNEL_ACCOUNT);
	if (!frontend)
		return NULL;
	frontend->fwmark = key->fwmark;
	frontend->mask = U32_MAX;
	frontend->family = key->family;
	frontend->vip = key->vip;
	return frontend;
}

/* Link a service to a frontend that has others, in the order of their ranks. */
static void link_among(struct dsr_frontend *frontend,
		       struct dsr_service *service)
{
	struct dsr_service *other, *before = NULL;

	hlist_for_each_entry(other, &frontend->services, node) {
		if (breadth(&other->key) > breadth(&service->key))
			break;
		before = other;
	}
	if (before)
		hlist_add_behind_rcu(&service->node, &before->node);
	else
		hlist_add_head_rcu(&service->node, &frontend->services);
}

/**
 * dsr_frontend_link_to() - link a service, so that packets find it
 * @dn: balancer
 * @service: service, completely set up
 * @spare: from dsr_frontend_new(), linked if the service's mark or address has
 *	no frontend; else it may be %NULL
 *
 * Context: any but hard interrupts, holds dn->lock.
 * Return: true if @spare was linked.
 */
bool dsr_frontend_link_to(struct dsr_net *dn, struct dsr_service *service,
			  struct dsr_frontend *spare)
{
	const struct dsr_service_key *key = &service->key;
	struct dsr_frontend *frontend = dsr_frontend_of_key(dn, key);

	service->frontend = frontend ?: spare;
	if (frontend) {
		link_among(frontend, service);
		return false;
	}
	hlist_add_head_rcu(&service->node, &spare->services);
	hlist_add_head_rcu(&spare->node, bucket_of(dn, key));
	if (!key->fwmark)
		WRITE_ONCE(dn->vips_count, dn->vips_count + 1);
	return true;
}

/**
 * dsr_frontend_link() - link a service, so that packets find it
 * @dn: balancer
 * @service: service, completely set up
 *
 * Context: process context, holds dn->lock.
 * Return: 0 or -%ENOMEM.
 */
int dsr_frontend_link(struct dsr_net *dn, struct dsr_service *service)
{
	struct dsr_frontend *spare = NULL;

	if (!dsr_frontend_of_key(dn, &service->key)) {
		spare = dsr_frontend_new(&service->key);
		if (!spare)
			return -ENOMEM;
	}
	dsr_frontend_link_to(dn, service, spare);
	return 0;
}

/**
 * dsr_frontend_withdraw() - dsr_frontend_unlink() that leaves @dn->masks alone
 * @dn: balancer, for dsr_frontend_tidy_masks()
 * @service: service; the caller frees it after a grace period
 *
 * Context: any but hard interrupts, holds dn->lock.
 */
void dsr_frontend_withdraw(struct dsr_net *dn, struct dsr_service *service)
{
	struct dsr_frontend *frontend = service->frontend;

	lockdep_assert_held(&dn->lock);
	hlist_del_rcu(&service->node);
	if (!hlist_empty(&frontend->services))
		return;
	hlist_del_rcu(&frontend->node);
	if (!frontend->fwmark)
		WRITE_ONCE(dn->vips_count, dn->vips_count - 1);
	kfree_rcu(frontend, rcu);
}

/**
 * dsr_frontend_unlink() - unlink a service
 * @dn: balancer
 * @service: service; the caller frees it after a grace period
 *
 * Frees the frontend after a grace period if this was its last service.
 *
 * Context: process context, holds dn->lock.
 */
void dsr_frontend_unlink(struct dsr_net *dn, struct dsr_service *service)
{
	/* the last service of its frontend: a mark has one only */
	if (service->key.fwmark)
		dsr_frontend_set_mask(dn, service->frontend, U32_MAX);
	dsr_frontend_withdraw(dn, service);
}
