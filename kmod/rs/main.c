// SPDX-License-Identifier: GPL-2.0
/*
 * main - loading, unloading, and the life of a network namespace; see net.h
 */

#include <linux/inetdevice.h>
#include <linux/ipv6.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <net/addrconf.h>
#include <net/netfilter/ipv4/nf_defrag_ipv4.h>
#include <net/netfilter/ipv6/nf_defrag_ipv6.h>
#include <net/netns/generic.h>
#include <linux/dsr.h>

#include "balancer.h"
#include "control/hook.h"
#include "core/embryo.h"
#include "core/flow.h"
#include "core/net.h"
#include "limit.h"

#define CREATE_TRACE_POINTS
#include "core/trace.h"

static unsigned int flows_max = 1048576;
module_param(flows_max, uint, 0444);
MODULE_PARM_DESC(flows_max, "hard cap on flows in each network namespace, until set there");

static unsigned int dsr_rs_net_id;
static struct workqueue_struct *dsr_rs_wq;

const char *const dsr_rs_reason_names[DSR_RS_REASON_COUNT] = {
#define DSR_RS_REASON_NAME(name, text) text,
	DSR_RS_REASONS(DSR_RS_REASON_NAME)
#undef DSR_RS_REASON_NAME
};

static int defrag_enable(struct net *net)
{
	int err = nf_defrag_ipv4_enable(net);

	if (err || !ipv6_mod_enabled())
		return err;
	err = nf_defrag_ipv6_enable(net);
	if (err)
		nf_defrag_ipv4_disable(net);
	return err;
}

static void defrag_disable(struct net *net)
{
	nf_defrag_ipv4_disable(net);
	if (ipv6_mod_enabled())
		nf_defrag_ipv6_disable(net);
}

/** dsr_rs_net() - what the module has in @net */
struct dsr_rs_net *dsr_rs_net(const struct net *net)
{
	return net_generic(net, dsr_rs_net_id);
}

static void memories_free(struct dsr_rs_net *rs)
{
	kvfree(rs->recent);
	kvfree(rs->embryos);
	rs->recent = NULL;
	rs->embryos = NULL;
}

/**
 * dsr_rs_net_start() - become live, unless that is so
 * @rs: namespace, its lock held
 *
 * Context: process context, sleeps.
 * Return: 0 or -errno, with nothing changed.
 */
int dsr_rs_net_start(struct dsr_rs_net *rs)
{
	int err;

	lockdep_assert_held(&rs->lock);
	if (rs->live) {
		dsr_rs_hook_place(rs);
		return 0;
	}
	rs->recent = kvzalloc(sizeof(*rs->recent), GFP_KERNEL_ACCOUNT);
	rs->embryos = dsr_rs_embryo_alloc();
	err = -ENOMEM;
	if (!rs->recent || !rs->embryos)
		goto free_memories;
	err = dsr_table_init(&rs->table, &dsr_rs_flow_ops, dsr_rs_wq,
			     rs->flows_max, dsr_limit_charge(rs->net));
	if (err)
		goto free_memories;
	err = defrag_enable(rs->net);
	if (err)
		goto exit_table;
	err = dsr_rs_hook_start(rs);
	if (err)
		goto disable_defrag;
	WRITE_ONCE(rs->live, true);
	return 0;

disable_defrag:
	defrag_disable(rs->net);
exit_table:
	dsr_table_exit(&rs->table);
free_memories:
	memories_free(rs);
	return err;
}

/* No packet comes any more. */
static void net_unhook(struct dsr_rs_net *rs)
{
	lockdep_assert_held(&rs->lock);
	WRITE_ONCE(rs->live, false);
	dsr_rs_hook_stop(rs);
	defrag_disable(rs->net);
}

/* After net_unhook() and a grace period. */
static void net_free(struct dsr_rs_net *rs)
{
	dsr_table_exit(&rs->table);
	memories_free(rs);
}

/**
 * dsr_rs_net_rest() - cease to be live if there is neither rule nor flow
 * @rs: namespace, its lock held
 *
 * Context: process context, sleeps.
 */
void dsr_rs_net_rest(struct dsr_rs_net *rs)
{
	lockdep_assert_held(&rs->lock);
	if (!rs->live || rs->rules.count || atomic_read(&rs->table.entries))
		return;
	net_unhook(rs);
	/* Packets that were in a hook, and may have begun a flow there. */
	synchronize_net();
	net_free(rs);
}

