// SPDX-License-Identifier: GPL-2.0
/* netns - see netns.h */

#include "control/attach.h"
#include "control/hush.h"
#include "control/netns.h"
#include "control/proc.h"

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
	dsr_rs_attach_init(rs);
	rs->reasons = alloc_percpu_gfp(struct dsr_rs_reasons,
				       GFP_KERNEL_ACCOUNT);
	if (!rs->reasons)
		return -ENOMEM;
	err = dsr_rs_proc_init(net);
	if (err)
		free_percpu(rs->reasons);
	return err;
}

/* Remove the rules, and stop all packets with the hooks. A grace period passes
 * between this and net_exit().
 */
static void __net_exit net_pre_exit(struct net *net)
{
	struct dsr_rs_net *rs = dsr_rs_net(net);
	struct dsr_rs_rule *rule, *next;

	mutex_lock(&rs->lock);
	list_for_each_entry_safe(rule, next, &rs->rules.all, all)
		dsr_rs_rule_unlist(&rs->rules, rule, &rs->lock);
	dsr_rs_attach_stop(rs);
	dsr_rs_hush_exit(rs);
	mutex_unlock(&rs->lock);
}

static void __net_exit net_exit(struct net *net)
{
	struct dsr_rs_net *rs = dsr_rs_net(net);

	dsr_rs_proc_exit(net);
	dsr_rs_attach_exit(rs);
	dsr_rs_rule_exit(&rs->rules);
	free_percpu(rs->reasons);
	mutex_destroy(&rs->lock);
}

static struct pernet_operations net_ops = {
	.init = net_init,
	.pre_exit = net_pre_exit,
	.exit = net_exit,
	.id = &dsr_rs_net_id,
	.size = sizeof(struct dsr_rs_net),
};

/** dsr_rs_netns_init() - give each namespace its struct dsr_rs_net */
int __init dsr_rs_netns_init(void)
{
	return register_pernet_subsys(&net_ops);
}

/** dsr_rs_netns_exit() - stop and free the state of all namespaces */
void dsr_rs_netns_exit(void)
{
	unregister_pernet_subsys(&net_ops);
}
