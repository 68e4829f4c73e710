/* SPDX-License-Identifier: GPL-2.0 */
/*
 * path - a device whose packets may take the short way, see ingress.h
 *
 * As long as there is a service, each such device has a hook at its ingress.
 *
 * Owner: the balancer of its namespace, until the user deletes it, or the
 * device goes away or to another namespace. The device is not pinned: who
 * takes it away tells so first, by a notifier that waits for struct
 * dsr_net.paths_lock, and finds the path in the list or not at all.
 *
 * Locking: the list under struct dsr_net.paths_lock. Packets use a path under
 * RCU; it is freed a grace period after its hook was taken away.
 */
#ifndef _DSR_PATH_H
#define _DSR_PATH_H

#include <linux/netdevice.h>
#include <linux/netfilter.h>

#include "core/net.h"
#include "core/way.h"

/* How long the short way may be taken before the rules are asked again. */
#define DSR_PATH_RECHECK	(10 * HZ)
#define DSR_PATH_RECHECK_MAX	(3600 * HZ)

/**
 * struct dsr_path_dev - a device whose packets may take the short way
 * @dn: balancer
 * @ways: per CPU, packets by enum dsr_way
 * @recheck: jiffies after which a connection has to pass PRE_ROUTING again
 * @hooked: @hook is registered
 * @hook: at the ingress of the device, which it names
 * @list: in dsr_net.paths, in the order of their addition
 * @rcu: to free it after its last reader
 */
struct dsr_path_dev {
	struct dsr_net *dn;
	u64 __percpu *ways;
	u32 recheck;

	bool hooked;
	struct nf_hook_ops hook;
	struct list_head list;
	struct rcu_head rcu;
};

extern const char *const dsr_path_way_names[DSR_WAY_COUNT];

u64 dsr_path_sum(const struct dsr_path_dev *path, enum dsr_way way);

#endif /* _DSR_PATH_H */
