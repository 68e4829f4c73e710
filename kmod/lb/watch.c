// SPDX-License-Identifier: GPL-2.0
/* watch - see watch.h */

#include <net/neighbour.h>
#include <net/netevent.h>

#include "balancer.h"
#include "event.h"
#include "frontend.h"
#include "service.h"
#include "watch.h"

static void note_backend(struct dsr_net *dn, struct dsr_backend *backend,
			 bool failed)
{
	if (failed)
		atomic_inc(&backend->unresolved);
	else if (!READ_ONCE(backend->lost))
		return;		/* nothing was wrong before */
	WRITE_ONCE(backend->lost, failed);
	WRITE_ONCE(backend->noted, true);
	queue_work(system_wq, &dn->watch);
}

static void note_bucket(struct dsr_net *dn, struct hlist_head *bucket,
			u8 family, const void *addr, bool failed)
{
	struct dsr_frontend *frontend;
	struct dsr_service *service;
	struct dsr_backend *backend;

	hlist_for_each_entry_rcu(frontend, bucket, node) {
		if (frontend->family != family)
			continue;
		hlist_for_each_entry_rcu(service, &frontend->services, node)
			list_for_each_entry_rcu(backend, &service->backends,
						list)
				if (!memcmp(&backend->nexthop.addr, addr,
					    dsr_addr_len(family)))
					note_backend(dn, backend, failed);
	}
}

static void note_neighbour(struct dsr_net *dn, const struct neighbour *neigh,
			   bool failed)
{
	u8 family = neigh->tbl->family;
	int i;

	rcu_read_lock();
	for (i = 0; i < ARRAY_SIZE(dn->marks); i++)
		note_bucket(dn, &dn->marks[i], family, neigh->primary_key,
			    failed);
	for (i = 0; i < ARRAY_SIZE(dn->vips); i++)
		note_bucket(dn, &dn->vips[i], family, neigh->primary_key,
			    failed);
	rcu_read_unlock();
}

/* The real server's module asks whether to let packets pass us first. */
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
	/* Who deletes an entry makes it fail first, without asking anybody;
	 * what has been asked for in vain fails by a timer.
	 */
	if ((state & NUD_FAILED) && !in_serving_softirq())
		return NOTIFY_DONE;
	if (READ_ONCE(dn->services_count) && (state & (NUD_FAILED | NUD_VALID)))
		note_neighbour(dn, neigh, state & NUD_FAILED);
	return NOTIFY_DONE;
}

static void watch_work(struct work_struct *work)
{
	struct dsr_net *dn = container_of(work, struct dsr_net, watch);
	struct dsr_service *service;
	struct dsr_backend *backend;

	mutex_lock(&dn->lock);
	list_for_each_entry(service, &dn->services, list) {
		list_for_each_entry(backend, &service->backends, list) {
			if (!READ_ONCE(backend->noted))
				continue;
			WRITE_ONCE(backend->noted, false);
			dsr_event_backend(dn, DSR_CMD_BACKEND_STATE, backend);
		}
	}
	mutex_unlock(&dn->lock);
}

/** dsr_watch_net_init() - set up struct dsr_net.watch */
void dsr_watch_net_init(struct dsr_net *dn)
{
	INIT_WORK(&dn->watch, watch_work);
}

static struct notifier_block notifier = {
	.notifier_call = on_event,
};

/** dsr_watch_init() - hear of all neighbours, once namespaces have balancers */
int dsr_watch_init(void)
{
	return register_netevent_notifier(&notifier);
}

/**
 * dsr_watch_exit() - hear of neighbours no more
 *
 * Waits for notifications that run: the chain is an atomic one, whose readers
 * are under RCU.
 */
void dsr_watch_exit(void)
{
	unregister_netevent_notifier(&notifier);
}
