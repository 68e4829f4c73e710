// SPDX-License-Identifier: GPL-2.0
/* attach - see attach.h */

#include <linux/ipv6.h>
#include <linux/slab.h>
#include <net/netfilter/ipv4/nf_defrag_ipv4.h>
#include <net/netfilter/ipv6/nf_defrag_ipv6.h>

#include "control/attach.h"
#include "control/hook.h"
#include "core/pending.h"
#include "core/flow.h"
#include "limit.h"

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

static void memories_free(struct dsr_rs_net *rs)
{
	kvfree(rs->recent);
	kvfree(rs->pendings);
	rs->recent = NULL;
	rs->pendings = NULL;
}

/**
 * dsr_rs_attach_start() - become live, unless the namespace is live
 * @rs: namespace, its lock held
 *
 * Context: process context, sleeps.
 * Return: 0 or -errno, with nothing changed.
 */
int dsr_rs_attach_start(struct dsr_rs_net *rs)
{
	int err;

	lockdep_assert_held(&rs->lock);
	if (rs->live) {
		dsr_rs_hook_reorder(rs);
		return 0;
	}
	rs->recent = kvzalloc(sizeof(*rs->recent), GFP_KERNEL_ACCOUNT);
	rs->pendings = dsr_rs_pending_alloc();
	err = -ENOMEM;
	if (!rs->recent || !rs->pendings)
		goto free_memories;
	err = dsr_table_init(&rs->table, &dsr_rs_flow_ops, dsr_rs_net_wq,
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
static void unhook(struct dsr_rs_net *rs)
{
	lockdep_assert_held(&rs->lock);
	WRITE_ONCE(rs->live, false);
	dsr_rs_hook_stop(rs);
	defrag_disable(rs->net);
}

/* After unhook() and a grace period. */
static void memory_free(struct dsr_rs_net *rs)
{
	dsr_table_exit(&rs->table);
	memories_free(rs);
}

/**
 * dsr_rs_attach_shutdown_idle() - cease to be live if there is neither rule nor flow
 * @rs: namespace, its lock held
 *
 * Context: process context, sleeps.
 */
void dsr_rs_attach_shutdown_idle(struct dsr_rs_net *rs)
{
	lockdep_assert_held(&rs->lock);
	if (!rs->live || rs->rules.count || atomic_read(&rs->table.entries))
		return;
	unhook(rs);
	/* Packets that were in a hook, and may have begun a flow there. */
	synchronize_net();
	memory_free(rs);
}

static void idle_work(struct work_struct *work)
{
	struct dsr_rs_net *rs = container_of(work, struct dsr_rs_net, idle);

	mutex_lock(&rs->lock);
	dsr_rs_attach_shutdown_idle(rs);
	mutex_unlock(&rs->lock);
}

/* A balancer has come, or gone. */
static void reorder_work(struct work_struct *work)
{
	struct dsr_rs_net *rs = container_of(work, struct dsr_rs_net, reorder);

	mutex_lock(&rs->lock);
	if (rs->live)
		dsr_rs_hook_reorder(rs);
	mutex_unlock(&rs->lock);
}

/* Notifiers must not sleep, or should not wait; and packets may have seen the
 * address and begin a flow.
 */
static void lost_work(struct work_struct *work)
{
	struct dsr_rs_net *rs = container_of(work, struct dsr_rs_net, lost);

	mutex_lock(&rs->lock);
	if (rs->live) {
		synchronize_net();
		dsr_rs_flow_remove_to(rs, AF_INET, NULL);
		dsr_rs_flow_remove_to(rs, AF_INET6, NULL);
	}
	mutex_unlock(&rs->lock);
}

/** dsr_rs_attach_init() - set up the work of a namespace; no hook is registered */
void dsr_rs_attach_init(struct dsr_rs_net *rs)
{
	INIT_WORK(&rs->idle, idle_work);
	INIT_WORK(&rs->lost, lost_work);
	INIT_WORK(&rs->reorder, reorder_work);
}

/**
 * dsr_rs_attach_stop() - cease to be live in a namespace that ends
 * @rs: namespace without rules, its lock held
 *
 * Context: process context, sleeps. A grace period comes before
 * dsr_rs_attach_exit().
 */
void dsr_rs_attach_stop(struct dsr_rs_net *rs)
{
	if (rs->live)
		unhook(rs);
}

/** dsr_rs_attach_exit() - free what dsr_rs_attach_stop() has left; sleeps */
void dsr_rs_attach_exit(struct dsr_rs_net *rs)
{
	cancel_work_sync(&rs->idle);
	cancel_work_sync(&rs->lost);
	cancel_work_sync(&rs->reorder);
	if (rs->recent)
		memory_free(rs);
}
