// SPDX-License-Identifier: GPL-2.0
/* neigh - see neigh.h */

#include <net/neighbour.h>
#include <net/netevent.h>

#include "balancer.h"
#include "control/notify.h"
#include "control/neigh.h"
#include "core/server.h"
#include "core/service.h"

/* Addresses of lost backends to resolve in a second. */
#define SOUGHT_MAX	128

static void note_neighbour(struct dsr_net *dn, const struct neighbour *neigh,
			   bool failed)
{
	struct dsr_server *server;

	rcu_read_lock();
	server = dsr_server_find(dn->net, neigh->tbl->family,
				 neigh->primary_key);
	if (!server)
		goto unlock;
	if (failed)
		atomic_inc(&server->unresolved);
	else if (!READ_ONCE(server->lost))
		goto unlock;	/* the last resolution did not fail either */
	WRITE_ONCE(server->lost, failed);
	WRITE_ONCE(server->noted, true);
	queue_work(system_wq, &dn->watch);
unlock:
	rcu_read_unlock();
}

/* Tell dsr_rs if there are services: its hooks then have to run after ours. */
static void answer_balancer(struct dsr_balancer *balancer)
{
	if (balancer->ask)
		balancer->live = READ_ONCE(dsr_net(balancer->net)->live);
}

static int on_event(struct notifier_block *block, unsigned long event,
		    void *arg)
{
	struct neighbour *neigh = arg;
	struct dsr_net *dn;
	u8 state;

	if (event == DSR_BALANCER_EVENT)
		answer_balancer(arg);
	if (event != NETEVENT_NEIGH_UPDATE ||
	    (neigh->tbl->family != AF_INET && neigh->tbl->family != AF_INET6))
		return NOTIFY_DONE;
	dn = dsr_net(dev_net(neigh->dev));
	state = READ_ONCE(neigh->nud_state);
	/* The kernel also sets NUD_FAILED when it deletes an entry. Count only
	 * failed resolutions: these are detected by a timer, in softirq.
	 */
	if ((state & NUD_FAILED) && !in_serving_softirq())
		return NOTIFY_DONE;
	if (READ_ONCE(dn->services_count) && (state & (NUD_FAILED | NUD_VALID)))
		note_neighbour(dn, neigh, state & NUD_FAILED);
	return NOTIFY_DONE;
}

static bool skips(struct dsr_net *dn, struct dsr_service *service)
{
	return dsr_service_pool(dn, service)->options.on_unreachable ==
	       DSR_ON_UNREACHABLE_SKIP;
}

/* Call @what for all backends. */
static void visit_backends(struct dsr_net *dn,
			   void (*what)(struct dsr_net *dn,
					struct dsr_backend *backend))
{
	struct dsr_service *service;
	struct dsr_backend *backend;

	list_for_each_entry(service, &dn->services, list) {
		list_for_each_entry(backend, &service->backends, list)
			what(dn, backend);
		cond_resched();
	}
}

/* Check if the backend's own route needs no resolution, or has an answer. */
static bool is_found(struct dsr_net *dn, struct dsr_backend *backend)
{
	u8 mac[MAX_ADDR_LEN], mac_len, state;
	int ifindex;

	state = dsr_backend_state(dn->net, backend, &ifindex, mac, &mac_len);
	return state == DSR_BACKEND_REACHABLE || state == DSR_BACKEND_LOCAL;
}

/* A resolution that failed may have been one by another device: any user can
 * cause such. Only the backend's own route tells.
 */
static void take_note(struct dsr_net *dn, struct dsr_backend *backend)
{
	struct dsr_server *server = backend->server;

	if (!READ_ONCE(server->noted))
		return;
	WRITE_ONCE(server->noted, false);
	if (READ_ONCE(server->lost) && is_found(dn, backend))
		WRITE_ONCE(server->lost, false);
	server->told = true;
}

static void tell(struct dsr_net *dn, struct dsr_backend *backend)
{
	if (backend->server->told)
		dsr_notify_backend(dn, DSR_CMD_BACKEND_STATE, backend);
}

/**
 * dsr_neigh_seek() - look for the lost backends of a service in a second
 * @dn: balancer
 * @service: service; nothing happens unless it skips lost backends
 *
 * Call after each change of the service, of its backends, or of a neighbour.
 *
 * Context: process context, holds dn->lock.
 */
void dsr_neigh_seek(struct dsr_net *dn, struct dsr_service *service)
{
	lockdep_assert_held(&dn->lock);
	if (skips(dn, service))
		queue_delayed_work(system_unbound_wq, &dn->seek, HZ);
}

