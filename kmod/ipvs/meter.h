/* SPDX-License-Identifier: GPL-2.0 */
/*
 * meter - what IPVS tells of traffic, made of dsr_lb's counters
 *
 * Those only grow, and there are no rates. So a meter keeps where they were
 * when IPVS was last told to begin at zero, and how fast they have grown of
 * late. What dsrctl shows is left alone by either.
 *
 * Owner: what it is part of. Locking: struct dsr_net.lock.
 */
#ifndef _DSR_IPVS_METER_H
#define _DSR_IPVS_METER_H

#include <net/netlink.h>

#include "stats.h"

/**
 * struct dsr_ipvs_meter - what IPVS tells of traffic
 * @zero: the counters when they were zeroed
 * @last: the counters at the last tick
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
 * struct dsr_ipvs_reading - what a meter shows
 * @total: since it was zeroed
 * @cps: connections a second
 * @pps: packets a second
 * @bps: bytes a second
 *
 * Of packets on their way out there is nothing to tell: the balancer does not
 * see them.
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
