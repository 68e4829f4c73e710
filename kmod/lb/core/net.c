// SPDX-License-Identifier: GPL-2.0
/* net - start, stop and end of a namespace's balancer; see net.h */

#include <linux/ipv6.h>
#include <linux/module.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/netfilter/ipv4/nf_defrag_ipv4.h>
#include <net/netfilter/ipv6/nf_defrag_ipv6.h>
#include <linux/dsr.h>

#include "balancer.h"
#include "control/drain.h"
#include "control/lro.h"
#include "control/proc.h"
#include "control/watch.h"
#include "core/conn.h"
#include "core/net.h"
#include "core/nexthop.h"
#include "core/path.h"
#include "core/service.h"
#include "datapath/hook.h"
#include "datapath/output.h"
#include "limit.h"

unsigned int dsr_net_id __read_mostly;
EXPORT_SYMBOL_GPL(dsr_net_id);

static unsigned int conn_max __read_mostly = 1 << 20;
module_param(conn_max, uint, 0444);
MODULE_PARM_DESC(conn_max, "connections that a namespace remembers at most");

static struct dsr_net_side *side_of(struct dsr_net *dn, u8 family)
{
	return family == AF_INET ? &dn->ipv4 : &dn->ipv6;
}

/* @mangle: of the chains that most rules are in that set a mark; they come just
 * before. A mark that is set later the late hooks see; that of LOCAL_IN is just
 * before @nat_src, as ip_vs has it. What this machine sends is seen last of
 * all: a chain that changes its mark has it routed anew.
 */
static void side_init(struct dsr_net *dn, u8 pf, int mangle, int nat_src)
{
	struct nf_hook_ops *hooks = side_of(dn, pf)->hooks;

	hooks[0] = (struct nf_hook_ops) {
		.hook = dsr_hook,
		.priv = dn,
		.pf = pf,
		.hooknum = NF_INET_PRE_ROUTING,
		.priority = mangle + 1,
	};
	hooks[1] = (struct nf_hook_ops) {
		.hook = dsr_hook_late,
		.priv = dn,
		.pf = pf,
		.hooknum = NF_INET_PRE_ROUTING,
		.priority = INT_MAX,
	};
	hooks[2] = (struct nf_hook_ops) {
		.hook = dsr_hook_late,
		.priv = dn,
		.pf = pf,
		.hooknum = NF_INET_LOCAL_IN,
		.priority = nat_src - 1,
	};
	hooks[3] = (struct nf_hook_ops) {
		.hook = dsr_output_hook,
		.priv = dn,
		.pf = pf,
		.hooknum = NF_INET_LOCAL_OUT,
		.priority = INT_MAX,
	};
}

static int defrag_enable(struct net *net, u8 family)
{
	return family == AF_INET ? nf_defrag_ipv4_enable(net) :
				   nf_defrag_ipv6_enable(net);
}

static void defrag_disable(struct net *net, u8 family)
{
	if (family == AF_INET)
		nf_defrag_ipv4_disable(net);
	else
		nf_defrag_ipv6_disable(net);
}

static void table_exit(struct dsr_net *dn)
{
	dsr_table_exit(&dn->table);
	dn->has_table = false;
}

/* Give the table up if there is neither service nor connection. */
static void net_rest(struct dsr_net *dn)
{
	lockdep_assert_held(&dn->lock);
	if (dn->has_table && !dn->live && !atomic_read(&dn->table.entries))
		table_exit(dn);
}

static void net_rest_work(struct work_struct *work)
{
	struct dsr_net *dn = container_of(work, struct dsr_net, rest);

	mutex_lock(&dn->lock);
	net_rest(dn);
	mutex_unlock(&dn->lock);
}

/**
 * dsr_net_start() - look at packets for the sake of one more service
 * @dn: balancer
 * @family: of the service, which is not linked yet
 *
 * Context: process context, holds dn->lock.
 * Return: 0 or a negative errno.
 */
