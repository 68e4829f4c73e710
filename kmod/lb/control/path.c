// SPDX-License-Identifier: GPL-2.0
/* path - see path.h */

#include <linux/fs.h>
#include <linux/if_arp.h>
#include <linux/slab.h>

#include "control/link.h"
#include "control/notify.h"
#include "control/path.h"
#include "datapath/ingress.h"
#include "xdp_out.h"

/* After the user's chains at ingress: packets that these drop must not take the
 * fast path.
 */
#define PRIORITY	1000

static void paths_changed(struct dsr_net *dn)
{
	lockdep_assert_held(&dn->paths_lock);
	/* 0 means "no generation" to netlink dumps */
	if (!++dn->paths_generation)
		dn->paths_generation = 1;
}

/** dsr_path_find() - find the path of a device, or %NULL
 *
 * Context: holds dn->paths_lock.
 */
struct dsr_path_dev *dsr_path_find(struct dsr_net *dn, int ifindex)
{
	struct dsr_path_dev *path;

	lockdep_assert_held(&dn->paths_lock);
	list_for_each_entry(path, &dn->paths, list)
		if (path->hook.dev->ifindex == ifindex)
			return path;
	return NULL;
}

static int hook(struct dsr_net *dn, struct dsr_path_dev *path)
{
	int err = 0;

	if (path->via == DSR_PATH_VIA_INGRESS)
		err = nf_register_net_hook(dn->net, &path->hook);
	/* ORDER: after the table, see datapath/xdp.c */
	smp_store_release(&path->hooked, !err && !path->lacks);
	return err;
}

static void unhook(struct dsr_net *dn, struct dsr_path_dev *path)
{
	if (path->hooked && path->via == DSR_PATH_VIA_INGRESS)
		nf_unregister_net_hook(dn->net, &path->hook);
	WRITE_ONCE(path->hooked, false);
}

static void unhook_all(struct dsr_net *dn)
{
	struct dsr_path_dev *path;

	list_for_each_entry(path, &dn->paths, list)
		unhook(dn, path);
	dn->paths_live = false;
}

/**
 * dsr_path_start() - register the ingress hooks of all paths
 * @dn: balancer; its table is set up
 *
 * Context: process context, holds dn->lock. Takes dn->paths_lock.
 * Return: 0 or a negative errno.
 */
int dsr_path_start(struct dsr_net *dn)
{
	struct dsr_path_dev *path;
	int err = 0;

	lockdep_assert_held(&dn->lock);
	mutex_lock(&dn->paths_lock);
	dn->paths_live = true;
	list_for_each_entry(path, &dn->paths, list) {
		err = hook(dn, path);
		if (err) {
			unhook_all(dn);
			break;
		}
	}
	mutex_unlock(&dn->paths_lock);
	return err;
}

/**
 * dsr_path_stop() - undo dsr_path_start()
 * @dn: balancer
 *
 * Until a grace period has passed, the hooks may still run.
 *
 * Context: process context, holds dn->lock. Takes dn->paths_lock.
 */
void dsr_path_stop(struct dsr_net *dn)
{
	lockdep_assert_held(&dn->lock);
	mutex_lock(&dn->paths_lock);
	unhook_all(dn);
	mutex_unlock(&dn->paths_lock);
}

static bool may_have_path(const struct net_device *dev,
			  struct netlink_ext_ack *extack)
{
	if (dev->type != ARPHRD_ETHER) {
		NL_SET_ERR_MSG(extack,
			       "only an Ethernet device can have a path: this device has no MAC address for clients' packets");
		return false;
	}
	/* This may change later, so the hook checks each packet again. */
	if (rcu_access_pointer(dev->rx_handler)) {
		NL_SET_ERR_MSG(extack,
			       "this device is a port of another device, which takes its packets: name that device");
		return false;
	}
	return true;
}

/* Find a device; it stays valid while dn->paths_lock is held. When a device
 * goes away, the kernel first takes it out of the list of devices, then calls
 * on_event(), which waits for the lock.
 */
static struct net_device *find_device(struct dsr_net *dn, int ifindex)
{
	struct net_device *dev;

	lockdep_assert_held(&dn->paths_lock);
	rcu_read_lock();
	dev = dev_get_by_index_rcu(dn->net, ifindex);
	rcu_read_unlock();
	return dev;
}

/**
 * dsr_path_add() - let packets of a device take the fast path
 * @dn: balancer
 * @ifindex: device of its namespace. If it has a path, the caller removes that
 *	one, see dsr_path_find()
 * @config: the path, which takes a reference of its own to the link
 * @extack: gets the error message
 *
 * Context: process context, holds dn->paths_lock.
 * Return: 0, or a negative errno with a message in @extack.
 */
int dsr_path_add(struct dsr_net *dn, int ifindex,
		 const struct dsr_path_config *config,
		 struct netlink_ext_ack *extack)
{
	struct dsr_path_dev *path;
	struct net_device *dev;
	int err;

