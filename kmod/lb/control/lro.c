// SPDX-License-Identifier: GPL-2.0
/* lro - see lro.h */

#include <linux/netdevice.h>
#include <linux/rtnetlink.h>

#include "control/lro.h"

static void lro_work(struct work_struct *work)
{
	struct dsr_net *dn = container_of(work, struct dsr_net, lro);
	struct net_device *dev;

	rtnl_lock();
	if (READ_ONCE(dn->live))
		for_each_netdev(dn->net, dev)
			dev_disable_lro(dev);
	rtnl_unlock();
}

/** dsr_lro_disable() - queue the work that disables LRO; any context */
void dsr_lro_disable(struct dsr_net *dn)
{
	queue_work(system_long_wq, &dn->lro);
}

/** dsr_lro_net_init() - set up struct dsr_net.lro */
void dsr_lro_net_init(struct dsr_net *dn)
{
	INIT_WORK(&dn->lro, lro_work);
}

/* NETDEV_REGISTER also announces a device that comes from another namespace. */
static int on_event(struct notifier_block *block, unsigned long event,
		    void *info)
{
	struct dsr_net *dn = dsr_net(dev_net(netdev_notifier_info_to_dev(info)));

	if (event == NETDEV_REGISTER && READ_ONCE(dn->live))
		dsr_lro_disable(dn);
	return NOTIFY_DONE;
}

static struct notifier_block notifier = {
	.notifier_call = on_event,
};

/** dsr_lro_init() - register the netdevice notifier; return 0 or -errno */
int dsr_lro_init(void)
{
	return register_netdevice_notifier(&notifier);
}

/** dsr_lro_exit() - unregister the netdevice notifier */
void dsr_lro_exit(void)
{
	unregister_netdevice_notifier(&notifier);
}
