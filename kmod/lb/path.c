// SPDX-License-Identifier: GPL-2.0
/* path - which devices have one; see path.h */

#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "event.h"
#include "ingress.h"
#include "path.h"

/* Behind the chains that people have at ingress: what they drop has no way. */
#define PRIORITY	1000

const char *const dsr_path_way_names[DSR_WAY_COUNT] = {
#define WAY_NAME(name, text)	[DSR_WAY_##name] = text,
	DSR_WAYS(WAY_NAME)
#undef WAY_NAME
};

/** dsr_path_find() - the path of a device, or %NULL; holds dn->lock */
struct dsr_path_dev *dsr_path_find(struct dsr_net *dn, int ifindex)
{
	struct dsr_path_dev *path;

	lockdep_assert_held(&dn->lock);
	list_for_each_entry(path, &dn->paths, list)
		if (path->hook.dev->ifindex == ifindex)
			return path;
	return NULL;
}

static int hook(struct dsr_net *dn, struct dsr_path_dev *path)
{
	int err = nf_register_net_hook(dn->net, &path->hook);

	path->hooked = !err;
	return err;
}

static void unhook(struct dsr_net *dn, struct dsr_path_dev *path)
{
	if (path->hooked)
		nf_unregister_net_hook(dn->net, &path->hook);
	path->hooked = false;
}

/**
 * dsr_path_start() - look at packets at ingress, too
 * @dn: balancer, its table set up
 *
 * Context: process context, holds dn->lock.
 * Return: 0 or a negative errno.
 */
int dsr_path_start(struct dsr_net *dn)
{
	struct dsr_path_dev *path;
	int err;

	lockdep_assert_held(&dn->lock);
	list_for_each_entry(path, &dn->paths, list) {
		err = hook(dn, path);
		if (err) {
			dsr_path_stop(dn);
			return err;
		}
	}
	return 0;
}

/**
 * dsr_path_stop() - undo dsr_path_start()
 * @dn: balancer
 *
 * Until the end of a grace period packets may still be looked at.
 *
 * Context: process context, holds dn->lock.
 */
void dsr_path_stop(struct dsr_net *dn)
{
	struct dsr_path_dev *path;

	lockdep_assert_held(&dn->lock);
	list_for_each_entry(path, &dn->paths, list)
		unhook(dn, path);
}

static bool may_have_path(const struct net_device *dev,
			  struct netlink_ext_ack *extack)
{
	if (dev->type != ARPHRD_ETHER) {
		NL_SET_ERR_MSG(extack,
			       "a path is for Ethernet devices: this one has no MAC address that clients' packets could be sent to");
		return false;
	}
	if (rtnl_dereference(dev->rx_handler)) {
		NL_SET_ERR_MSG(extack,
			       "this device is part of another one, which takes its packets: name that one");
		return false;
	}
	return true;
}

/**
 * dsr_path_add() - let packets of a device take the short way
 * @dn: balancer
 * @dev: device of its namespace, which has no path
 * @recheck: as in struct dsr_path_dev
 * @extack: where a refusal goes
 *
 * Context: process context, holds the RTNL and dn->lock.
 * Return: 0, or a negative errno with a sentence in @extack.
 */
int dsr_path_add(struct dsr_net *dn, struct net_device *dev, u32 recheck,
		 struct netlink_ext_ack *extack)
{
	struct dsr_path_dev *path;
	int err = -ENOMEM;

