// SPDX-License-Identifier: GPL-2.0
/*
 * hook - register the hooks, before or after dsr_lb; see hook.h
 */

#include <linux/ipv6.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>

#include "balancer.h"
#include "control/hook.h"
#include "datapath/deliver.h"
#include "datapath/reply.h"

#define HOOK(family, function, where, when) {				\
	.hook = (function), .pf = (family),		\
	.hooknum = NF_INET_##where, .priority = (when),			\
}

/* PRE_ROUTING after defragmentation and before conntrack; POST_ROUTING last. */
#define HOOKS(family, pri)						\
	HOOK(family, dsr_rs_deliver_hook, PRE_ROUTING, pri##_RAW - 50),		\
	HOOK(family, dsr_rs_reply_hook, POST_ROUTING, pri##_LAST)

/* dsr_lb registers at MANGLE + 1. */
#define HOOKS_AFTER_LB(family, pri)					\
	HOOK(family, dsr_rs_deliver_after_lb_hook, PRE_ROUTING,		\
	     pri##_MANGLE + 2),						\
	HOOK(family, dsr_rs_untrack_hook, LOCAL_OUT, pri##_RAW - 50),		\
	HOOK(family, dsr_rs_reply_hook, POST_ROUTING, pri##_LAST)

/* The second half is for IPv6, which the kernel may run without. */
static const struct nf_hook_ops hooks_first[] = {
	HOOKS(NFPROTO_IPV4, NF_IP_PRI), HOOKS(NFPROTO_IPV6, NF_IP6_PRI),
};

static const struct nf_hook_ops hooks_after_lb[] = {
	HOOKS_AFTER_LB(NFPROTO_IPV4, NF_IP_PRI),
	HOOKS_AFTER_LB(NFPROTO_IPV6, NF_IP6_PRI),
};

static_assert(ARRAY_SIZE(hooks_after_lb) == DSR_RS_HOOKS);

static int hooks_register(struct dsr_rs_net *rs, bool after_lb)
{
	const struct nf_hook_ops *from = after_lb ? hooks_after_lb : hooks_first;
	unsigned int count = after_lb ? ARRAY_SIZE(hooks_after_lb) :
				      ARRAY_SIZE(hooks_first);
	unsigned int i;
	int err;

	if (!ipv6_mod_enabled())
		count /= 2;
	for (i = 0; i < count; i++) {
		rs->hooks[i] = from[i];
		rs->hooks[i].priv = rs;
	}
	err = nf_register_net_hooks(rs->net, rs->hooks, count);
	rs->hooked = err ? 0 : count;
	rs->after_lb = after_lb;
	return err;
}

/**
 * dsr_rs_hook_start() - register the hooks
 * @rs: namespace, its lock held
 *
 * Context: process context, sleeps.
 * Return: 0 or -errno.
 */
int dsr_rs_hook_start(struct dsr_rs_net *rs)
{
	lockdep_assert_held(&rs->lock);
	return hooks_register(rs, dsr_balancer_is_live(rs->net));
}

/**
 * dsr_rs_hook_stop() - unregister the hooks; packets may still be in them
 * @rs: namespace, its lock held
 *
 * Context: process context, sleeps.
 */
void dsr_rs_hook_stop(struct dsr_rs_net *rs)
{
	lockdep_assert_held(&rs->lock);
	nf_unregister_net_hooks(rs->net, rs->hooks, rs->hooked);
	rs->hooked = 0;
}

/**
 * dsr_rs_hook_reorder() - move the hooks after dsr_lb, or before conntrack
 * @rs: namespace, live, its lock held
 *
 * For a moment packets pass by the module: a packet that met the hooks in both
 * places would look like one for the machine itself the second time. If there
 * is no memory for the hooks, the next rule or service tries again.
 *
 * Context: process context, sleeps.
 */
void dsr_rs_hook_reorder(struct dsr_rs_net *rs)
{
	bool after_lb = dsr_balancer_is_live(rs->net);

	lockdep_assert_held(&rs->lock);
	if (rs->hooked && rs->after_lb == after_lb)
		return;
	dsr_rs_hook_stop(rs);
	if (hooks_register(rs, after_lb))
		pr_warn_ratelimited("dsr_rs: no memory for the hooks\n");
}
