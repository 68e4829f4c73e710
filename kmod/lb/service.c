// SPDX-License-Identifier: GPL-2.0
/* service - see service.h */

#include <linux/slab.h>

#include "scheduler.h"
#include "service.h"

/* Bounds the chains of dsr_net.marks. */
#define SERVICES_MAX	4096

/* Keep the list in ascending order: dumps go on by mark. */
static void service_link(struct dsr_net *dn, struct dsr_service *service)
{
	struct dsr_service *before;

	list_for_each_entry_reverse(before, &dn->services, list)
		if (before->fwmark < service->fwmark)
			break;
	list_add(&service->list, &before->list);
	hlist_add_head_rcu(&service->mark,
			   &dn->marks[dsr_service_bucket(service->fwmark)]);
}

static void service_apply(struct dsr_service *service,
			  const struct dsr_service_config *config)
{
	WRITE_ONCE(service->path, config->path);
	WRITE_ONCE(service->tos, config->tos);
}

/**
 * dsr_service_add() - add a service
 * @dn: balancer, without a service of this mark
 * @fwmark: its key
 * @config: the rest
 *
 * Context: process context, holds dn->lock, sleeps.
 * Return: 0 or a negative errno, with nothing changed.
 */
int dsr_service_add(struct dsr_net *dn, u32 fwmark,
		    const struct dsr_service_config *config)
{
	struct dsr_service *service;
	int err;

	lockdep_assert_held(&dn->lock);
	if (dn->services_count >= SERVICES_MAX)
		return -ENOSPC;
	service = kzalloc(sizeof(*service), GFP_KERNEL_ACCOUNT);
	if (!service)
		return -ENOMEM;
	service->fwmark = fwmark;
	INIT_LIST_HEAD(&service->backends);
	service_apply(service, config);
	err = dsr_pool_build(dn, service, config->scheduler, &config->options);
	if (err)
		goto free_service;
	if (!dn->services_count) {
		err = dsr_net_start(dn);
		if (err)
			goto free_pool;
	}
	service_link(dn, service);
	dn->services_count++;
	dsr_net_changed(dn);
	return 0;

free_pool:
	dsr_pool_release(dn, dsr_service_pool(dn, service));
free_service:
	kfree(service);
	return err;
}

/**
 * dsr_service_set() - change a service; its backends and connections stay
 * @dn: balancer
 * @service: service
 * @config: all that is to be
 *
 * Context: process context, holds dn->lock.
 * Return: 0, or as dsr_pool_build() with nothing changed.
 */
int dsr_service_set(struct dsr_net *dn, struct dsr_service *service,
		    const struct dsr_service_config *config)
{
	const struct dsr_pool *pool = dsr_service_pool(dn, service);
	int err;

	lockdep_assert_held(&dn->lock);
	if (config->scheduler != pool->scheduler ||
	    config->options.hash != pool->options.hash ||
	    config->options.slots != pool->options.slots) {
		err = dsr_pool_build(dn, service, config->scheduler,
				     &config->options);
		if (err)
			return err;
	}
	service_apply(service, config);
	dsr_net_changed(dn);
	return 0;
}

/**
 * dsr_service_remove() - remove a service with its backends
 * @dn: balancer
 * @service: service; freed
 *
 * Context: process context, holds dn->lock, sleeps.
 */
void dsr_service_remove(struct dsr_net *dn, struct dsr_service *service)
{
	struct dsr_backend *backend, *next;

	lockdep_assert_held(&dn->lock);
	hlist_del_rcu(&service->mark);
	list_del(&service->list);
	list_for_each_entry_safe(backend, next, &service->backends, list)
		dsr_backend_release(backend);
	/* Packets that found the service before can still schedule from it:
	 * what they got is freed by RCU, and after them nobody can.
	 */
	dsr_pool_release(dn, dsr_service_pool(dn, service));
	kfree_rcu(service, rcu);
	if (!--dn->services_count)
		dsr_net_stop(dn);
	dsr_net_changed(dn);
}

/** dsr_service_flush() - dsr_service_remove() all; holds dn->lock, sleeps */
void dsr_service_flush(struct dsr_net *dn)
{
	struct dsr_service *service, *next;

	lockdep_assert_held(&dn->lock);
	list_for_each_entry_safe(service, next, &dn->services, list)
		dsr_service_remove(dn, service);
}

/**
 * dsr_service_sum() - all that was ever counted for a service
 * @service: service
 * @sum: set
 *
 * Context: holds struct dsr_net.lock.
 */
void dsr_service_sum(struct dsr_service *service, struct dsr_stats *sum)
{
	struct dsr_backend *backend;

	*sum = service->retired;
	list_for_each_entry(backend, &service->backends, list)
		dsr_stats_add(sum, backend->stats);
}