int dsr_net_start(struct dsr_net *dn, u8 family)
{
	struct dsr_net_side *side = side_of(dn, family);
	bool first = !dn->ipv4.services && !dn->ipv6.services;
	int err;

	lockdep_assert_held(&dn->lock);
	if (family == AF_INET6 && !ipv6_mod_enabled())
		return -EAFNOSUPPORT;
	if (side->services++)
		return 0;
	err = defrag_enable(dn->net, family);
	if (err)
		goto forget_service;
	if (!dn->has_table) {
		err = dsr_conn_table_init(dn);
		if (err)
			goto disable_defrag;
		dn->has_table = true;
		dn->crowded = 0;	/* an empty table has forgotten nobody */
	}
	err = nf_register_net_hooks(dn->net, side->hooks,
				    ARRAY_SIZE(side->hooks));
	if (err)
		goto rest;
	if (first) {
		err = dsr_path_start(dn);
		if (err)
			goto unhook;
		WRITE_ONCE(dn->live, true);
		dsr_lro_disable(dn);
		dsr_balancer_changed(dn->net);
	}
	return 0;

unhook:
	nf_unregister_net_hooks(dn->net, side->hooks,
				ARRAY_SIZE(side->hooks));
	synchronize_net();
rest:
	net_rest(dn);
disable_defrag:
	defrag_disable(dn->net, family);
forget_service:
	side->services--;
	return err;
}

/**
 * dsr_net_stop() - undo dsr_net_start()
 * @dn: balancer
 * @family: of a service, which is not linked any more
 *
 * Connections outlive the last service of all by as long as they may be silent:
 * who restarts keepalived, say, is to have them back.
 *
 * Context: process context, holds dn->lock, sleeps.
 */
void dsr_net_stop(struct dsr_net *dn, u8 family)
{
	struct dsr_net_side *side = side_of(dn, family);
	bool last;

	lockdep_assert_held(&dn->lock);
	if (--side->services)
		return;
	last = !dn->ipv4.services && !dn->ipv6.services;
	nf_unregister_net_hooks(dn->net, side->hooks,
				ARRAY_SIZE(side->hooks));
	if (last) {
		dsr_path_stop(dn);
		WRITE_ONCE(dn->live, false);
	}
	/* The hooks may be running still, and so may who takes the last
	 * connection out without having seen that. Packets that the hooks have
	 * put elsewhere (neighbour queue, NFQUEUE, qdisc) hold nothing of ours.
	 */
	synchronize_net();
	if (last) {
		net_rest(dn);
		dsr_balancer_changed(dn->net);
	}
	defrag_disable(dn->net, family);
}

/**
 * dsr_net_default_max() - hard cap of a namespace that nobody has set
 * @net: namespace
 *
 * Return: connections; see limit.h.
 */
u32 dsr_net_default_max(const struct net *net)
{
	return dsr_limit_table(net, conn_max);
}

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
	INIT_LIST_HEAD(&dn->routed);
	INIT_LIST_HEAD(&dn->services);
	dsr_path_net_init(dn);
	dn->conn_max = dsr_net_default_max(net);
	dn->generation = 1;
	INIT_WORK(&dn->rest, net_rest_work);
	dsr_drain_init(dn);
	dsr_watch_net_init(dn);
	dsr_lro_net_init(dn);
	side_init(dn, NFPROTO_IPV4, NF_IP_PRI_MANGLE, NF_IP_PRI_NAT_SRC);
	side_init(dn, NFPROTO_IPV6, NF_IP6_PRI_MANGLE, NF_IP6_PRI_NAT_SRC);
	err = dsr_proc_net_init(dn);
	if (err)
		free_percpu(dn->reasons);
	return err;
}

/* Before the devices of a dying namespace go, so that no cached route keeps
 * one of them.
 */
static void __net_exit net_pre_exit(struct net *net)
{
	struct dsr_net *dn = dsr_net(net);
	bool was_used;

	dsr_path_flush(dn);
	dsr_net_writer_lock(dn);
	was_used = dn->has_table;
	dsr_service_flush(dn);
	if (dn->has_table)
		table_exit(dn);
	dsr_net_writer_unlock(dn);
	/* Nothing is left that they could be planned for again. */
	cancel_delayed_work_sync(&dn->drain);
	cancel_work_sync(&dn->rest);
	/* No packet looks a route up without a table. Most namespaces never had
	 * one, and so none of these waits.
	 */
	if (was_used)
		synchronize_net();
	dsr_nexthop_release_routes(dn);
	cancel_work_sync(&dn->watch);
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

/** dsr_net_init() - give each namespace its balancer */
int __init dsr_net_init(void)
{
	return register_pernet_subsys(&net_ops);
}

/** dsr_net_exit() - stop and free the balancers of all namespaces */
void dsr_net_exit(void)
{
	unregister_pernet_subsys(&net_ops);
}
