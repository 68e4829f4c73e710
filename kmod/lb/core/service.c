// SPDX-License-Identifier: GPL-2.0
/* service - see service.h */

#include <linux/export.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "core/conn.h"
#include "core/frontend.h"
#include "core/probe.h"
#include "core/scheduler.h"
#include "core/service.h"
#include "limit.h"

/**
 * dsr_service_compare() - order services by their keys
 * @a: key of one service
 * @b: key of another service
 *
 * Services with a mark come before services with an address.
 *
 * Return: <0, 0 or >0.
 */
int dsr_service_compare(const struct dsr_service_key *a,
			const struct dsr_service_key *b)
{
	int order = !a->fwmark - !b->fwmark;

	if (!order)
		order = a->fwmark < b->fwmark ? -1 : a->fwmark > b->fwmark;
	if (!order)
		order = a->family - b->family;
	if (!order)
		order = dsr_addr_compare(&a->vip, &b->vip);
	if (!order)
		order = a->proto - b->proto;
	if (!order)
		order = a->port - b->port;
	return order ?: a->port_last - b->port_last;
}
EXPORT_SYMBOL_GPL(dsr_service_compare);

static bool key_is(const struct dsr_service_key *a,
		   const struct dsr_service_key *b)
{
	return !dsr_service_compare(a, b);
}

/**
 * dsr_service_key_clashes() - check if two port ranges of an address clash
 * @a: key of one service
 * @b: key of another service of the same address
 *
 * They do if they overlap and neither contains the other: then neither would be
 * more specific for the ports in common.
 */
bool dsr_service_key_clashes(const struct dsr_service_key *a,
			     const struct dsr_service_key *b)
{
	if (a->proto != b->proto)
		return false;
	return (a->port < b->port && a->port_last >= b->port &&
		a->port_last < b->port_last) ||
	       (b->port < a->port && b->port_last >= a->port &&
		b->port_last < a->port_last);
}

static struct dsr_service *find(struct dsr_net *dn,
				const struct dsr_service_key *key,
				bool (*test)(const struct dsr_service_key *a,
					     const struct dsr_service_key *b))
{
	struct dsr_frontend *frontend = dsr_frontend_of_key(dn, key);
	struct dsr_service *service;

	if (!frontend)
		return NULL;
	hlist_for_each_entry(service, &frontend->services, node)
		if (test(&service->key, key))
			return service;
	return NULL;
}

/** dsr_service_find() - find the service of @key, or %NULL; holds dn->lock */
struct dsr_service *dsr_service_find(struct dsr_net *dn,
				     const struct dsr_service_key *key)
{
	return find(dn, key, key_is);
}
EXPORT_SYMBOL_GPL(dsr_service_find);

/** dsr_service_clash() - find a service whose port range clashes with @key
 *
 * Context: holds dn->lock.
 * Return: the service or %NULL.
 */
struct dsr_service *dsr_service_clash(struct dsr_net *dn,
				      const struct dsr_service_key *key)
{
	return find(dn, key, dsr_service_key_clashes);
}

/**
 * dsr_service_list() - show a service to requests
 * @dn: balancer
 * @service: service, linked to its frontend
 *
 * Keeps the list in ascending order: a dump resumes by position.
 *
 * Context: process context, holds dn->lock.
 */
void dsr_service_list(struct dsr_net *dn, struct dsr_service *service)
{
	struct dsr_service *before;

	list_for_each_entry_reverse(before, &dn->services, list)
		if (dsr_service_compare(&before->key, &service->key) < 0)
			break;
	list_add(&service->list, &before->list);
	dn->services_count++;
}

/**
 * dsr_service_apply() - set the single words of a configuration
 * @service: service
 * @config: the whole configuration; scheduler, probe marks and the mask of a mark
 *	are no single words
 *
 * Context: any, holds struct dsr_net.lock.
 */
void dsr_service_apply(struct dsr_service *service,
		       const struct dsr_service_config *config)
{
	int i;

	WRITE_ONCE(service->path, config->path);
	WRITE_ONCE(service->ping, config->ping);
	WRITE_ONCE(service->on_down, config->on_down);
	WRITE_ONCE(service->one_packet, config->one_packet);
	WRITE_ONCE(service->tos, config->tos);
	WRITE_ONCE(service->persist, config->persist);
	WRITE_ONCE(service->persist_prefix, config->persist_prefix);
	WRITE_ONCE(service->chances, config->chances);
	for (i = 0; i < ARRAY_SIZE(config->timeouts.state); i++)
		WRITE_ONCE(service->timeouts.state[i],
			   config->timeouts.state[i]);
}