	dev = find_device(dn, ifindex);
	if (!dev) {
		NL_SET_ERR_MSG(extack, "no such device");
		return -ENODEV;
	}
	if (!may_have_path(dev, extack))
		return -EINVAL;
	if (config->via != DSR_PATH_VIA_INGRESS) {
		err = dsr_link_check(dev, config->link, config->via, extack);
		if (err)
			return err;
	}
	err = -ENOMEM;
	path = kzalloc(sizeof(*path), GFP_KERNEL_ACCOUNT);
	if (!path)
		goto out;
	path->verdicts = __alloc_percpu_gfp(DSR_INGRESS_COUNT * sizeof(u64),
					    sizeof(u64), GFP_KERNEL_ACCOUNT);
	if (!path->verdicts)
		goto free_path;
	if (config->via != DSR_PATH_VIA_INGRESS)
		path->link = get_file(config->link);
	path->dn = dn;
	path->recheck = config->recheck;
	path->via = config->via;
	path->hook = (struct nf_hook_ops) {
		.hook = dsr_ingress_hook,
		.priv = path,
		.dev = dev,
		.pf = NFPROTO_NETDEV,
		.hooknum = NF_NETDEV_INGRESS,
		.priority = PRIORITY,
	};
	if (dn->paths_live) {
		err = hook(dn, path);
		if (err)
			goto release_link;
	}
	list_add_tail(&path->list, &dn->paths);
	if (path->via != DSR_PATH_VIA_INGRESS)
		dsr_path_publish(path);
	paths_changed(dn);
	return 0;

release_link:
	dsr_link_release(path->link);
	free_percpu(path->verdicts);
free_path:
	kfree(path);
out:
	if (err == -ENOMEM)
		NL_SET_ERR_MSG(extack, "out of memory: nothing was changed");
	else
		NL_SET_ERR_MSG(extack,
			       "a hook at the ingress of this device cannot be set up");
	return err;
}

/** dsr_path_set() - change dsr_path_dev.recheck; holds dn->paths_lock */
void dsr_path_set(struct dsr_net *dn, struct dsr_path_dev *path, u32 recheck)
{
	WRITE_ONCE(path->recheck, recheck);
	paths_changed(dn);
}

static void path_free_rcu(struct rcu_head *rcu)
{
	struct dsr_path_dev *path = container_of(rcu, struct dsr_path_dev, rcu);

	free_percpu(path->verdicts);
	kfree(path);
}

/**
 * dsr_path_remove() - let packets of a device take the slow path again
 * @dn: balancer
 * @path: path; freed after a grace period
 *
 * Context: process context, holds dn->paths_lock.
 */
void dsr_path_remove(struct dsr_net *dn, struct dsr_path_dev *path)
{
	unhook(dn, path);
	dsr_link_release(path->link);
	list_del(&path->list);
	if (path->via != DSR_PATH_VIA_INGRESS)
		dsr_path_retract(path);
	call_rcu(&path->rcu, path_free_rcu);
	paths_changed(dn);
}

/** dsr_path_delete() - notify, then dsr_path_remove(); holds dn->paths_lock */
void dsr_path_delete(struct dsr_net *dn, struct dsr_path_dev *path)
{
	dsr_notify_path(dn, DSR_CMD_PATH_DELETE, path);
	dsr_path_remove(dn, path);
}

/** dsr_path_flush() - dsr_path_remove() for all paths; process context */
void dsr_path_flush(struct dsr_net *dn)
{
	struct dsr_path_dev *path, *next;

	mutex_lock(&dn->paths_lock);
	list_for_each_entry_safe(path, next, &dn->paths, list)
		dsr_path_remove(dn, path);
	mutex_unlock(&dn->paths_lock);
}

/** dsr_path_net_init() - set up the list of paths */
void dsr_path_net_init(struct dsr_net *dn)
{
	mutex_init(&dn->paths_lock);
	INIT_LIST_HEAD(&dn->paths);
	dn->paths_generation = 1;
}

/* The other end of a veth leaves more, or less, to the device than before. Holds the
 * RTNL, so both ends stay.
 */
static void peer_changed(const struct net_device *peer)
{
	const struct net_device *dev = NULL;
	struct dsr_path_dev *path;
	struct dsr_net *dn;

	rcu_read_lock();
	if (dsr_compat_is_veth(peer))
		dev = dsr_compat_veth_peer(peer);
	rcu_read_unlock();
	if (!dev)
		return;
	dn = dsr_net(dev_net(dev));
	mutex_lock(&dn->paths_lock);
	path = dsr_path_find(dn, dev->ifindex);
	if (path && path->via != DSR_PATH_VIA_INGRESS) {
		WRITE_ONCE(path->lacks, dsr_link_lacks(dev, path->via));
		if (dn->paths_live)
			hook(dn, path);
	}
	mutex_unlock(&dn->paths_lock);
}

/* Delete the path of a device that goes away. Holds the RTNL. */
static int on_event(struct notifier_block *block, unsigned long event,
		    void *info)
{
	struct net_device *dev = netdev_notifier_info_to_dev(info);
	struct dsr_path_dev *path;
	struct dsr_net *dn;

	if (event == NETDEV_FEAT_CHANGE)
		peer_changed(dev);
	if (event != NETDEV_UNREGISTER)
		return NOTIFY_DONE;
	dn = dsr_net(dev_net(dev));
	mutex_lock(&dn->paths_lock);
	path = dsr_path_find(dn, dev->ifindex);
	if (path)
		dsr_path_delete(dn, path);
	mutex_unlock(&dn->paths_lock);
	return NOTIFY_DONE;
}

static struct notifier_block notifier = {
	.notifier_call = on_event,
};

/** dsr_path_init() - register the netdevice notifier
 *
 * Call before the first path can be added.
 */
int dsr_path_init(void)
{
	return register_netdevice_notifier(&notifier);
}

/**
 * dsr_path_exit() - unregister the netdevice notifier
 *
 * Unregistering calls the notifier with NETDEV_UNREGISTER for all devices, so
 * no path is left afterwards.
 */
void dsr_path_exit(void)
{
	unregister_netdevice_notifier(&notifier);
}
