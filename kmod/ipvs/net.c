// SPDX-License-Identifier: GPL-2.0
/* net - see net.h */

#include <linux/sched.h>
#include <linux/slab.h>

#include "net.h"

#define TICK	(2 * HZ)

static unsigned int net_id __read_mostly;

static struct dsr_ipvs_net *ipvs_net(const struct dsr_net *dn)
{
	return net_generic(dn->net, net_id);
}

static void add(struct dsr_stats *sum, const struct dsr_stats *more)
{
	sum->packets += more->packets;
	sum->bytes += more->bytes;
	sum->connections += more->connections;
}

static void sum_all(struct dsr_net *dn, struct dsr_stats *sum)
{
	struct dsr_service *service;
	struct dsr_stats one;

	*sum = dn->retired;
	list_for_each_entry(service, &dn->services, list) {
		dsr_service_sum(service, &one);
		add(sum, &one);
		cond_resched();
	}
}

static void sum_backend(struct dsr_backend *backend, struct dsr_stats *sum)
{
	*sum = (struct dsr_stats) { };
	dsr_stats_add(sum, backend->stats);
}

/**
 * dsr_ipvs_net_dest() - return the data of a backend, allocated if missing
 * @backend: backend; created by dsrctl, or before this module was loaded
 *
 * Context: process context of a request, whose task is charged for the memory;
 * holds struct dsr_net.lock.
 * Return: the data, or %NULL without memory.
 */
struct dsr_ipvs_dest *dsr_ipvs_net_dest(struct dsr_backend *backend)
{
	struct dsr_ipvs_dest *dest = backend->ipvs;

	if (dest)
		return dest;
	dest = kzalloc(sizeof(*dest), GFP_KERNEL_ACCOUNT);
	if (dest)
		sum_backend(backend, &dest->meter.last);
	backend->ipvs = dest;
	return dest;
}

/** dsr_ipvs_net_service() - as dsr_ipvs_net_dest(), for a service */
struct dsr_ipvs_service *dsr_ipvs_net_service(struct dsr_service *service)
{
	struct dsr_ipvs_service *own = service->ipvs;

	if (own)
		return own;
	own = kzalloc(sizeof(*own), GFP_KERNEL_ACCOUNT);
	if (own)
		dsr_service_sum(service, &own->meter.last);
	service->ipvs = own;
	return own;
}

/* An object that no request has asked about has no meter. */
static void tick_service(struct dsr_service *service, unsigned long elapsed)
{
	struct dsr_ipvs_service *own = service->ipvs;
	struct dsr_backend *backend;
	struct dsr_ipvs_dest *dest;
	struct dsr_stats now;

	list_for_each_entry(backend, &service->backends, list) {
		dest = backend->ipvs;
		if (!dest)
			continue;
		sum_backend(backend, &now);
		dsr_ipvs_meter_tick(&dest->meter, &now, elapsed);
		cond_resched();
	}
	if (!own)
		return;
	dsr_service_sum(service, &now);
	dsr_ipvs_meter_tick(&own->meter, &now, elapsed);
}

static void tick_work(struct work_struct *work)
{
	struct dsr_ipvs_net *in = container_of(to_delayed_work(work),
					       struct dsr_ipvs_net, work);
	struct dsr_net *dn = dsr_net(in->net);
	struct dsr_service *service;
	unsigned long elapsed;
	struct dsr_stats now;

	mutex_lock(&dn->lock);
	elapsed = jiffies - in->ticked ?: 1;
	in->ticked += elapsed;
	list_for_each_entry(service, &dn->services, list)
		tick_service(service, elapsed);
	sum_all(dn, &now);
	dsr_ipvs_meter_tick(&in->meter, &now, elapsed);
	in->running = dn->services_count;
	if (in->running)
		queue_delayed_work(system_long_wq, &in->work, TICK);
	mutex_unlock(&dn->lock);
}

/**
 * dsr_ipvs_net_hold() - call dsr_service_hold() unless the user forbids it
 * @dn: balancer
 * @service: service
 *
 * The tools remove and add destinations one by one. So the connections of a
 * deleted destination wait for it to come back, unless the sysctl
 * expire_nodest_conn is set to end them at once.
 *
 * Context: holds dn->lock.
 */
void dsr_ipvs_net_hold(struct dsr_net *dn, struct dsr_service *service)
{
	if (!dn->expire_nodest)
		dsr_service_hold(service);
}

