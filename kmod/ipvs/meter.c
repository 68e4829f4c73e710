// SPDX-License-Identifier: GPL-2.0
/* meter - see meter.h */

#include <linux/ip_vs.h>
#include <linux/jiffies.h>
#include <linux/math64.h>

#include "meter.h"

#define CONNS_SHIFT	10
#define BYTES_SHIFT	5

/**
 * dsr_ipvs_meter_zero() - restart a meter at zero
 * @meter: meter
 * @now: the counters
 */
void dsr_ipvs_meter_zero(struct dsr_ipvs_meter *meter,
			 const struct dsr_stats *now)
{
	*meter = (struct dsr_ipvs_meter) {
		.zero = *now,
		.last = *now,
	};
}

/* Update an average that forgets a quarter of itself each time, as in IPVS. The
 * elapsed time is measured, so a late tick does not raise the rate.
 */
static void tick(u64 *rate, u64 last, u64 now, int shift, unsigned long elapsed)
{
	u64 current_rate = div64_ul(((now - last) << shift) * HZ, elapsed);

	*rate += (s64)(current_rate - *rate) >> 2;
}

/**
 * dsr_ipvs_meter_tick() - update the rates
 * @meter: meter
 * @now: the counters
 * @elapsed: jiffies since the last tick, not 0
 */
void dsr_ipvs_meter_tick(struct dsr_ipvs_meter *meter,
			 const struct dsr_stats *now, unsigned long elapsed)
{
	tick(&meter->cps, meter->last.connections, now->connections,
	     CONNS_SHIFT, elapsed);
	tick(&meter->pps, meter->last.packets, now->packets, CONNS_SHIFT,
	     elapsed);
	tick(&meter->bps, meter->last.bytes, now->bytes, BYTES_SHIFT, elapsed);
	meter->last = *now;
}

static u64 unscale(u64 rate, int shift)
{
	return (rate + (BIT_ULL(shift - 1) - 1)) >> shift;
}

/**
 * dsr_ipvs_meter_read() - read a meter
 * @meter: meter, or %NULL if there is none so far
 * @now: the counters
 * @reading: set to the values to show
 */
void dsr_ipvs_meter_read(const struct dsr_ipvs_meter *meter,
			 const struct dsr_stats *now,
			 struct dsr_ipvs_reading *reading)
{
	*reading = (struct dsr_ipvs_reading) { .total = *now };
	if (!meter)
		return;
	reading->total.connections -= meter->zero.connections;
	reading->total.packets -= meter->zero.packets;
	reading->total.bytes -= meter->zero.bytes;
	reading->cps = unscale(meter->cps, CONNS_SHIFT);
	reading->pps = unscale(meter->pps, CONNS_SHIFT);
	reading->bps = unscale(meter->bps, BYTES_SHIFT);
}

static int put64(struct sk_buff *skb, int type, u64 value)
{
	return nla_put_u64_64bit(skb, type, value, IPVS_STATS_ATTR_PAD);
}

static int put_stats(struct sk_buff *skb, int type,
		     const struct dsr_ipvs_reading *reading)
{
	struct nlattr *nest = nla_nest_start_noflag(skb, type);

	if (!nest ||
	    nla_put_u32(skb, IPVS_STATS_ATTR_CONNS,
			reading->total.connections) ||
	    nla_put_u32(skb, IPVS_STATS_ATTR_INPKTS, reading->total.packets) ||
	    nla_put_u32(skb, IPVS_STATS_ATTR_OUTPKTS, 0) ||
	    put64(skb, IPVS_STATS_ATTR_INBYTES, reading->total.bytes) ||
	    put64(skb, IPVS_STATS_ATTR_OUTBYTES, 0) ||
	    nla_put_u32(skb, IPVS_STATS_ATTR_CPS, reading->cps) ||
	    nla_put_u32(skb, IPVS_STATS_ATTR_INPPS, reading->pps) ||
	    nla_put_u32(skb, IPVS_STATS_ATTR_OUTPPS, 0) ||
	    nla_put_u32(skb, IPVS_STATS_ATTR_INBPS, reading->bps) ||
	    nla_put_u32(skb, IPVS_STATS_ATTR_OUTBPS, 0))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_stats64(struct sk_buff *skb, int type,
		       const struct dsr_ipvs_reading *reading)
{
	struct nlattr *nest = nla_nest_start_noflag(skb, type);

	if (!nest ||
	    put64(skb, IPVS_STATS_ATTR_CONNS, reading->total.connections) ||
	    put64(skb, IPVS_STATS_ATTR_INPKTS, reading->total.packets) ||
	    put64(skb, IPVS_STATS_ATTR_OUTPKTS, 0) ||
	    put64(skb, IPVS_STATS_ATTR_INBYTES, reading->total.bytes) ||
	    put64(skb, IPVS_STATS_ATTR_OUTBYTES, 0) ||
	    put64(skb, IPVS_STATS_ATTR_CPS, reading->cps) ||
	    put64(skb, IPVS_STATS_ATTR_INPPS, reading->pps) ||
	    put64(skb, IPVS_STATS_ATTR_OUTPPS, 0) ||
	    put64(skb, IPVS_STATS_ATTR_INBPS, reading->bps) ||
	    put64(skb, IPVS_STATS_ATTR_OUTBPS, 0))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/**
 * dsr_ipvs_meter_put() - append a reading to a message, in both sizes
 * @skb: message
 * @type: attribute for the nest with 32-bit counters
 * @type64: attribute for the nest with 64-bit counters
 * @reading: reading to append
 *
 * Each nest has all ten members: a program that misses one gives up on the
 * whole list.
 *
 * Return: 0 or -%EMSGSIZE.
 */
int dsr_ipvs_meter_put(struct sk_buff *skb, int type, int type64,
		       const struct dsr_ipvs_reading *reading)
{
	return put_stats(skb, type, reading) ?:
	       put_stats64(skb, type64, reading);
}
