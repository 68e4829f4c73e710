/* SPDX-License-Identifier: GPL-2.0 */
/*
 * meter - derive IPVS's traffic figures from dsr_lb's counters
 *
 * dsr_lb's counters only grow, and dsr_lb has no rates. So a meter stores the
 * counters at the last request of IPVS to zero them, and the rates at which
 * they have grown lately. Neither changes the figures that dsrctl shows.
 *
 * Owner: the object that a meter is part of. Locking: struct dsr_net.lock.
 */
#ifndef _DSR_IPVS_METER_H
#define _DSR_IPVS_METER_H

#include <net/netlink.h>

#include "stats.h"

/**
 * struct dsr_ipvs_meter - traffic of an object
 * @zero: counters when they were zeroed
 * @last: counters at the last tick
 * @cps: connections a second, times 2^10
 * @pps: packets a second, times 2^10
 * @bps: bytes a second, times 2^5
 */
struct dsr_ipvs_meter {
	struct dsr_stats zero;
	struct dsr_stats last;
	u64 cps;
	u64 pps;
	u64 bps;
};

/**
 * struct dsr_ipvs_reading - values that a meter shows
 * @total: traffic since the meter was zeroed
 * @cps: connections a second
 * @pps: packets a second
 * @bps: bytes a second
 *
 * There are no values for outgoing packets: the balancer does not see them.
 */
struct dsr_ipvs_reading {
	struct dsr_stats total;
	u64 cps;
	u64 pps;
	u64 bps;
};

void dsr_ipvs_meter_zero(struct dsr_ipvs_meter *meter,
			 const struct dsr_stats *now);
void dsr_ipvs_meter_tick(struct dsr_ipvs_meter *meter,
			 const struct dsr_stats *now, unsigned long elapsed);
void dsr_ipvs_meter_read(const struct dsr_ipvs_meter *meter,
			 const struct dsr_stats *now,
			 struct dsr_ipvs_reading *reading);
int dsr_ipvs_meter_put(struct sk_buff *skb, int type, int type64,
		       const struct dsr_ipvs_reading *reading);

#endif /* _DSR_IPVS_METER_H */
