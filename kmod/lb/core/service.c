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

/* Bounds the chains of dsr_net.marks and of dsr_net.vips. */

/**
 * dsr_service_compare() - the order of services
 * @a: key of one
 * @b: key of another
 *
 * Marks come first, then addresses, then by what they name.
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

/* Whether of two ranges of ports neither is part of the other, and yet some
 * port is in both: then none of the two would be the more exact one.
 */
static bool key_clashes(const struct dsr_service_key *a,
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

/** dsr_service_find() - the service of a key, or %NULL; holds dn->lock */
struct dsr_service *dsr_service_find(struct dsr_net *dn,
				     const struct dsr_service_key *key)
{
	return find(dn, key, key_is);
}
EXPORT_SYMBOL_GPL(dsr_service_find);

/** dsr_service_clash() - a service that forbids one of @key; holds dn->lock */
struct dsr_service *dsr_service_clash(struct dsr_net *dn,
				      const struct dsr_service_key *key)
{
	return find(dn, key, key_clashes);
}

/* Keep the list in ascending order: dumps go on by position. */
static void service_link(struct dsr_net *dn, struct dsr_service *service)
{
	struct dsr_service *before;

	list_for_each_entry_reverse(before, &dn->services, list)
		if (dsr_service_compare(&before->key, &service->key) < 0)
			break;
	list_add(&service->list, &before->list);
}

static void service_apply(struct dsr_service *service,
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
	for (i = 0; i < ARRAY_SIZE(config->timeouts.state); i++)
		WRITE_ONCE(service->timeouts.state[i],
			   config->timeouts.state[i]);
}

/** dsr_service_config() - what a user has chosen of @service; holds dn->lock */
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

/* @probe may be %NULL. In between packets find either. */
static void probe_replace(struct dsr_net *dn, struct dsr_service *service,
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
 * dsr_service_add() - add a service
 * @dn: balancer, without a service of this key
 * @key: its key
 * @config: the rest
 *
 * Each service holds the module: it is unloaded, by itself or with a module
 * that needs it, only after the services were removed.
 *
 * Context: process context, holds dn->writer and dn->lock, as dsr_pool_build().
 * Return: 0; -%EBUSY if its mark is one of a range for probes; -%ENODEV if the
 * module is being unloaded; as dsr_probe_new(), or another negative errno. An
 * error changes nothing.
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
	if (!try_module_get(THIS_MODULE))
		return -ENODEV;
	service = kzalloc(sizeof(*service), GFP_KERNEL_ACCOUNT);
	if (!service) {
		err = -ENOMEM;
		goto put_module;
	}
	service->key = *key;
	INIT_LIST_HEAD(&service->backends);
	service_apply(service, config);
	err = dsr_pool_build(dn, service, config->scheduler, &config->options);
	if (err)
		goto free_service;
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
	probe_replace(dn, service, probe);
	service_link(dn, service);
	dn->services_count++;
	dsr_net_changed(dn);
	return 0;

unlink_service:
	dsr_frontend_unlink(dn, service);
free_probe:
	if (probe)
		dsr_probe_free(dn, probe);
free_pool:
	dsr_pool_release(dn, dsr_service_pool(dn, service));
free_service:
	kfree_rcu(service, rcu);	/* a packet may have found it */
put_module:
	module_put(THIS_MODULE);
	return err;
}

/**
 * dsr_service_set() - change a service; its backends and connections stay
 * @dn: balancer
 * @service: service
 * @config: all that is to be
 *
 * Context: process context, holds dn->writer and dn->lock, as dsr_pool_build().
 * Return: 0, or as dsr_pool_build() or dsr_probe_new() with nothing changed.
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
	if (config->scheduler != pool->scheduler ||
	    config->options.hash != pool->options.hash ||
	    config->options.slots != pool->options.slots) {
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
		probe_replace(dn, service, probe);
	service_apply(service, config);
	if (config->one_packet && !was_one_packet) {
		/* A datagram that is not remembered must not find an entry that
		 * a packet adds which has seen the service as it was.
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
	struct dsr_backend *backend, *next;
	struct dsr_stats sum;

	lockdep_assert_held(&dn->lock);
	probe_replace(dn, service, NULL);
	dsr_service_sum(service, &sum);
	dn->retired.packets += sum.packets;
	dn->retired.bytes += sum.bytes;
	dn->retired.connections += sum.connections;
	dsr_frontend_unlink(dn, service);
	list_del(&service->list);
	list_for_each_entry_safe(backend, next, &service->backends, list)
		dsr_backend_release(backend);
	/* Packets that found the service before can still schedule from it:
	 * what they got is freed by RCU, and after them nobody can.
	 */
	dsr_pool_release(dn, dsr_service_pool(dn, service));
	kfree(service->ipvs);
	kfree_rcu(service, rcu);
	dn->services_count--;
	dsr_net_changed(dn);
	/* Unloading waits for requests that run, and namespaces that end. */
	module_put(THIS_MODULE);
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
EXPORT_SYMBOL_GPL(dsr_service_sum);
