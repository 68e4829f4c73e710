// SPDX-License-Identifier: GPL-2.0
/* pool - see pool.h */

#include <linux/overflow.h>
#include <linux/slab.h>

#include "pool.h"
#include "service.h"

/**
 * dsr_pool_build() - make and publish the pool of a service
 * @dn: balancer
 * @service: service
 * @scheduler: who is to choose
 *
 * Context: process context, holds dn->lock.
 * Return: 0, or -%ENOMEM with nothing changed.
 */
int dsr_pool_build(struct dsr_net *dn, struct dsr_service *service,
		   const struct dsr_scheduler *scheduler)
{
	struct dsr_pool *pool, *old = dsr_service_pool(dn, service);
	struct dsr_backend *backend;

	lockdep_assert_held(&dn->lock);
	pool = kvzalloc(struct_size(pool, member, service->backends_count),
			GFP_KERNEL_ACCOUNT);
	if (!pool)
		return -ENOMEM;
	pool->scheduler = scheduler;
	spin_lock_init(&pool->lock);
	list_for_each_entry(backend, &service->backends, list) {
		if (!backend->weight)
			continue;
		pool->member[pool->count++] = (struct dsr_pool_member) {
			.backend = backend,
			.weight = backend->weight,
		};
		pool->weight += backend->weight;
	}
	if (old) {	/* go on where it was: changes favour nobody */
		atomic_set(&pool->turn, atomic_read(&old->turn));
		kvfree_rcu(old, rcu);
	}
	rcu_assign_pointer(service->pool, pool);
	return 0;
}

/** dsr_pool_rebuild() - dsr_pool_build() with the scheduler as it is */
int dsr_pool_rebuild(struct dsr_net *dn, struct dsr_service *service)
{
	return dsr_pool_build(dn, service,
			      dsr_service_pool(dn, service)->scheduler);
}
