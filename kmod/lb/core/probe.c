// SPDX-License-Identifier: GPL-2.0
/* probe - see probe.h */

#include <linux/slab.h>

#include "core/backend.h"
#include "core/probe.h"

#define BLOCK_BITS	8	/* a block has as many marks as a range */

static_assert(DSR_PROBE_MARKS == 1 << BLOCK_BITS);

static struct hlist_head *bucket_of(struct dsr_net *dn, u32 block)
{
	return &dn->probes[hash_32(block, DSR_PROBE_BITS)];
}

/** dsr_probe_number() - return the index of a backend's mark in the range
 *
 * It is the last byte of the address.
 */
u8 dsr_probe_number(u8 family, const union nf_inet_addr *addr)
{
	return family == AF_INET ? ntohl(addr->ip) & 0xff :
				   addr->in6.s6_addr[15];
}

/**
 * dsr_probe_find() - find the frontend of a probe mark
 * @dn: balancer
 * @family: address family of the packet
 * @fwmark: mark of the packet
 *
 * Context: rcu_read_lock() or holds dn->lock.
 * Return: the frontend or %NULL.
 */
struct dsr_frontend *dsr_probe_find(struct dsr_net *dn, u8 family, u32 fwmark)
{
	struct dsr_probe_block *block;
	struct dsr_probe *probe;

	hlist_for_each_entry_rcu(block, bucket_of(dn, fwmark >> BLOCK_BITS),
				 node, lockdep_is_held(&dn->lock)) {
		probe = block->probe;
		if (probe->family == family &&
		    fwmark - probe->first < DSR_PROBE_MARKS)
			return &probe->marks[fwmark - probe->first];
	}
	return NULL;
}

/* Check if a mark of the range from @first on is in use already. */
static bool is_taken(struct dsr_net *dn, const struct dsr_service *owner,
		     u32 first)
{
	const struct dsr_service *service;
	u32 other;

	list_for_each_entry(service, &dn->services, list) {
		if (service->key.family != owner->key.family)
			continue;
		if (service->key.fwmark &&
		    service->key.fwmark - first < DSR_PROBE_MARKS)
			return true;
		other = dsr_probe_first(service);
		if (service != owner && other &&
		    (other - first < DSR_PROBE_MARKS ||
		     first - other < DSR_PROBE_MARKS))
			return true;
	}
	/* a service that is just being added is not in the list yet */
	return owner->key.fwmark && owner->key.fwmark - first < DSR_PROBE_MARKS;
}

/**
 * dsr_probe_is_shared() - check if another backend has the same last byte
 * @service: service
 * @addr: the address; a backend with this very address does not count
 *
 * Context: holds struct dsr_net.lock.
 */
bool dsr_probe_is_shared(const struct dsr_service *service,
			 const union nf_inet_addr *addr)
{
	u8 family = service->key.family;
	const struct dsr_backend *backend;

	list_for_each_entry(backend, &service->backends, list)
		if (dsr_probe_number(family, &backend->nexthop.addr) ==
		    dsr_probe_number(family, addr) &&
		    dsr_addr_compare(&backend->nexthop.addr, addr))
			return true;
	return false;
}

/**
 * dsr_probe_new() - make a range for a service
 * @dn: balancer
 * @service: service
 * @first: its first mark; the last mark must fit 32 bits, too
 *
 * Context: process context, holds dn->lock.
 * Return: the range, for dsr_probe_link() or dsr_probe_free(), or an ERR_PTR():
 * -%EADDRINUSE if one of the marks is in use; -%ENOTUNIQ if two backends would
 * get the same mark; -%ENOMEM.
 */
struct dsr_probe *dsr_probe_new(struct dsr_net *dn, struct dsr_service *service,
				u32 first)
{
	const struct dsr_backend *backend;

	lockdep_assert_held(&dn->lock);
	if (is_taken(dn, service, first))
		return ERR_PTR(-EADDRINUSE);
	list_for_each_entry(backend, &service->backends, list)
		if (dsr_probe_is_shared(service, &backend->nexthop.addr))
			return ERR_PTR(-ENOTUNIQ);
	return dsr_probe_make(service, first) ?: ERR_PTR(-ENOMEM);
}

/** dsr_probe_make() - dsr_probe_new() without its checks; %NULL without memory */
struct dsr_probe *dsr_probe_make(struct dsr_service *service, u32 first)
{
	struct dsr_probe *probe;
	int i;

	probe = kvzalloc(sizeof(*probe), GFP_KERNEL_ACCOUNT);
	if (!probe)
		return NULL;
	probe->service = service;
	probe->first = first;
	probe->family = service->key.family;
	for (i = 0; i < ARRAY_SIZE(probe->blocks); i++)
		probe->blocks[i].probe = probe;
	for (i = 0; i < DSR_PROBE_MARKS; i++) {
		probe->marks[i].fwmark = first + i;
		probe->marks[i].family = probe->family;
		probe->marks[i].probe = probe;
	}
	return probe;
}

/** dsr_probe_link() - link a range, so that packets find it; holds dn->lock */
void dsr_probe_link(struct dsr_net *dn, struct dsr_probe *probe)
{
	u32 block = probe->first >> BLOCK_BITS;

	lockdep_assert_held(&dn->lock);
	hlist_add_head_rcu(&probe->blocks[0].node, bucket_of(dn, block));
	if (probe->first & (DSR_PROBE_MARKS - 1))
		hlist_add_head_rcu(&probe->blocks[1].node,
				   bucket_of(dn, block + 1));
	WRITE_ONCE(dn->probes_count, dn->probes_count + 1);
}

/**
 * dsr_probe_free() - undo dsr_probe_new(), and dsr_probe_link()
 * @dn: balancer
 * @probe: range; freed after a grace period
 *
 * Context: process context, holds dn->lock.
 */
void dsr_probe_free(struct dsr_net *dn, struct dsr_probe *probe)
{
	lockdep_assert_held(&dn->lock);
	if (!hlist_unhashed(&probe->blocks[0].node))
		WRITE_ONCE(dn->probes_count, dn->probes_count - 1);
	hlist_del_init_rcu(&probe->blocks[0].node);
	hlist_del_init_rcu(&probe->blocks[1].node);
	kvfree_rcu(probe, rcu);
}

/**
 * dsr_probe_mark() - return the probe mark of a backend
 * @service: its service
 * @addr: its address
 *
 * Context: holds struct dsr_net.lock.
 * Return: the mark; 0 if the service has no probe marks.
 */
u32 dsr_probe_mark(const struct dsr_service *service,
		   const union nf_inet_addr *addr)
{
	u32 first = dsr_probe_first(service);

	return first ? first + dsr_probe_number(service->key.family, addr) : 0;
}

/**
 * dsr_probe_backend() - find the backend of a probe mark
 * @frontend: frontend of the mark, from dsr_probe_find()
 *
 * Walks the backends of the service: probes are rare.
 *
 * Context: rcu_read_lock().
 * Return: the backend or %NULL.
 */
struct dsr_backend *dsr_probe_backend(const struct dsr_frontend *frontend)
{
	u32 number = frontend->fwmark - frontend->probe->first;
	struct dsr_backend *backend;

	list_for_each_entry_rcu(backend, &frontend->probe->service->backends,
				list)
		if (dsr_probe_number(frontend->family,
				     &backend->nexthop.addr) == number)
			return backend;
	return NULL;
}
