// SPDX-License-Identifier: GPL-2.0
/* netns - see netns.h */

#include <linux/slab.h>

#include "control/attach.h"
#include "control/control.h"
#include "control/drain.h"
#include "control/lro.h"
#include "control/netns.h"
#include "control/path.h"
#include "control/proc.h"
#include "control/neigh.h"
#include "core/nexthop.h"

static int __net_init net_init(struct net *net)
{
	struct dsr_net *dn = dsr_net(net);
	int err;

	dn->net = net;
	dn->reasons = __alloc_percpu(DSR_REASON_COUNT * sizeof(u64),
				     sizeof(u64));
	if (!dn->reasons)
		return -ENOMEM;
	mutex_init(&dn->writer);
	mutex_init(&dn->lock);
	spin_lock_init(&dn->routes_lock);
	spin_lock_init(&dn->gate);
	INIT_LIST_HEAD(&dn->routed);
	INIT_LIST_HEAD(&dn->services);
	dsr_path_net_init(dn);
	dn->conn_max = dsr_net_default_max(net);
	dn->generation = 1;
	dsr_attach_init(dn);
	dsr_drain_init(dn);
	dsr_neigh_net_init(dn);
	dsr_lro_net_init(dn);
	err = dsr_proc_net_init(dn);
	if (err)
		free_percpu(dn->reasons);
	return err;
}

/* Runs before the devices of the namespace are unregistered, so that no cached
 * route pins one.
 */
static void __net_exit net_pre_exit(struct net *net)
{
	struct dsr_net *dn = dsr_net(net);
	bool was_used;

	dsr_path_flush(dn);
	dsr_net_writer_lock(dn);
	was_used = dn->has_table;
	dsr_control_exit(dn);
	dsr_attach_exit(dn);
	dsr_net_writer_unlock(dn);
	/* Without services and table, nothing queues these works again. */
	cancel_delayed_work_sync(&dn->drain);
	cancel_work_sync(&dn->rest);
	/* Wait for packets that may still look up a route. Without a table no
	 * packet does, so most namespaces, which never had one, need not wait.
	 */
	if (was_used)
		synchronize_net();
	dsr_nexthop_release_routes(dn);
	cancel_work_sync(&dn->watch);
	cancel_delayed_work_sync(&dn->seek);
	cancel_work_sync(&dn->lro);
}

static void __net_exit net_exit(struct net *net)
{
	struct dsr_net *dn = dsr_net(net);

	dsr_proc_net_exit(dn);
	free_percpu(dn->reasons);
	mutex_destroy(&dn->paths_lock);
	mutex_destroy(&dn->lock);
	mutex_destroy(&dn->writer);
}

static struct pernet_operations net_ops = {
	.init = net_init,
	.pre_exit = net_pre_exit,
	.exit = net_exit,
	.id = &dsr_net_id,
	.size = sizeof(struct dsr_net),
};

/** dsr_netns_init() - give each namespace its balancer */
int __init dsr_netns_init(void)
{
	return register_pernet_subsys(&net_ops);
}

/** dsr_netns_exit() - stop and free the balancers of all namespaces */
void dsr_netns_exit(void)
{
	unregister_pernet_subsys(&net_ops);
}
