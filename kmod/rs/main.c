// SPDX-License-Identifier: GPL-2.0
/* main - load and unload, and follow changes of addresses and of dsr_lb */

#include <linux/inetdevice.h>
#include <linux/module.h>
#include <net/addrconf.h>
#include <linux/dsr_rs.h>

#include "balancer.h"
#include "control/netlink.h"
#include "control/netns.h"
#include "core/flow.h"
#include "core/net.h"
#include "datapath/deny.h"

/* A flow whose local address is gone would have its packets routed out. The
 * caller holds the RTNL, which all of the machine waits for. So do not wait for
 * a namespace's lock here, and do not walk its flows.
 */
static void address_lost(const struct net_device *dev)
{
	struct dsr_rs_net *rs = dsr_rs_net(dev_net(dev));

	if (READ_ONCE(rs->live))
		queue_work(dsr_rs_net_wq, &rs->lost);
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
		queue_work(dsr_rs_net_wq, &rs->reorder);
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

	err = dsr_rs_net_check();
	if (err)
		return err;
	err = dsr_rs_deny_init();
	if (err)
		return err;
	err = dsr_rs_flow_init();
	if (err)
		return err;
	dsr_rs_net_wq = alloc_workqueue("dsr_rs", WQ_UNBOUND, 0);
	if (!dsr_rs_net_wq) {
		err = -ENOMEM;
		goto exit_flow;
	}
	err = dsr_rs_netns_init();
	if (err)
		goto destroy_wq;
	err = register_inetaddr_notifier(&dsr_rs_address_nb);
	if (err)
		goto exit_netns;
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
exit_netns:
	dsr_rs_netns_exit();
destroy_wq:
	destroy_workqueue(dsr_rs_net_wq);
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
	dsr_rs_netns_exit();
	destroy_workqueue(dsr_rs_net_wq);
	/* Flows and rules being freed still need this module's code. */
	rcu_barrier();
	dsr_rs_flow_exit();
}

module_init(dsr_rs_init);
module_exit(dsr_rs_exit);

MODULE_DESCRIPTION("Direct server return: the real server");
MODULE_LICENSE("GPL");
MODULE_VERSION(DSR_VERSION);