static void net_idle_work(struct work_struct *work)
{
	struct dsr_rs_net *rs = container_of(work, struct dsr_rs_net, idle);

	mutex_lock(&rs->lock);
	dsr_rs_net_rest(rs);
	mutex_unlock(&rs->lock);
}

/* A balancer has come, or gone. */
static void net_place_work(struct work_struct *work)
{
	struct dsr_rs_net *rs = container_of(work, struct dsr_rs_net, place);

	mutex_lock(&rs->lock);
	if (rs->live)
		dsr_rs_hook_place(rs);
	mutex_unlock(&rs->lock);
}

/* Notifiers must not sleep, or should not wait; and packets may have seen the
 * address and begin a flow.
 */
static void net_lost_work(struct work_struct *work)
{
	struct dsr_rs_net *rs = container_of(work, struct dsr_rs_net, lost);

	mutex_lock(&rs->lock);
	if (rs->live) {
		synchronize_net();
		dsr_rs_flow_forget(rs, AF_INET, NULL);
		dsr_rs_flow_forget(rs, AF_INET6, NULL);
	}
	mutex_unlock(&rs->lock);
}

/**
 * dsr_rs_net_idle() - the last flow has gone
 * @rs: namespace
 *
 * Context: any.
 */
void dsr_rs_net_idle(struct dsr_rs_net *rs)
{
	if (READ_ONCE(rs->live) && !READ_ONCE(rs->rules.count))
		queue_work(dsr_rs_wq, &rs->idle);
}

/**
 * dsr_rs_net_default_max() - hard cap of a namespace, until it is set
 * @net: namespace
 *
 * Return: flows; see limit.h.
 */
u32 dsr_rs_net_default_max(const struct net *net)
{
	return dsr_limit_table(net, flows_max);
}

/** dsr_rs_net_packets() - packets that have ended with @reason */
u64 dsr_rs_net_packets(const struct dsr_rs_net *rs, enum dsr_rs_reason reason)
{
	u64 packets = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		packets += READ_ONCE(per_cpu_ptr(rs->reasons,
						 cpu)->packets[reason]);
	return packets;
}

static int __net_init net_init(struct net *net)
{
	struct dsr_rs_net *rs = dsr_rs_net(net);
	int err;

	rs->net = net;
	rs->flows_max = dsr_rs_net_default_max(net);
	rs->unruled = jiffies - 1;
	dsr_rs_rule_init(&rs->rules);
	dsr_rs_silence_init(&rs->silences);
	mutex_init(&rs->lock);
	INIT_WORK(&rs->idle, net_idle_work);
	INIT_WORK(&rs->lost, net_lost_work);
	INIT_WORK(&rs->place, net_place_work);
	rs->reasons = alloc_percpu_gfp(struct dsr_rs_reasons,
				       GFP_KERNEL_ACCOUNT);
	if (!rs->reasons)
		return -ENOMEM;
	err = dsr_rs_proc_init(net);
	if (err)
		free_percpu(rs->reasons);
	return err;
}

/* Rules go, and with the hooks all packets. Between this and net_exit() lies a
 * grace period.
 */
static void __net_exit net_pre_exit(struct net *net)
{
	struct dsr_rs_net *rs = dsr_rs_net(net);
	struct dsr_rs_rule *rule, *next;

	mutex_lock(&rs->lock);
	list_for_each_entry_safe(rule, next, &rs->rules.all, all)
		dsr_rs_rule_unlist(&rs->rules, rule, &rs->lock);
	if (rs->live)
		net_unhook(rs);
	dsr_rs_silence_exit(rs);
	mutex_unlock(&rs->lock);
}

static void __net_exit net_exit(struct net *net)
{
	struct dsr_rs_net *rs = dsr_rs_net(net);

	dsr_rs_proc_exit(net);
	cancel_work_sync(&rs->idle);
	cancel_work_sync(&rs->lost);
	cancel_work_sync(&rs->place);
	/* Unhooked by net_pre_exit() with the table left to us. */
	if (rs->recent)
		net_free(rs);
	free_percpu(rs->reasons);
	mutex_destroy(&rs->lock);
}

static struct pernet_operations dsr_rs_net_ops = {
	.init		= net_init,
	.pre_exit	= net_pre_exit,
	.exit		= net_exit,
	.id		= &dsr_rs_net_id,
	.size		= sizeof(struct dsr_rs_net),
};