/**
 * dsr_ipvs_net_watch() - start to measure rates
 * @dn: balancer
 *
 * Call this with each request: without requests there is no cost. Measuring
 * stops by itself when no services are left.
 *
 * Context: holds dn->lock.
 */
void dsr_ipvs_net_watch(struct dsr_net *dn)
{
	struct dsr_ipvs_net *in = ipvs_net(dn);

	lockdep_assert_held(&dn->lock);
	if (in->running || !dn->services_count)
		return;
	in->running = true;
	in->ticked = jiffies;
	sum_all(dn, &in->meter.last);
	queue_delayed_work(system_long_wq, &in->work, TICK);
}

/**
 * dsr_ipvs_net_read() - read the traffic of all services
 * @dn: balancer
 * @reading: set
 *
 * The counters are those of the last tick, at most 2 s ago: any user may ask,
 * as often as they like, and adding up all counters takes long.
 *
 * Context: process context, holds dn->lock.
 */
void dsr_ipvs_net_read(struct dsr_net *dn, struct dsr_ipvs_reading *reading)
{
	struct dsr_ipvs_net *in = ipvs_net(dn);
	struct dsr_stats now;

	dsr_ipvs_net_watch(dn);
	if (in->running)
		now = in->meter.last;
	else
		sum_all(dn, &now);	/* there are no services */
	dsr_ipvs_meter_read(&in->meter, &now, reading);
}

static int zero_service(struct dsr_service *service)
{
	struct dsr_ipvs_service *own = dsr_ipvs_net_service(service);
	struct dsr_backend *backend;
	struct dsr_ipvs_dest *dest;
	struct dsr_stats now;

	if (!own)
		return -ENOMEM;
	list_for_each_entry(backend, &service->backends, list) {
		dest = dsr_ipvs_net_dest(backend);
		if (!dest)
			return -ENOMEM;
		sum_backend(backend, &now);
		dsr_ipvs_meter_zero(&dest->meter, &now);
	}
	dsr_service_sum(service, &now);
	dsr_ipvs_meter_zero(&own->meter, &now);
	return 0;
}

/**
 * dsr_ipvs_net_zero() - zero the meters
 * @dn: balancer
 * @service: zero this service with its backends; %NULL: all, and their sum
 *
 * Context: process context, holds dn->lock.
 * Return: 0; -%ENOMEM, with some of them zeroed.
 */
int dsr_ipvs_net_zero(struct dsr_net *dn, struct dsr_service *service)
{
	struct dsr_stats now;
	int err = 0;

	if (service)
		return zero_service(service);
	list_for_each_entry(service, &dn->services, list)
		err = err ?: zero_service(service);
	sum_all(dn, &now);
	if (!err)
		dsr_ipvs_meter_zero(&ipvs_net(dn)->meter, &now);
	return err;
}

static int __net_init net_init(struct net *net)
{
	struct dsr_ipvs_net *in = net_generic(net, net_id);

	in->net = net;
	INIT_DELAYED_WORK(&in->work, tick_work);
	return dsr_ipvs_sysctl_add(net, &in->sysctls);
}

/* Runs when a namespace ends, and for each namespace when the module is
 * unloaded: then the services stay. dsr_lb's own exit comes later in either
 * case.
 */
static void __net_exit net_exit(struct net *net)
{
	struct dsr_ipvs_net *in = net_generic(net, net_id);
	struct dsr_net *dn = dsr_net(net);
	struct dsr_service *service;
	struct dsr_backend *backend;

	dsr_ipvs_sysctl_remove(net, &in->sysctls);
	/* No request is left that could start more ticks. */
	cancel_delayed_work_sync(&in->work);
	mutex_lock(&dn->lock);
	list_for_each_entry(service, &dn->services, list) {
		kfree(service->ipvs);
		service->ipvs = NULL;
		list_for_each_entry(backend, &service->backends, list) {
			kfree(backend->ipvs);
			backend->ipvs = NULL;
		}
	}
	mutex_unlock(&dn->lock);
}

static struct pernet_operations net_ops = {
	.init = net_init,
	.pre_exit = net_exit,
	.id = &net_id,
	.size = sizeof(struct dsr_ipvs_net),
};

/** dsr_ipvs_net_init() - set up the data of each namespace */
int __init dsr_ipvs_net_init(void)
{
	return register_pernet_subsys(&net_ops);
}

/** dsr_ipvs_net_exit() - free the data of all namespaces, after all requests */
void dsr_ipvs_net_exit(void)
{
	unregister_pernet_subsys(&net_ops);
}