/* Rebuild the pool of a service if a changed server has to leave or join. If
 * memory is short, seek_work() has this tried again.
 */
static void rebuild_pool(struct dsr_net *dn, struct dsr_service *service)
{
	struct dsr_backend *backend;

	list_for_each_entry(backend, &service->backends, list) {
		if (!backend->server->told)
			continue;
		dsr_neigh_seek(dn, service);
		if (!dsr_pool_is_outdated(dsr_service_pool(dn, service), backend))
			continue;
		if (dsr_pool_rebuild(dn, service))
			WRITE_ONCE(backend->server->noted, true);
		return;
	}
}

static void rebuild_pools(struct dsr_net *dn)
{
	struct dsr_service *service;

	list_for_each_entry(service, &dn->services, list) {
		if (skips(dn, service))
			rebuild_pool(dn, service);
		cond_resched();
	}
}

static void have_told(struct dsr_net *dn, struct dsr_backend *backend)
{
	backend->server->told = false;
}

/* Take lost backends out of the pools, or put them back, and notify the
 * listeners, for all backends of each changed server. If a server is noted again
 * meanwhile, the work is queued again.
 */
static void watch_work(struct work_struct *work)
{
	struct dsr_net *dn = container_of(work, struct dsr_net, watch);

	dsr_net_writer_lock(dn);
	visit_backends(dn, take_note);
	rebuild_pools(dn);
	visit_backends(dn, tell);
	visit_backends(dn, have_told);
	dsr_net_writer_unlock(dn);
}

/* Have the kernel resolve the address of a backend, as a packet would. */
static void resolve(struct dsr_net *dn, struct dsr_backend *backend)
{
	struct dst_entry *dst;
	struct neighbour *neigh;

	rcu_read_lock();
	dst = dsr_nexthop_get(dn->net, &backend->nexthop);
	neigh = dst ? dst_neigh_lookup(dst, &backend->nexthop.addr) : NULL;
	rcu_read_unlock();
	if (!neigh)
		return;
	neigh_event_send(neigh, NULL);
	neigh_release(neigh);
}

/* Look for a backend once in a round, and @left times at most.
 *
 * Return: true if there is something to look for, or to take note of.
 */
static bool seek(struct dsr_net *dn, struct dsr_backend *backend, int *left)
{
	struct dsr_server *server = backend->server;

	if (READ_ONCE(server->lost) && is_found(dn, backend))
		WRITE_ONCE(server->noted, true);	/* without an event */
	if (READ_ONCE(server->noted)) {
		queue_work(system_wq, &dn->watch);
		return true;
	}
	if (!READ_ONCE(server->lost))
		return false;
	if (server->sought != dn->seek_round && *left) {
		server->sought = dn->seek_round;
		--*left;
		resolve(dn, backend);
	}
	return true;
}

/* An entry of the neighbour table that is being resolved keeps its place there. So
 * the number of addresses to look for in a second is bounded.
 */
static void seek_work(struct work_struct *work)
{
	struct dsr_net *dn = container_of(to_delayed_work(work),
					  struct dsr_net, seek);
	struct dsr_service *service;
	struct dsr_backend *backend;
	int left = SOUGHT_MAX;
	bool again = false;

	mutex_lock(&dn->lock);
	list_for_each_entry(service, &dn->services, list) {
		if (!skips(dn, service))
			continue;
		list_for_each_entry(backend, &service->backends, list) {
			again |= seek(dn, backend, &left);
			cond_resched();
		}
	}
	if (left)
		dn->seek_round++;
	if (again)
		queue_delayed_work(system_unbound_wq, &dn->seek, HZ);
	mutex_unlock(&dn->lock);
}

/** dsr_neigh_net_init() - set up the work items of a namespace */
void dsr_neigh_net_init(struct dsr_net *dn)
{
	INIT_WORK(&dn->watch, watch_work);
	INIT_DELAYED_WORK(&dn->seek, seek_work);
	dn->seek_round = 1;
}

static struct notifier_block notifier = {
	.notifier_call = on_event,
};

/** dsr_neigh_init() - register the netevent notifier
 *
 * Call after dsr_netns_init(): the notifier uses the balancer of the namespace.
 */
int dsr_neigh_init(void)
{
	return register_netevent_notifier(&notifier);
}

/**
 * dsr_neigh_exit() - unregister the netevent notifier
 *
 * Waits for running notifications: the chain is an atomic notifier chain, whose
 * readers are under RCU.
 */
void dsr_neigh_exit(void)
{
	unregister_netevent_notifier(&notifier);
}