/** dsr_service_config() - return the configuration of @service
 *
 * Context: holds dn->lock.
 */
struct dsr_service_config dsr_service_config(struct dsr_net *dn,
					     struct dsr_service *service)
{
	return (struct dsr_service_config) {
		.scheduler = dsr_service_pool(dn, service)->scheduler,
		.options = dsr_service_pool(dn, service)->options,
		.path = service->path,
		.ping = service->ping,
		.on_down = service->on_down,
		.one_packet = service->one_packet,
		.tos = service->tos,
		.persist = service->persist,
		.persist_prefix = service->persist_prefix,
		.chances = service->chances,
		.timeouts = service->timeouts,
		.probe_marks = dsr_probe_first(service),
		.fwmark_mask = service->frontend->mask,
	};
}
EXPORT_SYMBOL_GPL(dsr_service_config);

static struct dsr_probe *probe_new(struct dsr_net *dn,
				   struct dsr_service *service, u32 first)
{
	return first ? dsr_probe_new(dn, service, first) : NULL;
}

/**
 * dsr_service_replace_probe() - replace the range of probe marks
 * @dn: balancer
 * @service: service
 * @probe: from dsr_probe_new() or dsr_probe_make(), or %NULL. Meanwhile packets
 *	find both
 *
 * Context: any but hard interrupts, holds dn->lock.
 */
void dsr_service_replace_probe(struct dsr_net *dn, struct dsr_service *service,
			       struct dsr_probe *probe)
{
	struct dsr_probe *old = service->probe;

	if (probe)
		dsr_probe_link(dn, probe);
	service->probe = probe;
	if (old)
		dsr_probe_free(dn, old);
}

/**
 * dsr_service_new() - make a service that no packet and no request finds yet
 * @key: its key
 * @config: its configuration; the caller gives it a pool and a frontend
 *
 * Each service holds a reference to the module: the module can be unloaded only
 * after all services were removed.
 *
 * Context: process context.
 * Return: the service, or an ERR_PTR(): -%ENODEV if the module is being
 * unloaded; -%ENOMEM.
 */
struct dsr_service *dsr_service_new(const struct dsr_service_key *key,
				    const struct dsr_service_config *config)
{
	struct dsr_service *service;

	if (!try_module_get(THIS_MODULE))
		return ERR_PTR(-ENODEV);
	service = kzalloc(sizeof(*service), GFP_KERNEL_ACCOUNT);
	if (!service) {
		module_put(THIS_MODULE);
		return ERR_PTR(-ENOMEM);
	}
	service->key = *key;
	INIT_LIST_HEAD(&service->backends);
	dsr_service_apply(service, config);
	return service;
}

/** dsr_service_discard() - undo dsr_service_new(), after a grace period */
void dsr_service_discard(struct dsr_service *service)
{
	kfree_rcu(service, rcu);	/* a packet may have found it */
	module_put(THIS_MODULE);
}

/**
 * dsr_service_add() - add a service
 * @dn: balancer, without a service of this key
 * @key: its key
 * @config: its configuration
 *
 * Context: process context, holds dn->writer and dn->lock, as dsr_pool_build().
 * Return: 0; -%ENOSPC if there are too many services; -%EBUSY if the mark is a
 * probe mark; -%ENODEV if the module is being unloaded; the errors of
 * dsr_pool_build(), dsr_probe_new() and dsr_frontend_set_mask(). On error
 * nothing changes.
 */
