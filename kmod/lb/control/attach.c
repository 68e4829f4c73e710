// SPDX-License-Identifier: GPL-2.0
/* attach - see attach.h */

#include <linux/ipv6.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/netfilter/ipv4/nf_defrag_ipv4.h>
#include <net/netfilter/ipv6/nf_defrag_ipv6.h>

#include "balancer.h"
#include "control/attach.h"
#include "control/lro.h"
#include "control/path.h"
#include "core/chance.h"
#include "core/conn.h"
#include "datapath/denied.h"
#include "datapath/hook.h"
#include "datapath/output.h"

static struct dsr_net_side *side_of(struct dsr_net *dn, u8 family)
{
	return family == AF_INET ? &dn->ipv4 : &dn->ipv6;
}

/* Set up the hooks of an address family. Most rules that set a mark are in
 * chains of priority @mangle, so dsr_hook() runs right after these. The late
 * hooks handle marks that are set later. The late hook in LOCAL_IN runs right
 * before priority @nat_src, as ip_vs does. The hook for packets of this machine
 * runs last: when a chain changes the mark of a packet, the kernel routes the
 * packet again, which would undo our route.
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

/**
 * dsr_attach_rest() - free the table if there is no service and no connection
 * @dn: balancer
 *
 * Context: process context, holds dn->lock, sleeps.
 */
void dsr_attach_rest(struct dsr_net *dn)
{
	lockdep_assert_held(&dn->lock);
	if (dn->has_table && !dn->live && !atomic_read(&dn->table.entries))
		table_exit(dn);
}

static void shutdown_idle_work(struct work_struct *work)
{
	struct dsr_net *dn = container_of(work, struct dsr_net, rest);

	mutex_lock(&dn->lock);
	dsr_attach_rest(dn);
	mutex_unlock(&dn->lock);
}

/**
 * dsr_attach_start() - attach the balancer for one more service
 * @dn: balancer
 * @family: address family of the service, which the caller links next
 *
 * Context: process context, holds dn->lock.
 * Return: 0 or a negative errno.
 */
int dsr_attach_start(struct dsr_net *dn, u8 family)
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
		dn->crowded = 0;	/* no flow has been left out yet */
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
	dsr_attach_rest(dn);
disable_defrag:
	defrag_disable(dn->net, family);
forget_service:
	side->services--;
	return err;
}

/**
 * dsr_attach_chances() - take the packets that real servers give back
 * @dn: balancer that dsr_attach_start() has attached
 *
 * Until the last service of the namespace goes. Without chances in any
 * namespace the kernel ignores such frames.
 *
 * Context: process context, holds dn->lock, sleeps.
 * Return: 0 or -%ENOMEM.
 */
int dsr_attach_chances(struct dsr_net *dn)
{
	int err;

	lockdep_assert_held(&dn->lock);
	if (rcu_access_pointer(dn->chances))
		return 0;
	err = dsr_chance_start(dn);
	if (!err)
		dsr_denied_start();
	return err;
}

static void stop_chances(struct dsr_net *dn)
{
	if (!rcu_access_pointer(dn->chances))
		return;
	dsr_denied_stop();
	dsr_chance_stop(dn);
}

/**
 * dsr_attach_stop() - undo dsr_attach_start()
 * @dn: balancer
 * @family: address family of the service, which was unlinked
 *
 * Connections outlive the last service until they time out, so that they
 * survive a restart of keepalived.
 *
 * Context: process context, holds dn->lock, sleeps.
 */
void dsr_attach_stop(struct dsr_net *dn, u8 family)
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
		stop_chances(dn);
		WRITE_ONCE(dn->live, false);
	}
	/* Until the grace period ends, hooks may run that have seen @live, and
	 * garbage collection may remove the last connection without freeing the
	 * table. Packets in a neighbour's queue, NFQUEUE or a qdisc hold no
	 * reference to anything of this module.
	 */
	synchronize_net();
	if (last) {
		dsr_attach_rest(dn);
		dsr_balancer_changed(dn->net);
	}
	defrag_disable(dn->net, family);
}

/** dsr_attach_init() - set up work and hooks; registers no hook */
void dsr_attach_init(struct dsr_net *dn)
{
	INIT_WORK(&dn->rest, shutdown_idle_work);
	side_init(dn, NFPROTO_IPV4, NF_IP_PRI_MANGLE, NF_IP_PRI_NAT_SRC);
	side_init(dn, NFPROTO_IPV6, NF_IP6_PRI_MANGLE, NF_IP6_PRI_NAT_SRC);
}

/**
 * dsr_attach_exit() - free the table with all its connections
 * @dn: balancer without services; its namespace is being destroyed
 *
 * Context: process context, holds dn->lock.
 */
void dsr_attach_exit(struct dsr_net *dn)
{
	lockdep_assert_held(&dn->lock);
	if (dn->has_table)
		table_exit(dn);
}
