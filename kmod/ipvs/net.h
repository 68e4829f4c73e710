/* SPDX-License-Identifier: GPL-2.0 */
/*
 * net - what dsr_ipvs knows of a network namespace and of what is in it
 *
 * Services and backends are those of dsr_lb, and nothing of what they do is
 * kept here. What IPVS says of them beyond that (a port that the backend is
 * named with, flags that mean nothing here, rates) hangs from them, in memory
 * that goes with them: dsr_lb frees it, without looking into it. It is made when
 * somebody asks for them, and forgotten when this module is unloaded.
 *
 * Locking: struct dsr_net.lock.
 */
#ifndef _DSR_IPVS_NET_H
#define _DSR_IPVS_NET_H

#include <linux/user_namespace.h>
#include <linux/workqueue.h>

#include "lb/core/backend.h"
#include "lb/core/net.h"
#include "lb/core/service.h"
#include "meter.h"
#include "sysctl.h"

/**
 * struct dsr_ipvs_service - what hangs from a service
 * @meter: its traffic
 * @flags: IP_VS_SVC_F_*, as they were given
 * @timeout: of persistence in seconds, as it was given
 * @netmask: of persistence, as it was given
 * @given: the three of them were; else dsrctl has made the service
 */
struct dsr_ipvs_service {
	struct dsr_ipvs_meter meter;
	u32 flags;
	u32 timeout;
	u32 netmask;
	bool given;
};

/**
 * struct dsr_ipvs_dest - what hangs from a backend
 * @meter: its traffic
 * @port: the port that it is named with
 * @named: it has such a one: it was made here, not by dsrctl
 */
struct dsr_ipvs_dest {
	struct dsr_ipvs_meter meter;
	__be16 port;
	bool named;
};

/**
 * struct dsr_ipvs_net - what dsr_ipvs knows of a namespace
 * @net: namespace
 * @meter: traffic of all services, also of those that are gone
 * @ticked: jiffies at the last tick
 * @running: @work goes on, for there are services and somebody has asked
 * @work: the ticks
 * @sysctls: what may be set of it
 */
struct dsr_ipvs_net {
	struct net *net;
	struct dsr_ipvs_meter meter;
	unsigned long ticked;
	bool running;
	struct delayed_work work;
	struct dsr_ipvs_sysctls sysctls;
};

/** dsr_ipvs_net_may_log() - whether a namespace may speak in the kernel's log
 *
 * Not one of a user namespace: that takes no privilege to make.
 */
static inline bool dsr_ipvs_net_may_log(const struct net *net)
{
	return net->user_ns == &init_user_ns;
}

struct dsr_ipvs_dest *dsr_ipvs_net_dest(struct dsr_backend *backend);
struct dsr_ipvs_service *dsr_ipvs_net_service(struct dsr_service *service);
void dsr_ipvs_net_hold(struct dsr_net *dn, struct dsr_service *service);
void dsr_ipvs_net_watch(struct dsr_net *dn);
void dsr_ipvs_net_read(struct dsr_net *dn, struct dsr_ipvs_reading *reading);
int dsr_ipvs_net_zero(struct dsr_net *dn, struct dsr_service *service);
int __init dsr_ipvs_net_init(void);
void dsr_ipvs_net_exit(void);

#endif /* _DSR_IPVS_NET_H */