int dsr_service_add(struct dsr_net *dn, const struct dsr_service_key *key,
		    const struct dsr_service_config *config)
{
	struct dsr_service *service;
	struct dsr_probe *probe;
	int err;

	lockdep_assert_held(&dn->lock);
	if (dn->services_count >= DSR_LIMIT_LIST)
		return -ENOSPC;
	if (key->fwmark && dsr_probe_find(dn, key->family, key->fwmark))
		return -EBUSY;
	service = dsr_service_new(key, config);
	if (IS_ERR(service))
		return PTR_ERR(service);
	err = dsr_pool_build(dn, service, config->scheduler, &config->options);
	if (err)
		goto discard_service;
	probe = probe_new(dn, service, config->probe_marks);
	if (IS_ERR(probe)) {
		err = PTR_ERR(probe);
		goto free_pool;
	}
	err = dsr_frontend_link(dn, service);
	if (err)
		goto free_probe;
	err = dsr_frontend_set_mask(dn, service->frontend,
				    config->fwmark_mask);
	if (err)
		goto unlink_service;
	dsr_service_replace_probe(dn, service, probe);
	dsr_service_list(dn, service);
	dsr_net_changed(dn);
	return 0;

unlink_service:
	dsr_frontend_unlink(dn, service);
free_probe:
	if (probe)
		dsr_probe_free(dn, probe);
free_pool:
	dsr_pool_release(dn, dsr_service_pool(dn, service));
discard_service:
	dsr_service_discard(service);
	return err;
}

/**
 * dsr_service_set() - change a service; its backends and connections stay
 * @dn: balancer
 * @service: service
 * @config: the whole new configuration
 *
 * Context: process context, holds dn->writer and dn->lock, as dsr_pool_build().
 * Return: 0, or with nothing changed an error of dsr_pool_build(),
 * dsr_probe_new() or dsr_frontend_set_mask().
 */
int dsr_service_set(struct dsr_net *dn, struct dsr_service *service,
		    const struct dsr_service_config *config)
{
	bool same_marks = config->probe_marks == dsr_probe_first(service);
	const struct dsr_pool *pool = dsr_service_pool(dn, service);
	bool was_one_packet = service->one_packet;
	u32 old_mask = service->frontend->mask;
	struct dsr_probe *probe = NULL;
	int err;

	lockdep_assert_held(&dn->lock);
	if (!same_marks)
		probe = probe_new(dn, service, config->probe_marks);
	if (IS_ERR(probe))
		return PTR_ERR(probe);
	err = dsr_frontend_set_mask(dn, service->frontend,
				    config->fwmark_mask);
	if (err) {
		if (probe)
			dsr_probe_free(dn, probe);
		return err;
	}
	if (dsr_service_options_differ(pool, config)) {
		err = dsr_pool_build(dn, service, config->scheduler,
				     &config->options);
		if (err) {
			dsr_frontend_set_mask(dn, service->frontend, old_mask);
			if (probe)
				dsr_probe_free(dn, probe);
			return err;
		}
	}
	if (!same_marks)
		dsr_service_replace_probe(dn, service, probe);
	dsr_service_apply(service, config);
	if (config->one_packet && !was_one_packet) {
		/* Wait for packets that still see the old setting and may add
		 * entries: later datagrams must not find such an entry.
		 */
		synchronize_rcu();
		dsr_conn_remove_datagrams(dn, service);
	}
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
	dsr_service_replace_probe(dn, service, NULL);
	dsr_frontend_unlink(dn, service);
	dsr_service_release(dn, service);
}

/**
 * dsr_service_release() - free a service that new packets no longer find
 * @dn: balancer
 * @service: service without a frontend and probe marks
 *
 * Context: process context, holds dn->lock.
 */
void dsr_service_release(struct dsr_net *dn, struct dsr_service *service)
{
	struct dsr_backend *backend, *next;
	struct dsr_stats sum;

	lockdep_assert_held(&dn->lock);
	dsr_service_sum(service, &sum);
	dn->retired.packets += sum.packets;
	dn->retired.bytes += sum.bytes;
	dn->retired.connections += sum.connections;
	list_del(&service->list);
	list_for_each_entry_safe(backend, next, &service->backends, list)
		dsr_backend_release(backend);
	/* Packets that found the service before may still schedule from it. So
	 * the service, the pool and the backends are freed by RCU.
	 */
	dsr_pool_release(dn, dsr_service_pool(dn, service));
	kfree(service->ipvs);
	kfree_rcu(service, rcu);
	dn->services_count--;
	dsr_net_changed(dn);
	/* Safe: unloading waits for running requests and ending namespaces. */
	module_put(THIS_MODULE);
}

/**
 * dsr_service_sum() - sum the statistics of a service and all its backends
 * @service: service
 * @sum: set; includes removed backends
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
EXPORT_SYMBOL_GPL(dsr_service_sum);
