/* SPDX-License-Identifier: GPL-2.0 */
/*
 * service - what clients connect to
 *
 * Owner: its namespace's balancer. Read by packets under RCU, freed a grace
 * period after it was unlinked: nothing refers to it for longer, since a
 * connection refers to a backend, and a removed backend's service is not
 * followed.
 *
 * Locking: changes under struct dsr_net.lock.
 */
#ifndef _DSR_SERVICE_H
#define _DSR_SERVICE_H

#include <linux/hash.h>
#include <linux/rculist.h>

#include "net.h"
#include "pool.h"
#include "stats.h"

struct dsr_scheduler;

/**
 * struct dsr_service - what clients connect to
 * @mark: in dsr_net.marks
 * @fwmark: its key
 * @path: enum dsr_path
 * @tos: how to set the TOS byte: mask in the high byte, bits in the low one
 * @pool: who takes new connections
 * @backends: in ascending order of address
 * @backends_count: their number
 * @retired: what removed backends had counted
 * @list: in dsr_net.services
 * @rcu: to free it after its last reader
 */
struct dsr_service {
	struct hlist_node mark;
	u32 fwmark;
	u8 path;
	u16 tos;
	struct dsr_pool __rcu *pool;

	struct list_head backends;
	u32 backends_count;
	struct dsr_stats retired;
	struct list_head list;
	struct rcu_head rcu;
};

/**
 * struct dsr_service_config - what a user can choose of a service
 * @scheduler: scheduler
 * @path: enum dsr_path
 * @tos: as struct dsr_service.tos
 * @options: of the scheduler
 */
struct dsr_service_config {
	const struct dsr_scheduler *scheduler;
	u8 path;
	u16 tos;
	struct dsr_pool_options options;
};

/** dsr_service_bucket() - where the services of a mark are */
static inline u32 dsr_service_bucket(u32 fwmark)
{
	return hash_32(fwmark, DSR_SERVICE_BITS);
}

/**
 * dsr_service_find() - the service of a mark
 * @dn: balancer
 * @fwmark: mark
 *
 * Context: rcu_read_lock() or dn->lock.
 * Return: the service or %NULL.
 */
static inline struct dsr_service *dsr_service_find(struct dsr_net *dn,
						   u32 fwmark)
{
	struct dsr_service *service;

	hlist_for_each_entry_rcu(service,
				 &dn->marks[dsr_service_bucket(fwmark)], mark,
				 lockdep_is_held(&dn->lock))
		if (service->fwmark == fwmark)
			return service;
	return NULL;
}

/** dsr_service_pool() - the pool of @service, for who holds dn->lock */
static inline struct dsr_pool *dsr_service_pool(struct dsr_net *dn,
						struct dsr_service *service)
{
	return rcu_dereference_protected(service->pool,
					 lockdep_is_held(&dn->lock));
}

int dsr_service_add(struct dsr_net *dn, u32 fwmark,
		    const struct dsr_service_config *config);
int dsr_service_set(struct dsr_net *dn, struct dsr_service *service,
		    const struct dsr_service_config *config);
void dsr_service_remove(struct dsr_net *dn, struct dsr_service *service);
void dsr_service_flush(struct dsr_net *dn);
void dsr_service_sum(struct dsr_service *service, struct dsr_stats *sum);

#endif /* _DSR_SERVICE_H */
