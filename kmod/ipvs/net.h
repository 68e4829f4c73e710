/* SPDX-License-Identifier: GPL-2.0 */
/*
 * net - dsr_ipvs's data about a network namespace and its services
 *
 * Services and backends belong to dsr_lb, and their functions are not
 * duplicated here. Data that only IPVS has (the port of a destination, flags
 * without a meaning here, rates) hangs from them, in memory that dsr_lb frees
 * together with them, without looking into it. The memory is allocated by the
 * first request for the data, and freed when this module is unloaded.
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
 * struct dsr_ipvs_service - data that hangs from a service
 * @meter: its traffic
 * @flags: IP_VS_SVC_F_*, as given
 * @timeout: persistence timeout in seconds, as given
 * @netmask: netmask of persistence, as given
 * @given: a request has set these three; else dsrctl has created the service
 */
struct dsr_ipvs_service {
	struct dsr_ipvs_meter meter;
	u32 flags;
	u32 timeout;
	u32 netmask;
	bool given;
};

/**
 * struct dsr_ipvs_dest - data that hangs from a backend
 * @meter: its traffic
 * @port: its port
 * @named: @port is set: the backend was created here, not by dsrctl
 */
struct dsr_ipvs_dest {
	struct dsr_ipvs_meter meter;
	__be16 port;
	bool named;
};

/**
 * struct dsr_ipvs_net - dsr_ipvs's data about a namespace
 * @net: namespace
 * @meter: traffic of all services, including deleted ones
 * @ticked: time of the last tick, in jiffies
 * @running: @work is queued, because there are services and a request came
 * @work: the ticks
 * @sysctls: sysctls of the namespace
 */
struct dsr_ipvs_net {
	struct net *net;
	struct dsr_ipvs_meter meter;
	unsigned long ticked;
	bool running;
	struct delayed_work work;
	struct dsr_ipvs_sysctls sysctls;
};

/**
 * dsr_ipvs_net_may_log() - true if a namespace may write to the kernel's log
 * @net: namespace
 *
 * A namespace of another user namespace may not: creating one takes no
 * privilege.
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