/* A flow leads to an address: without it, its packets would be routed out. The
 * RTNL is held, which all of the machine waits for: so neither wait for the lock of
 * one namespace nor look at all of its flows here.
 */
static void address_lost(const struct net_device *dev)
{
	struct dsr_rs_net *rs = dsr_rs_net(dev_net(dev));

	if (READ_ONCE(rs->live))
		queue_work(dsr_rs_wq, &rs->lost);
}

static int address_event(struct notifier_block *nb, unsigned long event,
			 void *ptr)
{
	const struct in_ifaddr *ifa = ptr;

	if (event == NETDEV_DOWN)
		address_lost(ifa->ifa_dev->dev);
	return NOTIFY_DONE;
}

static int address6_event(struct notifier_block *nb, unsigned long event,
			  void *ptr)
{
	const struct inet6_ifaddr *ifa = ptr;

	if (event == NETDEV_DOWN)
		address_lost(ifa->idev->dev);
	return NOTIFY_DONE;
}

static int balancer_event(struct notifier_block *nb, unsigned long event,
			  void *ptr)
{
	struct dsr_balancer *balancer = ptr;
	struct dsr_rs_net *rs;

	if (event != DSR_BALANCER_EVENT || balancer->ask)
		return NOTIFY_DONE;
	rs = dsr_rs_net(balancer->net);
	if (READ_ONCE(rs->live))
		queue_work(dsr_rs_wq, &rs->place);
	return NOTIFY_DONE;
}

static struct notifier_block dsr_rs_balancer_nb = {
	.notifier_call = balancer_event,
};

static struct notifier_block dsr_rs_address_nb = {
	.notifier_call = address_event,
};

static struct notifier_block dsr_rs_address6_nb = {
	.notifier_call = address6_event,
};

static int __init dsr_rs_init(void)
{
	int err;

	if (flows_max < DSR_TABLE_MAX_MIN || flows_max > DSR_TABLE_MAX_MAX) {
		pr_err("flows_max must be from %u to %u\n", DSR_TABLE_MAX_MIN,
		       DSR_TABLE_MAX_MAX);
		return -EINVAL;
	}
	err = dsr_rs_flow_init();
	if (err)
		return err;
	dsr_rs_wq = alloc_workqueue("dsr_rs", WQ_UNBOUND, 0);
	if (!dsr_rs_wq) {
		err = -ENOMEM;
		goto exit_flow;
	}
	err = register_pernet_subsys(&dsr_rs_net_ops);
	if (err)
		goto destroy_wq;
	err = register_inetaddr_notifier(&dsr_rs_address_nb);
	if (err)
		goto unregister_pernet;
	err = register_inet6addr_notifier(&dsr_rs_address6_nb);
	if (err)
		goto unregister_notifier;
	err = register_netevent_notifier(&dsr_rs_balancer_nb);
	if (err)
		goto unregister_notifier6;
	err = dsr_rs_netlink_init();
	if (err)
		goto unregister_balancer;
	return 0;

unregister_balancer:
	unregister_netevent_notifier(&dsr_rs_balancer_nb);
unregister_notifier6:
	unregister_inet6addr_notifier(&dsr_rs_address6_nb);
unregister_notifier:
	unregister_inetaddr_notifier(&dsr_rs_address_nb);
unregister_pernet:
	unregister_pernet_subsys(&dsr_rs_net_ops);
destroy_wq:
	destroy_workqueue(dsr_rs_wq);
exit_flow:
	rcu_barrier();
	dsr_rs_flow_exit();
	return err;
}

static void __exit dsr_rs_exit(void)
{
	dsr_rs_netlink_exit();
	unregister_netevent_notifier(&dsr_rs_balancer_nb);
	unregister_inet6addr_notifier(&dsr_rs_address6_nb);
	unregister_inetaddr_notifier(&dsr_rs_address_nb);
	unregister_pernet_subsys(&dsr_rs_net_ops);
	destroy_workqueue(dsr_rs_wq);
	/* Flows and rules on their way out are freed by our code. */
	rcu_barrier();
	dsr_rs_flow_exit();
}

module_init(dsr_rs_init);
module_exit(dsr_rs_exit);

MODULE_DESCRIPTION("Direct server return: the real server");
MODULE_LICENSE("GPL");
MODULE_VERSION(DSR_VERSION);
