// SPDX-License-Identifier: GPL-2.0
/* drain - see drain.h */

#include "control/drain.h"
#include "control/notify.h"
#include "core/service.h"

/**
 * dsr_drain_plan() - schedule the work for the nearest deadline
 * @dn: balancer; its deadlines have changed
 *
 * Context: process context, holds dn->lock.
 */
void dsr_drain_plan(struct dsr_net *dn)
{
	struct dsr_service *service;
	struct dsr_backend *backend;
	u32 left = 0, least = 0;

	lockdep_assert_held(&dn->lock);
	list_for_each_entry(service, &dn->services, list) {
		list_for_each_entry(backend, &service->backends, list) {
			left = dsr_backend_drain_left(backend);
			if (left && (!least || left < least))
				least = left;
		}
	}
	if (least)
		mod_delayed_work(system_wq, &dn->drain, least);
}

static void drain_work(struct work_struct *work)
{
	struct dsr_net *dn = container_of(to_delayed_work(work), struct dsr_net,
					  drain);
	struct dsr_service *service;
	struct dsr_backend *backend;

	mutex_lock(&dn->lock);
	list_for_each_entry(service, &dn->services, list) {
		list_for_each_entry(backend, &service->backends, list) {
			if (!dsr_backend_is_due(backend))
				continue;
			/* The backend left the pool when it began to drain. */
			backend->deadline = 0;
			WRITE_ONCE(backend->config.admin, DSR_BACKEND_DOWN);
			dsr_net_changed(dn);
			dsr_notify_backend(dn, DSR_CMD_BACKEND_STATE, backend);
		}
	}
	dsr_drain_plan(dn);
	mutex_unlock(&dn->lock);
}

/** dsr_drain_init() - set up struct dsr_net.drain, not scheduled */
void dsr_drain_init(struct dsr_net *dn)
{
	INIT_DELAYED_WORK(&dn->drain, drain_work);
}
