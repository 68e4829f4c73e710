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
 * dsr_rs_attach_start() - make a namespace live, unless it is live already
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

/* Stop the flow of packets to the module. */
static void unhook(struct dsr_rs_net *rs)
{
	lockdep_assert_held(&rs->lock);
	WRITE_ONCE(rs->live, false);
	dsr_rs_hook_stop(rs);
	defrag_disable(rs->net);
}

/* Call after unhook() and a grace period. */
static void memory_free(struct dsr_rs_net *rs)
{
	dsr_table_exit(&rs->table);
	memories_free(rs);
}

/**
 * dsr_rs_attach_shutdown_idle() - stop being live without rules and flows
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
	/* Wait for packets in the hooks: they may still begin a flow. */
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

/* dsr_lb has got its first service in the namespace, or lost its last one. */
static void reorder_work(struct work_struct *work)
{
	struct dsr_rs_net *rs = container_of(work, struct dsr_rs_net, reorder);

	mutex_lock(&rs->lock);
	if (rs->live)
		dsr_rs_hook_reorder(rs);
	mutex_unlock(&rs->lock);
}

/* Work, because some address notifiers must not sleep and none should wait.
 * Wait for packets that have still seen the address and may begin a flow.
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

/** dsr_rs_attach_init() - set up the work items; registers no hook */
void dsr_rs_attach_init(struct dsr_rs_net *rs)
{
	INIT_WORK(&rs->idle, idle_work);
	INIT_WORK(&rs->lost, lost_work);
	INIT_WORK(&rs->reorder, reorder_work);
}

/**
 * dsr_rs_attach_stop() - stop being live because the namespace ends
 * @rs: namespace without rules, its lock held
 *
 * Context: process context, sleeps. The caller waits for a grace period before
 * it calls dsr_rs_attach_exit().
 */
void dsr_rs_attach_stop(struct dsr_rs_net *rs)
{
	if (rs->live)
		unhook(rs);
}

/** dsr_rs_attach_exit() - free the memory of a stopped namespace; sleeps */
void dsr_rs_attach_exit(struct dsr_rs_net *rs)
{
	cancel_work_sync(&rs->idle);
	cancel_work_sync(&rs->lost);
	cancel_work_sync(&rs->reorder);
	if (rs->recent)
		memory_free(rs);
}
