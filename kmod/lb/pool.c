// SPDX-License-Identifier: GPL-2.0
/* pool - see pool.h */

#include <linux/overflow.h>
#include <linux/slab.h>

#include "pool.h"
#include "service.h"

/* Go on where @old was, so that changes favour nobody: a health checker may
 * make some every second. Both have their members in ascending order.
 */
static void take_over(struct dsr_pool *pool, struct dsr_pool *old)
{
	u32 i, j = 0;

	atomic_set(&pool->turn, atomic_read(&old->turn));
	spin_lock_bh(&old->lock);
	for (i = 0; i < pool->count; i++) {
		struct dsr_pool_member *member = &pool->member[i];

		while (j < old->count &&
		       dsr_backend_compare(old->member[j].backend,
					   member->backend) < 0)
			j++;
		if (j < old->count &&
		    old->member[j].backend == member->backend)
			member->credit = old->member[j].credit;
	}
	spin_unlock_bh(&old->lock);
}

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
		if (!backend->config.weight)
			continue;
		pool->member[pool->count++] = (struct dsr_pool_member) {
			.backend = backend,
			.weight = backend->config.weight,
		};
		pool->limited |= backend->config.upper != 0;
	}
	if (old)
		take_over(pool, old);
	rcu_assign_pointer(service->pool, pool);
	if (old)
		kvfree_rcu(old, rcu);
	return 0;
}

/** dsr_pool_rebuild() - dsr_pool_build() with the scheduler as it is */
int dsr_pool_rebuild(struct dsr_net *dn, struct dsr_service *service)
{
	return dsr_pool_build(dn, service,
			      dsr_service_pool(dn, service)->scheduler);
}