	ASSERT_RTNL();
	lockdep_assert_held(&dn->lock);
	if (!may_have_path(dev, extack))
		return -EINVAL;
	path = kzalloc(sizeof(*path), GFP_KERNEL_ACCOUNT);
	if (!path)
		goto out;
	path->ways = __alloc_percpu_gfp(DSR_WAY_COUNT * sizeof(u64),
					sizeof(u64), GFP_KERNEL_ACCOUNT);
	if (!path->ways)
		goto free_path;
	path->dn = dn;
	path->recheck = recheck;
	path->hook = (struct nf_hook_ops) {
		.hook = dsr_ingress_hook,
		.priv = path,
		.dev = dev,
		.pf = NFPROTO_NETDEV,
		.hooknum = NF_NETDEV_INGRESS,
		.priority = PRIORITY,
	};
	if (dn->services_count) {
		err = hook(dn, path);
		if (err)
			goto free_ways;
	}
	list_add_tail(&path->list, &dn->paths);
	WRITE_ONCE(dn->paths_count, dn->paths_count + 1);
	dsr_net_changed(dn);
	return 0;

free_ways:
	free_percpu(path->ways);
free_path:
	kfree(path);
out:
	if (err == -ENOMEM)
		NL_SET_ERR_MSG(extack, "out of memory: nothing was changed");
	else
		NL_SET_ERR_MSG(extack,
			       "the kernel takes no hook at the ingress of this device");
	return err;
}

/** dsr_path_set() - change dsr_path_dev.recheck; holds dn->lock */
void dsr_path_set(struct dsr_net *dn, struct dsr_path_dev *path, u32 recheck)
{
	WRITE_ONCE(path->recheck, recheck);
	dsr_net_changed(dn);
}

static void path_free_rcu(struct rcu_head *rcu)
{
	struct dsr_path_dev *path = container_of(rcu, struct dsr_path_dev, rcu);

	free_percpu(path->ways);
	kfree(path);
}

/**
 * dsr_path_remove() - let packets of a device take the long way again
 * @dn: balancer
 * @path: path; freed
 *
 * Context: process context, holds dn->lock.
 */
void dsr_path_remove(struct dsr_net *dn, struct dsr_path_dev *path)
{
	unhook(dn, path);
	list_del(&path->list);
	WRITE_ONCE(dn->paths_count, dn->paths_count - 1);
	call_rcu(&path->rcu, path_free_rcu);
	dsr_net_changed(dn);
}

/** dsr_path_delete() - tell of it, and dsr_path_remove(); holds dn->lock */
void dsr_path_delete(struct dsr_net *dn, struct dsr_path_dev *path)
{
	dsr_event_path(dn, DSR_CMD_PATH_DELETE, path);
	dsr_path_remove(dn, path);
}

/** dsr_path_flush() - dsr_path_remove() all; holds dn->lock */
void dsr_path_flush(struct dsr_net *dn)
{
	struct dsr_path_dev *path, *next;

	list_for_each_entry_safe(path, next, &dn->paths, list)
		dsr_path_remove(dn, path);
}

/** dsr_path_sum() - packets of a path that went one way, on all CPUs */
u64 dsr_path_sum(const struct dsr_path_dev *path, enum dsr_way way)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(path->ways, cpu)[way]);
	return sum;
}

/* Holds the RTNL, as does who adds a path: so none comes meanwhile. */
static int on_event(struct notifier_block *block, unsigned long event,
		    void *info)
{
	struct net_device *dev = netdev_notifier_info_to_dev(info);
	struct dsr_path_dev *path;
	struct dsr_net *dn;

	if (event != NETDEV_UNREGISTER)
		return NOTIFY_DONE;
	dn = dsr_net(dev_net(dev));
	if (!READ_ONCE(dn->paths_count))
		return NOTIFY_DONE;
	mutex_lock(&dn->lock);
	path = dsr_path_find(dn, dev->ifindex);
	if (path)
		dsr_path_delete(dn, path);
	mutex_unlock(&dn->lock);
	return NOTIFY_DONE;
}

static struct notifier_block notifier = {
	.notifier_call = on_event,
};

/** dsr_path_init() - hear of devices that go, before the first path is added */
int dsr_path_init(void)
{
	return register_netdevice_notifier(&notifier);
}

/**
 * dsr_path_exit() - hear of devices no more
 *
 * To end with, all of them are said to go: so no path is left.
 */
void dsr_path_exit(void)
{
	unregister_netdevice_notifier(&notifier);
}
